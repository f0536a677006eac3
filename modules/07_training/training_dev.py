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
# You have a network, a loss, gradients and an optimizer. Training is the loop that turns them, thousands of times:
#
# ```
#   for images, labels in loader:                    ┌──────── one training step ────────┐
#       logits = model(images)                       │ forward   what does it say?       │
#       loss = cross_entropy(logits, labels)         │ loss      how wrong is that?      │
#       optimizer.zero_grad()                        │ forget the last step's gradients  │
#       loss.backward()                              │ backward  which way is better?    │
#       optimizer.step()                             │ step      go there, a little      │
#                                                    └───────────────────────────────────┘
# ```
#
# Five lines, and a loop around them. What fills the rest of this module is what you want to *know* while it runs (how
# good is it, on data it has not seen?), what keeps it from going wrong (clipping, schedules), and what makes it safe to
# stop: a run that was interrupted goes on as if nothing had happened, to the last bit.

# %%
#| default_exp core.training

# %%
#| export
import contextlib
import json
import math
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor, default_generator, to_array

# %%
from tinytorch.core.activations import ReLU
from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.optimizers import SGD
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. How good is it?
#
# The loss is for the optimizer. What *you* want to know is the share of pictures that it gets right: the largest logit
# of each row names the class.
#
# ```
#   logits            labels
#   2.0  0.1  -1.0      0      largest is class 0     right
#   0.3  0.2   1.5      1      largest is class 2     wrong      accuracy 1/2
# ```
#
# Two numbers worth remembering. A network that knows nothing is right once in ten with ten classes, and its loss is
# log 10 = 2.303: it gives each class a probability of a tenth. A first loss far above that means bad initial weights.


# %% nbgrader={"grade": false, "grade_id": "accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def accuracy(logits, labels) -> float:
    """The share, from 0 to 1, of examples whose largest logit is the label's.

    logits: (N, C) or (N, C, …); labels: integers (N,) or (N, …). Raises ValueError where the shapes do not fit and for
    an empty batch.

    TODO: compare where each row's largest entry stands with the labels; return a Python float.

    EXAMPLE:
        >>> accuracy(Tensor([[2.0, 0.1], [0.3, 1.5]]), Tensor([0, 0]))
        0.5

    HINT: `argmax` takes the axis to look along: in (N, C, …) that of the classes. The mean of truth values is the share
    of True.
    """
    scores, labels = to_array(logits), to_array(labels)
    if scores.ndim < 2 or labels.shape != scores.shape[:1] + scores.shape[2:] or labels.size == 0:
        raise ValueError(
            f"accuracy: expected logits (N, C) and labels (N,) with N at least 1, got {scores.shape} and {labels.shape}"
        )
    ### BEGIN SOLUTION
    return float((scores.argmax(axis=1) == labels).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-accuracy", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Accuracy")
def test_accuracy(verify):
    def same(expected, logits, labels):
        case = Case(accuracy, Tensor(logits), Tensor(labels))
        assert_close(case(), expected, case=case)

    logits = [[2.0, 0.1, -1.0], [0.3, 0.2, 1.5]]
    with verify("the largest logit of each row names the class"):
        same(0.5, logits, [0, 1])
        same(1.0, logits, [0, 2])
    with verify("it is a share of the examples, not a count, and a Python number"):
        same(0.75, [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]], [0, 2, 2, 1])

        def number(logits, labels):
            share = accuracy(logits, labels)
            assert isinstance(share, float), f"expected a Python float, got {type(share).__name__}"

        Case(number, Tensor(logits), Tensor([0, 1]))()
    with verify("the classes are on axis 1, also where places come after them"):
        same(2 / 3, [[[1, 0, 1], [0, 1, 0]]], [[0, 1, 1]])
    with verify("a network that knows nothing has a loss of log 10 = 2.303 with ten classes"):
        assert_close(cross_entropy(Tensor(np.zeros((4, 10))), Tensor([3, 1, 4, 1])).item(), math.log(10))
        assert_close(math.log(10), 2.303, rtol=2e-4)


# %% [markdown]
# ## 2. Clipping
#
# Now and then a batch gives a gradient many times larger than usual, and one such step can undo an hour. Clipping makes
# it shorter and leaves its direction: all gradients together are *one* long vector, and if its length is above
# `max_norm`, every entry is multiplied by the same number.
#
# ```
#        gradient (3, 4), length 5          max_norm 1  →  (0.6, 0.8)
# ```
#
# Clipping each parameter's gradient by itself would turn the direction.


