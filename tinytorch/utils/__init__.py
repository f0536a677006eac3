"""torch's place for data sets and loaders: `tinytorch.utils.data` is `tinytorch.data`."""

from tinytorch import data as data
