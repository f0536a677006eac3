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
# Training asks one question, again and again: *if I turned this weight up a little, how much would the loss change?*
# Asked of each of 60,362 weights by trying, that would be 60,362 forward passes. Asked backwards, it is **one**.
#
# ```
#   forward     x ──► linear ──► relu ──► cross_entropy ──► loss        values flow right
#   backward    ◄── rule ◄────── rule ◄── rule ◄─────────── 1           ∂loss/∂(that value) flows left
# ```
#
# Every tensor already knows the function that made it and its inputs (module 01). What is missing is, for each
# function, **one rule**: given the gradient of the loss with respect to its *output*, what is the gradient with respect
# to each *input*? Such a rule is called a vector-Jacobian product, `vjp`. This module writes the rules, and the walk
# that applies them.

# %%
#| default_exp core.autograd

# %%
#| export
from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from tinytorch.core import activations, layers, losses
from tinytorch.core import tensor as T
from tinytorch.core.tensor import Node, Tensor, elementwise, product, recording

# %%
from tinytorch.core.layers import Linear
from tinytorch.core.tensor import primitive, primitives
from tinytorch.testing import Case, assert_close, check_gradients, inline_test, report

# %% [markdown]
# ## 1. Undoing a broadcast
#
# When `b` of shape (3,) is added to `a` of shape (2, 3), each entry of `b` is used **twice**. Its influence on the loss
# is the *sum* of both uses. That is the whole theory: **what was copied forward is summed backward.**
#
# ```
#   b = [b0 b1 b2]   was used as   [b0 b1 b2]      gradient of the result   [1 2 3]
#                                  [b0 b1 b2]                               [4 5 6]
#                                                  gradient of b            [5 7 9]
# ```


