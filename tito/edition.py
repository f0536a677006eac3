"""The student's text of a chapter: every solution region is a line that says what is to be written there."""

import ast

from tito.dev_file import DevFile, Exercise


def without_solutions(dev: DevFile, only: Exercise | None = None) -> str:
    """The dev file with its solution regions (those of one exercise, if given) replaced by their stubs.

    A stub raises NotImplementedError("Module 09, exercise 3: conv2d"): the place of the solution cell among its
    kind, and what the region is the body of. All else stays as it is. Raises DevFileError where a region does not
    belong to an exercise, or where the file would not be Python without it.
    """
    lines: list[str | None] = [*dev.text.split("\n")]
    exercises = {exercise.grade_id: exercise for exercise in dev.exercises()}
    for cell in dev.cells:
        for first, last in dev.regions(cell):
            if cell.id not in exercises:
                raise dev.error(first, "a solution outside a solution cell.", 'Give its cell `"solution": true`.')
            exercise = exercises[cell.id]
            if only not in (None, exercise):
                continue
            marker = lines[first - 1] or ""
            indent = marker[: len(marker) - len(marker.lstrip())]
            name = _body_of(dev.tree, first) or exercise.grade_id
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


def _body_of(tree: ast.Module, line: int) -> str:
    """What the line is part of: `conv2d`, `Adam.step`, `vjp(conv2d)`; nothing at the top level."""
    names: list[str] = []
    body: list[ast.stmt] = tree.body
    while True:
        around = [
            node
            for node in body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.lineno <= line <= _end(body, node)
        ]
        if not around:
            return ".".join(names)
        names.append(_rule(around[0]) or around[0].name)
        body = around[0].body


def _rule(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """`vjp(conv2d)` for the nameless function under `@vjp(conv2d)`; nothing for any other."""
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    rules = [text for text in decorators if text.startswith("vjp(")]
    return f"vjp({rules[0][4:-1].split('.')[-1]})" if function.name == "_" and rules else ""


def _end(body: list[ast.stmt], node: ast.stmt) -> int:
    """The last line of a statement and the comments after it: a region's markers are comments."""
    after = [other for other in body if other.lineno > node.lineno]
    return min(other.lineno for other in after) - 1 if after else 10**9


def _line_before(lines: list[str | None], number: int) -> int:
    """The line of the whole file that stands as line `number` once regions are gone."""
    kept = [index for index, line in enumerate(lines, 1) if line is not None]
    return kept[min(number, len(kept)) - 1]
