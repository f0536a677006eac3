"""Windows laid out as columns, and the columns added back to their pixels."""

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.spatial import add_windows, col2im, copy_windows, im2col, image_columns, placer
from tinytorch.core.tensor import Tensor
from tinytorch.testing import check_gradients, expect, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": 2},
    {"kernel_size": (1, 3), "stride": (2, 1), "padding": (1, 0)},
    {"kernel_size": 3, "padding": 1, "dilation": (1, 2)},
    {"kernel_size": (2, 3), "padding": "same"},
    {"kernel_size": 1, "stride": 3},
    {"kernel_size": 2, "padding": 3, "stride": (1, 2)},
    {"kernel_size": (5, 6)},
]
EACH = pytest.mark.parametrize("where", WINDOWS)


def defaults(where):
    """Return the kernel's size, and all settings."""
    settings = {"stride": 1, "padding": 0, "dilation": 1} | where
    return settings.pop("kernel_size"), settings


@EACH
def test_each_column_is_one_window_in_the_order_of_the_flat_filter(where):
    x = drawn(generator(), 2, 3, 5, 6)
    kernel, settings = defaults(where)
    expect(Tensor(arrays.as_columns(arrays.windows(x.data, kernel, **settings))), im2col, x, **where)


@EACH
def test_each_pixel_becomes_the_sum_of_the_entries_it_stood_in(where):
    kernel, settings = defaults(where)
    columns = drawn(generator(), *im2col(Tensor(np.ones((2, 3, 5, 6))), **where).shape)
    parts = arrays.as_windows(columns.data, (5, 6), kernel, **settings)
    expect(Tensor(arrays.spread(parts, (5, 6), **settings)), col2im, columns, output_size=(5, 6), **where)


@EACH
def test_each_is_the_gradient_of_the_other(where):
    x = drawn(generator(), 1, 2, 5, 6)
    check_gradients(im2col, x, **where)
    check_gradients(col2im, drawn(generator(), *im2col(x, **where).shape), output_size=(5, 6), **where)


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
def test_windows_are_copied_and_added_whatever_axes_stand_before(leading):
    x = generator().normal(size=(2, 3, 6, 7))
    win = placer.on_images(x, (3, 2), (1, 2), 0, (2, 1))
    seen = arrays.windows(x, (3, 2), (1, 2), 0, (2, 1)).transpose(0, 1, 4, 5, 2, 3)
    first = (0,) * (2 - len(leading))

    def copied(padded):
        columns = np.full((*leading, *win.kernel, *win.out), np.nan)  # what a buffer holds before
        copy_windows(padded, win, columns)
        return columns

    def added(columns):
        padded = np.ones((*leading, 6, 7))
        add_windows(columns, win, padded)
        return padded

    expect(seen[first], copied, x[first])
    spread = arrays.spread(seen.transpose(0, 1, 4, 5, 2, 3), (6, 7), (1, 2), 0, (2, 1))
    expect(1 + spread[first], added, seen[first])


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("where", [WINDOWS[1], WINDOWS[4]])
def test_images_are_laid_out_one_after_the_other_in_one_buffer(where, groups):
    x = generator().normal(size=(4, 2, 5, 6))
    kernel, settings = defaults(where)
    expected = arrays.as_columns(arrays.windows(x, kernel, **settings))

    def columns_of(x, start, stop):
        win = placer.on_images(x, kernel, **settings)
        found, buffers = [], []
        for n, columns in image_columns(x, win, groups, start, stop):
            assert n == start + len(found), f"image {start + len(found)} comes next, not {n}"
            assert len(columns) == groups
            found.append(columns.reshape(expected.shape[1:]).copy())
            buffers.append(columns)
        assert np.shares_memory(buffers[0], buffers[-1]), "the columns of the next image are not in the same buffer"
        return np.array(found)

    expect(expected[1:3], columns_of, x, 1, 3)
