"""Module 03: what goes wrong in layers, and in the tree that they make."""

# The imports enter the mistakes into the catalogue.
from tinytorch.testing.misconceptions.m03_layers import computing, settings, tree  # noqa: F401
