"""What `tito watch` shows: a screen that is drawn again whenever something changes, or plain lines in a pipe."""

import os
import signal
import time
from collections.abc import Callable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from tito.dev_file import Exercise
from tito.keys import Keys
from tito.results import Inline, Item, Package
from tito.show import fail, ok, say
from tito.watch import Watch

_KEYS = "h hint   n next   l list   c check all   r reset   q quit"
_MARKS = {"done": "●", "failing": "✗", "not started": "○"}
_ASCII_MARKS = {"done": "#", "failing": "x", "not started": "."}
_STYLES = {"done": "green", "failing": "red", "not started": "dim"}
_INDENT = "      "
_Line = tuple[str, str]  # text and style


class Screen:
    """Within it, the terminal shows the module, and gives its keys to `tell`."""

    def __init__(self, watch: Watch, tell: Callable[[Callable[[], None]], None]):
        self._watch = watch
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(
            self, console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._keys = Keys(lambda key: tell(lambda: watch.key(key)))

    def __enter__(self) -> None:
        self._keys.__enter__()
        try:
            self._live.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._keys.__exit__()

    def pause(self) -> None:
        """Ctrl-Z: leave the terminal to the shell until it says `fg`."""
        self.__exit__()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.__enter__()

    def summary(self) -> str:
        return f"{_title(self._watch)}: {_counts(self._watch)}"

    def draw(self) -> None:
        self._live.refresh()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = console.size
        head, foot = [*self._head(width), Text()], [Text(), self._foot()]
        note = self._wrapped([("", ""), (self._watch.note, "bold")], width) if self._watch.note else []
        room = max(height - len(head) - len(foot), 3)
        note = _cropped(note, max(room - 4, room // 2))
        body = _cropped(self._wrapped(_body(self._watch), width), room - len(note))
        filling = [Text()] * (room - len(note) - len(body))
        for line in [*head, *body, *note, *filling, *foot]:
            line.truncate(width)
            yield line

    def _head(self, width: int) -> list[Text]:
        watch = self._watch
        title = Text(self._clean(_title(watch)), "bold")
        now = _now(watch)
        title.append(self._clean(now).rjust(width - len(title)) if len(title) + len(now) < width else "", "dim")
        bar = self._bar()
        bar.append(f"   {_counts(watch)}")
        return [title, Text(self._clean(watch.module.shown(watch.module.dev)), "dim"), Text(), bar]

    def _bar(self) -> Text:
        """A mark for each exercise; the one in view stands in brackets."""
        unicode = self._console.encoding.startswith("utf")
        bar = Text()
        for exercise in self._watch.exercises:
            status = self._watch.status(exercise)
            mark = (_MARKS if unicode else _ASCII_MARKS).get(status, "◌" if unicode else "~")
            left, right = "[]" if exercise is self._watch.in_view else "  "
            bar.append(left).append(mark, _STYLES.get(status, "yellow")).append(right)
        return bar

    def _foot(self) -> Text:
        watch = self._watch
        if watch.asking:
            return Text(f"Put {watch.focus} back to what was handed out?   y yes   n no", "bold")
        foot = Text(_KEYS, "dim")
        for part in (" h ", " n ", " l ", " c ", " r ", " q "):
            at = f" {_KEYS}".index(part)
            foot.stylize("bold", at, at + 1)
        return foot

    def _wrapped(self, lines: list[_Line], width: int) -> list[Text]:
        """Each line broken to the width, its rest as far in as it began."""
        wrapped = []
        for text, style in lines:
            for line in text.split("\n"):
                clean = self._clean(line)
                inside = " " * min(len(clean) - len(clean.lstrip()), width // 2)
                for part in Text(clean.strip(), style).wrap(self._console, max(width - len(inside), 1)) or [Text()]:
                    wrapped.append(Text(inside).append_text(part))
        return wrapped

    def _clean(self, text: str) -> str:
        """What the terminal can show, and nothing that would move its cursor."""
        text = "".join(c if c.isprintable() else " " for c in text.expandtabs())
        return text.encode(self._console.encoding, "tito").decode(self._console.encoding)


class Lines:
    """Plain text: for each verdict a line, and one that says what is next."""

    def __init__(self, watch: Watch):
        self._watch = watch
        self._told = 0
        say(f"{_title(watch)}: {watch.module.shown(watch.module.dev)}")

    def draw(self) -> None:
        watch = self._watch
        if watch.verdicts == self._told:
            return
        self._told = watch.verdicts
        if watch.error:
            fail(" ".join(f"{watch.error.message} {watch.error.fix}".split()))
        elif watch.inline and watch.inline.verdict.passed:
            ok(f"{_counts(watch)}.")
        elif watch.inline:
            item = next(iter(watch.inline.failures), None)
            named = f" {item.diagnosis}" if item and item.diagnosis else ""
            fail(f"{_counts(watch)}. {watch.inline.verdict.sentence}{named} {watch.inline.verdict.next}")
        say(f"Next: {watch.next_step}")


def _title(watch: Watch) -> str:
    return f"Module {watch.module.folder}: {watch.module.about.get('title', watch.module.name)}"


def _counts(watch: Watch) -> str:
    done, every = watch.with_status("done"), watch.exercises
    points = f"{sum(e.points for e in done):g} of {sum(e.points for e in every):g} points"
    return f"{len(done)} of {len(every)} done, {points}" if every else ""


def _now(watch: Watch) -> str:
    """What is running; for how long already, once that is noticed."""
    if not watch.run:
        return ""
    tests = (item.name for item in watch.items.values() if item.status == "running")
    what = f"pytest {watch.module.shown(watch.module.tests)}" if watch.inline else next(tests, "the chapter")
    taken, limit = time.monotonic() - watch.run.began, "" if watch.inline else f" of {watch.limit:g}"
    return f"running {what}{f', {taken:.0f}{limit} s' if taken > 2 else ''}"


def _body(watch: Watch) -> list[_Line]:
    if watch.error:
        return _failure(watch.error.message, [watch.error.fix])
    if watch.view == "list":
        return _list(watch)
    if watch.view == "all":
        return _everything(watch)
    exercise = watch.in_view
    return _exercise(watch, exercise) if exercise else [("Checking ...", "dim")]


def _exercise(watch: Watch, exercise: Exercise) -> list[_Line]:
    item, fresh = watch.item(exercise)
    points = f"{exercise.points:g} point{'s' * (exercise.points != 1)}"
    lines = [(f"Exercise {exercise.number}, {exercise.grade_id} ({points})", "bold"), ("", "")]
    if item is None:
        lines += [("Checking ...", "dim")]
    elif item.status == "done":
        lines += _done(watch)
    elif item.status == "not run" and watch.inline:
        lines += _failure(watch.inline.verdict.sentence, [watch.inline.verdict.next])
    else:
        lines += _item(item)
    return lines if fresh else [(text, "dim") for text, _ in lines]


def _item(item: Item) -> list[_Line]:
    if item.status == "not started":
        return [("----  Not written yet.", "yellow"), *_inside([*item.lines, item.next])]
    return _failure(item.claim or item.sentence, [*item.lines, item.next], item.diagnosis)


def _failure(sentence: str, lines: list[str], diagnosis: str | None = None) -> list[_Line]:
    return [(f"FAIL  {sentence}", "red"), *_inside(lines, diagnosis)]


def _inside(lines: list[str], diagnosis: str | None = None) -> list[_Line]:
    return [(f"{_INDENT}{part}", "bold" if part == diagnosis else "") for line in lines for part in line.split("\n")]


def _done(watch: Watch) -> list[_Line]:
    """One that is done stays in view: what is next is for the student to say."""
    lines = [("ok    Done.", "green")]
    if watch.open:
        failing = ", ".join(exercise.grade_id for exercise in watch.with_status("failing"))
        following = watch.following
        lines += _inside([f"Failing: {failing}."] if failing else [])
        return lines + _inside([f"Press n for exercise {following.number}, {following.grade_id}."] if following else [])
    if watch.inline and not watch.inline.verdict.passed:
        return lines + _failure(watch.inline.verdict.sentence, [watch.inline.verdict.next])
    lines += _inside([f"All {len(watch.exercises)} exercises are done. Press c to check all, pytest included."])
    return [*lines, ("", ""), _next(watch)]


def _next(watch: Watch) -> _Line:
    return f"Next: {watch.next_step}", "bold"


def _list(watch: Watch) -> list[_Line]:
    width = max((len(exercise.grade_id) for exercise in watch.exercises), default=0)
    lines = []
    for e in watch.exercises:
        status = watch.status(e)
        here = ">" if e is watch.in_view else " "
        line = f"{here} {status:<11}  {e.number:>2}  {e.grade_id:<{width}}  {e.points:>3g} points"
        lines.append((line, _STYLES.get(status, "yellow")))
    return lines


def _everything(watch: Watch) -> list[_Line]:
    """What `c` came to: each step, and the first failure in full."""
    lines: list[_Line] = []
    for outcome in (watch.inline, watch.package):
        if outcome and outcome.verdict.passed:
            lines.append((f"ok    {outcome.verdict.sentence}", "green"))
        elif outcome:
            lines += _first_failure(outcome)
    return [*lines, *([("Checking ...", "dim")] if watch.run else [("", ""), _next(watch)])]


def _first_failure(outcome: Inline | Package) -> list[_Line]:
    if outcome.failures:
        item = outcome.failures[0]
        return _failure(item.sentence, [*item.lines, item.next], item.diagnosis)
    return _failure(outcome.verdict.sentence, [outcome.verdict.next])


def _cropped(lines: list[Text], room: int) -> list[Text]:
    if len(lines) <= room:
        return lines
    left_out = len(lines) - room + 1
    return [*lines[: room - 1], Text(f"{_INDENT}... {left_out} more lines: make the window taller", "dim")]
