"""Module 02: what goes wrong in activation functions."""

from __future__ import annotations

import functools
import math
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from

Array = np.ndarray


def _tensor(home: types.ModuleType, array: Array, requires_grad: bool = False) -> Any:
    return sys.modules[home.primitive.__module__].Tensor(array, requires_grad)


def _strict_case(
    home: types.ModuleType, inputs: list[Array], calls: Sequence[Callable[[Any], Any]], traced: bool = False
) -> Case:
    """Every call on every input, with overflow and 0/0 as errors: they count by their text.

    With `traced` it also counts whether the results of the first input are recorded.
    """

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
                if traced:
                    found.append(call(_tensor(home, tensors[0].data, requires_grad=True)).grad_fn is None)
        return found

    return Case(outcomes, *(_tensor(home, x) for x in inputs))


# --- ReLU ---


@draws("relu")
def _relus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    x = 3 * generator.standard_normal(6)
    strange = np.array([-np.inf, np.nan, np.inf])
    return _strict_case(home, [x, np.array([-2, 0, 3]), strange, x.astype(np.float32)], [home.relu])


@draws("leaky_relu")
def _leaky_relus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    calls = [functools.partial(home.leaky_relu, negative_slope=slope) for slope in (0.1, 3.0, -0.5)]
    return _strict_case(home, [generator.standard_normal(6)], [home.leaky_relu, *calls], traced=True)


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
    belief="np.minimum(x, 0) limits x at 0.",
    explanation="It does, on the other side: relu keeps what is positive.",
    hints=("What is relu(3)?", "The larger of x and 0."),
)
def relu_keeps_negative(x: Array) -> Array:
    return np.minimum(x, 0)


@misconception(
    "relu",
    name="x is multiplied by a mask",
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
    explanation="NaN > 0 is false, and so a NaN would be hidden; np.maximum keeps it, so that you see it.",
    hints=("What is float('nan') > 0?", "np.maximum(x, 0)."),
)
def relu_hides_nan(x: Array) -> Array:
    return np.where(x > 0, x, np.zeros((), x.dtype))


@misconception(
    "relu",
    name="numbers above 1 are limited, too",
    belief="An activation lies between 0 and 1.",
    explanation="relu has no upper limit: that is why its gradient does not vanish.",
    hints=("What is relu(3)?", "Only the negative side changes."),
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
    "relu",
    name="the numbers become 0 or 1",
    belief="A unit is on or off.",
    explanation="relu passes a positive number on as it is; x > 0 would only say that it is positive.",
    hints=("What is relu(3)?", "The larger of x and 0."),
)
def relu_as_step(x: Array) -> Array:
    return (x > 0).astype(x.dtype)


@misconception(
    "relu",
    name="the negative numbers are replaced in the input itself",
    belief="x[x < 0] = 0 and x is the result.",
    explanation="x belongs to the caller, who may still need it: make a new array.",
    hints=("What is in x after relu(x)?", "np.maximum(x, 0) returns a new array."),
)
def relu_in_place(x: Array) -> Array:
    x[x < 0] = 0
    return x


@misconception(
    "leaky_relu",
    name="the slope is on the right side",
    belief="The slope belongs to the positive numbers.",
    explanation="Positive numbers stay as they are; negative_slope, as its name says, is for the others.",
    hints=("What is leaky_relu(5)?", "where(x > 0, x, negative_slope * x)."),
)
def slope_on_the_right(x: Any, negative_slope: float = 0.01) -> Any:
    return called_from().where(x > 0, negative_slope * x, x)


@misconception(
    "leaky_relu",
    name="the larger of x and slope * x is taken",
    belief="max(x, slope * x) is the same.",
    explanation="It is for slopes below 1. With a slope of 2 the larger of -1 and -2 is -1.",
    hints=("Try negative_slope=2.", "Choose by the sign of x: where(x > 0, ...)."),
)
def larger_of_both(x: Any, negative_slope: float = 0.01) -> Any:
    small = negative_slope * x
    return called_from().where(x > small, x, small)


