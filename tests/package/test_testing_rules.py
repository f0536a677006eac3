"""expect_gradients and expect_linear_gradients: what they accept, and what they refuse."""

import numpy as np
import pytest

from tinytorch.core.tensor import gather, matrix_product, mul, pad
from tinytorch.testing.rules import expect_gradients, expect_linear_gradients


def product_rule(grad, out, a, b):
    return lambda: grad * b, grad * a


def test_gradients_of_all_inputs_are_compared():
    expect_gradients([[4.0, 50.0], [2.0, 30.0]], {mul: product_rule}, mul, [1.0, 10.0], [2.0, 3.0], [4.0, 5.0])
    with pytest.raises(AssertionError, match="expected 31, got 30"):
        expect_gradients([[4.0, 50.0], [2.0, 31.0]], {mul: product_rule}, mul, [1.0, 10.0], [2.0, 3.0], [4.0, 5.0])


def test_a_rule_that_writes_into_its_inputs_is_refused():
    def rule(grad, out, a, b):
        grad *= b
        return grad, grad

    with pytest.raises(AssertionError, match="changes its input grad"):
        expect_gradients([[4.0], [4.0]], {mul: rule}, mul, [1.0], [2.0], [4.0])


@pytest.mark.parametrize(
    "wrong", [lambda grad: grad * 2, lambda grad: grad[:, ::-1], lambda grad: grad.T, np.zeros_like]
)
def test_a_linear_function_has_one_correct_gradient(wrong):
    def correct(grad, out, x, *, pad, value):
        return grad[:2, 1:3]

    x = np.zeros((2, 2))
    expect_linear_gradients({pad: correct}, pad, x, pad=(1, 0, 0, 1), value=7.0)
    with pytest.raises(AssertionError):
        rule = lambda *arguments, **settings: wrong(correct(*arguments, **settings))  # noqa: E731
        expect_linear_gradients({pad: rule}, pad, x, pad=(1, 0, 0, 1), value=7.0)


def test_every_input_of_floats_is_compared():
    a, b = np.ones((2, 3)), np.arange(6.0).reshape(3, 2)

    def rule(grad, out, a, b):
        return grad @ b.T, a.T @ grad

    def half_wrong(grad, out, a, b):
        return grad @ b.T, grad @ a

    expect_linear_gradients({matrix_product: rule}, matrix_product, a, b)
    with pytest.raises(AssertionError):
        expect_linear_gradients({matrix_product: half_wrong}, matrix_product, a, b)


def test_an_input_without_a_derivative_must_have_none():
    def rule(grad, out, x, index, *, dim):
        moved = np.zeros_like(x)
        np.put_along_axis(moved, index, grad, dim)
        return moved, None

    def index_too(*arguments, **settings):
        return (rule(*arguments, **settings)[0],) * 2

    inputs = np.zeros((2, 2)), np.array([[1], [0]])
    expect_linear_gradients({gather: rule}, gather, *inputs, dim=1)
    with pytest.raises(AssertionError, match="gather: input 1 has no derivative"):
        expect_linear_gradients({gather: index_too}, gather, *inputs, dim=1)
