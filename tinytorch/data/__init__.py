"""Data sets to train on (real photographs, real digits, drawn shapes), and the loader and transforms of module 08."""

from typing import TYPE_CHECKING

from tinytorch.data.cifar import CIFAR10, data_home
from tinytorch.data.digits import Digits
from tinytorch.data.shapes import TinyShapes
from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.dataloader import *  # type: ignore[assignment]  # noqa: F403
    from tinytorch.data.loading import *  # type: ignore[assignment]  # noqa: F403
    from tinytorch.data.samplers import *  # noqa: F403

_NAMES = {
    "tinytorch.core.dataloader": """
        Dataset TensorDataset Subset random_split default_collate Transform Compose Normalize
        RandomHorizontalFlip RandomCrop
    """,
    "tinytorch.data.loading": "DataLoader IterableDataset ConcatDataset",
    "tinytorch.data.samplers": """
        Sampler SequentialSampler RandomSampler SubsetRandomSampler WeightedRandomSampler BatchSampler
    """,
}

__getattr__, __dir__, _all = lazy(__name__, _NAMES)
__all__ = ["CIFAR10", "Digits", "TinyShapes", "data_home", *_all]
