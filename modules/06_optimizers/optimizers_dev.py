# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Module 06: Optimizers
#
# `backward` gives every weight its gradient: the direction in which the loss grows. An optimizer decides how far each
# weight moves in the opposite direction.
#
# ```
#   loss │\                             weight  ←  weight − lr · gradient
#        │ \•
#        │   \ ↘                        lr too small: the loss falls slowly
#        │     \ •                      lr too large: each step goes past the minimum, and ends higher than the last
#        │       \__↘_/
#        └──────────────── weight
# ```
#
# That one line is gradient descent. This module extends it to the optimizers that train nearly all networks: momentum
# (SGD), a step size for each weight (Adam), and weight decay that acts on all weights alike (AdamW). Names, defaults
# and numbers are PyTorch's. `tinytorch.support.optimizers` checks what is passed in; there is no need to read it.

# %%
#| default_exp core.optimizers

# %%
#| export
import copy

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.support.optimizers import as_groups, checked_group, fitting_state

# %%
from tinytorch.testing import Case, assert_close, expect, generator, inline_test, report

# %% [markdown]
# ## 1. What an optimizer holds
#
# Its parameters are in **groups**, and each group has settings of its own: a new last layer can learn fast, and the
# layers before it slowly. Beside them the optimizer has a **state** for each parameter, a dict in which it keeps what
# it needs from step to step: a velocity, an average, a count.
#
# ```
#   param_groups   [{"params": [w1, b1], "lr": 0.1, …}, {"params": [w2], "lr": 0.01, …}]
#   state          {w1: {"momentum_buffer": …}, b1: {…}, w2: {…}}
# ```
#
# A run that stops and goes on later needs both, as well as the weights. A file cannot hold a tensor as a key, so a
# saved state names each parameter by its **position**, counted through all groups: w1 is 0, b1 is 1, w2 is 2.
#
# ```
#   state_dict()   {"state":        {0: {"momentum_buffer": …}, 1: {…}, 2: {…}},
#                   "param_groups": [{"params": [0, 1], "lr": 0.1, …}, {"params": [2], "lr": 0.01, …}]}
# ```


