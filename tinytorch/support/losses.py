"""Checks of what the losses are given, and where the classes stand."""

from __future__ import annotations

import difflib
import math
from typing import Any

import numpy as np

from tinytorch.support.tensor import inferred_array


def class_axis(input: Any) -> int:
    """Return the axis of the classes: 1 for a batch (batch, classes, …), 0 for a single sample (classes,)."""
    return 1 if input.ndim > 1 else 0


def check_reduction(name: str, reduction: Any) -> None:
    """Raise ValueError for a reduction that does not exist, with the nearest one that does."""
    known = ("mean", "sum", "none")
    if reduction not in known:
        near = difflib.get_close_matches(str(reduction), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}: reduction: expected 'mean', 'sum' or 'none', got {reduction!r}{hint}")


def check_loss(loss: Any, *weights: Any, reduction: Any = "mean", **settings: Any) -> None:
    """Raise ValueError for an unknown reduction of a loss object, before its first batch comes."""
    check_reduction(type(loss).__name__, reduction)


def check_mse_loss(input: Any, target: Any, reduction: Any = "mean") -> None:
    """Raise ValueError for shapes that differ, an empty batch or an unknown reduction."""
    check_reduction("mse_loss", reduction)
    _check_equal_shapes("mse_loss", inferred_array(input), inferred_array(target))


def check_nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: Any = "mean"
) -> None:
    """Raise ValueError or TypeError for scores, labels, class weights or a reduction that cannot work."""
    _check_classes("nll_loss", input, target, weight, ignore_index, reduction)


def check_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: Any = "mean",
    label_smoothing: float = 0.0,
) -> None:
    """Raise what `check_nll_loss` raises, and ValueError for a label_smoothing outside [0, 1]."""
    _check_classes("cross_entropy", input, target, weight, ignore_index, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing: expected a number from 0 to 1, got {label_smoothing}")


def check_binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: Any = "mean"
) -> None:
    """Raise ValueError or TypeError for scores, targets, weights or a reduction that cannot work."""
    name = "binary_cross_entropy_with_logits"
    check_reduction(name, reduction)
    input, target = inferred_array(input), inferred_array(target)
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: input: expected scores of a floating dtype, got {input.dtype}")
    _check_equal_shapes(name, input, target)
    wrong = ~((target >= 0) & (target <= 1))  # also true where the target is NaN
    if wrong.any():
        raise ValueError(
            f"{name}: target{_first_index(wrong)} is {target[wrong][0]}: expected probabilities from 0 to 1"
        )
    for argument, given in (("weight", weight), ("pos_weight", pos_weight)):
        if given is not None and not _broadcasts_to(np.shape(given), input.shape):
            raise ValueError(
                f"{name}: {argument}: expected a shape that broadcasts to {input.shape}, got {np.shape(given)}"
            )


def _check_classes(name: str, input: Any, target: Any, weight: Any, ignore_index: int, reduction: Any) -> None:
    check_reduction(name, reduction)
    input, target = inferred_array(input), inferred_array(target)
    if input.ndim == 0 or input.dtype.kind != "f":
        raise TypeError(f"{name}: input: expected floats of shape (batch, classes), got {input.dtype} {input.shape}")
    axis = class_axis(input)
    classes, expected = input.shape[axis], input.shape[:axis] + input.shape[axis + 1 :]
    if input.size == 0:
        raise ValueError(f"{name}: input: expected at least one sample, got an empty batch of shape {input.shape}")
    _check_labels(name, input, target, expected, classes, ignore_index)
    if weight is not None and np.shape(weight) != (classes,):
        raise ValueError(f"{name}: weight: expected shape ({classes},), one for each class, got {np.shape(weight)}")
    counted = target[target != ignore_index]
    if reduction == "mean" and (counted.size if weight is None else inferred_array(weight)[counted].sum()) == 0:
        raise ValueError(
            f"{name}: target: expected at least one label that counts, but all are ignored or have weight 0, and the "
            "mean over nothing is undefined; leave such a batch out, or use reduction='sum'"
        )


