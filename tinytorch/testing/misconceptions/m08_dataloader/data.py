"""Data sets, splits, and examples joined into a batch."""

from __future__ import annotations

import importlib
import numbers
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.text import is_tensor

Array = np.ndarray


def seed(number: int) -> None:
    """manual_seed, for cases in which something is drawn."""
    importlib.import_module("tinytorch.core.tensor").manual_seed(number)


def flat(value: Any) -> list[Any]:
    """What a batch is made of, with the kind of everything that holds something: comparable entry by entry."""
    if is_tensor(value):
        return ["tensor", value.data]
    if isinstance(value, dict):
        return ["dict", *(part for key in sorted(value) for part in (key, *flat(value[key])))]
    if isinstance(value, (tuple, list)):
        return [type(value).__name__, *(part for entry in value for part in flat(entry))]
    return [value]


# --- TensorDataset ---


def _data_sets(generator: np.random.Generator, home: types.ModuleType) -> Case:
    n = int(generator.integers(4, 8))
    index = int(generator.integers(1, 3))

    def asked(x: Any, y: Any, z: Any) -> list[Any]:
        dataset = home.TensorDataset(x, y, z)
        facts: list[Any] = [len(dataset), *flat(dataset[index])]
        try:
            facts += flat(dataset[np.array([2, 0, index])])
        except Exception as error:  # it may work for one index and not for several
            facts.append(type(error).__name__)
        return facts

    inputs = (generator.standard_normal((n, 3)), generator.integers(0, 9, n), generator.standard_normal((n, 2, 2)))
    return Case(asked, *map(home.Tensor, inputs))


draws("TensorDataset.__len__")(_data_sets)
draws("TensorDataset.__getitem__")(_data_sets)


@misconception(
    "TensorDataset.__len__",
    name="the tensors are counted, not their rows",
    belief="len(self.tensors) is how much there is.",
    explanation="self.tensors is the pair (images, labels): its length is 2. An example is a row of both.",
    hints=("Three pictures and three labels: how many examples?", "len(self.tensors[0])."),
)
def tensors_counted(self: Any) -> int:
    return len(self.tensors)


@misconception(
    "TensorDataset.__len__",
    name="all numbers are counted",
    belief="The size of the first tensor is the number of examples.",
    explanation="An example is a row, however many numbers it has: the first axis counts.",
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
    belief="An example is a picture.",
    explanation="An example is a row of *every* tensor: the picture and its label.",
    hints=("How many entries has dataset[1]?", "tuple(tensor[index] for tensor in self.tensors)."),
)
def first_tensor_only(self: Any, index: Any) -> Any:
    return (self.tensors[0][index],)


