"""Losses that only remember settings: given, and composed from the functions of chapter 04."""

from __future__ import annotations

from typing import Any

from tinytorch.core.layers import Module
from tinytorch.core.losses import binary_cross_entropy_with_logits, nll_loss
from tinytorch.core.tensor import Tensor
from tinytorch.support.arguments import checked_by
from tinytorch.support.losses import check_loss


class NLLLoss(Module):
    """`nll_loss` as an object: log-probabilities and class indices."""

    weight: Tensor | None

    @checked_by(check_loss)
    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        self.register_buffer("weight", None if weight is None else Tensor(weight))
        self.ignore_index = ignore_index
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        return nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCEWithLogitsLoss(Module):
    """`binary_cross_entropy_with_logits` as an object: scores and probabilities."""

    weight: Tensor | None
    pos_weight: Tensor | None

    @checked_by(check_loss)
    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        self.register_buffer("weight", None if weight is None else Tensor(weight))
        self.register_buffer("pos_weight", None if pos_weight is None else Tensor(pos_weight))
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        return binary_cross_entropy_with_logits(input, target, self.weight, self.pos_weight, reduction=self.reduction)
