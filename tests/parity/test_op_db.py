"""Every name that torch has too gives, on torch's own operator samples, what torch gives: forward and backward."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[parity]'")

from op_db_case import DTYPES, OPERATORS, NotForThisForm, compare, forms, samples, shown, tolerance
from op_db_table import NEVER_SERVED, NOT_SERVED, WITHOUT_NUMBERS

from tinytorch.testing import seed

pytestmark = pytest.mark.parity
COUNTS: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def totals():
    """Shown by `pytest -s`: how many samples were compared, and how many need what we do not serve."""
    yield
    print("", *(f"{count:,} {name}" for name, count in COUNTS.most_common()), sep="\n")


@pytest.mark.parametrize("key", OPERATORS, ids=lambda key: "-".join(filter(None, key)))
def test_an_operator_gives_what_torch_gives(key):
    op, failures, tried_samples = OPERATORS[key], [], 0
    for dtype in DTYPES:
        for sample in samples(op, dtype, seed()):
            for form in forms(op):
                rules = (*NEVER_SERVED, *NOT_SERVED.get(key[0], ()), *NOT_SERVED.get(form.name, ()))
                rule = next((rule for rule in dict.fromkeys(rules) if rule.applies(sample)), None)
                try:
                    outcome = tried(form, sample, rule, key[0] not in WITHOUT_NUMBERS, tolerance(op, dtype))
                except NotForThisForm:
                    assert form.name.endswith("_"), f"torch refuses its own sample {form.name}({shown(sample)})"
                    continue
                except Exception as error:
                    case = f"{form.name}({shown(sample)})"
                    failures.append(f"{case}\n    {type(error).__name__}: {' '.join(str(error).split())[:300]}")
                    outcome = "differ"
                COUNTS[outcome] += 1
                tried_samples += 1
    assert tried_samples, "torch has samples of it, and none was tried"
    assert not failures, f"{len(failures)} samples differ:\n" + "\n".join(failures[:5])


def tried(form, sample, rule, numbers, tolerance):
    """Compare a sample, or see that it is refused with the sentence of its rule; return what to count it as."""
    if rule is None:
        compare(form, sample, numbers, tolerance)
        return "agree"
    if rule.refusal is not None:
        try:
            compare(form, sample, numbers, tolerance)
        except (ValueError, TypeError, RuntimeError) as error:
            if rule.refusal not in str(error):
                raise
        else:
            raise AssertionError(f"served, although {rule.reason!r}; take the rule out of NOT_SERVED")
    return f"not served: {rule.reason}"


def test_what_is_not_served_is_an_operator_that_is_compared():
    assert set(NOT_SERVED) <= {name for key, op in OPERATORS.items() for name in (key[0], *(f.name for f in forms(op)))}