@misconception(
    "leaky_relu",
    name="negative inputs give positive outputs",
    belief="The slope has to be turned around on the left.",
    explanation="Left of 0 the line goes on downwards: leaky_relu(-1) is -slope.",
    hints=("Is leaky_relu(-1) above or below 0?", "negative_slope * x, and x is negative already."),
)
def leak_upwards(x: Any, negative_slope: float = 0.01) -> Any:
    return called_from().where(x > 0, x, -negative_slope * x)


@misconception(
    "leaky_relu",
    name="the slope is 0.01, even if another was asked for",
    belief="The slope is one hundredth.",
    explanation="That is only the default of negative_slope.",
    hints=("Where do you use negative_slope?", "negative_slope * x."),
)
def slope_fixed(x: Any, negative_slope: float = 0.01) -> Any:
    return called_from().where(x > 0, x, x * 0.01)


@misconception(
    "leaky_relu",
    name="every negative number becomes the slope itself",
    belief="negative_slope is the value on the left.",
    explanation="It is a slope: it multiplies x.",
    hints=("What is leaky_relu(-2, 0.1)? -0.2.", "negative_slope * x."),
)
def slope_as_value(x: Any, negative_slope: float = 0.01) -> Any:
    return called_from().where(x > 0, x, negative_slope)


@misconception(
    "leaky_relu",
    name="it is computed from .data, outside of the graph",
    belief="np.where(x.data > 0, ...) is the same.",
    explanation="The numbers are, but what is computed from .data is not recorded: no gradient could come back.",
    hints=("Does the result have a grad_fn?", "where, of tensors."),
)
def leak_outside_graph(x: Any, negative_slope: float = 0.01) -> Any:
    here: Any = called_from()
    return _tensor(here, here.where(x > 0, x, negative_slope * x).data)


# --- sigmoid, tanh, softplus ---


def _far(generator: np.random.Generator) -> list[Array]:
    return [np.array([800.0]), np.array([-800.0]), -generator.uniform(33.0, 36.0, 6), -generator.uniform(52.0, 60.0, 2)]


def _soft_case(generator: np.random.Generator, home: types.ModuleType, function: Any) -> Case:
    """A function on inputs of all sizes, and the logarithms of its results, which show the digits of small ones."""

    def in_logarithms(x: Any) -> Any:
        return _tensor(home, np.log(np.abs(function(x).data) + 1e-300))

    return _strict_case(home, [3 * generator.standard_normal(5), *_far(generator)], [function, in_logarithms])


