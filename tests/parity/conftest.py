"""Puts this folder on the path, so that checks and `scripts/make-goldens` read one table; skips live checks."""

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

HAS_TORCH = importlib.util.find_spec("torch") is not None


def pytest_runtest_setup(item):
    if item.get_closest_marker("parity") and not HAS_TORCH:
        pytest.skip("torch is not installed: pip install -e '.[parity]'")
