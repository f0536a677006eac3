"""train_epoch, fit and the history."""

import numpy as np
import pytest

from tinytorch.core.layers import Linear, ReLU, Sequential
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import OneCycle, Trainer
from tinytorch.support.random import manual_seed
from tinytorch.testing import assert_close, generator


def test_fit_trains_in_train_mode_and_returns_a_row_for_each_epoch(new_run):
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

    def recorded(inputs, targets):
        loss, outputs = step(inputs, targets)
        losses.append((len(inputs), loss))
        return loss, outputs

    run.trainer.training_step = recorded
    (row,) = run.fit(1)
    assert sum(n for n, _ in losses) == 100
    assert_close(row["loss"], sum(n * loss for n, loss in losses) / 100)


def test_validation_is_an_evaluation_after_the_epoch(new_run):
    run = new_run()
    held_out = [(Tensor(run.loader.x[:9] * 2), Tensor(run.loader.y[:9]))]
    (row,) = run.fit(1, validation=held_out)
    expected = run.trainer.evaluate(held_out)
    assert (row["val_loss"], row["val_accuracy"]) == (expected["loss"], expected["accuracy"])


def test_without_validation_and_class_labels_there_is_only_the_loss():
    model = Linear(3, 2)
    draw = generator()
    batches = [(Tensor(draw.standard_normal((4, 3))), Tensor(draw.standard_normal((4, 2)))) for _ in range(2)]
    (row,) = Trainer(model, SGD(model.parameters(), lr=0.1), mse_loss).fit(batches, 1, verbose=False)
    assert set(row) == {"epoch", "loss", "seconds"}


def test_a_second_fit_goes_on_counting(new_run):
    run = new_run()
    run.fit(1)
    run.fit(2)
    assert [row["epoch"] for row in run.trainer.history] == [1, 2, 3]


def test_the_same_seed_gives_the_same_run_to_the_last_bit(new_run):
    numbers = []
    for _ in range(2):
        run = new_run()
        run.fit()
        numbers.append(run.numbers())
    assert numbers[0] == numbers[1]


def test_verbose_prints_a_line_for_each_epoch_and_quiet_prints_nothing(new_run, capsys):
    new_run().fit(2, verbose=False)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    new_run().fit(2, verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_network_learns_which_of_two_half_moons_a_point_is_on():
    draw = np.random.default_rng(0)
    angle, side = draw.uniform(0, np.pi, 256), draw.integers(0, 2, 256)
    moons = np.stack([np.cos(angle) + side, np.where(side, 0.5 - np.sin(angle), np.sin(angle))], axis=1)
    points = Tensor((moons + draw.normal(0, 0.05, moons.shape)).astype(np.float32))
    loader = [(points[i : i + 32], Tensor(side[i : i + 32])) for i in range(0, 256, 32)]
    manual_seed(0)
    model = Sequential(Linear(2, 32), ReLU(), Linear(32, 2))
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    trainer = Trainer(model, optimizer, schedule=OneCycle(optimizer, 0.3, total_steps=30 * len(loader)))
    trainer.fit(loader, 30, verbose=False)
    assert trainer.evaluate(loader)["accuracy"] > 0.97


def test_a_loader_without_batches_is_refused(new_run):
    run = new_run()
    with pytest.raises(ValueError, match="loader"):
        run.trainer.fit([], 1, verbose=False)
    used_up = iter(list(run.loader))
    with pytest.raises(ValueError, match="loader"):
        run.trainer.fit(used_up, 2, verbose=False)


def test_a_loss_that_is_not_finite_stops_training(new_run):
    run = new_run()
    good = list(run.loader)
    with pytest.raises(FloatingPointError):
        run.trainer.fit([*good, (Tensor(np.full((4, 6), np.nan)), good[-1][1])], 1, verbose=False)
    assert all(np.isfinite(p.data).all() for p in run.model.parameters())
    assert run.trainer.steps == len(good)
