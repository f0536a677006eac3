"""Gradients by torch's names: `autograd.grad`, and `autograd.Function` for a function with a backward of one's own."""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.functions.autograd import *  # noqa: F403
    from tinytorch.functions.recording import *  # noqa: F403

_NAMES = {
    "tinytorch.functions.recording": "enable_grad set_grad_enabled inference_mode",
    "tinytorch.functions.autograd": "grad Function backward no_grad",
}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
