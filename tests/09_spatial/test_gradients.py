"""Gradients of the convolution: against finite differences, and against what they are by definition."""

import numpy as np
import pytest
from spatial_checks import CONVOLUTIONS, drawn, drawn_convolution

from tinytorch.core import spatial
from tinytorch.core import tensor as T
from tinytorch.core.autograd import grad, rules
from tinytorch.core.spatial import conv2d, conv2d_im2col, conv2d_loops, conv2d_windows
from tinytorch.core.tensor import Tensor
from tinytorch.testing import check_gradients, expect, generator


def weight_gradient(x, weight):
    """Return the gradient of the sum of all outputs with respect to the weight."""
    weight = Tensor(weight.data, requires_grad=True)
    return grad(conv2d(x, weight).sum(), weight)[0]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_the_gradients_agree_with_finite_differences(name):
    inputs, settings = drawn_convolution(generator(), name)
    check_gradients(conv2d, *inputs, **settings)


@pytest.mark.parametrize("version", [conv2d_loops, conv2d_windows, conv2d_im2col], ids=lambda version: version.__name__)
def test_every_other_version_has_gradients(version):
    inputs, settings = drawn_convolution(generator(), "a stride per axis")
    check_gradients(version, *inputs, **settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_dtype_of_their_input(dtype):
    draw = generator()
    inputs = [
        Tensor(drawn(draw, *shape, dtype=dtype), requires_grad=True) for shape in ((2, 2, 4, 5), (3, 2, 3, 2), (3,))
    ]
    found = [gradient.dtype for gradient in grad(conv2d(*inputs, padding=1).sum(), inputs)]
    assert found == [dtype] * 3


def test_the_gradients_of_one_image_add_up_over_the_batch():
    draw = generator()
    x, weight = drawn(draw, 3, 2, 4, 4), drawn(draw, 2, 2, 3, 3)
    one_by_one = [weight_gradient(Tensor(x.data[n : n + 1]), weight).data for n in range(3)]
    expect(Tensor(sum(one_by_one)), weight_gradient, x, weight)


def test_the_gradient_of_a_weight_collects_from_every_place():
    x = drawn(generator(), 2, 1, 4, 5)
    images = x.data[:, 0]
    windows = [[images[:, p : p + 3, q : q + 4].sum() for q in range(2)] for p in range(2)]
    expect(Tensor(np.array([[windows]])), weight_gradient, x, Tensor(np.zeros((1, 1, 2, 2))))


def test_the_gradient_of_the_bias_is_summed_over_images_and_places():
    def bias_gradient(x, weight):
        bias = Tensor(np.zeros(2, np.float32), requires_grad=True)
        return grad(conv2d(x, weight, bias).sum(), bias)[0]

    draw = generator()
    x, weight = (drawn(draw, *shape, dtype=np.float32) for shape in ((3, 1, 4, 5), (2, 1, 2, 2)))
    expect(Tensor([36.0, 36.0]), bias_gradient, x, weight)  # 3 images of 3 x 4 places


def test_a_gradient_that_is_not_a_number_reaches_the_pixels_of_its_window_only():
    draw = generator()
    x, upstream = Tensor(draw.normal(size=(2, 1, 4, 5)), requires_grad=True), np.zeros((2, 2, 3, 4))
    upstream[1, 0, 1, 2] = np.nan
    conv2d(x, drawn(draw, 2, 1, 2, 2)).backward(Tensor(upstream))
    expected = np.zeros((2, 1, 4, 5), bool)
    expected[1, 0, 1:3, 2:4] = True
    assert np.array_equal(np.isnan(x.grad.data), expected)


@pytest.mark.not_in_catalogue("it finds a function that is added without a rule")
def test_every_primitive_of_the_chapter_has_a_rule():
    own = [f for f in T.primitives if f.__module__ == spatial.__name__]
    without = [f.__name__ for f in own if f not in rules]
    assert own and not without, f"no gradient rule: {', '.join(without)}"
