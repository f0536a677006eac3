"""Losses with torch's settings, and as objects that remember them: given, and composed from chapter 04."""

from __future__ import annotations

from typing import Any

import tinytorch.core.activations as _activations
import tinytorch.core.losses as _chapter
from tinytorch.core.layers import Module
from tinytorch.core.losses import reduce_losses
from tinytorch.core.tensor import Tensor, as_tensors, clip, exp, log, where
from tinytorch.support.dtypes import float16_in_float32
from tinytorch.support.losses import (
    are_probabilities,
    check_elementwise,
    check_loss,
    check_probabilities,
    check_probability_targets,
    class_axis,
)
from tinytorch.support.torch_arguments import refuse_not_served


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None
) -> Tensor:
    """Return (input − target)², reduced. Errors as in chapter 04."""
    refuse_not_served("mse_loss", size_average=size_average, reduce=reduce, weight=weight)
    return _chapter.mse_loss(input, target, reduction)


@float16_in_float32
def l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None
) -> Tensor:
    """Return |input − target|, reduced."""
    refuse_not_served("l1_loss", size_average=size_average, reduce=reduce, weight=weight)
    input, target = _elements("l1_loss", input, target, reduction)
    return reduce_losses((input - target).abs(), reduction, input.numel())


def smooth_l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Return d² / (2·beta) where d = |input − target| < beta, d − beta/2 elsewhere, reduced."""
    refuse_not_served("smooth_l1_loss", size_average=size_average, reduce=reduce)
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta: expected a number of at least 0, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return huber_loss(input, target, reduction, beta) / beta


@float16_in_float32
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """Return d² / 2 where d = |input − target| ≤ delta, delta · (d − delta/2) elsewhere, reduced."""
    refuse_not_served("huber_loss", weight=weight)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta: expected a number above 0, got {delta}")
    input, target = _elements("huber_loss", input, target, reduction)
    distance = (input - target).abs()
    far = distance > delta
    near = where(far, 0.0, distance)  # so that no large distance is squared: its gradient would be NaN
    losses = where(far, delta * (distance - 0.5 * delta), 0.5 * near * near)
    return reduce_losses(losses, reduction, input.numel())


@float16_in_float32
def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Return t · (log t − input) for log-probabilities `input`, reduced; with `log_target` the target is log t.

    `reduction="batchmean"` divides the sum by the batch size, which is the Kullback-Leibler divergence per sample.
    """
    refuse_not_served("kl_div", size_average=size_average, reduce=reduce)
    input, target = _elements("kl_div", input, target, "sum" if reduction == "batchmean" else reduction)
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = target * log(where(target == 0, 1.0, target)) - target * input
    if reduction == "batchmean":
        return losses.sum() / (len(input) if input.ndim else 1)
    return reduce_losses(losses, reduction, losses.numel())


@float16_in_float32
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return −w_y · log p_y for log-probabilities `input` and class indices y. Shapes and errors as in chapter 04."""
    refuse_not_served("nll_loss", size_average=size_average, reduce=reduce)
    return _chapter.nll_loss(input, target, weight, ignore_index=ignore_index, reduction=reduction)


@float16_in_float32
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross entropy of scores and class indices, as in chapter 04, or of scores and class probabilities.

    Probabilities are floats of the input's shape: −Σ_c w_c · ((1 − ε)·p_c + ε/C) · log softmax(input)_c, and the mean
    divides by the number of samples, also with weights.
    """
    refuse_not_served("cross_entropy", size_average=size_average, reduce=reduce)
    if not are_probabilities(input, target):
        settings = {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": label_smoothing}
        return _chapter.cross_entropy(input, target, weight, **settings)
    input, target, weight = as_tensors((input, target, weight))
    check_probability_targets(input, weight, ignore_index, reduction, label_smoothing)
    axis = class_axis(input)
    classes = input.shape[axis]
    q = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        q = q * weight.reshape(-1, *[1] * (input.ndim - axis - 1))
    losses = -(q * _activations.log_softmax(input, dim=axis)).sum(dim=axis)
    return reduce_losses(losses, reduction, losses.numel())


@float16_in_float32
def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return −y · log p − (1 − y) · log(1 − p) for probabilities p = `input` and y = `target`, times `weight`, reduced.

    As in torch a logarithm is at least −100, and the slope is (p − y) / max(p · (1 − p), 10⁻¹²). Raises ValueError for
    numbers outside [0, 1]. `binary_cross_entropy_with_logits` takes scores, and rounds less.
    """
    name = "binary_cross_entropy"
    refuse_not_served(name, size_average=size_average, reduce=reduce)
    input, target = _elements(name, input, target, reduction)
    (weight,) = as_tensors((weight,))
    check_probabilities(name, input, target, weight)
    p, y = input.detach(), target.detach()
    log_yes, log_no = (clip(log(where(q > 0, q, 1e-45)), min=-100.0) for q in (p, 1 - p))
    log_yes, log_no = where(p > 0, log_yes, -100.0), where(p < 1, log_no, -100.0)
    slope = (p - y) / clip(p * (1 - p), min=1e-12)
    losses = -(target * log_yes + (1 - target) * log_no) + slope * (input - p)
    if weight is not None:
        losses = losses * weight
    return reduce_losses(losses, reduction, losses.numel())


@float16_in_float32
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Return the binary cross entropy of scores and probabilities, as in chapter 04."""
    refuse_not_served("binary_cross_entropy_with_logits", size_average=size_average, reduce=reduce)
    return _chapter.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction=reduction)


def _elements(name: str, input: Any, target: Any, reduction: str) -> list[Tensor]:
    check_elementwise(name, input, target, reduction)
    return as_tensors((input, target))


class _Loss(Module):
    """A loss that remembers `reduction`."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        refuse_not_served(type(self).__name__, size_average=size_average, reduce=reduce)
        check_loss(self, reduction=reduction)
        self.reduction = reduction

    def _keep_weight(self, name: str, weight: Any) -> None:
        self.register_buffer(name, None if weight is None else Tensor(weight))


class MSELoss(_chapter.MSELoss):
    """`mse_loss` as an object."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        refuse_not_served("MSELoss", size_average=size_average, reduce=reduce)
        super().__init__(reduction=reduction)


class L1Loss(_Loss):
    """`l1_loss` as an object."""

    def forward(self, input: Any, target: Any) -> Tensor:
        return l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """`smooth_l1_loss` as an object."""

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Tensor:
        return smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """`huber_loss` as an object."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Tensor:
        return huber_loss(input, target, self.reduction, self.delta)


class KLDivLoss(_Loss):
    """`kl_div` as an object."""

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, "sum" if reduction == "batchmean" else reduction)
        self.reduction = reduction
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Tensor:
        return kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class CrossEntropyLoss(_chapter.CrossEntropyLoss):
    """`cross_entropy` as an object: scores, and class indices or probabilities."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        refuse_not_served("CrossEntropyLoss", size_average=size_average, reduce=reduce)
        super().__init__(weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)

    def forward(self, input: Any, target: Any) -> Tensor:
        if not are_probabilities(input, target):
            return super().forward(input, target)
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_Loss):
    """`nll_loss` as an object: log-probabilities and class indices."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._keep_weight("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        return nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_Loss):
    """`binary_cross_entropy` as an object: two kinds of probabilities."""

    weight: Tensor | None

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._keep_weight("weight", weight)

    def forward(self, input: Any, target: Any) -> Tensor:
        return binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """`binary_cross_entropy_with_logits` as an object: scores and probabilities."""

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._keep_weight("weight", weight)
        self._keep_weight("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Tensor:
        return binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )
