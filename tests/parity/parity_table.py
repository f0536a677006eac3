"""The table of parity: every exported function and layer, with the shapes and settings it is compared on.

`scripts/make-goldens` and the checks in this folder read this table and no other. An entry is a text of
program that both libraries run, and what it is run on; only where torch spells it differently there are two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from parity_case import Case, Draw, LayerCase, OptimizerCase, to_array

# Names that torch has too and that no case is named after, and why.
NOT_COMPARED = {
    "random numbers come from NumPy's generator, not torch's": "rand randn manual_seed default_generator",
    "every case that has a gradient runs it": "backward",
    "switches, without numbers of their own": "no_grad is_grad_enabled",
    "what layers and optimizers are derived from": "Parameter Module Optimizer",
    "another thing than torch's of this name": "Node unique",
}

TABLE: list[Case] = []


def real(*shape: int, low: float = -3.0, high: float = 3.0, **more: Any) -> Draw:
    return Draw(shape, low, high, **more)


def positive(*shape: int) -> Draw:
    return Draw(shape, 0.25, 4.0)


def labels(*shape: int, classes: int) -> Draw:
    return Draw(shape, 0, classes, kind="int")


def constant(*shape: int, low: float = -3.0, high: float = 3.0) -> Draw:
    return Draw(shape, low, high, wants_gradient=False)


def mask(*shape: int) -> Draw:
    return Draw(shape, kind="bool")


# --- 01 tensor ---
def tensor(function, run, *inputs, note="", theirs=None, **settings):
    TABLE.append(Case("tensor", function, run, inputs, settings, note, theirs))


BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1, 4), (3, 1)), ((), (2, 3)), ((1,), (2, 2))]
for a, b in BROADCASTS:
    tensor("add", lambda t, a, b: a + b, real(*a), real(*b))
    tensor("sub", lambda t, a, b: a - b, real(*a), real(*b))
    tensor("mul", lambda t, a, b: a * b, real(*a), real(*b))
    tensor("div", lambda t, a, b: a / b, real(*a), positive(*b))
    tensor("pow", lambda t, a, b: a**b, positive(*a), real(*b))
for n in (2, 3, -1, 0.5, 0, 1):
    tensor("pow", lambda t, x, exponent: x**exponent, positive(3, 4), exponent=n)
tensor("pow", lambda t, x: x**2, real(3, 4), note="negative-base")
tensor("pow", lambda t, x: 2.0**x, real(3, 4), note="number-base")
for note, run in {
    "number-right": lambda t, x: ((x + 2) * 3 - 0.5) / 4,
    "number-left": lambda t, x: 3 - 2 * (1 + x),
    "inexact-number": lambda t, x: x * 0.1,
    "same-tensor-twice": lambda t, x: x * x + x,
    "integer-tensor": lambda t, x: x * t.tensor([1, 2, 3, 4]),
}.items():
    tensor("mul", run, real(3, 4), note=note)
tensor("div", lambda t, x: 2.0 / x, positive(3, 4), note="number-left")
tensor("neg", lambda t, x: -x, real(2, 3))

for name, draw in {
    "exp": real(3, 4),
    "log": positive(3, 4),
    "sqrt": positive(3, 4),
    "abs": real(3, 4),
}.items():
    tensor(name, lambda t, x, name=name: getattr(t, name)(x), draw)
    tensor(name, lambda t, x, name=name: getattr(x, name)(), draw, note="method")
tensor("abs", lambda t, x: t.abs(x), real(3, 4, allowed=(-1, 0, 1)), note="zeros")
for bounds in ({"min": -1.0, "max": 1.0}, {"min": 0.0}, {"max": 0.5}):
    tensor("clip", lambda t, x, **bounds: t.clip(x, **bounds), real(3, 4), **bounds)
tensor("clip", lambda t, x: x.clip(-1, 1), real(3, 4, allowed=(-2, -1, 0, 1, 2)), note="at-the-bounds")

MATMULS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((1, 4, 2, 3), (2, 1, 3, 2)),
]
for a, b in MATMULS:
    tensor("matmul", lambda t, a, b: t.matmul(a, b), real(*a), real(*b))
tensor("matmul", lambda t, a, b: a @ b, real(2, 3), real(3, 2), note="operator")
tensor("matmul", lambda t, a, b: a.T @ b.T, real(3, 2), real(4, 3), note="transposed")

for name in ("sum", "mean", "amax", "amin"):
    call = lambda t, x, name=name, **settings: getattr(t, name)(x, **settings)  # noqa: E731
    tensor(name, call, real(2, 3, 4))
    for dim in (0, 1, -1, (0, 2), (-1, 0)):
        tensor(name, call, real(2, 3, 4), dim=dim)
    tensor(name, call, real(2, 3, 4), dim=1, keepdim=True)
    tensor(name, call, real(2, 3, 4), dim=(1, 2), keepdim=True)
    tensor(name, call, real(2, 6, allowed=(0, 1)), dim=1, note="ties")
    if name in ("sum", "mean"):
        tensor(name, lambda t, x, name=name: getattr(x, name)(1, True), real(2, 3, 4), note="method")
for settings in (
    {},
    {"dim": 0},
    {"dim": -1, "keepdim": True},
    {"dim": (0, 2)},
    {"dim": (1, 2), "correction": 0},
):
    tensor("var", lambda t, x, **settings: t.var(x, **settings), real(4, 3, 5), **settings)
tensor("var", lambda t, x: x.var(dim=0, correction=0, keepdim=True), real(4, 3, 5), note="method")
for name in ("max", "min"):
    call = lambda t, x, name=name, **settings: getattr(t, name)(x, **settings)  # noqa: E731
    tensor(name, call, real(2, 3, 4))
    tensor(name, call, real(2, 3, 4, allowed=(0, 1)), note="ties")
    for settings in ({"dim": 0}, {"dim": 1, "keepdim": True}, {"dim": -1}):
        tensor(name, call, real(2, 3, 4, distinct=True), **settings)
    tensor(name, lambda t, x, name=name: getattr(x, name)(1), real(3, 5, distinct=True), note="method")
    for dim in (None, 0, -1):
        run = lambda t, x, dim, name=name: getattr(x, f"arg{name}")(dim=dim)  # noqa: E731
        tensor("Tensor", run, real(3, 5, distinct=True), note=f"arg{name}", dim=dim)
for dim, index in ((0, (2, 4)), (1, (3, 6)), (-1, (3, 1))):
    high = (3, 4)[dim]
    tensor(
        "gather",
        lambda t, x, i, dim: t.gather(x, dim, i),
        real(3, 4),
        labels(*index, classes=high),
        dim=dim,
    )

for shape in ((6, 4), (-1, 8), (24,), (2, 3, 4, 1)):
    tensor("reshape", lambda t, x, shape: t.reshape(x, shape), real(2, 3, 4), shape=shape)
    tensor("reshape", lambda t, x, shape: x.reshape(*shape), real(2, 3, 4), shape=shape, note="method")
tensor("reshape", lambda t, x: x.view(3, -1), real(2, 3, 4), note="view")
tensor("reshape", lambda t, x: x.permute(2, 0, 1).reshape(4, 6), real(2, 3, 4), note="of-permuted")
for dims in ((2, 0, 1), (0, 2, 1), (-1, 0, 1)):
    tensor("permute", lambda t, x, dims: t.permute(x, dims), real(2, 3, 4), dims=dims)
tensor("permute", lambda t, x: x.permute(1, 2, 0), real(2, 3, 4), note="method")
for dims in ((0, 1), (1, -1)):
    tensor("transpose", lambda t, x, dims: t.transpose(x, *dims), real(2, 3, 4), dims=dims)
for dims in ((), (1,), (0, 1), (1, -2)):
    tensor("flatten", lambda t, x, dims: t.flatten(x, *dims), real(2, 3, 4, 2), dims=dims)
tensor("flatten", lambda t, x: t.flatten(x), real(), note="no-axis")
for dim in (0, 1, -1, -2):
    tensor("unsqueeze", lambda t, x, dim: t.unsqueeze(x, dim), real(2, 3), dim=dim)
for dims in ((), (0,), (1,), (-1,)):
    tensor("squeeze", lambda t, x, dims: t.squeeze(x, *dims), real(1, 3, 1, 2, 1), dims=dims)

for note, run in {
    "integer": lambda t, x: x[1],
    "negative": lambda t, x: x[-1, :, -2],
    "slices": lambda t, x: x[1:, ::2, :3],
    "ellipsis": lambda t, x: x[..., 0],
    "new-axis": lambda t, x: x[:, None, 1],
    "list": lambda t, x: x[[2, 0, 2]],
    "tensor": lambda t, x: x[:, t.tensor([[0, 3], [3, 1]])],
    "two-tensors": lambda t, x: x[t.tensor([0, 2, 0]), t.tensor([1, 1, 1])],
    "mask": lambda t, x: x[x > 0],
    "row-mask": lambda t, x: x[t.tensor([True, False, True])],
}.items():
    tensor("getitem", run, real(3, 4, 5), note=note)

tensor("where", lambda t, c, a, b: t.where(c, a, b), mask(2, 3), real(2, 3), real(2, 3))
tensor("where", lambda t, c, a, b: t.where(c, a, b), mask(4, 1, 3), real(2, 1), real(3))
tensor("where", lambda t, a: t.where(a > 0, a, 0.0), real(3, 4), note="number")
for dim in (0, 1, -1):
    run = lambda t, a, b, c, dim: t.concatenate([a, b, c], dim)  # noqa: E731
    shapes = [tuple(n + i * (axis == dim % 2) for axis, n in enumerate((2, 3))) for i in range(3)]
    tensor("concatenate", run, *[real(*shape) for shape in shapes], dim=dim)
for dim in (0, 1, -1):
    tensor("stack", lambda t, a, b, dim: t.stack([a, b], dim), real(2, 3), real(2, 3), dim=dim)
tensor("stack", lambda t, a: t.stack([a, a, 2 * a]), real(2, 3), note="same-tensor-thrice")
for amount, value in (((1, 2), 0.0), ((0, 1, 2, 0), 1.5), ((1, 1, 1, 1, 2, 0), -1.0), ((0, 0), 0.0)):
    tensor(
        "pad",
        lambda t, x, pad, value: t.nn.functional.pad(x, pad, value=value),
        real(2, 3, 4),
        pad=amount,
        value=value,
    )

tensor("zeros", lambda t: (t.zeros(2, 3), t.zeros((4,))))
tensor("ones", lambda t: (t.ones(2, 3), t.ones((4,))))
tensor("full", lambda t: (t.full((2, 3), 1.5), t.full((2,), 7)))
tensor("eye", lambda t: (t.eye(3), t.eye(2, 4)))
tensor("arange", lambda t: (t.arange(5), t.arange(2, 9, 3), t.arange(0.0, 1.0, 0.25), t.arange(5, 0, -2)))
tensor("tensor", lambda t: (t.tensor([[1.0, 2.5]]), t.tensor([1, 2]), t.tensor([True, False]), t.tensor(3.0)))


# --- 02 activations ---
def activation(function, run, *inputs, note="", **settings):
    TABLE.append(Case("activations", function, run, inputs, settings, note))


def in_chapter(module, name):
    """For what is no part of the faces, since torch does not have it: straight from the chapter."""
    return lambda t, *inputs, **settings: getattr(getattr(t.core, module), name)(*inputs, **settings)


def functional(name):
    return lambda t, *inputs, **settings: getattr(t.nn.functional, name)(*inputs, **settings)


# Where formulas overflow, with values beside them where the gradient is not all rounding.
LARGE = (-40, -20, -8, -1, 0, 1, 8, 20, 40)

for name in ("relu", "sigmoid", "tanh", "softplus", "gelu", "leaky_relu"):
    activation(name, functional(name), real(3, 4))
    activation(name, functional(name), real(2, 3, 2, 2))
    activation(name, functional(name), real(24, allowed=LARGE), note="large")
    activation(name, functional(name), real(3, 4, allowed=(-1, 0, 1)), note="zeros")
activation("gelu", functional("gelu"), real(3, 4), approximate="tanh")
activation("gelu", functional("gelu"), real(24, allowed=LARGE), approximate="tanh", note="large")
activation("leaky_relu", functional("leaky_relu"), real(3, 4), negative_slope=0.2)
for name in ("softmax", "log_softmax"):
    for dim in (0, 1, -1):
        activation(name, functional(name), real(2, 3, 4), dim=dim)
    activation(name, functional(name), real(3, 5, low=-900, high=900), dim=1, note="large")
    activation(name, functional(name), real(3, 1), dim=1, note="one-class")


def layer(module, function, run, *inputs, note="", evaluate=False, **state):
    """`weight=real(…)` and the like say what the layer's state holds; `a__b` is the entry `a.b`."""
    state = {name.replace("__", "."): draw for name, draw in state.items()}
    TABLE.append(LayerCase(module, function, run, inputs, note=note, state=state, evaluate=evaluate))


