"""Module 01: what goes wrong between a list of numbers and a tensor that knows where it came from."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m01_tensor import lifting, shapes  # noqa: F401
