"""What a kill has left is swept by the next writer, and what is being made is left alone."""

import os
import subprocess
import sys

import pytest

from tinytorch.support import files
from tito.files import write_atomic


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(path, process: int):
    return path.with_name(f".{path.name}.{process}-{'0' * 32}.tmp")


def test_a_writer_sweeps_what_the_dead_left_of_the_same_file_and_nothing_else(tmp_path, dead):
    path = tmp_path / "a [file].py"
    gone = left(path, dead)
    kept = [left(path, os.getpid()), left(path, os.getppid()), left(tmp_path / "other", dead), tmp_path / "mine.tmp"]
    for file in (gone, *kept):
        file.write_text("half")
    write_atomic(path, "whole")
    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, *kept])


def test_init_sweeps_the_half_edition_that_a_kill_has_left(whole, tito, dead):
    destination = whole.root.parent / "out"
    (left(destination, dead) / "modules").mkdir(parents=True)
    (left(destination, dead) / "modules" / "x").write_text("half")
    at_it = left(destination, os.getppid())
    at_it.mkdir()
    assert tito("init", str(destination)).status == 0
    assert destination.is_dir() and at_it.is_dir() and not left(destination, dead).exists()


def test_the_name_of_what_is_made_is_known_by_the_sweeper(tmp_path, dead, monkeypatch):
    path = tmp_path / "file"
    monkeypatch.setattr(files.os, "getpid", lambda: dead)
    files.beside(path).write_text("half")
    files.sweep(path)
    assert list(tmp_path.iterdir()) == []
