"""TinyTorch: a deep-learning framework that you build, chapter by chapter, with torch's names.

Here are tensors and their functions, `no_grad` and `grad`, and the `Trainer`. Layers are in `tinytorch.nn`, their
functions in `tinytorch.nn.functional`, optimizers in `tinytorch.optim`, loaders and data in `tinytorch.data`.
"""

import importlib
import inspect
from typing import Any

from tinytorch.core import anything, face

_find, __dir__ = face(__name__, tensor=anything, activations=inspect.isfunction, autograd=anything, training=anything)


def __getattr__(name: str) -> Any:
    if name in ("nn", "optim", "data"):  # `import tinytorch` is enough to write tinytorch.nn.Linear
        return importlib.import_module(f"tinytorch.{name}")
    if name == "__version__":
        from importlib.metadata import version  # takes longer than everything else here

        return version("tinytorch")
    return _find(name)
