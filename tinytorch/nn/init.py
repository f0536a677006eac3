"""First weights: functions that fill a tensor, or the array that is its `data`, in place and return it.

Random numbers come from `default_generator()`, which `manual_seed` seeds, unless a NumPy generator is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.support.random import default_generator

__all__ = [
    "uniform_",
    "normal_",
    "trunc_normal_",
    "constant_",
    "ones_",
    "zeros_",
    "eye_",
    "dirac_",
    "orthogonal_",
    "calculate_gain",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
]


def _fill(tensor: Any, numbers: Any) -> Any:
    array = tensor if isinstance(tensor, np.ndarray) else tensor.data
    array[...] = numbers
    return tensor


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Fill with numbers drawn uniformly from [a, b)."""
    return _fill(tensor, (generator or default_generator()).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Fill with numbers from a normal distribution."""
    return _fill(tensor, (generator or default_generator()).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Any:
    """Fill with numbers from a normal distribution, drawn again where they are outside [a, b]."""
    if not a < b:
        raise ValueError(f"trunc_normal_: a: expected a number below b={b}, got {a}")
    if not (a - 2 * std < mean < b + 2 * std):
        raise ValueError(f"trunc_normal_: mean: expected one within two std of [{a}, {b}], got {mean}")
    draw = (generator or default_generator()).normal
    numbers = draw(mean, std, tensor.shape)
    while (outside := (numbers < a) | (numbers > b)).any():
        numbers[outside] = draw(mean, std, int(outside.sum()))
    return _fill(tensor, numbers)


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one number."""
    return _fill(tensor, val)


def ones_(tensor: Any) -> Any:
    """Fill with ones."""
    return _fill(tensor, 1.0)


def zeros_(tensor: Any) -> Any:
    """Fill with zeros."""
    return _fill(tensor, 0.0)


def eye_(tensor: Any) -> Any:
    """Fill a matrix with ones on the diagonal and zeros elsewhere."""
    if len(tensor.shape) != 2:
        raise ValueError(f"eye_: tensor: expected 2 axes, got shape {tensor.shape}")
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill filters (O, C, …) so that a convolution returns its input: a one in the middle of filter o for channel o."""
    if len(tensor.shape) not in (3, 4, 5) or tensor.shape[0] % groups:
        raise ValueError(f"dirac_: tensor: expected 3 to 5 axes and filters in {groups} groups, got {tensor.shape}")
    numbers = np.zeros(tensor.shape)
    filters = tensor.shape[0] // groups
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for group in range(groups):
        for o in range(min(filters, tensor.shape[1])):
            place = group * filters + o, o, *middle
            numbers[place] = 1
    return _fill(tensor, numbers)


def orthogonal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill so that the rows, or the columns where there are fewer, are orthogonal with length `gain`.

    Axes from the second on count as one. Source: Saxe et al. 2014, arXiv:1312.6120.
    """
    if len(tensor.shape) < 2:
        raise ValueError(f"orthogonal_: tensor: expected at least 2 axes, got shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    drawn = (generator or default_generator()).standard_normal((rows, columns))
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q = q * np.sign(np.diag(r))  # so that each such matrix is equally likely
    return _fill(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """Return the factor by which weights before an activation function are larger than before none."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    plain = "linear sigmoid conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d".split()
    if nonlinearity not in (*gains, *plain):
        raise ValueError(f"nonlinearity: expected one of {[*gains, 'leaky_relu', *plain]}, got {nonlinearity!r}")
    return gains.get(nonlinearity, 1.0)


def _fans(tensor: Any) -> tuple[int, int]:
    """Return how many inputs each output has, and how many outputs each input has."""
    if len(tensor.shape) < 2:
        raise ValueError(f"tensor: expected at least 2 axes (outputs, inputs, …), got shape {tensor.shape}")
    places = math.prod(tensor.shape[2:])
    return tensor.shape[1] * places, tensor.shape[0] * places


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill uniformly from ±gain · √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill from a normal distribution with std = gain · √(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode: expected 'fan_in' or 'fan_out', got {mode!r}")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """Fill uniformly from ±gain · √(3 / fan) (He et al. 2015, arXiv:1502.01852); `a` is the slope of leaky_relu."""
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """Fill from a normal distribution with std = gain / √fan (He et al. 2015, arXiv:1502.01852)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)
