"""Module 06: what goes wrong between a gradient and the step that is made of it."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m06_optimizers import books, sgd, adam  # noqa: F401, I001
