"""Weights by name through a safetensors file: a network trained here answers in torch, and one trained there here."""

import numpy as np
import pytest
from safetensors import numpy as files

import tinytorch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.core.tensor import Tensor
from tinytorch.testing import generator

torch = pytest.importorskip("torch", reason="the `parity` extra")
torch_files = pytest.importorskip("safetensors.torch", reason="the `parity` extra", exc_type=ImportError)

pytestmark = pytest.mark.parity


def simple_cnn(nn):
    class SimpleCNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 32, kernel_size=3, padding=1)
            self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
            self.pool = nn.MaxPool2d(2)
            self.flatten = nn.Flatten()
            self.fc = nn.Linear(64 * 8 * 8, 10)

        def forward(self, x):
            x = self.pool(self.conv1(x).relu() if hasattr(x, "relu") else F.relu(self.conv1(x)))
            x = self.pool(self.conv2(x).relu() if hasattr(x, "relu") else F.relu(self.conv2(x)))
            return self.fc(self.flatten(x))

    return SimpleCNN()


def with_batch_norm(nn):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(512, 10)
    )


NETWORKS = pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.SimpleCNN, lambda: simple_cnn(torch.nn)),
        (lambda: with_batch_norm(nn), lambda: with_batch_norm(torch.nn)),
    ],
    ids=["SimpleCNN", "with batch norm"],
)


def train(model, optimizer, cross_entropy, images, labels):
    for _ in range(3):
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        optimizer.step()
    model.eval()


def batch():
    rng = generator()
    return rng.standard_normal((8, 3, 32, 32), np.float32), rng.integers(0, 10, 8)


@NETWORKS
def test_a_network_trained_here_answers_in_torch(ours, theirs, tmp_path):
    images, labels = batch()
    tinytorch.manual_seed(0)
    model, there = ours(), theirs()
    train(model, optim.SGD(model.parameters(), lr=0.05), F.cross_entropy, Tensor(images), Tensor(labels))
    path = tmp_path / "weights.safetensors"
    files.save_file({name: tensor.numpy() for name, tensor in model.state_dict().items()}, path)
    there.load_state_dict(torch_files.load_file(path))
    there.eval()
    with torch.no_grad():
        expected = there(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(model(Tensor(images)).data, expected, rtol=1e-4, atol=1e-4)


@NETWORKS
def test_a_network_trained_in_torch_answers_here(ours, theirs, tmp_path):
    images, labels = batch()
    torch.manual_seed(0)
    there, model = theirs(), ours()
    optimizer = torch.optim.SGD(there.parameters(), lr=0.05)
    train(there, optimizer, torch.nn.functional.cross_entropy, torch.from_numpy(images), torch.from_numpy(labels))
    path = tmp_path / "weights.safetensors"
    torch_files.save_file(there.state_dict(), path)
    model.load_state_dict(files.load_file(path))
    model.eval()
    with torch.no_grad():
        expected = there(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(model(Tensor(images)).data, expected, rtol=1e-4, atol=1e-4)
