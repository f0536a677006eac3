# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 01: Tensor
#
# Every network you will build is a long expression over arrays of numbers. This module makes the array: a `Tensor`
# holds a NumPy array, computes with it, and, because later you will ask it *how it came about*, remembers which
# function made it and from what.
#
# ```
#        x ──┐
#            ├── mul ──► y          y.data      the numbers
#        w ──┘                      y.grad_fn   mul, from x and w
# ```
#
# You will write the conversion of data, the decorator that lifts array functions to tensors, matrix products,
# reductions, shape changes and joining. The names are PyTorch's, so that what you learn here you already know there.

# %%
#| default_exp core.tensor

# %%
#| export
from __future__ import annotations

import builtins  # this module has its own sum, max and min
import functools
import inspect
import math
import os
import sys
import threading
from typing import NamedTuple

import numpy as np

# %%
from tinytorch.testing import Case, assert_close, inline_test, report

# %% [markdown]
# ## 1. From data to an array
#
# One decision colours everything after it: which **dtype**? A `float64` takes twice the memory and half the speed of
# a `float32`, and a network does not need its sixteen digits. So Python floats become `float32`. What already *is* a
# NumPy array keeps its type: gradient checks need `float64`, and whoever made one meant it.
#
# | given | becomes |
# |---|---|
# | `[1.0, 2.0]`, `3.5` | `float32` |
# | `[1, 2]` | `int64` |
# | `[True, False]` | `bool` |
# | a NumPy array | its own dtype, **sharing its memory** |


# %% nbgrader={"grade": false, "grade_id": "to-array", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def to_array(data, dtype=None) -> np.ndarray:
    """Turn numbers, nested lists, an array or a tensor into a NumPy array.

    An array of the wanted dtype is returned as it is, without a copy. Python floats become float32 unless `dtype`
    says otherwise. Raises ValueError where the nesting is ragged and TypeError where something is not a number.

    TODO: convert `data` by the table above.

    APPROACH:
    1. A tensor: go on with its `.data`.
    2. `np.asarray(data, dtype)` does most of it.
    3. If no dtype was asked for and the data was *not NumPy's*, turn float64 into float32.

    EXAMPLE:
        >>> to_array([1.0, 2.0]).dtype
        dtype('float32')

    HINT: NumPy's are arrays (`np.ndarray`) and its own numbers (`np.generic`), such as `np.float64(1.0)`.
    """
    ### BEGIN SOLUTION
    if isinstance(data, Tensor):
        data = data.data
    try:
        array = np.asarray(data, dtype)
    except ValueError as error:
        raise ValueError(f"data: expected numbers in rows of equal length, got {data!r:.80} ({error})") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"data: expected numbers, got {type(data).__name__} {data!r:.80} of dtype {array.dtype}")
    if dtype is None and array.dtype == np.float64 and not isinstance(data, (np.ndarray, np.generic)):
        array = array.astype(np.float32)
    return array
    ### END SOLUTION


# %% [markdown]
# ## 2. The tensor
#
# The class is given. Read it once: it holds four things, and every method hands its work to a *function* of the same
# name further down. That is the whole design: **functions compute, the class is a convenient way to call them.**


# %%
#| export
class Node(NamedTuple):
    """How a tensor was made: `function(*inputs, **settings)`."""

    function: object
    inputs: tuple
    settings: dict


