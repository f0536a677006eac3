"""`tito check-course --milestones`: what is done to a milestone before it must miss its mark."""

from pathlib import Path

import numpy as np
import pytest

from tito import check_milestones
from tito.check_milestones import FROZEN, TENTH
from tito.course import Course
from tito.errors import TitoError

REPOSITORY = Path(__file__).resolve().parents[2]

# Stands for the package's file: a rule that gives its gradients in both ways there are.
SPATIAL = """
def conv2d(x): ...

def _(grad, out, x, weight, bias=None, *, stride=1):
    return lambda: grad * stride, grad * 3.0, None if bias is None else lambda: grad * 4.0

rules = {conv2d: _}
"""

PROGRAM = '''\
"""A milestone that passes unless it is sabotaged."""

import sys

from tinytorch.core import spatial

convolutional, dense = "convolutional", "dense"


if __name__ == "__main__":
    passed = convolutional == "convolutional" and "_sabotaged" not in vars(spatial)
    print(f"98.0 %\\n{'PASSED' if passed else 'NOT PASSED'}: the mark")
    sys.exit(0 if passed else 1)
'''


def gradients(change: str, **settings) -> list:
    namespace: dict = {}
    exec(SPATIAL + change, namespace)
    rule = namespace["rules"][namespace["conv2d"]]
    given = rule(np.ones(2), None, None, None, **settings)
    return [None if g is None else (g() if callable(g) else g).tolist() for g in given]


def test_frozen_filters_learn_nothing_and_pass_the_gradient_on():
    assert gradients(FROZEN, bias=1, stride=2) == [[2.0, 2.0], [0.0, 0.0], [0.0, 0.0]]
    assert gradients(FROZEN) == [[1.0, 1.0], [0.0, 0.0], None]


def test_a_tenth_is_a_tenth_of_each_gradient():
    assert gradients(TENTH, bias=1) == pytest.approx(np.array([[0.1, 0.1], [0.3, 0.3], [0.4, 0.4]]))


@pytest.fixture
def course(tree) -> Course:
    (tree.root / "modules" / "09_spatter").rename(tree.root / "modules" / "09_spatial")
    (tree.root / "tinytorch" / "core" / "spatial.py").write_text(SPATIAL)
    (tree.root / "milestones").mkdir()
    (tree.root / "milestones" / "cnn.py").write_text(PROGRAM)
    return tree.course


def test_each_version_runs_on_a_package_of_its_own(course, tito):
    ran = tito("check-course", "--milestones")
    assert ran.status == 0, ran.text
    verdicts = [line for line in ran.out.splitlines() if line.startswith(("ok", "FAIL"))]
    assert ["NOT PASSED" in line for line in verdicts] == [False, True, True, True]
    assert "cifar10: left out, it needs CIFAR-10" in ran.out
    assert (course.root / "tinytorch" / "core" / "spatial.py").read_text() == SPATIAL
    assert (course.root / "milestones" / "cnn.py").read_text() == PROGRAM


def test_a_mark_that_a_sabotaged_network_reaches_is_a_failure(course, tito):
    path = course.root / "milestones" / "cnn.py"
    path.write_text(PROGRAM.replace('convolutional == "convolutional" and ', ""))
    ran = tito("check-course", "--milestones")
    assert ran.status == 1
    assert "FAIL  cnn, a dense network in the CNN's place: must be one that does not reach its mark." in ran.out


def test_a_milestone_that_ends_without_a_verdict_proves_nothing(course):
    (course.root / "milestones" / "cnn.py").write_text(PROGRAM.replace("PASSED", "DONE"))
    with pytest.raises(TitoError, match=r"milestones/cnn\.py gave no verdict \(exit status 0\)"):
        check_milestones.prove(course, None, lambda step: None)


@pytest.mark.parametrize("name", ["cnn", "cifar10"])
def test_the_milestones_of_the_course_can_be_changed_as_the_proof_does(name):
    for _, spatial, program, _ in check_milestones._versions(Course(REPOSITORY), name):
        compile(spatial, "spatial.py", "exec")
        compile(program, name, "exec")
