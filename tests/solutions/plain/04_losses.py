"""Module 04 with loops, indices and other formulas in the place of one table and one expression."""

import numpy as np

from tinytorch.core.activations import log_softmax, softplus
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, as_tensors, where
from tinytorch.support.arguments import checked_by
from tinytorch.support.dtypes import float16_in_float32
from tinytorch.support.losses import (
    check_binary_cross_entropy_with_logits,
    check_cross_entropy,
    check_loss,
    check_mse_loss,
    check_nll_loss,
    class_axis,
)


# %% mse-loss
def reduce_losses(losses, reduction, divisor):
    if reduction == "mean":
        return losses.sum() * (1.0 / float(divisor))
    return losses.sum() if reduction == "sum" else losses


@checked_by(check_mse_loss)
@float16_in_float32
def mse_loss(input, target, reduction="mean"):
    prediction, wanted = as_tensors((input, target))
    return reduce_losses((wanted - prediction) ** 2, reduction, wanted.numel())


# %% target-distribution
def target_distribution(input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
    axis = class_axis(input)
    class_count = input.shape[axis]
    class_weights = [1.0] * class_count if weight is None else weight.data.tolist()
    q = np.zeros(target.shape + (class_count,))
    divisor = 0.0
    for place in np.ndindex(target.shape):
        label = int(target.data[place])
        if label == ignore_index:
            continue
        for c in range(class_count):
            share = label_smoothing / class_count
            if c == label:
                share += 1 - label_smoothing
            q[place + (c,)] = class_weights[c] * share
        divisor += class_weights[label]
    order = list(range(q.ndim - 1))
    order.insert(axis, q.ndim - 1)
    return Tensor(q.transpose(order).astype(input.dtype)), divisor


# %% cross-entropy
def sample_losses(log_p, q):
    dim = class_axis(log_p)
    safe = where(Tensor(q.data == 0), Tensor(np.zeros_like(log_p.data)), log_p)
    return (safe * q).sum(dim=dim) * -1.0


@checked_by(check_nll_loss)
@float16_in_float32
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    log_p, labels, class_weights = as_tensors((input, target, weight))
    q, below = target_distribution(log_p, labels, weight=class_weights, ignore_index=ignore_index)
    return reduce_losses(sample_losses(log_p, q), reduction, below)


@checked_by(check_cross_entropy)
@float16_in_float32
def cross_entropy(input, target, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    scores, labels, class_weights = as_tensors((input, target, weight))
    q, below = target_distribution(scores, labels, class_weights, ignore_index, label_smoothing)
    each = sample_losses(log_softmax(scores, class_axis(scores)), q)
    if reduction == "none":
        return each
    return reduce_losses(each, reduction, below)


# %% bce
@checked_by(check_binary_cross_entropy_with_logits)
@float16_in_float32
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    x, y, factor, p = as_tensors((input, target, weight, pos_weight))
    yes = y * softplus(-x)
    no = (1 - y) * softplus(x)
    if p is not None:
        yes = p * yes
    each = yes + no if factor is None else factor * (yes + no)
    return reduce_losses(each, reduction, x.numel())


# %% loss-objects
class MSELoss(Module):
    @checked_by(check_loss)
    def __init__(self, *, reduction: str = "mean"):
        self.settings = {"reduction": reduction}

    def forward(self, input, target):
        return mse_loss(input, target, **self.settings)


class CrossEntropyLoss(Module):
    @checked_by(check_loss)
    def __init__(self, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0):
        if weight is not None:
            weight = Tensor(np.array(weight))
        self.register_buffer("weight", weight)
        self.settings = {
            "ignore_index": ignore_index,
            "reduction": reduction,
            "label_smoothing": label_smoothing,
        }

    def forward(self, input, target):
        return cross_entropy(input, target, self.weight, **self.settings)