class Tensor:
    """An n-dimensional array of numbers that remembers how it was made.

    `data` may be a number, nested lists, a NumPy array (whose memory is shared) or a tensor. Lists of floats become
    float32; arrays keep their dtype. With `requires_grad=True`, which needs a floating dtype, everything computed
    from this tensor is recorded, and `backward` (module 05) fills `grad` with a tensor of the same shape.
    """

    backward_pass = None  # left open here; module 05 fills it with the walk back through the recorded functions
    __array_ufunc__ = None  # array + tensor is then ours to compute, not NumPy's

    def __init__(self, data, requires_grad: bool = False, dtype=None):
        self.data = to_array(data, dtype)
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(f"requires_grad: expected a floating dtype, got {self.data.dtype}; pass dtype=np.float32")
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self.grad_fn: Node | None = None

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def size(self):
        return self.data.size

    @property
    def is_leaf(self):
        """Whether no recorded function made this tensor: a parameter, an input, a constant."""
        return self.grad_fn is None

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a tensor without dimensions; use .item() for its value")
        return len(self.data)

    def __repr__(self):
        text = np.array2string(self.data, separator=", ", precision=4, prefix="Tensor(")
        if self.dtype not in (np.float32, np.int64, np.bool_):
            text += f", dtype={self.dtype}"
        return f"Tensor({text}{', requires_grad=True' if self.requires_grad else ''})"

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype) if copy else np.asarray(self.data, dtype)

    # Values. These leave the graph: nothing done with them is recorded.
    def numpy(self) -> np.ndarray:
        """The numbers as a NumPy array, sharing memory with the tensor."""
        return self.data

    def item(self):
        """The one number in this tensor, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected a tensor with one element, got shape {self.shape}")
        return self.data.item()

    def detach(self) -> Tensor:
        """The same numbers, sharing memory, without a past and without `requires_grad`."""
        return Tensor(self.data)

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __bool__(self):
        return bool(self.item())

    def backward(self, gradient=None, retain_graph: bool = False):
        """Fill `grad` of every tensor with `requires_grad` that this one was computed from (module 05)."""
        if Tensor.backward_pass is None:
            raise RuntimeError("backward is built in module 05; import tinytorch.core.autograd to use it")
        Tensor.backward_pass(self, gradient, retain_graph)

    # Arithmetic
    def __add__(self, other):
        return add(self, other)

    def __radd__(self, other):
        return add(other, self)

    def __sub__(self, other):
        return sub(self, other)

    def __rsub__(self, other):
        return sub(other, self)

    def __mul__(self, other):
        return mul(self, other)

    def __rmul__(self, other):
        return mul(other, self)

    def __truediv__(self, other):
        return div(self, other)

    def __rtruediv__(self, other):
        return div(other, self)

    def __pow__(self, other):
        return pow(self, other)

    def __rpow__(self, other):
        return pow(other, self)

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def __neg__(self):
        return neg(self)

    # Comparisons give boolean tensors, which have no gradient.
    def __eq__(self, other):
        return Tensor(self.data == to_array(other))

    def __ne__(self, other):
        return Tensor(self.data != to_array(other))

    def __lt__(self, other):
        return Tensor(self.data < to_array(other))

    def __le__(self, other):
        return Tensor(self.data <= to_array(other))

    def __gt__(self, other):
        return Tensor(self.data > to_array(other))

    def __ge__(self, other):
        return Tensor(self.data >= to_array(other))

    __hash__ = object.__hash__  # a tensor is itself, whatever its numbers: it can be a key in a dict

    def __getitem__(self, index):
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple(p.data if isinstance(p, Tensor) else p for p in parts)
        return getitem(self, index=parts)

    def __setitem__(self, index, value):
        raise TypeError(
            "tensors are not written in place, the graph could not follow; use where(), or .data[...] = ..."
        )

    # Element by element
    def exp(self):
        return exp(self)

    def log(self):
        return log(self)

    def sqrt(self):
        return sqrt(self)

    def abs(self):
        return abs(self)

    def clip(self, min=None, max=None):
        return clip(self, min=min, max=max)

    # Reductions
    def sum(self, dim=None, keepdim=False):
        return sum(self, dim=dim, keepdim=keepdim)

    def mean(self, dim=None, keepdim=False):
        return mean(self, dim, keepdim)

    def var(self, dim=None, keepdim=False, correction=1):
        return var(self, dim, keepdim, correction)

    def max(self, dim=None, keepdim=False):
        return max(self, dim, keepdim)

    def min(self, dim=None, keepdim=False):
        return min(self, dim, keepdim)

    def argmax(self, dim=None, keepdim=False):
        return Tensor(np.argmax(self.data, axis=dim, keepdims=keepdim))

    def argmin(self, dim=None, keepdim=False):
        return Tensor(np.argmin(self.data, axis=dim, keepdims=keepdim))

    # Shape
    def reshape(self, *shape):
        return reshape(self, shape=_one_tuple(shape))

    view = reshape

    def flatten(self, start_dim=0, end_dim=-1):
        return flatten(self, start_dim, end_dim)

    def permute(self, *dims):
        return permute(self, dims=_one_tuple(dims))

    def transpose(self, dim0, dim1):
        return transpose(self, dim0, dim1)

    @property
    def T(self):
        return permute(self, dims=tuple(reversed(range(self.ndim))))

    def squeeze(self, dim=None):
        return squeeze(self, dim)

    def unsqueeze(self, dim):
        return unsqueeze(self, dim)


def _one_tuple(args):
    """(2, 3) from both f(2, 3) and f((2, 3))."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


# %% nbgrader={"grade": true, "grade_id": "test-to-array", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Data becomes an array")
def test_to_array(verify):
    with verify("Python floats become float32"):
        case = Case(to_array, [[1.0, 2.5], [3.0, 4.0]])
        assert_close(case(), np.array([[1.0, 2.5], [3.0, 4.0]], np.float32), case=case)
    with verify("integers and booleans stay what they are"):
        for data, expected in (([1, 2], np.array([1, 2], np.int64)), ([True], np.array([True]))):
            case = Case(to_array, data)
            assert_close(case(), expected, case=case)
    with verify("a NumPy array keeps its float64, and its memory is shared"):
        case = Case(to_array, np.array([1.0, 2.0]))
        assert_close(case(), np.array([1.0, 2.0]), case=case)

        def share(array):
            assert to_array(array) is array, "to_array(array) made a copy; return the array itself"

        Case(share, np.array([1.0, 2.0]))()
    with verify("a dtype that is asked for is obeyed"):
        for data, dtype in (([1.0], np.float64), ([1], np.float32)):
            case = Case(to_array, data, dtype)
            assert_close(case(), np.array([1], dtype), case=case)
    with verify("a tensor gives the array it holds"):

        def unwrap(tensor):
            assert to_array(tensor) is tensor.data, "to_array(tensor) should return tensor.data itself"

        Case(unwrap, Tensor([1.0, 2.0]))()


# %% [markdown]
# ## 3. `primitive`: one lift for every function
#
# `add` should work on tensors, but its arithmetic is about arrays. Rather than unwrap and wrap in every function,
# we do it once, in a decorator:
#
# ```
# tensors, numbers ──unwrap──► arrays ──function──► array ──wrap──► tensor
#        └───────────────────── remembered ──────────────────────────┘
# ```
#
# A function marked `@primitive` takes its **arrays by position** and its **settings by keyword**
# (`def sum(x, *, dim=None, keepdim=False)`). Two rules keep float64 out of a float32 network:
#
# - a plain number takes the dtype of the tensors it meets: `t * 2.0` stays float32;
# - integers that meet floats do not widen them: the result is float64 only if a float64 came in.
#
# The remembering is one line: *if an input requires a gradient, so does the result, and it keeps the recipe.*
# If nobody asked for gradients nothing is kept, and memory is freed as soon as you let go of a tensor.


