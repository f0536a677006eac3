"""Module 08: what goes wrong between the data and a batch."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m08_dataloader import data, loader, transforms  # noqa: F401
