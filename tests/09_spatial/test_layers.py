"""The layers: how their parameters start, and that each is its function with its own settings."""

import math

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.spatial import AvgPool2d, Conv2d, Flatten, MaxPool2d
from tinytorch.core.tensor import Tensor
from tinytorch.support.random import manual_seed
from tinytorch.testing import Case, assert_close, check_gradients, expect, generator
from tinytorch.testing.misconceptions.m09_spatial import arrays


@pytest.mark.parametrize(
    ("channels", "filters", "kernel", "groups"), [(3, 32, 3, 1), (16, 64, 3, 1), (8, 200, (1, 5), 1), (16, 64, 3, 4)]
)
def test_the_weights_start_with_standard_deviation_sqrt_of_two_over_fan_in(channels, filters, kernel, groups):
    fan_in = channels // groups * math.prod(arrays.pair(kernel))

    def scaled_spread(seed):
        """Return the weights' standard deviation, times sqrt(fan_in / 2)."""
        manual_seed(seed)
        weight = Conv2d(channels, filters, kernel, groups=groups).weight.data
        return np.sqrt((weight.astype(np.float64) ** 2).mean() * fan_in / 2)

    # The root mean square of n standard normal numbers has a standard deviation of about 1 / sqrt(2n): six of these.
    case = Case(scaled_spread, int(generator().integers(2**31)))
    assert_close(case(), 1.0, case=case, rtol=0, atol=6 / math.sqrt(2 * filters * fan_in))


def test_the_weights_start_around_zero_and_normally_distributed():
    manual_seed(int(generator().integers(2**31)))
    weight = Conv2d(32, 128, 3).weight.data.astype(np.float64) / math.sqrt(2 / 288)
    n = weight.size
    assert abs(weight.mean()) < 6 / math.sqrt(n)
    # 4.55 % of a normal distribution lie beyond two standard deviations; of a uniform one, none.
    share = 0.0455
    assert abs((np.abs(weight) > 2).mean() - share) < 6 * math.sqrt(share * (1 - share) / n)


def test_each_layer_draws_its_own_weights_and_manual_seed_repeats_them():
    def weights(seed=None):
        if seed is not None:
            manual_seed(seed)
        return Conv2d(3, 4).weight.data

    seed = int(generator().integers(2**31))
    first = weights(seed)
    assert not np.array_equal(first, weights()), "two layers start with the same weights"
    assert np.array_equal(first, weights(seed))
    assert not np.array_equal(first, weights(seed + 1)), "another seed gives the same weights"


def test_weights_and_biases_are_parameters_in_float32_and_the_bias_starts_at_zero():
    layer = Conv2d(4, 6, (2, 3), groups=2)
    found = {name: (p.shape, p.dtype.name, p.requires_grad) for name, p in layer.named_parameters()}
    assert found == {"weight": ((6, 2, 2, 3), "float32", True), "bias": ((6,), "float32", True)}
    assert not layer.bias.data.any()
    assert [name for name, _ in Conv2d(4, 6, bias=False).named_parameters()] == ["weight"]


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 1, "bias": False},
        {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)},
        {"stride": (1, 3), "padding": 1},
        {"padding": "same", "dilation": (1, 2)},
        {"groups": 2, "padding": "valid"},
    ],
)
def test_conv2d_is_the_function_with_its_own_weights_and_settings(settings):
    draw = generator()
    layer = Conv2d(4, 6, **settings)
    if layer.bias is not None:
        layer.bias.data[:] = draw.normal(size=6)
    x = drawn(draw, 2, 4, 7, 8, dtype=np.float32)
    used = {name: value for name, value in settings.items() if name not in ("kernel_size", "bias")}
    bias = None if layer.bias is None else layer.bias.data
    expect(Tensor(arrays.conv2d(x.data, layer.weight.data, bias, **used)), layer, x)


def test_pooling_layers_are_the_functions_with_their_settings_and_have_no_parameters():
    x = drawn(generator(), 2, 2, 7, 8)
    for layer, expected in {
        MaxPool2d(): arrays.max_pool2d(x.data, kernel_size=2),
        MaxPool2d((3, 2), 1, (1, 0), 2): arrays.max_pool2d(
            x.data, kernel_size=(3, 2), stride=1, padding=(1, 0), dilation=2
        ),
        AvgPool2d(): arrays.avg_pool2d(x.data, kernel_size=2),
        AvgPool2d(3, 2, 1, False): arrays.avg_pool2d(
            x.data, kernel_size=3, stride=2, padding=1, count_include_pad=False
        ),
    }.items():
        expect(Tensor(expected), layer, x)
        assert list(layer.parameters()) == []


@pytest.mark.not_in_catalogue("Flatten is given code")
def test_flatten_makes_one_row_of_each_image_or_merges_the_axes_that_are_asked_for():
    x = drawn(generator(), 2, 3, 4, 5)
    for axes, shape in (((), (2, 60)), ((0, -1), (120,)), ((2, 3), (2, 3, 20)), ((1, 2), (2, 12, 5))):
        expect(Tensor(x.data.reshape(shape)), Flatten(*axes), x)
    check_gradients(Flatten(), x)
    assert list(Flatten().parameters()) == []


BAD_INPUT = {
    "an image without a batch axis": (Conv2d(3, 8), (3, 8, 8), np.float32, ValueError, "Conv2d: x"),
    "another number of channels": (Conv2d(3, 8), (1, 4, 8, 8), np.float32, ValueError, "Conv2d: x"),
    "whole numbers": (Conv2d(3, 8), (1, 3, 8, 8), np.uint8, TypeError, "Conv2d: x"),
    "no images": (MaxPool2d(), (0, 3, 8, 8), np.float32, ValueError, "MaxPool2d: x"),
    "a window larger than the image": (AvgPool2d(5), (1, 3, 4, 4), np.float32, ValueError, "AvgPool2d: kernel_size"),
    "padding over half the window": (MaxPool2d(2, padding=2), (1, 3, 4, 4), np.float32, ValueError, "MaxPool2d: padding"),
}  # fmt: skip


@pytest.mark.not_in_catalogue("the checks are given code, which is called in given lines")
@pytest.mark.parametrize("what", BAD_INPUT)
def test_a_layer_refuses_bad_input_and_names_itself_and_the_argument(what):
    layer, shape, dtype, kind, names = BAD_INPUT[what]
    with pytest.raises(kind, match=f"^{names}"):
        layer(Tensor(np.zeros(shape, dtype)))


@pytest.mark.not_in_catalogue("the checks are given code, which is called in given lines")
@pytest.mark.parametrize(
    "settings", [{"groups": 2}, {"stride": 0}, {"padding": -1}, {"dilation": 0}, {"kernel_size": 2.5}]
)
def test_a_layer_whose_settings_cannot_work_is_not_made(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Conv2d(3, 4, **settings)