# %%
#| export
class Recording(threading.local):
    """Whether functions are recorded in this thread. Module 05's `no_grad` switches it off for a while."""

    enabled = True


recording = Recording()
primitives: list = []  # every lifted function, in the order of definition


def as_tensors(inputs) -> list[Tensor | None]:
    """Tensors for the inputs of one function. Plain numbers take the dtype of the arrays they meet; None stays."""
    inputs = [x.item() if isinstance(x, np.generic) else x for x in inputs]
    arrays = {i: to_array(x) for i, x in enumerate(inputs) if x is not None and not isinstance(x, (bool, int, float))}
    dtypes = {array.dtype for array in arrays.values()}

    def number(x):
        dtype = np.result_type(x, *dtypes)
        return np.asarray(x, np.float32 if dtype == np.float64 and np.dtype(np.float64) not in dtypes else dtype)

    return [
        x if x is None or isinstance(x, Tensor) else Tensor(arrays[i] if i in arrays else number(x))
        for i, x in enumerate(inputs)
    ]


# %% nbgrader={"grade": false, "grade_id": "primitive", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def primitive(function):
    """Lift a function of arrays to a function of tensors.

    Positional parameters are array inputs: tensors, arrays, numbers or None. Keyword-only parameters are settings;
    they may also be given in order after the inputs, as torch allows: `max_pool2d(x, 2)`. The result is one tensor.
    It requires a gradient if an input does, and then keeps its `grad_fn`.

    TODO: write the three steps in the middle: compute, wrap, remember.

    APPROACH:
    1. Call `function` with the `.data` of each tensor in `tensors` (None stays None) and with `**settings`.
    2. Make the result an array with `np.asarray`. If it is float64 and no input array is, make it float32. Wrap it.
    3. If recording is enabled, the result is floating, and some tensor requires a gradient: set `requires_grad`, and
       `grad_fn` to the `Node` that says how the result was made: by `lifted`, from which tensors, with which settings.

    EXAMPLE:
        >>> @primitive
        ... def double(x):
        ...     return x * 2
        >>> double(Tensor([1.0, 2.0]))
        Tensor([2., 4.])

    HINT: `dtype.kind` is "f" for floating numbers, "i" for whole ones, "b" for truth values.
    """
    signature = inspect.signature(function)
    kinds = [p.kind for p in signature.parameters.values()]
    names = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    count = sys.maxsize // 2 if inspect.Parameter.VAR_POSITIONAL in kinds else len(kinds) - len(names)

    @functools.wraps(function)
    def lifted(*inputs, **settings):
        in_order = dict(zip(names, inputs[count:]))  # settings given in order; what is left over is one too many
        bound = signature.bind(*inputs[:count], *inputs[count + len(names) :], **in_order, **settings)
        bound.apply_defaults()
        tensors, settings = as_tensors(bound.args), bound.kwargs
        ### BEGIN SOLUTION
        arrays = [None if t is None else t.data for t in tensors]
        result = np.asarray(function(*arrays, **settings))
        if result.dtype == np.float64 and not any(a is not None and a.dtype == np.float64 for a in arrays):
            result = result.astype(np.float32)
        out = Tensor(result)
        if recording.enabled and result.dtype.kind == "f" and any(t is not None and t.requires_grad for t in tensors):
            out.requires_grad = True
            out.grad_fn = Node(lifted, tuple(tensors), settings)
        return out
        ### END SOLUTION

    primitives.append(lifted)
    return lifted


# %% nbgrader={"grade": true, "grade_id": "test-primitive", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("primitive lifts a function of arrays")
def test_primitive(verify):
    def weighted(x, y, *, scale=1.0):
        return x + scale * y

    def lift():
        lifted = primitive(weighted)
        primitives.remove(lifted)  # these are only for the test
        return lifted

    def compute(x, y, **settings):
        return lift()(x, y, **settings)

    x, y, w = Tensor([1.0, 2.0]), Tensor([10.0, 20.0]), Tensor([3.0, 4.0], requires_grad=True)
    with verify("the result is a tensor with the function's numbers"):
        case = Case(compute, x, y, scale=2.0)
        assert_close(case(), Tensor([21.0, 42.0]), case=case)
    with verify("settings may be given in order, inputs by name"):
        assert_close(lift()(x, y, 2.0), Tensor([21.0, 42.0]))
        assert_close(lift()(x, y=y), Tensor([11.0, 22.0]))
    with verify("numbers and integers do not turn float32 into float64"):
        for other, expected in ((3, [4.0, 5.0]), (Tensor([1, 2]), [2.0, 4.0])):
            case = Case(compute, x, other)
            assert_close(case(), Tensor(expected), case=case)
    with verify("float64 stays float64"):
        case = Case(compute, Tensor(np.ones(2)), y)
        assert_close(case(), Tensor(np.array([11.0, 21.0])), case=case)
    with verify("nothing is kept where nobody asked for a gradient"):

        def not_asked(x, y):
            assert lift()(x, y).grad_fn is None, "the result keeps its history although no input requires a gradient"

        Case(not_asked, x, y)()
    with verify("the recipe is kept where an input requires a gradient"):

        def asked(x, w):
            lifted = lift()
            out = lifted(x, w, scale=2.0)
            assert out.requires_grad, "an input requires a gradient, so the result must too"
            assert out.grad_fn is not None and out.grad_fn.function is lifted, "grad_fn must hold the lifted function"
            assert out.grad_fn.inputs[1] is w, "grad_fn.inputs must hold the tensors themselves, not copies or arrays"
            assert out.grad_fn.settings == {"scale": 2.0}, f"grad_fn.settings is {out.grad_fn.settings}"

        Case(asked, x, w)()
    with verify("nothing is kept while recording is switched off"):

        def switched_off(w):
            recording.enabled = False
            try:
                assert lift()(w, w).grad_fn is None, "the result keeps its history although recording.enabled is False"
            finally:
                recording.enabled = True

        Case(switched_off, w)()


