"""receptive_field: formula, exact boxes, and what is measured, on networks whose windows are known or drawn."""

import looked_at
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tinytorch import nn
from tinytorch.nn import functional as F


def formula(found):
    return found.size, found.jump, found.start


def reached(model, shape):
    """By experiment: (places down, places across, 4), the box of the image that each place of the map depends on.

    A row of the image is made NaN, and what of the map is then NaN depends on it; so for each row, and each column.
    """
    ends = []
    for axis in (2, 3):
        marks = []
        for at in range(shape[axis]):
            x = np.ones(shape, np.float32)
            x[(slice(None),) * axis + (at,)] = np.nan
            marks.append(np.isnan(model(tinytorch.Tensor(x)).data).any(axis=(0, 1)))
        marks = np.array(marks)  # (pixels, places down, places across)
        stop = np.where(marks.any(axis=0), marks.shape[0] - marks[::-1].argmax(axis=0), 0)
        ends.append((marks.argmax(axis=0), stop))
    (top, bottom), (left, right) = ends
    return np.stack([top, left, bottom, right], axis=-1)


def test_by_the_formula():
    found = tinytorch.receptive_field(nn.SimpleCNN(), (1, 3, 32, 32))
    assert found.layer == "pool:2" and found.output_shape == (1, 64, 8, 8)
    assert formula(found) == ((10, 10), (4, 4), (-3, -3))
    # 1 + (3 - 1) + (2 - 1) + (3 - 1) * 2 + (2 - 1) * 2
    assert [step.name for step in found.steps] == ["conv1", "pool:1", "conv2", "pool:2"]
    assert [step.field.axes[0].size for step in found.steps] == [3, 4, 8, 10]
    assert found.at == (4, 4) and found.box(4, 4) == found.measured == (13, 13, 23, 23) and found.agrees


@pytest.mark.parametrize("count", [1, 15, 16])
def test_sixteen_layers_of_3x3_see_all_of_a_cifar_picture(count):
    model = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(count)))
    found = tinytorch.receptive_field(model, (1, 1, 33, 33))
    assert found.size == (2 * count + 1,) * 2 and found.agrees
    assert (found.box(16, 16) == (0, 0, 33, 33)) == (count == 16)


def test_dilation_and_unequal_axes():
    model = nn.Sequential(nn.Conv2d(1, 2, (1, 5), stride=(2, 1)), nn.Conv2d(2, 1, 3, dilation=(3, 2), padding=(0, 2)))
    found = tinytorch.receptive_field(model, (1, 1, 40, 30))
    # down 1 + 0 + 2*3*2 = 13, across 1 + 4 + 2*2*1 = 9; the padding of 2 places of 1 pixel begins at -2
    assert formula(found) == ((13, 9), (2, 1), (0, -2))
    assert found.agrees
    assert np.array_equal(np.flatnonzero(found.support.any(axis=1)), 2 * found.at[0] + np.array([0, 6, 12]))


def test_at_the_border_the_box_is_what_can_be_reached_not_only_what_is_in_the_image():
    # the second layer's window at the last place has a point in its border, so the last two pixels are seen by nobody
    model = nn.Sequential(nn.Conv2d(1, 1, 1, stride=2), nn.Conv2d(1, 1, 3, padding=1))
    found = tinytorch.receptive_field(model, (1, 1, 4, 4))
    assert found.start == (-2, -2) and found.size == (5, 5)
    assert found.box(1, 0) == (0, 0, 3, 3)


def test_places_in_the_border_see_what_their_points_within_the_image_see():
    # the points of place 0 are pixels -1 and 1, of place 1 pixels 0 and 2
    spread = tinytorch.receptive_field(nn.Conv2d(1, 1, 2, dilation=2, padding=1), (1, 1, 5, 5))
    assert spread.rows.tolist() == [[1, 1], [0, 2], [1, 3], [2, 4], [3, 3]]
    border = tinytorch.receptive_field(nn.Conv2d(1, 1, 1, padding=(1, 0)), (1, 1, 3, 3))
    assert border.rows.tolist() == [[0, -1], [0, 0], [1, 1], [2, 2], [0, -1]]
    assert border.box(0, 1) == (0, 0, 0, 0) and border.box(1, 1) == (0, 1, 1, 2)
    twice = nn.Sequential(nn.Conv2d(1, 1, 1, padding=1), nn.Conv2d(1, 1, 2))
    assert tinytorch.receptive_field(twice, (1, 1, 3, 3)).rows.tolist() == [[0, 0], [0, 1], [1, 2], [2, 2]]


def test_padding_same_of_an_even_kernel_is_smaller_before():
    found = tinytorch.receptive_field(nn.Conv2d(1, 1, (2, 4), padding="same"), (1, 1, 6, 6))
    assert found.start == (0, -1) and found.agrees


WINDOW = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))


