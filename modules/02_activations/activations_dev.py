# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 02: Activations
#
# Put one matrix product after another and you have gained nothing: `W2 (W1 x)` is `(W2 W1) x`, a single matrix.
# However many layers, a network of products alone can only draw straight lines. What lets it bend is a function
# applied to every number in between:
#
# ```
#   x ──► W1 ──► bend ──► W2 ──► y          |x| = relu(x) + relu(-x)
#
#                                            \     /     two bends added up:
#                                             \   /      no single matrix does this
#                                              \_/
# ```
#
# This module builds the bends in common use. Each is one line in a textbook, and three of those lines are wrong on a
# computer: they overflow, or they round to zero what should only be small. You will write the ones that are right.

# %%
#| default_exp core.activations

# %%
#| export
import math

import numpy as np

from tinytorch.core.tensor import Tensor, primitive

# %%
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. The straight bend: ReLU
#
# ```
#        relu                    leaky_relu, negative_slope 0.1
#
#            /                               /
#           /                               /
#   ───────/                        ______ /
#          0                         ‾‾‾‾‾  0
# ```
#
# The cheapest bend there is: keep what is positive, drop the rest. For negative inputs it is flat, and where a curve
# is flat there is no slope to learn from: a unit that is negative on every example stays as it is for ever.
# `leaky_relu` leaves a little slope there.


# %% nbgrader={"grade": false, "grade_id": "relu", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def relu(x):
    """max(x, 0), element by element; NaN stays NaN. The dtype stays.

    TODO: one NumPy call.

    EXAMPLE:
        >>> relu(Tensor([-1.0, 2.0]))
        Tensor([0., 2.])

    HINT: `np.maximum` compares element by element. `x * (x > 0)` would turn an infinite negative input into NaN.
    """
    ### BEGIN SOLUTION
    # clip with two limits takes many numbers at once, where maximum with a plain 0 takes them one by one
    return np.clip(x, 0, np.inf) if x.dtype.kind == "f" else np.maximum(x, 0)
    ### END SOLUTION


@primitive
def leaky_relu(x, *, negative_slope=0.01):
    """x where x > 0, negative_slope · x elsewhere.

    TODO: choose between the two, element by element.

    EXAMPLE:
        >>> leaky_relu(Tensor([-1.0, 2.0]), negative_slope=0.1)
        Tensor([-0.1,  2. ])

    HINT: `np.where`. The larger of the two would be wrong for a slope above 1.
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, x, negative_slope * x)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-relu", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("ReLU and its leaky sister")
def test_relu(verify):
    x = Tensor([-2.0, -0.5, 0.0, 0.5, 3.0])
    with verify("relu keeps what is positive and drops the rest"):
        case = Case(relu, x)
        assert_close(case(), Tensor([0.0, 0.0, 0.0, 0.5, 3.0]), case=case)
    with verify("the dtype stays"):
        for dtype in (np.int64, np.float32, np.float64):
            case = Case(relu, Tensor([-1, 2], dtype=dtype))
            assert_close(case(), Tensor([0, 2], dtype=dtype), case=case)
    with verify("minus infinity gives 0, and NaN is not hidden"):
        case = Case(relu, Tensor([-math.inf, math.nan]))
        with np.errstate(invalid="ignore"):
            assert_close(case(), Tensor([0.0, math.nan]), case=case)
    with verify("two bends make |x|, which no single product can"):
        draw = Tensor(generator().standard_normal(100).astype(np.float32))
        assert_close(relu(draw) + relu(-draw), draw.abs())
    with verify("leaky_relu leaves a slope on the left"):
        case = Case(leaky_relu, x, negative_slope=0.1)
        assert_close(case(), Tensor([-0.2, -0.05, 0.0, 0.5, 3.0]), case=case)
        case = Case(leaky_relu, x)
        assert_close(case(), Tensor([-0.02, -0.005, 0.0, 0.5, 3.0]), case=case)
    with verify("a slope above 1 is a slope like any other"):
        case = Case(leaky_relu, x, negative_slope=2.0)
        assert_close(case(), Tensor([-4.0, -1.0, 0.0, 0.5, 3.0]), case=case)


# %% [markdown]
# ## 2. The soft steps: sigmoid and tanh
#
# ```
#   1 ┤            ________          sigmoid(x) = 1 / (1 + e^-x)
#     │         .─'
# 0.5 ┤       /                      sigmoid(0) = 0.5
#     │    .-'
#   0 ┤___'                          tanh(x) = 2 sigmoid(2x) - 1   the same step from -1 to 1
# ```
#
# `sigmoid` turns any number into one between 0 and 1: a probability. Now the trap. In `float32`, `e^88` is a number
# and `e^89` is infinite. Written as in the textbook, an input of -89 therefore overflows; write it as
# `e^x / (1 + e^x)` instead and +89 does. Each form is safe on one side of 0, where its exponential is at most 1:
#
# | where | form | the exponential used |
# |---|---|---|
# | x ≥ 0 | 1 / (1 + e⁻ˣ) | e⁻ˣ ≤ 1 |
# | x < 0 | eˣ / (1 + eˣ) | eˣ ≤ 1 |


# %% nbgrader={"grade": false, "grade_id": "sigmoid", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def sigmoid(x):
    """1 / (1 + e^-x), element by element, without overflow and exact to rounding on both sides of 0.

    TODO: compute one exponential that is never above 1, and use it in both forms of the table.

    APPROACH:
    1. e = e^-|x|. For x ≥ 0 this is e^-x, for x < 0 it is e^x.
    2. The denominator is 1 + e in both rows; only the numerator differs.

    EXAMPLE:
        >>> sigmoid(Tensor([0.0, 100.0]))
        Tensor([0.5, 1. ])

    HINT: `np.where` chooses the numerator, element by element. (1 - 1 / (1 + e) on the left would round e^-20 away.)
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)
    ### END SOLUTION


