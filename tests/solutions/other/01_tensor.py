"""Module 01 with helpers of its own, with indexing in the place of reshape, and with buffers that are filled."""

import numpy as np

from tinytorch.core.tensor import Node, gather, getitem, join, matrix_product, permute, primitive, recording, sum
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
def default_dtype(data):
    """The dtype of data for which none was asked."""
    return getattr(data, "dtype", np.float32)


@only_numbers
def to_array(data, dtype=None):
    data = getattr(data, "data", data) if isinstance(data, Tensor) else data
    return np.asarray(data, default_dtype(data) if dtype is None else dtype)


# %% tensor
class Tensor:
    def __init__(self, data, requires_grad=False, dtype=None):
        self.data = to_array(data, dtype)
        self.grad, self.grad_fn = None, None
        self.requires_grad = self.can_require(requires_grad)

    def can_require(self, requires_grad):
        if requires_grad and self.data.dtype.kind in "iub":
            raise TypeError("requires_grad: integers and truth values have no gradient")
        return requires_grad

    def detach(self):
        out = Tensor(0.0)
        out.data = self.data
        return out


# %% primitive
def wrap(x, dtypes):
    if x is None or isinstance(x, Tensor):
        return x
    return Tensor(number_array(x, dtypes) if isinstance(x, NUMBERS) else x)


@lists_as_arrays
def as_tensors(inputs):
    others = [wrap(x, ()) for x in inputs if not isinstance(x, NUMBERS)]
    dtypes = {t.dtype for t in others if t is not None}
    others = iter(others)
    return [wrap(x, dtypes) if isinstance(x, NUMBERS) else next(others) for x in inputs]


def compute(lifted, tensors, settings):
    given = [t for t in tensors if t is not None]
    result = lifted.__wrapped__(*[t if t is None else t.data for t in tensors], **settings)
    out = Tensor(result)
    out.requires_grad = (
        recording.enabled and np.issubdtype(out.dtype, np.floating) and True in [t.requires_grad for t in given]
    )
    if out.requires_grad:
        out.grad_fn = Node(lifted, (*tensors,), settings)
    return out


# %% arithmetic
@primitive
def mul(a, b):
    return b * a


@primitive
@floating
def div(a, b):
    return np.divide(a, b)


@primitive
def pow(a, b):
    result = a**b
    return result


@primitive
def clip(x, *, min=None, max=None):
    return x.clip(min, max)


# %% shapes
def transpose(x, dim0, dim1):
    dims = np.arange(x.ndim)
    dims[[dim0, dim1]] = dims[[dim1, dim0]]
    return permute(x, dims=tuple(dims))


@checked_by(check_flatten)
def flatten(x, start_dim=0, end_dim=-1):
    start, end = positive_axis(start_dim, x.ndim), positive_axis(end_dim, x.ndim)
    return x.reshape(x.shape[:start] + (-1,) + x.shape[end + 1 :])


def unsqueeze(x, dim):
    before = positive_axis(dim, x.ndim + 1)
    return getitem(x, index=(slice(None),) * before + (None,))


def squeeze(x, dim=None):
    def take(axis):
        is_named = dim is None or axis in (dim, dim + x.ndim)
        return 0 if x.shape[axis] == 1 and is_named else slice(None)

    return getitem(x, index=tuple(map(take, range(x.ndim))))


# %% matmul
@checked_by(check_matmul)
def matmul(a, b):
    a, b = as_tensors((a, b))
    if a.ndim == 1:
        return squeeze(matmul(unsqueeze(a, 0), b), -1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        return squeeze(matmul(a, unsqueeze(b, 1)), -1)
    return matrix_product(a, b)


# %% reductions
def elements(x, total):
    """How many elements went into each sum."""
    return x.numel() / total.numel()


@float16_in_float32
def mean(x, dim=None, keepdim=False):
    total = sum(x, dim=dim, keepdim=keepdim)
    return (1 / elements(x, total)) * total


@float16_in_float32
def var(x, dim=None, *, keepdim=False, correction=1):
    centred = mean(x, dim, True) - x
    mean_square = mean(centred * centred, dim, keepdim)
    n = elements(x, mean_square)
    return mean_square * n / (n - correction)


def pick(x, indices, dim, keepdim):
    both = [gather(x, indices, dim=dim), indices]
    if not keepdim:
        both = [squeeze(tensor, dim) for tensor in both]
    return Extremum(*both)


# %% joining
def stack(tensors, dim=0):
    tensors = as_list_of_equal_shapes(tensors)
    return join(*(unsqueeze(tensor, dim) for tensor in tensors), dim=dim)


@primitive
@checked_by(check_pad)
def pad(x, *, pad, value=0.0):
    missing = x.ndim - len(pad) // 2
    before = [0] * missing + list(pad[::2])[::-1]
    after = [0] * missing + list(pad[1::2])[::-1]
    out = np.full([b + n + a for b, n, a in zip(before, x.shape, after)], value, x.dtype)
    out[tuple(slice(b, b + n) for b, n in zip(before, x.shape))] = x
    return out
