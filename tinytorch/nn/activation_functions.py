"""Activation functions with torch's settings: given, and composed from chapter 02.

A function with `inplace=True` returns the same numbers as without; the input keeps its own, because the gradients of
earlier functions may need them.
"""

from __future__ import annotations

from typing import Any

import tinytorch.core.activations as _chapter
from tinytorch.core.activations import sigmoid, tanh
from tinytorch.core.tensor import Tensor, where
from tinytorch.support.activations import check_dtype, implicit_dim


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
    weight = weight.reshape(-1, *[1] * (input.ndim - 2)) if weight.numel() > 1 else weight.reshape(())
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