# %% [markdown]
# ## 4. Arithmetic
#
# Element by element, shapes need not be equal: they are lined up at the **right**, and an axis of length 1 (or a
# missing one) is stretched. NumPy does it for us; module 05 will have to undo it.
#
# ```
#   images     8 × 3 × 32 × 32
#   mean           3 ×  1 ×  1        one number per channel
#   result     8 × 3 × 32 × 32
# ```


# %%
#| export
@primitive
def add(a, b):
    """a + b, element by element; shapes broadcast."""
    return a + b


@primitive
def sub(a, b):
    """a − b, element by element; shapes broadcast."""
    return a - b


@primitive
def mul(a, b):
    """a · b, element by element; shapes broadcast."""
    return a * b


@primitive
def div(a, b):
    """a / b, element by element; shapes broadcast. Whole numbers give floats."""
    return a / b


@primitive
def pow(a, b):
    """a to the power b, element by element; shapes broadcast."""
    return a**b


@primitive
def neg(x):
    """−x, element by element; the shape stays."""
    return -x


@primitive
def exp(x):
    """eˣ, element by element; the shape stays."""
    return np.exp(x)


@primitive
def log(x):
    """The natural logarithm, element by element; the shape stays."""
    return np.log(x)


@primitive
def sqrt(x):
    """The square root, element by element; the shape stays."""
    return np.sqrt(x)


@primitive
def abs(x):
    """The distance from 0, element by element; the shape stays."""
    return np.abs(x)


@primitive
def clip(x, *, min=None, max=None):
    """Limit every element to [min, max]; either bound may be None."""
    return np.clip(x, min, max)


# %% [markdown]
# The matrix product is the one operation that does real work: for `(n, k) @ (k, m)` it makes n·m sums of k products.
# Nearly all the time of nearly every network is spent here, module 09's convolution included. When its shapes do not
# fit, the error is the one you will read most often, so make it a good one.


# %% nbgrader={"grade": false, "grade_id": "matmul", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def matmul(a, b):
    """Matrix product over the last two axes; leading axes broadcast.

    Shapes: (…, n, k) @ (…, k, m) → (…, n, m). A 1-D input is a row on the left, a column on the right, and that axis
    is dropped from the result. Raises ValueError where the inner sizes differ.

    TODO: check the shapes, then multiply.

    APPROACH:
    1. Refuse inputs without dimensions: `*` is meant.
    2. Compare the last axis of `a` with the second-to-last of `b` (with the only one, if `b` is 1-D).
    3. NumPy's `@` does the rest.

    EXAMPLE:
        >>> Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])
        Tensor([[11.]])

    HINT: In (2, 3) @ (3, 4) the two 3s must agree. In (2, 3) @ (3,) too, but there `b` has no axis −2.
    """
    ### BEGIN SOLUTION
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul: expected at least one axis on both sides, got {a.shape} @ {b.shape}; use * instead")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: expected inner sizes to agree, got {a.shape} @ {b.shape}: "
            f"{a.shape[-1]} columns on the left, {b.shape[-2 if b.ndim > 1 else 0]} rows on the right; "
            "is a transpose missing (x @ w.T)?"
        )
    return a @ b
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-matmul", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The matrix product")
def test_matmul(verify):
    a, b = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[5.0, 6.0], [7.0, 8.0]])
    with verify("rows meet columns"):
        case = Case(matmul, a, b)
        assert_close(case(), Tensor([[19.0, 22.0], [43.0, 50.0]]), case=case)
    with verify("a vector is a row on the left, a column on the right"):
        v = Tensor([1.0, 10.0])
        assert_close(v @ a, Tensor([31.0, 42.0]), case={"v": v, "a": a})
        assert_close(a @ v, Tensor([21.0, 43.0]), case={"a": a, "v": v})
    with verify("leading axes are a batch, in which like meets like"):
        batch = Tensor(np.arange(12, dtype=np.float32).reshape(3, 2, 2))
        for other in (b, batch + 1.0):
            case = Case(matmul, batch, other)
            assert_close(case(), Tensor(batch.data @ other.data), case=case)
    with verify("shapes that do not fit are named in the error"):

        def refuse(a, b):
            try:
                matmul(a, b)
            except ValueError as error:
                assert "(2, 3)" in str(error) and "(2, 2)" in str(error), f"both shapes should stand in: {error}"
            else:
                raise AssertionError("(2, 3) @ (2, 2) should raise a ValueError")

        Case(refuse, Tensor(np.ones((2, 3), np.float32)), a)()


# %% [markdown]
# ## 5. Reductions
#
# `dim` says which axis **disappears**. For a 2 × 3 tensor:
#
# ```
#     [[1, 2, 3],     sum(dim=0) → [5, 7, 9]        the rows are added up: 3 numbers
#      [4, 5, 6]]     sum(dim=1) → [6, 15]          each row is added up:  2 numbers
#                     sum()      → 21
# ```
#
# With `keepdim=True` the axis stays with length 1, so that the result still broadcasts against the original:
# `x - x.mean(dim=1, keepdim=True)`. `sum` and `amax` are primitives; `mean` and `var` are built from them, so they
# will need no rule of their own when gradients come.


