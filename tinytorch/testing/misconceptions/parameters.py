"""A Tensor where a Parameter belongs: found in the attributes of a layer, whatever the layer is."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinytorch.testing import chapters
from tinytorch.testing.misconceptions.places import replaced
from tinytorch.testing.text import is_tensor

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception


@dataclass(frozen=True)
class ForgottenParameters:
    """Attributes of one class of layers that hold Tensors which `parameters()` does not find."""

    kind: type
    attributes: tuple[str, ...]
    are_lists: bool
    function: types.FunctionType  # the `__init__` that sets them

    @property
    def entry(self) -> Misconception:
        """The mistake as an entry of the catalogue."""
        from tinytorch.testing.misconceptions import Misconception

        names, first = " and ".join(self.attributes), self.attributes[0]
        one = len(self.attributes) == 1
        what = ("a list" if one else "lists") + " of Tensors" if self.are_lists else "a Tensor" if one else "Tensors"
        belongs = "a Parameter belongs" if one and not self.are_lists else "Parameters belong"
        fix = f"setattr(self, f'{first}{{i}}', Parameter(...))" if self.are_lists else f"self.{first} = Parameter(...)"
        return Misconception(
            f"{names} {'holds' if one else 'hold'} {what} where {belongs}",
            (sys.modules[self.kind.__module__].__name__, f"{self.kind.__name__}.__init__"),
            "A tensor that requires a gradient is learned.",
            f"parameters() finds only Parameters that are attributes of a layer: an optimizer never gets {names}.",
            ("What does list(layer.parameters()) give?", f"{fix}."),
            self.put_right,
        )

    @contextlib.contextmanager
    def put_right(self) -> Iterator[None]:
        """Let the layers of this class that are made meanwhile have Parameters in their place."""
        function = self.function
        original = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        original.__kwdefaults__ = function.__kwdefaults__
        parameter = vars(sys.modules[self.kind.__module__])["Parameter"]

        def make(layer: Any, *inputs: Any, **settings: Any) -> None:
            original(layer, *inputs, **settings)
            for name in self.attributes:
                value = vars(layer).get(name)
                if self.are_lists:
                    vars(layer).update((f"{name}{i}", parameter(item.data)) for i, item in enumerate(value or ()))
                elif value is not None:
                    vars(layer)[name] = parameter(value.data)

        with replaced([function], make):
            yield


def forgotten_parameters(layers: Iterable[Any]) -> Iterator[ForgottenParameters]:
    """The forgotten parameters of these layers, where the student wrote the class's `__init__`."""
    seen = set()
    for layer in layers:
        kind = type(layer)
        function = vars(kind).get("__init__")
        if kind in seen or not isinstance(function, types.FunctionType):
            continue
        seen.add(kind)
        place = chapters.place_of(function.__code__.co_filename, function.__code__.co_firstlineno)
        if place is None or not place.is_students or "Parameter" not in vars(sys.modules[kind.__module__]):
            continue
        for are_lists in (False, True):
            names = tuple(name for name, value in vars(layer).items() if _holds_tensors(layer, name, value, are_lists))
            if names:
                yield ForgottenParameters(kind, names, are_lists, function)


def _holds_tensors(layer: Any, name: str, value: Any, in_list: bool) -> bool:
    if in_list:
        return isinstance(value, (list, tuple)) and bool(value) and all(_is_plain(item) for item in value)
    return _is_plain(value) and name not in getattr(layer, "_buffers", ())


def _is_plain(value: Any) -> bool:
    return is_tensor(value) and value.data.dtype.kind == "f" and type(value).__name__ != "Parameter"
