"""The page as a file: one, small, without the outside world, and every number in it tinytorch's own."""

import base64
import re
import zlib

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.analysis import networks
from tinytorch.analysis.attention import grad_cam
from tinytorch.analysis.graph import Graph
from tinytorch.analysis.receptive import receptive_field
from tinytorch.explorer import build
from tinytorch.explorer.build import page
from tinytorch.explorer.convolution import KERNELS, SETTINGS
from tinytorch.explorer.pack import Numbers
from tinytorch.explorer.steps import follows, steps_of
from tinytorch.nn import functional as F
from tinytorch.testing import generator

MOST = 3_000_000  # bytes


# ---- one file ------------------------------------------------------------------------------------------


def test_the_page_is_one_small_file_that_names_no_other(simple):
    assert len(simple.text.encode()) < MOST
    frame = simple.text.replace(simple.script("numbers"), "")
    assert re.findall(r"https?:|//\w+\.|@import|\bimport\(|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon", frame) == []
    assert set(re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]*)""", frame)) == {"data:,"}
    assert "default-src 'none'" in frame, "the browser is told to refuse every connection"
    assert "innerHTML" not in frame and "eval(" not in frame


def test_names_that_look_like_html_stay_names(shapes_for, shown):
    network = shapes_for(nn.SimpleCNN())
    network.title, network.classes[0] = "</script><b>", "<!-- <script>"
    made = shown(network)
    assert made.data["title"] == "</script><b>" and made.data["classes"][0] == "<!-- <script>"
    assert "</script><b>" not in made.text


def test_the_deepest_network_of_the_course_fits_too(shapes_for, shown):
    made = shown(shapes_for(networks.named("deeper")[0]))
    assert len(made.text.encode()) < MOST
    assert made.data["withWeights"] and made.data["unknown"] == []
    assert len(made.data["pictures"]) >= 1


def test_what_does_not_fit_is_left_out_pictures_first_and_then_weights(shapes_for, shown, monkeypatch, simple):
    network = shapes_for(nn.SimpleCNN())
    monkeypatch.setattr(build, "LIMIT", 1_000_000)
    fewer = shown(network)
    assert 1 <= len(fewer.data["pictures"]) < len(simple.data["pictures"])
    assert fewer.data["withWeights"] and len(fewer.text.encode()) <= 1_000_000
    monkeypatch.setattr(build, "LIMIT", 500_000)
    without = shown(network)
    assert len(without.data["pictures"]) == 1 and not without.data["withWeights"]
    assert [step["name"] for step in without.data["steps"] if "constants" not in step] == ["conv1", "conv2", "fc"]
    monkeypatch.setattr(build, "LIMIT", 100_000)
    with pytest.raises(ValueError, match=r"the page would have 0\.\d MB with a single picture, more than 0\.1"):
        page(network)


def test_packed_numbers_come_back_bit_by_bit(simple):
    rng = generator()
    bits = rng.integers(0, 2**32, 1000, dtype=np.uint32).view(np.float32)
    first, second = np.where(np.isfinite(bits), bits, 0).reshape(10, 100), np.float32([-0.0, 1e-45, 3.4e38])
    numbers = Numbers()
    places = [numbers.add(first), numbers.add(second), numbers.add(7.5)]
    assert places == [{"at": 0, "shape": [10, 100]}, {"at": 1000, "shape": [3]}, {"at": 1003, "shape": []}]
    planes = np.frombuffer(zlib.decompress(base64.b64decode(numbers.text())), np.uint8).reshape(4, -1)
    back = np.ascontiguousarray(planes.T).tobytes()
    assert back == first.tobytes() + second.tobytes() + np.float32(7.5).tobytes()


# ---- whose numbers -------------------------------------------------------------------------------------


def test_pictures_are_given_to_the_network_as_it_wants_them(simple):
    for n, picture in enumerate(simple.data["pictures"]):
        np.testing.assert_array_equal(simple.inputs.data[n], 2 * simple.at(picture["shown"]) - 1)
        (same,) = [
            i for i, own in enumerate(simple.network.pictures) if np.array_equal(own, simple.at(picture["shown"]))
        ]
        assert picture["label"] == simple.network.labels[same]
        assert picture["name"] == simple.network.classes[picture["label"]]


def test_stored_numbers_are_what_each_layer_computes(simple):
    model, x = simple.network.model, simple.inputs
    first = model.conv1(x)
    second = model.conv2(model.pool(F.relu(first)))
    scores = model.fc(model.flatten(model.pool(F.relu(second))))
    np.testing.assert_array_equal(scores.data, model(x).data)
    steps = {step["name"]: step for step in simple.data["steps"]}
    for name, wanted in (("conv1", first), ("conv2", second), ("fc", scores)):
        found = np.stack([simple.at(place) for place in steps[name]["values"]])
        np.testing.assert_array_equal(found, wanted.data)
    assert [name for name, step in steps.items() if "values" not in step] == [
        *("relu 1", "pool:1", "relu 2", "pool:2", "flatten"),
    ], "these follow from the others"
    np.testing.assert_array_equal(simple.at(simple.data["probabilities"]), F.softmax(scores, dim=1).data)


def test_weights_are_the_networks(simple):
    steps = {step["name"]: step for step in simple.data["steps"]}
    for name, layer in simple.network.model.named_children():
        for place, parameter in zip(steps.get(name, {}).get("constants", []), layer.parameters()):
            np.testing.assert_array_equal(simple.at(place), parameter.data)
    assert [len(steps[name]["constants"]) for name in ("conv1", "conv2", "fc")] == [2, 2, 2]


def test_grad_cam_is_of_every_class(simple):
    for class_index in (0, 7):
        wanted = grad_cam(simple.network.model, simple.inputs, class_index)
        found = np.stack([simple.at(picture["cams"])[class_index] for picture in simple.data["pictures"]])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=0.5 / 255 + 1e-6)


def test_receptive_fields_are_those_of_the_analysis(simple):
    steps = {step["name"]: step for step in simple.data["steps"]}
    for name in ("conv1", "pool:1", "conv2", "pool:2"):
        wanted = receptive_field(simple.network.model, (1, 3, 32, 32), name)
        for axis, size, jump, start in zip(steps[name]["field"], wanted.size, wanted.jump, wanted.start):
            assert (axis["size"], axis["jump"], axis["start"]) == (size, jump, start)
        down, across = steps[name]["field"]
        top, left, bottom, right = wanted.box(3, 7)
        assert (down["first"][3], across["first"][7]) == (top, left)
        assert (down["last"][3] + 1, across["last"][7] + 1) == (bottom, right)


def test_the_first_parts_convolutions_are_tinytorchs(simple):
    part = simple.data["convolution"]

    def at(one):
        return np.float32(one["numbers"]).reshape(one["shape"])

    assert len(part["cases"]) == len(part["kernels"]) * (len(part["pictures"]) - 1 + len(SETTINGS))
    for case in part["cases"]:
        x, kernel = (
            at(part[which][case[one]])[None, None] for which, one in (("pictures", "picture"), ("kernels", "kernel"))
        )
        where = {name: case[name] for name in ("stride", "padding", "dilation")}
        np.testing.assert_array_equal(at(case), F.conv2d(x, kernel, **where).data[0, 0])
    for kernel in part["kernels"]:
        np.testing.assert_array_equal(at(kernel), np.float32(KERNELS[kernel["name"]][1]))
    for picture in part["pictures"]:
        values = at(picture)
        assert np.array_equal(values, np.rint(values)) and values.min() >= 0 and values.max() < 100, "readable numbers"


def test_kernels_do_what_their_names_say():
    rng = generator()
    x = rng.integers(0, 10, (1, 1, 6, 6)).astype(np.float32)

    def through(name, x=x):
        return F.conv2d(x, np.float32(KERNELS[name][1])[None, None]).data[0, 0]

    inner = x[0, 0, 1:-1, 1:-1]
    np.testing.assert_array_equal(through("identity"), inner)
    np.testing.assert_array_equal(through("move"), x[0, 0, 1:-1, :-2])
    np.testing.assert_allclose(
        through("blur"), np.lib.stride_tricks.sliding_window_view(x[0, 0], (3, 3)).mean((2, 3)), rtol=1e-5
    )
    np.testing.assert_array_equal(through("sharpen"), inner + through("all edges"))
    rising = np.broadcast_to(np.arange(6, dtype=np.float32), (1, 1, 6, 6))
    assert (through("vertical edges", rising) == 8).all() and (through("horizontal edges", rising) == 0).all()
    assert (through("horizontal edges", rising.swapaxes(2, 3)) == 8).all()
    for name in ("identity", "blur", "soft blur", "sharpen", "emboss", "move"):
        assert np.sum(KERNELS[name][1]) == pytest.approx(1), f"{name} keeps the brightness"


# ---- what follows --------------------------------------------------------------------------------------


def test_a_step_is_left_to_the_page_only_if_it_follows_to_the_last_bit(branched):
    graph = Graph(branched.network.model, branched.inputs)
    steps = steps_of(graph)
    following = [step for step in steps if follows(step, steps)]
    assert {step.op for step in following} == {"normalize", "add", "relu", "max_pool2d", "reshape"}
    for step in following:
        right = step.out
        step.out = right.copy()
        step.out.flat[-1] = np.nextafter(right.flat[-1], np.float32(np.inf))
        assert not follows(step, steps), step.op
        step.out = right


def test_steps_name_the_layer_that_computed_them(branched):
    named = [(step["op"], step["name"]) for step in branched.data["steps"]]
    assert named[:4] == [("picture", "picture"), ("conv2d", "0"), ("normalize", "1"), ("leaky_relu", "2")]
    assert ("conv2d", "3.change.0") in named and ("add", "add 1") in named and named[-1] == ("linear", named[-1][1])
    addition = next(step for step in branched.data["steps"] if step["op"] == "add")
    assert [branched.data["steps"][i]["name"] for i in addition["inputs"]] == ["2", "3.change.1"]
    assert branched.data["unknown"] == []


def test_a_step_that_the_page_cannot_compute_is_named(digits_for, shown):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(784, 10))
    made = shown(digits_for(model))
    assert made.data["unknown"] == ["gelu"]
    step = next(step for step in made.data["steps"] if step["op"] == "gelu")
    np.testing.assert_array_equal(
        np.stack([made.at(place) for place in step["values"]]), F.gelu(model[0](made.inputs)).data
    )


# ---- which pictures ------------------------------------------------------------------------------------


def test_pictures_are_of_different_classes_and_one_is_a_mistake(digits_for, shown):
    class Brightness(nn.Module):
        """Says 0 to 9 by the first pixel; looks at it through a convolution."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 1, bias=False)
            self.conv.weight.data[...] = 1

        def forward(self, x):
            said = (self.conv(x)[:, 0, :1, 0] * 10).data.round()
            return self.conv(x)[:, 0, :1, 0] * 0 + 5.0 * (np.arange(10) == said).astype(np.float32)

    network = digits_for(Brightness(), count=30)
    network.labels = [i % 10 for i in range(30)]
    network.pictures[:, 0, 0, 0] = np.float32(network.labels) / 10
    network.pictures[13, 0, 0, 0] = 0.4  # a 3, taken for a 4
    made = shown(network)
    assert [picture["label"] for picture in made.data["pictures"]] == [0, 1, 2, 3, 4, 3]
    assert made.at(made.data["probabilities"])[-1].argmax() == 4