@draws("sigmoid")
def _sigmoids(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _soft_case(generator, home, home.sigmoid)


@draws("tanh")
def _tanhs(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _soft_case(generator, home, home.tanh)


@draws("softplus")
def _softpluses(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _soft_case(generator, home, home.softplus)


@misconception(
    "sigmoid",
    name="e^-x is taken for every x",
    belief="The formula of the textbook is the program.",
    explanation="e^-x overflows for large negative x. e^-|x| is at most 1, and both forms use it.",
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
    name="the form of the right side is used on both sides",
    belief="With e^-|x| nothing overflows, and so 1 / (1 + e) is the result.",
    explanation="It is for x >= 0. For negative x the numerator is e, or sigmoid(-5) would be sigmoid(5).",
    hints=("Is sigmoid(-5) near 0 or near 1?", "np.where(x >= 0, 1, e) is the numerator."),
)
def sigmoid_even(x: Array) -> Array:
    return 1 / (1 + np.exp(-np.abs(x)))


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


@misconception(
    "sigmoid",
    name="x is limited to the interval from -50 to 50 first",
    belief="np.clip(x, -50, 50) prevents the overflow, and beyond that sigmoid is 0 or 1 anyway.",
    explanation="sigmoid(-80) is e^-80, which float32 can hold; limited to -50 it is e^30 times too large.",
    hints=("What are sigmoid(-60) and sigmoid(-80)?", "e = np.exp(-np.abs(x)) needs no limit."),
)
def sigmoid_limited(x: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))


@misconception(
    "tanh",
    name="e^x and e^-x are computed as the formula has them",
    belief="The formula of the textbook is the program.",
    explanation="e^89 is infinite in float32, and infinity over infinity is NaN. np.tanh does not overflow.",
    hints=("What is np.exp(np.float32(89))?", "np.tanh(x)."),
)
def tanh_of_textbook(x: Array) -> Array:
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


@misconception(
    "tanh",
    name="it is the tangent",
    belief="tanh is NumPy's tan.",
    explanation="The hyperbolic tangent has an h: np.tanh goes from -1 to 1.",
    hints=("What is tanh(2)? 0.964.", "np.tanh(x)."),
)
def tanh_as_tan(x: Array) -> Array:
    return np.tan(x)


@misconception(
    "tanh",
    name="the step is twice as wide",
    belief="tanh is a sigmoid from -1 to 1: 2 sigmoid(x) - 1.",
    explanation="It is also twice as steep: 2 sigmoid(2x) - 1, which np.tanh computes.",
    hints=("What is tanh(1)? 0.762.", "np.tanh(x)."),
)
def tanh_too_wide(x: Array) -> Array:
    return np.tanh(x / 2)


@misconception(
    "softplus",
    name="e^x is taken for every x",
    belief="log(1 + e^x) is the program.",
    explanation="e^x overflows for large x. max(x, 0) + log1p(e) with e = e^-|x| does not.",
    hints=("What is softplus(100)?", "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))."),
)
def softplus_of_textbook(x: Array) -> Array:
    return np.log1p(np.exp(x))


@misconception(
    "softplus",
    name="e^x is computed even where x itself is chosen",
    belief="np.where(x > 20, x, np.log1p(np.exp(x))) computes only what it needs.",
    explanation="np.where gets both arrays complete: e^1000 is computed, and overflows, before anything is chosen.",
    hints=("Which numbers does np.exp see?", "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))."),
)
def softplus_by_where(x: Array) -> Array:
    return np.where(x > 20, x, np.log1p(np.exp(x)))


@misconception(
    "softplus",
    name="1 + e is rounded before the logarithm",
    belief="np.log(1 + e) and np.log1p(e) are the same.",
    explanation="1 + e^-20 is 1 in float32, and log(1) is 0: the small result is lost. np.log1p never forms the sum.",
    hints=("What is np.float32(1) + np.exp(np.float32(-20))?", "np.log1p(e)."),
)
def softplus_sum_rounded(x: Array) -> Array:
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))


@misconception(
    "softplus",
    name="x is added on both sides",
    belief="Taking e^x out of the logarithm leaves x + log(1 + e).",
    explanation="For negative x nothing is taken out: there the first term is 0, so it is max(x, 0).",
    hints=("Can softplus be negative?", "np.maximum(x, 0) + ..."),
)
def softplus_x_on_both_sides(x: Array) -> Array:
    return x + np.log1p(np.exp(-np.abs(x)))


@misconception(
    "softplus",
    name="the first term is missing",
    belief="log(1 + e) with e = e^-|x| is softplus.",
    explanation="For x >= 0 the factor e^x was taken out of the logarithm: x is added to it.",
    hints=("What is softplus(100)?", "np.maximum(x, 0) + ..."),
)
def softplus_without_first_term(x: Array) -> Array:
    return np.log1p(np.exp(-np.abs(x)))


# --- GELU ---


@draws("gelu")
def _gelus(generator: np.random.Generator, home: types.ModuleType) -> Case:
    x = generator.uniform(-3.0, 3.0, 6)
    return _strict_case(home, [x], [home.gelu, functools.partial(home.gelu, approximate="tanh")], traced=True)


