"""Where the pixels of a resized image come from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.support.torch_arguments import refuse_not_served

_LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}  # torch's names, by the number of axes


def check_interpolate(
    x: Any, size: Any, scale_factor: Any, mode: str, align_corners: bool | None, antialias: bool
) -> None:
    """Raise ValueError for settings of `interpolate` that do not fit each other, or are not served."""
    if x.ndim not in _LINEAR:
        raise ValueError(f"input: expected (N, C, L), (N, C, H, W) or (N, C, D, H, W), got shape {x.shape}")
    served = ["nearest", "nearest-exact", "area", _LINEAR[x.ndim], *["bicubic"] * (x.ndim == 4)]
    if mode not in served:
        raise ValueError(f"mode: expected one of {', '.join(served)} for {x.ndim} axes, got {mode!r}")
    if x.dtype.kind != "f" and not mode.startswith("nearest"):
        raise TypeError(f"input: expected floating numbers, got {x.dtype}; pixels become floats by x / 255.0")
    if (size is None) == (scale_factor is None):
        raise ValueError("size, scale_factor: expected one of them, got both or neither")
    if align_corners is not None and not mode.endswith(("linear", "cubic")):
        raise ValueError(f"align_corners: only for modes that mix by distance; leave it out with mode={mode!r}")
    refuse_not_served("interpolate", antialias=antialias)


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


Taps = list[tuple[np.ndarray, np.ndarray]]  # for each new pixel: an old one's place, and its share


def taps(mode: str, old: int, new: int, scale: float, align_corners: bool) -> Taps:
    """Return which old pixels of one axis the new ones are mixed from, and their shares, which sum to 1.

    "nearest" takes ⌊i · scale⌋ and "nearest-exact" ⌊(i + ½) · scale⌋, in float32 as in torch. "bicubic" is the cubic
    convolution with a = −¾ (Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", eq. 4).
    """
    if mode.startswith("nearest"):
        middle = np.float32(0.5 if mode == "nearest-exact" else 0.0)
        nearest = np.floor((np.arange(new, dtype=np.float32) + middle) * np.float32(scale)).astype(np.int64)
        return [(np.minimum(nearest, old - 1), np.ones(new))]
    if align_corners:
        places = np.arange(new) * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        places = (np.arange(new) + 0.5) * scale - 0.5
    if mode != "bicubic":
        places = np.maximum(places, 0.0)
    low = np.minimum(np.floor(places).astype(np.int64), old - 1)
    part = places - low
    if mode == "bicubic":
        shares = {offset: _cubic(np.abs(part - offset)) for offset in (-1, 0, 1, 2)}
    else:
        shares = {0: 1 - part, 1: part}
    return [(np.clip(low + offset, 0, old - 1), share) for offset, share in shares.items()]


def _cubic(x: np.ndarray, a: float = -0.75) -> np.ndarray:
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, far)
