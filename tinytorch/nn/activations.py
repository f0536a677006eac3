"""Activation functions with torch's settings, and as layers: given, and composed from chapters 02 and 03.

A layer or function with `inplace=True` returns the same numbers as without; the input keeps its own, because the
gradients of earlier functions may need them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core import activations as _chapter
from tinytorch.core import layers as _layers
from tinytorch.core.activations import gelu, sigmoid, tanh
from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor, where
from tinytorch.support.activations import check_dtype, implicit_dim
from tinytorch.support.layers import check_device


def relu(input: Any, inplace: bool = False) -> Tensor:
    """Return max(x, 0), element by element."""
    return _chapter.relu(input)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return x where x > 0, negative_slope · x elsewhere."""
    return _chapter.leaky_relu(input, negative_slope)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x limited to [min_val, max_val]; on a limit the gradient is 0."""
    if not min_val <= max_val:
        raise ValueError(f"hardtanh: min_val: expected at most max_val={max_val}, got {min_val}")
    return where(input <= min_val, min_val, where(input >= max_val, max_val, input))


def relu6(input: Any, inplace: bool = False) -> Tensor:
    """Return min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0)


def _exp_minus_1(x: Any) -> Tensor:
    """Return eˣ − 1 for x ≤ 0 with all its digits: 2t / (1 − t) for t = tanh(x / 2). For other x it returns 0."""
    t = tanh(where(x <= 0, x, 0.0) * 0.5)
    return 2 * t / (1 - t)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x where x > 0, alpha · (eˣ − 1) elsewhere (Clevert et al. 2016, arXiv:1511.07289)."""
    return where(input <= 0, alpha * _exp_minus_1(input), input)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x where x > 0, alpha · (e^(x / alpha) − 1) elsewhere (Barron 2017, arXiv:1704.07483)."""
    return where(input <= 0, alpha * _exp_minus_1(input / alpha), input)


def selu(input: Any, inplace: bool = False) -> Tensor:
    """Return the scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515)."""
    return 1.0507009873554805 * elu(input, 1.6732632423543772)


def silu(input: Any, inplace: bool = False) -> Tensor:
    """Return x · sigmoid(x)."""
    return input * sigmoid(input)


def mish(input: Any, inplace: bool = False) -> Tensor:
    """Return x · tanh(softplus(x)) (Misra 2019, arXiv:1908.08681)."""
    return input * tanh(_chapter.softplus(input))


def hardsigmoid(input: Any, inplace: bool = False) -> Tensor:
    """Return min(max(x + 3, 0), 6) / 6."""
    return relu6(input + 3) / 6


def hardswish(input: Any, inplace: bool = False) -> Tensor:
    """Return x · hardsigmoid(x) (Howard et al. 2019, arXiv:1905.02244)."""
    return input * hardsigmoid(input)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return log(1 + e^(beta · x)) / beta, and x itself where beta · x is above `threshold`."""
    scaled = input * beta
    return where(scaled > threshold, input, _chapter.softplus(scaled) / beta)


def softsign(input: Any) -> Tensor:
    """Return x / (1 + |x|)."""
    return input / (1 + input.abs())


def logsigmoid(input: Any) -> Tensor:
    """Return log(sigmoid(x))."""
    return -_chapter.softplus(-input)


def tanhshrink(input: Any) -> Tensor:
    """Return x − tanh(x)."""
    return input - tanh(input)


def hardshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """Return 0 where |x| ≤ lambd, x elsewhere."""
    return where(input.abs() <= lambd, 0.0, input)


def softshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """Return x moved towards 0 by lambd, and 0 where |x| ≤ lambd."""
    return where(input > lambd, input - lambd, where(input < -lambd, input + lambd, 0.0 * input))


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return x where x > threshold, `value` elsewhere."""
    return where(input <= threshold, value, input)


