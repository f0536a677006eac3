"""The student's text of a chapter: every solution region is a line that says what is to be written there."""

import ast

from tito.definitions import definitions
from tito.dev_file import DevFile, Exercise


def without_solutions(dev: DevFile, only: Exercise | None = None) -> str:
    """The dev file with its solution regions (those of one exercise, if given) replaced by their stubs.

    A stub raises NotImplementedError("Module 09, exercise 3: conv2d"): the place of the solution cell among its
    kind, and what the region is the body of. All else stays as it is. Raises DevFileError where a region does not
    belong to an exercise, or where the file would not be Python without it.
    """
    lines: list[str | None] = [*dev.text.split("\n")]
    exercises = {exercise.grade_id: exercise for exercise in dev.exercises()}
    functions = definitions(dev.tree)
    for cell in dev.cells:
        for first, last in dev.regions(cell):
            if cell.id not in exercises:
                raise dev.error(first, "a solution outside a solution cell.", 'Give its cell `"solution": true`.')
            exercise = exercises[cell.id]
            if only not in (None, exercise):
                continue
            marker = lines[first - 1] or ""
            indent = marker[: len(marker) - len(marker.lstrip())]
            around = [definition.name for definition in functions if definition.holds(first)]
            name = around[-1] if around else exercise.grade_id
            lines[first - 1 : last] = [None] * (last - first + 1)
            lines[first - 1] = (
                f'{indent}raise NotImplementedError("Module {dev.module.number}, exercise {exercise.number}: {name}")'
            )
    text = "\n".join(line for line in lines if line is not None)
    try:
        ast.parse(text)
    except SyntaxError as error:
        line = _line_before(lines, error.lineno or 1)
        raise dev.error(
            line, f"without its solutions the file is not Python: {error.msg}.", "A region is the end of a body."
        ) from None
    return text


def _line_before(lines: list[str | None], number: int) -> int:
    """The line of the whole file that stands as line `number` once regions are gone."""
    kept = [index for index, line in enumerate(lines, 1) if line is not None]
    return kept[min(number, len(kept)) - 1]
