"""Torch's arguments: which of them every function with torch's name takes, and which it refuses by their name."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinytorch.support.devices import device

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Torch's arguments that are not served: the values that change nothing, and what to do instead.
_NOT_SERVED: dict[str, tuple[tuple[Any, ...], str]] = {
    "out": ((None,), "use the result: y = f(x), or y.copy_(f(x))"),
    "layout": ((None,), "every tensor is dense: leave it out"),
    "memory_format": ((None,), "every tensor is in the order of NumPy: leave it out"),
    "pin_memory": ((None, False), "there is no other device to copy to: leave it out"),
    "non_blocking": ((None, False), "there is no other device to copy to: leave it out"),
    "generator": ((None,), "tinytorch.manual_seed(seed) makes everything random repeatable"),
    "names": ((None,), "axes have numbers, no names"),
    "sparse_grad": ((False,), "gradients are dense: leave it out"),
}


def torch_arguments(function: _Function) -> _Function:
    """Decorate a function with torch's name: an argument of torch's that is not served is refused by its name.

    `device` may be "cpu". Where the first parameter is `input`, an array or number is made a tensor. Raises TypeError
    for lists and the like, and for an argument that would be ignored.
    """
    parameters = inspect.signature(function).parameters
    takes_input = next(iter(parameters), None) == "input"

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        for name in keywords.keys() - parameters.keys():
            if name == "device":
                device(keywords.pop(name) or "cpu")
            elif name in _NOT_SERVED:
                harmless, instead = _NOT_SERVED[name]
                if not any(keywords[name] is value for value in harmless):
                    raise TypeError(f"{function.__name__}: {name} is not served; {instead}")
                del keywords[name]
        if takes_input and arguments and isinstance(arguments[0], _NO_TENSOR):
            arguments = (_as_input(arguments[0], function.__name__), *arguments[1:])
        return function(*arguments, **keywords)

    return call  # type: ignore[return-value]


_NO_TENSOR = (np.ndarray, np.generic, bool, int, float, list, tuple, str, type(None))


def _as_input(value: Any, name: str) -> Any:
    if value is None or isinstance(value, (list, tuple, str)):
        raise TypeError(f"{name}: input: expected a Tensor, got {type(value).__name__}; wrap it: tensor(...)")
    return importlib.import_module("tinytorch").as_tensor(value)
