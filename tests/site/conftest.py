"""The site, built once for all that look at it, served on this machine, and seen through a headless Chromium."""

import fcntl
import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRA = ("sphinx", "myst_nb", "sphinx_design", "furo", "matplotlib")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The built site's folder. With several workers, the first builds it and the others wait."""
    for name in EXTRA:
        pytest.importorskip(name, reason="the pages need the extra `site`")
    workers = "PYTEST_XDIST_WORKER" in os.environ
    shared = tmp_path_factory.getbasetemp().parent if workers else tmp_path_factory.getbasetemp()
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "site.built").exists():
            ran = subprocess.run([sys.executable, ROOT / "scripts" / "build-site"], capture_output=True, text=True)
            assert ran.returncode == 0, f"scripts/build-site failed:\n{ran.stdout}{ran.stderr}"
            (shared / "site.built").touch()
    return ROOT / "build" / "site"


@pytest.fixture(scope="session")
def address(built) -> str:
    """Where the site is served."""
    handler = functools.partial(_Quiet, directory=built)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
