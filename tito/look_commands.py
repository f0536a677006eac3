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


@app.command("explore")
def explore(
    checkpoint: Annotated[
        str | None,
        typer.Argument(
            metavar="CHECKPOINT",
            help="A .safetensors file of a Trainer; without one the newest here, else a small network, trained now.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[str | None, typer.Option("--image", metavar="FILE", help="A picture of your own.")] = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Where to write it (build/explorer.html).")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="The network whose numbers the checkpoint holds.")
    ] = None,
    data: Annotated[str | None, typer.Option("--data", metavar="DIR", help="Where CIFAR-10 is.")] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Write the page, and do not open it.")] = False,
) -> None:
    """A page that shows a network from the inside, by the numbers of your own tinytorch; one HTML file."""
    given = {"--image": image, "--output": output, "--model": model, "--data": data}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    options += ["--no-open"] if no_open else []
    _run_through(
        Course.find(), ["-m", "tinytorch.explorer", *options, *(["--", checkpoint] if checkpoint is not None else [])]
    )
