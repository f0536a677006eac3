"""What Python and other libraries take a tensor for: an array, bytes, numbers, rows, a copy, a pickle."""

import copy
import gc
import pickle

import numpy as np
import pytest

import tinytorch
from tinytorch import from_dlpack, nn
from tinytorch.core.tensor import Tensor

READ_ONLY = np.arange(4.0)
READ_ONLY.flags.writeable = False

ARRAYS = {
    "float32": np.arange(12, dtype=np.float32).reshape(3, 4),
    "float64": np.arange(3.0),
    "float16": np.arange(3, dtype=np.float16),
    "int64": np.arange(6).reshape(2, 3),
    "uint8": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "bool": np.array([True, False, True]),
    "a number": np.array(3.0),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "part": np.arange(24.0).reshape(4, 6)[1:, ::2],
    "repeated": np.broadcast_to(np.arange(3.0), (2, 3)),
    "read-only": READ_ONLY,
}
BACKWARDS = np.arange(12)[::-2]
EMPTY = np.zeros((0, 3))


def each(arrays):
    return pytest.mark.parametrize("array", arrays.values(), ids=arrays)


# ---- NumPy ------------------------------------------------------------------------------------------


@each({**ARRAYS, "backwards": BACKWARDS})
@pytest.mark.parametrize("requires_grad", [False, True])
def test_numpy_takes_a_tensor_without_a_copy_where_it_may(array, requires_grad):
    t = Tensor(array, requires_grad=requires_grad and array.dtype.kind == "f")
    taken = np.asarray(t)
    assert taken.dtype == array.dtype and taken.flags.writeable == array.flags.writeable
    np.testing.assert_array_equal(taken, array)
    assert np.shares_memory(taken, array)
    assert np.shares_memory(np.array(t, copy=False), array)
    assert not np.shares_memory(np.array(t), array)
    np.testing.assert_array_equal(np.asarray(t, np.float64), array.astype(np.float64), strict=True)
    np.testing.assert_array_equal(t.__array__(), array, strict=True)
    assert not np.shares_memory(t.__array__(copy=True), array)


def test_numpy_takes_a_tensor_without_numbers():
    np.testing.assert_array_equal(np.asarray(Tensor(EMPTY)), EMPTY, strict=True)


def test_a_conversion_that_needs_a_copy_is_refused_where_none_is_allowed():
    with pytest.raises(ValueError, match="copy"):
        np.array(Tensor([1.0, 2.0]), np.float64, copy=False)


def test_an_array_made_from_a_tensor_keeps_its_memory():
    t = Tensor(np.arange(1e5))
    taken = np.asarray(t)
    t.data = np.zeros(3)
    gc.collect()
    scratch = [np.full(100_000, -1.0) for _ in range(4)]  # takes the memory if it was given back
    assert taken.sum() == 99_999 * 50_000 and len(scratch) == 4
    del t
    gc.collect()
    assert taken[-1] == 99_999


# ---- DLPack -----------------------------------------------------------------------------------------


@each(ARRAYS)
def test_numpy_and_tensors_share_memory_by_dlpack_both_ways(array):
    there = np.from_dlpack(Tensor(array))
    back = from_dlpack(array)
    for shared in (there, back.data):
        np.testing.assert_array_equal(shared, array, strict=True)
        assert np.shares_memory(shared, array)
    assert back.data.flags.writeable == array.flags.writeable
    assert Tensor(array).__dlpack_device__() == (1, 0)  # the processor
    assert not back.requires_grad


@each(ARRAYS)
@pytest.mark.parity
def test_torch_and_tensors_share_memory_by_dlpack_both_ways(array):
    torch = pytest.importorskip("torch", reason="the `parity` extra")

    there = torch.from_dlpack(Tensor(array))
    np.testing.assert_array_equal(there.numpy(), array, strict=True)
    assert there.data_ptr() == array.__array_interface__["data"][0]
    theirs = torch.tensor(array)
    back = from_dlpack(theirs.T if theirs.ndim == 2 else theirs)
    theirs[...] = 1
    assert back.dtype == array.dtype and back.shape == array.T.shape
    assert (back.data == 1).all()
    back.data[...] = 0
    assert not theirs.any()


@pytest.mark.parity
def test_what_torch_cannot_share_is_an_error():
    torch = pytest.importorskip("torch", reason="the `parity` extra")

    with pytest.raises(BufferError, match="detach"):
        from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match=r"from_dlpack: x: NumPy has no dtype .*x\.float\(\)"):
        from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(BufferError, match="backwards"):  # torch would end the process
        torch.from_dlpack(Tensor(BACKWARDS))


