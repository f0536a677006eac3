"""The loader: how many batches, in which order, fetched how."""

from __future__ import annotations

import itertools
import math
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.support.random import manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception
from tinytorch.testing.misconceptions.m08_dataloader.data import Plain, attempt, flat

Array = np.ndarray


def _loaders(generator: np.random.Generator, here: types.ModuleType) -> Case:
    batch_size = int(generator.integers(2, 5))
    n = batch_size * int(generator.integers(2, 4)) + 1  # a rest of one
    number = int(generator.integers(1, 100))

    def epochs() -> list[Any]:
        def epoch(loader: Any) -> list[Any]:
            return [part for batch in itertools.islice(loader, 3 * n) for part in flat(batch)]

        facts: list[Any] = []
        rest, whole = n, batch_size * (n // batch_size)
        for size, shuffle, drop_last in ((rest, False, False), (rest, True, True), (whole, True, False)):
            dataset = here.TensorDataset(np.arange(size), np.arange(size) * 100)
            loader = here.DataLoader(dataset, batch_size, shuffle=shuffle, drop_last=drop_last, seed=number)
            manual_seed(number)
            facts += [*attempt(loader.__len__), *attempt(epoch, loader), *attempt(epoch, loader), loader.epoch]
            facts += attempt(loader.order)
        orders = []
        for _ in range(2):  # without a seed: only whether the order can be repeated
            manual_seed(number)
            orders.append(here.DataLoader(dataset, batch_size, shuffle=True).order().tolist())
        return [*facts, orders[0] == orders[1]]

    return Case(epochs)


for _place in ("__len__", "order", "__iter__"):
    draws(f"DataLoader.{_place}")(_loaders)


@draws("DataLoader.fetch")
def _fetched(generator: np.random.Generator, here: types.ModuleType) -> Case:
    class Asked:
        def __init__(self, numbers: Array, takes_index_arrays: bool) -> None:
            self.numbers, self.takes_index_arrays, self.asked = numbers, takes_index_arrays, 0

        def __len__(self) -> int:
            return len(self.numbers)

        def __getitem__(self, index: Any) -> Any:
            self.asked += 1
            return self.numbers[index], index

    def fetched(numbers: Array, indices: Array) -> list[Any]:
        facts: list[Any] = []
        kinds = [numbers.tolist(), Plain(numbers), Asked(numbers, False), Asked(numbers, True)]
        for dataset in kinds:
            for collate_fn in (None, lambda samples: [type(samples).__name__, len(samples)]):
                loader = here.DataLoader(dataset, 2, collate_fn=collate_fn)
                facts += [*attempt(loader.fetch, indices), getattr(dataset, "asked", 0)]
        return facts

    return Case(fetched, generator.permutation(6) * 10, generator.permutation(6)[:3])


# --- how many ---


@misconception(
    "DataLoader.__len__",
    name="the last batch is not counted unless it is full",
    belief="n // batch_size is the number of batches.",
    explanation="50,000 images at 64 are 781 full batches and one of 16: 782, unless drop_last leaves it out.",
    hints=("10 examples at batch_size 4: how many batches?", "math.ceil without drop_last, // with it."),
)
def always_down(self: Any) -> int:
    return len(self.dataset) // self.batch_size


@misconception(
    "DataLoader.__len__",
    name="drop_last is ignored in the count",
    belief="The number of batches does not depend on drop_last.",
    explanation="With drop_last the batch that is not full is left out: round down.",
    hints=("10 examples at batch_size 4 with drop_last: how many batches?", "Down with drop_last, up without."),
)
def always_up(self: Any) -> int:
    return math.ceil(len(self.dataset) / self.batch_size)


@misconception(
    "DataLoader.__len__",
    name="drop_last is taken the other way round",
    belief="drop_last=True rounds up.",
    explanation="Dropping the last batch makes it one less: down with drop_last, up without.",
    hints=("Which of the two has more batches?", "n // batch_size if self.drop_last else math.ceil(...)."),
)
def rounded_the_other_way(self: Any) -> int:
    n = len(self.dataset)
    return math.ceil(n / self.batch_size) if self.drop_last else n // self.batch_size


@misconception(
    "DataLoader.__len__",
    name="there is always one batch more than the full ones",
    belief="n // batch_size + 1, for the rest.",
    explanation="Where n is a multiple of batch_size there is no rest: that batch would be empty. Round up.",
    hints=("10 examples at batch_size 5: how many batches?", "math.ceil(n / batch_size)."),
)
def always_one_more(self: Any) -> int:
    n = len(self.dataset)
    return n // self.batch_size + (0 if self.drop_last else 1)


@misconception(
    "DataLoader.__len__",
    name="the examples are counted, not the batches",
    belief="The length of a loader is that of its data.",
    explanation="len(loader) is how often the loop runs: the number of batches.",
    hints=("How often does `for batch in loader` run?", "n / batch_size, rounded."),
)
def examples_counted(self: Any) -> int:
    return len(self.dataset)


# --- the order ---


def _counted(self: Any) -> int:
    """The number of the epoch that begins, which is counted."""
    epoch, self.epoch = self.epoch, self.epoch + 1
    return epoch


def _common(self: Any) -> np.random.Generator:
    generator: np.random.Generator = home(self).default_generator()
    return generator


def _shuffled(self: Any, generator: np.random.Generator) -> Array:
    n = len(self.dataset)
    return generator.permutation(n) if self.shuffle else np.arange(n)


@misconception(
    "DataLoader.order",
    name="every epoch has the same order",
    belief="The seed decides the order.",
    explanation="Seed and epoch decide: with the seed alone a batch would always hold the same images.",
    hints=("Does `epoch` stand anywhere in your code?", "np.random.default_rng([self.seed, epoch])."),
)
def same_every_epoch(self: Any) -> Array:
    _counted(self)
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng(self.seed))