for name in ("Sigmoid", "Tanh", "Softplus", "GELU"):
    layer("activations", name, lambda t, name=name: getattr(t.nn, name)(), real(3, 4))
layer("activations", "GELU", lambda t: t.nn.GELU("tanh"), real(3, 4), note="tanh")
for name in ("Softmax", "LogSoftmax"):
    layer("activations", name, lambda t, name=name: getattr(t.nn, name)(dim=1), real(2, 3, 4), note="dim1")
    layer("activations", name, lambda t, name=name: getattr(t.nn, name)(-1), real(3, 4), note="dim-1")


# --- 03 layers ---
for name in ("ReLU", "LeakyReLU"):
    layer("layers", name, lambda t, name=name: getattr(t.nn, name)(), real(3, 4))
layer("layers", "LeakyReLU", lambda t: t.nn.LeakyReLU(0.3), real(3, 4), note="slope0.3")


def case(module, function, *inputs, note="", run=None, theirs=None, **settings):
    TABLE.append(Case(module, function, run or functional(function), inputs, settings, note, theirs))


for shape in ((3,), (4, 3), (2, 5, 3), (0, 3)):
    case("layers", "linear", real(*shape), real(6, 3), real(6))
case("layers", "linear", real(4, 3), real(6, 3), note="no-bias")
case(
    "layers",
    "linear",
    real(3, 4),
    real(6, 3),
    note="transposed-input",
    run=lambda t, x, w: t.nn.functional.linear(x.T, w),
)
layer("layers", "Linear", lambda t: t.nn.Linear(3, 5), real(4, 3), weight=real(5, 3), bias=real(5))
layer(
    "layers",
    "Linear",
    lambda t: t.nn.Linear(3, 5, bias=False),
    real(2, 4, 3),
    weight=real(5, 3),
    note="no-bias",
)
layer(
    "layers",
    "Linear",
    lambda t: t.nn.Linear(3, 5),
    real(4, 3),
    real(2, 3),
    weight=real(5, 3),
    bias=real(5),
    note="gradients-add-up",
)
layer("layers", "Identity", lambda t: t.nn.Identity(), real(2, 3))
case("layers", "dropout", real(2, 3), p=0.5, training=False)
case("layers", "dropout", real(2, 3), p=0.0)
case("layers", "dropout", real(2, 3), p=1.0)
layer("layers", "Dropout", lambda t: t.nn.Dropout(0.5).eval(), real(2, 3), note="eval")
layer("layers", "Dropout", lambda t: t.nn.Dropout(0.0), real(2, 3), note="p0")
layer("layers", "Dropout", lambda t: t.nn.Dropout(1.0), real(2, 3), note="p1")
layer(
    "layers",
    "Sequential",
    lambda t: t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Tanh(), t.nn.Linear(4, 2)),
    real(5, 3),
    **{"0__weight": real(4, 3), "0__bias": real(4), "2__weight": real(2, 4), "2__bias": real(2)},
)


