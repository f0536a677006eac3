"""Torch's arguments: which of them every function with torch's name takes, and which it refuses by their name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinytorch.support.devices import check_device
from tinytorch.support.package import package_function

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Torch's arguments that are not served: the values that change nothing, and what to do instead.
_NOT_SERVED: dict[str, tuple[tuple[Any, ...], str]] = {
    "layout": ((None,), "every tensor is dense: leave it out"),
    "memory_format": ((None,), "every tensor is in the order of NumPy: leave it out"),
    "pin_memory": ((None, False), "there is no other device to copy to: leave it out"),
    "non_blocking": ((None, False, True), "there is no other device to copy to: leave it out"),
    "generator": ((None,), "tinytorch.manual_seed(seed) makes everything random repeatable"),
    "names": ((None,), "axes have numbers, no names"),
    "sparse_grad": ((False,), "gradients are dense: leave it out"),
}


def torch_arguments(function: _Function) -> _Function:
    """Decorate a function with torch's name: an argument of torch's that is not served is refused by its name.

    `device` may be "cpu", and `out` a tensor that the result is written to. Where the first parameter is `input`, an
    array or number is made a tensor; a number has the dtype that it takes beside the tensors among the other arguments.
    Raises TypeError for lists and the like, and for what would be ignored.
    """
    parameters = inspect.signature(function).parameters
    takes_input = next(iter(parameters), None) == "input"

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        out = keywords.pop("out", None) if "out" not in parameters else None
        for name in keywords.keys() - parameters.keys():
            if name == "device":
                check_device(keywords.pop(name))
            elif name in _NOT_SERVED:
                harmless, instead = _NOT_SERVED[name]
                if not any(keywords[name] is value for value in harmless):
                    raise TypeError(f"{function.__name__}: {name} is not served; {instead}")
                del keywords[name]
        if takes_input and arguments and isinstance(arguments[0], _NO_TENSOR):
            tensors = [x for x in (*arguments[1:], *keywords.values()) if hasattr(x, "_chapter")]
            arguments = (_as_input(arguments[0], function.__name__, tensors), *arguments[1:])
        result = function(*arguments, **keywords)
        return result if out is None else _written_to(out, result, function.__name__)

    return call  # type: ignore[return-value]


def _written_to(out: Any, result: Any, name: str) -> Any:
    if type(out) is not type(result):
        raise TypeError(f"{name}: out: expected a {type(result).__name__}, got {type(out).__name__}")
    if result.requires_grad or out.requires_grad:
        raise RuntimeError(f"{name}: out: the gradient would be lost; use the result: y = {name}(x), or no_grad()")
    if out.shape != result.shape or not np.can_cast(result.dtype, out.dtype, "same_kind"):
        raise ValueError(
            f"{name}: out: expected shape {result.shape} and a dtype that takes {result.dtype}, got {out.shape} and "
            f"{out.dtype}"
        )
    return out.copy_(result)


_NO_TENSOR = (np.ndarray, np.generic, bool, int, float, list, tuple, str, type(None))


def _as_input(value: Any, name: str, tensors: list[Any]) -> Any:
    if value is None or isinstance(value, (list, tuple, str)):
        raise TypeError(f"{name}: input: expected a Tensor, got {type(value).__name__}; wrap it: tensor(...)")
    if tensors and not isinstance(value, (np.ndarray, bool)):
        return tensors[0]._chapter.as_tensors([value, *tensors])[0]
    return package_function("as_tensor")(value)
