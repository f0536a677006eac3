"""What cannot work is refused with a sentence that names the argument, what came, and what to change."""

import numpy as np
import pytest

from tinytorch.core.spatial import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    MaxPool2d,
    SimpleCNN,
    col2im,
    conv2d,
    im2col,
    place_windows,
    window_view,
)
from tinytorch.core.tensor import Tensor


def zeros(*shape, dtype=np.float32):
    return Tensor(np.zeros(shape, dtype))


IMAGE, FILTERS = zeros(1, 2, 4, 4), zeros(3, 2, 2, 2)

REFUSED = {
    # Shapes
    "a picture without a batch axis": (
        lambda: Conv2d(3, 8)(zeros(3, 32, 32)),
        "x: expected 4 axes (batch, channels, height, width), got 3: (3, 32, 32); add the batch axis with x.unsqueeze(0)",
    ),
    "a picture without a batch axis, in a network": (lambda: SimpleCNN()(zeros(3, 32, 32)), "x.unsqueeze(0)"),
    "a picture without a batch axis, pooled": (lambda: MaxPool2d()(zeros(3, 32, 32)), "x.unsqueeze(0)"),
    "a matrix": (lambda: Conv2d(3, 8)(zeros(8, 8)), "expected 4 axes (batch, channels, height, width), got 2: (8, 8)"),
    "the wrong number of channels": (lambda: Conv2d(3, 8)(zeros(2, 4, 5, 5)), "expected 3 channels, got 4", "in_channels=4"),
    "channels that stand last": (lambda: Conv2d(3, 8)(zeros(2, 8, 8, 3)), "expected 3 channels, got 8", "permute"),
    "channels that do not fit the groups": (
        lambda: conv2d(zeros(1, 3, 4, 4), zeros(4, 2, 2, 2), groups=2),
        "expected 4 channels, got 3",
    ),
    "a kernel larger than the padded picture": (
        lambda: Conv2d(1, 1, 7, padding=1)(zeros(1, 1, 4, 4)),
        "kernel_size: (7, 7) covers 7 × 7 pixels, more than the padded image's 6 × 6; use a smaller kernel, or "
        "padding of at least 2",
    ),
    "a dilated kernel larger than the picture": (
        lambda: conv2d(IMAGE, FILTERS, dilation=(1, 4)),
        "covers 2 × 5 pixels, more than the padded image's 4 × 4",
    ),
    "a pooling window larger than the picture": (lambda: MaxPool2d(5)(IMAGE), "kernel_size: (5, 5) covers 5 × 5"),
    "an empty batch": (lambda: Conv2d(2, 1)(zeros(0, 2, 4, 4)), "at least one image, got an empty batch (0, 2, 4, 4)"),
    "an empty batch, pooled": (lambda: AvgPool2d()(zeros(0, 2, 4, 4)), "at least one image, got an empty batch"),
    "an empty batch, adaptively pooled": (
        lambda: AdaptiveAvgPool2d(1)(zeros(0, 2, 4, 4)),
        "at least one image, got an empty batch",
    ),
    "an empty batch, normalised": (lambda: BatchNorm2d(2)(zeros(0, 2, 4, 4)), "at least one image, got an empty batch"),
    "a weight without its axes": (lambda: conv2d(IMAGE, zeros(2, 2, 2)), "weight: expected shape (out, in / groups, height, width)"),
    "a bias of another length": (
        lambda: conv2d(IMAGE, FILTERS, zeros(2)),
        "bias: expected one number per filter, shape (3,), got (2,)",
    ),
    "columns of another picture": (
        lambda: col2im(zeros(1, 8, 5), output_size=(3, 3), kernel_size=2),
        "columns: expected shape",
        "got (1, 8, 5)",
    ),
    "windows on a picture that was not padded": (
        lambda: window_view(IMAGE.data, place_windows(IMAGE.shape, 3, 1, 1, 1)),
        "padded: the windows end beyond its (4, 4) pixels; is add_border(x, ...) missing?",
    ),
    "a picture without channels, adaptively pooled": (lambda: AdaptiveAvgPool2d(1)(zeros(4, 4)), "expected 4 axes"),
    "another number of channels, normalised": (
        lambda: BatchNorm2d(3)(IMAGE),
        "x: expected shape (batch, 3 channels, height, width), got (1, 2, 4, 4)",
    ),
    "one value per channel in training": (
        lambda: BatchNorm2d(2)(zeros(1, 2, 1, 1)),
        "more than one value per channel in training, got (1, 2, 1, 1); use a larger batch",
    ),
    # Settings
    "stride 0": (lambda: Conv2d(1, 1, stride=0), "Conv2d: stride: expected a whole number >= 1", "got 0"),
    "stride 0, as a function": (lambda: conv2d(IMAGE, FILTERS, stride=(1, 0)), "stride: expected", "got (1, 0)"),
    "negative padding": (lambda: Conv2d(1, 1, padding=-1), "Conv2d: padding: expected a whole number >= 0", "got -1"),
    "negative padding, as a function": (lambda: im2col(IMAGE, kernel_size=2, padding=(0, -2)), "padding:", "got (0, -2)"),
    "a kernel of no whole size": (lambda: Conv2d(1, 1, 2.5), "Conv2d: kernel_size: expected a whole number", "got 2.5"),
    "a kernel of three sizes": (lambda: Conv2d(1, 1, (3, 3, 3)), "a pair (height, width)", "got (3, 3, 3)"),
    "dilation 0": (lambda: conv2d(IMAGE, FILTERS, dilation=0), "dilation: expected a whole number >= 1"),
    "a padding that no one knows": (
        lambda: conv2d(IMAGE, FILTERS, padding="full"),
        "padding: expected a number, a pair, 'same' or 'valid', got 'full'",
    ),
    "same padding with a stride": (
        lambda: conv2d(IMAGE, FILTERS, stride=2, padding="same"),
        "padding: 'same' needs stride 1, got stride (2, 2); give the padding as a number",
    ),
    "padding over half the kernel": (
        lambda: MaxPool2d(2, padding=2)(IMAGE),
        "padding: expected at most half the kernel (2, 2), got 2",
    ),
    "padding over half the kernel, in a mean": (lambda: AvgPool2d(3, padding=2)(IMAGE), "at most half the kernel (3, 3)"),
    "groups that do not divide the channels": (
        lambda: Conv2d(3, 4, groups=2),
        "Conv2d: in_channels: expected a positive multiple of groups=2, got 3",
    ),
    "groups that do not divide the filters": (
        lambda: Conv2d(4, 3, groups=2),
        "Conv2d: out_channels: expected a positive multiple of groups=2, got 3",
    ),
    "no channels": (lambda: Conv2d(0, 3), "in_channels: expected a positive multiple"),
    "an output of size 0": (lambda: AdaptiveAvgPool2d(0)(IMAGE), "output_size: expected a whole number >= 1"),
}  # fmt: skip

