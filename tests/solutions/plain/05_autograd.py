"""Module 05 with loops and arrays that are computed at once, where the reference has axes and functions for later."""

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
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, length in enumerate(shape):
        if grad.shape[axis] != length:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


# %% arithmetic-rules
@vjp(T.mul)
def _(grad, out, a, b):
    to_a = unbroadcast(grad * b, a.shape)
    to_b = unbroadcast(grad * a, b.shape)
    return to_a, to_b


@vjp(T.div)
def _(grad, out, a, b):
    return unbroadcast(grad / b, a.shape), unbroadcast(-grad * a / (b * b), b.shape)


@vjp(T.pow)
def _(grad, out, a, b):
    with np.errstate(all="ignore"):
        slope_a = np.where(b == 0, 0, b * a ** (b - 1.0))
        slope_b = np.where(a == 0, 0, out * np.log(a))
    return unbroadcast(grad * slope_a, a.shape), unbroadcast(grad * slope_b, b.shape)


@vjp(T.exp)
def _(grad, out, x):
    return np.exp(x) * grad


@vjp(T.log)
def _(grad, out, x):
    return grad * (1 / x)


@vjp(T.sqrt)
def _(grad, out, x):
    return 0.5 * grad / np.sqrt(x)


@vjp(T.abs)
def _(grad, out, x):
    return np.where(x > 0, grad, np.where(x < 0, -grad, 0))


@vjp(T.clip)
def _(grad, out, x, *, min=None, max=None):
    low = -np.inf if min is None else min
    high = np.inf if max is None else max
    return grad * ((x >= low) & (x <= high))


# %% sum-rules
@vjp(T.sum)
def _(grad, out, x, *, dim=None, keepdim=False):
    shape = list(x.shape)
    axes = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    for axis in axes:
        shape[axis] = 1
    return grad.reshape(shape) * np.ones(x.shape, grad.dtype)


@vjp(T.amax)
@vjp(T.amin)
def _(grad, out, x, *, dim=None, keepdim=False):
    kept = np.sum(x, axis=dim, keepdims=True).shape
    found = x == out.reshape(kept)
    share = grad.reshape(kept) / np.count_nonzero(found, axis=dim, keepdims=True)
    return np.where(found, share, 0)


@vjp(T.matrix_product)
def _(grad, out, a, b):
    to_a = np.einsum("...nm,...km->...nk", grad, b)
    to_b = np.einsum("...nk,...nm->...km", a, grad)
    return unbroadcast(to_a, a.shape), unbroadcast(to_b, b.shape)


# %% moving-rules
@vjp(T.permute)
def _(grad, out, x, *, dims):
    back = [0] * x.ndim
    for place, d in enumerate(dims):
        back[d] = place
    return grad.transpose(back)


@vjp(T.pad)
def _(grad, out, x, *, pad, value=0.0):
    for pair in range(len(pad) // 2):
        axis = x.ndim - 1 - pair
        start = pad[2 * pair]
        grad = np.take(grad, range(start, start + x.shape[axis]), axis=axis)
    return grad


@vjp(T.where)
def _(grad, out, condition, a, b):
    taken_from_a = np.broadcast_to(condition, grad.shape)
    to_a, to_b = np.zeros_like(grad), np.zeros_like(grad)
    to_a[taken_from_a] = grad[taken_from_a]
    to_b[~taken_from_a] = grad[~taken_from_a]
    return None, unbroadcast(to_a, a.shape), unbroadcast(to_b, b.shape)


@vjp(T.getitem)
def _(grad, out, x, *, index):
    result = np.zeros_like(x)
    np.add.at(result, index, grad)
    return result


@vjp(T.gather)
def _(grad, out, x, index, *, dim):
    result = np.zeros_like(x)
    for place in np.ndindex(index.shape):
        source = list(place)
        source[dim] = index[place]
        result[tuple(source)] += grad[place]
    return result, None


# %% topological-order
def _parents(tensor):
    """The inputs of a tensor's function that require a gradient."""
    if tensor.grad_fn is None:
        return []
    return [t for t in tensor.grad_fn.inputs if t is not None and t.requires_grad]


def topological_order(roots) -> list[Tensor]:
    finished, known = [], set()
    for root in roots:
        if id(root) in known:
            continue
        known.add(id(root))
        path = [(root, iter(_parents(root)))]
        while path:
            tensor, rest = path[-1]
            parent = next((t for t in rest if id(t) not in known), None)
            if parent is None:
                finished.append(tensor)
                path.pop()
            else:
                known.add(id(parent))
                path.append((parent, iter(_parents(parent))))
    return finished


# %% walk
def input_gradients(tensor, grad) -> list:
    node = tensor.grad_fn
    inputs = node.inputs
    rule = rules[node.function]
    entries = one_per_input(
        rule(grad, tensor.data, *(None if t is None else t.data for t in inputs), **node.settings), tensor
    )
    for place in range(len(inputs)):
        if inputs[place] is None or not inputs[place].requires_grad:
            continue
        gradient = entries[place]
        while callable(gradient):
            gradient = gradient()
        yield inputs[place], fitting(gradient, tensor, place)


def walk(roots, seeds, retain_graph=False):
    arrived = {}
    for root, seed in zip(roots, seeds):
        arrived.setdefault(id(root), []).append(seed)
    tensors = topological_order(roots)
    while tensors:
        tensor = tensors.pop()
        first, *others = arrived.pop(id(tensor))
        total = first
        for other in others:
            total = total + other
        yield tensor, total
        if tensor.is_leaf:
            continue
        for parent, gradient in input_gradients(tensor, total):
            arrived.setdefault(id(parent), []).append(gradient)
        if not retain_graph:
            tensor.grad_fn = FreedNode(tensor.grad_fn.function)


# %% backward
def backward(tensor: Tensor, gradient=None, retain_graph: bool = False) -> None:
    for leaf, total in walk([tensor], [starting_gradient(tensor, gradient)], retain_graph):
        if not leaf.is_leaf:
            continue
        before = 0 if leaf.grad is None else leaf.grad.data
        leaf.grad = Tensor(np.array(before + total, leaf.dtype))


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool = False) -> tuple[Tensor, ...]:
    outputs, inputs = as_tensor_list(outputs), as_tensor_list(inputs)
    gradients = [None] * len(inputs)
    for tensor, total in walk(outputs, starting_gradients(outputs, grad_outputs), retain_graph):
        for place, wanted in enumerate(inputs):
            if wanted is tensor:
                gradients[place] = Tensor(np.array(total))
    for place, gradient in enumerate(gradients):
        if gradient is None:
            raise RuntimeError(f"no gradient for input {place}")
    return tuple(gradients)


@contextlib.contextmanager
def no_grad():
    was_enabled = recording.enabled
    try:
        recording.enabled = False
        yield
    finally:
        recording.enabled = was_enabled


def is_grad_enabled() -> bool:
    return bool(recording.enabled)


# %% network-rules
@vjp(activations.relu)
@batchwise
def _(grad, out, x):
    return np.where(x > 0, grad, 0)


@vjp(activations.tanh)
def _(grad, out, x):
    return grad - grad * out**2


@vjp(activations.sigmoid)
def _(grad, out, x):
    return grad * (out - out * out)
