"""measures and Meter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.core.tensor import Tensor
from tinytorch.core.training import Meter, measures
from tinytorch.testing import assert_close, generator


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (np.zeros(4, np.int64), ["accuracy", "loss"]),
        (np.zeros(4, np.uint8), ["accuracy", "loss"]),
        (np.zeros(4, np.float32), ["loss"]),
        (np.zeros((4, 3), np.int64), ["loss"]),
        (np.zeros((4, 3), np.float32), ["loss"]),
    ],
)
def test_the_accuracy_is_measured_where_the_targets_are_class_labels(targets, names):
    assert sorted(measures(Tensor(1.5), Tensor(np.eye(4, 3)), Tensor(targets))) == names


def test_both_measures_are_python_floats():
    found = measures(Tensor(1.5), Tensor(np.eye(4, 3)), Tensor(np.array([0, 1, 0, 0])))
    assert all(isinstance(value, float) for value in found.values())
    assert found == {"loss": 1.5, "accuracy": 0.75}  # a row of zeros predicts class 0


def test_images_may_have_a_class_for_each_pixel():
    logits, labels = np.zeros((2, 3, 4)), np.ones((2, 4), np.int64)
    logits[:, 1, 1:] = 1
    assert measures(0.0, Tensor(logits), Tensor(labels))["accuracy"] == 0.75


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_the_mean_of_batches_is_the_mean_of_all_examples(sizes):
    parts = [generator().standard_normal(size) for size in sizes]
    meter = Meter()
    for part in parts:
        meter.add(len(part), {"loss": part.mean(), "square": (part**2).mean()})
    everything = np.concatenate(parts)
    assert meter.examples == len(everything)
    assert_close(meter.means()["loss"], everything.mean(), atol=1e-9)
    assert_close(meter.means()["square"], (everything**2).mean(), atol=1e-9)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_means_of_nothing_are_refused():
    with pytest.raises(ValueError, match="loader"):
        Meter().means()
