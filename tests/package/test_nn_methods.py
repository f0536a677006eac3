"""What a module does beside chapter 03: dtypes, paths, hooks, and arguments that are refused by their name."""

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.head = nn.Linear(4, 2)

    def forward(self, x, scale=1.0):
        return self.head(self.body(x)) * scale


def x(*shape):
    return Tensor(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))


def test_apply_reaches_parts_before_the_whole():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.body[0], net.body[1], net.body, net.head, net]


def test_parameters_and_buffers_of_a_module_itself():
    net = Net()
    assert list(net.parameters(recurse=False)) == list(net.buffers(recurse=False)) == []
    norm = net.body[1]
    assert [p is q for p, q in zip(norm.parameters(recurse=False), (norm.weight, norm.bias))] == [True, True]
    assert len(list(norm.buffers(False))) == 3


def test_requires_grad_freezes_and_thaws():
    net = Net()
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda net: net.double(), np.float64),
        (lambda net: net.half(), np.float16),
        (lambda net: net.double().float(), np.float32),
        (lambda net: net.to(np.float64), np.float64),
        (lambda net: net.to("cpu", np.float64), np.float64),
        (lambda net: net.to(device="cpu", dtype=np.float16), np.float16),
        (lambda net: net.to(Tensor(np.zeros(1))), np.float64),
        (lambda net: net.to("cpu").cpu(), np.float32),
    ],
)
def test_floating_parameters_and_buffers_are_converted_in_place(convert, dtype):
    net = Net()
    weight, estimates = net.head.weight, net.body[1].running_mean
    net(x(5, 3)).sum().backward()
    assert convert(net) is net
    assert net.head.weight is weight and net.body[1].running_mean is estimates
    assert {t.dtype for t in (weight, weight.grad, estimates)} == {np.dtype(dtype)}
    assert net.body[1].num_batches_tracked.dtype == np.int64


def test_another_device_or_an_integer_dtype_is_refused():
    for use in (lambda n: n.cuda(), lambda n: n.to("cuda:0"), lambda n: n.to(device="mps")):
        with pytest.raises(ValueError, match='device: expected "cpu", got \'(cuda|mps)'):
            use(Net())
    with pytest.raises(ValueError, match='device: expected "cpu"'):
        nn.Linear(2, 2, device="cuda")
    with pytest.raises(TypeError, match="dtype: expected a floating dtype, got int64"):
        Net().to(np.int64)


@pytest.mark.parametrize(
    "make",
    [
        lambda **s: nn.Linear(2, 3, **s),
        lambda **s: nn.Conv2d(2, 3, 3, **s),
        lambda **s: nn.Conv1d(2, 3, 3, **s),
        lambda **s: nn.BatchNorm2d(3, **s),
        lambda **s: nn.LayerNorm(3, **s),
        lambda **s: nn.Embedding(4, 3, **s),
    ],
)
def test_layers_are_made_in_the_dtype_that_is_asked_for(make):
    assert {p.dtype for p in make(dtype=np.float64, device="cpu").parameters()} == {np.dtype(np.float64)}
    assert {p.dtype for p in make().parameters()} == {np.dtype(np.float32)}


def test_a_path_leads_to_a_module_a_parameter_or_a_buffer():
    net = Net()
    assert net.get_submodule("") is net and net.get_submodule("body.1") is net.body[1]
    assert net.get_parameter("body.0.weight") is net.body[0].weight
    assert net.get_buffer("body.1.running_var") is net.body[1].running_var
    for use in (
        lambda: net.get_submodule("body.7"),
        lambda: net.get_parameter("head.scale"),
        lambda: net.get_parameter("body.1.running_mean"),
        lambda: net.get_buffer("head.weight"),
    ):
        with pytest.raises(AttributeError, match="Net has no"):
            use()


def test_parts_are_registered_by_name():
    net = nn.Module()
    net.add_module("act", nn.ReLU())
    net.register_module("none", None)
    net.register_parameter("w", nn.Parameter([1.0]))
    assert [name for name, _ in net.named_modules()] == ["", "act"] and list(net.state_dict()) == ["w"]
    with pytest.raises(TypeError, match="w: expected a Parameter or None, got Tensor"):
        net.register_parameter("w", Tensor([1.0]))
    with pytest.raises(ValueError, match="register_buffer: persistent: not served, got False"):
        net.register_buffer("b", Tensor([1.0]), persistent=False)


def test_hooks_run_in_order_and_are_removed():
    layer, seen = nn.Linear(2, 2), []
    first = layer.register_forward_hook(lambda *values: seen.append("first"))
    layer.register_forward_hook(lambda *values: seen.append("second"), prepend=True)
    with layer.register_forward_pre_hook(lambda *values: seen.append("before")):
        layer(x(1, 2))
    assert seen == ["before", "second", "first"]
    first.remove()
    first.remove()
    layer(x(1, 2))
    assert seen[3:] == ["second"]


def test_hooks_may_see_and_change_keywords():
    net, seen = Net().eval(), []
    plain = net(x(2, 3), scale=3.0).data
    net.register_forward_pre_hook(lambda module, inputs, keywords: (inputs, {"scale": 6.0}), with_kwargs=True)
    net.register_forward_hook(lambda module, inputs, keywords, output: seen.append(keywords), with_kwargs=True)
    np.testing.assert_allclose(net(x(2, 3), scale=3.0).data, 2 * plain, rtol=1e-6)
    assert seen == [{"scale": 6.0}]


