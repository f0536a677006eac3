"""Tables as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns under their names, the first `left` flush left, the others flush right; a line under the head."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [f"{c:<{w}}" if i < left else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """The same as an HTML table, without a head where it is empty; the spaces that cells begin with are kept."""

    def line(cells: Sequence[str], tag: str) -> str:
        align = ["left" if i < left else "right" for i in range(len(cells))]
        styled = (
            f'<{tag} style="text-align:{a};white-space:pre;padding:1px 8px">{escape(c)}</{tag}>'
            for c, a in zip(cells, align, strict=True)
        )
        return f"<tr>{''.join(styled)}</tr>"

    top = f"<thead>{line(head, 'th')}</thead>" if head else ""
    body = "".join(line(row, "td") for row in rows)
    return f'<table style="border-collapse:collapse;font-size:inherit">{top}<tbody>{body}</tbody></table>'


def html_numbers(cells: Sequence[Sequence[str]], faint: str, marked: str) -> str:
    """A grid of numbers, each in its box; cells that read `faint` are grey, one that ends in `marked` stands out."""

    def cell(text: str) -> str:
        look = "color:#888;" if text == faint else "font-weight:bold;outline:2px solid #d55e00;" * text.endswith(marked)
        return f'<td style="border:1px solid #8888;padding:2px 6px;text-align:right;{look}">{escape(text)}</td>'

    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in cells)
    return f'<table style="border-collapse:collapse;font-size:inherit"><tbody>{body}</tbody></table>'
