"""The rules of the activations and of cross entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m05_autograd.trying import Array, normal, rule_case


@draws("vjp(relu)")
def _relus(generator: np.random.Generator, home: Any) -> Case:
    x = np.append(generator.standard_normal(5), [0.0])
    return rule_case(generator, home, home.activations.relu, ([x], {}))


@draws("vjp(tanh)")
def _tanhs(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.activations.tanh, (normal(generator, (5,)), {}))


def _axes(generator: np.random.Generator) -> list[Any]:
    return [(normal(generator, shape), {"dim": dim}) for shape in ((3, 3), (2, 3, 4)) for dim in (0, 1, -1)]


@draws("vjp(softmax)")
def _softmaxes(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.activations.softmax, *_axes(generator))


@draws("vjp(log_softmax)")
def _log_softmaxes(generator: np.random.Generator, home: Any) -> Case:
    return rule_case(generator, home, home.activations.log_softmax, *_axes(generator))


@draws("vjp(cross_entropy)")
def _cross_entropies(generator: np.random.Generator, home: Any) -> Case:
    x, w = generator.standard_normal((4, 4)), generator.uniform(0.5, 2.0, 4)
    y = np.append(generator.integers(0, 4, 2), [1, 2])
    settings: list[Any] = [
        {},
        {"reduction": "sum"},
        {"reduction": "none"},
        {"label_smoothing": 0.3},
        {"ignore_index": 1},
    ]
    examples = [([x, y, weight], one) for one in settings for weight in (None, w)]
    pixels = np.array([[0, 1, 3], [2, 2, 0]])
    examples += [([generator.standard_normal((2, 4, 3)), pixels, None], {}), ([x + 900.0, y, None], {})]
    return rule_case(generator, home, home.losses.cross_entropy, *examples)


@misconception(
    "vjp(relu)",
    name="the gradient passes at 0, too",
    belief="relu lets through what is not negative.",
    explanation="At 0 the derivative is 0 by convention, as in torch: after a relu many numbers are exactly 0.",
    hints=("What is the gradient at x = 0?", "out > 0, not out >= 0."),
)
def relu_passes_at_zero(grad: Array, out: Array, x: Array) -> Array:
    return grad * (x >= 0)


@misconception(
    "vjp(relu)",
    name="the gradient passes everywhere",
    belief="relu has slope 1.",
    explanation="Right of 0. Left of it the output does not move with x: the gradient is 0 there.",
    hints=("How much does relu(-3) change when -3 becomes -2.9?", "grad * (out > 0)."),
)
def relu_passes_all(grad: Array, out: Array, x: Array) -> Array:
    return grad.copy()


@misconception(
    "vjp(relu)",
    name="the gradient is multiplied by the output",
    belief="What passed forward is the factor.",
    explanation="The slope is 1 where the value was let through, however large it was.",
    hints=("What is the slope of relu at 5? 1, not 5.", "grad * (out > 0)."),
)
def relu_times_output(grad: Array, out: Array, x: Array) -> Array:
    return grad * out


@misconception(
    "vjp(relu)",
    name="relu is applied to the gradient",
    belief="relu forward, relu backward.",
    explanation="Whether a gradient passes depends on x, not on the gradient's own sign.",
    hints=("May a gradient be negative where x is positive?", "grad * (out > 0)."),
)
def relu_of_gradient(grad: Array, out: Array, x: Array) -> Array:
    return np.maximum(grad, 0)


@misconception(
    "vjp(tanh)",
    name="1 - x^2 is used",
    belief="The derivative of tanh is 1 - tanh^2, so 1 - x^2.",
    explanation="It is the output that is squared: 1 - y^2.",
    hints=("What is the slope at x = 5? Nearly 0, and not -24.", "1 - out * out."),
)
def tanh_of_input(grad: Array, out: Array, x: Array) -> Array:
    return grad * (1 - x * x)


@misconception(
    "vjp(tanh)",
    name="y (1 - y) is used",
    belief="tanh is a sigmoid.",
    explanation="y (1 - y) is the sigmoid's derivative; that of tanh is 1 - y^2.",
    hints=("What is the slope of tanh at 0? 1.", "1 - out * out."),
)
def tanh_as_sigmoid(grad: Array, out: Array, x: Array) -> Array:
    return grad * out * (1 - out)


@misconception(
    "vjp(tanh)",
    name="1 - y is used, without the square",
    belief="The derivative is one minus the output.",
    explanation="tanh is odd and its derivative even: 1 - y^2.",
    hints=("Is the slope the same at 2 and at -2?", "1 - out * out."),
)
def tanh_not_squared(grad: Array, out: Array, x: Array) -> Array:
    return grad * (1 - out)


@misconception(
    "vjp(softmax)",
    name="y (1 - y) is used",
    belief="Each probability depends on its own score, as with the sigmoid.",
    explanation="It depends on all scores along dim: dx = y (g - sum of g y).",
    hints=("Turn one score up: do the other probabilities stay?", "out * (grad - (grad * out).sum(axis=dim, ...))."),
)
def softmax_as_sigmoid(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return grad * out * (1 - out)


@misconception(
    "vjp(softmax)",
    name="the sum is left out",
    belief="dx = y g.",
    explanation="A common shift of the scores changes nothing, so the gradient sums to 0: subtract sum of g y first.",
    hints=("What does your gradient sum to along dim? It should be 0.", "out * (grad - (grad * out).sum(...))."),
)
def softmax_without_sum(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return out * grad


@misconception(
    "vjp(softmax)",
    name="the sum goes over the last axis, whatever dim says",
    belief="The classes stand last.",
    explanation="The sum goes along dim, with keepdims=True.",
    hints=("Where do you use dim?", ".sum(axis=dim, keepdims=True)."),
)
def softmax_sum_last(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return out * (grad - (grad * out).sum(axis=-1, keepdims=True))


@misconception(
    "vjp(softmax)",
    name="the sum goes over everything",
    belief="One sum for all.",
    explanation="Every row has a sum of its own: along dim, with keepdims=True.",
    hints=("How many sums has a batch of 8 rows?", ".sum(axis=dim, keepdims=True)."),
)
def softmax_sum_of_all(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return out * (grad - (grad * out).sum())


@misconception(
    "vjp(softmax)",
    name="the sum is of the gradients, not weighted with the probabilities",
    belief="dx = y (g - sum of g).",
    explanation="That is nearly the rule of log_softmax; here every g counts by its y: sum of g y.",
    hints=("What does your gradient sum to along dim? It should be 0.", "(grad * out).sum(...)."),
)
def softmax_sum_unweighted(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return out * (grad - grad.sum(axis=dim, keepdims=True))


@misconception(
    "vjp(log_softmax)",
    name="the sum is left out and the gradient passes as it is",
    belief="x - (a number) has the derivative 1.",
    explanation="The number depends on all of x: p times the sum of the gradients goes off.",
    hints=("What does your gradient sum to along dim? It should be 0.", "grad - exp(out) * grad.sum(...)."),
)
def log_softmax_passes(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return grad.copy()


@misconception(
    "vjp(log_softmax)",
    name="each gradient is reduced by its own part, not by that of the sum",
    belief="dx = g (1 - p).",
    explanation="Every score moves the common denominator: dx = g - p * (sum of all g).",
    hints=("Turn one score up: do the other log-probabilities stay?", "grad.sum(axis=dim, keepdims=True)."),
)
def log_softmax_without_sum(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return grad - np.exp(out) * grad


@misconception(
    "vjp(log_softmax)",
    name="the logarithms are used as probabilities",
    belief="out is p.",
    explanation="out is log p: the probabilities are np.exp(out).",
    hints=("Is `out` between 0 and 1?", "grad - np.exp(out) * grad.sum(...)."),
)
def log_as_probability(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return grad - out * grad.sum(axis=dim, keepdims=True)


@misconception(
    "vjp(log_softmax)",
    name="the sum goes over the last axis, whatever dim says",
    belief="The classes stand last.",
    explanation="The sum goes along dim, with keepdims=True.",
    hints=("Where do you use dim?", ".sum(axis=dim, keepdims=True)."),
)
def log_softmax_sum_last(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    return grad - np.exp(out) * grad.sum(axis=-1, keepdims=True)


@misconception(
    "vjp(log_softmax)",
    name="the rule of softmax is used",
    belief="The logarithm changes little.",
    explanation="dx = g - p * (sum of g) here; y (g - sum of g y) is softmax's.",
    hints=("Which of the two rules has a product with y in front?", "grad - np.exp(out) * grad.sum(...)."),
)
def log_softmax_as_softmax(grad: Array, out: Array, x: Array, *, dim: int = -1) -> Array:
    p = np.exp(out)
    return p * (grad - (grad * p).sum(axis=dim, keepdims=True))


def _entropy(grad: Array, input: Array, target: Array, weight: Any, settings: tuple[int, str, float]) -> Any:
    """p, q, axis, divisor, and what each sample contributes."""
    here: Any = called_from()
    ignore_index, reduction, smoothing = settings
    q, divisor = here.losses.target_weights(input, target, weight, ignore_index, smoothing)
    axis = 1 if input.ndim > 1 else 0
    p = np.exp(input - input.max(axis=axis, keepdims=True))
    p /= p.sum(axis=axis, keepdims=True)
    return p, q, axis, divisor, here._per_sample(grad, input, divisor, reduction)


@misconception(
    "vjp(cross_entropy)",
    name="it is not divided as the mean was",
    belief="The gradient is p - q.",
    explanation="Of one sample's loss. The mean divides by the divisor, and so must the gradient.",
    hints=("Is your gradient of a large batch larger than that of a small one?", "Times _per_sample(...)."),
)
def entropy_not_divided(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    settings = ignore_index, "sum" if reduction == "mean" else reduction, label_smoothing
    p, q, axis, _, each = _entropy(grad, input, target, weight, settings)
    return (p * q.sum(axis=axis, keepdims=True) - q) * each, None, None


@misconception(
    "vjp(cross_entropy)",
    name="it is divided by the number of samples, whatever they weigh",
    belief="A mean divides by the batch.",
    explanation="This mean divides by the weights of the labels that count: the divisor of target_weights.",
    hints=("What did the forward pass divide by?", "_per_sample(grad, input, divisor, reduction)."),
)
def entropy_by_samples(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    p, q, axis, divisor, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    scale = divisor / target.size if reduction == "mean" else 1
    return (p * q.sum(axis=axis, keepdims=True) - q) * each * scale, None, None


@misconception(
    "vjp(cross_entropy)",
    name="the sign is turned",
    belief="The gradient is what was true, minus what was said.",
    explanation="Turning up the score of the truth makes the loss smaller: its gradient is p - 1, negative.",
    hints=("Should the gradient of the right class be negative? Yes.", "p * sum of q - q."),
)
def entropy_sign(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    p, q, axis, _, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    return (q - p * q.sum(axis=axis, keepdims=True)) * each, None, None


@misconception(
    "vjp(cross_entropy)",
    name="the probabilities are not multiplied by the sum of q",
    belief="The gradient is p - q.",
    explanation="Where q sums to 1. With class weights it does not, and a label that is ignored has q = 0.",
    hints=("What should the gradient of an ignored sample be? 0.", "p * q.sum(axis=axis, keepdims=True) - q."),
)
def entropy_without_sum_of_q(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    p, q, _, _, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    return (p - q) * each, None, None


@misconception(
    "vjp(cross_entropy)",
    name="what was true is left out",
    belief="The gradient is what was said.",
    explanation="It is what was said minus what was true: p * sum of q - q.",
    hints=("What does your gradient sum to for one sample? It should be 0.", "Subtract q."),
)
def entropy_without_truth(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    p, q, axis, _, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    return p * q.sum(axis=axis, keepdims=True) * each, None, None


@misconception(
    "vjp(cross_entropy)",
    name="the scores stand in the place of the probabilities",
    belief="What was said is the input.",
    explanation="The input is scores; what was said is their softmax along the class axis.",
    hints=("Do your p sum to 1 for each sample?", "np.exp(input - max) divided by its sum."),
)
def entropy_of_scores(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    _, q, axis, _, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    return (input * q.sum(axis=axis, keepdims=True) - q) * each, None, None


@misconception(
    "vjp(cross_entropy)",
    name="the softmax goes over the batch",
    belief="softmax goes over axis 0.",
    explanation="Axis 0 is the batch; the classes stand along `axis`.",
    hints=("Along which axis do your p sum to 1?", "axis=axis, in both reductions."),
)
def entropy_over_batch(
    grad: Array, out: Array, input: Array, target: Array, weight: Any = None, *,
    ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    _, q, axis, _, each = _entropy(grad, input, target, weight, (ignore_index, reduction, label_smoothing))
    p = np.exp(input - input.max(axis=0, keepdims=True))
    p /= p.sum(axis=0, keepdims=True)
    return (p * q.sum(axis=axis, keepdims=True) - q) * each, None, None
