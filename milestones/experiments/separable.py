"""Depthwise separable convolution against the ordinary one: parameters, multiply-adds, time and accuracy.

An ordinary filter looks at all channels of its window. Separable: one small filter for each channel on its own
(groups = channels), then a 1 × 1 convolution that mixes them. With k × k kernels and O outputs that leaves 1/O + 1/k²
of the multiply-adds (Howard et al. 2017, MobileNets, https://arxiv.org/abs/1704.04861). How much of that the clock
sees is measured.
"""

from tools import milliseconds, multiply_adds, parameters, pictures, table

from tinytorch import Trainer, nn
from tinytorch.data import DataLoader, TinyShapes
from tinytorch.optim import SGD, OneCycle

CHANNELS, OUT, SIDE, BATCH = 64, 128, 16, 32
TRAIN, TEST, EPOCHS = 3000, 1000, 6


def ordinary(channels, out):
    return nn.Conv2d(channels, out, 3, padding=1, bias=False)


def depthwise(channels):
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)


def pointwise(channels, out):
    return nn.Conv2d(channels, out, 1, bias=False)


def block(convolution, out):
    return convolution, nn.BatchNorm2d(out), nn.ReLU()


def ordinary_block(channels, out):
    return block(ordinary(channels, out), out)


def separable_block(channels, out):
    return *block(depthwise(channels), channels), *block(pointwise(channels, out), out)


def network(two_blocks):
    """Three blocks; the first is ordinary in any case, since it has three channels only."""
    return nn.Sequential(
        *(*ordinary_block(3, 16), nn.MaxPool2d(2)),
        *(*two_blocks(16, 32), nn.MaxPool2d(2)),
        *(*two_blocks(32, 64), nn.MaxPool2d(2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    )


def step(model, shape):
    """Forward and backward over a batch, to be timed."""
    x = pictures(BATCH, *shape)

    def call():
        for p in model.parameters():
            p.grad = None
        model(x).sum().backward()

    return call


def costs(models, shape, rounds):
    times = milliseconds([step(model, shape) for model in models.values()], rounds)
    return {
        name: {"parameters": parameters(m), "multiply-adds": multiply_adds(m, *shape), "milliseconds": taken}
        for (name, m), taken in zip(models.items(), times)
    }


def accuracy(model, count, epochs):
    """Trained on coloured shapes anywhere in the picture; of unseen ones, the share named rightly."""
    loader = DataLoader(TinyShapes(count), batch_size=64, shuffle=True, seed=0)
    optimizer = SGD(model.parameters(), momentum=0.9, nesterov=True)
    trainer = Trainer(model, optimizer, schedule=OneCycle(optimizer, 0.1, epochs * len(loader)))
    trainer.fit(loader, epochs, verbose=False)
    return trainer.evaluate(DataLoader(TinyShapes(TEST, train=False), batch_size=500))["accuracy"]


def measure(rounds=5, count=TRAIN, epochs=EPOCHS):
    layers = {
        "ordinary": ordinary(CHANNELS, OUT),
        "separable": nn.Sequential(depthwise(CHANNELS), pointwise(CHANNELS, OUT)),
    }
    networks = {"ordinary": network(ordinary_block), "separable": network(separable_block)}
    found = {
        "layer": costs(layers, (CHANNELS, SIDE, SIDE), rounds),
        "network": costs(networks, (3, 32, 32), rounds),
    }
    for name, model in networks.items():
        found["network"][name]["accuracy"] = accuracy(model, count, epochs)
    return found


def show(found):
    print(f"One layer, {CHANNELS} to {OUT} channels, 3 × 3, on {SIDE} × {SIDE}:\n")
    head = ["", "parameters", "multiply-adds", f"ms, forward and backward, batch {BATCH}"]
    table(head, [_row(name, row) for name, row in found["layer"].items()])
    small, large = found["layer"]["separable"], found["layer"]["ordinary"]
    print(
        f"\nseparable / ordinary: {small['multiply-adds'] / large['multiply-adds']:.3f} of the multiply-adds "
        f"(1/{OUT} + 1/9 = {1 / OUT + 1 / 9:.3f}), {small['milliseconds'] / large['milliseconds']:.2f} of the time"
        "\n\nA network of three convolutions, trained on shapes:\n"
    )
    rows = [[*_row(name, row), f"{row['accuracy']:.1%}"] for name, row in found["network"].items()]
    table([*head, "accuracy"], rows)


def _row(name, row):
    return [name, row["parameters"], row["multiply-adds"], f"{row['milliseconds']:.1f}"]


def draw(found):
    from tinytorch.viz.style import BLUE, ORANGE, paper, plain

    figure = paper(11, 3.4)
    kinds = {"parameters": "{:,}", "multiply-adds": "{:,}", "milliseconds": "{:.1f}", "accuracy": "{:.1%}"}
    for place, (kind, form) in enumerate(kinds.items(), start=1):
        axes = plain(figure.add_subplot(1, len(kinds), place))
        values = [row[kind] for row in found["network"].values()]
        bars = axes.bar(list(found["network"]), values, color=[BLUE, ORANGE])
        axes.bar_label(bars, [form.format(value) for value in values], padding=2)
        axes.set_title(kind, pad=12)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    figure.suptitle("A network with ordinary and with depthwise separable convolutions")
    return figure
