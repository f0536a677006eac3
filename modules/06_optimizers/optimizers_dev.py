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
# `backward` has told every weight which way is up: its gradient. An optimizer decides how far to go the other way.
#
# ```
#   loss │\                             weight  ←  weight − lr · gradient
#        │ \•
#        │   \ ↘                        lr too small: it crawls
#        │     \ •                      lr too large: it jumps over the valley, higher each time
#        │       \__↘_/
#        └──────────────── weight
# ```
#
# That one line is gradient descent. This module makes of it what trains networks: momentum (SGD), a step size for each
# weight (Adam), and weight decay that does what it says (AdamW). Names, defaults and numbers are PyTorch's.
#
# There is a second thing to learn here: to compute **in place**. A network's weights are written over at every step; a
# new array for each intermediate result would cost more time than the arithmetic.

# %%
#| default_exp core.optimizers

# %%
#| export
import numbers

import numpy as np

from tinytorch.core.tensor import Tensor, to_array

# %%
from tinytorch.testing import Case, assert_close, generator, inline_test, report

# %% [markdown]
# ## 1. What all optimizers share
#
# The parameters, in **groups**: each group has settings of its own, so that a new last layer may learn fast and the
# rest slowly. And a **state** for each parameter, in which an optimizer remembers what it needs from step to step.
#
# ```
#   param_groups   [{"params": [w1, b1], "lr": 0.1, …}, {"params": [w2, b2], "lr": 0.01, …}]
#   state          {w1: {"momentum_buffer": …}, b1: {…}, …}
# ```
#
# The base class keeps the books. It is given but for two methods, and they are the ones you call at every step:
#
# ```python
# optimizer.zero_grad()      # backward adds to .grad, so begin with none
# loss.backward()
# optimizer.step()           # hands each parameter that has a gradient to update()
# ```


