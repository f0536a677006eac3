#!/usr/bin/env python3
"""Time and measure the training of SimpleCNN against torch eager with the same threads.

    python benchmarks/training.py                      all sections; some minutes
    python benchmarks/training.py step --json FILE

A step is what one batch costs: forward, loss, backward and SGD. The pictures are random numbers.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path

from _report import Row, arguments, compare, finish, heading, in_child, in_workers, libraries, line, side_by_side

BATCHES = 8, 32, 64, 128
REACH = {64: 2.2}  # batch size: what its ratio must not exceed with two threads

MEMORY = """
import sys
sys.path.insert(0, sys.argv[2])
import _report, training
_report.threads(int(sys.argv[3]))
print(training.peak_of_a_step(_report.library(sys.argv[1])))
"""


def simple_cnn(t):
    """SimpleCNN: ours as the package has it, torch's from the same layers."""
    nn = t.nn
    if t.__name__ == "tinytorch":
        return nn.SimpleCNN()
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(4096, 10)),
    )


def pooled_cnn(t):
    """A network for pictures of any size."""
    nn = t.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Linear(64, 10)),
    )


def training_step(t, batch, build=simple_cnn, side=32):
    """A call that takes one training step on the same batch each time."""
    import numpy as np

    generator = np.random.default_rng(0)
    model = build(t)
    optimizer = t.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, nesterov=True, weight_decay=5e-4)
    images = t.tensor(generator.standard_normal((batch, 3, side, side), np.float32))
    labels = t.tensor(generator.integers(0, 10, batch))

    def step():
        optimizer.zero_grad()
        t.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def steps() -> list[Row]:
    heading("SimpleCNN: one training step, the student's code")
    return [
        compare(f"batch {batch}", functools.partial(training_step, batch=batch), REACH.get(batch), seconds=4)
        for batch in BATCHES
    ]


def evaluation(t):
    """A call that classifies 10,000 pictures, 500 at a time."""
    import numpy as np

    model = simple_cnn(t)
    model.eval()
    images = np.random.default_rng(0).standard_normal((10_000, 3, 32, 32), np.float32)
    batches = [t.tensor(images[start : start + 500]) for start in range(0, 10_000, 500)]

    def call():
        with t.no_grad():
            for batch in batches:
                model(batch)

    return call


def evaluate() -> list[Row]:
    heading("SimpleCNN: evaluation")
    return [compare("10,000 pictures, batch 500", evaluation, 1.0, seconds=3)]


def peak_of_a_step(t) -> float:
    """MiB by which three steps at batch 256 raise the most memory that this process ever held."""
    training_step(t, batch=2)()  # what the library takes for itself, once
    before = most_memory()
    step = training_step(t, batch=256)
    for _ in range(3):
        step()
    return most_memory() - before


def most_memory() -> float:
    # not getrusage: its figure survives exec, so a child would start with its parent's
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) / 1024


def memory() -> list[Row]:
    heading("SimpleCNN: peak memory of a training step, each in a process of its own")
    if not Path("/proc/self/status").exists():
        print("not measured: this needs Linux")
        return []
    here = str(Path(__file__).parent)
    found = {name: in_child(MEMORY, name, here, str(chosen.threads)) for name in libraries()}
    row = Row("batch 256", found["tinytorch"], found.get("torch"), 1.0, "MiB")
    print(line(row))
    return [row]


def growth() -> list[Row]:
    """How the time of a step grows with its work: the exponent 1 is proportional."""
    print("\ngrowth of a training step with its work (time = c * work ^ exponent; 0.9 to 1.1 is linear)")
    rows = []
    for what, sizes, make in (
        ("batch", (8, 16, 32, 64, 128, 256, 512), lambda n: (n, functools.partial(training_step, batch=n))),
        (
            "side",
            (16, 32, 64, 128),
            lambda n: (n * n, functools.partial(training_step, batch=16, build=pooled_cnn, side=n)),
        ),
    ):
        points = []
        for size in sizes:
            work, step = make(size)
            points.append((work, in_workers(step, ["tinytorch"])["tinytorch"]))
            print(f"{f'{what} {size}':<44}{points[-1][1]:>10.2f} ms", flush=True)
        exponent = slope([(math.log(work), math.log(taken)) for work, taken in points])
        verdict = "" if 0.9 <= exponent <= 1.1 else "   NOT LINEAR"
        print(f"{f'exponent in the {what}':<44}{exponent:>10.2f}{verdict}")
        rows.append(Row(f"exponent in the {what}", exponent, unit=""))
    return rows


def slope(points: list[tuple[float, float]]) -> float:
    """Of the least-squares line through the points."""
    import numpy as np

    x, y = np.array(points).T
    return float(np.polyfit(x, y, 1)[0])


def loading() -> list[Row]:
    """What it costs to draw, flip, shift and normalise a batch as the CIFAR-10 milestone does, beside a step on it."""
    import numpy as np

    import tinytorch
    from tinytorch import data
    from tinytorch.data.images import ImageDataset

    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (12_800, 3, 32, 32), np.uint8)
    shaken = [
        data.Normalize((0.5,) * 3, (0.25,) * 3),
        data.RandomHorizontalFlip(),
        data.RandomCrop(32, 2, per_batch=True),
    ]
    labels, names = generator.integers(0, 10, len(pictures)), [str(digit) for digit in range(10)]
    batches = data.DataLoader(ImageDataset(pictures, labels, names, data.Compose(shaken)), batch_size=64, shuffle=True)
    medians = side_by_side({"all": lambda: list(batches), "step": training_step(tinytorch, 64)}, seconds=3)
    heading("The data loader beside the training step", other="step")
    row = Row("a batch of 64", medians["all"] / len(batches), medians["step"], 0.05)
    print(line(row))
    return [row]


SECTIONS = {"step": steps, "evaluate": evaluate, "memory": memory, "growth": growth, "loader": loading}

if __name__ == "__main__":
    chosen = arguments(__doc__, list(SECTIONS))
    finish("training", {name: SECTIONS[name]() for name in chosen.sections or SECTIONS}, chosen)
