"""feature_maps, grad_cam and resize, against the network itself and by hand."""

import looked_at
import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.analysis import feature_maps, grad_cam, resize


def test_feature_maps_are_what_the_layers_make():
    model, x = nn.SimpleCNN(), looked_at.pictures(3, 32, 32)
    found = feature_maps(model, x)
    assert list(found) == ["conv1", "pool:1", "conv2", "pool:2", "flatten", "fc"]
    first = model.conv1(tinytorch.Tensor(x[None]))
    assert np.array_equal(found["conv1"], first.data[0])
    assert np.array_equal(found["pool:1"], model.pool(tinytorch.relu(first)).data[0])
    assert np.array_equal(found["fc"], model(tinytorch.Tensor(x[None])).data[0])
    for given in (tinytorch.Tensor(x), x[None]):
        assert all(np.array_equal(found[name], maps) for name, maps in feature_maps(model, given).items())


def test_what_only_passes_on_a_result_is_left_out():
    found = feature_maps(looked_at.nested(tinytorch), looked_at.pictures(3, 24, 20))
    assert "blocks.0" in found  # x + change(x), and its relu
    assert not {"", "blocks", "blocks.0.change"} & set(found)


def test_a_single_layer_is_a_network_too():
    conv, x = nn.Conv2d(3, 2, 3), looked_at.pictures(3, 5, 5)
    assert np.array_equal(feature_maps(conv, x)["Conv2d"], conv(tinytorch.Tensor(x[None])).data[0])


def test_feature_maps_are_of_eval_mode_and_change_nothing():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.9))
    x = looked_at.pictures(3, 4, 4)
    assert np.allclose(feature_maps(model, x)["1"], x, atol=1e-4)
    assert model.training and not model[0].running_mean.data.any()


def cam_by_hand(model, x, index):
    """Of Sequential(conv, relu, flatten, linear): the gradient of a logit is the linear layer's own weight."""
    maps = model[0](tinytorch.Tensor(x)).data
    slope = (maps > 0) * model[3].weight.data[index].reshape(maps.shape[1:])
    alpha = slope.mean(axis=(2, 3))
    return np.maximum(np.einsum("nk,nkij->nij", alpha, maps), 0)


def small():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))


@pytest.mark.parametrize("index", [0, 3])
def test_grad_cam_by_hand(index):
    model, x = small(), looked_at.pictures(3, 2, 6, 6)
    wanted = cam_by_hand(model, x, index)
    wanted = wanted / np.maximum(wanted.max(axis=(1, 2), keepdims=True), 1e-12)
    np.testing.assert_allclose(grad_cam(model, x, index, layer="0"), wanted, rtol=1e-4, atol=1e-5)


def test_each_picture_has_the_class_that_the_network_names_and_no_other_picture_matters():
    model, x = small(), looked_at.pictures(6, 2, 6, 6)
    named = model(tinytorch.Tensor(x)).data.argmax(axis=1)
    found = grad_cam(model, x)
    assert found.shape == (6, 6, 6) and found.min() >= 0 and found.max() <= 1
    for one, index, cam in zip(x, named, found):
        np.testing.assert_allclose(cam, grad_cam(model, one[None], int(index))[0], rtol=1e-4, atol=1e-5)


def test_maps_are_enlarged_to_the_picture():
    model = nn.Sequential(nn.Conv2d(1, 1, 1, stride=4, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model[0].weight.data[...] = 1
    x = np.zeros((1, 1, 16, 16), np.float32)
    x[0, 0, 4, 8] = 1  # place (1, 2) of the map of 4 x 4
    cam = grad_cam(model, x)[0]
    assert cam.shape == (16, 16)
    one = np.zeros((4, 4), np.float32)
    one[1, 2] = 1
    np.testing.assert_allclose(cam, resize(one, (16, 16)) / resize(one, (16, 16)).max())
    assert set(map(tuple, np.argwhere(cam == 1))) == {(i, j) for i in (5, 6) for j in (9, 10)}


def test_layers_can_be_chosen_and_the_last_map_is_the_default():
    model, x = nn.SimpleCNN(), looked_at.pictures(2, 3, 32, 32)
    default = grad_cam(model, x, 1)
    assert np.array_equal(default, grad_cam(model, x, 1, layer="pool:2"))
    assert not np.allclose(default, grad_cam(model, x, 1, layer="conv2"))
    assert not np.allclose(default, grad_cam(model, x, 1, layer="conv1"))
    assert np.array_equal(grad_cam(model, x, 1, layer="pool"), grad_cam(model, x, 1, layer="pool:2"))


def test_a_map_without_evidence_stays_zero():
    model = small()
    model[3].weight.data[...] = 0
    assert not grad_cam(model, looked_at.pictures(2, 2, 6, 6), 0).any()


def test_looking_leaves_no_gradients():
    model, x = small(), tinytorch.Tensor(looked_at.pictures(2, 2, 6, 6))
    for parameter in model.parameters():
        parameter.requires_grad = False  # frozen networks can be looked at, too
    assert grad_cam(model, x).any()
    assert all(parameter.grad is None for parameter in model.parameters()) and x.grad is None
    assert model.training


def test_resize_by_hand():
    line = np.array([[0.0, 4.0]])
    assert resize(line, (1, 4)).tolist() == [[0, 1, 3, 4]]
    assert resize(line.T, (4, 1)).tolist() == [[0], [1], [3], [4]]
    assert np.array_equal(resize(np.eye(3), (3, 3)), np.eye(3))
    assert resize(np.ones((2, 5, 7, 3), np.float32), (9, 4)).shape == (2, 5, 9, 4)
    np.testing.assert_allclose(resize(np.ones((5, 7)), (9, 4)), 1)


DENSE = nn.Sequential(nn.Flatten(), nn.Linear(72, 5))


@pytest.mark.parametrize(
    ("model", "shape", "options", "words"),
    [
        (DENSE, (1, 2, 6, 6), {}, "model: expected a network with a convolution.*has Flatten, Linear, Sequential"),
        (
            nn.Conv2d(2, 3, 3),
            (1, 2, 6, 6),
            {},
            r"model: expected an output of shape \(N, classes\), got \(1, 3, 4, 4\)",
        ),
        (small(), (2, 6, 6), {}, r"x: expected \(batch, channels, height, width\), got \(2, 6, 6\); .*\(1, 2, 6, 6\)"),
        (small(), (1, 2, 6, 6), {"class_index": 5}, "class_index: expected a whole number from 0 to 4, got 5"),
        (small(), (1, 2, 6, 6), {"class_index": "dog"}, "class_index: expected a whole number from 0 to 4, got 'dog'"),
        (small(), (1, 2, 6, 6), {"layer": "2"}, r"layer: expected one that gives a map .*'2' gives \(1, 144\)"),
        (nn.SimpleCNN(), (1, 3, 32, 32), {"layer": "conv3"}, r"there is no 'conv3'; did you mean 'conv2'\?"),
    ],
)
def test_bad_input(model, shape, options, words):
    with pytest.raises(ValueError, match=words):
        grad_cam(model, looked_at.pictures(*shape), **options)


def test_one_picture_at_a_time():
    with pytest.raises(ValueError, match=r"x: expected one picture, .*got \(2, 2, 6, 6\); pass x\[:1\]"):
        feature_maps(small(), looked_at.pictures(2, 2, 6, 6))