# %% nbgrader={"grade": false, "grade_id": "optimizer", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Optimizer:
    """The books of an optimizer: parameter groups with their settings, and a state for each parameter.

    `params` is a list of parameters, or a list of dicts that each hold "params" and settings that differ from
    `defaults`. Raises TypeError for what is no tensor, and ValueError for no parameters at all, one that comes twice,
    one that was computed from others, and settings that make no sense.

    A subclass defines `update(data, grad, state, **settings)`, which changes the array `data` in place.

    TODO: write `zero_grad` and `step`.

    APPROACH:
    1. `zero_grad`: set the `grad` of every parameter of every group to None.
    2. `step`: for each group and each parameter in it that *has* a gradient, call `self.update` as it is described
       above: the parameter's array, its gradient's array, its state (`state_of`), and by name the group's settings.

    HINT: A parameter without a gradient took no part in the loss: skip it, do not take its gradient as 0.
    """

    def __init__(self, params, defaults):
        self.defaults = dict(defaults)
        self.param_groups: list[dict] = []
        self.state: dict[Tensor, dict] = {}
        self._scratch: dict = {}
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params: expected a list of parameters, got one tensor; pass [tensor]")
        params = list(params)
        if not params:
            raise ValueError(f"{self._name}: params: expected parameters, got none; pass model.parameters()")
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, group):
        """Add parameters with settings of their own: `{"params": [...], "lr": 0.01}`."""
        unknown = set(group) - set(self.defaults) - {"params"}
        if unknown or "params" not in group:
            raise ValueError(
                f"{self._name}: param group: expected params and any of {sorted(self.defaults)}, got {sorted(group)}"
            )
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for other in self.param_groups for p in other["params"]}
        for position, p in enumerate(params):
            at = f"{self._name}: params: entry {position}"
            if not isinstance(p, Tensor):
                raise TypeError(f"{at}: expected a tensor, got {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(
                    f"{at}: expected a leaf, got a result of {p.grad_fn.function.__name__}; "
                    "pass the tensor that it was computed from"
                )
            if id(p) in known:
                raise ValueError(f"{at}: this parameter (shape {p.shape}) is in the optimizer already")
            known.add(id(p))
        group = {**self.defaults, **group, "params": params}
        self.check_settings(group)
        self.param_groups.append(group)

    def check_settings(self, group):
        """Raise ValueError for a setting that makes no sense."""
        for name in ("lr", "momentum", "weight_decay", "eps"):
            if name in group and not (isinstance(group[name], numbers.Real) and group[name] >= 0):
                raise ValueError(f"{self._name}: {name}: expected a number from 0, got {group[name]!r}")
        betas = group.get("betas", (0.0, 0.0))
        if not (isinstance(betas, (tuple, list)) and len(betas) == 2 and all(0 <= beta < 1 for beta in betas)):
            raise ValueError(f"{self._name}: betas: expected two numbers from 0 to below 1, got {betas!r}")

    def zero_grad(self):
        """Forget all gradients. `backward` adds to what is there, so each step begins with this."""
        ### BEGIN SOLUTION
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None
        ### END SOLUTION

    def step(self):
        """Change every parameter that has a gradient by its update."""
        ### BEGIN SOLUTION
        for group in self.param_groups:
            settings = {name: value for name, value in group.items() if name != "params"}
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p.data, to_array(p.grad), self.state_of(p), **settings)
        ### END SOLUTION

    def state_of(self, p):
        """What the optimizer remembers about one parameter: an empty dict at first."""
        return self.state.setdefault(p, {})

    def scratch(self, like, number=0):
        """An array of the shape and dtype of `like` to compute in: the same one every time, its content is rubbish."""
        key = like.shape, like.dtype, number
        if key not in self._scratch:
            self._scratch[key] = np.empty_like(like)
        return self._scratch[key]

    def state_dict(self):
        """Everything needed to go on later, as copies: {"state": {0: …}, "param_groups": [{…, "params": [0, …]}]}.

        Parameters are named by their position, counted through all groups.
        """
        position = {p: i for i, p in enumerate(self._parameters())}
        groups = [{**group, "params": [position[p] for p in group["params"]]} for group in self.param_groups]
        state = {
            position[p]: {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in kept.items()}
            for p, kept in self.state.items()
        }
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Go on from a `state_dict` of an optimizer over parameters of the same shapes; arrays are copied.

        Raises ValueError, and changes nothing, where number or shapes of the parameters differ.
        """
        groups, state = state_dict["param_groups"], state_dict["state"]
        sizes = [[len(group["params"]) for group in side] for side in (self.param_groups, groups)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"{self._name}: state: expected parameter groups of sizes {sizes[0]}, got {sizes[1]}")
        for group in groups:
            if set(group) != {"params", *self.defaults}:
                raise ValueError(
                    f"{self._name}: state: expected the settings {sorted(self.defaults)}, got "
                    f"{sorted(set(group) - {'params'})}: it was saved by another kind of optimizer"
                )
        parameters = self._parameters()
        loaded = {}
        for position, kept in state.items():
            p = parameters[int(position)]
            loaded[p] = {}
            for name, value in kept.items():
                if isinstance(value, (np.ndarray, Tensor)):
                    value = to_array(value)
                    if value.shape != p.shape:
                        raise ValueError(
                            f"{self._name}: state: {name} of parameter {position}: "
                            f"expected shape {p.shape}, got {value.shape}"
                        )
                    value = value.astype(p.dtype)
                loaded[p][name] = value
        self.state = loaded
        self.param_groups = [{**new, "params": old["params"]} for old, new in zip(self.param_groups, groups)]

    def _parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    @property
    def _name(self):
        return type(self).__name__


# %% nbgrader={"grade": true, "grade_id": "test-optimizer", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("The books of an optimizer")
def test_optimizer(verify):
    class Noted(Optimizer):
        """Notes what it was handed."""

        def update(self, data, grad, state, lr):
            notes.append((grad.tolist(), lr))
            state["seen"] = state.get("seen", 0) + 1
            data -= grad

    notes = []

    def books():
        """Three parameters with gradients and one without, in two groups."""
        a, b, c, without = (Tensor([value], requires_grad=True) for value in (1.0, 2.0, 3.0, 4.0))
        a.grad, b.grad, c.grad = Tensor([10.0]), Tensor([20.0]), Tensor([30.0])
        notes.clear()
        return Noted([{"params": [a, without]}, {"params": [b, c], "lr": 0.5}], {"lr": 0.1}), a, b, c, without

    def hands_over():
        books()[0].step()
        assert notes == [([10.0], 0.1), ([20.0], 0.5), ([30.0], 0.5)], f"update was called with (grad, lr) {notes}"

    def changes_in_place():
        optimizer, *parameters = books()
        optimizer.step()
        return np.array([p.item() for p in parameters])

    def leaves_alone():
        optimizer, *_, without = books()
        optimizer.step()
        assert without not in optimizer.state, "a parameter without a gradient was handed to update()"

    def remembers():
        optimizer, *parameters = books()
        optimizer.step()
        optimizer.step()
        seen = [optimizer.state.get(p, {}).get("seen") for p in parameters[:3]]
        assert seen == [2, 2, 2], f"after two steps the parameters' states have seen {seen} updates"

    def forgets():
        optimizer, *parameters = books()
        optimizer.step()
        assert parameters[0].grad is not None, "step() took the gradient away; that is left to zero_grad()"
        optimizer.zero_grad()
        left = [None if p.grad is None else p.grad.data.tolist() for p in parameters]
        assert left == [None] * 4, f"after zero_grad() every .grad should be None; they are {left}"

    with verify("step hands over each gradient with the settings of its group"):
        Case(hands_over)()
    with verify("the parameter's own array changes, in place"):
        case = Case(changes_in_place)
        assert_close(case(), [-9.0, -18.0, -27.0, 4.0], case=case)
    with verify("a parameter without a gradient is left alone"):
        Case(leaves_alone)()
    with verify("what update puts into a parameter's state is there at the next step"):
        Case(remembers)()
    with verify("zero_grad, and nothing else, forgets the gradients of all groups"):
        Case(forgets)()


# %% [markdown]
# ## 2. SGD with momentum
#
# Picture a long valley: steep sides, and a floor that hardly slopes. The gradient points across it. A step short enough
# for the sides is far too short for the floor.
#
# ```
#   plain                          with momentum
#   \ ↗↘ ↗↘ ↗↘ ↗↘ ↗↘    /          \ ↗↘                  /
#    \   ↘ ↗  ↘ ↗  ↘ ↗ /            \   ↘ →  →   →   →  /
# ```
#
# So let the steps add up like a rolling ball's: across the valley they cancel, along it they grow.
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
# **Nesterov's** variant steps along gradient + momentum · velocity: where the ball will be, not where it is. **Weight
# decay** adds weight_decay · weight to the gradient: a pull of every weight towards 0.


# %% nbgrader={"grade": false, "grade_id": "sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's momentum and weight decay.

    With g = grad + weight_decay · w, and v the velocity, which is g at the first step:
    v ← momentum · v + (1 − dampening) · g, then w ← w − lr · v, or with nesterov w ← w − lr · (g + momentum · v).

    TODO: write `update`: the two lines above. `change` already holds g.

    APPROACH:
    1. Without momentum: multiply `change` by lr, subtract it from `data`.
    2. With momentum: keep v in `state["momentum_buffer"]`; at the first step it is a *copy* of g.
    3. Every operation in place, by `*=` and its like, or with `out=change` where v must stay as it is. Assigning
       (`data = data - …`) would make a new array and leave the parameter as it was.

    EXAMPLE:
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
        >>> w.grad = Tensor([2.0])
        >>> optimizer.step(); w                 # 1 - 0.1·2
        Tensor([0.8], requires_grad=True)
        >>> optimizer.step(); w                 # 0.8 - 0.1·(0.9·2 + 2)
        Tensor([0.42], requires_grad=True)

    HINT: Nesterov's step is two subtractions: lr · g, then lr · momentum · v. After the first, `change` is free.
    """

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def check_settings(self, group):
        super().check_settings(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                "SGD: nesterov: expected momentum above 0 and dampening 0, got "
                f"momentum={group['momentum']}, dampening={group['dampening']}; pass momentum=0.9"
            )

    def update(self, data, grad, state, *, lr, momentum, dampening, weight_decay, nesterov):
        change = self.scratch(data)
        np.multiply(data, weight_decay, out=change)
        change += grad
        ### BEGIN SOLUTION
        if momentum:
            velocity = state.get("momentum_buffer")
            if velocity is None:
                velocity = state["momentum_buffer"] = change.copy()
            else:
                velocity *= momentum
                if dampening:
                    change *= 1 - dampening
                velocity += change
            if nesterov:
                change *= lr
                data -= change
            np.multiply(velocity, lr * momentum if nesterov else lr, out=change)
        else:
            change *= lr
        data -= change
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-sgd", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("SGD")
def test_sgd(verify):
    def descend(gradients, start=1.0, **settings):
        """The weight after each step."""
        w = Tensor(np.array([start]), requires_grad=True)
        optimizer, path = SGD([w], **settings), []
        for gradient in gradients:
            w.grad = Tensor(np.array([gradient]))
            optimizer.step()
            path.append(w.item())
        return np.array(path)

    def with_rates(gradients, rates):
        """The weight after steps with momentum 0.9 and a learning rate that changes."""
        w = Tensor(np.array([1.0]), requires_grad=True)
        optimizer = SGD([w], momentum=0.9)
        for gradient, lr in zip(gradients, rates):
            w.grad, optimizer.param_groups[0]["lr"] = Tensor(np.array([gradient])), lr
            optimizer.step()
        return w.data

    def same(expected, *inputs, function=descend, **settings):
        case = Case(function, *map(np.array, inputs), **settings)
        assert_close(case(), np.array(expected), case=case)

    with verify("without momentum: w - lr * gradient"):
        same([0.8, 0.5], [2.0, 3.0], lr=0.1)
    with verify("momentum: the first step is plain, later ones add up"):
        same([0.8, 0.42, -0.122], [2.0, 2.0, 2.0], lr=0.1, momentum=0.9)
    with verify("a constant gradient is multiplied up to 1 / (1 - momentum) = 10 times"):
        path = descend([1.0] * 200, lr=0.1, momentum=0.9)
        assert_close(path[-2] - path[-1], 1.0, rtol=1e-6)
    with verify("a change of lr acts at once: lr multiplies the velocity, it is not inside it"):
        same([0.8 - 0.01 * 3.8], [2.0, 2.0], [0.1, 0.01], function=with_rates)
    with verify("nesterov steps along gradient + momentum * velocity"):
        expected = [1 - 0.1 * 3.8, 1 - 0.1 * 3.8 - 0.1 * (2 + 0.9 * 3.8)]
        same(expected, [2.0, 2.0], lr=0.1, momentum=0.9, nesterov=True)
    with verify("dampening weakens every gradient but the first"):
        same([0.8, 0.8 - 0.1 * 2.8], [2.0, 2.0], lr=0.1, momentum=0.9, dampening=0.5)
    with verify("weight decay pulls towards 0, through the velocity too"):
        same([0.95, 0.95 - 0.1 * (0.45 + 0.475)], [0.0, 0.0], lr=0.1, weight_decay=0.5, momentum=0.9)
    with verify("the gradient itself is left as it was"):

        def gradient_after(gradient):
            w = Tensor(np.array([1.0]), requires_grad=True)
            w.grad, optimizer = Tensor(gradient), SGD([w], lr=0.1, momentum=0.9)
            optimizer.step()
            optimizer.step()
            return w.grad.data

        same([2.0], [2.0], function=gradient_after)

    def valley(**settings):
        """How many steps lead from (1, 1) to within 0.001 of the minimum of ½(x² + 100·y²)."""
        w = Tensor(np.ones(2), requires_grad=True)
        optimizer, steps = SGD([w], **settings), 0
        while np.linalg.norm(w.data) >= 1e-3 and steps < 1000:
            w.grad = Tensor(w.data * [1, 100])
            optimizer.step()
            steps += 1
        return steps

    with verify("in the valley, 381 plain steps or 41 with momentum"):
        steps = valley(lr=0.018), valley(lr=0.03, momentum=0.7)
        assert steps == (381, 41), f"expected 381 and 41 steps, got {steps}"


