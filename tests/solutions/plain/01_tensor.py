"""Module 01 step by step, with loops and early returns where the reference has one expression."""

import numpy as np

from tinytorch.core.tensor import (
    Node,
    concatenate,
    gather,
    matrix_product,
    permute,
    primitive,
    recording,
    reshape,
    sum,
)
from tinytorch.support.arguments import checked_by
from tinytorch.support.dtypes import float16_in_float32, floating
from tinytorch.support.tensor import (
    NUMBERS,
    Extremum,
    as_list_of_equal_shapes,
    check_flatten,
    check_matmul,
    check_pad,
    lists_as_arrays,
    number_array,
    only_numbers,
    positive_axis,
)


# %% to-array
@only_numbers
def to_array(data, dtype=None):
    if isinstance(data, Tensor):
        return to_array(data.data, dtype)
    if dtype is not None:
        return np.asarray(data, dtype)
    if isinstance(data, np.ndarray):
        return data
    if isinstance(data, np.generic):
        return np.asarray(data)
    return np.array(data, np.float32)


# %% tensor
class Tensor:
    def __init__(self, data, requires_grad=False, dtype=None):
        array = to_array(data, dtype)
        if requires_grad and not np.issubdtype(array.dtype, np.floating):
            raise TypeError(f"requires_grad=True needs floating numbers, not {array.dtype}")
        self.requires_grad = requires_grad
        self.grad = self.grad_fn = None
        self.data = array

    def detach(self):
        leaf = Tensor(self, requires_grad=False)
        return leaf


# %% primitive
@lists_as_arrays
def as_tensors(inputs):
    result = []
    dtypes = []
    for x in inputs:
        if x is not None and not isinstance(x, Tensor) and not isinstance(x, NUMBERS):
            x = Tensor(x)
        if isinstance(x, Tensor):
            dtypes.append(x.dtype)
        result.append(x)
    for i in range(len(result)):
        if isinstance(result[i], NUMBERS):
            result[i] = Tensor(number_array(result[i], dtypes))
    return result


def compute(lifted, tensors, settings):
    arrays = []
    is_wanted = False
    for t in tensors:
        if t is None:
            arrays.append(None)
            continue
        arrays.append(t.data)
        if t.requires_grad:
            is_wanted = True
    result = lifted.__wrapped__(*arrays, **settings)
    out = Tensor(result)
    if not is_wanted or not recording.enabled or result.dtype.kind != "f":
        return out
    out.requires_grad = True
    out.grad_fn = Node(function=lifted, inputs=tuple(tensors), settings=settings)
    return out


# %% arithmetic
@primitive
def mul(a, b):
    return np.multiply(a, b)


@primitive
@floating
def div(a, b):
    return np.true_divide(a, b)


@primitive
def pow(a, b):
    return np.power(a, b)


@primitive
def clip(x, *, min=None, max=None):
    if min is not None:
        x = np.maximum(x, min)
    if max is not None:
        x = np.minimum(x, max)
    return x


# %% shapes
def transpose(x, dim0, dim1):
    first, second = positive_axis(dim0, x.ndim), positive_axis(dim1, x.ndim)
    order = []
    for axis in range(x.ndim):
        if axis == first:
            order.append(second)
        elif axis == second:
            order.append(first)
        else:
            order.append(axis)
    return permute(x, dims=order)


@checked_by(check_flatten)
def flatten(x, start_dim=0, end_dim=-1):
    if x.ndim == 0:
        return reshape(x, shape=(1,))
    start, end = positive_axis(start_dim, x.ndim), positive_axis(end_dim, x.ndim)
    sizes = []
    for axis in range(x.ndim):
        if start < axis <= end:
            sizes[-1] = sizes[-1] * x.shape[axis]
        else:
            sizes.append(x.shape[axis])
    return reshape(x, shape=sizes)


def unsqueeze(x, dim):
    sizes = list(x.shape)
    sizes.insert(positive_axis(dim, x.ndim + 1), 1)
    return reshape(x, shape=sizes)


def squeeze(x, dim=None):
    sizes = list(x.shape)
    if dim is None:
        while 1 in sizes:
            sizes.remove(1)
    elif sizes and sizes[dim] == 1:
        del sizes[dim]
    return reshape(x, shape=sizes)


# %% matmul
@checked_by(check_matmul)
def matmul(a, b):
    a, b = as_tensors((a, b))
    if a.ndim == 1 and b.ndim == 1:
        number = matrix_product(unsqueeze(a, 0), unsqueeze(b, 1))
        return squeeze(squeeze(number, -1), -1)
    if a.ndim == 1:
        return squeeze(matrix_product(unsqueeze(a, 0), b), -2)
    if b.ndim == 1:
        return squeeze(matrix_product(a, unsqueeze(b, 1)), -1)
    return matrix_product(a, b)


# %% reductions
@float16_in_float32
def mean(x, dim=None, keepdim=False):
    if dim is None:
        dims = range(x.ndim)
    elif isinstance(dim, int):
        dims = [dim]
    else:
        dims = dim
    count = 1
    for axis in dims:
        count = count * x.shape[axis]
    return sum(x, dim=dim, keepdim=keepdim) / count


@float16_in_float32
def var(x, dim=None, *, keepdim=False, correction=1):
    squares = (x - mean(x, dim, keepdim=True)) ** 2
    total = sum(squares, dim=dim, keepdim=keepdim)
    n = x.numel() // total.numel()
    return total / (n - correction)


def pick(x, indices, dim, keepdim):
    if keepdim:
        return Extremum(gather(x, indices, dim=dim), indices)
    kept = pick(x, indices, dim, True)
    return Extremum(squeeze(kept.values, dim), squeeze(kept.indices, dim))


# %% joining
def stack(tensors, dim=0):
    tensors = as_list_of_equal_shapes(tensors)
    layers = []
    for tensor in tensors:
        layers.append(unsqueeze(tensor, dim))
    return concatenate(layers, dim=dim)


@primitive
@checked_by(check_pad)
def pad(x, *, pad, value=0.0):
    width = [(0, 0)] * x.ndim
    for i in range(len(pad) // 2):
        width[-1 - i] = (pad[2 * i], pad[2 * i + 1])
    return np.pad(x, width, mode="constant", constant_values=value)
