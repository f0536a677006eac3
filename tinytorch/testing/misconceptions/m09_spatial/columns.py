"""Columns, matrix products, and the gradients of a convolution."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.drawn import drawn_convolution, shared_among
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m09_spatial.arrays import (
    Array,
    as_columns,
    as_windows,
    conv2d,
    conv2d_gradients,
    margins,
    per_filter,
    spread,
    windows,
)
from tinytorch.testing.misconceptions.m09_spatial.convolution import convolution_mistake

# --- copy_windows and add_windows ---


@draws("copy_windows")
def _copies(generator: np.random.Generator, home: types.ModuleType) -> Case:
    (x, weight, _), settings = drawn_convolution(generator)
    win = home.placer.of_filters(x, weight, None, **settings)

    def columns(padded: Array) -> Array:
        columns = np.full((*padded.shape[:2], *win.kernel, *win.out), 9.0)
        home.copy_windows(padded, win, columns)
        return columns

    return Case(columns, win.add_border(x).copy())


@draws("add_windows")
def _additions(generator: np.random.Generator, home: types.ModuleType) -> Case:
    (x, weight, _), settings = drawn_convolution(generator)
    win = home.placer.of_filters(x, weight, None, **settings)

    def pixels(columns: Array) -> Array:
        padded = np.ones_like(win.add_border(x))
        home.add_windows(columns, win, padded)
        return padded

    return Case(pixels, generator.standard_normal((*x.shape[:2], *win.kernel, *win.out)))


@misconception(
    "copy_windows",
    name="p and q are swapped",
    belief="columns[..., q, p, :, :]: any order of the kernel positions will do.",
    explanation="Row (c, p, q) of the columns meets entry (c, p, q) of the flat filter: p comes before q.",
    hints=("Which entry of weight.reshape(O, -1) is weight[o, 0, 0, 1]?", "columns[..., p, q, :, :]."),
)
def positions_swapped(padded: Array, win: Any, columns: Array) -> None:
    for p, q, pixels in win.positions():
        columns[..., q, p, :, :] = padded[pixels]


@misconception(
    "copy_windows",
    name="the pixels are added to what the columns hold",
    belief="columns += pixels: the columns start from zero.",
    explanation="The columns are a buffer that is used again, with the last image's pixels in it: copy with =.",
    hints=("What do the columns hold when the second image comes?", "= in place of +=."),
)
def columns_added(padded: Array, win: Any, columns: Array) -> None:
    for p, q, pixels in win.positions():
        columns[..., p, q, :, :] += padded[pixels]


@misconception(
    "copy_windows",
    name="the columns are a new array",
    belief="columns = ... fills the columns.",
    explanation="An assignment makes a new name; columns[..., p, q, :, :] = ... writes into the array that was given.",
    hints=("Does the array that came in change?", "Assign to columns[..., p, q, :, :]."),
)
def columns_not_filled(padded: Array, win: Any, columns: Array) -> None:
    columns = columns.copy()
    for p, q, pixels in win.positions():
        columns[..., p, q, :, :] = padded[pixels]


@misconception(
    "add_windows",
    name="overlapping windows overwrite each other",
    belief="Every entry is written back to where it came from.",
    explanation="A pixel that stands in several windows is the sum of its entries: they are added.",
    hints=("Columns of ones: the middle of a 3x3 image stands in four 2x2 windows, so it is 4.", "+= in place of =."),
)
def pixels_overwritten(columns: Array, win: Any, padded: Array) -> None:
    for p, q, pixels in win.positions():
        padded[pixels] = columns[..., p, q, :, :]


@misconception(
    "add_windows",
    name="p and q are swapped",
    belief="columns[..., q, p, :, :]: any order of the kernel positions will do.",
    explanation="add_windows takes each entry back to where copy_windows took it from: columns[..., p, q, :, :].",
    hints=("Where did copy_windows put the pixels under position (0, 1)?", "columns[..., p, q, :, :]."),
)
def added_swapped(columns: Array, win: Any, padded: Array) -> None:
    for p, q, pixels in win.positions():
        padded[pixels] += columns[..., q, p, :, :]


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
    belief="Any order of the numbers of a window will do.",
    explanation="Row k of the columns meets entry k of the flat filter, whose order is (channel, row, column).",
    hints=("weight.reshape(O, -1): which axis of weight (O, C, kh, kw) varies slowest?", "c, then p, then q."),
)
def columns_channels_last(x: Array, **where: Any) -> Array:
    return as_columns(windows(x, **where), (0, 4, 5, 1, 2, 3))


@misconception(
    "im2col",
    name="the windows are laid flat column by column",
    belief="A window is flattened going down first.",
    explanation="A filter is flattened row by row (q varies fastest), and its window must be too.",
    hints=("What is np.arange(4).reshape(2, 2).reshape(-1)?", "The order of the axes is n, c, p, q, i, j."),
)
def windows_down_first(x: Array, **where: Any) -> Array:
    return as_columns(windows(x, **where), (0, 1, 5, 4, 2, 3))


@misconception(
    "im2col",
    name="each window is a row, not a column",
    belief="A window becomes a row, as a sample is a row in a table.",
    explanation="Here filters stand as rows and windows as columns, so that filters @ columns is the convolution.",
    hints=("The shape is (N, C*kh*kw, places). Which is yours?", "The places come last."),
)
def windows_as_rows(x: Array, **where: Any) -> Array:
    return as_columns(windows(x, **where)).swapaxes(1, 2)


@misconception(
    "im2col",
    name="the places are taken column by column",
    belief="The windows are numbered going down first.",
    explanation="Places are numbered row by row (j varies fastest), so that the product is y by a mere reshape.",
    hints=("Which place is number 1: (0, 1) or (1, 0)?", "The order of the axes is n, c, p, q, i, j."),
)
def places_down_first(x: Array, **where: Any) -> Array:
    return as_columns(windows(x, **where), (0, 1, 4, 5, 3, 2))


@misconception(
    "im2col",
    name="the stride is ignored",
    belief="All windows are laid out; the stride is taken care of elsewhere.",
    explanation="Only every s-th window is laid out: the number of columns is H'*W' by conv_output_size.",
    hints=(
        "How many columns should kernel 1, stride 2 make of a 4x4 image? Four.",
        "win.positions() knows the stride.",
    ),
)
def columns_at_stride_one(x: Array, *, stride: Any, **where: Any) -> Array:
    return as_columns(windows(x, **where))


@misconception(
    "im2col",
    name="the border repeats the pixels at the edge",
    belief="Outside of the image the picture goes on as at its edge.",
    explanation="The border of a convolution is zeros.",
    hints=("With padding 1, what is the first entry of the first column? A zero.", "win.add_border(x)."),
)
def border_repeats_edge(x: Array, *, kernel_size: Any, padding: Any, dilation: Any, stride: Any) -> Array:
    border = [(0, 0), (0, 0), *margins(kernel_size, padding, dilation)]
    return as_columns(windows(np.pad(x, border, mode="edge"), kernel_size, stride, 0, dilation))


@misconception(
    "im2col",
    name="the padding is put around the result, not around the image",
    belief="Padding restores the size that was lost, so it comes last.",
    explanation="The image is padded first; windows that stand partly in the border hold its edge pixels.",
    hints=("With padding 1, is your first column all zeros? It holds the corner pixels.", "Pad, then lay out."),
)
def padded_after(x: Array, *, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    seen = windows(x, kernel_size, stride, 0, dilation)
    border = margins(kernel_size, padding, dilation)
    return as_columns(np.pad(seen, [(0, 0), (0, 0), *border, (0, 0), (0, 0)]))


@misconception(
    "col2im",
    name="the border is not taken off",
    belief="The padded images are the result.",
    explanation="The padding is no part of the image: win.inside(padded) is what is returned.",
    hints=("Which size does the result have, with padding 1?", "win.inside(padded)."),
)
def border_left_on(columns: Array, *, output_size: Any, padding: Any, **where: Any) -> Array:
    parts = as_windows(columns, output_size, padding=padding, **where)
    border = margins(parts.shape[4:], padding, where["dilation"])
    size = [n + before + after for n, (before, after) in zip(output_size, border, strict=True)]
    return spread(parts, tuple(size), where["stride"], 0, where["dilation"])


@misconception(
    "col2im",
    name="overlapping columns are averaged",
    belief="col2im undoes im2col, so it must give the image back.",
    explanation="col2im is the transpose of im2col, not its inverse: what was copied forward is summed backward.",
    hints=("A pixel was used four times: four gradients arrive. What is the total?", "Nothing is divided."),
)
def columns_averaged(
    columns: Array, *, output_size: Any, stride: Any, padding: Any, dilation: Any, **where: Any
) -> Array:
    parts = as_windows(columns, output_size, stride=stride, padding=padding, dilation=dilation, **where)
    total = spread(parts, output_size, stride, padding, dilation)
    return total / np.maximum(spread(np.ones_like(parts), output_size, stride, padding, dilation), 1)


@misconception(
    "conv2d_im2col",
    name="the product of windows and filters is reshaped where it should be transposed",
    belief="windows @ filters.T holds the right numbers, and a reshape gives them the right shape.",
    explanation="(places, O) becomes (O, places) by a transpose; a reshape puts the numbers in another order.",
    hints=("What is [[1, 2], [3, 4]].reshape(2, 2)? And .T?", "filters @ columns needs no transpose at all."),
)
def product_reshaped(x: Array, weight: Array, bias: Array | None, *, groups: int, **settings: Any) -> Array:
    y = conv2d(x, weight, groups=groups, **settings)
    by_group = y.reshape(len(x), groups, len(weight) // groups, -1).swapaxes(2, 3)
    return by_group.reshape(y.shape) + per_filter(bias)


# --- the convolution that trains ---


@convolution_mistake(
    "convolve",
    name="the filters are laid flat with the channels last",
    belief="A filter is flattened as a picture is stored: row, column, channel.",
    explanation="The columns have the order (c, p, q), and so has weight.reshape: no transpose is needed.",
    hints=("Of c and q, which varies faster in the columns?", "weight.reshape(groups, O // groups, -1)."),
)
def filters_channels_last(x: Array, weight: Array, bias: Array | None = None, **settings: Any) -> Array:
    flat = weight.transpose(0, 2, 3, 1).reshape(weight.shape)
    return conv2d(x, flat, bias, **settings)


@draws("image_columns")
def _image_columns_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolve_case(generator, home, ("x",))


@draws("weight_gradient")
def _weight_gradient_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolve_case(generator, home, ("weight",))


@draws("input_gradient")
def _input_gradient_cases(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _convolve_case(generator, home, ("input",))


def _convolve_case(generator: np.random.Generator, home: types.ModuleType, what: tuple[str]) -> Case:
    (x, weight, _), settings = drawn_convolution(generator)
    groups = settings["groups"]
    win = home.placer.of_filters(x, weight, None, **settings)
    grad = generator.standard_normal((len(x), len(weight), *win.out))
    if what == ("x",):

        def columns(x: Array) -> Array:
            return np.array([columns.copy() for _, columns in home.image_columns(x, win, groups, 1, len(x))])

        return Case(columns, x)

    def gradient(grad: Array, x: Array, weight: Array) -> Array:
        with shared_among(2):
            return getattr(home, f"{what[0]}_gradient")(grad, x, weight, win, groups)

    return Case(gradient, grad, x, weight)


def _image_columns(x: Array, win: Any, groups: int, images: Any, numbers: Any, border: float = 0.0) -> Iterator[Any]:
    where = {"kernel_size": win.kernel, "stride": win.stride, "padding": win.padding, "dilation": win.dilation}
    for n, image in zip(numbers, images, strict=True):
        columns = as_columns(windows(x[image][None], **where, value=border))
        yield n, columns.reshape(groups, -1, math.prod(win.out))


@misconception(
    "image_columns",
    name="every image has the columns of the first",
    belief="The image is copied into the buffer once, before the loop.",
    explanation="Each turn of the loop copies its own image into the buffer, and then the image's windows.",
    hints=("Two images differ. Do their columns?", "Both copies stand inside the loop, with x[n]."),
)
def columns_of_first(x: Array, win: Any, groups: int, start: int, stop: int) -> Iterator[Any]:
    return _image_columns(x, win, groups, [start] * (stop - start), range(start, stop))


@misconception(
    "image_columns",
    name="the images are counted from 0, whatever `start` is",
    belief="A core's share begins with image 0.",
    explanation="A core's share is the images from start up to stop: n begins at start.",
    hints=("Which images does the second core work on?", "range(start, stop)."),
)
def counted_from_zero(x: Array, win: Any, groups: int, start: int, stop: int) -> Iterator[Any]:
    return _image_columns(x, win, groups, range(stop - start), range(stop - start))


def _per_image(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> list[Array]:
    """The gradient of the weight that each image makes."""
    settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation, "groups": groups}
    return [conv2d_gradients(g[None], image[None], weight, **settings)[1] for g, image in zip(grad, x, strict=True)]


@misconception(
    "weight_gradient",
    name="the weight gradient is averaged over the images",
    belief="A batch's gradient is the mean over its images.",
    explanation="All images used the same weights, so their gradients add up. The loss has taken its mean already.",
    hints=("Two equal images in a batch, loss by .sum(): how large is dW?", "A sum, not a mean."),
)
def weight_gradient_averaged(*inputs: Any) -> Array:
    return np.mean(_per_image(*inputs), axis=0)


@misconception(
    "weight_gradient",
    name="only the last image counts",
    belief="total = grads[n] @ ...: the loop leaves the result in total.",
    explanation="Each image adds to the total: total += ...",
    hints=("What happens at the second image of the batch?", "+= in place of =."),
)
def weight_gradient_of_last(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    per_image = _per_image(grad, x, weight, win, groups)
    return np.sum([per_image[share.stop - 1] for share in _shares(grad, weight)], axis=0)


@misconception(
    "weight_gradient",
    name="only the first core's images count",
    belief="in_threads returns the result.",
    explanation="in_threads returns one result per core: their sum is the gradient.",
    hints=("A large batch is shared by several cores. Whose sum do you return?", "sum(in_threads(...))."),
)
def weight_gradient_of_first_core(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    return np.sum(_per_image(grad, x, weight, win, groups)[_shares(grad, weight)[0]], axis=0)


def _shares(grad: Array, weight: Array) -> list[slice]:
    """The images of each core, as `in_threads` shares them."""
    from tinytorch.support.threads import in_threads

    return in_threads(slice, len(grad), grad.size * weight[0].size)


@misconception(
    "weight_gradient",
    name="the columns are reshaped where they should be transposed",
    belief="A reshape to (places, rows) gives the matrix the shape that the product needs.",
    explanation="X transposed is columns.swapaxes(-1, -2); a reshape puts the numbers in another order.",
    hints=("What is [[1, 2, 3], [4, 5, 6]].reshape(3, 2)? And .T?", "swapaxes(-1, -2)."),
)
def weight_gradient_reshaped(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    grads = grad.reshape(len(x), groups, -1, math.prod(win.out))
    images = _image_columns(x, win, groups, range(len(x)), range(len(x)))
    total = np.sum([grads[n] @ columns.reshape(groups, columns.shape[2], -1) for n, columns in images], axis=0)
    return total.reshape(weight.shape)


@misconception(
    "input_gradient",
    name="the padded image is not set back to zero",
    belief="The buffer is zero, as it was when it was made.",
    explanation="The buffer is used again: before each image it still holds the gradient of the last one.",
    hints=("What happens at the second image of the batch?", "padded[...] = 0 in each turn."),
)
def pixels_carry_on(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    dx = _input_gradient(grad, x, weight, win, groups)
    return np.concatenate([dx[share].cumsum(axis=0) for share in _shares(grad, weight)])


def _input_gradient(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    settings = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation, "groups": groups}
    return conv2d_gradients(grad, x, weight, **settings)[0]


@misconception(
    "input_gradient",
    name="the filters are reshaped where they should be transposed",
    belief="A reshape to (rows, O) gives the matrix the shape that the product needs.",
    explanation="W transposed is filters.swapaxes(-1, -2); a reshape puts the numbers in another order.",
    hints=("What is [[1, 2, 3], [4, 5, 6]].reshape(3, 2)? And .T?", "swapaxes(-1, -2)."),
)
def input_gradient_reshaped(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    flat = grad.reshape(len(x), groups, len(weight) // groups, -1)
    filters = weight.reshape(groups, weight[0].size, -1)
    columns = (filters @ flat).reshape(len(x), -1, flat.shape[-1])
    where = {"stride": win.stride, "padding": win.padding, "dilation": win.dilation}
    return spread(as_windows(columns, x.shape[2:], win.kernel, **where), x.shape[2:], **where)


@misconception(
    "input_gradient",
    name="the border is cut off on the wrong side",
    belief="The image begins at the first pixel of the padded image.",
    explanation="The image lies within its border: win.inside(padded).",
    hints=("With padding 1, where in the padded image is pixel (0, 0)?", "dx[n] = win.inside(padded)."),
)
def border_kept(grad: Array, x: Array, weight: Array, win: Any, groups: int) -> Array:
    size = [n + before + after for n, (before, after) in zip(x.shape[2:], win.padding, strict=True)]
    larger = np.zeros((*x.shape[:2], *size), x.dtype)
    none: Any = win._replace(padding=((0, 0), (0, 0)))
    return _input_gradient(grad, larger, weight, none, groups)[:, :, : x.shape[2], : x.shape[3]]


# --- the rule ---


def _rule(change: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of conv2d with its three gradients changed: change(dx, dw, db, grad)."""

    def rule(
        grad: Array, out: Array, x: Array, weight: Array, bias: Array | None = None, **settings: Any
    ) -> tuple[Any, ...]:
        return change(*conv2d_gradients(grad, x, weight, bias, **settings), grad)

    return rule


