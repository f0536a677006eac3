"""Windows on images: where they stand, their border, and the errors of arguments that cannot work."""

import numpy as np
import pytest

from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor
from tinytorch.support.windows import (
    ImageLayer,
    WindowPlacer,
    check_batch_norm,
    check_channels,
    empty_output,
    regions,
)
from tinytorch.testing import assert_close

SETTINGS = {"kernel_size": 2, "stride": 1, "padding": 0, "dilation": 1}


def count_windows(size, kernel, stride, padding, dilation):
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


PLACER = WindowPlacer(count_windows)


def images(*shape, dtype=np.float32):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def place(x, **settings):
    return PLACER.on_images(x, **SETTINGS | settings)


def test_a_number_stands_for_height_and_width():
    win = place(images(1, 1, 5, 9), kernel_size=3, stride=(1, 2), padding=(1, 0), dilation=np.int64(2))
    assert (win.kernel, win.stride, win.dilation) == ((3, 3), (1, 2), (2, 2))
    assert win.padding == ((1, 1), (0, 0)) and win.out == (3, 3)


def test_same_puts_what_is_odd_below_and_on_the_right_and_valid_is_none():
    x = images(1, 1, 9, 9)
    assert place(x, kernel_size=(2, 3), padding="same").padding == ((0, 1), (1, 1))
    assert place(x, kernel_size=(4, 1), padding="same", dilation=(3, 2)).padding == ((4, 5), (0, 0))
    assert place(x, kernel_size=(4, 1), padding="same", dilation=3).out == (9, 9)
    assert place(x, padding="valid").padding == ((0, 0), (0, 0))


def test_positions_are_the_pixels_under_each_kernel_position_in_reading_order():
    x = images(2, 3, 6, 7)
    win = place(x, kernel_size=(3, 2), stride=(1, 2), dilation=(2, 3))
    found = [(p, q, x[pixels]) for p, q, pixels in win.positions()]
    assert [(p, q) for p, q, _ in found] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    for p, q, pixels in found:
        expected = [[x[:, :, i + 2 * p, 2 * j + 3 * q] for j in range(2)] for i in range(2)]
        assert_close(pixels, np.moveaxis(np.array(expected), (0, 1), (2, 3)), case={"position": (p, q)})


def test_a_border_is_put_around_the_images_and_the_images_are_found_inside():
    x = images(2, 3, 4, 5)
    win = place(x, kernel_size=(2, 3), padding="same")
    padded = win.add_border(x, -1.0)
    assert_close(padded, np.pad(x, ((0, 0), (0, 0), (0, 1), (1, 1)), constant_values=-1.0))
    assert_close(win.inside(padded), x)
    win.inside(padded)[...] = 7
    assert (padded == 7).sum() == x.size
    assert place(x).add_border(x) is x, "images without border were copied"


def test_buffers_are_a_padded_image_of_zeros_and_room_for_its_columns():
    padded, columns = place(images(2, 3, 4, 5), kernel_size=(2, 3), padding="same").buffers(3, np.float64)
    assert_close(padded, np.zeros((3, 5, 7)))
    assert columns.shape == (3, 2, 3, 4, 5) and columns.dtype == np.float64


def test_pixel_counts_leave_out_the_border_where_it_does_not_count():
    win = PLACER.of_pool(images(1, 1, 3, 4), 3, 2, 1)
    assert_close(win.pixel_counts(np.float32, count_border=True), np.full((2, 2), 9, np.float32))
    assert_close(win.pixel_counts(np.float64, count_border=False), np.array([[4.0, 6], [4, 6]]))
    dilated = PLACER.of_pool(images(1, 1, 5, 1), (3, 1), 1, (1, 0), (2, 1))
    assert_close(dilated.pixel_counts(np.int64, count_border=False), np.array([[2], [3], [2]]))


def test_the_stride_of_a_pool_is_its_kernel_unless_it_is_given():
    x = images(1, 1, 6, 6)
    assert PLACER.of_pool(x, (3, 2), None, 0).stride == (3, 2)
    assert PLACER.of_pool(x, (3, 2), 1, 0).stride == (1, 1)


