"""Module 07: mistakes around the training loop."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m07_training import measuring, schedules, learner, epochs  # noqa: F401, I001
