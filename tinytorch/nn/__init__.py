"""Layers and losses, with torch's names: `nn.Module`, `nn.Linear`, `nn.Conv2d`, `nn.CrossEntropyLoss`, ..."""

import importlib
from typing import TYPE_CHECKING, Any

from tinytorch.names import lazy
from tinytorch.nn import functional as functional
from tinytorch.nn import utils as utils

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.layers import Linear, Module, Parameter  # noqa: F401
    from tinytorch.core.spatial import Conv2d, Flatten, SimpleCNN  # noqa: F401
    from tinytorch.nn import init as init
    from tinytorch.nn.activations import *  # noqa: F403
    from tinytorch.nn.containers import *  # noqa: F403
    from tinytorch.nn.losses import *  # noqa: F403
    from tinytorch.nn.normalization import *  # noqa: F403
    from tinytorch.nn.pooling import *  # noqa: F403
    from tinytorch.nn.regularization import *  # noqa: F403
    from tinytorch.nn.resizing import *  # noqa: F403
    from tinytorch.nn.sparse import *  # noqa: F403
    from tinytorch.nn.spatial import *  # noqa: F403

_NAMES = {
    "tinytorch.core.layers": "Module Parameter Linear",
    "tinytorch.nn.containers": "Sequential ModuleDict ModuleList",
    "tinytorch.nn.regularization": "Dropout Dropout2d",
    "tinytorch.nn.normalization": "GroupNorm LayerNorm RMSNorm",
    "tinytorch.nn.sparse": "Embedding",
    "tinytorch.nn.resizing": "Unflatten Upsample",
    "tinytorch.nn.activations": """
        ReLU LeakyReLU Sigmoid Tanh Softplus GELU Softmax LogSoftmax Identity CELU ELU Hardshrink Hardsigmoid Hardswish
        Hardtanh LogSigmoid Mish PReLU ReLU6 SELU SiLU Softmin Softshrink Softsign Tanhshrink Threshold
    """,
    "tinytorch.nn.losses": """
        MSELoss CrossEntropyLoss NLLLoss BCELoss BCEWithLogitsLoss HuberLoss KLDivLoss L1Loss SmoothL1Loss
    """,
    "tinytorch.core.spatial": "Conv2d Flatten SimpleCNN",
    "tinytorch.nn.spatial": "MaxPool2d AvgPool2d BatchNorm2d AvgPool1d BatchNorm1d Conv1d MaxPool1d",
    "tinytorch.nn.pooling": "AdaptiveAvgPool2d",
}

_lookup, __dir__, _all = lazy(__name__, _NAMES)
__all__ = ["functional", "init", "utils", *_all]


def __getattr__(name: str) -> Any:
    if name == "init":  # which loads NumPy
        return importlib.import_module("tinytorch.nn.init")
    return _lookup(name)
