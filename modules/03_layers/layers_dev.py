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
# A network holds the numbers that it learns, its parameters. A `Module` holds parameters and other modules, so a
# network is a tree:
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
# An optimizer, a file and a count of parameters need the list on the right and nothing else of the tree. You will turn
# the tree into the list, and then write layers: `Linear`, `Dropout`, and `Sequential`, the chain.

# %%
#| default_exp core.layers

# %%
#| export
import math

import numpy as np

from tinytorch.core.activations import leaky_relu, relu
from tinytorch.core.tensor import Tensor
from tinytorch.support.arguments import checked_by
from tinytorch.support.layers import (
    LoadedKeys, ModuleMethods, ParameterMethods, as_arrays, check_dropout, check_input, check_linear, check_probability,
    check_sequential, check_sizes, dotted, errors_name_module, misfit_error, own_buffers, own_modules, own_parameters,
    with_device_and_dtype,
)  # fmt: skip
from tinytorch.support.random import default_generator

# %%
from tinytorch.creation import ones, zeros
from tinytorch.support.random import manual_seed
from tinytorch.testing import Case, expect, expect_error, expect_recorded, generator, inline_test, report


def same(found, expected):
    assert found == expected, f"expected {expected}, got {found}"


def names(pairs):
    return [name for name, _ in pairs]


# %% [markdown]
# ## 1. From the tree to the list
#
# A **parameter** is a tensor that is learned. A **buffer** is a tensor that a module keeps but does not learn, such as
# the running mean of a BatchNorm (module 09). Three functions (given) list what one module itself holds, as (name,
# value) pairs: `own_modules(module)`, `own_parameters(module)` and `own_buffers(module)`. What stands in several places
# of the tree has several names. `dotted("body", "act")` is `"body.act"`, and `dotted("", "body")` is `"body"`.


# %% nbgrader={"grade": false, "grade_id": "walk", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Parameter(ParameterMethods, Tensor):
    """A tensor that belongs to a module and is learned. It requires a gradient unless it is created without."""

    def __init__(self, data, requires_grad: bool = True, dtype=None):
        super().__init__(data, requires_grad, dtype)


def walk_modules(module, prefix=""):
    """Yield (name, module) for a module, its parts, their parts and so on; each comes before its own parts.

    A name is the path to a module, with dots: "body.0". `prefix` is the name of the module itself. A module that
    stands in several places comes once for each. The network in the picture gives "", "0", "1" and "2".

    TODO: yield the module itself, then walk through each of its parts.

    HINT: `yield from walk_modules(...)` yields all that the inner walk yields.
    """
    ### BEGIN SOLUTION
    yield prefix, module
    for name, part in own_modules(module):
        yield from walk_modules(part, dotted(prefix, name))
    ### END SOLUTION


def named_tensors(module, prefix=""):
    """Yield (name, tensor) for all parameters and buffers, under each of their names.

    They come in the order of the walk: of each module its parameters, then its buffers, then those of its parts.

    TODO: walk, and yield the tensors of each module.

    HINT: The name of a tensor is the name of its module, dotted with its own.
    """
    ### BEGIN SOLUTION
    for path, part in walk_modules(module, prefix):
        for name, parameter in own_parameters(part):
            yield dotted(path, name), parameter
        for name, buffer in own_buffers(part):
            yield dotted(path, name), buffer
    ### END SOLUTION


