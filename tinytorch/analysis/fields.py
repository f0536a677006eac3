"""Receptive fields by formula: what part of the image each place of each result of a network can depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.analysis.graph import CONVOLUTIONS, POOLINGS


@dataclass(frozen=True, eq=False)
class Axis:
    """The receptive fields along one axis of the image, in pixels.

    Place i sees `size` pixels from `start + i · jump` on. That is where the windows lie; part of it may be in the
    border around the image, or in a place that no later window reaches. `first[i]` and `last[i]` are the first and the
    last pixel of the image that place i can depend on in fact. `size` is None where places see differently many.
    """

    size: int | None
    jump: int
    start: int
    first: np.ndarray
    last: np.ndarray

    @property
    def places(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Field:
    """The receptive fields of a result: down and across. `is_map`: axes 2 and 3 of the result are down and across.

    Where it is no map, every number sees what a place of the `axes` sees, of which there is one; `mixed` says that
    this is so, and not, as after flatten, each number of another place.
    """

    axes: tuple[Axis, Axis]
    is_map: bool = True
    mixed: bool = True


def of_image(height: int, width: int) -> Field:
    """Each pixel sees itself."""
    down, across = (Axis(1, 1, 0, np.arange(n), np.arange(n)) for n in (height, width))
    return Field((down, across))


def fields(results: list[Any], x: Any) -> dict[int, Field | None]:
    """The `Field` of every result (by id) that depends on the images `x`, None where no formula is known for it.

    `results` stand in the order of their making.
    """
    known: dict[int, Field | None] = {id(x): of_image(*x.shape[2:]) if x.ndim == 4 else None}
    for tensor in results:
        seen = [known[id(t)] for t in tensor.grad_fn.inputs if id(t) in known]
        if seen:
            fields_seen = [field for field in seen if field is not None]
            known[id(tensor)] = _through(tensor, fields_seen) if len(fields_seen) == len(seen) else None
    return known


def _through(tensor: Any, seen: list[Field]) -> Field | None:
    """What a result sees, from what those of its inputs see that depend on the images."""
    function, inputs, settings = tensor.grad_fn
    name = function.__name__
    if name in (*CONVOLUTIONS, *POOLINGS):
        return _windows(seen[0], tensor.shape, window(tensor)) if seen[0].is_map and len(seen) == 1 else None
    if name in _ELEMENTWISE:
        return _union(seen)
    if name in ("sum", "amax", "amin"):
        return _reduce(seen[0], inputs[0].ndim, settings["dim"], settings["keepdim"])
    if name == "join":
        return _union(seen) if settings["dim"] % tensor.ndim == 1 else None
    if name == "reshape":
        return _reshape(seen[0], inputs[0].shape, tensor.shape)
    if name == "pad":
        return _pad(seen[0], settings["pad"]) if seen[0].is_map else None
    if name == "matrix_product" and not seen[0].is_map and len(seen) == 1:
        return Field(seen[0].axes, is_map=False)
    return None


_ELEMENTWISE = frozenset(
    "add sub mul div pow neg exp log sqrt abs clip where relu sigmoid tanh softplus normal_cdf".split()
)


@dataclass(frozen=True)
class Window:
    """A window along one axis: its points, the pixels from one to the next, its steps, the border before the image."""

    kernel: int
    stride: int
    dilation: int
    before: int


def window(tensor: Any) -> tuple[Window, Window]:
    """The windows, down and across, of the convolution or pooling that made a tensor."""
    _, inputs, settings = tensor.grad_fn
    kernel = _pair(settings["kernel_size"] if "kernel_size" in settings else inputs[1].shape[2:])
    stride = _pair(kernel if settings["stride"] is None else settings["stride"])
    dilation, padding = _pair(settings.get("dilation", 1)), settings["padding"]
    if padding == "same":
        before = [d * (k - 1) // 2 for k, d in zip(kernel, dilation)]
    else:
        before = list(_pair(0 if padding == "valid" else padding))
    down, across = (Window(*one) for one in zip(kernel, stride, dilation, before))
    return down, across


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, (int, np.integer)) else tuple(value)


def _windows(field: Field, shape: tuple[int, ...], win: tuple[Window, Window]) -> Field:
    down, across = (_slide(axis, places, w) for axis, places, w in zip(field.axes, shape[2:], win))
    return Field((down, across))


def _slide(axis: Axis, places: int, w: Window) -> Axis:
    """size' = size + (k − 1) · d · jump, jump' = jump · s, start' = start − before · jump.

    (Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural Networks", doi:10.23915/distill.00021.)
    """
    size = None if axis.size is None else axis.size + (w.kernel - 1) * w.dilation * axis.jump
    # the points that each window has on its input, where they are not in the border
    at = np.arange(places)[:, None] * w.stride - w.before + np.arange(w.kernel) * w.dilation
    inside = (at >= 0) & (at < axis.places)
    at = np.clip(at, 0, axis.places - 1)
    first, last = _hull(axis.first[at].T, np.where(inside, axis.last[at], -1).T)
    return Axis(size, axis.jump * w.stride, axis.start - w.before * axis.jump, first, last)


def _hull(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last pixel of several ranges (ranges, places) together; empty ones count for nothing."""
    until = last.max(axis=0)
    since = np.where(last < 0, until, first).min(axis=0)
    return np.maximum(since, 0), until


def _union(seen: list[Field]) -> Field | None:
    """What a number sees that was computed from one number of each."""
    if len({field.is_map for field in seen}) > 1:
        return None
    down, across = (_union_along([field.axes[i] for field in seen]) for i in (0, 1))
    return Field((down, across), seen[0].is_map, all(field.mixed for field in seen))


def _union_along(axes: list[Axis]) -> Axis:
    places = max(axis.places for axis in axes)
    axes = [axis if axis.places == places else _all_places(axis) for axis in axes]  # one place, spread over all
    first = np.stack(np.broadcast_arrays(*(axis.first for axis in axes)))
    last = np.stack(np.broadcast_arrays(*(axis.last for axis in axes)))
    first, last = _hull(first, last)
    fixed = [axis for axis in axes if axis.jump == 0]
    whole = [axis for axis in fixed if all((axis.first <= first.min()) & (axis.last >= last.max()))]
    if whole:
        return Axis(whole[0].size, 0, whole[0].start, first, last)
    start = min(axis.start for axis in axes)
    if len({axis.jump for axis in axes}) > 1 or any(axis.size is None for axis in axes):
        return Axis(None, max(axis.jump for axis in axes), start, first, last)
    end = max(axis.start + (axis.size or 0) for axis in axes)
    return Axis(end - start, axes[0].jump, start, first, last)


def _all_places(axis: Axis) -> Axis:
    """One place that sees what all of them see."""
    first, last = _hull(axis.first[:, None], axis.last[:, None])
    return Axis(int(last[0] - first[0] + 1), 0, int(first[0]), first, last)


def _reduce(field: Field, ndim: int, dim: Any, keepdim: bool) -> Field | None:
    dims = {d % ndim for d in (range(ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,))}
    if 0 in dims:
        return None
    if not field.is_map:
        return Field(field.axes, is_map=False)
    down, across = (_all_places(a) if i in dims else a for i, a in enumerate(field.axes, start=2))
    if keepdim:
        return Field((down, across))
    return Field((down, across), is_map=False) if {2, 3} <= dims else None


def _reshape(field: Field, before: tuple[int, ...], after: tuple[int, ...]) -> Field | None:
    if field.is_map and len(after) == 4 and after[2:] == before[2:] and after[0] == before[0]:
        return field
    if len(after) == 2 and after[0] == before[0]:
        if not field.is_map:
            return field
        down, across = map(_all_places, field.axes)
        return Field((down, across), is_map=False, mixed=all(axis.places == 1 for axis in field.axes))
    if not field.is_map and len(after) == 4 and after[2:] == (1, 1) and after[0] == before[0]:
        return Field(field.axes) if field.mixed else None  # of a squeeze and excitation
    return None


def _pad(field: Field, pad: tuple[int, ...]) -> Field | None:
    if any(pad[4:]):
        return None
    left, right, above, below = (*pad, 0, 0, 0, 0)[:4]
    down, across = (_border(a, *ends) for a, ends in zip(field.axes, ((above, below), (left, right))))
    return Field((down, across))


def _border(axis: Axis, before: int, after: int) -> Axis:
    first = np.pad(axis.first, (before, after), constant_values=0)
    last = np.pad(axis.last, (before, after), constant_values=-1)
    return Axis(axis.size, axis.jump, axis.start - before * axis.jump, first, last)
