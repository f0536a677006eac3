"""Windows that slide over images: where they stand, their border, and the checks of what describes them."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinytorch.support.layers import with_device_and_dtype
from tinytorch.support.tensor import TensorMethods
from tinytorch.support.torch_arguments import refuse_not_served

Pair = tuple[int, int]
OutputSize = Callable[[int, int, int, int, int], int]  # (size, kernel_size, stride, padding, dilation) -> windows


class Windows(NamedTuple):
    """Windows on a batch of images: each pair is (height, width), each border (before, after)."""

    image: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]  # (above, below), (left, right)
    out: Pair  # the number of windows along each axis
    overhang: Pair = (0, 0)  # how far the last windows reach beyond the border (ceil_mode)

    def positions(self) -> tuple[tuple[int, int, tuple[Any, slice, slice]], ...]:
        """Return (p, q, pixels) for each kernel position, in reading order.

        `pixels` is the index of the pixels of padded images under that position, one for each window: `padded[pixels]`
        has the shape (..., *out), and its entry (i, j) is padded[..., i·stride + p·dilation, j·stride + q·dilation].
        """
        return _positions(self.kernel, self.stride, self.dilation, self.out)

    def add_border(self, images: np.ndarray, value: float = 0.0) -> np.ndarray:
        """Return the images with `value` around them; the images themselves where there is no border."""
        if images.shape[-2:] == self._padded:
            return images
        padded = np.full((*images.shape[:-2], *self._padded), value, images.dtype)
        self.inside(padded)[...] = images
        return padded

    def inside(self, padded: np.ndarray) -> np.ndarray:
        """Return the part of padded images that is not border: a view, which can be written to."""
        (above, _), (left, _) = self.padding
        return padded[..., above : above + self.image[0], left : left + self.image[1]]

    def buffers(self, channels: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return a padded image of zeros, and room for its columns with the axes c, p, q, i, j."""
        return np.zeros((channels, *self._padded), dtype), np.empty((channels, *self.kernel, *self.out), dtype)

    def pixel_counts(self, dtype: Any, count_border: bool) -> np.ndarray:
        """Return how many pixels each window holds, of shape `out`; without `count_border` only those of the image."""
        counts = []
        for axis, (size, (before, after)) in enumerate(zip(self.image, self.padding)):
            first = np.arange(self.out[axis])[:, None] * self.stride[axis] - before
            places = first + np.arange(self.kernel[axis]) * self.dilation[axis]
            least, end = (-before, size + after) if count_border else (0, size)
            counts.append(((places >= least) & (places < end)).sum(axis=1))
        return np.multiply.outer(*counts).astype(dtype)

    def places_of(self, images: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """Return where each window's largest number stands: row · width + column of its image, the first among equals.

        `largest` holds these numbers, of shape (N, C, *out). A NaN is the largest of its window.
        """
        padded = self.add_border(images, -np.inf)
        rows, columns = np.indices(padded.shape[-2:])
        (above, _), (left, _) = self.padding
        places = (rows - above) * self.image[1] + columns - left
        inside = np.zeros(padded.shape[-2:], bool)
        self.inside(inside)[...] = True
        found = np.full(largest.shape, -1)
        for *_, pixels in reversed(self.positions()):
            numbers = padded[pixels]
            hit = ((numbers == largest) | (np.isnan(numbers) & np.isnan(largest))) & inside[pixels]
            found = np.where(hit, places[pixels], found)
        return found

    @property
    def _padded(self) -> Pair:
        rows, columns = (n + sum(border) + more for n, border, more in zip(self.image, self.padding, self.overhang))
        return rows, columns


@functools.cache  # asked for every image, where it would take as long as copying the pixels
def _positions(
    kernel: Pair, stride: Pair, dilation: Pair, out: Pair
) -> tuple[tuple[int, int, tuple[Any, slice, slice]], ...]:
    def taken(position: int, axis: int) -> slice:
        first, step = position * dilation[axis], stride[axis]
        return slice(first, first + step * (out[axis] - 1) + 1, step)

    return tuple((p, q, (..., taken(p, 0), taken(q, 1))) for p, q in itertools.product(*map(range, kernel)))


def pair(name: str, value: Any, least: int) -> Pair:
    """Return (height, width) from one whole number or two, each at least `least`. Raises ValueError, naming it."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    values = values * 2 if len(values) == 1 else values
    if len(values) != 2 or not all(isinstance(v, (int, np.integer)) and v >= least for v in values):
        raise ValueError(
            f"{name}: expected a whole number >= {least}, or a pair (height, width) of them, got {value!r}"
        )
    return values[0], values[1]


def check_image_shape(shape: Sequence[int]) -> None:
    """Raise ValueError unless the shape is that of a batch of images with at least one image."""
    if len(shape) != 4:
        raise ValueError(
            f"x: expected 4 axes (batch, channels, height, width), got {len(shape)}: {tuple(shape)}"
            + ("; add the batch axis with x.unsqueeze(0)" if len(shape) == 3 else "")
        )
    if shape[0] == 0:
        raise ValueError(f"x: expected at least one image, got an empty batch {tuple(shape)}")


def check_images(x: Any) -> None:
    """Raise ValueError unless x is a batch of images, and TypeError unless its numbers are floating."""
    check_image_shape(x.shape)
    if x.dtype.kind != "f":
        raise TypeError(f"x: expected floating numbers, got {x.dtype}; pixels become floats by x / 255.0")


_LEAST = {"kernel_size": 1, "stride": 1, "dilation": 1, "padding": 0}  # what a setting may be at least


class ImageLayer:
    """What layers that take images share: input and settings are checked, and the repr shows the settings."""

    _settings: tuple[str, ...] = ()

    def keep(self, **settings: Any) -> None:
        """Set these attributes, and show them in the repr. Raises ValueError for windows that cannot be placed."""
        for name, value in settings.items():
            if name in _LEAST and not isinstance(value, str):
                pair(f"{type(self).__name__}: {name}", value, _LEAST[name])
            setattr(self, name, value)
        self._settings = (*self._settings, *settings)

    def __call__(self, *inputs: Any, **keywords: Any) -> Any:
        for x in (*inputs, *keywords.values()):
            if not isinstance(x, TensorMethods):
                raise TypeError(
                    f"{type(self).__name__}: x: expected a Tensor of shape (batch, channels, height, width), "
                    f"got {type(x).__name__}; wrap it: Tensor(x)"
                )
        return super().__call__(*inputs, **keywords)  # type: ignore[misc]

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._settings)


class CeilPadding(tuple[int, int]):
    """The padding (height, width) of windows whose number is rounded up: the last may reach beyond the border."""


class WindowPlacer:
    """Places windows on images, and checks that they fit. Raises ValueError or TypeError that names the argument.

    `output_size(size, kernel_size, stride, padding, dilation)` computes the number of windows along an axis. Settings
    are a whole number or a pair (height, width); padding may also be "same" or "valid".
    """

    def __init__(self, output_size: OutputSize) -> None:
        self.output_size = output_size

    def on_images(self, x: np.ndarray, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1) -> Windows:
        """Return the `Windows` on a batch of images N × C × H × W."""
        check_images(x)
        image = x.shape[2], x.shape[3]
        kernel, stride = pair("kernel_size", kernel_size, 1), pair("stride", stride, 1)
        dilation = pair("dilation", dilation, 1)
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]  # the pixels from a window's first to its last
        border = _border(padding, stride, reach)
        padded = [n + before + after for n, (before, after) in zip(image, border)]
        if any(r > n for r, n in zip(reach, padded)):
            raise ValueError(
                f"kernel_size: {kernel} covers {reach[0]} × {reach[1]} pixels, more than the padded image's "
                f"{padded[0]} × {padded[1]}; use a smaller kernel, or padding of at least "
                f"{max(0, *((r - n + 1) // 2 for r, n in zip(reach, image)))}"
            )
        overhang = [0, 0]
        if isinstance(padding, CeilPadding):
            # one more window where pixels are left, unless it would begin behind the image and the border before it
            overhang = [-(n - r) % s for n, r, s in zip(padded, reach, stride)]
            starts = [n + more - r for n, more, r in zip(padded, overhang, reach)]
            ends = [n + before for n, (before, _) in zip(image, border)]
            overhang = [more if start < end else 0 for more, start, end in zip(overhang, starts, ends)]
            padded = [n + more for n, more in zip(padded, overhang)]
        rows, columns = (self.output_size(n, k, s, 0, d) for n, k, s, d in zip(padded, kernel, stride, dilation))
        return Windows(image, kernel, stride, dilation, border, (rows, columns), (overhang[0], overhang[1]))

    def of_filters(
        self,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray | None,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: Any,
    ) -> Windows:
        """Return the `Windows` of a convolution, whose images, filters and bias must fit together."""
        check_filters(x, weight, bias, groups)
        return self.on_images(x, weight.shape[2:], stride, padding, dilation)

    def of_pool(self, x: np.ndarray, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1) -> Windows:
        """Return the `Windows` of a pooling layer, whose stride is the kernel's size unless another is given."""
        win = self.on_images(x, kernel_size, kernel_size if stride in (None, (), []) else stride, padding, dilation)
        if any(2 * before > k for (before, _), k in zip(win.padding, win.kernel)):
            raise ValueError(f"padding: expected at most half the kernel {win.kernel}, got {padding}")
        if win.dilation != (1, 1) and not win.pixel_counts(np.intp, count_border=False).all():
            raise ValueError(
                f"padding: {padding} leaves windows without a pixel of the {win.image} image, because the kernel's "
                f"positions are {win.dilation} pixels apart; use less padding or dilation"
            )
        return win

    def of_columns(
        self, columns: np.ndarray, output_size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any
    ) -> tuple[Windows, np.ndarray]:
        """Return the `Windows` that these columns (N, C·kh·kw, H'·W') come from, and such images of zeros."""
        positions, size = math.prod(pair("kernel_size", kernel_size, 1)), pair("output_size", output_size, 1)
        images = np.zeros((len(columns), columns.shape[1] // positions, *size), columns.dtype)
        win = self.on_images(images, kernel_size, stride, padding, dilation)
        if columns.shape[1:] != (images.shape[1] * positions, math.prod(win.out)):
            raise ValueError(
                f"columns: expected shape (N, C·{positions}, {math.prod(win.out)}) for windows {win.kernel} on "
                f"{win.image}, got {columns.shape}"
            )
        return win, images


def _border(padding: Any, stride: Pair, reach: Sequence[int]) -> tuple[Pair, Pair]:
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f"padding: 'same' needs stride 1, got stride {stride}; give the padding as a number")
        rows, columns = (((r - 1) // 2, r // 2) for r in reach)  # an odd one goes after, as in torch
        return rows, columns
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding: expected a number, a pair, 'same' or 'valid', got {padding!r}")
    height, width = pair("padding", 0 if padding == "valid" else padding, 0)
    return (height, height), (width, width)


def check_filters(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, groups: Any) -> None:
    """Raise ValueError where images, filters and bias do not belong together, and TypeError for integer images."""
    if weight.ndim != 4:
        raise ValueError(f"weight: expected shape (out, in / groups, height, width), got {weight.shape}")
    check_image_shape(x.shape)
    out_channels, per_group = weight.shape[:2]
    if not isinstance(groups, (int, np.integer)) or groups < 1 or out_channels % groups:
        raise ValueError(f"groups: expected a whole number >= 1 that divides {out_channels} filters, got {groups!r}")
    if x.shape[1] != per_group * groups:
        parts, rest = divmod(x.shape[1], per_group)
        more = "" if rest or out_channels % parts else f", or pass groups={parts}"
        raise ValueError(
            f"x: expected {per_group * groups} channels, got {x.shape[1]}: x is {x.shape} (batch, channels, height, "
            f"width) and weight {weight.shape}; set in_channels={x.shape[1]}{more}, or permute x if its channels stand "
            "last"
        )
    if bias is not None and bias.shape != (out_channels,):
        raise ValueError(f"bias: expected one number per filter, shape ({out_channels},), got {bias.shape}")
    check_images(x)


def one_number(name: str, value: Any) -> int:
    """Return the whole number of a setting of a signal, which may stand in a tuple."""
    value = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    if not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name}: expected a whole number, got {value!r}")
    return int(value)


def one_numbers(**settings: Any) -> dict[str, Any]:
    """Return `one_number` of each setting by name; a text, such as padding="same", stays."""
    return {name: value if isinstance(value, str) else one_number(name, value) for name, value in settings.items()}


def check_signal(x: Any) -> None:
    """Raise ValueError unless x is a batch of signals, or one."""
    if x.ndim not in (2, 3):
        raise ValueError(f"x: expected 3 axes (batch, channels, length), or 2 without a batch, got {x.ndim}: {x.shape}")


def check_normalized(x: Any, running_mean: Any, running_var: Any, training: bool) -> None:
    """Raise ValueError where x has no channels, or there are no estimates to normalise with."""
    if 0 in x.shape:
        raise ValueError(f"x: expected at least one sample, got an empty batch {x.shape}")
    if x.ndim < 2:
        raise ValueError(f"x: expected at least 2 axes (batch, channels, …), got shape {x.shape}")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean, running_var: expected both or neither, got one of them")
    if running_mean is None and not training:
        raise ValueError("running_mean: expected the estimates, got None; pass training=True to use those of the batch")


def check_channels(layer: str, in_channels: Any, out_channels: Any, groups: Any) -> None:
    """Raise ValueError unless the channels of a convolution layer are positive multiples of its groups."""
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels < 1 or groups < 1 or channels % groups:
            raise ValueError(f"{layer}: {name}: expected a positive multiple of groups={groups}, got {channels}")


def conv_settings(init: Callable[..., None]) -> Callable[..., None]:
    """Decorate the `__init__` of Conv2d: channels and groups are checked, and it takes torch's last three arguments."""
    placed = with_device_and_dtype(init)
    signature = inspect.signature(init)

    @functools.wraps(placed)
    def taking(layer: Any, *arguments: Any, padding_mode: str = "zeros", **settings: Any) -> None:
        refuse_not_served("Conv2d", padding_mode=padding_mode)
        named = {name: value for name, value in settings.items() if name in signature.parameters}
        given = signature.bind(layer, *arguments, **named)
        given.apply_defaults()
        check_channels("Conv2d", *(given.arguments[name] for name in ("in_channels", "out_channels", "groups")))
        placed(layer, *arguments, **settings)

    parameters = [*inspect.signature(placed).parameters.values()]
    mode = inspect.Parameter("padding_mode", inspect.Parameter.KEYWORD_ONLY, default="zeros")
    taking.__signature__ = signature.replace(parameters=[*parameters[:-2], mode, *parameters[-2:]])  # type: ignore[attr-defined]
    return taking


def check_batch_norm(x: Any, channels: int, training: bool) -> None:
    """Raise ValueError where x is no batch of images with so many channels, or has no variance to train with."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"x: expected shape (batch, {channels} channels, height, width), got {x.shape}")
    check_images(x)
    if training and math.prod(x.shape) == channels:
        raise ValueError(f"x: expected more than one value per channel in training, got {x.shape}; use a larger batch")


def empty_output(x: np.ndarray, weight: np.ndarray, win: Windows) -> np.ndarray:
    """Return an uninitialised array for the outputs of a convolution: (N, O, H', W')."""
    return np.empty((len(x), len(weight), *win.out), np.result_type(x, weight))


def regions(size: int, count: int) -> list[slice]:
    """Return `count` slices that cover `size` pixels: slice i goes from ⌊i·size/count⌋ to ⌈(i+1)·size/count⌉."""
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def ordering_all(pool: Callable[..., Any]) -> Callable[[Callable[..., np.ndarray]], Callable[..., np.ndarray]]:
    """Return a decorator for the gradient rule of max pooling that compares numbers: it may compare NaN and −∞ too.

    Where the maximum of a window is one of these, the rule gets the place of each number in their order: the border is
    below −∞, and NaN is above all, a later one above an earlier one. So the gradient goes where torch sends it.
    """

    def decorate(rule: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        @functools.wraps(rule)
        def ordered(grad: np.ndarray, out: np.ndarray, x: np.ndarray, **settings: Any) -> np.ndarray:
            if not np.isfinite(out).all():
                places = np.unique(x, return_inverse=True)[1].reshape(x.shape)
                x = places + np.where(np.isnan(x), np.arange(1.0, x.size + 1).reshape(x.shape), 0.0)
                out = pool.__wrapped__(x, **settings)  # type: ignore[attr-defined]
            return rule(grad, out, x, **settings)

        return ordered

    return decorate
