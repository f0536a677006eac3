"""Adam and AdamW against their formulas, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.optimizers import Adam, AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator


def descend(kind, gradients, start, **settings):
    w = Tensor(start.copy(), requires_grad=True)
    optimizer = kind([w], **settings)
    for gradient in gradients:
        w.grad = Tensor(gradient)
        optimizer.step()
    return w.data


def by_the_formula(kind, gradients, w, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=None):
    decay = (0.01 if kind is AdamW else 0) if weight_decay is None else weight_decay
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        if kind is AdamW:
            w = w - lr * decay * w
        else:
            g = g + decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        w = w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return w


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.3}, {"betas": (0.5, 0.8), "eps": 0.1}, {"betas": (0.0, 0.0)}],
    ids=str,
)
def test_it_follows_the_formula(kind, settings):
    draw = generator()
    start, gradients = draw.standard_normal((2, 3)), draw.standard_normal((6, 2, 3))
    assert_close(descend(kind, gradients, start, **settings), by_the_formula(kind, gradients, start, **settings))


@given(st.floats(1e-4, 1e4), st.sampled_from([-1, 1]))
def test_the_first_step_is_one_lr_at_any_size_of_the_gradient(size, sign):
    moved = descend(Adam, np.array([[sign * size]]), np.zeros(1), lr=0.25, eps=0)
    assert_close(moved, np.array([-0.25 * sign]))


def test_adamw_shrinks_all_weights_by_the_same_share_and_adam_does_not():
    start, gradients = np.array([1.0, 1.0]), np.array([[1e-3, 1e3]])
    steps = {kind: descend(kind, gradients, start, lr=0.1, weight_decay=0.5, eps=0) for kind in (Adam, AdamW)}
    assert_close(steps[AdamW], np.array([0.85, 0.85]))
    assert_close(steps[Adam], np.array([0.9, 0.9]))  # the decay went through m / √v and left no trace


def test_without_weight_decay_adamw_is_adam():
    draw = generator()
    start, gradients = draw.standard_normal(4), draw.standard_normal((5, 4))
    assert_close(
        descend(AdamW, gradients, start, weight_decay=0), descend(Adam, gradients, start, weight_decay=0), rtol=1e-12
    )
