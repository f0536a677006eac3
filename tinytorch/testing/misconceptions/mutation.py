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
    first = body[0].lineno if body else (function.body[0].end_lineno or 0) + 1
    last = function.end_lineno or first
    indent = " " * function.body[0].col_offset
    kept = lines[: first - 1]
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


def _find(tree: ast.Module, place: str) -> _Function | None:
    if place.startswith("vjp("):
        return next(
            (node for node in tree.body if isinstance(node, _Function) and _is_rule_of(node, place[4:-1])),
            None,
        )
    *classes, name = place.split(".")
    body = tree.body
    for wanted in classes:
        body = next(
            (node.body for node in body if isinstance(node, ast.ClassDef) and node.name == wanted), []
        )
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
