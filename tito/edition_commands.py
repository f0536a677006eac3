"""The commands of a student edition: making one, and a student's way through a module."""

from pathlib import Path
from typing import Annotated

import typer

from tito.commands import app
from tito.course import Course
from tito.show import heading, say


@app.command("init")
def init(
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist, or is empty.")],
    start_at: Annotated[
        str, typer.Option(metavar="MODULE", help="The first module to write; those before it are given, and built.")
    ] = "01",
) -> None:
    """Make a student edition: the same tree without the answers, a git repository with one commit."""
    import shlex

    from tito.init import make

    course = Course.find()
    first = course.module(start_at)
    make(course, destination, first)
    given = [module.number for module in course.modules if module.number < first.number]
    heading(f"A student edition is in {destination}.")
    if given:
        say(f"Given and built: module{f's {given[0]} to' if len(given) > 1 else ''} {given[-1]}.")
    say(f"To write: from module {first.folder} on.")
    say("Go on there:")
    say(f"      cd {shlex.quote(str(destination))} && source scripts/activate-tinytorch")
    say(f"      tito module start {first.number}")
