"""The walk, what a Module holds, loading, and Sequential."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray
Pairs = Iterator[tuple[str, Any]]


# --- the walk ---


def _tree(home: Any) -> Any:
    """Layers in layers, a layer and a parameter in two places, buffers, a frozen parameter.

    Made of what a chapter that is run line by line has at that place: Module, if it is there, else Layer.
    """
    base: Any = getattr(home, "Module", home.Layer)

    class Part(base):
        def __init__(self, size: int = 0, **parts: Any) -> None:
            self.width = size
            if size and base is not home.Layer:
                self.weight = home.Parameter(np.full(size, size, np.float32))
                self.register_buffer("mean", home.Tensor(np.zeros(size, np.float32)))
            self.__dict__.update(parts)

    inner = Part(**{"0": Part(3)})
    head = Part(3)
    net = Part(1, body=Part(**{"0": Part(2), "1": inner, "2": Part()}), head=head, again=head)
    if base is not home.Layer:
        head.weight = net.body.__dict__["0"].weight
        inner.__dict__["0"].weight.requires_grad = False
    return net


def _named(pairs: Any) -> list[Any]:
    pairs = list(pairs)
    first = {id(value): name for name, value in reversed(pairs)}
    return [fact for name, value in pairs for fact in (name, type(value).__name__, first[id(value)])]


@draws("_walk")
def _walks(generator: np.random.Generator, home: types.ModuleType) -> Case:
    prefix = "net" if generator.random() < 0.5 else ""
    return Case(lambda prefix: _named(home._walk(_tree(home), prefix)), prefix)


def _walked(layer: Any, prefix: str, *, root: bool = True, deep: bool = True, after: bool = False) -> Pairs:
    here: Any = called_from()

    def walk(layer: Any, prefix: str, root: bool) -> Pairs:
        if root and not after:
            yield prefix, layer
        for name, part in here._parts(layer, here.Layer):
            if deep:
                yield from walk(part, here._dotted(prefix, name), True)
            else:
                yield here._dotted(prefix, name), part
        if root and after:
            yield prefix, layer

    return walk(layer, prefix, root)


@misconception(
    "_walk",
    name="the walk ends at the parts and does not enter them",
    belief="A network is made of its layers.",
    explanation="Its layers are made of layers, too: each part is walked in its turn.",
    hints=("Is 'body.0' among your names?", "yield from _walk(part, ...)."),
)
def only_children(layer: Any, prefix: str = "") -> Pairs:
    return _walked(layer, prefix, deep=False)


@misconception(
    "_walk",
    name="the layer itself is left out",
    belief="The walk is about the parts.",
    explanation="The layer comes first: its own parameters are looked for there.",
    hints=("What is the first name? The prefix.", "yield prefix, layer, before the loop."),
)
def root_left_out(layer: Any, prefix: str = "") -> Pairs:
    return _walked(layer, prefix, root=False)


@misconception(
    "_walk",
    name="the parts come before their parent",
    belief="The order does not matter.",
    explanation="Names, and the state that is saved, come in the order of the tree: a parent before its parts.",
    hints=("What is the first name? The prefix.", "Yield the layer before the loop."),
)
def parts_first(layer: Any, prefix: str = "") -> Pairs:
    return _walked(layer, prefix, after=True)


@misconception(
    "_walk",
    name="names are not paths",
    belief="A layer is called as its attribute is.",
    explanation="The name is the path, with dots: body.0; else two layers called 0 would have one name.",
    hints=("What should the name of part `first` of part `body` be?", "_dotted(prefix, name)."),
)
def names_without_path(layer: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()

    def walk(layer: Any, prefix: str) -> Pairs:
        yield prefix, layer
        for name, part in here._parts(layer, here.Layer):
            yield from walk(part, name)

    return walk(layer, prefix)


@misconception(
    "_walk",
    name="names begin with a dot",
    belief="A path is prefix, dot, name.",
    explanation="The root has the empty name, and its parts have no dot in front: _dotted sees to it.",
    hints=("What is the name of part `body` of the root? 'body'.", "_dotted(prefix, name)."),
)
def dot_in_front(layer: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()

    def walk(layer: Any, prefix: str) -> Pairs:
        yield prefix, layer
        for name, part in here._parts(layer, here.Layer):
            yield from walk(part, f"{prefix}.{name}")

    return walk(layer, prefix)


@misconception(
    "_walk",
    name="a layer in two places comes once",
    belief="Each layer is visited once.",
    explanation="The state is saved under each name of a shared layer; _once is there for those who want it once.",
    hints=("How many names has a layer that stands in two places?", "No `seen` in _walk."),
)
def shared_visited_once(layer: Any, prefix: str = "") -> Pairs:
    return called_from()._once(_walked(layer, prefix))


# --- what a Module holds ---


@draws("Module.named_parameters")
def _parameters(generator: np.random.Generator, home: types.ModuleType) -> Case:
    prefix = "net" if generator.random() < 0.5 else ""
    return Case(
        lambda prefix: _named(_tree(home).named_parameters(prefix)) + _named(_tree(home).named_parameters()), prefix
    )


@misconception(
    "Module.named_parameters",
    name="the parameters of the parts are left out",
    belief="A module's parameters are its attributes.",
    explanation="A network learns all of the tree: its own parameters and those of its parts, and of theirs.",
    hints=(
        "How many parameters has a Sequential of two Linears? Four.",
        "_named_tensors(self, prefix) walks the tree.",
    ),
)
def own_parameters_only(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return iter([(here._dotted(prefix, name), value) for name, value in here._parts(self, here.Parameter)])


@misconception(
    "Module.named_parameters",
    name="a shared parameter comes twice",
    belief="Each name is a parameter.",
    explanation="A tensor with two names is one tensor: an optimizer would update it twice.",
    hints=("How often should a shared weight be updated in one step?", "_once(...)."),
)
def shared_parameter_twice(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return iter([(n, t) for n, t in here._named_tensors(self, prefix) if isinstance(t, here.Parameter)])


@misconception(
    "Module.named_parameters",
    name="buffers count as parameters",
    belief="All tensors of a network are learned.",
    explanation="A running mean is kept, not learned: only a Parameter is.",
    hints=("What kinds of tensors does _named_tensors give?", "if isinstance(t, Parameter)."),
)
def buffers_are_parameters(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return here._once(here._named_tensors(self, prefix))


@misconception(
    "Module.named_parameters",
    name="a frozen parameter is left out",
    belief="What requires no gradient is no parameter.",
    explanation="Frozen for a while, it is a parameter still: it is counted, and may be thawed.",
    hints=("What makes a tensor a parameter: its class, or requires_grad?", "isinstance(t, Parameter)."),
)
def frozen_left_out(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    tensors = here._named_tensors(self, prefix)
    return here._once((n, t) for n, t in tensors if isinstance(t, here.Parameter) and t.requires_grad)


@misconception(
    "Module.named_parameters",
    name="the prefix is forgotten",
    belief="Names start at this module.",
    explanation="They start with the prefix that the caller gives: named_parameters('net') begins with net.",
    hints=("Where do you use prefix?", "_named_tensors(self, prefix)."),
)
def prefix_forgotten(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return here._once((n, t) for n, t in here._named_tensors(self) if isinstance(t, here.Parameter))


@draws("Module.state_dict")
def _states(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def state(_: Array) -> list[Any]:
        net = _tree(home)
        found = net.state_dict()
        own = dict(home._named_tensors(net))
        facts: list[Any] = [list(found)]
        for name, tensor in found.items():
            array = getattr(tensor, "data", tensor)
            shared = isinstance(array, np.ndarray) and np.shares_memory(array, own[name].data)
            facts += [type(tensor).__name__, getattr(tensor, "requires_grad", None), bool(shared)]
        return facts

    return Case(state, generator.standard_normal(1))


@misconception(
    "Module.state_dict",
    name="the tensors are not detached",
    belief="The state is the parameters.",
    explanation="Whoever saves a state wants its numbers: tensors without a past and without requires_grad.",
    hints=("Does an entry of your state require a gradient?", "tensor.detach()."),
)
def state_not_detached(self: Any) -> dict[str, Any]:
    return dict(called_from()._named_tensors(self))


@misconception(
    "Module.state_dict",
    name="the buffers are left out",
    belief="What was learned is what must be saved.",
    explanation="A running mean was not learned, and the network gives other outputs without it.",
    hints=("What kinds of tensors does a network keep?", "All of _named_tensors(self)."),
)
def state_without_buffers(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {n: t.detach() for n, t in here._named_tensors(self) if isinstance(t, here.Parameter)}


@misconception(
    "Module.state_dict",
    name="what is shared is saved under one name only",
    belief="Once is enough.",
    explanation="The state is loaded by name: every name must be there, as in torch.",
    hints=("How many names has a shared weight?", "_named_tensors without _once."),
)
def state_once(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {name: tensor.detach() for name, tensor in here._once(here._named_tensors(self))}


@misconception(
    "Module.state_dict",
    name="the numbers are copied",
    belief="A state is a snapshot.",
    explanation="As in torch the state shares the network's memory; whoever wants a snapshot copies it.",
    hints=("Do the entries change when the network learns?", "detach() shares memory."),
)
def state_copied(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {name: here.Tensor(tensor.data.copy()) for name, tensor in here._named_tensors(self)}


@misconception(
    "Module.state_dict",
    name="the entries are arrays",
    belief="The numbers are the .data.",
    explanation="The state holds tensors, detached ones; their .data is the array.",
    hints=("Which type has state_dict()['weight']?", "tensor.detach()."),
)
def state_of_arrays(self: Any) -> dict[str, Any]:
    return {name: tensor.data for name, tensor in called_from()._named_tensors(self)}


# --- loading ---


@draws("_load_state")
def _loads(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def loads(weight: Array, bias: Array) -> list[Any]:
        facts: list[Any] = []
        states: list[dict[str, Any]] = [
            {"weight": weight, "bias": home.Tensor(bias)},
            {"weight": weight},
            {"weight": weight, "bias": bias, "scale": bias},
            {"weight": weight, "bias": bias[:1]},
            {"weight": weight.T, "scale": bias},
            {},
        ]
        for state in states:
            for strict in (True, False):
                own = {
                    "weight": home.Tensor(np.zeros((2, 3), np.float32)),
                    "bias": home.Tensor(np.zeros(2, np.float32)),
                }
                arrays = [tensor.data for tensor in own.values()]
                try:
                    facts += [list(map(list, home._load_state("Net", own, state, strict)))]
                except (ValueError, TypeError) as error:
                    facts.append(str(error))
                for tensor, array in zip(own.values(), arrays, strict=True):
                    facts += [tensor.data, str(tensor.data.dtype), tensor.data is array]
        return facts

    return Case(loads, generator.standard_normal((2, 3)), generator.standard_normal(2))


def _load(
    owner: str,
    own: dict[str, Any],
    given: Any,
    strict: bool,
    problems_of: Callable[[list[str], list[str], list[str]], list[str]],
    write: Callable[[Any, Array], None],
    write_first: bool = False,
) -> Any:
    """_load_state with other problems, or another way of writing."""
    here: Any = called_from()
    if not isinstance(given, dict):
        raise TypeError(f"{owner}: state_dict: expected a dict of names and tensors, got {type(given).__name__}")
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    arrays = {name: here._array(owner, name, given[name]) for name in own if name in given}
    misshapen = [name for name, array in arrays.items() if array.shape != own[name].shape]
    problems = problems_of(missing if strict else [], unexpected if strict else [], misshapen)
    if write_first:
        for name in arrays:
            if name not in misshapen:
                write(own[name], arrays[name])
    if problems:
        lines = [f"  missing     {name}, of shape {own[name].shape}" for name in missing if name in problems]
        lines += [f"  unexpected  {name}" for name in unexpected if name in problems]
        lines += [f"  shape       {name}: expected {own[name].shape}, got {arrays[name].shape}" for name in misshapen]
        fix = "" if misshapen else "\nto load what fits: load_state_dict(state_dict, strict=False)"
        raise ValueError(f"{owner}: state_dict does not fit, and nothing was loaded\n" + "\n".join(lines) + fix)
    for name, array in arrays.items():
        write(own[name], array)
    return here._LoadedKeys(missing, unexpected)


def _in_place(tensor: Any, array: Array) -> None:
    tensor.data[...] = array


@misconception(
    "_load_state",
    name="the tensors get new arrays",
    belief="tensor.data = array loads it.",
    explanation="Optimizers and views hold the old array and would not see it; and the dtype would change.",
    hints=("Is layer.weight.data the same array after loading?", "tensor.data[...] = array."),
)
def arrays_replaced(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    def replace(tensor: Any, array: Array) -> None:
        tensor.data = array

    return _load(
        owner, own, given, strict, lambda missing, unexpected, misshapen: misshapen + missing + unexpected, replace
    )


@misconception(
    "_load_state",
    name="what fits is written before the problems are known",
    belief="Each entry is loaded as it comes.",
    explanation="An error would leave half a network behind: look at everything first, then write.",
    hints=("What has changed when your function raises?", "The loop that writes stands after the raise."),
)
def half_loaded(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    problems: Any = lambda missing, unexpected, misshapen: misshapen + missing + unexpected  # noqa: E731
    return _load(owner, own, given, strict, problems, _in_place, write_first=True)


@misconception(
    "_load_state",
    name="the shapes are not compared",
    belief="NumPy will say if a shape does not fit.",
    explanation="A bias of shape (1,) would be spread over all outputs without a word.",
    hints=("What does zeros(2)[...] = ones(1) do?", "misshapen: array.shape != own[name].shape."),
)
def shapes_not_compared(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    return _load(owner, own, given, strict, lambda missing, unexpected, misshapen: missing + unexpected, _in_place)


@misconception(
    "_load_state",
    name="entries that nobody has asked for are passed over",
    belief="What is too much does no harm.",
    explanation="It is the sign of another network, or of a misspelt name: with strict, an error.",
    hints=("What does your function do with {'wieght': ...}?", "problems = misshapen + missing + unexpected."),
)
def unexpected_passed_over(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    return _load(owner, own, given, strict, lambda missing, unexpected, misshapen: misshapen + missing, _in_place)


@misconception(
    "_load_state",
    name="missing entries are passed over",
    belief="What is not given stays as it is.",
    explanation="That part of the network would keep its random numbers: with strict, an error.",
    hints=("What does your function do with {}?", "problems = misshapen + missing + unexpected."),
)
def missing_passed_over(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    return _load(owner, own, given, strict, lambda missing, unexpected, misshapen: misshapen + unexpected, _in_place)


@misconception(
    "_load_state",
    name="strict=False is not obeyed",
    belief="What does not fit is an error.",
    explanation="With strict=False missing and unexpected entries are left alone; only shapes must fit.",
    hints=("Where do you use strict?", "misshapen + (missing + unexpected if strict else [])."),
)
def always_strict(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    return _load(
        owner, own, given, True, lambda missing, unexpected, misshapen: misshapen + missing + unexpected, _in_place
    )


@misconception(
    "_load_state",
    name="strict=False lets every shape pass",
    belief="Not strict means that nothing is refused.",
    explanation="Numbers of another shape cannot be loaded; only missing and unexpected entries are forgiven.",
    hints=("What should a weight of another shape do with strict=False?", "misshapen counts always."),
)
def shapes_forgiven(owner: str, own: dict[str, Any], given: Any, strict: bool) -> Any:
    here: Any = called_from()
    if not strict and isinstance(given, dict):
        fits = {n: v for n, v in given.items() if n not in own or here._array(owner, n, v).shape == own[n].shape}
        given = fits
    return _load(
        owner, own, given, strict, lambda missing, unexpected, misshapen: misshapen + missing + unexpected, _in_place
    )


# --- Sequential ---


def _times(home: types.ModuleType) -> list[Any]:
    """Three layers whose order matters."""

    class Times(home.Layer):  # type: ignore[name-defined]
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
                facts += [len(net), [name for name, _ in home._parts(net, home.Layer)]]
            except TypeError as error:
                facts.append(str(error))
        return facts

    return Case(chains, generator.standard_normal(1))


@draws("Sequential.forward")
def _runs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def runs(x: Any) -> list[Any]:
        found: list[Any] = []
        for count in (3, 2, 1, 0):
            net = object.__new__(home.Sequential)  # whatever __init__ does, which has mistakes of its own
            net.__dict__.update((str(place), layer) for place, layer in enumerate(_times(home)[:count]))
            found.append(net(x))
        return found

    return Case(runs, home.Tensor(generator.standard_normal(3)))


def _layers(layers: tuple[Any, ...]) -> dict[Any, Any]:
    """The layers by name, checked as the given lines do."""
    here: Any = called_from()
    named = layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else dict(enumerate(layers))
    for name, layer in named.items():
        if not isinstance(layer, here.Layer):
            got, fix = f"{type(layer).__name__} {layer!r:.60}", "pass layers, such as ReLU()"
            if isinstance(layer, type):
                got, fix = f"the class {layer.__name__}", f"make a layer of it: {layer.__name__}(...)"
            elif isinstance(layer, (list, tuple)):
                fix = "unpack it: Sequential(*layers)"
            raise TypeError(f"Sequential: layer {name}: expected a layer, got {got}; {fix}")
    return named


@misconception(
    "Sequential.__init__",
    name="the layers are kept in a list",
    belief="self.layers = layers keeps them.",
    explanation="A layer is found if it is an attribute; a list hides it, and its parameters are never learned.",
    hints=("How does _parts find layers?", "setattr(self, str(name), layer), one for each."),
)
def layers_in_a_list(self: Any, *layers: Any) -> None:
    self.layers = list(_layers(layers).values())


@misconception(
    "Sequential.__init__",
    name="the names start at 1",
    belief="The first layer is number 1.",
    explanation="As in torch the first is called '0'; saved networks are loaded by these names.",
    hints=("What is the name of the first parameter? 0.weight.", "named has the right names already."),
)
def names_from_one(self: Any, *layers: Any) -> None:
    for number, layer in enumerate(_layers(layers).values(), 1):
        setattr(self, str(number), layer)


@misconception(
    "Sequential.__init__",
    name="the given names are replaced by numbers",
    belief="Parts of a chain are numbered.",
    explanation="Sequential({'act': ReLU()}) calls its part act.",
    hints=("What is in `named`?", "for name, layer in named.items()."),
)
def given_names_lost(self: Any, *layers: Any) -> None:
    for number, layer in enumerate(_layers(layers).values()):
        setattr(self, str(number), layer)


@misconception(
    "Sequential.__init__",
    name="the names have a word in front",
    belief="An attribute cannot be called 0.",
    explanation="setattr(self, '0', layer) can; the names are '0', '1', ..., as in torch.",
    hints=("What is the name of the first parameter? 0.weight.", "setattr(self, str(name), layer)."),
)
def names_with_word(self: Any, *layers: Any) -> None:
    for name, layer in _layers(layers).items():
        setattr(self, f"layer{name}" if isinstance(name, int) else name, layer)


@misconception(
    "Sequential.forward",
    name="every layer gets the input of the chain",
    belief="All layers see x.",
    explanation="The output of each layer is the input of the next: x = layer(x).",
    hints=("What goes into the second layer?", "x = layer(x), then return x."),
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
    hints=("How often is the loop run?", "return x stands outside of the loop."),
)
def first_layer_only(self: Any, x: Any) -> Any:
    for layer in self:
        return layer(x)
    return x


@misconception(
    "Sequential.forward",
    name="the layers run last to first",
    belief="f(g(x)) is written with f first.",
    explanation="In Sequential(f, g) f comes first: the result is g(f(x)).",
    hints=("Which layer sees x?", "for layer in self, in the order given."),
)
def last_to_first(self: Any, x: Any) -> Any:
    for layer in reversed(list(self)):
        x = layer(x)
    return x
