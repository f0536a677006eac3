"""Softmax with torch's arguments: given, and composed from chapter 02's."""

from __future__ import annotations

from typing import Any

import tinytorch.core.activations as activations
from tinytorch.core import tensor as T
from tinytorch.core.tensor import Tensor
from tinytorch.functions.reductions import as_dtype
from tinytorch.support.dtypes import float16_in_float32
from tinytorch.support.tensor import positive_axis
from tinytorch.support.torch_arguments import torch_arguments


@torch_arguments
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """eˣ / Σ eˣ along the axis `dim`, without overflow: positive numbers that sum to 1 there."""
    return _along(activations.softmax, input, dim, dtype)


@torch_arguments
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """x − log Σ eˣ along the axis `dim`, without overflow."""
    return _along(activations.log_softmax, input, dim, dtype)


def _along(function: Any, input: Tensor, dim: int, dtype: Any) -> Tensor:
    input = as_dtype(input, dtype)
    if input.data.size == 0:
        return T.reshape(input, shape=input.shape)
    if input.ndim == 0:
        positive_axis(dim, 0)
        return T.reshape(function(T.reshape(input, shape=(1,)), 0), shape=())
    return float16_in_float32(function)(input, dim)
