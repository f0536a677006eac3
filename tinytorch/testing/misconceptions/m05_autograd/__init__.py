"""Module 05: what goes wrong on the way back."""

# The imports enter the mistakes into the catalogue, in the order of the chapter.
from tinytorch.testing.misconceptions.m05_autograd import arithmetic, sums, moves, walk, backward, network  # noqa: F401, I001
