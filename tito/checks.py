"""Running checks and believing none of them unseen: what ran is counted against what stands in the files."""

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tito import child, copies, handed_out, manifest, notebooks, progress
from tito.course import Module
from tito.dev_file import DevFile
from tito.errors import ChapterError, TitoError
from tito.progress import WHOLE_FILE, Content, Failure
from tito.results import SEED, Inline, Item, Package, Verdict

INLINE_LIMIT = 60.0  # seconds; a module's inline tests take under three
PYTEST_LIMIT = 600.0
MESSAGE_LIMIT = 10_000  # characters: more than anyone reads
# Pytest's settings, as in pyproject.toml, but from no file: of what a student has written none chooses tests.
_SETTINGS = (
    *("-c", os.devnull, "--rootdir=$TITO_ROOT", "-p", "tito.pytest_results", "-p", "no:cacheprovider"),
    *("--import-mode=importlib", "-o", "xfail_strict=true", "-W", "error"),
    *("-W", "default::DeprecationWarning", "-W", "default::PendingDeprecationWarning"),
    *("-W", "ignore::pytest.PytestUnknownMarkWarning"),
)
# What a child tells: the types of the values, where they are given.
_TOLD = {
    **dict.fromkeys(("event", "name", "test", "message", "diagnosis", "claim", "place", "printed", "reason"), str),
    **{"tests": list, "hints": list, "seconds": float},
}
_STATUS = {"passed": "done", "failed": "failing", "not written": "not started"}


def use_seed(seed: int | None = None) -> None:
    """Let all checks of this run draw from one seed: the given one, the environment's, or a fresh one."""
    if seed is not None:
        os.environ[SEED] = str(seed)
    os.environ.setdefault(SEED, str(secrets.randbelow(2**32)))


class _Stub(NamedTuple):
    """The first stub of an exercise. begun: whether a part of the exercise is written."""

    line: int
    text: str
    begun: bool


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
    unwritten = [(dev.exercise_at(line), line, text) for line, text in reversed(dev.unwritten())]
    stubs = {test: _Stub(line, text, test in was.begun) for test, line, text in unwritten}  # the first of each
    with TemporaryDirectory(prefix="tito-inline-") as folder:
        results = Path(folder) / "results.jsonl"
        try:
            outcome = child.run(
                [module.dev.name],
                cwd=module.dev.parent,
                env=child.environment(module.root, TINYTORCH_RESULTS=str(results)),
                limit=limit,
                quiet=True,
                meanwhile=lambda: meanwhile(_items(dev, stubs, _read_events(results), running=True)),
            )
        except BaseException:
            events = _read_events(results)
            with contextlib.suppress(TitoError):
                _record_inline(module, was, _proven_items(dev, stubs, events), _reported(events))
            raise
        events = _read_events(results)
    items = _proven_items(dev, stubs, events)
    ended = any(e.get("event") == "end" for e in events)
    begun = [str(e.get("name")) for e in events if e.get("event") == "begin"]
    if outcome.timed_out:
        verdict = _out_of_time(module, outcome, limit, begun[-1] if begun else "")
    else:
        verdict = _judge_inline(dev, items, begun, ended, outcome)
    judged = Inline(module, verdict, items, dev.exercises())
    _record_inline(module, was, items, _reported(events), judged)
    return judged


def _record_inline(
    module: Module,
    was: Content,
    items: dict[str, Item],
    reported: dict[str, dict[str, Any]],
    judged: Inline | None = None,
) -> None:
    """Keep what the tests came to. judged: the whole run, unless it was broken off: then of tests that had ended."""
    known = was.tests if judged else reported
    failing = {test for test, item in items.items() if item.status == "failing" and test in known}
    results = {test: str(reported.get(test, {}).get("status", "not run")) for test in known}
    results |= dict.fromkeys(failing, "failed")
    failures = {test: _failure_of(items[test]) for test in failing}
    if judged:
        results[WHOLE_FILE] = "passed" if judged.verdict.passed else "failed"
    if judged and not judged.verdict.passed:
        reasons = [item.reason for item in judged.failures[:1]]
        failures[WHOLE_FILE] = _failure(" ".join([judged.verdict.sentence, *reasons]), judged.verdict.next)
    progress.record_inline(module, was, results, failures)


def _failure_of(item: Item) -> Failure:
    said = "\n".join(part for part in (f"{item.claim}:" if item.claim else "", item.reason, item.next) if part)
    return Failure(item.reason, item.hints or [said], function=item.place.partition(", in ")[2])


def _failure(sentence: str, fix: str, test: str = "") -> Failure:
    return Failure(sentence, [f"{sentence}\n{fix}"], test)


