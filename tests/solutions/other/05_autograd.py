"""Module 05 by other formulas: positions that are counted, masks, and gradients that come as functions or late."""

import contextlib

import numpy as np

from tinytorch.core import activations
from tinytorch.core import tensor as T
from tinytorch.core.autograd import rules, vjp
from tinytorch.core.tensor import Tensor, recording
from tinytorch.support.autograd import (
    FreedNode,
    as_tensor_list,
    fitting,
    one_per_input,
    starting_gradient,
    starting_gradients,
)
from tinytorch.support.threads import batchwise


# %% unbroadcast
def unbroadcast(grad: np.ndarray, shape: tuple) -> np.ndarray:
    full = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(axis for axis in range(grad.ndim) if full[axis] != grad.shape[axis])
    if axes:
        grad = np.add.reduce(grad, axis=axes, keepdims=True)
    return grad if grad.shape == shape else grad.reshape(shape)


# %% arithmetic-rules
def _both(slope_a, slope_b, grad, a, b):
    """The gradients of two inputs, from functions that give the slopes."""
    return (
        lambda: unbroadcast(slope_a() * grad, a.shape),
        lambda: unbroadcast(slope_b() * grad, b.shape),
    )


@vjp(T.mul)
def _(grad, out, a, b):
    return _both(lambda: b, lambda: a, grad, a, b)


@vjp(T.div)
def _(grad, out, a, b):
    return _both(lambda: 1 / b, lambda: -a / b**2, grad, a, b)


@vjp(T.pow)
def _(grad, out, a, b):
    def slope_of_base():
        a_, b_ = np.broadcast_arrays(a, b)
        slope = np.zeros(out.shape, out.dtype)
        some = b_ != 0
        slope[some] = b_[some] * a_[some] ** (b_[some] - 1)
        return slope

    def slope_of_exponent():
        logarithm = np.zeros_like(a)
        np.log(a, out=logarithm, where=a != 0)
        return out * logarithm

    return _both(slope_of_base, slope_of_exponent, grad, a, b)


@vjp(T.exp)
def _(grad, out, x):
    return lambda: out * grad


@vjp(T.log)
def _(grad, out, x):
    return np.divide(grad, x)


@vjp(T.sqrt)
def _(grad, out, x):
    return grad / out / 2


@vjp(T.abs)
def _(grad, out, x):
    return grad * (x > 0) - grad * (x < 0)


@vjp(T.clip)
def _(grad, out, x, *, min=None, max=None):
    passes = np.ones(x.shape, bool)
    if min is not None:
        passes &= x >= min
    if max is not None:
        passes &= x <= max
    return np.where(passes, grad, 0.0)


# %% sum-rules
@vjp(T.sum)
def _(grad, out, x, *, dim=None, keepdim=False):
    if not keepdim and dim is not None:
        axes = dim if isinstance(dim, tuple) else (dim,)
        for axis in sorted(axis % x.ndim for axis in axes):
            grad = np.expand_dims(grad, axis)
    copied = np.empty(x.shape, grad.dtype)
    copied[...] = grad
    return copied


@vjp(T.amax)
@vjp(T.amin)
def _(grad, out, x, *, dim=None, keepdim=False):
    def like_x(reduced):
        return reduced if keepdim or dim is None else np.expand_dims(reduced, dim)

    mask = np.equal(x, like_x(out)).astype(grad.dtype)
    return like_x(grad) * (mask / mask.sum(axis=dim, keepdims=True))


@vjp(T.matrix_product)
def _(grad, out, a, b):
    def to_a():
        return unbroadcast(np.matmul(grad, np.moveaxis(b, -1, -2)), a.shape)

    def to_b():
        return unbroadcast(np.moveaxis(np.moveaxis(grad, -1, -2) @ a, -1, -2), b.shape)

    return to_a, to_b


# %% moving-rules
@vjp(T.permute)
def _(grad, out, x, *, dims):
    return np.moveaxis(grad, range(x.ndim), dims)


@vjp(T.pad)
def _(grad, out, x, *, pad, value=0.0):
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    pairs += [(0, 0)] * (x.ndim - len(pairs))
    inside = np.pad(np.ones(x.shape, bool), pairs[::-1], constant_values=False)
    return grad[inside].reshape(x.shape)


@vjp(T.where)
def _(grad, out, condition, a, b):
    mask = condition.astype(grad.dtype)
    return None, lambda: unbroadcast(grad * mask, a.shape), lambda: unbroadcast(grad * (1 - mask), b.shape)


