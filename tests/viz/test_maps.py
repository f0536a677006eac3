"""Feature maps, Grad-CAM and receptive fields: what is drawn is what was computed, and says what it is."""

import numpy as np
import pytest

from tinytorch import Tensor, analysis, nn, softmax
from tinytorch.testing import generator

pytestmark = pytest.mark.extras


def shown(axes):
    return np.ma.filled(axes.images[0].get_array(), np.nan)


def titled(figure, beginning):
    """The one panel whose title begins so."""
    (axes,) = [axes for axes in figure.axes if axes.get_title().startswith(beginning)]
    return axes


def test_every_layer_has_a_row_of_its_maps(viz, cnn, images):
    figure = viz.feature_maps(cnn, images[0])
    found = analysis.feature_maps(cnn, images[0])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [
        *("the picture", "0: 5 maps of 8 × 8", "1: 5 maps of 8 × 8", "2: 5 maps of 4 × 4"),
        *("3: 20 maps of 4 × 4, the first 16", "5: 4 numbers"),
    ], "flatten, 320 numbers, has no row"
    np.testing.assert_allclose(shown(titled(figure, "the picture")), images[0].transpose(1, 2, 0))
    for name, count, side in (("0", 5, 8), ("2", 5, 4), ("3", 16, 4)):
        sheet = shown(titled(figure, f"{name}:"))
        assert sheet.shape[0] == side
        for k in range(count):
            np.testing.assert_allclose(sheet[:, k * (side + 1) : k * (side + 1) + side], found[name][k])
    heights = [bar.get_height() for bar in titled(figure, "5:").patches]
    np.testing.assert_allclose(heights, found["5"])


def test_maps_with_negative_numbers_have_white_at_zero_and_others_begin_there(viz, cnn, images):
    figure = viz.feature_maps(cnn, images[0])
    found = analysis.feature_maps(cnn, images[0])
    assert found["0"].min() < 0
    signed, positive = (titled(figure, name).images[0] for name in ("0:", "1:"))
    limit = pytest.approx(abs(found["0"]).max())
    assert signed.get_clim()[1] == limit and -signed.get_clim()[0] == limit
    assert signed.get_cmap().name == "RdBu_r"
    assert positive.get_clim() == (0.0, pytest.approx(found["1"].max()))
    assert positive.get_cmap().name == "viridis"


def test_a_grey_picture_is_drawn_grey(viz):
    image = generator().random((1, 6, 6), np.float32)
    figure = viz.feature_maps(nn.Sequential(nn.Conv2d(1, 2, 3)), image)
    np.testing.assert_array_equal(shown(figure.axes[0]), image[0])
    assert figure.axes[0].images[0].get_cmap().name == "gray"


def test_drawing_leaves_the_network_as_it_was(viz, images):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    model[2].eval()
    before = {name: tensor.data.copy() for name, tensor in model.state_dict().items()}
    viz.feature_maps(model, images[0])
    viz.grad_cam(model, images[0])
    viz.receptive_field(model, images[0])
    viz.exciting_patches(model, images)
    viz.confusion_matrix(model, (images, np.zeros(6, int)))
    assert [layer.training for layer in model] == [True, True, False, True, True] and model.training
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor.data, before[name])
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("other", [False, True])
def test_grad_cam_and_what_the_network_says(viz, cnn, images, other):
    named = int(cnn(Tensor(images[1:2])).data.argmax())
    class_index = (named + 1) % 4 if other else None
    figure = viz.grad_cam(cnn, images[1], class_index, classes=["ant", "bee", "cat", "dog"])
    picture, heat, over = figure.axes[0], titled(figure, "where it looks"), titled(figure, "laid over")
    shares = softmax(cnn(Tensor(images[1:2])), dim=1).data[0]
    chosen = class_index if other else named
    names = ["ant", "bee", "cat", "dog"]
    assert picture.get_title() == f"the network says {names[named]}, {shares[named]:.1%}"
    assert heat.get_title() == f"where it looks for {names[chosen]}"
    assert figure.get_suptitle().startswith(f"Grad-CAM, {shares[chosen]:.1%} for {names[chosen]}")
    cam = analysis.grad_cam(cnn, images[1:2], class_index)[0]
    np.testing.assert_allclose(shown(heat), cam)
    assert heat.images[0].get_clim() == (0, 1)
    np.testing.assert_allclose(over.images[0].get_array(), images[1].transpose(1, 2, 0))
    np.testing.assert_allclose(over.images[1].get_array(), cam)
    np.testing.assert_allclose(over.images[1].get_alpha(), 0.7 * cam, err_msg="where nothing speaks, the picture shows")