def _gelu(
    x: Any,
    approximate: str,
    exact: Callable[[Any], Any] | None = None,
    inner: Callable[[Any], Any] | None = None,
    half: float = 0.5,
) -> Any:
    """gelu with another exact part, or another argument or factor of the tanh formula."""
    here: Any = called_from()
    if approximate == "none":
        return exact(x) if exact else x * here.normal_cdf(x)
    argument = inner(x) if inner else math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return x * (half * (1 + here.tanh(argument)))


@misconception(
    "gelu",
    name="the tanh formula is always used",
    belief="The formula with tanh is GELU.",
    explanation="It is an approximation, for approximate='tanh'. By default x is multiplied by the area itself.",
    hints=("Where do you use `approximate`?", "x * normal_cdf(x) for 'none'."),
)
def always_tanh(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, "tanh")


@misconception(
    "gelu",
    name="the area is computed exactly, even if the approximation was asked for",
    belief="Exact is always better.",
    explanation="approximate='tanh' names a function of its own, with which networks were trained.",
    hints=("Where do you use `approximate`?", "The formula with tanh for 'tanh'."),
)
def always_exact(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, "none")


@misconception(
    "gelu",
    name="x * sigmoid(1.702 x) is used",
    belief="That is the formula of GELU.",
    explanation="It is a rougher approximation. The exact one is x times the normal distribution's area up to x.",
    hints=("What is the area up to 1? 0.8413.", "normal_cdf is written."),
)
def gelu_by_sigmoid(x: Any, approximate: str = "none") -> Any:
    here: Any = called_from()
    return _gelu(x, approximate, lambda x: x * here.sigmoid(1.702 * x))


@misconception(
    "gelu",
    name="x is multiplied by the height of the bell curve, not by the area below it",
    belief="The normal distribution is e^(-x^2/2) / sqrt(2 pi).",
    explanation="That is its density. The probability of a value below x is the area: normal_cdf(x).",
    hints=("What should gelu(x) be far to the right? x itself.", "x * normal_cdf(x)."),
)
def gelu_by_density(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, approximate, lambda x: x * (x * x * -0.5).exp() / math.sqrt(2 * math.pi))


@misconception(
    "gelu",
    name="the result is the probability alone",
    belief="GELU is the probability.",
    explanation="The probability is a factor: gelu(x) is x * normal_cdf(x).",
    hints=("What should gelu(30) be?", "Multiply by x."),
)
def probability_alone(x: Any, approximate: str = "none") -> Any:
    here: Any = called_from()
    return _gelu(x, approximate, here.normal_cdf)


@misconception(
    "gelu",
    name="the area is that above x",
    belief="A tail is what normal_cdf(-x) gives.",
    explanation="GELU takes the probability of a value below x, which grows to 1 with x: normal_cdf(x).",
    hints=("What should gelu(30) be?", "normal_cdf(x), without a sign."),
)
def area_above(x: Any, approximate: str = "none") -> Any:
    here: Any = called_from()
    return _gelu(x, approximate, lambda x: x * here.normal_cdf(-x))


@misconception(
    "gelu",
    name="the factor 1/2 of the tanh formula is left out",
    belief="The probability is 1 + tanh(...).",
    explanation="That lies between 0 and 2; half of it is a probability.",
    hints=("What should gelu(8, approximate='tanh') be? About 8.", "0.5 * (1 + tanh(...))."),
)
def tanh_without_half(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, approximate, half=1.0)


@misconception(
    "gelu",
    name="sqrt(2 / pi) multiplies x only, not its cube",
    belief="The factor belongs to x.",
    explanation="It stands before the parentheses: sqrt(2/pi) * (x + 0.044715 x^3).",
    hints=("Where are the parentheses?", "math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)."),
)
def factor_on_x_alone(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, approximate, inner=lambda x: math.sqrt(2 / math.pi) * x + 0.044715 * x * x * x)


