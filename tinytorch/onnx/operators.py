"""ONNX's operators, each composed from tinytorch's functions, so that gradients go through a loaded network, too."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

import tinytorch
import tinytorch.nn.functional as F
from tinytorch.core.losses import nll_loss
from tinytorch.core.spatial import col2im, conv2d
from tinytorch.core.tensor import Tensor, amax, amin, concatenate, gather, pad, where
from tinytorch.onnx.windows import Placement, window_maxima, window_means

Operator = Callable[..., Any]  # (call, *inputs) -> the output, or a tuple of them
OPERATORS: dict[str, Operator] = {}


class NodeCall:
    """One node of a graph: its attributes are read once, then it is called with the values so far."""

    def __init__(self, node: onnx.NodeProto, opset: int) -> None:
        self.op, self.inputs, self.outputs, self.opset = node.op_type, tuple(node.input), tuple(node.output), opset
        self.attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}

    def __call__(self, values: dict[str, Any]) -> None:
        """Compute the node's outputs from `values`, by name, and put them there."""
        inputs = [values[name] if name else None for name in self.inputs]
        try:
            with np.errstate(all="ignore"):  # infinities and NaN are results here, as in ONNX
                found = OPERATORS[self.op](self, *inputs)
        except (NotImplementedError, TypeError, ValueError) as error:
            raise type(error)(f"{self.op} ({self.outputs[0]}): {error}") from error
        values.update(zip(self.outputs, found if isinstance(found, tuple) else (found,)))

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute; text as str."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def axes(self, given: Tensor | None, name: str = "axes") -> list[int] | None:
        """Return whole numbers that are an input in newer operator sets and an attribute in older ones."""
        return numbers(given) if given is not None else self.get(name)


def numbers(t: Tensor) -> list[int]:
    return [int(n) for n in t.data.reshape(-1)]


def serves(*names: str) -> Callable[[Operator], Operator]:
    """Enter a function into the table under the names of operators."""

    def enter(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return enter


# ---- element by element -----------------------------------------------------------------------------


def _truncated(a: Tensor, b: Tensor) -> Tensor:
    """a / b of whole numbers, rounded towards 0."""
    return a / b if a.dtype.kind == "f" else tinytorch.div(a, b, rounding_mode="trunc")


def _larger(a: Tensor, b: Tensor) -> Tensor:
    return where((a.data >= b.data) | np.isnan(a.data), a, b)


def _smaller(a: Tensor, b: Tensor) -> Tensor:
    return where((a.data <= b.data) | np.isnan(a.data), a, b)


OF_ONE = {
    "Neg": operator.neg, "Abs": Tensor.abs, "Exp": Tensor.exp, "Log": Tensor.log, "Sqrt": Tensor.sqrt, "Relu": F.relu,
    "Reciprocal": tinytorch.reciprocal, "Sigmoid": F.sigmoid, "Tanh": F.tanh, "Softplus": F.softplus,
    "Erf": tinytorch.erf,
    "Sin": tinytorch.sin, "Cos": tinytorch.cos, "Tan": tinytorch.tan, "Asin": tinytorch.asin, "Acos": tinytorch.acos,
    "Atan": tinytorch.atan, "Sinh": tinytorch.sinh, "Cosh": tinytorch.cosh, "Asinh": tinytorch.asinh,
    "Acosh": tinytorch.acosh, "Atanh": tinytorch.atanh, "Sign": tinytorch.sign, "Floor": tinytorch.floor,
    "Ceil": tinytorch.ceil, "Round": tinytorch.round,
}  # fmt: skip
OF_TWO = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": _truncated, "Pow": operator.pow,
}  # fmt: skip
OF_SEVERAL = {"Max": _larger, "Min": _smaller, "Sum": operator.add, "Mean": operator.add}
OF_TRUTH = {
    "Equal": np.equal, "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal, "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor,
}  # fmt: skip


@serves(*OF_ONE)
def _(call: NodeCall, x: Tensor) -> Tensor:
    return OF_ONE[call.op](x).to(x.dtype)


