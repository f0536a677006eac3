"""What modules get from support: calls, names, refusals, repr; and checks of layers' arguments."""

from collections import deque

import numpy as np
import pytest

from tinytorch.core.activations import relu
from tinytorch.core.layers import Linear, Module, Parameter, ReLU, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.creation import ones, zeros
from tinytorch.support.layers import (
    LoadedKeys,
    ModuleMethods,
    as_arrays,
    check_dropout,
    check_input,
    check_linear,
    check_probability,
    check_sequential,
    check_sizes,
    dotted,
    misfit_error,
    own_buffers,
    own_modules,
    own_parameters,
)


class Part(ModuleMethods):
    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


# ---- calls and errors ----------------------------------------------------------------------------


class Square(Module):
    def forward(self, x, *, times=1.0):
        if times == 0:
            raise ValueError("times: expected a number other than 0")
        return x * x * times


class Around(Module):
    def __init__(self):
        self.inner = Square()

    def forward(self, x, **settings):
        return self.inner(x, **settings)


def test_a_call_runs_forward_with_all_arguments():
    assert Square()(Tensor([3.0]), times=2.0).item() == 18.0


def test_the_innermost_module_puts_its_name_before_an_error_once():
    for module in (Square(), Around()):
        with pytest.raises(ValueError, match="^Square: times: expected a number other than 0$"):
            module(Tensor([3.0]), times=0)
    with pytest.raises(ValueError, match="^Linear: input: expected 3 features"):
        Sequential(Linear(3, 2))(ones(1, 4))
    with pytest.raises(TypeError, match="^Square.*forward"):
        Square()()


def test_other_errors_pass_unchanged():
    class Broken(Module):
        def forward(self, x):
            raise KeyError("x")

    with pytest.raises(KeyError, match="^'x'$"):
        Broken()(ones(1))


# ---- what a module holds -------------------------------------------------------------------------


def test_own_lists_have_the_attributes_of_their_kind_in_the_order_they_were_set_in():
    a, b, weight, bias = Part(), Part(), Parameter(ones(1)), Parameter(zeros(1))
    module = Part(b=b, weight=weight, size=3, a=a, constant=ones(2), bias=bias, sizes=[1, 2], names={"a": "b"})
    assert own_modules(module) == [("b", b), ("a", a)]
    assert [(name, id(p)) for name, p in own_parameters(module)] == [("weight", id(weight)), ("bias", id(bias))]
    assert own_buffers(module) == []


def test_children_come_once_under_their_first_name():
    a, b = Part(), Part()
    module = Part(x=a, y=b, z=a)
    assert list(module.named_children()) == [("x", a), ("y", b)]
    assert list(module.children()) == [a, b]


def test_a_buffer_is_registered_by_name_and_stays_one_when_it_is_replaced():
    module, other = Part(), Part()
    module.register_buffer("mean", zeros(2))
    module.register_buffer("unused", None)
    module.register_buffer("mean", ones(2))
    assert [name for name, _ in own_buffers(module)] == ["mean"]
    module.mean = new = ones(2)
    assert own_buffers(module)[0][1] is new
    module.mean = None
    assert own_buffers(module) == own_buffers(other) == []


def test_a_buffer_must_be_a_tensor():
    with pytest.raises(TypeError, match="^register_buffer: mean: expected a Tensor or None, got ndarray$"):
        Part().register_buffer("mean", np.zeros(3))


def test_a_parameter_is_not_replaced_by_a_plain_tensor():
    layer = Linear(2, 2)
    message = (
        r"^Linear.weight is a parameter: expected a Parameter or None, got Tensor; to change its numbers write "
        r"\.weight\.data\[\.\.\.\] = values$"
    )
    with pytest.raises(TypeError, match=message):
        layer.weight = layer.weight - 0.1
    layer.bias = None
    layer.weight = new = Parameter(zeros(2, 2))
    assert [p is new for p in layer.parameters()] == [True]


