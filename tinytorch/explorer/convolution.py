"""The beginning of the page: small pictures with numbers that can be read, and kernels to lay on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.data import Digits
from tinytorch.nn import functional as F

KERNELS: dict[str, tuple[str, list[list[float]]]] = {
    "identity": ("copies the pixel in the middle", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "vertical edges": ("right minus left: Sobel's", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "horizontal edges": ("below minus above: Sobel's", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "all edges": ("the middle against its neighbours: Laplace's", [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
    "blur": ("the mean of nine pixels", [[1 / 9] * 3] * 3),
    "soft blur": (
        "a mean that counts the middle most",
        [[1 / 16, 1 / 8, 1 / 16], [1 / 8, 1 / 4, 1 / 8], [1 / 16, 1 / 8, 1 / 16]],
    ),
    "sharpen": ("the pixel, and its difference from its neighbours", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "emboss": ("light from the upper left", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    "move": ("copies the left neighbour: all goes one to the right", [[0, 0, 0], [1, 0, 0], [0, 0, 0]]),
}

# (stride, padding, dilation) at which the page's own convolution is compared with tinytorch's
SETTINGS = [(1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 1, 1), (3, 2, 1), (1, 2, 2), (2, 3, 3)]
PATCH = 10  # pixels of a patch from the network's own picture


def drawings(picture: np.ndarray) -> dict[str, np.ndarray]:
    """Name → small grey picture (H, W) whose values are whole numbers; the patch is of `picture` (C, H, W), 0 to 1."""
    digits = Digits(train=False)
    digit = digits.images[int(np.flatnonzero(digits.labels == 3)[0]), 0]
    edge = np.zeros((8, 8))
    edge[:, 4:] = 9
    corner = np.zeros((8, 8))
    corner[3:, 3:] = 9
    slope = np.add.outer(np.arange(8), np.arange(8))
    point = np.zeros((7, 7))
    point[3, 3] = 1
    top, left = ((size - min(size, PATCH)) // 2 for size in picture.shape[1:])
    patch = np.rint(picture.mean(axis=0)[top : top + PATCH, left : left + PATCH] * 99)
    return {
        "a digit": digit,
        "an edge": edge,
        "a corner": corner,
        "a slope": slope,
        "a single point": point,
        "a patch of the network's picture": patch,
    }


def kernels_and_pictures(picture: np.ndarray) -> dict[str, Any]:
    """The pictures and kernels, and what `tinytorch` makes of each picture with each kernel, to compare with.

    They are few, and not packed: the page shows them before it has unpacked the network.
    """

    def placed(array: np.ndarray, **told: Any) -> dict[str, Any]:
        return {**told, "shape": array.shape, "numbers": array.ravel().tolist()}

    pictures = {name: np.asarray(image, np.float32) for name, image in drawings(picture).items()}
    kernels = {name: np.array(values, np.float32) for name, (_, values) in KERNELS.items()}
    cases = []
    for n, image in enumerate(pictures.values()):
        for k, kernel in enumerate(kernels.values()):
            for stride, padding, dilation in SETTINGS if n == 0 else SETTINGS[:1]:
                where = {"stride": stride, "padding": padding, "dilation": dilation}
                out = F.conv2d(image[None, None], kernel[None, None], **where)
                cases.append(placed(out.data[0, 0], picture=n, kernel=k, **where))
    return {
        "pictures": [placed(image, name=name) for name, image in pictures.items()],
        "kernels": [placed(kernel, name=name, does=KERNELS[name][0]) for name, kernel in kernels.items()],
        "cases": cases,
    }
