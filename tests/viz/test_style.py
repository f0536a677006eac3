"""What the figures share."""

import subprocess
import sys

import numpy as np
import pytest

from tinytorch.testing import generator

pytestmark = pytest.mark.extras


@pytest.fixture
def style(viz):
    from tinytorch.viz import style

    return style


def test_pictures_keep_their_values_from_0_to_1_and_are_stretched_otherwise(style):
    picture = generator().random((3, 4, 5))
    np.testing.assert_array_equal(style.as_picture(picture), picture.transpose(1, 2, 0))
    np.testing.assert_array_equal(style.as_picture(picture[:1]), picture[0])
    stretched = style.as_picture(picture * 4 - 2)
    assert stretched.min() == 0 and stretched.max() == 1
    np.testing.assert_allclose(stretched, style.as_picture((picture - picture.min()) / np.ptp(picture)))
    assert np.all(style.as_picture(np.full((1, 2, 2), 7.0)) == 0)
    with pytest.raises(ValueError, match=r"image: expected shape \(3, H, W\) or \(1, H, W\), got \(2, 4, 4\)"):
        style.as_picture(np.zeros((2, 4, 4)))


def test_a_sheet_holds_the_maps_in_reading_order_with_nan_between(style):
    maps = generator().random((5, 2, 3))
    sheet = style.sheet(maps, 3, gap=2)
    assert sheet.shape == (2 + 2 + 2, 3 + 2 + 3 + 2 + 3)
    for k, tile in enumerate(maps):
        top, left = k // 3 * 4, k % 3 * 5
        np.testing.assert_array_equal(sheet[top : top + 2, left : left + 3], tile)
    assert np.isnan(sheet).sum() == sheet.size - maps.size


def test_a_notebook_shows_a_figure_by_itself(style):
    figure = style.paper(2, 1)
    figure.add_subplot().plot([1, 2])
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_figures_leave_nothing_open_in_pyplot_and_change_no_setting(viz):
    program = (
        "from matplotlib import pyplot\n"
        "before = dict(pyplot.rcParams)\n"
        "from tinytorch import nn, viz\n"
        "viz.filters(nn.Conv2d(3, 4, 3))._repr_png_()\n"
        "print(pyplot.get_fignums(), dict(pyplot.rcParams) == before)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[] True\n", done.stderr
