"""Lazy public names: a package lists which module makes each of its names, and loads that module at first use.

So a package can be imported while some chapters are not built yet, and it loads nothing that nobody uses. For editors
and type checkers each package imports the same modules under `TYPE_CHECKING`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_MODULES = Path(__file__).resolve().parents[1] / "modules"


def lazy(package: str, table: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose `table` maps a module to the names it makes.

    A name whose chapter is not built yet is an ImportError that says so, with the command to go on. A name that the
    package does not offer is an AttributeError, as everywhere.
    """
    made_in = {name: module for module, names in table.items() for name in names.split()}

    def lookup(name: str) -> Any:
        if name not in made_in:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(load_module(made_in[name], f"{package}.{name}"), name)
        setattr(sys.modules[package], name, value)  # found once: from now on as fast as any name
        return value

    return lookup, lambda: sorted(sys.modules[package].__all__), list(made_in)


def load_module(module: str, wanted: str) -> Any:
    """Return the module that `wanted` needs. Raises ImportError, with what to do, where its chapter is not built."""
    try:
        if (Path(__file__).parent / "core" / "autograd.py").exists():
            importlib.import_module("tinytorch.core.autograd")  # it gives every tensor its backward
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        chapter = (error.name or "").removeprefix("tinytorch.core.")
        folders = sorted(_MODULES.glob(f"[0-9][0-9]_{chapter}"))
        if not folders:
            raise
        number = folders[0].name[:2]
        raise ImportError(
            f"{wanted} needs module {number} ({chapter}), which is not built yet: "
            f"`tito module start {number}` opens it, `tito module complete {number}` builds it"
        ) from None
