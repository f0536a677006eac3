"""Activation functions as layers that only remember settings: given, and composed from chapters 02 and 03.

With `inplace=True` a layer writes its result into its input; see `activation_functions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinytorch.core.layers as _layers
import tinytorch.nn.activation_functions as _functions
from tinytorch.core.activations import gelu, sigmoid, tanh
from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor
from tinytorch.support.devices import check_device


class Identity(Module):
    """Returns its input: a place where a layer may stand. Arguments are ignored."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x


class _Settings(Module):
    """A layer that remembers its settings by name, and shows them."""

    inplace: bool
    _settings: tuple[str, ...] = ()

    def _keep(self, **settings: Any) -> None:
        for name, value in settings.items():
            setattr(self, name, value)
        self._settings = tuple(name for name in settings if name != "inplace")

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._settings]
        return ", ".join([*shown, "inplace=True"] if getattr(self, "inplace", False) else shown)


class ReLU(_Settings, _layers.ReLU):
    """`relu` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.relu(x, inplace=True) if self.inplace else _layers.ReLU.forward(self, x)


class LeakyReLU(_Settings, _layers.LeakyReLU):
    """`leaky_relu` as a layer."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        _layers.LeakyReLU.__init__(self, negative_slope)
        self._keep(negative_slope=negative_slope, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        if self.inplace:
            return _functions.leaky_relu(x, self.negative_slope, inplace=True)
        return _layers.LeakyReLU.forward(self, x)


class Hardtanh(_Settings):
    """`hardtanh` as a layer."""

    min_val: float
    max_val: float

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        if min_value is not None or max_value is not None:
            raise ValueError("Hardtanh: min_value, max_value: old names in torch; pass min_val and max_val")
        self._keep(min_val=min_val, max_val=max_val, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.hardtanh(x, self.min_val, self.max_val, self.inplace)


class ReLU6(_Settings):
    """`relu6` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.relu6(x, self.inplace)


class ELU(_Settings):
    """`elu` as a layer."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.elu(x, self.alpha, self.inplace)


class CELU(_Settings):
    """`celu` as a layer."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.celu(x, self.alpha, self.inplace)


class SELU(_Settings):
    """`selu` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.selu(x, self.inplace)


class SiLU(_Settings):
    """`silu` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.silu(x, self.inplace)


class Mish(_Settings):
    """`mish` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.mish(x, self.inplace)


class Hardsigmoid(_Settings):
    """`hardsigmoid` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.hardsigmoid(x, self.inplace)


class Hardswish(_Settings):
    """`hardswish` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.hardswish(x, self.inplace)


class Sigmoid(Module):
    """`sigmoid` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return sigmoid(x)


class LogSigmoid(Module):
    """`logsigmoid` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return _functions.logsigmoid(x)


class Tanh(Module):
    """`tanh` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return tanh(x)


class Tanhshrink(Module):
    """`tanhshrink` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return _functions.tanhshrink(x)


class Softsign(Module):
    """`softsign` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return _functions.softsign(x)


class Hardshrink(_Settings):
    """`hardshrink` as a layer."""

    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        self._keep(lambd=lambd)

    def forward(self, x: Any) -> Tensor:
        return _functions.hardshrink(x, self.lambd)


class Softshrink(_Settings):
    """`softshrink` as a layer."""

    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        if lambd < 0:
            raise ValueError(f"Softshrink: lambd: expected a number of at least 0, got {lambd}")
        self._keep(lambd=lambd)

    def forward(self, x: Any) -> Tensor:
        return _functions.softshrink(x, self.lambd)


class Threshold(_Settings):
    """`threshold` as a layer."""

    threshold: float
    value: float

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self._keep(threshold=threshold, value=value, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return _functions.threshold(x, self.threshold, self.value, self.inplace)


class PReLU(_Settings):
    """`prelu` as a layer, whose slopes `weight` are learned (He et al. 2015, arXiv:1502.01852)."""

    num_parameters: int

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        check_device(device)
        self._keep(num_parameters=num_parameters)
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype or np.float32)

    def forward(self, x: Any) -> Tensor:
        return _functions.prelu(x, self.weight)


class Softplus(_Settings):
    """`softplus` as a layer."""

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self._keep(beta=beta, threshold=threshold)

    def forward(self, x: Any) -> Tensor:
        return _functions.softplus(x, self.beta, self.threshold)


class GELU(_Settings):
    """`gelu` as a layer; `approximate` is "none" or "tanh"."""

    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        self._keep(approximate=approximate)

    def forward(self, x: Any) -> Tensor:
        return gelu(x, approximate=self.approximate)


class Softmax(_Settings):
    """`softmax` along the axis `dim` as a layer."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)

    def forward(self, x: Any) -> Tensor:
        return _functions.softmax(x, dim=self.dim)


class LogSoftmax(_Settings):
    """`log_softmax` along the axis `dim` as a layer."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)

    def forward(self, x: Any) -> Tensor:
        return _functions.log_softmax(x, dim=self.dim)


class Softmin(_Settings):
    """`softmin` along the axis `dim` as a layer."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)

    def forward(self, x: Any) -> Tensor:
        return _functions.softmin(x, dim=self.dim)