# %%
#| export
@primitive
def sum(x, *, dim=None, keepdim=False):
    """Sum over the axes `dim` (an int, a tuple, or None for all)."""
    return np.sum(x, axis=dim, keepdims=keepdim)


@primitive
def amax(x, *, dim=None, keepdim=False):
    """Largest value over the axes `dim`; among ties the gradient is shared evenly."""
    return np.max(x, axis=dim, keepdims=keepdim)


@primitive
def amin(x, *, dim=None, keepdim=False):
    """Smallest value over the axes `dim`; among ties the gradient is shared evenly."""
    return np.min(x, axis=dim, keepdims=keepdim)


@primitive
def gather(x, index, *, dim):
    """Pick along `dim`: the result has the shape of `index`, and its entries along the other axes stay in place."""
    return np.take_along_axis(x, index, axis=dim)


# %% nbgrader={"grade": false, "grade_id": "mean-var", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def mean(x, dim=None, keepdim=False):
    """Mean over the axes `dim` (an int, a tuple, or None for all).

    TODO: `sum`, divided by how many elements went into each sum.

    HINT: From shape (3, 4) along dim 1 come 3 sums, of 4 elements each. Two `size`s say so, whatever `dim` was.
    """
    ### BEGIN SOLUTION
    total = sum(x, dim=dim, keepdim=keepdim)
    return total / (x.size / total.size)
    ### END SOLUTION


def var(x, dim=None, keepdim=False, correction=1):
    """Variance over the axes `dim`: Σ(x − mean)² / (n − correction).

    The default correction of 1 (Bessel's) estimates the variance of a population from a sample; 0 gives the variance
    of exactly these numbers, which is what BatchNorm normalises with.

    TODO: the sum of squared differences from the mean, divided by n − correction.

    HINT: The mean must still broadcast against `x`: keepdim=True there.
    """
    ### BEGIN SOLUTION
    squares = sum((x - mean(x, dim, keepdim=True)) ** 2, dim=dim, keepdim=keepdim)
    return squares / (x.size / squares.size - correction)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-mean-var", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Reductions")
def test_mean_var(verify):
    x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
    with verify("dim says which axis disappears"):
        assert_close(x.sum(dim=0), Tensor([5.0, 7.0, 12.0]), case={"x": x})
        case = Case(mean, x, dim=1)
        assert_close(case(), Tensor([2.0, 6.0]), case=case)
    with verify("without dim everything is reduced to one number"):
        case = Case(mean, x)
        assert_close(case(), Tensor(4.0), case=case)
    with verify("keepdim keeps the axis, so that the result broadcasts"):
        case = Case(mean, x, dim=1, keepdim=True)
        assert_close(case(), Tensor([[2.0], [6.0]]), case=case)
    with verify("several axes at once"):
        case = Case(mean, Tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4)), dim=(0, 2))
        assert_close(case(), Tensor([7.5, 11.5, 15.5]), case=case)
    with verify("var divides by n - 1 unless told otherwise"):
        case = Case(var, x, dim=1)
        assert_close(case(), Tensor([1.0, 7.0]), case=case)
        case = Case(var, x, dim=1, correction=0)
        assert_close(case(), Tensor([2 / 3, 14 / 3]), case=case)
    with verify("what they computed can be traced back"):

        def trace(x):
            assert mean(x).grad_fn is not None, "mean: compute with tensors; what touches .data leaves the graph"
            assert var(x).grad_fn is not None, "var: compute with tensors; what touches .data leaves the graph"

        Case(trace, Tensor(x.data, requires_grad=True))()


# %% [markdown]
# ## 6. Shapes
#
# A shape is only a way to read a row of numbers in memory. `reshape` reads the same row with other line breaks;
# `permute` walks it in another order. They are not the same, although both can turn 2 × 3 into 3 × 2:
#
# ```
#   [[1, 2, 3],    reshape(3, 2) → [[1, 2],     permute(1, 0) → [[1, 4],
#    [4, 5, 6]]                     [3, 4],                      [2, 5],
#                                   [5, 6]]                      [3, 6]]
# ```


# %%
#| export
@primitive
def reshape(x, *, shape):
    """The same numbers in row-major order with another shape; one entry may be -1."""
    return x.reshape(shape)


@primitive
def permute(x, *, dims):
    """Reorder the axes: axis i of the result is axis dims[i] of x."""
    return np.transpose(x, dims)


@primitive
def getitem(x, *, index):
    """x[index], where index is a tuple of integers, slices, None, Ellipsis, and index or mask arrays."""
    return x[index]


# %% nbgrader={"grade": false, "grade_id": "shapes", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def transpose(x, dim0, dim1):
    """Swap two axes.

    TODO: a `permute` in which dim0 and dim1 change places.

    HINT: Of three axes, swapping 0 and 2 is the order [2, 1, 0]. An index into a list may be negative, as a dim may.
    """
    ### BEGIN SOLUTION
    dims = list(range(x.ndim))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(x, dims=tuple(dims))
    ### END SOLUTION


