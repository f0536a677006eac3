"""Module 01: mistakes between a list of numbers and a tensor that remembers how it was made."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m01_tensor import data, lifting, arithmetic, shapes  # noqa: F401, I001
