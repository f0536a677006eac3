# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 08: DataLoader
#
# A network learns from thousands of examples: a batch at a time, in a new order every epoch, each image a little
# different every time. This module brings the examples:
#
# ```
#    Dataset            DataLoader                       Trainer (07)
#   ┌─────────┐  order  ┌───────────────────────┐
#   │ 0 1 2 … │ ──────► │ 7 2 9 │ 4 0 5 │ 1 8   │ ─────► for images, labels in loader:
#   └─────────┘         └───────────────────────┘            ...
#   one example          a batch at a time, each example once: an epoch
# ```
#
# One idea makes it fast: **ask for a whole batch at once.** An index array picks 64 images in one NumPy call; a
# Python loop over 64 images pays for 64. You will write both ways, because the slow one takes any data set at all.
# The checks of arguments are given: they stand before a function as `@checked_by(...)`.

# %%
#| default_exp core.dataloader

# %%
#| export
import math

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensors, stack, to_array
from tinytorch.support.arguments import checked_by
from tinytorch.support.dataloader import (
    are_fractions, as_pair, check_channels, check_crop, check_crop_fits, check_data_loader, check_images, check_lengths,
    check_normalize, check_probability, check_subset, check_tensor_dataset, checked_collate, list_of_transforms,
)  # fmt: skip
from tinytorch.support.random import default_generator
from tinytorch.support.tensor import NUMBERS, inferred_array

# %%
from tinytorch.support.random import manual_seed
from tinytorch.testing import Case, expect, generator, inline_test, report

# %% [markdown]
# ## 1. A data set
#
# A data set answers two questions: *how many examples are there* (`len(dataset)`) and *which one is number i*
# (`dataset[i]`). That is all a loader needs, so your own class with these two methods is a data set too.
#
# The most common one holds tensors side by side: row i of the images belongs to row i of the labels.
#
# ```
#   images   N × 3 × 32 × 32    ▓ ▓ ▓ ▓ ▓ ▓
#   labels   N                  3 0 7 7 1 9
#                                   ▲
#                          dataset[2] is (images[2], labels[2])
# ```
#
# What should `dataset[np.array([5, 0, 2])]` be? NumPy's answer for arrays is the rows 5, 0 and 2, and it is the one
# we want: a batch. A data set that can do this has the attribute `takes_index_arrays = True`.


# %% nbgrader={"grade": false, "grade_id": "tensor-dataset", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Dataset:
    """Examples by number: a subclass defines `__len__()` and `__getitem__(index)`.

    A subclass whose `__getitem__` also takes an array of indices, and then returns a whole batch of tensors, has
    `takes_index_arrays = True`: a loader asks it once per batch. The others are asked once per example.
    """

    takes_index_arrays = False


class TensorDataset(Dataset):
    """Tensors side by side: example i is the tuple `(tensors[0][i], tensors[1][i], …)`.

    Takes tensors or arrays with equal first axes; raises ValueError where they differ in length. `dataset[indices]`
    with an array of indices is a batch.

    TODO: keep the tensors in `self.tensors`, a tuple of tensors; then `__len__` and `__getitem__`.

    HINT: Indexing a tensor works for an integer and for an index array alike, so there is one line for both.
    """

    takes_index_arrays = True

    @checked_by(check_tensor_dataset)
    def __init__(self, *tensors):
        ### BEGIN SOLUTION
        self.tensors = tuple(as_tensors(tensors))
        ### END SOLUTION

    def __len__(self):
        ### BEGIN SOLUTION
        return len(self.tensors[0])
        ### END SOLUTION

    def __getitem__(self, index):
        ### BEGIN SOLUTION
        return tuple(tensor[index] for tensor in self.tensors)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-tensor-dataset", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("TensorDataset")
def test_tensor_dataset(verify):
    def length(x, y):
        return len(TensorDataset(x, y))

    def entry(which, index, x, y):
        example = TensorDataset(x, y)[index]
        assert isinstance(example, tuple), f"expected a tuple, got {type(example).__name__}"
        return example[which]

    x, y = Tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), np.array([7, 8, 9])
    with verify("it has as many examples as its tensors have rows"):
        expect(3, length, x, y)
    with verify("example i takes row i of every tensor; arrays are taken as tensors"):
        expect(Tensor([2.0, 20.0]), entry, 0, 1, x, y)
        expect(Tensor(np.array(8)), entry, 1, 1, x, y)
    with verify("an array of indices gives a batch, in the order that was asked for"):
        expect(Tensor([[3.0, 30.0], [1.0, 10.0]]), entry, 0, np.array([2, 0]), x, y)
        expect(Tensor(np.array([9, 7])), entry, 1, np.array([2, 0]), x, y)


