"""torch's schedules of the learning rate, by torch's names and with torch's numbers: `step()` once after each epoch.

They change the rate that a parameter group has at the moment, so several of them act together on one optimizer.
Chapter 07's schedules (`optim.Schedule`) are another kind, for `Trainer`: each is one formula of the number of the
step, and knows how many there are. `optim.CosineSchedule` without warm-up has the rates of `CosineAnnealingLR` alone;
`optim.OneCycle` rises and falls in straight lines between 0 and its peak, which no setting of `OneCycleLR` gives.
"""

from __future__ import annotations

import math
import types
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from tinytorch.optim.optimizers import Optimizer
from tinytorch.support.schedules import (
    check_functions,
    check_last_epoch,
    check_no_epoch,
    check_one_of,
    check_optimizer,
    check_range,
    check_state,
    check_whole,
    one_for_each_group,
)

__all__ = [
    "LRScheduler", "LambdaLR", "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
    "CosineAnnealingLR", "OneCycleLR", "ReduceLROnPlateau",
]  # fmt: skip


class LRScheduler:
    """The base of these schedules: a subclass defines `get_lr()`, a list with the next rate of each parameter group.

    `last_epoch` counts the steps, from 0. It is given only to go on: then each group must have its "initial_lr", as
    after `optimizer.load_state_dict`. Raises TypeError for what is not an optimizer of `tinytorch.optim`.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        check_optimizer(self, optimizer, Optimizer)
        check_last_epoch(self, optimizer, last_epoch)
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """Return the rate of each parameter group at step `last_epoch`, from its present rate or from `base_lrs`."""
        raise NotImplementedError(f"{type(self).__name__}: define get_lr(), which returns a rate for each group")

    def get_last_lr(self) -> list[float]:
        """Return the rate of each parameter group that the last step set."""
        return self._last_lr

    def step(self, epoch: None = None) -> None:
        """Go on to the next rate. `epoch`, which torch has given up, must be left out."""
        check_no_epoch(self, epoch)
        self._step_count += 1
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = lr
        self._last_lr = self._present()

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, by name, as in torch."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, also from torch's. Raises ValueError where it is that of another schedule."""
        check_state(self, state_dict)
        vars(self).update(state_dict)

    def _present(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def _times(self, factor: float) -> list[float]:
        return [lr * factor for lr in self._present()]


class LambdaLR(LRScheduler):
    """The first rate times `lr_lambda(step)`, a function, or a list with one for each parameter group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ):
        check_optimizer(self, optimizer, Optimizer)
        self.lr_lambdas = one_for_each_group(self, "lr_lambda", lr_lambda, optimizer)
        check_functions(self, lr_lambda=self.lr_lambdas)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * function(self.last_epoch) for base, function in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and the functions; of a callable object, its attributes."""
        kept = [
            None if isinstance(f, types.FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas
        ]
        return {**super().state_dict(), "lr_lambdas": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`; the functions stay, and callable objects take their saved attributes."""
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if attributes:
                vars(function).update(attributes)


class StepLR(LRScheduler):
    """Times `gamma` after every `step_size` steps: lr · gamma^⌊step / step_size⌋."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        check_whole(self, step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._times(self.gamma) if due else self._present()


class MultiStepLR(LRScheduler):
    """Times `gamma` at each of the `milestones`, numbers of steps; one that is there twice counts twice."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        count = self.milestones.get(self.last_epoch, 0)
        return self._times(self.gamma**count) if count else self._present()


class ConstantLR(LRScheduler):
    """Times `factor` for the first `total_iters` steps, and then the full rate."""

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1):
        check_range(self, "above 0 and at most 1", lambda f: 0 < f <= 1, factor=factor)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._times(self.factor)
        return self._times(1 / self.factor) if self.last_epoch == self.total_iters else self._present()


class LinearLR(LRScheduler):
    """From lr · start_factor to lr · end_factor in a straight line over `total_iters` steps, and from there level."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        check_range(self, "above 0 and at most 1", lambda f: 0 < f <= 1, start_factor=start_factor)
        check_range(self, "from 0 to 1", lambda f: 0 <= f <= 1, end_factor=end_factor)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._times(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._present()
        rise = self.end_factor - self.start_factor
        return self._times(1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))


class ExponentialLR(LRScheduler):
    """Times `gamma` at every step: lr · gamma^step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._present() if self._is_initial else self._times(self.gamma)


class PolynomialLR(LRScheduler):
    """Down to 0 in `total_iters` steps: lr · (1 − step / total_iters)^power."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        check_whole(self, total_iters=total_iters)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._present()
        left, before = (1 - step / self.total_iters for step in (self.last_epoch, self.last_epoch - 1))
        return self._times((left / before) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """Down to `eta_min` along half a cosine over `T_max` steps, and up again in as many (Loshchilov and Hutter, 2017).

    lr = eta_min + (first lr − eta_min) · (1 + cos(π · step / T_max)) / 2, the formula of chapter 07's CosineSchedule,
    as a quotient of two steps: so it also acts on a rate that another schedule changes.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        check_whole(self, T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self._present()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the step before is at the minimum: no quotient
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * rise for lr, base in zip(self._present(), self.base_lrs)]
        now, before = (1 + math.cos(math.pi * step / self.T_max) for step in (self.last_epoch, self.last_epoch - 1))
        return [now / before * (lr - self.eta_min) + self.eta_min for lr in self._present()]


class OneCycleLR(LRScheduler):
    """Up to `max_lr` and down again, with a momentum that goes the other way (Smith and Topin, 2018): step per batch.

    From max_lr / div_factor to max_lr in the first pct_start of all steps, and from there to max_lr / div_factor /
    final_div_factor at the last one, along a cosine or with anneal_strategy="linear" a straight line. With three_phase
    it falls in as many steps as it rose, and then to the end. `total_steps` may be given as epochs · steps_per_epoch.
    cycle_momentum also moves "momentum", or the first of "betas", from max_momentum to base_momentum and back.
    Raises ValueError after the last step, and for settings that are out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        check_optimizer(self, optimizer, Optimizer)
        if total_steps is None:
            check_whole(self, epochs=epochs, steps_per_epoch=steps_per_epoch)
            total_steps = epochs * steps_per_epoch  # type: ignore[operator]
        check_whole(self, total_steps=total_steps)
        check_range(self, "from 0 to 1", lambda share: 0 <= share <= 1, pct_start=pct_start)
        check_one_of(self, ("cos", "linear"), anneal_strategy=anneal_strategy)
        self.total_steps = total_steps
        top, last = pct_start * total_steps - 1, total_steps - 1
        # (last step, the rate at its beginning and end, momentum at its beginning and end) of each phase
        rising = (top, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        if three_phase:
            falling = (2 * top, "max_lr", "initial_lr", "base_momentum", "max_momentum")
            ending = (last, "initial_lr", "min_lr", "max_momentum", "max_momentum")
            self.phases = [rising, falling, ending]
        else:
            self.phases = [rising, (last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self.use_beta1 = "betas" in optimizer.defaults
        if cycle_momentum and not (self.use_beta1 or "momentum" in optimizer.defaults):
            raise ValueError(
                f"OneCycleLR: cycle_momentum: {type(optimizer).__name__} has no momentum; pass cycle_momentum=False"
            )
        peaks = one_for_each_group(self, "max_lr", max_lr, optimizer)
        lowest = one_for_each_group(self, "base_momentum", base_momentum, optimizer)
        highest = one_for_each_group(self, "max_momentum", max_momentum, optimizer)
        for group, peak, low, high in zip(optimizer.param_groups, peaks, lowest, highest):
            if last_epoch == -1:
                start = peak / div_factor
                group.update(initial_lr=start, max_lr=peak, min_lr=start / final_div_factor)
                if cycle_momentum:
                    group.update(base_momentum=low, max_momentum=high)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR: all {self.total_steps} steps are done; pass total_steps=epochs * len(loader)"
            )
        begin: float = 0.0
        for phase in self.phases:
            if step <= phase[0] or phase is self.phases[-1]:
                break
            begin = phase[0]
        end, *names = phase
        share = (step - begin) / (end - begin)
        rate_names, momentum_names = names[:2], names[2:]
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                momentum = self._between(*(group[name] for name in momentum_names), share)
                if self.use_beta1:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return [self._between(*(group[name] for name in rate_names), share) for group in self.optimizer.param_groups]

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
        return start + (end - start) * share


class ReduceLROnPlateau(LRScheduler):
    """Times `factor` where what is measured has not become better for more than `patience` steps: `step(val_loss)`.

    mode: "min" where lower is better, or "max". threshold: how much better counts, as a share of the best so far
    (threshold_mode "rel") or as a difference ("abs"). cooldown: steps after a reduction in which nothing is counted.
    min_lr: the lowest rate, a number or one for each group. A change below `eps` is left out. Raises ValueError for
    settings that are out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ):
        check_optimizer(self, optimizer, Optimizer)
        check_range(self, "below 1", lambda f: f < 1, factor=factor)
        check_one_of(self, ("min", "max"), mode=mode)
        check_one_of(self, ("rel", "abs"), threshold_mode=threshold_mode)
        self.optimizer, self.mode, self.threshold_mode = optimizer, mode, threshold_mode
        self.factor, self.patience, self.threshold, self.cooldown, self.eps = factor, patience, threshold, cooldown, eps
        self.min_lrs = one_for_each_group(self, "min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = self.last_epoch = 0
        self._last_lr = self._present()

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction was less than `cooldown` steps ago."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: None = None) -> None:  # type: ignore[override]
        """Count one more step, whose measure is `metrics`: a number, or a tensor with one element."""
        check_no_epoch(self, epoch)
        self.last_epoch += 1
        present = float(metrics)
        if self._is_better(present):
            self.best, self.num_bad_epochs = present, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, lowest in zip(self.optimizer.param_groups, self.min_lrs):
                lr = max(group["lr"] * self.factor, lowest)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._present()

    def _is_better(self, present: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "rel":
            return sign * present > sign * self.best * (1 + sign * self.threshold)
        return sign * present > sign * self.best + self.threshold
