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
# # Module 04: Losses
#
# A loss says in one number how wrong the predictions of a network are, and training makes that number smaller. For
# quantities (a price, a temperature) it is the *squared difference*. For classes it is *minus the logarithm of the
# probability that the network gave to the true class*:
#
# | probability of the true class | 0.9 | 0.5 | 0.1 | 0.01 |
# |---|---|---|---|---|
# | loss | 0.105 | 0.693 | 2.303 | 4.605 |
#
# A prediction that is certain and correct costs nothing; one that is certain and wrong costs without limit. A network
# that knows nothing about ten classes gives each of them 1/10: its loss is ln 10 = 2.303. You will see that number at
# the start of many trainings. Compute every loss **with tensors**: then each step is recorded, and module 05 can go
# back through it.

# %%
#| default_exp core.losses

# %%
#| export
import numpy as np

from tinytorch.core.activations import log_softmax, softplus
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, as_tensors, where
from tinytorch.support.arguments import checked_by
from tinytorch.support.dtypes import float16_in_float32
from tinytorch.support.losses import (
    check_binary_cross_entropy_with_logits, check_cross_entropy, check_loss, check_mse_loss, check_nll_loss, class_axis,
)  # fmt: skip

# %%
from tinytorch.core.activations import sigmoid
from tinytorch.testing import expect, expect_error, expect_recorded, generator, inline_test, report

# %% [markdown]
# ## 1. One loss per element, one number in the end
#
# A loss is computed for each element (or sample). `reduction` says what happens then: `"none"` keeps the losses,
# `"sum"` adds them up, and `"mean"` divides the sum by a divisor, usually their number.
#
# The mean squared error has a trap. If predictions have shape (64, 1) and targets have shape (64,), their difference
# broadcasts to (64, 64): every prediction minus every target. Training runs without an error and learns nothing. So
# `mse_loss` refuses shapes that differ: `@checked_by(check_mse_loss)` runs a check (given) before the function.


# %% nbgrader={"grade": false, "grade_id": "mse-loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def reduce_losses(losses, reduction, divisor):
    """Return what `reduction` makes of a tensor of losses: for "mean" their sum divided by `divisor`.

    "none" returns the losses themselves, "sum" their sum.

    TODO: the three cases.

    HINT: `losses.sum()` is a tensor that can be traced back.
    """
    ### BEGIN SOLUTION
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    return total / divisor
    ### END SOLUTION


@checked_by(check_mse_loss)
@float16_in_float32
def mse_loss(input, target, reduction="mean"):
    """Return (input − target)², element by element, then reduced; the mean is over all elements.

    Shapes: input and target alike. `reduction` is "mean", "sum" or "none". Raises ValueError for other reductions,
    for shapes that differ and for an empty batch.

    TODO: the squared difference of the two tensors, reduced by `reduce_losses`.

    EXAMPLE:
        >>> mse_loss(Tensor([1.0, 5.0]), Tensor([1.0, 2.0]))
        Tensor(4.5)

    HINT: `d * d` is faster than `d**2`. How many elements a tensor has is its `size`.
    """
    input, target = as_tensors((input, target))
    ### BEGIN SOLUTION
    difference = input - target
    return reduce_losses(difference * difference, reduction, difference.numel())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-mse-loss", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Mean squared error")
def test_mse_loss(verify):
    x, y = Tensor([[1.0, 5.0], [0.0, -1.0]]), Tensor([[1.0, 2.0], [2.0, 1.0]])
    with verify("'none' keeps the losses, 'sum' adds them up, 'mean' divides the sum by the divisor"):
        for reduction, expected in (("none", [1.0, 2.0, 6.0]), ("sum", 9.0), ("mean", 4.5)):
            expect(Tensor(expected), reduce_losses, Tensor([1.0, 2.0, 6.0]), reduction, 2)
    with verify("the loss is the mean of all squared differences"):
        expect(Tensor(4.25), mse_loss, x, y)
    with verify("the other reductions return their sum, or each of them"):
        expect(Tensor(17.0), mse_loss, x, y, "sum")
        expect(Tensor([[0.0, 9.0], [4.0, 4.0]]), mse_loss, x, y, reduction="none")
    with verify("the target may hold integers, and the loss can be traced back"):
        expect(Tensor(4.5), mse_loss, Tensor([1.0, 5.0]), np.array([1, 2]))
        expect_recorded(mse_loss, Tensor(x.data, requires_grad=True), y)
    with verify("shapes that would broadcast are refused"):
        expect_error(ValueError, "target", mse_loss, Tensor(np.zeros((4, 1))), Tensor(np.zeros(4)))


