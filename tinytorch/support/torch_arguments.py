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

_REDUCTION = "an old name; pass reduction='mean', 'sum' or 'none'"
# Torch's arguments that are not served: the values that change nothing, and what to do instead of giving another.
NOT_SERVED: dict[str, tuple[tuple[Any, ...], str]] = {
    # of functions that make tensors
    "layout": ((None,), "every tensor is dense; leave it out"),
    "memory_format": ((None,), "every tensor is in the order of NumPy; leave it out"),
    "pin_memory": ((None, False), "there is no other device to copy to; leave it out"),
    "non_blocking": ((None, False, True), "there is no other device to copy to; leave it out"),
    "names": ((None,), "axes have numbers, no names; leave it out"),
    "out": ((None,), "use the result: y = f(x)"),
    # of layers, and of what they compute
    "padding_mode": (("zeros",), "pad the input before the layer if its border must have other numbers"),
    "antialias": ((None, False), "average with avg_pool2d before making an image smaller"),
    "always_call": ((None, False), "a forward that raises runs no hooks; leave it out"),
    "persistent": ((None, True), "set a plain attribute instead, which is not part of the state"),
    "sparse": ((None, False), "gradients are dense; leave it out"),
    "sparse_grad": ((None, False), "gradients are dense; leave it out"),
    "scale_grad_by_freq": ((None, False), "every row gets its whole gradient; leave it out"),
    "max_norm": ((None,), "divide the weight's rows by their norm before the call"),
    # of gradients
    "create_graph": ((None, False), "a gradient is not differentiated again; leave it out"),
    "inputs": ((None,), "autograd.grad(output, inputs) returns the gradients of these alone"),
    "allow_unused": ((None, False), "leave out the inputs that the outputs do not depend on"),
    "materialize_grads": ((None, False), "leave out the inputs that the outputs do not depend on"),
    "is_grads_batched": ((None, False), "call it for each of the gradients"),
    "only_inputs": ((None, True), "leave it out"),
    # of losses
    "size_average": ((None,), _REDUCTION),
    "reduce": ((None,), _REDUCTION),
    "weight": ((None,), "multiply the losses: (weight * loss(..., reduction='none')).mean()"),
    # of optimizers
    "foreach": ((None, False), "parameters are updated one after the other; leave it out, the numbers are the same"),
    "fused": ((None, False), "there are no fused kernels; leave it out, the numbers are the same"),
    "capturable": ((None, False), "there are no CUDA graphs to capture a step; leave it out, the numbers are the same"),
    "differentiable": ((None, False), "no gradient goes through a step; leave it out, the numbers are the same"),
    # of DataLoader
    "timeout": ((None, 0), "a thread that waits cannot be stopped; leave it out"),
    "worker_init_fn": ((None,), "workers are threads that share this process and the data set; leave it out"),
    "multiprocessing_context": ((None,), "workers are threads; leave it out"),
    "pin_memory_device": ((None, ""), "there is no GPU; leave it out"),
    "in_order": ((None, True), "batches come in order; leave it out"),
}


def refuse_not_served(name: str, **arguments: Any) -> None:
    """Raise ValueError for an argument of torch's that is not served, unless its value changes nothing."""
    for argument, value in arguments.items():
        harmless, instead = NOT_SERVED[argument]
        if not (isinstance(value, (bool, int, float, str, type(None))) and value in harmless):
            raise ValueError(f"{name}: {argument}: not served, got {value!r:.80}; {instead}")


def torch_arguments(function: _Function) -> _Function:
    """Decorate a function with torch's name: an argument of torch's that is not served is refused by its name.

    `device` may be "cpu", and `out` a tensor that the result is written to. Where the first parameter is `input`, an
    array or number is made a tensor; a number has the dtype that it takes beside the tensors among the other arguments.
    Raises TypeError for lists and the like, and ValueError for what would be ignored.
    """
    parameters = inspect.signature(function).parameters
    takes_input = next(iter(parameters), None) == "input"

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        out = keywords.pop("out", None) if keywords and "out" not in parameters else None
        for name in keywords.keys() - parameters.keys() if keywords else ():
            if name == "device":
                check_device(keywords.pop(name))
            elif name in NOT_SERVED:
                refuse_not_served(function.__name__, **{name: keywords.pop(name)})
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
