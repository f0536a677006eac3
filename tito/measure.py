"""Time and multiply-adds of an exercise, the student's and the reference's, on one input; each in child processes."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tito import child
from tito.course import Module
from tito.dev_file import Exercise

LIMIT = 60.0  # seconds, for each of the four runs
COUNTED = (
    "Counted: products of floating numbers that the chapters make by * and @, and by np.multiply, matmul, dot,\n"
    "vdot, inner, outer, tensordot and einsum; not what other functions of NumPy multiply inside."
)


@dataclass(frozen=True)
class Measured:
    """What one of the two came to on the input. `why`: what cannot be said, and the reason."""

    input: str = ""  # "conv2d(x (1, 2, 5, 5), weight (3, 2, 3, 3), stride=2)"
    same_as: str = ""  # a hash of the input
    seconds: float | None = None
    multiply_adds: int | None = None
    why: str = ""


def measure(module: Module, exercise: Exercise, text: str) -> Measured:
    """Measure the exercise as it stands in `text`, a whole dev file."""
    timed = _ask(module, exercise, text, "time")
    if timed.why:
        return timed
    counted = _ask(module, exercise, text, "count")
    if counted.same_as != timed.same_as:
        return Measured(
            timed.input, timed.same_as, timed.seconds, None, counted.why or "its input is not twice the same"
        )
    return Measured(timed.input, timed.same_as, timed.seconds, counted.multiply_adds, counted.why)


def _ask(module: Module, exercise: Exercise, text: str, what: str) -> Measured:
    with TemporaryDirectory(prefix="tito-measure-") as folder:
        chapter, answer = Path(folder) / module.dev.name, Path(folder) / "answer.json"
        chapter.write_text(text, encoding="utf-8")
        outcome = child.run(
            ["-m", "tito.measure_child", what, str(chapter), exercise.test, str(answer)],
            cwd=module.dev.parent,
            env=child.environment(module.root),
            limit=LIMIT,
            quiet=True,
        )
        try:
            told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            ended = f"took over {LIMIT:g} seconds" if outcome.timed_out else f"ended with status {outcome.status}"
            return Measured(why=f"the run {ended}")
    return Measured(**told)
