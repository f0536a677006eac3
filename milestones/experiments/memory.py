"""Pooling and memory: the bytes of each output of SimpleCNN, and what the way back keeps of them.

Without gradients an output can be forgotten as soon as the next layer has used it. With gradients it stays until
backward has passed, since the rules need it. Pooling cuts what comes after it to a quarter, the dense layer included.
"""

import tracemalloc

import numpy as np
from tools import by, parameters, pictures, table

from tinytorch import Tensor, nn, no_grad
from tinytorch.nn.functional import cross_entropy

BATCH = 64
MIB = 2**20


def pooled(model):
    """The steps of SimpleCNN.forward, one by one: (name, function)."""
    return [
        *(("conv1", model.conv1), ("relu", nn.ReLU()), ("pool", model.pool)),
        *(("conv2", model.conv2), ("relu", nn.ReLU()), ("pool", model.pool)),
        *(("flatten", model.flatten), ("fc", model.fc)),
    ]


def not_pooled():
    """The same network without pooling, whose dense layer must then read 64 maps of 32 × 32."""
    conv1, conv2 = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
    return nn.Sequential(conv1, nn.ReLU(), conv2, nn.ReLU(), nn.Flatten(), nn.Linear(64 * 32 * 32, 10))


def activations(steps, x):
    """For each step its output's shape and the bytes that are new: a view of its input has none."""
    rows = []
    with no_grad():
        for name, step in steps:
            y = step(x)
            new = 0 if np.shares_memory(y.data, x.data) else y.data.nbytes
            rows.append({"step": name, "shape": y.shape[1:], "bytes": new})
            x = y
    return rows


def traced(call):
    """Bytes that NumPy and Python hold after a call, as long as its result lives, and the most that they held."""
    tracemalloc.start()
    result = call()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return held, most


def needs(model, x, labels):
    """Measured bytes of a pass over one batch: without gradients, kept for the way back, and most during a step."""

    def forward():
        return cross_entropy(model(x), labels)

    def step():
        for p in model.parameters():
            p.grad = None
        forward().backward()

    with no_grad():
        forward()  # buffers that are made once
        _, without = traced(forward)
    kept, _ = traced(forward)
    _, most = traced(step)
    return {"without gradients": without, "kept for backward": kept, "a training step": most}


def measure(batch=BATCH):
    x, labels = pictures(batch, 3, 32, 32), Tensor(np.arange(batch) % 10)
    simple, other = nn.SimpleCNN(), not_pooled()
    return {
        "batch": batch,
        "rows": activations(pooled(simple), x),
        "networks": {
            name: {
                "parameters": parameters(model),
                "activations": sum(row["bytes"] for row in activations(steps, x)),
                **needs(model, x, labels),
            }
            for name, model, steps in (
                ("SimpleCNN", simple, pooled(simple)),
                ("without pooling", other, [(type(layer).__name__, layer) for layer in other]),
            )
        },
    }


def show(found):
    total = sum(row["bytes"] for row in found["rows"])
    print(f"SimpleCNN, a batch of {found['batch']} pictures, float32:\n")
    table(
        ["step", "output", "bytes of the batch", "share"],
        [
            [
                row["step"],
                by(row["shape"]),
                row["bytes"],
                f"{row['bytes'] / total:.1%}" if row["bytes"] else "0: a view",
            ]
            for row in found["rows"]
        ]
        + [["all", "", total, "100.0%"]],
    )
    print("\nIn MiB; the last three are measured:\n")
    kinds = ["activations", "without gradients", "kept for backward", "a training step"]
    table(
        ["network", "parameters", "all outputs", "at most without gradients", "kept for backward", "at most in a step"],
        [
            [name, row["parameters"], *(f"{row[kind] / MIB:.1f}" for kind in kinds)]
            for name, row in found["networks"].items()
        ],
    )


def draw(found):
    from tinytorch.viz.style import BLUE, GREEN, ORANGE, RED, paper, plain

    figure = paper(11, 3.8)
    axes = plain(figure.add_subplot(1, 2, 1))
    rows = found["rows"]
    bars = axes.barh(range(len(rows)), [row["bytes"] / MIB for row in rows], color=BLUE)
    axes.bar_label(bars, [f"{row['bytes'] / MIB:.2f}" if row["bytes"] else "0: a view" for row in rows], padding=3)
    axes.set_yticks(range(len(rows)), [f"{row['step']}  {by(row['shape'])}" for row in rows])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(xlabel="MiB", title=f"Outputs of SimpleCNN, {found['batch']} pictures")

    axes = plain(figure.add_subplot(1, 2, 2))
    kinds = {"activations": "all outputs", "without gradients": "at most without gradients",
             "kept for backward": "kept for backward", "a training step": "at most in a training step"}  # fmt: skip
    for number, (colour, (kind, label)) in enumerate(zip((BLUE, GREEN, ORANGE, RED), kinds.items())):
        values = [row[kind] / MIB for row in found["networks"].values()]
        place = np.arange(len(values)) + (number - 1.5) * 0.2
        axes.bar_label(axes.bar(place, values, 0.19, color=colour, label=label), fmt="%.0f", padding=2, fontsize=8)
    axes.set_xticks(range(len(found["networks"])), list(found["networks"]))
    axes.set(ylabel="MiB", title="What pooling saves")
    axes.legend(frameon=False, loc="upper left")
    return figure
