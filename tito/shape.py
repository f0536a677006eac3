"""The shape of the chapters: how long they are, how much of them a student writes, and the limits for both.

Every line of a dev file counts as one of four things:

- tests: a line of a code cell that holds an `@inline_test` function, of the cell that calls `report()`, or of a code
  cell below that one. The cell's marker line is included.
- written: a line between `### BEGIN SOLUTION` and `### END SOLUTION` that is not blank.
- given: any other line of a code cell that is not blank, not a comment and not a docstring: imports, `def` lines,
  decorators, given bodies.
- text: everything else: prose cells, docstrings, comments, directives, blank lines, cell markers.

The length of a function is the number of its given and written lines without comments; its decorators and its `def`
line are included. A function inside another function counts as a part of the outer one; a method counts by itself. The
size of an exercise is the number of written lines in its cell.

An exercise is the body of a function, not a line inside a given function. So a function that holds a solution region
has few given lines in its body: its decorators and its `def` line do not count there.
"""

import ast
import io
import json
import tokenize
from dataclasses import asdict, dataclass

from tinytorch.support import cells
from tito.course import Course, Module
from tito.definitions import definitions, first_line
from tito.dev_file import Cell, DevFile

# The limits, in lines.
CHAPTER = 800  # of one chapter
COURSE = 6_600  # of all chapters together
WRITTEN = 600  # at least, of all chapters together
GIVEN_BODY = 10  # in the body of a function that holds a solution region
SPATIAL = "09_spatial"
SPATIAL_WRITTEN = 110  # at least
SPATIAL_GIVEN = 250

_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Longest:
    """The longest function, or the largest exercise."""

    lines: int = 0
    name: str = ""

    def __str__(self) -> str:
        return f"{self.lines} {self.name}" if self.name else "-"


@dataclass(frozen=True)
class Shape:
    """What one chapter measures, and a sentence for each limit that it does not keep."""

    module: str
    lines: int
    text: int
    given: int
    written: int
    tests: int
    longest_function: Longest
    largest_exercise: Longest
    problems: list[str]


def measure(module: Module) -> Shape:
    """The shape of a module's dev file as it is now. Raises DevFileError where it is not Python."""
    dev = DevFile(module)
    code = code_lines(dev)
    parts = classify(dev, code)
    functions = [d for d in definitions(dev.tree) if parts[d.node.lineno - 1] != "tests"]
    lengths = [Longest(len(code.intersection(range(d.first, (d.node.end_lineno or 0) + 1))), d.name) for d in functions]
    sizes = [
        Longest(parts[cell.line - 1 : cell.line - 1 + len(cell.source)].count("written"), cell.id)
        for cell in dev.cells
        if dev.regions(cell)
    ]
    counts = {part: parts.count(part) for part in ("text", "given", "written", "tests")}
    return Shape(
        module.folder,
        len(parts),
        **counts,
        longest_function=max(lengths, key=lambda longest: longest.lines, default=Longest()),
        largest_exercise=max(sizes, key=lambda longest: longest.lines, default=Longest()),
        problems=[
            *_beyond_limits(module, len(parts), counts["given"], counts["written"]),
            *_not_a_body(dev, code, parts),
        ],
    )


def classify(dev: DevFile, code: set[int]) -> list[str]:
    """For each line of the file in order, the one of the four things that it counts as. code: see `code_lines`."""
    parts = ["text"] * len(cells.lines(dev.text))
    in_tests = _test_cells(dev)
    ends = [*(cell.line - 2 for cell in dev.cells[1:]), len(parts)]  # the line before the next cell's marker
    for cell, end in zip(dev.cells, ends):
        if cell in in_tests:
            parts[cell.line - 2 : end] = ["tests"] * (end - cell.line + 2)
        elif cell.kind == "code":
            for line in code.intersection(range(cell.line, end + 1)):
                parts[line - 1] = "given"
            for first, last in dev.regions(cell):
                for line in range(first + 1, last):
                    parts[line - 1] = "written" if cell.source[line - cell.line].strip() else "text"
    return parts


