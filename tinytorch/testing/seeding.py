"""The one place that random inputs of checks come from, so that a failure can be repeated.

A session has one seed: the environment variable TINYTORCH_TEST_SEED, else a fresh one, which is put there so
that child processes share it. What `generator()` draws depends on that seed, on the running test and on how
often the
test has asked: a test that is run alone draws what it drew among the others.
"""

from __future__ import annotations

import os
import secrets
import zlib

import numpy as np

VARIABLE = "TINYTORCH_TEST_SEED"

_inline_test = ""
_calls: dict[str, int] = {}


def seed() -> int:
    """The seed of this session: TINYTORCH_TEST_SEED where it is set, else drawn once.

    Raises ValueError where the variable holds anything but a whole number from 0.
    """
    text = os.environ.setdefault(VARIABLE, str(secrets.randbelow(2**32)))
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{VARIABLE} must be a whole number from 0, got {text!r}; for example {VARIABLE}=7")
    return int(text)


def generator() -> np.random.Generator:
    """A fresh NumPy generator for the running test; every call within a test gives an independent one."""
    test = _running_test()
    _calls[test] = _calls.get(test, -1) + 1
    return np.random.default_rng([seed(), zlib.crc32(test.encode()), _calls[test]])


def begin(test: str) -> None:
    """Tell `generator()` which inline test runs now; it draws from the start."""
    global _inline_test
    _inline_test = test
    restart()


def restart() -> None:
    """Let the running test draw once more what it has drawn."""
    _calls.pop(_running_test(), None)


def _running_test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", _inline_test).split(" (")[0]


def used() -> bool:
    """Whether any check of this process has drawn random inputs: only then is the seed worth printing."""
    return bool(_calls)


def pytest_configure() -> None:
    """A pytest hook, in place once `conftest.py` imports it: fixes the seed before workers start."""
    seed()


def pytest_report_header() -> str:
    """A pytest hook, in place once `conftest.py` imports it: the line with the seed at the head of a run."""
    return f"seed: {seed()} (repeat with {VARIABLE}={seed()})"
