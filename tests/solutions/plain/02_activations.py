"""Module 02 with masks, methods, early returns and other formulas in the place of the reference's."""

import math

import numpy as np

from tinytorch.core.activations import normal_cdf
from tinytorch.core.tensor import primitive
from tinytorch.support.activations import check_gelu, check_log_softmax, check_softmax
from tinytorch.support.arguments import checked_by
from tinytorch.support.dtypes import floating


# %% relu
@primitive
def relu(x):
    return np.where(x < 0, 0, x)


def leaky_relu(x, negative_slope=0.01):
    return relu(x) - negative_slope * relu(-x)


# %% sigmoid
@primitive
@floating
def sigmoid(x):
    right = x >= 0
    result = np.empty(x.shape, x.dtype if x.dtype.kind == "f" else np.float32)
    result[right] = 1 / (1 + np.exp(-x[right]))
    power = np.exp(x[~right])
    result[~right] = power / (power + 1)
    return result


@primitive
@floating
def tanh(x):
    double = -2 * np.abs(x)
    return -np.sign(x) * np.expm1(double) / (np.exp(double) + 1)


@primitive
@floating
def softplus(x):
    return np.logaddexp(x, 0)


# %% gelu
@checked_by(check_gelu)
@floating
def gelu(x, approximate="none"):
    if approximate == "tanh":
        cube = x * x * x
        z = (cube * 0.044715 + x) * math.sqrt(2 / math.pi)
        return (tanh(z) + 1) * x / 2
    return normal_cdf(x) * x


# %% softmax
def subtract_largest(x, dim):
    values, _ = x.max(dim, keepdim=True)
    return x - values


@checked_by(check_softmax)
@floating
def softmax(x, dim=-1):
    powers = subtract_largest(x, dim).exp()
    return powers * (1 / powers.sum(dim, keepdim=True))


# %% log-softmax
@checked_by(check_log_softmax)
@floating
def log_softmax(x, dim=-1):
    largest = x.max(dim, keepdim=True).values
    total = (x - largest).exp().sum(dim, keepdim=True)
    return x - largest - total.log()
