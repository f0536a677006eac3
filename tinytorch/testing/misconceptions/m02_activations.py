"""Module 02: what goes wrong in the bends between the layers."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


def _loud_case(home: types.ModuleType, inputs: list[Array], calls: Sequence[Callable[[Any], Any]]) -> Case:
    """Every call on every input, with overflow and 0/0 as errors: they count by their text."""

    def outcomes(*tensors: Any) -> list[Any]:
        found: list[Any] = []
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            for call in calls:
                for x in tensors:
                    try:
                        out = call(x)
                        found += [out, str(out.dtype)]
                    except (FloatingPointError, ValueError) as error:
                        found.append(str(error))
        return found

    return Case(outcomes, *(home.Tensor(x) for x in inputs))


# --- straight bends ---


@draws("relu")
def _relus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    x = 3 * generator.standard_normal(6)
    strange = np.array([-np.inf, np.nan, np.inf])
    return _loud_case(home, [x, np.array([-2, 0, 3]), strange, x.astype(np.float32)], [home.relu])


@draws("leaky_relu")
def _leaky_relus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    calls = [functools.partial(home.leaky_relu, negative_slope=slope) for slope in (0.1, 3.0, -0.5)]
    return _loud_case(home, [generator.standard_normal(6)], [home.leaky_relu, *calls])


@misconception(
    "relu",
    name="the sign is dropped, not the negative numbers",
    belief="relu makes everything positive.",
    explanation="A negative number becomes 0; |x| would keep its size.",
    hints=("What is relu(-2)?", "np.maximum(x, 0)."),
)
def relu_as_abs(x: Array) -> Array:
    return np.abs(x)


@misconception(
    "relu",
    name="the negative numbers are kept and the positive ones dropped",
    belief="np.minimum(x, 0) cuts off at 0.",
    explanation="It does, on the other side: relu keeps what is positive.",
    hints=("What is relu(3)?", "The larger of x and 0."),
)
def relu_keeps_negative(x: Array) -> Array:
    return np.minimum(x, 0)


@misconception(
    "relu",
    name="x is multiplied with a mask",
    belief="x * (x > 0) is the same as max(x, 0).",
    explanation="Minus infinity times 0 is NaN. A maximum compares and multiplies nothing.",
    hints=("What is -math.inf * 0?", "np.maximum(x, 0)."),
)
def relu_by_mask(x: Array) -> Array:
    return x * (x > 0)


@misconception(
    "relu",
    name="NaN is turned into 0",
    belief="What is not above 0 becomes 0.",
    explanation="NaN > 0 is false, and so a NaN would be hidden; np.maximum passes it on, for all to see.",
    hints=("What is float('nan') > 0?", "np.maximum(x, 0)."),
)
def relu_hides_nan(x: Array) -> Array:
    return np.where(x > 0, x, np.zeros((), x.dtype))


@misconception(
    "relu",
    name="numbers above 1 are cut off, too",
    belief="An activation lies between 0 and 1.",
    explanation="relu has no upper end: that is why its gradient does not fade.",
    hints=("What is relu(3)?", "Only the left side is cut off."),
)
def relu_capped(x: Array) -> Array:
    return np.clip(x, 0, 1)


@misconception(
    "relu",
    name="integers become floats",
    belief="0.0 and 0 are the same.",
    explanation="np.maximum of integers and 0.0 is float64; with 0 the dtype stays.",
    hints=("What is np.maximum(np.array([1]), 0.0).dtype?", "np.maximum(x, 0)."),
)
def relu_widens(x: Array) -> Array:
    return np.maximum(x, 0.0)


@misconception(
    "leaky_relu",
    name="the slope is on the right side",
    belief="The slope belongs to the positive numbers.",
    explanation="Positive numbers pass unchanged; negative_slope, as its name says, is for the others.",
    hints=("What is leaky_relu(5)?", "np.where(x > 0, x, negative_slope * x)."),
)
def slope_on_the_right(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.where(x > 0, negative_slope * x, x)


@misconception(
    "leaky_relu",
    name="the larger of x and slope * x is taken",
    belief="max(x, slope * x) is the same in one call.",
    explanation="It is for slopes below 1. With a slope of 2 the larger of -1 and -2 is -1.",
    hints=("Try negative_slope=2.", "Choose by the sign of x: np.where."),
)
def larger_of_both(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.maximum(x, negative_slope * x)


@misconception(
    "leaky_relu",
    name="the leak points upwards",
    belief="What leaks is positive.",
    explanation="Left of 0 the line goes on downwards: leaky_relu(-1) is -slope.",
    hints=("Is leaky_relu(-1) above or below 0?", "negative_slope * x, and x is negative already."),
)
def leak_upwards(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.where(x > 0, x, -negative_slope * x)


@misconception(
    "leaky_relu",
    name="the slope is 0.01, whatever was asked for",
    belief="The leak is one hundredth.",
    explanation="That is only what negative_slope is where nobody gives it.",
    hints=("Where do you use negative_slope?", "negative_slope * x."),
)
def slope_fixed(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.where(x > 0, x, x * 0.01)


# --- soft steps ---


@draws("sigmoid")
def _sigmoids(generator: np.random.Generator, home: types.ModuleType) -> Case:
    x = 3 * generator.standard_normal(5)

    def in_logarithms(x: Any) -> Any:
        return home.Tensor(np.log(home.sigmoid(x).data + 1e-300))  # the digits of a small probability count, too

    far = [np.array([800.0]), np.array([-800.0]), -generator.uniform(33.0, 36.0, 6), -generator.uniform(40.0, 60.0, 2)]
    return _loud_case(home, [x, *far], [home.sigmoid, in_logarithms])


@misconception(
    "sigmoid",
    name="e^-x is taken for every x",
    belief="The formula of the textbook is the program.",
    explanation="e^-x overflows for large negative x. e^-|x| is at most 1, and both forms can be had from it.",
    hints=("What is np.exp(np.float32(89))?", "e = np.exp(-np.abs(x)); the numerator is 1 or e, by the sign of x."),
)
def sigmoid_of_textbook(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@misconception(
    "sigmoid",
    name="e^x is taken for every x",
    belief="e^x / (1 + e^x) is safe.",
    explanation="It is for negative x only: e^89 is infinite in float32, and infinity over infinity is NaN.",
    hints=("What is sigmoid(1000)?", "e = np.exp(-np.abs(x)); the numerator is 1 or e, by the sign of x."),
)
def sigmoid_of_large(x: Array) -> Array:
    e = np.exp(x)
    return e / (1 + e)


@misconception(
    "sigmoid",
    name="the step goes down",
    belief="The exponent is x.",
    explanation="1 / (1 + e^x) falls from 1 to 0; large scores must give large probabilities.",
    hints=("Is sigmoid(5) near 0 or near 1?", "For x >= 0 it is 1 / (1 + e^-x)."),
)
def sigmoid_downwards(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, e, 1) / (1 + e)


@misconception(
    "sigmoid",
    name="the left side is taken as 1 minus the right side",
    belief="sigmoid(-x) = 1 - sigmoid(x), so one side is enough.",
    explanation="On paper. On a computer 1 - 0.99999999999 has lost its digits: a small probability becomes 0.",
    hints=("What is 1 - 1 / (1 + 1e-20)?", "On the left the numerator is e itself: e / (1 + e)."),
)
def one_minus_the_right(x: Array) -> Array:
    right = 1 / (1 + np.exp(-np.abs(x)))
    return np.where(x >= 0, right, 1 - right)


@misconception(
    "sigmoid",
    name="it is made from tanh",
    belief="sigmoid(x) = (1 + tanh(x / 2)) / 2, which cannot overflow.",
    explanation="True, but 1 + tanh(-20) is 0 after rounding: a small probability is lost.",
    hints=("What is 1 + np.tanh(-20.0)?", "e = np.exp(-np.abs(x)) keeps the digits on both sides."),
)
def sigmoid_by_tanh(x: Array) -> Array:
    return (1 + np.tanh(x / 2)) / 2


# --- gelu ---


@draws("gelu")
def _gelus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    x = generator.uniform(-3.0, 3.0, 6)
    return _loud_case(home, [x], [home.gelu, functools.partial(home.gelu, approximate="tanh")])


def _gelu(x: Array, approximate: str, exact: Callable[[Array], Array], tanh: Callable[[Array], Array]) -> Array:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate: expected 'none' or 'tanh', got {approximate!r}")
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    return (exact if approximate == "none" else tanh)(x)


def _by_area(x: Array) -> Array:
    return x * np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2)), [np.float64])(x).astype(x.dtype)


def _by_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


@misconception(
    "gelu",
    name="the tanh formula is always used",
    belief="The formula with tanh is GELU.",
    explanation="It is an approximation, for approximate='tanh'. By default x is multiplied by the area itself.",
    hints=("Where do you use `approximate`?", "x * normal_cdf(x) for 'none'."),
)
def always_tanh(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, _by_tanh, _by_tanh)


@misconception(
    "gelu",
    name="the area is computed exactly, whatever was asked for",
    belief="Exact is always better.",
    explanation="approximate='tanh' names a function of its own, with which networks were trained.",
    hints=("Where do you use `approximate`?", "0.5 * x * (1 + tanh(...)) for 'tanh'."),
)
def always_exact(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, _by_area, _by_area)


@misconception(
    "gelu",
    name="x * sigmoid(1.702 x) is used",
    belief="That is the formula of GELU.",
    explanation="It is a rougher approximation. The exact one is x times the normal distribution's area up to x.",
    hints=("What is the area up to 1? 0.8413.", "normal_cdf is written."),
)
def gelu_by_sigmoid(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, lambda x: x / (1 + np.exp(-1.702 * x)), _by_tanh)


@misconception(
    "gelu",
    name="x is multiplied by the height of the bell curve, not by the area below it",
    belief="The normal distribution is e^(-x^2/2) / sqrt(2 pi).",
    explanation="That is its density. The probability of a value below x is the area: normal_cdf(x).",
    hints=("What should gelu(x) be far to the right? x itself.", "x * normal_cdf(x)."),
)
def gelu_by_density(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, lambda x: x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi), _by_tanh)


@misconception(
    "gelu",
    name="the probability alone is given back",
    belief="GELU is the probability.",
    explanation="The probability is the gate; what passes through it is x: x * normal_cdf(x).",
    hints=("What should gelu(30) be?", "Multiply by x."),
)
def gate_alone(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, lambda x: _by_area(x) / np.where(x == 0, 1, x) + (x == 0) / 2, _by_tanh)


@misconception(
    "gelu",
    name="the factor 1/2 of the tanh formula is left out",
    belief="The gate is 1 + tanh(...).",
    explanation="That lies between 0 and 2; half of it is a probability.",
    hints=("What should gelu(8, approximate='tanh') be? About 8.", "0.5 * x * (1 + tanh(...))."),
)
def tanh_without_half(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(x, approximate, _by_area, lambda x: 2 * _by_tanh(x))


@misconception(
    "gelu",
    name="sqrt(2 / pi) multiplies x only, not its cube",
    belief="The factor belongs to x.",
    explanation="It stands before the parentheses: sqrt(2/pi) * (x + 0.044715 x^3).",
    hints=("Where are the parentheses?", "math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)."),
)
def factor_on_x_alone(x: Array, *, approximate: str = "none") -> Array:
    return _gelu(
        x,
        approximate,
        _by_area,
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * x + 0.044715 * x * x * x)),
    )


# --- softmax and its logarithm ---


def _scores(generator: np.random.Generator, home: types.ModuleType, function: Any) -> Case:
    x = generator.standard_normal((3, 3))
    levels = np.array([[0.0, 1.0, 2.0], [-2000.0, -2001.0, -2000.0], [1000.0, 998.0, 999.0]])
    far = np.array([0.0, -800.0])
    calls = [functools.partial(function, dim=dim) for dim in (0, -1)]
    return _loud_case(home, [x, generator.standard_normal((2, 3, 4)), levels, far], calls)


@draws("softmax")
def _softmaxes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _scores(generator, home, home.softmax)


@draws("log_softmax")
def _log_softmaxes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _scores(generator, home, home.log_softmax)


@misconception(
    "softmax",
    name="the largest score is not subtracted first",
    belief="e^x / sum e^x is the program.",
    explanation="A score of 1000 overflows, and infinity over infinity is NaN. A common shift changes nothing.",
    hints=("What is np.exp(1000.0)?", "np.exp(x - x.max(axis=dim, keepdims=True))."),
)
def softmax_without_shift(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    e = np.exp(x)
    return e / e.sum(axis=dim, keepdims=True)


@misconception(
    "softmax",
    name="the largest score of all is subtracted, not the largest along dim",
    belief="Any common shift will do.",
    explanation="It must be common to one row only: a row far below the largest score would become 0/0.",
    hints=("What happens to the row [-2000, -2001] beside [0, 1]?", "x.max(axis=dim, keepdims=True)."),
)
def softmax_shift_of_all(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    e = np.exp(x - x.max())
    return e / e.sum(axis=dim, keepdims=True)


@misconception(
    "softmax",
    name="all numbers are divided by the sum of all",
    belief="Probabilities sum to 1.",
    explanation="Along dim, they do: every sample of a batch has a sum of its own.",
    hints=("What should each row sum to?", "e.sum(axis=dim, keepdims=True)."),
)
def softmax_over_everything(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    e = np.exp(x - x.max())
    return e / e.sum()


@misconception(
    "softmax",
    name="the last axis is taken, whatever dim says",
    belief="The classes stand last.",
    explanation="dim says along which axis they compete; for pictures of labels it is 1.",
    hints=("Where do you use dim?", "axis=dim, in both reductions."),
)
def softmax_last_axis(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    name="the first axis is taken, whatever dim says",
    belief="axis=0 adds up a row.",
    explanation="axis=0 adds up over the samples of a batch: they would compete with each other.",
    hints=("Which sums are 1: of rows or of columns?", "axis=dim, in both reductions."),
)
def softmax_first_axis(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    e = np.exp(x - x.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


@misconception(
    "softmax",
    name="the exponentials are divided by the largest, not by their sum",
    belief="The best class has probability 1.",
    explanation="Dividing by the sum makes them sum to 1, as probabilities do.",
    hints=("What do yours sum to?", "e / e.sum(axis=dim, keepdims=True)."),
)
def softmax_by_largest(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("softmax", x, dim)
    return np.exp(x - x.max(axis=dim, keepdims=True))


@misconception(
    "log_softmax",
    name="the logarithm is taken of softmax",
    belief="The logarithm of softmax is log(softmax(x)).",
    explanation="A probability of e^-200 is 0 in float32, and log(0) is minus infinity. It is x - log(sum(e^x)).",
    hints=("What is log_softmax of the scores 0 and -200?", "shifted - log(sum(exp(shifted))): no division."),
)
def log_of_softmax(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("log_softmax", x, dim)
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return np.log(e / e.sum(axis=dim, keepdims=True))


@misconception(
    "log_softmax",
    name="the largest score is not subtracted first",
    belief="x - log(sum(e^x)) is the program.",
    explanation="A score of 1000 overflows. Shift first: the largest exponential is then 1.",
    hints=("What is np.exp(1000.0)?", "shifted = x - x.max(axis=dim, keepdims=True)."),
)
def log_softmax_without_shift(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("log_softmax", x, dim)
    return x - np.log(np.exp(x).sum(axis=dim, keepdims=True))


@misconception(
    "log_softmax",
    name="the shift is made below the logarithm only",
    belief="The shift is there for the exponentials.",
    explanation="It changes nothing only if all of x is shifted: shifted - log(sum(exp(shifted))).",
    hints=("Do the exponentials of your result sum to 1?", "Use shifted in both places."),
)
def shifted_once(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("log_softmax", x, dim)
    return x - np.log(np.exp(x - x.max(axis=dim, keepdims=True)).sum(axis=dim, keepdims=True))


@misconception(
    "log_softmax",
    name="the last axis is taken, whatever dim says",
    belief="The classes stand last.",
    explanation="dim says along which axis they compete; for pictures of labels it is 1.",
    hints=("Where do you use dim?", "axis=dim, in both reductions."),
)
def log_softmax_last_axis(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("log_softmax", x, dim)
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@misconception(
    "log_softmax",
    name="the logarithm is that of the mean, not of the sum",
    belief="An average keeps the size.",
    explanation="The denominator of softmax is the sum: ten equal scores have probability 1/10, logarithm -2.3026.",
    hints=("What are ten equal scores' log-probabilities?", ".sum(axis=dim, keepdims=True)."),
)
def log_of_mean(x: Array, *, dim: int = -1) -> Array:
    called_from()._check_dim("log_softmax", x, dim)
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).mean(axis=dim, keepdims=True))


# --- a layer ---


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
    "LeakyReLU.__init__",
    name="the slope that was given is not kept",
    belief="The slope of a leaky ReLU is 0.01.",
    explanation="A layer remembers its settings: self.negative_slope = negative_slope.",
    hints=("What is LeakyReLU(0.3).negative_slope?", "self.negative_slope = negative_slope."),
)
def slope_not_kept(self: Any, negative_slope: float = 0.01) -> None:
    self.negative_slope = 0.01


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
    name="negative numbers are dropped",
    belief="It is a ReLU.",
    explanation="A leaky one: the function to call is leaky_relu, with the slope of this layer.",
    hints=("What should LeakyReLU(0.3) make of -1?", "leaky_relu(x, negative_slope=self.negative_slope)."),
)
def leak_forgotten(self: Any, x: Any) -> Any:
    return called_from().relu(x)


@misconception(
    "LeakyReLU.extra_repr",
    name="the slope is shown without its name",
    belief="The number says enough.",
    explanation="A layer shows itself as it would be written: LeakyReLU(negative_slope=0.2).",
    hints=("How does Softmax(1) show itself?", 'f"negative_slope={self.negative_slope}".'),
)
def setting_without_name(self: Any) -> str:
    return f"{self.negative_slope}"


@misconception(
    "LeakyReLU.extra_repr",
    name="the name of the layer is repeated",
    belief="The text is the whole repr.",
    explanation="extra_repr is what stands between the parentheses; Layer writes the rest.",
    hints=("What does Layer.__repr__ add?", "Only negative_slope=... is yours."),
)
def name_repeated(self: Any) -> str:
    return f"LeakyReLU(negative_slope={self.negative_slope})"
