"""The rules of the activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m05_autograd.trying import Array, normal, rule_case


@draws("vjp(relu)")
def _relus(generator: np.random.Generator, home: Any) -> Case:
    x = np.append(generator.standard_normal(5), [0.0])
    return rule_case(generator, home, home.activations.relu, ([x], {}))


@draws("vjp(tanh)")
def _tanhs(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.activations.tanh, (normal(generator, (5,)), {}))


@draws("vjp(sigmoid)")
def _sigmoids(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.activations.sigmoid, (normal(generator, (5,)), {}))


@misconception(
    "vjp(relu)",
    name="the gradient passes at 0, too",
    belief="relu lets through what is not negative.",
    explanation="At 0 the derivative is 0 by convention, as in torch: after a relu many numbers are exactly 0.",
    hints=("What is the gradient at x = 0?", "out > 0, not out >= 0."),
)
def relu_passes_at_zero(grad: Array, out: Array, x: Array) -> Array:
    return grad * (x >= 0)


@misconception(
    "vjp(relu)",
    name="the gradient passes everywhere",
    belief="relu has slope 1.",
    explanation="Right of 0. Left of it the output does not move with x: the gradient is 0 there.",
    hints=("How much does relu(-3) change when -3 becomes -2.9?", "grad * (out > 0)."),
)
def relu_passes_all(grad: Array, out: Array, x: Array) -> Array:
    return grad.copy()


@misconception(
    "vjp(relu)",
    name="the gradient passes where the input is negative",
    belief="The mask marks what relu removed.",
    explanation="It is the other way round: what relu let through gets the gradient, what it removed gets 0.",
    hints=("Which inputs moved the output: the positive or the negative ones?", "grad * (out > 0)."),
)
def relu_passes_negative(grad: Array, out: Array, x: Array) -> Array:
    return grad * (x < 0)


@misconception(
    "vjp(relu)",
    name="the gradient is multiplied by the output",
    belief="What passed forward is the factor.",
    explanation="The slope is 1 where the value was let through, however large it was.",
    hints=("What is the slope of relu at 5? 1, not 5.", "grad * (out > 0)."),
)
def relu_times_output(grad: Array, out: Array, x: Array) -> Array:
    return grad * out


@misconception(
    "vjp(relu)",
    name="relu is applied to the gradient",
    belief="relu forward, relu backward.",
    explanation="Whether a gradient passes depends on x, not on the gradient's own sign.",
    hints=("May a gradient be negative where x is positive?", "grad * (out > 0)."),
)
def relu_of_gradient(grad: Array, out: Array, x: Array) -> Array:
    return np.maximum(grad, 0)


@misconception(
    "vjp(tanh)",
    name="1 - x^2 is used",
    belief="The derivative of tanh is 1 - tanh^2, so 1 - x^2.",
    explanation="It is the output that is squared: 1 - y^2.",
    hints=("What is the slope at x = 5? Nearly 0, and not -24.", "1 - out * out."),
)
def tanh_of_input(grad: Array, out: Array, x: Array) -> Array:
    return grad * (1 - x * x)


@misconception(
    "vjp(tanh)",
    name="y (1 - y) is used",
    belief="tanh is a sigmoid.",
    explanation="y (1 - y) is the sigmoid's derivative; that of tanh is 1 - y^2.",
    hints=("What is the slope of tanh at 0? 1.", "1 - out * out."),
)
def tanh_as_sigmoid(grad: Array, out: Array, x: Array) -> Array:
    return grad * out * (1 - out)


@misconception(
    "vjp(tanh)",
    name="1 - y is used, without the square",
    belief="The derivative is one minus the output.",
    explanation="tanh is odd and its derivative even: 1 - y^2.",
    hints=("Is the slope the same at 2 and at -2?", "1 - out * out."),
)
def tanh_not_squared(grad: Array, out: Array, x: Array) -> Array:
    return grad * (1 - out)


@misconception(
    "vjp(sigmoid)",
    name="x (1 - x) is used",
    belief="The derivative of the sigmoid is x (1 - x).",
    explanation="It is y (1 - y), of the output: never negative, and largest in the middle.",
    hints=("What is the slope at x = 5? Nearly 0, and not -20.", "grad * out * (1 - out)."),
)
def sigmoid_of_input(grad: Array, out: Array, x: Array) -> Array:
    return grad * x * (1 - x)


@misconception(
    "vjp(sigmoid)",
    name="1 - y^2 is used",
    belief="A sigmoid is a tanh.",
    explanation="1 - y^2 is the derivative of tanh; that of the sigmoid is y (1 - y).",
    hints=("What is the slope of the sigmoid at 0? A quarter.", "grad * out * (1 - out)."),
)
def sigmoid_as_tanh(grad: Array, out: Array, x: Array) -> Array:
    return grad * (1 - out * out)


@misconception(
    "vjp(sigmoid)",
    name="only y is used, without 1 - y",
    belief="The derivative of e^x is e^x, so that of the sigmoid is the sigmoid.",
    explanation="Far right the sigmoid is flat: y is 1 there, and the slope y (1 - y) is 0.",
    hints=("What is the slope at x = 20?", "grad * out * (1 - out)."),
)
def sigmoid_without_other_half(grad: Array, out: Array, x: Array) -> Array:
    return grad * out


@misconception(
    "vjp(sigmoid)",
    name="the gradient that came in is left out",
    belief="The derivative is y (1 - y).",
    explanation="A rule continues the chain: what came in is multiplied by the derivative.",
    hints=("Where do you use grad?", "grad * out * (1 - out)."),
)
def sigmoid_without_grad(grad: Array, out: Array, x: Array) -> Array:
    return out * (1 - out) + 0 * grad
