"""Hooks of modules: functions that run before or after a forward, or with the gradients of a backward."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.gradient_hooks import RemovableHandle
from tinytorch.support.tensor import TensorMethods

_Hook = Callable[..., Any]


class Hooks:
    """The hooks of one module, each with whether it gets the keywords too."""

    def __init__(self) -> None:
        self.before: list[tuple[_Hook, bool]] = []
        self.after: list[tuple[_Hook, bool]] = []
        self.backward: list[tuple[_Hook, bool]] = []

    @staticmethod
    def add(hooks: list[tuple[_Hook, bool]], hook: _Hook, prepend: bool, with_kwargs: bool = False) -> RemovableHandle:
        """Enter a hook behind the others, or before them, and return its handle."""
        if not callable(hook):
            raise TypeError(f"hook: expected a function, got {type(hook).__name__}")
        entry = (hook, with_kwargs)
        hooks.insert(0 if prepend else len(hooks), entry)
        return RemovableHandle(hooks, entry)

    def call(self, module: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run the hooks before, `module.forward(*inputs, **keywords)` and the hooks after; return the last result."""
        for hook, with_kwargs in list(self.before):
            changed = hook(module, inputs, keywords) if with_kwargs else hook(module, inputs)
            if changed is not None and with_kwargs:
                inputs, keywords = changed
            elif changed is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        watch = _BackwardWatch(module, self.backward) if self.backward else None
        if watch:
            inputs = watch.inputs(inputs)
        output = module.forward(*inputs, **keywords)
        for hook, with_kwargs in list(self.after):
            changed = hook(module, inputs, keywords, output) if with_kwargs else hook(module, inputs, output)
            if changed is not None:
                output = changed
        return watch.outputs(output) if watch else output


class _BackwardWatch:
    """Collects the gradients at the outputs and inputs of one call, and hands them to the hooks once."""

    def __init__(self, module: Any, hooks: list[tuple[_Hook, bool]]) -> None:
        self.module = module
        self.hooks = list(hooks)
        self.grad_input: list[Any] = []
        self.grad_output: list[Any] = []
        self.awaited = 0  # inputs whose gradient has not arrived

    def inputs(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_input = [None] * len(inputs)
        watched = tuple(_watched(x, functools.partial(self._input, i)) for i, x in enumerate(inputs))
        self.awaited = sum(x is not given for x, given in zip(watched, inputs))
        return watched

    def outputs(self, output: Any) -> Any:
        several = isinstance(output, (tuple, list))
        outputs = output if several else (output,)
        self.grad_output = [None] * len(outputs)
        watched = [_watched(y, functools.partial(self._output, i)) for i, y in enumerate(outputs)]
        return type(output)(watched) if several else watched[0]

    def _output(self, position: int, grad: Any) -> Any:
        self.grad_output[position] = grad
        if self.awaited == 0:  # no input requires a gradient: no other call follows
            self._run()
        return grad

    def _input(self, position: int, grad: Any) -> Any:
        self.grad_input[position] = grad
        self.awaited -= 1
        if self.awaited == 0:
            changed = self._run()
            if changed and sum(g is not None for g in self.grad_input) > 1:
                raise NotImplementedError(
                    f"{type(self.module).__name__}: a backward hook returned gradients, which is served for modules "
                    "with one input that requires a gradient; return None here"
                )
        return self.grad_input[position]

    def _run(self) -> bool:
        any_changed = False
        for hook, _ in self.hooks:
            changed = hook(self.module, tuple(self.grad_input), tuple(self.grad_output))
            if changed is not None:
                any_changed = True
                self.grad_input = list(changed) if isinstance(changed, (tuple, list)) else [changed]
        return any_changed


def _watched(x: Any, receive: Callable[[Any], Any]) -> Any:
    """Return a tensor with the numbers of x whose gradient goes through `receive`; x itself where it has none."""
    if not isinstance(x, TensorMethods) or not x.requires_grad:
        return x
    same = x.reshape(x.shape)
    if same.grad_fn is None:  # inside no_grad()
        return x

    def watched(grad: np.ndarray, *_: Any, **settings: Any) -> np.ndarray:
        return receive(same._chapter.Tensor(grad)).data

    watched.rule = watched  # type: ignore[attr-defined]  # it is its own gradient rule
    same.grad_fn = same.grad_fn._replace(function=watched)
    return same
