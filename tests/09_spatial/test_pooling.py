"""Max and average pooling: values at borders, among negative numbers and among equals, and their gradients."""

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.autograd import grad
from tinytorch.core.spatial import avg_pool2d, max_pool2d
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, check_gradients, expect, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

POOLS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1},
    {"kernel_size": (2, 3), "stride": (1, 2)},
    {"kernel_size": 3, "stride": (2, 1), "padding": 1},
    {"kernel_size": (2, 4), "padding": (1, 2)},
    {"kernel_size": 1, "stride": 3},
    {"kernel_size": (6, 7)},
]
DILATED = {"kernel_size": (2, 3), "stride": 1, "padding": (1, 0), "dilation": (3, 2)}


@pytest.mark.parametrize("settings", [*POOLS, DILATED])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pooling_keeps_the_largest_of_each_window(settings, dtype):
    x = drawn(generator(), 2, 3, 6, 7, dtype=dtype)
    expect(Tensor(arrays.max_pool2d(x.data, **settings)), max_pool2d, x, **settings)


def test_the_border_never_is_the_maximum():
    x = Tensor(-np.abs(generator().normal(size=(2, 2, 4, 4))) * 1e30 - 1)
    expect(Tensor(arrays.max_pool2d(x.data, kernel_size=3, stride=2, padding=1)), max_pool2d, x, 3, 2, 1)


@pytest.mark.parametrize("settings", POOLS)
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_average_pooling_is_the_mean_of_each_window(settings, counted, dtype):
    x = drawn(generator(), 2, 3, 6, 7, dtype=dtype)
    expected = arrays.avg_pool2d(x.data, **settings, count_include_pad=counted).astype(dtype)
    expect(Tensor(expected), avg_pool2d, x, **settings, count_include_pad=counted)


def test_the_zeros_of_the_border_count_in_a_mean_unless_asked_otherwise():
    ones = Tensor(np.ones((1, 1, 3, 3), np.float32))
    counted = [[4 / 9, 6 / 9, 4 / 9], [6 / 9, 1, 6 / 9], [4 / 9, 6 / 9, 4 / 9]]
    expect(Tensor([[counted]]), avg_pool2d, ones, 3, 1, 1)
    expect(ones, avg_pool2d, ones, 3, 1, 1, count_include_pad=False)


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
def test_images_may_lie_in_memory_in_any_order(pool):
    x = generator().normal(size=(2, 5, 4, 3)).transpose(0, 3, 1, 2)
    expect(pool(np.ascontiguousarray(x), 2, 1), pool, Tensor(x), 2, 1)
    check_gradients(pool, Tensor(x), kernel_size=2, stride=1)


@pytest.mark.parametrize("settings", [*POOLS, DILATED])
def test_the_gradient_of_max_pooling_agrees_with_finite_differences(settings):
    distinct = generator().permutation(2 * 2 * 6 * 7).reshape(2, 2, 6, 7) * 0.1
    check_gradients(max_pool2d, Tensor(distinct), **settings)


@pytest.mark.parametrize("settings", POOLS)
@pytest.mark.parametrize("counted", [True, False])
def test_the_gradient_of_average_pooling_agrees_with_finite_differences(settings, counted):
    check_gradients(avg_pool2d, drawn(generator(), 2, 2, 6, 7), **settings, count_include_pad=counted)


def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals():
    def gradient(x, **settings):
        x = Tensor(x.data, requires_grad=True)
        return grad(max_pool2d(x, **settings).sum(), x)[0]

    ones, dark = np.ones((1, 1, 3, 3), np.float32), np.zeros((2, 2, 4, 4), np.float32)  # a ReLU makes images dark
    for images, settings, first in (
        (ones, {"kernel_size": 2, "stride": 1}, np.s_[:2, :2]),
        (dark, {"kernel_size": 2}, np.s_[::2, ::2]),
        (dark, {"kernel_size": 3, "stride": 2, "padding": 1}, np.s_[:2, :2]),  # the border is no pixel
    ):
        expected = np.zeros_like(images)
        expected[(..., *first)] = 1.0
        expect(Tensor(expected), gradient, Tensor(images), **settings)


def test_a_window_hands_its_gradient_to_one_pixel():
    draw = generator()
    x = Tensor(draw.integers(-2, 3, (2, 3, 6, 6)).astype(np.float64), requires_grad=True)  # few values, many equals
    y = max_pool2d(x, 2)
    upstream = draw.normal(size=y.shape)
    y.backward(Tensor(upstream))
    by_window = x.grad.data.reshape(2, 3, 3, 2, 3, 2).sum(axis=(3, 5))
    assert_close(by_window, upstream, case={"x": x, "gradient": upstream})
    assert np.count_nonzero(x.grad.data) == y.numel(), f"{np.count_nonzero(x.grad.data)} pixels for {y.numel()} windows"
