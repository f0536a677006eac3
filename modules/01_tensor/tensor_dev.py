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
# Every network is a long expression over arrays of numbers. This module makes the array: a `Tensor` holds a NumPy array,
# computes with it, and remembers which function made it and from what: from these records module 05 computes gradients.
# Names are PyTorch's. `tinytorch.support` is given code: no need to read it.

# %%
#| default_exp core.tensor

# %%
#| export
from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from tinytorch.support.arguments import argument_binder, checked_by
from tinytorch.support.dtypes import accurate_sum, float16_in_float32, floating, promoted
from tinytorch.support.in_place import tracked
from tinytorch.support.tensor import (
    NUMBERS, Extremum, Recording, TensorMethods, as_list, as_list_of_equal_shapes, check_flatten, check_matmul,
    check_pad, lists_as_arrays, number_array, only_numbers, positive_axis, positive_dims, with_an_axis,
)  # fmt: skip

# %%
from tinytorch.testing import Case, expect, expect_error, expect_recorded, inline_test, report

# %% [markdown]
# ## 1. From data to an array
#
# The first decision is the **dtype**. `float64` takes twice the memory and time of `float32`, and a network does not
# need its 16 digits. So Python's numbers become `float32`, integers too. A NumPy array keeps its dtype: it was chosen
# on purpose. Labels, which must be integers, are therefore written as `np.array([2, 0])`.
#
# | data | becomes |
# |---|---|
# | `3.5`, `[1.0, 2.0]`, `[1, 2]`, `[True, False]` | `float32` |
# | a NumPy array, or a number of NumPy's | an array of its dtype; an array **shares its memory** |
#
# `@only_numbers` refuses text, rows of unequal length, and `Tensor(3)`, which in torch has three numbers.


# %% nbgrader={"grade": false, "grade_id": "to-array", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@only_numbers
def to_array(data, dtype=None) -> np.ndarray:
    """Return numbers, nested lists, an array or a tensor as a NumPy array.

    An array that has the wanted dtype is returned itself, not a copy. Python's numbers become float32 unless `dtype`
    says otherwise.

    TODO: convert `data` by the table above, and a tensor as its `.data`. `np.asarray(data, dtype)` does most of the rest.

    HINT: If no dtype was asked for and the data is *not NumPy's*, ask for float32. NumPy's are arrays (`np.ndarray`)
    and its own numbers (`np.generic`), such as `np.float64(1.0)`.
    """
    ### BEGIN SOLUTION
    if isinstance(data, Tensor):
        data = data.data
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)):
        dtype = np.float32
    return np.asarray(data, dtype)
    ### END SOLUTION


# %% [markdown]
# ## 2. The tensor
#
# A tensor holds its numbers (`data`), whether a gradient is wanted (`requires_grad`), that gradient (`grad`, later),
# and how it was made (`grad_fn`: a `Node`, or None for a **leaf** that no function made). Everything else is a
# function: **functions compute, and methods call them.** `TensorMethods` (given) holds the operators and methods by
# that rule: `x + y` calls `add(x, y)`, `x.sum()` calls `sum(x)`, and `x.shape` is `x.data.shape`.


# %% nbgrader={"grade": false, "grade_id": "tensor", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Node(NamedTuple):
    """How a tensor was made: `function(*inputs, **settings)`."""

    function: object
    inputs: tuple
    settings: dict


class Tensor(TensorMethods):
    """An n-dimensional array of numbers that remembers how it was made.

    `data` may be a number, nested lists, a NumPy array (whose memory is shared) or a tensor. With
    `requires_grad=True` everything computed from this tensor is recorded, and `backward` (module 05) fills `grad`
    with a tensor of the same shape. Raises TypeError, naming requires_grad, where the numbers are not floating.

    TODO: write `__init__`, which sets the four attributes of a leaf, and `detach`.

    HINT: `dtype.kind` is "f" for floating numbers, "i" for integers, "b" for truth values.
    """

    def __init__(self, data, requires_grad=False, dtype=None):
        ### BEGIN SOLUTION
        self.data = to_array(data, dtype)
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(f"requires_grad: expected a floating dtype, got {self.data.dtype}; pass dtype=np.float32")
        self.requires_grad = requires_grad
        self.grad = None
        self.grad_fn = None
        ### END SOLUTION

    def detach(self):
        """Return a leaf with the same numbers, sharing memory, that does not require a gradient."""
        ### BEGIN SOLUTION
        return Tensor(self.data)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-to-array", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("Data becomes an array")