def flatten(x, start_dim=0, end_dim=-1):
    """Merge the axes start_dim … end_dim (inclusive) into one: (2, 3, 4, 5) from 1 → (2, 60).

    TODO: a `reshape` to the axes before, one axis of the merged size, the axes after.

    HINT: Make both axes positive first: `%` turns −1 of four axes into 3. `math.prod` multiplies sizes; `x.shape` is a
    tuple, which can be sliced.
    """
    ### BEGIN SOLUTION
    if x.ndim == 0:
        return reshape(x, shape=(1,))
    start, end = start_dim % x.ndim, end_dim % x.ndim
    if start > end:
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim} for shape {x.shape}")
    return reshape(x, shape=(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))
    ### END SOLUTION


def unsqueeze(x, dim):
    """Insert an axis of length 1 so that it becomes axis `dim` of the result.

    TODO: a `reshape` with a 1 inserted.

    HINT: A negative dim counts from the end of the *result*, which has one axis more: −1 makes (2, 3, 1) of (2, 3).
    """
    ### BEGIN SOLUTION
    at = dim % (x.ndim + 1)
    return reshape(x, shape=(*x.shape[:at], 1, *x.shape[at:]))
    ### END SOLUTION


def squeeze(x, dim=None):
    """Drop the axis `dim` if its length is 1, or every axis of length 1.

    TODO: a `reshape` without those axes. An axis of another length stays, without an error, as in torch.

    HINT: Collect the sizes to keep: `n` stays if `n != 1`, or if `dim` names another axis.
    """
    ### BEGIN SOLUTION
    drop = range(x.ndim) if dim is None else (dim % x.ndim,)
    return reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in drop))
    ### END SOLUTION


# %% [markdown]
# With these, the largest value along an axis can also say *where* it stood. Only that entry will get a gradient.


# %%
#| export
class Extremum(NamedTuple):
    """What `max(dim)` and `min(dim)` return: the values, and where along `dim` they stood (the first, among ties)."""

    values: Tensor
    indices: Tensor


def max(x, dim=None, keepdim=False):
    """Largest value of all, or `Extremum(values, indices)` along one `dim`."""
    return amax(x) if dim is None else _extremum(x, x.argmax(dim, keepdim=True), dim, keepdim)


def min(x, dim=None, keepdim=False):
    """Smallest value of all, or `Extremum(values, indices)` along one `dim`."""
    return amin(x) if dim is None else _extremum(x, x.argmin(dim, keepdim=True), dim, keepdim)


def _extremum(x, indices, dim, keepdim):
    values = gather(x, indices, dim=dim)
    return Extremum(values, indices) if keepdim else Extremum(squeeze(values, dim), squeeze(indices, dim))


# %% nbgrader={"grade": true, "grade_id": "test-shapes", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Shapes")
def test_shapes(verify):
    x = Tensor(np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5))

    def same(case, expected):
        assert_close(case(), Tensor(expected), case=case)

    with verify("transpose swaps two axes and moves the numbers with them"):
        same(Case(transpose, Tensor([[1, 2, 3], [4, 5, 6]]), 0, 1), [[1, 4], [2, 5], [3, 6]])
        same(Case(transpose, x, 1, -1), x.data.swapaxes(1, -1))
    with verify("flatten merges a run of axes and keeps the order"):
        for run, shape in (((1,), (2, 60)), ((), (120,)), ((1, 2), (2, 12, 5))):
            same(Case(flatten, x, *run), x.data.reshape(shape))
    with verify("unsqueeze inserts an axis, from either end"):
        for dim in (0, 2, -1):
            same(Case(unsqueeze, x, dim), np.expand_dims(x.data, dim))
    with verify("squeeze drops axes of length 1, and no others"):
        y = np.arange(3.0).reshape(1, 3, 1)
        for dim, shape in ((None, (3,)), (0, (3, 1)), (-1, (1, 3)), (1, (1, 3, 1))):
            same(Case(squeeze, Tensor(y), dim), y.reshape(shape))
    with verify("indexing takes slices, integers and index arrays"):
        assert_close(x[1, :, 2, ::2], Tensor(x.data[1, :, 2, ::2]))
        assert_close(x[Tensor([1, 0, 1])], Tensor(x.data[[1, 0, 1]]))
    with verify("max along an axis also says where"):
        table = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
        values, indices = table.max(dim=0)
        assert_close(values, Tensor([4.0, 5.0, 9.0]))
        assert_close(indices, Tensor([1, 1, 1]))
    with verify("what was reshaped can be traced back"):

        def trace(w):
            for name, out in (("transpose", transpose(w, 0, 1)), ("flatten", flatten(w)), ("squeeze", squeeze(w))):
                assert out.grad_fn is not None, f"{name}: use permute or reshape; what touches .data leaves the graph"

        Case(trace, Tensor([[1.0, 2.0]], requires_grad=True))()


# %% [markdown]
# ## 7. Choosing, joining, padding


# %% nbgrader={"grade": false, "grade_id": "joining", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def _where(condition, a, b):
    return np.where(condition, a, b)


@primitive
def _concatenate(*arrays, dim):
    return np.concatenate(arrays, axis=dim)


def where(condition, a, b):
    """Take from `a` where the condition holds, from `b` elsewhere; all three broadcast."""
    return _where(condition, a, b)


def concatenate(tensors, dim=0):
    """Join tensors along an axis they already have; all other sizes must agree."""
    tensors = list(tensors)
    if not tensors:
        raise ValueError("tensors: expected at least one tensor to concatenate, got an empty list")
    return _concatenate(*tensors, dim=dim)


