"""Every function has a gradient rule, and every rule agrees with what the function does when its inputs move.

The functions are read from the registry: one that is added without a rule, or without an example below, is found.
"""

import importlib
import pkgutil

import numpy as np
import pytest

import tinytorch.core
from tinytorch.core import activations
from tinytorch.core import tensor as T
from tinytorch.core.autograd import grad, rules, topological_order
from tinytorch.core.tensor import Tensor, primitives
from tinytorch.testing import assert_close, check_gradients, generator

for _, name, _ in pkgutil.iter_modules(tinytorch.core.__path__):
    importlib.import_module(f"tinytorch.core.{name}")

FUNCTIONS = [f for f in primitives if f.__module__.startswith("tinytorch.core.")]


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


def example(*inputs, call=None, **settings):
    """One call: differentiated by its floating inputs. `call` stands in where the others must be given by name."""
    return inputs, settings, call


def with_given(function, **given):
    """The function with some inputs fixed: targets and class weights, which have no gradient."""
    return lambda *inputs, **settings: function(*inputs, **given, **settings)


def with_running_statistics(function):
    mean, var = np.array([0.3, -0.2]), np.array([0.5, 2.0])
    return lambda x, weight, bias, **settings: function(x, mean, var, weight, bias, **settings)


def with_batch_statistics(function):
    """Batch normalisation as a function of x alone: its mean and variance move with it."""

    def normalized(x, weight, bias, **settings):
        return function(x, x.data.mean((0, 2, 3)), x.data.var((0, 2, 3)), weight, bias, **settings)

    return normalized


LABELS = np.array([2, 0, 1, 2])
CLASS_WEIGHTS = np.array([0.5, 1.0, 2.0])

EXAMPLES = {
    "add": lambda d: [example(d.normal(2, 3), d.normal(3)), example(d.normal(2, 1, 3), d.normal(4, 1))],
    "sub": lambda d: [example(d.normal(2, 3), d.normal(2, 1)), example(d.normal(1, 1), d.normal(2, 3))],
    "mul": lambda d: [example(d.normal(2, 3), d.normal(3)), example(d.normal(2, 1), d.normal(1, 3))],
    "div": lambda d: [example(d.normal(2, 3), d.off_zero(3)), example(d.normal(3), d.off_zero(2, 1))],
    "pow": lambda d: [example(d.positive(2, 3), d.normal(3)), example(d.off_zero(4), np.array([0, 1, 2, 3]))],
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
    "matmul": lambda d: [
        example(d.normal(2, 3), d.normal(3, 4)),
        example(d.normal(3), d.normal(3, 4)),
        example(d.normal(2, 3), d.normal(3)),
        example(d.normal(3), d.normal(3)),
        example(d.normal(5, 2, 3), d.normal(3, 4)),
        example(d.normal(2, 1, 2, 3), d.normal(4, 3, 2)),
        example(d.normal(3), d.normal(5, 3, 4)),
        example(d.normal(5, 4, 3), d.normal(3)),
    ],
    "sum": lambda d: [
        example(d.normal(2, 3, 4)),
        example(d.normal(2, 3, 4), dim=1),
        example(d.normal(2, 3, 4), dim=(0, -1), keepdim=True),
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
        example(d.normal(4, 3), index=(np.array([True, False, True, True]),)),
        example(d.normal(4, 3, 2), index=(slice(None), np.array([2, 2]), np.array([0, 0]))),
    ],
    "_where": lambda d: [example(np.array([[True], [False]]), d.normal(2, 3), d.normal(3))],
    "_concatenate": lambda d: [
        example(d.normal(2, 3), d.normal(2, 1), d.normal(2, 2), dim=-1),
        example(d.normal(2), dim=0),
    ],
    "pad": lambda d: [example(d.normal(2, 3), pad=(1, 2)), example(d.normal(2, 3, 2), pad=(0, 1, 2, 0), value=5.0)],
    "relu": lambda d: [example(d.off_zero(3, 4))],
    "leaky_relu": lambda d: [example(d.off_zero(3, 4)), example(d.off_zero(3, 4), negative_slope=0.3)],
    "sigmoid": lambda d: [example(d.normal(3, 4) * 4)],
    "tanh": lambda d: [example(d.normal(3, 4) * 2)],
    "gelu": lambda d: [example(d.normal(3, 4) * 2), example(d.normal(3, 4) * 2, approximate="tanh")],
    "softmax": lambda d: [example(d.normal(3, 4)), example(d.normal(3, 4), dim=0)],
    "log_softmax": lambda d: [example(d.normal(3, 4)), example(d.normal(3, 4, 2), dim=1)],
    "linear": lambda d: [
        example(d.normal(2, 3), d.normal(4, 3), d.normal(4)),
        example(d.normal(2, 5, 3), d.normal(4, 3)),
        example(d.normal(3), d.normal(4, 3), d.normal(4)),
    ],
    "nll_loss": lambda d: [
        example(d.normal(4, 3), LABELS),
        example(d.normal(4, 3), LABELS, ignore_index=2, reduction="sum"),
        example(d.normal(4, 3), call=lambda f: with_given(f, target=LABELS, weight=CLASS_WEIGHTS), reduction="none"),
    ],
    "cross_entropy": lambda d: [
        example(d.normal(4, 3), LABELS),
        example(d.normal(4, 3), LABELS, ignore_index=2, label_smoothing=0.2),
        example(d.normal(4, 3), LABELS, reduction="none"),
        example(d.normal(3), np.array(1), reduction="sum"),
        example(d.normal(2, 3, 2), np.array([[0, 2], [1, 1]])),
        example(d.normal(4, 3), call=lambda f: with_given(f, target=LABELS, weight=CLASS_WEIGHTS), label_smoothing=0.1),
    ],
    "binary_cross_entropy_with_logits": lambda d: (
        [
            example(
                d.normal(4, 3),
                call=lambda f: with_given(f, target=np.array([0.0, 1.0, 0.3]) * np.ones((4, 1))),
                reduction=r,
            )
            for r in ("mean", "sum", "none")
        ]
        + [
            example(
                d.normal(2, 3),
                call=lambda f: with_given(
                    f, target=np.eye(2, 3), weight=np.array([1.0, 2.0, 0.5]), pos_weight=np.array([3.0, 1.0, 0.5])
                ),
            )
        ]
    ),
    "im2col": lambda d: [
        example(d.normal(2, 3, 4, 5), kernel_size=(2, 3)),
        example(d.normal(1, 2, 5, 5), kernel_size=3, stride=2, padding=1, dilation=(1, 2)),
    ],
    "col2im": lambda d: [
        example(d.normal(2, 12, 12), output_size=(4, 5), kernel_size=2),
        example(d.normal(1, 18, 9), output_size=(5, 5), kernel_size=3, stride=2, padding=1),
    ],
    "max_pool2d": lambda d: [
        example(d.distinct(2, 2, 4, 6), kernel_size=2),
        example(d.distinct(1, 2, 5, 5), kernel_size=3, stride=1, padding=1),
        example(d.distinct(1, 2, 6, 5), kernel_size=(3, 2), stride=(1, 2), dilation=(2, 1)),
    ],
    "avg_pool2d": lambda d: [
        example(d.normal(2, 2, 4, 6), kernel_size=2),
        example(d.normal(1, 2, 5, 4), kernel_size=3, stride=2, padding=1, count_include_pad=False),
    ],
    "normalize": lambda d: [
        example(d.normal(3, 2, 2, 3), d.normal(2), d.normal(2), call=with_running_statistics, eps=1e-5, of_batch=False),
        example(d.normal(3, 2, 2, 3), d.normal(2), d.normal(2), call=with_batch_statistics, eps=1e-5, of_batch=True),
    ],
}


