"""Module 06: mistakes between a gradient and the step that is made of it."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m06_optimizers import groups, sgd, adam  # noqa: F401, I001
