"""Gradients of everything with a rule of its own in module 09, against finite differences and against torch's choice."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core import spatial
from tinytorch.core import tensor as T
from tinytorch.core.autograd import rules
from tinytorch.core.spatial import (
    adaptive_avg_pool2d,
    avg_pool2d,
    conv2d,
    conv2d_im2col,
    conv2d_loops,
    conv2d_windows,
    max_pool2d,
    normalize,
)
from tinytorch.core.tensor import Tensor
from tinytorch.testing import check_gradients, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays

CONVOLUTIONS = {
    "3x3 that keeps the size": ((2, 2, 4, 5), (3, 2, 3, 3), {"padding": 1}),
    "no padding": ((2, 2, 4, 5), (2, 2, 2, 3), {}),
    "1x1": ((2, 3, 3, 2), (2, 3, 1, 1), {}),
    "1x1 with stride 2": ((1, 2, 5, 4), (3, 2, 1, 1), {"stride": 2}),
    "depthwise": ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1}),
    "depthwise, stride 2": ((2, 3, 5, 4), (6, 1, 2, 2), {"groups": 3, "stride": 2}),
    "stride 2, the last pixels never seen": ((2, 2, 6, 6), (3, 2, 3, 3), {"stride": 2}),
    "a stride per axis": ((1, 2, 5, 6), (2, 2, 2, 2), {"stride": (1, 3), "padding": (0, 1)}),
    "dilated": ((1, 2, 6, 7), (2, 2, 3, 2), {"dilation": (2, 3)}),
    "dilated, stride 2": ((1, 2, 7, 7), (2, 2, 3, 3), {"dilation": 2, "stride": 2, "padding": 2}),
    "padding beyond the kernel's reach": ((2, 1, 3, 3), (2, 1, 2, 2), {"padding": 3}),
    "padding beyond the kernel's reach on one axis": ((2, 1, 3, 4), (2, 1, 2, 3), {"padding": (2, 1)}),
    "same, even kernel": ((1, 2, 4, 4), (2, 2, 2, 4), {"padding": "same"}),
    "long lines": ((2, 2, 4, 9), (3, 2, 3, 3), {"padding": 1}),
    "long lines, stride 2": ((1, 2, 5, 18), (2, 2, 3, 3), {"stride": 2, "padding": 1}),
    "long lines, dilated": ((1, 2, 6, 10), (2, 2, 3, 2), {"dilation": (2, 1)}),
    "a phase of the stride with fewer pixels": ((1, 1, 7, 19), (2, 1, 5, 4), {"stride": (3, 2), "padding": 2}),
    "an axis none of whose pixels is seen": ((2, 2, 5, 1), (2, 2, 3, 1), {"stride": (2, 3), "padding": 1}),
    "more filters than points": ((2, 1, 4, 4), (5, 1, 2, 2), {"padding": 1}),
    "a border around single pixels": ((1, 2, 3, 3), (4, 2, 1, 1), {"padding": 1}),
}


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_the_gradients_of_a_convolution_agree_with_finite_differences(layer):
    image, filters, settings = CONVOLUTIONS[layer]
    draw = generator()
    check_gradients(conv2d, drawn(draw, *image), drawn(draw, *filters), drawn(draw, filters[0]), **settings)


@pytest.mark.parametrize("rung", [conv2d_loops, conv2d_windows, conv2d_im2col], ids=lambda rung: rung.__name__)
def test_every_rung_of_the_ladder_can_be_learned_through(rung):
    draw = generator()
    check_gradients(rung, drawn(draw, 2, 2, 3, 4), drawn(draw, 2, 2, 2, 2), drawn(draw, 2), stride=2, padding=1)


@pytest.mark.parametrize("width", [5, 18])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_batch_that_comes_in_parts_has_the_same_gradients(monkeypatch, stride, width):
    monkeypatch.setattr(T, "CHUNK_BYTES", 1)  # parts of one image each, a line of windows at a time
    draw = generator()
    x, weight, bias = (draw.normal(size=shape) for shape in ((4, 2, 6, width), (3, 2, 3, 3), 3))
    grad = draw.normal(size=arrays.conv2d(x, weight, stride=stride).shape)
    expected = arrays.conv2d_gradients(grad, x, weight, bias, stride=stride)
    win = spatial.place_filters(x, weight, bias, stride, 0, 1, 1)
    check(arrays.conv2d(x, weight, bias, stride=stride), spatial.convolve, x, weight, bias, win, 1)
    check(expected[0], spatial.convolve_input_gradient, grad, x, weight, win, 1)
    check(expected[1], spatial.convolve_weight_gradient, grad, x, weight, win, 1)


@pytest.mark.parametrize("size", [(8, 8), (18, 16)])
def test_products_that_are_cut_into_pieces_give_the_same(monkeypatch, size):
    monkeypatch.setattr(spatial, "SMALL_PRODUCT", 16 * 108 * 16)  # of 64 filters some at a time
    draw = generator()
    x, weight, bias = (draw.normal(size=shape) for shape in ((2, 12, *size), (64, 12, 3, 3), 64))
    grad = draw.normal(size=(2, 64, *size))
    expected = arrays.conv2d_gradients(grad, x, weight, bias, padding=1)
    win = spatial.place_filters(x, weight, bias, 1, 1, 1, 1)
    check(arrays.conv2d(x, weight, bias, padding=1), spatial.convolve, x, weight, bias, win, 1)
    check(expected[0], spatial.convolve_input_gradient, grad, x, weight, win, 1)
    check(expected[1], spatial.convolve_weight_gradient, grad, x, weight, win, 1)


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "padding": 1}, {"stride": (3, 1), "dilation": (1, 2)}])
def test_each_way_to_the_input_gradient_gives_the_same(settings):
    draw = generator()
    x, weight = draw.normal(size=(3, 4, 7, 11)), draw.normal(size=(6, 2, 3, 3))
    grad = draw.normal(size=arrays.conv2d(x, weight, groups=2, **settings).shape)
    expected, _, _ = arrays.conv2d_gradients(grad, x, weight, groups=2, **settings)
    win = spatial.place_filters(x, weight, None, **{"stride": 1, "padding": 0, "dilation": 1, "groups": 2} | settings)
    check(expected, spatial.input_gradient_by_columns, grad, x, weight, win, 2)
    if win.dilation == (1, 1):
        check(expected, spatial.input_gradient_by_phases, grad, x, weight, win, 2)
    if win.stride == (1, 1):
        check(expected, spatial.input_gradient_by_turning, grad, x, weight, win, 2)


def test_the_gradients_of_one_image_add_up_over_the_batch():
    draw = generator()
    x, weight = drawn(draw, 3, 2, 4, 4), drawn(draw, 2, 2, 3, 3)

    def weight_gradient(x, weight):
        weight = Tensor(weight.data, requires_grad=True)
        conv2d(x, weight).sum().backward()
        return weight.grad

    one_by_one = [weight_gradient(Tensor(x.data[n : n + 1]), weight).data for n in range(3)]
    check(Tensor(sum(one_by_one)), weight_gradient, x, weight)


def test_the_bias_gradient_is_summed_over_images_and_places():
    def bias_gradient(x, weight):
        bias = Tensor(np.zeros(2, np.float32), requires_grad=True)
        conv2d(x, weight, bias).sum().backward()
        return bias.grad

    draw = generator()
    x, weight = (drawn(draw, *shape, dtype=np.float32) for shape in ((3, 1, 4, 5), (2, 1, 2, 2)))
    check(Tensor([36.0, 36.0]), bias_gradient, x, weight)  # 3 images of 3 x 4 places


@pytest.mark.not_in_catalogue("the rule of conv2d, which puts things off, is given code")
def test_what_needs_no_gradient_is_not_computed(monkeypatch):
    """The first layer's images need none, and it would be half of the work."""

    def refuse(*given):
        raise AssertionError("the gradient of the images was computed, and nobody asked for it")

    monkeypatch.setattr(spatial, "convolve_input_gradient", refuse)
    draw = generator()
    weight = Tensor(draw.normal(size=(2, 1, 2, 2)), requires_grad=True)
    conv2d(drawn(draw, 1, 1, 4, 4), weight).sum().backward()
    assert weight.grad.shape == weight.shape


