"""Functions that reduce axes, and running sums along one, with torch's arguments."""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import numpy as np

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor, pick
from tinytorch.functions import elementwise
from tinytorch.functions.lifting import in_floats, primitive_with, rules
from tinytorch.support.dtypes import accurate_sum
from tinytorch.support.tensor import Extremum, dim_and_correction, positive_axis
from tinytorch.support.torch_arguments import torch_arguments

Array = np.ndarray


class MinMax(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


def axes_of(input: Any, dim: Any) -> tuple[int, ...]:
    """Return the axes that `dim` names, counted from the front: an int, several, or None (or none of them) for all."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(input.ndim))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = tuple(positive_axis(d, input.ndim) for d in dims)
    if len(set(axes)) < len(axes):
        raise ValueError(f"dim: expected each axis once, got {dim}")
    return axes if input.ndim else ()


def as_dtype(input: Tensor, dtype: Any) -> Tensor:
    """Return the tensor in another dtype; None leaves it as it is."""
    return input if dtype is None or input.dtype == dtype else convert(input, np.dtype(dtype))


def convert(input: Tensor, dtype: Any) -> Tensor:
    """Return the same numbers in another dtype; the gradient comes back in the first one."""
    out = Tensor(input.data.astype(dtype))  # no primitive: of float32 it would never give float64
    if T.recording.enabled and input.requires_grad and out.dtype.kind == "f":
        out.requires_grad, out.grad_fn = True, T.Node(convert, (input,), {"dtype": dtype})
    return out


rules[convert] = lambda grad, out, x, *, dtype: grad.astype(x.dtype)


def _spread(reduced: Array, x: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    return np.broadcast_to(reduced if keepdim else np.expand_dims(reduced, axes), x.shape)


@torch_arguments
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over the axes `dim` (an int, several, or None for all). Of integers and truth values it is an int64."""
    return as_dtype(T.sum(as_dtype(input, dtype), dim=dim, keepdim=keepdim), dtype)


@torch_arguments
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean over the axes `dim` (an int, several, or None for all). Raises TypeError for integers."""
    input = as_dtype(input, dtype)
    if input.dtype.kind != "f":
        raise TypeError(f"mean: input: expected floating numbers, got {input.dtype}; pass dtype=float32")
    return _mean(input, dim, keepdim)


def _mean(input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    if input.data.size:
        return T.mean(input, dim, keepdim)
    return T.sum(input, dim=dim, keepdim=keepdim) / _count(input, dim)  # NaN for each mean of nothing


@torch_arguments
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over the axes `dim` of what is not NaN."""
    return sum(T.where(np.isnan(input.data), 0, input), dim, keepdim, dtype=dtype)


def _count(input: Tensor, dim: Any) -> int:
    return math.prod(input.shape[axis] for axis in axes_of(input, dim))


def _moments(input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> tuple[Tensor, Tensor]:
    """Return (mean, variance), the variance in float64: its root may fit where it does not."""
    dim, correction = dim_and_correction(dim, unbiased, correction)
    if input.dtype.kind != "f":
        raise TypeError(f"input: expected floating numbers, got {input.dtype}; use input.float()")
    wide = as_dtype(input, np.float64)  # the squares of float32 overflow from 2e19 on
    average = _mean(wide, dim, keepdim=True)
    difference = wide - average
    divisor = np.asarray(builtins.max(0, _count(input, dim) - correction), np.float64)
    variance = T.sum(difference * difference, dim=dim, keepdim=keepdim) / Tensor(divisor)
    average = as_dtype(average, input.dtype)
    return average if keepdim else _squeeze_axes(average, axes_of(input, dim)), variance


def _squeeze_axes(input: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return the tensor without these axes, which have length 1."""
    return T.reshape(input, shape=tuple(n for i, n in enumerate(input.shape) if i not in axes))


@torch_arguments
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """Variance over the axes `dim`: Σ(x − mean)² / (n − correction).

    Correction 1 is the default; `unbiased=False` is torch's older way to write correction 0.
    """
    return as_dtype(_moments(input, dim, unbiased, keepdim, correction)[1], input.dtype)


@torch_arguments
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """Standard deviation over the axes `dim`: the square root of `var`. Where it is 0 its gradient is 0."""
    return as_dtype(_root(_moments(input, dim, unbiased, keepdim, correction)[1]), input.dtype)


@primitive_with(lambda grad, out, x: np.where(out == 0, 0, grad / np.where(out == 0, 1, 2 * out)))
def _root(input: Array) -> Array:
    return np.sqrt(input)


@torch_arguments
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over the axes `dim`: see `var`."""
    average, variance = _moments(input, dim, unbiased, keepdim, correction)
    return as_dtype(variance, input.dtype), average


@torch_arguments
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over the axes `dim`: see `std`."""
    average, variance = _moments(input, dim, unbiased, keepdim, correction)
    return as_dtype(_root(variance), input.dtype), average


# Largest and smallest


@torch_arguments
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Largest value over the axes `dim`, all unless given; equal largest values share the gradient evenly."""
    return T.amax(input, dim=axes_of(input, dim), keepdim=keepdim)


@torch_arguments
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Smallest value over the axes `dim`, all unless given; equal smallest values share the gradient evenly."""
    return T.amin(input, dim=axes_of(input, dim), keepdim=keepdim)


@torch_arguments
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The smallest and the largest value, along one `dim` or of all."""
    return MinMax(amin(input, () if dim is None else dim, keepdim), amax(input, () if dim is None else dim, keepdim))


@torch_arguments
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Largest value of all; (values, indices) along one `dim`, the first among equals; `maximum` of two tensors."""
    if other is not None or isinstance(dim, Tensor):
        return elementwise.maximum(input, dim if other is None else other)
    return T.max(input, dim, keepdim)


@torch_arguments
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Smallest value of all; (values, indices) along one `dim`, the first among equals; `minimum` of two tensors."""
    if other is not None or isinstance(dim, Tensor):
        return elementwise.minimum(input, dim if other is None else other)
    return T.min(input, dim, keepdim)


@torch_arguments
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest value along `dim`, or of all in row-major order; the first among equals."""
    return input.argmax(dim, keepdim)


@torch_arguments
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest value along `dim`, or of all in row-major order; the first among equals."""
    return input.argmin(dim, keepdim)


# Truth values


def _truth(function: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    axes = axes_of(input, dim) if dim is not None else None
    found = np.asarray(function(input.data, axis=axes, keepdims=keepdim))
    return Tensor(found.astype(np.uint8) if input.dtype == np.uint8 else found)


@torch_arguments
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether everything along the axes `dim` is not 0."""
    return _truth(np.all, input, dim, keepdim)


@torch_arguments
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether something along the axes `dim` is not 0."""
    return _truth(np.any, input, dim, keepdim)


@torch_arguments
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many values along the axes `dim` are not 0."""
    return Tensor(np.asarray(np.count_nonzero(input.data, axis=axes_of(input, dim))))


# Products, norms


def _product_rule(grad: Array, out: Array, x: Array, *, dim: int, keepdim: bool) -> Array:
    ones = np.ones_like(x.take([0], dim)) if x.shape[dim] else x
    before = np.concatenate([ones, np.cumprod(x, dim)], dim).take(range(x.shape[dim]), dim)
    backwards = np.flip(x, dim)
    behind = np.flip(np.concatenate([ones, np.cumprod(backwards, dim)], dim).take(range(x.shape[dim]), dim), dim)
    return _spread(grad, x, (dim,), keepdim) * before * behind


@primitive_with(_product_rule)
def _product(x: Array, *, dim: int, keepdim: bool) -> Array:
    return np.prod(x, axis=dim, keepdims=keepdim, dtype=x.dtype)


@torch_arguments
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product of all, or along one `dim`. Of integers and truth values it is an int64."""
    input = as_dtype(input, np.int64 if dtype is None and input.dtype.kind != "f" else dtype)
    if dim is None:
        return _product(T.reshape(input, shape=(-1,)), dim=0, keepdim=False)
    axis = positive_axis(dim, input.ndim)
    return _product(input, dim=axis, keepdim=keepdim) if input.ndim else input.clone()


def _norm_rule(grad: Array, out: Array, x: Array, *, p: float, axes: tuple[int, ...], keepdim: bool) -> Array:
    grad, out = _spread(grad, x, axes, keepdim), _spread(out, x, axes, keepdim)
    if p == 0:
        return np.zeros_like(x)
    sign = np.sign(np.nan_to_num(x))
    if p == 1:
        return sign * grad
    size = np.abs(x)
    if math.isinf(p):
        chosen = size == out
        return sign * chosen * grad / np.maximum(chosen.sum(axis=axes, keepdims=True), 1)
    with np.errstate(all="ignore"):
        scaled = np.sign(x) * np.where((size == 0) & (p < 2), 0 if p < 1 else size, size) ** (p - 1)
        scaled = np.where(x == 0, 0, scaled)
        return np.where(out == 0, 0, scaled * grad / out ** (p - 1))


@in_floats(_norm_rule)
def _norm(x: Array, *, p: float, axes: tuple[int, ...], keepdim: bool) -> Array:
    size = np.abs(x)
    if p == 0:
        return np.asarray((size != 0).sum(axis=axes, keepdims=keepdim)).astype(x.dtype)
    if math.isinf(p):
        return (np.max if p > 0 else np.min)(size, axis=axes, keepdims=keepdim)
    if p == 1:
        return accurate_sum(size, axes, keepdim)
    if p == 2:
        return np.sqrt(accurate_sum(size * size, axes, keepdim))
    return accurate_sum(size**p, axes, keepdim) ** (1 / p)


@torch_arguments
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |x|ᵖ)^(1/p) over the axes `dim`, all unless given. "fro" and None mean p = 2; 0 counts what is not 0.

    Raises ValueError for "nuc", which needs singular values.
    """
    if isinstance(p, str) and p != "fro":
        raise ValueError(f'norm: p: expected a number or "fro", got {p!r}; "nuc" is not served')
    input = as_dtype(input, dtype)
    if input.dtype.kind != "f":
        raise TypeError(f"norm: input: expected floating numbers, got {input.dtype}; use input.float()")
    return _norm(input, p=2.0 if p in (None, "fro") else float(p), axes=axes_of(input, dim), keepdim=keepdim)


def _logsumexp_rule(grad: Array, out: Array, x: Array, *, axes: tuple[int, ...], keepdim: bool) -> Array:
    grad, out = _spread(grad, x, axes, keepdim), _spread(out, x, axes, keepdim)
    return grad * np.exp(x - out)  # NaN where every x is −∞, as in torch


@in_floats(_logsumexp_rule)
def _logsumexp(x: Array, *, axes: tuple[int, ...], keepdim: bool) -> Array:
    if x.size == 0:
        return np.log(np.exp(x).sum(axis=axes, keepdims=keepdim))
    largest = np.max(x, axis=axes, keepdims=True)
    largest = np.where(np.isinf(largest), 0, largest).astype(x.dtype)
    total = np.log(accurate_sum(np.exp(x - largest), axes, keepdims=True)) + largest
    return total if keepdim else total.squeeze(axis=axes)


@torch_arguments
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log Σ eˣ over the axes `dim`, without overflow."""
    return _logsumexp(input, axes=axes_of(input, dim), keepdim=keepdim)


# Running sums


def _sums_so_far(x: Array, dim: int) -> Array:
    if x.dtype == np.float32:  # where the rounding errors of a long axis would add up
        return np.cumsum(x, axis=dim, dtype=np.float64).astype(np.float32)
    return np.cumsum(x, axis=dim, dtype=x.dtype)


@primitive_with(lambda grad, out, x, *, dim: np.flip(_sums_so_far(np.flip(grad, dim), dim), dim))
def _running_sum(x: Array, *, dim: int) -> Array:
    return _sums_so_far(x, dim)


@torch_arguments
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The sums of the first 1, 2, … values along `dim`. Of integers and truth values they are int64."""
    input = as_dtype(input, np.int64 if dtype is None and input.dtype.kind != "f" else dtype)
    axis = positive_axis(dim, input.ndim)
    return _running_sum(input, dim=axis) if input.ndim else input.clone()


def _running_product_rule(grad: Array, out: Array, x: Array, *, dim: int) -> Array:
    # ∂L/∂x[k] = Σ_{i ≥ k} grad[i] · Π_{j ≤ i, j ≠ k} x[j]: with x[k] replaced by 1, so that a 0 does no harm
    found, moved, grad = np.empty_like(x), np.moveaxis(x, dim, -1), np.moveaxis(grad, dim, -1)
    place = np.moveaxis(found, dim, -1)
    for k in range(x.shape[dim]):
        others = moved.copy()
        others[..., k] = 1
        place[..., k] = (grad * np.cumprod(others, axis=-1))[..., k:].sum(axis=-1)
    return found


@primitive_with(_running_product_rule)
def _running_product(x: Array, *, dim: int) -> Array:
    return np.cumprod(x, axis=dim, dtype=x.dtype)


@torch_arguments
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The products of the first 1, 2, … values along `dim`. Of integers and truth values they are int64."""
    input = as_dtype(input, np.int64 if dtype is None and input.dtype.kind != "f" else dtype)
    axis = positive_axis(dim, input.ndim)
    return _running_product(input, dim=axis) if input.ndim else input.clone()


# The middle


def _share_evenly(grad: Array, out: Array, x: Array) -> Array:
    chosen = np.isnan(x) if np.isnan(out) else x == out
    return chosen * (grad / np.maximum(chosen.sum(), 1)).astype(x.dtype)


@primitive_with(_share_evenly)
def _median_of_all(x: Array) -> Array:
    if x.size == 0 or (x.dtype.kind == "f" and np.isnan(x).any()):
        return np.asarray(np.nan, x.dtype)
    return np.sort(x, axis=None)[(x.size - 1) // 2]


@torch_arguments
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle value in order, the lower of two: of all, or (values, indices) along a `dim`. NaN if any is."""
    if dim is None:
        return _median_of_all(input)
    axis = positive_axis(dim, input.ndim)
    if input.ndim == 0:
        return Extremum(input.clone(), Tensor(np.zeros((), np.int64)))
    order = np.argsort(input.data, axis=axis, kind="stable")
    indices = order.take([(input.shape[axis] - 1) // 2], axis)
    if input.dtype.kind == "f":
        missing = np.isnan(input.data)
        first = np.argmax(missing, axis=axis, keepdims=True)
        indices = np.where(missing.any(axis=axis, keepdims=True), first, indices)
    return pick(input, Tensor(indices), axis, keepdim)


@torch_arguments
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Extremum:
    """(values, indices) of the most frequent value along `dim`: the smallest of several, at its last place."""
    axis = positive_axis(dim, input.ndim)
    if input.ndim == 0:
        return Extremum(input.clone(), Tensor(np.zeros((), np.int64)))

    def last_place(row: Array) -> int:
        values, counts = np.unique(row, return_counts=True)
        return int(np.flatnonzero(row == values[counts.argmax()])[-1])

    indices = np.expand_dims(np.apply_along_axis(last_place, axis, input.data), axis)
    return pick(input, Tensor(indices), axis, keepdim)
