"""The rules of functions that move numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array, normal, rule_case

# --- permute ---


@draws("vjp(permute)")
def _orders(generator: np.random.Generator, home: Any) -> Case:
    settings: list[Any] = [{"dims": dims} for dims in ((2, 0, 1), (1, 2, 0), (0, 2, 1), (-1, 0, 1))]
    examples: list[Any] = [(normal(generator, shape), one) for shape in ((3, 3, 3), (2, 3, 4)) for one in settings]
    return rule_case(generator, home, home.T.permute, *examples)


@misconception(
    "vjp(permute)",
    name="the gradient is permuted as the input was",
    belief="The same order leads back.",
    explanation="Only where two axes were swapped. (2, 0, 1) twice is (1, 2, 0), and not the way back.",
    hints=("Where did axis 0 of x go under dims=(2, 0, 1)? To axis 1.", "np.argsort of dims."),
)
def permuted_again(grad: Array, out: Array, x: Array, *, dims: tuple[int, ...]) -> Array:
    return np.transpose(grad, dims)


@misconception(
    "vjp(permute)",
    name="the order of the axes is reversed",
    belief="Backward is the reverse order.",
    explanation="The way back puts axis i of the output where it came from, dims[i]: the inverse, not the reverse.",
    hints=("Where did axis 0 of x go under dims=(2, 0, 1)? To axis 1.", "np.argsort of dims."),
)
def permuted_in_reverse(grad: Array, out: Array, x: Array, *, dims: tuple[int, ...]) -> Array:
    return np.transpose(grad, dims[::-1])


@misconception(
    "vjp(permute)",
    name="the gradient is reshaped",
    belief="The shape of x is all that is needed.",
    explanation="reshape keeps the numbers in a row. permute put them in another order, which must be undone.",
    hints=("Module 01: are reshape(3, 2) and permute(1, 0) of a (2, 3) the same?", "np.transpose."),
)
def permuted_by_reshape(grad: Array, out: Array, x: Array, *, dims: tuple[int, ...]) -> Array:
    return grad.reshape(x.shape)


@misconception(
    "vjp(permute)",
    name="negative dims are sorted before the others",
    belief="np.argsort(dims) is the way back.",
    explanation="Of positive dims. -1 is the last axis, and would be sorted as the first.",
    hints=("Which axis is -1 of three?", "d % x.ndim for each d in dims."),
)
def negative_dims_sorted_first(grad: Array, out: Array, x: Array, *, dims: tuple[int, ...]) -> Array:
    return np.transpose(grad, np.argsort(dims))


# --- pad ---


@draws("vjp(pad)")
def _borders(generator: np.random.Generator, home: Any) -> Case:
    settings: list[Any] = [{"pad": pad} for pad in ((1, 2), (0, 1, 2, 0), (1, 0, 0, 2, 3, 1), (2, 2, 2, 2))]
    return rule_case(generator, home, home.T.pad, *((normal(generator, (3, 3, 3)), one) for one in settings))


@misconception(
    "vjp(pad)",
    name="the pairs are taken for the first axis first",
    belief="pad[0] and pad[1] belong to axis 0.",
    explanation="As in torch the first pair belongs to the LAST axis: for images (left, right, top, bottom).",
    hints=("Which axis does pad=(1, 2) change? The last.", "Go through the pairs from the end."),
)
def first_axis_first(grad: Array, out: Array, x: Array, *, pad: tuple[int, ...], value: float = 0.0) -> Array:
    before = [*pad[0::2], *[0] * (x.ndim - len(pad) // 2)]
    return grad[tuple(slice(start, start + n) for start, n in zip(before, x.shape, strict=True))]


@misconception(
    "vjp(pad)",
    name="the end is -after, also where after is 0",
    belief="grad[before:-after] drops the border.",
    explanation="-0 is 0, and grad[1:0] is empty. x begins at `before` and is x.shape[i] long.",
    hints=("What is [1, 2, 3][1:-0]?", "slice(start, start + n), with n of x.shape."),
)
def minus_zero(grad: Array, out: Array, x: Array, *, pad: tuple[int, ...], value: float = 0.0) -> Array:
    pairs = [(0, -grad.shape[i]) for i in range(x.ndim - len(pad) // 2)]
    pairs += [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    return grad[tuple(slice(before, -after) for before, after in pairs)]


@misconception(
    "vjp(pad)",
    name="everything is cut off at the end",
    belief="x stands at the beginning.",
    explanation="`before` numbers of the border stand in front of it.",
    hints=("Where does x begin in the output of pad=(1, 2)?", "slice(start, start + n)."),
)
def border_only_behind(grad: Array, out: Array, x: Array, *, pad: tuple[int, ...], value: float = 0.0) -> Array:
    return grad[tuple(slice(n) for n in x.shape)]


@misconception(
    "vjp(pad)",
    name="only the last axis loses its border",
    belief="pad is one pair.",
    explanation="It may hold a pair for each axis: (left, right, top, bottom) for images.",
    hints=("How many pairs has pad=(0, 1, 2, 0)?", "A slice for each axis."),
)
def only_last_axis(grad: Array, out: Array, x: Array, *, pad: tuple[int, ...], value: float = 0.0) -> Array:
    return grad[..., pad[0] : pad[0] + x.shape[-1]]


# --- where ---


@draws("vjp(where)")
def _choices(generator: np.random.Generator, home: Any) -> Case:
    shapes: list[Any] = [((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), (3,)), ((2, 1), (2, 1), (1, 3)), ((2, 3), (), (3,))]
    examples: list[Any] = []
    for condition, a, b in shapes:
        mask = generator.random(condition) < 0.5
        mask.flat[:2] = [True, False]
        examples.append(([mask, *normal(generator, a, b)], {}))
    return rule_case(generator, home, home.T.where, *examples)


def _undo(grad: Array, array: Array) -> Array:
    return called_from().unbroadcast(grad, array.shape)


@misconception(
    "vjp(where)",
    name="both sides get the whole gradient",
    belief="The result depends on both.",
    explanation="Each number was taken from one side; the other has nothing to do with it and gets 0.",
    hints=("What does b get where a was taken? 0.", "np.where(condition, grad, 0)."),
)
def both_get_all(grad: Array, out: Array, condition: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return None, _undo(grad, a), _undo(grad, b)


@misconception(
    "vjp(where)",
    name="the two sides are exchanged",
    belief="a is taken where the condition fails.",
    explanation="a is taken where it holds, and so a gets the gradient there.",
    hints=("Which side is taken where the condition is True?", "np.where(condition, grad, 0) for a."),
)
def sides_exchanged(grad: Array, out: Array, condition: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return None, _undo(np.where(condition, 0, grad), a), _undo(np.where(condition, grad, 0), b)


@misconception(
    "vjp(where)",
    name="the broadcast is not undone",
    belief="The gradients have the shape of the result.",
    explanation="All three inputs broadcast: each gradient is summed down to its input's shape.",
    hints=("What are the shapes of a, b and grad?", "unbroadcast(..., a.shape)."),
)
def choice_not_unbroadcast(grad: Array, out: Array, condition: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return None, np.where(condition, grad, 0), np.where(condition, 0, grad)


@misconception(
    "vjp(where)",
    name="there is no entry for the condition",
    belief="Only a and b have gradients.",
    explanation="A rule returns one entry for each input, in order; that of the condition is None.",
    hints=("How many inputs has where? Three.", "return None, ..., ..."),
)
def condition_left_out(grad: Array, out: Array, condition: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return _undo(np.where(condition, grad, 0), a), _undo(np.where(condition, 0, grad), b)


# --- getitem ---


@draws("vjp(getitem)")
def _reads(generator: np.random.Generator, home: Any) -> Case:
    indices: list[Any] = [(slice(None, None, 2), 1), (None, Ellipsis, slice(0, 2)), (np.array([2, 0, 2]),)]
    indices += [([1, 1],), (slice(None), (0, 0)), (np.array([True, False, True]),)]
    return rule_case(generator, home, home.T.getitem, *((normal(generator, (3, 3)), {"index": i}) for i in indices))


@misconception(
    "vjp(getitem)",
    name="of two gradients for one place the last counts",
    belief="zeros[index] = grad, or +=, puts each gradient in its place.",
    explanation="A place that was read twice has two gradients. NumPy writes them one after the other; np.add.at adds.",
    hints=("What is zeros(1)[[0, 0]] += [1, 2]? [2].", "np.add.at(zeros, index, grad)."),
)
def last_read_counts(grad: Array, out: Array, x: Array, *, index: tuple[Any, ...]) -> Array:
    moved = np.zeros(x.shape, grad.dtype)
    moved[index] = grad
    return moved


@misconception(
    "vjp(getitem)",
    name="the index is applied to the gradient",
    belief="What was done forward is done backward.",
    explanation="The gradient has the shape of what was read; it must go back to those places of x.",
    hints=("What shape must the gradient of x have?", "Zeros like x, with grad added at the index."),
)
def gradient_indexed(grad: Array, out: Array, x: Array, *, index: tuple[Any, ...]) -> Array:
    try:
        return grad[index]
    except IndexError:
        return grad


@misconception(
    "vjp(getitem)",
    name="the gradient is returned as it came",
    belief="Reading changes no number.",
    explanation="But it leaves numbers out: their gradient is 0, and the gradient of x has the shape of x.",
    hints=("What shape must the gradient of x have?", "Zeros like x, with grad added at the index."),
)
def read_passes(grad: Array, out: Array, x: Array, *, index: tuple[Any, ...]) -> Array:
    return grad


@misconception(
    "vjp(getitem)",
    name="the places that were read get 1",
    belief="The derivative of reading is 1.",
    explanation="A rule continues the chain: the gradient that came in is moved to those places.",
    hints=("Where do you use grad?", "np.add.at(zeros, index, grad)."),
)
def ones_at_places(grad: Array, out: Array, x: Array, *, index: tuple[Any, ...]) -> Array:
    moved = np.zeros(x.shape, grad.dtype)
    np.add.at(moved, index, 1)
    return moved


# --- gather ---


@draws("vjp(gather)")
def _picks(generator: np.random.Generator, home: Any) -> Case:
    examples: list[Any] = []
    for shape, dim in (((3, 2), 1), ((2, 3), 0), ((3, 3), -1)):
        index = generator.integers(0, 3, shape)
        index.flat[:2] = 1
        examples.append(([generator.standard_normal((3, 3)), index], {"dim": dim}))
    return rule_case(generator, home, home.T.gather, *examples)


@misconception(
    "vjp(gather)",
    name="of two gradients for one place the last counts",
    belief="np.put_along_axis is the way back of np.take_along_axis.",
    explanation="It writes one after the other. A place that was read twice gets the sum of both gradients.",
    hints=("What if the index is [0, 0]?", "np.add.at, or the rule of getitem."),
)
def last_pick_counts(grad: Array, out: Array, x: Array, index: Array, *, dim: int) -> tuple[Array, None]:
    moved = np.zeros(x.shape, grad.dtype)
    np.put_along_axis(moved, index, grad, dim)
    return moved, None


@misconception(
    "vjp(gather)",
    name="the index is put in the place of the first axis, whatever dim says",
    belief="An index picks rows.",
    explanation="It picks along `dim`; along the other axes the entries stay where they are.",
    hints=("Where do you use dim?", "places[dim] = index."),
)
def picked_along_first_axis(grad: Array, out: Array, x: Array, index: Array, *, dim: int) -> tuple[Array, None]:
    places: list[Any] = list(np.indices(index.shape, sparse=True))
    places[0] = index
    moved = np.zeros(x.shape, grad.dtype)
    np.add.at(moved, tuple(places), grad)
    return moved, None


@misconception(
    "vjp(gather)",
    name="the gradient is gathered again",
    belief="What was done forward is done backward.",
    explanation="The gradient must go back to the places that were read: zeros like x, with grad added there.",
    hints=("What shape must the gradient of x have?", "np.add.at, or the rule of getitem."),
)
def gathered_again(grad: Array, out: Array, x: Array, index: Array, *, dim: int) -> tuple[Array, None]:
    return np.take_along_axis(grad, np.minimum(index, grad.shape[dim] - 1), dim), None


@misconception(
    "vjp(gather)",
    name="there is no entry for the index",
    belief="Only x has a gradient.",
    explanation="A rule returns one entry for each input; that of the index is None.",
    hints=("How many inputs has gather? Two.", "return ..., None."),
)
def index_left_out(grad: Array, out: Array, x: Array, index: Array, *, dim: int) -> Array:
    places: list[Any] = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    moved = np.zeros(x.shape, grad.dtype)
    np.add.at(moved, tuple(places), grad)
    return moved
