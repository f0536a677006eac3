"""The speed ladder of module 09."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinytorch.viz.style import BLUE, GREY, Picture, paper, plain

WANTED = "results: expected the rows of a ladder; make them: `tito bench spatial --json ladder.json`"


def speed_ladder(results: str | os.PathLike[str] | Sequence[Mapping[str, Any]]) -> Picture:
    """Milliseconds of each rung of the convolution, from seven loops to the exported one, and of torch if measured.

    `results` is the file that `tito bench spatial --json FILE` writes, or its "rows": a dict for each rung with "rung",
    "idea", "pictures", "seconds" and "speed_up". Raises ValueError for something else.
    """
    if isinstance(results, (str, os.PathLike)):
        results = _rows(Path(results))
    if not results or any(not {"rung", "idea", "pictures", "seconds", "speed_up"} <= row.keys() for row in results):
        raise ValueError(WANTED)
    taken = [row["seconds"] * 1e3 for row in results]
    figure = paper(8, 0.55 * len(results) + 1.2)
    axes = plain(figure.add_subplot())
    names = [f"{row['rung']}\n{row['idea']}" if row["rung"] != "torch" else row["idea"] for row in results]
    bars = axes.barh(names, taken, color=[GREY if row["rung"] == "torch" else BLUE for row in results])
    axes.bar_label(bars, [f"{ms:,.1f} ms, {row['speed_up']:,.0f}x" for ms, row in zip(taken, results)], padding=4)
    axes.set_xscale("log")
    axes.set_xlim(min(taken) / 3, max(taken) * 40)  # room for the labels
    axes.invert_yaxis()
    axes.set_xlabel(f"milliseconds for {max(row['pictures'] for row in results)} pictures (logarithmic)")
    rungs = sum(row["rung"] != "torch" for row in results)
    axes.set_title(f"One convolution, climbed in {rungs} rungs")
    return figure


def _rows(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{WANTED}; {path} is no JSON: {error}") from None
    return record.get("rows", []) if isinstance(record, dict) else []
