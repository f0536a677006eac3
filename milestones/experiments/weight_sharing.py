"""Weight sharing: the parameters of a convolution, and of a dense layer from the same input to the same output.

A convolution is a dense layer with two restrictions: an output sees only its window, and all windows are weighed by
the same numbers. The matrix of that dense layer can be read off: its column for a pixel is the convolution of a picture
in which only that pixel is 1.
"""

import math

import numpy as np
from tools import by, parameters, table

from tinytorch import Tensor, nn, no_grad

# layer (made when it is needed), picture
CASES = [
    (lambda: nn.Conv2d(1, 1, 3, padding=1), (1, 8, 8)),
    (lambda: nn.Conv2d(1, 8, 3, padding=1), (1, 28, 28)),
    (lambda: nn.Conv2d(3, 32, 3, padding=1), (3, 32, 32)),
    (lambda: nn.Conv2d(32, 64, 3, padding=1), (32, 16, 16)),
    (lambda: nn.Conv2d(3, 64, 7, stride=2, padding=3), (3, 224, 224)),
]


def dense_parameters(inputs, outputs):
    """Of nn.Linear(inputs, outputs), which may not fit in memory: a weight for each pair, a bias for each output."""
    return inputs * outputs + outputs


def matrix(conv, shape):
    """The dense weight (outputs, inputs) that does what a convolution without bias does to a picture (C, H, W)."""
    pixels = math.prod(shape)
    with no_grad():
        columns = conv(Tensor(np.eye(pixels, dtype=np.float32).reshape(pixels, *shape))).flatten(1)
    return columns.data.T


def measure():
    rows = []
    for make, shape in CASES:
        conv = make()
        with no_grad():
            out = conv(Tensor(np.zeros((1, *shape), np.float32))).shape[1:]
        shared, dense = parameters(conv), dense_parameters(math.prod(shape), math.prod(out))
        rows.append({"in": shape, "out": out, "kernel": conv.kernel_size, "conv": shared, "dense": dense})
    small = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    small.weight.data[...] = np.arange(-4, 5, dtype=np.float32).reshape(3, 3) + 0.5  # nine different weights
    return {"rows": rows, "matrix": matrix(small, (1, 8, 8))}


def show(found):
    table(
        ["picture", "kernel", "output", "conv", "dense", "dense / conv"],
        [
            [
                *(by(row["in"]), by(row["kernel"]), by(row["out"])),
                *(row["conv"], row["dense"], round(row["dense"] / row["conv"])),
            ]
            for row in found["rows"]
        ],
    )
    weights = found["matrix"]
    different = len(np.unique(weights[weights != 0]))
    print(
        f"\nOne 3 × 3 filter on 8 × 8 pixels, as a dense layer: {weights.shape[0]} × {weights.shape[1]} = "
        f"{weights.size:,} weights,\nof which {np.count_nonzero(weights):,} are not 0, and among those {different} are "
        "different."
    )


def draw(found):
    from tinytorch.viz.style import BLUE, RED, paper, plain, show_map

    figure = paper(11, 4.2)
    rows = found["rows"]
    axes = plain(figure.add_subplot(1, 2, 1))
    place = np.arange(len(rows))
    for offset, kind, colour in ((-0.2, "conv", BLUE), (0.2, "dense", RED)):
        bars = axes.barh(place + offset, [row[kind] for row in rows], 0.38, color=colour, label=kind)
        axes.bar_label(bars, [f"{row[kind]:,}" for row in rows], padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(1, max(row["dense"] for row in rows) * 300)
    names = [f"{by(map(str, row['in']))} to\n{by(map(str, row['out']))}" for row in rows]
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.set(xlabel="parameters (logarithmic)", title="From the same input to the same output")
    axes.legend(frameon=False, loc="upper right")

    axes = figure.add_subplot(1, 2, 2)
    shown = show_map(axes, found["matrix"])
    axes.set(xlabel="pixel of the 8 × 8 picture", ylabel="pixel of the 8 × 8 output")
    axes.set_title("A 3 × 3 filter as a dense layer:\nnine weights, again and again")
    figure.colorbar(shown, label="weight")
    return figure
