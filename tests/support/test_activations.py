"""Checks of the arguments of activation functions: each names the argument, what was expected and what came."""

import numpy as np
import pytest

from tinytorch.support.activations import check_gelu, check_log_softmax, check_softmax


def test_the_two_forms_of_gelu_pass_and_others_are_refused():
    for approximate in ("none", "tanh"):
        check_gelu(np.ones(2), approximate)
    for wrong in ("fast", None, True):
        with pytest.raises(ValueError, match=rf"^gelu: approximate: expected 'none' or 'tanh', got {wrong!r}$"):
            check_gelu(np.ones(2), wrong)


@pytest.mark.parametrize(("check", "name"), [(check_softmax, "softmax"), (check_log_softmax, "log_softmax")])
def test_an_axis_passes_from_either_end_and_others_are_refused(check, name):
    x = np.zeros((2, 3))
    for dim in (0, 1, -1, -2):
        check(x, dim)
    for dim in (2, -3):
        with pytest.raises(
            ValueError, match=rf"^{name}: dim: expected -2 to 1 for input of shape \(2, 3\), got {dim}$"
        ):
            check(x, dim)
    check(np.array(1.0), -1)
    with pytest.raises(ValueError, match=rf"^{name}: dim: expected -1 to 0 for input of shape \(\), got 1$"):
        check(np.array(1.0), 1)