# %% [markdown]
# ## 2. The target distribution
#
# A label says that one class has probability 1 and all others 0. Three options change this, and one table q, of the
# input's shape, holds them all:
#
# ```
#   loss_i  =  - Σ_c  q[i,c] · log p[i,c]
#
#                                            class   0     1     2
#   label 1                              q =       [ 0     1     0  ]
#   label smoothing ε = 0.3              q =       [ 0.1   0.8   0.1]     1 - ε on the label, then ε/3 on every class
#   class weights (1, 2, 5) as well      q =       [ 0.1   1.6   0.5]     column c times w[c]
#   label = ignore_index                 q =       [ 0     0     0  ]
# ```
#
# The mean does not divide by the number of samples: an ignored sample would make it smaller, and a sample that counts
# five times must also count five times in the divisor. The divisor is **the sum of the weights of the labels that are
# not ignored**. Without weights, this is their number.
#
# The classes stand on axis 1, also for images with a label for each pixel: (batch, classes, height, width). A single
# sample (classes,) has them on axis 0. `class_axis(input)` is that axis.


# %% nbgrader={"grade": false, "grade_id": "target-distribution", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def target_distribution(input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
    """Return (q, divisor): how much each class counts in each sample's loss, and the number that the mean divides by.

    `input`, `target` and `weight` are tensors, or None for no weight. q is a tensor of the input's shape and dtype:
    with C classes, label y and smoothing ε, q_c = w_c · ((1 − ε)·[c = y] + ε/C), and 0 where y is `ignore_index`. The
    divisor is Σ w_y over the labels that are not ignored. An ignored label may be no class at all, as −100.

    TODO: compute with arrays (`target.data`, `weight.data`), the classes on the last axis, then make q a tensor.

    APPROACH:
    1. `target.data[..., None]` gives the labels a last axis of length 1, which broadcasts against `np.arange(C)`.
    2. Compare: where is the label this class, where is it not ignored? In a product True counts as 1, False as 0.
    3. Both results are products of the weights, of what is not ignored, and of the rest of their formula.
    4. Move the classes from the last axis to `class_axis(input)`.

    HINT: `np.moveaxis(q, -1, axis)` moves the last axis. `Tensor(array, dtype=input.dtype)` sets the dtype.
    """
    ### BEGIN SOLUTION
    axis = class_axis(input)
    classes = np.arange(input.shape[axis])
    labels = target.data[..., None]
    w = np.ones(len(classes)) if weight is None else weight.data
    w_kept = w * (labels != ignore_index)
    on_label = labels == classes
    q = w_kept * ((1 - label_smoothing) * on_label + label_smoothing / len(classes))
    return Tensor(np.moveaxis(q, -1, axis), dtype=input.dtype), (w_kept * on_label).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-target-distribution", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The target distribution")
