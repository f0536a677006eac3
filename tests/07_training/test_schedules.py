"""OneCycle and CosineSchedule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import CosineSchedule, OneCycle
from tinytorch.testing import assert_close


def sgd(*lrs):
    return SGD([{"params": [Tensor([1.0], requires_grad=True)], "lr": lr} for lr in lrs])


def rates(schedule):
    """The learning rate before each step, and after the last one."""
    seen = []
    for _ in range(schedule.total_steps):
        seen.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.step()
    return np.array([*seen, schedule.optimizer.param_groups[0]["lr"]])


@given(st.integers(1, 200), st.floats(0.05, 0.95), st.floats(1e-4, 10))
def test_one_cycle_rises_to_its_peak_and_falls_to_0_and_no_step_is_wasted(total, pct_start, max_lr):
    seen = rates(OneCycle(sgd(1.0), max_lr, total, pct_start))
    top = seen.argmax()
    assert (seen[:-1] > 0).all() and seen[-1] == 0
    assert seen.max() <= max_lr * (1 + 1e-12)
    assert (np.diff(seen[: top + 1]) > 0).all() and (np.diff(seen[top:]) < 0).all()
    assert abs(top + 1 - pct_start * total) <= 1


def test_one_cycle_by_default_peaks_after_a_fifth():
    seen = rates(OneCycle(sgd(1.0), 0.05, total_steps=100))
    assert_close(seen[[0, 9, 19]], np.array([0.0025, 0.025, 0.05]))
    assert_close(seen[19:], np.linspace(0.05, 0, 82), atol=1e-12)


@given(st.integers(2, 100), st.integers(0, 99), st.floats(0, 0.5))
def test_cosine_warms_up_and_falls_from_the_optimizers_rate_to_min_lr(total, warmup, min_lr):
    warmup %= total
    seen = rates(CosineSchedule(sgd(1.0), total, warmup=warmup, min_lr=min_lr))
    assert_close(seen[: warmup + 1], np.arange(1, warmup + 2) / (warmup + 1))
    t = np.arange(total - warmup + 1) / (total - warmup)
    assert_close(seen[warmup:], min_lr + (1 - min_lr) * (1 + np.cos(np.pi * t)) / 2, atol=1e-12)


def test_every_parameter_group_keeps_its_share():
    optimizer = sgd(1.0, 0.1)
    CosineSchedule(optimizer, 10).go_to(5)
    assert_close(np.array([group["lr"] for group in optimizer.param_groups]), np.array([0.5, 0.05]))
    OneCycle(optimizer, [1.0, 0.1], 10).go_to(1)
    assert_close(np.array([group["lr"] for group in optimizer.param_groups]), np.array([1.0, 0.1]))
    OneCycle(optimizer, 2.0, 10).go_to(1)
    assert_close(np.array([group["lr"] for group in optimizer.param_groups]), np.array([2.0, 2.0]))


def test_float32_weights_stay_in_float32_with_a_numpy_rate():
    weight = Tensor(np.ones(2, np.float32), requires_grad=True)
    optimizer = SGD([weight], lr=np.float64(1.0))
    for schedule in (OneCycle(optimizer, np.float64(0.1), 10), CosineSchedule(optimizer, 10, warmup=2)):
        weight.grad = Tensor(np.ones(2, np.float32))
        optimizer.step()
        schedule.step()
    assert weight.dtype == np.float32


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_step_too_many_is_refused():
    schedule = OneCycle(sgd(1.0), 0.1, total_steps=2)
    schedule.step()
    schedule.step()
    with pytest.raises(ValueError, match="total_steps"):
        schedule.step()


def test_half_way_down_the_cosine_is_half_the_rate():
    schedule = CosineSchedule(sgd(1.0), 8)
    assert_close(schedule.lr(4, 1.0), 0.5)
    assert_close(schedule.lr(2, 1.0), (1 + math.cos(math.pi / 4)) / 2)
