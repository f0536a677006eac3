"""milestones/cifar10.py, on small drawn pictures in CIFAR-10's form."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.data import TinyShapes
from tinytorch.testing import assert_close, generator

PROGRAM = Path(__file__).resolve().parents[2] / "milestones" / "cifar10.py"


@pytest.fixture(scope="module")
def cifar10():
    spec = importlib.util.spec_from_file_location("milestone_cifar10", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    TinyShapes(n=200).write_cifar(folder)
    TinyShapes(n=100, train=False).write_cifar(folder)
    return folder


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("model", "parameters"), [("simple", "60,362"), ("deeper", "464,170")])
def test_a_trial_run_trains_tests_and_gives_its_verdict(data, model, parameters):
    done = run("--data", data, "--model", model, "--epochs", "1", "--limit", "96")
    assert done.returncode == 1, done.stderr
    assert f"{parameters} parameters, 96 pictures" in done.stdout
    assert "epoch 1/1" in done.stdout and "val_accuracy" in done.stdout
    assert "% of 96 test pictures" in done.stdout
    assert "\nNOT PASSED" in done.stdout


def test_a_finished_run_goes_on_from_its_checkpoint_without_training_again(data, tmp_path):
    arguments = ("--data", data, "--epochs", "2", "--checkpoint", tmp_path / "run.safetensors")
    first, second = run(*arguments), run(*arguments)
    assert first.stdout.count("epoch ") == 2, first.stderr
    assert second.stdout.count("epoch ") == 0, second.stderr
    assert first.stdout.splitlines()[-2:] == second.stdout.splitlines()[-2:]


@pytest.mark.parametrize(("points", "status"), [(0.01, 0), (0.0, 1), (-65.0, 1)])
def test_the_mark_must_be_passed_not_met(cifar10, data, monkeypatch, points, status):
    reached = [{"val_accuracy": (cifar10.MARK + points) / 100}]
    monkeypatch.setattr(cifar10.Trainer, "fit", lambda *_, **__: reached)
    monkeypatch.setattr(sys, "argv", ["cifar10.py", "--data", str(data)])
    assert cifar10.main() == status


def test_training_pictures_are_flipped_and_shifted_and_test_pictures_are_not(cifar10, data):
    train, test = cifar10.loaders(str(data), None)
    assert not np.array_equal(train.dataset[np.arange(50)][0].data, train.dataset[np.arange(50)][0].data)
    images, _ = test.dataset[np.arange(50)]
    plain = TinyShapes(n=100, train=False)[np.arange(50)][0].data
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (cifar10.MEAN, cifar10.STD))
    assert_close(images, (plain - mean) / std)


def test_a_residual_block_whose_change_is_zero_passes_its_input_on(cifar10):
    block = cifar10.Residual(4)
    list(block.change)[-1].weight.data[...] = 0.0
    x = Tensor(generator().random((2, 4, 5, 5), np.float32))
    assert_close(block(x), x)


def test_data_that_is_not_there_is_named_without_a_traceback(tmp_path):
    done = run("--data", tmp_path / "nowhere")
    assert done.returncode == 1
    assert str(tmp_path / "nowhere") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_limit_of_no_pictures_is_refused():
    done = run("--limit", "0")
    assert done.returncode == 2
    assert "--limit: expected at least 1, got 0" in done.stderr
