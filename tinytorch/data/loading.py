"""Chapter 08's loader with the rest of torch's arguments, and torch's other kinds of data sets."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

import tinytorch.core.dataloader as chapter
from tinytorch.core.tensor import Tensor
from tinytorch.data.samplers import BatchSampler
from tinytorch.support.loading import batch_count, check_sampling, check_workers, in_workers
from tinytorch.support.torch_arguments import refuse_not_served


class IterableDataset(chapter.Dataset):
    """Examples from a stream: a subclass defines `__iter__()`. A loader takes them in the order in which they come."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: define __iter__(), which yields examples")


class ConcatDataset(chapter.Dataset):
    """Several data sets, one behind the other. Raises ValueError without any, and for an IterableDataset."""

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = list(datasets)
        if not self.datasets or any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ValueError(
                "ConcatDataset: datasets: expected one or more data sets with a length, got "
                f"{[type(dataset).__name__ for dataset in self.datasets]}"
            )
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} examples")
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - ([0, *self.cumulative_sizes][which])]


class DataLoader(chapter.DataLoader):
    """Batches of a data set, as in chapter 08, with torch's arguments in torch's order: one loop is one epoch.

    shuffle, drop_last, collate_fn, seed: as in chapter 08. batch_size=None gives the examples themselves.
    sampler: yields the index of each example, or batch_sampler the indices of each batch, in place of shuffle.
    generator: a NumPy generator that draws the orders. num_workers: so many threads make the batches ahead,
    `prefetch_factor` (2) for each; what they draw at random does not depend on their number.
    pin_memory and persistent_workers change nothing here. Raises ValueError for arguments that exclude each other,
    and by name for those that only other processes can serve (timeout, worker_init_fn, …).
    """

    dataset: Any
    batch_size: Any  # None in place of a number: examples, not batches

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: np.random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        seed: int | None = None,
    ):
        refuse_not_served(
            "DataLoader",
            timeout=timeout,
            worker_init_fn=worker_init_fn,
            multiprocessing_context=multiprocessing_context,
            pin_memory_device=pin_memory_device,
            in_order=in_order,
        )
        check_workers(num_workers, prefetch_factor, persistent_workers, pin_memory)
        self.is_stream = isinstance(dataset, IterableDataset)
        check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last, self.is_stream)
        if self.is_stream and num_workers > 0:
            raise ValueError("DataLoader: num_workers: an IterableDataset is one stream; pass num_workers=0")
        if seed is not None and generator is not None:
            raise ValueError("DataLoader: seed: the generator decides about the orders; pass one of the two")
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.prefetch_factor = num_workers, prefetch_factor or 2
        # The chapter's checks want a length, and a batch that can be full. A stream has none, a sampler another one.
        checked = [None] if self.is_stream else dataset
        size = 1 if batch_size is None or sampler is not None or self.is_stream else batch_size
        super().__init__(checked, size, bool(shuffle), drop_last, seed, collate_fn)
        self.dataset, self.batch_size = dataset, batch_size
        if sampler is not None or self.is_stream:
            BatchSampler([], 1 if batch_size is None else batch_size, drop_last)  # checks the batch_size

    def __len__(self) -> int:
        """Return the number of batches. Raises TypeError where the data set or the sampler has no length."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]
        if self.batch_size is None or self.sampler is not None or self.is_stream:
            order: Any = self.dataset if self.sampler is None else self.sampler
            return batch_count(len(order), self.batch_size or 1, self.drop_last)
        return super().__len__()

    def order(self) -> Any:
        """Return the indices of all examples in the order of the next epoch, and count `epoch` up by one."""
        if self.sampler is None and (self.generator is None or not self.shuffle):
            return super().order()
        self.epoch += 1
        if self.sampler is not None:
            return self.sampler
        return self.generator.permutation(len(self.dataset))  # type: ignore[union-attr]

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of one epoch."""
        if self.is_stream:
            return self._from_stream()
        if self.batch_sampler is None and self.sampler is None and self.batch_size and not self.num_workers:
            return super().__iter__()
        return self._from_indices()

    def _from_stream(self) -> Iterator[Any]:
        self.epoch += 1
        if self.batch_size is None:
            yield from map(self.collate_fn or as_batch, self.dataset)
            return
        collate = self.collate_fn or chapter.default_collate
        yield from map(collate, BatchSampler(self.dataset, self.batch_size, self.drop_last))

    def _from_indices(self) -> Iterator[Any]:
        fetch: Callable[[Any], Any] = self._batch
        keys = self.batch_sampler
        if keys is not None:
            self.epoch += 1
        elif self.batch_size is None:
            keys, fetch = self.order(), self._example
        else:
            keys = BatchSampler(self.order(), self.batch_size, self.drop_last)
        if self.num_workers:
            yield from in_workers(fetch, keys, self.num_workers, self.prefetch_factor)
        else:
            yield from map(fetch, keys)

    def _batch(self, indices: Iterable[Any]) -> Any:
        keys = list(indices)
        array = np.asarray(keys)
        if array.ndim == 1 and array.dtype.kind in "iu":
            return self.fetch(array)
        samples = [self.dataset[key] for key in keys]  # the sampler gives keys that are no numbers
        return (self.collate_fn or chapter.default_collate)(samples)

    def _example(self, index: Any) -> Any:
        example = self.dataset[int(index) if isinstance(index, np.integer) else index]
        return (self.collate_fn or as_batch)(example)


def as_batch(example: Any) -> Any:
    """Return an example with its arrays as tensors, in the tuples, lists and dicts in which they are."""
    if isinstance(example, (np.ndarray, np.generic)) and example.dtype.kind in "biuf":
        return Tensor(example)
    if isinstance(example, dict):
        return {key: as_batch(value) for key, value in example.items()}
    if isinstance(example, tuple) and hasattr(example, "_fields"):
        return type(example)(*map(as_batch, example))
    return type(example)(map(as_batch, example)) if isinstance(example, (tuple, list)) else example
