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
# # Module 07: Training
#
# You have a network, a loss, gradients and an optimizer. Training is a loop that uses them thousands of times:
#
# ```
#   for epoch in range(epochs):                      ┌──────── one training step ────────┐
#       for images, labels in loader:                │                                   │
#           logits = model(images)                   │ forward pass                      │
#           loss = cross_entropy(logits, labels)     │ loss                              │
#           optimizer.zero_grad()                    │ remove the last step's gradients  │
#           loss.backward()                          │ gradients of this loss            │
#           optimizer.step()                         │ change the weights a little       │
#       validate, log, save                          └───────────────────────────────────┘
# ```
#
# You write the whole loop, from the inside out: what is measured, a step, an evaluation, an epoch, and `fit`, which
# runs many epochs. Around it you write what keeps training stable: clipping and learning rate schedules. The rest is
# given by `tinytorch.support.training`, where each part is one call: the progress bar, checkpoints, and a Ctrl-C that
# waits for the end of a step. A run that was interrupted goes on as if it had not been, to the last bit.

# %%
#| default_exp core.training

# %%
#| export
import math
import time

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor, to_array
from tinytorch.support.arguments import checked_by
from tinytorch.support.training import (
    TrainingRun, check_accuracy, check_cosine, check_max_norm, check_measured, check_one_cycle, check_schedule,
    check_steps_left, parts_keep_modes,
)  # fmt: skip

# %%
import io
import os
import signal
import tempfile
from contextlib import redirect_stdout, suppress

from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.optimizers import SGD
from tinytorch.support.random import default_generator, manual_seed
from tinytorch.testing import Case, assert_close, expect, generator, inline_test, report

# %% [markdown]
# ## 1. Accuracy
#
# The optimizer needs the loss. People want to know the **accuracy**, the share of images that are classified correctly:
# the largest logit of a row is the predicted class.
#
# ```
#   logits            labels
#   2.0  0.1  -1.0      0      largest is class 0     correct
#   0.3  0.2   1.5      1      largest is class 2     wrong        accuracy 1/2
# ```
#
# Two numbers to remember, for a network that has learned nothing about ten classes: its accuracy is a tenth, and its
# loss is log 10 = 2.303, because it gives each class a probability of a tenth. A first loss far above that means bad
# initial weights.


# %% nbgrader={"grade": false, "grade_id": "accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_accuracy)
def accuracy(logits, labels) -> float:
    """Return the share, from 0 to 1, of examples whose largest logit is the label's, as a Python float.

    logits: (N, C) or (N, C, …); labels: integers (N,) or (N, …); tensors or arrays. Raises ValueError where the shapes
    do not fit, and for an empty batch.

    TODO: compare the place of the largest logit of each example with its label.

    HINT: `to_array` makes arrays of both. `argmax` takes the axis of the classes; the mean of truth values is the share
    of True.
    """
    ### BEGIN SOLUTION
    predicted = to_array(logits).argmax(axis=1)
    correct = predicted == to_array(labels)
    return float(correct.mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-accuracy", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Accuracy")
