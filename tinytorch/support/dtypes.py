"""The dtype in which a function computes: torch's rules, which differ from NumPy's."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])
_NOT_PROMOTED = ("condition", "index")  # inputs that say where, beside those that are computed with


def result_type(arrays: Sequence[np.ndarray]) -> np.dtype[Any]:
    """Return the common dtype of several arrays.

    Floating wins over integers, and integers over truth values. An array without axes counts only where it belongs to
    a higher one of these three kinds. Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    highest = max(dtype_kind(array.dtype) for array in arrays)
    chosen = [array for array in arrays if dtype_kind(array.dtype) == highest]
    return common_dtype([a.dtype for a in [a for a in chosen if a.ndim] or chosen])


def common_dtype(dtypes: Sequence[np.dtype[Any]]) -> np.dtype[Any]:
    """Return the common dtype of arrays that all have axes, or all have none: torch's, where int64 leaves float16."""
    highest = max(map(dtype_kind, dtypes))
    return np.result_type(*(dtype for dtype in dtypes if dtype_kind(dtype) == highest))


def dtype_kind(dtype: np.dtype[Any]) -> int:
    """Return 0 for truth values, 1 for integers, 2 for floating numbers: the smaller fits into the larger."""
    return "bif".index("i" if dtype.kind == "u" else dtype.kind)


def in_dtype(numbers: Any, dtype: Any) -> np.ndarray:
    """Return Python's numbers as an array of this dtype, fractions without their decimals where it has none.

    Raises ValueError for a number that a dtype of integers cannot hold. As in torch, −1 is 255 in uint8.
    """
    numbers, dtype = np.asarray(numbers), np.dtype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        lowest = -limits.max if dtype.kind == "u" and numbers.dtype.kind != "f" else limits.min
        for number in np.ravel(numbers[~((lowest <= numbers) & (numbers <= limits.max))]):
            raise ValueError(f"expected numbers that {dtype} can hold, {limits.min} to {limits.max}, got {number}")
    return numbers.astype(dtype)


def promoted(function: _Function) -> _Function:
    """Decorate a function of arrays: inputs of different dtypes are given in their common dtype.

    A function with a `weight` gets them as they are: images have to be floating, and it says so. float16 is computed in
    float32, so that a sum of many small terms is right, and the result is float16 again. float64 comes out only where
    float64 came in.
    """
    parameters = list(inspect.signature(function).parameters)
    fixed = frozenset(i for i, name in enumerate(parameters) if name in _NOT_PROMOTED)

    @functools.wraps(function)
    def compute(*arrays: Any, **settings: Any) -> Any:
        dtype: Any = arrays[0].dtype if arrays and arrays[0] is not None else None
        if dtype in _COMMON and all(a is None or a.dtype is dtype for a in arrays):  # the usual call
            result = function(*arrays, **settings)
            if type(result) is np.ndarray and result.dtype is dtype:
                return result
        else:
            together = [a for i, a in enumerate(arrays) if a is not None and i not in fixed]
            dtype = result_type(together) if together else _FLOAT32
            inside = _FLOAT32 if dtype == np.float16 else dtype
            if len({a.dtype for a in together}) == 1 or "weight" not in parameters:
                cast = (a if a is None or i in fixed else a.astype(inside, copy=False) for i, a in enumerate(arrays))
                result = function(*cast, **settings)
            else:
                result = function(*arrays, **settings)
        result = np.asarray(result)
        dtype = settings.get("dtype", dtype)  # a function that converts says to what
        if result.dtype.kind == "f" and result.dtype != dtype:
            with np.errstate(over="ignore"):  # beyond 65,504 a float16 is infinite
                return result.astype(dtype if dtype.kind == "f" else _FLOAT32, copy=False)
        return result

    return compute  # type: ignore[return-value]


_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)
_COMMON = {_FLOAT32, np.dtype(np.float64)}


def floating(function: _Function) -> _Function:
    """Decorate a function of arrays or tensors that computes with fractions: integers become float32 first."""

    @functools.wraps(function)
    def compute(*inputs: Any, **settings: Any) -> Any:
        return function(*(_as_floating(x) for x in inputs), **settings)

    compute.in_fractions = True  # type: ignore[attr-defined]
    return compute  # type: ignore[return-value]


def float16_in_float32(function: _Function) -> _Function:
    """Decorate a function of tensors: those of float16 are float32 within it.

    The result is float16 again, unless a float32 or float64 is among the inputs.
    """

    @functools.wraps(function)
    def compute(*inputs: Any, **settings: Any) -> Any:
        found = {getattr(x, "dtype", None) for x in (*inputs, *settings.values())}
        if _FLOAT16 not in found:
            return function(*inputs, **settings)
        inputs = tuple(_half_as_float(x) for x in inputs)
        result = function(*inputs, **{name: _half_as_float(x) for name, x in settings.items()})
        return result if found & _COMMON else result.to(_FLOAT16)

    return compute  # type: ignore[return-value]


def _half_as_float(x: Any) -> Any:
    is_half = getattr(x, "dtype", None) == _FLOAT16 and not isinstance(x, (np.ndarray, np.generic))
    return x.to(_FLOAT32) if is_half else x


def _as_floating(x: Any) -> Any:
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind == "f":
        return x
    return x.astype(np.float32) if isinstance(x, np.ndarray) else type(x)(x.data.astype(np.float32))


def accurate_sum(x: np.ndarray, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> np.ndarray:
    """Return `x.sum(axis, keepdims=keepdims)` with a rounding error that does not grow with the number of terms.

    NumPy adds float32 along the last axes of memory in pairs of pairs, but along others row by row: there 2²⁴ ones are
    as many as it can count. Where more than 256 rows are added, this adds them in float64.
    """
    if x.dtype == np.float16:
        return accurate_sum(x.astype(np.float32), axis, keepdims).astype(np.float16)
    if x.dtype.kind in "bu":
        return np.asarray(np.sum(x, axis=axis, keepdims=keepdims, dtype=np.int64))  # as torch does, not uint64
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes, last = tuple(a % x.ndim for a in axes), x.ndim
    while last - 1 in axes and x.flags.c_contiguous:
        last -= 1
    if x.dtype != np.float32 or math.prod(x.shape[a] for a in axes if a < last) <= 256:
        return np.asarray(x.sum(axes, keepdims=keepdims))
    if last < x.ndim:
        x = np.sum(x, axis=tuple(range(last, x.ndim)), keepdims=True)
    return np.asarray(np.sum(x, axis=axes, dtype=np.float64, keepdims=keepdims), np.float32)
