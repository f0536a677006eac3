"""Checks of the arguments of activation functions."""

from __future__ import annotations

from typing import Any


def check_gelu(x: Any, approximate: str = "none") -> None:
    """Raise ValueError where `approximate` is neither "none" nor "tanh"."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate: expected 'none' or 'tanh', got {approximate!r}")


def check_softmax(x: Any, dim: int = -1) -> None:
    """Raise ValueError where x has no axis `dim`."""
    _check_dim("softmax", x, dim)


def check_log_softmax(x: Any, dim: int = -1) -> None:
    """Raise ValueError where x has no axis `dim`."""
    _check_dim("log_softmax", x, dim)


def _check_dim(name: str, x: Any, dim: int) -> None:
    axes = x.ndim or 1
    if not -axes <= dim < axes:
        raise ValueError(f"{name}: dim: expected {-axes} to {axes - 1} for input of shape {x.shape}, got {dim}")


def implicit_dim(x: Any, dim: int | None) -> int:
    """Return `dim`, or the axis that torch takes where a softmax is called without one."""
    if dim is not None:
        return dim
    return 0 if x.ndim in (0, 1, 3) else 1
