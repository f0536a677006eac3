"""Optimizers, `optim.SGD`, `optim.Adam`, …, and schedules of their learning rate; torch's are in `lr_scheduler`."""

from typing import TYPE_CHECKING, Any

from tinytorch.names import lazy, load_module

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.training import *  # noqa: F403
    from tinytorch.optim import lr_scheduler as lr_scheduler
    from tinytorch.optim.optimizers import *  # noqa: F403

_NAMES = {
    "tinytorch.optim.optimizers": "Optimizer SGD Adam AdamW RMSprop Adadelta Adagrad",
    "tinytorch.core.training": "Schedule OneCycle CosineSchedule",
}

_lookup, __dir__, _all = lazy(__name__, _NAMES)
__all__ = ["lr_scheduler", *_all]


def __getattr__(name: str) -> Any:
    if name == "lr_scheduler":
        return load_module("tinytorch.optim.lr_scheduler", "tinytorch.optim.lr_scheduler")
    return _lookup(name)
