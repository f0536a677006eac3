"""expect, expect_error, expect_recorded: what passes, what fails, and what the failure says."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.testing import expect, expect_error, expect_recorded


def double(x, *, times=2):
    return x * times


def root(value):
    if value < 0:
        raise ValueError(f"value: expected a number >= 0, got {value}")
    return value**0.5


class Doubling:
    def forward(self, x):
        if x.ndim == 0:
            raise ValueError("x: expected one axis or more")
        return x * 2

    def __call__(self, x):
        return self.forward(x)


def test_expect_compares_what_the_call_returns():
    expect(Tensor([6.0]), double, Tensor([2.0]), times=3)
    with pytest.raises(AssertionError, match="expected 6, got 4"):
        expect(Tensor([6.0]), double, Tensor([2.0]))


def test_expect_fails_where_the_call_changes_an_input():
    def increase(x):
        x.data += 1
        return x

    with pytest.raises(AssertionError, match="increase changes its input x"):
        expect(Tensor([2.0]), increase, Tensor([1.0]))


def test_expect_error_wants_the_kind_of_error_and_the_name_of_the_argument():
    expect_error(ValueError, "value", root, -1)
    with pytest.raises(AssertionError, match="expected a ValueError that names value, and nothing was raised"):
        expect_error(ValueError, "value", root, 4)
    with pytest.raises(AssertionError, match="the ValueError should name limit; it says: value: expected"):
        expect_error(ValueError, "limit", root, -1)
    with pytest.raises(ValueError, match="expected a number"):
        expect_error(TypeError, "value", root, -1)


def test_expect_error_lets_not_written_yet_through():
    def stub():
        raise NotImplementedError("Module 05, exercise 1")

    with pytest.raises(NotImplementedError):
        expect_error(RuntimeError, "exercise", stub)


def test_expect_recorded_wants_a_grad_fn():
    w = Tensor([1.0], requires_grad=True)
    expect_recorded(double, w)
    with pytest.raises(AssertionError, match="the result has no grad_fn"):
        expect_recorded(lambda x: Tensor(x.data), w)


def test_a_layer_is_tested_by_its_forward():
    expect(Tensor([2.0]), Doubling(), Tensor([1.0]))
    expect_error(ValueError, "x", Doubling(), Tensor(1.0))
    expect_recorded(Doubling(), Tensor([1.0], requires_grad=True))


def test_a_class_is_tested_by_its_constructor():
    expect(np.array([1, 2]), Tensor, np.array([1, 2]))
    expect_error(TypeError, "requires_grad", Tensor, np.array([1, 2]), requires_grad=True)