# %% [markdown]
# ## 3. Adam: a step size for each weight
#
# Gradients of the first layer may be far smaller than those of the last. Adam keeps two running averages
# for each weight, of its gradient (m) and of its gradient squared (v), and steps by m / √v: **about lr, whatever the
# scale of the gradients**; less where they change sign, since there m is small and v is not.
#
# Both averages start at 0, so in the first steps they are too small: after one step m is only 0.1·g and v is
# 0.001·g². Uncorrected, the first step would be 0.1 / √0.001 = 3.16 times lr. Dividing m by 1 − β₁ᵗ and v by 1 − β₂ᵗ
# makes both true averages from the first step on: that step is exactly lr (but for eps).
#
# ```
#   m ← β₁·m + (1 − β₁)·g            m̂ = m / (1 − β₁ᵗ)
#   v ← β₂·v + (1 − β₂)·g²           v̂ = v / (1 − β₂ᵗ)         w ← w − lr · m̂ / (√v̂ + ε)
# ```


# %% nbgrader={"grade": false, "grade_id": "adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, algorithm 1). Its weight decay is added to the gradient: see AdamW for the better one.

    TODO: write `update`. `grad` already includes weight decay; the step count t and the averages m and v are there.

    APPROACH:
    1. Update `m` and `v` in place. `work` is an array to compute in: NumPy's functions write there with `out=work`.
    2. √v̂ + ε in `work`: the root of v, divided by √(1 − β₂ᵗ), plus eps.
    3. m over that, times lr / (1 − β₁ᵗ); subtract it from `data`.

    EXAMPLE:
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.1)
        >>> w.grad = Tensor([1234.5])
        >>> optimizer.step(); w                 # one lr, whatever the gradient
        Tensor([0.9], requires_grad=True)

    HINT: eps is added *after* the correction and outside of the root; elsewhere it would be worth something else.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        if weight_decay:
            decayed = self.scratch(data, 1)
            np.multiply(data, weight_decay, out=decayed)
            decayed += grad
            grad = decayed
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(data), exp_avg_sq=np.zeros_like(data))
        state["step"] += 1
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        work = self.scratch(data)
        beta1, beta2 = betas
        ### BEGIN SOLUTION
        m *= beta1
        np.multiply(grad, 1 - beta1, out=work)
        m += work
        v *= beta2
        np.multiply(grad, grad, out=work)
        work *= 1 - beta2
        v += work
        np.sqrt(v, out=work)
        work /= (1 - beta2**t) ** 0.5
        work += eps
        np.divide(m, work, out=work)
        work *= lr / (1 - beta1**t)
        data -= work
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-adam", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false}
@inline_test("Adam")
def test_adam(verify):
    def descend(gradients, start=1.0, **settings):
        """The weight after each step."""
        w = Tensor(np.array([start]), requires_grad=True)
        optimizer, path = Adam([w], **settings), []
        for gradient in gradients:
            w.grad = Tensor(np.array([gradient]))
            optimizer.step()
            path.append(w.item())
        return np.array(path)

    def same(expected, gradients, rtol=None, **settings):
        case = Case(descend, np.array(gradients), **settings)
        assert_close(case(), np.array(expected), rtol=rtol, case=case)

    with verify("the first step is one lr, whatever the size of the gradient"):
        for gradient in (1e-3, 1.0, 1e4):
            same([0.9], [gradient], rtol=2e-6, lr=0.1)
        assert_close(0.1 / 0.001**0.5, 3.16, rtol=1e-3)  # times lr: what it would be without the correction
    with verify("a constant gradient makes every step one lr"):
        same([0.9, 0.8, 0.7, 0.6, 0.5], [0.5] * 5, rtol=1e-6, lr=0.1)
    with verify("two different gradients, by the formula"):
        m, v = 0.9 * 0.2 + 0.1 * -1.0, 0.999 * 0.004 + 0.001 * 1.0  # after the gradients 2 and -1
        expected = 0.9 - 0.1 * (m / (1 - 0.9**2)) / ((v / (1 - 0.999**2)) ** 0.5)
        same([0.9, expected], [2.0, -1.0], lr=0.1, eps=0)
    with verify("eps is added to the corrected root"):
        same([0.95], [1.0], lr=0.1, eps=1.0)
        same([1.0], [0.0], lr=0.1)
    with verify("weight decay is part of the gradient"):
        same([2.9], [0.0], start=3.0, lr=0.1, weight_decay=0.5, eps=0)
    with verify("the gradient itself is left as it was"):

        def gradient_after(gradient):
            w = Tensor(np.array([1.0]), requires_grad=True)
            w.grad = Tensor(gradient)
            Adam([w], weight_decay=0.1).step()
            return w.grad.data

        case = Case(gradient_after, np.array([2.0]))
        assert_close(case(), np.array([2.0]), case=case)


