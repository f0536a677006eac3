"""The page as one text: the network's numbers, packed, and the page's own files, put into its frame."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinytorch
from tinytorch.analysis.attention import grad_cam
from tinytorch.analysis.fields import Axis
from tinytorch.analysis.graph import Graph
from tinytorch.analysis.trace import evaluating
from tinytorch.explorer.convolution import kernels_and_pictures
from tinytorch.explorer.networks import Network
from tinytorch.explorer.pack import Numbers
from tinytorch.explorer.steps import Step, deviation, follows, steps_of
from tinytorch.nn import functional as F

PAGE = Path(__file__).parent / "page"
SCRIPTS = "numbers forward draw convolution places network detail arithmetic shift main".split()
LIMIT = 2_900_000  # bytes of the whole page
MOST_PICTURES = 6

# What the page's own arithmetic knows (page/forward.js). A network with anything else is shown, and not moved.
LIVE = set(
    "conv2d relu leaky_relu sigmoid tanh max_pool2d avg_pool2d normalize add sub mul div sum reshape linear".split()
)


@dataclass
class Shown:
    """What is shown: the network, pictures (N, C, H, W) with their labels and names, and what it makes of them."""

    network: Network
    pictures: np.ndarray
    labels: list[int | None]
    names: list[str]
    steps: list[Step]
    follows: list[bool]  # which steps' numbers the page gets from others
    cams: np.ndarray  # (N, classes, H, W)


def page(network: Network, image: np.ndarray | None = None, image_name: str = "") -> str:
    """The page for a network, with up to six of its pictures, before them `image` (C, H, W), 0 to 1, if there is one.

    Raises ValueError for a network that gives no map (no convolution) or no scores (batch, classes), and for one whose
    numbers do not fit into a page even with a single picture.
    """
    shown = _show(network, image, image_name)
    for count in range(len(shown.pictures), 0, -1):
        for with_weights in (True, False) if count == 1 else (True,):
            text = _assemble(_content(shown, count, with_weights))
            if len(text.encode()) <= LIMIT:
                return text
    raise ValueError(
        f"{network.title}: the page would have {len(text.encode()) / 1e6:.1f} MB with a single picture, more than "
        f"{LIMIT / 1e6:.1f}; look at a network with fewer or smaller maps"
    )


def _show(network: Network, image: np.ndarray | None, image_name: str) -> Shown:
    chosen = _choose(network)
    pictures, labels = network.pictures[chosen], [network.labels[i] for i in chosen]
    names = ["" if label is None else network.classes[label] for label in labels]
    if image is not None:
        pictures, labels, names = np.concatenate([image[None], pictures]), [None, *labels], [image_name, *names]
    pictures = pictures[:MOST_PICTURES]
    x = network.prepare(pictures)
    steps = steps_of(Graph(network.model, x))
    if not any(step.op == "conv2d" and step.out.ndim == 4 for step in steps):
        raise ValueError(f"{network.title}: no convolution among its functions, so there are no maps to look at")
    cams = [grad_cam(network.model, x, class_index) for class_index in range(steps[-1].out.shape[1])]
    rounded = np.rint(np.stack(cams, axis=1) * 255) / 255  # the 256 steps that a screen has
    return Shown(network, pictures, labels, names, steps, [follows(step, steps) for step in steps], rounded)


def _choose(network: Network) -> list[int]:
    """The surest picture of each of some classes, and among them the surest mistake: what is worth a look."""
    with tinytorch.no_grad(), evaluating(network.model):
        scores = network.model(tinytorch.Tensor(network.prepare(network.pictures)))
    if scores.ndim != 2:
        raise ValueError(
            f"{network.title}: expected scores of shape (batch, classes), got {scores.shape}; "
            "end the network with a Flatten and a Linear layer"
        )
    probabilities = F.softmax(scores, dim=1).data
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    truth = np.array([-1 if label is None else label for label in network.labels])
    order = np.argsort(-sure, kind="stable")
    wrong = [i for i in order if truth[i] not in (-1, said[i])][:1]
    first = {int(said[i]): int(i) for i in reversed(order) if truth[i] in (-1, said[i])}
    chosen = [i for _, i in sorted(first.items())][: MOST_PICTURES - len(wrong)] + [int(i) for i in wrong]
    others = [i for i in range(len(truth)) if i not in chosen]  # where a network names few classes rightly
    return chosen + others[: MOST_PICTURES - len(chosen)]


def _content(shown: Shown, count: int, with_weights: bool) -> dict[str, Any]:
    """What the page is made of, with the first `count` pictures."""
    numbers, network, steps = Numbers(), shown.network, shown.steps
    scores = tinytorch.Tensor(steps[-1].out[:count])
    classes = network.classes
    if len(classes) != scores.shape[1]:
        classes = [f"class {number}" for number in range(scores.shape[1])]
    pictures = zip(shown.names[:count], shown.labels, shown.pictures, shown.cams)
    content = {
        "title": network.title,
        "about": network.about,
        "parameters": sum(p.numel() for p in network.model.parameters()),
        "notices": network.notices,
        "classes": classes,
        "withWeights": with_weights,
        "unknown": sorted({step.op for step in steps[1:] if not _is_live(step)}),
        "pictures": [
            {"name": name, "label": label, "shown": numbers.add(picture), "cams": numbers.add(cam)}
            for name, label, picture, cam in pictures
        ],
        "probabilities": numbers.add(F.softmax(scores, dim=1).data),
        "steps": [_step(step, count, known, numbers, with_weights) for step, known in zip(steps, shown.follows)],
        "convolution": kernels_and_pictures(shown.pictures[0]),
    }
    return {**content, "numbers": numbers.text()}


def _is_live(step: Step) -> bool:
    """Whether the page can compute this step anew, for another picture."""
    if step.op not in LIVE or not isinstance(step.inputs[0], int):
        return False
    if step.op == "sum":
        return step.settings["dim"] == (2, 3)
    if step.op in ("add", "sub", "mul", "div"):
        return all(size in (1, step.out[0].size) for size in (math.prod(np.shape(a)) for a in step.constants))
    return step.op != "linear" or step.out.ndim == 2


def _step(step: Step, count: int, known: bool, numbers: Numbers, with_weights: bool) -> dict[str, Any]:
    """What the page needs of one step; its numbers for `count` pictures, unless they are `known` from others."""
    told: dict[str, Any] = {"op": step.op, "name": step.name, "shape": step.out.shape[1:]}
    told["inputs"] = [i for i in step.inputs if isinstance(i, int)]
    if step.field is not None and step.out.ndim == 4:
        told["field"] = [_axis(axis) for axis in step.field.axes]
    if not known:
        told["values"] = [numbers.add(values) for values in step.out[:count]]
    constants = step.constants
    if step.windows is not None:
        told["windows"] = [[w.kernel, w.stride, w.dilation, w.before] for w in step.windows]
    if step.op == "normalize":
        constants = [deviation(step), *constants]
    settings = {name: step.settings.get(name) for name in ("groups", "eps", "negative_slope", "count_include_pad")}
    told |= {name: value for name, value in settings.items() if value is not None}
    if with_weights or step.op not in ("conv2d", "linear"):
        told["constants"] = [numbers.add(array) for array in constants]
    return told


def _axis(axis: Axis) -> dict[str, Any]:
    told = {"size": axis.size, "jump": axis.jump, "start": axis.start}
    return {**told, "first": axis.first.tolist(), "last": axis.last.tolist()}


def _assemble(content: dict[str, Any]) -> str:
    """One file. A name with `<` in it cannot end the data early: JSON has another way to write it."""
    scripts = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    parts = {
        "style": (PAGE / "page.css").read_text(encoding="utf-8"),
        "numbers": content.pop("numbers"),
        "data": json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        "script": "\n".join(scripts),
    }
    frame = (PAGE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], frame)
