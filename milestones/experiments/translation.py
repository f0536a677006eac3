"""Translation: networks that learn shapes in the upper left corner are asked about shapes in the lower right.

A convolution looks for the same thing everywhere: when the picture moves, its output moves along (equivariance). That
is not the same as an output that stays (invariance). Pooling gives some of that, the mean over all places the rest.
Both are measured here: what two networks make of the other corner, and what a shift by 1 to 4 pixels changes.
"""

import numpy as np
from tools import parameters, table

from tinytorch import Tensor, Trainer, nn, no_grad
from tinytorch.data import DataLoader, TinyShapes
from tinytorch.nn.functional import max_pool2d, relu
from tinytorch.optim import SGD, OneCycle

TRAIN, TEST = 2000, 1000  # pictures
EPOCHS = {"convolutional": 5, "dense": 20}  # an epoch of the dense network takes a twentieth of the time
SHIFTS = (1, 2, 3, 4)
UPPER_LEFT, LOWER_RIGHT = (0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 1.0, 1.0)
WHITE_ON_BLACK = ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def shapes(position, train, count):
    return TinyShapes(count, train=train, position=position, colour=WHITE_ON_BLACK)


def convolutional():
    """Three convolutions, the mean of every map over all places, and one layer that decides: it cannot know where."""

    def block(channels, out):
        return nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)

    maps = block(3, 16) + block(16, 32) + block(32, 64)
    return nn.Sequential(*maps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def dense():
    """One hidden layer, which has weights of its own for every pixel."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 64), nn.ReLU(), nn.Linear(64, 10))


def train(model, epochs, max_lr, count=TRAIN):
    """Train on shapes in the upper left; returns the accuracies in unseen pictures: upper left, lower right."""
    loader = DataLoader(shapes(UPPER_LEFT, True, count), batch_size=64, shuffle=True, seed=0)
    optimizer = SGD(model.parameters(), momentum=0.9, nesterov=True)
    trainer = Trainer(model, optimizer, schedule=OneCycle(optimizer, max_lr, epochs * len(loader)))
    trainer.fit(loader, epochs, verbose=False)
    corners = [DataLoader(shapes(where, False, TEST), batch_size=500) for where in (UPPER_LEFT, LOWER_RIGHT)]
    return [trainer.evaluate(corner)["accuracy"] for corner in corners]


def moved(images, pixels):
    """Pictures moved down and to the right; what leaves on one side comes in on the other."""
    return np.roll(images, (pixels, pixels), axis=(2, 3))


def change(before, after):
    """How far apart two outputs are, as a share of the first one's size."""
    return float(np.linalg.norm(after - before) / np.linalg.norm(before))


def shift_effects(conv, images, shifts=SHIFTS):
    """What a shift of the pictures changes in the convolution's output, and after pooling it.

    `moved back` compares the output with the one before, moved along, where no window touches the border: it is
    rounding. The others compare what stands at the same place before and after.
    """

    def outputs(pictures):
        with no_grad():
            maps = relu(conv(Tensor(pictures)))
            return maps.data, max_pool2d(maps, 2).data, max_pool2d(maps, 4).data, maps.mean(dim=(2, 3)).data

    rows = []
    before = outputs(images)
    for pixels in shifts:
        after = outputs(moved(images, pixels))
        inner = (..., slice(pixels + 1, -pixels - 1), slice(pixels + 1, -pixels - 1))
        rows.append(
            {
                "shift": pixels,
                "moved back": change(before[0][inner], moved(after[0], -pixels)[inner]),
                **{
                    name: change(a, b)
                    for name, a, b in zip(("conv", "pooled 2 × 2", "pooled 4 × 4", "mean of all places"), before, after)
                },
            }
        )
    return rows


def measure(train_pictures=TRAIN, epochs=EPOCHS):
    networks, accuracies = {"convolutional": convolutional(), "dense": dense()}, {}
    for name, max_lr in (("convolutional", 0.1), ("dense", 0.02)):
        here, there = train(networks[name], epochs[name], max_lr, train_pictures)
        accuracies[name] = {"parameters": parameters(networks[name]), "upper left": here, "lower right": there}
    # shapes in the middle: a shift by 4 pixels moves them, and nothing leaves the picture
    images = shapes((0.2, 0.2, 0.8, 0.8), False, 100)[:][0].data
    return {"accuracies": accuracies, "shifts": shift_effects(networks["convolutional"][0], images)}


def show(found):
    table(
        ["network", "parameters", "upper left (as trained)", "lower right (never seen)"],
        [
            [name, row["parameters"], f"{row['upper left']:.1%}", f"{row['lower right']:.1%}"]
            for name, row in found["accuracies"].items()
        ],
    )
    print(
        "\nTen kinds of shapes: chance is 10 %.\n\n"
        "What a shift down and right changes in what the first layer's filters make of a picture:\n"
    )
    kinds = [name for name in found["shifts"][0] if name not in ("shift", "moved back")]
    table(
        ["shift", "conv, moved back", *kinds],
        [
            [row["shift"], f"{row['moved back']:.1e}", *(f"{row[name]:.1%}" for name in kinds)]
            for row in found["shifts"]
        ],
    )
    print(
        "\nMoved back, the output of the convolution is the same to rounding: equivariant. In place it changes, after\n"
        "pooling less, and only the mean over all places hardly at all: invariant."
    )


def draw(found):
    from matplotlib.ticker import PercentFormatter

    from tinytorch.viz.style import BLUE, GREEN, GREY, ORANGE, RED, paper, plain

    figure = paper(11, 4)
    axes = plain(figure.add_subplot(1, 2, 1))
    place = np.arange(2)
    for offset, colour, (name, row) in zip((-0.2, 0.2), (BLUE, RED), found["accuracies"].items()):
        values = [row["upper left"], row["lower right"]]
        bars = axes.bar(place + offset, values, 0.38, color=colour, label=f"{name}, {row['parameters']:,} parameters")
        axes.bar_label(bars, [f"{value:.1%}" for value in values], padding=2)
    axes.axhline(0.1, color=GREY, linestyle=":", label="chance")
    axes.set_xticks(place, ["upper left, as in training", "lower right, never seen"])
    axes.set(ylabel="accuracy", ylim=(0, 1.12), title="Trained on shapes in the upper left")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1))

    axes = plain(figure.add_subplot(1, 2, 2))
    rows = found["shifts"]
    kinds = [name for name in rows[0] if name != "shift"]
    for name, colour, marker in zip(kinds, (GREY, BLUE, ORANGE, RED, GREEN), "xosd^"):
        label = "conv, moved back" if name == "moved back" else name
        axes.plot([r["shift"] for r in rows], [r[name] for r in rows], color=colour, marker=marker, label=label)
    axes.set_xticks([row["shift"] for row in rows])
    axes.set(xlabel="shift down and right, pixels", ylabel="change of the output", title="What a shift changes")
    axes.set_ylim(bottom=-0.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
