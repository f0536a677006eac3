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
# # Module 05: Autograd
#
# *If this weight grows a little, how much does the loss change?* Trying it with each of 60,362 weights takes 60,362
# forward passes. Computed backwards, it takes **one** backward pass for all of them.
# ```
#   forward     x ──► linear ──► relu ──► cross_entropy ──► loss        values flow right
#   backward    ◄── rule ◄────── rule ◄── rule ◄─────────── 1           ∂loss/∂(that value) flows left
# ```
#
# Every tensor knows the function that made it and its inputs. What is missing is **one rule per function**: from the
# gradient of the loss with respect to its *output*, it computes that with respect to each *input* (in textbooks: a
# vector-Jacobian product, `vjp`). You write the rules, and the walk that applies them.

# %%
#| default_exp core.autograd

# %%
#| export
import contextlib

import numpy as np

from tinytorch.core import activations, tensor as T
from tinytorch.core.tensor import Tensor, recording
from tinytorch.support.autograd import (
    FreedNode, Rules, as_tensor_list, fitting, join_rule, may_repeat, one_per_input, same, starting_gradient,
    starting_gradients,
)  # fmt: skip
from tinytorch.support.dtypes import accurate_sum
from tinytorch.support.threads import batchwise

# %%
from tinytorch.core import layers, losses
from tinytorch.core.tensor import primitive
from tinytorch.testing import check_gradients, expect, expect_error, inline_test, report
from tinytorch.testing.rules import expect_gradients, expect_linear_gradients

# %% [markdown]
# ## 1. Undoing a broadcast
#
# When `b` of shape (3,) is added to `a` of shape (2, 3), each entry of `b` is used **twice**, and its influence on the
# loss is the *sum* of both. So: **what was copied forward is summed backward.**
# ```
#   b = [b0 b1 b2]   was used as   [b0 b1 b2]      gradient of the result   [1 2 3]
#                                  [b0 b1 b2]                               [4 5 6]
#                                                  gradient of b            [5 7 9]
# ```


