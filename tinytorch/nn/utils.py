"""torch's `nn.utils`: clipping of gradients, and all parameters as one vector."""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.nn.parameters import *  # noqa: F403

_NAMES = {
    "tinytorch.nn.parameters": "clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters",
}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
