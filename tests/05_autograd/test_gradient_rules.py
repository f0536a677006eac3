"""Every function of modules 01 to 05 has a gradient rule, and every rule agrees with differences of the function.

The functions are read from the registry: one that is added without a rule, or without an example below, is found.
What later modules add is checked in their own tests, and here it makes no difference whether they are loaded.
"""

import numpy as np
import pytest

from tinytorch.core import activations, layers, losses
from tinytorch.core import tensor as T
from tinytorch.core.autograd import backward, grad, rules, topological_order
from tinytorch.core.tensor import Tensor, primitives
from tinytorch.testing import assert_close, check_gradients, generator

CHAPTERS = [f"tinytorch.core.{name}" for name in ("tensor", "activations", "layers", "losses", "autograd")]
FUNCTIONS = [f for f in primitives if f.__module__ in CHAPTERS]


class Draw:
    """Inputs on which a function is smooth: a check by differences would fail on a kink or a tie, rule or no rule."""

    def __init__(self):
        self.generator = generator()

    def normal(self, *shape):
        return self.generator.standard_normal(shape)

    def positive(self, *shape):
        return self.generator.uniform(0.5, 2, shape)

    def off_zero(self, *shape):
        return self.positive(*shape) * self.generator.choice([-1, 1], shape)

    def distinct(self, *shape):
        return self.generator.permutation(int(np.prod(shape))).reshape(shape) / 4 - 1.1


def example(*inputs, **settings):
    """One call: differentiated by its floating inputs."""
    return inputs, settings


EXAMPLES = {
    "add": lambda d: [example(d.normal(2, 3), d.normal(3)), example(d.normal(2, 1, 3), d.normal(4, 1))],
    "sub": lambda d: [example(d.normal(2, 3), d.normal(2, 1)), example(d.normal(1, 1), d.normal(2, 3))],
    "mul": lambda d: [example(d.normal(2, 3), d.normal(3)), example(d.normal(2, 1), d.normal(1, 3))],
    "div": lambda d: [example(d.normal(2, 3), d.off_zero(3)), example(d.normal(3), d.off_zero(2, 1))],
    "pow": lambda d: [
        example(d.positive(2, 3), d.normal(3)),
        example(d.positive(3), d.normal(2, 1)),
        example(d.off_zero(4), np.array([0, 1, 2, 3])),
    ],
    "neg": lambda d: [example(d.normal(2, 3))],
    "exp": lambda d: [example(d.normal(2, 3))],
    "log": lambda d: [example(d.positive(2, 3))],
    "sqrt": lambda d: [example(d.positive(2, 3))],
    "abs": lambda d: [example(d.off_zero(2, 3))],
    "clip": lambda d: [
        example(d.distinct(3, 4), min=-0.5, max=1.0),
        example(d.distinct(6), min=0.0),
        example(d.distinct(6), max=0.0),
    ],
    "matrix_product": lambda d: [
        example(d.normal(2, 3), d.normal(3, 4)),
        example(d.normal(5, 2, 3), d.normal(3, 4)),
        example(d.normal(2, 3), d.normal(5, 3, 4)),
        example(d.normal(2, 1, 2, 3), d.normal(4, 3, 2)),
    ],
    "sum": lambda d: [
        example(d.normal(2, 3, 4)),
        example(d.normal(2, 3, 4), dim=1),
        example(d.normal(2, 3, 4), dim=(0, -1), keepdim=True),
        example(d.normal(2, 3, 4), dim=(-1, 0)),
    ],
    "amax": lambda d: [
        example(d.distinct(2, 3)),
        example(d.distinct(2, 3, 2), dim=(0, 2)),
        example(d.distinct(5), dim=0),
    ],
    "amin": lambda d: [example(d.distinct(2, 3)), example(d.distinct(2, 3), dim=-1, keepdim=True)],
    "gather": lambda d: [
        example(d.normal(2, 3), np.array([[0, 0], [2, 0]]), dim=1),
        example(d.normal(2, 3), np.array([[1, 0, 1]]), dim=-2),
    ],
    "reshape": lambda d: [example(d.normal(2, 6), shape=(3, -1))],
    "permute": lambda d: [example(d.normal(2, 3, 4), dims=(2, 0, 1)), example(d.normal(2, 3, 4), dims=(-1, 1, 0))],
    "getitem": lambda d: [
        example(d.normal(4, 3), index=(slice(None, None, 2), 1)),
        example(d.normal(4, 3), index=(None, Ellipsis, slice(0, 2))),
        example(d.normal(4, 3), index=(np.array([3, 0, 3]),)),
        example(d.normal(4, 3), index=([3, 0, 3],)),
        example(d.normal(4, 3), index=(slice(None), (0, 0))),
        example(d.normal(4, 3), index=(np.array([True, False, True, True]),)),
        example(d.normal(4, 3), index=([True, False, True, True],)),
        example(d.normal(4, 3, 2), index=(slice(None), np.array([2, 2]), np.array([0, 0]))),
    ],
    "where": lambda d: [
        example(np.array([[True], [False]]), d.normal(2, 3), d.normal(3)),
        example(np.array([True, False, True]), d.normal(1, 3), d.normal(2, 1)),
    ],
    "join": lambda d: [
        example(d.normal(2, 3), d.normal(2, 1), d.normal(2, 2), dim=-1),
        example(d.normal(2), dim=0),
    ],
    "pad": lambda d: [
        example(d.normal(2, 3), pad=(1, 2)),
        example(d.normal(2, 3, 2), pad=(0, 1, 2, 0), value=5.0),
        example(d.normal(2), pad=()),
    ],
    "relu": lambda d: [example(d.off_zero(3, 4))],
    "sigmoid": lambda d: [example(d.normal(3, 4) * 4)],
    "tanh": lambda d: [example(d.normal(3, 4) * 2)],
    "softplus": lambda d: [example(d.normal(3, 4) * 4)],
    "normal_cdf": lambda d: [example(d.normal(3, 4) * 2)],
}

