"""cross_entropy and nll_loss: values, laws, numerics, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.activations import log_softmax
from tinytorch.core.losses import CrossEntropyLoss, NLLLoss, cross_entropy, nll_loss
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
    assert_close(cross_entropy(Tensor(np.zeros((1, classes))), Tensor([classes - 1])), np.log(classes))


@given(st.floats(-500, 500))
def test_a_common_shift_of_the_scores_changes_nothing(shift):
    x, y = Tensor(np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])), Tensor([2, 0])
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
    case = Case(cross_entropy, Tensor([[0.0, -1e4], [1e4, 0.0]]), Tensor([1, 1]), reduction="none")
    assert_close(case(), Tensor([1e4, 1e4]), case=case)


def test_a_class_ruled_out_by_minus_infinity_harms_nobody_else():
    x = Tensor([[0.0, 0.0, -np.inf]])
    assert_close(cross_entropy(x, Tensor([0])), Tensor(0.6931472))
    assert_close(cross_entropy(x, Tensor([2])), Tensor(np.array(np.inf, np.float32)))


def test_lists_and_float32_weights_are_fine_and_dtype_is_the_inputs():
    x = np.zeros((2, 3), np.float32)
    assert_close(cross_entropy(Tensor(x), [0, 2], Tensor([1.0, 1.0, 3.0])), Tensor(np.log(np.array(3, np.float32))))
    assert cross_entropy(Tensor(x), Tensor([0, 2]), reduction="none").dtype == np.float32


def test_settings_of_the_objects_reach_the_functions():
    x, y = scores_and_labels()
    w = [0.5, 1.0, 2.0, 4.0]
    settings = {"ignore_index": 1, "reduction": "sum"}
    assert_close(
        CrossEntropyLoss(w, label_smoothing=0.1, **settings)(Tensor(x), Tensor(y)),
        cross_entropy(Tensor(x), Tensor(y), Tensor(w), label_smoothing=0.1, **settings),
    )
    assert_close(NLLLoss(w, **settings)(Tensor(x), Tensor(y)), nll_loss(Tensor(x), Tensor(y), Tensor(w), **settings))
    assert_close(CrossEntropyLoss()(Tensor(x), Tensor(y)), cross_entropy(Tensor(x), Tensor(y)))


@pytest.mark.not_in_catalogue("given code")
def test_class_weights_are_saved_and_not_learned():
    loss = CrossEntropyLoss([1.0, 2.0])
    assert_close(loss.state_dict()["weight"], Tensor([1.0, 2.0]))
    assert list(loss.parameters()) == []
    assert CrossEntropyLoss().state_dict() == {}


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@BOTH
@pytest.mark.parametrize("labels, message", [([0, 4, 1], r"target\[1\] is 4"), ([0, 1, -1], r"target\[2\] is -1")])
def test_a_label_out_of_range_is_named(loss, labels, message):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: {message}: expected class indices 0 to 3"):
        loss(Tensor(X), Tensor(labels))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_a_bad_label_in_a_picture_is_named_by_its_place():
    labels = np.zeros((2, 5, 5), np.int64)
    labels[1, 2, 3] = 7
    with pytest.raises(ValueError, match=r"target\[1, 2, 3\] is 7"):
        cross_entropy(Tensor(np.zeros((2, 4, 5, 5))), Tensor(labels))
    with pytest.raises(ValueError, match="cross_entropy: target is 7"):
        cross_entropy(Tensor(X[0]), Tensor(7))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@BOTH
def test_labels_that_are_nan_floats_or_truth_values_are_refused(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: target\[2\] is NaN"):
        loss(Tensor(X), Tensor([0.0, 1.0, np.nan]))
    with pytest.raises(TypeError, match=r"integer dtype, got float32; convert: Tensor\(target, dtype=np.int64\)"):
        loss(Tensor(X), Tensor([0.0, 1.0, 2.0]))
    with pytest.raises(TypeError, match="integer dtype, got bool"):
        loss(Tensor(X), Tensor([True, False, True]))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(
    "shape, fix",
    [((3, 1), r"target.reshape\(3,\)"), ((3, 4), r"target.argmax\(1\)"), ((2,), r"got \(2,\)$"), ((), r"got \(\)$")],
)
def test_labels_of_another_shape_are_refused_with_a_way_out(shape, fix):
    with pytest.raises(ValueError, match=rf"expected shape \(3,\) for input of shape \(3, 4\), .*{fix}"):
        cross_entropy(Tensor(X), Tensor(np.zeros(shape, np.int64)))


@BOTH
def test_a_mean_over_nothing_is_refused_and_a_sum_is_zero(loss):
    with pytest.raises(ValueError, match=r"empty batch of shape \(0, 4\)"):
        loss(Tensor(np.zeros((0, 4))), Tensor(np.zeros(0, np.int64)))
    ignored = Tensor([-100, -100, -100])
    with pytest.raises(ValueError, match="all are ignored or have weight 0.*reduction='sum'"):
        loss(Tensor(X), ignored)
    assert_close(loss(Tensor(X), ignored, reduction="sum"), 0.0)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@BOTH
def test_inputs_that_are_no_scores_are_refused(loss):
    with pytest.raises(TypeError, match=r"expected floats of shape \(batch, classes\), got int64"):
        loss(Tensor([[1, 2]]), Tensor([0]))
    with pytest.raises(TypeError, match=r"expected floats of shape \(batch, classes\), got float32 \(\)"):
        loss(Tensor(1.0), Tensor(0))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_class_weights_must_be_one_per_class():
    with pytest.raises(ValueError, match=r"weight: expected shape \(4,\), one for each class, got \(3,\)"):
        cross_entropy(Tensor(X), Tensor([0, 1, 2]), Tensor(np.ones(3)))


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_smoothing_must_be_a_part(smoothing):
    with pytest.raises(ValueError, match="label_smoothing: expected a number from 0 to 1"):
        cross_entropy(Tensor(X), Tensor([0, 1, 2]), label_smoothing=smoothing)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@BOTH
def test_an_unknown_reduction_is_refused_and_the_nearest_offered(loss):
    with pytest.raises(ValueError, match=f"{loss.__name__}: reduction: .* did you mean 'none'?"):
        loss(Tensor(X), Tensor([0, 1, 2]), reduction="non")
    with pytest.raises(ValueError, match="CrossEntropyLoss: reduction: .*'summ'; did you mean 'sum'?"):
        CrossEntropyLoss(reduction="summ")
