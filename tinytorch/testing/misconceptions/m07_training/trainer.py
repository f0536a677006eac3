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


def _trainer(here: types.ModuleType, loss: Callable[[Any, Any], Any], **settings: Any) -> Any:
    """A trainer of a dense layer with dropout on what comes in, the layer's numbers always the same."""
    layers = importlib.import_module("tinytorch.core.layers")  # modules before this one are built
    optimizers = importlib.import_module("tinytorch.core.optimizers")
    model = layers.Sequential(layers.Dropout(0.0), layers.Linear(2, 1))
    for p, start in zip(model.parameters(), (0.7, -0.3), strict=True):
        p.data[...] = start
    trainer = here.Trainer(model, optimizers.SGD(model.parameters(), lr=0.1), loss, **settings)
    return trainer


def _half_square(outputs: Any, targets: Any) -> Any:
    return ((outputs - targets) ** 2).mean() * 0.5


# --- the training step ---


@draws("Trainer.training_step")
def _training_steps(generator: np.random.Generator, here: types.ModuleType) -> Case:
    clip_norm = float(generator.uniform(0.2, 0.6)) if generator.random() < 0.7 else None

    def steps(x: np.ndarray, y: np.ndarray) -> list[Any]:
        trainer = _trainer(here, _half_square, clip_norm=clip_norm)
        trainer.schedule = here.OneCycle(trainer.optimizer, 0.5, total_steps=10)
        facts: list[Any] = []
        step = trainer.optimizer.step

        def noted() -> None:
            facts.append("the optimizer's step")
            step()

        trainer.optimizer.step = noted
        for inputs, targets in zip(x, y, strict=True):
            loss, outputs = trainer.training_step(here.Tensor(inputs), here.Tensor(targets))
            facts += [loss, isinstance(loss, float), outputs.data, trainer.schedule.steps]
            facts += [p.data.copy() for p in trainer.model.parameters()]
            facts += [None if p.grad is None else p.grad.data for p in trainer.model.parameters()]
        with contextlib.suppress(FloatingPointError):
            trainer.training_step(here.Tensor(np.full((4, 2), np.nan)), here.Tensor(y[0]))
            facts.append("a loss that is not finite was let through")
        return facts + [np.isfinite(p.data) for p in trainer.model.parameters()]

    return Case(steps, generator.standard_normal((3, 4, 2)) + 1.0, generator.standard_normal((3, 4, 1)))


RIGHT = "check forget backward clip step schedule"


def _train(self: Any, inputs: Any, targets: Any, does: str = RIGHT) -> tuple[Any, Any]:
    """Trainer.training_step that does things in the order of `does`; returns the loss as a tensor."""
    outputs = self.model(inputs)
    loss = self.loss(outputs, targets)
    for thing in does.split():
        if thing == "check":
            self.check_finite(loss, inputs)
        elif thing == "forget":
            self.optimizer.zero_grad()
        elif thing == "backward":
            loss.backward()
        elif thing == "clip" and self.clip_norm is not None:
            home(self).clip_grad_norm(self.model.parameters(), self.clip_norm)
        elif thing == "step":
            self.optimizer.step()
        elif thing == "schedule" and self.schedule is not None:
            self.schedule.step()
    return loss, outputs


