"""Six programs in the manner of torch's beginner tutorials end with torch's numbers when their import is changed.

A program prints, and leaves `losses` and `weights`. Initial weights and the order of the data come from NumPy, so the two
runs differ in nothing but rounding: sums taken in another order, each within a few units in the last place of float32
(6e-8). Dozens of steps of descent let that grow to about 1e-5, so 1e-4 is asked; a wrong formula is seen at the first step.
"""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.parity

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
IMPORT = re.compile(r"^(from|import) torch\b(?P<deeper>[.\w]*)(?P<rest>.*)$", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
RTOL, ATOL = 1e-4, 2e-5


def imports_changed(text: str) -> str:
    """`import torch` becomes `import tinytorch as torch`, every other import of torch one of tinytorch."""
    found = IMPORT.sub(lambda m: f"{m[1]} tinytorch{m['deeper']}{m['rest']}", text)
    return re.sub(r"^import tinytorch$", "import tinytorch as torch", found, flags=re.MULTILINE)


def run(text: str, path: Path) -> tuple[str, dict[str, object]]:
    names: dict[str, object] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(text, path, "exec"), names)
    return printed.getvalue(), names


def words(line: str) -> str:
    """A printed line without its numbers, and without what only says whose tensor it is."""
    return NUMBER.sub("#", line).replace("torch.", "").replace("Size", "").replace("Tensor", "tensor")


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_a_program_ends_with_torchs_numbers(path):
    text = path.read_text()
    expected_text, expected = run(text, path)
    assert imports_changed(text) != text
    printed, found = run(imports_changed(text), path)
    assert printed.count("\n") == expected_text.count("\n")
    for line, theirs in zip(printed.splitlines(), expected_text.splitlines()):
        numbers, their_numbers = ([float(n) for n in NUMBER.findall(each)] for each in (line, theirs))
        assert np.allclose(numbers, their_numbers, RTOL, last_digit(theirs)), f"prints {line!r}\ntorch: {theirs!r}"
        assert re.sub(r"[\s()\[\],]", "", words(line)) == re.sub(r"[\s()\[\],]", "", words(theirs))
    assert len(expected["losses"]) > 0
    np.testing.assert_allclose(found["losses"], expected["losses"], RTOL, ATOL)
    assert list(found["weights"]) == list(expected["weights"])
    for name, weight in expected["weights"].items():
        np.testing.assert_allclose(found["weights"][name].numpy(), weight.numpy(), RTOL, ATOL, err_msg=name)


def last_digit(line: str) -> float:
    """What a number printed with few decimals may be off by: one in its last place."""
    decimals = [len(part) for part in re.findall(r"\d\.(\d{1,4})\b", line)]
    return max([ATOL, *(10.0**-count for count in decimals if count < 5)]) * 1.001 if decimals else ATOL


def test_the_six_programs_are_there():
    names = {path.stem for path in PROGRAMS}
    assert names == {
        "tensor_tour",
        "autograd",
        "learning_with_examples",
        "what_is_nn",
        "training_a_classifier",
        "mnist",
    }
