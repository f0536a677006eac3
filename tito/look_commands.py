"""The commands that look at a network: what it costs, and what it sees. Each runs in a child, through the package."""

from typing import Annotated

import typer

from tito.commands import _run_through, app
from tito.course import Course


@app.command("summary")
def summary(
    network: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|CHECKPOINT",
            help="SimpleCNN, deeper, cnn or dense; FILE.py:NAME for your own; or a .safetensors file of a Trainer.",
            show_default=False,
        ),
    ] = "SimpleCNN",
    shape: Annotated[
        str | None, typer.Option("--input", metavar="N,C,H,W", help="The shape of the input, batch first.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="The network whose numbers the checkpoint holds.")
    ] = None,
) -> None:
    """What each layer of a network costs: parameters, multiply-adds, memory; and what it sees."""
    options = [*(["--input", shape] if shape is not None else []), *(["--model", model] if model is not None else [])]
    _run_through(Course.find(), ["-m", "tinytorch.analysis", *options, "--", network])
