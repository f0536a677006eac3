"""binary_cross_entropy_with_logits and BCEWithLogitsLoss."""

import math

import numpy as np
import pytest

from tinytorch.core.losses import BCEWithLogitsLoss
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
    assert_close(bce(x, Tensor(target)), bce(x, Tensor([1.0, 0.0])))


def test_settings_of_the_object_reach_the_function_and_its_weights_are_saved():
    x, y = (Tensor(a) for a in scores_and_targets())
    loss = BCEWithLogitsLoss([1.0, 2.0, 3.0], reduction="sum", pos_weight=[3.0, 2.0, 1.0])
    assert_close(loss(x, y), bce(x, y, Tensor([1.0, 2.0, 3.0]), Tensor([3.0, 2.0, 1.0]), reduction="sum"))
    assert sorted(loss.state_dict()) == ["pos_weight", "weight"]


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("value", [np.nan, -0.1, 1.5])
def test_a_target_that_is_no_probability_is_named(value):
    y = ZEROS.copy()
    y[1, 2] = value
    with pytest.raises(ValueError, match=rf"target\[1, 2\] is {value}: expected probabilities from 0 to 1"):
        bce(Tensor(ZEROS), Tensor(y))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"target: expected the shape of the input, \(2, 3\), got \(3,\)"):
        bce(Tensor(ZEROS), Tensor(ZEROS[0]))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("name", ["weight", "pos_weight"])
@pytest.mark.parametrize("shape", [(2,), (4, 2, 3), (2, 2)])
def test_weights_must_broadcast_to_the_input(name, shape):
    with pytest.raises(ValueError, match=rf"{name}: expected a shape that broadcasts to \(2, 3\), got"):
        bce(Tensor(ZEROS), Tensor(ZEROS), **{name: Tensor(np.ones(shape))})


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_integer_scores_and_an_empty_batch_are_refused():
    with pytest.raises(TypeError, match="input: expected scores of a floating dtype, got int64"):
        bce(Tensor([1]), Tensor([1]))
    with pytest.raises(ValueError, match=r"empty batch of shape \(0, 3\)"):
        bce(Tensor(ZEROS[:0]), Tensor(ZEROS[:0]))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits: reduction: .*did you mean 'mean'?"):
        bce(Tensor(ZEROS), Tensor(ZEROS), reduction="Mean")
    with pytest.raises(ValueError, match="BCEWithLogitsLoss: reduction"):
        BCEWithLogitsLoss(reduction="avg")
