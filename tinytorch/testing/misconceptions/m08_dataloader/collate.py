"""Examples joined into a batch."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.tensor import NUMBERS, inferred_array
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m08_dataloader.data import attempt
from tinytorch.testing.text import is_tensor

Array = np.ndarray
Join = Callable[[list[Any]], Any]


@draws("default_collate")
def _batches(generator: np.random.Generator, home: types.ModuleType) -> Case:
    n = int(generator.integers(2, 5))

    def collated(x: Array, y: Array) -> list[Any]:
        kinds: list[list[Any]] = [
            [home.Tensor(row) for row in x],
            list(x),
            [float(row[0]) for row in x],
            y.tolist(),
            ["cat", "dog", "bird", "cow"][:n],
            [(home.Tensor(x[i]), int(y[i])) for i in range(n)],
            [[x[i], int(y[i])] for i in range(n)],
            [("cat", int(y[i])) for i in range(n)],
            [((float(x[i, 0]), int(y[i])), x[i]) for i in range(n)],
            [{"x": x[i], "y": int(y[i])} for i in range(n)],
            [{"a": (int(y[i]), int(y[i]))} for i in range(n)],
        ]
        return [part for samples in kinds for part in attempt(home.default_collate, samples)]

    return Case(collated, generator.standard_normal((n, 2)), generator.integers(0, 9, n))


def _again(samples: Any) -> Any:
    """default_collate itself."""
    return called_from().default_collate(samples)


def _stack(samples: list[Any], dim: int = 0) -> Any:
    here: Any = called_from()
    return here.stack([x if is_tensor(x) else here.Tensor(inferred_array(x)) for x in samples], dim)


def _tuples(samples: list[Any]) -> Any:
    return tuple(_again(list(entries)) for entries in zip(*samples, strict=False))


def _dicts(samples: list[Any]) -> Any:
    return {key: _again([sample[key] for sample in samples]) for key in samples[0]}


def _collate(
    samples: list[Any],
    stack: Join = _stack,
    numbers: Join = _stack,
    tuples: Join = _tuples,
    lists: Join | None = None,
    dicts: Join = _dicts,
    strings: Join = lambda samples: samples,
) -> Any:
    """default_collate, with one kind of examples joined in another way."""
    first = samples[0]
    if is_tensor(first) or isinstance(first, np.ndarray):
        return stack(samples)
    if isinstance(first, NUMBERS):
        return numbers(samples)
    if isinstance(first, tuple):
        return tuples(samples)
    if isinstance(first, list):
        return (lists or tuples)(samples)
    return dicts(samples) if isinstance(first, dict) else strings(samples)


@misconception(
    "default_collate",
    name="the tensors are joined along an axis that they have",
    belief="concatenate joins them.",
    explanation="A batch has an axis more than an example: n images (C, H, W) are (n, C, H, W). stack makes the axis.",
    hints=("How many axes has your batch of vectors?", "stack, not concatenate."),
)
def concatenated(samples: list[Any]) -> Any:
    return _collate(samples, stack=lambda samples: called_from().concatenate(samples))


@misconception(
    "default_collate",
    name="the new axis comes last",
    belief="It does not matter where the batch axis is.",
    explanation="The batch axis comes first: N x C x H x W.",
    hints=("What shape has a batch of 2 vectors of 3? (2, 3).", "stack(...), whose new axis is the first."),
)
def stacked_last(samples: list[Any]) -> Any:
    return _collate(samples, stack=lambda samples: _stack(samples, -1))


@misconception(
    "default_collate",
    name="Python floats become float64",
    belief="np.array(samples) is the batch.",
    explanation="NumPy makes Python floats float64. inferred_array(sample) knows the dtype: float32.",
    hints=("What is np.array([1.0, 2.0]).dtype?", "stack([Tensor(inferred_array(sample)) for sample in samples])."),
)
def floats_float64(samples: list[Any]) -> Any:
    return _collate(samples, numbers=lambda samples: called_from().Tensor(np.array(samples)))


@misconception(
    "default_collate",
    name="labels become float32",
    belief="Tensor(samples) is the batch.",
    explanation="Tensor makes float32 of Python's integers. Labels are integers: inferred_array(3) is int64.",
    hints=("What is default_collate([1, 2]).dtype?", "stack([Tensor(inferred_array(sample)) for sample in samples])."),
)
def labels_float32(samples: list[Any]) -> Any:
    return _collate(samples, numbers=lambda samples: called_from().Tensor(samples))


@misconception(
    "default_collate",
    name="numbers are left as a list",
    belief="A list of labels is a batch of labels.",
    explanation="A loss takes a tensor of labels: numbers are stacked as tensors are.",
    hints=(
        "What is type(batch[1]) for pairs of image and label?",
        "isinstance(first, (Tensor, np.ndarray, *NUMBERS)).",
    ),
)
def numbers_listed(samples: list[Any]) -> Any:
    return _collate(samples, numbers=lambda samples: samples)


@misconception(
    "default_collate",
    name="nothing is returned for strings",
    belief="Strings are no part of a batch.",
    explanation="File names and captions may be: they stay a list.",
    hints=("What does your function return for strings?", "return samples, at the end."),
)
def strings_forgotten(samples: list[Any]) -> Any:
    return _collate(samples, strings=lambda samples: None)


@misconception(
    "default_collate",
    name="examples that are lists are left as they are",
    belief="Only a tuple holds several entries.",
    explanation="An example [image, label] is joined as (image, label) is.",
    hints=("What is default_collate([[image, 7], [image, 8]])?", "isinstance(first, (tuple, list))."),
)
def lists_left(samples: list[Any]) -> Any:
    return _collate(samples, lists=lambda samples: samples)


@misconception(
    "default_collate",
    name="each example is joined by itself",
    belief="Collating goes through the examples.",
    explanation="A list of pairs becomes a pair of batches: all images together, and all labels. Transpose first.",
    hints=("Which things have one shape: an image and its label, or two images?", "zip(*samples)."),
)
def not_transposed(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda samples: tuple(_again(list(sample)) for sample in samples))


@misconception(
    "default_collate",
    name="the entries are sorted out but not stacked",
    belief="zip(*samples) is the batch.",
    explanation="It is a pair of lists; each of them is to become one tensor: collate each.",
    hints=("What is type(batch[0])?", "default_collate(list(entries)) for each of them."),
)
def not_stacked(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda samples: tuple(list(entries) for entries in zip(*samples, strict=False)))


@misconception(
    "default_collate",
    name="what is nested is left as a list",
    belief="An entry is a tensor or a number.",
    explanation="An entry may be a tuple again: default_collate calls itself for each entry, of any kind.",
    hints=("An example ((1, 2), 3): what is its first entry?", "default_collate(list(entries)), for every one."),
)
def not_recursive(samples: list[Any]) -> Any:
    def tuples(samples: list[Any]) -> Any:
        entries = map(list, zip(*samples, strict=False))
        return tuple(entry if isinstance(entry[0], (tuple, list, dict)) else _again(entry) for entry in entries)

    return _collate(samples, tuples=tuples)


@misconception(
    "default_collate",
    name="strings in tuples become a tuple",
    belief="What zip gives can be passed on.",
    explanation="zip gives tuples, default_collate takes a list, and strings stay that list.",
    hints=("What is batch[0] for [('cat', 0), ('dog', 1)]?", "default_collate(list(entries))."),
)
def tuples_passed_on(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda samples: tuple(_again(entry) for entry in zip(*samples, strict=False)))


@misconception(
    "default_collate",
    name="a list is returned, not a tuple",
    belief="Several things are a list.",
    explanation="A batch is built like an example: a tuple of fixed length, with a batch in each place.",
    hints=("What is type(batch)?", "tuple(...)."),
)
def list_of_batches(samples: list[Any]) -> Any:
    return _collate(samples, tuples=lambda samples: list(_tuples(samples)))


@misconception(
    "default_collate",
    name="the first dict stands for all",
    belief="All examples have the same keys, so one will do.",
    explanation="The keys are the same, the values are not: under each key the values of all examples are joined.",
    hints=('How many values are under "x"?', "default_collate([sample[key] for sample in samples])."),
)
def first_dict_only(samples: list[Any]) -> Any:
    return _collate(samples, dicts=lambda samples: samples[0])


@misconception(
    "default_collate",
    name="the keys of dicts are lost",
    belief="The values are what matters.",
    explanation="A batch is built like an example: a dict with the same keys.",
    hints=("What is type(batch) for a list of dicts?", "{key: default_collate(...) for key in first}."),
)
def keys_lost(samples: list[Any]) -> Any:
    return _collate(samples, dicts=lambda samples: tuple(_dicts(samples).values()))


@misconception(
    "default_collate",
    name="the values of dicts are listed but not stacked",
    belief="A list of values under each key is the batch.",
    explanation="Under each key there is to be one tensor: collate the list.",
    hints=('What is type(batch["x"])?', "default_collate([sample[key] for sample in samples])."),
)
def dict_values_not_stacked(samples: list[Any]) -> Any:
    return _collate(samples, dicts=lambda samples: {key: [sample[key] for sample in samples] for key in samples[0]})