LABELS = np.array([2, 0, 1, 2])
CLASS_WEIGHTS = np.array([0.5, 1.0, 2.0])
ANSWERS = np.array([0.0, 1.0, 0.3]) * np.ones((4, 1))


def with_weights(input, target, **settings):
    return losses.cross_entropy(input, target, CLASS_WEIGHTS, **settings)


def with_answers(input, **settings):
    """The binary loss: the answers, which are floats too, are fixed."""
    return losses.binary_cross_entropy_with_logits(input, ANSWERS, **settings)


COMPOSED = {
    "matmul": lambda d: [
        (T.matmul, example(d.normal(3), d.normal(3, 4))),
        (T.matmul, example(d.normal(2, 3), d.normal(3))),
        (T.matmul, example(d.normal(3), d.normal(3))),
        (T.matmul, example(d.normal(3), d.normal(5, 3, 4))),
        (T.matmul, example(d.normal(5, 4, 3), d.normal(3))),
    ],
    "mean and var": lambda d: [
        (T.mean, example(d.normal(2, 3), dim=1)),
        (T.var, example(d.normal(2, 3, 2), dim=(0, 2), keepdim=True)),
        (T.var, example(d.normal(5), correction=0)),
    ],
    "activations": lambda d: [
        (activations.leaky_relu, example(d.off_zero(3, 4), negative_slope=0.3)),
        (activations.gelu, example(d.normal(3, 4) * 2)),
        (activations.gelu, example(d.normal(3, 4) * 2, approximate="tanh")),
        (activations.softmax, example(d.normal(3, 4), dim=0)),
        (activations.log_softmax, example(d.normal(3, 4, 2), dim=1)),
    ],
    "linear": lambda d: [
        (layers.linear, example(d.normal(2, 5, 3), d.normal(4, 3), d.normal(4))),
        (layers.linear, example(d.normal(3), d.normal(4, 3))),
    ],
    "losses": lambda d: [
        (losses.mse_loss, example(d.normal(4, 3), d.normal(4, 3))),
        (losses.nll_loss, example(d.normal(4, 3), LABELS, ignore_index=2, reduction="sum")),
        (losses.cross_entropy, example(d.normal(4, 3), LABELS, ignore_index=2, label_smoothing=0.2)),
        (losses.cross_entropy, example(d.normal(4, 3), LABELS, reduction="none")),
        (losses.cross_entropy, example(d.normal(3), np.array(1), reduction="sum")),
        (losses.cross_entropy, example(d.normal(2, 3, 2), np.array([[0, 2], [1, 1]]))),
        (with_weights, example(d.normal(4, 3), LABELS, label_smoothing=0.1)),
        (with_answers, example(d.normal(4, 3))),
        (with_answers, example(d.normal(4, 3), weight=np.array([1.0, 2.0, 0.5]), pos_weight=np.array(3.0))),
    ],
}


