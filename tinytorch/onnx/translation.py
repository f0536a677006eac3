"""What each primitive is in ONNX: a table from its name to the function that adds its nodes to a graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.spatial import placer
from tinytorch.onnx.graph import Graph
from tinytorch.support.tensor import positive_axis

OPSET = 20  # the first with Gelu, and with ReduceMax of truth values; every onnxruntime since 1.17 runs it

Translator = Callable[..., str]  # (graph, output, *inputs, **settings) -> the name of the output

ELEMENTWISE = {
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh",
    "cosh": "Cosh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf", "reciprocal": "Reciprocal",
    "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "maximum": "Max", "minimum": "Min", "_root": "Sqrt",
    "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not",
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "neg": "Neg", "exp": "Exp", "log": "Log",
    "sqrt": "Sqrt", "abs": "Abs", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus",
}  # fmt: skip
OF_TRUTH_VALUES = {"Add": "Or", "Mul": "And"}  # as NumPy has it
COMPARISONS = {
    "equal": "Equal", "less": "Less", "greater": "Greater", "less_equal": "LessOrEqual",
    "greater_equal": "GreaterOrEqual", "eq": "Equal", "lt": "Less", "gt": "Greater", "le": "LessOrEqual",
    "ge": "GreaterOrEqual",
}  # fmt: skip
REDUCTIONS = {"sum": "ReduceSum", "amax": "ReduceMax", "amin": "ReduceMin"}
TRANSLATIONS: dict[str, Translator] = {}


def translates(*names: str) -> Callable[[Translator], Translator]:
    """Enter a function into the table under the names of primitives."""

    def enter(function: Translator) -> Translator:
        TRANSLATIONS.update(dict.fromkeys(names, function))
        return function

    return enter


def cast(graph: Graph, array: np.ndarray, dtype: Any) -> str:
    """Return the name of an array in another dtype: ONNX promotes nothing by itself."""
    name = graph.name(array)
    return name if array.dtype == dtype else graph.add("Cast", name, to=np.dtype(dtype))


def _elementwise(op: str) -> Translator:
    def translate(graph: Graph, out: np.ndarray, *arrays: np.ndarray) -> str:
        chosen = OF_TRUTH_VALUES[op] if out.dtype == np.bool_ and op in OF_TRUTH_VALUES else op
        return graph.add(chosen, *(cast(graph, array, out.dtype) for array in arrays))

    return translate


def _comparison(op: str, negated: bool = False) -> Translator:
    def translate(graph: Graph, out: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
        dtype = np.result_type(a, b)
        dtype = np.dtype(np.int32) if dtype == np.bool_ and op != "Equal" else dtype
        name = graph.add(op, cast(graph, a, dtype), cast(graph, b, dtype))
        return graph.add("Not", name) if negated else name

    return translate


def _reduction(op: str) -> Translator:
    def translate(graph: Graph, out: np.ndarray, x: np.ndarray, *, dim: Any, keepdim: bool) -> str:
        name = cast(graph, x, out.dtype)
        if dim is None:
            return graph.add(op, name, keepdims=int(keepdim))
        axes = [positive_axis(d, x.ndim) for d in np.atleast_1d(np.array(dim, np.int64)).tolist()]
        if not axes or x.ndim == 0:
            return graph.add("Identity", name)
        return graph.add(op, name, graph.whole(*axes), keepdims=int(keepdim))

    return translate


def _place(op: str) -> Translator:
    def translate(graph: Graph, out: np.ndarray, x: np.ndarray, *, dim: Any, keepdim: bool) -> str:
        if dim is not None:
            return graph.add(op, graph.name(x), axis=int(dim), keepdims=int(keepdim))
        flat = graph.add("Reshape", graph.name(x), graph.whole(-1))
        place = graph.add(op, flat, axis=0, keepdims=0)
        return graph.add("Reshape", place, graph.whole(*out.shape)) if keepdim else place

    return translate


TRANSLATIONS |= {name: _elementwise(op) for name, op in ELEMENTWISE.items()}
TRANSLATIONS |= {name: _comparison(op) for name, op in COMPARISONS.items()}
TRANSLATIONS |= {name: _reduction(op) for name, op in REDUCTIONS.items()}
TRANSLATIONS |= dict.fromkeys(["not_equal", "ne"], _comparison("Equal", negated=True))
TRANSLATIONS |= {"argmax": _place("ArgMax"), "argmin": _place("ArgMin")}


@translates("normal_cdf")
def _(graph: Graph, out: np.ndarray, x: np.ndarray) -> str:  # ½ (1 + erf(x / √2)): ONNX has no erfc
    scaled = graph.add("Mul", graph.name(x), graph.constant(math.sqrt(0.5), x.dtype))
    total = graph.add("Add", graph.add("Erf", scaled), graph.constant(1, x.dtype))
    return graph.add("Mul", total, graph.constant(0.5, x.dtype))


@translates("convert")
def _(graph: Graph, out: np.ndarray, x: np.ndarray) -> str:
    return cast(graph, x, out.dtype)


@translates("write")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, value: np.ndarray, *, index: Any) -> str:
    whole = index is Ellipsis or (isinstance(index, tuple) and all(part is Ellipsis for part in index))
    if not whole or value.shape != out.shape:
        raise ValueError("a part of a tensor is written in place; put the parts together with where or concatenate")
    return cast(graph, value, out.dtype)


def _composed(*steps: tuple[str, float | None]) -> Translator:
    """Operators one behind the other, each with a constant as its second input or none."""

    def translate(graph: Graph, out: np.ndarray, x: np.ndarray) -> str:
        name = cast(graph, x, out.dtype)
        for op, number in steps:
            name = graph.add(op, name, *([] if number is None else [graph.constant(number, out.dtype)]))
        return name

    return translate


TRANSLATIONS |= {
    "rsqrt": _composed(("Sqrt", None), ("Reciprocal", None)),
    "log2": _composed(("Log", None), ("Div", math.log(2))),
    "log10": _composed(("Log", None), ("Div", math.log(10))),
    "log1p": _composed(("Add", 1), ("Log", None)),
    "erfc": _composed(("Erf", None), ("Neg", None), ("Add", 1)),
    "expm1": _composed(("Exp", None), ("Sub", 1)),
    "exp2": _composed(("Mul", math.log(2)), ("Exp", None)),
}


@translates("isnan", "isinf")
def _(graph: Graph, out: np.ndarray, x: np.ndarray) -> str:
    floats = cast(graph, x, x.dtype if x.dtype.kind == "f" else np.float32)
    return graph.add("IsNaN" if graph.function == "isnan" else "IsInf", floats)


@translates("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not")
def _(graph: Graph, out: np.ndarray, *arrays: np.ndarray) -> str:
    if out.dtype != np.bool_:
        raise ValueError("it is exported for truth values only")
    op = {"and": "And", "or": "Or", "xor": "Xor", "not": "Not"}[graph.function.removeprefix("bitwise_")]
    return graph.add(op, *map(graph.name, arrays))


@translates("round")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, decimals: int) -> str:
    if decimals:
        raise ValueError(f"decimals: expected 0, got {decimals}; multiply before and divide afterwards")
    return graph.add("Round", graph.name(x)) if x.dtype.kind == "f" else graph.name(x)


@translates("trunc", "frac")
def _(graph: Graph, out: np.ndarray, x: np.ndarray) -> str:
    name = graph.name(x)
    whole = graph.add("Mul", graph.add("Sign", name), graph.add("Floor", graph.add("Abs", name)))
    return whole if graph.function == "trunc" else graph.add("Sub", name, whole)


@translates("_norm")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, p: float, axes: tuple[int, ...], keepdim: bool) -> str:
    if p not in (1, 2):
        raise ValueError(f"norm: p: expected 1 or 2, got {p}; write it out with abs, ** and sum")
    return graph.add(f"ReduceL{p:.0f}", graph.name(x), graph.whole(*axes), keepdims=int(keepdim))


@translates("_logsumexp")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, axes: tuple[int, ...], keepdim: bool) -> str:
    return graph.add("ReduceLogSumExp", cast(graph, x, out.dtype), graph.whole(*axes), keepdims=int(keepdim))


@translates("_clamp")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, low: np.ndarray | None, high: np.ndarray | None) -> str:
    name = cast(graph, x, out.dtype)
    for op, limit in (("Max", low), ("Min", high)):
        name = name if limit is None else graph.add(op, name, cast(graph, limit, out.dtype))
    return name


@translates("_product")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, dim: int, keepdim: bool) -> str:
    return graph.add("ReduceProd", cast(graph, x, out.dtype), graph.whole(dim), keepdims=int(keepdim))


@translates("_running_sum")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, dim: int) -> str:
    return graph.add("CumSum", cast(graph, x, out.dtype), graph.constant(dim, np.int64))


@translates("clip")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, min: Any, max: Any) -> str:
    limits = ["" if limit is None else graph.constant(limit, out.dtype) for limit in (min, max)]
    return graph.add("Clip", cast(graph, x, out.dtype), *limits)


# ---- moving -----------------------------------------------------------------------------------------


@translates("reshape")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, shape: Any) -> str:
    if x.shape == out.shape:
        return graph.name(x)
    zeros = {"allowzero": 1} if 0 in out.shape else {}
    return graph.add("Reshape", graph.name(x), graph.whole(*out.shape), **zeros)


@translates("_expand")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, **size: Any) -> str:
    before = (1,) * (out.ndim - x.ndim) + x.shape
    return graph.add("Expand", graph.name(x), graph.whole(*(1 if n == m else n for n, m in zip(out.shape, before))))


@translates("permute")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, dims: Any) -> str:
    return graph.add("Transpose", graph.name(x), perm=[positive_axis(d, x.ndim) for d in dims])


@translates("join")
def _(graph: Graph, out: np.ndarray, *arrays: np.ndarray, dim: int) -> str:
    return graph.add("Concat", *(cast(graph, array, out.dtype) for array in arrays), axis=dim)


@translates("where")
def _(graph: Graph, out: np.ndarray, condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
    return graph.add("Where", cast(graph, condition, bool), cast(graph, a, out.dtype), cast(graph, b, out.dtype))


@translates("pad")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, pad: Any, value: Any) -> str:
    untouched = [0] * (x.ndim - len(pad) // 2)
    before, after = untouched + list(pad[-2::-2]), untouched + list(pad[::-2])
    return graph.add("Pad", graph.name(x), graph.whole(*before, *after), graph.constant(value, x.dtype))


@translates("gather")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, index: np.ndarray, *, dim: int) -> str:
    axis = positive_axis(dim, x.ndim)
    if index.shape != out.shape:
        raise ValueError(f"index: expected the shape of the result {out.shape}, got {index.shape}; repeat it first")
    return graph.add("GatherElements", graph.name(x), graph.name(index), axis=axis)


@translates("getitem")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, index: tuple[Any, ...]) -> str:
    index = index if isinstance(index, tuple) else (index,)
    parts = [np.asarray(part) if isinstance(part, (list, tuple, np.ndarray)) else part for part in index]
    parts = [x for part in parts for x in (np.nonzero(part) if _is_mask(part) else (part,))]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    place = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[place : place + 1] = [slice(None)] * (x.ndim - used)

    name = _slices(graph, graph.name(x), [part for part in parts if part is not None])
    new = [i for i, part in enumerate(parts) if part is None]
    if any(isinstance(part, np.ndarray) for part in parts):
        if new:
            raise ValueError(
                f"index: expected no None beside arrays of places, got {index!r:.80}; unsqueeze afterwards"
            )
        return _picked(graph, name, parts)
    axes = [i for i, part in enumerate(part for part in parts if part is not None) if not isinstance(part, slice)]
    if axes:
        name = graph.add("Squeeze", name, graph.whole(*axes))
    kept = [part for part in parts if part is None or isinstance(part, slice)]
    if new:
        name = graph.add("Unsqueeze", name, graph.whole(*(i for i, part in enumerate(kept) if part is None)))
    return name


@translates("_last_diagonals")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, offset: int) -> str:
    along = np.arange(out.shape[-1])
    places = [along + max(0, -offset), along + max(0, offset)]
    return _picked(graph, graph.name(x), [slice(None)] * (x.ndim - 2) + places)


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype == np.bool_


def _slices(graph: Graph, name: str, parts: list[Any]) -> str:
    """Cut along the axes that have a slice or, as a slice of length 1, a whole number."""
    starts, ends, axes, steps = [], [], [], []
    largest = np.iinfo(np.int64).max
    for axis, part in enumerate(parts):
        if isinstance(part, np.ndarray) or part == slice(None):
            continue
        if not isinstance(part, slice):
            part = slice(part, part + 1 if part != -1 else None)
        step = 1 if part.step is None else part.step
        first, last = (0, largest) if step > 0 else (largest, -largest)
        starts.append(first if part.start is None else part.start)
        ends.append(last if part.stop is None else part.stop)
        axes.append(axis)
        steps.append(step)
    return graph.add("Slice", name, *(graph.whole(*row) for row in (starts, ends, axes, steps))) if axes else name


def _picked(graph: Graph, name: str, parts: list[Any]) -> str:
    """Index with arrays of places, as NumPy does; a whole number beside them has become a slice of length 1."""
    axes = [i for i, part in enumerate(parts) if not isinstance(part, slice)]
    rows = [parts[i] if isinstance(parts[i], np.ndarray) else np.zeros((), np.int64) for i in axes]
    if len(axes) == 1:
        return graph.add("Gather", name, graph.name(rows[0]), axis=axes[0])
    places = np.stack(np.broadcast_arrays(*rows), axis=-1).astype(np.int64)
    others = [i for i in range(len(parts)) if i not in axes]
    moved = graph.add("Transpose", name, perm=axes + others)
    taken = graph.add("GatherND", moved, graph.constant(places))
    together = (
        axes[-1] - axes[0] == len(axes) - 1
    )  # then the picked axes stay where they were, otherwise they come first
    if not together or axes[0] == 0:
        return taken
    picked = places.ndim - 1
    before = list(range(picked, picked + axes[0]))
    perm = before + list(range(picked)) + list(range(picked + axes[0], picked + len(others)))
    return graph.add("Transpose", taken, perm=perm)


# ---- products and windows ---------------------------------------------------------------------------


@translates("matrix_product")
def _(graph: Graph, out: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
    return graph.add("MatMul", cast(graph, a, out.dtype), cast(graph, b, out.dtype))


def _window_attributes(win: Any) -> dict[str, Any]:
    pads = [win.padding[axis][side] for side in (0, 1) for axis in (0, 1)]  # top, left, bottom, right
    return {
        "kernel_shape": list(win.kernel),
        "strides": list(win.stride),
        "pads": pads,
        "dilations": list(win.dilation),
    }


def _pool_attributes(win: Any) -> dict[str, Any]:
    return {**_window_attributes(win), "ceil_mode": int(any(win.overhang))}


@translates("conv2d", "conv2d_loops", "conv2d_windows", "conv2d_im2col")
def _(graph: Graph, out: np.ndarray, x: Any, weight: Any, bias: Any, *, groups: int, **where: Any) -> str:
    win = placer.of_filters(x, weight, bias, **where, groups=groups)
    inputs = [cast(graph, array, out.dtype) for array in (x, weight, bias) if array is not None]
    return graph.add("Conv", *inputs, group=int(groups), **_window_attributes(win))


@translates("max_pool2d")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, **where: Any) -> str:
    return graph.add("MaxPool", graph.name(x), **_pool_attributes(placer.of_pool(x, **where)))


@translates("avg_pool2d")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, *, count_include_pad: bool, **where: Any) -> str:
    settings = _pool_attributes(placer.of_pool(x, **where))
    return graph.add("AveragePool", graph.name(x), **settings, count_include_pad=int(count_include_pad))


@translates("im2col")
def _(graph: Graph, out: np.ndarray, x: np.ndarray, **where: Any) -> str:  # a filter for each place of the window
    win = placer.on_images(x, **where)
    places = math.prod(win.kernel)
    one_each = np.eye(places, dtype=x.dtype).reshape(places, 1, *win.kernel)
    filters = graph.constant(np.tile(one_each, (x.shape[1], 1, 1, 1)))
    columns = graph.add("Conv", graph.name(x), filters, group=x.shape[1], **_window_attributes(win))
    return graph.add("Reshape", columns, graph.whole(*out.shape))


@translates("col2im")
def _(graph: Graph, out: np.ndarray, columns: np.ndarray, *, output_size: Any, **where: Any) -> str:
    win, images = placer.of_columns(columns, output_size, **where)
    settings = _window_attributes(win)
    kernel = graph.whole(*settings.pop("kernel_shape"))
    return graph.add("Col2Im", graph.name(columns), graph.whole(*win.image), kernel, **settings)
