"""Seeds: one per session, repeatable per test, different between runs."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tinytorch.testing import generator, pytest_report_header, seed, seeding


def test_the_variable_sets_the_seed(monkeypatch):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", "7")
    assert seed() == 7
    assert pytest_report_header() == "seed: 7 (repeat with TINYTORCH_TEST_SEED=7)"


def test_a_fresh_seed_is_kept_for_child_processes(monkeypatch):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", "7")  # so that it is put back afterwards
    del os.environ["TINYTORCH_TEST_SEED"]
    first = seed()
    assert seed() == first and os.environ["TINYTORCH_TEST_SEED"] == str(first)
    del os.environ["TINYTORCH_TEST_SEED"]
    assert seed() != first  # one chance in 2**32 to be wrong


@pytest.mark.parametrize("text", ["", "seven", "-1", "1.5"])
def test_a_seed_that_is_no_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", text)
    with pytest.raises(ValueError, match="TINYTORCH_TEST_SEED must be a whole number.*TINYTORCH_TEST_SEED=7"):
        seed()


def test_generators_of_one_test_are_independent():
    assert not np.array_equal(generator().random(4), generator().random(4))


def test_a_test_draws_the_same_alone_and_among_others(monkeypatch):
    monkeypatch.setenv("TINYTORCH_TEST_SEED", "7")
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    seeding.begin("one")
    among = generator().random(4)
    seeding.begin("two")
    other = generator().random(4)
    seeding.begin("one")
    assert np.array_equal(generator().random(4), among)
    assert not np.array_equal(other, among)


def test_importing_the_checks_imports_nothing_heavy():
    code = "import sys, tinytorch.testing; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    names = set(loaded.stdout.split())
    assert "numpy" in names
    assert not names & {
        "pytest",
        "rich",
        "hypothesis",
        "tinytorch.core.tensor",
        "tinytorch.testing.misconceptions",
    }


def test_all_workers_of_a_run_share_one_seed(tmp_path):
    hooks = "from tinytorch.testing import pytest_configure, pytest_report_header\n"
    (tmp_path / "conftest.py").write_text(hooks)
    check = "from tinytorch.testing import seed\ndef test_{0}():\n    open('seed-{0}', 'w').write(str(seed()))\n"
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(check.format(name))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    without = {name: value for name, value in os.environ.items() if name != "TINYTORCH_TEST_SEED"}
    without["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n2"]
    done = subprocess.run(command, cwd=tmp_path, env=without, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert len({(tmp_path / f"seed-{name}").read_text() for name in "abcd"}) == 1
