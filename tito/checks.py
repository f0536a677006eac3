"""Running checks and believing none of them unseen: what ran is counted against what stands in the files."""

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tito import child, copies, notebooks, progress
from tito.course import Course, Module
from tito.dev_file import DevFile, dev_line
from tito.errors import ChapterError, TitoError
from tito.results import SEED, Inline, Item, Package, Verdict

INLINE_LIMIT = 60.0  # seconds; a module's inline tests take under three
PYTEST_LIMIT = 600.0
MESSAGE_LIMIT = 10_000  # characters: more than anyone reads
_STATUS = {"passed": "done", "failed": "failing", "not written": "not started"}


def use_seed(seed: int | None = None) -> None:
    """Let all checks of this run draw from one seed: the given one, the environment's, or a fresh one."""
    if seed is not None:
        os.environ[SEED] = str(seed)
    os.environ.setdefault(SEED, str(secrets.randbelow(2**32)))


def inline(
    module: Module, limit: float = INLINE_LIMIT, meanwhile: Callable[[dict[str, Item]], None] = lambda items: None
) -> Inline:
    """Run the dev file as a student does, `python name_dev.py`, and judge what its inline tests reported.

    meanwhile: called again and again while they run, with what is known so far; what it raises ends the run.
    """
    notebooks.require_in_step(module)
    was = progress.content(module)
    dev = DevFile(module)
    shown = module.shown(module.dev)
    tests = dev.inline_tests()
    if not tests:
        raise ChapterError(
            f"{shown} holds no inline test: nothing would be checked.",
            f"Bring its test cells back, for example from `git show HEAD:{shown}`.",
            status=1,
        )
    stubs = {dev.exercise_at(line): (line, text) for line, text in reversed(dev.unwritten())}  # the first of each
    with TemporaryDirectory(prefix="tito-inline-") as folder:
        results = Path(folder) / "results.jsonl"
        outcome = child.run(
            [module.dev.name],
            cwd=module.dev.parent,
            env=child.environment(module.root, TINYTORCH_RESULTS=str(results)),
            limit=limit,
            quiet=True,
            meanwhile=lambda: meanwhile(_items(dev, stubs, _read_events(results), running=True)),
        )
        events = _read_events(results)
    reported = _reported(events)
    statuses = {name: str(reported.get(name, {}).get("status", "not run")) for name in tests}
    progress.record_inline(module, was, statuses, {n: e["hints"] for n, e in reported.items() if e.get("hints")})
    items = _items(dev, stubs, events)
    ended = any(e.get("event") == "end" for e in events)
    if outcome.timed_out:
        verdict = _out_of_time(module, outcome, limit)
    else:
        begun = [str(e.get("name")) for e in events if e.get("event") == "begin"]
        verdict = _judge_inline(dev, items, begun, ended, outcome)
    return Inline(module, verdict, items, dev.exercises())


