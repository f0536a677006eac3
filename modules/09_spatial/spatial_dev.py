# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 09: Spatial
#
# A `Linear` layer looks at a picture as a row of numbers: move the cat two pixels to the left and every number it has
# learned is about something else. A convolution looks at a picture through a small **window**, with the *same* few
# weights at every place. What it learns in one corner it knows in all of them.
#
# ```
#   image                 kernel          output
#   ┌─────────┐           ┌────┐          one number per place the window can stand:
#   │[a b] c d│           │w x │          a·w + b·x + e·y + f·z
#   │[e f] g h│    ·      │y z │    ──►   b·w + c·x + f·y + g·z      same w x y z
#   │ i j  k l│           └────┘          …
#   └─────────┘
# ```
#
# You will write it four times, each faster than the one before: as seven loops, as one dot product per window, as one
# matrix product, and as the one that trains networks. Then its gradient, pooling, batch normalisation, and a network
# that learns to see.

# %%
#| default_exp core.spatial

# %%
#| export
from __future__ import annotations

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinytorch.core.activations import relu
from tinytorch.core.autograd import rules, vjp
from tinytorch.core.layers import Linear, Module, Parameter, linear
from tinytorch.core.tensor import (
    SMALL_PRODUCT,
    Tensor,
    chunks,
    default_generator,
    flatten,
    in_chunks,
    in_threads,
    primitive,
)

# %%
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import manual_seed
from tinytorch.testing import Case, assert_close, check_gradients, generator, inline_test, report

# %% [markdown]
# ## 1. Where can a window stand?
#
# Everything in this module slides a window, and everything needs to know how many places there are. Put the window at
# the left edge; it covers `d·(k−1)+1` pixels (with dilation d, its k points stand d apart). From there it can move
# right in steps of s until it meets the edge of the padded image:
#
# ```
#   size 7, kernel 3, stride 2, padding 0              out = ⌊(size + 2p − d·(k−1) − 1) / s⌋ + 1
#
#   [■ ■ ■] · · · ·                                        = ⌊(7 + 0 − 2 − 1) / 2⌋ + 1 = 3
#    · ·[■ ■ ■]· ·
#    · · · ·[■ ■ ■]                                    8 pixels would give 3 as well: the last one is never seen.
# ```
#
# With a 3×3 kernel and padding 1 at stride 1 the picture keeps its size: 32 + 2 − 2 − 1 + 1 = 32.


# %% nbgrader={"grade": false, "grade_id": "conv-output-size", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a window has along one axis: ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1.

    All in pixels. A result below 1 says that the window does not fit.

    TODO: the formula.

    EXAMPLE:
        >>> conv_output_size(32, kernel_size=3, padding=1)
        32

    HINT: Python's `//` rounds down, which is what is wanted: a window that would stick out has no place.
    """
    ### BEGIN SOLUTION
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-conv-output-size", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The number of places")
def test_conv_output_size(verify):
    def check(expected, *arguments, **settings):
        case = Case(conv_output_size, *arguments, **settings)
        assert_close(case(), expected, case=case)

    with verify("a window as large as the image has one place"):
        check(1, 5, 5)
    with verify("each further pixel gives one more"):
        check(3, 7, 5)
    with verify("padding 1 lets a kernel of 3 keep the size"):
        check(32, 32, 3, padding=1)
    with verify("a stride skips places, and what does not fit is left out"):
        check(3, 7, 3, stride=2)
        check(3, 8, 3, stride=2)
    with verify("dilation makes the window wider, not heavier"):
        check(3, 7, 3, dilation=2)


# %% [markdown]
# The rest of the bookkeeping is given: a setting may be one number or a pair (height, width); padding may be `"same"` or
# `"valid"`; and whatever cannot work is refused here, once, with an error that says what to change. `Windows` holds the
# result, and everything below reads it from there.


# %%
#| export
class Windows(NamedTuple):
    """Where a window stands on an image: its size, the steps it takes, the border around the image, how many places."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]  # (above, below), (left, right)
    out: tuple[int, int]  # places: down, across

    @property
    def apart(self) -> bool:
        """Whether no pixel stands in two windows."""
        return all(s > d * (k - 1) for s, d, k in zip(self.stride, self.dilation, self.kernel))


def pair(name: str, value, least: int) -> tuple[int, int]:
    """(height, width) from one whole number or two, each at least `least`."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2 or not all(isinstance(v, (int, np.integer)) and v >= least for v in values):
        raise ValueError(
            f"{name}: expected a whole number >= {least}, or a pair (height, width) of them, got {value!r}"
        )
    return values


def expect_images(x_shape):
    """ValueError unless the shape is that of a batch of images."""
    if len(x_shape) != 4:
        raise ValueError(
            f"x: expected 4 axes (batch, channels, height, width), got {len(x_shape)}: {tuple(x_shape)}"
            + ("; add the batch axis with x.unsqueeze(0)" if len(x_shape) == 3 else "")
        )
    if x_shape[0] == 0:
        raise ValueError(f"x: expected at least one image, got an empty batch {tuple(x_shape)}")


def expect_floats(x):
    """TypeError unless x holds floating numbers: the pixels of a picture file are whole ones."""
    if x.dtype.kind != "f":
        raise TypeError(f"x: expected floating numbers, got {x.dtype}; pixels become floats by x / 255.0")


def place_windows(x_shape, kernel_size, stride, padding, dilation) -> Windows:
    """The `Windows` of an image batch N × C × H × W; ValueError where they do not fit, naming the argument."""
    expect_images(x_shape)
    kernel, stride = pair("kernel_size", kernel_size, 1), pair("stride", stride, 1)
    dilation = pair("dilation", dilation, 1)
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f"padding: 'same' needs stride 1, got stride {stride}; give the padding as a number")
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        border = tuple((t // 2, t - t // 2) for t in total)
    elif isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding: expected a number, a pair, 'same' or 'valid', got {padding!r}")
    else:
        border = tuple((p, p) for p in pair("padding", 0 if padding == "valid" else padding, 0))
    padded = [n + before + after for n, (before, after) in zip(x_shape[2:], border)]
    out = tuple(conv_output_size(n, k, s, 0, d) for n, k, s, d in zip(padded, kernel, stride, dilation))
    if min(out) < 1:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
        raise ValueError(
            f"kernel_size: {kernel} covers {reach[0]} × {reach[1]} pixels, more than the padded image's "
            f"{padded[0]} × {padded[1]}; use a smaller kernel, or padding of at least "
            f"{max(0, *((r - n + 1) // 2 for r, n in zip(reach, x_shape[2:])))}"
        )
    return Windows(kernel, stride, dilation, border, out)


def place_filters(x, weight, bias, stride, padding, dilation, groups) -> Windows:
    """The `Windows` of a convolution; ValueError or TypeError where x, weight and bias do not belong together."""
    if weight.ndim != 4:
        raise ValueError(f"weight: expected shape (out, in / groups, height, width), got {weight.shape}")
    win = place_windows(x.shape, weight.shape[2:], stride, padding, dilation)
    out_channels, per_group = weight.shape[:2]
    if not isinstance(groups, (int, np.integer)) or groups < 1 or out_channels % groups:
        raise ValueError(f"groups: expected a whole number >= 1 that divides {out_channels} filters, got {groups!r}")
    if x.shape[1] != per_group * groups:
        raise ValueError(
            f"x: expected {per_group * groups} channels, got {x.shape[1]}: x is {x.shape} (batch, channels, height, "
            f"width) and weight {weight.shape}; set in_channels={x.shape[1]}, or permute x if its channels stand last"
        )
    if bias is not None and bias.shape != (out_channels,):
        raise ValueError(f"bias: expected one number per filter, shape ({out_channels},), got {bias.shape}")
    expect_floats(x)
    return win


def bordered(shape, padding):
    """The shape of a batch of images with a border around them."""
    (above, below), (left, right) = padding
    return (*shape[:2], above + shape[2] + below, left + shape[3] + right)


def add_border(x, padding, value=0.0):
    """x with `value` around its last two axes; x itself where there is nothing to add."""
    if not any(map(any, padding)):
        return x
    (above, _), (left, _) = padding
    h, w = x.shape[2:]
    padded = np.full(bordered(x.shape, padding), value, x.dtype)
    padded[:, :, above : above + h, left : left + w] = x
    return padded


# %% [markdown]
# ## 2. First rung: seven loops
#
# The definition, written out. Nothing is hidden, so this is the one that must be *right*: every faster rung is tested
# against it.
#
# ```
#   y[n,o,i,j] = bias[o] + Σ_c Σ_p Σ_q  x[n, c, i·s + p·d, j·s + q·d] · weight[o, c, p, q]
#     for each image n, filter o, place (i, j)      over channels c, and rows p and columns q of the window
# ```
#
# The cost can be read off the loops: N·O·H·W·C·K² multiply-adds. A batch of 32 pictures of 32×32 through 32 filters of
# 3×3×3 makes 28,311,552 of them. **Two questions before you write:** what does the picture look like if p and q
# run backwards (as the textbook convolution of signal processing does)? Would a network that *learns* its kernels mind?


# %% nbgrader={"grade": false, "grade_id": "conv2d-loops", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def conv2d_loops(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation by its definition, one multiply-add at a time.

    Shapes: x (N, C, H, W), weight (O, C / groups, kh, kw), bias (O,) → (N, O, H', W') by `conv_output_size`. The
    channels are divided into `groups` of equal size, and so are the filters; each sees only its own group's channels.

    TODO: the loops.

    APPROACH:
    1. Four loops over the output: image n, filter o, row i, column j. Begin each sum with the bias (or 0).
    2. Three loops over the window: channel c, row p, column q. Add up x · weight.

    EXAMPLE:
        x [[1, 2], [3, 4]] with weight [[0, 0], [0, 1]] gives [[4]]: the last weight meets the last pixel.

    HINT: Filter o belongs to group o // (O / groups), whose first channel is that times C / groups: `first` below.
    """
    win = place_filters(x, weight, bias, stride, padding, dilation, groups)
    padded = add_border(x, win.padding)
    (sh, sw), (dh, dw) = win.stride, win.dilation
    out_channels, channels, kh, kw = weight.shape
    y = np.zeros((len(x), out_channels, *win.out), np.result_type(x, weight))
    for n in range(len(x)):
        for o in range(out_channels):
            first = o // (out_channels // groups) * channels  # the first channel that filter o sees
            ### BEGIN SOLUTION
            for i in range(win.out[0]):
                for j in range(win.out[1]):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(channels):
                        for p in range(kh):
                            for q in range(kw):
                                pixel = padded[n, first + c, i * sh + p * dh, j * sw + q * dw]
                                total += pixel * weight[o, c, p, q]
                    y[n, o, i, j] = total
            ### END SOLUTION
    return y


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-loops", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Convolution by its definition")
def test_conv2d_loops(verify):
    def check(expected, *inputs, **settings):
        case = Case(conv2d_loops, *inputs, **settings)
        assert_close(case(), Tensor(expected), case=case)

    square = Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    with verify("the kernel is not flipped"):
        check([[[[4.0]]]], square, Tensor([[[[0.0, 0.0], [0.0, 1.0]]]]))
    with verify("each output is the sum of a window times the kernel"):
        x = Tensor(np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4))
        check([[[[34.0, 44.0, 54.0], [74.0, 84.0, 94.0]]]], x, Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    with verify("a stride skips places, per axis"):
        check([[[[34.0, 54.0]]]], x, Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), stride=(2, 2))
        check([[[[34.0, 54.0], [74.0, 94.0]]]], x, Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), stride=(1, 2))
    with verify("dilation reads pixels that stand apart"):
        check([[[[74.0]]]], x, Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), dilation=(2, 3))
    with verify("padding is a border of zeros on all sides"):
        centre, corner = np.zeros((2, 1, 1, 3, 3), np.float32)
        centre[0, 0, 1, 1] = corner[0, 0, 2, 2] = 1.0
        check([[[[1.0, 2.0], [3.0, 4.0]]]], square, Tensor(centre), padding=1)
        check([[[[4.0, 0.0], [0.0, 0.0]]]], square, Tensor(corner), padding=1)
    with verify("channels are summed, and the bias is added once"):
        x = Tensor([[[[1.0]], [[10.0]]]])
        check([[[[321.0]], [[-1.0]]]], x, Tensor([[[[1.0]], [[2.0]]], [[[0.0]], [[0.0]]]]), Tensor([300.0, -1.0]))
    with verify("every image of a batch is answered by itself"):
        check([[[[5.0]]], [[[50.0]]]], Tensor([[[[1.0]]], [[[10.0]]]]), Tensor([[[[5.0]]]]))
    with verify("groups see only their own channels"):
        check([[[[2.0]], [[30.0]]]], x, Tensor([[[[2.0]]], [[[3.0]]]]), groups=2)
    with verify("a wrong number of channels is named"):
        try:
            conv2d_loops(x, Tensor(np.zeros((1, 3, 1, 1), np.float32)))
        except ValueError as error:
            assert "expected 3 channels, got 2" in str(error), f"unexpected message: {error}"
        else:
            raise AssertionError("3-channel filters on a 2-channel image should raise a ValueError")


