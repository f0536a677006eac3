"""The picture of module 03: what the size of the first weights does to a signal."""

import math

import numpy as np

import tinytorch as tt
from pictures.svg import WORDS, Picture
from tinytorch.nn import functional as F

DEEP, UNITS, ROWS = 10, 512, 512


def sizes(draw) -> list[float]:
    """Root mean square of a signal, before and after each of ten layers of weights, with a ReLU behind each.

    `draw()` is a layer's weight matrix, in float64.
    """
    tt.manual_seed(0)
    x = tt.randn(ROWS, UNITS, dtype=np.float64)
    found = [x]
    for _ in range(DEEP):
        found.append(F.relu(F.linear(found[-1], draw())))
    return [math.sqrt(float((x.data**2).mean())) for x in found]


def normal(spread: float):
    return lambda: tt.randn(UNITS, UNITS, dtype=np.float64) * spread


def uniform(bound: float):
    return lambda: (tt.rand(UNITS, UNITS, dtype=np.float64) * 2.0 - 1.0) * bound


HE = math.sqrt(2 / UNITS)
CURVES = {
    "2 · √(2/n)": (normal(2 * HE), "b"),
    "√(2/n), He's": (normal(HE), "a"),
    "½ · √(2/n)": (normal(HE / 2), "b"),
    "±1/√n, uniform": (uniform(1 / math.sqrt(UNITS)), "b dashed"),
}


def initialisation() -> Picture:
    picture = Picture(
        "The first weights, through ten layers",
        f"The size of a signal after each of {WORDS[DEEP]} layers of weights, with a ReLU behind each, on a scale of "
        "powers of ten. With He's standard deviation √(2/n) it stays. With twice that it grows and grows; with half "
        "of it, and with weights drawn uniformly from ±1/√n, it all but vanishes.",
    )
    left, right, top, decade, low, high = 66, 246, 40, 44, -4, 3
    bottom = top + (high - low) * decade

    def across(layer):
        return left + (right - left) * layer / DEEP

    def down(size):
        return top + (high - math.log10(size)) * decade

    picture.text(16, top - 18, "size of the signal", "soft")
    for power in range(low, high + 1):
        y = down(10**power)
        picture.line((left, y), (right, y), kind="thin")
        picture.text(left - 8, y + 4.5, f"{10.0**power:.{max(0, -power)}f}", "end soft")
    for layer in range(0, DEEP + 1, 2):
        picture.text(across(layer), bottom + 20, str(layer), "mid soft")
    picture.text((left + right) / 2, bottom + 40, "layers", "mid soft")
    for name, (draw, kind) in CURVES.items():
        found = sizes(draw)
        points = [(across(layer), down(size)) for layer, size in enumerate(found)]
        picture.line(*points, kind=f"curve {kind}")
        y = points[-1][1]
        picture.text(right + 8, y - 1, name, "soft")
        with picture.shows(f"after {name}"):
            times = float(f"{found[-1] / found[0]:.2g}")
            picture.text(right + 8, y + 13, f"× {times:g}", f"{kind[0]} bold")
    return picture