# %% nbgrader={"grade": false, "grade_id": "clip-grad-norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def clip_grad_norm(parameters, max_norm) -> float:
    """Shorten the gradients of all parameters together to a length of at most `max_norm`; return the length before.

    As in torch, each gradient is multiplied by max_norm / (length + 1e-6) if that is below 1. Parameters without a
    gradient are left out. Raises ValueError for a max_norm that is not a number above 0.

    TODO: compute the length of all gradients together; if they are too long, give each parameter a scaled gradient.

    APPROACH:
    1. The length is √(Σ g²) over all entries of all gradients. `np.vdot(g, g)` is Σ g² of one array.
    2. Where it must be scaled, give the parameter a new gradient, a Tensor of its own. The old array may be in use
       elsewhere, so do not write into it.

    EXAMPLE:
        >>> w = Tensor([0.0, 0.0], requires_grad=True)
        >>> w.grad = Tensor([3.0, 4.0])
        >>> clip_grad_norm([w], max_norm=1.0), w.grad
        (5.0, Tensor([0.6, 0.8]))
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm: expected a number above 0, got {max_norm!r}")
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    with_gradient = [p for p in parameters if p.grad is not None]
    ### BEGIN SOLUTION
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
        """The length that is returned, and the gradients of all parameters after clipping."""
        parameters = [Tensor(np.zeros(len(g)), requires_grad=True) for g in gradients]
        for p, g in zip(parameters, gradients):
            p.grad = Tensor(g)
        length = clip_grad_norm(parameters, max_norm)
        return length, np.concatenate([p.grad.data for p in parameters])

    def length(*gradients, max_norm):
        return clip(*gradients, max_norm=max_norm)[0]

    def clipped(*gradients, max_norm):
        return clip(*gradients, max_norm=max_norm)[1]

    def same(expected_length, expected, *gradients, max_norm):
        for function, wanted in ((length, expected_length), (clipped, np.array(expected))):
            case = Case(function, *map(np.array, gradients), max_norm=max_norm)
            assert_close(case(), wanted, rtol=1e-6, case=case)

    with verify("the length of a gradient (3, 4) is 5, and clipped to 1 it is (0.6, 0.8); the old array stays"):
        same(5.0, [0.6, 0.8], [3.0, 4.0], max_norm=1.0)
        same(5.0, np.array([0.6, 0.8], np.float32), np.array([3.0, 4.0], np.float32), max_norm=1.0)
    with verify("all parameters are one vector, scaled by one number"):
        same(10.0, [3.0, 4.0, 0.0], [6.0], [8.0, 0.0], max_norm=5.0)
    with verify("a gradient that is short enough stays as it is"):
        same(0.5, [0.3, 0.4], [0.3, 0.4], max_norm=1.0)
    with verify("a parameter without a gradient is left out"):
        a, b = (Tensor([0.0, 0.0], requires_grad=True) for _ in range(2))
        a.grad = Tensor([3.0, 4.0])
        clip_grad_norm([a, b], 1.0)
        assert b.grad is None, "the parameter without a gradient got one"


# %% [markdown]
# ## 3. The learning rate over time
#
# Long steps at first, to get somewhere; short ones at the end, to settle. But not long at once: the first gradients,
# of random weights, are the least to be trusted. A **schedule** sets the optimizer's `lr` before every step.
#
# ```
#   OneCycle   max ┤    ╱╲                    CosineSchedule   lr ┤   ╭──╮
#                  │   ╱    ╲                                     │  ╱     ╲
#                  │  ╱        ╲                                  │ ╱        ╲
#                0 ┼─────────────╲─► step                       0 ┼────────────╰─► step
#                    1/5        total                             warmup      total
# ```
#
# The base class counts the steps and writes the result into every parameter group; you write the two curves.


# %%
#| export
class Schedule:
    """Sets the learning rate of an optimizer before each of `total_steps` steps; call `step()` after each of them.

    A subclass defines `lr(step, peak)`, where `peak` is the highest rate of a parameter group.
    """

    def __init__(self, optimizer, total_steps, peaks):
        if not (isinstance(total_steps, (int, np.integer)) and total_steps >= 1):
            raise ValueError(
                f"{type(self).__name__}: total_steps: expected a whole number from 1, got {total_steps!r}; "
                "pass total_steps=epochs * len(loader)"
            )
        if len(peaks) != len(optimizer.param_groups) or not all(peak > 0 for peak in peaks):
            raise ValueError(
                f"{type(self).__name__}: expected a learning rate above 0 for each of the "
                f"{len(optimizer.param_groups)} parameter groups, got {peaks}"
            )
        self.optimizer = optimizer
        self.total_steps = int(total_steps)
        self.peaks = peaks
        self.go_to(0)

    def go_to(self, step):
        """Set the learning rates for the step with this number, counted from 0."""
        self.steps = step
        for group, peak in zip(self.optimizer.param_groups, self.peaks):
            group["lr"] = float(self.lr(step, peak))

    def step(self):
        """Go on to the next step. Raises ValueError after the last one."""
        if self.steps >= self.total_steps:
            raise ValueError(
                f"{type(self).__name__}: all {self.total_steps} steps are done; pass total_steps=epochs * len(loader)"
            )
        self.go_to(self.steps + 1)


# %% nbgrader={"grade": false, "grade_id": "schedules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class OneCycle(Schedule):
    """Straight up to `max_lr` over the first `pct_start` of all steps, then straight down to 0.

    Step number t, from 0, has max_lr · (t + 1) / (pct_start · total_steps) on the way up; on the way down the rate is
    0 at t = total_steps, where training is over: no step has a rate of 0. `max_lr` is a number, or a list with one for
    each parameter group.

    TODO: write `lr`.

    EXAMPLE:
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)])
        >>> schedule = OneCycle(optimizer, max_lr=1.0, total_steps=10)
        >>> [round(schedule.lr(t, 1.0), 3) for t in range(4)]
        [0.5, 1.0, 0.889, 0.778]

    HINT: Draw it over t + 1: where does the way up begin, where is the top, where is the rate 0 again? Those are three
    points, and `np.interp(at, [x0, x1, x2], [y0, y1, y2])` goes straight from each to the next.
    """

    def __init__(self, optimizer, max_lr, total_steps, pct_start=0.2):
        if not 0 < pct_start < 1:
            raise ValueError(f"OneCycle: pct_start: expected a share above 0 and below 1, got {pct_start!r}")
        self.pct_start = pct_start
        peaks = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * len(optimizer.param_groups)
        super().__init__(optimizer, total_steps, peaks)

    def lr(self, step, peak):
        ### BEGIN SOLUTION
        return float(np.interp(step + 1, [0, self.pct_start * self.total_steps, self.total_steps + 1], [0, peak, 0]))
        ### END SOLUTION


class CosineSchedule(Schedule):
    """From the optimizer's own learning rate down to `min_lr` along half a cosine (Loshchilov and Hutter, 2017).

    lr(t) = min_lr + (peak − min_lr) · (1 + cos(π · s)) / 2, where s goes from 0 after the warm-up to 1 at
    t = total_steps. During the first `warmup` steps the rate rises in equal parts: peak · (t + 1) / (warmup + 1).

    TODO: write `lr`.

    HINT: s is the share of the steps after the warm-up that are over: with 100 steps, 20 of them warm-up, s(60) = ½.
    """

    def __init__(self, optimizer, total_steps, warmup=0, min_lr=0.0):
        if not 0 <= warmup < total_steps:
            raise ValueError(f"CosineSchedule: warmup: expected 0 to below total_steps={total_steps}, got {warmup!r}")
        self.warmup, self.min_lr = warmup, min_lr
        super().__init__(optimizer, total_steps, [group["lr"] for group in optimizer.param_groups])

    def lr(self, step, peak):
        ### BEGIN SOLUTION
        if step < self.warmup:
            return peak * (step + 1) / (self.warmup + 1)
        s = (step - self.warmup) / (self.total_steps - self.warmup)
        return self.min_lr + (peak - self.min_lr) * (1 + math.cos(math.pi * s)) / 2
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-schedules", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Schedules")
def test_schedules(verify):
    def rates(kind, lr=1.0, **settings):
        """The learning rate before each step, and after the last one."""
        optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=lr)
        schedule, seen = kind(optimizer, **settings), []
        for _ in range(schedule.total_steps):
            seen.append(optimizer.param_groups[0]["lr"])
            schedule.step()
        return np.array([*seen, optimizer.param_groups[0]["lr"]])

    def some(steps, kind, **settings):
        """The rates at some steps."""
        return rates(kind, **settings)[steps]

    def same(expected, steps, kind, **settings):
        case = Case(some, steps, kind, **settings)
        assert_close(case(), np.array(expected), atol=1e-12, case=case)

    cycle = {"max_lr": 0.05, "total_steps": 100}
    with verify("OneCycle rises in equal parts, and is at its highest after a fifth of the steps"):
        same(0.05 * np.arange(1, 21) / 20, list(range(20)), OneCycle, **cycle)
        same([0.02, 0.05], [1, 4], OneCycle, max_lr=0.05, total_steps=10, pct_start=0.5)
    with verify("from there it falls in equal parts, to 0 when all steps are done and not before"):
        same(0.05 * np.arange(81, -1, -1) / 81, list(range(19, 101)), OneCycle, **cycle)
    with verify("CosineSchedule falls from the optimizer's rate, is half-way in the middle, and ends at min_lr"):
        same([1.0, 0.6, 0.2], [0, 5, 10], CosineSchedule, total_steps=10, min_lr=0.2)
        same([0.2 + 0.8 * (1 + math.cos(0.2 * math.pi)) / 2], [2], CosineSchedule, total_steps=10, min_lr=0.2)
    with verify("its warm-up rises in equal parts"):
        same([0.2, 0.4, 0.6, 0.8, 1.0], list(range(5)), CosineSchedule, total_steps=14, warmup=4)
        same([0.5, 0.0], [9, 14], CosineSchedule, total_steps=14, warmup=4)


# %% [markdown]
# ## 4. Keeping the books
#
# What follows is given. Read the docstrings, and come back when you wonder how it is done. `Meter` averages: the last
# batch of an epoch is smaller than the others, so a plain mean of the batches' means would give its pictures more
# weight. A checkpoint is one file in the safetensors format, written beside the old one and then put in its place in
# one move: at no moment, not even when the disk is full, is there half a file under its name.


# %%
#| export
class Meter:
    """Means over several batches, each weighted with its number of examples."""

    def __init__(self, examples=0, sums=None):
        self.examples = examples
        self.sums = dict(sums or {})

    def add(self, examples, values):
        """Count a batch of some examples, with the mean of each measured value: `add(64, {"loss": 0.7})`."""
        self.examples += examples
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples

    def means(self):
        """Name → mean over all examples. Raises ValueError if there were none."""
        if self.examples == 0:
            raise ValueError("loader: expected at least one batch, got none; a generator gives its batches only once")
        return {name: total / self.examples for name, total in self.sums.items()}


def measures(loss, outputs, targets) -> dict:
    """What is worth knowing about one batch: its loss and, where the targets are class indices, the accuracy."""
    values = {"loss": float(loss)}
    if to_array(targets).dtype.kind in "iu" and outputs.ndim == np.ndim(targets) + 1:
        values["accuracy"] = accuracy(outputs, targets)
    return values


def write_checkpoint(path, arrays, info):
    """Write named arrays and a dict of plain values into one safetensors file; an older file stays until the end.

    Raises OSError that names the file where that fails; what was there before is then untouched.
    """
    from safetensors.numpy import save

    path = Path(path)
    beside = path.with_name(path.name + ".part")
    try:
        with open(beside, "wb") as file:
            file.write(save(arrays, {"tinytorch": json.dumps(info, default=float)}))
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        kept = "the older file there is untouched" if path.exists() else "no file was left behind"
        raise OSError(error.errno, f"checkpoint {path}: not written: {error.strerror or error}; {kept}") from error


def read_checkpoint(path):
    """The arrays and the dict of a file by `write_checkpoint`. Raises ValueError for a damaged or another file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            info = (file.metadata() or {}).get("tinytorch")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        size = Path(path).stat().st_size
        raise ValueError(f"checkpoint {path}: truncated or damaged ({size:,} bytes): {error}; use another") from None
    if info is None:
        raise ValueError(f"checkpoint {path}: a safetensors file, but not one of a Trainer")
    return arrays, json.loads(info)


