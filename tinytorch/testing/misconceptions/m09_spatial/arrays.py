"""Module 09's functions in a few lines of NumPy: slow, right, and what its wrong ones are made from."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


def pair(value: Any) -> tuple[int, int]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def margins(kernel: tuple[int, ...], padding: Any, dilation: Any) -> list[tuple[int, int]]:
    """Rows, and columns, of border before and after."""
    if padding == "valid":
        padding = 0
    if padding == "same":  # what is odd goes after, as in torch
        total = [d * (k - 1) for k, d in zip(kernel, pair(dilation), strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    return [(p, p) if isinstance(p, (int, np.integer)) else tuple(p) for p in pair(padding)]


def windows(x: Array, kernel: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, value: float = 0.0) -> Array:
    """The windows on padded images: [n, c, i, j, p, q] is the pixel under point (p, q) of window (i, j)."""
    kernel = pair(kernel)
    x = np.pad(x, [(0, 0), (0, 0), *margins(kernel, padding, dilation)], constant_values=value)
    (dh, dw), (sh, sw) = pair(dilation), pair(stride)
    reach = (dh * (kernel[0] - 1) + 1, dw * (kernel[1] - 1) + 1)
    return sliding_window_view(x, reach, axis=(2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]


def per_filter(bias: Array | None) -> Array | float:
    return 0.0 if bias is None else bias[:, None, None]


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
    """y[n,o,i,j] = bias[o] + sum over c,p,q of x[n, c, i*s + p*d, j*s + q*d] * weight[o, c, p, q]."""
    seen = windows(x, weight.shape[2:], stride, padding, dilation)
    parts = zip(np.split(seen, groups, axis=1), np.split(weight, groups), strict=True)
    y = np.concatenate([np.einsum("ncijpq,ocpq->noij", part, w) for part, w in parts], axis=1)
    return y + per_filter(bias)


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
    """The gradients of conv2d's inputs."""
    seen = windows(x, weight.shape[2:], stride, padding, dilation)
    weights, grads = np.split(weight, groups), np.split(grad, groups, axis=1)
    parts = zip(np.split(seen, groups, axis=1), grads, strict=True)
    dw = np.concatenate([np.einsum("ncijpq,noij->ocpq", part, g) for part, g in parts])
    back = [np.einsum("noij,ocpq->ncijpq", g, w) for g, w in zip(grads, weights, strict=True)]
    dx = spread(np.concatenate(back, axis=1), x.shape[2:], stride, padding, dilation)
    return dx, dw, None if bias is None else grad.sum((0, 2, 3))


def spread(
    parts: Array, size: tuple[int, ...], stride: Any, padding: Any, dilation: Any, overwrite: bool = False
) -> Array:
    """Add (or write) every number of [n, c, i, j, p, q] to the pixel that it stands on, the transpose of `windows`."""
    (rows, columns), kernel = parts.shape[2:4], parts.shape[4:]
    (above, below), (left, right) = margins(kernel, padding, dilation)
    (dh, dw), (sh, sw) = pair(dilation), pair(stride)
    padded = np.zeros((*parts.shape[:2], above + size[0] + below, left + size[1] + right), parts.dtype)
    for p, q in np.ndindex(*kernel):
        under = padded[:, :, p * dh : p * dh + rows * sh : sh, q * dw : q * dw + columns * sw : sw]
        under[...] = parts[..., p, q] if overwrite else under + parts[..., p, q]
    return padded[:, :, above : above + size[0], left : left + size[1]]


def as_columns(seen: Array, order: tuple[int, ...] = (0, 1, 4, 5, 2, 3)) -> Array:
    """Windows laid out as im2col does: (N, C*kh*kw, places); another order of their axes is another mistake."""
    n, c, height, width, kh, kw = seen.shape
    return seen.transpose(order).reshape(n, c * kh * kw, height * width)


def as_windows(columns: Array, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    """The columns of im2col with their axes back in the order of `windows`."""
    kernel = pair(kernel)
    channels = columns.shape[1] // (kernel[0] * kernel[1])
    out = windows(np.zeros((1, 1, *size)), kernel, stride, padding, dilation).shape[2:4]
    return columns.reshape(len(columns), channels, *kernel, *out).transpose(0, 1, 4, 5, 2, 3)


def loops(
    x: Array,
    weight: Array,
    bias: Array | None,
    term: Callable[[Any], Any],
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """conv2d_loops with another innermost line: `term(at)`, where `at` has the names that a student sees there.

    Errors of indexing come out as they do in the student's loops.
    """
    out_channels, channels, kh, kw = weight.shape
    out = windows(x[:1, :1], (kh, kw), stride, padding, dilation).shape[2:4]
    border = [(0, 0), (0, 0), *margins((kh, kw), padding, dilation)]
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    at = types.SimpleNamespace(x=x, padded=np.pad(x, border), w=weight, sh=sh, sw=sw, dh=dh, dw=dw)
    y = np.zeros((len(x), out_channels, *out), np.result_type(x, weight))
    for at.n, at.o, at.i, at.j in np.ndindex(*y.shape):
        first = at.o // (out_channels // groups) * channels
        total = 0.0 if bias is None else bias[at.o]
        for at.c, at.p, at.q in np.ndindex(channels, kh, kw):
            at.channel = first + at.c
            total += term(at)
        y[at.n, at.o, at.i, at.j] = total
    return y


def max_pool2d(x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Array:
    seen = windows(x, kernel_size, kernel_size if stride is None else stride, padding, dilation, -np.inf)
    return seen.max(axis=(4, 5))


def avg_pool2d(
    x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Array:
    stride = kernel_size if stride is None else stride
    total = windows(x, kernel_size, stride, padding).sum(axis=(4, 5))
    return total / pixel_counts(x, kernel_size, stride, padding, count_include_pad)


def pixel_counts(x: Array, kernel_size: Any, stride: Any, padding: Any, count_include_pad: bool) -> Array | int:
    """How many numbers each window's mean divides by."""
    if count_include_pad:
        return int(np.prod(pair(kernel_size)))
    return windows(np.ones((1, 1, *x.shape[2:]), x.dtype), kernel_size, stride, padding).sum(axis=(4, 5))


def drawn_convolution(generator: np.random.Generator) -> tuple[list[Array], dict[str, Any]]:
    """x, weight, bias and settings that fit together, richly enough to tell mistakes apart."""
    groups = int(generator.integers(1, 3))
    kernel = generator.permutation((generator.integers(1, 4), generator.integers(2, 4)))
    dilation = tuple(int(d) for d in generator.integers(1, 3, 2))
    channels, filters = groups * generator.integers(1, 4), groups * generator.integers(2, 4)
    size = np.array(dilation) * (kernel - 1) + 1 + generator.integers(2, 5, 2)
    inputs = [
        generator.standard_normal((int(generator.integers(2, 4)), channels, *size)),
        generator.standard_normal((filters, channels // groups, *kernel)),
        generator.standard_normal(filters),
    ]
    stride = tuple(int(s) for s in generator.permutation((generator.integers(1, 4), generator.integers(2, 4))))
    padding = tuple(int(p) for p in generator.integers(0, 3, 2))
    return inputs, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
