"""Reductions, shapes, joining and padding."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


def _counted(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Numbers that are all different."""
    return generator.permutation(math.prod(shape)).reshape(shape) / 8.0


# --- reductions ---


@draws("mean")
def _means(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def means(x: Any) -> list[Any]:
        w = home.Tensor(x.data, requires_grad=True)
        found = [home.mean(x), home.mean(x, 0), home.mean(x, 1), home.mean(x, -1, True), home.mean(x, (0, 2))]
        return [*found, home.mean(w, 0).grad_fn is None]

    return Case(means, home.Tensor(generator.standard_normal((2, 3, 4))))


@draws("var")
def _variances(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def variances(x: Any) -> list[Any]:
        w = home.Tensor(x.data, requires_grad=True)
        found = [home.var(x), home.var(x, 0), home.var(x, 1, True), home.var(x, -1, False, 0), home.var(x, (0, 2))]
        return [*found, home.var(x, 1, correction=2), home.var(w, 0).grad_fn is None]

    return Case(variances, home.Tensor(generator.standard_normal((2, 3, 4))))


def _mean(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    total = x.sum(dim, keepdim)
    return total / (x.size / total.size)


@misconception(
    "mean",
    name="the sum is divided by the number of all elements",
    belief="A mean divides by x.size.",
    explanation="Along an axis only the elements of one sum are counted: x.size / total.size.",
    hints=("How many numbers are in one row of x?", "Divide by x.size / total.size."),
)
def divided_by_all(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return x.sum(dim, keepdim) / x.size


@misconception(
    "mean",
    name="the sum is divided by the length of the first axis",
    belief="len(x) is the number of elements.",
    explanation="len(x) counts the rows. What counts is how many elements went into each sum.",
    hints=("For x of shape (2, 3), how many numbers are in each sum over dim 1?", "x.size / total.size."),
)
def divided_by_len(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return x.sum(dim, keepdim) / x.shape[0]


@misconception(
    "mean",
    name="the mean is taken along the other axis",
    belief="dim=0 gives one mean per row.",
    explanation="dim says which axis disappears: dim=0 combines the rows, and one number per column is left.",
    hints=("For shape (2, 3), what shape is left by dim=0?", "Hand dim on to sum as it is."),
)
def mean_of_other_axis(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _mean(x, x.ndim - 1 - dim % x.ndim if isinstance(dim, int) else dim, keepdim)


@misconception(
    "mean",
    name="keepdim is not passed on",
    belief="keepdim is a matter of sum alone.",
    explanation="With keepdim=True the axis stays with length 1, so that x - x.mean(1, keepdim=True) broadcasts.",
    hints=("What shape has your mean(dim=1, keepdim=True)?", "sum(x, dim=dim, keepdim=keepdim)."),
)
def mean_drops_axis(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _mean(x, dim)


@misconception(
    "mean",
    name="the mean is computed with NumPy, outside of the graph",
    belief="np.mean does it in one call.",
    explanation="What touches .data has no past: no gradient would ever come back through it.",
    hints=("Has x.mean() a grad_fn when x requires a gradient?", "Use sum and a division of tensors."),
)
def mean_outside_graph(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return type(x)(np.asarray(x.data.mean(axis=dim, keepdims=keepdim)))


def _var(x: Any, dim: Any, keepdim: bool, correction: float) -> Any:
    squares = ((x - _mean(x, dim, True)) ** 2).sum(dim, keepdim)
    return squares / (x.size / squares.size - correction)


@misconception(
    "var",
    name="the squares are divided by n, whatever the correction",
    belief="The variance is the mean of the squared differences.",
    explanation="The divisor is n - correction, and the correction is 1 unless told otherwise (Bessel).",
    hints=("Of [1, 2, 3] the variance is 1, not 2/3.", "Divide the sum of squares by n - correction."),
)
def divided_by_n(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, 0)


@misconception(
    "var",
    name="the squares are divided by n - 1, whatever the correction",
    belief="A variance divides by n - 1.",
    explanation="By default it does; correction=0 gives the variance of exactly these numbers.",
    hints=("Where does your function use correction?", "Divide by n - correction."),
)
def divided_by_n_minus_one(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, 1)


@misconception(
    "var",
    name="the squares are divided by n + correction",
    belief="The correction is added.",
    explanation="The correction makes up for a mean that was fitted to the same numbers: the divisor gets smaller.",
    hints=("Does a correction make the variance larger or smaller? Larger.", "n - correction."),
)
def correction_added(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, -correction)


@misconception(
    "var",
    name="the mean of all numbers is subtracted, not the mean along dim",
    belief="There is one mean.",
    explanation="Along an axis each sum has a mean of its own: mean(x, dim, keepdim=True).",
    hints=("How many means has x of shape (2, 3) along dim 1?", "Pass dim to mean, with keepdim=True."),
)
def mean_of_all_subtracted(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    squares = ((x - _mean(x)) ** 2).sum(dim, keepdim)
    return squares / (x.size / squares.size - correction)


@misconception(
    "var",
    name="the mean is not subtracted",
    belief="The variance is the mean square.",
    explanation="It is the mean square of the differences from the mean.",
    hints=("What is the variance of [5, 5, 5]? Zero.", "(x - mean) ** 2."),
)
def mean_not_subtracted(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    squares = (x * x).sum(dim, keepdim)
    return squares / (x.size / squares.size - correction)


@misconception(
    "var",
    name="the root is taken",
    belief="The spread is the square root.",
    explanation="The root of the variance is the standard deviation; var is what stands under it.",
    hints=("Twice as large numbers have four times the variance.", "No sqrt."),
)
def standard_deviation(x: Any, dim: Any = None, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, correction).sqrt()


# --- shapes ---


def _shape_case(home: types.ModuleType, x: Array, change: Callable[[Any], list[Any]]) -> Case:
    """A case that tries several settings at once; a setting that raises counts by its error."""

    def shapes(x: Any) -> list[Any]:
        found: list[Any] = []
        for x_or_w in (x, home.Tensor(x.data, requires_grad=True)):
            for call in change(x_or_w):
                try:
                    out = call()
                    found += [out, out.shape, out.grad_fn is None]
                except (ValueError, IndexError) as error:
                    found.append(type(error).__name__)
        return found

    return Case(shapes, home.Tensor(x))


@draws("transpose")
def _transposed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims = [(0, 1), (1, 2), (2, 0), (-1, -2), (1, -1)]
    return _shape_case(
        home,
        _counted((2, 3, 4), generator),
        lambda x: [functools.partial(home.transpose, x, *pair) for pair in dims],
    )


@draws("flatten")
def _flattened(generator: np.random.Generator, home: types.ModuleType) -> Case:
    runs = [(), (1,), (1, 2), (0, 1), (0, -2), (2, 2)]
    return _shape_case(
        home,
        _counted((2, 3, 4, 2), generator),
        lambda x: [functools.partial(home.flatten, x, *run) for run in runs],
    )


@draws("unsqueeze")
def _unsqueezed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims = (0, 1, 2, -1, -2, -3)
    return _shape_case(
        home, _counted((2, 3), generator), lambda x: [functools.partial(home.unsqueeze, x, dim) for dim in dims]
    )


@draws("squeeze")
def _squeezed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    dims = (None, 0, 1, 2, 3, -1, -2)
    return _shape_case(
        home, _counted((1, 3, 1, 2), generator), lambda x: [functools.partial(home.squeeze, x, dim) for dim in dims]
    )


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
    name="the last two axes are swapped, whichever were asked for",
    belief="A transpose is about rows and columns.",
    explanation="dim0 and dim1 say which axes change places.",
    hints=("Where do you use dim0 and dim1?", "dims[dim0], dims[dim1] = dims[dim1], dims[dim0]."),
)
def last_axes_swapped(x: Any, dim0: int, dim1: int) -> Any:
    return x.permute(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


@misconception(
    "transpose",
    name="the numbers are moved with NumPy, outside of the graph",
    belief="x.data.swapaxes does it.",
    explanation="What touches .data has no past: no gradient would ever come back through it.",
    hints=("Has x.transpose(0, 1) a grad_fn when x requires a gradient?", "permute(x, dims=...)."),
)
def transposed_outside_graph(x: Any, dim0: int, dim1: int) -> Any:
    return type(x)(x.data.swapaxes(dim0, dim1))


def _run(x: Any, start: int, end: int, order: str = "C") -> tuple[int, ...]:
    return (*x.shape[:start], math.prod(x.shape[start:end]), *x.shape[end:])


@misconception(
    "flatten",
    name="all axes are merged, the batch as well",
    belief="Flat is flat: one axis.",
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
    hints=("How many axes has (2, 3, 4, 5) after flatten(1, 2)?", "x.shape[start:end + 1]."),
)
def end_exclusive(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return x.reshape(*_run(x, start, max(end, start)))


@misconception(
    "flatten",
    name="everything from start_dim to the last axis is merged",
    belief="flatten has a start only.",
    explanation="The run ends with end_dim; the axes after it stay.",
    hints=("What shape has (2, 3, 4, 5) after flatten(1, 2)?", "The new shape ends with x.shape[end + 1:]."),
)
def end_ignored(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return x.reshape(*_run(x, start_dim % max(x.ndim, 1), x.ndim))


@misconception(
    "flatten",
    name="the numbers are taken in column order",
    belief="Any order will do, as long as none is lost.",
    explanation="The last axis varies fastest, as in memory: a flattened picture is read row by row.",
    hints=("What comes second in [[1, 2], [3, 4]] laid flat? 2.", "A plain reshape keeps the order."),
)
def column_order(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if x.ndim == 0:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    if start > end:
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim} for shape {x.shape}")
    dims = [*range(start), *reversed(range(start, end + 1)), *range(end + 1, x.ndim)]
    return x.permute(*dims).reshape(*_run(x, start, end + 1))


@misconception(
    "unsqueeze",
    name="a negative dim is counted in the axes of the input",
    belief="dim % x.ndim makes a negative dim positive.",
    explanation="The result has one axis more: -1 is its last axis, so the count is x.ndim + 1.",
    hints=("What shape has (2, 3) after unsqueeze(-1)? (2, 3, 1).", "dim % (x.ndim + 1)."),
)
def negative_off_by_one(x: Any, dim: int) -> Any:
    at = dim if dim >= 0 else dim + x.ndim
    return x.reshape(*x.shape[:at], 1, *x.shape[at:])


@misconception(
    "unsqueeze",
    name="the new axis always comes first",
    belief="unsqueeze adds a batch axis.",
    explanation="dim says which axis of the result is the new one.",
    hints=("Where do you use dim?", "(*x.shape[:at], 1, *x.shape[at:])."),
)
def always_in_front(x: Any, dim: int) -> Any:
    return x.reshape(1, *x.shape)


@misconception(
    "unsqueeze",
    name="the new axis comes after axis dim, not in its place",
    belief="The axis is put behind the one that is named.",
    explanation="The new axis is axis dim of the result: what stood there moves on.",
    hints=("What shape has (2, 3) after unsqueeze(0)? (1, 2, 3).", "(*x.shape[:at], 1, *x.shape[at:])."),
)
def one_too_far(x: Any, dim: int) -> Any:
    at = dim % (x.ndim + 1) + 1
    return x.reshape(*x.shape[:at], 1, *x.shape[at:])


@misconception(
    "squeeze",
    name="an axis of another length is an error",
    belief="Only an axis of length 1 may be named, as in NumPy.",
    explanation="As in torch, an axis of another length stays, without an error.",
    hints=("What should squeeze(1) do to shape (1, 3, 1)? Nothing.", "Keep n if n != 1."),
)
def other_length_refused(x: Any, dim: int | None = None) -> Any:
    return x.reshape(*np.squeeze(x.data, dim).shape)


@misconception(
    "squeeze",
    name="every axis of length 1 is dropped, whatever dim says",
    belief="squeeze removes the ones.",
    explanation="With dim, only that axis is dropped; a batch of one sample keeps its batch axis.",
    hints=("What shape has (1, 3, 1) after squeeze(0)? (3, 1).", "Drop axis i only if i is the one that is named."),
)
def all_ones_dropped(x: Any, dim: int | None = None) -> Any:
    return x.reshape(*(n for n in x.shape if n != 1))


@misconception(
    "squeeze",
    name="dim=0 is taken for no dim",
    belief="`if dim` asks whether a dim was given.",
    explanation="0 is false in Python. Ask `dim is None`.",
    hints=("What is bool(0)?", "if dim is None: ..."),
)
def zero_is_none(x: Any, dim: int | None = None) -> Any:
    drop = (dim % x.ndim,) if dim else range(x.ndim)
    return x.reshape(*(n for i, n in enumerate(x.shape) if n != 1 or i not in drop))


@misconception(
    "squeeze",
    name="a negative dim names no axis",
    belief="Axis i is dropped if i == dim.",
    explanation="-1 is the last axis: make it positive first.",
    hints=("Which i equals -1?", "dim % x.ndim."),
)
def negative_ignored(x: Any, dim: int | None = None) -> Any:
    drop = range(x.ndim) if dim is None else (dim,)
    return x.reshape(*(n for i, n in enumerate(x.shape) if n != 1 or i not in drop))


# --- joining and padding ---


@draws("stack")
def _stacked(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def stacks(a: Any, b: Any, c: Any) -> list[Any]:
        found = [home.stack([a, b], dim) for dim in (0, 1, 2, -1)]
        w = home.Tensor(a.data, requires_grad=True)
        try:
            refused = str(home.stack([a, c]))
        except ValueError as error:
            refused = str(error)
        return [*found, home.stack([w, b]).grad_fn is None, refused]

    return Case(stacks, *(home.Tensor(_counted(shape, generator)) for shape in ((2, 3), (2, 3), (2, 1))))


def _equal_shapes(tensors: Any) -> list[Any]:
    tensors = list(tensors)
    shapes = {tensor.shape for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"tensors: expected equal shapes to stack, got {sorted(shapes)}")
    return tensors


def _with_axis(tensor: Any, dim: int) -> Any:
    at = dim % (tensor.ndim + 1)
    return tensor.reshape(*tensor.shape[:at], 1, *tensor.shape[at:])


@misconception(
    "stack",
    name="the tensors are joined along an axis they already have",
    belief="stack and concatenate are the same.",
    explanation="stack makes a new axis: two tensors of shape (3,) give (2, 3), not (6,).",
    hints=("How many axes has the result?", "Give each tensor the new axis first: unsqueeze(tensor, dim)."),
)
def stack_as_concatenate(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate(_equal_shapes(tensors), dim)


@misconception(
    "stack",
    name="the new axis always comes first",
    belief="Stacking puts one on top of the other.",
    explanation="dim says which axis of the result is the new one; only by default it is the first.",
    hints=("What shape has stack([a, b], dim=-1) for shape (1, 2)? (1, 2, 2).", "Use dim in both calls."),
)
def stacked_in_front(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate([_with_axis(tensor, 0) for tensor in _equal_shapes(tensors)], 0)


@misconception(
    "stack",
    name="the tensors get the new axis, and are joined along the first",
    belief="concatenate joins along the axis that was made.",
    explanation="concatenate must be told: it joins along axis 0 unless dim is passed on.",
    hints=("Which of the two calls knows dim?", "concatenate([...], dim)."),
)
def joined_along_first(tensors: Any, dim: int = 0) -> Any:
    return called_from().concatenate([_with_axis(tensor, dim) for tensor in _equal_shapes(tensors)], 0)


@misconception(
    "stack",
    name="the arrays are stacked with NumPy, outside of the graph",
    belief="np.stack does it.",
    explanation="What touches .data has no past: no gradient would ever come back through it.",
    hints=("Has the result a grad_fn when a tensor requires a gradient?", "unsqueeze and concatenate are recorded."),
)
def stacked_outside_graph(tensors: Any, dim: int = 0) -> Any:
    tensors = _equal_shapes(tensors)
    return type(tensors[0])(np.stack([tensor.data for tensor in tensors], dim))


@draws("pad")
def _padded(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def paddings(x: Any) -> list[Any]:
        return [home.pad(x, pad=pad, value=value) for pad, value in (((1, 2), 7.0), ((1, 2, 3, 0), 0.0), ((0, 1), 0.5))]

    return Case(paddings, home.Tensor(_counted((2, 3, 4), generator)))


def _pairs(x: Array, pad: Any) -> list[tuple[int, int]]:
    if len(pad) % 2 or len(pad) > 2 * x.ndim or any(n < 0 for n in pad):
        raise ValueError(f"pad: expected up to {x.ndim} pairs of sizes >= 0 (last axis first), got {tuple(pad)}")
    return [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]


def _padded_by(x: Array, last: list[tuple[int, int]], value: float) -> Array:
    return np.pad(x, [(0, 0)] * (x.ndim - len(last)) + last, constant_values=value)


@misconception(
    "pad",
    name="the pairs are taken for the first axis first",
    belief="pad is in NumPy's order.",
    explanation="The first pair is for the LAST axis: for images (left, right, top, bottom).",
    hints=("Does pad=(1, 0) on a picture add a row or a column? A column.", "Reverse the pairs: pairs[::-1]."),
)
def pairs_not_reversed(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, _pairs(x, pad), value)


@misconception(
    "pad",
    name="the pairs are counted from the first axis on",
    belief="Axes that have no pair stand at the end.",
    explanation="The pairs belong to the last axes; batch and channels, in front, are left alone.",
    hints=("Which axes of N x C x H x W does pad=(1, 1) touch? W alone.", "[(0, 0)] * rest stands in front."),
)
def leading_axes_padded(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    pairs = _pairs(x, pad)
    return np.pad(x, pairs + [(0, 0)] * (x.ndim - len(pairs)), constant_values=value)


@misconception(
    "pad",
    name="nothing is added at the end of an axis",
    belief="The first number of a pair is the padding.",
    explanation="Each pair is (before, after).",
    hints=("What shape has pad(x, (0, 1))?", "(pad[i], pad[i + 1])."),
)
def only_before(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, [(before, 0) for before, _ in _pairs(x, pad)][::-1], value)


@misconception(
    "pad",
    name="before and after are exchanged",
    belief="Reversing `pad` turns torch's order into NumPy's.",
    explanation="The pairs are reversed, not the numbers in them: (before, after) is the same in both.",
    hints=("Where does pad=(1, 0) add its column? On the left.", "Make pairs first, then reverse their list."),
)
def sides_exchanged(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, [(after, before) for before, after in _pairs(x, pad)][::-1], value)


@misconception(
    "pad",
    name="zeros are put there, whatever the value",
    belief="Padding is zeros.",
    explanation="Zeros are the default; `value` says what is put there.",
    hints=("Where do you use value?", "np.pad(..., constant_values=value)."),
)
def padded_with_zeros(x: Array, *, pad: Any, value: float = 0.0) -> Array:
    return _padded_by(x, _pairs(x, pad)[::-1], 0.0)
