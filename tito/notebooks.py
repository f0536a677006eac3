"""Notebooks: `modules/09_spatial/spatial_dev.ipynb` beside the dev file, and, in the reference course, the students'
form of each chapter in `notebooks/09_spatial.ipynb`, which git ignores.

What is tested and exported is the `.py`, always. A notebook's metadata hold the hash of the text that it and the dev
file had when `tito` last brought them in step: what is another now has changed since. With `modules/jupytext.toml`
Jupyter writes both at every save.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tinytorch.support import cells
from tito import snapshots
from tito.course import Module
from tito.dev_file import BEGIN, DevFile
from tito.edition import without_solutions
from tito.errors import ChapterError
from tito.files import write_atomic

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def beside(module: Module) -> Path:
    """The notebook that belongs to the dev file."""
    return module.dev.with_suffix(".ipynb")


def for_students(module: Module) -> Path:
    """In the reference course: where the students' form goes."""
    return module.root / "notebooks" / f"{module.folder}.ipynb"


def is_reference(module: Module) -> bool:
    """Whether the dev file holds answers that no student was given."""
    return BEGIN in module.read_dev() and not module.start.is_file() and not module.given


def write_for_students(module: Module) -> bool:
    """Write the chapter without its solutions to `for_students`. True if that changed it."""
    path, text = for_students(module), as_notebook(without_solutions(DevFile(module)), module.shown(module.dev))
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_atomic(path, text)
    return True


def sync(module: Module, source: str | None = None) -> str:
    """Bring the dev file and its notebook in step; returns what was done, as a sentence.

    The one that has changed since they were last in step is written into the other, or `source`, "py" or "ipynb".
    Raises ChapterError where both have changed and nothing is said of the source. What is overwritten is kept first.
    """
    path, shown, shown_dev = beside(module), module.shown(beside(module)), module.shown(module.dev)
    text = module.read_dev()
    if source == "py" or (source is None and not path.exists()):
        return _write(module, text)
    notebook = _load(module)
    ours, theirs = _body(text), _body_of(notebook)
    if ours == theirs:
        if _in_step(notebook) != _hash(ours):  # Jupyter has written both
            notebook["metadata"]["tinytorch"] = {"in_step": _hash(ours)}
            write_atomic(path, _dumps(notebook))
        return f"{shown} and {shown_dev} are in step."
    changed = [name for name, body in (("py", ours), ("ipynb", theirs)) if _hash(body) != _in_step(notebook)]
    if source is None and len(changed) == 2:
        raise ChapterError(
            f"{shown_dev} and {shown} have both changed since they were last in step.",
            f"Choose one: `tito notebook {module.number} --from py` or `--from ipynb`; `tito undo` has the other back.",
            status=1,
        )
    if (source or changed[0]) == "py":
        return _write(module, text)
    snapshots.take(module.root, [module.dev, path], "notebook")
    notebook["metadata"]["tinytorch"] = {"in_step": _hash(theirs)}
    _require_same_cells(theirs, [cell["cell_type"] for cell in notebook["cells"]], shown)
    write_atomic(module.dev, cells.encode_as(module.dev.read_bytes(), _head(text) + theirs))
    write_atomic(path, _dumps(notebook))
    return f"{shown_dev} is written from {shown}. `tito undo` brings back what it was."


def in_step(module: Module) -> bool:
    """Whether the dev file and the notebook beside it hold the same cells."""
    return _body(module.read_dev()) == _body_of(_load(module))


def _write(module: Module, text: str) -> str:
    path, made = beside(module), as_notebook(text, module.shown(module.dev))
    undo = ""
    if path.exists():
        snapshots.take(module.root, [path], "notebook")
        undo = " `tito undo` brings back what it was."
    write_atomic(path, made)
    return f"{module.shown(path)} is written from {module.shown(module.dev)}.{undo}"


def require_in_step(module: Module) -> None:
    """Raise where the notebook was saved after the dev file and its code is another: checks would be on old code.

    Costs a look at two dates where there is nothing to say.
    """
    path = beside(module)
    try:
        newer = path.stat().st_mtime_ns > module.dev.stat().st_mtime_ns
    except OSError:
        return  # no notebook, or no dev file, which is told where it is read
    if not newer:
        return
    notebook = _code([("".join(cell["source"]), cell["cell_type"]) for cell in _load(module)["cells"]])
    if notebook != _code([("\n".join(cell.source), cell.kind) for cell in DevFile(module).cells]):
        raise ChapterError(
            f"{module.shown(path)} holds other code than {module.shown(module.dev)}, and was saved later. "
            "What is checked and built is the .py.",
            f"Bring them in step: `tito notebook {module.number}`.",
            status=1,
        )


