"""The activations as layers: what they compute, how they show themselves, what they answer to a network."""

import numpy as np
import pytest

from tinytorch.core import activations as A
from tinytorch.core.activations import Layer
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator

LAYERS = [
    (lambda: A.ReLU(), lambda x: A.relu(x), "ReLU()"),
    (lambda: A.Sigmoid(), lambda x: A.sigmoid(x), "Sigmoid()"),
    (lambda: A.Tanh(), lambda x: A.tanh(x), "Tanh()"),
    (lambda: A.GELU(), lambda x: A.gelu(x), "GELU(approximate='none')"),
    (lambda: A.GELU(approximate="tanh"), lambda x: A.gelu(x, approximate="tanh"), "GELU(approximate='tanh')"),
    (lambda: A.Softmax(dim=0), lambda x: A.softmax(x, dim=0), "Softmax(dim=0)"),
    (lambda: A.LogSoftmax(dim=0), lambda x: A.log_softmax(x, dim=0), "LogSoftmax(dim=0)"),
    (lambda: A.LeakyReLU(), lambda x: A.leaky_relu(x), "LeakyReLU(negative_slope=0.01)"),
    (lambda: A.LeakyReLU(0.3), lambda x: A.leaky_relu(x, negative_slope=0.3), "LeakyReLU(negative_slope=0.3)"),
]


@pytest.mark.parametrize("make, function, shown", LAYERS, ids=[shown for *_, shown in LAYERS])
def test_a_layer_computes_its_function_with_its_settings(make, function, shown):
    x = Tensor(generator().standard_normal((3, 4)))
    case = Case(make(), x)
    assert_close(case(), function(x), case=case)


@pytest.mark.parametrize("make, function, shown", LAYERS, ids=[shown for *_, shown in LAYERS])
def test_a_layer_shows_itself_as_torch_does(make, function, shown):
    assert repr(make()) == shown


@pytest.mark.not_in_catalogue("given code")
def test_an_activation_answers_that_it_has_no_parts_and_nothing_to_learn():
    layer = A.ReLU()
    for answer in (layer.parameters(), layer.named_parameters(), layer.buffers(), layer.children()):
        assert list(answer) == []
    assert list(layer.named_modules()) == [("", layer)]
    assert layer.state_dict() == {}
    layer.load_state_dict({})
    with pytest.raises(ValueError, match="ReLU has no state to load, got weight"):
        layer.load_state_dict({"weight": np.zeros(1)})


@pytest.mark.not_in_catalogue("given code")
def test_an_activation_knows_whether_it_is_training():
    layer = A.Tanh()
    assert layer.training
    assert layer.eval() is layer and not layer.training
    assert layer.train() is layer and layer.training
    assert A.Tanh().training


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("make", [lambda: Tensor([1.0]), A.ReLU], ids=["tensor", "layer"])
def test_a_plain_layer_refuses_what_it_could_not_account_for(make):
    with pytest.raises(
        TypeError, match="LeakyReLU.inner: a plain layer holds no tensors or layers; derive from Module"
    ):
        A.LeakyReLU().inner = make()


@pytest.mark.not_in_catalogue("given code")
def test_a_layer_of_ones_own_needs_only_forward():
    class Square(Layer):
        def forward(self, x, *, times=1.0):
            return x * x * times

    assert_close(Square()(Tensor([3.0]), times=2.0), Tensor([18.0]))
    assert repr(Square()) == "Square()"