def test_to_array(verify):
    def share(array):
        assert to_array(array) is array, "to_array(array) made a copy; return the array itself"

    with verify("Python's numbers become float32: floats, integers and truth values"):
        for data in ([[1.0, 2.5], [3.0, 4.0]], 3.5, [1, 2], [True]):
            expect(np.array(data, np.float32), to_array, data)
    with verify("a NumPy array keeps its dtype, and its memory is shared"):
        for data in (np.array([1.0, 2.0]), np.array([1, 2], np.uint8), np.float64(2.0)):
            expect(np.asarray(data), to_array, data)
        Case(share, np.array([1.0, 2.0]))()
    with verify("a dtype that is asked for is obeyed"):
        for data, dtype in (([1.0], np.float64), ([1], np.float32), (np.ones(1), np.int64)):
            expect(np.array([1], dtype), to_array, data, dtype)


# %% nbgrader={"grade": true, "grade_id": "test-tensor", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The tensor")
def test_tensor(verify):
    def make(array, requires_grad):
        tensor = Tensor(array, requires_grad)
        assert to_array(tensor) is tensor.data is array, "Tensor(array).data should be the array itself"
        found = str((tensor.requires_grad, tensor.grad, tensor.grad_fn))
        assert found == f"({requires_grad}, None, None)", f"(requires_grad, grad, grad_fn) is {found}"

    def detach(array):
        tensor = Tensor(array, requires_grad=True)
        tensor.grad_fn = "how it was made"
        out = tensor.detach()
        assert isinstance(out, Tensor) and out.data is array, "expected a Tensor holding the array itself, not a copy"
        assert not (out.requires_grad or out.grad_fn) and tensor.requires_grad, "expected a leaf beside the tensor"

    with verify("a tensor holds the array itself, and starts as a leaf without a gradient"):
        for requires_grad in (False, True):
            Case(make, np.ones(2), requires_grad)()
    with verify("a dtype that is asked for is obeyed; integers are accepted, and cannot require a gradient"):
        expect(np.array([1.0, 2.0]), Tensor, Tensor([1.0, 2.0]), dtype=np.float64)
        expect(np.array([1, 2]), Tensor, np.array([1, 2]))
        expect_error(TypeError, "requires_grad", Tensor, np.array([1, 2]), requires_grad=True)
    with verify("detach gives a leaf that shares the numbers, and leaves the tensor as it was"):
        Case(detach, np.ones(2))()


# %% [markdown]
# ## 3. `primitive`: one lift for every function
#
# `add` should work on tensors, but its arithmetic is about arrays. We unwrap and wrap once, in a decorator:
# ```
# tensors, numbers ──unwrap──► arrays ──function──► array ──wrap──► tensor
#        └──────────────────── recorded as its grad_fn ─────────────┘
# ```
#
# A function marked `@primitive` takes its **arrays by position** and its **settings by keyword**
# (`def sum(x, *, dim=None, keepdim=False)`). A plain number takes the dtype of the tensors beside it: `t * 2.0` stays
# float32. `isinstance(x, NUMBERS)` recognises a plain number, `number_array(x, dtypes)` is that number as an array beside
# arrays of these dtypes. Tensors of different dtypes get their common one (given): integers beside floats become floats.
#
# Only what some input requires a gradient for is recorded, and nothing while `recording.enabled` is False.

# %% nbgrader={"grade": false, "grade_id": "primitive", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
recording = Recording()
primitives: list = []  # every lifted function, in the order of definition


