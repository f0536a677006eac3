"""Chapters with other right solutions than the reference's: `tests/solutions/STYLE/NN_name.py`.

Such a file is ordinary Python. Each exercise that it solves is a cell, `# %% GRADE_ID`, which holds the functions,
methods (inside `class Name:`) and rules (`def _` under `@vjp(name)`) of the exercise as a student would write them.
Imports above the first cell name what the chapter has there already; they are for the reader and the linter.

In the dev file, the body below the docstring is replaced in each function that the exercise has by that name. What
the exercise does not have is the student's own and is inserted: imports, constants, functions and classes before the
first definition that changes, methods before the first method of their class. Nothing else changes.
"""

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinytorch.support import cells
from tito.course import Course, Module
from tito.definitions import Function, definitions, first_line
from tito.dev_file import BEGIN, END, Cell, DevFile
from tito.errors import TitoError

REFERENCE = "reference"
_HEAD = re.compile(r"# %% +([\w-]+) *")
_OWN = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Style:
    """One way to write the solutions. files: module folder -> the file in that style; the reference has none."""

    name: str
    files: dict[str, Path] = field(default_factory=dict)

    def text(self, module: Module) -> str:
        """The module's dev file as a student has it who solved all of it in this style.

        What the style leaves out is solved as in the reference. Raises TitoError where the file does not fit.
        """
        text = module.read_dev()
        if module.folder in self.files:
            text = _Splice(DevFile(module, text), self.files[module.folder]).text()
        return "\n".join(line for line in text.split("\n") if line.strip() not in (BEGIN, END))


def styles(course: Course) -> list[Style]:
    """The reference, and a style for each folder of `tests/solutions`."""
    folder = course.root / "tests" / "solutions"
    modules = {module.folder for module in course.modules}
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*.py")):
        if path.parent.parent != folder or path.stem not in modules:
            shown = path.relative_to(course.root).as_posix()
            fix = "Name it tests/solutions/STYLE/NN_name.py, after a module."
            raise TitoError(f"{shown} belongs to no module or to no style.", fix, status=1)
        found.setdefault(path.parent.name, {})[path.stem] = path
    return [Style(REFERENCE), *(Style(name, files) for name, files in found.items())]


def alternatives(module: Module, texts: list[str]) -> dict[str, int]:
    """grade_id -> how many different solutions it has in the texts of the dev file, the reference's not counted."""
    found = {exercise.grade_id: set[str]() for exercise in DevFile(module).exercises()}
    for text in [module.read_dev(), *texts]:
        dev = DevFile(module, text)
        for cell in dev.cells:
            if cell.id in found:
                found[cell.id].add(ast.dump(dev.parse(cell)))
    return {grade_id: len(versions) - 1 for grade_id, versions in found.items()}


