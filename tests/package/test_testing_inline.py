"""Inline tests: what a dev file prints, records and returns when it is run, and that it is silent on import."""

import json
import os
import subprocess
import sys

import pytest

HEAD = """import sys
import numpy as np
from tinytorch.testing import Case, assert_close, inline_test, report
"""


class Run:
    def __init__(self, folder, body, **environment):
        self.file = folder / "unit_dev.py"
        self.file.write_text(HEAD + body, encoding="utf-8")
        results = folder / "results.jsonl"
        environment = {
            **os.environ,
            "TINYTORCH_RESULTS": str(results),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        }
        command = [sys.executable, str(self.file)]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=60, cwd=folder)
        self.status = done.returncode
        self.out, self.err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
        self.events = [json.loads(line) for line in lines]
        self.tests = {event["name"]: event for event in self.events if event["event"] == "test"}

    def line_of(self, text):
        return next(i for i, line in enumerate(self.file.read_text().splitlines(), 1) if text in line)


def one_test(check, code=""):
    return f'{code}\n@inline_test("Unit")\ndef test_unit(verify):\n    with verify("a claim"):\n        {check}\nreport()\n'


@pytest.fixture
def run(tmp_path):
    return lambda body, **environment: Run(tmp_path, body, **environment)


def test_passing_file_prints_claims_and_progress_and_exits_0(run):
    done = run(one_test("assert 1 + 1 == 2"))
    assert (done.status, done.err) == (0, "")
    assert done.out.split("\n") == ["", "Unit", "  ok    a claim", "", "1 of 1 exercises done", ""]


def test_results_are_a_beginning_and_an_end_per_test_and_the_end_of_all(run):
    done = run(one_test("assert 1 + 1 == 2"))
    assert [event["event"] for event in done.events] == ["begin", "test", "end"]
    test = done.tests["test_unit"]
    assert test.pop("seconds") >= 0
    assert test == {
        "event": "test", "name": "test_unit", "title": "Unit", "status": "passed", "verified": ["a claim"],
        "claim": None, "message": "", "diagnosis": None, "hints": [], "place": None, "printed": "",
    }  # fmt: skip


def test_a_failed_claim_stops_its_test_and_no_other(run):
    done = run("""
@inline_test("First")
def test_first(verify):
    with verify("right"):
        assert True
    with verify("wrong"):
        assert (2, 3) == (3, 2), "shapes differ"
    with verify("never reached"):
        assert True

@inline_test("Second")
def test_second(verify):
    with verify("fine"):
        assert True
report()
""")
    assert done.status == 1
    first = done.tests["test_first"]
    assert (first["status"], first["verified"], first["claim"]) == ("failed", ["right"], "wrong")
    assert f"(the check, line {done.line_of('shapes differ')}: assert (2, 3) == (3, 2)" in first["message"]
    assert "never reached" not in done.out
    assert done.tests["test_second"]["status"] == "passed"
    assert "1 of 2 exercises done" in done.out


def test_a_plain_assert_tells_its_expression_and_value(run):
    done = run(one_test("assert x.shape == (3, 2)", code="x = np.zeros((2, 3))"))
    assert "does not hold: x.shape == (3, 2)\n        x.shape is (2, 3)" in done.out


def test_a_plain_assert_runs_no_student_code_a_second_time(run):
    code = "calls = []\ndef f():\n    calls.append(1)\n    print('called', len(calls))\n    return 1"
    done = run(one_test("assert f() == 2", code=code))
    assert "does not hold: f() == 2" in done.out and "called 2" not in done.out


def test_a_stub_is_not_written_yet(run):
    code = "def conv(x):\n    raise NotImplementedError('conv')"
    done = run(one_test("conv(1)", code=code))
    test = done.tests["test_unit"]
    line = done.line_of("raise NotImplementedError")
    assert (test["status"], test["place"]) == ("not written", f"unit_dev.py:{line}, in conv")
    assert f"----  conv is not written yet (line {line})" in done.out
    assert done.status == 1


def test_not_implemented_from_a_library_is_a_failure(run):
    check = "import numbers_of_others; numbers_of_others.f()"
    code = "import pathlib; pathlib.Path('numbers_of_others.py').write_text('def f():\\n    raise NotImplementedError')"
    assert run(one_test(check, code=code)).tests["test_unit"]["status"] == "failed"


CUBE = """
from tinytorch.core.autograd import grad, vjp
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.testing import check_gradients

@primitive
def cube(x):
    return {} * x**3

def of_cube(x):
    return cube(x) + 1

class Cube:
    def __init__(self, size):
        self.size = size

    def forward(self, x):
        return self.size * cube(x)

@vjp(cube)
def _(grad, out, x):
    return {} * grad * x**2
"""
SLOPE = "lambda x: (lambda x: grad(cube(x), x)[0])(Tensor(x, requires_grad=True))"
COMPARE = "case = Case({}, 2.0); assert_close(case(), np.array({}), case=case)"


