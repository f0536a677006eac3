"""A module that is watched: its checks run at every save, and one exercise is in view until it is done.

All of it happens in one thread, which takes what comes, a save, a key, what a run came to, from a queue. The checks run
meanwhile in another, in a child as always; a new save breaks them off. All inline tests run each time: a change touches
more than what its name is written in (rules are registered, layers call functions), and together they take a second.
"""

import threading
import time
from collections.abc import Callable

from tito import checks, progress
from tito.course import Course, Module
from tito.dev_file import Exercise
from tito.errors import TitoError
from tito.hints import next_hint
from tito.keys import END
from tito.next_step import next_step
from tito.reset import reset
from tito.results import Inline, Item, Package
from tito.states import ExerciseState, exercise_states, module_state

_Tell = Callable[[Callable[[], None]], None]


class _Stopped(Exception):
    """This run is of no use any more."""


class Run(threading.Thread):
    """The checks of a module in a thread of their own. What they come to is told to `watch`, in its own thread."""

    def __init__(self, watch: "Watch", earlier: "Run | None", everything: bool):
        super().__init__(daemon=True)
        self._watch, self._earlier, self._everything = watch, earlier, everything
        self._heard: dict[str, Item] = {}
        self._stopped = threading.Event()
        self.began = time.monotonic()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        watch, module = self._watch, self._watch.module
        if self._earlier:
            self._earlier.join()
        try:
            inline = checks.inline(module, watch.limit, self._meanwhile)
            watch.tell(lambda: watch.judged(self, inline))
            package = None
            if self._everything and inline.verdict.passed:
                tests = [module.shown(module.tests)]
                chapters = [module]
                package = checks.package(module.root, tests, [module], chapters=chapters, meanwhile=self._go_on)
            watch.tell(lambda: watch.ended(self, package))
        except _Stopped:
            pass
        except TitoError as error:
            watch.tell(lambda error=error: watch.failed(self, error))  # type: ignore[misc]
        except BaseException as error:
            watch.tell(lambda error=error: _raise(error))  # type: ignore[misc]

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise _Stopped

    def _meanwhile(self, items: dict[str, Item]) -> None:
        self._go_on()
        if items != self._heard:
            self._heard = items
            self._watch.tell(lambda: self._watch.heard(self, items))


def _raise(error: BaseException) -> None:
    raise error


