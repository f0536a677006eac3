"""The functions behind the layers, with torch's names: `F.relu`, `F.cross_entropy`, `F.conv2d`, ..."""

import inspect
from typing import Any

from tinytorch.core import face


def _is_pad(value: Any) -> bool:
    return value.__name__ == "pad"  # the one function of tensors that torch keeps here


__getattr__, __dir__ = face(
    __name__,
    activations=inspect.isfunction,
    layers=inspect.isfunction,
    losses=inspect.isfunction,
    spatial=inspect.isfunction,
    tensor=_is_pad,
)
