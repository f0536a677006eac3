"""The page in Chromium, used as a person would: every control, and the numbers it shows against tinytorch's own."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.analysis.receptive import receptive_field
from tinytorch.explorer.convolution import KERNELS
from tinytorch.nn import functional as F

expect = pytest.importorskip("playwright.sync_api", reason="needs the extra `dev`: pip install -e '.[dev]'").expect
pytestmark = pytest.mark.extras
SCREENSHOTS = Path(__file__).parents[2] / "build" / "explorer"


@pytest.fixture
def visit(browser, tmp_path):
    """`visit(text)`: a tab with this page, checked and ready. At the end: no error was logged, nothing was fetched."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    tabs, wrong = [], []

    def opened(text, part="convolution", width=1280, height=900, **settings):
        path = tmp_path / f"page {len(tabs)}.html"
        path.write_text(text, encoding="utf-8")
        tab = browser.new_context(viewport={"width": width, "height": height}, **settings).new_page()
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on(
            "request", lambda request: None if request.url.startswith(("file:", "data:")) else wrong.append(request.url)
        )
        tab.goto(f"{path.as_uri()}#{part}")
        tab.wait_for_selector("#agreement:not([data-state=waiting])")
        tabs.append(tab)
        return tab

    yield opened
    for tab in tabs:
        tab.context.close()
    assert wrong == []


def photograph(tab, name):
    """A picture of the whole page, kept with the build's results, at the size that shows all of it at once."""
    before = tab.viewport_size
    tab.set_viewport_size({**before, "height": tab.evaluate("document.documentElement.scrollHeight")})
    for note in tab.locator(".layer .scale:visible").all():
        expect(note).not_to_be_empty()  # maps are drawn when they come into view
    tab.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    tab.set_viewport_size(before)


def number(text):
    """A number as the page writes it: −0.5, 2.1·10⁻⁷, 12."""
    return float(_plain(text))


def rounded_as(text):
    """What equals the numbers that the page may write as `text`: up to half of its last digit, and float32's rounding."""
    last = Decimal(_plain(text)).as_tuple().exponent
    return pytest.approx(
        number(text), rel=1e-6, abs=0.51 * 10.0**last if last < 0 else None
    )  # integers are not rounded


def _plain(text):
    return text.strip().replace("−", "-").replace("·10", "e").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))


def output_of(tab):
    """The output of the first part, as it is told to those who listen."""
    cells = tab.eval_on_selector_all(
        "#conv-output [role=gridcell]", "all => all.map(one => one.getAttribute('aria-label'))"
    )
    found = {}
    for cell in cells:
        row, column, value = re.fullmatch(r"row (\d+), column (\d+): (.+)", cell).groups()
        found[int(row), int(column)] = value
    height, width = (1 + max(place[axis] for place in found) for axis in (0, 1))
    return np.array([[number(found[i, j]) for j in range(width)] for i in range(height)])


def drawn(page, name):
    """A picture of the first part, from the page's own numbers."""
    (one,) = [one for one in page.data["convolution"]["pictures"] if one["name"] == name]
    return np.float32(one["numbers"]).reshape(one["shape"])


def has_class(tab, selector, name):
    """Which of the elements have a class."""
    return tab.eval_on_selector_all(
        selector, f"all => all.flatMap((one, i) => one.classList.contains('{name}') ? [i] : [])"
    )


