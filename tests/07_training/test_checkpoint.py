"""Checkpoints: exact resume, Ctrl-C, files that do not fit, a full disk."""

import errno
import os
import signal

import numpy as np
import pytest

from tinytorch.core import training
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import default_generator, manual_seed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def stop_after(run, steps):
    """Ctrl-C while the given step is running."""
    step, done = run.trainer.training_step, []

    def interrupted(*batch):
        done.append(1)
        if len(done) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*batch)

    run.trainer.training_step = interrupted


# ---- going on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("steps", [1, 6, 7, 8, 17, 27, 28], ids=lambda steps: f"step {steps} of 28")
def test_a_run_that_was_stopped_goes_on_with_the_same_losses_to_the_last_bit(new_run, path, steps, seed):
    whole = new_run(seed)
    whole.fit()
    stopped = new_run(seed)
    stop_after(stopped, steps)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(checkpoint=path)
    assert stopped.trainer.steps == steps
    resumed = new_run(seed)
    manual_seed(99)  # the state of the generator comes from the file
    resumed.fit(checkpoint=path, resume=True)
    assert resumed.story() == whole.story()
    assert (resumed.weights() == whole.weights()).all()
    assert resumed.trainer.steps == 28


def test_a_run_may_be_resumed_between_epochs_and_more_than_once(new_run, path):
    whole = new_run()
    whole.fit()
    for epochs in (1, 3, 4):
        run = new_run()
        run.fit(epochs, checkpoint=path, resume=True)
    assert run.story() == whole.story()
    assert (run.weights() == whole.weights()).all()


def test_it_may_be_stopped_again_in_the_same_epoch(new_run, path):
    whole = new_run()
    whole.fit()
    for steps in (9, 2, 1):
        run = new_run()
        stop_after(run, steps)
        with pytest.raises(KeyboardInterrupt):
            run.fit(checkpoint=path, resume=True)
    run = new_run()
    run.fit(checkpoint=path, resume=True)
    assert run.story() == whole.story()


def test_a_finished_run_has_nothing_left_to_do(new_run, path):
    run = new_run()
    run.fit(checkpoint=path)
    again = new_run()
    assert again.fit(checkpoint=path, resume=True) == run.trainer.history
    assert again.trainer.steps == 28


def test_resume_without_a_file_starts_at_the_beginning(new_run, path):
    run = new_run()
    run.fit(1, checkpoint=path, resume=True)
    assert len(run.trainer.history) == 1 and path.exists()


def test_ctrl_c_says_where_it_saved(new_run, path, capsys):
    run = new_run()
    stop_after(run, 9)
    with pytest.raises(KeyboardInterrupt):
        run.fit(checkpoint=path)
    assert f"stopped after 9 steps; saved in {path}, go on with resume=True" in capsys.readouterr().out


def test_ctrl_c_without_a_checkpoint_finishes_its_step_and_says_that_nothing_was_saved(new_run, capsys):
    run = new_run()
    stop_after(run, 9)
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert run.trainer.steps == 9
    assert "nothing was saved" in capsys.readouterr().out


@pytest.mark.not_in_catalogue("given code")
def test_a_second_ctrl_c_does_not_wait(new_run, path):
    run = new_run()

    def impatient(*batch):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second Ctrl-C was not heard")

    run.trainer.training_step = impatient
    with pytest.raises(KeyboardInterrupt):
        run.fit(checkpoint=path)


def test_ctrl_c_works_as_before_after_fit(new_run):
    before = signal.getsignal(signal.SIGINT)
    new_run().fit(1)
    assert signal.getsignal(signal.SIGINT) is before


# ---- what does not fit ------------------------------------------------------------------------------