@serves(*OF_TWO)
def _(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    return OF_TWO[call.op](a, b).to(a.dtype)


@serves(*OF_SEVERAL)
def _(call: NodeCall, *inputs: Tensor) -> Tensor:
    total = functools.reduce(OF_SEVERAL[call.op], inputs)
    return total / len(inputs) if call.op == "Mean" else total


@serves(*OF_TRUTH)
def _(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    return Tensor(OF_TRUTH[call.op](a.data, b.data))


@serves("Not")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return Tensor(~x.data)


@serves("IsNaN")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return Tensor(np.isnan(x.data))


@serves("IsInf")
def _(call: NodeCall, x: Tensor) -> Tensor:
    below, above = call.get("detect_negative", 1), call.get("detect_positive", 1)
    return Tensor(np.isinf(x.data) & (((x.data < 0) & bool(below)) | ((x.data > 0) & bool(above))))


@serves("Where")
def _(call: NodeCall, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(condition, a, b)


@serves("Clip")
def _(call: NodeCall, x: Tensor, least: Tensor | None = None, most: Tensor | None = None) -> Tensor:
    low, high = (None if limit is None else limit.data for limit in (least, most))
    return x.clip(low, high).to(x.dtype)


@serves("LeakyRelu")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return F.leaky_relu(x, call.get("alpha", 0.01))


@serves("PRelu")
def _(call: NodeCall, x: Tensor, slope: Tensor) -> Tensor:
    return where(x.data > 0, x, slope * x)


@serves("Gelu")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return F.gelu(x, call.get("approximate", "none"))


@serves("Identity")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return x


@serves("Dropout")
def _(call: NodeCall, x: Tensor, ratio: Tensor | None = None, training: Tensor | None = None) -> Any:
    p = 0.5 if ratio is None else ratio.item()
    if training is not None and training.item() and p > 0:
        raise NotImplementedError("training_mode: dropout in training is not served; export the network in eval mode")
    return x, Tensor(np.ones(x.shape, bool))


@serves("Cast")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return x.to(_dtype(call.get("to")))


@serves("CastLike")
def _(call: NodeCall, x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.dtype)


def _dtype(number: int) -> np.dtype[Any]:
    """The dtype of ONNX's number for it."""
    dtype = helper.tensor_dtype_to_np_dtype(number)
    if dtype.kind not in "fiub":
        raise NotImplementedError(f"to: NumPy has no dtype {onnx.TensorProto.DataType.Name(number)}")
    return dtype


# ---- reductions -------------------------------------------------------------------------------------


def _sum(x: Tensor, dim: Any, keepdim: bool) -> Tensor:
    return x.sum(dim, keepdim)


def _extreme(function: Any, of_none: float) -> Any:
    def reduce(x: Tensor, dim: Any, keepdim: bool) -> Tensor:
        if x.data.size:
            return function(x, dim=dim, keepdim=keepdim)
        if x.dtype.kind == "f":
            value = of_none
        elif x.dtype == np.bool_:
            value = of_none > 0
        else:
            value = np.iinfo(x.dtype).max if of_none > 0 else np.iinfo(x.dtype).min
        return Tensor(np.full(x.data.sum(axis=dim, keepdims=keepdim).shape, value, x.dtype))

    return reduce


REDUCTIONS = {
    "ReduceSum": _sum,
    "ReduceMean": Tensor.mean,
    "ReduceMax": _extreme(amax, -np.inf),
    "ReduceMin": _extreme(amin, np.inf),
    "ReduceL1": lambda x, dim, keepdim: _sum(x.abs(), dim, keepdim),
    "ReduceL2": lambda x, dim, keepdim: _sum(x * x, dim, keepdim).sqrt(),
    "ReduceSumSquare": lambda x, dim, keepdim: _sum(x * x, dim, keepdim),
    "ReduceLogSum": lambda x, dim, keepdim: _sum(x, dim, keepdim).log(),
    "ReduceLogSumExp": tinytorch.logsumexp,
}


@serves(*REDUCTIONS)
def _(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    dims, keepdim = call.axes(axes), bool(call.get("keepdims", 1))
    if not dims and call.get("noop_with_empty_axes", 0):
        return (
            x if call.op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin") else REDUCTIONS[call.op](x, (), True)
        )
    return REDUCTIONS[call.op](x, tuple(dims) if dims else None, keepdim).to(x.dtype)


@serves("ReduceProd")
def _(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    dims, keepdim, dtype = call.axes(axes), bool(call.get("keepdims", 1)), x.dtype
    if not dims and call.get("noop_with_empty_axes", 0):
        return x
    for dim in sorted((dim % x.ndim for dim in dims or range(x.ndim)), reverse=True):
        x = tinytorch.prod(x, dim, keepdim)
    return x.to(dtype)


@serves("CumSum")
def _(call: NodeCall, x: Tensor, axis: Tensor) -> Tensor:
    dim, dtype = int(axis.item()) % x.ndim, x.dtype
    x = tinytorch.flip(x, (dim,)) if call.get("reverse", 0) else x
    total = tinytorch.cumsum(x, dim)
    total = total - x if call.get("exclusive", 0) else total
    return (tinytorch.flip(total, (dim,)) if call.get("reverse", 0) else total).to(dtype)


@serves("ArgMax", "ArgMin")
def _(call: NodeCall, x: Tensor) -> Tensor:
    axis, keepdim = call.get("axis", 0), bool(call.get("keepdims", 1))
    place = Tensor.argmax if call.op == "ArgMax" else Tensor.argmin
    if not call.get("select_last_index", 0):
        return place(x, axis, keepdim)
    backwards = Tensor(np.flip(x.data, axis))
    return Tensor(x.shape[axis] - 1 - place(backwards, axis, keepdim).data)


@serves("Softmax", "LogSoftmax")
def _(call: NodeCall, x: Tensor) -> Tensor:
    if call.opset < 13:
        raise NotImplementedError(
            f"operator set {call.opset} has another meaning of it; convert the file to 13 or newer"
        )
    function = F.softmax if call.op == "Softmax" else F.log_softmax
    return function(x, call.get("axis", -1))


@serves("NegativeLogLikelihoodLoss")
def _(call: NodeCall, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    ignored = call.get("ignore_index", -100)
    return nll_loss(scores, target, weight, ignore_index=ignored, reduction=call.get("reduction", "mean"))


@serves("SoftmaxCrossEntropyLoss")
def _(call: NodeCall, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Any:
    log_p = F.log_softmax(scores, dim=1)
    ignored = call.get("ignore_index", -100)
    return nll_loss(log_p, target, weight, ignore_index=ignored, reduction=call.get("reduction", "mean")), log_p


# ---- shapes and places ------------------------------------------------------------------------------


@serves("Constant")
def _(call: NodeCall) -> Tensor:
    ((name, value),) = call.attributes.items()
    if name == "value":
        return Tensor(numpy_helper.to_array(value))
    if name not in ("value_float", "value_floats", "value_int", "value_ints"):
        raise NotImplementedError(f"{name} is not served")
    return Tensor(np.array(value, np.float32 if "float" in name else np.int64))


@serves("ConstantOfShape")
def _(call: NodeCall, shape: Tensor) -> Tensor:
    value = numpy_helper.to_array(call.get("value")) if "value" in call.attributes else np.zeros(1, np.float32)
    return Tensor(np.full(numbers(shape), value[0]))


@serves("Range")
def _(call: NodeCall, start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    return Tensor(np.arange(start.item(), limit.item(), delta.item(), start.dtype))  # type: ignore[call-overload]


@serves("Shape")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return Tensor(np.array(x.shape[call.get("start", 0) : call.get("end")], np.int64))


@serves("Size")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return Tensor(np.array(x.data.size, np.int64))


@serves("Reshape")
def _(call: NodeCall, x: Tensor, shape: Tensor) -> Tensor:
    sizes = numbers(shape)
    if not call.get("allowzero", 0):
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    return x.reshape(*sizes) if sizes else x.reshape(())


@serves("Flatten")
def _(call: NodeCall, x: Tensor) -> Tensor:
    axis = call.get("axis", 1)
    rows = math.prod(x.shape[:axis])
    return x.reshape(rows, x.data.size // rows if rows else math.prod(x.shape[axis:]))


@serves("Squeeze")
def _(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    dims = call.axes(axes)
    chosen = range(x.ndim) if dims is None else [dim % x.ndim for dim in dims]
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if i not in chosen or (dims is None and n != 1)))


@serves("Unsqueeze")
def _(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    dims = call.axes(axes) or []
    rank = x.ndim + len(dims)
    new, sizes = {dim % rank for dim in dims}, iter(x.shape)
    return x.reshape(tuple(1 if i in new else next(sizes) for i in range(rank)))


@serves("Transpose")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return x.permute(tuple(call.get("perm", range(x.ndim)[::-1])))


@serves("Expand")
def _(call: NodeCall, x: Tensor, shape: Tensor) -> Tensor:
    return tinytorch.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(numbers(shape))))


@serves("Concat")
def _(call: NodeCall, *inputs: Tensor) -> Tensor:
    return concatenate(inputs, call.get("axis"))


@serves("Split")
def _(call: NodeCall, x: Tensor, split: Tensor | None = None) -> tuple[Tensor, ...]:
    axis = call.get("axis", 0) % x.ndim
    sizes = call.axes(split, "split")
    if sizes is None:
        each = -(-x.shape[axis] // len(call.outputs))
        sizes = [each] * (len(call.outputs) - 1)
        sizes.append(x.shape[axis] - sum(sizes))
    return tinytorch.split(x, sizes, axis)


def along(x: Tensor, axis: int, part: Any) -> Tensor:
    """x[part] along one axis, everything along the others."""
    return x[(slice(None),) * axis + (part,)]


@serves("Slice")
def _(call: NodeCall, x: Tensor, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Tensor:
    first, last = call.axes(starts, "starts") or [], call.axes(ends, "ends") or []
    dims = call.axes(axes) or range(len(first))
    index = [slice(None)] * x.ndim
    for dim, start, end, step in zip(dims, first, last, numbers(steps) if steps is not None else [1] * len(first)):
        index[dim] = slice(start, end if step > 0 or end >= -x.shape[dim] else None, step)
    return x[tuple(index)]


@serves("Gather")
def _(call: NodeCall, x: Tensor, indices: Tensor) -> Tensor:
    return along(x, call.get("axis", 0) % x.ndim, indices)


@serves("GatherElements")
def _(call: NodeCall, x: Tensor, indices: Tensor) -> Tensor:
    axis = call.get("axis", 0) % x.ndim
    sizes = [slice(None) if i == axis else slice(0, n) for i, n in enumerate(indices.shape)]
    return gather(x[tuple(sizes)], indices.data % x.shape[axis], dim=axis)


@serves("GatherND")
def _(call: NodeCall, x: Tensor, indices: Tensor) -> Tensor:
    batch = call.get("batch_dims", 0)
    lead = indices.shape[:-1]
    grid = [np.arange(n).reshape([-1 if i == j else 1 for j in range(len(lead))]) for i, n in enumerate(lead[:batch])]
    index = (*grid, *np.moveaxis(indices.data, -1, 0))
    return x[index]


@serves("Pad")
def _(call: NodeCall, x: Tensor, pads: Tensor, value: Tensor | None = None, axes: Tensor | None = None) -> Tensor:
    sizes, mode = numbers(pads), call.get("mode", "constant")
    half = len(sizes) // 2
    dims = range(x.ndim) if axes is None else [dim % x.ndim for dim in numbers(axes)]
    for dim, before, after in zip(dims, sizes[:half], sizes[half:]):
        if mode == "constant":
            cut = slice(max(-before, 0), x.shape[dim] - max(-after, 0))
            border = [0, 0] * (x.ndim - 1 - dim) + [max(before, 0), max(after, 0)]
            x = pad(along(x, dim, cut), pad=border, value=0 if value is None else value.item())
        else:
            x = along(x, dim, np.pad(np.arange(x.shape[dim]), (before, after), mode=mode))
    return x


# ---- products, normalisation ------------------------------------------------------------------------


@serves("MatMul")
def _(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    return a @ b


@serves("Gemm")
def _(call: NodeCall, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    y = (a.T if call.get("transA", 0) else a) @ (b.T if call.get("transB", 0) else b)
    alpha, beta = call.get("alpha", 1.0), call.get("beta", 1.0)
    y = y if alpha == 1 else y * alpha
    return y if c is None else y + (c if beta == 1 else c * beta)


@serves("BatchNormalization")
def _(call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor) -> Any:
    column = (-1, *[1] * (x.ndim - 2))
    running = mean, var
    if call.get("training_mode", 0):
        dims = (0, *range(2, x.ndim))
        mean, var = x.mean(dims), x.var(dims, correction=0)
        kept = call.get("momentum", 0.9)
        running = tuple(kept * old + (1 - kept) * new for old, new in zip(running, (mean, var)))
    y = (x - mean.reshape(column)) / (var.reshape(column) + call.get("epsilon", 1e-5)).sqrt()
    return y * scale.reshape(column) + bias.reshape(column), *running


@serves("LayerNormalization")
def _(call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Any:
    dims = tuple(range(call.get("axis", -1) % x.ndim, x.ndim))
    mean = x.mean(dims, True)
    deviation = 1 / (x.var(dims, keepdim=True, correction=0) + call.get("epsilon", 1e-5)).sqrt()
    y = (x - mean) * deviation * scale
    return y if bias is None else y + bias, mean, deviation


# ---- windows ----------------------------------------------------------------------------------------


@serves("Conv")
def _(call: NodeCall, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if x.ndim not in (3, 4):
        raise NotImplementedError(f"x: expected one or two axes beside batch and channels, got shape {x.shape}")
    if x.ndim == 3:  # a signal is an image of height 1
        return _conv(
            call, x.unsqueeze(2), weight.unsqueeze(2), bias, Placement(call, x.shape[2:], weight.shape[2:])
        ).squeeze(2)
    return _conv(call, x, weight, bias, Placement(call, x.shape[2:], weight.shape[2:]))


def _conv(call: NodeCall, x: Tensor, weight: Tensor, bias: Tensor | None, places: Placement) -> Tensor:
    x = pad(x, pad=places.border) if any(places.border) else x
    stride, dilation = ((1, *values)[-2:] for values in (places.strides, places.dilations))
    return conv2d(x, weight, bias, stride=stride, dilation=dilation, groups=call.get("group", 1))


@serves("MaxPool")
def _(call: NodeCall, x: Tensor) -> Any:
    places = Placement(call, x.shape[2:], call.get("kernel_shape"))
    y = window_maxima(x, places)
    if len(call.outputs) == 1:
        return y
    return y, Tensor(places.first_maxima(x.data, call.get("storage_order", 0)))


@serves("AveragePool")
def _(call: NodeCall, x: Tensor) -> Tensor:
    places = Placement(call, x.shape[2:], call.get("kernel_shape"))
    return window_means(x, places, bool(call.get("count_include_pad", 0)))


@serves("GlobalAveragePool")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return x.mean(tuple(range(2, x.ndim)), True)


@serves("GlobalMaxPool")
def _(call: NodeCall, x: Tensor) -> Tensor:
    return amax(x, dim=tuple(range(2, x.ndim)), keepdim=True)


@serves("Col2Im")
def _(call: NodeCall, columns: Tensor, image: Tensor, block: Tensor) -> Tensor:
    size, kernel = numbers(image), numbers(block)
    if len(size) != 2:
        raise NotImplementedError(f"image_shape: expected two axes, got {size}")
    top, left, bottom, right = call.get("pads", [0] * 4)
    padded = size[0] + top + bottom, size[1] + left + right
    settings: dict[str, Sequence[int]] = {
        "stride": call.get("strides", [1, 1]),
        "dilation": call.get("dilations", [1, 1]),
    }
    whole = col2im(columns, output_size=padded, kernel_size=tuple(kernel), **settings)
    return whole[:, :, top : top + size[0], left : left + size[1]]
