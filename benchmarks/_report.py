"""What the benchmarks share: fair timing side by side, a table, and a record with date and machine.

`threads()` must run before NumPy is imported: BLAS reads its thread count once.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import importlib
import importlib.util
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tinytorch.support.files import write_file

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
HAS_TORCH = importlib.util.find_spec("torch") is not None

# A library may leave threads waiting in a loop for the next call, tens of milliseconds long. Who comes next would
# pay for that.
PAUSE = 0.05
TURN = 0.25


@dataclass
class Row:
    """One line of the table. `ratio` is ours over the other, and `reach` what it is meant not to exceed."""

    work: str
    ours: float
    other: float | None = None
    reach: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float | None:
        return None if self.other is None else self.ours / self.other


def threads(count: int) -> None:
    """Give NumPy's BLAS, TinyTorch and torch the same number of threads, also in child processes."""
    for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "TINYTORCH"):
        os.environ[f"{name}_NUM_THREADS"] = str(count)
    if HAS_TORCH:
        import torch

        torch.set_num_threads(count)


def library(name: str) -> Any:
    """`tinytorch` or `torch`, imported."""
    return importlib.import_module(name)


def libraries() -> list[str]:
    """tinytorch, and torch where it is installed."""
    return ["tinytorch", "torch"][: 1 + HAS_TORCH]


def turn(call: Callable[[], Any]) -> list[float]:
    """Seconds of call after call, as training makes them, for TURN seconds after a pause.

    Those of the first third are not counted: they wake the threads and warm the caches. At least three are.
    """
    time.sleep(PAUSE)
    taken: list[float] = []
    while sum(taken) < TURN or len(taken) < 4:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    warm = next(i for i in range(1, len(taken)) if sum(taken[:i]) >= TURN / 3 or i == len(taken) - 3)
    return taken[warm:]


def medians(turns: dict[str, Callable[[], list[float]]], seconds: float) -> dict[str, float]:
    """Median milliseconds of each, in turns, so that a slow moment of the machine meets them all.

    Turns go on until each had `seconds` and three turns.
    """
    times: dict[str, list[float]] = {name: [] for name in turns}
    count = 0
    while count < 3 or any(sum(taken) < seconds for taken in times.values()):
        count += 1
        for name, take in turns.items():
            times[name] += take()
    return {name: statistics.median(taken) * 1e3 for name, taken in times.items()}


def side_by_side(calls: dict[str, Callable[[], Any]], seconds: float = 1.0) -> dict[str, float]:
    """Median milliseconds of each call in this process."""
    for call in calls.values():
        call()
    return medians({name: functools.partial(turn, call) for name, call in calls.items()}, seconds)


def in_workers(make: Callable[[Any], Callable[[], Any]], names: list[str], seconds: float = 1.0) -> dict[str, float]:
    """Median milliseconds of `make(t)()`, with `t` = tinytorch or torch, each in a process of its own.

    In one process what the one sets for itself, such as how memory is kept, would work for the other. `make` travels
    there, so it is a function of a module, or a partial of one.
    """
    for name in names:
        worker(name).send(make)
        answer(worker(name))
    return medians({name: functools.partial(next_turn, worker(name)) for name in names}, seconds)


def compare(work: str, make: Callable[[Any], Callable[[], Any]], reach: float | None, seconds: float = 1.0) -> Row:
    """The row for the same work, `make(t)()`, with tinytorch and with torch."""
    found = in_workers(make, libraries(), seconds)
    row = Row(work, found["tinytorch"], found.get("torch"), reach)
    print(line(row), flush=True)
    return row


@functools.cache
def worker(name: str) -> Connection:
    """The connection to the process in which the library of that name works."""
    here, there = multiprocessing.Pipe()
    count = int(os.environ["TINYTORCH_NUM_THREADS"])
    # spawned: a forked one would inherit what this process has set for itself
    multiprocessing.get_context("spawn").Process(target=serve, args=(there, name, count), daemon=True).start()
    there.close()
    return here


