"""gelu, exact and by the tanh formula, and the normal distribution behind it."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from tinytorch.core.activations import gelu, normal_cdf
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator


@pytest.mark.not_in_catalogue("given code")
def test_normal_cdf_is_the_area_under_the_bell_curve():
    x = np.linspace(-5, 5, 41).reshape(1, 41)
    expected = np.array([[NormalDist().cdf(v) for v in x[0]]])
    case = Case(normal_cdf, Tensor(x))
    assert_close(case(), Tensor(expected), case=case)


@pytest.mark.not_in_catalogue("given code")
def test_normal_cdf_keeps_the_digits_of_its_left_tail():
    # Abramowitz & Stegun 26.2.12: Φ(-x) = φ(x)/x · (1 - 1/x² + 3/x⁴ - ...), for x = 20 to better than 1e-6
    tail = math.exp(-200) / math.sqrt(2 * math.pi) / 20 * (1 - 1 / 400 + 3 / 160_000)
    assert normal_cdf(np.array(-20.0)).item() == pytest.approx(tail, rel=1e-6, abs=0)


def test_gelu_is_x_times_the_probability_below_x():
    x = generator().uniform(-4, 4, (3, 4))
    case = Case(gelu, Tensor(x))
    expected = np.vectorize(lambda v: v * NormalDist().cdf(v))(x)
    assert_close(case(), Tensor(expected), case=case)


def test_the_tanh_formula_is_used_when_asked_for():
    x = generator().uniform(-4, 4, (3, 4))
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    case = Case(gelu, Tensor(x), approximate="tanh")
    assert_close(case(), Tensor(0.5 * x * (1 + np.tanh(inner))), case=case)


@pytest.mark.not_in_catalogue("no entry changes the dtype here")
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_floating_dtypes_stay(approximate):
    for dtype in (np.float32, np.float64):
        assert gelu(Tensor(np.ones(2, dtype)), approximate=approximate).dtype == dtype


@pytest.mark.not_in_catalogue("given code")
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_integers_give_float32(approximate):
    assert_close(gelu(Tensor(np.array([1])), approximate=approximate), gelu(Tensor([1.0]), approximate=approximate))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_it_can_be_traced_back(approximate):
    assert gelu(Tensor([1.0], requires_grad=True), approximate=approximate).grad_fn is not None


@pytest.mark.not_in_catalogue("given code")
def test_an_unknown_approximation_is_refused():
    with pytest.raises(ValueError, match="approximate"):
        gelu(Tensor([1.0]), approximate="fast")