# %% nbgrader={"grade": false, "grade_id": "unbroadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def unbroadcast(grad: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum `grad` down to `shape`: the gradient of an input of that shape that was broadcast.

    TODO: sum over every axis along which the input was repeated.

    APPROACH:
    1. Axes that the input did not have stand at the left: sum over the first `grad.ndim - len(shape)` axes.
    2. Axes that had length 1 were stretched: sum over them and keep them (keepdims=True).

    EXAMPLE:
        >>> unbroadcast(np.array([[1.0, 2.0], [3.0, 4.0]]), (2, 1))
        array([[3.],
               [7.]])

    HINT: `np.sum(axis=...)` takes a tuple of axes. Where nothing was broadcast, return `grad` itself.
    """
    ### BEGIN SOLUTION
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return grad.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-unbroadcast", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Undoing a broadcast")
def test_unbroadcast(verify):
    grad = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def same(case, expected):
        assert_close(case(), expected, case=case)

    with verify("where nothing was broadcast the gradient passes through"):
        same(Case(unbroadcast, grad, (2, 3)), grad)
    with verify("an axis the input did not have is summed away"):
        same(Case(unbroadcast, grad, (3,)), np.array([5.0, 7.0, 9.0]))
    with verify("an axis of length 1 is summed and stays"):
        same(Case(unbroadcast, grad, (2, 1)), np.array([[6.0], [15.0]]))
    with verify("both at once, and down to a single number"):
        same(Case(unbroadcast, np.ones((4, 2, 3)), (1, 3)), np.full((1, 3), 8.0))
        same(Case(unbroadcast, grad, ()), 21.0)


# %% [markdown]
# ## 2. One rule per function
#
# A rule receives the gradient of the output, the output, and everything the function received. It returns one gradient
# per input. Arrays only: no tensors, no graph. `@vjp(f)` puts it into a table.
#
# ```python
# @vjp(T.mul)                               # y = a · b          ∂y/∂a = b,  ∂y/∂b = a
# def _(grad, out, a, b):
#     return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)
# ```
#
# Often one of the gradients is not wanted: the first layer's images have no `requires_grad`. So a rule may return a
# *function* in place of a gradient: `lambda: grad @ w`. It is called only if somebody wants the result. And where there
# is no derivative, as for class labels, it returns `None`.

# %%
#| export
rules: dict = {}


def vjp(function):
    """Register the gradient rule of a primitive.

    The rule is called as `rule(grad, out, *inputs, **settings)` with NumPy arrays: `grad` and `out` of the output's
    shape. It returns one entry per input (a tuple if there are several): an array of the input's shape, a function
    without arguments that computes it if wanted, or None where no derivative exists.
    """

    def register(rule):
        rules[function] = rule
        return rule

    return register


@vjp(T.add)
def _(grad, out, a, b):
    return lambda: unbroadcast(grad, a.shape), lambda: unbroadcast(grad, b.shape)


@vjp(T.sub)
def _(grad, out, a, b):
    return lambda: unbroadcast(grad, a.shape), lambda: unbroadcast(-grad, b.shape)


@vjp(T.neg)
def _(grad, out, x):
    return -grad


@vjp(T.exp)
def _(grad, out, x):
    return grad * out


@vjp(T.log)
def _(grad, out, x):
    return grad / x


@vjp(T.sqrt)
def _(grad, out, x):
    return grad / (2 * out)


@vjp(T.abs)
def _(grad, out, x):
    return grad * np.sign(x)


# %% nbgrader={"grade": false, "grade_id": "arithmetic-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(T.mul)
def _(grad, out, a, b):
    """y = a · b.

    TODO: return the gradients of a and b, each unbroadcast to its shape.

    HINT: Turning `a` up by 1 turns y up by b.
    """
    ### BEGIN SOLUTION
    return lambda: unbroadcast(grad * b, a.shape), lambda: unbroadcast(grad * a, b.shape)
    ### END SOLUTION


@vjp(T.div)
def _(grad, out, a, b):
    """y = a / b.

    TODO: return the gradients of a and b, each unbroadcast to its shape.

    HINT: ∂(a/b)/∂b = −a/b², which is −y/b: `out` is at hand.
    """
    ### BEGIN SOLUTION
    return lambda: unbroadcast(grad / b, a.shape), lambda: unbroadcast(-grad * out / b, b.shape)
    ### END SOLUTION


@vjp(T.pow)
def _(grad, out, a, b):
    """y = a ** b.

    TODO: return the gradients of a and b, each unbroadcast to its shape.

    HINT: ∂y/∂a = b·a^(b−1), and 0 where b is 0. ∂y/∂b = y·log(a), and 0 where a is 0 (`np.where` before the log).
    """
    ### BEGIN SOLUTION
    return (
        lambda: unbroadcast(grad * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1)), a.shape),
        lambda: unbroadcast(grad * out * np.log(np.where(a == 0, 1, a)), b.shape),
    )
    ### END SOLUTION


@vjp(T.clip)
def _(grad, out, x, *, min=None, max=None):
    """y = x limited to [min, max].

    TODO: return the gradient of x: `grad` where x was inside the limits (or on them), 0 elsewhere.

    HINT: Inside is where clipping changed nothing. Both what went in and what came out are at hand.
    """
    ### BEGIN SOLUTION
    return np.where(out == x, grad, 0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-arithmetic-rules", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The rules of arithmetic")
def test_arithmetic_rules(verify):
    def gradient(function, position):
        """What the rule of `function` gives for the input at `position`, as a function of arrays."""

        def apply_rule(grad, *inputs, **settings):
            out = function.__wrapped__(*inputs, **settings)
            gradients = rules[function](grad, out, *inputs, **settings)
            found = (gradients if isinstance(gradients, tuple) else (gradients,))[position]
            return found() if callable(found) else found

        return apply_rule

    def same(case, expected):
        assert_close(case(), np.array(expected), case=case)

    a, b, grad = np.array([2.0, 3.0]), np.array([4.0, 5.0]), np.array([1.0, 10.0])
    with verify("mul: each factor's gradient is the other factor"):
        same(Case(gradient(T.mul, 0), grad, a, b), [4.0, 50.0])
        same(Case(gradient(T.mul, 1), grad, a, b), [2.0, 30.0])
    with verify("div: 1/b for the numerator, -a/b² for the denominator"):
        same(Case(gradient(T.div, 0), grad, a, b), [0.25, 2.0])
        same(Case(gradient(T.div, 1), grad, a, b), [-0.125, -1.2])
    with verify("pow: both the base and the exponent"):
        same(Case(gradient(T.pow, 0), grad, a, b), [32.0, 4050.0])
        same(Case(gradient(T.pow, 1), grad, a, b), [16 * np.log(2.0), 2430 * np.log(3.0)])
    with verify("pow: 0 ** 2, and 0 ** 0, have finite gradients"):
        zero, exponents = np.array([0.0, 0.0]), np.array([2.0, 0.0])
        for position in (0, 1):
            same(Case(gradient(T.pow, position), np.ones(2), zero, exponents), [0.0, 0.0])
    with verify("each of them undoes a broadcast"):
        ones = np.ones((2, 2))
        for function, expected in ((T.mul, [2.0, 2.0]), (T.div, [-0.125, -0.08]), (T.pow, [0.0, 0.0])):
            same(Case(gradient(function, 1), ones, ones, b), expected)
    with verify("clip: nothing flows where the limit was exceeded"):
        x = np.array([-2.0, -1.0, 0.5, 1.0, 3.0])
        grad = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        same(Case(gradient(T.clip, 0), grad, x, min=-1.0, max=1.0), [0.0, 2.0, 3.0, 4.0, 0.0])


# %% [markdown]
# ## 3. Sums, products of matrices, moved numbers
#
# **A sum** gives each of its terms the same gradient: the sum was a many-to-one, its rule is a one-to-many.
#
# **A matrix product** `C = A @ B` follows from the shapes alone. If A is n×k, B is k×m, then grad is n×m, and there is
# only one way to multiply the three to get n×k and k×m:
#
# ```
#   dA (n×k) = grad (n×m) @ Bᵀ (m×k)          dB (k×m) = Aᵀ (k×n) @ grad (n×m)
# ```
#
# **A function that only moves numbers** (reshape, permute, indexing, padding, joining) has a rule that moves them back.


# %% nbgrader={"grade": false, "grade_id": "matrix-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _keep_dims(array, like, dim, keepdim):
    """Give a reduced array its lost axes back, with length 1, so that it broadcasts against `like`."""
    if keepdim or dim is None:
        return array if keepdim else array.reshape((1,) * like.ndim)
    return np.expand_dims(array, dim)


@vjp(T.sum)
def _(grad, out, x, *, dim=None, keepdim=False):
    """y = Σ x over some axes.

    TODO: return the gradient of x: every term gets the gradient of its sum.

    HINT: Summed over dim 1, (2, 3) gives (2,): `_keep_dims` above makes that (2, 1), which lines up with x again.
    `np.broadcast_to` repeats numbers without a copy.
    """
    ### BEGIN SOLUTION
    return np.broadcast_to(_keep_dims(grad, x, dim, keepdim), x.shape)
    ### END SOLUTION


@vjp(T.matmul)
def _(grad, out, a, b):
    """C = A @ B over the last two axes.

    TODO: return the gradients of a and b by the two products above; leading (batch) axes may have been broadcast.

    HINT: `A.swapaxes(-1, -2)` transposes the last two axes. Vectors have been made matrices for you, and the reshape
    at the end makes them vectors again.
    """
    A, B = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    G = grad[..., None, :] if a.ndim == 1 and b.ndim > 1 else grad
    G = G[..., None] if b.ndim == 1 and a.ndim > 1 else G
    G = G.reshape(1, 1) if a.ndim == b.ndim == 1 else G
    ### BEGIN SOLUTION
    return (
        lambda: unbroadcast(G @ B.swapaxes(-1, -2), A.shape).reshape(a.shape),
        lambda: unbroadcast(A.swapaxes(-1, -2) @ G, B.shape).reshape(b.shape),
    )
    ### END SOLUTION


@vjp(layers.linear)
def _(grad, out, x, weight, bias=None):
    """y = x @ weightᵀ + bias, with x (…, in), weight (out, in), bias (out,).

    TODO: return the gradients of x, weight and bias (None if there is no bias).

    HINT: With all leading axes merged into one, of x and of grad, it is the matrix product again: `product(a, b)` is
    `a @ b`, shared out among the cores. The bias was broadcast over the rows.
    """
    ### BEGIN SOLUTION
    rows, grads = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
    return (
        lambda: product(grads, weight).reshape(x.shape),
        lambda: product(grads.T, rows),
        None if bias is None else lambda: grads.sum(axis=0),
    )
    ### END SOLUTION


# %%
#| export
@vjp(T.amax)
def _(grad, out, x, *, dim=None, keepdim=False):
    ties = x == _keep_dims(out, x, dim, keepdim)
    return _keep_dims(grad, x, dim, keepdim) * ties / ties.sum(axis=dim, keepdims=True)


rules[T.amin] = rules[T.amax]


@vjp(T.gather)
def _(grad, out, x, index, *, dim):
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    return _scatter(grad, tuple(places), x), None


def _scatter(grad, places, x):
    """Zeros like x, with grad added at `places`; a place that was read twice gets both gradients."""
    dx = np.zeros(x.shape, grad.dtype)
    np.add.at(dx, places, grad)
    return dx


@vjp(T.getitem)
def _(grad, out, x, *, index):
    if any(isinstance(part, (np.ndarray, list)) for part in index):
        return _scatter(grad, index, x)
    dx = np.zeros(x.shape, grad.dtype)
    dx[index] = grad
    return dx


@vjp(T.reshape)
def _(grad, out, x, *, shape):
    return grad.reshape(x.shape)


@vjp(T.permute)
def _(grad, out, x, *, dims):
    return np.transpose(grad, np.argsort([d % x.ndim for d in dims]))


@vjp(T.pad)
def _(grad, out, x, *, pad, value=0.0):
    before = [0] * (x.ndim - len(pad) // 2) + list(pad[-2::-2])
    return grad[tuple(slice(start, start + n) for start, n in zip(before, x.shape))]


@vjp(T._where)
def _(grad, out, condition, a, b):
    return (
        None,
        lambda: unbroadcast(np.where(condition, grad, 0), a.shape),
        lambda: unbroadcast(np.where(condition, 0, grad), b.shape),
    )


@vjp(T._concatenate)
def _(grad, out, *arrays, dim):
    ends = np.cumsum([array.shape[dim] for array in arrays])
    return tuple(np.split(grad, ends[:-1], axis=dim))


# %% [markdown]
# ## 4. The walk back
#
# Two things can go wrong. A tensor that was used **twice** has two gradients, which add up. And its own rule must not
# run before *both* have arrived:
#
# ```
#          ┌─► exp ─┐              right:  mul, exp, then x           (x's gradient is complete)
#      x ──┤        ├─► mul        wrong:  mul, x, exp, x again       (a long chain of these costs 2ⁿ visits)
#          └────────┘
# ```
#
# So we first put the tensors in order, each after everything it was made from, and then go through that order from its
# end, each tensor once. A network may be 10,000 functions deep and Python allows about 1,000 nested calls, so the order
# is found with a list as a stack, not by recursion.


# %% nbgrader={"grade": false, "grade_id": "topological-order", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def topological_order(roots) -> list[Tensor]:
    """Every tensor that `roots` were computed from and that requires a gradient, inputs before results.

    TODO: walk the graph without recursion; each tensor stands in the result once, after all its inputs.

    APPROACH:
    1. Keep a stack of pairs (tensor, ready). Start with every root, not ready.
    2. Pop one. If it is ready, all its inputs are in the order: append it.
    3. Otherwise, unless it was seen before: push it again as ready, then push its inputs as not ready.

    HINT: `tensor.grad_fn.inputs` may hold None and tensors that do not require a gradient: skip both. Remember seen
    tensors by `id(tensor)`.
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
            if not tensor.is_leaf:
                stack.extend((t, False) for t in _inputs(tensor) if t is not None and t.requires_grad)
    return order
    ### END SOLUTION


