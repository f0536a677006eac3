"""The experiments of chapter 09: what a convolution costs, sees and keeps, measured on your own code.

    tito milestone run experiments                                  what there is
    tito milestone run experiments weight_sharing                   one of them: a computed table
    tito milestone run experiments translation --plot shift.png     and a picture of it; needs the extra `viz`
    tito milestone run experiments all                              one after the other

Each is a file in milestones/experiments: `measure` computes, `show` prints, `draw` makes the figure.
"""

import argparse
import ast
import difflib
import importlib
import inspect
import sys
from pathlib import Path

import tinytorch

FOLDER = Path(__file__).parent
EXPERIMENTS = ["weight_sharing", "translation", "receptive_field", "small_kernels", "separable", "memory", "timing"]


def contents() -> None:
    for name in EXPERIMENTS:  # read, not imported: a chapter that they need may not be built yet
        about = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
        print(f"{name:<18}{about.splitlines()[0]}")
    print("\nrun one of them: `tito milestone run experiments weight_sharing`, or `all`")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="experiments", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(EXPERIMENTS)}, or all; none: a list")
    parser.add_argument("--plot", metavar="FILE", help="draw it, too (png, svg, pdf)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in [*EXPERIMENTS, "all"]]
    if unknown:
        near = difflib.get_close_matches(unknown[0], EXPERIMENTS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        parser.error(f"no experiment {unknown[0]!r}; {hint}there are {', '.join(EXPERIMENTS)}")
    if "all" in chosen.names:
        chosen.names = EXPERIMENTS
    if chosen.plot and len(chosen.names) != 1:
        parser.error("--plot draws one experiment: name one")
    if chosen.plot:
        problem = why_not_drawn(Path(chosen.plot))
        if problem:
            parser.error(f"--plot: {problem}")
    return chosen


def why_not_drawn(path: Path) -> str | None:
    """What would keep a figure from being written there, told before minutes of measuring."""
    try:
        from tinytorch.viz.style import paper
    except ImportError as error:
        return str(error)
    formats = paper(1, 1).canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        return f"{path} is of no kind that can be drawn: name it {path.with_suffix('.png')}"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}"
    return None


def run(name: str, seed: int, plot: str | None) -> None:
    experiment = importlib.import_module(name)
    tinytorch.manual_seed(seed)
    print(f"{inspect.getdoc(experiment)}\n", flush=True)
    found = experiment.measure()
    experiment.show(found)
    if plot:
        experiment.draw(found).savefig(plot, dpi=150)
        print(f"\ndrawn in {plot}")


def main() -> int:
    sys.stdout.reconfigure(errors="replace")  # for a terminal that has no × or Σ
    chosen = arguments()
    if not chosen.names:
        contents()
    for number, name in enumerate(chosen.names):
        if number:
            print("\n")
        try:
            run(name, chosen.seed, chosen.plot)
        except ImportError as error:  # a chapter that is not built yet: it says which
            sys.exit(f"experiments: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