# ---- convolution ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "stride", "padding", "dilation"),
    [
        ("a digit", 1, 0, 1),
        ("an edge", 2, 1, 1),
        ("a slope", 1, 2, 2),
        ("a single point", 3, 3, 1),
        ("a patch of the network's picture", 2, 3, 3),
    ],
)
def test_the_output_is_tinytorchs_for_every_kernel(simple, visit, picture, stride, padding, dilation):
    tab = visit(simple.text)
    tab.select_option("#conv-picture", label=picture)
    for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
        tab.select_option(f"#conv-{name}", str(value))
    x = drawn(simple, picture)[None, None]
    for name, (does, values) in KERNELS.items():
        tab.select_option("#conv-kernel", label=name)
        assert tab.inner_text("#conv-does") == does
        tab.click("#conv-all")
        wanted = F.conv2d(x, np.float32(values)[None, None], stride=stride, padding=padding, dilation=dilation).data[
            0, 0
        ]
        np.testing.assert_allclose(output_of(tab), wanted, rtol=1e-2, atol=5e-4, err_msg=name)
    size, reach = x.shape[2], 2 * dilation + 1
    assert tab.inner_text("#conv-formula-numbers") == (
        f"⌊({size} + 2·{padding} − {dilation}·(3 − 1) − 1) / {stride}⌋ + 1 = {F.conv_output_size(size, 3, stride, padding, dilation)}"
    )
    assert f"covers {reach} × {reach} pixels of {size + 2 * padding} × {size + 2 * padding}" in tab.inner_text(
        "#conv-formula-said"
    )
    assert tab.inner_text("#conv-output-size") == " × ".join(map(str, wanted.shape))


def test_a_kernel_can_be_typed(simple, visit):
    tab = visit(simple.text)
    weights = tab.locator("#conv-weights input")
    for i, text in enumerate(["1", "-2", "0.5", "1/9", "0", "−3", "1,5", "0", "2/-4"]):
        weights.nth(i).fill(text)
        weights.nth(i).press("Enter")
    assert tab.eval_on_selector("#conv-kernel", "one => one.selectedOptions[0].text") == "your own"
    tab.click("#conv-all")
    kernel = np.float32([[1, -2, 0.5], [1 / 9, 0, -3], [1.5, 0, -0.5]])
    wanted = F.conv2d(drawn(simple, "a digit")[None, None], kernel[None, None]).data[0, 0]
    np.testing.assert_allclose(output_of(tab), wanted, rtol=1e-3, atol=5e-4)

    for nonsense in ("two", "", "1/0", "1/"):
        weights.nth(4).fill(nonsense)
        weights.nth(4).press("Enter")
        assert weights.nth(4).get_attribute("aria-invalid") == "true"
        assert f"“{nonsense}” is no number; type one such as" in tab.inner_text("#conv-does")
    np.testing.assert_allclose(output_of(tab), wanted, rtol=1e-3, atol=5e-4, err_msg="nothing has changed")


def test_a_kernel_can_grow_and_shrink_around_its_middle(simple, visit):
    tab = visit(simple.text)
    tab.select_option("#conv-kernel", label="sharpen")
    tab.select_option("#conv-size", "5")
    assert tab.locator("#conv-weights input").count() == 25
    tab.click("#conv-all")
    kernel = np.pad(np.float32(KERNELS["sharpen"][1]), 1)
    x = drawn(simple, "a digit")[None, None]
    np.testing.assert_allclose(output_of(tab), F.conv2d(x, kernel[None, None]).data[0, 0], rtol=1e-3)
    tab.select_option("#conv-size", "1")
    tab.click("#conv-all")
    np.testing.assert_allclose(output_of(tab), 5 * x[0, 0])


def test_a_learned_kernel_can_be_laid_on(simple, visit):
    tab = visit(simple.text)
    assert not tab.is_visible("#conv-filter")
    tab.select_option("#conv-kernel", label="learned by the network")
    tab.select_option("#conv-layer", label="Convolution conv2")
    tab.fill("#conv-filter", "17")
    tab.fill("#conv-channel", "5")
    tab.press("#conv-channel", "Enter")
    weight = simple.network.model.conv2.weight.data[17, 5]
    titles = tab.eval_on_selector_all("#conv-weights input", "all => all.map(one => Number(one.title))")
    np.testing.assert_array_equal(np.float32(titles).reshape(3, 3), weight)
    tab.click("#conv-all")
    wanted = F.conv2d(drawn(simple, "a digit")[None, None], weight[None, None]).data[0, 0]
    np.testing.assert_allclose(output_of(tab), wanted, rtol=1e-3, atol=6e-4)
    tab.fill("#conv-filter", "999")
    tab.press("#conv-filter", "Enter")
    assert tab.input_value("#conv-filter") == "63", "the last there is"


