"""Hooks of tensors: functions that are called with the gradient of a tensor in backward, and may replace it."""

from __future__ import annotations

import contextlib
import functools
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_Hook = Callable[[Any], Any]

_hooked_leaves: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()  # by id: == compares numbers


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away, as leaving a `with` block does."""

    def __init__(self, hooks: list[Any], entry: Any) -> None:
        self._hooks = hooks
        self._entry = entry

    def remove(self) -> None:
        """Take the hook away; a second time nothing happens."""
        self._hooks[:] = [entry for entry in self._hooks if entry is not self._entry]

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()


class GradientHooks:
    """The methods of a tensor that register hooks, and what hooks there are."""

    data: np.ndarray
    requires_grad: bool
    grad: Any
    grad_fn: Any
    _chapter: types.ModuleType

    gradient_hooks: list[tuple[_Hook]] | None = None

    def register_hook(self, hook: _Hook) -> RemovableHandle:
        """Call `hook(gradient)` in each backward; what it returns, if not None, takes the gradient's place.

        Raises RuntimeError for a tensor that requires no gradient.
        """
        hooks = self._hooks("register_hook")
        entry = (hook,)  # another one than that of the same hook registered before
        hooks.append(entry)
        return RemovableHandle(hooks, entry)

    def retain_grad(self) -> None:
        """Fill `grad` in backward although this tensor is no leaf. Raises RuntimeError where it needs no gradient."""
        hooks = self._hooks("retain_grad")
        if self.grad_fn is not None and not any(hasattr(hook, "retains") for (hook,) in hooks):
            reference = weakref.ref(self)

            def retain(gradient: Any) -> None:
                tensor = reference()
                if tensor is not None:
                    tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient

            retain.retains = True  # type: ignore[attr-defined]
            hooks.append((retain,))

    def _hooks(self, method: str) -> list[tuple[_Hook]]:
        if not self.requires_grad:
            raise RuntimeError(f"{method}: this tensor does not require a gradient; x.requires_grad_() makes a leaf do")
        if self.gradient_hooks is None:
            self.gradient_hooks = []
            if self.grad_fn is None:
                _hooked_leaves[id(self)] = self
            else:
                hooked = with_hooks(self.grad_fn.function, self.gradient_hooks, self._chapter.Tensor)
                self.grad_fn = self.grad_fn._replace(function=hooked)
        return self.gradient_hooks


def with_hooks(function: Callable[..., Any], hooks: list[tuple[_Hook]], make: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of the graph as one whose result's gradient goes through `hooks` before the rule has it."""

    @functools.wraps(function)
    def hooked(*inputs: Any, **settings: Any) -> Any:
        return function(*inputs, **settings)

    hooked.before_rule = lambda grad: run_hooks(hooks, make(grad)).data  # type: ignore[attr-defined]
    return hooked


def run_hooks(hooks: list[tuple[_Hook]], gradient: Any) -> Any:
    """Call the hooks one after another, each with the gradient that the one before left; return the last one."""
    # retain_grad's hook comes last: it keeps what the others return, as in torch
    for (hook,) in sorted(hooks, key=lambda entry: hasattr(entry[0], "retains")):
        changed = hook(gradient)
        gradient = gradient if changed is None else changed
    return gradient


@contextlib.contextmanager
def hooks_of_leaves() -> Iterator[None]:
    """Call the hooks of leaves with the gradient that a backward within this block adds to their `grad`."""
    leaves = [leaf for leaf in _hooked_leaves.values() if leaf.gradient_hooks]
    before = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    try:
        yield
        for leaf in leaves:
            if leaf.grad is not None:
                leaf.grad = run_hooks(leaf.gradient_hooks, leaf.grad)
    finally:
        for leaf, old in zip(leaves, before):
            if old is not None:
                leaf.grad = old if leaf.grad is None else leaf._chapter.Tensor(old.data + leaf.grad.data)
