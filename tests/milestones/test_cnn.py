"""milestones/cnn.py: the pictures are what it says, and so is the verdict."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch.data import Digits

PROGRAM = Path(__file__).resolve().parents[2] / "milestones" / "cnn.py"


@pytest.fixture(scope="module")
def cnn():
    spec = importlib.util.spec_from_file_location("milestone_cnn", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def window_of(image):
    """The top left corner and the content of the 8 x 8 window that holds everything that is not 0."""
    rows, columns = np.nonzero(image.any(axis=1))[0], np.nonzero(image.any(axis=0))[0]
    assert rows[-1] - rows[0] < 8 and columns[-1] - columns[0] < 8
    return rows[0], columns[0]


def test_the_whole_digit_stands_somewhere_on_the_canvas(cnn):
    plain, placed = Digits(), Digits(transform=cnn.anywhere)
    indices = np.arange(len(plain))
    small, large = plain[indices][0].data, placed[indices][0].data
    assert large.shape == (len(plain), 1, 16, 16)
    corners = set()
    for digit, canvas in zip(small[:, 0], large[:, 0]):
        (top, left), (own_top, own_left) = window_of(canvas), window_of(digit)
        top, left = top - own_top, left - own_left
        np.testing.assert_array_equal(canvas[top : top + 8, left : left + 8], digit)
        assert np.count_nonzero(canvas) == np.count_nonzero(digit)
        corners.add((int(top), int(left)))
    # 1,442 digits, 81 places: that one stays empty has a chance of 81 * (80 / 81) ** 1442, about one in a million
    assert corners == {(top, left) for top in range(9) for left in range(9)}


def test_training_pictures_are_drawn_anew_and_test_pictures_stay(cnn):
    train, test = Digits(transform=cnn.anywhere), cnn.held_out()
    assert not np.array_equal(train[np.arange(50)][0].data, train[np.arange(50)][0].data)
    first, second = ([images.data for images, _ in test] for _ in range(2))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(second))
    assert sum(map(len, first)) == 4 * len(Digits(train=False))


def test_the_dense_network_has_at_least_as_many_parameters(cnn):
    sizes = [sum(p.numel() for p in model.parameters()) for model in (cnn.convolutional(), cnn.dense())]
    assert sizes == [9930, 10156]


@pytest.mark.parametrize(
    ("convolutional", "dense", "status", "verdict"),
    [
        (98.0, 75.0, 0, "\nPASSED"),
        (95.0, 90.0, 0, "\nPASSED"),
        (94.9, 75.0, 1, "\nNOT PASSED"),
        (96.0, 91.1, 1, "\nNOT PASSED"),
    ],
)
def test_the_verdict_and_the_exit_status_follow_both_accuracies(
    cnn, monkeypatch, capsys, convolutional, dense, status, verdict
):
    found = {"convolutional network": convolutional, "dense network": dense}
    monkeypatch.setattr(cnn, "train", lambda name, *_: found[name])
    monkeypatch.setattr(sys, "argv", ["cnn.py"])
    assert cnn.main() == status
    printed = capsys.readouterr().out
    assert verdict in printed
    assert f"convolutional {convolutional:.1f} %, dense {dense:.1f} %" in printed


def test_a_run_that_is_too_short_trains_both_and_does_not_pass():
    done = run("--epochs", "1")
    assert done.returncode == 1, done.stderr
    assert "epoch 1/1" in done.stdout and "epoch 2/2" in done.stdout
    assert "val_accuracy" in done.stdout
    assert "NOT PASSED" in done.stdout


def test_the_same_seed_gives_the_same_accuracy(cnn):
    def trained():
        tinytorch.manual_seed(5)
        return cnn.train("dense network", cnn.dense(), 2, cnn.held_out())

    assert trained() == trained()


def test_no_epochs_is_refused():
    done = run("--epochs", "0")
    assert done.returncode == 2
    assert "expected at least 1, got 0" in done.stderr