# %% [markdown]
# ## 4. AdamW: decay apart from the gradient
#
# In Adam, weight decay goes through m / √v like everything else. A weight with large gradients has a large √v, so its
# decay is divided away; where the gradient is 0 the decay alone makes a full step of lr, *however small the decay is*.
# Look at the last claim but one of the test above: weight_decay 0.5 moved the weight by exactly lr, and 0.0005 would
# have, too. AdamW (Loshchilov and Hutter, 2019) takes the decay out: every weight shrinks by the same share,
# w ← (1 − lr · weight_decay) · w, and then Adam steps as if there were none.


# %% nbgrader={"grade": false, "grade_id": "adamw", "locked": false, "schema_version": 3, "solution": true, "task": false}
#| export
class AdamW(Adam):
    """Adam with weight decay apart from the gradient: w ← (1 − lr · weight_decay) · w before each step.

    TODO: write `update`: shrink `data` in place, then let Adam step without weight decay.

    HINT: `super()` is Adam, and its `update` takes what yours takes. Which one setting must it not see?
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        ### BEGIN SOLUTION
        data *= 1 - lr * weight_decay
        super().update(data, grad, state, lr=lr, betas=betas, eps=eps, weight_decay=0)
        ### END SOLUTION


# %% [markdown]
# ## 5. Stopping and going on
#
# An optimizer with a memory must be saved together with the weights. Load only the weights, and momentum starts from
# nothing. `state_dict` and `load_state_dict` are given; the last claim below trains ten steps in one go, and beside it
# five steps, a save, a load into a fresh optimizer, and five more. The weights must be equal **to the last bit**.


# %% nbgrader={"grade": true, "grade_id": "test-adamw", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
@inline_test("AdamW")
def test_adamw(verify):
    def step(optimizer, gradient, start=2.0, **settings):
        """The weight after one step."""
        w = Tensor(np.array([start]), requires_grad=True)
        w.grad = Tensor(np.array([gradient]))
        optimizer([w], lr=0.1, eps=0 if gradient else 1e-8, **settings).step()
        return w.item()

    def same(expected, *inputs, **settings):
        case = Case(step, AdamW, *inputs, **settings)
        assert_close(case(), expected, case=case)

    with verify("without a gradient, the weight shrinks by lr * weight_decay of itself"):
        same(1.9, 0.0, weight_decay=0.5)
        same(-3.8, 0.0, start=-4.0, weight_decay=0.5)
    with verify("the share is the same, however large the gradient"):
        for gradient in (1.0, 1000.0):
            same(1.9 - 0.1, gradient, weight_decay=0.5)
    with verify("in Adam a decay of 0.0005 makes as large a step as one of 0.5, where the gradient is 0"):
        moved = np.array([2.0 - step(Adam, 0.0, weight_decay=decay) for decay in (0.5, 0.0005)])
        assert_close(moved, [0.1, 0.1], rtol=1e-4)
    with verify("without weight decay, AdamW is Adam"):
        same(step(Adam, 3.0), 3.0, weight_decay=0)
    with verify("going on from a state_dict gives the same weights to the last bit, for all three"):
        gradients = generator().normal(size=(10, 3)).astype(np.float32)
        for kind, settings in ((SGD, {"momentum": 0.9}), (Adam, {}), (AdamW, {})):
            whole, parted = (Tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(2))
            optimizer, first, second = (kind([w], lr=0.1, **settings) for w in (whole, parted, parted))
            for i, gradient in enumerate(gradients):
                if i == 5:
                    second.load_state_dict(first.state_dict())
                whole.grad = parted.grad = Tensor(gradient)
                optimizer.step()
                (first if i < 5 else second).step()
            assert (whole.data == parted.data).all(), f"{kind.__name__}: {whole} in one go, {parted} in two parts"


# %% [markdown]
# ## What you have
#
# The optimizers that train nearly everything. A question to take along: Adam keeps two arrays for each weight, SGD with
# momentum one. How many numbers, weights included, does a model of 60,362 parameters need with each of them?

# %%
report()
