"""Where a window can stand, and convolution by its definition."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.drawn import drawn_convolution
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m09_spatial.arrays import Array, conv2d, loops, margins, pair, per_filter, windows

# --- conv_output_size: how many places a window has ---


@draws("conv_output_size")
def _sizes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def sizes(size: int, kernel: int, stride: int, padding: int, dilation: int) -> list[int]:
        too_small = dilation * (kernel - 1) + 1 - size % stride - 1
        places = home.conv_output_size
        return [places(size, kernel, stride, padding, dilation), places(too_small, kernel, stride, 0, dilation)]

    settings = (int(n) for n in generator.integers((24, 3, 2, 1, 2), (48, 6, 6, 9, 4)))
    return Case(sizes, *settings)


@misconception(
    "conv_output_size",
    name="the last place is not counted",
    belief="A window of 3 on a row of 7 can move 4 steps, so it has 4 places.",
    explanation="Four steps lead to five places: the one it starts from counts too, hence the + 1.",
    hints=("How many places has a window of 5 on a row of 5?", "The division counts steps. Places are steps + 1."),
)
def last_place_not_counted(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@misconception(
    "conv_output_size",
    name="the division is rounded up",
    belief="A window that begins inside the image counts, even if it sticks out at the end.",
    explanation="A window that would stick out has no place: the division rounds down.",
    hints=("Draw 8 pixels and put a window of 3 on them in steps of 2. Does the last one fit?", "// rounds down."),
)
def rounded_up(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return -((size + 2 * padding - dilation * (kernel - 1) - 1) // -stride) + 1


@misconception(
    "conv_output_size",
    name="the padding is counted on one side only",
    belief="Padding 1 makes the row one pixel longer.",
    explanation="Padding p puts p pixels on both sides of an axis: the row is 2p longer.",
    hints=("Padding 1 lets a kernel of 3 keep the size. Does yours?", "Left and right: 2 * padding."),
)
def size_padded_once(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@misconception(
    "conv_output_size",
    name="the dilation is ignored",
    belief="A kernel of 3 covers 3 pixels.",
    explanation="With dilation d its positions are d pixels apart: it covers d*(k-1) + 1 pixels.",
    hints=("Draw three pixels with one pixel between each. How many from first to last?", "d*(k-1) + 1."),
)
def size_without_dilation(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return (size + 2 * padding - kernel) // stride + 1


@misconception(
    "conv_output_size",
    name="the stride divides the whole size before the window is taken off",
    belief="A stride of 2 halves the picture: size // 2, and then the window is subtracted.",
    explanation="The steps that the window can move are divided by the stride: (size + 2p - covered) // stride + 1.",
    hints=("Size 7, kernel 3, stride 2: how many steps of 2 fit into the 4 free pixels?", "Subtract, then divide."),
)
def divided_first(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return (size + 2 * padding) // stride - dilation * (kernel - 1)


@misconception(
    "conv_output_size",
    name="the quotient is rounded towards zero",
    belief="int(a / s) and a // s are the same.",
    explanation="int(-0.5) is 0, and -1 // 2 is -1: only // gives no place to a window that is larger than the image.",
    hints=("Size 2, kernel 3, stride 2: how many windows fit? None.", "// in place of int(... / ...)."),
)
def rounded_towards_zero(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    return int((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


# --- the convolutions: each mistake is a wrong conv2d, put in the place of every version in which it can be made ---


@draws("convolution_loops")
def _loops_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolution_case(generator, home.conv2d_loops)


@draws("conv2d_windows")
def _windows_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolution_case(generator, home.conv2d_windows)


@draws("conv2d_im2col")
def _im2col_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolution_case(generator, home.conv2d_im2col)


@draws("conv2d")
@draws("convolve")
def _convolve_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolution_case(generator, home.conv2d)


def _convolution_case(generator: np.random.Generator, function: Callable[..., Any]) -> Case:
    inputs, settings = drawn_convolution(generator)
    return Case(function, *inputs, **settings)


def convolution_mistake(*places: str, **text: Any) -> Callable[[Any], Any]:
    """Enter a wrong conv2d(x, weight, bias, *, stride, padding, dilation, groups) at each of the places."""

    def enter(wrong: Any) -> Any:
        for place in places:
            adapt = _ADAPT.get(place)
            function = adapt(wrong) if adapt else wrong
            if adapt:  # check-course imports a mistake from its module by name
                function.__name__ = f"{wrong.__name__}_in_{place}"
                function.__module__ = wrong.__module__
                setattr(sys.modules[wrong.__module__], function.__name__, function)
            misconception(place, **text)(function)
        return wrong

    return enter


def _in_loops(wrong: Any) -> Any:
    def function(padded: Array, weight: Array, bias: Array, y: Array, stride: Any, dilation: Any, groups: int) -> None:
        y[...] = wrong(padded, weight, bias, stride=stride, padding=0, dilation=dilation, groups=groups)

    return function


def _in_convolve(wrong: Any) -> Any:
    def function(x: Array, weight: Array, bias: Array | None, win: Any, groups: int) -> Any:
        settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation}
        return wrong(x, weight, bias, **settings, groups=groups)

    return function


_ADAPT = {"convolution_loops": _in_loops, "convolve": _in_convolve}
ALL = "convolution_loops", "conv2d_windows", "conv2d_im2col", "convolve"


@convolution_mistake(
    *ALL,
    name="the kernel is flipped",
    belief="Convolution turns the kernel around before it slides, as in signal processing.",
    explanation='Deep-learning "convolution" is cross-correlation: the kernel is not flipped.',
    hints=(
        "A kernel is 1 in its first corner and 0 elsewhere. Which pixel of a window should it pick?",
        "Pixel i + p meets weight p: both indices grow together.",
        "Look for a [::-1], or an index such as k - 1 - p.",
    ),
)
def kernel_flipped(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight[..., ::-1, ::-1], bias, **settings)


@convolution_mistake(
    "convolve",
    name="all outputs are zero",
    belief="The result has the right shape, so the rest will follow.",
    explanation="Each image's product filters @ columns is written to its place in y.",
    hints=("What does a kernel of ones give?", "np.matmul(filters, columns, out=...) writes into y."),
)
def all_zero(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return np.zeros_like(conv2d(x, weight, bias, **settings))


@convolution_mistake(
    *ALL,
    name="the bias is forgotten",
    belief="The filters alone make the output.",
    explanation="Each filter has one bias, added once to every value of its output channel.",
    hints=("What does an all-zero image give? Not zero.", "bias has shape (O,), the output (N, O, H, W)."),
)
def bias_forgotten(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, **settings)


@convolution_mistake(
    "convolution_loops",
    "convolve",
    name="the bias is added twice",
    belief="The sum begins with the bias, and the bias is added at the end.",
    explanation="Each output holds its filter's bias once.",
    hints=("What does an all-zero image give? One bias.", "Look for a second place where the bias is added."),
)
def bias_twice(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, bias, **settings) + per_filter(bias)


@convolution_mistake(
    "convolution_loops",
    name="the bias is added once per input channel",
    belief="Each channel is convolved with its own bias.",
    explanation="The bias belongs to the filter: it is added once to the sum over all channels.",
    hints=("What does an all-zero image of three channels give? One bias.", "Add it outside the loop over c."),
)
def bias_per_channel(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, **settings) + weight.shape[1] * per_filter(bias)


@convolution_mistake(
    "convolution_loops",
    name="the bias is added to each product",
    belief="total += pixel * weight + bias.",
    explanation="The bias is added once to the whole sum of a window, not to each of its products.",
    hints=("What does an all-zero image give? One bias, not kh*kw of them.", "Begin the sum with it."),
)
def bias_per_product(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, **settings) + math.prod(weight.shape[1:]) * per_filter(bias)


@convolution_mistake(
    "convolution_loops",
    name="the bias is added to the pixels, before the sum",
    belief="The bias shifts the input: (pixel + bias) * weight.",
    explanation="The bias shifts the output: it is added after pixels and weights have been multiplied.",
    hints=("Let the kernel be all zeros. The output is then the bias.", "pixel * weight, and the bias outside."),
)
def bias_before_sum(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight, **settings) + per_filter(bias) * weight.sum(axis=(1, 2, 3))[:, None, None]


@convolution_mistake(
    "convolution_loops",
    "convolve",
    name="only the first input channel is used",
    belief="A filter is a 2-D kernel that slides over a 2-D picture.",
    explanation="A filter reaches through all input channels and sums over them.",
    hints=("Paint only the blue channel. Does the output change?", "There are three sums: c, p and q."),
)
def first_channel_only(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, np.where(np.arange(weight.shape[1])[:, None, None] == 0, weight, 0), bias, **settings)


@convolution_mistake(
    "convolution_loops",
    "convolve",
    name="the input channels are averaged",
    belief="The channels' results are averaged, so that more channels do not mean larger numbers.",
    explanation="The channels' results are added; the initial weights keep the sum from growing.",
    hints=("Two channels give 1 and 20. Together they give 21.", "Nothing is divided in the definition."),
)
def channels_averaged(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight / np.asarray(weight.shape[1], weight.dtype), bias, **settings)


@convolution_mistake(
    "convolve",
    name="the window is averaged, not summed",
    belief="A convolution is a weighted mean of the window.",
    explanation="A convolution is the weighted sum: nothing is divided.",
    hints=("A kernel of ones gives the sum of the window.", "Look for a mean, or a division."),
)
def window_averaged(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, weight / np.asarray(weight[0].size, weight.dtype), bias, **settings)


@convolution_mistake(
    "convolution_loops",
    "convolve",
    name="the first filter is used for every output channel",
    belief="There is one kernel, and it makes all output channels.",
    explanation="Every output channel has a filter of its own: output channel o is made with weight[o].",
    hints=("Two filters differ. Should their output channels be equal?", "Is o in the index of the weight?"),
)
def same_filter(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x, np.repeat(weight[:1], len(weight), axis=0), bias, **settings)


@convolution_mistake(
    "convolution_loops",
    "conv2d_windows",
    "convolve",
    name="the first image is used for the whole batch",
    belief="x[0] is the image.",
    explanation="x is a batch: output n is made from image n.",
    hints=("Two images differ. Should their outputs be equal?", "Is n in the index of the pixel?"),
)
def first_image_for_all(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(np.repeat(x[:1], len(x), axis=0), weight, bias, **settings)


@convolution_mistake(
    "convolve",
    name="a ReLU is applied",
    belief="A convolution layer ends with a ReLU.",
    explanation="conv2d is linear, and its outputs may be negative: the ReLU is a step of its own in the network.",
    hints=("Is any of your outputs negative?", "Look for a maximum with 0, or relu."),
)
def relu_applied(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return np.maximum(conv2d(x, weight, bias, **settings), 0)


@convolution_mistake(
    "convolve",
    name="height and width of the image are swapped",
    belief="The axes are N, C, W, H.",
    explanation="The axes are N, C, H, W: the row comes third, the column fourth.",
    hints=("Is image[0, 0, 1, 0] the pixel below the first one or to its right?", "Look for a transpose."),
)
def height_and_width_swapped(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return conv2d(x.swapaxes(2, 3), weight, bias, **settings)


@convolution_mistake(
    "convolution_loops",
    "conv2d_windows",
    name="the windows start one pixel apart, whatever the stride",
    belief="Output (i, j) comes from the window whose first pixel is (i, j).",
    explanation="With stride s the window of output (i, j) starts at pixel (i*s, j*s).",
    hints=("With stride 2, at which row of the image does output row 1 start?", "i*sh and j*sw, not i and j."),
)
def windows_one_apart(x: Array, weight: Array, bias: Array | None = None, *, stride: Any, **settings: Any) -> Array:
    height, width = conv2d(x, weight, stride=stride, **settings).shape[2:]
    return conv2d(x, weight, bias, **settings)[:, :, :height, :width]


@convolution_mistake(
    "convolution_loops",
    name="each product replaces the one before",
    belief="total = pixel * weight.",
    explanation="The output is the sum of all products of a window: total += pixel * weight.",
    hints=("A kernel of ones should give the sum of the window. What does yours give?", "+= in place of =."),
)
def last_product_only(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    last = np.zeros_like(weight)
    last[:, -1, -1, -1] = weight[:, -1, -1, -1]
    return conv2d(x, last, **settings)


@convolution_mistake(
    "convolution_loops",
    name="the sum is not started again at each place",
    belief="The total is set once, before the loops.",
    explanation="Every output is a sum of its own: it begins with the bias at each place (i, j).",
    hints=("Ones everywhere: do your outputs grow from left to right?", "Where stands the line that starts the sum?"),
)
def sum_carries_on(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    y = conv2d(x, weight, **settings)
    return y.reshape(*y.shape[:2], -1).cumsum(axis=2).reshape(y.shape) + per_filter(bias)


@convolution_mistake(
    "convolution_loops",
    "convolve",
    name="every group sees the first group's channels",
    belief="c counts the channels of the image.",
    explanation="c counts the channels of the filter's group, which begin further on in the image for later groups.",
    hints=("With groups=2, which channels does the last filter see?", "The image's channel is first + c."),
)
def groups_see_first(x: Array, weight: Array, bias: Array | None = None, *, groups: int, **settings: Any) -> Array:
    return conv2d(x[:, : weight.shape[1]], weight, bias, **settings)


@convolution_mistake(
    "convolution_loops",
    name="the filters are given to the groups in turn",
    belief="Filter o belongs to group o % groups.",
    explanation="The first O / groups filters are the first group's, the next ones the second's: o // (O / groups).",
    hints=("With 4 filters in 2 groups, which channels does filter 1 see? The first group's.", "o // (O // groups)."),
)
def groups_in_turn(x: Array, weight: Array, bias: Array | None = None, *, groups: int, **settings: Any) -> Array:
    order = np.arange(len(weight)).reshape(-1, groups).T.ravel()  # filters 0, 2, 1, 3 are then 0, 1, 2, 3
    y = conv2d(x, weight[order], groups=groups, **settings)
    return y[:, np.argsort(order)] + per_filter(bias)


@convolution_mistake(
    "convolution_loops",
    name="the total is an integer",
    belief="total = 0, or int(...): a sum starts from 0.",
    explanation="Pixels and weights are fractions: the total is a float, and nothing is rounded on the way.",
    hints=("Is any of your outputs a fraction?", "Begin with bias[o], and look for int or //."),
)
def integer_total(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    return np.trunc(conv2d(x, weight, bias, **settings))


# --- convolution_loops: mistakes in an index ---


def _term(at: Any) -> Any:
    return at.padded[at.n, at.channel, at.row, at.column] * at.w[at.o, at.c, at.p, at.q]


@misconception(
    "convolution_loops",
    name="the stride moves the window down but not across",
    belief="The stride belongs to the rows.",
    explanation="The window moves in steps of sh down and of sw across: row i*sh + p*dh, column j*sw + q*dw.",
    hints=("Try stride (1, 2): which columns are read for j = 1?", "The column's index needs j*sw."),
)
def stride_on_rows_only(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        at.column = at.j + at.q * at.dw
        return _term(at)

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="the strides of height and width are swapped",
    belief="A pair of strides is (across, down), as x comes before y.",
    explanation="Pairs are (height, width), as in shapes: the first moves the window down, the second across.",
    hints=("stride=(1, 2) on a 3x4 image gives 2 rows of 2. Which axis was halved?", "Rows use sh, columns sw."),
)
def strides_swapped(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        at.row, at.column = at.i * at.sw + at.p * at.dh, at.j * at.sh + at.q * at.dw
        return _term(at)

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="the dilation is ignored",
    belief="The window's pixels are neighbours.",
    explanation="With dilation d kernel positions are d pixels apart: position p is at row i*s + p*d.",
    hints=("Which three pixels of a row does a kernel of 3 with dilation 2 read?", "p*dh and q*dw."),
)
def dilation_ignored(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        at.row, at.column = at.i * at.sh + at.p, at.j * at.sw + at.q
        return _term(at)

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="the group's number is taken for its first channel",
    belief="Group 1 begins with channel 1.",
    explanation="Every group has C / groups channels, so the first one of group g is g * (C / groups).",
    hints=("With 4 channels in 2 groups, which ones does the second group see?", "o // (O // groups) * channels."),
)
def group_taken_for_channel(*inputs: Any) -> None:
    filters, groups = inputs[3].shape[1], inputs[-1]

    def term(at: Any) -> Any:
        at.channel = at.o // (filters // groups) + at.c
        return _term(at)

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="row and column of the pixel are swapped",
    belief="j goes along the third axis and i along the fourth.",
    explanation="The axes are N, C, H, W: the row comes third, the column fourth.",
    hints=("Is image[0, 0, 1, 0] the pixel below the first one or to its right?", "[n, c, row, column]."),
)
def pixel_transposed(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        at.row, at.column = at.column, at.row
        return _term(at)

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="rows and columns of the kernel are swapped",
    belief="The weight of column q and row p is weight[o, c, q, p].",
    explanation="A kernel lies as the image does: weight[o, c, p, q] is row p, column q.",
    hints=("The kernel [[0, 1], [0, 0]] should pick the upper right pixel.", "The row p comes before the column q."),
)
def kernel_transposed(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        return at.padded[at.n, at.channel, at.row, at.column] * at.w[at.o, at.c, at.q, at.p]

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="the filter and channel axes of the weight are swapped",
    belief="The weight is weight[channel, filter, row, column].",
    explanation="The weight has shape (filters, channels, kh, kw): weight[o] is one whole filter.",
    hints=("A Conv2d(3, 32) has a weight of shape (32, 3, 3, 3). Which axis is the filter?", "weight[o, c, p, q]."),
)
def channel_axes_swapped(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        return at.padded[at.n, at.channel, at.row, at.column] * at.w[at.c, at.o, at.p, at.q]

    loops(inputs, term)


@misconception(
    "convolution_loops",
    name="the image is multiplied in place",
    belief="padded is mine: pixel *= weight saves a variable.",
    explanation="The next window reads the same pixels: multiply into a new number, and leave the image as it is.",
    hints=("Is the image the same after the loops?", "Look for *= on padded."),
)
def image_changed(*inputs: Any) -> None:
    def term(at: Any) -> Any:
        at.padded[at.n, at.channel, at.row, at.column] *= at.w[at.o, at.c, at.p, at.q]
        return at.padded[at.n, at.channel, at.row, at.column]

    loops(inputs, term)


# --- conv2d_windows: one window at a time ---


@misconception(
    "conv2d_windows",
    name="the window ends after kh rows, whatever the dilation",
    belief="A window of kh rows ends kh rows after its start.",
    explanation="kh rows in steps of dh end before i*sh + kh*dh.",
    hints=("List rows 0, 2, 4: what slice gives them?", "start : start + kh*dh : dh."),
)
def window_ends_early(
    x: Array, weight: Array, bias: Array | None, *, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array:
    kernel, (sh, sw), (dh, dw) = weight.shape[2:], pair(stride), pair(dilation)
    out = windows(x[:1, :1], kernel, stride, padding, dilation).shape[2:4]
    padded = np.pad(x, [(0, 0), (0, 0), *margins(kernel, padding, dilation)])
    filters = weight.reshape(groups, len(weight) // groups, -1)
    y = np.empty((len(x), len(weight), *out), np.result_type(x, weight))
    for n, i, j in np.ndindex(len(x), *out):
        window = padded[n, :, i * sh : i * sh + kernel[0] : dh, j * sw : j * sw + kernel[1] : dw]
        y[n, :, i, j] = (filters @ window.reshape(groups, -1, 1)).reshape(-1)
    return y + per_filter(bias)


@misconception(
    "conv2d_windows",
    name="the windows stand on x, not on the padded image",
    belief="x is the image, so that is what the window reads.",
    explanation="With padding p the first window starts p pixels outside of x: all windows stand on the padded image.",
    hints=("With padding 1, what stands under the first window's first position?", "win.add_border(x)."),
)
def padding_forgotten(
    x: Array, weight: Array, bias: Array | None, *, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array:
    kernel, (sh, sw), (dh, dw) = weight.shape[2:], pair(stride), pair(dilation)
    out = windows(x[:1, :1], kernel, stride, padding, dilation).shape[2:4]
    filters = weight.reshape(groups, len(weight) // groups, -1)
    y = np.empty((len(x), len(weight), *out), np.result_type(x, weight))
    for n, i, j in np.ndindex(len(x), *out):
        window = x[n, :, i * sh : i * sh + kernel[0] * dh : dh, j * sw : j * sw + kernel[1] * dw : dw]
        y[n, :, i, j] = (filters @ window.reshape(groups, -1, 1)).reshape(-1)
    return y + per_filter(bias)


@misconception(
    "conv2d_windows",
    name="the window is laid flat with its channels last, the filter with its channels first",
    belief="The order does not matter, as long as all numbers are there.",
    explanation="Number k of the window meets number k of the filter: both are flattened as (channel, row, column).",
    hints=("With one channel yours is right. What changes with two?", "No transpose before the reshape."),
)
def window_channels_last(x: Array, weight: Array, bias: Array | None, *, groups: int, **settings: Any) -> Array:
    by_group = weight.reshape(groups, len(weight) // groups, -1)
    rows, columns = weight.shape[2:]
    per_window = (x.shape[1], rows, columns)
    # Entry k of a group's flat filter meets entry k of the flat window: the filter seen from the window's own axes.
    turned = np.zeros((groups, by_group.shape[1], math.prod(per_window)), weight.dtype)
    for group, size in enumerate([by_group.shape[2]] * groups):
        turned[group, :, group * size : (group + 1) * size] = by_group[group]
    dense = turned.reshape(len(weight), rows, columns, x.shape[1]).transpose(0, 3, 1, 2)
    return conv2d(x, dense, bias, **settings)
