"""argument_binder: the arguments of a call, sorted into inputs and settings."""

import pytest

from tinytorch.support.arguments import argument_binder


def pool(x, weight=None, *, size, stride=1):
    pass


def join(*arrays, dim):
    pass


@pytest.mark.parametrize(
    ("arguments", "keywords", "inputs", "settings"),
    [
        (("x", "w"), {"size": 2}, ("x", "w"), {"size": 2, "stride": 1}),
        (("x", "w"), {"stride": 3, "size": 2}, ("x", "w"), {"size": 2, "stride": 3}),
        (("x",), {"size": 2}, ("x", None), {"size": 2, "stride": 1}),
        (("x", "w", 2, 3), {}, ("x", "w"), {"size": 2, "stride": 3}),
        ((), {"weight": "w", "x": "x", "size": 2}, ("x", "w"), {"size": 2, "stride": 1}),
    ],
)
def test_inputs_come_in_order_and_settings_with_their_defaults(arguments, keywords, inputs, settings):
    assert argument_binder(pool)(arguments, keywords) == (inputs, settings)


def test_any_number_of_inputs_leaves_settings_to_keywords():
    assert argument_binder(join)(("a", "b", "c"), {"dim": 1}) == (("a", "b", "c"), {"dim": 1})


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("x", "w"), {}, "missing a required"),
        (("x", "w"), {"size": 2, "strides": 1}, "unexpected keyword argument 'strides'"),
        (("x", "w"), {"strides": 1}, "missing a required|unexpected"),
        (("x", "w", 2, 3, 4), {}, "too many positional arguments"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(arguments, keywords, message):
    with pytest.raises(TypeError, match=message):
        argument_binder(pool)(arguments, keywords)
