"""Data sets to train on (real photographs, real digits, drawn shapes), and the loader and transforms of module 08."""

from tinytorch.core import face
from tinytorch.data.cifar import CIFAR10, data_home
from tinytorch.data.digits import Digits
from tinytorch.data.shapes import TinyShapes

_NAMES = """
    Dataset TensorDataset Subset random_split DataLoader default_collate
    Transform Compose Normalize RandomHorizontalFlip RandomCrop
""".split()

__all__ = ["CIFAR10", "Digits", "TinyShapes", "data_home", *_NAMES]
__getattr__, __dir__ = face(__name__, __all__)
