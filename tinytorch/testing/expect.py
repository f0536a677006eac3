"""Checks that take one line: what a call returns, which error it raises, whether its result is recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tinytorch.testing.case import Case
from tinytorch.testing.comparison import assert_close


def expect(expected: Any, function: Callable[..., Any], *inputs: Any, **settings: Any) -> None:
    """Fail unless `function(*inputs, **settings)` returns `expected`, as `assert_close` compares.

    The call is a `Case`: it gets copies of the inputs and must leave them as they are, and a known mistake is named.
    """
    __tracebackhide__ = True
    case = Case(function, *inputs, **settings)
    assert_close(case(), expected, case=case)


def expect_error(
    kind: type[Exception], argument: str, function: Callable[..., Any], *inputs: Any, **settings: Any
) -> None:
    """Fail unless the call raises an error of this kind whose message names the argument."""
    __tracebackhide__ = True

    @_named_after(function)
    def refuse(*inputs: Any, **settings: Any) -> None:
        try:
            function(*inputs, **settings)
        except NotImplementedError:  # the exercise is not written yet; it is a RuntimeError, which may be expected
            raise
        except kind as error:
            assert argument in str(error), f"the {kind.__name__} should name {argument}; it says: {error}"
        else:
            raise AssertionError(f"expected a {kind.__name__} that names {argument}, and nothing was raised")

    Case(refuse, *inputs, **settings)()


def expect_recorded(function: Callable[..., Any], *inputs: Any, **settings: Any) -> None:
    """Fail unless the tensor that the call returns is recorded; some input must require a gradient."""
    __tracebackhide__ = True

    @_named_after(function)
    def record(*inputs: Any, **settings: Any) -> None:
        out = function(*inputs, **settings)
        assert out.grad_fn is not None, (
            "the result has no grad_fn: compute with tensors; what is done to .data is not recorded"
        )

    Case(record, *inputs, **settings)()


def _named_after(function: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a check the name and parameters of the function or layer that it tests."""
    return functools.wraps(function if hasattr(function, "__name__") else function.forward)
