"""Pooling, batch normalisation, and the layers made of them."""

from __future__ import annotations

import contextlib
import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.gradients import gradient_case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions import home as home_of
from tinytorch.testing.misconceptions.m09_spatial.arrays import (
    Array,
    avg_pool2d,
    max_pool2d,
    pixel_counts,
    spread,
    windows,
)

Setting = Any  # a number or a pair

# --- pooling ---


def _pool_settings(generator: np.random.Generator) -> tuple[tuple[int, ...], dict[str, Any]]:
    kernel = generator.integers(2, 4, 2)
    settings: dict[str, Any] = {
        "kernel_size": tuple(int(k) for k in kernel),
        "padding": (1, int(generator.integers(0, 2))),
    }
    if generator.random() < 0.6:
        settings["stride"] = tuple(int(s) for s in generator.integers(1, 3, 2))
    return (2, int(generator.integers(2, 4)), *(kernel + generator.integers(0, 4, 2))), settings


@draws("max_pool2d")
def _max_pool_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shape, settings = _pool_settings(generator)
    return Case(home.max_pool2d, generator.standard_normal(shape) - 1.0, **settings)


@draws("vjp(max_pool2d)")
def _max_pool_gradients(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shape, settings = _pool_settings(generator)
    ties = generator.integers(-2, 2, shape).astype(float)
    return gradient_case(Case(home.max_pool2d, home.Tensor(ties), **settings), generator)


@draws("avg_pool2d")
def _avg_pool_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shape, settings = _pool_settings(generator)
    counted = bool(generator.random() < 0.5)
    return Case(home.avg_pool2d, home.Tensor(generator.standard_normal(shape)), **settings, count_include_pad=counted)


@misconception(
    "max_pool2d",
    name="the border counts as 0",
    belief="Padding is zeros, as in a convolution.",
    explanation="The border of a maximum is minus infinity: among negative numbers a zero would win.",
    hints=("Pool an image of negative numbers with padding 1. Is any 0 left?", "The border is -np.inf."),
)
def max_pads_with_zero(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, dilation: Setting = 1
) -> Array:
    stride = kernel_size if stride is None else stride
    return windows(x, kernel_size, stride, padding, dilation).max(axis=(4, 5))


@misconception(
    "max_pool2d",
    name="the stride is 1 where none is given",
    belief="A stride that is not given is 1, as in a convolution.",
    explanation="In pooling a stride that is not given is the kernel's size: the windows do not overlap.",
    hints=("Pooling 2 halves the picture. What size is yours?", "stride=None means kernel_size."),
)
def max_at_stride_one(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, dilation: Setting = 1
) -> Array:
    return max_pool2d(x, kernel_size, 1 if stride is None else stride, padding, dilation)


@misconception(
    "max_pool2d",
    name="the maximum is taken over the channels, too",
    belief="The largest number in a window is looked for in all channels.",
    explanation="Every channel is pooled by itself: there are as many channels after as before.",
    hints=("How many channels has the output?", "Only the window's own axes are combined, not axis 1."),
)
def max_over_channels(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, dilation: Setting = 1
) -> Array:
    return max_pool2d(x, kernel_size, stride, padding, dilation).max(axis=1, keepdims=True)


@misconception(
    "max_pool2d",
    name="the number with the largest magnitude is taken",
    belief="The strongest response counts, whatever its sign.",
    explanation="The maximum is the largest number: -1 is larger than -5.",
    hints=("Which is larger, -5 or 1?", "np.maximum on the numbers as they are, without abs."),
)
def max_of_magnitudes(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, dilation: Setting = 1
) -> Array:
    high = max_pool2d(x, kernel_size, stride, padding, dilation)
    low = -max_pool2d(-x, kernel_size, stride, padding, dilation)
    return np.where(-low > high, low, high)


def _shared(
    share: Callable[[Array], Array], grad: Array, out: Array, x: Array,
    kernel_size: Setting, stride: Setting, padding: Setting, dilation: Setting, overwrite: bool = False,
) -> Array:  # fmt: skip
    """dx where, of each window's gradient, every point (p, q) gets the part `share(hits)`; hits are the maxima."""
    stride = kernel_size if stride is None else stride
    hits = windows(x, kernel_size, stride, padding, dilation, -np.inf) == out[..., None, None]
    return spread(grad[..., None, None] * share(hits), x.shape[2:], stride, padding, dilation, overwrite)


@misconception(
    "vjp(max_pool2d)",
    name="equal maxima share the gradient",
    belief="It is fair to divide the gradient among equals.",
    explanation="As in torch the first of equals, in reading order, gets all of it.",
    hints=("Four equal pixels in a window: what does the second one get? Nothing.", "Is `free` part of the hit?"),
)
def ties_share(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:  # fmt: skip
    def share(hits: Array) -> Array:
        return hits / hits.sum(axis=(4, 5), keepdims=True)

    return _shared(share, grad, out, x, kernel_size, stride, padding, dilation)


@misconception(
    "vjp(max_pool2d)",
    name="every one of equal maxima gets the full gradient",
    belief="A pixel that equals the maximum is the maximum.",
    explanation="A window hands its gradient out once, to the first of equals; whole windows are 0 after a ReLU.",
    hints=(
        "Four equal pixels and a gradient of 1: what is the sum of what they get?",
        "A window that was hit is no longer free: free ^= hit.",
    ),
)
def ties_all_get_it(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:  # fmt: skip
    return _shared(lambda hits: hits, grad, out, x, kernel_size, stride, padding, dilation)


@misconception(
    "vjp(max_pool2d)",
    name="the last of equal maxima gets the gradient",
    belief="Among equals any one will do.",
    explanation="Among equals it is the first in reading order, as in torch, so that results can be compared.",
    hints=("The loop goes through the points in order. Which of equals is met first?", "Count p upwards."),
)
def last_tie_gets_it(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:  # fmt: skip
    def share(hits: Array) -> Array:
        flat = hits.reshape(*hits.shape[:4], -1)[..., ::-1]
        last = flat & (flat.cumsum(axis=-1) == 1)
        return last[..., ::-1].reshape(hits.shape)

    return _shared(share, grad, out, x, kernel_size, stride, padding, dilation)


@misconception(
    "vjp(max_pool2d)",
    name="every pixel of a window gets its gradient",
    belief="The output came from the window, so the window gets the gradient.",
    explanation="Only the largest pixel had an influence on the output; turning another one up changes nothing.",
    hints=("Turn the smallest pixel of a window up a little. Does the maximum move?", "Only where it equals `best`."),
)
def whole_window_gets_it(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:  # fmt: skip
    return _shared(np.ones_like, grad, out, x, kernel_size, stride, padding, dilation)


@misconception(
    "vjp(max_pool2d)",
    name="overlapping windows overwrite each other's gradient",
    belief="Every pixel belongs to one window.",
    explanation="A pixel that is the largest of several windows gets the gradients of all of them: they are added.",
    hints=("A peak in the middle is the maximum of four 2x2 windows at stride 1: it gets 4.", "+= in place of =."),
)
def overlaps_overwrite(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:  # fmt: skip
    def first(hits: Array) -> Array:
        flat = hits.reshape(*hits.shape[:4], -1)
        return (flat & (flat.cumsum(axis=-1) == 1)).reshape(hits.shape)

    return _shared(first, grad, out, x, kernel_size, stride, padding, dilation, overwrite=True)


@misconception(
    "avg_pool2d",
    name="the border is never counted",
    belief="Zeros that were added are no pixels, so the mean leaves them out.",
    explanation="With count_include_pad=True, torch's default, the zeros of the border count as pixels.",
    hints=("Pool ones with kernel 2 and padding 1: the corner is 0.25.", "window_counts knows both ways."),
)
def border_never_counted(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, count_include_pad: bool = True
) -> Array:
    return avg_pool2d(x, kernel_size, stride, padding, False)


@misconception(
    "avg_pool2d",
    name="the border is always counted",
    belief="A 2x2 window has four numbers, so the sum is divided by 4.",
    explanation="With count_include_pad=False each window divides by the number of real pixels in it.",
    hints=("Pool ones with count_include_pad=False: the mean of ones is 1.", "window_counts knows both ways."),
)
def border_always_counted(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, count_include_pad: bool = True
) -> Array:
    return avg_pool2d(x, kernel_size, stride, padding, True)


@misconception(
    "avg_pool2d",
    name="the sum is not divided",
    belief="Adding up the window is pooling.",
    explanation="The mean is the sum divided by the number of pixels.",
    hints=("Pool a constant image: the constant should come out.", "Divide by window_counts."),
)
def sum_not_divided(
    x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0, count_include_pad: bool = True
) -> Array:
    return windows(x, kernel_size, kernel_size if stride is None else stride, padding).sum(axis=(4, 5))


def _averaged(
    grad: Array, x: Array, counts: Any, kernel_size: Setting, stride: Setting, padding: Setting, overwrite: bool = False
) -> Array:
    stride = kernel_size if stride is None else stride
    each = grad / counts
    parts = np.broadcast_to(each[..., None, None], windows(x, kernel_size, stride, padding).shape)
    return spread(parts, x.shape[2:], stride, padding, 1, overwrite)


@misconception(
    "vjp(avg_pool2d)",
    name="every pixel of a window gets the whole gradient",
    belief="All pixels of the window contributed, so all get the gradient.",
    explanation="Each pixel contributed its share, 1 / count, and gets that share of the gradient.",
    hints=("Turn one of four pixels up by 1. By how much does their mean rise?", "Divide as the forward did."),
)
def mean_gradient_not_divided(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    return _averaged(grad, x, 1, kernel_size, stride, padding)


@misconception(
    "vjp(avg_pool2d)",
    name="overlapping windows overwrite each other's gradient",
    belief="Every pixel belongs to one window.",
    explanation="A pixel that stood in several windows gets a share of the gradient of each: they are added.",
    hints=("The middle of a 3x3 image stands in four 2x2 windows at stride 1.", "+= in place of =."),
)
def mean_overlaps_overwrite(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    stride = kernel_size if stride is None else stride
    counts = pixel_counts(x, kernel_size, stride, padding, count_include_pad)
    return _averaged(grad, x, counts, kernel_size, stride, padding, overwrite=True)


@misconception(
    "vjp(avg_pool2d)",
    name="the gradient is divided by the kernel's size even where the border does not count",
    belief="A 2x2 window has four numbers, so each gets a quarter.",
    explanation="The backward divides by what the forward divided by: see count_include_pad.",
    hints=("A window with one real pixel: its mean is that pixel. What is its share?", "window_counts again."),
)
def mean_gradient_counts_border(
    grad: Array, out: Array, x: Array, *, kernel_size: Setting, stride: Setting = None, padding: Setting = 0,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    return _averaged(grad, x, pixel_counts(x, kernel_size, stride, padding, True), kernel_size, stride, padding)


# --- batch normalisation: on tensors, whose own methods are all that is needed ---


@draws("batch_norm")
def _batch_norm_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    channels = int(generator.integers(2, 5))
    training, momentum = bool(generator.random() < 0.5), float(generator.uniform(0.1, 0.4))

    def step(x: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any) -> list[Any]:
        running = home.Tensor(running_mean.data.copy()), home.Tensor(running_var.data.copy())
        return [home.batch_norm(x, *running, weight, bias, training, momentum), *running]

    shapes = ((int(generator.integers(2, 5)), channels, 2, 3), (channels,), (channels,), (channels,), (channels,))
    inputs = [home.Tensor(generator.uniform(0.5, 2.0, shape)) for shape in shapes]
    return Case(step, *inputs)


def _batch_norm(
    inputs: tuple[Any, ...],
    *,
    over: tuple[int, ...] = (0, 2, 3),
    correction: int = 0,
    remember: int = 1,
    updates: bool = True,
    by_batch: Callable[[bool], bool] = bool,
    swapped: bool = False,
) -> Any:
    """batch_norm with something changed.

    over: the axes of the statistics. correction, remember: what is taken from n in the variance that normalises, and
    in the one that is remembered. updates: whether the running ones change. by_batch: whether to normalise by the
    batch, given `training`. swapped: momentum the wrong way round.
    """
    x, running_mean, running_var, weight, bias, training, momentum, eps = inputs
    mean, var = x.mean(dim=over, keepdim=True), x.var(dim=over, keepdim=True, correction=correction)
    if training and updates:
        keep, take = (momentum, 1 - momentum) if swapped else (1 - momentum, momentum)
        estimate = x.var(dim=over, keepdim=True, correction=remember)
        for running, now in ((running_mean, mean), (running_var, estimate)):
            running.data *= keep
            running.data += take * now.data.mean(axis=(0, 2, 3))
    if not by_batch(training):
        mean, var = running_mean.reshape(-1, 1, 1), running_var.reshape(-1, 1, 1)
    y = (x - mean) / (var + eps).sqrt()
    y = y if weight is None else y * weight.reshape(-1, 1, 1)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@misconception(
    "batch_norm",
    name="the running variance is that of the batch, divided by n",
    belief="There is one variance, and it both normalises and is remembered.",
    explanation="What is remembered is an estimate for all images: the variance divided by n - 1.",
    hints=("Compare with x.var(correction=1) on a batch of two values per channel.", "Times n / (n - 1)."),
)
def running_var_biased(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, remember=0)


@misconception(
    "batch_norm",
    name="the batch is normalised by the variance divided by n - 1",
    belief="A sample variance divides by n - 1.",
    explanation="The output has variance 1 exactly: it is normalised by the variance of these numbers, divided by n.",
    hints=("What is the variance of each channel of your output?", "n / (n - 1) is for the running estimate alone."),
)
def normalised_unbiased(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, correction=1)


@misconception(
    "batch_norm",
    name="momentum is used the wrong way round",
    belief="Momentum is the part of the old estimate that is kept, as in an optimizer.",
    explanation="Here momentum is the part of the new batch: running = (1 - momentum)*running + momentum*batch.",
    hints=("With momentum 0.1, how much of the old estimate stays? Nine tenths.", "*= 1 - momentum."),
)
def momentum_swapped(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, swapped=True)


@misconception(
    "batch_norm",
    name="every image is normalised by itself",
    belief="The statistics of a channel are those of one image's channel.",
    explanation="The statistics are taken over all images and places of the batch, one pair per channel.",
    hints=("How many means are there for 4 images of 2 channels? Two.", "The axes are (0, 2, 3)."),
)
def each_image_by_itself(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, over=(2, 3))


@misconception(
    "batch_norm",
    name="all channels share one mean and variance",
    belief="The batch has a mean and a variance.",
    explanation="Each channel has a mean and a variance of its own: the channel axis is not summed over.",
    hints=("One channel is 100 times brighter. Do both come out with mean 0?", "The axes are (0, 2, 3)."),
)
def channels_share_statistics(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, over=(0, 1, 2, 3))


@misconception(
    "batch_norm",
    name="the batch's statistics are used in evaluation, too",
    belief="Normalising means by the numbers at hand.",
    explanation="In evaluation the running estimates are used: an image's answer must not depend on its neighbours.",
    hints=("In eval mode, give one image alone and in a batch. Same answer?", "Look at `training`."),
)
def batch_statistics_in_eval(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, by_batch=lambda training: True)


@misconception(
    "batch_norm",
    name="the running estimates are used in training, too",
    belief="The estimates are updated, and then they normalise.",
    explanation="In training the batch's own mean and variance normalise it; the estimates are for evaluation.",
    hints=("In training, is the mean of each channel of your output 0?", "mean and var of x go into normalize."),
)
def running_statistics_in_training(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, by_batch=lambda training: False)


@misconception(
    "batch_norm",
    name="the running estimates do not change",
    belief="running_mean = ... updates the layer's estimate.",
    explanation="An assignment makes a new name. The layer's tensor changes in place: running_mean.data *= ...",
    hints=("Look at layer.running_mean after a step in training.", "Write into .data, do not assign the name."),
)
def running_not_updated(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    inputs = x, running_mean, running_var, weight, bias, training, momentum, eps
    return _batch_norm(inputs, updates=False)


# --- layers ---


@contextlib.contextmanager
def _same_weights(home: types.ModuleType) -> Iterator[None]:
    """What is drawn inside is the same each time; after, the generator goes on where it was."""
    random = home.default_generator().bit_generator
    before = random.state
    random.state = type(random)(9).state
    try:
        yield
    finally:
        random.state = before


@draws("Flatten.forward")
def _flatten_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def flat(x: Any) -> Any:
        return home.Flatten()(x)

    return Case(flat, home.Tensor(generator.standard_normal(generator.integers(2, 5, 4))))


@misconception(
    "Flatten.forward",
    name="the batch is merged, too",
    belief="Flat means one axis.",
    explanation="Each image becomes one row: the batch axis stays, (N, C, H, W) becomes (N, C*H*W).",
    hints=("How many rows should two images give?", "From start_dim on; axis 0 stays."),
)
def batch_merged(self: Any, x: Any) -> Any:
    return x.flatten()


@misconception(
    "Flatten.forward",
    name="the pixels are taken with their channels last",
    belief="A picture is a list of pixels, each with its channels.",
    explanation="The numbers stay in the order in which they lie: all of channel 0, then all of channel 1.",
    hints=("Flatten np.arange(8).reshape(1, 2, 2, 2): do you get 0 to 7 in order?", "A reshape is all it takes."),
)
def flattened_channels_last(self: Any, x: Any) -> Any:
    return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(self.start_dim, self.end_dim)


@draws("Conv2d.__init__")
def _conv2d_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def weights(in_channels: int, out_channels: int, kernel_size: int) -> list[Any]:
        with _same_weights(home):
            return [home.Conv2d(in_channels, out_channels, kernel_size).weight.data for _ in range(2)]

    return Case(weights, *(int(n) for n in generator.integers(2, 6, 3)))


def _conv2d_init(layer: Any, settings: tuple[Any, ...], std: Callable[[tuple[int, ...]], float], again: bool) -> None:
    """Conv2d.__init__ with other weights: of standard deviation std(shape), the same again for every layer."""
    home = home_of(layer)
    home.Module.__init__(layer)
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias = settings
    layer.in_channels, layer.out_channels, layer.groups = in_channels, out_channels, groups
    layer.kernel_size, layer.stride = home.pair("kernel_size", kernel_size, 1), home.pair("stride", stride, 1)
    layer.padding = padding if isinstance(padding, str) else home.pair("padding", padding, 0)
    layer.dilation = home.pair("dilation", dilation, 1)
    shape = (out_channels, in_channels // groups, *layer.kernel_size)
    random = np.random.default_rng(0) if again else home.default_generator()
    layer.weight = home.Parameter(random.standard_normal(shape, np.float32) * np.float32(std(shape)))
    layer.bias = home.Parameter(np.zeros(out_channels, np.float32)) if bias else None


@misconception(
    "Conv2d.__init__",
    name="the weights are multiplied by the variance in place of the standard deviation",
    belief="The weights need variance 2 / fan_in, so that is the factor.",
    explanation="A factor of s gives the standard deviation s: variance 2 / fan_in needs sqrt(2 / fan_in).",
    hints=("What is the variance of 3 * z, if z has variance 1?", "A square root is missing."),
)
def scaled_by_variance(
    self: Any, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1, bias: bool = True,
) -> None:  # fmt: skip
    settings = in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
    _conv2d_init(self, settings, lambda shape: 2 / math.prod(shape[1:]), again=False)


@misconception(
    "Conv2d.__init__",
    name="fan_in is taken without the channels",
    belief="Each output sums over the pixels of a window: kh*kw.",
    explanation="Each output sums over all channels of the window: fan_in is channels*kh*kw.",
    hints=("How many products are in one output of a 3x3 kernel on 16 channels?", "16*9, not 9."),
)
def fan_in_without_channels(
    self: Any, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1, bias: bool = True,
) -> None:  # fmt: skip
    settings = in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
    _conv2d_init(self, settings, lambda shape: math.sqrt(2 / math.prod(shape[2:])), again=False)


@misconception(
    "Conv2d.__init__",
    name="fan_in is taken without the kernel",
    belief="The number of inputs is in_channels, as in Linear.",
    explanation="Each output sums over a window of every channel: fan_in is channels*kh*kw.",
    hints=("How many products are in one output of a 3x3 kernel on 16 channels?", "16*9, not 16."),
)
def fan_in_without_kernel(
    self: Any, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1, bias: bool = True,
) -> None:  # fmt: skip
    settings = in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
    _conv2d_init(self, settings, lambda shape: math.sqrt(2 / shape[1]), again=False)


@misconception(
    "Conv2d.__init__",
    name="the variance is 1 / fan_in",
    belief="Variance 1 / fan_in keeps the signal's size.",
    explanation="A ReLU throws half of the signal away, so the weights need twice that variance: 2 / fan_in.",
    hints=("What part of the numbers is left after a ReLU?", "He et al. 2015: sqrt(2 / fan_in)."),
)
def variance_without_relu(
    self: Any, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1, bias: bool = True,
) -> None:  # fmt: skip
    settings = in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
    _conv2d_init(self, settings, lambda shape: math.sqrt(1 / math.prod(shape[1:])), again=False)


@misconception(
    "Conv2d.__init__",
    name="every layer draws the same weights",
    belief="A generator with a fixed seed, made in the layer, makes results repeatable.",
    explanation="Two layers then start alike. All draw from default_generator(), which manual_seed makes repeatable.",
    hints=("Make two layers of one shape and compare their weights.", "default_generator(), not default_rng(0)."),
)
def same_weights_each_time(
    self: Any, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1, bias: bool = True,
) -> None:  # fmt: skip
    settings = in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
    _conv2d_init(self, settings, lambda shape: math.sqrt(2 / math.prod(shape[1:])), again=True)


@draws("SimpleCNN.forward")
def _networks(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def logits(images: Any) -> Any:
        with _same_weights(home):
            return home.SimpleCNN()(images)

    return Case(logits, home.Tensor(generator.standard_normal((2, 3, 32, 32)).astype(np.float32)))


@draws("SimpleCNN.__init__")
def _parameter_counts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def sizes(num_classes: int) -> Any:
        return [parameter.size for parameter in home.SimpleCNN(num_classes).parameters()]

    return Case(sizes, int(generator.integers(2, 20)))


@misconception(
    "SimpleCNN.forward",
    name="the ReLUs are left out",
    belief="The pooling is what stands between the convolutions.",
    explanation="A ReLU follows each convolution; without it a convolution after a convolution is just one.",
    hints=("Which steps does the picture show between conv1 and conv2?", "conv1, relu, pool, conv2, relu, pool."),
)
def relu_left_out(self: Any, x: Any) -> Any:
    x = self.pool(self.conv2(self.pool(self.conv1(x))))
    return self.fc(self.flatten(x))


@misconception(
    "SimpleCNN.forward",
    name="the network ends with a softmax",
    belief="A classifier gives probabilities.",
    explanation="The network gives logits: cross_entropy takes the softmax itself, and would then take it twice.",
    hints=("Do your outputs sum to 1 for each image? Logits do not.", "fc comes last."),
)
def softmax_at_the_end(self: Any, x: Any) -> Any:
    relu = home_of(self).relu
    x = self.pool(relu(self.conv2(self.pool(relu(self.conv1(x))))))
    odds = self.fc(self.flatten(x)).exp()
    return odds / odds.sum(dim=1, keepdim=True)


@misconception(
    "SimpleCNN.__init__",
    name="the convolutions have no padding",
    belief="Padding is an extra that a network can do without.",
    explanation="With padding 1 a 3x3 convolution keeps the size, so that 64*8*8 numbers reach the dense layer.",
    hints=("32 pixels, a 3x3 kernel without padding, a pooling of 2: how many are left?", "padding=1 in both."),
)
def without_padding(self: Any, num_classes: int = 10) -> None:
    home = home_of(self)
    home.Module.__init__(self)
    self.conv1, self.conv2 = home.Conv2d(3, 32, 3), home.Conv2d(32, 64, 3)
    self.pool, self.flatten, self.fc = home.MaxPool2d(2), home.Flatten(), home.Linear(64 * 6 * 6, num_classes)
