"""Puts this folder on the path, so that the checks share their networks; skips live comparisons without torch."""

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_runtest_setup(item):
    if item.get_closest_marker("parity") and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install -e '.[parity]'")
