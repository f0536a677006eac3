"""`tito init`: a student edition, the same tree without the answers.

No line of a solution is in it: `modules/` has the stubs, `tinytorch/core` what the given modules export, and the
catalogue of mistakes, which holds many an almost right function, is packed in an archive that Python imports from and
that no search through the files finds. Its history is one commit.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tinytorch.support.files import beside, sweep
from tito import copies, manifest
from tito.course import Course, Module
from tito.dev_file import DevFile
from tito.edition import without_solutions
from tito.errors import TitoError
from tito.export import exported_text
from tito.files import cannot_write
from tito.hints import write_shapes
from tito.notebooks import sync
from tito.solution import seal, sealed

COPIED = (
    *(name for name in copies.COURSE if name != "modules"),
    *("benchmarks", "modules/jupytext.toml", "scripts/activate-tinytorch", "LICENSE"),
    *(".gitignore", ".gitattributes", ".editorconfig"),
)
# The tests of the tools, and the alternative solutions.
CONTRIBUTORS = {
    f"tests/{name}" for name in "analysis chapters explorer onnx package site solutions support tito viz".split()
}
CATALOGUE = "tinytorch/testing/misconceptions"
_PRIVATE = shutil.ignore_patterns(".*", "__pycache__", "*.tmp", "*.ipynb", "*.safetensors")
_ENTRIES = re.compile(r"m\d\d_\w+(\.py)?")


def make(course: Course, destination: Path, first: Module, notebooks: bool = False) -> None:
    """Write the edition in which the modules before `first` are given, its notebooks, too, if asked for.

    On any error, nothing is left behind, and what a kill has left is removed the next time.
    """
    destination = destination.absolute()
    _refuse_place(course, destination)
    texts = {module: _text(module, given=module.number < first.number) for module in course.modules}
    made = beside(destination)
    try:
        sweep(destination)
        _copy(course.root, made)
        _seal_catalogue(course.root / CATALOGUE, made / CATALOGUE / "sealed.zip")
        for module, text in texts.items():
            _write_module(module, Module(made, module.number, module.name), text, module.number < first.number)
            if notebooks:
                sync(Module(made, module.number, module.name))
        shutil.copyfile(Path(__file__).with_name("student_readme.md"), made / "README.md")
        manifest.write(made, first.number)
        _commit(made, f"TinyTorch, the student edition from module {first.number} on")
        os.replace(made, destination)
    except OSError as error:
        raise cannot_write(destination, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _refuse_place(course: Course, destination: Path) -> None:
    """Raise unless an edition can be made at `destination` without touching anything that is there."""
    try:
        taken = any(destination.iterdir())
    except NotADirectoryError:
        taken = True
    except FileNotFoundError:
        taken = False
    except OSError as error:
        raise cannot_write(destination, error) from error
    if taken:
        raise TitoError(f"{destination} is there already, and not empty. It is untouched.", "Choose another name.")
    if not destination.parent.is_dir():
        raise TitoError(
            f"there is no folder {destination.parent}.", f"`mkdir -p {shlex.quote(str(destination.parent))}`"
        )
    real = destination.resolve()
    for name in ("modules", *COPIED):
        if real.is_relative_to((course.root / name).resolve()):
            raise TitoError(f"{destination} is in the course's own {name}.", "Choose a place outside.")


def _text(module: Module, given: bool) -> str:
    """The dev file that students get. Raises where the course at hand does not hold the module's solutions."""
    dev = DevFile(module)
    dev.check()
    unwritten = dev.unwritten()
    if unwritten or (not given and not dev.solved()):
        line, text = unwritten[0] if unwritten else (1, "no solution region")
        raise dev.error(
            line, f"this course does not hold the answers: {text}.", "Run `tito init` in the reference course."
        )
    return dev.text if given else without_solutions(dev)


def _copy(root: Path, edition: Path) -> None:
    """Everything but `modules/`, the exports and the catalogue's entries, which are made apart."""
    ignore = _left_out(root)
    edition.mkdir()
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, edition / name, ignore=ignore)
        elif (root / name).is_file():
            (edition / name).parent.mkdir(exist_ok=True)
            shutil.copy2(root / name, edition / name)


def _left_out(root: Path) -> Callable[[str, list[str]], set[str]]:
    def ignore(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(root).as_posix()
        left_out = _PRIVATE(folder, names) | {name for name in names if f"{inside}/{name}" in CONTRIBUTORS}
        if inside == "tinytorch/core":
            left_out |= set(names) - {"__init__.py"}
        if inside == CATALOGUE:
            left_out |= {name for name in names if _ENTRIES.fullmatch(name)}
        return left_out

    return ignore


def _seal_catalogue(catalogue: Path, archive: Path) -> None:
    """Pack the entries, which the package of the catalogue finds in `sealed.zip` beside it."""
    files = [path for path in sorted(catalogue.rglob("*.py")) if _ENTRIES.match(path.relative_to(catalogue).parts[0])]
    if not files:
        return
    seal(archive, {path.relative_to(catalogue).as_posix(): path.read_bytes() for path in files})


def _write_module(source: Module, module: Module, text: str, given: bool) -> None:
    """ABOUT.md, its pictures and the dev file; with a given one its export, with another the file to start from."""
    folder = module.dev.parent
    folder.mkdir(parents=True)
    about = (source.dev.parent / "ABOUT.md").read_text(encoding="utf-8")
    if given:
        about = about.replace("---\n", "---\ngiven: true\n", 1)
        module.core.write_text(exported_text(source), encoding="utf-8", newline="\n")
    else:
        module.start.parent.mkdir()
        module.start.write_text(text, encoding="utf-8", newline="\n")
        write_shapes(DevFile(source), module)
        seal(sealed(module), {source.dev.name: source.read_dev().encode()})
    (folder / "ABOUT.md").write_text(about, encoding="utf-8", newline="\n")
    for picture in sorted((source.dev.parent / "pictures").glob("*.svg")):
        (folder / "pictures").mkdir(exist_ok=True)
        shutil.copyfile(picture, folder / "pictures" / picture.name)
    module.dev.write_text(text, encoding="utf-8", newline="\n")


def _commit(edition: Path, message: str) -> None:
    """Make the folder a git repository with one commit, whatever the settings and variables of git here."""
    settings = {
        "user.name": "TinyTorch",
        "user.email": "tinytorch@example.invalid",
        "commit.gpgsign": "false",
        "core.autocrlf": "false",
        "core.hooksPath": os.devnull,
        "gc.auto": "0",
    }
    git = ["git", *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    commands = [["init", "--quiet", "--template=", "--initial-branch=main"], ["add", "--force", "."]]
    for arguments in [*commands, ["commit", "--quiet", "--message", message]]:
        try:
            subprocess.run([*git, *arguments], cwd=edition, env=environment, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise TitoError(
                "git is not installed, and an edition is a git repository.", "Install git: https://git-scm.com"
            ) from None
        except subprocess.CalledProcessError as error:
            raise TitoError(
                f"`git {arguments[0]}` failed: {error.stderr.strip()}", "Mend this, then try again."
            ) from None