@contextlib.contextmanager
def deferred_interrupt():
    """Within the block the first Ctrl-C only sets the event that this gives; a second one interrupts.

    A step that stops half-way would leave half of the weights changed. Outside of the main thread, where Python hands
    out no signals, nothing is done.
    """
    requested = threading.Event()

    def note(*signal_and_frame):
        if requested.is_set():
            raise KeyboardInterrupt
        requested.set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, note) if in_main else None
    try:
        yield requested
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)


# %% [markdown]
# Exact resume needs more than the weights. Which numbers decide what happens next?
#
# ```
#   weights and buffers      optimizer's state      schedule's step      the random generator      place in the epoch
# ```
#
# Forget the generator and dropout draws other masks; forget momentum and the first steps go elsewhere. A checkpoint
# holds them all. Where the run stopped in the middle of an epoch, the loader draws the same order again from the
# generator's state at the *beginning* of the epoch, and the batches that are done are skipped.


# %%
#| export
class TrainingRun:
    """The loop over epochs, its history, its progress bar and its checkpoints: what `Trainer` stands on.

    `history` holds a dict for each finished epoch: epoch, loss, accuracy, val_loss, val_accuracy, seconds (the
    accuracies only with class labels, val_… only with validation data). `steps` counts training steps.
    """

    def __init__(self, model, optimizer, loss=cross_entropy, schedule=None, clip_norm=None):
        ours = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if not any(id(p) in ours for p in model.parameters()):
            raise ValueError(
                "Trainer: optimizer: it holds none of the model's parameters, so nothing would be learned; "
                f"pass {type(optimizer).__name__}(model.parameters(), ...)"
            )
        if schedule is not None and schedule.optimizer is not optimizer:
            raise ValueError("Trainer: schedule: it belongs to another optimizer; make it with this one")
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"Trainer: clip_norm: expected a number above 0 or None, got {clip_norm!r}")
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.history: list[dict] = []
        self.steps = 0
        self.last_loss = None
        self._written = None  # the checkpoint that is ours to write over
        self._place = self._begin(None)

    def fit(self, loader, epochs, validation=None, checkpoint=None, resume=False, verbose=True):
        """Train for some epochs; return the history.

        loader: gives pairs (inputs, targets); validation: another one, evaluated after each epoch.
        checkpoint: a path that is written after each epoch, and on Ctrl-C; a file that another run left there is not
            overwritten.
        resume: go on from the checkpoint, if there is one, to `epochs` epochs in all, with the same losses to the
            last bit as if the run had never stopped. Everything else must be made as it was made the first time.
        verbose: a progress bar (on a terminal) and a line for each epoch.

        Ctrl-C finishes the step, saves, says where, and then raises KeyboardInterrupt. A loss that is not finite
        raises FloatingPointError before it changes a weight.
        """
        if resume and checkpoint is None:
            raise ValueError('fit: resume=True needs the path to go on from; pass checkpoint="run.safetensors"')
        self._place = self._begin(loader)
        found = checkpoint is not None and Path(checkpoint).exists()
        if resume and found:
            self.load(checkpoint, loader)
        elif found and self._written != Path(checkpoint):
            raise FileExistsError(
                f"checkpoint {checkpoint}: there is one already, and training would overwrite it; "
                "pass resume=True to go on from it, or another name"
            )
        last = epochs if resume else len(self.history) + epochs
        self._check_schedule(loader, last)
        if checkpoint is not None:
            self.save(checkpoint)  # a folder that cannot be written to is found now, not after an hour
        with deferred_interrupt() as interrupt:
            while len(self.history) < last:
                began, epoch = time.perf_counter(), len(self.history) + 1
                bar = _bar(f"epoch {epoch}/{last}", loader, verbose)
                means = self._train(loader, bar, interrupt, checkpoint)
                if validation is not None:
                    means.update({f"val_{name}": value for name, value in self.evaluate(validation).items()})
                seconds = time.perf_counter() - began
                self.history.append({"epoch": epoch, **means, "seconds": seconds})
                self._place = self._begin(loader)
                if checkpoint is not None:
                    self.save(checkpoint)
                if verbose:
                    print(f"epoch {epoch}/{last}  {_shown(means)}  {seconds:.1f} s  {bar.speed:,.0f} images/s")
                if interrupt.is_set():
                    self._stop(checkpoint)
        return self.history

    def _train(self, loader, bar, interrupt, checkpoint):
        """One epoch of training steps; returns the means of what was measured."""
        self.model.train()
        batches = self._batches(loader)
        place, meter = self._place, Meter(self._place["examples"], self._place["sums"])
        began, before = time.perf_counter(), meter.examples
        with bar:
            for inputs, targets in batches:
                loss, outputs = self.training_step(inputs, targets)
                self.steps, self.last_loss = self.steps + 1, loss
                meter.add(len(inputs), measures(loss, outputs, targets))
                place.update(batches=place["batches"] + 1, examples=meter.examples, sums=meter.sums)
                bar.speed = (meter.examples - before) / (time.perf_counter() - began)
                if not bar.disable:
                    bar.set_postfix_str(f"{_shown(meter.means())}  {bar.speed:,.0f} images/s", refresh=False)
                    bar.update(place["batches"] - bar.n)
                if interrupt.is_set() and place["batches"] != bar.total:
                    break
        if interrupt.is_set() and place["batches"] != bar.total:
            self._stop(checkpoint)
        return meter.means()

    def _begin(self, loader):
        """The beginning of an epoch: nothing done, and what decides the order of the loader's batches."""
        state = default_generator().bit_generator.state
        order = {"generator": state, **{name: getattr(loader, name, None) for name in ("epoch", "seed")}}
        return {"batches": 0, "examples": 0, "sums": {}, **order}

    def _batches(self, loader):
        """The loader's batches. In an epoch that was begun before, those that are left, in the order of then."""
        done, now = self._place["batches"], default_generator().bit_generator.state
        if done == 0:
            self._place = self._begin(loader)
            return iter(loader)
        default_generator().bit_generator.state = self._place["generator"]
        batches = iter(loader)
        for _ in range(done):
            next(batches)
        default_generator().bit_generator.state = now
        return batches

    def _stop(self, checkpoint):
        if checkpoint is None:
            print('\nstopped; nothing was saved, for that pass checkpoint="run.safetensors"')
        else:
            self.save(checkpoint)
            print(f"\nstopped after {self.steps:,} steps; saved in {checkpoint}, go on with resume=True")
        raise KeyboardInterrupt

    def _check_schedule(self, loader, last):
        if self.schedule is not None and hasattr(loader, "__len__"):
            wanted = self.schedule.steps + (last - len(self.history)) * len(loader) - self._place["batches"]
            if wanted > self.schedule.total_steps:
                raise ValueError(
                    f"fit: these epochs end at step {wanted:,}, but the schedule has {self.schedule.total_steps:,} "
                    f"steps; make it with total_steps={wanted}"
                )

    def check_finite(self, loss, inputs):
        """Raise FloatingPointError, with what can be found out, if the loss is not finite."""
        if np.isfinite(loss.data).all():
            return
        lr = self.optimizer.param_groups[0]["lr"]
        too_high = f"a learning rate too high ({lr:g}; try {lr / 10:g}, or clip_norm=1.0)"
        broken = [name for name, p in self.model.named_parameters() if not np.isfinite(p.data).all()]
        cause = f"{too_high}, inputs that are not normalised, or the log or root of 0 in a loss of your own"
        if not np.isfinite(to_array(inputs)).all():
            cause = "the batch itself holds nan or infinity; look at the data and at how it is normalised"
        elif broken:
            cause = f"{too_high}: the step before made {broken[0]} infinite"
        raise FloatingPointError(
            f"training stopped: the loss is {loss.item()} at step {self.steps + 1} (epoch {len(self.history) + 1}); "
            f"the last finite one was {self.last_loss}. This step changed no weight. Likely cause: {cause}."
        )

    def save(self, path):
        """Write everything that decides how training goes on into one safetensors file."""
        state = self.optimizer.state_dict()
        arrays = {f"model.{name}": to_array(value) for name, value in self.model.state_dict().items()}
        plain: dict = {}
        for position, kept in state["state"].items():
            for name, value in kept.items():
                if isinstance(value, np.ndarray):
                    arrays[f"optimizer.{position}.{name}"] = value
                else:
                    plain[f"{position}.{name}"] = value
        info = {
            "kinds": self._kinds(),
            "param_groups": state["param_groups"],
            "optimizer_state": plain,
            "schedule": self.schedule and {"steps": self.schedule.steps},
            "history": self.history,
            "steps": self.steps,
            "last_loss": self.last_loss,
            "place": self._place,
            "generator": default_generator().bit_generator.state,
        }
        write_checkpoint(path, arrays, info)
        self._written = Path(path)

    def load(self, path, loader=None):
        """Go back to what `save` wrote. Raises ValueError that names what does not fit; then nothing has changed."""
        arrays, info = read_checkpoint(path)
        model, flat = (
            {name[len(part) :]: array for name, array in arrays.items() if name.startswith(part)}
            for part in ("model.", "optimizer.")
        )
        self._check_fits(path, model, info, loader)
        state: dict = {}
        for key, value in {**flat, **info["optimizer_state"]}.items():
            position, name = key.split(".", 1)
            state.setdefault(int(position), {})[name] = value
        self.optimizer.load_state_dict({"state": state, "param_groups": info["param_groups"]})
        self.model.load_state_dict(model)
        if self.schedule is not None:
            self.schedule.go_to(info["schedule"]["steps"])
        self.history, self.steps, self.last_loss = info["history"], info["steps"], info["last_loss"]
        self._place, self._written = info["place"], Path(path)
        default_generator().bit_generator.state = info["generator"]
        if loader is not None and self._place["epoch"] is not None:
            loader.epoch = self._place["epoch"]

    def _check_fits(self, path, model, info, loader):
        own = {name: to_array(value) for name, value in self.model.state_dict().items()}
        problems = [f"{name} is missing in the file" for name in own if name not in model]
        problems += [f"{name} is not in this model" for name in model if name not in own]
        for name in own.keys() & model.keys():
            here, there = (f"{a.dtype} {a.shape}" for a in (own[name], model[name]))
            if here != there:
                problems.append(f"{name} is {here} here and {there} in the file")
        for part, here in self._kinds().items():
            if info["kinds"][part] != here:
                problems.append(f"the {part} is {here} here and was {info['kinds'][part]}")
        seed = getattr(loader, "seed", None)
        if loader is not None and info["place"]["seed"] != seed:
            problems.append(f"the loader has seed={seed} here and had seed={info['place']['seed']}")
        if problems:
            more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
            raise ValueError(f"checkpoint {path}: another run made it: {'; '.join(sorted(problems)[:3])}{more}")

    def _kinds(self):
        schedule = self.schedule and f"{type(self.schedule).__name__} of {self.schedule.total_steps} steps"
        return {"optimizer": type(self.optimizer).__name__, "schedule": schedule}


