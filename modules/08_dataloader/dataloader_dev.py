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
# A network learns from thousands of examples, a handful at a time, in a different order every time round, each
# picture a little different from last time. This module brings the examples:
#
# ```
#    Dataset            DataLoader                       Trainer (07)
#   ┌─────────┐  order  ┌───────────────────────┐
#   │ 0 1 2 … │ ──────► │ 7 2 9 │ 4 0 5 │ 1 8   │ ─────► for images, labels in loader:
#   └─────────┘         └───────────────────────┘            ...
#   one example          a batch at a time, all of them once: an epoch
# ```
#
# One idea makes it fast: **ask for a whole batch at once.** An index array picks 64 pictures in one NumPy call; a
# Python loop over 64 pictures pays for 64. You will write both roads, since the slow one takes any data set at all.

# %%
#| default_exp core.dataloader

# %%
#| export
import math
import numbers

import numpy as np

from tinytorch.core.tensor import Tensor, default_generator, stack, to_array

# %%
from tinytorch.core.tensor import manual_seed
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. A data set
#
# A data set is whatever answers two questions: *how many examples have you* (`len`) and *give me number i*
# (`dataset[i]`). That is all a loader needs, so your own class with these two methods is a data set too.
#
# The commonest one holds tensors that lie side by side: row i of the pictures belongs to row i of the labels.
#
# ```
#   images   N × 3 × 32 × 32    ▓ ▓ ▓ ▓ ▓ ▓
#   labels   N                  3 0 7 7 1 9
#                                   ▲
#                          dataset[2] is (images[2], labels[2])
# ```
#
# What should `dataset[np.array([5, 0, 2])]` be? NumPy has an answer for arrays, the rows 5, 0 and 2, and it is the
# one we want: a batch. A data set that can do so says `takes_index_arrays = True`.


# %% nbgrader={"grade": false, "grade_id": "tensor-dataset", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Dataset:
    """Examples by number: a subclass defines `__len__()` and `__getitem__(index)`.

    A subclass whose `__getitem__` also takes an array of indices, and then returns a whole batch of tensors, says so
    with `takes_index_arrays = True`: a loader asks it once per batch. The others are asked once per example.
    """

    takes_index_arrays = False


class TensorDataset(Dataset):
    """Tensors side by side: example i is `(tensors[0][i], tensors[1][i], …)`.

    Takes tensors or arrays with equal first axes; raises ValueError where they differ in length. `dataset[indices]`
    with an array of indices is a batch.

    TODO: write `__len__` and `__getitem__`.

    EXAMPLE:
        >>> dataset = TensorDataset(Tensor([[1.0], [2.0], [3.0]]), Tensor([0, 1, 0]))
        >>> dataset[1]
        (Tensor([2.]), Tensor(1))
        >>> dataset[np.array([2, 0])]
        (Tensor([[3.], [1.]]), Tensor([0, 0]))

    HINT: Indexing a tensor works for an integer and for an index array alike, so there is one line for both.
    """

    takes_index_arrays = True

    def __init__(self, *tensors):
        self.tensors = tuple(t if isinstance(t, Tensor) else Tensor(t) for t in tensors)
        shapes = [t.shape for t in self.tensors]
        if not shapes or () in shapes or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"TensorDataset: expected one or more tensors of the same length, got shapes {shapes}")

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

    def entry(x, y, index, which):
        example = TensorDataset(x, y)[index]
        assert isinstance(example, tuple), f"expected a tuple, got {type(example).__name__}"
        return example[which]

    def same(expected, function, *settings):
        x, y = Tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), Tensor([7, 8, 9])
        case = Case(function, x, y, *settings)
        assert_close(case(), expected, case=case)

    with verify("it has as many examples as its tensors have rows"):
        same(3, length)
    with verify("example i takes row i of every tensor"):
        same(Tensor([2.0, 20.0]), entry, 1, 0)
        same(Tensor(8), entry, 1, 1)
    with verify("an array of indices gives a batch, in the order that was asked for"):
        same(Tensor([[3.0, 30.0], [1.0, 10.0]]), entry, np.array([2, 0]), 0)
        same(Tensor([9, 7]), entry, np.array([2, 0]), 1)