# --- 04 losses ---
REDUCTIONS = ("mean", "sum", "none")
case("losses", "mse_loss", real(3, 4), real(3, 4))
for reduction in REDUCTIONS:
    case("losses", "mse_loss", real(2, 3), real(2, 3), reduction=reduction)

for reduction in REDUCTIONS:
    for note, settings in {
        "": {},
        "ignore": {"ignore_index": 2},
        "smooth": {"label_smoothing": 0.1},
        "ignore-smooth": {"ignore_index": 0, "label_smoothing": 0.25},
    }.items():
        case(
            "losses",
            "cross_entropy",
            real(6, 4),
            labels(6, classes=4),
            reduction=reduction,
            note=note,
            **settings,
        )
        case(
            "losses",
            "cross_entropy",
            real(6, 4),
            labels(6, classes=4),
            constant(4, low=0.25, high=2),
            reduction=reduction,
            note=f"{note}-weight".strip("-"),
            **settings,
        )
    case(
        "losses",
        "cross_entropy",
        real(2, 3, 2, 4),
        labels(2, 2, 4, classes=3),
        reduction=reduction,
        note="pictures",
    )
    case("losses", "nll_loss", real(6, 4), labels(6, classes=4), reduction=reduction)
    case(
        "losses",
        "nll_loss",
        real(6, 4),
        labels(6, classes=4),
        constant(4, low=0.25, high=2),
        reduction=reduction,
    )
    case("losses", "nll_loss", real(6, 4), labels(6, classes=4), reduction=reduction, ignore_index=1)
    name = "binary_cross_entropy_with_logits"
    case("losses", name, real(3, 4), constant(3, 4, low=0, high=1), reduction=reduction)
    case(
        "losses",
        name,
        real(3, 4),
        constant(3, 4, low=0, high=1),
        constant(4, low=0.25, high=2),
        run=lambda t, x, y, w, reduction: t.nn.functional.binary_cross_entropy_with_logits(
            x, y, pos_weight=w, reduction=reduction
        ),
        reduction=reduction,
        note="pos_weight",
    )
    case(
        "losses",
        name,
        real(3, 4),
        constant(3, 4, low=0, high=1),
        constant(3, 4, low=0.25, high=2),
        reduction=reduction,
        note="weight",
    )
