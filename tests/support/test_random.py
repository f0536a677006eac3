"""The one generator behind everything random."""

import pytest

from tinytorch.support.random import default_generator, manual_seed


def test_manual_seed_repeats_what_is_drawn():
    manual_seed(5)
    first, second = default_generator().random(8), default_generator().random(8)
    assert (first != second).any()
    manual_seed(5)
    assert (default_generator().random(8) == first).all()
    assert (default_generator().random(8) == second).all()
    manual_seed(6)
    assert (default_generator().random(8) != first).any()


@pytest.mark.parametrize("seed", [-1, 1.5, "x"])
def test_a_seed_that_is_not_a_whole_number_is_refused(seed):
    with pytest.raises((TypeError, ValueError)):
        manual_seed(seed)