@lists_as_arrays
def as_tensors(inputs) -> list:
    """Return a tensor for each input of one function. Tensors and None stay as they are.

    TODO: wrap arrays and lists first; then give each plain number the dtype of the tensors beside it, and wrap it.
    """
    ### BEGIN SOLUTION
    tensors = [x if x is None or isinstance(x, (Tensor, *NUMBERS)) else Tensor(x) for x in inputs]
    dtypes = [t.dtype for t in tensors if isinstance(t, Tensor)]
    return [Tensor(number_array(x, dtypes)) if isinstance(x, NUMBERS) else x for x in tensors]
    ### END SOLUTION


def compute(lifted, tensors, settings) -> Tensor:
    """Return what the array function `lifted.__wrapped__` makes of `tensors`, as a tensor that remembers it.

    TODO: compute, wrap, record:
    1. Call `lifted.__wrapped__` with the `.data` of each tensor (None stays None) and with `**settings`.
    2. Wrap the result, which is an array.
    3. If recording is enabled, the result is floating, and some tensor requires a gradient: set `requires_grad`, and
       `grad_fn` to the `Node` of `lifted`, the tuple of tensors, and the settings.

    HINT: An input that is None has no `.data`, and requires no gradient.
    """
    ### BEGIN SOLUTION
    arrays = [None if t is None else t.data for t in tensors]
    out = Tensor(lifted.__wrapped__(*arrays, **settings))
    wanted = any(t is not None and t.requires_grad for t in tensors)
    if recording.enabled and wanted and out.dtype.kind == "f":
        out.requires_grad = True
        out.grad_fn = Node(lifted, tuple(tensors), settings)
    return out
    ### END SOLUTION


def primitive(function):
    """Lift a function of arrays to a function of tensors: positional parameters are inputs, keyword-only ones settings.

    Inputs may be tensors, arrays, numbers or None. Settings may also be given in order after the inputs, as in torch.
    """
    bind = argument_binder(function)  # sorts the arguments of a call into inputs and settings

    @functools.wraps(promoted(function))  # which gives arrays of different dtypes their common one
    def lifted(*arguments, **keywords):
        inputs, settings = bind(arguments, keywords)
        tensors = as_tensors(inputs)
        settings = positive_dims(settings, tensors)
        return tracked(compute(lifted, tensors, settings), lifted, tensors, settings)

    primitives.append(lifted)
    return lifted


# %% nbgrader={"grade": true, "grade_id": "test-primitive", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("primitive lifts a function of arrays")
def test_primitive(verify):
    def weighted(x, y=None, *, scale=1.0):
        return x if y is None else -y if x is None else x + scale * y

    call, position = primitive(weighted), primitive(np.argmax)
    del primitives[-2:]  # they are only for this test

    def wanted(x, w):
        out = call(x, w, scale=2.0)
        assert out.requires_grad and out.grad_fn, "an input requires a gradient, so the result must be recorded"
        assert out.grad_fn.function is call, f"grad_fn.function is {out.grad_fn.function}, not the lifted function"
        kept = [t is w for t in call(None, w).grad_fn.inputs]
        assert kept == [False, True], "grad_fn.inputs must hold the tensors themselves, and None where an input is None"
        assert out.grad_fn.settings == {"scale": 2.0}, f"grad_fn.settings is {out.grad_fn.settings}"

    def not_wanted(function, *inputs, enabled=True):
        recording.enabled = enabled
        try:
            out = function(*inputs)
        finally:
            recording.enabled = True
        assert not out.requires_grad and out.grad_fn is None, "the result should not be recorded"

    x, y, w = Tensor([1.0, 2.0]), Tensor([10.0, 20.0]), Tensor([3.0, 4.0], requires_grad=True)
    with verify("the result is a tensor with the function's numbers; lists and None are inputs too"):
        expect(Tensor([21.0, 42.0]), call, x, [10.0, 20.0], scale=2.0)
        expect(Tensor([1.0, 2.0]), call, x, None)
        expect(Tensor([-1.0, -2.0]), call, None, x)
    with verify("plain numbers and integers do not turn float32 into float64"):
        for other in (2, 2.0, np.float64(2.0), Tensor(np.array([2, 2]))):
            expect(Tensor([3.0, 4.0]), call, x, other)
            expect(Tensor([3.0, 4.0]), call, other, [1.0, 2.0])
    with verify("float64 stays float64, and a number beside it keeps all its digits; integers stay integers"):
        for zeros in (Tensor(np.zeros(2)), np.zeros(2)):
            expect(Tensor(np.array([0.1, 0.1])), call, zeros, 0.1)
            expect(Tensor(np.array([0.1, 0.1])), call, 0.1, zeros)
            expect(Tensor(np.array([10.0, 20.0])), call, y, zeros)
        expect(Tensor(np.array([1, 3])), call, Tensor(np.array([0, 2])), 1, scale=1)
    with verify("function, inputs and settings are recorded where an input requires a gradient"):
        Case(wanted, x, w)()
    with verify("nothing is recorded where none does, while recording is disabled, or of integers"):
        Case(not_wanted, call, x, y)()
        Case(not_wanted, call, x, w, enabled=False)()
        Case(not_wanted, position, w)()


