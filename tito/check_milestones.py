"""The milestones' passing marks are proven: the reference reaches them, and networks that do not learn do not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tito import child, copies
from tito.course import Course
from tito.errors import TitoError

LIMIT = 7200.0  # seconds for one program: CIFAR-10 takes its ten epochs

# Appended to the package's convolution: its rule as it is, its gradients changed on the way.
_RULE = """

_right = rules[conv2d]


def _sabotaged(grad, out, x, weight, bias=None, **settings):
    def given(gradient):
        return gradient() if callable(gradient) else gradient

    dx, *learned = _right(grad, out, x, weight, bias, **settings)
    return {gradients}


rules[conv2d] = _sabotaged
"""
FROZEN = _RULE.format(gradients="dx, *(None if g is None else 0 * given(g) for g in learned)")
TENTH = _RULE.format(gradients="tuple(None if g is None else 0.1 * given(g) for g in [dx, *learned])")

# Put before the program's last lines: a dense network of about as many parameters takes the CNN's place.
DENSE = {
    "cnn": "convolutional = dense",
    "cifar10": (
        'MODELS["simple"] = lambda: nn.Sequential('
        "nn.Flatten(), nn.Linear(3072, 20), nn.ReLU(), nn.Linear(20, 10))  # 61,670 parameters"
    ),
}
_MAIN = 'if __name__ == "__main__":'


@dataclass(frozen=True)
class Proof:
    """One run of a milestone: as it is, or with something wrong that must keep it from its mark."""

    milestone: str
    what: str
    wanted: bool
    passed: bool
    said: str

    @property
    def holds(self) -> bool:
        return self.passed == self.wanted


def prove(course: Course, data: str | None, tell: Callable[[str], None]) -> list[Proof]:
    """Run every milestone as it is and with each sabotage; `data` is where CIFAR-10 lies."""
    proofs = []
    for name, arguments in (("cnn", []), ("cifar10", ["--data", str(Path(data).resolve())] if data else None)):
        if arguments is None:
            tell(f"{name}: left out, it needs CIFAR-10: `tito check-course --milestones --data DIR`")
            continue
        for what, spatial, program, wanted in _versions(course, name):
            tell(f"{name}: {what}")
            proofs.append(Proof(name, what, wanted, *_run(course, name, spatial, program, arguments)))
    return proofs


def _versions(course: Course, name: str) -> Iterator[tuple[str, str, str, bool]]:
    """(what it is, text of core/spatial.py, text of the program, whether it must pass)."""
    spatial = course.module("spatial").core.read_text(encoding="utf-8")
    path = course.root / "milestones" / f"{name}.py"
    program = path.read_text(encoding="utf-8")
    if _MAIN not in program:
        raise TitoError(f"milestones/{name}.py has no line `{_MAIN}`.", "The proof puts a dense network before it.")
    yield "as it is", spatial, program, True
    yield "convolution filters frozen", spatial + FROZEN, program, False
    yield "gradients of convolutions a tenth", spatial + TENTH, program, False
    yield "a dense network in the CNN's place", spatial, program.replace(_MAIN, f"{DENSE[name]}\n\n\n{_MAIN}"), False


def _run(course: Course, name: str, spatial: str, program: str, arguments: list[str]) -> tuple[bool, str]:
    """(whether it reached its mark, its last words)."""
    with copies.package(course.root, []) as folder:
        (folder / "tinytorch" / "core" / "spatial.py").write_text(spatial, encoding="utf-8")
        path = folder / f"{name}.py"
        path.write_text(program, encoding="utf-8")
        run = child.run([path.name, *arguments], cwd=folder, env=child.environment(folder), limit=LIMIT, quiet=True)
    said = run.tail.strip().splitlines()[-2:]
    if run.timed_out or not any("PASSED" in line for line in said):
        raise TitoError(f"milestones/{name}.py gave no verdict (exit status {run.status}).", "\n      ".join(said))
    return run.status == 0, " ".join(said)
