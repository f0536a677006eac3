"""Shapes, joining and padding."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m01_tensor.data import attempt

Array = np.ndarray


def _counted(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Numbers that are all different."""
    return generator.permutation(math.prod(shape)).reshape(shape) / 8.0


# --- shapes ---


def _shape_case(home: types.ModuleType, x: Array, function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> Case:
    """A case that tries several settings at once."""

    def shapes(x: Any) -> list[Any]:
        found: list[Any] = []
        w = home.Tensor(x.data, requires_grad=True)
        for settings in calls:
            out = attempt(function, w, *settings)
            found += [out, np.shape(out), getattr(out, "grad_fn", None) is None]
        return found

    return Case(shapes, home.Tensor(x))


@draws("transpose")
def _transposed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims = [(0, 1), (1, 2), (2, 0), (-1, -2), (1, -1)]
    return _shape_case(home, _counted((2, 3, 4), generator), home.transpose, dims)


@draws("flatten")
def _flattened(generator: np.random.Generator, home: types.ModuleType) -> Case:
    runs: list[tuple[Any, ...]] = [(), (1,), (1, 2), (0, 1), (0, -2), (2, 2), (-2, -1)]
    return _shape_case(home, _counted((2, 3, 4, 2), generator), home.flatten, runs)


@draws("unsqueeze")
def _unsqueezed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims = [(dim,) for dim in (0, 1, 2, -1, -2, -3)]
    return _shape_case(home, _counted((2, 3), generator), home.unsqueeze, dims)


@draws("squeeze")
def _squeezed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims: list[tuple[Any, ...]] = [(), *((dim,) for dim in (0, 1, 2, 3, -1, -2))]
    return _shape_case(home, _counted((1, 3, 1, 2), generator), home.squeeze, dims)


@misconception(
    "transpose",
    name="the numbers are only read with other line breaks",
    belief="A (2, 3) table becomes (3, 2) by reshape.",
    explanation="reshape keeps the order of the numbers; a transposed table has rows where columns were.",
    hints=("Where does the number at [0, 1] go? To [1, 0].", "permute, not reshape."),
)
def transposed_by_reshape(x: Any, dim0: int, dim1: int) -> Any:
    shape = list(x.shape)
    shape[dim0], shape[dim1] = shape[dim1], shape[dim0]
    return x.reshape(*shape)


@misconception(
    "transpose",
    name="all axes are reversed",
    belief="Transposing reverses the axes, as .T does.",
    explanation="transpose(dim0, dim1) swaps these two; every other axis stays where it is.",
    hints=("What shape has (2, 3, 4) after transpose(0, 1)?", "Start from list(range(x.ndim)) and swap two entries."),
)
def all_axes_reversed(x: Any, dim0: int, dim1: int) -> Any:
    return x.permute(*reversed(range(x.ndim)))


@misconception(
    "transpose",
    name="the last two axes are always swapped",
    belief="A transpose is about rows and columns.",
    explanation="dim0 and dim1 say which axes change places.",
    hints=("Where do you use dim0 and dim1?", "dims[dim0], dims[dim1] = dims[dim1], dims[dim0]."),
)
def last_axes_swapped(x: Any, dim0: int, dim1: int) -> Any:
    return x.permute(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


@misconception(
    "transpose",
    name="one of the two axes is overwritten before it is copied",
    belief="Two assignments, one after the other, swap two entries.",
    explanation="After dims[dim0] = dims[dim1] the old dims[dim0] is lost: swap both in one assignment.",
    hints=("What is dims after your first assignment?", "dims[dim0], dims[dim1] = dims[dim1], dims[dim0]."),
)
def axis_overwritten(x: Any, dim0: int, dim1: int) -> Any:
    dims = list(range(x.ndim))
    dims[dim0] = dims[dim1]
    dims[dim1] = dims[dim0]
    return x.permute(*dims)


@misconception(
    "transpose",
    name="negative dims name no axis",
    belief="Axis i is swapped if i == dim0 or i == dim1.",
    explanation="-1 is the last axis: no i equals it. Make it positive, or use it as an index into a list.",
    hints=("Which i equals -1?", "dims[-1] of a list is its last entry."),
)
def negative_not_swapped(x: Any, dim0: int, dim1: int) -> Any:
    swapped = {dim0: dim1 % x.ndim, dim1: dim0 % x.ndim}
    return x.permute(*(swapped.get(i, i) for i in range(x.ndim)))


@misconception(
    "transpose",
    name="the axes are swapped with NumPy, which records nothing",
    belief="x.data.swapaxes does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.transpose(0, 1) a grad_fn when x requires a gradient?", "permute(x, dims=...)."),
)
def transpose_not_recorded(x: Any, dim0: int, dim1: int) -> Any:
    return type(x)(x.data.swapaxes(dim0, dim1))


def _run(x: Any, start: int, stop: int) -> tuple[int, ...]:
    """The shape of x with the axes from start up to, without, stop merged."""
    return (*x.shape[:start], math.prod(x.shape[start:stop]), *x.shape[stop:])


@misconception(
    "flatten",
    name="all axes are merged, the batch as well",
    belief="Flat means one axis.",
    explanation="Only the axes start_dim ... end_dim are merged; flatten(1) keeps one row per sample.",
    hints=("What shape has (8, 3, 32, 32) after flatten(1)?", "The axes before start_dim stay as they are."),
)
def batch_flattened(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return x.reshape(-1)


@misconception(
    "flatten",
    name="end_dim is left out of the run",
    belief="end_dim is exclusive, as the end of a slice.",
    explanation="end_dim is inclusive, as in torch: flatten(1, 2) merges axes 1 and 2.",
    hints=("How many axes has (2, 3, 4, 5) after flatten(1, 2)?", "x.shape[start : end + 1]."),
)
def end_exclusive(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    axes = max(x.ndim, 1)
    start, end = start_dim % axes, end_dim % axes
    return x.reshape(*_run(x, start, max(end, start)))


@misconception(
    "flatten",
    name="everything from start_dim to the last axis is merged",
    belief="flatten has a start only.",
    explanation="The run ends with end_dim; the axes after it stay.",
    hints=("What shape has (2, 3, 4, 5) after flatten(1, 2)?", "The new shape ends with x.shape[end + 1 :]."),
)
def end_ignored(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return x.reshape(*_run(x, start_dim % max(x.ndim, 1), x.ndim))


@misconception(
    "flatten",
    name="a negative dim is used as it is",
    belief="x.shape[-1 + 1 :] is what follows the last axis.",
    explanation="-1 + 1 is 0: the slice is the whole shape. Make both dims positive first.",
    hints=(
        "What is x.shape[-1 + 1 :]?",
        "start, end = positive_axis(start_dim, x.ndim), positive_axis(end_dim, x.ndim).",
    ),
)
def negative_end(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return x.reshape(*x.shape[:start_dim], math.prod(x.shape[start_dim : end_dim + 1]), *x.shape[end_dim + 1 :])


@misconception(
    "flatten",
    name="the sizes are added up",
    belief="Three axes of 2, 3 and 4 make an axis of 9.",
    explanation="A table of 2 rows of 3 holds 2 * 3 numbers: sizes are multiplied.",
    hints=("How many numbers are in a (2, 3) table?", "math.prod(x.shape[start : end + 1])."),
)
def sizes_added(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    axes = max(x.ndim, 1)
    start, stop = start_dim % axes, end_dim % axes + 1
    return x.reshape(*x.shape[:start], int(np.sum(x.shape[start:stop])), *x.shape[stop:])


@misconception(
    "flatten",
    name="the numbers are taken in column order",
    belief="Any order is right, as long as no number is lost.",
    explanation="The last axis varies fastest, as in memory: a flattened image is read row by row.",
    hints=("What comes second in [[1, 2], [3, 4]] after flatten()? 2.", "A plain reshape keeps the order."),
)
def column_order(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if x.ndim == 0:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    dims = [*range(start), *reversed(range(start, end + 1)), *range(end + 1, x.ndim)]
    return x.permute(*dims).reshape(*_run(x, start, end + 1))


@misconception(
    "flatten",
    name="the array is reshaped with NumPy, which records nothing",
    belief="x.data.reshape does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.flatten() a grad_fn when x requires a gradient?", "reshape(x, shape=...)."),
)
def flatten_not_recorded(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    axes = max(x.ndim, 1)
    return type(x)(x.data.reshape(_run(x, start_dim % axes, end_dim % axes + 1)))


@misconception(
    "unsqueeze",
    name="a negative dim is counted in the axes of the input",
    belief="dim % x.ndim makes a negative dim positive.",
    explanation="The result has one axis more: -1 is its last axis, so the count is x.ndim + 1.",
    hints=("What shape has (2, 3) after unsqueeze(-1)? (2, 3, 1).", "positive_axis(dim, x.ndim + 1)."),
)
def negative_off_by_one(x: Any, dim: int) -> Any:
    axis = dim if dim >= 0 else dim + x.ndim
    return x.reshape(*x.shape[:axis], 1, *x.shape[axis:])


@misconception(
    "unsqueeze",
    name="the new axis always comes first",
    belief="unsqueeze adds a batch axis.",
    explanation="dim says which axis of the result is the new one.",
    hints=("Where do you use dim?", "(*x.shape[:axis], 1, *x.shape[axis:])."),
)
def always_in_front(x: Any, dim: int) -> Any:
    return x.reshape(1, *x.shape)


@misconception(
    "unsqueeze",
    name="the new axis comes after axis dim, not in its place",
    belief="The axis is put behind the one that is named.",
    explanation="The new axis is axis dim of the result: the axis that was there comes after it.",
    hints=("What shape has (2, 3) after unsqueeze(0)? (1, 2, 3).", "(*x.shape[:axis], 1, *x.shape[axis:])."),
)
def one_too_far(x: Any, dim: int) -> Any:
    axis = dim % (x.ndim + 1) + 1
    return x.reshape(*x.shape[:axis], 1, *x.shape[axis:])


@misconception(
    "unsqueeze",
    name="an axis is replaced by the new one",
    belief="The size at place dim becomes 1.",
    explanation="The new axis is inserted: (2, 3) has one axis more afterwards, and no number is lost.",
    hints=("How many axes has the result?", "x.shape[axis:] starts with the axis that was there."),
)
def axis_replaced(x: Any, dim: int) -> Any:
    axis = dim % (x.ndim + 1)
    return x.reshape(*x.shape[:axis], 1, *x.shape[axis + 1 :])


@misconception(
    "unsqueeze",
    name="the axis is inserted with NumPy, which records nothing",
    belief="np.expand_dims does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.unsqueeze(0) a grad_fn when x requires a gradient?", "reshape(x, shape=...)."),
)
def unsqueeze_not_recorded(x: Any, dim: int) -> Any:
    return type(x)(np.expand_dims(x.data, dim))


@misconception(
    "squeeze",
    name="the axis dim is dropped, of any length",
    belief="squeeze(dim) removes that axis.",
    explanation="An axis of length 3 holds three numbers for each place: only an axis of length 1 can be dropped.",
    hints=(
        "What should squeeze(1) do to shape (1, 3, 1)? Nothing.",
        "Drop it if n == 1 and it is the one that is named.",
    ),
)
def any_length_dropped(x: Any, dim: int | None = None) -> Any:
    axes = max(x.ndim, 1)
    kept = (n for i, n in enumerate(x.shape) if (n != 1 if dim is None else i != dim % axes))
    return x.reshape(tuple(kept))


@misconception(
    "squeeze",
    name="every axis of length 1 is dropped, and dim is ignored",
    belief="squeeze removes the ones.",
    explanation="With dim, only that axis is dropped; a batch of one sample keeps its batch axis.",
    hints=("What shape has (1, 3, 1) after squeeze(0)? (3, 1).", "Drop axis i only if i is the one that is named."),
)
def all_ones_dropped(x: Any, dim: int | None = None) -> Any:
    return x.reshape(tuple(n for n in x.shape if n != 1))


@misconception(
    "squeeze",
    name="dim=0 counts as no dim",
    belief="`if dim` asks whether a dim was given.",
    explanation="0 is false in Python. Ask `dim is None`.",
    hints=("What is bool(0)?", "if dim is None: ..."),
)
def zero_is_none(x: Any, dim: int | None = None) -> Any:
    dropped = (dim % max(x.ndim, 1),) if dim else range(x.ndim)
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in dropped))


@misconception(
    "squeeze",
    name="a negative dim names no axis",
    belief="Axis i is dropped if i == dim.",
    explanation="-1 is the last axis: make it positive first.",
    hints=("Which i equals -1?", "positive_axis(dim, x.ndim)."),
)
def negative_ignored(x: Any, dim: int | None = None) -> Any:
    dropped = range(x.ndim) if dim is None else (dim,)
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in dropped))


@misconception(
    "squeeze",
    name="the axis is dropped with NumPy, which records nothing",
    belief="x.data.reshape does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.squeeze() a grad_fn when x requires a gradient?", "reshape(x, shape=...)."),
)
def squeeze_not_recorded(x: Any, dim: int | None = None) -> Any:
    dropped = range(x.ndim) if dim is None else (dim % max(x.ndim, 1),)
    return type(x)(x.data.reshape(tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in dropped)))


