"""tinytorch, nn, nn.functional, optim and data: torch's names over the chapters, and what a name that is not built says."""

import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
import tinytorch.core
from tinytorch.core.layers import Module
from tinytorch.core.optimizers import Optimizer
from tinytorch.core.training import Schedule

ROOT = Path(__file__).parents[2]
CHAPTERS = [name for _, name, _ in pkgutil.iter_modules(tinytorch.core.__path__)]
FACES = [
    "tinytorch",
    "tinytorch.autograd",
    "tinytorch.nn",
    "tinytorch.nn.functional",
    "tinytorch.optim",
    "tinytorch.data",
]
OFFERED = [(face, name) for face in FACES for name in importlib.import_module(face).__all__]


def python(program, folder=ROOT):
    """Run a program with the package in `folder`; returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def defined(chapter):
    module = importlib.import_module(f"tinytorch.core.{chapter}")
    members = vars(module).items()
    return {
        name: v for name, v in members if getattr(v, "__module__", None) == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize(("face", "name"), OFFERED)
def test_every_name_that_is_offered_is_there_and_listed(face, name):
    module = importlib.import_module(face)
    value = getattr(module, name)
    assert name in dir(module)
    is_constant = value is None or isinstance(value, (float, np.dtype))
    if not inspect.ismodule(value) and not is_constant and value is not np.dtype:
        assert value.__name__ == name and value.__doc__ or value.__module__ == "tinytorch.core.tensor"


def test_every_layer_optimizer_and_schedule_of_the_chapters_is_offered():
    made = [value for chapter in CHAPTERS for value in defined(chapter).values() if inspect.isclass(value)]
    layers = {value.__name__ for value in made if issubclass(value, Module) and value is not Module}
    assert layers <= set(tinytorch.nn.__all__)
    steps = {value.__name__ for value in made if issubclass(value, (Optimizer, Schedule))}
    assert steps <= set(tinytorch.optim.__all__)
    assert set(defined("dataloader")) - {"part_sizes"} <= set(tinytorch.data.__all__)  # a step of random_split


def test_star_imports_give_exactly_what_is_offered():
    for face in FACES:
        namespace: dict = {}
        exec(f"from {face} import *", namespace)
        assert set(namespace) - {"__builtins__"} == set(importlib.import_module(face).__all__)


def test_a_torch_users_program_runs():
    printed = python("""
import tinytorch as torch
import tinytorch.nn as nn
import tinytorch.nn.functional as F
from tinytorch import optim
from tinytorch.data import DataLoader, TensorDataset

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 2))
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x = torch.randn(20, 1, 8, 8)
y = torch.tensor((x.data.mean(axis=(1, 2, 3)) > 0).astype(int))
losses = []
for epoch in range(20):
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=10, shuffle=True, seed=0):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    print(model(x).grad_fn, losses[-1] < losses[0] / 2)
""")
    assert printed == "None True"


def test_the_version_is_the_projects():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{tinytorch.__version__}"\n' in project


def test_importing_tinytorch_loads_nothing_that_nobody_asked_for():
    heavy = (
        "{'numpy', 'tqdm', 'safetensors', 'concurrent.futures', 'threadpoolctl', 'inspect', 'tinytorch.core.tensor'}"
    )
    assert (
        python(f"import sys, tinytorch, tinytorch.nn, tinytorch.optim; print(sorted({heavy} & set(sys.modules)))")
        == "[]"
    )
    assert (
        python("import sys, tinytorch; tinytorch.Tensor; print('tqdm' in sys.modules or 'safetensors' in sys.modules)")
        == "False"
    )


def test_tensors_can_go_backward_whichever_face_they_came_from():
    for name in ("tinytorch.tensor", "tinytorch.nn.Parameter"):
        printed = python(
            f"import tinytorch; x = {name}([2.0], requires_grad=True); (x * x).sum().backward(); print(x.grad)"
        )
        assert printed == "Tensor([4.])"


# ---- a tree in which some chapters are not built yet ------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    """A copy of the course in which only some chapters are built."""

    def make(built):
        ignored = shutil.ignore_patterns("__pycache__", "*.npz")
        shutil.copytree(ROOT / "tinytorch", tmp_path / "tinytorch", ignore=ignored)
        shutil.copytree(ROOT / "modules", tmp_path / "modules", ignore=ignored)
        for chapter in set(CHAPTERS) - set(built):
            (tmp_path / "tinytorch" / "core" / f"{chapter}.py").unlink()
        return tmp_path

    return make


def test_nothing_is_built_and_yet_the_package_and_its_checks_can_be_imported(tree):
    program = "import tinytorch, tinytorch.nn, tinytorch.nn.functional, tinytorch.optim, tinytorch.testing; print(len(dir(tinytorch.nn)))"
    assert int(python(program, tree([]))) == len(tinytorch.nn.__all__)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "from tinytorch.nn import Conv2d",
            "tinytorch.nn.Conv2d needs module 09 (spatial), which is not built yet",
        ),
        (
            "import tinytorch; tinytorch.nn.Conv2d",
            "`tito module start 09` opens it, `tito module complete 09` builds it",
        ),
        ("from tinytorch.nn.functional import conv2d", "tinytorch.nn.functional.conv2d needs module 09 (spatial)"),
        ("from tinytorch import no_grad", "tinytorch.no_grad needs module 05 (autograd)"),
        ("from tinytorch.optim import SGD", "tinytorch.optim.SGD needs module 06 (optimizers)"),
        ("from tinytorch import Trainer", "tinytorch.Trainer needs module 07 (training)"),
        ("from tinytorch.data import DataLoader", "tinytorch.data.DataLoader needs module 08 (dataloader)"),
    ],
)
def test_a_name_that_is_not_built_says_which_module_it_needs_and_how_to_go_on(tree, statement, message):
    program = f"try:\n    {statement}\nexcept ImportError as error:\n    print(error)"
    assert message in python(program, tree(["tensor", "activations", "layers", "losses"]))


def test_what_is_built_works_while_later_chapters_are_not(tree):
    program = "import tinytorch.nn as nn, tinytorch; print(nn.Sequential(nn.Linear(3, 2), nn.ReLU())(tinytorch.zeros(4, 3)).shape)"
    assert python(program, tree(["tensor", "activations", "layers"])) == "(4, 2)"


@pytest.mark.parametrize("face", FACES)
def test_a_name_that_nobody_makes_is_an_attribute_error(face):
    module = importlib.import_module(face)
    assert not hasattr(module, "Conv3d")
    with pytest.raises(AttributeError, match=f"module '{face}' has no attribute 'Conv3d'"):
        module.Conv3d  # noqa: B018
