"""Module 07: what goes wrong around the training loop."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m07_training import measuring, schedules, trainer  # noqa: F401