# %% [markdown]
# ## 2. Splitting
#
# How well a network does on examples that it was trained on says little, so a part of them is kept aside. Which part?
# Files are often sorted by class, so *the last tenth* may hold a single class. Shuffle first, then split:
#
# ```
#   0 1 2 3 4 5 6 7 8 9  ──shuffle──►  4 9 0 7 2 │ 8 1 │ 6 3 5
#                                      random_split(dataset, [5, 2, 3])
# ```
#
# A part is a `Subset`: the data set and an array of indices, without a copy of the images. A subset of a data set that
# takes index arrays takes them too. Any other data set is asked with a plain Python `int`.


# %% nbgrader={"grade": false, "grade_id": "random-split", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Subset(Dataset):
    """The examples of a data set at some indices, in that order: example i is `dataset[indices[i]]`.

    Raises ValueError for indices that the data set does not have.

    TODO: keep `self.dataset`, and `self.indices` as an array of np.int64; then the three below.

    HINT: `self.indices[index]` is a NumPy integer (`ndim` 0) or an array of indices. `int(...)` makes the first plain.
    `getattr(thing, name, False)` is False where the thing has no such attribute.
    """

    @checked_by(check_subset)
    def __init__(self, dataset, indices):
        ### BEGIN SOLUTION
        self.dataset = dataset
        self.indices = np.asarray(indices, np.int64)
        ### END SOLUTION

    @property
    def takes_index_arrays(self):
        """Whether the data set takes them. One without this attribute does not."""
        ### BEGIN SOLUTION
        return getattr(self.dataset, "takes_index_arrays", False)
        ### END SOLUTION

    def __len__(self):
        ### BEGIN SOLUTION
        return len(self.indices)
        ### END SOLUTION

    def __getitem__(self, index):
        ### BEGIN SOLUTION
        chosen = self.indices[index]
        return self.dataset[int(chosen) if chosen.ndim == 0 else chosen]
        ### END SOLUTION


@checked_by(check_lengths)
def part_sizes(n, lengths):
    """Return how many of n examples each part gets: a list of ints that add up to n.

    `lengths` are these numbers already, or, if `are_fractions(lengths)`, fractions of n, which are rounded down; what
    rounding leaves over goes to the first parts, one each. Raises ValueError for other lengths.

    TODO: the sizes, as ints: [0.5, 0.25, 0.25] of 11 are 5, 2, 2 rounded down, and [6, 3, 2] in the end.

    HINT: `math.floor` rounds down. `n - sum(sizes)` examples are left over, fewer than there are parts.
    """
    ### BEGIN SOLUTION
    if not are_fractions(lengths):
        return [int(length) for length in lengths]
    sizes = [math.floor(n * fraction) for fraction in lengths]
    for i in range(n - sum(sizes)):
        sizes[i] += 1
    return sizes
    ### END SOLUTION


def random_split(dataset, lengths, generator=None):
    """Split a data set at random into parts that do not overlap: a list with one `Subset` per entry of `lengths`.

    `lengths` are as in `part_sizes`. `generator` is a NumPy generator; by default `default_generator()`, the one that
    `manual_seed` seeds.

    TODO: `generator.permutation(n)` is every index once, in random order. Its first `sizes[0]` indices are the first
    part, the next `sizes[1]` the second, …

    HINT: `np.split` splits at given positions. Parts of sizes 3, 2 and 5 are split at 3 and at 5: `np.cumsum` adds up.
    """
    ### BEGIN SOLUTION
    sizes = part_sizes(len(dataset), lengths)
    generator = default_generator() if generator is None else generator
    order = generator.permutation(len(dataset))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-random-split", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Subset and random_split")
