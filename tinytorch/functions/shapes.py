"""Functions that move, repeat, split and join, with torch's arguments. Each is an expression of chapter 01's."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.functions.lifting import primitive_with, unbroadcast
from tinytorch.functions.reductions import axes_of, sum
from tinytorch.support.dtypes import common_dtype
from tinytorch.support.tensor import as_list, as_shape, positive_axis
from tinytorch.support.torch_arguments import torch_arguments

Array = np.ndarray


def _slice(input: Tensor, axis: int, part: Any) -> Tensor:
    return input[(builtins.slice(None),) * axis + (part,)]


def _flat(input: Tensor) -> Tensor:
    return T.reshape(input, shape=(-1,))


# Axes


@torch_arguments
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes."""
    dim0, dim1 = positive_axis(dim0, input.ndim), positive_axis(dim1, input.ndim)
    return T.transpose(input, dim0, dim1) if input.ndim else T.permute(input, dims=())


@torch_arguments
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Swap two axes: NumPy's name for `transpose`."""
    return transpose(input, axis0, axis1)


@torch_arguments
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes: another name of `transpose`."""
    return transpose(input, dim0, dim1)


@torch_arguments
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a tensor with fewer axes stays. Raises ValueError for more than two axes."""
    if input.ndim > 2:
        raise ValueError(f"t: input: expected at most two axes, got {input.shape}; use transpose(dim0, dim1)")
    return T.permute(input, dims=tuple(reversed(range(input.ndim))))


@torch_arguments
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move axes to other places; the others keep their order."""
    given = [d if isinstance(d, (tuple, list)) else (d,) for d in (source, destination)]
    sources, destinations = ([positive_axis(d, input.ndim) for d in dims] for dims in given)
    if len(sources) != len(destinations) or builtins.any(
        len(set(dims)) < len(dims) for dims in (sources, destinations)
    ):
        raise ValueError(f"movedim: expected as many different destinations as sources, got {source}, {destination}")
    if not input.ndim:
        return T.permute(input, dims=())
    order: list[Any] = [None] * input.ndim
    for s, d in zip(sources, destinations):
        order[d] = s
    rest = iter(axis for axis in range(input.ndim) if axis not in sources)
    return T.permute(input, dims=tuple(next(rest) if axis is None else axis for axis in order))


@torch_arguments
def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move axes to other places: NumPy's name for `movedim`."""
    return movedim(input, source, destination)


@torch_arguments
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Drop the axes `dim` (an int or several) that have length 1, or every such axis."""
    if not isinstance(dim, (tuple, list)):
        return T.squeeze(input, dim)
    axes = axes_of(input, dim) if dim else ()
    return T.reshape(input, shape=tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in axes))


@torch_arguments
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """Split the axis `dim` into several of these sizes; one of them may be −1."""
    axis = positive_axis(dim, input.ndim)
    known = math.prod(n for n in sizes if n != -1)
    sizes = [input.shape[axis] // known if n == -1 and known else n for n in sizes]
    if math.prod(sizes) != input.shape[axis]:
        raise ValueError(
            f"unflatten: sizes: {tuple(sizes)} do not multiply to {input.shape[axis]}, the length of dim {dim}"
        )
    return T.reshape(input, shape=(*input.shape[:axis], *sizes, *input.shape[axis + 1 :]))


@torch_arguments
def ravel(input: Tensor) -> Tensor:
    """All numbers along one axis, in row-major order."""
    return _flat(input)


@torch_arguments
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one axis."""
    return _each(tensors, lambda x: x if x.ndim else _flat(x))


@torch_arguments
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two axes: numbers stand in a row."""
    return _each(tensors, lambda x: x if x.ndim > 1 else T.reshape(x, shape=(1, -1)))


@torch_arguments
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three axes: a row stands in (1, n, 1), a matrix in (n, m, 1)."""
    return _each(tensors, lambda x: x if x.ndim > 2 else T.reshape(x, shape=(*atleast_2d(x).shape, 1)))


