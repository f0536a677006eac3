"""The dtypes and constants by torch's names: the dtypes are NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.support import dtypes

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
int8 = np.dtype(np.int8)
uint8 = np.dtype(np.uint8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)
dtype = np.dtype
iinfo, finfo = np.iinfo, np.finfo
pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None


def get_default_dtype() -> np.dtype[Any]:
    """Return float32, the dtype of new floating tensors."""
    return float32


def set_default_dtype(d: Any) -> None:
    """Accept float32, the dtype of new floating tensors. Raises TypeError for another."""
    if np.dtype(d) != float32:
        raise TypeError(f"set_default_dtype: {np.dtype(d)} is not served: new tensors are float32; pass dtype=")


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """Return the dtype of the sum of two tensors or numbers."""
    from tinytorch.core.tensor import as_tensors  # here, because the dtypes' names need no chapter

    return dtypes.result_type([t.data for t in as_tensors([tensor1, tensor2])])