def _read_events(path: Path) -> list[dict[str, Any]]:
    """The JSON lines the child wrote; one cut short by its end, or of another form, is passed over."""
    events = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # nothing was told, or the child has put something else in its place
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and all(isinstance(event.get(n), kind | None) for n, kind in _TOLD.items()):
            events.append(event)
    return events


def _by_name(events: list[dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """The events that tell a test's result, by its name. Of two results of one test, the one that is no pass counts."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.get("event") == "test" and event.get(name) and event.get("status"):
            before = found.setdefault(event[name], event)
            found[event[name]] = event if before["status"] == "passed" else before
    return found


def _reported(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return _by_name(events, "name")


def _items(
    dev: DevFile, stubs: dict[str, _Stub], events: list[dict[str, Any]], running: bool = False
) -> dict[str, Item]:
    """What became of each inline test, and of exercises that have none. stubs: by test."""
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


def _proven_items(dev: DevFile, stubs: dict[str, _Stub], events: list[dict[str, Any]]) -> dict[str, Item]:
    """The items of a run that is over; a test that was taken away or changed proves nothing, whatever it came to."""
    items = _items(dev, stubs, events)
    for problem in handed_out.problems(dev):
        item = items.get(problem.test, Item(problem.test, "done"))
        if item.status in ("done", "failing"):
            items[problem.test] = _unproven(item, problem)
    return items


def _unproven(item: Item, problem: handed_out.Problem) -> Item:
    """The test as one that fails, or fails for one more reason."""
    if item.status == "done":
        return replace(item, status="failing", message=problem.sentence, place=problem.place)
    return replace(item, message=f"{item.message}\n{problem.sentence} ({problem.place})")


def _item(dev: DevFile, stub: _Stub | None, name: str, line: int, event: dict[str, Any] | None) -> Item:
    """What became of one inline test.

    Where its exercise still holds a stub, it is not done; and it fails only if a part is written: the test of one that
    is not begun may fail in an earlier exercise.
    """
    shown = dev.module.shown(dev.module.dev)
    if event is None:
        return Item(name, "not run", place=f"{shown}:{line}")
    status = _STATUS.get(str(event.get("status")), "failing")
    remark = handed_out.remark_on(dev, str(event.get("message")))
    if stub and (status == "done" or (status == "failing" and not stub.begun and not remark)):
        return Item(name, "not started", stub.text, place=f"{shown}:{stub.line}")
    exercise = next((e.line for e in dev.exercises() if e.test == name and status == "failing"), line)
    return Item(
        name,
        status,
        _message(event) + (f"\n{remark}" if remark else ""),
        event.get("diagnosis"),
        event.get("claim"),
        str(event.get("place") or f"{shown}:{exercise}"),
        str(event.get("printed", "")),
        event.get("seconds") or 0.0,
        [str(hint) for hint in event.get("hints") or []],
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
        if remark := handed_out.remark_on(dev, words):
            return f"{words}\n      {remark}".strip()
        if unbuilt := re.search(r"name '(\w+)' from 'tinytorch\.core'|No module named 'tinytorch\.core\.(\w+)'", words):
            words += f" (Module {unbuilt[1] or unbuilt[2]} is not built yet.)"
        return (words + _about_shadow([dev.module.dev.parent, dev.module.root])).strip()
    exercise = next((e for e in dev.exercises() if e.test == test.name), None)
    if outcome.status == -9:
        return "The system killed it, as it does where memory runs out: look for what takes more and more of it."
    if test.name in begun and exercise:
        place = f"{exercise.grade_id} ({dev.module.shown(dev.module.dev)}:{exercise.line})"
        return f"It ended while {test.name} ran: look in {place} for what ends the program, such as os._exit."
    shadow = _about_shadow([dev.module.dev.parent, dev.module.root])
    return f"Look above {test.place} for what ends it (an error, sys.exit, os._exit).{shadow}"


def _about_shadow(folders: list[Path]) -> str:
    """A sentence on a file there that is imported in the place of a package, which no error names; or nothing."""
    from tito.doctor import shadows

    shadow = next(shadows(folders), None)
    return f"\n      {shadow.text}. {shadow.fix}" if shadow else ""


def _last_words(module: Module, outcome: child.Outcome) -> str:
    """The error a dev file ended with: ` spatial_dev.py:412, in conv2d: NameError: ...`; nothing without one."""
    from tinytorch.testing import chapters  # reads texts only; loaded when something is wrong

    _, found, text = outcome.tail.rpartition("Traceback (most recent call last):")
    frames = re.findall(r'^  File "(.+)", line (\d+), in \S+', text, re.M)
    places = [chapters.place_of(str(module.dev.parent / file), int(line)) for file, line in frames]
    own = [place for place in places if place and place.file == module.dev.resolve()]
    error = next((line for line in text.splitlines()[1:] if line and not line.startswith(" ")), "")
    if not found or not own or not error:
        return ""
    return f" {chapters.innermost(places, own[-1].file) or own[-1]}: {error}"


def _out_of_time(module: Module, outcome: child.Outcome, limit: float, running: str = "") -> Verdict:
    """The sentence for an endless loop: where in the student's code it was, or in the test of which exercise."""
    from tinytorch.testing import chapters

    own = module.dev.resolve()
    frames = reversed(outcome.frames())  # now outermost first
    places = [chapters.place_of(str(module.dev.parent / path), line) for path, line, _ in frames]
    top_level = (place for place in reversed(places) if place and place.file == own and place.function is None)
    place = chapters.innermost(places, own) or chapters.innermost(places, None) or next(top_level, None)
    was = f": it was in {place}" if place else f": {running} was running" if running else ""
    look = "Look for a loop there that does not end."
    if not place and (exercise := chapters.exercise(own, running)):
        look = f"Look for a loop that does not end: {exercise}."
    return Verdict(
        False,
        f"stopped after {limit:g} seconds{was}.",
        f"{look} Is the work only slow? Give it longer with `--time-limit`.",
    )


def _prevented(root: Path, what: list[str]) -> Verdict | None:
    """Return why pytest cannot judge `what`, if it cannot: a test is missing, or the student's settings choose tests.

    Raises TitoError for a folder whose name pytest takes apart.
    """
    for name in what:
        if not (root / name.partition("::")[0]).exists():
            return Verdict(False, f"{name} is missing: nothing checks the package.", f"`git checkout -- {name}`")
    if "[" in str(root):
        raise child.taken_apart(str(root), "[", "begins a parameter in pytest")
    return _chosen_by_student(root, what)


def package(
    root: Path,
    what: list[str],
    modules: list[Module],
    limit: float = PYTEST_LIMIT,
    *,
    chapters: list[Module] | None = None,
    every: bool = False,
    live: bool = False,
    diagnose: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> Package:
    """Run pytest on `what` (folders or tests, as pytest names them) in a child, and judge what it reported.

    modules: whose tests they are: the results are recorded for these.
    chapters: modules taken from their dev files, and not from the package as built.
    every: go on after the first failure. live: show pytest's progress. diagnose: look for the mistake's name.
    meanwhile: called again and again while it runs; what it raises ends the run.
    """
    shown = " ".join(what)
    contents = {module: progress.content(module) for module in modules}
    if prevented := _prevented(root, what):
        _record_pytest(contents, Package(prevented))
        return Package(prevented)
    options = ["-q", "--no-header", "--tb=no", "--no-summary", *([] if every else ["--maxfail=1"])]
    extra = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TITO_ROOT": str(root)}
    with contextlib.ExitStack() as stack:
        results = Path(stack.enter_context(TemporaryDirectory(prefix="tito-pytest-"))) / "results.jsonl"
        roots = [stack.enter_context(copies.package(root, chapters)), root] if chapters else [root]
        devs = {f"tinytorch.core.{chapter.name}": str(chapter.dev) for chapter in chapters or []}
        extra |= {"TITO_RESULTS": str(results), "TITO_CHAPTERS": json.dumps(devs)}
        extra |= {} if diagnose else {"TITO_DIAGNOSE": "no"}
        began = time.monotonic()
        outcome = child.run(
            ["-m", "pytest", *_SETTINGS, f"--confcutdir={root / 'tests'}", *options, *(str(root / n) for n in what)],
            cwd=roots[0],  # `python -m` looks there first
            env=child.environment(*roots, **extra),
            limit=limit,
            quiet=not live,
            meanwhile=meanwhile,
        )
        seconds = round(time.monotonic() - began, 3)
        events = _read_events(results)
    tests = _by_name(events, "test")
    module = modules[0] if len(modules) == 1 else None
    failed = [e for e in tests.values() if e["status"] == "failed" and not outcome.timed_out]
    failures = [_failed_test(e, module) for e in failed]
    passed, skipped = (sum(e["status"] == status for e in tests.values()) for status in ("passed", "skipped"))
    ended = next((e.get("status") for e in events if e.get("event") == "end"), None)
    begun = [str(e.get("test")) for e in events if e.get("event") == "begin"]
    cut_short = begun[-1] if ended is None and begun else ""
    if outcome.timed_out and len(modules) == 1:
        verdict = _out_of_time(modules[0], outcome, limit)
    elif outcome.timed_out:
        verdict = Verdict(False, f"pytest {shown} stopped after {limit:g} seconds.", "Test the modules one at a time.")
    elif ended is None:
        verdict = _cut_short(shown, cut_short, outcome, _about_shadow([root]))
    else:
        collected = [str(test) for e in events if e.get("event") == "collected" for test in e.get("tests", [])]
        left_out = [test for test in collected if test not in tests]
        verdict = _judge_package(shown, passed, skipped, failures, left_out, ended or outcome.status, every)
    reasons = {name: str(event.get("reason", "")) for name, event in tests.items()}
    package = Package(verdict, passed, skipped, seconds, failures, reasons)
    _record_pytest(contents, package, cut_short)
    return package


def _chosen_by_student(root: Path, what: list[str]) -> Verdict | None:
    """Return what to say where a student edition's conftest.py, which can choose tests, is not as it was handed out."""
    edition = manifest.read(root)
    if edition is None:
        return None
    tests = root / "tests"
    asked = [root / name.partition("::")[0] for name in what]
    above = [folder / "conftest.py" for path in asked for folder in path.parents if folder.is_relative_to(tests)]
    for path in dict.fromkeys([*above, *(path for folder in asked for path in sorted(folder.rglob("conftest.py")))]):
        name = path.relative_to(root).as_posix()
        if path.exists() and not manifest.is_as_handed_out(path.read_bytes(), edition.files.get(name)):
            fix = f"`git checkout -- {name}`" if name in edition.files else f"`mv {name} {name}.txt`"
            return Verdict(False, f"{name} is not as it was handed out, and it can choose which tests run.", fix)
    return None


def _record_pytest(contents: dict[Module, Content], package: Package, cut_short: str = "") -> None:
    """Keep what a run came to, for each module by the tests in its folder. cut_short: the test in which it ended."""
    verdict = package.verdict
    for module, was in contents.items():
        folder = f"{module.shown(module.tests)}/"
        failed = next((item for item in package.failures if item.name.startswith(folder)), None)
        if failed:
            said = "\n".join([failed.sentence, failed.reason, failed.next])
            exercise = _exercise_at(module, was, failed.place)
            failure = Failure(failed.reason, failed.hints or [said], failed.name, exercise)
            progress.record_pytest(module, was, "failed", failure)
        elif verdict.passed and any(test.startswith(folder) for test in package.tests):
            progress.record_pytest(module, was, "passed")
        elif cut_short.startswith(folder) or (not verdict.passed and len(contents) == 1):
            progress.record_pytest(module, was, "failed", _failure(verdict.sentence, verdict.next, cut_short))


def _exercise_at(module: Module, was: Content, place: str) -> str:
    """The grade_id of the exercise that a line of the dev file is in; nothing for any other place."""
    line = re.match(re.escape(module.shown(module.dev)) + r":(\d+)", place)
    test = DevFile(module).exercise_at(int(line[1])) if line else ""
    return next((e.grade_id for e in was.exercises if e.test == test), "")


def _failed_test(event: dict[str, Any], module: Module | None) -> Item:
    keys = ("diagnosis", "hints", "place", "printed", "seconds")
    told = {key: event[key] for key in keys if event.get(key) is not None}
    remark = handed_out.remark_on(DevFile(module), str(event.get("message"))) if module else ""
    return Item(event["test"], "failing", _message(event) + (f"\n{remark}" if remark else ""), **told)


def _cut_short(shown: str, test: str, outcome: child.Outcome, shadow: str) -> Verdict:
    """What to say of a run that did not live to its end: which test it was in, or what it said last."""
    sentence = f"pytest {shown} did not come to its end (exit status {outcome.status})."
    if test:
        return Verdict(False, sentence, f"It ended in {test}: look for what ends the program there, such as os._exit.")
    words = outcome.tail.strip()[-1000:]
    if "Traceback (most recent call last)" in outcome.tail:
        words = words.splitlines()[-1]
    said = f"Its last words: {words}" if words else "It said nothing: look for what ends it as the tests are loaded."
    return Verdict(False, sentence, said + shadow)


def _judge_package(
    shown: str, passed: int, skipped: int, failures: list[Item], left_out: list[str], status: int, every: bool
) -> Verdict:
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
    if left_out:
        sentence = f"pytest {shown} ended before all tests had run: {len(left_out)} did not."
        return Verdict(
            False, sentence, f"The first of them is {left_out[0]}: look for what ends the program before it."
        )
    more = f", {skipped} skipped" if skipped else ""
    return Verdict(True, f"{passed} tests in {shown} passed{more}")
