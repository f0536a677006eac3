"""Whatever has become of the files in `.tito/`: no command crashes, none waits for ever, and work goes on."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tito import cache, progress
from tito.course import Course
from tito.init import make
from tito.progress import Failure
from tito.states import exercise_states

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
PLACES = [
    *("01_alpha.json", "09_spatter.json", "read", "read/01_alpha.dev.json", "read/09_spatter.about.json"),
    *("snapshots", "snapshots/first", "snapshots/first/modules", "snapshots/first/modules/01_alpha/alpha_dev.py"),
]  # fmt: skip


def _folder(path: Path, good: bytes) -> None:
    path.mkdir()
    (path / "x").write_bytes(good)


def _writes(content: Callable[[bytes], bytes]) -> Callable[[Path, bytes], None]:
    return lambda path, good: path.write_bytes(content(good)) and None


DAMAGE: dict[str, Callable[[Path, bytes], None]] = {
    "empty": _writes(lambda good: b""),
    "cut short": _writes(lambda good: good[: len(good) // 2]),
    "binary": _writes(lambda good: bytes(range(256)) * 9),
    "of other types": _writes(lambda good: b'{"inline": [], "pytest": 7, "started": {"x": 1}, "hints_taken": 0}'),
    "another value": _writes(lambda good: good.replace(b"test_double", b"test_doubles").replace(b"28", b"-1")),
    "huge": _writes(lambda good: b"[" * (2**24 + 1)),
    "a folder": _folder,
    "gone": lambda path, good: None,
    "a link to nowhere": lambda path, good: path.symlink_to("nowhere"),
    "a link to itself": lambda path, good: path.symlink_to(path.name),
    "unreadable": lambda path, good: path.symlink_to("/proc/self/mem"),  # to everyone: root passes by permissions
    "locked": lambda path, good: os.mkfifo(path),  # who reads it waits for ever
}
COMMANDS = [
    ("module", "status"),
    ("module", "status", "1", "--json"),
    ("module", "hint", "1"),
    ("module", "start", "1"),
    ("module", "solution", "1", "double"),
    ("undo", "--list"),
    ("module", "reset", "1"),
    ("undo",),
]


@pytest.fixture(scope="module")
def worn(planted, tmp_path_factory) -> Path:
    """An edition in which some work was done: a record, what was read, a snapshot."""
    tree = planted("damage")
    text = tree.alpha.read_dev().replace("alpha", "spatter").replace("double", "triple")
    tree.course.module("9").dev.write_text(text, encoding="utf-8")
    root = tmp_path_factory.mktemp("damaged") / "edition"
    make(tree.course, root, tree.alpha)
    course = Course(root)
    for module in course.modules:
        was = progress.content(module)
        progress.record_inline(
            module, was, dict.fromkeys(was.tests, "failed"), {"test_double": Failure("No.", ["Why?"])}
        )
    from tito import snapshots

    snapshots.of_modules([course.module("1")], "reset")
    (taken,) = (root / ".tito" / "snapshots").iterdir()
    (root / ".tito-good").mkdir()
    shutil.copytree(root / ".tito", root / ".tito-good", dirs_exist_ok=True)
    return root


def put_back(root: Path) -> None:
    shutil.rmtree(root / ".tito")
    shutil.copytree(root / ".tito-good", root / ".tito")
    dev = Course(root).module("1").dev
    dev.write_text(Course(root).module("1").start.read_text().replace(STUB, "return 3 * x"), encoding="utf-8")


def remove(path: Path) -> bytes:
    """Take away what is there; returns what it held, if it was a file."""
    if path.is_dir():
        shutil.rmtree(path)
        return b""
    good = path.read_bytes()
    path.unlink()
    return good


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_no_damage_makes_a_command_crash(worn, tito, monkeypatch, damage, place):
    put_back(worn)
    first = next((worn / ".tito" / "snapshots").iterdir()).name
    path = worn / ".tito" / place.replace("first", first)
    DAMAGE[damage](path, remove(path))
    monkeypatch.chdir(worn)
    for command in COMMANDS:
        monkeypatch.setattr(cache, "_held", {})  # as in a process of its own
        signal.alarm(30)  # in the place of waiting for ever: it ends the run of tests
        ran = tito(*command)
        signal.alarm(0)
        if command[:2] == ("module", "status"):
            assert ran.status == 0, ran.text
            assert "01_alpha" in ran.out
        assert ran.status == 0 or ran.err.splitlines()[-2].startswith("tito: "), ran.text
    alpha = Course(worn).module("1")
    was = progress.content(alpha)
    progress.record_inline(alpha, was, {"test_double": "passed"}, {})
    assert exercise_states(alpha)["double"].state in ("done", "not started"), "and results are kept as ever"
    assert progress.read(alpha).inline["test_double"][-1].result == "passed"


def test_a_file_in_the_place_of_the_folder_leaves_a_status(worn, tito, monkeypatch):
    put_back(worn)
    shutil.rmtree(worn / ".tito")
    (worn / ".tito").write_text("")
    monkeypatch.chdir(worn)
    for command in COMMANDS:
        ran = tito(*command)
        assert ran.status == 0 or ran.err.splitlines()[-2].startswith("tito: "), ran.text
    assert tito("module", "status").status == 0
    (worn / ".tito").unlink()
    (worn / ".tito").mkdir()
