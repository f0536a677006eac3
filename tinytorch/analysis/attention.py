"""What a network makes of a picture: the maps of its layers, and where it looks for a class."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinytorch
from tinytorch.analysis.graph import CONVOLUTIONS, Graph
from tinytorch.analysis.receptive import last_map
from tinytorch.analysis.trace import Call, as_input, call_named, evaluating, trace


def feature_maps(model: Any, x: Any) -> dict[str, np.ndarray]:
    """What each layer makes of one picture: `Call.key` → array without the batch axis, in the order of the calls.

    x: (C, H, W), or (1, C, H, W); a tensor or an array. A convolution gives (channels, height, width), a dense layer
    (features,). The network itself, and what only passes on the result of a layer within it, are left out. Runs in
    eval mode. Raises ValueError for more than one picture.
    """
    image = as_input(x)
    image = image.unsqueeze(0) if image.ndim == 3 else image
    if len(image) != 1:
        raise ValueError(f"x: expected one picture, (C, H, W) or (1, C, H, W), got {image.shape}; pass x[:1]")
    with evaluating(model):
        calls = trace(model, image)
    within = {id(call.parent): call.output for call in sorted(calls, key=lambda c: c.ended)}  # each parent's last
    own = [call for call in calls if call.output is not within.get(id(call))]
    own = [call for call in own if call.parent is not None] or calls[:1]
    return {call.title: call.output.data[0] for call in own}


def grad_cam(model: Any, x: Any, class_index: int | None = None, layer: str | None = None) -> np.ndarray:
    """Where the network looks for a class: one map per picture, (N, H, W), of the pictures' size, from 0 to 1.

    x: (N, C, H, W). class_index: whose logit; without one, for each picture that of the class the network names.
    layer: whose maps, by default the last of more than one place: what the last convolution found, after the ReLU and
    pooling that follow it. cam = relu(Σ_k α_k · A_k), with A_k the maps of the
    layer and α_k the mean over the places of ∂ logit / ∂ A_k; enlarged bilinearly, then each divided by its largest
    value. A map that is 0 everywhere says that nothing in the layer speaks for the class. (Selvaraju et al. 2017,
    arXiv:1610.02391.)

    Raises ValueError for a network whose output is not (N, classes), one without convolutions, a layer that gives no
    map, and a class that is not there.
    """
    data = as_input(x).data
    if data.ndim != 4:
        fix = f"; add the batch axis: x[None] is {(1, *data.shape)}" if data.ndim == 3 else ""
        raise ValueError(f"x: expected (batch, channels, height, width), got {data.shape}{fix}")
    graph = Graph(model, data)
    logits = graph.output
    if logits.ndim != 2:
        raise ValueError(f"model: expected an output of shape (N, classes), got {logits.shape}")
    chosen = logits.data.argmax(axis=1) if class_index is None else _class(class_index, logits.shape[1])
    maps = _map_layer(graph, layer).output
    seed = np.zeros(logits.shape, logits.dtype)
    seed[np.arange(len(seed)), chosen] = 1
    gradient = tinytorch.grad(logits, maps, seed)[0].data
    alpha = gradient.mean(axis=(2, 3), keepdims=True)
    cam = np.maximum((alpha * maps.data).sum(axis=1), 0)
    cam = resize(cam, data.shape[2:])
    largest = cam.max(axis=(1, 2), keepdims=True)
    return cam / np.where(largest > 0, largest, 1)


def _class(index: Any, classes: int) -> int:
    if not isinstance(index, (int, np.integer)) or not 0 <= index < classes:
        raise ValueError(f"class_index: expected a whole number from 0 to {classes - 1}, got {index!r}")
    return int(index)


def _map_layer(graph: Graph, layer: str | None) -> Call:
    if layer is not None:
        call = call_named(graph.calls, layer)
        if call.output.ndim != 4:
            raise ValueError(
                f"layer: expected one that gives a map (N, C, H, W); {call.title!r} gives {call.output.shape}"
            )
        return call
    if any(t.grad_fn.function.__name__ in CONVOLUTIONS for call in graph.calls for t in graph.own(call)):
        return last_map(graph.calls)
    kinds = ", ".join(sorted({type(call.layer).__name__ for call in graph.calls}))
    raise ValueError(f"model: expected a network with a convolution, whose maps can be weighed; this one has {kinds}")


def resize(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (…, h, w) enlarged or reduced to (…, *size), bilinearly between the centres of the pixels.

    As torch.nn.functional.interpolate(mode="bilinear", align_corners=False).
    """
    down, across = (_between(new, old) for new, old in zip(size, maps.shape[-2:]))
    return (down @ maps @ across.T).astype(maps.dtype)


def _between(new: int, old: int) -> np.ndarray:
    """The matrix (new, old) that takes each new pixel from the two old ones that it lies between."""
    at = ((np.arange(new) + 0.5) * old / new - 0.5).clip(0, old - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(old)))