@given(st.lists(st.tuples(st.sampled_from(["conv", "max", "avg", "residual"]), WINDOW, WINDOW), min_size=1, max_size=3))
@settings(max_examples=60)
def test_boxes_of_drawn_networks_are_what_an_experiment_finds(drawn):
    class Residual(nn.Module):
        def __init__(self, kernel):
            super().__init__()
            self.change = nn.Conv2d(2, 2, kernel, padding="same")

        def forward(self, x):
            return tinytorch.relu(self.change(x)) * 0.5 + x

    layers, sides = [nn.Conv2d(1, 2, 1)], [17, 14]
    for kind, *windows in drawn:
        kernel, stride, padding, dilation = map(tuple, zip(*windows))
        if kind != "conv":
            padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel))
            dilation = dilation if kind == "max" else (1, 1)
        if kind == "residual":
            layers.append(Residual(kernel))
            continue
        after = [F.conv_output_size(*one) for one in zip(sides, kernel, stride, padding, dilation)]
        if min(after) < 1:
            break
        sides = after
        if kind == "conv":
            layers += [nn.Conv2d(2, 2, kernel, stride, padding, dilation, groups=2), nn.ReLU()]
        elif kind == "max":
            layers.append(nn.MaxPool2d(kernel, stride, padding, dilation))
        else:
            layers.append(nn.AvgPool2d(kernel, stride, padding))
    model = nn.Sequential(*layers)
    found = tinytorch.receptive_field(model, (1, 1, 17, 14), str(len(layers) - 1))
    down, across = found.output_shape[2:]
    boxes = [[found.box(i, j) for j in range(across)] for i in range(down)]
    assert np.array_equal(boxes, reached(model, (1, 1, 17, 14)))
    assert found.agrees, f"{found}"


def test_branches_are_seen_together():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.small, self.large = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 5, padding=2)

        def forward(self, x):
            return tinytorch.concatenate([self.small(x), self.large(x)], dim=1)

    found = tinytorch.receptive_field(Branches(), (1, 2, 9, 9))
    assert formula(found) == ((5, 5), (1, 1), (-2, -2)) and found.agrees and found.layer == ""


def test_a_mean_over_the_map_sees_it_all_and_so_does_what_it_weighs():
    class Squeeze(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.pool, self.weigh = nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1)

        def forward(self, x):
            x = self.conv(x)
            return x * tinytorch.sigmoid(self.weigh(self.pool(x)))

    for layer in ("pool", "weigh", None):
        found = tinytorch.receptive_field(Squeeze(), (1, 1, 9, 7), layer)
        assert formula(found) == ((9, 7), (0, 0), (0, 0)) and found.agrees
        assert found.box(0, 0) == (0, 0, 9, 7)


def test_a_mean_over_channels_changes_nothing():
    class Weighed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)

        def forward(self, x):
            x = self.conv(x)
            return x * tinytorch.sigmoid(x.mean(1, keepdim=True)) + tinytorch.softmax(x, dim=1)

    found = tinytorch.receptive_field(Weighed(), (1, 1, 9, 7))
    assert formula(found) == ((3, 3), (1, 1), (-1, -1)) and found.agrees


def test_padding_by_a_function_moves_the_fields():
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3)

        def forward(self, x):
            return self.conv(F.pad(x, (2, 1, 0, 3)))

    found = tinytorch.receptive_field(Padded(), (1, 1, 8, 8))
    assert found.start == (0, -2) and found.box(0, 0) == (0, 0, 3, 1) and found.agrees


def test_functions_on_the_way_are_told_with_the_layer_that_calls_them():
    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x):
            return F.avg_pool2d(tinytorch.relu(F.max_pool2d(self.conv(x), 3)), 2, 1)

    found = tinytorch.receptive_field(Pooled(), (1, 1, 20, 20))
    assert [step.name for step in found.steps] == ["conv", "max_pool2d in Pooled", "Pooled"]
    assert formula(found) == ((8, 8), (3, 3), (0, 0)) and found.agrees  # the stride of a pooling is its kernel


def test_the_map_of_one_place_before_the_classes_is_not_the_default():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    assert tinytorch.receptive_field(model, (1, 1, 8, 8)).layer == "0"
    assert tinytorch.receptive_field(nn.AdaptiveAvgPool2d(1), (1, 1, 8, 8)).size == (8, 8)  # unless it is the only one


def test_layers_by_name_and_the_last_map_without_one():
    model = looked_at.nested(tinytorch)
    assert tinytorch.receptive_field(model, (1, 3, 24, 20)).layer == "blocks"
    assert tinytorch.receptive_field(model, (1, 3, 24, 20), "blocks.0.change.0").size == (13, 13)  # 5 + 2 * 2 * 2
    shared = looked_at.shared(tinytorch)
    sizes = [tinytorch.receptive_field(shared, (1, 3, 16, 16), name).size[0] for name in ("pool:1", "pool:2", "pool")]
    assert sizes == [6, 12, 12]


def test_nothing_hides_behind_a_dead_relu_or_a_lost_maximum():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.MaxPool2d(3), nn.Conv2d(1, 1, 1))
    model[0].weight.data[...] = 0
    model[0].bias.data[...] = -1
    model[3].weight.data[...] = 0
    found = tinytorch.receptive_field(model, (1, 1, 11, 11))
    assert found.support.sum() == 25 and found.agrees


