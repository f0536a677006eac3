"""accuracy: the share of examples whose largest logit is the label's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.tensor import Tensor
from tinytorch.core.training import accuracy
from tinytorch.testing import assert_close, generator


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 99))
def test_it_is_the_share_of_rows_that_are_correct(n, classes, seed):
    draw = np.random.default_rng(seed)
    logits, labels = draw.standard_normal((n, classes)), draw.integers(0, classes, n)
    correct = sum(max(range(classes), key=row.__getitem__) == label for row, label in zip(logits.tolist(), labels))
    assert_close(accuracy(Tensor(logits), Tensor(labels)), correct / n)


def test_it_is_a_python_float():
    assert isinstance(accuracy(Tensor([[2.0, 0.1], [0.3, 1.5]]), Tensor(np.array([0, 0]))), float)


def test_only_the_order_of_the_logits_matters():
    draw = generator()
    logits, labels = draw.standard_normal((50, 4)), draw.integers(0, 4, 50)
    assert accuracy(logits, labels) == accuracy(np.exp(logits) * 3, labels)


def test_logits_may_have_axes_after_the_classes():
    logits = np.zeros((2, 3, 4))
    logits[:, 1] = 1
    assert_close(accuracy(Tensor(logits), Tensor(np.array([[1, 1, 1, 0], [1, 0, 0, 0]]))), 0.5)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
@pytest.mark.parametrize(("logits", "labels"), [((4, 3), (3,)), ((0, 3), (0,))])
def test_shapes_that_do_not_fit_and_an_empty_batch_are_refused(logits, labels):
    with pytest.raises(ValueError, match="accuracy: expected logits"):
        accuracy(np.zeros(logits), np.zeros(labels, np.int64))