def test_a_picture_of_ones_own_comes_first(shapes_for, shown):
    own = generator().random((3, 32, 32)).astype(np.float32)
    made = shown(shapes_for(nn.SimpleCNN()), own, "cat.png")
    first = made.data["pictures"][0]
    assert (first["name"], first["label"]) == ("cat.png", None)
    np.testing.assert_array_equal(made.at(first["shown"]), own)
    np.testing.assert_array_equal(made.inputs.data[0], 2 * own - 1)


def test_classes_without_names_are_numbered(shapes_for, shown):
    model = nn.Sequential(nn.Conv2d(3, 2, 3, stride=8), nn.Flatten(), nn.Linear(32, 3))
    assert shown(shapes_for(model)).data["classes"] == ["class 0", "class 1", "class 2"]


# ---- networks that cannot be shown ---------------------------------------------------------------------


def test_a_network_without_convolutions_is_refused(digits_for):
    with pytest.raises(ValueError, match="convolution"):
        page(digits_for(nn.Sequential(nn.Flatten(), nn.Linear(256, 10))))


def test_a_network_that_gives_no_scores_is_refused(digits_for):
    with pytest.raises(
        ValueError, match=r"expected scores of shape \(batch, classes\), got \(8, 10, 14, 14\); end the"
    ):
        page(digits_for(nn.Conv2d(1, 10, 3)))


def test_a_network_that_leaves_the_graph_is_refused(digits_for):
    class Leaves(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 10, 16)

        def forward(self, x):
            return tinytorch.Tensor(self.conv(x).data[:, :, 0, 0])

    with pytest.raises(ValueError, match=r"does not remember the picture it was made from; .* not with \.data"):
        page(digits_for(Leaves()))
