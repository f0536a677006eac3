"""The steps that a network takes from a picture to its scores, and which of their numbers follow from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch import Tensor, nn
from tinytorch.analysis.fields import Field, Window, fields, window
from tinytorch.analysis.graph import CONVOLUTIONS, Graph


@dataclass
class Step:
    """One function of the network: what it was called with and what came out, for a batch of pictures.

    A layer of `ONE_STEP` is one step, although its forward calls several functions.
    """

    op: str
    name: str  # of the layer that computed it; a function without a layer is counted: "relu 1"
    inputs: list[int | Tensor]  # the number of an earlier step (0 is the picture), or a tensor of the network
    settings: dict[str, Any]
    out: np.ndarray
    field: Field | None
    windows: tuple[Window, Window] | None = None

    @property
    def constants(self) -> list[np.ndarray]:
        """The inputs that are the network's own: weight, bias, …"""
        return [t.data for t in self.inputs if not isinstance(t, int)]


# Layer -> the op of its step, and which of the layer's attributes are constants and settings of it.
ONE_STEP: dict[type, tuple[str, list[str], list[str]]] = {
    nn.Linear: ("linear", ["weight", "bias"], []),
    nn.BatchNorm2d: ("normalize", ["running_mean", "running_var", "weight", "bias"], ["eps"]),
    nn.LeakyReLU: ("leaky_relu", [], ["negative_slope"]),
    nn.GELU: ("gelu", [], []),
    nn.Softmax: ("softmax", [], []),
    nn.LogSoftmax: ("log_softmax", [], []),
}


def steps_of(graph: Graph) -> list[Step]:
    """The steps in the order of computing; step 0 is the picture, the last one the scores.

    Raises ValueError if the scores do not depend on the pictures: what was made with NumPy has no past.
    """
    seen = fields(graph.results, graph.x)
    steps = [Step("picture", "picture", [], {}, graph.x.data, seen[id(graph.x)])]
    number = {id(graph.x): 0}
    counts: dict[str, int] = {}
    for tensor in graph.results:
        call = graph.owner[id(tensor)]
        if type(call.layer) in ONE_STEP:
            if tensor is not call.output:
                continue
            op, constants, names = ONE_STEP[type(call.layer)]
            given = [*call.inputs, *(getattr(call.layer, name) for name in constants)]
            settings = {name: getattr(call.layer, name) for name in names}
        else:
            function, given, settings = tensor.grad_fn
            op = "conv2d" if function.__name__ in CONVOLUTIONS else function.__name__
        inputs = [number.get(id(t), t) for t in given if t is not None]
        if not any(isinstance(i, int) for i in inputs):
            continue  # made of the network's own numbers alone
        counts[op] = counts.get(op, 0) + 1
        is_result = call.name and graph.own(call)[-1] is tensor
        name = call.key if is_result else f"{op.removesuffix('2d').replace('_', ' ')} {counts[op]}"
        windows = window(tensor) if op in ("conv2d", "max_pool2d", "avg_pool2d") else None
        number[id(tensor)] = len(steps)
        steps.append(Step(op, name, inputs, settings, tensor.data, seen.get(id(tensor)), windows))
        if tensor is graph.output:
            return steps
    raise ValueError(
        "model: its output does not remember the picture it was made from; "
        "in forward, compute with tensors only, not with .data or .numpy()"
    )


# ---- what need not be stored -----------------------------------------------------------------------
# These functions round a few times, in an order that is given, so the page gets the same bits from their inputs.
# Whether the network at hand gives them, too, is compared, picture by picture.


def deviation(step: Step) -> np.ndarray:
    """√(variance + ε) of each channel, by which batch norm divides after training."""
    var = step.constants[1]
    return np.sqrt(var + np.asarray(step.settings["eps"], var.dtype))


def _max_pool(step: Step, x: np.ndarray) -> np.ndarray:
    assert step.windows is not None
    reach = [(w.kernel - 1) * w.dilation + 1 for w in step.windows]
    border = [(w.before, w.before) for w in step.windows]
    padded = np.pad(x, ((0, 0), (0, 0), *border), constant_values=-np.inf)
    windows = sliding_window_view(padded, reach, axis=(2, 3))
    down, across = step.windows
    return windows[:, :, :: down.stride, :: across.stride, :: down.dilation, :: across.dilation].max(axis=(-2, -1))


def _normalize(step: Step, x: np.ndarray) -> np.ndarray:
    mean, _, weight, bias = (array[:, None, None] for array in step.constants)
    return (x - mean) / deviation(step)[:, None, None] * weight + bias


_AGAIN: dict[str, Callable[..., np.ndarray]] = {
    "relu": lambda step, x: np.maximum(x, 0),
    "max_pool2d": _max_pool,
    "normalize": _normalize,
    "add": lambda step, a, b: a + b,
    "reshape": lambda step, x: x.reshape(step.out.shape),
}


def follows(step: Step, steps: list[Step]) -> bool:
    """Whether this step's numbers follow, to the last bit, from those of earlier steps."""
    pictured = [steps[i].out for i in step.inputs if isinstance(i, int)]
    if step.op not in _AGAIN or (step.op == "add" and len(pictured) != 2):
        return False
    return np.array_equal(_AGAIN[step.op](step, *pictured), step.out)
