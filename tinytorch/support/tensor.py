"""What a tensor needs beside the ideas of chapter 01: its operators and methods, and checks of its arguments."""

from __future__ import annotations

import functools
import operator
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinytorch.support.dtypes import in_dtype
from tinytorch.support.gradient_hooks import GradientHooks, hooks_of_leaves
from tinytorch.support.in_place import InPlaceMethods, as_index, integers_and_rest
from tinytorch.support.interchange import InterchangeMethods
from tinytorch.support.methods import TorchMethods
from tinytorch.support.package import package_function
from tinytorch.support.printing import numbers_as_text
from tinytorch.support.torch_arguments import refuse_not_served

_Tensor = TypeVar("_Tensor", bound="TensorMethods")
_Dims = int | tuple[int, ...] | None
_OPERATORS = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "matmul": "matmul"}

NUMBERS = (bool, int, float, np.generic)  # what counts as a plain number beside tensors


class Recording(threading.local):
    """Whether functions are recorded in this thread. Module 05's `no_grad` turns it off for a while."""

    enabled = True


class TensorMethods(InPlaceMethods, GradientHooks, InterchangeMethods, TorchMethods):
    """The operators and methods of a tensor: each calls the function of the same name in the chapter.

    `x + y` is `add(x, y)`, `x.exp()` is `exp(x)`. The functions are looked up in the module that defines the class
    which inherits from this one, so `Tensor` in a dev file calls the functions of that dev file.
    """

    grad: Any

    def _set_data(self, value: Any) -> None:
        self._data = value.data if isinstance(value, TensorMethods) else value  # w.data = w.data - rate * w.grad

    data: np.ndarray = property(operator.attrgetter("_data"), _set_data)  # type: ignore[assignment]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if TensorMethods in cls.__bases__:
            cls._chapter = sys.modules[cls.__module__]

    @property
    def ndim(self) -> int:
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of the axis `dim`."""
        return self.shape if dim is None else self.shape[positive_axis(dim, self.ndim)]

    def numel(self) -> int:
        """Return how many numbers there are."""
        return self.data.size

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded function made this tensor: it is a parameter, an input or a constant."""
        return self.grad_fn is None

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor without dimensions; use .item() for its value")
        return len(self.data)

    def __repr__(self) -> str:
        text = numbers_as_text(self.data, "Tensor(")
        if self.dtype not in (np.float32, np.int64, np.bool_):
            text += f", dtype={self.dtype}"
        return f"Tensor({text}{', requires_grad=True' if self.requires_grad else ''})"

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, out: Any = None, **settings: Any) -> Any:
        """Make `array + tensor` our `add`, and let `array -= tensor` write to the array; compute the others."""
        ours = getattr(self._chapter, _OPERATORS.get(function.__name__, ""), None)
        if method == "__call__" and out is None and ours is not None and not settings:
            return ours(*inputs)
        arrays = [x.data if isinstance(x, TensorMethods) else x for x in inputs]
        if out is not None:
            return getattr(function, method)(*arrays, out=out, **settings)
        if self._chapter.recording.enabled and any(getattr(x, "requires_grad", False) for x in inputs):
            raise TypeError(
                f"np.{function.__name__} would lose the gradient; pass x.detach(), or use tinytorch's function"
            )
        return self._chapter.Tensor(getattr(function, method)(*arrays, **settings))

    def numpy(self) -> np.ndarray:
        """Return the numbers as a NumPy array that shares the tensor's memory."""
        return self.data

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise ValueError(
                f"bool: expected a tensor with one element, got shape {self.shape}; to choose by elements: where(...); "
                "to ask whether there is one: `x is not None`"
            )
        return bool(self.item())

    def item(self) -> Any:
        """Return the one number in this tensor as a Python number. Raises ValueError where there is not exactly one."""
        if self.data.size != 1:
            raise ValueError(f"item: expected a tensor with one element, got shape {self.shape}")
        return self.data.item()

    backward_pass: Callable[..., None] | None = None  # a static method: module 05 puts its `backward` here

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = False, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Fill `grad` of every tensor with `requires_grad` that this one was computed from (module 05)."""
        refuse_not_served("backward", create_graph=create_graph, inputs=inputs)
        if self.backward_pass is None:
            raise RuntimeError("backward is built in module 05; import tinytorch.core.autograd to use it")
        with hooks_of_leaves():
            self.backward_pass(self, gradient, bool(retain_graph))

    # Arithmetic
    def __add__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.add(self, other)

    def __radd__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.add(other, self)

    def __sub__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.sub(self, other)

    def __rsub__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.sub(other, self)

    def __mul__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.mul(self, other)

    def __rmul__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.mul(other, self)

    def __truediv__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.div(self, other)

    def __rtruediv__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.div(other, self)

    def __pow__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.pow(self, other)

    def __rpow__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.pow(other, self)

    def __matmul__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.matmul(self, other)

    def __rmatmul__(self: _Tensor, other: Any) -> _Tensor:
        return self._chapter.matmul(other, self)

    def __neg__(self: _Tensor) -> _Tensor:
        return self._chapter.neg(self)

    # Comparisons give tensors of truth values, which have no gradient.
    def _compare(self: _Tensor, compare: Callable[[Any, Any], Any], other: Any) -> _Tensor:
        is_number = isinstance(other, NUMBERS)
        other = number_array(other, [self.dtype]) if is_number else inferred_array(other)
        return self._chapter.Tensor(compare(self.data, other))

    def __eq__(self: _Tensor, other: Any) -> _Tensor:  # type: ignore[override]
        return self._compare(np.equal, other)

    def __ne__(self: _Tensor, other: Any) -> _Tensor:  # type: ignore[override]
        return self._compare(np.not_equal, other)

    def __lt__(self: _Tensor, other: Any) -> _Tensor:
        return self._compare(np.less, other)

    def __le__(self: _Tensor, other: Any) -> _Tensor:
        return self._compare(np.less_equal, other)

    def __gt__(self: _Tensor, other: Any) -> _Tensor:
        return self._compare(np.greater, other)

    def __ge__(self: _Tensor, other: Any) -> _Tensor:
        return self._compare(np.greater_equal, other)

    __hash__ = object.__hash__  # two tensors with equal numbers are two tensors: each can be a key in a dict

    # Indexing
    def __getitem__(self: _Tensor, index: Any) -> _Tensor:
        index = as_index(index)
        split = integers_and_rest(index)
        if split is not None:
            return self[split[0]][split[1]]
        if len(index) == self.ndim and all(type(part) is int for part in index):
            index = (*index, ...)  # NumPy then gives an array that shares memory, not a copy of one number
        return self._chapter.getitem(self, index=index)

    # Element by element
    def exp(self: _Tensor) -> _Tensor:
        return self._chapter.exp(self)

    def log(self: _Tensor) -> _Tensor:
        return self._chapter.log(self)

    def sqrt(self: _Tensor) -> _Tensor:
        return self._chapter.sqrt(self)

    def abs(self: _Tensor) -> _Tensor:
        return self._chapter.abs(self)

    def clip(self: _Tensor, min: Any = None, max: Any = None) -> _Tensor:
        if isinstance(min, TensorMethods) or isinstance(max, TensorMethods):
            return self.clamp(min, max)
        return self._chapter.clip(self, min=min, max=max)

    # Reductions
    def sum(self: _Tensor, dim: _Dims = None, keepdim: bool = False, *, dtype: Any = None) -> _Tensor:
        if dtype is not None:
            return package_function("sum")(self, dim, keepdim, dtype=dtype)
        return self._chapter.sum(self, dim=dim, keepdim=keepdim)

    def mean(self: _Tensor, dim: _Dims = None, keepdim: bool = False, *, dtype: Any = None) -> _Tensor:
        if dtype is not None or self.numel() == 0:  # NaN for each mean of nothing
            return package_function("mean")(self, dim, keepdim, dtype=dtype)
        return self._chapter.mean(self, dim, keepdim)

    def var(
        self: _Tensor,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> _Tensor:
        """Return the variance; `unbiased` is torch's older name of correction 1 (True, the default) and 0 (False)."""
        dim, correction = dim_and_correction(dim, unbiased, correction)
        if self.numel() == 0:  # NaN for each variance of nothing
            return package_function("var")(self, dim, keepdim=keepdim, correction=correction)
        return self._chapter.var(self, dim, keepdim=keepdim, correction=correction)

    def max(self: _Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, TensorMethods):
            return self.maximum(dim)
        return self._chapter.max(self, dim, keepdim)

    def min(self: _Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, TensorMethods):
            return self.minimum(dim)
        return self._chapter.min(self, dim, keepdim)

    def argmax(self: _Tensor, dim: int | None = None, keepdim: bool = False) -> _Tensor:
        """Return the place of the largest entry, the first among equals."""
        return self._extremum_at(np.argmax, dim, keepdim)

    def argmin(self: _Tensor, dim: int | None = None, keepdim: bool = False) -> _Tensor:
        """Return the place of the smallest entry, the first among equals."""
        return self._extremum_at(np.argmin, dim, keepdim)

    def _extremum_at(self: _Tensor, find: Callable[..., Any], dim: int | None, keepdim: bool) -> _Tensor:
        if dim is not None:
            dim = positive_axis(dim, self.ndim) if self.ndim else positive_axis(dim, 0) or None
        return self._chapter.Tensor(find(self.data, axis=dim, keepdims=keepdim))

    # Shape
    def reshape(self: _Tensor, *shape: Any) -> _Tensor:
        return self._chapter.reshape(self, shape=as_shape(shape))

    def view(self: _Tensor, *shape: Any) -> _Tensor:
        """Return the same memory in another shape. Raises ValueError where `reshape` would have to copy."""
        out = self._chapter.reshape(self, shape=as_shape(shape))
        if self.data.size and not np.may_share_memory(out.data, self.data):
            raise ValueError(
                f"view: shape {self.shape} is not in the order of memory (a transpose is not), so {out.shape} cannot "
                "share it; use reshape(...), which copies"
            )
        return out

    def flatten(self: _Tensor, start_dim: int = 0, end_dim: int = -1) -> _Tensor:
        return self._chapter.flatten(self, start_dim, end_dim)

    def permute(self: _Tensor, *dims: Any) -> _Tensor:
        return self._chapter.permute(self, dims=as_shape(dims))

    def transpose(self: _Tensor, dim0: int, dim1: int) -> _Tensor:
        dim0, dim1 = positive_axis(dim0, self.ndim), positive_axis(dim1, self.ndim)
        return self._chapter.transpose(self, dim0, dim1) if self.ndim else self

    @property
    def T(self: _Tensor) -> _Tensor:
        """The tensor with its axes in reverse order."""
        return self._chapter.permute(self, dims=tuple(reversed(range(self.ndim))))

    def squeeze(self: _Tensor, dim: Any = None) -> _Tensor:
        if isinstance(dim, (tuple, list)):
            return self._squeeze_several(dim)
        return self._chapter.squeeze(self, dim)

    def unsqueeze(self: _Tensor, dim: int) -> _Tensor:
        return self._chapter.unsqueeze(self, dim)


