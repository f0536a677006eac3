"""Pooling, batch normalisation and 1-D convolution with torch's settings: given, and composed from chapter 09."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinytorch.core.spatial as _chapter
from tinytorch.core.layers import Module, Parameter
from tinytorch.core.spatial import placer
from tinytorch.core.tensor import Tensor, squeeze, unsqueeze
from tinytorch.support.devices import check_device
from tinytorch.support.random import default_generator
from tinytorch.support.torch_arguments import refuse_not_served
from tinytorch.support.windows import (
    CeilPadding,
    ImageLayer,
    check_channels,
    check_normalized,
    check_signal,
    one_number,
    one_numbers,
    pair,
)


def _padding(padding: Any, ceil_mode: bool) -> Any:
    return CeilPadding(pair("padding", padding, 0)) if ceil_mode else padding


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest value of each window: (N, C, H, W) → (N, C, H', W').

    With `ceil_mode` the number of windows is rounded up. With `return_indices` the result is a pair: the values, and
    where each was found, as row · W + column of its image (the first among equals).
    """
    border = _padding(padding, ceil_mode)
    y = _chapter.max_pool2d(input, kernel_size, stride, border, dilation)
    if not return_indices:
        return y
    win = placer.of_pool(input.data, kernel_size, stride, border, dilation)
    return y, Tensor(win.places_of(input.data, y.data))


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window: (N, C, H, W) → (N, C, H', W').

    With `ceil_mode` the number of windows is rounded up. `divisor_override` replaces the number of pixels of a window.
    """
    border = _padding(padding, ceil_mode)
    if divisor_override is None:
        return _chapter.avg_pool2d(input, kernel_size, stride, border, count_include_pad)
    if not isinstance(divisor_override, int) or divisor_override == 0:
        raise ValueError(f"divisor_override: expected a whole number that is not 0, or None, got {divisor_override!r}")
    means = _chapter.avg_pool2d(input, kernel_size, stride, border, True)
    win = placer.of_pool(input.data, kernel_size, stride, border)
    return means * Tensor(win.pixel_counts(input.dtype, True) / divisor_override, dtype=input.dtype)


class MaxPool2d(_chapter.MaxPool2d):
    """The largest value in each window; see `max_pool2d`."""

    kernel_size: Any
    stride: Any
    padding: Any
    dilation: Any
    return_indices: bool
    ceil_mode: bool

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation)
        self.keep(return_indices=return_indices, ceil_mode=ceil_mode)

    def forward(self, x: Any) -> Any:
        if not (self.ceil_mode or self.return_indices):
            return super().forward(x)
        settings = self.kernel_size, self.stride, self.padding, self.dilation
        return max_pool2d(x, *settings, self.ceil_mode, self.return_indices)


class AvgPool2d(_chapter.AvgPool2d):
    """The mean of each window; see `avg_pool2d`."""

    kernel_size: Any
    stride: Any
    padding: Any
    count_include_pad: bool
    ceil_mode: bool
    divisor_override: int | None

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, count_include_pad)
        self.keep(ceil_mode=ceil_mode, divisor_override=divisor_override)

    def forward(self, x: Any) -> Tensor:
        if not self.ceil_mode and self.divisor_override is None:
            return super().forward(x)
        settings = self.ceil_mode, self.count_include_pad, self.divisor_override
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *settings)


# ---- signals: images of one row --------------------------------------------------------------------


def _row(name: str, value: Any, other: int) -> Any:
    """Return the setting of an image of one row for that of a signal: `other` is the row's own."""
    return value if value is None or isinstance(value, str) else (other, one_number(name, value))


def _images(signals: Any) -> Tensor:
    """Return signals (N, C, L), or one of shape (C, L), as images (N, C, 1, L)."""
    check_signal(signals)
    return unsqueeze(signals if signals.ndim == 3 else unsqueeze(signals, 0), 2)