def test_what_cannot_be_shared_is_an_error():
    with pytest.raises(BufferError, match=r"pass tensor\.detach\(\)"):
        np.from_dlpack(Tensor([1.0], requires_grad=True))
    with pytest.raises(BufferError, match=r"pass tensor\.detach\(\)"):
        from_dlpack(Tensor([1.0], requires_grad=True))
    with pytest.raises(TypeError, match="from_dlpack: x: expected an array with __dlpack__, got list"):
        from_dlpack([1.0, 2.0])
    np.testing.assert_array_equal(np.from_dlpack(Tensor(BACKWARDS), copy=True), BACKWARDS)


# ---- Python -----------------------------------------------------------------------------------------


def test_a_tensor_is_iterated_by_rows_with_their_gradients():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = t
    assert first.numpy().tolist() == [1, 2] and second.numpy().tolist() == [3, 4]
    (first * second).sum().backward()
    assert t.grad.numpy().tolist() == [[3, 4], [1, 2]]
    assert list(Tensor(EMPTY)) == []


def test_a_tensor_without_dimensions_has_no_rows():
    with pytest.raises(TypeError, match=r"iteration over a tensor without dimensions; use .item\(\)"):
        iter(Tensor(2.0))


def test_a_shallow_copy_shares_the_numbers_and_a_deep_one_does_not():
    t = nn.Parameter([1.0, 2.0])
    (t * t).sum().backward()
    shallow, deep = copy.copy(t), copy.deepcopy(t)
    t.data[0] = 5
    assert type(shallow) is type(deep) is nn.Parameter and deep.requires_grad
    assert shallow.numpy().tolist() == [5, 2] and deep.numpy().tolist() == [1, 2]
    assert deep.grad.numpy().tolist() == [2, 4] and deep.grad is not t.grad
    assert shallow.grad is None


def test_a_deep_copy_keeps_what_is_shared_within_it():
    t = Tensor([1.0])
    a, b = copy.deepcopy([t, t])
    assert a is b and a is not t


def test_a_result_is_not_copied_with_its_graph():
    t = Tensor([1.0], requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"deepcopy: .* copy tensor.detach\(\)"):
        copy.deepcopy(t)
    assert copy.deepcopy(t.detach()).numpy().tolist() == [2]


def test_a_pickled_tensor_has_its_numbers_and_no_graph():
    t = Tensor(np.arange(6, dtype=np.float16).reshape(2, 3).T, requires_grad=True)
    for kept in (t, t * 1):
        back = pickle.loads(pickle.dumps(kept))
        np.testing.assert_array_equal(back.data, t.data, strict=True)
        assert back.requires_grad and back.is_leaf and back.grad is None
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    again = pickle.loads(pickle.dumps(model))
    x = tinytorch.ones(1, 3)
    np.testing.assert_array_equal(again(x).data, model(x).data)


# ---- pictures, tables, plots ------------------------------------------------------------------------


@pytest.mark.extras
def test_pil_makes_a_picture_of_a_tensor_in_any_layout():
    Image = pytest.importorskip("PIL.Image", reason="the `viz` extra")
    pixels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    for tensor, expected in (
        (Tensor(pixels).permute(1, 2, 0), pixels.transpose(1, 2, 0)),
        (Tensor(pixels)[0], pixels[0]),
        (Tensor(pixels)[1, ::-1, ::2], pixels[1, ::-1, ::2]),
    ):
        np.testing.assert_array_equal(np.asarray(Image.fromarray(tensor)), expected)


@pytest.mark.extras
@pytest.mark.parametrize("requires_grad", [False, True])
def test_pandas_takes_a_tensor(requires_grad):
    pandas = pytest.importorskip("pandas", reason="the `onnx` extra")
    t = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=requires_grad)
    table = pandas.DataFrame(t, columns=["a", "b"])
    assert table["b"].tolist() == [2, 4] and table["b"].dtype == np.float32
    assert pandas.Series(t[1]).tolist() == [3, 4]
    assert pandas.DataFrame({"x": t[0], "y": t[:, 0]})["y"].tolist() == [1, 3]


@pytest.mark.extras
@pytest.mark.parametrize("requires_grad", [False, True])
def test_matplotlib_draws_a_tensor(requires_grad):
    pytest.importorskip("matplotlib", reason="the `viz` extra")
    from matplotlib.figure import Figure

    t = Tensor([[1.0, 2.0, 4.0], [3.0, 5.0, 0.0]], requires_grad=requires_grad)
    axes = Figure().subplots()
    (line,) = axes.plot(t[0], t[1])
    assert line.get_xydata().tolist() == [[1, 3], [2, 5], [4, 0]]
    assert len(axes.plot(t)) == 3
    np.testing.assert_array_equal(axes.imshow(t).get_array(), t.data)
    assert axes.hist(t[0], bins=3)[0].tolist() == [1, 1, 1]
    assert axes.scatter(t[0], t[1]).get_offsets().tolist() == [[1, 3], [2, 5], [4, 0]]
    assert [bar.get_height() for bar in axes.bar(t[0], t[1])] == [3, 5, 0]
