"""One filter, with the same weights at every place: what follows from it, and how few parameters it takes."""

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.layers import Linear
from tinytorch.core.spatial import Conv2d, conv2d, conv2d_loops
from tinytorch.core.tensor import Tensor
from tinytorch.testing import expect, generator

BOTH = pytest.mark.parametrize("function", [conv2d_loops, conv2d], ids=lambda function: function.__name__)


def count(layer):
    return sum(parameter.numel() for parameter in layer.parameters())


@BOTH
def test_equal_patches_give_equal_outputs_at_every_place(function):
    draw = generator()
    patch, weight, bias = draw.normal(size=(1, 2, 2, 3)), drawn(draw, 2, 2, 2, 3), drawn(draw, 2)
    tiled = Tensor(np.tile(patch, (1, 1, 3, 2)))
    output = (patch * weight.data).sum(axis=(1, 2, 3)) + bias.data
    expected = np.broadcast_to(output[:, None, None], (1, 2, 3, 2))
    expect(Tensor(expected), function, tiled, weight, bias, stride=(2, 3))


@BOTH
def test_one_bright_pixel_gives_the_turned_filter_around_it(function):
    draw = generator()
    weight = drawn(draw, 1, 1, 2, 3)
    for row, column in np.ndindex(4, 5):
        image = np.zeros((1, 1, 4, 5))
        image[0, 0, row, column] = 1.0
        expected = np.zeros((1, 1, 5, 7))
        # The first window that covers the pixel has it in its last corner, so the outputs show the filter turned.
        expected[0, 0, row : row + 2, column : column + 3] = weight.data[0, 0, ::-1, ::-1]
        expect(Tensor(expected), function, Tensor(image), weight, padding=(1, 2))


def test_a_convolution_has_896_parameters_where_a_dense_layer_has_98_336():
    assert count(Conv2d(3, 32, kernel_size=3)) == 3 * 3 * 3 * 32 + 32 == 896
    assert count(Linear(3 * 32 * 32, 32)) == 3072 * 32 + 32 == 98_336
    assert Linear(3 * 32 * 32, 32).weight.numel() == 98_304
    # A dense layer to the same 32 x 32 x 32 outputs, which is too large to make one for a test.
    assert 3072 * (32 * 32 * 32) == 100_663_296


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"kernel_size": 1}, 4 * 6 + 6),
        ({"kernel_size": (3, 5)}, 4 * 6 * 15 + 6),
        ({"groups": 2}, 2 * 6 * 9 + 6),
        ({"bias": False}, 4 * 6 * 9),
        ({"stride": 2, "padding": 1, "dilation": 2}, 4 * 6 * 9 + 6),
    ],
)
def test_parameters_are_filters_times_channels_times_window_and_biases(settings, expected):
    assert count(Conv2d(4, 6, **settings)) == expected


def test_three_stacked_3x3_cost_less_than_one_7x7():
    stacked = sum(count(Conv2d(64, 64, 3, bias=False)) for _ in range(3))
    assert (stacked, count(Conv2d(64, 64, 7, bias=False))) == (110_592, 200_704)
