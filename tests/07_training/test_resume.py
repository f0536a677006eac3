"""Going on from a checkpoint, and Ctrl-C. (tests/support has the files themselves, and what is refused.)"""

import os
import signal

import pytest

from tinytorch.support.random import manual_seed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def stop_after(run, steps):
    """Press Ctrl-C while the given step is running."""
    step, done = run.trainer.training_step, []

    def interrupted(*batch):
        done.append(1)
        if len(done) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*batch)

    run.trainer.training_step = interrupted


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
    assert resumed.numbers() == whole.numbers()
    assert resumed.trainer.steps == 28


def test_a_run_may_be_resumed_between_epochs_and_more_than_once(new_run, path):
    whole = new_run()
    whole.fit()
    for epochs in (1, 3, 4):
        run = new_run()
        run.fit(epochs, checkpoint=path, resume=True)
    assert run.numbers() == whole.numbers()


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
    assert run.numbers() == whole.numbers()


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


def test_ctrl_c_without_a_checkpoint_finishes_its_step(new_run):
    run = new_run()
    stop_after(run, 9)
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert run.trainer.steps == 9


def test_the_checkpoint_of_another_run_is_not_overwritten(new_run, path):
    new_run().fit(1, checkpoint=path)
    kept = path.read_bytes()
    with pytest.raises(FileExistsError):
        new_run().fit(1, checkpoint=path)
    assert path.read_bytes() == kept
