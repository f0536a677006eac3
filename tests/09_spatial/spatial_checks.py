"""What the tests of module 09 share: drawn tensors, and the kinds of convolution that networks are made of."""

import numpy as np
import pytest

from tinytorch.core.spatial import conv2d, conv2d_im2col, conv2d_loops, conv2d_windows
from tinytorch.core.tensor import Tensor

ALL_VERSIONS = pytest.mark.parametrize(
    "version", [conv2d_loops, conv2d_windows, conv2d_im2col, conv2d], ids=lambda version: version.__name__
)

# name: (shape of the images, shape of the filters, settings)
CONVOLUTIONS = {
    "3x3 that keeps the size": ((2, 3, 4, 5), (2, 3, 3, 3), {"padding": 1}),
    "no padding": ((2, 2, 4, 5), (2, 2, 2, 3), {"padding": "valid"}),
    "1x1": ((2, 3, 3, 2), (4, 3, 1, 1), {}),
    "1x1 with stride 2": ((2, 3, 5, 4), (2, 3, 1, 1), {"stride": 2}),
    "1x1 with a border": ((1, 2, 3, 3), (4, 2, 1, 1), {"padding": 1}),
    "two filters per group": ((2, 4, 4, 5), (4, 2, 2, 2), {"groups": 2}),
    "depthwise": ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1}),
    "depthwise, stride 2": ((2, 3, 5, 4), (6, 1, 2, 2), {"groups": 3, "stride": 2}),
    "stride 2, the last pixels in no window": ((2, 2, 6, 6), (3, 2, 3, 3), {"stride": 2}),
    "a stride per axis": ((1, 2, 5, 6), (2, 2, 2, 2), {"stride": (1, 3), "padding": (0, 1)}),
    "a stride larger than the kernel": ((1, 1, 7, 9), (2, 1, 2, 1), {"stride": (3, 4), "padding": 1}),
    "dilated": ((1, 2, 6, 7), (2, 2, 3, 2), {"dilation": (2, 3)}),
    "dilated, stride 2": ((1, 2, 7, 7), (2, 2, 3, 3), {"dilation": 2, "stride": 2, "padding": 2}),
    "padding larger than the kernel": ((2, 1, 3, 3), (2, 1, 2, 2), {"padding": 3}),
    "as large as the image": ((2, 2, 4, 3), (3, 2, 4, 3), {}),
    "larger than the image": ((1, 2, 2, 1), (2, 2, 4, 3), {"padding": (1, 2)}),
    "same": ((1, 2, 4, 5), (2, 2, 3, 1), {"padding": "same"}),
    "same, even kernel": ((1, 2, 4, 4), (2, 2, 2, 4), {"padding": "same"}),
    "same, even kernel, dilated": ((1, 1, 4, 5), (2, 1, 4, 2), {"padding": "same", "dilation": (1, 3)}),
}


def drawn(draw, *shape, dtype=np.float64):
    return Tensor(draw.normal(size=shape).astype(dtype))


def drawn_convolution(draw, name):
    """Return (x, weight, bias) and the settings of one of the CONVOLUTIONS."""
    image, filters, settings = CONVOLUTIONS[name]
    return (drawn(draw, *image), drawn(draw, *filters), drawn(draw, filters[0])), settings
