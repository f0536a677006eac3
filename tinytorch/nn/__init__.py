"""Layers, with torch's names: `nn.Module`, `nn.Linear`, `nn.Conv2d`, `nn.CrossEntropyLoss`, ..."""

import inspect

from tinytorch.core import face
from tinytorch.nn import functional as functional

__getattr__, __dir__ = face(
    __name__,
    layers=inspect.isclass,
    activations=inspect.isclass,
    losses=inspect.isclass,
    spatial=inspect.isclass,
)