def _read_events(path: Path) -> list[dict[str, Any]]:
    """The JSON lines the child wrote; a line cut short by its end is passed over."""
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def _reported(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {e["name"]: e for e in events if e.get("event") == "test" and isinstance(e.get("name"), str)}


def _items(
    dev: DevFile, stubs: dict[str, tuple[int, str]], events: list[dict[str, Any]], running: bool = False
) -> dict[str, Item]:
    """What became of each inline test, and of exercises that have none. stubs: by test, (line, text)."""
    shown = dev.module.shown(dev.module.dev)
    reported = _reported(events)
    tests = dev.inline_tests()
    items = {name: _item(dev, stubs.get(name), name, line, reported.get(name)) for name, line in tests.items()}
    for name in [str(e.get("name")) for e in events if e.get("event") == "begin"] if running else []:
        if name in items and name not in reported:
            items[name] = Item(name, "running", place=items[name].place)
    for exercise in dev.exercises():
        if exercise.test not in items:
            missing = f"there is no such test in {shown}: nothing checks {exercise.grade_id}"
            items[exercise.test] = Item(exercise.test, "failing", missing, place=f"{shown}:{exercise.line}")
    return items


def _item(dev: DevFile, stub: tuple[int, str] | None, name: str, line: int, event: dict[str, Any] | None) -> Item:
    """What became of one inline test. Whose exercise still holds a stub is not done, whatever its test says."""
    shown = dev.module.shown(dev.module.dev)
    if event is None:
        return Item(name, "not run", place=f"{shown}:{line}")
    status = _STATUS.get(str(event.get("status")), "failing")
    if status == "done" and stub:
        return Item(name, "not started", stub[1], place=f"{shown}:{stub[0]}")
    told = event.get("line")
    at = told if isinstance(told, int) else line
    if status == "failing" and (cell := dev.cell_at(at)) and cell is dev.cell_at(line):
        at = next((e.line for e in dev.exercises() if e.test == name), at)  # the check told its own line
    return Item(
        name,
        status,
        _message(event) + _lost(dev, event),
        event.get("diagnosis"),
        event.get("claim"),
        f"{shown}:{at}",
        str(event.get("printed", "")),
        float(event.get("seconds", 0.0)),
    )


def _message(event: dict[str, Any]) -> str:
    """What a check said, no longer than a person reads; where memory ran out, how much there was."""
    text = str(event.get("message") or "")
    left_out = len(text) - MESSAGE_LIMIT
    if left_out > 0:
        text = f"{text[:MESSAGE_LIMIT]}\n({left_out:,} more characters are left out)"
    if re.search(r"\bMemoryError\b", text):
        text += f"\na program that tito runs may take {child.MEMORY // 1024**3} GiB of memory"
    return text


def _lost(dev: DevFile, event: dict[str, Any]) -> str:
    """A remark where the check looked for a function or class that an edition's dev file came with, and has no more."""
    missed = re.search(r"\bNameError: name '(\w+)' is not defined", str(event.get("message")))
    if not missed or not dev.module.start.is_file():
        return ""
    defined = re.compile(rf"^(?:def|class) {missed[1]}\b", re.MULTILINE)
    handed_out = dev.module.start.read_text(encoding="utf-8", errors="replace")
    if defined.search(dev.text) or not defined.search(handed_out):
        return ""
    return f"\nthe file was handed out with {missed[1]}, and has it no more: was it renamed, or deleted?"


def _judge_inline(
    dev: DevFile, items: dict[str, Item], begun: list[str], ended: bool, outcome: child.Outcome
) -> Verdict:
    shown = dev.module.shown(dev.module.dev)
    for status in ("failing", "not started"):
        for item in items.values():
            if item.status == status:
                return Verdict(False, item.sentence, item.next)
    missing = [item for item in items.values() if item.status == "not run"]
    if missing:
        sentence = (
            f"{len(items) - len(missing)} of {len(items)} inline tests ran, then the file ended "
            f"(exit status {outcome.status}): {missing[0].name} did not run."
        )
        return Verdict(False, sentence, _what_ended(dev, missing[0], begun, outcome))
    for line, text in dev.unwritten():
        return Verdict(False, f"not written yet: {text}", f"Write it: {shown}:{line}")
    if not ended or outcome.status != 0:
        return Verdict(
            False,
            f"all {len(items)} inline tests passed, but the file ended badly (exit status {outcome.status}"
            f"{'' if ended else ', report() was not reached'}).",
            f"Look at the end of {shown}.{_last_words(dev.module, outcome)}",
        )
    return Verdict(True, f"{len(items)} of {len(items)} inline tests passed")


def _what_ended(dev: DevFile, test: Item, begun: list[str], outcome: child.Outcome) -> str:
    """What a student does about a file that ended before `test` had run."""
    words = _last_words(dev.module, outcome)
    if words:
        if unbuilt := re.search(r"name '(\w+)' from 'tinytorch\.core'|No module named 'tinytorch\.core\.(\w+)'", words):
            words += f" (That module is not built yet: `tito module start {unbuilt[1] or unbuilt[2]}`.)"
        elif re.search(r"\b(Import|ModuleNotFound)Error: ", words):
            words += " (`tito doctor` finds a file that hides a package.)"
        return words.strip()
    exercise = next((e for e in dev.exercises() if e.test == test.name), None)
    if outcome.status == -9:
        return "The system killed it, as it does where memory runs out: look for what takes more and more of it."
    if test.name in begun and exercise:
        place = f"{exercise.grade_id} ({dev.module.shown(dev.module.dev)}:{exercise.line})"
        return f"It ended while {test.name} ran: look in {place} for what ends the program, such as os._exit."
    return f"Look above {test.place} for what ends it (an error, sys.exit, os._exit)."


def _last_words(module: Module, outcome: child.Outcome) -> str:
    """The error a dev file ended with: ` spatial_dev.py:412, in conv2d: NameError: ...`; nothing without one."""
    _, found, text = outcome.tail.rpartition("Traceback (most recent call last):")
    frames = [(Path(f), int(n), name) for f, n, name in re.findall(r'^  File "(.+)", line (\d+), in (\S+)', text, re.M)]
    own = [(n, name) for file, n, name in frames if file.name == module.dev.name]
    error = next((line for line in text.splitlines()[1:] if line and not line.startswith(" ")), "")
    if not found or not own or not error:
        return ""
    line, name = own[-1]
    where = "" if name == "<module>" else f", in {name}"
    return f" {module.shown(module.dev)}:{line}{where}: {error}"


def _out_of_time(module: Module, outcome: child.Outcome, limit: float) -> Verdict:
    """The sentence for an endless loop: where in the student's file it was."""
    place = _place(module, outcome)
    return Verdict(
        False,
        f"stopped after {limit:g} seconds{f': it was in {place}' if place else ''}.",
        "Look for a loop there that does not end. Is the work only slow? Give it longer with `--time-limit`.",
    )


def _place(module: Module, outcome: child.Outcome) -> str:
    """The innermost line of a dev file that was running; a line of the package is told as its dev file's."""
    for path, line, function in outcome.frames():
        place = origin(module.root, module.dev.parent / path, line)
        if place:
            return f"{place}, in {function}"
    return ""


def origin(root: Path, file: Path, line: int) -> str:
    """Where a student looks for a line that ran: `modules/09_spatial/spatial_dev.py:412`.

    The line may be of a dev file or of the package's file made from it; empty where it is neither.
    """
    file, root = file.resolve(), root.resolve()
    if file.is_relative_to(root / "modules"):
        return f"{file.relative_to(root).as_posix()}:{line}"
    if file.parent != root / "tinytorch" / "core":
        return ""
    try:
        module = Course(root).module(file.stem)
        found = dev_line(DevFile(module), file.read_text(encoding="utf-8"), line)
    except TitoError:
        return ""  # no module makes this file, or its chapter cannot be read just now
    return f"{module.shown(module.dev)}:{found}" if found else ""


def package(
    root: Path,
    what: list[str],
    module: Module | None = None,
    limit: float = PYTEST_LIMIT,
    *,
    chapters: list[Module] | None = None,
    every: bool = False,
    live: bool = False,
    diagnose: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> Package:
    """Run pytest on `what` (folders or tests, as pytest names them) in a child, and judge what it reported.

    module: whose tests they are, if one's: its endless loop is told by its line.
    chapters: modules taken from their dev files, and not from the package as built.
    every: go on after the first failure. live: show pytest's progress. diagnose: look for the mistake's name.
    meanwhile: called again and again while it runs; what it raises ends the run.
    """
    shown = " ".join(what)
    for name in what:
        if not (root / name.partition("::")[0]).exists():
            return Package(
                Verdict(False, f"{name} is missing: nothing checks the package.", f"`git checkout -- {name}`")
            )
    options = ["-q", "--no-header", "--tb=no", "--no-summary", *([] if every else ["--maxfail=1"])]
    extra = {} if live else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others' plugins cost a second
    with contextlib.ExitStack() as stack:
        results = Path(stack.enter_context(TemporaryDirectory(prefix="tito-pytest-"))) / "results.jsonl"
        roots = [stack.enter_context(copies.package(root, chapters)), root] if chapters else [root]
        devs = {f"tinytorch.core.{chapter.name}": str(chapter.dev) for chapter in chapters or []}
        extra |= {"TITO_RESULTS": str(results), "TITO_CHAPTERS": json.dumps(devs)}
        extra |= {} if diagnose else {"TITO_DIAGNOSE": "no"}
        began = time.monotonic()
        outcome = child.run(
            ["-m", "pytest", "-p", "tito.pytest_results", *options, *(str(root / name) for name in what)],
            cwd=roots[0],  # `python -m` looks there first
            env=child.environment(*roots, **extra),
            limit=limit,
            quiet=not live,
            meanwhile=meanwhile,
        )
        seconds = round(time.monotonic() - began, 3)
        events = _read_events(results)
    if outcome.timed_out and module:
        return Package(_out_of_time(module, outcome, limit))
    if outcome.timed_out:
        return Package(
            Verdict(False, f"pytest {shown} stopped after {limit:g} seconds.", "Test the modules one at a time.")
        )
    tests = {str(e["test"]): e for e in events if e.get("event") == "test"}
    failures = [_failed_test(e) for e in tests.values() if e["status"] == "failed"]
    if module:
        _record_hints(module, failures, tests)
    if module and failures:
        progress.record_incomplete(module)
    passed, skipped = (sum(e["status"] == status for e in tests.values()) for status in ("passed", "skipped"))
    ended = next((e["status"] for e in events if e.get("event") == "end"), None)
    if ended is None:
        begun = [str(e["test"]) for e in events if e.get("event") == "begin"]
        verdict = _cut_short(shown, begun[-1] if begun else "", outcome)
    else:
        verdict = _judge_package(shown, passed, skipped, failures, ended or outcome.status, every)
    reasons = {name: str(event.get("reason", "")) for name, event in tests.items()}
    return Package(verdict, passed, skipped, seconds, failures, reasons)


def _record_hints(module: Module, failures: list[Item], events: dict[str, dict[str, Any]]) -> None:
    """Keep the catalogue's hints with the exercise in whose lines a test failed."""
    for item in failures:
        line = re.match(re.escape(module.shown(module.dev)) + r":(\d+)", item.place)
        hints = [str(hint) for hint in events[item.name].get("hints", [])]
        exercise = DevFile(module).exercise_at(int(line[1])) if line and hints else ""
        if exercise:
            progress.record_diagnosed(module, exercise, hints)


def _failed_test(event: dict[str, Any]) -> Item:
    keys = ("diagnosis", "place", "printed", "seconds")
    told = {key: event[key] for key in keys if event.get(key) is not None}
    return Item(event["test"], "failing", _message(event), **told)


def _cut_short(shown: str, test: str, outcome: child.Outcome) -> Verdict:
    """What to say of a run that did not live to its end: which test it was in, or what it said last."""
    sentence = f"pytest {shown} did not come to its end (exit status {outcome.status})."
    if test:
        return Verdict(False, sentence, f"It ended in {test}: look for what ends the program there, such as os._exit.")
    return Verdict(False, sentence, f"Its last words: {outcome.tail.strip()[-1000:]}")


def _judge_package(shown: str, passed: int, skipped: int, failures: list[Item], status: int, every: bool) -> Verdict:
    if failures and every:
        return Verdict(False, f"{len(failures)} of {passed + len(failures)} tests in {shown} failed.", failures[0].next)
    if failures:
        return Verdict(False, f"{failures[0].sentence} {passed} before it passed.", failures[0].next)
    if not passed:
        return Verdict(
            False, f"no test in {shown} ran: nothing was checked.", f"See what is gone: `git status {shown}`"
        )
    if status:
        return Verdict(False, f"pytest {shown} ended with status {status}.", "Run it yourself: `python -m pytest`")
    more = f", {skipped} skipped" if skipped else ""
    return Verdict(True, f"{passed} tests in {shown} passed{more}")