def _signals(images: Any, like: Any) -> Tensor:
    """Return images of one row as signals with as many axes as `like`."""
    signals = squeeze(images, 2)
    return signals if like.ndim == 3 else squeeze(signals, 0)


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate signals (N, C, L) with filters (O, C / groups, k), bias (O,) → (N, O, L'); without N, too."""
    if weight.ndim != 3:
        raise ValueError(f"weight: expected shape (out, in / groups, length), got {weight.shape}")
    settings = _row("stride", stride, 1), _row("padding", padding, 0), _row("dilation", dilation, 1)
    return _signals(_chapter.conv2d(_images(input), unsqueeze(weight, 2), bias, *settings, groups), input)


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest value of each window: (N, C, L) → (N, C, L'); settings as for `max_pool2d`."""
    settings = _row("kernel_size", kernel_size, 1), _row("stride", stride, 1), _row("padding", padding, 0)
    pooled = max_pool2d(_images(input), *settings, _row("dilation", dilation, 1), ceil_mode, return_indices)
    return tuple(_signals(part, input) for part in pooled) if return_indices else _signals(pooled, input)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window: (N, C, L) → (N, C, L'); settings as for `avg_pool2d`."""
    settings = _row("kernel_size", kernel_size, 1), _row("stride", stride, 1), _row("padding", padding, 0)
    return _signals(avg_pool2d(_images(input), *settings, ceil_mode, count_include_pad), input)


class Conv1d(ImageLayer, Module):
    """A bank of `out_channels` filters that slides over signals (N, in_channels, L); see `conv1d`.

    Weight and bias are drawn as those of `Linear`, from ±1/√(in_channels / groups · kernel_size).
    """

    stride: Any
    padding: Any
    dilation: Any
    groups: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_channels("Conv1d", in_channels, out_channels, groups)
        refuse_not_served("Conv1d", padding_mode=padding_mode)
        check_device(device)
        length = one_number("kernel_size", kernel_size)
        self.keep(in_channels=in_channels, out_channels=out_channels)
        self.keep(**one_numbers(kernel_size=length, stride=stride, padding=padding, dilation=dilation), groups=groups)
        shape = (out_channels, in_channels // groups, length)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        draw, dtype = default_generator().uniform, dtype or np.float32
        self.weight = Parameter(draw(-bound, bound, shape), dtype=dtype)
        self.bias = Parameter(draw(-bound, bound, out_channels), dtype=dtype) if bias else None

    def forward(self, x: Any) -> Tensor:
        return conv1d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MaxPool1d(ImageLayer, Module):
    """The largest value in each window of signals; see `max_pool1d`."""

    _names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        stride = kernel_size if stride is None else stride
        self.keep(**one_numbers(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation))
        self.keep(ceil_mode=ceil_mode, return_indices=return_indices)

    def forward(self, x: Any) -> Any:
        return max_pool1d(x, *(getattr(self, name) for name in self._names))


class AvgPool1d(ImageLayer, Module):
    """The mean of each window of signals; see `avg_pool1d`."""

    _names = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        stride = kernel_size if stride is None else stride
        self.keep(**one_numbers(kernel_size=kernel_size, stride=stride, padding=padding))
        self.keep(ceil_mode=ceil_mode, count_include_pad=count_include_pad)

    def forward(self, x: Any) -> Tensor:
        return avg_pool1d(x, *(getattr(self, name) for name in self._names))


# ---- batch normalisation ---------------------------------------------------------------------------


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise every channel of x (N, C, …), as chapter 09 does for images.

    Without running estimates `training` must be True; then nothing is remembered.
    """
    check_normalized(input, running_mean, running_var, training)
    if running_mean is None:
        running_mean, running_var = (Tensor(np.zeros(input.shape[1], input.dtype)) for _ in range(2))
    if input.dtype == np.float16:
        mean, var = running_mean.float(), running_var.float()
        y = batch_norm(input.float(), mean, var, weight, bias, training, momentum, eps)
        running_mean.data[...], running_var.data[...] = mean.data, var.data
        return y.half()
    images = input if input.ndim == 4 else input.reshape(*input.shape[:2], -1, 1)
    y = _chapter.batch_norm(images, running_mean, running_var, weight, bias, training, momentum, eps)
    return y if input.ndim == 4 else y.reshape(*input.shape)


class BatchNorm2d(_chapter.BatchNorm2d):
    """`batch_norm` of images (N, num_features, H, W). The running estimates are buffers, and so is a count of batches.

    With `momentum=None` they are the averages of all batches, without `track_running_stats` there are none. Without
    `affine` there are no weight and bias.
    """

    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Tensor | None
    _axes: tuple[int, ...] = (4,)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum)
        self.keep(affine=affine, track_running_stats=track_running_stats)
        if not affine:
            self.weight = None
        if not (affine and bias):
            self.bias = None
        if not track_running_stats:
            self.running_mean = self.running_var = None
        self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)) if track_running_stats else None)
        self.to(device=device, dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        if x.ndim not in self._axes:
            axes = " or ".join(map(str, self._axes))
            fix = "; add the batch axis with x.unsqueeze(0)" if x.ndim == self._axes[-1] - 1 else ""
            raise ValueError(f"x: expected {axes} axes, (batch, {self.num_features} channels, …), got {x.shape}{fix}")
        momentum = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.data += 1
            momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
        plain = self.momentum is not None and self.running_mean is not None and x.dtype != np.float16
        if x.ndim == 4 and plain:
            return super().forward(x)
        training = self.training or self.running_mean is None
        estimates = self.running_mean, self.running_var
        return batch_norm(x, *estimates, self.weight, self.bias, training, momentum or 0.0, self.eps)


class BatchNorm1d(BatchNorm2d):
    """`batch_norm` of vectors (N, num_features) or signals (N, num_features, L); settings as for `BatchNorm2d`."""

    _axes = (2, 3)
