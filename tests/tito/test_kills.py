"""kill -9 at random moments: the student's file is whole, the tree is the old one or the new one, and `tito` goes on."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tinytorch.testing import generator

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'

# Forks a `tito` for each line of its input, everything loaded: the time in which it can be killed is that of its work.
SERVER = """
import json, os, signal, sys, time
import tito.check_course, tito.checks, tito.cli, tito.commands, tito.edition_commands, tito.in_step_commands
import tito.init, tito.reset, tito.status, tito.update
import jupytext, nbdev.export, nbdev.maker, nbdev.process, rich.console, rich.table, yaml
for line in sys.stdin:
    job = json.loads(line)
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(job["root"])
            said = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1), os.dup2(said, 2)
            sys.argv = ["tito", *job["arguments"]]
            tito.cli.main()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else 97)
        finally:
            os._exit(98)
    if job["delay"] is not None:
        time.sleep(job["delay"])
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, time.perf_counter() - began]), flush=True)
"""


class Server:
    def __init__(self, folder: Path):
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
        self.said = folder / "said.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER],
            env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tito(self, root: Path, *arguments: str, delay: float | None = None) -> tuple[int, float]:
        """Run a command there, killed after `delay` seconds if told so: its exit status and the seconds it took."""
        job = {"root": str(root), "arguments": arguments, "delay": delay, "said": str(self.said)}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        status, seconds = json.loads(self.process.stdout.readline())
        return status, seconds

    def words(self) -> str:
        return self.said.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.process.stdin.close()
    running.process.wait()
    running.process.stdout.close()


@dataclass
class Scene:
    """A tree, and a command that is to be killed in copies of it."""

    root: Path
    arguments: list[str]
    seconds: float = 0.0
    old: dict[str, bytes] = field(default_factory=dict)
    new: dict[str, bytes] = field(default_factory=dict)


def files(root: Path) -> dict[str, bytes]:
    """What lies in the tree, leaving out what `tito` remembers and Python's caches."""
    out = {".tito", ".git", "__pycache__"}
    paths = [path for path in root.rglob("*") if path.is_file() and not out & set(path.relative_to(root).parts)]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def left_over(root: Path) -> list[str]:
    found = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.name.endswith(".tmp")]
    return found + [str(path) for path in [root / ".tito" / "changes"] if path.exists()]


@pytest.fixture(scope="module")
def scenes(server, planted, tmp_path_factory) -> dict[str, Scene]:
    """Each command in an edition with a student's work, run once to know how long it takes and what it makes."""
    course, folder = planted("reference"), tmp_path_factory.mktemp("editions")
    second = course.alpha.read_dev().replace("alpha", "spatter").replace("double", "triple").replace("2 * x", "3 * x")
    spatter = course.root / "modules" / "09_spatter" / "spatter_dev.py"
    spatter.write_text(second.replace("triple(2) == 4", "triple(2) == 6"), encoding="utf-8")
    assert server.tito(course.root, "init", str(folder / "mine"))[0] == 0, server.words()
    text = course.alpha.read_dev().replace("# # Module 01: Alpha", "# # Module 01: Alpha, newer")
    course.alpha.dev.write_text(text, encoding="utf-8")
    for number in range(20):
        (course.root / "tests" / "01_alpha" / f"test_newer_{number}.py").write_text("def test_it():\n    assert True\n")
    assert server.tito(course.root, "init", str(folder / "newer"))[0] == 0, server.words()
    mine = folder / "mine" / "modules" / "01_alpha" / "alpha_dev.py"
    mine.write_text(mine.read_text(encoding="utf-8").replace(STUB, "return x + x  # mine"), encoding="utf-8")
    undone = folder / "undone"
    shutil.copytree(folder / "mine", undone)
    assert server.tito(undone, "update", str(folder / "newer"))[0] == 0, server.words()
    commands = {
        "complete": ["module", "complete", "1"],
        "export": ["export", "1"],
        "reset": ["module", "reset", "1"],
        "update": ["update", str(folder / "newer")],
        "undo": ["undo"],
    }
    made = {}
    for name, arguments in commands.items():
        scene = Scene(undone if name == "undo" else folder / "mine", arguments)
        done = folder / "done"
        shutil.copytree(scene.root, done)
        status, scene.seconds = server.tito(done, *arguments)
        assert status == 0, server.words()
        scene.old, scene.new = files(scene.root), files(done)
        assert scene.old != scene.new
        shutil.rmtree(done)
        made[name] = scene
    return made


def kill_and_look(server: Server, scene: Scene, root: Path, delay: float) -> bool:
    """Kill the command after `delay` seconds, and check all that must hold. True if it was still at work."""
    shutil.copytree(scene.root, root)
    status, _ = server.tito(root, *scene.arguments, delay=delay)
    dev = "modules/01_alpha/alpha_dev.py"
    assert (root / dev).read_bytes() in (scene.old[dev], scene.new[dev]), "the student's file is whole"
    assert server.tito(root, "module", "status")[0] == 0, server.words()
    assert "Traceback" not in server.words()
    now = {name: content for name, content in files(root).items() if not name.endswith(".tmp")}
    assert now in (scene.old, scene.new), "all old or all new"
    again = "undo --list" if now == scene.new and scene.arguments[0] in ("undo", "update") else None
    arguments = again.split() if again else scene.arguments
    assert server.tito(root, *arguments)[0] == 0, server.words()
    assert files(root) == scene.new
    assert left_over(root) == []
    shutil.rmtree(root)
    return status < 0


def kill(server: Server, scenes: dict[str, Scene], folder: Path, times: int) -> None:
    moments = generator()
    killed = 0
    for name, scene in scenes.items():
        for number in range(times):
            delay = float(moments.uniform(0, scene.seconds))
            try:
                in_time = kill_and_look(server, scene, folder / f"{name} {number} é", delay)
            except AssertionError as error:
                command = " ".join(scene.arguments)
                raise AssertionError(f"`tito {command}`, killed after {delay:.4f} s: {error}") from error
            killed += in_time
            scene.seconds *= 1.0 if in_time else 0.8  # it was done before: the machine has become quicker
    assert killed > times, "a kill that comes too late proves nothing"


def test_20_kills_leave_a_whole_tree(server, scenes, tmp_path):
    kill(server, scenes, tmp_path, 4)


@pytest.mark.extras
def test_200_kills_leave_a_whole_tree(request, server, scenes, tmp_path):
    if "extras" not in request.config.option.markexpr:
        pytest.skip("takes minutes: `pytest -m extras`")
    kill(server, scenes, tmp_path, 40)
