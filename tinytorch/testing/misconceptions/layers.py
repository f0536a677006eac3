"""A layer's forward calls a function; where it calls it wrongly, the result is that of a mistake in the function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.places import in_place

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception


@dataclass(frozen=True)
class Layer:
    """The forward of a layer, as the catalogue declares it: `call(home, layer, *inputs)` is what it should give."""

    where: tuple[str, str]  # ("09_spatial", "Conv2d.forward")
    functions: tuple[tuple[str, str], ...]  # the places whose mistakes the forward can make: ("09_spatial", "conv2d")
    call: Callable[..., Any]
    without: tuple[str, ...]  # mistakes of these functions that make no difference in the forward

    def forward(self, layer: Any, *inputs: Any, **settings: Any) -> Any:
        """What the layer should give, with the functions as the student has them."""
        return self.call(called_from(), layer, *inputs, **settings)

    def with_mistake(self, entry: Misconception) -> Callable[..., Any]:
        """A forward that gives what the right one would with this mistake in its function.

        The student's own function runs it: a primitive takes care of tensors, and its gradient rule stays.
        """

        @functools.wraps(entry.wrong)
        def forward(layer: Any, *inputs: Any, **settings: Any) -> Any:
            with in_place(entry.where, entry.wrong):
                return self.forward(layer, *inputs, **settings)

        return forward
