"""How many values come out: the formula, and what every layer that slides a window makes of it."""

import itertools

import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    MaxPool2d,
    avg_pool2d,
    conv2d,
    conv_output_size,
    max_pool2d,
)
from tinytorch.core.tensor import Tensor
from tinytorch.testing import generator
from tinytorch.testing.misconceptions.m09_spatial import arrays


def counted(size, kernel, stride=1, padding=0, dilation=1):
    """The places of a window, counted one by one."""
    reach = dilation * (kernel - 1) + 1
    return len(range(0, size + 2 * padding - reach + 1, stride))


def test_output_size_follows_the_formula():
    for size in generator().integers(11, 40, 3):
        for settings in itertools.product((1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2)):
            check(counted(size, *settings), conv_output_size, int(size), *settings)


@pytest.mark.parametrize("stride", [1, 2, (1, 2), (3, 1)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 3), (5, 1)])
def test_convolution_has_one_output_for_each_place(kernel, stride):
    draw = generator()
    for padding, dilation in itertools.product((0, 2, (1, 0)), (1, (2, 1))):
        size = draw.integers(9, 12, 2)
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        x, weight = drawn(draw, 2, 1, *size), drawn(draw, 3, 1, *kernel)
        of_axes = zip(size, kernel, *(arrays.pair(settings[name]) for name in settings))
        shape = (2, 3, *(counted(*axis) for axis in of_axes))
        got = conv2d(x, weight, **settings).shape
        assert got == shape, f"kernel {kernel} on {tuple(size)} with {settings}: expected shape {shape}, got {got}"


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, (5, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_keeps_the_size_and_what_is_odd_goes_below_and_right(kernel, dilation):
    draw = generator()
    x, weight = drawn(draw, 1, 2, 7, 6), drawn(draw, 2, 2, *arrays.pair(kernel))
    expected = arrays.conv2d(x.data, weight.data, padding="same", dilation=dilation)
    assert expected.shape[2:] == (7, 6)
    check(Tensor(expected), conv2d, x, weight, padding="same", dilation=dilation)


def test_valid_padding_is_none():
    draw = generator()
    x, weight = drawn(draw, 1, 2, 5, 6), drawn(draw, 2, 2, 3, 2)
    check(Tensor(arrays.conv2d(x.data, weight.data)), conv2d, x, weight, padding="valid")


@pytest.mark.parametrize(("pool", "right"), [(max_pool2d, arrays.max_pool2d), (avg_pool2d, arrays.avg_pool2d)])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(2, None, 0), (3, None, 0), (2, 1, 0), (3, 2, 1), ((2, 3), (3, 1), (1, 0)), ((1, 2), None, (0, 1))],
)
def test_pooling_has_one_output_for_each_place(pool, right, kernel, stride, padding):
    x = drawn(generator(), 2, 2, 7, 8)
    axes = zip((7, 8), *map(arrays.pair, (kernel, kernel if stride is None else stride, padding)))
    expected = right(x.data, kernel, stride, padding)
    assert expected.shape == (2, 2, *(counted(*axis) for axis in axes))
    check(Tensor(expected), pool, x, kernel, stride, padding)


@pytest.mark.not_in_catalogue("adaptive pooling is given code")
@pytest.mark.parametrize("size", [1, 2, 3, (1, 4), (7, 8), (9, 3)])
def test_adaptive_pooling_gives_the_size_that_was_asked_for(size):
    got = AdaptiveAvgPool2d(size)(drawn(generator(), 2, 3, 7, 8)).shape
    assert got == (2, 3, *arrays.pair(size)), f"output_size {size}: got shape {got}"


def test_layers_follow_the_formula_too():
    x = drawn(generator(), 2, 4, 11, 9)
    for layer, shape in {
        Conv2d(4, 6): (2, 6, 9, 7),
        Conv2d(4, 6, 3, padding=1): (2, 6, 11, 9),
        Conv2d(4, 2, (3, 1), stride=(2, 1), padding=(1, 0), groups=2): (2, 2, 6, 9),
        Conv2d(4, 2, 3, dilation=2, padding="same"): (2, 2, 11, 9),
        MaxPool2d(): (2, 4, 5, 4),
        MaxPool2d(3, stride=2, padding=1): (2, 4, 6, 5),
        MaxPool2d(2, stride=1, dilation=2): (2, 4, 9, 7),
        AvgPool2d((3, 2)): (2, 4, 3, 4),
    }.items():
        assert layer(x).shape == shape, f"{layer} gave {layer(x).shape} for {x.shape}, expected {shape}"
