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
# A loss turns "how wrong?" into one number. Everything a network ever learns, it learns by making that number
# smaller, so it had better be the right one:
#
# ```
#   pictures ──► network ──► scores ──┐
#                                     ├── loss ──► 0.83       smaller is better
#                            labels ──┘
# ```
#
# There are two families here. For quantities (a price, a temperature) the *squared distance*. For classes, *minus the
# logarithm of the probability that the network gave to what really happened*:
#
# | probability given to the truth | 0.9 | 0.5 | 0.1 | 0.01 |
# |---|---|---|---|---|
# | loss | 0.105 | 0.693 | 2.303 | 4.605 |
#
# Certain and right costs nothing, certain and wrong costs without limit. And a network that knows nothing about ten
# classes gives each 1/10: its loss is ln 10 = 2.303. You will see that number at the start of many trainings.

# %%
#| default_exp core.losses

# %%
#| export
import difflib

import numpy as np

from tinytorch.core.activations import log_softmax
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, as_tensors, primitive

# %%
from tinytorch.core.activations import sigmoid, softmax
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. One loss per element, one number in the end
#
# Every loss is first computed for each sample (or element); `reduction` says what becomes of them: `"none"` keeps
# them, `"sum"` adds them up, `"mean"` divides the sum, usually by their number.
#
# The mean squared error holds a trap that costs people days. A network gives predictions of shape (64, 1), the
# targets have shape (64,). Their difference broadcasts:
#
# ```
#   (64, 1) - (64,)  →  (64, 64)        every prediction against every target: the mean of that
#                                       is smallest when all predictions are equal
# ```
#
# So `mse_loss` refuses shapes that differ, rather than compute something else than was meant.


# %%
#| export
def _check_reduction(name, reduction):
    known = ("mean", "sum", "none")
    if reduction not in known:
        near = difflib.get_close_matches(str(reduction), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}: reduction: expected 'mean', 'sum' or 'none', got {reduction!r}{hint}")


def _check_same_shape(name, input, target):
    if input.shape != target.shape:
        fix = f"; give it that shape: target.reshape{input.shape}" if input.size == target.size else ""
        raise ValueError(f"{name}: target: expected the shape of the input, {input.shape}, got {target.shape}{fix}")
    if input.size == 0:
        raise ValueError(f"{name}: input: expected at least one element, got an empty batch of shape {input.shape}")


def _reduce(losses, reduction, divisor):
    """What `reduction` says, for arrays and tensors alike; the mean is the sum divided by `divisor`."""
    if reduction == "none":
        return losses
    total = losses.sum()
    return total if reduction == "sum" else total / divisor


# %% nbgrader={"grade": false, "grade_id": "mse-loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def mse_loss(input, target, reduction="mean"):
    """(input - target)², element by element, then reduced.

    Shapes: input and target alike. `reduction` is "mean", "sum" or "none". Raises ValueError for other reductions,
    for shapes that differ and for empty input.

    TODO: the squared difference of the two tensors, handed to `_reduce`.

    EXAMPLE:
        >>> mse_loss(Tensor([1.0, 5.0]), Tensor([1.0, 2.0]))
        Tensor(4.5)

    HINT: Stay with tensor arithmetic, and module 05 will find its way back. `d * d` is faster than `d**2`.
    """
    input, target = as_tensors((input, target))
    _check_reduction("mse_loss", reduction)
    _check_same_shape("mse_loss", input, target)
    ### BEGIN SOLUTION
    difference = input - target
    return _reduce(difference * difference, reduction, input.size)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-mse-loss", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Mean squared error")
