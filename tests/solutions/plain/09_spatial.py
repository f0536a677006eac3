"""Module 09 with a loop over the places of the windows, where the reference has one over the kernel's positions."""

import math

import numpy as np

from tinytorch.core.activations import relu
from tinytorch.core.autograd import vjp
from tinytorch.core.layers import Linear, Module, Parameter
from tinytorch.core.spatial import Flatten, conv2d, placer
from tinytorch.core.tensor import primitive
from tinytorch.support.random import default_generator
from tinytorch.support.threads import batchwise, in_threads
from tinytorch.support.windows import ImageLayer, check_batch_norm, conv_settings, empty_output, ordering_all, pair


# %% conv-output-size
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    first_pixel_after_window = dilation * (kernel_size - 1) + 1
    places = 0
    while first_pixel_after_window <= size + 2 * padding:
        places += 1
        first_pixel_after_window += stride
    return places


# %% conv2d-loops
def convolution_loops(padded, weight, bias, y, stride, dilation, groups):
    image_count, filter_count, height, width = y.shape
    _, channels, kh, kw = weight.shape
    filters_per_group = filter_count // groups
    for n in range(image_count):
        for group in range(groups):
            for k in range(filters_per_group):
                o = group * filters_per_group + k
                for i in range(height):
                    for j in range(width):
                        total = 0.0
                        for c in range(channels):
                            plane = padded[n, group * channels + c]
                            for p in range(kh):
                                for q in range(kw):
                                    pixel = plane[i * stride[0] + p * dilation[0], j * stride[1] + q * dilation[1]]
                                    total = total + pixel * weight[o, c, p, q]
                        y[n, o, i, j] = total + bias[o]


