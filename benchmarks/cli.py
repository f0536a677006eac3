"""How long the command line and the package take to start, beside what any NumPy program pays.

    python benchmarks/cli.py [ROUNDS]

All commands run in turn, round after round, in one run, so that whatever else the machine does hits all alike; they
run in a fresh student edition. A first round is not counted: in it `status` and `hint` keep what they read of the
chapters, so their rows are of later calls. The table shows medians, and their ratios to `import numpy`. The exit status
is 1 where a ratio is over its bound.
"""

import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

TITO = str(Path(sysconfig.get_path("scripts")) / "tito")
NUMPY = "python -c 'import numpy'"

# what is shown -> (command, the most it may take as a multiple of `import numpy`)
COMMANDS = {
    NUMPY: ([sys.executable, "-c", "import numpy"], None),
    "tito --version": ([TITO, "--version"], 1.0),
    "tito --help": ([TITO, "--help"], 2.0),
    "tito module status, again": ([TITO, "module", "status"], 2.0),
    "tito module hint 09, again": ([TITO, "module", "hint", "09"], 2.0),
    "python -c 'import tinytorch'": ([sys.executable, "-c", "import tinytorch"], 1.5),
}


def measure(rounds: int, folder: str) -> dict[str, float]:
    """Median seconds of each command over `rounds` rounds, after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for round_ in range(rounds + 1):
        for name, (command, _) in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            if round_:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="tito-cli-") as folder:
        subprocess.run([TITO, "init", folder, "--start-at", "09"], check=True, stdout=subprocess.DEVNULL)
        medians = measure(rounds, folder)
    late = False
    print(f"{'command':32}{'median':>10}{'ratio':>8}{'bound':>8}   ({rounds} rounds, interleaved)")
    for name, (_, bound) in COMMANDS.items():
        ratio = medians[name] / medians[NUMPY]
        over = bound is not None and ratio > bound
        late = late or over
        limit = "" if bound is None else f"{bound:.1f}"
        print(f"{name:32}{medians[name] * 1e3:7.0f} ms{ratio:8.2f}{limit:>8}{'   OVER' if over else ''}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