def next_turn(connection: Connection) -> list[float]:
    connection.send("turn")
    return answer(connection)


def answer(connection: Connection) -> Any:
    try:
        return connection.recv()
    except EOFError:
        sys.exit("the process of this measurement ended; see above")


def serve(connection: Connection, name: str, count: int) -> None:
    """In the worker: take work, prepare it, and answer each request for a turn of it."""
    threads(count)
    call = None
    with contextlib.suppress(EOFError):  # the other side is done
        while True:
            wanted = connection.recv()
            if wanted != "turn":
                call = wanted(library(name))
                call()
                connection.send("ready")
            elif call is not None:
                connection.send(turn(call))


def in_child(code: str, *arguments: str) -> float:
    """The number that a fresh Python process prints when it runs `code`."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the child process of this measurement failed:\n{done.stderr}")
    return float(done.stdout)


def geometric_mean(rows: list[Row]) -> float | None:
    """The geometric mean of the rows' ratios; None where there is nothing to compare with."""
    ratios = [row.ratio for row in rows if row.ratio is not None]
    return statistics.geometric_mean(ratios) if ratios else None


def line(row: Row) -> str:
    text = f"{row.work:<44}{row.ours:>10.2f} {row.unit:<3}"
    if row.other is not None and row.ratio is not None:
        text += f"{row.other:>10.2f} {row.unit:<3}{row.ratio:>8.2f}x"
        if row.reach is not None:
            text += f"   reach {row.reach:.2f}x{'' if row.ratio <= row.reach else '   NOT REACHED'}"
    return text


def heading(title: str, other: str = "torch") -> None:
    columns = f"{other:>14}{'ratio':>9}" if HAS_TORCH or other != "torch" else ""
    print(f"\n{title}\n{'':<44}{'tinytorch':>14}{columns}")


def machine() -> dict[str, Any]:
    """Date, processor and versions: what a number means nothing without."""
    import numpy as np

    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((text.split(":", 1)[1].strip() for text in lines if text.startswith("model name")), cpu)
    found = {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": int(os.environ.get("TINYTORCH_NUM_THREADS", os.cpu_count() or 1)),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    if HAS_TORCH:
        import torch

        found["torch"] = torch.__version__
    return found


def arguments(description: str | None, sections: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if sections:
        parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of: {', '.join(sections)}")
    parser.add_argument("--threads", type=int, default=2, help="threads for each library (default: 2)")
    parser.add_argument("--json", metavar="FILE", help="write the rows, with date and machine, to FILE")
    parser.add_argument("--record", action="store_true", help="write them to benchmarks/results/")
    chosen = parser.parse_args()
    unknown = set(getattr(chosen, "sections", [])) - set(sections or [])
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(sections or [])}")
    if chosen.threads < 1:
        parser.error(f"--threads: expected at least 1, got {chosen.threads}")
    threads(chosen.threads)
    about = machine()
    print("   ".join(f"{name} {value}" for name, value in about.items()))
    if (about["load"] or 0) > 0.5 * (about["cores"] or 1):
        print("other programs are busy on this machine: times will be long and ratios unsteady")
    if not HAS_TORCH:
        print("torch is not installed, so there is nothing to compare with: pip install -e '.[parity]'")
    chosen.machine = about  # before the benchmark itself makes it busy
    return chosen


def finish(name: str, results: dict[str, list[Row]], chosen: argparse.Namespace) -> None:
    """Write what was asked for: `results` holds the rows of each section."""
    content = {
        "machine": chosen.machine,
        "results": {section: [asdict(row) | {"ratio": row.ratio} for row in rows] for section, rows in results.items()},
    }
    targets = [Path(chosen.json)] if chosen.json else []
    if chosen.record:
        targets.append(RESULTS / f"{name}.json")
    for target in targets:
        write_file(target, (json.dumps(content, indent=1) + "\n").encode())
        print(f"\nwritten to {target}")
