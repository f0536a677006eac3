"""Lazy names: a table says which module makes each name, and the module is loaded at the name's first use."""

import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import pytest

from tinytorch.names import lazy, load_module

ROOT = Path(__file__).parents[2]
PACKAGES = ["tinytorch", "tinytorch.nn", "tinytorch.nn.functional", "tinytorch.optim", "tinytorch.data"]
TABLES = {package: import_module(package)._NAMES for package in PACKAGES}


@pytest.fixture
def package(monkeypatch):
    """A package with two lazy names of the standard library."""
    made = types.ModuleType("lazy_package")
    monkeypatch.setitem(sys.modules, "lazy_package", made)
    made.__getattr__, made.__dir__, made.__all__ = lazy("lazy_package", {"json": "dumps", "fractions": "Fraction"})
    return made


def test_a_name_is_the_object_of_the_module_that_makes_it(package):
    from fractions import Fraction

    assert "Fraction" not in vars(package)
    assert package.Fraction is Fraction
    assert vars(package)["Fraction"] is Fraction  # the second look-up takes no search


def test_dir_and_all_list_every_name_of_the_table(package):
    assert dir(package) == ["Fraction", "dumps"]
    package.__all__.append("here")  # as a package with names of its own does
    assert "here" in dir(package)


def test_a_name_that_no_table_has_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="module 'lazy_package' has no attribute 'loads'"):
        package.loads  # noqa: B018


def test_a_chapter_that_is_not_built_is_an_import_error_with_the_way_on(monkeypatch):
    def missing(name):
        if name == "tinytorch.core.optimizers":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("tinytorch.names.importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"SGD needs module 06 \(optimizers\), .* `tito module start 06`"):
        load_module("tinytorch.core.optimizers", "tinytorch.optim.SGD")


def test_a_module_that_is_no_chapter_and_is_missing_keeps_its_own_error():
    with pytest.raises(ModuleNotFoundError, match="No module named 'tinytorch.nowhere'"):
        load_module("tinytorch.nowhere", "tinytorch.nothing")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_stands_in_a_table_twice(package):
    names = " ".join(TABLES[package].values()).split()
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("package", "module"), [(package, module) for package in PACKAGES for module in TABLES[package]]
)
def test_every_name_of_a_table_is_defined_in_its_module(package, module):
    for name in TABLES[package][module].split():
        value = getattr(import_module(package), name)
        assert value is getattr(import_module(module), name)
        made_in = getattr(value, "__module__", module)
        # a dtype is NumPy's; functions of chapters have only got more of torch's arguments
        assert made_in.startswith((module, "tinytorch.core")) or module == "tinytorch.dtypes", (
            f"{package}.{name} is defined in {value.__module__}"
        )


@pytest.mark.extras
def test_type_checkers_see_the_classes_of_the_chapters(tmp_path):
    pytest.importorskip("mypy", reason="the `dev` extra")
    program = tmp_path / "program.py"
    program.write_text(
        "from tinytorch import Tensor, zeros\nfrom tinytorch.data import DataLoader\nreveal_type(zeros(2) + 1)\n"
        "reveal_type(Tensor([1.0]))\nreveal_type(DataLoader([1]))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--no-pretty", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    revealed = [line.partition("Revealed type is ")[2] for line in done.stdout.splitlines() if "Revealed" in line]
    expected = ["tensor.Tensor", "tensor.Tensor", "dataloader.DataLoader"]
    assert revealed == [f'"tinytorch.core.{name}"' for name in expected], done.stdout + done.stderr
