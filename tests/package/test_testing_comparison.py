"""assert_close: what it lets pass, what it does not, and that its message says where to look."""

import sys

import numpy as np
import pytest

from tinytorch.testing import Case, assert_close, generator
from tinytorch.testing.case import Mismatch


class Tensor:
    """As much of a tensor as the comparison may rely on."""

    def __init__(self, data, requires_grad=False):
        self.data = np.asarray(data)
        self.requires_grad = requires_grad
        self.grad = None


def message(actual, expected, **settings):
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected, **settings)
    assert str(caught.value).isascii()
    return str(caught.value)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (Tensor(np.ones(2)), Tensor(np.ones(2))),
        (Tensor(np.ones(2)), np.ones(2)),
        (np.ones(2), np.ones(2)),
        (Tensor(np.ones((1, 2), np.float32)), [[1, 1]]),
        (Tensor(np.float32(0.1)), 0.1),
        (np.float32(0.1), 0.1),
        (3, 3),
        (2.5, 2.5),
        (Tensor(np.array([True, False])), [True, False]),
        (np.array([np.nan, np.inf, -np.inf]), np.array([np.nan, np.inf, -np.inf])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_equal_things_of_the_right_kind_pass(actual, expected):
    assert_close(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "start"),
    [
        ([1.0], Tensor([1.0]), "expected a Tensor, got a list"),
        (np.ones(1), Tensor([1.0]), "expected a Tensor, got a NumPy array"),
        ([1.0], np.ones(1), "expected a Tensor or a NumPy array, got a list"),
        ([1.0], [1.0], "expected a Tensor or a NumPy array, got a list"),
        (None, Tensor([1.0]), "expected a Tensor, got None; is a `return` missing?"),
        ("1", 1, "expected a number, got a str"),
        (np.ones(2, np.float32), np.ones(2), "expected dtype float64, got float32"),
        (
            np.ones((2, 1), np.int64),
            np.ones(2),
            "expected dtype float64, got int64; expected shape (2,), got (2, 1)",
        ),
        (Tensor(np.array([1, 0])), [True, False], "expected truth values, got numbers (int64)"),
        (Tensor(np.array([True])), [1], "expected numbers, got truth values (bool)"),
        (Tensor([[1.0, 2.0]]), Tensor([1.0, 2.0]), "expected shape (2,), got (1, 2)\n  expected  [1., 2.]"),
        (Tensor([1.0]), 1.0, "expected shape (), got (1,)"),
    ],
)
def test_kind_dtype_and_shape_come_before_values(actual, expected, start):
    assert message(actual, expected).startswith(start)


def test_zeros_do_not_pass_for_small_values():
    assert "2 of 2 values differ" in message(Tensor([0.0, 0.0]), Tensor([1e-9, 2e-9]))


@pytest.mark.parametrize(("dtype", "allowed"), [(np.float64, 1e-9), (np.float32, 1e-5), (np.float16, 1e-2)])
def test_the_tolerance_goes_with_the_dtype(dtype, allowed):
    expected = np.array([3.0, 3.0], dtype)
    assert_close((expected * (1 + allowed)).astype(dtype), expected)
    message((expected * (1 + 4 * allowed)).astype(dtype), expected)


def test_rounding_is_measured_by_the_largest_value():
    assert_close(np.array([1000.0, 1e-7]), np.array([1000.0, 0.0]))
    message(np.array([1.0, 1e-7]), np.array([1.0, 0.0]))


def test_given_tolerances_are_used():
    message(np.array([1.0, 1e-10]), np.array([1.0, 0.0]), atol=0)
    assert_close(np.array([1.1]), np.array([1.0]), rtol=0.2)
    assert_close(np.array([12]), np.array([10]), atol=2)
    message(np.array([13]), np.array([10]), atol=2)
    assert_close(np.array([1], np.uint8), np.array([3], np.uint8), atol=2)  # 1 - 3 is 254 in eight bits


def test_integers_are_exact_at_any_size():
    big = 2**62
    assert "expected 4611686018427387905, got 4611686018427387904" in message(np.array([big]), np.array([big + 1]))


def test_nan_and_infinity_are_named():
    text = message(np.array([1.0, np.nan, np.nan, -np.inf]), np.array([1.0, 2.0, 3.0, np.inf]))
    assert "2 of 4 values are nan" in text
    assert "3 of 4 values differ; first at [1]: expected 2, got nan" in text
    assert "1 of 2 values is infinite" in message(np.array([1.0, np.inf]), np.array([1.0, 2.0]))


def test_the_message_shows_input_both_sides_and_the_first_difference():
    text = message(Tensor([[1.0, 9.0], [5.5, 4.0]]), Tensor([[1.0, 2.0], [3.0, 4.0]]), case={"x": [1, 2], "stride": 2})
    assert text.splitlines()[:6] == [
        "2 of 4 values differ, by at most 7; first at [0, 1]: expected 2, got 9",
        "  expected   got",
        "  1  2         1    9*",
        "  3  4       5.5*   4",
        "  x       [1, 2]",
        "  stride  2",
    ]


