"""Layers that remember settings: ReLU, LeakyReLU, Dropout; and Sequential, which remembers layers."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from tinytorch.support.layers import own_modules
from tinytorch.support.random import manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


# --- ReLU and LeakyReLU ---


@draws("ReLU.forward")
def _relus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return Case(lambda x: home.ReLU()(x), home.Tensor(generator.standard_normal(6)))


@draws("LeakyReLU.__init__")
def _leaky_settings(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def settings(slope: float) -> list[Any]:
        made = [home.LeakyReLU(), home.LeakyReLU(slope), home.LeakyReLU(negative_slope=slope)]
        return [vars(layer) for layer in made]

    return Case(settings, float(generator.uniform(0.1, 2.0)))


def _leaky_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    slope = float(generator.uniform(0.1, 2.0))

    def layers(x: Any) -> list[Any]:
        layer = object.__new__(home.LeakyReLU)  # whatever __init__ does, which has mistakes of its own
        layer.negative_slope = slope
        return [layer(x), repr(layer)]

    return Case(layers, home.Tensor(generator.standard_normal(6)))


draws("LeakyReLU.forward")(_leaky_layers)
draws("LeakyReLU.extra_repr")(_leaky_layers)


@misconception(
    "ReLU.forward",
    name="the input passes unchanged",
    belief="The layer stands for the function.",
    explanation="Calling the layer runs forward, and forward must compute the function: relu(x).",
    hints=("What should ReLU()(x) make of -2?", "return relu(x)."),
)
def relu_not_computed(self: Any, x: Any) -> Any:
    return x


@misconception(
    "LeakyReLU.__init__",
    name="the slope that was given is not kept",
    belief="The slope of a leaky ReLU is 0.01.",
    explanation="A layer remembers its settings: self.negative_slope = negative_slope.",
    hints=("What is LeakyReLU(0.3).negative_slope?", "self.negative_slope = negative_slope."),
)
def slope_not_kept(self: Any, negative_slope: float = 0.01) -> None:
    self.negative_slope = 0.01


@misconception(
    "LeakyReLU.__init__",
    name="the slope is a local name and no attribute",
    belief="An argument belongs to the object.",
    explanation="It is gone when __init__ returns. An attribute stays: self.negative_slope = negative_slope.",
    hints=("Does the layer have the attribute negative_slope?", "self.negative_slope = negative_slope."),
)
def slope_no_attribute(self: Any, negative_slope: float = 0.01) -> None:
    pass


@misconception(
    "LeakyReLU.forward",
    name="the function is called without the layer's slope",
    belief="leaky_relu knows its slope.",
    explanation="The layer holds the slope; the function has to be told: negative_slope=self.negative_slope.",
    hints=("Which slope does leaky_relu(x) use?", "leaky_relu(x, negative_slope=self.negative_slope)."),
)
def slope_not_passed(self: Any, x: Any) -> Any:
    return called_from().leaky_relu(x)


@misconception(
    "LeakyReLU.forward",
    name="negative numbers become 0",
    belief="It is a ReLU.",
    explanation="A leaky one: the function to call is leaky_relu, with the slope of this layer.",
    hints=("What should LeakyReLU(0.3) make of -1?", "leaky_relu(x, negative_slope=self.negative_slope)."),
)
def slope_forgotten(self: Any, x: Any) -> Any:
    return called_from().relu(x)


@misconception(
    "LeakyReLU.extra_repr",
    name="the slope is shown without its name",
    belief="The number says enough.",
    explanation="A layer shows itself as it would be written: LeakyReLU(negative_slope=0.2).",
    hints=("How does Softmax(1) show itself? Softmax(dim=1).", 'f"negative_slope={self.negative_slope}".'),
)
def setting_without_name(self: Any) -> str:
    return f"{self.negative_slope}"


@misconception(
    "LeakyReLU.extra_repr",
    name="the name of the layer is repeated",
    belief="The text is the whole repr.",
    explanation="extra_repr returns what is in parentheses; the repr has the rest already.",
    hints=("What does the repr look like?", "Only negative_slope=... is yours."),
)
def name_repeated(self: Any) -> str:
    return f"LeakyReLU(negative_slope={self.negative_slope})"


# --- Dropout ---


def _dropout_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    seed, p = int(generator.integers(1000)), float(generator.uniform(0.2, 0.8))

    def layers(x: Any) -> list[Any]:
        facts: list[Any] = []
        for layer in (home.Dropout(p), home.Dropout(p=p), home.Dropout(), home.Dropout(1.0)):
            for training in (True, False, True):
                manual_seed(seed)
                layer.training = training
                try:
                    out = layer(home.Tensor(x.data.astype(np.float32), requires_grad=True))
                except ZeroDivisionError as error:
                    out = str(error)
                facts += [out, str(getattr(out, "dtype", "")), getattr(out, "requires_grad", None)]
        return facts

    return Case(layers, home.Tensor(generator.uniform(1.0, 2.0, (6, 5))))


draws("Dropout.__init__")(_dropout_layers)
draws("Dropout.forward")(_dropout_layers)


@misconception(
    "Dropout.__init__",
    name="the p that was given is not kept",
    belief="Dropout drops half.",
    explanation="Half is the default. A layer remembers its settings: self.p = p.",
    hints=("What is Dropout(0.2).p?", "self.p = p."),
)
def p_not_kept(self: Any, p: float = 0.5) -> None:
    self.p = 0.5


@misconception(
    "Dropout.__init__",
    name="the part that is kept is stored as p",
    belief="p is the probability to be kept.",
    explanation="As in torch p is the part that is dropped, and `dropout` expects it so.",
    hints=("What is Dropout(0.2).p? 0.2.", "self.p = p."),
)
def kept_part_stored(self: Any, p: float = 0.5) -> None:
    self.p = 1 - p


@misconception(
    "Dropout.forward",
    name="numbers are dropped after eval(), too",
    belief="dropout(x, self.p) is the layer.",
    explanation="The function drops by default. The layer knows whether it is training, and has to pass it on.",
    hints=("Where do you use self.training?", "dropout(x, self.p, self.training)."),
)
def training_not_passed(self: Any, x: Any) -> Any:
    return called_from().dropout(x, self.p)


@misconception(
    "Dropout.forward",
    name="the layer's p is not passed on",
    belief="dropout knows its p.",
    explanation="The layer holds p; the function has to get it.",
    hints=("Which p does dropout(x) use?", "dropout(x, self.p, self.training)."),
)
def p_not_passed(self: Any, x: Any) -> Any:
    return called_from().dropout(x, training=self.training)


@misconception(
    "Dropout.forward",
    name="numbers are dropped after eval() only",
    belief="training=True means that nothing may be lost.",
    explanation="It is the other way round: dropping is part of training, and eval() ends it.",
    hints=("What should Dropout(0.5) do before eval()?", "dropout(x, self.p, self.training)."),
)
def training_inverted(self: Any, x: Any) -> Any:
    return called_from().dropout(x, self.p, not self.training)


# --- Sequential ---


def _times(home: types.ModuleType) -> list[Any]:
    """Three layers whose order matters."""

    class Times(home.Module):  # type: ignore[name-defined]
        def __init__(self, factor: float, offset: float) -> None:
            self.factor, self.offset = factor, offset

        def forward(self, x: Any) -> Any:
            return x * self.factor + self.offset

    return [Times(2.0, 1.0), Times(-3.0, 0.5), Times(0.5, 2.0)]


@draws("Sequential.__init__")
def _chains(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def chains(_: Array) -> list[Any]:
        a, b, c = _times(home)
        facts: list[Any] = []
        for layers in ((a, b, c), (b,), (a, a, b), ({"first": a, "second": b},), ()):
            try:
                net = home.Sequential(*layers)
                facts += [len(net), [name for name, _ in own_modules(net)]]
            except TypeError as error:
                facts.append(str(error))
        return facts

    return Case(chains, generator.standard_normal(1))


def _chain(home: types.ModuleType, layers: list[Any]) -> Any:
    """A Sequential with these layers, independent of __init__, which has mistakes of its own."""
    net = object.__new__(home.Sequential)
    net.__dict__.update((str(place), layer) for place, layer in enumerate(layers))
    return net


@draws("Sequential.forward")
def _runs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def runs(x: Any) -> list[Any]:
        a, b, c = _times(home)
        return [_chain(home, layers)(x) for layers in ([a, b, c], [a, b], [a], [], [a, b, a])]

    return Case(runs, home.Tensor(generator.standard_normal(3)))


@draws("Sequential.__getitem__")
def _indexed(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def indexed(_: Array) -> list[Any]:
        layers = _times(home)
        facts: list[Any] = []
        for net in (_chain(home, layers), home.Sequential({"first": layers[0], "second": layers[1]})):
            for index in (0, 1, -1, slice(1, None), slice(None, 1), slice(5, 9)):
                try:
                    found = net[index]
                except (TypeError, AttributeError, ValueError) as error:
                    facts.append(str(error))
                    continue
                facts.append(type(found).__name__)
                if hasattr(found, "factor"):
                    facts.append(found.factor)
                elif isinstance(found, home.Sequential):
                    facts += [name for name, _ in own_modules(found)]
        return facts

    return Case(indexed, generator.standard_normal(1))


def _names(layers: tuple[Any, ...]) -> dict[str, Any]:
    """The layers by name."""
    return layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else _numbered(layers)


def _numbered(layers: tuple[Any, ...]) -> dict[str, Any]:
    return {str(place): layer for place, layer in enumerate(layers)}


def _set(chain: Any, named: dict[str, Any]) -> None:
    for name, layer in named.items():
        setattr(chain, name, layer)


@misconception(
    "Sequential.__init__",
    name="the layers are kept in a list",
    belief="self.layers = layers keeps them.",
    explanation="A layer is found if it is an attribute; a list hides it, and its parameters are never learned.",
    hints=("How does own_modules find layers?", "setattr(self, name, layer), one for each."),
)
def layers_in_a_list(self: Any, *layers: Any) -> None:
    self.layers = list(_names(layers).values())


@misconception(
    "Sequential.__init__",
    name="the names start at 1",
    belief="The first layer is number 1.",
    explanation="As in torch the first is called '0'; saved networks are loaded by these names.",
    hints=("What is the name of the first parameter? 0.weight.", "enumerate(layers) starts at 0."),
)
def names_from_one(self: Any, *layers: Any) -> None:
    is_dict = len(layers) == 1 and isinstance(layers[0], dict)
    _set(self, layers[0] if is_dict else {str(place): layer for place, layer in enumerate(layers, 1)})


@misconception(
    "Sequential.__init__",
    name="the given names are replaced by numbers",
    belief="Parts of a chain are numbered.",
    explanation="Sequential({'act': ReLU()}) calls its part act.",
    hints=("Which names does a dict of layers have?", "for name, layer in layers[0].items()."),
)
def given_names_lost(self: Any, *layers: Any) -> None:
    _set(self, _numbered(tuple(_names(layers).values())))


@misconception(
    "Sequential.__init__",
    name="a dict of layers becomes one attribute",
    belief="Each argument is a layer.",
    explanation="A single dict is not a layer; it holds the layers, by name. As an attribute it would hide them.",
    hints=("What is Sequential({'act': ReLU()}).act?", "If the only argument is a dict, take its items."),
)
def dict_as_layer(self: Any, *layers: Any) -> None:
    _set(self, _numbered(layers))


@misconception(
    "Sequential.__init__",
    name="the names have a word in front",
    belief="An attribute cannot be called 0.",
    explanation="setattr(self, '0', layer) can; the names are '0', '1', ..., as in torch.",
    hints=("What is the name of the first parameter? 0.weight.", "setattr(self, str(place), layer)."),
)
def names_with_word(self: Any, *layers: Any) -> None:
    is_dict = len(layers) == 1 and isinstance(layers[0], dict)
    _set(self, layers[0] if is_dict else {f"layer{place}": layer for place, layer in enumerate(layers)})


@misconception(
    "Sequential.forward",
    name="every layer gets the input of the chain",
    belief="All layers get x.",
    explanation="The output of each layer is the input of the next: x = layer(x).",
    hints=("What is the input of the second layer?", "x = layer(x), then return x."),
)
def each_gets_the_input(self: Any, x: Any) -> Any:
    out = x
    for layer in self:
        out = layer(x)
    return out


@misconception(
    "Sequential.forward",
    name="the chain ends after its first layer",
    belief="return in the loop returns the result.",
    explanation="It returns at once, with the first layer's output. It belongs after the loop.",
    hints=("How often does the loop run?", "return x stands outside of the loop."),
)
def first_layer_only(self: Any, x: Any) -> Any:
    for layer in self:
        x = layer(x)
        return x


@misconception(
    "Sequential.forward",
    name="the layers run last to first",
    belief="f(g(x)) is written with f first.",
    explanation="In Sequential(f, g) f comes first: the result is g(f(x)).",
    hints=("Which layer gets x?", "for layer in self, in the order given."),
)
def last_to_first(self: Any, x: Any) -> Any:
    for layer in reversed(list(self)):
        x = layer(x)
    return x


@misconception(
    "Sequential.forward",
    name="a layer that stands twice runs once",
    belief="self.children() are the layers of the chain.",
    explanation="children() has each layer once. A chain runs a layer in each of its places.",
    hints=("How often should a run in Sequential(a, b, a)?", "for layer in self."),
)
def shared_layer_once(self: Any, x: Any) -> Any:
    for layer in self.children():
        x = layer(x)
    return x


@misconception(
    "Sequential.__getitem__",
    name="an index gives a pair of name and layer",
    belief="own_modules(self)[index] is the layer.",
    explanation="It is (name, layer): the layer is its second part.",
    hints=("What type has net[0]?", "own_modules(self)[index][1]."),
)
def pair_returned(self: Any, index: Any) -> Any:
    here: Any = called_from()
    chosen = own_modules(self)[index]
    return here.Sequential(dict(chosen)) if isinstance(index, slice) else chosen


@misconception(
    "Sequential.__getitem__",
    name="a slice gives a list",
    belief="A slice of layers is a list of layers.",
    explanation="It is a shorter chain, a Sequential, which can be called and has parameters.",
    hints=("Can net[1:] be called?", "Sequential(dict(chosen))."),
)
def slice_as_list(self: Any, index: Any) -> Any:
    chosen = own_modules(self)[index]
    return [layer for _, layer in chosen] if isinstance(index, slice) else chosen[1]


@misconception(
    "Sequential.__getitem__",
    name="the layers of a slice get new names",
    belief="A new chain counts from 0.",
    explanation="As in torch the layers of a slice keep their names, so that a saved state still fits them.",
    hints=("What are the names in net[1:]?", "Sequential(dict(chosen)), with the pairs of names and layers."),
)
def slice_renumbered(self: Any, index: Any) -> Any:
    here: Any = called_from()
    chosen = own_modules(self)[index]
    return here.Sequential(*(layer for _, layer in chosen)) if isinstance(index, slice) else chosen[1]


@misconception(
    "Sequential.__getitem__",
    name="the layer is looked up by its name",
    belief="The layer at index is the attribute of that name.",
    explanation="-1 is the last layer, and no layer is called '-1'; in a chain of named layers none is called '0'.",
    hints=("What is net[-1]?", "own_modules(self)[index]."),
)
def looked_up_by_name(self: Any, index: Any) -> Any:
    here: Any = called_from()
    if isinstance(index, slice):
        return here.Sequential(dict(own_modules(self)[index]))
    return getattr(self, str(index))