def _inputs(tensor):
    """What a tensor was made from; an error if an earlier backward has let go of it."""
    if tensor.grad_fn.inputs is None:
        raise RuntimeError(
            f"backward: the graph behind this result of {tensor.grad_fn.function.__name__} was freed by an earlier "
            "backward; compute the result again, or pass retain_graph=True the first time"
        )
    return tensor.grad_fn.inputs


# %% nbgrader={"grade": true, "grade_id": "test-topological-order", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("The order of the walk")
def test_topological_order(verify):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with verify("inputs stand before results"):

        def names(x):
            u = T.exp(x)
            v = -u
            z = v + x
            known = {id(x): "x", id(u): "u", id(v): "v", id(z): "z"}
            found = [known.get(id(t), "?") for t in topological_order([z])]
            assert found == ["x", "u", "v", "z"], f"u = exp(x), v = -u, z = v + x stand in the order {', '.join(found)}"

        Case(names, x)()
    with verify("a tensor that is used many times stands there once"):

        def count(x, doublings):
            y = x
            for _ in range(doublings):
                y = y + y
            order = topological_order([y])
            assert len(order) == doublings + 1, f"expected {doublings + 1} tensors, got {len(order)}"

        for doublings in (3, 30):
            Case(count, x, doublings)()
    with verify("what needs no gradient is left out"):

        def without_constant(x):
            order = topological_order([x * Tensor([3.0, 4.0])])
            assert len(order) == 2, f"the constant should not be in the order, which has {len(order)} tensors"

        Case(without_constant, x)()
    with verify("10,000 functions deep is not too deep"):

        def depth(x, functions):
            y = x
            for _ in range(functions):
                y = -y
            return len(topological_order([y]))

        for functions in (1_050, 10_000):
            case = Case(depth, x, functions)
            assert_close(case(), functions + 1, case=case)