# %% [markdown]
# ## 2. Splitting
#
# How well a network does on what it has learned from says little; a part must be kept aside. Which part? Files are
# often sorted by class, so *the last tenth* may hold a single class. Shuffle first, then cut:
#
# ```
#   0 1 2 3 4 5 6 7 8 9  ──shuffle──►  4 9 0 7 2 │ 8 1 │ 6 3 5
#                                      random_split(dataset, [5, 2, 3])
# ```
#
# A part is a `Subset`: the data set and a list of indices, no copy of the pictures. It is given.


# %%
#| export
class Subset(Dataset):
    """The examples of a data set at some indices, in that order."""

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = np.asarray(indices, dtype=np.int64)
        n = len(dataset)
        if self.indices.ndim != 1 or np.any((self.indices < 0) | (self.indices >= n)):
            raise ValueError(f"Subset: indices: expected a list of indices from 0 to {n - 1}, got {indices!r:.80}")

    @property
    def takes_index_arrays(self):
        return getattr(self.dataset, "takes_index_arrays", False)

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        chosen = self.indices[index]
        return self.dataset[int(chosen) if chosen.ndim == 0 else chosen]


def _split_sizes(n, lengths):
    """Whole numbers from `lengths`, which may be fractions of n that sum to 1; what rounding leaves goes to the first."""
    if not all(isinstance(length, numbers.Real) and length >= 0 for length in lengths):
        raise ValueError(f"random_split: lengths: expected numbers >= 0, got {lengths}")
    if any(isinstance(length, float) for length in lengths) and math.isclose(sum(lengths), 1):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        return sizes
    if sum(lengths) != n:
        raise ValueError(
            f"random_split: lengths: expected whole numbers that add up to the {n} examples, or fractions that add "
            f"up to 1, got {lengths}, which add up to {sum(lengths)}"
        )
    return [int(length) for length in lengths]


# %% nbgrader={"grade": false, "grade_id": "random-split", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def random_split(dataset, lengths, generator=None):
    """Split a data set at random into parts that do not overlap, one `Subset` per entry of `lengths`.

    `lengths` are whole numbers that add up to `len(dataset)`, or fractions that add up to 1; raises ValueError
    otherwise. `generator` is a NumPy generator; by default the one that `manual_seed` seeds.

    TODO: shuffle all indices once, then cut them into pieces of the given sizes.

    APPROACH:
    1. `generator.permutation(n)` is every index once, in random order.
    2. Walk through it: the first `sizes[0]` indices are the first part, the next `sizes[1]` the second, …

    EXAMPLE:
        >>> train, validation = random_split(dataset, [0.9, 0.1])

    HINT: `np.split` cuts at given positions. Parts of sizes 3, 2 and 5 are cut at 3 and at 5: `np.cumsum` adds up.
    """
    sizes = _split_sizes(len(dataset), list(lengths))
    generator = default_generator() if generator is None else generator
    ### BEGIN SOLUTION
    order = generator.permutation(len(dataset))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-random-split", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("random_split")
