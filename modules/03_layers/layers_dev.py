# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 03: Layers
#
# A network is a function with a memory: numbers that stay from call to call and are changed by learning. This module
# gives those numbers a home. A `Module` holds parameters and other modules, and so networks are trees:
#
# ```
#   Sequential                         name          shape        numbers
#   ├── 0: Linear(784, 128)            0.weight      (128, 784)   100,352
#   │      ├── weight                  0.bias        (128,)           128
#   │      └── bias                    2.weight      (10, 128)      1,280
#   ├── 1: ReLU                        2.bias        (10,)             10
#   └── 2: Linear(128, 10)                                        -------
#          ├── weight                                             101,770
#          └── bias
# ```
#
# Whoever trains a network, saves it or counts it needs the column on the right, and never wants to know what the tree
# looks like. Turning the tree into the list is the core of this module. Around it you will write the layer that does
# the work (`Linear`), one that behaves differently when it counts (`Dropout`), and the chain (`Sequential`).

# %%
#| default_exp core.layers

# %%
#| export
import math
from abc import ABCMeta
from typing import NamedTuple

import numpy as np

from tinytorch.core.activations import Layer
from tinytorch.core.tensor import Tensor, default_generator, primitive, product, to_array

# %%
import copy

from tinytorch.core.activations import ReLU
from tinytorch.core.tensor import manual_seed, ones, zeros
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. The linear map
#
# Every output is a weighted sum of all inputs, plus an offset of its own. As torch does, we store the weights with
# one **row per output**:
#
# ```
#                  in = 3
#               ┌──────────┐
#   x  (…, 3)   │ w w w    │  out = 2         y[…, o] = Σ_i x[…, i] · weight[o, i] + bias[o]
#               │ w w w    │
#               └──────────┘                  y  (…, 2)
# ```
#
# Any number of axes may stand before the last: one sample, a batch, a batch of sentences. To the arithmetic they are
# rows of one tall matrix, and one product of two matrices is what the machine does best.


# %% nbgrader={"grade": false, "grade_id": "linear", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _check_linear(x, weight, bias):
    if weight.ndim != 2:
        raise ValueError(f"Linear: weight: expected shape (out_features, in_features), got {weight.shape}")
    out_features, in_features = weight.shape
    if x.ndim == 0 or x.shape[-1] != in_features:
        fix = f"; use Linear({x.shape[-1]}, {out_features})" if x.ndim else ""
        if x.ndim > 2 and math.prod(x.shape[1:]) == in_features:
            fix = "; flatten each sample first: x.flatten(1)"
        raise ValueError(f"Linear: input: expected {in_features} features in the last axis, got shape {x.shape}{fix}")
    if bias is not None and bias.shape != (out_features,):
        raise ValueError(f"Linear: bias: expected shape ({out_features},), got {bias.shape}")


@primitive
def linear(x, weight, bias=None):
    """x @ weight.T + bias: every output is a weighted sum of the inputs.

    Shapes: x (…, in), weight (out, in), bias (out,) or None → (…, out). Raises ValueError where they do not fit.

    TODO: one matrix product of all rows, then the bias, then the leading axes back.

    APPROACH:
    1. Merge the leading axes of `x` into one: shape (rows, in).
    2. Multiply with the transposed weight: `product(a, b)` of module 01 is `a @ b`, shared out among the cores.
    3. Give the result the leading axes of `x` and a last axis of `out`.
    4. Add the bias if there is one.

    EXAMPLE:
        >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
        Tensor([11.5])

    HINT: A batch of shape (4, 5, 3) has 4·5 rows, a single sample (3,) has one. `math.prod` of no sizes is 1.
    """
    _check_linear(x, weight, bias)
    ### BEGIN SOLUTION
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    y = product(rows, weight.T).reshape(*x.shape[:-1], weight.shape[0])
    return y if bias is None else y + bias
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-linear", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The linear map")
def test_linear(verify):
    weight, bias = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), Tensor([0.5, -0.5])
    with verify("each output is a weighted sum of the inputs, plus its bias"):
        case = Case(linear, Tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), weight, bias)
        assert_close(case(), Tensor([[1.5, -0.5], [6.5, 0.5]]), case=case)
    with verify("without a bias nothing is added"):
        case = Case(linear, Tensor([[1.0, 1.0, 1.0]]), weight)
        assert_close(case(), Tensor([[6.0, 1.0]]), case=case)
    draw = generator()
    x, w = draw.standard_normal((2, 4, 3)), draw.standard_normal((5, 3))
    with verify("axes before the last are so many samples, or none"):
        case = Case(linear, Tensor(x), Tensor(w))
        assert_close(case(), Tensor(np.einsum("bti,oi->bto", x, w)), case=case)
        case = Case(linear, Tensor(x[0, 0]), Tensor(w))
        assert_close(case(), Tensor(w @ x[0, 0]), case=case)


