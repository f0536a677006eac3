"""Where a student's function lives while it runs, and how another one takes its place for a moment."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_numbers = itertools.count()


class Place(NamedTuple):
    """A student's function and the loaded module that holds it: the dev file, or the one exported from it."""

    home: types.ModuleType
    function: types.FunctionType


def places(where: tuple[str, str]) -> list[Place]:
    """Every loaded function that `where` means: of the dev file, run or imported, and of `tinytorch.core`."""
    module, place = where
    found = []
    for home in _homes(module):
        named = _rules(place[4:-1]) if place.startswith("vjp(") else [_attribute(home, place)]
        # What a module merely imports is found where it was written.
        found += [Place(home, target) for target in named if target and target.__module__ == home.__name__]
    return found


class Call(NamedTuple):
    """What a function was called with."""

    inputs: tuple[Any, ...]
    settings: dict[str, Any]


def in_place(where: tuple[str, str], wrong: Callable[..., Any]) -> contextlib.AbstractContextManager[list[Call]]:
    """Let `wrong` stand in for the student's function; gives its first call, once there was one, in a list."""
    return replaced([place.function for place in places(where)], wrong)


@contextlib.contextmanager
def replaced(functions: Iterable[Any], wrong: Callable[..., Any]) -> Iterator[list[Call]]:
    """Let `wrong` stand in for these functions; see `in_place`.

    The function object stays the same and only its code changes, so that every reference to it is served:
    those of other modules, of `primitive` and of the table of gradient rules.
    """
    first: list[Call] = []

    def stand_in(*inputs: Any, **settings: Any) -> Any:
        if not first:
            first.append(Call(inputs, settings))
        return wrong(*inputs, **settings)

    name = f"__wrong_{next(_numbers)}__"  # under which the function finds it; others may be replaced at the same time
    saved: list[tuple[Any, ...]] = []
    try:
        for function in functions:
            saved.append((function, function.__code__, function.__defaults__, function.__kwdefaults__))
            function.__globals__[name] = stand_in
            function.__code__ = _forwarding(function.__code__, name)
            function.__defaults__ = function.__kwdefaults__ = None
        yield first
    finally:
        for function, code, defaults, keyword_defaults in reversed(saved):  # a function may stand there twice
            function.__code__, function.__defaults__, function.__kwdefaults__ = (
                code,
                defaults,
                keyword_defaults,
            )
            function.__globals__.pop(name, None)


def _homes(module: str) -> Iterator[types.ModuleType]:
    short = module.partition("_")[2]
    main = sys.modules["__main__"]
    # A notebook has no file; then a name that is found in it decides.
    if Path(getattr(main, "__file__", None) or f"{short}_dev.py").stem == f"{short}_dev":
        yield main
    for name in (f"{short}_dev", f"tinytorch.core.{short}"):
        if name in sys.modules:
            yield sys.modules[name]


def _attribute(home: types.ModuleType, place: str) -> types.FunctionType | None:
    found: Any = home
    for name in place.split("."):
        found = vars(found).get(name) if hasattr(found, "__dict__") else None
    return _plain(found)


def _rules(primitive: str) -> list[types.FunctionType | None]:
    """The gradient rules of every loaded function of this name; module 05 keeps them in `rules`, by function."""
    loaded = [sys.modules.get(name) for name in ("__main__", "autograd_dev", "tinytorch.core.autograd")]
    # A chapter that imports `rules` shows the same table once more.
    tables = {id(table): table for home in loaded if isinstance(table := getattr(home, "rules", None), dict)}
    return [
        _plain(rule)
        for table in tables.values()
        for function, rule in table.items()
        if getattr(function, "__name__", None) == primitive
    ]


def _plain(found: Any) -> types.FunctionType | None:
    """The function that a student wrote, below properties, class methods and decorators as `primitive`."""
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    found = inspect.unwrap(found) if callable(found) else found
    return found if isinstance(found, types.FunctionType) else None


def _forwarding(code: types.CodeType, name: str) -> types.CodeType:
    """Code that calls what `name` stands for, with as many cells as the code it replaces (`super()` needs one)."""
    cells = [f"cell{index}" for index in range(len(code.co_freevars))]
    source = "def outer():\n"
    source += "".join(f"    {cell} = None\n" for cell in cells)
    source += "    def forward(*inputs, **settings):\n"
    source += f"        return {name}(*inputs, **settings)\n"
    source += "".join(f"        {cell}\n" for cell in cells)
    source += "    return forward\n"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return namespace["outer"]().__code__
