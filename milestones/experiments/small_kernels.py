"""Small kernels: three 3 × 3 convolutions against one 7 × 7, which sees as far (Simonyan and Zisserman 2015).

The stack needs fewer weights and less work for the same 7 × 7 pixels, and has a ReLU after each layer.
https://arxiv.org/abs/1409.1556
"""

from receptive_field import stack
from tools import milliseconds, multiply_adds, parameters, pictures, table

from tinytorch import nn, no_grad

CHANNELS, SIDE, BATCH = 64, 32, 16
PAIRS = [(2, 5), (3, 7), (5, 11)]  # so many 3 × 3, against one of this size


def costs(layers, model):
    return {
        "sees": 1 + sum(layer.kernel_size[0] - 1 for layer in model if isinstance(layer, nn.Conv2d)),
        "weights": parameters(model),
        "per output": multiply_adds(model, CHANNELS, SIDE, SIDE) // (CHANNELS * SIDE * SIDE),
        "ReLU": layers,
    }


def forward(model):
    """A pass over a batch, to be timed."""
    x = pictures(BATCH, CHANNELS, SIDE, SIDE)

    def call():
        with no_grad():
            return model(x)

    return call


def measure(rounds=5, pairs=PAIRS):
    """For each pair, the costs of the small kernels and of the large one, by name."""
    found = []
    for layers, kernel in pairs:
        small, large = stack(layers, 3, CHANNELS), stack(1, kernel, CHANNELS)
        times = milliseconds([forward(small), forward(large)], rounds)
        found.append({f"{layers} of 3 × 3": costs(layers, small), f"one {kernel} × {kernel}": costs(1, large)})
        for row, taken in zip(found[-1].values(), times):
            row["milliseconds"] = taken
    return found


def show(found):
    print(f"{CHANNELS} channels in and out, {SIDE} × {SIDE}, no bias; the time is forward, a batch of {BATCH}:\n")
    rows = [
        [name, row["sees"], row["weights"], row["per output"], row["ReLU"], f"{row['milliseconds']:.1f}"]
        for pair in found
        for name, row in pair.items()
    ]
    table(["layers", "sees", "weights", "multiply-adds per output pixel and channel", "ReLU", "ms"], rows)
    print()
    for pair in found:
        (small, few), (large, one) = pair.items()
        print(
            f"{small} against {large}: {few['weights'] / one['weights']:.2f} of the weights, "
            f"{few['per output'] / one['per output']:.2f} of the multiply-adds, "
            f"{few['milliseconds'] / one['milliseconds']:.2f} of the time"
        )


def draw(found):
    from tinytorch.viz.style import BLUE, RED, paper, plain

    figure = paper(11, 3.6)
    kinds = {"weights": "weights", "per output": "multiply-adds per output", "milliseconds": "milliseconds"}
    for place, (kind, title) in enumerate(kinds.items(), start=1):
        axes = plain(figure.add_subplot(1, 3, place))
        for offset, which, colour in ((-0.2, 0, BLUE), (0.2, 1, RED)):
            rows = [list(pair.items())[which] for pair in found]
            bars = axes.bar([i + offset for i in range(len(rows))], [row[kind] for _, row in rows], 0.38, color=colour)
            axes.bar_label(bars, [f"{row[kind]:,.0f}" for _, row in rows], padding=2, fontsize=8)
        axes.set_xticks(range(len(found)), [f"{small},\n{large}" for small, large in found])
        axes.set_title(title, pad=12)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        if place == 1:
            axes.legend(axes.containers, ["small kernels", "one large"], frameon=False, loc="upper left")
    return figure