POOLS = [{"kernel_size": 2}, {"kernel_size": 3, "stride": (2, 1), "padding": 1}, {"kernel_size": (1, 2), "stride": 1}]


@pytest.mark.parametrize("settings", [*POOLS, {"kernel_size": 2, "stride": 1, "dilation": 2}])
def test_the_gradient_of_max_pooling_agrees_with_finite_differences(settings):
    distinct = generator().permutation(2 * 2 * 5 * 6).reshape(2, 2, 5, 6) * 0.1
    check_gradients(max_pool2d, Tensor(distinct), **settings)


@pytest.mark.parametrize("settings", POOLS)
@pytest.mark.parametrize("counted", [True, False])
def test_the_gradient_of_average_pooling_agrees_with_finite_differences(settings, counted):
    check_gradients(avg_pool2d, drawn(generator(), 2, 2, 5, 6), **settings, count_include_pad=counted)


@pytest.mark.not_in_catalogue("adaptive pooling is given code")
@pytest.mark.parametrize("size", [1, (2, 3)])
def test_the_gradient_of_adaptive_pooling_agrees_with_finite_differences(size):
    check_gradients(adaptive_avg_pool2d, drawn(generator(), 2, 2, 5, 4), output_size=size)


@pytest.mark.not_in_catalogue("normalize and its rule are given code")
def test_the_gradient_of_normalize_knows_where_its_statistics_come_from():
    draw = generator()
    x, weight, bias = drawn(draw, 3, 2, 2, 3), drawn(draw, 2), drawn(draw, 2)

    def by_batch(x, weight, bias):
        mean, var = x.data.mean(axis=(0, 2, 3)), x.data.var(axis=(0, 2, 3))
        return normalize(x, mean, var, weight, bias, eps=1e-5, of_batch=True)

    def by_running(x, weight, bias):
        return normalize(x, np.array([0.5, -1.0]), np.array([2.0, 0.5]), weight, bias, eps=1e-5, of_batch=False)

    check_gradients(by_batch, x, weight, bias)
    check_gradients(by_running, x, weight, bias)
    check_gradients(lambda x: by_batch(x, None, None), x)


@pytest.mark.not_in_catalogue("it finds a function that is added without a rule")
def test_every_primitive_of_the_chapter_has_a_rule():
    without = [f.__name__ for f in T.primitives if f.__module__ == spatial.__name__ and f not in rules]
    assert any(f.__module__ == spatial.__name__ for f in T.primitives)
    assert not without, f"no gradient rule: {', '.join(without)}"