# %% [markdown]
# ## 2. Parameters, and the tree they hang on
#
# A **parameter** is a tensor that is to be learned. The class says nothing more than that; it exists so that
# parameters can be told from other tensors that a layer happens to hold.


# %%
#| export
class Parameter(Tensor):
    """A tensor that belongs to a layer and is learned: it requires a gradient unless told otherwise."""

    def __init__(self, data, requires_grad: bool = True, dtype=None):
        super().__init__(data, requires_grad, dtype)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


def _parts(layer, kind) -> list:
    """(name, value) for the attributes of a layer that are of this kind, in the order in which they were set."""
    for name, value in vars(layer).items():
        items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
        if any(isinstance(item, (Layer, Parameter)) for item in items):
            raise TypeError(
                f"{type(layer).__name__}.{name}: a {type(value).__name__} hides layers and parameters from the network; "
                f"use a Sequential, or an attribute for each: setattr(self, f'{name}{{i}}', item)"
            )
    return [(name, value) for name, value in vars(layer).items() if isinstance(value, kind)]


# %% [markdown]
# `_parts(layer, Layer)` gives the layers that are attributes of a layer; `_parts(layer, Parameter)` its own parameters.
# There is no registration: what a layer holds *is* what it is made of. (The underscore says: for this file only.) Now
# the walk. A name is the path to a layer, with dots: `encoder.0.norm`. The root has the empty name.


# %% nbgrader={"grade": false, "grade_id": "walk", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _walk(layer, prefix=""):
    """Yield (dotted name, layer) for a layer, its parts, their parts and so on; a parent comes before its parts.

    A layer that stands in several places comes once for each. `prefix` is the name of the layer itself.

    TODO: yield the layer itself, then walk each of its parts.

    EXAMPLE: with net.body = Sequential(Linear(2, 3), ReLU())
        >>> [name for name, _ in _walk(net)]
        ['', 'body', 'body.0', 'body.1']

    HINT: `yield from _walk(...)` passes on all that an inner walk yields. `_dotted` joins two names.
    """
    ### BEGIN SOLUTION
    yield prefix, layer
    for name, part in _parts(layer, Layer):
        yield from _walk(part, _dotted(prefix, name))
    ### END SOLUTION


def _dotted(prefix, name):
    return f"{prefix}.{name}" if prefix else name


def _once(named):
    """Of (name, value) pairs, the first for each value: what is shared counts once."""
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


# %% nbgrader={"grade": true, "grade_id": "test-walk", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("A tree becomes a list")
def test_walk(verify):
    class Node(Layer):
        def __init__(self, **attributes):
            vars(self).update(attributes)

    leaf = ReLU()
    tree = Node(body=Node(first=leaf, width=3), head=ReLU(), label="net")
    with verify("parents come before their parts, with the path as the name"):

        def paths():
            names = [name for name, _ in _walk(tree)]
            assert names == ["", "body", "body.first", "head"], f"the names are {names}"

        Case(paths)()
    with verify("the layers themselves come with their names"):
        assert dict(_walk(tree))["body.first"] is leaf, "'body.first' should be the very layer that was put there"
    with verify("the walk may start with a name"):

        def prefixed():
            names = [name for name, _ in _walk(tree, "net")]
            assert names == ["net", "net.body", "net.body.first", "net.head"], f"the names are {names}"

        Case(prefixed)()
    with verify("a layer in two places comes twice, unless it is asked for once"):

        def shared():
            pair = Node(a=leaf, b=leaf)
            names = [name for name, _ in _walk(pair)], [name for name, _ in _once(_walk(pair))]
            assert names == (["", "a", "b"], ["", "a"]), f"the names are {names}"

        Case(shared)()


# %% [markdown]
# ## 3. Module
#
# A `Module` is a `Layer` that holds things. From the walk follows nearly everything it can do. Two of its lists look
# alike and are not:
#
# | | contains | a shared tensor |
# |---|---|---|
# | `named_parameters()` | what is learned | comes **once**: it must be updated once |
# | `state_dict()` | what must be saved: parameters *and buffers* | comes under **each** of its names |
#
# A **buffer** is a tensor that a layer keeps but does not learn, such as the running mean of a BatchNorm (module 09).
# It is registered by name, since its value is replaced again and again.


