"""Sequential: order, names, indexing, and what is no layer."""

import numpy as np
import pytest

from tinytorch.core.activations import Layer, ReLU, Sigmoid, relu
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.tensor import Tensor, ones
from tinytorch.testing import Case, assert_close, generator


class Times(Layer):
    def __init__(self, factor, offset):
        self.factor, self.offset = factor, offset

    def forward(self, x):
        return x * self.factor + self.offset


def test_layers_run_first_to_last():
    case = Case(Sequential(Times(2.0, 1.0), Times(10.0, 3.0)), Tensor([1.0]))
    assert_close(case(), Tensor([33.0]), case=case)


def test_a_layer_that_stands_twice_runs_twice():
    twice = Times(2.0, 1.0)
    assert_close(Sequential(twice, twice)(Tensor([1.0])), Tensor([7.0]))


@pytest.mark.not_in_catalogue("the known mistakes take a Sequential with layers")
def test_without_layers_the_input_comes_back():
    x = ones(2)
    assert Sequential()(x) is x
    assert repr(Sequential()) == "Sequential()"


def test_more_than_ten_layers_keep_their_order():
    layers = [Times(1.0, float(i)) for i in range(12)]
    assert list(Sequential(*layers)) == layers


def test_indices_slices_length_and_iteration():
    layers = [Linear(2, 3), ReLU(), Linear(3, 1)]
    net = Sequential(*layers)
    assert len(net) == 3 and list(net) == layers
    assert net[0] is layers[0] and net[-1] is layers[2]
    assert isinstance(net[1:], Sequential) and list(net[1:]) == layers[1:]
    x = Tensor(generator().standard_normal((4, 2)).astype(np.float32))
    assert_close(net[2:](net[:2](x)), net(x))
    with pytest.raises(IndexError):
        net[3]


def test_a_dict_gives_names():
    net = Sequential({"first": Linear(2, 3), "act": ReLU()})
    assert [name for name, _ in net.named_parameters()] == ["first.weight", "first.bias"]
    assert net.act is net[1]


@pytest.mark.parametrize(
    "bad, message",
    [
        (ReLU, r"layer 1: expected a layer, got <class .*ReLU.*>; make one first, such as ReLU\(\)"),
        (relu, r"layer 1: expected a layer, got <function relu .*>; make one first, such as ReLU\(\)"),
        ([Sigmoid()], r"layer 1: expected a layer, got .Sigmoid\(\).; unpack it: Sequential\(\*layers\)"),
        (None, "layer 1: expected a layer, got None; make one first"),
    ],
    ids=["class", "function", "list", "None"],
)
def test_what_is_no_layer_is_refused_with_its_place(bad, message):
    with pytest.raises(TypeError, match=message):
        Sequential(ReLU(), bad)
