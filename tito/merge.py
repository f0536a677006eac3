"""Three versions of a dev file become one: as it was handed out, as the student has it, as it is handed out now.

Cell by cell: what only one side changed is taken from that side. In a cell that both changed, the same holds for its
lines. Where both changed the same lines, the student's stay, and the newer ones follow as comments.

Works on text, so that a file which is not Python at the moment can be merged, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from tinytorch.support import cells
from tinytorch.support.cells import Cell

BOTH = "---- above is yours; the newer edition has instead: ----"
END = "---- end of what the newer edition has ----"
_STUB = re.compile(r'raise NotImplementedError\("Module \d\d, exercise \d+: (.+)"\)')
_ALIKE = 0.5  # of their letters, and two texts are one that was changed


def merge(start: str, mine: str, new: str) -> tuple[str, list[str]]:
    """The merged text, and the names of the cells in which both sides changed the same lines."""
    start, mine = _renumbered(start, new), _renumbered(mine, new)
    old, own, newer = _cells(start), _cells(mine), _cells(new)
    of_own, of_new = _pairs(old, own), _pairs(old, newer)
    from_new = {index: came for came, index in of_new.items()}
    merged: list[tuple[int | None, str]] = []  # (which of the student's cells it goes on from, text)
    conflicts = []
    for index, cell in enumerate(newer):
        came = from_new.get(index)
        at = of_own.get(came) if came is not None else None
        if came is None:
            merged.append((None, cell.text))
        elif at is None:
            if cell.text != old[came].text:  # the student took it out, but there is something new in it
                merged.append((None, cell.text))
        else:
            text, both = _merge_lines(old[came].text, own[at].text, cell.text, cell.kind)
            merged.append((at, text))
            conflicts += [cell.grade_id or cell.mark] * both
    _keep(merged, old, own, of_own, of_new)
    return "".join(text for _, text in merged), conflicts


def _renumbered(text: str, new: str) -> str:
    """The text, its stubs those of the newer edition: another number alone is no change to what they stand for."""
    stubs = {match[1]: match[0] for match in _STUB.finditer(new)}
    return _STUB.sub(lambda match: stubs.get(match[1], match[0]), text)


def _cells(text: str) -> list[Cell]:
    return [cell for cell in cells.split(text if text.endswith("\n") else f"{text}\n") if cell.text]


def _pairs(old: list[Cell], other: list[Cell]) -> dict[int, int]:
    """Which cell of `other` is which of `old`: by grade_id, or the same text, or one much like it at the same place."""
    keys = {cell.grade_id: index for index, cell in enumerate(other) if cell.grade_id}
    pairs = {index: keys[cell.grade_id] for index, cell in enumerate(old) if cell.grade_id in keys}
    had, has = ([cell.grade_id or cell.text.rstrip() for cell in some] for some in (old, other))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, had, has, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs.update(zip(range(i1, i2), range(j1, j2)))
        elif kind == "replace":
            for i in range(i1, i2):
                for j in range(j1, j2):
                    if not old[i].grade_id and not other[j].grade_id and _alike(old[i], other[j]):
                        pairs[i], j1 = j, j + 1
                        break
    return pairs


def _alike(one: Cell, other: Cell) -> bool:
    compared = SequenceMatcher(None, one.text, other.text, autojunk=False)
    return one.kind == other.kind and compared.quick_ratio() > _ALIKE and compared.ratio() > _ALIKE


def _keep(
    merged: list[tuple[int | None, str]],
    old: list[Cell],
    own: list[Cell],
    of_own: dict[int, int],
    of_new: dict[int, int],
) -> None:
    """Put in what only the student has: cells of their own, and changed ones that are handed out no more."""
    came = {index: from_ for from_, index in of_own.items()}
    for at, cell in enumerate(own):
        from_ = came.get(at)
        if from_ is None or (from_ not in of_new and old[from_].text.rstrip() != cell.text.rstrip()):
            before = [place for place, (index, _) in enumerate(merged) if index is not None and index < at]
            merged.insert(max(before) + 1 if before else 0, (at, cell.text))


@dataclass(frozen=True)
class _Hunk:
    """Lines `first` to `last` (excluded) of the old text are replaced."""

    first: int
    last: int
    lines: list[str]

    def touches(self, first: int, last: int) -> bool:
        if self.first == self.last and first == last:
            return self.first == first
        return max(self.first, first) < min(self.last, last) or (
            (self.first == self.last or first == last) and (first < self.first < last or self.first < first < self.last)
        )


def _merge_lines(old: str, own: str, new: str, kind: str) -> tuple[str, bool]:
    """One cell's text, and whether both sides changed the same lines of it."""
    if own == new or new == old:
        return own, False
    if own == old:
        return new, False
    lines = cells.lines(old)
    out: list[str] = []
    at, conflict = 0, False
    for first, last, ours, theirs in _clusters(_hunks(lines, own), _hunks(lines, new)):
        out += lines[at:first]
        kept, came = (_applied(lines, first, last, hunks) for hunks in (ours, theirs))
        out += kept if ours else came
        if ours and theirs and kept != came:
            out += _beside(came, kind)
            conflict = True
        at = last
    return "".join(out + lines[at:]), conflict


def _hunks(lines: list[str], text: str) -> list[_Hunk]:
    other = cells.lines(text)
    codes = SequenceMatcher(None, lines, other, autojunk=False).get_opcodes()
    return [_Hunk(i1, i2, other[j1:j2]) for kind, i1, i2, j1, j2 in codes if kind != "equal"]


def _clusters(ours: list[_Hunk], theirs: list[_Hunk]) -> Iterator[tuple[int, int, list[_Hunk], list[_Hunk]]]:
    """(first, last, our hunks, their hunks): ranges that do not touch, in order."""
    left = (list(ours), list(theirs))
    while any(left):
        head = min((hunks[0] for hunks in left if hunks), key=lambda hunk: (hunk.first, hunk.last))
        first, last = head.first, head.last
        taken: tuple[list[_Hunk], list[_Hunk]] = ([], [])
        grown = True
        while grown:
            grown = False
            for hunks, mine in zip(left, taken):
                while hunks and (hunks[0] is head or hunks[0].touches(first, last)):
                    mine.append(hunks.pop(0))
                    last = max(last, mine[-1].last)
                    grown = True
        yield first, last, *taken


def _applied(lines: list[str], first: int, last: int, hunks: list[_Hunk]) -> list[str]:
    out: list[str] = []
    at = first
    for hunk in hunks:
        out += lines[at : hunk.first] + hunk.lines
        at = hunk.last
    return out + lines[at:last]


def _beside(lines: list[str], kind: str) -> list[str]:
    """The newer edition's lines as comments: in text they are that already, in code they become it."""
    shown = [line if kind == "markdown" and not cells.is_mark(line) else f"# {line}".rstrip() + "\n" for line in lines]
    return [f"# {BOTH}\n", *shown, f"# {END}\n"]
