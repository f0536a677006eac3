"""What chapter 07 is given: checks, Ctrl-C, the progress bar, and which checkpoints fit."""

import math
import os
import re
import signal
import sys
import time

import numpy as np
import pytest

from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import CosineSchedule, OneCycle, Trainer, accuracy, clip_grad_norm
from tinytorch.support.random import default_generator, manual_seed
from tinytorch.support.training import interruptible


class Batches(list):
    """Batches of 8 examples, the last of 4; `seed` stands for that of a loader."""

    def __init__(self, dtype=np.float32, seed=None):
        draw = np.random.default_rng(1)
        x, y = draw.standard_normal((20, 6)).astype(dtype), draw.integers(0, 3, 20)
        super().__init__((Tensor(x[i : i + 8]), Tensor(y[i : i + 8])) for i in (0, 8, 16))
        self.seed = seed


class Run:
    """A model, its trainer and its data; an epoch has three batches."""

    def __init__(self, hidden=5, kind=Adam, dtype=np.float32, epochs=4, seed=None):
        manual_seed(0)
        self.model = Sequential(Linear(6, hidden), Linear(hidden, 3))
        for p in self.model.parameters():
            p.data = p.data.astype(dtype)
        self.optimizer = kind(self.model.parameters(), lr=0.01)
        self.loader = Batches(dtype, seed)
        self.schedule = OneCycle(self.optimizer, 0.02, epochs * len(self.loader))
        self.trainer = Trainer(self.model, self.optimizer, schedule=self.schedule)

    def fit(self, epochs=1, **settings):
        return self.trainer.fit(self.loader, epochs, **{"verbose": False, **settings})

    def everything(self):
        state = self.optimizer.state_dict()["state"]
        kept = {(i, k): np.asarray(v).tolist() for i, s in state.items() for k, v in s.items()}
        weights = [p.data.tolist() for p in self.model.parameters()]
        return weights, kept, self.schedule.steps, self.trainer.steps, default_generator().bit_generator.state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def small(lr=0.1, **settings):
    model = Linear(3, 2)
    return model, Trainer(model, SGD(model.parameters(), lr=lr), mse_loss, **settings)


# ---- arguments ----


@pytest.mark.parametrize(("logits", "labels"), [((4, 3), (3,)), ((4,), (4,)), ((4, 3), (4, 3)), ((0, 3), (0,))])
def test_accuracy_refuses_shapes_that_do_not_fit_and_an_empty_batch(logits, labels):
    with pytest.raises(
        ValueError, match=r"accuracy: expected logits \(N, C\) and labels \(N,\) with N at least 1, got"
    ):
        accuracy(np.zeros(logits), np.zeros(labels, np.int64))


@pytest.mark.parametrize("max_norm", [0, -1.0, float("nan")])
def test_clipping_refuses_a_max_norm_that_is_not_above_0(max_norm):
    with pytest.raises(ValueError, match="clip_grad_norm: max_norm: expected a number above 0, got"):
        clip_grad_norm([], max_norm)


def sgd(*lrs):
    return SGD([{"params": [Tensor([1.0], requires_grad=True)], "lr": lr} for lr in lrs])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: OneCycle(o, 0.1, 0), "OneCycle: total_steps: expected a whole number of at least 1, got 0; pass"),
        (lambda o: OneCycle(o, 0.1, 2.5), "OneCycle: total_steps: .* got 2.5"),
        (
            lambda o: OneCycle(o, -0.1, 5),
            r"OneCycle: expected a learning rate above 0 for each of the 1 .* got \[-0.1\]",
        ),
        (lambda o: OneCycle(o, [0.1, 0.2], 5), "for each of the 1 parameter groups"),
        (
            lambda o: OneCycle(o, 0.1, 5, pct_start=1.0),
            "OneCycle: pct_start: expected a share above 0 and below 1, got 1.0",
        ),
        (lambda o: CosineSchedule(o, 5, warmup=5), "CosineSchedule: warmup: expected 0 to below total_steps=5, got 5"),
        (lambda o: CosineSchedule(o, 5, warmup=-1), "CosineSchedule: warmup: .* got -1"),
    ],
)
def test_a_schedule_refuses_settings_that_are_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make(sgd(1.0))


def test_a_schedule_refuses_a_step_too_many():
    schedule = OneCycle(sgd(1.0), 0.1, total_steps=1)
    schedule.step()
    with pytest.raises(ValueError, match=r"OneCycle: all 1 steps are done; pass total_steps=epochs \* len\(loader\)"):
        schedule.step()


