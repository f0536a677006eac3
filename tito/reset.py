"""Putting a dev file, or one exercise of it, back to what was handed out. Works on files that are not Python."""

import json
import re

from tito import snapshots
from tito.course import Module
from tito.errors import TitoError
from tito.files import write_atomic

_CELL = re.compile(r"# %%.*$", re.MULTILINE)


def reset(module: Module, exercise: str | None) -> str | None:
    """Put back the module, or the cell of one exercise (its grade_id or number); what was there is kept.

    Returns the grade_id of the exercise, if one was named.
    """
    if not module.start.is_file():
        raise TitoError(
            f"{module.shown(module.start)} does not exist: what was handed out is not known.",
            f"`git checkout -- {module.shown(module.start)}`. A given module and the reference course have none.",
        )
    handed_out = module.start.read_text(encoding="utf-8")
    if exercise is None:
        snapshots.of_modules([module], "reset")
        write_atomic(module.dev, handed_out)
        return None
    stubs = solution_cells(handed_out)
    grade_id = named(exercise, list(stubs), module)
    text = module.read_dev()
    mine = solution_cells(text)
    if grade_id not in mine:
        raise TitoError(
            f"{module.shown(module.dev)} has no cell `# %%` of grade_id {grade_id!r} any more.",
            f"Copy it from {module.shown(module.start)}, or reset all: `tito module reset {module.number}`.",
        )
    (first, last), (start, end) = mine[grade_id], stubs[grade_id]
    snapshots.of_modules([module], "reset")
    write_atomic(module.dev, text[:first] + handed_out[start:end] + text[last:])
    return grade_id


def named(exercise: str, known: list[str], module: Module) -> str:
    """The grade_id of the exercise called `pooling`, or `7` by its number, or `max_pool2d` by a function in it.

    Raises TitoError where there is none.
    """
    if exercise in known:
        return exercise
    if exercise.isdecimal() and 1 <= int(exercise) <= len(known):
        return known[int(exercise) - 1]
    text = module.read_dev()
    for grade_id, (first, last) in solution_cells(text).items():
        if grade_id in known and re.search(rf"^(def|class) {re.escape(exercise)}\b", text[first:last], re.M):
            return grade_id
    raise TitoError(f"module {module.number} has no exercise {exercise!r}.", f"It has: {', '.join(known)}.")


def solution_cells(text: str) -> dict[str, tuple[int, int]]:
    """grade_id -> where its cell begins and ends in the text, for the solution cells."""
    cells = list(_CELL.finditer(text))
    ends = [cell.start() for cell in cells[1:]] + [len(text)]
    found = {}
    for cell, end in zip(cells, ends):
        _, _, metadata = cell[0].partition("nbgrader=")
        try:
            told, _ = json.JSONDecoder().raw_decode(metadata)
        except json.JSONDecodeError:
            continue  # a cell without metadata, or with damaged ones
        if isinstance(told, dict) and told.get("solution"):
            found[str(told.get("grade_id"))] = (cell.start(), end)
    return found
