"""Data sets and splits."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.dataloader import are_fractions
from tinytorch.support.random import manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.text import is_tensor

Array = np.ndarray


def attempt(function: Callable[..., Any], *inputs: Any, **settings: Any) -> list[Any]:
    """What the call returns, comparable entry by entry, or the type of its error: its text is the student's own."""
    try:
        return flat(function(*inputs, **settings))
    except Exception as error:
        return [type(error).__name__]


def flat(value: Any) -> list[Any]:
    """What a batch is made of, with the kind of everything that holds something: comparable entry by entry."""
    if is_tensor(value):
        return ["tensor", str(value.dtype), value.data]
    if isinstance(value, dict):
        return ["dict", *(part for key in sorted(value) for part in (key, *flat(value[key])))]
    if isinstance(value, (tuple, list)):
        return [type(value).__name__, *(part for entry in value for part in flat(entry))]
    return [value]


class Plain:
    """A data set that must be asked with plain ints."""

    takes_index_arrays = False

    def __init__(self, numbers: Array) -> None:
        self.numbers = numbers.tolist()

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Any:
        if type(index) is not int:
            raise TypeError(f"expected an int, got {type(index).__name__}")
        return self.numbers[index]


# --- TensorDataset ---


def _data_sets(generator: np.random.Generator, home: types.ModuleType) -> Case:
    n = int(generator.integers(4, 8))
    index = int(generator.integers(1, 3))

    def asked(x: Array, y: Array, z: Array) -> list[Any]:
        dataset = home.TensorDataset(home.Tensor(x), y, home.Tensor(z))
        single, several = attempt(lambda: dataset[index]), attempt(lambda: dataset[np.array([2, 0, index])])
        return [*attempt(lambda: len(dataset)), *single, *several]

    inputs = (generator.standard_normal((n, 3)), generator.integers(0, 9, n), generator.standard_normal((n, 2, 2)))
    return Case(asked, *inputs)


for _method in ("__init__", "__len__", "__getitem__"):
    draws(f"TensorDataset.{_method}")(_data_sets)


@misconception(
    "TensorDataset.__init__",
    name="arrays stay arrays",
    belief="An array is as good as a tensor.",
    explanation="A network takes tensors: self.tensors holds a tensor for each array.",
    hints=("What is type(dataset[1][0]) where an array came in?", "tuple(as_tensors(tensors))."),
)
def arrays_stay(self: Any, *tensors: Any) -> None:
    self.tensors = tensors


@misconception(
    "TensorDataset.__init__",
    name="only the first tensor is kept",
    belief="The data are the images.",
    explanation="The labels belong to a data set as well: all tensors are kept.",
    hints=("How many entries has dataset[1]?", "tensors is already a tuple of all of them."),
)
def only_first_kept(self: Any, *tensors: Any) -> None:
    self.tensors = tuple(called_from().as_tensors(tensors[:1]))


@misconception(
    "TensorDataset.__len__",
    name="the tensors are counted, not their rows",
    belief="len(self.tensors) is how much there is.",
    explanation="self.tensors is the pair (images, labels): its length is 2. An example is a row of both.",
    hints=("Three images and three labels: how many examples?", "len(self.tensors[0])."),
)
def tensors_counted(self: Any) -> int:
    return len(self.tensors)


@misconception(
    "TensorDataset.__len__",
    name="all numbers are counted",
    belief="The size of the first tensor is the number of examples.",
    explanation="An example is a row, and may have many numbers: the first axis counts.",
    hints=("A tensor 3 x 2 has how many rows?", "len(tensor), or tensor.shape[0]."),
)
def numbers_counted(self: Any) -> int:
    return int(self.tensors[0].data.size)


@misconception(
    "TensorDataset.__getitem__",
    name="the index picks a tensor, not a row of each",
    belief="self.tensors[index] is example number index.",
    explanation="self.tensors is (images, labels), so entry 0 of it is all images. Index each tensor by itself.",
    hints=("What is self.tensors[1]?", "tuple(tensor[index] for tensor in self.tensors)."),
)
def tensor_picked(self: Any, index: Any) -> Any:
    return self.tensors[index]