def test_the_window_steps_plays_and_goes_back(simple, visit):
    tab = visit(simple.text)

    def known():
        return 36 - len(has_class(tab, "#conv-output .cell", "unknown"))

    assert known() == 1 and tab.inner_text("#conv-place-said") == "1 of 36"
    for _ in range(7):
        tab.click("#conv-step")
    assert known() == 8 and tab.inner_text("#conv-place-said") == "8 of 36"
    tab.click("#conv-back")
    assert known() == 8 and has_class(tab, "#conv-output .cell", "current") == [6]
    tab.click("#conv-first")
    assert known() == 1
    tab.click("#conv-play")
    assert tab.inner_text("#conv-play") == "Pause"
    expect(tab.locator("#conv-place-said")).to_have_text(re.compile(r"^([4-9]|\d\d) of 36$"))
    tab.click("#conv-play")
    assert tab.inner_text("#conv-play") == "Play" and known() >= 4
    tab.click("#conv-all")
    assert known() == 36
    tab.fill("#conv-place", "10")
    assert tab.inner_text("#conv-place-said") == "11 of 36"
    tab.click("#conv-step")
    assert has_class(tab, "#conv-output .cell", "current") == [11]


def test_an_output_shows_its_window_and_its_arithmetic(simple, visit):
    tab = visit(simple.text)
    tab.select_option("#conv-dilation", "2")
    tab.select_option("#conv-padding", "1")
    tab.select_option("#conv-stride", "2")
    tab.click("#conv-all")
    tab.hover(
        "#conv-output .cell >> nth=4"
    )  # row 1, column 1 of 3 × 3: its window begins at row and column 2 of the border
    window = [row * 10 + column for row in (2, 4, 6) for column in (2, 4, 6)]
    assert has_class(tab, "#conv-input .cell", "window") == window
    x = drawn(simple, "a digit")
    products = x[1:6:2, 1:6:2] * np.float32(KERNELS["vertical edges"][1])
    shown = tab.eval_on_selector_all("#conv-products b", "all => all.map(one => one.textContent)")
    assert [number(text) for text in shown] == products.ravel().tolist()
    value = int(products.sum())
    assert tab.inner_text("#conv-where").replace("−", "-") == f"y[1, 1] = {value}"
    assert tab.inner_text("#conv-sum").replace("−", "-").endswith(f"= {value}")


def test_arrow_keys_move_the_window(simple, visit):
    tab = visit(simple.text)
    tab.focus("#conv-output [tabindex='0']")
    for key, place in (
        ("ArrowRight", "y[0, 1]"),
        ("ArrowDown", "y[1, 1]"),
        ("ArrowLeft", "y[1, 0]"),
        ("End", "y[5, 5]"),
        ("ArrowRight", "y[5, 5]"),
        ("ArrowUp", "y[4, 5]"),
        ("Home", "y[0, 0]"),
    ):
        tab.keyboard.press(key)
        assert tab.inner_text("#conv-where").startswith(place), key
        label = tab.evaluate("document.activeElement.getAttribute('aria-label')")
        assert label.startswith(f"row {place[2]}, column {place[5]}:")


def test_a_pixel_shows_which_outputs_it_feeds(simple, visit):
    tab = visit(simple.text)
    for pixel, fed in ((0, [0]), (9, [0, 1, 6, 7]), (27, [7, 8, 9, 13, 14, 15, 19, 20, 21]), (63, [35])):
        tab.hover(f"#conv-input .cell >> nth={pixel}")
        assert has_class(tab, "#conv-output .cell", "fed") == fed
        assert f"takes part in {len(fed)} number" in tab.inner_text("#conv-feeds")
    tab.select_option("#conv-dilation", "2")
    tab.select_option("#conv-padding", "1")
    tab.select_option("#conv-stride", "2")
    for pixel in (0, 27, 36, 63):  # in a picture of 8 × 8 with a border of 1; the output is 3 × 3
        tab.hover(f"#conv-input .cell:not(.border) >> nth={pixel}")
        x = np.zeros((8, 8), np.float32)
        x.flat[pixel] = 1
        fed = F.conv2d(x[None, None], np.ones((1, 1, 3, 3), np.float32), stride=2, padding=1, dilation=2).data
        assert has_class(tab, "#conv-output .cell", "fed") == np.flatnonzero(fed).tolist()


