"""Whether functions are recorded, by torch's names: what chapter 05's `no_grad` turns off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType

from tinytorch.core.tensor import recording


class set_grad_enabled:
    """Record functions from now on, or not: until the end of the block, where it is used in a `with`."""

    def __init__(self, mode: bool) -> None:
        self.before = recording.enabled
        recording.enabled = bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        recording.enabled = self.before


@contextlib.contextmanager
def enable_grad() -> Iterator[None]:
    """Record functions within this block, or in a function decorated with `@enable_grad()`, also inside `no_grad`."""
    with set_grad_enabled(True):
        yield


@contextlib.contextmanager
def inference_mode(mode: bool = True) -> Iterator[None]:
    """Record nothing within this block, or in a function decorated with it: as `no_grad` does."""
    with set_grad_enabled(not mode):
        yield
