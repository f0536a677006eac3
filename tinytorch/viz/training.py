"""How training went, and what a trained network gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from tinytorch.viz.predictions import predictions
from tinytorch.viz.style import BLUE, RED, Picture, as_picture, paper, plain

LABELLED = 20  # classes up to which the cells of a confusion matrix have room for their numbers


def learning_curves(history: Sequence[dict[str, float]]) -> Picture:
    """Loss and accuracy after each epoch, of training and of validation.

    `history` is what `Trainer.fit` returns, and `Trainer.history`: a dict for each epoch with "epoch", "loss" and,
    where they were measured, "accuracy", "val_loss", "val_accuracy" (from 0 to 1). A training loss is the mean over the
    epoch, while the network was changing; a validation loss is taken at the epoch's end. So the second may be lower.
    Raises ValueError for an empty history, TypeError for something else.
    """
    if not isinstance(history, (list, tuple)) or not all(isinstance(e, dict) and "loss" in e for e in history):
        raise TypeError(f"history: expected a list of dicts with a loss, as Trainer.fit returns, got {history!r:.80}")
    if not history:
        raise ValueError("history: expected at least one epoch, got none; train first: trainer.fit(loader, epochs=3)")
    panels = ["loss"] + [name for name in ("accuracy",) if any(name in epoch for epoch in history)]
    figure = paper(4.6 * len(panels), 3.4)
    for place, measure in enumerate(panels, start=1):
        axes = plain(figure.add_subplot(1, len(panels), place))
        for name, label, colour, style in (
            (measure, "training", BLUE, "--"),
            (f"val_{measure}", "validation", RED, "-"),
        ):
            known = [(epoch["epoch"], epoch[name]) for epoch in history if name in epoch]
            if known:
                axes.plot(*zip(*known, strict=True), style, marker="o", markersize=4, color=colour, label=label)
        axes.set(xlabel="epoch", title=_title(history, measure))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        if measure == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        else:
            axes.set_ylim(bottom=0)
    return figure


def _title(history: Sequence[dict[str, float]], measure: str) -> str:
    last = history[-1]
    name = f"val_{measure}" if f"val_{measure}" in last else measure
    value = f"{last[name]:.1%}" if measure == "accuracy" else f"{last[name]:.3f}"
    return f"{measure}: {value} {'in validation ' if name != measure else ''}at the end"


def confusion_matrix(model: Any, data: Any, classes: Sequence[str] | None = None) -> Picture:
    """How often each class is taken for each: rows are what a picture shows, columns what the network says.

    `model` maps (N, C, H, W) to logits (N, K); `data` is a data set, a loader, or a pair (images, labels). The numbers
    are counts of pictures; a cell is coloured by its share of the row. `classes` are the K names, by default those
    that the data set knows. Raises ValueError where labels and logits do not match.
    """
    found = predictions(model, data, classes)
    k = len(found.classes)
    counts = np.zeros((k, k), dtype=np.int64)
    np.add.at(counts, (found.labels, found.guesses), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    figure = paper(max(4.5, 0.62 * min(k, LABELLED) + 2), max(3.8, 0.55 * min(k, LABELLED) + 1.4))
    axes = figure.add_subplot()
    shown = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    axes.set_xticks(range(k), found.classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), found.classes)
    axes.set(xlabel="the network says", ylabel="the picture shows")
    right = int(np.trace(counts))
    axes.set_title(f"{right:,} of {counts.sum():,} pictures named rightly: {right / counts.sum():.1%}")
    if k <= LABELLED:
        for (i, j), count in np.ndenumerate(counts):
            if count:
                axes.text(
                    j, i, f"{count:,}", ha="center", va="center", color="black" if shares[i, j] > 0.5 else "white"
                )
    figure.colorbar(shown, label="share of the row", format=PercentFormatter(1.0, decimals=0))
    return figure


def surest_mistakes(model: Any, data: Any, count: int = 12, classes: Sequence[str] | None = None) -> Picture:
    """The wrongly named pictures of which the network was surest, the surest first.

    Over each picture stands what the network says, with its softmax probability, and what the picture shows. `model`
    and `data` as in `confusion_matrix`; the images must be (3, H, W) or (1, H, W). Often the label is at fault.
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    found = predictions(model, data, classes)
    wrong = np.flatnonzero(found.guesses != found.labels)
    sure = found.probabilities[wrong, found.guesses[wrong]]
    chosen = wrong[np.argsort(-sure, kind="stable")[:count]]
    columns = min(6, max(len(chosen), 3))
    rows = max(1, -(-len(chosen) // columns))
    figure = paper(1.6 * columns, 2.1 * rows + 0.5)
    total = len(found.labels)
    figure.suptitle(
        f"The surest of {len(wrong):,} mistakes in {total:,} pictures" if len(wrong) else f"No mistake in {total:,}"
    )
    for place, index in enumerate(chosen, start=1):
        axes = figure.add_subplot(rows, columns, place)
        guess, label = found.guesses[index], found.labels[index]
        said = f"{found.classes[guess]} {found.probabilities[index, guess]:.1%}"
        axes.imshow(as_picture(found.images[index]), cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"says {said}\nis {found.classes[label]}", fontsize=9)
    return figure
