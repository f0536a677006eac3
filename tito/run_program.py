"""Run a program as `python FILE …` does; a module that is not built yet is told in a line, and not as a traceback."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    del sys.argv[0]
    program = Path(sys.argv[0])
    if program.is_file():
        sys.path.insert(0, str(program.parent))
    try:
        runpy.run_path(str(program), run_name="__main__")
    except ImportError as error:
        if "not built yet" not in str(error):  # as tinytorch/core says it
            raise
        sys.exit(f"{program.stem}: {error}")
