"""Networks and pictures to draw; `viz` skips where matplotlib is missing."""

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.testing import generator


@pytest.fixture
def viz():
    pytest.importorskip("matplotlib", reason="figures need the extra `viz`: pip install -e '.[viz]'")
    from tinytorch import viz

    return viz


@pytest.fixture(autouse=True)
def seeded():
    tinytorch.manual_seed(int(generator().integers(2**32)))


@pytest.fixture
def cnn():
    """From (N, 3, 8, 8) to four logits."""
    return nn.Sequential(
        *(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(5, 20, 3, padding=1), nn.Flatten(), nn.Linear(20 * 4 * 4, 4)),
    )


@pytest.fixture
def images():
    return generator().random((6, 3, 8, 8), np.float32)


class Fixed(nn.Module):
    """A network that knows what to say: logits by the value of the first pixel."""

    def __init__(self, logits):
        self.logits = np.asarray(logits, np.float32)

    def forward(self, x):
        return tinytorch.Tensor(self.logits[np.rint(x.data[:, 0, 0, 0]).astype(int)])


@pytest.fixture
def answers():
    """(network, images): the network gives picture i these logits."""

    def made(logits):
        images = np.zeros((len(logits), 1, 4, 4), np.float32)
        images[:, 0, 0, 0] = np.arange(len(logits))
        return Fixed(logits), images

    return made