@misconception(
    "DataLoader.order",
    name="seed and epoch are added up",
    belief="seed + epoch is another number every time.",
    explanation="Then epoch 1 of seed 1 has the order of epoch 0 of seed 2: give both numbers, in a list.",
    hints=("Which orders do the seeds 1 and 2 share?", "np.random.default_rng([self.seed, epoch])."),
)
def seed_plus_epoch(self: Any) -> Array:
    epoch = _counted(self)
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng(self.seed + epoch))


@misconception(
    "DataLoader.order",
    name="only the epoch decides, and the seed is ignored",
    belief="The epoch makes every order different.",
    explanation="Two seeds are to give two runs: the generator is made from the seed and the epoch.",
    hints=("Do seed 1 and seed 2 differ?", "np.random.default_rng([self.seed, epoch])."),
)
def epoch_alone(self: Any) -> Array:
    epoch = _counted(self)
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng(epoch))


@misconception(
    "DataLoader.order",
    name="the seed is ignored",
    belief="All randomness comes from the common generator.",
    explanation="With a seed the order depends on nothing else: it is the same on every run.",
    hints=("Where do you look at self.seed?", "np.random.default_rng([self.seed, epoch]) if there is one."),
)
def seed_ignored(self: Any) -> Array:
    _counted(self)
    return _shuffled(self, _common(self))


@misconception(
    "DataLoader.order",
    name="manual_seed does not decide where no seed is given",
    belief="A new generator is as good as the common one.",
    explanation="A new generator differs on every run: without a seed a loader uses the common one.",
    hints=("manual_seed(3) twice: twice the same order?", "default_generator(), not np.random.default_rng()."),
)
def generator_of_its_own(self: Any) -> Array:
    epoch = _counted(self)
    return _shuffled(self, np.random.default_rng(None if self.seed is None else [self.seed, epoch]))


@misconception(
    "DataLoader.order",
    name="nothing is shuffled",
    belief="The order of the data is as good as any.",
    explanation="Files are often sorted by class, and batches of one class teach little. Shuffle where asked to.",
    hints=("Where do you look at self.shuffle?", "generator.permutation(n)."),
)
def never_shuffled(self: Any) -> Array:
    _counted(self)
    return np.arange(len(self.dataset))


@misconception(
    "DataLoader.order",
    name="the order is shuffled even where that is not asked for",
    belief="A loader shuffles.",
    explanation="Only with shuffle=True: a validation loader follows the data.",
    hints=("Where do you look at self.shuffle?", "if not self.shuffle: return np.arange(n)."),
)
def always_shuffled(self: Any) -> Array:
    epoch = _counted(self)
    generator = _common(self) if self.seed is None else np.random.default_rng([self.seed, epoch])
    return generator.permutation(len(self.dataset))


@misconception(
    "DataLoader.order",
    name="an example may come more than once",
    belief="n random numbers below n are a random order.",
    explanation="Random numbers repeat: some examples come twice, others never. A permutation has each exactly once.",
    hints=("How many different numbers are in your order?", "generator.permutation(n), not integers."),
)
def with_repeats(self: Any) -> Array:
    epoch, n = _counted(self), len(self.dataset)
    generator = _common(self) if self.seed is None else np.random.default_rng([self.seed, epoch])
    return generator.integers(0, n, n) if self.shuffle else np.arange(n)


@misconception(
    "DataLoader.order",
    name="the epochs are not counted",
    belief="order() only looks at self.epoch.",
    explanation="Each call begins an epoch, and the next one has another number: count self.epoch up.",
    hints=("What is loader.epoch after two epochs?", "self.epoch += 1."),
)
def not_counted(self: Any) -> Array:
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng([self.seed, self.epoch]))


