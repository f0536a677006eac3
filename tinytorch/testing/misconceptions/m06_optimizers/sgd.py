"""Gradient descent with momentum."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m06_optimizers.descent import Array, Settings, State, descent


@draws("SGD.update")
def _sgd_descents(generator: np.random.Generator, home: types.ModuleType) -> Case:
    kind = generator.choice(["plain", "momentum", "dampened", "nesterov"], p=[0.1, 0.2, 0.3, 0.4])
    settings: State = {"weight_decay": float(generator.choice([0.0, 0.3]))}
    if kind != "plain":
        settings["momentum"] = float(generator.uniform(0.3, 0.9))
    if kind == "dampened":
        settings["dampening"] = float(generator.uniform(0.2, 0.8))
    return descent(home, "SGD", generator, settings | {"nesterov": kind == "nesterov"})


def _velocity(s: Settings, v: Array, g: Array) -> Array:
    return s.momentum * v + (1 - s.dampening) * g


def _direction(s: Settings, g: Array, v: Array) -> Array:
    return g + s.momentum * v if s.nesterov else v


def _sgd(
    data: Array,
    grad: Array,
    state: State,
    settings: State,
    velocity: Callable[[Settings, Array, Array], Array] = _velocity,
    first: Callable[[Settings, Array], Array] = lambda s, g: g,
    direction: Callable[[Settings, Array, Array], Array] = _direction,
) -> None:
    """SGD.update with one thing changed: the velocity at the first step or later, or what is stepped along."""
    s = Settings(**settings)
    g = step = grad + s.weight_decay * data
    if s.momentum:
        if "momentum_buffer" in state:
            v = state["momentum_buffer"]
            v[...] = velocity(s, v, g)
        else:
            v = state["momentum_buffer"] = np.array(first(s, g))
        step = direction(s, g, v)
    data -= s.lr * step


@misconception(
    "SGD.update",
    name="the weight goes uphill",
    belief="The gradient shows where to go.",
    explanation="The gradient points where the loss grows. Descent goes the other way: lr times it is subtracted.",
    hints=("The gradient is positive. Should the weight grow or shrink?", "data -= ..., not +=."),
)
def uphill(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    before = data.copy()
    _sgd(data, grad, state, settings)
    data[...] = 2 * before - data


@misconception(
    "SGD.update",
    name="the parameter keeps its old array",
    belief="data = data - lr * g changes the parameter.",
    explanation="Assigning gives the name `data` to a new array; the parameter still holds the old one. Work in place.",
    hints=("Which array does p.data mean after your line?", "`data -= lr * g` writes into the array that is there."),
)
def not_in_place(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data.copy(), grad, state, settings)


@misconception(
    "SGD.update",
    name="the gradient's own array is written into",
    belief="After the step nobody needs the gradient.",
    explanation="The gradient is the caller's, who may look at it or add to it. Make an array of your own.",
    hints=("What is w.grad after your step?", "grad += ... changes it; grad + ... is a new array."),
)
def gradient_overwritten(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    before = data.copy()
    _sgd(data, grad, state, settings)
    grad[...] = before - data


@misconception(
    "SGD.update",
    name="momentum is ignored",
    belief="The step is lr times the gradient.",
    explanation="With momentum the step is lr times the velocity, in which the earlier gradients live on.",
    hints=("Is anything in `state` after your step?", "v = momentum * v + g, kept in state['momentum_buffer']."),
)
def momentum_ignored(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings | {"momentum": 0})


@misconception(
    "SGD.update",
    name="the velocity is subtracted from the gradient",
    belief="Momentum is a brake.",
    explanation="The ball keeps its velocity: v = momentum * v + g. With a minus it turns back at every step.",
    hints=("The same gradient three times: do the steps grow or shrink?", "v *= momentum, then v += g."),
)
def velocity_subtracted(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, velocity=lambda s, v, g: (1 - s.dampening) * g - s.momentum * v)


@misconception(
    "SGD.update",
    name="the velocity is an average of the gradients",
    belief="Momentum 0.9 means nine tenths of the old and one tenth of the new.",
    explanation="The gradient is added in full, v = momentum * v + g, so that v grows up to g / (1 - momentum).",
    hints=(
        "The gradient stays 1 and momentum is 0.9. Where does v go? To 10.",
        "There is no factor 1 - momentum before g.",
    ),
)
def velocity_averaged(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, velocity=lambda s, v, g: s.momentum * v + (1 - s.momentum) * g)


@misconception(
    "SGD.update",
    name="the learning rate is inside the velocity",
    belief="v = momentum * v + lr * g is the same thing.",
    explanation="It is while lr stays the same. When a schedule changes lr, the whole velocity must follow at once.",
    hints=(
        "lr falls from 0.1 to 0.01 between two steps. How far does the old velocity still carry?",
        "v holds gradients; lr is multiplied in when v is subtracted from the data.",
    ),
)
def lr_in_velocity(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    g = grad + settings["weight_decay"] * data
    _sgd(data, settings["lr"] * g, state, settings | {"weight_decay": 0, "lr": 1})


@misconception(
    "SGD.update",
    name="the learning rate is multiplied in twice",
    belief="The gradient is scaled by lr, and so is the step.",
    explanation="v = momentum * v + g without lr; then the step is lr * v.",
    hints=("How often does lr stand in your code, on the way of one gradient?", "Not in the velocity: in the step."),
)
def lr_twice(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    g = grad + settings["weight_decay"] * data
    _sgd(data, settings["lr"] * g, state, settings | {"weight_decay": 0})


@misconception(
    "SGD.update",
    name="the velocity at the first step is 0",
    belief="What is at rest has no velocity.",
    explanation="At the first step the velocity is g: the first step is the plain one.",
    hints=("What is the weight after the first step?", "state['momentum_buffer'] = g where there is none yet."),
)
def starts_at_rest(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, first=lambda s, g: np.zeros_like(g))


@misconception(
    "SGD.update",
    name="the velocity is the gradient's own array",
    belief="At the first step v is the gradient.",
    explanation="v has the gradient's numbers, but as the same array: v *= momentum then changes the gradient.",
    hints=(
        "What is the first gradient after the second step?",
        "state['momentum_buffer'] = grad keeps that array. grad + ... or grad.copy() makes another one.",
    ),
)
def velocity_is_the_gradient(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    s = Settings(**settings)
    g = grad
    if s.weight_decay:
        g = grad + s.weight_decay * data
    if s.momentum:
        if "momentum_buffer" in state:
            v = state["momentum_buffer"]
            v *= s.momentum
            v += (1 - s.dampening) * g
        else:
            v = state["momentum_buffer"] = g
        g = _direction(s, g, v)
    data -= s.lr * g


@misconception(
    "SGD.update",
    name="the velocity is not kept",
    belief="v = momentum * v + g changes the velocity.",
    explanation="It makes a new array, and the state still holds the old one. Write into it, or store the new one.",
    hints=("What is state['momentum_buffer'] after the second step?", "v *= momentum, then v += g."),
)
def velocity_not_kept(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    before = {name: array.copy() for name, array in state.items()}
    _sgd(data, grad, state, settings)
    state.update(before)


@misconception(
    "SGD.update",
    name="the parameters share one velocity",
    belief="The velocity belongs to the optimizer.",
    explanation="Each parameter has a velocity of its own shape: it is kept in `state`, not in self.",
    hints=("Where do you keep v?", "state['momentum_buffer']."),
)
def velocity_in_the_optimizer(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    shared = self.__dict__.setdefault("velocity", {})
    _sgd(data, grad, shared, settings)


@misconception(
    "SGD.update",
    name="the first gradient is dampened, too",
    belief="The velocity starts at 0 and the rule is always the same.",
    explanation="As in torch the velocity is g itself at the first step; dampening weakens the gradients after it.",
    hints=("With dampening 0.5, how long is the first step?", "1 - dampening is for the branch with an old velocity."),
)
def first_dampened(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, first=lambda s, g: (1 - s.dampening) * g)


@misconception(
    "SGD.update",
    name="dampening is ignored",
    belief="v = momentum * v + g is all there is.",
    explanation="The gradient comes in with the factor 1 - dampening: v = momentum * v + (1 - dampening) * g.",
    hints=("Where does `dampening` stand in your code?", "v += (1 - dampening) * g."),
)
def dampening_ignored(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings | {"dampening": 0})


@misconception(
    "SGD.update",
    name="nesterov changes nothing",
    belief="g + momentum * v, with the velocity of before, is a look ahead.",
    explanation="That sum is the new velocity, the plain step. Nesterov adds momentum times the *new* velocity to g.",
    hints=("Which v do you add: the one before this step's gradient, or after?", "First v, then g + momentum * v."),
)
def nesterov_ignored(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings | {"nesterov": False})


@misconception(
    "SGD.update",
    name="nesterov adds momentum * velocity to the velocity, not to the gradient",
    belief="The look ahead comes on top of the usual step.",
    explanation="The velocity contains the gradient already: the step is along g + momentum * v.",
    hints=("In the first step v is g. How long is the step? (1 + momentum) * g.", "At the second, is it g or v?"),
)
def nesterov_on_velocity(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, direction=lambda s, g, v: v + s.momentum * v if s.nesterov else v)


@misconception(
    "SGD.update",
    name="nesterov leaves out the gradient",
    belief="The look ahead is momentum * velocity.",
    explanation="The step is along g + momentum * v: the gradient's own part must not be lost.",
    hints=("The first step: along momentum * g, or more?", "lr * (g + momentum * v)."),
)
def nesterov_without_gradient(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings, direction=lambda s, g, v: s.momentum * v if s.nesterov else v)


@misconception(
    "SGD.update",
    name="weight decay is left out",
    belief="`grad` is the gradient.",
    explanation="g is grad + weight_decay * w, and everything is computed from g.",
    hints=("The gradient is 0 and the weight is 1. Should the weight move?", "g = grad + weight_decay * data."),
)
def decay_left_out(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings | {"weight_decay": 0})


@misconception(
    "SGD.update",
    name="weight decay pushes the weight away from 0",
    belief="Decay is subtracted from the gradient.",
    explanation="The step subtracts: weight_decay * w is added to the gradient so that the weight shrinks.",
    hints=("The gradient is 0 and the weight is 1. Where should the weight go?", "g = grad + weight_decay * w."),
)
def decay_pushes_away(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    _sgd(data, grad, state, settings | {"weight_decay": -settings["weight_decay"]})


@misconception(
    "SGD.update",
    name="weight decay acts beside the velocity",
    belief="The decay is not a gradient, so it gathers no momentum.",
    explanation="In SGD weight decay is part of g, and goes through the velocity like the rest.",
    hints=("The gradient is always 0: does the velocity stay 0?", "The velocity is made from g, not grad."),
)
def decay_beside_velocity(self: Any, data: Array, grad: Array, state: State, **settings: Any) -> None:
    before = data.copy()
    _sgd(data, grad, state, settings | {"weight_decay": 0})
    data -= settings["lr"] * settings["weight_decay"] * before
