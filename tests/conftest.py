"""What all checks share: the printed seed of everything random (draw from `tinytorch.testing.generator()`),
and, where the package fails, the line of the dev file that the failing line was exported from.
"""

from pathlib import Path

import pytest

from tinytorch.testing import pytest_report_header
from tito.checks import origin

__all__ = ["pytest_report_header"]

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.excinfo is not None:
        for entry in reversed(call.excinfo.traceback):
            place = origin(ROOT, Path(entry.path), entry.lineno + 1)
            if place:
                report.sections.append(("in the chapter", f"{place}, in {entry.name}"))
                break
    return report
