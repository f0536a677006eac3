"""What torch's arguments of a loader need: their checks, and batches that threads make ahead."""

from __future__ import annotations

import collections
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from tinytorch.support.dataloader import WHOLE
from tinytorch.support.random import default_generator, generator_in_this_thread


def check_workers(num_workers: Any, prefetch_factor: Any, persistent_workers: bool, pin_memory: bool) -> None:
    """Raise ValueError for a setting of workers that is out of range. Warn where memory should be pinned."""
    if not isinstance(num_workers, WHOLE) or num_workers < 0:
        raise ValueError(f"DataLoader: num_workers: expected a whole number from 0, got {num_workers!r}")
    if prefetch_factor is not None and (not isinstance(prefetch_factor, WHOLE) or prefetch_factor < 1):
        raise ValueError(f"DataLoader: prefetch_factor: expected a whole number from 1, got {prefetch_factor!r}")
    for name, value in (("prefetch_factor", prefetch_factor), ("persistent_workers", persistent_workers)):
        if value and num_workers == 0:
            raise ValueError(f"DataLoader: {name}={value!r} needs workers; pass num_workers=2, or leave {name} out")
    if pin_memory:
        warnings.warn("DataLoader: pin_memory=True has no effect: there is no GPU", UserWarning, stacklevel=4)


def check_sampling(
    dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool, is_stream: bool
) -> None:
    """Raise ValueError where two arguments of a loader say who decides about the order, or the batches."""
    for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None and not hasattr(value, "__iter__"):
            raise TypeError(f"DataLoader: {name}: expected something to iterate over, got {value!r:.80}")
        if value is not None and is_stream:
            raise ValueError(f"DataLoader: {name}: an IterableDataset has an order of its own; leave {name} out")
        if value is not None and shuffle:
            raise ValueError(f"DataLoader: {name}: it decides about the order, so shuffle=True has no place")
    if is_stream and shuffle:
        raise ValueError("DataLoader: shuffle: an IterableDataset has an order of its own; leave shuffle out")
    if batch_sampler is not None and (batch_size != 1 or sampler is not None or drop_last):
        raise ValueError("DataLoader: batch_sampler: it makes the batches; leave batch_size, sampler and drop_last out")
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: drop_last: with batch_size=None there are no batches to be full")


def check_sampler(sampler: Any, num_samples: Any) -> None:
    """Raise ValueError for a number of samples that is not a whole number from 1."""
    if not isinstance(num_samples, WHOLE) or num_samples < 1:
        name = type(sampler).__name__
        raise ValueError(f"{name}: num_samples: expected a whole number from 1, got {num_samples!r}")


def check_weights(weights: np.ndarray, num_samples: int, replacement: bool) -> None:
    """Raise ValueError unless `weights` are numbers of at least 0, enough of them above 0."""
    if weights.ndim != 1 or not np.all(weights >= 0) or not 0 < weights.sum() < np.inf:
        raise ValueError(
            f"WeightedRandomSampler: weights: expected one number of at least 0 for each example, got {weights!r:.80}"
        )
    if not replacement and num_samples > np.count_nonzero(weights):
        raise ValueError(
            f"WeightedRandomSampler: num_samples: {num_samples} different examples cannot be drawn from "
            f"{np.count_nonzero(weights)} with a weight above 0; pass replacement=True"
        )


def check_batch_sampler(sampler: Any, batch_size: Any) -> None:
    """Raise TypeError for a sampler that has no order, ValueError for a batch_size below 1."""
    if not hasattr(sampler, "__iter__"):
        raise TypeError(f"BatchSampler: sampler: expected something to iterate over, got {sampler!r:.80}")
    if not isinstance(batch_size, WHOLE) or batch_size < 1:
        raise ValueError(f"BatchSampler: batch_size: expected a whole number from 1, got {batch_size!r}")


def batch_count(examples: int, batch_size: int, drop_last: bool) -> int:
    """Return the number of batches, the last of which may not be full."""
    return examples // batch_size if drop_last else -(-examples // batch_size)


def in_workers(fetch: Callable[[Any], Any], keys: Iterable[Any], workers: int, ahead: int) -> Iterator[Any]:
    """Yield fetch(key) for each key, in order; threads make up to `ahead` of them for each worker before their time.

    What is drawn at random for a batch comes from a generator of its own, seeded by `default_generator()` and the
    number of the batch: so the numbers are the same on every run, whatever the number of workers.
    """
    seed = int(default_generator().integers(2**63))

    def make(number: int, key: Any) -> Any:
        with generator_in_this_thread(np.random.default_rng([seed, number])):
            return fetch(key)

    pool, waiting = ThreadPoolExecutor(workers), collections.deque[Future[Any]]()
    try:
        numbered = enumerate(keys)
        while True:
            for number, key in itertools.islice(numbered, workers * ahead - len(waiting)):
                waiting.append(pool.submit(make, number, key))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