NOT_OF_THE_KIND = {
    "an array in place of a tensor": (
        lambda: Conv2d(2, 1)(np.zeros((1, 2, 4, 4), np.float32)),
        "Conv2d: x: expected a Tensor of shape (batch, channels, height, width), got ndarray; wrap it: Tensor(x)",
    ),
    "a list, pooled": (lambda: MaxPool2d()([[1.0, 2.0]]), "MaxPool2d: x: expected a Tensor", "got list"),
    "an array, averaged": (lambda: AvgPool2d()(IMAGE.data), "AvgPool2d: x: expected a Tensor"),
    "an array, adaptively pooled": (lambda: AdaptiveAvgPool2d(1)(IMAGE.data), "AdaptiveAvgPool2d: x: expected a Tensor"),
    "an array, normalised": (lambda: BatchNorm2d(2)(IMAGE.data), "BatchNorm2d: x: expected a Tensor"),
    "an array, flattened": (lambda: Flatten()(IMAGE.data), "Flatten: x: expected a Tensor"),
    "pixels from 0 to 255": (
        lambda: Conv2d(2, 1)(zeros(1, 2, 4, 4, dtype=np.uint8)),
        "x: expected floating numbers, got uint8; pixels become floats by x / 255.0",
    ),
    "whole numbers under a maximum": (
        lambda: MaxPool2d()(zeros(1, 2, 4, 4, dtype=np.int64)),
        "x: expected floating numbers, got int64",
    ),
    "whole numbers in a mean": (lambda: AvgPool2d()(zeros(1, 2, 4, 4, dtype=np.uint8)), "expected floating numbers, got uint8"),
    "whole numbers, normalised": (
        lambda: BatchNorm2d(2)(zeros(2, 2, 4, 4, dtype=np.int64)),
        "expected floating numbers, got int64",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_cannot_work_is_refused_with_a_way_out(case):
    call, *texts = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the message is what is checked
        call()
    missing = [text for text in texts if text not in str(caught.value)]
    assert not missing, f"the message should say {missing}: {caught.value}"


@pytest.mark.parametrize("case", NOT_OF_THE_KIND)
def test_a_thing_of_another_kind_is_refused_with_a_way_out(case):
    call, *texts = NOT_OF_THE_KIND[case]
    with pytest.raises(TypeError) as caught:
        call()
    missing = [text for text in texts if text not in str(caught.value)]
    assert not missing, f"the message should say {missing}: {caught.value}"


@pytest.mark.not_in_catalogue("what a layer says of itself is given code")
def test_an_error_within_a_network_begins_with_the_layer_it_came_from():
    with pytest.raises(ValueError, match=r"^Conv2d: x: expected 3 channels, got 4"):
        SimpleCNN()(Tensor(np.zeros((2, 4, 32, 32), np.float32)))
