"""What nn offers outside the chapters agrees with torch on settings that its module samples leave out."""

import itertools
import warnings

import numpy as np
import pytest
from parity_case import Case, Draw, LayerCase, assert_same, to_array

import tinytorch
from tinytorch.testing import generator, seed

pytestmark = pytest.mark.parity

CASES: list[Case] = []


def case(name, run, *inputs, note="", **settings):
    CASES.append(Case("nn", name, run, inputs, settings, note))


def F(name):
    return lambda t, *inputs, **settings: getattr(t.nn.functional, name)(*inputs, **settings)


def real(*shape):
    return Draw(shape, distinct=True)


def share(*shape):
    return Draw(shape, 0.0625, 0.9375)


IMAGES, SIGNALS = real(2, 3, 7, 8), real(2, 3, 9)
for kernel, stride, padding, ceil in itertools.product((2, 3, (3, 2)), (None, 1, 2, 3, (2, 3)), (0, 1), (False, True)):
    window = {"kernel": kernel, "stride": stride, "padding": padding, "ceil": ceil}
    for dilation in (1, 2):
        case(
            "max_pool2d",
            lambda t, x, kernel, stride, padding, dilation, ceil: t.nn.functional.max_pool2d(
                x, kernel, stride, padding, dilation, ceil, True
            ),
            IMAGES,
            **window,
            dilation=dilation,
        )
    for counted, divisor in ((True, None), (False, None), (True, 3)):
        case(
            "avg_pool2d",
            lambda t, x, kernel, stride, padding, ceil, counted, divisor: t.nn.functional.avg_pool2d(
                x, kernel, stride, padding, ceil, counted, divisor
            ),
            IMAGES,
            **window,
            counted=counted,
            divisor=divisor,
        )
case("AvgPool2d", lambda t, x: t.nn.AvgPool2d(3, 2, 1, True, False)(x), IMAGES)
case("MaxPool2d", lambda t, x: t.nn.MaxPool2d(3, 2, 1, 2, True, True)(x), IMAGES)
for kernel, stride, padding, ceil in itertools.product((2, 3, (3,)), (None, 1, (2,)), (0, 1), (False, True)):
    window = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil}
    case("MaxPool1d", lambda t, x, **settings: t.nn.MaxPool1d(return_indices=True, **settings)(x), SIGNALS, **window)
    case("AvgPool1d", lambda t, x, **settings: t.nn.AvgPool1d(**settings)(x), SIGNALS, **window)
for settings in (
    {"stride": 2, "padding": 1},
    {"padding": "same", "dilation": 2, "groups": 3},
    {"stride": (2,), "padding": (1,), "dilation": (2,)},
    {"padding": "valid"},
):
    case("conv1d", F("conv1d"), SIGNALS, real(6, 3 // settings.get("groups", 1), 3), real(6), **settings)
for size in ((None, 7), (3, None), None):
    case("adaptive_avg_pool2d", F("adaptive_avg_pool2d"), IMAGES, output_size=size)

for settings in (
    {"scale_factor": 2},
    {"scale_factor": 1.5},
    {"size": (5, 11)},
    {"size": 4},
    {"size": 1},
    {"scale_factor": (0.5, 2.3)},
    {"scale_factor": 1.5, "recompute_scale_factor": True},
):
    case("interpolate", F("interpolate"), IMAGES, **settings)
    for corners in (None, False, True):
        upsampled = lambda t, x, **settings: t.nn.Upsample(mode="bilinear", **settings)(x)  # noqa: E731
        case("Upsample", upsampled, IMAGES, align_corners=corners, **settings)
case("interpolate", F("interpolate"), SIGNALS, scale_factor=2, mode="linear")
for size in ((1, 3), (3, -1)):
    case("Unflatten", lambda t, x, size: t.nn.Unflatten(1, size)(x), SIGNALS, size=size)

for reduction in ("mean", "sum", "none"):
    for name in ("l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss", "kl_div"):
        case(name, F(name), real(4, 5), share(4, 5), reduction=reduction)
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):  # with the gradient of the target
        case(name, F(name), share(4, 5), share(4, 5), reduction=reduction)
    for shape in ((5,), (4, 5), (2, 3, 4)):
        case("cross_entropy", F("cross_entropy"), real(*shape), share(*shape), reduction=reduction)
        smooth = {"reduction": reduction, "label_smoothing": 0.25}
        case("cross_entropy", F("cross_entropy"), real(*shape), share(*shape), **smooth)
case("smooth_l1_loss", F("smooth_l1_loss"), real(4, 5), share(4, 5), beta=0.5)
case("huber_loss", F("huber_loss"), real(4, 5), share(4, 5), delta=2.5)
case(
    "binary_cross_entropy",
    F("binary_cross_entropy"),
    Draw((24,), allowed=(0, 0.5, 1)),
    Draw((24,), allowed=(0, 0.5, 1), wants_gradient=False),
    reduction="none",
    note="float32",
)

EDGES = (-1000, -100, -30, -6, -3, -1, -0.5, -1e-6, 0, 1e-9, 0.5, 1, 3, 6, 20, 21, 100, 1000)
for name in """relu relu6 elu celu selu silu mish hardswish softplus softsign logsigmoid tanhshrink hardshrink
               softshrink hardtanh leaky_relu""".split():
    case(name, F(name), Draw((60,), allowed=EDGES))
case("hardsigmoid", F("hardsigmoid"), Draw((60,), allowed=EDGES), note="float32")
for shape in ((), (4,), (2, 3), (2, 3, 4), (2, 3, 4, 5)):
    for name in ("softmax", "log_softmax", "softmin"):
        case(name, F(name), real(*shape))  # without dim
for p, dim in itertools.product((1, 2, 3, float("inf")), (0, 1, -1)):
    case("normalize", F("normalize"), real(4, 5), p=p, dim=dim)
case("normalize", F("normalize"), Draw((4, 5), allowed=(0,)))
for settings in ({}, {"num_classes": 5}):
    case("one_hot", F("one_hot"), Draw((4, 3), 0, 4, kind="int"), **settings)
case("embedding", F("embedding"), Draw((4, 3), 0, 4, kind="int"), real(4, 2), padding_idx=-1)
case("batch_norm", lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True), SIGNALS)
AFFINE = {"weight": share(3), "bias": share(3)}
ESTIMATES = {"running_mean": share(3), "running_var": share(3)}
for name, inputs in (("BatchNorm2d", (IMAGES, real(4, 3, 2, 2))), ("BatchNorm1d", (SIGNALS, real(5, 3)))):
    for settings, state in (
        ({"momentum": None}, {**AFFINE, **ESTIMATES}),
        ({"affine": False}, ESTIMATES),
        ({"track_running_stats": False, "bias": False}, {"weight": share(3)}),
        ({"affine": False, "track_running_stats": False}, {}),
    ):
        run = lambda t, name=name, settings=settings: getattr(t.nn, name)(3, **settings)  # noqa: E731
        CASES.append(LayerCase("nn", name, run, inputs, settings, state=state, evaluate=True))
