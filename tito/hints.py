"""Hints on an exercise, one more at each call: on what failed in the last check of the file as it is, then the
docstrings' own, and last the shape of the solution, which `tito init` writes down, since an edition holds no solution.
"""

import ast
import json
import re
from pathlib import Path

from tito import progress
from tito.course import Course, Module
from tito.definitions import Function, definitions
from tito.dev_file import DevFile
from tito.errors import TitoError
from tito.next_step import next_step
from tito.reset import named, solution_cells
from tito.states import DONE, ModuleState, exercise_states, module_state

_HINT = re.compile(r"^HINT:\s*(.+?)(?=^[A-Z]+:|\Z)", re.MULTILINE | re.DOTALL)


def next_hint(module: Module, exercise: str | None) -> tuple[str, str, int, int]:
    """(topic, hint, which it is, of how many): on the exercise, or else on the exercise or failure that is next.

    The hint is recorded as taken. Where all are taken, it is the last one again.
    """
    states = exercise_states(module)  # raises where the file cannot be read
    now = module_state(module)
    failure = now.failure
    if exercise is not None:
        topic = named(exercise, list(states), module)
    elif now.to_do and now.state not in DONE:
        topic = now.to_do.exercise.grade_id
    elif failure:
        topic = failure.exercise or failure.test or module.shown(module.dev)
    else:
        raise _nothing_to_do(module, now)
    failures = [failure] if failure and (exercise is None or failure.exercise == topic) else []
    known = []
    if topic in states:
        failures += [inline] if (inline := states[topic].failure) else []
        known = [*_of_docstrings(module, topic, failures[0].function if failures else ""), *_of_shape(module, topic)]
    known = [*(hint for each in failures for hint in each.hints), *known]
    if not known:
        raise TitoError(f"there is no hint on {topic}.", "Read its docstring, and the text above it, once more.")
    taken = progress.read(module).hints_taken.get(topic, [])
    hint = next((hint for hint in known if hint not in taken), None)
    if hint is None:
        return topic, known[-1], len(known), len(known)
    progress.record_hint(module, topic, hint)
    return topic, hint, known.index(hint) + 1, len(known)


def _nothing_to_do(module: Module, now: ModuleState) -> TitoError:
    why = f"module {module.number} is {now.state}"
    if now.state not in DONE:
        why = f"all exercises of module {module.number} pass their inline tests"
    step = next_step(Course(module.root), module)
    return TitoError(f"there is nothing to give a hint on: {why}.", f"Next: {step}", status=1)


def _of_docstrings(module: Module, grade_id: str, function: str) -> list[str]:
    """The HINT of each docstring of the exercise, with the name of what it is on where there are several.

    function: what failed; its own comes first.
    """
    text = module.read_start() if module.start.is_file() else module.read_dev()
    cell = solution_cells(text).get(grade_id)
    try:
        tree = ast.parse(cell.text if cell else "")  # none of a cell that the student has renamed
    except (SyntaxError, ValueError) as error:
        raise TitoError(
            f"{module.shown(module.start)}: {grade_id} is not as it was handed out ({error}).",
            f"Bring it back: `git checkout -- {module.shown(module.start)}`.",
        ) from None
    documented: list[tuple[str, ast.ClassDef | Function]] = [(each.name, each.node) for each in definitions(tree)]
    documented += [(node.name, node) for node in tree.body if isinstance(node, ast.ClassDef)]
    documented.sort(key=lambda pair: (pair[0] != function, pair[1].lineno))
    found = [(name, hint) for name, node in documented for hint in _HINT.findall(ast.get_docstring(node) or "")]
    return [" ".join(([f"{name}:"] if len(found) > 1 else []) + hint.split()) for name, hint in found]


def _shapes(module: Module) -> Path:
    return module.start.with_name("shapes.json")


def _of_shape(module: Module, grade_id: str) -> list[str]:
    try:
        shape = json.loads(_shapes(module).read_text(encoding="utf-8")).get(grade_id)
    except (OSError, ValueError, AttributeError):
        return []  # a module without, or with a damaged one: the other hints are there
    return [f"The shape of a solution (yours may well be another):\n{shape}"] if isinstance(shape, str) else []


def write_shapes(source: DevFile, edition: Module) -> None:
    """Write down the shape of each solution of the reference beside the file that is handed out."""
    lines = source.text.split("\n")
    shapes = {}
    for cell in source.cells:
        parts = [_shape("\n".join(lines[first : last - 1])) for first, last in source.regions(cell)]
        if parts:
            shapes[cell.id] = "\n\n".join(parts)
    _shapes(edition).write_text(json.dumps(shapes, indent=1) + "\n", encoding="utf-8")


def _shape(body: str) -> str:
    """The statements of a body, each expression and operator left out: `for ... in ...:`, `... = ...`, `return ...`."""
    indented = "\n".join(f" {line}" for line in body.split("\n"))
    tree = ast.parse(f"if True:\n{indented}")
    shape = ast.unparse(_Shape().visit(tree)).splitlines()[1:]
    return "\n".join(line[4:] for line in shape)


class _Shape(ast.NodeTransformer):
    """Puts `...` in the place of each expression, and of names; what is done to a name, `+=` or `/=`, is not told."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        return ast.copy_location(ast.Assign([ast.Constant(...)], ast.Constant(...)), node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr):
            return ast.Constant(...)
        for name, value in ast.iter_fields(node):
            if isinstance(value, str):  # the name of a function, an argument, an exception, an imported module
                setattr(node, name, "...")
        return super().generic_visit(node)