# %% [markdown]
# ## 4. Arithmetic
#
# Element by element, shapes need not be equal: they are lined up at the **right**, and an axis of length 1 (or a
# missing one) is repeated. NumPy does it; module 05 undoes it. `@floating` (given) makes float32 of integers first.
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
def neg(x):
    """−x, element by element."""
    return -x


@primitive
@floating
def exp(x):
    """eˣ, element by element."""
    return np.exp(x)


@primitive
@floating
def log(x):
    """The natural logarithm, element by element."""
    return np.log(x)


@primitive
@floating
def sqrt(x):
    """The square root, element by element."""
    return np.sqrt(x)


@primitive
def abs(x):
    """The distance from 0, element by element."""
    return np.abs(x)


# %% nbgrader={"grade": false, "grade_id": "arithmetic", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def mul(a, b):
    """a · b, element by element; shapes broadcast.

    TODO: this function and the three below it.
    """
    ### BEGIN SOLUTION
    return a * b
    ### END SOLUTION


@primitive
@floating
def div(a, b):
    """a / b, element by element; shapes broadcast. Integers give floats."""
    ### BEGIN SOLUTION
    return a / b
    ### END SOLUTION


@primitive
def pow(a, b):
    """a to the power b, element by element; shapes broadcast."""
    ### BEGIN SOLUTION
    return a**b
    ### END SOLUTION


@primitive
def clip(x, *, min=None, max=None):
    """Each element limited to [min, max]; either limit may be None."""
    ### BEGIN SOLUTION
    return np.clip(x, min, max)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-arithmetic", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Arithmetic")
def test_arithmetic(verify):
    a, b = Tensor([[2.0, -3.0], [0.5, 4.0]]), Tensor([2.0, 3.0])
    with verify("two inputs, in this order, with broadcasting"):
        expect(Tensor([[4.0, -9.0], [1.0, 12.0]]), mul, a, b)
        expect(Tensor([[1.0, -1.0], [0.25, 4 / 3]]), div, a, b)
        expect(Tensor([0.5, -1.5]), div, Tensor(np.array([1, -3])), 2)
        expect(Tensor([[4.0, -27.0], [0.25, 64.0]]), pow, a, b)
    with verify("clip limits on both sides, or on one"):
        for limits, expected in (((-1.0, 2.0), [2.0, -1.0]), ((0.0, None), [3.0, 0.0]), ((None, 1.0), [1.0, -3.0])):
            expect(Tensor(expected), clip, Tensor([3.0, -3.0]), *limits)


