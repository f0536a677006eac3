"""state_dict and load_state_dict: going on as if nothing had happened."""

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


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_a_run_in_two_parts_equals_the_run_in_one_to_the_last_bit(kind, settings, start, steps):
    whole, optimizer = make(kind, settings, start)
    run(whole, optimizer, steps)
    parted, first = make(kind, settings, start)
    run(parted, first, steps[:3])
    saved = copy.deepcopy(first.state_dict())
    _, second = make(kind, {}, start)  # its settings come from the state, too
    second.param_groups[0]["params"], second.param_groups[1]["params"] = parted[:1], parted[1:]
    second.load_state_dict(saved)
    run(parted, second, steps[3:])
    for a, b in zip(whole, parted):
        assert (a.data == b.data).all()


def test_the_state_is_a_copy_on_the_way_out_and_on_the_way_in(start, steps):
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


def test_it_names_parameters_by_their_position_through_all_groups(start, steps):
    parameters, optimizer = make(SGD, {"momentum": 0.9}, start)
    run(parameters, optimizer, [[steps[0][0], None, steps[0][2]]])
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1, 2]]
    assert list(state["state"]) == [0, 2]
    assert [group["lr"] for group in state["param_groups"]] == [0.1, 0.03]


def change_sizes(state):
    state["param_groups"] = state["param_groups"][:1]


def change_shape(state):
    state["state"][1]["momentum_buffer"] = np.zeros(7)


def change_kind(state):
    del state["param_groups"][1]["momentum"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_sizes, r"SGD: state: expected parameter groups of sizes \[1, 2\], got \[1\]"),
        (change_shape, r"SGD: state: momentum_buffer of parameter 1: expected shape \(3,\), got \(7,\)"),
        (change_kind, "SGD: state: expected the settings .*'momentum'.* saved by another kind of optimizer"),
    ],
)
def test_a_state_that_does_not_fit_is_named_and_changes_nothing(change, message, start, steps):
    parameters, optimizer = make(SGD, {"momentum": 0.9}, start)
    run(parameters, optimizer, steps[:2])
    state = optimizer.state_dict()
    before = copy.deepcopy(state)
    state["state"][0]["momentum_buffer"] += 1
    change(state)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for position in before["state"]:
        assert_close(after["state"][position]["momentum_buffer"], before["state"][position]["momentum_buffer"])
