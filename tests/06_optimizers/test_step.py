"""zero_grad and step, with each of the three optimizers."""

import numpy as np
import pytest

from tinytorch.core.optimizers import SGD, Adam, AdamW, Optimizer
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close

KINDS = [SGD, Adam, AdamW]


def parameter(*values):
    p = Tensor(np.array(values), requires_grad=True)
    p.grad = Tensor(np.ones(len(values)))
    return p


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameter_changes_in_its_own_array(kind):
    p = parameter(1.0, 2.0)
    array = p.data
    kind([p], lr=0.1).step()
    assert p.data is array and (array < [1.0, 2.0]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_parameter_without_a_gradient_is_skipped(kind):
    p, other = parameter(1.0), parameter(1.0)
    other.grad = None
    optimizer = kind([p, other], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert_close(other, Tensor(np.array([1.0])))
    assert other not in optimizer.state
    assert p.item() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_stays_as_it_was(kind):
    p = parameter(1.0, 2.0)
    optimizer = kind([p], lr=0.1, weight_decay=0.5)
    optimizer.step()
    optimizer.step()
    assert_close(p.grad, Tensor(np.ones(2)))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_and_state_are_float32_if_the_parameter_is(kind):
    p = Tensor(np.ones(3, np.float32), requires_grad=True)
    p.grad = Tensor(np.ones(3, np.float32))
    optimizer = kind([p], lr=np.float64(0.1), **({"momentum": 0.9} if kind is SGD else {}))
    optimizer.step()
    optimizer.step()
    kept = {value.dtype for value in optimizer.state[p].values() if isinstance(value, np.ndarray)}
    assert p.data.dtype == np.float32 and kept == {np.dtype(np.float32)}


def test_each_group_has_its_own_settings():
    a, b = parameter(1.0), parameter(1.0)
    SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1).step()
    assert_close(np.array([a.item(), b.item()]), [0.9, 0.99])


def test_a_changed_setting_is_used_at_the_next_step():
    a = parameter(1.0)
    optimizer = SGD([a], lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert_close(a.item(), 0.5)


def test_zero_grad_removes_the_gradients_of_all_groups():
    a, b = parameter(1.0), parameter(1.0)
    SGD([{"params": [a]}, {"params": [b]}]).zero_grad()
    assert a.grad is None and b.grad is None


@pytest.mark.not_in_catalogue("given code")
def test_the_three_are_optimizers():
    assert all(issubclass(kind, Optimizer) for kind in KINDS)
