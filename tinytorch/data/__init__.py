"""Data sets to train on: real photographs, real digits, and drawn shapes."""

from tinytorch.core import anything, face
from tinytorch.data.cifar import CIFAR10, data_home
from tinytorch.data.digits import Digits
from tinytorch.data.shapes import TinyShapes

__all__ = ["CIFAR10", "Digits", "TinyShapes", "data_home"]

__getattr__, __dir__ = face(__name__, dataloader=anything)  # loaders and transforms