def test_random_split(verify):
    class Tens:
        def __len__(self):
            return 10

        def __getitem__(self, index):
            assert type(index) is int, f"the data set should be asked with an int, and was with {type(index).__name__}"
            return 10 * index

    def examples(dataset, indices, *chosen):
        subset = Subset(dataset, indices)
        return np.array([len(subset), *(subset[i] for i in chosen)])

    def batch(dataset, indices, chosen):
        return Subset(dataset, indices)[chosen][0]

    def takes_index_arrays(dataset):
        return Subset(dataset, [0]).takes_index_arrays

    def sizes(n, lengths):
        return np.array(part_sizes(n, lengths))

    def split(lengths, state):
        """The examples of each part of 100."""
        parts = random_split(TensorDataset(np.arange(100)), lengths, state and np.random.default_rng(state))
        return [part[np.arange(len(part))][0].data for part in parts]

    def outline(lengths, state):
        """How many examples each part has, then all examples in order."""
        parts = split(lengths, state)
        return np.array([*map(len, parts), *sorted(np.concatenate(parts))])

    def shuffled(lengths, state):
        assert split(lengths, state)[0].max() >= 70, "the first part is the first 70 examples: shuffle before splitting"

    def draw(seed, lengths, state):
        manual_seed(seed)
        return np.concatenate(split(lengths, state))

    tens, rows = Tens(), TensorDataset(np.arange(10))
    lengths, state = [70, 20, 10], int(generator().integers(1, 1000))
    with verify("a subset has an example for each index; its data set is asked with plain ints"):
        expect(np.array([3, 90, 70]), examples, tens, [7, 2, 9], 2, 0)
        expect(np.array([1, 20]), examples, Subset(tens, [7, 2, 9]), [1], 0)
    with verify("a subset takes index arrays where its data set does"):
        expect(Tensor(np.array([9, 7])), batch, rows, [7, 2, 9], np.array([2, 0]))
        for dataset, expected in ((rows, True), (tens, False), (Subset(tens, [0]), False)):
            expect(expected, takes_index_arrays, dataset)
    with verify("fractions become sizes, and what rounding leaves over goes to the first parts"):
        for n, parts, expected in ((11, [0.5, 0.25, 0.25], [6, 3, 2]), (10, [0.5, 0.5], [5, 5]), (10, [7, 3], [7, 3])):
            expect(np.array(expected), sizes, n, parts)
    with verify("the parts of a split have the sizes that were asked for, and every example is in exactly one"):
        for given in (lengths, [0.7, 0.2, 0.1]):
            expect(np.array([70, 20, 10, *range(100)]), outline, given, state)
    with verify("the examples are shuffled before they are split, by the given generator or as manual_seed says"):
        Case(shuffled, lengths, state)()
        expect(draw(1, lengths, state), draw, 2, lengths, state)
        expect(draw(1, lengths, None), draw, 1, lengths, None)


# %% [markdown]
# ## 3. From examples to a batch
#
# A data set that gives one example at a time gives the loader a *list of pairs*; the network needs a *pair of
# tensors*. Turning one into the other is called **collating**:
#
# ```
#   [(image, 3), (image, 0), (image, 7)]   ──►   (images 3 × C × H × W,  labels [3, 0, 7])
# ```
# An example may also be a dict, or a tuple in a tuple: collate is then a small recursion.


