"""What each layer computed: the functions of the recorded graph, shared out among the calls of layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.analysis.trace import Call, as_input, evaluating, follow
from tinytorch.names import load_module

POOLINGS = ("max_pool2d", "avg_pool2d")
CONVOLUTIONS = ("conv2d", "conv2d_loops", "conv2d_windows", "conv2d_im2col")


class Graph:
    """A run of a network in eval mode, recorded: its calls, and behind each result the function that made it.

    `results` are the tensors that depend on the input, inputs before results; `owner` tells of which call's forward
    each is (by the tensor's id).
    """

    def __init__(self, model: Any, x: Any) -> None:
        self.x = as_input(x, requires_grad=True)
        with evaluating(model):
            self.calls = follow(model, self.x)
        self.output = self.calls[0].output
        ended = sorted(self.calls, key=lambda call: call.ended)
        self.results = self.behind(*(call.output for call in ended))
        self.owner: dict[int, Call] = {}
        for call in ended:
            for tensor in _behind(call):
                self.owner.setdefault(id(tensor), call)

    def behind(self, *tensors: Any) -> list[Any]:
        """The results that these tensors were computed from, themselves included, inputs before results."""
        return [t for t in load_module("tinytorch.core.autograd", __name__).topological_order(tensors) if not t.is_leaf]

    def own(self, call: Call) -> list[Any]:
        """The results that this call's forward computed itself, not a layer within it."""
        return [t for t in self.results if self.owner.get(id(t)) is call]


def _behind(call: Call) -> list[Any]:
    """The tensors between a call's inputs and its output, the output included."""
    stop = {id(t) for t in call.inputs}
    found, stack, seen = [], [call.output], set(stop)
    while stack:
        tensor = stack.pop()
        if id(tensor) not in seen and not tensor.is_leaf:
            seen.add(id(tensor))
            found.append(tensor)
            stack.extend(t for t in tensor.grad_fn.inputs if t is not None)
    return found


def mult_adds(tensor: Any) -> int:
    """Return the multiply-adds of the function that made a tensor: of convolutions and matrix products.

    A bias counts as one for each number of the result, as in torchinfo. Everything else counts as none, as in
    torch.utils.flop_counter, which counts two operations for each multiply-add and leaves out the bias.
    """
    name, inputs = tensor.grad_fn.function.__name__, tensor.grad_fn.inputs
    if name == "matrix_product":
        return tensor.numel() * inputs[0].shape[-1]
    if name == "add" and any(_is_product(a) and b.is_leaf and b.ndim == 1 for a, b in (inputs, inputs[::-1])):
        return tensor.numel()  # the bias of a dense layer
    if name in CONVOLUTIONS:
        weight, bias = inputs[1], inputs[2] if len(inputs) > 2 else None
        return tensor.numel() * (math.prod(weight.shape[1:]) + (bias is not None))
    return 0


def _is_product(tensor: Any) -> bool:
    """Whether a tensor is a matrix product, in that or another shape."""
    while not tensor.is_leaf and tensor.grad_fn.function.__name__ == "reshape":
        tensor = tensor.grad_fn.inputs[0]
    return not tensor.is_leaf and tensor.grad_fn.function.__name__ == "matrix_product"


def own_bytes(tensor: Any) -> int:
    """The memory of a result; none where it is another view of an input, as after flatten."""
    shares = any(t is not None and np.may_share_memory(tensor.data, t.data) for t in tensor.grad_fn.inputs)
    return 0 if shares else tensor.data.nbytes
