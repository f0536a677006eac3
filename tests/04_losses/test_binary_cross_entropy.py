"""binary_cross_entropy_with_logits."""

import math

import numpy as np
import pytest

from tinytorch.core.losses import binary_cross_entropy_with_logits as bce
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator

ZEROS = np.zeros((2, 3))


def scores_and_targets():
    draw = generator()
    return draw.standard_normal((2, 3)) * 3, draw.random((2, 3))


def by_hand(x, y, p=1.0):
    sigmoid = 1 / (1 + np.exp(-x))
    return -p * y * np.log(sigmoid) - (1 - y) * np.log(1 - sigmoid)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_textbook_formula_where_that_one_works(reduction):
    x, y = scores_and_targets()
    losses = by_hand(x, y)
    expected = {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
    case = Case(bce, Tensor(x), Tensor(y), reduction=reduction)
    assert_close(case(), expected, case=case)


def test_pos_weight_multiplies_the_loss_of_yes_alone():
    x, y = scores_and_targets()
    p = np.array([0.5, 1.0, 7.0])
    case = Case(bce, Tensor(x), Tensor(y), pos_weight=Tensor(p), reduction="none")
    assert_close(case(), Tensor(by_hand(x, y, p)), case=case)


def test_weight_scales_elements_and_the_mean_divides_by_their_number():
    x, y = scores_and_targets()
    w = np.array([[2.0], [0.0]])
    case = Case(bce, Tensor(x), Tensor(y), Tensor(w))
    assert_close(case(), (by_hand(x, y) * w).mean(), case=case)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_scores_overflow_nowhere_and_wrong_ones_cost_their_size(dtype):
    x, y = np.array([1e4, 1e4, -1e4, -1e4], dtype), np.array([1, 0, 1, 0], dtype)
    with np.errstate(all="raise", under="ignore"):
        case = Case(bce, Tensor(x), Tensor(y), reduction="none")
        assert_close(case(), Tensor(np.array([0, 1e4, 1e4, 0], dtype)), case=case)


def test_a_small_loss_keeps_its_digits():
    loss = bce(Tensor(np.array([40.0])), Tensor(np.array([1.0]))).item()
    assert loss == pytest.approx(math.exp(-40), rel=1e-12, abs=0)


def test_yes_and_no_mirror_each_other():
    x, y = scores_and_targets()
    assert_close(bce(Tensor(-x), Tensor(1 - y)), bce(Tensor(x), Tensor(y)), case={"x": x, "y": y})


def test_knowing_nothing_costs_the_logarithm_of_two():
    assert_close(bce(Tensor([0.0]), Tensor([1.0])), Tensor(0.6931472))


@pytest.mark.parametrize("target", [[1, 0], [True, False]])
def test_targets_may_be_integers_or_truth_values(target):
    x = Tensor([0.5, -1.0])
    assert_close(bce(x, Tensor(np.array(target))), bce(x, Tensor([1.0, 0.0])))


def test_it_can_be_traced_back_also_to_its_weights():
    x, y = scores_and_targets()
    for position in range(4):
        inputs = [Tensor(a, requires_grad=position == i) for i, a in enumerate((x, y, y + 1, y + 2))]
        assert bce(*inputs).grad_fn is not None


@pytest.mark.not_in_catalogue("bad input: the check is given")
def test_arguments_that_cannot_work_are_refused_by_name():
    x, wrong = Tensor(ZEROS), Tensor(ZEROS + 1.5)
    with pytest.raises(ValueError, match="target"):
        bce(x, wrong)
    with pytest.raises(ValueError, match="target"):
        bce(x, Tensor(ZEROS[0]))
    with pytest.raises(ValueError, match="pos_weight"):
        bce(x, x, pos_weight=Tensor(np.ones(2)))
    with pytest.raises(TypeError, match="input"):
        bce(Tensor(np.array([1])), Tensor(np.array([1])))
    with pytest.raises(ValueError, match="reduction"):
        bce(x, x, reduction="Mean")