# %% nbgrader={"grade": false, "grade_id": "collate", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_collate  # refuses examples that do not fit together; named tuples stay named
def default_collate(samples):
    """Join a list of examples, all of one kind, into one batch.

    - tensors, arrays and numbers: one tensor, stacked along a new first axis, in their dtype: Python's floats are
      float32, its integers int64, as labels must be, its truth values bool;
    - strings: the list itself;
    - tuples or lists: a tuple with a batch for each entry;
    - dicts: a dict with a batch for each key.

    Raises ValueError where shapes, numbers of entries or keys differ, and TypeError for other examples.

    TODO: the four kinds. For example, [(image, 3), (image, 0)] gives (images, labels).

    HINT: `isinstance(samples[0], (Tensor, np.ndarray, *NUMBERS))` recognises what can be stacked.
    `inferred_array(example)` is an array of the right dtype.

    HINT: `zip(*samples)` turns a list of pairs into two tuples: all first entries, all second entries. An entry may be a
    tuple again: what joins it is `default_collate` itself, which takes a list.
    """
    ### BEGIN SOLUTION
    first = samples[0]
    if isinstance(first, (Tensor, np.ndarray, *NUMBERS)):
        return stack([x if isinstance(x, Tensor) else Tensor(inferred_array(x)) for x in samples])
    if isinstance(first, (tuple, list)):
        return tuple(default_collate(list(entries)) for entries in zip(*samples))
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    return samples
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-collate", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("From examples to a batch")
def test_collate(verify):
    def part(samples, kind, *path):
        """What is found in the batch under these indices or keys."""
        batch = default_collate(samples)
        assert type(batch) is kind, f"expected a {kind.__name__}, got {type(batch).__name__}"
        for step in path:
            batch = batch[step]
        return batch

    with verify("tensors, arrays and numbers are stacked, in their dtype"):
        expect(Tensor([1.5, 2.0]), default_collate, [1.5, 2.0])
        expect(Tensor([[1.0, 2.0], [3.0, 4.0]]), default_collate, [Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        for samples in ([1, 2], [True, False], [np.ones(2)] * 2):
            expect(Tensor(np.array(samples)), default_collate, samples)
    with verify("a list of pairs becomes a pair of tensors"):
        for pairs in ([(Tensor([1.0, 2.0]), 7), (Tensor([3.0, 4.0]), 8)], [[np.ones(2), 7], [np.zeros(2), 8]]):
            expect(Tensor(np.stack([pairs[0][0], pairs[1][0]])), part, pairs, tuple, 0)
            expect(Tensor(np.array([7, 8])), part, pairs, tuple, 1)
    with verify("dicts keep their keys, and strings stay a list"):
        dicts = [{"x": np.zeros(2, np.float32), "y": "cat"}, {"x": np.ones(2, np.float32), "y": "dog"}]
        expect(Tensor([[0.0, 0.0], [1.0, 1.0]]), part, dicts, dict, "x")
        assert part(dicts, dict, "y") == ["cat", "dog"], f"expected ['cat', 'dog'], got {part(dicts, dict, 'y')}"
        names = part([("cat", 0), ("dog", 1)], tuple, 0)
        assert names == ["cat", "dog"], f"expected the list ['cat', 'dog'], got {names}"
    with verify("what is nested stays nested"):
        expect(Tensor(np.array([2, 5])), part, [((1, 2), 3), ((4, 5), 6)], tuple, 0, 1)
        expect(Tensor(np.array([2, 5])), part, [{"a": (1, 2)}, {"a": (4, 5)}], dict, "a", 1)


# %% [markdown]
# ## 4. The loader
#
# One pass over the data is an **epoch**. Each has an order of its own: if a batch always held the same images, their
# gradients would always be added up together, and the network could learn the batches. The orders are repeatable all
# the same: with `seed=0`, epoch 3 has the same order on every run. The generator is made from both numbers,
# `np.random.default_rng([seed, epoch])`. So a training run that was interrupted after epoch 3 can go on *exactly* as if
# it had not been: only two numbers have to be saved.
#
# How many batches are 50,000 images at 64? 50,000 / 64 = 781.25, so 781 full ones and a last one of 16. It is used
# like the others, unless `drop_last=True`. (Dropping it by accident loses data without any error.)


# %% nbgrader={"grade": false, "grade_id": "data-loader", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class DataLoader:
    """Batches of a data set: `for images, labels in loader:` is one epoch, in which every example comes once.

    shuffle: draw a new order for each epoch, from `seed` if one is given (then the same orders on every run), else
        from the generator that `manual_seed` seeds.
    drop_last: leave out the last batch if it is not full.
    collate_fn: makes a batch from a list of examples; by default `default_collate`. With a data set that takes index
        arrays, and no collate_fn, the data set makes the batch itself.

    `epoch` counts the epochs begun. Raises ValueError for an empty data set, a batch_size below 1, and where
    drop_last would leave no batch at all.

    TODO: write the four methods below `__init__`.

    HINT: `__len__`: n / batch_size is rounded down with drop_last, up without (`math.ceil`). `__iter__`: take the order
    once. A slice that reaches over the end of an array ends at the end, so the last batch needs no special case.
    """

    @checked_by(check_data_loader)
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False, seed=None, collate_fn=None):
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, int(batch_size), shuffle, drop_last
        self.seed, self.collate_fn = seed, collate_fn
        self.epoch = 0

    def __len__(self):
        """Return the number of batches."""
        ### BEGIN SOLUTION
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)
        ### END SOLUTION

    def order(self) -> np.ndarray:
        """Return the indices of all examples in the order of epoch `self.epoch`, and count `self.epoch` up by one.

        Without shuffle these are 0 … n−1. With it, a `permutation(n)` by the generator of seed and epoch; if there is
        no seed, by `default_generator()`.
        """
        ### BEGIN SOLUTION
        epoch, n = self.epoch, len(self.dataset)
        self.epoch += 1
        if not self.shuffle:
            return np.arange(n)
        generator = default_generator() if self.seed is None else np.random.default_rng([self.seed, epoch])
        return generator.permutation(n)
        ### END SOLUTION

    def fetch(self, indices: np.ndarray):
        """Return the batch of the examples at `indices`.

        A data set that takes index arrays makes it itself, unless there is a collate_fn. Any other is asked for each
        example with a plain `int`, and `collate_fn` or `default_collate` joins the list of examples.
        """
        ### BEGIN SOLUTION
        if self.collate_fn is None and getattr(self.dataset, "takes_index_arrays", False):
            return self.dataset[indices]
        samples = [self.dataset[index] for index in indices.tolist()]
        return default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)
        ### END SOLUTION

    def __iter__(self):
        """Yield the batches of one epoch: split its order into runs of batch_size, and `fetch` each."""
        ### BEGIN SOLUTION
        order = self.order()
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.fetch(order[start : start + self.batch_size])
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-data-loader", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
@inline_test("DataLoader")
def test_data_loader(verify):
    x = np.arange(10)
    dataset = TensorDataset(Tensor(x), Tensor(x * 100))

    class Asked:
        def __init__(self, takes_index_arrays):
            self.takes_index_arrays, self.asked = takes_index_arrays, []

        def __len__(self):
            return 4

        def __getitem__(self, index):
            self.asked.append(type(index).__name__)
            return index, index * index

    def fetch(takes_index_arrays, collate_fn=None):
        data = Asked(takes_index_arrays)
        batch = DataLoader(data, collate_fn=collate_fn).fetch(np.array([3, 1]))
        wanted = ["ndarray"] if takes_index_arrays and collate_fn is None else ["int", "int"]
        assert data.asked == wanted, f"the data set should be asked with {wanted}; it was asked with {data.asked}"
        return batch[1]

    def epoch(loader):
        return [batch[0].data.tolist() for batch in loader]

    def batches(batch_size, expected, **settings):
        got = epoch(DataLoader(dataset, batch_size, seed=1, **settings))
        assert got == expected, f"10 examples at batch_size {batch_size} gave {got}"

    def lengths(n, batch_size):
        return np.array([len(DataLoader(range(n), batch_size, drop_last=drop_last)) for drop_last in (False, True)])

    def once_each(shuffle):
        loader = DataLoader(dataset, 4, shuffle=shuffle, seed=1)
        data, labels = (np.concatenate(part) for part in zip(*((x.data, y.data) for x, y in loader)))
        assert sorted(data.tolist()) == list(range(10)), f"the examples of one epoch were {data.tolist()}"
        assert (data.tolist() == list(range(10))) != shuffle, f"with shuffle={shuffle} the order is {data.tolist()}"
        assert (labels == data * 100).all(), f"the examples {data.tolist()} came with the labels {labels.tolist()}"
        assert loader.epoch == 1, f"after one epoch loader.epoch is {loader.epoch}: take the order once"

    def two_orders(seed, state=0, first_epoch=0):
        manual_seed(state)
        loader = DataLoader(dataset, batch_size=10, shuffle=True, seed=seed)
        loader.epoch = first_epoch
        return epoch(loader) + epoch(loader)

    def orders():
        first, second = two_orders(1, state=3)
        drawn = np.random.default_rng([1, 0]).permutation(10).tolist()
        assert first == drawn, f"epoch 0 of seed 1 has the order {drawn}, by default_rng([1, 0]); it was {first}"
        assert first != second, f"two epochs in a row had the same order {first}"
        assert two_orders(1, state=4) == [first, second], "seed=1 gave other orders the second time"
        assert two_orders(1, first_epoch=1)[0] == second, "after loader.epoch = 1 the order should be that of epoch 1"
        assert not any(order in two_orders(2) for order in (first, second)), "seeds 1 and 2 have an order in common"
        assert two_orders(None, state=3) == two_orders(None, state=3), "manual_seed(3) should repeat the orders"

    with verify("without shuffle, batches follow the data; drop_last leaves out a last one that is not full"):
        Case(batches, 4, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])()
        Case(batches, 4, [[0, 1, 2, 3], [4, 5, 6, 7]], drop_last=True)()
        for drop_last in (False, True):
            Case(batches, 5, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], drop_last=drop_last)()
    with verify("len is the number of batches: 782 for 50,000 images at 64, 781 of them full"):
        for n, expected in ((50_000, [782, 781]), (128, [2, 2])):
            expect(np.array(expected), lengths, n, 64)
    with verify("every example comes exactly once, with its own label, shuffled or not"):
        Case(once_each, True)()
        Case(once_each, False)()
    with verify("each epoch has a new order; the seed repeats them on every run, and without one manual_seed does"):
        Case(orders)()
    with verify("a data set is asked once per batch if it takes index arrays, and once per example otherwise"):
        for takes_index_arrays in (False, True):
            expect(np.array([9, 1]), fetch, takes_index_arrays)
    with verify("a collate_fn gets the list of examples, of any data set"):
        for takes_index_arrays in (False, True):
            expect(np.array([1, 1]), fetch, takes_index_arrays, np.array)


