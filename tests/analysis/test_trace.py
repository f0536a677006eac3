"""trace: which layers are called, in which order, on what; and nothing stays behind."""

import looked_at
import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.analysis import layer_named, trace
from tinytorch.analysis.trace import call_named, evaluating


def test_every_call_comes_in_order_with_its_names_and_depth():
    calls = trace(looked_at.nested(tinytorch), looked_at.pictures(2, 3, 24, 20))
    assert [(call.name, type(call.layer).__name__, call.depth) for call in calls] == [
        ("", "Nested", 0),
        ("stem", "Conv2d", 1),
        ("blocks", "Sequential", 1),
        ("blocks.0", "Block", 2),
        ("blocks.0.change", "Sequential", 3),
        ("blocks.0.change.0", "Conv2d", 4),
        ("blocks.0.change.1", "BatchNorm2d", 4),
        ("blocks.0.change.2", "ReLU", 4),
        ("blocks.0.change.3", "Conv2d", 4),
        ("blocks.1", "AvgPool2d", 2),
        ("blocks.2", "Block", 2),
        ("blocks.2.change", "Sequential", 3),
        ("blocks.2.change.0", "Conv2d", 4),
        ("blocks.2.change.1", "BatchNorm2d", 4),
        ("blocks.2.change.2", "ReLU", 4),
        ("blocks.2.change.3", "Conv2d", 4),
        ("head", "Linear", 1),
    ]
    parents = [call.parent.name if call.parent else None for call in calls]
    assert parents[:6] == [None, "", "", "blocks", "blocks.0", "blocks.0.change"] and parents[-1] == ""


def test_what_a_layer_was_given_and_what_it_made_are_the_networks_own():
    model, x = looked_at.nested(tinytorch), tinytorch.Tensor(looked_at.pictures(1, 3, 24, 20))
    calls = trace(model, x)
    assert np.array_equal(calls[0].output.data, model(x).data)
    assert np.array_equal(calls[1].inputs[0].data, x.data)
    for call in calls:
        if not list(call.layer.named_children()):
            assert np.array_equal(call.layer(*call.inputs).data, call.output.data), call.name


def test_a_layer_that_is_called_twice_has_two_calls_under_the_name_that_named_modules_gives():
    calls = trace(looked_at.shared(tinytorch), looked_at.pictures(1, 3, 16, 16))
    assert [call.key for call in calls] == [
        *("", "first", "conv:1", "pool:1", "conv:2", "pool:2", "dense:1", "dense:2"),
    ]
    assert calls[3].layer is calls[5].layer and calls[3].output is not calls[5].output


def test_nothing_is_recorded_and_the_mode_stays():
    model = looked_at.nested(tinytorch)
    layer_named(model, "blocks.0").eval()
    assert not trace(model, looked_at.pictures(2, 3, 24, 20))[0].output.requires_grad
    assert model.training and not layer_named(model, "blocks.0.change.1").training
    # in training batch norm follows the batch: trace changes no mode
    assert np.abs(layer_named(model, "blocks.2.change.1").running_mean.data).max() > 0
    assert np.abs(layer_named(model, "blocks.0.change.1").running_mean.data).max() == 0


@pytest.mark.parametrize("shape", [(1, 3, 24, 20), (1, 4, 24, 20)])
def test_the_layers_are_as_they_were_also_after_an_error(shape):
    model = looked_at.nested(tinytorch)
    before = [dict(vars(layer)) for layer in model.modules()]
    if shape[1] == 3:
        trace(model, looked_at.pictures(*shape))
    else:
        with pytest.raises(ValueError, match="channels"):
            trace(model, looked_at.pictures(*shape))
    assert [dict(vars(layer)) for layer in model.modules()] == before
    assert all("forward" not in vars(layer) for layer in model.modules())


def test_a_forward_of_ones_own_on_one_layer_is_used_and_comes_back():
    layer = nn.ReLU()
    layer.forward = own = lambda x: x * 2
    x = looked_at.pictures(2, 3)
    assert np.array_equal(trace(layer, x)[0].output.data, 2 * x)
    assert vars(layer)["forward"] is own


def test_traces_within_traces_end_in_good_order():
    class Watcher(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.ReLU()

        def forward(self, x):
            self.seen = len(trace(self.inner, x))
            return self.inner(x)

    model = Watcher()
    assert len(trace(model, looked_at.pictures(2, 3))) == 3  # itself, and the inner layer twice: it was called twice
    assert model.seen == 1 and "forward" not in vars(model.inner)


def test_evaluating_puts_each_mode_back():
    model = looked_at.nested(tinytorch)
    model.blocks.eval()
    with pytest.raises(RuntimeError), evaluating(model):
        assert not any(layer.training for layer in model.modules())
        raise RuntimeError
    assert model.training and model.stem.training and not layer_named(model, "blocks.2.change.0").training


def test_a_forward_without_a_return_is_told_by_name():
    class Forgetful(nn.Module):
        def forward(self, x):
            x * 2

    model = nn.Sequential({"start": nn.ReLU(), "rest": Forgetful()})
    with pytest.raises(TypeError, match="rest: forward: expected a Tensor to come back, got NoneType; .*return"):
        trace(model, looked_at.pictures(2, 3))


def test_layers_by_name():
    model = looked_at.nested(tinytorch)
    assert layer_named(model, "blocks.2.change.0") is model.blocks[2].change[0]
    with pytest.raises(ValueError, match=r"there is no 'blocks.2.chang.0'; did you mean 'blocks.2.change.0'\?"):
        layer_named(model, "blocks.2.chang.0")
    calls = trace(looked_at.shared(tinytorch), looked_at.pictures(1, 3, 16, 16))
    assert call_named(calls, "pool").key == "pool:2" and call_named(calls, "pool:1").time == 1
    with pytest.raises(ValueError, match="there is no 'pool:3'; did you mean 'pool:"):
        call_named(calls, "pool:3")


@pytest.mark.parametrize(
    ("model", "x", "error", "words"),
    [
        (nn.ReLU, np.ones((1, 2), np.float32), TypeError, r"model: expected a layer.*make one first: ReLU\(\)"),
        (abs, np.ones((1, 2), np.float32), TypeError, "model: expected a layer or a network, got <built-in"),
        (nn.ReLU(), np.ones((1, 2), np.uint8), TypeError, r"x: expected floating numbers, got uint8; .*x / 255.0"),
    ],
)
def test_bad_input(model, x, error, words):
    with pytest.raises(error, match=words):
        trace(model, x)