@primitive
def tanh(x):
    """(e^x - e^-x) / (e^x + e^-x), element by element: a step from -1 to 1 that passes through 0."""
    return np.tanh(x)


# %% nbgrader={"grade": true, "grade_id": "test-sigmoid", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sigmoid: a step that does not overflow")
def test_sigmoid(verify):
    with verify("0 gives one half, and opposite inputs add up to 1"):
        x = Tensor([0.0, 1.0, -1.0])
        case = Case(sigmoid, x)
        assert_close(case(), Tensor([0.5, 0.7310586, 0.2689414]), case=case)
    with verify("float32: e^88 is a number, e^89 is not"):
        with np.errstate(over="ignore"):
            assert np.isfinite(np.exp(np.float32(88))) and np.isinf(np.exp(np.float32(89)))
    with verify("large inputs saturate on both sides, without a warning"):

        def loud(x):
            with np.errstate(over="raise", invalid="raise"):
                return sigmoid(x)

        case = Case(loud, Tensor([-1000.0, -89.0, 89.0, 1000.0]))
        assert_close(case(), Tensor([0.0, 0.0, 1.0, 1.0]), case=case)
    with verify("a small probability is small, not zero"):

        def as_part_of_the_right_one(x):
            return sigmoid(x) / Tensor(np.exp(x.data) / (1 + np.exp(x.data)))

        case = Case(as_part_of_the_right_one, Tensor(np.array([-20.0, -40.0])))
        assert_close(case(), Tensor(np.ones(2)), case=case)
    with verify("tanh is the same step, twice as wide and from -1 to 1"):
        x = Tensor(generator().standard_normal(100) * 5)
        assert_close(tanh(x), 2 * sigmoid(2 * x) - 1, rtol=1e-9, atol=1e-12)