def test_a_trainer_refuses_the_optimizer_of_another_model():
    with pytest.raises(ValueError, match=r"holds none of the model's parameters.*SGD\(model.parameters\(\), ...\)"):
        Trainer(Linear(2, 2), SGD(Linear(2, 2).parameters()))


def test_a_trainer_refuses_the_schedule_of_another_optimizer():
    model = Linear(2, 2)
    schedule = OneCycle(SGD(model.parameters()), 0.1, 10)
    with pytest.raises(ValueError, match="schedule: it belongs to another optimizer"):
        Trainer(model, SGD(model.parameters()), schedule=schedule)


@pytest.mark.parametrize("clip_norm", [0, -1.0])
def test_a_trainer_refuses_a_clip_norm_that_is_not_above_0(clip_norm):
    with pytest.raises(ValueError, match="clip_norm: expected a number above 0 or None"):
        small(clip_norm=clip_norm)


def test_a_schedule_that_is_too_short_is_refused_before_training():
    run = Run()
    with pytest.raises(
        ValueError, match="these epochs end at step 15, but the schedule has 12 steps; make it with total_steps=15"
    ):
        run.fit(5)
    assert run.trainer.steps == 0


def test_a_loader_without_batches_is_refused():
    with pytest.raises(
        ValueError, match="loader: expected at least one batch, got none; a generator gives its batches"
    ):
        Run().trainer.fit([], 1, verbose=False)


def test_resume_needs_a_path():
    with pytest.raises(ValueError, match='resume=True needs the path to go on from; pass checkpoint="run.safetensors"'):
        Run().fit(1, resume=True)


def test_a_folder_that_cannot_be_written_to_is_found_before_training(tmp_path):
    run = Run()
    with pytest.raises(OSError, match="nowhere/run.safetensors: not written"):
        run.fit(1, checkpoint=tmp_path / "nowhere" / "run.safetensors")
    assert run.trainer.steps == 0


# ---- a loss that is not finite ----


def test_nan_in_the_batch_stops_with_the_step_and_the_last_finite_loss():
    model, trainer = small()
    draw = np.random.default_rng(0)
    good = [(Tensor(draw.standard_normal((4, 3))), Tensor(draw.standard_normal((4, 2)))) for _ in range(2)]
    bad = (Tensor(np.full((4, 3), np.nan)), good[0][1])
    with pytest.raises(FloatingPointError) as error:
        trainer.fit([*good, bad], 1, verbose=False)
    message = str(error.value)
    assert "the loss is nan at step 3 (epoch 1)" in message
    assert f"the last finite one was {trainer.last_loss}" in message and math.isfinite(trainer.last_loss)
    assert "the batch itself holds nan or infinity" in message


def test_weights_that_a_step_made_infinite_are_named():
    model, trainer = small()
    model.weight.data[0, 0] = np.inf
    with pytest.raises(
        FloatingPointError, match=r"a learning rate too high \(0.1; try 0.01.*the step before made weight infinite"
    ):
        trainer.training_step(Tensor(np.ones((4, 3))), Tensor(np.ones((4, 2))))


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_otherwise_the_likely_causes_are_listed():
    model, trainer = small()
    model.weight.data[...] = 1e30  # finite, and its square is not
    with pytest.raises(
        FloatingPointError, match=r"the loss is inf at step 1 .*clip_norm=1.0.* not normalised, or the log or root of 0"
    ):
        trainer.training_step(Tensor(np.ones((4, 3), np.float32)), Tensor(np.ones((4, 2), np.float32)))


# ---- Ctrl-C ----


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_is_noted_and_the_second_interrupts():
    with pytest.raises(KeyboardInterrupt):
        with interruptible() as interrupt:
            assert not interrupt.is_set()
            press_ctrl_c()
            assert interrupt.is_set()
            press_ctrl_c()
            raise AssertionError("the second Ctrl-C did not interrupt")


def test_ctrl_c_works_as_before_after_fit():
    before = signal.getsignal(signal.SIGINT)
    Run().fit()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("step", "rows"), [(2, 0), (3, 1)], ids=["in the middle of an epoch", "at the end of one"])
def test_ctrl_c_says_after_which_step_it_saved_and_where(path, capsys, step, rows):
    run = Run()
    training_step = run.trainer.training_step

    def interrupted(*batch):
        if run.trainer.steps == step - 1:
            press_ctrl_c()
        return training_step(*batch)

    run.trainer.training_step = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.fit(4, checkpoint=path)
    assert f"stopped after {step} steps; saved in {path}, go on with resume=True" in capsys.readouterr().out
    assert len(run.trainer.history) == rows  # an epoch whose last step was interrupted is finished


