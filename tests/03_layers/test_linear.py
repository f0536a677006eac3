"""`linear` and `Linear`: values, shapes, first weights, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.core.layers import Linear, Parameter, linear
from tinytorch.core.tensor import Tensor, manual_seed
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


def test_the_result_can_be_traced_back_to_the_parameters():
    layer = Linear(3, 2)
    inputs = layer(Tensor([[1.0, 2.0, 3.0]])).grad_fn.inputs
    assert any(t is layer.weight for t in inputs) and any(t is layer.bias for t in inputs)


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
        # uniform: variance bound²/3, here of at least 8,000 draws, strays by about 1 %; allowed are 8 %
        assert values.var() == pytest.approx(bound**2 / 3, rel=0.08)


def test_manual_seed_repeats_the_first_weights():
    def first(seed):
        manual_seed(seed)
        return Linear(4, 3)

    assert_close(first(1).weight.detach(), first(1).weight.detach())
    assert_close(first(1).bias.detach(), first(1).bias.detach())
    assert not np.array_equal(first(1).weight.data, first(2).weight.data)


@pytest.mark.not_in_catalogue("given code")
def test_it_shows_its_sizes():
    assert repr(Linear(3, 2)) == "Linear(in_features=3, out_features=2, bias=True)"
    assert repr(Linear(3, 2, bias=False)) == "Linear(in_features=3, out_features=2, bias=False)"


@pytest.mark.parametrize(
    "shape, message",
    [
        ((5, 3), r"Linear: input: expected 784 features in the last axis, got shape \(5, 3\); use Linear\(3, 10\)"),
        ((5, 28, 28), r"got shape \(5, 28, 28\); flatten each sample first: x.flatten\(1\)"),
        ((), r"expected 784 features in the last axis, got shape \(\)"),
    ],
    ids=str,
)
def test_an_input_of_the_wrong_size_is_refused_with_a_way_out(shape, message):
    with pytest.raises(ValueError, match=message):
        Linear(784, 10)(Tensor(np.zeros(shape)))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("x", [np.zeros((1, 3)), [[0.0, 0.0, 0.0]], None], ids=["array", "list", "None"])
def test_an_input_that_is_not_a_tensor_is_refused(x):
    with pytest.raises(TypeError, match=rf"Linear: input: expected a Tensor, got {type(x).__name__}; wrap it"):
        Linear(3, 2)(x)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(
    "arguments, name", [((0, 2), "in_features"), ((2, -1), "out_features"), ((2.0, 2), "in_features")]
)
def test_sizes_that_are_no_sizes_are_refused(arguments, name):
    with pytest.raises(ValueError, match=rf"Linear: {name}: expected a whole number of at least 1"):
        Linear(*arguments)


def test_a_weight_or_bias_of_another_shape_is_refused():
    x = Tensor(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"weight: expected shape \(out_features, in_features\), got \(3,\)"):
        linear(x, Tensor(np.zeros(3)))
    with pytest.raises(ValueError, match=r"bias: expected shape \(4,\), got \(1,\)"):
        linear(x, Tensor(np.zeros((4, 3))), Tensor(np.zeros(1)))
