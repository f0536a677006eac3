"""The operators and methods of a tensor, and the checks of chapter 01's arguments."""

import operator

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, concatenate, flatten, gather, matmul, pad, stack, to_array, where
from tinytorch.support.tensor import TensorMethods, as_shape, inferred_array, number_array, positive_axis
from tinytorch.testing import Case, assert_close

# ---- operators --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_operators_work_from_either_side(operate):
    a, b = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 1.5])
    assert_close(operate(Tensor(a), Tensor(b)), Tensor(operate(a, b)))
    assert_close(operate(Tensor(a), 2.0), Tensor(operate(a, 2.0)))
    assert_close(operate(2.0, Tensor(a)), Tensor(operate(2.0, a)))
    assert_close(operate(a, Tensor(b)), Tensor(operate(a, b)))


def test_the_matrix_product_has_its_operator_on_either_side():
    a, b = np.eye(2) * 3, np.array([[1.0, 2.0], [3.0, 4.0]])
    for out in (Tensor(a) @ Tensor(b), a @ Tensor(b), Tensor(a) @ b):
        assert_close(out, Tensor(3 * b))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_give_truth_values_element_by_element(compare):
    a, b = np.array([1, 2, 3]), np.array([3, 2, 1])
    assert_close(compare(Tensor(a), Tensor(b)), Tensor(compare(a, b)))
    assert_close(compare(Tensor(a), b), Tensor(compare(a, b)))
    assert_close(compare(Tensor(a), 2), Tensor(compare(a, 2)))
    assert_close(compare(2.5, Tensor(a)), Tensor(compare(2.5, a)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_is_compared_in_the_dtype_of_the_tensor(dtype):
    assert_close(Tensor(np.array([0.1, 0.2], dtype)) == 0.1, Tensor(np.array([True, False])))


def test_a_comparison_is_not_recorded():
    out = Tensor([1.0], requires_grad=True) > 0
    assert out.grad_fn is None and not out.requires_grad


def test_tensors_are_keys_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert {a: 1, b: 2}[a] == 1


# ---- methods ----------------------------------------------------------------------------------------

X = np.arange(1.0, 7.0).reshape(1, 2, 3)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: -x, -X),
        (lambda x: x.exp(), np.exp(X)),
        (lambda x: x.log(), np.log(X)),
        (lambda x: x.sqrt(), np.sqrt(X)),
        (lambda x: (-x).abs(), X),
        (lambda x: x.clip(2, 5), X.clip(2, 5)),
        (lambda x: x.sum(1, True), X.sum(1, keepdims=True)),
        (lambda x: x.mean(2, True), X.mean(2, keepdims=True)),
        (lambda x: x.var(2, True, True), X.var(2, ddof=1, keepdims=True)),
        (lambda x: x.max(), np.array(6.0)),
        (lambda x: x.min(), np.array(1.0)),
        (lambda x: x.max(2, True).values, X.max(2, keepdims=True)),
        (lambda x: x.min(2).indices, X.argmin(2)),
        (lambda x: x.argmax(), np.array(5)),
        (lambda x: x.argmin(1, True), X.argmin(1, keepdims=True)),
        (lambda x: x.reshape(3, -1), X.reshape(3, 2)),
        (lambda x: x.view((6,)), X.reshape(6)),
        (lambda x: x.flatten(1), X.reshape(1, 6)),
        (lambda x: x.permute(2, 0, 1), X.transpose(2, 0, 1)),
        (lambda x: x.permute((2, 0, 1)), X.transpose(2, 0, 1)),
        (lambda x: x.transpose(0, 2), X.swapaxes(0, 2)),
        (lambda x: x.T, X.T),
        (lambda x: x.squeeze(0), X[0]),
        (lambda x: x.unsqueeze(-1), X[..., None]),
    ],
)
def test_a_method_calls_the_function_of_its_name_with_its_settings(call, expected):
    case = Case(call, Tensor(X))
    assert_close(case(), Tensor(expected), case=case)


