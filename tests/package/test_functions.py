"""Torch's functions and methods beside what `tests/parity` compares: what is refused, and how they belong together."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.testing import assert_close

X = tt.tensor([[3.0, 1.0, 2.0], [6.0, 5.0, 4.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tt.sort(X, out=X), r"sort: out: expected a Extremum, got Tensor"),
        (lambda: tt.rand(2, generator=3), r"rand: generator: expected a Generator, got int"),
        (lambda: tt.zeros("a"), r"size: expected whole numbers, got \('a',\)"),
        (lambda: tt.rand(2, 2.5), r"size: expected whole numbers, got \(2, 2.5\)"),
        (lambda: tt.where(X > 0, X), r"where: input, other: expected both, or neither"),
        (lambda: tt.einsum(X, "ij"), r"einsum: equation: expected it first"),
        (lambda: tt.gather(X, 0, X), r"gather: index: expected integers, got float32; convert: x.long"),
        (lambda: tt.topk([1, 2], 1), r"topk: input: expected a Tensor, got list; wrap it"),
        (lambda: tt.sin(None), r"sin: input: expected a Tensor, got NoneType"),
        (lambda: tt.sin(X, dim=1), r"dim"),
        (lambda: tt.from_numpy([1.0]), r"from_numpy: expected an array, got list"),
        (lambda: tt.mean(tt.arange(3)), r"mean: input: expected floating numbers, got int64"),
        (lambda: tt.set_default_dtype(tt.float64), r"set_default_dtype: float64 is not served"),
        (lambda: tt.mm(X, tt.ones(3, 2, dtype=tt.float64)), r"mm: expected equal dtypes, got float32, float64"),
    ],
)
def test_an_argument_that_cannot_work_is_a_type_error_that_names_it(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tt.gather(X, 0, tt.tensor([[2]])), r"gather: index: expected numbers from 0 to 1, got 2"),
        (lambda: tt.scatter(X, 1, tt.tensor([[-1]]), X), r"scatter: index: expected numbers from 0 to 2, got -1"),
        (lambda: tt.index_select(X, 0, tt.tensor([9])), r"index_select: index: expected numbers from 0 to 1, got 9"),
        (lambda: tt.take(X, tt.tensor([6])), r"take: index: expected numbers from -6 to 5, got 6"),
        (lambda: tt.select(X, 0, 2), r"select: index: expected -2 to 1, got 2"),
    ],
)
def test_an_index_beyond_the_end_is_an_index_error_that_names_it(call, message):
    with pytest.raises(IndexError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tt.zeros(2, layout="sparse"), r"zeros: layout: not served, got .sparse.; every tensor is dense"),
        (lambda: tt.zeros(2, pin_memory=True), r"zeros: pin_memory: not served, got True"),
        (lambda: X.float(memory_format="channels_last"), r"float: memory_format: not served"),
        (lambda: tt.eye(-1), r"size: expected lengths >= 0, got \(-1, -1\)"),
        (lambda: tt.randperm(-1), r"size: expected lengths >= 0, got \(-1,\)"),
        (lambda: tt.linspace(0, 1, -1), r"steps: expected a number >= 0, got -1"),
        (lambda: tt.normal(0, -1, (2,)), r"normal: std: expected deviations >= 0, got -1"),
        (
            lambda: tt.multinomial(tt.tensor([0.0, 2.0]), 2),
            r"multinomial: num_samples: 2 .* only 1 .* replacement=True",
        ),
        (lambda: tt.histc(X, 0), r"histc: expected bins >= 1 and min <= max, got bins=0"),
        (lambda: tt.bincount(X), r"bincount: input: expected whole numbers >= 0 along one axis, got shape \(2, 3\)"),
        (lambda: tt.bincount(tt.tensor([-1])), r"bincount: input: expected whole numbers >= 0"),
        (lambda: tt.rot90(X, 1, (0, 0)), r"rot90: dims: expected two different axes"),
        (
            lambda: tt.cat([X, tt.ones(3, 3)], 1),
            r"cat: tensors: expected equal lengths along all axes but 1, got .*3, 3",
        ),
        (lambda: tt.tril(tt.ones(3)), r"tril: input: expected at least two axes, got shape \(3,\)"),
        (lambda: tt.zeros(2, device="cuda"), r"device: expected \"cpu\", got 'cuda'"),
        (lambda: X.to("cuda:0"), r"device: expected \"cpu\", got 'cuda:0'"),
        (lambda: X.cuda(), r"device: expected \"cpu\""),
        (lambda: tt.device("mps"), r"device: expected \"cpu\""),
        (lambda: tt.topk(X, 4), r"topk: k: expected at most 3, got 4"),
        (lambda: tt.split(X, [1, 1], 1), r"\[1, 1\] does not sum to 3"),
        (lambda: tt.chunk(X, 0), r"chunk: chunks: expected a number > 0"),
        (lambda: tt.einsum("ij,jk->ik", X, X), r"'j' has lengths 3 and 2"),
        (lambda: tt.einsum("ijk->i", X), r"'ijk' does not fit"),
        (lambda: tt.mm(X, X.T[0]), r"mm: mat2: expected 2 axes"),
        (lambda: tt.broadcast_to(X, (3, 3)), r"broadcast_to: shape: \(3, 3\)"),
        (lambda: X.repeat(2), r"repeat: repeats: expected at least 2 numbers"),
        (lambda: tt.arange(1, 5, 0), r"arange: step: expected a step from 1 towards 5"),
        (lambda: tt.arange(0, 1, 0.5, dtype=tt.int64), r"arange: step: 0.5 is 0 in int64"),
        (lambda: tt.randint(3, 3, (2,)), r"randint: expected low < high"),
        (lambda: tt.clamp(X), r"clamp: expected min, max or both"),
        (lambda: tt.norm(X, "nuc"), r"norm: p: expected a number or \"fro\""),
    ],
)
def test_a_value_that_cannot_work_is_a_value_error_that_names_it(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_arguments_of_torchs_that_change_nothing_are_taken():
    assert tt.zeros(2, device="cpu", pin_memory=False, out=None).device == tt.device("cpu")
    assert X.to("cpu") is X and X.to(tt.device("cpu"), non_blocking=False) is X and X.cpu() is X
    assert X.to(tt.float32) is X and X.to(X.long()).dtype == tt.int64
    assert str(tt.device("cuda" if tt.cuda.is_available() else "cpu")) == "cpu"
    assert not tt.accelerator.is_available() and not tt.backends.mps.is_available()


def test_a_method_is_the_packages_function_and_has_its_documentation():
    assert Tensor.topk is tt.topk and Tensor.sin.__doc__ == tt.sin.__doc__
    assert_close(X.topk(2).values, tt.topk(X, 2).values)


def test_dtypes_have_torchs_names_and_are_numpys():
    assert X.dtype is tt.float32 and tt.long is tt.int64 and tt.half == np.float16
    assert X.double().dtype == tt.float64 and X.bool().dtype == tt.bool and X.int().dtype == tt.int32
    x = tt.ones(2, requires_grad=True)
    x.double().sum().backward()
    assert x.grad.dtype == tt.float32


def test_recording_is_turned_off_and_on():
    x = tt.ones(2, requires_grad=True)
    with tt.no_grad():
        assert not (x * 2).requires_grad
        with tt.enable_grad():
            assert (x * 2).requires_grad
        assert not tt.is_grad_enabled()
    with tt.set_grad_enabled(False):
        assert not tt.is_grad_enabled()
    with tt.inference_mode():
        assert not tt.is_grad_enabled()
    assert tt.is_grad_enabled()
    tt.set_grad_enabled(False)
    try:
        assert not tt.is_grad_enabled()
    finally:
        tt.set_grad_enabled(True)


def test_from_numpy_and_as_tensor_share_memory_and_tensor_does_not():
    array = np.zeros(3)
    shared, also, own = tt.from_numpy(array), tt.as_tensor(array), tt.tensor(array)
    array[0] = 1
    assert (shared[0].item(), also[0].item(), own[0].item()) == (1, 1, 0)


@pytest.mark.parametrize("function", [tt.add, tt.sub, tt.div, tt.pow, tt.remainder, tt.true_divide])
@pytest.mark.parametrize(
    ("number", "dtype", "expected"),
    [
        (0.1, np.float64, np.float64),
        (0.1, np.float32, np.float32),
        (0.5, np.float16, np.float16),
        (np.float64(0.5), np.int64, np.float32),
        (3, np.float32, np.float32),
    ],
)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_number_before_a_tensor_has_the_dtype_and_digits_that_it_has_as_a_tensor_there(
    function, number, dtype, expected, shape
):
    x = Tensor(np.full(shape, 3, dtype))
    found = function(number, x)
    assert found.dtype == expected
    np.testing.assert_array_equal(found.data, function(Tensor(np.full(shape, number, expected)), x).data)


def test_histc_finds_the_bin_in_the_dtype_of_its_input():
    # 7.43 is the middle of [6.43, 8.43], the edge of bins 49 and 50; torch rounds it down in float32
    assert int(tt.histc(tt.tensor(7.43)).argmax()) == 49
    assert tt.histc(tt.tensor(np.array([0, 1, 200, 255], np.uint8)), 4).tolist() == [2, 0, 0, 2]


def test_long_ranges_do_not_gather_errors():
    assert_close(tt.arange(1000.0, 1001.0, 0.0001)[-1], tt.tensor(1000.9999))
    assert len(tt.arange(1000.0, 1001.0, 0.0001)) == 10000


def test_random_numbers_come_from_manual_seed():
    def draws():
        return [tt.rand(3), tt.randint(10, (5,)), tt.randperm(6), tt.rand_like(X), tt.zeros(4).normal_()]

    tt.manual_seed(3)
    first = draws()
    tt.manual_seed(3)
    for one, other in zip(first, draws()):
        assert_close(one, other)
    assert sorted(tt.randperm(6).tolist()) == list(range(6))
    assert set(tt.randint(2, 4, (100,)).tolist()) == {2, 3}
    assert set(tt.multinomial(tt.tensor([0.0, 1.0, 1.0]), 2).tolist()) == {1, 2}


def test_the_deviation_of_equal_numbers_has_the_gradient_0_as_in_torch():
    x = tt.ones(3, requires_grad=True)
    x.std().backward()
    assert_close(x.grad, tt.zeros(3))


def test_numbers_are_printed_as_was_chosen():
    x = tt.tensor([1 / 3, 2000.0])
    try:
        tt.set_printoptions(precision=2)
        assert repr(x) == "Tensor([3.33e-01, 2.00e+03])"
        tt.set_printoptions(sci_mode=False)
        assert repr(x) == "Tensor([   0.33, 2000.  ])"
        tt.set_printoptions(edgeitems=1, threshold=4)
        assert repr(tt.arange(9)) == "Tensor([0, ..., 8])"
    finally:
        tt.set_printoptions(profile="default")
    assert repr(tt.zeros(0, 3)) == "Tensor([], size=(0, 3))"
    assert f"{tt.tensor(math.pi):.2f}" == "3.14"
    with pytest.raises(ValueError, match="profile: expected one of default, short, full"):
        tt.set_printoptions(profile="long")


@pytest.mark.parametrize(
    "draw",
    [
        lambda generator: tt.rand(2, 3, generator=generator),
        lambda generator: tt.randn(2, 3, generator=generator),
        lambda generator: tt.randint(1000, (2, 3), generator=generator),
        lambda generator: tt.randperm(100, generator=generator),
        lambda generator: tt.normal(tt.zeros(6), 1.0, generator=generator),
        lambda generator: tt.bernoulli(tt.full((100,), 0.5), generator=generator),
        lambda generator: tt.multinomial(tt.ones(100), 50, generator=generator),
        lambda generator: tt.zeros(6).uniform_(generator=generator),
        lambda generator: tt.nn.init.xavier_normal_(tt.zeros(2, 3), generator=generator),
    ],
)
def test_a_generator_decides_alone_about_what_is_drawn_with_it(draw):
    generator = tt.Generator()
    first = draw(generator.manual_seed(3))
    tt.manual_seed(4)
    after_seed = tt.rand(2)
    second = draw(generator.manual_seed(3))
    other = draw(generator)
    assert_close(second, first)
    assert (first != other).any(), "the generator goes on"
    tt.manual_seed(4)
    draw(generator)
    assert_close(tt.rand(2), after_seed)
