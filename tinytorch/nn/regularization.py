"""Dropout with torch's settings: given, and composed from chapter 03."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinytorch.core.layers as _chapter
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor
from tinytorch.support.arguments import checked_by
from tinytorch.support.in_place import may_write_input
from tinytorch.support.layers import check_probability


@may_write_input
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Return x with each element set to zero with probability p, and the others divided by 1 − p.

    With `inplace` the result is written into the input; both raise for a leaf that requires a gradient.
    """
    return _chapter.dropout(input, p, training)


@may_write_input
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Return x (N, C, …) with each channel of each sample set to zero with probability p, the others over 1 − p."""
    if not training:
        return input
    if input.ndim < 3:
        raise ValueError(f"dropout2d: input: expected (N, C, …) with at least 3 axes, got shape {input.shape}")
    ones = Tensor(np.ones((*input.shape[:2], *[1] * (input.ndim - 2)), input.dtype))
    return input * _chapter.dropout(ones, p, training)


class Dropout(_chapter.Dropout):
    """`dropout` while its attribute `training` is True, as it is until `eval()`."""

    @checked_by(check_probability)
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(p)
        self.inplace = inplace

    def forward(self, x: Any) -> Tensor:
        return dropout(x, self.p, self.training, inplace=True) if self.inplace else super().forward(x)


class Dropout2d(Module):
    """`dropout2d`, while its attribute `training` is True: whole feature maps are dropped (arXiv:1411.4280)."""

    @checked_by(check_probability)
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Tensor:
        return dropout2d(x, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}"
