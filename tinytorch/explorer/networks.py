"""What the page shows: a network with the numbers of a checkpoint, or a small one trained on the spot, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinytorch
from tinytorch.analysis.networks import KNOWN, from_checkpoint, milestone, named
from tinytorch.data import CIFAR10, Digits, Normalize, TinyShapes
from tinytorch.data.cifar import CLASSES
from tinytorch.explorer.pictures import fit

EPOCHS = 15  # of the small network: seconds, and about 95 of 100 digits
LOOKED_AT = 500  # pictures among which the shown ones are chosen
SIDES = (32, 28, 16, 8, 64)  # of pictures for a network of one's own: the first that it takes


@dataclass
class Network:
    """A network and what belongs to it: the pictures it can be shown, and what is done to them first."""

    title: str
    about: str
    model: Any
    pictures: np.ndarray  # (N, C, H, W), 0 to 1
    labels: list[int | None]
    classes: list[str]
    prepare: Callable[[np.ndarray], np.ndarray] = lambda pictures: pictures
    notices: list[str] = field(default_factory=list)


def stored(path: Path, maker: str | None, data: str | None) -> Network:
    """The network of a Trainer's checkpoint: one of the course, or the one that `maker` (FILE.py:NAME) makes.

    Raises ValueError where they do not fit, naming entries and shapes, and where it has no convolution.
    """
    title, model, info = from_checkpoint(path, named(maker)[0] if maker else None)
    of_the_course = maker is None or maker in KNOWN
    title = maker if maker in KNOWN else title
    if not any(tensor.ndim == 4 for tensor in model.state_dict().values()):
        raise ValueError(
            f"checkpoint {path} is of {title}, a network without convolutions, so there are no maps to look at; "
            "`tito explore` without a checkpoint shows a network that has some"
        )
    about = f"from {path.name}{_trained(info['history'])}"
    if not of_the_course:
        return _unknown(title, about, model, data)
    return _digits(title, about, model) if title == "cnn" else _photographs(title, about, model, data)


def small() -> Network:
    """The network of milestones/cnn.py, trained for a few seconds."""
    program = milestone("cnn")
    tinytorch.manual_seed(0)
    model = program.convolutional()
    accuracy = program.train("a small network, the one of milestones/cnn.py", model, EPOCHS, program.held_out())
    told = f"trained just now, {EPOCHS} epochs: it names {accuracy:.1f} % of the held-out digits rightly"
    return _digits("cnn", told, model)


def _trained(history: list[dict[str, Any]]) -> str:
    told = f", after {len(history)} epoch{'s' * (len(history) != 1)}"
    if history and "val_accuracy" in history[-1]:
        told += f": it names {100 * history[-1]['val_accuracy']:.1f} % of its validation pictures rightly"
    return told


def _digits(title: str, about: str, model: Any) -> Network:
    """Held-out digits somewhere on their canvas, as the milestone draws them."""
    tinytorch.manual_seed(0)
    images, labels = Digits(train=False, transform=milestone("cnn").anywhere)[:LOOKED_AT]
    return Network(title, about, model, images.data, labels.data.tolist(), [str(digit) for digit in range(10)])


def _photographs(title: str, about: str, model: Any, data: str | None) -> Network:
    """CIFAR-10's test pictures where they are, else drawn shapes; normalised as the milestone does."""
    program = milestone("cifar10")
    pictures, labels, classes, notices = _colour_pictures(data)
    return Network(title, about, model, pictures, labels, classes, Normalize(program.MEAN, program.STD), notices)


def _colour_pictures(data: str | None) -> tuple[np.ndarray, list[int | None], list[str], list[str]]:
    try:
        photographs = CIFAR10(data, train=False)
    except FileNotFoundError as error:
        if data is not None:
            raise
        where = str(error).partition(" holds neither")[0].removeprefix("CIFAR10: ")
        notice = (
            f"CIFAR-10 is not in {where}: the pictures are drawn shapes, which a network that learned photographs "
            "never saw. `tito data get cifar10` fetches it, --data DIR says where it is"
        )
        return TinyShapes(LOOKED_AT, train=False)[:][0].data, [None] * LOOKED_AT, CLASSES, [notice]
    images, labels = photographs[:LOOKED_AT]
    return images.data, labels.data.tolist(), photographs.classes, []


def _unknown(title: str, about: str, model: Any, data: str | None) -> Network:
    """A network of the user's own: pictures of as many channels as its first convolution wants, of a side it takes."""
    channels = next(layer.in_channels for layer in model.modules() if hasattr(layer, "in_channels"))
    if channels == 3:
        pictures, labels, classes, notices = _colour_pictures(data)
    else:
        digits = _digits(title, about, model)
        pictures, labels, classes, notices = digits.pictures, digits.labels, digits.classes, []
    notices.append("The pictures are given as they are, from 0 to 1; a network that learned normalised ones sees less")
    model.eval()
    for side in SIDES:
        fitted = np.stack([fit(picture, (channels, side, side))[0] for picture in pictures])
        try:
            with tinytorch.no_grad():
                model(tinytorch.Tensor(fitted[:1]))
        except ValueError as error:
            problem = error
            continue
        return Network(title, about, model, fitted, labels, classes, notices=notices)
    raise ValueError(
        f"--model: pictures of {', '.join(map(str, SIDES))} pixels a side were tried, and none fits: {problem}"
    )
