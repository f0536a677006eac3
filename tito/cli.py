"""Where `tito` starts. Imports nothing heavy: `tito --version` answers before numpy would have loaded."""

import os
import sys


def main() -> None:
    try:
        _main()
    except KeyboardInterrupt:  # while something was imported; later, each command has its own end
        sys.exit(130)


def _main() -> None:
    _open_what_is_closed()
    from tito.changes import finish_here

    finish_here()  # first of all: half of what follows may be of another edition
    from tito.show import make_output_safe, quiet_where_nobody_reads

    make_output_safe()
    with quiet_where_nobody_reads():
        if sys.argv[1:] == ["--version"]:
            from tito.show import say, version

            say(f"tito {version()}")
            return
        from tito.commands import run_app

        run_app()


def _open_what_is_closed() -> None:
    """Let an input or output that the shell closed (`>&-`) be one that leads nowhere, for the children as well.

    A file that is opened takes the lowest free number: without this, the next one would stand in its place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