def _each(tensors: tuple[Any, ...], change: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return change(tensors[0])
    return tuple(change(x) for x in (tensors[0] if len(tensors) == 1 else tensors))


# Repeating


@torch_arguments
def broadcast_to(input: Tensor, shape: Any) -> Tensor:
    """The tensor repeated along axes of length 1 and along new ones in front, as in arithmetic."""
    size = list(shape)
    extra = len(size) - input.ndim
    for axis, n in enumerate(input.shape, start=extra):
        if extra >= 0 and size[axis] == -1:
            size[axis] = n
    if extra < 0 or any(m != n and m != 1 for m, n in zip(input.shape, size[extra:])) or any(n < 0 for n in size):
        raise ValueError(f"broadcast_to: shape: {tuple(size)} is no shape that {input.shape} can be repeated to")
    wide = T.reshape(input, shape=(1,) * extra + input.shape)
    return wide if wide.shape == tuple(size) else _expand(wide, shape=tuple(size))


@primitive_with(lambda grad, out, x, *, shape: unbroadcast(grad, x.shape))
def _expand(x: Array, *, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(x, shape)


@torch_arguments
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors repeated to their common shape."""
    shape = np.broadcast_shapes(*(x.shape for x in tensors))
    return tuple(broadcast_to(x, shape) for x in tensors)


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """Return the common shape to which tensors of these shapes are repeated."""
    return np.broadcast_shapes(*shapes)


@torch_arguments
def tile(input: Tensor, dims: Any) -> Tensor:
    """The whole tensor `dims[i]` times along each axis i, counted from the last."""
    dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    dims = (1,) * (input.ndim - len(dims)) + dims
    input = T.reshape(input, shape=(1,) * (len(dims) - input.ndim) + input.shape)
    for axis, n in enumerate(dims):
        if n != 1:
            input = _slice(input, axis, np.tile(np.arange(input.shape[axis]), n))
    return input if builtins.any(n != 1 for n in dims) else input.clone()


@torch_arguments
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element (or each slice along `dim`) `repeats` times, one behind the other; `repeats` may be one for each."""
    input = _flat(input) if dim is None or not input.ndim else input
    axis = 0 if dim is None else positive_axis(dim, input.ndim)
    counts = repeats.data if isinstance(repeats, Tensor) else np.asarray(repeats)
    return _slice(input, axis, np.repeat(np.arange(input.shape[axis]), counts))


# Order


@torch_arguments
def flip(input: Tensor, dims: Any) -> Tensor:
    """The tensor with the order along these axes reversed."""
    dims = axes_of(input, dims if isinstance(dims, (tuple, list)) else (dims,)) if dims != () and dims != [] else ()
    turned = (builtins.slice(None, None, -1) if axis in dims else builtins.slice(None) for axis in range(input.ndim))
    return input[tuple(turned)].clone()


@torch_arguments
def fliplr(input: Tensor) -> Tensor:
    """The tensor with its columns in reverse order."""
    return flip(input, (1,))


@torch_arguments
def flipud(input: Tensor) -> Tensor:
    """The tensor with its rows in reverse order."""
    return flip(input, (0,))


@torch_arguments
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """The tensor shifted along axes; what leaves at the end comes in at the beginning."""
    if dims is None or dims == ():
        return T.reshape(roll(_flat(input), shifts, 0), shape=input.shape)
    shifts, dims = (v if isinstance(v, (tuple, list)) else (v,) for v in (shifts, dims))
    if len(shifts) != len(dims):
        raise ValueError(f"roll: expected as many shifts as dims, got {shifts} and {dims}")
    for shift, dim in zip(shifts, dims):
        axis = positive_axis(dim, input.ndim)
        if input.ndim:
            input = _slice(input, axis, np.roll(np.arange(input.shape[axis]), shift))
    return input


@torch_arguments
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """The tensor turned k times by 90° in the plane of two axes, from the first to the second."""
    a, b = (positive_axis(d, input.ndim) for d in dims)
    if a == b:
        raise ValueError(f"rot90: dims: expected two different axes of {input.shape}, got {tuple(dims)}")
    k %= 4
    if k == 2:
        return flip(input, (a, b))
    if k == 0:
        return input.clone()
    return transpose(flip(input, (b,)), a, b) if k == 1 else flip(transpose(input, a, b), (b,))


# Splitting


@torch_arguments
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along `dim`: of one size each, where the last may be smaller, or of the sizes in a list."""
    axis = positive_axis(dim, tensor.ndim)
    n, sizes = tensor.shape[axis], split_size_or_sections
    if isinstance(sizes, int):
        if sizes < 0 or (sizes == 0 and n):
            raise ValueError(f"split: split_size_or_sections: expected a size > 0, got {sizes}")
        sizes = [builtins.min(sizes, n - start) for start in range(0, builtins.max(n, 1), builtins.max(sizes, 1))]
    ends = np.cumsum(sizes).tolist()
    if (ends[-1] if ends else 0) != n:
        raise ValueError(f"split: split_size_or_sections: {list(sizes)} does not sum to {n}, the length of dim {dim}")
    return tuple(_slice(tensor, axis, builtins.slice(end - size, end)) for size, end in zip(sizes, ends))


@torch_arguments
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of equal length along `dim`; the last may be shorter."""
    n = input.shape[positive_axis(dim, input.ndim)]
    if chunks < 1:
        raise ValueError(f"chunk: chunks: expected a number > 0, got {chunks}")
    return split(input, -(-n // chunks), dim) if n else split(input, [0] * chunks, dim)


@torch_arguments
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along `dim`: so many, of which the first may be longer by one, or those between these indices."""
    axis = positive_axis(dim, input.ndim)
    n = input.shape[axis]
    given = indices_or_sections
    given = given.data.tolist() if isinstance(given, Tensor) else given
    if isinstance(given, int):
        if given < 1:
            raise ValueError(f"tensor_split: indices_or_sections: expected a number > 0, got {given}")
        lengths = [n // given + (i < n % given) for i in range(given)]
        given = np.cumsum(lengths)[:-1].tolist()
    bounds = [0, *given, n]
    return (
        tuple(_slice(input, axis, builtins.slice(start, end)) for start, end in zip([None, *given], [*given, None]))
        if len(bounds) > 1
        else ()
    )


@torch_arguments
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along the columns; along the only axis of a row."""
    return tensor_split(input, indices_or_sections, 0 if input.ndim == 1 else 1)


@torch_arguments
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along the rows."""
    return tensor_split(input, indices_or_sections, 0)


@torch_arguments
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The tensors that stand along `dim`, without that axis."""
    axis = positive_axis(dim, input.ndim)
    return tuple(_slice(input, axis, i) for i in range(input.shape[axis]))


@torch_arguments
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The tensor at one place along `dim`, without that axis."""
    axis = positive_axis(dim, input.ndim)
    n = input.shape[axis] if input.ndim else 0
    if not -n <= index < n:
        raise IndexError(f"select: index: expected {-n} to {n - 1}, got {int(index)}")
    return _slice(input, axis, int(index))


@torch_arguments
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The part along `dim` from `start` on that is `length` long. Raises ValueError where it ends behind the tensor."""
    axis = positive_axis(dim, input.ndim)
    n, start = input.shape[axis], int(start)
    start += n if start < 0 else 0
    if not 0 <= start <= start + length <= n:
        raise ValueError(f"narrow: start and length: {start} and {length} do not fit in dim {dim} of length {n}")
    return _slice(input, axis, builtins.slice(start, start + length))


# Joining


@torch_arguments
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis they have; all other sizes must agree. A tensor of shape (0,) is passed over."""
    tensors = as_list(tensors)
    kept = [x for x in tensors if x.shape != (0,)] or tensors[:1]
    dtype = common_dtype([x.dtype for x in tensors])
    if any(x.ndim == 0 for x in kept):
        raise ValueError("cat: tensors: expected at least one axis, got a tensor without axes; stack() makes one")
    axis = positive_axis(dim, kept[0].ndim)
    if len({(*x.shape[:axis], *x.shape[axis + 1 :]) for x in kept}) > 1:
        shapes = ", ".join(str(x.shape) for x in kept)
        raise ValueError(f"cat: tensors: expected equal lengths along all axes but {dim}, got shapes {shapes}")
    joined = T.concatenate(kept, axis)
    return joined if joined.dtype == dtype else joined.to(dtype)


@torch_arguments
def concatenate(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis they have: another name of `cat`."""
    return cat(tensors, dim)


@torch_arguments
def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis they have: another name of `cat`."""
    return cat(tensors, dim)


@torch_arguments
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors side by side: along the columns, or along the only axis."""
    tensors = [atleast_1d(x) for x in as_list(tensors)]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@torch_arguments
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors one below the other, along the rows."""
    return cat([atleast_2d(x) for x in as_list(tensors)], 0)


@torch_arguments
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors one behind the other, along the third axis."""
    return cat([atleast_3d(x) for x in as_list(tensors)], 2)


@torch_arguments
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors side by side; those with one axis are columns."""
    return cat([x if x.ndim > 1 else T.reshape(x, shape=(-1, 1)) for x in as_list(tensors)], 1)


@torch_arguments
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: each row of numbers repeated along the others' axes. `indexing`: "ij" or "xy"."""
    if indexing not in ("ij", "xy"):
        raise ValueError(f'meshgrid: indexing: expected "ij" or "xy", got {indexing!r}')
    rows = list(tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors)
    if builtins.any(x.ndim > 1 for x in rows):
        raise ValueError(f"meshgrid: tensors: expected one axis each, got shapes {[x.shape for x in rows]}")
    shape = tuple(x.data.size for x in rows)
    grids = [
        broadcast_to(T.reshape(x, shape=tuple(n if i == j else 1 for j, n in enumerate(shape))), shape)
        for i, x in enumerate(rows)
    ]
    return tuple(transpose(x, 0, 1) if indexing == "xy" and len(rows) > 1 else x for x in grids)


# Matrices


def _triangle(input: Tensor, keep: Array) -> Tensor:
    zero = np.zeros((), input.dtype)
    return T.where(keep, input, Tensor(zero))


def _sides(name: str, input: Tensor) -> tuple[int, int]:
    if input.ndim < 2:
        raise ValueError(f"{name}: input: expected at least two axes, got shape {input.shape}")
    rows, columns = input.shape[-2:]
    return rows, columns


@torch_arguments
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of matrices, up to a diagonal (0 is the main one); 0 elsewhere."""
    return _triangle(input, np.tri(*_sides("tril", input), diagonal, bool))


@torch_arguments
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of matrices, from a diagonal on (0 is the main one); 0 elsewhere."""
    return _triangle(input, ~np.tri(*_sides("triu", input), diagonal - 1, bool))


@torch_arguments
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonals of the matrices along two axes, as the last axis; `offset` > 0 is above the main one."""
    a, b = positive_axis(dim1, input.ndim), positive_axis(dim2, input.ndim)
    if a == b:
        raise ValueError(f"diagonal: expected two different axes, got {dim1} and {dim2}")
    moved = movedim(input, (a, b), (-2, -1))
    return _last_diagonals(moved, offset=offset)


def _place_of_diagonals(x: Array, offset: int) -> Array:
    place = np.diagonal(x, offset, -2, -1)
    place.flags.writeable = x.flags.writeable  # NumPy's default is read-only
    return place


def _diagonals_rule(grad: Array, out: Array, x: Array, *, offset: int) -> Array:
    back = np.zeros(x.shape, grad.dtype)
    _place_of_diagonals(back, offset)[...] = grad
    return back


@primitive_with(_diagonals_rule)
def _last_diagonals(x: Array, *, offset: int) -> Array:
    return _place_of_diagonals(x, offset)


@torch_arguments
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or the matrix with these numbers on its diagonal."""
    if input.ndim == 2:
        return _diagonal(input, diagonal, 0, 1)
    if input.ndim != 1:
        raise ValueError(f"diag: input: expected one axis or two, got {input.shape}")
    size = len(input) + builtins.abs(diagonal)
    column = np.eye(size, k=diagonal, dtype=bool)
    places = np.where(column, np.cumsum(column.any(axis=1))[:, None] - 1, 0)
    if not len(input):
        return Tensor(np.zeros((size, size), input.dtype))
    return _triangle(input[places], column)


_diagonal = diagonal


@torch_arguments
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    if input.ndim != 2:
        raise ValueError(f"trace: input: expected a matrix, got {input.shape}")
    return sum(_diagonal(input))


@torch_arguments
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64) -> Tensor:
    """The rows and columns of the lower triangle of a row × col matrix, of shape (2, n)."""
    return Tensor(np.stack(np.tril_indices(row, offset, col)).astype(dtype))


@torch_arguments
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64) -> Tensor:
    """The rows and columns of the upper triangle of a row × col matrix, of shape (2, n)."""
    return Tensor(np.stack(np.triu_indices(row, offset, col)).astype(dtype))


def expand(input: Tensor, *size: Any) -> Tensor:
    """The tensor repeated along axes of length 1 and along new ones in front; −1 leaves an axis as it is."""
    return broadcast_to(input, as_shape(size))
