"""relu and leaky_relu."""

import math

import numpy as np
import pytest

from tinytorch.core.activations import leaky_relu, relu
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_relu_keeps_what_is_positive_and_the_dtype(dtype):
    case = Case(relu, Tensor(np.array([[-2, 0], [3, -1]], dtype)))
    assert_close(case(), Tensor(np.array([[0, 0], [3, 0]], dtype)), case=case)


def test_relu_accepts_infinities_and_does_not_hide_nan():
    case = Case(relu, Tensor([-math.inf, math.inf, math.nan]))
    assert_close(case(), Tensor([0.0, math.inf, math.nan]), case=case)


@pytest.mark.not_in_catalogue("the known mistakes keep this law")
def test_relu_twice_is_relu_once():
    x = Tensor(generator().standard_normal((5, 5)))
    assert_close(relu(relu(x)), relu(x), case={"x": x})


@pytest.mark.parametrize("slope", [0.01, 0.3, 1.0, 2.0, -1.0, 0.0])
def test_leaky_relu_has_the_given_slope_on_the_left(slope):
    x = generator().standard_normal((4, 5))
    case = Case(leaky_relu, Tensor(x), negative_slope=slope)
    assert_close(case(), Tensor(np.where(x > 0, x, slope * x)), case=case)


def test_the_slope_is_a_hundredth_by_default():
    assert_close(leaky_relu(Tensor([-100.0, 5.0])), Tensor([-1.0, 5.0]))
    assert_close(leaky_relu(Tensor([-100.0]), 0.5), Tensor([-50.0]))


@pytest.mark.parametrize("function", [relu, leaky_relu])
def test_both_can_be_traced_back(function):
    assert function(Tensor([1.0, -1.0], requires_grad=True)).grad_fn is not None
