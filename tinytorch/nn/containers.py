"""Layers that hold other layers: a chain, a list and a dict; given, and composed from chapter 03."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tinytorch.core.layers as _layers
from tinytorch.core.layers import Module
from tinytorch.support.layers import own_modules


class _Numbered(Module):
    """Layers in an order: attributes named "0", "1", …, which can be replaced, added and taken out as in a list."""

    def __iter__(self) -> Iterator[Any]:
        return iter([layer for _, layer in own_modules(self)])

    def __len__(self) -> int:
        return len(own_modules(self))

    def __getitem__(self, index: Any) -> Any:
        """Return the layer at `index`, or for a slice a container of the same kind with those layers."""
        if isinstance(index, slice):
            return self._of(own_modules(self)[index])
        return self._at(index)[1]

    def __setitem__(self, index: int, layer: Any) -> None:
        self.add_module(self._at(index)[0], layer)

    def __delitem__(self, index: Any) -> None:
        chosen = list(self)
        del chosen[index]
        self._number(chosen)

    def append(self, module: Any) -> Any:
        """Add a layer at the end. Return this container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> Any:
        """Add layers at the end. Return this container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> Any:
        """Put a layer before the one at `index`. Return this container, whose layers are numbered again."""
        chosen = list(self)
        chosen.insert(index, module)
        self._number(chosen)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take out the layer at `index` and return it."""
        layer = self[index]
        del self[index]
        return layer

    def _of(self, named: list[tuple[str, Any]]) -> Any:
        """Return a container of the same kind."""
        raise NotImplementedError

    def _at(self, index: Any) -> tuple[str, Any]:
        named = own_modules(self)
        if not -len(named) <= operator.index(index) < len(named):
            raise IndexError(f"{type(self).__name__}: index: expected {-len(named)} to {len(named) - 1}, got {index}")
        return named[index]

    def _number(self, chosen: list[Any]) -> None:
        for name, _ in own_modules(self):
            delattr(self, name)
        for place, layer in enumerate(chosen):
            self.add_module(str(place), layer)


class Sequential(_Numbered, _layers.Sequential):
    """A chain of layers: the output of each is the input of the next; see chapter 03.

    `Sequential(layer, layer, ...)`, or `Sequential({"name": layer, ...})`. A part, `net[1:3]`, keeps its names.
    """

    def _of(self, named: list[tuple[str, Any]]) -> Any:
        return Sequential(dict(named))


class ModuleList(_Numbered):
    """A list of layers that a network knows about: their parameters are learned and saved. It has no forward."""

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        self.extend(modules or ())

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> ModuleList:
        return self.extend(other)

    def _of(self, named: list[tuple[str, Any]]) -> Any:
        return ModuleList(layer for _, layer in named)


class ModuleDict(Module):
    """A dict of layers, by names, that a network knows about: their parameters are learned and saved."""

    def __init__(self, modules: Any = None) -> None:
        self.update(modules or {})

    def __getitem__(self, key: str) -> Any:
        named = dict(own_modules(self))
        if key not in named:
            raise KeyError(f"ModuleDict: expected one of {list(named)}, got {key!r}")
        return named[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self[key]  # KeyError where there is none
        delattr(self, key)

    def __len__(self) -> int:
        return len(own_modules(self))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def keys(self) -> list[str]:
        """Return the names."""
        return [name for name, _ in own_modules(self)]

    def values(self) -> list[Any]:
        """Return the layers."""
        return [layer for _, layer in own_modules(self)]

    def items(self) -> list[tuple[str, Any]]:
        """Return (name, layer) pairs."""
        return own_modules(self)

    def update(self, modules: Any) -> None:
        """Add the layers of a dict, or of (name, layer) pairs."""
        for name, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[name] = module

    def pop(self, key: str) -> Any:
        """Take out a layer and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take out all layers."""
        for name in self.keys():
            delattr(self, name)
