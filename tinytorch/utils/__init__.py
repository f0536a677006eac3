"""torch's address of the data sets and loaders: `tinytorch.utils.data`."""

from tinytorch.utils import data as data

__all__ = ["data"]
