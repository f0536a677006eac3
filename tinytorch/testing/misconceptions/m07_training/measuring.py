"""Accuracy, means over batches, and the length of gradients."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
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


@misconception(
    "accuracy",
    name="the smallest logit is taken for the predicted class",
    belief="Scores are distances: the nearest class wins.",
    explanation="Logits are scores: the largest one of a row is the predicted class.",
    hints=("Which class do the logits (2.0, 0.1) mean?", "argmax, not argmin."),
)
def smallest_wins(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return float((scores.argmin(axis=1) == labels).mean())


@misconception(
    "accuracy",
    name="the largest logit is looked for among the examples, not among the classes",
    belief="axis=0 is the axis of the result.",
    explanation="The axis of argmax is the one that disappears: axis 1, that of the classes.",
    hints=("How many results do you get for 5 examples and 3 classes?", "scores.argmax(axis=1)."),
)
def over_the_examples(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return float(np.mean(scores.argmax(axis=0) == labels))


@misconception(
    "accuracy",
    name="the largest logit is looked for along the last axis",
    belief="The classes are on the last axis.",
    explanation="They are on axis 1; logits (N, C, H, W) have axes after the classes.",
    hints=("What shape has the result for logits (2, 3, 4)? (2, 4).", "axis=1, not axis=-1."),
)
def along_the_last_axis(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return float(np.mean(scores.argmax(axis=-1) == labels))


@misconception(
    "accuracy",
    name="the correct predictions are counted, not averaged",
    belief="Accuracy is how many are correct.",
    explanation="It is the share that is correct, from 0 to 1: the count divided by the number of examples.",
    hints=("Can your accuracy be larger than 1?", ".mean() in place of .sum()."),
)
def counted(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return float((scores.argmax(axis=1) == labels).sum())


@misconception(
    "accuracy",
    name="the share of wrong predictions is returned",
    belief="The comparison counts the errors.",
    explanation="Accuracy is the share that is correct; what you return is the error rate, one minus it.",
    hints=("All predictions are correct: what should the result be?", "== in place of !=."),
)
def share_of_wrong(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return float((scores.argmax(axis=1) != labels).mean())


@misconception(
    "accuracy",
    name="the share is in percent",
    belief="Accuracy is a number from 0 to 100.",
    explanation="It is a share from 0 to 1; only where it is printed it may be a percentage.",
    hints=("All predictions are correct: 1, or 100?", "The mean of truth values is the share."),
)
def in_percent(logits: Any, labels: Any) -> float:
    scores, labels = to_array(logits), to_array(labels)
    return 100 * float((scores.argmax(axis=1) == labels).mean())


@misconception(
    "accuracy",
    name="an array with one number is returned, not a Python float",
    belief="An array with one element is a number.",
    explanation="An array prints and saves differently; history and checkpoints hold plain Python numbers.",
    hints=("What is type(accuracy(...))?", "float(...mean())."),
)
def array_of_one(logits: Any, labels: Any) -> Any:
    scores, labels = to_array(logits), to_array(labels)
    return np.asarray((scores.argmax(axis=1) == labels).mean())


# --- measures and Meter ---


@draws("measures")
def _measurements(generator: np.random.Generator, home: types.ModuleType) -> Case:
    """Return what is measured with targets of four kinds, errors included."""

    def measured(loss: Any, outputs: Any) -> list[Any]:
        facts: list[Any] = []
        shapes = [(np.int64, (3,)), (np.uint8, (3,)), (np.int64, (3, 4)), (np.float32, (3,)), (np.float32, (3, 4))]
        for dtype, shape in shapes:
            try:
                found = home.measures(loss, outputs, home.Tensor(np.ones(shape, dtype)))
                facts += [[name, float(found[name]), isinstance(found[name], float)] for name in sorted(found)]
            except Exception as error:
                facts.append(type(error).__name__)
        return facts

    logits = generator.standard_normal((3, 4))
    return Case(measured, home.Tensor(generator.standard_normal(())), home.Tensor(logits))


@misconception(
    "measures",
    name="the loss stays a tensor",
    belief="The loss is what was computed.",
    explanation="A tensor keeps its graph in memory, and a history is saved as plain numbers: float(loss).",
    hints=("What is the type of your loss?", '{"loss": float(loss)}.'),
)
def loss_stays_a_tensor(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return {**_measures(float(loss), outputs, targets), "loss": loss}


def _measures(loss: float, outputs: Any, targets: Any, labels: bool | None = None) -> dict[str, Any]:
    if labels is None:
        labels = targets.dtype.kind in "iu" and targets.ndim == outputs.ndim - 1
    return {"loss": loss, **({"accuracy": called_from().accuracy(outputs, targets)} if labels else {})}


@misconception(
    "measures",
    name="the accuracy is always measured",
    belief="Every network classifies.",
    explanation="Without class labels, as in regression, there is no accuracy.",
    hints=("What are the targets of a regression?", 'if targets.dtype.kind in "iu" and ...'),
)
def always_accuracy(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return _measures(float(loss), outputs, targets, True)


@misconception(
    "measures",
    name="the accuracy is never measured",
    belief="The loss says everything.",
    explanation="Where the targets are class labels, the accuracy is measured, too.",
    hints=("Which entries has the result for integer labels?", 'values["accuracy"] = accuracy(outputs, targets).'),
)
def never_accuracy(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return _measures(float(loss), outputs, targets, False)


@misconception(
    "measures",
    name="floating targets are taken for class labels",
    belief="Targets with one axis less than the outputs are labels.",
    explanation="Class labels are integers, too: their dtype has the kind i or u.",
    hints=("What does a regression with one number for each example have as targets?", 'targets.dtype.kind in "iu".'),
)
def labels_by_axes(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return _measures(float(loss), outputs, targets, targets.ndim == outputs.ndim - 1)


@misconception(
    "measures",
    name="integer targets of any shape are taken for class labels",
    belief="Integers are labels.",
    explanation="One label for each example is one axis less than the outputs have.",
    hints=("What shape have labels beside outputs (N, C)?", "targets.ndim == outputs.ndim - 1."),
)
def labels_by_dtype(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return _measures(float(loss), outputs, targets, targets.dtype.kind in "iu")


@misconception(
    "measures",
    name="only signed integers are taken for class labels",
    belief='The kind of an integer dtype is "i".',
    explanation='Labels are often bytes, uint8, whose kind is "u".',
    hints=("What is np.dtype(np.uint8).kind?", 'targets.dtype.kind in "iu".'),
)
def only_signed_labels(loss: Any, outputs: Any, targets: Any) -> dict[str, Any]:
    return _measures(float(loss), outputs, targets, targets.dtype.kind == "i" and targets.ndim == outputs.ndim - 1)


def _batches(generator: np.random.Generator, home: types.ModuleType) -> Case:
    """Return the means after each of three batches, errors included."""

    def means(losses: Array, shares: Array) -> list[Any]:
        meter, facts = home.Meter(), []
        for examples, loss, share in zip((4, 2, 1), losses, shares, strict=True):
            try:
                meter.add(examples, {"loss": float(loss), "accuracy": float(share)})
                found = meter.means()
                facts += [meter.examples, *(found[name] for name in ("loss", "accuracy"))]
            except Exception as error:
                facts.append(type(error).__name__)
        return facts

    return Case(means, generator.uniform(1.0, 3.0, 3), generator.uniform(0.0, 1.0, 3))


draws("Meter.add")(_batches)
draws("Meter.means")(_batches)


@misconception(
    "Meter.add",
    name="every batch counts the same, however many examples it has",
    belief="The mean of the batches' means is the mean.",
    explanation="The last batch is smaller: its examples would have more weight. Weight a batch with its examples.",
    hints=("Losses 0.5 of three examples and 4.5 of one: what is the mean of the four?", "value * examples."),
)
def unweighted(self: Any, examples: int, values: dict[str, float]) -> None:
    self.examples += 1
    for name, value in values.items():
        self.sums[name] = self.sums.get(name, 0.0) + value


@misconception(
    "Meter.add",
    name="the means are added up without their weights",
    belief="A sum over batches is a sum of their values.",
    explanation="value is a mean: the sum over the batch is value * examples.",
    hints=("A batch of 64 with a mean loss of 0.7: what is the sum of its losses?", "value * examples."),
)
def means_added(self: Any, examples: int, values: dict[str, float]) -> None:
    self.examples += examples
    for name, value in values.items():
        self.sums[name] = self.sums.get(name, 0.0) + value


@misconception(
    "Meter.add",
    name="a batch replaces those before it",
    belief="= stores the new value.",
    explanation="The sums are over all batches: add to what is there.",
    hints=("What is in sums after the second batch?", "self.sums.get(name, 0.0) + value * examples."),
)
def sums_replaced(self: Any, examples: int, values: dict[str, float]) -> None:
    self.examples += examples
    for name, value in values.items():
        self.sums[name] = value * examples


@misconception(
    "Meter.add",
    name="the examples are those of the last batch",
    belief="self.examples = examples.",
    explanation="examples counts all examples so far: +=.",
    hints=("What is meter.examples after batches of 4 and 2? 6.", "self.examples += examples."),
)
def examples_replaced(self: Any, examples: int, values: dict[str, float]) -> None:
    self.examples = examples
    for name, value in values.items():
        self.sums[name] = self.sums.get(name, 0.0) + value * examples


@misconception(
    "Meter.add",
    name="the examples are counted once for each name",
    belief="Everything belongs into the loop.",
    explanation="A batch of 4 with a loss and an accuracy has 4 examples, not 8.",
    hints=("What is meter.examples after a batch of 4 with two values?", "Count before the loop."),
)
def counted_per_name(self: Any, examples: int, values: dict[str, float]) -> None:
    for name, value in values.items():
        self.examples += examples
        self.sums[name] = self.sums.get(name, 0.0) + value * examples


@misconception(
    "Meter.add",
    name="a new name is an error",
    belief="self.sums[name] += ... begins with 0.",
    explanation="A dict has no entry for a name that it has not seen: self.sums.get(name, 0.0).",
    hints=("What is self.sums before the first batch?", "self.sums.get(name, 0.0) is 0.0 for a new name."),
)
def new_name_fails(self: Any, examples: int, values: dict[str, float]) -> None:
    self.examples += examples
    for name, value in values.items():
        self.sums[name] += value * examples


@misconception(
    "Meter.means",
    name="the sums are not divided",
    belief="The meter holds the result.",
    explanation="It holds sums over all examples; a mean is the sum divided by their number.",
    hints=("Two batches with loss 1: is the mean 1?", "total / self.examples."),
)
def sums_not_divided(self: Any) -> dict[str, float]:
    return dict(self.sums)


@misconception(
    "Meter.means",
    name="the sums themselves are divided",
    belief="The sums are not needed any more.",
    explanation="means is called after every batch, for the progress bar: the sums must stay.",
    hints=("What does a second call of means return?", "Make a new dict of the means."),
)
def sums_become_means(self: Any) -> dict[str, float]:
    for name in self.sums:
        self.sums[name] /= self.examples
    return dict(self.sums)


@misconception(
    "Meter.means",
    name="the meter is emptied",
    belief="Who asks for the means is done.",
    explanation="means is called after every batch, for the progress bar: the sums must stay.",
    hints=("What does a second call of means return?", "means only computes; it changes nothing."),
)
def meter_emptied(self: Any) -> dict[str, float]:
    means = {name: total / self.examples for name, total in self.sums.items()}
    self.sums, self.examples = {}, 0
    return means


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


def _gradients(parameters: Any) -> list[Any]:
    """Return the parameters that have a gradient."""
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
    found = _gradients(parameters)
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
    found = _gradients(parameters)
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
    explanation="The length is *at most* max_norm: a shorter gradient stays as it is.",
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
    explanation="That is at most max_norm. The length *before* shows the caller when gradients explode.",
    hints=("When do you compute what you return: before or after scaling?", "Keep the first length and return it."),
)
def length_after(parameters: Any, max_norm: float) -> float:
    found = _gradients(parameters)
    _clip(found, max_norm)
    return _length(found)


@misconception(
    "clip_grad_norm",
    name="nothing is returned",
    belief="The function changes the gradients; that is all.",
    explanation="It also returns the length before, a number to watch: it shows when gradients explode.",
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
    name="the gradients are divided by their length, at any max_norm",
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