def test_a_backward_hook_sees_both_gradients_once_and_may_replace_that_of_the_input():
    # y = 2x: the gradient of y is 5, that of x is 10; the hook makes it 7
    class Twice(nn.Module):
        def forward(self, x):
            return x * 2

    layer, seen = Twice(), []

    def hook(module, grad_input, grad_output):
        seen.append((module, grad_input[0].data.tolist(), grad_output[0].data.tolist()))
        return (Tensor([7.0]),)

    handle = layer.register_full_backward_hook(hook)
    t = Tensor([3.0], requires_grad=True)
    (layer(t) * 5).sum().backward()
    assert seen == [(layer, [10.0], [5.0])] and t.grad.data.tolist() == [7.0]
    handle.remove()
    t.grad = None
    (layer(t) * 5).sum().backward()
    assert len(seen) == 1 and t.grad.data.tolist() == [10.0]
    with tinytorch.no_grad():
        layer.register_full_backward_hook(hook)
        assert layer(t).data.tolist() == [6.0]


def test_a_hook_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="hook: expected a function, got int"):
        nn.ReLU().register_forward_hook(3)


def test_torchs_name_of_the_input_is_taken():
    layer = nn.Linear(2, 2)
    assert layer(input=x(1, 2)).data.tolist() == layer(x(1, 2)).data.tolist()
    assert nn.MaxPool2d(2)(input=x(1, 1, 2, 2)).data.tolist() == [[[[3.0]]]]


def test_a_state_from_before_batches_were_counted_loads():
    net = Net()
    net(x(5, 3))
    state = {name: value for name, value in net.state_dict().items() if "num_batches" not in name}
    assert net.load_state_dict(state) == ([], [])
    assert net.body[1].num_batches_tracked.item() == 1


IMAGES, SCORES, LABELS = x(1, 2, 6, 6), x(2, 3), tinytorch.tensor([0, 1])
REFUSED = {
    "padding_mode": lambda: nn.Conv2d(1, 1, 3, padding_mode="reflect"),
    "size_average": lambda: F.mse_loss(SCORES, SCORES, "sum"),
    "reduce": lambda: nn.CrossEntropyLoss(reduce=False),
    "weight": lambda: F.l1_loss(SCORES, SCORES, weight=SCORES),
    "ignore_index": lambda: F.cross_entropy(SCORES, SCORES, ignore_index=1),
    "divisor_override": lambda: F.avg_pool2d(IMAGES, 2, divisor_override=0),
    "max_norm": lambda: nn.Embedding(3, 2, max_norm=1.0),
    "sparse": lambda: F.embedding(LABELS, SCORES, sparse=True),
    "scale_grad_by_freq": lambda: nn.Embedding(3, 2, scale_grad_by_freq=True),
    "always_call": lambda: nn.ReLU().register_forward_hook(print, always_call=True),
    "antialias": lambda: F.interpolate(IMAGES, size=3, antialias=True),
    "align_corners": lambda: F.interpolate(IMAGES, size=3, align_corners=True),
    "out": lambda: F.normalize(SCORES, out=SCORES),
    "min_value, max_value": lambda: nn.Hardtanh(min_value=-1),
    "delta": lambda: F.huber_loss(SCORES, SCORES, delta=0.0),
    "running_mean": lambda: F.batch_norm(IMAGES, None, None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_argument_that_is_not_served_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=name):
        REFUSED[name]()


def test_dropped_channels_are_dropped_whole():
    tinytorch.manual_seed(0)
    y = nn.Dropout2d(np.float32(0.5))(Tensor(np.ones((8, 16, 3, 3), np.float32))).data
    kinds = {tuple(np.unique(channel)) for channel in y.reshape(-1, 9)}
    assert kinds == {(0.0,), (2.0,)} and 0.3 < (y == 0).mean() < 0.7
    assert nn.Dropout2d().eval()(IMAGES) is IMAGES


def test_the_padding_row_of_an_embedding_is_zero_and_stays_so():
    table = nn.Embedding(4, 3, padding_idx=1)
    assert not table.weight.data[1].any()
    table(tinytorch.tensor([[1, 2], [2, 1]])).sum().backward()
    assert table.weight.grad.data.tolist() == [[0] * 3, [0] * 3, [2] * 3, [0] * 3]
    for indices, error in (([4], IndexError), ([-1], IndexError), ([1.5], TypeError)):
        with pytest.raises(error, match="embedding: input: expected"):
            table(tinytorch.tensor(indices))
    frozen = nn.Embedding.from_pretrained(SCORES)
    assert not frozen.weight.requires_grad and frozen(LABELS).data.tolist() == SCORES.data.tolist()


def test_probabilities_outside_their_range_are_refused():
    for p, y, name in (([1.5], [1.0], "input"), ([0.5], [-0.1], "target"), ([np.nan], [1.0], "input")):
        with pytest.raises(ValueError, match=rf"binary_cross_entropy: {name}\[0\] is"):
            F.binary_cross_entropy(Tensor(p), Tensor(y))


@pytest.mark.parametrize(
    "use",
    [
        lambda: F.cross_entropy(tinytorch.zeros(0, 3), tinytorch.zeros(0, 3)),
        lambda: F.batch_norm(tinytorch.zeros(0, 3, 2), tinytorch.zeros(3), tinytorch.ones(3)),
        lambda: nn.BatchNorm1d(3)(tinytorch.zeros(0, 3)),
    ],
)
def test_an_empty_batch_is_named(use):
    with pytest.raises(ValueError, match="expected at least one sample, got an empty batch"):
        use()
