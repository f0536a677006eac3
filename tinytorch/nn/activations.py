"""Activation functions as layers that only remember settings: given, and composed from chapters 02 and 03."""

from __future__ import annotations

from typing import Any

from tinytorch.core.activations import gelu, log_softmax, sigmoid, softmax, softplus, tanh
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor


class Identity(Module):
    """Returns its input: a place where a layer may stand. Arguments are ignored."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x


class Sigmoid(Module):
    """`sigmoid` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return sigmoid(x)


class Tanh(Module):
    """`tanh` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return tanh(x)


class Softplus(Module):
    """`softplus` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return softplus(x)


class GELU(Module):
    """`gelu` as a layer; `approximate` is "none" or "tanh"."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Tensor:
        return gelu(x, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """`softmax` along the axis `dim` as a layer."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Tensor:
        return softmax(x, dim=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """`log_softmax` along the axis `dim` as a layer."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Tensor:
        return log_softmax(x, dim=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
