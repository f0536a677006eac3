"""Module 08: mistakes between the data and a batch."""

# The imports enter the mistakes into the catalogue, in this order.
from tinytorch.testing.misconceptions.m08_dataloader import data, collate, loader, transforms  # noqa: F401, I001
