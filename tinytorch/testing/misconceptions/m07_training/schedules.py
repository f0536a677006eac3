"""The learning rate over time."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception

Array = np.ndarray


def _rates(home: types.ModuleType, kind: str, peak: float, settings: dict[str, Any]) -> Case:
    """The rate of each step and after the last one."""

    def rates(peak: Array) -> Array:
        optimizer = types.SimpleNamespace(param_groups=[{"lr": float(peak)}])
        highest = {"max_lr": float(peak)} if kind == "OneCycle" else {}
        schedule = getattr(home, kind)(optimizer, **highest, **settings)
        seen = []
        for step in range(schedule.total_steps + 1):
            schedule.go_to(step)
            seen.append(optimizer.param_groups[0]["lr"])
        return np.array(seen)

    return Case(rates, np.array(peak))


# --- the schedule ---


@draws("Schedule.go_to")
def _two_groups(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def rates(peaks: Array) -> list[Any]:
        optimizer = types.SimpleNamespace(param_groups=[{"lr": float(peak), "count": 0} for peak in peaks])
        schedule = home.CosineSchedule(optimizer, 10)
        facts: list[Any] = []
        for step in (0, 3, 9):
            schedule.go_to(step)
            facts += [schedule.steps, *([group["lr"], len(group)] for group in optimizer.param_groups)]
        return facts

    return Case(rates, generator.uniform(0.1, 0.8, 2))


def _go_to(self: Any, step: int, rate: Callable[[Any, int, float], float] = lambda self, s, p: self.lr(s, p)) -> None:
    self.steps = step
    for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
        group["lr"] = rate(self, step, peak)


@misconception(
    "Schedule.go_to",
    name="only the first parameter group gets a rate",
    belief="The optimizer has one learning rate.",
    explanation="Each group has its own: the rate is computed for each of them.",
    hints=("What is the lr of the second group at step 5?", "for group, peak in zip(...)."),
)
def first_group_gets_a_rate(self: Any, step: int) -> None:
    self.steps = step
    self.optimizer.param_groups[0]["lr"] = self.lr(step, self.peaks[0])


@misconception(
    "Schedule.go_to",
    name="all parameter groups get the rate of the first",
    belief="The peak is self.peaks[0].",
    explanation="Each group has a highest rate of its own: zip pairs the groups with their peaks.",
    hints=("Which peak has the second group?", "for group, peak in zip(...)."),
)
def rate_of_the_first(self: Any, step: int) -> None:
    _go_to(self, step, lambda self, s, p: self.lr(s, self.peaks[0]))


@misconception(
    "Schedule.go_to",
    name="the step is not kept",
    belief="go_to sets the rates.",
    explanation="step() goes from `steps` to the next one: set it, or every step is the first.",
    hints=("What is schedule.steps after go_to(3)?", "self.steps = step."),
)
def step_not_kept(self: Any, step: int) -> None:
    before = getattr(self, "steps", 0)
    _go_to(self, step)
    self.steps = before


@misconception(
    "Schedule.go_to",
    name="the rates are those of one step later",
    belief="The rates are set for the next step.",
    explanation="go_to(step) sets the rates of that very step. step() calls it with the next number.",
    hints=("What is the rate at step 0?", "self.lr(step, peak)."),
)
def rates_of_the_next_step(self: Any, step: int) -> None:
    _go_to(self, step, lambda self, s, p: self.lr(s + 1, p))


@misconception(
    "Schedule.go_to",
    name="the rate is multiplied into the rate of before",
    belief="The schedule scales the learning rate.",
    explanation="lr(step, peak) is the rate itself, computed from the highest one.",
    hints=("What is the rate after ten steps?", 'group["lr"] = self.lr(step, peak), without the old one.'),
)
def rate_multiplied(self: Any, step: int) -> None:
    self.steps = step
    for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
        group["lr"] *= self.lr(step, peak)


# --- OneCycle ---


@draws("OneCycle.lr")
def _one_cycles(generator: np.random.Generator, home: types.ModuleType) -> Case:
    settings = {"total_steps": int(generator.integers(10, 30)), "pct_start": float(generator.uniform(0.15, 0.4))}
    return _rates(home, "OneCycle", float(generator.uniform(0.1, 0.8)), settings)


def _through(self: Any, at: float, x: list[float], y: list[float]) -> float:
    """Return the line through points whose x is in parts of total_steps; 2 stands for one step after the last."""
    ends = [self.total_steps + 1 if part > 1 else part * self.total_steps for part in x]
    return float(np.interp(at, ends, y))


@misconception(
    "OneCycle.lr",
    name="the first step has a rate of 0",
    belief="The line starts at 0, and so does the first step.",
    explanation="A step with rate 0 changes nothing: a step has the rate at n = step + 1 on the line.",
    hints=("What is your rate at step 0?", "n = step + 1, and the line ends at n = total_steps + 1."),
)
def first_step_at_zero(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, self.pct_start, 1], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="everything comes one step late",
    belief="n is the number of the step.",
    explanation="The lines are over n = step + 1: over step the rate starts with 0 and is not 0 at the end.",
    hints=("At which step is your rate highest?", "n = step + 1."),
)
def one_step_late(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, self.pct_start, 2], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the last step has a rate of 0",
    belief="The line ends at total_steps.",
    explanation="The line ends at n = total_steps + 1: the last step still learns; the rate is 0 only after it.",
    hints=(
        "What is the rate of the last step, number total_steps - 1?",
        "(end - n) / (end - top), end = total_steps + 1.",
    ),
)
def last_step_at_zero(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start, 1], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the highest rate is in the middle",
    belief="A cycle goes up for one half and down for the other.",
    explanation="The way up takes the share pct_start of all steps, by default a fifth.",
    hints=("At which step is your rate highest, of 100?", "The top is at n = pct_start * total_steps."),
)
def highest_in_the_middle(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, 0.5, 2], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the way down takes pct_start of the steps, not the way up",
    belief="pct_start is what is left at the end.",
    explanation="pct_start is the share of the start: up for the first fifth, down for the rest.",
    hints=("At which step is your rate highest, of 100?", "pct_start * total_steps, counted from the beginning."),
)
def mirrored(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, 1 - self.pct_start, 2], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the rate starts at its highest",
    belief="Long steps first, short ones at the end.",
    explanation="The gradients of random weights say little: the rate rises first.",
    hints=("What is your rate at step 0?", "peak * n / top, while n is at most top."),
)
def starts_at_the_peak(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, 1], [peak, 0])


@misconception(
    "OneCycle.lr",
    name="the rate does not come down again",
    belief="After the warm-up it stays.",
    explanation="From the peak it falls in a straight line to 0, so that the weights settle.",
    hints=("What is the rate after the last step?", "After the top: peak * (end - n) / (end - top)."),
)
def stays_up(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start], [0, peak])


@misconception(
    "OneCycle.lr",
    name="the rate is a share of the peak, not multiplied by it",
    belief="The curve goes from 0 to 1.",
    explanation="The result is the learning rate itself: at the top it is `peak`.",
    hints=("What is your highest rate with max_lr 0.05?", "Multiply by peak."),
)
def share_of_the_peak(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start, 2], [0, 1, 0])


@misconception(
    "OneCycle.lr",
    name="the way down is as long as all steps",
    belief="The share of the way down is n / total_steps.",
    explanation="From the top at n = top to 0 at n = end there are end - top steps: (end - n) / (end - top).",
    hints=("What is your rate right after the top?", "Divide by end - top."),
)
def falls_over_all_steps(self: Any, step: int, peak: float) -> float:
    n, top, end = step + 1, self.pct_start * self.total_steps, self.total_steps + 1
    return peak * n / top if n <= top else peak * (end - n) / end


# --- CosineSchedule ---


@draws("CosineSchedule.lr")
def _cosines(generator: np.random.Generator, home: types.ModuleType) -> Case:
    settings = {
        "total_steps": int(generator.integers(10, 30)),
        "warmup": int(generator.integers(2, 6)),
        "min_lr": float(generator.uniform(0.02, 0.1)),
    }
    return _rates(home, "CosineSchedule", float(generator.uniform(0.2, 0.8)), settings)


def _curve(self: Any, peak: float, s: float) -> float:
    return self.min_lr + (peak - self.min_lr) * (1 + math.cos(math.pi * s)) / 2


def _share(self: Any, step: int) -> float:
    return (step - self.warmup) / (self.total_steps - self.warmup)


def _cosine(
    self: Any,
    step: int,
    peak: float,
    curve: Callable[[Any, float, float], float] = _curve,
    share: Callable[[Any, int], float] = _share,
    rise: Callable[[int, int], float] = lambda step, warmup: (step + 1) / (warmup + 1),
) -> float:
    """CosineSchedule.lr with one thing changed."""
    if step < self.warmup:
        return peak * rise(step, self.warmup)
    return curve(self, peak, share(self, step))


@misconception(
    "CosineSchedule.lr",
    name="the angle is taken in degrees",
    belief="Half a cosine is 180.",
    explanation="math.cos takes radians: half a turn is math.pi. 180 radians are almost 29 turns.",
    hints=("What is math.cos(180)?", "math.cos(math.pi * s)."),
)
def in_degrees(self: Any, step: int, peak: float) -> float:
    return _cosine(
        self,
        step,
        peak,
        curve=lambda self, peak, s: self.min_lr + (peak - self.min_lr) * (1 + math.cos(180 * s)) / 2,
    )


@misconception(
    "CosineSchedule.lr",
    name="the cosine makes a whole turn",
    belief="A cosine schedule is one period.",
    explanation="Half a cosine goes from the top to the bottom; the second half would go up again.",
    hints=("What is your rate in the middle, and at the end?", "math.pi * s, not 2 * math.pi * s."),
)
def whole_turn(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: _curve(self, peak, 2 * s))


@misconception(
    "CosineSchedule.lr",
    name="the rate rises in place of falling",
    belief="1 - cos goes from 0 to 2.",
    explanation="The rate falls from the peak to min_lr: 1 + cos goes from 2 to 0.",
    hints=("What is your rate right after the warm-up?", "(1 + math.cos(...)) / 2 is 1 at s = 0."),
)
def rises(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: _curve(self, peak, 1 - s))


@misconception(
    "CosineSchedule.lr",
    name="the half is forgotten",
    belief="1 + cos goes from 1 to 0.",
    explanation="1 + cos goes from 2 to 0: half of it is the share that is left.",
    hints=("What is 1 + math.cos(0)?", "Divide by 2."),
)
def not_halved(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: 2 * _curve(self, peak, s) - self.min_lr)


@misconception(
    "CosineSchedule.lr",
    name="the rate falls in a straight line",
    belief="From peak to min_lr is a line.",
    explanation="Half a cosine falls slowly at both ends and fast in the middle; the two agree only there.",
    hints=("What is your rate after a fifth of the steps?", "(1 + math.cos(math.pi * s)) / 2 in place of 1 - s."),
)
def straight_line(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: peak + (self.min_lr - peak) * s)


@misconception(
    "CosineSchedule.lr",
    name="min_lr is ignored",
    belief="The rate goes down to 0.",
    explanation="It goes down to min_lr: what shrinks is the distance to it, peak - min_lr.",
    hints=("What is your rate after the last step?", "min_lr + (peak - min_lr) * ..."),
)
def min_lr_ignored(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: peak * (1 + math.cos(math.pi * s)) / 2)


@misconception(
    "CosineSchedule.lr",
    name="min_lr is added on top",
    belief="min_lr plus the cosine of the peak.",
    explanation="Then the rate would start at peak + min_lr. It is the distance between the two that shrinks.",
    hints=("What is your rate right after the warm-up?", "min_lr + (peak - min_lr) * ..."),
)
def min_lr_on_top(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, curve=lambda self, peak, s: self.min_lr + peak * (1 + math.cos(math.pi * s)) / 2)


@misconception(
    "CosineSchedule.lr",
    name="min_lr cuts the curve off",
    belief="The rate is the cosine, but never below min_lr.",
    explanation="The whole curve lies between peak and min_lr; it reaches min_lr at the end and not before.",
    hints=("When does your rate become min_lr?", "min_lr + (peak - min_lr) * ..., no max."),
)
def min_lr_cuts_off(self: Any, step: int, peak: float) -> float:
    return _cosine(
        self, step, peak, curve=lambda self, peak, s: max(self.min_lr, peak * (1 + math.cos(math.pi * s)) / 2)
    )


@misconception(
    "CosineSchedule.lr",
    name="the way down is one step ahead",
    belief="Step t is the (t + 1)th, so s uses t + 1.",
    explanation="s is 0 right after the warm-up, where the rate is the peak itself, and 1 at t = total_steps.",
    hints=("Without a warm-up, what is your rate at step 0?", "s = (t - warmup) / (total_steps - warmup)."),
)
def one_step_ahead(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, share=lambda self, step: _share(self, step + 1))


@misconception(
    "CosineSchedule.lr",
    name="the bottom is reached one step too early",
    belief="The last step, number total_steps - 1, has s = 1.",
    explanation="s is 1 at t = total_steps, where training is over: no step has the rate of the end.",
    hints=("What is your rate at step total_steps - 1?", "Divide by total_steps - warmup, without - 1."),
)
def bottom_too_early(self: Any, step: int, peak: float) -> float:
    return _cosine(
        self, step, peak, share=lambda self, step: (step - self.warmup) / (self.total_steps - 1 - self.warmup)
    )


@misconception(
    "CosineSchedule.lr",
    name="the bottom is never reached, since the way down is as long as all steps",
    belief="s is the share of total_steps.",
    explanation="After the warm-up there are total_steps - warmup steps left: over those s goes from 0 to 1.",
    hints=("With a warm-up, what is s after the last step?", "Divide by total_steps - warmup."),
)
def never_reaches_the_end(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, share=lambda self, step: (step - self.warmup) / self.total_steps)


@misconception(
    "CosineSchedule.lr",
    name="the way down has begun during the warm-up",
    belief="s is step / total_steps.",
    explanation="s starts with 0 after the warm-up, so that the rate goes on from the peak without a jump.",
    hints=("What is s at t = warmup?", "(t - warmup) / (total_steps - warmup)."),
)
def begins_under_the_warmup(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, share=lambda self, step: step / self.total_steps)


@misconception(
    "CosineSchedule.lr",
    name="there is no warm-up",
    belief="The cosine is the schedule.",
    explanation="During the first `warmup` steps the rate rises in equal parts: peak * (t + 1) / (warmup + 1).",
    hints=("What is your rate at step 0 with warmup 4?", "if step < self.warmup: ..."),
)
def no_warmup(self: Any, step: int, peak: float) -> float:
    return _curve(self, peak, max(0.0, _share(self, step)))


@misconception(
    "CosineSchedule.lr",
    name="the warm-up starts with a rate of 0",
    belief="The rise starts from 0.",
    explanation="A step with rate 0 changes nothing: the first one has peak / (warmup + 1).",
    hints=("What is your rate at step 0 with warmup 4?", "(step + 1) / (warmup + 1)."),
)
def warmup_from_zero(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, rise=lambda step, warmup: step / warmup)


@misconception(
    "CosineSchedule.lr",
    name="the warm-up is at the peak one step early",
    belief="The last of the warm-up's steps has the peak.",
    explanation="The peak belongs to the first step after the warm-up: the parts are peak / (warmup + 1).",
    hints=("With warmup 4, which five rates come first? 1/5, 2/5, ...", "(step + 1) / (warmup + 1)."),
)
def warmup_too_fast(self: Any, step: int, peak: float) -> float:
    return _cosine(self, step, peak, rise=lambda step, warmup: (step + 1) / warmup)
