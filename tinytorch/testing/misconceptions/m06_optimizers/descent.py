"""A few steps of an optimizer, as a case."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from tinytorch.testing.case import Case

Array = np.ndarray
State = dict[str, Any]  # what an optimizer keeps for one parameter
Settings = types.SimpleNamespace


def tensor(values: Array, requires_grad: bool = False) -> Any:
    """A Tensor: the chapter's own module need not import the class."""
    from tinytorch.core.tensor import Tensor  # not at the top: the catalogue loads nothing of the framework

    return Tensor(values, requires_grad=requires_grad)


def descent(home: types.ModuleType, kind: str, generator: np.random.Generator, settings: State) -> Case:
    """Return four steps of two parameters, each step with an lr of its own, and all that can be seen of them."""

    def descend(start: Array, gradients: Array, rates: Array) -> list[Any]:
        weights = [tensor(row.copy(), requires_grad=True) for row in start]
        arrays = [w.data for w in weights]
        given = [[tensor(gradient.copy()) for gradient in step] for step in gradients]
        optimizer = getattr(home, kind)(weights, **settings)
        path = []
        for lr, step in zip(rates, given, strict=True):
            optimizer.param_groups[0]["lr"] = float(lr)
            for w, gradient in zip(weights, step, strict=True):
                w.grad = gradient
            optimizer.step()
            path.append(np.stack([w.data for w in weights]))
        dtypes = [value.dtype.name for w in weights for value in optimizer.state[w].values() if np.ndim(value)]
        same = [w.data is array for w, array in zip(weights, arrays, strict=True)]
        return [np.array(path), np.array([[g.data for g in step] for step in given]), dtypes, same]

    gradients = generator.standard_normal((4, 2, 3)) * 10.0 ** generator.integers(-1, 2, 3)
    numbers = (generator.standard_normal((2, 3)), gradients, generator.uniform(0.05, 0.5, 4))
    return Case(descend, *(array.astype(np.float32) for array in numbers))