case("losses", "cross_entropy", real(4), labels(classes=4), note="one-sample")
case("losses", "cross_entropy", real(4, 3, low=-900, high=900), labels(4, classes=3), note="large")
case("losses", "nll_loss", real(4), labels(classes=4), note="one-sample")
case("losses", "nll_loss", real(2, 3, 4), labels(2, 4, classes=3), note="rows")
case(
    "losses",
    "binary_cross_entropy_with_logits",
    real(12, low=-900, high=900),
    constant(12, low=0, high=1),
    note="large",
)

for name, settings, target in (
    ("MSELoss", {}, constant(3, 4)),
    ("MSELoss", {"reduction": "sum"}, constant(3, 4)),
    ("BCEWithLogitsLoss", {}, constant(3, 4, low=0, high=1)),
    ("BCEWithLogitsLoss", {"reduction": "none"}, constant(3, 4, low=0, high=1)),
    ("CrossEntropyLoss", {}, labels(3, classes=4)),
    ("CrossEntropyLoss", {"label_smoothing": 0.1, "reduction": "sum"}, labels(3, classes=4)),
    ("CrossEntropyLoss", {"ignore_index": 1, "reduction": "none"}, labels(3, classes=4)),
    ("NLLLoss", {}, labels(3, classes=4)),
    ("NLLLoss", {"ignore_index": 3, "reduction": "sum"}, labels(3, classes=4)),
):
    case(
        "losses",
        name,
        real(3, 4),
        target,
        run=lambda t, x, y, name=name, **settings: getattr(t.nn, name)(**settings)(x, y),
        **settings,
    )
