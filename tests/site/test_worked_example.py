"""The module that docs/making.md makes from nothing: its files, as the page shows them, are a module of the course."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tito import copies

pytestmark = pytest.mark.extras  # proving a module takes a while

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "making.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\{code-block\} \w+\n:caption: ([^\n]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def course():
    with copies.course(ROOT) as folder:
        for name, text in BLOCKS:
            if "/" in name:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        yield folder


def run(course: Path, command: str) -> str:
    words = [sys.executable, "-m", *command.split()]
    environment = {**os.environ, "PYTHONPATH": str(course)}
    ran = subprocess.run(words, cwd=course, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_page_shows_four_files_and_the_commands_after_them_and_then_another_solution():
    names = [name.split("/")[0] for name, _ in BLOCKS]
    assert names[:5] == ["modules", "modules", "tinytorch", "tests", "worked example"]
    assert names[5:] == ["tests", "worked example in order"]


def test_the_commands_of_the_page_pass(course):
    commands = re.findall(r"^\$ (.+)$", dict(BLOCKS)["worked example"], re.MULTILINE)
    assert commands == ["tito module complete 10", "tito check-course 10"]
    said = [run(course, command) for command in commands]
    assert "Module 10 is complete." in said[0]
    assert "1 of 1 inline tests passed" in said[0]


def test_the_other_solution_of_the_page_passes_in_a_student_edition(course):
    commands = re.findall(r"^\$ (.+)$", dict(BLOCKS)["worked example in order"], re.MULTILINE)
    assert commands == ["tito check-course --in-order --start-at 10"]
    [said] = [run(course, command) for command in commands]
    assert "ok    start 10, formulas: `tito module complete 10`" in said
    assert "ok    start 10, reference: `tito module complete 10`" in said


def test_the_course_lists_the_module_without_any_other_change(course):
    assert "10_smoothing" in run(course, "tito module list")