HIDING = {
    "list": lambda x: [x],
    "tuple": lambda x: (x,),
    "dict": lambda x: {"a": x},
    "key": lambda x: {x: 1},
    "set": lambda x: {x},
    "frozenset": lambda x: frozenset([x]),
    "deque": lambda x: deque([x]),
    "list of lists": lambda x: [[1, 2], [3, [x]]],
    "dict of lists": lambda x: {"a": [1], "b": (x,)},
    "list of dicts": lambda x: [{"a": x}],
}


@pytest.mark.parametrize("hide", HIDING.values(), ids=HIDING)
@pytest.mark.parametrize("item", [ReLU(), Parameter(ones(1))], ids=["module", "parameter"])
def test_what_is_hidden_in_a_list_is_an_error_that_says_so(hide, item):
    module = Module()
    module.layers = hide(item)
    kind = type(module.layers).__name__
    message = (
        rf"^Module.layers: a {kind} hides layers and parameters from the network; use a Sequential, a "
        r"ModuleList or a ModuleDict, or an attribute for each: setattr\(self, f'layers\{i\}', item\)$"
    )
    for walk in (module.parameters, module.modules, module.named_children, module.state_dict):
        with pytest.raises(TypeError, match=message):
            list(walk())


def test_plain_containers_are_attributes_like_any_other_even_one_that_holds_itself():
    module, endless = Module(), [1]
    endless.append(endless)
    module.sizes, module.names, module.endless = [[1, 2], [3]], {"a": {"b"}}, endless
    assert list(module.parameters()) == []


def test_names_are_joined_with_a_dot_unless_the_first_is_empty():
    assert dotted("body", "0") == "body.0" and dotted("", "0") == "0"


# ---- repr ----------------------------------------------------------------------------------------


def test_a_module_shows_its_settings_and_its_parts_as_torch_does():
    class Block(Module):
        def __init__(self):
            self.act = ReLU()

        def extra_repr(self):
            return "size=3"

    assert repr(Sequential()) == "Sequential()"
    assert repr(Sequential(Linear(3, 4), Sequential({"block": Block()}))) == "\n".join(
        [
            "Sequential(",
            "  (0): Linear(in_features=3, out_features=4, bias=True)",
            "  (1): Sequential(",
            "    (block): Block(",
            "      size=3",
            "      (act): ReLU()",
            "    )",
            "  )",
            ")",
        ]
    )


def test_a_parameter_shows_that_it_is_one():
    assert repr(Parameter([1.0])) == "Parameter containing:\nTensor([1.], requires_grad=True)"


# ---- loading -------------------------------------------------------------------------------------


def test_the_entries_of_a_state_become_arrays():
    array = np.ones(2)
    arrays = as_arrays({"a": array, "b": Tensor([1.0]), "c": [1, 2], "d": 3})
    assert arrays["a"] is array
    assert [type(value) for value in arrays.values()] == [np.ndarray] * 4 and arrays["c"].tolist() == [1, 2]


def test_what_is_no_state_is_refused():
    with pytest.raises(TypeError, match="^state_dict: expected a dict of names and tensors, got list$"):
        as_arrays([1, 2])
    with pytest.raises(TypeError, match="^state_dict: weight: data: expected numbers, got str 'zeros'"):
        as_arrays({"weight": "zeros"})


def test_the_error_lists_the_given_names_by_kind():
    own = {"weight": ones(2, 3), "bias": ones(2), "count": ones(1)}
    given = {"weight": np.ones((3, 2)), "scale": np.ones(1), "count": np.ones(1)}
    assert str(misfit_error(own, given, ["weight", "scale", "bias"])).splitlines() == [
        "state_dict does not fit, and nothing was loaded",
        "  missing     bias, of shape (2,)",
        "  unexpected  scale",
        "  shape       weight: expected (2, 3), got (3, 2)",
    ]
    assert str(misfit_error(own, given, iter(["scale"]))).splitlines()[1:] == [
        "  unexpected  scale",
        "to load what fits: load_state_dict(state_dict, strict=False)",
    ]


def test_the_error_of_loading_begins_with_the_name_of_the_module():
    with pytest.raises(ValueError, match="^Linear: "):
        Linear(2, 2).load_state_dict({})
    with pytest.raises(TypeError, match="^Linear: state_dict: expected a dict of names and tensors, got list"):
        Linear(2, 2).load_state_dict([1, 2])


