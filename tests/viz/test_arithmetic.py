"""The figure of one number: every number in it is the one that was computed."""

import numpy as np
import pytest

from tinytorch import Tensor, analysis, nn
from tinytorch.testing import generator

pytestmark = pytest.mark.extras


@pytest.fixture
def x():
    return generator().normal(size=(2, 3, 6, 7)).astype(np.float32)


def written(axes):
    """The numbers in the cells, by (row, column)."""
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}


def panels(figure, columns):
    axes = figure.axes
    return [axes[start : start + columns] for start in range(0, len(axes), columns)]


@pytest.mark.parametrize("at", [(1, 2, 1, 2), (0, 0, 0, 0)])
def test_window_kernel_and_products_of_each_channel(viz, x, at):
    conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    found = analysis.explain(conv, x, at)
    figure = viz.explain(conv, x, at)
    for c, (image, window, kernel, products) in enumerate(panels(figure, 4)):
        np.testing.assert_array_equal(image.images[0].get_array(), x[at[0], c])
        (box,) = image.patches
        assert (box.get_y() + 0.5, box.get_x() + 0.5) == (at[2] * 2 - 1, at[3] * 2 - 1)
        assert (box.get_height(), box.get_width()) == (3, 3)
        for axes, values in ((window, found.window), (kernel, found.kernel), (products, found.products)):
            np.testing.assert_array_equal(axes.images[0].get_array(), values[c])
            low, high = axes.images[0].get_clim()
            assert -low == high == pytest.approx(abs(values).max()), "one symmetric scale for all channels"
            cells = written(axes)
            for (p, q), value in np.ndenumerate(values[c]):
                assert cells[p, q] == f"{value:.2f}".replace("-0.00", "0.00")
        assert image.get_ylabel() == f"channel {c}"
    value = conv(Tensor(x)).data[at]
    assert figure.get_suptitle() == f"convolution: y[{', '.join(map(str, at))}] = {value:.4g}"


def test_the_sums_of_the_channels_and_the_bias_make_the_value(viz, x):
    conv = nn.Conv2d(3, 1, 3)
    conv.bias.data[...] = -0.25
    line = viz.explain(conv, x, (0, 0, 1, 1)).get_supxlabel()
    left, value = line.replace("−", "-").split(" = ")
    terms = left.replace("bias ", "").replace("- ", "+ -").split(" + ")
    assert len(terms) == 4 and float(terms[-1]) == -0.25
    assert sum(map(float, terms)) == pytest.approx(float(value), abs=0.003)
    assert float(value) == pytest.approx(conv(Tensor(x)).data[0, 0, 1, 1], rel=1e-3)


def test_channels_beyond_the_fourth_are_told_as_one_sum(viz):
    x = generator().random((1, 6, 4, 4), np.float32)
    conv = nn.Conv2d(6, 1, 3)
    figure = viz.explain(conv, x, (0, 0, 0, 1))
    assert len(panels(figure, 4)) == 4
    rest = analysis.explain(conv, x, (0, 0, 0, 1)).products[4:].sum()
    assert f"{rest:.4g} of 2 more channels".replace("-", "−") in figure.get_supxlabel().replace("− ", "−").replace(
        "-", "−"
    )


def test_windows_of_all_channels_share_a_scale_also_without_negative_numbers(viz):
    x = generator().random((1, 2, 4, 4), np.float32)
    x[0, 1] *= 10
    for image, window, *_ in panels(viz.explain(nn.Conv2d(2, 1, 2), x, (0, 0, 1, 1)), 4):
        assert window.images[0].get_clim() == (0, pytest.approx(x[0, :, 1:3, 1:3].max()))
        assert image.images[0].get_clim() == (0, pytest.approx(x.max()))


def test_a_window_in_the_border_is_drawn_whole(viz, x):
    axes = viz.explain(nn.Conv2d(3, 1, 3, padding=1), x, (0, 0, 5, 6)).axes[0]
    (box,) = axes.patches
    assert axes.get_xlim()[1] >= box.get_x() + box.get_width() > 7
    assert axes.get_ylim()[0] >= box.get_y() + box.get_height() > 6


def test_the_largest_of_a_max_pooling_window_is_framed(viz, x):
    pool = nn.MaxPool2d(2)
    x[1, 2, 2, 5] = 9.0
    found = analysis.explain(pool, x, (1, 2, 1, 2))
    image, window = viz.explain(pool, x, (1, 2, 1, 2)).axes
    np.testing.assert_array_equal(window.images[0].get_array(), x[1, 2, 2:4, 4:6])
    (frame,) = window.patches
    assert (frame.get_y() + 0.5, frame.get_x() + 0.5) == found.winner == (0, 1)
    assert found.value == 9.0
    assert image.get_ylabel() == "channel 2"


def test_the_border_of_max_pooling_is_no_number(viz, x):
    _, window = viz.explain(nn.MaxPool2d(3, padding=1), x, (0, 0, 0, 0)).axes
    cells = written(window)
    assert [cells[0, q] for q in range(3)] == ["border"] * 3 and cells[1, 1] == f"{x[0, 0, 0, 0]:.2f}"


def test_average_pooling_divides_the_sum(viz, x):
    figure = viz.explain(nn.AvgPool2d(2), x, (0, 1, 0, 0))
    block = x[0, 1, :2, :2]
    assert figure.get_supxlabel() == f"sum {block.sum(dtype=np.float64):.4g} / 4 numbers = {block.mean():.4g}"


def test_windows_with_many_numbers_are_colours_only(viz):
    figure = viz.explain(nn.Conv2d(1, 1, 9), generator().random((1, 1, 9, 9), np.float32), (0, 0, 0, 0))
    assert not any(axes.texts for axes in figure.axes)


def test_another_layer_and_a_place_that_is_not_there(viz, x):
    with pytest.raises(TypeError, match="expected a convolution, or max or average pooling, got ReLU"):
        viz.explain(nn.ReLU(), x, (0, 0, 0, 0))
    with pytest.raises(ValueError, match=r"j \(column\): expected a whole number from 0 to 4, got 9"):
        viz.explain(nn.Conv2d(3, 1, 3), x, (0, 0, 0, 9))
