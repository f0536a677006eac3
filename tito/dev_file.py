"""Reading a dev file, `modules/NN_name/name_dev.py`: its cells, exercises and inline tests, and its mistakes.

Nothing here runs the file, which is a student's code, or imports more than the standard library.
"""

import ast
import hashlib
import io
import re
import tokenize
from dataclasses import dataclass
from typing import Any

from tinytorch.support import cells
from tito.course import Module
from tito.errors import ChapterError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_DIRECTIVE = re.compile(r"\s*#\s*\|\s*(?P<name>[^\s:]+)\s*:?\s*(?P<value>.*?)\s*$")
_MAGIC_COMMENT = re.compile(r"#\s*(%{1,2}[A-Za-z]\w*|![A-Za-z])")
_DIRECTIVES = {"default_exp", "export", "exporti", "hide"}
_UNWRITTEN = re.compile(r"Module \d+, exercise \d+")


class DevFileError(ChapterError):
    """A mistake in a dev file, at a line."""

    def __init__(self, module: Module, line: int, message: str, fix: str):
        super().__init__(f"{module.shown(module.dev)}:{line}: {message}", fix, status=1)
        self.line = line


@dataclass
class Cell:
    """A cell of the notebook. `line` is the file's line (from 1) on which its source begins."""

    kind: str
    line: int
    nbgrader: dict[str, Any]
    source: list[str]
    id: str

    def directives(self) -> dict[str, tuple[str, int]]:
        """name -> (value, line) of the `#|` lines at the cell's head, as nbdev reads them."""
        found = {}
        for line, text in enumerate(self.source, self.line):
            match = _DIRECTIVE.match(text)
            if match:
                found[match["name"]] = (match["value"], line)
            elif text.strip():
                break
        return found

    def exported(self) -> bool:
        return self.kind == "code" and bool({"export", "exporti"} & self.directives().keys())


@dataclass(frozen=True)
class Exercise:
    """A solution cell, the line of its first function or class, and the points of the test cell that goes with it."""

    number: int
    grade_id: str
    line: int
    points: float

    @property
    def test(self) -> str:
        return "test_" + self.grade_id.replace("-", "_")


