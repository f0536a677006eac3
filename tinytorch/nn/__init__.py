"""Layers and losses, with torch's names: `nn.Module`, `nn.Linear`, `nn.Conv2d`, `nn.CrossEntropyLoss`, ..."""

from tinytorch.core import face
from tinytorch.nn import functional as functional

_NAMES = """
    Module Parameter Linear Dropout Sequential Identity Flatten
    ReLU Sigmoid Tanh GELU Softmax LogSoftmax LeakyReLU
    MSELoss CrossEntropyLoss NLLLoss BCEWithLogitsLoss
    Conv2d MaxPool2d AvgPool2d AdaptiveAvgPool2d BatchNorm2d SimpleCNN
""".split()

__all__ = ["functional", *_NAMES]
__getattr__, __dir__ = face(__name__, __all__)
