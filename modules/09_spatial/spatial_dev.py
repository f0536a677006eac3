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
# A `Linear` layer reads a picture as a row of numbers: move the cat two pixels, and all it has learned is about other
# numbers. A convolution reads it through a small **window**, with the *same* few weights at every place:
# ```
#   [a b] c d        kernel w x        a·w + b·x + e·y + f·z    one number per place of the window,
#   [e f] g h   ·           y z   ──►  b·w + c·x + f·y + g·z    always the same w x y z
# ```

# %%
#| default_exp core.spatial
#| export
import math

import numpy as np

from tinytorch.core.activations import relu
from tinytorch.core.autograd import rules, vjp
from tinytorch.core.layers import Linear, Module, Parameter
from tinytorch.core.tensor import Tensor, flatten, primitive
from tinytorch.support.random import default_generator
from tinytorch.support.threads import batchwise, in_threads
from tinytorch.support.windows import (
    ImageLayer, WindowPlacer, check_batch_norm, conv_settings, empty_output, ordering_all, pair,
)  # fmt: skip

# %%
from tinytorch.core.autograd import grad
from tinytorch.core.losses import cross_entropy
from tinytorch.support.random import manual_seed
from tinytorch.testing import check_gradients, drawn_convolutions, expect, generator, inline_test, report, shared_among

# %% [markdown]
# ## 1. Where can a window stand?
#
# A window covers `d·(k−1) + 1` pixels (with dilation d, neighbouring kernel positions are d pixels apart). It starts at
# the left edge of the padded image and moves right in steps of s:
# ```
#   [■ ■ ■] · · · ·      size 7, kernel 3, stride 2, padding 0       out = ⌊(size + 2p − d·(k−1) − 1) / s⌋ + 1
#    · ·[■ ■ ■]· ·                                                       = ⌊(7 + 0 − 2 − 1) / 2⌋ + 1 = 3
#    · · · ·[■ ■ ■]      8 pixels would give 3 as well: the last one is in no window
# ```


# %% nbgrader={"grade": false, "grade_id": "conv-output-size", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """The number of places of a window along one axis. `padding` is on both sides.
    TODO: the formula.
    HINT: Python's `//` rounds down: a window that would stick out has no place.
    """
    ### BEGIN SOLUTION
    covered = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - covered) // stride + 1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-conv-output-size", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The number of places")
def test_conv_output_size(verify):
    with verify("a window as large as the image has one place; padding is on both sides; one that sticks out has none"):
        more = ((7, 7, {"padding": 1}), (3, 7, {"dilation": 2}), (3, 8, {"stride": 2}), (0, 2, {"stride": 2}))
        for expected, size, settings in ((1, 3, {}), *more):
            expect(expected, conv_output_size, size, 3, **settings)


# %% [markdown]
# ## 2. Version one: seven loops
#
# The definition, written out. Every faster version is tested against it.
# ```
#   y[n,o,i,j] = bias[o] + Σ_c Σ_p Σ_q  x[n, c, i·s + p·d, j·s + q·d] · weight[o, c, p, q]
#     for each image n, filter o, place (i, j)      over channels c, and rows p and columns q of the kernel
# ```
#
# With **groups**, channels and filters are divided into as many parts, and each filter sees the channels of its own part.
# `placer` checks the arguments and returns `win`, which holds the pairs (height, width) `win.kernel`, `win.stride`,
# `win.dilation` and `win.out`. `win.add_border(x, value)` returns the images with their padding.


# %% nbgrader={"grade": false, "grade_id": "conv2d-loops", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
placer = WindowPlacer(conv_output_size)


def convolution_loops(padded, weight, bias, y, stride, dilation, groups):
    """Fill y (N, O, H', W') with the convolution of padded images (N, C, H, W), weight (O, C / groups, kh, kw), bias (O,).

    stride and dilation are pairs (height, width). Plain arrays and loops: a compiler could take this function as it is.
    TODO: four loops over the output (n, o, i, j), three over the window (c, p, q). Begin each sum with the bias.
    HINT: Filter o belongs to group o // (O / groups), and that group's first channel is the group times C / groups.
    """
    ### BEGIN SOLUTION
    channels = weight.shape[1]
    for n in range(y.shape[0]):
        for o in range(y.shape[1]):
            first = o // (y.shape[1] // groups) * channels
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    total = bias[o]
                    for c in range(channels):
                        for p in range(weight.shape[2]):
                            for q in range(weight.shape[3]):
                                row, column = i * stride[0] + p * dilation[0], j * stride[1] + q * dilation[1]
                                total += padded[n, first + c, row, column] * weight[o, c, p, q]
                    y[n, o, i, j] = total
    ### END SOLUTION


@primitive
def conv2d_loops(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d` by its definition."""
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    y = empty_output(x, weight, win)
    bias = np.zeros(len(weight), y.dtype) if bias is None else bias
    convolution_loops(win.add_border(x), weight, bias, y, win.stride, win.dilation, groups)
    return y


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-loops", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Convolution by its definition")
def test_conv2d_loops(verify):
    x, w = Tensor(np.arange(12.0).reshape(1, 1, 3, 4)), Tensor(np.array([[[[1.0, 2], [3, 4]]]]))
    centre, corner = (Tensor(np.eye(9)[place].reshape(1, 1, 3, 3)) for place in (4, 8))
    pixels, filters = (Tensor(np.array(a)[..., None, None]) for a in ([[1.0, -10], [-1, 21]], [[1.0, 2], [0, 0.5]]))

    def check(expected, *inputs, **settings):
        expect(Tensor(np.array(expected, np.float64)), conv2d_loops, *inputs, **settings)

    with verify("each output is the sum of a window times the kernel, which is not flipped"):
        check([[[[34, 44, 54], [74, 84, 94]]]], x, w)
    with verify("a stride skips places, dilation reads pixels that are further apart, padding is a border of zeros"):
        check([[[[34, 54]]]], x, w, stride=2)
        check([[[[34, 54], [74, 94]]]], x, w, stride=(1, 2))
        check([[[[74]]]], x, w, dilation=(2, 3))
        check(w.data, w, centre, padding=1)
        check([[[[4, 0], [0, 0]]]], w, corner, padding=1)
    with verify("channels are summed, those of its own group; the bias is added once per output; images stay apart"):
        check([[[[-18.25]], [[-6.5]]], [[[41.75]], [[9.0]]]], pixels, filters, Tensor(np.array([0.75, -1.5])))
        expected, sizes = [[[[14]], [[38]], [[214]], [[302]]]], ((8.0, 4), (16.0, 2))  # 0·0 + 1·1 + 2·2 + 3·3 = 14, …
        check(expected, *(Tensor(np.arange(n).reshape(-1, channels, 1, 2)) for n, channels in sizes), groups=2)