@pytest.mark.parametrize(
    "index",
    [
        1,
        -1,
        (0, 2),
        (slice(None), 1),
        (slice(None, None, -1), slice(1, 3)),
        (Ellipsis, None),
        [1, 0, 1],
        (np.array([0, 1]), np.array([2, 0])),
    ],
    ids=repr,
)
def test_indexing_picks_what_numpy_picks(index):
    x = np.arange(6.0).reshape(2, 3)
    assert_close(Tensor(x)[index], Tensor(np.asarray(x[index])))


def test_a_tensor_may_be_an_index_or_a_mask():
    x = Tensor([5.0, 6.0, 7.0])
    assert_close(x[Tensor(np.array([2, 0]))], Tensor([7.0, 5.0]))
    assert_close(x[x > 5.5], Tensor([6.0, 7.0]))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x, y: x + y, X + 1),
        (lambda x, y: x - y, X - 1),
        (lambda x, y: x * y, X),
        (lambda x, y: x / y, X),
        (lambda x, y: x @ y[0, 0], X.sum(2)),
    ],
)
def test_an_array_beside_a_tensor_makes_a_recorded_tensor(call, expected):
    w = Tensor(np.ones_like(X), requires_grad=True)
    out = call(X, w)
    assert_close(out, Tensor(expected))
    assert out.grad_fn is not None


def test_an_array_can_be_written_from_a_tensor():
    w = Tensor(np.array([1.0, 2.0]))
    w.data -= 0.5 * Tensor(np.array([2.0, 2.0]))
    assert type(w.data) is np.ndarray and w.data.tolist() == [0.0, 1.0]


def test_other_functions_of_numpy_give_a_tensor_and_refuse_to_lose_a_gradient():
    assert_close(np.sin(Tensor([0.0])), Tensor([0.0]))
    with pytest.raises(TypeError, match=r"^np.sin would lose the gradient; pass x.detach\(\)"):
        np.sin(Tensor([0.0], requires_grad=True))


def test_size_is_the_shape_and_numel_the_count():
    x = Tensor(np.zeros((2, 3)))
    assert (x.size(), x.size(0), x.size(-1), x.numel()) == ((2, 3), 2, 3, 6)
    with pytest.raises(IndexError, match="^dim: expected -2 to 1"):
        x.size(2)


@pytest.mark.parametrize("dim", [(), [], None])
def test_no_axes_are_all_axes(dim):
    assert_close(Tensor(X).sum(dim=dim), Tensor(X.sum()))


def test_several_axes_may_be_a_list_and_each_stands_there_once():
    assert_close(Tensor(X).sum(dim=[0, -1]), Tensor(X.sum((0, 2))))
    with pytest.raises(ValueError, match=r"^dim: expected each axis once, got \(0, -3\)"):
        Tensor(X).sum(dim=(0, -3))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "argmax", "argmin"])
def test_a_tensor_without_axes_counts_as_one_with_a_single_axis(name):
    for dim in (0, -1):
        found = getattr(Tensor(3.0), name)(dim)
        assert_close(
            found.values if name in ("max", "min") else found,
            Tensor(3.0) if name[0] != "a" else Tensor(np.array(0)),
        )
    with pytest.raises(IndexError, match="^dim: expected -1 to 0"):
        getattr(Tensor(3.0), name)(1)


def test_var_takes_torchs_older_name_of_the_correction():
    assert_close(Tensor(X).var(2, False), Tensor(X.var(2)))
    assert_close(Tensor(X).var(unbiased=False), Tensor(X.var()))
    assert_close(Tensor(X).var(False), Tensor(X.var()))
    with pytest.raises(TypeError, match="^unbiased, correction: expected one of them, got both"):
        Tensor(X).var(2, True, correction=1)


