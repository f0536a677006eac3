"""Functions of numbers, element by element: trigonometry, powers, rounding, and arithmetic with torch's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.functions.lifting import in_floats, no_slope, primitive_with, unbroadcast
from tinytorch.support.torch_arguments import torch_arguments

Array = np.ndarray


@in_floats(lambda grad, out, x: grad * np.cos(x))
def sin(input: Array) -> Array:
    """The sine, element by element."""
    return np.sin(input)


@in_floats(lambda grad, out, x: -grad * np.sin(x))
def cos(input: Array) -> Array:
    """The cosine, element by element."""
    return np.cos(input)


@in_floats(lambda grad, out, x: grad * (1 + out * out))
def tan(input: Array) -> Array:
    """The tangent, element by element."""
    return np.tan(input)


@in_floats(lambda grad, out, x: grad / np.sqrt(1 - x * x))
def asin(input: Array) -> Array:
    """The angle in [−π/2, π/2] with this sine, element by element; NaN outside [−1, 1]."""
    return np.arcsin(input)


@in_floats(lambda grad, out, x: -grad / np.sqrt(1 - x * x))
def acos(input: Array) -> Array:
    """The angle in [0, π] with this cosine, element by element; NaN outside [−1, 1]."""
    return np.arccos(input)


@in_floats(lambda grad, out, x: grad / (1 + x * x))
def atan(input: Array) -> Array:
    """The angle in (−π/2, π/2) with this tangent, element by element."""
    return np.arctan(input)


@in_floats(lambda grad, out, x: grad * np.cosh(x))
def sinh(input: Array) -> Array:
    """(eˣ − e⁻ˣ) / 2, element by element."""
    return np.sinh(input)


@in_floats(lambda grad, out, x: grad * np.sinh(x))
def cosh(input: Array) -> Array:
    """(eˣ + e⁻ˣ) / 2, element by element."""
    return np.cosh(input)


@in_floats(lambda grad, out, x: grad / np.sqrt(x * x + 1))
def asinh(input: Array) -> Array:
    """The number with this `sinh`, element by element."""
    return np.arcsinh(input)


@in_floats(lambda grad, out, x: grad / np.sqrt(x * x - 1))
def acosh(input: Array) -> Array:
    """The number with this `cosh`, element by element; NaN below 1."""
    return np.arccosh(input)


@in_floats(lambda grad, out, x: grad / (1 - x * x))
def atanh(input: Array) -> Array:
    """The number with this `tanh`, element by element; NaN outside [−1, 1]."""
    return np.arctanh(input)


def _by_element(function: Any, x: Array) -> Array:
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape).astype(x.dtype)


@in_floats(lambda grad, out, x: grad * (2 / math.sqrt(math.pi)) * np.exp(-x * x))
def erf(input: Array) -> Array:
    """The error function 2/√π ∫₀ˣ e^(−t²) dt, element by element."""
    return _by_element(math.erf, input)


@in_floats(lambda grad, out, x: -grad * (2 / math.sqrt(math.pi)) * np.exp(-x * x))
def erfc(input: Array) -> Array:
    """1 − erf(x), element by element, with all its digits where x is large."""
    return _by_element(math.erfc, input)


@in_floats(lambda grad, out, x: grad * out * math.log(2))
def exp2(input: Array) -> Array:
    """2ˣ, element by element."""
    return np.exp2(input)


@in_floats(lambda grad, out, x: grad * (out + 1))
def expm1(input: Array) -> Array:
    """eˣ − 1, element by element, with all its digits where x is small."""
    return np.expm1(input)


@in_floats(lambda grad, out, x: grad / (x * math.log(2)))
def log2(input: Array) -> Array:
    """The logarithm to base 2, element by element."""
    return np.log2(input)


@in_floats(lambda grad, out, x: grad / (x * math.log(10)))
def log10(input: Array) -> Array:
    """The logarithm to base 10, element by element."""
    return np.log10(input)


@in_floats(lambda grad, out, x: grad / (1 + x))
def log1p(input: Array) -> Array:
    """log(1 + x), element by element, with all its digits where x is small."""
    return np.log1p(input)


@in_floats(lambda grad, out, x: -0.5 * grad * out * out * out)
def rsqrt(input: Array) -> Array:
    """1 / √x, element by element."""
    return 1 / np.sqrt(input)


@in_floats(lambda grad, out, x: -grad * out * out)
def reciprocal(input: Array) -> Array:
    """1 / x, element by element."""
    return 1 / input


@torch_arguments
def square(input: Tensor) -> Tensor:
    """x², element by element."""
    return pow(input, 2)


# Steps


@primitive_with(no_slope)
def sign(input: Array) -> Array:
    """−1, 0 or 1, element by element; 0 for NaN."""
    return input if input.dtype == np.bool_ else np.sign(np.nan_to_num(input))


@primitive_with(no_slope)
def floor(input: Array) -> Array:
    """The largest whole number that is not above x, element by element."""
    return np.floor(input)


@primitive_with(no_slope)
def ceil(input: Array) -> Array:
    """The smallest whole number that is not below x, element by element."""
    return np.ceil(input)


@primitive_with(no_slope)
def round(input: Array, *, decimals: int = 0) -> Array:
    """The nearest number with so many decimals, element by element; halves go to the even one."""
    return np.round(input, decimals)


@primitive_with(no_slope)
def trunc(input: Array) -> Array:
    """The number without its decimals, element by element."""
    return np.trunc(input)


@primitive_with(lambda grad, out, x: grad)
def frac(input: Array) -> Array:
    """The decimals of a number, with its sign, element by element."""
    return input - np.trunc(input)


# Two numbers


def _scaled(other: Any, alpha: Any) -> Any:
    return other if isinstance(alpha, int) and alpha == 1 else T.mul(other, alpha)


@torch_arguments
def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha · other, element by element; shapes broadcast."""
    return T.add(input, _scaled(other, alpha))


