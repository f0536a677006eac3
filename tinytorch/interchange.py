"""Tensors from other libraries' memory: given, and composed from chapter 01's `Tensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor


def from_dlpack(x: Any) -> Tensor:
    """Return a tensor that shares the memory of `x`, an array or tensor of a library that speaks DLPack.

    A write on one side is seen on the other. Raises TypeError where `x` does not speak it, or has a dtype that NumPy
    lacks, such as bfloat16; BufferError where its memory is not this processor's, or it requires a gradient. Source:
    the Python array API standard, `from_dlpack`.
    """
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: x: expected an array with __dlpack__, got {type(x).__name__}; use tensor(x)")
    try:
        return Tensor(np.from_dlpack(x))
    except (RuntimeError, BufferError) as error:
        if "Unsupported dtype" in str(error):
            raise TypeError(
                f"from_dlpack: x: NumPy has no dtype for it ({error}); convert it there, as x.float()"
            ) from None
        raise
