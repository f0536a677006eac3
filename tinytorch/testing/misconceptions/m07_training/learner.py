"""The training step and the evaluation."""

from __future__ import annotations

import contextlib
import importlib
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, home, misconception


def _learner(here: types.ModuleType, loss: Callable[[Any, Any], Any], **settings: Any) -> Any:
    """Return a learner with dropout before a dense layer, whose numbers are always the same."""
    layers = importlib.import_module("tinytorch.core.layers")  # the chapters before this one are built
    optimizers = importlib.import_module("tinytorch.core.optimizers")
    model = layers.Sequential(layers.Dropout(0.0), layers.Linear(2, 1))
    for p, start in zip(model.parameters(), (0.7, -0.3), strict=True):
        p.data[...] = start
    return here.Learner(model, optimizers.SGD(model.parameters(), lr=0.1), loss, **settings)


def _half_square(outputs: Any, targets: Any) -> Any:
    return ((outputs - targets) ** 2).mean() * 0.5


# --- the training step ---


@draws("Learner.training_step")
def _training_steps(generator: np.random.Generator, here: types.ModuleType) -> Case:
    clip_norm = float(generator.uniform(0.2, 0.6)) if generator.random() < 0.7 else None

    def steps(x: np.ndarray, y: np.ndarray) -> list[Any]:
        learner = _learner(here, _half_square, clip_norm=clip_norm)
        learner.schedule = here.OneCycle(learner.optimizer, 0.5, total_steps=10)
        facts: list[Any] = []
        step = learner.optimizer.step

        def recorded() -> None:
            facts.append("the optimizer's step")
            step()

        learner.optimizer.step = recorded
        for inputs, targets in zip(x, y, strict=True):
            loss, outputs = learner.training_step(here.Tensor(inputs), here.Tensor(targets))
            facts += [loss, isinstance(loss, float), outputs.data, learner.schedule.steps, learner.steps]
            facts += [p.data.copy() for p in learner.model.parameters()]
            facts += [None if p.grad is None else p.grad.data for p in learner.model.parameters()]
        with contextlib.suppress(FloatingPointError):
            learner.training_step(here.Tensor(np.full((4, 2), np.nan)), here.Tensor(y[0]))
            facts.append("a loss that is not finite was let through")
        return [*facts, learner.steps, *(np.isfinite(p.data) for p in learner.model.parameters())]

    return Case(steps, generator.standard_normal((3, 4, 2)) + 1.0, generator.standard_normal((3, 4, 1)))


RIGHT = "check clear backward clip step schedule count"


def _train(self: Any, inputs: Any, targets: Any, does: str = RIGHT) -> tuple[Any, Any]:
    """Learner.training_step that does things in the order of `does`; returns the loss as a tensor."""
    outputs = self.model(inputs)
    loss = self.loss(outputs, targets)
    for thing in does.split():
        if thing == "check":
            self.check_finite(loss, inputs)
        elif thing == "clear":
            self.optimizer.zero_grad()
        elif thing == "backward":
            loss.backward()
        elif thing == "clip" and self.clip_norm is not None:
            home(self).clip_grad_norm(self.model.parameters(), self.clip_norm)
        elif thing == "step":
            self.optimizer.step()
        elif thing == "schedule" and self.schedule is not None:
            self.schedule.step()
        elif thing == "count":
            self.steps += 1
    return loss, outputs


