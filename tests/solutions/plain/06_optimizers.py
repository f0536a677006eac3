"""Chapter 06, written by another student: loops in place of comprehensions, new arrays in place of changed ones."""

# %% parameter-groups
import copy

import numpy as np

from tinytorch.support.optimizers import as_groups, checked_group, fitting_state


class ParameterGroups:
    def __init__(self, params, defaults):
        self.state = {}
        self.defaults = dict(defaults)
        self.param_groups = []
        groups = as_groups(self, params)
        i = 0
        while i < len(groups):
            self.add_param_group(groups[i])
            i += 1

    @checked_group
    def add_param_group(self, group):
        complete = {}
        for name in self.defaults:
            complete[name] = self.defaults[name]
        for name in group:
            complete[name] = group[name]
        self.param_groups = self.param_groups + [complete]

    def state_dict(self):
        groups = []
        state = {}
        count = 0
        for group in self.param_groups:
            new = {}
            for name, value in group.items():
                if name != "params":
                    new[name] = value
            new["params"] = []
            for p in group["params"]:
                new["params"].append(count)
                if p in self.state:
                    state[count] = {}
                    for name, value in self.state[p].items():
                        state[count][name] = value.copy() if hasattr(value, "copy") else value
                count += 1
            groups.append(new)
        return {"param_groups": groups, "state": state}

    @fitting_state
    def load_state_dict(self, state_dict):
        new_state = {}
        position = 0
        new_groups = []
        for i in range(len(self.param_groups)):
            new = copy.copy(state_dict["param_groups"][i])
            new["params"] = self.param_groups[i]["params"]
            new_groups.append(new)
            for p in new["params"]:
                if position in state_dict["state"]:
                    new_state[p] = copy.deepcopy(state_dict["state"][position])
                position = position + 1
        self.param_groups = new_groups
        self.state = new_state


# %% optimizer


class Optimizer:
    def zero_grad(self):
        parameters = sum([group["params"] for group in self.param_groups], [])
        for parameter in parameters:
            parameter.grad = None

    def step(self):
        for group in self.param_groups:
            settings = dict(group)
            del settings["params"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter not in self.state:
                    self.state[parameter] = {}
                self.update(parameter.data, parameter.grad.numpy(), self.state[parameter], **settings)


# %% sgd


class SGD:
    def update(self, data, grad, state, *, lr, momentum, dampening, weight_decay, nesterov):
        gradient = grad
        if weight_decay != 0:
            gradient = data * weight_decay + grad
        if momentum == 0:
            data -= gradient * lr
            return
        if state.get("momentum_buffer") is None:
            velocity = gradient.copy()
        else:
            velocity = state["momentum_buffer"] * momentum
            velocity = velocity + gradient * (1 - dampening)
        state["momentum_buffer"] = velocity
        direction = velocity
        if nesterov:
            direction = gradient + velocity * momentum
        data[...] = data - direction * lr


# %% adam


class Adam:
    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        if weight_decay:
            grad = grad + data * weight_decay
        step = state.get("step", 0) + 1
        old_mean = state.get("exp_avg", np.zeros_like(data))
        old_square = state.get("exp_avg_sq", np.zeros_like(data))
        mean = old_mean * betas[0] + grad * (1 - betas[0])
        square = old_square * betas[1] + grad**2 * (1 - betas[1])
        state["step"] = step
        state["exp_avg"] = mean
        state["exp_avg_sq"] = square
        root = (square / (1 - betas[1] ** step)) ** 0.5
        change = mean / (1 - betas[0] ** step) / (root + eps)
        np.subtract(data, lr * change, out=data)


# %% adamw


class AdamW:
    def update(self, data, grad, state, *, lr, betas, eps, weight_decay):
        data -= data * lr * weight_decay
        Adam.update(self, data, grad, state, lr=lr, betas=betas, eps=eps, weight_decay=0.0)
