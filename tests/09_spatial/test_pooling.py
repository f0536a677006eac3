"""Max, average and adaptive pooling: values at borders, among negative numbers and among equals."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    MaxPool2d,
    adaptive_avg_pool2d,
    avg_pool2d,
    max_pool2d,
)
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

SETTINGS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1},
    {"kernel_size": (2, 3), "stride": (1, 2)},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (2, 4), "padding": (1, 2)},
    {"kernel_size": 1, "stride": 3},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pooling_keeps_the_largest_of_each_window(settings, dtype):
    x = drawn(generator(), 2, 3, 6, 7, dtype=dtype)
    check(Tensor(arrays.max_pool2d(x.data, **settings)), max_pool2d, x, **settings)


def test_max_pooling_can_be_dilated():
    x = drawn(generator(), 2, 2, 7, 8)
    settings = {"kernel_size": (2, 3), "stride": 1, "padding": (1, 0), "dilation": (3, 2)}
    check(Tensor(arrays.max_pool2d(x.data, **settings)), max_pool2d, x, **settings)


def test_the_border_never_wins_a_maximum():
    x = Tensor(-np.abs(generator().normal(size=(2, 2, 4, 4))) - 1)
    check(Tensor(arrays.max_pool2d(x.data, 3, 2, 1)), max_pool2d, x, 3, stride=2, padding=1)
    got = MaxPool2d(3, stride=2, padding=1)(x).data
    assert got.max() < 0, f"all inputs are negative, and {got.max()} came out"


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("counted", [True, False])
def test_average_pooling_is_the_mean_of_each_window(settings, counted):
    x = drawn(generator(), 2, 3, 6, 7)
    expected = arrays.avg_pool2d(x.data, **settings, count_include_pad=counted)
    check(Tensor(expected), avg_pool2d, x, **settings, count_include_pad=counted)


def test_the_border_counts_in_a_mean_unless_told_otherwise():
    ones = Tensor(np.ones((1, 1, 3, 3), np.float32))
    counted = [[4 / 9, 6 / 9, 4 / 9], [6 / 9, 1, 6 / 9], [4 / 9, 6 / 9, 4 / 9]]
    check(Tensor([[counted]]), avg_pool2d, ones, 3, 1, 1)
    check(ones, avg_pool2d, ones, 3, 1, 1, count_include_pad=False)


@pytest.mark.parametrize("settings", SETTINGS)
def test_pooling_a_constant_gives_the_constant(settings):
    constant = float(generator().normal())
    x = Tensor(np.full((1, 2, 6, 7), constant))
    expected = Tensor(np.full(arrays.max_pool2d(x.data, **settings).shape, constant))
    check(expected, max_pool2d, x, **settings)
    check(expected, avg_pool2d, x, **settings, count_include_pad=False)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_largest_is_at_least_the_mean(settings):
    x = drawn(generator(), 2, 2, 6, 7)
    largest, mean = max_pool2d(x, **settings), avg_pool2d(x, **settings, count_include_pad=False)
    assert largest.shape == mean.shape, f"{settings}: max gave {largest.shape}, mean {mean.shape}"
    assert (largest.data >= mean.data - 1e-12).all(), f"{settings}: the mean is larger than the maximum"


def pooled_gradient(x):
    x = Tensor(x.data, requires_grad=True)
    max_pool2d(x, 2, 1).sum().backward()
    return x.grad


def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals():
    check(first_hits(3), pooled_gradient, Tensor(np.ones((1, 1, 3, 3), np.float32)))
    zeros = Tensor(np.zeros((2, 2, 4, 4), np.float32))  # what a ReLU leaves of a dark picture
    check(first_hits(4, images=2, channels=2), pooled_gradient, zeros)


def first_hits(size, images=1, channels=1):
    """Of each 2x2 window at stride 1 on a constant image the first pixel."""
    expected = np.zeros((images, channels, size, size), np.float32)
    expected[:, :, :-1, :-1] = 1.0
    return Tensor(expected)


def test_a_window_hands_out_its_gradient_once():
    draw = generator()
    x = Tensor(draw.integers(-2, 3, (2, 3, 6, 6)).astype(np.float64), requires_grad=True)  # few values, many ties
    y = MaxPool2d(2)(x)
    upstream = draw.normal(size=y.shape)
    y.backward(Tensor(upstream))
    by_window = x.grad.data.reshape(2, 3, 3, 2, 3, 2).sum(axis=(3, 5))
    assert_close(by_window, upstream, case={"x": x, "gradient": upstream})
    assert np.count_nonzero(x.grad.data) == y.size, f"{np.count_nonzero(x.grad.data)} pixels for {y.size} windows"


@pytest.mark.not_in_catalogue("adaptive pooling is given code")
@pytest.mark.parametrize("size", [1, 2, 3, (2, 5), (4, 1)])
def test_adaptive_pooling_takes_the_mean_of_regions_that_may_overlap(size):
    x = drawn(generator(), 2, 2, 7, 5)
    height, width = arrays.pair(size)
    expected = np.empty((2, 2, height, width))
    for i, j in np.ndindex(height, width):
        rows = slice(i * 7 // height, -(-(i + 1) * 7 // height))
        expected[:, :, i, j] = x.data[:, :, rows, j * 5 // width : -(-(j + 1) * 5 // width)].mean(axis=(2, 3))
    check(Tensor(expected), adaptive_avg_pool2d, x, size)


def test_adaptive_pooling_to_a_divisor_is_average_pooling():
    x = drawn(generator(), 1, 2, 6, 8)
    assert_close(AdaptiveAvgPool2d((3, 2))(x), AvgPool2d((2, 4))(x), case={"x": x})


def test_the_layers_are_the_functions_with_their_settings():
    x = drawn(generator(), 2, 2, 6, 7)
    for layer, expected in {
        MaxPool2d(): arrays.max_pool2d(x.data, 2),
        MaxPool2d(3, stride=1, padding=1, dilation=1): arrays.max_pool2d(x.data, 3, 1, 1),
        AvgPool2d(): arrays.avg_pool2d(x.data, 2),
        AvgPool2d(3, 2, 1, count_include_pad=False): arrays.avg_pool2d(x.data, 3, 2, 1, False),
    }.items():
        check(Tensor(expected), layer, x)
    assert repr(MaxPool2d(3, padding=1)) == "MaxPool2d(kernel_size=3, stride=3, padding=1, dilation=1)"
    assert repr(AvgPool2d()) == "AvgPool2d(kernel_size=2, stride=2, padding=0, count_include_pad=True)"
    assert repr(AdaptiveAvgPool2d((2, 3))) == "AdaptiveAvgPool2d(output_size=(2, 3))"


@pytest.mark.not_in_catalogue("the layers are given code")
def test_pooling_leaves_no_parameters_to_learn():
    assert [*MaxPool2d().parameters(), *AvgPool2d().parameters(), *AdaptiveAvgPool2d(1).parameters()] == []
