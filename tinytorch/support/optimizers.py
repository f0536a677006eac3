"""What optimizers need beside the ideas of chapter 06: checks of parameters, settings and saved states."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.tensor import TensorMethods
from tinytorch.support.threads import keep_memory
from tinytorch.support.torch_arguments import NOT_SERVED

Group = dict[str, Any]  # "params", a list of parameters, and the settings for them by name

# What schedules of the learning rate, and named parameters, keep in a parameter group beside the settings.
KEPT_IN_GROUPS = {"initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "param_names"}
ADDED_OPTIONS = {"maximize": False, "amsgrad": False}  # which a state dict of chapter 06's own optimizers lacks


def as_groups(optimizer: Any, params: Any) -> list[Group]:
    """Return `params` as parameter groups: a list of dicts stays, a list of parameters becomes one group.

    Raises TypeError for one tensor in place of a list, and ValueError where there is no parameter.
    """
    name = type(optimizer).__name__
    if isinstance(params, TensorMethods):
        raise TypeError(f"{name}: params: expected a list of parameters, got one tensor; pass [tensor]")
    params = list(params)
    if not params:
        raise ValueError(f"{name}: params: expected parameters, got none; pass model.parameters()")
    return params if isinstance(params[0], dict) else [{"params": params}]


def checked_group(add_param_group: Callable[[Any, Group], None]) -> Callable[[Any, Group], None]:
    """Decorate `add_param_group`: it gets only a group that can be optimized, with its parameters as a list.

    Raises TypeError for a parameter that is not a tensor, and ValueError for one that was computed from others or is in
    the optimizer already, for a setting that the optimizer does not have, and for a value that is out of range.
    """

    @functools.wraps(add_param_group)
    def checked(self: Any, group: Group) -> None:
        name = type(self).__name__
        self.defaults = _as_numbers(self.defaults)
        group = _as_numbers(group)
        if not {"params"} <= set(group) <= {"params", *self.defaults}:
            raise ValueError(
                f"{name}: param group: expected params and any of {sorted(self.defaults)}, got {sorted(group)}"
            )
        params = group["params"]
        params = [params] if isinstance(params, TensorMethods) else list(params)
        present = {id(p) for p in _parameters(self.param_groups)}
        for position, p in enumerate(params):
            _check_parameter(f"{name}: params: entry {position}", p, present)
            present.add(id(p))
        _check_settings(name, {**self.defaults, **group})
        keep_memory()  # every step makes arrays as large as the parameters
        add_param_group(self, {**group, "params": params})

    return checked


def fitting_state(load_state_dict: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Decorate `load_state_dict`: it gets only a state dict that fits, with arrays of the parameters' dtypes.

    Raises ValueError where the groups, their settings, or the shapes of the parameters are others.
    """

    @functools.wraps(load_state_dict)
    def checked(self: Any, state_dict: dict[str, Any]) -> None:
        name, groups = type(self).__name__, state_dict["param_groups"]
        sizes = [[len(group["params"]) for group in side] for side in (self.param_groups, groups)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"{name}: state: expected parameter groups of sizes {sizes[0]}, got {sizes[1]}")
        for group in groups:
            if set(group) != {"params", *self.defaults}:
                raise ValueError(
                    f"{name}: state: expected the settings {sorted(self.defaults)}, got "
                    f"{sorted(set(group) - {'params'})}: it was saved by another kind of optimizer"
                )
        parameters = dict(enumerate(_parameters(self.param_groups)))
        state = {int(position): kept for position, kept in state_dict["state"].items()}
        for position, kept in state.items():
            if position not in parameters:
                raise ValueError(f"{name}: state: parameter {position}: there are only {len(parameters)} parameters")
            state[position] = _fitting(f"{name}: state", position, parameters[position], kept)
        load_state_dict(self, {"state": state, "param_groups": groups})

    return checked


def named_parameters(optimizer: Any, group: Group) -> tuple[Group, list[str] | None]:
    """Return the group with parameters alone, and their names, or None where they have none.

    "params" may be pairs (name, parameter). Raises ValueError where only some of an optimizer's parameters are named.
    """
    params = group.get("params", [])
    if isinstance(params, TensorMethods):
        params = [params]
    params = list(params)
    named = [isinstance(p, tuple) for p in params]
    all_named = bool(named) and all(named)
    before = ["param_names" in other for other in optimizer.param_groups]
    if any(named) != all_named or any(all_named != other for other in before):
        raise ValueError(
            f"{type(optimizer).__name__}: params: expected a name for all parameters or for none; "
            "pass model.named_parameters() or model.parameters()"
        )
    if not all_named:
        return ({**group, "params": params} if "params" in group else group), None
    return {**group, "params": [p for _, p in params]}, [name for name, _ in params]


