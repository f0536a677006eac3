"""Put a wrong function in the place of the solution in the text of a dev file."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from tinytorch.support import cells
from tinytorch.testing.chapters import BEGIN, END, Definition, definitions

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception


def mutate(source: str, entry: Misconception) -> str:
    """The text of a dev file in which the body of the entry's place is a call of the wrong function.

    Signature, decorators and docstring stay, and what was an exercise is one. In the forward of a layer, what is given
    before the solution stays, too: the function's mistake knows nothing of it. Raises LookupError where the file has no
    such function.
    """
    function = _definitions(source).get(entry.where[1])
    if function is None:
        raise LookupError(f"{entry.key}: the dev file has no {entry.where[1]}")
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    lines = cells.lines(source)
    last = function.end_lineno or function.lineno
    begins = [line for line in range(function.lineno, last) if lines[line - 1].strip() == BEGIN]
    if entry.layer and begins:
        body = [statement for statement in body if statement.lineno > begins[0]]
    first = min([last + 1, *(node.lineno for part in body[:1] for node in _with_decorators(part))])
    indent = " " * function.body[0].col_offset
    kept = lines[: first - 1]
    opening = lines[first - 1].encode()[: function.body[0].col_offset].decode() if body else ""
    if opening.strip():  # `def name(...): body` on one line
        kept.append(opening.rstrip() + "\n")
        indent = " " * (function.col_offset + 4)
    while kept and kept[-1].strip().startswith("#") and not kept[-1].lstrip().startswith(("# %%", "#|")):
        kept.pop()  # comments above the first statement: the solution marker, remarks
    after = lines[last:]
    while after and after[0].strip().startswith("#") and after[0].startswith(indent):
        after.pop(0)
    name = entry.wrong.__name__
    imported, called = (entry.wrong.__module__, name), name
    if entry.layer:  # what is made for a layer has no name of its own
        imported, called = ("tinytorch.testing.misconceptions", "wrong_function"), f"wrong_function({entry.key!r})"
    body_lines = ["from {} import {}".format(*imported), f"return {called}({_forwarded(function.args)})"]
    if begins:
        body_lines = [BEGIN, *body_lines, END]
    return "".join([*kept, *(f"{indent}{line}\n" for line in body_lines), *after])


@functools.lru_cache(maxsize=2)  # a chapter has many mistakes
def _definitions(source: str) -> dict[str, Definition]:
    return dict(definitions(ast.parse(source).body))  # of two with one name, the last counts


def _with_decorators(statement: ast.stmt) -> list[ast.stmt | ast.expr]:
    return [statement, *getattr(statement, "decorator_list", [])]


def _forwarded(arguments: ast.arguments) -> str:
    """The arguments of a call that passes on everything a function with these parameters got."""
    parts = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    parts += [f"{parameter.arg}={parameter.arg}" for parameter in arguments.kwonlyargs]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return ", ".join(parts)
