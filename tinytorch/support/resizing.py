"""Where the pixels of a resized image come from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def check_interpolate(
    x: Any, size: Any, scale_factor: Any, mode: str, align_corners: bool | None, antialias: bool
) -> None:
    """Raise ValueError for settings of `interpolate` that do not fit each other, or are not served."""
    linear = {3: "linear", 4: "bilinear"}
    if x.ndim not in linear:
        raise ValueError(f"input: expected (N, C, L) or (N, C, H, W), got shape {x.shape}; add the batch axis first")
    if mode not in ("nearest", linear[x.ndim]):
        raise ValueError(f"mode: expected 'nearest' or {linear[x.ndim]!r} for {x.ndim} axes, got {mode!r}")
    if (size is None) == (scale_factor is None):
        raise ValueError("size, scale_factor: expected one of them, got both or neither")
    if align_corners is not None and mode == "nearest":
        raise ValueError("align_corners: only for 'linear' and 'bilinear'; leave it out with mode='nearest'")
    if antialias:
        raise ValueError("antialias: not served; average with avg_pool2d before making an image smaller")


def sizes_and_scales(
    shape: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool
) -> list[tuple[int, int, float]]:
    """Return (size, new size, old pixels per new one) for each axis. Raises ValueError for sizes below 1."""
    given = size if scale_factor is None else scale_factor
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,) * len(shape)
    if len(each) != len(shape):
        raise ValueError(f"size, scale_factor: expected {len(shape)} numbers, one for each axis, got {given!r}")
    found = []
    for old, number in zip(shape, each):
        new = int(number) if scale_factor is None else math.floor(old * number)
        if new < 1:
            raise ValueError(f"size: expected at least 1 pixel along each axis, got {new} of {old} by {given!r}")
        found.append((old, new, old / new if scale_factor is None or recompute else 1 / number))
    return found


def nearest_places(old: int, new: int, scale: float) -> np.ndarray:
    """Return for each new pixel the old one that it repeats: ⌊i · scale⌋, computed in float32 as in torch."""
    places = np.floor(np.arange(new, dtype=np.float32) * np.float32(scale)).astype(np.int64)
    return np.minimum(places, old - 1)


def linear_places(old: int, new: int, scale: float, align_corners: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each new pixel the two old ones between which it lies, and the share of the second."""
    if align_corners:
        places = np.arange(new) * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        places = np.maximum((np.arange(new) + 0.5) * scale - 0.5, 0.0)
    low = np.minimum(np.floor(places).astype(np.int64), old - 1)
    return low, np.minimum(low + 1, old - 1), places - low
