"""Sequential, ModuleList and ModuleDict: their layers are found, named, replaced and taken out."""

import copy

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.core import layers as chapter
from tinytorch.core.tensor import Tensor


def names(container):
    return [name for name, _ in container.named_children()]


def three(kind):
    parts = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]
    return (kind(*parts) if kind is nn.Sequential else kind(parts)), parts


EACH = pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])


@EACH
def test_layers_are_numbered_and_their_parameters_found(kind):
    container, parts = three(kind)
    assert names(container) == ["0", "1", "2"] and len(container) == 3 and list(container) == parts
    assert list(container.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert container[0] is parts[0] and container[-1] is parts[2] and parts[1] in container


@EACH
def test_a_list_of_layers_changes_as_lists_do_and_is_numbered_again(kind):
    container, (a, b, c) = three(kind)
    d, e = nn.Tanh(), nn.Sigmoid()
    assert container.append(d) is container and list(container) == [a, b, c, d]
    container.insert(1, e)
    assert list(container) == [a, e, b, c, d] and names(container) == ["0", "1", "2", "3", "4"]
    del container[0]
    assert container.pop() is d and list(container) == [e, b, c] and names(container) == ["0", "1", "2"]
    container[1] = a
    container.extend([d])
    assert list(container) == [e, a, c, d]
    del container[1:3]
    assert list(container) == [e, d] and names(container) == ["0", "1"]


@EACH
@pytest.mark.parametrize("index", [3, -4])
def test_an_index_without_a_layer_is_refused(kind, index):
    container, _ = three(kind)
    for use in (lambda: container[index], lambda: container.__setitem__(index, nn.ReLU())):
        with pytest.raises(IndexError, match=rf"{kind.__name__}: index: expected -3 to 2, got {index}"):
            use()


@EACH
def test_what_is_no_layer_is_refused(kind):
    container, _ = three(kind)
    with pytest.raises(TypeError, match="3: expected a module or None, got list"):
        container.append([nn.ReLU()])


def test_a_part_of_a_chain_keeps_the_names_and_a_part_of_a_list_is_numbered_again():
    (chain, parts), (layers, _) = three(nn.Sequential), three(nn.ModuleList)
    assert type(chain[1:]) is nn.Sequential and names(chain[1:]) == ["1", "2"]
    assert type(layers[1:]) is nn.ModuleList and names(layers[1:]) == ["0", "1"]
    x = Tensor(np.ones((1, 2), np.float32))
    assert chain[1:](x).data.tolist() == parts[2](parts[1](x)).data.tolist()


def test_a_chain_is_one_of_the_chapter_and_takes_names():
    chain = nn.Sequential({"first": nn.Linear(2, 3), "act": nn.ReLU()})
    assert isinstance(chain, chapter.Sequential) and names(chain) == ["first", "act"]
    assert chain.act is chain[1]
    chain[1] = nn.Tanh()
    assert names(chain) == ["first", "act"] and isinstance(chain.act, nn.Tanh)


NAMING = {
    "Sequential": lambda name: nn.Sequential({name: nn.ReLU()}),
    "ModuleDict": lambda name: nn.ModuleDict({name: nn.ReLU()}),
    "add_module": lambda name: nn.Module().add_module(name, nn.ReLU()),
    "register_parameter": lambda name: nn.Module().register_parameter(name, nn.Parameter([1.0])),
    "register_buffer": lambda name: nn.Module().register_buffer(name, Tensor([1.0])),
}


@pytest.mark.parametrize("name", ["forward", "training", "train", "a.b", "", 3])
@pytest.mark.parametrize("give", NAMING.values(), ids=NAMING)
def test_a_name_that_would_hide_something_is_refused(give, name):
    with pytest.raises(TypeError if name == 3 else ValueError, match=r"name: (expected|'\w+' is an attribute)"):
        give(name)


def test_lists_add_up():
    a, b = nn.ReLU(), nn.Tanh()
    together = nn.ModuleList([a]) + [b]
    assert list(together) == [a, b]
    together += [a]
    assert list(together) == [a, b, a] and names(together) == ["0", "1"]  # as children each comes once


def test_a_dict_holds_layers_by_name():
    a, b = nn.Linear(2, 2), nn.ReLU()
    layers = nn.ModuleDict({"a": a})
    layers["b"] = b
    layers.update([("c", a)])
    assert layers["a"] is a and "b" in layers and "d" not in layers and len(layers) == 3
    assert list(layers) == list(layers.keys()) == ["a", "b", "c"] and list(layers.values()) == [a, b, a]
    assert list(layers.items()) == [("a", a), ("b", b), ("c", a)]
    assert [name for name, _ in layers.named_parameters()] == ["a.weight", "a.bias"]
    assert layers.pop("b") is b and "b" not in layers
    with pytest.raises(KeyError, match="expected one of"):
        layers["b"]
    with pytest.raises(KeyError):
        del layers["b"]
    layers.clear()
    assert len(layers) == 0


def test_a_copy_has_layers_of_its_own():
    container, _ = three(nn.ModuleList)
    other = copy.deepcopy(container)
    other[0].weight.data[...] = 7
    assert not (container[0].weight.data == 7).any()