def _check_labels(
    name: str, input: np.ndarray, target: np.ndarray, expected: tuple[int, ...], classes: int, ignore_index: int
) -> None:
    if target.dtype.kind == "f" and np.isnan(target).any():
        first = _first_index(np.isnan(target))
        raise ValueError(f"{name}: target{first} is NaN: expected class indices 0 to {classes - 1}")
    if target.shape != expected:
        fix = ""
        if target.shape == input.shape:
            fix = f"; from one column per class to indices: target.argmax({class_axis(input)})"
        elif target.size == math.prod(expected):
            fix = f"; give it that shape: target.reshape{expected}"
        raise ValueError(
            f"{name}: target: expected shape {expected} for input of shape {input.shape}, got {target.shape}{fix}"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: target: expected class indices of an integer dtype, got {target.dtype}; "
            "convert: Tensor(target, dtype=np.int64)"
        )
    wrong = (target != ignore_index) & ((target < 0) | (target >= classes))
    if wrong.any():
        raise ValueError(
            f"{name}: target{_first_index(wrong)} is {target[wrong][0]}: expected class indices 0 to {classes - 1} "
            f"(or ignore_index, {ignore_index}) for {classes} classes"
        )


def _check_equal_shapes(name: str, input: np.ndarray, target: np.ndarray) -> None:
    if input.shape != target.shape:
        fix = f"; give it that shape: target.reshape{input.shape}" if input.size == target.size else ""
        raise ValueError(f"{name}: target: expected the shape of the input, {input.shape}, got {target.shape}{fix}")
    if input.size == 0:
        raise ValueError(f"{name}: input: expected at least one element, got an empty batch of shape {input.shape}")


def _broadcasts_to(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Return whether an array of `shape` can stand beside one of shape `wanted` without enlarging it."""
    return len(shape) <= len(wanted) and all(n in (1, m) for n, m in zip(shape[::-1], wanted[::-1]))


def _first_index(marked: np.ndarray) -> list[int] | str:
    """Return the index of the first marked entry as it is written behind a name: [3], [0, 2], nothing for a scalar."""
    return [int(i) for i in np.argwhere(marked)[0]] if marked.ndim else ""


def check_elementwise(name: str, input: Any, target: Any, reduction: Any) -> None:
    """Raise ValueError for shapes that differ, an empty batch or an unknown reduction."""
    check_reduction(name, reduction)
    _check_equal_shapes(name, inferred_array(input), inferred_array(target))


def check_probabilities(name: str, input: Any, target: Any, weight: Any) -> None:
    """Raise ValueError where inputs or targets are no probabilities, or the weight does not broadcast to them."""
    for argument, given in (("input", input.data), ("target", target.data)):
        wrong = ~((given >= 0) & (given <= 1))  # also true where it is NaN
        if wrong.any():
            fix = f"; for scores there is {name}_with_logits" if argument == "input" else ""
            raise ValueError(
                f"{name}: {argument}{_first_index(wrong)} is {given[wrong][0]}: expected probabilities from 0 to 1{fix}"
            )
    if weight is not None and not _broadcasts_to(weight.shape, input.shape):
        raise ValueError(f"{name}: weight: expected a shape that broadcasts to {input.shape}, got {weight.shape}")


def are_probabilities(input: Any, target: Any) -> bool:
    """Return whether the targets of a cross entropy are class probabilities: floats of the input's shape."""
    target = inferred_array(target)
    return target.dtype.kind == "f" and target.ndim > 0 and target.shape == np.shape(input)


def check_probability_targets(
    input: Any, weight: Any, ignore_index: int, reduction: Any, label_smoothing: float
) -> None:
    """Raise ValueError for settings of a cross entropy that do not fit targets which are class probabilities."""
    check_reduction("cross_entropy", reduction)
    if input.numel() == 0:
        raise ValueError(f"cross_entropy: input: expected at least one sample, got an empty batch {input.shape}")
    if ignore_index != -100:
        raise ValueError(
            f"cross_entropy: ignore_index: only for class indices as targets, got {ignore_index}; set the "
            "probabilities of samples that should not count to 0"
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing: expected a number from 0 to 1, got {label_smoothing}")
    classes = input.shape[class_axis(input)]
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"cross_entropy: weight: expected shape ({classes},), one for each class, got {weight.shape}")
