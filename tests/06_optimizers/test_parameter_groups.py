"""Groups, their settings, and what is saved and loaded."""

import copy

import numpy as np
import pytest

from tinytorch.core.optimizers import SGD, Adam, AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator

SETTINGS = [
    (SGD, {}),
    (SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    (Adam, {"weight_decay": 0.1}),
    (AdamW, {}),
]


def parameter(*values):
    return Tensor(np.array(values), requires_grad=True)


def make(kind, settings, start):
    parameters = [Tensor(array.copy(), requires_grad=True) for array in start]
    return parameters, kind([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.03}], lr=0.1, **settings)


def run(parameters, optimizer, steps):
    for gradients in steps:
        for p, gradient in zip(parameters, gradients):
            p.grad = None if gradient is None else Tensor(gradient)
        optimizer.step()


@pytest.fixture
def start():
    draw = generator()
    return [draw.standard_normal(shape).astype(np.float32) for shape in ((2, 3), (3,), ())]


@pytest.fixture
def steps():
    draw = generator()
    return [[draw.standard_normal(shape).astype(np.float32) for shape in ((2, 3), (3,), ())] for _ in range(8)]


def test_a_group_has_its_own_settings_and_the_defaults_for_the_others():
    optimizer = SGD([{"params": [parameter(1.0)]}, {"params": [parameter(2.0)], "lr": 0.5}], lr=0.1, momentum=0.9)
    assert [(group["lr"], group["momentum"]) for group in optimizer.param_groups] == [(0.1, 0.9), (0.5, 0.9)]


def test_a_group_can_be_added_later():
    a, b = parameter(1.0), parameter(1.0)
    optimizer = SGD([a], lr=0.1)
    optimizer.add_param_group({"params": b, "lr": 0.5})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert optimizer.param_groups[1]["params"][0] is b


@pytest.mark.not_in_catalogue("given code")
def test_parameters_may_come_from_a_generator():
    a, b = parameter(1.0), parameter(2.0)
    (group,) = SGD(p for p in (a, b)).param_groups
    assert [id(p) for p in group["params"]] == [id(a), id(b)]


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_a_run_in_two_parts_equals_the_run_in_one_to_the_last_bit(kind, settings, start, steps):
    whole, optimizer = make(kind, settings, start)
    run(whole, optimizer, steps)
    parts, first = make(kind, settings, start)
    run(parts, first, steps[:3])
    saved = copy.deepcopy(first.state_dict())
    second = kind([{"params": parts[:1]}, {"params": parts[1:]}])  # its settings come from the state, too
    second.load_state_dict(saved)
    run(parts, second, steps[3:])
    for a, b in zip(whole, parts):
        assert (a.data == b.data).all()


def test_states_are_copied_when_saved_and_when_loaded(start, steps):
    parameters, optimizer = make(Adam, {}, start)
    run(parameters, optimizer, steps[:1])
    state = optimizer.state_dict()
    kept = copy.deepcopy(state)
    run(parameters, optimizer, steps[1:2])
    assert_close(state["state"][0]["exp_avg"], kept["state"][0]["exp_avg"])
    optimizer.load_state_dict(state)
    run(parameters, optimizer, steps[2:3])
    assert_close(state["state"][0]["exp_avg"], kept["state"][0]["exp_avg"])
    assert state["state"][0]["step"] == 1


def test_parameters_are_named_by_their_position_through_all_groups(start, steps):
    parameters, optimizer = make(SGD, {"momentum": 0.9}, start)
    run(parameters, optimizer, [[steps[0][0], None, steps[0][2]]])
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1, 2]]
    assert sorted(state["state"]) == [0, 2]
    assert_close(float(state["state"][2]["momentum_buffer"]), float(steps[0][2]))
    assert [group["lr"] for group in state["param_groups"]] == [0.1, 0.03]


def test_a_loaded_state_replaces_all_states(start, steps):
    parameters, optimizer = make(SGD, {"momentum": 0.9}, start)
    state = optimizer.state_dict()
    run(parameters, optimizer, steps[:1])
    optimizer.load_state_dict(state)
    assert optimizer.state == {}


# ---- what is refused (tests/support/test_optimizers.py has all cases) ----


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_no_parameters_and_a_parameter_that_is_there_twice_are_refused():
    p = parameter(1.0)
    with pytest.raises(ValueError, match="SGD: params"):
        SGD([])
    with pytest.raises(ValueError, match="Adam: params"):
        Adam([p, p])


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(
    ("kind", "settings", "name"),
    [(SGD, {"lr": -0.1}, "lr"), (SGD, {"nesterov": True}, "nesterov"), (AdamW, {"betas": (0.9, 1.0)}, "betas")],
)
def test_a_setting_that_is_out_of_range_is_refused(kind, settings, name):
    with pytest.raises(ValueError, match=f"{kind.__name__}: {name}"):
        kind([parameter(1.0)], **settings)


def test_a_state_that_does_not_fit_changes_nothing(start, steps):
    parameters, optimizer = make(SGD, {"momentum": 0.9}, start)
    run(parameters, optimizer, steps[:2])
    before, wrong = optimizer.state_dict(), optimizer.state_dict()
    wrong["state"][0]["momentum_buffer"] += 1
    wrong["state"][1]["momentum_buffer"] = np.zeros(7)
    with pytest.raises(ValueError, match=r"SGD: state: momentum_buffer of parameter 1: expected shape \(3,\)"):
        optimizer.load_state_dict(wrong)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for position in before["state"]:
        assert_close(after["state"][position]["momentum_buffer"], before["state"][position]["momentum_buffer"])
