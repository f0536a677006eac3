"""What the figures are given: a network, and a picture that fits it."""

from __future__ import annotations

from typing import Any

from tinytorch.analysis import layer_named, trace
from tinytorch.analysis.trace import as_input, evaluating
from tinytorch.viz.style import counted

# channels of the picture, channels that the network reads → what to pass instead
_CHANNELS = {(1, 3): "np.repeat(image, 3, axis=0)", (3, 1): "image.mean(axis=0, keepdims=True)"}


def layers(model: Any) -> list[tuple[str, Any]]:
    """(dotted name, layer) of a network and all below it. Raises TypeError for what is no network."""
    return list(layer_named(model, "").named_modules())


def one_picture(model: Any, image: Any) -> Any:
    """The picture (C, H, W) or (1, C, H, W), C = 3 or 1, as a tensor (1, C, H, W).

    Raises ValueError where it is none, or does not fit the network, TypeError for whole numbers.
    """
    x = as_input(image)
    shape = tuple(x.shape)
    x = x.unsqueeze(0) if x.ndim == 3 else x
    if x.ndim != 4 or x.shape[0] != 1 or x.shape[1] not in (1, 3):
        fix = "; move its channels to the front: image.transpose(2, 0, 1)" if x.shape[-1] in (1, 3) else ""
        raise ValueError(f"image: expected one picture, shape (3, H, W) or (1, H, W), got {shape}{fix}")
    wanted = next((part.in_channels for _, part in layers(model) if hasattr(part, "in_channels")), x.shape[1])
    if wanted != x.shape[1]:
        instead = _CHANNELS.get((x.shape[1], wanted))
        raise ValueError(
            f"image: expected {counted(wanted, 'channel')}, which the network reads, got {x.shape[1]}"
            + (f"; pass {instead}" if instead else "")
        )
    try:
        with evaluating(model):
            trace(model, x)
    except ValueError as error:
        raise ValueError(f"image: shape {tuple(x.shape[1:])} does not fit the network: {error}") from None
    return x