def dim_and_correction(dim: Any, unbiased: bool | None, correction: Any) -> tuple[Any, Any]:
    """Return the axes and the correction of a variance: `unbiased`, also as the first argument, is torch's older name.

    True is correction 1, the default, and False is 0. Raises TypeError where both names are given.
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError("unbiased, correction: expected one of them, got both; pass correction")
    return dim, correction if correction is not None else 0 if unbiased is False else 1


def as_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Return (2, 3) for the arguments of both f(2, 3) and f((2, 3))."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def with_an_axis(extremum: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate `max` and `min`: along a dim, a tensor without axes is one of length 1, as in torch."""

    @functools.wraps(extremum)
    def of_any(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return extremum(x, dim, keepdim) if dim is None or np.ndim(x) else extremum(x.reshape(1), dim)

    return of_any


class Extremum(NamedTuple):
    """What `max(dim)` and `min(dim)` return: the values, and their indices along `dim` (the first among equals)."""

    values: Any
    indices: Any


def only_numbers(to_array: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Decorate `to_array`: data that cannot become an array of numbers is an error that names `data`.

    So is an int, which torch takes for a length: `Tensor(2, 3)` has six numbers there.
    """

    @functools.wraps(to_array)
    def checked(data: Any, dtype: Any = None) -> np.ndarray:
        if type(data) is int:
            raise TypeError(
                f"data: expected a float, a list or an array, got the int {data}; for one number write tensor({data}), "
                f"for a shape zeros({data}) or zeros({data}, ...)"
            )
        if type(data) is not np.ndarray or data.dtype.kind not in "fiub":
            _check_numbers(data)  # before NumPy makes numbers of text, and NaN of None
        return to_array(data, dtype)

    return checked


def inferred_array(data: Any, dtype: Any = None) -> np.ndarray:
    """Return the data as an array: Python's floats as float32, integers as int64, truth values as bool.

    Arrays, and numbers that have a dtype, keep it, also within a list. Raises ValueError for rows of unequal length,
    and TypeError for what is no number.
    """
    array = _check_numbers(data)
    if dtype is not None:
        return in_dtype(array, dtype) if isinstance(data, (*NUMBERS, list, tuple)) else np.asarray(array, dtype)
    return array.astype(np.float32) if array.dtype == np.float64 and not _holds_float64(data) else array


def _check_numbers(data: Any) -> np.ndarray:
    if isinstance(data, TensorMethods):
        data = data.data
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"data: expected numbers in rows of equal length, got {data!r:.80} ({error})") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"data: expected numbers, got {type(data).__name__} {data!r:.80} of dtype {array.dtype}")
    return array


def _holds_float64(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return any(map(_holds_float64, data))
    return hasattr(data, "dtype") and np.asarray(data).dtype == np.float64  # also of a tensor of torch's


def lists_as_arrays(as_tensors: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Decorate `as_tensors`: lists are given as arrays, whose dtype says what they hold."""

    @functools.wraps(as_tensors)
    def with_arrays(inputs: Iterable[Any]) -> list[Any]:
        return as_tensors([inferred_array(x) if isinstance(x, (list, tuple)) else x for x in inputs])

    return with_arrays


def number_array(number: Any, dtypes: Iterable[Any]) -> np.ndarray:
    """Return a plain number as an array, in the dtype that it takes beside arrays of these dtypes.

    A number never widens what it meets: float64 comes out only where one of `dtypes` is float64.
    """
    number = number.item() if isinstance(number, np.generic) else number
    dtypes = set(dtypes)
    dtype = np.result_type(number, *dtypes)
    if dtype == np.float64 and np.dtype(np.float64) not in dtypes:
        dtype = np.dtype(np.float32)
    return np.asarray(number).astype(dtype)  # 300 beside uint8 is 44, as in torch


def positive_dims(settings: dict[str, Any], tensors: Sequence[Any]) -> dict[str, Any]:
    """Return the settings of a function with `dim` as NumPy's axes: counted from the front, and a tuple if several.

    An empty list of axes is None, which is all of them, as in torch. Raises IndexError for an axis that is not there,
    and ValueError for one that stands there twice.
    """
    dim = settings.get("dim")
    if dim is None or (type(dim) is int and 0 <= dim < tensors[0].ndim):
        return settings
    axes = tensors[0].ndim
    if isinstance(dim, (tuple, list)):
        positive: Any = tuple(positive_axis(d, axes) for d in dim) or None
        if positive and len(set(positive)) < len(positive):
            raise ValueError(f"dim: expected each axis once, got {tuple(dim)}")
        return {**settings, "dim": () if axes == 0 and positive else positive}
    return {**settings, "dim": positive_axis(dim, axes) if axes else _no_axis(dim)}


def _no_axis(dim: Any) -> tuple[()]:
    """Return the axes over which a tensor without axes is reduced: none. Dims 0 and -1 are allowed, as in torch."""
    positive_axis(dim, 0)
    return ()


def positive_axis(dim: int, axes: int) -> int:
    """Return the axis `dim` counted from the front: -1 of four axes is 3.

    Raises IndexError where there is none, and TypeError for truth values and fractions. As in torch, a tensor without
    axes counts as one with a single axis.
    """
    axes = max(axes, 1)
    if isinstance(dim, (bool, np.bool_, float)):  # sum(True) would be sum(1)
        raise TypeError(f"dim: expected a whole number, got {dim}")
    if not -axes <= dim < axes:
        raise IndexError(f"dim: expected {-axes} to {axes - 1} for a tensor with {axes} axes, got {dim}")
    return dim % axes


def check_indices(argument: str, indices: np.ndarray, count: int, least: int = 0) -> None:
    """Raise TypeError unless the indices are whole numbers, IndexError unless each is from `least` to count − 1."""
    if indices.size and indices.dtype.kind not in "iu":
        raise TypeError(f"{argument}: expected integers, got {indices.dtype}; convert: x.long()")
    wrong = (indices < least) | (indices >= count)
    if wrong.any():
        raise IndexError(f"{argument}: expected numbers from {least} to {count - 1}, got {indices[wrong][0]}")


def check_matmul(a: Any, b: Any) -> None:
    """Raise ValueError where two arrays have no matrix product."""
    a, b = np.shape(a), np.shape(b)
    if not a or not b:
        raise ValueError(f"matmul: expected at least one axis on both sides, got {a} @ {b}; use * instead")
    rows = b[-2 if len(b) > 1 else 0]
    if a[-1] != rows:
        raise ValueError(
            f"matmul: expected inner sizes to agree, got {a} @ {b}: {a[-1]} columns on the left, {rows} rows on the "
            "right; is a transpose missing (x @ w.T)?"
        )


def check_flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> None:
    """Raise ValueError where start_dim is behind end_dim, and IndexError where one of them is no axis."""
    if positive_axis(start_dim, x.ndim) > positive_axis(end_dim, x.ndim):
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim} for shape {x.shape}")


def check_pad(x: np.ndarray, *, pad: Sequence[int], value: float = 0.0) -> None:
    """Raise ValueError for an odd, negative or too long `pad`."""
    if len(pad) % 2 or len(pad) > 2 * x.ndim or any(n < 0 for n in pad):
        raise ValueError(f"pad: expected up to {x.ndim} pairs of sizes >= 0 (last axis first), got {tuple(pad)}")


def as_list(tensors: Iterable[Any]) -> list[Any]:
    """Return the tensors as a list. Raises ValueError where there are none."""
    tensors = list(tensors)
    if not tensors:
        raise ValueError("tensors: expected at least one tensor, got an empty list")
    return tensors


def as_list_of_equal_shapes(tensors: Iterable[Any]) -> list[Any]:
    """Return the tensors as a list. Raises ValueError where there are none, or where their shapes differ."""
    tensors = as_list(tensors)
    shapes = {np.shape(tensor) for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"tensors: expected equal shapes to stack, got {sorted(shapes)}")
    return tensors