# %% nbgrader={"grade": false, "grade_id": "module", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _named_tensors(layer, prefix=""):
    """(dotted name, tensor) for all parameters and buffers: of each layer first its own, then those of its parts."""
    for path, part in _walk(layer, prefix):
        for name, parameter in _parts(part, Parameter):
            yield _dotted(path, name), parameter
        for name in getattr(part, "_buffers", ()):
            if getattr(part, name) is not None:
                yield _dotted(path, name), getattr(part, name)


class Module(Layer, metaclass=ABCMeta):
    """A layer that holds parameters, buffers and other layers: the base of networks and of layers that learn.

    Subclasses set parameters and layers as attributes and write `forward`. Every `Layer` counts as a Module for
    isinstance, since it answers the same questions: `isinstance(ReLU(), Module)`.
    """

    _buffers: tuple = ()  # the names of the attributes that are buffers

    @classmethod
    def __subclasshook__(cls, other):
        return (cls is Module and issubclass(other, Layer)) or NotImplemented

    def __setattr__(self, name, value):
        is_parameter = isinstance(vars(self).get(name), Parameter)
        if is_parameter and not (value is None or isinstance(value, Parameter)):
            raise TypeError(
                f"{type(self).__name__}.{name} is a parameter: expected a Parameter or None, got {type(value).__name__}; "
                f"to change its numbers write .{name}.data[...] = values"
            )
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Set the attribute `name` and make it a buffer: part of the state, not learned. None is left out there."""
        if not (tensor is None or isinstance(tensor, Tensor)):
            raise TypeError(f"register_buffer: {name}: expected a Tensor or None, got {type(tensor).__name__}")
        setattr(self, name, tensor)
        if name not in self._buffers:
            self._buffers = (*self._buffers, name)

    def named_children(self):
        """(name, layer) for the layers that are attributes of this one, each once."""
        return _once(_parts(self, Layer))

    def named_modules(self, prefix=""):
        """(dotted name, layer) for this layer, whose name is empty, and all below it, each once."""
        return _once(_walk(self, prefix))

    def named_buffers(self, prefix=""):
        """(dotted name, tensor) for what is kept but not learned, each once."""
        return _once((n, t) for n, t in _named_tensors(self, prefix) if not isinstance(t, Parameter))

    def named_parameters(self, prefix=""):
        """(dotted name, parameter) for all parameters of this layer and its parts, each once.

        TODO: of `_named_tensors(self, prefix)` the Parameters, each once.

        HINT: `named_buffers` above is its mirror image.
        """
        ### BEGIN SOLUTION
        return _once((n, t) for n, t in _named_tensors(self, prefix) if isinstance(t, Parameter))
        ### END SOLUTION

    def state_dict(self):
        """Dotted name → tensor for all parameters and buffers. The tensors share memory with the network's.

        TODO: a dict of all `_named_tensors`, each detached: whoever saves them wants the numbers, not the past.
        """
        ### BEGIN SOLUTION
        return {name: tensor.detach() for name, tensor in _named_tensors(self)}
        ### END SOLUTION

    def load_state_dict(self, state_dict, strict: bool = True):
        """Copy the numbers of `state_dict` (dotted name → tensor or array) into this network's tensors.

        Dtypes stay as they are here. Raises ValueError that lists every entry that is missing, unexpected or of the
        wrong shape, and then nothing was loaded; with strict=False missing and unexpected ones are left alone.
        Returns their names as `(missing_keys, unexpected_keys)`.
        """
        return _load_state(type(self).__name__, dict(_named_tensors(self)), state_dict, strict)

    def __repr__(self):
        inner = [f"({name}): {layer!r}" for name, layer in _parts(self, Layer)]
        if not inner:
            return super().__repr__()
        lines = [self.extra_repr(), *inner] if self.extra_repr() else inner
        return f"{type(self).__name__}(\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n)"


# %% nbgrader={"grade": true, "grade_id": "test-module", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Module: what a network is made of")
def test_module(verify):
    class Block(Module):
        def __init__(self, size):
            self.weight = Parameter(ones(size))
            self.register_buffer("mean", zeros(size))

    class Net(Module):
        def __init__(self):
            self.scale = Parameter(ones(1))
            self.left, self.right = Block(2), Block(3)
            self.act = ReLU()

    def tied():
        net = Net()
        net.right.weight = net.left.weight
        return net

    net = tied()
    with verify("parameters are found in the whole tree, with their path as the name"):

        def found():
            net = Net()
            names = [name for name, _ in net.named_parameters()]
            assert names == ["scale", "left.weight", "right.weight"], f"the names are {names}"
            assert next(net.parameters()) is net.scale, "parameters() should give the parameters themselves"
            first, _ = next(net.named_parameters("net"))
            assert first == "net.scale", f"with the prefix 'net' the first name is {first!r}"

        Case(found)()
    with verify("a frozen parameter is still one"):

        def frozen():
            net = Net()
            net.left.weight.requires_grad = False
            names = [name for name, _ in net.named_parameters()]
            assert "left.weight" in names, f"without requires_grad, left.weight should still be there; got {names}"

        Case(frozen)()
    with verify("a shared parameter is learned once, and saved under both names"):

        def shared():
            names = [name for name, _ in tied().named_parameters()]
            assert names == ["scale", "left.weight"], f"the names are {names}"
            assert "right.weight" in tied().state_dict(), "state_dict should hold 'right.weight' too"

        Case(shared)()
    with verify("the state holds buffers too, in the order of the tree"):

        def saved():
            names = list(Net().state_dict())
            expected = ["scale", "left.weight", "left.mean", "right.weight", "right.mean"]
            assert names == expected, f"expected {expected}, got {names}"

        Case(saved)()
    with verify("the state is numbers without a past, in the network's own memory"):

        def state():
            net = Net()
            weight = net.state_dict()["left.weight"]
            assert isinstance(weight, Tensor), f"the state should hold tensors, got {type(weight).__name__}"
            assert not weight.requires_grad, "a tensor in the state should not require a gradient"
            assert np.shares_memory(weight.data, net.left.weight.data), "the state should share the network's memory"

        Case(state)()
    with verify("a buffer is no parameter, also after its value was replaced"):
        net.left.mean = ones(2)
        names = [name for name, _ in net.named_buffers()]
        assert names == ["left.mean", "right.mean"], f"the buffers are {names}"
    with verify("train and eval reach every layer"):
        modes = {layer.training for layer in net.eval().modules()}, {layer.training for layer in net.train().modules()}
        assert modes == ({False}, {True}), f"after eval() and after train() layers say training: {modes}"
    with verify("zero_grad forgets every gradient"):
        net.left.weight.grad = ones(2)
        net.zero_grad()
        assert net.left.weight.grad is None, "after zero_grad() the gradient of left.weight should be None"
    with verify("a copy has its own numbers"):
        twin = copy.deepcopy(net)
        twin.scale.data[...] = 5.0
        assert_close(net.scale, Tensor([1.0]))
        assert twin.right.weight is twin.left.weight, "what is shared in a network should be shared in its copy"


# %% [markdown]
# ## 4. Loading: all or nothing
#
# Loading saved numbers into a network goes wrong in three ways: an entry is missing, one is too many, or one has
# another shape. Bad code reports the first problem it meets, having already overwritten half of the network. Good
# code looks at everything, reports everything, and touches nothing unless all is well.


# %% nbgrader={"grade": false, "grade_id": "load-state", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class _LoadedKeys(NamedTuple):
    """What `load_state_dict` left alone: names only the network has, and names only the given state has."""

    missing_keys: list
    unexpected_keys: list


def _array(owner, name, value):
    try:
        return to_array(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{owner}: state_dict: {name}: {error}") from None


def _load_state(owner: str, own: dict, given: dict, strict: bool) -> _LoadedKeys:
    """Copy the arrays of `given` into the tensors `own` of the same names, or raise ValueError and change nothing.

    TODO: find out what is missing, unexpected and misshapen; raise if need be; copy.

    APPROACH:
    1. `missing`: names in `own` but not in `given`. `unexpected`: the other way round.
    2. `arrays`: for the names in both, `_array(owner, name, value)` of what is given.
    3. `misshapen`: those names whose array has another shape than the tensor.
    4. `problems` are the misshapen and, if strict, the missing and the unexpected. The raise is given.
    5. Write into the tensors' own memory, so that everyone who holds them sees it, and their dtype stays.

    HINT: `a[...] = b` writes the numbers of b into the memory of a; `a = b` only calls another array a.
    """
    if not isinstance(given, dict):
        raise TypeError(f"{owner}: state_dict: expected a dict of names and tensors, got {type(given).__name__}")
    ### BEGIN SOLUTION
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    arrays = {name: _array(owner, name, given[name]) for name in own if name in given}
    misshapen = [name for name, array in arrays.items() if array.shape != own[name].shape]
    problems = misshapen + (missing + unexpected if strict else [])
    ### END SOLUTION
    if problems:
        lines = [f"  missing     {name}, of shape {own[name].shape}" for name in missing if name in problems]
        lines += [f"  unexpected  {name}" for name in unexpected if name in problems]
        lines += [f"  shape       {name}: expected {own[name].shape}, got {arrays[name].shape}" for name in misshapen]
        fix = "" if misshapen else "\nto load what fits: load_state_dict(state_dict, strict=False)"
        raise ValueError(f"{owner}: state_dict does not fit, and nothing was loaded\n" + "\n".join(lines) + fix)
    ### BEGIN SOLUTION
    for name, array in arrays.items():
        own[name].data[...] = array
    ### END SOLUTION
    return _LoadedKeys(missing, unexpected)


# %% nbgrader={"grade": true, "grade_id": "test-load-state", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Loading: all or nothing")
def test_load_state(verify):
    class Affine(Module):
        def __init__(self):
            self.weight, self.bias = Parameter(zeros(2, 3)), Parameter(zeros(2))

    def refusal(layer, state, strict=True):
        try:
            layer.load_state_dict(state, strict)
        except ValueError as error:
            return str(error)
        raise AssertionError(f"loading {', '.join(state)} should raise a ValueError")

    new = generator().standard_normal((2, 3)).astype(np.float32)
    with verify("what is given arrives, in the tensors' own memory and dtype"):

        def load(new):
            layer = Affine()
            memory = layer.weight.data
            layer.load_state_dict({"weight": new.astype(np.float64), "bias": Tensor([1.0, 2.0])})
            assert layer.weight.data is memory, "write into weight.data; do not replace it"
            assert_close(layer.bias, Tensor([1.0, 2.0]))
            return layer.weight

        case = Case(load, new)
        assert_close(case(), Tensor(new), case=case)
    with verify("every problem is named at once"):

        def problems(new):
            message = refusal(Affine(), {"weight": new.T, "scale": ones(1)})
            for part in ("bias", "scale", "weight", "(2, 3)", "(3, 2)"):
                assert part in message, f"{part!r} should stand in the message: {message}"

        Case(problems, new)()
    with verify("and then nothing was loaded"):

        def refused(new, bias, strict):
            layer = Affine()
            refusal(layer, {"weight": new, "bias": bias}, strict)
            return layer.weight

        for strict in (True, False):
            for bias in (ones(3), ones(1)):
                case = Case(refused, new, bias, strict)
                assert_close(case(), zeros(2, 3), case=case)
    with verify("strict=False loads what fits and says what it left alone"):

        def not_strict(new):
            layer = Affine()
            left = layer.load_state_dict({"weight": new, "scale": ones(1)}, strict=False)
            assert left == (["bias"], ["scale"]), f"expected (['bias'], ['scale']), got {tuple(left)}"
            return layer.weight

        case = Case(not_strict, new)
        assert_close(case(), Tensor(new), case=case)


# %% [markdown]
# ## 5. Linear, and where to start
#
# Which numbers should the weights have at first? Not all the same: units that start equal receive equal gradients and
# stay equal for ever. And not too large: each output is a sum of `in_features` products, and the sum of n random
# numbers grows as √n. So torch draws weight and bias uniformly between -1/√n and 1/√n:
#
# ```
#     variance of one weight          (1/√n)² / 3
#     variance of a sum of n          n · (1/√n)² / 3 = 1/3        whatever n is
# ```
#
# (for inputs of variance 1; the variance of a uniform draw from ±b is b²/3).


# %% nbgrader={"grade": false, "grade_id": "linear-layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _check_tensor(layer, x):
    if not isinstance(x, Tensor):
        raise TypeError(f"{layer}: input: expected a Tensor, got {type(x).__name__}; wrap it: Tensor(x)")


class Linear(Module):
    """Every output is a weighted sum of all inputs: x (…, in_features) → (…, out_features).

    `weight` has shape (out_features, in_features), `bias` (out_features,) or is None. Both start uniformly in
    ±1/√in_features, as in torch, from the generator that `manual_seed` seeds. Raises ValueError for sizes below 1.

    TODO: set `weight` and `bias`, and write `forward`.

    APPROACH:
    1. `default_generator().uniform(low, high, shape)` draws; make it float32, and a Parameter.
    2. Draw the weight first, then the bias. Without a bias, the attribute is None.

    EXAMPLE:
        >>> Linear(3, 2)(Tensor([[1.0, 2.0, 3.0]])).shape
        (1, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"Linear: {name}: expected a whole number of at least 1, got {size!r}")
        self.in_features, self.out_features = in_features, out_features
        ### BEGIN SOLUTION
        bound = 1 / math.sqrt(in_features)
        draw = default_generator().uniform
        self.weight = Parameter(draw(-bound, bound, (out_features, in_features)).astype(np.float32))
        self.bias = Parameter(draw(-bound, bound, out_features).astype(np.float32)) if bias else None
        ### END SOLUTION

    def forward(self, x):
        _check_tensor("Linear", x)
        ### BEGIN SOLUTION
        return linear(x, self.weight, self.bias)
        ### END SOLUTION

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


