#!/usr/bin/env python3
"""Time single operations, forward and backward, against torch eager with the same threads.

python benchmarks/operations.py                    all sections
python benchmarks/operations.py conv --json FILE
"""

from __future__ import annotations

import functools

from _report import Row, arguments, compare, finish, geometric_mean, heading, side_by_side

BATCH = 64

# work, input channels and side, output channels, settings: what small image networks are made of
CONVOLUTIONS = [
    ("conv2d 3 -> 32, k3 p1, 32 x 32", 3, 32, 32, {"kernel_size": 3, "padding": 1}),
    ("conv2d 32 -> 64, k3 p1, 16 x 16", 32, 16, 64, {"kernel_size": 3, "padding": 1}),
    ("conv2d 64 -> 64, k3 p1, 32 x 32", 64, 32, 64, {"kernel_size": 3, "padding": 1}),
    ("conv2d 64 -> 128, k3 s2 p1, 16 x 16", 64, 16, 128, {"kernel_size": 3, "padding": 1, "stride": 2}),
    ("conv2d 128 -> 128, k1, 8 x 8", 128, 8, 128, {"kernel_size": 1}),
    ("conv2d depthwise 64, k3 p1, 32 x 32", 64, 32, 64, {"kernel_size": 3, "padding": 1, "groups": 64}),
]

# work, input shape, the layer and its settings
LAYERS = [
    ("max pool 2, 32 x 32 x 32", (BATCH, 32, 32, 32), ("MaxPool2d", 2)),
    ("max pool 3 s2 p1, 64 x 16 x 16", (BATCH, 64, 16, 16), ("MaxPool2d", 3, 2, 1)),
    ("average pool 2, 32 x 32 x 32", (BATCH, 32, 32, 32), ("AvgPool2d", 2)),
    ("average pool of all, 64 x 8 x 8", (BATCH, 64, 8, 8), ("AdaptiveAvgPool2d", 1)),
    ("batch norm, 32 x 32 x 32", (BATCH, 32, 32, 32), ("BatchNorm2d", 32)),
    ("relu, 32 x 32 x 32", (BATCH, 32, 32, 32), ("ReLU",)),
]


def forward_and_backward(t, shape, layer, **settings):
    """A call that sends an input through a layer and a gradient back, to input and parameters."""
    import numpy as np

    generator = np.random.default_rng(0)
    name, *numbers = layer
    layer = getattr(t.nn, name)(*numbers, **settings)
    x = t.tensor(generator.standard_normal(shape, np.float32), requires_grad=True)
    gradient = t.tensor(generator.standard_normal(tuple(layer(x).shape), np.float32))
    leaves = [x, *layer.parameters()]

    def call():
        for leaf in leaves:
            leaf.grad = None
        layer(x).backward(gradient)

    return call


def convolutions() -> list[Row]:
    heading(f"convolutions, forward and backward, batch {BATCH}")
    rows = []
    for work, channels, side, out, settings in CONVOLUTIONS:
        shape, layer = (BATCH, channels, side, side), ("Conv2d", channels, out)
        make = functools.partial(forward_and_backward, shape=shape, layer=layer, **settings)
        rows.append(compare(work, make, 1.5))
    say_mean(rows, 1.0)
    return rows


def other_layers() -> list[Row]:
    heading(f"pooling, normalisation, activation, loss, forward and backward, batch {BATCH}")
    rows = [
        compare(work, functools.partial(forward_and_backward, shape=shape, layer=layer), 1.5)
        for work, shape, layer in LAYERS
    ]
    rows.append(compare("cross entropy, batch 4096, 10 classes", cross_entropy, 1.5))
    say_mean(rows, 1.5)
    return rows


def cross_entropy(t):
    import numpy as np

    generator = np.random.default_rng(0)
    x = t.tensor(generator.standard_normal((4096, 10), np.float32), requires_grad=True)
    y = t.tensor(generator.integers(0, 10, 4096))

    def call():
        x.grad = None
        t.nn.functional.cross_entropy(x, y).backward()

    return call


def say_mean(rows: list[Row], reach: float) -> None:
    mean = geometric_mean(rows)
    if mean is not None:
        verdict = "" if mean <= reach else "   NOT REACHED"
        print(f"{'geometric mean':<72}{mean:>8.2f}x   reach {reach:.2f}x{verdict}")


def loops() -> list[Row]:
    """The seven loops on one picture, times the batch: they take a minute for all 32."""
    import time

    import numpy as np

    import tinytorch
    from tinytorch.core.spatial import conv2d_loops

    heading("the seven loops against the exported conv2d, forward, batch 32, 3 -> 32 @ 32 x 32", "loops")
    generator = np.random.default_rng(0)
    x = generator.standard_normal((32, 3, 32, 32), np.float32)
    w = generator.standard_normal((32, 3, 3, 3), np.float32)
    b = np.zeros(32, np.float32)
    images, weight, bias = (tinytorch.tensor(array) for array in (x, w, b))
    fast = side_by_side({"fast": lambda: tinytorch.nn.functional.conv2d(images, weight, bias, padding=1)})["fast"]
    start = time.perf_counter()
    conv2d_loops(x[:1], w, b, padding=1)
    slow = (time.perf_counter() - start) * 32e3
    print(f"{'conv2d':<44}{fast:>10.2f} ms {slow:>10.0f} ms   {slow / fast:,.0f} times as fast   reach 3,000")
    return [Row("conv2d forward against the seven loops", fast, slow, 1 / 3000)]


SECTIONS = {"conv": convolutions, "layers": other_layers, "loops": loops}

if __name__ == "__main__":
    chosen = arguments(__doc__, list(SECTIONS))
    finish("operations", {name: SECTIONS[name]() for name in chosen.sections or SECTIONS}, chosen)
