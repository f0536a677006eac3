"""Filters, and the patches that excite them most."""

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.testing import generator

pytestmark = pytest.mark.extras


def tile(axes, row, column, side, gap=1):
    data = axes.images[0].get_array().filled(np.nan)
    top, left = row * (side + gap), column * (side + gap)
    return data[top : top + side, left : left + side]


def test_filters_on_colours_have_a_panel_for_each(viz, cnn):
    figure = viz.filters(cnn)
    weight = cnn[0].weight.data
    panels = figure.axes[:3]
    assert [axes.get_title() for axes in panels] == ["red", "green", "blue"]
    for channel, axes in enumerate(panels):
        for k in range(5):  # three in a row
            np.testing.assert_array_equal(tile(axes, k // 3, k % 3, 3), weight[k, channel])
        limit = abs(weight).max()
        assert axes.images[0].get_clim() == (pytest.approx(-limit), pytest.approx(limit)), "white must mean zero"
        assert axes.images[0].get_cmap().name == "RdBu_r"
        gaps = axes.images[0].get_array().filled(np.nan)[3]
        assert np.isnan(gaps).all(), "a gap is no weight"
    assert figure.get_suptitle() == "0: 5 filters of 3 × 3 on 3 channels"


def test_filters_on_many_channels_are_a_sheet_of_filter_by_channel(viz, cnn):
    figure = viz.filters(cnn, "3")
    axes, weight = figure.axes[0], cnn[3].weight.data
    for k, c in ((0, 0), (0, 4), (7, 2), (19, 4)):
        np.testing.assert_array_equal(tile(axes, k, c, 3), weight[k, c])
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("filter", "channel")
    assert figure.get_suptitle() == "3: 20 filters of 3 × 3 on 5 channels"


@pytest.mark.parametrize(("out", "first_ticks"), [(20, [0, 4, 8, 12, 16]), (16, list(range(16)))])
def test_numbers_beside_a_sheet_stand_at_their_filters(viz, out, first_ticks):
    figure = viz.filters(nn.Conv2d(5, out, 3))
    axes = figure.axes[0]
    assert [int(label.get_text()) for label in axes.get_yticklabels()] == first_ticks
    assert list(axes.get_yticks()) == [number * 4 + 1 for number in first_ticks], "the middle row of the filter's three"


def test_of_more_than_64_the_first_64_are_drawn_and_the_title_says_so(viz):
    figure = viz.filters(nn.Conv2d(70, 80, 1))
    assert figure.axes[0].images[0].get_array().shape == (64 * 2 - 1, 64 * 2 - 1)
    assert figure.get_suptitle().endswith("80 filters of 1 × 1 on 70 channels (drawn: 64, 64)")


def test_filters_that_are_all_zero_are_white(viz):
    conv = nn.Conv2d(1, 2, 3)
    conv.weight.data[...] = 0.0
    assert viz.filters(conv).axes[0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("layer", "message"),
    [("9", "there is no '9'"), ("5", "layer: expected a convolution, got '5', a Linear")],
)
def test_a_layer_that_is_not_there_or_no_convolution(viz, cnn, layer, message):
    with pytest.raises(ValueError, match=message):
        viz.filters(cnn, layer)


def test_a_network_without_convolutions(viz):
    dense = nn.Sequential(nn.Flatten(), nn.Linear(48, 4))
    for draw in (lambda: viz.filters(dense), lambda: viz.exciting_patches(dense, np.zeros((2, 3, 4, 4), np.float32))):
        with pytest.raises(ValueError, match="expected a network with convolutions; this Sequential has none"):
            draw()


def bright(*places):
    """Grey pictures 9 × 9 with one bright pixel: (row, column, how bright)."""
    images = np.full((len(places), 1, 9, 9), 0.1, np.float32)
    for image, (row, column, value) in zip(images, places):
        image[0, row, column] = value
    return images


def outside():
    from tinytorch.viz.weights import OUTSIDE

    return OUTSIDE


def centre(padding):
    """A convolution that copies the pixel in the middle of its 3 × 3 window."""
    conv = nn.Conv2d(1, 1, 3, padding=padding)
    conv.weight.data[...] = 0.0
    conv.weight.data[0, 0, 1, 1] = 1.0
    return conv


def test_patches_are_the_windows_with_the_largest_answers_strongest_first(viz):
    images = bright((4, 4, 0.5), (2, 6, 0.9), (7, 1, 0.7))
    axes = viz.exciting_patches(centre(0), images, filters=1, patches=2).axes[0]
    picture = axes.images[0].get_array()
    assert picture.shape == (3, 3 + 1 + 3, 3)
    np.testing.assert_allclose(picture[:, :3, 0], images[1, 0, 1:4, 5:8])
    np.testing.assert_allclose(picture[:, 4:, 0], images[2, 0, 6:9, 0:3])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0: 0.90"]
    assert "3 × 3 patches of 3 images" in axes.get_title()


@pytest.mark.parametrize(
    ("place", "rows", "columns"), [((0, 0), slice(1, 3), slice(1, 3)), ((8, 8), slice(0, 2), slice(0, 2))]
)
def test_what_lies_outside_of_the_image_is_pale(viz, place, rows, columns):
    images = bright((*place, 0.8))
    picture = viz.exciting_patches(centre(1), images, filters=1, patches=1).axes[0].images[0].get_array()
    expected = np.broadcast_to(outside(), (3, 3, 3)).copy()
    expected[rows, columns] = 0.1
    expected[1, 1] = 0.8
    np.testing.assert_allclose(picture, expected, rtol=1e-6)


def test_windows_as_large_as_the_image_stand_where_they_are(viz):
    conv = nn.Conv2d(1, 1, 9, padding=4)
    conv.weight.data[...] = 0.0
    conv.weight.data[0, 0, 4, 4] = 1.0
    images = bright((2, 8, 0.8))
    picture = viz.exciting_patches(conv, images, filters=1, patches=1).axes[0].images[0].get_array()[..., 0]
    np.testing.assert_allclose(picture[2:, :5], images[0, 0, :7, 4:], err_msg="the answer stands in the middle")
    assert np.all(picture[:2] == outside()[0]) and np.all(picture[:, 5:] == outside()[0])


def test_windows_larger_than_the_image_are_the_whole_image(viz):
    model = nn.Sequential(nn.Conv2d(1, 1, 9, padding=4), nn.Conv2d(1, 1, 5, padding=2))
    images = bright((2, 8, 0.8))
    picture = viz.exciting_patches(model, images, filters=1, patches=1).axes[0].images[0].get_array()[..., 0]
    assert picture.shape == (9, 9)


def test_patches_of_a_layer_after_pooling_are_receptive_fields(viz):
    model = nn.Sequential(centre(1), nn.MaxPool2d(3))
    images = bright((4, 5, 0.9))
    picture = viz.exciting_patches(model, images, "1", filters=1, patches=1).axes[0].images[0].get_array()
    np.testing.assert_allclose(picture[..., 2], images[0, 0, 2:7, 2:7], err_msg="5 × 5 around the pool's 3 to 5")


def test_normalised_images_are_stretched_all_alike(viz):
    images = generator().normal(size=(4, 1, 5, 5)).astype(np.float32)
    picture = viz.exciting_patches(nn.Conv2d(1, 1, 5), images, patches=4).axes[0].images[0].get_array()
    shown = [picture[:, n * 6 : n * 6 + 5, 0] for n in range(4)]
    assert min(p.min() for p in shown) == pytest.approx(0) and max(p.max() for p in shown) == pytest.approx(1)
    low, high = images.min(), images.max()
    given = {float(np.sum((image - low) / (high - low))) for image in images}
    assert sorted(given) == pytest.approx(sorted(p.sum() for p in shown), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((3, 8, 8), np.float32)}, r"images: expected shape \(N, 3, H, W\)"),
        ({"images": np.zeros((2, 1, 8, 8), np.float32)}, "image: expected 3 channels, which the network reads, got 1"),
        ({"images": np.zeros((2, 3, 8, 6), np.float32)}, r"image: shape \(3, 8, 6\) does not fit the network"),
        ({"filters": 0}, "filters: expected at least 1, got 0"),
        ({"patches": 0}, "patches: expected at least 1, got 0"),
        ({"layer": "5"}, "expected one that gives a map"),
        ({"layer": "33"}, "there is no '33'; did you mean '3'?"),
    ],
)
def test_bad_input_of_patches(viz, cnn, images, change, message):
    with pytest.raises(ValueError, match=message):
        viz.exciting_patches(cnn, **{"images": images, **change})
