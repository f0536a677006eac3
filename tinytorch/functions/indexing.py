"""Functions that pick, order and count, with torch's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.functions import shapes
from tinytorch.functions.lifting import primitive_with
from tinytorch.support.dtypes import in_dtype
from tinytorch.support.tensor import Extremum, check_indices, positive_axis
from tinytorch.support.torch_arguments import torch_arguments

Array = np.ndarray


def _indices(index: Any) -> Array:
    return index.data if isinstance(index, Tensor) else np.asarray(index)


# Picking


@torch_arguments
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Take from `input` where the condition holds, from `other` elsewhere; all three broadcast.

    With the condition alone: `nonzero(condition, as_tuple=True)`.
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where: input, other: expected both, or neither for the indices; got one of them")
    return T.where(condition, input, other)


@torch_arguments
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of what is not 0: a row for each, or a tensor for each axis (`as_tuple=True`), which is an index."""
    found = np.nonzero(np.atleast_1d(input.data))
    if as_tuple:
        return tuple(Tensor(part) for part in found)
    return Tensor(np.stack(found, axis=1)[:, : input.ndim])


@torch_arguments
def argwhere(input: Tensor) -> Tensor:
    """The indices of what is not 0, a row for each."""
    return nonzero(input)


@torch_arguments
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The numbers where the mask holds, along one axis; both broadcast."""
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return shapes.broadcast_to(input, shape)[Tensor(np.broadcast_to(mask.data, shape))]


@torch_arguments
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`value` where the mask holds, `input` elsewhere, in the dtype of `input`; the mask broadcasts."""
    if not isinstance(value, Tensor):
        value = Tensor(in_dtype(value, input.dtype))
    elif value.ndim:
        raise ValueError(f"masked_fill: value: expected one number, got shape {value.shape}; use where()")
    return T.where(mask, value if value.dtype == input.dtype else value.to(input.dtype), input)


@torch_arguments
def index_select(input: Tensor, dim: int, index: Any) -> Tensor:
    """The slices along `dim` at the places `index`, in its order."""
    axis = positive_axis(dim, input.ndim)
    check_indices("index_select: index", _indices(index), input.shape[axis] if input.ndim else 1)
    if input.ndim == 0:
        return input[None][np.atleast_1d(_indices(index))].reshape(np.shape(_indices(index)) and ())
    return input[(slice(None),) * axis + (np.atleast_1d(_indices(index)),)]


@torch_arguments
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Pick along `dim`: y[i][j] = input[index[i][j]][j] for dim 0. The result has the shape of `index`.

    Along the other axes `index` may be shorter than `input`.
    """
    axis = positive_axis(dim, input.ndim)
    if input.ndim != index.ndim and input.ndim and index.ndim and index.data.size:
        raise ValueError(f"gather: index: expected {input.ndim} axes, got shape {index.shape}")
    check_indices("gather: index", index.data, input.shape[axis] if input.ndim else 1)
    if input.ndim == 0 or index.ndim != input.ndim:
        return T.gather(input.reshape(-1), index.reshape(-1), dim=0).reshape(index.shape)
    part = input[tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(index.shape))]
    return T.gather(part, index, dim=axis)


@torch_arguments
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather`, where both broadcast along the other axes; without `dim`, from all numbers in row-major order."""
    if dim is None:
        return T.gather(input.reshape(-1), indices.reshape(-1), dim=0)
    axis = positive_axis(dim, input.ndim)
    shape = list(np.broadcast_shapes(*((*s[:axis], 1, *s[axis + 1 :]) for s in (input.shape, indices.shape))))
    sizes = [(*shape[:axis], x.shape[axis], *shape[axis + 1 :]) for x in (input, indices)]
    return T.gather(shapes.broadcast_to(input, sizes[0]), shapes.broadcast_to(indices, sizes[1]), dim=axis)


@torch_arguments
def take(input: Tensor, index: Tensor) -> Tensor:
    """The numbers at these places in row-major order, in the shape of `index`."""
    check_indices("take: index", _indices(index), input.numel(), least=-input.numel())
    return input.reshape(-1)[index]


def _scatter_places(index: Array, dim: int) -> tuple[Any, ...]:
    places: list[Any] = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    return tuple(places)


def _scatter_rule(grad: Array, out: Array, x: Array, index: Array, src: Array, *, dim: int, add: bool) -> Any:
    places = _scatter_places(index, dim)

    def to_x() -> Array:
        if add:
            return grad
        kept = grad.copy()
        kept[places] = 0
        return kept

    def to_src() -> Array:
        back = np.zeros(src.shape, grad.dtype)
        back[tuple(slice(n) for n in index.shape)] = grad[places]
        return back

    return to_x, None, to_src


@primitive_with(_scatter_rule)
def _scatter(x: Array, index: Array, src: Array, *, dim: int, add: bool) -> Array:
    out, part = x.copy(), src[tuple(slice(n) for n in index.shape)]
    if add:
        np.add.at(out, _scatter_places(index, dim), part)
    else:
        out[_scatter_places(index, dim)] = part
    return out


