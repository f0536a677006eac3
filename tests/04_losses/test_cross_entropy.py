"""sample_losses, cross_entropy, nll_loss and CrossEntropyLoss: values, laws and numerics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.activations import log_softmax
from tinytorch.core.losses import CrossEntropyLoss, cross_entropy, nll_loss, sample_losses
from tinytorch.core.tensor import Tensor
from tinytorch.testing import Case, assert_close, generator

X = np.zeros((3, 4))
BOTH = pytest.mark.parametrize("loss", [cross_entropy, nll_loss])


def scores_and_labels(shape=(6, 4)):
    draw = generator()
    classes = shape[1] if len(shape) > 1 else shape[0]
    place = shape[:1] + shape[2:] if len(shape) > 1 else ()
    return draw.standard_normal(shape) * 3, np.asarray(draw.integers(0, classes, place))


def by_hand(x, y, weight=None, smoothing=0.0):
    """(losses, weights of the labels) of a batch (N, C), one number at a time."""
    w = np.ones(x.shape[1]) if weight is None else weight
    losses = []
    for row, label in zip(x, y, strict=True):
        log_p = row - np.log(np.exp(row).sum())
        spread = sum(w[c] * log_p[c] for c in range(len(row))) / len(row)
        losses.append(-((1 - smoothing) * w[label] * log_p[label] + smoothing * spread))
    return np.array(losses), w[y]


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_is_minus_the_log_probability_of_the_label(reduction, weighted, smoothing):
    x, y = scores_and_labels()
    weight = np.array([0.5, 1.0, 2.0, 4.0]) if weighted else None
    losses, counts = by_hand(x, y, weight, smoothing)
    expected = {"mean": losses.sum() / counts.sum(), "sum": losses.sum(), "none": losses}[reduction]
    w = None if weight is None else Tensor(weight)
    case = Case(cross_entropy, Tensor(x), Tensor(y), w, reduction=reduction, label_smoothing=smoothing)
    assert_close(case(), expected, case=case)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nll_loss_takes_log_probabilities(reduction):
    x, y = scores_and_labels()
    w = Tensor(np.array([0.5, 1.0, 2.0, 4.0]))
    case = Case(nll_loss, log_softmax(Tensor(x), dim=1), Tensor(y), w, reduction=reduction)
    assert_close(case(), cross_entropy(Tensor(x), Tensor(y), w, reduction=reduction), case=case)


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 3, 2)])
def test_axes_after_the_classes_are_places_with_a_label_each(shape):
    x, y = scores_and_labels(shape)
    flat = np.moveaxis(x, 1, -1).reshape(-1, shape[1])
    losses, _ = by_hand(flat, y.ravel())
    case = Case(cross_entropy, Tensor(x), Tensor(y), reduction="none")
    assert_close(case(), Tensor(losses.reshape(y.shape)), case=case)
    assert_close(cross_entropy(Tensor(x), Tensor(y)), losses.mean())


def test_one_sample_may_come_without_a_batch():
    x, y = scores_and_labels((4,))
    case = Case(cross_entropy, Tensor(x), Tensor(y))
    assert_close(case(), cross_entropy(Tensor(x[None]), Tensor(y[None])), case=case)


@given(st.integers(2, 1000))
def test_equal_scores_cost_the_logarithm_of_the_number_of_classes(classes):
    assert_close(cross_entropy(Tensor(np.zeros((1, classes))), Tensor(np.array([classes - 1]))), np.log(classes))


@given(st.floats(-500, 500))
def test_a_common_shift_of_the_scores_changes_nothing(shift):
    x, y = Tensor(np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])), Tensor(np.array([2, 0]))
    assert_close(cross_entropy(x + shift, y), cross_entropy(x, y), case={"shift": shift})


@pytest.mark.parametrize("ignored", [-100, 2, 99])
def test_an_ignored_label_changes_neither_sum_nor_mean(ignored):
    x, y = scores_and_labels()
    keep = y != 2
    x, y = np.concatenate([x[keep], x[:1], x[:2]]), np.append(y[keep], [1, ignored, ignored])
    case = Case(cross_entropy, Tensor(x), Tensor(y), ignore_index=ignored, label_smoothing=0.1)
    assert_close(case(), cross_entropy(Tensor(x[:-2]), Tensor(y[:-2]), label_smoothing=0.1), case=case)
    each = cross_entropy(Tensor(x), Tensor(y), ignore_index=ignored, reduction="none")
    assert_close(each[-2:], Tensor(np.zeros(2)))


def test_hopeless_scores_cost_much_but_not_infinitely_much():
    case = Case(cross_entropy, Tensor([[0.0, -1e4], [1e4, 0.0]]), Tensor(np.array([1, 1])), reduction="none")
    assert_close(case(), Tensor([1e4, 1e4]), case=case)


def test_a_class_ruled_out_by_minus_infinity_harms_nobody_else():
    x = Tensor([[0.0, 0.0, -np.inf]])
    assert_close(cross_entropy(x, Tensor(np.array([0]))), Tensor(0.6931472))
    assert_close(cross_entropy(x, Tensor(np.array([2]))), Tensor(np.array(np.inf, np.float32)))


def test_lists_and_float32_weights_are_fine_and_dtype_is_the_inputs():
    x = np.zeros((2, 3), np.float32)
    assert_close(cross_entropy(Tensor(x), [0, 2], Tensor([1.0, 1.0, 3.0])), Tensor(np.log(np.array(3, np.float32))))
    assert cross_entropy(Tensor(x), Tensor(np.array([0, 2])), reduction="none").dtype == np.float32


def test_the_loss_of_a_sample_sums_over_the_classes_that_count():
    log_p, q = np.log([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]), np.array([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]])
    expected = -np.array([0.5 * np.log(0.5) + 0.5 * np.log(0.25), 0.0])
    case = Case(sample_losses, Tensor(log_p), Tensor(q))
    assert_close(case(), Tensor(expected), case=case)
    for image in (log_p[..., None], np.stack([log_p, log_p], axis=2)):
        case = Case(sample_losses, Tensor(image), Tensor(np.broadcast_to(q[..., None], image.shape).copy()))
        assert_close(case(), Tensor(np.broadcast_to(expected[:, None], (2, image.shape[2])).copy()), case=case)


def test_what_does_not_count_does_not_count_at_minus_infinity_either():
    log_p = np.array([[-1.0, -np.inf], [-np.inf, -2.0]])
    case = Case(sample_losses, Tensor(log_p), Tensor(np.array([[0.5, 0.0], [0.0, 0.0]])))
    assert_close(case(), Tensor(np.array([0.5, 0.0])), case=case)


@BOTH
def test_a_sum_over_ignored_labels_is_zero(loss):
    assert_close(loss(Tensor(X), Tensor(np.array([-100, -100, -100])), reduction="sum"), 0.0)


def test_settings_of_the_object_reach_the_function():
    x, y = scores_and_labels()
    weight = np.array([0.5, 1.0, 2.0, 4.0])
    losses, _ = by_hand(x, y, weight, smoothing=0.1)
    kept = y != 1
    loss = CrossEntropyLoss(weight, ignore_index=1, reduction="sum", label_smoothing=0.1)
    assert_close(loss(Tensor(x), Tensor(y)), losses[kept].sum())
    losses, counts = by_hand(x, y, weight)
    assert_close(CrossEntropyLoss(list(weight))(Tensor(x), Tensor(y)), losses.sum() / counts.sum())
    assert_close(CrossEntropyLoss()(Tensor(x), Tensor(y)), by_hand(x, y)[0].mean())


def test_class_weights_are_saved_and_not_learned():
    loss = CrossEntropyLoss([1.0, 2.0])
    assert_close(loss.state_dict()["weight"], [1.0, 2.0])
    assert list(loss.parameters()) == []
    assert CrossEntropyLoss().state_dict() == {}


@pytest.mark.not_in_catalogue("bad input: the checks are given")
@BOTH
def test_arguments_that_cannot_work_are_refused_by_name(loss):
    x, labels = Tensor(X), Tensor(np.array([0, 1, 2]))
    for target in (
        Tensor(np.array([0, 1, 4])),
        Tensor([0.0, 1.0, np.nan]),
        Tensor(np.array([[0], [1], [2]])),
        Tensor(np.array([-100] * 3)),
    ):
        with pytest.raises(ValueError, match=f"{loss.__name__}: target"):
            loss(x, target)
    with pytest.raises(TypeError, match=f"{loss.__name__}: target"):
        loss(x, Tensor([0.0, 1.0, 2.0]))
    with pytest.raises(ValueError, match=f"{loss.__name__}: weight"):
        loss(x, labels, Tensor(np.ones(3)))
    with pytest.raises(ValueError, match=f"{loss.__name__}: reduction"):
        loss(x, labels, reduction="non")


@pytest.mark.not_in_catalogue("bad input: the checks are given")
def test_a_smoothing_that_is_no_part_and_an_unknown_reduction_are_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        cross_entropy(Tensor(X), Tensor(np.array([0, 1, 2])), label_smoothing=1.1)
    with pytest.raises(ValueError, match="CrossEntropyLoss: reduction"):
        CrossEntropyLoss(reduction="summ")