def _shown(means):
    return "  ".join(f"{k} {v:.1%}" if k.endswith("accuracy") else f"{k} {v:.4f}" for k, v in means.items())


def _bar(title, loader, verbose):
    from tqdm import tqdm

    layout = "{desc} |{bar:20}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
    total = len(loader) if hasattr(loader, "__len__") else None
    off = None if verbose else True  # None: shown on a terminal only
    return tqdm(desc=title, total=total, leave=False, bar_format=layout, disable=off)


# %% [markdown]
# ## 5. The trainer
#
# Two methods are left, and they are the heart: the training step, and the evaluation. They differ in three ways, and
# each is a famous mistake when forgotten:
#
# | | training step | evaluation |
# |---|---|---|
# | mode | `model.train()`: dropout drops, batch norm uses the batch | `model.eval()`: nothing is random |
# | graph | recorded | `no_grad()`: nothing is kept in memory |
# | weights | change | stay |
#
# The order inside the step matters too. What happens if `zero_grad` comes after `backward`? And if it is left out?


# %% nbgrader={"grade": false, "grade_id": "trainer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Trainer(TrainingRun):
    """Trains a model: `Trainer(model, SGD(model.parameters(), lr=0.1)).fit(loader, epochs=10)`.

    loss: a function of (outputs, targets), by default cross_entropy. schedule: sets the learning rate before each step.
    clip_norm: the length that all gradients together are shortened to. See `fit`, `evaluate`, `save`, `load`.

    TODO: write `training_step` and `evaluate`.

    APPROACH:
    1. `training_step`: forward, loss, `self.check_finite(loss, inputs)`; then forget old gradients, backward, clip (if
       clip_norm is given), optimizer step, schedule step (if there is one). Return the loss as a number, and the
       outputs.
    2. `evaluate`: under `no_grad`, for each batch, forward and loss; `meter.add` counts the batch's examples, with
       what `measures` says of it.

    HINT: The schedule's step comes after the optimizer's: it sets the rate of the *next* one.
    """

    def training_step(self, inputs, targets):
        """Learn from one batch; returns its loss, a number, and the model's outputs."""
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
        return loss.item(), outputs
        ### END SOLUTION

    def evaluate(self, loader):
        """Mean loss, and accuracy for class labels, over all batches in eval mode: `{"loss": …, "accuracy": …}`.

        Changes nothing: the model's mode is put back. Raises ValueError for a loader without batches.
        """
        was_training, meter = self.model.training, Meter()
        self.model.eval()
        try:
            ### BEGIN SOLUTION
            with no_grad():
                for inputs, targets in loader:
                    outputs = self.model(inputs)
                    meter.add(len(inputs), measures(self.loss(outputs, targets), outputs, targets))
            ### END SOLUTION
        finally:
            self.model.train(was_training)
        return meter.means()


