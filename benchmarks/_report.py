"""What the benchmarks share: fair timing side by side, a table, and a record with date and machine.

`threads()` must run before NumPy is imported: BLAS reads its thread count once.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
HAS_TORCH = importlib.util.find_spec("torch") is not None

# Both libraries leave threads waiting in a loop for the next call, tens of milliseconds long. Who comes next
# would pay for that.
PAUSE = 0.05


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


def libraries() -> dict[str, Any]:
    """tinytorch, and torch where it is installed, by name."""
    import tinytorch

    found: dict[str, Any] = {"tinytorch": tinytorch}
    if HAS_TORCH:
        import torch

        found["torch"] = torch
    return found


def side_by_side(calls: dict[str, Callable[[], Any]], seconds: float = 1.0) -> dict[str, float]:
    """Median milliseconds of each call, taken in turns so that a slow moment of the machine meets them all.

    A turn is a pause, one call that is not counted (it wakes the threads and warms the cache) and three that
    are. Turns go on until each call had `seconds`, and three turns at least.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    while any(sum(taken) < seconds or len(taken) < 9 for taken in times.values()):
        for name, call in calls.items():
            time.sleep(PAUSE)
            call()
            for _ in range(3):
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) * 1e3 for name, taken in times.items()}


def compare(work: str, make: Callable[[Any], Callable[[], Any]], reach: float, seconds: float = 1.0) -> Row:
    """The row for `make(t)()`, which does the same work with `t` = tinytorch and with `t` = torch."""
    medians = side_by_side({name: make(t) for name, t in libraries().items()}, seconds)
    row = Row(work, medians["tinytorch"], medians.get("torch"), reach)
    print(line(row), flush=True)
    return row


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
        beside = target.with_suffix(".new")
        beside.write_text(json.dumps(content, indent=1) + "\n")
        os.replace(beside, target)
        print(f"\nwritten to {target}")