# %% [markdown]
# ## 5. Shapes
#
# A shape is only a way to read a row of numbers in memory. `reshape` reads the same row with other line breaks;
# `permute` reads it in another order. They are not the same, although both can turn 2 × 3 into 3 × 2:
# ```
#   [[1, 2, 3],    reshape(3, 2) → [[1, 2],     permute(1, 0) → [[1, 4],
#    [4, 5, 6]]                     [3, 4],                      [2, 5],
#                                   [5, 6]]                      [3, 6]]
# ```
#
# The functions that you write are one `permute` or `reshape` each, **of tensors**, so that they are recorded.
# `positive_axis(dim, axes)` counts an axis from the front: −1 of four axes is 3.


# %% nbgrader={"grade": false, "grade_id": "shapes", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def reshape(x, *, shape):
    """The same numbers in row-major order with another shape; one entry of it may be -1."""
    return x.reshape(shape)


@primitive
def permute(x, *, dims):
    """Reorder the axes: axis i of the result is axis dims[i] of x."""
    return np.transpose(x, dims)


@primitive
def getitem(x, *, index):
    """x[index], where index is a tuple of integers, slices, None, Ellipsis, and index or mask arrays."""
    return x[index]


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


@checked_by(check_flatten)
def flatten(x, start_dim=0, end_dim=-1):
    """Merge the axes start_dim … end_dim (inclusive) into one: (2, 3, 4, 5) from 1 → (2, 60), a number () → (1,).

    TODO: a `reshape` to the axes before, one axis of the merged size, the axes after.

    HINT: Make both axes positive first. `math.prod` multiplies sizes; `x.shape` is a tuple, which can be sliced.
    """
    ### BEGIN SOLUTION
    start, end = positive_axis(start_dim, x.ndim), positive_axis(end_dim, x.ndim)
    merged = math.prod(x.shape[start : end + 1])
    return reshape(x, shape=(*x.shape[:start], merged, *x.shape[end + 1 :]))
    ### END SOLUTION


def unsqueeze(x, dim):
    """Insert an axis of length 1 so that it becomes axis `dim` of the result.

    TODO: a `reshape` with a 1 inserted.

    HINT: A negative dim counts from the end of the *result*, which has one axis more: −1 makes (2, 3, 1) of (2, 3).
    """
    ### BEGIN SOLUTION
    axis = positive_axis(dim, x.ndim + 1)
    return reshape(x, shape=(*x.shape[:axis], 1, *x.shape[axis:]))
    ### END SOLUTION


def squeeze(x, dim=None):
    """Drop the axis `dim` if its length is 1, or every axis of length 1. An axis of another length stays, as in torch.

    TODO: a `reshape` without those axes.

    HINT: Collect the sizes to keep: `n` stays if `n != 1`, or if `dim` names another axis.
    """
    ### BEGIN SOLUTION
    dropped = range(x.ndim) if dim is None else [positive_axis(dim, x.ndim)]
    return reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in dropped))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-shapes", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Shapes")
def test_shapes(verify):
    x, y = np.arange(120.0).reshape(2, 3, 4, 5), np.arange(3.0).reshape(1, 3, 1)
    with verify("transpose swaps two axes and moves the numbers with them"):
        for dims in ((0, 1), (1, -1), (2, -3), (3, 0)):
            expect(Tensor(x.swapaxes(*dims)), transpose, Tensor(x), *dims)
    with verify("flatten merges a run of axes and keeps the order"):
        for run, shape in (((1,), (2, 60)), ((), (120,)), ((1, 2), (2, 12, 5)), ((-3, -2), (2, 12, 5))):
            expect(Tensor(x.reshape(shape)), flatten, Tensor(x), *run)
        expect(Tensor([3.0]), flatten, Tensor(3.0))
    with verify("unsqueeze inserts an axis, from either end"):
        for dim in (0, 2, 4, -1, -2):
            expect(Tensor(np.expand_dims(x, dim)), unsqueeze, Tensor(x), dim)
    with verify("squeeze drops axes of length 1, and no others"):
        for dim, shape in ((None, (3,)), (0, (3, 1)), (-1, (1, 3)), (1, (1, 3, 1))):
            expect(Tensor(y.reshape(shape)), squeeze, Tensor(y), dim)
    with verify("each can be traced back"):
        for function, *dims in ((transpose, 0, 1), (flatten,), (unsqueeze, 0), (squeeze,), (squeeze, 0)):
            expect_recorded(function, Tensor([[1.0, 2.0]], requires_grad=True), *dims)


