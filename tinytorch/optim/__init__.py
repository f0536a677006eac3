"""What makes the steps of training: `optim.SGD`, `optim.Adam`, `optim.AdamW`, and schedules of their lr."""

from tinytorch.core import face

__all__ = "Optimizer SGD Adam AdamW Schedule OneCycle CosineSchedule".split()
__getattr__, __dir__ = face(__name__, __all__)
