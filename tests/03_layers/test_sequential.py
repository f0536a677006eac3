"""Sequential: order, names, indexing, and what is refused."""

import numpy as np
import pytest

from tinytorch.core.layers import Linear, Module, ReLU, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones
from tinytorch.testing import Case, assert_close, generator


class Times(Module):
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


@pytest.mark.not_in_catalogue("the known mistakes return the input of a chain without layers")
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
    assert list(net[1:].state_dict()) == ["2.weight", "2.bias"]
    assert list(net[::2]) == layers[::2] and list(net[5:]) == []
    x = Tensor(generator().standard_normal((4, 2)).astype(np.float32))
    assert_close(net[2:](net[:2](x)), net(x))
    with pytest.raises(IndexError):
        net[3]


def test_a_dict_gives_names():
    net = Sequential({"first": Linear(2, 3), "act": ReLU()})
    assert [name for name, _ in net.named_parameters()] == ["first.weight", "first.bias"]
    assert net.act is net[1]


def test_a_part_of_named_layers_keeps_their_names():
    net = Sequential({"first": Linear(2, 3), "act": ReLU()})
    assert [name for name, _ in net[:1].named_parameters()] == ["first.weight", "first.bias"]
    assert net[0] is net.first


@pytest.mark.not_in_catalogue("given code")
def test_what_is_no_layer_is_refused_with_its_place():
    for bad in (ReLU, [ReLU()], None):
        with pytest.raises(TypeError, match="layer 1"):
            Sequential(ReLU(), bad)