def test_a_window_that_does_not_fit_says_so(simple, visit):
    tab = visit(simple.text)
    tab.select_option("#conv-size", "5")
    tab.select_option("#conv-dilation", "3")
    assert "= −4" in tab.inner_text("#conv-formula-numbers")
    assert "covers 13 × 13 pixels, and there are only 8 × 8" in tab.inner_text("#conv-formula-said")
    assert "no place for it" in tab.inner_text("#conv-output")
    tab.click("#conv-step")
    tab.click("#conv-all")
    tab.select_option("#conv-padding", "3")
    assert "= 2" in tab.inner_text("#conv-formula-numbers")


# ---- network -------------------------------------------------------------------------------------------


def look_at(tab, step, map_, row, column):
    """Click a number of a map, where it stands on the page."""
    canvas = tab.locator(f".layer[data-step='{step}'] canvas")
    canvas.scroll_into_view_if_needed()
    expect(tab.locator(f".layer[data-step='{step}'] .scale")).not_to_be_empty()
    canvas.focus()
    tab.keyboard.press("ArrowRight")  # the first map of this layer, or the next one
    now = int(canvas.get_attribute("aria-valuenow"))
    for _ in range(abs(map_ - now)):
        tab.keyboard.press("ArrowRight" if map_ > now else "ArrowLeft")
    box = tab.locator("#net-map").bounding_box()
    if box is not None:
        shape = tab.evaluate(f"JSON.parse(document.getElementById('data').textContent).steps[{step}].shape")
        height, width = shape[1:]
        tab.mouse.click(
            box["x"] + (column + 0.5) / width * box["width"], box["y"] + (row + 0.5) / height * box["height"]
        )


def value_shown(tab):
    where, value = re.match(r"y\[([\d, ]+)\] = (\S+)", tab.inner_text("#net-value")).groups()
    return tuple(map(int, where.split(","))), value


def traced(page):
    """Name → numbers of every step, computed anew."""
    from tinytorch.analysis.graph import Graph
    from tinytorch.explorer.steps import steps_of

    return steps_of(Graph(page.network.model, page.inputs))


def test_every_layer_shows_its_numbers_and_what_they_see(simple, visit):
    tab = visit(simple.text, "network")
    steps = traced(simple)
    rows = tab.eval_on_selector_all(".layer", "all => all.map(one => Number(one.dataset.step))")
    assert rows == [1, 2, 3, 4, 5, 6, 8], "all but the picture and the flattening"
    for step, map_, row, column in (
        (1, 3, 0, 31),
        (2, 1, 12, 7),
        (3, 2, 15, 0),
        (4, 4, 8, 9),
        (5, 1, 2, 3),
        (6, 2, 7, 7),
        (8, 6, 0, 0),
    ):
        look_at(tab, step, map_, row, column)
        where, value = value_shown(tab)
        assert where == ((map_, row, column) if step < 8 else (map_,))
        assert float(steps[step].out[0][where]) == rounded_as(value)
        if steps[step].op == "conv2d":
            field = receptive_field(simple.network.model, (1, 3, 32, 32), steps[step].name)
            top, left, bottom, right = field.box(row, column)
            assert (
                tab.inner_text("#net-field-said")
                == f"it can see rows {top} to {bottom - 1}, columns {left} to {right - 1}"
            )
            told = tab.inner_text("#net-arithmetic")
            assert float(steps[step].out[0][where]) == rounded_as(re.search(r"tinytorch computed (\S+);", told)[1])
            assert number(re.search(r"the difference is (\S+)", told)[1]) < 1e-4
    photograph(tab, "network-linear")