@misconception(
    "DataLoader.order",
    name="epochs are counted only with shuffle",
    belief="Without shuffle no epoch differs from another.",
    explanation="`epoch` counts the epochs begun, with and without shuffle: count before you return.",
    hints=("What is loader.epoch after one epoch without shuffle?", "self.epoch += 1 comes before the first return."),
)
def counted_only_shuffled(self: Any) -> Array:
    if not self.shuffle:
        return np.arange(len(self.dataset))
    epoch = _counted(self)
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng([self.seed, epoch]))


@misconception(
    "DataLoader.order",
    name="the epoch is counted before it is used",
    belief="The first epoch is number 1.",
    explanation="The order is that of epoch self.epoch, which is 0 at first: remember it, then count.",
    hints=("Which generator makes the first order: that of [seed, 0] or [seed, 1]?", "epoch = self.epoch comes first."),
)
def counted_before(self: Any) -> Array:
    epoch = _counted(self) + 1
    return _shuffled(self, _common(self) if self.seed is None else np.random.default_rng([self.seed, epoch]))


# --- a batch ---


@misconception(
    "DataLoader.fetch",
    name="every data set is asked for one example after the other",
    belief="A loader collects examples.",
    explanation="A data set that takes index arrays gives the whole batch for one question: that makes a loader fast.",
    hints=("How often is a TensorDataset asked per batch?", "return self.dataset[indices], if it takes index arrays."),
)
def always_one_by_one(self: Any, indices: Array) -> Any:
    samples = [self.dataset[index] for index in indices.tolist()]
    return home(self).default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)


@misconception(
    "DataLoader.fetch",
    name="every data set is asked with an index array",
    belief="self.dataset[indices] is the batch.",
    explanation="Only a data set with takes_index_arrays = True can do so. Ask any other for each example by itself.",
    hints=("What is a_list[np.array([1, 0])]?", 'getattr(self.dataset, "takes_index_arrays", False).'),
)
def always_at_once(self: Any, indices: Array) -> Any:
    return self.dataset[indices]


@misconception(
    "DataLoader.fetch",
    name="the data set is asked with NumPy integers",
    belief="Looping over an array gives ints.",
    explanation="It gives np.int64; many data sets take a plain int only. indices.tolist() has plain ints.",
    hints=("What is type(index) in your loop?", "for index in indices.tolist()."),
)
def numpy_integers(self: Any, indices: Array) -> Any:
    if self.collate_fn is None and getattr(self.dataset, "takes_index_arrays", False):
        return self.dataset[indices]
    samples = [self.dataset[index] for index in indices]
    return home(self).default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)


@misconception(
    "DataLoader.fetch",
    name="collate_fn is ignored",
    belief="default_collate joins examples.",
    explanation="It does if there is no collate_fn; otherwise collate_fn gets the list of examples.",
    hints=("Where do you use self.collate_fn?", "self.collate_fn(samples), unless it is None."),
)
def collate_fn_ignored(self: Any, indices: Array) -> Any:
    if getattr(self.dataset, "takes_index_arrays", False):
        return self.dataset[indices]
    return home(self).default_collate([self.dataset[index] for index in indices.tolist()])


@misconception(
    "DataLoader.fetch",
    name="a data set that takes index arrays leaves collate_fn out",
    belief="Its batch is ready.",
    explanation="A collate_fn wants a list of examples, of any data set: then ask for each example by itself.",
    hints=("When may the data set make the batch itself?", "Only if self.collate_fn is None."),
)
def collate_fn_left_out(self: Any, indices: Array) -> Any:
    if getattr(self.dataset, "takes_index_arrays", False):
        return self.dataset[indices]
    samples = [self.dataset[index] for index in indices.tolist()]
    return home(self).default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)


@misconception(
    "DataLoader.fetch",
    name="collate_fn gets a ready batch",
    belief="collate_fn changes the batch.",
    explanation="collate_fn makes the batch: it gets the list of examples.",
    hints=("What does your collate_fn get of a TensorDataset?", "collate_fn([self.dataset[i] for i in ...])."),
)
def collate_fn_of_a_batch(self: Any, indices: Array) -> Any:
    if getattr(self.dataset, "takes_index_arrays", False):
        batch = self.dataset[indices]
        return batch if self.collate_fn is None else self.collate_fn(batch)
    samples = [self.dataset[index] for index in indices.tolist()]
    return home(self).default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)


