"""Runs in a child: `python -m tito.measure_child time|count CHAPTER.py TEST ANSWER.json`.

The input is that of `tinytorch.testing.measured_on`, or else the largest of those on which the exercise's inline test
calls what it checks (each a `Case`).
"""

import contextlib
import copy
import hashlib
import json
import statistics
import sys
import time
import types
import unittest.mock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tito import multiply_adds

_SPENT = 0.15  # seconds of timing
_SPELL = 1e-3  # seconds at least between two looks at the clock, far above its own error


def _load(file: Path, count: bool) -> types.ModuleType:
    """The chapter as a module that is not `__main__`: its inline tests are there, and do not run."""
    if count:
        multiply_adds.begin()
    chapter = types.ModuleType("chapter")
    chapter.__file__ = str(file)
    sys.modules["chapter"] = chapter
    multiply_adds.run(chapter, file, count)
    return chapter


def _cases(chapter: types.ModuleType, test: str) -> list[Any]:
    """The case to measure on, or those on which the inline test runs what it checks, in order."""
    from tinytorch.testing import Case, generator, seeding
    from tinytorch.testing.measured_on import MEASURED_ON

    seeding.begin(f"inline::{test}")
    if test in MEASURED_ON:
        draw = generator().standard_normal
        return [MEASURED_ON[test](chapter, lambda *shape: draw(shape, np.float32))]
    found = []
    run = Case.run

    def noted(case: Any) -> Any:
        output = run(case)
        found.append(case)
        return output

    @contextlib.contextmanager
    def verify(claim: str) -> Iterator[None]:
        yield

    with unittest.mock.patch.object(Case, "run", noted):
        getattr(chapter, test)(verify)
    return found


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """The arrays in an argument: its own, a tensor's, a list's."""
    data = getattr(value, "data", value) if not isinstance(value, np.ndarray) else value
    if isinstance(data, np.ndarray):
        yield data
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)


def _told(case: Any) -> str:
    """`conv2d(x (1, 2, 5, 5), weight (3, 2, 3, 3), stride=2)`"""
    parts = []
    for name, value in case.arguments.items():
        shapes = [str(array.shape) for array in _arrays(value)]
        told = f"{name} {' '.join(shapes)}" if shapes else " ".join(f"{name}={value!r}".split())
        parts.append(told if len(told) <= 40 else f"{told[:39]}…")
    return f"{case.name}({', '.join(parts)})"


def _digest(case: Any) -> str:
    hashed = hashlib.sha256(_told(case).encode())
    for value in case.arguments.values():
        for array in _arrays(value):
            hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()


def _time(call: Callable[[], Any]) -> float:
    """Seconds of one call: the median of the spells that fit into the time for it, after a first call."""
    call()
    spells: list[float] = []
    calls, end = 1, time.perf_counter() + _SPENT
    while not spells or time.perf_counter() < end:
        began = time.perf_counter()
        for _ in range(calls):
            call()
        took = time.perf_counter() - began
        if took < _SPELL:
            calls *= 2
        else:
            spells.append(took / calls)
    return statistics.median(spells)


def answer(what: str, file: Path, test: str) -> dict[str, Any]:
    try:
        chapter = _load(file, count=what == "count")
    except multiply_adds.Unknown as error:
        return {"why": f"{error}: how much it multiplies is not known here"}
    cases = _cases(chapter, test)
    if not cases:
        return {"why": "its inline test makes no call that could be measured alone"}
    case = max(cases, key=lambda case: sum(a.size for value in case.arguments.values() for a in _arrays(value)))
    told: dict[str, Any] = {"input": _told(case), "same_as": _digest(case)}
    function, inputs, keywords = copy.deepcopy((case.function, case.inputs, case.keywords))
    if what == "time":
        return told | {"seconds": _time(lambda: function(*inputs, **keywords))}
    counter = multiply_adds.counter
    counter.products, counter.unknown = 0, ""
    function(*inputs, **keywords)
    if counter.unknown:
        return told | {"why": f"{counter.unknown}: how much it multiplies is not known here"}
    return told | {"multiply_adds": counter.products}


if __name__ == "__main__":
    what, chapter_file, test_name, answer_file = sys.argv[1:]
    Path(answer_file).write_text(json.dumps(answer(what, Path(chapter_file), test_name)), encoding="utf-8")