@pytest.mark.parametrize(
    ("check", "factors", "place"),
    [
        ("check_gradients(cube, np.arange(3.0))", (1, 2), ("def _(", "vjp(cube)")),
        ("check_gradients(cube, np.arange(3.0))", (2, 3), ("def _(", "vjp(cube)")),
        (COMPARE.format("cube", 8.0), (2, 3), ("def cube", "cube")),
        (COMPARE.format("of_cube", 9.0), (2, 3), ("def of_cube", "of_cube")),
        (COMPARE.format("lambda x: cube(x) + 1", 9.0), (2, 3), ("def cube", "cube")),
        (COMPARE.format("lambda x: of_cube(x) + 1", 10.0), (2, 3), ("def of_cube", "of_cube")),
        (COMPARE.format(SLOPE, 12.0), (1, 2), ("def _(", "vjp(cube)")),
        (COMPARE.format("lambda x: Cube(2).forward(x)", 16.0), (2, 3), ("def forward", "Cube.forward")),
    ],
    ids=[
        "a rule",
        "a rule that was right",
        "a function",
        "a function of it",
        "what a lambda calls",
        "the outermost",
        "the last: a rule",
        "the last: a method",
    ],
)
def test_a_wrong_result_is_looked_for_in_what_the_case_is_about(run, check, factors, place):
    done = run(one_test(check, CUBE.format(*factors)))
    assert done.tests["test_unit"]["place"] == f"unit_dev.py:{done.line_of(place[0])}, in {place[1]}"


LAYERS = """
class Tensor:
    def __init__(self, data, requires_grad=False):
        self.data, self.requires_grad = np.asarray(data, float), requires_grad

class Parameter(Tensor):
    pass

class Layer:
    _buffers = ("mean",)
    def parameters(self):
        return [value for value in vars(self).values() if isinstance(value, Parameter)]

class Affine(Layer):
    def __init__(self, size):
        super().__init__()
        self.mean = Tensor(np.zeros(size))
        {}
"""
COUNT = "assert sum(p.data.size for p in Affine(3).parameters()) == 4"
CASE = "case = Case(lambda n: sum(p.data.size for p in Affine(n).parameters()), 3); assert_close(case(), 4, case=case)"


@pytest.mark.parametrize("check", [COUNT, CASE], ids=["assert", "Case"])
@pytest.mark.parametrize(
    ("attributes", "what", "fix"),
    [
        (
            "self.weight, self.bias = Tensor(np.ones(size)), Parameter([1])",
            "weight holds a Tensor where a Parameter belongs",
            "self.weight = Parameter(...).",
        ),
        (
            "self.weight, self.bias = Tensor(np.ones(size)), Tensor(np.array([1]))",
            "weight and bias hold Tensors where Parameters belong",
            "self.weight = Parameter(...).",
        ),
        (
            "self.weights = [Tensor(np.array([1, 1])), Tensor(np.array([1, 1]))]",
            "weights holds a list of Tensors where Parameters belong",
            "setattr(self, f'weights{i}', Parameter(...)).",
        ),
    ],
)
def test_a_forgotten_parameter_is_named_with_its_layer(run, check, attributes, what, fix):
    done = run(one_test(check, LAYERS.format(attributes)))
    headline = f"Affine.__init__: your output is what you get when {what}."
    test = done.tests["test_unit"]
    assert (test["diagnosis"], test["message"].splitlines()[0]) == (headline, headline)
    assert test["hints"][-1] == fix
    assert test["place"] == f"unit_dev.py:{done.line_of('def __init__(self, size)')}, in Affine.__init__"


@pytest.mark.parametrize(
    "attributes", ["self.bias, self.last = Parameter([1]), Tensor(np.array([7]))", "self.bias = Parameter([1])"]
)
def test_a_tensor_that_changes_nothing_in_a_check_is_not_blamed(run, attributes):
    check = "assert Affine(3).bias.data == 2"
    test = run(one_test(check, LAYERS.format(attributes))).tests["test_unit"]
    assert (test["diagnosis"], test["hints"]) == (None, [])


def test_a_test_that_verifies_nothing_fails(run):
    done = run('@inline_test("Empty")\ndef test_empty(verify):\n    pass\nreport()\n')
    assert done.status == 1 and "test_empty verifies nothing" in done.out


def test_a_file_without_tests_fails(run):
    done = run("report()\n")
    assert done.status == 1 and "nothing was verified" in done.out


