"""Broadcasts undone, and the rules of arithmetic."""

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
    name="over the axes that the input did not have, the mean is taken",
    belief="Rows share the gradient among them.",
    explanation="Every row used the input by itself; their influences add up.",
    hints=("b of shape (3,) was added to 2 rows: which of your two steps is for these?", "sum, not mean."),
)
def mean_of_new_axes(grad: Array, shape: tuple[int, ...]) -> Array:
    if grad.ndim > len(shape):
        grad = grad.mean(axis=tuple(range(grad.ndim - len(shape))))
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@misconception(
    "unbroadcast",
    name="over the stretched axes, the mean is taken",
    belief="A stretched number shares the gradient among its copies.",
    explanation="Every copy was used by itself; their influences add up.",
    hints=("b of shape (2, 1) was stretched to 3 columns: which of your two steps is for these?", "sum, not mean."),
)
def mean_of_stretched_axes(grad: Array, shape: tuple[int, ...]) -> Array:
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
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


# --- mul, div, pow ---


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
    "vjp(mul)",
    name="only the gradient of the second factor is summed down",
    belief="The second input is the one that is broadcast.",
    explanation="Either may be: [3.0, 4.0] times a matrix broadcasts the first. Both gradients are unbroadcast.",
    hints=("What is the shape of a in `2.0 * x`?", "unbroadcast(grad * b, a.shape), and the same for b."),
)
def first_not_unbroadcast(grad: Array, out: Array, a: Array, b: Array) -> Two:
    undo = called_from().unbroadcast
    return lambda: grad * b, lambda: undo(grad * a, b.shape)


# --- exp, log, sqrt, abs, clip ---


@draws("vjp(exp)")
def _exps(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.exp, ([generator.uniform(0.5, 2.0, 5)], {}))


@draws("vjp(log)")
def _logs(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.log, ([generator.uniform(0.5, 2.0, 5)], {}))


@draws("vjp(sqrt)")
def _roots(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.sqrt, ([generator.uniform(0.5, 2.0, 5)], {}))


@draws("vjp(abs)")
def _distances(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.T.abs, ([np.append(generator.standard_normal(5), [0.0])], {}))


@draws("vjp(clip)")
def _clips(generator: np.random.Generator, home: Any) -> Case:
    x = np.append(generator.uniform(-2.0, 2.0, 6), [-1.0, 1.0])
    settings: list[Any] = [{"min": -1.0, "max": 1.0}, {"min": -1.0}, {"max": 1.0}]
    return rule_case(generator, home, home.T.clip, *(([x], one) for one in settings))


@misconception(
    "vjp(exp)",
    name="the rule of powers is used, x e^(x - 1)",
    belief="The exponent comes down and is lowered by one.",
    explanation="That holds for x^n. Here x is the exponent: the derivative of e^x is e^x, which is `out`.",
    hints=("What is the slope of e^x at 0? 1.", "grad * out."),
)
def exp_as_power(grad: Array, out: Array, x: Array) -> Array:
    return grad * x * np.exp(x - 1)


@misconception(
    "vjp(exp)",
    name="the gradient that came in is left out",
    belief="The derivative of e^x is e^x.",
    explanation="A rule continues the chain: what came in is multiplied by the derivative.",
    hints=("Where do you use grad?", "grad * out."),
)
def exp_without_grad(grad: Array, out: Array, x: Array) -> Array:
    return out + 0 * grad


@misconception(
    "vjp(exp)",
    name="exp is applied to the gradient",
    belief="What was done forward is done backward.",
    explanation="Backward, the gradient is multiplied by the slope at x, which is e^x.",
    hints=("May the gradient be negative? e to the power of it is not.", "grad * out."),
)
def exp_of_gradient(grad: Array, out: Array, x: Array) -> Array:
    return np.exp(grad)


@misconception(
    "vjp(log)",
    name="it is multiplied by x",
    belief="log and exp are inverse, so log multiplies.",
    explanation="The derivative of log x is 1/x: for large x the logarithm grows slowly.",
    hints=("Is log steeper at 1 or at 100?", "grad / x."),
)
def log_times_x(grad: Array, out: Array, x: Array) -> Array:
    return grad * x


@misconception(
    "vjp(log)",
    name="it is divided by the output",
    belief="The derivative is one over the logarithm.",
    explanation="It is one over the input: 1/x.",
    hints=("What is the slope of log at x = 1, where log x is 0?", "grad / x."),
)
def log_over_output(grad: Array, out: Array, x: Array) -> Array:
    return grad / out


@misconception(
    "vjp(sqrt)",
    name="the 2 is left out",
    belief="The derivative of a root is one over the root.",
    explanation="x^(1/2) has the derivative 1/2 x^(-1/2), which is 1 / (2 * out).",
    hints=("What is the slope of the root at 1? A half.", "grad / (2 * out)."),
)
def root_without_half(grad: Array, out: Array, x: Array) -> Array:
    return grad / out


@misconception(
    "vjp(sqrt)",
    name="it is divided by 2x",
    belief="The derivative is 1 / (2x).",
    explanation="It is 1 / (2 times the ROOT of x), and the root is `out`.",
    hints=("What is the slope of the root at 4? A quarter.", "grad / (2 * out)."),
)
def root_over_input(grad: Array, out: Array, x: Array) -> Array:
    return grad / (2 * x)


@misconception(
    "vjp(sqrt)",
    name="it is multiplied by 2 and the root",
    belief="The derivative is twice the root.",
    explanation="A root flattens out: its derivative is ONE OVER twice the root.",
    hints=("Is the root steeper at 1 or at 100?", "grad / (2 * out)."),
)
def root_times_two(grad: Array, out: Array, x: Array) -> Array:
    return grad * 2 * out


@misconception(
    "vjp(abs)",
    name="the gradient passes as it is",
    belief="A distance grows with its number.",
    explanation="Left of 0 it falls: the slope is -1 there, 1 right of it, and 0 at 0.",
    hints=("How much does |-3| change when -3 becomes -2?", "grad * np.sign(x)."),
)
def abs_passes(grad: Array, out: Array, x: Array) -> Array:
    return grad.copy()


@misconception(
    "vjp(abs)",
    name="abs is applied to the gradient",
    belief="abs forward, abs backward.",
    explanation="The sign of x says whether the gradient keeps its sign; its own sign says nothing.",
    hints=("May the gradient of a positive x be negative?", "grad * np.sign(x)."),
)
def abs_of_gradient(grad: Array, out: Array, x: Array) -> Array:
    return np.abs(grad)


@misconception(
    "vjp(abs)",
    name="the slope at 0 is -1",
    belief="What is not positive is negative.",
    explanation="At 0 the gradient is 0, as in torch: np.sign(0) is 0.",
    hints=("What does the docstring say about 0?", "grad * np.sign(x)."),
)
def abs_slope_at_zero(grad: Array, out: Array, x: Array) -> Array:
    return grad * np.where(x > 0, 1, -1)


@misconception(
    "vjp(abs)",
    name="it is multiplied by the output",
    belief="The gradient is |x|.",
    explanation="The slope is the sign of x, however far from 0 x is.",
    hints=("What is the slope of |x| at 5? 1, not 5.", "grad * np.sign(x)."),
)
def abs_times_output(grad: Array, out: Array, x: Array) -> Array:
    return grad * out


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
