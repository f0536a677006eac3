"""The walk, what a Module holds, and loading."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tinytorch.support.layers import LoadedKeys, dotted, misfit_error, own_buffers, own_modules, own_parameters
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray
Pairs = Iterator[tuple[str, Any]]


def _tree(home: types.ModuleType, base: Any) -> Any:
    """Modules in modules; a module, a parameter and a buffer in two places; a frozen parameter."""

    class Part(base):
        def __init__(self, size: int = 0, **parts: Any) -> None:
            self.width = size
            if size:
                self.register_buffer("mean", home.Tensor(np.zeros(size, np.float32)))
                self.weight = home.Parameter(np.full(size, size, np.float32))
            self.__dict__.update(parts)

    inner = Part(**{"0": Part(3)})
    head = Part(3)
    net = Part(1, body=Part(**{"0": Part(2), "1": inner, "2": Part()}), head=head, again=head)
    first = vars(net.body)["0"]
    head.weight, head.mean = first.weight, first.mean
    vars(inner)["0"].weight.requires_grad = False
    return net


def _named(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    pairs = list(pairs)
    first = {id(value): name for name, value in reversed(pairs)}
    return [fact for name, value in pairs for fact in (name, type(value).__name__, first[id(value)])]


def _listed(
    generator: np.random.Generator, home: types.ModuleType, base: str, list_of: Callable[[Any, str], Any]
) -> Case:
    def listed(prefix: str) -> list[Any]:
        return _named(list_of(_tree(home, getattr(home, base)), prefix)) + _named(
            list_of(_tree(home, getattr(home, base)), "")
        )

    return Case(listed, "net" if generator.random() < 0.5 else "a.b")


# --- the walk ---


@draws("walk_modules")
def _walks(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _listed(generator, home, "ModuleMethods", lambda net, prefix: home.walk_modules(net, prefix))


def _walked(
    module: Any,
    prefix: str,
    *,
    root: bool = True,
    deep: bool = True,
    after: bool = False,
    join: Callable[[str, str], str] = dotted,
) -> Pairs:
    """walk_modules with other names, in another order, or of fewer modules."""
    if root and not after:
        yield prefix, module
    for name, part in own_modules(module):
        if deep:
            yield from _walked(part, join(prefix, name), after=after, join=join)
        else:
            yield join(prefix, name), part
    if root and after:
        yield prefix, module


@misconception(
    "walk_modules",
    name="the walk ends at the parts and does not enter them",
    belief="A network is made of its layers.",
    explanation="Its layers are made of layers, too: each part is walked in its turn.",
    hints=("Is 'body.0' among your names?", "yield from walk_modules(part, ...)."),
)
def only_children(module: Any, prefix: str = "") -> Pairs:
    return _walked(module, prefix, deep=False)


@misconception(
    "walk_modules",
    name="the module itself is left out",
    belief="The walk is about the parts.",
    explanation="The module comes first: its own parameters are looked for there.",
    hints=("What is the first name? The prefix.", "yield prefix, module, before the loop."),
)
def root_left_out(module: Any, prefix: str = "") -> Pairs:
    return _walked(module, prefix, root=False)


@misconception(
    "walk_modules",
    name="the parts come before the module that holds them",
    belief="The order does not matter.",
    explanation="Names, and the state that is saved, come in the order of the tree: a module before its parts.",
    hints=("What is the first name? The prefix.", "Yield the module before the loop."),
)
def parts_first(module: Any, prefix: str = "") -> Pairs:
    return _walked(module, prefix, after=True)


@misconception(
    "walk_modules",
    name="names are not paths",
    belief="A module is called as its attribute is.",
    explanation="The name is the path, with dots: body.0; else two modules called 0 would have one name.",
    hints=("What should the name of part `first` of part `body` be?", "dotted(prefix, name)."),
)
def names_without_path(module: Any, prefix: str = "") -> Pairs:
    return _walked(module, prefix, join=lambda prefix, name: name)


@misconception(
    "walk_modules",
    name="names begin with a dot",
    belief="A path is prefix, dot, name.",
    explanation="The root has the empty name, and its parts have no dot in front: use `dotted`.",
    hints=("What is the name of part `body` of the root? 'body'.", "dotted(prefix, name)."),
)
def dot_in_front(module: Any, prefix: str = "") -> Pairs:
    return _walked(module, prefix, join=lambda prefix, name: f"{prefix}.{name}")


@misconception(
    "walk_modules",
    name="the prefix is not used for the module itself",
    belief="The root has the empty name.",
    explanation="It has the name that the caller gives: the inner walks give the path to their part.",
    hints=("What is the first name of walk_modules(net, 'net')?", "yield prefix, module."),
)
def root_without_prefix(module: Any, prefix: str = "") -> Pairs:
    return (("" if value is module else name, value) for name, value in _walked(module, prefix))


@misconception(
    "walk_modules",
    name="a module in two places comes once",
    belief="Each module is visited once.",
    explanation="The state is saved under each name of a shared module; `unique` is for the lists that need it once.",
    hints=("How many names has a module that stands in two places?", "No `seen` in walk_modules."),
)
def shared_visited_once(module: Any, prefix: str = "") -> Pairs:
    return _first_of_each(_walked(module, prefix))


def _first_of_each(named: Iterable[tuple[str, Any]]) -> Pairs:
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


# --- the tensors of a tree ---


@draws("named_tensors")
def _tensors(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _listed(generator, home, "ModuleMethods", lambda net, prefix: home.named_tensors(net, prefix))


def _found(
    module: Any,
    prefix: str,
    own: Callable[[Any], list[tuple[str, Any]]] = lambda part: own_parameters(part) + own_buffers(part),
    join: Callable[[str, str], str] = dotted,
) -> Pairs:
    """named_tensors with other names, or of other tensors of each module."""
    walked = called_from().walk_modules(module, prefix)
    return ((join(path, name), tensor) for path, part in walked for name, tensor in own(part))


@misconception(
    "named_tensors",
    name="only the module's own tensors are found",
    belief="A module's tensors are its attributes.",
    explanation="A network has those of its parts, too, and of their parts: walk_modules goes to all of them.",
    hints=(
        "How many parameters does a Sequential of two Linears have? Four.",
        "Loop over walk_modules(module, prefix).",
    ),
)
def own_tensors_only(module: Any, prefix: str = "") -> Pairs:
    return iter([(dotted(prefix, name), tensor) for name, tensor in own_parameters(module) + own_buffers(module)])


@misconception(
    "named_tensors",
    name="the buffers are left out",
    belief="The tensors of a network are its parameters.",
    explanation="A running mean is kept as well, and must be saved.",
    hints=("What does own_buffers(part) return?", "A second loop, over own_buffers(part)."),
)
def buffers_left_out(module: Any, prefix: str = "") -> Pairs:
    return _found(module, prefix, own_parameters)


@misconception(
    "named_tensors",
    name="the buffers come before the parameters",
    belief="The order does not matter.",
    explanation="The order is that of the saved state: of each module first its parameters, then its buffers.",
    hints=("What is the first name of a Linear?", "own_parameters(part) first, then own_buffers(part)."),
)
def buffers_first(module: Any, prefix: str = "") -> Pairs:
    return _found(module, prefix, lambda part: own_buffers(part) + own_parameters(part))


@misconception(
    "named_tensors",
    name="all parameters come first, then all buffers",
    belief="Parameters and buffers are two walks.",
    explanation="There is one walk: each module's parameters and buffers come before those of its parts.",
    hints=("What comes after the root's parameters?", "Both inner loops stand in the loop over walk_modules."),
)
def two_walks(module: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    walked = list(here.walk_modules(module, prefix))
    found = [(dotted(path, name), p) for path, part in walked for name, p in own_parameters(part)]
    return iter(found + [(dotted(path, name), b) for path, part in walked for name, b in own_buffers(part)])


@misconception(
    "named_tensors",
    name="names are not paths",
    belief="A tensor is called as its attribute is.",
    explanation="The name is the path of its module and its own name: body.0.weight.",
    hints=("How many tensors of a network are called `weight`?", "dotted(path, name)."),
)
def tensor_names_without_path(module: Any, prefix: str = "") -> Pairs:
    return _found(module, prefix, join=lambda path, name: name)


@misconception(
    "named_tensors",
    name="names begin with a dot",
    belief="A name is path, dot, name.",
    explanation="The root has the empty name, and its tensors have no dot in front: use `dotted`.",
    hints=("What is the name of the root's own weight? 'weight'.", "dotted(path, name)."),
)
def tensor_names_with_dot(module: Any, prefix: str = "") -> Pairs:
    return _found(module, prefix, join=lambda path, name: f"{path}.{name}")


@misconception(
    "named_tensors",
    name="the prefix is forgotten",
    belief="Names start at this module.",
    explanation="They start with the prefix that the caller gives, which the walk puts before each path.",
    hints=("Where do you use prefix?", "walk_modules(module, prefix)."),
)
def tensors_without_prefix(module: Any, prefix: str = "") -> Pairs:
    return _found(module, "")


@misconception(
    "named_tensors",
    name="a shared tensor comes once",
    belief="Each tensor is listed once.",
    explanation="The state is saved under each name of a shared tensor; `unique` is for the lists that need it once.",
    hints=("How many names has a tensor that stands in two places?", "No `unique` in named_tensors."),
)
def tensors_once(module: Any, prefix: str = "") -> Pairs:
    return _first_of_each(_found(module, prefix))


@draws("unique")
def _pairs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    places, words = generator.integers(0, 4, 8), generator.permutation(8)

    def kept(numbers: Array) -> list[Any]:
        values = [home.Tensor(np.array([number], np.float32)) for number in (*numbers, numbers[0])]
        return _named(home.unique(iter([(f"n{word % 6}", values[place]) for word, place in zip(words, places)])))

    return Case(kept, generator.standard_normal(3))


@misconception(
    "unique",
    name="nothing is left out",
    belief="The pairs are all different.",
    explanation="Their names are; one value may stand under two of them, and only the first is kept.",
    hints=("Does `seen` grow?", "seen.add(id(value)) where a value is yielded."),
)
def all_kept(named: Any) -> Pairs:
    return iter(list(named))


@misconception(
    "unique",
    name="each name is kept once, not each value",
    belief="Two pairs are the same if their names are.",
    explanation="Names differ where one value stands in two places: it is the value that counts.",
    hints=("What do you keep in `seen`?", "id(value)."),
)
def names_once(named: Any) -> Pairs:
    first: dict[str, Any] = {}
    for name, value in named:
        first.setdefault(name, value)
    return iter(first.items())


@misconception(
    "unique",
    name="the last name of a value is kept",
    belief="A dict from id to name keeps one name of each.",
    explanation="It keeps the last one that was written; the first is wanted, as in torch.",
    hints=("Which name has a value that stands under x and z?", "Yield a value when it is seen for the first time."),
)
def last_name_kept(named: Any) -> Pairs:
    last = {id(value): (name, value) for name, value in named}
    return iter(last.values())


@misconception(
    "unique",
    name="tensors with equal numbers count as one",
    belief="`value in seen` looks for the object.",
    explanation="In a list it also compares with ==, which compares numbers; id(value) tells objects apart.",
    hints=("Are two parameters that both start at 1 one parameter?", "A set of id(value)."),
)
def equal_numbers_once(named: Any) -> Pairs:
    seen: list[Any] = []
    kept = []
    for name, value in named:
        if value not in seen:
            seen.append(value)
            kept.append((name, value))
    return iter(kept)


# --- the lists of a Module ---


@draws("Module.named_modules")
def _modules(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _listed(generator, home, "Module", lambda net, prefix: net.named_modules(prefix))


@draws("Module.named_parameters")
def _parameters(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _listed(generator, home, "Module", lambda net, prefix: net.named_parameters(prefix))


@draws("Module.named_buffers")
def _buffers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _listed(generator, home, "Module", lambda net, prefix: net.named_buffers(prefix))


@misconception(
    "Module.named_modules",
    name="a shared module comes twice",
    belief="The walk is the list.",
    explanation="The walk yields a shared module for each of its places; this list has it once.",
    hints=("How often should a shared module be listed?", "unique(walk_modules(self, prefix))."),
)
def shared_module_twice(self: Any, prefix: str = "") -> Pairs:
    return called_from().walk_modules(self, prefix)


@misconception(
    "Module.named_modules",
    name="only the parts of this module are listed",
    belief="The modules of a module are its attributes.",
    explanation="Those are its children. This list has the module itself and all below it.",
    hints=("What is the first name? The prefix.", "unique(walk_modules(self, prefix))."),
)
def children_for_modules(self: Any, prefix: str = "") -> Pairs:
    return iter([(dotted(prefix, name), module) for name, module in self.named_children()])


@misconception(
    "Module.named_modules",
    name="the prefix is forgotten",
    belief="Names start at this module.",
    explanation="They start with the prefix that the caller gives.",
    hints=("Where do you use prefix?", "walk_modules(self, prefix)."),
)
def modules_without_prefix(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return here.unique(here.walk_modules(self))


def _chosen(here: Any, module: Any, prefix: str, choose: Callable[[Any], bool], once: bool = True) -> Pairs:
    """The tensors of a module that `choose` likes."""
    chosen = [(name, tensor) for name, tensor in here.named_tensors(module, prefix) if choose(tensor)]
    return here.unique(chosen) if once else iter(chosen)


@misconception(
    "Module.named_parameters",
    name="the parameters of the parts are left out",
    belief="A module's parameters are its attributes.",
    explanation="A network learns all of the tree: its own parameters and those of its parts, and of theirs.",
    hints=(
        "How many parameters does a Sequential of two Linears have? Four.",
        "named_tensors(self, prefix) walks the tree.",
    ),
)
def own_parameters_only(self: Any, prefix: str = "") -> Pairs:
    return iter([(dotted(prefix, name), value) for name, value in own_parameters(self)])


@misconception(
    "Module.named_parameters",
    name="a shared parameter comes twice",
    belief="Each name is a parameter.",
    explanation="A tensor with two names is one tensor: an optimizer would update it twice.",
    hints=("How often should a shared weight be updated in one step?", "unique(...)."),
)
def shared_parameter_twice(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return _chosen(here, self, prefix, lambda tensor: isinstance(tensor, here.Parameter), once=False)


@misconception(
    "Module.named_parameters",
    name="buffers count as parameters",
    belief="All tensors of a network are learned.",
    explanation="A running mean is kept, not learned: only a Parameter is.",
    hints=("What kinds of tensors does named_tensors yield?", "if isinstance(tensor, Parameter)."),
)
def buffers_are_parameters(self: Any, prefix: str = "") -> Pairs:
    return _chosen(called_from(), self, prefix, lambda tensor: True)


@misconception(
    "Module.named_parameters",
    name="a frozen parameter is left out",
    belief="A tensor without requires_grad is no parameter.",
    explanation="It is only frozen for a while: it is counted, and may learn again.",
    hints=("What makes a tensor a parameter: its class, or requires_grad?", "isinstance(tensor, Parameter)."),
)
def frozen_left_out(self: Any, prefix: str = "") -> Pairs:
    return _chosen(called_from(), self, prefix, lambda tensor: tensor.requires_grad)


@misconception(
    "Module.named_parameters",
    name="the prefix is forgotten",
    belief="Names start at this module.",
    explanation="They start with the prefix that the caller gives: named_parameters('net') begins with net.",
    hints=("Where do you use prefix?", "named_tensors(self, prefix)."),
)
def prefix_forgotten(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return _chosen(here, self, "", lambda tensor: isinstance(tensor, here.Parameter))


@misconception(
    "Module.named_buffers",
    name="the buffers of the parts are left out",
    belief="A module's buffers are its own.",
    explanation="Those of its parts are kept with the network as well, and of their parts.",
    hints=("Does a Sequential list the buffers of its layers?", "named_tensors(self, prefix) walks the tree."),
)
def own_buffers_only(self: Any, prefix: str = "") -> Pairs:
    return iter([(dotted(prefix, name), value) for name, value in own_buffers(self)])


@misconception(
    "Module.named_buffers",
    name="parameters count as buffers",
    belief="A network keeps all of its tensors.",
    explanation="A buffer is a tensor that is kept and not learned; a Parameter is learned.",
    hints=("What kinds of tensors does named_tensors yield?", "if not isinstance(tensor, Parameter)."),
)
def parameters_are_buffers(self: Any, prefix: str = "") -> Pairs:
    return _chosen(called_from(), self, prefix, lambda tensor: True)


@misconception(
    "Module.named_buffers",
    name="a frozen parameter counts as a buffer",
    belief="A tensor without requires_grad is a buffer.",
    explanation="A frozen parameter is still a Parameter; its class decides.",
    hints=("What makes a tensor a buffer?", "not isinstance(tensor, Parameter)."),
)
def frozen_is_a_buffer(self: Any, prefix: str = "") -> Pairs:
    return _chosen(called_from(), self, prefix, lambda tensor: not tensor.requires_grad)


@misconception(
    "Module.named_buffers",
    name="a shared buffer comes twice",
    belief="Each name is a buffer.",
    explanation="A tensor with two names is one tensor.",
    hints=("What does named_parameters do with a shared tensor?", "unique(...)."),
)
def shared_buffer_twice(self: Any, prefix: str = "") -> Pairs:
    here: Any = called_from()
    return _chosen(here, self, prefix, lambda tensor: not isinstance(tensor, here.Parameter), once=False)


# --- modes and gradients ---


@draws("Module.train")
def _modes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def modes(first: bool) -> list[Any]:
        net, facts = _tree(home, home.Module), []
        parts = [net, net.body, vars(net.body)["1"], vars(vars(net.body)["1"])["0"], net.head]
        for mode in (first, not first, first):
            facts += [net.train(mode) is net, *(part.training for part in parts)]
        return [*facts, net.train() is net, *(part.training for part in parts)]

    return Case(modes, bool(generator.random() < 0.5))


@misconception(
    "Module.train",
    name="only the module itself changes",
    belief="self.training = mode is the switch.",
    explanation="It is the Dropout deep inside that asks for `training`: every module has its own.",
    hints=("What is `training` of a part after train(False)?", "for module in self.modules()."),
)
def only_itself(self: Any, mode: bool = True) -> Any:
    self.training = mode
    return self


@misconception(
    "Module.train",
    name="only the module and its direct parts change",
    belief="A network's layers are its children.",
    explanation="Its layers have parts, too: modules() gives all of them.",
    hints=("What is `training` of a part of a part?", "self.modules(), not self.children()."),
)
def itself_and_children(self: Any, mode: bool = True) -> Any:
    for module in (self, *self.children()):
        module.training = mode
    return self


@misconception(
    "Module.train",
    name="nothing is returned",
    belief="train only changes the module.",
    explanation="As in torch it also returns the module, so that `network.eval()(x)` can be written.",
    hints=("What is network.train()(x)?", "return self."),
)
def nothing_returned(self: Any, mode: bool = True) -> Any:
    for module in self.modules():
        module.training = mode


@misconception(
    "Module.train",
    name="`training` becomes True for every mode",
    belief="train means training.",
    explanation="train(False) ends it: eval() is train(False).",
    hints=("Where do you use mode?", "module.training = mode."),
)
def always_training(self: Any, mode: bool = True) -> Any:
    for module in self.modules():
        module.training = True
    return self


@draws("Module.zero_grad")
def _gradients(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def gradients(_: Array) -> list[Any]:
        net = _tree(home, home.Module)
        inner = vars(vars(net.body)["1"])["0"]
        own = [net.weight, net.head.weight, inner.weight]
        for parameter in own:
            parameter.grad = home.Tensor(np.ones(parameter.shape, np.float32))
        net.zero_grad()
        found = [parameter.grad for parameter in own]
        return ["None" if grad is None else grad for grad in found] + [net.weight, net.weight.requires_grad]

    return Case(gradients, generator.standard_normal(1))


@misconception(
    "Module.zero_grad",
    name="the gradients become zeros",
    belief="zero_grad sets gradients to zero.",
    explanation="They become None, as in torch: no memory, and an optimizer passes over parameters without gradient.",
    hints=("What should parameter.grad be afterwards?", "parameter.grad = None."),
)
def gradients_of_zeros(self: Any) -> None:
    here: Any = called_from()
    for parameter in self.parameters():
        parameter.grad = here.Tensor(np.zeros(parameter.shape, parameter.dtype))


@misconception(
    "Module.zero_grad",
    name="only the module's own gradients are removed",
    belief="A module's parameters are its attributes.",
    explanation="Those of its parts have gradients, too: parameters() gives all of them.",
    hints=("What is the gradient of a part's weight afterwards?", "for parameter in self.parameters()."),
)
def own_gradients_only(self: Any) -> None:
    for _, parameter in own_parameters(self):
        parameter.grad = None


@misconception(
    "Module.zero_grad",
    name="the numbers of the parameters are set to zero",
    belief="zero_grad fills the tensors with zeros.",
    explanation="The gradients are removed; the parameters keep what they have learned.",
    hints=("What is the weight after zero_grad()?", "parameter.grad = None."),
)
def parameters_zeroed(self: Any) -> None:
    for parameter in self.parameters():
        parameter.data[...] = 0
        parameter.grad = None


# --- the state ---


@draws("Module.state_dict")
def _states(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def state(_: Array) -> list[Any]:
        net = _tree(home, home.Module)
        found = net.state_dict()
        own = dict(home.named_tensors(net))
        facts: list[Any] = [list(found)]
        for name, tensor in found.items():
            array = getattr(tensor, "data", tensor)
            shared = isinstance(array, np.ndarray) and name in own and np.shares_memory(array, own[name].data)
            facts += [type(tensor).__name__, getattr(tensor, "requires_grad", None), bool(shared)]
        return facts

    return Case(state, generator.standard_normal(1))


@misconception(
    "Module.state_dict",
    name="the tensors are not detached",
    belief="The state is the parameters.",
    explanation="A state is for saving: it holds numbers, tensors without requires_grad.",
    hints=("Does an entry of your state require a gradient?", "tensor.detach()."),
)
def state_not_detached(self: Any) -> dict[str, Any]:
    return dict(called_from().named_tensors(self))


@misconception(
    "Module.state_dict",
    name="the buffers are left out",
    belief="What was learned is what must be saved.",
    explanation="A running mean was not learned, and the network gives other outputs without it.",
    hints=("What kinds of tensors does a network keep?", "All of named_tensors(self)."),
)
def state_without_buffers(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {n: t.detach() for n, t in here.named_tensors(self) if isinstance(t, here.Parameter)}


@misconception(
    "Module.state_dict",
    name="what is shared is saved under one name only",
    belief="Once is enough.",
    explanation="The state is loaded by name: every name must be there, as in torch.",
    hints=("How many names has a shared weight?", "named_tensors without unique."),
)
def state_once(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {name: tensor.detach() for name, tensor in here.unique(here.named_tensors(self))}


@misconception(
    "Module.state_dict",
    name="the numbers are copied",
    belief="A state is a snapshot.",
    explanation="As in torch the state shares the network's memory; a snapshot is a copy of it.",
    hints=("Do the entries change when the network learns?", "detach() shares memory."),
)
def state_copied(self: Any) -> dict[str, Any]:
    here: Any = called_from()
    return {name: here.Tensor(tensor.data.copy()) for name, tensor in here.named_tensors(self)}


@misconception(
    "Module.state_dict",
    name="the entries are arrays",
    belief="The numbers are the .data.",
    explanation="The state holds tensors, detached ones; their .data is the array.",
    hints=("Which type has state_dict()['weight']?", "tensor.detach()."),
)
def state_of_arrays(self: Any) -> dict[str, Any]:
    return {name: tensor.data for name, tensor in called_from().named_tensors(self)}


# --- loading ---


@draws("load_state")
def _loads(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def loads(weight: Array, bias: Array) -> list[Any]:
        facts: list[Any] = []
        states = [
            {"weight": weight, "bias": bias},
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
                    keys = home.load_state(own, state, strict)
                    facts += [list(map(list, keys)) if isinstance(keys, tuple) else str(keys)]
                except (ValueError, TypeError) as error:
                    facts.append(str(error))
                for tensor, array in zip(own.values(), arrays, strict=True):
                    facts += [tensor.data, str(tensor.data.dtype), tensor.data is array]
        return facts

    return Case(loads, generator.standard_normal((2, 3)), generator.standard_normal(2))


def _load(
    own: dict[str, Any],
    given: dict[str, Array],
    strict: bool,
    problems_of: Callable[[list[str], list[str], list[str]], list[str]] | None = None,
    write: Callable[[Any, Array], None] | None = None,
    write_first: bool = False,
) -> Any:
    """load_state with other problems, of (missing, unexpected, misshapen), or another way of writing."""
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    shared = [name for name in own if name in given]
    misshapen = [name for name in shared if given[name].shape != own[name].shape]
    kinds = (missing if strict else [], unexpected if strict else [], misshapen)
    problems = problems_of(*kinds) if problems_of else sum(kinds, [])
    write = write or _in_place
    if write_first:
        for name in shared:
            if name not in misshapen:
                write(own[name], given[name])
    if problems:
        raise misfit_error(own, given, problems)
    for name in shared:
        write(own[name], given[name])
    return LoadedKeys(missing, unexpected)


def _in_place(tensor: Any, array: Array) -> None:
    tensor.data[...] = array


@misconception(
    "load_state",
    name="the tensors get new arrays",
    belief="tensor.data = array loads it.",
    explanation="Optimizers and views hold the old array and would not see it; and the dtype would change.",
    hints=("Is layer.weight.data the same array after loading?", "tensor.data[...] = array."),
)
def arrays_replaced(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    def replace(tensor: Any, array: Array) -> None:
        tensor.data = array

    return _load(own, given, strict, write=replace)


@misconception(
    "load_state",
    name="the loaded tensors take the place of the module's own, in the dict only",
    belief="own[name] = given[name] loads it.",
    explanation="This changes the dict, and no tensor of the network.",
    hints=("What is layer.weight after loading?", "own[name].data[...] = given[name]."),
)
def only_the_dict(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, write=lambda tensor, array: None)


@misconception(
    "load_state",
    name="what fits is written before the problems are known",
    belief="Each entry is loaded as it comes.",
    explanation="An error would leave half a network behind: look at everything first, then write.",
    hints=("What has changed when your function raises?", "The loop that writes stands after the raise."),
)
def half_loaded(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, write_first=True)


@misconception(
    "load_state",
    name="the shapes are not compared",
    belief="NumPy will say if a shape does not fit.",
    explanation="A bias of shape (1,) would be spread over all outputs without a word.",
    hints=("What does zeros(2)[...] = ones(1) do?", "Compare own[name].shape with given[name].shape."),
)
def shapes_not_compared(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, lambda missing, unexpected, misshapen: missing + unexpected)


@misconception(
    "load_state",
    name="the numbers of elements are compared, not the shapes",
    belief="Numbers fit if there are as many of them.",
    explanation="A weight of shape (3, 2) has as many numbers as one of (2, 3), in another order.",
    hints=("What happens to the transpose of a weight?", "Compare .shape, not .size."),
)
def sizes_compared(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    def problems(missing: list[str], unexpected: list[str], misshapen: list[str]) -> list[str]:
        return missing + unexpected + [name for name in misshapen if own[name].numel() != given[name].size]

    return _load(own, given, strict, problems)


@misconception(
    "load_state",
    name="unexpected entries are ignored",
    belief="An entry too many does no harm.",
    explanation="It is the sign of another network, or of a misspelt name: with strict, an error.",
    hints=("What does your function do with {'wieght': ...}?", "problems = misshapen + missing + unexpected."),
)
def unexpected_ignored(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, lambda missing, unexpected, misshapen: misshapen + missing)


@misconception(
    "load_state",
    name="missing entries are ignored",
    belief="What is not given stays as it is.",
    explanation="That part of the network would keep its random numbers: with strict, an error.",
    hints=("What does your function do with {}?", "problems = misshapen + missing + unexpected."),
)
def missing_ignored(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, lambda missing, unexpected, misshapen: misshapen + unexpected)


@misconception(
    "load_state",
    name="only the first problem is reported",
    belief="One reason to refuse is enough.",
    explanation="Someone has to fix all of them, and should not need a run for each: list them together.",
    hints=("How many names are in the message?", "Collect the names of all three kinds, then raise."),
)
def first_problem_only(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, strict, lambda missing, unexpected, misshapen: (missing + unexpected + misshapen)[:1])


@misconception(
    "load_state",
    name="strict=False is not obeyed",
    belief="What does not fit is an error.",
    explanation="With strict=False missing and unexpected entries are left alone; only shapes must fit.",
    hints=("Where do you use strict?", "misshapen + missing + unexpected if strict else misshapen."),
)
def always_strict(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    return _load(own, given, True)


@misconception(
    "load_state",
    name="strict=False lets every shape pass",
    belief="Not strict means that nothing is refused.",
    explanation="Numbers of another shape cannot be loaded; only missing and unexpected entries are allowed.",
    hints=("What should a weight of another shape do with strict=False?", "misshapen counts always."),
)
def shapes_allowed(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    if not strict:
        given = {n: a for n, a in given.items() if n not in own or a.shape == own[n].shape}
    return _load(own, given, strict)


@misconception(
    "load_state",
    name="the unexpected names come first",
    belief="The order of the two lists does not matter.",
    explanation="LoadedKeys(missing, unexpected): the names that only the network has come first.",
    hints=("What is missing_keys of your result?", "return LoadedKeys(missing, unexpected)."),
)
def keys_swapped(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    missing, unexpected = _load(own, given, strict)
    return LoadedKeys(unexpected, missing)


@misconception(
    "load_state",
    name="nothing is returned",
    belief="Loading only changes the tensors.",
    explanation="With strict=False the caller has to learn what was left alone.",
    hints=("What is the result of your function?", "return LoadedKeys(missing, unexpected)."),
)
def no_keys_returned(own: dict[str, Any], given: dict[str, Array], strict: bool = True) -> Any:
    _load(own, given, strict)
