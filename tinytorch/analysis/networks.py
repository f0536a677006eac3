"""Which network is meant: one of the course, one of a Python file, or the one whose numbers a checkpoint holds."""

from __future__ import annotations

import difflib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

import tinytorch
from tinytorch.support.checkpoints import read_checkpoint

ROOT = Path(tinytorch.__file__).parents[1]


class Known(NamedTuple):
    """A network of the course: how to make it, and what one picture for it is like, (channels, height, width)."""

    make: Callable[[], Any]
    picture: tuple[int, int, int]


KNOWN = {
    "SimpleCNN": Known(lambda: tinytorch.nn.SimpleCNN(), (3, 32, 32)),
    "deeper": Known(lambda: milestone("cifar10").deeper(), (3, 32, 32)),
    "cnn": Known(lambda: milestone("cnn").convolutional(), (1, 16, 16)),
    "dense": Known(lambda: milestone("cnn").dense(), (1, 16, 16)),
}


def milestone(name: str) -> ModuleType:
    """The program milestones/NAME.py as a module, without running it."""
    return _loaded(ROOT / "milestones" / f"{name}.py")


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"network_in_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)  # as when it is run: it may import what stands beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def named(text: str) -> tuple[Any, tuple[int, int, int] | None]:
    """The network called `text`, and the shape of one picture for it where that is known.

    `text` is a name of `KNOWN`, or FILE.py:NAME for a class or a function that takes no arguments. Raises ValueError
    that offers the nearest name where there is none.
    """
    if ".py" in text:
        file, _, name = text.partition(":")
        return _made(text, _attribute(_loaded(Path(file)), Path(file), name)), None
    if text not in KNOWN:
        near = difflib.get_close_matches(text.lower(), {name.lower(): name for name in KNOWN}, n=1, cutoff=0.6)
        offered = next((name for name in KNOWN if near and name.lower() == near[0]), None)
        raise ValueError(
            f"there is no network {text!r}; {f'did you mean {offered}? ' if offered else ''}"
            f"there are {', '.join(KNOWN)}; one of your own is FILE.py:NAME"
        )
    return KNOWN[text].make(), KNOWN[text].picture


def _attribute(module: ModuleType, file: Path, name: str) -> Any:
    own = [n for n, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    if name not in own:
        near = difflib.get_close_matches(name, own, n=1, cutoff=0.6)
        said = f"there is no {name!r} in {file}" if name else f"{file}: which network in it?"
        raise ValueError(
            f"{said}; {f'did you mean {file}:{near[0]}? ' if near else ''}it has {', '.join(own) or 'no network'}"
        )
    return getattr(module, name)


def _made(text: str, maker: Any) -> Any:
    try:
        model = maker()
    except TypeError as error:
        raise TypeError(f"{text}: expected something that can be called without arguments: {error}") from None
    if not hasattr(model, "named_modules"):
        raise TypeError(f"{text}: expected a network, got {type(model).__name__}")
    return model


def from_checkpoint(path: str | Path, model: Any = None) -> tuple[str, Any, dict[str, Any]]:
    """(name, network with the numbers of a Trainer's checkpoint, what else the file says).

    Without a `model` to fill it is the network of `KNOWN` with whose entries most of the file's agree. Raises
    ValueError that lists the entries and shapes that do not fit, and OSError where the file cannot be read.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    stored, info = read_checkpoint(path)
    arrays = {name.removeprefix("model."): a for name, a in stored.items() if name.startswith("model.")}
    name = type(model).__name__
    if model is None:
        made = {name: network.make() for name, network in KNOWN.items()}
        name, model = max(made.items(), key=lambda one: _agreement(one[1], arrays))
    try:
        model.load_state_dict(arrays)
    except ValueError as error:
        said = str(error).replace("\nto load what fits: load_state_dict(state_dict, strict=False)", "")
        raise ValueError(f"checkpoint {path} is not of {name}: {said}") from None
    return name, model, info


def _agreement(model: Any, arrays: dict[str, np.ndarray]) -> float:
    """The share of all entries, the network's and the file's, that both have in the same shape."""
    own = {name: tensor.shape for name, tensor in model.state_dict().items()}
    agreeing = sum(name in own and own[name] == array.shape for name, array in arrays.items())
    return agreeing / max(1, len(own.keys() | arrays.keys()))


def first_shape(model: Any) -> tuple[int, ...]:
    """An input, batch of one included, that the network's first layer takes: 32 x 32 pixels where it is a convolution.

    Raises ValueError where that cannot be told from the layers.
    """
    for layer in model.modules():
        if hasattr(layer, "in_channels"):
            return 1, layer.in_channels, 32, 32
        if hasattr(layer, "in_features"):
            return 1, layer.in_features
    raise ValueError("--input: it cannot be told from the layers; give it, such as --input 1,3,32,32")