def unique(named):
    """Yield the first of the (name, value) pairs for each value, in their order. Equal numbers are not one value.

    TODO: remember which values were yielded.

    HINT: `id(value)` is a number that no other object has. `value in a_list` would compare the tensors' numbers.
    """
    ### BEGIN SOLUTION
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-walk", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("From the tree to the list")
def test_walk(verify):
    class Part(ModuleMethods):
        def __init__(self, **attributes):
            self.weight = Parameter(ones(1))
            self.register_buffer("mean", zeros(1))
            vars(self).update(attributes)

    def tree():
        shared = Part()
        return Part(body=Part(first=shared, width=3), head=shared, label="net")

    def modules():
        net = tree()
        same(names(walk_modules(net)), ["", "body", "body.first", "head"])
        same(names(walk_modules(net, "net")), ["net", "net.body", "net.body.first", "net.head"])
        assert dict(walk_modules(net))["body"] is net.body, "'body' should be that very module"

    def tensors():
        net = tree()
        paths = [path + name for path in ("", "body.", "body.first.", "head.") for name in ("weight", "mean")]
        same(names(named_tensors(net)), paths)
        same(names(named_tensors(net, "net")), [f"net.{path}" for path in paths])
        assert dict(named_tensors(net))["body.mean"] is net.body.mean, "'body.mean' should be that very tensor"

    def first_names():
        a, b = Parameter(ones(1)), Parameter(ones(1))  # equal numbers, two objects
        found = list(unique(iter([("x", a), ("y", b), ("z", a), ("x", b), ("w", zeros(1))])))
        same(names(found), ["x", "y", "w"])
        assert found[0][1] is a and found[1][1] is b, "the values should be the objects themselves"

    with verify("each module comes before its parts, with the path as its name, once for each place"):
        Case(modules)()
    with verify("parameters and buffers of the whole tree have names, in the order of the walk"):
        Case(tensors)()
    with verify("unique keeps the first name of each object"):
        Case(first_names)()


# %% [markdown]
# ## 2. Module
#
# What a module can do follows from the walk. `named_parameters()` lists what is learned, and a shared tensor comes
# **once**, because it must be updated once. `state_dict()` holds what must be saved, buffers too, and a shared tensor
# comes under **each** of its names.
#
# `ModuleMethods` (given) adds the rest: `module(x)` runs `module.forward(x)`, and the message of an error begins with
# the module's name; `parameters()` gives the values of `named_parameters()`; `eval()` is `train(False)`;
# `register_buffer(name, tensor)`; the repr. It refuses layers in a list, which no walk would find, and a plain tensor
# in the place of a parameter.


# %% nbgrader={"grade": false, "grade_id": "module", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Module(ModuleMethods):
    """The base of all layers and networks: it holds parameters, buffers and other modules.

    Subclasses set these as attributes in `__init__`, and define `forward`; `extra_repr` if they have settings to show.

    TODO: write the methods, each in one to three lines.

    HINT: `isinstance(tensor, Parameter)` also holds for a frozen parameter, without requires_grad. `self.modules()` and
    `self.parameters()` give the values of `named_modules` and `named_parameters`.
    """

    def named_modules(self, prefix=""):
        """Return (name, module) for this module, whose name is `prefix`, and all below it, each once."""
        ### BEGIN SOLUTION
        return unique(walk_modules(self, prefix))
        ### END SOLUTION

    def named_parameters(self, prefix=""):
        """Return (name, parameter) for all parameters of this module and its parts, each once, frozen ones too."""
        ### BEGIN SOLUTION
        tensors = named_tensors(self, prefix)
        return unique((name, tensor) for name, tensor in tensors if isinstance(tensor, Parameter))
        ### END SOLUTION

    def named_buffers(self, prefix=""):
        """Return (name, tensor) for all buffers of this module and its parts, each once."""
        ### BEGIN SOLUTION
        tensors = named_tensors(self, prefix)
        return unique((name, tensor) for name, tensor in tensors if not isinstance(tensor, Parameter))
        ### END SOLUTION

    def train(self, mode: bool = True):
        """Set `training` of this module and of all below it to `mode`. Return this module."""
        ### BEGIN SOLUTION
        for module in self.modules():
            module.training = mode
        return self
        ### END SOLUTION

    def zero_grad(self):
        """Set the `grad` of every parameter to None."""
        ### BEGIN SOLUTION
        for parameter in self.parameters():
            parameter.grad = None
        ### END SOLUTION

    def state_dict(self):
        """Return a dict for all parameters and buffers: each of their names → the detached tensor, sharing memory."""
        ### BEGIN SOLUTION
        return {name: tensor.detach() for name, tensor in named_tensors(self)}
        ### END SOLUTION

    @errors_name_module
    def load_state_dict(self, state_dict, strict: bool = True):
        """Load a state (name → tensor or array) into this module's tensors, by the rules of `load_state`."""
        own = self.state_dict()
        return load_state(own, as_arrays(state_dict, own), strict)


