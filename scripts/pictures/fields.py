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
    """How many pixels across the place in the middle sees."""
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
    picture.text(WIDTH - 16, 20, "pixels that one place sees", "soft end")
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
            with picture.shows(f"sees {name}"):
                picture.text(WIDTH - 16, y + 14.5, str(_field(functions[:level], 32)), "end bold")
    return picture


def _conv(x):
    return F.conv2d(x, tt.ones(1, 1, 1, 3), padding=(0, 1))


def _pool(x):
    """A mean: a maximum sees the same pixels, but its gradient goes to one of them only."""
    return F.avg_pool2d(x, (1, 2))


def stack() -> Picture:
    layers = [(f"conv {n}", _conv) for n in (1, 2, 3)]
    first, second, third = (WORDS[_field([_conv] * n, 32)] for n in (1, 2, 3))
    picture = Picture(
        "The receptive field of three convolutions",
        "One row of an image and of the maps that three convolutions, one after the other, make of it. A place of "
        f"the first sees {first} pixels across, one of the second {second}, one of the third {third}.",
    )
    return _pyramid(picture, layers, pixels=13, at=6)


def field() -> Picture:
    layers = [("conv1", _conv), ("pool:1", _pool), ("conv2", _conv), ("pool:2", _pool)]
    functions = [function for _, function in layers]
    fields = [WORDS[_field(functions[:level], 32)] for level in (1, 2, 3, 4)]
    picture = Picture(
        "The receptive field in SimpleCNN",
        f"One row of an image and of the maps of SimpleCNN. A place of conv1 sees {fields[0]} pixels across, after "
        f"the first pooling {fields[1]}, a place of conv2 {fields[2]}, after the second pooling {fields[3]}: behind a "
        "pooling, each step to the side is two pixels wide.",
    )
    return _pyramid(picture, layers, pixels=16, at=1)
