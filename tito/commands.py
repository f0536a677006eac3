"""The commands of `tito`. Each imports what it needs when it runs, so that the others stay quick."""

import errno
import importlib
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import click
import typer

from tito.checks import INLINE_LIMIT, PYTEST_LIMIT
from tito.course import Course, Module
from tito.errors import ChapterError, TitoError
from tito.next_step import say_next
from tito.progress import needed_modules
from tito.results import Inline, Package, Verdict, as_json, show_exercises, show_outcome
from tito.show import complain, fail, heading, ok, say, version

ModuleName = Annotated[str, typer.Argument(metavar="MODULE", help="A module: 09, 9, spatial or 09_spatial.")]
ModuleNames = Annotated[list[str] | None, typer.Argument(metavar="MODULE", help="Modules; without any, all of them.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Draw what a run with this seed drew.")]
AllFailures = Annotated[bool, typer.Option("--all-failures", help="Show them all, and not only the first.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(min=0.1, metavar="SECONDS", help=f"For each step ({INLINE_LIMIT:g}; for pytest {PYTEST_LIMIT:g})."),
]


class _PlainHelp(click.HelpFormatter):
    """typer marks `[` for rich, which is not asked to draw this help."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, text.replace("\\[", "[")) for name, text in rows], col_max, col_spacing)


# Plain help: it shows in every terminal, and rich need not be loaded for it.
click.Context.formatter_class = _PlainHelp
_typer = partial(
    typer.Typer,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    suggest_commands=False,  # click does it, too
    pretty_exceptions_enable=False,  # they print every variable there is: hundreds of lines
)
app = _typer(help="TinyTorch: the command line of the course.")
module_app = _typer(help="The chapters: start, test, hint, complete and more.")
milestone_app = _typer(help="Short programs that use what you built: list, run.")
data_app = _typer(help="Data sets: get, path.")
app.add_typer(module_app, name="module")
app.add_typer(milestone_app, name="milestone")
app.add_typer(data_app, name="data")


def run_app() -> NoReturn:
    """Run the command on the command line. What is the user's to mend becomes two lines and an exit status."""
    for more in ("edition_commands", "in_step_commands", "look_commands", "watch_command"):
        importlib.import_module(f"tito.{more}")  # registers its commands here
    try:
        app(prog_name="tito")
    except SystemExit:
        if isinstance(sys.stdout, click.utils.PacifyFlushWrapper):  # how typer ends where nobody reads the output
            raise BrokenPipeError from None
        raise
    except TitoError as error:
        complain(error)
        sys.exit(error.status)
    except OSError as error:  # a full disk, a folder that was taken away: nothing that a traceback makes clearer
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be written there is not tried again
        fix = "Free some space (`df -h`)" if error.errno == errno.ENOSPC else "Run `tito doctor`"
        complain(TitoError(f"the system refused: {error}.", f"{fix}, then the same command again."))
        sys.exit(2)
    sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"tito {version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _stop_unless(outcome: Inline | Package, module: Module) -> None:
    """Say what a step of completing the module came to; where it failed, what is next, and end there."""
    show_outcome(outcome, everything=False)
    if not outcome.verdict.passed:
        say_next(Course(module.root), module)
        raise typer.Exit(1)


def _note_edits(modules: list[Module]) -> None:
    """Say which files of the package were edited by hand, of these modules and of those that they need."""
    from tito.export import about_edit, edited_by_hand

    looked_at = {other for module in modules for other in [*needed_modules(module), module]}
    for module in sorted(looked_at, key=lambda other: other.number):
        if edited_by_hand(module):
            say(f"note  {' '.join(about_edit(module))}")


@module_app.command("list")
def module_list() -> None:
    """The modules in order: title, difficulty, time, what each needs."""
    from tito.show import table

    course = Course.find()
    rows = []
    for module in course.modules:
        needs = " ".join(m.number for m in course.prerequisites(module)) or "-"
        about = [str(module.about.get(key, "")) for key in ("title", "difficulty", "time_estimate")]
        rows.append([module.folder, *about, needs])
    table(["module", "title", "difficulty", "time", "needs"], rows)


@module_app.command("status")
def module_status(
    name: Annotated[str | None, typer.Argument(metavar="MODULE", help="Show this module's exercises.")] = None,
    as_data: Annotated[bool, typer.Option("--json", help="Write it as JSON, exercises included.")] = False,
) -> None:
    """What is done, by the recorded checks of your files as they are now; what is stale; what is next."""
    from tito import status
    from tito.show import table

    course = Course.find()
    found = status.rows(course.modules if name is None else [course.module(name)])
    if as_data:
        say(status.as_json(found))
        return
    table(status.COLUMNS, status.as_table(found))
    if name is not None and found[0].now.exercises and found[0].now.state != "given":
        say()
        table(status.EXERCISE_COLUMNS, status.as_exercise_table(found[0].now))
    _note_edits([row.module for row in found])
    say_next(course, None if name is None else found[0].module)


@module_app.command("test")
def module_test(
    name: ModuleName, all_failures: AllFailures = False, seed: Seed = None, time_limit: TimeLimit = None
) -> None:
    """Run a module's inline tests: `python NAME_dev.py` with a time limit, from any folder."""
    from tito import checks

    checks.use_seed(seed)
    course = Course.find()
    module = course.module(name)
    done = checks.inline(module, time_limit or INLINE_LIMIT)
    show_exercises(done)
    show_outcome(done, everything=all_failures)
    _note_edits([module])
    say_next(course, module)
    if not done.verdict.passed:
        raise typer.Exit(1)


@module_app.command("complete")
def module_complete(name: ModuleName, time_limit: TimeLimit = None) -> None:
    """Inline tests, export, pytest, progress. Stops at the first step that fails."""
    from tito import checks, progress
    from tito.export import export

    checks.use_seed()
    course = Course.find()
    module = course.module(name)
    edited = _keep([module], "complete")
    was = progress.content(module)
    heading(f"Module {module.folder}")
    say(f"1/3   inline tests: {module.shown(module.dev)}")
    done = checks.inline(module, time_limit or INLINE_LIMIT)
    show_exercises(done)
    _stop_unless(done, module)
    say(f"\n2/3   export: {module.shown(module.core)}")
    ok("written" if export(module) else "up to date")
    _say_kept(module, edited)
    say(f"\n3/3   pytest: {module.shown(module.tests)}")
    _stop_unless(
        checks.package(module.root, [module.shown(module.tests)], [module], time_limit or PYTEST_LIMIT), module
    )
    if progress.content(module) != was:
        raise TitoError(
            f"{module.shown(module.dev)}, a module it needs, or its tests changed while it was being checked.",
            f"Save it and run `tito module complete {module.number}` again.",
            status=1,
        )
    progress.record_pytest(module, was, "complete")
    heading(f"\nModule {module.number} is complete.")
    say_next(course, module)


def _keep(modules: list[Module], before: str) -> list[Module]:
    """Take a snapshot of dev files before they are built, and of what was edited by hand in the package.

    Returns the modules whose files in the package were edited.
    """
    from tito import snapshots
    from tito.export import edited_by_hand

    edited = [module for module in modules if edited_by_hand(module)]
    files = [module.dev for module in modules] + [module.core for module in edited]
    snapshots.take(modules[0].root, files, before)
    return edited


def _say_kept(module: Module, edited: list[Module]) -> None:
    if module in edited:
        say(f"      It had been edited by hand: `tito undo` brings back {module.shown(module.core)} as it was.")


@app.command("test")
def test(
    names: ModuleNames = None,
    everything: Annotated[bool, typer.Option("--all", help="All modules and everything in tests/.")] = False,
    all_failures: AllFailures = False,
    as_data: Annotated[bool, typer.Option("--json", help="Write the results as JSON, and nothing else.")] = False,
    seed: Seed = None,
    time_limit: TimeLimit = None,
) -> None:
    """Test modules as their dev files are now: inline tests, then pytest. Without any, everything in tests/."""
    from tito import checks
    from tito.export import require_fresh

    course = Course.find()
    if names and everything:
        raise TitoError("--all and module names exclude each other.", "Leave one of them out.")
    checks.use_seed(seed)
    modules = [course.module(name) for name in names] if names else course.modules
    inlines, package = [], None
    for module in modules:
        try:
            inlines.append(checks.inline(module, time_limit or INLINE_LIMIT))
        except ChapterError as error:  # a file that does not parse, or holds no test
            if not as_data:
                raise
            inlines.append(Inline(module, Verdict(False, error.message, error.fix), {}, []))
        if not as_data:
            heading(f"Module {module.folder}")
            show_exercises(inlines[-1])
            show_outcome(inlines[-1], everything=all_failures)
        if not inlines[-1].verdict.passed and not all_failures:
            break
    if all(inline.verdict.passed for inline in inlines):
        try:
            if not names:
                require_fresh(modules)
            package = checks.package(
                course.root,
                [module.shown(module.tests) for module in modules] if names else ["tests"],
                modules,
                time_limit or PYTEST_LIMIT,
                chapters=modules if names else None,
                every=all_failures,
                live=not names and not as_data,
            )
        except TitoError as error:  # a chapter that cannot be exported, or another export
            if not as_data:
                raise
            package = Package(Verdict(False, error.message, error.fix))
        if not as_data:
            show_outcome(package, everything=all_failures)
    if as_data:
        say(as_json(inlines, package))
    else:
        _note_edits(modules)
        if names:
            say_next(course, modules[0] if len(modules) == 1 else None)
    if package is None or not package.verdict.passed:
        raise typer.Exit(1)


@app.command("check-course")
def check_course(
    names: ModuleNames = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 2,
    shape: Annotated[
        bool, typer.Option("--shape", help="Measure the chapters instead: text, given code, written code, tests.")
    ] = False,
    in_order: Annotated[
        bool, typer.Option("--in-order", help="Write the chapters in order in student editions instead; takes minutes.")
    ] = False,
    start_at: Annotated[
        str | None, typer.Option(metavar="MODULE", help="The only module to start at, with --in-order.")
    ] = None,
    milestones: Annotated[
        bool, typer.Option("--milestones", help="Prove the milestones' marks instead; takes minutes.")
    ] = False,
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Where CIFAR-10 is, for its milestone.")] = None,
    as_data: Annotated[bool, typer.Option("--json", help="Write the results as JSON, and nothing else.")] = False,
) -> None:
    """For contributors: every known mistake is caught and named, every test can fail."""
    from tito import manifest

    course = Course.find()
    if manifest.read(course.root):
        raise TitoError(
            "this is a student edition: it does not hold the solutions that `tito check-course` needs.",
            "Run it in the repository that the edition was made from.",
        )
    chosen = {"--shape": shape, "--in-order": in_order, "--milestones": milestones}
    if sum(chosen.values()) > 1:
        raise TitoError(f"{' and '.join(o for o in chosen if chosen[o])} exclude each other.", "Give one of them.")
    if start_at and not in_order:
        raise TitoError("--start-at belongs to --in-order.", f"`tito check-course --in-order --start-at {start_at}`")
    if in_order and names:
        raise TitoError("--in-order takes no modules.", f"`tito check-course --in-order --start-at {names[0]}`")
    modules = [course.module(name) for name in names] if names else course.modules
    if shape:
        _check_shape(course, modules, as_data)
    elif in_order:
        _check_order(course, course.module(start_at) if start_at else None, workers, as_data)
    elif milestones:
        _check_milestones(course, data, as_data)
    else:
        _check_mistakes(course, modules, workers, as_data)


def _check_mistakes(course: Course, modules: list[Module], workers: int, as_data: bool) -> None:
    from tito import check_course as proof
    from tito.show import table

    found = proof.check(course, modules, workers, (lambda _: None) if as_data else say)
    if as_data:
        say(proof.as_json(found))
    else:
        say()
        table(proof.COLUMNS, proof.rows(found))
        for problem in [problem for one in found for problem in one.problems] + proof.shortfalls(found):
            fail(problem)
        for remark in [remark for one in found for remark in one.remarks]:
            say(f"note  {remark}")
    if not proof.passes(found):
        raise typer.Exit(1)


def _check_shape(course: Course, modules: list[Module], as_data: bool) -> None:
    from tito import shape as proof
    from tito.show import table

    shapes = [proof.measure(module) for module in modules]
    together = proof.together(course, shapes)
    if as_data:
        say(proof.as_json(shapes, together))
    else:
        table(proof.COLUMNS, proof.rows(shapes))
        for problem in [problem for shape in shapes for problem in shape.problems] + together:
            fail(problem)
    if together or any(shape.problems for shape in shapes):
        raise typer.Exit(1)


def _check_order(course: Course, start: Module | None, workers: int, as_data: bool) -> None:
    import time

    from tito import in_order as proof
    from tito.show import table

    def tell(step: proof.Step) -> None:
        if not as_data:
            (ok if step.passed else fail)(str(step))

    began = time.monotonic()
    steps, coverage = proof.prove(course, start, workers, tell)
    if as_data:
        say(proof.as_json(steps, coverage))
    else:
        failed = sum(not step.passed for step in steps)
        say(f"\n{len(steps)} commands in {time.monotonic() - began:.0f} s, {failed} failed.\n")
        table(proof.COLUMNS, proof.rows(coverage))
        for problem in [module.problem for module in coverage if module.problem]:
            fail(problem)
    if not proof.passes(steps, coverage):
        raise typer.Exit(1)


def _check_milestones(course: Course, data: str | None, as_data: bool) -> None:
    import json
    from dataclasses import asdict

    from tito.check_milestones import prove

    proofs = prove(course, data, (lambda _: None) if as_data else say)
    if as_data:
        say(json.dumps([asdict(proof) for proof in proofs], indent=1))
    for proof in proofs if not as_data else []:
        must = "reaches its mark" if proof.wanted else "does not reach its mark"
        (ok if proof.holds else fail)(f"{proof.milestone}, {proof.what}: must be one that {must}. {proof.said}")
    if not all(proof.holds for proof in proofs):
        raise typer.Exit(1)


@app.command("export")
def export_command(
    names: ModuleNames = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where the package differs.")] = False,
) -> None:
    """Make tinytorch/core from the dev files. Without modules, all of it."""
    course = Course.find()
    modules = [course.module(name) for name in names] if names else course.modules
    failed = _check_exports(course, modules, not names) if check else _write_exports(modules)
    if failed:
        raise typer.Exit(1)


def _write_exports(modules: list[Module]) -> bool:
    """Export each module, going on after one that cannot be: its old file stays. True if any failed."""
    from tito.export import export

    edited = _keep(modules, "export")
    failed = False
    for module in modules:
        try:
            changed = export(module)
        except ChapterError as error:
            fail(f"{error.message}\n      {error.fix}")
            failed = True
        else:
            ok(f"{module.shown(module.core)} {'written' if changed else 'is up to date'}")
            _say_kept(module, edited)
    return failed


def _check_exports(course: Course, modules: list[Module], strays_too: bool) -> bool:
    from tito.export import about_edit, difference, edited_by_hand, strays

    failed = False
    for module in modules:
        try:
            lines = difference(module)
        except ChapterError as error:
            lines = [error.message, error.fix]
        if not lines:
            ok(module.shown(module.core))
            continue
        failed = True
        fail(f"{module.shown(module.core)} is not what {module.shown(module.dev)} exports to")
        for line in lines[:20]:
            say(f"      {line}")
        if len(lines) > 20:
            say(f"      … and {len(lines) - 20} more lines")
        if edited_by_hand(module):
            say(f"      {' '.join(about_edit(module))}")
        else:
            say(f"      Bring it up to date: `tito export {module.name}`")
    for path in strays(course) if strays_too else []:
        failed = True
        fail(f"{path.relative_to(course.root)} is generated, but no module makes it. Delete it.")
    return failed


@milestone_app.command("list")
def milestone_list() -> None:
    """The programs in milestones/, and what each shows."""
    from tito.programs import programs
    from tito.show import table

    table(["name", "what it shows"], [[p.name, p.about] for p in programs(Course.find(), "milestones")])


@milestone_app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def milestone_run(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `tito milestone list` names it.")],
) -> None:
    """Run a milestone; what follows its name is passed on to it (`-- --help` for its own options)."""
    from tito.programs import program

    course = Course.find()
    _run_through(course, ["-m", "tito.run_program", str(program(course, "milestones", name).path), *context.args])


@app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A program of benchmarks/; none: a list.")] = None,
) -> None:
    """Time your code on this machine: `tito bench spatial`; what follows the name is passed on to it."""
    from tito.programs import program, programs
    from tito.show import table

    course = Course.find()
    if name is None:
        table(["name", "what it times"], [[p.name, p.about] for p in programs(course, "benchmarks")])
    else:
        _run_through(course, ["-m", "tito.run_program", str(program(course, "benchmarks", name).path), *context.args])


