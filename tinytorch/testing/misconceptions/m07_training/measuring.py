"""Accuracy, and the length of gradients."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.text import to_array

Array = np.ndarray

# --- accuracy ---


@draws("accuracy")
def _accuracies(generator: np.random.Generator, home: types.ModuleType) -> Case:
    classes = int(generator.integers(2, 5))
    shape = (classes, classes, *[classes] * int(generator.integers(0, 2)))  # a wrong axis is as long as the right one
    logits, labels = generator.standard_normal(shape), generator.integers(0, classes, shape[:1] + shape[2:])

    def measured(logits: Any, labels: Any) -> list[Any]:
        share = home.accuracy(logits, labels)
        return [share, isinstance(share, float)]

    return Case(measured, home.Tensor(logits), home.Tensor(labels))


def _scored(logits: Any, labels: Any) -> tuple[Array, Array]:
    """Both as arrays, refused where they do not fit: the given part."""
    scores, labels = to_array(logits), to_array(labels)
    if scores.ndim < 2 or labels.shape != scores.shape[:1] + scores.shape[2:] or labels.size == 0:
        raise ValueError(
            f"accuracy: expected logits (N, C) and labels (N,) with N at least 1, got {scores.shape} and {labels.shape}"
        )
    return scores, labels


@misconception(
    "accuracy",
    name="the smallest logit names the class",
    belief="Scores are distances: the nearest class wins.",
    explanation="Logits are scores: the larger, the surer. The largest one of a row names the class.",
    hints=("Which class do the logits (2.0, 0.1) mean?", "argmax, not argmin."),
)
def smallest_wins(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return float((scores.argmin(axis=1) == labels).mean())


@misconception(
    "accuracy",
    name="the largest logit is looked for among the examples, not among the classes",
    belief="axis=0 is the axis of the result.",
    explanation="The axis named is the one that goes away: axis 1 has the classes, and one answer per example is left.",
    hints=("How many answers do you get for 5 examples and 3 classes?", "scores.argmax(axis=1)."),
)
def over_the_examples(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return float(np.mean(scores.argmax(axis=0) == labels))


@misconception(
    "accuracy",
    name="the largest logit is looked for along the last axis",
    belief="The classes stand on the last axis.",
    explanation="They stand on axis 1; logits (N, C, H, W) have places after the classes.",
    hints=("What shape has the result for logits (2, 3, 4)? (2, 4).", "axis=1, not axis=-1."),
)
def along_the_last_axis(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return float(np.mean(scores.argmax(axis=-1) == labels))


@misconception(
    "accuracy",
    name="the right answers are counted, not averaged",
    belief="Accuracy is how many are right.",
    explanation="It is the share that is right, from 0 to 1: the count divided by the number of examples.",
    hints=("Can your accuracy be larger than 1?", ".mean() in place of .sum()."),
)
def counted(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return float((scores.argmax(axis=1) == labels).sum())


@misconception(
    "accuracy",
    name="the share of wrong answers is returned",
    belief="What is compared is how far off the network is.",
    explanation="Accuracy is the share that is right; what you return is the error rate, one minus it.",
    hints=("All answers are right: what should come out?", "== in place of !=."),
)
def share_of_wrong(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return float((scores.argmax(axis=1) != labels).mean())


@misconception(
    "accuracy",
    name="the share is in percent",
    belief="Accuracy is a number from 0 to 100.",
    explanation="It is a share from 0 to 1; whoever prints it may write it in percent.",
    hints=("All answers are right: 1, or 100?", "The mean of truth values is the share."),
)
def in_percent(logits: Any, labels: Any) -> float:
    scores, labels = _scored(logits, labels)
    return 100 * float((scores.argmax(axis=1) == labels).mean())


@misconception(
    "accuracy",
    name="an array with one number is returned, not a Python float",
    belief="One number is one number.",
    explanation="An array prints and saves differently; history and checkpoints hold plain Python numbers.",
    hints=("What is type(accuracy(...))?", "float(...mean())."),
)
def array_of_one(logits: Any, labels: Any) -> Any:
    scores, labels = _scored(logits, labels)
    return np.asarray((scores.argmax(axis=1) == labels).mean())


# --- clip_grad_norm ---


@draws("clip_grad_norm")
def _clippings(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def clipped(*gradients: Any, max_norm: float) -> list[Any]:
        parameters = [home.Tensor(np.zeros(g.shape), requires_grad=True) for g in gradients]
        for p, gradient in zip(parameters[1:], gradients, strict=False):  # the first one has none
            p.grad = home.Tensor(gradient.copy())
        arrays = [p.grad.data for p in parameters[1:]]
        length = home.clip_grad_norm(parameters, max_norm)
        after = [p.grad.data for p in parameters[1:]]
        return [length, parameters[0].grad is None, *after, *(str(array.dtype) for array in after), *arrays]

    gradients = [generator.standard_normal(3).astype(np.float32) for _ in range(4)]
    return Case(clipped, *gradients, max_norm=float(generator.choice([0.5, 2.0, 20.0])))


def _gradients(parameters: Any, max_norm: float) -> list[Any]:
    """The parameters that have one; the given part."""
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm: expected a number above 0, got {max_norm!r}")
    parameters = [parameters] if hasattr(parameters, "grad") else parameters
    return [p for p in parameters if p.grad is not None]


def _length(parameters: list[Any]) -> float:
    return math.sqrt(sum(float(np.vdot(p.grad.data, p.grad.data)) for p in parameters))


def _scale(parameters: list[Any], scale: float) -> None:
    for p in parameters:
        p.grad = type(p.grad)(p.grad.data * scale)


def _clip(
    parameters: Any,
    max_norm: float,
    length: Callable[[list[Any]], float] = _length,
    scale: Callable[[list[Any], float], None] = _scale,
    always: bool = False,
) -> float:
    """clip_grad_norm with one thing changed; returns the length before."""
    found = _gradients(parameters, max_norm)
    before = length(found)
    factor = max_norm / (before + 1e-6)
    if always or factor < 1:
        scale(found, factor)
    return before


@misconception(
    "clip_grad_norm",
    name="each parameter is clipped by itself",
    belief="Every gradient has to be at most max_norm long.",
    explanation="All gradients are one long vector, scaled by one number; one by one its direction would turn.",
    hints=(
        "Gradients (6) and (8, 0) with max_norm 5: by which number is each multiplied?",
        "First one sum of squares over all parameters, then one scale for all of them.",
    ),
)
def clipped_one_by_one(parameters: Any, max_norm: float) -> float:
    found = _gradients(parameters, max_norm)
    before = _length(found)
    for p in found:
        _clip([p], max_norm)
    return before


@misconception(
    "clip_grad_norm",
    name="each number is clipped by itself",
    belief="Clipping cuts off what is too large, as np.clip does.",
    explanation="Cut off number by number the vector turns; clipping the norm only makes it shorter.",
    hints=("A gradient (3, 4) with max_norm 1: is the result (1, 1) or (0.6, 0.8)?", "Multiply by one number."),
)
def clipped_number_by_number(parameters: Any, max_norm: float) -> float:
    def cut(found: list[Any], factor: float) -> None:
        for p in found:
            p.grad = type(p.grad)(np.clip(p.grad.data, -max_norm, max_norm))

    return _clip(parameters, max_norm, scale=cut, always=True)


@misconception(
    "clip_grad_norm",
    name="short gradients are made longer",
    belief="After clipping the length is max_norm.",
    explanation="The length is *at most* max_norm: what is shorter stays as it is.",
    hints=("The length is 0.5 and max_norm 1: by which number do you multiply?", "Only if the scale is below 1."),
)
def scaled_up(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, always=True)


@misconception(
    "clip_grad_norm",
    name="the length is left squared",
    belief="The sum of squares is the length.",
    explanation="The length is the root of the sum of squares: (3, 4) has length 5, not 25.",
    hints=("What does your function return for a gradient (3, 4)?", "math.sqrt of the whole sum."),
)
def squared_length(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, length=lambda found: _length(found) ** 2)


@misconception(
    "clip_grad_norm",
    name="the lengths of the parameters' gradients are added up",
    belief="The length of all is the sum of the lengths.",
    explanation="Squares are added, lengths are not: 6 and 8 together have length 10, not 14.",
    hints=("How long is a vector with the parts 6 and 8?", "One sum of squares over everything, one root at the end."),
)
def lengths_added(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, length=lambda found: sum(_length([p]) for p in found))


@misconception(
    "clip_grad_norm",
    name="the length is the largest of all numbers",
    belief="What matters is the largest gradient.",
    explanation="The norm meant is the Euclidean one: the root of the sum of squares.",
    hints=("What is the length of (3, 4)?", "np.vdot(g, g) is the sum of squares of one array."),
)
def largest_number(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, length=lambda found: max((np.abs(p.grad.data).max() for p in found), default=0))


@misconception(
    "clip_grad_norm",
    name="the length after clipping is returned",
    belief="The caller wants to know how long the gradient is now.",
    explanation="That is at most max_norm, as the caller knows. The length *before* tells when gradients explode.",
    hints=("When do you compute what you return: before or after scaling?", "Keep the first length and return it."),
)
def length_after(parameters: Any, max_norm: float) -> float:
    found = _gradients(parameters, max_norm)
    _clip(found, max_norm)
    return _length(found)


@misconception(
    "clip_grad_norm",
    name="nothing is returned",
    belief="The function changes the gradients; that is all.",
    explanation="It also returns the length before, a number to watch: it tells when gradients explode.",
    hints=("What does torch's clip_grad_norm_ return?", "return length."),
)
def length_not_returned(parameters: Any, max_norm: float) -> None:
    _clip(parameters, max_norm)


@misconception(
    "clip_grad_norm",
    name="the gradients are not scaled",
    belief="p.grad.data * scale changes the gradient.",
    explanation="A product is a new array; it must be put in the parameter's place: p.grad = Tensor(...).",
    hints=("What is p.grad after your loop?", "p.grad = Tensor(p.grad.data * scale)."),
)
def not_scaled(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, scale=lambda found, factor: None)


@misconception(
    "clip_grad_norm",
    name="the old gradient's array is written into",
    belief="Scaling in place saves an array.",
    explanation="Another tensor may hold the same array (backward hands arrays on): give the parameter a new one.",
    hints=("Who else may hold the array of p.grad?", "p.grad = Tensor(p.grad.data * scale), not *=."),
)
def scaled_in_place(parameters: Any, max_norm: float) -> float:
    def scale(found: list[Any], factor: float) -> None:
        for p in found:
            p.grad.data[...] *= factor

    return _clip(parameters, max_norm, scale=scale)


@misconception(
    "clip_grad_norm",
    name="the gradients are divided by their length, whatever max_norm is",
    belief="Clipping makes unit vectors.",
    explanation="The scale is max_norm / length: the length that is left is max_norm, not 1.",
    hints=("How long is the gradient afterwards, with max_norm 5?", "max_norm / (length + 1e-6)."),
)
def made_unit_length(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, scale=lambda found, factor: _scale(found, factor / max_norm))


@misconception(
    "clip_grad_norm",
    name="float32 gradients become float64",
    belief="np.sqrt gives a number like any other.",
    explanation="It gives an np.float64, and an array times that is float64; a Python float leaves the dtype alone.",
    hints=("What is the dtype of p.grad after clipping?", "What is type(scale)?", "math.sqrt, or float(...)."),
)
def made_float64(parameters: Any, max_norm: float) -> float:
    return _clip(parameters, max_norm, length=lambda found: np.float64(_length(found)))