def stack(tensors, dim=0):
    """Join tensors of equal shape along a new axis `dim`.

    TODO: give each tensor the new axis, then `concatenate` along it.

    EXAMPLE:
        >>> stack([Tensor([1, 2]), Tensor([3, 4])]).shape
        (2, 2)

    HINT: `unsqueeze`.
    """
    ### BEGIN SOLUTION
    tensors = list(tensors)
    shapes = {tensor.shape for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"tensors: expected equal shapes to stack, got {sorted(shapes)}")
    return concatenate([unsqueeze(tensor, dim) for tensor in tensors], dim)
    ### END SOLUTION


@primitive
def pad(x, *, pad, value=0.0):
    """Put `value` around the last axes.

    `pad` holds a pair (before, after) for the LAST axis, then one for the axis before it, and so on, as in torch:
    for N × C × H × W, `(left, right, top, bottom)`. Raises ValueError for an odd or negative or too long `pad`.

    TODO: turn torch's order into NumPy's `pad_width`, one pair for every axis, first axis first.

    EXAMPLE:
        >>> pad(Tensor([[1.0]]), (1, 0)).shape      # one column on the left
        (1, 2)

    HINT: The pairs of `pad`, reversed, belong to the last axes; the axes before them get (0, 0).
    """
    if len(pad) % 2 or len(pad) > 2 * x.ndim or any(n < 0 for n in pad):
        raise ValueError(f"pad: expected up to {x.ndim} pairs of sizes >= 0 (last axis first), got {tuple(pad)}")
    ### BEGIN SOLUTION
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    return np.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1], constant_values=value)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-joining", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Choosing, joining, padding")
def test_joining(verify):
    a, b = Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]])

    def stacked(a, b, dim):
        return stack([a, b], dim)

    with verify("concatenate lengthens an axis, stack makes one"):
        assert_close(concatenate([a, b]), Tensor([[1.0, 2.0], [3.0, 4.0]]))
        assert_close(concatenate([a, b], dim=1), Tensor([[1.0, 2.0, 3.0, 4.0]]))
        case = Case(stacked, a, b, dim=-1)
        assert_close(case(), Tensor([[[1.0, 3.0], [2.0, 4.0]]]), case=case)

        def trace(w, b):
            assert stack([w, b]).grad_fn is not None, "use unsqueeze and concatenate; .data leaves the graph"

        Case(trace, Tensor([[1.0, 2.0]], requires_grad=True), b)()
    with verify("pad speaks of the last axis first"):
        case = Case(pad, Tensor([[1.0, 2.0]]), pad=(1, 0))
        assert_close(case(), Tensor([[0.0, 1.0, 2.0]]), case=case)
        case = Case(pad, Tensor([[1.0, 2.0]]), pad=(0, 0, 0, 1), value=7.0)
        assert_close(case(), Tensor([[1.0, 2.0], [7.0, 7.0]]), case=case)
    with verify("where chooses element by element"):
        assert_close(where(a > 1.5, a, 0.0), Tensor([[0.0, 2.0]]))


# %% [markdown]
# ## 8. Tensors from nothing
#
# All randomness in TinyTorch comes from one generator, so that `manual_seed(0)` makes a whole training run repeatable.

# %%
#| export
_generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Make everything random after this line repeatable."""
    global _generator
    _generator = np.random.default_rng(seed)


def default_generator() -> np.random.Generator:
    """The generator behind every random tensor, initial weight and dropout mask."""
    return _generator


def zeros(*shape, dtype=np.float32, requires_grad=False) -> Tensor:
    """A tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return Tensor(np.zeros(_one_tuple(shape), dtype), requires_grad)


def ones(*shape, dtype=np.float32, requires_grad=False) -> Tensor:
    """A tensor of ones: ones(2, 3) or ones((2, 3))."""
    return Tensor(np.ones(_one_tuple(shape), dtype), requires_grad)


def full(shape, fill_value, dtype=None, requires_grad=False) -> Tensor:
    """A tensor of one repeated value, whose type decides the dtype."""
    return Tensor(np.full(shape, to_array(fill_value, dtype)), requires_grad)


def arange(start, end=None, step=1, dtype=None, requires_grad=False) -> Tensor:
    """Numbers from start (0 if only one is given) up to but without end; float32 if any of them is a float."""
    start, end = (0, start) if end is None else (start, end)
    if dtype is None:
        dtype = np.float32 if any(isinstance(n, float) for n in (start, end, step)) else np.int64
    return Tensor(np.arange(start, end, step, dtype), requires_grad)


def eye(n, m=None, dtype=np.float32, requires_grad=False) -> Tensor:
    """The n × m matrix with ones on its diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype), requires_grad)


def randn(*shape, dtype=np.float32, requires_grad=False) -> Tensor:
    """Draws from the normal distribution with mean 0 and variance 1."""
    return Tensor(_generator.standard_normal(_one_tuple(shape), dtype), requires_grad)


def rand(*shape, dtype=np.float32, requires_grad=False) -> Tensor:
    """Draws from the uniform distribution on [0, 1)."""
    return Tensor(_generator.random(_one_tuple(shape), dtype), requires_grad)


def tensor(data, dtype=None, requires_grad=False) -> Tensor:
    """A tensor with its own copy of the data. (`Tensor(array)` shares the array's memory.)"""
    return Tensor(to_array(data, dtype).copy(), requires_grad)


# %% [markdown]
# ## 9. Several cores
#
# Given, and not needed to understand anything before module 09: read it there. Large work is cut along the batch, and
# each core gets its share. What one core works on at once is kept so small that it stays in the core's cache.

# %%
#| export
CHUNK_BYTES = 2**21  # work on about this much at once: it stays near in the cache, and one NumPy call is worth it
SMALL_WORK = 2**23  # multiply-adds: below this, starting threads costs more than they save
SMALL_PRODUCT = 10**6  # multiply-adds; up to here OpenBLAS multiplies matrices as they lie, where there is AVX-512


@functools.cache
def _machine_threads() -> int:
    """TINYTORCH_NUM_THREADS, or the number of cores this process may use."""
    text = os.environ.get("TINYTORCH_NUM_THREADS")
    if text is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"TINYTORCH_NUM_THREADS: expected a whole number >= 1, got {text!r}; unset it to use every core"
        )
    return int(text)


