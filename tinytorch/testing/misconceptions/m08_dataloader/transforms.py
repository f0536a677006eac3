"""Transforms of a batch of pictures."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception
from tinytorch.testing.misconceptions.m08_dataloader.data import seed

Array = np.ndarray

# --- Normalize ---


@draws("Normalize.apply")
def _normalizations(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def normalized(images: Array, mean: Array, std: Array) -> list[Any]:
        result = here.Normalize(mean, std)(images)
        return [result, str(result.dtype)]

    images = generator.uniform(0.5, 4.0, (3, 3, 3, 3)).astype(np.float32)  # every axis as long as the channels
    return Case(normalized, images, generator.uniform(0.5, 2.0, 3), generator.uniform(1.5, 3.0, 3))


def _settings(self: Any, images: Array) -> tuple[Array, Array]:
    """mean and std in the dtype of the pictures; the given part."""
    channels = images.shape[1]
    mean, std = self.mean.astype(images.dtype), self.std.astype(images.dtype)
    if not {len(mean), len(std)} <= {1, channels}:
        raise ValueError(
            f"Normalize: expected pictures with {max(len(mean), len(std))} channels, one for each entry of mean "
            f"and std, got {channels} in shape {images.shape}"
        )
    return mean, std


@misconception(
    "Normalize.apply",
    name="std is subtracted and the mean divides",
    belief="(x - std) / mean.",
    explanation="First the mean is subtracted, so that 0 is in the middle; then std sets the scale.",
    hints=("Pictures equal to their mean: what should come out?", "(x - mean) / std."),
)
def swapped(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - std) / mean


@misconception(
    "Normalize.apply",
    name="the mean is subtracted after the division",
    belief="x / std - mean.",
    explanation="The mean is that of the pictures as they come: subtract first, then divide.",
    hints=("Pictures equal to their mean: what should come out?", "(x - mean) / std."),
)
def divided_first(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return images / std - mean


@misconception(
    "Normalize.apply",
    name="the pictures are multiplied by std",
    belief="std is the scale.",
    explanation="Dividing by the standard deviation makes it 1; multiplying makes it the square.",
    hints=("Pictures of standard deviation 2: what is it afterwards?", "Divide by std."),
)
def multiplied(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean) * std


@misconception(
    "Normalize.apply",
    name="the pictures are divided by the variance",
    belief="Dividing by std squared makes the variance 1.",
    explanation="The standard deviation is what divides: the variance is then divided by its square, itself.",
    hints=("Is std squared anywhere in your code?", "(x - mean) / std."),
)
def by_the_variance(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean) / std**2


@misconception(
    "Normalize.apply",
    name="std is left out",
    belief="Normalizing is centring.",
    explanation="The mean moves the middle to 0; std brings the spread to 1.",
    hints=("Where do you use std?", "centred /= std."),
)
def not_divided(self: Any, images: Array) -> Array:
    mean, _ = _settings(self, images)
    return images - mean


@misconception(
    "Normalize.apply",
    name="the batch's own statistics are used",
    belief="Mean and std are those of the pictures that come in.",
    explanation="They are fixed, those of the training data: a picture must look the same in any batch.",
    hints=("Do self.mean and self.std stand in your code?", "mean and std are there already."),
)
def own_statistics(self: Any, images: Array) -> Array:
    _settings(self, images)
    over = (0, 2, 3)
    spread = images.std(over, keepdims=True)
    return (images - images.mean(over, keepdims=True)) / np.where(spread > 0, spread, 1)


@misconception(
    "Normalize.apply",
    name="the channels' means run along the width",
    belief="Broadcasting finds the channels.",
    explanation="Broadcasting lines up from the right: a mean (C,) meets the width, (C, 1, 1) the channels.",
    hints=("Which axis of N x C x H x W does a shape (C,) meet?", "`mean` is (C, 1, 1): leave it so."),
)
def along_the_width(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean.ravel()) / std.ravel()


@misconception(
    "Normalize.apply",
    name="the first channel's mean and std are used for all",
    belief="A picture has one mean.",
    explanation="Each channel has its own: reds, greens and blues differ.",
    hints=("How many numbers does `mean` hold?", "mean, not mean[0]."),
)
def first_for_all(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean[0]) / std[0]


@misconception(
    "Normalize.apply",
    name="float32 pictures become float64",
    belief="self.mean and self.std are what was given.",
    explanation="They are kept in float64, which is contagious: the local mean and std have the pictures' dtype.",
    hints=("What is the dtype of your result?", "mean, not self.mean."),
)
def made_float64(self: Any, images: Array) -> Array:
    _settings(self, images)
    return (images - self.mean) / self.std


@misconception(
    "Normalize.apply",
    name="the pictures that came in are written into",
    belief="Working in place saves an array.",
    explanation="The array may be the data set's own: the next epoch would do it once more. Subtract into a new one.",
    hints=("What is in `images` after your call?", "centred = images - mean, then centred /= std."),
)
def normalized_in_place(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    images -= mean
    images /= std
    return images


# --- RandomHorizontalFlip ---


@draws("RandomHorizontalFlip.apply")
def _flips(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def flipped(images: Array, state: int) -> list[Any]:
        seed(state)
        certain = [here.RandomHorizontalFlip(p)(images) for p in (1.0, 0.0)]
        each = here.RandomHorizontalFlip(0.5)(images)
        mirrored = (each == images[..., ::-1]).all((1, 2, 3))
        itself = (each == images).all((1, 2, 3))
        # Which ones are drawn is left open: there is more than one way to draw them.
        return [*certain, bool((mirrored | itself).all()), bool(mirrored.any()), bool(itself.any())]

    images = generator.standard_normal((32, 2, 3, 4)).astype(np.float32)
    return Case(flipped, images, int(generator.integers(100)))


def _flip(self: Any, images: Array, mirror: Callable[[Array], Array], draw: Callable[[Any, int], Any] | None) -> Array:
    """A flip with another mirror or another draw."""
    random, n = home(self).default_generator(), len(images)
    flip = draw(random, n) if draw else random.random(n) < self.p
    result = images.copy()
    result[flip] = mirror(images[flip])
    return result


def _left_right(images: Array) -> Array:
    return images[..., ::-1]


@misconception(
    "RandomHorizontalFlip.apply",
    name="pictures are turned upside down",
    belief="Horizontal means along the horizontal axis.",
    explanation="A horizontal flip swaps left and right: the width, the last axis, is reversed.",
    hints=("Where is the horse's head afterwards: on the other side, or below?", "images[..., ::-1]."),
)
def upside_down(self: Any, images: Array) -> Array:
    return _flip(self, images, lambda images: images[..., ::-1, :], None)


@misconception(
    "RandomHorizontalFlip.apply",
    name="pictures are turned around by half a turn",
    belief="A mirror image is reversed.",
    explanation="Only the width is reversed; with the height as well the picture stands on its head.",
    hints=("How many axes do you reverse?", "images[..., ::-1]: one."),
)
def half_a_turn(self: Any, images: Array) -> Array:
    return _flip(self, images, lambda images: images[..., ::-1, ::-1], None)


@misconception(
    "RandomHorizontalFlip.apply",
    name="the channels are reversed",
    belief="images[:, ::-1] is the mirror image.",
    explanation="Axis 1 holds the channels: red and blue change places. The width is the last axis.",
    hints=("Which axis of N x C x H x W is the width?", "images[..., ::-1]."),
)
def channels_reversed(self: Any, images: Array) -> Array:
    return _flip(self, images, lambda images: images[:, ::-1], None)


@misconception(
    "RandomHorizontalFlip.apply",
    name="the order of the pictures is reversed",
    belief="images[::-1] is mirrored.",
    explanation="Axis 0 holds the pictures: reversed, each one gets another one's label.",
    hints=("Does a picture still stand at its label's place?", "images[..., ::-1], with the dots in front."),
)
def pictures_reordered(self: Any, images: Array) -> Array:
    return _flip(self, images, lambda images: images[::-1], None)


@misconception(
    "RandomHorizontalFlip.apply",
    name="all pictures of a batch are mirrored, or none",
    belief="One coin is thrown.",
    explanation="Each picture is drawn for itself: n random numbers, one per picture.",
    hints=("How many random numbers do you draw?", "default_generator().random(n) < self.p."),
)
def one_coin_for_all(self: Any, images: Array) -> Array:
    return _flip(self, images, _left_right, lambda random, n: np.full(n, random.random() < self.p))


@misconception(
    "RandomHorizontalFlip.apply",
    name="p is the probability to stay as it is",
    belief="random > p means: flip.",
    explanation="A number from 0 to 1 is below p with probability p: p = 1 mirrors all.",
    hints=("p = 1: how many are mirrored?", "random(n) < self.p."),
)
def probability_inverted(self: Any, images: Array) -> Array:
    return _flip(self, images, _left_right, lambda random, n: random.random(n) >= self.p)


@misconception(
    "RandomHorizontalFlip.apply",
    name="every picture is mirrored",
    belief="A flip flips.",
    explanation="Only some are, each with probability p: the network is to see both.",
    hints=("Where do you use self.p?", "default_generator().random(n) < self.p."),
)
def all_mirrored(self: Any, images: Array) -> Array:
    return _flip(self, images, _left_right, lambda random, n: np.full(n, True))


@misconception(
    "RandomHorizontalFlip.apply",
    name="no picture is mirrored",
    belief="result[flip][...] = ... writes into the result.",
    explanation="result[flip] is a copy, and what is written into it is lost: assign to result[flip] itself.",
    hints=("p = 1: is anything mirrored?", "flipped[flip] = images[flip][..., ::-1]."),
)
def none_mirrored(self: Any, images: Array) -> Array:
    return images.copy()


@misconception(
    "RandomHorizontalFlip.apply",
    name="only the mirrored pictures come back",
    belief="images[flip][..., ::-1] is the result.",
    explanation="The batch keeps its length, and each picture its place: the others come back as they are.",
    hints=("How many pictures are in your result?", "Copy the batch, then write over those that were drawn."),
)
def others_lost(self: Any, images: Array) -> Array:
    flip = home(self).default_generator().random(len(images)) < self.p
    return images[flip][..., ::-1]


@misconception(
    "RandomHorizontalFlip.apply",
    name="the pictures that came in are written into",
    belief="Mirroring in place saves an array.",
    explanation="The array may be the data set's own: the next epoch would mirror the mirror. Copy first.",
    hints=("What is in `images` after your call?", "flipped = images.copy()."),
)
def mirrored_in_place(self: Any, images: Array) -> Array:
    flip = home(self).default_generator().random(len(images)) < self.p
    images[flip] = images[flip][..., ::-1]
    return images


# --- RandomCrop ---


@draws("RandomCrop.apply")
def _crops(generator: np.random.Generator, here: types.ModuleType) -> Case:
    size = tuple(int(side) for side in generator.permutation([2, 4]))  # never square
    padding = tuple(int(frame) for frame in generator.integers(1, 3, 2))

    def cropped(images: Array, state: int) -> list[Any]:
        seed(state)
        return [here.RandomCrop(size, padding)(images), here.RandomCrop(size, padding, per_batch=True)(images)]

    return Case(cropped, generator.standard_normal((6, 2, 5, 5)), int(generator.integers(100)))


Cut = Callable[[Array, tuple[int, int], Array, Array], Array]  # from the padded pictures, of this size, at these places


def _crop(self: Any, images: Array, cut: Cut, source: Callable[[Array, Array], Array] | None = None) -> Array:
    """RandomCrop.apply with another cut, or one from something else; the rest is given."""
    n, random = len(images), home(self).default_generator()
    (height, width), (down, across) = self.size, self.padding
    padded = np.pad(images, [(0, 0), (0, 0), (down, down), (across, across)])
    places = padded.shape[2] - height + 1, padded.shape[3] - width + 1
    if min(places) < 1:
        raise ValueError(
            f"RandomCrop: size {self.size} is larger than the padded pictures, {padded.shape[2:]}; "
            f"pass padding={max(height - images.shape[2], width - images.shape[3]) // 2 + 1} or a smaller size"
        )
    if self.per_batch:
        top, left = random.integers(places)
        return padded[:, :, top : top + height, left : left + width]
    top, left = (random.integers(count, size=n) for count in places)
    return cut(source(images, padded) if source else padded, (height, width), top, left)


def _windows(padded: Array, size: tuple[int, int], top: Array, left: Array) -> Array:
    return sliding_window_view(padded, size, axis=(2, 3))[np.arange(len(padded)), :, top, left]


@misconception(
    "RandomCrop.apply",
    name="all pictures are cut at one place",
    belief="A batch is cut like a picture.",
    explanation="Each picture has a place of its own, top[i] and left[i]; only per_batch=True takes one for all.",
    hints=("Where is the second picture cut?", "windows[np.arange(n), :, top, left]."),
)
def one_place_for_all(self: Any, images: Array) -> Array:
    return _crop(
        self,
        images,
        lambda padded, size, top, left: _windows(padded, size, np.full_like(top, top[0]), np.full_like(left, left[0])),
    )


@misconception(
    "RandomCrop.apply",
    name="every picture is cut at the places of all",
    belief="windows[:, :, top, left] goes through the pictures along with the places.",
    explanation="A colon takes all pictures for each place: N x N windows. An index array walks along with the others.",
    hints=("How many axes has your result?", "np.arange(n) in place of the first colon."),
)
def all_places_for_each(self: Any, images: Array) -> Array:
    return _crop(
        self,
        images,
        lambda padded, size, top, left: sliding_window_view(padded, size, axis=(2, 3))[:, :, top, left],
    )


@misconception(
    "RandomCrop.apply",
    name="top and left are swapped",
    belief="First across, then down, as in (x, y).",
    explanation="Rows come first: the places down stand before those across, as height before width.",
    hints=("Which axis of the windows counts places from the top?", "windows[np.arange(n), :, top, left]."),
)
def top_and_left_swapped(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded, size, left, top))


@misconception(
    "RandomCrop.apply",
    name="height and width of the window are swapped",
    belief="A size is width by height.",
    explanation="self.size is (height, width), and the axes 2 and 3 of a batch are height and width, too.",
    hints=("Cut 2 x 4 out of a picture: what shape comes out?", "sliding_window_view(padded, self.size, axis=(2, 3))."),
)
def sides_swapped(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded, size[::-1], top, left))


@misconception(
    "RandomCrop.apply",
    name="the frame of zeros is left out",
    belief="The windows are cut out of the pictures.",
    explanation="They are cut out of the padded pictures: without the frame a window of full size has one place only.",
    hints=("Which array do you cut: images or padded?", "sliding_window_view(padded, ...)."),
)
def frame_left_out(self: Any, images: Array) -> Array:
    return _crop(self, images, _windows, source=lambda images, padded: images)


@misconception(
    "RandomCrop.apply",
    name="every window is cut from the middle",
    belief="The picture is in the middle of its frame.",
    explanation="The places are random, top[i] and left[i]: a window from the middle is the picture itself every time.",
    hints=("Where do you use top and left?", "windows[np.arange(n), :, top, left]."),
)
def always_the_middle(self: Any, images: Array) -> Array:
    def middle(padded: Array, size: tuple[int, int], top: Array, left: Array) -> Array:
        down, across = ((whole - side) // 2 for whole, side in zip(padded.shape[2:], size, strict=True))
        return _windows(padded, size, np.full_like(top, down), np.full_like(left, across))

    return _crop(self, images, middle)


@misconception(
    "RandomCrop.apply",
    name="every window is cut from the upper left corner",
    belief="A crop starts at the first pixel.",
    explanation="The places are random: top[i] rows down and left[i] columns across.",
    hints=("Where do you use top and left?", "windows[np.arange(n), :, top, left]."),
)
def always_the_corner(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded, size, 0 * top, 0 * left))


@misconception(
    "RandomCrop.apply",
    name="the windows are one row and one column short",
    belief="A window from top to top + height - 1 has height rows.",
    explanation="The end of a slice is not part of it: top : top + height has height rows.",
    hints=("How many numbers are in range(2, 5)?", "top : top + height, left : left + width."),
)
def one_short(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded, size, top, left)[..., :-1, :-1])


@misconception(
    "RandomCrop.apply",
    name="the pictures are cut in another order",
    belief="Which picture is cut where makes no difference.",
    explanation="The i-th result is a window of the i-th picture, or it gets another one's label.",
    hints=("Is your first result a window of the first picture?", "np.arange(n) on the first axis."),
)
def another_order(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded[::-1], size, top, left))
