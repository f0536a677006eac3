"""The chapters' pictures: they are what the code draws, their numbers are tinytorch's, and anyone can read them.

Numbers are read back out of the files and computed another way than `scripts/pictures/` does: convolutions by their
seven loops, places by the formula, receptive fields by `tinytorch.receptive_field`, weights by the layers themselves.
"""

import base64
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from pictures import svg  # noqa: E402

PICTURES = sorted(ROOT.glob("modules/*/pictures/*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
LIMIT = 30_000  # bytes of a picture


each_picture = pytest.mark.parametrize("path", PICTURES, ids=[path.stem for path in PICTURES])


class Drawn:
    """A picture as it is read: what it shows, under the names that its groups have."""

    def __init__(self, path: Path):
        self.root = ElementTree.parse(path).getroot()
        self.groups = {group.get("data-shows"): group for group in self.root.iter(f"{SVG}g")}

    @classmethod
    def of(cls, module: str, name: str) -> "Drawn":
        return cls(ROOT / "modules" / module / "pictures" / f"{name}.svg")

    def words(self, name: str) -> str:
        return " ".join(text.text for text in self.groups[name].iter(f"{SVG}text"))

    def numbers(self, name: str) -> np.ndarray:
        """The numbers that are written there, in the shape of the table."""
        found = np.array([float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", self.words(name))])
        shape = self.groups[name].get("data-shape")
        return found.reshape(tuple(map(int, shape.split()))) if shape else found

    def marked(self, name: str) -> np.ndarray:
        """Which cells of the table are marked: they are neither white nor grey."""
        cells = [cell.get("class") not in ("cell", "grey") for cell in self.groups[name].iter(f"{SVG}rect")]
        return np.array(cells).reshape(tuple(map(int, self.groups[name].get("data-shape").split())))


def tensor(array, **settings):
    return tt.tensor(np.asarray(array, np.float64)[None, None], **settings)


def by_loops(image, kernel, **settings):
    return F.conv2d_loops(tensor(image), tensor(kernel), **settings).data[0, 0]


@each_picture
def test_a_page_shows_it_once_and_tells_those_who_do_not_see_it_what_it_shows(path):
    page = (path.parents[1] / "ABOUT.md").read_text(encoding="utf-8")
    shown = re.findall(rf"!\[([^]]*)\]\(pictures/{re.escape(path.name)}\)", page)
    drawn = Drawn(path)
    told = drawn.root.findtext(f"{SVG}desc")
    assert shown == [told], "on one line: on the site, words on either side of a line's end would be one"
    assert len(told) > 80 and drawn.root.findtext(f"{SVG}title")
    assert drawn.root.get("role") == "img" and drawn.root.get("aria-labelledby") == "title desc"


def test_pages_show_no_picture_that_is_not_there():
    shown = [
        about.parent / target
        for about in ROOT.glob("modules/*/ABOUT.md")
        for target in re.findall(r"\]\((pictures/[^)]*)\)", about.read_text(encoding="utf-8"))
    ]
    assert sorted(shown) == PICTURES


@each_picture
def test_it_is_small_and_whole_in_itself_and_its_letters_are_large_enough_for_a_phone(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT
    assert re.findall(r"https?://[^\s\"']*|url\([^)]*\)|@import|@font-face|<script|<image|href", text) == [
        "http://www.w3.org/2000/svg"
    ]
    *_, wide, high = map(float, Drawn(path).root.get("viewBox").split())
    assert wide == 360 and high <= 480, "one unit is one pixel on a phone, and a picture fits on its screen"
    assert set(re.findall(r"(\d+)px", text)) == {"13"}


def _contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG 2.2 has it (w3.org/TR/WCAG22, contrast ratio)."""

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [svg.LIGHT, svg.DARK], ids=["light", "dark"])
def test_letters_and_outlines_stand_out_from_what_is_behind_them(colours):
    page, ink, soft = (colours[name][0] for name in ("page", "ink", "soft"))
    for name in ("cell", "grey", "a", "b"):
        assert _contrast(ink, colours[name][0]) >= 7, f"numbers on {name}"
    for colour in (soft, colours["a"][1], colours["b"][1]):
        assert _contrast(colour, page) >= 4.5
    for name in ("a", "b"):
        for behind in ("cell", "grey", "a", "b"):
            assert _contrast(colours[name][1], colours[behind][0]) >= 3, f"a window of {name} on {behind}"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="a browser is driven by playwright: the `dev` extra")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: `apt install chromium`")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with playwright.sync_playwright() as started:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        shown = started.chromium.launch(executable_path=chromium, args=[*quiet, *root, "--disable-gpu"])
        yield shown
        shown.close()


@pytest.mark.extras
@each_picture
def test_no_words_run_out_of_it_or_over_each_other(path, browser):
    page = browser.new_page()
    page.set_content(path.read_text(encoding="utf-8"))
    boxes = page.evaluate(
        "[...document.querySelectorAll('text')].map(text => {"
        " const {x, y, width, height} = text.getBBox(); return [text.textContent, x, y, width, height] })"
    )
    page.close()
    *_, wide, high = map(float, Drawn(path).root.get("viewBox").split())
    assert boxes
    for words, x, y, width, height in boxes:
        assert x >= 2 and y >= 0 and x + width <= wide - 2 and y + height <= high, (words, x, y, width, height)
    for (one, x, y, width, height), (other, left, top, across, down) in itertools.combinations(boxes, 2):
        apart = x + width <= left or left + across <= x or y + height <= top + 4 or top + down <= y + 4
        assert apart, f"{one!r} and {other!r} overlap"


@pytest.mark.extras
@pytest.mark.parametrize(
    "scheme, page_says, colours",
    [("light", "normal", svg.LIGHT), ("dark", "normal", svg.DARK), ("light", "dark", svg.DARK)],
    ids=["light", "dark", "chosen on the page"],
)
def test_as_an_image_it_is_light_or_dark_as_the_reader_prefers(browser, scheme, page_says, colours):
    pillow = pytest.importorskip("PIL.Image", reason="a screenshot is read by Pillow: the `viz` extra")
    page = browser.new_page(color_scheme=scheme)
    data = base64.b64encode(PICTURES[0].read_bytes()).decode()
    page.set_content(f'<img style="color-scheme: {page_says}" src="data:image/svg+xml;base64,{data}">')
    shown = page.locator("img").screenshot(type="png")
    page.close()
    with pillow.open(io.BytesIO(shown)) as image:
        red, green, blue = image.convert("RGB").getpixel((image.width // 2, 3))
    assert f"#{red:02x}{green:02x}{blue:02x}" == colours["page"][0]


def test_the_pictures_are_what_the_code_draws():
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "draw-pictures", "--check"], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


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
    bare = drawn.numbers("image 0")
    for border in (0, 1):
        padded, output = drawn.numbers(f"image {border}"), drawn.numbers(f"output {border}")
        np.testing.assert_array_equal(padded, np.pad(bare, border))
        np.testing.assert_array_equal(output, by_loops(bare, np.ones((3, 3)), padding=border))
        assert len(output) == F.conv_output_size(len(bare), 3, padding=border)
        assert drawn.marked(f"image {border}").sum() == output[0, 0], (
            "what the first window sees of the image is marked"
        )


@pytest.mark.parametrize("step", [1, 2, 3])
def test_stride(step):
    drawn = Drawn.of("09_spatial", "stride")
    row, places = drawn.numbers(f"row {step}")[0], drawn.numbers(f"places {step}")
    assert len(places) == F.conv_output_size(len(row), 3, stride=step)
    np.testing.assert_array_equal(places, sliding_window_view(row, 3)[::step])
    bars = [float(bar.get("x")) for bar in drawn.groups[f"places {step}"].iter(f"{SVG}rect")]
    cells = [float(cell.get("x")) for cell in drawn.groups[f"row {step}"].iter(f"{SVG}rect")]
    assert bars == [cells[int(place[0])] + 2 for place in places], "a bar begins at its window's first pixel"
    texts = [text.text for text in drawn.root.iter(f"{SVG}text")]
    assert texts[texts.index(f"stride {step}") + 1] == f"{len(places)} places"
    grey = [cell.get("class") == "grey" for cell in drawn.groups[f"row {step}"].iter(f"{SVG}rect")]
    assert grey == [pixel not in places for pixel in row]
    assert texts.count("never seen") == 1 and (any(grey) == (step == 3))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_dilation(d):
    drawn = Drawn.of("09_spatial", "dilation")
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
    rings = drawn.root.findall(f"{SVG}circle")
    assert len(rings) == 1 + (columns == image[1, 1]).sum()
    cells = {float(cell.get("x")): cell for cell in drawn.groups["columns"].iter(f"{SVG}rect")}
    assert sorted(float(ring.get("cx")) - 15 for ring in rings[1:]) == sorted(cells), "a ring in each column"


def test_strips():
    drawn = Drawn.of("09_spatial", "strips")
    image, columns, strips = (drawn.numbers(name) for name in ("image", "columns", "strips"))
    np.testing.assert_array_equal(columns, sliding_window_view(image, (3, 3)).reshape(-1, 9).T)
    places = F.conv_output_size(len(image), 3)
    for p in range(3):
        rows = strips[:, p * places : p * places + places**2]
        np.testing.assert_array_equal(rows, columns[3 * p : 3 * p + 3], err_msg=f"what row {p} of the kernel meets")
    told = {text.text for text in drawn.root.iter(f"{SVG}text")}
    assert {f"columns: {columns.size} numbers", f"strips: {strips.size} numbers"} <= told
    starts = {
        cell.get("x"): j for j, cell in enumerate(list(drawn.groups["strips"].iter(f"{SVG}rect"))[: strips.shape[1]])
    }
    bars = [bar for bar in drawn.root.findall(f"{SVG}rect") if bar.get("rx") == "4"]
    assert [starts[bar.get("x")] for bar in bars] == [p * places for p in range(3)]


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
    names = [shown for shown in drawn.groups if not shown.startswith("sees ")]
    assert names[0] == "image" and len(names) == len(layers) + 1
    fields = [tt.receptive_field(model, shape, layer) for layer in layers]
    for shown, field in zip(names[1:], fields):
        assert drawn.words(f"sees {shown}") == f"sees {field.size[0]}"
    # what is marked in the image is what the one marked place of the last map sees
    pixels, (place,) = drawn.marked("image")[0], np.flatnonzero(drawn.marked(names[-1])[0])
    first = fields[-1].start[1] + place * fields[-1].jump[1]
    np.testing.assert_array_equal(np.flatnonzero(pixels), first + np.arange(fields[-1].size[1]))
    # and the marked places of each map in between see just those pixels together
    for shown, field in zip(names[1:], fields):
        starts = field.start[1] + np.flatnonzero(drawn.marked(shown)[0]) * field.jump[1]
        seen = np.unique(starts[:, None] + np.arange(field.size[1]))
        np.testing.assert_array_equal(seen, np.flatnonzero(pixels), err_msg=shown)


def test_the_first_weights_through_ten_layers():
    drawn = Drawn.of("03_layers", "initialisation")
    curves = {name.removeprefix("after "): float(drawn.numbers(name)[0]) for name in drawn.groups}
    rng, units = np.random.default_rng(1), 512

    def layer(scale):
        """He's standard deviation is what Conv2d starts with: a 1 × 1 convolution is a dense layer."""
        weight = nn.Conv2d(units, units, 1, bias=False).weight.data[:, :, 0, 0]
        return weight * scale

    def after(weights):
        x = rng.normal(size=(units, units))
        start = np.sqrt((x**2).mean())
        for weight in weights:
            x = np.maximum(x @ weight.T.astype(np.float64), 0)
        return np.sqrt((x**2).mean()) / start

    tt.manual_seed(1)
    expected = {
        "2 · √(2/n)": after(layer(2) for _ in range(10)),
        "√(2/n), He's": after(layer(1) for _ in range(10)),
        "½ · √(2/n)": after(layer(0.5) for _ in range(10)),
        "±1/√n, uniform": after(nn.Linear(units, units).weight.data for _ in range(10)),
    }
    assert curves.keys() == expected.keys()
    for (
        name,
        told,
    ) in curves.items():  # other draws of 512 × 512 weights: the spread from one to the next is some per cent
        assert abs(told / expected[name] - 1) < 0.25, (
            f"{name}: the picture says × {told}, other weights give {expected[name]}"
        )
    # by theory: the mean square is kept, times 4, a quarter, or a sixth at each layer
    for name, factor in zip(curves, (4, 1, 1 / 4, 1 / 6)):
        assert abs(curves[name] / factor**5 - 1) < 0.25, name
    lines = [line for line in drawn.root.iter(f"{SVG}polyline") if "curve" in line.get("class")]
    assert len(lines) == len(curves)
    for line, told in zip(lines, curves.values()):
        points = np.array([point.split(",") for point in line.get("points").split()], float)
        decades = (points[0, 1] - points[-1, 1]) / 44
        assert len(points) == 11 and abs(10**decades / told - 1) < 0.06, "the curve ends where its label says"