# %% [markdown]
# ## 3. Version two: one product per window
#
# The inner loops are a dot product. Lay the window flat, and the filters in the same order (c, p, q), as
# `weight.reshape(groups, O // groups, -1)` does: then one product gives the outputs of all filters at this place.


# %% nbgrader={"grade": false, "grade_id": "conv2d-windows", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def conv2d_windows(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d`, one window at a time.
    TODO: for each image n and place (i, j), cut the window out of the padded images: all channels and kernel positions.
    Lay it flat, with the shape (groups, C / groups · kh · kw, 1). The filters times that are y[n, :, i, j].
    HINT: Three entries in steps of 2, from 4 on, are the slice 4:10:2. `empty_output(x, weight, win)` is an array for y.
    """
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    (kh, kw), (sh, sw), (dh, dw) = win.kernel, win.stride, win.dilation
    ### BEGIN SOLUTION
    padded, y = win.add_border(x), empty_output(x, weight, win)
    filters = weight.reshape(groups, len(weight) // groups, -1)
    for n in range(len(x)):
        for i in range(win.out[0]):
            for j in range(win.out[1]):
                window = padded[n, :, i * sh : i * sh + kh * dh : dh, j * sw : j * sw + kw * dw : dw]
                y[n, :, i, j] = (filters @ window.reshape(groups, -1, 1)).reshape(-1)
    return y if bias is None else y + bias[:, None, None]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-windows", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("One product per window")
def test_conv2d_windows(verify):
    with verify("it agrees with the loops for drawn strides, paddings, dilations and groups"):
        for inputs, settings in drawn_convolutions(8):
            expect(conv2d_loops(*inputs, **settings), conv2d_windows, *inputs, **settings)


# %% [markdown]
# ## 4. Version three: one matrix product
#
# All windows of an image, laid side by side as **columns**, are a matrix, and the whole convolution is one product:
#
# ```
#   c=0 p=0 q=0 [ x x x x … ]                                   [ y y y y … ] o=0
#   …           [ …         ]      filters (O × C·K·K) · that = [ …         ] …       one column per place
#   c=2 p=2 q=2 [ x x x x … ]
# ```
#
# Row (c, p, q) holds the pixels of channel c under kernel position (p, q). `win.positions()` lists (p, q, pixels), and
# `padded[pixels]` are those pixels of padded images, one for each window; `win.inside(padded)` are the images in their
# padding. A pixel that stands in 9 windows gets the sum of 9 gradients: **what was copied forward is summed backward**.


# %% nbgrader={"grade": false, "grade_id": "im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def copy_windows(padded, win, columns):
    """Fill columns: columns[…, p, q, i, j] = padded[…, i·sh + p·dh, j·sw + q·dw]. Any axes may stand before.
    TODO: one loop over `win.positions()`; in `add_windows` too.
    HINT: `padded[pixels]` has the axes …, i, j.
    """
    ### BEGIN SOLUTION
    for p, q, pixels in win.positions():
        columns[..., p, q, :, :] = padded[pixels]
    ### END SOLUTION


def add_windows(columns, win, padded):
    """Add each entry of columns to the pixel that `copy_windows` takes it from."""
    ### BEGIN SOLUTION
    for p, q, pixels in win.positions():
        padded[pixels] += columns[..., p, q, :, :]
    ### END SOLUTION


@primitive
def im2col(x, *, kernel_size, stride=1, padding=0, dilation=1):
    """Lay every window out as a column (torch's `unfold`): (N, C, H, W) → (N, C·kh·kw, H'·W').
    TODO: copy the windows of the images with border into an array with the axes n, c, p, q, i, j, and reshape that.
    """
    win = placer.on_images(x, kernel_size, stride, padding, dilation)
    ### BEGIN SOLUTION
    columns = np.empty((*x.shape[:2], *win.kernel, *win.out), x.dtype)
    copy_windows(win.add_border(x), win, columns)
    return columns.reshape(len(x), -1, math.prod(win.out))
    ### END SOLUTION


@primitive
def col2im(columns, *, output_size, kernel_size, stride=1, padding=0, dilation=1):
    """Add every column back to its pixels (torch's `fold`), the transpose of `im2col`: (N, C·kh·kw, H'·W') → (N, C, H, W).
    TODO: give the columns their six axes, add them to `images` with a border, and return the images without it.
    """
    win, images = placer.of_columns(columns, output_size, kernel_size, stride, padding, dilation)  # images of zeros
    ### BEGIN SOLUTION
    padded = win.add_border(images)
    add_windows(columns.reshape(*images.shape[:2], *win.kernel, *win.out), win, padded)
    return win.inside(padded)
    ### END SOLUTION


@primitive
def conv2d_im2col(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d` as one matrix product with the columns of the whole batch.
    TODO: filters @ columns, and the bias.
    HINT: `im2col.__wrapped__` is im2col on arrays. The columns need a group axis: (N, groups, rows, places).
    """
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    ### BEGIN SOLUTION
    columns = im2col.__wrapped__(x, kernel_size=win.kernel, stride=stride, padding=padding, dilation=dilation)
    columns = columns.reshape(len(x), groups, -1, math.prod(win.out))
    y = (weight.reshape(groups, len(weight) // groups, -1) @ columns).reshape(len(x), len(weight), *win.out)
    return y if bias is None else y + bias[:, None, None]
    ### END SOLUTION


rules[im2col] = lambda grad, out, x, **where: col2im.__wrapped__(grad, output_size=x.shape[2:], **where)
rules[col2im] = lambda grad, out, columns, *, output_size, **where: im2col.__wrapped__(grad, **where)


# %% nbgrader={"grade": true, "grade_id": "test-im2col", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Columns, and one matrix product")
def test_im2col(verify):
    def copied(padded):
        win, columns = placer.on_images(padded, 2, 1, 0), np.full((1, 1, 2, 2, 2, 2), 9.0)
        copy_windows(padded, win, columns)
        return columns.reshape(4, 4)

    with verify("row (p, q) holds the pixels under kernel position (p, q)"):
        expect([[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]], copied, np.arange(9.0).reshape(1, 1, 3, 3))
    with verify("each column is one window, channel by channel, in the order of the flattened filter"):
        x = Tensor([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]])
        first = [[0.0, 0, 0, 4], [0, 0, 3, 0], [0, 2, 0, 0], [1, 0, 0, 0]]
        second = [[0.0, 0, 0, 8], [0, 0, 7, 0], [0, 6, 0, 0], [5, 0, 0, 0]]
        expect(Tensor([first + second]), im2col, x, kernel_size=2, stride=2, padding=1)
    with verify("col2im adds: the middle pixel stands in four windows; it is the gradient of im2col"):
        expected = np.tile(np.float32([[1, 2, 1], [2, 4, 2], [1, 2, 1]]), (2, 2, 1, 1))
        expect(Tensor(expected), col2im, Tensor(np.ones((2, 8, 4), np.float32)), output_size=(3, 3), kernel_size=2)
        where = {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
        check_gradients(im2col, Tensor(generator().normal(size=(2, 3, 6, 5))), **where)
    with verify("the matrix product agrees with the loops"):
        for inputs, settings in drawn_convolutions(8):
            expect(conv2d_loops(*inputs, **settings), conv2d_im2col, *inputs, **settings)


# %% [markdown]
# ## 5. Version four: the convolution that trains
#
# For 64 pictures and a 3×3 layer of 32 channels at 16×16 the columns are 18.9 MB: more than a processor's cache, and the
# way through memory takes longer than the product. So lay out **one image at a time**, always in the same small buffer,
# and let **each core compute its share of the batch**. `in_threads(work, count, cost)` calls `work(start, stop)` once per
# core, for shares that together are range(count), and returns the results in a list; cost is the multiplications in all.
#
# ```
#   batch   [ image image image image │ image image image image ]      W  filters     X  columns of an image
#   core              0               │            1                   y = W · X      G  gradient of its outputs
#             └─► columns ─► product    └─► columns ─► product         dW = Σ over images G · Xᵀ      dX = Wᵀ · G
# ```


# %% nbgrader={"grade": false, "grade_id": "conv2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def image_columns(x, win, groups, start, stop):
    """Yield (n, columns) for the images start … stop; the columns are matrices (groups, rows, places) in one buffer.
    TODO: copy image n into `padded`, and its windows into `columns`; yield n and the columns as matrices.
    HINT: `win.inside(padded)[...] = x[n]` writes the image within its border, which stays zero.
    """
    padded, columns = win.buffers(x.shape[1], x.dtype)  # one image of zeros; its columns with the axes c, p, q, i, j
    ### BEGIN SOLUTION
    for n in range(start, stop):
        win.inside(padded)[...] = x[n]
        copy_windows(padded, win, columns)
        yield n, columns.reshape(groups, -1, math.prod(win.out))
    ### END SOLUTION


def convolve(x, weight, bias, win, groups):
    """conv2d on arrays that have been checked.
    TODO: each image's y is filters @ columns, plus the bias if there is one.
    HINT: With y as (N, groups, O / groups, places), `np.matmul(a, b, out=y[n])` writes the product to its place.
    """
    ### BEGIN SOLUTION
    filters, y = weight.reshape(groups, len(weight) // groups, -1), empty_output(x, weight, win)
    products = y.reshape(len(x), groups, -1, math.prod(win.out))

    def work(start, stop):
        for n, columns in image_columns(x, win, groups, start, stop):
            np.matmul(filters, columns, out=products[n])
            if bias is not None:
                products[n] += bias.reshape(groups, -1, 1)

    in_threads(work, len(x), cost=y.size * weight[0].size)
    return y
    ### END SOLUTION


def weight_gradient(grad, x, weight, win, groups):
    """∂/∂weight, of the shape of weight.
    TODO: each core returns the sum over its images; add the cores' sums.
    HINT: `.swapaxes(-1, -2)` transposes the last two axes. `grad` needs the axes n, groups, O / groups, places.
    """
    ### BEGIN SOLUTION
    grads = grad.reshape(len(x), groups, -1, math.prod(win.out))

    def work(start, stop):
        total = np.zeros((groups, len(weight) // groups, weight[0].size), weight.dtype)
        for n, columns in image_columns(x, win, groups, start, stop):
            total += grads[n] @ columns.swapaxes(-1, -2)
        return total

    return sum(in_threads(work, len(x), cost=grad.size * weight[0].size)).reshape(weight.shape)
    ### END SOLUTION


def input_gradient(grad, x, weight, win, groups):
    """∂/∂x, of the shape of x.
    TODO: add the gradient of each image's columns back to a padded image of zeros.
    HINT: `win.buffers` gives each core a padded image, and columns of the shape that `add_windows` expects.
    """
    ### BEGIN SOLUTION
    filters, dx = weight.reshape(groups, len(weight) // groups, -1), np.empty(x.shape, x.dtype)
    grads = grad.reshape(len(x), groups, -1, math.prod(win.out))

    def work(start, stop):
        padded, columns = win.buffers(x.shape[1], x.dtype)
        for n in range(start, stop):
            padded[...] = 0
            add_windows((filters.swapaxes(-1, -2) @ grads[n]).reshape(columns.shape), win, padded)
            dx[n] = win.inside(padded)

    in_threads(work, len(x), cost=grad.size * weight[0].size)
    return dx
    ### END SOLUTION


@primitive
def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlate a batch of images with a bank of filters.

    Shapes: x (N, C, H, W), weight (O, C / groups, kh, kw), bias (O,) → (N, O, H', W'), sizes by `conv_output_size`.
    Settings are a number or a pair (height, width); padding may also be "same" (stride 1 only) or "valid".
    """
    return convolve(x, weight, bias, placer.of_filters(x, weight, bias, stride, padding, dilation, groups), groups)


@vjp(conv2d)
def _(grad, out, x, weight, bias=None, *, stride, padding, dilation, groups):
    """TODO: return the gradients of x, weight and bias (None without a bias). The bias was copied to every place.
    HINT: An entry may be a `lambda: ...`, which is called only where its gradient is needed."""
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    ### BEGIN SOLUTION
    return (
        lambda: input_gradient(grad, x, weight, win, groups),
        lambda: weight_gradient(grad, x, weight, win, groups),
        None if bias is None else lambda: grad.sum(axis=(0, 2, 3)),
    )
    ### END SOLUTION


rules[conv2d_loops] = rules[conv2d_windows] = rules[conv2d_im2col] = rules[conv2d]


# %% nbgrader={"grade": true, "grade_id": "test-conv2d", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
@inline_test("The convolution that trains, and its gradients")
def test_conv2d(verify):
    with shared_among(2), verify("it agrees with the loops, and its gradients with finite differences, on two cores"):
        for inputs, settings in drawn_convolutions(8):
            expect(conv2d_loops(*inputs, **settings), conv2d, *inputs, **settings)
            check_gradients(conv2d, *map(Tensor, inputs), **settings)


# %% [markdown]
# ## 6. The layer
#
# Each output is a sum of fan_in = C/groups·K·K products, and a ReLU sets half of the outputs to zero. Weights of variance
# 2 / fan_in keep the variance of the signal from layer to layer (He et al. 2015, arXiv:1502.01852). (`ImageLayer` checks
# the input; `keep` sets attributes, and shows them in the repr.)


# %% nbgrader={"grade": false, "grade_id": "conv2d-layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Conv2d(ImageLayer, Module):
    """A bank of `out_channels` filters that slides over images of `in_channels` channels; see `conv2d`.
    TODO: make two float32 Parameters, and write `forward`. `weight` has shape (out_channels, in_channels / groups, kh,
    kw), drawn from the normal distribution with deviation √(2 / fan_in); `bias` starts at 0, or is None with bias=False.
    HINT: `default_generator().standard_normal(shape, np.float32)` draws with standard deviation 1.
    """

    @conv_settings
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, dilation=1, groups=1, bias=True):
        kernel = pair("Conv2d: kernel_size", kernel_size, 1)
        self.keep(in_channels=in_channels, out_channels=out_channels, kernel_size=kernel, stride=stride)
        self.keep(padding=padding, dilation=dilation, groups=groups)
        ### BEGIN SOLUTION
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        draw = default_generator().standard_normal(shape, np.float32)
        self.weight = Parameter(draw * np.float32(math.sqrt(2 / math.prod(shape[1:]))))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Conv2d, the layer")
def test_conv2d_layer(verify):
    def spread(bias):
        layer, other = (Conv2d(4, 2000, 5, groups=2, bias=bias) for _ in range(2))
        found = [(name, p.shape, p.dtype.name) for name, p in layer.named_parameters()]
        expected = [("weight", (2000, 2, 5, 5), "float32"), ("bias", (2000,), "float32")][: 1 + bias]
        assert found == expected, f"expected the parameters {expected}, got {found}"
        assert (layer.weight.data != other.weight.data).any(), "two layers should start with different weights"
        assert abs((abs(layer.weight.data) < layer.weight.data.std()).mean() - 0.683) < 0.02, "weights are not normal"
        return round(float(layer.weight.data.std()), 2) + (np.abs(layer.bias.data).max() if bias else 0)

    def apply(x, parameters, **settings):
        layer = Conv2d(4, 6, (3, 2), bias=len(parameters) == 2, **settings)
        for own, given in zip(layer.parameters(), parameters):
            own.data[...] = given
        return layer(x)

    with verify("two float32 parameters, with standard deviation √(2 / fan_in), here √(2 / 50) = 0.2, and a bias of 0"):
        for bias in (True, False):
            expect(0.2, spread, bias)
    with verify("the layer is the function with its own weights and settings"):
        x, w, b = (generator().normal(size=size).astype(np.float32) for size in ((2, 4, 8, 9), (6, 4, 3, 2), 6))
        expect(conv2d(x, w, stride=2, padding=(1, 0)), apply, Tensor(x), [w], stride=2, padding=(1, 0))
        own, settings = [w[:, :2], b], {"dilation": (2, 1), "groups": 2}
        expect(conv2d(x, *own, **settings), apply, Tensor(x), own, **settings)


# %% [markdown]
# ## 7. Pooling
#
# Once a convolution has found an edge, the next layers rarely need its exact place. Pooling keeps one number per small
# window, the largest or the mean. Then the next layer's window covers more of the image, and there is less to compute.
#
# Two traps. **The padding of a maximum is −∞, not 0**: among negative numbers a zero would win. And going back, **only
# one** pixel of a window gets the gradient; among equals (often all, after a ReLU) the first in reading order.
# `win.pixel_counts(dtype, count_border)` are the windows' numbers of pixels; `@batchwise` lets all cores work.


# %% nbgrader={"grade": false, "grade_id": "pooling", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
@batchwise
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1):
    """The largest value in each window: (N, C, H, W) → (N, C, H', W'). The border is −∞; stride defaults to kernel_size.
    TODO: add the right border; then, for one kernel position after the other, keep the larger numbers.
    HINT: `np.maximum(a, b, out=a)` keeps in a the larger of both, element by element. −∞ is `-np.inf`.
    """
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    ### BEGIN SOLUTION
    padded = win.add_border(x, -np.inf)
    y = np.full((*x.shape[:2], *win.out), -np.inf, x.dtype)
    for *_, pixels in win.positions():
        np.maximum(y, padded[pixels], out=y)
    return y
    ### END SOLUTION


@vjp(max_pool2d)
@ordering_all(max_pool2d)  # NaN and −∞ too
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, dilation):
    """TODO: for one kernel position after the other, add the windows' gradients to the pixels that equal their window's
    maximum, unless an earlier pixel of that window has been taken.
    HINT: `&`, `|` and `~` work on truth values, element by element. Windows may overlap, so a pixel may be hit twice.
    """
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    ### BEGIN SOLUTION
    padded = win.add_border(x, -np.inf)
    dx = np.zeros(padded.shape, grad.dtype)
    taken = np.zeros(out.shape, bool)
    for *_, pixels in win.positions():
        hit = (padded[pixels] == out) & ~taken
        dx[pixels] += grad * hit
        taken |= hit
    return win.inside(dx)
    ### END SOLUTION


@primitive
@batchwise
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, count_include_pad=True):
    """The mean of each window; the border's zeros count with `count_include_pad`. Shapes and settings as `max_pool2d`.
    TODO: the sum over the kernel positions, divided by the pixel counts.
    """
    win = placer.of_pool(x, kernel_size, stride, padding)
    ### BEGIN SOLUTION
    padded = win.add_border(x)
    total = np.zeros((*x.shape[:2], *win.out), x.dtype)
    for *_, pixels in win.positions():
        total += padded[pixels]
    return total / win.pixel_counts(x.dtype, count_include_pad)
    ### END SOLUTION


@vjp(avg_pool2d)
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, count_include_pad):
    """TODO: add each window's gradient, divided by its pixel count, to all of its pixels."""
    win = placer.of_pool(x, kernel_size, stride, padding)
    ### BEGIN SOLUTION
    dx = win.add_border(np.zeros(x.shape, grad.dtype))
    share = grad / win.pixel_counts(grad.dtype, count_include_pad)
    for *_, pixels in win.positions():
        dx[pixels] += share
    return win.inside(dx)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-pooling", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
@inline_test("Max and average pooling")
def test_pooling(verify):
    image = Tensor([[[[1.0, 3, 2, 0], [4, 2, 6, -8], [1, 5, 9, 1], [2, 0, 4, 6]]]])

    def gradient(x, padding=0):
        return grad(max_pool2d(x, 2, padding=padding).sum(), x)[0]

    with verify("each window keeps its largest number, of each channel by itself; the border never wins"):
        expect(Tensor([[[[4.0, 6], [5, 9]]]]), max_pool2d, image, kernel_size=2)
        expect(Tensor([[[[4.0, 6, 6], [5, 9, 9], [5, 9, 9]]]]), max_pool2d, image, kernel_size=2, stride=1)
        expect(Tensor([[[[9.0, 5], [6, 6]]]]), max_pool2d, image, kernel_size=2, stride=1, dilation=2)
        low = Tensor([[[[-4000.0, -3000], [-5000, -2000]], [[-5.0, -7], [9, 2]]]])
        expect(low, max_pool2d, low, kernel_size=2, stride=2, padding=1)
    with verify("the gradient goes to the largest pixel, the first among equals, and adds up where windows overlap"):
        for pixels, place in (([[7.0, 7], [1, 7]], 0), ([[1, 1 + 1e-9], [0, 1]], 1)):
            x, expected = Tensor(np.array([[pixels]]), requires_grad=True), np.eye(4)[place].reshape(1, 1, 2, 2)
            expect(Tensor(expected), gradient, x)
        expect(Tensor(np.ones((1, 1, 2, 2))), gradient, Tensor(np.zeros((1, 1, 2, 2)), requires_grad=True), padding=1)
        distinct = Tensor(generator().permutation(2 * 2 * 6 * 5).reshape(2, 2, 6, 5) * 0.1)
        check_gradients(max_pool2d, distinct, kernel_size=3, stride=(2, 1), padding=1, dilation=(1, 2))
    with verify("the mean of each window, with the border's zeros counted unless count_include_pad is False"):
        expect(Tensor([[[[2.5, 0], [2, 5]]]]), avg_pool2d, image, kernel_size=2)
        expect(Tensor([[[[2, 2.5, 1], [1, 2, 5]]]]), avg_pool2d, image, kernel_size=(1, 2), stride=(3, 1))
        ones, other = Tensor(np.ones((2, 1, 2, 2))), Tensor(generator().normal(size=(2, 2, 5, 6)))
        for counted, part in ((True, 0.25), (False, 1.0)):
            expect(ones * part, avg_pool2d, ones, kernel_size=2, stride=2, padding=1, count_include_pad=counted)
            check_gradients(avg_pool2d, other, kernel_size=3, stride=(2, 1), padding=1, count_include_pad=counted)


# %% [markdown]
# ## 8. Batch normalisation
#
# `BatchNorm2d` sets each channel to mean 0 and variance 1, over all images and places of the batch, and then lets the
# network choose its own scale and shift (Ioffe & Szegedy 2015, arXiv:1502.03167). In evaluation there may be no batch:
#
# ```
#   training     y = (x − mean) / √(var + ε) · weight + bias       mean, var of this batch, per channel
#                running ← (1 − momentum) · running + momentum · this batch's
#   evaluation   y = (x − running_mean) / √(running_var + ε) · weight + bias
# ```
#
# It normalises with the variance of *exactly these* numbers (divided by n); the running one is divided by n − 1. Written
# with tensors, it needs no rule of its own: module 05 knows that moving one pixel moves the mean of all.


# %% nbgrader={"grade": false, "grade_id": "batch-norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalise every channel of x (N, C, H, W); all others have shape (C,), and weight and bias may be None.
    TODO: in training, take mean and variance of x, and update the running ones; otherwise use those. Then the formula.
    HINT: `x.var(dim=..., correction=0)` divides by n, 1 by n − 1. In place: `running_mean.data *= ...`. (C, 1, 1) lines up.
    """
    check_batch_norm(x, len(running_mean), training)
    ### BEGIN SOLUTION
    mean, var = running_mean, running_var
    if training:
        mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
        unbiased = x.data.var(axis=(0, 2, 3), ddof=1)
        for running, now in ((running_mean, mean.data), (running_var, unbiased)):
            running.data *= 1 - momentum
            running.data += momentum * now
    y = (x - mean.reshape(-1, 1, 1)) / (var.reshape(-1, 1, 1) + eps).sqrt()
    if weight is not None:
        y = y * weight.reshape(-1, 1, 1)
    return y if bias is None else y + bias.reshape(-1, 1, 1)
    ### END SOLUTION


class BatchNorm2d(ImageLayer, Module):
    """`batch_norm` of images with `num_features` channels. `running_mean` and `running_var` are buffers."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.keep(num_features=num_features, eps=eps, momentum=momentum)
        zeros, ones = (np.full((2, num_features), value, np.float32) for value in (0, 1))
        self.weight, self.bias = Parameter(ones[0]), Parameter(zeros[0])
        self.register_buffer("running_mean", Tensor(zeros[1]))
        self.register_buffer("running_var", Tensor(ones[1]))

    def forward(self, x):
        estimates = self.running_mean, self.running_var
        return batch_norm(x, *estimates, self.weight, self.bias, self.training, self.momentum, self.eps)


# %% nbgrader={"grade": true, "grade_id": "test-batch-norm", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Batch normalisation")
def test_batch_norm(verify):
    x, weight, bias = generator().normal(size=(4, 2, 3, 3)), np.array([2.0, -1]), np.array([10.0, 20])
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))

    def by_formula(mean, var, eps=1e-5, weight=1.0, bias=0.0):
        channels_last = (x.transpose(0, 2, 3, 1) - mean) / np.sqrt(var + eps) * weight + bias
        return Tensor(channels_last.transpose(0, 3, 1, 2))

    def normalise(x, weight=None, bias=None, *, training=True, eps=1e-5, momentum=0.1, give="y"):
        running = {"mean": Tensor(np.full(2, 5.0)), "var": Tensor(np.full(2, 3.0))}
        y = batch_norm(x, running["mean"], running["var"], weight, bias, training, momentum, eps)
        return running.get(give, y)

    with verify("in training every channel gets mean 0 and variance 1, then its own scale and shift"):
        expect(by_formula(mean, var, 0.5, weight, bias), normalise, *map(Tensor, (x, weight, bias)), eps=0.5)
        expect(by_formula(mean, var, weight=weight), normalise, Tensor(x), Tensor(weight))
        expect(by_formula(mean, var, bias=bias), normalise, Tensor(x), bias=Tensor(bias))
    with verify("the running estimates take their share of the batch's, with the variance divided by n - 1"):
        for give, before, now in (("mean", 5.0, mean), ("var", 3.0, var * 36 / 35)):
            expect(Tensor(0.75 * before + 0.25 * now), normalise, Tensor(x), momentum=0.25, give=give)
    with verify("in evaluation the running estimates are used, and stay as they are"):
        expect(by_formula(5.0, 3.0), normalise, Tensor(x), training=False)
        expect(Tensor(np.full(2, 5.0)), normalise, Tensor(x), training=False, give="mean")
    with verify("moving one pixel moves the mean and the variance of all: the gradients agree with finite differences"):
        for training in (True, False):
            check_gradients(normalise, *map(Tensor, (x, weight, bias)), training=training)


# %% [markdown]
# ## 9. Layers without weights, and a network
#
# `SimpleCNN` has 60,362 parameters, two thirds of them in `fc`. Convolution is **equivariant**: a shift of the image shifts
# its feature map. Which layer makes the answer depend on the place after all? (Next: `tito milestone run cnn`.)
#
# ```
#   3×32×32 ─conv 3×3─► 32×32×32 ─ReLU, pool─► 32×16×16 ─conv 3×3─► 64×16×16 ─ReLU, pool─► 64×8×8 ─flatten─► 4096 ─► 10
#            896                                          18,496                                             40,970
# ```


# %% nbgrader={"grade": false, "grade_id": "simple-cnn", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class MaxPool2d(ImageLayer, Module):
    """The largest value in each window; see `max_pool2d`.
    TODO: `forward`, and that of `AvgPool2d`.
    """

    def __init__(self, kernel_size=2, stride=None, padding=0, dilation=1):
        stride = kernel_size if stride is None else stride
        self.keep(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)

    def forward(self, x):
        ### BEGIN SOLUTION
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)
        ### END SOLUTION


class AvgPool2d(ImageLayer, Module):
    """The mean of each window; see `avg_pool2d`."""

    def __init__(self, kernel_size=2, stride=None, padding=0, count_include_pad=True):
        stride = kernel_size if stride is None else stride
        self.keep(kernel_size=kernel_size, stride=stride, padding=padding, count_include_pad=count_include_pad)

    def forward(self, x):
        ### BEGIN SOLUTION
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)
        ### END SOLUTION


class Flatten(ImageLayer, Module):
    """Merge the axes from `start_dim` to `end_dim`. With the defaults (N, C, H, W) → (N, C·H·W): the batch stays."""

    def __init__(self, start_dim=1, end_dim=-1):
        self.keep(start_dim=start_dim, end_dim=end_dim)

    def forward(self, x):
        return flatten(x, self.start_dim, self.end_dim)


class SimpleCNN(Module):
    """Two convolutions and a dense layer: images (N, 3, 32, 32) → logits (N, num_classes).
    TODO: make the layers `conv1`, `conv2`, `pool` (without weights, so used twice), `flatten` and `fc`; write `forward`.
    HINT: Padding 1 keeps the size of 3×3 convolutions. `fc` is Linear from 64·8·8.
    """

    def __init__(self, num_classes=10):
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


# %% nbgrader={"grade": true, "grade_id": "test-simple-cnn", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Layers without weights, and SimpleCNN")
def test_simple_cnn(verify):
    images = Tensor(generator().normal(size=(8, 3, 32, 32)).astype(np.float32))

    def apply(x, layer, *settings):
        return layer(*settings)(x)

    def sizes(classes):
        model = SimpleCNN(classes)
        return np.array([sum(p.numel() for p in layer.parameters()) for layer in (model.conv1, model.conv2, model.fc)])

    def logits(x, by_functions=False):
        manual_seed(3)
        model = SimpleCNN()
        if not by_functions:
            return model(x)
        for layer in (model.conv1, model.conv2):
            x = max_pool2d(relu(conv2d(x, layer.weight, layer.bias, padding=1)), 2)
        return x.reshape(len(x), -1) @ model.fc.weight.T + model.fc.bias

    with verify("each layer is its function with its settings"):
        x = 2000 * images[:2, :, :7, :8] - 4000
        expect(max_pool2d(x, (3, 1), 2, (1, 0), 2), apply, x, MaxPool2d, (3, 1), 2, (1, 0), 2)
        for counted in (True, False):
            expect(avg_pool2d(x, 3, (2, 1), 1, counted), apply, x, AvgPool2d, 3, (2, 1), 1, counted)
    with verify("896 + 18,496 + 40,970 = 60,362 parameters, and fewer with fewer classes"):
        for classes in (10, 3):
            expect([896, 18_496, 4097 * classes], sizes, classes)
    with verify("twice convolution, ReLU and pooling, then the dense layer"):
        expect(logits(images[:2], by_functions=True), logits, images[:2])
    with verify("every parameter gets a gradient"):
        model = SimpleCNN()
        cross_entropy(model(images), Tensor(np.arange(8))).backward()
        silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.data.any()]
        assert not silent, f"no gradient reaches {', '.join(silent)}"


# %%
report()