# --- joining and padding ---


@draws("stack")
def _stacked(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def stacks(a: Any, b: Any) -> list[Any]:
        found = [attempt(home.stack, [a, b], dim) for dim in (0, 1, 2, -1, -2)]
        w = home.Tensor(a.data, requires_grad=True)
        return [*found, getattr(attempt(home.stack, [w, b]), "grad_fn", None) is None]

    return Case(stacks, *(home.Tensor(_counted((2, 3), generator)) for _ in range(2)))


def _equal_shapes(tensors: Any) -> list[Any]:
    tensors = list(tensors)
    shapes = {tensor.shape for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"tensors: expected equal shapes to stack, got {sorted(shapes)}")
    return tensors


@misconception(
    "stack",
    name="the tensors are joined along an axis they already have",
    belief="stack and concatenate are the same.",
    explanation="stack makes a new axis: two tensors of shape (3,) give (2, 3), not (6,).",
    hints=("How many axes has the result?", "Give each tensor the new axis first: unsqueeze(tensor, dim)."),
)
def joined_without_new_axis(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate(_equal_shapes(tensors), dim)


@misconception(
    "stack",
    name="the new axis always comes first",
    belief="Stacking puts one on top of the other.",
    explanation="dim says which axis of the result is the new one; only by default it is the first.",
    hints=("What shape has stack([a, b], dim=-1) for shape (1, 2)? (1, 2, 2).", "Use dim in both calls."),
)
def stacked_in_front(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate([tensor.unsqueeze(0) for tensor in _equal_shapes(tensors)], 0)


@misconception(
    "stack",
    name="the tensors get the new axis, and are joined along the first",
    belief="concatenate joins along the axis that was made.",
    explanation="concatenate joins along axis 0 unless dim is passed on.",
    hints=("Which of the two calls knows dim?", "concatenate([...], dim)."),
)
def joined_along_first(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate([tensor.unsqueeze(dim) for tensor in _equal_shapes(tensors)], 0)


@misconception(
    "stack",
    name="the new axis is made in front, and the tensors are joined along dim",
    belief="unsqueeze(0) makes an axis to stack along.",
    explanation="The new axis and the axis to join along are the same: dim.",
    hints=("Which shape has each tensor before it is joined?", "unsqueeze(tensor, dim)."),
)
def new_axis_in_front(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate([tensor.unsqueeze(0) for tensor in _equal_shapes(tensors)], dim)


@misconception(
    "stack",
    name="the arrays are stacked with NumPy, which records nothing",
    belief="np.stack does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach the tensors.",
    hints=("Has the result a grad_fn when a tensor requires a gradient?", "unsqueeze and concatenate are recorded."),
)
def stack_not_recorded(tensors: Any, dim: int = 0) -> Any:
    tensors = _equal_shapes(tensors)
    return type(tensors[0])(np.stack([tensor.data for tensor in tensors], dim))


@draws("pad")
def _padded(generator: np.random.Generator, home: types.ModuleType) -> Case:
    settings = [
        ((), 1.0),
        ((1, 2), 7.0),
        ((1, 2, 3, 0), 0.0),
        ((0, 1), 0.5),
        ((0, 0, 2, 1), 3.0),
        ((1, 0, 2, 1, 3, 1), 2.0),
    ]

    def paddings(x: Any) -> list[Any]:
        return [attempt(home.pad, x, pad=pad, value=value) for pad, value in settings]

    return Case(paddings, home.Tensor(_counted((2, 3, 4), generator)))


def _pairs(pad: Any) -> list[tuple[int, int]]:
    return [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]


def _padded_by(x: Array, last: list[tuple[int, int]], value: float) -> Array:
    return np.pad(x, [(0, 0)] * (x.ndim - len(last)) + last, constant_values=value)


@misconception(
    "pad",
    name="the pairs are taken for the first axis first",
    belief="pad is in NumPy's order.",
    explanation="The first pair is for the LAST axis: for images (left, right, top, bottom).",
    hints=("Does pad=(1, 0) add a row or a column to an image? A column.", "Reverse the pairs: pairs[::-1]."),
)
def pairs_not_reversed(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, _pairs(pad), value)


@misconception(
    "pad",
    name="the pairs are counted from the first axis on",
    belief="Axes that have no pair stand at the end.",
    explanation="The pairs belong to the last axes; batch and channels, in front, get (0, 0).",
    hints=("Which axes of N x C x H x W does pad=(1, 1) touch? W alone.", "[(0, 0)] * rest stands in front."),
)
def leading_axes_padded(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    pairs = _pairs(pad)
    return np.pad(x, pairs + [(0, 0)] * (x.ndim - len(pairs)), constant_values=value)


@misconception(
    "pad",
    name="nothing is added at the end of an axis",
    belief="The first number of a pair is the padding.",
    explanation="Each pair is (before, after).",
    hints=("What shape has pad(x, (0, 1))?", "(pad[i], pad[i + 1])."),
)
def only_before(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, [(before, 0) for before, _ in _pairs(pad)][::-1], value)


@misconception(
    "pad",
    name="before and after are exchanged",
    belief="Reversing `pad` turns torch's order into NumPy's.",
    explanation="The pairs are reversed, not the numbers in them: (before, after) is the same in both.",
    hints=("Where does pad=(1, 0) add its column? On the left.", "Make pairs first, then reverse their list."),
)
def sides_exchanged(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, [(after, before) for before, after in _pairs(pad)][::-1], value)


@misconception(
    "pad",
    name="zeros are put there, and value is ignored",
    belief="Padding is zeros.",
    explanation="Zeros are the default; `value` says what is put there.",
    hints=("Where do you use value?", "np.pad(..., constant_values=value)."),
)
def padded_with_zeros(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, _pairs(pad)[::-1], 0.0)


@misconception(
    "pad",
    name="axes that have no pair are not given to NumPy",
    belief="np.pad leaves axes alone that are not named.",
    explanation="np.pad wants a pair for every axis; one pair alone is used for all axes, batch included.",
    hints=("What does np.pad(x, [(1, 1)]) do to a (2, 3) array?", "Add (0, 0) for each of the axes in front."),
)
def other_axes_left_out(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return np.pad(x, _pairs(pad)[::-1], constant_values=value)
