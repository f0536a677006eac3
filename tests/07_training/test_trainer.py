"""Trainer: the step, the evaluation, fit and its history."""

import math
import re
import sys
import time

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


def test_gradients_of_earlier_steps_are_forgotten():
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
    schedule = OneCycle(optimizer, 1.0, total_steps=4, pct_start=0.5)
    Trainer(model, optimizer, mse_loss, schedule).fit(batches(1, 1, 1, 1), 1, verbose=False)
    assert_close(np.array(used[::2]), np.array([0.5, 1.0, 2 / 3, 1 / 3]))


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
        assert trainer.evaluate(batches(2, 2)) != {}
        assert model.training is training
    assert seen == [(False, False)] * 4
    for p, old in zip(model.parameters(), before):
        assert_close(p.data, old)


def test_the_mode_is_put_back_even_after_an_error():
    model, trainer = small()
    with pytest.raises(ValueError, match="loader: expected at least one batch, got none"):
        trainer.evaluate([])
    assert model.training


def test_fit_trains_in_train_mode_and_tells_a_row_for_each_epoch(new_run):
    run = new_run()
    run.model.eval()
    history = run.fit()
    assert run.model.training
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert all(set(row) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"} for row in history)
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    assert run.trainer.steps == 4 * 7


def test_the_training_loss_is_the_mean_over_the_examples_of_the_epoch(new_run):
    run = new_run()
    losses, step = [], run.trainer.training_step

    def noted(inputs, targets):
        loss, outputs = step(inputs, targets)
        losses.append((len(inputs), loss))
        return loss, outputs

    run.trainer.training_step = noted
    (row,) = run.fit(1)
    assert sum(n for n, _ in losses) == 100
    assert_close(row["loss"], sum(n * loss for n, loss in losses) / 100)


@pytest.mark.not_in_catalogue("given code")
def test_without_class_labels_there_is_no_accuracy():
    _, trainer = small()
    (row,) = trainer.fit(batches(4, 4), 1, verbose=False)
    assert set(row) == {"epoch", "loss", "seconds"}


def test_a_second_fit_goes_on_counting(new_run):
    run = new_run()
    run.fit(1)
    run.fit(2)
    assert [row["epoch"] for row in run.trainer.history] == [1, 2, 3]


def test_the_same_seed_gives_the_same_run_to_the_last_bit(new_run):
    runs = []
    for _ in range(2):
        run = new_run()
        run.fit()
        runs.append((run.story(), run.weights().tolist()))
    assert runs[0] == runs[1]


def test_without_a_terminal_there_is_a_line_for_each_epoch_and_no_bar(new_run, capsys):
    new_run().fit(2, verbose=True)
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert len(lines) == 2
    for word in ("epoch 2/2", "loss", "accuracy", "val_loss", "val_accuracy", "images/s"):
        assert word in lines[1]


def test_on_a_terminal_a_bar_shows_loss_accuracy_speed_and_time_left(new_run, capsys, monkeypatch):
    run = new_run()
    step = run.trainer.training_step

    def slow(*batch):
        time.sleep(0.05)  # the bar is drawn every tenth of a second
        return step(*batch)

    run.trainer.training_step = slow
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run.fit(1, verbose=True)
    assert re.search(
        r"epoch 1/1 \|.*\| [2-7]/7 \[00:00<00:0\d, loss \d.* accuracy \d.*%.* images/s", capsys.readouterr().err
    )


def test_quiet_is_quiet(new_run, capsys):
    new_run().fit(1, verbose=False)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


# ---- what is refused --------------------------------------------------------------------------------


def test_a_loader_without_batches_is_refused(new_run):
    run = new_run()
    with pytest.raises(ValueError, match="loader: expected at least one batch, got none"):
        run.trainer.fit([], 1, verbose=False)
    used_up = iter(list(run.loader))
    with pytest.raises(ValueError, match="a generator gives its batches only once"):
        run.trainer.fit(used_up, 2, verbose=False)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_an_optimizer_for_another_model_is_refused():
    with pytest.raises(ValueError, match=r"holds none of the model's parameters.*SGD\(model.parameters\(\), ...\)"):
        Trainer(Linear(2, 2), SGD(Linear(2, 2).parameters()))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_schedule_for_another_optimizer_is_refused():
    model = Linear(2, 2)
    schedule = OneCycle(SGD(model.parameters()), 0.1, 10)
    with pytest.raises(ValueError, match="schedule: it belongs to another optimizer"):
        Trainer(model, SGD(model.parameters()), schedule=schedule)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("clip_norm", [0, -1.0])
def test_a_clip_norm_that_is_not_above_0_is_refused(clip_norm):
    with pytest.raises(ValueError, match="clip_norm: expected a number above 0 or None"):
        small(clip_norm=clip_norm)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_schedule_that_is_too_short_is_refused_before_training(new_run):
    run = new_run()
    with pytest.raises(
        ValueError, match="these epochs end at step 35, but the schedule has 28 steps; make it with total_steps=35"
    ):
        run.fit(5)
    assert run.trainer.steps == 0


# ---- a loss that is not finite ----------------------------------------------------------------------


def test_nan_stops_training_with_the_step_and_the_last_finite_loss_and_changes_no_weight():
    model, trainer = small()
    good = batches(4, 4)
    bad = (Tensor(np.full((4, 3), np.nan)), good[0][1])
    with pytest.raises(FloatingPointError) as error:
        trainer.fit([*good, bad], 1, verbose=False)
    message = str(error.value)
    assert "the loss is nan at step 3 (epoch 1)" in message
    assert f"the last finite one was {trainer.last_loss}" in message and math.isfinite(trainer.last_loss)
    assert "the batch itself holds nan or infinity" in message
    assert all(np.isfinite(p.data).all() for p in model.parameters())


def test_weights_that_a_step_made_infinite_are_named():
    model, trainer = small()
    model.weight.data[0, 0] = np.inf
    with pytest.raises(
        FloatingPointError, match=r"a learning rate too high \(0.1; try 0.01.*the step before made weight infinite"
    ):
        trainer.training_step(*batches(4)[0])


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_otherwise_the_likely_causes_are_listed():
    model, trainer = small()
    model.weight.data[...] = 1e30  # finite, and its square is not
    with pytest.raises(
        FloatingPointError, match=r"the loss is inf at step 1 .*clip_norm=1.0.* not normalised, or the log or root of 0"
    ):
        trainer.training_step(Tensor(np.ones((4, 3), np.float32)), Tensor(np.ones((4, 2), np.float32)))
