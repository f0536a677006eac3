"""A few steps of an optimizer, as a case."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from tinytorch.testing.case import Case

Array = np.ndarray
State = dict[str, Any]  # what an optimizer remembers about one parameter
Settings = types.SimpleNamespace


def descent(home: types.ModuleType, kind: str, generator: np.random.Generator, settings: State) -> Case:
    """Four steps of two parameters of one shape, each with an lr of its own: weights and gradients after each."""

    def descend(start: Array, gradients: Array, rates: Array) -> Array:
        weights = [home.Tensor(row.copy(), requires_grad=True) for row in start]
        optimizer = getattr(home, kind)(weights, **settings)
        path = []
        for lr, step in zip(rates, gradients, strict=True):
            optimizer.param_groups[0]["lr"] = float(lr)
            for w, gradient in zip(weights, step, strict=True):
                w.grad = home.Tensor(gradient.copy())
            optimizer.step()
            path.append([np.stack([w.data, w.grad.data]) for w in weights])
        return np.array(path)

    gradients = generator.standard_normal((4, 2, 3)) * 10.0 ** generator.integers(-1, 2, 3)
    return Case(descend, generator.standard_normal((2, 3)), gradients, generator.uniform(0.05, 0.5, 4))
