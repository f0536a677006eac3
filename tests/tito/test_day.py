"""A student's day with module 09 in a real pseudo-terminal: every command is typed, every answer is read.

With TINYTORCH_CAST=FILE the day is recorded there (asciinema, version 2): `scripts/record-day`.
"""

import json
import os
import re
import sysconfig
import time
from pathlib import Path

import pytest

from tito.course import Course, Module
from tito.reset import solution_cells

pytestmark = pytest.mark.extras
pexpect = pytest.importorskip("pexpect", reason="pexpect drives the terminal: pip install -e '.[dev]'")

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = Course(REPOSITORY).module("09")
ROWS, COLUMNS = 30, 100
PROMPT = r"(\d+) day\$ "  # with the status of the command before
PATIENCE = 300  # seconds for one step, on a machine that does much else


class Cast:
    """What the terminal showed and when. Long waits are shortened."""

    def __init__(self) -> None:
        self.events: list[list[object]] = []
        self._now, self._last = 0.0, time.monotonic()

    def write(self, text: str) -> None:
        now = time.monotonic()
        self._now, self._last = self._now + min(now - self._last, 1.5), now
        self.events.append([round(self._now, 3), "o", text])

    def flush(self) -> None:
        """As a file has it."""

    def mark(self, what: str) -> None:
        self.events.append([round(self._now, 3), "m", what])

    def save(self, path: Path, home: str) -> None:
        """Write it, the home folder as `~`: nobody needs to know where it was."""
        header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "A day with module 09"}
        lines = [json.dumps(line, ensure_ascii=False) for line in [header, *self.events]]
        path.write_text("\n".join(lines).replace(home, "~") + "\n", encoding="utf-8")


class Day:
    """A shell in a pseudo-terminal, and the student at it."""

    def __init__(self, home: Path) -> None:
        scripts = sysconfig.get_path("scripts")
        unwanted = ("TINYTORCH_", "PYTEST_", "NO_COLOR", "COLUMNS", "LINES")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        environment |= {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm-256color"}
        environment |= {"LC_ALL": "C.UTF-8", "PS1": "$? day$ ", "HISTFILE": ""}
        environment |= {"HOME": str(home), "TINYTORCH_TEST_SEED": "9"}
        self.cast = Cast()
        self.shell = pexpect.spawn(
            "bash",
            ["--norc", "--noprofile"],
            cwd=REPOSITORY,
            env=environment,
            dimensions=(ROWS, COLUMNS),
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.shell.logfile_read = self.cast
        self.prompt()

    def sees(self, *texts: str) -> str:
        """Wait for each, in this order; what came meanwhile."""
        came = ""
        for text in texts:
            self.shell.expect_exact(text)
            came += self.shell.before + self.shell.after
        return came

    def prompt(self) -> int:
        """Wait for the next one; the status it tells."""
        self.shell.expect(PROMPT)
        return int(self.shell.match[1])

    def types(self, command: str, *texts: str, status: int = 0) -> None:
        """A command, what it must say, in this order, and the status it must end with."""
        self.shell.sendline(command)
        self.sees(command, *texts)
        assert self.prompt() == status, self.shell.before

    def saves(self, module: Module, grade_id: str, *change: str) -> None:
        """Write an exercise as the reference does, or with a mistake; beside, and renamed, as many editors save."""
        text = module.read_dev()
        written = text.replace(solution_cells(text)[grade_id].text, cell(REFERENCE, grade_id, *change))
        beside = module.dev.with_name(".spatial_dev.py.swp")
        beside.write_text(written, encoding="utf-8")
        os.replace(beside, module.dev)
        self.cast.mark(f"{grade_id} is saved{' with a mistake' if change else ''}")

    def presses(self, key: str, *texts: str) -> str:
        self.shell.send(key)
        return self.sees(*texts)


def cell(module: Module, grade_id: str, *change: str) -> str:
    """An exercise's cell as the reference has it, one text in it replaced by another, without the markers."""
    right = solution_cells(module.read_dev())[grade_id].text
    lines = right.replace(*change) if change else right
    assert not change or lines != right, f"{grade_id} has no {change[0]!r}"
    return re.sub(r"^ *### (BEGIN|END) SOLUTION\n", "", lines, flags=re.MULTILINE)


@pytest.fixture
def day(tmp_path):
    day = Day(tmp_path)
    yield day
    day.shell.close(force=True)
    if "TINYTORCH_CAST" in os.environ:
        day.cast.save(Path(os.environ["TINYTORCH_CAST"]), str(tmp_path))


def test_a_day_with_module_09(day, tmp_path):
    day.types("tito init ~/'my törch' --start-at 09", "A student edition is in")
    module = Course(tmp_path / "my törch").module("09")
    day.types("cd ~/'my törch'")
    day.types("tito module start 09", "needs", "9 exercises, 120 points", "Next: write exercise 1, conv-output-size")

    # tito watch: a mistake with its name, a hint, the right one, the next exercise, another mistake.
    day.shell.sendline("tito watch")
    day.sees("Exercise 1, conv-output-size", "Not written yet.", "check all")
    day.saves(module, "conv-output-size", "covered) // stride + 1", "covered) // stride")
    day.sees("FAIL", "your output is what you get when the last place is not counted.", "spatial_dev.py:")
    day.presses("h", "Hint 1 of ")
    day.saves(module, "conv-output-size")
    day.sees("1 of 9 done, 5 of 120 points", "Done.", "Press n for exercise 2, conv2d-loops.")
    day.presses("n", "Exercise 2, conv2d-loops", "Not written yet.")
    day.saves(module, "conv2d-loops", "weight[o, c, p, q]", "weight[o, c, -1 - p, -1 - q]")
    day.sees("FAIL", "convolution_loops: your output is what you get when the kernel is flipped.")
    day.saves(module, "conv2d-loops")
    day.sees("2 of 9 done, 20 of 120 points", "Done.", "Press n for exercise 3, conv2d-windows.")
    day.presses("l", "> done", "conv2d-loops", "not started", "conv2d-windows")
    day.presses("q", "2 of 9 done, 20 of 120 points")
    assert day.prompt() == 0

    # Outside: hints that say more and more, a reset that is taken back, and no solution before its time.
    day.types("tito module hint 09", "conv2d-windows, hint 1 of ")
    day.types("tito module hint 09", "conv2d-windows, hint 2 of ")
    day.types("tito module solution 09 conv2d-windows", "conv2d-windows", status=1)
    mine = module.read_dev()
    day.types("tito module reset 09 conv2d-loops", "exercise conv2d-loops, is as it was handed out.")
    assert "Module 09, exercise 2:" in module.read_dev()
    assert "Module 09, exercise 2:" not in mine
    day.types("tito undo", "spatial_dev.py is as it was at")
    assert module.read_dev() == mine

    # The rest is written, checked, built and used.
    for grade_id in list(solution_cells(mine))[2:]:
        day.saves(module, grade_id)
    day.types("tito module complete 09", "9 of 9 inline tests passed", "3/3", "Module 09 is complete.")
    day.types("tito test spatial", "9 of 9 inline tests passed", "tests in tests/09_spatial passed")
    day.types("tito module solution 09 conv2d-loops", "exercise 2: conv2d-loops")
    day.types("tito module status", "09_spatial", "9/9", "120/120", "complete")
    day.types("tito milestone run cnn", "PASSED: the mark is 95 %")
