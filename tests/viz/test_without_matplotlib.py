"""Without the extra `viz` everything else works, and figures say what to install."""

import subprocess
import sys

import pytest

HIDDEN = "import sys\nsys.modules['matplotlib'] = None\n"


def python(program):
    return subprocess.run([sys.executable, "-c", HIDDEN + program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "wish", ["import tinytorch.viz", "from tinytorch import viz", "import tinytorch\ntinytorch.viz.filters"]
)
def test_an_import_of_the_figures_names_the_extra(wish):
    done = python(wish)
    assert done.returncode == 1
    assert "ImportError: tinytorch.viz draws with matplotlib, the extra `viz`: pip install -e '.[viz]'" in done.stderr


def test_everything_else_works():
    done = python(
        "import tinytorch\nfrom tinytorch import *\nfrom tinytorch import analysis, nn\n"
        "print(tinytorch.summary(nn.Conv2d(3, 4, 3), (1, 3, 8, 8)).total_params)"
    )
    assert done.stdout == "112\n", done.stderr


def test_tinytorch_itself_loads_no_matplotlib():
    program = "import sys, tinytorch\nfrom tinytorch import nn, analysis\nprint('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr
