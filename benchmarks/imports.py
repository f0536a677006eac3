#!/usr/bin/env python3
"""Time `import tinytorch` against `import numpy`, each in fresh processes, in turns.

python benchmarks/imports.py
"""

from __future__ import annotations

import statistics

from report import Row, arguments, finish, heading, in_child, line

CODE = "import time; start = time.perf_counter(); import {}; print((time.perf_counter() - start) * 1e3)"
TURNS = 15

if __name__ == "__main__":
    chosen = arguments(__doc__)
    heading(f"import, median of {TURNS}", "numpy")
    taken: dict[str, list[float]] = {"tinytorch": [], "numpy": []}
    for turn in range(TURNS + 1):
        for name, times in taken.items():
            milliseconds = in_child(CODE.format(name))
            if turn:  # the first reads the files from the disk
                times.append(milliseconds)
    row = Row("import tinytorch / import numpy", *[statistics.median(times) for times in taken.values()], 1.3)
    print(line(row))
    finish("imports", {"import": [row]}, chosen)
