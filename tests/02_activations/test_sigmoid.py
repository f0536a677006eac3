"""sigmoid: its formula, its ends, and the digits of small probabilities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.activations import sigmoid
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close

vectors = hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(-700, 700))


@given(vectors)
def test_sigmoid_is_one_over_one_plus_e_to_the_minus_x(x):
    case = Case(sigmoid, Tensor(x))
    assert_close(case(), Tensor(np.array([1 / (1 + math.exp(-v)) for v in x])), case=case)


@pytest.mark.not_in_catalogue("the known mistakes keep this law")
@given(vectors)
def test_opposite_inputs_add_up_to_one(x):
    assert_close(sigmoid(Tensor(x)) + sigmoid(Tensor(-x)), Tensor(np.ones(len(x))), case={"x": x})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_saturates_without_overflow(dtype):
    with np.errstate(all="raise", under="ignore"):
        case = Case(sigmoid, Tensor(np.array([-1e4, -1000, 1000, 1e4, -np.inf, np.inf], dtype)))
        assert_close(case(), Tensor(np.array([0, 0, 1, 1, 0, 1], dtype)), case=case)


@pytest.mark.parametrize("x", [-20.0, -50.0, -80.0])
def test_a_small_probability_keeps_its_digits(x):
    assert sigmoid(Tensor(np.array(x))).item() == pytest.approx(math.exp(x) / (1 + math.exp(x)), rel=1e-12, abs=0)
    assert sigmoid(Tensor(x)).item() == pytest.approx(math.exp(x), rel=1e-5, abs=0)


@pytest.mark.not_in_catalogue("the known mistakes pass NaN on")
def test_nan_stays_nan():
    assert_close(sigmoid(Tensor([math.nan])), Tensor([math.nan]))
