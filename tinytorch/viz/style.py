"""What the figures share: paper, colours that everyone can tell apart, pictures, and sheets of maps.

Figures are made without pyplot, so that they leave nothing open and change no setting of yours.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

AMOUNT = "viridis"  # from little to much
SIGNED = "RdBu_r"  # blue below zero, white at it, red above
HEAT = "inferno"  # laid over a picture

# Okabe and Ito (2008), "Color Universal Design": told apart with every kind of colour vision.
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#666666"


class Picture(Figure):
    """A matplotlib figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def paper(width: float, height: float) -> Picture:
    """An empty figure, in inches, whose parts keep clear of each other."""
    return Picture(figsize=(width, height), layout="constrained")


def plain(axes: Axes) -> Axes:
    """Without the frame's upper and right side, for curves and bars."""
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def counted(number: int, thing: str) -> str:
    """`1 filter`, `1,024 filters`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


# ---- pictures --------------------------------------------------------------------------------------


def as_picture(image: np.ndarray) -> np.ndarray:
    """A picture as matplotlib wants it: (C, H, W) → (H, W, 3) for C = 3, (H, W) for C = 1, from 0 to 1.

    Values outside of 0 to 1, such as those of a normalised picture, are stretched to just fill it.
    Raises ValueError for another shape.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"image: expected shape (3, H, W) or (1, H, W), got {image.shape}")
    low, high = float(image.min()), float(image.max())
    if low < 0 or high > 1:
        image = (image - low) / ((high - low) or 1.0)
    return image[0] if len(image) == 1 else image.transpose(1, 2, 0)


def show_picture(axes: Axes, image: np.ndarray, title: str = "") -> AxesImage:
    """A picture (C, H, W) without ticks."""
    shown = axes.imshow(as_picture(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title)
    return shown


# ---- maps ------------------------------------------------------------------------------------------


def show_map(axes: Axes, values: np.ndarray, of: np.ndarray | None = None, signed: bool | None = None) -> AxesImage:
    """Numbers (H, W) as colours: red and blue around zero where they are signed, else from dark for 0 to bright.

    `of` are the numbers that share the scale, by default these. They count as signed if one of them is negative.
    """
    of = values if of is None else of
    of = of[np.isfinite(of)]
    largest = float(np.abs(of).max()) or 1.0  # all zero: white, or dark
    if signed is None:
        signed = bool(of.min() < 0)
    colours: dict[str, Any] = {"cmap": SIGNED, "vmin": -largest} if signed else {"cmap": AMOUNT, "vmin": 0.0}
    return axes.imshow(values, vmax=largest, interpolation="nearest", **colours)


def sheet(maps: np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """Maps (n, h, w) side by side in reading order, so many in a row, with NaN in the gaps: one array to show."""
    n, h, w = maps.shape
    rows = math.ceil(n / columns)
    cells = np.full((rows * columns, h + gap, w + gap), np.nan, dtype=np.float64)
    cells[:n, :h, :w] = maps
    cells = cells.reshape(rows, columns, h + gap, w + gap).swapaxes(1, 2)
    return cells.reshape(rows * (h + gap), columns * (w + gap))[:-gap, :-gap]


def number_sheet(
    axes: Axes, rows: Mapping[int, object], columns: Mapping[int, object], side: Sequence[int], gap: int = 1
) -> None:
    """Labels at tiles of a sheet, by their place down and across; `side` is a tile's (height, width)."""
    h, w = side
    axes.set_yticks([i * (h + gap) + (h - 1) / 2 for i in rows], [str(label) for label in rows.values()])
    axes.set_xticks([j * (w + gap) + (w - 1) / 2 for j in columns], [str(label) for label in columns.values()])
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