# %% [markdown]
# ## 5. Transforms, a batch at a time
#
# A mirrored image of a horse is an image of a horse. So is one that is shifted by two pixels. Showing the network such
# variants is **augmentation**: more data at no cost. And pixels from 0 to 1 all lie on one side of zero; subtracting
# each channel's mean and dividing by its standard deviation puts them where initial weights expect them.
#
# Each transform takes a whole batch `N × C × H × W` and is a few NumPy calls. It never writes into its input: that may
# be the data set's own memory, and the next epoch would mirror the mirrored images.


# %% nbgrader={"grade": false, "grade_id": "normalize", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Transform:
    """A change of a batch of images: a floating array or tensor N × C × H × W in, the same kind out.

    A subclass defines `apply(images)` on arrays, and leaves its input as it was. Raises ValueError for what is not a
    batch of images.

    TODO: `__call__`: apply it to the array in `images`; a tensor comes out where a tensor came in.
    """

    @checked_by(check_images)
    def __call__(self, images):
        ### BEGIN SOLUTION
        changed = self.apply(to_array(images))
        return Tensor(changed) if isinstance(images, Tensor) else changed
        ### END SOLUTION


class Compose:
    """Several transforms as one, the first one first: `Compose([RandomHorizontalFlip(), Normalize(mean, std)])`.

    TODO: `__call__`: hand the images from one transform to the next.
    """

    def __init__(self, transforms):
        self.transforms = list_of_transforms(transforms)

    def __call__(self, images):
        ### BEGIN SOLUTION
        for transform in self.transforms:
            images = transform(images)
        return images
        ### END SOLUTION


