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
# Two matrix products in a row are no better than one: `W2 (W1 x)` is `(W2 W1) x`, a single matrix, and such a network
# can only draw straight lines. It draws curves because an **activation function** is applied to every number between
# two products. In a textbook each is one line. On a computer several of these lines overflow, or round a small result
# to zero. You will write versions that do neither.
#
# ```
#   x ──► W1 ──► relu ──► W2 ──► y          |x| = relu(x) + relu(-x)       \     /    two relus added up:
#                                                                           \   /     no single matrix
#                                                                            \_/      computes this
# ```

# %%
#| default_exp core.activations

# %%
#| export
import math

import numpy as np

from tinytorch.core.tensor import Tensor, amax, exp, log, primitive, sum, where
from tinytorch.support.activations import check_gelu, check_log_softmax, check_softmax
from tinytorch.support.arguments import checked_by
from tinytorch.support.dtypes import floating

# %%
import functools

from tinytorch.testing import expect, expect_error, expect_recorded, generator, inline_test, report


def strict(function):
    """Return `function` with overflow, ∞ − ∞ and log(0) as errors: each is a wrong number on its way."""

    @functools.wraps(function)
    def raising(*inputs, **settings):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return function(*inputs, **settings)

    return raising


# %% [markdown]
# ## 1. ReLU
#
# ```
#        relu    /              leaky_relu,           /
#               /               negative_slope 0.1   /
#   ───────────/                            ________/
#             0                             ‾‾‾‾‾  0
# ```
#
# For negative inputs the curve of `relu` is flat, and where it is flat there is no slope to learn from: a unit that is
# negative on every example never changes again. `leaky_relu` keeps a small slope there. `relu` is a function of arrays,
# which `@primitive` lifts to tensors. `leaky_relu` is composed from functions of tensors that you have:
# `where(condition, a, b)` takes from a where the condition holds, from b elsewhere.


# %% nbgrader={"grade": false, "grade_id": "relu", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def relu(x):
    """max(x, 0), element by element. NaN stays NaN, −∞ becomes 0, and the dtype stays, also that of integers.

    TODO: compare each number of the array x with 0.

    EXAMPLE:
        >>> relu(Tensor([-1.0, 2.0]))
        Tensor([0., 2.])

    HINT: `np.maximum` compares element by element. `x * (x > 0)` would turn −∞ into NaN.
    """
    ### BEGIN SOLUTION
    if x.dtype.kind == "f":
        return np.clip(x, 0, np.inf)  # faster than maximum, which handles a plain 0 number by number
    return np.maximum(x, 0)
    ### END SOLUTION


def leaky_relu(x, negative_slope=0.01):
    """x where x > 0, negative_slope · x elsewhere, for any slope.

    TODO: choose between the two, element by element, with a function of tensors.

    EXAMPLE:
        >>> leaky_relu(Tensor([-1.0, 2.0]), negative_slope=0.1)
        Tensor([-0.1,  2. ])

    HINT: `where`. The larger of the two would be wrong for a slope above 1.
    """
    ### BEGIN SOLUTION
    return where(x > 0, x, negative_slope * x)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-relu", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("ReLU and leaky ReLU")
def test_relu(verify):
    x = Tensor([-2.0, -0.5, 0.0, 0.5, 3.0])
    with verify("relu keeps positive numbers and replaces negative ones by 0"):
        expect(Tensor([0.0, 0.0, 0.0, 0.5, 3.0]), relu, x)
    with verify("the dtype stays"):
        for dtype in (np.int64, np.float32, np.float64):
            expect(Tensor([0, 2], dtype=dtype), relu, Tensor([-1, 2], dtype=dtype))
    with verify("−∞ gives 0, ∞ stays, and NaN is not hidden"):
        expect(Tensor([0.0, math.inf, math.nan]), strict(relu), Tensor([-math.inf, math.inf, math.nan]))
    with verify("leaky_relu keeps a slope for negative numbers"):
        expect(Tensor([-0.2, -0.05, 0.0, 0.5, 3.0]), leaky_relu, x, negative_slope=0.1)
        expect(Tensor([-0.02, -0.005, 0.0, 0.5, 3.0]), leaky_relu, x)
    with verify("a slope above 1 is a slope like any other, and so is a negative one"):
        expect(Tensor([-4.0, -1.0, 0.0, 0.5, 3.0]), leaky_relu, x, negative_slope=2.0)
        expect(Tensor([2.0, 0.5, 0.0, 0.5, 3.0]), leaky_relu, x, negative_slope=-1.0)
    with verify("both can be traced back"):
        for function in (relu, leaky_relu):
            expect_recorded(function, Tensor(x.data, requires_grad=True))