# %% [markdown]
# Now the walk. `pending` holds the gradients that have arrived so far. A tensor is taken from the end of the order,
# when everything computed from it has had its turn: its gradient is complete.


# %% nbgrader={"grade": false, "grade_id": "walk", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def _gradients_of_inputs(tensor, grad):
    """Apply the rule of the function that made `tensor`: pairs (input, its gradient) where one is wanted."""
    function, inputs, settings = tensor.grad_fn.function, _inputs(tensor), tensor.grad_fn.settings
    if function not in rules:
        raise NotImplementedError(f"{function.__name__} has no gradient rule; write one with @vjp({function.__name__})")
    found = rules[function](grad, tensor.data, *[None if t is None else t.data for t in inputs], **settings)
    found = found if isinstance(found, tuple) else (found,)
    if len(found) != len(inputs):
        raise ValueError(f"the rule of {function.__name__} returned {len(found)} gradients for {len(inputs)} inputs")
    for position, (t, g) in enumerate(zip(inputs, found)):
        if t is None or not t.requires_grad:
            continue
        g = g() if callable(g) else g
        if g is None or g.shape != t.shape:
            raise ValueError(
                f"the rule of {function.__name__} returned {'no gradient' if g is None else f'shape {g.shape}'} "
                f"for input {position}, which requires one of shape {t.shape}"
            )
        yield t, np.asarray(g, t.dtype)


