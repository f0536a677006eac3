"""The names of `tinytorch.data` at torch's address: `from tinytorch.utils.data import DataLoader`."""

from typing import Any

from tinytorch import data

__all__ = data.__all__


def __getattr__(name: str) -> Any:
    return getattr(data, name)


def __dir__() -> list[str]:
    return dir(data)