def test_loaded_keys_can_be_read_by_name_and_by_place():
    keys = LoadedKeys(["a"], ["b"])
    assert keys == (["a"], ["b"]) and (keys.missing_keys, keys.unexpected_keys) == (["a"], ["b"])


# ---- arguments of layers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (5, 3),
            r"^Linear: input: expected 784 features in the last axis, got shape \(5, 3\); use Linear\(3, 10\), or change the layers before it$",
        ),
        ((5, 28, 28), r"got shape \(5, 28, 28\); flatten each sample first: x.flatten\(1\)$"),
        ((), r"expected 784 features in the last axis, got shape \(\)$"),
    ],
    ids=str,
)
def test_an_input_of_the_wrong_size_is_refused_with_a_way_out(shape, message):
    with pytest.raises(ValueError, match=message):
        check_linear(np.zeros(shape), np.zeros((10, 784)))


def test_a_weight_or_bias_of_another_shape_is_refused():
    x, weight = np.zeros((2, 3)), np.zeros((4, 3))
    check_linear(x, weight, np.zeros(4))
    message = r"^Linear: weight: expected shape \(out_features, in_features\), got \(3,\)$"
    with pytest.raises(ValueError, match=message):
        check_linear(x, np.zeros(3))
    with pytest.raises(ValueError, match=r"^Linear: bias: expected shape \(4,\), got \(1,\)$"):
        check_linear(x, weight, np.zeros(1))


@pytest.mark.parametrize(
    ("arguments", "name"), [((0, 2), "in_features"), ((2, -1), "out_features"), ((2.0, 2), "in_features")]
)
def test_sizes_that_are_no_sizes_are_refused(arguments, name):
    with pytest.raises(ValueError, match=rf"^Linear: {name}: expected a whole number of at least 1, got"):
        check_sizes(None, *arguments)
    check_sizes(None, np.int64(3), 1, bias=False)


@pytest.mark.parametrize("x", [np.zeros((1, 3)), [[0.0, 0.0, 0.0]], None], ids=["array", "list", "None"])
def test_an_input_that_is_not_a_tensor_is_refused(x):
    kind = type(x).__name__
    with pytest.raises(TypeError, match=rf"^ReLU: input: expected a Tensor, got {kind}; wrap it: Tensor\(x\)$"):
        check_input(ReLU(), x)
    with pytest.raises(TypeError, match=rf"^Dropout: input: expected a Tensor, got {kind}; wrap it: Tensor\(x\)$"):
        check_dropout(x)


def test_dropout_takes_floats_only():
    check_dropout(ones(2), 1)
    message = r"^Dropout: input: expected floats, got int64; convert: Tensor\(x, dtype=np.float32\)$"
    with pytest.raises(TypeError, match=message):
        check_dropout(Tensor(np.array([1, 2])))


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan"), "half", None])
def test_p_must_be_a_probability(p):
    for check in (lambda: check_probability(None, p), lambda: check_dropout(ones(2), p)):
        with pytest.raises(ValueError, match="^Dropout: p: expected a probability from 0 to 1, got .* is dropped$"):
            check()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (ReLU, r"got <class .*ReLU.*>; make one first, such as ReLU\(\)$"),
        (relu, r"got <function relu .*>; make one first, such as ReLU\(\)$"),
        ([ReLU()], r"got \[ReLU\(\)\]; unpack it: Sequential\(\*layers\)$"),
        (None, "got None; make one first"),
    ],
    ids=["class", "function", "list", "None"],
)
def test_what_is_no_layer_is_refused_with_its_place_or_name(bad, message):
    with pytest.raises(TypeError, match=f"^Sequential: layer 1: expected a layer, {message}"):
        check_sequential(None, ReLU(), bad)
    with pytest.raises(TypeError, match=f"^Sequential: layer act: expected a layer, {message}"):
        check_sequential(None, {"act": bad})
    check_sequential(None, ReLU(), Sequential())
    check_sequential(None, {"act": ReLU()})
