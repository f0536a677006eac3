"""The page that compares our signatures with torch's is what the script makes of both today."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parity
def test_the_page_of_torchs_names_is_up_to_date():
    pytest.importorskip("torch", reason="compared with torch: the `parity` extra")
    command = [sys.executable, str(ROOT / "scripts" / "list-torch-names"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
