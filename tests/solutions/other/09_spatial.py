"""Module 09 with views of windows, tables of indices and einsum."""

import math

import numpy as np

from tinytorch.core.activations import relu
from tinytorch.core.autograd import vjp
from tinytorch.core.layers import Linear, Module, Parameter
from tinytorch.core.spatial import Flatten, conv2d, placer
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.support.random import default_generator
from tinytorch.support.threads import batchwise, in_threads
from tinytorch.support.windows import ImageLayer, check_batch_norm, conv_settings, empty_output, ordering_all, pair


# %% conv-output-size
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    free = size + 2 * padding - dilation * kernel_size + dilation - 1
    return math.floor(free / stride) + 1


# %% conv2d-loops
def convolution_loops(padded, weight, bias, y, stride, dilation, groups):
    channels = weight.shape[1]
    for n, o, i, j in np.ndindex(*y.shape):
        first = (o * groups // len(weight)) * channels
        y[n, o, i, j] = bias[o]
        for c, p, q in np.ndindex(*weight.shape[1:]):
            row, column = np.array((i, j)) * stride + np.array((p, q)) * dilation
            y[n, o, i, j] += weight[o, c, p, q] * padded[n, first + c, row, column]


# %% conv2d-windows
@primitive
def conv2d_windows(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    (kh, kw), (sh, sw), (dh, dw) = win.kernel, win.stride, win.dilation
    filters = weight.reshape(groups, len(weight) // groups, -1)
    y = empty_output(x, weight, win)
    for image, result in zip(win.add_border(x), y):
        for i, j in np.ndindex(*win.out):
            rows, columns = i * sh + dh * np.arange(kh), j * sw + dw * np.arange(kw)
            window = image[:, rows[:, None], columns]
            result[:, i, j] = np.einsum("gok,gk->go", filters, window.reshape(groups, -1)).ravel()
    if bias is not None:
        y += bias[None, :, None, None]
    return y


# %% im2col
def copy_windows(padded, win, columns):
    (sh, sw), (dh, dw) = win.stride, win.dilation
    for p in range(win.kernel[0]):
        for q in range(win.kernel[1]):
            rows, across = p * dh + sh * np.arange(win.out[0]), q * dw + sw * np.arange(win.out[1])
            columns[..., p, q, :, :] = padded[..., rows[:, None], across]


def add_windows(columns, win, padded):
    (sh, sw), (dh, dw), (height, width) = win.stride, win.dilation, win.out
    for p in range(win.kernel[0]):
        for q in range(win.kernel[1]):
            under = padded[..., p * dh : p * dh + height * sh : sh, q * dw : q * dw + width * sw : sw]
            np.add(under, columns[..., p, q, :, :], out=under)


@primitive
def im2col(x, *, kernel_size, stride=1, padding=0, dilation=1):
    win = placer.on_images(x, kernel_size, stride, padding, dilation)
    (sh, sw), (dh, dw) = win.stride, win.dilation
    covered = dh * (win.kernel[0] - 1) + 1, dw * (win.kernel[1] - 1) + 1
    views = np.lib.stride_tricks.sliding_window_view(win.add_border(x), covered, axis=(2, 3))
    views = views[:, :, ::sh, ::sw, ::dh, ::dw]
    n, c, height, width, kh, kw = views.shape
    return np.moveaxis(views, (2, 3), (4, 5)).reshape(n, c * kh * kw, height * width)


@primitive
def col2im(columns, *, output_size, kernel_size, stride=1, padding=0, dilation=1):
    win, images = placer.of_columns(columns, output_size, kernel_size, stride, padding, dilation)
    padded = win.add_border(images)
    pixels = np.arange(padded.size).reshape(padded.shape)
    numbers = np.empty((*images.shape[:2], *win.kernel, *win.out), int)
    copy_windows(pixels, win, numbers)
    total = np.zeros(padded.size, columns.dtype)
    np.add.at(total, numbers.ravel(), columns.ravel())
    return win.inside(total.reshape(padded.shape))


@primitive
def conv2d_im2col(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    where = {"kernel_size": win.kernel, "stride": stride, "padding": padding, "dilation": dilation}
    columns = im2col.__wrapped__(x, **where).reshape(len(x), groups, -1, win.out[0] * win.out[1])
    y = np.einsum("gor,ngrp->ngop", weight.reshape(groups, -1, columns.shape[2]), columns)
    y = y.reshape(len(x), len(weight), *win.out)
    if bias is None:
        return y
    return y + bias.reshape(1, -1, 1, 1)


# %% conv2d
def image_columns(x, win, groups, start, stop):
    padded, columns = win.buffers(x.shape[1], x.dtype)
    inside, matrices = win.inside(padded), columns.reshape(groups, -1, win.out[0] * win.out[1])
    for n, image in enumerate(x[start:stop], start):
        inside[:] = image
        copy_windows(padded, win, columns)
        yield n, matrices


def convolve(x, weight, bias, win, groups):
    filters = weight.reshape(groups, len(weight) // groups, weight[0].size)
    shift = np.zeros((1, len(weight), 1, 1), weight.dtype) if bias is None else bias.reshape(1, -1, 1, 1)

    def work(start, stop):
        images = [filters @ columns for _, columns in image_columns(x, win, groups, start, stop)]
        return np.stack(images).reshape(stop - start, len(weight), *win.out) + shift

    return np.concatenate(in_threads(work, len(x), weight.size * len(x) * win.out[0] * win.out[1]))


def weight_gradient(grad, x, weight, win, groups):
    def work(start, stop):
        products = (
            np.einsum("gop,grp->gor", grad[n].reshape(groups, len(weight) // groups, -1), columns)
            for n, columns in image_columns(x, win, groups, start, stop)
        )
        return sum(products).reshape(weight.shape)

    return np.sum(in_threads(work, len(x), grad.size * weight[0].size), axis=0)


def input_gradient(grad, x, weight, win, groups):
    transposed = np.transpose(weight.reshape(groups, -1, weight[0].size), (0, 2, 1))

    def work(start, stop):
        padded, columns = win.buffers(x.shape[1], x.dtype)
        result = np.empty((stop - start, *x.shape[1:]), x.dtype)
        for own, gradient in zip(result, grad[start:stop]):
            padded.fill(0)
            product = transposed @ gradient.reshape(groups, transposed.shape[2], -1)
            columns[:] = product.reshape(columns.shape)
            add_windows(columns, win, padded)
            own[:] = win.inside(padded)
        return result

    return np.concatenate(in_threads(work, len(x), grad.size * weight[0].size))


@vjp(conv2d)
def _(grad, out, x, weight, bias=None, *, stride, padding, dilation, groups):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)

    def of_bias():
        return np.einsum("noij->o", grad)

    return (
        lambda: input_gradient(grad, x, weight, win, groups),
        lambda: weight_gradient(grad, x, weight, win, groups),
        of_bias if bias is not None else None,
    )


# %% conv2d-layer
class Conv2d(ImageLayer, Module):
    @conv_settings
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, dilation=1, groups=1, bias=True):
        self.keep(in_channels=in_channels, out_channels=out_channels, kernel_size=pair("kernel_size", kernel_size, 1))
        self.keep(stride=stride, padding=padding, dilation=dilation, groups=groups)
        shape = out_channels, in_channels // groups, *self.kernel_size
        fan_in = np.prod(shape) // out_channels
        self.weight = Parameter(default_generator().normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32))
        self.bias = Parameter(np.zeros_like(self.weight.data[:, 0, 0, 0])) if bias else None

    def forward(self, x):
        return conv2d(
            x,
            self.weight,
            self.bias,
            groups=self.groups,
            dilation=self.dilation,
            padding=self.padding,
            stride=self.stride,
        )


# %% pooling
@primitive
@batchwise
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1):
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    padded = win.add_border(x, -np.inf)
    return np.max([padded[pixels] for _, _, pixels in win.positions()], axis=0)


@vjp(max_pool2d)
@ordering_all(max_pool2d)
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, dilation):
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    padded = win.add_border(x, -np.inf)
    first = np.argmax([padded[pixels] for _, _, pixels in win.positions()], axis=0)
    dx = np.zeros_like(padded)
    for index, (_, _, pixels) in enumerate(win.positions()):
        dx[pixels] += np.where(first == index, grad, 0)
    return win.inside(dx)


@primitive
@batchwise
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, count_include_pad=True):
    win = placer.of_pool(x, kernel_size, stride, padding)
    windows = np.empty((*x.shape[:2], *win.kernel, *win.out), x.dtype)
    copy_windows(win.add_border(x), win, windows)
    return windows.sum(axis=(2, 3)) / win.pixel_counts(x.dtype, count_include_pad)


@vjp(avg_pool2d)
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, count_include_pad):
    win = placer.of_pool(x, kernel_size, stride, padding)
    share = grad * (1 / win.pixel_counts(grad.dtype, count_include_pad))
    dx = win.add_border(np.zeros_like(x))
    add_windows(np.broadcast_to(share[:, :, None, None], (*x.shape[:2], *win.kernel, *win.out)), win, dx)
    return win.inside(dx)