class _Splice:
    """A dev file, and a file of a style whose solutions are put into it."""

    def __init__(self, dev: DevFile, path: Path):
        self.dev = dev
        self.shown = path.relative_to(dev.module.root).as_posix()
        source = path.read_text(encoding="utf-8")
        self.lines = source.split("\n")
        self.marks = [(cell.line, cell.mark) for cell in cells.split(source)[1:]]
        try:
            self.tree = ast.parse(source)
        except SyntaxError as error:
            raise self.error(error.lineno or 1, f"this is not valid Python: {error.msg}.", "Correct it.") from None
        self.names: dict[ast.stmt, str] = {own.node: own.name for own in definitions(self.tree)}
        self.functions = definitions(dev.tree)
        classes = [node for node in dev.tree.body if isinstance(node, ast.ClassDef)]
        self.named: dict[str, list[Function | ast.ClassDef]] = {}
        for name, node in [*((d.name, d.node) for d in self.functions), *((node.name, node) for node in classes)]:
            self.named.setdefault(name, []).append(node)
        self.dev_lines = dev.text.split("\n")
        # First and last line in the dev file, and what replaces them. What is inserted above a line ends before it.
        self.edits: list[tuple[int, int, list[str]]] = []

    def error(self, line: int, message: str, fix: str) -> TitoError:
        """About a line of the file with the solutions."""
        return TitoError(f"{self.shown}:{line}: {message}", fix, status=1)

    def text(self) -> str:
        """The dev file with the solutions in it."""
        for cell, head, statements in self._cells():
            self._solve(cell, head, statements)
        lines = [*self.dev_lines]
        for first, last, new in sorted(self.edits, reverse=True):
            lines[first - 1 : last] = new
        return "\n".join(lines)

    def _cells(self) -> Iterator[tuple[Cell, int, list[ast.stmt]]]:
        """For each cell: the exercise's cell in the dev file, the line of the head, the statements below it."""
        known = {cell.id: cell for cell in self.dev.cells if cell.nbgrader.get("solution")}
        heads: dict[str, int] = {}
        for line, text in self.marks:
            match = _HEAD.fullmatch(text)
            grade_id = match[1] if match else ""
            if grade_id not in known:
                message = f"`{text}` names no exercise of {self.dev.module.folder}."
                raise self.error(line, message, f"Write `# %% GRADE_ID` with one of: {', '.join(known)}.")
            if grade_id in heads:
                raise self.error(line, f"{grade_id} stands on line {heads[grade_id]} as well.", "Remove one of them.")
            heads[grade_id] = line
        starts = [*heads.values(), len(self.lines) + 1]
        for statement in self.tree.body:
            of_header = isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement)
            if statement.lineno < starts[0] and not of_header:
                raise self.error(statement.lineno, "code above the first cell.", "Put `# %% GRADE_ID` above it.")
        for (grade_id, first), last in zip(heads.items(), starts[1:]):
            yield known[grade_id], first, [s for s in self.tree.body if first < s.lineno < last]

    def _solve(self, cell: Cell, head: int, statements: list[ast.stmt]) -> None:
        """Put the statements below one head into the exercise's cell."""
        changed, inserted = self._replace(cell, statements, head)
        for first, last in self.dev.regions(cell):
            if not any(edit_first <= first and last <= edit_last for edit_first, edit_last, _ in self.edits):
                name = next((d.name for d in self.functions if d.holds(first)), "a solution region")
                raise self.error(
                    head,
                    f"{cell.id} leaves out {name} ({self._place(first)}): the reference's solution would stay there.",
                    "Write the whole exercise, or remove its cell.",
                )
        if inserted:
            around = next(s for s in self.dev.tree.body if first_line(s) <= min(changed) <= (s.end_lineno or 0))
            self.edits.append((first_line(around), first_line(around) - 1, inserted))

    def _replace(
        self, cell: Cell, statements: Sequence[ast.stmt], above: int, prefix: str = ""
    ) -> tuple[list[int], list[str]]:
        """Replace what the cell has. Returns the lines of what changed, and the text of what the cell does not have.

        above: a line of this file; comments below it belong to the first statement. prefix: `Adam.` in that class.
        """
        changed: list[int] = []
        inserted: list[str] = []
        for statement in statements:
            name = self.names.get(statement) or prefix + getattr(statement, "name", "")
            last = _body(self.lines, statement)[1] if isinstance(statement, Function) else statement.end_lineno or 0
            target = self._target(cell, name)
            if isinstance(statement, Function) and isinstance(target, Function):
                self._replace_body(name, statement, target)
                changed.append(target.lineno)
            elif isinstance(statement, ast.ClassDef) and isinstance(target, ast.ClassDef):
                changed += self._fill(cell, statement, target)
            elif isinstance(statement, _OWN):
                self._refuse_taken(cell, name, statement)
                inserted += [*_trimmed(self.lines[above:last]), *([""] if prefix else ["", ""])]
            elif not _is_docstring(statement):
                message = "an exercise has imports, constants, functions and classes only."
                raise self.error(statement.lineno, message, "Put this into a function.")
            above = last
        return changed, inserted

    def _fill(self, cell: Cell, own: ast.ClassDef, target: ast.ClassDef) -> list[int]:
        """Put the members of a class into the class of that name; returns the lines of what changed."""
        changed, inserted = self._replace(cell, own.body, first_line(own.body[0]) - 1, f"{own.name}.")
        if inserted:
            methods = (first_line(node) for node in target.body if isinstance(node, Function))
            line = next(methods, (target.end_lineno or 0) + 1)
            self.edits.append((line, line - 1, inserted))
        return changed

    def _replace_body(self, name: str, own: Function, target: Function) -> None:
        """Let the body that was written here take the place of the one in the dev file."""
        heads = [_head(own), _head(target)]
        if heads[0] != heads[1]:
            message = f"{name} is `{heads[0]}` here and `{heads[1]}` in {self._place(target.lineno)}."
            raise self.error(own.lineno, message, "Write its decorators and parameters as they stand there.")
        (first, last), (target_first, target_last) = _body(self.lines, own), _body(self.dev_lines, target)
        self.edits.append((target_first, target_last, self.lines[first - 1 : last]))

    def _target(self, cell: Cell, name: str) -> Function | ast.ClassDef | None:
        """The function, method, rule or class of that name in the exercise's cell."""
        return next((node for node in self.named.get(name, []) if self.dev.cell_at(node.lineno) is cell), None)

    def _refuse_taken(self, cell: Cell, name: str, statement: ast.stmt) -> None:
        """Raise where the chapter has a definition of that name: what is inserted would not be the only one."""
        for node in self.named.get(name, []):
            message = f"{name} is no part of {cell.id}: it stands at {self._place(node.lineno)}."
            raise self.error(statement.lineno, message, "Write it below its own exercise, or rename it.")

    def _place(self, line: int) -> str:
        return f"{self.dev.module.shown(self.dev.module.dev)}:{line}"


def _head(function: Function) -> str:
    """The decorators and the `def` line without annotations, on one line. A rule was found by its decorators."""
    bare = copy.deepcopy(function)
    bare.body, bare.returns = [ast.Pass()], None
    bare.decorator_list = [] if function.name == "_" else bare.decorator_list
    for node in ast.walk(bare.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    return " ".join(ast.unparse(bare).split("\n")[:-1])


def _body(lines: list[str], function: Function) -> tuple[int, int]:
    """The first and last line of a function's body below its docstring, the comments around it included."""
    documented = ast.get_docstring(function, clean=False) is not None
    statements = function.body[1:] if documented else function.body
    above = (function.body[0].end_lineno or 0) if documented else function.lineno
    last = function.end_lineno or 0
    first = first_line(statements[0]) if statements else last + 1
    while first - 1 > above and re.match(r"\s*(#|$)", lines[first - 2]):
        first -= 1
    indent = " " * function.body[0].col_offset
    for line in range(last + 1, len(lines) + 1):
        if re.match(rf"{indent}\s*#", lines[line - 1]):
            last = line
        elif lines[line - 1].strip():
            break
    return first, last


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _trimmed(lines: list[str]) -> list[str]:
    """The lines without blank ones at either end."""
    filled = [index for index, text in enumerate(lines) if text.strip()]
    return lines[filled[0] : filled[-1] + 1]