def _added_at(positions, grad, shape):
    """Zeros of the shape, with each gradient added at its position in memory order."""
    weights = np.asarray(grad, np.float64).ravel()
    return np.bincount(np.ravel(positions), weights, int(np.prod(shape))).reshape(shape)


@vjp(T.getitem)
def _(grad, out, x, *, index):
    positions = np.arange(x.size).reshape(x.shape)
    return _added_at(positions[index], grad, x.shape)


@vjp(T.gather)
def _(grad, out, x, index, *, dim):
    places = [axis.ravel() for axis in np.indices(index.shape)]
    places[dim] = index.ravel()
    return _added_at(np.ravel_multi_index(places, x.shape), grad, x.shape), None


# %% topological-order
def topological_order(roots) -> list[Tensor]:
    behind, uses = {}, {}  # by id: the tensor's inputs that require a gradient; how often it was used
    tensors = {id(root): root for root in roots}
    todo = list(tensors.values())
    while todo:
        tensor = todo.pop()
        inputs = [] if tensor.is_leaf else tensor.grad_fn.inputs
        behind[id(tensor)] = [t for t in inputs if t is not None and t.requires_grad]
        for t in behind[id(tensor)]:
            uses[id(t)] = uses.get(id(t), 0) + 1
            if id(t) not in tensors:
                tensors[id(t)] = t
                todo.append(t)
    free = [t for t in tensors.values() if id(t) not in uses]
    results_first = []
    while free:
        tensor = free.pop(0)
        results_first.append(tensor)
        for t in behind[id(tensor)]:
            uses[id(t)] -= 1
            if uses[id(t)] == 0:
                free.append(t)
    return results_first[::-1]


# %% walk
def input_gradients(tensor, grad) -> list:
    function, inputs, settings = tensor.grad_fn
    numbers = []
    for t in inputs:
        numbers.append(t if t is None else t.data)
    entries = one_per_input(rules[function](grad, tensor.data, *numbers, **settings), tensor)

    def computed(place):
        entry = entries[place]
        return fitting(entry() if callable(entry) else entry, tensor, place)

    return [(t, computed(i)) for i, t in enumerate(inputs) if getattr(t, "requires_grad", False)]


def walk(roots, seeds, retain_graph=False):
    totals, steps = {}, []
    order = topological_order(roots)
    for tensor, gradient in zip(roots, seeds):
        totals[id(tensor)] = gradient + totals[id(tensor)] if id(tensor) in totals else gradient
    for tensor in reversed(order):
        steps.append((tensor, totals[id(tensor)]))
        if tensor.grad_fn is not None:
            for t, gradient in input_gradients(tensor, totals[id(tensor)]):
                totals[id(t)] = totals.get(id(t), 0) + gradient
    if not retain_graph:
        for tensor in order:
            if tensor.grad_fn is not None:
                tensor.grad_fn = FreedNode(tensor.grad_fn.function)
    return iter(steps)


# %% backward
def backward(tensor: Tensor, gradient=None, retain_graph: bool = False) -> None:
    steps = walk([tensor], [starting_gradient(tensor, gradient)], retain_graph)
    leaves = [(t, g) for t, g in steps if t.grad_fn is None]
    for t, g in leaves:
        fresh = Tensor(np.array(g, copy=True))
        t.grad = fresh if t.grad is None else Tensor(fresh.data + t.grad.data)


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool = False) -> tuple[Tensor, ...]:
    outputs = as_tensor_list(outputs)
    found = {}
    for t, g in walk(outputs, starting_gradients(outputs, grad_outputs), retain_graph):
        found[t] = g
    result = []
    for place, t in enumerate(as_tensor_list(inputs)):
        if t not in found:
            raise RuntimeError(f"grad: input {place} has no influence on the outputs")
        result.append(Tensor(np.array(found[t])))
    return tuple(result)


@contextlib.contextmanager
def no_grad():
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(setattr, recording, "enabled", recording.enabled)
        recording.enabled = False
        yield


def is_grad_enabled() -> bool:
    return recording.enabled is True


# %% network-rules
@vjp(activations.relu)
@batchwise
def _(grad, out, x):
    return grad * np.heaviside(x, 0).astype(x.dtype)


@vjp(activations.tanh)
def _(grad, out, x):
    return (1 - out) * (1 + out) * grad


@vjp(activations.sigmoid)
def _(grad, out, x):
    other = 1 - out
    return lambda: grad * other * out