def snapshot(run):
    state = run.optimizer.state_dict()
    kept = {(i, k): np.asarray(v).tolist() for i, s in state["state"].items() for k, v in s.items()}
    return run.weights().tolist(), kept, run.schedule.steps, run.trainer.steps, default_generator().bit_generator.state


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 8}, r"0.bias is float32 \(8,\) here and float32 \(16,\) in the file"),
        ({"dtype": np.float64}, r"0.bias is float64 \(16,\) here and float32 \(16,\) in the file"),
        ({"kind": SGD}, "the optimizer is SGD here and was Adam"),
        ({"epochs": 9}, "the schedule is OneCycle of 63 steps here and was OneCycle of 28 steps"),
        ({"seed": 5}, "the loader has seed=5 here and had seed=None"),
    ],
)
def test_a_checkpoint_of_another_run_is_named_and_nothing_changes(new_run, path, settings, message):
    new_run().fit(1, checkpoint=path)
    other = new_run(**settings)
    before, kept = snapshot(other), path.read_bytes()
    with pytest.raises(ValueError, match=f"checkpoint {path}: another run made it: .*{message}"):
        other.fit(4, checkpoint=path, resume=True)
    assert snapshot(other) == before and other.trainer.history == []
    assert path.read_bytes() == kept


def test_another_architecture_is_named_by_what_is_missing_and_what_is_too_many(new_run, path):
    new_run().fit(1, checkpoint=path)
    run = new_run()
    names = {"0.weight": "first.weight", "0.bias": "first.bias"}
    state_dict = run.model.state_dict
    run.model.__dict__["state_dict"] = lambda: {names.get(name, name): value for name, value in state_dict().items()}
    with pytest.raises(
        ValueError,
        match="0.bias is not in this model; 0.weight is not in this model; first.bias is missing in the file, and 1 more",
    ):
        run.trainer.load(path)


@pytest.mark.parametrize("keep", [0, 4, 200, -1], ids=["nothing", "4 bytes", "200 bytes", "all but one byte"])
def test_a_truncated_file_is_named_with_its_size_and_nothing_changes(new_run, path, keep):
    new_run().fit(1, checkpoint=path)
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    run = new_run()
    before = snapshot(run)
    with pytest.raises(ValueError, match=rf"checkpoint {path}: truncated or damaged \({len(whole[:keep]):,} bytes\)"):
        run.fit(4, checkpoint=path, resume=True)
    assert snapshot(run) == before


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_file_of_other_software_is_named(new_run, path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="a safetensors file, but not one of a Trainer"):
        new_run().trainer.load(path)


def test_a_checkpoint_of_another_run_is_not_overwritten(new_run, path):
    new_run().fit(1, checkpoint=path)
    kept = path.read_bytes()
    with pytest.raises(
        FileExistsError, match="there is one already.*pass resume=True to go on from it, or another name"
    ):
        new_run().fit(1, checkpoint=path)
    assert path.read_bytes() == kept


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_resume_needs_a_path(new_run):
    with pytest.raises(ValueError, match='resume=True needs the path to go on from; pass checkpoint="run.safetensors"'):
        new_run().fit(1, resume=True)


# ---- a disk that does not take it -------------------------------------------------------------------


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_rest(new_run, path, monkeypatch, call):
    run = new_run()
    run.fit(1, checkpoint=path)
    kept = path.read_bytes()

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(training.os, call, full)
    with pytest.raises(
        OSError, match=f"checkpoint {path}: not written: No space left on device; the older file there is untouched"
    ):
        run.fit(1, checkpoint=path)
    assert path.read_bytes() == kept
    assert os.listdir(path.parent) == [path.name]
    monkeypatch.undo()
    resumed = new_run(kind=Adam)
    resumed.fit(checkpoint=path, resume=True)
    assert len(resumed.trainer.history) == 4


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_folder_that_is_not_there_is_found_before_training(new_run, tmp_path):
    run = new_run()
    with pytest.raises(
        OSError, match="nowhere/run.safetensors: not written: No such file or directory; no file was left behind"
    ):
        run.fit(1, checkpoint=tmp_path / "nowhere" / "run.safetensors")
    assert run.trainer.steps == 0