# %% [markdown]
# ## 3. GELU: a gate that doubts
#
# `relu` multiplies x by 0 or by 1. GELU multiplies it by a probability: how likely a number drawn from the normal
# distribution lies below x. That probability is Φ(x), the area under the bell curve up to x:
#
# ```
#          .-'-.
#        .'░░░░|'.           gelu(x) = x · Φ(x)
#      .'░░░░░░|  '.
#   .-'░░░░░░░░|    '-.      Φ(0) = 0.5   Φ(1) = 0.8413   so gelu(1) = 0.8413, gelu(-1) = -0.1587
# ─────────────x────────
# ```
#
# Φ has no formula in elementary functions. It is given below through `math.erfc`, one number at a time, which makes
# the exact GELU the slowest function of this module. Hence a well-known approximation through `tanh`
# (Hendrycks & Gimpel 2016, arXiv:1606.08415), which misses the exact curve by less than 0.0005 everywhere:
#
# ```
#   Φ(x) ≈ ½ (1 + tanh(√(2/π) (x + 0.044715 x³)))
# ```


# %% nbgrader={"grade": false, "grade_id": "gelu", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def normal_cdf(x: np.ndarray) -> np.ndarray:
    """Φ(x) = ½ erfc(-x / √2): the normal distribution's probability of a value below x. Float arrays in and out.

    erfc rather than 1 + erf: their difference from 0 is what is left for large negative x, and only erfc has it.
    """
    scaled = (x * -math.sqrt(0.5)).ravel().tolist()
    return (0.5 * np.fromiter(map(math.erfc, scaled), np.float64, x.size)).reshape(x.shape).astype(x.dtype)


