"""The pages as a reader meets them, in Chromium: drawn, legible, whole on a phone and in the dark, and nothing from
elsewhere."""

import re
from pathlib import Path

import pytest

from tito.course import Course

pytestmark = pytest.mark.extras

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [f"chapters/{module.folder}" for module in Course(ROOT).modules]
GUIDES = ["index", "student/first-hour", "student/a-day", "student/when-it-fails", "teacher", "making", "design"]
PAGES = [*CHAPTERS, *GUIDES, "architecture", "api/index", "api/nn", "api/functional", "api/testing"]
LIMIT = 500_000  # bytes of a chapter's page with its scripts, styles, fonts and pictures, uncompressed


class Visit:
    """A page in a window of its own, with all that it loaded and said."""

    def __init__(self, browser, address, name, **settings):
        self.window = browser.new_context(**settings)
        self.page = self.window.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        answers: list = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", lambda answer: answers.append(answer))
        self.page.on("requestfailed", lambda request: self.said.append(f"{request.url} did not load"))
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(f"{address}/{name}.html", wait_until="networkidle")
        self.loaded = {answer.url: len(answer.body()) for answer in answers if answer.ok}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.window.close()


@pytest.fixture
def visit(browser, address):
    return lambda name, **settings: Visit(browser, address, name, **settings)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_on_any_screen_silent_and_loads_nothing_from_elsewhere(visit, address, name):
    with visit(name) as seen:
        assert seen.page.locator("h1").count() == 1
        for width in (1200, 390):
            seen.page.set_viewport_size({"width": width, "height": 844})
            wide = seen.page.evaluate("document.documentElement.scrollWidth")
            assert wide == width, f"on a screen of {width} pixels the page is {wide} wide"
        assert seen.said == []
        assert [url for url in seen.asked if not url.startswith((address, "data:"))] == []
        if name in CHAPTERS:
            assert len(seen.loaded) > 5, "styles and scripts belong to it"
            total = sum(seen.loaded.values())
            assert total < LIMIT, f"{total:,} bytes: {seen.loaded}"


def _brightness(colour):
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


@pytest.mark.parametrize("name", [CHAPTERS[0], "student/when-it-fails"])
def test_in_the_dark_the_page_is_dark_and_its_text_is_light(visit, name):
    shades = {}
    for scheme in ("light", "dark"):
        with visit(name, color_scheme=scheme) as seen:
            shades[scheme] = [
                _brightness(seen.page.evaluate(f"getComputedStyle(document.querySelector('{where}')).{what}"))
                for where, what in (("body", "backgroundColor"), ("article p", "color"), (".highlight", "color"))
            ]
    assert shades["light"][0] > 200 and max(shades["light"][1:]) < 100, shades
    assert shades["dark"][0] < 60 and min(shades["dark"][1:]) > 160, shades


def test_every_diagram_is_drawn_with_text_in_its_boxes_and_words_for_those_who_do_not_see_it(visit):
    drawn = 0
    for name in CHAPTERS:
        source = (ROOT / "modules" / name.partition("/")[2] / "ABOUT.md").read_text(encoding="utf-8")
        with visit(name) as seen:
            diagrams = seen.page.locator("figure.diagram svg")
            assert diagrams.count() == len(re.findall(r"^`{3,}\{mermaid\}", source, re.MULTILINE))
            for diagram in diagrams.all():
                drawn += 1
                box = diagram.bounding_box()
                assert box["width"] > 100 and box["height"] > 30, box
                assert diagram.get_attribute("role") == "img"
                assert len(diagram.get_attribute("aria-label")) > 20
                boxes = diagram.locator("g.node")
                assert boxes.count() > 1
                for one in boxes.all():
                    outline, text = one.locator("rect, polygon, circle, path").first, one.locator("text").first
                    outer, inner = outline.bounding_box(), text.bounding_box()
                    assert inner["width"] > 5 and inner["x"] >= outer["x"] - 1, (text.text_content(), outer, inner)
                    right = outer["x"] + outer["width"]
                    assert inner["x"] + inner["width"] <= right + 1, (text.text_content(), outer, inner)
    assert drawn, "no chapter has a diagram"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_diagrams_are_legible_in_light_and_dark(visit, scheme):
    with visit(CHAPTERS[0], color_scheme=scheme) as seen:
        shade = "(where, what) => getComputedStyle(document.querySelector(where))[what]"
        texts = seen.page.evaluate(f"({shade})('figure.diagram g.node text', 'fill')")
        fill = seen.page.evaluate(f"({shade})('figure.diagram g.node rect', 'fill')")
        assert abs(_brightness(texts) - _brightness(fill)) > 120, (texts, fill)


def test_cards_stand_side_by_side_and_on_a_phone_below_each_other(visit):
    for width, columns in ((1200, 3), (390, 1)):
        with visit("index", viewport={"width": width, "height": 900}) as seen:
            cards = [card.bounding_box() for card in seen.page.locator(".sd-card").all()]
            assert len(cards) == 3 and all(card["width"] > 150 and card["height"] > 60 for card in cards)
            assert len({round(card["x"]) for card in cards}) == columns


def test_search_finds_a_name_and_leads_to_it(visit):
    with visit("index") as seen:
        seen.page.locator(".sidebar-search").fill("Conv2d")
        seen.page.locator(".sidebar-search").press("Enter")
        found = seen.page.locator("#search-results a")
        found.first.wait_for()
        titles = found.all_text_contents()
        assert any("Conv2d" in title for title in titles), titles
        seen.page.wait_for_load_state("networkidle")  # it fetches the pages it found, to show a line of each
        found.filter(has_text="Conv2d").first.click()
        seen.page.wait_for_load_state()
        assert "Conv2d" in seen.page.locator("article").inner_text()
        assert seen.said == []


def test_a_chapter_leads_to_the_next_and_back(visit):
    with visit(CHAPTERS[0]) as seen:
        seen.page.locator("a.next-page").click()
        seen.page.wait_for_url(f"**/{CHAPTERS[1]}.html")
        seen.page.locator("a.prev-page").click()
        seen.page.wait_for_url(f"**/{CHAPTERS[0]}.html")
        assert seen.said == []


def test_the_reader_may_choose_dark_and_the_choice_stays(visit):
    with visit("index", color_scheme="light") as seen:
        modes = []
        for _ in range(3):
            seen.page.locator(".theme-toggle:visible").first.click()
            modes.append(seen.page.locator("body").get_attribute("data-theme"))
        assert sorted(modes) == ["auto", "dark", "light"]
        while seen.page.locator("body").get_attribute("data-theme") != "dark":
            seen.page.locator(".theme-toggle:visible").first.click()
        seen.page.reload()
        assert seen.page.locator("body").get_attribute("data-theme") == "dark"
