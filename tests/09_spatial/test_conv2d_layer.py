"""Conv2d, the layer: how its weights start, and that it is conv2d with its own weights and settings."""

import math

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import Conv2d
from tinytorch.core.tensor import Tensor, manual_seed
from tinytorch.testing import Case, assert_close, generator
from tinytorch.testing.case import Mismatch
from tinytorch.testing.misconceptions.m09_spatial import arrays


@pytest.mark.parametrize(
    ("channels", "filters", "kernel", "groups"), [(3, 32, 3, 1), (16, 64, 3, 1), (8, 200, (1, 5), 1), (16, 64, 3, 4)]
)
def test_the_weights_start_with_standard_deviation_sqrt_of_two_over_fan_in(channels, filters, kernel, groups):
    def scaled_spread(seed):
        """The weights' standard deviation, times sqrt(fan_in / 2)."""
        manual_seed(seed)
        weight = Conv2d(channels, filters, kernel, groups=groups).weight.data
        fan_in = channels // groups * math.prod(arrays.pair(kernel))
        return np.sqrt((weight.astype(np.float64) ** 2).mean() * fan_in / 2)

    # The root mean square of n standard normal numbers has a standard deviation of about 1 / sqrt(2n): six of these.
    n = filters * channels // groups * math.prod(arrays.pair(kernel))
    check_within(Case(scaled_spread, int(generator().integers(2**31))), 1.0, 6 / math.sqrt(2 * n))


def check_within(case, expected, distance):
    assert_close(case(), expected, case=case, rtol=0, atol=distance)


def test_the_weights_start_around_zero_and_normally_distributed():
    manual_seed(int(generator().integers(2**31)))
    weight = Conv2d(32, 128, 3).weight.data.astype(np.float64) / math.sqrt(2 / 288)
    n = weight.size
    assert abs(weight.mean()) < 6 / math.sqrt(n)
    # 4.55 % of a normal distribution lie beyond two standard deviations; of a uniform one, none.
    share = 0.0455
    assert abs((np.abs(weight) > 2).mean() - share) < 6 * math.sqrt(share * (1 - share) / n)


def test_two_layers_start_with_different_weights():
    def largest_difference(channels, filters):
        first, second = (Conv2d(channels, filters, 3).weight.data for _ in range(2))
        return float(np.abs(first - second).max() > 0)

    check(1.0, largest_difference, 3, 4)


def test_manual_seed_makes_the_weights_repeatable():
    def weights(seed):
        manual_seed(seed)
        return Conv2d(3, 4).weight.data

    seed = int(generator().integers(2**31))
    assert np.array_equal(weights(seed), weights(seed))
    assert not np.array_equal(weights(seed), weights(seed + 1)), "another seed gives the same weights"


@pytest.mark.not_in_catalogue("the parameters are made in given code")
def test_weights_and_biases_are_parameters_in_float32_and_the_bias_starts_at_zero():
    layer = Conv2d(4, 6, (2, 3), groups=2)
    named = dict(layer.named_parameters())
    assert list(named) == ["weight", "bias"]
    assert named["weight"].shape == (6, 2, 2, 3)
    assert {p.dtype for p in named.values()} == {np.dtype(np.float32)}
    assert all(p.requires_grad for p in named.values())
    assert_close(layer.bias, Tensor(np.zeros(6, np.float32)))


def test_without_bias_there_is_none():
    layer = Conv2d(2, 3, bias=False)
    assert layer.bias is None and list(dict(layer.named_parameters())) == ["weight"]
    x = drawn(generator(), 1, 2, 4, 4, dtype=np.float32)
    check(Tensor(arrays.conv2d(x.data, layer.weight.data)), layer, x)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel_size": 1},
        {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)},
        {"stride": (1, 3), "padding": 1},
        {"dilation": 2},
        {"padding": "same", "dilation": (1, 2)},
        {"groups": 2, "padding": "valid"},
    ],
)
def test_the_layer_is_the_function_with_its_own_weights_and_settings(settings):
    draw = generator()
    layer = Conv2d(4, 6, **settings)
    layer.bias.data[:] = draw.normal(size=6)
    x = drawn(draw, 2, 4, 7, 8, dtype=np.float32)
    used = {name: value for name, value in settings.items() if name != "kernel_size"}
    check(Tensor(arrays.conv2d(x.data, layer.weight.data, layer.bias.data, **used)), layer, x)


@pytest.mark.not_in_catalogue("the repr is given code")
def test_its_repr_says_what_it_is():
    text = "Conv2d(3, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1, bias=True)"
    assert repr(Conv2d(3, 32, padding=1)) == text
    assert repr(Conv2d(4, 4, (1, 2), groups=2, padding="same", bias=False)) == (
        "Conv2d(4, 4, kernel_size=(1, 2), stride=(1, 1), padding='same', dilation=(1, 1), groups=2, bias=False)"
    )


def test_ten_layers_of_convolution_and_relu_keep_the_size_of_the_signal():
    def growth(seed):
        """How the root mean square changes through ten layers."""
        manual_seed(seed)
        x = Tensor(np.random.default_rng(seed).normal(size=(2, 24, 12, 12)).astype(np.float32))
        for _ in range(10):
            y = Conv2d(24, 24, 3, padding="same")(x).data
            x = Tensor(np.maximum(y, 0))
        return float(np.sqrt((y.astype(np.float64) ** 2).mean() / 2))

    # Half the standard deviation would leave 2^-10, twice of it 2^10. Zeros at the border take a part of every layer.
    case = Case(growth, int(generator().integers(2**31)))
    size = case()
    if not 0.05 < size < 5:
        raise Mismatch(f"a signal of size 1 has size {size:.3g} after ten layers")
