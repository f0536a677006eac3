"""Images and signals of another size, and axes split in several: given, and composed from chapters 01 and 03."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core import tensor as _chapter
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, stack
from tinytorch.support.resizing import check_interpolate, sizes_and_scales, taps
from tinytorch.support.windows import regions


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Return images (N, C, H, W) with another number of pixels: `size`, or H · `scale_factor`; signals, volumes too.

    "nearest" and "nearest-exact" repeat pixels; "bilinear" ("linear" for signals, "trilinear" for volumes) mixes the
    two nearest of each axis, "bicubic" the four nearest; "area" is the mean of a region. With `align_corners` corner
    pixels keep their places, without it the edges of the image do. Raises TypeError for integers that would be mixed.
    """
    check_interpolate(input, size, scale_factor, mode, align_corners, antialias)
    scales = sizes_and_scales(input.shape[2:], size, scale_factor, bool(recompute_scale_factor))
    for axis, (old, new, scale) in enumerate(scales, start=2):
        before = (slice(None),) * axis
        if mode == "area":
            input = stack([input[before + (region,)].mean(dim=axis) for region in regions(old, new)], dim=axis)
            continue
        mixed = None
        for places, shares in taps(mode, old, new, scale, bool(align_corners)):
            part = input[before + (places,)]
            if not mode.startswith("nearest"):
                part = part * Tensor(shares.reshape(-1, *[1] * (input.ndim - axis - 1)), dtype=input.dtype)
            mixed = part if mixed is None else mixed + part
        input = mixed
    return input


_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # NumPy's names


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """Return the tensor with `value` (0), or with its own numbers, around its last axes; a negative pad takes away.

    `pad` is as in chapter 01; "reflect" mirrors, "replicate" repeats the edge, "circular" goes on at the other end.
    Raises ValueError for another mode.
    """
    if mode not in _MODES:
        raise ValueError(f"pad: mode: expected one of {', '.join(_MODES)}, got {mode!r}")
    for axis, (before, after) in enumerate(zip(pad[::2], pad[1::2]), start=1):
        n = input.shape[-axis]
        places, less = np.arange(n), (max(0, -before), max(0, -after))
        if mode == "circular":  # goes round what is left; the others take away from what they added to
            places, less = places[less[0] : n - less[1]], (0, 0)
        if mode != "constant":
            places = np.pad(places, (max(0, before), max(0, after)), _MODES[mode])  # type: ignore[call-overload]
        places = places[less[0] : len(places) - less[1]]
        if mode != "constant" or len(places) < n:
            index = (*[slice(None)] * (input.ndim - axis), places)
            input = input[index]
    return input if mode != "constant" else _chapter.pad(input, pad=[max(0, k) for k in pad], value=value or 0.0)


class Upsample(Module):
    """`interpolate` as a layer."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, x: Any) -> Tensor:
        settings = self.mode, self.align_corners, self.recompute_scale_factor
        return interpolate(x, self.size, self.scale_factor, *settings)

    def extra_repr(self) -> str:
        size = f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"
        return f"{size}, mode={self.mode!r}"


class Unflatten(Module):
    """Splits the axis `dim` into axes of `unflattened_size`, of which one may be −1: the inverse of Flatten."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        if not isinstance(dim, (int, np.integer)):
            raise TypeError(f"Unflatten: dim: expected a whole number, got {dim!r}; axes have no names here")
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, x: Any) -> Tensor:
        if not -x.ndim <= self.dim < x.ndim:
            raise IndexError(f"Unflatten: dim: expected {-x.ndim} to {x.ndim - 1}, got {self.dim}")
        axis = self.dim % x.ndim
        return x.reshape(*x.shape[:axis], *self.unflattened_size, *x.shape[axis + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