@misconception(
    "TensorDataset.__getitem__",
    name="only the first tensor is asked",
    belief="An example is an image.",
    explanation="An example is a row of *every* tensor: the image and its label.",
    hints=("How many entries has dataset[1]?", "tuple(tensor[index] for tensor in self.tensors)."),
)
def first_tensor_only(self: Any, index: Any) -> Any:
    return (self.tensors[0][index],)


@misconception(
    "TensorDataset.__getitem__",
    name="only the first tensor is indexed, and the others come whole",
    belief="The labels are the same for all.",
    explanation="Row i of the images belongs to row i of the labels: both are indexed.",
    hints=("What shape has the label of dataset[1]?", "tuple(tensor[index] for tensor in self.tensors)."),
)
def others_whole(self: Any, index: Any) -> Any:
    return (self.tensors[0][index], *self.tensors[1:])


@misconception(
    "TensorDataset.__getitem__",
    name="an axis of length 1 is left over",
    belief="tensor[i : i + 1] is row i.",
    explanation="A slice keeps the axis, and takes no index arrays; tensor[index] takes both and drops the axis.",
    hints=("What shape has dataset[1][0]?", "tensor[index]."),
)
def sliced(self: Any, index: Any) -> Any:
    return tuple(tensor[index : index + 1] for tensor in self.tensors)


@misconception(
    "TensorDataset.__getitem__",
    name="a list is returned, not a tuple",
    belief="Several things are a list.",
    explanation="As in torch an example is a tuple: of fixed length, each place with its meaning.",
    hints=("What is type(dataset[1])?", "tuple(...)."),
)
def list_of_rows(self: Any, index: Any) -> Any:
    return [tensor[index] for tensor in self.tensors]


# --- Subset ---


