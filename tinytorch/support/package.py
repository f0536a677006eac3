"""The one way from `support` to the package's functions, which are composed from chapters that import `support`."""

from __future__ import annotations

import importlib
from typing import Any


def package_function(name: str, module: str = "tinytorch") -> Any:
    """Return the function of that name, whose module is loaded now: when this one is, its chapters are not there yet.

    Raises ImportError, naming the chapter, where one that it needs is not built.
    """
    return getattr(importlib.import_module(module), name)