# %% conv2d-windows
@primitive
def conv2d_windows(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    (kh, kw), (sh, sw), (dh, dw) = win.kernel, win.stride, win.dilation
    padded = win.add_border(x)
    y = empty_output(x, weight, win)
    channels, filters = weight.shape[1], len(weight) // groups
    for n in range(len(x)):
        for i in range(win.out[0]):
            for j in range(win.out[1]):
                top, left = i * sh, j * sw
                window = padded[n, :, top : top + (kh - 1) * dh + 1 : dh, left : left + (kw - 1) * dw + 1 : dw]
                for g in range(groups):
                    own = slice(g * filters, (g + 1) * filters)
                    seen = window[g * channels : (g + 1) * channels].reshape(-1)
                    y[n, own, i, j] = weight[own].reshape(filters, -1) @ seen
                    if bias is not None:
                        y[n, own, i, j] += bias[own]
    return y


# %% im2col
def window_at(win, i, j):
    """The index of the pixels in the window at place (i, j)."""
    (kh, kw), (dh, dw) = win.kernel, win.dilation
    top, left = i * win.stride[0], j * win.stride[1]
    return ..., slice(top, top + (kh - 1) * dh + 1, dh), slice(left, left + (kw - 1) * dw + 1, dw)


def copy_windows(padded, win, columns):
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            columns[..., i, j] = padded[window_at(win, i, j)]


def add_windows(columns, win, padded):
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            padded[window_at(win, i, j)] += columns[..., i, j]


@primitive
def im2col(x, *, kernel_size, stride=1, padding=0, dilation=1):
    win = placer.on_images(x, kernel_size, stride, padding, dilation)
    padded = win.add_border(x)
    found = []
    for image in padded:
        columns = np.zeros((x.shape[1], *win.kernel, *win.out), x.dtype)
        copy_windows(image, win, columns)
        found.append(columns.reshape(-1, win.out[0] * win.out[1]))
    return np.stack(found)


@primitive
def col2im(columns, *, output_size, kernel_size, stride=1, padding=0, dilation=1):
    win, images = placer.of_columns(columns, output_size, kernel_size, stride, padding, dilation)
    padded = win.add_border(images)
    for n in range(len(columns)):
        add_windows(columns[n].reshape(images.shape[1], *win.kernel, *win.out), win, padded[n])
    return win.inside(padded)


@primitive
def conv2d_im2col(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    columns = im2col.__wrapped__(x, kernel_size=win.kernel, stride=stride, padding=padding, dilation=dilation)
    rows, filters = columns.shape[1] // groups, len(weight) // groups
    parts = []
    for g in range(groups):
        own = slice(g * filters, (g + 1) * filters)
        part = weight[own].reshape(filters, rows) @ columns[:, g * rows : (g + 1) * rows]
        if bias is not None:
            part = part + bias[own].reshape(filters, 1)
        parts.append(part)
    return np.concatenate(parts, axis=1).reshape(len(x), len(weight), *win.out)


# %% conv2d
def image_columns(x, win, groups, start, stop):
    padded, columns = win.buffers(x.shape[1], x.dtype)
    n = start
    while n < stop:
        image = win.inside(padded)
        image[:] = x[n]
        copy_windows(padded, win, columns)
        yield n, columns.reshape(groups, x.shape[1] // groups * win.kernel[0] * win.kernel[1], -1)
        n += 1


def convolve(x, weight, bias, win, groups):
    per_group = len(weight) // groups
    y = empty_output(x, weight, win)

    def work(start, stop):
        for n, columns in image_columns(x, win, groups, start, stop):
            for g in range(groups):
                own = slice(g * per_group, (g + 1) * per_group)
                y[n, own] = (weight[own].reshape(per_group, -1) @ columns[g]).reshape(per_group, *win.out)

    in_threads(work, len(x), y.size * weight[0].size)
    if bias is not None:
        y += bias.reshape(-1, 1, 1)
    return y


def weight_gradient(grad, x, weight, win, groups):
    per_group = len(weight) // groups

    def work(start, stop):
        total = np.zeros_like(weight)
        for n, columns in image_columns(x, win, groups, start, stop):
            for g in range(groups):
                own = slice(g * per_group, (g + 1) * per_group)
                product = grad[n, own].reshape(per_group, -1) @ columns[g].T
                total[own] += product.reshape(total[own].shape)
        return total

    of_cores = in_threads(work, len(x), grad.size * weight[0].size)
    total = of_cores[0]
    for more in of_cores[1:]:
        total = total + more
    return total


def input_gradient(grad, x, weight, win, groups):
    per_group = len(weight) // groups
    dx = np.zeros_like(x)

    def work(start, stop):
        for n in range(start, stop):
            padded, columns = win.buffers(x.shape[1], x.dtype)
            parts = []
            for g in range(groups):
                own = slice(g * per_group, (g + 1) * per_group)
                parts.append(weight[own].reshape(per_group, -1).T @ grad[n, own].reshape(per_group, -1))
            columns[...] = np.concatenate(parts).reshape(columns.shape)
            add_windows(columns, win, padded)
            dx[n] = win.inside(padded)

    in_threads(work, len(x), grad.size * weight[0].size)
    return dx


@vjp(conv2d)
def _(grad, out, x, weight, bias=None, *, stride, padding, dilation, groups):
    win = placer.of_filters(x, weight, bias, stride, padding, dilation, groups)
    dx = input_gradient(grad, x, weight, win, groups)
    dw = weight_gradient(grad, x, weight, win, groups)
    if bias is None:
        return dx, dw, None
    return dx, dw, grad.sum(axis=3).sum(axis=2).sum(axis=0)


# %% conv2d-layer
class Conv2d(ImageLayer, Module):
    @conv_settings
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, dilation=1, groups=1, bias=True):
        self.keep(in_channels=in_channels, out_channels=out_channels, kernel_size=pair("kernel_size", kernel_size, 1))
        self.keep(stride=stride, padding=padding, dilation=dilation, groups=groups)
        kh, kw = self.kernel_size
        channels = in_channels // groups
        deviation = math.sqrt(2 / (channels * kh * kw))
        weight = default_generator().standard_normal((out_channels, channels, kh, kw))
        self.weight = Parameter((deviation * weight).astype(np.float32))
        self.bias = None
        if bias:
            self.bias = Parameter([0.0] * out_channels)

    def forward(self, x):
        settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        return conv2d(x, self.weight, self.bias, **settings)


# %% pooling
@primitive
@batchwise
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1):
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    padded = win.add_border(x, -np.inf)
    y = np.zeros((*x.shape[:2], *win.out), x.dtype)
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            y[:, :, i, j] = padded[window_at(win, i, j)].max(axis=(2, 3))
    return y


@vjp(max_pool2d)
@ordering_all(max_pool2d)
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, dilation):
    win = placer.of_pool(x, kernel_size, stride, padding, dilation)
    padded = win.add_border(x, -np.inf)
    dx = np.zeros(padded.shape, grad.dtype)
    n, c = np.indices(x.shape[:2])
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            window = padded[window_at(win, i, j)].reshape(*x.shape[:2], -1)
            p, q = np.divmod(window.argmax(axis=2), win.kernel[1])  # argmax finds the first among equals
            row, column = i * win.stride[0] + p * win.dilation[0], j * win.stride[1] + q * win.dilation[1]
            dx[n, c, row, column] += grad[:, :, i, j]
    return win.inside(dx)


