"""The framework as the chapters build it: one generated file for each module of the course.

`tinytorch`, `tinytorch.nn` and the others are faces over these files: `face` makes a package offer what they
define. A name is looked up when it is first used. So a package can be imported while some chapters are not built
yet, loads nothing that nobody uses, and what a chapter defines is written down in that chapter alone.
"""

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Offers = Callable[[Any], bool]


def anything(value: Any) -> bool:
    """Offer whatever a chapter defines."""
    return True


def face(package: str, **chapters: Offers) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package that offers what some chapters define.

    chapters: for each chapter's name, which of its public functions and classes are offered:
        `__getattr__, __dir__ = face(__name__, layers=inspect.isclass, losses=inspect.isclass)`.

    A name that a chapter makes which is not built yet is an ImportError that says so, with the command to go on;
    a name that no chapter makes is an AttributeError, as everywhere.
    """

    def lookup(name: str) -> Any:
        if not name.startswith("_"):
            for chapter, offers in chapters.items():
                value = _public(chapter).get(name)
                if value is not None and offers(value):
                    setattr(sys.modules[package], name, value)  # found once: from now on as fast as any name
                    return value
            for chapter in chapters:
                if not _is_built(chapter) and (number := _number_of_maker(chapter, name)):
                    raise ImportError(
                        f"{package}.{name} is made in module {number} ({chapter}), which is not built yet: "
                        f"`tito module start {number}` opens it, `tito module complete {number}` builds it"
                    )
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        offered = {n for chapter, offers in chapters.items() for n, v in _public(chapter).items() if offers(v)}
        everything = vars(sys.modules[package]).items()
        own = {n for n, v in everything if not n.startswith("_") and _home(v).startswith(f"{package}.")}
        return sorted(offered | own)

    return lookup, names


def _home(value: Any) -> str:
    """The module that a function or class was defined in; a module's own name."""
    return getattr(value, "__module__", None) or getattr(value, "__name__", "")


def _is_built(chapter: str) -> bool:
    return importlib.util.find_spec(f"tinytorch.core.{chapter}") is not None


def _public(chapter: str) -> dict[str, Any]:
    """The public functions and classes that a chapter defines, by name; none if it is not built yet."""
    if not _is_built(chapter):
        return {}
    module = importlib.import_module(f"tinytorch.core.{chapter}")
    if _is_built("autograd"):
        importlib.import_module("tinytorch.core.autograd")  # it gives every tensor its backward
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    }


def _number_of_maker(chapter: str, name: str) -> str | None:
    """The number of the module whose dev file defines `name`, if it is this chapter."""
    modules = Path(__file__).parents[2] / "modules"
    for path in modules.glob(f"[0-9][0-9]_{chapter}/{chapter}_dev.py"):
        if re.search(rf"^(def|class) {re.escape(name)}\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            return path.parent.name[:2]
    return None