class Watch:
    """What is known of the module, the exercise in view, and what keys and saves do to both.

    An exercise stays in view until a key or a save says otherwise: a save that changes another one, and leaves it
    failing or brings it to pass.
    """

    def __init__(self, module: Module, limit: float, tell: _Tell):
        self.module, self.limit, self.tell = module, limit, tell
        self.states: dict[str, ExerciseState] = {}  # by grade_id, as recorded
        self.items: dict[str, Item] = {}  # by test, of the run in flight or the last one
        self.focus = ""  # the grade_id of the exercise in view
        self.view = "exercise"  # or "list", or "all": what `c` came to
        self.note = ""
        self.next_step = ""  # as `tito module status` says it
        self.asking = False
        self.error: TitoError | None = None
        self.inline: Inline | None = None
        self.package: Package | None = None
        self.run: Run | None = None
        self.verdicts = 0
        self.over = False
        self._last: Run | None = None
        self._tests: dict[str, str] = {}  # what the file holds, as `progress.content` hashes it
        self._told: dict[str, str] = {}  # the same, when results were last told
        self._was: dict[str, str] = {}  # the results then, by grade_id
        self._items_before: dict[str, Item] = {}
        self._changed = ""  # the exercise in or above which something was changed since
        self._later: Callable[[], None] = lambda: None  # what a key asked for while the checks ran
        self._announced = ""

    # What is known

    @property
    def exercises(self) -> list[Exercise]:
        return [state.exercise for state in self.states.values()]

    def status(self, exercise: Exercise) -> str:
        item = self.items.get(exercise.test)
        return item.status if item and item.status != "not run" else self.states[exercise.grade_id].state

    def item(self, exercise: Exercise) -> tuple[Item | None, bool]:
        """What is known of its test, and whether that is of the file as it is now: or else of the last run."""
        item = self.items.get(exercise.test)
        if item and (item.status not in ("not run", "running") or not self.run):
            return item, True
        return self._items_before.get(exercise.test), False

    def with_status(self, *wanted: str) -> list[Exercise]:
        return [exercise for exercise in self.exercises if self.status(exercise) in wanted]

    @property
    def open(self) -> list[Exercise]:
        return [exercise for exercise in self.exercises if self.status(exercise) != "done"]

    @property
    def following(self) -> Exercise | None:
        """Where `n` goes: from one that is done to the first that fails, else to the one below that is not done."""
        here = self.in_view
        after = [e for e in self.open if here and e.number > here.number]
        failing = self.with_status("failing") if here and self.status(here) == "done" else []
        return next((e for e in [*failing, *after, *self.open] if e is not here), None)

    @property
    def in_view(self) -> Exercise | None:
        return self.states[self.focus].exercise if self.focus in self.states else None

    # What happens

    def saved(self) -> None:
        """A file has changed: check it."""
        self.view = "exercise"
        self._start()

    def _start(self, everything: bool = False) -> None:
        self.stop()
        self.error = self.inline = self.package = None
        self.note, self._announced = self._announced, ""
        self._later = lambda: None
        try:
            self._tests = progress.content(self.module).tests
            self.states = exercise_states(self.module)
        except TitoError as error:
            self._tell_error(error)
            return
        self.items = {}
        changed = (e for e in self.exercises if self._told and self._tests.get(e.test) != self._told.get(e.test))
        self._changed = next((exercise.grade_id for exercise in changed), "")
        self.run = self._last = Run(self, self._last, everything)
        self.run.start()

    def stop(self) -> None:
        """Break off the run in flight, if one is."""
        if self.run:
            self.run.stop()
        self.run = None

    def wait(self) -> None:
        """Until nothing of the last run is left."""
        if self._last:
            self._last.join()

    def heard(self, run: Run, items: dict[str, Item]) -> None:
        """Some of the results are there."""
        if run is self.run:
            self.items = items
            self._look()

    def judged(self, run: Run, inline: Inline) -> None:
        """The inline tests have ended."""
        if run is self.run:
            self.inline, self.items = inline, inline.items
            if self.focus not in self.states:
                self.focus = next((e.grade_id for e in [*self.with_status("failing"), *self.open, *self.exercises]), "")
            self.next_step = next_step(Course(self.module.root), self.module)
            self._look()
            self._settle()
            self._items_before = self.items

    def ended(self, run: Run, package: Package | None) -> None:
        """The run is over."""
        if run is self.run:
            self.run, self.package = None, package
            self.next_step = next_step(Course(self.module.root), self.module)
            self.verdicts += 1
            self._later()

    def failed(self, run: Run, error: TitoError) -> None:
        """There was nothing to run."""
        if run is self.run:
            self._tell_error(error)

    def _tell_error(self, error: TitoError) -> None:
        self.run, self.error = None, error
        self.next_step = next_step(Course(self.module.root), self.module)
        self.verdicts += 1

    def _look(self) -> None:
        """Turn to the exercise that was changed, unless it was done before and is."""
        changed = self.states.get(self._changed)
        item = self.items.get(changed.exercise.test) if changed else None
        if item is None or item.status in ("running", "not run"):
            return
        if item.status != "done" or self._was.get(self._changed) != "done":
            self.focus = self._changed
        self._settle()

    def _settle(self) -> None:
        """Where to look after the save is decided: only the next one may turn the view again."""
        self._told, self._was = self._tests, {e.grade_id: self.status(e) for e in self.exercises}
        self._changed = ""

    def no_more(self) -> None:
        """Nothing more will be typed: leave when the run in flight has been told."""
        if self.run:
            self._later = self.leave
        else:
            self.leave()

    def leave(self) -> None:
        self.over = True

    # Keys

    def key(self, key: str) -> None:
        if self.asking:
            self.asking = False
            if key.lower() == "y":
                self._reset()
            return
        keys = {"h": self.hint, "n": self.next, "l": self.list, "c": self.check_all, "r": self.ask, "q": self.leave}
        keys.get(key.lower(), self.leave if key == END else lambda: None)()

    def hint(self) -> None:
        """A hint on the exercise in view; on what fails now, so it waits for a run in flight."""
        self.view = "exercise"
        exercise = self.in_view
        done = exercise is not None and self.status(exercise) == "done"
        if self.run:
            self._later = self.hint
        elif self.error:
            self.note = "First fix what is said above."
        elif done and not module_state(self.module).failure:
            self.note = f"{self.focus} is done."
        elif exercise:
            try:
                _, text, number, count = next_hint(self.module, None if done else self.focus)
                self.note = f"Hint {number} of {count}: {text}"
            except TitoError as error:
                self.note = f"{error.message} {error.fix}"

    def next(self) -> None:
        following = self.following
        self.view = "exercise"
        self.note = "" if following or not self.open else "There is no other to do."
        if following:
            self.focus = following.grade_id
            self._settle()

    def list(self) -> None:
        self.view = "exercise" if self.view == "list" else "list"

    def check_all(self) -> None:
        """As `tito test`: the inline tests, then pytest on the file as it is."""
        self.view = "all"
        self._start(everything=True)

    def ask(self) -> None:
        self.asking = self.in_view is not None

    def _reset(self) -> None:
        try:
            reset(self.module, self.focus)
            # The save that this is will be seen, and clears what is said.
            self.note = self._announced = f"{self.focus} is as it was handed out. `tito undo` brings back what you had."
        except TitoError as error:
            self.note = f"{error.message} {error.fix}"
