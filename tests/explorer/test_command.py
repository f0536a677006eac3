"""`tito explore`: what it writes and says, and the sentence for everything that can be wrong."""

import os
import re
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

import numpy as np
import pytest

from tinytorch import Trainer, nn
from tinytorch.analysis import networks as known
from tinytorch.data import TinyShapes
from tinytorch.explorer import __main__ as command
from tinytorch.explorer import networks
from tinytorch.optim import SGD

ROOT = Path(__file__).parents[2]
MINE = """\
from tinytorch import nn

def net():
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 26 * 26, 10))

def picky():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(7, 10))
"""


def checkpoint(model, path):
    Trainer(model, SGD(model.parameters(), lr=0.1)).save(path)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "nothing here"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def explore(capsys):
    """Run it in this process; gives the exit status and what it said: output, then errors."""

    def run(*arguments):
        status = command.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def test_a_checkpoint_becomes_a_page(folder, explore):
    status, said = explore(checkpoint(nn.SimpleCNN(), folder / "run.safetensors"), "--output", "a.html")
    assert status == 0, said
    page = (folder / "a.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "SimpleCNN: from run.safetensors, after 0 epochs" in said
    assert f"Open it in a browser: {(folder / 'a.html').as_uri()}" in said
    assert re.search(r"a\.html: 1\.\d\d MB", said)
    assert "note  CIFAR-10 is not in" in said and "tito data get cifar10" in said
    assert "CIFAR-10 is not in" in page, "the page says it, too"


def test_pictures_are_cifars_where_it_is(folder, explore):
    TinyShapes(40, train=False).write_cifar(folder / "set")  # as CIFAR-10's own files are
    checkpoint(nn.SimpleCNN(), folder / "run.safetensors")
    status, said = explore("run.safetensors", "--data", "set", "--output", "a.html")
    assert status == 0 and "note" not in said
    assert '"classes":["circle","square"' in (folder / "a.html").read_text(encoding="utf-8")
    status, said = explore("run.safetensors", "--data", "elsewhere", "--output", "a.html")
    assert status == 1 and "CIFAR10: elsewhere holds neither" in said


def test_pictures_are_normalised_as_the_milestone_does(folder):
    network = networks.stored(checkpoint(nn.SimpleCNN(), folder / "run.safetensors"), None, None)
    cifar10 = known.milestone("cifar10")
    grey = np.broadcast_to(np.float32(cifar10.MEAN).reshape(1, 3, 1, 1), (1, 3, 32, 32))
    np.testing.assert_allclose(network.prepare(grey), 0, atol=1e-6)


def test_the_network_has_the_numbers_of_the_file(folder):
    model = known.milestone("cnn").convolutional()
    checkpoint(model, folder / "run.safetensors")
    for maker in (None, "cnn"):
        network = networks.stored(folder / "run.safetensors", maker, None)
        assert network.title == "cnn" and network.pictures.shape == (355, 1, 16, 16)
        for name, tensor in network.model.state_dict().items():
            np.testing.assert_array_equal(tensor.data, model.state_dict()[name].data)


def test_without_a_checkpoint_the_newest_of_the_folder_is_taken(folder, explore):
    for age, name in enumerate(["new", "old"]):
        checkpoint(nn.SimpleCNN(), folder / f"{name}.safetensors")
        os.utime(folder / f"{name}.safetensors", (1e9 - age, 1e9 - age))
    status, said = explore("--output", "a.html")
    assert status == 0 and "No checkpoint was named: new.safetensors, the newest here, is taken." in said
    assert "SimpleCNN: from new.safetensors" in said


def test_without_any_a_small_network_is_trained_and_says_so(folder, explore, monkeypatch):
    monkeypatch.setattr(networks, "EPOCHS", 1)
    status, said = explore("--output", "a.html")
    assert status == 0, said
    assert "No checkpoint was named, and no *.safetensors is here: a small network is trained" in said
    assert "epoch 1/1" in said and re.search(
        r"cnn: trained just now, 1 epochs: it names [\d.]+ % of the held-out", said
    )


def test_a_network_of_ones_own_is_named_by_its_file(folder, explore):
    sys.path.insert(0, str(folder))
    model, _ = known.named("mine.py:net")
    checkpoint(model, folder / "run.safetensors")
    status, said = explore("run.safetensors", "--model", "mine.py:net", "--output", "a.html")
    assert status == 0, said
    assert "The pictures are given as they are, from 0 to 1" in said
    assert '"shape":[3,28,28]' in (folder / "a.html").read_text(encoding="utf-8"), "the side that it takes"


def test_an_image_of_ones_own_is_made_to_fit_and_it_is_told(folder, explore):
    checkpoint(nn.SimpleCNN(), folder / "run.safetensors")
    np.save(folder / "cat.npy", np.random.default_rng(0).random((40, 60, 4)))
    status, said = explore("run.safetensors", "--image", "cat.npy", "--output", "a.html")
    assert status == 0, said
    for change in ("its transparency is dropped", "the middle 40 × 40 are taken", "are resized to 32 × 32"):
        assert f"note  cat.npy: {change}" in said or change in said
        assert change in (folder / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.safetensors"], "there is no file nothing.safetensors"),
        (["mine.py"], "checkpoint mine.py: truncated or damaged"),
        (["dense.safetensors"], "is of dense, a network without convolutions, so there are no maps"),
        (["five.safetensors"], "fc.weight: expected (10, 4096), got (5, 4096)"),
        (["five.safetensors", "--model", "mine.py:net"], "missing     0.weight, of shape (2, 3, 3, 3)"),
        (["five.safetensors", "--model", "mine.py:nett"], "did you mean mine.py:net?"),
        (
            ["picky.safetensors", "--model", "mine.py:picky"],
            "--model: pictures of 32, 28, 16, 8, 64 pixels a side were tried, and none fits",
        ),
        (["good.safetensors", "--output", "no/such/a.html"], "mkdir -p"),
        (["good.safetensors", "--output", "."], "is a folder; name a file in it"),
        (["good.safetensors", "--image", "cat.png"], "--image: there is no file cat.png"),
        (["good.safetensors", "--image", "mine.ppm"], "no binary PPM or PGM file"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_what_was_there_stays(folder, explore, arguments, said):
    made = {
        "dense": known.milestone("cnn").dense,
        "five": lambda: nn.SimpleCNN(5),
        "good": nn.SimpleCNN,
        "picky": lambda: known.named("mine.py:picky")[0],
    }
    name = arguments[0].removesuffix(".safetensors")
    if name in made:
        checkpoint(made[name](), folder / arguments[0])
    shutil.copy(folder / "mine.py", folder / "mine.ppm")
    (folder / "a.html").write_text("the page of yesterday")
    status, told = explore(*arguments, *([] if "--output" in arguments else ["--output", "a.html"]))
    assert status == 1
    assert said in told and told.startswith("error: ")
    assert (folder / "a.html").read_text() == "the page of yesterday"
    assert {path.suffix for path in folder.iterdir()} <= {".py", ".ppm", ".html", ".safetensors", ""}


def test_a_full_disk_leaves_the_page_of_yesterday(folder, explore, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    checkpoint(nn.SimpleCNN(), folder / "run.safetensors")
    (folder / "a.html").write_text("the page of yesterday")
    monkeypatch.setattr(os, "replace", full)
    status, said = explore("run.safetensors", "--output", "a.html")
    assert status == 1
    assert f"--output: cannot write {folder / 'a.html'}: No space left on device; what was there is unchanged" in said
    assert (folder / "a.html").read_text() == "the page of yesterday"
    assert [path for path in folder.iterdir() if path.suffix == ".part"] == []


def test_a_model_needs_a_checkpoint(folder, explore):
    status, told = explore("--model", "mine.py:net", "--output", "a.html")
    assert status == 1 and "--model: it says whose numbers a CHECKPOINT holds" in told


def test_a_browser_opens_it_where_there_is_a_screen(folder, explore, monkeypatch):
    checkpoint(nn.SimpleCNN(), folder / "run.safetensors")
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    explore("run.safetensors", "--output", "a.html")
    assert opened == [], "no screen"
    monkeypatch.setenv("DISPLAY", ":0")
    explore("run.safetensors", "--output", "a.html", "--no-open")
    assert opened == [], "not wanted"
    _, said = explore("run.safetensors", "--output", "a.html")
    assert opened == [(folder / "a.html").as_uri()]
    assert f"It is open in your browser: {folder / 'a.html'}" in said
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert "Open it in a browser: file://" in explore("run.safetensors", "--output", "a.html")[1]


def child(*arguments, root=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def test_tito_hands_everything_to_a_child(folder):
    checkpoint(nn.SimpleCNN(), folder / "-run.safetensors")
    ran = subprocess.run(
        [sys.executable, "-m", "tito", "explore", "--output", f"{folder}/a b.html", "--no-open", "--", f"{folder}/-run.safetensors"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "from -run.safetensors" in ran.stdout and (folder / "a b.html").is_file()


def test_where_a_module_is_not_built_it_is_named(folder):
    shutil.copytree(
        ROOT / "tinytorch", folder / "tinytorch", ignore=shutil.ignore_patterns("spatial.py", "__pycache__")
    )
    for chapter in (ROOT / "modules").glob("[0-9]*"):
        (folder / "modules" / chapter.name).mkdir(parents=True)
        (dev,) = chapter.glob("*_dev.py")
        shutil.copy(dev, folder / "modules" / chapter.name)
    shutil.copytree(ROOT / "milestones", folder / "milestones")
    ran = child("-m", "tinytorch.explorer", "--no-open", root=folder)
    assert ran.returncode == 1
    assert "module 09 (spatial), which is not built yet" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_tinytorch_is_imported_only_when_it_is_needed():
    ran = child("-c", "import sys, tinytorch.explorer.__main__; print('numpy' in sys.modules)")
    assert ran.stdout == "False\n", ran.stderr