@functools.cache
def _pool():
    """A thread for each core, started when the first large work comes."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(_machine_threads(), "tinytorch")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork: the child starts its own


@functools.cache
def _keep_memory():
    """Ask the C library to keep the memory of freed arrays for the next ones, where it can be asked (glibc).

    Otherwise the arrays of every training step are fetched from the system anew, page by page.
    """
    import ctypes

    libc = ctypes.CDLL(None) if os.name == "posix" else None
    if hasattr(libc, "mallopt"):
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the largest that is accepted


class _Share(threading.local):
    """Whether this thread is at work on its share already."""

    taken = False

    def of(self, work, start, stop):
        self.taken, before = True, self.taken
        try:
            return work(start, stop)
        finally:
            self.taken = before


_share = _Share()


class _OneBlasThread:
    """While anyone is inside, the matrix product keeps to the thread that calls it."""

    def __init__(self):
        self.lock, self.users, self.before = threading.Lock(), 0, []

    @functools.cached_property
    def libraries(self):
        import threadpoolctl  # finds the BLAS that NumPy was built with

        return threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers

    def __enter__(self):
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.before = [library.get_num_threads() for library in self.libraries]
                for library in self.libraries:
                    library.set_num_threads(1)

    def __exit__(self, *error):
        with self.lock:
            self.users -= 1
            if self.users == 0:
                for library, count in zip(self.libraries, self.before):
                    library.set_num_threads(count)


_one_blas_thread = _OneBlasThread()


def in_threads(work, count: int, cost: int) -> list:
    """Call work(start, stop) for parts that together make up range(count), one per core; the results in order.

    `cost` is the work in all, in multiply-adds; a small one is done in the caller's thread. So is what is called from
    within `work`, so that nothing waits for itself.
    """
    if cost >= SMALL_WORK:
        _keep_memory()
    parts = 1 if cost < SMALL_WORK or _share.taken else builtins.min(_machine_threads(), count)
    edges = [count * i // parts for i in range(parts + 1)]
    with _one_blas_thread:
        if parts == 1:
            return [work(0, count)]
        from concurrent.futures import wait

        others = [_pool().submit(_share.of, work, *ends) for ends in zip(edges[1:], edges[2:])]
        try:
            first = _share.of(work, 0, edges[1])  # the caller's own share
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]


def chunks(start: int, stop: int, bytes_each: int):
    """Slices of range(start, stop), of about CHUNK_BYTES each."""
    size = builtins.max(1, CHUNK_BYTES // bytes_each)
    return [slice(i, builtins.min(i + size, stop)) for i in range(start, stop, size)]


def in_chunks(work, x) -> list:
    """Call work(part) for slices of the batch x that together make it up, in threads; the results in order."""

    def share(start, stop):
        return [work(part) for part in chunks(start, stop, 2 * x[0].nbytes)]  # as much is read as is written

    moved = 8 * x.size  # a number read and written is counted as eight multiply-adds
    return [result for results in in_threads(share, len(x), moved) for result in results]


def elementwise(function):
    """Let `function`, which treats each element by itself, work on large arrays piece by piece, in threads.

    Its arguments are arrays of one shape; the result has the shape and dtype of the first.
    """

    @functools.wraps(function)
    def in_pieces(*arrays):
        x, work = arrays[0], 8 * arrays[0].size
        if work < SMALL_WORK:
            return function(*arrays)
        out = np.empty(x.shape, x.dtype)
        flat, *flats = (a.reshape(-1) for a in (out, *arrays))

        def share(start, stop):
            for part in chunks(start, stop, 2 * x.itemsize):
                flat[part] = function(*(a[part] for a in flats))

        in_threads(share, x.size, work)
        return out

    return in_pieces


def product(a, b) -> np.ndarray:
    """a @ b for two matrices, the longer side of the result shared out among the cores, in small products if they do."""
    result = out = np.empty((len(a), b.shape[1]), np.result_type(a, b))
    if len(a) < b.shape[1]:
        a, b, out = b.T, a.T, out.T
    few = SMALL_PRODUCT // builtins.max(1, b.size)

    def share(start, stop):
        step = few if few >= 8 else builtins.max(1, stop - start)
        for i in range(start, stop, step):
            rows = slice(i, builtins.min(i + step, stop))
            np.matmul(a[rows], b, out=out[rows])

    in_threads(share, len(a), a.size * b.shape[1])
    return result


# %% [markdown]
# ## What you have
#
# A tensor that computes with broadcasting, changes shape, and knows where it came from. Try it:
#
# ```python
# x = tensor([1.0, 2.0, 3.0], requires_grad=True)
# y = (x * x).sum()
# y.grad_fn.function.__name__, y.grad_fn.inputs[0]      # 'sum', Tensor([1., 4., 9.], requires_grad=True)
# ```
#
# What do you expect `y.grad_fn.inputs[0].grad_fn.function.__name__` to be?

# %%
report()
