"""What the experiments share: tables in a terminal, and a clock."""

import statistics
import time

import numpy as np

from tinytorch import Tensor
from tinytorch.analysis import summary


def by(sizes):
    """(3, 32, 32) → "3 × 32 × 32"."""
    return " × ".join(str(size) for size in sizes)


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def pictures(count, *shape):
    """A batch of random pictures: where only shapes, times and differences count, any will do."""
    return Tensor(np.random.default_rng(0).random((count, *shape), np.float32))


def table(head, rows):
    """Print rows under their heads: words to the left, numbers to the right, whole ones with their commas."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    right = [not any(isinstance(row[i], str) and row[i][:1].isalpha() for row in rows) for i in range(len(head))]
    widths = [max(map(len, column)) for column in zip(head, *cells)]
    for line in [head, ["-" * width for width in widths], *cells]:
        print("  ".join(f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(line, widths, right)).rstrip())


def milliseconds(calls, rounds=7):
    """The median time of each call, taken in turns, so that a slow moment of the machine meets them all."""
    taken = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, own in zip(calls, taken):
            start = time.perf_counter()
            call()
            own.append(time.perf_counter() - start)
    return [statistics.median(own) * 1e3 for own in taken]


def multiply_adds(model, *shape):
    """Of one picture of that shape, as `summary` counts them."""
    return summary(model, (1, *shape)).total_mult_adds
