"""The commands of a student edition: making one, and a student's way through a module."""

import shlex
import subprocess
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tito.commands import ModuleName, app, module_app
from tito.course import Course, Module
from tito.dev_file import DevFile
from tito.editor import command
from tito.next_step import say_next
from tito.progress import needed_modules, record_started
from tito.show import heading, say
from tito.states import DONE, UNREADABLE, ModuleState, module_state


@app.command("init")
def init(
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist, or is empty.")],
    start_at: Annotated[
        str, typer.Option(metavar="MODULE", help="The first module to write; those before it are given, and built.")
    ] = "01",
    notebooks: Annotated[bool, typer.Option("--notebook", help="With a notebook beside each dev file.")] = False,
) -> None:
    """Make a student edition: the same tree without the answers, a git repository with one commit."""
    from tito.init import make

    course = Course.find()
    first = course.module(start_at)
    make(course, destination, first, notebooks)
    given = [module.number for module in course.modules if module.number < first.number]
    heading(f"A student edition is in {destination}.")
    if given:
        say(f"Given and built: module{f's {given[0]} to' if len(given) > 1 else ''} {given[-1]}.")
    say(f"To write: from module {first.folder} on.")
    say("Go on there:")
    say(f"      cd {shlex.quote(str(destination))} && source scripts/activate-tinytorch")
    say(f"      tito module start {first.number}")


@module_app.command("start")
def start(
    name: ModuleName,
    opened: Annotated[bool, typer.Option("--open", help="Open the file in $VISUAL, $EDITOR or VS Code.")] = False,
) -> None:
    """What a module needs, its exercises with their points, and the first thing to do."""
    course = Course.find()
    module = course.module(name)
    editor = command()[0] if opened else []
    if module.start.is_file() and all(module_state(needed).state in DONE for needed in needed_modules(module)):
        record_started(module)
    now = module_state(module)
    if now.state in UNREADABLE:
        heading(f"Module {module.folder}")
    else:
        _show(course, module, now)
    say_next(course, module)
    if editor:
        _open(editor, module.dev)


def _show(course: Course, module: Module, now: ModuleState) -> None:
    """Show what the module needs and its exercises, or why there is nothing to write."""
    heading(f"Module {module.folder}: {module.about.get('title', module.name)}")
    shown = module.shown(module.dev)
    if module.given:
        say(f"{shown} is given, and built: read it, and run it.")
        return
    if not module.start.is_file() and DevFile(module).solved():
        say(f"{shown} holds the answers: this is the reference course.")
        return
    for needed in course.prerequisites(module):
        say(f"  needs  {needed.folder}: {module_state(needed).state}")
    width = max((len(e.exercise.grade_id) for e in now.exercises), default=0)
    count = f"{len(now.exercises)} exercise{'s' * (len(now.exercises) != 1)}"
    say(f"{shown}: {count}, {sum(e.exercise.points for e in now.exercises):g} points")
    for e in now.exercises:
        why = f"  ({e.why})" if e.state == "stale" else ""
        number, name, points = e.exercise.number, e.exercise.grade_id, e.exercise.points
        say(f"  {e.state:<11}  {number:>2}  {name:<{width}}  {points:>3g} points{why}")


@module_app.command("hint")
def hint(
    name: ModuleName,
    exercise: Annotated[
        str | None, typer.Argument(metavar="EXERCISE", help="Its name or number; without one, the first not done.")
    ] = None,
) -> None:
    """A hint on what failed last, or on the exercise; each call says a little more."""
    from tito.hints import next_hint

    course = Course.find()
    module = course.module(name)
    topic, text, number, count = next_hint(module, exercise)
    say(f"{topic}, hint {number} of {count}:")
    for line in text.splitlines():
        say(f"  {line}".rstrip())
    if number == count:
        say("That is the last hint.")
    say_next(course, module)


@module_app.command("solution")
def solution(
    name: ModuleName,
    exercise: Annotated[str, typer.Argument(metavar="EXERCISE", help="Its name or number.")],
) -> None:
    """A reference beside your own, with time and multiply-adds of both, once yours has passed its checks."""
    from tito import checks
    from tito import solution as solutions
    from tito.measure import COUNTED, ROUNDS, measure
    from tito.show import say_wrapped, table

    module = Course.find().module(name)
    own = solutions.earned(module, exercise).exercise
    yours, theirs = solutions.cells(module, own.grade_id)
    heading(f"Module {module.number}, exercise {own.number}: {own.grade_id}")
    if solutions.same(yours, theirs):
        say("Yours is the reference, line by line.")
        return
    for line in solutions.difference(yours, theirs):
        say(line)
    checks.use_seed()
    mine, other = measure(module, own, [module.read_dev(), solutions.with_reference(module, own.grade_id)])
    if mine.same_as != other.same_as or mine.seconds is None or other.seconds is None:
        say_wrapped(f"\nNot measured: {mine.why or other.why or 'the two do not get the same input'}.")
        return
    say_wrapped(
        f"\nMeasured on {mine.input}, on one core, both in turn: the median of {ROUNDS} runs (fastest to slowest)."
    )
    rows = [["time", *map(solutions.told_time, (mine, other))]]
    counts = [mine.multiply_adds, other.multiply_adds]
    if None not in counts:
        rows.append(["multiply-adds", *(f"{count:,}" for count in counts)])
    table(["", "yours", "reference"], rows)
    say_wrapped(COUNTED if None not in counts else f"Multiply-adds are left out: {mine.why or other.why}.")


@module_app.command("reset")
def reset(
    name: ModuleName,
    exercise: Annotated[
        str | None, typer.Argument(metavar="EXERCISE", help="Its name or number; without one, the whole file.")
    ] = None,
) -> None:
    """Put a module's file, or one exercise, back to what was handed out. `tito undo` takes it back."""
    from tito import reset

    module = Course.find().module(name)
    done = reset.reset(module, exercise)
    what = module.shown(module.dev) + (f", exercise {done}," if done else "")
    say(f"{what} is as it was handed out. `tito undo` brings back what you had.")


@app.command("undo")
def undo(
    name: Annotated[str | None, typer.Argument(metavar="SNAPSHOT", help="Its number; without one, the last.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the snapshots, and change nothing.")] = False,
) -> None:
    """Bring your files back as they were before reset, complete, export, notebook, update or undo."""
    from tito import snapshots
    from tito.show import table

    root = Course.find().root
    if listed:
        rows = [[str(s.number), s.when, s.before, _short(list(s.files()))] for s in snapshots.every(root)]
        table(["snapshot", "taken at", "before", "files"], rows)
        say(f"The last {snapshots.KEPT} are kept, as plain files, in .tito/snapshots/.")
        return
    snapshot = snapshots.find(root, name)
    changed = snapshots.restore(snapshot)
    then = f"at {snapshot.when}, before {snapshot.before} (snapshot {snapshot.number})."
    for path in changed if len(changed) <= _LISTED else []:
        say(f"{path} is as it was {then}")
    if len(changed) > _LISTED:
        say(f"{len(changed)} files are as they were {then}")
    say("`tito undo` takes this back." if changed else f"Your files are as in snapshot {snapshot.number} already.")


_LISTED = 5  # files, and more are counted: an update changes many


def _short(names: list[str]) -> str:
    return " ".join(names) if len(names) <= _LISTED else f"{len(names)} files"


def _open(editor: list[str], path: Path) -> NoReturn:
    raise typer.Exit(subprocess.run([*editor, str(path)]).returncode)
