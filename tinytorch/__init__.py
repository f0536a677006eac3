"""TinyTorch: a deep-learning framework that you build, chapter by chapter, with torch's names.

Here are tensors and their functions, `no_grad` and `grad`, and the `Trainer`. Layers are in `tinytorch.nn`, their
functions in `tinytorch.nn.functional`, optimizers in `tinytorch.optim`, loaders and data in `tinytorch.data`, and what
a network costs and sees in `tinytorch.analysis`.
"""

import importlib
from typing import Any

from tinytorch.core import face

_NAMES = """
    Tensor tensor zeros ones full arange eye randn rand manual_seed default_generator
    add sub mul div pow neg matmul exp log sqrt abs clip sum mean var max min amax amin gather
    reshape permute transpose flatten squeeze unsqueeze where concatenate stack
    relu sigmoid tanh softmax log_softmax
    primitive vjp backward grad no_grad is_grad_enabled
    Trainer accuracy clip_grad_norm
""".split()
_ANALYSIS = "explain receptive_field summary".split()
_PACKAGES = ["analysis", "data", "nn", "optim"]  # `import tinytorch` is enough to write tinytorch.nn.Linear

__all__ = [*_NAMES, *_ANALYSIS, *_PACKAGES]
_find, __dir__ = face(__name__, __all__)


def __getattr__(name: str) -> Any:
    if name in _PACKAGES or name == "viz":  # which is not in __all__: it needs matplotlib
        return importlib.import_module(f"tinytorch.{name}")
    if name in _ANALYSIS:
        return getattr(importlib.import_module("tinytorch.analysis"), name)
    if name == "__version__":
        from importlib.metadata import version  # takes longer than everything else here

        return version("tinytorch")
    return _find(name)
