"""`tito doctor`: what commonly goes wrong on a student's machine, each finding with its fix."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tito.child import environment
from tito.course import Course
from tito.errors import TitoError

_ACTIVATE = "Run `source scripts/activate-tinytorch` from the course's folder."
_ROOM = 2 * 1024**3  # bytes: an environment, a data set and checkpoints

# Runs in a child: `tinytorch` is a student's code.
_LOOK = """
import json, os
import numpy, threadpoolctl
blas = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
found = {"blas": [[i["internal_api"], i.get("version"), i["num_threads"]] for i in blas]}
try:
    import tinytorch
    found["tinytorch"] = tinytorch.__file__ or os.path.join(list(tinytorch.__path__)[0], "__init__.py")
except BaseException as error:
    found["error"] = f"{type(error).__name__}: {error}"
print("\\n" + json.dumps(found))
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. With a `fix` it is something to mend; if `serious`, work cannot go on."""

    topic: str
    text: str
    fix: str = ""
    serious: bool = True


def findings() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield _python()
    yield from _packages()
    try:
        course = Course.find()
    except TitoError as error:
        yield Finding("course", error.message, error.fix)
    else:
        yield Finding("course", str(course.root))
        yield from _imported(course)
        yield from (_writable(course.root / name) for name in ("modules", "tinytorch/core", "."))
        yield _disk(course.root)
    yield _terminal()


def _python() -> Finding:
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.prefix == sys.base_prefix:
        return Finding("Python", f"{text}, not in an environment", _ACTIVATE, serious=False)
    return Finding("Python", text)


def _packages() -> Iterator[Finding]:
    """The packages that the installed project asks for, and whether they are here in a fitting version."""
    from packaging.requirements import Requirement

    try:
        wanted = metadata.requires("tinytorch") or []
    except metadata.PackageNotFoundError:
        yield Finding("packages", "the project is not installed in this Python", _ACTIVATE)
        return
    versions = []
    for line in wanted:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": "course"}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding("packages", f"{requirement.name} is missing", "Run `pip install -e '.[course]'`.")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield Finding(
                "packages",
                f"{requirement.name} {found} is not {requirement.specifier}",
                f"Run `pip install '{requirement.name}{requirement.specifier}'`.",
            )
        versions.append(f"{requirement.name} {found}")
    yield Finding("packages", ", ".join(versions))


def _imported(course: Course) -> Iterator[Finding]:
    """Which `tinytorch` a program gets, and the arithmetic below it, as seen from a child process."""
    look = subprocess.run(
        [sys.executable, "-c", _LOOK],
        env={
            **environment(course.root),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PYTHONIOENCODING": "utf-8",
        },
        cwd=tempfile.gettempdir(),  # what a program anywhere imports, not what lies in the current folder
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    try:
        found = json.loads(look.stdout.rsplit("\n", 2)[-2])
    except (json.JSONDecodeError, IndexError):
        yield Finding("import", f"Python could not look: {look.stderr.strip()[-300:]}", _ACTIVATE)
        return
    if "error" in found:
        yield Finding(
            "tinytorch", f"cannot be imported: {found['error']}", "Run `tito export`, or " + _lower(_ACTIVATE)
        )
    elif Path(found["tinytorch"]).resolve().is_relative_to(course.root):
        yield Finding("tinytorch", f"imported from {found['tinytorch']}")
    else:
        yield Finding(
            "tinytorch",
            f"imported from {found['tinytorch']}, which is not this course",
            f"`pip uninstall tinytorch`. {_ACTIVATE}",
        )
    blas = ", ".join(f"{name} {version or ''} on {threads} threads" for name, version, threads in found["blas"])
    if blas:
        yield Finding("BLAS", f"{blas}; {os.cpu_count()} processors")
    else:
        yield Finding("BLAS", "none found below NumPy", "`pip install --force-reinstall numpy`", serious=False)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _writable(folder: Path) -> Finding:
    """Whether a file can be made there: asked by making one, since mount options and quotas matter too."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "folder",
            f"{folder} cannot be written: {error.strerror}",
            f"`ls -ld {folder}`, then `chmod u+w {folder}`",
        )
    return Finding("folder", f"{folder} can be written")


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    text = f"{free / 1024**3:.1f} GiB free"
    if free < _ROOM:
        return Finding("disk", text, "Make room: data sets and checkpoints want 2 GiB.", serious=False)
    return Finding("disk", text)


def _terminal() -> Finding:
    encoding = sys.stdout.encoding or "unknown"
    if re.fullmatch(r"utf-?8", encoding, flags=re.IGNORECASE):
        return Finding("terminal", f"{encoding}: shows Unicode")
    return Finding(
        "terminal",
        f"{encoding}: Unicode is spelled in ASCII",
        "For arrows and the like: `export PYTHONIOENCODING=utf-8`",
        serious=False,
    )
