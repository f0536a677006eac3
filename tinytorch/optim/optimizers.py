"""Chapter 06's optimizers with the rest of torch's arguments, and RMSprop and Adagrad, whose `update` is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import tinytorch.core.optimizers as chapter
from tinytorch.core.tensor import Tensor
from tinytorch.support.optimizers import named_parameters, settings_of_torch
from tinytorch.support.torch_arguments import refuse_not_served

State = dict[str, Any]


class Optimizer(chapter.Optimizer):
    """The base of all optimizers: a subclass defines `update(data, grad, state, **settings)`, or a `step` of its own.

    `state[p]` is an empty dict for a parameter that has none yet, as in torch.
    """

    @property
    def state(self) -> dict[Tensor, State]:
        """What is kept for each parameter from step to step."""
        return self._state

    @state.setter
    def state(self, state: dict[Tensor, State]) -> None:
        self._state = defaultdict(dict, state)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, `{"params": [...], "lr": 0.01}`; what it does not set has the default value.

        "params" may be pairs (name, parameter), as from `named_parameters()`; the group then has "param_names". Raises
        ValueError where only some of the parameters have a name.
        """
        group, names = named_parameters(self, param_group)
        super().add_param_group(group)
        if names is not None:
            self.param_groups[-1]["param_names"] = names

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the `grad` of every parameter to None; with set_to_none=False those that there are to zeros."""
        if set_to_none:
            super().zero_grad()
            return
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = Tensor(np.zeros_like(p.grad.data))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient. Return the loss where a `closure` is given, which computes it.

        The closure is called first: it sets the gradients to zero, computes the loss, and calls `backward()`.
        """
        loss = None if closure is None else closure()
        # `update` takes the optimizer's settings by name; what schedulers keep in a group, and names, are none of them.
        own = {"params", *self.defaults}
        others = [{name: group.pop(name) for name in set(group) - own} for group in self.param_groups]
        try:
            super().step()
        finally:
            for group, entries in zip(self.param_groups, others):
                group.update(entries)
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, also from that of torch's optimizer of the same name.

        Raises ValueError where the groups, their settings, or the shapes of the parameters are others.
        """
        groups, others = settings_of_torch(self, state_dict["param_groups"])
        super().load_state_dict({"state": state_dict["state"], "param_groups": groups})
        for group, entries in zip(self.param_groups, others):
            group.update(entries)


class _Maximizing(Optimizer):
    """Adds the setting `maximize`: with it a step goes along the gradient."""

    def update(self, data: np.ndarray, grad: np.ndarray, state: State, **settings: Any) -> None:
        gradient = -grad if settings.pop("maximize") else grad
        super().update(data, gradient, state, **settings)  # type: ignore[misc]  # of the chapter's optimizer


class SGD(_Maximizing, chapter.SGD):
    """Stochastic gradient descent as in chapter 06, with torch's `maximize`, which climbs instead.

    Raises ValueError for a setting that is out of range, and for foreach, differentiable and fused, which concern how
    torch computes the same numbers.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        refuse_not_served(type(self).__name__, foreach=foreach, differentiable=differentiable, fused=fused)
        settings = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
        Optimizer.__init__(self, params, {"lr": lr, **settings, "maximize": maximize})


class Adam(_Maximizing, chapter.Adam):
    """Adam as in chapter 06, with torch's `amsgrad` and `maximize`.

    With amsgrad (Reddi, Kale and Kumar, 2018) the largest v of all steps so far, `state["max_exp_avg_sq"]`, stands in
    the place of v. Raises ValueError for a setting that is out of range, and for foreach, capturable, differentiable
    and fused, which concern how torch computes the same numbers.
    """

    decoupled_weight_decay = False  # what torch's state dict says of this optimizer

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):
        if decoupled_weight_decay:
            raise ValueError(f"{type(self).__name__}: decoupled_weight_decay: this is AdamW; pass the rest to AdamW")
        refuse_not_served(
            type(self).__name__, foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused
        )
        settings = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        Optimizer.__init__(self, params, {"lr": lr, **settings, "maximize": maximize})

    def update(self, data: np.ndarray, grad: np.ndarray, state: State, **settings: Any) -> None:
        """Change `data` in place by one step; `grad` stays as it is."""
        if not settings.pop("amsgrad"):
            super().update(data, grad, state, **settings)
            return
        # An infinite eps makes the chapter's own step 0: it only updates the averages, and AdamW's weights decay.
        super().update(data, grad, state, **{**settings, "eps": np.inf})
        largest = np.maximum(state.get("max_exp_avg_sq", 0), state["exp_avg_sq"])
        state["max_exp_avg_sq"] = largest
        (beta1, beta2), t = settings["betas"], state["step"]
        root = np.sqrt(largest / (1 - beta2**t)) + settings["eps"]
        data -= settings["lr"] * (state["exp_avg"] / (1 - beta1**t)) / root


