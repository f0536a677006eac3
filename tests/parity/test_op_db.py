"""Every name that torch has too gives, on torch's own operator samples, what torch gives: forward and backward."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[parity]'")

from op_db_case import DTYPES, OPERATORS, NotForThisForm, compare, forms, samples, shown, tolerance
from op_db_table import NEVER_SERVED, NOT_SERVED, UNFINISHED, WITHOUT_NUMBERS

from tinytorch.testing import seed

pytestmark = pytest.mark.parity
COUNTS = {"applicable": 0, "passed": 0, "not served": 0}


@pytest.mark.parametrize("key", OPERATORS, ids=lambda key: "-".join(filter(None, key)))
def test_an_operator_gives_what_torch_gives(key):
    op, failures = OPERATORS[key], []
    left_out = [rule for rule, _ in (*NEVER_SERVED, *NOT_SERVED.get(key[0], ()))]
    for dtype in DTYPES:
        for sample in samples(op, dtype, seed()):
            for form in forms(op):
                if any(rule(sample) for rule in left_out):
                    COUNTS["not served"] += 1
                    continue
                COUNTS["applicable"] += 1
                try:
                    compare(form, sample, key[0] not in WITHOUT_NUMBERS, tolerance(op, dtype))
                    COUNTS["passed"] += 1
                except NotForThisForm:
                    assert form.name.endswith("_"), f"torch refuses its own sample {form.name}({shown(sample)})"
                    COUNTS["applicable"] -= 1
                except Exception as error:
                    case = f"{form.name}({shown(sample)})"
                    failures.append(f"{case}\n    {type(error).__name__}: {' '.join(str(error).split())[:300]}")
    if key in UNFINISHED:
        assert failures, f"{key} is right now: take it out of UNFINISHED"
        pytest.xfail(UNFINISHED[key])
    assert not failures, f"{len(failures)} samples differ:\n" + "\n".join(failures[:5])


def test_counts():
    """Shown by `pytest -rP`: how many samples were compared, and how many need what we do not serve."""
    print(", ".join(f"{count:,} {name}" for name, count in COUNTS.items()))
    assert COUNTS["applicable"] > 1000


def test_what_is_not_served_or_unfinished_is_an_operator_that_is_compared():
    assert set(UNFINISHED) <= set(OPERATORS)
    assert set(NOT_SERVED) <= {name for name, _ in OPERATORS}