# %% nbgrader={"grade": false, "grade_id": "parameter-groups", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class ParameterGroups:
    """The parameters of an optimizer in groups with settings, and a state for each parameter; saved and loaded.

    `params` is a list of parameters, or a list of dicts that each hold "params" and the settings that differ from
    `defaults`. Raises TypeError for what is not a tensor, and ValueError where there is no parameter, for one that is
    there twice or was computed from others, and for a setting that is unknown or out of range.
    """

    def __init__(self, params, defaults):
        """Keep the `defaults`, and start with these groups and no state.

        TODO: set `self.defaults`, the list `self.param_groups` and the dict `self.state`; then add each group.

        HINT: `as_groups(self, params)` returns the groups, a dict each. `add_param_group` adds one of them.
        """
        ### BEGIN SOLUTION
        self.defaults = defaults
        self.param_groups = []
        self.state = {}
        for group in as_groups(self, params):
            self.add_param_group(group)
        ### END SOLUTION

    @checked_group  # refuses what cannot be optimized, and makes group["params"] a list
    def add_param_group(self, group):
        """Add a group, `{"params": [...], "lr": 0.01}`; what it does not set has the default value.

        TODO: append a new dict to `param_groups`, with all settings and "params". `defaults` stays as it is.

        HINT: In `{**a, **b}` the entries of b win over those of a.
        """
        ### BEGIN SOLUTION
        self.param_groups.append({**self.defaults, **group})
        ### END SOLUTION

    def state_dict(self):
        """Return what is needed to go on later, as copies: `{"state": {0: …}, "param_groups": [{"params": [0], …}]}`.

        Parameters are named by their positions, counted through all groups. The optimizer itself does not change.

        TODO: give each parameter its position; then name the parameters of groups and states by it.

        HINT: A tensor can be a key of a dict. `copy.deepcopy` copies a state together with its arrays.
        """
        ### BEGIN SOLUTION
        positions = {}
        for group in self.param_groups:
            for p in group["params"]:
                positions[p] = len(positions)
        groups = [{**group, "params": [positions[p] for p in group["params"]]} for group in self.param_groups]
        state = {positions[p]: copy.deepcopy(kept) for p, kept in self.state.items()}
        return {"state": state, "param_groups": groups}
        ### END SOLUTION

    @fitting_state  # refuses a state of other groups, settings or shapes, before anything has changed
    def load_state_dict(self, state_dict):
        """Go on from a `state_dict`: take its settings, and copies of its states in place of all present ones.

        The parameters stay the tensors that are in `param_groups`. `state_dict` does not change, now or later.

        TODO: the inverse of `state_dict`: from each position to the parameter.

        HINT: `zip` pairs each group with the saved one. Which of the saved group's entries must not be taken?
        """
        ### BEGIN SOLUTION
        parameters = [p for group in self.param_groups for p in group["params"]]
        self.state = {}
        for position, kept in state_dict["state"].items():
            self.state[parameters[position]] = copy.deepcopy(kept)
        for group, saved in zip(self.param_groups, state_dict["param_groups"]):
            group.update({**saved, "params": group["params"]})
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-parameter-groups", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
@inline_test("Parameter groups")
def test_parameter_groups(verify):
    a, b, c = (Tensor([value], requires_grad=True) for value in (1.0, 2.0, 3.0))

    def make(kept=()):
        """Return groups whose states hold the given numbers; a parameter without a number has no state."""
        groups = ParameterGroups([{"params": [a, b]}, {"params": (p for p in [c]), "lr": 0.5}], {"lr": 0.1, "decay": 0})
        groups.state.update({p: {"m": np.array([number])} for p, number in zip((a, b, c), kept) if number})
        return groups

    def same(found, expected):
        assert found == expected, f"expected {expected}, got {found}"

    def settings(groups):
        return [(group["lr"], group["decay"]) for group in groups]

    def fill_in():
        groups = make()
        assert groups.state == {}, f"a new optimizer has an empty state, got {groups.state}"
        same(settings(groups.param_groups), [(0.1, 0), (0.5, 0)])
        for group, parameters in zip(groups.param_groups, ([a, b], [c])):
            same([id(p) for p in group["params"]], [id(p) for p in parameters])
        assert len(ParameterGroups([a, b, c], {"lr": 0.1}).param_groups) == 1, "a list of parameters is one group"

    def add():
        groups = ParameterGroups([a], {"lr": 0.1, "decay": 0})
        for parameter, setting in ((b, {"lr": 0.5}), (c, {"decay": 7})):
            groups.add_param_group({"params": parameter, **setting})
        same(settings(groups.param_groups), [(0.1, 0), (0.5, 0), (0.1, 7)])
        same(groups.defaults, {"lr": 0.1, "decay": 0})

    def save():
        groups = make(kept=(4.0, None, 6.0))
        saved = groups.state_dict()
        same(settings(saved["param_groups"]), [(0.1, 0), (0.5, 0)])
        same([group["params"] for group in saved["param_groups"]], [[0, 1], [2]])
        groups.state[a]["m"] += 1
        same({position: kept["m"].tolist() for position, kept in saved["state"].items()}, {0: [4.0], 2: [6.0]})
        assert groups.param_groups[1]["params"][0] is c, "state_dict changed the groups of the optimizer"

    def load():
        groups = make(kept=(1.0, 2.0))
        saved = {
            "state": {position: {"m": np.array([number], np.float32)} for position, number in ((0, 4.0), (2, 6.0))},
            "param_groups": [{"params": [0, 1], "lr": 8, "decay": 1}, {"params": [2], "lr": 9, "decay": 2}],
        }
        groups.load_state_dict(saved)
        assert [id(p) for group in groups.param_groups for p in group["params"]] == [id(a), id(b), id(c)], (
            f"the parameters should stay in their groups, got {groups.param_groups}"
        )
        same(settings(groups.param_groups), [(8, 1), (9, 2)])
        same({id(p): kept["m"].item() for p, kept in groups.state.items()}, {id(a): 4.0, id(c): 6.0})
        groups.state[a]["m"] += 1
        groups.param_groups[0]["lr"] = 0
        same((saved["state"][0]["m"].item(), saved["param_groups"][0]["lr"]), (4.0, 8))
        same(saved["param_groups"][1]["params"], [2])

    with verify("every group has all settings: its own, and the defaults for the others"):
        Case(fill_in)()
    with verify("a group that is added later is a dict of its own"):
        Case(add)()
    with verify("state_dict names parameters by position, through all groups, and copies the states"):
        Case(save)()
    with verify("load_state_dict takes settings and states, and keeps the parameters"):
        Case(load)()