def test_mse_loss(verify):
    x, y = Tensor([[1.0, 5.0], [0.0, -1.0]]), Tensor([[1.0, 2.0], [2.0, 1.0]])
    with verify("it is the mean of the squared differences"):
        case = Case(mse_loss, x, y)
        assert_close(case(), Tensor(4.25), case=case)
    with verify("sum adds them up, none keeps them"):
        for reduction, expected in (("sum", 17.0), ("none", [[0.0, 9.0], [4.0, 4.0]])):
            case = Case(mse_loss, x, y, reduction=reduction)
            assert_close(case(), Tensor(expected), case=case)
    with verify("too high and too low cost the same"):
        draw = Tensor(generator().standard_normal(20))
        case = Case(mse_loss, draw, Tensor(np.zeros(20)))
        assert_close(case(), mse_loss(-draw, Tensor(np.zeros(20))), case=case)
    with verify("what was computed can be traced back"):

        def trace(x, y):
            assert mse_loss(x, y).grad_fn is not None, "compute with tensors: what touches .data leaves the graph"

        Case(trace, Tensor(x.data, requires_grad=True), y)()
    with verify("shapes that would broadcast are refused"):
        try:
            mse_loss(Tensor(np.zeros((4, 1))), Tensor(np.zeros(4)))
        except ValueError as error:
            assert "(4, 1)" in str(error) and "(4,)" in str(error), f"both shapes should stand in: {error}"
        else:
            raise AssertionError("input (4, 1) and target (4,) should raise a ValueError")


# %% [markdown]
# ## 2. How much each class counts
#
# The label of a sample says: all weight on this class. Three refinements change that, and one table holds them all.
# Let q be an array of the input's shape; the loss of sample i is then
#
# ```
#   loss_i  =  - Σ_c  q[i,c] · log p[i,c]
#
#                                            class   0     1     2
#   label 1                              q =       [ 0     1     0  ]
#   label smoothing ε = 0.3              q =       [ 0.1   0.8   0.1]     (1 - ε) on the label, ε/3 on every class
#   class weights (1, 2, 5) as well      q =       [ 0.1   1.6   0.5]     column c times w[c]
#   label = ignore_index                 q =       [ 0     0     0  ]
# ```
#
# And the mean? Not over the samples: an ignored one must not pull it down, and a sample of a rare class that counts
# five times should count five times below the line as well. So the divisor is **the sum of the weights of the labels
# that are not ignored**. Without weights, that is their number.


# %%
#| export
def _class_axis(input):
    """The axis of the classes: 1 for a batch (batch, classes, …), 0 for a single sample (classes,)."""
    return 1 if input.ndim > 1 else 0


def _check_classes(name, input, target, weight, ignore_index):
    if input.ndim == 0 or input.dtype.kind != "f":
        raise TypeError(f"{name}: input: expected floats of shape (batch, classes), got {input.dtype} {input.shape}")
    axis = _class_axis(input)
    classes, expected = input.shape[axis], input.shape[:axis] + input.shape[axis + 1 :]
    if input.size == 0:
        raise ValueError(f"{name}: input: expected at least one sample, got an empty batch of shape {input.shape}")
    if target.dtype.kind == "f" and np.isnan(target).any():
        raise ValueError(f"{name}: target{_first(np.isnan(target))} is NaN: expected class indices 0 to {classes - 1}")
    if target.shape != expected:
        fix = ""
        if target.shape == input.shape:
            fix = f"; from one column per class to indices: target.argmax({axis})"
        elif target.size == np.prod(expected):
            fix = f"; give it that shape: target.reshape{expected}"
        raise ValueError(
            f"{name}: target: expected shape {expected} for input of shape {input.shape}, got {target.shape}{fix}"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: target: expected class indices of an integer dtype, got {target.dtype}; "
            "convert: Tensor(target, dtype=np.int64)"
        )
    wrong = (target != ignore_index) & ((target < 0) | (target >= classes))
    if wrong.any():
        raise ValueError(
            f"{name}: target{_first(wrong)} is {target[wrong][0]}: expected class indices 0 to {classes - 1} "
            f"(or ignore_index, {ignore_index}) for {classes} classes"
        )
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{name}: weight: expected shape ({classes},), one for each class, got {weight.shape}")


def _first(where):
    """The index of the first true entry, as it is written behind a name: [3] or [0, 2]; nothing for a scalar."""
    return [int(i) for i in np.argwhere(where)[0]] if where.ndim else ""


