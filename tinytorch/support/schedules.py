"""Checks of what torch's schedules of the learning rate are given."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any


def check_optimizer(schedule: Any, optimizer: Any, kind: type) -> None:
    """Raise TypeError for what is not an optimizer of this kind."""
    if not isinstance(optimizer, kind):
        name = type(optimizer).__name__
        raise TypeError(
            f"{type(schedule).__name__}: optimizer: expected an optimizer of tinytorch.optim, got {name} of "
            f"{type(optimizer).__module__}; pass one such as optim.SGD(model.parameters(), lr=0.1)"
        )


def check_last_epoch(schedule: Any, optimizer: Any, last_epoch: int) -> None:
    """Raise ValueError where a schedule is to go on, and a group does not say what rate it began with."""
    if last_epoch != -1 and not all("initial_lr" in group for group in optimizer.param_groups):
        raise ValueError(
            f"{type(schedule).__name__}: last_epoch={last_epoch}: a parameter group has no initial_lr; load the "
            "optimizer's state dict first, or leave last_epoch out"
        )


def check_no_epoch(schedule: Any, epoch: Any) -> None:
    """Raise ValueError where `step` is told a number."""
    if epoch is not None:
        raise ValueError(f"{type(schedule).__name__}: step: epoch: expected nothing, got {epoch!r}; call step() alone")


def check_whole(schedule: Any, **settings: Any) -> None:
    """Raise ValueError for a setting that is not a whole number from 1."""
    for name, value in settings.items():
        if not (isinstance(value, numbers.Integral) and int(value) >= 1):
            raise ValueError(f"{type(schedule).__name__}: {name}: expected a whole number from 1, got {value!r}")


def check_range(schedule: Any, expected: str, fits: Callable[[Any], bool], **settings: Any) -> None:
    """Raise ValueError for a setting that is not a number for which `fits` holds."""
    for name, value in settings.items():
        if not (isinstance(value, numbers.Real) and fits(value)):
            raise ValueError(f"{type(schedule).__name__}: {name}: expected a number {expected}, got {value!r}")


def check_one_of(schedule: Any, words: tuple[str, ...], **settings: Any) -> None:
    """Raise ValueError for a setting that is none of the words."""
    for name, value in settings.items():
        if value not in words:
            raise ValueError(f"{type(schedule).__name__}: {name}: expected one of {words}, got {value!r}")


def check_functions(schedule: Any, **settings: list[Any]) -> None:
    """Raise TypeError where an entry of a setting cannot be called."""
    for name, values in settings.items():
        for value in values:
            if not callable(value):
                raise TypeError(
                    f"{type(schedule).__name__}: {name}: expected a function of the step, got {value!r:.80}; "
                    f"pass {name}=lambda step: 0.9**step"
                )


def one_for_each_group(schedule: Any, name: str, value: Any, optimizer: Any) -> list[Any]:
    """Return a list with a value for each parameter group. Raises ValueError for a list of another length."""
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(
            f"{type(schedule).__name__}: {name}: expected one for each of the {count} parameter groups, "
            f"got {len(values)}"
        )
    return values


def check_state(schedule: Any, state_dict: dict[str, Any]) -> None:
    """Raise ValueError for the state of another schedule: without an entry that this one has."""
    missing = sorted(set(vars(schedule)) - {"optimizer", "_is_initial"} - set(state_dict))
    if missing:
        raise ValueError(
            f"{type(schedule).__name__}: state: expected the entries {missing}, which are missing: it was saved by "
            "another kind of schedule"
        )
