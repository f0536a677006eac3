"""Transforms of a batch of images."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch.support.random import default_generator, manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m08_dataloader.data import attempt

Array = np.ndarray

# --- Transform and Compose ---


def _composed(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def changed(images: Array) -> list[Any]:
        class Kind(here.Transform):  # type: ignore[name-defined]
            def apply(self, images: Any) -> Any:
                kinds.append(type(images).__name__)
                return images * 2

        kinds: list[str] = []
        facts = [part for given in (images, here.Tensor(images)) for part in attempt(Kind(), given)]
        steps = [lambda x: x + 1, lambda x: x * 2, lambda x: x - 3]
        return [*facts, *kinds, *attempt(here.Compose(steps), images), *attempt(here.Compose([]), images)]

    return Case(changed, generator.standard_normal((2, 1, 2, 2)))


draws("Transform.__call__")(_composed)
draws("Compose.__call__")(_composed)


@misconception(
    "Transform.__call__",
    name="a tensor goes into apply as it is",
    belief="apply works on tensors as well.",
    explanation="apply is written for arrays: it uses what tensors do not have, such as copy.",
    hints=("What is type(images) in apply?", "self.apply(to_array(images))."),
)
def tensor_passed_on(self: Any, images: Any) -> Any:
    return self.apply(images)


@misconception(
    "Transform.__call__",
    name="an array comes out even where a tensor came in",
    belief="The result of apply is the result.",
    explanation="What comes out is of the kind that came in: a network takes tensors.",
    hints=("What is type(transform(Tensor(images)))?", "Tensor(changed) if isinstance(images, Tensor) else changed."),
)
def array_out(self: Any, images: Any) -> Any:
    return self.apply(called_from().to_array(images))


@misconception(
    "Transform.__call__",
    name="a tensor comes out even where an array came in",
    belief="A network takes tensors, so a tensor comes out.",
    explanation="What comes out is of the kind that came in.",
    hints=(
        "What is type(transform(images)) for an array?",
        "Tensor(changed) if isinstance(images, Tensor) else changed.",
    ),
)
def tensor_out(self: Any, images: Any) -> Any:
    here: Any = called_from()
    return here.Tensor(self.apply(here.to_array(images)))


@misconception(
    "Compose.__call__",
    name="the last transform comes first",
    belief="Functions are composed from the right, as in mathematics.",
    explanation="The first of the list is the first to be applied.",
    hints=("Compose([A, B])(x): is it B(A(x)) or A(B(x))?", "for transform in self.transforms."),
)
def last_one_first(self: Any, images: Any) -> Any:
    for transform in reversed(self.transforms):
        images = transform(images)
    return images


@misconception(
    "Compose.__call__",
    name="every transform gets the original images",
    belief="Each transform is applied to the images.",
    explanation="Each one gets what the one before returned, or only the last one counts.",
    hints=("What does the second transform get?", "images = transform(images)."),
)
def each_from_the_original(self: Any, images: Any) -> Any:
    result = images
    for transform in self.transforms:
        result = transform(images)
    return result


@misconception(
    "Compose.__call__",
    name="the chain ends after its first transform",
    belief="return in the loop returns the result.",
    explanation="It returns at once, with the first transform's result. It belongs after the loop.",
    hints=("How often does the loop run?", "return images stands outside of the loop."),
)
def first_transform_only(self: Any, images: Any) -> Any:
    for transform in self.transforms:
        images = transform(images)
        return images


@misconception(
    "Compose.__call__",
    name="only the first transform is applied",
    belief="The loop can return.",
    explanation="`return` inside the loop ends it with the first transform: return after the loop.",
    hints=("How far is your `return` indented?", "return images, after the loop."),
)
def first_one_only(self: Any, images: Any) -> Any:
    return self.transforms[0](images) if self.transforms else images


# --- Normalize ---


def _normalizations(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def normalized(images: Array, mean: Array, std: Array) -> list[Any]:
        facts: list[Any] = []
        for settings in ((mean, std), (float(mean[0]), float(std[0]))):
            for given in (images, images.astype(np.float64)):
                outs = attempt(lambda settings=settings, given=given: here.Normalize(*settings)(given))
                facts += [*outs, *(f"{out.dtype} {out.ravel()[0]:.10g}" for out in outs if isinstance(out, np.ndarray))]
        return facts

    images = generator.uniform(0.5, 4.0, (3, 3, 3, 3)).astype(np.float32)  # every axis as long as the channels
    return Case(normalized, images, generator.uniform(0.5, 2.0, 3), generator.uniform(1.5, 3.0, 3))


draws("Normalize.__init__")(_normalizations)
draws("Normalize.apply")(_normalizations)


@misconception(
    "Normalize.__init__",
    name="mean and std have one axis only",
    belief="Broadcasting finds the channels.",
    explanation="Broadcasting lines up from the right: a mean (C,) meets the width, (C, 1, 1) the channels.",
    hints=("Which axis of N x C x H x W does a shape (C,) meet?", "reshape(-1, 1, 1)."),
)
def one_axis(self: Any, mean: Any, std: Any) -> None:
    self.mean, self.std = (np.asarray(value, np.float64).reshape(-1) for value in (mean, std))


@misconception(
    "Normalize.__init__",
    name="mean and std are kept in float32",
    belief="Images are float32.",
    explanation="float64 images keep all their digits: keep mean and std in float64, apply makes them fit.",
    hints=("What is np.float64(np.float32(0.1))?", "np.asarray(mean, np.float64)."),
)
def kept_in_float32(self: Any, mean: Any, std: Any) -> None:
    self.mean, self.std = (np.asarray(value, np.float32).reshape(-1, 1, 1) for value in (mean, std))


@misconception(
    "Normalize.__init__",
    name="mean and std are swapped",
    belief="The order makes no difference.",
    explanation="self.mean is the first argument, self.std the second.",
    hints=("Which of the two is subtracted?", "self.mean = np.asarray(mean, np.float64).reshape(-1, 1, 1)."),
)
def exchanged(self: Any, mean: Any, std: Any) -> None:
    self.std, self.mean = (np.asarray(value, np.float64).reshape(-1, 1, 1) for value in (mean, std))


def _settings(self: Any, images: Array) -> tuple[Array, Array]:
    """mean and std in the dtype of the images."""
    return self.mean.astype(images.dtype), self.std.astype(images.dtype)


@misconception(
    "Normalize.apply",
    name="std is subtracted and the mean divides",
    belief="(x - std) / mean.",
    explanation="First the mean is subtracted, so that 0 is in the middle; then std sets the scale.",
    hints=("Images equal to their mean: what should come out?", "(x - mean) / std."),
)
def roles_exchanged(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - std) / mean


@misconception(
    "Normalize.apply",
    name="the mean is subtracted after the division",
    belief="x / std - mean.",
    explanation="The mean is that of the images as they come: subtract first, then divide.",
    hints=("Images equal to their mean: what should come out?", "(x - mean) / std."),
)
def divided_first(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return images / std - mean


@misconception(
    "Normalize.apply",
    name="the images are multiplied by std",
    belief="std is the scale.",
    explanation="Dividing by the standard deviation makes it 1; multiplying makes it the square.",
    hints=("Images of standard deviation 2: what is it afterwards?", "Divide by std."),
)
def multiplied(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean) * std


@misconception(
    "Normalize.apply",
    name="the images are divided by the variance",
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
    belief="Mean and std are those of the images that come in.",
    explanation="They are fixed, those of the training data: an image must look the same in any batch.",
    hints=("Do self.mean and self.std stand in your code?", "mean and std are there already."),
)
def own_statistics(self: Any, images: Array) -> Array:
    over = (0, 2, 3)
    spread = images.std(over, keepdims=True)
    return (images - images.mean(over, keepdims=True)) / np.where(spread > 0, spread, 1)


@misconception(
    "Normalize.apply",
    name="the first channel's mean and std are used for all",
    belief="An image has one mean.",
    explanation="Each channel has its own: reds, greens and blues differ.",
    hints=("How many numbers does self.mean hold?", "self.mean, not self.mean[0]."),
)
def first_for_all(self: Any, images: Array) -> Array:
    mean, std = _settings(self, images)
    return (images - mean[0]) / std[0]


@misconception(
    "Normalize.apply",
    name="float32 images become float64",
    belief="self.mean and self.std fit as they are.",
    explanation="They are float64, and float32 - float64 is float64: give them the dtype of the images first.",
    hints=("What is the dtype of your result?", "self.mean.astype(images.dtype)."),
)
def made_float64(self: Any, images: Array) -> Array:
    return (images - self.mean) / self.std


@misconception(
    "Normalize.apply",
    name="every result is float32",
    belief="Images are float32.",
    explanation="The result has the dtype of the images: float64 where they are float64.",
    hints=("What is the dtype of your result for float64 images?", "astype(images.dtype), not astype(np.float32)."),
)
def made_float32(self: Any, images: Array) -> Array:
    return ((images - self.mean) / self.std).astype(np.float32)


@misconception(
    "Normalize.apply",
    name="the images that came in are written into",
    belief="Working in place saves an array.",
    explanation="The array may be the data set's own: the next epoch would do it again. Subtract into a new one.",
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
        runs = []
        for p in (1.0, 0.0, 0.5, 0.9):
            flip = here.RandomHorizontalFlip(p)
            manual_seed(state)
            runs.append([attempt(flip, images)[0] for _ in range(3)])
            manual_seed(state)
            runs.append([attempt(flip, images)[0]])
        facts: list[Any] = [runs[0], runs[2]]
        for (each, *others), (again,) in zip(runs[4::2], runs[5::2]):
            if np.shape(each) != images.shape:
                facts.append(type(each).__name__ if isinstance(each, str) else "another shape")
                continue
            mirrored, itself = (each == images[..., ::-1]).all((1, 2, 3)), (each == images).all((1, 2, 3))
            # Which ones are drawn is left open: there is more than one way to draw them.
            facts += [bool((mirrored | itself).all()), bool(mirrored.any()), bool(itself.any()), mirrored.mean() > 0.7]
            facts += [np.array_equal(each, again), all(np.array_equal(each, other) for other in others)]
        return facts

    images = generator.standard_normal((64, 2, 3, 4)).astype(np.float32)
    return Case(flipped, images, int(generator.integers(100)))


def _flip(images: Array, mirror: Callable[[Array], Array], flip: Any) -> Array:
    """The images, with those drawn mirrored."""
    result = images.copy()
    result[flip] = mirror(images[flip])
    return result


def _drawn(self: Any, images: Array) -> Array:
    return default_generator().random(len(images)) < self.p


def _left_right(images: Array) -> Array:
    return images[..., ::-1]


@misconception(
    "RandomHorizontalFlip.apply",
    name="images are turned upside down",
    belief="Horizontal means along the horizontal axis.",
    explanation="A horizontal flip swaps left and right: the width, the last axis, is reversed.",
    hints=("Where is the horse's head afterwards: on the other side, or below?", "images[..., ::-1]."),
)
def upside_down(self: Any, images: Array) -> Array:
    return _flip(images, lambda images: images[..., ::-1, :], _drawn(self, images))


@misconception(
    "RandomHorizontalFlip.apply",
    name="images are rotated by half a turn",
    belief="A mirror image is reversed.",
    explanation="Only the width is reversed; with the height as well the image stands on its head.",
    hints=("How many axes do you reverse?", "images[..., ::-1]: one."),
)
def half_a_turn(self: Any, images: Array) -> Array:
    return _flip(images, lambda images: images[..., ::-1, ::-1], _drawn(self, images))


@misconception(
    "RandomHorizontalFlip.apply",
    name="the channels are reversed",
    belief="images[:, ::-1] is the mirror image.",
    explanation="Axis 1 holds the channels: red and blue change places. The width is the last axis.",
    hints=("Which axis of N x C x H x W is the width?", "images[..., ::-1]."),
)
def channels_reversed(self: Any, images: Array) -> Array:
    return _flip(images, lambda images: images[:, ::-1], _drawn(self, images))


@misconception(
    "RandomHorizontalFlip.apply",
    name="the order of the images is reversed",
    belief="images[::-1] is mirrored.",
    explanation="Axis 0 holds the images: reversed, each one gets another one's label.",
    hints=("Is an image still at its label's place?", "images[..., ::-1], with the dots in front."),
)
def images_reordered(self: Any, images: Array) -> Array:
    return _flip(images, lambda images: images[::-1], _drawn(self, images))


@misconception(
    "RandomHorizontalFlip.apply",
    name="all images of a batch are mirrored, or none",
    belief="One random number decides.",
    explanation="Each image is drawn independently: n random numbers, one per image.",
    hints=("How many random numbers do you draw?", "default_generator().random(n) < self.p."),
)
def one_draw_for_all(self: Any, images: Array) -> Array:
    return _flip(images, _left_right, np.full(len(images), default_generator().random() < self.p))


@misconception(
    "RandomHorizontalFlip.apply",
    name="p is the probability to stay as it is",
    belief="random > p means: flip.",
    explanation="A number from 0 to 1 is below p with probability p: p = 1 mirrors all.",
    hints=("p = 1: how many are mirrored?", "random(n) < self.p."),
)
def probability_inverted(self: Any, images: Array) -> Array:
    return _flip(images, _left_right, ~_drawn(self, images))


@misconception(
    "RandomHorizontalFlip.apply",
    name="every image is mirrored",
    belief="A flip flips.",
    explanation="Only some are, each with probability p: the network is to learn from both.",
    hints=("Where do you use self.p?", "default_generator().random(n) < self.p."),
)
def all_mirrored(self: Any, images: Array) -> Array:
    return images[..., ::-1].copy()


@misconception(
    "RandomHorizontalFlip.apply",
    name="no image is mirrored",
    belief="result[flip][...] = ... writes into the result.",
    explanation="result[flip] is a copy, and what is written into it is lost: assign to result[flip] itself.",
    hints=("p = 1: is anything mirrored?", "flipped[flip] = images[flip][..., ::-1]."),
)
def none_mirrored(self: Any, images: Array) -> Array:
    return images.copy()


@misconception(
    "RandomHorizontalFlip.apply",
    name="only the mirrored images come back",
    belief="images[flip][..., ::-1] is the result.",
    explanation="The batch keeps its length, and each image its place: the others come back as they are.",
    hints=("How many images are in your result?", "Copy the batch, then write over those that were drawn."),
)
def others_lost(self: Any, images: Array) -> Array:
    return images[_drawn(self, images)][..., ::-1]


@misconception(
    "RandomHorizontalFlip.apply",
    name="manual_seed does not decide",
    belief="np.random is where random numbers come from.",
    explanation="Everything random here comes from default_generator(), so that manual_seed can repeat it.",
    hints=("manual_seed(3) twice: are the same images mirrored?", "default_generator().random(n)."),
)
def flips_not_repeatable(self: Any, images: Array) -> Array:
    return _flip(images, _left_right, np.random.default_rng().random(len(images)) < self.p)


@misconception(
    "RandomHorizontalFlip.apply",
    name="the images that came in are written into",
    belief="Mirroring in place saves an array.",
    explanation="The array may be the data set's own: the next epoch would mirror the mirror. Copy first.",
    hints=("What is in `images` after your call?", "flipped = images.copy()."),
)
def mirrored_in_place(self: Any, images: Array) -> Array:
    flip = _drawn(self, images)
    images[flip] = images[flip][..., ::-1]
    return images


# --- RandomCrop ---


@draws("RandomCrop.apply")
def _crops(generator: np.random.Generator, here: types.ModuleType) -> Case:
    down, across = (int(side) for side in generator.permutation([1, 2]))
    n, height, width = 240, 3, 4

    def cropped(images: Array, state: int) -> list[Any]:
        """What is known of the windows, whatever the order in which their places were drawn."""
        facts: list[Any] = []
        for size, per_batch in (((height, width), False), ((2, width), False), ((height, width), True)):
            transform = here.RandomCrop(size, (down, across), per_batch)
            given = images[:2] if per_batch else images
            manual_seed(state)
            outs = [attempt(transform, given)[0] for _ in range(n if per_batch else 1)]
            manual_seed(state)
            facts.append(bool(np.array_equal(outs[0], attempt(transform, given)[0])))
            singles = [attempt(transform, images[:1])[0] for _ in range(30)]
            facts.append(str(sorted({out if isinstance(out, str) else str(np.shape(out)) for out in singles})))
            if np.shape(outs[0]) != (len(given), 2, *size):
                facts.append(outs[0] if isinstance(outs[0], str) else str(np.shape(outs[0])))
                continue
            padded = np.pad(given, [(0, 0), (0, 0), (down, down), (across, across)])
            windows = sliding_window_view(padded, size, axis=(2, 3))
            found = [(windows == out[:, :, None, None]).all((1, 4, 5)) for out in outs]
            facts.append([int(each.any((1, 2)).sum()) == len(given) for each in found[:1]])
            facts.append(np.stack(found).any((0, 1)))  # at which places a window was found
            facts.append(all((each == each[0]).all() for each in found))  # whether a batch has one place
            facts.append(bool(any((out == 0).any() for out in outs)))
        return facts

    images = generator.permutation(n * 2 * height * width).reshape(n, 2, height, width) + 1.0
    return Case(cropped, images, int(generator.integers(100)))


Window = Callable[[Array, tuple[int, int], Array, Array], Array]  # of padded images, of this size, at these places


def _windows(padded: Array, size: tuple[int, int], top: Array, left: Array) -> Array:
    return sliding_window_view(padded, size, axis=(2, 3))[np.arange(len(padded)), :, top, left]


def _pad(images: Array, padding: tuple[int, int], **settings: Any) -> Array:
    down, across = padding
    return np.pad(images, [(0, 0), (0, 0), (down, down), (across, across)], **settings)


def _draw_places(places: tuple[int, int], n: int) -> tuple[Array, Array]:
    top, left = (default_generator().integers(count, size=n) for count in places)
    return top, left


def _crop(
    self: Any,
    images: Array,
    window: Window = _windows,
    pad: Callable[..., Array] = _pad,
    draw: Callable[[tuple[int, int], int], tuple[Array, Array]] = _draw_places,
    per_batch: bool | None = None,
) -> Array:
    """RandomCrop.apply with something changed in one of its steps."""
    height, width = self.size
    padded = pad(images, self.padding)
    places = padded.shape[2] - height + 1, padded.shape[3] - width + 1
    if self.per_batch if per_batch is None else per_batch:
        top, left = (int(place[0]) for place in draw(places, 1))
        return padded[:, :, top : top + height, left : left + width]
    return window(padded, (height, width), *draw(places, len(images)))


@misconception(
    "RandomCrop.apply",
    name="all images are cropped at one place",
    belief="A batch is cropped like an image.",
    explanation="Each image has a place of its own, top[i] and left[i]; only per_batch=True takes one for all.",
    hints=("Where is the second image cropped?", "windows[np.arange(n), :, top, left]."),
)
def one_place_for_all(self: Any, images: Array) -> Array:
    return _crop(self, images, per_batch=True)


@misconception(
    "RandomCrop.apply",
    name="per_batch is ignored",
    belief="Every image has a place of its own.",
    explanation="With per_batch=True one place is drawn for the whole batch: a plain slice.",
    hints=("Where do you use self.per_batch?", "if self.per_batch: return padded[:, :, top : top + height, ...]."),
)
def per_batch_ignored(self: Any, images: Array) -> Array:
    return _crop(self, images, per_batch=False)


@misconception(
    "RandomCrop.apply",
    name="every image is cropped at the places of all",
    belief="windows[:, :, top, left] goes through the images along with the places.",
    explanation="A colon takes all images for each place: N x N windows. An index array walks along with the others.",
    hints=("How many axes has your result?", "np.arange(n) instead of the first colon."),
)
def all_places_for_each(self: Any, images: Array) -> Array:
    def window(padded: Array, size: tuple[int, int], top: Array, left: Array) -> Array:
        return sliding_window_view(padded, size, axis=(2, 3))[:, :, top, left]

    return _crop(self, images, window)


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
    hints=("Take 2 x 4 out of an image: what shape comes out?", "sliding_window_view(padded, self.size, axis=(2, 3))."),
)
def sides_swapped(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded, size[::-1], top, left))


@misconception(
    "RandomCrop.apply",
    name="the paddings are swapped",
    belief="Padding is across, then down.",
    explanation="self.padding is (top and bottom, left and right): the first belongs to the height.",
    hints=("Which axis of N x C x H x W gets self.padding[0]?", "[(0, 0), (0, 0), (down, down), (across, across)]."),
)
def paddings_swapped(self: Any, images: Array) -> Array:
    return _crop(self, images, pad=lambda images, padding: _pad(images, padding[::-1]))


@misconception(
    "RandomCrop.apply",
    name="the border of zeros is left out",
    belief="The windows are taken out of the images.",
    explanation="They are taken out of the padded images: without the border a window of full size has one place only.",
    hints=("Which array do you take windows of: images or padded?", "sliding_window_view(padded, ...)."),
)
def border_left_out(self: Any, images: Array) -> Array:
    return _crop(self, images, pad=lambda images, padding: images)


@misconception(
    "RandomCrop.apply",
    name="zeros are put on the top and on the left only",
    belief="Padding is put in front.",
    explanation="The border goes around the image: `padding` zeros on all four sides.",
    hints=("What shape has a 32 x 32 image with padding 2? 36 x 36.", "(down, down), (across, across)."),
)
def padded_in_front(self: Any, images: Array) -> Array:
    def pad(images: Array, padding: tuple[int, int]) -> Array:
        return np.pad(images, [(0, 0), (0, 0), (padding[0], 0), (padding[1], 0)])

    return _crop(self, images, pad=pad)


@misconception(
    "RandomCrop.apply",
    name="the border repeats the image's own pixels",
    belief="A border should look like the image.",
    explanation="The border is zeros, np.pad's default.",
    hints=("What is at the corner of a window that was shifted?", "np.pad(images, ...), without a mode."),
)
def border_repeated(self: Any, images: Array) -> Array:
    return _crop(self, images, pad=lambda images, padding: _pad(images, padding, mode="edge"))


@misconception(
    "RandomCrop.apply",
    name="the last place is never drawn",
    belief="There are padded - size places.",
    explanation="A window of 32 in 36 pixels can be shifted by 0, 1, 2, 3 or 4: there are padded - size + 1 places.",
    hints=("How many windows of 3 are in 3 pixels? One.", "padded.shape[2] - height + 1."),
)
def last_place_missing(self: Any, images: Array) -> Array:
    return _crop(self, images, draw=lambda places, n: _draw_places((max(places[0] - 1, 1), max(places[1] - 1, 1)), n))


@misconception(
    "RandomCrop.apply",
    name="one number is drawn for both axes",
    belief="A place is a number.",
    explanation="Down and across are drawn independently, or only the places on the diagonal occur.",
    hints=("Can a window be shifted down and not across?", "Two draws: one for top, one for left."),
)
def diagonal_only(self: Any, images: Array) -> Array:
    def draw(places: tuple[int, int], n: int) -> tuple[Array, Array]:
        drawn = default_generator().integers(max(places), size=n)
        return np.minimum(drawn, places[0] - 1), np.minimum(drawn, places[1] - 1)

    return _crop(self, images, draw=draw)


@misconception(
    "RandomCrop.apply",
    name="every window is taken from the middle",
    belief="The image is in the middle of its border.",
    explanation="The places are random: a window from the middle is the image itself every time.",
    hints=("Where do you use top and left?", "windows[np.arange(n), :, top, left]."),
)
def always_the_middle(self: Any, images: Array) -> Array:
    def draw(places: tuple[int, int], n: int) -> tuple[Array, Array]:
        return np.full(n, places[0] // 2), np.full(n, places[1] // 2)

    return _crop(self, images, draw=draw)


@misconception(
    "RandomCrop.apply",
    name="every window is taken from the upper left corner",
    belief="A crop starts at the first pixel.",
    explanation="The places are random: top[i] rows down and left[i] columns across.",
    hints=("Where do you use top and left?", "windows[np.arange(n), :, top, left]."),
)
def always_the_corner(self: Any, images: Array) -> Array:
    return _crop(self, images, draw=lambda places, n: (np.zeros(n, int), np.zeros(n, int)))


@misconception(
    "RandomCrop.apply",
    name="the windows are one row and one column short",
    belief="A window from top to top + height - 1 has height rows.",
    explanation="The end of a slice is not part of it: top : top + height has height rows.",
    hints=("How many numbers are in range(2, 5)?", "top : top + height, left : left + width."),
)
def one_short(self: Any, images: Array) -> Array:
    return _crop(self, images)[..., :-1, :-1]


@misconception(
    "RandomCrop.apply",
    name="the images are cropped in another order",
    belief="The order of the windows makes no difference.",
    explanation="The i-th result is a window of the i-th image, or it gets another one's label.",
    hints=("Is your first result a window of the first image?", "np.arange(n) on the first axis."),
)
def another_order(self: Any, images: Array) -> Array:
    return _crop(self, images, lambda padded, size, top, left: _windows(padded[::-1], size, top, left))


@misconception(
    "RandomCrop.apply",
    name="manual_seed does not decide",
    belief="np.random is where random numbers come from.",
    explanation="Everything random here comes from default_generator(), so that manual_seed can repeat it.",
    hints=("manual_seed(3) twice: are the windows the same?", "default_generator().integers(...)."),
)
def places_not_repeatable(self: Any, images: Array) -> Array:
    def draw(places: tuple[int, int], n: int) -> tuple[Array, Array]:
        generator = np.random.default_rng()
        return generator.integers(places[0], size=n), generator.integers(places[1], size=n)

    return _crop(self, images, draw=draw)