def test_target_distribution(verify):
    x, y, w = Tensor(np.zeros((2, 3), np.float32)), Tensor(np.array([1, 2])), Tensor([1.0, 2.0, 5.0])

    def part(which, *arguments, **settings):
        return target_distribution(*arguments, **settings)[which]

    def check(q, divisor, input, *arguments, **settings):
        expect(Tensor(q, dtype=input.dtype), part, 0, input, *arguments, **settings)
        expect(divisor, part, 1, input, *arguments, **settings)

    with verify("a label puts everything on its class, and each label counts once"):
        check([[0, 1, 0], [0, 0, 1]], 2, x, y)
    with verify("smoothing takes a part from the label and spreads it over all classes"):
        check([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], 2, x, y, label_smoothing=0.3)
        check([[1 / 3] * 3] * 2, 2, x, y, label_smoothing=1.0)
    with verify("class weights multiply the columns, and the divisor is the sum of the labels' weights"):
        check([[0, 2, 0], [0, 0, 5]], 7, x, y, w)
        check([[0.1, 1.6, 0.5], [0.1, 0.2, 4.0]], 7, x, y, w, label_smoothing=0.3)
    with verify("an ignored label counts nowhere, whether it is a class or not"):
        for ignored in (2, -100):
            labels = Tensor(np.array([1, ignored]))
            check([[0.1, 1.6, 0.5], [0, 0, 0]], 2, x, labels, w, ignored, 0.3)
            check([[0, 1, 0], [0, 0, 0]], 1, x, labels, None, ignored)
    with verify("the class axis is 1 also for images of labels, and 0 for a single sample"):
        image, q = Tensor(np.array([[[0, 1], [2, 0]]])), [[[[1, 0], [0, 1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]]]
        check(q, 4, Tensor(np.zeros((1, 3, 2, 2))), image)
        check([0.1, 0.2, 4.0], 5, Tensor(np.zeros(3)), Tensor(np.array(2)), w, label_smoothing=0.3)


# %% [markdown]
# ## 3. Cross entropy
#
# `nll_loss` (negative log likelihood) expects logarithms of probabilities, `cross_entropy` the network's raw scores,
# called *logits*. Take the scores 0 and -200, and label 1. The probability of class 1 rounds to 0, and its logarithm is
# -∞. From the scores the loss is 200: large, finite, and with a gradient.
#
# ```
#   scores ──► softmax ──► log ──► pick        e⁻²⁰⁰ → 0 → -∞          rounded away
#   scores ──► log_softmax ──────► pick                  -200          never rounded to 0
# ```
#
# A score of -∞ rules a class out. Its log-probability is -∞ too, and 0 · ∞ is NaN: where q is 0, replace the
# log-probability by 0 before you multiply.


# %% nbgrader={"grade": false, "grade_id": "cross-entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def sample_losses(log_p, q):
    """Return −Σ_c q_c · log p_c for each sample: two tensors of one shape come in, the class axis disappears.

    Where q is 0 the class does not count, even if its log-probability is −∞.

    TODO: replace the log-probabilities that do not count by 0, multiply, sum over the class axis, turn the sign.

    HINT: `where(q != 0, log_p, 0.0)` chooses, element by element. `class_axis` finds the axis.
    """
    ### BEGIN SOLUTION
    counted = where(q != 0, log_p, 0.0)
    return -(q * counted).sum(dim=class_axis(log_p))
    ### END SOLUTION


@checked_by(check_nll_loss)
@float16_in_float32
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    """Return −w_y · log p_y for log-probabilities `input` and class indices y = `target`; the mean divides by Σ w_y.

    Shapes: input (batch, classes, …) or (classes,), target without the class axis, weight (classes,) or None. Labels
    equal to `ignore_index` do not count. Raises ValueError for shapes that do not fit, labels that are NaN or out of
    range, an empty batch, a mean over labels that are all ignored, and unknown reductions; TypeError for labels that
    are not integers.

    TODO: the target distribution (without smoothing), the losses of the samples, their reduction.
    """
    input, target, weight = as_tensors((input, target, weight))
    ### BEGIN SOLUTION
    q, divisor = target_distribution(input, target, weight, ignore_index)
    losses = sample_losses(input, q)
    return reduce_losses(losses, reduction, divisor)
    ### END SOLUTION


@checked_by(check_cross_entropy)
@float16_in_float32
def cross_entropy(input, target, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Return −Σ_c q_c · log softmax(input)_c for scores `input`, class indices `target` and q of section 2.

    Shapes and errors as for `nll_loss`; ValueError also for a label_smoothing outside [0, 1].

    TODO: as `nll_loss`, with smoothing, from the `log_softmax` of the input along the class axis.

    EXAMPLE:
        >>> cross_entropy(Tensor([[0.0, 0.0]]), np.array([1]))     # ln 2
        Tensor(0.6931)

    HINT: The default axis of `log_softmax` is the last one. For images the classes stand elsewhere.
    """
    input, target, weight = as_tensors((input, target, weight))
    ### BEGIN SOLUTION
    q, divisor = target_distribution(input, target, weight, ignore_index, label_smoothing)
    log_p = log_softmax(input, dim=class_axis(input))
    losses = sample_losses(log_p, q)
    return reduce_losses(losses, reduction, divisor)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Cross entropy")
def test_cross_entropy(verify):
    draw = generator()
    x, y, w = draw.standard_normal((6, 4)), np.array([2, 0, 3, 1, 3, 0]), np.array([1.0, 2.0, 3.0, 4.0])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    losses, counts = -np.log(p[np.arange(6), y]), w[y]
    scores, log_p, labels, weight = Tensor(x), Tensor(np.log(p)), Tensor(y), Tensor(w)

    with verify("the loss of a sample is -sum of q log p, and what q leaves out does not count"):
        q = np.array([[0.5, 2.0, 0.0], [0.0, 0.0, 0.0]])
        expect(
            Tensor([2.5, 0.0]),
            sample_losses,
            Tensor([[-1.0, -1.0, -np.inf], [-1.0, -2.0, -3.0]]),
            Tensor(q, dtype=np.float32),
        )
    with verify("minus the logarithm of the probability of the true class"):
        expect(Tensor(losses), nll_loss, log_p, labels, reduction="none")
        expect(Tensor(np.log(10.0)), cross_entropy, Tensor(np.zeros((2, 10))), np.array([0, 7]))
    with verify("scores go in, not probabilities; the mean is over samples"):
        expect(Tensor(losses), cross_entropy, scores, labels, reduction="none")
        expect(Tensor(losses.mean()), cross_entropy, scores, labels)
        expect(Tensor(losses.sum()), cross_entropy, scores, labels, reduction="sum")
    with verify("a hopeless score costs much, not infinitely much"):
        expect(Tensor([200.0]), cross_entropy, Tensor([[0.0, -200.0]]), np.array([1]), reduction="none")
    with verify("a weighted mean divides by the weights of the labels"):
        for function, input in ((cross_entropy, scores), (nll_loss, log_p)):
            expect(Tensor((losses * counts).sum() / counts.sum()), function, input, labels, weight)
            expect(Tensor(losses * counts), function, input, labels, weight, reduction="none")
    with verify("an ignored label changes nothing, not even the mean"):
        for function, input in ((cross_entropy, scores), (nll_loss, log_p)):
            kept, longer = y != 3, Tensor(np.where(y == 3, -100, y))
            expect(Tensor(losses[kept].mean()), function, input, longer)
            expect(Tensor(losses[kept].mean()), function, input, labels, ignore_index=3)
    with verify("smoothing mixes in the mean over all classes"):
        smooth = 0.8 * losses - 0.2 * np.log(p).mean(axis=1)
        expect(Tensor(smooth), cross_entropy, scores, labels, reduction="none", label_smoothing=0.2)
    with verify("images have the classes on axis 1, a single sample on axis 0"):
        image, pixels = Tensor(x.reshape(3, 2, 4).swapaxes(1, 2)), Tensor(y.reshape(3, 2))
        expect(Tensor(losses.reshape(3, 2)), cross_entropy, image, pixels, reduction="none")
        expect(Tensor(losses[0]), cross_entropy, Tensor(x[0]), Tensor(y[0]))
    with verify("a class with score -inf changes the loss of no other class"):
        expect(Tensor(np.log(np.float32(2.0))), cross_entropy, Tensor([[0.0, 0.0, -np.inf]]), np.array([0]))
    with verify("both can be traced back"):
        for function in (cross_entropy, nll_loss):
            expect_recorded(function, Tensor(x, requires_grad=True), labels)


# %% [markdown]
# ## 4. Yes or no
#
# For a single question (is there a cat?) one score x is enough: the probability of yes is σ(x), `sigmoid`. With y = 1
# for yes, 0 for no, or a probability between them, the loss is -y·log σ(x) - (1 - y)·log(1 - σ(x)).
#
# Computed like this it breaks where it matters. In float32, σ(20) is exactly 1. If the answer is no, the loss becomes
# -log(1 - 1) = ∞, and the correct loss is 20. Both logarithms can be had from `softplus`, which rounds nothing to 0:
#
# ```
#   softplus(x) = log(1 + eˣ)        -log σ(x) = softplus(-x)
#                                    -log(1 - σ(x)) = softplus(x) = x + softplus(-x)
# ```
#
# So the loss is `(1 - y)·x + softplus(-x)`. Where yes is rare, `pos_weight` p multiplies the first of the two terms: a
# missed yes costs p times as much. Then the loss is `(1 - y)·x + (1 + (p - 1)·y)·softplus(-x)`.


# %% nbgrader={"grade": false, "grade_id": "bce", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_binary_cross_entropy_with_logits)
@float16_in_float32
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    """Return −p·y·log σ(x) − (1 − y)·log(1 − σ(x)) for scores x = `input` and probabilities y = `target`, then reduced.

    Shapes: input and target alike; `weight` (a factor for each loss) and `pos_weight` p broadcast to them; None is 1.
    The mean divides by the number of elements, also with weights. Raises ValueError for shapes that do not fit, targets
    that are NaN or outside [0, 1], an empty batch and unknown reductions.

    TODO: the last formula above, times `weight` if there is one, reduced.

    EXAMPLE:
        >>> binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0]))     # ln 2
        Tensor(0.6931)

    HINT: Without pos_weight the factor before softplus is 1. No sigmoid is needed.
    """
    input, target, weight, pos_weight = as_tensors((input, target, weight, pos_weight))
    ### BEGIN SOLUTION
    yes_weight = 1.0
    if pos_weight is not None:
        yes_weight = 1.0 + (pos_weight - 1.0) * target
    losses = (1.0 - target) * input + yes_weight * softplus(-input)
    if weight is not None:
        losses = losses * weight
    return reduce_losses(losses, reduction, losses.numel())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-bce", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Binary cross entropy with logits")
def test_bce(verify):
    bce, draw = binary_cross_entropy_with_logits, generator()
    x, y = draw.standard_normal((4, 3)), np.array([[0.0, 1.0, 0.3]] * 4)
    yes, no = y * np.log1p(np.exp(-x)), (1 - y) * np.log1p(np.exp(x))
    scores, target, w, rows = Tensor(x), Tensor(y), np.array([1.0, 2.0, 5.0]), np.array([[2.0], [0.0], [1.0], [3.0]])

    with verify("it is the formula at the top, where that can be computed"):
        expect(Tensor(yes + no), bce, scores, target, reduction="none")
        expect(Tensor((yes + no).sum()), bce, scores, target, reduction="sum")
        expect(Tensor((yes + no).mean()), bce, scores, target)
    with verify("certain and wrong costs the score itself, also where the sigmoid is rounded to 0 or 1"):
        assert sigmoid(Tensor(20.0)).item() == 1.0, "in float32, sigmoid(20) should be exactly 1"
        expect(Tensor([20.0, 20.0]), bce, Tensor([20.0, -20.0]), Tensor([0.0, 1.0]), reduction="none")
    with verify("large scores overflow nowhere, and a small loss keeps its digits"):

        def loud(x, y):
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return bce(x, y, reduction="none")

        expect(Tensor([0.0, 1000.0]), loud, Tensor([1000.0, -1000.0]), Tensor([1.0, 1.0]))
        expect(Tensor(np.exp([-40.0])), loud, Tensor(np.array([40.0])), Tensor([1.0]))
    with verify("pos_weight multiplies the loss of yes, and of yes alone"):
        expect(Tensor(yes * w + no), bce, scores, target, pos_weight=Tensor(w), reduction="none")
    with verify("weight multiplies losses, and the mean still divides by their number"):
        expect(Tensor(((yes + no) * w).mean()), bce, scores, target, Tensor(w))
        expect(Tensor(((yes + no) * rows).sum()), bce, scores, target, Tensor(rows), reduction="sum")
    with verify("labels may be integers or truth values, and the loss can be traced back"):
        for labels in (np.array([1, 0]), np.array([True, False])):
            expect(
                Tensor(np.log1p(np.exp([-0.5, -1.0]))),
                bce,
                Tensor(np.array([0.5, -1.0])),
                labels,
                reduction="none",
            )
        expect_recorded(bce, Tensor(x, requires_grad=True), target)


# %% [markdown]
# ## 5. The losses as objects
#
# A loss object remembers the settings and calls the function. Class weights are a **buffer** (module 03): they are
# saved with the network and not learned. `NLLLoss` and `BCEWithLogitsLoss` are given in `tinytorch/nn/losses.py`.


# %% nbgrader={"grade": false, "grade_id": "loss-objects", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class MSELoss(Module):
    """`mse_loss` as an object that remembers `reduction`.

    TODO: keep the setting, and call `mse_loss` with it.
    """

    @checked_by(check_loss)
    def __init__(self, *, reduction: str = "mean"):
        ### BEGIN SOLUTION
        self.reduction = reduction
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return mse_loss(input, target, self.reduction)
        ### END SOLUTION


class CrossEntropyLoss(Module):
    """`cross_entropy` as an object that remembers its settings.

    `weight` (a list, an array, a tensor or None) becomes the buffer `weight`: a Tensor, or None.

    TODO: register the buffer, keep the other settings, and call `cross_entropy` with all of them.

    HINT: `self.register_buffer(name, tensor)` takes a Tensor or None. Then `self.weight` is what you registered.
    """

    @checked_by(check_loss)
    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0):
        ### BEGIN SOLUTION
        self.register_buffer("weight", None if weight is None else Tensor(weight))
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing
        ### END SOLUTION

    def forward(self, input, target):
        ### BEGIN SOLUTION
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-loss-objects", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The losses as objects")
def test_loss_objects(verify):
    def mse(x, y, **settings):
        return MSELoss(**settings)(x, y)

    def loss(x, y, *weight, **settings):
        return CrossEntropyLoss(*weight, **settings)(x, y)

    def saved(weight):
        made = CrossEntropyLoss(weight)
        assert not list(made.parameters()), "class weights are not learned: they should not be parameters"
        assert list(made.state_dict()) == ["weight"], (
            f"the state should hold 'weight', it has {list(made.state_dict())}"
        )
        return made.state_dict()["weight"]

    x, y = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]), np.array([0, 1])
    losses = -np.log([0.5, 0.1])
    with verify("MSELoss takes the mean, unless it was made with another reduction"):
        for settings, expected in (({}, 4.5), ({"reduction": "sum"}, 9.0), ({"reduction": "none"}, [0.0, 9.0])):
            expect(Tensor(expected), mse, Tensor([1.0, 5.0]), Tensor([1.0, 2.0]), **settings)
    with verify("CrossEntropyLoss passes on every setting"):
        expect(Tensor(losses.mean()), loss, Tensor(x), y)
        expect(Tensor(losses.sum()), loss, Tensor(x), y, reduction="sum")
        expect(Tensor(losses[1]), loss, Tensor(x), y, ignore_index=0)
        expect(Tensor(-x.mean(axis=1)), loss, Tensor(x), y, reduction="none", label_smoothing=1.0)
        expect(Tensor((losses @ [1.0, 3.0]) / 4), loss, Tensor(x), y, [1.0, 3.0, 2.0])
    with verify("the class weights are saved with the network, and not learned"):
        for weight in ([1.0, 3.0], Tensor([1.0, 3.0])):
            expect([1.0, 3.0], saved, weight)
        assert CrossEntropyLoss().state_dict() == {}, "without class weights there is nothing to save"


# %% [markdown]
# ## What you have
#
# The number that training makes smaller. Module 05 finds out in which direction to go. A question: `mse_loss` on class
# indices 0 to 9 would run. What would it say about confusing a 1 with a 2, and a 1 with a 9?

# %%
report()
