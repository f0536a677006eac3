"""What a pytest run comes to, told line by line to the `tito` that started it, as `pytest -p tito.pytest_results`.

The file that TITO_RESULTS names gets one JSON object a line: per test `{"event": "begin", "test"}` and
`{"event": "test", "test", "status", "seconds"}`, where it failed with `message`, `diagnosis`, `hints` and `place`,
once `{"event": "collected", "tests"}`, and at the end `{"event": "end", "status"}`.

TITO_CHAPTERS holds, as JSON, `{name of a module of the package: its dev file}`. Such a module's file has its lines
where the dev file has them, and is compiled under the dev file's name: whatever tells a place tells the student's.
"""

import importlib.abc
import importlib.util
import inspect
import json
import math
import os
import re
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

PRINT_LIMIT = 2_000  # characters of what a failed test printed


class _Chapter(SourceFileLoader):
    """Loads a file as if it were the dev file."""

    def __init__(self, name: str, path: str, dev: str):
        super().__init__(name, path)
        self.dev = dev

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_data(self.path), self.dev, "exec", dont_inherit=True)


class _Chapters(importlib.abc.MetaPathFinder):
    """Finds the modules of TITO_CHAPTERS where they are, and has them loaded by _Chapter."""

    def __init__(self, devs: dict[str, str]):
        self.devs = devs

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path) if name in self.devs else None
        if found is None or found.origin is None:
            return None
        return importlib.util.spec_from_file_location(name, loader=_Chapter(name, found.origin, self.devs[name]))


def pytest_configure() -> None:
    sys.meta_path.insert(0, _Chapters(json.loads(os.environ.get("TITO_CHAPTERS", "{}"))))
    if os.environ.get("TITO_DIAGNOSE") == "no":
        from tinytorch.testing.misconceptions import diagnosis

        diagnosis.TIME_LIMIT = 0.0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Any:
    _tell({"event": "collected", "tests": [item.nodeid for item in items]})
    return (yield)


def pytest_collection() -> None:
    """Where nobody reads why a test fails, Hypothesis need not look for the smallest example."""
    if os.environ.get("TITO_DIAGNOSE") == "no" and "hypothesis" in sys.modules:
        from hypothesis import Phase, settings

        settings.register_profile("quick", settings(phases=(Phase.explicit, Phase.generate)))
        settings.load_profile("quick")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    report = yield
    if report.when == "call" or not report.passed:
        event = {"event": "test", "test": report.nodeid, "status": report.outcome, "seconds": round(call.duration, 4)}
        mark = item.get_closest_marker("not_in_catalogue")
        event |= {"reason": mark.args[0]} if mark else {}
        if report.failed and call.excinfo is not None:
            diagnosis = _diagnosis(item, call)
            event |= _failure(call.excinfo, item.config.rootpath, diagnosis)
            event |= {"printed": report.capstdout[:PRINT_LIMIT]}
        _tell(event)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    report = yield
    if report.failed:
        event = {"event": "test", "test": report.nodeid, "status": "failed", "seconds": 0.0}
        excinfo = report.call.excinfo
        cause = excinfo.value.__cause__  # pytest's own error tells the import error's text with its traceback
        if isinstance(excinfo.value, collector.CollectError) and cause is not None:
            excinfo = pytest.ExceptionInfo.from_exception(cause)
        _tell(event | _failure(excinfo, collector.config.rootpath))
    return report


def pytest_runtest_logstart(nodeid: str) -> None:
    _tell({"event": "begin", "test": nodeid})


def pytest_sessionfinish(exitstatus: int) -> None:
    _tell({"event": "end", "status": int(exitstatus)})


def _tell(event: dict[str, Any]) -> None:
    with open(os.environ["TITO_RESULTS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def _failure(excinfo: pytest.ExceptionInfo[BaseException], root: Path, diagnosis: Any = None) -> dict[str, Any]:
    """How a test failed, and where its student looks."""
    from tinytorch.testing.explain import explain_in_pytest

    failure = explain_in_pytest(excinfo.value, root, diagnosis)
    return {
        "message": failure.message + _smallest(excinfo.value),
        "diagnosis": diagnosis.headline if diagnosis else None,
        "hints": diagnosis.hints if diagnosis else [],
        "place": str(failure.place) if failure.place else None,
    }


def _diagnosis(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """The mistake that makes this test fail, if the catalogue knows it."""
    from tinytorch.testing.misconceptions import diagnose_test

    function, fixtures = getattr(item, "obj", None), getattr(item, "funcargs", {})
    if call.excinfo is None or function is None:
        return None
    names = inspect.signature(function).parameters
    seconds = math.inf if hasattr(function, "hypothesis") else call.duration  # a hundred runs are too long
    arguments = {name: value for name, value in fixtures.items() if name in names}
    return diagnose_test(lambda: function(**arguments), call.excinfo.value, seconds)


def _smallest(error: BaseException) -> str:
    """The example that Hypothesis could not make smaller: `smallest failing case: n=17, shuffle=True`."""
    notes = "\n".join(getattr(error, "__notes__", []))
    found = re.search(r"^[\w ]+: \w+\(\n(.*?)^\)", notes, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        return ""
    lines = [line.partition("  #")[0].strip() for line in found[1].splitlines()]
    return "\nsmallest failing case: " + " ".join(line for line in lines if line).rstrip(",")
