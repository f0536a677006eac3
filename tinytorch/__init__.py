"""TinyTorch: a deep-learning framework that you build, chapter by chapter, with torch's names.

Here are tensors and their functions, `no_grad` and `grad`, and the `Trainer`. Layers are in `tinytorch.nn`, their
functions in `tinytorch.nn.functional`, optimizers in `tinytorch.optim`, loaders and data in `tinytorch.data`, and the
cost and receptive field of a network in `tinytorch.analysis`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.analysis import *  # noqa: F403
    from tinytorch.core.activations import *  # noqa: F403
    from tinytorch.core.autograd import *  # noqa: F403
    from tinytorch.core.tensor import *  # noqa: F403
    from tinytorch.core.training import *  # noqa: F403
    from tinytorch.creation import *  # noqa: F403
    from tinytorch.interchange import *  # noqa: F403
    from tinytorch.support.random import *  # noqa: F403

_NAMES = {
    "tinytorch.core.tensor": """
        Tensor add sub mul div pow neg matmul exp log sqrt abs clip sum mean var max min amax amin gather reshape
        permute transpose flatten squeeze unsqueeze where concatenate stack primitive
    """,
    "tinytorch.creation": "tensor zeros ones full arange eye randn rand",
    "tinytorch.interchange": "from_dlpack",
    "tinytorch.support.random": "manual_seed default_generator",
    "tinytorch.core.activations": "relu sigmoid tanh softmax log_softmax",
    "tinytorch.core.autograd": "vjp backward grad no_grad is_grad_enabled",
    "tinytorch.core.training": "Trainer accuracy clip_grad_norm",
    "tinytorch.analysis": "explain receptive_field summary",
}
_PACKAGES = ["analysis", "data", "nn", "optim"]  # `import tinytorch` is enough to write tinytorch.nn.Linear

_lookup, __dir__, _all = lazy(__name__, _NAMES)
__all__ = [*_all, *_PACKAGES]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES or name in ("onnx", "viz"):  # which are not in __all__: they need extras
        return importlib.import_module(f"tinytorch.{name}")
    if name == "__version__":
        from importlib.metadata import version  # takes longer than everything else here

        return version("tinytorch")
    return _lookup(name)
