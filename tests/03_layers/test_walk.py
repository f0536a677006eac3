"""walk_modules, named_tensors, unique: a tree of modules becomes a list of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.layers import Linear, Parameter, ReLU, Sequential, named_tensors, unique, walk_modules
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones


def names(pairs):
    return [name for name, _ in pairs]


def test_each_module_comes_before_its_parts_with_the_path_as_its_name():
    net = Sequential(Linear(2, 3), Sequential({"act": ReLU(), "last": Linear(3, 1)}))
    assert names(walk_modules(net)) == ["", "0", "1", "1.act", "1.last"]
    assert names(walk_modules(net, "net")) == ["net", "net.0", "net.1", "net.1.act", "net.1.last"]
    assert [module for _, module in walk_modules(net)] == [net, net[0], net[1], net[1].act, net[1].last]


def test_a_module_in_two_places_comes_once_for_each():
    layer = Linear(2, 2)
    net = Sequential(layer, Sequential(layer))
    assert names(walk_modules(net)) == ["", "0", "1", "1.0"]
    assert names(named_tensors(net)) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]


def test_of_each_module_parameters_come_before_buffers_and_before_its_parts():
    net = Sequential(Linear(1, 1))
    net.register_buffer("mean", ones(1))
    net.register_buffer("unused", None)
    net.scale = Parameter(ones(1))
    assert names(named_tensors(net, "net")) == ["net.scale", "net.mean", "net.0.weight", "net.0.bias"]
    assert [id(t) for _, t in named_tensors(net)] == [id(t) for t in (net.scale, net.mean, *net[0].parameters())]


@st.composite
def trees(draw):
    """A nested Sequential, and how many Linear(2, 2) it holds."""
    if draw(st.booleans()):
        return Linear(2, 2), 1
    inner = [draw(trees()) for _ in range(draw(st.integers(0, 2)))]
    return Sequential(*(layer for layer, _ in inner), ReLU()), sum(count for _, count in inner)


@given(trees())
def test_every_parameter_of_any_tree_is_found_once(tree):
    net, count = tree
    assert sum(p.numel() for p in net.parameters()) == 6 * count
    assert len(set(names(named_tensors(net)))) == 2 * count == len(net.state_dict())


@given(st.lists(st.integers(0, 3), max_size=10))
def test_unique_keeps_the_first_name_of_each_value_in_order(places):
    values = [Tensor([0.0]) for _ in range(4)]  # equal numbers, four objects
    named = [(str(place), values[index]) for place, index in enumerate(places)]
    expected = [str(place) for place, index in enumerate(places) if index not in places[:place]]
    assert names(unique(iter(named))) == expected


@pytest.mark.not_in_catalogue("given code")
def test_a_parameter_requires_a_gradient_unless_it_is_created_without():
    assert Parameter(ones(2)).requires_grad and not Parameter(ones(2), requires_grad=False).requires_grad
    assert isinstance(Parameter(ones(2)), Tensor)
