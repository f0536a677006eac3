"""Module 03 with a stack, dicts, recursion and early returns in the place of the reference's generators and lists."""

import numpy as np

from tinytorch.core.activations import leaky_relu, relu
from tinytorch.core.layers import Parameter
from tinytorch.core.tensor import Tensor
from tinytorch.support.arguments import checked_by
from tinytorch.support.layers import (
    LoadedKeys,
    ModuleMethods,
    check_dropout,
    check_input,
    check_linear,
    check_probability,
    check_sequential,
    check_sizes,
    dotted,
    own_buffers,
    own_modules,
    own_parameters,
    with_device_and_dtype,
)
from tinytorch.support.random import default_generator


# %% walk
def walk_modules(module, prefix=""):
    waiting = [(prefix, module)]
    while waiting:
        path, current = waiting.pop()
        yield path, current
        for name, part in reversed(own_modules(current)):
            waiting.append((dotted(path, name), part))


def named_tensors(module, prefix=""):
    for path, part in walk_modules(module, prefix):
        yield from ((dotted(path, name), tensor) for name, tensor in own_parameters(part) + own_buffers(part))


def unique(named):
    first = {}
    for name, value in named:
        first.setdefault(id(value), (name, value))
    return iter(first.values())


# %% module
class Module(ModuleMethods):
    def named_modules(self, prefix=""):
        return list(unique(walk_modules(self, prefix)))

    def named_parameters(self, prefix=""):
        for name, tensor in unique(named_tensors(self, prefix)):
            if isinstance(tensor, Parameter):
                yield name, tensor

    def named_buffers(self, prefix=""):
        parameters = {id(tensor) for _, tensor in self.named_parameters()}
        return [(name, t) for name, t in unique(named_tensors(self, prefix)) if id(t) not in parameters]

    def train(self, mode: bool = True):
        self.training = mode
        for _, child in own_modules(self):
            child.train(mode)
        return self

    def zero_grad(self):
        for _, tensor in self.named_parameters():
            if tensor.grad is not None:
                tensor.grad = None

    def state_dict(self):
        state = {}
        for name, tensor in named_tensors(self):
            state[name] = Tensor(tensor.data)
        return state


# %% load-state
def load_state(own, given, strict=True):
    missing, misfits = [], []
    for name, tensor in own.items():
        if name not in given:
            missing.append(name)
        elif np.shape(given[name]) != tensor.shape:
            misfits.append(name)
    unexpected = list(set(given) - set(own))
    if strict:
        misfits += missing + unexpected
    if len(misfits) > 0:
        raise ValueError("these entries do not fit: " + ", ".join(misfits))
    for name, array in given.items():
        if name in own:
            np.copyto(own[name].data, array, casting="unsafe")
    return LoadedKeys(missing_keys=missing, unexpected_keys=unexpected)


# %% activation-layers
class ReLU(Module):
    def forward(self, x):
        positive_part = relu(x)
        return positive_part


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x):
        return leaky_relu(x, self.negative_slope)

    def extra_repr(self):
        return "negative_slope=" + str(self.negative_slope)


# %% linear
@checked_by(check_linear)
def linear(x, weight, bias=None):
    y = x @ weight.T
    if bias is None:
        return y
    return bias + y


# %% linear-layer
class Linear(Module):
    @with_device_and_dtype
    @checked_by(check_sizes)
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = self.first_numbers(out_features, in_features)
        self.bias = None
        if bias:
            self.bias = self.first_numbers(out_features)

    def first_numbers(self, *shape):
        from_zero_to_one = default_generator().random(shape)
        numbers = (2 * from_zero_to_one - 1) / self.in_features**0.5
        return Parameter(numbers.astype("float32"))

    @checked_by(check_input)
    def forward(self, x):
        if self.bias is None:
            return linear(x, self.weight)
        return linear(x, self.weight, self.bias)


# %% dropout
@checked_by(check_dropout)
def dropout(x, p=0.5, training=True):
    if training and p > 0:
        mask = default_generator().uniform(size=x.shape) < 1 - p
        return x * Tensor(mask.astype(x.dtype)) / (1 - p if p < 1 else 1)
    return x


class Dropout(Module):
    @checked_by(check_probability)
    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return dropout(x, p=self.p)


# %% sequential
import functools


class Sequential(Module):
    @checked_by(check_sequential)
    def __init__(self, *layers):
        super().__init__()
        if layers and isinstance(layers[0], dict):
            for name in layers[0]:
                setattr(self, name, layers[0][name])
            return
        for i in range(len(layers)):
            vars(self)[f"{i}"] = layers[i]

    def forward(self, x):
        return functools.reduce(lambda value, layer: layer(value), self, x)

    def __getitem__(self, index):
        names = [name for name, _ in own_modules(self)]
        if isinstance(index, slice):
            return Sequential({name: getattr(self, name) for name in names[index]})
        return getattr(self, names[index])