@primitive
@batchwise
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, count_include_pad=True):
    win = placer.of_pool(x, kernel_size, stride, padding)
    padded = win.add_border(x)
    counts = win.pixel_counts(x.dtype, count_include_pad)
    y = np.zeros((*x.shape[:2], *win.out), x.dtype)
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            y[:, :, i, j] = padded[window_at(win, i, j)].sum(axis=(2, 3)) / counts[i, j]
    return y


@vjp(avg_pool2d)
@batchwise
def _(grad, out, x, *, kernel_size, stride, padding, count_include_pad):
    win = placer.of_pool(x, kernel_size, stride, padding)
    dx = win.add_border(np.zeros(x.shape, grad.dtype))
    counts = win.pixel_counts(grad.dtype, count_include_pad)
    for i in range(win.out[0]):
        for j in range(win.out[1]):
            dx[window_at(win, i, j)] += (grad[:, :, i, j] / counts[i, j])[:, :, None, None]
    return win.inside(dx)


# %% batch-norm
def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    check_batch_norm(x, len(running_mean), training)
    channels = x.shape[1]
    if training:
        n = x.numel() // channels
        mean = x.sum(dim=(0, 2, 3)) / n
        difference = x - mean.reshape(1, channels, 1, 1)
        var = (difference * difference).sum(dim=(0, 2, 3)) / n
        running_mean.data[:] = (1 - momentum) * running_mean.data + momentum * mean.data
        running_var.data[:] = (1 - momentum) * running_var.data + momentum * (var.data * (n / (n - 1)))
    else:
        difference = x - running_mean.reshape(1, channels, 1, 1)
        var = running_var
    deviation = (var + eps).sqrt()
    y = difference / deviation.reshape(1, channels, 1, 1)
    if weight is not None:
        y = y * weight.reshape(1, channels, 1, 1)
    if bias is not None:
        y = y + bias.reshape(1, channels, 1, 1)
    return y


# %% simple-cnn
class MaxPool2d(ImageLayer, Module):
    def forward(self, x):
        return max_pool2d(
            x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding, dilation=self.dilation
        )


class AvgPool2d(ImageLayer, Module):
    def forward(self, x):
        settings = {"stride": self.stride, "padding": self.padding, "count_include_pad": self.count_include_pad}
        return avg_pool2d(x, kernel_size=self.kernel_size, **settings)


class SimpleCNN(Module):
    def __init__(self, num_classes=10):
        self.pool = MaxPool2d(kernel_size=2, stride=2)
        self.flatten = Flatten()
        self.conv1 = Conv2d(in_channels=3, out_channels=32, padding=1)
        self.conv2 = Conv2d(in_channels=32, out_channels=64, padding=1)
        self.fc = Linear(4096, num_classes)

    def forward(self, x):
        first = relu(self.conv1(x))
        second = relu(self.conv2(self.pool(first)))
        return self.fc(self.flatten(self.pool(second)))