for name in ("CrossEntropyLoss", "NLLLoss"):
    case(
        "losses",
        name,
        real(6, 4),
        labels(6, classes=4),
        constant(4, low=0.25, high=2),
        run=lambda t, x, y, w, name=name: getattr(t.nn, name)(weight=w)(x, y),
        note="weight",
    )


# --- 06 optimizers, 07 ---
def optimizer(function, note="", run=None, steps=4, **settings):
    def build(t, parameters, **settings):
        return getattr(t.optim, function)(parameters, **settings)

    inputs = (real(3, 4), real(5))
    TABLE.append(OptimizerCase("optimizers", function, run or build, inputs, settings, note, steps=steps))


optimizer("SGD", lr=0.1)
optimizer("SGD", lr=0.1, weight_decay=0.2)
optimizer("SGD", lr=0.1, momentum=0.9)
optimizer("SGD", lr=0.1, momentum=0.9, dampening=0.25)
optimizer("SGD", lr=0.1, momentum=0.9, nesterov=True)
optimizer("SGD", lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1)
for name in ("Adam", "AdamW"):
    optimizer(name)
    optimizer(name, lr=0.1)
    optimizer(name, lr=0.1, betas=(0.8, 0.95), eps=1e-3)
    optimizer(name, lr=0.1, weight_decay=0.2)
optimizer(
    "SGD",
    run=lambda t, p: t.optim.SGD(
        [{"params": p[:1], "lr": 0.5}, {"params": p[1:], "weight_decay": 0.3}], lr=0.1, momentum=0.5
    ),
    note="groups",
)
optimizer(
    "AdamW",
    run=lambda t, p: t.optim.AdamW([{"params": p[:1], "lr": 0.5}, {"params": p[1:], "betas": (0.5, 0.5)}], lr=0.1),
    note="groups",
)