def test_a_convolutions_parts_are_window_times_kernel_and_add_up(simple, visit):
    tab = visit(simple.text, "network")
    look_at(tab, 4, 3, 0, 5)  # at the upper border: a row of the window is outside
    tab.click("#net-arithmetic .more")
    parts = tab.locator(".part")
    assert parts.count() == 32
    x, weight = traced(simple)[3].out[0], simple.network.model.conv2.weight.data[3]
    total = 0
    for k in range(32):
        channel = int(parts.nth(k).locator(".channel").inner_text().split()[1])
        padded = np.pad(x[channel], 1)[0:3, 5:8]
        part = float((padded * weight[channel]).sum())
        assert part == rounded_as(parts.nth(k).locator(".total").inner_text().split("= ")[1])
        if k == 0:
            cells = parts.nth(k).locator(".grid").nth(0).locator(".cell").all_inner_texts()
            assert cells[:3] == ["", "", ""], "there is nothing outside"
            assert [number(text) for text in cells[3:] if text != "≈0"] == pytest.approx(
                [v for v in padded.ravel()[3:] if abs(v) >= 0.005 or v == 0], rel=0.05, abs=0.006
            )
        total += part
    bias = float(simple.network.model.conv2.bias.data[3])
    assert total + bias == rounded_as(value_shown(tab)[1])
    assert f"+ bias {bias:.4f}" in tab.inner_text("#net-arithmetic")


def test_scores_are_the_networks_and_choose_the_grad_cam(simple, visit):
    tab = visit(simple.text, "network")
    wanted = F.softmax(simple.network.model(simple.inputs), dim=1).data
    for n in range(len(simple.data["pictures"])):
        tab.locator("#net-pictures button").nth(n).click()
        shares = tab.locator("#net-scores .share").all_inner_texts()
        for share, p in zip(shares, wanted[n]):
            assert ("<" in share and p < 1e-4) or number(share.removesuffix(" %")) == pytest.approx(100 * p, abs=0.06)
        names = tab.locator("#net-scores .name").all_inner_texts()
        label = simple.data["pictures"][n]["label"]
        assert [name for name in names if name.endswith(" ✓")] == [f"{simple.data['classes'][label]} ✓"]
    cams = simple.at(simple.data["pictures"][-1]["cams"])
    looks = []
    for c in (0, 4, 9):
        tab.locator("#net-scores button").nth(c).click()
        pressed = "all => all.findIndex(one => one.ariaPressed === 'true')"
        assert tab.eval_on_selector_all("#net-scores button", pressed) == c
        spoken = "what speaks for" if cams[c].any() else "no place of the last convolution speaks for"
        assert f"{spoken} “{simple.data['classes'][c]}”" in tab.inner_text("#net-cam-said")
        assert value_shown(tab)[0] == (c,), "and the sum behind the score is told"
        looks += [tab.eval_on_selector("#net-cam", "one => one.toDataURL()")] * bool(cams[c].any())
    tab.uncheck("#net-cam-on")
    looks.append(tab.eval_on_selector("#net-cam", "one => one.toDataURL()"))
    assert len(looks) == len(set(looks)), "each class has a picture of its own"


def test_a_score_is_the_sum_of_what_the_maps_say(simple, visit):
    tab = visit(simple.text, "network")
    tab.locator("#net-scores button").nth(2).click()
    flat, layer = traced(simple)[7].out[0], simple.network.model.fc
    parts = (layer.weight.data[2] * flat).reshape(64, -1).sum(1)
    strongest = np.argsort(-abs(parts))[:8]
    assert tab.locator(".vote span").all_inner_texts() == [f"map {c}" for c in strongest]
    assert parts[strongest].tolist() == [rounded_as(text) for text in tab.locator(".vote b").all_inner_texts()]
    told = tab.inner_text("#net-arithmetic")
    assert parts[parts > 0].sum() == rounded_as(re.search(r"for it (\S+),", told)[1])
    assert parts[parts < 0].sum() == rounded_as(re.search(r"against it (\S+),", told)[1])


