"""Tensors made from a shape, from data and like others: given, and composed from chapter 01's `Tensor`."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.support.dtypes import in_dtype
from tinytorch.support.random import default_generator, takes_generator
from tinytorch.support.tensor import as_shape, inferred_array
from tinytorch.support.torch_arguments import torch_arguments


def _dtype(dtype: Any) -> np.dtype[Any]:
    return np.dtype(np.float32 if dtype is None else dtype)


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    try:
        shape = tuple(map(operator.index, as_shape(size)))
    except TypeError:
        raise TypeError(f"size: expected whole numbers, got {as_shape(size)}; for data write tensor(...)") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"size: expected lengths >= 0, got {shape}")
    return shape


def _size_by_name(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Decorate a function of `*size`: size=(2, 3) is taken, too."""

    @functools.wraps(make)
    def called(*sizes: Any, **settings: Any) -> Tensor:
        size = settings.pop("size", None)
        return make(*sizes, **settings) if size is None else make(*sizes, size, **settings)

    return called


# From data


@torch_arguments
def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor with its own copy of the data. (`Tensor(array)` shares the array's memory.)"""
    if isinstance(data, (list, tuple)):  # of which torch takes tensors with one element for numbers
        data = [x.data.reshape(())[()] if isinstance(x, Tensor) and x.numel() == 1 else x for x in data]
    return Tensor(inferred_array(data, dtype).copy(), requires_grad)


@torch_arguments
def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """Return the data as a tensor: a tensor of that dtype itself, an array with shared memory, else a copy."""
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)
    return Tensor(inferred_array(data, dtype))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """Return a tensor that shares the array's memory. Raises TypeError for anything but an array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected an array, got {type(ndarray).__name__}; use tensor(...)")
    if not ndarray.dtype.isnative:
        raise ValueError("from_numpy: expected this machine's byte order; convert: x.astype(x.dtype.newbyteorder('='))")
    return Tensor(ndarray)


@torch_arguments
def scalar_tensor(s: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return one number as a tensor without axes, in float32 unless a dtype is given."""
    return Tensor(np.asarray(s).astype(_dtype(dtype)), requires_grad)


# One value, or none


@torch_arguments
@_size_by_name
def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return Tensor(np.zeros(_shape(size), _dtype(dtype)), requires_grad)


@torch_arguments
@_size_by_name
def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones: ones(2, 3) or ones((2, 3))."""
    return Tensor(np.ones(_shape(size), _dtype(dtype)), requires_grad)


@torch_arguments
@_size_by_name
def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of whatever is in memory: empty(2, 3) or empty((2, 3))."""
    return Tensor(np.empty(_shape(size), _dtype(dtype)), requires_grad)


@torch_arguments
def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of one repeated value, whose type decides the dtype."""
    fill_value = fill_value.item() if isinstance(fill_value, np.generic) else fill_value
    return Tensor(np.full(_shape((size,)), inferred_array(fill_value, dtype)), requires_grad)


@torch_arguments
def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros of the shape and dtype of `input`."""
    return Tensor(np.zeros(input.shape, dtype or input.dtype), requires_grad)


@torch_arguments
def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones of the shape and dtype of `input`."""
    return Tensor(np.ones(input.shape, dtype or input.dtype), requires_grad)


@torch_arguments
def empty_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of the shape and dtype of `input` with whatever is in memory."""
    return Tensor(np.empty(input.shape, dtype or input.dtype), requires_grad)


@torch_arguments
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return one repeated value in the shape and dtype of `input`."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, requires_grad=requires_grad)


@torch_arguments
def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return the n × m matrix with ones on its diagonal."""
    return Tensor(np.eye(*_shape((n, n if m is None else m)), dtype=_dtype(dtype)), requires_grad)


# Sequences


@torch_arguments
def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return the numbers from start (0 if only one is given) up to, without, end; float32 if any of them is a float.

    Raises ValueError where the step is 0 or leads away from the end, or is no whole number of an integer dtype.
    """
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    if end is None:
        raise TypeError("arange: end: expected a number, got none")
    start, end, step = (n.item() if isinstance(n, (Tensor, np.generic)) else n for n in (start, end, step))
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"arange: step: expected a step from {start} towards {end}, got {step}")
    if dtype is None:
        dtype = np.float32 if any(isinstance(n, float) for n in (start, end, step)) else np.int64
    dtype = np.dtype(dtype)
    if dtype.kind != "f" and int(step) == 0:
        raise ValueError(f"arange: step: {step} is 0 in {dtype}; pass a floating dtype")
    if dtype == np.int64:  # here torch leaves the decimals out first, for other whole numbers only after counting
        start, end, step = int(start), int(end), int(step)
    if all(isinstance(n, int) for n in (start, end, step)):
        return Tensor(np.arange(start, end, step).astype(dtype), requires_grad)
    count = math.ceil((end - start) / step)
    if dtype.kind != "f":
        start, step = int(start), int(step)
    return Tensor((start + np.arange(count) * step).astype(dtype), requires_grad)  # in float64: no error adds up


