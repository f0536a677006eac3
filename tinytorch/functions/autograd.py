"""What torch has beside chapter 05: functions with a backward of one's own, forms of `backward` and `no_grad`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinytorch.core.autograd as _chapter
from tinytorch.core.tensor import Node, Tensor, recording
from tinytorch.support.autograd import as_tensor_list
from tinytorch.support.in_place import mark, tracked
from tinytorch.support.tensor import inferred_array
from tinytorch.support.torch_arguments import torch_arguments

grad: Callable[..., tuple[Tensor, ...]] = torch_arguments(_chapter.grad)


class Context:
    """What `forward` leaves for `backward`: saved tensors, and whatever else is set on it."""

    needs_input_grad: tuple[bool, ...]
    _saved: tuple[tuple[Any, Any], ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `saved_tensors`."""
        self._saved = tuple((t, None if t is None else mark(t)) for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The saved tensors. Raises RuntimeError where one has other numbers by now."""
        for position, (tensor, before) in enumerate(self._saved):
            if tensor is not None and mark(tensor) != before:
                raise RuntimeError(
                    f"saved_tensors: tensor {position} was written to after the forward that saved it; call backward "
                    "first, or save a copy: x.clone()"
                )
        return tuple(tensor for tensor, _ in self._saved)


class Function:
    """A function with a gradient of one's own: write `forward(ctx, *inputs)` and `backward(ctx, gradient)`; `apply` it.

    Both are static methods. `forward` may also take the inputs only, and `setup_context(ctx, inputs, output)`, a third
    one, fill the context. `forward` returns one tensor; `backward` gets the gradient of it and returns one for each
    input, None where an input has none.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        """Return the result; `ctx.save_for_backward(...)` keeps what backward needs."""
        raise NotImplementedError("forward: write it in your class, as a static method: forward(ctx, *inputs)")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Return the gradient of each input, given that of the result."""
        raise NotImplementedError("backward: write it in your class, as a static method: backward(ctx, gradient)")

    @classmethod
    def apply(cls, *inputs: Any) -> Tensor:
        """Return what `forward` makes of the inputs, recorded with this class's `backward` as its gradient rule."""
        context = Context()
        context.needs_input_grad = tuple(isinstance(x, Tensor) and x.requires_grad for x in inputs)
        with no_grad():
            if hasattr(cls, "setup_context"):  # torch's other way: the context is filled after forward
                result = cls.forward(*inputs)
                cls.setup_context(context, inputs, result)
            else:
                result = cls.forward(context, *inputs)
        if not isinstance(result, Tensor):
            raise TypeError(f"{cls.__name__}.forward: expected it to return one tensor, got {type(result).__name__}")
        if not (recording.enabled and any(context.needs_input_grad) and result.dtype.kind == "f"):
            return result
        tensors = tuple(x if isinstance(x, Tensor) else None for x in inputs)
        shared = any(t is not None and np.may_share_memory(result.data, t.data) for t in tensors)
        out = Tensor(result.data.copy() if shared else result.data, requires_grad=True)

        def function(*inputs: Any) -> Tensor:
            return cls.apply(*inputs)

        def rule(gradient: np.ndarray, out: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray | None, ...]:
            with no_grad():
                found = cls.backward(context, Tensor(gradient))
            return tuple(
                None if g is None else inferred_array(g) for g in (found if isinstance(found, tuple) else (found,))
            )

        function.__name__ = cls.__name__
        function.rule = rule  # type: ignore[attr-defined]
        out.grad_fn = Node(function, tensors, {})
        return tracked(out, function, list(tensors), {})


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record nothing within `with no_grad():`, or in a function decorated with `@no_grad()` or `@no_grad`."""
    return _chapter.no_grad() if function is None else _chapter.no_grad()(function)


def backward(tensors: Any, grad_tensors: Any = None, retain_graph: bool = False) -> None:
    """Do what `tensor.backward(gradient)` does for each of several tensors."""
    tensors = as_tensor_list(tensors)
    gradients = [None] * len(tensors) if grad_tensors is None else as_tensor_list(grad_tensors)
    for position, (tensor, gradient) in enumerate(zip(tensors, gradients)):
        tensor.backward(gradient, retain_graph or position < len(tensors) - 1)
