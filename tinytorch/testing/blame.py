"""Put into words how a gradient differs from the measured one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Between the measured gradient and a right one, as a part of its largest value: far above the measuring's
# error, 1e-9, and far below any mistake worth a name.
PART = 1e-5


def how_it_is_wrong(gradient: np.ndarray, chosen: np.ndarray, expected: np.ndarray, lengths: Mapping[str, int]) -> str:
    """What to say after "the gradient of x".

    gradient: the one that is wrong; chosen: flat positions at which it was measured; expected: what was
    measured.
    lengths: by description, the lengths that a wrong factor may come from (a batch size, say).
    """
    got = gradient.ravel()[chosen]
    small = PART * max(float(np.abs(expected).max(initial=0.0)), 1e-30)
    if np.isnan(got).any():
        return f"is nan in {int(np.isnan(got).sum())} of {_all(got, gradient)} elements"
    if (np.abs(got - expected) <= small).all():
        return f"is wrong, though by less than {PART:g} of its largest value in each measured element"
    if (np.abs(got) <= small).all():
        return "is zero, but the output depends on it"
    depends = np.abs(expected) > small
    given = np.abs(got) > small
    if not depends.any():
        return f"is not zero, but the output does not depend on it ({_first(gradient, chosen, expected, given)})"
    both = depends & given
    factor = float((got[both] @ expected[both]) / (expected[both] @ expected[both])) if both.any() else 0.0
    along = both.any() and np.abs(got[both] - factor * expected[both]).max() <= small * max(1.0, abs(factor))
    example = _first(gradient, chosen, expected, np.abs(got - expected) > small)
    if along and (given & ~depends).any() and not (depends & ~given).any():
        count = int((given & ~depends).sum())
        return f"is not zero in {count} of {_all(got, gradient)} elements that the output does not depend on: " + (
            f"a mask is missing ({example}){_factor_remark(factor)}"
        )
    if along and (depends & ~given).any() and not (given & ~depends).any():
        count = int((depends & ~given).sum())
        return f"is zero in {count} of {_all(got, gradient)} elements that the output depends on ({example})" + (
            _factor_remark(factor)
        )
    if along and (given == depends).all():
        return _constant(factor, lengths) + f" ({example})"
    moved = _moved(gradient, expected) if len(chosen) == gradient.size else None
    if moved:
        return f"is right, but {moved} ({example})"
    count = int((np.abs(got - expected) > small).sum())
    return f"is wrong in {count} of {_all(got, gradient)} elements ({example})"


def _constant(factor: float, lengths: Mapping[str, int]) -> str:
    if abs(factor + 1) <= PART:
        return "has the wrong sign"
    size = abs(factor)
    text = f"is {factor:.6g} times what it should be"
    for what, length in lengths.items():
        if length > 1 and abs(size - length) <= PART * length:
            return f"{text}: {length} is {what}"
        if length > 1 and abs(size * length - 1) <= PART:
            return f"{text}: it is divided by {length}, {what}"
    return text


def _factor_remark(factor: float) -> str:
    return "" if abs(factor - 1) <= PART else f"; elsewhere it is {factor:.6g} times what it should be"


def _moved(gradient: np.ndarray, expected: np.ndarray) -> str | None:
    """How the right values stand in the wrong places: axes swapped, or an order reversed."""
    right = expected.reshape(gradient.shape)
    tolerance = PART * float(np.abs(expected).max(initial=0.0))
    for first in range(right.ndim):
        for second in range(first + 1, right.ndim):
            swapped = right.swapaxes(first, second)
            if swapped.shape == gradient.shape and np.abs(swapped - gradient).max() <= tolerance:
                return f"axes {first} and {second} are swapped"
    reversals: list[tuple[int, ...]] = [(axis,) for axis in range(right.ndim)]
    reversals += [(right.ndim - 2, right.ndim - 1)] if right.ndim > 1 else []
    for axes in reversals:
        if np.abs(np.flip(right, axes) - gradient).max() <= tolerance:
            return f"reversed along axis {' and '.join(map(str, axes))}"
    return None


def _first(gradient: np.ndarray, chosen: np.ndarray, expected: np.ndarray, wrong: np.ndarray) -> str:
    position = int(np.argmax(wrong))
    index = [int(i) for i in np.unravel_index(int(chosen[position]), gradient.shape)]
    value = gradient.ravel()[chosen[position]]
    return f"at {index}: expected {expected[position]:.6g}, got {value:.6g}"


def _all(got: np.ndarray, gradient: np.ndarray) -> str:
    return f"{len(got)}" if len(got) == gradient.size else f"{len(got)} measured"