case("input", lambda t, x: t.nn.MaxPool2d(2)(input=x), IMAGES)


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case.id}" for i, case in enumerate(CASES)])
def test_agrees_with_torch(case):
    import torch

    inputs = case.draw(generator())
    if case.note == "float32":  # in float64, too, torch computes this with constants of float32
        inputs = [array.astype(np.float32) for array in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of a softmax without dim, and of kl_div's mean
        expected = _or_error(case, torch, inputs)
    found = _or_error(case, tinytorch, inputs)
    if not isinstance(expected, Exception):
        assert not isinstance(found, Exception), repr(found)
        assert_same(found, expected, inputs)
    else:
        assert isinstance(found, (ValueError, TypeError)), f"torch raises {expected!r}, got {found!r}"


def _or_error(case, t, inputs):
    try:
        return case.measure(t, inputs)
    except (RuntimeError, ValueError, TypeError) as error:
        return error


def networks(t):
    """A network with all kinds of states, in training for a while."""
    net = t.nn.Sequential(
        *(t.nn.Conv2d(2, 4, 3), t.nn.BatchNorm2d(4, momentum=None), t.nn.ReLU(inplace=True)),
        *(t.nn.GroupNorm(2, 4), t.nn.Flatten(), t.nn.Linear(64, 6), t.nn.BatchNorm1d(6), t.nn.PReLU()),
        *(t.nn.LayerNorm(6), t.nn.Dropout(0.5)),
    )
    draw = np.random.default_rng(1).normal(size=(3, 5, 2, 6, 6)).astype(np.float32)
    for batch in draw:
        net(t.tensor(batch))
    return net.eval(), draw[0]


def test_torch_loads_our_state_strictly():
    import torch

    ours, x = networks(tinytorch)
    theirs, _ = networks(torch)
    state = {name: torch.from_numpy(to_array(value).copy()) for name, value in ours.state_dict().items()}
    assert {name: value.dtype for name, value in theirs.state_dict().items()} == {n: v.dtype for n, v in state.items()}
    theirs.load_state_dict(state, strict=True)
    np.testing.assert_allclose(to_array(theirs(torch.tensor(x))), to_array(ours(tinytorch.tensor(x))), atol=1e-5)


def test_we_load_torchs_state_strictly():
    import torch

    ours, x = networks(tinytorch)
    theirs, _ = networks(torch)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()}, strict=True)
    assert ours[1].num_batches_tracked.item() == 3
    np.testing.assert_allclose(to_array(ours(tinytorch.tensor(x))), to_array(theirs(torch.tensor(x))), atol=1e-5)


