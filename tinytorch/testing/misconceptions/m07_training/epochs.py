"""The epoch and fit."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import tempfile
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.random import default_generator, manual_seed
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception


class _Model:
    """Multiplies by two weights, and in train mode by a random number: the least that a trainer can train."""

    def __init__(self, tensor: Any) -> None:
        self.weight, self.training = tensor(np.ones(2), requires_grad=True), False

    def __call__(self, x: Any) -> Any:
        return x * self.weight * (default_generator().uniform(0.5, 1.5) if self.training else 1.0)

    def train(self, mode: bool = True) -> None:
        self.training = mode

    def eval(self) -> None:
        self.training = False

    def modules(self) -> list[Any]:
        return [self]

    def parameters(self) -> list[Any]:
        return [self.weight]

    def named_parameters(self) -> list[tuple[str, Any]]:
        return [("weight", self.weight)]

    def state_dict(self) -> dict[str, Any]:
        return {"weight": self.weight.data}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weight.data[...] = state["weight"]


class _Shuffled:
    """Batches of two examples, the last one of one, in an order that is drawn for each epoch."""

    def __init__(self, tensor: Any, x: np.ndarray, labels: np.ndarray) -> None:
        self.tensor, self.x, self.labels = tensor, x, labels

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Any:
        order = default_generator().permutation(5)
        for rows in (order[:2], order[2:4], order[4:]):
            yield self.tensor(self.x[rows]), self.tensor(self.labels[rows])


def _make(here: types.ModuleType, seed: int) -> Any:
    optimizers = importlib.import_module("tinytorch.core.optimizers")  # the chapters before this one are built
    manual_seed(seed)
    model = _Model(here.Tensor)
    optimizer = optimizers.SGD(model.parameters(), lr=0.1)
    return here.Trainer(model, optimizer, lambda outputs, targets: (outputs * outputs).sum())


@draws("Trainer.train_epoch")
def _epochs(generator: np.random.Generator, here: types.ModuleType) -> Case:
    """Return what can be seen of an epoch, and of one that is stopped in a step and resumed."""
    labels, seed, stop = generator.integers(0, 2, 5), int(generator.integers(1000)), int(generator.integers(0, 2))

    def epoch(x: np.ndarray) -> list[Any]:
        loader = _Shuffled(here.Tensor, x, labels)
        facts: list[Any] = []
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/run.safetensors"
            for checkpoint, stop_after in ((None, None), (path, stop), (path, None)):
                trainer = _make(here, seed)
                modes: list[bool] = []
                training_step = trainer.training_step

                def step(*batch: Any) -> Any:
                    modes.append(trainer.model.training)  # noqa: B023
                    if trainer.steps == stop_after:  # noqa: B023
                        signal.raise_signal(signal.SIGINT)
                    return training_step(*batch)  # noqa: B023

                trainer.training_step = step
                with contextlib.redirect_stdout(io.StringIO()):
                    try:
                        with trainer.running(loader, 1, checkpoint, checkpoint is not None, False):
                            means = trainer.train_epoch(loader)
                            facts += [[name, means[name]] for name in sorted(means)]
                    except (Exception, KeyboardInterrupt) as error:
                        facts.append(type(error).__name__)
                facts += [modes, trainer.steps, trainer.model.weight.data.copy()]
        return facts

    return Case(epoch, generator.standard_normal((5, 2)))


@draws("Trainer.fit")
def _fits(generator: np.random.Generator, here: types.ModuleType) -> Case:
    """Return what can be seen of two fits in a row, and of one that is resumed after an epoch."""
    labels, seed = generator.integers(0, 2, 5), int(generator.integers(1000))

    def run(x: np.ndarray) -> list[Any]:
        loader, validation = _Shuffled(here.Tensor, x, labels), [(here.Tensor(-x), here.Tensor(labels))]
        facts: list[Any] = []

        def fit(trainer: Any, epochs: int, validation: Any, **settings: Any) -> None:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                try:
                    history = trainer.fit(loader, epochs, validation, **settings)
                    facts.append(history == trainer.history)
                except Exception as error:
                    facts.append(type(error).__name__)
            facts.extend([trainer.steps, len(printed.getvalue().splitlines())])
            for row in trainer.history:
                facts.append([[name, 0.0 if name == "seconds" else row[name]] for name in sorted(row)])

        trainer = _make(here, seed)
        fit(trainer, 2, validation, verbose=True)
        fit(trainer, 1, None, verbose=False)
        with tempfile.TemporaryDirectory() as folder:
            for epochs in (1, 2):
                checkpoint = f"{folder}/run.safetensors"
                fit(_make(here, seed), epochs, None, checkpoint=checkpoint, resume=True, verbose=False)
                facts.append(len(os.listdir(folder)))
        return facts

    return Case(run, generator.standard_normal((5, 2)))


def _epoch(
    self: Any,
    loader: Any,
    train: bool = True,
    count: Callable[[Any], int] = len,
    batches: Callable[[Any, Any, Any], Any] = lambda self, loader, meter: self.batches(loader, meter),
    measure: Callable[[Any, Any, Any, Any], Any] = lambda self, loss, o, t: home(self).measures(loss, o, t),
) -> dict[str, float]:
    """Trainer.train_epoch with one thing changed."""
    if train:
        self.model.train()
    meter = home(self).Meter()
    for inputs, targets in batches(self, loader, meter):
        loss, outputs = self.training_step(inputs, targets)
        meter.add(count(inputs), measure(self, loss, outputs, targets))
    return meter.means()


@misconception(
    "Trainer.train_epoch",
    name="the loop is over the loader itself",
    belief="The loader has the batches.",
    explanation="self.batches skips the batches that are done where a run is resumed, and stops after Ctrl-C.",
    hints=("Where does Ctrl-C stop your epoch?", "for inputs, targets in self.batches(loader, meter)."),
)
def over_the_loader(self: Any, loader: Any) -> dict[str, float]:
    return _epoch(self, loader, batches=lambda self, loader, meter: loader)


@misconception(
    "Trainer.train_epoch",
    name="self.batches gets another meter than the one that is filled",
    belief="Any meter will do.",
    explanation="batches shows and saves what its meter has measured, and a resumed epoch goes on from that.",
    hints=("How many meters do you make?", "One: meter = Meter(), then self.batches(loader, meter)."),
)
def another_meter(self: Any, loader: Any) -> dict[str, float]:
    return _epoch(self, loader, batches=lambda self, loader, meter: self.batches(loader, home(self).Meter()))


@misconception(
    "Trainer.train_epoch",
    name="the model stays in the mode that it had",
    belief="A model is in train mode.",
    explanation="Only until it was evaluated or somebody called eval(): each epoch begins with model.train().",
    hints=(
        "What is model.training in your loop, if the model was in eval mode before?",
        "self.model.train() at first.",
    ),
)
def mode_not_set(self: Any, loader: Any) -> dict[str, float]:
    return _epoch(self, loader, train=False)


@misconception(
    "Trainer.train_epoch",
    name="every batch counts the same, however many examples it has",
    belief="The mean of the batches' means is the mean.",
    explanation="The last batch is smaller: its examples would have more weight. Pass its length to meter.add.",
    hints=("How many examples has the last batch?", "meter.add(len(inputs), ...), not 1."),
)
def epoch_unweighted(self: Any, loader: Any) -> dict[str, float]:
    return _epoch(self, loader, count=lambda inputs: 1)


@misconception(
    "Trainer.train_epoch",
    name="the epoch ends after its first batch",
    belief="The result is returned in the loop.",
    explanation="An epoch is all batches of the loader: return after the loop.",
    hints=("How many steps does an epoch of three batches take?", "Is `return` inside of the loop?"),
)
def first_batch_of_epoch(self: Any, loader: Any) -> dict[str, float]:
    self.model.train()
    meter = home(self).Meter()
    for inputs, targets in self.batches(loader, meter):
        loss, outputs = self.training_step(inputs, targets)
        meter.add(len(inputs), home(self).measures(loss, outputs, targets))
        return meter.means()
    return {}


@misconception(
    "Trainer.train_epoch",
    name="only the last batch is measured",
    belief="The last loss is the loss of the epoch.",
    explanation="The result is the mean over all examples of the epoch: add each batch to the meter.",
    hints=("Is meter.add inside of the loop?", "meter.add(len(inputs), measures(...)) for each batch."),
)
def last_batch_of_epoch(self: Any, loader: Any) -> dict[str, float]:
    self.model.train()
    meter = home(self).Meter()
    values: dict[str, float] = {}
    for inputs, targets in self.batches(loader, meter):
        loss, outputs = self.training_step(inputs, targets)
        values = home(self).measures(loss, outputs, targets)
        meter.add(len(inputs), values)
    return values


@misconception(
    "Trainer.train_epoch",
    name="the model is run once more to measure it",
    belief="The outputs of after the step are better to measure.",
    explanation="A second forward pass doubles the time. training_step returns the loss and the outputs.",
    hints=("How often is the model called for each batch?", "loss, outputs = self.training_step(inputs, targets)."),
)
def measured_after_the_step(self: Any, loader: Any) -> dict[str, float]:
    self.model.train()
    meter = home(self).Meter()
    for inputs, targets in self.batches(loader, meter):
        self.training_step(inputs, targets)
        outputs = self.model(inputs)
        meter.add(len(inputs), home(self).measures(self.loss(outputs, targets), outputs, targets))
    return meter.means()


@misconception(
    "Trainer.train_epoch",
    name="outputs and targets are swapped in measures",
    belief="measures(loss, targets, outputs).",
    explanation="measures takes the outputs first; with the targets there it finds no class labels and no accuracy.",
    hints=("Which entries has the result?", "measures(loss, outputs, targets)."),
)
def measures_swapped(self: Any, loader: Any) -> dict[str, float]:
    return _epoch(self, loader, measure=lambda self, loss, o, t: home(self).measures(loss, t, o))


@misconception(
    "Trainer.train_epoch",
    name="the model is evaluated, not trained",
    belief="An epoch is a pass over the data.",
    explanation="An epoch of training makes a training step for each batch.",
    hints=("Does any weight change?", "self.training_step(inputs, targets)."),
)
def epoch_without_steps(self: Any, loader: Any) -> dict[str, float]:
    self.model.train()
    meter = home(self).Meter()
    for inputs, targets in self.batches(loader, meter):
        outputs = self.model(inputs)
        meter.add(len(inputs), home(self).measures(self.loss(outputs, targets), outputs, targets))
    return meter.means()


# --- fit ---


def _fit(
    self: Any,
    loader: Any,
    epochs: int,
    validation: Any = None,
    checkpoint: Any = None,
    resume: bool = False,
    verbose: bool = True,
    number: Callable[[Any, int], int] = lambda self, i: len(self.history) + 1,
    validate: Callable[[Any, Any, Any], Any] = lambda self, validation, loader: validation,
    validate_first: bool = False,
    name: Callable[[str], str] = lambda name: f"val_{name}",
    row: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row,
    finish: Callable[[Any, bool], Any] = lambda self, last: self.finish_epoch(),
    finish_first: bool = False,
    result: Callable[[Any], Any] = lambda self: self.history,
    rounds: Callable[[Any, int, int], int] = lambda self, last, epochs: last - len(self.history),
) -> Any:
    """Trainer.fit with one thing changed."""
    with self.running(loader, epochs, checkpoint, resume, verbose) as last:
        count = rounds(self, last, epochs)
        for i in range(count):
            began = time.perf_counter()
            chosen = validate(self, validation, loader) if validation is not None else None
            before = self.evaluate(chosen) if validate_first and chosen is not None else None
            new = {"epoch": number(self, i), **self.train_epoch(loader)}
            if chosen is not None:
                found = self.evaluate(chosen) if before is None else before
                new |= {name(key): value for key, value in found.items()}
            new = row(new | {"seconds": time.perf_counter() - began})
            if finish_first:
                finish(self, i == count - 1)
            self.history.append(new)
            if not finish_first:
                finish(self, i == count - 1)
    return result(self)


def _fit_with(**changed: Any) -> Callable[..., Any]:
    def wrong(self: Any, *arguments: Any, **settings: Any) -> Any:
        fit: Any = _fit
        return fit(self, *arguments, **settings, **changed)

    return wrong


@misconception(
    "Trainer.fit",
    name="resume is not passed on",
    belief="self.running needs the checkpoint's path.",
    explanation="Without resume, running refuses to overwrite the file of another run.",
    hints=(
        "What does self.running get as its fourth argument?",
        "running(loader, epochs, checkpoint, resume, verbose).",
    ),
)
def resume_ignored(
    self: Any,
    loader: Any,
    epochs: int,
    validation: Any = None,
    checkpoint: Any = None,
    resume: bool = False,
    verbose: bool = True,
) -> Any:
    return _fit(self, loader, epochs, validation, checkpoint, False, verbose)


@misconception(
    "Trainer.fit",
    name="the checkpoint is not passed on",
    belief="finish_epoch knows the path.",
    explanation="It has it from self.running. Without a path nothing is saved.",
    hints=("Is there a file after fit(checkpoint=path)?", "running(loader, epochs, checkpoint, resume, verbose)."),
)
def checkpoint_ignored(
    self: Any,
    loader: Any,
    epochs: int,
    validation: Any = None,
    checkpoint: Any = None,
    resume: bool = False,
    verbose: bool = True,
) -> Any:
    return _fit(self, loader, epochs, validation, None, False, verbose)


@misconception(
    "Trainer.fit",
    name="a resumed run trains all epochs again",
    belief="fit trains `epochs` epochs.",
    explanation="With resume, `epochs` counts those before, too: train while the history is shorter than `last`.",
    hints=("How many rows has the history of a resumed run?", "while len(self.history) < last."),
)
def trains_all_again(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(rounds=lambda self, last, epochs: epochs)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the epoch is finished before its row is in the history",
    belief="finish_epoch comes right after the training.",
    explanation="finish_epoch prints and saves the last row of the history: append it first.",
    hints=("What is self.history[-1] in finish_epoch?", "self.history.append(row), then self.finish_epoch()."),
)
def finished_too_early(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(finish_first=True)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the model is validated before the epoch",
    belief="Validation and training belong to the same row.",
    explanation="The row of an epoch shows the model after it: train first, then evaluate.",
    hints=("Which model do val_loss and val_accuracy show?", "train_epoch, then evaluate."),
)
def validates_before(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(validate_first=True)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the model is validated on its training data",
    belief="The loader has the data.",
    explanation="Validation data are those that the model has not learned from: the argument `validation`.",
    hints=("What do you pass to self.evaluate?", "self.evaluate(validation)."),
)
def validates_on_training_data(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(validate=lambda self, validation, loader: loader)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the validation is left out",
    belief="validation is for later.",
    explanation="After each epoch the validation data are evaluated, if there are any.",
    hints=("Which entries has a row of the history?", 'row["val_" + name] = value.'),
)
def never_validates(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(validate=lambda self, validation, loader: None)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the numbers of the validation replace those of the training",
    belief="row.update(self.evaluate(validation)).",
    explanation="Both have a loss and an accuracy: those of the validation get the names val_loss and val_accuracy.",
    hints=("Which entries has a row of the history?", 'row["val_" + name] = value.'),
)
def validation_replaces(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(name=lambda name: name)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the epochs are counted from 0",
    belief="len(self.history) is the number of the epoch.",
    explanation="The first epoch has the number 1.",
    hints=("Which number has the first row?", "len(self.history) + 1."),
)
def epochs_from_zero(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(number=lambda self, i: len(self.history))(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="a second fit counts from 1 again",
    belief="for epoch in range(epochs) counts the epochs.",
    explanation="The epochs of a trainer are counted through all calls: from the length of its history.",
    hints=("Which number has the first row of a second fit?", "len(self.history) + 1."),
)
def counts_again(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(number=lambda self, i: i + 1)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="a second fit has nothing to do",
    belief="The history has `epochs` rows in the end.",
    explanation="Without resume, fit trains `epochs` more: `last` of self.running is the number of the last epoch.",
    hints=("How many epochs does a second fit(1) train?", "len(self.history) < last, not < epochs."),
)
def second_fit_does_nothing(self: Any, *arguments: Any, **settings: Any) -> Any:
    rounds: Any = lambda self, last, epochs: max(0, epochs - len(self.history))  # noqa: E731
    return _fit_with(rounds=rounds)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the epochs are never finished",
    belief="The loop ends by itself.",
    explanation="finish_epoch saves the checkpoint and prints the row after every epoch.",
    hints=("Is anything printed with verbose=True?", "self.finish_epoch() at the end of each epoch."),
)
def never_finished(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(finish=lambda self, last: None)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="only the last epoch is finished",
    belief="The checkpoint is written at the end.",
    explanation="finish_epoch belongs into the loop: a run may be interrupted after any epoch.",
    hints=("How many lines does fit print for two epochs?", "Is self.finish_epoch() inside of the while loop?"),
)
def finished_once(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(finish=lambda self, last: last and self.finish_epoch())(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="nothing is returned",
    belief="The history is in the trainer.",
    explanation="It is also the result: history = trainer.fit(...).",
    hints=("What does your fit return?", "return self.history."),
)
def history_not_returned(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(result=lambda self: None)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="only the last row is returned",
    belief="The result is how good the model is now.",
    explanation="The result is the whole history, a row for each epoch.",
    hints=("What is the type of your result?", "return self.history."),
)
def last_row_returned(self: Any, *arguments: Any, **settings: Any) -> Any:
    return _fit_with(result=lambda self: self.history[-1])(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="the row has no seconds",
    belief="A row has what was measured.",
    explanation="It also has the seconds that the epoch took.",
    hints=("Which entries has a row of the history?", 'row["seconds"] = time.perf_counter() - began.'),
)
def without_seconds(self: Any, *arguments: Any, **settings: Any) -> Any:
    def row(new: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in new.items() if key != "seconds"}

    return _fit_with(row=row)(self, *arguments, **settings)


@misconception(
    "Trainer.fit",
    name="verbose is not passed on",
    belief="fit always prints.",
    explanation="verbose=False prints nothing: self.running has to know.",
    hints=("Is anything printed with verbose=False?", "running(loader, epochs, checkpoint, resume, verbose)."),
)
def always_verbose(
    self: Any,
    loader: Any,
    epochs: int,
    validation: Any = None,
    checkpoint: Any = None,
    resume: bool = False,
    verbose: bool = True,
) -> Any:
    return _fit(self, loader, epochs, validation, checkpoint, resume, True)
