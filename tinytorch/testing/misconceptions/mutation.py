"""Put a wrong function in the place of the solution in the text of a dev file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinytorch.testing.misconceptions import Misconception

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def mutate(source: str, entry: Misconception) -> str:
    """The text of a dev file in which the body of the entry's place is a call of the wrong function.

    Signature, decorators and docstring stay. Raises LookupError where the file has no such function.
    """
    function = _find(ast.parse(source), entry.where[1])
    if function is None:
        raise LookupError(f"{entry.key}: the dev file has no {entry.where[1]}")
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    lines = source.splitlines(keepends=True)
    last = function.end_lineno or function.lineno
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
    call = [
        f"{indent}from {entry.wrong.__module__} import {entry.wrong.__name__}\n",
        f"{indent}return {entry.wrong.__name__}({_forwarded(function.args)})\n",
    ]
    return "".join([*kept, *call, *after])


def _with_decorators(statement: ast.stmt) -> list[ast.stmt | ast.expr]:
    return [statement, *getattr(statement, "decorator_list", [])]


def _find(tree: ast.Module, place: str) -> _Function | None:
    if place.startswith("vjp("):
        return next(
            (node for node in tree.body if isinstance(node, _Function) and _is_rule_of(node, place[4:-1])),
            None,
        )
    *classes, name = place.split(".")
    body = tree.body
    for wanted in classes:
        body = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == wanted), [])
    # The last definition of a name is the one that counts.
    return next((node for node in reversed(body) if isinstance(node, _Function) and node.name == name), None)


def _is_rule_of(function: _Function, primitive: str) -> bool:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] == "vjp":
            if any(ast.unparse(argument).split(".")[-1] == primitive for argument in decorator.args):
                return True
    return False


def _forwarded(arguments: ast.arguments) -> str:
    """The arguments of a call that passes on everything a function with these parameters got."""
    parts = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    parts += [f"{parameter.arg}={parameter.arg}" for parameter in arguments.kwonlyargs]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return ", ".join(parts)
