"""linear, Linear and dropout."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.random import manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, layer, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


def _seeded(seed: int, function: Callable[[], Any]) -> Any:
    manual_seed(seed)
    return function()


# --- the linear map ---


@draws("linear")
def _linear_maps(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def maps(*inputs: Any) -> list[Any]:
        found: list[Any] = []
        for x, weight, bias in zip(inputs[::3], inputs[1::3], inputs[2::3], strict=True):
            w = home.Tensor(weight.data, requires_grad=True)
            for call in (
                functools.partial(home.linear, x, weight, bias),
                functools.partial(home.linear, x, weight),
                lambda x=x, w=w: str(home.linear(x, w).grad_fn is None),
            ):
                try:
                    found.append(call())
                except (ValueError, TypeError, AttributeError) as error:
                    found.append(str(error))
        return found

    shapes = [((4, 3), (3, 3), (3,)), ((2, 4, 3), (5, 3), (5,)), ((3,), (2, 3), (2,))]
    return Case(maps, *(home.Tensor(generator.standard_normal(shape)) for three in shapes for shape in three))


def _linear(x: Any, weight: Any, bias: Any, product: Callable[[Any, Any], Any] = lambda rows, w: rows @ w.T) -> Any:
    y = product(x.reshape(-1, x.shape[-1]), weight)
    y = y if bias is None else y + bias
    return y.reshape(*x.shape[:-1], y.shape[-1])


@misconception(
    "linear",
    name="the weight is not transposed",
    belief="y = x @ weight.",
    explanation="The weight has one row per output, (out, in): x (..., in) meets its transpose.",
    hints=("What are the shapes of rows and weight? (n, in) and (out, in).", "rows @ weight.T."),
)
def weight_not_transposed(x: Any, weight: Any, bias: Any = None) -> Any:
    return _linear(x, weight, bias, lambda rows, weight: rows @ weight)


@misconception(
    "linear",
    name="the weight is reshaped where it should be transposed",
    belief="reshape(in, out) turns (out, in) around.",
    explanation="It reads the same row of numbers with other line breaks; a transpose also moves the numbers.",
    hints=("What is [[1, 2, 3], [4, 5, 6]].reshape(3, 2)?", "weight.T."),
)
def weight_reshaped(x: Any, weight: Any, bias: Any = None) -> Any:
    return _linear(x, weight, bias, lambda rows, weight: rows @ weight.reshape(*weight.shape[::-1]))


@misconception(
    "linear",
    name="the bias is not added",
    belief="A linear map is a matrix product.",
    explanation="Every output has an offset of its own; bias (out,) broadcasts over the rows.",
    hints=("What is linear(zeros, weight, bias)?", "y + bias, if there is a bias."),
)
def bias_forgotten(x: Any, weight: Any, bias: Any = None) -> Any:
    return _linear(x, weight, None)


@misconception(
    "linear",
    name="the bias is subtracted",
    belief="The bias is a threshold.",
    explanation="It is an offset: y = x @ weight.T + bias.",
    hints=("What is linear(zeros, weight, bias)?", "y + bias."),
)
def bias_subtracted(x: Any, weight: Any, bias: Any = None) -> Any:
    return _linear(x, weight, None if bias is None else -bias)


@misconception(
    "linear",
    name="the bias multiplies",
    belief="Each output is scaled by its bias.",
    explanation="It is an offset: y = x @ weight.T + bias.",
    hints=("What is linear(zeros, weight, bias)?", "y + bias, not y * bias."),
)
def bias_multiplied(x: Any, weight: Any, bias: Any = None) -> Any:
    y = _linear(x, weight, None)
    return y if bias is None else y * bias


@misconception(
    "linear",
    name="a bias is added even where there is none",
    belief="Every linear map has a bias.",
    explanation="bias=None means that nothing is added.",
    hints=("What is y + None?", "if bias is not None: y = y + bias."),
)
def bias_always_added(x: Any, weight: Any, bias: Any = None) -> Any:
    here: Any = called_from()
    y = _linear(x, weight, None)
    return y + (here.Tensor(bias) if bias is None else bias)


@misconception(
    "linear",
    name="the leading axes do not come back",
    belief="The result is a table of rows.",
    explanation="Merging the leading axes is for the product only: (..., in) gives (..., out).",
    hints=("What shape has linear of (2, 4, 3) with 5 outputs? (2, 4, 5).", "y.reshape(*x.shape[:-1], out)."),
)
def rows_stay_merged(x: Any, weight: Any, bias: Any = None) -> Any:
    y = x.reshape(-1, x.shape[-1]) @ weight.T
    return y if bias is None else y + bias


@misconception(
    "linear",
    name="all axes but the first are merged, the features of a whole sample",
    belief="A sample is one row: x.reshape(len(x), -1).",
    explanation="The features are the last axis only. All axes before it count rows: x.reshape(-1, in).",
    hints=("How many rows has an input of shape (2, 4, 3)? Eight.", "x.reshape(-1, in_features)."),
)
def samples_flattened(x: Any, weight: Any, bias: Any = None) -> Any:
    y = x.reshape(len(x), -1) @ weight.T
    y = y if bias is None else y + bias
    return y.reshape(*x.shape[:-1], y.shape[-1])


@misconception(
    "linear",
    name="it is computed from .data, outside of the graph",
    belief="Arrays give the same numbers.",
    explanation="What is computed from .data is not recorded: no gradient could come back to the weight.",
    hints=("Does the result have a grad_fn?", "Use x, weight and bias themselves."),
)
def linear_outside_graph(x: Any, weight: Any, bias: Any = None) -> Any:
    return _linear(x, weight, bias).detach()


# --- Linear ---


def _linear_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    seed = int(generator.integers(1000))

    def layers(x: Any) -> list[Any]:
        facts: list[Any] = []
        for bias in (True, False):
            layer, again = (_seeded(seed, functools.partial(home.Linear, 4, 4, bias)) for _ in range(2))
            repeated = np.array_equal(np.asarray(layer.weight), np.asarray(again.weight))
            facts += [repeated, getattr(layer, "in_features", None), getattr(layer, "out_features", None)]
            facts.append([name for name in vars(layer) if name in ("weight", "bias")])
            for tensor in (layer.weight, layer.bias):
                facts += [type(tensor).__name__, str(getattr(tensor, "dtype", None))]
                facts += [getattr(tensor, "data", "no tensor")] if repeated else []
            try:
                out = layer(x)
                facts += [out.shape, str(out.dtype), out.grad_fn is None, *([out] if repeated else [])]
            except (TypeError, AttributeError, ValueError) as error:
                facts.append(str(error))
            facts += [getattr(home.Linear(9, 2).weight, "data", "no tensor")] if repeated else []
        return facts

    return Case(layers, home.Tensor(generator.standard_normal((2, 3, 4)).astype(np.float32)))


draws("Linear.__init__")(_linear_layers)
draws("Linear.forward")(_linear_layers)


def _init(layer: Any, sizes: tuple[int, int], bias: bool, draw: Callable[[Any, tuple[int, ...]], Array]) -> None:
    """Linear.__init__ with other first numbers: draw(generator, shape)."""
    here: Any = called_from()
    layer.in_features, layer.out_features = sizes
    generator = here.default_generator()
    layer.weight = here.Parameter(draw(generator, sizes[::-1]), dtype=np.float32)
    layer.bias = here.Parameter(draw(generator, sizes[1:]), dtype=np.float32) if bias else None


def _uniform(bound: float) -> Callable[[Any, tuple[int, ...]], Array]:
    return lambda generator, shape: generator.uniform(-bound, bound, shape)


@misconception(
    "Linear.__init__",
    name="the first weights are drawn with variance 1",
    belief="Random numbers are random numbers.",
    explanation="The sum of n of them grows as sqrt(n). Uniform in +-1/sqrt(in_features) keeps the size.",
    hints=("How large are the outputs of 1600 inputs?", "uniform(-bound, bound), bound = 1/sqrt(in_features)."),
)
def weights_too_large(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.standard_normal(shape))


@misconception(
    "Linear.__init__",
    name="the first weights are normal draws, not uniform ones",
    belief="Random weights are drawn from a bell curve.",
    explanation="torch draws them uniformly: no weight is larger than the bound.",
    hints=("How large is the largest of 2,000 weights?", "default_generator().uniform(-bound, bound, shape)."),
)
def weights_normal(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(in_features)
    _init(self, (in_features, out_features), bias, lambda generator, shape: bound * generator.standard_normal(shape))


@misconception(
    "Linear.__init__",
    name="all weights start at zero",
    belief="Learning will find the numbers.",
    explanation="Units that start equal receive equal gradients and stay equal for ever.",
    hints=("What tells two units apart at the start?", "default_generator().uniform(-bound, bound, shape)."),
)
def weights_zero(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, lambda generator, shape: np.zeros(shape))


@misconception(
    "Linear.__init__",
    name="the bound is 1 / in_features, without the root",
    belief="n inputs share a total of 1.",
    explanation="Signs cancel: the sum of n random numbers grows as sqrt(n), so the bound is 1 / sqrt(n).",
    hints=("Do your outputs get smaller with more inputs?", "1 / math.sqrt(in_features)."),
)
def bound_without_root(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, _uniform(1 / in_features))


@misconception(
    "Linear.__init__",
    name="the bound is taken from out_features",
    belief="A layer's size is the number of its outputs.",
    explanation="Each output is a sum over in_features products: their number sets the bound.",
    hints=("How many products are in one output?", "1 / math.sqrt(in_features)."),
)
def bound_from_outputs(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(out_features)))


@misconception(
    "Linear.__init__",
    name="no weight is negative",
    belief="random() draws the weights.",
    explanation="It draws from 0 to 1: all outputs would rise together. The interval is -bound to +bound.",
    hints=("What is the smallest of your weights?", "uniform(-bound, bound, shape)."),
)
def weights_positive(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(in_features)
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.uniform(0, bound, shape))


@misconception(
    "Linear.__init__",
    name="the weight has one row per input",
    belief="The weight has shape (in, out).",
    explanation="As in torch it has one row per output: (out_features, in_features).",
    hints=("What shape has Linear(784, 128).weight in torch? (128, 784).", "(out_features, in_features)."),
)
def rows_per_input(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    draw = _uniform(1 / math.sqrt(in_features))
    _init(self, (in_features, out_features), bias, lambda generator, shape: draw(generator, shape[::-1]))


@misconception(
    "Linear.__init__",
    name="the bias starts at zero",
    belief="A bias starts at zero.",
    explanation="In some frameworks. In torch, and here, it is drawn from the same interval as the weight.",
    hints=("What does the docstring say about the bias?", "Draw it from the same interval as the weight."),
)
def bias_zero(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    draw = _uniform(1 / math.sqrt(in_features))
    _init(
        self,
        (in_features, out_features),
        bias,
        lambda generator, shape: draw(generator, shape) if len(shape) > 1 else np.zeros(shape),
    )


@misconception(
    "Linear.__init__",
    name="the bias is there even if the layer is made without",
    belief="Every linear layer has a bias.",
    explanation="With bias=False the attribute is None, and nothing is added.",
    hints=("Where do you use the argument bias?", "self.bias = ... if bias else None."),
)
def bias_always_there(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), True, _uniform(1 / math.sqrt(in_features)))


@misconception(
    "Linear.__init__",
    name="the numbers come from a generator that manual_seed does not know",
    belief="np.random is the source of random numbers.",
    explanation="Then no run could be repeated. Everything random comes from default_generator().",
    hints=("Do two layers made after manual_seed(0) start equal?", "default_generator().uniform(...)."),
)
def other_generator(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    draw, own = _uniform(1 / math.sqrt(in_features)), np.random.default_rng()
    _init(self, (in_features, out_features), bias, lambda generator, shape: draw(own, shape))


@misconception(
    "Linear.__init__",
    name="every layer starts with the same numbers",
    belief="A fixed seed makes results repeatable.",
    explanation="Two layers of one shape would be equal. default_generator() goes on from draw to draw.",
    hints=("Are the weights of two new layers equal?", "default_generator().uniform(...)."),
)
def same_numbers(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    draw = _uniform(1 / math.sqrt(in_features))
    _init(self, (in_features, out_features), bias, lambda generator, shape: draw(np.random.default_rng(0), shape))


@misconception(
    "Linear.__init__",
    name="weight and bias are plain tensors",
    belief="A tensor with requires_grad=True is learned.",
    explanation="Only a Parameter is found by parameters(): an optimizer would never see these.",
    hints=("How many parameters has your layer?", "self.weight = Parameter(...)."),
)
def plain_tensors(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(in_features)))
    for name in ("weight", "bias") if bias else ("weight",):
        vars(self)[name] = here.Tensor(getattr(self, name).data, requires_grad=True)


@misconception(
    "Linear.__init__",
    name="the bias is a plain tensor",
    belief="The weight is learned, the bias only added.",
    explanation="Both are learned: only a Parameter is found by parameters().",
    hints=("How many parameters has your layer? It should have two.", "self.bias = Parameter(...)."),
)
def plain_bias(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(in_features)))
    if bias:
        vars(self)["bias"] = here.Tensor(self.bias.data, requires_grad=True)


@misconception(
    "Linear.__init__",
    name="the weight is a list of tensors, one for each output",
    belief="A list of rows is a matrix.",
    explanation="No walk looks into a list: nothing in it is learned. One Parameter holds all rows.",
    hints=("How many parameters has your layer?", "self.weight = Parameter(array of shape (out, in))."),
)
def list_of_tensors(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(in_features)))
    vars(self)["weight"] = [here.Tensor(row, requires_grad=True) for row in self.weight.data]


@misconception(
    "Linear.__init__",
    name="the weights are float64",
    belief="NumPy's draws can be used as they are.",
    explanation="They are float64: twice the memory, half the speed, and the whole network would follow.",
    hints=("What is layer.weight.dtype?", "Parameter(array, dtype=np.float32)."),
)
def weights_float64(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    self.in_features, self.out_features = in_features, out_features
    bound, draw = 1 / math.sqrt(in_features), here.default_generator().uniform
    self.weight = here.Parameter(draw(-bound, bound, (out_features, in_features)))
    self.bias = here.Parameter(draw(-bound, bound, out_features)) if bias else None


@misconception(
    "Linear.__init__",
    name="the bias is set before the weight",
    belief="The order of attributes does not matter.",
    explanation="Parameters are listed, saved and counted in the order they were set in: the weight comes first.",
    hints=("What is the first name of layer.named_parameters()?", "self.weight = ..., and then self.bias = ..."),
)
def bias_first(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(in_features)))
    vars(self)["weight"] = vars(self).pop("weight")


@misconception(
    "Linear.__init__",
    name="the sizes are not kept",
    belief="The shape of the weight says enough.",
    explanation="in_features and out_features are attributes, as in torch; the repr shows them.",
    hints=("What is layer.in_features?", "self.in_features = in_features."),
)
def sizes_not_kept(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    _init(self, (in_features, out_features), bias, _uniform(1 / math.sqrt(in_features)))
    del self.in_features, self.out_features


@misconception(
    "Linear.forward",
    name="the bias is not passed on",
    belief="linear(x, weight) is the layer.",
    explanation="The layer has a bias, too, unless it was made without.",
    hints=("What is layer(zeros(1, n))?", "linear(x, self.weight, self.bias)."),
)
def layer_without_bias(self: Any, x: Any) -> Any:
    return called_from().linear(x, self.weight)


@misconception(
    "Linear.forward",
    name="the bias is added even where it is None",
    belief="Every linear layer has a bias.",
    explanation="Without a bias the attribute is None; `linear` takes None for no bias.",
    hints=("What is y + None?", "linear(x, self.weight, self.bias)."),
)
def none_added(self: Any, x: Any) -> Any:
    return x @ self.weight.T + self.bias


@misconception(
    "Linear.forward",
    name="the product is computed with NumPy, outside of the graph",
    belief="x.data @ weight.data.T is the product.",
    explanation="What is computed from .data is not recorded: the weight would never receive a gradient.",
    hints=("Has layer(x) a grad_fn?", "linear(x, self.weight, self.bias)."),
)
def layer_outside_graph(self: Any, x: Any) -> Any:
    return called_from().linear(x, self.weight, self.bias).detach()


# --- dropout ---


# The tests of the layer leave what is not listed here to those of the function.
_ONLY_IN_FUNCTION = (
    "columns_dropped",
    "same_numbers_dropped",
    "mask_from_other_generator",
    "mask_float64",
    "divided_by_zero",
    "dropped_outside_graph",
)


@layer("Dropout.forward", of="dropout", without=_ONLY_IN_FUNCTION)
def _dropout_forward(home: Any, self: Any, x: Any) -> Any:
    return home.dropout(x, self.p, self.training)


@draws("dropout")
def _dropouts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    seed = int(generator.integers(1000))

    def dropped(x: Any) -> list[Any]:
        w, narrow = home.Tensor(x.data, requires_grad=True), home.Tensor(x.data.astype(np.float32))
        first, again = (_seeded(seed, lambda: home.dropout(x, 0.5)) for _ in range(2))
        if not np.array_equal(first.data, again.data):
            return ["not repeated", first.shape, str(first.dtype), home.dropout(x, 0.3, False) is x]
        facts: list[Any] = [home.dropout(x, p) for p in (0.2, 0.5, 0.8)]
        try:
            facts.append(home.dropout(x, 1.0))
        except ZeroDivisionError as error:
            facts.append(str(error))
        facts += [home.dropout(narrow, 0.5), home.dropout(x, 0.5, False)]
        dtypes = [str(getattr(out, "dtype", "")) for out in facts]
        return [*facts, *dtypes, home.dropout(w, 0.5).grad_fn is None, home.dropout(x, 0.3, False) is x]

    return Case(dropped, home.Tensor(generator.standard_normal((6, 5))))


def _dropout(
    x: Any, p: float, factor: float, part: float | None = None, shape: Any = None, generator: Any = None
) -> Any:
    """dropout with another factor, another part that is dropped, or a mask of another shape or generator."""
    here: Any = called_from()
    generator = here.default_generator() if generator is None else generator
    kept = generator.random(x.shape if shape is None else shape, dtype=np.float32) >= (p if part is None else part)
    return x * here.Tensor(kept * factor, dtype=x.dtype)


def _factor(p: float) -> float:
    return 1 / (1 - p) if p < 1 else 0.0


@misconception(
    "dropout",
    name="what is kept is not scaled",
    belief="Dropout sets numbers to zero, and that is all.",
    explanation="Sums would be smaller in training than later. What is kept is multiplied by 1 / (1 - p).",
    hints=("What is the mean of 100,000 ones after dropout?", "The factor is 1 / (1 - p)."),
)
def not_scaled(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1.0) if training else x


@misconception(
    "dropout",
    name="numbers are dropped after eval(), too",
    belief="Dropout is part of the network.",
    explanation="It is part of the training: with training=False the result is the input itself.",
    hints=("Where do you use `training`?", "if not training: return x."),
)
def dropped_in_eval(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p))


@misconception(
    "dropout",
    name="p is the part that is kept",
    belief="p is the probability to be kept.",
    explanation="As in torch p is the part that is dropped: Dropout(0.2) drops a fifth.",
    hints=("How many zeros does dropout(x, p=0.2) make?", "Kept are those with draw >= p."),
)
def p_is_kept(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 / p if p > 0 else 0.0, part=1 - p) if training else x


@misconception(
    "dropout",
    name="a part 1 - p is dropped and the rest scaled for p",
    belief="draw < p keeps the right ones.",
    explanation="It keeps a part p. A draw from [0, 1) is >= p with probability 1 - p: those are kept.",
    hints=("How many zeros does dropout(x, p=0.2) make?", "Kept are those with draw >= p."),
)
def comparison_turned(x: Any, p: float = 0.5, training: bool = True) -> Any:
    here: Any = called_from()
    if not training:
        return x
    kept = here.default_generator().random(x.shape, dtype=np.float32) < p
    return x * here.Tensor(kept * _factor(p), dtype=x.dtype)


@misconception(
    "dropout",
    name="what is kept is multiplied by 1 / p",
    belief="The factor makes up for p.",
    explanation="A part 1 - p is kept: p * 0 + (1 - p) * x * factor is x for factor 1 / (1 - p).",
    hints=("Which factor keeps the mean for p = 0.2? 1.25.", "1 / (1 - p)."),
)
def scaled_by_p(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 / p if p > 0 else 1.0) if training else x


@misconception(
    "dropout",
    name="what is kept is multiplied by 1 - p",
    belief="The sums are too large and must be made smaller.",
    explanation="They are too small, a part p is missing: divide by 1 - p.",
    hints=("Is the mean of ones after dropout 1?", "1 / (1 - p)."),
)
def scaled_the_wrong_way(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 - p) if training else x


@misconception(
    "dropout",
    name="the scaling is done after eval(), not during training",
    belief="Dropout multiplies by 1 - p in the end.",
    explanation="That keeps the mean as well, and costs work in every use. Here eval() changes nothing.",
    hints=("What should dropout(x, training=False) be? x itself.", "Scale during training, by 1 / (1 - p)."),
)
def scaled_in_eval(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1.0) if training else x * (1 - p)


@misconception(
    "dropout",
    name="whole columns are dropped",
    belief="One draw for each feature.",
    explanation="Every number has its own draw: random(x.shape).",
    hints=("How many draws does a (64, 10) batch need? 640.", "default_generator().random(x.shape, ...)."),
)
def columns_dropped(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p), shape=x.shape[-1:]) if training else x


@misconception(
    "dropout",
    name="every call drops the same numbers",
    belief="A fixed seed makes results repeatable.",
    explanation="The network would never see the others. default_generator() goes on from call to call.",
    hints=("Call it twice: are the zeros in the same places?", "default_generator().random(...)."),
)
def same_numbers_dropped(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p), generator=np.random.default_rng(0)) if training else x


@misconception(
    "dropout",
    name="the draws come from a generator that manual_seed does not know",
    belief="np.random is the source of random numbers.",
    explanation="Then no run could be repeated. Everything random comes from default_generator().",
    hints=("Does manual_seed repeat your mask?", "default_generator().random(...)."),
)
def mask_from_other_generator(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p), generator=np.random.default_rng()) if training else x


@misconception(
    "dropout",
    name="the mask is float64",
    belief="A mask of zeros and factors fits any x.",
    explanation="True times a Python float is float64, and so is then everything behind it: the mask takes x.dtype.",
    hints=("What is dropout(ones(4)).dtype?", "Tensor(mask, dtype=x.dtype)."),
)
def mask_float64(x: Any, p: float = 0.5, training: bool = True) -> Any:
    here: Any = called_from()
    return _dropout(x, p, _factor(p)) * here.Tensor(np.ones(1)) if training else x


@misconception(
    "dropout",
    name="p = 1 divides by zero",
    belief="1 / (1 - p) is the factor for every p.",
    explanation="For p = 1 nothing is kept, and no factor is needed: avoid 1 / 0.",
    hints=("What is the factor for p = 1?", "1 / (1 - p) if p < 1 else 0.0."),
)
def divided_by_zero(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 / (1 - p)) if training else x


@misconception(
    "dropout",
    name="the mask is applied to .data, outside of the graph",
    belief="x.data * mask is the result.",
    explanation="What is computed from .data is not recorded: no gradient would ever come back through it.",
    hints=("Has dropout(w) a grad_fn?", "x * Tensor(mask)."),
)
def dropped_outside_graph(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p)).detach() if training else x
