"""The loader: how many batches, in which order, cut where."""

from __future__ import annotations

import itertools
import math
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception
from tinytorch.testing.misconceptions.m08_dataloader.data import flat, seed

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
            seed(number)
            facts += [len(loader), *epoch(loader), *epoch(loader), loader.epoch, loader.order()]
        orders = []
        for _ in range(2):  # without a seed: only whether the order can be had again
            seed(number)
            orders.append(here.DataLoader(dataset, batch_size, shuffle=True).order().tolist())
        return [*facts, orders[0] == orders[1]]

    return Case(epochs)


for _place in ("__len__", "order", "__iter__"):
    draws(f"DataLoader.{_place}")(_loaders)

# --- how many ---


@misconception(
    "DataLoader.__len__",
    name="the last batch is not counted unless it is full",
    belief="n // batch_size is the number of batches.",
    explanation="50,000 pictures at 64 are 781 full batches and one of 16: 782, unless drop_last leaves it out.",
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
    """The number of the epoch that begins; the given part."""
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
    explanation="Seed and epoch decide: with the seed alone a batch would always hold the same pictures.",
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
    name="only the epoch decides, whatever the seed",
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
    name="manual_seed has no say where no seed is given",
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


# --- the batches ---


def _starts(self: Any) -> range:
    n = len(self.dataset)
    count = n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)
    return range(0, count * self.batch_size, self.batch_size)


@misconception(
    "DataLoader.__iter__",
    name="the last batch is dropped if it is not full",
    belief="Batches are full.",
    explanation="Without drop_last the rest is a batch like the others; who drops it loses data without any error.",
    hints=("10 examples at batch_size 4: where are the last two?", "A slice over the end is cut at the end."),
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
    name="the order is drawn anew for each batch",
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
    explanation="order[k] says which example comes k-th: cut runs out of the order, not out of the data.",
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
    name="pictures and labels are shuffled apart",
    belief="Every tensor is shuffled.",
    explanation="Row i of the pictures belongs to row i of the labels: one order for both, or labels are random.",
    hints=("Does a picture still have its own label?", "self.fetch(indices) takes the same rows of both."),
)
def shuffled_apart(self: Any) -> Iterator[Any]:
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
    name="indices come out, not examples",
    belief="A batch is a piece of the order.",
    explanation="The order holds numbers of examples: self.fetch(indices) is the batch.",
    hints=("What is in your first batch?", "yield self.fetch(...)."),
)
def indices_given_out(self: Any) -> Iterator[Any]:
    order = self.order()
    for start in _starts(self):
        yield order[start : start + self.batch_size]


@misconception(
    "DataLoader.__iter__",
    name="examples come out one at a time",
    belief="The loop gives the examples in order.",
    explanation="A batch is batch_size of them at once: ask for a whole run of indices.",
    hints=("What shape has your first batch?", "self.fetch(order[start : start + batch_size])."),
)
def one_at_a_time(self: Any) -> Iterator[Any]:
    for index in self.order().tolist():
        yield self.dataset[index]
