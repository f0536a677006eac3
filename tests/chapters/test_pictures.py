"""The chapters' pictures can be read by all: on a phone, in the light and in the dark, with eyes and without."""

import base64
import io
import itertools
import re
import sys

import numpy as np
import pytest
from drawn import PICTURES, ROOT, SVG, Drawn

sys.path.insert(0, str(ROOT / "scripts"))
from pictures import svg

LIMIT = 30_000  # bytes of a picture

each_picture = pytest.mark.parametrize("path", PICTURES, ids=[path.stem for path in PICTURES])


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