# %% [markdown]
# ## 2. Sigmoid, tanh, softplus
#
# ```
#   1 ┤            ________          sigmoid(x) = 1 / (1 + e^-x)
# 0.5 ┤        .─'                   sigmoid(0) = 0.5
#   0 ┤_____.-'                      tanh(x) = 2 sigmoid(2x) - 1   the same step from -1 to 1
# ```
#
# In `float32`, `e^88` is a number and `e^89` is infinite, so the textbook's form of sigmoid overflows at -89, and the
# form `e^x / (1 + e^x)` at 89. Each is safe on one side of 0. `softplus` is a relu without a corner: log(1 + e^x). It
# overflows at 89; at -20 the sum 1 + e⁻²⁰ rounds to 1, whose logarithm is 0. One exponential, e = e^-|x| ≤ 1, helps
# both:
#
# | where | sigmoid(x) | softplus(x) |
# |---|---|---|
# | x ≥ 0 | 1 / (1 + e) | x + log(1 + e) |
# | x < 0 | e / (1 + e) | 0 + log(1 + e) |
#
# `np.log1p(e)` is log(1 + e) without rounding the sum: softplus(-20) is then 2.06e-09.


# %% nbgrader={"grade": false, "grade_id": "sigmoid", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
@floating
def sigmoid(x):
    """1 / (1 + e⁻ˣ), element by element, without overflow; a small result keeps all its digits.

    TODO: compute the exponential of the table, and use it in both rows.

    EXAMPLE:
        >>> sigmoid(Tensor([0.0, 100.0]))
        Tensor([0.5, 1. ])

    HINT: Only the numerator differs. `np.where` chooses it, element by element. (1 − 1 / (1 + e) rounds e⁻²⁰ to 0.)
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    numerator = np.where(x >= 0, 1, e)
    return numerator / (1 + e)
    ### END SOLUTION


@primitive
@floating
def tanh(x):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), element by element, without overflow; a small result keeps all its digits.

    TODO: one call.

    HINT: NumPy has this function. Written with `np.exp`, the formula overflows.
    """
    ### BEGIN SOLUTION
    return np.tanh(x)
    ### END SOLUTION