# %% nbgrader={"grade": false, "grade_id": "target-weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def target_weights(input, target, weight, ignore_index, label_smoothing):
    """How much each class counts in each sample's loss, and what the mean divides by: (q, divisor), all arrays.

    q has the shape and dtype of `input`: with C classes, label y and smoothing ε, q_c = w_c · ((1 - ε)·[c = y] + ε/C),
    and 0 where y is `ignore_index`. The divisor is Σ w_y over the labels that are not ignored.

    TODO: build q and the divisor.

    APPROACH:
    1. `kept`: where the target is not ignored. `labels`: the target, with a harmless 0 where it is ignored.
    2. q starts as ε/C everywhere. At each label, put 1 - ε + ε/C: `np.put_along_axis`.
    3. Multiply by the class weights (along the class axis), and by `kept`.
    4. The divisor: the weights of `labels`, where kept, summed.

    HINT: For q of shape (2, 3), `put_along_axis` wants the labels as (2, 1), not (2,): `np.expand_dims` adds the class
    axis, and `kept` needs it too. `w` is given in a shape that broadcasts along the class axis.
    """
    axis = _class_axis(input)
    classes = input.shape[axis]
    w = np.ones(classes, input.dtype) if weight is None else weight.astype(input.dtype)
    w_along_axis = w.reshape(classes, *[1] * (input.ndim - axis - 1))
    ### BEGIN SOLUTION
    kept = target != ignore_index
    labels = np.where(kept, target, 0)
    spread = label_smoothing / classes
    q = np.full(input.shape, spread, input.dtype)
    np.put_along_axis(q, np.expand_dims(labels, axis), 1 - label_smoothing + spread, axis)
    q *= w_along_axis
    q *= np.expand_dims(kept, axis)
    return q, (w[labels] * kept).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-target-weights", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("How much each class counts")
