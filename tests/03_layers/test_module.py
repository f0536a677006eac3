"""Module: the tree, its lists, its modes, how it shows itself and how it is copied."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.activations import ReLU, Softmax
from tinytorch.core.layers import Dropout, Identity, Linear, Module, Parameter, Sequential
from tinytorch.core.tensor import Tensor, ones, zeros
from tinytorch.testing import assert_close


class Norm(Module):
    def __init__(self, size):
        super().__init__()
        self.weight = Parameter(ones(size))
        self.register_buffer("mean", zeros(size))
        self.register_buffer("unused", None)

    def forward(self, x):
        return (x - self.mean) * self.weight


class Net(Module):
    def __init__(self):
        super().__init__()
        self.label = "net"
        self.scale = Parameter(ones(1))
        self.body = Sequential(Linear(2, 3), Norm(3), ReLU())
        self.head = Linear(3, 1, bias=False)

    def forward(self, x):
        return self.head(self.body(x)) * self.scale


def names(pairs):
    return [name for name, _ in pairs]


def test_parameters_are_named_by_their_path_own_ones_first():
    assert names(Net().named_parameters()) == ["scale", "body.0.weight", "body.0.bias", "body.1.weight", "head.weight"]
    assert names(Net().named_parameters(prefix="net"))[:2] == ["net.scale", "net.body.0.weight"]


def test_parameters_are_the_objects_themselves():
    net = Net()
    assert dict(net.named_parameters())["body.1.weight"] is net.body[1].weight
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert all(p.requires_grad for p in net.parameters())


def test_modules_are_listed_parents_first():
    net = Net()
    assert names(net.named_modules()) == ["", "body", "body.0", "body.1", "body.2", "head"]
    assert next(net.modules()) is net
    assert names(net.named_children()) == ["body", "head"]
    assert list(net.children()) == [net.body, net.head]


def test_buffers_are_kept_and_not_learned():
    net = Net()
    assert names(net.named_buffers()) == ["body.1.mean"]
    assert list(net.buffers()) == [net.body[1].mean]


def test_a_buffer_stays_one_when_its_value_is_replaced():
    norm = Norm(2)
    norm.mean = Tensor([1.0, 2.0])
    assert_close(dict(norm.named_buffers())["mean"], Tensor([1.0, 2.0]))
    assert_close(norm.state_dict()["mean"], Tensor([1.0, 2.0]))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_buffer_must_be_a_tensor():
    with pytest.raises(TypeError, match="register_buffer: mean: expected a Tensor or None, got ndarray"):
        Module().register_buffer("mean", np.zeros(3))


def test_what_is_shared_is_learned_once():
    layer = Linear(2, 2)
    net = Sequential(layer, ReLU(), layer)
    assert names(net.named_parameters()) == ["0.weight", "0.bias"]
    assert names(net.named_modules()) == ["", "0", "1"]
    tied = Sequential(Linear(2, 2), Linear(2, 2))
    tied[1].weight = tied[0].weight
    assert names(tied.named_parameters()) == ["0.weight", "0.bias", "1.bias"]


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
    assert sum(p.size for p in net.parameters()) == 6 * count
    assert len(set(names(net.named_parameters()))) == 2 * count == len(net.state_dict())


def test_train_and_eval_reach_every_layer():
    net = Net()
    assert net.eval() is net and {layer.training for layer in net.modules()} == {False}
    assert net.train() is net and {layer.training for layer in net.modules()} == {True}
    net.train(False)
    assert {layer.training for layer in net.modules()} == {False}


def test_zero_grad_forgets_every_gradient():
    net = Net()
    for parameter in net.parameters():
        parameter.grad = zeros(*parameter.shape)
    net.zero_grad()
    assert [p.grad for p in net.parameters()] == [None] * 5


@pytest.mark.not_in_catalogue("given code")
def test_activations_count_as_modules_and_other_things_do_not():
    assert isinstance(ReLU(), Module) and issubclass(Softmax, Module)
    assert isinstance(Linear(1, 1), Module)
    assert not isinstance(ReLU(), Linear) and not isinstance(len, Module)


def test_calling_a_module_runs_forward():
    net, x = Net(), Tensor([[1.0, -1.0]])
    assert_close(net(x), net.head(net.body(x)) * net.scale)


def test_it_shows_its_parts_as_torch_does():
    assert repr(Net()) == "\n".join(
        [
            "Net(",
            "  (body): Sequential(",
            "    (0): Linear(in_features=2, out_features=3, bias=True)",
            "    (1): Norm()",
            "    (2): ReLU()",
            "  )",
            "  (head): Linear(in_features=3, out_features=1, bias=False)",
            ")",
        ]
    )


@pytest.mark.not_in_catalogue("given code")
def test_a_parameter_shows_that_it_is_one():
    assert repr(Parameter([1.0])) == "Parameter containing:\nTensor([1.], requires_grad=True)"


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_a_copy_has_its_own_numbers_and_the_same_shape(clone):
    net = Net()
    net.head.weight = net.body[0].weight  # shared
    twin = clone(net)
    assert repr(twin) == repr(net)
    for name, parameter in net.named_parameters():
        assert_close(dict(twin.named_parameters())[name].detach(), parameter.detach())
        assert not np.shares_memory(dict(twin.named_parameters())[name].data, parameter.data)
    assert twin.head.weight is twin.body[0].weight
    assert names(twin.named_buffers()) == names(net.named_buffers())


@pytest.mark.not_in_catalogue("given code")
@pytest.mark.parametrize("hide", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}], ids=["list", "tuple", "dict"])
def test_layers_hidden_in_a_list_are_an_error_that_says_so(hide):
    net = Module()
    net.layers = hide(Linear(1, 1))
    with pytest.raises(TypeError, match=r"Module.layers: a \w+ hides layers and parameters .* use a Sequential"):
        list(net.parameters())


@pytest.mark.not_in_catalogue("given code")
def test_lists_of_other_things_are_left_alone():
    net = Module()
    net.sizes, net.names = [1, 2], {"a": "b"}
    assert list(net.parameters()) == []


def test_a_parameter_is_not_replaced_by_a_plain_tensor():
    layer = Linear(2, 2)
    with pytest.raises(TypeError, match=r"Linear.weight is a parameter: .* got Tensor; .* \.weight\.data"):
        layer.weight = layer.weight - 0.1
    layer.bias = None
    assert names(layer.named_parameters()) == ["weight"]


def test_a_frozen_parameter_is_still_a_parameter():
    layer = Linear(2, 2)
    layer.weight.requires_grad = False
    assert names(layer.named_parameters()) == ["weight", "bias"]


@pytest.mark.not_in_catalogue("given code")
def test_identity_returns_its_input_whatever_it_was_given():
    x = ones(2)
    assert Identity(54, unused=True)(x) is x
    assert list(Identity().parameters()) == []


def test_an_activation_with_parameters_derives_from_both():
    class PReLU(ReLU, Module):
        def __init__(self):
            self.slope = Parameter([0.25])

    assert names(Sequential(PReLU()).named_parameters()) == ["0.slope"]
    assert names(PReLU().named_parameters()) == ["slope"]
    assert isinstance(Dropout(), Module)
