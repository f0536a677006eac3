"""What networks make of pictures that stand a little elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from tinytorch.viz.predictions import ask, check_labels, collect
from tinytorch.viz.style import BLUE, GREEN, GREY, ORANGE, RED, Picture, paper, plain

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # down, up, right, left
COLOURS = (BLUE, RED, GREEN, ORANGE, GREY)


def moved(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Pictures (N, C, H, W) moved by so many pixels, up or left where negative; what comes in is 0."""
    h, w = images.shape[2:]
    border = max(abs(down), abs(right))
    padded = np.pad(images, ((0, 0), (0, 0), (border, border), (border, border)))
    return padded[:, :, border - down : border - down + h, border - right : border - right + w]


def shifted_pictures(models: Mapping[str, Any], data: Any, shifts: Sequence[int] = (0, 1, 2, 3, 4)) -> Picture:
    """Networks side by side: their parameters, and how often they are right about pictures moved by some pixels.

    `models` names the networks: {"convolutional": cnn, "dense": mlp}, each from (N, C, H, W) to logits (N, K). `data`
    is a data set, a loader, or a pair (images, labels). For a shift each picture is moved down, up, right and left, and
    the accuracy is the mean of the four; what comes into the picture is 0. Raises ValueError without networks, and
    where labels and logits do not match.
    """
    if not isinstance(models, Mapping) or not 1 <= len(models) <= len(COLOURS):
        raise ValueError(
            f"models: expected 1 to {len(COLOURS)} networks by name, "
            f'such as {{"convolutional": cnn, "dense": mlp}}, got {models!r:.80}'
        )
    images, labels = collect(data)
    if not shifts or min(shifts) < 0 or max(shifts) >= min(images.shape[2:]):
        raise ValueError(f"shifts: expected 0 to below the picture's side {min(images.shape[2:])}, got {shifts}")

    def accuracy(model: Any, shift: int) -> float:
        right = []
        for down, across in DIRECTIONS if shift else DIRECTIONS[:1]:
            shares = ask(model, moved(images, shift * down, shift * across))
            check_labels(labels, *shares.shape)
            right.append(float((shares.argmax(axis=1) == labels).mean()))
        return sum(right) / len(right)

    figure = paper(9.5, 3.6)
    left, middle = figure.subplots(1, 2, width_ratios=[1, 1.6])
    counts = [sum(p.numel() for p in model.parameters()) for model in models.values()]
    bars = plain(left).bar(list(models), counts, color=COLOURS[: len(models)])
    left.bar_label(bars, [f"{count:,}" for count in counts], padding=2)
    left.set(title="parameters", yticks=[])
    left.spines["left"].set_visible(False)
    for (name, model), colour in zip(models.items(), COLOURS):
        plain(middle).plot(shifts, [accuracy(model, s) for s in shifts], marker="o", color=colour, label=name)
    middle.set(xlabel="pixels by which the pictures are moved", ylim=(0, 1.02))
    middle.set_title(f"named rightly, of {len(labels):,} pictures")
    middle.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    middle.grid(alpha=0.3)
    middle.legend(frameon=False)
    return figure
