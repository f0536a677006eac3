"""What the walk back needs beside the ideas of chapter 05: gradients to start from, and errors with their reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from tinytorch.support.in_place import RuleReads, check_marks
from tinytorch.support.tensor import TensorMethods


class Rules(dict[Callable[..., Any], Callable[..., Any]]):
    """The gradient rules by function. A function without a rule is a NotImplementedError that names it."""

    def __setitem__(self, function: Any, rule: Callable[..., Any]) -> None:
        super().__setitem__(function, rule)
        function.rule_reads = RuleReads(rule)

    def __missing__(self, function: Any) -> Callable[..., Any]:
        if hasattr(function, "before_rule"):  # its result's gradient goes through hooks first
            rule = self[function.__wrapped__]
            return lambda grad, *arrays, **settings: rule(function.before_rule(grad), *arrays, **settings)
        if hasattr(function, "rule"):  # one of `support`, which knows its own
            return function.rule
        name = function.__name__
        raise NotImplementedError(f"{name} has no gradient rule; write one with @vjp({name})")


class FreedNode:
    """Takes the place of a tensor's `grad_fn` once it has been used: it no longer holds the inputs and settings."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    @property
    def inputs(self) -> NoReturn:
        raise RuntimeError(
            f"backward: the graph behind this result of {self.function.__name__} was freed by an earlier backward; "
            "compute the result again, or pass retain_graph=True the first time"
        )


def one_per_input(found: Any, tensor: Any) -> tuple[Any, ...]:
    """Return what the rule of `tensor`'s function returned as a tuple, one entry for each input.

    Raises ValueError where there are more or fewer, and RuntimeError where the numbers that the rule read have changed
    since its function used them.
    """
    entries = found if isinstance(found, tuple) else (found,)
    function, inputs = tensor.grad_fn.function, tensor.grad_fn.inputs
    if len(entries) != len(inputs):
        raise ValueError(f"the rule of {function.__name__} returned {len(entries)} gradients for {len(inputs)} inputs")
    check_marks(tensor, entries)
    return entries


def fitting(gradient: Any, tensor: Any, position: int) -> np.ndarray:
    """Return the gradient in the dtype of input `position` of `tensor`'s function.

    Raises ValueError where it has another shape than the input, or is None.
    """
    wanted = tensor.grad_fn.inputs[position]
    if gradient is None or np.shape(gradient) != wanted.shape:
        came = "no gradient" if gradient is None else f"a gradient of shape {np.shape(gradient)}"
        function = tensor.grad_fn.function
        name = _input_name(function, position)
        raise ValueError(f"the rule of {function.__name__} returned {came} for {name}, which has shape {wanted.shape}")
    return np.asarray(gradient, wanted.dtype)


def _input_name(function: Callable[..., Any], position: int) -> str:
    """Return `weight`, or `tensors[1]` where a function takes any number of inputs."""
    for index, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}[{position - index}]"
        if index == position:
            return parameter.name
    return f"input {position}"


def starting_gradient(output: Any, gradient: Any = None) -> np.ndarray:
    """Return the array to start from: ones for a single number, else the gradient that the caller gives.

    Raises RuntimeError where `output` requires no gradient, or is not a single number and none is given; ValueError
    where the given one has another shape.
    """
    if not output.requires_grad:
        raise RuntimeError(
            "backward: this tensor does not require a gradient: nothing it was computed from has requires_grad=True, "
            "or it was computed inside no_grad()"
        )
    if gradient is None:
        if output.numel() != 1:
            raise RuntimeError(
                f"backward: expected a single number such as a loss, got shape {output.shape}; "
                "reduce it (.sum(), .mean()) or pass the gradient to start from"
            )
        return np.ones_like(output.data)
    start = np.asarray(gradient, output.dtype)
    if start.shape != output.shape:
        raise ValueError(f"gradient: expected the tensor's shape {output.shape}, got {start.shape}")
    return start


def starting_gradients(outputs: list[Any], gradients: Any) -> list[np.ndarray]:
    """Return `starting_gradient` of each output, where `gradients` is a list, a single one for all, or None."""
    given = gradients if isinstance(gradients, (list, tuple)) else [gradients] * len(outputs)
    return [starting_gradient(output, gradient) for output, gradient in zip(outputs, given)]


def as_tensor_list(tensors: Any) -> list[Any]:
    """Return one tensor, or several, as a list."""
    return [tensors] if isinstance(tensors, TensorMethods) else list(tensors)


def may_repeat(index: Iterable[Any]) -> bool:
    """Return whether an index may read one element more than once: whether it holds arrays or lists of integers."""
    return any(
        isinstance(part, (list, tuple)) or (isinstance(part, np.ndarray) and part.dtype != np.bool_) for part in index
    )


def same(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return where two arrays are equal, or both NaN."""
    return (x == other) | ((x != x) & (other != other))


def join_rule(grad: np.ndarray, out: np.ndarray, *arrays: np.ndarray, dim: int) -> tuple[np.ndarray, ...]:
    """Return the gradients of arrays that were joined along the axis `dim`: each gets its part of `grad`."""
    ends = np.cumsum([array.shape[dim] for array in arrays])
    return tuple(np.split(grad, ends[:-1], axis=dim))
