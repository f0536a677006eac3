"""Module 04: what goes wrong between scores and the one number that training makes smaller."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray

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
    here._check_reduction("mse_loss", reduction)
    here._check_same_shape("mse_loss", input, target)
    return here._reduce(loss(input - target), reduction, input.size if divisor is None else divisor(input))


@misconception(
    "mse_loss",
    name="the squares are added up and not divided",
    belief="The loss is the squared distance.",
    explanation="The mean squared error is their mean: it does not grow with the batch.",
    hints=("Is the loss of two equal batches twice that of one?", "_reduce(..., reduction, input.size)."),
)
def mse_not_divided(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d, lambda input: 1)


@misconception(
    "mse_loss",
    name="the sum is divided by the number of samples, not of elements",
    belief="A mean is over the batch.",
    explanation="As in torch the mean is over all elements: for (64, 10) the sum is divided by 640.",
    hints=("How many squared differences are there?", "input.size."),
)
def mse_by_samples(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d, lambda input: len(input.data) if input.ndim else 1)


@misconception(
    "mse_loss",
    name="the differences are not squared but taken without their sign",
    belief="The error is the distance.",
    explanation="That is the mean absolute error. Squares cost nothing near 0 and much far away.",
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
    explanation="Some textbooks have it; torch has not, and neither have the figures that people compare.",
    hints=("What does a difference of 3 cost? 9.", "No factor."),
)
def half_squares(input: Any, target: Any, reduction: str = "mean") -> Any:
    return _squared_error(input, target, reduction, lambda d: d * d * 0.5)


@misconception(
    "mse_loss",
    name="the reduction is ignored and the mean is always taken",
    belief="A loss is a mean.",
    explanation="reduction says what becomes of the losses: 'none' keeps them, 'sum' adds them up.",
    hints=("Where do you use reduction?", "_reduce(losses, reduction, divisor)."),
)
def mse_always_mean(input: Any, target: Any, reduction: str = "mean") -> Any:
    called_from()._check_reduction("mse_loss", reduction)
    return _squared_error(input, target, "mean", lambda d: d * d)


@misconception(
    "mse_loss",
    name="it is computed with NumPy, outside of the graph",
    belief="((input.data - target.data) ** 2).mean() is the loss.",
    explanation="What touches .data has no past: nothing would ever learn from this loss.",
    hints=("Has the loss a grad_fn?", "input - target, on tensors."),
)
def mse_outside_graph(input: Any, target: Any, reduction: str = "mean") -> Any:
    here: Any = called_from()
    return here.Tensor(_squared_error(input, target, reduction, lambda d: d * d).data)


# --- how much each class counts ---


@draws("target_weights")
def _weights(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def weights(y: Array, w: Array, pixels: Array) -> list[Any]:
        x = np.zeros((len(y), len(w)))
        settings = [(None, -100, 0.0), (None, -100, 0.3), (w, -100, 0.0), (w, -100, 0.3), (w, 1, 0.2)]
        pairs = [home.target_weights(x, y, *setting) for setting in settings]
        pairs += [home.target_weights(x, np.where(y == 2, -100, y), *setting) for setting in settings[:-1]]
        pairs += [home.target_weights(np.zeros((2, len(w), 3)), pixels, w, 0, 0.1)]
        pairs += [home.target_weights(x[0], y[0], w, -100, 0.1)]
        return [part for pair in pairs for part in pair]

    labels = np.append(generator.integers(0, 4, 4), [1, 2])
    return Case(weights, labels, generator.uniform(0.5, 3.0, 4), np.array([[0, 1, 2], [3, 0, 1]]))


def _spread(
    input: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    *,
    on_label: float,
    on_others: float,
    axis: int | None = None,
) -> tuple[Array, Array, Array, Array]:
    """q before weights and ignored labels, those labels with a harmless 0, which count, and w."""
    axis = (1 if input.ndim > 1 else 0) if axis is None else axis
    classes = input.shape[1 if input.ndim > 1 else 0]
    w = np.ones(classes, input.dtype) if weight is None else weight.astype(input.dtype)
    kept = np.asarray(target != ignore_index)
    labels = np.where(kept, target, 0)
    q = np.full(input.shape, on_others, input.dtype)
    np.put_along_axis(q, np.expand_dims(labels, axis), on_label, axis)
    return q, labels, kept, w


def _finish(q: Array, labels: Array, kept: Array, w: Array, axis: int) -> tuple[Array, Any]:
    q = q * w.reshape(len(w), *[1] * (q.ndim - axis - 1)) * np.expand_dims(kept, axis)
    return q, (w[labels] * kept).sum()


def _axis(input: Array) -> int:
    return 1 if input.ndim > 1 else 0


@misconception(
    "target_weights",
    name="the label itself gets no part of what is spread",
    belief="Smoothing leaves 1 - e on the label.",
    explanation="What is taken is spread over all C classes, the label too: 1 - e + e/C there.",
    hints=("What do your rows sum to? They should sum to 1.", "At each label put 1 - e + e/C."),
)
def label_without_its_share(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    on_others = label_smoothing / input.shape[_axis(input)]
    parts = _spread(input, target, weight, ignore_index, on_label=1 - label_smoothing, on_others=on_others)
    return _finish(*parts, _axis(input))


@misconception(
    "target_weights",
    name="the smoothing is spread over the other classes only",
    belief="What is taken from the label goes to the others: e / (C - 1) each.",
    explanation="As in torch it goes to every class, the label included: e/C each.",
    hints=("For three classes and e = 0.3, what stands beside the label? 0.1.", "e/C everywhere, then the label."),
)
def spread_over_others(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    on_others = label_smoothing / (input.shape[_axis(input)] - 1)
    parts = _spread(input, target, weight, ignore_index, on_label=1 - label_smoothing, on_others=on_others)
    return _finish(*parts, _axis(input))


@misconception(
    "target_weights",
    name="the smoothing is what the label gets",
    belief="The label's weight is the smoothing.",
    explanation="The smoothing e is taken away from the label: it keeps 1 - e, and a share of what is spread.",
    hints=("Without smoothing, e = 0, what stands at the label? 1.", "1 - e + e/C."),
)
def smoothing_on_label(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    classes, e = input.shape[_axis(input)], label_smoothing
    parts = _spread(input, target, weight, ignore_index, on_label=e + (1 - e) / classes, on_others=(1 - e) / classes)
    return _finish(*parts, _axis(input))


@misconception(
    "target_weights",
    name="label smoothing is left out",
    belief="A label puts all weight on its class.",
    explanation="Only without smoothing; else every class gets e/C, and the label 1 - e more.",
    hints=("Where do you use label_smoothing?", "q starts as e/C everywhere."),
)
def smoothing_left_out(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    return _finish(*_spread(input, target, weight, ignore_index, on_label=1, on_others=0), _axis(input))


def _right(input: Array, target: Array, weight: Any, ignore_index: int, e: float) -> tuple[Array, Array, Array, Array]:
    spread = e / input.shape[_axis(input)]
    return _spread(input, target, weight, ignore_index, on_label=1 - e + spread, on_others=spread)


@misconception(
    "target_weights",
    name="ignored labels count below the line",
    belief="The mean divides by the number of labels.",
    explanation="An ignored label counts nowhere: else it would pull the mean down.",
    hints=("Labels [1, -100] without weights: what is the divisor? 1.", "(w[labels] * kept).sum()."),
)
def ignored_in_divisor(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    q, labels, kept, w = _right(input, target, weight, ignore_index, label_smoothing)
    return _finish(q, labels, kept, w, _axis(input))[0], w[labels].sum()


@misconception(
    "target_weights",
    name="ignored labels are taken for class 0",
    belief="A harmless 0 in their place is enough.",
    explanation="The 0 only keeps the indexing from failing; the row is multiplied by kept, and so is its weight.",
    hints=("What is the row of q of an ignored label? Zeros.", "Multiply by `kept`, in q and in the divisor."),
)
def ignored_as_class_zero(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    q, labels, kept, w = _right(input, target, weight, ignore_index, label_smoothing)
    return _finish(q, labels, np.ones_like(kept), w, _axis(input))


@misconception(
    "target_weights",
    name="the divisor counts the labels, not their weights",
    belief="A mean divides by how many there are.",
    explanation="A sample that counts five times counts five times below the line as well: the sum of w[y].",
    hints=("Labels 1 and 2 with weights 2 and 5: what is the divisor? 7.", "(w[labels] * kept).sum()."),
)
def weights_not_in_divisor(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    q, labels, kept, w = _right(input, target, weight, ignore_index, label_smoothing)
    return _finish(q, labels, kept, w, _axis(input))[0], kept.sum().astype(input.dtype)


@misconception(
    "target_weights",
    name="the class weights are in the divisor only",
    belief="Class weights are a matter of the mean.",
    explanation="They multiply the columns of q: a rare class has to cost more, not only to count more below.",
    hints=("Where does w_c stand in the formula of q?", "q *= w_along_axis."),
)
def weights_not_in_q(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    q, labels, kept, w = _right(input, target, weight, ignore_index, label_smoothing)
    return _finish(q, labels, kept, np.ones_like(w), _axis(input))[0], (w[labels] * kept).sum()


@misconception(
    "target_weights",
    name="a whole row gets its label's weight",
    belief="A sample is weighted by its class.",
    explanation="Column c is multiplied by w_c: with smoothing, the other classes count by their own weights.",
    hints=("Row [0.1, 0.8, 0.1] times weights [1, 2, 5] is [0.1, 1.6, 0.5].", "w along the class axis, not w[y]."),
)
def rows_weighted(input: Array, target: Array, weight: Any, ignore_index: int, label_smoothing: float) -> Any:
    q, labels, kept, w = _right(input, target, weight, ignore_index, label_smoothing)
    rows = np.expand_dims(w[labels] * kept, _axis(input))
    return q * rows, (w[labels] * kept).sum()


# --- cross entropy ---


def _labelled(generator: np.random.Generator, home: types.ModuleType, name: str) -> Case:
    smoothing: list[dict[str, Any]] = [{"label_smoothing": 0.3}] if name == "cross_entropy" else []

    def losses(x: Any, y: Any, w: Any, picture: Any, pixels: Any, far: Any) -> list[Any]:
        loss = getattr(home, name)
        settings: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"ignore_index": 1}]
        found = [loss(x, y, *weight, **one) for weight in ((), (w,)) for one in settings + smoothing]
        one, none = home.Tensor(np.zeros(1, np.int64)), home.Tensor(np.full(y.shape, -100))
        found += [loss(picture, pixels, w), loss(far, one, reduction="none"), loss(x, none, reduction="sum")]
        return found

    shapes = ((6, 4), (4,), (2, 4, 4))
    x, w, picture = (generator.uniform(0.1, 0.9, shape) for shape in shapes)
    if name == "nll_loss":
        x, picture = (np.log(p / p.sum(axis=1, keepdims=True)) for p in (x, picture))
    y, pixels = np.append(generator.integers(0, 4, 4), [1, 2]), generator.integers(0, 4, (2, 4))
    far = np.array([[-800.0, 0.0]])
    return Case(losses, *map(home.Tensor, (x, y, w, picture, pixels, far)))


@draws("nll_loss")
def _nll_losses(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _labelled(generator, home, "nll_loss")


@draws("cross_entropy")
def _cross_entropies(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _labelled(generator, home, "cross_entropy")


def _nll(
    name: str,
    input: Array,
    target: Array,
    weight: Any,
    ignore_index: int,
    reduction: str,
    smoothing: float = 0.0,
    *,
    log_p: Callable[[Any, Array], Array] = lambda here, input: input,
    divisor: Callable[[Any, Array, Array], Any] | None = None,
) -> Any:
    """nll_loss, or with another log_p cross_entropy; `divisor(right one, input, target)` may be another one."""
    here: Any = called_from()
    here._check_reduction(name, reduction)
    here._check_classes(name, input, target, weight, ignore_index)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing: expected a number from 0 to 1, got {smoothing}")
    q, right = here.target_weights(input, target, weight, ignore_index, smoothing)
    below = right if divisor is None or right == 0 else divisor(right, input, target)
    return here._weighted_nll(name, log_p(here, input), q, below, reduction)


@misconception(
    "nll_loss",
    name="the logarithm is taken once more",
    belief="nll_loss gets probabilities.",
    explanation="It gets logarithms of probabilities: log_softmax's output. Its own work is to pick and to weigh.",
    hints=("What is the input of nll_loss, by its docstring?", "_weighted_nll on the input itself."),
)
def log_of_log(
    input: Array, target: Array, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll("nll_loss", input, target, weight, ignore_index, reduction, log_p=lambda here, input: np.log(input))


@misconception(
    "nll_loss",
    name="the sign is missing",
    belief="The loss is the log-probability of the truth.",
    explanation="It is minus that: log-probabilities are negative, and a loss gets smaller as things get better.",
    hints=("What is the loss of probability 0.1? 2.303.", "_weighted_nll turns the sign; give it log p."),
)
def sign_missing(
    input: Array, target: Array, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    return _nll("nll_loss", input, target, weight, ignore_index, reduction, log_p=lambda here, input: -input)


@misconception(
    "nll_loss",
    name="the class weights are not passed on",
    belief="Weights are a matter of cross_entropy.",
    explanation="target_weights needs them: w_y times the loss, and the mean divides by their sum.",
    hints=("Where do you use weight?", "target_weights(input, target, weight, ignore_index, 0.0)."),
)
def nll_without_weights(
    input: Array, target: Array, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    called_from()._check_classes("nll_loss", input, target, weight, ignore_index)
    return _nll("nll_loss", input, target, None, ignore_index, reduction)


@misconception(
    "nll_loss",
    name="the mean divides by the number of samples, whatever they weigh",
    belief="A mean is over the batch.",
    explanation="It divides by the sum of the weights of the labels that are not ignored.",
    hints=("What does target_weights give beside q?", "Pass its divisor on."),
)
def nll_by_samples(
    input: Array, target: Array, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    size: Any = lambda right, input, target: target.size  # noqa: E731
    return _nll("nll_loss", input, target, weight, ignore_index, reduction, divisor=size)


def _log_softmax(here: Any, input: Array) -> Array:
    return here.log_softmax(input, dim=here._class_axis(input)).data


def _softmax(input: Array, axis: int) -> Array:
    e = np.exp(input - input.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@misconception(
    "cross_entropy",
    name="the input is taken for probabilities",
    belief="A classifier gives probabilities.",
    explanation="cross_entropy expects raw scores and takes log_softmax itself.",
    hints=("Can a score be negative? A probability cannot.", "log_softmax(input, dim=...).data."),
)
def probabilities_expected(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, input: np.log(input))


@misconception(
    "cross_entropy",
    name="softmax is applied twice",
    belief="The scores must become probabilities first.",
    explanation="log_softmax takes scores. Of probabilities, between 0 and 1, it makes a loss that cannot get small.",
    hints=("How small can the loss of ten classes get with yours?", "log_softmax of the input itself."),
)
def softmax_twice(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, x: _log_softmax(here, _softmax(x, here._class_axis(x))))


@misconception(
    "cross_entropy",
    name="the logarithm is taken of softmax",
    belief="log(softmax(x)) is log_softmax(x).",
    explanation="A hopeless class has probability 0 after rounding, and the loss would be infinite.",
    hints=("What is the loss of scores 0 and -200 with label 1? 200.", "log_softmax, in one."),
)
def log_then_softmax(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, x: np.log(_softmax(x, here._class_axis(x))))


@misconception(
    "cross_entropy",
    name="the probability itself is what counts, without its logarithm",
    belief="The loss is minus the probability of the truth.",
    explanation="It is minus its logarithm: certain and wrong costs without limit.",
    hints=("What is the loss of probability 0.1? 2.303.", "log_softmax, not softmax."),
)
def without_logarithm(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, x: _softmax(x, here._class_axis(x)))


@misconception(
    "cross_entropy",
    name="the samples of the batch compete, not the classes",
    belief="softmax goes over axis 0.",
    explanation="Axis 0 is the batch. Each sample's classes, along axis 1, compete with each other.",
    hints=("Along which axis do the probabilities of one sample stand?", "dim=_class_axis(input)."),
)
def softmax_over_batch(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, input: here.log_softmax(input, dim=0).data)


@misconception(
    "cross_entropy",
    name="the classes are taken to stand on the last axis",
    belief="log_softmax's default is right.",
    explanation="They stand on axis 1, also for pictures of labels: (batch, classes, height, width).",
    hints=("Which axis of (N, C, H, W) holds the classes?", "dim=_class_axis(input)."),
)
def classes_on_last_axis(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    return _nll("cross_entropy", *settings, log_p=lambda here, input: here.log_softmax(input, dim=-1).data)


@misconception(
    "cross_entropy",
    name="the mean is over the classes as well",
    belief="A mean divides by all elements.",
    explanation="A sample has one loss, whatever the number of classes: the mean divides by the labels' weights.",
    hints=("What do ten equal scores cost? ln 10 = 2.303.", "The divisor comes from target_weights."),
)
def mean_over_classes(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    size: Any = lambda right, input, target: input.size  # noqa: E731
    return _nll("cross_entropy", *settings, log_p=_log_softmax, divisor=size)


@misconception(
    "cross_entropy",
    name="the mean divides by the number of samples, whatever they weigh",
    belief="A mean is over the batch.",
    explanation="It divides by the sum of the weights of the labels that are not ignored.",
    hints=("What does target_weights give beside q?", "Pass its divisor on."),
)
def mean_over_samples(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = input, target, weight, ignore_index, reduction, label_smoothing
    size: Any = lambda right, input, target: target.size  # noqa: E731
    return _nll("cross_entropy", *settings, log_p=_log_softmax, divisor=size)


@misconception(
    "cross_entropy",
    name="the smoothing is not passed on",
    belief="target_weights knows it.",
    explanation="It has to be told: its last argument is label_smoothing.",
    hints=("Where do you use label_smoothing?", "target_weights(..., ignore_index, label_smoothing)."),
)
def smoothing_not_passed(
    input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing: expected a number from 0 to 1, got {label_smoothing}")
    return _nll("cross_entropy", input, target, weight, ignore_index, reduction, log_p=_log_softmax)


# --- yes or no ---


@draws("binary_cross_entropy_with_logits")
def _binary(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def losses(x: Any, y: Any, w: Any, p: Any, far: Any) -> list[Any]:
        loss, no = home.binary_cross_entropy_with_logits, home.Tensor(np.array([0.0, 1.0, 0.5]))
        settings: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"weight": w}]
        found = [loss(x, y, **one) for one in (*settings, {"pos_weight": p}, {"weight": w, "pos_weight": p})]
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
    input: Array,
    target: Array,
    weight: Any,
    pos_weight: Any,
    reduction: str,
    losses: Callable[[Array, Array, Any], Array],
    divisor: Callable[[Array, Any], Any] = lambda losses, weight: losses.size,
) -> Any:
    """The loss with other losses(input, target, pos_weight), or another divisor(losses, weight)."""
    here: Any = called_from()
    here._check_reduction("binary_cross_entropy_with_logits", reduction)
    here._check_binary("binary_cross_entropy_with_logits", input, target, weight, pos_weight)
    each = losses(input, target, 1 if pos_weight is None else pos_weight)
    if weight is not None:
        each = each * weight
    return here._reduce(each, reduction, divisor(each, weight))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _right_losses(x: Array, y: Array, p: Any) -> Array:
    return (1 - y) * x + (1 + (p - 1) * y) * _softplus(-x)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the logarithm is taken of sigmoid",
    belief="-y log(sigmoid) - (1 - y) log(1 - sigmoid) is the program.",
    explanation="sigmoid(20) is 1 in float32, and log(1 - 1) is minus infinity. softplus never forms the 1.",
    hints=("What is the loss of score 20 if the truth is no? 20.", "(1 - y) * x + softplus(-x)."),
)
def bce_of_textbook(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Array, y: Array, p: Any) -> Array:
        return -p * y * np.log(_sigmoid(x)) - (1 - y) * np.log(1 - _sigmoid(x))

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="softplus is computed as log(1 + e^x)",
    belief="softplus(x) = log(1 + e^x) is the program.",
    explanation="e^1000 is infinite. max(x, 0) + log(1 + e^-|x|) is the same number and overflows nowhere.",
    hints=("What is np.exp(1000.0)?", "np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))."),
)
def softplus_overflows(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Array, y: Array, p: Any) -> Array:
        return (1 - y) * x + (1 + (p - 1) * y) * np.log(1 + np.exp(-x))

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="the input is taken for probabilities",
    belief="A yes-or-no network gives probabilities.",
    explanation="'with logits' says it: the input is a score, and the sigmoid is part of the loss.",
    hints=("Can a score be negative? A probability cannot.", "The probability of yes is sigmoid(x)."),
)
def bce_of_probabilities(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Array, y: Array, p: Any) -> Array:
        return -p * y * np.log(x) - (1 - y) * np.log(1 - x)

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="yes and no are exchanged",
    belief="y goes with log(1 - sigmoid).",
    explanation="y is 1 for yes: then the loss is -log(sigmoid(x)), small for large scores.",
    hints=("What should score 20 cost if the truth is yes? Nothing.", "(1 - y) * x + softplus(-x)."),
)
def yes_and_no_exchanged(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: _right_losses(x, 1 - y, p))


@misconception(
    "binary_cross_entropy_with_logits",
    name="only yes costs anything",
    belief="The loss is -y log(sigmoid(x)).",
    explanation="A false yes costs, too: -(1 - y) log(1 - sigmoid(x)). Else 'always yes' would be perfect.",
    hints=("What does score 20 cost if the truth is no? 20.", "Add (1 - y) * x, with softplus(-x) not times y."),
)
def only_yes_costs(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: p * y * _softplus(-x))


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight multiplies the loss of no as well",
    belief="pos_weight is a weight of the loss.",
    explanation="It multiplies the first term, that of yes, alone: 1 + (p - 1) * y stands before softplus(-x).",
    hints=("What does a no cost with pos_weight 5? As much as before.", "(1 - y) * x + (1 + (p - 1) * y) * softplus."),
)
def pos_weight_on_both(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: p * _right_losses(x, y, 1))


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight multiplies the loss of no instead of yes",
    belief="The rare ones are made dearer by the others.",
    explanation="pos_weight makes a missed yes cost p times as much; no is left alone.",
    hints=("Which term has y in it?", "1 + (p - 1) * y."),
)
def pos_weight_on_no(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def losses(x: Array, y: Array, p: Any) -> Array:
        return y * _softplus(-x) + p * (1 - y) * _softplus(x)

    return _bce(input, target, weight, pos_weight, reduction, losses)


@misconception(
    "binary_cross_entropy_with_logits",
    name="pos_weight is ignored",
    belief="weight is enough.",
    explanation="weight scales elements, whatever the truth; pos_weight scales the cost of a missed yes.",
    hints=("Where do you use pos_weight?", "1 + (pos_weight - 1) * target."),
)
def pos_weight_ignored(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    return _bce(input, target, weight, pos_weight, reduction, lambda x, y, p: _right_losses(x, y, 1))


@misconception(
    "binary_cross_entropy_with_logits",
    name="the mean divides by the sum of the weights",
    belief="A weighted mean divides by the weights, as cross_entropy does.",
    explanation="Not here: as in torch, the mean divides by the number of elements.",
    hints=("What does the docstring say about weight and mean?", "_reduce(losses, reduction, losses.size)."),
)
def bce_by_weights(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    def total(losses: Array, weight: Any) -> Any:
        return losses.size if weight is None else np.broadcast_to(weight, losses.shape).sum()

    return _bce(input, target, weight, pos_weight, reduction, _right_losses, total)