def watched(t, arrays):
    """What hooks on the inner layer and on the network see and change, in one forward and backward."""
    first, second = t.nn.Linear(3, 4), t.nn.Linear(4, 2)
    net = t.nn.Sequential(first, t.nn.Tanh(), second).double()
    net.load_state_dict(dict(zip(net.state_dict(), map(t.tensor, arrays[1:]))))
    seen = []

    def note(*values):
        flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
        seen.extend(None if v is None else to_array(v).copy() for v in flat)

    net[1].register_forward_pre_hook(lambda module, inputs: note(inputs))
    net[1].register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    second.register_forward_hook(lambda module, inputs, output: note(inputs, output))
    second.register_forward_hook(lambda module, inputs, output: output + 1)
    second.register_full_backward_hook(lambda module, grad_input, grad_output: note(grad_input, grad_output))
    second.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 3,))
    first.register_full_backward_hook(lambda module, grad_input, grad_output: note(grad_input, grad_output))
    removed = first.register_forward_hook(lambda module, inputs, output: output * 0)
    removed.remove()
    y = net(t.tensor(arrays[0]))
    note(y)
    (y * y).sum().backward()
    note(*(parameter.grad for parameter in net.parameters()))
    return seen


def test_hooks_see_and_change_what_torchs_do():
    import torch

    shapes = ((5, 3), (4, 3), (4,), (2, 4), (2,))
    arrays = [generator().normal(size=shape) for shape in shapes]
    found = watched(tinytorch, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that the inputs of the first layer require no gradient
        expected = watched(torch, arrays)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "shape", "settings"),
    [
        ("uniform_", (200, 300), {"a": -1.0, "b": 3.0}),
        ("normal_", (200, 300), {"mean": 1.0, "std": 2.0}),
        ("trunc_normal_", (200, 300), {"std": 2.0, "a": -1.0, "b": 2.0}),
        ("xavier_uniform_", (200, 300), {"gain": 2.0}),
        ("xavier_normal_", (40, 30, 5, 5), {}),
        ("kaiming_uniform_", (40, 30, 5, 5), {"a": 0.5}),
        ("kaiming_normal_", (40, 30, 5, 5), {"mode": "fan_out", "nonlinearity": "relu"}),
        ("constant_", (2, 3), {"val": 1.5}),
        ("ones_", (2, 3), {}),
        ("zeros_", (2, 3), {}),
        ("eye_", (2, 3), {}),
        ("dirac_", (4, 2, 3, 3), {"groups": 2}),
    ],
)
def test_first_weights_have_torchs_distribution(name, shape, settings):
    import torch

    torch.manual_seed(seed())
    tinytorch.manual_seed(seed())
    ours, theirs = tinytorch.zeros(*shape), torch.zeros(*shape)
    returned = getattr(tinytorch.nn.init, name)(ours, **settings)
    getattr(torch.nn.init, name)(theirs, **settings)
    assert returned is ours
    a, b = to_array(ours).ravel(), to_array(theirs).ravel()
    if len(a) < 100:
        np.testing.assert_array_equal(a, b)
        return
    # 6 standard errors of the difference of two means; two standard deviations differ by less
    bound = 6 * np.sqrt(2 / len(a)) * b.std()
    assert abs(a.mean() - b.mean()) < bound
    assert abs(a.std() - b.std()) < bound
    # Kolmogorov and Smirnov: two draws from one distribution are farther apart once in 10¹⁰ times
    places = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(np.sort(draw), places, side="right") / len(draw) for draw in (a, b)]
    assert np.abs(shares[0] - shares[1]).max() < 3.5 * np.sqrt(2 / len(a))
    if "uniform" in name or name == "trunc_normal_":  # these have limits, to which so many numbers come near
        np.testing.assert_allclose([a.min(), a.max()], [b.min(), b.max()], atol=0.01 * b.std())


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 2, 3)])
def test_orthogonal_rows_or_columns(shape):
    w = to_array(tinytorch.nn.init.orthogonal_(tinytorch.zeros(*shape), gain=2.0)).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_torchs(name):
    import torch

    assert tinytorch.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def test_a_state_of_torchs_in_float64_keeps_its_digits():
    import torch

    theirs, ours = torch.nn.Linear(3, 2).double(), tinytorch.nn.Linear(3, 2, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(to_array(ours.weight), theirs.weight.detach().numpy())
    assert tinytorch.tensor(torch.ones(1, dtype=torch.float64)).dtype == np.float64


@pytest.mark.parametrize(
    "call", ["relu(x, True)", "leaky_relu(x, 0.2, inplace=True)", "elu(x, inplace=True)", "relu6(x, True)"]
)
def test_an_activation_writes_its_result_into_its_input(call):
    torch = pytest.importorskip("torch")
    numbers = generator().standard_normal((3, 4))
    leaf, theirs = tinytorch.Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    for space, start in ((tinytorch.nn.functional, leaf), (torch.nn.functional, theirs)):
        x = start * 2
        out = eval(f"space.{call}", {"space": space, "x": x})
        assert out is x
        (x * x).sum().backward()
        with pytest.raises(RuntimeError, match="leaf"):
            eval(f"space.{call}", {"space": space, "x": start})
    np.testing.assert_allclose(leaf.grad, theirs.grad.numpy(), rtol=1e-12)