def _subsets(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def asked(numbers: Array, indices: Array) -> list[Any]:
        found: list[Any] = []
        for dataset in (numbers.tolist(), Plain(numbers), home.TensorDataset(numbers)):
            subset = home.Subset(dataset, indices.tolist())
            found += attempt(lambda subset=subset: len(subset))
            found += attempt(lambda subset=subset: subset.takes_index_arrays)
            for index in (0, 1, -1, np.array([1, 0])):
                found += attempt(lambda subset=subset, index=index: subset[index])
        return found

    return Case(asked, generator.permutation(9) * 10, generator.permutation(9)[:3])


for _method in ("__init__", "takes_index_arrays", "__len__", "__getitem__"):
    draws(f"Subset.{_method}")(_subsets)


@misconception(
    "Subset.__init__",
    name="the indices stay a list",
    belief="A list can be indexed as well.",
    explanation="Only an array can be indexed with an array: self.indices[np.array([2, 0])].",
    hints=("What is type(self.indices)?", "np.asarray(indices, np.int64)."),
)
def indices_stay_a_list(self: Any, dataset: Any, indices: Any) -> None:
    self.dataset, self.indices = dataset, indices


@misconception(
    "Subset.__init__",
    name="the indices are sorted",
    belief="A part has the order of the whole.",
    explanation="The order of the indices is that of the subset: example 0 is the one at indices[0].",
    hints=("Which example is first in Subset(dataset, [7, 2])? Number 7.", "Keep the indices as they come."),
)
def indices_sorted(self: Any, dataset: Any, indices: Any) -> None:
    self.dataset, self.indices = dataset, np.sort(np.asarray(indices, np.int64))


@misconception(
    "Subset.__len__",
    name="the examples of the whole data set are counted",
    belief="A subset is as long as its data set.",
    explanation="It has one example for each index.",
    hints=("How many examples has Subset(dataset, [7, 2, 9])?", "len(self.indices)."),
)
def whole_counted(self: Any) -> int:
    return len(self.dataset)


@misconception(
    "Subset.takes_index_arrays",
    name="every subset is said to take index arrays",
    belief="self.indices is an array, so a subset takes arrays.",
    explanation="The indices are passed on: it is the data set that must take an array of them.",
    hints=("Can a list be indexed with an array?", 'getattr(self.dataset, "takes_index_arrays", False).'),
)
def always_taken(self: Any) -> bool:
    return True


@misconception(
    "Subset.takes_index_arrays",
    name="no subset is said to take index arrays",
    belief="False is the default.",
    explanation="A subset of a TensorDataset does; otherwise a loader asks it for every example by itself.",
    hints=(
        "How often is a Subset of a TensorDataset asked per batch?",
        'getattr(self.dataset, "takes_index_arrays", False).',
    ),
)
def never_taken(self: Any) -> bool:
    return False


@misconception(
    "Subset.takes_index_arrays",
    name="every data set is expected to have the attribute",
    belief="All data sets inherit from Dataset.",
    explanation="Any class with __len__ and __getitem__ is a data set, a list is one: it has no such attribute.",
    hints=("What is [].takes_index_arrays?", 'getattr(self.dataset, "takes_index_arrays", False).'),
)
def attribute_expected(self: Any) -> Any:
    return self.dataset.takes_index_arrays


@misconception(
    "Subset.takes_index_arrays",
    name="the attribute counts, not its value",
    belief="A data set that has the attribute takes index arrays.",
    explanation="Every Dataset has it, and it may be False: its value is what counts.",
    hints=("What is Dataset.takes_index_arrays?", "getattr, not hasattr."),
)
def attribute_counts(self: Any) -> bool:
    return hasattr(self.dataset, "takes_index_arrays")


@misconception(
    "Subset.__getitem__",
    name="the examples are not renumbered",
    belief="Example i of a part is example i of the whole.",
    explanation="Example i of the subset is the one at indices[i].",
    hints=("Which example is Subset(dataset, [7, 2])[0]?", "self.dataset[self.indices[index]]."),
)
def not_renumbered(self: Any, index: Any) -> Any:
    return self.dataset[index]


@misconception(
    "Subset.__getitem__",
    name="the data set is asked with NumPy integers",
    belief="np.int64(7) is an int.",
    explanation="Many data sets take a plain int only: as a file name, say, or as a key.",
    hints=("What is type(self.indices[0])?", "int(chosen) if chosen.ndim == 0 else chosen."),
)
def numpy_integer_passed_on(self: Any, index: Any) -> Any:
    return self.dataset[self.indices[index]]


@misconception(
    "Subset.__getitem__",
    name="an array of indices is turned into one int",
    belief="An index is a number.",
    explanation="A loader asks for a whole batch with an array: pass it on as it is.",
    hints=("What is int(np.array([2, 0]))?", "int(chosen) only if chosen.ndim == 0."),
)
def array_made_int(self: Any, index: Any) -> Any:
    return self.dataset[int(self.indices[index])]


@misconception(
    "Subset.__getitem__",
    name="a list of examples is returned for an array of indices",
    belief="A batch is a list of examples.",
    explanation="A data set that takes index arrays makes the batch itself: ask it once, with the array.",
    hints=("What is dataset[np.array([2, 0])] for a TensorDataset?", "self.dataset[chosen]."),
)
def list_of_examples(self: Any, index: Any) -> Any:
    chosen = self.indices[index]
    return self.dataset[int(chosen)] if chosen.ndim == 0 else [self.dataset[int(i)] for i in chosen]


# --- part_sizes ---


@draws("part_sizes")
def _sizes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shares = [[0.5, 0.5], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]

    def sizes(numbers: Array) -> list[Any]:
        n = int(numbers.sum())
        calls = [(n, numbers.tolist()), *((n, share) for share in shares), *((n + 1, share) for share in shares)]
        return [part for call in calls for part in attempt(home.part_sizes, *call)]

    return Case(sizes, generator.integers(2, 9, 3))


@misconception(
    "part_sizes",
    name="what rounding leaves over belongs to no part",
    belief="Rounding down is all.",
    explanation="Half of 11 is 5, twice, and one example is in no part: it goes to the first.",
    hints=("What do your sizes of 11 examples add up to?", "n - sum(sizes) examples go to the first parts, one each."),
)
def rest_lost(n: int, lengths: Any) -> list[int]:
    if not are_fractions(lengths):
        return [int(length) for length in lengths]
    return [math.floor(n * fraction) for fraction in lengths]


@misconception(
    "part_sizes",
    name="everything that rounding leaves over goes to the first part",
    belief="sizes[0] takes the rest.",
    explanation="It goes to the first parts, one example each: of 11 by [0.5, 0.25, 0.25] the sizes are [6, 3, 2].",
    hints=("How many examples are left over, and which parts get them?", "for i in range(n - sum(sizes))."),
)
def rest_to_the_first(n: int, lengths: Any) -> list[int]:
    sizes = rest_lost(n, lengths)
    return [sizes[0] + n - sum(sizes), *sizes[1:]]


@misconception(
    "part_sizes",
    name="what rounding leaves over goes to the last part",
    belief="The last part takes what is left.",
    explanation="It goes to the first parts, one example each.",
    hints=("Which part of 11 examples by [0.5, 0.5] is larger?", "for i in range(n - sum(sizes)): sizes[i] += 1."),
)
def rest_to_the_last(n: int, lengths: Any) -> list[int]:
    sizes = rest_lost(n, lengths)
    return [*sizes[:-1], sizes[-1] + n - sum(sizes)]


@misconception(
    "part_sizes",
    name="fractions are rounded to the nearest number",
    belief="round is what rounds.",
    explanation="Then the sizes may add up to more or less than n. Round down, and give away what is left.",
    hints=("What do round(5.5), round(2.75) and round(2.75) add up to?", "math.floor(n * fraction)."),
)
def rounded_to_nearest(n: int, lengths: Any) -> list[int]:
    return [round(n * length) if are_fractions(lengths) else int(length) for length in lengths]


@misconception(
    "part_sizes",
    name="fractions are not turned into numbers of examples",
    belief="The lengths are the sizes.",
    explanation="[0.5, 0.5] are halves of n: multiply by n, and round down.",
    hints=("How many examples are half of 11?", "are_fractions(lengths) tells the two kinds apart."),
)
def fractions_stay(n: int, lengths: Any) -> Any:
    return list(lengths)


@misconception(
    "part_sizes",
    name="whole numbers are multiplied by n as well",
    belief="Lengths are fractions.",
    explanation="[7, 3] are the sizes already; only fractions are multiplied by n.",
    hints=("What is part_sizes(10, [7, 3])?", "if not are_fractions(lengths): return them as ints."),
)
def whole_numbers_multiplied(n: int, lengths: Any) -> list[int]:
    return [math.floor(n * length) for length in lengths]


# --- random_split ---


@draws("random_split")
def _splits(generator: np.random.Generator, home: types.ModuleType) -> Case:
    sizes = [int(size) for size in generator.integers(3, 6, 3)]
    state = int(generator.integers(100))

    def split() -> list[Any]:
        dataset = home.TensorDataset(np.arange(sum(sizes)))
        facts: list[Any] = []
        for lengths in (sizes, [0.5, 0.25, 0.25]):
            for given in (np.random.default_rng(state), None):
                manual_seed(state + 1)
                parts = attempt(home.random_split, dataset, lengths, given)
                facts += [type(part).__name__ for part in parts]
                facts += [np.asarray(getattr(part, "indices", part)) for part in parts]
        return facts

    return Case(split)


def _random_split(
    dataset: Any,
    lengths: Any,
    generator: Any,
    order: Callable[[Any, int], Array] = lambda generator, n: generator.permutation(n),
    split: Callable[[Array, list[int]], list[Array]] = lambda order, sizes: np.split(order, np.cumsum(sizes)[:-1]),
) -> list[Any]:
    """random_split with one thing changed."""
    here: Any = called_from()
    sizes = here.part_sizes(len(dataset), lengths)
    generator = here.default_generator() if generator is None else generator
    return [here.Subset(dataset, part) for part in split(order(generator, len(dataset)), sizes)]


@misconception(
    "random_split",
    name="nothing is shuffled",
    belief="The first part is the first examples.",
    explanation="Files are often sorted by class: the last tenth may hold a single one. Shuffle before splitting.",
    hints=("Which examples are in your first part?", "order = generator.permutation(n)."),
)
def not_shuffled(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, order=lambda generator, n: np.arange(n))


@misconception(
    "random_split",
    name="the examples are shuffled after they are split",
    belief="Each part is shuffled.",
    explanation="Then the first part still holds the first examples, in another order. Shuffle all, then split.",
    hints=("Is the very last example ever in your first part?", "One permutation of all n, then the split."),
)
def shuffled_after_the_split(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    generator = called_from().default_generator() if generator is None else generator
    return _random_split(
        dataset,
        lengths,
        generator,
        order=lambda generator, n: np.arange(n),
        split=lambda order, sizes: [generator.permutation(part) for part in np.split(order, np.cumsum(sizes)[:-1])],
    )


@misconception(
    "random_split",
    name="an example may be drawn more than once",
    belief="n random numbers below n are the examples in random order.",
    explanation="Random numbers repeat: some examples come twice, others never. A permutation has each exactly once.",
    hints=("How many different numbers are in your order?", "generator.permutation(n), not integers."),
)
def drawn_with_repeats(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, order=lambda generator, n: generator.integers(0, n, n))


@misconception(
    "random_split",
    name="every part starts at the beginning of the order",
    belief="order[:size] is a part of that size.",
    explanation="Then the parts overlap: validation examples were trained on. Each part starts where the last ended.",
    hints=("Which example of the order is first in your second part?", "np.split(order, np.cumsum(sizes)[:-1])."),
)
def all_from_the_start(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, split=lambda order, sizes: [order[:size] for size in sizes])


@misconception(
    "random_split",
    name="a new order is drawn for each part",
    belief="Every part is a random choice.",
    explanation="Two independent choices overlap. One permutation is drawn, and split.",
    hints=("How often do you call permutation?", "Once, before the parts."),
)
def drawn_for_each_part(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    generator = called_from().default_generator() if generator is None else generator
    return _random_split(
        dataset,
        lengths,
        generator,
        order=lambda generator, n: np.arange(n),
        split=lambda order, sizes: [generator.permutation(len(order))[:size] for size in sizes],
    )


@misconception(
    "random_split",
    name="the sizes are taken for positions",
    belief="np.split(order, sizes) makes parts of these sizes.",
    explanation="np.split takes positions: the first size, the sum of the first two, and so on: cumsum.",
    hints=("Sizes 70, 20, 10: after how many examples does the third part start?", "np.cumsum(sizes)[:-1]."),
)
def sizes_as_positions(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, split=lambda order, sizes: np.split(order, sizes[:-1]))


@misconception(
    "random_split",
    name="there is an empty part at the end",
    belief="Three parts need three positions.",
    explanation="Three parts are split at two positions: the last entry of cumsum is the end itself.",
    hints=("How many parts do you return for three lengths?", "np.cumsum(sizes)[:-1]."),
)
def one_part_more(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, split=lambda order, sizes: np.split(order, np.cumsum(sizes)))


@misconception(
    "random_split",
    name="arrays of indices are returned, not subsets",
    belief="A part is its indices.",
    explanation="A part is a data set, which a loader can load: Subset(dataset, indices).",
    hints=("What is type(parts[0])?", "[Subset(dataset, part) for part in np.split(...)]."),
)
def indices_returned(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return [part.indices for part in _random_split(dataset, lengths, generator)]


@misconception(
    "random_split",
    name="fractions are used as sizes",
    belief="lengths are the sizes.",
    explanation="[0.9, 0.1] are fractions: part_sizes turns them into numbers of examples.",
    hints=("What is np.cumsum([0.9, 0.1])?", "sizes = part_sizes(len(dataset), lengths)."),
)
def fractions_as_sizes(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(
        dataset, lengths, generator, split=lambda order, sizes: np.split(order, np.cumsum(lengths)[:-1])
    )


@misconception(
    "random_split",
    name="the generator that was given is ignored",
    belief="All randomness comes from the common generator.",
    explanation="The given generator decides, so that its owner can repeat the split.",
    hints=("Two calls with equal generators: is the split the same?", "generator.permutation(n)."),
)
def generator_ignored(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, None)


@misconception(
    "random_split",
    name="manual_seed does not decide where no generator is given",
    belief="A new generator is as good as the common one.",
    explanation="A new generator differs on every run: without one that is given, use default_generator().",
    hints=("manual_seed(3) twice: twice the same split?", "default_generator(), not np.random.default_rng()."),
)
def new_generator(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, np.random.default_rng() if generator is None else generator)
