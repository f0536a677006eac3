"""The checks of what an optimizer gets: parameters, settings, saved states."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.support.optimizers import as_groups, checked_group, fitting_state


class Groups:
    """The smallest thing that has parameter groups; its errors begin with this name."""

    def __init__(self, params, **defaults):
        self.defaults, self.param_groups, self.loaded = defaults, [], None
        for group in as_groups(self, params):
            self.add_param_group(group)

    @checked_group
    def add_param_group(self, group):
        self.param_groups.append({**self.defaults, **group})

    @fitting_state
    def load_state_dict(self, state_dict):
        self.loaded = state_dict


def parameter(*values):
    return Tensor(np.array(values), requires_grad=True)


def test_a_list_of_parameters_is_one_group_and_a_list_of_dicts_stays():
    a, b = parameter(1.0), parameter(2.0)
    assert [list(map(id, group["params"])) for group in as_groups(None, [a, b])] == [[id(a), id(b)]]
    assert [list(map(id, group["params"])) for group in as_groups(None, (p for p in [a, b]))] == [[id(a), id(b)]]
    groups = [{"params": [a]}, {"params": [b], "lr": 1}]
    assert as_groups(None, groups) == groups


def test_the_parameters_of_a_group_become_a_list_and_the_given_dict_stays():
    a, b = parameter(1.0), parameter(2.0)
    one, several = {"params": a}, {"params": (p for p in [b])}
    groups = Groups([one, several], lr=0.1)
    assert [list(map(id, group["params"])) for group in groups.param_groups] == [[id(a)], [id(b)]]
    assert one["params"] is a


def twice():
    p = parameter(1.0)
    return [p, p]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (parameter(1.0), TypeError, r"^Groups: params: expected a list of parameters, got one tensor; pass \[tensor\]"),
        ([], ValueError, r"^Groups: params: expected parameters, got none; pass model.parameters\(\)"),
        ([np.ones(2)], TypeError, "^Groups: params: entry 0: expected a tensor, got ndarray"),
        ([parameter(1.0) * 2.0], ValueError, "entry 0: expected a leaf, got a result of mul; pass the tensor that it"),
        (twice(), ValueError, r"entry 1: this parameter \(shape \(1,\)\) is in the optimizer already"),
        ([{"params": [p]} for p in twice()], ValueError, "entry 0: this parameter .* is in the optimizer already"),
        (
            [{"params": [parameter(1.0)], "learning_rate": 1}],
            ValueError,
            r"^Groups: param group: expected params and any of \['lr'\], got \['learning_rate', 'params'\]",
        ),
        ([{"lr": 1}], ValueError, r"expected params and any of .* got \['lr'\]"),
    ],
)
def test_what_cannot_be_optimized_is_refused(params, error, message):
    with pytest.raises(error, match=message):
        Groups(params, lr=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -0.1}, "lr: expected a number of at least 0, got -0.1"),
        ({"lr": float("nan")}, "lr: expected a number of at least 0, got nan"),
        ({"lr": "fast"}, "lr: expected a number of at least 0, got 'fast'"),
        ({"momentum": -1}, "momentum: expected a number of at least 0, got -1"),
        ({"weight_decay": -1}, "weight_decay: expected a number of at least 0, got -1"),
        ({"eps": -1}, "eps: expected a number of at least 0, got -1"),
        ({"betas": (0.9, 1.0)}, r"betas: expected two numbers of at least 0 and below 1, got \(0.9, 1.0\)"),
        ({"betas": 0.9}, "betas: expected two numbers of at least 0 and below 1, got 0.9"),
        (
            {"nesterov": True, "momentum": 0, "dampening": 0},
            "nesterov: expected momentum above 0 and dampening 0, got momentum=0, dampening=0; pass momentum=0.9",
        ),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.5}, "nesterov: .* got momentum=0.9, dampening=0.5"),
    ],
)
def test_a_setting_that_is_out_of_range_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=f"^Groups: {message}"):
        Groups([parameter(1.0)], **settings)
    with pytest.raises(ValueError, match=f"^Groups: {message}"):  # in a group, where the defaults are in range
        Groups([{"params": [parameter(1.0)], **settings}], **dict.fromkeys(settings, 0) | {"betas": (0.0, 0.0)})


def saved(state):
    groups = [{"params": [0], "lr": 1.0}, {"params": [1, 2], "lr": 2.0}]
    return {"state": state, "param_groups": groups}


@pytest.fixture
def groups():
    a, b, c = parameter(1.0, 2.0), parameter(3.0), Tensor(np.ones(3, np.float32), requires_grad=True)
    return Groups([{"params": [a]}, {"params": [b, c]}], lr=0.1)


def test_a_state_that_fits_gets_the_dtypes_of_the_parameters_and_positions_as_numbers(groups):
    given = saved({"0": {"m": Tensor([1.0, 2.0]), "step": 3}, 2: {"m": np.ones(3)}})
    groups.load_state_dict(given)
    loaded = groups.loaded["state"]
    assert list(loaded) == [0, 2] and loaded[0]["step"] == 3
    assert loaded[0]["m"].dtype == np.float64 and loaded[2]["m"].dtype == np.float32
    assert groups.loaded["param_groups"] == given["param_groups"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["param_groups"].pop(), r"expected parameter groups of sizes \[1, 2\], got \[1\]"),
        (lambda s: s["param_groups"][1]["params"].pop(), r"expected parameter groups of sizes \[1, 2\], got \[1, 1\]"),
        (
            lambda s: s["param_groups"][1].pop("lr"),
            r"expected the settings \['lr'\], got \[\]: it was saved by another",
        ),
        (lambda s: s["state"].update({1: {"m": np.ones(7)}}), r"m of parameter 1: expected shape \(1,\), got \(7,\)"),
        (lambda s: s["state"].update({3: {"m": np.ones(1)}}), "parameter 3: there are only 3 parameters"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(groups, change, message):
    state_dict = saved({0: {"m": np.ones(2)}})
    change(state_dict)
    with pytest.raises(ValueError, match=f"^Groups: state: {message}"):
        groups.load_state_dict(state_dict)
    assert groups.loaded is None