@misconception(
    "vjp(conv2d)",
    name="the bias gradient is averaged",
    belief="Many places share the bias, so its gradient is the mean over them.",
    explanation="The bias acts on every image and place: its gradient is the sum over all of them.",
    hints=(
        "One number is added in a hundred places. It grows by 1: by how much does their sum?",
        "Sum over the batch and both image axes; keep the channels.",
    ),
)
def bias_gradient_averaged(*inputs: Any, **settings: Any) -> Any:
    return _rule(lambda dx, dw, db, grad: (dx, dw, None if db is None else grad.mean((0, 2, 3))))(*inputs, **settings)


@misconception(
    "vjp(conv2d)",
    name="the bias gradient is that of the first image",
    belief="The bias gradient is the sum over the places.",
    explanation="The bias acts on every image too: its gradient is the sum over the batch and both image axes.",
    hints=("Two equal images: how large is the bias gradient, compared to one?", "axis=(0, 2, 3)."),
)
def bias_gradient_of_first(*inputs: Any, **settings: Any) -> Any:
    def change(dx: Any, dw: Any, db: Any, grad: Any) -> Any:
        return dx, dw, None if db is None else grad[0].sum((1, 2))

    return _rule(change)(*inputs, **settings)


@misconception(
    "vjp(conv2d)",
    name="the gradients of image and weight are swapped",
    belief="The order of what a rule returns does not matter.",
    explanation="A rule returns its gradients in the order of the inputs: x, weight, bias.",
    hints=("Which shape does the gradient of x have, and which does your first one have?", "x, weight, bias."),
)
def gradients_swapped(*inputs: Any, **settings: Any) -> Any:
    return _rule(lambda dx, dw, db, grad: (dw, dx, db))(*inputs, **settings)
