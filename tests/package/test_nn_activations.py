"""The layers of tinytorch.nn that only remember settings: what they compute, and how they show themselves."""

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional as F
from tinytorch.testing import Case, assert_close, generator

LAYERS = [
    (lambda: nn.ReLU(), lambda x: F.relu(x), "ReLU()"),
    (lambda: nn.LeakyReLU(), lambda x: F.leaky_relu(x), "LeakyReLU(negative_slope=0.01)"),
    (lambda: nn.LeakyReLU(0.3), lambda x: F.leaky_relu(x, negative_slope=0.3), "LeakyReLU(negative_slope=0.3)"),
    (lambda: nn.Sigmoid(), lambda x: F.sigmoid(x), "Sigmoid()"),
    (lambda: nn.Tanh(), lambda x: F.tanh(x), "Tanh()"),
    (lambda: nn.Softplus(), lambda x: F.softplus(x), "Softplus(beta=1.0, threshold=20.0)"),
    (lambda: nn.GELU(), lambda x: F.gelu(x), "GELU(approximate='none')"),
    (lambda: nn.GELU("tanh"), lambda x: F.gelu(x, approximate="tanh"), "GELU(approximate='tanh')"),
    (lambda: nn.Softmax(dim=0), lambda x: F.softmax(x, dim=0), "Softmax(dim=0)"),
    (lambda: nn.LogSoftmax(0), lambda x: F.log_softmax(x, dim=0), "LogSoftmax(dim=0)"),
    (lambda: nn.Identity(54, unused=True), lambda x: x, "Identity()"),
]
EACH = pytest.mark.parametrize("make, function, shown", LAYERS, ids=[shown for *_, shown in LAYERS])


@EACH
def test_a_layer_computes_its_function_with_its_settings(make, function, shown):
    x = Tensor(generator().standard_normal((3, 4)))
    case = Case(make(), x)
    assert_close(case(), function(x), case=case)


@EACH
def test_a_layer_shows_itself_with_its_settings(make, function, shown):
    assert repr(make()) == shown


@EACH
def test_a_layer_is_a_module_without_parts_and_without_anything_to_learn(make, function, shown):
    layer = make()
    assert isinstance(layer, nn.Module) and list(layer.modules()) == [layer]
    assert list(layer.parameters()) == list(layer.buffers()) == list(layer.children()) == []
    assert layer.state_dict() == {} and layer.load_state_dict({}) == ([], [])
    with pytest.raises(ValueError, match="weight"):
        layer.load_state_dict({"weight": np.zeros(1)})