# %% nbgrader={"grade": true, "grade_id": "test-linear-layer", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Linear")
def test_linear_layer(verify):
    seed = int(generator().integers(2**31))

    def seeded(*sizes, **settings):
        manual_seed(seed)
        return Linear(*sizes, **settings)

    with verify("weight and bias have torch's shapes and are parameters"):

        def parts():
            layer = Linear(78, 12)
            shapes = {name: parameter.shape for name, parameter in layer.named_parameters()}
            assert shapes == {"weight": (12, 78), "bias": (12,)}, f"the parameters are {shapes}"
            assert layer.weight.dtype == layer.bias.dtype == np.float32, f"the weight is {layer.weight.dtype}"

        Case(parts)()
        count = sum(p.size for n, m in ((784, 128), (128, 10)) for p in Linear(n, m).parameters())
        assert count == 100_352 + 128 + 1_280 + 10 == 101_770, f"the network in the picture has {count} numbers"
    with verify("the first numbers fill the interval ±1/√in_features, on both sides"):

        def interval(n, m):
            for name, values in (("weight", seeded(n, m).weight.data), ("bias", seeded(n, m).bias.data)):
                low, high, bound = values.min(), values.max(), n**-0.5
                fills = -bound <= low < -0.97 * bound and 0.97 * bound < high <= bound
                assert fills, f"for {n} inputs the {name} lies in [{low:.4g}, {high:.4g}], not in ±{bound}"

        for n in (4, 16):
            Case(interval, n, 2_000)()
    with verify("so the outputs keep a third of the inputs' variance, whatever the size"):
        for n in (100, 1600):
            variance = Linear(n, 4000, bias=False)(ones(1, n)).var().item()
            assert 0.28 < variance < 0.39, f"with {n} inputs the variance of the outputs is {variance}"
    with verify("the layer computes what linear computes"):

        def apply(x):
            return seeded(3, 2)(x)

        x, layer = Tensor(generator().standard_normal((4, 3)).astype(np.float32)), seeded(3, 2)
        case = Case(apply, x)
        assert_close(case(), linear(x, layer.weight, layer.bias), case=case)

        def trace(x):
            assert seeded(3, 2)(x).grad_fn is not None, "compute with tensors: what touches .data leaves the graph"

        Case(trace, x)()
    with verify("without a bias there is one parameter, and zeros stay zeros"):
        layer = Linear(3, 2, bias=False)
        assert layer.bias is None and len(list(layer.parameters())) == 1, "bias=False should leave only the weight"
        assert_close(layer(zeros(1, 3)), zeros(1, 2))
    with verify("manual_seed makes the draw repeatable"):
        assert_close(seeded(3, 2).bias.detach(), seeded(3, 2).bias.detach())
        assert not np.array_equal(Linear(3, 2).weight.data, Linear(3, 2).weight.data), "two draws should differ"


