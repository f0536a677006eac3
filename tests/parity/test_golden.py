"""Forward and backward agree with what torch gave for the same inputs, as the golden files keep it."""

import numpy as np
import parity_goldens
import pytest
from parity_case import assert_same
from parity_table import TABLE

import tinytorch

PRECISIONS = (np.float64, np.float32)


@pytest.mark.parametrize("precision", PRECISIONS, ids=["float64", "float32"])
@pytest.mark.parametrize("case", TABLE, ids=[case.id for case in TABLE])
def test_agrees_with_the_golden_file(case, precision):
    """In float64 to 1e-9; in float32 to its own rounding, with no result of another dtype."""
    golden = parity_goldens.read(case.module).get(case.id)
    assert golden, f"{case.id} is not in {parity_goldens.path(case.module).name}; run python scripts/make-goldens"
    inputs, expected = list(golden.inputs), dict(golden.found)
    if precision is np.float32:
        inputs = [array.astype(np.float32) if array.dtype == np.float64 else array for array in inputs]
        expected = {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in expected.items()}
    assert_same(case.measure(tinytorch, inputs), expected, inputs)
