"""`tito doctor`: what commonly goes wrong on a student's machine, each finding with its fix."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tito import editor
from tito.child import environment
from tito.course import Course
from tito.errors import TitoError
from tito.export import about_edit, edited_by_hand

_ACTIVATE = "Run `source scripts/activate-tinytorch` from the course's folder."
_LOOKING = 60  # seconds that a look into another Python may take
_ROOM = 2 * 1024**3  # bytes: an environment, a data set and checkpoints

# Runs in a child: `tinytorch` is a student's code.
_LOOK = """
import json, os, sys
import numpy, threadpoolctl
blas = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
found = {"blas": [[i["internal_api"], i.get("version"), i["num_threads"]] for i in blas]}
try:
    import tinytorch
    found["tinytorch"] = tinytorch.__file__ or os.path.join(list(tinytorch.__path__)[0], "__init__.py")
except BaseException as error:
    found["error"] = f"{type(error).__name__}: {error}"
places = {os.path.join(p or ".", n) for p in sys.path for n in ("tinytorch/__init__.py", "tinytorch.py")}
found["others"] = sorted(p for p in {os.path.realpath(p) for p in places} if os.path.isfile(p))
print("\\n" + json.dumps(found))
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. With a `fix` it is something to fix; if `serious`, work cannot go on."""

    topic: str
    text: str
    fix: str = ""
    serious: bool = True

    @property
    def state(self) -> str:
        return "ok" if not self.fix else "fail" if self.serious else "note"

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        del values["serious"]
        return {"state": self.state, **values}


def findings() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield _python()
    yield from _packages()
    try:
        course = Course.find()
    except TitoError as error:
        yield Finding("course", error.message, error.fix)
    else:
        yield _course(course.root)
        yield _tool(course)
        yield from _imported(course)
        yield from _edits(course)
        yield from shadows([Path.cwd(), course.root, *(module.dev.parent for module in course.modules)])
        yield from (_writable(course.root / name) for name in ("modules", "tinytorch/core", "."))
        yield _disk(course.root)
    yield _threads()
    yield _editor()
    yield _git()
    yield _terminal()


def _python() -> Finding:
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.prefix == sys.base_prefix:
        return Finding("Python", f"{text}, not in an environment", _ACTIVATE, serious=False)
    return Finding("Python", text)


def _packages() -> Iterator[Finding]:
    """The packages that the installed project asks for, and whether they are here in a fitting version."""
    if importlib.util.find_spec("packaging") is None:
        yield Finding("packages", "packaging is missing", "Run `pip install -e '.[course]'`.")
        return
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


def _course(root: Path) -> Finding:
    try:
        environment(root)
    except TitoError as error:
        return Finding("course", error.message, error.fix)
    return Finding("course", str(root))


def _tool(course: Course) -> Finding:
    """Which `tito` this is: the course's own, or another tree's."""
    here = Path(__file__).resolve()
    if here.is_relative_to(course.root):
        return Finding("tito", f"runs from {here.parent}")
    return Finding("tito", f"runs from {here.parent}, which is not this course", _ACTIVATE, serious=False)


def _imported(course: Course) -> Iterator[Finding]:
    """Which `tinytorch` a program gets, and the arithmetic below it, as seen from a child process."""
    variables = {"PYTHONIOENCODING": "utf-8"}
    try:
        look = subprocess.run(
            [sys.executable, "-c", _LOOK],
            env={**os.environ, **variables},
            cwd=tempfile.gettempdir(),  # what a program anywhere imports, not what lies in the current folder
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LOOKING,
        )
    except subprocess.TimeoutExpired:
        yield Finding("import", f"`import tinytorch` takes over {_LOOKING} seconds", "Run `tito export`.")
        return
    try:
        found = json.loads(look.stdout.rsplit("\n", 2)[-2])
    except (json.JSONDecodeError, IndexError):
        yield Finding("import", f"Python could not look: {look.stderr.strip()[-300:]}", _ACTIVATE)
        return
    strays = [place for place in found["others"] if not Path(place).resolve().is_relative_to(course.root)]
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
    if strays and str(course.root) in found.get("tinytorch", ""):
        yield Finding(
            "tinytorch",
            f"another one is on Python's path, too: {', '.join(strays)}",
            "Take it off PYTHONPATH, or `pip uninstall tinytorch` where it is installed.",
            serious=False,
        )
    blas = ", ".join(f"{name} {version or ''} on {threads} threads" for name, version, threads in found["blas"])
    if blas:
        yield Finding("BLAS", f"{blas}; {os.cpu_count()} processors")
    else:
        yield Finding("BLAS", "none found below NumPy", "`pip install --force-reinstall numpy`", serious=False)


def _edits(course: Course) -> Iterator[Finding]:
    """Files of the package that were edited by hand."""
    edited = [module for module in course.modules if edited_by_hand(module)]
    for module in edited:
        yield Finding("package", *about_edit(module), serious=False)
    if not edited:
        yield Finding("package", "every file of tinytorch/core is as `tito` wrote it")


def shadows(folders: list[Path]) -> Iterator[Finding]:
    """Files and packages that a program in their folder imports in the place of what they are named after."""
    libraries = {"numpy", "pytest", "_pytest", "hypothesis", "safetensors", "sitecustomize", "threadpoolctl", "tqdm"}
    packages = (sys.stdlib_module_names - {"test", "this"}) | libraries
    for folder in dict.fromkeys(folders):
        files = [path for path in folder.glob("*.py") if path.stem in packages | {"tinytorch", "tito"}]
        for path in sorted(
            files + [path.parent for path in folder.glob("*/__init__.py") if path.parent.name in packages]
        ):
            text = f"{path} is imported in the place of Python's or the course's own {path.stem}"
            yield Finding("shadow", text, f"Rename it: `mv {path.name} my_{path.name}`, in {folder}.")


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


def _threads() -> Finding:
    """How many threads the course's own code uses, and what bounds them."""
    wanted = os.environ.get("TINYTORCH_NUM_THREADS")
    if wanted is None:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return Finding("threads", f"{count}: one for each processor; TINYTORCH_NUM_THREADS is not set")
    if not wanted.isdecimal() or int(wanted) < 1:
        return Finding("threads", f"TINYTORCH_NUM_THREADS is {wanted!r}", "`unset TINYTORCH_NUM_THREADS`")
    return Finding("threads", f"{wanted}, by TINYTORCH_NUM_THREADS")


def _editor() -> Finding:
    try:
        words, source = editor.command()
    except TitoError as error:
        return Finding("editor", error.message, f"For `tito module start NN --open`: {error.fix}", serious=False)
    return Finding("editor", f"{' '.join(words)} ({source})")


def _git() -> Finding:
    found = shutil.which("git")
    if found is None:
        return Finding(
            "git", "not found: files cannot be brought back with it", "Install it: https://git-scm.com", serious=False
        )
    return Finding("git", found)


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
