"""A batch that several cores share, and the memory that it takes."""

import threading
import tracemalloc

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.activations import relu
from tinytorch.core.autograd import grad
from tinytorch.core.spatial import avg_pool2d, conv2d, convolve, input_gradient, max_pool2d, placer, weight_gradient
from tinytorch.core.tensor import Tensor
from tinytorch.support import threads
from tinytorch.testing import assert_close, expect, generator, shared_among
from tinytorch.testing.misconceptions.m09_spatial import arrays


@pytest.mark.parametrize("cores", [1, 2, 3])
@pytest.mark.parametrize("settings", [{"padding": (1, 2)}, {"stride": (1, 2), "dilation": 2, "padding": "valid"}])
def test_a_batch_that_cores_share_gives_what_the_definition_gives(cores, settings):
    settings = {"stride": 1, "dilation": 1} | settings
    draw = generator()
    x, weight, bias = (draw.normal(size=shape) for shape in ((7, 4, 5, 6), (6, 2, 3, 2), 6))
    y = arrays.conv2d(x, weight, bias, **settings, groups=2)
    upstream = draw.normal(size=y.shape)
    dx, dw, _ = arrays.conv2d_gradients(upstream, x, weight, bias, **settings, groups=2)
    win = placer.of_filters(x, weight, bias, **settings, groups=2)
    with shared_among(cores):
        expect(y, convolve, x, weight, bias, win, 2)
        expect(dx, input_gradient, upstream, x, weight, win, 2)
        expect(dw, weight_gradient, upstream, x, weight, win, 2)


def network(inputs):
    """Return the output of a convolution with pooling, and all gradients."""
    x, weight, bias = (Tensor(array, requires_grad=True) for array in inputs)
    y = relu(conv2d(x, weight, bias, stride=(1, 2), padding=1))
    z = avg_pool2d(max_pool2d(y, 2, padding=1), 2, 1)
    return [z.data, *(gradient.data for gradient in grad((z * z).sum(), [x, weight, bias]))]


def drawn_inputs():
    draw = generator()
    return [draw.normal(size=shape).astype(np.float32) for shape in ((7, 4, 8, 9), (4, 4, 3, 3), (4,))]


def assert_alike(found, expected):
    for name, got, want in zip(("output", "x", "weight", "bias"), found, expected):
        # Sums over the batch are taken in another order: rounding in float32, through several steps.
        assert_close(got, want, rtol=1e-4, atol=1e-4, case={"of": name})


@pytest.mark.not_in_catalogue("each function by itself is tested in parts above; this is all of them together")
def test_a_network_gives_the_same_in_parts_of_one_image(monkeypatch):
    inputs = drawn_inputs()
    expected = network(inputs)
    monkeypatch.setattr(threads, "CHUNK_BYTES", 1)
    for cores in (1, 2, 3):
        with shared_among(cores):
            assert_alike(network(inputs), expected)


@pytest.mark.not_in_catalogue("it finds a buffer that two calls share")
def test_several_threads_of_a_program_may_convolve_at_once():
    inputs = [drawn_inputs() for _ in range(4)]
    expected = [network(arrays) for arrays in inputs]
    found = {}

    def run(index):
        found[index] = [network(inputs[index]) for _ in range(3)]

    with shared_among(2):
        callers = [threading.Thread(target=run, args=(index,)) for index in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    for index, want in enumerate(expected):
        for got in found[index]:
            assert_alike(got, want)


def test_the_columns_of_the_whole_batch_are_never_in_memory_at_once():
    draw = generator()
    x, weight = (
        Tensor(drawn(draw, *shape, dtype=np.float32), requires_grad=True) for shape in ((32, 8, 16, 16), (8, 8, 3, 3))
    )

    def peak(run):
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    columns = 9 * x.data.nbytes
    with shared_among(2):
        y = conv2d(x, weight, padding=1)
        forward = peak(lambda: conv2d(x, weight, padding=1))
        backward = peak(lambda: y.backward(Tensor(np.ones_like(y.data))))
    for way, most in (("forward", forward), ("backward", backward)):
        assert most < columns / 2, f"{way}: {most:,} bytes at once; the columns of all images are {columns:,}"
