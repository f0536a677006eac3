"""Laws of convolution, on shapes, strides, paddings, dilations and groups that Hypothesis draws and shrinks."""

import pytest
from spatial_checks import holds_for_all_convolutions

from tinytorch.core.spatial import conv2d, conv2d_im2col, conv2d_loops, conv2d_windows
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case
from tinytorch.testing.misconceptions.m09_spatial import arrays

RUNGS = [conv2d_loops, conv2d_windows, conv2d_im2col, conv2d]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
def test_every_output_is_the_sum_of_the_definition(rung):
    def law(convolution, seed):
        x, weight, bias = convolution.tensors(seed)
        expected = arrays.conv2d(x.data, weight.data, bias.data, **convolution.settings)
        return Case(rung, x, weight, bias, **convolution.settings), Tensor(expected)

    holds_for_all_convolutions(law)


@pytest.mark.parametrize("rung", [conv2d_loops, conv2d], ids=lambda rung: rung.__name__)
def test_it_is_linear_in_the_image_and_the_bias_is_added_once(rung):
    def law(convolution, seed):
        x, more, weight, _, bias = convolution.tensors(seed, count=2)
        parts = [rung(image, weight, **convolution.settings).data for image in (x, more)]
        expected = parts[0] + 2 * parts[1] + bias.data[:, None, None]
        return Case(rung, x + 2 * more, weight, bias, **convolution.settings), Tensor(expected)

    holds_for_all_convolutions(law, examples=20)


@pytest.mark.parametrize("rung", [conv2d_loops, conv2d], ids=lambda rung: rung.__name__)
def test_it_is_linear_in_the_weights_and_the_bias_is_added_once(rung):
    def law(convolution, seed):
        x, _, weight, more, bias = convolution.tensors(seed, count=2)
        parts = [rung(x, filters, **convolution.settings).data for filters in (weight, more)]
        expected = parts[0] + 2 * parts[1] + bias.data[:, None, None]
        return Case(rung, x, weight + 2 * more, bias, **convolution.settings), Tensor(expected)

    holds_for_all_convolutions(law, examples=20)