def test_rules_that_drop_instead_of_multiplying_hide_nothing_either(monkeypatch):
    """A rule of one's own may set the gradient to 0 with np.where, and NaN does not pass: another picture lets it."""
    rules = tinytorch.core.autograd.rules
    monkeypatch.setitem(rules, tinytorch.relu, lambda grad, out, x: np.where(out > 0, grad, 0))
    for seed in range(5):
        tinytorch.manual_seed(seed)
        model = nn.Sequential(nn.Conv2d(1, 1, 2), nn.ReLU(), nn.Conv2d(1, 1, 2))
        assert tinytorch.receptive_field(model, (1, 1, 7, 7)).agrees


def test_the_measured_box_is_said_to_differ_where_it_does():
    found = tinytorch.receptive_field(nn.Conv2d(1, 1, 3), (1, 1, 7, 7))
    assert "NOT" not in str(found)
    found.support = np.zeros_like(found.support)
    assert not found.agrees and found.measured == (0, 0, 0, 0) and "NOT the same" in str(found)


def test_effective_field_of_equal_weights_is_known():
    # three 3-point means one after another weigh the pixels 1 3 6 7 6 3 1
    model = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(3)))
    for parameter in model.parameters():
        parameter.data[...] = 1 / 9
    found = tinytorch.receptive_field(model, (1, 1, 15, 15))
    line = np.zeros(15)
    line[4:11] = 1, 3, 6, 7, 6, 3, 1
    np.testing.assert_allclose(found.effective(2), np.outer(line, line) / 49, atol=1e-6)


def test_effective_field_is_the_mean_of_the_size_of_gradients():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3))
    found = tinytorch.receptive_field(model, (4, 2, 9, 9))
    generator, total = np.random.default_rng(0), 0
    for _ in range(5):
        x = tinytorch.Tensor(generator.standard_normal((1, 2, 9, 9), np.float32), requires_grad=True)
        model(x)[:, :, 2, 2].sum().backward()
        total = total + np.abs(x.grad.data[0]).sum(axis=0)
    effective = found.effective(5)
    np.testing.assert_allclose(effective, total / total.max(), rtol=1e-5, atol=1e-7)
    assert effective.shape == (9, 9) and effective[2:7, 2:7].all() and not effective[0].any()
    assert all(parameter.grad is None or not parameter.grad.data.any() for parameter in model[1].parameters())
    with pytest.raises(ValueError, match="draws: expected a whole number from 1 on, got 0"):
        found.effective(0)


def test_as_text_and_html():
    found = tinytorch.receptive_field(nn.SimpleCNN(), (1, 3, 32, 32), "conv2")
    lines = str(found).splitlines()
    assert lines[0] == "conv2: 16 x 16 places on an image of 32 x 32 pixels"
    assert lines[-4 - 1 - 1].split() == "conv2 3 1 1 8 2 -3".split()
    assert lines[-3] == "one place sees 8 x 8 pixels; the next one's begin 2 further on"
    assert lines[-2].endswith("rows 13 to 20, columns 13 to 20")
    assert lines[-1].endswith("rows 13 to 20, columns 13 to 20, the same")
    page = found._repr_html_()
    assert page.count("<tr>") == 1 + 4 and "next one&#x27;s begin 2" in page


class Turned(nn.Module):
    def forward(self, x):
        return x.transpose(2, 3)


DENSE = nn.Sequential(nn.Flatten(), nn.Linear(48, 10))


@pytest.mark.parametrize(
    ("model", "shape", "layer", "words"),
    [
        (DENSE, (1, 3, 4, 4), None, r"model: expected a layer that gives a map .*none: Flatten, Linear, Sequential"),
        (nn.SimpleCNN(), (1, 3, 32, 32), "conv3", r"layer: there is no 'conv3'; did you mean 'conv2'\?"),
        (nn.SimpleCNN(), (1, 3, 32, 32), "fc", r"'fc' gives \(1, 10\); maps: conv1, pool:1, conv2, pool:2"),
        (nn.SimpleCNN(), (3, 32, 32), None, r"with a batch of one: \(1, 3, 32, 32\)"),
        (nn.Linear(4, 4), (1, 4), None, r"input_shape: expected \(batch, channels, height, width\), got \(1, 4\)"),
        (nn.Sequential(nn.Conv2d(1, 1, 3), Turned()), (1, 1, 9, 9), "1", "for '1' there is no formula"),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(2)), (1, 1, 9, 9), "1", "there is no formula"),
    ],
)
def test_bad_input(model, shape, layer, words):
    with pytest.raises(ValueError, match=words):
        tinytorch.receptive_field(model, shape, layer)


@pytest.mark.parametrize(
    ("place", "words"), [((8, 0), "i: .*from 0 to 7, got 8"), ((0, -1), "j: .*from 0 to 7, got -1")]
)
def test_places_that_the_map_has_not(place, words):
    with pytest.raises(ValueError, match=words):
        tinytorch.receptive_field(nn.SimpleCNN(), (1, 3, 32, 32)).box(*place)
