"""Which functions a network computes, in which order, on what: one run of it, recorded array by array."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinytorch.core import tensor as chapter
from tinytorch.core.tensor import Tensor
from tinytorch.support.tensor import NUMBERS, inferred_array, number_array


class Step(NamedTuple):
    """One call of a primitive, or of a method of tensors that is none: a comparison, argmax, argmin."""

    name: str
    inputs: tuple[np.ndarray | None, ...]
    settings: dict[str, Any]
    output: np.ndarray


class Run(NamedTuple):
    """One run of a network. All its arrays are alive, so no two are at the same place."""

    inputs: list[np.ndarray]
    steps: list[Step]
    outputs: list[np.ndarray]


def run(model: Any, inputs: list[np.ndarray]) -> Run:
    """Run `model` on arrays, and return all steps. Raises TypeError where not tensors come back."""
    steps: list[Step] = []
    tensors = [Tensor(array) for array in inputs]
    with _recorded(steps):
        output = model(*tensors)
    outputs = list(output) if isinstance(output, (tuple, list)) else [output]
    for value in outputs:
        if not isinstance(value, Tensor):
            raise TypeError(f"export: model: expected a Tensor or a tuple of them to come back, got {value!r:.60}")
    return Run([t.data for t in tensors], steps, [t.data for t in outputs])


@contextlib.contextmanager
def _recorded(steps: list[Step]) -> Iterator[None]:
    """Within the block each step is noted: the one place that all primitives pass, and three methods, are watched."""
    compute = chapter.compute
    methods = {name: getattr(Tensor, name) for name in ("_compare", "argmax", "argmin")}

    def noted(function: Any, tensors: Any, settings: dict[str, Any]) -> Tensor:
        out = compute(function, tensors, settings)
        own = function.__module__.startswith("tinytorch.")
        name = function.__name__ if own else f"{function.__module__}.{function.__name__}"
        steps.append(Step(name, tuple(None if t is None else t.data for t in tensors), settings, out.data))
        return out

    def comparison(self: Tensor, compare: Any, other: Any) -> Tensor:
        out = methods["_compare"](self, compare, other)
        array = number_array(other, [self.dtype]) if isinstance(other, NUMBERS) else inferred_array(other)
        steps.append(Step(compare.__name__, (self.data, array), {}, out.data))
        return out

    def extremum(name: str) -> Callable[..., Tensor]:
        def place(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
            out = methods[name](self, dim, keepdim)
            steps.append(Step(name, (self.data,), {"dim": dim, "keepdim": keepdim}, out.data))
            return out

        return place

    watched = {"_compare": comparison, "argmax": extremum("argmax"), "argmin": extremum("argmin")}
    chapter.compute = noted
    for name, method in watched.items():
        setattr(Tensor, name, method)
    try:
        yield
    finally:
        chapter.compute = compute
        for name in watched:
            delattr(Tensor, name)  # the inherited one comes to light again
