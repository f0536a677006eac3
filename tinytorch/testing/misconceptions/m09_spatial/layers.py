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
from tinytorch.testing.misconceptions import draws, layer, misconception
from tinytorch.testing.misconceptions import home as home_of
from tinytorch.testing.misconceptions.m09_spatial.arrays import (
    Array,
    avg_pool2d,
    max_pool2d,
    pixel_counts,
    pooled_windows,
    spread,
)

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
    return Case(home.max_pool2d, 1e4 * generator.standard_normal(shape) - 1e4, **settings)


@draws("vjp(max_pool2d)")
def _max_pool_gradients(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shape, settings = _pool_settings(generator)
    ties = generator.integers(-2, 2, shape) + 1e-9 * generator.integers(0, 2, shape)
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
def max_pads_with_zero(x: Array, **settings: Any) -> Array:
    return pooled_windows(x, **settings).max(axis=(4, 5))


@misconception(
    "max_pool2d",
    name="the border is a large negative number",
    belief="-1000 is smaller than any pixel.",
    explanation="Only minus infinity is smaller than every number: -np.inf.",
    hints=("Pool an image whose pixels are all -5000, with padding 1.", "The border is -np.inf."),
)
def max_pads_with_a_number(x: Array, **settings: Any) -> Array:
    return pooled_windows(x, **settings, value=-1000.0).max(axis=(4, 5))


@misconception(
    "max_pool2d",
    name="the largest number so far begins with 0",
    belief="y starts as zeros, and larger numbers replace them.",
    explanation="Among negative numbers the zeros would win: y starts as -np.inf everywhere.",
    hints=("Pool an image of negative numbers. Is any 0 left?", "np.full(shape, -np.inf)."),
)
def max_with_zero(x: Array, **settings: Any) -> Array:
    return np.maximum(max_pool2d(x, **settings), 0)


@misconception(
    "max_pool2d",
    name="the stride is 1 where none is given",
    belief="A stride that is not given is 1, as in a convolution.",
    explanation="In pooling a stride that is not given is the kernel's size: the windows do not overlap.",
    hints=("Pooling 2 halves the picture. What size is yours?", "stride=None means kernel_size."),
)
def max_at_stride_one(x: Array, *, stride: Any, **settings: Any) -> Array:
    return max_pool2d(x, stride=1 if stride is None else stride, **settings)


@misconception(
    "max_pool2d",
    name="the maximum is taken over the channels, too",
    belief="The largest number in a window is looked for in all channels.",
    explanation="Every channel is pooled by itself: there are as many channels after as before.",
    hints=("How many channels has the output?", "Only the window's own axes are combined, not axis 1."),
)
def max_over_channels(x: Array, **settings: Any) -> Array:
    return max_pool2d(x, **settings).max(axis=1, keepdims=True)


@misconception(
    "max_pool2d",
    name="the maximum is taken over the whole channel",
    belief="y.max() is the largest number.",
    explanation="Each window has a maximum of its own: compare element by element, with np.maximum.",
    hints=("Do two windows with different numbers give the same output?", "np.maximum(y, padded[pixels], out=y)."),
)
def max_of_channel(x: Array, **settings: Any) -> Array:
    y = max_pool2d(x, **settings)
    return np.broadcast_to(x.max(axis=(2, 3), keepdims=True), y.shape).copy()


@misconception(
    "max_pool2d",
    name="the number with the largest magnitude is taken",
    belief="The strongest response counts, whatever its sign.",
    explanation="The maximum is the largest number: -1 is larger than -5.",
    hints=("Which is larger, -5 or 1?", "np.maximum on the numbers as they are, without abs."),
)
def max_of_magnitudes(x: Array, **settings: Any) -> Array:
    high, low = max_pool2d(x, **settings), -max_pool2d(-x, **settings)
    return np.where(-low > high, low, high)


@misconception(
    "max_pool2d",
    name="only the last kernel position counts",
    belief="y = padded[pixels]: the loop leaves the result in y.",
    explanation="Each turn keeps the larger of what is there and what comes: np.maximum(y, ...).",
    hints=("In the window 4 1 / 2 3, which number do you get?", "np.maximum(y, padded[pixels], out=y)."),
)
def max_of_last_position(x: Array, **settings: Any) -> Array:
    return pooled_windows(x, **settings, value=-np.inf)[..., -1, -1]


def _shared(
    share: Callable[[Array], Array],
    grad: Array,
    out: Array,
    x: Array,
    settings: dict[str, Any],
    overwrite: bool = False,
    near: Callable[[Array, Array], Array] = np.equal,
) -> Array:
    """dx where, of each window's gradient, every position (p, q) gets the part `share(hits)`; hits are the maxima."""
    hits = near(pooled_windows(x, **settings, value=-np.inf), out[..., None, None])
    return _spread(grad[..., None, None] * share(hits), x, settings, overwrite)


def _spread(parts: Array, x: Array, settings: dict[str, Any], overwrite: bool = False) -> Array:
    stride = settings["kernel_size"] if settings["stride"] is None else settings["stride"]
    return spread(parts, x.shape[2:], stride, settings["padding"], settings.get("dilation", 1), overwrite)


def _first(hits: Array) -> Array:
    flat = hits.reshape(*hits.shape[:4], -1)
    return (flat & (flat.cumsum(axis=-1) == 1)).reshape(hits.shape)


@misconception(
    "vjp(max_pool2d)",
    name="equal maxima share the gradient",
    belief="It is fair to divide the gradient among equals.",
    explanation="As in torch the first of equals, in reading order, gets all of it.",
    hints=("Four equal pixels in a window: what does the second one get? Nothing.", "Is ~taken part of the hit?"),
)
def ties_share(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    return _shared(lambda hits: hits / hits.sum(axis=(4, 5), keepdims=True), grad, out, x, settings)


@misconception(
    "vjp(max_pool2d)",
    name="every one of equal maxima gets the full gradient",
    belief="A pixel that equals the maximum is the maximum.",
    explanation="A window hands its gradient out once, to the first of equals; whole windows are 0 after a ReLU.",
    hints=(
        "Four equal pixels and a gradient of 1: what is the sum of what they get?",
        "A window that was hit is taken: taken |= hit.",
    ),
)
def ties_all_get_it(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    return _shared(lambda hits: hits, grad, out, x, settings)


@misconception(
    "vjp(max_pool2d)",
    name="a window is free again after a position without a hit",
    belief="taken = hit remembers the windows that were hit.",
    explanation="It remembers those of the last position only. A window stays taken: taken |= hit.",
    hints=("The first and the last pixel of a window are its maximum. What does the last one get?", "taken |= hit."),
)
def taken_is_forgotten(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    def hit_again(hits: Array) -> Array:
        flat = hits.reshape(*hits.shape[:4], -1).copy()
        for position in range(1, flat.shape[-1]):
            flat[..., position] &= ~flat[..., position - 1]
        return flat.reshape(hits.shape)

    return _shared(hit_again, grad, out, x, settings)


@misconception(
    "vjp(max_pool2d)",
    name="a pixel that is nearly the maximum counts as the maximum",
    belief="Floating numbers must not be compared with ==, so np.isclose.",
    explanation="The maximum is a copy of one of the pixels, so exactly that pixel equals it: ==.",
    hints=("Pixels 1 and 1.000000001: which one gets the gradient?", "== in place of np.isclose."),
)
def nearly_equal_gets_it(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    return _shared(_first, grad, out, x, settings, near=np.isclose)


@misconception(
    "vjp(max_pool2d)",
    name="the last of equal maxima gets the gradient",
    belief="Among equals any one will do.",
    explanation="Among equals it is the first in reading order, as in torch, so that results can be compared.",
    hints=("The loop goes through the positions in order. Which of equals is met first?", "Do not reverse them."),
)
def last_tie_gets_it(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    def last(hits: Array) -> Array:
        return _first(hits[..., ::-1, ::-1])[..., ::-1, ::-1]

    return _shared(last, grad, out, x, settings)


@misconception(
    "vjp(max_pool2d)",
    name="every pixel of a window gets its gradient",
    belief="The output came from the window, so the window gets the gradient.",
    explanation="Only the largest pixel had an influence on the output; turning another one up changes nothing.",
    hints=("Turn the smallest pixel of a window up a little. Does the maximum move?", "Only where it equals `out`."),
)
def whole_window_gets_it(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    return _shared(np.ones_like, grad, out, x, settings)


@misconception(
    "vjp(max_pool2d)",
    name="overlapping windows overwrite each other's gradient",
    belief="Every pixel belongs to one window.",
    explanation="A pixel that is the largest of several windows gets the gradients of all of them: they are added.",
    hints=("A peak in the middle is the maximum of four 2x2 windows at stride 1: it gets 4.", "+= in place of =."),
)
def overlaps_overwrite(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    return _shared(_first, grad, out, x, settings, overwrite=True)


@misconception(
    "vjp(max_pool2d)",
    name="the border is 0, not -inf",
    belief="The gradient needs no special border: the maximum is known already.",
    explanation="Where the maximum of a window is 0, a border of 0 comes first and takes the gradient of the pixel.",
    hints=("An image of zeros with padding 1: which pixels get a gradient?", "The same border as in max_pool2d."),
)
def border_takes_it(grad: Array, out: Array, x: Array, **settings: Any) -> Array:
    hits = pooled_windows(x, **settings) == out[..., None, None]
    return _spread(grad[..., None, None] * _first(hits), x, settings)


@misconception(
    "avg_pool2d",
    name="the border is never counted",
    belief="Zeros that were added are no pixels, so the mean leaves them out.",
    explanation="With count_include_pad=True, torch's default, the zeros of the border count as pixels.",
    hints=("Pool ones with kernel 2 and padding 1: the corner is 0.25.", "win.pixel_counts knows both ways."),
)
def border_never_counted(x: Array, *, count_include_pad: bool, **settings: Any) -> Array:
    return avg_pool2d(x, count_include_pad=False, **settings)


@misconception(
    "avg_pool2d",
    name="the border is always counted",
    belief="A 2x2 window has four numbers, so the sum is divided by 4.",
    explanation="With count_include_pad=False each window divides by the number of image pixels in it.",
    hints=("Pool ones with count_include_pad=False: the mean of ones is 1.", "win.pixel_counts knows both ways."),
)
def border_always_counted(x: Array, *, count_include_pad: bool, **settings: Any) -> Array:
    return avg_pool2d(x, count_include_pad=True, **settings)


@misconception(
    "avg_pool2d",
    name="the sum is not divided",
    belief="Adding up the window is pooling.",
    explanation="The mean is the sum divided by the number of pixels.",
    hints=("Pool a constant image: the constant should come out.", "Divide by win.pixel_counts."),
)
def sum_not_divided(x: Array, *, count_include_pad: bool, **settings: Any) -> Array:
    return pooled_windows(x, **settings).sum(axis=(4, 5))


def _averaged(grad: Array, x: Array, counts: Any, settings: dict[str, Any], overwrite: bool = False) -> Array:
    each = grad / counts
    parts = np.broadcast_to(each[..., None, None], pooled_windows(x, **settings).shape)
    return _spread(parts, x, settings, overwrite)


@misconception(
    "vjp(avg_pool2d)",
    name="every pixel of a window gets the whole gradient",
    belief="All pixels of the window contributed, so all get the gradient.",
    explanation="Each pixel contributed its share, 1 / count, and gets that share of the gradient.",
    hints=("Turn one of four pixels up by 1. By how much does their mean rise?", "Divide as the forward did."),
)
def mean_gradient_not_divided(grad: Array, out: Array, x: Array, *, count_include_pad: bool, **settings: Any) -> Array:
    return _averaged(grad, x, 1, settings)


@misconception(
    "vjp(avg_pool2d)",
    name="overlapping windows overwrite each other's gradient",
    belief="Every pixel belongs to one window.",
    explanation="A pixel that stands in several windows gets a share of the gradient of each: they are added.",
    hints=("The middle of a 3x3 image stands in four 2x2 windows at stride 1.", "+= in place of =."),
)
def mean_overlaps_overwrite(grad: Array, out: Array, x: Array, *, count_include_pad: bool, **settings: Any) -> Array:
    return _averaged(grad, x, pixel_counts(x, count_include_pad, **settings), settings, overwrite=True)


@misconception(
    "vjp(avg_pool2d)",
    name="the gradient is divided by the kernel's size even where the border does not count",
    belief="A 2x2 window has four numbers, so each gets a quarter.",
    explanation="The backward divides by what the forward divided by: see count_include_pad.",
    hints=("A window with one image pixel: its mean is that pixel. What is its share?", "win.pixel_counts again."),
)
def mean_gradient_counts_border(
    grad: Array, out: Array, x: Array, *, count_include_pad: bool, **settings: Any
) -> Array:
    return _averaged(grad, x, pixel_counts(x, True, **settings), settings)


# --- batch normalisation: on tensors, whose own methods are all that is needed ---


@draws("batch_norm")
def _batch_norm_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    channels = int(generator.integers(2, 5))
    training, momentum = bool(generator.random() < 0.5), float(generator.uniform(0.1, 0.4))
    eps = float(generator.choice([1e-5, 0.5]))

    def step(x: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any) -> list[Any]:
        running = home.Tensor(running_mean.data.copy()), home.Tensor(running_var.data.copy())
        return [home.batch_norm(x, *running, weight, bias, training, momentum, eps), *running]

    shapes = ((int(generator.integers(2, 5)), channels, 2, 3), (channels,), (channels,), (channels,), (channels,))
    inputs = [home.Tensor(generator.uniform(0.5, 2.0, shape)) for shape in shapes]
    if generator.random() < 0.25:
        inputs[int(generator.integers(3, 5))] = None
    return Case(step, *inputs)


def _batch_norm(
    *,
    over: tuple[int, ...] = (0, 2, 3),
    correction: int = 0,
    remember: int = 1,
    updates: bool = True,
    by_batch: Callable[[bool], bool] = bool,
    swapped: bool = False,
    deviation: Callable[[Any, float], Any] = lambda var, eps: (var + eps).sqrt(),
    scaled: bool = True,
    both_or_none: bool = False,
    grows: bool = True,
) -> Callable[..., Any]:
    """A batch_norm with something changed.

    over: the axes of the statistics. correction, remember: the correction of the variance that normalises, and of the
    running one. updates: whether the running ones change. by_batch: whether to normalise by the batch, given
    `training`. swapped: momentum the wrong way round. deviation: what is divided by. scaled: whether weight and bias
    are used. both_or_none: whether one without the other is left out. grows: whether the running estimates shrink by
    1 - momentum first.
    """

    def batch_norm(
        x: Any,
        running_mean: Any,
        running_var: Any,
        weight: Any = None,
        bias: Any = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Any:
        mean, var = x.mean(dim=over, keepdim=True), x.var(dim=over, keepdim=True, correction=correction)
        if training and updates:
            keep, take = (momentum, 1 - momentum) if swapped else (1 - momentum, momentum)
            estimate = x.var(dim=over, keepdim=True, correction=remember)
            for running, now in ((running_mean, mean), (running_var, estimate)):
                running.data *= keep if grows else 1
                running.data += take * now.data.mean(axis=(0, 2, 3))
        if not by_batch(training):
            mean, var = running_mean.reshape(-1, 1, 1), running_var.reshape(-1, 1, 1)
        y = (x - mean) / deviation(var, eps)
        if not scaled or (both_or_none and (weight is None or bias is None)):
            return y
        y = y if weight is None else y * weight.reshape(-1, 1, 1)
        return y if bias is None else y + bias.reshape(-1, 1, 1)

    return batch_norm


@misconception(
    "batch_norm",
    name="the running variance is that of the batch, divided by n",
    belief="There is one variance, and it both normalises and is remembered.",
    explanation="What is remembered is an estimate for all images: the variance divided by n - 1.",
    hints=("Compare with x.var(correction=1) on a batch of two values per channel.", "correction=1, for that one."),
)
def running_var_biased(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(remember=0)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the batch is normalised by the variance divided by n - 1",
    belief="A sample variance divides by n - 1.",
    explanation="The output has variance 1 exactly: it is normalised by the variance of these numbers, divided by n.",
    hints=("What is the variance of each channel of your output?", "correction=0; 1 is for the running estimate."),
)
def normalised_unbiased(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(correction=1)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="momentum is used the wrong way round",
    belief="Momentum is the part of the old estimate that is kept, as in an optimizer.",
    explanation="Here momentum is the part of the new batch: running = (1 - momentum)*running + momentum*batch.",
    hints=("With momentum 0.1, how much of the old estimate stays? Nine tenths.", "*= 1 - momentum."),
)
def momentum_swapped(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(swapped=True)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the running estimates grow: the old part is not reduced",
    belief="running += momentum * batch.",
    explanation="The old estimate keeps 1 - momentum of its value: running *= 1 - momentum comes first.",
    hints=("After many equal batches, should the estimate go on growing?", "*= 1 - momentum, then +=."),
)
def running_not_reduced(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(grows=False)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="every image is normalised by itself",
    belief="The statistics of a channel are those of one image's channel.",
    explanation="The statistics are taken over all images and places of the batch, one pair per channel.",
    hints=("How many means are there for 4 images of 2 channels? Two.", "The axes are (0, 2, 3)."),
)
def each_image_by_itself(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(over=(2, 3))(*inputs, **settings)


@misconception(
    "batch_norm",
    name="all channels share one mean and variance",
    belief="The batch has a mean and a variance.",
    explanation="Each channel has a mean and a variance of its own: the channel axis is not summed over.",
    hints=("One channel is 100 times brighter. Do both come out with mean 0?", "The axes are (0, 2, 3)."),
)
def channels_share_statistics(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(over=(0, 1, 2, 3))(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the batch's statistics are used in evaluation, too",
    belief="Normalising means by the numbers at hand.",
    explanation="In evaluation the running estimates are used: an image's answer must not depend on the others.",
    hints=("In eval mode, give one image alone and in a batch. Same answer?", "Look at `training`."),
)
def batch_statistics_in_eval(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(by_batch=lambda training: True)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the running estimates are used in training, too",
    belief="The estimates are updated, and then they normalise.",
    explanation="In training the batch's own mean and variance normalise it; the estimates are for evaluation.",
    hints=("In training, is the mean of each channel of your output 0?", "mean and var of x go into the formula."),
)
def running_statistics_in_training(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(by_batch=lambda training: False)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the running estimates do not change",
    belief="running_mean = ... updates the layer's estimate.",
    explanation="An assignment makes a new name. The layer's tensor changes in place: running_mean.data *= ...",
    hints=("Look at layer.running_mean after a step in training.", "Write into .data, do not assign the name."),
)
def running_not_updated(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(updates=False)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="eps is added to the standard deviation, not to the variance",
    belief="eps keeps the division from dividing by zero, so it stands beside the root.",
    explanation="eps is added to the variance, under the root: sqrt(var + eps).",
    hints=("With eps = 0.5 and variance 1, what is divided by? 1.2247.", "(var + eps).sqrt()."),
)
def eps_outside(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(deviation=lambda var, eps: var.sqrt() + eps)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="the root is forgotten",
    belief="Dividing by the variance gives variance 1.",
    explanation="Dividing by the standard deviation gives variance 1: the root of the variance.",
    hints=("Numbers with variance 4: by what must they be divided?", "(var + eps).sqrt()."),
)
def root_forgotten(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(deviation=lambda var, eps: var + eps)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="weight and bias are not used",
    belief="Normalising is all there is to it.",
    explanation="The network chooses its own scale and shift: times weight, plus bias, per channel.",
    hints=("What does the layer give with weight 2 and bias 1?", "y * weight + bias, each of shape (C, 1, 1)."),
)
def not_scaled(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(scaled=False)(*inputs, **settings)


@misconception(
    "batch_norm",
    name="weight and bias are used only together",
    belief="Where there is a weight, there is a bias.",
    explanation="Either may be None: a weight without a bias still scales, and a bias without a weight still shifts.",
    hints=("What does a weight of 2 give without a bias?", "One question for the weight, and one for the bias."),
)
def only_together(*inputs: Any, **settings: Any) -> Any:
    return _batch_norm(both_or_none=True)(*inputs, **settings)


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


@draws("Conv2d.__init__")
def _conv2d_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def parameters(channels: int, out_channels: int, kernel_size: int, groups: int) -> list[Any]:
        sizes = channels * groups, out_channels * groups, kernel_size
        with _same_weights(home):
            layers = [home.Conv2d(*sizes, groups=groups, bias=bias) for bias in (True, True, False)]
        found = [p for layer in layers for p in layer.parameters()]
        return [len(found), *(p.data for p in found), *(p.dtype.name for p in found)]

    return Case(parameters, *(int(n) for n in generator.integers(2, 6, 4)))


def _conv2d_init(
    factor: Callable[[tuple[int, ...], Any], float],
    again: bool = False,
    uniform: bool = False,
    kinds: tuple[str, str] = ("Parameter", "Parameter"),
    dtype: Any = np.float32,
    shape_of: Callable[[tuple[int, ...], Any], tuple[int, ...]] = lambda shape, layer: shape,
    first_bias: float = 0.0,
    bias_always: bool = False,
) -> Callable[..., None]:
    """A Conv2d.__init__ whose weights are multiplied by factor(shape, layer), or that has something else changed."""

    def init(
        self: Any,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        home = home_of(self)
        self.keep(in_channels=in_channels, out_channels=out_channels, kernel_size=home.pair("k", kernel_size, 1))
        self.keep(stride=stride, padding=padding, dilation=dilation, groups=groups)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        random = np.random.default_rng(0) if again else home.default_generator()
        drawn = shape_of(shape, self)
        weight = random.uniform(-1, 1, drawn) if uniform else random.standard_normal(drawn, np.float32)
        weight = weight.astype(np.float32) * np.float32(factor(shape, self))
        self.weight = getattr(home, kinds[0])(weight.astype(dtype))
        has_bias = bias or bias_always
        self.bias = getattr(home, kinds[1])(np.full(out_channels, first_bias, dtype)) if has_bias else None

    return init


def _he(shape: tuple[int, ...], layer: Any) -> float:
    return math.sqrt(2 / math.prod(shape[1:]))


@misconception(
    "Conv2d.__init__",
    name="the weights are multiplied by the variance in place of the standard deviation",
    belief="The weights need variance 2 / fan_in, so that is the factor.",
    explanation="A factor of s gives the standard deviation s: variance 2 / fan_in needs sqrt(2 / fan_in).",
    hints=("What is the variance of 3 * z, if z has variance 1?", "A square root is missing."),
)
def scaled_by_variance(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: _he(shape, layer) ** 2)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="fan_in is taken without the channels",
    belief="Each output sums over the pixels of a window: kh*kw.",
    explanation="Each output sums over all channels of the window: fan_in is channels*kh*kw.",
    hints=("How many products are in one output of a 3x3 kernel on 16 channels?", "16*9, not 9."),
)
def fan_in_without_channels(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: math.sqrt(2 / math.prod(shape[2:])))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="fan_in is taken without the kernel",
    belief="The number of inputs is in_channels, as in Linear.",
    explanation="Each output sums over a window of every channel: fan_in is channels*kh*kw.",
    hints=("How many products are in one output of a 3x3 kernel on 16 channels?", "16*9, not 16."),
)
def fan_in_without_kernel(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: math.sqrt(2 / shape[1]))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="fan_in counts the channels of all groups",
    belief="Each output sums over in_channels.",
    explanation="With groups a filter reaches through in_channels / groups channels only.",
    hints=("Which shape does weight[0] have with groups=2?", "math.prod of that shape is fan_in."),
)
def fan_in_of_all_groups(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: _he(shape, layer) / math.sqrt(layer.groups))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="fan_out is taken in place of fan_in",
    belief="The number of outputs decides how large the weights are.",
    explanation="Each output is a sum of fan_in products, so fan_in decides how large it gets.",
    hints=("Over how many products is one output summed?", "in_channels / groups, not out_channels."),
)
def fan_out(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: math.sqrt(2 / (shape[0] * math.prod(shape[2:]))))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the variance is 1 / fan_in",
    belief="Variance 1 / fan_in keeps the signal's size.",
    explanation="A ReLU sets half of the signal to zero, so the weights need twice that variance: 2 / fan_in.",
    hints=("What part of the numbers is left after a ReLU?", "He et al. 2015: sqrt(2 / fan_in)."),
)
def variance_without_relu(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: _he(shape, layer) / math.sqrt(2))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the weights are drawn uniformly",
    belief="Only the variance matters.",
    explanation="The docstring asks for the normal distribution.",
    hints=("Does any weight lie beyond two standard deviations?", "standard_normal, not uniform."),
)
def weights_drawn_uniformly(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(lambda shape, layer: _he(shape, layer) * math.sqrt(3), uniform=True)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="every layer draws the same weights",
    belief="A generator with a fixed seed, made in the layer, makes results repeatable.",
    explanation="Two layers then start alike. All draw from default_generator(), which manual_seed makes repeatable.",
    hints=("Make two layers of one shape and compare their weights.", "default_generator(), not default_rng(0)."),
)
def same_weights_each_time(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, again=True)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the weight is a Tensor, not a Parameter",
    belief="A tensor is a tensor.",
    explanation="Only a Parameter is learned: model.parameters() does not find a plain Tensor.",
    hints=("What does list(layer.parameters()) hold?", "Parameter(...) around the array."),
)
def weight_is_no_parameter(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, kinds=("Tensor", "Parameter"))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the bias is a Tensor, not a Parameter",
    belief="The bias starts at 0, so it is a tensor of zeros.",
    explanation="Only a Parameter is learned: model.parameters() does not find a plain Tensor.",
    hints=("What does list(layer.parameters()) hold?", "Parameter(...) around the zeros."),
)
def bias_is_no_parameter(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, kinds=("Parameter", "Tensor"))(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="weight and bias are float64",
    belief="NumPy's numbers are float64.",
    explanation="A network computes in float32: float64 takes twice the memory and time.",
    hints=("What is layer.weight.dtype?", "standard_normal(shape, np.float32), and np.float32(...) around the factor."),
)
def parameters_are_float64(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, dtype=np.float64)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the weight has in_channels channels, whatever the groups",
    belief="A filter reaches through all channels.",
    explanation="With groups a filter reaches through in_channels / groups channels only.",
    hints=("Which shape does the weight have with groups=2?", "in_channels // groups."),
)
def groups_forgotten(self: Any, *sizes: Any, **settings: Any) -> None:
    def shape_of(shape: tuple[int, ...], layer: Any) -> tuple[int, ...]:
        return (shape[0], layer.in_channels, *shape[2:])

    _conv2d_init(_he, shape_of=shape_of)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="the bias starts at 1",
    belief="A weight that is 0 learns nothing.",
    explanation="The bias starts at 0: its gradient is not 0, so it learns all the same.",
    hints=("What does a new layer give for an image of zeros?", "np.zeros(out_channels, np.float32)."),
)
def bias_starts_at_one(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, first_bias=1.0)(self, *sizes, **settings)


@misconception(
    "Conv2d.__init__",
    name="there is a bias even with bias=False",
    belief="A bias of 0 does no harm.",
    explanation="With bias=False the layer has no bias to learn: self.bias is None.",
    hints=("How many parameters has Conv2d(3, 4, bias=False)? One.", "... if bias else None."),
)
def bias_always(self: Any, *sizes: Any, **settings: Any) -> None:
    _conv2d_init(_he, bias_always=True)(self, *sizes, **settings)


@layer("Conv2d.forward", of="convolve")
def _conv2d_call(home: Any, self: Any, x: Any) -> Any:
    settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
    return home.conv2d(x, self.weight, self.bias, **settings)


@draws("Conv2d.forward")
def _conv2d_outputs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    settings: dict[str, Any] = {
        "kernel_size": (int(generator.integers(1, 4)), 2),
        "stride": int(generator.integers(1, 3)),
        "padding": (1, int(generator.integers(0, 2))),
        "dilation": (1, int(generator.integers(1, 3))),
        "groups": int(generator.integers(1, 3)),
    }
    x = home.Tensor(generator.standard_normal((2, 4, 6, 7)).astype(np.float32))

    def outputs(x: Any) -> Any:
        with _same_weights(home):
            layer = home.Conv2d(4, 6, **settings)
        layer.bias.data[...] = np.arange(6)
        return layer(x)

    return Case(outputs, x)


def _conv2d_forward(*left_out: str) -> Callable[[Any, Any], Any]:
    """A Conv2d.forward that does not pass some settings on."""

    def forward(self: Any, x: Any) -> Any:
        names = [name for name in ("stride", "padding", "dilation", "groups") if name not in left_out]
        bias = None if "bias" in left_out else self.bias
        return home_of(self).conv2d(x, self.weight, bias, **{name: getattr(self, name) for name in names})

    return forward


@misconception(
    "Conv2d.forward",
    name="the padding is not passed on",
    belief="conv2d knows the layer's settings.",
    explanation="conv2d knows only what it is given: stride, padding, dilation and groups of the layer.",
    hints=("Conv2d(3, 8, 3, padding=1) keeps the size of the image. Does yours?", "Pass self.padding on."),
)
def padding_not_passed(self: Any, x: Any) -> Any:
    return _conv2d_forward("padding")(self, x)


@misconception(
    "Conv2d.forward",
    name="the stride is not passed on",
    belief="conv2d knows the layer's settings.",
    explanation="conv2d knows only what it is given: stride, padding, dilation and groups of the layer.",
    hints=("Conv2d(3, 8, 3, stride=2) halves the size of the image. Does yours?", "Pass self.stride on."),
)
def stride_not_passed(self: Any, x: Any) -> Any:
    return _conv2d_forward("stride")(self, x)


@misconception(
    "Conv2d.forward",
    name="the dilation is not passed on",
    belief="conv2d knows the layer's settings.",
    explanation="conv2d knows only what it is given: stride, padding, dilation and groups of the layer.",
    hints=("Does Conv2d(3, 8, 3, dilation=2) cover 5 pixels?", "Pass self.dilation on."),
)
def dilation_not_passed(self: Any, x: Any) -> Any:
    return _conv2d_forward("dilation")(self, x)


@misconception(
    "Conv2d.forward",
    name="the groups are not passed on",
    belief="conv2d knows the layer's settings.",
    explanation="conv2d knows only what it is given: stride, padding, dilation and groups of the layer.",
    hints=("What does Conv2d(4, 8, 3, groups=2) say?", "Pass self.groups on."),
)
def groups_not_passed(self: Any, x: Any) -> Any:
    return _conv2d_forward("groups")(self, x)


@layer("MaxPool2d.forward", of="max_pool2d", without=("max_at_stride_one",))  # the layer always passes its stride
def _max_pool2d_call(home: Any, self: Any, x: Any) -> Any:
    settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
    return home.max_pool2d(x, kernel_size=self.kernel_size, **settings)


@draws("MaxPool2d.forward")
def _max_pool_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    _, settings = _pool_settings(generator)
    x = home.Tensor(1e4 * generator.standard_normal((2, 3, 7, 8)) - 1e4)
    return Case(lambda x: home.MaxPool2d(**settings, dilation=(1, 2))(x), x)


@layer("AvgPool2d.forward", of="avg_pool2d", without=("border_always_counted",))  # that is count_not_passed
def _avg_pool2d_call(home: Any, self: Any, x: Any) -> Any:
    settings = {"stride": self.stride, "padding": self.padding, "count_include_pad": self.count_include_pad}
    return home.avg_pool2d(x, kernel_size=self.kernel_size, **settings)


@draws("AvgPool2d.forward")
def _avg_pool_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    _, settings = _pool_settings(generator)
    counted = bool(generator.random() < 0.5)
    x = home.Tensor(generator.standard_normal((2, 3, 7, 8)))
    return Case(lambda x: home.AvgPool2d(**settings, count_include_pad=counted)(x), x)


@misconception(
    "MaxPool2d.forward",
    name="only the kernel's size is passed on",
    belief="max_pool2d knows the layer's settings.",
    explanation="max_pool2d knows only what it is given: stride, padding and dilation of the layer too.",
    hints=("Does MaxPool2d(2, stride=1) give overlapping windows?", "self.stride, self.padding, self.dilation."),
)
def max_pool_settings_dropped(self: Any, x: Any) -> Any:
    return home_of(self).max_pool2d(x, self.kernel_size)


@misconception(
    "MaxPool2d.forward",
    name="the dilation is not passed on",
    belief="max_pool2d knows the layer's settings.",
    explanation="max_pool2d knows only what it is given: self.dilation is the last of its settings.",
    hints=("Does MaxPool2d(2, dilation=2) look at every second pixel?", "self.dilation."),
)
def max_pool_dilation_dropped(self: Any, x: Any) -> Any:
    return home_of(self).max_pool2d(x, self.kernel_size, self.stride, self.padding)


@misconception(
    "MaxPool2d.forward",
    name="the kernel's size is passed on as the stride",
    belief="Pooling windows stand side by side.",
    explanation="That is the default of the layer. The stride that it was made with is self.stride.",
    hints=("Does MaxPool2d(3, stride=2) give overlapping windows?", "self.stride."),
)
def max_pool_stride_of_kernel(self: Any, x: Any) -> Any:
    return home_of(self).max_pool2d(x, self.kernel_size, self.kernel_size, self.padding, self.dilation)


@misconception(
    "AvgPool2d.forward",
    name="only the kernel's size is passed on",
    belief="avg_pool2d knows the layer's settings.",
    explanation="avg_pool2d knows only what it is given: stride, padding and count_include_pad of the layer too.",
    hints=(
        "Does AvgPool2d(2, stride=1) give overlapping windows?",
        "self.stride, self.padding, self.count_include_pad.",
    ),
)
def avg_pool_settings_dropped(self: Any, x: Any) -> Any:
    return home_of(self).avg_pool2d(x, self.kernel_size)


@misconception(
    "AvgPool2d.forward",
    name="count_include_pad is not passed on",
    belief="avg_pool2d knows the layer's settings.",
    explanation="avg_pool2d knows only what it is given: self.count_include_pad is the last of its settings.",
    hints=("Pool ones with AvgPool2d(2, padding=1, count_include_pad=False).", "self.count_include_pad."),
)
def count_not_passed(self: Any, x: Any) -> Any:
    return home_of(self).avg_pool2d(x, self.kernel_size, self.stride, self.padding)


@misconception(
    "AvgPool2d.forward",
    name="the largest number of each window is taken",
    belief="Pooling keeps the largest number.",
    explanation="AvgPool2d takes the mean of each window: avg_pool2d.",
    hints=("Pool 1 3 / 4 2: the mean is 2.5.", "avg_pool2d in place of max_pool2d."),
)
def max_for_mean(self: Any, x: Any) -> Any:
    return home_of(self).max_pool2d(x, self.kernel_size, self.stride, self.padding)


@misconception(
    "MaxPool2d.forward",
    name="the mean of each window is taken",
    belief="Pooling takes the mean.",
    explanation="MaxPool2d keeps the largest number of each window: max_pool2d.",
    hints=("Pool 1 3 / 4 2: the largest is 4.", "max_pool2d in place of avg_pool2d."),
)
def mean_for_max(self: Any, x: Any) -> Any:
    return home_of(self).avg_pool2d(x, self.kernel_size, self.stride, self.padding)


# --- SimpleCNN ---


@draws("SimpleCNN.forward")
def _networks(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def logits(images: Any) -> Any:
        with _same_weights(home):
            return home.SimpleCNN()(images)

    return Case(logits, home.Tensor(generator.standard_normal((2, 3, 32, 32)).astype(np.float32)))


@draws("SimpleCNN.__init__")
def _network_parts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def parts(num_classes: int, images: Any, maps: Any) -> Any:
        with _same_weights(home):
            model = home.SimpleCNN(num_classes)
        return [*(parameter.numel() for parameter in model.parameters()), model.conv1(images), model.conv2(maps)]

    shapes = (1, 3, 8, 8), (1, 32, 8, 8)
    inputs = (home.Tensor(generator.standard_normal(shape).astype(np.float32)) for shape in shapes)
    return Case(parts, int(generator.integers(2, 20)), *inputs)


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
    name="the second ReLU is left out",
    belief="One ReLU makes the network bend.",
    explanation="A ReLU follows each convolution: conv1, relu, pool, conv2, relu, pool.",
    hints=("What stands between conv2 and pool in the picture?", "relu(self.conv2(x))."),
)
def second_relu_left_out(self: Any, x: Any) -> Any:
    x = self.pool(self.conv2(self.pool(home_of(self).relu(self.conv1(x)))))
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
    "SimpleCNN.forward",
    name="the network ends with a ReLU",
    belief="A ReLU follows every layer with weights.",
    explanation="Logits may be negative: nothing follows fc.",
    hints=("Is any of your logits negative?", "fc comes last."),
)
def relu_at_the_end(self: Any, x: Any) -> Any:
    relu = home_of(self).relu
    x = self.pool(relu(self.conv2(self.pool(relu(self.conv1(x))))))
    return relu(self.fc(self.flatten(x)))


def _network(
    padding: tuple[int, int], fc_size: int, classes: Callable[[int], int] = lambda n: n
) -> Callable[..., None]:
    def init(self: Any, num_classes: int = 10) -> None:
        home = home_of(self)
        self.conv1, self.conv2 = home.Conv2d(3, 32, 3, padding=padding[0]), home.Conv2d(32, 64, 3, padding=padding[1])
        self.pool, self.flatten = home.MaxPool2d(2), home.Flatten()
        self.fc = home.Linear(fc_size, classes(num_classes))

    return init


@misconception(
    "SimpleCNN.__init__",
    name="the convolutions have no padding, and the dense layer fits what is left",
    belief="Padding is an extra that a network can do without.",
    explanation="With padding 1 a 3x3 convolution keeps the size, so that 64*8*8 numbers reach the dense layer.",
    hints=("32 pixels, a 3x3 kernel without padding, a pooling of 2: how many are left?", "padding=1 in both."),
)
def without_padding(self: Any, num_classes: int = 10) -> None:
    _network((0, 0), 64 * 6 * 6)(self, num_classes)


@misconception(
    "SimpleCNN.__init__",
    name="the convolutions have no padding",
    belief="Padding is an extra that a network can do without.",
    explanation="Without padding each convolution takes 2 pixels off, and 64*6*6 numbers reach fc, not 64*8*8.",
    hints=("32 pixels, a 3x3 kernel without padding, a pooling of 2: how many are left?", "padding=1 in both."),
)
def padding_missing(self: Any, num_classes: int = 10) -> None:
    _network((0, 0), 64 * 8 * 8)(self, num_classes)


@misconception(
    "SimpleCNN.__init__",
    name="the first convolution has no padding",
    belief="One padding is enough.",
    explanation="Without padding conv1 leaves 30 pixels of 32, two poolings 7 of them: 64*7*7 numbers reach fc.",
    hints=("By how much does a 3x3 kernel without padding shrink an image?", "padding=1 in both."),
)
def first_padding_missing(self: Any, num_classes: int = 10) -> None:
    _network((0, 1), 64 * 8 * 8)(self, num_classes)


@misconception(
    "SimpleCNN.__init__",
    name="the second convolution has no padding",
    belief="One padding is enough.",
    explanation="Without padding conv2 leaves 14 pixels of 16, and the pooling 7 of them: 64*7*7 numbers reach fc.",
    hints=("By how much does a 3x3 kernel without padding shrink an image?", "padding=1 in both."),
)
def second_padding_missing(self: Any, num_classes: int = 10) -> None:
    _network((1, 0), 64 * 8 * 8)(self, num_classes)


@misconception(
    "SimpleCNN.__init__",
    name="there are ten classes, whatever num_classes is",
    belief="CIFAR-10 has ten classes.",
    explanation="The number of logits is num_classes: the last size of fc.",
    hints=("How many logits does SimpleCNN(num_classes=3) give?", "Linear(64 * 8 * 8, num_classes)."),
)
def always_ten_classes(self: Any, num_classes: int = 10) -> None:
    _network((1, 1), 64 * 8 * 8, lambda n: 10)(self, num_classes)
