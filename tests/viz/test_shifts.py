"""Networks beside each other on pictures that are moved."""

import numpy as np
import pytest

from tinytorch import Tensor, nn
from tinytorch.testing import generator

pytestmark = pytest.mark.extras


class Anywhere(nn.Module):
    """Class 1 where any pixel is bright, else class 0."""

    def __init__(self):
        self.weight = nn.Parameter(np.ones(7, np.float32))

    def forward(self, x):
        bright = (x.data > 0.5).any(axis=(1, 2, 3))
        return Tensor(np.stack([~bright, bright], axis=1).astype(np.float32))


class Here(Anywhere):
    """Class 1 where the pixel (2, 2) is bright."""

    def forward(self, x):
        return super().forward(Tensor(x.data[:, :, 2:3, 2:3]))


@pytest.fixture
def spots():
    """Ten pictures 5 × 5: on six of them the middle is bright."""
    images = np.zeros((10, 1, 5, 5), np.float32)
    images[:6, 0, 2, 2] = 1.0
    return images, np.repeat([1, 0], [6, 4])


def test_parameters_and_accuracy_for_each_shift(viz, spots):
    # moved by 3 in any direction, the bright pixel has left the picture
    figure = viz.shifted_pictures({"anywhere": Anywhere(), "here": Here()}, spots, shifts=(0, 1, 2, 3))
    parameters, accuracy = figure.axes
    assert [bar.get_height() for bar in parameters.patches] == [7, 7]
    found = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in accuracy.lines}
    assert found == {
        "anywhere": ([0, 1, 2, 3], pytest.approx([1.0, 1.0, 1.0, 0.4])),
        "here": ([0, 1, 2, 3], pytest.approx([1.0, 0.4, 0.4, 0.4])),
    }
    assert accuracy.get_title() == "named rightly, of 10 pictures"
    assert [tick.get_text() for tick in parameters.get_xticklabels()] == ["anywhere", "here"]


def test_the_accuracy_is_the_mean_of_the_four_directions(viz):
    # the bright pixel stands at the upper left corner: it leaves upwards and to the left
    images = np.zeros((1, 1, 5, 5), np.float32)
    images[0, 0, 0, 0] = 1.0
    (line,) = viz.shifted_pictures({"anywhere": Anywhere()}, (images, [1]), shifts=(1,)).axes[1].lines
    assert list(line.get_ydata()) == [0.5]


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (-1, 0), (0, 3), (1, -2)])
def test_moved_pictures(viz, down, right):
    from tinytorch.viz.shifts import moved

    images = generator().random((2, 3, 4, 6))
    after = moved(images, down, right)
    assert after.shape == images.shape
    for (n, c, i, j), value in np.ndenumerate(after):
        inside = 0 <= i - down < 4 and 0 <= j - right < 6
        assert value == (images[n, c, i - down, j - right] if inside else 0)


def test_bad_input(viz, spots):
    for wrong in ({}, Anywhere()):
        with pytest.raises(ValueError, match="models: expected 1 to 5 networks by name, such as"):
            viz.shifted_pictures(wrong, spots)
    for shifts in ((), (0, 5), (-1,)):
        with pytest.raises(ValueError, match="shifts: expected 0 to below the picture's side 5"):
            viz.shifted_pictures({"a": Anywhere()}, spots, shifts)
    with pytest.raises(ValueError, match="indices from 0 to 1, .*got 1 to 2"):
        viz.shifted_pictures({"a": Anywhere()}, (spots[0], spots[1] + 1))
