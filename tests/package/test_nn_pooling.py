"""Adaptive average pooling: the means of regions that cover the image."""

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.core.tensor import Tensor
from tinytorch.nn.functional import adaptive_avg_pool2d, avg_pool2d
from tinytorch.testing import assert_close, check_gradients, expect, expect_error, generator


def images(*shape, dtype=np.float64):
    return Tensor(generator().normal(size=shape).astype(dtype))


def test_regions_of_a_row_overlap_where_its_size_is_no_multiple():
    # 5 pixels in 3 regions: 0 to 1, 1 to 3, 3 to 4
    expect(Tensor([[[[1.5, 3.0, 4.5]]]]), adaptive_avg_pool2d, Tensor([[[[1.0, 2, 3, 4, 5]]]]), (1, 3))


@pytest.mark.parametrize("size", [1, 2, 3, (2, 5), (7, 1), (9, 3)])
def test_each_output_is_the_mean_of_its_region(size):
    x = images(2, 2, 7, 5)
    height, width = size if isinstance(size, tuple) else (size, size)
    expected = np.empty((2, 2, height, width))
    for i, j in np.ndindex(height, width):
        rows, columns = (
            slice(i * 7 // height, -(-(i + 1) * 7 // height)),
            slice(j * 5 // width, -(-(j + 1) * 5 // width)),
        )
        expected[:, :, i, j] = x.data[:, :, rows, columns].mean(axis=(2, 3))
    expect(Tensor(expected), adaptive_avg_pool2d, x, size)


@pytest.mark.parametrize("size", [1, (2, 3)])
def test_the_gradients_agree_with_finite_differences(size):
    check_gradients(adaptive_avg_pool2d, images(2, 2, 5, 4), output_size=size)


@pytest.mark.parametrize("size", [1, 2])
def test_float32_stays_float32(size):
    assert adaptive_avg_pool2d(images(1, 2, 4, 4, dtype=np.float32), size).dtype == np.float32


def test_a_pixel_that_is_not_a_number_reaches_its_own_region_only():
    x = images(1, 1, 4, 4)
    x.data[0, 0, 0, 3] = np.nan
    assert_close(np.isnan(adaptive_avg_pool2d(x, 2).data[0, 0]), np.array([[False, True], [False, False]]))


def test_the_layer_is_the_function_with_its_size_and_has_no_parameters():
    x, layer = images(1, 2, 6, 8), nn.AdaptiveAvgPool2d((3, 2))
    expect(avg_pool2d(x, (2, 4)), layer, x)  # a size that divides the image's: regions of 2 x 4 pixels
    assert list(layer.parameters()) == []
    assert repr(layer) == "AdaptiveAvgPool2d(output_size=(3, 2))"


def test_bad_input_is_refused():
    layer = nn.AdaptiveAvgPool2d(1)
    expect_error(ValueError, "AdaptiveAvgPool2d: x: expected at least one image", layer, images(0, 2, 4, 4))
    expect_error(ValueError, "AdaptiveAvgPool2d: x: expected 4 axes", layer, images(4, 4))
    expect_error(TypeError, "AdaptiveAvgPool2d: x: expected a Tensor", layer, np.zeros((1, 2, 4, 4)))
    expect_error(TypeError, "x: expected floating numbers, got int64", layer, Tensor(np.zeros((1, 2, 4, 4), np.int64)))
    expect_error(ValueError, "output_size: expected a whole number >= 1", nn.AdaptiveAvgPool2d(0), images(1, 2, 4, 4))
