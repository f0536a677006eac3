"""The numbers in the chapters' pictures are tinytorch's.

They are read back out of the files and computed another way than `scripts/pictures/` does: convolutions by their seven
loops, places by the formula, receptive fields by `tinytorch.receptive_field`, signals in plain NumPy.
"""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest
from drawn import ROOT, SVG, Drawn
from numpy.lib.stride_tricks import sliding_window_view

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.support.threads import in_threads
from tinytorch.testing import shared_among


def test_the_pictures_are_what_the_code_draws():
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "draw-pictures", "--check"], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def tensor(array, **settings):
    return tt.tensor(np.asarray(array, np.float64)[None, None], **settings)


def by_loops(image, kernel, **settings):
    return F.conv2d_loops(tensor(image), tensor(kernel), **settings).data[0, 0]


def test_a_window_and_its_sums():
    drawn = Drawn.of("09_spatial", "windows")
    image, kernel, output = (drawn.numbers(name) for name in ("image", "kernel", "output"))
    np.testing.assert_array_equal(output, by_loops(image, kernel))
    corners = [(0, 0), tuple(n - 1 for n in output.shape)]
    for i, j in corners:
        left, right = drawn.words(f"sum {i} {j}").split(" = ")
        products = [tuple(map(int, product.split("·"))) for product in left.split(" + ")]
        seen = image[i : i + len(kernel), j : j + len(kernel)]
        assert products == list(zip(seen.ravel(), kernel.ravel()))
        assert sum(x * w for x, w in products) == float(right) == output[i, j]
    assert list(zip(*np.nonzero(drawn.marked("output")))) == corners
    reach = np.zeros_like(image, bool)
    for i, j in corners:
        reach[i : i + len(kernel), j : j + len(kernel)] = True
    np.testing.assert_array_equal(drawn.marked("image"), reach)


