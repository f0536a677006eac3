"""The commands that bring a student's files in step with something else: with a notebook, with a newer edition."""

import shutil
from enum import Enum
from typing import Annotated

import typer

from tito.commands import ModuleNames, app
from tito.course import Course, Module
from tito.errors import ChapterError, TitoError
from tito.show import fail, heading, ok, say


class Source(str, Enum):
    py = "py"
    ipynb = "ipynb"


@app.command("notebook")
def notebook(
    names: ModuleNames = None,
    everything: Annotated[bool, typer.Option("--all", help="All modules.")] = False,
    source: Annotated[
        Source | None, typer.Option("--from", help="Which of the two to keep, where both have changed.")
    ] = None,
    solutions: Annotated[
        bool, typer.Option("--solutions", help="In the reference course: with the answers, beside the dev file.")
    ] = False,
) -> None:
    """Bring a chapter's notebook in step with its dev file, or the other way round; the first time, write it.

    In the reference course it is the students' form, without the answers, in notebooks/.
    """
    course = Course.find()
    if bool(names) == everything:
        raise TitoError("say which modules, or --all.", "For example: `tito notebook 09`.")
    modules = [course.module(name) for name in names] if names else course.modules
    failed = False
    for module in modules:
        try:
            ok(_notebook(module, source, solutions))
        except ChapterError as error:
            fail(f"{error.message}\n      {error.fix}")
            failed = True
    if failed:
        raise typer.Exit(1)
    if len(modules) == 1:
        _say_how_to_open(modules[0])


def _say_how_to_open(module: Module) -> None:
    from tito import notebooks

    path = notebooks.beside(module)
    if path.exists():
        install = "" if shutil.which("jupyter-lab") else "`pip install --editable '.[notebook]'` once, then "
        say(f"To open it: {install}`jupyter lab {module.shown(path)}`; a save there writes both files.")


def _notebook(module: Module, source: Source | None, solutions: bool) -> str:
    """Write or bring in step the notebook of one module; returns what was done."""
    from tito import notebooks

    reference = notebooks.is_reference(module)
    if solutions and not reference:
        raise ChapterError(
            f"{module.shown(module.dev)} is not a chapter of the reference course.",
            f"Without --solutions the notebook holds what the file holds: `tito notebook {module.number}`.",
        )
    if not reference or solutions:
        return notebooks.sync(module, source.value if source else None)
    if source:
        raise ChapterError(
            "--from chooses between a dev file and the notebook beside it, and the students' form is made anew.",
            f"Leave it out, or add --solutions: `tito notebook {module.number} --solutions --from {source.value}`.",
        )
    changed = notebooks.write_for_students(module)
    path = module.shown(notebooks.for_students(module))
    return f"{path} is {'written, without the answers' if changed else 'up to date'}."


@app.command("update")
def update(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The folder of a newer edition, or a git clone of one.")
    ],
) -> None:
    """Bring in a newer edition's text, tests and tools; what you wrote stays. `tito undo` takes it back."""
    from tito import update as updates

    course = Course.find()
    planned = updates.plan(course, source)
    updates.apply(course, planned)
    made = planned.made[:16].replace("T", " ")
    count = len(planned.contents)
    heading(f"This is now the edition of {made} (UTC): {count} file{'s' * (count != 1)} changed.")
    for place in planned.conflicts:
        say(f"Changed by you and by the newer edition: {place}. Yours is in force, and the other follows as comments.")
    for name in planned.beside:
        say(f"Changed by you and by the newer edition: {name}. Yours is in force; the other is {name}.new.")
    for name in planned.kept:
        say(f"No longer handed out, and kept, since you have changed it: {name}")
    if "pyproject.toml" in planned.contents:
        say("What the course needs has changed: `source scripts/activate-tinytorch` once more.")
    say("What you wrote is as it was; `tito undo` takes the update back. Next: `tito module status`")
