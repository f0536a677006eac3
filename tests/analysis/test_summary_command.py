"""`tito summary` and the networks that it can be asked about: names, files, checkpoints, and what is wrong with them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinytorch
from tinytorch import nn
from tinytorch.analysis import networks
from tinytorch.analysis.__main__ import main

ROOT = Path(__file__).parents[2]
MINE = """\
from dataclasses import dataclass
from beside import CHANNELS
from tinytorch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(CHANNELS, 4, 3), nn.ReLU())

def fed(width): return nn.Linear(width, 2)
def nothing(): return 3

@dataclass
class Settings:
    lr: float = 0.1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("from __future__ import annotations\n" + MINE, encoding="utf-8")
    (tmp_path / "beside.py").write_text("CHANNELS = 2\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(path, model):
    tinytorch.Trainer(model, tinytorch.optim.SGD(model.parameters(), lr=0.1)).save(path)
    return str(path)


def said(capsys, *arguments, status=0):
    assert main(list(arguments)) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


@pytest.mark.parametrize(
    ("arguments", "first", "total"),
    [
        ([], "SimpleCNN on 1x3x32x32", 60_362),
        (["deeper"], "Sequential on 1x3x32x32", 464_170),
        (["cnn"], "Sequential on 1x1x16x16", 9_930),
        (["dense", "--input", "5,1,16,16"], "Sequential on 5x1x16x16", 10_156),
        (["SimpleCNN", "--input", "2x3x32x32"], "SimpleCNN on 2x3x32x32", 60_362),
        (["mine.py:Net"], "Net on 1x2x32x32", 76),
    ],
)
def test_networks_by_name(folder, capsys, arguments, first, total):
    text = said(capsys, *arguments)
    assert text.startswith(first + "\n") and f"{total:,}, of which {total:,} are trained" in text
    assert str(folder) not in sys.path


def test_the_command_runs_it_in_a_child():
    command = [sys.executable, "-m", "tito", "summary", "cnn", "--input", "3,1,16,16"]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sequential on 3x1x16x16\n") and "9,930" in done.stdout
    wrong = subprocess.run([*command[:4], "cnnn"], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert wrong.returncode == 1 and wrong.stderr.startswith("error: there is no network 'cnnn'; did you mean cnn?")


def test_checkpoints_are_of_the_network_that_they_fit(folder, capsys):
    path = kept(folder / "run.safetensors", networks.KNOWN["cnn"].make())
    assert said(capsys, path).startswith(f"{path}: cnn after 0 epochs\n\nSequential on 1x1x16x16\n")
    name, model, _ = networks.from_checkpoint(path)
    assert name == "cnn"
    again, other, _ = networks.from_checkpoint(path, networks.KNOWN["cnn"].make())
    assert again == "Sequential" and (other[0].weight.data == model[0].weight.data).all()


def test_a_checkpoint_of_a_network_of_ones_own(folder, capsys):
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU())
    path = kept(folder / "own.safetensors", model)
    text = said(capsys, path, "--model", "mine.py:Net", "--input", "1,2,9,9")
    assert text.startswith(f"{path}: Net after 0 epochs\n\nNet on 1x2x9x9\n")


def test_a_checkpoint_that_does_not_fit_names_entries_and_shapes(folder, capsys):
    model = nn.SimpleCNN()
    model.fc = nn.Linear(4096, 7)
    text = said(capsys, kept(folder / "seven.safetensors", model), status=1)
    assert "is not of SimpleCNN" in text
    assert "fc.weight: expected (10, 4096), got (7, 4096)" in text and "fc.bias: expected (10,), got (7,)" in text
    assert "conv1" not in text and "strict" not in text


def test_a_checkpoint_with_more_and_fewer_entries(folder, capsys):
    model = nn.SimpleCNN()
    model.extra, model.fc = nn.Linear(2, 2), nn.Flatten()
    text = said(capsys, kept(folder / "more.safetensors", model), status=1)
    assert "missing     fc.weight, of shape (10, 4096)" in text and "unexpected  extra.bias" in text
    assert "strict" not in text  # that is an option of load_state_dict, not of this command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simplecnn"], "error: there is no network 'simplecnn'; did you mean SimpleCNN?"),
        (["no.py:Net"], "error: there is no Python file no.py"),
        (["mine.py:Nat"], "error: there is no 'Nat' in mine.py; did you mean mine.py:Net? it has Net, fed, nothing"),
        (["mine.py"], "error: mine.py: which network in it?; it has Net, fed"),
        (["mine.py:fed"], "error: mine.py:fed: expected something that can be called without arguments"),
        (["mine.py:nothing"], "error: mine.py:nothing: expected a network, got int"),
        (["no.safetensors"], "error: there is no file no.safetensors"),
        (["beside.safetensors"], "error: checkpoint beside.safetensors: truncated or damaged"),
        (["cnn", "--model", "cnn"], "error: --model: it says whose numbers a .safetensors file holds"),
        (["cnn", "--input", "16,16"], "error: Conv2d: x: expected 4 axes"),
        (["cnn", "--input", "1,3,16,16"], "error: Conv2d: x: expected 1 channels, got 3"),
    ],
)
def test_bad_input(folder, capsys, arguments, words):
    (folder / "beside.safetensors").write_bytes(b"0123456789")
    text = said(capsys, *arguments, status=1)
    assert text.startswith(words) and "Traceback" not in text


def test_an_input_that_is_no_shape(capsys):
    with pytest.raises(SystemExit):
        main(["--input", "large"])
    assert "--input: expected whole numbers such as 1,3,32,32, got 'large'" in capsys.readouterr().err


def test_the_first_layer_says_what_it_takes():
    assert networks.first_shape(nn.Sequential(nn.ReLU(), nn.Linear(7, 2))) == (1, 7)
    assert networks.first_shape(nn.Sequential(nn.Conv2d(4, 2, 3), nn.Linear(7, 2))) == (1, 4, 32, 32)
    with pytest.raises(ValueError, match="--input: it cannot be told from the layers"):
        networks.first_shape(nn.ReLU())


def test_where_chapters_are_not_built_a_sentence_names_them(tmp_path):
    """A package with module 01 to 04 built, as in a student's edition."""
    for part in ("tinytorch", "modules"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("autograd", "optimizers", "training", "dataloader", "spatial"):
        (tmp_path / "tinytorch" / "core" / f"{name}.py").unlink()
    program = (
        "from tinytorch.analysis import *\nfrom tinytorch import nn\nimport numpy as np\n"
        "x, net = np.ones((1, 4), np.float32), nn.Linear(4, 2)\n"
        "for look in (lambda: summary(net, (1, 4)), lambda: trace(net, x), lambda: nn.Conv2d):\n"
        "    try: look()\n    except ImportError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and "module 09 (spatial), which is not built yet" in lines[2]
    assert all("needs module 05 (autograd), which is not built yet" in line for line in lines[:2])
