"""What a shift of the picture does to the output: convolution shifts along, and pooling hides a part of it."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import adaptive_avg_pool2d, conv2d, conv2d_loops, max_pool2d
from tinytorch.core.tensor import Tensor
from tinytorch.testing import generator


def shifted(draw, image, down, across):
    """The picture moved down and to the right; what enters is new, so nothing depends on wrapping around."""
    new = whole(draw, *image.shape)
    new[:, :, down:, across:] = image[:, :, : image.shape[2] - down, : image.shape[3] - across]
    return new


def whole(draw, *shape):
    """Whole numbers as float64: sums of them are the same to the last digit, in any order."""
    return draw.integers(1, 9, shape).astype(np.float64)


def inside(size, kernel, stride, padding, steps):
    """The outputs of one axis whose window sees old pixels only, before and after a shift by so many strides."""
    places = range((size + 2 * padding - kernel) // stride + 1)
    return [i for i in places if i * stride >= padding and (i + steps) * stride - padding + kernel <= size]


@pytest.mark.parametrize("function", [conv2d_loops, conv2d], ids=lambda function: function.__name__)
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("padding", [0, 1])
def test_convolution_shifts_along_exactly_away_from_the_border(function, stride, padding):
    draw = generator()
    image, weight, bias = whole(draw, 1, 2, 9, 10), Tensor(whole(draw, 2, 2, 3, 2)), Tensor(whole(draw, 2))

    def output(image):
        return function(Tensor(image), weight, bias, stride=stride, padding=padding).data

    before = output(image)
    for down, across in ((0, 1), (1, 0), (1, 1)):
        after = output(shifted(draw, image, down * stride[0], across * stride[1]))
        rows = np.array(inside(9, 3, stride[0], padding, down))[:, None]
        columns = np.array(inside(10, 2, stride[1], padding, across))
        assert rows.size and columns.size
        assert np.array_equal(after[:, :, rows + down, columns + across], before[:, :, rows, columns]), (
            f"the picture moved by {down * stride[0]} down, {across * stride[1]} right; "
            f"the output did not move by {down}, {across}"
        )


def test_a_shift_that_is_no_multiple_of_the_stride_gives_other_numbers():
    draw = generator()
    image, weight = draw.normal(size=(1, 1, 9, 9)), drawn(draw, 1, 1, 3, 3)
    before, after = (conv2d(Tensor(x), weight, stride=2).data for x in (image, shifted(draw, image, 0, 1)))
    # No old value is found among the new ones, anywhere: the windows now stand between where they stood.
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


def test_a_bright_spot_that_stays_within_its_window_is_pooled_alike():
    spot = np.zeros((1, 1, 4, 4))
    for row, column in np.ndindex(2, 2):
        image = spot.copy()
        image[0, 0, row, 2 + column] = 1.0
        check(Tensor(np.array([[[[0.0, 1.0], [0.0, 0.0]]]])), max_pool2d, Tensor(image), 2)
    # One pixel further it is in another window.
    spot[0, 0, 2, 2] = 1.0
    check(Tensor(np.array([[[[0.0, 0.0], [0.0, 1.0]]]])), max_pool2d, Tensor(spot), 2)


def test_global_average_pooling_of_a_convolution_forgets_the_place_altogether():
    draw = generator()
    weight = Tensor(whole(draw, 3, 1, 3, 3))
    thing = whole(draw, 1, 1, 3, 4)
    answers = []
    for row, column in ((2, 2), (4, 3), (5, 6)):  # always at least 2 pixels from the border
        image = np.zeros((1, 1, 10, 12))
        image[:, :, row : row + 3, column : column + 4] = thing
        answers.append(adaptive_avg_pool2d(conv2d(Tensor(image), weight), 1).data)
    total = thing.sum() * weight.data.sum(axis=(1, 2, 3)) / (8 * 10)  # every pixel meets every weight once
    for answer in answers:
        assert np.allclose(answer[0, :, 0, 0], total, rtol=1e-12), "the mean depends on where the thing is"
