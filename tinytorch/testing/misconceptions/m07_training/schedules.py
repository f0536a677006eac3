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


# --- OneCycle ---


@draws("OneCycle.lr")
def _one_cycles(generator: np.random.Generator, home: types.ModuleType) -> Case:
    settings = {"total_steps": int(generator.integers(10, 30)), "pct_start": float(generator.uniform(0.15, 0.4))}
    return _rates(home, "OneCycle", float(generator.uniform(0.1, 0.8)), settings)


def _through(self: Any, at: float, x: list[float], y: list[float]) -> float:
    """The line through points whose x is in parts of total_steps, with one more step for what is above 1."""
    ends = [self.total_steps + 1 if part > 1 else part * self.total_steps for part in x]
    return float(np.interp(at, ends, y))


@misconception(
    "OneCycle.lr",
    name="the first step has a rate of 0",
    belief="The line starts at 0, and so does the first step.",
    explanation="A step with rate 0 teaches nothing: step t, from 0, has the rate of t + 1 on the line.",
    hints=("What is your rate at step 0?", "np.interp(step + 1, ...), with 0 at total_steps + 1."),
)
def first_step_at_zero(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, self.pct_start, 1], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="everything comes one step late",
    belief="np.interp is asked at `step`.",
    explanation="The three points are for t + 1: at t the rate starts with 0 and is not 0 at the end.",
    hints=("At which step is your rate highest?", "np.interp(step + 1, ...)."),
)
def one_step_late(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, self.pct_start, 2], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the last step has a rate of 0",
    belief="The line ends at total_steps.",
    explanation="With at = t + 1 the end is at total_steps + 1: the last step still learns; only then comes 0.",
    hints=("What is the rate of the last step, number total_steps - 1?", "The last point is (total_steps + 1, 0)."),
)
def last_step_at_zero(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start, 1], [0, peak, 0])


@misconception(
    "OneCycle.lr",
    name="the highest rate is in the middle",
    belief="A cycle goes up for one half and down for the other.",
    explanation="The way up takes the share pct_start of all steps, by default a fifth.",
    hints=("At which step is your rate highest, of 100?", "The middle point is (pct_start * total_steps, peak)."),
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
    explanation="The first gradients, of random weights, are the least to be trusted: the rate rises first.",
    hints=("What is your rate at step 0?", "The first point is (0, 0), the second one the peak."),
)
def starts_at_the_peak(self: Any, step: int, peak: float) -> float:
    return _through(self, step, [0, 1], [peak, 0])


@misconception(
    "OneCycle.lr",
    name="the rate does not come down again",
    belief="After the warm-up it stays.",
    explanation="From the peak it falls in a straight line to 0, so that the weights settle.",
    hints=("What is the rate after the last step?", "There is a third point: (total_steps + 1, 0)."),
)
def stays_up(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start], [0, peak])


@misconception(
    "OneCycle.lr",
    name="the rate is a share of the peak, not multiplied by it",
    belief="The curve goes from 0 to 1.",
    explanation="What is returned is the learning rate itself: the curve's top is `peak`.",
    hints=("What is your highest rate with max_lr 0.05?", "[0, peak, 0], not [0, 1, 0]."),
)
def share_of_the_peak(self: Any, step: int, peak: float) -> float:
    return _through(self, step + 1, [0, self.pct_start, 2], [0, 1, 0])


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
    explanation="A step with rate 0 teaches nothing: the first one has peak / (warmup + 1).",
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
