"""Questions about numbers, element by element or of whole tensors. Their answers are truth values, without gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.functions.lifting import primitive_with
from tinytorch.support.torch_arguments import torch_arguments

Array = np.ndarray


@primitive_with()
def eq(input: Array, other: Array) -> Array:
    """Whether input = other, element by element; shapes broadcast."""
    return np.equal(input, other)


@primitive_with()
def ne(input: Array, other: Array) -> Array:
    """Whether input ≠ other, element by element; shapes broadcast."""
    return np.not_equal(input, other)


@primitive_with()
def lt(input: Array, other: Array) -> Array:
    """Whether input < other, element by element; shapes broadcast."""
    return np.less(input, other)


@primitive_with()
def le(input: Array, other: Array) -> Array:
    """Whether input ≤ other, element by element; shapes broadcast."""
    return np.less_equal(input, other)


@primitive_with()
def gt(input: Array, other: Array) -> Array:
    """Whether input > other, element by element; shapes broadcast."""
    return np.greater(input, other)


@primitive_with()
def ge(input: Array, other: Array) -> Array:
    """Whether input ≥ other, element by element; shapes broadcast."""
    return np.greater_equal(input, other)


@primitive_with()
def logical_and(input: Array, other: Array) -> Array:
    """Whether both are not 0, element by element; shapes broadcast."""
    return np.logical_and(input, other)


@primitive_with()
def logical_or(input: Array, other: Array) -> Array:
    """Whether one of two is not 0, element by element; shapes broadcast."""
    return np.logical_or(input, other)


@primitive_with()
def logical_xor(input: Array, other: Array) -> Array:
    """Whether exactly one of two is not 0, element by element; shapes broadcast."""
    return np.logical_xor(input, other)


@primitive_with()
def logical_not(input: Array) -> Array:
    """Whether it is 0, element by element."""
    return np.logical_not(input)


@primitive_with()
def bitwise_and(input: Array, other: Array) -> Array:
    """The bits that are set in both whole numbers, or whether both are true: `a & b`."""
    return np.bitwise_and(input, other)


@primitive_with()
def bitwise_or(input: Array, other: Array) -> Array:
    """The bits that are set in one of two whole numbers, or whether one is true: `a | b`."""
    return np.bitwise_or(input, other)


@primitive_with()
def bitwise_xor(input: Array, other: Array) -> Array:
    """The bits that are set in exactly one of two whole numbers, or whether exactly one is true: `a ^ b`."""
    return np.bitwise_xor(input, other)


@primitive_with()
def bitwise_not(input: Array) -> Array:
    """The bits that are not set, or whether it is false: `~a`."""
    return np.bitwise_not(input)


@primitive_with()
def isnan(input: Array) -> Array:
    """Whether it is NaN, element by element."""
    return np.isnan(input)


@primitive_with()
def isinf(input: Array) -> Array:
    """Whether it is ∞ or −∞, element by element."""
    return np.isinf(input)


@primitive_with()
def isfinite(input: Array) -> Array:
    """Whether it is neither NaN nor infinite, element by element."""
    return np.isfinite(input)


@primitive_with()
def isclose(input: Array, other: Array, *, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """Whether |input − other| ≤ atol + rtol · |other|, element by element; shapes broadcast."""
    return np.isclose(input, other, rtol, atol, equal_nan)


@torch_arguments
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Return whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan).data.all())


@torch_arguments
def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and the same numbers."""
    return bool(np.array_equal(input.data, other.data))


@torch_arguments
def is_tensor(obj: Any) -> bool:
    """Return whether an object is a tensor."""
    return isinstance(obj, Tensor)


@torch_arguments
def is_floating_point(input: Tensor) -> bool:
    """Return whether a tensor holds floating numbers."""
    return input.dtype.kind == "f"


@torch_arguments
def is_nonzero(input: Tensor) -> bool:
    """Return whether the one number of a tensor is not 0. Raises ValueError where there is not exactly one."""
    return bool(input)


@torch_arguments
def numel(input: Tensor) -> int:
    """Return how many numbers a tensor holds."""
    return input.data.size