# %% [markdown]
# ## 6. Dropout
#
# While training, `Dropout(p)` sets each number to zero with probability p, drawn anew at each call. No unit can rely
# on one particular other. When it counts, in `eval()`, nothing is dropped.
#
# But then the next layer would suddenly see larger sums than those it was trained with: twice as large for p = ½. So
# what survives is scaled up while training. Which factor keeps the *expected* value of a number x the same?
#
# ```
#   expected value  =  p · 0  +  (1 - p) · x · factor            must be x
# ```


# %% nbgrader={"grade": false, "grade_id": "dropout", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _check_probability(name, p):
    if not isinstance(p, (int, float)) or not 0 <= p <= 1:
        raise ValueError(f"{name}: p: expected a probability from 0 to 1, got {p!r}; p is the part that is dropped")


def dropout(x, p=0.5, training=True):
    """While training, zero each element with probability p and scale the others so that the expected value stays.

    Any shape; the shape and the dtype stay. With training=False the input itself is returned. Raises ValueError for
    p outside [0, 1], TypeError for an input that is not a Tensor of floats.

    TODO: unless there is nothing to do, multiply x with a mask of zeros and scaled ones.

    APPROACH:
    1. Not training: return x.
    2. `default_generator().random(x.shape, dtype=np.float32)` draws uniformly from [0, 1); below p is dropped.
    3. The mask times the factor, in the dtype of x, as a Tensor. (p = 1 leaves nothing to scale: avoid 1/0.)
    4. `x * mask` is tensor arithmetic, so module 05 can go back through it.

    EXAMPLE:
        >>> dropout(ones(4), p=0.5)         # for instance
        Tensor([2., 0., 0., 2.])

    HINT: Survivors are those with draw >= p. Then p = 0 keeps all and p = 1 none, without exceptions.
    """
    _check_tensor("Dropout", x)
    _check_probability("Dropout", p)
    if x.dtype.kind != "f":
        raise TypeError(f"Dropout: input: expected floats, got {x.dtype}; convert: Tensor(x, dtype=np.float32)")
    ### BEGIN SOLUTION
    if not training:
        return x
    survives = default_generator().random(x.shape, dtype=np.float32) >= p
    factor = 1 / (1 - p) if p < 1 else 0.0
    return x * Tensor(np.multiply(survives, factor, dtype=x.dtype))
    ### END SOLUTION


