"""Optimizers, `optim.SGD`, `optim.Adam`, `optim.AdamW`, and schedules of their learning rate."""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.optimizers import *  # noqa: F403
    from tinytorch.core.training import *  # noqa: F403

_NAMES = {
    "tinytorch.core.optimizers": "Optimizer SGD Adam AdamW",
    "tinytorch.core.training": "Schedule OneCycle CosineSchedule",
}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