def test_random_split(verify):
    def split(lengths, state, n=100):
        """The examples of each part."""
        parts = random_split(TensorDataset(np.arange(n)), lengths, np.random.default_rng(state))
        return [part[np.arange(len(part))][0].data.tolist() for part in parts]

    def sizes(lengths, state, n=100):
        found = [len(part) for part in split(lengths, state, n)]
        assert len(found) == len(lengths), f"{len(lengths)} lengths gave {len(found)} parts"
        return np.array(found)

    def together(lengths, state):
        return np.array(sorted(sum(split(lengths, state), [])))

    def shuffled(lengths, state):
        first = sorted(split(lengths, state)[0])
        assert first != list(range(len(first))), "the first part holds the first 70 examples: shuffle before cutting"

    def repeated(lengths, state):
        assert split(lengths, state) == split(lengths, state), "the same state of the generator gave another split"

    def same(expected, function, *settings):
        case = Case(function, *settings)
        assert_close(case(), np.array(expected), case=case)

    lengths, state = [70, 20, 10], int(generator().integers(1000))
    with verify("the parts have the sizes that were asked for"):
        same(lengths, sizes, lengths, state)
    with verify("every example is in exactly one part"):
        same(range(100), together, lengths, state)
    with verify("the examples are shuffled before the cut"):
        Case(shuffled, lengths, state)()
    with verify("fractions work, and what rounding leaves over goes to the first parts"):
        same([6, 5], sizes, [0.5, 0.5], state, 11)
    with verify("the same generator state gives the same split"):
        Case(repeated, lengths, state)()


# %% [markdown]
# ## 3. From examples to a batch
#
# A data set that gives one example at a time hands the loader a *list of pairs*; the network wants a *pair of
# tensors*. Turning one into the other is called **collating**:
#
# ```
#   [(image, 3), (image, 0), (image, 7)]   ──►   (images 3 × C × H × W,  labels [3, 0, 7])
# ```
#
# An example may also be a dict, or a tuple in a tuple: collate is then a small recursion.


# %% nbgrader={"grade": false, "grade_id": "collate", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def default_collate(samples):
    """Join a list of examples into one batch: tensors, arrays and numbers are stacked along a new first axis.

    Tuples and dicts are joined entry by entry, strings stay a list. Raises ValueError where shapes differ and
    TypeError for what cannot be stacked.

    TODO: the tuple and the dict; tensors, numbers and strings are given.

    APPROACH:
    1. For a tuple or list, `zip(*samples)` turns a list of pairs into a pair of lists. Collate each; return a tuple.
    2. For a dict, collate the list of all values that stand under the same key; return a dict.

    EXAMPLE:
        >>> default_collate([(Tensor([1.0, 2.0]), 7), (Tensor([3.0, 4.0]), 8)])
        (Tensor([[1., 2.], [3., 4.]]), Tensor([7, 8]))

    HINT: A field may be a tuple again: what joins it is `default_collate` itself. It takes a list; `zip` gives tuples.
    """
    first = samples[0]
    if isinstance(first, str):
        return samples
    if isinstance(first, (numbers.Number, np.generic)):
        return Tensor(np.asarray(samples)) if isinstance(first, np.generic) else Tensor(samples)
    if isinstance(first, (Tensor, np.ndarray)):
        shapes = [np.shape(sample) for sample in samples]
        if len(set(shapes)) > 1:
            odd = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
            raise ValueError(
                f"default_collate: expected examples of one shape, got {shapes[0]} first and {shapes[odd]} at place "
                f"{odd} of the batch; crop or pad them to one size, or pass your own collate_fn"
            )
        return stack([sample if isinstance(sample, Tensor) else Tensor(sample) for sample in samples])
    ### BEGIN SOLUTION
    if isinstance(first, (tuple, list)):
        return tuple(default_collate(list(field)) for field in zip(*samples))
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    ### END SOLUTION
    raise TypeError(f"default_collate: expected tensors, arrays, numbers, tuples or dicts, got {type(first).__name__}")


# %% nbgrader={"grade": true, "grade_id": "test-collate", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("From examples to a batch")
def test_collate(verify):
    def part(samples, kind, *path):
        """What is found in the batch under these indices or keys."""
        batch = default_collate(samples)
        assert type(batch) is kind, f"expected a {kind.__name__}, got {type(batch).__name__}"
        for step in path:
            batch = batch[step]
        return batch

    def same(expected, samples, kind, *path):
        case = Case(part, samples, kind, *path)
        assert_close(case(), Tensor(expected), case=case)

    with verify("a list of pairs becomes a pair of tensors"):
        pairs = [(Tensor([1.0, 2.0]), 7), (Tensor([3.0, 4.0]), 8)]
        same([[1.0, 2.0], [3.0, 4.0]], pairs, tuple, 0)
        same([7, 8], pairs, tuple, 1)
    with verify("dicts keep their keys"):
        dicts = [{"x": np.zeros(2, np.float32), "y": 0}, {"x": np.ones(2, np.float32), "y": 1}]
        same([[0.0, 0.0], [1.0, 1.0]], dicts, dict, "x")
        same([0, 1], dicts, dict, "y")
    with verify("what is nested stays nested"):
        same([2, 5], [((1, 2), 3), ((4, 5), 6)], tuple, 0, 1)


