"""linear, Linear and dropout."""

from __future__ import annotations

import functools
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


def _seeded(home: types.ModuleType, seed: int = 0) -> None:
    sys.modules[home.default_generator.__module__].manual_seed(seed)


# --- the linear map ---


@draws("linear")
def _linear_maps(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def maps(*inputs: Any) -> list[Any]:
        found: list[Any] = []
        for x, weight, bias in zip(inputs[::3], inputs[1::3], inputs[2::3], strict=True):
            for call in (functools.partial(home.linear, x, weight, bias), functools.partial(home.linear, x, weight)):
                try:
                    found.append(call())
                except ValueError as error:
                    found.append(str(error))
        return found

    shapes = [((4, 3), (3, 3), (3,)), ((2, 4, 3), (5, 3), (5,)), ((3,), (2, 3), (2,))]
    return Case(maps, *(home.Tensor(generator.standard_normal(shape)) for three in shapes for shape in three))


def _linear(x: Array, weight: Array, bias: Array | None, product: Callable[[Array, Array], Array]) -> Array:
    called_from()._check_linear(x, weight, bias)
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    y = product(rows, weight).reshape(*x.shape[:-1], -1)
    return y if bias is None else y + bias


@misconception(
    "linear",
    name="the weight is not transposed",
    belief="y = x @ weight.",
    explanation="The weight has one row per output, (out, in): x (..., in) meets its transpose.",
    hints=("What are the shapes of rows and weight? (n, in) and (out, in).", "rows @ weight.T."),
)
def weight_not_transposed(x: Array, weight: Array, bias: Array | None = None) -> Array:
    return _linear(x, weight, bias, lambda rows, weight: rows @ weight)


@misconception(
    "linear",
    name="the bias is not added",
    belief="A linear map is a matrix product.",
    explanation="Every output has an offset of its own; bias (out,) broadcasts over the rows.",
    hints=("What is linear(zeros, weight, bias)?", "y if bias is None else y + bias."),
)
def bias_forgotten(x: Array, weight: Array, bias: Array | None = None) -> Array:
    called_from()._check_linear(x, weight, bias)
    return _linear(x, weight, None, lambda rows, weight: rows @ weight.T)


@misconception(
    "linear",
    name="the bias is subtracted",
    belief="The bias is a threshold.",
    explanation="It is an offset: y = x @ weight.T + bias.",
    hints=("What is linear(zeros, weight, bias)?", "y + bias."),
)
def bias_subtracted(x: Array, weight: Array, bias: Array | None = None) -> Array:
    return _linear(x, weight, None if bias is None else -bias, lambda rows, weight: rows @ weight.T)


@misconception(
    "linear",
    name="the bias multiplies",
    belief="Each output is scaled by its bias.",
    explanation="It is an offset: y = x @ weight.T + bias.",
    hints=("What is linear(zeros, weight, bias)?", "y + bias, not y * bias."),
)
def bias_multiplied(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = _linear(x, weight, None, lambda rows, weight: rows @ weight.T)
    return y if bias is None else y * bias


@misconception(
    "linear",
    name="the leading axes do not come back",
    belief="The result is a table of rows.",
    explanation="Merging the leading axes is for the product only: (..., in) gives (..., out).",
    hints=("What shape has linear of (2, 4, 3) with 5 outputs? (2, 4, 5).", ".reshape(*x.shape[:-1], out)."),
)
def rows_stay_merged(x: Array, weight: Array, bias: Array | None = None) -> Array:
    called_from()._check_linear(x, weight, bias)
    y = x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) @ weight.T
    return y if bias is None else y + bias


# --- Linear ---


def _linear_layers(generator: np.random.Generator, home: types.ModuleType) -> Case:
    seed = int(generator.integers(1000))

    def layers(x: Any) -> list[Any]:
        facts: list[Any] = []
        for bias in (True, False):
            _seeded(home, seed)
            layer = home.Linear(4, 4, bias=bias)
            facts += [layer.weight, type(layer.weight).__name__, str(layer.weight.dtype)]
            facts += [layer.bias.data if layer.bias is not None else "no bias", type(layer.bias).__name__]
            out = layer(x)
            facts += [out, str(out.dtype), out.grad_fn is None]
            facts += [home.Linear(9, 2).weight.data]
        return facts

    return Case(layers, home.Tensor(generator.standard_normal((3, 4)).astype(np.float32)))


draws("Linear.__init__")(_linear_layers)
draws("Linear.forward")(_linear_layers)


def _init(layer: Any, sizes: tuple[int, int], bias: bool, draw: Callable[[Any, tuple[int, ...]], Array]) -> None:
    """Linear.__init__ with other first numbers: draw(generator, shape)."""
    here: Any = called_from()
    for name, size in zip(("in_features", "out_features"), sizes, strict=True):
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"Linear: {name}: expected a whole number of at least 1, got {size!r}")
    layer.in_features, layer.out_features = sizes
    generator = here.default_generator()
    layer.weight = here.Parameter(draw(generator, sizes[::-1]).astype(np.float32))
    layer.bias = here.Parameter(draw(generator, sizes[1:]).astype(np.float32)) if bias else None


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
    bound = 1 / max(in_features, 1)
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.uniform(-bound, bound, shape))