def test_an_output_is_of_the_wider_type():
    x, weight = images(2, 3, 4, 5), images(4, 3, 2, 2, dtype=np.float64)
    win = PLACER.of_filters(x, weight, None, 1, 0, 1, 1)
    out = empty_output(x, weight, win)
    assert out.shape == (2, 4, 3, 4) and out.dtype == np.float64
    assert empty_output(x, weight.astype(np.float32), win).dtype == np.float32


def test_columns_know_their_images():
    win, zeros = PLACER.of_columns(images(2, 12, 8), 3, 2, (1, 1), (0, 1), 1)
    assert (win.image, win.out) == ((3, 3), (2, 4))
    assert_close(zeros, np.zeros((2, 3, 3, 3), np.float32))


@pytest.mark.parametrize(("size", "count"), [(7, 3), (4, 4), (3, 5), (6, 1)])
def test_regions_cover_every_pixel_and_have_nearly_equal_sizes(size, count):
    slices = regions(size, count)
    assert len(slices) == count and slices[0].start == 0 and slices[-1].stop == size
    assert all(after.start <= before.stop for before, after in zip(slices, slices[1:]))
    assert all(size / count <= part.stop - part.start < size / count + 2 for part in slices)


X, FILTERS = images(1, 2, 4, 4), images(3, 2, 2, 2)
CONVOLUTION = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def convolve(x=X, weight=FILTERS, **settings):
    return PLACER.of_filters(x, weight, **CONVOLUTION | settings)