@torch_arguments
def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input − alpha · other, element by element; shapes broadcast. Raises TypeError for truth values."""
    if input.dtype == np.bool_ or getattr(other, "dtype", None) == np.bool_ or isinstance(other, bool):
        raise TypeError("sub: expected numbers, got truth values; use logical_xor(a, b), or ~a")
    return T.sub(input, _scaled(other, alpha))


@torch_arguments
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, element by element; shapes broadcast. `rounding_mode` is None, "trunc" or "floor".

    Without rounding integers give floats.
    """
    if rounding_mode is None:
        return T.div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise ValueError(f'div: rounding_mode: expected None, "trunc" or "floor", got {rounding_mode!r}')
    return _divide(input, other, towards_zero=rounding_mode == "trunc")


@primitive_with(lambda grad, out, a, b, *, towards_zero: (np.zeros(a.shape, grad.dtype), np.zeros(b.shape, grad.dtype)))
def _divide(a: Array, b: Array, *, towards_zero: bool) -> Array:
    if towards_zero:
        if a.dtype.kind == "f":
            return np.trunc(a / b)
        return np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)) if a.dtype.kind == "i" else a // b
    return a // b


@torch_arguments
def true_divide(input: Tensor, other: Any) -> Tensor:
    """input / other, element by element; shapes broadcast: another name of `div`."""
    return T.div(input, other)


@torch_arguments
def floor_divide(input: Tensor, other: Any) -> Tensor:
    """⌊input / other⌋, element by element; shapes broadcast."""
    return div(input, other, rounding_mode="floor")


def _remainder_rule(quotient: Any) -> Any:
    def rule(grad: Array, out: Array, a: Array, b: Array) -> Any:
        return lambda: unbroadcast(grad, a.shape), lambda: unbroadcast(-grad * quotient(a / b), b.shape)

    return rule


@primitive_with(_remainder_rule(np.trunc))
def fmod(input: Array, other: Array) -> Array:
    """What is left of `input` after division by `other`, with the sign of `input`; shapes broadcast."""
    return np.fmod(input, other)


@primitive_with(_remainder_rule(np.floor))
def remainder(input: Array, other: Array) -> Array:
    """What is left of `input` after division by `other`, with the sign of `other`; shapes broadcast."""
    return np.remainder(input, other)


