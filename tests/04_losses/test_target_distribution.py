"""target_distribution: how much each class counts, and what the mean divides by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.losses import target_distribution
from tinytorch.core.tensor import Tensor
from tinytorch.testing import assert_close

SHAPES = [(4,), (3, 4), (2, 4, 3), (2, 4, 3, 2)]


@st.composite
def labelled(draw):
    """An input of C = 4 classes, labels for it (some of them ignored), class weights, a smoothing."""
    shape = draw(st.sampled_from(SHAPES))
    axis = 1 if len(shape) > 1 else 0
    place = shape[:axis] + shape[axis + 1 :]
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    labels = generator.choice([0, 1, 2, 3, -100], place)
    weight = generator.uniform(0.1, 3, 4) if draw(st.booleans()) else None
    return np.zeros(shape), np.asarray(labels), weight, draw(st.sampled_from([0.0, 0.1, 1.0]))


@given(labelled())
def test_q_and_the_divisor_are_their_formulas_at_every_place(given_labels):
    x, labels, weight, smoothing = given_labels
    given_weight = None if weight is None else Tensor(weight)
    q, divisor = target_distribution(Tensor(x), Tensor(labels), given_weight, -100, smoothing)
    w = np.ones(4) if weight is None else weight
    rows = np.moveaxis(q.data, 1 if q.ndim > 1 else 0, -1)
    assert q.shape == x.shape
    total = 0.0
    for place in np.ndindex(labels.shape):
        label = labels[place]
        expected = np.zeros(4) if label == -100 else w * ((1 - smoothing) * (np.arange(4) == label) + smoothing / 4)
        assert_close(rows[place], expected, case={"label": int(label), "weight": w, "smoothing": smoothing})
        total += 0.0 if label == -100 else w[label]
    assert_close(float(divisor), total, case={"target": labels, "weight": w})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_q_has_the_dtype_of_the_input_and_requires_no_gradient(dtype):
    for weight in (None, Tensor(np.ones(3)), Tensor([1.0, 2.0, 3.0])):
        scores = Tensor(np.zeros((2, 3), dtype), requires_grad=True)
        q, _ = target_distribution(scores, Tensor(np.array([0, 2])), weight, -100, 0.1)
        assert q.dtype == dtype
        assert not q.requires_grad


def test_a_class_may_be_the_ignored_one():
    q, divisor = target_distribution(Tensor(np.zeros((3, 2))), Tensor(np.array([0, 1, 0])), ignore_index=0)
    assert_close(q, Tensor(np.array([[0.0, 0], [0, 1], [0, 0]])))
    assert_close(divisor, 1)


def test_the_labels_and_the_weights_are_left_as_they_were():
    labels, weight = Tensor(np.array([1, -100])), Tensor([1.0, 2.0, 3.0])
    target_distribution(Tensor(np.zeros((2, 3))), labels, weight, -100, 0.1)
    assert_close(labels, Tensor(np.array([1, -100])))
    assert_close(weight, Tensor([1.0, 2.0, 3.0]))
