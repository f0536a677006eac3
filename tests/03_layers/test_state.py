"""state_dict and load_state_dict: everything is saved; all is loaded or nothing."""

import numpy as np
import pytest

from tinytorch.core.layers import Linear, Module, Parameter, ReLU, Sequential, load_state
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones, zeros
from tinytorch.testing import assert_close, generator


class Affine(Module):
    def __init__(self):
        self.weight = Parameter(zeros(2, 3))
        self.bias = Parameter(zeros(2))
        self.register_buffer("count", Tensor(np.array(0)))


def network():
    return Sequential(Linear(3, 4), ReLU(), Affine())


def numbers(net):
    return {name: tensor.data.copy() for name, tensor in net.state_dict().items()}


def test_the_state_holds_parameters_and_buffers_in_the_order_of_the_tree():
    assert list(network().state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias", "2.count"]


def test_the_state_shares_memory_and_is_detached():
    layer = Linear(2, 2)
    weight = layer.state_dict()["weight"]
    assert isinstance(weight, Tensor) and not weight.requires_grad and weight.grad_fn is None
    assert np.shares_memory(weight.data, layer.weight.data)


def test_what_is_shared_is_saved_under_each_of_its_names():
    layer = Linear(2, 2)
    assert list(Sequential(layer, layer).state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_state_moves_a_network_to_another():
    source, target = network(), network()
    source[2].count = Tensor(np.array(5))
    assert target.load_state_dict(source.state_dict()) == ([], [])
    for name, array in numbers(source).items():
        assert_close(target.state_dict()[name], Tensor(array), case={"name": name})


def test_arrays_load_like_tensors_and_dtype_and_memory_stay():
    layer = Affine()
    memory = layer.weight.data
    new = generator().standard_normal((2, 3))
    layer.load_state_dict({"weight": new, "bias": [1, 2], "count": np.float64(3)})
    assert layer.weight.data is memory
    assert_close(layer.weight, Tensor(new.astype(np.float32)))
    assert_close(layer.bias, Tensor([1.0, 2.0]))
    assert_close(layer.count, Tensor(np.array(3)))


def test_everything_that_does_not_fit_is_listed_and_nothing_is_loaded():
    layer = Affine()
    before = numbers(layer)
    with pytest.raises(ValueError, match="Affine") as error:
        layer.load_state_dict({"weight": np.ones((3, 2)), "count": 7, "scale": np.ones(1)})
    for name in ("weight", "bias", "scale"):
        assert name in str(error.value)
    assert "count" not in str(error.value)
    for name, array in before.items():
        assert_close(layer.state_dict()[name], Tensor(array), case={"name": name})


@pytest.mark.parametrize("state", [{"weight": ones(2, 3)}, {"weight": ones(2, 3), "bias": ones(2), "more": ones(1)}])
def test_a_missing_or_unexpected_entry_alone_is_refused(state):
    layer = Affine()
    with pytest.raises(ValueError, match="count|more"):
        layer.load_state_dict(state)
    assert_close(layer.weight.detach(), zeros(2, 3))


def test_not_strict_loads_what_fits_and_names_the_rest():
    layer = Affine()
    left = layer.load_state_dict({"bias": ones(2), "more": ones(1)}, strict=False)
    assert left.missing_keys == ["weight", "count"] and left.unexpected_keys == ["more"]
    assert_close(layer.bias.detach(), ones(2))
    assert_close(layer.weight.detach(), zeros(2, 3))


@pytest.mark.parametrize("shape", [(6,), (3, 2), (1, 3), (1,), ()], ids=str)
def test_not_strict_still_refuses_a_wrong_shape(shape):
    layer = Affine()
    with pytest.raises(ValueError, match="weight") as error:
        layer.load_state_dict({"weight": np.ones(shape), "bias": ones(2)}, strict=False)
    assert "count" not in str(error.value)
    assert_close(layer.bias.detach(), zeros(2))
    assert_close(layer.weight.detach(), zeros(2, 3))


def test_loading_is_a_function_of_tensors_and_arrays():
    own = {"a": zeros(2), "b": zeros(2)}
    assert load_state(own, {"a": np.ones(2), "b": np.ones(2)}) == ([], [])
    assert_close(own["b"], ones(2))
    with pytest.raises(ValueError, match="c"):
        load_state(own, {"a": np.zeros(2), "b": np.zeros(2), "c": np.zeros(2)})
    assert_close(own["a"], ones(2))


@pytest.mark.not_in_catalogue("given code")
def test_a_state_that_is_no_dict_or_holds_no_numbers_is_refused():
    with pytest.raises(TypeError, match="state_dict"):
        Affine().load_state_dict([1, 2])
    with pytest.raises(TypeError, match="weight"):
        Affine().load_state_dict({"weight": "zeros", "bias": ones(2), "count": 0})
