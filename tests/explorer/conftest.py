"""Networks whose page is checked, and a page taken apart again."""

import base64
import json
import re
import zlib
from dataclasses import dataclass, field

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.data import Digits, TinyShapes
from tinytorch.explorer.build import page
from tinytorch.explorer.networks import Network
from tinytorch.nn.functional import relu
from tinytorch.testing import generator


class Residual(nn.Module):
    """x + f(x), as in the deeper network of the course."""

    def __init__(self, channels):
        super().__init__()
        self.change = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return relu(x + self.change(x))


def residual():
    """Every kind of step that the page can compute, with strides, dilation and groups, for grey 16 × 16 pictures."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.LeakyReLU(0.1), Residual(8)),
        *(nn.Conv2d(8, 12, 3, padding=2, dilation=2, groups=4), nn.Tanh(), nn.AvgPool2d(3, 2, 1), nn.Sigmoid()),
        *(nn.MaxPool2d(3, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10)),
    )


def seeded():
    tinytorch.manual_seed(int(generator().integers(2**32)))


def randomised(model):
    """Numbers that differ everywhere: biases that are not 0, running statistics that are not those of the start."""
    rng = generator()
    for name, tensor in model.state_dict().items():
        if name.endswith("bias") or "running" in name:
            tensor.data[...] = rng.uniform(0.3, 0.9, tensor.shape)
    return model


def of_shapes(model, count=8):
    shapes = TinyShapes(count, train=False, seed=3)
    images, labels = shapes[:]
    return Network(
        "Net", "with random numbers", model, images.data, labels.data.tolist(), shapes.classes, lambda x: 2 * x - 1
    )


def of_digits(model, count=8):
    digits = Digits(train=False)
    images = np.pad(digits[:count][0].data, ((0, 0), (0, 0), (4, 4), (4, 4)))
    return Network("Net", "with random numbers", model, images, digits.labels[:count].tolist(), digits.classes)


@dataclass
class Page:
    """A page's text, and what is in it."""

    text: str
    network: Network
    data: dict = field(init=False)
    numbers: np.ndarray = field(init=False)

    def __post_init__(self):
        self.data = json.loads(self.script("data"))
        self.numbers = unpacked(self.script("numbers"))

    def script(self, name):
        return re.search(rf'<script type="[\w/]+" id="{name}">(.*?)</script>', self.text, re.DOTALL)[1]

    def at(self, place):
        """The array at a place, as the page finds it."""
        size = int(np.prod(place["shape"]))
        return self.numbers[place["at"] : place["at"] + size].reshape(place["shape"])

    @property
    def inputs(self):
        """What the network is given: the shown pictures, prepared."""
        return tinytorch.Tensor(np.stack([self.at(place) for place in self.data["steps"][0]["values"]]))


def unpacked(text):
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").ravel()


@pytest.fixture(scope="session")
def simple():
    """The page of a SimpleCNN with random numbers."""
    seeded()
    network = of_shapes(randomised(nn.SimpleCNN()))
    return Page(page(network), network)


@pytest.fixture(scope="session")
def branched():
    """The page of a network with two ways, and with every step that the page can compute."""
    seeded()
    network = of_digits(randomised(residual()))
    return Page(page(network), network)


@pytest.fixture
def shown():
    """`shown(network)`: the page of a network, taken apart."""
    return lambda network, *image: Page(page(network, *image), network)


@pytest.fixture
def shapes_for():
    """`shapes_for(model)`: a model for 3 × 32 × 32, with drawn shapes to look at."""
    return of_shapes


@pytest.fixture
def digits_for():
    """`digits_for(model)`: a model for 1 × 16 × 16, with digits to look at."""
    return of_digits