@misconception(
    "TensorDataset.__getitem__",
    name="only the first tensor is indexed, and the others come whole",
    belief="The labels are the same for all.",
    explanation="Row i of the pictures belongs to row i of the labels: both are indexed.",
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


# --- random_split ---


@draws("random_split")
def _splits(generator: np.random.Generator, home: types.ModuleType) -> Case:
    sizes = [int(size) for size in generator.integers(3, 6, 3)]
    state = int(generator.integers(100))

    def split() -> list[Any]:
        dataset = home.TensorDataset(np.arange(sum(sizes)))
        facts: list[Any] = []
        for given in (np.random.default_rng(state), np.random.default_rng(state), None):
            seed(state + 1)
            parts = home.random_split(dataset, sizes, given)
            facts += [type(part).__name__ for part in parts]
            facts += [np.array([int(part[i][0].data) for i in range(len(part))]) for part in parts]
        return facts

    return Case(split)


def _random_split(
    dataset: Any,
    lengths: Any,
    generator: Any,
    order: Callable[[Any, int], Array] = lambda generator, n: generator.permutation(n),
    cut: Callable[[Array, list[int]], list[Array]] = lambda order, sizes: np.split(order, np.cumsum(sizes)[:-1]),
) -> list[Any]:
    """random_split with one thing changed."""
    here: Any = called_from()
    sizes = here._split_sizes(len(dataset), list(lengths))
    generator = here.default_generator() if generator is None else generator
    return [here.Subset(dataset, part) for part in cut(order(generator, len(dataset)), sizes)]


@misconception(
    "random_split",
    name="nothing is shuffled",
    belief="The first part is the first so many examples.",
    explanation="Files are often sorted by class: the last tenth may hold a single one. Shuffle before cutting.",
    hints=("Which examples are in your first part?", "order = generator.permutation(n)."),
)
def not_shuffled(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, order=lambda generator, n: np.arange(n))


@misconception(
    "random_split",
    name="the examples are shuffled after the cut",
    belief="Each part is shuffled.",
    explanation="Then the first part still holds the first examples, in another order. Shuffle all, then cut.",
    hints=("Is the very last example ever in your first part?", "One permutation of all n, then the cut."),
)
def shuffled_after_the_cut(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    generator = called_from().default_generator() if generator is None else generator
    return _random_split(
        dataset,
        lengths,
        generator,
        order=lambda generator, n: np.arange(n),
        cut=lambda order, sizes: [generator.permutation(part) for part in np.split(order, np.cumsum(sizes)[:-1])],
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
    explanation="Then the parts overlap, and validation tests on what was trained. Go on where the part before ended.",
    hints=("Which example of the order is first in your second part?", "np.split(order, np.cumsum(sizes)[:-1])."),
)
def all_from_the_start(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, cut=lambda order, sizes: [order[:size] for size in sizes])


@misconception(
    "random_split",
    name="the order is drawn anew for each part",
    belief="Every part is a random choice.",
    explanation="Two independent choices overlap. One permutation is drawn, and cut.",
    hints=("How often do you call permutation?", "Once, before the parts."),
)
def drawn_for_each_part(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    generator = called_from().default_generator() if generator is None else generator
    return _random_split(
        dataset,
        lengths,
        generator,
        order=lambda generator, n: np.arange(n),
        cut=lambda order, sizes: [generator.permutation(len(order))[:size] for size in sizes],
    )


@misconception(
    "random_split",
    name="the sizes are taken for the places of the cuts",
    belief="np.split(order, sizes) makes parts of these sizes.",
    explanation="np.split takes places: the first size, the sum of the first two, and so on: cumsum.",
    hints=("Sizes 70, 20, 10: after how many examples is the second cut?", "np.cumsum(sizes)[:-1]."),
)
def sizes_as_places(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, cut=lambda order, sizes: np.split(order, sizes[:-1]))


@misconception(
    "random_split",
    name="there is an empty part at the end",
    belief="Three parts need three cuts.",
    explanation="Three parts need two cuts: the last entry of cumsum is the end itself, not a place to cut.",
    hints=("How many parts do you return for three lengths?", "np.cumsum(sizes)[:-1]."),
)
def one_part_more(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, generator, cut=lambda order, sizes: np.split(order, np.cumsum(sizes)))


@misconception(
    "random_split",
    name="the generator that was given is ignored",
    belief="All randomness comes from the common generator.",
    explanation="Whoever gives a generator wants that one to decide, so that the split can be had again.",
    hints=("Two calls with equal generators: is the split the same?", "generator.permutation(n)."),
)
def generator_ignored(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    return _random_split(dataset, lengths, None)


# --- default_collate ---


@draws("default_collate")
def _batches(generator: np.random.Generator, home: types.ModuleType) -> Case:
    n = int(generator.integers(2, 5))

    def collated(x: Array, y: Array) -> list[Any]:
        kinds = [
            [(home.Tensor(x[i]), int(y[i])) for i in range(n)],
            [((float(x[i, 0]), int(y[i])), x[i]) for i in range(n)],
            [{"x": x[i], "y": int(y[i])} for i in range(n)],
        ]
        facts: list[Any] = []
        for samples in kinds:
            try:
                facts += flat(home.default_collate(samples))
            except Exception as error:  # one of the three may fail by itself
                facts.append(str(error))
        return facts

    return Case(collated, generator.standard_normal((n, 2)), generator.integers(0, 9, n))


Again = Callable[[Any], Any]  # default_collate itself


def _tuples(again: Again, samples: list[Any]) -> Any:
    return tuple(again(list(field)) for field in zip(*samples, strict=False))


def _dicts(again: Again, samples: list[Any]) -> Any:
    return {key: again([sample[key] for sample in samples]) for key in samples[0]}


def _collate(
    samples: list[Any],
    tuples: Callable[[Again, list[Any]], Any] = _tuples,
    dicts: Callable[[Again, list[Any]], Any] = _dicts,
) -> Any:
    """default_collate, tuples or dicts joined in another way; the first part is given."""
    here: Any = called_from()
    first = samples[0]
    if isinstance(first, str):
        return samples
    if isinstance(first, (numbers.Number, np.generic)):
        return here.Tensor(np.asarray(samples)) if isinstance(first, np.generic) else here.Tensor(samples)
    if is_tensor(first) or isinstance(first, np.ndarray):
        shapes = [np.shape(sample) for sample in samples]
        if len(set(shapes)) > 1:
            odd = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
            raise ValueError(
                f"default_collate: expected examples of one shape, got {shapes[0]} first and {shapes[odd]} at place "
                f"{odd} of the batch; crop or pad them to one size, or pass your own collate_fn"
            )
        return here.stack([sample if is_tensor(sample) else here.Tensor(sample) for sample in samples])
    if isinstance(first, (tuple, list)):
        return tuples(here.default_collate, samples)
    if isinstance(first, dict):
        return dicts(here.default_collate, samples)
    raise TypeError(f"default_collate: expected tensors, arrays, numbers, tuples or dicts, got {type(first).__name__}")


@misconception(
    "default_collate",
    name="each example is joined by itself",
    belief="Collating goes through the examples.",
    explanation="A list of pairs becomes a pair of batches: all pictures together, and all labels. Transpose first.",
    hints=("Which things have one shape: a picture and its label, or two pictures?", "zip(*samples)."),
)
def not_transposed(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda again, samples: tuple(again(list(sample)) for sample in samples))


@misconception(
    "default_collate",
    name="the fields are sorted out but not stacked",
    belief="zip(*samples) is the batch.",
    explanation="It is a pair of lists; each of them is to become one tensor: collate each.",
    hints=("What is type(batch[0])?", "default_collate(list(field)) for each field."),
)
def not_stacked(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda again, samples: tuple(list(field) for field in zip(*samples, strict=False)))


@misconception(
    "default_collate",
    name="what is nested is left as a list",
    belief="A field holds tensors or numbers.",
    explanation="A field may hold tuples again: default_collate calls itself for each field, whatever is in it.",
    hints=("An example ((1, 2), 3): what is its first field?", "default_collate(list(field)), for every field."),
)
def not_recursive(samples: list[Any]) -> Any:
    def tuples(again: Again, samples: list[Any]) -> Any:
        fields = map(list, zip(*samples, strict=False))
        return tuple(field if isinstance(field[0], (tuple, list, dict)) else again(field) for field in fields)

    return _collate(samples, tuples=tuples)


@misconception(
    "default_collate",
    name="a list is returned, not a tuple",
    belief="Several things are a list.",
    explanation="A batch is built like an example: a tuple of fixed length, with a batch in each place.",
    hints=("What is type(batch)?", "tuple(...)."),
)
def list_of_fields(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda again, samples: list(_tuples(again, samples)))


@misconception(
    "default_collate",
    name="the first dict stands for all",
    belief="All examples have the same keys, so one will do.",
    explanation="The keys are the same, the values are not: under each key the values of all examples are joined.",
    hints=('How many values are under "x"?', "default_collate([sample[key] for sample in samples])."),
)
def first_dict_only(samples: list[Any]) -> Any:
    return _collate(samples, dicts=lambda again, samples: samples[0])


@misconception(
    "default_collate",
    name="the keys of dicts are lost",
    belief="The values are what matters.",
    explanation="A batch is built like an example: a dict with the same keys.",
    hints=("What is type(batch) for a list of dicts?", "{key: default_collate(...) for key in first}."),
)
def keys_lost(samples: list[Any]) -> Any:
    return _collate(samples, dicts=lambda again, samples: tuple(_dicts(again, samples).values()))


@misconception(
    "default_collate",
    name="the values of dicts are listed but not stacked",
    belief="A list of values under each key is the batch.",
    explanation="Under each key there is to be one tensor: collate the list.",
    hints=('What is type(batch["x"])?', "default_collate([sample[key] for sample in samples])."),
)
def dict_values_not_stacked(samples: list[Any]) -> Any:
    return _collate(
        samples, dicts=lambda again, samples: {key: [sample[key] for sample in samples] for key in samples[0]}
    )