def test_padding():
    drawn = Drawn.of("09_spatial", "padding")
    assert [text for text in drawn.texts if "padding" in text] == ["padding 0", "padding 1"]
    bare = drawn.numbers("image 0")
    for border in (0, 1):
        padded, output = drawn.numbers(f"image {border}"), drawn.numbers(f"output {border}")
        np.testing.assert_array_equal(padded, np.pad(bare, border))
        np.testing.assert_array_equal(output, by_loops(bare, np.ones((3, 3)), padding=border))
        assert len(output) == F.conv_output_size(len(bare), 3, padding=border)
        assert f"{len(output)} × {len(output)} places" in drawn.texts
        first = np.zeros_like(padded, bool)
        first[:3, :3] = padded[:3, :3]
        np.testing.assert_array_equal(drawn.marked(f"image {border}"), first, "what the first window sees of the image")
        assert list(zip(*np.nonzero(drawn.marked(f"output {border}")))) == [(0, 0)]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_stride(step):
    drawn = Drawn.of("09_spatial", "stride")
    row, places = drawn.numbers(f"row {step}")[0], drawn.numbers(f"places {step}")
    assert len(places) == F.conv_output_size(len(row), 3, stride=step)
    np.testing.assert_array_equal(row, range(7))
    np.testing.assert_array_equal(places, sliding_window_view(row, 3)[::step])
    bars = [float(bar.get("x")) for bar in drawn.groups[f"places {step}"].iter(f"{SVG}rect")]
    cells = [float(cell.get("x")) for cell in drawn.groups[f"row {step}"].iter(f"{SVG}rect")]
    assert bars == [cells[int(place[0])] + 2 for place in places], "a bar begins at its window's first pixel"
    assert drawn.texts[drawn.texts.index(f"stride {step}") + 1] == f"{len(places)} places"
    grey = [cell.get("class") == "grey" for cell in drawn.groups[f"row {step}"].iter(f"{SVG}rect")]
    assert grey == [pixel not in places for pixel in row]
    assert drawn.texts.count("left over") == 1 and (any(grey) == (step == 3))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_dilation(d):
    drawn = Drawn.of("09_spatial", "dilation")
    assert [text for text in drawn.texts if "dilation" in text] == ["dilation 1", "dilation 2", "dilation 3"]
    points = drawn.marked(f"points {d}")
    middle = len(points) // 2
    places = [middle - d, middle, middle + d]
    assert sorted(zip(*np.nonzero(points))) == list(itertools.product(places, places))
    image = np.random.default_rng(0).normal(size=points.shape)
    output = by_loops(image, np.ones((3, 3)), dilation=d)
    assert np.isclose(output[len(output) // 2, len(output) // 2], image[points].sum())
    reach = len(points) - len(output) + 1
    assert drawn.words(f"covers {d}") == f"covers {reach} × {reach}"


def test_im2col():
    drawn = Drawn.of("09_spatial", "im2col")
    image, columns, flat, output = (drawn.numbers(name) for name in ("image", "columns", "filter", "output"))
    windows = sliding_window_view(image, (2, 2)).reshape(-1, 4)
    np.testing.assert_array_equal(columns, windows.T)
    np.testing.assert_array_equal(output, flat @ columns)
    np.testing.assert_array_equal(output.ravel(), by_loops(image, flat.reshape(2, 2)).ravel())
    rows = [f"p={p} q={q}" for p in range(2) for q in range(2)]
    assert [text for text in drawn.texts if text.startswith("p=")] == rows
    assert [text for text in drawn.texts if re.fullmatch(r"\d,\d", text)] == ["0,0", "0,1", "1,0", "1,1"]
    ends = np.zeros(columns.shape, bool)
    ends[:, [0, -1]] = True
    np.testing.assert_array_equal(drawn.marked("columns"), ends)
    np.testing.assert_array_equal(drawn.marked("output"), ends[:1])
    np.testing.assert_array_equal(drawn.marked("image"), np.isin(image, columns[:, [0, -1]]))
    rings = drawn.root.findall(f"{SVG}circle")
    assert len(rings) == 1 + (columns == image[1, 1]).sum()
    cells = {float(cell.get("x")): cell for cell in drawn.groups["columns"].iter(f"{SVG}rect")}
    assert sorted(float(ring.get("cx")) - 15 for ring in rings[1:]) == sorted(cells), "a ring in each column"


def test_batch():
    drawn = Drawn.of("09_spatial", "batch")
    images = [drawn.numbers(f"image {n}") for n in range(4)]
    flat = next(text for text in drawn.texts if text.startswith("filter, laid flat: "))
    kernel = np.array([float(number) for number in flat.split(": ")[1].split()]).reshape(2, 2)
    shares = in_threads_of(2, 4)
    assert [text for text in drawn.texts if text.startswith("core")] == [f"core {core}" for core in range(len(shares))]
    for first, after in shares:
        columns = drawn.numbers(f"columns of image {first}")
        np.testing.assert_array_equal(columns, sliding_window_view(images[first], (2, 2)).reshape(-1, 4).T)
        output = drawn.numbers(f"output of image {first}")
        np.testing.assert_array_equal(output.ravel(), by_loops(images[first], kernel).ravel())
        assert f"then of image {after - 1}" in drawn.texts and f"filter · columns = y[{first}]" in drawn.texts
    marked = [n for n in range(4) if drawn.marked(f"image {n}").any()]
    assert marked == [first for first, _ in shares], "the images whose columns are shown"
    size = columns.size
    assert f"{2 * size} numbers in buffers, not {4 * size} in all columns" in drawn.texts


def in_threads_of(cores, count):
    """The shares (start, stop) of so many images that so many cores get."""
    with shared_among(cores):
        return in_threads(lambda start, stop: (start, stop), count, cost=0)


def test_pooling():
    drawn = Drawn.of("09_spatial", "pooling")
    image = drawn.numbers("image")
    windows = image.reshape(2, 2, 2, 2).swapaxes(1, 2)
    np.testing.assert_array_equal(drawn.numbers("max"), windows.max(axis=(2, 3)))
    np.testing.assert_array_equal(drawn.numbers("mean"), windows.mean(axis=(2, 3)))
    np.testing.assert_array_equal(drawn.numbers("gradient of mean"), np.full((4, 4), 1 / 4))
    largest = image == np.kron(drawn.numbers("max"), np.ones((2, 2)))
    np.testing.assert_array_equal(drawn.numbers("gradient of max"), largest)
    for name in ("image", "gradient of max"):
        np.testing.assert_array_equal(drawn.marked(name), largest)


@pytest.mark.parametrize("name", ["stack", "field"])
def test_receptive_fields(name):
    drawn = Drawn.of("09_spatial", name)
    model = nn.SimpleCNN()
    layers = ["conv1", "pool:1", "conv2", "pool:2"]
    shape = (1, 3, 32, 32)
    if name == "stack":
        model = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(3)))
        layers = ["0", "1", "2"]
        shape = (1, 1, 32, 32)
    names = [shown for shown in drawn.groups if not shown.startswith("field of ")]
    assert names[0] == "image" and len(names) == len(layers) + 1
    assert [text for text in drawn.texts if not text.isdigit()] == ["receptive field of one place", *names]
    fields = [tt.receptive_field(model, shape, layer) for layer in layers]
    for shown, field in zip(names[1:], fields):
        assert drawn.words(f"field of {shown}") == str(field.size[0])
    # what is marked in the image is what the one marked place of the last map sees
    pixels, (place,) = drawn.marked("image")[0], np.flatnonzero(drawn.marked(names[-1])[0])
    first = fields[-1].start[1] + place * fields[-1].jump[1]
    np.testing.assert_array_equal(np.flatnonzero(pixels), first + np.arange(fields[-1].size[1]))
    # and the marked places of each map in between see just those pixels together
    for shown, field in zip(names[1:], fields):
        marked = np.flatnonzero(drawn.marked(shown)[0])
        assert np.all(np.diff(marked) == 1), "side by side"
        starts = field.start[1] + marked * field.jump[1]
        seen = np.unique(starts[:, None] + np.arange(field.size[1]))
        np.testing.assert_array_equal(seen, np.flatnonzero(pixels), err_msg=shown)