class Normalize(Transform):
    """Channel by channel (x − mean) / std.

    `mean` and `std` are one number per channel, or one for all. Raises ValueError for a std that is not positive and
    for images with another number of channels.

    TODO: `__init__` keeps `self.mean` and `self.std` as float64 arrays of shape (C, 1, 1), C being 1 for one number,
    which broadcast against N × C × H × W. `apply` gives a result in the dtype of the images.

    HINT: `reshape(-1, 1, 1)` finds C. In `apply`, give both the images' dtype first (`astype`), or the result is float64.
    """

    @checked_by(check_normalize)
    def __init__(self, mean, std):
        ### BEGIN SOLUTION
        self.mean = np.asarray(mean, np.float64).reshape(-1, 1, 1)
        self.std = np.asarray(std, np.float64).reshape(-1, 1, 1)
        ### END SOLUTION

    @checked_by(check_channels)
    def apply(self, images):
        ### BEGIN SOLUTION
        centred = images - self.mean.astype(images.dtype)
        centred /= self.std.astype(images.dtype)  # in place: one new array, not two
        return centred
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-normalize", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Transforms")
def test_normalize(verify):
    class Add(Transform):
        def __init__(self, number):
            self.number = number

        def apply(self, images):
            assert isinstance(images, np.ndarray), f"apply takes an array, and got {type(images).__name__}"
            return images + self.number

    def add(images):
        return Add(1.0)(images)

    def compose(images):
        return Compose([Add(1.0), lambda images: images * 2, Add(3.0)])(images)

    def normalize(images, mean, std):
        return Normalize(mean, std)(images)

    images = np.array([[[[1.0, 3.0]], [[10.0, 20.0]]]], np.float32)  # 1 x 2 x 1 x 2
    with verify("an array comes out where an array came in, and a tensor where a tensor came in"):
        expect(Tensor(images + 1), add, Tensor(images))
        expect(images + 1, add, images)
        assert isinstance(add(images), np.ndarray), "an array came in, and no array came out"
    with verify("Compose applies every transform, the first one first"):
        expect(images * 2 + 5, compose, images)
    with verify("each channel has its own mean and std, or all the same; the images that came in stay as they were"):
        expected = np.array([[[[-1.0, 1.0]], [[0.0, 2.0]]]], np.float32)
        expect(expected, normalize, images, np.array([2.0, 10.0]), np.array([1.0, 5.0]))
        expect((images - 1) / 2, normalize, images, 1.0, 2.0)
    with verify("images of float64 are normalised in float64"):
        wide = images.astype(np.float64)
        expect((wide - 0.1) / 0.3, normalize, wide, 0.1, 0.3)