def _scattered(input: Tensor, dim: int, index: Tensor, src: Any, add: bool) -> Tensor:
    axis = positive_axis(dim, input.ndim)
    name = "scatter_add" if add else "scatter"
    check_indices(f"{name}: index", index.data, input.shape[axis] if input.ndim else 1)
    if not isinstance(src, Tensor):
        src = Tensor(np.full(index.shape, src, input.dtype))
    if not index.data.size:
        return input.clone()
    shape = input.shape
    x, index, src = (t if t.ndim else t.reshape(1) for t in (input, index, src))
    return _scatter(x, index, src, dim=axis, add=add).reshape(shape)


@torch_arguments
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """`input` with y[index[i][j]][j] = src[i][j] for dim 0: what `gather` reads, written. `src` may be a number.

    With `reduce="add"` it is added. Raises ValueError for "multiply".
    """
    if reduce not in (None, "add"):
        raise ValueError(f'scatter: reduce: expected None or "add", got {reduce!r}')
    return _scattered(input, dim, index, value if src is None else src, add=reduce == "add")


@torch_arguments
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with src[i][j] added to y[index[i][j]][j] for dim 0, as often as a place is named."""
    return _scattered(input, dim, index, src, add=True)


# Order


def _order(x: Array, axis: int, descending: bool) -> Array:
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    backwards = np.flip(x, axis)  # so that equal numbers keep their order, and NaN counts as the largest
    return x.shape[axis] - 1 - np.flip(np.argsort(backwards, axis=axis, kind="stable"), axis)


@torch_arguments
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Extremum:
    """(values, indices) in order along `dim`. NaN counts as the largest; equal numbers keep their order."""
    axis = positive_axis(dim, input.ndim)
    if input.ndim == 0:
        return Extremum(input.clone(), Tensor(np.zeros((), np.int64)))
    indices = Tensor(_order(input.data, axis, descending))
    return Extremum(T.gather(input, indices, dim=axis), indices)


@torch_arguments
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Tensor:
    """The indices that put the numbers in order along `dim`: see `sort`."""
    return sort(input, dim, descending).indices


@torch_arguments
def msort(input: Tensor) -> Tensor:
    """The numbers in order along the first axis."""
    return sort(input, 0).values


@torch_arguments
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extremum:
    """(values, indices) of the k largest (smallest) along `dim`, in order."""
    axis = positive_axis(dim, input.ndim)
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise ValueError(f"topk: k: expected at most {input.shape[axis] if input.ndim else 1}, got {k}")
    if input.ndim == 0:
        return sort(input)
    indices = Tensor(_order(input.data, axis, largest).take(range(k), axis))
    return Extremum(T.gather(input, indices, dim=axis), indices)


@torch_arguments
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Extremum:
    """(values, indices) of the k-th smallest along `dim`; the first is k = 1."""
    axis = positive_axis(dim, input.ndim)
    if not 1 <= k <= (input.shape[axis] if input.ndim else 1):
        raise ValueError(f"kthvalue: k: expected 1 to {input.shape[axis] if input.ndim else 1}, got {k}")
    if input.ndim == 0:
        return sort(input)
    return T.pick(input, Tensor(_order(input.data, axis, False).take([k - 1], axis)), axis, keepdim)


# Counting


@torch_arguments
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different values in order, or the different slices along `dim`.

    With `return_inverse` also where each value is among them, with `return_counts` how often it occurs.
    """
    axis = None if dim is None else positive_axis(dim, input.ndim)
    values, inverse, counts = np.unique(input.data, return_inverse=True, return_counts=True, axis=axis)
    found = [values]
    if return_inverse:
        found.append(inverse.reshape(input.shape if axis is None else -1).astype(np.int64))
    if return_counts:
        found.append(counts.astype(np.int64))
    tensors = tuple(Tensor(part) for part in found)
    return tensors if len(tensors) > 1 else tensors[0]


@torch_arguments
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2, … occurs among whole numbers, or the sum of its weights."""
    if input.ndim != 1 or input.dtype.kind not in "iub" or np.any(input.data < 0):
        raise ValueError(
            f"bincount: input: expected whole numbers >= 0 along one axis, got shape {input.shape} of {input.dtype}"
        )
    if weights is None:
        return Tensor(np.bincount(input.data, minlength=minlength).astype(np.int64))
    kind = weights.dtype if weights.dtype == np.float32 else np.float64
    return Tensor(np.bincount(input.data, weights.data, minlength).astype(kind))


@torch_arguments
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many numbers lie in each of `bins` equal parts of [min, max]; where both are 0, of the numbers' range."""
    x = input.data.astype(np.result_type(input.dtype, np.float32))
    if bins < 1 or max < min:
        raise ValueError(f"histc: expected bins >= 1 and min <= max, got bins={bins}, min={min}, max={max}")
    if min == max and x.size:
        min, max = x.min(), x.max()
    if min == max:
        min, max = min - 1, max + 1
    np.histogram_bin_edges(x, bins, (float(min), float(max)))  # refuses ranges and numbers of bins that make no sense
    low, high = np.asarray(min, x.dtype), np.asarray(max, x.dtype)
    inside = x[(low <= x) & (x <= high)]
    places = (inside - low) * bins / (high - low)  # in the dtype of x, as torch: this decides at the edges
    counts = np.bincount(np.minimum(places.astype(np.int64), bins - 1), minlength=bins)
    return Tensor(counts.astype(input.dtype))
