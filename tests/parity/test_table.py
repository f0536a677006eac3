"""The table of parity is complete: nothing exported goes without a comparison, or only seems to have one."""

import importlib
import inspect
import pkgutil
import sys
from collections import Counter

import parity_goldens
import pytest
from parity_table import NOT_COMPARED, TABLE

import tinytorch
import tinytorch.core
import tinytorch.nn.functional
from tinytorch.core.autograd import rules
from tinytorch.core.tensor import primitives

CORE = {
    name: importlib.import_module(f"tinytorch.core.{name}")
    for _, name, _ in pkgutil.iter_modules(tinytorch.core.__path__)
}
FACES = (tinytorch, tinytorch.nn, tinytorch.nn.functional)
TORCH = ("torch", "torch.nn", "torch.nn.functional", "torch.nn.utils", "torch.optim", "torch.autograd")


def code_run_by(call):
    """Every Python function, as its code object, that runs while `call` does."""
    seen = set()
    sys.setprofile(lambda frame, event, _: seen.add(frame.f_code) if event == "call" else None)
    try:
        call()
    finally:
        sys.setprofile(None)
    return seen


@pytest.fixture(scope="module")
def runs():
    """The code that ran for each exported name, in the cases named after it."""
    found = {}
    for case in TABLE:
        inputs = parity_goldens.read(case.module)[case.id].inputs
        seen = code_run_by(lambda case=case, inputs=inputs: case.measure(tinytorch, inputs))
        found.setdefault((case.module, case.function), set()).update(seen)
    return found


@pytest.mark.parity
@pytest.mark.parametrize("module", CORE)
def test_every_name_that_torch_has_too_is_compared_or_listed_with_a_reason(module, runs):
    theirs = set().union(*(vars(importlib.import_module(name)) for name in TORCH))
    listed = {name for names in NOT_COMPARED.values() for name in names.split()}
    compared = {function for other, function in runs if other == module}
    shared = set(CORE[module].__all__) & theirs
    assert sorted(shared - compared - listed) == [], "in no case of the table; compare them, or say why not"
    assert sorted(compared & listed) == [], "listed as not compared, and compared"


def test_every_case_runs_what_it_is_named_after(runs):
    for (module, name), ran in runs.items():
        exported = next(getattr(place, name) for place in (CORE[module], *FACES) if hasattr(place, name))
        own = vars(exported).values() if inspect.isclass(exported) else [exported]
        code = {inspect.unwrap(f).__code__ for f in own if inspect.isfunction(f) and f.__name__ != "__init__"}
        assert code & ran, f"no case that is named after {name} runs it"


def test_what_is_listed_as_not_compared_exists():
    exported = set().union(*(content.__all__ for content in (*CORE.values(), *FACES)))
    assert {name for names in NOT_COMPARED.values() for name in names.split()} <= exported


def test_every_gradient_rule_runs(runs):
    ran = set().union(*runs.values())
    core = [function for function in primitives if function.__module__.startswith("tinytorch.core.")]
    missing = [function.__name__ for function in core if inspect.unwrap(rules[function]).__code__ not in ran]
    assert not missing, f"no case goes backward through {missing}"


def test_the_golden_files_hold_the_cases_of_the_table_and_no_others():
    counts = Counter(case.id for case in TABLE)
    assert max(counts.values()) == 1, counts.most_common(3)
    for module in {case.module for case in TABLE}:
        cases = {case.id for case in TABLE if case.module == module}
        assert set(parity_goldens.read(module)) == cases, "run python scripts/make-goldens"
    assert {path.stem for path in parity_goldens.FOLDER.glob("*.npz")} == {case.module for case in TABLE}


def test_the_golden_files_are_small():
    assert sum(path.stat().st_size for path in parity_goldens.FOLDER.glob("*.npz")) < 1_000_000