def prelu(input: Any, weight: Any) -> Tensor:
    """Return x where x > 0, weight · x elsewhere; weight has one number, or one for each channel (axis 1)."""
    weight = weight.reshape(-1, *[1] * (input.ndim - 2)) if weight.size > 1 else weight.reshape(())
    return where(input > 0, input, weight * input)


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return eˣ / Σ eˣ along `dim`; without one it is axis 0 of a tensor with 0, 1 or 3 axes, else 1, as in torch."""
    check_dtype("softmax", dtype)
    return _chapter.softmax(input, dim=implicit_dim(input, dim))


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return the logarithm of `softmax`, without rounding it away."""
    check_dtype("log_softmax", dtype)
    return _chapter.log_softmax(input, dim=implicit_dim(input, dim))


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return `softmax` of −x."""
    return softmax(-input, dim, _stacklevel, dtype)


class Identity(Module):
    """Returns its input: a place where a layer may stand. Arguments are ignored."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x


class _Settings(Module):
    """A layer that remembers its settings by name, and shows them."""

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


class LeakyReLU(_Settings, _layers.LeakyReLU):
    """`leaky_relu` as a layer."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        _layers.LeakyReLU.__init__(self, negative_slope)
        self._keep(negative_slope=negative_slope, inplace=inplace)


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
        return hardtanh(x, self.min_val, self.max_val)


class ReLU6(_Settings):
    """`relu6` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return relu6(x)


class ELU(_Settings):
    """`elu` as a layer."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return elu(x, self.alpha)


class CELU(_Settings):
    """`celu` as a layer."""

    alpha: float

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return celu(x, self.alpha)


class SELU(_Settings):
    """`selu` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return selu(x)


class SiLU(_Settings):
    """`silu` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return silu(x)


class Mish(_Settings):
    """`mish` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return mish(x)


class Hardsigmoid(_Settings):
    """`hardsigmoid` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return hardsigmoid(x)


class Hardswish(_Settings):
    """`hardswish` as a layer."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return hardswish(x)


class Sigmoid(Module):
    """`sigmoid` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return sigmoid(x)


class LogSigmoid(Module):
    """`logsigmoid` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return logsigmoid(x)


class Tanh(Module):
    """`tanh` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return tanh(x)


class Tanhshrink(Module):
    """`tanhshrink` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return tanhshrink(x)


class Softsign(Module):
    """`softsign` as a layer."""

    def forward(self, x: Any) -> Tensor:
        return softsign(x)


class Hardshrink(_Settings):
    """`hardshrink` as a layer."""

    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        self._keep(lambd=lambd)

    def forward(self, x: Any) -> Tensor:
        return hardshrink(x, self.lambd)


class Softshrink(_Settings):
    """`softshrink` as a layer."""

    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        if lambd < 0:
            raise ValueError(f"Softshrink: lambd: expected a number of at least 0, got {lambd}")
        self._keep(lambd=lambd)

    def forward(self, x: Any) -> Tensor:
        return softshrink(x, self.lambd)


class Threshold(_Settings):
    """`threshold` as a layer."""

    threshold: float
    value: float

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self._keep(threshold=threshold, value=value, inplace=inplace)

    def forward(self, x: Any) -> Tensor:
        return threshold(x, self.threshold, self.value)


class PReLU(_Settings):
    """`prelu` as a layer, whose slopes `weight` are learned (He et al. 2015, arXiv:1502.01852)."""

    num_parameters: int

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        check_device(str(device or "cpu"))
        self._keep(num_parameters=num_parameters)
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype or np.float32)

    def forward(self, x: Any) -> Tensor:
        return prelu(x, self.weight)


class Softplus(_Settings):
    """`softplus` as a layer."""

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self._keep(beta=beta, threshold=threshold)

    def forward(self, x: Any) -> Tensor:
        return softplus(x, self.beta, self.threshold)


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
        return softmax(x, dim=self.dim)


class LogSoftmax(_Settings):
    """`log_softmax` along the axis `dim` as a layer."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)

    def forward(self, x: Any) -> Tensor:
        return log_softmax(x, dim=self.dim)


class Softmin(_Settings):
    """`softmin` along the axis `dim` as a layer."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)

    def forward(self, x: Any) -> Tensor:
        return softmin(x, dim=self.dim)