# %% nbgrader={"grade": false, "grade_id": "horizontal-flip", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class RandomHorizontalFlip(Transform):
    """Mirror each image left to right with probability p, independently of the others.

    TODO: `apply`: draw one number per image, `default_generator().random(n)`: those below p are mirrored. Copy the
    batch, and write the mirrored images over the ones that were drawn.

    HINT: A slice with step −1 runs backwards; `...` stands for all axes before it. A boolean array as an index picks
    images, to read and to write.
    """

    @checked_by(check_probability)
    def __init__(self, p=0.5):
        self.p = p

    def apply(self, images):
        ### BEGIN SOLUTION
        flip = default_generator().random(len(images)) < self.p
        flipped = images.copy()
        flipped[flip] = images[flip][..., ::-1]
        return flipped
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-horizontal-flip", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("RandomHorizontalFlip")
def test_horizontal_flip(verify):
    images = generator().normal(size=(200, 2, 3, 4)).astype(np.float32)

    def flip(images, p):
        return RandomHorizontalFlip(p)(images)

    def mirrored(images, seed):
        manual_seed(seed)
        result = RandomHorizontalFlip()(images)
        assert result.shape == images.shape, f"{len(images)} images came in, {len(result)} came out"
        mirrored, unchanged = ((result == wanted).all((1, 2, 3)) for wanted in (images[..., ::-1], images))
        assert (mirrored ^ unchanged).all(), "an image is neither itself nor its mirror image"
        assert 50 < mirrored.sum() < 150, f"{mirrored.sum()} of 200 images are mirrored; draw each independently"
        return mirrored

    seed = int(generator().integers(1000))
    with verify("p = 1 mirrors the width, and nothing but the width; p = 0 changes nothing"):
        expect(images[:2, :, :, ::-1].copy(), flip, images[:2], 1.0)
        expect(images[:2], flip, images[:2], 0.0)
    with verify("images stay in their places, about half of them mirrored"):  # outside 50 … 150 once in 10^12 runs
        Case(mirrored, images, seed)()
    with verify("manual_seed decides which of them are"):
        expect(mirrored(images, seed), mirrored, images, seed)


# %% [markdown]
# `RandomCrop(32, padding=2)` puts a border of 2 zeros around each 32 × 32 image and takes a 32 × 32 window out of the
# 36 × 36, at one of 5 × 5 places. For a single image that is a slice. For a batch, in which every image has a place of
# its own, a view helps: *all* windows of an array exist already in its memory.
#
# ```
#   padded   N × C × 36 × 36
#   windows  N × C × 5 × 5 × 32 × 32     the same memory, read with overlapping strides; nothing is copied
#   result   N × C × 32 × 32             of image i, the window at place top[i], left[i]
# ```
#
# One place for the whole batch (`per_batch=True`) is a plain slice, which costs almost nothing and helps nearly as
# much: the next batch gets another one.


