"""Where the numbers of docs/ come from. See tests/chapters/prose.py."""

import re
from pathlib import Path

import tinytorch as tt
from tinytorch.data import download
from tito import shape, snapshots
from tito.course import Course

course = Course(Path(__file__).resolve().parents[3])
last = int(course.modules[-1].number)
tenth = "a tenth" if last + 1 == 10 else f"module number {last + 1}"
kept = "last hundred" if snapshots.KEPT == 100 else f"last {snapshots.KEPT}"

x = y = tt.tensor(1.0, requires_grad=True)
chain = 10_000
for _ in range(chain):
    y = y + 0.0
y.backward()
assert x.grad.item() == 1

lines, given = shape.CHAPTER, shape.GIVEN_BODY
(schema,) = set(re.findall(r'"schema_version": (\d+)', course.modules[0].read_dev()))
labels = list(range(3))
archive = download.CIFAR10_SIZE / 1e6

SENTENCES = {
    "docs/making.md": [
        "have {tenth} module with",
        "A chapter has at most {lines} lines.",
        "has at most {given} given lines of body.",
    ],
    "docs/design.md": ["a chain of {about('ten thousand', chain)} operations"],
    "docs/teacher.md": ["nbgrader's metadata (schema {schema}): exercises"],
    "docs/student/a-day.md": ["`09`, `{last}`, `spatial` or `09_spatial`", "kept: the {kept} states"],
    "docs/student/when-it-fails.md": [
        "three classes are numbered {labels[0]}, {labels[1]}, {labels[2]}.",
        "they are {archive:.0f} megabytes",
    ],
}
