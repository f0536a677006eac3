"""checked_by: the check of a function's arguments stands before it."""

import inspect

import pytest

from tinytorch.support.arguments import checked_by

calls = []


def check_ratio(a, b, *, digits=2):
    if b == 0:
        raise ValueError(f"ratio: b: expected a number that is not 0, got {b}")


@checked_by(check_ratio)
def ratio(a, b, *, digits=2):
    """a / b, rounded."""
    calls.append((a, b, digits))
    return round(a / b, digits)


def test_the_function_is_called_with_what_was_checked():
    calls.clear()
    assert ratio(1, 3) == 0.33
    assert ratio(1, b=3, digits=1) == 0.3
    assert calls == [(1, 3, 2), (1, 3, 1)]


def test_the_function_is_not_called_where_the_check_fails():
    calls.clear()
    with pytest.raises(ValueError, match="ratio: b: expected"):
        ratio(1, 0)
    assert not calls


def test_name_docstring_and_parameters_stay():
    assert (ratio.__name__, ratio.__doc__) == ("ratio", "a / b, rounded.")
    assert list(inspect.signature(ratio).parameters) == ["a", "b", "digits"]