def test_target_weights(verify):
    x = generator().standard_normal((2, 3)).astype(np.float32)
    y, w = np.array([1, 2]), np.array([1.0, 2.0, 5.0], np.float32)

    def q(target, weight=None, ignore_index=-100, label_smoothing=0.0):
        return target_weights(x, target, weight, ignore_index, label_smoothing)[0]

    def divisor(target, weight=None, ignore_index=-100, label_smoothing=0.0):
        return target_weights(x, target, weight, ignore_index, label_smoothing)[1]

    def same(case, expected):
        assert_close(case(), expected, case=case)

    with verify("a label puts all weight on its class"):
        same(Case(q, y), [[0, 1, 0], [0, 0, 1]])
        same(Case(divisor, y), 2)
    with verify("smoothing takes a part from the label and spreads it over all classes"):
        same(Case(q, y, label_smoothing=0.3), [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    with verify("class weights multiply the columns, and the divisor is the labels' weight"):
        same(Case(q, y, w, label_smoothing=0.3), [[0.1, 1.6, 0.5], [0.1, 0.2, 4.0]])
        same(Case(divisor, y, w, label_smoothing=0.3), 7)
    with verify("an ignored label counts nowhere, also if it is no class at all"):
        for ignored in (2, -100):
            target = np.array([1, ignored])
            same(Case(q, target, w, ignored, 0.3), [[0.1, 1.6, 0.5], [0, 0, 0]])
            same(Case(divisor, target, w, ignored, 0.3), 2)
    with verify("the class axis is 1 also for pictures of labels, and 0 for a single sample"):
        pixels = np.array([[[0, 1], [2, 0]]])
        table, _ = target_weights(np.zeros((1, 3, 2, 2)), pixels, None, -100, 0.0)
        assert_close(table.argmax(axis=1), pixels, case={"target": pixels})
        table, _ = target_weights(np.zeros(3), np.array(2), None, -100, 0.0)
        assert_close(table, np.array([0.0, 0.0, 1.0]), case={"target": 2})


# %% [markdown]
# ## 3. Cross entropy
#
# `nll_loss` (negative log likelihood) expects logarithms of probabilities; `cross_entropy` expects the network's raw
# scores, called *logits*, and takes `log_softmax` itself. Why not probabilities, which everyone understands? Module 02
# has the answer: scores 0 and -200 with label 1. The probability of class 1 rounds to 0, its logarithm is -∞, and the
# training is over. From the scores, the loss is 200: large, finite, and with a gradient that leads home.
#
# ```
#   scores ──► softmax ──► log ──► pick        e⁻²⁰⁰ → 0 → -∞          lost in the middle
#   scores ──► log_softmax ──────► pick                  -200          never formed
# ```


# %% nbgrader={"grade": false, "grade_id": "cross-entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _weighted_nll(name, log_p, q, divisor, reduction):
    """The losses -Σ_c q_c · log p_c, reduced. Where q is 0 the product is 0, even if log p is infinite."""
    if reduction == "mean" and divisor == 0:
        raise ValueError(
            f"{name}: target: expected at least one label that counts, but all are ignored or have weight 0, and the "
            "mean over nothing is undefined; leave such a batch out, or use reduction='sum'"
        )
    losses = np.multiply(q, -log_p, out=np.zeros_like(log_p), where=q != 0).sum(axis=_class_axis(log_p))
    return _reduce(losses, reduction, divisor)


@primitive
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    """-w_y · log p_y for log-probabilities `input` and class indices y = `target`; the mean divides by Σ w_y.

    Shapes: input (batch, classes, …) or (classes,), target without the class axis, weight (classes,) or None. Labels
    equal to `ignore_index` do not count. Raises ValueError for shapes that do not fit, labels that are NaN or out of
    range, an empty batch and unknown reductions; TypeError for labels that are not integers.

    TODO: q and the divisor from `target_weights`, then `_weighted_nll`.
    """
    _check_reduction("nll_loss", reduction)
    _check_classes("nll_loss", input, target, weight, ignore_index)
    ### BEGIN SOLUTION
    q, divisor = target_weights(input, target, weight, ignore_index, 0.0)
    return _weighted_nll("nll_loss", input, q, divisor, reduction)
    ### END SOLUTION


@primitive
def cross_entropy(input, target, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """-Σ_c q_c · log softmax(input)_c for scores `input` and class indices `target`; q as in `target_weights`.

    Shapes and errors as for `nll_loss`; ValueError also for a label_smoothing outside [0, 1].

    TODO: as nll_loss, with smoothing, on the log-softmax of the input along the class axis.

    EXAMPLE:
        >>> cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1]))       # ln 2
        Tensor(0.6931)

    HINT: `log_softmax(...)` gives a Tensor; inside a primitive we work on its `.data`.
    """
    _check_reduction("cross_entropy", reduction)
    _check_classes("cross_entropy", input, target, weight, ignore_index)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing: expected a number from 0 to 1, got {label_smoothing}")
    ### BEGIN SOLUTION
    q, divisor = target_weights(input, target, weight, ignore_index, label_smoothing)
    log_p = log_softmax(input, dim=_class_axis(input)).data
    return _weighted_nll("cross_entropy", log_p, q, divisor, reduction)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Cross entropy")
def test_cross_entropy(verify):
    with verify("minus the logarithm of the probability of the truth: the table at the top"):
        for p, loss in ((0.9, 0.105), (0.5, 0.693), (0.1, 2.303), (0.01, 4.605)):
            log_p = Tensor(np.log([[p, 1 - p]]))
            case = Case(nll_loss, log_p, Tensor([0]))
            assert_close(case(), loss, case=case, rtol=0, atol=5e-4)
    with verify("knowing nothing about ten classes costs ln 10 = 2.303"):
        case = Case(cross_entropy, Tensor(np.zeros((2, 10))), Tensor([0, 7]))
        assert_close(case(), 2.303, case=case, rtol=0, atol=5e-4)
    draw = generator()
    x, y = Tensor(draw.standard_normal((6, 4))), Tensor(draw.integers(0, 4, 6))
    p = softmax(x, dim=1).data[np.arange(6), y.data]
    with verify("scores go in, not probabilities"):
        case = Case(cross_entropy, x, y, reduction="none")
        with np.errstate(invalid="ignore"):
            assert_close(case(), Tensor(-np.log(p)), case=case)
    with verify("the mean is over samples"):
        case = Case(cross_entropy, x, y)
        assert_close(case(), -np.log(p).mean(), case=case)
        assert_close(cross_entropy(x, y, reduction="sum"), -np.log(p).sum(), case={"input": x, "target": y})
    with verify("a hopeless score costs much, not infinitely much"):
        case = Case(cross_entropy, Tensor([[0.0, -200.0]]), Tensor([1]))
        with np.errstate(divide="ignore"):
            assert_close(case(), Tensor(200.0), case=case)
    with verify("the weighted mean divides by the labels' weights"):
        w = Tensor(np.array([1.0, 2.0, 3.0, 4.0]))
        expected = (-np.log(p) * w.data[y.data]).sum() / w.data[y.data].sum()
        for case in (Case(cross_entropy, x, y, w), Case(nll_loss, log_softmax(x, dim=1), y, w)):
            assert_close(case(), expected, case=case)
    with verify("what is ignored changes nothing, not even the mean"):
        longer, labels = Tensor(np.concatenate([x.data, x.data[:2]])), Tensor(np.append(y.data, [-100, -100]))
        case = Case(cross_entropy, longer, labels)
        assert_close(case(), cross_entropy(x, y), case=case)
    with verify("smoothing mixes in the mean loss over all classes"):
        log_p = np.log(softmax(x, dim=1).data)
        case = Case(cross_entropy, x, y, label_smoothing=0.2)
        assert_close(case(), -(0.8 * np.log(p) + 0.2 * log_p.mean(axis=1)).mean(), case=case)
    with verify("in a picture of labels the classes stand on axis 1, too"):
        picture, pixels = Tensor(x.data.reshape(3, 2, 4).swapaxes(1, 2)), Tensor(y.data.reshape(3, 2))
        case = Case(cross_entropy, picture, pixels)
        assert_close(case(), cross_entropy(x, y), case=case)
    with verify("a class that is ruled out (score -inf) harms nobody but itself"):
        case = Case(cross_entropy, Tensor([[0.0, 0.0, -np.inf]]), Tensor([0]))
        assert_close(case(), Tensor(0.6931472), case=case)


# %% [markdown]
# ## 4. Yes or no
#
# With a single question (is there a cat?) one score x is enough: the probability of yes is σ(x), `sigmoid`. The loss
# is the same idea, y being 1 for yes, 0 for no (or anything between):
#
# ```
#   loss = - y · log σ(x) - (1 - y) · log(1 - σ(x))
# ```
#
# Again the textbook form breaks where it matters. In float32, σ(20) is exactly 1. If the truth is no, the loss is
# -log(1 - 1) = ∞; the right answer is 20. Both logarithms can be had from one harmless function:
#
# ```
#   softplus(x) = log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)
#
#   -log σ(x) = softplus(-x)         -log(1 - σ(x)) = softplus(x) = x + softplus(-x)
# ```
#
# so the loss is `(1 - y)·x + softplus(-x)`. Where yes is rare, `pos_weight` p makes a missed yes cost p times as much:
# the first term of the loss times p, hence `(1 - y)·x + (1 + (p - 1)·y)·softplus(-x)`.


# %% nbgrader={"grade": false, "grade_id": "bce", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _check_binary(name, input, target, weight, pos_weight):
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: input: expected scores of a floating dtype, got {input.dtype}")
    _check_same_shape(name, input, target)
    wrong = ~((target >= 0) & (target <= 1))  # also true where the target is NaN
    if wrong.any():
        raise ValueError(f"{name}: target{_first(wrong)} is {target[wrong][0]}: expected probabilities from 0 to 1")
    for argument, array in (("weight", weight), ("pos_weight", pos_weight)):
        if array is not None and not _broadcasts(array.shape, input.shape):
            raise ValueError(
                f"{name}: {argument}: expected a shape that broadcasts to {input.shape}, got {array.shape}"
            )


def _broadcasts(shape, to):
    """Whether an array of `shape` can stand beside one of shape `to` without enlarging it."""
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1]))


