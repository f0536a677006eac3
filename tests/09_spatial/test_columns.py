"""im2col lays windows out as columns; col2im is its transpose, and each is the other's gradient."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import col2im, im2col
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, check_gradients, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": 2},
    {"kernel_size": (1, 3), "stride": (2, 1), "padding": (1, 0)},
    {"kernel_size": 3, "padding": 1, "dilation": 2},
    {"kernel_size": (2, 3), "padding": "same"},
    {"kernel_size": 1, "stride": 3},
    {"kernel_size": 2, "padding": 3, "stride": (1, 2)},
]


@pytest.mark.parametrize("where", WINDOWS)
def test_each_column_is_one_window_in_the_order_of_the_flat_filter(where):
    x = drawn(generator(), 2, 3, 5, 6)
    settings = {"stride": 1, "padding": 0, "dilation": 1} | {k: v for k, v in where.items() if k != "kernel_size"}
    check(Tensor(arrays.as_columns(arrays.windows(x.data, where["kernel_size"], **settings))), im2col, x, **where)


def test_a_window_as_large_as_the_image_is_the_flat_image():
    x = drawn(generator(), 2, 3, 2, 4)
    check(Tensor(x.data.reshape(2, 24, 1)), im2col, x, kernel_size=(2, 4))


@pytest.mark.parametrize("where", WINDOWS)
def test_col2im_is_the_transpose_of_im2col(where):
    draw = generator()
    x = drawn(draw, 2, 3, 5, 6)
    columns = im2col(x, **where)
    c = drawn(draw, *columns.shape)
    # <im2col x, c> = <x, col2im c> for all x and c
    assert_close((x * col2im(c, output_size=(5, 6), **where)).sum(), (columns * c).sum(), case=where)


@pytest.mark.parametrize("where", WINDOWS)
def test_every_pixel_is_the_sum_of_the_entries_it_stood_in(where):
    columns = drawn(generator(), *im2col(Tensor(np.ones((2, 2, 5, 6))), **where).shape)
    settings = {"stride": 1, "padding": 0, "dilation": 1} | {k: v for k, v in where.items() if k != "kernel_size"}
    parts = arrays.as_windows(columns.data, (5, 6), where["kernel_size"], **settings)
    check(Tensor(arrays.spread(parts, (5, 6), **settings)), col2im, columns, output_size=(5, 6), **where)


@pytest.mark.parametrize("where", WINDOWS[:5])
def test_each_is_the_gradient_of_the_other(where):
    x = drawn(generator(), 1, 2, 5, 4)
    check_gradients(im2col, x, **where)
    check_gradients(col2im, drawn(generator(), *im2col(x, **where).shape), output_size=(5, 4), **where)