def tensors_of(inputs, dtype=np.float64):
    """Tensors of the inputs; those of floats require a gradient."""
    floats = [x.dtype.kind == "f" for x in inputs]
    return [Tensor(x.astype(dtype) if float_ else x, float_) for x, float_ in zip(inputs, floats, strict=True)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_has_a_rule_that_agrees_with_differences(function):
    assert function in rules, f"{function.__name__} has no gradient rule; write one with @vjp({function.__name__})"
    assert function.__name__ in EXAMPLES, f"{function.__name__} has no example; add one to EXAMPLES in {__file__}"
    for inputs, settings in EXAMPLES[function.__name__](Draw()):
        with np.errstate(
            invalid="ignore"
        ):  # a rule may compute what nobody asked for: the logarithm of a negative base
            check_gradients(function, *[Tensor(x) for x in inputs], **settings)


@pytest.mark.parametrize("kind", COMPOSED)
def test_what_is_composed_needs_no_rule(kind):
    for function, (inputs, settings) in COMPOSED[kind](Draw()):
        check_gradients(function, *inputs, **settings)
        out = function(*tensors_of(inputs), **settings)
        assert all(t.grad_fn.function in primitives for t in topological_order([out]) if t.grad_fn)


@pytest.mark.not_in_catalogue("checks the examples of this file")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_example_runs_the_function_that_it_is_named_after(function):
    for inputs, settings in EXAMPLES[function.__name__](Draw()):
        assert function(*tensors_of(inputs), **settings).grad_fn.function is function


@pytest.mark.not_in_catalogue("checks the examples of this file")
def test_there_is_no_example_without_a_function():
    assert set(EXAMPLES) <= {f.__name__ for f in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_gradients_keep_the_dtype_and_shape_of_their_inputs(function):
    for inputs, settings in EXAMPLES[function.__name__](Draw()):
        tensors = tensors_of(inputs, np.float32)
        out = function(*tensors, **settings)
        with np.errstate(invalid="ignore"):
            backward(out, Tensor(np.ones(out.shape, out.dtype)))
        found = [(t.grad.dtype, t.grad.shape) for t in tensors if t.requires_grad]
        assert found == [(np.float32, t.shape) for t in tensors if t.requires_grad]


def test_at_a_kink_the_gradient_is_the_one_that_torch_takes():
    x = Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    for out, expected in (
        (activations.relu(x), [0.0, 0.0, 1.0]),
        (T.clip(x, min=0.0, max=1.0), [0.0, 1.0, 1.0]),
        (T.abs(x), [-1.0, 0.0, 1.0]),
    ):
        (gradient,) = grad(out.sum(), x)
        assert_close(gradient, Tensor(expected), case={"x": x})


def test_powers_of_zero_have_the_gradients_of_torch():
    # torch: (x ** 2).sum().backward() at x = 0 gives 0, x ** 1 gives 1, x ** 0 gives 0; the exponent gets 0 each time
    a, b = Tensor([0.0, 0.0, 0.0], requires_grad=True), Tensor([2.0, 1.0, 0.0], requires_grad=True)
    to_a, to_b = grad(T.pow(a, b).sum(), [a, b])
    assert_close(to_a, Tensor([0.0, 1.0, 0.0]))
    assert_close(to_b, Tensor([0.0, 0.0, 0.0]))


def test_equal_largest_entries_share_the_gradient():
    x = Tensor([[3.0, 3.0, 1.0], [2.0, 5.0, 5.0]], requires_grad=True)
    for dim, expected in ((1, [[0.5, 0.5, 0], [0, 0.5, 0.5]]), (None, [[0, 0, 0], [0, 0.5, 0.5]])):
        (gradient,) = grad(T.amax(x, dim=dim).sum(), x)
        assert_close(gradient, Tensor(expected), case={"x": x})


@pytest.mark.parametrize("twice", [np.array([0, 0]), [0, 0], (0, 0)], ids=["array", "list", "tuple"])
def test_what_an_index_reads_twice_gets_both_gradients(twice):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    (gradient,) = grad((x[:, twice] * Tensor([[1.0, 10.0], [2.0, 20.0]])).sum(), x)
    assert_close(gradient, Tensor([[11.0, 0.0], [22.0, 0.0]]))


@pytest.mark.parametrize("samples", [1, 3])
def test_the_gradient_of_cross_entropy_is_probabilities_minus_targets(samples):
    logits, labels = generator().standard_normal((samples, 4)), np.arange(samples)
    x = Tensor(logits, requires_grad=True)
    backward(losses.cross_entropy(x, labels))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert_close(x.grad, Tensor((probabilities - np.eye(samples, 4)) / samples))


def test_a_score_of_minus_infinity_gets_no_gradient_and_makes_no_nan():
    x = Tensor([[0.0, 0.0, -np.inf]], requires_grad=True)
    backward(losses.cross_entropy(x, [0]))
    assert_close(x.grad, Tensor([[-0.5, 0.5, 0.0]]))


def test_large_scores_have_finite_gradients():
    x = Tensor([-1e4, 1e4], requires_grad=True)
    with np.errstate(over="raise", invalid="raise"):
        (gradient,) = grad(losses.binary_cross_entropy_with_logits(x, [1.0, 0.0], reduction="sum"), x)
    assert_close(gradient, Tensor([-1.0, 1.0]))
