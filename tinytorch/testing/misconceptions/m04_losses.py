"""Module 04: what goes wrong between scores and the one number that training makes smaller."""

from __future__ import annotations

import importlib
import math
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray

# --- reductions ---


@draws("reduce_losses")
def _reductions(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def reduced(x: Any) -> list[Any]:
        w, divisors = home.Tensor(x.data, requires_grad=True), (7, 2.5)
        found = [home.reduce_losses(x, how, divisor) for how in ("none", "sum", "mean") for divisor in divisors]
        return [*found, *(home.reduce_losses(w, how, 2).grad_fn is None for how in ("sum", "mean"))]

    return Case(reduced, home.Tensor(generator.standard_normal((2, 3))))


@misconception(
    "reduce_losses",
    name="the mean divides by the number of losses, not by the divisor",
    belief="losses.mean() is the mean.",
    explanation="The divisor is given, because labels that are ignored or weighted change it.",
    hints=("Where do you use divisor?", "losses.sum() / divisor."),
)
def mean_of_losses(losses: Any, reduction: Any, divisor: Any) -> Any:
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


@misconception(
    "reduce_losses",
    name="the sum is divided as well",
    belief="Every reduction ends with a division.",
    explanation="'sum' adds the losses up and nothing else; only 'mean' divides.",
    hints=("What should the losses 1, 2 and 6 give for 'sum'? 9.", "Divide only where reduction is 'mean'."),
)
def sum_divided_as_well(losses: Any, reduction: Any, divisor: Any) -> Any:
    return losses if reduction == "none" else losses.sum() / divisor


@misconception(
    "reduce_losses",
    name="the mean is not divided",
    belief="Adding the losses up is enough.",
    explanation="'mean' is the sum divided by the divisor. Without it the loss grows with the batch.",
    hints=("Where do you use divisor?", "losses.sum() / divisor."),
)
def mean_not_divided(losses: Any, reduction: Any, divisor: Any) -> Any:
    return losses if reduction == "none" else losses.sum()


@misconception(
    "reduce_losses",
    name="'none' is reduced too",
    belief="A loss is one number.",
    explanation="'none' returns the losses as they are, one for each element or sample.",
    hints=("What should 'none' return for three losses? All three.", 'if reduction == "none": return losses.'),
)
def none_is_summed(losses: Any, reduction: Any, divisor: Any) -> Any:
    return losses.sum() / divisor if reduction == "mean" else losses.sum()


@misconception(
    "reduce_losses",
    name="the losses are added up with NumPy, outside of the graph",
    belief="losses.data.sum() is the sum.",
    explanation="What is computed from .data is not recorded, so nothing can learn from it.",
    hints=("Does the result have a grad_fn?", "losses.sum(), of the tensor."),
)
def reduced_outside_graph(losses: Any, reduction: Any, divisor: Any) -> Any:
    here: Any = called_from()
    if reduction == "none":
        return losses
    total = losses.data.sum()
    return here.Tensor(total if reduction == "sum" else total / divisor)


# --- mean squared error ---


@draws("mse_loss")
def _squared_errors(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def losses(x: Any, y: Any) -> list[Any]:
        w = home.Tensor(x.data, requires_grad=True)
        found = [home.mse_loss(x, y), *(home.mse_loss(x, y, reduction=how) for how in ("mean", "sum", "none"))]
        return [*found, home.mse_loss(w, y).grad_fn is None]

    return Case(losses, *(home.Tensor(generator.standard_normal((2, 3))) for _ in range(2)))


def _squared_error(
    input: Any, target: Any, reduction: str, loss: Callable[[Any], Any], divisor: Callable[[Any], float] | None = None
) -> Any:
    """mse_loss with another loss of the difference, or another divisor of the mean."""
    here: Any = called_from()
    input, target = here.as_tensors((input, target))
    return here.reduce_losses(
        loss(input - target), reduction, math.prod(input.shape) if divisor is None else divisor(input)
    )


@misconception(
    "mse_loss",
    name="the squares are added up and not divided",
    belief="The loss is the squared distance.",
    explanation="The mean squared error is their mean: it does not grow with the batch.",
    hints=("Is the loss of two equal batches twice that of one?", "reduce_losses(..., reduction, input.numel())."),
)
def mse_not_divided(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d, lambda input: 1)


@misconception(
    "mse_loss",
    name="the sum is divided by the number of samples, not of elements",
    belief="A mean is over the batch.",
    explanation="As in torch the mean is over all elements: for (64, 10) the sum is divided by 640.",
    hints=("How many squared differences are there?", "input.numel()."),
)
def mse_by_samples(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d, lambda input: len(input.data) if input.ndim else 1)


@misconception(
    "mse_loss",
    name="the differences are not squared but taken without their sign",
    belief="The error is the distance.",
    explanation="That is the mean absolute error. Squares cost almost nothing near 0 and much far away.",
    hints=("What does a difference of 3 cost? 9.", "difference * difference."),
)
def absolute_error(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d.abs())


@misconception(
    "mse_loss",
    name="the differences are not squared",
    belief="The error is the difference.",
    explanation="Too high and too low would cancel out, and less than the target would count as good.",
    hints=("Can a loss be negative?", "difference * difference."),
)
def signed_error(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d)


@misconception(
    "mse_loss",
    name="the squares are halved",
    belief="The factor 1/2 makes the gradient simple.",
    explanation="Some textbooks have it. torch does not, and published numbers do not.",
    hints=("What does a difference of 3 cost? 9.", "No factor."),
)
def half_squares(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d * 0.5)


@misconception(
    "mse_loss",
    name="the root of the mean is taken",
    belief="The loss is the distance: a root of squares.",
    explanation="That is the root mean squared error. The loss is the mean itself.",
    hints=("What do two differences of 3 cost? 9.", "No sqrt."),
)
def root_of_mean(input: Any, target: Any, reduction: str = "mean") -> Any:
    out = _squared_error(input, target, reduction, lambda d: d * d)
    return out.sqrt() if reduction == "mean" else out


@misconception(
    "mse_loss",
    name="the reduction is ignored and the mean is always taken",
    belief="A loss is a mean.",
    explanation="reduction says what happens to the losses: 'none' keeps them, 'sum' adds them up.",
    hints=("Where do you use reduction?", "reduce_losses(losses, reduction, divisor)."),
)
def mse_always_mean(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, "mean", lambda d: d * d)


@misconception(
    "mse_loss",
    name="it is computed with NumPy, outside of the graph",
    belief="((input.data - target.data) ** 2).mean() is the loss.",
    explanation="What is computed from .data is not recorded: nothing would ever learn from this loss.",
    hints=("Does the loss have a grad_fn?", "input - target, of tensors."),
)
def mse_outside_graph(input: Any, target: Any, reduction: str = "mean") -> Any:
    here: Any = called_from()
    return here.Tensor(_squared_error(input, target, reduction, lambda d: d * d).data)


# --- the target distribution ---


@draws("target_distribution")
def _distributions(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def distributions(labels: Array, weight: Array, pixels: Array) -> list[Any]:
        x, y, w = (
            home.Tensor(np.zeros((len(labels), len(weight)), np.float32)),
            home.Tensor(labels),
            home.Tensor(weight),
        )
        settings = [(None, -100, 0.0), (None, -100, 0.3), (w, -100, 0.0), (w, -100, 0.3), (w, 1, 0.2)]
        calls = [(x, y, *setting) for setting in settings]
        calls += [(x, home.Tensor(np.where(labels == 2, -100, labels)), *setting) for setting in settings[:-1]]
        calls += [(home.Tensor(np.zeros((2, len(weight), 3))), home.Tensor(pixels), w, 0, 0.1)]
        calls += [(home.Tensor(np.zeros(len(weight))), home.Tensor(labels[0]), w, -100, 0.1)]
        found: list[Any] = []
        for call in calls:
            try:
                q, divisor = home.target_distribution(*call)
                found += [q, divisor, str(q.dtype)]
            except (IndexError, ValueError) as error:
                found.append(type(error).__name__)
        return found

    labels = np.append(generator.integers(0, 4, 4), [1, 2])
    return Case(distributions, labels, generator.uniform(0.5, 3.0, 4), np.array([[0, 1, 2], [3, 0, 1]]))


class _Parts(NamedTuple):
    """What q is made of, the classes on the last axis: [c = y], what is not ignored, w, e/C; and the class axis."""

    on_label: Array
    kept: Array
    w: Array
    share: float
    axis: int


def _parts(input: Any, target: Any, weight: Any, ignore_index: int, e: float) -> _Parts:
    axis = 1 if input.ndim > 1 else 0
    count = input.shape[axis]
    labels = target.data[..., None]
    w = np.ones(count) if weight is None else weight.data
    return _Parts(labels == np.arange(count), labels != ignore_index, w, e / count, axis)


def _pair(input: Any, q: Array, divisor: Any, axis: int | None = None, dtype: Any = None) -> tuple[Any, Any]:
    """(q, divisor) as the chapter returns them; the classes of q stand on the last axis here."""
    here: Any = called_from()
    axis = (1 if input.ndim > 1 else 0) if axis is None else axis
    return here.Tensor(np.moveaxis(q, -1, axis), dtype=input.dtype if dtype is None else dtype), divisor


@misconception(
    "target_distribution",
    name="the label itself gets no part of what is spread",
    belief="Smoothing leaves 1 - e on the label.",
    explanation="What is taken from the label is spread over all C classes, the label too: 1 - e + e/C there.",
    hints=("What do your rows sum to? They should sum to 1.", "(1 - e) on the label, plus e/C on every class."),
)
def label_without_its_share(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, share, _ = _parts(input, target, weight, ignore_index, label_smoothing)
    q = w * kept * np.where(on_label, 1 - label_smoothing, share)
    return _pair(input, q, (w * kept * on_label).sum())


@misconception(
    "target_distribution",
    name="the smoothing is spread over the other classes only",
    belief="What is taken from the label goes to the others: e / (C - 1) each.",
    explanation="As in torch it goes to every class, the label included: e/C each.",
    hints=("For three classes and e = 0.3, what stands beside the label? 0.1.", "e/C on every class."),
)
def spread_over_others(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, _, axis = _parts(input, target, weight, ignore_index, label_smoothing)
    q = w * kept * np.where(on_label, 1 - label_smoothing, label_smoothing / (input.shape[axis] - 1))
    return _pair(input, q, (w * kept * on_label).sum())


@misconception(
    "target_distribution",
    name="the smoothing is divided by C - 1 and added to all C classes",
    belief="There are C - 1 other classes.",
    explanation="What is taken from the label is spread over all C classes, the label too: e/C each.",
    hints=("What do your rows sum to? They should sum to 1.", "label_smoothing / C."),
)
def smoothing_over_one_less(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, _, axis = _parts(input, target, weight, ignore_index, label_smoothing)
    q = w * kept * ((1 - label_smoothing) * on_label + label_smoothing / (input.shape[axis] - 1))
    return _pair(input, q, (w * kept * on_label).sum())


@misconception(
    "target_distribution",
    name="the smoothing is what the label gets",
    belief="The label's probability is the smoothing.",
    explanation="The smoothing e is taken away from the label: it keeps 1 - e, and its share of what is spread.",
    hints=("Without smoothing, e = 0, what stands at the label? 1.", "(1 - e) * [c = y] + e/C."),
)
def smoothing_on_label(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, _, axis = _parts(input, target, weight, ignore_index, label_smoothing)
    q = w * kept * (label_smoothing * on_label + (1 - label_smoothing) / input.shape[axis])
    return _pair(input, q, (w * kept * on_label).sum())


@misconception(
    "target_distribution",
    name="the smoothing is added to every class and not divided by their number",
    belief="Every class gets e.",
    explanation="e is shared by the C classes: each gets e/C, so that a row still sums to 1.",
    hints=("What do your rows sum to? They should sum to 1.", "label_smoothing / C."),
)
def smoothing_not_shared(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, _, _ = _parts(input, target, weight, ignore_index, label_smoothing)
    q = w * kept * ((1 - label_smoothing) * on_label + label_smoothing)
    return _pair(input, q, (w * kept * on_label).sum())


@misconception(
    "target_distribution",
    name="label smoothing is left out",
    belief="A label puts everything on its class.",
    explanation="Only without smoothing; else every class gets e/C, and the label 1 - e more.",
    hints=("Where do you use label_smoothing?", "(1 - e) * [c = y] + e/C."),
)
def smoothing_left_out(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, _, _ = _parts(input, target, weight, ignore_index, label_smoothing)
    return _pair(input, w * kept * on_label, (w * kept * on_label).sum())


def _right_q(parts: _Parts, e: float) -> Array:
    return parts.w * parts.kept * ((1 - e) * parts.on_label + parts.share)


@misconception(
    "target_distribution",
    name="ignored labels count in the divisor",
    belief="The mean divides by the number of labels.",
    explanation="An ignored label counts nowhere: else it would make the mean smaller.",
    hints=("Labels [1, -100] without weights: what is the divisor? 1.", "Leave out what is ignored there as well."),
)
def ignored_in_divisor(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    of_classes = parts.w * parts.on_label * parts.kept
    ignored = (~parts.kept).sum() if weight is None else (parts.w[0] * ~parts.kept).sum()
    return _pair(input, _right_q(parts, label_smoothing), of_classes.sum() + ignored)


@misconception(
    "target_distribution",
    name="an ignored label that is a class counts as that class",
    belief="No class is equal to an ignored label.",
    explanation="ignore_index may be a class, as 'background'. Its row of q is 0, and the divisor leaves it out.",
    hints=("What is the row of q for label 2 with ignore_index=2? Zeros.", "Multiply by target != ignore_index."),
)
def ignored_class_counts(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    parts = parts._replace(kept=parts.kept | parts.on_label.any(axis=-1, keepdims=True))
    return _pair(input, _right_q(parts, label_smoothing), (parts.w * parts.on_label).sum())


@misconception(
    "target_distribution",
    name="an ignored sample still gets what is spread",
    belief="An ignored label is no class, so it puts nothing anywhere.",
    explanation="With smoothing every class gets e/C; for an ignored label that must be 0 as well.",
    hints=("What is the row of q of an ignored label? Zeros, also with smoothing.", "Multiply the whole row by kept."),
)
def ignored_is_smoothed(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    on_label, kept, w, share, _ = _parts(input, target, weight, ignore_index, label_smoothing)
    on_label = on_label & kept
    return _pair(input, w * ((1 - label_smoothing) * on_label + share), (w * on_label).sum())


@misconception(
    "target_distribution",
    name="-100 is ignored, whatever ignore_index says",
    belief="The ignored label is -100.",
    explanation="That is only the default: the caller says which label is ignored.",
    hints=("Where do you use ignore_index?", "target.data != ignore_index."),
)
def minus_100_ignored(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, -100, label_smoothing)
    return _pair(input, _right_q(parts, label_smoothing), (parts.w * parts.on_label * parts.kept).sum())


@misconception(
    "target_distribution",
    name="labels are used as indices, ignored ones too",
    belief="np.eye(C)[target] makes a row for each label.",
    explanation="An ignored label may be no class, such as -100: there is no row -100. Compare the labels instead.",
    hints=("What does np.eye(3)[-100] do?", "target.data[..., None] == np.arange(C) is False everywhere for -100."),
)
def ignored_as_index(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    parts = parts._replace(on_label=np.eye(len(parts.w))[target.data])
    return _pair(input, _right_q(parts, label_smoothing), (parts.w * parts.on_label * parts.kept).sum())


@misconception(
    "target_distribution",
    name="the divisor counts the labels, not their weights",
    belief="A mean divides by how many there are.",
    explanation="A sample that counts five times counts five times in the divisor as well: the sum of w_y.",
    hints=("Labels 1 and 2 with weights 2 and 5: what is the divisor? 7.", "Multiply [c = y] by the weights first."),
)
def weights_not_in_divisor(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    return _pair(input, _right_q(parts, label_smoothing), (parts.on_label * parts.kept).sum())


@misconception(
    "target_distribution",
    name="the divisor is the sum of q",
    belief="What counts is q, so the mean divides by all of it.",
    explanation="With smoothing and weights q also holds the weights of other classes. The divisor is the sum of w_y.",
    hints=(
        "Labels 1 and 2 with weights 2 and 5: what is the divisor, with smoothing? 7.",
        "Only where c is the label.",
    ),
)
def divisor_is_sum_of_q(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    q = _right_q(_parts(input, target, weight, ignore_index, label_smoothing), label_smoothing)
    return _pair(input, q, q.sum())


@misconception(
    "target_distribution",
    name="the class weights are in the divisor only",
    belief="Class weights are a matter of the mean.",
    explanation="They multiply the columns of q: a rare class has to cost more, not only to count more in the divisor.",
    hints=("Where does w_c stand in the formula of q?", "Column c of q is multiplied by w_c."),
)
def weights_not_in_q(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    without = parts._replace(w=np.ones_like(parts.w))
    return _pair(input, _right_q(without, label_smoothing), (parts.w * parts.on_label * parts.kept).sum())


@misconception(
    "target_distribution",
    name="a whole row gets its label's weight",
    belief="A sample is weighted by its class.",
    explanation="Column c is multiplied by w_c: with smoothing, the other classes count by their own weights.",
    hints=("Row [0.1, 0.8, 0.1] times weights [1, 2, 5] is [0.1, 1.6, 0.5].", "w along the class axis, not w[y]."),
)
def rows_weighted(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    of_label = (parts.w * parts.on_label).sum(axis=-1, keepdims=True)
    rows = of_label * _right_q(parts._replace(w=np.ones_like(parts.w)), label_smoothing)
    return _pair(input, rows, (of_label * parts.kept).sum())


@misconception(
    "target_distribution",
    name="the classes are left on the last axis",
    belief="The last axis is the class axis.",
    explanation="For images it is axis 1: q must have the shape of the input, (batch, classes, height, width).",
    hints=("What shape has q for an image of labels?", "np.moveaxis(q, -1, class_axis(input))."),
)
def classes_left_last(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    divisor = (parts.w * parts.on_label * parts.kept).sum()
    return _pair(input, _right_q(parts, label_smoothing), divisor, axis=-1)


@misconception(
    "target_distribution",
    name="q is float64, whatever the input is",
    belief="NumPy chooses the dtype.",
    explanation="A float64 q makes every loss of a float32 network float64: q has the dtype of the input.",
    hints=("What is q.dtype for float32 scores?", "Tensor(..., dtype=input.dtype)."),
)
def q_in_float64(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0
) -> Any:
    parts = _parts(input, target, weight, ignore_index, label_smoothing)
    divisor = (parts.w * parts.on_label * parts.kept).sum()
    return _pair(input, _right_q(parts, label_smoothing), divisor, dtype=np.float64)


# --- the losses of samples ---


@draws("sample_losses")
def _samples(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def samples(x: Array, q: Array, far: Array) -> list[Any]:
        log_p, counts = home.Tensor(x), home.Tensor(q)
        none = home.Tensor(np.where(far > 0.5, q, 0.0))
        found = [home.sample_losses(log_p, counts), home.sample_losses(log_p[0, :, 0], counts[0, :, 0])]
        found += [home.sample_losses(home.Tensor(np.where(none.data == 0, -np.inf, x)), none)]
        return [*found, home.sample_losses(home.Tensor(x, requires_grad=True), counts).grad_fn is None]

    x, q, far = (generator.uniform(0.1, 0.9, (2, 3, 3)) for _ in range(3))
    return Case(samples, np.log(x), q, far)


@misconception(
    "sample_losses",
    name="the sign is missing",
    belief="The loss is the log-probability of the true class.",
    explanation="It is minus that: log-probabilities are negative, and a loss gets smaller as things get better.",
    hints=("What is the loss of probability 0.1? 2.303.", "-(q * ...).sum(...)."),
)
def sign_missing(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return (q * here.where(q != 0, log_p, 0.0)).sum(dim=1 if log_p.ndim > 1 else 0)


@misconception(
    "sample_losses",
    name="0 is multiplied by minus infinity",
    belief="Where q is 0 the product is 0.",
    explanation="0 * inf is NaN: where q is 0, the log-probability must be replaced before the product.",
    hints=("What is 0 * np.inf?", "where(q != 0, log_p, 0.0)."),
)
def zero_times_infinity(log_p: Any, q: Any) -> Any:
    return -(q * log_p).sum(dim=1 if log_p.ndim > 1 else 0)


@misconception(
    "sample_losses",
    name="the sum goes over the last axis",
    belief="The classes stand last.",
    explanation="They stand on axis 1 of a batch, also for images: (batch, classes, height, width).",
    hints=("Which axis of (N, C, H, W) holds the classes?", "dim=class_axis(log_p)."),
)
def summed_over_last_axis(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return -(q * here.where(q != 0, log_p, 0.0)).sum(dim=-1)


@misconception(
    "sample_losses",
    name="the sum goes over everything",
    belief="A loss is one number.",
    explanation="Here each sample keeps its own loss; reduce_losses makes one number of them, or does not.",
    hints=("How many losses have six samples?", ".sum(dim=class_axis(log_p))."),
)
def summed_over_everything(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return -(q * here.where(q != 0, log_p, 0.0)).sum()


@misconception(
    "sample_losses",
    name="the mean over the classes is taken",
    belief="A sample's loss is a mean over its classes.",
    explanation="It is the sum: q says how much each class counts, and sums to 1 for a plain label.",
    hints=("What do ten equal scores cost? ln 10 = 2.303.", ".sum(...), not .mean(...)."),
)
def mean_over_classes(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return -(q * here.where(q != 0, log_p, 0.0)).mean(dim=1 if log_p.ndim > 1 else 0)


@misconception(
    "sample_losses",
    name="q only chooses the classes and is not multiplied",
    belief="q says which class counts.",
    explanation="It also says how much: with weights or smoothing its entries are neither 0 nor 1.",
    hints=("What does a class with q = 0.5 cost? Half of -log p.", "q * ..., then the sum."),
)
def q_only_chooses(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return -here.where(q != 0, log_p, 0.0).sum(dim=1 if log_p.ndim > 1 else 0)


@misconception(
    "sample_losses",
    name="the logarithm is taken once more",
    belief="The probabilities are given.",
    explanation="log_p holds logarithms already: the loss is -sum of q * log_p.",
    hints=("What does the docstring say that log_p is?", "No log here."),
)
def log_of_log(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    return -(q * here.where(q != 0, log_p.log(), 0.0)).sum(dim=1 if log_p.ndim > 1 else 0)


@misconception(
    "sample_losses",
    name="it is computed with NumPy, outside of the graph",
    belief="q.data * log_p.data is the product.",
    explanation="What is computed from .data is not recorded: nothing would ever learn from this loss.",
    hints=("Does the loss have a grad_fn?", "q * where(...), of tensors."),
)
def samples_outside_graph(log_p: Any, q: Any) -> Any:
    here: Any = called_from()
    counted = np.where(q.data != 0, log_p.data, 0)
    return here.Tensor(-(q.data * counted).sum(axis=1 if log_p.ndim > 1 else 0))


# --- cross entropy ---


def _labelled(generator: np.random.Generator, home: types.ModuleType, name: str) -> Case:
    smoothing: list[dict[str, Any]] = [{"label_smoothing": 0.3}] if name == "cross_entropy" else []

    def losses(x: Any, y: Any, w: Any, image: Any, pixels: Any, far: Any) -> list[Any]:
        loss = getattr(home, name)
        settings: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"ignore_index": 1}]
        found = [loss(x, y, *weight, **one) for weight in ((), (w,)) for one in settings + smoothing]
        one, none = home.Tensor(np.zeros(1, np.int64)), home.Tensor(np.full(y.shape, -100))
        found += [loss(image, pixels, w), loss(far, one, reduction="none"), loss(x, none, reduction="sum")]
        return [*found, loss(home.Tensor(x.data, requires_grad=True), y).grad_fn is None]

    shapes = ((6, 4), (4,), (2, 4, 4))
    x, w, image = (generator.uniform(0.1, 0.9, shape) for shape in shapes)
    if name == "nll_loss":
        x, image = (np.log(p / p.sum(axis=1, keepdims=True)) for p in (x, image))
    y, pixels = np.append(generator.integers(0, 4, 4), [1, 2]), generator.integers(0, 4, (2, 4))
    far = np.array([[-800.0, 0.0]])
    return Case(losses, *map(home.Tensor, (x, y, w, image, pixels, far)))


@draws("nll_loss")
def _nll_losses(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _labelled(generator, home, "nll_loss")


@draws("cross_entropy")
def _cross_entropies(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _labelled(generator, home, "cross_entropy")


def _nll(
    input: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float = 0.0,
    *,
    log_p: Callable[[Any, Any], Any] = lambda here, input: input,
    divisor: Callable[[Any, Any, Any], Any] = lambda right, input, target: right,
) -> Any:
    """nll_loss, or with another log_p cross_entropy; `divisor(right one, input, target)` may be another one."""
    here: Any = called_from()
    input, target, weight = here.as_tensors((input, target, weight))
    q, right = here.target_distribution(input, target, weight, ignore_index, smoothing)
    return here.reduce_losses(here.sample_losses(log_p(here, input), q), reduction, divisor(right, input, target))


@misconception(
    "nll_loss",
    name="the input is taken for probabilities",
    belief="nll_loss gets probabilities.",
    explanation="It gets their logarithms: the output of log_softmax.",
    hints=("What is the input of nll_loss, by its docstring?", "No log in nll_loss."),
)
def probabilities_for_nll(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll(input, target, weight, ignore_index, reduction, log_p=lambda here, input: input.log())


@misconception(
    "nll_loss",
    name="the class weights are not passed on",
    belief="Weights are a matter of cross_entropy.",
    explanation="target_distribution needs them: w_y times the loss, and the mean divides by their sum.",
    hints=("Where do you use weight?", "target_distribution(input, target, weight, ignore_index)."),
)
def nll_without_weights(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll(input, target, None, ignore_index, reduction)


@misconception(
    "nll_loss",
    name="ignore_index is not passed on",
    belief="target_distribution knows what is ignored.",
    explanation="It takes -100 unless it is given another label.",
    hints=("Where do you use ignore_index?", "target_distribution(input, target, weight, ignore_index)."),
)
def nll_ignore_index_not_passed(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll(input, target, weight, -100, reduction)


@misconception(
    "nll_loss",
    name="the mean divides by the number of samples, whatever they weigh",
    belief="A mean is over the batch.",
    explanation="It divides by the sum of the weights of the labels that are not ignored.",
    hints=("What does target_distribution return beside q?", "Pass its divisor on."),
)
def nll_by_samples(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    size: Any = lambda right, input, target: math.prod(target.shape)  # noqa: E731
    return _nll(input, target, weight, ignore_index, reduction, divisor=size)


@misconception(
    "nll_loss",
    name="the reduction is ignored and the mean is always taken",
    belief="A loss is a mean.",
    explanation="reduction says what happens to the losses: 'none' keeps them, 'sum' adds them up.",
    hints=("Where do you use reduction?", "reduce_losses(losses, reduction, divisor)."),
)
def nll_always_mean(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll(input, target, weight, ignore_index, "mean")


def _log_softmax(here: Any, input: Any) -> Any:
    return here.log_softmax(input, dim=1 if input.ndim > 1 else 0)


def _softmax(here: Any, input: Any) -> Any:
    return _log_softmax(here, input).exp()


@misconception(
    "cross_entropy",
    name="the input is taken for log-probabilities",
    belief="cross_entropy is nll_loss with smoothing.",
    explanation="cross_entropy expects raw scores and takes log_softmax itself.",
    hints=("Can a log-probability be positive? A score can.", "log_softmax(input, dim=class_axis(input))."),
)
def log_probabilities_expected(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    return _nll(input, target, weight, ignore_index, reduction, label_smoothing)


@misconception(
    "cross_entropy",
    name="the input is taken for probabilities",
    belief="A classifier gives probabilities.",
    explanation="cross_entropy expects raw scores and takes log_softmax itself.",
    hints=("Can a score be negative? A probability cannot.", "log_softmax(input, dim=class_axis(input))."),
)
def probabilities_expected(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=lambda here, input: input.log())


@misconception(
    "cross_entropy",
    name="softmax is applied twice",
    belief="The scores must become probabilities first.",
    explanation="log_softmax takes scores. Of probabilities, between 0 and 1, it makes a loss that cannot get small.",
    hints=("How small can the loss of ten classes get with yours?", "log_softmax of the input itself."),
)
def softmax_twice(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=lambda here, x: _log_softmax(here, _softmax(here, x)))


@misconception(
    "cross_entropy",
    name="the logarithm is taken of softmax",
    belief="log(softmax(x)) is log_softmax(x).",
    explanation="A hopeless class has probability 0 after rounding, and the loss would be infinite.",
    hints=("What is the loss of scores 0 and -200 with label 1? 200.", "log_softmax, in one."),
)
def log_then_softmax(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=lambda here, x: _softmax(here, x).log())


@misconception(
    "cross_entropy",
    name="the probability itself is what counts, without its logarithm",
    belief="The loss is minus the probability of the true class.",
    explanation="It is minus its logarithm: certain and wrong costs without limit.",
    hints=("What is the loss of probability 0.1? 2.303.", "log_softmax, not softmax."),
)
def without_logarithm(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=_softmax)


@misconception(
    "cross_entropy",
    name="the samples of the batch compete, not the classes",
    belief="softmax goes over axis 0.",
    explanation="Axis 0 is the batch. Each sample's classes, along axis 1, compete with each other.",
    hints=("Along which axis do the probabilities of one sample stand?", "dim=class_axis(input)."),
)
def softmax_over_batch(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=lambda here, input: here.log_softmax(input, dim=0))


@misconception(
    "cross_entropy",
    name="the classes are taken to stand on the last axis",
    belief="log_softmax's default is the class axis.",
    explanation="They stand on axis 1, also for images of labels: (batch, classes, height, width).",
    hints=("Which axis of (N, C, H, W) holds the classes?", "dim=class_axis(input)."),
)
def classes_on_last_axis(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll(*settings, log_p=lambda here, input: here.log_softmax(input, dim=-1))


@misconception(
    "cross_entropy",
    name="the mean is over the classes as well",
    belief="A mean divides by all elements.",
    explanation="A sample has one loss, whatever the number of classes: the mean divides by the labels' weights.",
    hints=("What do ten equal scores cost? ln 10 = 2.303.", "The divisor comes from target_distribution."),
)
def mean_over_all_elements(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    size: Any = lambda right, input, target: math.prod(input.shape)  # noqa: E731
    return _nll(*settings, log_p=_log_softmax, divisor=size)


@misconception(
    "cross_entropy",
    name="the mean divides by the number of samples, whatever they weigh",
    belief="A mean is over the batch.",
    explanation="It divides by the sum of the weights of the labels that are not ignored.",
    hints=("What does target_distribution return beside q?", "Pass its divisor on."),
)
def mean_over_samples(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    size: Any = lambda right, input, target: math.prod(target.shape)  # noqa: E731
    return _nll(*settings, log_p=_log_softmax, divisor=size)


@misconception(
    "cross_entropy",
    name="the smoothing is not passed on",
    belief="target_distribution knows it.",
    explanation="It takes no smoothing unless it is given one: its last argument is label_smoothing.",
    hints=("Where do you use label_smoothing?", "target_distribution(..., ignore_index, label_smoothing)."),
)
def smoothing_not_passed(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    return _nll(input, target, weight, ignore_index, reduction, log_p=_log_softmax)


@misconception(
    "cross_entropy",
    name="ignore_index is not passed on",
    belief="target_distribution knows what is ignored.",
    explanation="It takes -100 unless it is given another label.",
    hints=("Where do you use ignore_index?", "target_distribution(..., ignore_index, label_smoothing)."),
)
def ignore_index_not_passed(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    return _nll(input, target, weight, -100, reduction, label_smoothing, log_p=_log_softmax)


@misconception(
    "cross_entropy",
    name="the class weights are not passed on",
    belief="The network learns what is rare.",
    explanation="target_distribution needs the weights: w_y times the loss, and the mean divides by their sum.",
    hints=("Where do you use weight?", "target_distribution(input, target, weight, ...)."),
)
def weights_not_passed(
    input: Any, target: Any, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    return _nll(input, target, None, ignore_index, reduction, label_smoothing, log_p=_log_softmax)


# --- yes or no ---


@draws("binary_cross_entropy_with_logits")
def _binary(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def losses(x: Any, y: Any, w: Any, p: Any, far: Any) -> list[Any]:
        loss, no = home.binary_cross_entropy_with_logits, home.Tensor(np.array([0.0, 1.0, 0.5]))
        settings: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"weight": w}]
        found = [loss(x, y, **one) for one in (*settings, {"pos_weight": p}, {"weight": w, "pos_weight": p})]
        found.append(loss(home.Tensor(x.data, requires_grad=True), y).grad_fn is None)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            for sign in (1.0, -1.0):
                try:
                    found.append(loss(sign * far, no, reduction="none"))
                except FloatingPointError as error:
                    found.append(str(error))
        return found

    x, y = generator.uniform(0.1, 0.9, (2, 3)), generator.uniform(0.1, 0.9, (2, 3))
    w, p = generator.uniform(0.5, 3.0, 3), generator.uniform(0.5, 3.0, 3)
    return Case(losses, *map(home.Tensor, (x, y, w, p, np.array([800.0, 900.0, 1000.0]))))


def _bce(
    input: Any,
    target: Any,
    weight: Any,
    pos_weight: Any,
    reduction: str,
    losses: Callable[[Any, Any, Any], Any],
    divisor: Callable[[Any, Any], Any] = lambda losses, weight: losses.numel(),
) -> Any:
    """The loss with other losses(input, target, pos_weight), or another divisor(losses, weight)."""
    here: Any = called_from()
    input, target, weight, pos_weight = here.as_tensors((input, target, weight, pos_weight))
    each = losses(input, target, 1.0 if pos_weight is None else pos_weight)
    if weight is not None:
        each = each * weight
    return here.reduce_losses(each, reduction, divisor(each, weight))


def _softplus(x: Any) -> Any:
    return importlib.import_module("tinytorch.core.activations").softplus(x)


def _right_losses(x: Any, y: Any, p: Any) -> Any:
    return (1.0 - y) * x + (1.0 + (p - 1.0) * y) * _softplus(-x)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the logarithm is taken of sigmoid",
    belief="-y log(sigmoid) - (1 - y) log(1 - sigmoid) is the program.",
    explanation="sigmoid(20) is 1 in float32, and log(1 - 1) is minus infinity. softplus never forms the 1.",
    hints=("What is the loss of score 20 if the answer is no? 20.", "(1 - y) * x + softplus(-x)."),
)
def bce_of_textbook(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        yes = importlib.import_module("tinytorch.core.activations").sigmoid(x)
        return -(p * y * yes.log()) - (1.0 - y) * (1.0 - yes).log()

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="softplus is computed as log(1 + e^x)",
    belief="softplus(x) = log(1 + e^x) is the program.",
    explanation="e^1000 is infinite. softplus of module 02 is the same number and overflows nowhere.",
    hints=("What is np.exp(1000.0)?", "softplus(-input)."),
)
def softplus_overflows(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        return (1.0 - y) * x + (1.0 + (p - 1.0) * y) * (1.0 + (-x).exp()).log()

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="softplus(x) is taken in the place of softplus(-x)",
    belief="The loss is (1 - y) x + softplus(x).",
    explanation="-log sigmoid(x) is softplus(-x): a large score makes a yes cheap.",
    hints=("What should score 20 cost if the answer is yes? Nothing.", "softplus(-input)."),
)
def softplus_of_the_score(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        return (1.0 - y) * x + (1.0 + (p - 1.0) * y) * _softplus(x)

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the input is taken for probabilities",
    belief="A yes-or-no network gives probabilities.",
    explanation="'with logits' says it: the input is a score, and the sigmoid is part of the loss.",
    hints=("Can a score be negative? A probability cannot.", "The probability of yes is sigmoid(x)."),
)
def bce_of_probabilities(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        return -(p * y * x.log()) - (1.0 - y) * (1.0 - x).log()

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="yes and no are exchanged",
    belief="y goes with log(1 - sigmoid).",
    explanation="y is 1 for yes: then the loss is -log(sigmoid(x)), small for large scores.",
    hints=("What should score 20 cost if the answer is yes? Nothing.", "(1 - y) * x + softplus(-x)."),
)
def yes_and_no_exchanged(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: _right_losses(x, 1.0 - y, p))


@misconception(
    "binary_cross_entropy_with_logits",
    name="only yes costs anything",
    belief="The loss is -y log(sigmoid(x)).",
    explanation="A false yes costs, too: -(1 - y) log(1 - sigmoid(x)). Else 'always yes' would be perfect.",
    hints=("What does score 20 cost if the answer is no? 20.", "Add (1 - y) * x, with softplus(-x) not times y."),
)
def only_yes_costs(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: p * y * _softplus(-x))


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight multiplies the loss of no as well",
    belief="pos_weight is a weight of the loss.",
    explanation="It multiplies the term of yes alone: 1 + (p - 1) * y stands before softplus(-x).",
    hints=("What does a no cost with pos_weight 5? As much as before.", "(1 - y) * x + (1 + (p - 1) * y) * softplus."),
)
def pos_weight_on_both(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: p * _right_losses(x, y, 1.0))


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight stands before softplus without 1 + (p - 1) y",
    belief="The second term is that of yes: p softplus(-x).",
    explanation="softplus(-x) is in the terms of both yes and no; only the part of yes is multiplied by p.",
    hints=("What does a no cost with pos_weight 5? As much as before.", "1 + (pos_weight - 1) * target."),
)
def pos_weight_times_softplus(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: (1.0 - y) * x + p * _softplus(-x))


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight stands in 1 + p y, where p - 1 belongs",
    belief="A yes weighs p more.",
    explanation="A yes weighs p in all: 1 + (p - 1) * y is p for y = 1, and 1 for y = 0.",
    hints=("What should a missed yes cost with pos_weight 1? As much as without.", "1 + (pos_weight - 1) * target."),
)
def pos_weight_not_reduced(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        return (1.0 - y) * x + (1.0 if pos_weight is None else 1.0 + p * y) * _softplus(-x)

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight multiplies the loss of no instead of yes",
    belief="The rare answer gets its weight from the other one.",
    explanation="pos_weight makes a missed yes cost p times as much; no keeps its cost.",
    hints=("Which term has y in it?", "1 + (p - 1) * y."),
)
def pos_weight_on_no(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Any, y: Any, p: Any) -> Any:
        return y * _softplus(-x) + p * (1.0 - y) * _softplus(x)

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight is ignored",
    belief="weight is enough.",
    explanation="weight scales losses, whatever the answer; pos_weight scales the cost of a missed yes.",
    hints=("Where do you use pos_weight?", "1 + (pos_weight - 1) * target."),
)
def pos_weight_ignored(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: _right_losses(x, y, 1.0))


@misconception(
    "binary_cross_entropy_with_logits",
    name="weight is ignored",
    belief="pos_weight is enough.",
    explanation="weight is a factor for each loss, whatever the answer.",
    hints=("Where do you use weight?", "losses * weight, if weight is not None."),
)
def bce_weight_ignored(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, None, pos_weight, reduction, _right_losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the mean divides by the sum of the weights",
    belief="A weighted mean divides by the weights, as cross_entropy does.",
    explanation="Not here: as in torch, the mean divides by the number of elements.",
    hints=("What does the docstring say about weight and mean?", "reduce_losses(losses, reduction, losses.numel())."),
)
def bce_by_weights(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def total(losses: Any, weight: Any) -> Any:
        return losses.numel() if weight is None else np.broadcast_to(weight.data, losses.shape).sum()

    return _bce(input, target, weight, pos_weight, reduction, _right_losses, total)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the reduction is ignored and the mean is always taken",
    belief="A loss is a mean.",
    explanation="reduction says what happens to the losses: 'none' keeps them, 'sum' adds them up.",
    hints=("Where do you use reduction?", "reduce_losses(losses, reduction, losses.numel())."),
)
def bce_always_mean(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, "mean", _right_losses)


# --- the objects ---


def _object_losses(generator: np.random.Generator, home: types.ModuleType, name: str) -> Case:
    settings: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}]
    if name == "CrossEntropyLoss":
        weight = generator.uniform(0.5, 2.0, 3)
        settings += [{"ignore_index": 1}, {"label_smoothing": 0.3}, {"weight": weight}, {"weight": list(weight)}]
        settings += [{"weight": weight, "ignore_index": 2, "label_smoothing": 0.1, "reduction": "sum"}]

    def losses(x: Any, y: Any) -> list[Any]:
        found: list[Any] = []
        for one in settings:
            try:
                made = getattr(home, name)(**one)
                found += [made(x, y), sorted(made.state_dict()), len(list(made.parameters()))]
            except (TypeError, AttributeError) as error:
                found.append(str(error))
        return found

    x = generator.standard_normal((4, 3))
    y = generator.standard_normal((4, 3)) if name == "MSELoss" else np.append(generator.integers(0, 3, 2), [1, 2])
    return Case(losses, home.Tensor(x), home.Tensor(y))


@draws("MSELoss.__init__")
@draws("MSELoss.forward")
def _mse_objects(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _object_losses(generator, home, "MSELoss")


@draws("CrossEntropyLoss.__init__")
@draws("CrossEntropyLoss.forward")
def _cross_entropy_objects(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _object_losses(generator, home, "CrossEntropyLoss")


@misconception(
    "MSELoss.__init__",
    name="the reduction is not kept",
    belief="The object takes the mean.",
    explanation="It remembers what it was made with: self.reduction = reduction.",
    hints=("Where do you use reduction?", "self.reduction = reduction."),
)
def mse_reduction_not_kept(self: Any, *, reduction: str = "mean") -> None:
    self.reduction = "mean"


@misconception(
    "MSELoss.forward",
    name="the reduction is not passed on",
    belief="mse_loss(input, target) is the loss.",
    explanation="The function takes the mean unless it is given self.reduction.",
    hints=("What does the object remember, and where do you use it?", "mse_loss(input, target, self.reduction)."),
)
def mse_reduction_not_passed(self: Any, input: Any, target: Any) -> Any:
    return home(self).mse_loss(input, target)


def _remember(self: Any, weight: Any, **settings: Any) -> None:
    """CrossEntropyLoss.__init__, with settings that may be other ones."""
    self.register_buffer("weight", None if weight is None else home(self).Tensor(weight))
    for name, value in settings.items():
        setattr(self, name, value)


@misconception(
    "CrossEntropyLoss.__init__",
    name="the class weights are a plain attribute and not a buffer",
    belief="self.weight = Tensor(weight) keeps it.",
    explanation="A plain attribute is not saved with the network: state_dict holds parameters and buffers.",
    hints=("What does state_dict() hold?", 'self.register_buffer("weight", ...).'),
)
def weights_not_registered(
    self: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> None:
    self.weight = None if weight is None else home(self).Tensor(weight)
    self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing


@misconception(
    "CrossEntropyLoss.__init__",
    name="the class weights are a parameter",
    belief="Weights are learned.",
    explanation="These say how much a class counts. An optimizer would make them small, and with them the loss.",
    hints=("What is in parameters()? It should be empty.", "A buffer, of a Tensor."),
)
def weights_are_learned(
    self: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> None:
    parameter = importlib.import_module("tinytorch.core.layers").Parameter
    self.weight = None if weight is None else parameter(weight, dtype=np.result_type(np.float32, np.asarray(weight)))
    self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing


@misconception(
    "CrossEntropyLoss.__init__",
    name="the class weights are registered as they come, also where that is a list",
    belief="register_buffer makes a tensor of them.",
    explanation="A buffer is a Tensor or None: Tensor(weight), unless weight is None.",
    hints=("What does register_buffer accept?", "None if weight is None else Tensor(weight)."),
)
def weights_not_a_tensor(
    self: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> None:
    self.register_buffer("weight", weight)
    self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing


@misconception(
    "CrossEntropyLoss.__init__",
    name="label_smoothing is not kept",
    belief="The function's default is enough.",
    explanation="The object remembers every setting that it was made with.",
    hints=("Where do you use label_smoothing?", "self.label_smoothing = label_smoothing."),
)
def smoothing_not_kept(
    self: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> None:
    _remember(self, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=0.0)


@misconception(
    "CrossEntropyLoss.__init__",
    name="ignore_index is not kept",
    belief="The ignored label is -100.",
    explanation="The object remembers every setting that it was made with.",
    hints=("Where do you use ignore_index?", "self.ignore_index = ignore_index."),
)
def ignore_index_not_kept(
    self: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> None:
    _remember(self, weight, ignore_index=-100, reduction=reduction, label_smoothing=label_smoothing)


def _call(self: Any, input: Any, target: Any, weight: Any, *left_out: str) -> Any:
    """cross_entropy with the settings of the object, but for those that are left out."""
    kept = {name for name in ("ignore_index", "reduction", "label_smoothing") if name not in left_out}
    return home(self).cross_entropy(input, target, weight, **{name: getattr(self, name) for name in kept})


@misconception(
    "CrossEntropyLoss.forward",
    name="the class weights are not passed on",
    belief="What is registered is used.",
    explanation="The function knows nothing of the object: it must be given self.weight.",
    hints=("Which settings does the object remember?", "cross_entropy(input, target, self.weight, ...)."),
)
def object_weights_not_passed(self: Any, input: Any, target: Any) -> Any:
    return _call(self, input, target, None)


@misconception(
    "CrossEntropyLoss.forward",
    name="the reduction is not passed on",
    belief="The function's default is enough.",
    explanation="The function knows nothing of the object: it must be given self.reduction.",
    hints=("Which settings does the object remember?", "reduction=self.reduction."),
)
def object_reduction_not_passed(self: Any, input: Any, target: Any) -> Any:
    return _call(self, input, target, self.weight, "reduction")


@misconception(
    "CrossEntropyLoss.forward",
    name="ignore_index is not passed on",
    belief="The function's default is enough.",
    explanation="The function knows nothing of the object: it must be given self.ignore_index.",
    hints=("Which settings does the object remember?", "ignore_index=self.ignore_index."),
)
def object_ignore_index_not_passed(self: Any, input: Any, target: Any) -> Any:
    return _call(self, input, target, self.weight, "ignore_index")


@misconception(
    "CrossEntropyLoss.forward",
    name="label_smoothing is not passed on",
    belief="The function's default is enough.",
    explanation="The function knows nothing of the object: it must be given self.label_smoothing.",
    hints=("Which settings does the object remember?", "label_smoothing=self.label_smoothing."),
)
def object_smoothing_not_passed(self: Any, input: Any, target: Any) -> Any:
    return _call(self, input, target, self.weight, "label_smoothing")


@misconception(
    "CrossEntropyLoss.forward",
    name="softmax is applied to the scores first",
    belief="The loss compares probabilities.",
    explanation="cross_entropy takes log_softmax itself: it must be given the scores.",
    hints=("How small can the loss of ten classes get with yours?", "cross_entropy(input, ...)."),
)
def object_softmax_first(self: Any, input: Any, target: Any) -> Any:
    return _call(self, _softmax(home(self), input), target, self.weight)