def test_a_list_of_lists_is_no_index():
    with pytest.raises(IndexError, match=r"^index: a list of lists has two meanings"):
        Tensor(X)[[[0, 0], [1, 1]]]


def test_item_is_the_one_number_and_refuses_more():
    assert Tensor([[2.5]]).item() == 2.5
    assert (float(Tensor(np.array(2))), int(Tensor(2.9)), bool(Tensor([0.0]))) == (2.0, 2, False)
    with pytest.raises(ValueError, match=r"^bool: expected a tensor with one element, got shape \(2,\); .*is not None"):
        bool(Tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"one element, got shape \(2,\)"):
        Tensor([1.0, 2.0]).item()


def test_length_is_the_first_size():
    assert len(Tensor(np.zeros((4, 2)))) == 4
    with pytest.raises(TypeError, match=r"use .item\(\)"):
        len(Tensor(1.0))


def test_repr_shows_numbers_unusual_dtypes_and_requires_grad():
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(Tensor(np.array([1.0]))) == "Tensor([1.], dtype=float64)"
    assert repr(Tensor([1.0], requires_grad=True)) == "Tensor([1.], requires_grad=True)"


def test_numpy_gets_the_memory_unless_it_asks_for_a_copy():
    x = Tensor([1.0, 2.0])
    assert x.numpy() is x.data and np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x), x.data)
    assert np.asarray(x, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.array(x, np.float64, copy=False)


def test_a_tensor_uses_the_functions_of_the_module_that_defines_its_class():
    class Doubled(Tensor):
        pass

    assert Doubled._chapter is Tensor._chapter
    assert_close(Doubled([1.0]) + 1, Tensor([2.0]))


def test_backward_says_which_module_builds_it():
    class Unfinished(TensorMethods):
        pass

    with pytest.raises(RuntimeError, match="backward is built in module 05"):
        Unfinished().backward()


# ---- data -------------------------------------------------------------------------------------------


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"data: expected numbers in rows of equal length, got \[\[1, 2\], \[3\]\]"):
        to_array([[1, 2], [3]])


@pytest.mark.parametrize("data", ["seven", "7", ["7"], [1.0, "x"], [None], None, [1j], np.array([1j]), np.array(["7"])])
@pytest.mark.parametrize("dtype", [None, np.float32])
def test_what_is_not_a_number_is_refused(data, dtype):
    with pytest.raises(TypeError, match="data: expected numbers, got"):
        to_array(data, dtype)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3, np.int64),
        (2.5, np.float32),
        (True, np.bool_),
        ([1, 2], np.int64),
        ([[1, 2.5]], np.float32),
        ([True, False], np.bool_),
        ([True, 2], np.int64),
        ([], np.float32),
        (np.float64(1.0), np.float64),
        ([1.0, np.float64(2.0)], np.float64),
        ([[np.zeros(2)]], np.float64),
        ([np.float32(1.0), 2.0], np.float32),
        (np.ones(2, np.uint8), np.uint8),
        (Tensor(np.ones(2)), np.float64),
    ],
)
def test_the_dtype_is_inferred_as_by_torch_tensor(data, expected):
    assert inferred_array(data).dtype == expected
    assert inferred_array(data, np.float64).dtype == np.float64


def test_a_dtype_that_is_asked_for_keeps_all_digits():
    assert inferred_array(0.1, np.float64) == 0.1
    assert inferred_array([16777217]) == inferred_array(16777217) == 16777217


def test_beside_a_tensor_a_list_means_what_it_holds():
    whole = Tensor(np.array([16777217, 2]))  # 2^24 + 1: not a float32
    assert_close(whole == [16777217, 3], Tensor(np.array([True, False])))
    assert_close(whole + [1, 0], Tensor(np.array([16777218, 2])))
    assert_close(where([True, False], whole, [7, 8]), Tensor(np.array([16777217, 8])))
    assert_close(gather(Tensor([[5.0, 6.0]]), [[1]], 1), Tensor([[6.0]]))
    whole[...] = [16777217, 16777219]
    assert_close(whole, Tensor(np.array([16777217, 16777219])))


