"""What all optimizers share: zero_grad and step."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m06_optimizers.descent import Array, State


def _books(generator: np.random.Generator, home: types.ModuleType) -> Case:
    """Two steps of an optimizer whose update counts, over two groups; the last parameter has no gradient."""

    def two_steps(start: Array, gradients: Array) -> list[Any]:
        class Counting(home.Optimizer):  # type: ignore[name-defined]
            def update(self, data: Array, grad: Array, state: State, lr: float) -> None:
                state["seen"] = state.get("seen", 0) + 1
                data -= lr * state["seen"] * grad

        weights = [home.Tensor(row.copy(), requires_grad=True) for row in start]
        optimizer = Counting([{"params": weights[:2]}, {"params": weights[2:], "lr": 0.5}], {"lr": 0.1})
        for w, gradient in zip(weights, gradients, strict=False):
            w.grad = home.Tensor(gradient)
        for _ in range(2):
            optimizer.step()
        facts: list[Any] = [w.data for w in weights]
        facts += [w in optimizer.state for w in weights]
        facts += [w.grad is None for w in weights]
        optimizer.zero_grad()
        return facts + [None if w.grad is None else w.grad.data for w in weights]

    return Case(two_steps, generator.standard_normal((4, 2)), generator.standard_normal((3, 2)))


draws("Optimizer.zero_grad")(_books)
draws("Optimizer.step")(_books)


@misconception(
    "Optimizer.zero_grad",
    name="the gradients stay",
    belief="The next backward writes over the old gradients.",
    explanation="backward adds to what is there: without zero_grad a step goes along the sum of all gradients so far.",
    hints=("What is p.grad after zero_grad()?", "Set p.grad = None for every parameter of every group."),
)
def gradients_stay(self: Any) -> None:
    pass


@misconception(
    "Optimizer.zero_grad",
    name="only the first group's gradients are forgotten",
    belief="The parameters are those of the first group.",
    explanation="Parameters are in groups, and every group has some: all of them are to be forgotten.",
    hints=("How many entries has self.param_groups?", "Two loops: over the groups, and over each group's params."),
)
def first_group_forgotten(self: Any) -> None:
    for p in self.param_groups[0]["params"]:
        p.grad = None


@misconception(
    "Optimizer.zero_grad",
    name="the gradients are set to 0 in place of None",
    belief="A gradient of 0 and no gradient are the same.",
    explanation="With gradient 0 a parameter is still updated: decay and momentum move it. None leaves it alone.",
    hints=("Would step() skip a parameter whose gradient is 0?", "p.grad = None, not an array of zeros."),
)
def gradients_are_zeros(self: Any) -> None:
    for group in self.param_groups:
        for p in group["params"]:
            if p.grad is not None:
                p.grad = type(p)(np.zeros_like(p.data))


def _step(
    self: Any,
    groups: Callable[[list[Any]], list[Any]] = list,
    settings: Callable[[Any, State], State] = lambda self, group: group,
    gradient: Callable[[Any], Array | None] = lambda p: None if p.grad is None else p.grad.data,
    data: Callable[[Any], Array] = lambda p: p.data,
    state: Callable[[Any, State, Any], State] = lambda self, group, p: self.state_of(p),
) -> None:
    """Optimizer.step with one thing changed."""
    for group in groups(self.param_groups):
        handed = {name: value for name, value in settings(self, group).items() if name != "params"}
        for p in group["params"]:
            grad = gradient(p)
            if grad is not None:
                self.update(data(p), grad, state(self, group, p), **handed)


@misconception(
    "Optimizer.step",
    name="a group's own settings are ignored",
    belief="The optimizer has one learning rate.",
    explanation="Each group carries all settings, its own ones and defaults for the rest: take them from the group.",
    hints=(
        "The second group has lr 0.5. Which lr does update get?",
        "`group` holds every setting; self.defaults holds only what is used where a group has nothing of its own.",
        "settings = {name: value for name, value in group.items() if name != 'params'}.",
    ),
)
def settings_are_the_defaults(self: Any) -> None:
    _step(self, settings=lambda self, group: self.defaults)


@misconception(
    "Optimizer.step",
    name="only the first group is updated",
    belief="The parameters are those of the first group.",
    explanation="A new last layer with an lr of its own is a second group: it must learn, too.",
    hints=("How many groups has the optimizer in the test?", "for group in self.param_groups: ..."),
)
def first_group_only(self: Any) -> None:
    _step(self, groups=lambda groups: groups[:1])


@misconception(
    "Optimizer.step",
    name="a missing gradient is taken as 0",
    belief="No gradient means that the gradient is 0.",
    explanation="Without a gradient a parameter took no part: with one of 0 decay and momentum would move it.",
    hints=("What is p.grad of a parameter that the loss does not depend on?", "if p.grad is not None: ..."),
)
def missing_is_zero(self: Any) -> None:
    _step(self, gradient=lambda p: np.zeros_like(p.data) if p.grad is None else p.grad.data)


@misconception(
    "Optimizer.step",
    name="the parameters of a group share one state",
    belief="An optimizer has a velocity.",
    explanation="Each parameter has a velocity of its own: self.state_of(p) is the state of this one.",
    hints=("Two weights, two gradients: how many velocities?", "self.state_of(p), for the p that is updated."),
)
def state_shared(self: Any) -> None:
    _step(self, state=lambda self, group, p: self.state_of(group["params"][0]))


@misconception(
    "Optimizer.step",
    name="each step starts with an empty state",
    belief="The state is for use within the step.",
    explanation="Momentum is memory: what update puts into the state must be there at the next step.",
    hints=("Where does the dict live that you hand to update?", "self.state_of(p) gives the same dict each time."),
)
def state_forgotten(self: Any) -> None:
    _step(self, state=lambda self, group, p: {})


@misconception(
    "Optimizer.step",
    name="copies of the parameters are updated",
    belief="It is safer to work on a copy.",
    explanation="update changes the array that it gets: that must be the parameter's own, or the step is lost.",
    hints=("Whose array does update write into?", "Hand over p.data itself."),
)
def copies_updated(self: Any) -> None:
    _step(self, data=lambda p: p.data.copy())


@misconception(
    "Optimizer.step",
    name="step forgets the gradients, too",
    belief="After the step the gradients are of no use.",
    explanation="The caller says when, by zero_grad: the gradients of several batches may be added up.",
    hints=("What is p.grad after step()?", "step changes the parameters, zero_grad the gradients."),
)
def step_forgets(self: Any) -> None:
    _step(self)
    for group in self.param_groups:
        for p in group["params"]:
            p.grad = None