def test_accuracy(verify):
    def share(logits, labels):
        value = accuracy(logits, labels)
        assert isinstance(value, float), f"expected a Python float, got {type(value).__name__}"
        return value

    with verify("the largest logit of each row is the predicted class, and the result is a Python float"):
        logits = [[2.0, 0.1, -1.0], [0.3, 0.2, 1.5]]
        expect(0.5, share, Tensor(logits), Tensor(np.array([0, 1])))
        expect(1.0, share, np.array(logits), np.array([0, 2]))
        expect(0.75, share, Tensor([[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]), np.array([0, 2, 2, 1]))
    with verify("the classes are on axis 1, also where other axes follow"):
        expect(2 / 3, share, Tensor([[[1, 0, 1], [0, 1, 0]]]), np.array([[0, 1, 1]]))
    with verify("a network that has learned nothing has a loss of log 10 = 2.303 with ten classes"):
        assert_close(cross_entropy(Tensor(np.zeros((4, 10))), np.array([3, 1, 4, 1])).item(), math.log(10))
        assert_close(math.log(10), 2.303, rtol=2e-4)


# %% [markdown]
# ## 2. Means over an epoch
#
# A batch has a loss and an accuracy; an epoch has their means. The last batch of an epoch is usually smaller than the
# others. A plain mean of the batches' means would give its images more weight, so a `Meter` weights each batch with its
# number of examples.


# %% nbgrader={"grade": false, "grade_id": "meter", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def measures(loss, outputs, targets) -> dict:
    """Return what is measured of one batch: its "loss", and its "accuracy" where the targets are class labels.

    loss: a number, or a tensor with one element; both results are Python floats. Targets are class labels where they
    are integers (`targets.dtype.kind` is "i" or "u") with one axis less than the outputs.

    TODO: a dict with one or two entries. `float` also takes a tensor.
    """
    ### BEGIN SOLUTION
    values = {"loss": float(loss)}
    if targets.dtype.kind in "iu" and targets.ndim == outputs.ndim - 1:
        values["accuracy"] = accuracy(outputs, targets)
    return values
    ### END SOLUTION


class Meter:
    """Means over several batches, each weighted with its number of examples.

    `examples` counts the examples, and `sums` holds for each name the sum over all of them.
    """

    def __init__(self):
        self.examples = 0
        self.sums = {}

    def add(self, examples, values):
        """Count a batch: `add(64, {"loss": 0.7})` is 64 examples with a mean loss of 0.7.

        TODO: change `examples`, and `sums` for each name. A name may be new.

        HINT: The sum over a batch is its mean, times the number of its examples.
        """
        ### BEGIN SOLUTION
        self.examples += examples
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples
        ### END SOLUTION

    @checked_by(check_measured)
    def means(self):
        """Return a dict, name → mean over all examples. Raises ValueError where there are none."""
        ### BEGIN SOLUTION
        return {name: total / self.examples for name, total in self.sums.items()}
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-meter", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Means over an epoch")
def test_meter(verify):
    def values(loss, outputs, targets):
        found = measures(loss, outputs, targets)
        assert all(isinstance(value, float) for value in found.values()), f"expected Python floats, got {found}"
        assert found["loss"] == 0.25, f"the loss is 0.25, got {found}"
        return np.array([found[name] for name in sorted(found)])  # accuracy, loss

    def means(batches):
        meter = Meter()
        for examples, loss, share in batches:
            meter.add(examples, {"loss": loss, "accuracy": share})
            found = meter.means()
        return np.array([found["loss"], found["accuracy"]])

    logits, labels = Tensor([[2.0, 0.1], [0.3, 1.5]]), [0, 0]
    with verify("the loss is measured, and the accuracy if the targets are class labels"):
        for loss, dtype in ((Tensor(0.25), np.int64), (0.25, np.uint8)):
            expect([0.5, 0.25], values, loss, logits, Tensor(labels, dtype=dtype))
        for targets in (Tensor([0.0, 0.0]), Tensor(np.array([[1, 0], [1, 0]]))):
            expect([0.25], values, Tensor(0.25), logits, targets)
    with verify("each batch is weighted with its number of examples, and each name has its own mean"):
        expect([1.5, 0.75], means, [(3, 0.5, 1.0), (1, 4.5, 0.0)])
        expect([7.0, 0.5], means, [(1, 4.0, 0.5), (2, 6.0, 0.0), (3, 26 / 3, 5 / 6)])


# %% [markdown]
# ## 3. Clipping
#
# Now and then a batch has a gradient many times longer than usual, and one step along it can undo an hour of training.
# Clipping makes the gradient shorter and keeps its direction: the gradients of all parameters are *one* long vector,
# and if its length is above `max_norm`, every entry is multiplied by the same number.
#
# ```
#        gradient (3, 4), length 5          max_norm 1  →  (0.6, 0.8)
# ```
#
# Clipping the gradient of each parameter by itself would change the direction.