@pytest.mark.parametrize(
    ("number", "dtypes", "expected"),
    [
        (2, [], np.int64),
        (2.0, [], np.float32),
        (True, [], np.bool_),
        (2, [np.int32], np.int32),
        (2, [np.float32], np.float32),
        (2.5, [np.int64], np.float32),
        (2.5, [np.float16], np.float16),
        (0.1, [np.float32, np.float64], np.float64),
        (np.float64(0.1), [np.float32], np.float32),
        (np.float32(0.1), [np.float64], np.float64),
    ],
)
def test_a_number_takes_the_dtype_of_the_arrays_beside_it(number, dtypes, expected):
    array = number_array(number, map(np.dtype, dtypes))
    assert array.shape == ()
    assert array.dtype == expected
    assert array == np.asarray(number, expected)


# ---- shapes -----------------------------------------------------------------------------------------


def test_a_shape_comes_as_numbers_or_as_one_sequence():
    for sizes in ((2, 3), ((2, 3),), ([2, 3],)):
        assert as_shape(sizes) == (2, 3)
    assert as_shape((4,)) == (4,)
    assert as_shape(()) == ()


def test_an_axis_is_counted_from_the_front():
    assert [positive_axis(dim, 3) for dim in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    assert [positive_axis(dim, 0) for dim in (-1, 0)] == [0, 0]


@pytest.mark.parametrize(("dim", "axes"), [(3, 3), (-4, 3), (1, 0), (-2, 0)])
def test_an_axis_that_is_not_there_is_refused(dim, axes):
    with pytest.raises(IndexError, match=f"dim: expected .* for a tensor with .* axes, got {dim}"):
        positive_axis(dim, axes)


def test_flatten_refuses_axes_in_the_wrong_order():
    x = Tensor(np.zeros((2, 3, 4, 5)))
    with pytest.raises(ValueError, match=r"start_dim <= end_dim, got 2 and 1 for shape \(2, 3, 4, 5\)"):
        flatten(x, 2, 1)
    with pytest.raises(ValueError, match="start_dim <= end_dim, got -1 and 2"):
        flatten(x, -1, 2)


@pytest.mark.parametrize(
    "left, right", [((2, 3), (2, 3)), ((3,), (2,)), ((2, 3), (2,)), ((2,), (3, 2)), ((4, 2, 3), (4, 2, 3))], ids=str
)
def test_matmul_names_both_shapes_where_inner_sizes_differ(left, right):
    with pytest.raises(ValueError, match="inner sizes") as error:
        matmul(Tensor(np.ones(left)), Tensor(np.ones(right)))
    assert f"got {left} @ {right}" in str(error.value)
    assert "x @ w.T" in str(error.value)


@pytest.mark.parametrize("pair", [(Tensor([1.0, 2.0]), Tensor(3.0)), (Tensor([1.0, 2.0]), 3.0), (3.0, Tensor([1.0]))])
def test_matmul_refuses_single_numbers(pair):
    with pytest.raises(ValueError, match=r"use \* instead"):
        matmul(*pair)


def test_nothing_to_join_is_refused():
    for join in (concatenate, stack):
        with pytest.raises(ValueError, match="at least one tensor"):
            join([])


def test_stack_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r"equal shapes to stack, got \[\(2,\), \(3,\)\]"):
        stack([Tensor(np.array([1, 2])), Tensor(np.array([1, 2, 3]))])


@pytest.mark.parametrize("sizes", [(1,), (1, -1), (1, 1, 1, 1)])
def test_pad_refuses_odd_negative_or_too_many_sizes(sizes):
    with pytest.raises(ValueError, match="up to 1 pairs of sizes >= 0"):
        pad(Tensor([1.0]), sizes)
