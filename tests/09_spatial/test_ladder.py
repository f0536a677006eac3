"""The four ways of writing a convolution, on the kinds of layer that networks are made of."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import conv2d, conv2d_im2col, conv2d_loops, conv2d_windows
from tinytorch.core.tensor import Tensor
from tinytorch.testing import generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

RUNGS = [conv2d_loops, conv2d_windows, conv2d_im2col, conv2d]
LAYERS = {
    "3x3 that keeps the size": ((2, 3, 5, 6), (4, 3, 3, 3), {"padding": 1}),
    "1x1": ((2, 3, 4, 4), (5, 3, 1, 1), {}),
    "1x1 with stride 2": ((2, 3, 5, 4), (2, 3, 1, 1), {"stride": 2}),
    "depthwise": ((2, 4, 5, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    "two filters per group": ((2, 4, 5, 5), (4, 2, 2, 2), {"groups": 2}),
    "stride 2": ((2, 2, 7, 6), (3, 2, 3, 3), {"stride": 2, "padding": 1}),
    "a stride per axis": ((2, 1, 7, 7), (2, 1, 2, 3), {"stride": (1, 3)}),
    "dilated": ((2, 2, 7, 8), (2, 2, 3, 2), {"dilation": (2, 3)}),
    "padding beyond the kernel's reach": ((2, 1, 3, 3), (2, 1, 2, 2), {"padding": 3}),
    "as large as the image": ((2, 2, 4, 3), (3, 2, 4, 3), {}),
    "same, even kernel": ((2, 2, 4, 5), (2, 2, 2, 4), {"padding": "same"}),
    "many channels": ((2, 12, 5, 6), (3, 12, 3, 3), {"padding": 1}),
    "many channels, stride 2": ((2, 12, 7, 6), (2, 12, 3, 3), {"stride": 2, "padding": 1}),
    "many channels, strides and gaps that do not meet": (
        (1, 24, 9, 7),
        (2, 12, 3, 3),
        {"stride": 3, "dilation": 2, "padding": 2, "groups": 2},
    ),
    "many channels, a last row in no window": ((2, 18, 8, 5), (2, 18, 2, 2), {"stride": (3, 2), "dilation": (3, 1)}),
}


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
@pytest.mark.parametrize("layer", LAYERS)
def test_all_rungs_give_what_the_definition_gives(rung, layer):
    image, filters, settings = LAYERS[layer]
    draw = generator()
    x, weight, bias = drawn(draw, *image), drawn(draw, *filters), drawn(draw, filters[0])
    check(Tensor(arrays.conv2d(x.data, weight.data, bias.data, **settings)), rung, x, weight, bias, **settings)


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_image_is_kept(rung, dtype):
    draw = generator()
    x, weight, bias = (drawn(draw, *shape, dtype=dtype) for shape in ((2, 2, 4, 5), (3, 2, 3, 2), (3,)))
    check(Tensor(arrays.conv2d(x.data, weight.data, bias.data)), rung, x, weight, bias)


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
def test_an_image_that_lies_scattered_in_memory_gives_the_same(rung):
    draw = generator()
    channels_last, weight = draw.normal(size=(2, 5, 4, 3)), drawn(draw, 2, 3, 2, 2)
    x = channels_last.transpose(0, 3, 1, 2)
    check(Tensor(arrays.conv2d(x, weight.data, stride=2)), rung, Tensor(x), weight, stride=2)