# %% [markdown]
# ## 2. A step
#
# A training step calls two methods of the optimizer:
#
# ```python
# optimizer.zero_grad()      # backward adds to .grad, so each step begins without gradients
# loss.backward()
# optimizer.step()           # passes each parameter that has a gradient to update()
# ```
#
# The arithmetic is in `update`, which each optimizer defines. It gets the parameter's own array and changes it **in
# place**: `data -= change` writes into that array. `data = data - change` would make a new array, which is lost when
# `update` returns, and the parameter would keep its old numbers.


# %% nbgrader={"grade": false, "grade_id": "optimizer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Optimizer(ParameterGroups):
    """The base of all optimizers. A subclass defines `update(data, grad, state, **settings)`, which changes `data`."""

    def zero_grad(self):
        """Set the `grad` of every parameter to None.

        TODO: this method, and `step`.

        HINT: Two loops: over the groups, and over the parameters of each.
        """
        ### BEGIN SOLUTION
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None
        ### END SOLUTION

    def step(self):
        """Call `update` for every parameter whose `grad` is not None.

        `update` gets the parameter's array, its gradient's array, its state (an empty dict at first, the same dict at
        every step), and by name the settings of its group, without "params". Gradients stay as they are.

        TODO: collect a group's settings once; then call `update` for its parameters.

        HINT: `self.state.setdefault(p, {})` returns the state of p, and stores an empty one if there is none.
        """
        ### BEGIN SOLUTION
        for group in self.param_groups:
            settings = {name: value for name, value in group.items() if name != "params"}
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state.setdefault(p, {})
                    self.update(p.data, p.grad.data, state, **settings)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-optimizer", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("zero_grad and step")
def test_optimizer(verify):
    class Recorder(Optimizer):
        """Records what it gets."""

        def update(self, data, grad, state, lr):
            calls.append((np.asarray(grad).tolist(), lr))
            state["count"] = state.get("count", 0) + 1
            data -= grad

    calls = []

    def make():
        """Return an optimizer with three parameters that have gradients and one that has none, in two groups."""
        a, b, c, without = (Tensor([value], requires_grad=True) for value in (1.0, 2.0, 3.0, 4.0))
        a.grad, b.grad, c.grad = Tensor([10.0]), Tensor([20.0]), Tensor([30.0])
        calls.clear()
        return Recorder([{"params": [a, without]}, {"params": [b, c], "lr": 0.5}], {"lr": 0.1}), a, b, c, without

    def pass_on():
        make()[0].step()
        assert calls == [([10.0], 0.1), ([20.0], 0.5), ([30.0], 0.5)], f"update was called with (grad, lr) {calls}"

    def weights_after():
        optimizer, *parameters = make()
        optimizer.step()
        return np.array([p.item() for p in parameters])

    def skip():
        optimizer, *_, without = make()
        optimizer.step()
        assert without not in optimizer.state, "a parameter without a gradient was passed to update"

    def remember():
        optimizer, *parameters = make()
        optimizer.step()
        optimizer.step()
        counts = [optimizer.state.get(p, {}).get("count") for p in parameters[:3]]
        assert counts == [2, 2, 2], f"after two steps the states should count 2 updates each; they count {counts}"

    def clear():
        optimizer, *parameters = make()
        optimizer.step()
        assert parameters[0].grad is not None, "step() removed a gradient; only zero_grad() does that"
        optimizer.zero_grad()
        gradients = [None if p.grad is None else p.grad.data.tolist() for p in parameters]
        assert gradients == [None] * 4, f"after zero_grad() every .grad should be None; they are {gradients}"

    with verify("step calls update with each gradient and the settings of its group"):
        Case(pass_on)()
    with verify("the parameter's own array changes"):
        expect([-9.0, -18.0, -27.0, 4.0], weights_after)
    with verify("a parameter without a gradient is skipped"):
        Case(skip)()
    with verify("what update puts into a parameter's state is there at the next step"):
        Case(remember)()
    with verify("zero_grad, and nothing else, removes the gradients of all groups"):
        Case(clear)()


