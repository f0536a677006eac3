"""`linear` and `Linear`: values, shapes, first weights, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.layers import Linear, Parameter, linear
from tinytorch.core.tensor import Tensor
from tinytorch.support.random import manual_seed
from tinytorch.testing import Case, assert_close, generator

sizes = st.integers(1, 5)
numbers = st.floats(-10, 10, width=32)


@given(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4), sizes, sizes, st.data())
def test_each_output_is_a_weighted_sum_of_the_inputs_plus_a_bias(leading, inputs, outputs, data):
    x, weight, bias = (
        data.draw(hnp.arrays(np.float64, shape, elements=numbers))
        for shape in ((*leading, inputs), (outputs, inputs), (outputs,))
    )
    case = Case(linear, Tensor(x), Tensor(weight), Tensor(bias))
    assert_close(case(), Tensor(np.einsum("...i,oi->...o", x, weight) + bias), case=case)


def test_it_is_linear_in_its_input():
    draw = generator()
    a, b = Tensor(draw.standard_normal((2, 3))), Tensor(draw.standard_normal((2, 3)))
    weight = Tensor(draw.standard_normal((4, 3)))
    assert_close(linear(2 * a - b, weight), 2 * linear(a, weight) - linear(b, weight), case={"a": a, "b": b})


def test_an_input_in_another_memory_order_gives_the_same():
    draw = generator()
    x, weight = draw.standard_normal((3, 2, 4)), draw.standard_normal((5, 4))
    case = Case(linear, Tensor(x.transpose(1, 0, 2)), Tensor(weight))
    assert_close(case(), Tensor(x.transpose(1, 0, 2) @ weight.T), case=case)


@pytest.mark.parametrize("bias", [True, False])
def test_the_layer_uses_its_parameters(bias):
    layer = Linear(3, 2, bias=bias)
    x = Tensor(generator().standard_normal((4, 3)).astype(np.float32))
    case = Case(layer, x)
    assert_close(case(), linear(x, layer.weight, layer.bias), case=case)
    assert (layer.bias is not None) == bias


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 2, 3)], ids=str)
def test_the_result_can_be_traced_back_to_the_input_and_the_parameters(shape, leaves):
    layer, x = Linear(3, 2), Tensor(np.ones(shape, np.float32), requires_grad=True)
    found = leaves(layer(x))
    assert all(any(leaf is tensor for leaf in found) for tensor in (x, layer.weight, layer.bias))


def test_the_parameters_have_one_row_per_output_and_are_float32():
    layer = Linear(784, 128)
    assert isinstance(layer.weight, Parameter) and isinstance(layer.bias, Parameter)
    assert layer.weight.shape == (128, 784) and layer.bias.shape == (128,)
    assert layer.weight.dtype == layer.bias.dtype == np.float32


@pytest.mark.parametrize("inputs", [1, 9, 400])
def test_the_first_weights_and_biases_fill_one_over_the_root_of_the_inputs(inputs):
    bound = 1 / math.sqrt(inputs)
    layer = Linear(inputs, 8_000)
    for values in (layer.weight.data, layer.bias.data):
        assert -bound <= values.min() < -0.99 * bound and 0.99 * bound < values.max() <= bound
        # uniform: variance bound²/3; of 8,000 draws its relative standard deviation is 1 %, and 8 % are allowed
        assert values.var() == pytest.approx(bound**2 / 3, rel=0.08)


def test_manual_seed_repeats_the_first_weights():
    def first(seed):
        manual_seed(seed)
        return Linear(4, 3)

    assert_close(first(1).weight.detach(), first(1).weight.detach())
    assert_close(first(1).bias.detach(), first(1).bias.detach())
    assert not np.array_equal(first(1).weight.data, first(2).weight.data)


def test_it_keeps_and_shows_its_sizes():
    layer = Linear(3, 2)
    assert (layer.in_features, layer.out_features) == (3, 2)
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=True)"
    assert repr(Linear(3, 2, bias=False)) == "Linear(in_features=3, out_features=2, bias=False)"


@pytest.mark.not_in_catalogue("given code")
def test_what_does_not_fit_is_refused():
    x = Tensor(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="input"):
        Linear(4, 2)(x)
    with pytest.raises(TypeError, match="input"):
        Linear(3, 2)(x.data)
    with pytest.raises(ValueError, match="out_features"):
        Linear(3, 0)
    with pytest.raises(ValueError, match="bias"):
        linear(x, Tensor(np.zeros((4, 3))), Tensor(np.zeros(1)))