def test_the_largest_difference_is_placed_where_it_is_not_the_first():
    text = message(np.array([1.0, 2.5, 9.0]), np.array([1.0, 2.0, 3.0]))
    assert "2 of 3 values differ, by at most 6 at [2]; first at [1]: expected 2, got 2.5" in text


def test_large_arrays_are_cut_to_a_window_around_the_first_difference():
    expected = np.arange(2 * 40 * 50.0).reshape(2, 40, 50)
    actual = expected.copy()
    actual[1, 20, 30] = -1
    text = message(actual, expected)
    assert "expected[1, 17:23, 27:33]" in text and "-1*" in text and text.count("*") == 1
    assert len(text.splitlines()) < 30 and max(map(len, text.splitlines())) < 160


def test_large_inputs_are_told_by_shape_and_range():
    x = np.linspace(-1, 1, 3000, dtype=np.float32).reshape(3, 1000)
    assert "  x  3x1000 float32, from -1 to 1" in message(1, 2, case={"x": x})


def test_the_map_shows_where_in_plain_characters():
    expected = np.zeros((12, 32))
    actual = expected.copy()
    actual[3, 4:6] = [1.0, 0.3]
    rows = [line for line in message(actual, expected).splitlines() if line.startswith("  |") and line.endswith("|")]
    assert rows == ["  |" + ("    @-" if row == 3 else "").ljust(32) + "|" for row in range(12)]


def test_the_map_has_colours_in_a_terminal(monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    expected = np.zeros((12, 32))
    actual = expected.copy()
    actual[3, 4] = 1.0
    with pytest.raises(Mismatch) as caught:
        assert_close(actual, expected)
    assert "48;2;255;0;0m" in str(caught.value)  # the one wrong value, in full red


def test_the_seed_is_printed_once_inputs_were_drawn(monkeypatch):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", "7")
    assert_close(generator().random(3).shape[0], 3)
    assert message(1, 2).endswith("(repeat with TINYTORCH_TEST_SEED=7)")


def scale(x, factor, *, shift=0.0):
    return x * factor + shift


def test_a_case_gives_its_inputs_by_name():
    case = Case(scale, np.ones(2), 3, shift=1.0)
    text = message(case(), np.zeros(2), case=case)
    assert "  x       [1., 1.]\n  factor  3\n  shift   1.0" in text
    assert case.name == "scale"


def test_settings_given_in_order_are_named_too():
    assert list(Case(scale, np.ones(2), 3, 1.0).arguments) == ["x", "factor", "shift"]


def test_a_wrong_kind_of_result_names_the_function():
    def listing(x):
        return list(x)

    case = Case(listing, np.ones(2))
    assert message(case(), np.ones(2), case=case).startswith("listing: expected a Tensor or a NumPy array, got a list")


@pytest.mark.parametrize("wrap", [lambda x: x, Tensor, lambda x: [x]], ids=["array", "tensor", "list"])
def test_a_function_that_changes_its_input_is_caught(wrap):
    def in_place(x):
        array = x[0] if isinstance(x, list) else x.data if isinstance(x, Tensor) else x
        array += 1
        return array

    with pytest.raises(AssertionError, match=r"in_place changes its input x(.|\n)*before .*0.*\n.*after .*1"):
        Case(in_place, wrap(np.zeros(2)))()


def test_a_function_that_leaves_its_input_alone_gives_its_output():
    assert Case(scale, np.ones(2), 2)().tolist() == [2.0, 2.0]


def test_each_run_of_a_case_starts_from_the_given_inputs_and_state():
    class Counter:
        def __init__(self):
            self.calls = 0

        def __call__(self, x):
            self.calls += 1
            return x + self.calls

    counter, x = Counter(), np.zeros(1)
    case = Case(counter, x)
    x += 100
    assert (case()[0], case()[0], counter.calls) == (1.0, 1.0, 0)


def test_a_drawn_case_keeps_shape_dtype_and_range():
    case = Case(scale, np.full((2, 3), 0.5, np.float32), np.array([0, 9]), shift=[Tensor(np.array([-1.0, 5.0]))])
    fresh = case.drawn(generator())
    x, labels = fresh.inputs
    assert (x.shape, x.dtype) == ((2, 3), np.float32)
    assert x.min() >= 0 and x.max() <= 1 and len(np.unique(x)) > 1
    assert labels.dtype == np.int64 and labels.min() >= 0 and labels.max() <= 9
    assert fresh.keywords["shift"][0].data.shape == (2,)
    assert not np.array_equal(fresh.keywords["shift"][0].data, [-1.0, 5.0])