class DevFile:
    """A module's dev file, parsed. Raises DevFileError where it is not Python.

    text: what it holds, where that has been read already.
    """

    def __init__(self, module: Module, text: str | None = None):
        self.module = module
        self.text = module.read_dev() if text is None else text
        try:
            self.tree = ast.parse(self.text)
            compile(self.tree, module.dev.name, "exec", dont_inherit=True)  # finds a `return` outside a function
        except SyntaxError as error:
            raise self._not_python(error) from None
        except (ValueError, RecursionError, MemoryError) as error:  # a NUL byte; an expression that is too deep
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise DevFileError(module, 1, f"Python cannot read this: {what}.", "Save it as plain text.") from None
        self.cells = self._read_cells()

    @property
    def digest(self) -> str:
        """Hash of the content: what recorded results are about."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def error(self, line: int, message: str, fix: str) -> DevFileError:
        return DevFileError(self.module, line, message, fix)

    def _not_python(self, error: SyntaxError) -> DevFileError:
        line = error.lineno or self.text.partition("\0")[0].count("\n") + 1  # Python gives no line for a NUL byte
        text = "".join(cells.lines(self.text)[line - 1 : line]).strip()
        if re.match(r"%{1,2}[A-Za-z]|![A-Za-z]|\?", text):
            return self.error(
                line, f"`{text}` is a notebook magic, and this file is a Python module.", "Remove the line."
            )
        return self.error(line, f"this is not valid Python: {error.msg}.\n          {text}", "Mend this line first.")

    def _read_cells(self) -> list[Cell]:
        head, *pieces = cells.split(self.text)
        for number, text in enumerate(head.lines, 1):
            if text.strip() and not text.startswith("#"):
                raise self.error(number, "code before the first cell.", "Put a line `# %%` before it.")
        found: list[Cell] = []
        seen: dict[str, int] = {}
        exported = 0  # text may come and go without touching the ids of the code
        for index, piece in enumerate(pieces):
            if piece.problem:
                raise self.error(piece.line, f"the cell's nbgrader {piece.problem}.", "Copy it from another cell.")
            source = piece.lines[1:]
            while source and not source[-1].strip():
                source.pop()
            cell = Cell(piece.kind, piece.line + 1, piece.nbgrader, source, piece.grade_id)
            exported += cell.exported()
            cell.id = cell.id or (f"cell-{exported}" if cell.exported() else f"other-{index}")
            if cell.id in seen:
                raise self.error(
                    piece.line, f"grade_id {cell.id!r} stands on line {seen[cell.id]} as well.", "Rename one."
                )
            seen[cell.id] = piece.line
            found.append(cell)
        return found

    def parse(self, cell: Cell) -> ast.Module:
        """The cell's own syntax tree: a notebook runs it alone. Half a statement is a DevFileError."""
        try:
            return ast.parse("\n".join(cell.source))
        except SyntaxError as error:
            raise self.error(
                cell.line + (error.lineno or 1) - 1,
                f"the cell cannot run by itself: {error.msg}.",
                "Keep what belongs together in one cell.",
            ) from None

    def exercises(self) -> list[Exercise]:
        """The solution cells in the file's order, with the points of their tests."""
        points = {c.id: float(c.nbgrader.get("points", 0)) for c in self.cells if c.nbgrader.get("grade")}
        solutions = [cell for cell in self.cells if cell.nbgrader.get("solution")]
        return [
            Exercise(number, cell.id, self._first_definition(cell), points.get(f"test-{cell.id}", 0.0))
            for number, cell in enumerate(solutions, 1)
        ]

    def _first_definition(self, cell: Cell) -> int:
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        lines = [node.lineno for node in self.tree.body if isinstance(node, kinds)]
        return next((line for line in sorted(lines) if self.cell_at(line) is cell), cell.line)

    def cell_at(self, line: int) -> Cell | None:
        return next((cell for cell in self.cells if cell.line <= line < cell.line + len(cell.source)), None)

    def exercise_at(self, line: int) -> str:
        """The test of the exercise whose cell holds the line; nothing for a line of no exercise."""
        cell = self.cell_at(line)
        return next((e.test for e in self.exercises() if cell and e.grade_id == cell.id), "")

    def regions(self, cell: Cell) -> list[tuple[int, int]]:
        """The cell's solution regions: (line of BEGIN, line of END)."""
        found = []
        opened = 0
        for line, text in enumerate(cell.source, cell.line):
            if text.strip() == BEGIN:
                if opened:
                    raise self.error(line, f"the region opened on line {opened} is still open.", f"Write `{END}`.")
                opened = line
            elif text.strip() == END:
                if not opened:
                    raise self.error(
                        line, f"`{END}` without `{BEGIN}`.", "Write the opening marker or remove this one."
                    )
                found.append((opened, line))
                opened = 0
        if opened:
            raise self.error(opened, f"`{BEGIN}` is never closed.", f"Write `{END}` after the body, in the same cell.")
        return found

    def solved(self) -> bool:
        """Whether the file holds reference solutions: a student's has no regions."""
        return any(self.regions(cell) for cell in self.cells)

    def inline_tests(self) -> dict[str, int]:
        """Name -> line of each function under `@inline_test`. Two of one name are a DevFileError."""
        found: dict[str, int] = {}
        for node in self.tree.body:
            if not isinstance(node, ast.FunctionDef) or not any(_is_inline_test(d) for d in node.decorator_list):
                continue
            if node.name in found:
                raise self.error(
                    node.lineno,
                    f"{node.name} is written on line {found[node.name]} as well.",
                    "Rename one of them.",
                )
            found[node.name] = node.lineno
        return found

    def code_hashes(self) -> dict[str, str]:
        """Inline test -> hash of the code that runs down to it, and to its exercise. Comments do not count."""
        in_string = _lines_inside_strings(self.tree)
        solutions = {exercise.test: self._end_of(exercise.line) for exercise in self.exercises()}
        ends = {test: max(self._end_of(line), solutions.get(test, 0)) for test, line in self.inline_tests().items()}
        hashes: dict[str, str] = {}
        code = hashlib.sha256()
        for number, text in enumerate(self.text.split("\n"), 1):
            if number in in_string or not re.match(r"\s*(#|$)", text):
                code.update(f"{text}\n".encode())
            hashes.update((test, code.hexdigest()[:16]) for test, end in ends.items() if end == number)
        return hashes

    def _end_of(self, line: int) -> int:
        """The last line of the cell that the line stands in."""
        cell = self.cell_at(line)
        return cell.line + len(cell.source) - 1 if cell else line

    def unwritten(self) -> list[tuple[int, str]]:
        """(line, text) of each stub: `raise NotImplementedError("Module 09, exercise 3: …")`."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                name, first = node.exc.func, node.exc.args[0]
                if isinstance(name, ast.Name) and name.id == "NotImplementedError" and isinstance(first, ast.Constant):
                    if isinstance(first.value, str) and _UNWRITTEN.match(first.value):
                        found.append((node.lineno, first.value))
        return sorted(found)

    def check(self) -> None:
        """Raise DevFileError at the first thing that would keep the file from being exported as meant."""
        self._check_comments()
        self._check_directives()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                raise self.error(
                    node.lineno,
                    "a relative import works neither here nor in the package.",
                    "Write `from tinytorch.core.NAME import …`.",
                )

    def _check_comments(self) -> None:
        """Magics that hide in comments, and `#|` lines that are not at a cell's head."""
        heads = {line for cell in self.cells for _, line in cell.directives().values()}
        prose = {
            line
            for cell in self.cells
            if cell.kind != "code"
            for line in range(cell.line, cell.line + len(cell.source))
        }
        marks = {cell.line - 1 for cell in self.cells}
        first = self.cells[0].line if self.cells else 0
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            line = token.start[0]
            if token.type != tokenize.COMMENT:
                continue
            alone = token.line[: token.start[1]].strip() == ""
            if alone and cells.is_mark(token.string) and line not in marks:
                raise self.error(
                    line,
                    "the cell cannot run by itself: this `# %%` cuts it in two where a notebook reads it.",
                    "Keep what belongs together in one cell: remove the line, or write the comment in other words.",
                )
            if line in prose or line < first:
                continue
            if alone and _MAGIC_COMMENT.match(token.string):
                raise self.error(
                    line,
                    f"`{token.string}` becomes a magic in a notebook.",
                    "Remove it, or reword the comment.",
                )
            directive = _DIRECTIVE.match(token.string)
            if directive and line not in heads:
                raise self.error(
                    line,
                    f"`{token.string}` has no effect here.",
                    "A directive stands on the first lines of its cell, right under `# %%`.",
                )

    def _check_directives(self) -> None:
        expected = f"core.{self.module.name}"
        places = []
        for cell in self.cells:
            if cell.kind != "code":
                continue
            self.parse(cell)
            for name, (value, line) in cell.directives().items():
                if name not in _DIRECTIVES:
                    known = ", ".join(f"`#| {d}`" for d in sorted(_DIRECTIVES))
                    raise self.error(line, f"there is no directive `#| {name}`.", f"Use one of {known}.")
                if name in ("export", "exporti") and value:
                    raise self.error(line, f"`#| {name} {value}`: a module has one file.", f"Write `#| {name}`.")
                if name == "default_exp":
                    places.append(line)
                    if value != expected:
                        raise self.error(line, f"`#| default_exp {value}`.", f"Write `#| default_exp {expected}`.")
        if not places:
            raise self.error(
                1,
                "no `#| default_exp`: the file does not say where it goes.",
                f"Add `#| default_exp {expected}`.",
            )
        if len(places) > 1:
            raise self.error(places[1], f"`#| default_exp` stands on line {places[0]} as well.", "Remove one.")
        if not any(cell.exported() for cell in self.cells):
            raise self.error(1, "no cell is exported.", "Begin each cell of the package with `#| export`.")


