"""What a convolution has learned to look for: its filters, and the patches that excite them most."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.analysis import ReceptiveField, layer_named, receptive_field, trace
from tinytorch.analysis.trace import as_input, call_named, evaluating
from tinytorch.viz.inputs import layers, one_picture
from tinytorch.viz.style import Picture, counted, number_sheet, paper, sheet, show_map

MOST = 64  # filters, and channels of each, that are drawn
BATCH = 100
OUTSIDE = (0.82, 0.88, 0.95)  # the colour of what a patch would see beyond the image
COLOURS = {1: [""], 3: ["red", "green", "blue"]}  # of the picture's channels


def filters(model: Any, layer: str | None = None) -> Picture:
    """The filters of a convolution as a grid, all on one colour scale: blue below zero, white at it, red above.

    `model` is a network or one convolution; `layer` a dotted name, by default the first convolution. Its weight
    (O, C, kh, kw) is drawn as one panel for each channel where there are up to four, the O filters side by side in it;
    else as one sheet, a row for each filter and a column for each channel. Of more than 64 the first 64 are drawn.
    Raises ValueError for a model without convolutions, and for a layer that is none or is not there.
    """
    name, weight = _convolution(model, layer)
    drawn = weight[:MOST, :MOST]
    o, c, kh, kw = weight.shape
    title = f"{name}: {counted(o, 'filter')} of {kh} × {kw} on {counted(c, 'channel')}"
    if len(drawn) < o or drawn.shape[1] < c:
        title += f" (drawn: {drawn.shape[0]}, {drawn.shape[1]})"
    figure = _panels(drawn) if c <= 4 else _sheet(drawn)
    figure.suptitle(title)
    return figure


def _panels(weight: np.ndarray) -> Picture:
    o, c, kh, kw = weight.shape
    columns = math.ceil(math.sqrt(o))
    rows = math.ceil(o / columns)
    figure = paper(max(3.6, 3.2 * c + 1), max(2.4, 3.0 * rows / columns + 0.9))
    names = COLOURS.get(c) or [f"channel {channel}" for channel in range(c)]
    panels = []
    for channel in range(c):
        axes = figure.add_subplot(1, c, channel + 1)
        panels.append(axes)
        shown = show_map(axes, sheet(weight[:, channel], columns), weight, signed=True)
        number_sheet(axes, {row: row * columns for row in range(rows)}, {}, (kh, kw))
        axes.set_title(names[channel], fontsize=10)
    panels[0].set_ylabel("filter")
    figure.colorbar(shown, ax=panels, label="weight", shrink=0.8)
    return figure


def _sheet(weight: np.ndarray) -> Picture:
    o, c, kh, kw = weight.shape
    figure = paper(min(10, 0.14 * c + 2.5), min(10, 0.14 * o + 1.5))
    axes = figure.add_subplot()
    shown = show_map(axes, sheet(weight.reshape(o * c, kh, kw), c), signed=True)
    rows, columns = ({k: k for k in range(0, n, 4 if n > 16 else 1)} for n in (o, c))
    number_sheet(axes, rows, columns, (kh, kw))
    axes.set(xlabel="channel", ylabel="filter")
    figure.colorbar(shown, label="weight")
    return figure


def _convolution(model: Any, layer: str | None) -> tuple[str, np.ndarray]:
    """The name of a convolution of the network, and its weight (O, C, kh, kw)."""
    named = [(layer, layer_named(model, layer))] if layer is not None else layers(model)
    for name, found in named:
        weight = getattr(found, "weight", None)
        if weight is not None and weight.ndim == 4:
            return name or type(found).__name__, weight.data
    if layer is not None:
        raise ValueError(f"layer: expected a convolution, got {layer!r}, a {type(named[0][1]).__name__}")
    raise ValueError(f"model: expected a network with convolutions; this {type(model).__name__} has none")


def exciting_patches(model: Any, images: Any, layer: str | None = None, filters: int = 8, patches: int = 9) -> Picture:
    """For the first filters of a layer, the patches of the images to which they answer most, strongest first.

    images: (N, C, H, W) with C = 3 or 1, as the network wants them. `layer` is a dotted name, by default the last
    convolution. A patch is the receptive field of the place with the largest value, one for each image; what lies
    outside of the image is pale blue. (Zeiler and Fergus 2014, arXiv:1311.2901, show the nine strongest.) Raises
    ValueError for images that do not fit the network, and for a layer that has no maps or is not there.
    """
    x = as_input(images)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise ValueError(f"images: expected shape (N, 3, H, W) or (N, 1, H, W), got {x.shape}")
    for name, number in (("filters", filters), ("patches", patches)):
        if number < 1:
            raise ValueError(f"{name}: expected at least 1, got {number}")
    one_picture(model, x[:1])
    field = receptive_field(model, (1, *x.shape[1:]), _last_convolution(model) if layer is None else layer)
    filters, patches = min(filters, field.output_shape[1]), min(patches, len(x))
    value, places = _strongest(model, x, field.layer, filters)
    strongest = np.argsort(-value, axis=0, kind="stable")[:patches].T

    pictures = _colours(x.data)
    tiles = np.stack([_patch(field, pictures[n], places[n, k]) for k in range(filters) for n in strongest[k]])
    side = tiles.shape[1:3]
    gap = max(1, side[0] // 8)
    picture = np.stack([sheet(tiles[..., channel], patches, gap) for channel in range(3)], axis=-1)
    figure = paper(0.75 * patches + 1.6, 0.75 * filters + 1.2)
    axes = figure.add_subplot()
    axes.imshow(np.nan_to_num(picture, nan=1.0), interpolation="nearest")
    labels = {k: f"{k}: {value[:, k].max():.2f}" for k in range(filters)}
    number_sheet(axes, labels, {rank: rank + 1 for rank in range(patches)}, side, gap)
    axes.set(ylabel="filter: its strongest answer", xlabel="strongest first")
    axes.set_title(f"What excites {field.layer} most: {side[0]} × {side[1]} patches of {counted(len(x), 'image')}")
    return figure


def _colours(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) → (N, H, W, 3) from 0 to 1, all stretched alike where one of them has other values."""
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        images = (images - low) / ((high - low) or 1.0)
    return np.repeat(images, 3 // images.shape[1], axis=1).transpose(0, 2, 3, 1)


def _patch(field: ReceptiveField, picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """What a place sees of a picture (H, W, 3), in a window of its own, (h, w, 3), at most as large as the picture."""
    side = [min(size or n, n) for size, n in zip(field.size, picture.shape)]
    top, left, bottom, right = field.box(*place)
    # where that stands in its window, part of which may be outside of the picture
    down, across = (
        max(0, -(start + at * jump)) if size == n else 0
        for start, at, jump, size, n in zip(field.start, place, field.jump, field.size, side)
    )
    window = np.full((*side, 3), OUTSIDE)
    window[down : down + bottom - top, across : across + right - left] = picture[top:bottom, left:right]
    return window


def _last_convolution(model: Any) -> str:
    found = [name for name, part in layers(model) if getattr(getattr(part, "weight", None), "ndim", 0) == 4]
    if not found:
        raise ValueError(f"model: expected a network with convolutions; this {type(model).__name__} has none")
    return found[-1]


def _strongest(model: Any, x: Any, layer: str, filters: int) -> tuple[np.ndarray, np.ndarray]:
    """For each image and each of the first filters the largest value (N, K), and where it stands (N, K, 2)."""
    values, places = [], []
    with evaluating(model):
        for start in range(0, len(x), BATCH):
            maps = call_named(trace(model, x[start : start + BATCH]), layer).output.data[:, :filters]
            flat = maps.reshape(*maps.shape[:2], -1)
            values.append(flat.max(axis=2))
            places.append(np.stack(np.unravel_index(flat.argmax(axis=2), maps.shape[2:]), axis=-1))
    return np.concatenate(values), np.concatenate(places)