def convolutions(d):
    return [
        example(d.normal(2, 3, 5, 4), d.normal(4, 3, 3, 2), d.normal(4)),
        example(d.normal(2, 2, 6, 5), d.normal(3, 2, 3, 3), stride=(2, 1), padding=1),
        example(d.normal(1, 4, 5, 5), d.normal(6, 2, 2, 2), d.normal(6), groups=2, padding=(0, 1), dilation=2),
        example(d.normal(2, 3, 4, 4), d.normal(3, 1, 3, 3), d.normal(3), groups=3, padding=1),
        example(d.normal(2, 3, 4, 4), d.normal(5, 3, 1, 1)),
    ]


EXAMPLES |= dict.fromkeys(["conv2d", "conv2d_im2col", "conv2d_windows", "conv2d_loops"], convolutions)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_has_a_rule_that_agrees_with_differences(function):
    assert function in rules, f"{function.__name__} has no gradient rule; write one with @vjp({function.__name__})"
    assert function.__name__ in EXAMPLES, f"{function.__name__} has no example; add one to EXAMPLES in {__file__}"
    for inputs, settings, call in EXAMPLES[function.__name__](Draw()):
        called = function if call is None else call(function)
        check_gradients(called, *[Tensor(x) for x in inputs], **settings)


@pytest.mark.not_in_catalogue("checks the examples of this file")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_example_runs_the_function_that_it_is_named_after(function):
    for inputs, settings, call in EXAMPLES[function.__name__](Draw()):
        tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
        out = (function if call is None else call(function))(*tensors, **settings)
        made_by = [t.grad_fn.function for t in topological_order([out]) if t.grad_fn]
        assert function in made_by


@pytest.mark.not_in_catalogue("checks the examples of this file")
def test_there_is_no_example_without_a_function():
    assert set(EXAMPLES) <= {f.__name__ for f in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_gradients_keep_the_dtype_and_shape_of_their_inputs(function):
    inputs, settings, call = EXAMPLES[function.__name__](Draw())[0]
    tensors = [Tensor(x.astype(np.float32) if x.dtype.kind == "f" else x) for x in inputs]
    for tensor in tensors:
        tensor.requires_grad = tensor.dtype.kind == "f"
    out = (function if call is None else call(function))(*tensors, **settings)
    out.backward(Tensor(np.ones(out.shape, out.dtype)))
    found = [(t.grad.dtype, t.grad.shape) for t in tensors if t.requires_grad]
    assert found == [(np.float32, t.shape) for t in tensors if t.requires_grad]


def test_at_a_kink_the_gradient_is_the_one_that_torch_takes():
    x = Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    for out, expected in ((activations.relu(x), [0.0, 0.0, 1.0]), (T.clip(x, min=0.0, max=1.0), [0.0, 1.0, 1.0])):
        (gradient,) = grad(out.sum(), x)
        assert_close(gradient, Tensor(expected), case={"x": x})