# %% [markdown]
# ## 4. The loader
#
# One pass over the data is an **epoch**. Its order is drawn anew each time: if a batch always held the same pictures,
# their gradients would always be added up together, and the network could learn the batches.
#
# Anew, and yet repeatable: with `seed=0`, epoch 3 has an order of its own, the same one on every run. The generator is
# made from both numbers, `np.random.default_rng([seed, epoch])`. That is also what lets a training run that was
# interrupted after epoch 3 go on *exactly* as if it had not been: nothing but two numbers has to be saved.
#
# How many batches are 50,000 pictures at 64? 50,000 / 64 = 781.25, so 781 full ones and a last one of 16. It is used
# like the others, unless `drop_last=True`. (Who drops it by accident loses data without ever seeing an error.)


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

    TODO: write `__len__` (the number of batches), `order` (the examples' order in the next epoch) and `__iter__`.

    APPROACH:
    1. `__len__`: round n / batch_size down with drop_last, up without.
    2. `order`: 0 … n−1 as they are, or a `permutation(n)` by the generator that the docstring names.
    3. `__iter__`: take the order once, cut it into runs of batch_size, `yield self.fetch(run)` for each.

    EXAMPLE:
        >>> loader = DataLoader(TensorDataset(Tensor([1.0, 2.0, 3.0])), batch_size=2)
        >>> [batch for (batch,) in loader]
        [Tensor([1., 2.]), Tensor([3.])]

    HINT: A slice that reaches over the end of an array is cut at the end: the last batch needs no special case.
    """

    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False, seed=None, collate_fn=None):
        if len(dataset) == 0:
            raise ValueError("DataLoader: dataset: expected at least one example, got an empty data set")
        if not isinstance(batch_size, numbers.Integral) or batch_size < 1:
            raise ValueError(f"DataLoader: batch_size: expected a whole number from 1, got {batch_size!r}")
        if drop_last and batch_size > len(dataset):
            raise ValueError(
                f"DataLoader: batch_size {batch_size} is more than the {len(dataset)} examples, so drop_last=True "
                f"leaves no batch at all; pass drop_last=False or batch_size={len(dataset)}"
            )
        if seed is not None and (not isinstance(seed, numbers.Integral) or seed < 0):
            raise ValueError(f"DataLoader: seed: expected a whole number from 0 or None, got {seed!r}")
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.collate_fn = collate_fn
        self.epoch = 0

    def __len__(self):
        ### BEGIN SOLUTION
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)
        ### END SOLUTION

    def order(self) -> np.ndarray:
        """The indices of all examples in the order of the next epoch; counts `epoch` up."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        ### BEGIN SOLUTION
        n = len(self.dataset)
        if not self.shuffle:
            return np.arange(n)
        generator = default_generator() if self.seed is None else np.random.default_rng([self.seed, epoch])
        return generator.permutation(n)
        ### END SOLUTION

    def __iter__(self):
        ### BEGIN SOLUTION
        order = self.order()
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.fetch(order[start : start + self.batch_size])
        ### END SOLUTION

    def fetch(self, indices: np.ndarray):
        """The batch of the examples at `indices`."""
        if self.collate_fn is None and getattr(self.dataset, "takes_index_arrays", False):
            return self.dataset[indices]
        samples = [self.dataset[index] for index in indices.tolist()]
        return default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)