@misconception(
    "gelu",
    name="the small term of the tanh formula has x squared, not cubed",
    belief="0.044715 * x * x is the term.",
    explanation="The third power has the sign of x; a square would push both sides in one direction.",
    hints=("How many factors x does the small term have?", "0.044715 * x * x * x."),
)
def square_for_cube(x: Any, approximate: str = "none") -> Any:
    return _gelu(x, approximate, inner=lambda x: math.sqrt(2 / math.pi) * (x + 0.044715 * x * x))


@misconception(
    "gelu",
    name="it is computed from .data, outside of the graph",
    belief="Arrays give the same numbers.",
    explanation="What is computed from .data is not recorded: no gradient could come back.",
    hints=("Does the result have a grad_fn?", "Use x itself, with normal_cdf and tanh."),
)
def gelu_outside_graph(x: Any, approximate: str = "none") -> Any:
    return _tensor(called_from(), _gelu(x, approximate).data)


# --- softmax and its logarithm ---


def _scores_case(generator: np.random.Generator, home: types.ModuleType, function: Any) -> Case:
    x = generator.standard_normal((3, 3))
    levels = np.array([[0.0, 1.0, 2.0], [-2000.0, -2001.0, -2000.0], [1000.0, 998.0, 999.0]])
    far = np.array([0.0, -800.0])
    calls = [functools.partial(function, dim=dim) for dim in (0, -1)]
    return _strict_case(home, [x, generator.standard_normal((2, 3, 4)), levels, far], calls, traced=True)


@draws("subtract_largest")
def _shifts(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _scores_case(generator, home, home.subtract_largest)


@draws("softmax")
def _softmaxes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _scores_case(generator, home, home.softmax)


@draws("log_softmax")
def _log_softmaxes(generator: np.random.Generator, home: types.ModuleType) -> Case:
    return _scores_case(generator, home, home.log_softmax)


def _amax(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    return called_from().amax(x, dim=dim, keepdim=keepdim).detach()


@misconception(
    "subtract_largest",
    name="the largest number of all is subtracted, not the largest along dim",
    belief="Any common number will do.",
    explanation="It must be common to one row only: a row far below the largest number would become 0/0 in softmax.",
    hints=("What happens to the row [-2000, -2001] beside [0, 1]?", "amax(x, dim=dim, keepdim=True)."),
)
def largest_of_all(x: Any, dim: int) -> Any:
    return x - _amax(x)


@misconception(
    "subtract_largest",
    name="the axis of the largest numbers is not kept",
    belief="amax(x, dim=dim) broadcasts against x.",
    explanation="Shapes are lined up at the right: (3,) against (3, 3) is one number per column, not per row.",
    hints=("Which shape does amax(x, dim=1) have, and which should it have?", "keepdim=True."),
)
def largest_without_axis(x: Any, dim: int) -> Any:
    return x - _amax(x, dim)


@misconception(
    "subtract_largest",
    name="the smallest number is subtracted",
    belief="The numbers should start at 0.",
    explanation="They should end at 0: then no exponential is above 1.",
    hints=("What is the largest number of your result?", "amax(x, dim=dim, keepdim=True)."),
)
def smallest_subtracted(x: Any, dim: int) -> Any:
    return x + _amax(-x, dim, keepdim=True)


@misconception(
    "subtract_largest",
    name="the largest number is taken without its sign",
    belief="The largest is the one of the largest size.",
    explanation="In a row of -2000s, subtracting 2000 gives -4000, and every exponential rounds to 0.",
    hints=("What should become of the row [-2, -1]? [-1, 0].", "amax of x, not of x.abs()."),
)
def largest_size(x: Any, dim: int) -> Any:
    return x - _amax(x.abs(), dim, keepdim=True)


@misconception(
    "subtract_largest",
    name="the last axis is taken instead of dim",
    belief="The classes stand last.",
    explanation="dim is the axis along which the numbers compete; for images of labels it is 1.",
    hints=("Where do you use dim?", "amax(x, dim=dim, keepdim=True)."),
)
def shift_last_axis(x: Any, dim: int) -> Any:
    return x - _amax(x, -1, keepdim=True)


@misconception(
    "subtract_largest",
    name="it is computed from .data, outside of the graph",
    belief="x.data minus the largest is the same.",
    explanation="Only the largest number may be detached; x itself must be traced back.",
    hints=("Does the result have a grad_fn?", "x - largest.detach(), with x itself."),
)
def shift_outside_graph(x: Any, dim: int) -> Any:
    return x.detach() - _amax(x, dim, keepdim=True)


@misconception(
    "softmax",
    name="the largest score is not subtracted first",
    belief="e^x / sum e^x is the program.",
    explanation="A score of 1000 overflows, and infinity over infinity is NaN. A common shift changes nothing.",
    hints=("What is np.exp(1000.0)?", "exp(subtract_largest(x, dim))."),
)
def softmax_without_shift(x: Any, dim: int = -1) -> Any:
    e = x.exp()
    return e / e.sum(dim=dim, keepdim=True)


@misconception(
    "softmax",
    name="all numbers are divided by the sum of all",
    belief="Probabilities sum to 1.",
    explanation="Along dim, they do: every sample of a batch has a sum of its own.",
    hints=("What should each row sum to?", "sum(e, dim=dim, keepdim=True)."),
)
def softmax_over_everything(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, dim, keepdim=True)).exp()
    return e / e.sum()


@misconception(
    "softmax",
    name="the axis of the sum is not kept",
    belief="sum(e, dim=dim) broadcasts against e.",
    explanation="Shapes are lined up at the right: (3,) against (3, 3) is one number per column, not per row.",
    hints=("Which shape does sum(e, dim=1) have, and which should it have?", "keepdim=True."),
)
def softmax_sum_without_axis(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, dim, keepdim=True)).exp()
    return e / e.sum(dim=dim)