# %% batch-norm
def shaped(values):
    """One number per channel, so that it broadcasts over images and places."""
    return values.reshape(len(values), 1, 1)


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    check_batch_norm(x, len(running_mean), training)
    if training:
        axes = 0, 2, 3
        mean, var = x.mean(axes), x.var(axes, correction=0)
        running_mean.data += momentum * (mean.data - running_mean.data)
        running_var.data += momentum * (x.var(axes).data - running_var.data)
    else:
        mean, var = running_mean, running_var
    scale = (var + eps) ** -0.5
    if weight is not None:
        scale = scale * weight
    shift = Tensor(np.zeros_like(mean.data)) if bias is None else bias
    return (x - shaped(mean)) * shaped(scale) + shaped(shift)


# %% simple-cnn
class MaxPool2d(ImageLayer, Module):
    def forward(self, x):
        return max_pool2d(x, self.kernel_size, dilation=self.dilation, padding=self.padding, stride=self.stride)


class AvgPool2d(ImageLayer, Module):
    def forward(self, x):
        count = self.count_include_pad
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, count_include_pad=count)


class SimpleCNN(Module):
    def __init__(self, num_classes=10):
        channels = 3, 32, 64
        self.conv1, self.conv2 = (Conv2d(c, o, 3, 1, 1) for c, o in zip(channels, channels[1:]))
        self.pool, self.flatten = MaxPool2d(), Flatten(1)
        side = 32 // 2 // 2
        self.fc = Linear(channels[-1] * side**2, num_classes)

    def forward(self, x):
        for conv in (self.conv1, self.conv2):
            x = self.pool(relu(conv(x)))
        x = self.flatten(x)
        return self.fc(x)
