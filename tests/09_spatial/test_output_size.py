"""How many places a window has."""

import itertools

from tinytorch.core.spatial import conv_output_size
from tinytorch.testing import expect, generator


def count_places(size, kernel, stride, padding, dilation):
    """Return the number of places of a window, counted one by one."""
    covered = dilation * (kernel - 1) + 1
    return len(range(0, size + 2 * padding - covered + 1, stride))


def test_the_formula_counts_the_places_of_a_window():
    for size in generator().integers(11, 40, 3):
        for settings in itertools.product((1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2)):
            expect(count_places(size, *settings), conv_output_size, int(size), *settings)
