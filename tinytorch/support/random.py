"""The one generator behind every random tensor, initial weight, dropout mask and order of a data set."""

from __future__ import annotations

import numpy as np

_generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Make everything random after this call repeatable."""
    global _generator
    _generator = np.random.default_rng(seed)


def default_generator() -> np.random.Generator:
    """Return the generator that `manual_seed` seeds."""
    return _generator
