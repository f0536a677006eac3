"""How long after a save `tito watch` shows what is wrong with an exercise of module 09, or that it is done.

    python benchmarks/watch.py [ROUNDS]

In a student edition with all solutions filled in, and in a pseudo-terminal, each exercise is saved with a mistake of
the catalogue and then without it. Timed is from the save until the name of the mistake, or `Done.`, is drawn; beside
it what any NumPy program pays to start, in the same minute. The exit status is 1 where a median is over the bound.
"""

import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinytorch.testing.misconceptions import Misconception, catalogue, mutate
from tito.course import Course
from tito.dev_file import DevFile
from tito.init import make

BOUND = 1.0  # seconds, on two cores that do nothing else
PATIENCE = 60.0


def mistakes(dev: DevFile) -> dict[str, Misconception]:
    """For each exercise the first entry that changes its cell."""
    found: dict[str, Misconception] = {}
    names = {exercise.grade_id for exercise in dev.exercises()}
    before = {cell.id: cell.source for cell in dev.cells}
    for entry in catalogue():
        if entry.where[0] == dev.module.folder:
            after = {cell.id: cell.source for cell in DevFile(dev.module, mutate(dev.text, entry)).cells}
            changed = next((name for name in after if after[name] != before.get(name)), "")
            if changed in names:
                found.setdefault(changed, entry)
    return found


class Terminal:
    """A pseudo-terminal that is read for what is drawn on it."""

    def __init__(self) -> None:
        self.ours, self.its = pty.openpty()

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.ours], [], [], seconds)
        return os.read(self.ours, 65536) if ready else b""

    def is_quiet(self) -> None:
        """Wait until nothing has been drawn for a while."""
        while self.read(0.6):
            pass

    def until(self, text: str) -> float:
        """Seconds until the text is drawn."""
        began, drawn = time.perf_counter(), b""
        while text.encode() not in drawn:
            drawn += self.read(1.0)
            if time.perf_counter() - began > PATIENCE:
                sys.exit(f"{text!r} was not shown within {PATIENCE:g} seconds")
        return time.perf_counter() - began


@contextmanager
def watched(root: Path, number: str) -> Iterator[Terminal]:
    """`tito watch` in a terminal of its own, wide enough that no line is broken."""
    terminal = Terminal()
    its, environment = terminal.its, {**os.environ, "TERM": "xterm", "LINES": "50", "COLUMNS": "250"}
    command = [sys.executable, "-m", "tito", "watch", number]
    process = subprocess.Popen(command, cwd=root, stdin=its, stdout=its, stderr=its, env=environment)
    try:
        yield terminal
    finally:
        process.terminate()
        process.wait()


def start_numpy() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return time.perf_counter() - began


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    course = Course(Path(__file__).resolve().parent.parent)
    solved = DevFile(course.module("09"))
    if not solved.solved():
        sys.exit("This measures with the solutions filled in: run it in the reference course.")
    entries = mistakes(solved)
    wrong: dict[str, list[float]] = {name: [] for name in entries}
    right: dict[str, list[float]] = {name: [] for name in entries}
    numpy = []
    with tempfile.TemporaryDirectory() as folder:
        make(course, Path(folder) / "edition", solved.module)
        dev = Course(Path(folder) / "edition").module("09").dev
        dev.write_text(solved.text, encoding="utf-8")
        with watched(dev.parent, "09") as terminal:
            terminal.until("Done.")
            for _ in range(rounds):
                for name, entry in entries.items():
                    numpy.append(start_numpy())
                    for times, text, shown in (
                        (wrong, mutate(solved.text, entry), entry.headline),
                        (right, solved.text, "Done."),
                    ):
                        terminal.is_quiet()
                        dev.write_text(text, encoding="utf-8")
                        times[name].append(terminal.until(shown))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; `import numpy` {statistics.median(numpy):.2f} s")
    print(f"{'seconds from save to verdict':32}{'mistake':>9}{'done':>9}{'bound':>8}   ({rounds} rounds, medians)")
    late = False
    for name in entries:
        medians = [statistics.median(times[name]) for times in (wrong, right)]
        late = late or max(medians) > BOUND
        over = "   OVER" if max(medians) > BOUND else ""
        print(f"{name:32}{medians[0]:9.2f}{medians[1]:9.2f}{BOUND:8.1f}{over}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
