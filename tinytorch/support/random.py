"""The one generator behind every random tensor, initial weight, dropout mask and order of a data set."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch.support.devices import check_device

_generator = np.random.default_rng()
_of_thread = threading.local()


def manual_seed(seed: int) -> None:
    """Make everything random after this call repeatable."""
    global _generator
    _generator = np.random.default_rng(seed)


def default_generator() -> np.random.Generator:
    """Return the generator that `manual_seed` seeds; while a thread makes a batch, that batch's own."""
    return getattr(_of_thread, "generator", None) or _generator


@contextlib.contextmanager
def generator_in_this_thread(generator: np.random.Generator) -> Iterator[None]:
    """Within the block this thread draws from `generator`: threads that draw from one would race for its numbers."""
    before = getattr(_of_thread, "generator", None)
    _of_thread.generator = generator
    try:
        yield
    finally:
        _of_thread.generator = before


class Generator(np.random.Generator):
    """A source of random numbers of one's own, for arguments named `generator`: `Generator().manual_seed(0)`."""

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device)
        super().__init__(np.random.PCG64())

    def manual_seed(self, seed: int) -> Generator:
        """Make the numbers after this call repeatable, and return the generator."""
        self.bit_generator.state = np.random.PCG64(seed).state
        return self


def takes_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that draws from `default_generator()`: with `generator=` it draws from that one."""

    @functools.wraps(function)
    def call(*arguments: Any, generator: Any = None, **settings: Any) -> Any:
        if generator is None:
            return function(*arguments, **settings)
        if not isinstance(generator, np.random.Generator):
            raise TypeError(
                f"{function.__name__}: generator: expected a Generator, got {type(generator).__name__}; "
                "write Generator().manual_seed(0)"
            )
        with generator_in_this_thread(generator):
            return function(*arguments, **settings)

    return call
