"""The catalogue of mistakes: what a student may think, and the code that thinking leads to.

The entries stand in one file (or folder, whose `__init__.py` imports its files) per module of the course,
`m01_tensor` ... `m09_spatial`. An entry is a
function, written as the student would have it in that place, under the decorator that says what it is about:

    @misconception(
        "conv2d",
        name="the kernel is flipped",              # completes "your output is what you get when ..."
        belief="Convolution flips the kernel, as in signal processing.",
        explanation='Deep-learning "convolution" is cross-correlation: the kernel is not flipped.',
        hints=("Which weight meets the patch's first pixel?", "weight[..., 0, 0] does. Look for a [::-1]."),
    )
    def kernel_flipped(x, weight, bias=None, *, stride=1, padding=0): ...

What it is about is a place in the module's dev file; the wrong function takes there what the right one takes:

- "conv2d": a function at the top level; a primitive gets and returns arrays;
- "Adam.step": a method, with self;
- "vjp(conv2d)": the gradient rule of conv2d, with (grad, out, *inputs, **settings).

A layer's forward that calls a function of its chapter is declared once, as it should be:

    @layer("Conv2d.forward", of="conv2d")
    def _(home, self, x):
        return home.conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)

Each mistake of "conv2d" is then one of "Conv2d.forward", too, with a headline of its own: where the layer gives what it
would give if its function had that mistake, and the function has not, the layer is named. Entries for "Conv2d.forward"
itself are only needed for what can go wrong nowhere else.

The same function serves twice. `diagnose` puts it in the place of the student's code, in memory, and runs the
failed check's case again: where the outcomes agree, there and on freshly drawn inputs, the mistake is found.
`mutate` puts it in the place of the solution in the text of a dev file, to prove that the tests turn red and
name it.

These files import NumPy and nothing of `tinytorch.core`: what is diagnosed may be a dev file that is still
being written. A wrong method that needs a class of its own module takes it from `home(self)`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.gradients import gradient_case
from tinytorch.testing.misconceptions.diagnosis import Diagnosis, diagnose, diagnose_test
from tinytorch.testing.misconceptions.layers import Layer
from tinytorch.testing.misconceptions.mutation import mutate

__all__ = [
    "Diagnosis",
    "Misconception",
    "catalogue",
    "diagnose",
    "diagnose_test",
    "draws",
    "home",
    "layer",
    "misconception",
    "mutate",
    "wrong_function",
]

# In a student edition the files m01_... to m09_... are in this archive: many an entry is almost right.
__path__.append(str(Path(__file__).with_name("sealed.zip")))

_Wrong = TypeVar("_Wrong", bound=Callable[..., Any])
_Draw = Callable[[np.random.Generator, types.ModuleType], Case]

_entries: list[Misconception] = []
_draws: dict[tuple[str, str], _Draw] = {}
_layers: list[Layer] = []


@dataclass(frozen=True)
class Misconception:
    """One mistake; see the module's docstring for the fields."""

    name: str
    where: tuple[str, str]  # ("09_spatial", "conv2d")
    belief: str
    explanation: str
    hints: tuple[str, ...]
    wrong: Callable[..., Any]
    layer: Layer | None = None  # for a mistake of a function that is made in the forward of this layer

    @property
    def key(self) -> str:
        """A short name that no other entry has: `09_spatial/conv2d/kernel_flipped`."""
        return "/".join((*self.where, self.wrong.__name__))

    @property
    def headline(self) -> str:
        """The sentence that names the mistake; found in the output of every check that recognises it."""
        place = self.where[1]
        if place.startswith("vjp("):
            return f"{place[4:-1]}: your gradient is what you get when {self.name}."
        return f"{place}: your output is what you get when {self.name}."


def misconception(
    place: str, *, name: str, belief: str, explanation: str, hints: tuple[str, ...]
) -> Callable[[_Wrong], _Wrong]:
    """Enter the decorated function, which stays as it is, into the catalogue; see this module's docstring."""

    def enter(wrong: _Wrong) -> _Wrong:
        _entries.append(Misconception(name, (_module_of(wrong), place), belief, explanation, hints, wrong))
        return wrong

    return enter


def draws(place: str) -> Callable[[_Draw], _Draw]:
    """Declare how `place` is tried on inputs of its own.

    The decorated function is as `def _(generator, home): return Case(home.conv2d, x, w)`. `home` is the
    module that holds the function: the dev file, or the one exported from it. Shapes and settings differ each
    time, richly enough that any two mistakes of the place differ on a few draws. A method is tried in the
    lines that a test would write around it. Cases of a function serve its gradient rule too, unless
    "vjp(...)" has its own.
    """

    def enter(draw: _Draw) -> _Draw:
        _draws[_module_of(draw), place] = draw
        return draw

    return enter


def layer(place: str, *, of: str | tuple[str, ...], without: tuple[str, ...] = ()) -> Callable[[_Wrong], _Wrong]:
    """Declare what the forward of a layer gives: `def _(home, self, x): return home.conv2d(x, self.weight, ...)`.

    `home` is the module that holds the layer.
    of: the places whose mistakes are the layer's, too: the function that the forward calls or, where that one is given,
        those that it calls in turn.
    without: the names of those mistakes that make no difference here.
    """

    def enter(call: _Wrong) -> _Wrong:
        module = _module_of(call)
        places = [of] if isinstance(of, str) else of
        _layers.append(Layer((module, place), tuple((module, name) for name in places), call, without))
        return call

    return enter


def catalogue() -> tuple[Misconception, ...]:
    """All entries, in the order of the course; those that layers have of their functions come last."""
    _load()
    return (*_entries, *(entry for layer in _layers for entry in _of_layer(layer)))


def _of_layer(layer: Layer) -> Iterator[Misconception]:
    entries = {entry.wrong.__name__: entry for entry in _entries if entry.where in layer.functions}
    for name, entry in entries.items():
        if name not in layer.without:
            yield replace(entry, where=layer.where, wrong=layer.with_mistake(entry), layer=layer)


def wrong_function(key: str) -> Callable[..., Any]:
    """The wrong function of the entry with that key."""
    return next(entry.wrong for entry in catalogue() if entry.key == key)


def draw_for(where: tuple[str, str]) -> _Draw | None:
    """How cases of this place are drawn, if its file says so."""
    _load()
    module, place = where
    if where in _draws or not place.startswith("vjp("):
        return _draws.get(where)
    forward = _draws.get((module, place[4:-1]))
    return forward and (lambda generator, home: gradient_case(forward(generator, home), generator))


def home(thing: object) -> types.ModuleType:
    """The module in which the class of `thing` was defined: the dev file that runs, or `tinytorch.core`'s."""
    return sys.modules[type(thing).__module__]


def _module_of(function: Callable[..., Any]) -> str:
    # The file of the entry, or the folder where one file would grow too long: ...misconceptions.m09_spatial[.x]
    return function.__module__.removeprefix(f"{__name__}.").split(".")[0].removeprefix("m")


def _files() -> Iterator[str]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return (name for name in names if name[0] == "m" and name[1:3].isdigit())


def _load() -> None:
    for name in _files():
        importlib.import_module(f"{__name__}.{name}")