# %% nbgrader={"grade": false, "grade_id": "clip-grad-norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_max_norm)
def clip_grad_norm(parameters, max_norm) -> float:
    """Shorten the gradients of all parameters together to a length of at most `max_norm`; return the length before.

    As in torch, each gradient is multiplied by max_norm / (length + 1e-6) if that is below 1, and keeps its dtype. A
    parameter without one is skipped. The length is a Python float. Raises ValueError for a max_norm not above 0.

    TODO: compute the length √(Σ g²) over all entries of all gradients. If they are too long, give each parameter a new
    gradient, a Tensor. The old array may be in use elsewhere, so do not write into it.

    HINT: `np.vdot(g, g)` is Σ g² of one array. A float32 array times a NumPy float64 is float64; times a Python float
    (`math.sqrt`, `float`) it stays float32.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)  # one tensor is also accepted
    ### BEGIN SOLUTION
    with_gradient = [p for p in parameters if p.grad is not None]
    length = math.sqrt(sum(float(np.vdot(p.grad.data, p.grad.data)) for p in with_gradient))
    scale = max_norm / (length + 1e-6)
    if scale < 1:
        for p in with_gradient:
            p.grad = Tensor(p.grad.data * scale)
    return length
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-clip-grad-norm", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Clipping")
def test_clip_grad_norm(verify):
    def clip(*gradients, max_norm):
        """Return the returned length, followed by all gradients after clipping."""
        parameters = [Tensor(np.zeros_like(g), requires_grad=True) for g in gradients]
        for p, g in zip(parameters, gradients):
            p.grad = Tensor(g)
        length = clip_grad_norm([Tensor([0.0], requires_grad=True), *parameters], max_norm)  # the first has no gradient
        assert isinstance(length, float), f"expected the length as a Python float, got {type(length).__name__}"
        for p, g in zip(parameters, gradients):
            assert p.grad.dtype == g.dtype, f"a gradient of {g.dtype} became {p.grad.dtype}"
        return np.concatenate([[length], *(p.grad.data for p in parameters)])

    def same(expected, *gradients, max_norm):
        for dtype in (np.float64, np.float32):
            case = Case(clip, *(np.array(g, dtype) for g in gradients), max_norm=max_norm)
            assert_close(case(), expected, rtol=1e-6, case=case)

    with verify("a gradient (3, 4) has length 5, and clipped to 1 it is (0.6, 0.8); its array and dtype stay"):
        same([5.0, 0.6, 0.8], [3.0, 4.0], max_norm=1.0)
    with verify("all parameters are one vector, scaled by one number"):
        same([10.0, 3.0, 4.0, 0.0], [6.0], [8.0, 0.0], max_norm=5.0)
    with verify("a gradient that is short enough stays as it is"):
        same([0.5, 0.3, 0.4], [0.3, 0.4], max_norm=1.0)


# %% [markdown]
# ## 4. Learning rate schedules
#
# Long steps at first, to make progress; short ones at the end, to settle in a minimum. But not long from the very first
# step: the weights are still random, and their gradients say little. A **schedule** sets the optimizer's `lr` before
# every step.
#
# ```
#   OneCycle   max ┤    ╱╲                    CosineSchedule   lr ┤   ╭──╮
#                  │   ╱    ╲                                     │  ╱     ╲
#                  │  ╱        ╲                                  │ ╱        ╲
#                0 ┼─────────────╲─► step                       0 ┼────────────╰─► step
#                    1/5        total                             warmup      total
# ```
#
# Each schedule is a formula: the learning rate `lr(step, peak)` of step number `step`, from 0, for a parameter group
# whose highest rate is `peak`. A step with rate 0 would change nothing, so the first step has a rate above 0, and the
# rate reaches its end only after the last step.


# %% nbgrader={"grade": false, "grade_id": "schedules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Schedule:
    """Sets the learning rate of an optimizer before each of `total_steps` steps; call `step()` after each of them.

    A subclass defines `lr(step, peak)`. `peaks` holds the highest rate of each parameter group.
    """

    @checked_by(check_schedule)
    def __init__(self, optimizer, total_steps, peaks):
        self.optimizer = optimizer
        self.total_steps = int(total_steps)
        self.peaks = [float(peak) for peak in peaks]
        self.go_to(0)

    def go_to(self, step):
        """Set `steps` to this number, and the "lr" of every parameter group to its rate at this step.

        TODO: one call of `self.lr` for each group. `zip` pairs `self.optimizer.param_groups` with `self.peaks`.
        """
        ### BEGIN SOLUTION
        self.steps = step
        for group, peak in zip(self.optimizer.param_groups, self.peaks):
            group["lr"] = self.lr(step, peak)
        ### END SOLUTION

    @checked_by(check_steps_left)
    def step(self):
        """Go on to the next step. Raises ValueError after the last one."""
        self.go_to(self.steps + 1)


class OneCycle(Schedule):
    """Straight up to `max_lr` over the first `pct_start` of all steps, then straight down to 0.

    `max_lr` is a number, or a list with one for each parameter group.
    """

    @checked_by(check_one_cycle)
    def __init__(self, optimizer, max_lr, total_steps, pct_start=0.2):
        self.pct_start = pct_start
        peaks = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * len(optimizer.param_groups)
        super().__init__(optimizer, total_steps, peaks)

    def lr(self, step, peak):
        """Return the learning rate of a step.

        With n = step + 1, a straight line leads from 0 at n = 0 to peak at n = pct_start · total_steps, and another one
        from there to 0 at n = total_steps + 1.

        TODO: the two lines. With peak 1 and 10 steps, the rates are 1/2, 1, 8/9, 7/9, …, 1/9, and 0 at step 10.

        HINT: On the line down, the rate is peak times the share of the way that is left: (end − n) / (end − top).
        """
        ### BEGIN SOLUTION
        n = step + 1
        top = self.pct_start * self.total_steps
        end = self.total_steps + 1
        if n <= top:
            return peak * n / top
        return peak * (end - n) / (end - top)
        ### END SOLUTION


class CosineSchedule(Schedule):
    """From the optimizer's own learning rate down to `min_lr` along half a cosine (Loshchilov and Hutter, 2017).

    During the first `warmup` steps the rate rises in equal parts.
    """

    @checked_by(check_cosine)
    def __init__(self, optimizer, total_steps, warmup=0, min_lr=0.0):
        self.warmup, self.min_lr = warmup, float(min_lr)
        super().__init__(optimizer, total_steps, [group["lr"] for group in optimizer.param_groups])

    def lr(self, step, peak):
        """Return the learning rate of a step.

        During the warm-up it is peak · (step + 1) / (warmup + 1). After it, it is min_lr + (peak − min_lr) ·
        (1 + cos(π · s)) / 2, where s goes from 0 at step = warmup to 1 at step = total_steps.

        TODO: the two formulas.

        HINT: s is the share of the steps after the warm-up that are done: ½ at step 60 of 100, if 20 are warm-up.
        """
        ### BEGIN SOLUTION
        if step < self.warmup:
            return peak * (step + 1) / (self.warmup + 1)
        s = (step - self.warmup) / (self.total_steps - self.warmup)
        return self.min_lr + (peak - self.min_lr) * (1 + math.cos(math.pi * s)) / 2
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-schedules", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Learning rate schedules")
def test_schedules(verify):
    def rates(steps, kind, lr=(1.0,), **settings):
        """Return the rates of all parameter groups at some steps."""
        optimizer, found = SGD([{"params": Tensor([1.0], requires_grad=True), "lr": rate} for rate in lr]), []
        schedule = kind(optimizer, **settings)
        for step in range(schedule.total_steps + 1):
            assert schedule.steps == step, f"before step {step}, schedule.steps is {schedule.steps}"
            found.append([group["lr"] for group in optimizer.param_groups])
            if step < schedule.total_steps:
                schedule.step()
        return np.array(found)[steps]

    def same(expected, steps, kind, **settings):
        case = Case(rates, list(steps), kind, **settings)
        assert_close(case(), np.reshape(expected, (len(steps), -1)), atol=1e-12, case=case)

    cycle = {"max_lr": 0.05, "total_steps": 100}
    with verify("OneCycle rises in equal parts, and is at its highest after a fifth of the steps"):
        same(0.05 * np.arange(1, 21) / 20, range(20), OneCycle, **cycle)
        same([1 / 2, 1, 8 / 9, 7 / 9, 1 / 9, 0], [0, 1, 2, 3, 9, 10], OneCycle, max_lr=1.0, total_steps=10)
        same([0.02, 0.05], [1, 4], OneCycle, max_lr=0.05, total_steps=10, pct_start=0.5)
    with verify("from there it falls in equal parts, to 0 after the last step"):
        same(0.05 * np.arange(81, -1, -1) / 81, range(19, 101), OneCycle, **cycle)
    with verify("CosineSchedule falls from the optimizer's rate, is half-way in the middle, and ends at min_lr"):
        rate = 0.2 + 0.8 * (1 + math.cos(0.2 * math.pi)) / 2
        same([1.0, rate, 0.6, 0.2], [0, 2, 5, 10], CosineSchedule, total_steps=10, min_lr=0.2)
    with verify("its warm-up rises in equal parts"):
        same([0.2, 0.4, 0.6, 0.8, 1.0], range(5), CosineSchedule, total_steps=14, warmup=4)
        same([0.5, 0.0], [9, 14], CosineSchedule, total_steps=14, warmup=4)
    with verify("every parameter group has its own highest rate"):
        same([[0.5, 0.05]], [5], CosineSchedule, lr=(1.0, 0.1), total_steps=10)


# %% [markdown]
# ## 5. A step, and an evaluation
#
# They differ in three ways, and each one is a well-known mistake when it is forgotten:
#
# | | training step | evaluation |
# |---|---|---|
# | mode | `model.train()`: dropout is active, batch norm uses the batch | `model.eval()`: nothing is random |
# | graph | recorded | `no_grad()`: nothing is kept in memory |
# | weights | change | stay |
#
# The order within the step matters, too: what happens if `zero_grad` comes after `backward`? `TrainingRun` (given)
# keeps the parts of a run and checks that they belong together. Its `check_finite(loss, inputs)` raises
# FloatingPointError, with the likely cause, if the loss is nan or infinite.


# %% nbgrader={"grade": false, "grade_id": "learner", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Learner(TrainingRun):
    """A model with all that it needs to learn from one batch, and its evaluation.

    loss: a function of (outputs, targets). schedule: sets the learning rate before each step, or None. clip_norm: the
    length to which all gradients together are shortened, or None. `steps` counts the training steps.
    """

    def __init__(self, model, optimizer, loss=cross_entropy, schedule=None, clip_norm=None):
        super().__init__(model, optimizer, loss, schedule, clip_norm)

    def training_step(self, inputs, targets):
        """Learn from one batch; return its loss before the step, a number, and the model's outputs.

        A loss that is not finite raises FloatingPointError before anything has changed.

        TODO: forward pass, loss, `check_finite`, zero_grad, backward, clipping (if there is a clip_norm), step of the
        optimizer, step of the schedule (if there is one); count the step.

        HINT: The schedule's step comes last, since it sets the rate of the *next* one. `loss.item()` is the number.
        """
        ### BEGIN SOLUTION
        outputs = self.model(inputs)
        loss = self.loss(outputs, targets)
        self.check_finite(loss, inputs)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.steps += 1
        return loss.item(), outputs
        ### END SOLUTION

    @parts_keep_modes  # a part that was in eval mode before, in a model that was not, is so again
    def evaluate(self, loader):
        """Return the means over all batches of what `measures` says, in eval mode and without a graph.

        Changes nothing: at the end, also after an error, the model has the mode of before (`model.training`). Raises
        ValueError for a loader without batches.

        TODO: a loop over the batches that adds `measures` of each to a `Meter`. What stands under `finally:` is done also
        after an error under `try:`; `model.train(mode)` sets a mode.
        """
        ### BEGIN SOLUTION
        meter = Meter()
        mode = self.model.training
        self.model.eval()
        try:
            with no_grad():
                for inputs, targets in loader:
                    outputs = self.model(inputs)
                    meter.add(len(inputs), measures(self.loss(outputs, targets), outputs, targets))
        finally:
            self.model.train(mode)
        return meter.means()
        ### END SOLUTION


# %%
def half_square(outputs, targets):
    return ((outputs - targets) ** 2).mean() * 0.5


def tiny(kind, lr=0.5, **settings):
    """Return a model of a weight, 1, and a bias, 0, with its learner or trainer; the loss is ½(w·x + b − y)²."""
    model = Linear(1, 1)
    model.weight.data, model.bias.data = np.ones((1, 1)), np.zeros(1)
    return model, kind(model, SGD(model.parameters(), lr=lr), half_square, **settings)


class Spy(Dropout):
    def forward(self, x):
        seen.append((self.training, x.requires_grad))
        return x


seen = []
x, y = Tensor(np.array([[1.0], [1.0], [1.0], [3.0]])), Tensor(np.zeros((4, 1)))


# %% nbgrader={"grade": true, "grade_id": "test-learner", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("A step, and an evaluation")
def test_learner(verify):
    def weight_after(x, y, steps=1, scheduled=False, **settings):
        model, learner = tiny(Learner, **settings)
        if scheduled:
            learner.schedule = OneCycle(learner.optimizer, 0.5, total_steps=10)
        for _ in range(steps):
            learner.training_step(x, y)
        counts = learner.steps, learner.schedule.steps if scheduled else steps
        assert counts == (steps, steps), f"after {steps} steps, learner and schedule count {counts}"
        return model.weight.item()

    def returned(x, y):
        loss, outputs = tiny(Learner)[1].training_step(x, y)
        assert isinstance(loss, float), f"expected the loss as a number, got {type(loss).__name__}"
        return np.array([loss, outputs.item()])

    def weight_after_nan():
        model, learner = tiny(Learner)
        try:
            learner.training_step(Tensor([[math.nan]]), Tensor([[0.0]]))
        except FloatingPointError:
            assert learner.steps == 0, f"a step that changes nothing is no step, and {learner.steps} are counted"
            return model.weight.item()
        raise AssertionError("a nan loss should raise FloatingPointError: call self.check_finite(loss, inputs)")

    batch = Tensor([[2.0]]), Tensor([[0.0]])
    with verify("a step changes the weight by -lr * gradient"):
        expect(-1.0, weight_after, *batch)  # the gradient is 4, and that of the bias 2
    with verify("it returns the loss before it, a number, and the outputs"):
        expect([2.0, 2.0], returned, *batch)
    with verify("the second step starts without the first one's gradient"):
        expect(2.0, weight_after, *batch, steps=2)
    with verify("clip_norm shortens the step, all gradients together"):
        expect(1 - 0.5 * 4 / (math.sqrt(4**2 + 2**2) + 1e-6), weight_after, *batch, clip_norm=1.0)
    with verify("the schedule goes on by one after each step"):
        expect(0.0, weight_after, *batch, scheduled=True)
    with verify("a loss that is not finite changes no weight"):
        expect(1.0, weight_after_nan)

    def mean_loss(x, y):
        """Return the mean loss of a batch of three and one of a single example."""
        return tiny(Learner)[1].evaluate([(x[:3], y[:3]), (x[3:], y[3:])])["loss"]

    def change_nothing(x, y, mode, fail):
        model = Sequential(Linear(1, 1), Spy())
        model.train(mode)
        weight = model[0].weight.data.copy()
        loader = [(x, y)] * 2 + [None] * fail
        seen.clear()
        with suppress(TypeError):  # of the None that is not a batch
            Learner(model, SGD(model.parameters()), half_square).evaluate(loader)
        assert seen == [(False, False)] * 2, f"(training, requires_grad) at each of two batches was {seen}"
        assert model.training == mode, f"model.training was {mode} before, and is {model.training} afterwards"
        assert model[0].weight.data == weight, "evaluate changed a weight"

    with verify("evaluate weights each batch with its number of examples"):
        expect(1.5, mean_loss, x, y)  # three losses of 0.5 and one of 4.5
    with verify("evaluate runs in eval mode, without a graph, changes no weight, and restores the mode"):
        for mode, fail in ((True, 0), (False, 0), (True, 1)):
            Case(change_nothing, x, y, mode, fail)()


# %% [markdown]
# ## 6. The epochs
#
# An epoch is a training step for each batch. `fit` runs epochs until `history` has a row for each, and validates after
# each. What they call is given:
#
# - `self.batches(loader, meter)` yields the batches of an epoch. After each, the progress bar shows what `meter` says;
#   if Ctrl-C was pressed, the run is saved and stops here, between two steps;
# - `with self.running(loader, epochs, checkpoint, resume, verbose) as last:` checks the arguments and loads the
#   checkpoint if the run is resumed. `last` is the number of the last epoch;
# - `self.finish_epoch()` saves a checkpoint and prints the last row of `history`.
#
# To go on to the last bit, a checkpoint holds everything that decides what happens next:
#
# ```
#   weights and buffers      optimizer's state      schedule's step      the random generator      place in the epoch
# ```
#
# Without the generator, dropout draws other masks; without momentum, the next steps are others. In the middle of an
# epoch, `batches` draws its order again, skips the batches that are done, and puts their means into the meter.


# %% nbgrader={"grade": false, "grade_id": "trainer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Trainer(Learner):
    """Trains a model: `Trainer(model, SGD(model.parameters(), lr=0.1)).fit(loader, epochs=10)`.

    loss, schedule, clip_norm: as for `Learner`. `save` writes a checkpoint, `load` reads it. `history` has a dict for
    each finished epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy and seconds (the accuracies only with
    class labels, val_… only with validation data).
    """

    def train_epoch(self, loader):
        """Train on all batches of the loader, in train mode; return the means of what `measures` says of each.

        TODO: a training step for each batch of `self.batches(loader, meter)`, with a new Meter.
        """
        ### BEGIN SOLUTION
        self.model.train()
        meter = Meter()
        for inputs, targets in self.batches(loader, meter):
            loss, outputs = self.training_step(inputs, targets)
            meter.add(len(inputs), measures(loss, outputs, targets))
        return meter.means()
        ### END SOLUTION

    def fit(self, loader, epochs, validation=None, checkpoint=None, resume=False, verbose=True):
        """Train for some epochs; return the history.

        loader: gives pairs (inputs, targets); validation: another one, evaluated after each epoch.
        checkpoint: a path that is written after each epoch, and on Ctrl-C; the file of another run is not overwritten.
        resume: go on from the checkpoint, if there is one, to `epochs` epochs in all, with the same losses to the last
            bit as if the run had never stopped. Everything else must be made as it was made the first time.
        verbose: a progress bar (on a terminal) and a line for each epoch.

        Ctrl-C finishes the step, saves, and then raises KeyboardInterrupt. FloatingPointError: the loss is not finite.

        TODO: within `self.running(...)`, while the history has too few rows: train, evaluate the validation data (if
        there are any), append a row, `finish_epoch`.

        HINT: `len(self.history)` counts the finished epochs, also after resuming. `time.perf_counter()` gives seconds.
        """
        ### BEGIN SOLUTION
        with self.running(loader, epochs, checkpoint, resume, verbose) as last:
            while len(self.history) < last:
                began = time.perf_counter()
                row = {"epoch": len(self.history) + 1, **self.train_epoch(loader)}
                if validation is not None:
                    for name, value in self.evaluate(validation).items():
                        row["val_" + name] = value
                row["seconds"] = time.perf_counter() - began
                self.history.append(row)
                self.finish_epoch()
        return self.history
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-trainer", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The epochs")
def test_trainer(verify):
    class Shuffled:
        """Two batches in an order that is drawn for each epoch."""

        def __len__(self):
            return 2

        def __iter__(self):
            order = default_generator().permutation(7)
            for rows in (order[:4], order[4:]):
                yield Tensor(points[rows]), Tensor(labels[rows])

    points, labels = generator().normal(size=(7, 2)).astype(np.float32), np.arange(7) % 2
    others = [(Tensor(-points[:5]), Tensor(labels[:5]))]

    def make():
        manual_seed(0)
        model = Sequential(Dropout(0.3), Linear(2, 2))
        optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Trainer(model, optimizer, lambda outputs, _: (outputs * outputs).sum())  # a loss that is quick

    def fit(epochs, trainer=None, **settings):
        """Return a trainer after `fit`, and how many lines were printed."""
        trainer = trainer or make()
        with redirect_stdout(io.StringIO()) as printed, suppress(KeyboardInterrupt, FileExistsError):
            history = trainer.fit(Shuffled(), epochs, others, **{"verbose": False, **settings})
            assert history == trainer.history, f"fit should return the history, and returned a {type(history).__name__}"
        return trainer, len(printed.getvalue().splitlines())

    def numbers(trainer):
        """Return the history without the seconds, and the weights."""
        rows = [{name: value for name, value in row.items() if name != "seconds"} for row in trainer.history]
        return rows, trainer.model[1].weight.data.tolist()

    def epoch_loss(x, y):
        """Return the mean loss of an epoch in which no weight changes: a batch of three and one of a single example."""
        seen.clear()
        model, trainer = tiny(Trainer, lr=0.0)
        trainer.model = Sequential(model, Spy())
        trainer.model.eval()
        loss = trainer.train_epoch([(x[:3], y[:3]), (x[3:], y[3:])])["loss"]
        assert seen == [(True, True)] * 2, f"(training, requires_grad) at each of two batches was {seen}"
        assert trainer.steps == 2, f"an epoch of two batches took {trainer.steps} training steps"
        return loss

    def check_rows():
        trainer, lines = fit(2, verbose=True)
        _, quiet = fit(1, trainer)
        for row in trainer.history:
            names = sorted(row)
            assert names == ["accuracy", "epoch", "loss", "seconds", "val_accuracy", "val_loss"], f"a row has {names}"
        assert [row["epoch"] for row in trainer.history] == [1, 2, 3], "epochs are counted from 1, through all calls"
        row, found = numbers(trainer)[0][-1], trainer.evaluate(others)
        assert all(row[f"val_{name}"] == found[name] for name in found), f"evaluate says {found}, the row {row}"
        assert (lines, quiet) == (2, 0), f"two epochs and a quiet one printed {lines} and {quiet} lines"

    def check_resume():
        """Press Ctrl-C in the first step of the second epoch, and go on with a new trainer."""
        whole, stopped = fit(2)[0], make()
        training_step = stopped.training_step

        def interrupted(*batch):
            if stopped.steps == 2:
                signal.raise_signal(signal.SIGINT)
            return training_step(*batch)

        stopped.training_step = interrupted
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/run.safetensors"
            fit(2, stopped, checkpoint=path)
            assert stopped.steps == 3, f"Ctrl-C in the third step stopped after {stopped.steps} steps"
            assert os.listdir(folder), "Ctrl-C left no checkpoint"
            resumed, _ = fit(2, checkpoint=path, resume=True)
        assert numbers(resumed) == numbers(whole), f"in one go {numbers(whole)}, resumed {numbers(resumed)}"

    check_rows.__qualname__ = check_resume.__qualname__ = "Trainer"  # the mistakes that are tried first

    with verify("an epoch is a step in train mode for each batch; its loss is the mean over all examples"):
        expect(1.5, epoch_loss, x, y)  # three losses of 0.5 and one of 4.5
    with verify("fit adds a row to the history for each epoch, validates after it, and prints a line or nothing"):
        Case(check_rows)()
    with verify("a run that was interrupted goes on as if it had not been, to the last bit"):
        Case(check_resume)()


# %% [markdown]
# ## What you have
#
# A trainer that shows its progress, stops at a loss that is not finite, and can be interrupted at any time. The
# chapter's page trains it on two half-moons. Try that with `verbose=True`, and press Ctrl-C.
#
# A question to take along: here the validation data decide nothing. If you trained many networks and kept the one with
# the best validation accuracy, would that accuracy still be what to expect on new images?

# %%
report()
