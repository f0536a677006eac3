"""Fetch data sets and tell where they are kept: python -m tinytorch.data get cifar10 | path."""

import argparse
import sys
from pathlib import Path

from tinytorch.data.cifar import data_home


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tinytorch.data", description="TinyTorch's data sets.")
    commands = parser.add_subparsers(dest="command", required=True)
    get = commands.add_parser("get", help="download a data set")
    get.add_argument("name", choices=["cifar10"])
    get.add_argument("--data", type=Path, metavar="DIR", help="where to put it, instead of the folder `path` prints")
    commands.add_parser("path", help="print the folder where data sets are kept")
    chosen = parser.parse_args(arguments)

    try:
        if chosen.command == "path":
            print(data_home())
        else:
            from tinytorch.data.download import download_cifar10

            print(download_cifar10(chosen.data))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run again to go on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