class AdamW(Adam, chapter.AdamW):
    """AdamW as in chapter 06, with torch's `amsgrad` and `maximize`; the other arguments are those of `Adam`."""

    decoupled_weight_decay = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        options = {"foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, **options)  # type: ignore[arg-type]


class RMSprop(Optimizer):
    """RMSprop (Hinton, 2012, lecture 6e), with g = grad + weight_decay · w.

    At each step v ← alpha · v + (1 − alpha) · g², then w ← w − lr · g / (√v + eps). With `centered` the root is that
    of v − m², where m ← alpha · m + (1 − alpha) · g (Graves, 2013). With momentum the quotient is added up as
    b ← momentum · b + g / (…), and w ← w − lr · b. The state holds v as "square_avg", m as "grad_avg", b as
    "momentum_buffer" and the number of steps as "step". Raises ValueError as `Adam` does.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        refuse_not_served(type(self).__name__, capturable=capturable, foreach=foreach, differentiable=differentiable)
        settings = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, {"lr": lr, **settings, "centered": centered, "maximize": maximize})

    def update(self, data: np.ndarray, grad: np.ndarray, state: State, **settings: Any) -> None:
        """Change `data` in place by one step; `grad` stays as it is."""
        alpha, momentum = settings["alpha"], settings["momentum"]
        g = (-grad if settings["maximize"] else grad) + settings["weight_decay"] * data
        state["step"] = state.get("step", 0) + 1
        v = alpha * state.get("square_avg", np.zeros_like(data)) + (1 - alpha) * g * g
        state["square_avg"] = v
        if settings["centered"]:
            m = alpha * state.get("grad_avg", np.zeros_like(data)) + (1 - alpha) * g
            state["grad_avg"] = m
            v = v - m * m
        change = g / (np.sqrt(v) + settings["eps"])
        if momentum:
            change = momentum * state.get("momentum_buffer", np.zeros_like(data)) + change
            state["momentum_buffer"] = change
        data -= settings["lr"] * change


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012, https://arxiv.org/abs/1212.5701), with g = grad + weight_decay · w.

    At each step v ← rho · v + (1 − rho) · g², then d = √(u + eps) / √(v + eps) · g, u ← rho · u + (1 − rho) · d², and
    w ← w − lr · d. The state holds v as "square_avg", u as "acc_delta" and the number of steps as "step". Raises
    ValueError as `Adam` does.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        refuse_not_served(type(self).__name__, capturable=capturable, foreach=foreach, differentiable=differentiable)
        settings = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, settings)

    def update(self, data: np.ndarray, grad: np.ndarray, state: State, *, maximize: bool, **settings: Any) -> None:
        """Change `data` in place by one step; `grad` stays as it is."""
        rho, eps = settings["rho"], settings["eps"]
        g = (-grad if maximize else grad) + settings["weight_decay"] * data
        state["step"] = state.get("step", 0) + 1
        v = rho * state.get("square_avg", np.zeros_like(data)) + (1 - rho) * g * g
        u = state.get("acc_delta", np.zeros_like(data))
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        state["square_avg"], state["acc_delta"] = v, rho * u + (1 - rho) * d * d
        data -= settings["lr"] * d


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer, 2011), with g = grad + weight_decay · w.

    At each step s ← s + g², then w ← w − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps). The state holds s as "sum",
    which begins at `initial_accumulator_value`, and t as "step" (1 at the first step). Raises ValueError as `Adam`.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        refuse_not_served(type(self).__name__, foreach=foreach, differentiable=differentiable, fused=fused)
        settings = {"lr_decay": lr_decay, "weight_decay": weight_decay, "eps": eps}
        start = {"initial_accumulator_value": initial_accumulator_value}
        super().__init__(params, {"lr": lr, **settings, **start, "maximize": maximize})

    def update(self, data: np.ndarray, grad: np.ndarray, state: State, **settings: Any) -> None:
        """Change `data` in place by one step; `grad` stays as it is."""
        if not state:
            state["step"], state["sum"] = 0, np.full_like(data, settings["initial_accumulator_value"])
        g = (-grad if settings["maximize"] else grad) + settings["weight_decay"] * data
        state["sum"] += g * g
        lr = settings["lr"] / (1 + state["step"] * settings["lr_decay"])
        state["step"] += 1
        data -= lr * g / (np.sqrt(state["sum"]) + settings["eps"])