@in_floats(
    lambda grad, out, y, x: (
        lambda: unbroadcast(grad * x / (x * x + y * y), y.shape),
        lambda: unbroadcast(-grad * y / (x * x + y * y), x.shape),
    )
)
def atan2(input: Array, other: Array) -> Array:
    """The angle of the point (other, input) in (−π, π], element by element; shapes broadcast."""
    return np.arctan2(input, other)


@torch_arguments
def pow(input: Any, exponent: Any) -> Tensor:
    """input to the power exponent, element by element; shapes broadcast."""
    return T.pow(input, exponent)


@torch_arguments
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight · (end − input), element by element; shapes broadcast."""
    return input + weight * (end - input)


@torch_arguments
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value · tensor1 · tensor2, element by element; shapes broadcast."""
    return add(input, tensor1 * tensor2, alpha=value)


@torch_arguments
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value · tensor1 / tensor2, element by element; shapes broadcast."""
    return add(input, tensor1 / tensor2, alpha=value)


def _extremum_rule(smaller: Any) -> Any:
    def rule(grad: Array, out: Array, a: Array, b: Array) -> Any:
        def share(chosen: Array, other: Array) -> Array:
            return np.where(chosen == other, grad / 2, np.where(smaller(chosen, other), 0, grad)).astype(grad.dtype)

        return lambda: unbroadcast(share(a, b), a.shape), lambda: unbroadcast(share(b, a), b.shape)

    return rule


@primitive_with(_extremum_rule(np.less))
def maximum(input: Array, other: Array) -> Array:
    """The larger of two numbers, element by element; equal ones share the gradient evenly."""
    return np.maximum(input, other)


@primitive_with(_extremum_rule(np.greater))
def minimum(input: Array, other: Array) -> Array:
    """The smaller of two numbers, element by element; equal ones share the gradient evenly."""
    return np.minimum(input, other)


def _clamp_rule(grad: Array, out: Array, x: Array, low: Array | None, high: Array | None) -> Any:
    above = True if low is None else x >= low
    below = True if high is None else x <= high
    below_low = False if low is None else ~above & (True if high is None else low < high)
    over_high = False if high is None else (x > high) | (False if low is None else high < low)

    def share(chosen: Any, array: Array | None) -> Any:
        if array is None:
            return None
        return lambda: unbroadcast(np.where(chosen, grad, 0).astype(grad.dtype), array.shape)

    return share(above & below, x), share(below_low, low), share(over_high, high)


@primitive_with(_clamp_rule)
def _clamp(input: Array, min: Array | None, max: Array | None) -> Array:
    limited = input if min is None else np.maximum(input, min)
    return limited if max is None else np.minimum(limited, max)


@torch_arguments
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element limited to [min, max]; the limits may be numbers, tensors or None, and one must be given."""
    if min is None and max is None:
        raise ValueError("clamp: expected min, max or both, got neither")
    return _clamp(input, min, max)


@torch_arguments
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Each element, or `min` where that is larger."""
    return clamp(input, min)


@torch_arguments
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Each element, or `max` where that is smaller."""
    return clamp(input, max=max)


@torch_arguments
def clip(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element limited to [min, max]: NumPy's name for `clamp`."""
    return clamp(input, min, max)


@torch_arguments
def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """`nan` in the place of NaN, and the dtype's largest and smallest number in that of infinities unless given."""
    if input.dtype.kind != "f":
        return input.clone()
    limits = np.finfo(input.dtype)
    out = T.where(np.isnan(input.data), nan, input)
    out = T.where(input.data == np.inf, float(limits.max) if posinf is None else posinf, out)
    return T.where(input.data == -np.inf, float(limits.min) if neginf is None else neginf, out)


@torch_arguments
def subtract(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input − alpha · other, element by element: another name of `sub`."""
    return sub(input, other, alpha=alpha)


@torch_arguments
def divide(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, element by element: another name of `div`."""
    return div(input, other, rounding_mode=rounding_mode)