def test_a_network_with_two_ways_can_be_followed(branched, visit):
    tab = visit(branched.text, "network")
    assert tab.get_attribute("#agreement", "data-state") == "agrees"
    steps = traced(branched)
    said = {
        "add": r"(\S+) \+ (\S+) = (\S+)",
        "normalize": r"\((\S+) [−+] ",
        "avg_pool2d": r"Σ (\S+) / 9 = (\S+)",
        "max_pool2d": "the largest of",
        "div": "the mean over the 4 × 4 places",
    }
    for i, step in enumerate(steps):
        if step.op not in said:
            continue
        where = (1, 2, 1) if step.out.ndim == 4 and step.out.shape[2] > 1 else (1, 0, 0)
        look_at(tab, i, *where)
        assert float(step.out[0][where]) == rounded_as(value_shown(tab)[1]), step.op
        assert re.search(said[step.op], tab.inner_text("#net-arithmetic")), (step.op, tab.inner_text("#net-arithmetic"))


def test_pictures_and_maps_are_reached_by_keyboard(simple, visit):
    tab = visit(simple.text, "network")
    tab.focus("#net-pictures [aria-checked=true]")
    tab.keyboard.press("ArrowDown")
    assert (
        tab.eval_on_selector_all("#net-pictures button", "all => all.findIndex(one => one.ariaChecked === 'true')") == 1
    )
    steps = traced(simple)
    tab.focus(".layer[data-step='1'] canvas")
    tab.keyboard.press("ArrowRight")
    (map_, row, column), value = value_shown(tab)
    assert float(steps[1].out[1, map_, row, column]) == rounded_as(value), "of the second picture"
    tab.keyboard.press("Enter")
    tab.keyboard.press("ArrowDown")
    assert value_shown(tab)[0] == (map_, min(31, row + 1), column)


# ---- shift ---------------------------------------------------------------------------------------------


def moved(x, right, down):
    """Pictures moved by whole pixels; what comes in repeats the edge."""
    height, width = x.shape[2:]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return x[:, :, rows][:, :, :, columns]


def shares_shown(tab, step):
    return [tab.inner_text(f"#shift-table tr[data-step='{step}'] td.{kind}") for kind in ("stood", "along", "mean")]


def as_share(text):
    return 0.00005 if text.startswith("<") else number(text.removesuffix(" %")) / 100


@pytest.mark.parametrize("right, down", [(1, 0), (2, -2), (-4, 4), (0, 3)])
def test_what_a_shift_changes_is_measured(simple, visit, right, down):
    tab = visit(simple.text, "shift")
    tab.focus("#shift-picture")
    for key, count in (("ArrowRight", right), ("ArrowLeft", -right), ("ArrowDown", down), ("ArrowUp", -down)):
        for _ in range(max(0, count)):
            tab.keyboard.press(key)
    model, x = simple.network.model, simple.inputs.data[:1]
    scores = F.softmax(model(tinytorch.Tensor(moved(x, right, down))), dim=1).data[0]
    for share, p in zip(tab.locator("#shift-scores .share").all_inner_texts(), scores):
        assert ("<" in share and p < 1e-4) or as_share(share) == pytest.approx(p, abs=6e-4)

    def maps(pictures):
        first = F.relu(model.conv1(tinytorch.Tensor(pictures)))
        second = model.conv2(model.pool(first))
        return {
            2: first.data[0],
            3: model.pool(first).data[0],
            4: second.data[0],
            6: model.pool(F.relu(second)).data[0],
        }

    before, now = maps(x), maps(moved(x, right, down))
    for step, jump in ((2, 1), (3, 2), (4, 2), (6, 4)):
        stood, along, mean = shares_shown(tab, step)
        change = np.linalg.norm(now[step] - before[step]) / np.linalg.norm(before[step])
        assert as_share(stood) == pytest.approx(change, rel=0.01, abs=1e-4)
        means = [maps_[step].mean((1, 2)) for maps_ in (before, now)]
        assert as_share(mean) == pytest.approx(
            np.linalg.norm(means[1] - means[0]) / np.linalg.norm(means[0]), rel=0.01, abs=1e-4
        )
        if right % jump or down % jump:
            assert along == f"{jump} pixels are one place here: no whole move"
        else:
            assert along == "< 0.01 %" or as_share(along) < 1e-4, "a convolution moves along, to rounding"
    assert as_share(shares_shown(tab, 4)[0]) > 3 * as_share(shares_shown(tab, 4)[2]), "the mean hardly notices"