def settings_of_torch(optimizer: Any, groups: list[Group]) -> tuple[list[Group], list[Group]]:
    """Return the groups of a state dict with this optimizer's settings only, and for each what else is kept in it.

    What torch adds to say how it computes is left out. Raises ValueError for a state of Adam in AdamW and the reverse.
    """
    name, own, others = type(optimizer).__name__, [], []
    for group in groups:
        decoupled = getattr(optimizer, "decoupled_weight_decay", None)
        if group.get("decoupled_weight_decay", decoupled) != decoupled:
            raise ValueError(
                f"{name}: state: its weight decay is {'not ' if decoupled else ''}decoupled from the gradient, as that "
                f"of {'Adam' if decoupled else 'AdamW'}; load it there"
            )
        left_out = {*NOT_SERVED, *KEPT_IN_GROUPS, "decoupled_weight_decay"} - set(optimizer.defaults)
        options = {option: value for option, value in ADDED_OPTIONS.items() if option in optimizer.defaults}
        own.append({**options, **{setting: value for setting, value in group.items() if setting not in left_out}})
        others.append({entry: value for entry, value in group.items() if entry in KEPT_IN_GROUPS})
    return own, others


def _as_numbers(settings: Group) -> Group:
    """Return settings in which a tensor or array of one element is a Python number, so that it decides no dtype."""

    def number(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(number(entry) for entry in value)
        if hasattr(value, "__array__") and np.asarray(value).size == 1:
            return np.asarray(value).item()
        return value

    return {name: value if name == "params" else number(value) for name, value in settings.items()}


def _parameters(groups: list[Group]) -> list[Any]:
    return [p for group in groups for p in group["params"]]


def _check_parameter(entry: str, p: Any, present: set[int]) -> None:
    """Raise TypeError or ValueError, which begins with `entry`, where `p` cannot be optimized."""
    if not isinstance(p, TensorMethods):
        raise TypeError(f"{entry}: expected a tensor, got {type(p).__name__}")
    if not p.is_leaf:
        raise ValueError(
            f"{entry}: expected a leaf, got a result of {p.grad_fn.function.__name__}; "
            "pass the tensor that it was computed from"
        )
    if id(p) in present:
        raise ValueError(f"{entry}: this parameter (shape {p.shape}) is in the optimizer already")


def _check_settings(name: str, settings: Group) -> None:
    """Raise ValueError for a setting that is out of range."""
    sizes = ("lr", "momentum", "weight_decay", "eps", "alpha", "rho", "lr_decay", "initial_accumulator_value")
    for setting in sizes:
        value = settings.get(setting, 0)
        if not (isinstance(value, numbers.Real) and float(value) >= 0):
            raise ValueError(f"{name}: {setting}: expected a number of at least 0, got {value!r}")
    if settings.get("rho", 0) > 1:
        raise ValueError(f"{name}: rho: expected a number from 0 to 1, got {settings['rho']!r}")
    if not isinstance(settings.get("dampening", 0), numbers.Real):
        raise ValueError(f"{name}: dampening: expected a number, got {settings['dampening']!r}")
    betas = settings.get("betas", (0.0, 0.0))
    are_shares = isinstance(betas, (tuple, list)) and all(
        isinstance(b, numbers.Real) and 0 <= float(b) < 1 for b in betas
    )
    if not are_shares or len(betas) != 2:
        raise ValueError(f"{name}: betas: expected two numbers of at least 0 and below 1, got {betas!r}")
    momentum, dampening = settings.get("momentum", 0), settings.get("dampening", 0)
    if settings.get("nesterov") and (momentum == 0 or dampening != 0):
        raise ValueError(
            f"{name}: nesterov: expected momentum above 0 and dampening 0, got momentum={momentum}, "
            f"dampening={dampening}; pass momentum=0.9"
        )


def _fitting(where: str, position: int, p: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """Return what was saved for one parameter, with its arrays in that parameter's dtype.

    torch keeps the number of steps as a tensor, and None for a buffer that is not there yet.
    """
    fitting = {}
    for name, value in kept.items():
        if value is None:
            continue
        if name == "step":
            value = int(value)
        elif hasattr(value, "__array__") and not isinstance(value, np.generic):
            value = np.asarray(value, p.dtype)
            if value.shape != p.shape:
                raise ValueError(
                    f"{where}: {name} of parameter {position}: expected shape {p.shape}, got {value.shape}"
                )
        fitting[name] = value
    return fitting