# --- 05 autograd, 07 training ---
TABLE.append(
    Case(
        *("autograd", "grad", lambda t, x, y: t.grad((x * y).sum(), [x, y]), (real(3), real(2, 3))),
        theirs=lambda t, x, y: t.autograd.grad((x * y).sum(), [x, y]),
    )
)
TABLE.append(
    Case(
        *("autograd", "grad", lambda t, x, y, v: t.grad(x * y, [y], v), (real(3), real(3), constant(3))),
        note="grad_outputs",
        theirs=lambda t, x, y, v: t.autograd.grad(x * y, [y], v),
    )
)


def clipped(clip, t, a, b, grad_a, grad_b, max_norm):
    a.grad, b.grad = grad_a, grad_b
    length = clip([a, b], max_norm)
    return t.tensor(np.array(float(length), to_array(a).dtype)), a.grad, b.grad


for max_norm in (1.0, 100.0):
    TABLE.append(
        Case(
            *("training", "clip_grad_norm"),
            lambda t, *inputs, max_norm: clipped(t.clip_grad_norm, t, *inputs, max_norm),
            (real(3, 4), real(5), constant(3, 4), constant(5)),
            {"max_norm": max_norm},
            theirs=lambda t, *inputs, max_norm: clipped(t.nn.utils.clip_grad_norm_, t, *inputs, max_norm),
        )
    )


def rates(schedule, optimizer, steps):
    """The learning rate before each step and after the last."""
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array([*found, optimizer.param_groups[0]["lr"]])


def cosine(t, x):
    optimizer = t.optim.SGD([x], lr=0.3)
    if t.__name__ == "torch":
        schedule = t.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10, eta_min=0.01)
    else:
        schedule = t.optim.CosineSchedule(optimizer, 10, min_lr=0.01)
    return t.tensor(rates(schedule, optimizer, 10).astype(to_array(x).dtype))


TABLE.append(Case("training", "CosineSchedule", cosine, (real(1),)))


# --- 09 spatial ---
CONVOLUTIONS: list[tuple[tuple, tuple, dict]] = [
    ((1, 1, 3, 3), (1, 1, 2, 2), {}),
    ((2, 3, 5, 7), (4, 3, 3, 2), {}),
    ((2, 3, 5, 5), (4, 3, 3, 3), {"padding": 1}),
    ((2, 3, 6, 5), (4, 3, 3, 3), {"stride": 2}),
    ((2, 3, 6, 5), (4, 3, 3, 3), {"stride": 2, "padding": 1}),
    ((1, 2, 7, 8), (3, 2, 3, 2), {"stride": (2, 1), "padding": (0, 1)}),
    ((1, 2, 7, 8), (3, 2, 2, 3), {"stride": (1, 3), "padding": (1, 2)}),
    ((1, 2, 7, 9), (3, 2, 3, 3), {"dilation": 2}),
    ((1, 2, 7, 9), (3, 2, 2, 3), {"dilation": (3, 1), "padding": (2, 1)}),
    ((1, 2, 9, 9), (2, 2, 3, 3), {"stride": 2, "dilation": 2, "padding": 3}),
    ((1, 2, 7, 7), (2, 2, 3, 3), {"stride": 3, "padding": 1}),
    ((1, 2, 5, 5), (2, 2, 1, 1), {"stride": 3}),
    ((2, 4, 5, 4), (6, 2, 3, 3), {"groups": 2, "padding": 1}),
    ((2, 4, 5, 6), (4, 2, 3, 2), {"groups": 2, "stride": (2, 1)}),
    ((2, 4, 5, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    ((2, 3, 6, 5), (6, 1, 3, 3), {"groups": 3, "stride": 2, "padding": 1}),
    ((2, 4, 3, 5), (6, 4, 1, 1), {}),
    ((2, 4, 6, 5), (6, 4, 1, 1), {"stride": 2}),
    ((2, 4, 3, 5), (6, 4, 1, 1), {"padding": 1}),
    ((2, 4, 3, 5), (4, 2, 1, 1), {"groups": 2}),
    ((1, 2, 4, 4), (3, 2, 4, 4), {}),
    ((1, 2, 4, 5), (3, 2, 1, 5), {}),
    ((1, 2, 2, 2), (3, 2, 4, 4), {"padding": 2}),
    ((1, 1, 9, 9), (1, 1, 7, 7), {"padding": 3}),
    ((1, 2, 5, 6), (3, 2, 3, 3), {"padding": "same"}),
    ((1, 2, 5, 6), (3, 2, 5, 3), {"padding": "same", "dilation": (1, 2)}),
    ((1, 2, 5, 6), (3, 2, 3, 3), {"padding": "valid", "stride": 2}),
]
for x, w, settings in CONVOLUTIONS:
    scale = {"low": -1.0, "high": 1.0}
    case("spatial", "conv2d", real(*x), real(*w, **scale), real(w[0]), **settings)
    case("spatial", "conv2d", real(*x), real(*w, **scale), **settings, note="no-bias")
case(
    "spatial",
    "conv2d",
    constant(2, 3, 5, 5),
    real(4, 3, 3, 3),
    real(4),
    padding=1,
    note="input-without-gradient",
)
case("spatial", "conv2d", real(2, 3, 5, 5), constant(4, 3, 3, 3), padding=1, note="weight-without-gradient")
case(
    "spatial",
    "conv2d",
    real(2, 5, 6, 3),
    real(3, 2, 3, 4),
    note="channels-last",
    run=lambda t, x, w: t.nn.functional.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 0, 1, 2), stride=2),
)
case(
    "spatial",
    "conv2d",
    real(2, 3, 8, 9),
    real(4, 3, 3, 3),
    note="every-other-pixel",
    run=lambda t, x, w: t.nn.functional.conv2d(x[:, :, ::2, 1::2], w, padding=1),
)

