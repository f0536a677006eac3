"""A shift of the image shifts the output of a convolution, and pooling hides a part of the shift."""

import numpy as np
import pytest
from spatial_checks import drawn

from tinytorch.core.spatial import conv2d, conv2d_loops, max_pool2d
from tinytorch.core.tensor import Tensor
from tinytorch.testing import expect, generator


def shifted(draw, image, down, across):
    """Return the image moved down and to the right; the pixels that enter are new."""
    new = whole_numbers(draw, *image.shape)
    new[:, :, down:, across:] = image[:, :, : image.shape[2] - down, : image.shape[3] - across]
    return new


def whole_numbers(draw, *shape):
    """Return whole numbers as float64: sums of them are the same to the last digit, in any order."""
    return draw.integers(1, 9, shape).astype(np.float64)


def unaffected(size, kernel, stride, padding, steps):
    """Return the outputs of one axis whose window covers old pixels only, before and after a shift by so many strides."""
    places = range((size + 2 * padding - kernel) // stride + 1)
    return [i for i in places if i * stride >= padding and (i + steps) * stride - padding + kernel <= size]


@pytest.mark.parametrize("function", [conv2d_loops, conv2d], ids=lambda function: function.__name__)
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("padding", [0, 1])
def test_away_from_the_border_the_output_is_shifted_exactly(function, stride, padding):
    draw = generator()
    image, weight, bias = (
        whole_numbers(draw, 1, 2, 9, 10),
        Tensor(whole_numbers(draw, 2, 2, 3, 2)),
        Tensor(whole_numbers(draw, 2)),
    )

    def output(image):
        return function(Tensor(image), weight, bias, stride=stride, padding=padding).data

    before = output(image)
    for down, across in ((0, 1), (1, 0), (1, 1)):
        after = output(shifted(draw, image, down * stride[0], across * stride[1]))
        rows = np.array(unaffected(9, 3, stride[0], padding, down))[:, None]
        columns = np.array(unaffected(10, 2, stride[1], padding, across))
        assert rows.size and columns.size
        assert np.array_equal(after[:, :, rows + down, columns + across], before[:, :, rows, columns]), (
            f"the image was shifted by {down * stride[0]} down, {across * stride[1]} right; "
            f"the output was not shifted by {down}, {across}"
        )


def test_a_shift_that_is_no_multiple_of_the_stride_gives_other_numbers():
    draw = generator()
    image, weight = draw.normal(size=(1, 1, 9, 9)), drawn(draw, 1, 1, 3, 3)
    before, after = (conv2d(Tensor(x), weight, stride=2).data for x in (image, shifted(draw, image, 0, 1)))
    # No old value is among the new ones, at any place: the windows now stand between the old places.
    assert np.abs(before[..., None, None] - after[0, 0]).min() > 1e-9


def test_convolution_is_not_invariant():
    draw = generator()
    image, weight = draw.normal(size=(1, 1, 8, 8)), drawn(draw, 1, 1, 3, 3)
    before, after = (conv2d(Tensor(x), weight).data for x in (image, shifted(draw, image, 0, 1)))
    assert before.shape == after.shape == (1, 1, 6, 6)
    assert (before != after).all()


def test_max_pooling_hides_a_shift_by_one_pixel_in_a_third_of_its_outputs_not_in_all():
    draw = generator()
    image = draw.normal(size=(4, 4, 2, 400))  # 3,200 windows of 2x2 pixels that know nothing of each other
    before, after = (max_pool2d(Tensor(x), 2).data for x in (image, shifted(draw, image, 0, 1)))
    same = (before == after)[..., 1:].mean()
    # A window and the same one a pixel on have 2 of their 6 pixels in common. The maximum stays if the largest of the
    # 6 is one of these 2: probability 1/3. Neighbouring windows share pixels, which at most triples the variance of
    # the share; 6 standard deviations are 0.087.
    assert abs(same - 1 / 3) < 6 * np.sqrt(3 * (1 / 3) * (2 / 3) / (before.size - 16)), (
        f"{same:.1%} of the outputs stayed"
    )


def test_a_bright_pixel_that_stays_within_its_window_gives_the_same_maximum():
    spot = np.zeros((1, 1, 4, 4))
    for row, column in np.ndindex(2, 2):
        image = spot.copy()
        image[0, 0, row, 2 + column] = 1.0
        expect(Tensor(np.array([[[[0.0, 1.0], [0.0, 0.0]]]])), max_pool2d, Tensor(image), 2)
    # One pixel further it is in another window.
    spot[0, 0, 2, 2] = 1.0
    expect(Tensor(np.array([[[[0.0, 0.0], [0.0, 1.0]]]])), max_pool2d, Tensor(spot), 2)


@pytest.mark.parametrize("function", [conv2d_loops, conv2d], ids=lambda function: function.__name__)
def test_the_mean_of_a_whole_feature_map_does_not_depend_on_the_place(function):
    draw = generator()
    weight, pattern = Tensor(whole_numbers(draw, 3, 1, 3, 3)), whole_numbers(draw, 1, 1, 3, 4)

    def mean(image):
        return function(image, weight).mean(dim=(2, 3))

    total = pattern.sum() * weight.data.sum(axis=(1, 2, 3)) / (8 * 10)  # every pixel meets every weight once
    for row, column in ((2, 2), (4, 3), (5, 6)):  # always at least 2 pixels from the border
        image = np.zeros((1, 1, 10, 12))
        image[:, :, row : row + 3, column : column + 4] = pattern
        expect(Tensor(total[None]), mean, Tensor(image))