# %% nbgrader={"grade": false, "grade_id": "unbroadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def unbroadcast(grad: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum `grad` down to `shape`, the shape of an input that was broadcast: (2, 3) → (2, 1), (3,) or ().

    TODO: sum over every axis along which the input was repeated.

    HINT: Axes that the input did not have stand at the left: sum over the first `grad.ndim - len(shape)` axes. Then sum
    over the axes of length 1, with keepdims=True. `axis=` may be a tuple. Where nothing was broadcast, return `grad`.
    `accurate_sum(grad, axis, keepdims)` (given) is `grad.sum` without the rounding error of a million float32 rows.
    """
    ### BEGIN SOLUTION
    if grad.shape == shape:
        return grad
    grad = accurate_sum(grad, tuple(range(grad.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return accurate_sum(grad, stretched, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-unbroadcast", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Undoing a broadcast")
def test_unbroadcast(verify):
    grad = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with verify("an axis the input did not have is summed away; one of length 1 is summed and stays"):
        expect(grad, unbroadcast, grad, (2, 3))
        expect(np.array([5.0, 7.0, 9.0]), unbroadcast, grad, (3,))
        expect(np.array([[6.0], [15.0]]), unbroadcast, grad, (2, 1))
    with verify("both at once, and down to a single number"):
        for shape, number in (((1, 3), 8.0), ((2, 1), 12.0), ((3,), 8.0)):
            expect(np.full(shape, number), unbroadcast, np.ones((4, 2, 3)), shape)
        expect(21.0, unbroadcast, grad, ())


# %% [markdown]
# ## 2. One rule per function
#
# A rule is called as `rule(grad, out, *inputs, **settings)`: the gradient of the output, the output, and all that the
# function received, as arrays. It returns one gradient per input, a tuple if there are several inputs. Often a gradient
# is not wanted: the images in the first layer require none. So a rule may return a *function* in the place of a
# gradient, `lambda: grad @ w`, which is called only where it is wanted; and None where there is no derivative.


# %%
#| export
rules = Rules()  # a dict: function -> rule; asked for a function that has none, it names the function


def vjp(function):
    """Return the decorator that enters the rule of `function`, a primitive, into the table."""

    def register(rule):
        rules[function] = rule
        return rule

    return register


@vjp(T.add)
def _(grad, out, a, b):  # y = a + b: if a grows by 1, y grows by 1
    return lambda: unbroadcast(grad, a.shape), lambda: unbroadcast(grad, b.shape)


# `vjp(f)(rule)` does the same as the decorator. These rules are given:
vjp(T.sub)(lambda grad, out, a, b: (lambda: unbroadcast(grad, a.shape), lambda: unbroadcast(-grad, b.shape)))
vjp(T.neg)(lambda grad, out, x: -grad)
vjp(T.reshape)(lambda grad, out, x, *, shape: grad.reshape(x.shape))
vjp(T.join)(join_rule)  # splits the gradient where the arrays were joined
vjp(activations.softplus)(lambda grad, out, x: grad * activations.sigmoid.__wrapped__(x))
vjp(activations.normal_cdf)(lambda grad, out, x: grad * np.exp(-0.5 * x * x) / (2 * np.pi) ** 0.5)


# %% nbgrader={"grade": false, "grade_id": "arithmetic-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(T.mul)
def _(grad, out, a, b):
    """Return the gradients of a and b for y = a · b. Both may have been broadcast, here and in the next two rules.

    TODO: these eight rules.

    HINT: If `a` grows by 1, y grows by b. `unbroadcast` both gradients.
    """
    ### BEGIN SOLUTION
    return (
        lambda: unbroadcast(grad * b, a.shape),
        lambda: unbroadcast(grad * a, b.shape),
    )
    ### END SOLUTION


@vjp(T.div)
def _(grad, out, a, b):
    """Return the gradients of a and b for y = a / b. ∂y/∂b = −a/b², which is −y/b: `out` is y."""
    ### BEGIN SOLUTION
    return (
        lambda: unbroadcast(grad / b, a.shape),
        lambda: unbroadcast(-grad * out / b, b.shape),
    )
    ### END SOLUTION


@vjp(T.pow)
def _(grad, out, a, b):
    """Return the gradients for y = a ** b: b·a^(b−1), which is 0 where b is 0, and y·log(a), 0 where a is 0.

    HINT: 0 · ∞ is NaN. With `np.where`, take 1 for `a` before the power where b is 0, and before the log where a is 0.
    """
    ### BEGIN SOLUTION
    base = np.where(b == 0, 1, a)
    return (
        lambda: unbroadcast(grad * b * base ** (b - 1), a.shape),
        lambda: unbroadcast(grad * out * np.log(np.where(a == 0, 1, a)), b.shape),
    )
    ### END SOLUTION


@vjp(T.exp)
def _(grad, out, x):
    """Return the gradient of x for y = eˣ."""
    ### BEGIN SOLUTION
    return grad * out
    ### END SOLUTION


@vjp(T.log)
def _(grad, out, x):
    """Return the gradient of x for y = log x."""
    ### BEGIN SOLUTION
    return grad / x
    ### END SOLUTION


@vjp(T.sqrt)
def _(grad, out, x):
    """Return the gradient of x for y = √x, whose derivative is 1 / (2√x)."""
    ### BEGIN SOLUTION
    return grad / (2 * out)
    ### END SOLUTION


@vjp(T.abs)
def _(grad, out, x):
    """Return the gradient of x for y = |x|; at 0 it is 0."""
    ### BEGIN SOLUTION
    return grad * np.sign(np.nan_to_num(x))  # NaN has no sign: 0, as in torch
    ### END SOLUTION


@vjp(T.clip)
def _(grad, out, x, *, min=None, max=None):
    """Return the gradient of x for y = x limited to [min, max], which may be None: `grad` where y is x, 0 elsewhere."""
    ### BEGIN SOLUTION
    return np.where(out == x, grad, 0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-arithmetic-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The rules of arithmetic")
def test_arithmetic_rules(verify):
    a, b, grad = [2.0, 3.0], [4.0, 5.0], [1.0, 10.0]
    with verify("mul: the gradient of each factor is the other factor"):
        expect_gradients([[4.0, 50.0], [2.0, 30.0]], rules, T.mul, grad, a, b)
    with verify("div: 1/b for the numerator, -a/b² for the denominator"):
        expect_gradients([[0.25, 2.0], [-0.125, -1.2]], rules, T.div, grad, a, b)
    with verify("pow: both the base and the exponent; 0 ** 2, 0 ** 0 and 3 ** 1 have finite gradients"):
        log2, log3 = np.log([2.0, 3.0])
        expect_gradients([[32.0, 4050.0], [16 * log2, 2430 * log3]], rules, T.pow, grad, a, b)
        expect_gradients([[0, 0, 1], [0, 0, 3 * log3]], rules, T.pow, np.ones(3), [0.0, 0.0, 3.0], [2.0, 0.0, 1.0])
    with verify("each of them undoes the broadcasts of both inputs"):
        ones, column, to_b = np.ones((2, 2)), [[2.0], [3.0]], [16 * log2 + 81 * log3, 32 * log2 + 243 * log3]
        expect_gradients([[[9.0], [9.0]], [5.0, 5.0]], rules, T.mul, ones, column, b)
        expect_gradients([[[0.45], [0.45]], [-5 / 16, -5 / 25]], rules, T.div, ones, column, b)
        expect_gradients([[[112.0], [513.0]], to_b], rules, T.pow, ones, column, b)
    with verify("exp, log, sqrt and abs"):
        x = np.array([0.25, 4.0])
        for function, slope in ((T.exp, np.exp(x)), (T.log, 1 / x), (T.sqrt, 0.5 * x**-0.5)):
            expect_gradients([grad * slope], rules, function, grad, x)
        expect_gradients([[-1.0, 0.0, 3.0]], rules, T.abs, [1.0, 2.0, 3.0], [-2.0, 0.0, 0.5])
    with verify("clip: nothing passes where a limit was exceeded, everything on a limit; None is no limit"):
        for low, first in ((-1.0, 0.0), (None, 1.0)):
            expect_gradients([[first, 2, 3, 0]], rules, T.clip, [1.0, 2, 3, 4], [-2.0, -1, 0.5, 3], min=low, max=0.5)


# %% [markdown]
# ## 3. Sums and products of matrices
#
# **A sum** gives each of its terms the gradient of the sum: what was summed forward is copied backward. A lost axis
# must come back with length 1, *where it was*, because broadcasting lines up at the right.
#
# **A matrix product** `C = A @ B` follows from the shapes: there is only one way to multiply them to n×k and to k×m.
# (The rule meets matrices and stacks of them: `matmul` made matrices of vectors.)
#
# ```
#   dA (n×k) = grad (n×m) @ Bᵀ (m×k)          dB (k×m) = Aᵀ (k×n) @ grad (n×m)
# ```


# %% nbgrader={"grade": false, "grade_id": "sum-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(T.sum)
def _(grad, out, x, *, dim=None, keepdim=False):
    """Return the gradient of x: each term gets the gradient of its sum. `dim` is an axis, a tuple, or None for all.

    TODO: these three rules. With `keepdim` the lost axes are there; a single number broadcasts to every shape.

    HINT: `np.expand_dims(grad, dim)` inserts axes. `np.broadcast_to` repeats numbers without a copy.
    """
    ### BEGIN SOLUTION
    if dim is not None and not keepdim:
        grad = np.expand_dims(grad, dim)
    return np.broadcast_to(grad, x.shape)
    ### END SOLUTION


@vjp(T.amax)
@vjp(T.amin)
def _(grad, out, x, *, dim=None, keepdim=False):
    """Return the gradient of x: the largest (smallest) entry gets that of the output, equal ones share it evenly.

    HINT: `out` and `grad` must be repeated to the shape of x. The rule above does that: `rules[T.sum](out, ...)`.
    """
    ### BEGIN SOLUTION
    largest = rules[T.sum](out, out, x, dim=dim, keepdim=keepdim)
    repeated = rules[T.sum](grad, out, x, dim=dim, keepdim=keepdim)
    is_largest = same(x, largest)  # x == largest, and NaN is the same as NaN
    return repeated * is_largest / is_largest.sum(axis=dim, keepdims=True)
    ### END SOLUTION


@vjp(T.matrix_product)
def _(grad, out, a, b):
    """Return the gradients of a and b; leading axes may be broadcast. `a.swapaxes(-1, -2)` transposes matrices."""
    ### BEGIN SOLUTION
    return (
        lambda: unbroadcast(grad @ b.swapaxes(-1, -2), a.shape),
        lambda: unbroadcast(a.swapaxes(-1, -2) @ grad, b.shape),
    )
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-sum-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sums and matrix products")
def test_sum_rules(verify):
    x, rows = [[1.0, 6.0], [5.0, 5.0]], [1.0, 10.0]
    flat, cube, other = (np.random.default_rng(5).normal(size=shape) for shape in ((2, 3), (4, 2, 3), (4, 3, 2)))
    with verify("sum: every term gets the gradient of its sum"):
        expect_gradients([[[1.0, 1.0], [10.0, 10.0]]], rules, T.sum, rows, x, dim=1)
        for dim, keepdim in ((None, False), (None, True), (0, False), (-1, True), ((0, 2), False), ((0, 2), True)):
            expect_linear_gradients(rules, T.sum, cube, dim=dim, keepdim=keepdim)
    with verify("amax: the gradient goes to the largest entry, and equal ones share it"):
        expect_gradients([[[0.0, 1.0], [5.0, 5.0]]], rules, T.amax, rows, x, dim=1)
        expect_gradients([[[0.0, 10.0], [1.0, 0.0]]], rules, T.amax, [rows], x, dim=0, keepdim=True)
        expect_gradients([[[0.0, 3.0], [0.0, 0.0]]], rules, T.amax, np.array(3.0), x)
    with verify("matrix_product: grad @ Bᵀ for A, Aᵀ @ grad for B; a matrix that met a batch gets the sum over it"):
        to_a, to_b = [[41.0, 52.0]], [[1.0, 10.0], [2.0, 20.0]]
        expect_gradients([to_a, to_b], rules, T.matrix_product, [rows], [[1.0, 2.0]], [[1.0, 4.0], [2.0, 5.0]])
        for a, b in ((cube, other), (cube, flat.T), (flat, other)):
            expect_linear_gradients(rules, T.matrix_product, a, b)


# %% [markdown]
# ## 4. Functions that move numbers
#
# `reshape`, `permute`, `pad`, `join`, `where` and indexing only move numbers. Each rule **moves the gradient back** to
# where the numbers came from. What was left out gets 0; what was read twice, as by `x[[0, 0]]`, gets both gradients.


# %% nbgrader={"grade": false, "grade_id": "moving-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(T.permute)
def _(grad, out, x, *, dims):
    """Return the gradient of x, whose axis dims[i] became axis i; dims may be negative.

    TODO: these five rules.

    HINT: `np.argsort` of the positive dims is the order that leads back.
    """
    ### BEGIN SOLUTION
    positive = [d % x.ndim for d in dims]
    return np.transpose(grad, np.argsort(positive))
    ### END SOLUTION


@vjp(T.pad)
def _(grad, out, x, *, pad, value=0.0):
    """Return the gradient of x: `grad` without the border. `pad` is (before, after) of the LAST axis, and so on.

    HINT: Where on each axis does x begin? A tuple with a slice for each axis cuts it out.
    """
    ### BEGIN SOLUTION
    before = [0] * (x.ndim - len(pad) // 2) + list(pad[-2::-2])
    inside = tuple(slice(start, start + n) for start, n in zip(before, x.shape))
    return grad[inside]
    ### END SOLUTION


@vjp(T.where)
def _(grad, out, condition, a, b):
    """Return None for the condition, and the gradients of a and b: 0 where the other was taken. All may be broadcast."""
    ### BEGIN SOLUTION
    return (
        None,
        lambda: unbroadcast(np.where(condition, grad, 0), a.shape),
        lambda: unbroadcast(np.where(condition, 0, grad), b.shape),
    )
    ### END SOLUTION


@vjp(T.getitem)
def _(grad, out, x, *, index):
    """Return the gradient of x for y = x[index]: 0 where nothing was read, both gradients where it was read twice.

    HINT: `zeros[[0, 0]] += [1, 2]` adds only the 2, `np.add.at(zeros, index, grad)` both, but slowly. For slices and
    the like `may_repeat(index)` (given) is False, and an assignment is enough.
    """
    ### BEGIN SOLUTION
    moved = np.zeros(x.shape, grad.dtype)
    if may_repeat(index):
        np.add.at(moved, index, grad)
    else:
        moved[index] = grad
    return moved
    ### END SOLUTION


@vjp(T.gather)
def _(grad, out, x, index, *, dim):
    """Return the gradient of x, and None for the index. With two axes and dim 1, y[i, j] was x[i, index[i, j]].

    HINT: `list(np.indices(index.shape, sparse=True))` is [i, j]. With `index` in the place of `dim`, y was x[i, j].
    """
    ### BEGIN SOLUTION
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    return rules[T.getitem](grad, out, x, index=tuple(places)), None
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-moving-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Functions that move numbers")
def test_moving_rules(verify):
    x, cube, condition = np.zeros((3, 2)), np.zeros((2, 3, 4)), np.array([[True, False]])
    with verify("permute: each gradient goes back to its number"):
        for dims in ((2, 0, 1), (-1, 1, 0)):
            expect_linear_gradients(rules, T.permute, cube, dims=dims)
    with verify("pad: the border is dropped, of the last axis first"):
        for pad in ((1, 2), (0, 1, 2, 0), (1, 0, 0, 2, 3, 1)):
            expect_linear_gradients(rules, T.pad, cube, pad=pad, value=7.0)
    with verify("where: each side gets what was taken from it, and broadcasts are undone"):
        for a, b in ((x, x[0]), (x[:1], x)):
            expect_linear_gradients(rules, T.where, condition, a, b)
    with verify("getitem, gather: the gradient goes back to the places that were read; one read twice gets both"):
        once = ((slice(None, None, 2), 1), (None, ..., slice(0, 1)), (np.array([True, False, True]),))
        for index in (*once, (np.array([1, 1, 0]),), ([1, 1],), (slice(None), (0, 0))):
            expect_linear_gradients(rules, T.getitem, x, index=index)
        for index, dim in (([[0, 0], [2, 0], [1, 1]], 1), ([[1, 0, 2, 0], [1, 1, 2, 0]], -2)):
            expect_linear_gradients(rules, T.gather, cube[0], np.array(index), dim=dim)


# %% [markdown]
# ## 5. The walk back
#
# A tensor that was used **twice** has two gradients, which add up. Its own rule must wait until *both* have arrived:
#
# ```
#          ┌─► exp ─┐              correct:  mul, exp, then x         (x's gradient is complete)
#      x ──┤        ├─► mul        wrong:    mul, x, exp, x again     (a long chain of these costs 2ⁿ visits)
#          └────────┘
# ```
#
# So we first put the tensors in order, each after everything it was made from, and then take each once, from the end. A
# network may be 10,000 functions deep and Python allows about 1,000 nested calls: so no recursion, a list is the stack.


# %% nbgrader={"grade": false, "grade_id": "topological-order", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def topological_order(roots) -> list[Tensor]:
    """Return every tensor that `roots` were computed from and that requires a gradient: once, after all its inputs.

    TODO: go through the graph without recursion.
    1. Keep a stack of pairs (tensor, ready). Start with every root, not ready.
    2. Pop one. If it is ready, all its inputs are in the order: append it.
    3. Otherwise, unless its `id` was seen before: push it again as ready, then push its inputs as not ready.

    HINT: `tensor.grad_fn.inputs` may hold None and tensors that require no gradient: skip both. A leaf has no grad_fn.
    """
    ### BEGIN SOLUTION
    order, seen = [], set()
    stack = [(root, False) for root in roots]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            inputs = [] if tensor.is_leaf else tensor.grad_fn.inputs
            for t in inputs:
                if t is not None and t.requires_grad:
                    stack.append((t, False))
    return order
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-topological-order", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The order of the walk")
def test_topological_order(verify):
    x, optional = Tensor([1.0, 2.0], requires_grad=True), primitive(lambda x, other=None: x * 2)

    def places(x):
        u = T.exp(x)
        v = -u
        made = [id(x), id(u), id(v), id(z := v + x)]
        return np.array([made.index(id(t)) for t in topological_order([u, z])])

    def count(x, times, step):
        y = x
        for _ in range(times):
            y = step(y)
        return len(topological_order([y]))

    with verify("inputs stand before results: x, u = exp(x), v = -u, z = v + x"):
        expect([0, 1, 2, 3], places, x)
    with verify("a tensor that is used many times stands there once; a constant and None are left out"):
        for doublings in (3, 30):
            expect(doublings + 1, count, x, doublings, lambda y: y + y)
        expect(3, count, x, 1, lambda y: optional(y * Tensor([3.0, 4.0]), None))
    with verify("10,000 functions deep is not too deep"):
        for functions in (1_050, 10_000):
            expect(functions + 1, count, x, functions, lambda y: -y)


# %% nbgrader={"grade": false, "grade_id": "walk", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def input_gradients(tensor, grad) -> list:
    """Return pairs (input, its gradient) for the inputs of `tensor`'s function that require one; `grad` is `tensor`'s.

    TODO: call the rule, and keep what is wanted.
    1. `rules[function]` takes `grad`, `tensor.data`, the `.data` of each input (None stays None), and the settings.
    2. `one_per_input(found, tensor)` (given) makes a tuple of what the rule returned, one entry for each input.
    3. Skip the inputs that are None or require no gradient. An entry may be a function (`callable`): call it.
    4. `fitting(gradient, tensor, position)` (given) is the gradient in the dtype of the input at that position.
    """
    ### BEGIN SOLUTION
    function, inputs, settings = tensor.grad_fn
    arrays = [None if t is None else t.data for t in inputs]
    found = rules[function](grad, tensor.data, *arrays, **settings)
    pairs = []
    for position, (t, entry) in enumerate(zip(inputs, one_per_input(found, tensor))):
        if t is not None and t.requires_grad:
            if callable(entry):
                entry = entry()
            pairs.append((t, fitting(entry, tensor, position)))
    return pairs
    ### END SOLUTION


def walk(roots, seeds, retain_graph=False):
    """Go back from `roots`, whose gradients are `seeds`, and yield (tensor, complete gradient) for each tensor once.

    Results come before inputs. Unless `retain_graph`, a `FreedNode` replaces each `grad_fn` after its use.

    TODO: order the tensors, and take them from the end.
    1. `pending` maps id(tensor) to the gradient so far. Put the seeds in; two equal roots add up.
    2. Pop a tensor from the end of the order. Take its gradient out of `pending`, and yield the pair.
    3. If it is no leaf, add its `input_gradients` to `pending`.
    4. Then, unless retain_graph, replace its grad_fn by `FreedNode(function)`, with the same function.

    HINT: Add with `a + b`, never `a += b`: a rule may have returned the same array twice.
    """
    ### BEGIN SOLUTION
    order, pending = topological_order(roots), {}
    arriving = zip(roots, seeds)
    while order:
        for t, g in arriving:
            if id(t) in pending:
                g = pending[id(t)] + g
            pending[id(t)] = g
        tensor = order.pop()
        grad = pending.pop(id(tensor))
        yield tensor, grad
        arriving = []
        if not tensor.is_leaf:
            arriving = input_gradients(tensor, grad)
            if not retain_graph:
                tensor.grad_fn = FreedNode(tensor.grad_fn.function)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-walk", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The walk back")
def test_walk(verify):
    def through(x, formula, *seeds):
        y = formula(x)
        return {id(t): g for t, g in walk([y] * len(seeds), seeds)}[id(x)]

    def wanted(a, b):
        ((t, g),) = input_gradients(product(a, b, None, by=2.0), np.array([1.0, 10.0]))
        assert t is b, "of the inputs a, b, None only b requires a gradient"
        return g

    def product_rule(grad, out, a, b, c, *, by):
        assert type(a) is np.ndarray, f"a rule gets arrays, and {type(a).__name__} came"
        return lambda: 1 / 0, lambda: grad * a * by, None

    def freed(x, retain_graph):
        y = x * x
        list(walk([y], [np.ones(2)], retain_graph))
        return isinstance(y.grad_fn, FreedNode)

    x, seed = Tensor(np.array([1.0, 2.0]), requires_grad=True), np.ones(2)
    product = primitive(lambda a, b, c=None, *, by: a * b * by)
    vjp(product)(product_rule)
    with verify("the rule gets arrays, and only the gradients that are wanted are computed, in the input's dtype"):
        expect(np.array([6.0, 80.0], np.float32), wanted, Tensor([3.0, 4.0]), Tensor([1.0, 2.0], requires_grad=True))
    with verify("through a chain of functions, and with settings"):
        expect(3 * np.exp([3.0, 6.0]), through, x, lambda x: (x * 3.0).exp(), seed)
        expect(np.array([1.0, 0.0]), through, x, lambda x: x.clip(max=1.5), seed)
    with verify("a tensor used twice gets both gradients, and no array is written into"):
        expect(np.array([2.0, 4.0]), through, x, lambda x: x * x, seed)
        expect(2 + np.exp([1.0, 2.0]), through, x, lambda x: (x + x.exp()) + x, seed)
    with verify("the walk starts from the seeds; two for one root add up"):
        expect(np.array([33.0, 66.0]), through, x, lambda x: x * 3.0, np.array([1.0, 2.0]), np.array([10.0, 20.0]))
    with verify("what was used is freed, unless retain_graph"):
        for retain_graph in (True, False):
            expect(not retain_graph, freed, x, retain_graph)


# %% [markdown]
# ## 6. `backward`, `grad`, `no_grad`
#
# `backward` puts the gradients where the optimizer finds them: in `.grad` of the leaves. It **adds** to what is there,
# so that gradients of several batches can be collected: that is why a training step begins with `zero_grad`.
# `no_grad()` is a context manager: what stands before `yield` runs first, what is in `finally` runs in the end.


# %% nbgrader={"grade": false, "grade_id": "backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def backward(tensor: Tensor, gradient=None, retain_graph: bool = False) -> None:
    """Add ∂tensor/∂leaf to the `grad` of every leaf with `requires_grad` that `tensor` was computed from.

    `gradient`, of the tensor's shape, is what to start from; a single number starts from 1. Raises RuntimeError for a
    tensor that requires no gradient, and for a graph that an earlier backward has freed.

    TODO: for each leaf on the walk, set `grad` to a new tensor: of the gradient, or of its sum with what is there.

    HINT: `starting_gradient(tensor, gradient)` (given) is the array to start from. Leaves must not share arrays: copy.
    """
    ### BEGIN SOLUTION
    seed = starting_gradient(tensor, gradient)
    for t, g in walk([tensor], [seed], retain_graph):
        if t.is_leaf and t.grad is None:
            t.grad = Tensor(g.copy())
        elif t.is_leaf:
            t.grad = Tensor(t.grad.data + g)
    ### END SOLUTION


Tensor.backward_pass = staticmethod(backward)  # module 01 left this place open: `loss.backward()` calls it


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool = False) -> tuple[Tensor, ...]:
    """Return the gradients of `outputs` with respect to `inputs`, as a tuple of tensors; no `.grad` is touched.

    Each of the three may be one tensor or a list; inputs need not be leaves. Raises RuntimeError with "input 1" in its
    message where the outputs do not depend on the input at position 1.

    TODO: keep what the walk yields for the inputs; return it in their order, in tensors of their own. Given are
    `as_tensor_list`, which makes a list of one tensor or several, and `starting_gradients(outputs, grad_outputs)`.
    """
    ### BEGIN SOLUTION
    outputs, inputs = as_tensor_list(outputs), as_tensor_list(inputs)
    seeds = starting_gradients(outputs, grad_outputs)
    wanted = {id(t) for t in inputs}
    found = {id(t): g for t, g in walk(outputs, seeds, retain_graph) if id(t) in wanted}
    for position, t in enumerate(inputs):
        if id(t) not in found:
            raise RuntimeError(f"grad: the outputs do not depend on input {position}, or it has no requires_grad")
    return tuple(Tensor(found[id(t)].copy()) for t in inputs)
    ### END SOLUTION


@contextlib.contextmanager
def no_grad():
    """Record nothing within this block, or in a function decorated with `@no_grad()`.

    TODO: set `recording.enabled`, and afterwards, also after an error, set it to what it was before.
    """
    ### BEGIN SOLUTION
    before = recording.enabled
    recording.enabled = False
    try:
        yield
    finally:
        recording.enabled = before
    ### END SOLUTION


def is_grad_enabled() -> bool:
    """Return whether functions are recorded at present in this thread."""
    ### BEGIN SOLUTION
    return recording.enabled
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("backward, grad, no_grad")
def test_backward(verify):
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)

    def leaf(a, b, which, gradient=None):
        c = a * b
        backward(c.sum() if gradient is None else c, gradient)
        assert c.grad is None, "c = a * b is no leaf, and its grad should stay None"
        return (a, b)[which].grad

    def twice(a, b, retain_graph=True):
        loss = (a * b).sum()
        backward(loss, retain_graph=retain_graph)
        first = a.grad
        backward(loss)
        assert first.data[0] == b.data[0], "the first gradient was changed by the second backward"
        return a.grad

    def changed_in_place(a, b):
        c, ones = a + b, Tensor([1.0, 1.0])
        to_a, to_b = grad(c, [a, b], ones, retain_graph=True)
        backward(c, ones)
        a.grad.data *= 100
        to_a.data *= 100
        return b.grad + to_b

    def in_the_middle(a, b, which):
        c = a * b
        found = grad([c * c, c], [a, c], [Tensor([1.0, 1.0]), Tensor([0.0, 10.0])])
        assert a.grad is None, "grad() should not touch a.grad"
        return found[which]

    def enabled():
        with contextlib.suppress(ZeroDivisionError), no_grad():
            with no_grad():
                pass
            inside = is_grad_enabled()
            raise ZeroDivisionError
        after, recording.enabled = is_grad_enabled(), True
        return np.array([inside, after])

    with verify("the gradient of a product is in .grad of both leaves, and only there"):
        expect(Tensor([3.0, 4.0]), leaf, a, b, 0)
        expect(Tensor([1.0, 2.0]), leaf, a, b, 1)
        expect(Tensor([3.0, 40.0]), leaf, a, b, 0, Tensor([1.0, 10.0]))
    with verify("each .grad is an array of its own; a second backward adds to it, and needs retain_graph"):
        expect(Tensor([6.0, 8.0]), twice, a, b)
        expect_error(RuntimeError, "freed", twice, a, b, retain_graph=False)
        expect(Tensor([2.0, 2.0]), changed_in_place, a, b)
    with verify("grad returns gradients, also of tensors in the middle, and starts from several outputs"):
        for which, expected in enumerate(([18.0, 104.0], [6.0, 26.0])):
            expect(Tensor(expected), in_the_middle, a, b, which)
        expect_error(RuntimeError, "input 1", lambda a, b: grad(a.sum(), [a, b]), a, b)
    with verify("nothing is recorded inside no_grad; after it, also after an error, it is as before"):
        expect([False, True], enabled)


# %% [markdown]
# ## 7. The activations, and what needs no rule
#
# Five functions of module 02 need a rule. The derivatives of `tanh` and the sigmoid can be written with their *output*,
# 1 − y² and y(1 − y): that is why a rule receives it.
#
# **What is composed needs no rule.** The walk goes through `softmax`, `linear` and all losses, because each is an
# expression of functions that have rules. The gradient of cross entropy comes out by itself, *probabilities minus
# targets*: probabilities [0.7, 0.2, 0.1] and label 1 give [0.7, −0.8, 0.1].
#
# **A gradient can be checked** without its formula: `check_gradients` moves the inputs a little in a random direction
# v, and measures how far the output moves along a random u. This must be ⟨v, gradient⟩ of a walk that starts from u.


# %% nbgrader={"grade": false, "grade_id": "network-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(activations.relu)
@batchwise  # shares large arrays among the cores
def _(grad, out, x):
    """Return the gradient of x for y = max(x, 0); at 0 it is 0, as in torch.

    TODO: these three rules.

    HINT: The gradient passes where the value did, and `out` tells where that was.
    """
    ### BEGIN SOLUTION
    return grad * ~(out <= 0)  # so that it passes where the value is NaN, as in torch
    ### END SOLUTION


@vjp(activations.tanh)
def _(grad, out, x):
    """Return the gradient of x for y = tanh x."""
    ### BEGIN SOLUTION
    return grad * (1 - out * out)
    ### END SOLUTION


@vjp(activations.sigmoid)
def _(grad, out, x):
    """Return the gradient of x for y = σ(x)."""
    ### BEGIN SOLUTION
    return grad * out * (1 - out)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-network-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The activations, and what needs no rule")
def test_network_rules(verify):
    x, grad = np.array([-1.0, 0.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, -5.0])
    values, labels = Tensor(np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4]])), np.array([2, 0])
    w, b, v = (np.random.default_rng(5).normal(size=shape) for shape in ((4, 3), (4,), (3,)))

    def of_logits(logits, labels):
        backward(losses.cross_entropy(logits, labels, reduction="sum"))
        return logits.grad

    with verify("relu passes the gradient where it passed the value, and not at 0; tanh and sigmoid use their output"):
        expect_gradients([[0.0, 0.0, 1.0, -5.0]], rules, activations.relu, grad, x)
        expect_gradients([grad * (1 - np.tanh(x) ** 2)], rules, activations.tanh, grad, x)
        expect_gradients([grad * np.exp(-x) / (1 + np.exp(-x)) ** 2], rules, activations.sigmoid, grad, x)
    with verify("cross entropy: probabilities minus targets, without a rule of its own"):
        logits = Tensor(np.log([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]]), requires_grad=True)
        expect(Tensor(np.array([[0.7, -0.8, 0.1], [-0.75, 0.25, 0.5]])), of_logits, logits, np.array([1, 0]))
    with verify("functions of modules 01 to 04 agree with finite differences"):
        for function in (activations.softmax, activations.gelu, T.var):
            check_gradients(function, values)
        check_gradients(T.matmul, w, v)
        check_gradients(layers.linear, values, w, b)
        for settings in ({}, {"label_smoothing": 0.2}, {"ignore_index": 0}):
            check_gradients(losses.cross_entropy, values, labels, **settings)


# %%
report()
