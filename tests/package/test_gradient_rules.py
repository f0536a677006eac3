"""Every function of the course has a gradient rule, and an example by which a test checks it."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import tinytorch.core
from tinytorch.core.autograd import rules
from tinytorch.core.tensor import primitives

TESTS = Path(__file__).resolve().parents[1]

for _, name, _ in pkgutil.iter_modules(tinytorch.core.__path__):
    importlib.import_module(f"tinytorch.core.{name}")

FUNCTIONS = [f for f in primitives if f.__module__.startswith("tinytorch.core.")]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_has_a_rule(function):
    assert function in rules, f"{function.__name__} has no gradient rule; write one with @vjp({function.__name__})"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_is_checked_against_differences(function):
    """By name: in the examples of module 05, or in a test of its own module that calls check_gradients."""
    chapter = function.__module__.rpartition(".")[2]
    pages = [TESTS / "05_autograd" / "test_gradient_rules.py", *TESTS.glob(f"*_{chapter}/test_*.py")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    found = [text for text in texts if "check_gradients" in text and re.search(rf"\b{function.__name__}\b", text)]
    assert found, f"no test compares the gradient of {function.__name__} with differences: write one in tests/"
