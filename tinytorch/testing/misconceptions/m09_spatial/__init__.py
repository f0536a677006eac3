"""Module 09: what goes wrong in convolution, pooling and what surrounds them."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m09_spatial import convolution, columns, layers  # noqa: F401, I001