class Dropout(Module):
    """Drops each element with probability p while training; does nothing after `eval()`."""

    def __init__(self, p: float = 0.5):
        _check_probability("Dropout", p)
        self.p = p

    def forward(self, x):
        return dropout(x, self.p, self.training)

    def extra_repr(self):
        return f"p={self.p}"


# %% nbgrader={"grade": true, "grade_id": "test-dropout", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Dropout")
def test_dropout(verify):
    seed, x = int(generator().integers(2**31)), ones(100_000)

    def seeded(x, *settings):
        manual_seed(seed)
        return dropout(x, *settings)

    with verify("p is the part that is dropped"):

        def part(x, p):
            dropped = (seeded(x, p).data == 0).mean()
            assert abs(dropped - p) < 0.01, f"with p={p}, {dropped:.1%} of the numbers were dropped"

        Case(part, x, 0.2)()
    with verify("each number is either dropped or scaled by 1 / (1 - p)"):

        def values(n, p):
            return np.unique(seeded(ones(n), p).data)

        case = Case(values, 1000, 0.2)
        assert_close(case(), np.array([0.0, 1.25], np.float32), case=case)
    with verify("so the mean stays, up to chance"):
        mean = dropout(x, p=0.5).mean().item()
        assert 0.97 < mean < 1.03, f"the mean of ones after dropout with p=0.5 is {mean}"
    with verify("every number is drawn for itself, every call draws anew, and manual_seed repeats it"):

        def twice():
            first, second = seeded(ones(100, 100)), dropout(ones(100, 100))
            assert first.data.any(axis=0).all(), "whole columns were dropped"
            assert not np.array_equal(first.data, second.data), "two calls dropped the same numbers"
            assert np.array_equal(seeded(ones(100, 100)).data, first.data), "manual_seed should repeat the draw"

        Case(twice)()
    with verify("in eval() nothing happens"):

        def evaluate(x):
            layer = Dropout(0.9)
            assert layer.eval()(x) is x, "after eval() the layer should return its input itself"

        Case(evaluate, ones(50))()
    with verify("p = 0 keeps everything, p = 1 nothing, float64 stays"):
        draw = Tensor(generator().standard_normal(50))
        assert_close(dropout(draw, p=0), draw)
        assert_close(dropout(draw, p=1), Tensor(np.zeros(50)))
    with verify("the way back stays open"):

        def trace(w):
            assert dropout(w).grad_fn is not None, "compute with tensors, x * Tensor(mask): .data leaves the graph"

        Case(trace, Parameter(ones(3)))()


