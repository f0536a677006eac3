"""Checks of arguments, and how they stand before a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


def checked_by(check: Callable[..., None]) -> Callable[[_Function], _Function]:
    """Return a decorator: the function is called only after `check`, called with the same arguments, has not raised.

    The check has the function's parameters, and raises ValueError or TypeError for arguments that cannot work.
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def checked(*arguments: Any, **settings: Any) -> Any:
            check(*arguments, **settings)
            return function(*arguments, **settings)

        return checked  # type: ignore[return-value]

    return decorate


def argument_binder(
    function: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return a function that sorts the arguments of a call into (inputs, settings), with defaults filled in.

    Inputs are the positional parameters of `function`, settings its keyword-only ones. A call may also give settings
    in order after the inputs, as torch allows: `max_pool2d(x, 2)`. Raises TypeError where the call does not fit.
    Where the function computes with fractions, whole numbers among the inputs become floats: beside uint8, 256 would
    become 0 before a division by it.
    """
    signature = inspect.signature(function)
    parameters = signature.parameters.values()
    settings_names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in parameters if p.name in settings_names and p.default is not p.empty}
    takes_any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    input_count = None if takes_any_number else len(parameters) - len(settings_names)
    in_fractions = hasattr(function, "in_fractions")

    def bind(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if in_fractions:
            whole = (int, np.integer)
            inputs = tuple(float(x) if isinstance(x, whole) else x for x in arguments[:input_count])
            arguments = inputs + arguments[len(inputs) :]
        if len(arguments) == input_count:  # the usual call, for which `signature.bind` would be slow
            settings = {**defaults, **keywords}
            if len(settings) == len(settings_names) and all(name in settings for name in settings_names):
                return arguments, settings
        inputs, rest = arguments[:input_count], () if input_count is None else arguments[input_count:]
        in_order = dict(zip(settings_names, rest))
        too_many = rest[len(settings_names) :]  # `bind` refuses these with its own message
        bound = signature.bind(*inputs, *too_many, **in_order, **keywords)
        bound.apply_defaults()
        return bound.args, bound.kwargs

    return bind