# %% nbgrader={"grade": true, "grade_id": "test-module", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Module")
def test_module(verify):
    class Block(Module):
        def __init__(self):
            self.weight = Parameter(ones(2))
            self.register_buffer("mean", zeros(2))

    class Net(Module):
        def __init__(self):
            self.scale = Parameter(ones(1))
            self.left, self.right = Block(), Block()
            self.left.weight.requires_grad = False  # frozen
            self.again, self.right.tied, self.right.mean = self.left, self.scale, self.left.mean  # shared

    def check(method, *expected):
        net = Net()
        same(names(getattr(net, method)()), list(expected))
        same(names(getattr(net, method)("net")), [f"net.{name}" if name else "net" for name in expected])

    def modes():
        outer = Module()
        outer.net = net = Net()
        for mode in (False, True):
            assert outer.train(mode) is outer, "train should return the module itself"
            same([module.training for module in (outer, net, net.left, net.right)], [mode] * 4)

    def without_gradients():
        net = Net()
        net.scale.grad = net.left.weight.grad = ones(1)
        net.zero_grad()
        same([net.scale.grad, net.left.weight.grad, net.scale.item()], [None, None, 1.0])

    def state():
        net = Net()
        state = net.state_dict()
        right = ["right.weight", "right.tied", "right.mean"]
        same(list(state), ["scale", "left.weight", "left.mean", *right, "again.weight", "again.mean"])
        for name, own in (("right.weight", net.right.weight), ("again.mean", net.left.mean)):
            assert isinstance(state[name], Tensor), f"the state should hold tensors, got {type(state[name]).__name__}"
            assert not state[name].requires_grad, "a tensor of the state should be detached"
            assert np.shares_memory(state[name].data, own.data), "the state should share the module's memory"

    with verify("modules, parameters and buffers of the whole tree are named by their path, each once"):
        Case(check, "named_modules", "", "left", "right")()
        Case(check, "named_parameters", "scale", "left.weight", "right.weight")()
        Case(check, "named_buffers", "left.mean")()
    with verify("train reaches every module, and returns the first"):
        Case(modes)()
    with verify("zero_grad removes every gradient"):
        Case(without_gradients)()
    with verify("the state has parameters and buffers under all names, detached, in the module's own memory"):
        Case(state)()


# %% [markdown]
# ## 3. Loading: all or nothing
#
# A saved state may not fit a network in three ways: an entry is missing, unexpected, or has another shape. Bad code
# reports the first problem that it meets, and has already overwritten half of the network. Good code looks at all
# entries, reports all problems, and changes nothing unless there are none.


# %% nbgrader={"grade": false, "grade_id": "load-state", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def load_state(own, given, strict=True):
    """Copy the arrays of `given` into the tensors of `own` that have the same names, or raise and change nothing.

    Returns `LoadedKeys(missing, unexpected)`: the names that only `own` has, and those that only `given` has. Raises
    ValueError where an array has another shape than its tensor; with strict=True also where a name is missing or
    unexpected. The message lists all of these names. The tensors keep their arrays (`tensor.data`) and dtypes.

    TODO: find the names that do not fit, and `raise misfit_error(own, given, names)` if there are any; then copy.

    HINT: `a[...] = b` writes the numbers of b into the memory of a; `a = b` would only make `a` another name of b.
    """
    ### BEGIN SOLUTION
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    shared = [name for name in own if name in given]
    misshapen = [name for name in shared if own[name].shape != given[name].shape]
    problems = misshapen + missing + unexpected if strict else misshapen
    if problems:
        raise misfit_error(own, given, problems)
    for name in shared:
        own[name].data[...] = given[name]
    return LoadedKeys(missing, unexpected)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-load-state", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Loading: all or nothing")
