#!/usr/bin/env python3
"""The ladder of module 09: one convolution, from seven loops to the exported conv2d, timed on this machine.

python benchmarks/spatial.py                    a table
python benchmarks/spatial.py --json FILE        the same as data
python benchmarks/spatial.py --plot FILE        the same as a picture (png, svg, pdf); needs the extra `viz`

The work is 3 -> 32 channels, kernel 3, padding 1, on 32 x 32 pictures, batch 32, forward, float32. The two rungs with
Python loops are timed on fewer pictures and counted up to the batch; the table says on how many.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _report import HAS_TORCH, machine, side_by_side, threads

from tinytorch.support.files import write_file

BATCH = 32
MULTIPLY_ADDS = BATCH * 32 * 32 * 32 * 27  # places x filters x (3 channels of 3 x 3)

# rung, its idea, pictures timed
RUNGS = [
    ("conv2d_loops", "seven loops", 1),
    ("conv2d_windows", "one product per window", 4),
    ("conv2d_im2col", "columns and one matrix product", BATCH),
    ("conv2d", "one image at a time, all cores", BATCH),
]


def seconds_of(call: Callable[[], Any]) -> float:
    """One call; the median of three where that is quick."""
    taken = []
    while len(taken) < 3 and sum(taken) < 1.0:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def peak_bytes(call: Callable[[], Any]) -> int:
    """The most memory that NumPy held at once during a call, its result included."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def matrix_product_rate() -> float:
    """Multiply-adds per second of this machine's matrix product, float32, 1024 x 1024 x 1024."""
    import numpy as np

    a = np.random.default_rng(0).standard_normal((1024, 1024), np.float32)
    return 1024**3 / (side_by_side({"product": lambda: a @ a})["product"] / 1e3)


def ladder() -> list[dict[str, Any]]:
    import numpy as np

    import tinytorch

    assert tinytorch.nn.functional.conv2d  # where it is not built yet, this says which module makes it
    from tinytorch.core import spatial

    draw = np.random.default_rng(0)
    x = draw.standard_normal((BATCH, 3, 32, 32), np.float32)
    weight, bias = draw.standard_normal((32, 3, 3, 3), np.float32), np.zeros(32, np.float32)
    rows = []
    for name, idea, pictures in RUNGS:
        call = functools.partial(getattr(spatial, name), x[:pictures], weight, bias, padding=1)
        many = pictures == BATCH
        seconds = side_by_side({name: call})[name] / 1e3 if many else seconds_of(call) * BATCH / pictures
        rows.append(
            {"rung": name, "idea": idea, "pictures": pictures, "seconds": seconds, "peak_bytes": peak_bytes(call)}
        )
    if HAS_TORCH:
        import torch

        tensors = [torch.from_numpy(a) for a in (x, weight, bias)]
        seconds = side_by_side({"torch": lambda: torch.nn.functional.conv2d(*tensors, padding=1)})["torch"] / 1e3
        rows.append({"rung": "torch", "idea": f"torch {torch.__version__}", "pictures": BATCH, "seconds": seconds})
    rate = matrix_product_rate()
    for row in rows:
        row["speed_up"] = rows[0]["seconds"] / row["seconds"]
        row["share"] = MULTIPLY_ADDS / row["seconds"] / rate
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    print(f"\n{'':<16}{'':<32}{'time':>12}{'speed-up':>12}{'of matmul rate':>16}{'peak memory':>14}   timed on")
    for row in rows:
        peak = f"{row['peak_bytes'] / 2**20:.1f} MiB" if "peak_bytes" in row else "-"
        seconds, share = row["seconds"] * 1e3, 100 * row["share"]
        print(
            f"{row['rung']:<16}{row['idea']:<32}{seconds:>9,.1f} ms{row['speed_up']:>11,.0f}x{share:>14.2g} %{peak:>14}"
            f"   {row['pictures']} picture{'s' if row['pictures'] > 1 else ''}"
        )
    print(f"\nconvolution 3 -> 32, kernel 3, padding 1, 32 x 32, batch {BATCH}: {MULTIPLY_ADDS:,} multiply-adds")


def figure_of() -> Callable[[list[dict[str, Any]]], Any]:
    """The function that draws the ladder. Asked for before anything is timed: matplotlib may be missing."""
    try:
        from tinytorch.viz import speed_ladder
    except ImportError as error:
        sys.exit(f"--plot: {error}")
    return speed_ladder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, help="threads for each library (default: every core)")
    parser.add_argument("--json", metavar="FILE", help="write the rows, with date and machine, to FILE")
    parser.add_argument("--plot", metavar="FILE", help="draw the ladder")
    chosen = parser.parse_args()
    if chosen.threads is not None and chosen.threads < 1:
        parser.error(f"--threads: expected at least 1, got {chosen.threads}")
    threads(chosen.threads or os.cpu_count() or 1)
    draw = figure_of() if chosen.plot else None
    about = machine()
    print("   ".join(f"{name} {value}" for name, value in about.items()))
    try:
        rows = ladder()
    except (NotImplementedError, ImportError) as error:  # of a chapter that is not finished
        sys.exit(f"{error}")
    show(rows)
    if chosen.json:
        write_file(Path(chosen.json), (json.dumps({"machine": about, "rows": rows}, indent=1) + "\n").encode())
        print(f"written to {chosen.json}")
    if draw is not None:
        draw(rows).savefig(chosen.plot)
        print(f"drawn in {chosen.plot}")


if __name__ == "__main__":
    main()