# %% nbgrader={"grade": true, "grade_id": "test-data-loader", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
@inline_test("DataLoader")
def test_data_loader(verify):
    x = np.arange(10)
    dataset = TensorDataset(Tensor(x), Tensor(x * 100))

    def epoch(loader):
        return [batch[0].data.tolist() for batch in loader]

    def batches(batch_size, expected, **settings):
        got = epoch(DataLoader(dataset, batch_size, seed=1, **settings))
        assert got == expected, f"10 examples at batch_size {batch_size} gave {got}"

    def lengths(n, batch_size):
        loaders = [DataLoader(TensorDataset(np.zeros(n)), batch_size, drop_last=drop) for drop in (False, True)]
        return np.array([len(loader) for loader in loaders])

    def once_each(shuffle):
        """The examples of one epoch, and beside them their labels; after it, how many epochs were begun."""
        loader = DataLoader(dataset, 4, shuffle=shuffle, seed=1)
        data, labels = (np.concatenate(part) for part in zip(*((x.data, y.data) for x, y in loader)))
        assert sorted(data.tolist()) == list(range(10)), f"the examples of one epoch were {data.tolist()}"
        assert (data.tolist() == list(range(10))) != shuffle, f"with shuffle={shuffle} the order is {data.tolist()}"
        assert (labels == data * 100).all(), f"the examples {data.tolist()} came with the labels {labels.tolist()}"
        assert loader.epoch == 1, f"after one epoch loader.epoch is {loader.epoch}: take the order once"

    def epochs(seed):
        loader = DataLoader(dataset, batch_size=10, shuffle=True, seed=seed)
        return [epoch(loader)[0] for _ in range(2)]

    def anew():
        first, second = epochs(1)
        assert first != second, f"two epochs in a row had the same order {first}"

    def repeatable():
        runs = []
        for state in (3, 4):  # of the common generator, which has no say in it
            manual_seed(state)
            runs.append(epochs(1))
        assert runs[0] == runs[1], "seed=1 gave another order the second time"
        assert not any(order in runs[0] for order in epochs(2)), "seed 1 and seed 2 have an order in common"

    def common():
        orders = []
        for _ in range(2):
            manual_seed(3)
            orders.append(epochs(None))
        assert orders[0] == orders[1], "manual_seed(3) before each of two runs should give the same orders twice"

    with verify("without shuffle, batches follow the data, and the last one is what is left"):
        Case(batches, 4, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])()
    with verify("drop_last leaves out the batch that is not full, and only that one"):
        Case(batches, 4, [[0, 1, 2, 3], [4, 5, 6, 7]], drop_last=True)()
        for drop_last in (False, True):
            Case(batches, 5, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], drop_last=drop_last)()
    with verify("len is the number of batches: 782 for 50,000 pictures at 64, 781 of them full"):
        for n, expected in ((50_000, [782, 781]), (128, [2, 2])):
            case = Case(lengths, n, 64)
            assert_close(case(), np.array(expected), case=case)
        *_, (last,) = DataLoader(TensorDataset(np.zeros(50_000)), 64)
        assert len(last) == 16, f"the last batch of 50,000 at 64 has {len(last)} pictures"
    with verify("every example comes exactly once, with its own label, shuffled or not"):
        Case(once_each, True)()
        Case(once_each, False)()
    with verify("each epoch has an order of its own"):
        Case(anew)()
    with verify("the same seed gives the same orders on every run, and another seed others"):
        Case(repeatable)()
    with verify("without a seed, manual_seed decides"):
        Case(common)()
    with verify("a data set that gives one example at a time works too"):

        class Squares(Dataset):
            def __len__(self):
                return 3

            def __getitem__(self, i):
                return i, i * i

        ((numbers_, squares),) = DataLoader(Squares(), batch_size=3)
        assert_close(squares, Tensor([0, 1, 4]))


