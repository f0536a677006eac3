"""Inputs drawn at random that fit together, and the conditions under which they are tried."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.support import threads
from tinytorch.testing import seeding


def drawn_convolutions(count: int) -> Iterator[tuple[list[np.ndarray], dict[str, Any]]]:
    """Yield so many drawn convolutions, every other one without bias."""
    draw = seeding.generator()
    for index in range(count):
        inputs, settings = drawn_convolution(draw)
        yield inputs[: 3 - index % 2], settings


def drawn_convolution(generator: np.random.Generator) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Return ([x, weight, bias], settings) of a convolution: float64, with any stride, padding, dilation and groups."""
    groups = int(generator.integers(1, 3))
    kernel = generator.permutation((generator.integers(1, 4), generator.integers(2, 4)))
    dilation = tuple(int(d) for d in generator.integers(1, 3, 2))
    channels, filters = groups * generator.integers(1, 4), groups * generator.integers(2, 4)
    size = np.array(dilation) * (kernel - 1) + 1 + generator.integers(2, 5, 2)
    inputs = [
        generator.standard_normal((int(generator.integers(2, 4)), channels, *size)),
        generator.standard_normal((filters, channels // groups, *kernel)),
        generator.standard_normal(filters),
    ]
    stride = tuple(int(s) for s in generator.permutation((generator.integers(1, 4), generator.integers(2, 4))))
    padding = tuple(int(p) for p in generator.integers(0, 3, 2))
    return inputs, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@contextlib.contextmanager
def shared_among(cores: int) -> Iterator[None]:
    """Let `in_threads` share even small work among so many cores."""
    before = threads.SMALL_WORK, threads.thread_count
    threads.SMALL_WORK, threads.thread_count = 0, lambda: cores  # type: ignore[assignment]
    try:
        yield
    finally:
        threads.SMALL_WORK, threads.thread_count = before
