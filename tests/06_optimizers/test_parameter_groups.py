"""What all optimizers share: groups, zero_grad, step, and what is refused."""

import numpy as np
import pytest

from tinytorch.core.optimizers import SGD, Adam, AdamW, Optimizer
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close, generator

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
def test_a_parameter_without_a_gradient_is_left_alone(kind):
    p, other = parameter(1.0), parameter(1.0)
    other.grad = None
    optimizer = kind([p, other], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert_close(other, Tensor(np.array([1.0])))
    assert other not in optimizer.state
    assert p.item() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_left_as_it_was(kind):
    p = parameter(1.0, 2.0)
    optimizer = kind([p], lr=0.1, weight_decay=0.5)
    optimizer.step()
    optimizer.step()
    assert_close(p.grad, Tensor(np.ones(2)))


@pytest.mark.parametrize("kind", KINDS)
def test_float32_parameters_stay_float32_with_a_float64_learning_rate(kind):
    p = Tensor(np.ones(3, np.float32), requires_grad=True)
    p.grad = Tensor(np.ones(3, np.float32))
    optimizer = kind([p], lr=np.float64(0.1))
    optimizer.step()
    kept = [v.dtype for v in optimizer.state[p].values() if isinstance(v, np.ndarray)]
    assert p.data.dtype == np.float32 and set(kept) <= {np.dtype(np.float32)}


def test_each_group_has_its_own_settings_and_the_others_defaults():
    a, b = parameter(1.0), parameter(1.0)
    optimizer = SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1)
    optimizer.step()
    assert_close(np.array([a.item(), b.item()]), [0.9, 0.99])


def test_a_group_can_be_added_later():
    a, b = parameter(1.0), parameter(1.0)
    optimizer = SGD([a], lr=0.1)
    optimizer.add_param_group({"params": b, "lr": 0.5})
    optimizer.step()
    assert_close(np.array([a.item(), b.item()]), [0.9, 0.5])


def test_zero_grad_forgets_the_gradients_of_all_groups():
    a, b = parameter(1.0), parameter(1.0)
    SGD([{"params": [a]}, {"params": [b]}]).zero_grad()
    assert a.grad is None and b.grad is None


def test_a_generator_of_parameters_will_do():
    a, b = parameter(1.0), parameter(1.0)
    SGD((p for p in (a, b)), lr=0.1).step()
    assert_close(np.array([a.item(), b.item()]), [0.9, 0.9])


@pytest.mark.parametrize("kind", KINDS)
def test_steps_make_no_new_arrays_after_the_first(kind):
    p = parameter(*generator().standard_normal(1000))
    settings = {"momentum": 0.9, "nesterov": True} if kind is SGD else {}
    optimizer = kind([p], lr=0.1, weight_decay=0.1, **settings)
    optimizer.step()
    arrays = [*optimizer._scratch.values(), *(v for v in optimizer.state[p].values() if isinstance(v, np.ndarray))]
    before = [id(array) for array in arrays]
    optimizer.step()
    arrays = [*optimizer._scratch.values(), *(v for v in optimizer.state[p].values() if isinstance(v, np.ndarray))]
    assert [id(array) for array in arrays] == before


# ---- what is refused --------------------------------------------------------------------------------


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (parameter(1.0), TypeError, r"SGD: params: expected a list of parameters, got one tensor; pass \[tensor\]"),
        ([], ValueError, r"SGD: params: expected parameters, got none; pass model.parameters\(\)"),
        ([np.ones(2)], TypeError, "SGD: params: entry 0: expected a tensor, got ndarray"),
        ([parameter(1.0) * 2.0], ValueError, "entry 0: expected a leaf, got a result of mul"),
        ([parameter(1.0)] * 2, ValueError, "this parameter .* is in the optimizer already"),
        (
            [{"params": [parameter(1.0)], "learning_rate": 1}],
            ValueError,
            "expected params and any of .*'lr'.*got .*'learning_rate'",
        ),
        ([{"lr": 1}], ValueError, r"expected params and any of .* got \['lr'\]"),
    ],
)
def test_what_cannot_be_optimized_is_refused(params, error, message):
    if params and isinstance(params, list) and len(params) == 2:
        params = [params[0], params[0]]
    with pytest.raises(error, match=message):
        SGD(params, lr=0.1)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (SGD, {"lr": -0.1}, "SGD: lr: expected a number from 0, got -0.1"),
        (Adam, {"lr": float("nan")}, "Adam: lr: expected a number from 0, got nan"),
        (SGD, {"lr": "fast"}, "SGD: lr: expected a number from 0, got 'fast'"),
        (SGD, {"momentum": -1}, "SGD: momentum: expected a number from 0, got -1"),
        (AdamW, {"weight_decay": -1}, "AdamW: weight_decay: expected a number from 0, got -1"),
        (Adam, {"eps": -1}, "Adam: eps: expected a number from 0, got -1"),
        (Adam, {"betas": (0.9, 1.0)}, r"Adam: betas: expected two numbers from 0 to below 1, got \(0.9, 1.0\)"),
        (Adam, {"betas": 0.9}, "Adam: betas: expected two numbers from 0 to below 1, got 0.9"),
        (
            SGD,
            {"nesterov": True},
            "SGD: nesterov: expected momentum above 0 and dampening 0, got momentum=0, dampening=0",
        ),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.5}, "SGD: nesterov: .*dampening=0.5"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind([parameter(1.0)], **settings)
    with pytest.raises(ValueError, match=message):
        kind([{"params": [parameter(1.0)], **settings}])


@pytest.mark.not_in_catalogue("given code")
def test_an_optimizer_is_one():
    assert all(issubclass(kind, Optimizer) for kind in KINDS)
