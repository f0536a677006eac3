"""Normalisation of each sample by itself, and vectors of length 1: given, and composed from chapters 01 and 03."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor, clip, sum
from tinytorch.functions.reductions import norm
from tinytorch.functions.shapes import broadcast_tensors
from tinytorch.support.devices import check_device
from tinytorch.support.dtypes import float16_in_float32
from tinytorch.support.layers import as_normalized_shape, check_groups, check_last_axes
from tinytorch.support.torch_arguments import refuse_not_served


@float16_in_float32
def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Return (x − mean) / √(var + ε) · weight + bias, over the last axes, which have the shape `normalized_shape`.

    Weight and bias have that shape too, or are None (Ba et al. 2016, arXiv:1607.06450).
    """
    shape = as_normalized_shape(normalized_shape)
    check_last_axes("layer_norm", input, shape, weight, bias)
    dims = tuple(range(-len(shape), 0))
    centered = input - input.mean(dim=dims, keepdim=True)
    y = centered / ((centered * centered).mean(dim=dims, keepdim=True) + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Tensor:
    """Return x / √(mean of x² + ε) · weight over the last axes; ε is the dtype's resolution unless given.

    Source: Zhang & Sennrich 2019, arXiv:1910.07467.
    """
    shape = as_normalized_shape(normalized_shape)
    check_last_axes("rms_norm", input, shape, weight, None)
    return _rms_norm(input, shape, weight, float(np.finfo(input.dtype).eps) if eps is None else eps)


@float16_in_float32
def _rms_norm(input: Any, shape: tuple[int, ...], weight: Any, eps: float) -> Tensor:
    y = input / ((input * input).mean(dim=tuple(range(-len(shape), 0)), keepdim=True) + eps).sqrt()
    return y if weight is None else y * weight


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Return x (N, C, …) with the channels of each of `num_groups` groups normalised together, in each sample.

    Weight and bias have shape (C,), or are None (Wu & He 2018, arXiv:1803.08494).
    """
    check_groups(input, num_groups, weight, bias)
    groups = input.reshape(len(input), num_groups, -1)
    y = layer_norm(groups, groups.shape[-1:], eps=eps).reshape(*input.shape)
    channels = (-1, *[1] * (input.ndim - 2))
    y = y if weight is None else y * weight.reshape(*channels)
    return y if bias is None else y + bias.reshape(*channels)


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """Return x divided by its p-norm along `dim`, or by eps where the norm is smaller."""
    refuse_not_served("normalize", out=out)
    return input / clip(norm(input, p, dim, keepdim=True), min=eps)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return the cosine of the angle between vectors along `dim`: x1 · x2 / (‖x1‖ ‖x2‖), norms of at least eps."""
    x1, x2 = broadcast_tensors(x1, x2)
    return sum(normalize(x1, 2.0, dim, eps) * normalize(x2, 2.0, dim, eps), dim=dim)


class LayerNorm(Module):
    """`layer_norm`, with a weight and a bias unless `elementwise_affine=False`."""

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = as_normalized_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = _filled(1.0, self.normalized_shape, elementwise_affine, device, dtype)
        self.bias = _filled(0.0, self.normalized_shape, elementwise_affine and bias, device, dtype)

    def forward(self, x: Any) -> Tensor:
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Module):
    """`rms_norm`, with a weight unless `elementwise_affine=False`."""

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = as_normalized_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = _filled(1.0, self.normalized_shape, elementwise_affine, device, dtype)

    def forward(self, x: Any) -> Tensor:
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """`group_norm` of `num_channels` channels, with a weight and a bias unless `affine=False`."""

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups: expected a divisor of {num_channels} channels, got {num_groups}")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.weight = _filled(1.0, (num_channels,), affine, device, dtype)
        self.bias = _filled(0.0, (num_channels,), affine and bias, device, dtype)

    def forward(self, x: Any) -> Tensor:
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


def _filled(value: float, shape: tuple[int, ...], wanted: bool, device: Any, dtype: Any) -> Parameter | None:
    check_device(device)
    return Parameter(np.full(shape, value), dtype=dtype or np.float32) if wanted else None