@misconception(
    "Linear.__init__",
    name="the bound is taken from out_features",
    belief="A layer's size is the number of its outputs.",
    explanation="Each output is a sum over in_features products: their number sets the bound.",
    hints=("How many products are in one output?", "1 / math.sqrt(in_features)."),
)
def bound_from_outputs(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(max(out_features, 1))
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.uniform(-bound, bound, shape))


@misconception(
    "Linear.__init__",
    name="no weight is negative",
    belief="random() draws the weights.",
    explanation="It draws from 0 to 1: all outputs would rise together. The interval is -bound to +bound.",
    hints=("What is the smallest of your weights?", "uniform(-bound, bound, shape)."),
)
def weights_positive(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(max(in_features, 1))
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.uniform(0, bound, shape))


@misconception(
    "Linear.__init__",
    name="the weight has one row per input",
    belief="The weight has shape (in, out).",
    explanation="As in torch it has one row per output: (out_features, in_features).",
    hints=("What shape has Linear(784, 128).weight in torch? (128, 784).", "(out_features, in_features)."),
)
def rows_per_input(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(max(in_features, 1))
    _init(
        self,
        (in_features, out_features),
        bias,
        lambda generator, shape: generator.uniform(-bound, bound, shape[::-1]),
    )


@misconception(
    "Linear.__init__",
    name="the bias starts at zero",
    belief="A bias starts at zero.",
    explanation="In some frameworks. In torch, and here, it is drawn from the same interval as the weight.",
    hints=("What does the docstring say about the bias?", "Draw it after the weight, from the same interval."),
)
def bias_zero(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    bound = 1 / math.sqrt(max(in_features, 1))

    def draw(generator: Any, shape: tuple[int, ...]) -> Array:
        return generator.uniform(-bound, bound, shape) if len(shape) > 1 else np.zeros(shape)

    _init(self, (in_features, out_features), bias, draw)


@misconception(
    "Linear.__init__",
    name="weight and bias are plain tensors",
    belief="A tensor with requires_grad=True is learned.",
    explanation="Only a Parameter is found by parameters(): an optimizer would never see these.",
    hints=("How many parameters has your layer?", "self.weight = Parameter(...)."),
)
def plain_tensors(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    bound = 1 / math.sqrt(max(in_features, 1))
    _init(self, (in_features, out_features), bias, lambda generator, shape: generator.uniform(-bound, bound, shape))
    for name in ("weight", "bias") if bias else ("weight",):
        tensor = here.Tensor(getattr(self, name).data, requires_grad=True)
        vars(self)[name] = tensor


@misconception(
    "Linear.__init__",
    name="the weights are float64",
    belief="NumPy's draws can be used as they are.",
    explanation="They are float64: twice the memory, half the speed, and the whole network would follow.",
    hints=("What is layer.weight.dtype?", ".astype(np.float32)."),
)
def weights_float64(self: Any, in_features: int, out_features: int, bias: bool = True) -> None:
    here: Any = called_from()
    _init(self, (in_features, out_features), False, lambda generator, shape: np.zeros(shape))
    bound, draw = 1 / math.sqrt(in_features), here.default_generator().uniform
    self.weight = here.Parameter(draw(-bound, bound, (out_features, in_features)))
    self.bias = here.Parameter(draw(-bound, bound, out_features)) if bias else None


@misconception(
    "Linear.forward",
    name="the bias is not passed on",
    belief="linear(x, weight) is the layer.",
    explanation="The layer has a bias, too, unless it was made without.",
    hints=("What is layer(zeros(1, n))?", "linear(x, self.weight, self.bias)."),
)
def layer_without_bias(self: Any, x: Any) -> Any:
    here: Any = called_from()
    here._check_tensor("Linear", x)
    return here.linear(x, self.weight)


@misconception(
    "Linear.forward",
    name="the product is computed with NumPy, outside of the graph",
    belief="x.data @ weight.data.T is the product.",
    explanation="What touches .data has no past: the weight would never receive a gradient.",
    hints=("Has layer(x) a grad_fn?", "linear(x, self.weight, self.bias)."),
)
def layer_outside_graph(self: Any, x: Any) -> Any:
    here: Any = called_from()
    here._check_tensor("Linear", x)
    out = here.linear(here.Tensor(x.data), here.Tensor(self.weight.data))
    return out if self.bias is None else here.Tensor(out.data + self.bias.data)


# --- dropout ---


@draws("dropout")
def _dropouts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    seed = int(generator.integers(1000))

    def dropped(x: Any) -> list[Any]:
        _seeded(home, seed)
        w = home.Tensor(x.data, requires_grad=True)
        facts = [home.dropout(x, p) for p in (0.2, 0.5, 0.8, 0.0, 1.0)]
        facts += [home.dropout(x, 0.5, False), home.dropout(w, 0.5).grad_fn is None, home.dropout(x, 0.3, False) is x]
        return [*facts, *(str(out.dtype) for out in facts[:6])]

    return Case(dropped, home.Tensor(generator.standard_normal((6, 5))))


def _dropout(x: Any, p: float, factor: float, part: float | None = None, shape: Any = None) -> Any:
    """dropout with another factor, another part that is dropped, or a mask of another shape."""
    here: Any = called_from()
    here._check_tensor("Dropout", x)
    here._check_probability("Dropout", p)
    if x.dtype.kind != "f":
        raise TypeError(f"Dropout: input: expected floats, got {x.dtype}; convert: Tensor(x, dtype=np.float32)")
    part = p if part is None else part
    survives = here.default_generator().random(x.shape if shape is None else shape, dtype=np.float32) >= part
    return x * here.Tensor(np.multiply(survives, factor, dtype=x.dtype))


def _factor(p: Any) -> float:
    """1 / (1 - p), and 0 where that has no meaning; what p may be is checked elsewhere."""
    return 1 / (1 - p) if isinstance(p, (int, float)) and p < 1 else 0.0


@misconception(
    "dropout",
    name="what survives is not scaled",
    belief="Dropout sets numbers to zero, and that is all.",
    explanation="Sums would be smaller in training than later. What survives is multiplied by 1 / (1 - p).",
    hints=("What is the mean of 100,000 ones after dropout?", "The factor is 1 / (1 - p)."),
)
def survivors_not_scaled(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1.0) if training else x


@misconception(
    "dropout",
    name="numbers are dropped in eval(), too",
    belief="Dropout is part of the network.",
    explanation="It is part of the training: when it counts, with training=False, the input itself comes back.",
    hints=("Where do you use `training`?", "if not training: return x."),
)
def dropped_in_eval(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p))


@misconception(
    "dropout",
    name="p is the part that is kept",
    belief="p is the probability to survive.",
    explanation="As in torch p is the part that is dropped: Dropout(0.2) drops a fifth.",
    hints=("How many zeros does dropout(x, p=0.2) make?", "Survivors are those with draw >= p."),
)
def p_is_kept(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 / p if isinstance(p, (int, float)) and p > 0 else 0.0, part=_rest(p)) if training else x


@misconception(
    "dropout",
    name="what survives is multiplied by 1 / p",
    belief="The factor makes up for p.",
    explanation="A part 1 - p survives: p * 0 + (1 - p) * x * factor is x for factor 1 / (1 - p).",
    hints=("Which factor keeps the mean for p = 0.2? 1.25.", "1 / (1 - p)."),
)
def scaled_by_p(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1 / p if isinstance(p, (int, float)) and p > 0 else 1.0) if training else x


@misconception(
    "dropout",
    name="what survives is multiplied by 1 - p",
    belief="The sums are too large and must be made smaller.",
    explanation="They are too small, a part p is missing: divide by 1 - p.",
    hints=("Is the mean of ones after dropout 1?", "1 / (1 - p)."),
)
def scaled_the_wrong_way(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _rest(p)) if training else x


@misconception(
    "dropout",
    name="the scaling is done in eval(), not while training",
    belief="Dropout multiplies by 1 - p when it counts.",
    explanation="That keeps the mean as well, and costs work where it counts. Here eval() changes nothing.",
    hints=("What should dropout(x, training=False) be? x itself.", "Scale while training, by 1 / (1 - p)."),
)
def scaled_in_eval(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, 1.0) if training else x * _rest(p)


@misconception(
    "dropout",
    name="whole columns are dropped",
    belief="One draw for each feature.",
    explanation="Every number has its own draw: random(x.shape).",
    hints=("How many draws does a (64, 10) batch need? 640.", "default_generator().random(x.shape, ...)."),
)
def columns_dropped(x: Any, p: float = 0.5, training: bool = True) -> Any:
    return _dropout(x, p, _factor(p), shape=getattr(x, "shape", ())[-1:]) if training else x


@misconception(
    "dropout",
    name="every call drops the same numbers",
    belief="A fixed seed makes results repeatable.",
    explanation="The network would never see the others. default_generator() draws anew and manual_seed repeats it.",
    hints=("Call it twice: are the zeros in the same places?", "default_generator().random(...)."),
)
def same_numbers_dropped(x: Any, p: float = 0.5, training: bool = True) -> Any:
    here: Any = called_from()
    if not training:
        return x
    _dropout(x, p, 1.0)
    survives = np.random.default_rng(0).random(x.shape, dtype=np.float32) >= p
    return x * here.Tensor(np.multiply(survives, _factor(p), dtype=x.dtype))


@misconception(
    "dropout",
    name="the mask is applied to .data, outside of the graph",
    belief="x.data * mask is the result.",
    explanation="What touches .data has no past: no gradient would ever come back through it.",
    hints=("Has dropout(w) a grad_fn?", "x * Tensor(mask)."),
)
def dropped_outside_graph(x: Any, p: float = 0.5, training: bool = True) -> Any:
    here: Any = called_from()
    return here.Tensor(_dropout(x, p, _factor(p)).data) if training else x


def _rest(p: Any) -> float:
    return 1 - p if isinstance(p, (int, float)) else 0.0
