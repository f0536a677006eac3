"""Parameter groups, what is saved of them, and the step through them."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.optimizers import as_groups
from tinytorch.testing.case import Case
from tinytorch.testing.misconceptions import draws, misconception
from tinytorch.testing.misconceptions.m06_optimizers.descent import Array, State, tensor

# --- parameter groups ---


def _uses(generator: np.random.Generator, home: types.ModuleType) -> Case:
    """What is done with groups, and everything that can be seen of it afterwards, errors included."""

    def use_groups(numbers: Array) -> list[Any]:
        parameters = [tensor(np.array([float(i)]), requires_grad=True) for i in range(4)]
        a, b, c, d = parameters
        positions = [[0, 1], [2], [3]]
        settings = [{"lr": float(numbers[i]), "decay": 0.5} for i in range(3)]
        other = {
            "state": {1: {"m": numbers[3:4].copy(), "count": 2}, 2: {"m": numbers[4:5].copy(), "count": 3}},
            "param_groups": [{**s, "params": p} for s, p in zip(settings, positions, strict=True)],
        }
        groups = home.ParameterGroups([{"params": [a, b]}, {"params": [c], "lr": 0.5}], {"lr": 0.1, "decay": 0.0})
        facts: list[Any] = [len(groups.state)]

        def add() -> list[Any]:
            groups.add_param_group({"params": d, "decay": 0.3})
            return [*_seen(groups, parameters), *groups.defaults.values()]

        def save() -> list[Any]:
            groups.state.clear()
            for p, number in ((d, numbers[0]), (a, numbers[1]), (c, numbers[2])):
                groups.state[p] = {"m": np.array([number]), "count": 1}
            saved = groups.state_dict()
            groups.state[a]["m"] += 1.0
            return _saved(saved) + _seen(groups, parameters)

        def load() -> list[Any]:
            groups.load_state_dict(other)
            loaded = _seen(groups, parameters)
            for kept in groups.state.values():
                kept["m"] += 1.0
            groups.param_groups[0]["lr"] = 7.0
            return loaded + _saved(other)

        for use in (add, save, load):
            try:
                facts += use()
            except Exception as error:
                facts.append(f"{type(error).__name__}: {error}")
        return facts

    return Case(use_groups, generator.uniform(1.0, 2.0, 5))


def _seen(groups: Any, parameters: list[Any]) -> list[Any]:
    """Settings, the places of the parameters, and their states; -1 for what is no parameter."""
    places = {id(p): i for i, p in enumerate(parameters)}
    facts: list[Any] = [len(groups.param_groups)]
    for group in groups.param_groups:
        facts += [group.get("lr", -1.0), group.get("decay", -1.0), [places.get(id(p), -1) for p in group["params"]]]
    return facts + [[places.get(id(p), -1), kept["m"].copy()] for p, kept in groups.state.items()]


def _saved(saved: dict[str, Any]) -> list[Any]:
    facts = [
        [type(p).__name__ if not isinstance(p, int) else p, kept["m"].copy(), kept["count"]]
        for p, kept in saved["state"].items()
    ]
    for group in saved["param_groups"]:
        params = [p if isinstance(p, int) else type(p).__name__ for p in group["params"]]
        facts.append([group.get("lr", -1.0), group.get("decay", -1.0), params])
    return facts


for _method in ("__init__", "add_param_group", "state_dict", "load_state_dict"):
    draws(f"ParameterGroups.{_method}")(_uses)


def _parameters(self: Any) -> list[Any]:
    return [p for group in self.param_groups for p in group["params"]]


@misconception(
    "ParameterGroups.__init__",
    name="only the first group is added",
    belief="The parameters are one list.",
    explanation="as_groups returns a list of groups, and each of them is added.",
    hints=("How many groups does as_groups return for a list of two dicts?", "for group in as_groups(self, params)."),
)
def first_group_added(self: Any, params: Any, defaults: State) -> None:
    self.defaults, self.param_groups, self.state = defaults, [], {}
    self.add_param_group(as_groups(self, params)[0])


@misconception(
    "ParameterGroups.__init__",
    name="the groups are stored without add_param_group",
    belief="as_groups returns the groups, so param_groups is that list.",
    explanation="add_param_group checks a group and gives it the defaults; without it settings are missing.",
    hints=("Has the first group an lr?", "self.add_param_group(group) for each group."),
)
def groups_not_added(self: Any, params: Any, defaults: State) -> None:
    self.defaults, self.param_groups, self.state = defaults, as_groups(self, params), {}


@misconception(
    "ParameterGroups.__init__",
    name="the state starts with an empty dict for every parameter",
    belief="Each parameter has a state, so each has an entry.",
    explanation="The state is empty at first; a parameter gets its entry at its first step, if it has a gradient.",
    hints=("What is optimizer.state before the first step?", "self.state = {}."),
)
def states_prepared(self: Any, params: Any, defaults: State) -> None:
    self.defaults, self.param_groups, self.state = defaults, [], {}
    for group in as_groups(self, params):
        self.add_param_group(group)
    self.state = {p: {} for p in _parameters(self)}


@misconception(
    "ParameterGroups.add_param_group",
    name="the defaults replace the group's own settings",
    belief="Defaults are filled in at the end.",
    explanation="A default is for a setting that the group does not have. In {**a, **b} the entries of b win.",
    hints=("The group has lr 0.5 and the default is 0.1. Which should win?", "{**self.defaults, **group}."),
)
def defaults_win(self: Any, group: State) -> None:
    self.param_groups.append({**group, **self.defaults})


@misconception(
    "ParameterGroups.add_param_group",
    name="the group is appended without the defaults",
    belief="A group holds what was given for it.",
    explanation="Each group has all settings, because step passes its settings on to update.",
    hints=("Which lr has a group that was given without one?", "{**self.defaults, **group}."),
)
def defaults_left_out(self: Any, group: State) -> None:
    self.param_groups.append(group)


@misconception(
    "ParameterGroups.add_param_group",
    name="all groups are one dict",
    belief="self.defaults.update(group) fills the group in.",
    explanation="update changes the defaults themselves, and every group is then that one dict. Make a new one.",
    hints=("What is self.defaults after the first group?", "{**self.defaults, **group} is a new dict."),
)
def defaults_updated(self: Any, group: State) -> None:
    self.defaults.update(group)
    self.param_groups.append(self.defaults)


@misconception(
    "ParameterGroups.add_param_group",
    name="the groups before are lost",
    belief="self.param_groups = [group] adds the group.",
    explanation="Assigning replaces the list. append adds to the one that is there.",
    hints=("How many groups are there after two calls?", "self.param_groups.append(...)."),
)
def groups_replaced(self: Any, group: State) -> None:
    self.param_groups = [{**self.defaults, **group}]


def _positions(self: Any) -> dict[Any, int]:
    return {p: i for i, p in enumerate(_parameters(self))}


def _state_dict(
    self: Any,
    positions: Callable[[Any], dict[Any, int]] = _positions,
    settings: Callable[[Any, State], State] = lambda self, group: group,
    kept: Callable[[State], State] = copy.deepcopy,
) -> dict[str, Any]:
    """ParameterGroups.state_dict with one thing changed."""
    position = positions(self)
    groups = [{**settings(self, g), "params": [position[p] for p in g["params"]]} for g in self.param_groups]
    return {"state": {position[p]: kept(state) for p, state in self.state.items()}, "param_groups": groups}


@misconception(
    "ParameterGroups.state_dict",
    name="the positions start at 0 in every group",
    belief="A position is a place in the group.",
    explanation="Two groups then have a parameter 0 each, and the states mix. Count through all groups.",
    hints=("Which parameter is number 0: the first group's, or the second's?", "One list of all parameters first."),
)
def positions_restart(self: Any) -> dict[str, Any]:
    return _state_dict(
        self, positions=lambda self: {p: i for g in self.param_groups for i, p in enumerate(g["params"])}
    )


@misconception(
    "ParameterGroups.state_dict",
    name="the positions are those of the states",
    belief="The first state belongs to parameter 0.",
    explanation="A parameter that never had a gradient has no state, and it still counts.",
    hints=("The second parameter has no state. Which position has the third?", "Count parameters, not states."),
)
def positions_of_states(self: Any) -> dict[str, Any]:
    out = _state_dict(self)
    return {**out, "state": dict(enumerate(out["state"].values()))}


@misconception(
    "ParameterGroups.state_dict",
    name="the states are not copied",
    belief="A new dict is a copy.",
    explanation="Its arrays are the optimizer's own, and the next step writes into them: what was saved changes.",
    hints=("What does the saved state hold after one more step?", "copy.deepcopy(state) copies the arrays, too."),
)
def states_shared(self: Any) -> dict[str, Any]:
    return _state_dict(self, kept=dict)


@misconception(
    "ParameterGroups.state_dict",
    name="the states are named by the tensors",
    belief="The state is a dict of parameters, so it is saved as one.",
    explanation="A tensor means nothing to another process, and a file cannot hold it as a key: use positions.",
    hints=("What are the keys of the state that you return?", "positions[p], for each p of self.state."),
)
def states_by_tensor(self: Any) -> dict[str, Any]:
    return {"state": copy.deepcopy(dict(self.state)), "param_groups": _state_dict(self)["param_groups"]}


@misconception(
    "ParameterGroups.state_dict",
    name="the saved groups hold the tensors",
    belief="A group is saved as it is.",
    explanation="The tensors are the model's, not the optimizer's. A saved group has positions in \"params\".",
    hints=('What is in "params" of a saved group?', '{**group, "params": [positions[p] for p in group["params"]]}.'),
)
def groups_with_tensors(self: Any) -> dict[str, Any]:
    return {"state": _state_dict(self)["state"], "param_groups": [dict(group) for group in self.param_groups]}


@misconception(
    "ParameterGroups.state_dict",
    name="the settings are not saved",
    belief="The new optimizer is made with the same settings.",
    explanation="A schedule changes lr during the run: the settings of every group belong to what is saved.",
    hints=("Which lr has a saved group?", "{**group, ...} takes all settings."),
)
def settings_not_saved(self: Any) -> dict[str, Any]:
    return _state_dict(self, settings=lambda self, group: {})


@misconception(
    "ParameterGroups.state_dict",
    name="the defaults are saved, not the settings of the groups",
    belief="The settings are in self.defaults.",
    explanation="The defaults are those of the beginning. Each group has its own settings, which may have changed.",
    hints=("The second group has lr 0.5. What is saved?", "{**group, ...}, not {**self.defaults, ...}."),
)
def defaults_saved(self: Any) -> dict[str, Any]:
    return _state_dict(self, settings=lambda self, group: self.defaults)


@misconception(
    "ParameterGroups.state_dict",
    name="the optimizer's own groups get positions for parameters",
    belief='group["params"] = positions prepares the group for saving.',
    explanation="It is the optimizer's own group, which loses its parameters. Make a new dict for each group.",
    hints=("What is in optimizer.param_groups after state_dict()?", '{**group, "params": [...]} is a new dict.'),
)
def own_groups_changed(self: Any) -> dict[str, Any]:
    out = _state_dict(self)
    for group, saved in zip(self.param_groups, out["param_groups"], strict=True):
        group["params"] = saved["params"]
    return {**out, "param_groups": self.param_groups}


def _load(
    self: Any,
    state_dict: dict[str, Any],
    kept: Callable[[State], State] = copy.deepcopy,
    settings: Callable[[State], State] = dict,
) -> None:
    """ParameterGroups.load_state_dict with one thing changed."""
    parameters = _parameters(self)
    self.state = {parameters[i]: kept(state) for i, state in state_dict["state"].items()}
    for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
        group.update({**settings(saved), "params": group["params"]})


@misconception(
    "ParameterGroups.load_state_dict",
    name="the states are not copied",
    belief="The saved state is mine now.",
    explanation="The next step writes into the saved arrays: the same state, loaded again, has other numbers.",
    hints=("What does the saved state hold after one more step?", "copy.deepcopy(state)."),
)
def loaded_states_shared(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, state_dict, kept=lambda state: state)


@misconception(
    "ParameterGroups.load_state_dict",
    name="the settings are not loaded",
    belief="What is loaded is the state.",
    explanation="The run had other settings when it was saved: a schedule changes lr.",
    hints=("Which lr has the first group after loading?", "group.update(...) with the saved settings."),
)
def settings_not_loaded(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, state_dict, settings=lambda saved: {})


@misconception(
    "ParameterGroups.load_state_dict",
    name="the states are not loaded",
    belief="The settings are what must be restored.",
    explanation="Without the velocity and the averages the first steps go elsewhere.",
    hints=("What is in optimizer.state after loading?", 'One entry for each of state_dict["state"].'),
)
def states_not_loaded(self: Any, state_dict: dict[str, Any]) -> None:
    before = self.state
    _load(self, state_dict)
    self.state = before


@misconception(
    "ParameterGroups.load_state_dict",
    name="states of before stay beside the loaded ones",
    belief="Loading adds the saved states.",
    explanation="A parameter without a saved state has none after loading, either.",
    hints=("The second parameter has a state now, and none is saved for it. And then?", "Start with self.state = {}."),
)
def old_states_stay(self: Any, state_dict: dict[str, Any]) -> None:
    before = self.state
    _load(self, state_dict)
    self.state = {**before, **self.state}


@misconception(
    "ParameterGroups.load_state_dict",
    name="the states are stored under the positions",
    belief="The saved dict is the state.",
    explanation="step looks a state up by its parameter. A state under a number is never found.",
    hints=("What are the keys of optimizer.state?", "self.state[parameters[position]] = ..."),
)
def states_by_position(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, state_dict)
    self.state = copy.deepcopy(state_dict["state"])


@misconception(
    "ParameterGroups.load_state_dict",
    name="the groups hold positions in place of parameters",
    belief="The saved groups are the groups.",
    explanation='"params" of a saved group are positions: keep the parameters, and take the settings only.',
    hints=('What is in group["params"] after loading?', '{**saved, "params": group["params"]}.'),
)
def groups_with_positions(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, state_dict)
    self.param_groups = [dict(group) for group in state_dict["param_groups"]]


@misconception(
    "ParameterGroups.load_state_dict",
    name="all groups get the settings of the first",
    belief="The settings are the same for all.",
    explanation="Each group has its own settings: pair each with the saved one of the same place.",
    hints=("Which lr has the second group after loading?", 'zip(self.param_groups, state_dict["param_groups"]).'),
)
def settings_of_the_first(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, {**state_dict, "param_groups": state_dict["param_groups"][:1] * len(self.param_groups)})


@misconception(
    "ParameterGroups.load_state_dict",
    name="the saved groups become the optimizer's own, with its parameters in them",
    belief='saved["params"] = group["params"], and the saved dict can be used.',
    explanation="It is the caller's dict, which may be loaded elsewhere, too. Make a new one or update your own.",
    hints=("What is in the saved state after loading?", 'group.update({**saved, "params": group["params"]}).'),
)
def saved_groups_changed(self: Any, state_dict: dict[str, Any]) -> None:
    _load(self, state_dict)
    for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
        saved["params"] = group["params"]
    self.param_groups = state_dict["param_groups"]


# --- zero_grad and step ---


def _steps(generator: np.random.Generator, home: types.ModuleType) -> Case:
    """Two steps of an optimizer whose update counts, over two groups; the last parameter has no gradient."""

    def two_steps(start: Array, gradients: Array) -> list[Any]:
        class Counting(home.Optimizer):  # type: ignore[name-defined]
            def update(self, data: Array, grad: Array, state: State, lr: float) -> None:
                state["count"] = state.get("count", 0) + 1
                data -= lr * state["count"] * grad

        weights = [tensor(row.copy(), requires_grad=True) for row in start]
        optimizer = Counting([{"params": weights[:2]}, {"params": weights[2:], "lr": 0.5}], {"lr": 0.1})
        for w, gradient in zip(weights, gradients, strict=False):
            w.grad = tensor(gradient)
        facts: list[Any] = []
        for _ in range(2):
            try:
                optimizer.step()
            except TypeError as error:
                facts.append(str(error))
        facts += [w.data for w in weights]
        facts += [w in optimizer.state for w in weights]
        facts += [w.grad is None for w in weights]
        optimizer.zero_grad()
        return facts + [None if w.grad is None else w.grad.data for w in weights]

    return Case(two_steps, generator.standard_normal((4, 2)), generator.standard_normal((3, 2)))


draws("Optimizer.zero_grad")(_steps)
draws("Optimizer.step")(_steps)


@misconception(
    "Optimizer.zero_grad",
    name="the gradients stay",
    belief="The next backward replaces the old gradients.",
    explanation="backward adds to what is there: without zero_grad a step goes along the sum of all gradients so far.",
    hints=("What is p.grad after zero_grad()?", "Set p.grad = None for every parameter of every group."),
)
def gradients_stay(self: Any) -> None:
    pass


@misconception(
    "Optimizer.zero_grad",
    name="only the first group's gradients are removed",
    belief="The parameters are those of the first group.",
    explanation="Every group has parameters, and all of them lose their gradients.",
    hints=("How many entries has self.param_groups?", "Two loops: over the groups, and over each group's params."),
)
def first_group_cleared(self: Any) -> None:
    for p in self.param_groups[0]["params"]:
        p.grad = None


@misconception(
    "Optimizer.zero_grad",
    name="the gradients are set to 0 in place of None",
    belief="A gradient of 0 and no gradient are the same.",
    explanation="With gradient 0 a parameter is still updated: decay and momentum move it. With None it is skipped.",
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
    gradient: Callable[[Any], Any] = lambda p: None if p.grad is None else p.grad.data,
    data: Callable[[Any], Array] = lambda p: p.data,
    state: Callable[[Any, State, Any], State] = lambda self, group, p: self.state.setdefault(p, {}),
    without: tuple[str, ...] = ("params",),
) -> None:
    """Optimizer.step with one thing changed."""
    for group in groups(self.param_groups):
        passed = {name: value for name, value in settings(self, group).items() if name not in without}
        for p in group["params"]:
            grad = gradient(p)
            if grad is not None:
                self.update(data(p), grad, state(self, group, p), **passed)


@misconception(
    "Optimizer.step",
    name="a group's own settings are ignored",
    belief="The optimizer has one learning rate.",
    explanation="Each group has all settings, its own ones and defaults for the rest: take them from the group.",
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
    name='"params" is passed on with the settings',
    belief="**group passes the settings.",
    explanation='"params" is in the group, too, and update takes no argument of that name.',
    hints=("Which keys has a group?", "A dict of all entries of group but 'params'."),
)
def params_passed(self: Any) -> None:
    _step(self, without=())


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
    explanation="Each parameter has a velocity of its own, in self.state under that parameter.",
    hints=("Two weights, two gradients: how many velocities?", "self.state.setdefault(p, {}), for the p of the loop."),
)
def state_shared(self: Any) -> None:
    _step(self, state=lambda self, group, p: self.state.setdefault(group["params"][0], {}))


@misconception(
    "Optimizer.step",
    name="each step starts with an empty state",
    belief="self.state.get(p, {}) is the state.",
    explanation="get returns an empty dict and does not store it: what update writes into it is lost.",
    hints=("Is p in self.state after the step?", "setdefault stores the dict that it returns."),
)
def state_not_stored(self: Any) -> None:
    _step(self, state=lambda self, group, p: self.state.get(p, {}))


@misconception(
    "Optimizer.step",
    name="copies of the parameters are updated",
    belief="It is safer to work on a copy.",
    explanation="update changes the array that it gets: that must be the parameter's own, or the step is lost.",
    hints=("Into whose array does update write?", "Pass p.data itself."),
)
def copies_updated(self: Any) -> None:
    _step(self, data=lambda p: p.data.copy())


@misconception(
    "Optimizer.step",
    name="step removes the gradients, too",
    belief="After the step the gradients are of no use.",
    explanation="The caller decides when, by zero_grad: the gradients of several batches may be added up.",
    hints=("What is p.grad after step()?", "step changes the parameters, zero_grad the gradients."),
)
def step_removes_gradients(self: Any) -> None:
    _step(self)
    for group in self.param_groups:
        for p in group["params"]:
            p.grad = None