# %% [markdown]
# ## 5. Transforms, a batch at a time
#
# A picture of a horse, mirrored, is a picture of a horse. Shifted by two pixels too. Showing the network such variants
# multiplies the data for nothing: this is **augmentation**. And pixels from 0 to 1 all lie on one side of zero;
# subtracting each channel's mean and dividing by its standard deviation puts them where initial weights expect them.
#
# Each of ours takes a whole batch `N × C × H × W` and is one or two NumPy calls. The base class is given: it refuses
# what is no batch of pictures, and gives back a tensor where a tensor came in. A transform never writes into its input:
# that may be the data set's own memory, and the next epoch would mirror the mirror.


# %%
#| export
class Transform:
    """Something done to a batch of pictures: a floating array or tensor N × C × H × W in, the same kind out.

    A subclass defines `apply(images)` on arrays, and leaves its input as it was.
    """

    def __call__(self, images):
        array = to_array(images)
        if array.ndim != 4 or array.dtype.kind != "f":
            raise ValueError(
                f"{type(self).__name__}: expected floating pictures N x C x H x W, got {array.dtype} of shape "
                f"{array.shape}; for one picture pass image[None], for bytes divide by 255 first"
            )
        changed = self.apply(array)
        return Tensor(changed) if isinstance(images, Tensor) else changed


class Compose:
    """Several transforms as one, the first one first: `Compose([RandomHorizontalFlip(), Normalize(mean, std)])`."""

    def __init__(self, transforms):
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"Compose: transforms: expected callables, got {transform!r:.80}")

    def __call__(self, images):
        for transform in self.transforms:
            images = transform(images)
        return images


# %% nbgrader={"grade": false, "grade_id": "normalize", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Normalize(Transform):
    """Channel by channel (x − mean) / std.

    `mean` and `std` are one number per channel, or one for all. Raises ValueError for a std that is not positive and
    for pictures with another number of channels.

    TODO: write `apply`. The result has the dtype of the pictures.

    HINT: `mean` has shape (C, 1, 1), so it broadcasts against N × C × H × W. Subtract into a new array, then divide
    in place (`/=`): one new array in place of two.
    """

    def __init__(self, mean, std):
        self.mean, self.std = (np.asarray(value, np.float64).reshape(-1, 1, 1) for value in (mean, std))
        if not np.all(self.std > 0):
            raise ValueError(f"Normalize: std: expected numbers above 0, got {std}")

    def apply(self, images):
        channels = images.shape[1]
        mean, std = self.mean.astype(images.dtype), self.std.astype(images.dtype)
        if not {len(mean), len(std)} <= {1, channels}:
            raise ValueError(
                f"Normalize: expected pictures with {max(len(mean), len(std))} channels, one for each entry of mean "
                f"and std, got {channels} in shape {images.shape}"
            )
        ### BEGIN SOLUTION
        centred = images - mean
        centred /= std
        return centred
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-normalize", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Normalize")
def test_normalize(verify):
    def normalize(images, mean, std):
        return Normalize(mean, std)(images)

    def same(expected, *inputs):
        case = Case(normalize, *inputs)
        assert_close(case(), expected, case=case)

    with verify("each channel has its own mean and std; the pictures that came in are left as they were"):
        images = np.array([[[[1.0, 3.0]], [[10.0, 20.0]]]], np.float32)  # 1 x 2 x 1 x 2
        expected = np.array([[[[-1.0, 1.0]], [[0.0, 2.0]]]], np.float32)
        same(expected, images, np.array([2.0, 10.0]), np.array([1.0, 5.0]))
    with verify("with the data's own mean and std, the result has mean 0 and variance 1"):
        batch = generator().normal(3.0, 2.0, (64, 3, 8, 8))
        normalized = Normalize(batch.mean((0, 2, 3)), batch.std((0, 2, 3)))(batch)
        assert_close(normalized.mean((0, 2, 3)), [0.0, 0.0, 0.0], atol=1e-9)
        assert_close(normalized.var((0, 2, 3)), [1.0, 1.0, 1.0])


