"""From data to an array, and from an array to a tensor: dtypes, shared memory, the attributes of a leaf."""

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, to_array
from tinytorch.testing import assert_close


@pytest.mark.parametrize(
    "data, dtype",
    [
        (1.5, np.float32),
        ([1.0, 2.0], np.float32),
        ([[1, 2.5]], np.float32),
        ([[1], [2]], np.float32),
        ((1, 2), np.float32),
        (True, np.float32),
        ([True, False], np.float32),
        ([np.float64(1.0)], np.float32),
        ([], np.float32),
        (np.ones(2), np.float64),
        (np.ones(2, np.float16), np.float16),
        (np.ones(2, np.uint8), np.uint8),
        (np.array([True]), np.bool_),
        (np.float64(1.0), np.float64),
        (np.int64(1), np.int64),
    ],
)
def test_pythons_numbers_become_float32_and_numpys_keep_their_dtype(data, dtype):
    assert to_array(data).dtype == dtype
    assert_close(to_array(data), np.asarray(data, dtype))


@pytest.mark.parametrize("wanted", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize(
    "data", [[1.0, 2.0], np.array([1.0, 2.0]), Tensor(np.array([1, 2]))], ids=["list", "array", "tensor"]
)
def test_a_dtype_that_is_asked_for_is_obeyed(data, wanted):
    assert_close(to_array(data, wanted), np.array([1, 2], wanted))
    assert_close(Tensor(data, dtype=wanted), Tensor(np.array([1, 2], wanted)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
def test_an_array_of_the_wanted_dtype_is_shared_and_not_copied(dtype):
    array = np.zeros(3, dtype)
    assert to_array(array) is array
    assert to_array(array, dtype) is array
    assert Tensor(array).data is array
    assert Tensor(Tensor(array)).data is array


@pytest.mark.parametrize("wanted", [False, True])
def test_a_new_tensor_is_a_leaf_without_a_gradient(wanted):
    x = Tensor([1.0, 2.0], requires_grad=wanted)
    assert x.requires_grad is wanted
    assert x.grad is None and x.grad_fn is None


def test_only_floating_numbers_can_require_a_gradient():
    for data in (np.array([1, 2]), np.array([True])):
        assert not Tensor(data).requires_grad
        with pytest.raises(TypeError, match="requires_grad"):
            Tensor(data, requires_grad=True)
    for dtype in (np.float16, np.float32, np.float64):
        assert Tensor([1, 2], requires_grad=True, dtype=dtype).requires_grad


def test_detach_shares_the_numbers_and_requires_no_gradient():
    y = Tensor([1.0, 2.0], requires_grad=True) * 2
    out = y.detach()
    assert out.data is y.data
    assert not out.requires_grad and out.grad_fn is None
    assert y.requires_grad and y.grad_fn is not None


def test_one_int_is_refused_because_torch_takes_it_for_a_length():
    for arguments in ((3,), (2, 3)):
        with pytest.raises(TypeError, match=rf"^data: .*tensor\({arguments[0]}\).*zeros\({arguments[0]}\)"):
            Tensor(*arguments)
    assert_close(Tensor(3.0), Tensor(np.float32(3)))
    assert_close(Tensor(np.int64(3)), Tensor(np.array(3)))
