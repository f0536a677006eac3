"""One filter, the same at every place: what that means, and how few parameters it takes."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.layers import Linear
from tinytorch.core.spatial import Conv2d, conv2d, conv2d_loops
from tinytorch.core.tensor import Tensor
from tinytorch.testing import generator

BOTH = pytest.mark.parametrize("function", [conv2d_loops, conv2d], ids=lambda function: function.__name__)


def count(layer):
    return sum(parameter.size for parameter in layer.parameters())


@BOTH
def test_a_patch_is_answered_alike_at_every_place(function):
    draw = generator()
    patch, weight, bias = draw.normal(size=(1, 2, 2, 3)), drawn(draw, 2, 2, 2, 3), drawn(draw, 2)
    tiled = Tensor(np.tile(patch, (1, 1, 3, 2)))
    answer = (patch * weight.data).sum(axis=(1, 2, 3)) + bias.data
    expected = np.broadcast_to(answer[:, None, None], (1, 2, 3, 2))
    check(Tensor(expected), function, tiled, weight, bias, stride=(2, 3))


@BOTH
def test_one_bright_pixel_shows_the_filter_wherever_it_is(function):
    draw = generator()
    weight = drawn(draw, 1, 1, 2, 3)
    for row, column in np.ndindex(4, 5):
        image = np.zeros((1, 1, 4, 5))
        image[0, 0, row, column] = 1.0
        expected = np.zeros((1, 1, 5, 7))
        # Seen from the outputs the filter stands on its head: the last window that reaches the pixel is the one
        # that has it in its first corner.
        expected[0, 0, row : row + 2, column : column + 3] = weight.data[0, 0, ::-1, ::-1]
        check(Tensor(expected), function, Tensor(image), weight, padding=(1, 2))


def test_the_gradient_of_a_weight_collects_from_every_place():
    draw = generator()
    x = drawn(draw, 2, 1, 4, 5)

    def gradient(image):
        weight = Tensor(np.zeros((1, 1, 2, 2)), requires_grad=True)
        conv2d(image, weight).sum().backward()
        return weight.grad

    images = x.data[:, 0]
    windows = [[images[:, p : p + 3, q : q + 4].sum() for q in range(2)] for p in range(2)]
    check(Tensor(np.array([[windows]])), gradient, x)


@pytest.mark.not_in_catalogue("the shapes of the parameters are given code")
def test_896_parameters_do_for_the_picture_what_a_dense_layer_does_with_98_336():
    assert count(Conv2d(3, 32, kernel_size=3)) == 3 * 3 * 3 * 32 + 32 == 896
    assert count(Linear(3 * 32 * 32, 32)) == 3072 * 32 + 32 == 98_336
    assert Linear(3 * 32 * 32, 32).weight.size == 98_304
    # A dense layer to the same map of 32 x 32 x 32 numbers; too large to make one for a test.
    assert 3072 * (32 * 32 * 32) == 100_663_296


def test_the_size_of_the_picture_costs_no_parameters():
    layer = Conv2d(3, 8, kernel_size=3, padding=1, groups=1)
    for size in (4, 9):
        assert layer(Tensor(np.zeros((1, 3, size, size), np.float32))).shape == (1, 8, size, size)
    assert count(layer) == 8 * 27 + 8


@pytest.mark.not_in_catalogue("the shapes of the parameters are given code")
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


@pytest.mark.not_in_catalogue("the shapes of the parameters are given code")
def test_three_stacked_3x3_cost_less_than_one_7x7():
    stacked = sum(count(Conv2d(64, 64, 3, bias=False)) for _ in range(3))
    assert (stacked, count(Conv2d(64, 64, 7, bias=False))) == (110_592, 200_704)