@primitive
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    """-p·y·log σ(x) - (1 - y)·log(1 - σ(x)) for scores x = `input` and probabilities y = `target`, then reduced.

    Shapes: input and target alike; `weight` (of elements) and `pos_weight` p (of yes) broadcast to them. Raises
    ValueError for shapes that differ, targets that are NaN or outside [0, 1], empty input and unknown reductions.

    TODO: the formula with softplus, times `weight` if there is one, reduced by the number of elements.

    EXAMPLE:
        >>> binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0]))     # ln 2
        Tensor(0.6931)

    HINT: softplus(-x) = max(-x, 0) + log(1 + e^-|x|), and `np.log1p(z)` is log(1 + z), exact for small z.
    """
    _check_reduction("binary_cross_entropy_with_logits", reduction)
    _check_binary("binary_cross_entropy_with_logits", input, target, weight, pos_weight)
    ### BEGIN SOLUTION
    softplus = np.maximum(-input, 0) + np.log1p(np.exp(-np.abs(input)))
    yes_weight = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    losses = (1 - target) * input + yes_weight * softplus
    if weight is not None:
        losses = losses * weight
    return _reduce(losses, reduction, losses.size)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-bce", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Binary cross entropy with logits")
def test_bce(verify):
    bce = binary_cross_entropy_with_logits
    draw = generator()
    x, y = Tensor(draw.standard_normal((4, 3))), Tensor(draw.random((4, 3)).round(1))
    yes, no = -y.data * np.log(sigmoid(x).data), -(1 - y.data) * np.log(sigmoid(-x).data)
    with verify("it is the textbook formula where that one works"):
        case = Case(bce, x, y)
        with np.errstate(invalid="ignore"):
            assert_close(case(), (yes + no).mean(), case=case)
        case = Case(bce, x, y, reduction="none")
        assert_close(case(), Tensor(yes + no), case=case)
    with verify("confidently wrong costs its score; the textbook says infinity"):
        assert sigmoid(Tensor(20.0)).item() == 1.0, "in float32, sigmoid(20) is exactly 1"
        case = Case(bce, Tensor([20.0, -20.0]), Tensor([0.0, 1.0]), reduction="none")
        with np.errstate(divide="ignore"):
            assert_close(case(), Tensor([20.0, 20.0]), case=case)
    with verify("enormous scores overflow nowhere"):

        def loud(x, y):
            with np.errstate(over="raise", invalid="raise"):
                return bce(x, y, reduction="none")

        case = Case(loud, Tensor([1000.0, -1000.0]), Tensor([1.0, 1.0]))
        assert_close(case(), Tensor([0.0, 1000.0]), case=case)
    with verify("pos_weight makes a missed yes dearer, and leaves no alone"):
        case = Case(bce, x, y, pos_weight=Tensor(np.array([1.0, 2.0, 5.0])), reduction="none")
        assert_close(case(), Tensor(yes * [1.0, 2.0, 5.0] + no), case=case)
    with verify("weight scales elements, and the mean still divides by their number"):
        case = Case(bce, x, y, weight=Tensor(np.array([0.5, 1.0, 2.0])))
        assert_close(case(), ((yes + no) * [0.5, 1.0, 2.0]).mean(), case=case)