# %% [markdown]
# ## 6. The matrix product
#
# `(n, k) @ (k, m)` makes n·m sums of k products; most of a network's time is spent here. NumPy multiplies matrices, and
# stacks of them. A **vector** gets a second axis first, so that the product needs a gradient rule for matrices only.


# %% nbgrader={"grade": false, "grade_id": "matmul", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def matrix_product(a, b):
    """a @ b over the last two axes of both; leading axes broadcast."""
    return a @ b


@checked_by(check_matmul)
def matmul(a, b):
    """Matrix product over the last two axes; leading axes broadcast.

    Shapes: (…, n, k) @ (…, k, m) → (…, n, m). A 1-D input is a row on the left, a column on the right, and that axis
    is dropped from the result. Raises ValueError where the inner sizes differ.

    TODO: give each vector its axis, multiply, drop the axis again.

    HINT: A row of k numbers has shape (1, k), a column (k, 1). In the result the row's axis is −2, the column's −1.
    """
    a, b = as_tensors((a, b))
    ### BEGIN SOLUTION
    row, column = a.ndim == 1, b.ndim == 1
    if row:
        a = unsqueeze(a, 0)
    if column:
        b = unsqueeze(b, 1)
    out = matrix_product(a, b)
    if row:
        out = squeeze(out, -2)
    if column:
        out = squeeze(out, -1)
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-matmul", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The matrix product")
def test_matmul(verify):
    def multiply(a, b):
        out = matmul(a, b)
        while out.grad_fn:
            function, (out, *others), _ = out.grad_fn
            assert function is not matrix_product or out.ndim > 1 < others[0].ndim, "matrix_product got a vector"

    a, v, batch = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0]), np.arange(12.0).reshape(3, 2, 2)
    with verify("rows meet columns; leading axes are a batch, of which each pair is multiplied"):
        expect(Tensor([[19.0, 22.0], [43.0, 50.0]]), matmul, a, Tensor([[5.0, 6.0], [7.0, 8.0]]))
        for left, right in ((batch, a.data), (batch, batch + 1), (batch, v.data), (v.data, batch)):
            expect(Tensor(left @ right), matmul, Tensor(left), Tensor(right))
    with verify("a vector is a row on the left, a column on the right, and leaves no axis behind"):
        expect(Tensor([31.0, 42.0]), matmul, v, a)
        expect(Tensor([21.0, 43.0]), matmul, a, v)
        expect(Tensor(101.0), matmul, v, v)
        expect(Tensor([21.0]), matmul, v, Tensor([[1.0], [2.0]]))
    with verify("it can be traced back, to a product of matrices"):
        for left, right in ((a, a), (v, a), (a, v), (v, v)):
            w = Tensor(left.data, requires_grad=True)
            expect_recorded(matmul, w, right)
            Case(multiply, w, right)()


# %% [markdown]
# ## 7. Reductions
#
# `dim` says which axis **disappears**. For a 2 × 3 tensor:
# ```
#     [[1, 2, 3],     sum(dim=0) → [5, 7, 9]        the rows are added up: 3 numbers
#      [4, 5, 6]]     sum(dim=1) → [6, 15]          each row is added up:  2 numbers
#                     sum()      → 21
# ```
#
# With `keepdim=True` the axis stays, with length 1: `x - x.mean(dim=1, keepdim=True)` broadcasts. What is built from
# primitives needs no gradient rule. In this file `sum`, `max`, `min`, `abs` and `pow` are those of tensors.


# %% nbgrader={"grade": false, "grade_id": "reductions", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def sum(x, *, dim=None, keepdim=False):
    """Sum over the axes `dim` (an int, a tuple, or None for all)."""
    return accurate_sum(x, dim, keepdim)


@primitive
def amax(x, *, dim=None, keepdim=False):
    """Largest value over the axes `dim`; equal largest values share the gradient evenly."""
    return np.max(x, axis=dim, keepdims=keepdim)


