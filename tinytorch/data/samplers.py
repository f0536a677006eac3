"""torch's samplers: the orders in which a `DataLoader` asks for the examples of a data set."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from tinytorch.support.loading import batch_count, check_batch_sampler, check_sampler, check_weights
from tinytorch.support.random import default_generator

Generator = np.random.Generator | None


class Sampler:
    """The base of all samplers: a subclass defines `__iter__()`, which yields indices, and `__len__()`."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: define __iter__(), which yields indices")


class SequentialSampler(Sampler):
    """The indices 0, 1, … of a data set."""

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """The indices of a data set in a new random order each time.

    num_samples: how many, by default one for each example; more than there are begin another order. With replacement
    each is drawn from all. `generator` is a NumPy generator, by default `default_generator()`. Raises ValueError for
    num_samples below 1.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator = None,
    ):
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self.num_samples = len(data_source) if num_samples is None else num_samples
        check_sampler(self, self.num_samples)

    def __iter__(self) -> Iterator[int]:
        n, draw = len(self.data_source), self.generator or default_generator()
        if self.replacement:
            yield from draw.integers(n, size=self.num_samples).tolist()
            return
        for start in range(0, self.num_samples, n):
            yield from draw.permutation(n)[: self.num_samples - start].tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in a new random order each time."""

    def __init__(self, indices: Sequence[int], generator: Generator = None):
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for place in (self.generator or default_generator()).permutation(len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices 0 … n−1 drawn with the given n weights, which need not add up to 1.

    Raises ValueError for negative weights, and without replacement for more samples than there are weights above 0.
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator = None
    ):
        self.weights, self.num_samples = np.asarray(weights, np.float64), num_samples
        self.replacement, self.generator = replacement, generator
        check_sampler(self, num_samples)
        check_weights(self.weights, num_samples, replacement)

    def __iter__(self) -> Iterator[int]:
        draw, shares = self.generator or default_generator(), self.weights / self.weights.sum()
        return iter(draw.choice(len(shares), self.num_samples, self.replacement, shares).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` of a sampler's indices; with drop_last the last list is left out if it is not full."""

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool):
        check_batch_sampler(sampler, batch_size)
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        return batch_count(len(self.sampler), self.batch_size, self.drop_last)  # type: ignore[arg-type]
