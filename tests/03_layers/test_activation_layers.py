"""ReLU and LeakyReLU as layers."""

import numpy as np

from tinytorch.core.layers import LeakyReLU, Module, ReLU
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator


def test_relu_is_the_function_as_a_layer():
    x = generator().standard_normal((3, 4))
    case = Case(ReLU(), Tensor(x))
    assert_close(case(), Tensor(np.maximum(x, 0)), case=case)
    assert isinstance(ReLU(), Module) and list(ReLU().parameters()) == []


def test_leaky_relu_uses_its_slope():
    x = generator().standard_normal((3, 4))
    for layer, slope in ((LeakyReLU(), 0.01), (LeakyReLU(0.3), 0.3), (LeakyReLU(negative_slope=2.0), 2.0)):
        case = Case(layer, Tensor(x))
        assert_close(case(), Tensor(np.where(x > 0, x, slope * x)), case=case)
        assert layer.negative_slope == slope


def test_leaky_relu_shows_its_slope():
    assert repr(LeakyReLU(0.2)) == "LeakyReLU(negative_slope=0.2)"
    assert repr(LeakyReLU()) == "LeakyReLU(negative_slope=0.01)"