# %% [markdown]
# ## 3. Second rung: one dot product per window
#
# The three inner loops are a dot product. Cut the window out, lay it flat, lay the filter flat in the same order, and
# NumPy multiplies them in one go; with all filters as the rows of a matrix, all of them at once.


# %% nbgrader={"grade": false, "grade_id": "conv2d-windows", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def conv2d_windows(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation, one window at a time: all filters meet it in one matrix product. Shapes as `conv2d_loops`.

    TODO: cut out the window at place (i, j) and multiply it with the filters.

    APPROACH:
    1. Slice it: rows from i·sh in steps of dh, `kh` of them; columns likewise; all channels.
    2. Lay it flat, one row of numbers per group: shape (groups, C / groups · kh · kw, 1).
    3. `filters @ window` has shape (groups, O / groups, 1): lay it flat and it is y[n, :, i, j].

    HINT: Three entries in steps of 2, from 4 on, are the slice 4:10:2, which takes 4, 6 and 8.
    """
    win = place_filters(x, weight, bias, stride, padding, dilation, groups)
    padded = add_border(x, win.padding)
    (kh, kw), (sh, sw), (dh, dw) = win.kernel, win.stride, win.dilation
    filters = weight.reshape(groups, len(weight) // groups, -1)
    y = np.empty((len(x), len(weight), *win.out), np.result_type(x, weight))
    for n in range(len(x)):
        for i in range(win.out[0]):
            for j in range(win.out[1]):
                ### BEGIN SOLUTION
                window = padded[n, :, i * sh : i * sh + kh * dh : dh, j * sw : j * sw + kw * dw : dw]
                y[n, :, i, j] = (filters @ window.reshape(groups, -1, 1)).reshape(-1)
                ### END SOLUTION
    return y if bias is None else y + bias[:, None, None]


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-windows", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def drawn_convolution(draw):
    """A random image batch, filters, bias and settings that fit together."""
    groups = int(draw.integers(1, 3))
    kh, kw = draw.integers(1, 4, size=2)
    settings = {
        "stride": tuple(int(s) for s in draw.integers(1, 4, size=2)),
        "padding": tuple(int(p) for p in draw.integers(0, 3, size=2)),
        "dilation": tuple(int(d) for d in draw.integers(1, 3, size=2)),
        "groups": groups,
    }
    channels = int(draw.integers(1, 4))
    x = draw.normal(size=(2, channels * groups, draw.integers(5, 8), draw.integers(5, 14)))
    weight, bias = draw.normal(size=(3 * groups, channels, kh, kw)), draw.normal(size=3 * groups)
    return [Tensor(x), Tensor(weight), Tensor(bias)], settings


def agrees_with_the_loops(function, count=8):
    draw = generator()
    for _ in range(count):
        inputs, settings = drawn_convolution(draw)
        case = Case(function, *inputs, **settings)
        assert_close(case(), conv2d_loops(*inputs, **settings), case=case)


@inline_test("One dot product per window")
def test_conv2d_windows(verify):
    with verify("the windows agree with the loops on drawn shapes, strides, paddings, dilations and groups"):
        agrees_with_the_loops(conv2d_windows)


# %% [markdown]
# ## 4. Third rung: one matrix product
#
# There are still N·H'·W' turns of a Python loop. But all windows of an image, laid side by side as **columns**, are a
# matrix, and then the whole convolution is one product:
#
# ```
#                         places  →                                     places →
#             c=0 p=0 q=0 [ x x x x … ]
#             c=0 p=0 q=1 [ x x x x … ]          filters · columns  =  [ y y y y … ]  o=0
#             …           [ …         ]          (O × C·K·K)           [ …         ]  …
#             c=2 p=2 q=2 [ x x x x … ]
# ```
#
# The price is memory: with a 3×3 window nearly every pixel stands in 9 columns. The gain is that one large matrix
# product is what processors, and the people who program them, are best at.
#
# Copying the windows takes no loop either. `as_strided` *reads* the padded image as a 6-axis array: a step in i moves
# s rows down in memory, a step in p moves d rows down. Nothing is copied until the columns are laid out.


# %%
#| export
def window_view(padded, win: Windows):
    """All windows of a padded batch, without a copy: view[n,c,p,q,i,j] = padded[n, c, i·sh + p·dh, j·sw + q·dw]."""
    (sh, sw), (dh, dw) = win.stride, win.dilation
    ends = [(k - 1) * d + (out - 1) * s for k, d, out, s in zip(win.kernel, win.dilation, win.out, win.stride)]
    if any(end >= n for end, n in zip(ends, padded.shape[2:])):  # as_strided would read whatever lies behind
        raise ValueError(
            f"padded: the windows end beyond its {padded.shape[2:]} pixels; is add_border(x, ...) missing?"
        )
    sn, sc, row, column = padded.strides
    strides = (sn, sc, dh * row, dw * column, sh * row, sw * column)
    return as_strided(padded, (*padded.shape[:2], *win.kernel, *win.out), strides, writeable=False)


def points(p: int, axis: int, win: Windows):
    """Index of the pixels that are point p of their window along one axis: 0 down, 1 across."""
    first, step = p * win.dilation[axis], win.stride[axis]
    taken = slice(first, first + step * (win.out[axis] - 1) + 1, step)
    return (..., taken, slice(None)) if axis == 0 else (..., taken)


# %% nbgrader={"grade": false, "grade_id": "im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def im2col(x, *, kernel_size, stride=1, padding=0, dilation=1):
    """Lay every window of an image batch out as a column.

    Shapes: (N, C, H, W) → (N, C·kh·kw, H'·W'): row (c, p, q) of column (i, j) is x[n, c, i·sh + p·dh, j·sw + q·dw].
    The order is that of `weight.reshape(O, -1)`. (torch's `unfold`.)

    TODO: add the border, view the windows, lay them out.

    HINT: `place_windows`, `add_border`, `window_view`, and one `reshape`, which copies.
    """
    ### BEGIN SOLUTION
    win = place_windows(x.shape, kernel_size, stride, padding, dilation)
    view = window_view(add_border(x, win.padding), win)
    n, c = x.shape[:2]
    return view.reshape(n, c * math.prod(win.kernel), math.prod(win.out))
    ### END SOLUTION


@primitive
def col2im(columns, *, output_size, kernel_size, stride=1, padding=0, dilation=1):
    """Add every column back to the pixels it came from: the transpose of `im2col`, hence its gradient.

    Shapes: (N, C·kh·kw, H'·W') → (N, C, *output_size). A pixel that stood in 9 windows is the sum of 9 entries.
    (torch's `fold`.) Raises ValueError where the columns do not belong to such windows.

    TODO: for each point (p, q) of the window, *add* its row of columns to the pixels it was taken from.

    APPROACH:
    1. `parts` is columns with the axes n, c, p, q, i, j. Loop over p and q only.
    2. `points(p, 0, win)` indexes the rows that are row p of their window, `points(q, 1, win)` the columns likewise:
       one index after the other, and you have a view of the pixels that are point (p, q).
    3. The border that was added comes off again (given).

    HINT: `+=`. Within one (p, q) no pixel occurs twice, so NumPy adds correctly.
    """
    channels = columns.shape[1] // math.prod(pair("kernel_size", kernel_size, 1))
    win = place_windows((len(columns), channels, *output_size), kernel_size, stride, padding, dilation)
    if columns.shape[1:] != (channels * math.prod(win.kernel), math.prod(win.out)):
        raise ValueError(
            f"columns: expected shape (N, C·{math.prod(win.kernel)}, {math.prod(win.out)}) for windows {win.kernel} "
            f"on {tuple(output_size)}, got {columns.shape}"
        )
    parts = columns.reshape(len(columns), channels, *win.kernel, *win.out)
    (above, below), (left, right) = win.padding
    h, w = output_size
    padded = np.zeros((len(columns), channels, above + h + below, left + w + right), columns.dtype)
    ### BEGIN SOLUTION
    for p in range(win.kernel[0]):
        for q in range(win.kernel[1]):
            padded[points(p, 0, win)][points(q, 1, win)] += parts[:, :, p, q]
    ### END SOLUTION
    return padded[:, :, above : above + h, left : left + w]


@primitive
def conv2d_im2col(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation as one matrix product with the columns of the whole batch. Shapes as `conv2d_loops`.

    TODO: filters @ columns.

    HINT: `im2col.__wrapped__` is im2col on arrays. With groups, give both matrices a group axis:
    filters (groups, O / groups, rows), columns (N, groups, rows, places).
    """
    win = place_filters(x, weight, bias, stride, padding, dilation, groups)
    ### BEGIN SOLUTION
    columns = im2col.__wrapped__(x, kernel_size=win.kernel, stride=stride, padding=padding, dilation=dilation)
    filters = weight.reshape(groups, len(weight) // groups, -1)
    y = filters @ columns.reshape(len(x), groups, -1, columns.shape[2])
    y = y.reshape(len(x), len(weight), *win.out)
    ### END SOLUTION
    return y if bias is None else y + bias[:, None, None]


@vjp(im2col)
def _(grad, out, x, *, kernel_size, stride, padding, dilation):
    where = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    return col2im.__wrapped__(grad, output_size=x.shape[2:], **where)


@vjp(col2im)
def _(grad, out, columns, *, output_size, **where):
    return im2col.__wrapped__(grad, **where)


# %% nbgrader={"grade": true, "grade_id": "test-im2col", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Columns, and one matrix product")
def test_im2col(verify):
    x = Tensor(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3))
    with verify("each column is one window, in the order of the flattened filter"):
        case = Case(im2col, x, kernel_size=2)
        expected = Tensor([[[0.0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]])
        assert_close(case(), expected, case=case)
    with verify("channel by channel, with the border and the stride"):
        case = Case(im2col, Tensor([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]]), kernel_size=2, stride=2, padding=1)
        first = [[0.0, 0, 0, 4], [0, 0, 3, 0], [0, 2, 0, 0], [1, 0, 0, 0]]
        second = [[0.0, 0, 0, 8], [0, 0, 7, 0], [0, 6, 0, 0], [5, 0, 0, 0]]
        assert_close(case(), Tensor([first + second]), case=case)
    with verify("col2im adds: the middle pixel stood in four windows"):
        columns = im2col(Tensor(np.ones((1, 1, 3, 3), np.float32)), kernel_size=2)
        case = Case(col2im, columns, output_size=(3, 3), kernel_size=2)
        assert_close(case(), Tensor([[[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]]]), case=case)
    with verify("col2im is the transpose of im2col: ⟨im2col x, c⟩ = ⟨x, col2im c⟩"):
        draw = generator()
        where = {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
        x = Tensor(draw.normal(size=(2, 3, 6, 5)))
        c = Tensor(draw.normal(size=im2col(x, **where).shape))
        left, right = (im2col(x, **where) * c).sum(), (x * col2im(c, output_size=(6, 5), **where)).sum()
        assert_close(left, right, case={"kernel": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)})
    with verify("the matrix product agrees with the loops on drawn shapes"):
        agrees_with_the_loops(conv2d_im2col)


# %% [markdown]
# ## 5. Fourth rung: the one that trains networks
#
# For 64 pictures and a 3×3 layer of 32 channels at 16×16, the columns are 18.9 MB: they do not fit into a processor's
# cache, so they are written to memory and read back, and waiting for memory is most of the time. Four ideas remain:
#
# 1. **Lay out only what differs.** The columns of the windows' second row of pixels are those of their first, one image
#    row further down. So shift the image *across* only, kw times: kh times less to copy. With the shifts of each image
#    row together, what a line of windows sees is a run of rows, and that run *is* the line's columns. The next line's
#    begin one image row further down. `as_strided` reads them all from the same numbers.
#
# ```
#   image  a b c     each image row, shifted by q = 0, 1       the columns of
#          d e f                   a b  ┐                      the first line of windows:
#          g h i                   b c  │                      a b, b c, d e, e f
#                                  d e  │  ┐
#                                  e f  ┘  │                   and of the second:
#                                     g h  │                   d e, e f, g h, h i
#                                     h i  ┘
# ```
#
# 2. **Multiply small matrices.** BLAS copies what it multiplies into an order of its own. That is worth it for large
#    matrices; small ones OpenBLAS takes as they are, where the processor has AVX-512. The columns of one line are
#    such a small matrix, and `product_in_pieces` multiplies them by a few filters at a time where there are many.
# 3. **A few images at a time**, in a buffer that stays in the cache.
# 4. **Each processor core has its own share of the batch.**
#
# ```
#   batch   [ image image image image │ image image image image ]
#   thread            0               │            1
#             └─► strips ─► products    └─► strips ─► products        each with its own small buffer
# ```
#
# The last two are ready since module 01, which promised that they would be read here: `chunks(start, stop, bytes_each)`
# cuts a range into slices of cache size, and `in_threads(work, count, cost)` calls `work(start, stop)` for each core's
# share. Python threads help because NumPy lets go of the interpreter while it copies and multiplies. While they run, the
# matrix product itself keeps to one thread, or the cores would be shared out twice.

# %% [markdown]
# The convolution itself, and its two gradients, in those terms. **You write the three matrix products.** With the filters
# W (O × points of a window), what they meet, X (points × places), and the output's gradient G (O × places), the shapes
# leave no choice:
#
# ```
#   y  = W · X                     dWᵀ = Σ over images  X · Gᵀ          dX = Wᵀ · G, and col2im adds it to the pixels
# ```
#
# The second sums over *places*, and wants them in long rows: there `strips` lays the shifts of all image rows side by
# side, and row p of the kernel finds its numbers p image rows further along.
#
# The third is the way where windows do not overlap, or columns are few. Otherwise there is a shorter one. Which outputs
# does a pixel reach? Those whose window covers it: a window again, seen from the other side. So the gradient is itself a
# *convolution*, of the output's gradient with the kernel turned by 180° and the channel axes swapped, and the code above
# does it. Where a stride skips places, even pixels are reached through other points of the kernel than odd ones: each
# **phase** of the pixels is then a convolution with points of its own.


# %% nbgrader={"grade": false, "grade_id": "conv2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def overlap(before: int, size: int, reach: int) -> tuple[slice, slice]:
    """Where `size` pixels that begin `before` pixels into a row of `reach` lie in it, and which of them do."""
    begin = max(0, before)
    end = max(begin, min(before + size, reach))
    return slice(begin, end), slice(begin - before, end - before)


def strips(x, win: Windows, groups: int, start: int, stop: int, made: int, over_places: bool = False):
    """Yield (part, lines, strip) for images start … stop: a few images at a time, of large ones a few lines of windows.

    strip[n,g,c,q,r,j] is row r of what the windows in `lines` see of image part.start + n, shifted across: its pixel
    j·sw + q·dw. In memory all that belongs to a row lies together. `over_places`, the rows of a shift do, dealt into the
    phases f of the stride: strip[n,g,c,q,f,r,j], of row r·sh + f. `made` is the size of an image's product in bytes. All
    strips are in one buffer, which is used again.
    """
    (channels, h, w), (height, width), kw, (sh, sw) = x.shape[1:], win.out, win.kernel[1], win.stride
    if win.kernel == (1, 1) and not any(map(any, win.padding)):
        for part in chunks(start, stop, max(made, x[0].nbytes)):  # the image, or every s-th pixel, as a single row
            shape = (-1, groups, channels // groups, *[1] * (2 + over_places), height * width)
            yield part, slice(None), x[part, :, ::sh, ::sw].reshape(shape)
        return
    reach, columns = ((k - 1) * d + 1 for k, d in zip(win.kernel, win.dilation))
    rows, columns = (height - 1) * sh + reach, (width - 1) * sw + columns
    if over_places:
        rows += -rows % sh  # the same number for each phase
    step, more = (1, rows // sh - height) if over_places else (sh, reach - sh)  # lines a … b see a·step … b·step + more
    row = channels * kw * width * x.itemsize
    bands, parts = chunks(0, height, row * sh), chunks(start, stop, max(made, row * rows))
    few, tall = parts[0].stop - start, bands[0].stop * step + more

    down, taken_down = overlap(win.padding[0][0], h, rows)
    right, taken_right = overlap(win.padding[1][0], w, columns)
    padded = np.zeros((few, channels, rows, columns), x.dtype)
    across = window_view(padded, Windows((1, kw), (1, sw), (1, win.dilation[1]), win.padding, (rows, width)))
    across = across.reshape(few, groups, -1, kw, rows, width)
    if over_places:
        across = across.reshape(*across.shape[:4], -1, sh, width).swapaxes(4, 5)
        buffer = np.empty((*across.shape[:5], tall, width), x.dtype)
    else:
        buffer = np.empty((few, groups, tall, *across.shape[2:4], width), x.dtype).transpose(0, 1, 3, 4, 2, 5)
    for part in parts:
        images = part.stop - part.start
        padded[:images, :, down, right] = x[part, :, taken_down, taken_right]
        for lines in bands:
            seen = across[:images, ..., lines.start * step : lines.stop * step + more, :]
            strip = buffer[:images, ..., : seen.shape[-2], :]
            np.copyto(strip, seen)
            yield part, lines, strip


def strip_windows(strip, first: int, points: int, dilation: int, stride: int, lines: int):
    """What the windows in a strip see, without a copy: view[n,g,p,c,q,i,j] = strip[n, g, c, q, first + i·s + p·d, j]."""
    images, groups, channels, kw, _, width = strip.shape
    n, g, c, q, r, j = strip.strides
    shape, strides = (images, groups, points, channels, kw, lines, width), (n, g, dilation * r, c, q, stride * r, j)
    return as_strided(strip[..., first:, :], shape, strides, writeable=False)


def line_columns(strip, first: int, points: int, dilation: int, stride: int, lines: int):
    """The columns of each line of windows in a strip: (images, groups, lines, (p, c, q), places across).

    They are a view where the kernel's rows follow each other. Lines of less than 8 places, too short for a product of
    their own, are copied to be one: (images, groups, 1, (p, c, q), places).
    """
    windows = strip_windows(strip, first, points, dilation, stride, lines)
    images, groups, width = *windows.shape[:2], windows.shape[-1]
    if width < 8:
        return windows.reshape(images, groups, 1, -1, lines * width)
    return windows.transpose(0, 1, 5, 2, 3, 4, 6).reshape(images, groups, lines, -1, width)


def product_in_pieces(a, b, out=None):
    """a @ b, some rows of a at a time where that makes small products of it. `out` is where to write it."""
    rows, columns, per_row = a.shape[-2], b.shape[-1], b.shape[-2] * b.shape[-1]
    heights = (rows >> halvings for halvings in range(rows.bit_length()))
    small = (h for h in heights if rows % h == 0 and h >= 8 and h * per_row <= SMALL_PRODUCT)
    height = next(small, rows)
    if out is None:
        out = np.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), rows, columns), np.result_type(a, b))

    def cut(matrices):
        return matrices.reshape(*matrices.shape[:-2], -1, height, matrices.shape[-1])

    if columns == 1:  # a vector: dot products are quicker
        np.vecdot(a, b.swapaxes(-1, -2), out=out[..., 0])
    else:
        np.matmul(cut(a), b[..., None, :, :], out=cut(out))
    return out


def convolve(x, weight, bias, win: Windows, groups: int):
    """conv2d on arrays that have been checked.

    TODO: the filters as matrices, and their product with the windows of each part of the batch.

    APPROACH:
    1. `filters`, of shape (groups, 1, O / groups, points): weight with its points in the order p, c, q, as `windows` has
       them. (Weight itself has them in the order c, p, q.)
    2. `product_in_pieces` of `filters` and `windows`, which has the axes (images, groups, lines, points, places).

    HINT: One swap of axes and a reshape. `out=out` writes the product to its place in y without a detour.
    """
    y = np.empty((len(x), len(weight), *win.out), np.result_type(x, weight))
    by_group = y.reshape(len(x), groups, -1, *win.out)
    kh, dh, sh = win.kernel[0], win.dilation[0], win.stride[0]
    ### BEGIN SOLUTION
    filters = weight.swapaxes(1, 2).reshape(groups, 1, len(weight) // groups, -1)
    ### END SOLUTION

    def work(start, stop):
        for part, lines, strip in strips(x, win, groups, start, stop, y[0].nbytes):
            windows = line_columns(strip, 0, kh, dh, sh, (strip.shape[4] - (kh - 1) * dh - 1) // sh + 1)
            images, _, count, _, places = windows.shape
            out = by_group[part, :, :, lines].reshape(images, groups, -1, count, places).swapaxes(2, 3)
            ### BEGIN SOLUTION
            product_in_pieces(filters, windows, out=out)
            ### END SOLUTION
            if bias is not None:
                out += bias.reshape(groups, 1, -1, 1)

    in_threads(work, len(x), y.size * weight[0].size)
    return y


def channel_sums(x):
    """Σ over images and places, for every channel: (N, C, H, W) → (C,). A product with ones is the fastest sum."""
    return (x.reshape(*x.shape[:2], -1) @ np.ones(x[0, 0].size, x.dtype)).sum(axis=0)


def phases(axis: int, win: Windows) -> list[range]:
    """The kernel's points along one axis, in groups that see the same phase of the pixels: every s-th, the r·s + f.

    Each point of a group sees the phase `dilation` pixels further on than the point before. (Dilated, with a stride,
    each point is a group of its own.)
    """
    k, s = win.kernel[axis], win.stride[axis]
    if win.dilation[axis] > 1 and s > 1:
        return [range(p, p + 1) for p in range(k)]
    return [range(f, k, s) for f in range(min(s, k))]


def at(numbers: range) -> slice:
    """The slice that takes these numbers."""
    return slice(numbers.start, numbers.stop, numbers.step)


def convolve_weight_gradient(grad, x, weight, win: Windows, groups: int):
    """∂/∂weight: for each filter, the windows it saw, weighted by the gradient of what it made of them.

    TODO: dWᵀ = X · Gᵀ of each part of the batch, summed over its images and added to `total[points]`, which has the axes
    (groups, p, (c, q), O / groups). (The transposed product has the longer side first, which is what BLAS likes best.)

    HINT: `windows` is X, `turned` is Gᵀ. The images are the first axis of the product, which `total[points]` has not.
    """
    out_channels, channels, kh, kw = weight.shape
    by_group = grad.reshape(len(x), groups, 1, out_channels // groups, *win.out)
    # whether each row of the kernel gets a product of its own: with few channels, if that is a small one
    apart = channels * kw >= 32 or channels * kw * grad[0].size // groups <= SMALL_PRODUCT

    def work(start, stop):
        total = {}
        for points in phases(0, win):
            products = len(points) if apart else 1
            shape = groups, products, len(points) // products * channels * kw, out_channels // groups
            total[points] = np.zeros(shape, weight.dtype)
        for part, lines, strip in strips(x, win, groups, start, stop, weight.nbytes // kh, over_places=True):
            flat = by_group[part, ..., lines, :]
            turned = flat.reshape(*flat.shape[:4], -1).swapaxes(-1, -2)
            places = turned.shape[-2]
            if places <= 256:  # then small products make up for the copy
                turned = np.ascontiguousarray(turned)
            for points in total:
                first, f = divmod(points[0] * win.dilation[0], win.stride[0])
                rows, count = strip[..., f, :, :], places // strip.shape[-1]
                windows = strip_windows(rows, first, len(points), win.dilation[0], 1, count)
                windows = windows.reshape(len(strip), groups, total[points].shape[1], -1, places)
                ### BEGIN SOLUTION
                total[points] += product_in_pieces(windows, turned).sum(axis=0)
                ### END SOLUTION
        return total

    shares = in_threads(work, len(x), grad.size * weight[0].size)
    dw = np.empty((groups, out_channels // groups, channels, kh, kw), weight.dtype)
    for points in shares[0]:
        total = sum(share[points] for share in shares).reshape(groups, -1, channels, kw, out_channels // groups)
        dw[..., at(points), :] = total.transpose(0, 4, 2, 1, 3)
    return dw.reshape(weight.shape)


def input_gradient_by_turning(grad, x, weight, win: Windows, groups: int):
    """∂/∂x at stride 1: a convolution of the output's gradient with the kernel turned by 180°, the channels swapped."""
    out_channels, channels, kh, kw = weight.shape
    by_group = weight.reshape(groups, out_channels // groups, channels, kh, kw)
    turned = np.ascontiguousarray(by_group.swapaxes(1, 2)[..., ::-1, ::-1])  # BLAS reads no row backwards
    turned = turned.reshape(-1, out_channels // groups, kh, kw)
    reach = [d * (k - 1) for d, k in zip(win.dilation, win.kernel)]
    border = tuple((r - before, r - after) for r, (before, after) in zip(reach, win.padding))
    return convolve(grad, turned, None, Windows(win.kernel, (1, 1), win.dilation, border, x.shape[2:]), groups)


class Reach(NamedTuple):
    """Every s-th pixel along one axis, and what it reaches: the t-th the outputs from begin + t on, through `points`."""

    pixels: range
    begin: int
    points: range

    @property
    def end(self) -> int:
        """Where the outputs end that the first pixel reaches."""
        return self.begin + len(self.points)


def input_gradient_by_phases(grad, x, weight, win: Windows, groups: int):
    """∂/∂x at larger strides: each phase of the pixels is such a convolution, with the points through which it is seen."""
    out_channels, channels, kh, kw = weight.shape
    dx = np.zeros((len(x), groups, channels, *x.shape[2:]), x.dtype)
    axes: list[list[Reach]] = [[], []]
    for axis, (size, s, (before, _)) in enumerate(zip(x.shape[2:], win.stride, win.padding)):
        for points in phases(axis, win):
            pixels = range((points[0] - before) % s, size, s)
            if pixels:  # its last point sees the first of them in the first output
                axes[axis].append(Reach(pixels, (pixels[0] + before) // s - len(points) + 1, points))
    if not all(axes):
        return dx.reshape(x.shape)  # no pixel is in any window
    # One strip serves all phases: it has every row and every shift that one of them needs.
    first = [min(reach.begin for reach in axis) for axis in axes]
    most = tuple(max(len(reach.pixels) for reach in axis) for axis in axes)
    rows, shifts = (max(reach.end for reach in axis) - begin for axis, begin in zip(axes, first))
    # (At least 2 rows: a kernel of one point is laid out as a single line.)
    seen = Windows((max(rows, 2), shifts), (1, 1), (1, 1), tuple((-begin, 0) for begin in first), most)
    by_group = weight.reshape(groups, out_channels // groups, channels, kh, kw).swapaxes(1, 2)
    ways = []
    for down, across in itertools.product(*axes):
        turned = by_group[..., at(down.points), at(across.points)][..., ::-1, ::-1].swapaxes(2, 3)
        ways.append((down, across, np.ascontiguousarray(turned).reshape(groups, 1, channels, -1)))

    def work(start, stop):
        for part, lines, strip in strips(grad, seen, groups, start, stop, x[0].nbytes):
            for down, across, filters in ways:
                pixels, shift = down.pixels[lines], across.begin - first[1]
                if pixels:
                    shifted = strip[:, :, :, shift : shift + len(across.points), :, : len(across.pixels)]
                    windows = line_columns(shifted, down.begin - first[0], len(down.points), 1, 1, len(pixels))
                    product = product_in_pieces(filters, windows).swapaxes(2, 3)
                    product = product.reshape(*product.shape[:3], len(pixels), len(across.pixels))
                    dx[part, ..., at(pixels), at(across.pixels)] = product

    in_threads(work, len(x), grad.size * weight[0].size)
    return dx.reshape(x.shape)


def input_gradient_by_columns(grad, x, weight, win: Windows, groups: int):
    """∂/∂x through the columns of `im2col`: each entry is added back to the pixel it came from.

    TODO: dX of each part of the batch, the gradient of its columns, of shape (images, groups, points, places).

    HINT: The outputs were W times the columns (`filters` is W), so this is module 05's rule of the matrix product.
    """
    flat = grad.reshape(len(x), groups, len(weight) // groups, -1)
    filters = weight.reshape(groups, len(weight) // groups, -1)
    padding = tuple(before for before, _ in win.padding)
    where = {"kernel_size": win.kernel, "stride": win.stride, "padding": padding, "dilation": win.dilation}
    dx = np.empty(x.shape, x.dtype)

    def work(start, stop):
        for part in chunks(start, stop, filters.shape[2] * flat[0].nbytes // len(filters[0])):
            ### BEGIN SOLUTION
            columns = filters.swapaxes(-1, -2) @ flat[part]
            ### END SOLUTION
            columns = columns.reshape(len(columns), -1, columns.shape[-1])
            dx[part] = col2im.__wrapped__(columns, output_size=x.shape[2:], **where)

    in_threads(work, len(x), grad.size * filters.shape[2])
    return dx


def convolve_input_gradient(grad, x, weight, win: Windows, groups: int):
    """∂/∂x: what each pixel contributed to the outputs whose windows covered it."""
    few = 2 * weight[0, :, :, 0].size <= len(weight) // groups  # channels: the columns are smaller than strips would be
    if win.stride == (1, 1) and (win.kernel == (1, 1) or not few):
        way = input_gradient_by_turning
    elif few or win.apart or win.dilation != (1, 1):
        way = input_gradient_by_columns
    else:
        way = input_gradient_by_phases
    return way(grad, x, weight, win, groups)


@primitive
def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlate a batch of images with a bank of filters.

    Shapes: x (N, C, H, W), weight (O, C / groups, kh, kw), bias (O,) → (N, O, H', W'), sizes by `conv_output_size`.
    y[n,o,i,j] = bias[o] + Σ_c,p,q x[n, c, i·s + p·d, j·s + q·d] · weight[o, c, p, q]. Settings are a number or a pair
    (height, width); padding may also be "same" (stride 1 only) or "valid". Raises ValueError where shapes do not fit
    and TypeError for images that are not floating, naming the argument.
    """
    return convolve(x, weight, bias, place_filters(x, weight, bias, stride, padding, dilation, groups), groups)


@vjp(conv2d)
def _(grad, out, x, weight, bias=None, *, stride, padding, dilation, groups):
    win = place_filters(x, weight, bias, stride, padding, dilation, groups)
    return (
        lambda: convolve_input_gradient(grad, x, weight, win, groups),
        lambda: convolve_weight_gradient(grad, x, weight, win, groups),
        None if bias is None else lambda: channel_sums(grad),
    )


rules[conv2d_loops] = rules[conv2d_windows] = rules[conv2d_im2col] = rules[conv2d]


# %% nbgrader={"grade": true, "grade_id": "test-conv2d", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The exported convolution and its gradients")
def test_conv2d(verify):
    with verify("it agrees with the loops on drawn shapes, strides, paddings, dilations and groups"):
        agrees_with_the_loops(conv2d)
    with verify("it agrees with the loops where each line of windows is a product of its own"):
        draw = generator()
        x, weight, bias = (Tensor(draw.normal(size=shape)) for shape in ((2, 2, 4, 9), (3, 2, 3, 2), 3))
        case = Case(conv2d, x, weight, bias, padding=1)
        assert_close(case(), conv2d_loops(x, weight, bias, padding=1), case=case)
    with verify("the gradient of a pixel is the sum over the windows that covered it"):
        x, w = Tensor(np.ones((1, 1, 3, 3)), requires_grad=True), Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
        conv2d(x, w).sum().backward()
        assert_close(x.grad, Tensor(np.array([[[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]]])), case={"x": x, "weight": w})
    with verify("the gradients of x, weight and bias agree with finite differences, at any stride"):
        draw = generator()
        for _ in range(6):
            inputs, settings = drawn_convolution(draw)
            check_gradients(conv2d, *inputs, **settings)
    with verify("so do they where the windows stand apart, and the input's gradient goes through columns"):
        inputs = [Tensor(draw.normal(size=shape)) for shape in ((2, 2, 4, 6), (4, 1, 2, 3), 4)]
        check_gradients(conv2d, *inputs, stride=(2, 3), groups=2)
    with verify("the bias gradient is summed over images and places"):
        x, b = Tensor(np.zeros((2, 1, 2, 2))), Tensor(np.zeros(1), requires_grad=True)
        conv2d(x, Tensor(np.ones((1, 1, 1, 1))), b).sum().backward()
        assert_close(b.grad, Tensor(np.array([8.0])), case={"x": x, "bias": b})
    with verify("a kernel that is larger than the image is refused"):
        try:
            conv2d(Tensor(np.zeros((1, 1, 2, 2))), Tensor(np.zeros((1, 1, 3, 3))))
        except ValueError as error:
            assert "kernel_size" in str(error) and "padding" in str(error), f"unexpected message: {error}"
        else:
            raise AssertionError("a 3×3 kernel on a 2×2 image should raise a ValueError")


# %% [markdown]
# ## 6. The layer
#
# `Conv2d` owns the weights. How large should they be at the start? Each output is a sum of fan_in = C·K·K products, and
# a ReLU then throws half of the outputs away. If the variance of the signal is to stay the same from layer to layer, the
# weights need variance 2 / fan_in (He et al. 2015, "Delving Deep into Rectifiers", arXiv:1502.01852). Ten layers with
# half that standard deviation would shrink the signal by 2¹⁰ = 1,024.


# %% nbgrader={"grade": false, "grade_id": "conv2d-layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _settings(layer, *names):
    """`kernel_size=(3, 3), stride=1`: for a layer's repr."""
    return ", ".join(f"{name}={getattr(layer, name)!r}" for name in names)


class Conv2d(Module):
    """A bank of `out_channels` filters that slides over images of `in_channels` channels.

    Shapes: (N, in_channels, H, W) → (N, out_channels, H', W'), see `conv2d`. `weight` has shape
    (out_channels, in_channels / groups, kh, kw), drawn with standard deviation √(2 / fan_in); `bias` starts at 0.

    TODO: draw the weights.

    APPROACH:
    1. fan_in is the number of inputs each output sums over: in_channels / groups · kh · kw.
    2. Draw from the normal distribution with `default_generator()`, as float32, times √(2 / fan_in).

    HINT: `default_generator().standard_normal(shape, np.float32)`.
    """

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, dilation=1, groups=1, bias=True):
        super().__init__()
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels < 1 or groups < 1 or channels % groups:
                raise ValueError(f"Conv2d: {name}: expected a positive multiple of groups={groups}, got {channels}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = pair("Conv2d: kernel_size", kernel_size, 1)
        self.stride, self.dilation = pair("Conv2d: stride", stride, 1), pair("Conv2d: dilation", dilation, 1)
        self.padding = padding if isinstance(padding, str) else pair("Conv2d: padding", padding, 0)
        self.groups = groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        ### BEGIN SOLUTION
        fan_in = math.prod(shape[1:])
        weight = default_generator().standard_normal(shape, np.float32) * np.float32(math.sqrt(2 / fan_in))
        ### END SOLUTION
        self.weight = Parameter(weight)
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None

    def forward(self, x):
        _expect_tensor(self, x)
        return conv2d(
            x, self.weight, self.bias,
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups,
        )  # fmt: skip

    def extra_repr(self):
        names = _settings(self, "kernel_size", "stride", "padding", "dilation", "groups")
        return f"{self.in_channels}, {self.out_channels}, {names}, bias={self.bias is not None}"


def _expect_tensor(layer, x):
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{type(layer).__name__}: x: expected a Tensor of shape (batch, channels, height, width), "
            f"got {type(x).__name__}; wrap it: Tensor(x)"
        )


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Conv2d, the layer")
def test_conv2d_layer(verify):
    layer = Conv2d(3, 32, kernel_size=3, padding=1)
    count = sum(p.size for p in layer.parameters())
    with verify("32 filters of 3×3×3 and 32 biases are 896 parameters"):
        assert_close(count, 896, case={"layer": repr(layer)})
    with verify(
        "the same map as a dense layer would have 100,663,296 weights, and Linear(3072, 32) has 98,336 numbers"
    ):
        assert (3 * 32 * 32) * (32 * 32 * 32) == 100_663_296
        assert sum(p.size for p in Linear(3072, 32).parameters()) == 98_336
    with verify("He initialisation: standard deviation √(2 / fan_in), bias 0"):

        def spread(channels, filters, kernel_size):
            manual_seed(9)
            return float(Conv2d(channels, filters, kernel_size).weight.data.std())

        case = Case(spread, 16, 320, 3)
        assert_close(case(), math.sqrt(2 / (16 * 9)), case=case, rtol=0.03)
        assert_close(layer.bias, Tensor(np.zeros(32, np.float32)))
    with verify("two layers start with different weights"):

        def largest_difference(channels, filters):
            first, second = (Conv2d(channels, filters).weight.data for _ in range(2))
            return bool(np.abs(first - second).max() > 0)

        case = Case(largest_difference, 3, 4)
        assert_close(case(), True, case=case)
    with verify("the layer is the function with its own weights and settings"):
        x = Tensor(generator().normal(size=(2, 3, 8, 8)).astype(np.float32))
        strided = Conv2d(3, 4, (3, 2), stride=2, padding=(1, 0), bias=False)
        assert_close(strided(x), conv2d(x, strided.weight, stride=2, padding=(1, 0)))
    with verify("a picture without a batch axis is answered with the way to add one"):
        try:
            layer(Tensor(np.zeros((3, 32, 32), np.float32)))
        except ValueError as error:
            assert "unsqueeze(0)" in str(error), f"unexpected message: {error}"
        else:
            raise AssertionError("a 3-D input should raise a ValueError")


# %% [markdown]
# ## 7. Pooling
#
# After a convolution has asked "is there an edge here?" at every place, the next layers rarely need to know *exactly*
# where. Pooling keeps one number per small window: the largest (was it seen?) or the mean (how much of it?).
#
# ```
#   1 3 │ 2 0          max 2×2:  4 6          mean 2×2:  2.5 2.5
#   4 2 │ 6 2                    5 9                     2.0 5.0
#   ────┼────
#   1 5 │ 9 1          It halves height and width, so a quarter of the numbers are left,
#   2 0 │ 4 6          and the next layer's window sees twice as far.
# ```
#
# Two traps. **Padding of a maximum is −∞, not 0**: among negative numbers a zero would win. And in the backward of a
# maximum, **only one** pixel of a window gets the gradient; among equals the first in reading order, as in torch. Equals
# are not rare: after a ReLU whole windows are 0.
#
# A maximum over a k×k window is a maximum over k rows and then over k columns: 2k comparisons in place of k². The same
# goes for a sum.


# %% nbgrader={"grade": false, "grade_id": "max-pool2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def place_pool(x, kernel_size, stride, padding, dilation=1) -> Windows:
    """The `Windows` of a pooling layer, whose stride is the kernel's size unless another is given."""
    win = place_windows(x.shape, kernel_size, kernel_size if stride is None else stride, padding, dilation)
    if any(2 * before > k for (before, _), k in zip(win.padding, win.kernel)):
        raise ValueError(
            f"padding: expected at most half the kernel {win.kernel}, got {padding}: a window could lie wholly in the "
            "border, where there is nothing to pool"
        )
    expect_floats(x)
    return win


def each_point(padded, win: Windows):
    """The pixels that are point (0, 0) of their windows, then (0, 1), … in reading order: views of the output's size."""
    for p in range(win.kernel[0]):
        for q in range(win.kernel[1]):
            yield padded[points(p, 0, win)][points(q, 1, win)]


def slide(combine, x, axis: int, win: Windows):
    """Combine the points of each window along one axis. `combine` is np.maximum or np.add."""
    return functools.reduce(combine, (x[points(p, axis, win)] for p in range(win.kernel[axis])))


def pool_windows(combine, border_value, x, win: Windows):
    """Combine each window of a batch to one number, down and then across, a few images at a time."""
    y = np.empty((*x.shape[:2], *win.out), x.dtype)

    def work(part):
        y[part] = slide(combine, slide(combine, add_border(x[part], win.padding, border_value), 0, win), 1, win)

    in_chunks(work, x)
    return y


def without_border(padded, padding):
    """The inverse of `add_border`."""
    (above, below), (left, right) = padding
    return padded[..., above : padded.shape[-2] - below, left : padded.shape[-1] - right]


@primitive
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1):
    """The largest value in each window; the border counts as −∞.

    Shapes: (N, C, H, W) → (N, C, H', W'). Settings are a number or a pair; `stride` defaults to `kernel_size`, padding
    may be at most half of it. Raises ValueError where a window does not fit.

    TODO: place the windows, then `pool_windows` with the right way to combine and the right border.

    HINT: `np.maximum`, and −∞ is `-np.inf`.
    """
    ### BEGIN SOLUTION
    win = place_pool(x, kernel_size, stride, padding, dilation)
    return pool_windows(np.maximum, -np.inf, x, win)
    ### END SOLUTION


@vjp(max_pool2d)
def _(grad, out, x, *, kernel_size, stride, padding, dilation):
    """The whole gradient of a window goes to its largest pixel, the first in reading order among equals.

    TODO: for one point of every window after the other, in reading order: give those pixels what they get.

    APPROACH:
    1. A pixel is hit if it equals its window's maximum, `best`, and no earlier point of that window was hit.
    2. Windows that have been hit are no longer `free`.
    3. Add the windows' gradient `g` to the gradients of the pixels that were hit.

    HINT: `&` and `^` work on truth values, element by element. Windows may overlap, so a pixel may be hit twice: add.
    (Where they stand apart, `win.apart`, the product may be written straight to its place.)
    """
    win = place_pool(x, kernel_size, stride, padding, dilation)
    dx = np.empty(bordered(x.shape, win.padding), grad.dtype)

    def work(part):
        dx[part] = 0
        padded, best, g = add_border(x[part], win.padding, -np.inf), out[part], grad[part]
        free = np.ones(best.shape, bool)
        for pixels, gradients in zip(each_point(padded, win), each_point(dx[part], win)):
            ### BEGIN SOLUTION
            hit = (pixels == best) & free
            free ^= hit
            if win.apart:
                np.multiply(g, hit, out=gradients)
            else:
                gradients += g * hit
            ### END SOLUTION

    in_chunks(work, x)
    return without_border(dx, win.padding)


# %% nbgrader={"grade": true, "grade_id": "test-max-pool2d", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Max pooling")
def test_max_pool2d(verify):
    x = Tensor([[[[1.0, 3, 2, 0], [4, 2, 6, 2], [1, 5, 9, 1], [2, 0, 4, 6]]]])

    def check(expected, *inputs, **settings):
        case = Case(max_pool2d, *inputs, **settings)
        assert_close(case(), Tensor(expected), case=case)

    def gradient(x, **settings):
        """What the pixels of x get when the pooled numbers are summed."""
        x = Tensor(x, requires_grad=True)
        max_pool2d(x, **settings).sum().backward()
        return x.grad

    with verify("each window keeps its largest number"):
        check([[[[4.0, 6], [5, 9]]]], x, kernel_size=2)
    with verify("the largest, not the farthest from 0"):
        check([[[[1.0]]]], Tensor([[[[-9.0, 1], [0, -2]]]]), kernel_size=2)
    with verify("the stride is the kernel's size unless another is given"):
        check([[[[4.0, 6, 6], [5, 9, 9], [5, 9, 9]]]], x, kernel_size=2, stride=1)
    with verify("the border is minus infinity: it never wins against negative numbers"):
        check([[[[-4.0, -3], [-2, -1]]]], Tensor([[[[-4.0, -3], [-2, -1]]]]), kernel_size=2, stride=2, padding=1)
    with verify("every channel is pooled by itself"):
        check([[[[2.0]], [[5.0]]]], Tensor([[[[1.0, 2]], [[5.0, 0]]]]), kernel_size=(1, 2))
    with verify("the gradient goes to the largest pixel, and to the first among equals"):
        case = Case(gradient, np.array([[[[7.0, 7], [1, 7]]]]), kernel_size=2)
        assert_close(case(), Tensor(np.array([[[[1.0, 0], [0, 0]]]])), case=case)
    with verify("overlapping windows add up their gradients"):
        case = Case(gradient, np.array([[[[0.0, 0, 0], [0, 9, 0], [0, 0, 0]]]]), kernel_size=2, stride=1)
        assert_close(case(), Tensor(np.array([[[[0.0, 0, 0], [0, 4, 0], [0, 0, 0]]]])), case=case)
        distinct = Tensor(generator().permutation(2 * 2 * 6 * 5).reshape(2, 2, 6, 5) * 0.1)
        check_gradients(max_pool2d, distinct, kernel_size=3, stride=(2, 1), padding=1)


# %% [markdown]
# The mean is the sum divided by the number of pixels in the window. At the border there are two opinions about that
# number: torch's default counts the zeros of the border too (`count_include_pad=True`).


# %% nbgrader={"grade": false, "grade_id": "avg-pool2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def window_counts(x, win: Windows, count_include_pad: bool):
    """How many numbers each window's mean divides by, of x's dtype: one number, or one per place at the border."""
    if count_include_pad or not any(map(any, win.padding)):
        return x.dtype.type(math.prod(win.kernel))
    return pool_windows(np.add, 0.0, np.ones((1, 1, *x.shape[2:]), x.dtype), win)


@primitive
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, count_include_pad=True):
    """The mean of each window. Shapes and settings as `max_pool2d`.

    With `count_include_pad` the zeros of the border count as pixels; without, each window divides by the number of
    real pixels in it.

    TODO: the sum over each window, divided by `window_counts`.
    """
    ### BEGIN SOLUTION
    win = place_pool(x, kernel_size, stride, padding)
    total = pool_windows(np.add, 0.0, x, win)
    return np.divide(total, window_counts(x, win, count_include_pad), out=total)
    ### END SOLUTION


@vjp(avg_pool2d)
def _(grad, out, x, *, kernel_size, stride, padding, count_include_pad):
    """Each pixel of a window had the same part in its mean.

    TODO: give the gradients of one point of every window what they get, from `each`.
    """
    win = place_pool(x, kernel_size, stride, padding)
    dx = np.empty(bordered(x.shape, win.padding), grad.dtype)
    each = grad / window_counts(x, win, count_include_pad)

    def work(part):
        dx[part] = 0
        for gradients in each_point(dx[part], win):
            ### BEGIN SOLUTION
            gradients += each[part]
            ### END SOLUTION

    in_chunks(work, x)
    return without_border(dx, win.padding)


def adaptive_avg_pool2d(x, output_size):
    """The mean of regions chosen so that the output has size `output_size` (a number or a pair), whatever comes in.

    Shapes: (N, C, H, W) → (N, C, *output_size). Region i of H rows goes from ⌊i·H/out⌋ up to ⌈(i+1)·H/out⌉, as in torch.
    Size 1 is global average pooling (Lin et al. 2013, "Network in Network", arXiv:1312.4400).
    """
    height, width = pair("output_size", output_size, 1)
    expect_images(x.shape)
    if (height, width) == (1, 1):
        return x.mean(dim=(2, 3), keepdim=True)
    across = linear(x, _averages(x.shape[3], width, x.dtype)).transpose(2, 3)
    return linear(across, _averages(x.shape[2], height, x.dtype)).transpose(2, 3)


def _averages(size, parts, dtype) -> Tensor:
    """The matrix (parts × size) whose row i takes the mean of region i."""
    i, at = np.arange(parts)[:, None], np.arange(size)
    inside = (at >= i * size // parts) & (at < -(-(i + 1) * size // parts))
    return Tensor((inside / inside.sum(axis=1, keepdims=True)).astype(dtype))


# %% nbgrader={"grade": true, "grade_id": "test-avg-pool2d", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Average pooling")
def test_avg_pool2d(verify):
    x = Tensor([[[[1.0, 3, 2, 0], [4, 2, 6, 2], [1, 5, 9, 1], [2, 0, 4, 6]]]])

    def check(expected, *inputs, **settings):
        case = Case(avg_pool2d, *inputs, **settings)
        assert_close(case(), Tensor(expected), case=case)

    with verify("each window becomes its mean"):
        check([[[[2.5, 2.5], [2.0, 5.0]]]], x, kernel_size=2)
    with verify("the border counts as pixels, unless told otherwise"):
        ones = Tensor(np.ones((1, 1, 2, 2), np.float32))
        check([[[[0.25, 0.25], [0.25, 0.25]]]], ones, kernel_size=2, stride=2, padding=1)
        check([[[[1.0, 1.0], [1.0, 1.0]]]], ones, kernel_size=2, stride=2, padding=1, count_include_pad=False)
    with verify("the gradients agree with finite differences"):
        image = Tensor(generator().normal(size=(2, 2, 5, 6)))
        for counted in (True, False):
            check_gradients(avg_pool2d, image, kernel_size=3, stride=(2, 1), padding=1, count_include_pad=counted)
    with verify("global average pooling is the mean of each channel; adaptive regions may overlap"):
        assert_close(adaptive_avg_pool2d(x, 1), Tensor([[[[3.0]]]]), case={"x": x, "output_size": 1})
        row = Tensor([[[[1.0, 2, 3, 4, 5]]]])
        assert_close(adaptive_avg_pool2d(row, (1, 3)), Tensor([[[[1.5, 3.0, 4.5]]]]), case={"x": row, "output": (1, 3)})


# %% [markdown]
# ## 8. Batch normalisation
#
# While a network trains, every layer's inputs drift, because the layers before it learn too. `BatchNorm2d` sets each
# channel back to mean 0 and variance 1, over all images and places of the batch, and then lets the network choose its own
# scale and shift (Ioffe & Szegedy 2015, arXiv:1502.03167). For evaluation there may be no batch, so it keeps running
# estimates:
#
# ```
#   training     y = (x − mean) / √(var + ε) · weight + bias       mean, var of this batch, per channel
#                running ← (1 − momentum) · running + momentum · this batch's
#   evaluation   y = (x − running_mean) / √(running_var + ε) · weight + bias
# ```
#
# It normalises with the variance of *exactly these* numbers (divided by n), but what it remembers is an estimate for all
# images (divided by n − 1). Its gradient has three terms, because moving one pixel also moves the mean and the variance
# of all.


# %% nbgrader={"grade": false, "grade_id": "batch-norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _per_channel(a):
    """(C,) → (C, 1, 1), which lines up with N × C × H × W."""
    return a[:, None, None]


def channel_dots(a, b):
    """Σ a·b over images and places, for every channel. Shapes: (N, C, H, W) twice → (C,)."""
    return np.vecdot(a.reshape(*a.shape[:2], -1), b.reshape(*b.shape[:2], -1)).sum(axis=0)


def channel_moments(x):
    """Mean and variance (divided by n) of every channel of an array N × C × H × W."""
    n = x.size // x.shape[1]
    mean = channel_sums(x) / n

    def squares(part):
        centred = x[part] - _per_channel(mean)
        return channel_dots(centred, centred)

    return mean, sum(in_chunks(squares, x)) / n


@primitive
def normalize(x, mean, var, weight=None, bias=None, *, eps, of_batch):
    """(x − mean) / √(var + eps) · weight + bias per channel; `of_batch` says that mean and var were taken from x."""
    scale = (1 if weight is None else weight) / np.sqrt(var + np.asarray(eps, x.dtype))
    shift = (0 if bias is None else bias) - mean * scale
    y = np.empty(x.shape, np.result_type(x, scale))

    def work(part):
        np.multiply(x[part], _per_channel(scale), out=y[part])
        y[part] += _per_channel(shift)

    in_chunks(work, x)
    return y


@vjp(normalize)
def _(grad, out, x, mean, var, weight=None, bias=None, *, eps, of_batch):
    n = x.size // x.shape[1]
    scale = 1 / np.sqrt(var + np.asarray(eps, x.dtype))
    gain = scale if weight is None else scale * weight

    def sums(part):
        return channel_sums(grad[part]), channel_dots(grad[part], x[part] - _per_channel(mean))

    total, along = (sum(terms) for terms in zip(*in_chunks(sums, x)))  # Σ g, and Σ g·(x − mean)

    def dx():
        # gain · (g − Σg / n − hat · Σ(g·hat) / n), where hat = (x − mean) · scale
        d = np.empty(x.shape, grad.dtype)

        def work(part):
            np.multiply(grad[part], _per_channel(gain), out=d[part])
            if of_batch:
                moved = x[part] - _per_channel(mean)
                moved *= _per_channel(gain * scale**2 * along / n)
                moved += _per_channel(gain * total / n)
                d[part] -= moved

        in_chunks(work, x)
        return d

    return dx, None, None, None if weight is None else along * scale, None if bias is None else total


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalise every channel; in training by this batch, whose statistics are added to the running ones in place.

    Shapes: x (N, C, H, W), all others (C,). Raises ValueError for another number of axes or channels, and in training
    for a single value per channel, which has no variance.

    TODO: in training, take mean and variance from x and update the running estimates; otherwise use those.

    APPROACH:
    1. `channel_moments(x.data)` gives the batch's mean and variance (divided by n).
    2. running ← (1 − momentum) · running + momentum · batch, with the variance times n / (n − 1).
    3. `normalize(x, mean, var, weight, bias, eps=eps, of_batch=training)`.

    HINT: In place: `running_mean.data *= ...`, then `+= ...`.
    """
    if x.ndim != 4 or x.shape[1] != len(running_mean):
        raise ValueError(f"x: expected shape (batch, {len(running_mean)} channels, height, width), got {x.shape}")
    expect_images(x.shape)
    expect_floats(x)
    n = x.size // x.shape[1]
    if training and n == 1:
        raise ValueError(f"x: expected more than one value per channel in training, got {x.shape}; use a larger batch")
    ### BEGIN SOLUTION
    mean, var = running_mean, running_var
    if training:
        mean, var = map(Tensor, channel_moments(x.data))
        for running, now in ((running_mean, mean.data), (running_var, var.data * (n / (n - 1)))):
            running.data *= 1 - momentum
            running.data += momentum * now
    ### END SOLUTION
    return normalize(x, mean, var, weight, bias, eps=eps, of_batch=training)


class BatchNorm2d(Module):
    """Batch normalisation of images with `num_features` channels. Shapes: (N, C, H, W) → the same. See `batch_norm`.

    `weight` (ones) and `bias` (zeros) are learned; `running_mean` (zeros) and `running_var` (ones) are buffers.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, np.float32))
        self.bias = Parameter(np.zeros(num_features, np.float32))
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))

    def forward(self, x):
        _expect_tensor(self, x)
        running = self.running_mean, self.running_var
        return batch_norm(x, *running, self.weight, self.bias, self.training, self.momentum, self.eps)

    def extra_repr(self):
        return f"{self.num_features}, {_settings(self, 'eps', 'momentum')}"


# %% nbgrader={"grade": true, "grade_id": "test-batch-norm", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Batch normalisation")
def test_batch_norm(verify):
    draw = generator()
    x = Tensor(draw.normal(3.0, 2.0, size=(4, 2, 3, 3)).astype(np.float32))

    def trained(x):
        """One step in training: the layer, and its output."""
        layer = BatchNorm2d(x.shape[1])
        return layer, layer(x)

    def check(expected, function):
        case = Case(function, x)
        assert_close(case(), expected, case=case, atol=1e-5)

    def of_channels(array):
        return array[:, None, None]

    mean, var = x.data.mean(axis=(0, 2, 3)), x.data.var(axis=(0, 2, 3))
    with verify("in training every channel comes out with mean 0 and variance 1"):
        expected = (x.data - of_channels(mean)) / np.sqrt(of_channels(var) + np.float32(1e-5))
        check(Tensor(expected), lambda x: trained(x)[1])
    with verify("the running estimates take a tenth of the batch's, with the variance divided by n - 1"):
        check(Tensor(np.float32(0.1) * mean), lambda x: trained(x)[0].running_mean)
        check(
            Tensor(np.float32(0.9) + np.float32(0.1) * var * np.float32(36 / 35)), lambda x: trained(x)[0].running_var
        )
    with verify("in evaluation the running estimates are used, and stay as they are"):
        check(Tensor(x.data / np.sqrt(np.float32(1 + 1e-5))), lambda x: BatchNorm2d(2).eval()(x))
        layer = BatchNorm2d(2).eval()
        layer(x)
        assert_close(layer.running_mean, Tensor(np.zeros(2, np.float32)))
    with verify("moving one pixel moves the mean and the variance of all: the gradients agree with finite differences"):

        def normalised(x, weight, bias, *, training):
            return batch_norm(x, Tensor(np.zeros(2)), Tensor(np.ones(2)), weight, bias, training)

        inputs = [Tensor(draw.normal(size=shape)) for shape in ((3, 2, 2, 2), 2, 2)]
        for training in (True, False):
            check_gradients(normalised, *inputs, training=training)


# %% [markdown]
# ## 9. Layers without weights, and a network
#
# The remaining layers only remember their settings. Then all of it comes together in `SimpleCNN`:
#
# ```
#   3×32×32 ─conv 3×3─► 32×32×32 ─ReLU, pool─► 32×16×16 ─conv 3×3─► 64×16×16 ─ReLU, pool─► 64×8×8 ─flatten─► 4096 ─► 10
#            896                                          18,496                                             40,970
# ```
#
# 60,362 parameters, two thirds of them in the last, dense layer. **Before you count the multiply-adds: which layer works
# hardest?**


# %% nbgrader={"grade": false, "grade_id": "simple-cnn", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class MaxPool2d(Module):
    """The largest value in each window; see `max_pool2d`."""

    def __init__(self, kernel_size=2, stride=None, padding=0, dilation=1):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x):
        _expect_tensor(self, x)
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self):
        return _settings(self, "kernel_size", "stride", "padding", "dilation")


class AvgPool2d(Module):
    """The mean of each window; see `avg_pool2d`."""

    def __init__(self, kernel_size=2, stride=None, padding=0, count_include_pad=True):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.count_include_pad = padding, count_include_pad

    def forward(self, x):
        _expect_tensor(self, x)
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)

    def extra_repr(self):
        return _settings(self, "kernel_size", "stride", "padding", "count_include_pad")


class AdaptiveAvgPool2d(Module):
    """The mean of regions, so that the output has size `output_size`; see `adaptive_avg_pool2d`."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, x):
        _expect_tensor(self, x)
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self):
        return _settings(self, "output_size")


class Flatten(Module):
    """Merge the axes from `start_dim` to `end_dim`. With the defaults (N, C, H, W) → (N, C·H·W): the batch stays.

    TODO: forward, with module 01's `flatten`.
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        _expect_tensor(self, x)
        ### BEGIN SOLUTION
        return flatten(x, self.start_dim, self.end_dim)
        ### END SOLUTION

    def extra_repr(self):
        return _settings(self, "start_dim", "end_dim")


class SimpleCNN(Module):
    """Two convolutions and a dense layer for 32 × 32 colour images: 60,362 parameters with ten classes.

    Shapes: (N, 3, 32, 32) → (N, num_classes), the logits.

    TODO: make the layers, and send x through them in the order of the picture above.

    APPROACH:
    1. `conv1`: 3 → 32 channels, kernel 3, padding 1. `conv2`: 32 → 64, the same.
    2. `pool`: MaxPool2d(2), used twice: it has no weights. `flatten`. `fc`: Linear from 64·8·8.
    3. forward: conv1, relu, pool, conv2, relu, pool, flatten, fc.
    """

    def __init__(self, num_classes=10):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = Conv2d(3, 32, kernel_size=3, padding=1)
        self.conv2 = Conv2d(32, 64, kernel_size=3, padding=1)
        self.pool = MaxPool2d(2)
        self.flatten = Flatten()
        self.fc = Linear(64 * 8 * 8, num_classes)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        x = self.pool(relu(self.conv1(x)))
        x = self.pool(relu(self.conv2(x)))
        return self.fc(self.flatten(x))
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-simple-cnn", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("SimpleCNN")
def test_simple_cnn(verify):
    draw = generator()
    model = SimpleCNN()
    images = Tensor(draw.normal(size=(8, 3, 32, 32)).astype(np.float32))
    labels = Tensor(draw.integers(0, 10, size=8))
    with verify("896 + 18,496 + 40,970 = 60,362 parameters"):

        def sizes(num_classes):
            model = SimpleCNN(num_classes)
            return np.array([sum(p.size for p in layer.parameters()) for layer in (model.conv1, model.conv2, model.fc)])

        case = Case(sizes, 10)
        assert_close(case(), [896, 18_496, 40_970], case=case)
        assert sum(p.size for p in model.parameters()) == 896 + 18_496 + 40_970 == 60_362
    with verify("Flatten makes one row of each image, in the order in which its numbers lie"):
        case = Case(Flatten(), Tensor(np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2)))
        assert_close(case(), Tensor(np.arange(16, dtype=np.float32).reshape(2, 8)), case=case)
    with verify("images become one row of ten logits each"):
        assert model(images).shape == (8, 10), f"(8, 3, 32, 32) gave {model(images).shape}, expected (8, 10)"
    with verify("twice convolution, ReLU and pooling, then the dense layer"):
        case = Case(model, images[:2])
        x = images[:2]
        for layer in (model.conv1, model.conv2):
            x = max_pool2d(relu(conv2d(x, layer.weight, layer.bias, padding=1)), 2)
        assert_close(
            case(), linear(Tensor(x.data.reshape(2, -1)), model.fc.weight, model.fc.bias), case=case, rtol=1e-4
        )
    with verify("each image is answered by itself: the batch does not matter"):
        assert_close(model(images)[3:4], model(images[3:4]), atol=1e-4)
    with verify("every parameter receives a gradient"):
        cross_entropy(model(images), labels).backward()
        silent = [name for name, p in model.named_parameters() if p.grad is None or not np.any(p.grad.data)]
        assert not silent, f"no gradient reaches {', '.join(silent)}"
    with verify("ten steps of gradient descent lower the loss"):
        losses = []
        for _ in range(10):
            model.zero_grad()
            loss = cross_entropy(model(images), labels)
            loss.backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad.data
            losses.append(loss.item())
        assert losses[-1] < 0.9 * losses[0], f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f}"


# %% [markdown]
# ## What you have
#
# A network that can be trained on real images: `tito module complete 09`, then `tito milestone run cnn`.
#
# - A shift of the image shifts the feature map along (away from the border): convolution is **equivariant**. It is not
#   *invariant*: the shifted map is another map. Which layer of SimpleCNN makes the answer depend on the place after all?
# - For one image conv1 makes 884,736 multiply-adds, conv2 4,718,592 and fc 40,960. Two thirds of the parameters, and
#   under one hundredth of the work, are in the last layer. Why?

# %%
report()
