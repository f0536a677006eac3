"""The functions, methods and gradient rules of a file, by the names that a course gives them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A function or method. name: `conv2d`, `Adam.step`, `conv2d.work`; for a rule `vjp(conv2d)` or `vjp(add, sub)`.

    last: the last line before the next statement, so that comments below the body are included: the markers of a
    solution region are comments.
    """

    name: str
    node: Function
    last: int

    @property
    def first(self) -> int:
        return first_line(self.node)

    def holds(self, line: int) -> bool:
        return self.first <= line <= self.last


def definitions(tree: ast.Module) -> list[Definition]:
    """Every function and method, each before those that are inside it."""
    return list(_inside(tree.body, "", 10**9))


def first_line(statement: ast.stmt) -> int:
    """The line on which a statement begins, its decorators included."""
    return min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))])


def _inside(body: list[ast.stmt], prefix: str, end: int) -> Iterator[Definition]:
    ends = [*(first_line(statement) - 1 for statement in body[1:]), end]
    for node, last in zip(body, ends):
        if isinstance(node, ast.ClassDef):
            yield from _inside(node.body, f"{prefix}{node.name}.", last)
        elif isinstance(node, Function):
            name = prefix + (_rule(node) or node.name)
            yield Definition(name, node, last)
            yield from _inside(node.body, f"{name}.", last)


def _rule(function: Function) -> str:
    """`vjp(conv2d)` for the nameless function under `@vjp(conv2d)`; nothing for any other."""
    calls = [decorator for decorator in function.decorator_list if isinstance(decorator, ast.Call)]
    rules = [call for call in calls if ast.unparse(call.func).split(".")[-1] == "vjp"]
    names = [ast.unparse(argument).split(".")[-1] for call in rules for argument in call.args]
    return f"vjp({', '.join(names)})" if function.name == "_" and names else ""
