"""Small pictures of shapes in ten classes, drawn by formula: a data set that needs no file."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinytorch.data.images import ImageDataset, Transform
from tinytorch.support.files import write_file

SIDE = 32
CHUNK = 500  # pictures drawn at once: the arrays of one drawing stay a few megabytes

Colour = tuple[float, float, float]


# ---- the shapes: signed distances ------------------------------------------------------------------
# x runs to the right and y down, in units of the shape's radius: each shape touches and fits [-1, 1]².
# The result is the distance to the outline, in the same units, negative inside the shape.


def _circle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 1


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(abs(x), abs(y)) - 1


def _diamond(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (abs(x) + abs(y) - 1) * np.sqrt(np.float32(0.5))


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # base at y = 1, apex (0, -1): the slanted sides have the normal (2, -1) / sqrt(5)
    return np.maximum((2 * abs(x) - y - 1) / np.sqrt(np.float32(5)), y - 1)


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = abs(x), abs(y)
    return np.maximum(np.maximum(x, y) - 1, np.minimum(x, y) - 0.3)


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return abs(np.hypot(x, y) - 0.775) - 0.225


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Fold the five points onto one, with its tip at (1, 0), and measure to the side that leaves it.
    angle = np.arctan2(x, -y)
    fold = abs(angle - np.round(angle * 5 / (2 * np.pi)) * (2 * np.pi / 5))
    radius = np.hypot(x, y)
    inner = 0.42 * np.exp(1j * np.pi / 5)  # the notch between two points
    side = inner - 1
    normal = np.complex64(-1j * side / abs(side))
    return (radius * np.cos(fold) - 1) * normal.real + radius * np.sin(fold) * normal.imag


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # A square on its corner, with half a disc on each upper side. d is half its diagonal; the whole is
    # 2d(1/2 + sqrt(1/2)) wide, which must be 2, and is moved down to have its middle at y = 0.
    d = 1 / (0.5 + np.sqrt(np.float32(0.5)))
    y = y - (1 - d) / 2
    disc = np.hypot(abs(x) - d / 2, y + d / 2) - d * np.sqrt(np.float32(0.5))
    return np.minimum((abs(x) + abs(y) - d) * np.sqrt(np.float32(0.5)), disc)


def _crescent(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.hypot(x, y) - 1, 0.8 - np.hypot(x - 0.5, y))


def _stripes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    nearest = np.clip(np.round(y / 0.8), -1, 1) * 0.8  # three bars, at y = -0.8, 0, 0.8
    return np.maximum(abs(x) - 1, abs(y - nearest) - 0.2)


SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "diamond": _diamond,
    "cross": _cross,
    "star": _star,
    "ring": _ring,
    "heart": _heart,
    "crescent": _crescent,
    "stripes": _stripes,
}


# ---- the data set ----------------------------------------------------------------------------------


class TinyShapes(ImageDataset):
    """`n` pictures (3 x 32 x 32) of ten kinds of shapes, one each; the same arguments draw the same pictures.

    Colour says nothing about the class: shape and background are drawn from the same distribution, at
    least 0.35 apart in each channel (counted around the circle 0..1). Every class has the same number of
    pictures, give or take one. `train=True` and `train=False` never share their random numbers.

    position   (left, top, right, bottom) as fractions of the picture: the whole shape lies in this box,
               anywhere with equal probability. (0, 0, 0.5, 0.5) is the upper left quarter.
    size       (least, greatest) width of the shape as a fraction of the picture's, drawn uniformly;
               an equal pair fixes it.
    colour     (red, green, blue) of the shape and of the background, from 0 to 1:
               ((1, 1, 1), (0, 0, 0)) is white on black. None draws both anew for each picture.
    noise      standard deviation of the normal noise on each pixel and channel; 0 for none.

    Raises ValueError if the box is no box inside the picture, if the greatest shape does not fit into it,
    or if another argument is out of range.
    """

    def __init__(
        self,
        n: int = 10_000,
        seed: int = 0,
        train: bool = True,
        transform: Transform | None = None,
        *,
        position: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
        size: tuple[float, float] = (0.3, 0.5),
        colour: tuple[Colour, Colour] | None = None,
        noise: float = 0.05,
    ) -> None:
        _check(n, position, size, colour, noise)
        self.train = train
        rng = np.random.default_rng([seed, int(train)])
        labels = rng.permutation(np.arange(n) % len(SHAPES))
        images = np.empty((n, 3, SIDE, SIDE), dtype=np.uint8)
        for start in range(0, n, CHUNK):
            part = slice(start, min(start + CHUNK, n))
            images[part] = _draw(rng, labels[part], position, size, colour, noise)
        super().__init__(images, labels, list(SHAPES), transform)

    def write_cifar(self, folder: str | os.PathLike[str]) -> None:
        """Write the pictures as CIFAR-10's binary version has them, for `CIFAR10(folder)` to read.

        A training set becomes data_batch_1.bin to data_batch_5.bin, a test set test_batch.bin; beside them
        batches.meta.txt names the classes. Raises ValueError for a training set of fewer than five
        pictures, and FileExistsError where the folder holds another data set.
        """
        from tinytorch.data.cifar import META, TEST, TRAIN, read_classes

        folder = Path(folder)
        names = TRAIN if self.train else TEST
        if len(self) < len(names):
            raise ValueError(
                f"write_cifar: five files need at least five pictures, got {len(self)}; try TinyShapes(n=100)"
            )
        folder.mkdir(parents=True, exist_ok=True)
        taken = any((folder / f"{name}.bin").exists() for name in TRAIN + TEST)
        if taken and read_classes(folder) != self.classes:
            raise FileExistsError(f"write_cifar: {folder} holds another data set; name a folder of its own")
        write_file(folder / META, ("\n".join(self.classes) + "\n").encode())
        labels = self.labels.astype(np.uint8)
        rows = np.concatenate([labels[:, None], self.images.reshape(len(self), -1)], axis=1)
        for name, part in zip(names, np.array_split(rows, len(names)), strict=True):
            write_file(folder / f"{name}.bin", part.tobytes())


def _draw(
    rng: np.random.Generator,
    labels: np.ndarray,
    position: tuple[float, float, float, float],
    size: tuple[float, float],
    colour: tuple[Colour, Colour] | None,
    noise: float,
) -> np.ndarray:
    """uint8 pictures (N, 3, SIDE, SIDE) of the shapes that `labels` (N,) name."""
    n = len(labels)
    left, top, right, bottom = (fraction * SIDE for fraction in position)
    half = rng.uniform(size[0], size[1], n) * SIDE / 2
    column = left + half + rng.random(n) * (right - left - 2 * half)
    row = top + half + rng.random(n) * (bottom - top - 2 * half)
    if colour is None:
        ink = rng.random((n, 3), dtype=np.float32)
        paper = (ink + rng.uniform(0.35, 0.65, (n, 3)).astype(np.float32)) % 1
    else:
        ink, paper = np.asarray(colour, dtype=np.float32)[:, None]

    # An outline pixel is covered in part: the ramp from 0 to 1 is one pixel wide, half of it outside the
    # outline. With half a pixel taken from the radius, even that half stays inside the box.
    radius = (half - 0.5).astype(np.float32)[:, None, None]
    middle = np.arange(SIDE, dtype=np.float32) + 0.5
    x = (middle - column.astype(np.float32)[:, None])[:, None, :] / radius
    y = (middle - row.astype(np.float32)[:, None])[:, :, None] / radius
    cover = np.empty((n, SIDE, SIDE), dtype=np.float32)
    for label, distance in enumerate(SHAPES.values()):
        chosen = labels == label
        cover[chosen] = np.clip(0.5 - distance(x[chosen], y[chosen]) * radius[chosen], 0, 1)

    pictures = paper[:, :, None, None] + cover[:, None] * (ink - paper)[:, :, None, None]
    if noise:
        pictures += np.float32(noise) * rng.standard_normal(pictures.shape, dtype=np.float32)
    return np.rint(np.clip(pictures, 0, 1) * 255).astype(np.uint8)


def _check(
    n: int,
    position: tuple[float, float, float, float],
    size: tuple[float, float],
    colour: tuple[Colour, Colour] | None,
    noise: float,
) -> None:
    if n < 1:
        raise ValueError(f"TinyShapes: n must be at least 1, got {n}")
    smallest = 4 / SIDE  # below four pixels the shapes look alike
    inside = len(position) == 4 and all(0 <= fraction <= 1 for fraction in position)
    room = min(position[2] - position[0], position[3] - position[1]) if inside else 0.0
    if room < smallest:
        raise ValueError(
            "TinyShapes: position must be (left, top, right, bottom), fractions from 0 to 1, with right and "
            f"bottom at least {smallest} over left and top, got {position}; "
            "the whole picture is position=(0, 0, 1, 1)"
        )
    if len(size) != 2 or not smallest <= size[0] <= size[1] <= 1:
        raise ValueError(
            f"TinyShapes: size must be (least, greatest) with {smallest} <= least <= greatest <= 1, "
            f"got {size}; try size=(0.3, 0.5)"
        )
    if size[1] > room + 1e-9:  # a difference of fractions such as 0.7 - 0.4 is not exact
        fits = np.floor(room * 1000) / 1000
        raise ValueError(
            f"TinyShapes: shapes up to size {size[1]} do not fit into position={position}, which has room "
            f"for {room:.3g}; try size=({min(size[0], fits)}, {fits})"
        )
    if colour is not None:
        values = np.asarray(colour, dtype=np.float64)
        if values.shape != (2, 3) or not (0 <= values.min() and values.max() <= 1):
            raise ValueError(
                "TinyShapes: colour must be two triples (red, green, blue) from 0 to 1, for the shape and "
                f"for the background, got {colour}; white on black is colour=((1, 1, 1), (0, 0, 0))"
            )
    if not noise >= 0:
        raise ValueError(f"TinyShapes: noise must not be negative, got {noise}")