# %% [markdown]
# ## 3. SGD with momentum
#
# Picture a long valley with steep sides and an almost level floor. The gradient points across it. A step that is short
# enough for the sides is far too short for the floor.
#
# ```
#   plain                          with momentum
#   \ ↗↘ ↗↘ ↗↘ ↗↘ ↗↘    /          \ ↗↘                  /
#    \   ↘ ↗  ↘ ↗  ↘ ↗ /            \   ↘ →  →   →   →  /
# ```
#
# With momentum the steps add up, like the velocity of a rolling ball: across the valley they cancel, along it they
# grow.
#
# ```
#   velocity ← momentum · velocity + gradient
#   weight   ← weight − lr · velocity
# ```
#
# Where the gradient stays the same, g, the velocity grows towards g / (1 − momentum): with momentum 0.9, **ten times**
# the step. On ½(x² + 100·y²) from (1, 1), plain descent with lr 0.018 needs 381 steps to come within 0.001 of the
# minimum; with lr 0.03 and momentum 0.7, 41. (Why not lr 0.03 without momentum? Try it.)
#
# **Nesterov's** variant moves along gradient + momentum · velocity, one velocity step ahead. **Weight decay** adds
# weight_decay · weight to the gradient: it pulls every weight towards 0.


# %%
def descend(kind, gradients, start, rates=None, **settings):
    """Return the weights after each step of an optimizer.

    gradients: steps x parameters x size; start: parameters x size; rates: a learning rate for each step.
    """
    arrays = [row.copy() for row in start]
    weights = [Tensor(array, requires_grad=True) for array in arrays]
    given = [[Tensor(gradient.copy()) for gradient in step] for step in gradients]
    optimizer, path = kind(weights, **settings), []
    for i, step in enumerate(given):
        for w, gradient in zip(weights, step):
            w.grad = gradient
        if rates is not None:
            optimizer.param_groups[0]["lr"] = rates[i]
        optimizer.step()
        path.append(np.array([w.data for w in weights]))
    kept = {array.dtype for w in weights for array in optimizer.state[w].values() if isinstance(array, np.ndarray)}
    unchanged = np.array([[gradient.data for gradient in step] for step in given]) == gradients
    assert all(w.data is array for w, array in zip(weights, arrays)), "update must write into the parameter's own array"
    assert unchanged.all(), "update changed a gradient"
    assert kept <= {start.dtype}, f"the state should have the parameter's dtype {start.dtype}, got {kept}"
    return np.array(path)


