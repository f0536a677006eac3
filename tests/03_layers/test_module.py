"""Module: its lists, its modes, its gradients, and how it is copied."""

import copy
import pickle

import numpy as np
import pytest

from tinytorch.core.layers import Dropout, Linear, Module, Parameter, ReLU, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones, zeros
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
    assert names(net.named_modules("net"))[:3] == ["net", "net.body", "net.body.0"]
    assert list(net.modules())[0] is net


def test_buffers_are_kept_and_not_learned():
    net = Net()
    assert names(net.named_buffers()) == ["body.1.mean"] and names(net.named_buffers("net")) == ["net.body.1.mean"]
    assert [buffer is net.body[1].mean for buffer in net.buffers()] == [True]


def test_a_buffer_stays_one_when_its_value_is_replaced():
    norm = Norm(2)
    norm.mean = Tensor([1.0, 2.0])
    assert_close(dict(norm.named_buffers())["mean"], Tensor([1.0, 2.0]))
    assert_close(norm.state_dict()["mean"], Tensor([1.0, 2.0]))


def test_what_is_shared_is_learned_once():
    layer = Linear(2, 2)
    net = Sequential(layer, ReLU(), layer)
    assert names(net.named_parameters()) == ["0.weight", "0.bias"]
    assert names(net.named_modules()) == ["", "0", "1"]
    tied = Sequential(Linear(2, 2), Linear(2, 2))
    tied[1].weight = tied[0].weight
    assert names(tied.named_parameters()) == ["0.weight", "0.bias", "1.bias"]


def test_a_shared_buffer_comes_once():
    norm = Norm(2)
    assert names(Sequential(norm, norm).named_buffers()) == ["0.mean"]


def test_a_frozen_parameter_is_still_a_parameter():
    layer = Linear(2, 2)
    layer.weight.requires_grad = False
    assert names(layer.named_parameters()) == ["weight", "bias"]


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net and {module.training for module in net.modules()} == {False}
    assert net.train() is net and {module.training for module in net.modules()} == {True}
    net.train(False)
    assert {module.training for module in net.modules()} == {False}
    assert Net().training


def test_zero_grad_removes_every_gradient():
    net = Net()
    for parameter in net.parameters():
        parameter.grad = zeros(*parameter.shape)
    net.zero_grad()
    assert [p.grad for p in net.parameters()] == [None] * 5


def test_calling_a_module_runs_forward():
    net, x = Net(), Tensor([[1.0, -1.0]])
    assert_close(net(x), net.head(net.body(x)) * net.scale)


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


def test_a_layer_with_parameters_may_derive_from_one_without():
    class PReLU(ReLU):
        def __init__(self):
            self.slope = Parameter([0.25])

    assert names(Sequential(PReLU()).named_parameters()) == ["0.slope"]
    assert names(PReLU().named_parameters()) == ["slope"]
    assert isinstance(Dropout(), Module) and isinstance(ReLU(), Module)