for function in ("conv2d_loops", "conv2d_windows", "conv2d_im2col"):  # the rungs below conv2d, forward only
    for x, w, settings in CONVOLUTIONS[1:8] + CONVOLUTIONS[12:15]:
        case(
            *("spatial", function, constant(*x), constant(*w, low=-1, high=1), constant(w[0])),
            run=in_chapter("spatial", function),
            theirs=functional("conv2d"),
            **settings,
        )
for x, settings in (
    ((2, 3, 4, 5), {"kernel_size": 2}),
    ((2, 3, 5, 6), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ((1, 2, 7, 7), {"kernel_size": 3, "dilation": 2, "padding": 1}),
):
    run = in_chapter("spatial", "im2col")
    case("spatial", "im2col", real(*x), run=run, theirs=functional("unfold"), **settings)
for columns, settings in (
    ((2, 12, 12), {"output_size": (4, 5), "kernel_size": 2}),
    ((2, 18, 15), {"output_size": (5, 6), "kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ((1, 18, 25), {"output_size": (7, 7), "kernel_size": 3, "dilation": 2, "padding": 1}),
):
    run = in_chapter("spatial", "col2im")
    case("spatial", "col2im", real(*columns), run=run, theirs=functional("fold"), **settings)

POOLS: list[tuple[tuple, dict]] = [
    ((2, 3, 4, 6), {"kernel_size": 2}),
    ((2, 3, 5, 7), {"kernel_size": 2}),
    ((1, 2, 6, 7), {"kernel_size": 3, "stride": 2}),
    ((1, 2, 6, 7), {"kernel_size": 3, "stride": 1}),
    ((1, 2, 7, 7), {"kernel_size": 2, "stride": 3}),
    ((1, 2, 6, 7), {"kernel_size": (3, 2), "stride": (1, 2)}),
    ((1, 2, 6, 7), {"kernel_size": (1, 4)}),
    ((1, 2, 5, 5), {"kernel_size": 2, "padding": 1}),
    ((1, 2, 6, 5), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((1, 2, 6, 7), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ((1, 2, 4, 4), {"kernel_size": 4}),
]
for settings in ({"kernel_size": 2, "dilation": 2}, {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": (1, 2)}):
    case("spatial", "max_pool2d", real(1, 2, 7, 8, distinct=True), **settings)
for x, settings in POOLS:
    case("spatial", "max_pool2d", real(*x, distinct=True), **settings)
    case("spatial", "max_pool2d", real(*x, low=0, high=2, allowed=(0, 1)), **settings, note="ties")
    case("spatial", "max_pool2d", real(*x, low=-3, high=-0.5), **settings, note="all-negative")
    case("spatial", "avg_pool2d", real(*x), **settings)
    if "padding" in settings:
        case("spatial", "avg_pool2d", real(*x), **settings, count_include_pad=False)
case(
    "spatial",
    "max_pool2d",
    real(2, 3, 4, 5),
    note="positional",
    run=lambda t, x: t.nn.functional.max_pool2d(x, 2, 1),
)
case(
    "spatial",
    "max_pool2d",
    real(2, 4, 5, 3, distinct=True),
    note="channels-last",
    run=lambda t, x: t.nn.functional.max_pool2d(x.permute(0, 3, 1, 2), 2),
)
case(
    "spatial",
    "avg_pool2d",
    real(2, 4, 5, 3),
    note="channels-last",
    run=lambda t, x: t.nn.functional.avg_pool2d(x.permute(0, 3, 1, 2), 2, stride=1),
)
for size in (1, 2, 4, (2, 3), (5, 7), (6, 8)):
    case("spatial", "adaptive_avg_pool2d", real(2, 3, 5, 7), output_size=size)

for note, run, shapes in (
    ("k3", lambda t: t.nn.Conv2d(3, 4, 3), ((2, 3, 5, 6), (4, 3, 3, 3))),
    ("k2x3-s2-p1", lambda t: t.nn.Conv2d(3, 4, (2, 3), stride=2, padding=1), ((2, 3, 5, 6), (4, 3, 2, 3))),
    ("same", lambda t: t.nn.Conv2d(2, 3, 3, padding="same"), ((2, 2, 4, 5), (3, 2, 3, 3))),
    ("d2-groups2", lambda t: t.nn.Conv2d(4, 2, 3, dilation=2, groups=2), ((1, 4, 6, 5), (2, 2, 3, 3))),
    ("depthwise", lambda t: t.nn.Conv2d(4, 4, 3, 1, 1, 1, 4), ((2, 4, 4, 5), (4, 1, 3, 3))),
):
    x, w = shapes
    layer("spatial", "Conv2d", run, real(*x), weight=real(*w), bias=real(w[0]), note=note)
layer(
    "spatial",
    "Conv2d",
    lambda t: t.nn.Conv2d(3, 4, 3, bias=False),
    real(2, 3, 5, 6),
    weight=real(4, 3, 3, 3),
    note="no-bias",
)

for note, run in {
    "2": lambda t: t.nn.MaxPool2d(2),
    "3-stride1-padding1": lambda t: t.nn.MaxPool2d(3, stride=1, padding=1),
    "2x3": lambda t: t.nn.MaxPool2d((2, 3)),
}.items():
    layer("spatial", "MaxPool2d", run, real(2, 3, 5, 6), note=note)
for note, run in {
    "2": lambda t: t.nn.AvgPool2d(2),
    "3-stride1-padding1": lambda t: t.nn.AvgPool2d(3, stride=1, padding=1),
    "3-padding1-without-pad": lambda t: t.nn.AvgPool2d(3, padding=1, count_include_pad=False),
}.items():
    layer("spatial", "AvgPool2d", run, real(2, 3, 5, 6), note=note)
layer("spatial", "AdaptiveAvgPool2d", lambda t: t.nn.AdaptiveAvgPool2d(1), real(2, 3, 4, 5), note="1")
layer("spatial", "AdaptiveAvgPool2d", lambda t: t.nn.AdaptiveAvgPool2d((2, 3)), real(2, 3, 5, 7), note="2x3")
layer("spatial", "Flatten", lambda t: t.nn.Flatten(), real(2, 3, 2, 2))
layer("spatial", "Flatten", lambda t: t.nn.Flatten(2), real(2, 3, 2, 2), note="start2")

STATISTICS = {"running_mean": real(3), "running_var": positive(3)}
AFFINE = {"weight": real(3), "bias": real(3)}
for note, run, state in (
    ("", lambda t: t.nn.BatchNorm2d(3), {**AFFINE, **STATISTICS}),
    ("momentum0.3-eps0.1", lambda t: t.nn.BatchNorm2d(3, eps=0.1, momentum=0.3), {**AFFINE, **STATISTICS}),
):
    first, second = real(2, 3, 4, 3), real(3, 3, 2, 2)
    layer("spatial", "BatchNorm2d", run, first, second, evaluate=True, note=note, **state)
layer(
    "spatial",
    "BatchNorm2d",
    lambda t: t.nn.BatchNorm2d(3).eval(),
    real(2, 3, 4, 3),
    **AFFINE,
    **STATISTICS,
    note="eval",
)

for settings in ({}, {"training": True}, {"training": True, "momentum": 0.3, "eps": 0.1}):
    case(
        *("spatial", "batch_norm", real(2, 3, 4, 3), constant(3), constant(3, low=0.25, high=4), real(3), real(3)),
        run=lambda t, x, mean, var, w, b, **settings: (
            t.nn.functional.batch_norm(x, mean, var, w, b, **settings),
            mean,
            var,
        ),
        **settings,
    )
