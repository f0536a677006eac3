"""One number of a convolution or a pooling layer, and what it was computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch import analysis
from tinytorch.analysis.trace import as_input
from tinytorch.viz.style import RED, Picture, paper, show_map

CHANNELS = 4  # that are drawn
WRITTEN = 7  # the largest window whose numbers are written into it


def explain(layer: Any, x: Any, at: tuple[int, int, int, int]) -> Picture:
    """How `layer(x)[at]` came about: for each channel the input, the window on it, the kernel, and their products.

    layer: a convolution, or max or average pooling. x: its input (N, C, H, W). at: (n, o, i, j): image, channel of the
    output, row and column. Of more than four channels the first four are drawn, and the sum of the others is told. The
    numbers are those of `tinytorch.explain`, which also says what is raised.
    """
    found = analysis.explain(layer, x, at)
    image = as_input(x).data[found.at[0]]
    channels = found.channels[:CHANNELS]
    parts = [("window", found.window)]
    if found.kernel is not None and found.products is not None:
        parts += [("× kernel", found.kernel), ("= products", found.products)]
    columns = 1 + len(parts)
    figure = paper(2.7 * columns + 0.3, 2.5 * len(channels) + 1.1)
    for row, channel in enumerate(channels):
        axes = figure.add_subplot(len(channels), columns, row * columns + 1)
        show_map(axes, image[channel], image[channels])
        rows, across = found.rows, found.columns
        corner = (across[0] - 0.5, rows[0] - 0.5)
        box = Rectangle(corner, across[-1] - across[0] + 1, rows[-1] - rows[0] + 1, fill=False, edgecolor=RED, lw=2)
        axes.add_patch(box)
        h, w = image.shape[1:]  # with the border, where the window reaches into it
        axes.set_xlim(min(0, across[0]) - 1, max(w - 1, across[-1]) + 1)
        axes.set_ylim(max(h - 1, rows[-1]) + 1, min(0, rows[0]) - 1)
        axes.set(xticks=[], yticks=[], ylabel=f"channel {channel}", title="input" if row == 0 else "")
        for place, (name, values) in enumerate(parts, start=2):
            axes = figure.add_subplot(len(channels), columns, row * columns + place)
            _numbers(axes, values[row], values[:CHANNELS])
            axes.set_title(name if row == 0 else "")
            if name == "window":
                axes.set_xticks(range(len(across)), [str(c) for c in across])
                axes.set_yticks(range(len(rows)), [str(r) for r in rows])
                if found.winner is not None:
                    p, q = found.winner
                    axes.add_patch(Rectangle((q - 0.5, p - 0.5), 1, 1, fill=False, edgecolor=RED, linewidth=3))
    figure.suptitle(f"{found.kind}: y[{', '.join(map(str, found.at))}] = {found.value:.4g}")
    figure.supxlabel(_sum(found), fontsize=11)
    return figure


def _numbers(axes: Any, values: np.ndarray, of: np.ndarray) -> None:
    """Numbers (h, w) as colours, on the scale of all those of their kind, and written where there is room."""
    shown = show_map(axes, np.where(np.isfinite(values), values, np.nan), of)
    axes.set(xticks=[], yticks=[])
    if max(values.shape) > WRITTEN:
        return
    size = 9 if max(values.shape) <= 5 else 7
    for (p, q), value in np.ndenumerate(values):
        dark = np.isfinite(value) and _luminance(shown, value) < 0.5
        text = f"{value:.2f}".replace("-0.00", "0.00") if np.isfinite(value) else "border"
        axes.text(q, p, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")


def _luminance(shown: Any, value: float) -> float:
    red, green, blue, _ = shown.to_rgba(value)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _sum(found: analysis.Explanation) -> str:
    if found.winner is not None:
        p, q = found.winner
        return f"the largest of the window, at row {found.rows[p]}, column {found.columns[q]}: {found.value:.4g}"
    if found.products is None:
        return f"sum {found.sum:.4g} / {found.divisor} numbers = {found.value:.4g}"
    sums = found.products.sum(axis=(1, 2))
    terms = [f"{total:.4g}" for total in sums[:CHANNELS]]
    if len(sums) > CHANNELS:
        terms.append(f"{sums[CHANNELS:].sum():.4g} of {len(sums) - CHANNELS} more channels")
    terms.append(f"bias {found.bias:.4g}")
    return f"{' + '.join(terms)} = {found.value:.4g}".replace("+ -", "− ").replace("bias -", "bias −")