@misconception(
    "DataLoader.fetch",
    name="the examples are not joined",
    belief="A list of examples is a batch.",
    explanation="A network takes tensors: default_collate turns the list of pairs into a pair of tensors.",
    hints=("What is type(batch)?", "default_collate(samples)."),
)
def not_joined(self: Any, indices: Array) -> Any:
    if self.collate_fn is None and getattr(self.dataset, "takes_index_arrays", False):
        return self.dataset[indices]
    samples = [self.dataset[index] for index in indices.tolist()]
    return samples if self.collate_fn is None else self.collate_fn(samples)


# --- the batches ---


def _starts(self: Any) -> range:
    n = len(self.dataset)
    count = n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)
    return range(0, count * self.batch_size, self.batch_size)


@misconception(
    "DataLoader.__iter__",
    name="the last batch is dropped if it is not full",
    belief="Batches are full.",
    explanation="Without drop_last the rest is a batch like the others; to drop it loses data without any error.",
    hints=("10 examples at batch_size 4: where are the last two?", "A slice over the end stops at the end."),
)
def rest_dropped(self: Any) -> Iterator[Any]:
    order = self.order()
    for start in range(0, len(order) - self.batch_size + 1, self.batch_size):
        yield self.fetch(order[start : start + self.batch_size])


@misconception(
    "DataLoader.__iter__",
    name="drop_last is ignored",
    belief="The loop goes to the end of the data.",
    explanation="With drop_last the batch that is not full is left out: there are len(self) batches.",
    hints=("10 examples at batch_size 4 with drop_last: is there a batch of two?", "len(self) knows how many."),
)
def rest_kept(self: Any) -> Iterator[Any]:
    order = self.order()
    for start in range(0, len(order), self.batch_size):
        yield self.fetch(order[start : start + self.batch_size])


@misconception(
    "DataLoader.__iter__",
    name="a new order is drawn for each batch",
    belief="self.order() is the order.",
    explanation="Each call draws another one, so that examples come twice or not at all. Take it once per epoch.",
    hints=("How often do you call self.order() in an epoch?", "order = self.order() before the loop."),
)
def order_for_each_batch(self: Any) -> Iterator[Any]:
    for start in _starts(self):
        yield self.fetch(self.order()[start : start + self.batch_size])


@misconception(
    "DataLoader.__iter__",
    name="the order is not used",
    belief="Example i is at place i.",
    explanation="order[k] says which example comes k-th: take runs of the order, not of the data.",
    hints=("Where do you use self.order()?", "self.fetch(order[start : start + batch_size])."),
)
def order_not_used(self: Any) -> Iterator[Any]:
    n = len(self.order())
    for start in _starts(self):
        yield self.fetch(np.arange(n)[start : start + self.batch_size])


@misconception(
    "DataLoader.__iter__",
    name="batches overlap, each one example further",
    belief="Batch number i starts at i.",
    explanation="Batch number i starts at i * batch_size: the next one begins where this one ends.",
    hints=("Where does your second batch start?", "range(0, ..., self.batch_size)."),
)
def overlapping(self: Any) -> Iterator[Any]:
    order = self.order()
    for start in range(len(_starts(self))):
        yield self.fetch(order[start : start + self.batch_size])


@misconception(
    "DataLoader.__iter__",
    name="images and labels are shuffled independently",
    belief="Every tensor is shuffled.",
    explanation="Row i of the images belongs to row i of the labels: one order for both, or labels are random.",
    hints=("Does an image still have its own label?", "self.fetch(indices) takes the same rows of both."),
)
def shuffled_independently(self: Any) -> Iterator[Any]:
    tensors = getattr(self.dataset, "tensors", None)
    if tensors is None or self.collate_fn is not None:
        order = self.order()
        for start in _starts(self):
            yield self.fetch(order[start : start + self.batch_size])
        return
    orders = [self.order() for _ in tensors]
    for start in _starts(self):
        yield tuple(t[order[start : start + self.batch_size]] for t, order in zip(tensors, orders, strict=True))


@misconception(
    "DataLoader.__iter__",
    name="indices are yielded, not examples",
    belief="A batch is a piece of the order.",
    explanation="The order holds numbers of examples: self.fetch(indices) is the batch.",
    hints=("What is in your first batch?", "yield self.fetch(...)."),
)
def indices_yielded(self: Any) -> Iterator[Any]:
    order = self.order()
    for start in _starts(self):
        yield order[start : start + self.batch_size]


@misconception(
    "DataLoader.__iter__",
    name="examples are yielded one at a time",
    belief="The loop gives the examples in order.",
    explanation="A batch is batch_size of them at once: ask for a whole run of indices.",
    hints=("What shape has your first batch?", "self.fetch(order[start : start + batch_size])."),
)
def one_at_a_time(self: Any) -> Iterator[Any]:
    for index in self.order().tolist():
        yield self.dataset[index]
