"""What a network makes of one picture: the maps of its layers, where it looks, and what a place of a map sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch import analysis
from tinytorch.analysis.trace import evaluating
from tinytorch.viz.inputs import one_picture
from tinytorch.viz.style import (
    AMOUNT,
    HEAT,
    RED,
    Picture,
    counted,
    number_sheet,
    paper,
    plain,
    sheet,
    show_map,
    show_picture,
)

MAPS = 16  # of a layer that are drawn
NUMBERS = 100  # of a layer without maps that are drawn


def feature_maps(model: Any, image: Any) -> Picture:
    """What every layer of a network makes of a picture, from the picture down to the last numbers.

    image: (C, H, W) or (1, C, H, W) with C = 3 or 1, as the network wants it. Each layer has a row with its first 16
    maps, on one colour scale: from dark to bright, or blue and red around zero where there are negative numbers. A
    layer without maps is drawn as bars if it has at most 100 numbers. Raises ValueError for an image that does not fit
    the network, and for a network that has no maps.
    """
    x = one_picture(model, image)
    found = {name: values for name, values in analysis.feature_maps(model, x).items() if _drawn(values)}
    if not any(values.ndim == 3 for values in found.values()):
        kind = type(model).__name__
        raise ValueError(f"model: expected a network with maps, such as those of Conv2d; this {kind} has none")
    figure = paper(11, 1.25 * len(found) + 1.6)
    rows = figure.add_gridspec(len(found) + 1, 1, height_ratios=[1.6] + [1.0] * len(found))
    show_picture(figure.add_subplot(rows[0]), x.data[0], "the picture")
    for row, (name, values) in enumerate(found.items(), start=1):
        axes = figure.add_subplot(rows[row])
        if values.ndim == 1:
            plain(axes).bar(range(len(values)), values, color=RED)
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xticks(range(0, len(values), max(1, len(values) // 20)))
            axes.set_title(f"{name}: {counted(len(values), 'number')}", fontsize=10)
            continue
        maps = values[:MAPS]
        shown = show_map(axes, sheet(maps, MAPS, gap := max(1, maps.shape[1] // 16)))
        number_sheet(axes, {}, {k: k for k in range(len(maps))}, maps.shape[1:], gap)
        figure.colorbar(shown, ax=axes, pad=0.01, fraction=0.03)
        n, h, w = values.shape
        axes.set_title(
            f"{name}: {counted(n, 'map')} of {h} × {w}" + (f", the first {MAPS}" if n > MAPS else ""), fontsize=10
        )
    return figure


def _drawn(values: np.ndarray) -> bool:
    return values.ndim == 3 or (values.ndim == 1 and len(values) <= NUMBERS)


def grad_cam(
    model: Any,
    image: Any,
    class_index: int | None = None,
    layer: str | None = None,
    classes: Sequence[str] | None = None,
) -> Picture:
    """Where a network looks for a class: the picture, the map, and the map laid over the picture.

    image: (C, H, W) or (1, C, H, W) with C = 3 or 1. class_index: by default that of the class which the network
    names; layer: whose maps, by default the last of more than one place; classes: the classes' names. The map is from
    0 to 1, see `tinytorch.analysis.grad_cam`, which says what is raised. (Selvaraju et al. 2017, "Grad-CAM",
    arXiv:1610.02391.)
    """
    from tinytorch import no_grad, softmax

    x = one_picture(model, image)
    cam = analysis.grad_cam(model, x, class_index, layer)[0]
    with evaluating(model), no_grad():
        shares = softmax(model(x), dim=1).data[0]
    guess = int(shares.argmax())
    chosen = guess if class_index is None else class_index
    name = [str(k) for k in range(len(shares))] if classes is None else list(classes)
    if len(name) != len(shares):
        raise ValueError(f"classes: expected {len(shares)} names, as many as the network has outputs, got {name}")

    figure = paper(10, 3.9)
    show_picture(figure.add_subplot(1, 3, 1), x.data[0], f"the network says {name[guess]}, {shares[guess]:.1%}")
    axes = figure.add_subplot(1, 3, 2)
    shown = axes.imshow(cam, cmap=HEAT, vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], title=f"where it looks for {name[chosen]}")
    if not cam.any():
        axes.set_xlabel("nothing in these maps speaks for it")
    figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03)
    axes = figure.add_subplot(1, 3, 3)
    show_picture(axes, x.data[0], "laid over the picture")
    axes.imshow(cam, cmap=HEAT, vmin=0, vmax=1, alpha=0.7 * cam)
    figure.suptitle(
        f"Grad-CAM, {shares[chosen]:.1%} for {name[chosen]}, {f'maps of {layer}' if layer else 'the last maps'}"
    )
    return figure


def receptive_field(model: Any, image: Any, layer: str | None = None) -> Picture:
    """What the middle place of a layer's map sees: by formula, measured, and how much each pixel matters to it.

    image: (C, H, W) or (1, C, H, W) with C = 3 or 1. Left on the image the box of the formula and, shaded, the pixels
    that a gradient comes back to; right the effective receptive field as a heat map, from 0 to 1. `layer` and what is
    raised as in `tinytorch.receptive_field`. (Luo et al. 2016, "Understanding the Effective Receptive Field",
    arXiv:1701.04128.)
    """
    x = one_picture(model, image)
    found = analysis.receptive_field(model, x.shape, layer)
    top, left, bottom, right = found.box(*found.at)
    place = f"({found.at[0]}, {found.at[1]})"

    def outline(axes: Any) -> None:
        corner = (left - 0.5, top - 0.5)
        axes.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=RED, linewidth=2))

    figure = paper(9, 4.7)
    axes = figure.add_subplot(1, 2, 1)
    show_picture(axes, x.data[0], f"the pixels that place {place} sees")
    axes.imshow(np.where(found.support, 1.0, np.nan), cmap="autumn", vmin=0, vmax=1, alpha=0.35)
    outline(axes)
    axes.set_xlabel(
        f"box: by formula, {bottom - top} × {right - left} of its pixels are in the image\n"
        f"shaded: measured, {counted(int(found.support.sum()), 'pixel')}"
    )
    axes = figure.add_subplot(1, 2, 2)
    shown = axes.imshow(found.effective(), cmap=AMOUNT, vmin=0, vmax=1)
    outline(axes)
    axes.set(xticks=[], yticks=[], title="how much each pixel matters to it")
    figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03, label="mean size of the gradient, the largest is 1")
    size = " × ".join("?" if n is None else str(n) for n in found.size)
    name = found.layer or type(model).__name__
    figure.suptitle(f"{name}: a place sees {size} pixels, the next one begins {found.jump[1]} further on")
    return figure