@data_app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set, such as cifar10.")],
    folder: Annotated[str | None, typer.Option("--data", metavar="DIR", help="Where to put it.")] = None,
) -> None:
    """Fetch a data set."""
    _run_through(
        Course.find(),
        ["-m", "tinytorch.data", "get", name, *(["--data", folder] if folder is not None else [])],
    )


@data_app.command("path")
def data_path() -> None:
    """The folder in which data sets are looked for."""
    _run_through(Course.find(), ["-m", "tinytorch.data", "path"])


def _run_through(course: Course, arguments: list[str]) -> NoReturn:
    """Run a Python program in a child that has our terminal, and end as it ended."""
    from tito.child import environment

    theirs = [Path(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    child = subprocess.Popen([sys.executable, *arguments], env=environment(course.root, *theirs), cwd=os.getcwd())
    while True:
        try:
            status = child.wait()
            break
        except KeyboardInterrupt:
            continue  # the child has it too, and says goodbye in its own way
    raise typer.Exit(status if status >= 0 else 128 - status)


@app.command("doctor")
def doctor(
    as_data: Annotated[bool, typer.Option("--json", help="Write what was found as JSON, and nothing else.")] = False,
) -> None:
    """Look at Python, packages, folders, editor and terminal; say what is wrong and how to mend it."""
    import json

    from tito.doctor import findings

    found = []
    for finding in findings():
        found.append(finding)
        if as_data:
            continue
        {"ok": ok, "fail": fail, "note": lambda text: say(f"note  {text}")}[finding.state](
            f"{finding.topic}: {finding.text}"
        )
        if finding.fix:
            say(f"      {finding.fix}")
    healthy = all(finding.state != "fail" for finding in found)
    if as_data:
        say(json.dumps({"healthy": healthy, "findings": [finding.to_dict() for finding in found]}, indent=1))
    if not healthy:
        raise typer.Exit(1)