def test_load_state(verify):
    new, right, wrong = generator().standard_normal((2, 3)), np.ones(2), np.ones(1)

    def load(given, keys, strict=True):
        own = {"weight": zeros(2, 3), "bias": zeros(2)}
        arrays = [tensor.data for tensor in own.values()]
        loaded = load_state(own, given, strict)
        same((loaded.missing_keys, loaded.unexpected_keys), keys)
        assert own["weight"].data is arrays[0], "write into the array of the tensor; do not replace it"
        return np.concatenate([tensor.data.ravel() for tensor in own.values()])

    def refuse(given, strict, *misfits):
        own = {"weight": zeros(2, 3), "bias": zeros(2)}
        try:
            load_state(own, given, strict)
        except ValueError as error:
            for name in misfits:
                assert name in str(error), f"{name} does not fit, and the message does not list it: {error}"
        else:
            raise AssertionError(f"the names {list(given)} should raise a ValueError about {misfits}")
        same([name for name, tensor in own.items() if tensor.data.any()], [])

    with verify("the given numbers are copied into the tensors' own arrays, whose dtype stays"):
        expect(np.float32([*new.flat, 1, 1]), load, {"weight": new, "bias": right}, ([], []))
    with verify("every problem is listed, and then nothing is loaded"):
        Case(refuse, {"weight": new.T, "scale": right}, True, "weight", "bias", "scale")()
    with verify("a missing entry alone is refused, an unexpected one, and a shape that would broadcast"):
        Case(refuse, {"bias": right}, True, "weight")()
        Case(refuse, {"weight": new, "bias": right, "scale": right}, True, "scale")()
        for strict in (True, False):
            Case(refuse, {"weight": new, "bias": wrong}, strict, "bias")()
    with verify("strict=False loads what fits, and returns the names of the rest"):
        expect(np.float32([*new.flat, 0, 0]), load, {"weight": new, "scale": right}, (["bias"], ["scale"]), False)


# %% [markdown]
# ## 4. The smallest layers
#
# A layer without parameters only remembers its settings. `extra_repr` returns them as they stand in the repr. The other
# activation functions become layers in the same way, in `tinytorch.nn` (given): `Sigmoid`, `Tanh`, `Softmax` and so on.


# %% nbgrader={"grade": false, "grade_id": "activation-layers", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class ReLU(Module):
    """`relu` as a layer."""

    def forward(self, x):
        ### BEGIN SOLUTION
        return relu(x)
        ### END SOLUTION


class LeakyReLU(Module):
    """`leaky_relu` as a layer, with its slope as the attribute `negative_slope`.

    HINT: The repr of LeakyReLU(0.2) is "LeakyReLU(negative_slope=0.2)": `extra_repr` returns what is in parentheses.
    """

    def __init__(self, negative_slope=0.01):
        ### BEGIN SOLUTION
        self.negative_slope = negative_slope
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return leaky_relu(x, negative_slope=self.negative_slope)
        ### END SOLUTION

    def extra_repr(self):
        ### BEGIN SOLUTION
        return f"negative_slope={self.negative_slope}"
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-activation-layers", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The smallest layers")
def test_activation_layers(verify):
    x = Tensor([[-2.0, 3.0]])

    def leaky(x, *slope):
        return LeakyReLU(*slope)(x)

    def show(slope):
        same(repr(LeakyReLU(slope)), f"LeakyReLU(negative_slope={slope})")
        same(LeakyReLU(slope).negative_slope, slope)

    with verify("a layer that is called computes its function with its settings"):
        expect(Tensor([[0.0, 3.0]]), ReLU(), x)
        expect(Tensor([[-0.6, 3.0]]), leaky, x, 0.3)
        expect(Tensor([[-0.02, 3.0]]), leaky, x)
    with verify("a layer shows its settings"):
        Case(show, 0.2)()


# %% [markdown]
# ## 5. The linear map
#
# Every output is a weighted sum of all inputs, plus a bias. As in torch, `weight` has one **row per output**:
#
# ```
#                  in = 3
#               ┌──────────┐
#   x  (…, 3)   │ w w w    │  out = 2         y[…, o] = Σ_i x[…, i] · weight[o, i] + bias[o]
#               │ w w w    │                  y  (…, 2)
#               └──────────┘
# ```
#
# Any number of axes may stand before the last. One large matrix product is faster than many small ones, so read `x` as
# a table with one row for each sample first.


# %% nbgrader={"grade": false, "grade_id": "linear", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_linear)
def linear(x, weight, bias=None):
    """x @ weight.T + bias.

    Shapes: x (…, in), weight (out, in), bias (out,) or None → (…, out). Raises ValueError where they do not fit.

    TODO: one matrix product of all rows, the bias if there is one, and the leading axes of x again.

    EXAMPLE:
        >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
        Tensor([11.5])

    HINT: A batch of shape (4, 5, 3) has 4·5 rows, a single sample (3,) has one: `x.reshape(-1, 3)`.
    """
    ### BEGIN SOLUTION
    out_features, in_features = weight.shape
    y = x.reshape(-1, in_features) @ weight.T
    if bias is not None:
        y = y + bias
    return y.reshape(*x.shape[:-1], out_features)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-linear", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The linear map")
