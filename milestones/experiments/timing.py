"""Time against kernel size, channels and image side: a line on logarithmic axes, whose slope is the exponent.

A convolution makes N · H' · W' · O · C · k² multiply-adds: twice the kernel size, both numbers of channels, or the
image's side is four times the work, exponent 2. The clock comes near that where arithmetic is all that counts.
"""

import numpy as np
from tools import milliseconds, multiply_adds, pictures, table

from tinytorch import nn, no_grad

BATCH = 16
# what is varied, its sizes, and for a size (channels, kernel size, side)
SWEEPS = {
    "kernel size": ([3, 5, 7, 9, 11], lambda size: (32, size, 32)),
    "channels": ([16, 32, 64, 128, 256], lambda size: (size, 3, 16)),
    "image side": ([16, 24, 32, 48, 64], lambda size: (32, 3, size)),
}


def forward(layer, channels, side):
    """A pass over a batch, to be timed."""
    x = pictures(BATCH, channels, side, side)

    def call():
        with no_grad():
            return layer(x)

    return call


def power_law(sizes, values):
    """The p and a of values = a · size^p that fit best: least squares on logarithms."""
    p, log_a = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(p), float(np.exp(log_a))


def measure(rounds=7):
    found = {}
    for name, (sizes, settings) in SWEEPS.items():
        calls, work = [], []
        for channels, kernel, side in map(settings, sizes):
            layer = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
            calls.append(forward(layer, channels, side))
            work.append(BATCH * multiply_adds(layer, channels, side, side))
        found[name] = {"sizes": sizes, "milliseconds": milliseconds(calls, rounds), "multiply-adds": work}
    return found


def show(found):
    table(
        ["varied", "sizes", "milliseconds", "exponent", "of the multiply-adds"],
        [
            [
                name,
                ", ".join(map(str, row["sizes"])),
                ", ".join(f"{ms:.2f}" for ms in row["milliseconds"]),
                *(f"{power_law(row['sizes'], row[kind])[0]:.2f}" for kind in ("milliseconds", "multiply-adds")),
            ]
            for name, row in found.items()
        ],
    )


def draw(found):
    from tinytorch.viz.style import BLUE, GREY, ORANGE, RED, paper, plain

    figure = paper(11, 3.6)
    for place, ((name, row), colour) in enumerate(zip(found.items(), (BLUE, RED, ORANGE)), start=1):
        axes = plain(figure.add_subplot(1, 3, place))
        sizes = np.array(row["sizes"])
        p, a = power_law(sizes, row["milliseconds"])
        work, _ = power_law(sizes, row["multiply-adds"])
        axes.plot(sizes, row["milliseconds"], "o", color=colour)
        axes.plot(sizes, a * sizes**p, color=colour, label=f"fitted: exponent {p:.2f}")
        axes.plot(sizes, a * sizes[0] ** p * (sizes / sizes[0]) ** work, ":", color=GREY, label=f"as work: {work:.2f}")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set(xlabel=name, title=f"Time against {name}", **({"ylabel": "milliseconds"} if place == 1 else {}))
        axes.legend(frameon=False)
    return figure
