"""Claims about gradient rules alone, on arrays: neither walk nor graph takes part."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.expect import expect

Rules = Mapping[Any, Callable[..., Any]]


def expect_gradients(
    expected: Sequence[Any], rules: Rules, function: Any, grad: Any, *inputs: Any, **settings: Any
) -> None:
    """Fail unless the rule of `function` gives the expected gradients, one for each input; None means no derivative.

    Lists become arrays of floats. What the rule returns may be functions, which are called.
    """
    __tracebackhide__ = True
    grad, *given = (np.array(x, np.float64) if isinstance(x, list) else x for x in (grad, *inputs))
    for position, wanted in enumerate(expected):
        if wanted is None:
            Case(_no_gradient(rules, function, position), grad, *given, **settings)()
        else:
            wanted = np.asarray(wanted, np.float64)
            gradient = _gradient(rules, function, position)
            expect(wanted if wanted.ndim else wanted.item(), gradient, grad, *given, **settings)


def expect_linear_gradients(rules: Rules, function: Any, *inputs: Any, **settings: Any) -> None:
    """Fail unless the rule gives the gradients by their definition; `function` is linear in each input of floats.

    An entry's gradient is the sum of grad times the change of the output when this entry grows by 1.
    """
    __tracebackhide__ = True
    start = np.asarray(function.__wrapped__(*inputs, **settings))
    grad = np.arange(1.0, start.size + 1).reshape(start.shape)
    expected: list[Any] = [None] * len(inputs)
    for position, x in enumerate(inputs):
        if x.dtype.kind == "f":
            moved = [[*inputs[:position], x + one.reshape(x.shape), *inputs[position + 1 :]] for one in np.eye(x.size)]
            changes = [function.__wrapped__(*one, **settings) - start for one in moved]
            expected[position] = np.reshape([np.sum(grad * change) for change in changes], x.shape)
    expect_gradients(expected, rules, function, grad, *inputs, **settings)


def _gradient(rules: Rules, function: Any, position: int) -> Callable[..., Any]:
    """Return what the rule of `function` computes for one input, as a function of (grad, *inputs, **settings)."""

    def gradient(grad: np.ndarray, *inputs: Any, **settings: Any) -> Any:
        out = np.asarray(function.__wrapped__(*inputs, **settings))
        found = rules[function](grad, out, *inputs, **settings)
        entry = (found if isinstance(found, tuple) else (found,))[position]
        return entry() if callable(entry) else entry

    gradient.__qualname__ = f"vjp({function.__name__})"  # the place, in the catalogue, of what is tested
    return gradient


def _no_gradient(rules: Rules, function: Any, position: int) -> Callable[..., None]:
    """Return a check that the rule returns None for one input."""
    gradient = _gradient(rules, function, position)

    @functools.wraps(gradient)
    def check(grad: np.ndarray, *inputs: Any, **settings: Any) -> None:
        found = gradient(grad, *inputs, **settings)
        assert found is None, f"{function.__name__}: input {position} has no derivative: the rule returns None for it"

    return check