@misconception(
    "softmax",
    name="the last axis is taken instead of dim",
    belief="The classes stand last.",
    explanation="dim is the axis along which they compete; for images of labels it is 1.",
    hints=("Where do you use dim?", "dim=dim, in both places."),
)
def softmax_last_axis(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, -1, keepdim=True)).exp()
    return e / e.sum(dim=-1, keepdim=True)


@misconception(
    "softmax",
    name="the first axis is taken instead of dim",
    belief="dim=0 adds up a row.",
    explanation="dim=0 adds up over the samples of a batch: they would compete with each other.",
    hints=("Which sums are 1: of rows or of columns?", "dim=dim, in both places."),
)
def softmax_first_axis(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, 0, keepdim=True)).exp()
    return e / e.sum(dim=0, keepdim=True)


@misconception(
    "softmax",
    name="the exponentials are divided by the largest, not by their sum",
    belief="The best class has probability 1.",
    explanation="Dividing by the sum makes them sum to 1, as probabilities do.",
    hints=("What do yours sum to?", "e / sum(e, dim=dim, keepdim=True)."),
)
def softmax_by_largest(x: Any, dim: int = -1) -> Any:
    return (x - _amax(x, dim, keepdim=True)).exp()


@misconception(
    "softmax",
    name="it is computed from .data, outside of the graph",
    belief="Arrays give the same numbers.",
    explanation="What is computed from .data is not recorded: no gradient could come back.",
    hints=("Does the result have a grad_fn?", "Use subtract_largest, exp and sum, of tensors."),
)
def softmax_outside_graph(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, dim, keepdim=True)).exp()
    return (e / e.sum(dim=dim, keepdim=True)).detach()


