"""What the tests of a chapter rest on and a student can take away without seeing it: the test cells as they were handed
out, the functions that are tested, and the `#| export` above them.

In a student edition it is known from the file in `.start/`; in the repository, from what `tests/NN_name` imports.
"""

import ast
import re
from dataclasses import dataclass

from tito.course import Module
from tito.dev_file import Cell, DevFile
from tito.errors import TitoError


@dataclass(frozen=True)
class Problem:
    """Why an inline test proves nothing, whatever it came to, and where the reason stands."""

    test: str
    sentence: str
    place: str


def problems(dev: DevFile) -> list[Problem]:
    """What keeps the inline tests of this file from proving anything about the package."""
    start = _start(dev.module)
    return [*_joined(dev, start), *_changed_tests(dev, start), *_not_exported(dev, start)]


def remark_on(dev: DevFile, text: str) -> str:
    """A sentence on the name that was not found, where an error's text says that one was not; or nothing."""
    imported = rf"cannot import name '(\w+)' from 'tinytorch\.core\.{dev.module.name}'"
    missed = re.search(rf"\bNameError: name '(\w+)' is not defined|{imported}", text)
    name = missed and (missed[1] or missed[2])
    if not name:
        return ""
    if cell := _bound(dev).get(name):
        where = f"{name} stands in the cell on line {cell.line}, which has no `#| export`"
        return "" if cell.exported() else f"{where}: the package does not have it"
    start, gone = _start(dev.module), "was it renamed, or deleted?"
    if start and (cell := _definitions(start).get(name)):
        origin = f"{dev.module.shown(dev.module.start)}:{_line_of(cell, name)}"
        return f"the file was handed out with {name} ({origin}), and has it no more: {gone}"
    if name in _imported(dev.module) | _used_in_tests(dev):
        return f"the tests need {name}, and {dev.module.shown(dev.module.dev)} does not define it: {gone}"
    return ""


def _start(module: Module) -> DevFile | None:
    """The file as it was handed out, if it was and can be read."""
    try:
        return DevFile(module, module.start.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TitoError):
        return None


def _joined(dev: DevFile, start: DevFile | None) -> list[Problem]:
    """The exercises whose code stands in another cell now: the line above it that marks its own was deleted."""
    if not start:
        return []
    shown, now, found = dev.module.shown, _definitions(dev), []
    there = {exercise.grade_id for exercise in dev.exercises()}
    missing = {exercise.grade_id: exercise for exercise in start.exercises() if exercise.grade_id not in there}
    for name, cell in _definitions(start).items():
        if name in now and (exercise := missing.pop(cell.id, None)):
            sentence = f"the line `# %%` above {name} is gone: copy it from {shown(dev.module.start)}:{cell.line - 1}"
            place = f"{shown(dev.module.dev)}:{_line_of(now[name], name)}"
            found.append(Problem(exercise.test, sentence, place))
    return found


def _changed_tests(dev: DevFile, start: DevFile | None) -> list[Problem]:
    """The inline tests that are gone, or not as they were handed out, down to what is defined in their cells."""
    if not start:
        return []
    shown, found = dev.module.shown, []
    now, lines = _test_cells(dev), dev.inline_tests()
    for test, cell in _test_cells(start).items():
        origin = f"copy its cell from {shown(dev.module.start)}:{cell.line - 1}"
        if test not in now:
            found.append(
                Problem(test, f"{test} is gone, so nothing proves its exercise: {origin}", shown(dev.module.dev))
            )
        elif ast.dump(dev.parse(now[test])) != ast.dump(dev.parse(cell)):
            sentence = f"{test} is not the test that was handed out, so it proves nothing: {origin}"
            found.append(Problem(test, sentence, f"{shown(dev.module.dev)}:{lines[test]}"))
    return found


def _test_cells(dev: DevFile) -> dict[str, Cell]:
    cells = {test: dev.cell_at(line) for test, line in dev.inline_tests().items()}
    return {test: cell for test, cell in cells.items() if cell}


def _not_exported(dev: DevFile, start: DevFile | None) -> list[Problem]:
    """The cells without `#| export` whose definitions or imports were exported, or are imported by the tests."""
    exported = {name for name, cell in _bound(start).items() if cell.exported()} if start else set()
    needed = exported | _imported(dev.module)
    exercises = {exercise.grade_id: exercise for exercise in dev.exercises()}
    tests = dev.inline_tests()
    found: dict[int, Problem] = {}
    for name, cell in _bound(dev).items():
        if name not in needed or cell.exported() or cell.line in found:
            continue
        exercise = exercises.get(cell.id)
        below = [test for test, line in tests.items() if line > cell.line] or list(tests)
        what = f"exercise {cell.id}" if exercise else name
        sentence = f"{what} is not exported: its cell's first line must be `#| export`"
        place = f"{dev.module.shown(dev.module.dev)}:{cell.line}"
        found[cell.line] = Problem(exercise.test if exercise else below[0], sentence, place)
    return list(found.values())


def _definitions(dev: DevFile) -> dict[str, Cell]:
    """The functions and classes at the top level of the file, and their cells."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    nodes = [node for node in dev.tree.body if isinstance(node, kinds)]
    cells = {node.name: dev.cell_at(node.lineno) for node in nodes}
    return {name: cell for name, cell in cells.items() if cell and name != "_"}


def _bound(dev: DevFile) -> dict[str, Cell]:
    """As `_definitions`, and what is imported at the top level."""
    nodes = [node for node in dev.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    cells = {alias.asname or alias.name: dev.cell_at(node.lineno) for node in nodes for alias in node.names}
    return {name: cell for name, cell in cells.items() if cell} | _definitions(dev)


def _line_of(cell: Cell, name: str) -> int:
    definition = re.compile(rf"\s*(?:async def|def|class) {name}\b")
    return next((line for line, text in enumerate(cell.source, cell.line) if definition.match(text)), cell.line)


def _imported(module: Module) -> set[str]:
    """The names that the tests of the package import from this chapter."""
    found: set[str] = set()
    for path in module.tests.rglob("*.py"):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, SyntaxError):
            continue  # pytest says so
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        chapter = f"tinytorch.core.{module.name}"
        found.update(alias.name for node in imports if node.module == chapter for alias in node.names)
    return found


def _used_in_tests(dev: DevFile) -> set[str]:
    cells = _test_cells(dev).values()
    return {node.id for cell in cells for node in ast.walk(dev.parse(cell)) if isinstance(node, ast.Name)}
