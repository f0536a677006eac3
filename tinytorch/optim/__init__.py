"""What makes the steps of training: `optim.SGD`, `optim.Adam`, `optim.AdamW`, and schedules of their lr."""

import inspect
from typing import Any

from tinytorch.core import face


def _makes_steps(value: Any) -> bool:
    return inspect.isclass(value) and hasattr(value, "step")


__getattr__, __dir__ = face(__name__, optimizers=_makes_steps, training=_makes_steps)