def test_the_picture_is_pushed_by_hand_by_slider_and_put_back(simple, visit):
    tab = visit(simple.text, "shift")
    box = tab.locator("#shift-picture").bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    tab.mouse.move(*middle)
    tab.mouse.down()
    tab.mouse.move(middle[0] + 2.2 * box["width"] / 32, middle[1] - 1.1 * box["height"] / 32)
    tab.mouse.up()
    assert tab.inner_text("#shift-said") == "moved 2 pixels right and 1 pixel up"
    assert (tab.input_value("#shift-x"), tab.input_value("#shift-y")) == ("2", "-1")
    tab.fill("#shift-x", "-3")
    assert tab.inner_text("#shift-said") == "moved 3 pixels left and 1 pixel up"
    photograph(tab, "shift-pushed")
    tab.click("#shift-reset")
    assert "as it was" in tab.inner_text("#shift-said")
    assert {tab.inner_text(f"#shift-table tr[data-step='{step}'] td.mean") for step in (1, 2, 3)} == {"0 %"}
    tab.mouse.move(middle[0] + 50, middle[1])
    assert "as it was" in tab.inner_text("#shift-said"), "only while it is held"


# ---- the whole page ------------------------------------------------------------------------------------


def test_the_page_tells_how_well_it_agrees(simple, branched, visit):
    for page in (simple, branched):
        tab = visit(page.text)
        said = tab.inner_text("#agreement")
        stored = sum(np.prod(place["shape"]) for step in page.data["steps"][1:] for place in step.get("values", []))
        cases = sum(np.prod(case["shape"]) for case in page.data["convolution"]["cases"])
        scores = np.prod(page.data["probabilities"]["shape"])
        assert f"{int(stored + cases + scores):,} numbers compared" in said
        assert number(re.search(r"largest difference (\S+) of", said)[1]) < 1e-5


def test_a_page_that_computes_otherwise_computes_nothing(simple, visit):
    wrong = simple.text.replace("total[n] += a * columns[k]", "total[n] += 1.001 * a * columns[k]", 1)
    assert wrong != simple.text
    tab = visit(wrong)
    assert "differs from your tinytorch by up to" in tab.inner_text("#agreement")
    assert "differs from tinytorch's" in tab.inner_text("#conv-refused")
    assert tab.eval_on_selector("#conv-controls", "one => one.inert") and tab.eval_on_selector(
        ".transport", "one => one.inert"
    )
    tab.click("#tab-shift")
    assert "so it computes nothing of its own" in tab.inner_text("#shift-refused")
    assert not tab.is_visible("#shift-live")
    tab.click("#tab-network")
    (map_, row, column), value = value_shown(tab)
    assert float(traced(simple)[1].out[0, map_, row, column]) == rounded_as(value), "tinytorch's own numbers stay"


def test_a_wrong_linear_layer_is_noticed_too(simple, visit):
    wrong = simple.text.replace(
        "total += weight[o * size + i] * x[i]", "total += weight[o * size + i] * x[i] + 0.001", 1
    )
    assert wrong != simple.text
    tab = visit(wrong)
    assert tab.get_attribute("#agreement", "data-state") == "differs"
    assert not tab.is_visible("#conv-refused"), "the convolution is right"


