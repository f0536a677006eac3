"""The summary of a network, on a terminal: python -m tinytorch.analysis [MODEL|CHECKPOINT]."""

import argparse
import sys

ABOUT = """\
What each layer of a network gives and costs: output, parameters, multiply-adds, bytes, receptive field.

  tito summary                                     SimpleCNN
  tito summary deeper                              a network of the course: SimpleCNN, deeper, cnn, dense
  tito summary mine.py:Net --input 1,1,28,28       your own, for an input of that shape
  tito summary run.safetensors                     the network whose numbers a Trainer kept
  tito summary run.safetensors --model mine.py:Net"""


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tito summary", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "network", nargs="?", default="SimpleCNN", metavar="MODEL|CHECKPOINT", help="a name, FILE.py:NAME, or a file"
    )
    parser.add_argument("--input", metavar="N,C,H,W", help="the shape of the input, batch first")
    parser.add_argument("--model", metavar="MODEL", help="whose numbers the checkpoint holds")
    chosen = parser.parse_args(given)
    if chosen.input is not None:
        try:
            chosen.input = tuple(int(n) for n in chosen.input.replace("x", ",").split(","))
        except ValueError:
            parser.error(f"--input: expected whole numbers such as 1,3,32,32, got {chosen.input!r}")
    return chosen


def main(given: list[str] | None = None) -> int:
    chosen = _arguments(given)
    try:
        print(_summary(chosen))
    except (ImportError, NotImplementedError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _summary(chosen: argparse.Namespace) -> str:
    from tinytorch.analysis import networks, summary

    model, picture = None, None
    if chosen.network.endswith(".safetensors"):
        if chosen.model is not None:
            model, picture = networks.named(chosen.model)
        name, model, info = networks.from_checkpoint(chosen.network, model)
        picture = picture or (networks.KNOWN[name].picture if chosen.model is None else None)
        epochs = len(info["history"])
        title = f"{chosen.network}: {name} after {epochs} epoch{'s' * (epochs != 1)}\n\n"
    elif chosen.model is not None:
        raise ValueError(f"--model: it says whose numbers a .safetensors file holds, and {chosen.network!r} is none")
    else:
        model, picture = networks.named(chosen.network)
        title = ""
    shape = chosen.input or ((1, *picture) if picture else networks.first_shape(model))
    return f"{title}{summary(model, shape)}"


if __name__ == "__main__":
    sys.exit(main())
