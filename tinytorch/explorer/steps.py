"""The steps that a network takes from a picture to its scores, and which of their numbers follow from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch import Tensor
from tinytorch.analysis.fields import Field, Window, fields, window
from tinytorch.analysis.graph import CONVOLUTIONS, Graph


@dataclass
class Step:
    """One function of the network: what it was called with and what came out, for a batch of pictures."""

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


def steps_of(graph: Graph) -> list[Step]:
    """The steps in the order of computing; step 0 is the picture, the last one the scores.

    Raises ValueError if the scores do not depend on the pictures: what was made with NumPy has no past.
    """
    seen = fields(graph.results, graph.x)
    steps = [Step("picture", "picture", [], {}, graph.x.data, seen[id(graph.x)])]
    number = {id(graph.x): 0}
    counts: dict[str, int] = {}
    for tensor in graph.results:
        inputs = [number.get(id(t), t) for t in tensor.grad_fn.inputs if t is not None]
        if not any(isinstance(i, int) for i in inputs):
            continue  # made of the network's own numbers alone
        op = tensor.grad_fn.function.__name__
        op = "conv2d" if op in CONVOLUTIONS else op
        counts[op] = counts.get(op, 0) + 1
        call = graph.owner[id(tensor)]
        is_result = call.name and graph.own(call)[-1] is tensor
        name = call.key if is_result else f"{op.removesuffix('2d').replace('_', ' ')} {counts[op]}"
        windows = window(tensor) if op in ("conv2d", "max_pool2d", "avg_pool2d") else None
        number[id(tensor)] = len(steps)
        steps.append(Step(op, name, inputs, tensor.grad_fn.settings, tensor.data, seen.get(id(tensor)), windows))
        if tensor is graph.output:
            return steps
    raise ValueError(
        "model: its output does not remember the picture it was made from; "
        "in forward, compute with tensors only, not with .data or .numpy()"
    )


# ---- what need not be stored -----------------------------------------------------------------------
# These functions round at most twice, in an order that is given, so the page gets the same bits from their inputs.
# Whether the network at hand gives them, too, is compared, picture by picture.


def scale_and_shift(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Batch norm after training is one factor and one summand for each channel."""
    mean, var, *learned = step.constants
    weight, bias = learned if len(learned) == 2 else (np.float32(1), np.float32(0))
    scale = np.asarray(weight / np.sqrt(var + np.asarray(step.settings["eps"], var.dtype)), np.float32)
    return scale, np.asarray(bias - mean * scale, np.float32)


def _max_pool(step: Step, x: np.ndarray) -> np.ndarray:
    assert step.windows is not None
    reach = [(w.kernel - 1) * w.dilation + 1 for w in step.windows]
    border = [(w.before, w.before) for w in step.windows]
    padded = np.pad(x, ((0, 0), (0, 0), *border), constant_values=-np.inf)
    windows = sliding_window_view(padded, reach, axis=(2, 3))
    down, across = step.windows
    return windows[:, :, :: down.stride, :: across.stride, :: down.dilation, :: across.dilation].max(axis=(-2, -1))


def _normalize(step: Step, x: np.ndarray) -> np.ndarray:
    scale, shift = (a[:, None, None] for a in scale_and_shift(step))
    return np.float32(x * scale) + shift


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