def test_linear(verify):
    weight, bias, draw = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), Tensor([0.5, -0.5]), generator()
    with verify("each output is a weighted sum of the inputs, plus its bias"):
        expect(Tensor([[1.5, -0.5], [6.5, 0.5]]), linear, Tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), weight, bias)
    with verify("without a bias nothing is added"):
        expect(Tensor([[6.0, 1.0]]), linear, Tensor([[1.0, 1.0, 1.0]]), weight)
    with verify("the axes before the last stay as they are, however many there are"):
        w, b = draw.standard_normal((3, 3)), draw.standard_normal(3)
        for leading in ((), (4,), (2, 4), (2, 1, 3), (0,)):
            x = draw.standard_normal((*leading, 3))
            expect(Tensor(np.einsum("...i,oi->...o", x, w) + b), linear, Tensor(x), Tensor(w), Tensor(b))
    with verify("input, weight and bias can each be traced back"):
        for which in range(3):
            expect_recorded(linear, *(Tensor(a, requires_grad=i == which) for i, a in enumerate((w, w, b))))


# %% [markdown]
# ## 6. Linear, and its first weights
#
# The weights must not start equal: units that start equal get equal gradients and stay equal for ever. And they must
# not start too large: an output is a sum of `in_features` products, and a sum of n random numbers grows as √n. So torch
# draws weight and bias uniformly between -1/√n and 1/√n. For inputs of variance 1 and weights with variance b²/3, which
# is that of a uniform draw from ±b, the variance of an output is then n · (1/√n)² / 3 = 1/3, for every n.


# %% nbgrader={"grade": false, "grade_id": "linear-layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Linear(Module):
    """Every output is a weighted sum of all inputs: x (…, in_features) → (…, out_features).

    `weight` is a Parameter of shape (out_features, in_features), `bias` one of shape (out_features,), or None where the
    layer is made without. Both are float32, drawn uniformly from ±1/√in_features by `default_generator()`, which
    `manual_seed` seeds. The sizes are attributes, too. Raises ValueError for sizes below 1.

    TODO: set `in_features`, `out_features`, then `weight`, then `bias` (the order in which they are listed); `forward`.

    HINT: `default_generator().uniform(low, high, shape)` draws float64 numbers. `Parameter(array, dtype=np.float32)`
    converts them. A tensor that is no Parameter would never be learned.
    """

    @with_device_and_dtype
    @checked_by(check_sizes)
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        ### BEGIN SOLUTION
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features)
        draw = default_generator().uniform
        self.weight = Parameter(draw(-bound, bound, (out_features, in_features)), dtype=np.float32)
        self.bias = Parameter(draw(-bound, bound, out_features), dtype=np.float32) if bias else None
        ### END SOLUTION

    @checked_by(check_input)
    def forward(self, x):
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

    def parameters():
        layer = Linear(78, 12)
        found = [(name, parameter.shape, parameter.dtype.name) for name, parameter in layer.named_parameters()]
        same(found, [("weight", (12, 78), "float32"), ("bias", (12,), "float32")])
        same(repr(layer), "Linear(in_features=78, out_features=12, bias=True)")

    def interval(n):
        bound, layer = n**-0.5, seeded(n, 2_000)
        for name, values in (("weight", layer.weight.data), ("bias", layer.bias.data)):
            low, high, part = values.min(), values.max(), values.var() / bound**2
            fills = -bound <= low < -0.97 * bound and 0.97 * bound < high <= bound
            assert fills, f"for {n} inputs the {name} lies in [{low:.4g}, {high:.4g}], not in ±{bound}"
            assert 0.28 < part < 0.39, f"the {name} is not uniform: its variance is {part:.2g} b², not b²/3"

    def draws():
        first, second, other = seeded(3, 2), seeded(3, 2), Linear(3, 2)
        for name in ("weight", "bias"):
            numbers, again, new = (getattr(layer, name).data.tolist() for layer in (first, second, other))
            assert again == numbers, f"manual_seed should repeat the {name}; draw from default_generator()"
            assert new != numbers, f"two layers have the same {name}; draw from default_generator()"

    def apply(x, bias):
        return seeded(3, 2, bias=bias)(x)

    with verify("weight and bias have torch's shapes, are parameters, and are float32"):
        Case(parameters)()
    with verify("the first numbers fill the interval ±1/√in_features evenly"):
        for n in (4, 16):
            Case(interval, n)()
    with verify("manual_seed repeats the draw, and nothing else does"):
        Case(draws)()
    with verify("the layer computes what linear computes, with its weight and its bias"):
        x, layer, without = Tensor(np.float32([[1, 2, 3], [0, 0, -1]])), seeded(3, 2), seeded(3, 2, bias=False)
        expect(Tensor(x.data @ layer.weight.data.T + layer.bias.data), apply, x, True)
        expect(Tensor(x.data @ without.weight.data.T), apply, x, False)
        assert Linear(3, 2, bias=False).bias is None, "without a bias the attribute should be None"
        expect_recorded(apply, x, False)
    with verify("sizes below 1 are refused"):
        expect_error(ValueError, "in_features", Linear, 0, 2)


