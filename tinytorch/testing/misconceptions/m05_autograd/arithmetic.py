"""Broadcasts undone, and the rules of arithmetic, of sums and of matrix products."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array, Lazy, normal, rule_case

Two = tuple[Lazy, Lazy]


# --- undoing a broadcast ---


@draws("unbroadcast")
def _broadcasts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def sums(*grads: Array) -> list[Any]:
        shapes = ((2, 3), (3,), (2, 1), (1, 3), (1, 1), (), (1,))
        found = [home.unbroadcast(grads[0], shape) for shape in shapes]
        return [
            *found,
            *(home.unbroadcast(grads[1], shape) for shape in ((2, 3, 3), (3, 3), (3, 1), (2, 1, 3), (1, 3))),
        ]

    return Case(sums, *normal(generator, (2, 3), (2, 3, 3)))


@misconception(
    "unbroadcast",
    name="nothing is summed",
    belief="The gradient of the result is the gradient of the input.",
    explanation="An input that was broadcast was used many times; the gradients of all uses are summed.",
    hints=("What shape must the gradient of b have? That of b.", "Sum over the axes along which b was repeated."),
)
def nothing_summed(grad: Array, shape: tuple[int, ...]) -> Array:
    return grad


@misconception(
    "unbroadcast",
    name="stretched axes are summed away and not kept",
    belief="sum(axis) leaves the rest as it is.",
    explanation="An axis of length 1 is part of the input's shape: sum with keepdims=True.",
    hints=("What shape should (2, 3) summed down to (2, 1) have?", "keepdims=True for the stretched axes."),
)
def axes_not_kept(grad: Array, shape: tuple[int, ...]) -> Array:
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))


@misconception(
    "unbroadcast",
    name="only the axes that the input did not have are summed",
    belief="A broadcast adds axes.",
    explanation="It also stretches axes of length 1; those are summed, too, and kept.",
    hints=("What about shape (2, 1)?", "Sum over every axis where shape has a 1, with keepdims=True."),
)
def only_new_axes(grad: Array, shape: tuple[int, ...]) -> Array:
    return grad.sum(axis=tuple(range(grad.ndim - len(shape)))) if grad.ndim > len(shape) else grad


@misconception(
    "unbroadcast",
    name="only the stretched axes are summed",
    belief="A broadcast stretches axes of length 1.",
    explanation="It also adds axes at the left; those are summed, too, and go.",
    hints=("What about shape (3,) for a gradient (2, 3)?", "Sum over the first grad.ndim - len(shape) axes."),
)
def only_stretched_axes(grad: Array, shape: tuple[int, ...]) -> Array:
    shape = (grad.shape[: grad.ndim - len(shape)]) + shape
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@misconception(
    "unbroadcast",
    name="the mean is taken, not the sum",
    belief="Each use gets its share.",
    explanation="Every use moves the result by itself; their influences add up.",
    hints=("b was added to 2 rows: how much does the sum of all change when b goes up by 1?", "sum, not mean."),
)
def mean_of_uses(grad: Array, shape: tuple[int, ...]) -> Array:
    if grad.shape == shape:
        return grad
    grad = grad.mean(axis=tuple(range(grad.ndim - len(shape))))
    return grad.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@misconception(
    "unbroadcast",
    name="the first of the uses is taken",
    belief="All copies are alike, so one will do.",
    explanation="The copies are alike, their gradients are not: all of them are summed.",
    hints=("Which rows of the gradient reach your result?", "sum over the repeated axes."),
)
def first_use(grad: Array, shape: tuple[int, ...]) -> Array:
    grad = grad[(0,) * (grad.ndim - len(shape))]
    return grad[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


@misconception(
    "unbroadcast",
    name="the axes are summed at the right",
    belief="Missing axes are missing at the end.",
    explanation="Shapes are lined up at the right: the axes that the input did not have stand at the left.",
    hints=("Which axis of (2, 3) did an input of shape (3,) not have? The first.", "range(grad.ndim - len(shape))."),
)
def summed_at_the_right(grad: Array, shape: tuple[int, ...]) -> Array:
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(len(shape), grad.ndim)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and i < grad.ndim)
    return grad.sum(axis=stretched, keepdims=True)


# --- mul, div, pow, clip ---


def _pairs(generator: np.random.Generator) -> list[Any]:
    shapes = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (2, 3)), ((), (2,)))
    return [([generator.uniform(0.5, 2.0, shape) for shape in pair], {}) for pair in shapes]


@draws("vjp(mul)")
def _muls(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.mul, *_pairs(generator))


@draws("vjp(div)")
def _divs(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.div, *_pairs(generator))


@draws("vjp(pow)")
def _pows(generator: np.random.Generator, home: Any) -> Case:
    zeros = [np.array([0.0, 0.0, 2.0, 1.5]), np.array([2.0, 0.0, 0.0, -1.0])]
    return rule_case(generator, home, home.T.pow, *_pairs(generator), (zeros, {}))


@draws("vjp(clip)")
def _clips(generator: np.random.Generator, home: Any) -> Case:
    x = np.append(generator.uniform(-2.0, 2.0, 6), [-1.0, 1.0])
    settings: list[Any] = [{"min": -1.0, "max": 1.0}, {"min": -1.0}, {"max": 1.0}]
    return rule_case(generator, home, home.T.clip, *(([x], one) for one in settings))


@misconception(
    "vjp(mul)",
    name="each factor's gradient is that factor itself",
    belief="The gradient of a is grad times a.",
    explanation="Turning a up by 1 turns a * b up by b: each factor's gradient is the other factor.",
    hints=("How much does 2 * b change when 2 becomes 3?", "grad * b for a, grad * a for b."),
)
def factors_not_exchanged(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad * a, a.shape), lambda: undo(grad * b, b.shape)


@misconception(
    "vjp(mul)",
    name="the broadcast is not undone",
    belief="grad * b has the shape of a.",
    explanation="It has the shape of the result; unbroadcast sums it down to that of a.",
    hints=("What are the shapes of a, b and grad?", "unbroadcast(grad * b, a.shape)."),
)
def product_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    return lambda: grad * b, lambda: grad * a


@misconception(
    "vjp(mul)",
    name="the gradient that came in is left out",
    belief="The derivative of a * b is b.",
    explanation="A rule continues the chain: what came in is multiplied by the derivative.",
    hints=("Where do you use grad?", "grad * b."),
)
def product_without_grad(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(b + 0 * grad, a.shape), lambda: undo(a + 0 * grad, b.shape)


@misconception(
    "vjp(div)",
    name="the denominator's gradient has the wrong sign",
    belief="Both gradients are positive.",
    explanation="A larger denominator makes the quotient smaller: -a / b^2.",
    hints=("Does 1 / b grow with b?", "-grad * out / b."),
)
def division_sign(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad / b, a.shape), lambda: undo(grad * out / b, b.shape)


@misconception(
    "vjp(div)",
    name="the denominator's gradient is -a / b",
    belief="The derivative of 1 / b is -1 / b.",
    explanation="It is -1 / b^2: -a / b^2, which is -out / b.",
    hints=("What is the derivative of b ** -1?", "-grad * out / b: out is a / b already."),
)
def denominator_not_squared(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad / b, a.shape), lambda: undo(-grad * out, b.shape)


@misconception(
    "vjp(div)",
    name="the numerator's gradient is multiplied by b",
    belief="The gradient of a is the other one, as for a product.",
    explanation="a / b is a times 1/b: its gradient is 1/b.",
    hints=("How much does a / 4 change when a goes up by 1?", "grad / b."),
)
def numerator_times_b(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad * b, a.shape), lambda: undo(-grad * out / b, b.shape)


@misconception(
    "vjp(div)",
    name="the broadcast is not undone",
    belief="grad / b has the shape of a.",
    explanation="It has the shape of the result; unbroadcast sums it down to that of a.",
    hints=("What are the shapes of a, b and grad?", "unbroadcast(grad / b, a.shape)."),
)
def quotient_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    return lambda: grad / b, lambda: -grad * out / b


def _to_base(a: Array, b: Array) -> Array:
    return np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))


def _to_exponent(out: Array, a: Array) -> Array:
    return out * np.log(np.where(a == 0, 1, a))


@misconception(
    "vjp(pow)",
    name="the factor b is left out of the base's gradient",
    belief="The exponent goes down by one.",
    explanation="And comes down as a factor: b * a^(b - 1).",
    hints=("What is the derivative of a ** 2?", "grad * b * a ** (b - 1)."),
)
def power_without_factor(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    base = np.where(b == 0, 0, a ** np.where(b == 0, 1, b - 1))
    return lambda: undo(grad * base, a.shape), lambda: undo(grad * _to_exponent(out, a), b.shape)


@misconception(
    "vjp(pow)",
    name="the exponent does not go down by one",
    belief="The exponent comes down as a factor.",
    explanation="And one less stays above: b * a^(b - 1).",
    hints=("What is the derivative of a ** 2?", "grad * b * a ** (b - 1)."),
)
def power_not_lowered(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad * b * out, a.shape), lambda: undo(grad * _to_exponent(out, a), b.shape)


@misconception(
    "vjp(pow)",
    name="the exponent's gradient has no logarithm",
    belief="The derivative of a^b by b is a^b, as for e^b.",
    explanation="Only e has logarithm 1: the derivative is a^b * log(a).",
    hints=("What is the derivative of 2 ** b?", "grad * out * log(a), 0 where a is 0."),
)
def exponent_without_log(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad * _to_base(a, b), a.shape), lambda: undo(grad * out, b.shape)


@misconception(
    "vjp(pow)",
    name="the exponent has no gradient",
    belief="An exponent is a setting.",
    explanation="Here it is an input as any other: its gradient is a^b * log(a).",
    hints=("How does 2 ** b change with b?", "grad * out * log(a), 0 where a is 0."),
)
def exponent_is_constant(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: undo(grad * _to_base(a, b), a.shape), lambda: np.zeros_like(b)


@misconception(
    "vjp(pow)",
    name="a base of 0 gives NaN or infinity",
    belief="b * a^(b - 1) and a^b * log(a) are the program.",
    explanation="0^0 has the gradient 0 * 0^-1, and 0^2 the gradient 0 * log(0): both are NaN, and both should be 0.",
    hints=("What is 0 * np.log(0.0)?", "np.where before the power and before the log, not after."),
)
def power_of_zero(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast

    def to_exponent() -> Array:
        with np.errstate(all="ignore"):
            return undo(grad * out * np.log(a), b.shape)

    def to_base() -> Array:
        with np.errstate(all="ignore"):
            return undo(grad * b * a ** (b - 1), a.shape)

    return to_base, to_exponent


@misconception(
    "vjp(pow)",
    name="the broadcast is not undone",
    belief="The gradients have the shape of the result.",
    explanation="x ** 2 broadcasts the 2: its gradient is summed down to one number.",
    hints=("What are the shapes of a, b and grad?", "unbroadcast(..., b.shape)."),
)
def power_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    return lambda: grad * _to_base(a, b), lambda: grad * _to_exponent(out, a)


@misconception(
    "vjp(clip)",
    name="the gradient passes everywhere",
    belief="What goes through clip comes back through it.",
    explanation="Where the limit was hit the output does not move with x: the gradient is 0 there.",
    hints=("How much does clip(3, max=1) change when 3 becomes 3.1?", "np.where(out == x, grad, 0)."),
)
def clip_passes_all(grad: Array, out: Array, x: Array, *, min: Any = None, max: Any = None) -> Array:
    return grad


@misconception(
    "vjp(clip)",
    name="the gradient passes where the limit was hit, and only there",
    belief="The mask is where clipping did something.",
    explanation="There it did away with x. The gradient passes where clipping changed nothing.",
    hints=("How much does clip(3, max=1) change when 3 becomes 3.1?", "np.where(out == x, grad, 0)."),
)
def clip_mask_inverted(grad: Array, out: Array, x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.where(out == x, 0, grad)


@misconception(
    "vjp(clip)",
    name="the gradient is 0 on the limits themselves",
    belief="Inside means strictly between the limits.",
    explanation="On a limit clipping changes nothing: as in torch the gradient passes.",
    hints=("What should the gradient be at x = max?", "out == x is where clipping changed nothing."),
)
def clip_limits_closed(grad: Array, out: Array, x: Array, *, min: Any = None, max: Any = None) -> Array:
    inside = (x > (-np.inf if min is None else min)) & (x < (np.inf if max is None else max))
    return np.where(inside, grad, 0)


@misconception(
    "vjp(clip)",
    name="the gradient itself is clipped",
    belief="Gradients are limited as the values were.",
    explanation="The limits are for x. The gradient passes unchanged where x was inside.",
    hints=("What has the size of grad to do with min and max?", "np.where(out == x, grad, 0)."),
)
def gradient_clipped(grad: Array, out: Array, x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.clip(grad, min, max)


# --- sum, matmul, linear ---


@draws("vjp(sum)")
def _sums(generator: np.random.Generator, home: Any) -> Case:
    settings: list[Any] = [{}, {"dim": 0}, {"dim": 1}, {"dim": (0, 2), "keepdim": True}, {"dim": -1, "keepdim": True}]
    return rule_case(generator, home, home.T.sum, *((normal(generator, (3, 3, 3)), one) for one in settings))


@draws("vjp(matmul)")
def _products(generator: np.random.Generator, home: Any) -> Case:
    shapes: list[Any] = [((3, 3), (3, 3)), ((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,))]
    shapes += [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 3, 3), (5, 3, 3))]
    return rule_case(generator, home, home.T.matmul, *((normal(generator, *pair), {}) for pair in shapes))


@draws("vjp(linear)")
def _linears(generator: np.random.Generator, home: Any) -> Case:
    shapes: list[Any] = [((4, 3), (3, 3), (3,)), ((2, 4, 3), (5, 3), (5,)), ((3,), (5, 3), (5,))]
    examples: list[Any] = [(normal(generator, *three), {}) for three in shapes]
    examples.append((normal(generator, (2, 3), (5, 3)), {}))
    return rule_case(generator, home, home.layers.linear, *examples)


def _repeated(here: Any, grad: Array, x: Array, dim: Any, keepdim: bool) -> Array:
    return np.broadcast_to(here._keep_dims(grad, x, dim, keepdim), x.shape)


@misconception(
    "vjp(sum)",
    name="each term gets its share of the gradient",
    belief="A sum of n terms divides the gradient by n.",
    explanation="Turning one term up by 1 turns the sum up by 1: each gets the whole gradient.",
    hints=("How much does a sum change when one of its terms goes up by 1?", "Repeat grad, undivided."),
)
def sum_divided(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(called_from(), grad, x, dim, keepdim) * (out.size / x.size)


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
    hints=("For shape (2, 2) and dim=1, does each row get its own gradient?", "_keep_dims(grad, x, dim, keepdim)."),
)
def sum_on_wrong_axis(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.broadcast_to(grad, x.shape)


@misconception(
    "vjp(sum)",
    name="the gradient is multiplied by x",
    belief="Each term counts by its size.",
    explanation="The derivative of a sum by each of its terms is 1.",
    hints=("How much does a sum change when a term goes up by 1, from 2 or from 200?", "grad, repeated."),
)
def sum_times_x(grad: Array, out: Array, x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return _repeated(called_from(), grad, x, dim, keepdim) * x


def _matrices(grad: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """A, B and G as the given lines make them."""
    A, B = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    G = grad[..., None, :] if a.ndim == 1 and b.ndim > 1 else grad
    G = G[..., None] if b.ndim == 1 and a.ndim > 1 else G
    return A, B, G.reshape(1, 1) if a.ndim == b.ndim == 1 else G


@misconception(
    "vjp(matmul)",
    name="nothing is transposed",
    belief="dA = grad @ B and dB = A @ grad.",
    explanation="Only with the transposes do the shapes fit: dA = grad @ B.T, dB = A.T @ grad.",
    hints=("grad is (n, m), B is (k, m) transposed: what gives (n, k)?", "B.swapaxes(-1, -2), A.swapaxes(-1, -2)."),
)
def matmul_without_transpose(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo, (A, B, G) = called_from().unbroadcast, _matrices(grad, a, b)
    return lambda: undo(G @ B, A.shape).reshape(a.shape), lambda: undo(A @ G, B.shape).reshape(b.shape)


@misconception(
    "vjp(matmul)",
    name="the factors stand in the wrong order",
    belief="dA = B.T @ grad and dB = grad @ A.T.",
    explanation="A stood on the left, so what replaces it ends with B.T: dA = grad @ B.T, dB = A.T @ grad.",
    hints=("Write the shapes below the letters: which order fits?", "grad @ B.T for A, A.T @ grad for B."),
)
def matmul_order(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo, (A, B, G) = called_from().unbroadcast, _matrices(grad, a, b)
    return (
        lambda: undo(B.swapaxes(-1, -2) @ G, A.shape).reshape(a.shape),
        lambda: undo(G @ A.swapaxes(-1, -2), B.shape).reshape(b.shape),
    )


@misconception(
    "vjp(matmul)",
    name="the two gradients are exchanged",
    belief="The first is that of the second matrix.",
    explanation="Gradients come in the order of the inputs: that of a, then that of b.",
    hints=("Which of your two has the shape of a?", "return grad @ B.T, A.T @ grad."),
)
def matmul_exchanged(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo, (A, B, G) = called_from().unbroadcast, _matrices(grad, a, b)
    return (
        lambda: undo(A.swapaxes(-1, -2) @ G, B.shape).reshape(b.shape),
        lambda: undo(G @ B.swapaxes(-1, -2), A.shape).reshape(a.shape),
    )


@misconception(
    "vjp(matmul)",
    name="the broadcast over the batch is not undone",
    belief="The product has the shape of the input.",
    explanation="One matrix that met a whole batch has a gradient from each: unbroadcast sums them.",
    hints=("What are the shapes for (5, 2, 3) @ (3, 4)?", "unbroadcast(..., B.shape)."),
)
def matmul_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    A, B, G = _matrices(grad, a, b)

    def like(gradient: Array, given: Array) -> Array:
        return gradient.reshape(given.shape) if gradient.size == given.size else gradient

    return lambda: like(G @ B.swapaxes(-1, -2), a), lambda: like(A.swapaxes(-1, -2) @ G, b)


@misconception(
    "vjp(matmul)",
    name="all axes are reversed, not the last two swapped",
    belief=".T transposes.",
    explanation="For a batch of matrices .T moves the batch to the end; swapaxes(-1, -2) transposes each.",
    hints=("What shape has .T of (5, 2, 3)?", "A.swapaxes(-1, -2)."),
)
def matmul_all_axes_reversed(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo, (A, B, G) = called_from().unbroadcast, _matrices(grad, a, b)
    return lambda: undo(G @ B.T, A.shape).reshape(a.shape), lambda: undo(A.T @ G, B.shape).reshape(b.shape)


Three = tuple[Lazy, Lazy, Any]


def _rows(grad: Array, x: Array) -> tuple[Array, Array]:
    return x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])


@misconception(
    "vjp(linear)",
    name="the bias gradient is averaged over the rows",
    belief="A batch's gradient is a mean.",
    explanation="The bias was added to every row: what was copied forward is summed backward.",
    hints=("What was copied to every row?", "grads.sum(axis=0)."),
)
def bias_averaged(grad: Array, out: Array, x: Array, weight: Array, bias: Any = None) -> Three:
    rows, grads = _rows(grad, x)
    to_bias = None if bias is None else lambda: grads.mean(axis=0)
    return lambda: (grads @ weight).reshape(x.shape), lambda: grads.T @ rows, to_bias


@misconception(
    "vjp(linear)",
    name="the bias gradient is not summed over the rows",
    belief="The bias is added, so its gradient is grad.",
    explanation="It is added to every row, so its gradient is the sum over the rows, of shape (out,).",
    hints=("What shape must the gradient of the bias have?", "grads.sum(axis=0)."),
)
def bias_not_summed(grad: Array, out: Array, x: Array, weight: Array, bias: Any = None) -> Three:
    rows, grads = _rows(grad, x)
    to_bias = None if bias is None else lambda: grad
    return lambda: (grads @ weight).reshape(x.shape), lambda: grads.T @ rows, to_bias


@misconception(
    "vjp(linear)",
    name="the weight's gradient is transposed",
    belief="dW = x.T @ grad, as for a matrix product.",
    explanation="The weight is stored transposed, (out, in), and so is its gradient: grads.T @ rows.",
    hints=("What shape must the gradient of the weight have?", "grads.T @ rows."),
)
def weight_transposed(grad: Array, out: Array, x: Array, weight: Array, bias: Any = None) -> Three:
    rows, grads = _rows(grad, x)
    to_bias = None if bias is None else lambda: grads.sum(axis=0)
    return lambda: (grads @ weight).reshape(x.shape), lambda: rows.T @ grads, to_bias


@misconception(
    "vjp(linear)",
    name="the weight is transposed in the input's gradient",
    belief="Forward it was weight.T, so backward it is weight.T.",
    explanation="Backward it is the transpose of what it was forward: grads (n, out) @ weight (out, in).",
    hints=("What gives (n, in) from (n, out) and (out, in)?", "grads @ weight."),
)
def input_through_transpose(grad: Array, out: Array, x: Array, weight: Array, bias: Any = None) -> Three:
    rows, grads = _rows(grad, x)
    to_bias = None if bias is None else lambda: grads.sum(axis=0)
    return lambda: (grads @ weight.T).reshape(x.shape), lambda: grads.T @ rows, to_bias


@misconception(
    "vjp(linear)",
    name="the weight's gradient is averaged over the rows",
    belief="A batch's gradient is a mean.",
    explanation="The weight met every row: its gradients are summed. The mean, if any, is the loss's.",
    hints=("Where would a division by the batch come from? From the loss.", "grads.T @ rows."),
)
def weight_averaged(grad: Array, out: Array, x: Array, weight: Array, bias: Any = None) -> Three:
    rows, grads = _rows(grad, x)
    to_bias = None if bias is None else lambda: grads.sum(axis=0)
    return lambda: (grads @ weight).reshape(x.shape), lambda: grads.T @ rows / len(rows), to_bias