def test_ctrl_c_without_a_checkpoint_says_that_nothing_was_saved(capsys):
    run = Run()
    training_step = run.trainer.training_step

    def interrupted(*batch):
        press_ctrl_c()
        return training_step(*batch)

    run.trainer.training_step = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert 'nothing was saved, for that pass checkpoint="run.safetensors"' in capsys.readouterr().out


# ---- which checkpoints fit ----


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 8}, r"0.bias is float32 \(8,\) here and float32 \(5,\) in the file"),
        ({"dtype": np.float64}, r"0.bias is float64 \(5,\) here and float32 \(5,\) in the file"),
        ({"kind": SGD}, "the optimizer is SGD here and was Adam"),
        ({"epochs": 9}, "the schedule is OneCycle of 27 steps here and was OneCycle of 12 steps"),
        ({"seed": 5}, "the loader has seed=5 here and had seed=None"),
    ],
)
def test_the_checkpoint_of_another_run_is_named_and_nothing_changes(path, settings, message):
    Run().fit(checkpoint=path)
    other = Run(**settings)
    before, kept = other.everything(), path.read_bytes()
    with pytest.raises(ValueError, match=f"checkpoint {path}: another run made it: .*{message}"):
        other.fit(4, checkpoint=path, resume=True)
    assert other.everything() == before and other.trainer.history == []
    assert path.read_bytes() == kept


def test_another_architecture_is_named_by_what_is_missing_and_what_is_too_many(path):
    Run().fit(checkpoint=path)
    run = Run()
    names = {"0.weight": "first.weight", "0.bias": "first.bias"}
    state_dict = run.model.state_dict
    run.model.__dict__["state_dict"] = lambda: {names.get(name, name): value for name, value in state_dict().items()}
    with pytest.raises(
        ValueError,
        match="0.bias is not in this model; 0.weight is not in this model; first.bias is missing in the file, and 1 more",
    ):
        run.trainer.load(path)


def test_a_damaged_checkpoint_changes_nothing(path):
    Run().fit(checkpoint=path)
    path.write_bytes(path.read_bytes()[:200])
    run = Run()
    before = run.everything()
    with pytest.raises(ValueError, match="truncated or damaged"):
        run.fit(4, checkpoint=path, resume=True)
    assert run.everything() == before


def test_the_checkpoint_of_another_run_is_not_overwritten_and_the_own_is(path):
    run = Run()
    run.fit(checkpoint=path)
    kept = path.read_bytes()
    with pytest.raises(
        FileExistsError, match="there is one already.*pass resume=True to go on from it, or another name"
    ):
        Run().fit(checkpoint=path)
    assert path.read_bytes() == kept
    run.fit(checkpoint=path)
    assert path.read_bytes() != kept


def test_save_and_load_restore_everything(path):
    run = Run()
    run.fit(2)
    run.trainer.save(path)
    other = Run()
    other.trainer.load(path)
    assert other.everything() == run.everything()
    assert other.trainer.history == run.trainer.history and other.trainer.last_loss == run.trainer.last_loss


# ---- what is shown ----


def test_without_a_terminal_there_is_a_line_for_each_epoch_and_no_bar(capsys):
    run = Run()
    run.fit(2, validation=run.loader, verbose=True)
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert len(lines) == 2
    pattern = (
        r"epoch 2/2  loss \d\.\d{4}  accuracy .*%  val_loss \d\.\d{4}  val_accuracy .*%  \d+\.\d s  [\d,]+ images/s"
    )
    assert re.fullmatch(pattern, lines[1])


def test_on_a_terminal_a_bar_shows_loss_accuracy_speed_and_time_left(capsys, monkeypatch):
    run = Run()
    training_step = run.trainer.training_step

    def slow(*batch):
        time.sleep(0.15)  # the bar is drawn every tenth of a second
        return training_step(*batch)

    run.trainer.training_step = slow
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run.fit(verbose=True)
    assert re.search(
        r"epoch 1/1 \|.*\| [1-3]/3 \[00:00<00:0\d, loss \d.* accuracy \d.*%.* images/s", capsys.readouterr().err
    )


def test_the_bar_is_closed_where_a_step_fails(capsys, monkeypatch):
    run = Run()

    def fail(*batch):
        raise RuntimeError("no")

    run.trainer.training_step = fail
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with pytest.raises(RuntimeError, match="no"):
        run.fit(verbose=True)
    assert capsys.readouterr().err.endswith("\r")  # the line of the bar is empty again