# %% [markdown]
# ## 7. Dropout
#
# During training `Dropout(p)` sets each number to zero with probability p, with new draws at each call, so no unit can
# rely on one particular other. After `eval()` nothing is dropped. Then the next layer would suddenly get larger sums
# than in training: twice as large for p = ½. So the numbers that are kept are multiplied by a factor during training.
# Choose it so that the expected value of each number, p · 0 + (1 - p) · x · factor, is x.


# %% nbgrader={"grade": false, "grade_id": "dropout", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@checked_by(check_dropout)
def dropout(x, p=0.5, training=True):
    """x with each element set to zero with probability p, and the others scaled so that the expected value stays.

    Any shape; the shape and the dtype stay. Each element has its own draw from `default_generator()`. p = 0 keeps all
    numbers, p = 1 none. With training=False the result is x itself. Raises ValueError for p outside [0, 1], TypeError
    for an input that is not a tensor of floats.

    TODO: if training, multiply x by a mask: 0 where a number is dropped, the factor where it is kept.

    HINT: `default_generator().random(x.shape, dtype=np.float32)` draws uniformly from [0, 1), so `>= p` is true with
    probability 1 − p. `Tensor(mask, dtype=x.dtype)` keeps float64 out of a float32 network. For p = 1 avoid 1/0.
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    kept = default_generator().random(x.shape, dtype=np.float32) >= p
    factor = 1 / (1 - p) if p < 1 else 0.0
    return x * Tensor(kept * factor, dtype=x.dtype)
    ### END SOLUTION


class Dropout(Module):
    """Drops each element with probability `p` while its attribute `training` is True, as it is until `eval()`."""

    @checked_by(check_probability)
    def __init__(self, p: float = 0.5):
        ### BEGIN SOLUTION
        self.p = p
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return dropout(x, self.p, self.training)
        ### END SOLUTION

    def extra_repr(self):
        return f"p={self.p}"


# %% nbgrader={"grade": true, "grade_id": "test-dropout", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Dropout")
def test_dropout(verify):
    seed = int(generator().integers(2**31))

    def seeded(x, *settings):
        manual_seed(seed)
        return dropout(x, *settings)

    def dropped(x, p):
        part = (seeded(x, p).data == 0).mean()
        assert abs(part - p) < 0.01, f"with p={p}, {part:.1%} of the numbers were dropped"

    def values(x, p):
        return np.unique(seeded(x, p).data)

    def draws(x):
        first, second, again = seeded(x).data, dropout(x).data, seeded(x).data
        assert first.any(axis=0).all() and first.any(axis=1).all(), "whole rows or columns were dropped"
        assert (first != second).any(), "two calls dropped the same numbers; draw from default_generator()"
        assert (first == again).all(), "manual_seed should repeat the draw"

    def layer(x, p, training):
        manual_seed(seed)
        layer = Dropout(p).train(training)
        out = layer(x)
        assert training or out is x, "after eval() the layer should return its input itself"
        part = (out.data == 0).mean()
        assert abs(part - p * training) < 0.1, f"with p={p} and training={training}, {part:.0%} were dropped"
        return np.unique(out.data)

    with verify("p is the part that is dropped"):
        Case(dropped, ones(100_000), 0.2)()
    with verify("each number is either dropped or multiplied by 1 / (1 - p), and the dtype stays"):
        expect(np.float32([0.0, 1.25]), values, ones(1000), 0.2)
        expect(np.float64([0.0, 2.5]), values, Tensor(np.full(1000, 2.0)), 0.2)
    with verify("every number has its own draw, every call draws again, and manual_seed repeats it"):
        Case(draws, ones(100, 100))()
    with verify("p = 0 keeps everything, p = 1 nothing"):
        for p, kept in ((0, 1.0), (1, 0.0)):
            expect(Tensor(np.full(50, kept)), dropout, Tensor(np.ones(50)), p)
    with verify("the layer drops during training only"):
        expect(np.float32([0.0, 5.0]), layer, ones(1000), 0.8, True)
        expect(np.float32([1.0]), layer, ones(1000), 0.8, False)
    with verify("it can be traced back, and a p that is no probability is refused"):
        expect_recorded(dropout, Parameter(ones(3)))
        expect_error(ValueError, "p", Dropout, 1.5)


# %% [markdown]
# ## 8. Sequential
#
# The chain: the output of each layer is the input of the next. Its layers are attributes called "0", "1", …, so the
# walk finds them without knowing what a chain is.


# %% nbgrader={"grade": false, "grade_id": "sequential", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Sequential(Module):
    """A chain of layers: the output of each is the input of the next. A layer that stands twice runs twice.

    `Sequential(layer, layer, ...)` calls its layers "0", "1", …; `Sequential({"name": layer, ...})` by the given names.
    Raises TypeError for an argument that is not a layer.

    TODO: `__init__` sets each layer as an attribute, `forward` runs them in order, `__getitem__` selects among them.

    HINT: `setattr(self, "0", layer)`. In `forward`, `for layer in self` works. `own_modules(self)` is a list of pairs,
    which can be indexed, and sliced.
    """

    @checked_by(check_sequential)
    def __init__(self, *layers):
        ### BEGIN SOLUTION
        if len(layers) == 1 and isinstance(layers[0], dict):
            named = layers[0]
        else:
            named = {str(place): layer for place, layer in enumerate(layers)}
        for name, layer in named.items():
            setattr(self, name, layer)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        for layer in self:
            x = layer(x)
        return x
        ### END SOLUTION

    def __iter__(self):
        return iter([layer for _, layer in own_modules(self)])

    def __len__(self):
        return len(own_modules(self))

    def __getitem__(self, index):
        """Return the layer at `index`, or for a slice a Sequential of those layers, which keep their names."""
        ### BEGIN SOLUTION
        chosen = own_modules(self)[index]
        if isinstance(index, slice):
            return Sequential(dict(chosen))
        return chosen[1]
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-sequential", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sequential")
def test_sequential(verify):
    class Times(Module):
        def __init__(self, factor, offset):
            self.factor, self.offset = factor, offset

        def forward(self, x):
            return x * self.factor + self.offset

    a, b, x = Times(2.0, 1.0), Times(10.0, 3.0), Tensor([1.0])

    def chain(x, *layers):
        return Sequential(*layers)(x)

    def named(expected, *layers):
        same(names(own_modules(Sequential(*layers))), expected)

    def index():
        net = Sequential(a, ReLU(), b)
        assert net[0] is a and net[-1] is b, f"net[0] and net[-1] are {net[0]} and {net[-1]}"
        part = net[1:]
        assert isinstance(part, Sequential), f"a slice should be a Sequential, got {type(part).__name__}"
        same(own_modules(part), [("1", net[1]), ("2", b)])

    with verify("the output of each layer is the input of the next"):
        expect(Tensor([33.0]), chain, x, a, b)
        expect(Tensor([27.0]), chain, x, b, a)
    with verify("a layer that stands twice runs twice, and a chain without layers returns its input"):
        expect(Tensor([7.0]), chain, x, a, a)
        expect(Tensor([1.0]), chain, x)
    with verify("layers are named by their place, or as they are called in a dict"):
        Case(named, ["0", "1", "2"], a, b, a)()
        Case(named, ["first", "act"], {"first": a, "act": ReLU()})()
    with verify("an index gives a layer, a slice a shorter chain"):
        Case(index)()
    with verify("what is no layer is refused"):
        expect_error(TypeError, "layer 1", Sequential, a, relu)


# %% [markdown]
# ## What you have
#
# Networks of any shape: a class that sets layers as attributes and defines `forward` is one. Two questions: in
# `Sequential(a, a)` a layer stands twice. How many parameters are learned, and how many entries does the `state_dict`
# have? And two linear layers without an activation between them are one: which weight and bias does it have?

# %%
report()
