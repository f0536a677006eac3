"""`tito module solution`: a reference beside the student's own, once that has passed its checks.

An edition carries the reference dev files sealed, each in `modules/NN_name/.start/sealed.zip`, where no search through
the files and no tab completion meets them. This is a courtesy lock, not cryptography: who wants to break it can, and
grades are given elsewhere.
"""

import difflib
import re
import shutil
import sys
import zipfile
from pathlib import Path

from tito.course import Module
from tito.dev_file import BEGIN, END
from tito.errors import TitoError
from tito.measure import Measured
from tito.reset import named, solution_cells
from tito.show import paint
from tito.states import ExerciseState, exercise_states, module_state

_CONTEXT = 3  # unchanged lines shown around a difference


def sealed(module: Module) -> Path:
    return module.start.with_name("sealed.zip")


def seal(archive: Path, files: dict[str, bytes]) -> None:
    """Pack the files so that no line of them can be read in the archive; the same files give the same bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # an entry without a date


def earned(module: Module, exercise: str) -> ExerciseState:
    """The exercise called so. Raises, kindly, unless its checks have passed on what stands in the file now."""
    if not module.start.is_file():
        what = "this is the reference course" if not module.given else "it is given"
        raise TitoError(
            f"{module.shown(module.dev)} itself holds the solutions: {what}.",
            f"Read them between `{BEGIN}` and `{END}`.",
            status=1,
        )
    states = exercise_states(module)
    now = states[named(exercise, list(states), module)]
    grade_id, number = now.exercise.grade_id, module.number
    failure = module_state(module).failure
    if failure and failure.exercise == grade_id:
        raise _not_yet(grade_id, "pytest still finds something in it", f"`tito test {number}`")
    if now.state in ("stale", "not checked"):
        raise _not_yet(grade_id, "it was not checked as it stands now", f"`tito module test {number}`")
    if now.state != "done":
        what = "is still to be written" if now.state == "not started" else "does not pass yet"
        raise _not_yet(grade_id, f"it {what}", f"`tito module hint {number} {grade_id}` helps you on.")
    return now


def _not_yet(grade_id: str, why: str, fix: str) -> TitoError:
    return TitoError(f"the solution of {grade_id} is shown beside your own once that passes: {why}.", fix, status=1)


def reference(module: Module) -> str:
    """The dev file with its solutions, as the edition carries it."""
    archive = sealed(module)
    try:
        with zipfile.ZipFile(archive) as packed:
            return packed.read(module.dev.name).decode("utf-8")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TitoError(
            f"{module.shown(archive)} cannot be read ({error}): the edition's solutions are in it.",
            f"`git checkout -- {module.shown(archive)}`",
        ) from None


def cells(module: Module, grade_id: str) -> tuple[str, str]:
    """The exercise's cell: the student's and the reference's, each from the line after its `# %%` on."""
    texts = [module.read_dev(), reference(module)]
    found = []
    for text in texts:
        cell = solution_cells(text).get(grade_id)
        if cell is None:
            raise TitoError(
                f"the edition's sealed solutions know no exercise {grade_id!r}.", "Are file and edition of one version?"
            )
        found.append("\n".join(line for line in cell.lines[1:] if line.strip() not in (BEGIN, END)).strip() + "\n")
    return found[0], found[1]


def with_reference(module: Module, grade_id: str) -> str:
    """The student's dev file with the reference in the place of this one exercise."""
    text = module.read_dev()
    cell = solution_cells(text)[grade_id]
    rows = text.split("\n")
    rows[cell.line : cell.line - 1 + len(cell.lines)] = [*cells(module, grade_id)[1].split("\n"), ""]
    return "\n".join(rows)


def difference(yours: str, theirs: str) -> list[str]:
    """Lines that show the two beside each other where the terminal is wide enough, else one below the other."""
    mine, other = (text.rstrip("\n").split("\n") for text in (yours, theirs))
    groups = [*difflib.SequenceMatcher(None, mine, other, autojunk=False).get_grouped_opcodes(_CONTEXT)]
    half = max(len(line) for group in groups for _, a, b, c, d in group for line in ["yours", *mine[a:b], *other[c:d]])
    if sys.stdout.isatty() and 2 * half + 3 <= shutil.get_terminal_size().columns:
        shown = [_beside(mine[a:b], other[c:d], tag, half) for group in groups for tag, a, b, c, d in group]
        return [f"{'yours':<{half}} | reference", *(line for lines in shown for line in lines)]
    shown = [_below(mine[a:b], other[c:d], tag) for group in groups for tag, a, b, c, d in group]
    return ["- yours", "+ reference", *(line for lines in shown for line in lines)]


def _beside(mine: list[str], other: list[str], tag: str, half: int) -> list[str]:
    height = max(len(mine), len(other))
    pairs = zip(mine + [""] * (height - len(mine)), other + [""] * (height - len(other)))
    if tag == "equal":
        return [f"{left:<{half}}   {right}" for left, right in pairs]
    return [f"{paint(f'{left:<{half}}', 'red')} | {paint(right, 'green')}" for left, right in pairs]


def _below(mine: list[str], other: list[str], tag: str) -> list[str]:
    if tag == "equal":
        return [f"  {line}".rstrip() for line in mine]
    return [paint(f"- {line}", "red") for line in mine] + [paint(f"+ {line}", "green") for line in other]


def same(yours: str, theirs: str) -> bool:
    """Whether the two differ in nothing but blank lines and comments."""

    def code(text: str) -> list[str]:
        return [line.rstrip() for line in text.split("\n") if not re.match(r"\s*(#|$)", line)]

    return code(yours) == code(theirs)


def told_time(measured: Measured) -> str:
    """`41.2 µs (40.9 µs to 52 µs)`: the median, the fastest and the slowest of the runs."""
    median, fastest, slowest = (in_words(s or 0.0) for s in (measured.seconds, measured.fastest, measured.slowest))
    return f"{median} ({fastest} to {slowest})"


def in_words(seconds: float) -> str:
    """`41.2 µs`, three figures."""
    size, unit = next(((s, u) for s, u in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")) if seconds >= s), (1e-9, "ns"))
    return f"{seconds / size:.3g} {unit}"
