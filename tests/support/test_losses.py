"""Checks of what the losses are given: each names the argument, what was expected, what came, and a fix."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.support.losses import (
    check_binary_cross_entropy_with_logits,
    check_cross_entropy,
    check_loss,
    check_mse_loss,
    check_nll_loss,
    check_reduction,
    class_axis,
)

SCORES, LABELS, ZEROS = np.zeros((3, 4)), np.array([0, 1, 2]), np.zeros((2, 3))
OF_CLASSES = pytest.mark.parametrize(
    ("check", "name"), [(check_cross_entropy, "cross_entropy"), (check_nll_loss, "nll_loss")]
)
check_binary = check_binary_cross_entropy_with_logits


@pytest.mark.parametrize(("shape", "axis"), [((3,), 0), ((2, 3), 1), ((2, 3, 5, 5), 1)])
def test_classes_stand_on_axis_1_of_a_batch_and_on_axis_0_of_a_single_sample(shape, axis):
    assert class_axis(np.zeros(shape)) == axis


def test_correct_arguments_pass_as_arrays_tensors_and_lists():
    for make in (np.asarray, Tensor, np.ndarray.tolist):
        check_mse_loss(make(ZEROS), make(ZEROS), "sum")
        check_binary(make(ZEROS), make(ZEROS), make(ZEROS[:1]), make(ZEROS[:, :1]))
        for check in (check_cross_entropy, check_nll_loss):
            check(make(SCORES), make(LABELS), make(np.ones(4)), ignore_index=1, reduction="none")


@pytest.mark.parametrize(
    ("reduction", "message"),
    [
        ("means", r"got 'means'; did you mean 'mean'\?"),
        ("non", r"did you mean 'none'\?"),
        ("Mean", r"did you mean 'mean'\?"),
        (7, "x: reduction: expected 'mean', 'sum' or 'none', got 7$"),
    ],
)
def test_an_unknown_reduction_is_refused_and_the_nearest_offered(reduction, message):
    with pytest.raises(ValueError, match=message):
        check_reduction("x", reduction)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("mse_loss", lambda: check_mse_loss(ZEROS, ZEROS, "avg")),
        ("cross_entropy", lambda: check_cross_entropy(SCORES, LABELS, reduction="avg")),
        ("nll_loss", lambda: check_nll_loss(SCORES, LABELS, reduction="avg")),
        ("binary_cross_entropy_with_logits", lambda: check_binary(ZEROS, ZEROS, reduction="avg")),
        ("Tensor", lambda: check_loss(Tensor(1.0), None, reduction="avg", ignore_index=3)),
    ],
)
def test_the_reduction_is_refused_in_the_name_of_the_loss(name, check):
    with pytest.raises(ValueError, match=f"^{name}: reduction: .*got 'avg'"):
        check()


@pytest.mark.parametrize(("name", "check"), [("mse_loss", check_mse_loss), ("binary_.*_logits", check_binary)])
def test_shapes_that_would_broadcast_are_refused_with_the_fix(name, check):
    with pytest.raises(ValueError, match=r"expected the shape of the input, \(4, 1\), .*target.reshape\(4, 1\)"):
        check(np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(ValueError, match=rf"{name}: target: expected the shape of the input, \(2, 3\), got \(3,\)$"):
        check(ZEROS, ZEROS[0])


@pytest.mark.parametrize("check", [check_mse_loss, check_binary, lambda x, y: check_nll_loss(x, y[:, 0].astype(int))])
def test_an_empty_batch_is_refused(check):
    with pytest.raises(ValueError, match=r"input: expected at least one \w+, got an empty batch of shape \(0, 3\)"):
        check(ZEROS[:0], ZEROS[:0])


@OF_CLASSES
@pytest.mark.parametrize(("labels", "message"), [([0, 4, 1], r"target\[1\] is 4"), ([0, 1, -1], r"target\[2\] is -1")])
def test_a_label_out_of_range_is_named(check, name, labels, message):
    with pytest.raises(ValueError, match=rf"{name}: {message}: expected class indices 0 to 3 \(or ignore_index, -100"):
        check(SCORES, np.array(labels))


@OF_CLASSES
def test_only_the_ignored_label_may_be_no_class(check, name):
    check(SCORES, np.array([0, 99, 1]), ignore_index=99)
    with pytest.raises(ValueError, match=r"target\[1\] is -100: .* \(or ignore_index, 99\)"):
        check(SCORES, np.array([0, -100, 1]), ignore_index=99)


def test_a_bad_label_in_an_image_is_named_by_its_place():
    labels = np.zeros((2, 5, 5), np.int64)
    labels[1, 2, 3] = 7
    with pytest.raises(ValueError, match=r"target\[1, 2, 3\] is 7"):
        check_cross_entropy(np.zeros((2, 4, 5, 5)), labels)
    with pytest.raises(ValueError, match="cross_entropy: target is 7"):
        check_cross_entropy(SCORES[0], np.array(7))


@OF_CLASSES
def test_labels_that_are_nan_floats_or_truth_values_are_refused(check, name):
    with pytest.raises(ValueError, match=rf"{name}: target\[2\] is NaN"):
        check(SCORES, np.array([0.0, 1.0, np.nan]))
    with pytest.raises(TypeError, match=r"integer dtype, got float32; convert: Tensor\(target, dtype=np.int64\)"):
        check(SCORES, np.array([0.0, 1.0, 2.0], np.float32))
    with pytest.raises(TypeError, match="integer dtype, got bool"):
        check(SCORES, np.array([True, False, True]))


@pytest.mark.parametrize(
    ("shape", "fix"),
    [((3, 1), r"target.reshape\(3,\)"), ((3, 4), r"target.argmax\(1\)"), ((2,), r"got \(2,\)$"), ((), r"got \(\)$")],
)
def test_labels_of_another_shape_are_refused_with_a_way_out(shape, fix):
    with pytest.raises(ValueError, match=rf"expected shape \(3,\) for input of shape \(3, 4\), .*{fix}"):
        check_cross_entropy(SCORES, np.zeros(shape, np.int64))


@OF_CLASSES
def test_a_mean_over_nothing_is_refused_and_a_sum_is_not(check, name):
    ignored = np.full(3, -100)
    for labels, weight in ((ignored, None), (ignored, np.ones(4)), (LABELS, np.array([0.0, 0.0, 0.0, 1.0]))):
        with pytest.raises(ValueError, match=f"{name}: target: .*all are ignored or have weight 0.*reduction='sum'"):
            check(SCORES, labels, weight)
        check(SCORES, labels, weight, reduction="sum")


@OF_CLASSES
def test_inputs_that_are_no_scores_are_refused(check, name):
    with pytest.raises(TypeError, match=rf"{name}: input: expected floats of shape \(batch, classes\), got int64"):
        check(np.array([[1, 2]]), np.array([0]))
    with pytest.raises(TypeError, match=r"expected floats of shape \(batch, classes\), got float32 \(\)"):
        check(Tensor(1.0), np.array(0))


def test_class_weights_must_be_one_per_class():
    with pytest.raises(ValueError, match=r"weight: expected shape \(4,\), one for each class, got \(3,\)"):
        check_cross_entropy(SCORES, LABELS, np.ones(3))


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_smoothing_must_be_a_part(smoothing):
    with pytest.raises(ValueError, match="cross_entropy: label_smoothing: expected a number from 0 to 1"):
        check_cross_entropy(SCORES, LABELS, label_smoothing=smoothing)


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.5])
def test_a_target_that_is_no_probability_is_named(value):
    target = ZEROS.copy()
    target[1, 2] = value
    with pytest.raises(ValueError, match=rf"target\[1, 2\] is {value}: expected probabilities from 0 to 1"):
        check_binary(ZEROS, target)


@pytest.mark.parametrize("name", ["weight", "pos_weight"])
@pytest.mark.parametrize("shape", [(2,), (4, 2, 3), (2, 2)])
def test_weights_must_broadcast_to_the_input(name, shape):
    with pytest.raises(ValueError, match=rf"{name}: expected a shape that broadcasts to \(2, 3\), got"):
        check_binary(ZEROS, ZEROS, **{name: np.ones(shape)})


def test_integer_scores_are_refused_where_they_must_be_floats():
    with pytest.raises(TypeError, match="input: expected scores of a floating dtype, got int64"):
        check_binary(np.array([1]), np.array([1]))


def test_data_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="data: expected numbers, got list"):
        check_cross_entropy(SCORES, ["cat", "dog", "cat"])
    with pytest.raises(ValueError, match="data: expected numbers in rows of equal length"):
        check_mse_loss([[1.0], [1.0, 2.0]], ZEROS)
