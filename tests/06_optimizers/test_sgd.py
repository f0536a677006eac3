"""SGD against its formula, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator


def descend(gradients, start, **settings):
    w = Tensor(start.copy(), requires_grad=True)
    optimizer = SGD([w], **settings)
    for gradient in gradients:
        w.grad = Tensor(gradient)
        optimizer.step()
    return w.data


def by_the_formula(gradients, w, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
    v = None
    for gradient in gradients:
        g = gradient + weight_decay * w
        v = g if v is None else momentum * v + (1 - dampening) * g
        w = w - lr * (g + momentum * v if nesterov else v if momentum else g)
    return w


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.3},
        {"lr": 0.1, "dampening": 0.4},  # without momentum, dampening has no effect
    ],
    ids=lambda settings: "-".join(settings) or "defaults",
)
def test_it_follows_the_formula(settings):
    draw = generator()
    start, gradients = draw.standard_normal((2, 3)), draw.standard_normal((6, 2, 3))
    assert_close(descend(gradients, start, **settings), by_the_formula(gradients, start, **settings))


@given(st.floats(0.0, 0.95), st.floats(1e-3, 1.0), st.booleans())
def test_halving_gradients_and_doubling_lr_changes_nothing(momentum, lr, nesterov):
    gradients, start = np.array([[1.0], [-2.0], [4.0]]), np.array([0.5])
    settings = {"momentum": momentum, "nesterov": nesterov and momentum > 0}
    assert_close(
        descend(gradients, start, lr=lr, **settings), descend(gradients / 2, start, lr=2 * lr, **settings), atol=1e-12
    )


def test_arguments_may_be_given_in_torchs_order():
    gradients, start = np.ones((3, 1)), np.ones(1)
    w = Tensor(start.copy(), requires_grad=True)
    optimizer = SGD([w], 0.1, 0.9, 0.0, 0.3, True)
    for gradient in gradients:
        w.grad = Tensor(gradient)
        optimizer.step()
    assert_close(w.data, by_the_formula(gradients, start, 0.1, 0.9, 0.0, 0.3, True))


def test_a_new_lr_applies_to_the_whole_velocity_at_once():
    w = Tensor(np.array([1.0]), requires_grad=True)
    optimizer = SGD([w], lr=0.1, momentum=0.9)
    for lr in (0.1, 0.0, 0.01):
        w.grad, optimizer.param_groups[0]["lr"] = Tensor(np.array([1.0])), lr
        optimizer.step()
    assert_close(w.item(), 1 - 0.1 - 0.01 * (0.81 + 0.9 + 1))