def code_lines(dev: DevFile) -> set[int]:
    """The lines that hold code: not blank, and more than a comment or a docstring."""
    docstrings = {
        line
        for node in ast.walk(dev.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(dev.text).readline):
        of_docstring = token.type == tokenize.STRING and token.start[0] in docstrings
        if token.type not in _NO_CODE and not of_docstring:
            code.update(range(token.start[0], token.end[0] + 1))
    return code - {number for number, text in enumerate(cells.lines(dev.text), 1) if not text.strip()}


def _test_cells(dev: DevFile) -> list[Cell]:
    tests = dev.inline_tests().values()
    reports = [
        node.lineno
        for node in dev.tree.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "report"
    ]
    found = []
    for cell in dev.cells:
        lines = range(cell.line, cell.line + len(cell.source))
        after_report = bool(reports) and lines.stop > reports[0]
        if cell.kind == "code" and (after_report or any(line in lines for line in tests)):
            found.append(cell)
    return found


def _beyond_limits(module: Module, lines: int, given: int, written: int) -> list[str]:
    """What is wrong with the size of the chapter."""
    shown = module.shown(module.dev)
    problems = []
    if lines > CHAPTER:
        problems.append(f"{shown}:{CHAPTER + 1}: the chapter has {lines:,} lines; the limit is {CHAPTER}.")
    if module.folder == SPATIAL and given > SPATIAL_GIVEN:
        problems.append(f"{shown}:1: the chapter has {given:,} lines of given code; the limit is {SPATIAL_GIVEN}.")
    if module.folder == SPATIAL and written < SPATIAL_WRITTEN:
        problems.append(f"{shown}:1: students write {written:,} lines here; it must be {SPATIAL_WRITTEN} or more.")
    return problems


def _not_a_body(dev: DevFile, code: set[int], parts: list[str]) -> list[str]:
    """What is wrong where a solution region is not most of the body of a function."""
    shown = dev.module.shown(dev.module.dev)
    functions = definitions(dev.tree)  # an outer function stands before those inside it
    lines = cells.lines(dev.text)
    problems = {}
    for first in [first for cell in dev.cells for first, _ in dev.regions(cell)]:
        indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
        function = next((d for d in functions if d.holds(first) and d.node.col_offset < indent), None)
        if function is None:
            problems[first] = f"{shown}:{first}: the solution region is not in the body of a function."
            continue
        body = range(first_line(function.node.body[0]), (function.node.end_lineno or 0) + 1)
        given = [line for line in body if line in code and parts[line - 1] == "given"]
        if len(given) > GIVEN_BODY:
            problems[function.node.lineno] = (
                f"{shown}:{function.node.lineno}: {function.name} has {len(given)} given lines in its body around its "
                f"solution; the limit is {GIVEN_BODY}."
            )
    return [problems[line] for line in sorted(problems)]


def together(course: Course, shapes: list[Shape]) -> list[str]:
    """What is wrong with the size of the chapters together; nothing where only some of them were measured."""
    if [shape.module for shape in shapes] != [module.folder for module in course.modules]:
        return []
    lines, written = sum(shape.lines for shape in shapes), sum(shape.written for shape in shapes)
    problems = []
    if lines > COURSE:
        problems.append(f"modules: the chapters have {lines:,} lines together; the limit is {COURSE:,}.")
    if written < WRITTEN:
        problems.append(f"modules: students write {written:,} lines in all chapters; it must be {WRITTEN} or more.")
    return problems


COLUMNS = ["module", "lines", "text", "given", "written", "tests", "longest function", "largest exercise"]


def rows(shapes: list[Shape]) -> list[list[str]]:
    """A row for each chapter, and their sum."""
    numbers = [[shape.lines, shape.text, shape.given, shape.written, shape.tests] for shape in shapes]
    longest = [[shape.longest_function, shape.largest_exercise] for shape in shapes]
    numbers.append([sum(column) for column in zip(*numbers)])
    longest.append([max(column, key=lambda one: one.lines) for column in zip(*longest)])
    names = [*(shape.module for shape in shapes), "all"]
    return [[name, *(f"{n:,}" for n in counts), *map(str, two)] for name, counts, two in zip(names, numbers, longest)]


def as_json(shapes: list[Shape], of_course: list[str]) -> str:
    """The measurements and problems of each chapter. of_course: the problems of all chapters together."""
    passed = not of_course and not any(shape.problems for shape in shapes)
    return json.dumps(
        {"passed": passed, "problems": of_course, "modules": [asdict(shape) for shape in shapes]}, indent=1
    )