# %% [markdown]
# ## 7. Sequential
#
# The chain: the output of each layer is the input of the next. Its parts are called "0", "1", …, as attributes; then
# `_walk` finds them without knowing what a chain is.


# %% nbgrader={"grade": false, "grade_id": "sequential", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Identity(Module):
    """Returns its input: a place where a layer may stand. Arguments are ignored."""

    def __init__(self, *arguments, **keywords):
        pass

    def forward(self, x):
        return x


class Sequential(Module):
    """A chain of layers: the output of each is the input of the next.

    `Sequential(layer, layer, ...)` calls its parts "0", "1", …; `Sequential({"name": layer, ...})` by the given
    names. Indexing gives a layer, a slice a shorter chain. Raises TypeError for an argument that is not a layer.

    TODO: `__init__` sets each layer as an attribute, `forward` runs them in order.

    HINT: `setattr(self, "0", layer)`. And `for layer in self` works in `forward`, thanks to `__iter__`.
    """

    def __init__(self, *layers):
        named = layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else dict(enumerate(layers))
        for name, layer in named.items():
            if not isinstance(layer, Layer):
                is_list = isinstance(layer, (list, tuple))
                fix = "unpack it: Sequential(*layers)" if is_list else "make one first, such as ReLU()"
                raise TypeError(f"Sequential: layer {name}: expected a layer, got {layer!r:.60}; {fix}")
        ### BEGIN SOLUTION
        for name, layer in named.items():
            setattr(self, str(name), layer)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        for layer in self:
            x = layer(x)
        return x
        ### END SOLUTION

    def __iter__(self):
        return iter([layer for _, layer in _parts(self, Layer)])

    def __len__(self):
        return len(_parts(self, Layer))

    def __getitem__(self, index):
        chosen = _parts(self, Layer)[index]
        return type(self)(dict(chosen)) if isinstance(index, slice) else chosen[1]


