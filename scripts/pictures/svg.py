"""A small drawing board for the chapters' pictures: cells with numbers, windows around them, arrows, words.

A picture is 360 units wide, so that a phone shows it as it is and its letters with it. It brings its own background:
whatever the page around it does, its colours fit each other, in the light and, where the reader prefers that, in the
dark. Blue is told from orange by those who see no red or no green, and its outline is drawn through while the other
is dashed.

What a test reads back stands in a group: `<g data-shows="output" data-shape="2 3">`, the rest is decoration.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np

WIDTH = 360
SHOWN = 480  # pixels across, where the page has them

# class of a shape -> (its fill, its outline) and of a text -> (its fill,): in the light, and in the dark
LIGHT = {
    "page": ("#ffffff",),
    "ink": ("#1c1e21",),
    "soft": ("#5b6470",),
    "cell": ("#ffffff", "#8a94a0"),
    "grey": ("#eef0f3", "#8a94a0"),
    "a": ("#cfe4f9", "#0b5cab"),
    "b": ("#ffe2b0", "#a85400"),
}
DARK = {
    "page": ("#131416",),
    "ink": ("#e6e8ea",),
    "soft": ("#a9b3be",),
    "cell": ("#131416", "#6b7684"),
    "grey": ("#26292d", "#6b7684"),
    "a": ("#153d63", "#79b8ff"),
    "b": ("#5a3a05", "#ffb757"),
}


def _colours(of: dict[str, tuple[str, ...]]) -> str:
    """Style rules: a shape of class a is filled, a line or a window of class a drawn, in the colours of a."""
    rules = [f".page{{fill:{of['page'][0]}}}text{{fill:{of['ink'][0]}}}text.soft{{fill:{of['soft'][0]}}}"]
    rules += [f".line{{stroke:{of['soft'][0]}}}.head{{fill:{of['soft'][0]}}}"]
    for name in ("cell", "grey", "a", "b"):
        fill, outline = of[name]
        rules.append(f"rect.{name},polygon.{name}{{fill:{fill};stroke:{outline}}}")
    for name in "ab":
        outline = of[name][1]
        rules.append(f"text.{name}{{fill:{outline}}}.line.{name},.window.{name}{{stroke:{outline}}}")
    rules.append(f"rect.full{{fill:{of['a'][1]};stroke:{of['page'][0]}}}")
    return "".join(rules)


_STYLE = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}"
    "text.bold{font-weight:600}.mid{text-anchor:middle}.end{text-anchor:end}"
    "rect,polygon{stroke-width:1}polygon.a,polygon.b{stroke:none}"
    ".window{fill:none!important;stroke-width:3}.window.b{stroke-dasharray:6 3}"
    ".line{fill:none;stroke-width:1.5}.line.thin{stroke-width:1;stroke-opacity:.35}.line.curve{stroke-width:2.5}"
    ".line.dashed{stroke-dasharray:5 4}"
)

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")  # for descriptions


class Picture:
    """An SVG that is written from the top to the bottom; all lengths are in its units, of which it is 360 wide."""

    def __init__(self, title: str, description: str):
        """What the picture is of, in a few words, and what is to be seen, for those who do not see it.

        The page has the description once more, word for word, as the picture's alternative text.
        """
        self.title, self.description = title, description
        self.parts: list[str] = []
        self.height = 0.0

    def svg(self) -> str:
        height = _number(self.height)
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{SHOWN}" '
            f'height="{_number(self.height * SHOWN / WIDTH)}" role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="desc">{escape(self.description)}</desc>',
            f"<style>{_STYLE}{_colours(LIGHT)}@media(prefers-color-scheme:dark){{{_colours(DARK)}}}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        ]
        return "\n".join([*head, *self.parts, "</svg>", ""])

    def reach(self, y: float) -> None:
        """The picture goes on to `y`, at least."""
        self.height = max(self.height, y)

    @contextmanager
    def shows(self, name: str, shape: tuple[int, ...] = ()) -> Iterator[None]:
        """What is drawn inside is read back by a test, under this name."""
        told = f' data-shape="{" ".join(map(str, shape))}"' if shape else ""
        self.parts.append(f'<g data-shows="{name}"{told}>')
        yield
        self.parts.append("</g>")

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Words on the line `y`. `kind`: mid or end says what stands at x, soft, bold, a and b how they look."""
        told = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text x="{_number(x)}" y="{_number(y)}"{told}>{escape(words)}</text>')
        self.reach(y + 12)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "cell", round: float = 0) -> None:
        corner = f' rx="{_number(round)}"' if round else ""
        self.parts.append(f'<rect class="{kind}" {_place(x, y, width, height)}{corner}/>')
        self.reach(y + height + 12)

    def cells(
        self,
        x: float,
        y: float,
        values: Any,
        size: float = 30,
        *,
        name: str,
        kind: Callable[[int, int], str] = lambda i, j: "cell",
        wide: float = 0,
    ) -> None:
        """A table of numbers, rows × columns, read back as `name`; without a number where it is NaN.

        `kind(i, j)` is the class of a cell, and `wide` the width of one that is no square.
        """
        table, wide = np.asarray(values, float), wide or size
        with self.shows(name, table.shape):
            for (i, j), value in np.ndenumerate(table):
                self.box(x + j * wide, y + i * size, wide, size, kind(i, j))
                if not np.isnan(value):
                    self.text(x + (j + 0.5) * wide, y + (i + 0.5) * size + 4.5, _number(value), "mid")

    def window(self, x: float, y: float, width: float, height: float, kind: str = "a") -> None:
        """An outline: what is looked at."""
        self.parts.append(f'<rect class="window {kind}" {_place(x, y, width, height)} rx="2"/>')

    def ring(self, x: float, y: float, radius: float = 11) -> None:
        self.parts.append(f'<circle class="line" cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"/>')

    def line(self, *points: tuple[float, float], kind: str = "") -> None:
        path = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.parts.append(f'<polyline class="{f"line {kind}".strip()}" points="{path}"/>')
        self.reach(max(y for _, y in points))

    def area(self, *points: tuple[float, float], kind: str = "a") -> None:
        path = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.parts.append(f'<polygon class="{kind}" points="{path}"/>')

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Straight, across or down."""
        along = np.array([to_x - x, to_y - y]) / np.hypot(to_x - x, to_y - y)
        side = along[::-1] * (1, -1)
        tip = np.array([to_x, to_y])
        self.line((x, y), tuple(tip - 6 * along))
        self.area(tuple(tip), tuple(tip - 8 * along + 4 * side), tuple(tip - 8 * along - 4 * side), kind="head")


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'


def _number(value: float) -> str:
    """As short as it can be, to a hundredth."""
    return f"{round(float(value), 2) + 0:.2f}".rstrip("0").rstrip(".")