REFUSED = {
    "an image without a batch axis": (
        lambda: convolve(images(2, 4, 4)),
        "x: expected 4 axes (batch, channels, height, width), got 3: (2, 4, 4); add the batch axis with x.unsqueeze(0)",
    ),
    "a matrix": (lambda: place(images(8, 8)), "x: expected 4 axes (batch, channels, height, width), got 2: (8, 8)"),
    "an empty batch": (lambda: place(images(0, 2, 4, 4)), "x: expected at least one image, got an empty batch (0, 2, 4, 4)"),
    "the wrong number of channels": (lambda: convolve(images(2, 3, 4, 4)), "x: expected 2 channels, got 3", "in_channels=3"),
    "channels that stand last": (lambda: convolve(images(2, 4, 4, 2)), "x: expected 2 channels, got 4", "permute"),
    "channels that do not fit the groups": (
        lambda: convolve(images(1, 3, 4, 4), images(4, 2, 2, 2), groups=2),
        "x: expected 4 channels, got 3",
    ),
    "groups that do not divide the filters": (lambda: convolve(groups=2), "groups: expected a whole number >= 1 that divides 3"),
    "a weight without its axes": (
        lambda: convolve(weight=images(2, 2, 2)),
        "weight: expected shape (out, in / groups, height, width), got (2, 2, 2)",
    ),
    "a bias of another length": (
        lambda: convolve(bias=images(2)),
        "bias: expected one number per filter, shape (3,), got (2,)",
    ),
    "a kernel larger than the padded image": (
        lambda: place(X, kernel_size=7, padding=1),
        "kernel_size: (7, 7) covers 7 × 7 pixels, more than the padded image's 6 × 6; use a smaller kernel, or padding "
        "of at least 2",
    ),
    "a dilated kernel larger than the image": (
        lambda: place(X, dilation=(1, 4)),
        "kernel_size: (2, 2) covers 2 × 5 pixels, more than the padded image's 4 × 4",
    ),
    "stride 0": (lambda: place(X, stride=(1, 0)), "stride: expected a whole number >= 1, or a pair", "got (1, 0)"),
    "negative padding": (lambda: place(X, padding=-1), "padding: expected a whole number >= 0", "got -1"),
    "dilation 0": (lambda: place(X, dilation=0), "dilation: expected a whole number >= 1", "got 0"),
    "a kernel that is not whole": (lambda: place(X, kernel_size=2.5), "kernel_size: expected a whole number >= 1", "got 2.5"),
    "a kernel of three sizes": (lambda: place(X, kernel_size=(3, 3, 3)), "a pair (height, width)", "got (3, 3, 3)"),
    "an unknown padding": (
        lambda: place(X, padding="full"),
        "padding: expected a number, a pair, 'same' or 'valid', got 'full'",
    ),
    "same padding with a stride": (
        lambda: place(X, stride=2, padding="same"),
        "padding: 'same' needs stride 1, got stride (2, 2); give the padding as a number",
    ),
    "a pool with padding over half the kernel": (
        lambda: PLACER.of_pool(X, 3, None, 2),
        "padding: expected at most half the kernel (3, 3), got 2",
    ),
    "a pool with a window beside the image": (
        lambda: PLACER.of_pool(images(1, 1, 1, 4), 2, 1, (1, 0), 2),
        "padding: (1, 0) leaves windows without a pixel of the (1, 4) image, because the kernel's positions are (2, 2) "
        "pixels apart; use less padding or dilation",
    ),
    "columns of another image": (
        lambda: PLACER.of_columns(images(1, 8, 5), (3, 3), 2, 1, 0, 1),
        "columns: expected shape (N, C·4, 4) for windows (2, 2) on (3, 3), got (1, 8, 5)",
    ),
    "columns of part of a channel": (lambda: PLACER.of_columns(images(1, 7, 4), (3, 3), 2, 1, 0, 1), "got (1, 7, 4)"),
    "channels that the groups do not divide": (
        lambda: check_channels("Conv2d", 3, 4, 2),
        "Conv2d: in_channels: expected a positive multiple of groups=2, got 3",
    ),
    "no filters": (lambda: check_channels("Conv2d", 3, 0, 1), "Conv2d: out_channels: expected a positive multiple"),
    "other channels, normalised": (
        lambda: check_batch_norm(X, 3, False),
        "x: expected shape (batch, 3 channels, height, width), got (1, 2, 4, 4)",
    ),
    "one value per channel in training": (
        lambda: check_batch_norm(images(1, 2, 1, 1), 2, True),
        "x: expected more than one value per channel in training, got (1, 2, 1, 1); use a larger batch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_cannot_work_is_refused_with_a_way_out(case):
    call, *texts = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the message is checked below
        call()
    missing = [text for text in texts if text not in str(caught.value)]
    assert not missing, f"the message should say {missing}: {caught.value}"


@pytest.mark.parametrize("check", [place, convolve, lambda x: check_batch_norm(x, 2, False)])
def test_whole_numbers_are_no_images(check):
    with pytest.raises(TypeError, match=r"x: expected floating numbers, got uint8; pixels become floats by x / 255\.0"):
        check(X.astype(np.uint8))


def test_one_value_per_channel_is_enough_in_evaluation():
    check_batch_norm(images(1, 2, 1, 1), 2, training=False)


class Layer(ImageLayer, Module):
    def __init__(self, **settings):
        self.keep(size=4)
        self.keep(**settings)

    def forward(self, x):
        return x


def test_a_layer_keeps_its_settings_and_shows_them():
    layer = Layer(stride=(1, 2), padding="same")
    assert (layer.size, layer.stride, layer.padding) == (4, (1, 2), "same")
    assert repr(layer) == "Layer(size=4, stride=(1, 2), padding='same')"


@pytest.mark.parametrize(
    ("name", "value"),
    [("kernel_size", 0), ("stride", (1, 0)), ("dilation", 0.5), ("padding", -1), ("padding", (1, 1, 1))],
)
def test_a_layer_with_settings_that_cannot_work_is_not_made(name, value):
    with pytest.raises(ValueError, match=f"Layer: {name}: expected a whole number >= "):
        Layer(**{name: value})


@pytest.mark.parametrize("x", [np.zeros((1, 1, 2, 2)), [[1.0]]])
def test_a_layer_takes_tensors_only(x):
    with pytest.raises(TypeError, match="Layer: x: expected a Tensor of shape .*, got .*; wrap it: Tensor"):
        Layer()(x)
    tensor = Tensor(np.zeros((1, 1, 2, 2)))
    assert Layer()(tensor) is tensor