# %% nbgrader={"grade": false, "grade_id": "horizontal-flip", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class RandomHorizontalFlip(Transform):
    """Mirror each picture left to right with probability p, each one for itself.

    TODO: write `apply`.

    APPROACH:
    1. Draw one number per picture, `default_generator().random(n)`: those below p are mirrored.
    2. Copy the batch; write the mirrored pictures over the ones that were drawn.

    HINT: A slice with step −1 runs backwards; `...` stands for all axes before it. A boolean array as an index picks
    pictures, to read and to write.
    """

    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p: expected a probability from 0 to 1, got {p}")
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
        """Of pictures mirrored with probability 0.5, which ones are."""
        manual_seed(seed)
        result = RandomHorizontalFlip()(images)
        assert result.shape == images.shape, f"{len(images)} pictures came in, {len(result)} came out"
        mirrored = (result == images[..., ::-1]).all((1, 2, 3))
        unchanged = (result == images).all((1, 2, 3))
        assert (mirrored ^ unchanged).all(), "a picture is neither itself nor its mirror image"
        return mirrored

    def some_of_each(images, seed):
        count = mirrored(images, seed).sum()
        assert 0 < count, "no picture is mirrored; each should be drawn for itself"
        assert count < len(images), "all pictures are mirrored; each should be drawn for itself"

    def repeatable(images, seed):
        again = mirrored(images, seed) == mirrored(images, seed)
        assert again.all(), "manual_seed should decide which pictures are mirrored"

    seed = int(generator().integers(1000))
    with verify("p = 1 mirrors the width, and nothing but the width"):
        case = Case(flip, images[:2], 1.0)
        assert_close(case(), images[:2, :, :, ::-1].copy(), case=case)
    with verify("p = 0 changes nothing"):
        case = Case(flip, images[:2], 0.0)
        assert_close(case(), images[:2], case=case)
    with verify("each picture stays in its place and is either mirrored or not"):
        Case(mirrored, images, seed)()
    with verify("about half of them are mirrored"):  # 200 draws: outside 50 … 150 once in 10^12 runs
        Case(some_of_each, images, seed)()
        count = mirrored(images, seed).sum()
        assert 50 < count < 150, f"{count} of 200 pictures are mirrored"
    with verify("manual_seed decides which ones"):
        Case(repeatable, images, seed)()


# %% [markdown]
# `RandomCrop(32, padding=2)` puts a frame of 2 zeros around each 32 × 32 picture and cuts a 32 × 32 window out of the
# 36 × 36, at one of 5 × 5 places. Twenty-five shifts, no loop? For a single picture it is a slice. For a batch, in
# which every picture has a place of its own, there is a trick: *all* windows of an array exist already, as a view.
#
# ```
#   padded   N × C × 36 × 36
#   windows  N × C × 5 × 5 × 32 × 32     the same memory, read with overlapping strides; nothing is copied
#   result   N × C × 32 × 32             of picture i, the window at place top[i], left[i]
# ```
#
# One place for the whole batch (`per_batch=True`) is a plain slice, which costs almost nothing and helps nearly as
# much: the next batch gets another one.


