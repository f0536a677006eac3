"""Whatever a student's program does, it never passes for right and never hangs: it ends with a sentence."""

import re
import sys
import time

import pytest

from tito import child

BODY = "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
IN_DOUBLE = "look in double (modules/01_alpha/alpha_dev.py:28) for what ends the program"
MEMORY = "a program that tito runs may take 8 GiB of memory"
TEN_GB = 10 * 2**30


def write(tree, body: str) -> None:
    path = tree.write_alpha()
    text = path.read_text(encoding="utf-8")
    assert BODY in text
    path.write_text(text.replace(BODY, "".join(f"    {line}\n" for line in body.splitlines())), encoding="utf-8")


def need_a_limit(words: str) -> None:
    if words == MEMORY and sys.platform != "linux":
        pytest.skip("only Linux lets tito bound a program's memory")


INLINE = {
    "an endless loop": ("while True:\n    pass", "stopped after 1 seconds: it was in modules/01_alpha/alpha_dev.py:"),
    "an endless loop that catches all": (
        "while True:\n    try:\n        while True:\n            x += 1\n    except BaseException:\n        pass",
        "stopped after 1 seconds: it was in modules/01_alpha/alpha_dev.py:",
    ),
    "deaf to signals": (
        "import signal\nfor s in range(1, 32):\n    if s not in (9, 19):\n        signal.signal(s, signal.SIG_IGN)\n"
        "while True:\n    pass",
        "stopped after 1 seconds: test_double was running",
    ),
    "a thread that never ends": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(999,)).start()\nreturn 2 * x",
        "stopped after 1 seconds: test_double was running",
    ),
    "10 GB of numbers": (f"import numpy as np\nreturn np.zeros({TEN_GB // 8})", MEMORY),
    "10 GB of a list": (f"return [None] * {TEN_GB // 8}", MEMORY),
    "100 MB printed": ("for _ in range(100):\n    print('x' * 10**6)\nreturn 3 * x", "99,998,100 more characters that"),
    "100 MB written": ("import os\nfor _ in range(100):\n    os.write(1, b'x' * 10**6)\nreturn 3 * x", "test_double failed"),
    "a message of 10 MB": ("raise ValueError('x' * 10**7)", "more characters are left out"),
    "os._exit(0)": ("import os\nos._exit(0)", f"0 of 1 inline tests ran, then the file ended (exit status 0): test_double did not run.\n      It ended while test_double ran: {IN_DOUBLE}"),
    "sys.exit(0)": ("import sys\nsys.exit(0)", "test_double failed"),
    "os._exit(0) at the end": ("import atexit, os\natexit.register(os._exit, 0)\nreturn 3 * x", "test_double failed"),
    "a crash": ("import os\nos.abort()", f"(exit status -6): test_double did not run.\n      It ended while test_double ran: {IN_DOUBLE}"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "The system killed it, as it does where memory runs out"),
    "no output": ("import sys\nsys.stdout = sys.stderr = None\nreturn 3 * x", "test_double failed"),
    "no place for results": ("import os\ndel os.environ['TINYTORCH_RESULTS']\nreturn 2 * x", "0 of 1 inline tests ran"),
}  # fmt: skip


@pytest.mark.parametrize("kind", INLINE)
def test_in_the_inline_tests(tree, tito, kind):
    body, words = INLINE[kind]
    need_a_limit(words)
    write(tree, body)
    began = time.monotonic()
    ran = tito("module", "complete", "alpha", "--time-limit", "1" if words.startswith("stopped") else "60")
    assert ran.status == 1, ran.text
    assert words in ran.out
    assert "\nok" not in ran.out
    assert len(ran.text) < 30_000
    assert "Traceback" not in ran.text
    assert time.monotonic() - began < 60, "it does not hang"


PYTEST = {
    "an endless loop": ("while x == 3:\n    pass\nreturn 2 * x", "stopped after 4 seconds: it was in modules/01_alpha/alpha"),
    "10 GB": (f"import numpy as np\nif x == 3:\n    np.zeros({TEN_GB // 8})\nreturn 2 * x", MEMORY),
    "100 MB printed": ("if x == 3:\n    print('x' * 10**8)\n    return 0\nreturn 2 * x", "assert 0 == (3 + 3)"),
    "a message of 10 MB": ("if x == 3:\n    raise ValueError('x' * 10**7)\nreturn 2 * x", "more characters are left out"),
    "os._exit(0)": ("import os\nif x == 3:\n    os._exit(0)\nreturn 2 * x", "pytest tests/01_alpha did not come to its end (exit status 0)"),
    "sys.exit(0)": ("import sys\nif x == 3:\n    sys.exit(0)\nreturn 2 * x", "tests/01_alpha/test_double.py::test_doubling_adds_a_number_to_itself failed."),
    "tests deleted": ("import os, pathlib, shutil\nshutil.rmtree(pathlib.Path(os.getcwd()).parents[1] / 'tests', ignore_errors=True)\nreturn 2 * x", "tests/01_alpha is missing: nothing checks the package.\n      `git checkout -- tests/01_alpha`"),
}  # fmt: skip


@pytest.mark.parametrize("kind", PYTEST)
def test_in_pytest(tree, tito, kind):
    body, words = PYTEST[kind]
    need_a_limit(words)
    write(tree, body)
    ran = tito("module", "complete", "alpha", "--time-limit", "4" if words.startswith("stopped") else "60")
    assert ran.status == 1, ran.text
    assert "1 of 1 inline tests passed" in ran.out
    assert words in ran.out
    assert "is complete" not in ran.out
    assert len(ran.text) < 30_000


@pytest.mark.parametrize("ending", ["import os; os._exit(0)", "import sys; sys.exit(0)", "while True: pass"])
def test_at_the_top_of_the_file(tree, tito, ending):
    tree.write_alpha(solution=f"# %%\n{ending}\n\n")
    ran = tito("module", "test", "alpha", "--time-limit", "1")
    assert ran.status == 1
    assert re.search("0 of 1 inline tests ran|stopped after 1 seconds: it was in", ran.out)


def test_100_mb_of_output_are_passed_on_in_part_and_counted(tmp_path, capfd):
    (tmp_path / "program.py").write_text("import os\nfor _ in range(100):\n    os.write(1, b'x' * 10**6)\n")
    outcome = child.run(["program.py"], cwd=tmp_path, env=child.environment(tmp_path), limit=60)
    assert outcome.status == 0
    out = capfd.readouterr().out
    assert len(out) < 1_100_000
    assert "(99,000,000 more bytes of output left out)" in out


def test_what_the_course_needs_is_far_below_the_limit(tmp_path):
    """Threads and what OpenBLAS reserves count too: of the limit, a product on all cores takes little."""
    code = (
        "import numpy as np\nfrom pathlib import Path\na = np.ones((2000, 2000))\n(a @ a).sum()\n"
        "kilobytes = next(line for line in open('/proc/self/status') if line.startswith('VmData')).split()[1]\n"
        "Path('taken').write_text(kilobytes)\n"
    )
    (tmp_path / "program.py").write_text(code)
    child.run(["program.py"], cwd=tmp_path, env=child.environment(tmp_path), limit=60)
    assert int((tmp_path / "taken").read_text()) * 1024 < child.MEMORY / 4
