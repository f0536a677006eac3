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


def windows(
    x: Array, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, value: float = 0.0
) -> Array:
    """The windows on padded images: [n, c, i, j, p, q] is the pixel under point (p, q) of window (i, j)."""
    kernel = pair(kernel_size)
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


def as_windows(columns: Array, output_size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    """The columns of im2col with their axes back in the order of `windows`."""
    kernel = pair(kernel_size)
    channels = columns.shape[1] // (kernel[0] * kernel[1])
    out = windows(np.zeros((1, 1, *output_size)), kernel, stride, padding, dilation).shape[2:4]
    return columns.reshape(len(columns), channels, *kernel, *out).transpose(0, 1, 4, 5, 2, 3)


def loops(inputs: tuple[Any, ...], term: Callable[[Any], Any]) -> None:
    """convolution_loops with another innermost line: `term(at)`, where `at` has the names that a student sees there.

    Errors of indexing come out as they do in the student's loops.
    """
    padded, weight, bias, y, (sh, sw), (dh, dw), groups = inputs
    channels, kh, kw = weight.shape[1:]
    at = types.SimpleNamespace(padded=padded, w=weight, sh=sh, sw=sw, dh=dh, dw=dw)
    for at.n, at.o, at.i, at.j in np.ndindex(*y.shape):
        first = at.o // (y.shape[1] // groups) * channels
        total = bias[at.o]
        for at.c, at.p, at.q in np.ndindex(channels, kh, kw):
            at.channel, at.row, at.column = first + at.c, at.i * sh + at.p * dh, at.j * sw + at.q * dw
            total += term(at)
        y[at.n, at.o, at.i, at.j] = total


def pooled_windows(
    x: Array, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, value: float = 0.0
) -> Array:
    """The windows of a pooling layer, whose stride is the kernel's size unless another is given."""
    return windows(x, kernel_size, kernel_size if stride is None else stride, padding, dilation, value)


def max_pool2d(x: Array, **settings: Any) -> Array:
    return pooled_windows(x, **settings, value=-np.inf).max(axis=(4, 5))


def avg_pool2d(x: Array, *, count_include_pad: bool = True, **settings: Any) -> Array:
    return pooled_windows(x, **settings).sum(axis=(4, 5)) / pixel_counts(x, count_include_pad, **settings)


def pixel_counts(x: Array, count_include_pad: bool, **settings: Any) -> Array | int:
    """How many numbers each window's mean divides by."""
    if count_include_pad:
        return int(np.prod(pair(settings["kernel_size"])))
    return pooled_windows(np.ones((1, 1, *x.shape[2:]), x.dtype), **settings).sum(axis=(4, 5))
