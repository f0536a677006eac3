"""The whole machine against torch: SimpleCNN takes the same training steps, in float64."""

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, optim
from tinytorch.testing import assert_close, generator

pytestmark = pytest.mark.parity


def simple_cnn_of(torch, state):
    """SimpleCNN in torch, with these weights."""
    nn = torch.nn
    model = nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(4096, 10)),
    )
    for parameter, array in zip(model.parameters(), state):
        parameter.data = torch.tensor(array)
    return model


def test_simple_cnn_learns_as_in_torch():
    import torch

    draw = generator()
    images, labels = draw.standard_normal((8, 3, 32, 32)), draw.integers(0, 10, 8)
    ours = nn.SimpleCNN()
    for parameter in ours.parameters():
        parameter.data = parameter.data.astype(np.float64)
    theirs = simple_cnn_of(torch, [parameter.data.copy() for parameter in ours.parameters()])
    settings = {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
    losses = {}
    for t, model, optimizer in (
        (tinytorch, ours, optim.SGD(ours.parameters(), **settings)),
        (torch, theirs, torch.optim.SGD(theirs.parameters(), **settings)),
    ):
        losses[t] = []
        for _ in range(5):
            loss = t.nn.functional.cross_entropy(model(t.tensor(images)), t.tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[t].append(loss.item())
    assert losses[torch][-1] < losses[torch][0]
    assert_close(np.array(losses[tinytorch]), np.array(losses[torch]))
    for (name, mine), their in zip(ours.named_parameters(), theirs.parameters()):
        assert_close(mine, their.detach().numpy(), case={"parameter": name})
