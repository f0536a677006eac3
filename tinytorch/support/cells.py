"""Dev files as text: the lines that Python counts in them, and the cells that their `# %%` lines mark.

A mark is what jupytext takes for one, at the left margin and between two statements. In a string, or in the middle of
a statement, it is text. This works on files that are not Python, too; there, one cell that cannot be parsed leaves the
others as they are. Only the standard library is used here.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from dataclasses import dataclass, field
from typing import Any

_MARK = re.compile(r"\f*#\s*(?:%%%*\s(?P<title>.*)|(?:%%|<codecell>|In\[[0-9 ]*\]:?)\s*)$", re.DOTALL)
_KINDS = {"[markdown]": "markdown", "[raw]": "raw", "[md]": "markdown"}
_MOST_POINTS = 1000
_NOT_PARSED = (ValueError, RecursionError, MemoryError)  # a NUL byte; an expression that is too deep


@dataclass(frozen=True)
class Cell:
    """A cell as it stands in the file, from its mark on. What stands above the first mark is one of the kind "head".

    line: of the file, from 1, on which it begins. nbgrader: its metadata for grading, empty where there are none.
    problem: what is wrong with those, if something is.
    """

    kind: str
    line: int
    text: str
    nbgrader: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def mark(self) -> str:
        return self.lines[0] if self.lines else ""

    @property
    def lines(self) -> list[str]:
        """Its lines without their ends, the mark first."""
        return [line.rstrip("\r\n") for line in lines(self.text)]

    @property
    def grade_id(self) -> str:
        """What a student cannot choose about an exercise or a test: its name. Empty for every other cell."""
        name = self.nbgrader.get("grade_id")
        return name if isinstance(name, str) else ""


def lines(text: str) -> list[str]:
    """The lines as Python counts them, each with its end: those of `\\n`, `\\r\\n` and `\\r`, and of nothing else."""
    return list(io.StringIO(text, newline=""))


def decode(content: bytes) -> str:
    """The text as Python reads it: no byte order mark, every line end is `\\n`.

    Raises UnicodeDecodeError, and SyntaxError where the file says that it has another encoding than UTF-8.
    """
    text = content.decode("utf-8-sig")
    encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    if encoding not in ("utf-8", "utf-8-sig"):
        raise SyntaxError(f"it declares the encoding {encoding}")
    return io.StringIO(text, newline=None).read()


def encode_as(content: bytes, text: str) -> bytes:
    """The text with the byte order mark and the line ends of a file that holds `content`."""
    bom = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    end = re.search(rb"\r\n?|\n", content)
    return bom + text.encode().replace(b"\n", end[0] if end else b"\n")


def is_mark(line: str) -> bool:
    """Whether the line marks a cell where it stands between two statements."""
    return _MARK.match(line.rstrip("\r\n")) is not None


def split(text: str) -> list[Cell]:
    """The head of the file, which may be empty, and its cells: their texts together are the whole text."""
    rows = lines(text)
    begins = [0, *_marks(rows)]
    cells = [Cell("head", 1, "".join(rows[: begins[1]] if len(begins) > 1 else rows))]
    for first, last in zip(begins[1:], [*begins[2:], len(rows)]):
        kind, nbgrader, problem = _read_title(rows[first])
        cells.append(Cell(kind, first + 1, "".join(rows[first:last]), nbgrader, problem))
    return cells


def _marks(rows: list[str]) -> list[int]:
    """The indices of the lines that mark cells."""
    marks = [index for index, row in enumerate(rows) if is_mark(row)]
    found: list[int] = []
    begin = 0
    while begin < len(rows):
        end, inside = _python_from(begin, rows, marks)
        found += [mark for mark in marks if begin <= mark < end and mark not in inside]
        begin = end
    return found


def _python_from(begin: int, rows: list[str], marks: list[int]) -> tuple[int, set[int]]:
    """Where the longest part of the file that begins there and is Python ends, and the lines inside its statements.

    Where not even the first cell is Python, where that ends.
    """
    ends = [mark for mark in marks if mark > begin] + [len(rows)]
    tried = ends
    while tried:
        try:
            tree = _parse(rows[begin : tried[-1]])
        except SyntaxError as error:
            tried = [end for end in tried[:-1] if end < begin + (error.lineno or 1)]
        except _NOT_PARSED:
            tried = tried[:-1]
        else:
            return tried[-1], {begin + line for node in tree.body for line in _after_first_line(node)}
    inside = set(range(begin + 1, len(rows)))
    for end, then in zip(ends, ends[1:] + ends[-1:]):
        # In an open string a mark ends nothing, unless a whole cell follows: then it was the string that did not end.
        if "triple-quoted" not in _error(rows[begin:end]) or (end < then and not _error(rows[end:then])):
            return end, inside
    return ends[0], inside


def _parse(rows: list[str]) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python prints them when it runs the file
        return ast.parse("".join(rows))


def _error(rows: list[str]) -> str:
    """Why this is not Python; empty where it is."""
    try:
        _parse(rows)
    except (SyntaxError, *_NOT_PARSED) as error:
        return str(error)
    return ""


def _read_title(mark: str) -> tuple[str, dict[str, Any], str]:
    """Of the line that marks a cell: its kind, its metadata for grading, and what is wrong with those."""
    match = _MARK.match(mark.rstrip("\r\n"))
    title = (match and match["title"]) or ""
    named = re.match(r"[^{=]*", title)
    kind = next((kind for word, kind in _KINDS.items() if named and word in named[0]), "code")
    start = re.search(r'\bnbgrader"?\s*[=:]\s*', title)  # `nbgrader={...}`, or a key of `{...}`
    if not start:
        return kind, {}, ""
    try:
        metadata, _ = json.JSONDecoder().raw_decode(title[start.end() :])
    except (ValueError, RecursionError) as error:
        return kind, {}, f"metadata is not JSON: {getattr(error, 'msg', type(error).__name__)}"
    return kind, metadata if isinstance(metadata, dict) else {}, _problem(metadata)


def _problem(metadata: Any) -> str:
    """What is wrong with metadata for grading."""
    if not isinstance(metadata, dict):
        return f"metadata is not a JSON object, but {metadata!r:.40}"
    if not isinstance(metadata.get("grade_id"), str) or not re.fullmatch(r"[\w-]+", metadata["grade_id"]):
        return f"grade_id is {metadata.get('grade_id')!r:.40}, and must be letters, digits, `-` and `_`"
    for name in ("grade", "solution"):
        if not isinstance(metadata.get(name, False), bool):
            return f"{name} is {metadata[name]!r:.40}, and must be true or false"
    points = metadata.get("points", 0)
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points <= _MOST_POINTS:
        return f"points is {points!r:.40}, and must be a number from 0 to {_MOST_POINTS:,}"
    return ""


def _after_first_line(statement: ast.stmt) -> range:
    """The lines of a statement but for its first, counted from the line above its module's first as 1."""
    decorators = [decorator.lineno for decorator in getattr(statement, "decorator_list", [])]
    return range(min([statement.lineno, *decorators]), statement.end_lineno or statement.lineno)