# %% nbgrader={"grade": true, "grade_id": "test-trainer", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false}
@inline_test("The trainer")
def test_trainer(verify):
    def setup(lr=0.5, **settings):
        """A model of one weight and its trainer; the loss is ½(w·x − y)²."""
        model = Linear(1, 1, bias=False)
        model.weight.data[...] = 1.0
        return model, Trainer(model, SGD(model.parameters(), lr=lr), half_square, **settings)

    def half_square(outputs, targets):
        return ((outputs - targets) ** 2).mean() * 0.5

    def weight_after(x, y, steps=1, scheduled=False, **settings):
        """The weight, which is 1 at first."""
        model, trainer = setup(**settings)
        if scheduled:
            trainer.schedule = OneCycle(trainer.optimizer, 0.5, total_steps=10)
        for _ in range(steps):
            trainer.training_step(x, y)
        if scheduled:
            at = trainer.schedule.steps
            assert at == steps, f"after {steps} training steps the schedule is at step {at}"
        return model.weight.item()

    def returned(x, y, what):
        loss, outputs = setup(lr=0.25)[1].training_step(x, y)
        assert isinstance(loss, float), f"expected the loss as a number, got {type(loss).__name__}"
        return loss if what == "loss" else outputs.item()

    def same(expected, function, *settings, rtol=None, **named):
        case = Case(function, Tensor([[2.0]]), Tensor([[0.0]]), *settings, **named)
        assert_close(case(), expected, rtol=rtol, case=case)

    with verify("a step moves the weight by -lr * gradient"):
        same(-1.0, weight_after, lr=0.5)  # the gradient is 4
    with verify("it returns the loss before it, a number, and the outputs"):
        same(2.0, returned, "loss")
        same(2.0, returned, "outputs")
    with verify("the second step starts without the first one's gradient"):
        same(1.0, weight_after, steps=2)
    with verify("clip_norm shortens the step"):
        same(0.5, weight_after, rtol=1e-5, clip_norm=1.0)
    with verify("the schedule goes on one step after each step"):
        same(0.0, weight_after, scheduled=True)
    with verify("a loss that is not finite changes no weight"):

        def not_finite():
            model, trainer = setup()
            try:
                trainer.training_step(Tensor([[math.nan]]), Tensor([[0.0]]))
            except FloatingPointError as error:
                assert "step 1" in str(error), f"the message should name the step: {error}"
            else:
                raise AssertionError("a nan loss should raise FloatingPointError: call self.check_finite(loss, inputs)")
            return model.weight.item()

        case = Case(not_finite)
        assert_close(case(), 1.0, case=case)
    x, y = np.array([[1.0], [1.0], [1.0], [3.0]]), np.zeros((4, 1))
    with verify("evaluate weights each batch with its number of examples"):

        def mean_loss(x, y):
            """Of a batch of three and one of a single example."""
            return setup()[1].evaluate([(Tensor(x[rows]), Tensor(y[rows])) for rows in (slice(3), slice(3, 4))])["loss"]

        case = Case(mean_loss, x, y)
        assert_close(case(), 1.5, case=case)  # three losses of 0.5 and one of 4.5
    with verify("evaluate runs in eval mode, without a graph, changes no weight and puts the mode back"):

        class Spy(Dropout):
            def forward(self, x):
                seen.append((self.training, x.requires_grad))
                return x

        seen = []

        def looks_only(x, y):
            first = Linear(1, 1)
            first.weight.data[...] = 1.0
            model = Sequential(first, Spy())
            seen.clear()
            Trainer(model, SGD(model.parameters()), half_square).evaluate([(Tensor(x), Tensor(y))] * 2)
            assert seen == [(False, False)] * 2, f"(training, requires_grad) at each of two batches was {seen}"
            assert model.training, "the model was in train mode before, and is not any more"
            assert first.weight.item() == 1.0, "evaluate changed a weight"

        Case(looks_only, x, y)()
    with verify("a network learns which of two half-moons a point is on, and fit tells the story"):
        draw = generator()
        angle, label = draw.uniform(0, math.pi, 256), draw.integers(0, 2, 256)
        moons = np.stack([np.cos(angle) + label, np.where(label, 0.5 - np.sin(angle), np.sin(angle))], axis=1)
        points = Tensor((moons + draw.normal(0, 0.05, moons.shape)).astype(np.float32))
        loader = [(points[i : i + 32], Tensor(label[i : i + 32])) for i in range(0, 256, 32)]
        model = Sequential(Linear(2, 32), ReLU(), Linear(32, 2))
        optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
        trainer = Trainer(model, optimizer, schedule=OneCycle(optimizer, 0.3, total_steps=30 * len(loader)))
        history = trainer.fit(loader, epochs=30, validation=loader, verbose=False)
        assert [row["epoch"] for row in history] == list(range(1, 31)), "expected a row for each of 30 epochs"
        assert history[-1]["loss"] < history[0]["loss"] / 2, f"loss {history[0]['loss']} → {history[-1]['loss']}"
        assert history[-1]["val_accuracy"] > 0.97, f"accuracy {history[-1]['val_accuracy']:.1%} after 30 epochs"


# %% [markdown]
# ## What you have
#
# A trainer that shows what it does, refuses to go on with nonsense, and can be stopped at any time. Try it: give the
# moons of the last claim (two half-circles that no straight line separates) `verbose=True`, and press Ctrl-C.
#
# A question to take along: the validation data chooses nothing here, it is only looked at. If you trained many networks
# and kept the one with the best validation accuracy, would that accuracy still tell the truth about new pictures?

# %%
report()
