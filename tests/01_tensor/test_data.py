"""From data to an array: dtypes, shared memory, what is refused."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, tensor, to_array
from tinytorch.testing import assert_close


@pytest.mark.parametrize(
    "data, dtype",
    [
        (1.5, np.float32),
        ([1.0, 2.0], np.float32),
        ([[1, 2.5]], np.float32),
        (3, np.int64),
        ([[1], [2]], np.int64),
        (True, np.bool_),
        ([True, False], np.bool_),
        (np.ones(2), np.float64),
        (np.ones(2, np.float16), np.float16),
        (np.ones(2, np.uint8), np.uint8),
    ],
)
def test_python_numbers_become_float32_or_int64_and_arrays_keep_their_dtype(data, dtype):
    assert Tensor(data).dtype == dtype


@pytest.mark.parametrize("wanted", [np.float64, np.float32, np.int64])
def test_a_dtype_that_is_asked_for_is_obeyed(wanted):
    assert_close(Tensor([1.0, 2.0], dtype=wanted), Tensor(np.array([1, 2], wanted)))


def test_a_tensor_shares_the_memory_of_an_array_and_tensor_copies_it():
    array = np.zeros(3)
    shared, copied = Tensor(array), tensor(array)
    array[0] = 7
    assert_close(shared, Tensor(np.array([7.0, 0, 0])))
    assert_close(copied, Tensor(np.zeros(3)))


def test_numpy_gives_the_memory_and_detach_shares_it_without_a_past():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).detach()
    assert x.numpy() is x.data
    assert np.shares_memory(x.detach().data, x.data)
    assert not y.requires_grad and y.grad_fn is None


@pytest.mark.not_in_catalogue("given code")
def test_item_is_the_one_number_and_refuses_more():
    assert Tensor([[2.5]]).item() == 2.5
    with pytest.raises(ValueError, match=r"one element, got shape \(2,\)"):
        Tensor([1.0, 2.0]).item()


@pytest.mark.not_in_catalogue("given code")
def test_length_is_the_first_size():
    assert len(Tensor(np.zeros((4, 2)))) == 4
    with pytest.raises(TypeError, match=r"use .item\(\)"):
        len(Tensor(1.0))


def test_repr_shows_numbers_unusual_dtypes_and_requires_grad():
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(Tensor(np.array([1.0]))) == "Tensor([1.], dtype=float64)"
    assert repr(Tensor([1.0], requires_grad=True)) == "Tensor([1.], requires_grad=True)"


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match="rows of equal length"):
        to_array([[1, 2], [3]])


@pytest.mark.parametrize("data", ["seven", [1.0, "x"], [None], np.array([1j])])
def test_what_is_not_a_number_is_refused(data):
    with pytest.raises(TypeError, match="expected numbers"):
        to_array(data)


def test_integers_cannot_require_a_gradient():
    with pytest.raises(TypeError, match="floating dtype, got int64; pass dtype=np.float32"):
        Tensor([1, 2], requires_grad=True)


@pytest.mark.not_in_catalogue("bad input: no entry leaves its check out")
def test_writing_into_a_tensor_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"where\(\), or .data"):
        Tensor([1.0, 2.0])[0] = 5.0