@primitive
def amin(x, *, dim=None, keepdim=False):
    """Smallest value over the axes `dim`; equal smallest values share the gradient evenly."""
    return np.min(x, axis=dim, keepdims=keepdim)


@primitive
def gather(x, index, *, dim):
    """Pick along `dim`: the result has the shape of `index`, and its entries along the other axes stay in place."""
    return np.take_along_axis(x, index, axis=dim)


@float16_in_float32
def mean(x, dim=None, keepdim=False):
    """Mean over the axes `dim` (an int, a tuple, or None for all).

    TODO: `sum`, divided by how many elements went into each sum.

    HINT: From shape (3, 4) along dim 1 come 3 sums, of 4 elements each. Two `numel()`s say so for any `dim`.
    """
    ### BEGIN SOLUTION
    total = sum(x, dim=dim, keepdim=keepdim)
    return total / (x.numel() / total.numel())
    ### END SOLUTION


@float16_in_float32
def var(x, dim=None, *, keepdim=False, correction=1):
    """Variance over the axes `dim`: Σ(x − mean)² / (n − correction).

    Correction 1 (Bessel's) estimates a population's variance from a sample, 0 gives that of exactly these numbers.

    TODO: the sum of squared differences from the mean, divided by n − correction.

    HINT: The mean must still broadcast against `x`: keepdim=True there.
    """
    ### BEGIN SOLUTION
    difference = x - mean(x, dim, keepdim=True)
    total = sum(difference * difference, dim=dim, keepdim=keepdim)
    return total / (x.numel() / total.numel() - correction)
    ### END SOLUTION


def pick(x, indices, dim, keepdim) -> Extremum:
    """Return `Extremum(values, indices)`: the entries of x at `indices` along `dim`, which has length 1 there.

    TODO: `gather` the values; unless keepdim, `squeeze` the axis out of both.
    """
    ### BEGIN SOLUTION
    values = gather(x, indices, dim=dim)
    if not keepdim:
        values, indices = squeeze(values, dim), squeeze(indices, dim)
    return Extremum(values, indices)
    ### END SOLUTION


@with_an_axis
def max(x, dim=None, keepdim=False):
    """Largest value of all, or `Extremum(values, indices)` along one `dim`; among equals the first."""
    return amax(x) if dim is None else pick(x, x.argmax(dim, keepdim=True), dim, keepdim)


@with_an_axis
def min(x, dim=None, keepdim=False):
    """Smallest value of all, or `Extremum(values, indices)` along one `dim`; among equals the first."""
    return amin(x) if dim is None else pick(x, x.argmin(dim, keepdim=True), dim, keepdim)


# %% nbgrader={"grade": true, "grade_id": "test-reductions", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Reductions")
def test_reductions(verify):
    x, cube = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]), np.arange(24.0).reshape(2, 3, 4)

    def part(name, function, x, dim, **settings):
        return getattr(function(x, dim, **settings), name)

    with verify("the mean of one axis, of several, of everything"):
        expect(Tensor([2.0, 6.0]), mean, x, dim=1)
        expect(Tensor(cube.mean(axis=(0, 2))), mean, Tensor(cube), dim=(0, 2))
        expect(Tensor(4.0), mean, x)
    with verify("keepdim keeps the axis, so that the result broadcasts"):
        expect(Tensor([[2.0], [6.0]]), mean, x, dim=1, keepdim=True)
        expect(Tensor([[1.0], [7.0]]), var, x, dim=-1, keepdim=True)
    with verify("var divides by n - 1 unless another correction is given"):
        expect(Tensor([1.0, 7.0]), var, x, dim=1)
        expect(Tensor([2 / 3, 14 / 3]), var, x, dim=1, correction=0)
        expect(Tensor(8.0), var, x)
        expect(Tensor(cube.var(axis=(0, 2), ddof=1)), var, Tensor(cube), dim=(0, 2))
    with verify("max and min along an axis also say where, the first among equals"):
        table = Tensor([[1.0, 2.0, 9.0, 9.0], [4.0, -5.0, -5.0, 6.0]])
        for function, values, indices in ((max, [9.0, 6.0], [2, 3]), (min, [1.0, -5.0], [0, 1])):
            for name, expected in (("values", Tensor(values)), ("indices", Tensor(np.array(indices)))):
                expect(expected, part, name, function, table, 1)
                expect(expected[:1], part, name, function, table[:1], 1)
                expect(expected.reshape(2, 1), part, name, function, table, -1, keepdim=True)
        expect(Tensor(9.0), max, table)
        expect(Tensor(-5.0), min, table)
    with verify("each can be traced back"):
        w = Tensor(x.data, requires_grad=True)
        for function, *inputs in ((mean, w), (var, w), (part, "values", max, w, 0)):
            expect_recorded(function, *inputs)


