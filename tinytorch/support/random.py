"""The one generator behind every random tensor, initial weight, dropout mask and order of a data set."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numpy as np

_generator = np.random.default_rng()
_of_thread = threading.local()


def manual_seed(seed: int) -> None:
    """Make everything random after this call repeatable."""
    global _generator
    _generator = np.random.default_rng(seed)


def default_generator() -> np.random.Generator:
    """Return the generator that `manual_seed` seeds; while a thread makes a batch, that batch's own."""
    return getattr(_of_thread, "generator", _generator)


@contextlib.contextmanager
def generator_in_this_thread(generator: np.random.Generator) -> Iterator[None]:
    """Within the block this thread draws from `generator`: threads that draw from one would race for its numbers."""
    _of_thread.generator = generator
    try:
        yield
    finally:
        del _of_thread.generator