def walk(roots, seeds, retain_graph=False) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Go back from `roots`, whose gradients are `seeds`, and yield (tensor, complete gradient) for each tensor once.

    Results come before their inputs. Unless `retain_graph`, each recipe is forgotten as soon as it has been used, so
    that the memory of activations is given back during the walk.

    TODO: the loop.

    APPROACH:
    1. `pending` maps id(tensor) to the gradient so far. Put the seeds in; two equal roots add up.
    2. Pop tensors from the end of `order`. Take the gradient out of `pending`, and yield the pair.
    3. If the tensor is no leaf: add each gradient of `_gradients_of_inputs(tensor, grad)` to `pending`.
    4. Then forget its recipe, unless retain_graph: a new `Node` with the same function, inputs None and no settings.

    HINT: Add with `a + b`, never `a += b`: a rule may have returned the same array twice.
    """
    order = topological_order(roots)
    ### BEGIN SOLUTION
    pending: dict[int, np.ndarray] = {}

    def arrive(tensor, grad):
        pending[id(tensor)] = pending[id(tensor)] + grad if id(tensor) in pending else grad

    for root, seed in zip(roots, seeds):
        arrive(root, seed)
    while order:
        tensor = order.pop()
        grad = pending.pop(id(tensor))
        yield tensor, grad
        if not tensor.is_leaf:
            for t, g in _gradients_of_inputs(tensor, grad):
                arrive(t, g)
            if not retain_graph:
                tensor.grad_fn = Node(tensor.grad_fn.function, None, {})
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-walk", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The walk back")
def test_walk(verify):
    def gradient(root, of, **options):
        return {id(t): g for t, g in walk([root], [np.ones(root.shape, root.dtype)], **options)}[id(of)]

    def through(formula):
        def gradient_of_x(x):
            return gradient(formula(x), x)

        return gradient_of_x

    def same(case, expected):
        assert_close(case(), expected, case=case)

    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    with verify("through one function, and through a chain"):
        same(Case(through(lambda x: x * 3.0), x), np.array([3.0, 3.0]))
        same(Case(through(lambda x: (x * 3.0).exp()), x), 3 * np.exp([3.0, 6.0]))
    with verify("a tensor used twice gets both gradients"):
        same(Case(through(lambda x: x * x), x), np.array([2.0, 4.0]))
        same(Case(through(lambda x: x + x.exp() * x), x), 1 + np.exp(x.data) * (1 + x.data))
    with verify("gradients are added without writing into what a rule returned"):
        same(Case(through(lambda x: (x + x.exp()) + x), x), 2 + np.exp(x.data))
    with verify("each tensor is visited once, when its gradient is complete"):

        def visits(x, doublings):
            y = x
            for _ in range(doublings):
                y = y + y
            visited = [id(t) for t, _ in walk([y], [np.ones(2)])]
            assert len(visited) == len(set(visited)), f"{len(visited)} visits to {len(set(visited))} tensors"
            return len(visited)

        for doublings in (3, 30):
            same(Case(visits, x, doublings), doublings + 1)
    with verify("the walk starts from the seeds; two for one root add up"):

        def from_seeds(x, first, second):
            y = x * 3.0
            return {id(t): g for t, g in walk([y, y], [first, second])}[id(x)]

        same(Case(from_seeds, x, np.array([1.0, 2.0]), np.array([10.0, 20.0])), np.array([33.0, 66.0]))
    with verify("what was used is forgotten, unless retain_graph"):

        def twice(x):
            y = x * x
            gradient(y, x, retain_graph=True)
            assert y.grad_fn.inputs is not None, "with retain_graph=True the recipe of y should stay"
            gradient(y, x)
            assert y.grad_fn.inputs is None, "the recipe of y still holds its inputs after the walk"

        Case(twice, x)()


# %% [markdown]
# ## 5. `backward`, `grad`, `no_grad`
#
# `backward` puts the gradients where the optimizer finds them: in `.grad` of the leaves. It **adds** to what is there,
# so that gradients of several batches can be collected; that is why a training step begins with `zero_grad`.


# %%
#| export
def _seed(output, gradient):
    """The gradient to start from: ones for a single number, else what the caller gives."""
    if not output.requires_grad:
        raise RuntimeError(
            "backward: this tensor does not require a gradient: nothing it was computed from has requires_grad=True, "
            "or it was computed inside no_grad()"
        )
    if gradient is None:
        if output.size != 1:
            raise RuntimeError(
                f"backward: expected a single number such as a loss, got shape {output.shape}; "
                "reduce it (.sum(), .mean()) or pass the gradient to start from"
            )
        return np.ones_like(output.data)
    seed = T.to_array(gradient).astype(output.dtype, copy=False)
    if seed.shape != output.shape:
        raise ValueError(f"gradient: expected the tensor's shape {output.shape}, got {seed.shape}")
    return seed


# %% nbgrader={"grade": false, "grade_id": "backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
def backward(tensor: Tensor, gradient=None, retain_graph: bool = False) -> None:
    """Add ∂tensor/∂leaf to the `grad` of every leaf with `requires_grad` that `tensor` was computed from.

    `gradient`, of the tensor's shape, is what to start from; a single number starts from 1. Raises RuntimeError for a
    tensor that requires no gradient, and for a graph that an earlier backward has freed.

    TODO: for each leaf on the walk, set its `grad` to a tensor, or add to the one that is there.

    HINT: `walk` takes lists, of roots and of their gradients. `is_leaf` tells a leaf. Two leaves must not share one
    array, or changing one gradient in place would change the other: hand each array out once, and copy after that.
    """
    seed = _seed(tensor, gradient)
    ### BEGIN SOLUTION
    handed_out = {id(seed)}
    for t, grad in walk([tensor], [seed], retain_graph):
        if t.is_leaf:
            if t.grad is not None:
                t.grad = Tensor(t.grad.data + grad)
            else:
                t.grad = Tensor(grad.copy() if id(grad) in handed_out or grad.base is not None else grad)
                handed_out.add(id(t.grad.data))
    ### END SOLUTION


Tensor.backward_pass = staticmethod(backward)  # the place that module 01 left open


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool = False) -> tuple[Tensor, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple of tensors; no `.grad` is touched.

    Each of the three may be one tensor or a list. Raises RuntimeError for an input that the outputs do not depend on.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = grad_outputs if isinstance(grad_outputs, (list, tuple)) else [grad_outputs] * len(outputs)
    seeds = [_seed(output, g) for output, g in zip(outputs, given)]
    wanted = {id(t) for t in inputs}
    found = {id(t): g for t, g in walk(outputs, seeds, retain_graph) if id(t) in wanted}
    for position, t in enumerate(inputs):
        if id(t) not in found:
            raise RuntimeError(f"grad: the outputs do not depend on input {position} (or it has no requires_grad)")
    return tuple(Tensor(found[id(t)].copy()) for t in inputs)


@contextlib.contextmanager
def no_grad():
    """Within this block, or in a function decorated with `@no_grad()`, nothing is recorded in this thread."""
    before, recording.enabled = recording.enabled, False
    try:
        yield
    finally:
        recording.enabled = before


def is_grad_enabled() -> bool:
    """Whether functions are recorded at present in this thread."""
    return recording.enabled


# %% nbgrader={"grade": true, "grade_id": "test-backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("backward, grad, no_grad")
def test_backward(verify):
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)

    def same(case, expected):
        assert_close(case(), Tensor(expected), case=case)

    with verify("the gradient of a product is in .grad of both"):

        def product(a, b, of):
            backward((a * b).sum())
            return (a, b)[of].grad

        same(Case(product, a, b, 0), [3.0, 4.0])
        same(Case(product, a, b, 1), [1.0, 2.0])
    with verify("only leaves get one"):

        def middle(a, b):
            c = a * b
            backward(c.sum())
            assert c.grad is None, "c = a * b is no leaf, and its grad should stay None"

        Case(middle, a, b)()
    with verify("a second backward adds to .grad, in a tensor of its own"):

        def twice(a, b):
            backward((a * b).sum())
            first = a.grad
            backward((a * b).sum())
            assert first.data[0] == b.data[0], "the first gradient was written into by the second backward"
            return a.grad

        same(Case(twice, a, b), [6.0, 8.0])
    with verify("backward may start from a gradient that is given"):

        def weighed(a, b, gradient):
            backward(a * b, gradient)
            return a.grad

        same(Case(weighed, a, b, Tensor([1.0, 10.0])), [3.0, 40.0])
    with verify("two leaves never share one gradient array"):

        def written_into(a, b):
            backward(a + b, Tensor([1.0, 1.0]))
            a.grad.data *= 100
            return b.grad

        same(Case(written_into, a, b), [1.0, 1.0])
    with verify("a second backward through a freed graph is refused, unless it was retained"):

        def through_twice(a, b):
            loss = (a * b).sum()
            backward(loss, retain_graph=True)
            backward(loss)
            try:
                backward(loss)
            except RuntimeError as error:
                assert "freed" in str(error), f"unexpected message: {error}"
            else:
                raise AssertionError("backward through a freed graph should raise a RuntimeError")

        Case(through_twice, a, b)()
    with verify("grad returns gradients, also of tensors in the middle, and touches no .grad"):
        c = a * b
        da, dc = grad((c * c).sum(), [a, c])
        assert_close(dc, Tensor([6.0, 16.0]), case={"c": c})
        assert_close(da, Tensor([18.0, 64.0]), case={"a": a, "b": b})
        assert a.grad is None, "grad() should not touch a.grad"
    with verify("nothing is recorded inside no_grad, and recording resumes after"):
        with no_grad():
            assert not is_grad_enabled(), "is_grad_enabled() should be False inside no_grad()"
            assert (a * b).grad_fn is None, "a product inside no_grad() still has a grad_fn"
        assert (a * b).grad_fn is not None, "recording should resume after no_grad()"
    with verify("a function without a rule says so"):
        halve = primitive(lambda x: x / 2)
        primitives.remove(halve)
        try:
            backward(halve(a).sum())
        except NotImplementedError as error:
            assert "no gradient rule" in str(error), f"unexpected message: {error}"
        else:
            raise AssertionError("backward through a function without a rule should raise NotImplementedError")


# %% [markdown]
# ## 6. The rules of the network: activations and losses
#
# `relu` lets a gradient through where it let the value through. `tanh` and the sigmoid have derivatives that can be
# written with their *output* (1 − y² and y(1 − y)), which is why a rule receives it.
#
# **Softmax with cross entropy** is the most beautiful one. The loss is −log of the probability of the right class; the
# gradient of the logits comes out as
#
# ```
#   probabilities      0.7   0.2   0.1
#   truth              0     1     0
#   gradient           0.7  −0.8   0.1          what was said, minus what was true
# ```


# %%
#| export
@vjp(activations.sigmoid)
def _(grad, out, x):
    return grad * out * (1 - out)


@vjp(activations.gelu)
def _(grad, out, x, *, approximate="none"):
    if approximate == "tanh":  # y = x/2 · (1 + tanh u) with u = √(2/π) · (x + 0.044715 x³)
        c = np.sqrt(2 / np.pi).astype(x.dtype)
        t = np.tanh(c * (x + 0.044715 * x**3))
        return grad * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x**2))
    density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi).astype(x.dtype)
    return grad * (activations.normal_cdf(x) + x * density)


@vjp(activations.leaky_relu)
def _(grad, out, x, *, negative_slope=0.01):
    return np.where(x > 0, grad, grad * negative_slope)


@vjp(losses.binary_cross_entropy_with_logits)
def _(grad, out, input, target, weight=None, pos_weight=None, *, reduction="mean"):
    p = activations.sigmoid.__wrapped__(input)
    up = 1 if pos_weight is None else pos_weight
    d = p * (1 + (up - 1) * target) - up * target  # ∂/∂x of −(up·y·log p + (1 − y)·log(1 − p))
    if weight is not None:
        d = d * weight
    scale = grad / d.size if reduction == "mean" else grad
    return unbroadcast(d * scale, input.shape), None, None, None


# %% nbgrader={"grade": false, "grade_id": "network-rules", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
@vjp(activations.relu)
@elementwise
def _(grad, out, x):
    """y = max(x, 0); by convention the derivative at 0 is 0.

    TODO: return the gradient of x.

    HINT: The gradient passes where the value did, and `out` tells where that was.
    """
    ### BEGIN SOLUTION
    return grad * (out > 0)
    ### END SOLUTION


@vjp(activations.tanh)
def _(grad, out, x):
    """y = tanh(x).

    TODO: return the gradient of x, from the output alone.
    """
    ### BEGIN SOLUTION
    return grad * (1 - out * out)
    ### END SOLUTION


@vjp(activations.softmax)
def _(grad, out, x, *, dim=-1):
    """y = softmax(x) along `dim`.

    TODO: return the gradient of x.

    HINT: ∂y_i/∂x_j = y_i·([i = j] − y_j), and dx_j = Σ_i g_i·∂y_i/∂x_j. The term with i = j stands alone; what is
    left of the sum is the same for every j, but for a factor.
    """
    ### BEGIN SOLUTION
    return out * (grad - (grad * out).sum(axis=dim, keepdims=True))
    ### END SOLUTION


@vjp(activations.log_softmax)
def _(grad, out, x, *, dim=-1):
    """y = log softmax(x) along `dim`.

    TODO: return the gradient of x.

    HINT: ∂y_i/∂x_j = [i = j] − p_j with p = exp(y), and dx_j = Σ_i g_i·∂y_i/∂x_j. Which of the two terms needs a sum?
    """
    ### BEGIN SOLUTION
    return grad - np.exp(out) * grad.sum(axis=dim, keepdims=True)
    ### END SOLUTION


def _per_sample(grad, input, divisor, reduction):
    """What each sample's loss contributes: grad, spread over the samples and divided as the mean divided."""
    if reduction == "none":
        return np.expand_dims(grad, 1 if input.ndim > 1 else 0)
    return grad / divisor if reduction == "mean" else grad