# %% nbgrader={"grade": false, "grade_id": "random-crop", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class RandomCrop(Transform):
    """Put `padding` zeros around each picture and cut out a window of `size` at a random place.

    size: height and width of the result, an int or a pair. padding: on all four sides, or a pair (top and bottom,
    left and right). per_batch: one random place for the whole batch in place of one for each picture. Raises
    ValueError where the padded picture is smaller than `size`.

    TODO: with `top` and `left` drawn (arrays of n places), cut the windows out of `padded`.

    APPROACH:
    1. `np.lib.stride_tricks.sliding_window_view` over height and width gives the view of all windows, of shape
       N × C × places down × places across × height × width.
    2. One index array for the pictures, and one for each of the two axes of places, pick the n windows at once.

    EXAMPLE:
        >>> RandomCrop(32, padding=4)(np.zeros((8, 3, 32, 32), np.float32)).shape
        (8, 3, 32, 32)

    HINT: Index arrays on separate axes are read together: `a[[0, 1], :, [5, 7]]` is a[0, :, 5] and a[1, :, 7], two rows
    and not four. Axes that are not named come whole, and last.
    """

    def __init__(self, size, padding=0, per_batch=False):
        self.size, self.padding = (
            tuple(value) if isinstance(value, (tuple, list)) else (value, value) for value in (size, padding)
        )
        self.per_batch = per_batch
        if len(self.size) != 2 or min(self.size) < 1:
            raise ValueError(f"RandomCrop: size: expected a whole number from 1 or a pair of them, got {size}")
        if len(self.padding) != 2 or min(self.padding) < 0:
            raise ValueError(f"RandomCrop: padding: expected a whole number from 0 or a pair of them, got {padding}")

    def apply(self, images):
        n = len(images)
        (height, width), (down, across) = self.size, self.padding
        padded = np.pad(images, [(0, 0), (0, 0), (down, down), (across, across)])
        places = padded.shape[2] - height + 1, padded.shape[3] - width + 1
        if min(places) < 1:
            raise ValueError(
                f"RandomCrop: size {self.size} is larger than the padded pictures, {padded.shape[2:]}; "
                f"pass padding={max(height - images.shape[2], width - images.shape[3]) // 2 + 1} or a smaller size"
            )
        if self.per_batch:
            top, left = default_generator().integers(places)
            return padded[:, :, top : top + height, left : left + width]
        top, left = (default_generator().integers(count, size=n) for count in places)
        ### BEGIN SOLUTION
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        return windows[np.arange(n), :, top, left]
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-random-crop", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("RandomCrop")
def test_random_crop(verify):
    def crop(images, size, padding=0):
        return RandomCrop(size, padding)(images)

    def places(images, size, padding, seed, **settings):
        """For every picture, all places at which its window lies in its own padded picture."""
        down, across = padding
        padded = np.pad(images, [(0, 0), (0, 0), (down, down), (across, across)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
        manual_seed(seed)
        result = RandomCrop(size, padding, **settings)(images)
        assert result.shape == (*images.shape[:2], *size), f"expected size {size}, got a result {result.shape}"
        return [
            np.argwhere((windows[i] == result[i, :, None, None]).all((0, 3, 4))).tolist() for i in range(len(images))
        ]

    def all_found(images, size, padding, seed):
        """For every picture: is the result a window of it?"""
        return np.array([found != [] for found in places(images, size, padding, seed)])

    def differ(images, size, padding, seed):
        kinds = {str(found) for found in places(images, size, padding, seed)}
        assert len(kinds) > 1, "all pictures were cut at the same place"

    images = np.arange(1, 1 + 100 * 2 * 4 * 5, dtype=np.float32).reshape(100, 2, 4, 5)
    whole, seed = ((4, 5), (1, 1)), int(generator().integers(1000))
    with verify("a window of the full size is the picture itself"):
        case = Case(crop, images[:2], (4, 5))
        assert_close(case(), images[:2], case=case)
    with verify("each result is a window of its own padded picture, all channels from the same place"):
        for size, padding in (whole, ((2, 5), (0, 2)), ((4, 3), (1, 0))):
            case = Case(all_found, images, size, padding, seed)
            assert_close(case(), np.full(100, True), case=case)
    with verify("each picture has a place of its own, and all nine places occur"):  # one is missed once in 10^24 runs
        Case(differ, images, *whole, seed)()
        drawn = {tuple(found[0]) for again in range(5) for found in places(images, *whole, seed + again)}
        assert len(drawn) == 9, f"500 windows were cut at only {sorted(drawn)}"
    with verify("per_batch cuts all pictures of a batch at one place"):
        found = places(images, *whole, seed, per_batch=True)
        assert found[0] and all(place == found[0] for place in found), "per_batch=True: one place for all"


# %% [markdown]
# ## What you have
#
# Data sets, splits, a loader whose every order can be had again, and augmentation that costs next to nothing.
# A question to take along: validation pictures are not mirrored or shifted. Why not? And must they be normalised?

# %%
report()
