"""What each layer computed: the functions of the recorded graph, shared out among the calls of layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.analysis.trace import Call, as_input, evaluating, follow
from tinytorch.core import face

_built, _ = face("tinytorch.core.autograd", ["topological_order"])  # where module 05 is not built, this says so

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
        return [t for t in _built("topological_order")(tensors) if not t.is_leaf]

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
    """Multiply-adds of the function that made a tensor: of convolutions, dense layers and matrix products.

    A bias counts as one for each number of the result, as in torchinfo. Everything else counts as none, as in
    torch.utils.flop_counter, which counts two operations for each multiply-add and leaves out the bias. So does a
    dense product with constants, which is how adaptive pooling takes its means.
    """
    name, inputs = tensor.grad_fn.function.__name__, tensor.grad_fn.inputs
    if name == "matmul":
        return tensor.size * inputs[0].shape[-1]
    if name in CONVOLUTIONS or (name == "linear" and inputs[1].requires_grad):
        weight, bias = inputs[1], inputs[2] if len(inputs) > 2 else None
        return tensor.size * (math.prod(weight.shape[1:]) + (bias is not None))
    return 0


def own_bytes(tensor: Any) -> int:
    """The memory of a result; none where it is another view of an input, as after flatten."""
    shares = any(t is not None and np.may_share_memory(tensor.data, t.data) for t in tensor.grad_fn.inputs)
    return 0 if shares else tensor.data.nbytes