def test_what_cannot_be_computed_is_shown_without_arithmetic(digits_for, shown, visit):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(784, 10))
    page = shown(digits_for(model))
    tab = visit(page.text, "network")
    look_at(tab, 2, 1, 5, 6)
    assert float(F.gelu(model[0](page.inputs)).data[0, 1, 5, 6]) == rounded_as(value_shown(tab)[1])
    assert "without its arithmetic" in tab.inner_text("#net-arithmetic")
    tab.click("#tab-shift")
    assert "This network uses gelu, which the page cannot compute" in tab.inner_text("#shift-refused")


def test_where_no_formula_says_what_is_seen_the_page_says_so(digits_for, shown, visit):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.fc = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Linear(288, 10)

        def forward(self, x):
            return self.fc(self.second(self.first(x).permute(0, 1, 3, 2)).flatten(1))

    page = shown(digits_for(Turned()))
    tab = visit(page.text, "network")
    look_at(tab, 1, 1, 0, 0)
    assert tab.inner_text("#net-field-said") == "it can see rows 0 to 2, columns 0 to 2"
    for step in (2, 3):
        look_at(tab, step, 1, 0, 0)
        assert tab.inner_text("#net-field-said") == "there is no formula for what it can see"
    look_at(tab, 5, 1, 0, 0)
    assert tab.inner_text("#net-field-said") == "it can see the whole picture"


def test_without_its_weights_a_network_is_still_looked_at(shapes_for, shown, visit, monkeypatch):
    from tinytorch.explorer import build

    monkeypatch.setattr(build, "LIMIT", 500_000)
    page = shown(shapes_for(nn.SimpleCNN()))
    assert not page.data["withWeights"]
    tab = visit(page.text, "network")
    assert "The weights are too many for this page" in tab.inner_text("#net-arithmetic")
    tab.click("#tab-shift")
    assert "The weights of this network are too many" in tab.inner_text("#shift-refused")
    tab.click("#tab-convolution")
    assert "learned by the network" not in tab.inner_text("#conv-kernel")


def test_tabs_follow_the_keyboard_and_the_address(simple, visit):
    tab = visit(simple.text)
    tab.focus("#tab-convolution")
    for part in ("network", "shift", "convolution"):
        tab.keyboard.press("ArrowRight")
        assert tab.is_visible(f"#{part}") and tab.get_attribute(f"#tab-{part}", "aria-selected") == "true"
        assert tab.evaluate("document.activeElement.id") == f"tab-{part}"
    tab.evaluate("location.hash = '#shift'")
    tab.wait_for_selector("#shift:visible")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("device", "width", "height"), [("desktop", 1280, 900), ("phone", 390, 844)])
def test_nothing_sticks_out_and_everything_has_a_name(simple, visit, scheme, device, width, height):
    tab = visit(simple.text, width=width, height=height, color_scheme=scheme, has_touch=device == "phone")
    for part in ("convolution", "network", "shift"):
        tab.click(f"#tab-{part}")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, part
        nameless = """all => all.filter(one => one.checkVisibility() && !one.closest('[aria-hidden]') && !(one.ariaLabel
            || one.textContent.trim() || one.labels?.length)).map(one => one.outerHTML.slice(0, 80))"""
        assert tab.eval_on_selector_all("button, input, select, canvas, [role=img], [role=grid]", nameless) == []
        photograph(tab, f"{part}-{device}-{scheme}")
    ink, paper = (tab.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    ink, paper = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, paper))
    assert (ink > paper) == (scheme == "dark")


def test_on_a_phone_what_was_clicked_and_what_it_says_stand_together(simple, visit):
    tab = visit(simple.text, "network", width=390, height=844)
    look_at(tab, 5, 2, 3, 3)
    assert tab.eval_on_selector("#net-detail", "one => one.previousElementSibling.dataset.step") == "5"