def _in_order(does: str) -> Callable[[Any, Any, Any], tuple[float, Any]]:
    def wrong(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        loss, outputs = _train(self, inputs, targets, does)
        return loss.item(), outputs

    return wrong


@misconception(
    "Learner.training_step",
    name="the last step's gradients are not removed",
    belief="backward replaces the gradients.",
    explanation="backward adds to what is there: each step would go along the sum of all gradients so far.",
    hints=("What is p.grad before backward, in the second step?", "self.optimizer.zero_grad() before loss.backward()."),
)
def never_clears(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check backward clip step schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the gradients are removed between backward and step",
    belief="zero_grad belongs right before the step.",
    explanation="backward computes what step needs; zero_grad in between removes it, and nothing is learned.",
    hints=("What is p.grad when step is called?", "zero_grad, backward, step."),
)
def clears_after_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check backward clear clip step schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the step comes before backward",
    belief="First the step, then the gradients for the next one.",
    explanation="Before backward there is no gradient of this loss that the step could use.",
    hints=("What is p.grad when step is called?", "zero_grad, backward, step."),
)
def steps_before_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear step backward clip schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="no step is made",
    belief="backward changes the weights.",
    explanation="backward only computes gradients; optimizer.step() changes the weights.",
    hints=("Which line changes a weight?", "self.optimizer.step() after backward."),
)
def never_steps(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear backward clip schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="clip_norm is ignored",
    belief="Clipping happens in the optimizer.",
    explanation="training_step clips, between backward and step, if clip_norm is given.",
    hints=("Where do you look at self.clip_norm?", "clip_grad_norm(self.model.parameters(), self.clip_norm)."),
)
def never_clips(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear backward step schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the gradients are clipped after the step",
    belief="Clipping prepares the next step.",
    explanation="The step was made with the long gradients, and zero_grad removes the short ones.",
    hints=("Which gradients does the step use?", "backward, clip, step."),
)
def clips_after_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear backward step clip schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the gradients are clipped before backward",
    belief="Clipping prepares for backward.",
    explanation="Before backward there is nothing to clip: the gradients of this step do not exist yet.",
    hints=("What is p.grad when you clip?", "backward, clip, step."),
)
def clips_before_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear clip backward step schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the schedule does not go on",
    belief="The schedule counts by itself.",
    explanation="A schedule goes on only by schedule.step(), once per training step.",
    hints=("What is schedule.steps after one training step?", "if self.schedule is not None: self.schedule.step()."),
)
def schedule_forgotten(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear backward clip step count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the schedule's step comes before the optimizer's",
    belief="The rate is set, then used.",
    explanation="The schedule has set the rate of this step already; its step() sets that of the *next* one.",
    hints=("With which rate is the very first step made?", "optimizer.step(), then schedule.step()."),
)
def schedule_first(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check clear backward clip schedule step count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the loss is not checked",
    belief="A loss of nan will be noticed.",
    explanation="After one step with a nan loss every weight is nan: self.check_finite stops before that.",
    hints=("What are the weights after a step with a nan loss?", "self.check_finite(loss, inputs) before backward."),
)
def never_checks(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("clear backward clip step schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the loss is checked after the step",
    belief="A check comes at the end.",
    explanation="By then the weights are nan: check before anything is changed.",
    hints=("What are the weights when the error is raised?", "Forward, loss, check; then the rest."),
)
def checks_after_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("clear backward clip step check schedule count")(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the loss is returned as a tensor",
    belief="The loss is what was computed.",
    explanation="A tensor keeps the graph of the whole step alive as long as it is kept; loss.item() is the number.",
    hints=("What is the type of the loss that you return?", "return loss.item(), outputs."),
)
def loss_is_a_tensor(self: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
    return _train(self, inputs, targets)


@misconception(
    "Learner.training_step",
    name="the loss after the step is returned",
    belief="The result of a step is the loss that it led to.",
    explanation="That would take a second forward pass. What is returned is the loss that backward started from.",
    hints=("How often do you call the model?", "The first loss is the one: loss.item()."),
)
def loss_after_the_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    _, outputs = _train(self, inputs, targets)
    return self.loss(self.model(inputs), targets).item(), outputs


@misconception(
    "Learner.training_step",
    name="the steps are not counted",
    belief="Somebody else counts.",
    explanation="`steps` counts the training steps: messages and checkpoints need it.",
    hints=("What is learner.steps after one training step?", "self.steps += 1."),
)
def steps_not_counted(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    loss, outputs = _train(self, inputs, targets, "check clear backward clip step schedule")
    return loss.item(), outputs


@misconception(
    "Learner.training_step",
    name="a step that was refused is counted, too",
    belief="The step begins with its number.",
    explanation="A loss that is not finite changes nothing, and is no step: count after the check.",
    hints=("What is learner.steps after a nan loss in the first step?", "self.steps += 1 at the end."),
)
def counted_before_the_check(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    loss, outputs = _train(self, inputs, targets, "count check clear backward clip step schedule")
    return loss.item(), outputs


@misconception(
    "Learner.training_step",
    name="each parameter is clipped by itself",
    belief="Every parameter's gradient is clipped to clip_norm.",
    explanation="All gradients together are one vector: one call of clip_grad_norm with all parameters.",
    hints=("How often do you call clip_grad_norm in one step?", "clip_grad_norm(self.model.parameters(), ...)."),
)
def clips_each_parameter(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    loss, outputs = _train(self, inputs, targets, "check clear backward")
    for p in self.model.parameters():
        if self.clip_norm is not None:
            home(self).clip_grad_norm([p], self.clip_norm)
    self.optimizer.step()
    if self.schedule is not None:
        self.schedule.step()
    self.steps += 1
    return loss.item(), outputs


# --- the evaluation ---


@draws("Learner.evaluate")
def _evaluations(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def evaluated(*arrays: np.ndarray) -> list[Any]:
        seen: list[Any] = []

        def recorded(outputs: Any, targets: Any) -> Any:
            seen.extend([learner.model.training, outputs.requires_grad])
            return _half_square(outputs, targets)

        learner = _learner(here, recorded)
        tensors = [here.Tensor(array) for array in arrays]
        batches = list(zip(tensors[::2], tensors[1::2], strict=True))
        facts: list[Any] = []
        for mode, loader in ((True, batches), (False, batches[:2]), (True, [*batches, None])):
            learner.model.train(mode)
            try:
                means = learner.evaluate(loader)
                facts += [means["loss"], sorted(means) == ["loss"]]
            except (TypeError, KeyError) as error:
                facts.append(type(error).__name__)
            facts += [learner.model.training, learner.steps, *(p.data.copy() for p in learner.model.parameters())]
        return [*facts, seen]

    shapes = [(n, width) for n in (4, 2, 1) for width in (2, 1)]
    return Case(evaluated, *(generator.standard_normal(shape) for shape in shapes))


def _evaluate(
    self: Any,
    loader: Any,
    count: Callable[[Any], int] = len,
    training: bool = False,
    graph: bool = False,
    batches: Callable[[Any], Any] = iter,
    restore: Callable[[Any, bool], Any] = lambda model, mode: model.train(mode),
    after_error: bool = True,
) -> dict[str, float]:
    """Learner.evaluate with one thing changed."""
    here = home(self)
    mode, meter = self.model.training, here.Meter()
    self.model.train(training)
    try:
        with contextlib.nullcontext() if graph else here.no_grad():
            for inputs, targets in batches(loader):
                outputs = self.model(inputs)
                meter.add(count(inputs), here.measures(self.loss(outputs, targets), outputs, targets))
    except BaseException:
        if after_error:
            restore(self.model, mode)
        raise
    restore(self.model, mode)
    return meter.means()


@misconception(
    "Learner.evaluate",
    name="every batch counts the same, however many examples it has",
    belief="The mean of the batches' means is the mean.",
    explanation="The last batch is smaller: its examples would have more weight. Pass its length to meter.add.",
    hints=(
        "Losses 0.5 of three examples and 4.5 of one: what is the mean of the four?",
        "meter.add(len(inputs), ...), not 1.",
    ),
)
def batches_count_alike(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, count=lambda inputs: 1)


@misconception(
    "Learner.evaluate",
    name="the model stays in the mode that it had",
    belief="The mode makes no difference to the result.",
    explanation="In train mode dropout drops at random and batch norm uses the batch: evaluation needs eval().",
    hints=("What is self.model.training inside of your loop?", "self.model.eval() before the loop."),
)
def in_training_mode(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, training=self.model.training)


@misconception(
    "Learner.evaluate",
    name="the graph is recorded",
    belief="Without backward there is no graph.",
    explanation="The graph is recorded by the forward pass, and keeps every activation in memory: use no_grad().",
    hints=("What is outputs.requires_grad?", "with no_grad(): around the whole loop."),
)
def graph_recorded(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, graph=True)


@misconception(
    "Learner.evaluate",
    name="only the first batch is evaluated",
    belief="One batch shows how good the model is.",
    explanation="The mean is over all examples of all batches.",
    hints=("How many batches has your loop seen?", "Is there a return inside of the loop?"),
)
def first_batch_only(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, batches=lambda loader: [next(iter(loader))])


@misconception(
    "Learner.evaluate",
    name="only the last batch counts",
    belief="The loop's last loss is the result.",
    explanation="The mean is over all examples of all batches: add each batch to the meter.",
    hints=("Does meter.add stand inside of the loop?", "meter.add(len(inputs), measures(...)) for each batch."),
)
def last_batch_only(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, batches=lambda loader: list(loader)[-1:])


@misconception(
    "Learner.evaluate",
    name="the model learns from the evaluation's data",
    belief="training_step gives loss and outputs, so it can be used here.",
    explanation="training_step changes the weights. An evaluation is the forward pass and the loss.",
    hints=("Are the weights the same afterwards?", "self.model(inputs) and self.loss(...), nothing more."),
)
def learns_from_it(self: Any, loader: Any) -> dict[str, float]:
    here = home(self)
    mode, meter = self.model.training, here.Meter()
    self.model.eval()
    try:
        for inputs, targets in loader:
            loss, outputs = self.training_step(inputs, targets)
            meter.add(len(inputs), here.measures(loss, outputs, targets))
    finally:
        self.model.train(mode)
    return meter.means()


@misconception(
    "Learner.evaluate",
    name="the model stays in eval mode",
    belief="The next training step sets the mode.",
    explanation="It does not: training goes on without dropout. Restore the mode that the model had.",
    hints=("What is model.training after evaluate?", "self.model.train(mode) at the end."),
)
def stays_in_eval_mode(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, restore=lambda model, mode: None)


@misconception(
    "Learner.evaluate",
    name="the model is always put into train mode at the end",
    belief="After an evaluation training goes on.",
    explanation="A model that was in eval mode stays in it: restore the mode that it had.",
    hints=("What is model.training afterwards, if it was False before?", "mode = self.model.training at first."),
)
def always_train_mode(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, restore=lambda model, mode: model.train())


@misconception(
    "Learner.evaluate",
    name="the mode is not restored after an error",
    belief="What stands after the loop is always done.",
    explanation="An error in the loop skips what follows. Under `finally:` it is done in any case.",
    hints=("What is model.training after a batch that fails?", "try: ... finally: self.model.train(mode)."),
)
def not_restored_after_error(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, after_error=False)


@misconception(
    "Learner.evaluate",
    name="only the loss is returned, as a number",
    belief="An evaluation gives a number.",
    explanation='The result is a dict of all means, {"loss": ..., "accuracy": ...}.',
    hints=("What is the type of your result?", "return meter.means()."),
)
def returns_a_number(self: Any, loader: Any) -> Any:
    return _evaluate(self, loader)["loss"]
