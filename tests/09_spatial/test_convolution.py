"""Each version of the convolution gives what the definition gives."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from spatial_checks import ALL_VERSIONS, CONVOLUTIONS, drawn, drawn_convolution

from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, expect, generator
from tinytorch.testing.case import Mismatch
from tinytorch.testing.misconceptions.m09_spatial import arrays


@ALL_VERSIONS
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_every_version_gives_what_the_definition_gives(version, name):
    inputs, settings = drawn_convolution(generator(), name)
    expect(Tensor(arrays.conv2d(*(tensor.data for tensor in inputs), **settings)), version, *inputs, **settings)


@ALL_VERSIONS
def test_the_bias_may_be_left_out(version):
    (x, weight, _), settings = drawn_convolution(generator(), "two filters per group")
    expect(Tensor(arrays.conv2d(x.data, weight.data, **settings)), version, x, weight, **settings)


@ALL_VERSIONS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_image_is_kept(version, dtype):
    draw = generator()
    x, weight, bias = (drawn(draw, *shape, dtype=dtype) for shape in ((2, 2, 4, 5), (3, 2, 3, 2), (3,)))
    expect(Tensor(arrays.conv2d(x.data, weight.data, bias.data)), version, x, weight, bias)


@ALL_VERSIONS
def test_images_and_filters_may_lie_in_memory_in_any_order(version):
    draw = generator()
    channels_last, every_other = draw.normal(size=(2, 5, 4, 3)), draw.normal(size=(2, 3, 2, 4))
    x, weight = channels_last.transpose(0, 3, 1, 2), every_other[..., ::2]
    expect(Tensor(arrays.conv2d(x, weight, stride=2)), version, Tensor(x), Tensor(weight), stride=2)


@ALL_VERSIONS
def test_a_pixel_that_is_not_a_number_reaches_its_own_windows_only(version):
    draw = generator()
    x, weight, bias = drawn(draw, 3, 2, 4, 5), drawn(draw, 2, 2, 2, 2), drawn(draw, 2)
    x.data[1, 0, 2, 3] = np.nan
    expected = arrays.conv2d(x.data, weight.data, bias.data, padding=1)
    assert np.isnan(expected[1, :, 2:4, 3:5]).all() and np.isnan(expected).sum() == 8
    expect(Tensor(expected), version, x, weight, bias, padding=1)


@dataclass(frozen=True)
class Convolution:
    """The shapes and settings of one convolution."""

    image: tuple
    weight: tuple
    settings: dict

    def __str__(self):
        shapes = f"x {'×'.join(map(str, self.image))}, weight {'×'.join(map(str, self.weight))}"
        return ", ".join([shapes, *(f"{name} {value}" for name, value in self.settings.items())])

    def tensors(self, seed):
        """Return images, weight and bias of whole numbers: sums of them are exact in any order."""
        draw = np.random.default_rng(seed)
        shapes = self.image, self.weight, self.weight[:1]
        return [Tensor(draw.integers(1, 9, shape) * draw.choice((-1.0, 1.0), shape)) for shape in shapes]


@st.composite
def convolutions(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    groups, per_group, filters = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    kernel, stride, padding, dilation, more = pair(1, 3), pair(1, 3), pair(0, 2), pair(1, 2), pair(0, 3)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    size = [max(1, r - 2 * p) + extra for r, p, extra in zip(reach, padding, more)]
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    image = draw(st.integers(1, 2)), groups * per_group, *size
    return Convolution(image, (groups * filters, per_group, *kernel), settings)


@ALL_VERSIONS
def test_every_output_is_the_sum_of_the_definition_to_the_last_digit(version):
    """Of the drawn convolutions that fail, the smallest one is shown."""
    seed = int(generator().integers(2**32))

    def case_of(convolution):
        inputs = convolution.tensors(seed)
        expected = arrays.conv2d(*(tensor.data for tensor in inputs), **convolution.settings)
        return Case(version, *inputs, **convolution.settings), Tensor(expected)

    def fails(convolution):
        case, expected = case_of(convolution)
        try:
            got = case.run()
        except NotImplementedError:
            raise
        except Exception:
            return True
        return got.shape != expected.shape or not np.array_equal(got.data, expected.data)

    quick = settings(
        max_examples=40,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        smallest = find(convolutions(), fails, settings=quick, random=random.Random(seed))
    except NoSuchExample:
        return
    case, expected = case_of(smallest)
    sentence = f"smallest failing case: {smallest}"
    try:
        assert_close(case(), expected, case=case, rtol=0, atol=0)
    except AssertionError as error:
        raise Mismatch(f"{error}\n{sentence}", getattr(error, "diagnosis", None)) from None
    except Exception as error:
        raise Mismatch(f"{type(error).__name__}: {error}\n{sentence}") from error
    raise Mismatch(f"the result changes from call to call\n{sentence}")
