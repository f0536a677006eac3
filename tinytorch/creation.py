"""Tensors made from nothing but a shape: given, and composed from chapter 01's `Tensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.support.random import default_generator
from tinytorch.support.tensor import as_shape, inferred_array


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor with its own copy of the data. (`Tensor(array)` shares the array's memory.)"""
    return Tensor(inferred_array(data, dtype).copy(), requires_grad)


def zeros(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return Tensor(np.zeros(as_shape(shape), dtype), requires_grad)


def ones(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones: ones(2, 3) or ones((2, 3))."""
    return Tensor(np.ones(as_shape(shape), dtype), requires_grad)


def full(shape: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of one repeated value, whose type decides the dtype."""
    return Tensor(np.full(shape, inferred_array(fill_value, dtype)), requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return the numbers from start (0 if only one is given) up to, without, end; float32 if any of them is a float."""
    start, end = (0, start) if end is None else (start, end)
    if dtype is None:
        dtype = np.float32 if any(isinstance(n, float) for n in (start, end, step)) else np.int64
    return Tensor(np.arange(start, end, step, dtype), requires_grad)  # type: ignore[call-overload]


def eye(n: int, m: int | None = None, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Return the n × m matrix with ones on its diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype), requires_grad)


def randn(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Return draws from the normal distribution with mean 0 and variance 1."""
    return Tensor(default_generator().standard_normal(as_shape(shape), dtype), requires_grad)


def rand(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Return draws from the uniform distribution on [0, 1)."""
    return Tensor(default_generator().random(as_shape(shape), dtype), requires_grad)
