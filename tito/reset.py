"""Putting a dev file, or one exercise of it, back to what was handed out. Works on files that are not Python."""

import re

from tinytorch.support import cells
from tinytorch.support.cells import Cell
from tito import snapshots
from tito.course import Module
from tito.errors import TitoError
from tito.files import write_atomic


def reset(module: Module, exercise: str | None) -> str | None:
    """Put back the module, or the cell of one exercise (its grade_id or number); what was there is kept.

    Returns the grade_id of the exercise, if one was named. Raises TitoError, and changes nothing, where it is not clear
    what belongs to the exercise.
    """
    if not module.start.is_file():
        raise TitoError(
            f"{module.shown(module.start)} does not exist: what was handed out is not known.",
            f"`git checkout -- {module.shown(module.start)}`. A given module and the reference course have none.",
        )
    if exercise is None:
        snapshots.of_modules([module], "reset")
        write_atomic(module.dev, module.start.read_bytes())
        return None
    handed_out = module.read_start()
    stubs = solution_cells(handed_out)
    grade_id = named(exercise, list(stubs), module)
    stub, text = stubs[grade_id], module.read_dev()
    cell = _only(module, text, grade_id)
    _refuse_joined(module, text, cell, handed_out)
    _refuse_unread_mark(module, cell)
    first, last = cell.line - 1, cell.line - 1 + len(cell.lines)
    rows = cells.lines(module.dev.read_bytes().decode("utf-8"))  # each with the end that it has in the file
    end = rows[first][len(rows[first].rstrip("\r\n")) :] or "\n"
    code = (row for row in rows[last + 1 :] if row.strip() and not row.lstrip().startswith("#"))
    if next(code, "").lstrip("\f")[:1].isspace():
        raise TitoError(
            f"{module.shown(module.dev)}:{last + 1}: this `# %%` cuts {grade_id} in two: what follows it would stay.",
            "Remove the line, or the blanks before the code below it; then reset once more.",
        )
    snapshots.of_modules([module], "reset")
    write_atomic(module.dev, "".join([*rows[:first], *(line + end for line in stub.lines), *rows[last:]]))
    return grade_id


def _only(module: Module, text: str, grade_id: str) -> Cell:
    """The cell of that grade_id. Raises TitoError where there is none, or more than one."""
    found = [cell for cell in cells.split(text) if cell.grade_id == grade_id]
    if not found:
        raise TitoError(
            f"{module.shown(module.dev)} has no cell `# %%` of grade_id {grade_id!r} any more.",
            f"Copy it from {module.shown(module.start)}, or reset all: `tito module reset {module.number}`.",
        )
    if len(found) > 1:
        lines = " and ".join(str(cell.line) for cell in found)
        raise TitoError(f"grade_id {grade_id!r} stands in {module.shown(module.dev)} on lines {lines}.", "Rename one.")
    return found[0]


def _refuse_joined(module: Module, text: str, cell: Cell, handed_out: str) -> None:
    """Raise where the cell holds what was handed out in another one: a line `# %%` between them was deleted."""
    kept = {name for other in cells.split(text) if other.line != cell.line for name in _defined(other)}
    for other in cells.split(handed_out):
        joined = _defined(cell) & _defined(other) - kept if other.grade_id != cell.grade_id else set()
        if joined:
            raise TitoError(
                f"the cell of {cell.grade_id} holds {min(joined)} as well: the line `# %%` above that is gone.",
                f"Put it back, from {module.shown(module.start)}:{other.line}, and reset once more.",
            )


def _refuse_unread_mark(module: Module, cell: Cell) -> None:
    """Raise where a line looks like a mark, as some editors take it for one, and is none, such as `# %%time`."""
    for number, line in enumerate(cell.lines[1:], cell.line + 1):
        if re.match(r"(?=\S)\W*%%", line) and not cells.is_mark(line):
            raise TitoError(
                f"{module.shown(module.dev)}:{number}: `{line.strip():.40}` is no mark of a cell: what follows it "
                f"belongs to {cell.grade_id}, and would go.",
                "Write `# %%` there for a cell of your own, or remove the line; then reset once more.",
            )


def _defined(cell: Cell) -> set[str]:
    """The functions and classes of a cell, which need not be Python."""
    return {name for line in cell.lines for name in re.findall(r"^(?:async def|def|class) (\w+)", line)}


def named(exercise: str, known: list[str], module: Module) -> str:
    """The grade_id of the exercise called `pooling`, or `7` by its number, or `max_pool2d` by a function in it.

    Raises TitoError where there is none.
    """
    if exercise in known:
        return exercise
    if exercise.isdecimal() and 1 <= int(exercise) <= len(known):
        return known[int(exercise) - 1]
    for grade_id, cell in solution_cells(module.read_dev()).items():
        if grade_id in known and exercise in _defined(cell):
            return grade_id
    raise TitoError(f"module {module.number} has no exercise {exercise!r}.", f"It has: {', '.join(known)}.")


def solution_cells(text: str) -> dict[str, Cell]:
    """grade_id -> its solution cell."""
    return {cell.grade_id: cell for cell in cells.split(text) if cell.nbgrader.get("solution")}
