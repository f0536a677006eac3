"""Functions of chapter 01 as torch has them, with its arguments `out` and `device`."""

from tinytorch.core import tensor as T
from tinytorch.support.torch_arguments import torch_arguments

mul = torch_arguments(T.mul)
neg = torch_arguments(T.neg)
matmul = torch_arguments(T.matmul)
exp = torch_arguments(T.exp)
log = torch_arguments(T.log)
sqrt = torch_arguments(T.sqrt)
abs = torch_arguments(T.abs)
stack = torch_arguments(T.stack)
multiply, negative, absolute = mul, neg, abs


@torch_arguments
def clone(input: T.Tensor) -> T.Tensor:
    """A copy of the tensor in memory of its own; the gradient goes through it."""
    return input.clone()