@vjp(losses.nll_loss)
def _(grad, out, input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    q, divisor = losses.target_weights(input, target, weight, ignore_index, 0.0)
    return -q * _per_sample(grad, input, divisor, reduction), None, None


@vjp(losses.cross_entropy)
def _(grad, out, input, target, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Each sample's loss is −Σ_c q_c · log p_c, where q says how much each class counts (module 04).

    TODO: return the gradient of the logits; labels and class weights have none (None).

    APPROACH:
    1. p = softmax of `input` along the class axis `axis`, computed stably.
    2. "What was said, minus what was true": p · Σ_c q_c − q.
    3. Times `_per_sample(grad, input, divisor, reduction)`.
    """
    q, divisor = losses.target_weights(input, target, weight, ignore_index, label_smoothing)
    axis = 1 if input.ndim > 1 else 0
    ### BEGIN SOLUTION
    p = np.exp(input - input.max(axis=axis, keepdims=True))
    p /= p.sum(axis=axis, keepdims=True)
    return (p * q.sum(axis=axis, keepdims=True) - q) * _per_sample(grad, input, divisor, reduction), None, None
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-network-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("The rules of the network")
def test_network_rules(verify):
    def through(function):
        def gradient_of_x(x, grad):
            backward(function(x), grad)
            return x.grad

        return gradient_of_x

    with verify("relu passes the gradient where it passed the value, and not at 0"):
        x = Tensor([-1.0, 0.0, 2.0, 3.0], requires_grad=True)
        case = Case(through(activations.relu), x, Tensor([1.0, 1.0, 1.0, -5.0]))
        assert_close(case(), Tensor([0.0, 0.0, 1.0, -5.0]), case=case)
    with verify("tanh, softmax and log_softmax agree with finite differences"):
        values = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4]])
        for function in (activations.tanh, activations.softmax, activations.log_softmax):
            check_gradients(function, Tensor(values))
    with verify("softmax and log_softmax along another axis"):
        for function in (activations.softmax, activations.log_softmax):
            check_gradients(function, Tensor(values), dim=0)
    with verify("cross entropy: what was said, minus what was true"):

        def of_logits(logits, labels):
            backward(losses.cross_entropy(logits, labels))
            return logits.grad

        logits = Tensor(np.log(np.array([[0.7, 0.2, 0.1]])), requires_grad=True)
        case = Case(of_logits, logits, Tensor([1]))
        assert_close(case(), Tensor(np.array([[0.7, -0.8, 0.1]])), case=case)
    with verify("cross entropy: every setting agrees with finite differences"):
        labels, weight = Tensor([2, 0]), Tensor(np.array([1.0, 2.0, 5.0]))

        def with_class_weights(input):
            return losses.cross_entropy(input, labels, weight)

        for settings in ({"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.2}, {"ignore_index": 0}):
            check_gradients(losses.cross_entropy, Tensor(values), labels, **settings)
        check_gradients(with_class_weights, Tensor(values))


# %% [markdown]
# ## 7. Trust, but check
#
# A gradient can be tested without knowing any calculus: push the inputs a little in a random direction v, and see how
# far the output moves along a random direction u. That must equal what the rule says, ⟨v, Jᵀu⟩. It takes two function
# calls, however large the inputs. `check_gradients` does it in float64, in several directions.
#
# With rules and walk in hand, a network learns. Below, a layer finds the line y = 2x + 1 that its data came from.


# %% nbgrader={"grade": true, "grade_id": "test-matrix-rules", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Sums and matrix products")
def test_matrix_rules(verify):
    draw = np.random.default_rng(5)

    def of_sum(x, gradient, dim):
        backward(T.sum(x, dim=dim), gradient)
        return x.grad

    with verify("sum gives every term the gradient of its sum"):
        x, gradient = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), Tensor([1.0, 10.0])
        for dim, expected in ((0, [[1.0, 10.0], [1.0, 10.0]]), (1, [[1.0, 1.0], [10.0, 10.0]])):
            case = Case(of_sum, x, gradient, dim)
            assert_close(case(), Tensor(expected), case=case)
        check_gradients(T.sum, Tensor(draw.normal(size=(2, 3, 4))), dim=(0, 2), keepdim=True)
    with verify("matmul: matrices, vectors, batches, broadcast batches"):
        shapes = [
            ((2, 3), (3, 4)),
            ((3,), (3, 4)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((5, 2, 3), (3, 4)),
            ((3,), (5, 3, 4)),
        ]
        for a, b in shapes:
            check_gradients(T.matmul, Tensor(draw.normal(size=a)), Tensor(draw.normal(size=b)))
    with verify("linear: input, weight and bias"):
        x, w, b = (Tensor(draw.normal(size=shape)) for shape in ((2, 5, 3), (4, 3), (4,)))
        check_gradients(layers.linear, x, w, b)
        check_gradients(layers.linear, x, w)
    with verify("a layer learns the line its data came from"):
        layer = Linear(1, 1)
        x = Tensor(np.linspace(-1, 1, 21, dtype=np.float32)[:, None])
        for _ in range(200):
            loss = losses.mse_loss(layer(x), x * 2.0 + 1.0)
            layer.zero_grad()
            backward(loss)
            for p in layer.parameters():
                p.data -= 0.3 * p.grad.data
        found = f"{layer.weight.item():.3f}·x + {layer.bias.item():.3f}"
        assert found == "2.000·x + 1.000", f"after 200 steps the layer is {found}"


# %%
report()
