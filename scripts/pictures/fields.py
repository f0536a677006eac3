"""How receptive fields grow from layer to layer: pictures of module 09."""

import numpy as np

import tinytorch as tt
from pictures.images import seen_by
from pictures.svg import WIDTH, WORDS, Picture
from tinytorch.nn import functional as F


def _apply(functions):
    def apply(x):
        for function in functions:
            x = function(x)
        return x

    return apply


def _field(functions, pixels: int) -> int:
    """Return the width of the receptive field of the place in the middle."""
    places = _apply(functions)(tt.ones(1, 1, 1, pixels)).shape[3]
    return int(seen_by(_apply(functions), (1, pixels), (0, places // 2)).sum())


def _pyramid(picture: Picture, layers, pixels: int, at: int) -> Picture:
    """One row of the image at the bottom, the rows of the maps above it; what one place of the last one sees is filled.

    `layers` are (name, function), in the order in which they are applied; a cell is as wide as what it stands for.
    """
    names, functions = ["image", *(name for name, _ in layers)], [function for _, function in layers]
    top, image = len(layers), tt.ones(1, 1, 1, pixels)
    sizes = [_apply(functions[:level])(image).shape[3] for level in range(top + 1)]
    seen = [seen_by(_apply(functions[level:]), (1, sizes[level]), (0, at))[0] for level in range(top + 1)]
    left, right, high, step = 62, 316, 20, 44
    bottom = 32 + top * step
    picture.text(WIDTH - 16, 20, "receptive field of one place", "soft end")
    edges = []
    for level, used in enumerate(seen):
        wide, places = (right - left) / sizes[level], np.flatnonzero(used)
        edges.append((left + places[0] * wide, left + (places[-1] + 1) * wide, bottom - level * step))
    for (l0, r0, y0), (l1, r1, y1) in zip(edges, edges[1:]):
        picture.area((l0, y0), (l1, y1 + high), (r1, y1 + high), (r0, y0))
    for level, (name, used) in enumerate(zip(names, seen)):
        wide, y = (right - left) / sizes[level], bottom - level * step
        nothing = np.full((1, sizes[level]), np.nan)
        picture.cells(
            left, y, nothing, high, wide=wide, name=name, kind=lambda i, j, used=used: "a" if used[j] else "cell"
        )
        picture.text(left - 8, y + 14.5, name, "end bold")
        if level:
            with picture.shows(f"field of {name}"):
                picture.text(WIDTH - 16, y + 14.5, str(_field(functions[:level], 32)), "end bold")
    return picture


def _conv(x):
    return F.conv2d(x, tt.ones(1, 1, 1, 3), padding=(0, 1))


def _pool(x):
    """Return means: a maximum has the same receptive field, but its gradient goes to one pixel only."""
    return F.avg_pool2d(x, (1, 2))


def stack() -> Picture:
    layers = [(f"conv {n}", _conv) for n in (1, 2, 3)]
    first, second, third = (WORDS[_field([_conv] * n, 32)] for n in (1, 2, 3))
    picture = Picture(
        "The receptive field of three convolutions",
        "One row of an image and of the feature maps of three convolutions, one after the other. The receptive field "
        f"of a place is {first} pixels wide in the first, {second} in the second, {third} in the third.",
    )
    return _pyramid(picture, layers, pixels=13, at=6)


def field() -> Picture:
    layers = [("conv1", _conv), ("pool:1", _pool), ("conv2", _conv), ("pool:2", _pool)]
    functions = [function for _, function in layers]
    fields = [WORDS[_field(functions[:level], 32)] for level in (1, 2, 3, 4)]
    picture = Picture(
        "The receptive field in SimpleCNN",
        "One row of an image and of the feature maps of SimpleCNN. The receptive field of a place is "
        f"{fields[0]} pixels wide in conv1, {fields[1]} after the first pooling, {fields[2]} in conv2 and "
        f"{fields[3]} after the second pooling: after a pooling, neighbouring places are two pixels apart.",
    )
    return _pyramid(picture, layers, pixels=16, at=1)
