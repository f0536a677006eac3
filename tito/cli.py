"""Where `tito` starts. Imports nothing heavy: `tito --version` answers before numpy would have loaded."""

import sys


def main() -> None:
    from tito.changes import finish_here

    finish_here()  # first of all: half of what follows may be of another edition
    from tito.show import make_output_safe

    make_output_safe()
    if sys.argv[1:] == ["--version"]:
        from tito.show import say, version

        say(f"tito {version()}")
        return
    from tito.commands import run_app

    run_app()