@misconception(
    "log_softmax",
    name="the logarithm is taken of softmax",
    belief="The logarithm of softmax is log(softmax(x)).",
    explanation="A probability of e^-200 is 0 in float32, and log(0) is minus infinity. It is x - log(sum(e^x)).",
    hints=("What is log_softmax of the scores 0 and -200?", "shifted - log(sum(exp(shifted))): no division."),
)
def log_of_softmax(x: Any, dim: int = -1) -> Any:
    e = (x - _amax(x, dim, keepdim=True)).exp()
    return (e / e.sum(dim=dim, keepdim=True)).log()


@misconception(
    "log_softmax",
    name="the largest score is not subtracted first",
    belief="x - log(sum(e^x)) is the program.",
    explanation="A score of 1000 overflows. Shift first: the largest exponential is then 1.",
    hints=("What is np.exp(1000.0)?", "shifted = subtract_largest(x, dim)."),
)
def log_softmax_without_shift(x: Any, dim: int = -1) -> Any:
    return x - x.exp().sum(dim=dim, keepdim=True).log()


@misconception(
    "log_softmax",
    name="the shift is made below the logarithm only",
    belief="The shift is there for the exponentials.",
    explanation="It changes nothing only if all of x is shifted: shifted - log(sum(exp(shifted))).",
    hints=("Do the exponentials of your result sum to 1?", "Use shifted in both places."),
)
def shifted_once(x: Any, dim: int = -1) -> Any:
    return x - (x - _amax(x, dim, keepdim=True)).exp().sum(dim=dim, keepdim=True).log()


@misconception(
    "log_softmax",
    name="the last axis is taken instead of dim",
    belief="The classes stand last.",
    explanation="dim is the axis along which they compete; for images of labels it is 1.",
    hints=("Where do you use dim?", "dim=dim, in both places."),
)
def log_softmax_last_axis(x: Any, dim: int = -1) -> Any:
    shifted = x - _amax(x, -1, keepdim=True)
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


@misconception(
    "log_softmax",
    name="the axis of the sum is not kept",
    belief="sum(..., dim=dim) broadcasts against x.",
    explanation="Shapes are lined up at the right: (3,) against (3, 3) is one number per column, not per row.",
    hints=("Which shape does the sum along dim=1 have, and which should it have?", "keepdim=True."),
)
def log_softmax_sum_without_axis(x: Any, dim: int = -1) -> Any:
    shifted = x - _amax(x, dim, keepdim=True)
    return shifted - shifted.exp().sum(dim=dim).log()


@misconception(
    "log_softmax",
    name="the logarithm is that of the mean, not of the sum",
    belief="An average keeps the size.",
    explanation="The denominator of softmax is the sum: ten equal scores have probability 1/10, logarithm -2.3026.",
    hints=("What are ten equal scores' log-probabilities?", "sum(exp(shifted), dim=dim, keepdim=True)."),
)
def log_of_mean(x: Any, dim: int = -1) -> Any:
    shifted = x - _amax(x, dim, keepdim=True)
    return shifted - shifted.exp().mean(dim=dim, keepdim=True).log()


@misconception(
    "log_softmax",
    name="the sum is subtracted without its logarithm",
    belief="Dividing becomes subtracting.",
    explanation="The logarithm of a quotient subtracts the logarithm of the denominator.",
    hints=("What is log(a / b)?", "shifted - log(total)."),
)
def log_softmax_without_log(x: Any, dim: int = -1) -> Any:
    shifted = x - _amax(x, dim, keepdim=True)
    return shifted - shifted.exp().sum(dim=dim, keepdim=True)


@misconception(
    "log_softmax",
    name="it is computed from .data, outside of the graph",
    belief="Arrays give the same numbers.",
    explanation="What is computed from .data is not recorded: no gradient could come back.",
    hints=("Does the result have a grad_fn?", "Use subtract_largest, exp, sum and log, of tensors."),
)
def log_softmax_outside_graph(x: Any, dim: int = -1) -> Any:
    shifted = x - _amax(x, dim, keepdim=True)
    return (shifted - shifted.exp().sum(dim=dim, keepdim=True).log()).detach()