@primitive
def gelu(x, *, approximate="none"):
    """x · Φ(x), with Φ exact (`approximate="none"`) or by the tanh formula (`"tanh"`); arXiv:1606.08415.

    Raises ValueError for any other `approximate`.

    TODO: both branches.

    EXAMPLE:
        >>> gelu(Tensor([-1.0, 0.0, 1.0]))
        Tensor([-0.1587,  0.    ,  0.8413])

    HINT: `normal_cdf` is written. For tanh, compute x³ as `x * x * x`: `x**3` takes many times as long.
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate: expected 'none' or 'tanh', got {approximate!r}")
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    ### BEGIN SOLUTION
    if approximate == "none":
        return x * normal_cdf(x)
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-gelu", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("GELU: x times a probability")
def test_gelu(verify):
    with verify("the area under the bell curve up to 1 is 0.8413"):
        x = Tensor([-1.0, 0.0, 1.0])
        case = Case(gelu, x)
        assert_close(case(), Tensor([-0.15865525, 0.0, 0.84134475]), case=case)
    with verify("far right it is x, far left it is 0"):
        x = Tensor([-30.0, 30.0])
        assert_close(gelu(x), Tensor([0.0, 30.0]), case={"x": x})
    with verify("gelu(x) - gelu(-x) = x, because the two areas add up to 1"):
        x = Tensor(generator().standard_normal(100))
        assert_close(gelu(x) - gelu(-x), x, case={"x": x})
    grid = Tensor(np.linspace(-8, 8, 2001))
    with verify("the tanh formula is its own function ..."):
        x = Tensor([-1.0, 0.5, 2.0])
        case = Case(gelu, x, approximate="tanh")
        assert_close(case(), Tensor([-0.15880801, 0.34571401, 1.9545977]), case=case)
    with verify("... that misses the exact curve by less than 0.0005, and by more than 0.0004 somewhere"):
        largest = (gelu(grid) - gelu(grid, approximate="tanh")).abs().max().item()
        assert 0.0004 < largest < 0.0005, f"the two differ by {largest} at most"


# %% [markdown]
# ## 4. Softmax: scores become probabilities
#
# A classifier ends with one score per class. Softmax makes them positive (through exp) and divides by their sum:
#
# ```
#   scores [1, 2, 3] ──exp──► [2.718, 7.389, 20.086] ──÷ 30.193──► [0.090, 0.245, 0.665]    sum 1
# ```
#
# Unlike everything above it does not work element by element: each number depends on the others **along `dim`**, and
# on no others. For scores of shape (batch, classes) that is `dim=1`; with `dim=0` the pictures of a batch would
# compete with each other.
#
# The trap is `exp` again: a score of 89 is infinite, and ∞/∞ is NaN. But shifting all scores by the same amount
# changes nothing (numerator and denominator get the same factor), so we may choose the shift. Subtract the largest
# score: then the largest exponential is e⁰ = 1, and the sum is at least 1, so the division is safe too.


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _check_dim(name, x, dim):
    axes = max(x.ndim, 1)
    if not -axes <= dim < axes:
        raise ValueError(f"{name}: dim: expected {-axes} to {axes - 1} for input of shape {x.shape}, got {dim}")


@primitive
def softmax(x, *, dim=-1):
    """e^x / Σ e^x along the axis `dim`: positive numbers that sum to 1 there. Any shape; the shape stays.

    Raises ValueError where there is no axis `dim`.

    TODO: shift, exponentiate, divide.

    APPROACH:
    1. The largest value along `dim`, kept as an axis of length 1 so that it broadcasts.
    2. e to the power of x minus that.
    3. Divide by the sum along `dim`, kept in the same way.

    EXAMPLE:
        >>> softmax(Tensor([1.0, 2.0, 3.0]))
        Tensor([0.09  , 0.2447, 0.6652])

    HINT: NumPy's `max` and `sum` take `axis` and `keepdims`: shape (2, 3) along axis 1 then gives (2, 1), not (2,).
    """
    _check_dim("softmax", x, dim)
    ### BEGIN SOLUTION
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return e / e.sum(axis=dim, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-softmax", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Softmax: scores become probabilities")
def test_softmax(verify):
    scores = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    with verify("each row becomes positive numbers in the same order"):
        by_hand = np.array([2.718, 7.389, 20.086], np.float32) / 30.193
        case = Case(softmax, scores, dim=1)
        assert_close(case(), Tensor(np.stack([by_hand, np.full(3, 1 / 3, np.float32)])), case=case, rtol=1e-3)
        assert_close(case(), Tensor([[0.09003057, 0.24472848, 0.66524094], [1 / 3, 1 / 3, 1 / 3]]), case=case)
    with verify("dim says along which axis they compete"):
        case = Case(softmax, scores, dim=0)
        upper = [0.7310586, 0.8807970, 0.9525741]
        assert_close(case(), Tensor([upper, [1 - p for p in upper]]), case=case)
    with verify("along dim everything sums to 1, for any shape and any dim"):
        x = Tensor(generator().standard_normal((2, 3, 4)) * 3)
        for dim in (0, 1, -1):
            assert_close(softmax(x, dim=dim).sum(dim=dim), Tensor(np.ones(softmax(x).sum(dim=dim).shape)))
    with verify("a common shift changes nothing"):
        case = Case(softmax, scores + 10.0, dim=1)
        assert_close(case(), softmax(scores, dim=1), case=case)
    with verify("large scores do not overflow, and each row has its own largest"):

        def loud(x, dim):
            with np.errstate(over="raise", invalid="raise"):
                return softmax(x, dim=dim)

        case = Case(loud, Tensor([[1000.0, 1000.0, -1000.0], [-2000.0, -2000.0, -2000.0]]), 1)
        assert_close(case(), Tensor([[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]]), case=case)


# %% [markdown]
# ## 5. The logarithm of softmax
#
# What a loss needs is the *logarithm* of a probability (module 04). Take scores 0 and -200: the second probability
# is about e⁻²⁰⁰, which float32 rounds to 0, and the logarithm of 0 is -∞. Yet the answer is nearly -200, a harmless
# number. The division and the logarithm must be done together, on paper, before anything is rounded:
#
# ```
#   log (e^x / Σ e^x)  =  x - log Σ e^x  =  (x - m) - log Σ e^(x - m)        m the largest x
#                                            │              └─ between 1 and the number of classes
#                                            └─ never rounded to zero
# ```


# %% nbgrader={"grade": false, "grade_id": "log-softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def log_softmax(x, *, dim=-1):
    """x - log Σ e^x along the axis `dim`: the logarithm of softmax, without its rounding. Any shape; the shape stays.

    Raises ValueError where there is no axis `dim`.

    TODO: the right-hand side of the formula above.

    EXAMPLE:
        >>> log_softmax(Tensor([0.0, -200.0]))
        Tensor([   0., -200.])

    HINT: Two lines. No division, and `softmax` is not used.
    """
    _check_dim("log_softmax", x, dim)
    ### BEGIN SOLUTION
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-log-softmax", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Log-softmax: small probabilities keep their logarithm")
def test_log_softmax(verify):
    with verify("it is the logarithm of softmax"):
        x = Tensor(generator().standard_normal((4, 5)))
        for dim in (0, 1):
            case = Case(log_softmax, x, dim=dim)
            assert_close(case(), softmax(x, dim=dim).log(), case=case)
    with verify("a probability that rounds to 0 still has its logarithm"):
        x = Tensor([0.0, -200.0])
        assert softmax(x, dim=0).data[1] == 0, "in float32, e^-200 is 0"

        def loud(x):
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return log_softmax(x, dim=0)

        case = Case(loud, x)
        assert_close(case(), Tensor([0.0, -200.0]), case=case)
    with verify("large scores do not overflow"):
        case = Case(loud, Tensor([1000.0, 0.0]))
        assert_close(case(), Tensor([0.0, -1000.0]), case=case)
    with verify("equal scores over ten classes give -ln 10 = -2.3026"):
        case = Case(log_softmax, Tensor(np.zeros(10)))
        assert_close(case(), Tensor(np.full(10, -2.302585092994046)), case=case)


# %% [markdown]
# ## 6. Layers: the same functions as objects
#
# A function computes. An *object* also remembers its settings and can say what it is, which is what we want when a
# network is a list of things to do one after the other:
#
# ```
#   network = [Linear(784, 64), ReLU(), Linear(64, 10), Softmax(dim=1)]
# ```
#
# What all of them share is `Layer`, which is given. Calling a layer runs its `forward`. The rest are the questions
# that a network will ask each of its layers: *which numbers of yours can be learned? what are your parts?* An
# activation has neither, and says so. Layers that have some come in module 03: a `Module` is a `Layer` with more to
# say.


# %%
#| export
class Layer:
    """Something called like a function that can say what it is: the base of every layer and every network.

    Subclasses write `forward`, and `extra_repr` if they have settings to show. A plain layer holds no tensors and no
    other layers; one that does derives from `Module` (module 03).
    """

    training = True

    def __call__(self, *inputs, **keywords):
        try:
            return self.forward(*inputs, **keywords)
        except (TypeError, ValueError) as error:
            name = type(self).__name__
            if not hasattr(error, "layer"):  # the innermost layer puts its name before what is wrong
                error.layer = name
                if not str(error).startswith(name):
                    error.args = (f"{name}: {error}",)
            raise

    def extra_repr(self) -> str:
        """The settings, as they stand between the parentheses of the repr."""
        return ""

    def __repr__(self):
        return f"{type(self).__name__}({self.extra_repr()})"

    def __setattr__(self, name, value):
        if isinstance(value, (Tensor, Layer)):  # else the answers below would be untrue
            raise TypeError(
                f"{type(self).__name__}.{name}: a plain layer holds no tensors or layers; derive from Module"
            )
        super().__setattr__(name, value)

    # What networks ask their layers. Module overrides the first six; the others follow from them.
    def named_children(self):
        return iter(())

    def named_modules(self, prefix=""):
        return iter([(prefix, self)])

    def named_parameters(self, prefix=""):
        return iter(())

    def named_buffers(self, prefix=""):
        return iter(())

    def state_dict(self):
        return {}

    def load_state_dict(self, state_dict, strict=True):
        if strict and state_dict:
            raise ValueError(f"{type(self).__name__} has no state to load, got {', '.join(map(str, state_dict))}")

    def children(self):
        """The layers that are parts of this one."""
        return (layer for _, layer in self.named_children())

    def modules(self):
        """This layer, its parts, and their parts."""
        return (layer for _, layer in self.named_modules())

    def parameters(self):
        """The tensors to be learned, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self):
        """The tensors that are kept but not learned, each once."""
        return (buffer for _, buffer in self.named_buffers())

    def train(self, mode: bool = True):
        """Say that what follows is training (or is not, with mode=False); returns the layer."""
        for layer in self.modules():
            layer.training = mode
        return self

    def eval(self):
        """Say that what follows is not training; returns the layer."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None


# %% [markdown]
# The layers themselves are given too, except one: write `LeakyReLU` as the others are written.


# %% nbgrader={"grade": false, "grade_id": "activation-layers", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class ReLU(Layer):
    """`relu` as a layer."""

    def forward(self, x):
        return relu(x)


class Sigmoid(Layer):
    """`sigmoid` as a layer."""

    def forward(self, x):
        return sigmoid(x)


class Tanh(Layer):
    """`tanh` as a layer."""

    def forward(self, x):
        return tanh(x)


class GELU(Layer):
    """`gelu` as a layer; `approximate` is "none" or "tanh"."""

    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        return gelu(x, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Softmax(Layer):
    """`softmax` along the axis `dim` as a layer."""

    def __init__(self, dim):
        self.dim = dim

    def forward(self, x):
        return softmax(x, dim=self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Layer):
    """`log_softmax` along the axis `dim` as a layer."""

    def __init__(self, dim):
        self.dim = dim

    def forward(self, x):
        return log_softmax(x, dim=self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LeakyReLU(Layer):
    """`leaky_relu` as a layer.

    TODO: `__init__(negative_slope=0.01)`, `forward` and `extra_repr`.

    EXAMPLE:
        >>> LeakyReLU(0.2)
        LeakyReLU(negative_slope=0.2)
    """

    def __init__(self, negative_slope=0.01):
        ### BEGIN SOLUTION
        self.negative_slope = negative_slope
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return leaky_relu(x, negative_slope=self.negative_slope)
        ### END SOLUTION

    def extra_repr(self):
        ### BEGIN SOLUTION
        return f"negative_slope={self.negative_slope}"
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-activation-layers", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Activation layers")
def test_activation_layers(verify):
    x = Tensor(generator().standard_normal((2, 3)))

    def leaky(x, *slope):
        return LeakyReLU(*slope)(x)

    with verify("a layer called is its function with its settings"):
        case = Case(leaky, x, 0.3)
        assert_close(case(), leaky_relu(x, negative_slope=0.3), case=case)
        case = Case(leaky, x)
        assert_close(case(), leaky_relu(x), case=case)
        assert_close(Softmax(dim=0)(x), softmax(x, dim=0), case={"x": x})
        assert_close(GELU("tanh")(x), gelu(x, approximate="tanh"), case={"x": x})
    with verify("a layer says what it is"):

        def show():
            shown = [repr(layer) for layer in (ReLU(), Softmax(1), GELU(), LeakyReLU(0.2))]
            expected = ["ReLU()", "Softmax(dim=1)", "GELU(approximate='none')", "LeakyReLU(negative_slope=0.2)"]
            assert shown == expected, f"expected {expected}, got {shown}"

        Case(show)()
    with verify("an activation has nothing to learn"):
        assert list(LeakyReLU().parameters()) == [], "an activation has no parameters"


# %% [markdown]
# ## What you have
#
# Seven functions that give the right number for every input that has one. Try them in a cell of your own:
#
# ```python
# Softmax(dim=1)(Tensor([[2.0, 1.0, -1.0], [0.0, 0.0, 5.0]]))
# ```
#
# Some questions:
#
# - `sigmoid(x)` is `softmax` over the two scores (x, 0). Which of its two forms do you get by subtracting the largest?
# - `relu` is not differentiable at 0. torch uses the slope 0 there. How often does a computed number equal 0 exactly?
#   (Think of what the *previous* relu gave out.)
# - Which of these functions could stand between two layers of a network whose inputs are all positive and whose
#   weights are all positive, and change nothing?
# - Two of the seven are not element-wise. What does that mean for a single row of a batch?

# %%
report()