# %% nbgrader={"grade": false, "grade_id": "random-crop", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class RandomCrop(Transform):
    """Put `padding` zeros around each image and take out a window of `size` at a random place.

    size: height and width of the result, an int or a pair. padding: on all four sides, or a pair (top and bottom,
    left and right). per_batch: one random place for the whole batch instead of one for each image. Raises
    ValueError where the padded image is smaller than `size`.

    TODO: write `apply`; `self.size` and `self.padding` are pairs:
    1. Pad height and width of the batch (`np.pad`). Along each of both axes there are `padded − size + 1` places.
    2. Draw with `default_generator().integers`, every place equally likely: one per axis with per_batch, else n.
    3. per_batch: one slice. Else `np.lib.stride_tricks.sliding_window_view` over height and width gives the view of all
       windows, and index arrays pick one for each image.

    HINT: Index arrays on separate axes are read together: `a[[0, 1], :, [5, 7]]` is a[0, :, 5] and a[1, :, 7], two rows
    and not four. Axes that are not named come whole, and last.
    """

    @checked_by(check_crop)
    def __init__(self, size, padding=0, per_batch=False):
        self.size, self.padding, self.per_batch = as_pair(size), as_pair(padding), per_batch

    @checked_by(check_crop_fits)
    def apply(self, images):
        ### BEGIN SOLUTION
        (height, width), (down, across) = self.size, self.padding
        padded = np.pad(images, [(0, 0), (0, 0), (down, down), (across, across)])
        places = padded.shape[2] - height + 1, padded.shape[3] - width + 1
        if self.per_batch:
            top, left = default_generator().integers(places)
            return padded[:, :, top : top + height, left : left + width]
        top, left = (default_generator().integers(count, size=len(images)) for count in places)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        return windows[np.arange(len(images)), :, top, left]
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-random-crop", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("RandomCrop")
def test_random_crop(verify):
    def places(images, size, padding, seed, per_batch):
        """For every image, the place at which its window lies in its own padded image; () where there is none."""
        padded = np.pad(images, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
        manual_seed(seed)
        result = RandomCrop(size, padding, per_batch)(images)
        assert result.shape == (*images.shape[:2], *size), f"expected size {size}, got a result {result.shape}"
        is_here = (windows == result[:, :, None, None]).all((1, 4, 5))
        return [tuple(np.argwhere(found)[0].tolist()) if found.any() else () for found in is_here]

    def windows(images, size, padding, seed, per_batch):
        found = places(images, size, padding, seed, per_batch)
        assert () not in found, f"{found.count(())} of {len(found)} results are no window of their own padded image"
        assert not per_batch or len(set(found)) == 1, "per_batch=True: expected one place for all images"
        assert found == places(images, size, padding, seed, per_batch), "manual_seed should decide about the places"

    def all_places(images, seeds, per_batch):
        found = {place for seed in seeds for place in places(images, (4, 5), (1, 1), seed, per_batch)}
        return np.array(sorted(found))

    images = np.arange(1, 1 + 100 * 2 * 4 * 5, dtype=np.float32).reshape(100, 2, 4, 5)
    seed, nine = int(generator().integers(1000)), np.array([(top, left) for top in range(3) for left in range(3)])
    with verify("each result is a window of its own padded image, all channels from the same place"):
        for size, padding in (((4, 5), (0, 0)), ((4, 5), (1, 1)), ((2, 5), (0, 2)), ((4, 3), (1, 0))):
            for per_batch in (False, True):
                Case(windows, images, size, padding, seed, per_batch)()
    with verify("every place occurs"):  # in 500 or 300 draws one of nine is missed once in 10^14 runs
        expect(nine, all_places, images, range(seed, seed + 5), False)
        expect(nine, all_places, images[:1], range(seed, seed + 300), True)


# %% [markdown]
# ## What you have
#
# Data sets, splits, a loader whose every order can be repeated, and augmentation that costs next to nothing.
# A question to take along: validation images are not mirrored or shifted. Why not? And must they be normalised?

# %%
report()
