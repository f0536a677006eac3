"""Which functions a network computes, in which order, on what: one run of it, recorded array by array."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinytorch.core import tensor as chapter
from tinytorch.core.tensor import Tensor
from tinytorch.functions import reductions
from tinytorch.support import in_place
from tinytorch.support.tensor import NUMBERS, inferred_array, number_array


class Step(NamedTuple):
    """One call of a primitive, or of a function of tensors that is none, such as a comparison or a write in place."""

    name: str
    inputs: tuple[np.ndarray | None, ...]
    settings: dict[str, Any]
    output: np.ndarray


class Run(NamedTuple):
    """One run of a network on numbers that were `given`. All its arrays are alive, so no two are at the same place."""

    given: list[np.ndarray]
    inputs: list[np.ndarray]
    steps: list[Step]
    outputs: list[np.ndarray]


def run(model: Any, given: list[np.ndarray]) -> Run:
    """Run `model` on arrays, and return all steps. Raises TypeError where it returns anything but tensors."""
    steps: list[Step] = []
    tensors = [Tensor(array.copy()) for array in given]
    inputs = [t.data for t in tensors]
    with contextlib.ExitStack() as watching:
        for place, name, watched in _watched(steps):
            watching.enter_context(_replaced(place, name, watched(getattr(place, name))))
        output = model(*tensors)
    outputs = list(output) if isinstance(output, (tuple, list)) else [output]
    for value in outputs:
        if not isinstance(value, Tensor):
            raise TypeError(f"export: model: expected a Tensor or a tuple of them to come back, got {value!r:.60}")
    return Run(given, inputs, steps, [t.data for t in outputs])


def _watched(steps: list[Step]) -> list[tuple[Any, str, Callable[..., Any]]]:
    """The functions to watch, each by its place and name, with what makes of it one that notes its steps.

    All primitives pass `compute`. The others make a tensor without it.
    """

    def primitives(compute: Any) -> Any:
        def noted(function: Any, tensors: Any, settings: dict[str, Any]) -> Tensor:
            out = compute(function, tensors, settings)
            own = function.__module__.startswith("tinytorch.")
            name = function.__name__ if own else f"{function.__module__}.{function.__name__}"
            steps.append(Step(name, tuple(None if t is None else t.data for t in tensors), settings, out.data))
            return out

        return noted

    def comparisons(compare: Any) -> Any:
        def noted(x: Tensor, function: Any, other: Any) -> Tensor:
            out = compare(x, function, other)
            steps.append(Step(function.__name__, (x.data, _array(other, x)), {}, out.data))
            return out

        return noted

    def places(name: str) -> Any:
        def watched(method: Any) -> Any:
            def noted(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
                out = method(x, dim, keepdim)
                steps.append(Step(name, (x.data,), {"dim": dim, "keepdim": keepdim}, out.data))
                return out

            return noted

        return watched

    def conversions(convert: Any) -> Any:
        def noted(x: Tensor, dtype: Any = None) -> Tensor:
            out = convert(x) if dtype is None else convert(x, dtype)
            steps.append(Step("convert", (x.data,), {}, out.data))
            return out

        return noted

    def writes(write: Any) -> Any:
        def noted(x: Tensor, value: Any, index: Any = (...,)) -> Any:
            out = write(x, value, index)
            steps.append(Step("write", (x.data, _array(value, x)), {"index": index}, x.data))
            return out

        return noted

    return [
        (chapter, "compute", primitives),
        (Tensor, "_compare", comparisons),
        (Tensor, "argmax", places("argmax")),
        (Tensor, "argmin", places("argmin")),
        (Tensor, "clone", conversions),
        (reductions, "convert", conversions),
        (in_place, "write", writes),
    ]


def _array(value: Any, beside: Tensor) -> np.ndarray:
    return number_array(value, [beside.dtype]) if isinstance(value, NUMBERS) else inferred_array(value)


@contextlib.contextmanager
def _replaced(place: Any, name: str, value: Any) -> Iterator[None]:
    """Within the block an attribute of a module or a class has another value."""
    own = name in vars(place)
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        if own:
            setattr(place, name, before)
        else:
            delattr(place, name)  # then the inherited one is found again
