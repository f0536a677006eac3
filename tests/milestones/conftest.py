"""Programs draw from TinyTorch's own generator: here it starts from the printed seed."""

import pytest

import tinytorch
from tinytorch.testing import generator


@pytest.fixture(autouse=True)
def seeded():
    tinytorch.manual_seed(int(generator().integers(2**32)))
