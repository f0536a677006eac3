"""tanh and softplus: their formulas, their ends, and the digits of small results."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.activations import softplus, tanh
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close

vectors = hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(-300, 300))
ENDS = [-1e4, -1000, 1000, 1e4, -np.inf, np.inf]


@given(vectors)
def test_tanh_is_the_formula(x):
    case = Case(tanh, Tensor(x))
    assert_close(case(), Tensor(np.array([math.expm1(2 * v) / (math.expm1(2 * v) + 2) for v in x])), case=case)


@given(vectors)
def test_softplus_is_the_logarithm_of_one_plus_e_to_the_x(x):
    case = Case(softplus, Tensor(x))
    assert_close(case(), Tensor(np.array([math.log1p(math.exp(v)) for v in x])), case=case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "expected"),
    [(tanh, [-1, -1, 1, 1, -1, 1]), (softplus, [0, 0, 1000, 1e4, 0, np.inf])],
    ids=["tanh", "softplus"],
)
def test_nothing_overflows_at_the_ends(function, expected, dtype):
    with np.errstate(all="raise", under="ignore"):
        case = Case(function, Tensor(np.array(ENDS, dtype)))
        assert_close(case(), Tensor(np.array(expected, dtype)), case=case)


@pytest.mark.parametrize("x", [-20.0, -50.0, -80.0])
def test_a_small_result_of_softplus_keeps_its_digits(x):
    assert softplus(Tensor(np.array(x))).item() == pytest.approx(math.log1p(math.exp(x)), rel=1e-12, abs=0)
    assert softplus(Tensor(x)).item() == pytest.approx(math.exp(x), rel=1e-5, abs=0)


def test_tanh_is_its_input_near_zero():
    assert tanh(Tensor(np.array(1e-9))).item() == pytest.approx(1e-9, rel=1e-12, abs=0)
