"""Write the page of a network and open it: python -m tinytorch.explorer [CHECKPOINT] [--image FILE]."""

import argparse
import os
import sys
import time
import webbrowser
from pathlib import Path

from tinytorch.support.files import write_file


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tito explore",
        description="Write one HTML file that shows a network from the inside, by the numbers of your own tinytorch, "
        "and open it. Without CHECKPOINT: the newest *.safetensors "
        "of the current folder, or else a small network that is trained for a few seconds.",
    )
    parser.add_argument("checkpoint", nargs="?", type=Path, metavar="CHECKPOINT", help="a file that a Trainer wrote")
    parser.add_argument("--model", metavar="MODEL", help="whose numbers it holds, if they are your own: FILE.py:NAME")
    parser.add_argument("--image", type=Path, metavar="FILE", help="a picture of your own: .png, .jpg, .ppm, .npy, …")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: build/explorer.html)")
    parser.add_argument("--data", metavar="DIR", help="where CIFAR-10 is, for a network that was trained on it")
    parser.add_argument("--no-open", action="store_true", help="write the page, and do not open it")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    chosen = arguments(given)
    try:
        written = make(chosen)
    except (ImportError, NotImplementedError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; nothing was written", file=sys.stderr)
        return 130
    opened = not chosen.no_open and _has_display() and webbrowser.open(written.as_uri())
    print(f"It is open in your browser: {written}" if opened else f"Open it in a browser: {written.as_uri()}")
    return 0


def make(chosen: argparse.Namespace) -> Path:
    """Write the page; returns where it is."""
    from tinytorch.analysis.networks import ROOT
    from tinytorch.explorer import networks, pictures
    from tinytorch.explorer.build import page

    output = (chosen.output or ROOT / "build" / "explorer.html").resolve()
    if chosen.output is None:
        output.parent.mkdir(exist_ok=True)
    if output.is_dir():
        raise IsADirectoryError(
            f"--output: {output} is a folder; name a file in it, such as {output / 'explorer.html'}"
        )
    if not output.parent.is_dir():
        raise FileNotFoundError(f"--output: there is no folder {output.parent}; `mkdir -p {output.parent}` makes it")
    image = pictures.read(chosen.image) if chosen.image else None  # what is wrong with it is said before training

    checkpoint = chosen.checkpoint or _newest(Path.cwd())
    if checkpoint is not None and chosen.checkpoint is None:
        print(f"No checkpoint was named: {checkpoint.name}, the newest here, is taken.")
    if checkpoint is None:
        print("No checkpoint was named, and no *.safetensors is here: a small network is trained, for a few seconds.")
        if chosen.model is not None:
            raise ValueError(f"--model: it says whose numbers a CHECKPOINT holds; name that as well as {chosen.model}")
    network = networks.stored(checkpoint, chosen.model, chosen.data) if checkpoint else networks.small()
    if image is not None:
        image, changed = pictures.fit(image, network.pictures.shape[1:])
        network.notices += [f"{chosen.image.name}: {change}" for change in changed]
    print(f"\n{network.title}: {network.about}")
    for notice in network.notices:
        print(f"note  {notice}")
    began = time.perf_counter()
    content = page(network, image, chosen.image.name if chosen.image else "").encode()
    _write(output, content)
    print(f"{output.name}: {len(content) / 1e6:.2f} MB, made in {time.perf_counter() - began:.1f} s")
    return output


def _newest(folder: Path) -> Path | None:
    """The checkpoint in a folder that was written last."""
    return max(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, default=None)


def _write(path: Path, content: bytes) -> None:
    try:
        write_file(path, content)
    except OSError as error:
        kept = "what was there is unchanged" if path.exists() else "nothing was left behind"
        raise OSError(f"--output: cannot write {path}: {error.strerror}; {kept}") from None


def _has_display() -> bool:
    """Without one, Python would start a browser for terminals."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