@torch_arguments
def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return `steps` numbers at equal distances from start to end, both included."""
    dtype = _dtype(dtype)
    points = _points(start, end, steps, dtype)
    return Tensor((points if dtype.kind == "f" else np.trunc(points)).astype(dtype), requires_grad)


@torch_arguments
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return `base` to the powers of `linspace(start, end, steps)`."""
    dtype = _dtype(dtype)
    with np.errstate(all="ignore"):
        return Tensor(np.power(float(base), _points(start, end, steps, dtype)).astype(dtype), requires_grad)


def _points(start: Any, end: Any, steps: int, dtype: np.dtype[Any]) -> np.ndarray:
    if steps < 0:
        raise ValueError(f"steps: expected a number >= 0, got {steps}")
    start, end = (n.item() if isinstance(n, Tensor) else n for n in (start, end))
    return np.linspace(start, end, steps) if dtype.kind == "f" else np.linspace(int(start), int(end), steps)


# Random numbers


def _float_draws(draw: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return the generator's draws; those of float16 are drawn in float32."""
    dtype = _dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"dtype: expected a floating dtype, got {dtype}; randint draws integers")
    return np.asarray(draw(shape, np.float32 if dtype == np.float16 else dtype)).astype(dtype, copy=False)


@takes_generator
@torch_arguments
@_size_by_name
def randn(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return draws from the normal distribution with mean 0 and variance 1."""
    return Tensor(_float_draws(default_generator().standard_normal, _shape(size), dtype), requires_grad)


@takes_generator
@torch_arguments
@_size_by_name
def rand(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return draws from the uniform distribution on [0, 1)."""
    return Tensor(_float_draws(default_generator().random, _shape(size), dtype), requires_grad)


@takes_generator
@torch_arguments
def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, dtype: Any = np.int64, requires_grad: bool = False
) -> Tensor:
    """Return whole numbers from low (0 if only one is given) up to, without, high: randint(10, (2, 3))."""
    if size is None:
        low, high, size = 0, low, high
    if high is None or isinstance(high, (tuple, list)):
        low, high = 0, low
    if size is None or low >= high:
        raise ValueError(f"randint: expected low < high and a size, got low={low}, high={high}, size={size}")
    in_dtype([low, high - 1], dtype)  # raises where the dtype cannot hold them
    return Tensor(default_generator().integers(low, high, _shape((size,))).astype(dtype), requires_grad)


@takes_generator
@torch_arguments
def randperm(n: int, *, dtype: Any = np.int64, requires_grad: bool = False) -> Tensor:
    """Return the numbers 0 to n − 1 in random order."""
    (count,) = _shape((n,))
    return Tensor(default_generator().permutation(count).astype(dtype), requires_grad)


@takes_generator
@torch_arguments
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, dtype: Any = None) -> Tensor:
    """Return draws from normal distributions: of these means and deviations, or `size` draws of one."""
    arrays = [x.data if isinstance(x, Tensor) else x for x in (mean, std)]
    if np.any(np.asarray(arrays[1]) < 0):
        raise ValueError(f"normal: std: expected deviations >= 0, got {std}")
    shape = np.broadcast_shapes(*map(np.shape, arrays)) if size is None else _shape((size,))
    given = [x.dtype for x in (mean, std) if isinstance(x, Tensor)]
    dtype = np.result_type(*given) if given and dtype is None else _dtype(dtype)
    return Tensor((randn(*shape, dtype=dtype).data * arrays[1] + arrays[0]).astype(dtype))


@takes_generator
@torch_arguments
def bernoulli(input: Tensor, p: float | None = None) -> Tensor:
    """Return 1 with the probability that `input` gives for each place, or with p for all places, else 0."""
    chances = input.data if p is None else np.asarray(p)
    if np.any(chances < 0) or np.any(chances > 1):
        argument = "input" if p is None else "p"
        raise ValueError(
            f"bernoulli: {argument}: expected probabilities from 0 to 1, got {chances.min()} to {chances.max()}"
        )
    return Tensor((default_generator().random(input.shape) < chances).astype(input.dtype))


@takes_generator
@torch_arguments
def multinomial(input: Tensor, num_samples: int, replacement: bool = False) -> Tensor:
    """Return `num_samples` indices for each row of weights, drawn with probabilities in proportion to them."""
    rows = input.data.reshape(-1, input.shape[-1]).astype(np.float64)
    if np.any(rows < 0) or np.any(rows.sum(axis=1) <= 0):
        raise ValueError("multinomial: input: expected weights >= 0 that do not sum to 0")
    choices = int(np.count_nonzero(rows, axis=1).min(initial=num_samples))
    if not replacement and num_samples > choices:
        raise ValueError(
            f"multinomial: num_samples: {num_samples} different indices cannot be drawn where only {choices} weights "
            "are above 0; pass replacement=True"
        )
    shares = rows / rows.sum(axis=1, keepdims=True)
    draw = default_generator().choice
    found = np.stack([draw(len(p), num_samples, replacement, p) for p in shares]) if len(shares) else shares[:, :0]
    return Tensor(found.astype(np.int64).reshape((*input.shape[:-1], num_samples)))


@takes_generator
@torch_arguments
def rand_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return draws from the uniform distribution on [0, 1) in the shape and dtype of `input`."""
    return rand(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


@takes_generator
@torch_arguments
def randn_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return draws from the normal distribution with mean 0 and variance 1 in the shape and dtype of `input`."""
    return randn(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


@takes_generator
@torch_arguments
def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return whole numbers from low (0 if only one is given) up to, without, high in the shape of `input`."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)
