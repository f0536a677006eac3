"""How a gradient rule is tried: on arrays alone, so that neither walk nor backward can get in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case

Array = np.ndarray


def rule_case(generator: np.random.Generator, home: Any, function: Any, *examples: Any) -> Case:
    """The gradients of all inputs of `function`, in each of the examples (inputs, settings), for random grads.

    A gradient that cannot be computed, or whose shape is not its input's, counts by that.
    """
    tried = []
    for inputs, settings in examples:
        out = np.asarray(function.__wrapped__(*inputs, **settings))
        tried.append((np.asarray(generator.standard_normal(out.shape)), out, inputs, settings))

    def gradients() -> list[Any]:
        found: list[Any] = []
        for grad, out, inputs, settings in tried:
            try:
                given = home.rules[function](grad, out, *inputs, **settings)
                for gradient in given if isinstance(given, tuple) else (given,):
                    found.append(gradient() if callable(gradient) else gradient)
            except (ValueError, IndexError, TypeError) as error:
                found.append(str(error))
        return found

    return Case(gradients)


def normal(generator: np.random.Generator, *shapes: tuple[int, ...]) -> list[Array]:
    return [generator.standard_normal(shape) for shape in shapes]


Lazy = Callable[[], Array]
