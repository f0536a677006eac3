"""training_step and evaluate."""

import numpy as np
import pytest

from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import OneCycle, Trainer
from tinytorch.testing import assert_close, generator


def small(lr=0.1, **settings):
    model = Linear(3, 2)
    return model, Trainer(model, SGD(model.parameters(), lr=lr), mse_loss, **settings)


def batches(*sizes):
    draw = generator()
    return [(Tensor(draw.standard_normal((n, 3))), Tensor(draw.standard_normal((n, 2)))) for n in sizes]


def test_a_step_is_forward_backward_and_the_optimizers_step():
    model, trainer = small()
    ((x, y),) = batches(5)
    w, b = model.weight.data.copy(), model.bias.data.copy()
    error = x.data @ w.T + b - y.data
    loss, outputs = trainer.training_step(x, y)
    assert_close(loss, float((error**2).mean()), rtol=1e-6)
    assert_close(outputs.data, x.data @ w.T + b, rtol=1e-6)
    assert_close(model.weight.data, w - 0.1 * (2 / error.size * error.T @ x.data).astype(np.float32), rtol=1e-5)
    assert_close(model.bias.data, b - 0.1 * (2 / error.size * error.sum(axis=0)).astype(np.float32), rtol=1e-5)


def test_gradients_of_earlier_steps_are_removed():
    model, trainer = small(lr=0.0)
    ((x, y),) = batches(5)
    trainer.training_step(x, y)
    first = model.weight.grad.data.copy()
    trainer.training_step(x, y)
    assert_close(model.weight.grad.data, first)


def test_gradients_are_clipped_before_the_step():
    model, trainer = small(lr=1.0, clip_norm=0.01)
    before = np.concatenate([p.data.ravel() for p in model.parameters()])
    trainer.training_step(*batches(5)[0])
    after = np.concatenate([p.data.ravel() for p in model.parameters()])
    assert_close(float(np.linalg.norm(after - before)), 0.01, rtol=1e-3)


def test_the_schedule_sets_the_rate_of_each_step_in_turn():
    model = Linear(3, 2)
    optimizer = SGD(model.parameters(), lr=1.0)
    used = []
    optimizer.update = lambda data, grad, state, lr, **settings: used.append(lr)
    trainer = Trainer(model, optimizer, mse_loss, OneCycle(optimizer, 1.0, total_steps=4, pct_start=0.5))
    for batch in batches(1, 1, 1, 1):
        trainer.training_step(*batch)
    assert_close(np.array(used[::2]), np.array([0.5, 1.0, 2 / 3, 1 / 3]))


def test_steps_are_counted():
    _, trainer = small()
    for batch in batches(2, 3):
        trainer.training_step(*batch)
    assert trainer.steps == 2


def test_a_loss_that_is_not_finite_changes_no_weight():
    model, trainer = small()
    before = [p.data.copy() for p in model.parameters()]
    with pytest.raises(FloatingPointError):
        trainer.training_step(Tensor(np.full((4, 3), np.nan)), Tensor(np.zeros((4, 2))))
    for p, old in zip(model.parameters(), before):
        assert_close(p.data, old)
    assert trainer.steps == 0


def test_evaluate_is_the_mean_over_examples_not_over_batches():
    model, trainer = small()
    data = batches(5, 1)
    whole = [(Tensor(np.concatenate([a.data for a, _ in data])), Tensor(np.concatenate([b.data for _, b in data])))]
    assert_close(trainer.evaluate(data)["loss"], trainer.evaluate(whole)["loss"])


def test_evaluate_changes_nothing_and_keeps_no_graph():
    seen = []

    class Spy(Dropout):
        def forward(self, x):
            seen.append((self.training, x.requires_grad))
            return super().forward(x)

    model = Sequential(Linear(3, 2), Spy(0.5))
    trainer = Trainer(model, SGD(model.parameters()), mse_loss)
    before = [p.data.copy() for p in model.parameters()]
    for training in (True, False):
        model.train(training)
        assert list(trainer.evaluate(batches(2, 2))) == ["loss"]
        assert model.training is training
    assert seen == [(False, False)] * 4
    for p, old in zip(model.parameters(), before):
        assert_close(p.data, old)


def test_the_mode_is_restored_even_after_an_error():
    model, trainer = small()
    with pytest.raises(TypeError):
        trainer.evaluate([None])
    assert model.training


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_loader_without_batches_is_refused():
    with pytest.raises(ValueError, match="loader"):
        small()[1].evaluate([])
