"""The framework as the chapters build it: one generated file for each module of the course.

`tinytorch`, `tinytorch.nn` and the others are faces over these files. A face lists the names that it offers; which
chapter makes a name is read from the chapters, when the name is first used. So a package can be imported while some
chapters are not built yet, and it loads nothing that nobody uses.
"""

import functools
import importlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_DEFINITION = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
_CORE = Path(__file__).parent
_MODULES = _CORE.parents[1] / "modules"


def face(package: str, offered: Iterable[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package that offers some names: its own, and those that chapters define.

    A name whose chapter is not built yet is an ImportError that says so, with the command to go on; a name that
    the package does not offer is an AttributeError, as everywhere.
    """
    names = frozenset(offered)

    def lookup(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(_load(_chapter_of(package, name)), name)
        setattr(sys.modules[package], name, value)  # found once: from now on as fast as any name
        return value

    return lookup, lambda: sorted(names)


def _load(chapter: str) -> Any:
    if "autograd" in _definitions().values():
        importlib.import_module("tinytorch.core.autograd")  # it gives every tensor its backward
    return importlib.import_module(f"tinytorch.core.{chapter}")


def _chapter_of(package: str, name: str) -> str:
    if name not in _definitions():
        _definitions.cache_clear()  # the chapter may have been built since we looked
    if name in _definitions():
        return _definitions()[name]
    for path in sorted(_MODULES.glob("[0-9][0-9]_*/*_dev.py")):
        if name in _DEFINITION.findall(path.read_text(encoding="utf-8")):
            number, chapter = path.parent.name.split("_", 1)
            raise ImportError(
                f"{package}.{name} is made in module {number} ({chapter}), which is not built yet: "
                f"`tito module start {number}` opens it, `tito module complete {number}` builds it"
            )
    raise ImportError(f"{package}.{name} is made by none of the chapters in {_MODULES}")


@functools.cache
def _definitions() -> dict[str, str]:
    """Each function and class that is built → the chapter that defines it."""
    files = sorted(_CORE.glob("[!_]*.py"))
    return {name: file.stem for file in files for name in _DEFINITION.findall(file.read_text(encoding="utf-8"))}