# %% [markdown]
# ## 5. The losses as objects
#
# As with activations: the object remembers the settings. Weights are kept as buffers (module 03), so that they are
# saved with the network they belong to. A wrong `reduction` is refused at once, not at the first batch.


# %%
#| export
class _Loss(Module):
    def __init__(self, reduction, **weights):
        _check_reduction(type(self).__name__, reduction)
        self.reduction = reduction
        for name, weight in weights.items():
            self.register_buffer(name, None if weight is None else Tensor(weight))


class MSELoss(_Loss):
    """`mse_loss` as an object."""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction)

    def forward(self, input, target):
        return mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_Loss):
    """`nll_loss` as an object: log-probabilities and class indices."""

    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(reduction, weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """`cross_entropy` as an object: scores and class indices."""

    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0):
        super().__init__(reduction, weight=weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input, target):
        settings = {"ignore_index": self.ignore_index, "label_smoothing": self.label_smoothing}
        return cross_entropy(input, target, self.weight, reduction=self.reduction, **settings)


class BCEWithLogitsLoss(_Loss):
    """`binary_cross_entropy_with_logits` as an object: scores and probabilities."""

    def __init__(self, weight=None, *, reduction: str = "mean", pos_weight=None):
        super().__init__(reduction, weight=weight, pos_weight=pos_weight)

    def forward(self, input, target):
        return binary_cross_entropy_with_logits(input, target, self.weight, self.pos_weight, reduction=self.reduction)


# %% [markdown]
# ## What you have
#
# The number that training makes smaller. Module 05 finds out in which direction to go. Questions:
#
# - Someone feeds `softmax(scores)` to `cross_entropy`. Nothing fails. With ten classes, why can their loss never fall
#   below 1.46? (Their "scores" lie between 0 and 1. A check above computes it.)
# - With label smoothing ε > 0, which p makes the loss smallest? Is that loss 0?
# - A label of -100 in the data is ignored without a word. When is that a feature, when a bug?
# - `mse_loss` on class indices 0 to 9 would run. What would it say about confusing a 1 with a 2, and a 1 with a 9?

# %%
report()
