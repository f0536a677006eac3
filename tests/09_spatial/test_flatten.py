"""Flatten: one row of numbers per image, in the order in which they lie."""

import numpy as np
import pytest
from spatial_checks import check, drawn

from tinytorch.core.spatial import Flatten
from tinytorch.core.tensor import Tensor
from tinytorch.testing import check_gradients, generator


def test_each_image_becomes_one_row_in_the_order_in_which_its_numbers_lie():
    numbers = Tensor(np.arange(48, dtype=np.float32).reshape(2, 3, 4, 2))
    check(Tensor(np.arange(48, dtype=np.float32).reshape(2, 24)), Flatten(), numbers)


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (4, 2, 3, 1), (5, 6), (3, 2, 4)])
def test_the_batch_stays(shape):
    x = drawn(generator(), *shape)
    check(Tensor(x.data.reshape(shape[0], -1)), Flatten(), x)


@pytest.mark.parametrize(
    ("dims", "shape"), [((0, -1), (120,)), ((2, 3), (2, 3, 20)), ((1, 2), (2, 12, 5)), ((-2, -1), (2, 3, 20))]
)
def test_the_axes_to_merge_can_be_chosen(dims, shape):
    x = drawn(generator(), 2, 3, 4, 5)
    check(Tensor(x.data.reshape(shape)), Flatten(*dims), x)


@pytest.mark.not_in_catalogue("the rules of reshape are those of module 05")
def test_gradients_come_back_in_the_image_s_shape():
    check_gradients(Flatten(), drawn(generator(), 2, 3, 2, 2))


@pytest.mark.not_in_catalogue("the repr is given code")
def test_it_says_what_it_is_and_learns_nothing():
    assert repr(Flatten()) == "Flatten(start_dim=1, end_dim=-1)"
    assert list(Flatten().parameters()) == []