def test_the_first_weights_through_ten_layers():
    drawn = Drawn.of("03_layers", "initialisation")
    told = {name.removeprefix("after "): float(drawn.numbers(name)[0]) for name in drawn.groups}
    n = 512
    sizes = {
        "2 · √(2/n)": lambda rng: 2 * np.sqrt(2 / n) * rng.standard_normal((n, n)),
        "√(2/n), He's": lambda rng: np.sqrt(2 / n) * rng.standard_normal((n, n)),
        "½ · √(2/n)": lambda rng: np.sqrt(2 / n) / 2 * rng.standard_normal((n, n)),
        "±1/√n, uniform": lambda rng: (2 * rng.random((n, n)) - 1) / np.sqrt(n),
    }
    assert told.keys() == sizes.keys()
    lines = [line for line in drawn.root.iter(f"{SVG}polyline") if "curve" in line.get("class")]
    places = [np.array([point.split(",") for point in line.get("points").split()], float) for line in lines]
    (left, one), decade = places[0][0], 44
    # at each layer the mean square is multiplied by half of n times the weights' variance
    for (name, weights), factor, points in zip(sizes.items(), (4, 1, 1 / 4, 1 / 6), places, strict=True):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((n, n))
        roots = [np.sqrt((x**2).mean())]
        for _ in range(10):
            x = np.maximum(x @ weights(rng).T, 0)
            roots.append(np.sqrt((x**2).mean()))
        assert name in drawn.texts
        assert told[name] == float(f"{roots[-1] / roots[0]:.2g}")
        assert abs(told[name] / factor**5 - 1) < 0.2, "theory is for very many units; these are 512"
        np.testing.assert_allclose(points[:, 1], one - decade * (np.log10(roots) - np.log10(roots[0])), atol=0.02)
        np.testing.assert_allclose(np.diff(points[:, 0]), 18)
    axis = [text for text in drawn.root.iter(f"{SVG}text") if text.get("class") == "end soft"]
    for text in axis:
        assert abs(one - decade * np.log10(float(text.text)) - (float(text.get("y")) - 4.5)) < 0.2, text.text
    ticks = [text for text in drawn.root.iter(f"{SVG}text") if text.text.isdigit() and text not in axis]
    assert [float(text.get("x")) for text in ticks] == [left + 18 * int(text.text) for text in ticks]
    assert len(axis) == 8 and len(ticks) == 6


def test_the_sizes_of_weights_in_that_picture_are_those_of_the_layers():
    n = 512
    assert abs(nn.Conv2d(n, n, 1).weight.data.std() / np.sqrt(2 / n) - 1) < 0.01, "He's"
    weight = nn.Linear(n, n).weight.data
    assert 0.99 < np.abs(weight).max() * np.sqrt(n) <= 1 and abs(weight.std() * np.sqrt(3 * n) - 1) < 0.01
