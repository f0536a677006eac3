"""The rules of sums, of extreme entries and of matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array, Lazy, normal, rule_case

Two = tuple[Lazy, Lazy]


# --- sum ---


@draws("vjp(sum)")
def _sums(generator: np.random.Generator, home: Any) -> Case:
    settings: list[Any] = [{}, {"dim": 0}, {"dim": 1}, {"dim": (0, 2), "keepdim": True}, {"dim": -1, "keepdim": True}]
    return rule_case(generator, home, home.T.sum, *((normal(generator, (3, 3, 3)), one) for one in settings))


def _repeated(reduced: Array, x: Array, dim: Any, keepdim: bool) -> Array:
    return np.broadcast_to(reduced if keepdim or dim is None else np.expand_dims(reduced, dim), x.shape)


@misconception(
    "vjp(sum)",
    name="each term gets its share of the gradient",
    belief="A sum of n terms divides the gradient by n.",
    explanation="If one term grows by 1, the sum grows by 1: each gets the whole gradient.",
    hints=("How much does a sum change when one of its terms grows by 1?", "Repeat grad, undivided."),
)
def sum_divided(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(grad, x, dim, keepdim) * (out.size / x.size)


@misconception(
    "vjp(sum)",
    name="the gradient is not repeated",
    belief="The gradient of a sum is the gradient that came in.",
    explanation="Every term gets it: it is repeated to the shape of x.",
    hints=("What shape must the gradient of x have?", "np.broadcast_to(..., x.shape)."),
)
def sum_not_repeated(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return grad


@misconception(
    "vjp(sum)",
    name="the gradient is lined up at the right, whatever the axis",
    belief="Broadcasting finds the axis.",
    explanation="It lines shapes up at the right: a lost axis must come back, with length 1, where it was.",
    hints=("For shape (2, 2) and dim=1, does each row get its own gradient?", "np.expand_dims(grad, dim)."),
)
def sum_on_wrong_axis(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.broadcast_to(grad, x.shape)


@misconception(
    "vjp(sum)",
    name="the axes are inserted although keepdim kept them",
    belief="A sum always loses its axes.",
    explanation="With keepdim=True they are there, with length 1.",
    hints=("Where do you use keepdim?", "Insert axes only if not keepdim."),
)
def sum_ignores_keepdim(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.broadcast_to(grad if dim is None else np.expand_dims(grad, dim), x.shape)


@misconception(
    "vjp(sum)",
    name="the gradient is multiplied by x",
    belief="Each term counts by its size.",
    explanation="The derivative of a sum by each of its terms is 1.",
    hints=("How much does a sum change when a term grows by 1, from 2 or from 200?", "grad, repeated."),
)
def sum_times_x(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(grad, x, dim, keepdim) * x


# --- amax ---


@draws("vjp(amax)")
def _largest(generator: np.random.Generator, home: Any) -> Case:
    settings: list[Any] = [{}, {"dim": 0}, {"dim": 1}, {"dim": -1, "keepdim": True}]
    x = generator.integers(0, 3, (3, 3)).astype(np.float64)  # with ties
    return rule_case(generator, home, home.T.amax, *(([x], one) for one in settings))


@misconception(
    "vjp(amax)",
    name="every entry gets the gradient",
    belief="A maximum depends on all entries.",
    explanation="Only on the largest: the others may move a little and nothing happens.",
    hints=("How much does max(1, 5) change when the 1 grows?", "Multiply by where x equals the largest."),
)
def amax_to_all(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(grad, x, dim, keepdim).copy()


@misconception(
    "vjp(amax)",
    name="equal largest entries each get the whole gradient",
    belief="Each of them is the largest.",
    explanation="They share it evenly, as in torch: divide by how many there are.",
    hints=("What do the gradients of two equal entries add up to?", "Divide by the count along dim."),
)
def amax_not_shared(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(grad, x, dim, keepdim) * (x == _repeated(out, x, dim, keepdim))


@misconception(
    "vjp(amax)",
    name="the first of equal largest entries gets everything",
    belief="argmax is where the maximum came from.",
    explanation="Among equals it names the first. They share the gradient evenly.",
    hints=("What is argmax of [5, 5]?", "x == largest, and not argmax."),
)
def amax_to_first(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    if dim is None:
        first = np.arange(x.size).reshape(x.shape) == x.argmax()
    else:
        first = np.zeros(x.shape, bool)
        np.put_along_axis(first, x.argmax(axis=dim, keepdims=True), True, dim)
    return _repeated(grad, x, dim, keepdim) * first


@misconception(
    "vjp(amax)",
    name="the equal largest entries of all rows are counted together",
    belief="One count is enough.",
    explanation="Each row shares its own gradient: count along dim, with keepdims=True.",
    hints=("Two rows with one largest entry each: what does each get?", "is_largest.sum(axis=dim, keepdims=True)."),
)
def amax_counted_together(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    largest = x == _repeated(out, x, dim, keepdim)
    return _repeated(grad, x, dim, keepdim) * largest / largest.sum()


@misconception(
    "vjp(amax)",
    name="x is compared with the largest of all entries",
    belief="The maximum is one number.",
    explanation="With dim each row has its own: compare with `out`, repeated along the axis that it lost.",
    hints=("What is the largest of each row, and where does it stand in `out`?", "x == out, repeated to x's shape."),
)
def amax_of_everything(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    largest = x == x.max()
    return _repeated(grad, x, dim, keepdim) * largest / np.maximum(largest.sum(axis=dim, keepdims=True), 1)


# --- matrix_product ---


@draws("vjp(matrix_product)")
def _products(generator: np.random.Generator, home: Any) -> Case:
    shapes: list[Any] = [((3, 3), (3, 3)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4))]
    shapes.append(((5, 3, 3), (5, 3, 3)))
    return rule_case(generator, home, home.T.matrix_product, *((normal(generator, *pair), {}) for pair in shapes))


@misconception(
    "vjp(matrix_product)",
    name="nothing is transposed",
    belief="dA = grad @ B and dB = A @ grad.",
    explanation="Only with the transposes do the shapes fit: dA = grad @ B.T, dB = A.T @ grad.",
    hints=("grad is (n, m), B is (k, m) transposed: what gives (n, k)?", "B.swapaxes(-1, -2), A.swapaxes(-1, -2)."),
)
def product_without_transpose(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad @ b, a.shape), lambda: undo(a @ grad, b.shape)


@misconception(
    "vjp(matrix_product)",
    name="the factors stand in the wrong order",
    belief="dA = B.T @ grad and dB = grad @ A.T.",
    explanation="A stood on the left, so what replaces it ends with B.T: dA = grad @ B.T, dB = A.T @ grad.",
    hints=("Write the shapes below the letters: which order fits?", "grad @ B.T for A, A.T @ grad for B."),
)
def product_order(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return (
        lambda: undo(b.swapaxes(-1, -2) @ grad, a.shape),
        lambda: undo(grad @ a.swapaxes(-1, -2), b.shape),
    )


@misconception(
    "vjp(matrix_product)",
    name="the two gradients are exchanged",
    belief="The first is that of the second matrix.",
    explanation="Gradients come in the order of the inputs: that of a, then that of b.",
    hints=("Which of your two has the shape of a?", "return grad @ B.T, A.T @ grad."),
)
def product_exchanged(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return (
        lambda: undo(a.swapaxes(-1, -2) @ grad, b.shape),
        lambda: undo(grad @ b.swapaxes(-1, -2), a.shape),
    )


@misconception(
    "vjp(matrix_product)",
    name="the broadcast over the batch is not undone",
    belief="The product has the shape of the input.",
    explanation="One matrix that met a whole batch has a gradient from each: unbroadcast sums them.",
    hints=("What are the shapes for (5, 2, 3) @ (3, 4)?", "unbroadcast(..., b.shape)."),
)
def product_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    return lambda: grad @ b.swapaxes(-1, -2), lambda: a.swapaxes(-1, -2) @ grad


@misconception(
    "vjp(matrix_product)",
    name="all axes are reversed, not the last two swapped",
    belief=".T transposes.",
    explanation="For a batch of matrices .T moves the batch to the end; swapaxes(-1, -2) transposes each.",
    hints=("What shape has .T of (5, 2, 3)?", "a.swapaxes(-1, -2)."),
)
def product_all_axes_reversed(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad @ b.T, a.shape), lambda: undo(a.T @ grad, b.shape)