def test_an_error_inside_numpy_names_the_function_and_its_line(run):
    code = "def project(x):\n    return np.zeros((2, 3)) @ x"
    done = run(one_test("project(np.ones(4))", code=code))
    line = done.line_of("return np.zeros")
    assert f"project on line {line}: ValueError: matmul" in done.out
    assert "return np.zeros((2, 3)) @ x" in done.out
    assert "Traceback" not in done.out + done.err
    assert done.tests["test_unit"]["place"] == f"unit_dev.py:{line}, in project"


def test_a_method_is_named_with_its_class_or_by_itself(run):
    code = "class Layer:\n    def forward(self):\n        return [][1]"
    done = run(one_test("Layer().forward()", code=code))
    assert f"forward on line {done.line_of('return [][1]')}: IndexError" in done.out


def test_what_was_raised_in_an_earlier_module_is_said(run):
    code = "from tinytorch.testing import check_gradients\ndef use():\n    check_gradients(abs, 1)"
    done = run(one_test("use()", code=code))
    assert "raised inside tinytorch.testing.gradients, check_gradients" in done.out


def test_sys_exit_in_tested_code_does_not_end_the_run(run):
    done = run(one_test("leave()", code="def leave():\n    sys.exit(0)"))
    assert done.status == 1 and "leave on line" in done.out and "called sys.exit" in done.out
    assert done.events[-1] == {"event": "end"}


def test_endless_recursion_is_one_sentence(run):
    done = run(one_test("again()", code="def again():\n    return again()"))
    assert "calls itself without end" in done.out and len(done.out) < 400


def test_a_list_instead_of_an_array_names_function_and_line(run):
    code = "def double(x):\n    return [2 * value for value in x]"
    check = "case = Case(double, np.ones(2)); assert_close(case(), np.full(2, 2.0), case=case)"
    done = run(one_test(check, code=code))
    line = done.line_of("def double")
    assert f"double (line {line} of unit_dev.py): expected a Tensor or a NumPy array, got a list" in done.out


def test_a_keyboard_interrupt_ends_the_run(run):
    done = run(one_test("raise KeyboardInterrupt"))
    assert "KeyboardInterrupt" in done.err and done.tests == {} and {"event": "end"} not in done.events


def test_a_megabyte_of_prints_is_cut(run):
    done = run(one_test("print('z' * 2**20)"))
    assert done.out.count("z") == 2000 and "1,046,577 more characters" in done.out
    assert done.status == 0


def test_output_survives_a_terminal_that_knows_ascii_only(run):
    check = "assert 3 == 2, '3\u00d73 \u2192 \u4e2d'"
    done = run(one_test(check), PYTHONIOENCODING="ascii")
    assert done.status == 1 and "FAIL  a claim\n        3x3 -> ?\n" in done.out and done.err == ""
    done = run(one_test("print('\u2713 done')"), PYTHONIOENCODING="ascii")
    assert done.status == 0 and "? done" in done.out


def test_a_file_that_stops_halfway_records_no_end(run):
    done = run(one_test("assert True").replace("report()", "raise RuntimeError('cell')"))
    assert [event["event"] for event in done.events] == ["begin", "test"] and done.status == 1


def test_import_runs_nothing(run, tmp_path):
    run(one_test("raise RuntimeError('ran')"))
    (tmp_path / "results.jsonl").unlink()
    code = "import unit_dev; print(callable(unit_dev.test_unit))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert not (tmp_path / "results.jsonl").exists()


def test_in_a_notebook_report_only_prints_and_a_cell_run_twice_counts_once(tmp_path):
    cell = HEAD + one_test("assert value == 2").replace("report()", "")
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.user_module.__name__ = "__main__"
cell = {cell!r}
for text in ("value = 1", cell, "value = 2", cell, "value = 1", cell, "report()", "print('still here')"):
    shell.run_cell(text)
"""
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert "0 of 1 exercises done" in done.stdout, done.stdout + done.stderr
    assert "still here" in done.stdout and "SystemExit" not in done.stdout


@pytest.mark.parametrize(
    ("check", "ends"),
    [
        ("assert value == 1, 'no'\n        assert value == 2, 'value must be 2'", "AssertionError: value must be 2"),
        ("raise NotImplementedError('Module 09, exercise 3: f')", "NotImplementedError: Module 09, exercise 3: f"),
        ("assert value == 1", "fine"),
    ],
)
def test_in_a_notebook_the_cell_of_a_failed_test_fails_with_one_line_more(tmp_path, check, ends):
    cell = HEAD + one_test(check).replace("report()", "print('fine')")
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.user_module.__name__ = "__main__"
shell.run_cell("value = 1")
print(shell.run_cell({cell!r}).success)
"""
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    *_, last, success = done.stdout.strip().splitlines()
    assert (last, success) == (ends, str(ends == "fine")), done.stdout + done.stderr
    assert "Traceback" not in done.stdout
