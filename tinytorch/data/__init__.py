"""Data sets to train on (real photographs, real digits, drawn shapes), and the loader and transforms of module 08."""

from typing import TYPE_CHECKING

from tinytorch.data.cifar import CIFAR10, data_home
from tinytorch.data.digits import Digits
from tinytorch.data.shapes import TinyShapes
from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.dataloader import *  # noqa: F403

_NAMES = {
    "tinytorch.core.dataloader": """
        Dataset TensorDataset Subset random_split DataLoader default_collate Transform Compose Normalize
        RandomHorizontalFlip RandomCrop
    """,
}

__getattr__, __dir__, _all = lazy(__name__, _NAMES)
__all__ = ["CIFAR10", "Digits", "TinyShapes", "data_home", *_all]