# %% [markdown]
# ## 8. Choosing, joining, padding
#
# `where` chooses between two tensors, `join` puts several one behind the other, `pad` puts a border around one.


# %% nbgrader={"grade": false, "grade_id": "joining", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@primitive
def where(condition, a, b):
    """Take from `a` where the condition holds, from `b` elsewhere; all three broadcast."""
    return np.where(condition, a, b)


@primitive
def join(*arrays, dim):
    """The arrays one behind the other along the axis `dim`."""
    return np.concatenate(arrays, axis=dim)


def concatenate(tensors, dim=0):
    """Join tensors along an axis they already have; all other sizes must agree."""
    return join(*as_list(tensors), dim=dim)


def stack(tensors, dim=0):
    """Join tensors of equal shape along a new axis `dim`: two of shape (3,) become one of shape (2, 3).

    TODO: give each tensor the new axis, then `concatenate` along it.
    """
    tensors = as_list_of_equal_shapes(tensors)
    ### BEGIN SOLUTION
    return concatenate([unsqueeze(tensor, dim) for tensor in tensors], dim)
    ### END SOLUTION


@primitive
@checked_by(check_pad)
def pad(x, *, pad, value=0.0):
    """Put `value` around the last axes.

    `pad` holds a pair (before, after) for the LAST axis, then one for the axis before it, and so on, as in torch:
    for N × C × H × W, `(left, right, top, bottom)`. Raises ValueError for an odd or negative or too long `pad`.

    TODO: turn torch's order into NumPy's `pad_width`, one pair for every axis, first axis first.

    HINT: The pairs of `pad`, reversed, belong to the last axes; the axes before them get (0, 0).
    """
    ### BEGIN SOLUTION
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    untouched = [(0, 0)] * (x.ndim - len(pairs))
    return np.pad(x, untouched + pairs[::-1], constant_values=value)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-joining", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Choosing, joining, padding")
def test_joining(verify):
    a, b, x = Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), np.arange(24.0).reshape(2, 3, 4)

    def stack_two(a, b, dim):
        return stack([a, b], dim)

    with verify("stack makes a new axis, where it was asked for"):
        for dim in (0, 1, -1):
            expect(Tensor(np.stack([a.data, b.data], dim)), stack_two, a, b, dim)
        expect_recorded(stack_two, Tensor(a.data, requires_grad=True), b, 0)
    with verify("pad counts from the last axis"):
        expect(Tensor([[1.0, 2.0], [7.0, 7.0]]), pad, a, pad=(0, 0, 0, 1), value=7.0)
        for sizes, width in (((1, 2, 3, 4, 5, 6), [(5, 6), (3, 4), (1, 2)]), ((0, 2), [(0, 0), (0, 0), (0, 2)])):
            expect(Tensor(np.pad(x, width)), pad, Tensor(x), pad=sizes)


# %% [markdown]
# ## What you have
#
# A tensor that computes, changes shape, and knows how it was made. After `y = (x * x).sum()` of an x that requires a
# gradient, `y.grad_fn.function.__name__` is "sum". Which function made `y.grad_fn.inputs[0]`?

# %%
report()
