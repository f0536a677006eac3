"""Time and multiply-adds of an exercise, the student's and the reference's, on one input; each in child processes."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tito import child
from tito.course import Module
from tito.dev_file import Exercise

LIMIT = 60.0  # seconds, for each run
ROUNDS = 5  # of timing: yours, the reference, yours, ...
# Threads that wait for each other on a busy machine would make the times those of the machine.
_ONE_CORE = {"TINYTORCH_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
COUNTED = (
    "Counted are products of floating numbers that the chapters make by *, @ and NumPy's multiply, matmul, dot, vdot, "
    "inner, outer, tensordot and einsum; not what its other functions multiply inside."
)


@dataclass(frozen=True)
class Measured:
    """What one of the two came to on the input. `why`: what cannot be said, and the reason."""

    input: str = ""  # "conv2d(x (1, 2, 5, 5), weight (3, 2, 3, 3), stride=2)"
    same_as: str = ""  # a hash of the input
    seconds: float | None = None  # the median, where there were several runs
    slowest: float | None = None  # of the runs
    fastest: float | None = None
    multiply_adds: int | None = None
    why: str = ""


def measure(module: Module, exercise: Exercise, texts: Sequence[str]) -> list[Measured]:
    """Measure the exercise as it stands in each of `texts`, whole dev files; seconds are medians of runs in turn."""
    runs: list[list[Measured]] = [[] for _ in texts]
    for _ in range(ROUNDS):
        for text, timed in zip(texts, runs):
            timed.append(_ask(module, exercise, text, "time"))
            if timed[-1].seconds is None:
                return [said[-1] if said else timed[-1] for said in runs]
    return [_counted(timed, _ask(module, exercise, text, "count")) for text, timed in zip(texts, runs)]


def _counted(timed: list[Measured], counted: Measured) -> Measured:
    input, same_as = timed[0].input, timed[0].same_as
    runs = [run.seconds for run in timed if run.seconds is not None]
    took = statistics.median(runs), max(runs), min(runs)
    if {run.same_as for run in [*timed, counted]} != {same_as}:
        return Measured(input, same_as, *took, None, counted.why or "its input is not twice the same")
    return Measured(input, same_as, *took, counted.multiply_adds, counted.why)


def _ask(module: Module, exercise: Exercise, text: str, what: str) -> Measured:
    with TemporaryDirectory(prefix="tito-measure-") as folder:
        chapter, answer = Path(folder) / module.dev.name, Path(folder) / "answer.json"
        chapter.write_text(text, encoding="utf-8")
        outcome = child.run(
            ["-m", "tito.measure_child", what, str(chapter), exercise.test, str(answer)],
            cwd=module.dev.parent,
            env=child.environment(module.root, **_ONE_CORE),
            limit=LIMIT,
            quiet=True,
        )
        try:
            told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            ended = f"took over {LIMIT:g} seconds" if outcome.timed_out else f"ended with status {outcome.status}"
            return Measured(why=f"the run {ended}")
    return Measured(**told)