def _code(cells: list[tuple[str, str]]) -> list[str]:
    return [source.strip() for source, kind in cells if kind == "code" and source.strip()]


def as_notebook(text: str, name: str = "the dev file") -> str:
    """The dev file's text as a notebook, without outputs: the same bytes for the same text. name: of the file.

    Raises ChapterError where jupytext reads it otherwise than Python does: Jupyter would write that back.
    """
    import jupytext
    import nbformat

    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # of the settings in its head, which are YAML
        raise ChapterError(
            f"jupytext cannot read {name}: {error}", "Compare its head with another chapter's."
        ) from None
    _require_same_cells(text, [cell.cell_type for cell in notebook.cells], name)
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        cell["id"] = grade_id if _ID.fullmatch(grade_id) and grade_id not in seen else f"cell-{number}"
        seen.add(cell["id"])
    notebook.metadata = {
        "kernelspec": notebook.metadata.get("kernelspec", {}),
        "language_info": {"name": "python"},
        "tinytorch": {"in_step": _hash(_body(text))},
    }
    return str(nbformat.writes(notebook)) + "\n"


def _dumps(notebook: dict[str, Any]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _load(module: Module) -> dict[str, Any]:
    """The notebook beside the dev file, of the parts that are read here. Raises ChapterError."""
    path = beside(module)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        if notebook["nbformat"] != 4 or not isinstance(notebook.setdefault("metadata", {}), dict):
            raise ValueError("not of format 4")
        for cell in cells:
            if not isinstance(cell["cell_type"], str) or not isinstance("".join(cell["source"]), str):
                raise ValueError("a cell without type or source")
    except FileNotFoundError:
        raise ChapterError(
            f"{module.shown(path)} is not there.", f"Write it: `tito notebook {module.number}`."
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ChapterError(
            f"{module.shown(path)} is not a notebook that can be read ({type(error).__name__}: {error}).",
            f"Write it anew from the dev file: `tito notebook {module.number} --from py`.",
        ) from None
    assert isinstance(notebook, dict)
    return notebook


def _in_step(notebook: dict[str, Any]) -> str:
    """The hash of the text when both were last in step; empty where it is not known."""
    kept = notebook["metadata"].get("tinytorch")
    return str(kept.get("in_step")) if isinstance(kept, dict) else ""


def _body_of(notebook: dict[str, Any]) -> str:
    """The notebook's cells as a dev file has them."""
    import jupytext

    form = {"extension": ".py", "format_name": "percent", "cell_metadata_filter": "nbgrader,-all"}
    return _body(jupytext.writes(jupytext.reads(json.dumps(notebook), fmt="ipynb"), fmt=form))


def _require_same_cells(text: str, kinds: list[str], name: str) -> None:
    """Raise unless a notebook of these cells has the lines and the cells that Python and `tito` find in the text."""
    own = cells.split(text)[1:]
    marks = {cell.line for cell in own}
    for number, line in enumerate(text.split("\n"), 1):
        if line and line.splitlines() != [line]:
            found = next(char for char in line if len(f"{char}.".splitlines()) > 1)
            raise ChapterError(
                f"{name}:{number}: U+{ord(found):04X} ends a line in a notebook, and not in Python.",
                "Remove it; in a string, write it as an escape.",
            )
    if [cell.kind for cell in own] != kinds:
        rows = enumerate(text.split("\n"), 1)
        number = next((n for n, line in rows if n not in marks and cells.is_mark(line.lstrip())), 1)
        raise ChapterError(
            f"{name}:{number}: a notebook has other cells here than Python: {len(kinds)} in all, and not {len(own)}.",
            "Remove a `# %%` that stands inside a cell, and what stands above the first one.",
        )


def _head(text: str) -> str:
    """What stands before the first cell: jupytext's settings, which are the dev file's own."""
    return cells.split(text)[0].text


def _body(text: str) -> str:
    return text[len(_head(text)) :].rstrip() + "\n"


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
