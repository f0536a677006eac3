"""How a function of arrays becomes one of tensors with torch's name, and gets its gradient rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.tensor import primitive
from tinytorch.support.dtypes import floating
from tinytorch.support.torch_arguments import torch_arguments

try:
    from tinytorch.core.autograd import rules, unbroadcast
except ModuleNotFoundError:  # chapter 05 is not built yet, so nothing goes backward
    rules, unbroadcast = {}, None  # type: ignore[assignment]

__all__ = ["in_floats", "no_slope", "primitive_with", "rules", "unbroadcast"]

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def primitive_with(rule: Callable[..., Any] | None = None) -> _Decorator:
    """Decorate a function of arrays: it becomes one of tensors, whose gradient rule is `rule(grad, out, *inputs)`.

    Without a rule it must return integers or truth values, which have no gradient.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        lifted = primitive(function)
        if rule is not None:
            rules[lifted] = rule
        return torch_arguments(lifted)

    return declare


def in_floats(rule: Callable[..., Any] | None = None) -> _Decorator:
    """Decorate like `primitive_with(rule)` a function that computes with fractions: of integers float32."""
    return lambda function: primitive_with(rule)(floating(function))


def no_slope(grad: np.ndarray, out: np.ndarray, *inputs: np.ndarray, **settings: Any) -> Any:
    """The rule of a function that is constant between its steps."""
    zeros = tuple(np.zeros(x.shape, grad.dtype) for x in inputs)
    return zeros if len(zeros) > 1 else zeros[0]