@primitive
@floating
def softplus(x):
    """log(1 + eˣ), element by element, without overflow; a small result keeps all its digits.

    TODO: the last column of the table.

    HINT: `e` is computed as in `sigmoid`, and `np.maximum(x, 0)` is the first term of both rows.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    positive_part = np.maximum(x, 0)
    return positive_part + np.log1p(e)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-sigmoid", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sigmoid, tanh and softplus")
def test_sigmoid(verify):
    x, far = Tensor([0.0, 1.0, -1.0]), Tensor([-1000.0, -89.0, 89.0, 1000.0])
    with verify("sigmoid(0) is one half, and opposite inputs add up to 1"):
        expect(Tensor([0.5, 0.7310586, 0.2689414]), sigmoid, x)
    with verify("large inputs give 0 and 1, and nothing overflows"):
        expect(Tensor([0.0, 0.0, 1.0, 1.0]), strict(sigmoid), far)
    with verify("a small probability is small, not zero: far on the left sigmoid(x) is nearly e^x"):
        for value in (-20.0, -40.0, -80.0):
            expect(Tensor([math.exp(value)]), sigmoid, Tensor([value]))
            expect(Tensor(np.array([1 / (1 + math.exp(-value))])), sigmoid, Tensor(np.array([value])))
    with verify("tanh goes from −1 to 1, and nothing overflows"):
        expect(Tensor([0.0, 0.7615942, -0.7615942]), tanh, x)
        expect(Tensor([-1.0, -1.0, 1.0, 1.0]), strict(tanh), far)
    with verify("softplus is a relu without a corner: far on the right it is x, and nothing overflows"):
        expect(Tensor([math.log(2), 1.3132617, 0.3132617]), softplus, x)
        expect(Tensor([0.0, 0.0, 89.0, 1000.0]), strict(softplus), far)
    with verify("a small result of softplus is small, not zero: far on the left it is nearly e^x"):
        for value in (-20.0, -40.0, -80.0):
            expect(Tensor([math.exp(value)]), softplus, Tensor([value]))
    with verify("float64 stays"):
        for function, value in ((sigmoid, 0.5), (tanh, 0.0), (softplus, math.log(2))):
            expect(Tensor(np.array([value])), function, Tensor(np.zeros(1)))


# %% [markdown]
# ## 3. GELU
#
# `relu` multiplies x by 0 or by 1. GELU multiplies it by a probability: that of a normal draw lying below x, which is
# Φ(x), the area under the bell curve up to x:
#
# ```
#          .-'-.
#       .'░░░░|░'.           gelu(x) = x · Φ(x)
#   .-'░░░░░░░|   '-.        Φ(0) = 0.5   Φ(1) = 0.8413   so gelu(1) = 0.8413, gelu(-1) = -0.1587
#  ───────────x────────
# ```
#
# `normal_cdf` (given) computes Φ one number at a time, which is slow. A well-known approximation is faster. It differs
# from the exact curve by less than 0.0005 everywhere (Hendrycks & Gimpel 2016, arXiv:1606.08415): Φ(x) ≈ ½ (1 +
# tanh(√(2/π) (x + 0.044715 x³))).


# %% nbgrader={"grade": false, "grade_id": "gelu", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
@floating
def normal_cdf(x):
    """Φ(x) = ½ erfc(−x / √2), element by element: the normal distribution's probability of a value below x.

    ½ (1 + erf(x / √2)) is the same on paper, but for x below −9 the sum rounds to 0.
    """
    scaled = (x * -math.sqrt(0.5)).ravel().tolist()
    return 0.5 * np.fromiter(map(math.erfc, scaled), np.float64, x.size).reshape(x.shape)


@checked_by(check_gelu)
@floating
def gelu(x, approximate="none"):
    """x · Φ(x), with Φ exact (`approximate="none"`) or by the tanh formula (`"tanh"`).

    Raises ValueError for any other `approximate`. Source: arXiv:1606.08415.

    TODO: compute Φ in one of two ways, with functions of tensors, and multiply x by it.

    EXAMPLE:
        >>> gelu(Tensor([-1.0, 0.0, 1.0]))
        Tensor([-0.1587,  0.    ,  0.8413])

    HINT: `normal_cdf` is written. For tanh, compute x³ as `x * x * x`: `x**3` takes many times as long.
    """
    ### BEGIN SOLUTION
    if approximate == "none":
        probability = normal_cdf(x)
    else:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        probability = 0.5 * (1 + tanh(inner))
    return x * probability
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-gelu", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("GELU")
def test_gelu(verify):
    x = Tensor([-1.0, 0.0, 1.0])
    with verify("x times the area under the bell curve up to x"):
        expect(Tensor([-0.15865525, 0.0, 0.84134475]), gelu, x)
    with verify("far on the right it is x, far on the left it is 0"):
        expect(Tensor([0.0, 30.0]), gelu, Tensor([-30.0, 30.0]))
    with verify("the tanh formula is a function of its own"):
        expect(Tensor([-0.15880801, 0.34571401, 1.9545977]), gelu, Tensor([-1.0, 0.5, 2.0]), approximate="tanh")
        expect(Tensor([0.0, 30.0]), gelu, Tensor([-30.0, 30.0]), "tanh")
    with verify("it differs from the exact curve by less than 0.0005, and by more than 0.0004 somewhere"):

        def largest_difference(x):
            return (gelu(x) - gelu(x, approximate="tanh")).abs().max().item()

        assert 0.0004 < largest_difference(Tensor(np.linspace(-8, 8, 2001))) < 0.0005
    with verify("both can be traced back, and another approximation is refused"):
        for approximate in ("none", "tanh"):
            expect_recorded(gelu, Tensor(x.data, requires_grad=True), approximate)
        expect_error(ValueError, "approximate", gelu, x, approximate="fast")


# %% [markdown]
# ## 4. Softmax: scores become probabilities
#
# ```
#   scores [1, 2, 3] ──exp──► [2.718, 7.389, 20.086] ──÷ 30.193──► [0.090, 0.245, 0.665]    sum 1
# ```
#
# Each number depends on the others **along `dim`**, and on no others. For scores of shape (batch, classes) use `dim=1`;
# with `dim=0` the samples of a batch would compete with each other.
#
# Again `exp` overflows: a score of 89 gives ∞, and ∞/∞ is NaN. But adding one number to all scores along `dim` changes
# nothing, because numerator and denominator get the same factor. So subtract the largest: the largest exponential is
# then e⁰ = 1, and the sum is at least 1, so the division is safe too. The result does not depend on what we subtract.
# So the largest score may be **detached**: nothing is lost if module 05 does not go back through it.


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def subtract_largest(x, dim):
    """x minus its largest number along the axis `dim`. The shape stays.

    TODO: find the largest numbers, detach them, and subtract them.

    EXAMPLE:
        >>> subtract_largest(Tensor([[1.0, 3.0], [8.0, 5.0]]), dim=1)
        Tensor([[-2.,  0.],
                [ 0., -3.]])

    HINT: `amax(x, dim=1, keepdim=True)` of shape (2, 3) has shape (2, 1), which broadcasts; without keepdim it is (2,).
    """
    ### BEGIN SOLUTION
    largest = amax(x, dim=dim, keepdim=True)
    return x - largest.detach()
    ### END SOLUTION


@checked_by(check_softmax)
@floating
def softmax(x, dim=-1):
    """eˣ / Σ eˣ along the axis `dim`, without overflow: positive numbers that sum to 1 there. The shape stays.

    Raises ValueError where there is no axis `dim`.

    TODO: shift, exponentiate, divide; with functions of tensors.

    EXAMPLE:
        >>> softmax(Tensor([1.0, 2.0, 3.0]))
        Tensor([0.09  , 0.2447, 0.6652])

    HINT: The sum must broadcast against the exponentials: keepdim=True.
    """
    ### BEGIN SOLUTION
    e = exp(subtract_largest(x, dim))
    total = sum(e, dim=dim, keepdim=True)
    return e / total
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-softmax", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Softmax")
def test_softmax(verify):
    scores = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    with verify("the largest number along dim is subtracted"):
        expect(Tensor([[-2.0, -1.0, 0.0], [0.0, 0.0, 0.0]]), subtract_largest, scores, 1)
        expect(Tensor([[0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]]), subtract_largest, scores, 0)
        expect_recorded(subtract_largest, Tensor(scores.data, requires_grad=True), 1)
    with verify("each row becomes positive numbers in the same order"):
        expect(Tensor([[0.09003057, 0.24472848, 0.66524094], [1 / 3, 1 / 3, 1 / 3]]), softmax, scores, dim=1)
    with verify("dim is the axis along which they compete, by default the last"):
        upper = [0.7310586, 0.8807970, 0.9525741]
        expect(Tensor([upper, [1 - p for p in upper]]), softmax, scores, dim=0)
        for dim in (0, 1, -1):
            x = generator().standard_normal((2, 3, 4))
            expect(Tensor(np.exp(x) / np.exp(x).sum(axis=dim, keepdims=True)), softmax, Tensor(x), dim)
        expect(Tensor(np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)), softmax, Tensor(x))
    with verify("large scores do not overflow, and each row has its own largest"):
        far = Tensor([[1000.0, 1000.0, -1000.0], [-2000.0, -2000.0, -2000.0]])
        expect(Tensor([[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]]), strict(softmax), far, dim=1)
    with verify("it can be traced back, and an axis that does not exist is refused"):
        expect_recorded(softmax, Tensor(scores.data, requires_grad=True))
        expect_error(ValueError, "dim", softmax, scores, dim=2)


# %% [markdown]
# ## 5. The logarithm of softmax
#
# A loss needs the *logarithm* of a probability (module 04). Take the scores 0 and -200: the second probability is about
# e⁻²⁰⁰, which float32 rounds to 0, and the logarithm of 0 is -∞. But the answer is nearly -200. So do the division and
# the logarithm on paper, before anything is rounded. With m for the largest x:
#
# ```
#   log (e^x / Σ e^x)  =  x - log Σ e^x  =  (x - m) - log Σ e^(x - m)       the sum is at least 1
# ```


# %% nbgrader={"grade": false, "grade_id": "log-softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_log_softmax)
@floating
def log_softmax(x, dim=-1):
    """x − log Σ eˣ along the axis `dim`, without overflow: the logarithm of softmax without its rounding.

    The shape stays. Raises ValueError where there is no axis `dim`.

    TODO: the right-hand side of the formula above, with functions of tensors.

    EXAMPLE:
        >>> log_softmax(Tensor([0.0, -200.0]))
        Tensor([   0., -200.])

    HINT: No division, and `softmax` is not used. `subtract_largest` gives x − m, which the formula needs twice.
    """
    ### BEGIN SOLUTION
    shifted = subtract_largest(x, dim)
    total = sum(exp(shifted), dim=dim, keepdim=True)
    return shifted - log(total)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-log-softmax", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Log-softmax")
def test_log_softmax(verify):
    with verify("it is the logarithm of softmax, along dim, by default the last axis"):
        x = generator().standard_normal((2, 3, 4))
        for dim in (0, 1, -1):
            p = np.exp(x) / np.exp(x).sum(axis=dim, keepdims=True)
            expect(Tensor(np.log(p)), log_softmax, Tensor(x), dim)
        expect(Tensor(np.log(p)), log_softmax, Tensor(x))
    with verify("a probability that rounds to 0 still has its logarithm"):
        expect(Tensor([0.0, -200.0]), strict(log_softmax), Tensor([0.0, -200.0]), dim=0)
    with verify("large scores do not overflow, and each row has its own largest"):
        far = Tensor([[1000.0, 0.0], [-2000.0, -2000.0]])
        expect(Tensor([[0.0, -1000.0], [-math.log(2)] * 2]), strict(log_softmax), far, dim=1)
    with verify("equal scores of ten classes give -ln 10 = -2.3026"):
        expect(Tensor(np.full(10, -2.302585092994046)), log_softmax, Tensor(np.zeros(10)))
    with verify("it can be traced back, and an axis that does not exist is refused"):
        expect_recorded(log_softmax, Tensor(x, requires_grad=True))
        expect_error(ValueError, "dim", log_softmax, Tensor(x), dim=-4)


# %% [markdown]
# ## What you have
#
# Eight functions that give the correct number for every input that has one. Module 03 makes layers of them. Two
# questions to end with: `sigmoid(x)` is `softmax` over the two scores (x, 0). Which of its two forms do you get by
# subtracting the largest? And a network has positive inputs and positive weights only. Which of the eight functions
# change nothing in it?

# %%
report()