# %% nbgrader={"grade": true, "grade_id": "test-sequential", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sequential")
def test_sequential(verify):
    first, second = Linear(3, 4), Linear(4, 2)
    net = Sequential(first, ReLU(), second)
    with verify("the output of each layer is the input of the next"):

        def chain(x):
            return Sequential(first, ReLU(), second)(x)

        x = Tensor(generator().standard_normal((5, 3)).astype(np.float32))
        case = Case(chain, x)
        assert_close(case(), second(ReLU()(first(x))), case=case)
    with verify("without layers it passes its input on"):
        assert Sequential()(x) is x, "Sequential()(x) should be x"
    with verify("parts are called by their place, or as they are named"):

        def names():
            found = [name for name, _ in Sequential(first, ReLU(), second).named_parameters()]
            assert found == ["0.weight", "0.bias", "2.weight", "2.bias"], f"the names are {found}"
            found = [name for name, _ in Sequential({"first": first}).named_parameters()]
            assert found == ["first.weight", "first.bias"], f"the names are {found}"

        Case(names)()
        assert isinstance(net[1], Module), "an activation counts as a Module"
    with verify("indexing, slicing, length and iteration"):
        assert net[0] is first and net[-1] is second and len(net) == 3 and list(net[:2]) == [first, net[1]]
    with verify("it shows itself as torch does"):
        expected = """Sequential(
  (0): Linear(in_features=3, out_features=4, bias=True)
  (1): Sequential(
    (act): ReLU()
  )
)"""
        shown = repr(Sequential(first, Sequential({"act": ReLU()})))
        assert shown == expected, f"expected\n{expected}\ngot\n{shown}"


# %% [markdown]
# ## What you have
#
# Networks of any shape: a class that sets layers as attributes and writes `forward` is one. Try in a cell of your own:
#
# ```python
# network = Sequential(Linear(784, 128), ReLU(), Dropout(0.2), Linear(128, 10))
# print(network, sum(p.size for p in network.parameters()))
# network.eval()(ones(2, 784))
# ```
#
# Questions:
#
# - In `Sequential(a, a)` the same layer stands twice. How many parameters are there to learn? How many entries does
#   the `state_dict` have?
# - What would go wrong if `_load_state` wrote `tensor.data = array` and an optimizer held the old arrays?
# - Two linear layers without an activation between them can be written as one. Which weight and bias has it?
# - Why does `Dropout` scale while training, and not in `eval()` by the inverse? (Both keep the expectation. Which of
#   the two programs runs more often?)

# %%
report()