def test_grad_cam_of_another_layer(viz, cnn, images):
    figure = viz.grad_cam(cnn, images[1], layer="1")
    np.testing.assert_allclose(shown(figure.axes[1]), analysis.grad_cam(cnn, images[1:2], layer="1")[0])
    assert figure.get_suptitle().endswith("maps of 1")


def test_a_map_that_is_empty_says_so(viz, cnn, images):
    cnn[5].weight.data[...] = 0.0
    assert titled(viz.grad_cam(cnn, images[0]), "where").get_xlabel() == "nothing in these maps speaks for it"


@pytest.mark.parametrize("layer", [None, "2", "0"])
def test_the_receptive_field_is_boxed_and_shaded_on_the_image_and_weighed_beside_it(viz, cnn, images, layer):
    figure = viz.receptive_field(cnn, images[0], layer)
    found = analysis.receptive_field(cnn, (1, 3, 8, 8), layer)
    top, left, bottom, right = found.box(*found.at)
    where, weight = figure.axes[:2]
    for axes in (where, weight):
        (box,) = axes.patches
        assert (box.get_x() + 0.5, box.get_y() + 0.5) == (left, top)
        assert (box.get_width(), box.get_height()) == (right - left, bottom - top)
    np.testing.assert_allclose(where.images[0].get_array(), images[0].transpose(1, 2, 0))
    np.testing.assert_array_equal(np.ma.filled(where.images[1].get_array(), 0) == 1, found.support)
    np.testing.assert_allclose(shown(weight), found.effective())
    size, jump = found.size[0], found.jump[0]
    assert f"{found.layer}: a place sees {size} × {size} pixels, the next one begins {jump} further on" in (
        figure.get_suptitle()
    )
    assert f"{int(found.support.sum())} pixels" in where.get_xlabel()


PICTURE = np.zeros((3, 8, 8), np.float32)
BAD = {
    "grey for colours": (PICTURE[:1], r"expected 3 channels, which the network reads, got 1; pass np.repeat\(image"),
    "another size": (PICTURE[:, :6], r"image: shape \(3, 6, 8\) does not fit the network: Linear: .*expected 320"),
    "channels last": (np.zeros((8, 8, 3), np.float32), r"got \(8, 8, 3\); move its channels to the front"),
    "several pictures": (np.zeros((2, 3, 8, 8), np.float32), r"expected one picture, .*got \(2, 3, 8, 8\)"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("draw", ["feature_maps", "grad_cam", "receptive_field"])
def test_a_picture_that_does_not_fit(viz, cnn, draw, case):
    image, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        getattr(viz, draw)(cnn, image)


def test_colours_for_a_network_that_reads_grey(viz):
    with pytest.raises(ValueError, match=r"expected 1 channel, .*got 3; pass image.mean\(axis=0, keepdims=True\)"):
        viz.feature_maps(nn.Sequential(nn.Conv2d(1, 2, 3)), PICTURE)


@pytest.mark.parametrize("draw", ["feature_maps", "grad_cam", "receptive_field"])
def test_a_network_without_maps_or_what_is_no_network(viz, draw):
    with pytest.raises(ValueError, match="model: expected "):
        getattr(viz, draw)(nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), PICTURE)
    with pytest.raises(TypeError, match="model: expected a layer or a network, got 'net'"):
        getattr(viz, draw)("net", PICTURE)


@pytest.mark.parametrize("draw", ["grad_cam", "receptive_field"])
def test_a_layer_that_is_not_there_is_answered_with_the_nearest(viz, cnn, draw):
    with pytest.raises(ValueError, match="there is no '33'; did you mean '3'?"):
        getattr(viz, draw)(cnn, PICTURE, layer="33")


def test_names_that_are_not_as_many_as_the_outputs(viz, cnn):
    with pytest.raises(ValueError, match="classes: expected 4 names"):
        viz.grad_cam(cnn, PICTURE, classes=["ant", "bee"])
