"""Arithmetic, the matrix product, reductions."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.caller import called_from
from tinytorch.testing.misconceptions.m01_tensor.data import attempt

Array = np.ndarray


# --- arithmetic ---


def _pairs(name: str) -> Callable[[np.random.Generator, types.ModuleType], Case]:
    def draw(generator: np.random.Generator, home: types.ModuleType) -> Case:
        def results(a: Array, b: Array) -> list[Any]:
            function = getattr(home, name)
            pairs: list[Any] = [(a, b), (a, b[0]), (a, b[:, :1]), ([7, 1], [2, 3])]
            return [attempt(function, *map(home.Tensor, pair)) for pair in pairs]

        return Case(results, generator.uniform(0.5, 2.0, (2, 2)), generator.uniform(1.5, 3.0, (2, 2)))

    return draw


for _name in ("mul", "div", "pow"):
    draws(_name)(_pairs(_name))


@misconception(
    "mul",
    name="the matrix product is taken",
    belief="Multiplying two tables is a matrix product.",
    explanation="`*` multiplies element by element; the matrix product is `@`, in section 6.",
    hints=("Of [[1, 2]] and [[3, 4]], what is the product element by element? [[3, 8]].", "a * b on arrays."),
)
def matrices_multiplied(a: Array, b: Array) -> Array:
    return a @ b


@misconception(
    "mul",
    name="the product is written into the first input",
    belief="a *= b is the same as a * b.",
    explanation="`a *= b` changes the array of the tensor that came in: x * 2 would change x.",
    hints=("What is x after y = x * 2?", "a * b makes a new array."),
)
def written_into_input(a: Array, b: Array) -> Array:
    a *= b
    return a


@misconception(
    "div",
    name="the quotient is rounded down",
    belief="// divides.",
    explanation="// drops what is behind the point: 3 // 2 is 1. Division is /, of integers too.",
    hints=("What is 3 / 2?", "a / b."),
)
def rounded_down(a: Array, b: Array) -> Array:
    return a // b


@misconception(
    "div",
    name="the second input is divided by the first",
    belief="The order makes no difference.",
    explanation="div(a, b) is a / b.",
    hints=("What is div(1, 2)? A half.", "a / b, in this order."),
)
def quotient_inverted(a: Array, b: Array) -> Array:
    return b / a


@misconception(
    "pow",
    name="the second input is raised to the power of the first",
    belief="The order makes no difference.",
    explanation="pow(a, b) is a to the power b: the first is the base.",
    hints=("What is pow(2, 3)? 8.", "a**b, in this order."),
)
def base_and_exponent_swapped(a: Array, b: Array) -> Array:
    return b**a


@misconception(
    "pow",
    name="^ is taken for the power",
    belief="2 ^ 3 is 8, as on paper.",
    explanation="In Python ^ compares bits, and is not defined for floats. The power is **.",
    hints=("What is 2 ^ 3 in Python? 1.", "a**b."),
)
def bits_compared(a: Array, b: Array) -> Array:
    return a ^ b


@misconception(
    "pow",
    name="the inputs are multiplied",
    belief="a to the power b is a times b.",
    explanation="The power multiplies a by itself, b times.",
    hints=("What is pow(2, 3)? 8, not 6.", "a**b."),
)
def multiplied_by_exponent(a: Array, b: Array) -> Array:
    return a * b


@draws("clip")
def _clipped(generator: np.random.Generator, home: types.ModuleType) -> Case:
    limits = [(-0.5, 1.0), (0.0, None), (None, 0.5), (0.25, 0.5), (None, 0.0)]

    def clipped(x: Array) -> list[Any]:
        return [attempt(home.clip, home.Tensor(x), low, high) for low, high in limits]

    return Case(clipped, generator.uniform(-3.0, 3.0, 8))


@misconception(
    "clip",
    name="the limits are swapped",
    belief="The upper limit comes first.",
    explanation="np.clip(x, lower, upper): elements below `min` become min, elements above `max` become max.",
    hints=("What is clip(5, min=0, max=2)? 2.", "np.clip(x, min, max)."),
)
def limits_swapped(x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.clip(x, max, min)


@misconception(
    "clip",
    name="a limit of 0 counts as none",
    belief="`if min` asks whether a limit was given.",
    explanation="0 is false in Python. Ask `min is None`, or leave it to np.clip, which knows None.",
    hints=("What is bool(0.0)?", "np.clip(x, min, max) needs no `if`."),
)
def zero_limit_ignored(x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.clip(x, min or None, max or None)


@misconception(
    "clip",
    name="a limit that was not given counts as 0",
    belief="No limit is 0.",
    explanation="None means that this side has no limit: clip(x, max=1) leaves negative numbers as they are.",
    hints=("What is clip(-3, max=1)? -3.", "np.clip(x, None, 1) is right as it is."),
)
def missing_limit_is_zero(x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.clip(x, min or 0, max or 0)


@misconception(
    "clip",
    name="elements outside of the limits become 0",
    belief="Clipping removes what is too large.",
    explanation="An element outside becomes the limit that it crosses: clip(5, max=2) is 2.",
    hints=("What is clip(5, min=0, max=2)? 2.", "np.clip(x, min, max)."),
)
def outside_becomes_zero(x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.where(np.clip(x, min, max) == x, x, 0).astype(x.dtype)


@misconception(
    "clip",
    name="the upper limit is ignored",
    belief="np.maximum(x, min) clips.",
    explanation="np.maximum limits from below only.",
    hints=("What is clip(5, min=0, max=2)? 2.", "np.clip(x, min, max) limits on both sides."),
)
def upper_limit_ignored(x: Array, *, min: Any = None, max: Any = None) -> Array:
    return np.clip(x, min, None)


# --- the matrix product ---


@draws("matmul")
def _products(generator: np.random.Generator, home: types.ModuleType) -> Case:
    shapes = [((3, 3), (3, 3)), ((2, 3, 3), (2, 3, 3)), ((3,), (3, 3)), ((3, 3), (3,)), ((3,), (3,)), ((2, 3), (3, 4))]
    shapes += [((3,), (2, 3, 3)), ((2, 3, 3), (3,)), ((3,), (3, 1)), ((1, 3), (3,)), ((1, 3, 3), (3,))]
    inputs = [home.Tensor(generator.standard_normal(shape)) for pair in shapes for shape in pair]

    def products(*tensors: Any) -> list[Any]:
        found: list[Any] = []
        for a, b in zip(tensors[::2], tensors[1::2], strict=True):
            w = home.Tensor(a.data, requires_grad=True)
            out = attempt(home.matmul, w, b)
            found += [out, getattr(out, "shape", None), _inputs_of_product(out)]
        return found

    return Case(products, *inputs)


def _inputs_of_product(out: Any) -> list[Any]:
    """How many axes the inputs of matrix_product have, of the product that `out` was made from."""
    while getattr(out, "grad_fn", None) is not None:
        if out.grad_fn.function.__name__ == "matrix_product":
            return [t.ndim for t in out.grad_fn.inputs]
        out = out.grad_fn.inputs[0]
    return []


def _matmul(
    a: Any,
    b: Any,
    product: Callable[[Any, Any], Any],
    row: Callable[[Any], Any] = lambda a: a.unsqueeze(0),
    column: Callable[[Any], Any] = lambda b: b.unsqueeze(1),
    drop: Callable[[Any, bool, bool], Any] | None = None,
) -> Any:
    """matmul with something changed in one of its steps."""
    here: Any = called_from()
    a, b = here.as_tensors((a, b))
    is_row, is_column = a.ndim == 1, b.ndim == 1
    out = product(row(a) if is_row else a, column(b) if is_column else b)
    if drop:
        return drop(out, is_row, is_column)
    out = out.squeeze(-2) if is_row else out
    return out.squeeze(-1) if is_column else out


def _product(a: Any, b: Any) -> Any:
    return called_from().matrix_product(a, b)


@misconception(
    "matmul",
    name="the numbers are multiplied element by element",
    belief="A product of matrices multiplies what stands in the same place.",
    explanation="Entry (i, j) is the sum of row i of a times column j of b.",
    hints=("How many products are in one entry of a 2x2 by 2x2 product? Two.", "matrix_product(a, b), not a * b."),
)
def element_by_element(a: Any, b: Any) -> Any:
    return _matmul(a, b, lambda a, b: a * b)


@misconception(
    "matmul",
    name="the two matrices stand the other way round",
    belief="A product does not depend on the order.",
    explanation="a @ b takes rows of a and columns of b; b @ a is another matrix.",
    hints=("Whose rows are taken?", "matrix_product(a, b), in this order."),
)
def operands_swapped(a: Any, b: Any) -> Any:
    return _matmul(a, b, lambda a, b: _product(b, a))


@misconception(
    "matmul",
    name="rows of a meet rows of b",
    belief="Row by row is how both are read.",
    explanation="Rows of a meet columns of b; with the rows of b the product would be a @ b.T.",
    hints=("Entry (0, 0) is row 0 of a with what of b?", "Nothing is transposed in a @ b."),
)
def rows_meet_rows(a: Any, b: Any) -> Any:
    return _matmul(a, b, lambda a, b: _product(a, b.transpose(-1, -2)))


@misconception(
    "matmul",
    name="every matrix of one batch meets every matrix of the other",
    belief="np.dot is the matrix product.",
    explanation="For more than two axes np.dot pairs all with all; matrix_product takes the product of each pair.",
    hints=("What shape has (3, 2, 2) by (3, 2, 2)?", "matrix_product(a, b), which is NumPy's @."),
)
def all_pairs_of_batches(a: Any, b: Any) -> Any:
    return _matmul(a, b, lambda a, b: type(a)(np.dot(a.data, b.data)))


@misconception(
    "matmul",
    name="the product is computed with NumPy, which records nothing",
    belief="a.data @ b.data is the product.",
    explanation="What is done to .data is not recorded: no gradient would ever reach a or b.",
    hints=("Has a @ b a grad_fn when a requires a gradient?", "matrix_product(a, b) of tensors."),
)
def product_not_recorded(a: Any, b: Any) -> Any:
    return _matmul(a, b, lambda a, b: type(a)(a.data @ b.data))


@misconception(
    "matmul",
    name="vectors go into the product without an axis of their own",
    belief="NumPy's @ takes vectors as well.",
    explanation="It does, but then the product would need a gradient rule for vectors, too: give it matrices only.",
    hints=("Which shapes has matrix_product to handle?", "unsqueeze a vector first, and squeeze the result."),
)
def vectors_left_alone(a: Any, b: Any) -> Any:
    return _matmul(a, b, _product, row=lambda a: a, column=lambda b: b, drop=lambda out, is_row, is_column: out)


@misconception(
    "matmul",
    name="the axis that a vector was given stays in the result",
    belief="A row times a matrix is a row.",
    explanation="A vector times a matrix is a vector: the added axis is dropped from the result.",
    hints=("What shape has (3,) @ (3, 4)? (4,).", "squeeze(out, -2) for a row, squeeze(out, -1) for a column."),
)
def axis_left(a: Any, b: Any) -> Any:
    return _matmul(a, b, _product, drop=lambda out, is_row, is_column: out)


@misconception(
    "matmul",
    name="every axis of length 1 is dropped from the result",
    belief="squeeze removes what unsqueeze added.",
    explanation="squeeze without dim also drops axes that were there before: (3,) @ (3, 1) is (1,), not ().",
    hints=("What shape has (3,) @ (3, 1)?", "Name the axis: -2 for a row, -1 for a column."),
)
def every_axis_of_one_dropped(a: Any, b: Any) -> Any:
    return _matmul(a, b, _product, drop=lambda out, is_row, is_column: out.squeeze() if is_row or is_column else out)


@misconception(
    "matmul",
    name="the row's axis is dropped from the front of the result",
    belief="The axis was added as axis 0, so it is axis 0.",
    explanation="With a batch, (k,) @ (8, k, m) is (8, 1, m): the row's axis is -2, and axis 0 is the batch.",
    hints=("What is the shape before the axis is dropped, for (2,) @ (5, 2, 3)?", "squeeze(out, -2)."),
)
def row_dropped_in_front(a: Any, b: Any) -> Any:
    def drop(out: Any, is_row: bool, is_column: bool) -> Any:
        out = out.squeeze(0) if is_row else out
        return out.squeeze(-1) if is_column else out

    return _matmul(a, b, _product, drop=drop)


@misconception(
    "matmul",
    name="the column's axis is dropped before the row's, which is then no longer -2",
    belief="The order of two squeezes makes no difference.",
    explanation="Once the last axis is gone, the row's axis is -1. Drop the row's first.",
    hints=("What shape is left of (1, 1) after the first squeeze?", "First squeeze(out, -2), then squeeze(out, -1)."),
)
def column_dropped_first(a: Any, b: Any) -> Any:
    def drop(out: Any, is_row: bool, is_column: bool) -> Any:
        out = out.squeeze(-1) if is_column else out
        return out.squeeze(-2) if is_row else out

    return _matmul(a, b, _product, drop=drop)


@misconception(
    "matmul",
    name="only one of two vectors gets its axis",
    belief="There is a vector on the left or on the right.",
    explanation="Both may be vectors: two `if`s, not `if` and `elif`.",
    hints=("What is (3,) @ (3,)? One number.", "Treat left and right independently."),
)
def one_vector_only(a: Any, b: Any) -> Any:
    def drop(out: Any, is_row: bool, is_column: bool) -> Any:
        if is_row:
            return out.squeeze(-2)
        return out.squeeze(-1) if is_column else out

    return _matmul(a, b, _product, drop=drop)


@misconception(
    "matmul",
    name="a vector on the left becomes a column",
    belief="A vector is a column.",
    explanation="On the left a vector is a row, (1, k): its k numbers meet the k rows of b.",
    hints=("Which shape has the left side of (?, k) @ (k, m) for one row?", "unsqueeze(a, 0)."),
)
def column_on_the_left(a: Any, b: Any) -> Any:
    return _matmul(a, b, _product, row=lambda a: a.unsqueeze(1))


@misconception(
    "matmul",
    name="a vector on the right becomes a row",
    belief="A vector is a row.",
    explanation="On the right a vector is a column, (k, 1): its k numbers meet the k columns of a.",
    hints=("Which shape has the right side of (n, k) @ (k, ?) for one column?", "unsqueeze(b, 1)."),
)
def row_on_the_right(a: Any, b: Any) -> Any:
    return _matmul(a, b, _product, column=lambda b: b.unsqueeze(0))


# --- reductions ---


@draws("mean")
def _means(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def means(x: Any) -> list[Any]:
        w = home.Tensor(x.data, requires_grad=True)
        calls: list[tuple[Any, ...]] = [(), (0,), (1,), (-1, True), ((0, 2),), ((0, 1), True)]
        found = [attempt(home.mean, x, *call) for call in calls]
        return [*found, getattr(attempt(home.mean, w, 0), "grad_fn", None) is None]

    return Case(means, home.Tensor(generator.standard_normal((2, 3, 4))))


@draws("var")
def _variances(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def variances(x: Any) -> list[Any]:
        w = home.Tensor(x.data, requires_grad=True)
        kept: dict[str, Any] = {"keepdim": True}
        calls: list[tuple[Any, dict[str, Any]]] = [
            (None, {}),
            (0, {}),
            (1, kept),
            (-1, {"correction": 0}),
            ((0, 2), {}),
        ]
        calls += [(1, {"correction": 2}), (2, kept)]
        found = [attempt(home.var, x, dim, **settings) for dim, settings in calls]
        return [*found, getattr(attempt(home.var, w, 0), "grad_fn", None) is None]

    return Case(variances, home.Tensor(generator.standard_normal((3, 3, 4))))


def _mean(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    total = x.sum(dim, keepdim)
    return total / (x.numel() / total.numel())


@misconception(
    "mean",
    name="size is taken for the number of elements",
    belief="A tensor's size is a number, as an array's is.",
    explanation="As in torch, x.size() is a method and gives the shape; x.numel() is the number of elements.",
    hints=("What is Tensor([1.0, 2.0]).size()?", "x.numel() / total.numel()."),
)
def size_is_a_method(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    total = x.sum(dim, keepdim)
    return total / (x.size / total.size)


@misconception(
    "mean",
    name="the sum is divided by the number of all elements",
    belief="A mean divides by x.numel().",
    explanation="Along an axis only the elements of one sum are counted: x.numel() / total.numel().",
    hints=("How many numbers are in one row of x?", "Divide by x.numel() / total.numel()."),
)
def divided_by_all(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return x.sum(dim, keepdim) / x.numel()


@misconception(
    "mean",
    name="the sum is divided by the length of the first axis",
    belief="len(x) is the number of elements.",
    explanation="len(x) counts the rows. What counts is how many elements went into each sum.",
    hints=("For x of shape (2, 3), how many numbers are in each sum over dim 1?", "x.numel() / total.numel()."),
)
def divided_by_len(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return x.sum(dim, keepdim) / x.shape[0]


@misconception(
    "mean",
    name="the sum is divided by x.shape[dim], which takes one axis only",
    belief="dim is one axis.",
    explanation="dim may also be a tuple, or None for all axes; then x.shape[dim] is an error.",
    hints=("What is x.shape[None]?", "x.numel() / total.numel() is right for any dim."),
)
def divided_by_one_axis(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return x.sum(dim, keepdim) / x.shape[dim]


@misconception(
    "mean",
    name="the sums are counted, not the elements in each",
    belief="A mean divides by total.numel().",
    explanation="total.numel() is the number of results. Each of them is a sum of x.numel() / total.numel() elements.",
    hints=("From shape (2, 3) along dim 1 come 2 sums: of how many elements each?", "x.numel() / total.numel()."),
)
def divided_by_number_of_sums(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    total = x.sum(dim, keepdim)
    return total / total.numel()


@misconception(
    "mean",
    name="the mean is taken along the other axis",
    belief="dim=0 gives one mean per row.",
    explanation="dim says which axis disappears: dim=0 combines the rows, and one number per column is left.",
    hints=("For shape (2, 3), what shape is left by dim=0?", "Pass dim on to sum as it is."),
)
def mean_of_other_axis(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _mean(x, x.ndim - 1 - dim % x.ndim if isinstance(dim, int) else dim, keepdim)


@misconception(
    "mean",
    name="keepdim is not passed on",
    belief="keepdim is a setting of sum alone.",
    explanation="With keepdim=True the axis stays with length 1, so that x - x.mean(1, keepdim=True) broadcasts.",
    hints=("What shape has your mean(dim=1, keepdim=True)?", "sum(x, dim=dim, keepdim=keepdim)."),
)
def mean_drops_axis(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _mean(x, dim)


@misconception(
    "mean",
    name="the mean is computed with NumPy, which records nothing",
    belief="np.mean does it in one call.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.mean() a grad_fn when x requires a gradient?", "Use sum and a division of tensors."),
)
def mean_not_recorded(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return type(x)(np.asarray(x.data.mean(axis=dim, keepdims=keepdim)))


def _var(x: Any, dim: Any, keepdim: bool, correction: float) -> Any:
    squares = ((x - _mean(x, dim, True)) ** 2).sum(dim, keepdim)
    return squares / (x.numel() / squares.numel() - correction)


@misconception(
    "var",
    name="the squares are divided by n, and correction is ignored",
    belief="The variance is the mean of the squared differences.",
    explanation="The divisor is n - correction, and the correction is 1 by default (Bessel).",
    hints=("Of [1, 2, 3] the variance is 1, not 2/3.", "Divide the sum of squares by n - correction."),
)
def divided_by_n(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, 0)


@misconception(
    "var",
    name="the squares are divided by n - 1, and correction is ignored",
    belief="A variance divides by n - 1.",
    explanation="By default it does; correction=0 gives the variance of exactly these numbers.",
    hints=("Where does your function use correction?", "Divide by n - correction."),
)
def divided_by_n_minus_one(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, 1)


@misconception(
    "var",
    name="the squares are divided by n + correction",
    belief="The correction is added.",
    explanation="The mean was fitted to the same numbers, so the squares are too small: the divisor gets smaller.",
    hints=("Does a correction make the variance larger or smaller? Larger.", "n - correction."),
)
def correction_added(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, -correction)


@misconception(
    "var",
    name="size is taken for the number of elements",
    belief="A tensor's size is a number, as an array's is.",
    explanation="As in torch, x.size() is a method and gives the shape; x.numel() is the number of elements.",
    hints=("What is Tensor([1.0, 2.0]).size()?", "x.numel() / total.numel() - correction."),
)
def size_is_a_method_of_variance(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    squares = (x - _mean(x, dim, True)) ** 2
    return squares.sum(dim, keepdim) / (x.size / squares.size - correction)


@misconception(
    "var",
    name="the squares are divided by the number of all elements",
    belief="n is x.numel().",
    explanation="Along an axis n is the number of elements of one sum: x.numel() / total.numel().",
    hints=("For shape (2, 3) along dim 1, what is n? 3.", "x.numel() / total.numel() - correction."),
)
def variance_divided_by_all(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return ((x - _mean(x, dim, True)) ** 2).sum(dim, keepdim) / (x.numel() - correction)


@misconception(
    "var",
    name="the mean of all numbers is subtracted, not the mean along dim",
    belief="There is one mean.",
    explanation="Along an axis each sum has a mean of its own: mean(x, dim, keepdim=True).",
    hints=("How many means has x of shape (2, 3) along dim 1?", "Pass dim to mean, with keepdim=True."),
)
def mean_of_all_subtracted(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    squares = ((x - _mean(x)) ** 2).sum(dim, keepdim)
    return squares / (x.numel() / squares.numel() - correction)


@misconception(
    "var",
    name="the mean is subtracted without its axis",
    belief="mean(x, dim) broadcasts against x.",
    explanation="Shapes line up at the right: means (2,) do not fit to rows (2, 3), means (2, 1) do.",
    hints=("Which shape must the means of the rows of a (2, 3) have?", "mean(x, dim, keepdim=True)."),
)
def mean_without_axis(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    squares = ((x - _mean(x, dim, keepdim)) ** 2).sum(dim, keepdim)
    return squares / (x.numel() / squares.numel() - correction)


@misconception(
    "var",
    name="the mean is not subtracted",
    belief="The variance is the mean square.",
    explanation="It is the mean square of the differences from the mean.",
    hints=("What is the variance of [5, 5, 5]? Zero.", "(x - mean) ** 2."),
)
def mean_not_subtracted(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    squares = (x * x).sum(dim, keepdim)
    return squares / (x.numel() / squares.numel() - correction)


@misconception(
    "var",
    name="the differences are not squared",
    belief="The variance is the mean distance.",
    explanation="Each difference is squared; without the square they add up to 0.",
    hints=("What do the differences from the mean add up to?", "difference * difference."),
)
def differences_not_squared(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    total = (x - _mean(x, dim, True)).sum(dim, keepdim)
    return total / (x.numel() / total.numel() - correction)


@misconception(
    "var",
    name="the root is taken",
    belief="The spread is the square root.",
    explanation="The root of the variance is the standard deviation; var is what stands under it.",
    hints=("Twice as large numbers have four times the variance.", "No sqrt."),
)
def standard_deviation(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, keepdim, correction).sqrt()


@misconception(
    "var",
    name="keepdim is not passed on",
    belief="keepdim is needed inside only.",
    explanation="With keepdim=True the axis stays in the result, too.",
    hints=("What shape has your var(dim=1, keepdim=True)?", "The last sum gets keepdim=keepdim."),
)
def variance_drops_axis(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, False, correction)


@misconception(
    "var",
    name="the axis always stays",
    belief="keepdim=True is needed, so it is passed everywhere.",
    explanation="keepdim=True is for the mean; the result keeps its axis only if keepdim says so.",
    hints=("What shape has your var(dim=1)?", "The last sum gets keepdim=keepdim."),
)
def variance_keeps_axis(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return _var(x, dim, True, correction)


@misconception(
    "var",
    name="the variance is computed with NumPy, which records nothing",
    belief="np.var does it in one call.",
    explanation="What is done to .data is not recorded: no gradient would ever reach x.",
    hints=("Has x.var() a grad_fn when x requires a gradient?", "Use mean, sum and arithmetic of tensors."),
)
def variance_not_recorded(x: Any, dim: Any = None, *, keepdim: bool = False, correction: float = 1) -> Any:
    return type(x)(np.asarray(x.data.var(axis=dim, keepdims=keepdim, ddof=correction)))


@draws("pick")
def _picked(generator: np.random.Generator, home: types.ModuleType) -> Case:
    def picked(*arrays: Array) -> list[Any]:
        found: list[Any] = []
        for x in arrays:
            for dim in range(-1, x.ndim):
                for keepdim in (False, True):
                    w, indices = home.Tensor(x, requires_grad=True), home.Tensor(x.argmax(dim, keepdims=True))
                    out = attempt(home.pick, w, indices, dim, keepdim)
                    parts = [getattr(out, name, "missing") for name in ("values", "indices")]
                    facts = [[part, getattr(part, "grad_fn", None) is None, np.shape(part)] for part in parts]
                    found += [facts, type(out).__name__]
        return found

    return Case(picked, *(generator.standard_normal(shape) for shape in ((3, 3), (2, 4), (1, 3), (3, 1))))


def _extremum(values: Any, indices: Any) -> Any:
    return called_from().Extremum(values, indices)


def _gathered(x: Any, indices: Any, dim: int) -> Any:
    return called_from().gather(x, indices, dim=dim)


@misconception(
    "pick",
    name="the axis stays, although keepdim is False",
    belief="gather gives the result.",
    explanation="gather leaves an axis of length 1, as `indices` has it: squeeze it out of both unless keepdim.",
    hints=("What shape has x.max(dim=1).values for x of shape (2, 4)? (2,).", "squeeze(values, dim) unless keepdim."),
)
def axis_always_kept(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    return _extremum(_gathered(x, indices, dim), indices)


@misconception(
    "pick",
    name="the axis is dropped, although keepdim is True",
    belief="max(dim) removes the axis.",
    explanation="With keepdim=True it stays with length 1, so that the result broadcasts against x.",
    hints=("Where do you use keepdim?", "if not keepdim: squeeze both."),
)
def axis_always_dropped(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    return _extremum(_gathered(x, indices, dim).squeeze(dim), indices.squeeze(dim))


@misconception(
    "pick",
    name="keepdim is taken the other way round",
    belief="keepdim=True squeezes.",
    explanation="keepdim=True keeps the axis; only without it the axis is squeezed out.",
    hints=("Which of the two keeps the axis?", "if not keepdim."),
)
def keepdim_inverted(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = _gathered(x, indices, dim)
    return _extremum(values.squeeze(dim), indices.squeeze(dim)) if keepdim else _extremum(values, indices)


@misconception(
    "pick",
    name="the axis is dropped from the values only",
    belief="The indices are right as they come.",
    explanation="Values and indices have the same shape: squeeze the axis out of both.",
    hints=("What shape has x.max(dim=1).indices for x of shape (2, 4)? (2,).", "squeeze(indices, dim), too."),
)
def indices_keep_axis(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = _gathered(x, indices, dim)
    return _extremum(values if keepdim else values.squeeze(dim), indices)


@misconception(
    "pick",
    name="every axis of length 1 is dropped",
    belief="squeeze removes the axis that was reduced.",
    explanation="squeeze without dim also drops others: of shape (1, 4) along dim 1 the result is (1,), not ().",
    hints=("What shape has x.max(dim=1).values for x of shape (1, 4)?", "squeeze(values, dim)."),
)
def every_axis_dropped(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = _gathered(x, indices, dim)
    return _extremum(values, indices) if keepdim else _extremum(values.squeeze(), indices.squeeze())


@misconception(
    "pick",
    name="indices come before values",
    belief="The order makes no difference.",
    explanation="As in torch: values, indices = x.max(dim).",
    hints=("What is x.max(dim=1)[0]?", "Extremum(values, indices)."),
)
def indices_first(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = _gathered(x, indices, dim)
    both = (indices, values) if keepdim else (indices.squeeze(dim), values.squeeze(dim))
    return _extremum(*both)


@misconception(
    "pick",
    name="a plain tuple is returned",
    belief="Two results are a pair.",
    explanation="Extremum is a pair whose parts also have names: x.max(dim=1).indices.",
    hints=("What is x.max(dim=1).values?", "Extremum(values, indices)."),
)
def plain_pair(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = _gathered(x, indices, dim)
    return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))


@misconception(
    "pick",
    name="x is indexed, not gathered from",
    belief="x[indices] picks the entries.",
    explanation="x[indices] takes whole rows. gather takes one entry of each row, along dim.",
    hints=("What shape has x[indices] for x of shape (2, 4)?", "gather(x, indices, dim=dim)."),
)
def rows_taken(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = x[indices]
    return _extremum(values, indices) if keepdim else _extremum(values.squeeze(dim), indices.squeeze(dim))


@misconception(
    "pick",
    name="the values are taken with NumPy, which records nothing",
    belief="np.take_along_axis does it.",
    explanation="What is done to .data is not recorded: no gradient would ever reach the largest value.",
    hints=("Has x.max(dim=1).values a grad_fn when x requires a gradient?", "gather(x, indices, dim=dim)."),
)
def values_not_recorded(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    values = type(x)(np.take_along_axis(x.data, indices.data, dim))
    return _extremum(values, indices) if keepdim else _extremum(values.squeeze(dim), indices.squeeze(dim))