# %% nbgrader={"grade": false, "grade_id": "sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's momentum and weight decay.

    At each step, with g = grad + weight_decay · w:

    - without momentum: w ← w − lr · g;
    - with momentum: v ← momentum · v + (1 − dampening) · g, but v = g at the first step; then w ← w − lr · v;
    - with nesterov the last line is w ← w − lr · (g + momentum · v).

    v is kept in `state["momentum_buffer"]`, in the parameter's dtype.

    EXAMPLE:
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
        >>> w.grad = Tensor([2.0])
        >>> optimizer.step(); w                 # 1 - 0.1·2
        Tensor([0.8], requires_grad=True)
        >>> optimizer.step(); w                 # 0.8 - 0.1·(0.9·2 + 2)
        Tensor([0.42], requires_grad=True)
    """

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        settings = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, {"lr": lr, **settings, "weight_decay": weight_decay})

    def update(self, data, grad, state, *, lr, momentum, dampening, weight_decay, nesterov):
        """Change `data` in place by one step; `grad` stays as it is.

        TODO: g; then v, if there is momentum; then the step.

        HINT: At the first step `state` is empty. A new v, `momentum * v + …`, is a new array: store it in the state.
        """
        ### BEGIN SOLUTION
        g = grad + weight_decay * data
        if momentum:
            if "momentum_buffer" in state:
                v = momentum * state["momentum_buffer"] + (1 - dampening) * g
            else:
                v = g
            state["momentum_buffer"] = v
            if nesterov:
                g = g + momentum * v
            else:
                g = v
        data -= lr * g
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-sgd", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("SGD")
def test_sgd(verify):
    def path(expected, gradients, start=1.0, **settings):
        gradients, expected = (np.reshape(numbers, (-1, 1, 1)) for numbers in (gradients, expected))
        expect(expected, descend, SGD, gradients, np.array([[start]]), **settings)

    with verify("without momentum the step is lr * gradient"):
        path([0.8, 0.5], [2.0, 3.0], lr=0.1)
        path([0.8, 0.5], [2.0, 3.0], lr=0.1, dampening=0.5)
    with verify("with momentum the first step is the same, and later ones add up"):
        path([0.8, 0.42, -0.122], [2.0, 2.0, 2.0], lr=0.1, momentum=0.9)
    with verify("a constant gradient is multiplied by up to 1 / (1 - momentum) = 10"):
        weights = descend(SGD, np.ones((200, 1, 1)), np.ones((1, 1)), lr=0.1, momentum=0.9)
        assert_close(weights[-2] - weights[-1], [[1.0]], rtol=1e-6)
    with verify("a new lr applies to the whole velocity at once"):
        path([0.8, 0.8 - 0.01 * 3.8], [2.0, 2.0], rates=[0.1, 0.01], momentum=0.9)
    with verify("nesterov steps along gradient + momentum * velocity"):
        expected = [1 - 0.1 * 3.8, 1 - 0.1 * 3.8 - 0.1 * (2 + 0.9 * 3.8)]
        path(expected, [2.0, 2.0], lr=0.1, momentum=0.9, nesterov=True)
    with verify("dampening weakens every gradient but the first"):
        path([0.8, 0.8 - 0.1 * 2.8], [2.0, 2.0], lr=0.1, momentum=0.9, dampening=0.5)
    with verify("weight decay pulls towards 0, and is part of the velocity"):
        path([0.95, 0.9025], [0.0, 0.0], lr=0.1, weight_decay=0.5)
        path([0.95, 0.95 - 0.1 * (0.45 + 0.475)], [0.0, 0.0], lr=0.1, weight_decay=0.5, momentum=0.9)
    with verify("each parameter has its own velocity, in its own dtype"):
        gradients = np.array([[[1.0, -2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 0.0]]], np.float32)
        expected = np.array([[[0.9, 1.2], [0.7, 0.6]], [[0.71, 1.38], [0.43, 0.24]]], np.float32)
        expect(expected, descend, SGD, gradients, np.ones((2, 2), np.float32), lr=0.1, momentum=0.9)

    def steps_to_minimum(**settings):
        """Return how many steps lead from (1, 1) to within 0.001 of the minimum of ½(x² + 100·y²)."""
        w = Tensor(np.ones(2), requires_grad=True)
        optimizer, steps = SGD([w], **settings), 0
        while np.linalg.norm(w.data) >= 1e-3 and steps < 1000:
            w.grad = Tensor(w.data * [1, 100])
            optimizer.step()
            steps += 1
        return steps

    with verify("the valley takes 381 plain steps, or 41 with momentum"):
        steps = steps_to_minimum(lr=0.018), steps_to_minimum(lr=0.03, momentum=0.7)
        assert steps == (381, 41), f"expected 381 and 41 steps, got {steps}"


# %% [markdown]
# ## 4. Adam: a step size for each weight
#
# Gradients of the first layer may be far smaller than those of the last. Adam keeps two running averages for each
# weight, of its gradient (m) and of its squared gradient (v), and steps by m / √v: **about lr, at any scale of the
# gradients**; less where they change sign, because there m is small and v is not.
#
# Both averages start at 0, so at first they are too small: after one step m is only 0.1·g and v is 0.001·g². Without a
# correction the first step would be 0.1 / √0.001 = 3.16 times lr. Dividing m by 1 − β₁ᵗ and v by 1 − β₂ᵗ at step t
# makes both true averages from the first step on: that step is exactly lr (but for ε).
#
# ```
#   m ← β₁·m + (1 − β₁)·g            m̂ = m / (1 − β₁ᵗ)
#   v ← β₂·v + (1 − β₂)·g²           v̂ = v / (1 − β₂ᵗ)         w ← w − lr · m̂ / (√v̂ + ε)
# ```


# %% nbgrader={"grade": false, "grade_id": "adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, algorithm 1), with g = grad + weight_decay · w.

    The state holds t as "step" (1 at the first step), m as "exp_avg" and v as "exp_avg_sq", both in the parameter's
    dtype. `eps` is added after the root.

    EXAMPLE:
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.1)
        >>> w.grad = Tensor([1234.5])
        >>> optimizer.step(); w                 # one lr, at any size of the gradient
        Tensor([0.9], requires_grad=True)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        """Change `data` in place by one step; `grad` stays as it is.

        TODO: the state; then the formulas above, one line each.

        HINT: Fill an empty state with zeros: `np.zeros_like(data)`. m and v must not be divided in place: the next step
        needs them uncorrected.
        """
        ### BEGIN SOLUTION
        if not state:
            state["step"] = 0
            state["exp_avg"] = np.zeros_like(data)
            state["exp_avg_sq"] = np.zeros_like(data)
        state["step"] += 1
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        beta1, beta2 = betas
        g = grad + weight_decay * data
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        data -= lr * m_hat / (np.sqrt(v_hat) + eps)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-adam", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Adam")
def test_adam(verify):
    def path(expected, gradients, start=1.0, **settings):
        gradients, expected = (np.reshape(numbers, (-1, 1, 1)) for numbers in (gradients, expected))
        expect(expected, descend, Adam, gradients, np.array([[start]]), **settings)

    with verify("the first step is one lr, at any size of the gradient"):
        for gradient in (1e-3, 1.0, 1e4):
            path([0.9], [gradient], lr=0.1, eps=0)
        assert_close(0.1 / 0.001**0.5, 3.16, rtol=1e-3)  # times lr: what it would be without the correction
    with verify("a constant gradient makes every step one lr"):
        path([0.9, 0.8, 0.7, 0.6, 0.5], [0.5] * 5, lr=0.1, eps=0)
    with verify("two different gradients, by the formula"):
        m, v = 0.9 * 0.2 + 0.1 * -1.0, 0.999 * 0.004 + 0.001 * 1.0  # after the gradients 2 and -1
        expected = 0.9 - 0.1 * (m / (1 - 0.9**2)) / ((v / (1 - 0.999**2)) ** 0.5)
        path([0.9, expected], [2.0, -1.0], lr=0.1, eps=0)
    with verify("eps is added to the corrected root"):
        path([0.95], [1.0], lr=0.1, eps=1.0)
        path([1.0], [0.0], lr=0.1)
    with verify("weight decay is part of the gradient"):
        path([2.9], [0.0], start=3.0, lr=0.1, weight_decay=0.5, eps=0)
        path([1 - 0.1 * 2.5 / 3.5], [2.0], lr=0.1, weight_decay=0.5, eps=1.0)
    with verify("each parameter has its own averages, in its own dtype"):
        gradients, weights = np.array([[[1.0, -100.0], [0.01, 0.0]]], np.float32), np.ones((2, 2), np.float32)
        expect(np.array([[[0.9, 1.1], [0.9, 1.0]]], np.float32), descend, Adam, gradients, weights, lr=0.1)


# %% [markdown]
# ## 5. AdamW: weight decay that bypasses the gradient
#
# In Adam, weight decay is divided by √v like everything else in the gradient. A weight with large gradients has a large
# √v, so it hardly decays; where the gradient is 0, the decay alone makes a full step of lr, *however small it is*. In
# the test above, weight_decay 0.5 moved a weight by exactly lr, and 0.0005 would have, too. AdamW (Loshchilov and
# Hutter, 2019) applies the decay to the weight itself: every weight shrinks by the same share, w ← (1 − lr ·
# weight_decay) · w, and then Adam steps without weight decay.


# %% nbgrader={"grade": false, "grade_id": "adamw", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class AdamW(Adam):
    """Adam with another weight decay: w ← (1 − lr · weight_decay) · w, and then Adam's step without weight decay."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        """Change `data` in place by one step; `grad` stays as it is.

        TODO: the line above; then Adam's step.

        HINT: `super().update(...)` is Adam's step. Which setting must be another one there?
        """
        ### BEGIN SOLUTION
        data *= 1 - lr * weight_decay
        super().update(data, grad, state, lr=lr, betas=betas, eps=eps, weight_decay=0)
        ### END SOLUTION


# %% [markdown]
# The last claim below uses everything in this module. It trains ten steps in one go, and beside it five steps, a
# `state_dict`, a new optimizer that loads it, and five more. The weights must be equal **to the last bit**. Without the
# states they would not be: the velocity and the averages would start from nothing.


# %% nbgrader={"grade": true, "grade_id": "test-adamw", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("AdamW")
def test_adamw(verify):
    def step(expected, gradient, start=2.0, kind=AdamW, **settings):
        settings = {"lr": 0.1, "eps": 0 if gradient else 1e-8, **settings}
        expect([[[expected]]], descend, kind, np.array([[[gradient]]]), np.array([[start]]), **settings)

    with verify("without a gradient, the weight shrinks by lr * weight_decay of itself"):
        step(1.9, 0.0, weight_decay=0.5)
        step(-3.8, 0.0, start=-4.0, weight_decay=0.5)
        step(1.998, 0.0)  # the default is 0.01
    with verify("the share is the same at any size of the gradient"):
        for gradient in (1.0, 1000.0):
            step(1.9 - 0.1, gradient, weight_decay=0.5)
    with verify("the other settings are Adam's"):
        step(1.9 - 0.2 * 3 / (3 + 1), 3.0, lr=0.2, eps=1.0, weight_decay=0.25)
        gradients, start = np.reshape([1.0, -2.0, 3.0], (-1, 1, 1)), np.array([[2.0]])
        settings = {"lr": 0.1, "betas": (0.5, 0.7)}
        adam = descend(Adam, gradients, start, **settings)
        expect(adam, descend, AdamW, gradients, start, **settings, weight_decay=0)
    with verify("in Adam a decay of 0.0005 makes as large a step as one of 0.5, where the gradient is 0"):
        for decay in (0.5, 0.0005):
            step(1.9, 0.0, kind=Adam, weight_decay=decay, eps=0)
    with verify("going on from a state_dict gives the same weights to the last bit, for all three"):
        gradients = generator().normal(size=(10, 3)).astype(np.float32)
        for kind, settings in ((SGD, {"momentum": 0.9}), (Adam, {}), (AdamW, {})):
            whole, parts = (Tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(2))
            optimizer, first, second = (kind([w], lr=0.1, **settings) for w in (whole, parts, parts))
            for i, gradient in enumerate(gradients):
                if i == 5:
                    second.load_state_dict(first.state_dict())
                whole.grad = parts.grad = Tensor(gradient)
                optimizer.step()
                (first if i < 5 else second).step()
            assert (whole.data == parts.data).all(), f"{kind.__name__}: {whole} in one go, {parts} in two parts"


# %% [markdown]
# ## What you have
#
# The optimizers that train nearly all networks. A question to take along: Adam keeps two numbers for each weight, SGD
# with momentum one. How many numbers, weights included, does a model of 101,770 parameters need with each of them?

# %%
report()