def _is_inline_test(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name == "inline_test"


def _lines_inside_strings(tree: ast.Module) -> set[int]:
    """Lines that begin inside a string: what looks like a comment there is text."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno and node.end_lineno > node.lineno:
            inside.update(range(node.lineno + 1, node.end_lineno + 1))
    return inside


def package_lines(dev: DevFile, cell: Cell) -> list[tuple[int, str]]:
    """The cell as the package holds it, each line with its number in the dev file.

    Directives and solution markers are left out, and so is the docstrings' part from a line `TODO:` on, which
    speaks to the one who has yet to write the body.
    """
    replaced = _docstring_cuts(dev.parse(cell), cell.source)
    skipped = {line for _, line in cell.directives().values()}
    skipped.update(line for region in dev.regions(cell) for line in region)
    kept: list[tuple[int, str]] = []
    for index, text in enumerate(cell.source):
        line = cell.line + index
        if index in replaced:
            kept.extend((line, new) for new in replaced[index])
        elif line not in skipped and (kept or text.strip()):
            kept.append((line, text))
    return kept


def chapter_text(dev: DevFile) -> str:
    """What the package would hold of the dev file, each line where it stands there: what fails is found by number."""
    lines = [""] * (len(cells.lines(dev.text)) + 1)
    for cell in dev.cells:
        if cell.exported():
            for number, text in package_lines(dev, cell):
                lines[number - 1] = text
    return "\n".join(lines)


def _docstring_cuts(tree: ast.Module, lines: list[str]) -> dict[int, list[str]]:
    """Index of a cell's line -> the lines that stand in its place, for docstrings with a `TODO:` part."""
    replaced: dict[int, list[str]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        doc = node.body[0]
        if ast.get_docstring(node, clean=False) is None or doc.end_lineno is None:
            continue
        first, last = doc.lineno - 1, doc.end_lineno - 1
        todo = next((i for i in range(first, last + 1) if re.match(r'\s*([rRuU]?["\']{1,3})?TODO:', lines[i])), None)
        if todo is None:
            continue
        for index in range(todo, last + 1):
            replaced[index] = []
        while todo > first + 1 and not lines[todo - 1].strip():
            todo -= 1
            replaced[todo] = []
        if todo == first:
            continue  # nothing but the task: no docstring is left
        quotes = lines[last].rstrip()[-3:]
        if todo == first + 1 and not lines[first].endswith(quotes[0]):
            replaced[first] = [lines[first].rstrip() + quotes]
        else:
            replaced[last] = [" " * doc.col_offset + quotes]
    return replaced
