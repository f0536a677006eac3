"""Module 09: what goes wrong in convolution, pooling and what surrounds them."""

from __future__ import annotations

import math
import types
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception

Array = np.ndarray


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _margins(kernel: tuple[int, ...], padding: Any, dilation: Any) -> list[tuple[int, int]]:
    """Rows or columns of zeros before and after, for both axes."""
    if padding == "valid":
        padding = 0
    if padding == "same":  # what is odd goes after, as in torch
        total = [d * (k - 1) for k, d in zip(kernel, _pair(dilation), strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    return [(p, p) for p in _pair(padding)]


def _windows(x: Array, kernel: tuple[int, ...], stride: Any, padding: Any, dilation: Any) -> Array:
    """The patches of zero-padded images: [n, c, i, j, p, q] is the pixel under kernel position p, q."""
    x = np.pad(x, [(0, 0), (0, 0), *_margins(kernel, padding, dilation)])
    (dy, dx), (sy, sx) = _pair(dilation), _pair(stride)
    reach = (dy * (kernel[0] - 1) + 1, dx * (kernel[1] - 1) + 1)
    return sliding_window_view(x, reach, axis=(2, 3))[:, :, ::sy, ::sx, ::dy, ::dx]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """The right answer: y[n,o,i,j] = sum over c,p,q of x[n, c, i*s + p*d, j*s + q*d] * w[o, c, p, q]."""
    windows = _windows(x, weight.shape[2:], stride, padding, dilation)
    parts = zip(np.split(windows, groups, axis=1), np.split(weight, groups), strict=True)
    y = np.concatenate([np.einsum("ncijpq,ocpq->noij", part, w) for part, w in parts], axis=1)
    return y if bias is None else y + bias[:, None, None]


@draws("conv2d")
def _conv2d_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    groups = int(generator.choice([1, 1, 2]))
    kernel = generator.integers(1, 4, 2)
    dilation = tuple(int(d) for d in generator.integers(1, 3, 2))
    channels, filters = groups * generator.integers(1, 4), groups * generator.integers(1, 4)
    size = np.array(dilation) * (kernel - 1) + 1 + generator.integers(1, 5, 2)
    return Case(
        home.conv2d,
        generator.standard_normal((int(generator.integers(2, 4)), channels, *size)),
        generator.standard_normal((filters, channels // groups, *kernel)),
        generator.standard_normal(filters),
        stride=tuple(int(s) for s in generator.integers(1, 4, 2)),
        padding=tuple(int(p) for p in generator.integers(0, 3, 2)),
        dilation=dilation,
        groups=groups,
    )


@misconception(
    "conv2d",
    name="the kernel is flipped",
    belief="Convolution turns the kernel around before it slides, as in signal processing.",
    explanation='Deep-learning "convolution" is cross-correlation: the kernel is not flipped.',
    hints=(
        "A kernel is 1 in its first corner and 0 elsewhere. Which pixel of a patch should it pick?",
        "Pixel i + p meets weight p: both indices grow together.",
        "Look for a [::-1], or an index such as k - 1 - p.",
    ),
)
def kernel_flipped(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight[..., ::-1, ::-1], bias, **settings)


@misconception(
    "conv2d",
    name="the stride is ignored",
    belief="The window moves by one pixel; the stride is taken care of elsewhere.",
    explanation="With stride s the window moves s pixels at a time: output i starts at input row i*s.",
    hints=(
        "How many outputs do you get for a row of 5 pixels, kernel 1, stride 2? There are three windows.",
        "The stride enters twice: in the output's size, and in where each window starts.",
    ),
)
def stride_ignored(x: Array, weight: Array, bias: Array | None = None, *, stride: Any = 1, **settings: Any) -> Array:
    return conv2d(x, weight, bias, **settings)


@misconception(
    "conv2d",
    name="the bias is forgotten",
    belief="The filters alone make the output.",
    explanation="Each filter has one bias, added once to every value of its output channel.",
    hints=("What does an all-zero image give? Not zero.", "bias has shape (O,), the output (N, O, H, W)."),
)
def bias_forgotten(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, **settings)


@misconception(
    "vjp(conv2d)",
    name="the bias gradient is averaged",
    belief="Many positions share the bias, so its gradient is the mean over them.",
    explanation="The bias acts on every image and position: its gradient is the sum over all of them.",
    hints=(
        "One number is added in a hundred places. It grows by 1: by how much does their sum?",
        "Sum over the batch and both image axes; keep the channels.",
    ),
)
def bias_gradient_averaged(
    grad: Array, out: Array, x: Array, weight: Array, bias: Array | None = None, **settings: Any
) -> tuple[Array, Array, Array | None]:
    dx, dw, db = conv2d_gradients(grad, x, weight, bias, **settings)
    return dx, dw, None if db is None else db * (grad.shape[1] / math.prod(grad.shape))


def conv2d_gradients(
    grad: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array | None]:
    """The right gradients of conv2d's inputs."""
    windows = _windows(x, weight.shape[2:], stride, padding, dilation)
    (top, bottom), (left, right) = _margins(weight.shape[2:], padding, dilation)
    padded = np.zeros((*x.shape[:2], x.shape[2] + top + bottom, x.shape[3] + left + right), x.dtype)
    (dy, dx_), (sy, sx) = _pair(dilation), _pair(stride)
    rows, columns = grad.shape[2:]
    weights, grads = np.split(weight, groups), np.split(grad, groups, axis=1)
    parts = zip(np.split(windows, groups, axis=1), grads, strict=True)
    dw = np.concatenate([np.einsum("ncijpq,noij->ocpq", part, g) for part, g in parts])
    for p in range(weight.shape[2]):
        for q in range(weight.shape[3]):
            back = [np.einsum("noij,oc->ncij", g, w[:, :, p, q]) for g, w in zip(grads, weights, strict=True)]
            under = padded[:, :, p * dy : p * dy + rows * sy : sy, q * dx_ : q * dx_ + columns * sx : sx]
            under += np.concatenate(back, axis=1)
    dx = padded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
    return dx, dw, None if bias is None else grad.sum((0, 2, 3))
