"""What Python and other libraries ask of a tensor: its numbers as an array, as bytes, as a copy, and its rows.

An array made from a tensor shares its memory where the caller allows it. It is no part of the graph, so a tensor that
requires a gradient gives its numbers, too. DLPack refuses such a tensor, as in torch: the receiver would take
the numbers for a tensor of its own, and the gradient would be lost there unnoticed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np

_NOTES = (
    "memory",
    "view_of",
    "uses",
    "marks",
    "gradient_hooks",
)  # of one tensor's place in graphs and memory (in_place.py)


class InterchangeMethods:
    """The protocols by which NumPy, pandas, PIL, matplotlib, torch, copy and pickle take a tensor."""

    data: np.ndarray
    requires_grad: bool
    grad_fn: Any

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.data, dtype, copy=copy)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The array interface (version 3) of the numbers, whose memory stays as long as somebody uses it.

        NumPy's own entry `data` is a bare address: an array made from it would keep this tensor, which may have got
        other numbers since, and not the memory that it reads.
        """
        address = self.data.__array_interface__["data"][0]
        low, high = np.lib.array_utils.byte_bounds(self.data)
        memory = (ctypes.c_char * (high - low)).from_address(low)
        memory.owner = self.data  # type: ignore[attr-defined]
        view = memoryview(memory) if self.data.flags.writeable else memoryview(memory).toreadonly()
        return self.data.__array_interface__ | {"data": view, "offset": address - low, "strides": self.data.strides}

    def tobytes(self) -> bytes:
        """Return the numbers as bytes in row-major order, as PIL asks for them."""
        return self.data.tobytes()

    def __dlpack__(self, **request: Any) -> Any:
        if self.requires_grad:
            raise BufferError("__dlpack__: a tensor that requires a gradient stays here; pass tensor.detach()")
        if min(self.data.strides, default=0) < 0 and not request.get("copy"):  # torch aborts the process for these
            raise BufferError("__dlpack__: this tensor's memory runs backwards; pass Tensor(tensor.data.copy())")
        return self.data.__dlpack__(**request)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.data.__dlpack_device__()

    def __iter__(self) -> Iterator[Any]:
        if self.data.ndim == 0:
            raise TypeError("iteration over a tensor without dimensions; use .item() for its value")
        return (self[place] for place in range(len(self.data)))  # type: ignore[index]

    def __getstate__(self) -> dict[str, Any]:
        """The attributes without gradient and graph, which neither a copy nor a pickled tensor has, as in torch."""
        return {name: value for name, value in vars(self).items() if name not in _NOTES} | {
            "grad": None,
            "grad_fn": None,
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self.grad_fn is not None:
            raise RuntimeError(
                "deepcopy: this tensor was computed from others that require a gradient, and its graph is not copied; "
                "copy tensor.detach()"
            )
        import copy

        memo[id(self)] = new = type(self).__new__(type(self))
        kept = {name: value for name, value in vars(self).items() if name not in _NOTES}
        vars(new).update(copy.deepcopy(kept, memo))
        return new