def _in_order(does: str) -> Callable[[Any, Any, Any], tuple[float, Any]]:
    def wrong(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        loss, outputs = _train(self, inputs, targets, does)
        return loss.item(), outputs

    return wrong


@misconception(
    "Trainer.training_step",
    name="the last step's gradients are not forgotten",
    belief="backward writes the gradients anew.",
    explanation="backward adds to what is there: each step would go along the sum of all gradients so far.",
    hints=("What is p.grad before backward, in the second step?", "self.optimizer.zero_grad() before loss.backward()."),
)
def never_forgets(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check backward clip step schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the gradients are forgotten between backward and step",
    belief="zero_grad belongs right before the step.",
    explanation="backward fills in what step needs; zero_grad in between empties it again, and nothing is learned.",
    hints=("What is p.grad when step is called?", "zero_grad, backward, step."),
)
def forgets_after_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check backward forget clip step schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the step comes before backward",
    belief="First the step, then the gradients for the next one.",
    explanation="Before backward there is no gradient of this loss: the step has nothing to go by.",
    hints=("What is p.grad when step is called?", "zero_grad, backward, step."),
)
def steps_before_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget step backward clip schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="no step is made",
    belief="backward changes the weights.",
    explanation="backward only computes gradients; optimizer.step() is what moves the weights.",
    hints=("Which line changes a weight?", "self.optimizer.step() after backward."),
)
def never_steps(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget backward clip schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="clip_norm is ignored",
    belief="Clipping happens in the optimizer.",
    explanation="The trainer clips, between backward and step, if clip_norm is given.",
    hints=("Where do you look at self.clip_norm?", "clip_grad_norm(self.model.parameters(), self.clip_norm)."),
)
def never_clips(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget backward step schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the gradients are clipped after the step",
    belief="Clipping prepares the next step.",
    explanation="The step has been made with the long gradients then, and zero_grad throws the short ones away.",
    hints=("Which gradients does the step use?", "backward, clip, step."),
)
def clips_after_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget backward step clip schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the gradients are clipped before backward",
    belief="First everything is prepared, then backward runs.",
    explanation="Before backward there is nothing to clip: the gradients of this step do not exist yet.",
    hints=("What is p.grad when you clip?", "backward, clip, step."),
)
def clips_before_backward(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget clip backward step schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the schedule stands still",
    belief="The schedule counts by itself.",
    explanation="A schedule goes on when it is told to: schedule.step() once per training step.",
    hints=("What is schedule.steps after one training step?", "if self.schedule is not None: self.schedule.step()."),
)
def schedule_stands_still(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget backward clip step")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the schedule's step comes before the optimizer's",
    belief="The rate is set, then used.",
    explanation="The schedule has set the rate of this step already; its step() sets that of the *next* one.",
    hints=("With which rate is the very first step made?", "optimizer.step(), then schedule.step()."),
)
def schedule_first(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("check forget backward clip schedule step")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the loss is not checked",
    belief="A loss of nan will be noticed.",
    explanation="After one step with a nan loss every weight is nan: self.check_finite stops before that.",
    hints=("What are the weights after a step with a nan loss?", "self.check_finite(loss, inputs) before backward."),
)
def never_checks(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("forget backward clip step schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the loss is checked after the step",
    belief="A check comes at the end.",
    explanation="By then the weights are nan: check before anything is changed.",
    hints=("What are the weights when the error is raised?", "Forward, loss, check; then the rest."),
)
def checks_after_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    return _in_order("forget backward clip step check schedule")(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the loss is returned as a tensor",
    belief="The loss is what was computed.",
    explanation="A tensor keeps the graph of the whole step alive as long as it is kept; loss.item() is the number.",
    hints=("What is the type of the loss that you return?", "return loss.item(), outputs."),
)
def loss_is_a_tensor(self: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
    return _train(self, inputs, targets)


@misconception(
    "Trainer.training_step",
    name="the loss after the step is returned",
    belief="The result of a step is the loss that it led to.",
    explanation="That would take a second forward pass. What is returned is the loss that backward started from.",
    hints=("How often do you call the model?", "The first loss is the one: loss.item()."),
)
def loss_after_the_step(self: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    _, outputs = _train(self, inputs, targets)
    return self.loss(self.model(inputs), targets).item(), outputs


# --- the evaluation ---


@draws("Trainer.evaluate")
def _evaluations(generator: np.random.Generator, here: types.ModuleType) -> Case:
    def evaluated(*arrays: np.ndarray) -> list[Any]:
        seen = []

        def noted(outputs: Any, targets: Any) -> Any:
            seen.extend([trainer.model.training, outputs.requires_grad])
            return _half_square(outputs, targets)

        trainer = _trainer(here, noted)
        tensors = [here.Tensor(array) for array in arrays]
        means = trainer.evaluate(list(zip(tensors[::2], tensors[1::2], strict=True)))
        weights = [p.data for p in trainer.model.parameters()]
        return [means["loss"], sorted(means) == ["loss"], *weights, trainer.model.training, seen]

    shapes = [(n, width) for n in (4, 2, 1) for width in (2, 1)]
    return Case(evaluated, *(generator.standard_normal(shape) for shape in shapes))


def _evaluate(
    self: Any,
    loader: Any,
    count: Callable[[Any], int] = len,
    training: bool = False,
    graph: bool = False,
    batches: Callable[[Any], Any] = iter,
) -> dict[str, float]:
    """Trainer.evaluate with one thing changed; mode and meter are the given part."""
    here = home(self)
    was_training, meter = self.model.training, here.Meter()
    self.model.train(training)
    try:
        with contextlib.nullcontext() if graph else here.no_grad():
            for inputs, targets in batches(loader):
                outputs = self.model(inputs)
                meter.add(count(inputs), here.measures(self.loss(outputs, targets), outputs, targets))
    finally:
        self.model.train(was_training)
    return meter.means()


@misconception(
    "Trainer.evaluate",
    name="every batch counts the same, however many examples it has",
    belief="The mean of the batches' means is the mean.",
    explanation="The last batch is smaller: its examples would weigh more than the others. Weight it with its length.",
    hints=(
        "Losses 0.5 of three examples and 4.5 of one: what is the mean of the four?",
        "meter.add(len(inputs), ...), not 1.",
    ),
)
def batches_count_alike(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, count=lambda inputs: 1)


@misconception(
    "Trainer.evaluate",
    name="the evaluation runs in training mode",
    belief="The mode makes no difference to the result.",
    explanation="In training mode dropout drops at random and batch norm uses the batch: evaluation needs eval().",
    hints=("What is self.model.training inside of your loop?", "self.model.eval() stands above: leave it so."),
)
def in_training_mode(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, training=True)


@misconception(
    "Trainer.evaluate",
    name="the graph is recorded",
    belief="Without backward there is no graph.",
    explanation="The graph is recorded by the forward pass, and keeps every activation in memory: use no_grad().",
    hints=("What is outputs.requires_grad?", "with no_grad(): around the whole loop."),
)
def graph_recorded(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, graph=True)


@misconception(
    "Trainer.evaluate",
    name="only the first batch is looked at",
    belief="One batch shows how good it is.",
    explanation="The mean is over all examples of all batches.",
    hints=("How many batches has your loop seen?", "Is there a return inside of the loop?"),
)
def first_batch_only(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, batches=lambda loader: [next(iter(loader))])


@misconception(
    "Trainer.evaluate",
    name="only the last batch counts",
    belief="The loop's last loss is the result.",
    explanation="The mean is over all examples of all batches: add each batch to the meter.",
    hints=("Does meter.add stand inside of the loop?", "meter.add(len(inputs), measures(...)) for each batch."),
)
def last_batch_only(self: Any, loader: Any) -> dict[str, float]:
    return _evaluate(self, loader, batches=lambda loader: list(loader)[-1:])


@misconception(
    "Trainer.evaluate",
    name="the model learns from the evaluation's data",
    belief="training_step gives loss and outputs, so it can be used here.",
    explanation="training_step changes the weights. Whoever evaluates only looks: forward and loss.",
    hints=("Are the weights the same afterwards?", "self.model(inputs) and self.loss(...), nothing more."),
)
def learns_from_it(self: Any, loader: Any) -> dict[str, float]:
    here = home(self)
    was_training, meter = self.model.training, here.Meter()
    self.model.eval()
    try:
        for inputs, targets in loader:
            loss, outputs = self.training_step(inputs, targets)
            meter.add(len(inputs), here.measures(loss, outputs, targets))
    finally:
        self.model.train(was_training)
    return meter.means()
