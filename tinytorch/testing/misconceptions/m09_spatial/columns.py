"""Columns, matrix products, and the gradients of a convolution."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions import home as home_of
from tinytorch.testing.misconceptions.m09_spatial.arrays import (
    Array,
    as_columns,
    as_windows,
    conv2d,
    conv2d_gradients,
    drawn_convolution,
    margins,
    pair,
    per_filter,
    spread,
    windows,
)

Settings = Any  # a number or a pair; what else the settings may be is up to the student's code


# --- im2col, col2im, and the product ---


@draws("im2col")
def _im2col_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    (x, weight, _), settings = drawn_convolution(generator)
    del settings["groups"]
    return Case(home.im2col, x, kernel_size=weight.shape[2:], **settings)


@draws("col2im")
def _col2im_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    (x, weight, _), settings = drawn_convolution(generator)
    del settings["groups"]
    columns = as_columns(windows(x, weight.shape[2:], **settings))
    columns = generator.standard_normal(columns.shape)
    return Case(home.col2im, columns, output_size=x.shape[2:], kernel_size=weight.shape[2:], **settings)


@misconception(
    "im2col",
    name="the rows of a column are in the order (row, column, channel)",
    belief="Any order of the numbers of a patch will do.",
    explanation="Row k of the columns meets entry k of the flat filter, whose order is (channel, row, column).",
    hints=("weight.reshape(O, -1): which axis of weight (O, C, kh, kw) varies slowest?", "c, then p, then q."),
)
def columns_channels_last(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, stride, padding, dilation), (0, 4, 5, 1, 2, 3))


@misconception(
    "im2col",
    name="the patches are laid flat column by column",
    belief="A patch is flattened going down first.",
    explanation="A filter is flattened row by row (q varies fastest), and its patch must be too.",
    hints=("What is np.arange(4).reshape(2, 2).reshape(-1)?", "The order of the axes is n, c, p, q, i, j."),
)
def patches_down_first(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, stride, padding, dilation), (0, 1, 5, 4, 2, 3))


@misconception(
    "im2col",
    name="each window is a row, not a column",
    belief="A window becomes a row, as a sample is a row in a table.",
    explanation="Here filters stand as rows and windows as columns, so that filters @ columns is the convolution.",
    hints=("The shape is (N, C*kh*kw, places). Which is yours?", "The places come last."),
)
def windows_as_rows(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, stride, padding, dilation)).swapaxes(1, 2)


@misconception(
    "im2col",
    name="the places are taken column by column",
    belief="The windows are numbered going down first.",
    explanation="Places are numbered row by row (j varies fastest), so that the product is y by a mere reshape.",
    hints=("Which place is number 1: (0, 1) or (1, 0)?", "The order of the axes is n, c, p, q, i, j."),
)
def places_down_first(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, stride, padding, dilation), (0, 1, 4, 5, 3, 2))


@misconception(
    "im2col",
    name="the stride is ignored",
    belief="All windows are laid out; the stride is taken care of elsewhere.",
    explanation="Only every s-th window is laid out: the number of columns is H'*W' by conv_output_size.",
    hints=("How many columns should kernel 1, stride 2 make of a 4x4 image? Four.", "Is stride passed on?"),
)
def columns_at_stride_one(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, 1, padding, dilation))


@misconception(
    "im2col",
    name="the padding is forgotten",
    belief="The windows stand inside the image.",
    explanation="With padding p the windows stand on the image with p rows and columns of zeros on each side.",
    hints=("Kernel 3 with padding 1 has as many places as the image has pixels.", "Is padding passed on?"),
)
def columns_unpadded(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    return as_columns(windows(x, kernel_size, stride, 0, dilation))


@misconception(
    "im2col",
    name="the padding is put above and to the left only",
    belief="Padding 1 is one row and one column of zeros.",
    explanation="Padding p is put on all four sides: p rows above and below, p columns left and right.",
    hints=("Kernel 3 with padding 1 has as many places as the image has pixels.", "Pad (p, p) on each axis."),
)
def padded_on_one_side(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    before = tuple((above, 0) for above, _ in margins(pair(kernel_size), padding, dilation))
    return as_columns(windows(x, kernel_size, stride, before, dilation))


@misconception(
    "im2col",
    name="the border repeats the pixels at the edge",
    belief="Outside of the image the picture goes on as at its edge.",
    explanation="The border of a convolution is zeros.",
    hints=("With padding 1, what is the first entry of the first column? A zero.", "mode='edge' is not meant."),
)
def border_repeats_edge(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    border = [(0, 0), (0, 0), *margins(pair(kernel_size), padding, dilation)]
    return as_columns(windows(np.pad(x, border, mode="edge"), kernel_size, stride, 0, dilation))


@misconception(
    "im2col",
    name="the padding is put around the result, not around the image",
    belief="Padding restores the size that was lost, so it comes last.",
    explanation="The image is padded first; windows that stand partly in the border see its edge pixels.",
    hints=("With padding 1, is your first column all zeros? It sees the corner pixels.", "Pad, then lay out."),
)
def padded_after(
    x: Array, *, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0, dilation: Settings = 1
) -> Array:
    seen = windows(x, kernel_size, stride, 0, dilation)
    border = margins(pair(kernel_size), padding, dilation)
    return as_columns(np.pad(seen, [(0, 0), (0, 0), *border, (0, 0), (0, 0)]))


@misconception(
    "col2im",
    name="overlapping columns overwrite each other",
    belief="Every entry is written back to where it came from.",
    explanation="A pixel that stood in several windows is the sum of its entries: they are added.",
    hints=("Columns of ones: the middle of a 3x3 image stood in four 2x2 windows, so it is 4.", "+= in place of =."),
)
def columns_overwrite(
    columns: Array, *, output_size: Any, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0,
    dilation: Settings = 1,
) -> Array:  # fmt: skip
    parts = as_windows(columns, output_size, kernel_size, stride, padding, dilation)
    return spread(parts, output_size, stride, padding, dilation, overwrite=True)


@misconception(
    "col2im",
    name="overlapping columns are averaged",
    belief="col2im undoes im2col, so it must give the image back.",
    explanation="col2im is the transpose of im2col, not its inverse: what was copied forward is summed backward.",
    hints=("A pixel was used four times: four gradients arrive. What is the total?", "Nothing is divided."),
)
def columns_averaged(
    columns: Array, *, output_size: Any, kernel_size: Settings, stride: Settings = 1, padding: Settings = 0,
    dilation: Settings = 1,
) -> Array:  # fmt: skip
    parts = as_windows(columns, output_size, kernel_size, stride, padding, dilation)
    total = spread(parts, output_size, stride, padding, dilation)
    return total / np.maximum(spread(np.ones_like(parts), output_size, stride, padding, dilation), 1)


@misconception(
    "conv2d_im2col",
    name="the product of windows and filters is reshaped where it should be transposed",
    belief="windows @ filters.T holds the right numbers, and a reshape gives them the right shape.",
    explanation="(places, O) becomes (O, places) by a transpose; a reshape deals the numbers out in another order.",
    hints=("What is [[1, 2], [3, 4]].reshape(2, 2)? And .T?", "filters @ columns needs no transpose at all."),
)
def product_reshaped(x: Array, weight: Array, bias: Array | None = None, *, groups: int = 1, **settings: Any) -> Array:
    y = conv2d(x, weight, groups=groups, **settings)
    product = y.reshape(len(x), groups, len(weight) // groups, -1).swapaxes(2, 3)
    return product.reshape(y.shape) + per_filter(bias)


# --- conv2d as products, and its gradients ---


@draws("convolve")
def _convolve_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    (x, weight, bias), settings = drawn_convolution(generator)
    while min(weight.shape[1:3]) == 1:  # with one channel, or one row, c and p are in any order
        (x, weight, bias), settings = drawn_convolution(generator)
    return Case(home.convolve, x, weight, bias, home.place_filters(x, weight, bias, **settings), settings["groups"])


@misconception(
    "convolve",
    name="the filters are laid flat in the order of weight, channel by channel",
    belief="weight.reshape is the filter as a matrix, as it was for im2col.",
    explanation="Here the windows have their points row by row: p, then c, then q. So must the filters.",
    hints=(
        "Which number of a filter meets row 1 of windows? Write down (c, p, q) for weight, (p, c, q) for windows.",
        "weight.swapaxes(1, 2) first, then the reshape.",
    ),
)
def filters_channel_by_channel(x: Array, weight: Array, bias: Array | None, win: Any, groups: int) -> Array:
    return _with_points_taken_as(weight, x, bias, win, groups)


@misconception(
    "convolve",
    name="the filters are laid flat with the channels last",
    belief="Row by row means p, q, c.",
    explanation="Within a row the windows have channel after channel, each with its shifts: the order is p, c, q.",
    hints=("Of c and q, which varies faster in windows?", "weight.swapaxes(1, 2), not transpose(0, 2, 3, 1)."),
)
def filters_channels_last(x: Array, weight: Array, bias: Array | None, win: Any, groups: int) -> Array:
    return _with_points_taken_as(weight.transpose(0, 2, 3, 1), x, bias, win, groups)


def _with_points_taken_as(flat: Array, x: Array, bias: Array | None, win: Any, groups: int) -> Array:
    """conv2d whose filters, laid flat, are taken to be in the order p, c, q."""
    rows = flat.reshape(len(flat), win.kernel[0], -1, win.kernel[1])
    settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation}
    return conv2d(x, rows.swapaxes(1, 2), bias, groups=groups, **settings)


def _gradient_draw(place: str) -> Callable[[np.random.Generator, types.ModuleType], Case]:
    def draw(generator: np.random.Generator, home: types.ModuleType) -> Case:
        (x, weight, _), settings = drawn_convolution(generator)
        settings["padding"] = 0
        if generator.random() < 0.4:  # so large that the batch comes in parts
            x, weight = generator.standard_normal((3, 8, 66, 66)), generator.standard_normal((1, 8, 3, 3))
            settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        grad = generator.standard_normal(conv2d(x, weight, **settings).shape)
        groups = settings["groups"]
        return Case(getattr(home, place), grad, x, weight, home.place_filters(x, weight, None, **settings), groups)

    draw.__module__ = __name__
    return draw


for _place in ("convolve_weight_gradient", "input_gradient_by_columns"):
    draws(_place)(_gradient_draw(_place))


def _per_part(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> list[Array]:
    """The gradients of the weight, image by image, for each part of the batch that `strips` makes."""
    settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation, "groups": groups}
    made = weight.nbytes // win.kernel[0]
    parts = [part for part, *_ in home_of(win).strips(x, win, groups, 0, len(x), made, over_places=True)]
    by_image = [conv2d_gradients(g[None], image[None], weight, **settings)[1] for g, image in zip(grad, x, strict=True)]
    return [np.stack(by_image[part]) for part in parts]


@misconception(
    "convolve_weight_gradient",
    name="the weight gradient is averaged over the images",
    belief="A batch's gradient is the mean over its images.",
    explanation="All images used the same weights, so their gradients add up. The loss has taken its mean already.",
    hints=("Two equal images in a batch, loss by .sum(): how large is dW?", "sum(axis=0), not mean."),
)
def weight_gradient_averaged(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    return sum(part.mean(0) for part in _per_part(grad, x, weight, win, groups))


@misconception(
    "convolve_weight_gradient",
    name="only the first image of a part counts for the weight gradient",
    belief="The product of one image has the weight's shape, so that is the gradient.",
    explanation="The weights met every image: dW is the sum over the batch.",
    hints=("The product's first axis is the images. What becomes of it?", "sum(axis=0)."),
)
def weight_gradient_of_first(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    return sum(part[0] for part in _per_part(grad, x, weight, win, groups))


@misconception(
    "convolve_weight_gradient",
    name="every weight gets the sum over all weights",
    belief="A sum without an axis adds up the images.",
    explanation="sum() adds up everything, to a single number. Only the images are summed, the first axis.",
    hints=("What shape has the product, and what shape has its sum()?", "sum(axis=0)."),
)
def weight_gradient_summed_to_one_number(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    dw = sum(part.sum(0) for part in _per_part(grad, x, weight, win, groups))
    for points in home_of(win).phases(0, win):  # each has a total of its own
        dw[:, :, list(points)] = dw[:, :, list(points)].sum()
    return dw


@misconception(
    "convolve_weight_gradient",
    name="only the last part of the batch counts for the weight gradient",
    belief="The loop runs once, over the whole batch.",
    explanation="A large batch comes in several parts, and each adds to the total: total[points] += ...",
    hints=("Small batches come in one part. What if there are two?", "+= in place of =."),
)
def weight_gradient_of_last_part(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    return _per_part(grad, x, weight, win, groups)[-1].sum(0)


@misconception(
    "convolve_weight_gradient",
    name="the output's gradient is reshaped where it should be transposed",
    belief="A reshape to (places, O) gives the matrix the shape that the product needs.",
    explanation="G transposed is G.swapaxes(-1, -2); a reshape deals the numbers out in another order.",
    hints=("What is [[1, 2, 3], [4, 5, 6]].reshape(3, 2)? And .T?", "swapaxes(-1, -2)."),
)
def weight_gradient_reshaped(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    matrices = grad.reshape(len(x), groups, math.prod(win.out), -1)  # right would be the axes (…, O, places), swapped
    dealt = matrices.swapaxes(2, 3).reshape(grad.shape)
    return sum(part.sum(0) for part in _per_part(dealt, x, weight, win, groups))


@misconception(
    "input_gradient_by_columns",
    name="the filters are reshaped where they should be transposed",
    belief="A reshape to (rows, O) gives the matrix the shape that the product needs.",
    explanation="W transposed is filters.swapaxes(-1, -2); a reshape deals the numbers out in another order.",
    hints=("What is [[1, 2, 3], [4, 5, 6]].reshape(3, 2)? And .T?", "swapaxes(-1, -2)."),
)
def input_gradient_reshaped(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation}
    flat = grad.reshape(len(x), groups, len(weight) // groups, -1)
    filters = weight.reshape(groups, weight[0].size, -1)
    columns = (filters @ flat).reshape(len(x), -1, flat.shape[-1])
    where = {**settings, "kernel": win.kernel, "size": x.shape[2:]}
    return spread(as_windows(columns, **where), x.shape[2:], **settings)


@misconception(
    "vjp(conv2d)",
    name="the bias gradient is averaged",
    belief="Many positions share the bias, so its gradient is the mean over them.",
    explanation="The bias acts on every image and position: its gradient is the sum over all of them.",
    hints=(
        "One number is added in a hundred places. It grows by 1: by how much does their sum?",
        "Sum over the batch and both image axes; keep the channels.",
    ),
)
def bias_gradient_averaged(
    grad: Array, out: Array, x: Array, weight: Array, bias: Array | None = None, **settings: Any
) -> tuple[Array, Array, Array | None]:
    dx, dw, db = conv2d_gradients(grad, x, weight, bias, **settings)
    return dx, dw, None if db is None else db * (grad.shape[1] / math.prod(grad.shape))
