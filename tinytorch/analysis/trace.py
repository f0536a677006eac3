"""Which layers a network calls, in which order, on what, and what came of it."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinytorch


@dataclass(eq=False)
class Call:
    """One call of one layer, while a network ran."""

    name: str  # dotted, as named_modules has it: the network itself is "", a layer in two places has its first name
    layer: Any
    inputs: tuple  # as they were handed over
    output: Any  # a Tensor
    depth: int  # 0 for the network, 1 for what it calls, …
    parent: Call | None
    time: int = 0  # which of the layer's calls this is, from 1
    times: int = 1  # how many there are
    ended: int = 0  # the place of this call in the order in which the calls ended

    @property
    def key(self) -> str:
        """The name that tells this call from all others: `conv1`, or `pool:2` for the second of several."""
        return self.name if self.times == 1 else f"{self.name}:{self.time}"

    @property
    def title(self) -> str:
        """The key; for the network itself, which has no name, its class."""
        return self.key or type(self.layer).__name__


def trace(model: Any, x: Any) -> list[Call]:
    """Run `model` on `x`, a Tensor or an array with the batch axis, and return a `Call` for each call of a layer.

    The calls stand in the order in which they began: a network before its layers. A layer that is called twice has
    two. A function called in a forward, such as relu, belongs to the layer whose forward it is. Nothing is recorded
    for gradients, the layers are in the mode in which they were. Raises TypeError where a layer returns no Tensor.
    """
    with tinytorch.no_grad():
        return follow(model, as_input(x))


def as_input(x: Any, requires_grad: bool = False) -> Any:
    """A tensor of its own, without a past, with the numbers of `x`; pixels in whole numbers become floats."""
    data = x.data if isinstance(x, tinytorch.Tensor) else np.asarray(x)
    if data.dtype.kind != "f":
        raise TypeError(f"x: expected floating numbers, got {data.dtype}; pixels become floats by x / 255.0")
    return tinytorch.Tensor(data, requires_grad=requires_grad)


def follow(model: Any, *inputs: Any) -> list[Call]:
    """The calls while `model(*inputs)` runs, recorded for gradients or not, as the caller has it."""
    begun: list[Call] = []
    open_calls: list[Call] = []
    ended = 0

    def watched(name: str, layer: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
        def forward_and_note(*inputs: Any, **keywords: Any) -> Any:
            nonlocal ended
            parent = open_calls[-1] if open_calls else None
            given = (*inputs, *keywords.values())
            call = Call(name, layer, given, None, len(open_calls), parent, sum(c.layer is layer for c in begun) + 1)
            begun.append(call)
            open_calls.append(call)
            try:
                call.output = forward(*inputs, **keywords)
            finally:
                open_calls.pop()
            call.ended, ended = ended, ended + 1
            if not isinstance(call.output, tinytorch.Tensor):
                fix = "; is its `return` missing?" if call.output is None else ""
                raise TypeError(
                    f"{call.title}: forward: expected a Tensor to come back, got {type(call.output).__name__}{fix}"
                )
            return call.output

        return forward_and_note

    with contextlib.ExitStack() as watching:
        for name, layer in _layers(model):
            watching.enter_context(_own_forward(layer, watched(name, layer, layer.forward)))
        model(*inputs)
    for call in begun:
        call.times = sum(other.layer is call.layer for other in begun)
    return begun


def _layers(model: Any) -> list[tuple[str, Any]]:
    if isinstance(model, type) or not hasattr(model, "named_modules"):
        fix = f"; make one first: {model.__name__}()" if isinstance(model, type) else ""
        raise TypeError(f"model: expected a layer or a network, got {model!r:.80}{fix}")
    return list(model.named_modules())


@contextlib.contextmanager
def _own_forward(layer: Any, forward: Callable[..., Any]) -> Iterator[None]:
    """Within the block this one layer, not its class, has another forward; what it had comes back in any case."""
    own = vars(layer)
    before = own.get("forward")
    own["forward"] = forward
    try:
        yield
    finally:
        del own["forward"]
        if before is not None:
            own["forward"] = before


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Within the block the network is in eval mode; afterwards each layer is in the mode in which it was."""
    modes = [(layer, layer.training) for _, layer in _layers(model)]
    model.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def layer_named(model: Any, name: str) -> Any:
    """The layer that `named_modules` calls `name`. Raises ValueError that offers the nearest name there is."""
    layers = dict(_layers(model))
    if name in layers:
        return layers[name]
    raise ValueError(_unknown(name, list(layers)))


def call_named(calls: list[Call], name: str) -> Call:
    """The call `name`: `pool:1` is the first of the layer `pool`, `pool` the last. ValueError as in `layer_named`."""
    for call in reversed(calls):
        if name in (call.key, call.name):
            return call
    raise ValueError(_unknown(name, [call.key for call in calls]))


def _unknown(name: str, known: list[str]) -> str:
    names = [key for key in known if key]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    offer = f"did you mean {near[0]!r}? " if near else ""
    return f"layer: there is no {name!r}; {offer}there are: {shown or 'none with a name'}"
