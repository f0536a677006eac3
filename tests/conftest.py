"""What all checks share: the printed seed of everything random (draw from `tinytorch.testing.generator()`; Hypothesis
has the same seed), and, where the package fails, the line of the dev file that the failing line was exported from.
"""

import os
import shutil
from pathlib import Path

import hypothesis
import hypothesis.core
import pytest
from hypothesis import Phase

from tinytorch.testing import pytest_report_header, seed
from tinytorch.testing.explain import explain_in_pytest

__all__ = ["pytest_report_header"]

ROOT = Path(__file__).resolve().parents[1]

# No deadline: a machine that is busy proves nothing. No database: the seed repeats a failure. Drawn anew each time,
# also where the variable CI is set, which to Hypothesis means otherwise.
phases = (Phase.explicit, Phase.generate, Phase.shrink)
hypothesis.settings.register_profile("course", deadline=None, database=None, derandomize=False, phases=phases)
hypothesis.settings.load_profile("course")


def pytest_configure() -> None:
    hypothesis.core.global_force_seed = seed()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that asks nothing of the network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="a browser is driven by playwright: the `dev` extra")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: `apt install chromium`")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with playwright.sync_playwright() as started:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        shown = started.chromium.launch(executable_path=chromium, args=[*quiet, *root, "--disable-gpu"])
        yield shown
        shown.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.excinfo is not None:
        place = explain_in_pytest(call.excinfo.value, ROOT, getattr(call.excinfo.value, "diagnosis", None)).place
        if place:
            report.sections.append(("in the chapter", str(place)))
    return report
