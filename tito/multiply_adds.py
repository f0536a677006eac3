"""Counts products of floating numbers, in the child that measures an exercise.

They are counted where a chapter of the course says `*` or `@`, as it is read here, and where anything calls one of
NumPy's functions that multiply.
"""

import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import math
import operator
import sys
import threading
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Unknown(Exception):
    """What was multiplied cannot be said."""


class Counter:
    """How many products of floating numbers were made, in all threads; `unknown` says what could not be counted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.products = 0
        self.unknown = ""

    def add(self, products: int) -> None:
        with self.lock:
            self.products += products


counter = Counter()


def _floating(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fc")


def _times(result: Any) -> Any:
    """After `a * b`: one product for each number of the result."""
    if _floating(result):
        counter.add(int(np.size(result)))
    return result


def _contracted(result: Any, left: Any, axes: Sequence[int]) -> Any:
    """After a contraction: each number of the result is a sum over these axes of `left`."""
    if _floating(result):
        counter.add(int(np.size(result)) * math.prod(np.shape(left)[axis] for axis in axes))
    return result


def _dot(result: Any, left: Any, right: Any) -> Any:
    return _contracted(result, left, [-1]) if np.ndim(left) and np.ndim(right) else _times(result)


def _tensordot(result: Any, left: Any, right: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        summed = list(range(np.ndim(left) - axes, np.ndim(left)))
    else:
        summed = [axes[0]] if isinstance(axes[0], int) else list(axes[0])
    return _contracted(result, left, summed)


def _einsum(result: Any, subscripts: Any, *operands: Any, **settings: Any) -> Any:
    """A product for every value of all indices together, which is what two operands make."""
    if not isinstance(subscripts, str) or "." in subscripts or len(operands) > 2:
        raise Unknown("np.einsum with `...`, or with more than two operands")
    if len(operands) == 2 and _floating(result):
        names = subscripts.replace(" ", "").partition("->")[0].split(",")
        lengths = {n: length for name, o in zip(names, operands) for n, length in zip(name, np.shape(o)) if length != 1}
        counter.add(math.prod(lengths.values()))
    return result


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "multiply": lambda result, *_, **__: _times(result),
    "outer": lambda result, *_, **__: _times(result),
    "matmul": lambda result, left, right, *_, **__: _contracted(result, left, [-1]),
    "dot": lambda result, left, right, *_, **__: _dot(result, left, right),
    "inner": lambda result, left, right: _dot(result, left, right),
    "vdot": lambda result, left, right: _contracted(result, np.ravel(left), [0]),
    "tensordot": _tensordot,
    "einsum": _einsum,
    "vecdot": lambda result, left, right, *_, axis=-1, **__: _contracted(result, left, [axis]),
    "matvec": lambda result, left, right, *_, **__: _contracted(result, left, [-1]),
    "vecmat": lambda result, left, right, *_, **__: _contracted(result, left, [-1]),
}
if not hasattr(np, "matvec"):  # they came with NumPy 2.2
    del FUNCTIONS["matvec"], FUNCTIONS["vecmat"]


class _Counted:
    """One of NumPy's functions, its products counted."""

    def __init__(self, function: Callable[..., Any], count: Callable[..., Any]) -> None:
        self.function, self.count = function, count

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        result = self.function(*arguments, **settings)
        try:
            if "where" in settings:
                raise Unknown(f"np.{self.function.__name__} with where=")
            self.count(result, *arguments, **settings)
        except (Unknown, TypeError, IndexError, KeyError) as error:
            counter.unknown = str(error) if isinstance(error, Unknown) else f"a call of np.{self.function.__name__}"
        return result

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.function, name)

        def called(*arguments: Any, **settings: Any) -> Any:  # np.multiply.reduce and the like
            result = attribute(*arguments, **settings)
            if _floating(result):
                counter.unknown = f"np.{self.function.__name__}.{name}"
            return result

        return called if callable(attribute) else attribute


def _multiplied(kind: str, left: Any, right: Any) -> Any:
    """`left * right`, `left @ right`, or the same in place, counted where these are numbers and not tensors."""
    result = getattr(operator, kind)(left, right)
    if not _floating(result):
        return result
    return _times(result) if kind in ("mul", "imul") else _dot(result, left, right)


class _Operators(ast.NodeTransformer):
    """Puts `_multiplied("mul", a, b)` for `a * b`, and `.dot(` through NumPy's counted function."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        kind = {ast.Mult: "mul", ast.MatMult: "matmul"}.get(type(node.op))
        return self._call(node, kind, node.left, node.right) if kind else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        kind = {ast.Mult: "imul", ast.MatMult: "imatmul"}.get(type(node.op))
        if not kind:
            return node
        if any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(node.target)):
            raise Unknown("a call on the left of `*=`")  # read and written, it would be made twice
        before = copy.deepcopy(node.target)
        for part in ast.walk(before):
            if isinstance(getattr(part, "ctx", None), ast.Store):
                part.ctx = ast.Load()  # type: ignore[attr-defined]
        value = self._call(node, kind, before, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "dot":
            name = ast.copy_location(ast.Name("_dotted", ast.Load()), node)
            return ast.copy_location(ast.Call(name, [node.func.value, *node.args], node.keywords), node)
        return node

    def _call(self, node: ast.AST, kind: str, left: ast.expr, right: ast.expr) -> ast.expr:
        name = ast.Name("_multiplied", ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(name, [ast.Constant(kind), left, right], []), node))


def _dotted(owner: Any, *arguments: Any, **settings: Any) -> Any:
    """`owner.dot(...)`: of an array, through the function that counts."""
    if isinstance(owner, np.ndarray | np.generic):
        return np.dot(owner, *arguments, **settings)
    return owner.dot(*arguments, **settings)


class _Chapters(importlib.abc.MetaPathFinder):
    """Finds the package's chapters, to be loaded with their operators counted."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith("tinytorch.core."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None:
            return None
        return importlib.util.spec_from_file_location(name, spec.origin, loader=_Chapter(spec.origin))


class _Chapter(importlib.abc.Loader):
    def __init__(self, file: str) -> None:
        self.file = file

    def exec_module(self, module: types.ModuleType) -> None:
        run(module, Path(self.file), count=True)


def run(module: types.ModuleType, file: Path, count: bool) -> None:
    """Run the file as that module, its operators counted or not."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if count:
        tree = ast.fix_missing_locations(_Operators().visit(tree))
        vars(module).update(_multiplied=_multiplied, _dotted=_dotted)
    exec(compile(tree, str(file), "exec", dont_inherit=True), vars(module))


def begin() -> None:
    """From now on NumPy's functions are counted, and so are the package's chapters that are imported."""
    for name, tell in FUNCTIONS.items():
        setattr(np, name, _Counted(getattr(np, name), tell))
    sys.meta_path.insert(0, _Chapters())
