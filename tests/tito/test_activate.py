"""`source scripts/activate-tinytorch` in each shell, with an installer that does nothing but what the test says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tito.init import COPIED

REPOSITORY = Path(__file__).resolve().parents[2]

# A `python3` that makes environments in which `pip install` writes a `tito`, or fails where the file `broken` lies.
PYTHON = """\
#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    echo made >>"{log}"
    rm -rf "$4"
    mkdir -p "$4/bin"
    printf 'VIRTUAL_ENV="%s"\\nPATH="$VIRTUAL_ENV/bin:$PATH"\\n' "$4" >"$4/bin/activate"
    cp "$0" "$4/bin/python"
elif [ "$1 $2" = "-m pip" ]; then
    echo "installed in $PWD" >>"{log}"
    [ -e "{broken}" ] && echo "no network" >&2 && exit 1
    printf '#!/bin/sh\\n' >"$(dirname "$0")/tito"
    chmod +x "$(dirname "$0")/tito"
fi
exit 0
"""


@pytest.fixture(params=["bash", "zsh"])
def shell(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not on this machine")
    return request.param


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "my course é"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts" / "activate-tinytorch", root / "scripts")
    (root / "pyproject.toml").write_text("[project]\n")
    return root


@pytest.fixture
def source(course, shell, tmp_path):
    """Run `before`, source the script and run `after`, in a fresh shell whose only Python is the one above."""
    tools = tmp_path / "tools"
    tools.mkdir()
    python = tools / "python3"
    python.write_text(PYTHON.format(log=tmp_path / "log", broken=tmp_path / "broken"))
    python.chmod(0o755)

    def run(after: str = "", before: str = "", path: Path = course):
        script = f"{before}\nsource '{path}/scripts/activate-tinytorch'\nstatus_=$?\n{after}\nexit $status_\n"
        return subprocess.run(
            [shell, "-c", script],
            cwd=tmp_path,
            env={"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=30,
        )

    return run


def log(tmp_path) -> list[str]:
    path = tmp_path / "log"
    return path.read_text().splitlines() if path.exists() else []


def test_the_first_time_it_makes_installs_and_enters(course, source, tmp_path):
    ran = source("echo in $VIRTUAL_ENV; command -v tito")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"in {course}/.venv\n{course}/.venv/bin/tito\n"
    assert log(tmp_path) == ["made", f"installed in {course}"]


def test_the_second_time_it_only_enters(course, source, tmp_path):
    source()
    ran = source("command -v tito")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{course}/.venv/bin/tito\n"
    assert len(log(tmp_path)) == 2


def test_a_failed_install_says_so_fails_and_is_tried_again(course, source, tmp_path):
    (tmp_path / "broken").touch()
    ran = source("echo env=${VIRTUAL_ENV:-none}")
    assert ran.returncode == 1
    assert "no network" in ran.stderr
    assert "the install FAILED (see above): nothing is ready yet" in ran.stderr
    assert ran.stdout == "env=none\n"
    (tmp_path / "broken").unlink()
    assert source("command -v tito").stdout == f"{course}/.venv/bin/tito\n"
    assert log(tmp_path).count(f"installed in {course}") == 2


def test_an_install_that_broke_off_is_taken_up_again(course, source, tmp_path):
    source()
    (course / ".venv" / "tinytorch-installed").unlink()  # written last: absent after a kill at any earlier moment
    assert source().returncode == 0
    assert log(tmp_path).count(f"installed in {course}") == 2
    assert log(tmp_path).count("made") == 1


def test_a_changed_pyproject_is_installed_anew(course, source, tmp_path):
    source()
    (course / "pyproject.toml").write_text("[project]\ndependencies = []\n")
    assert source().returncode == 0
    assert log(tmp_path).count(f"installed in {course}") == 2


@pytest.mark.parametrize("damage", ["bin/python", "bin/activate"])
def test_a_broken_environment_is_made_anew(course, source, tmp_path, damage):
    source()
    (course / ".venv" / damage).unlink()
    ran = source("command -v tito")
    assert ran.returncode == 0, ran.stderr
    assert "is broken or was moved: making it anew" in ran.stderr
    assert ran.stdout == f"{course}/.venv/bin/tito\n"


def test_a_course_that_was_moved_gets_an_environment_of_its_own(course, source, tmp_path):
    source()
    moved = course.rename(tmp_path / "moved")
    ran = source("command -v tito", path=moved)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{moved}/.venv/bin/tito\n"


def test_without_a_fitting_python_it_says_what_to_install(source, tmp_path):
    (tmp_path / "tools" / "python3").write_text("#!/bin/sh\nexit 1\n")
    for name in ("python3.13", "python3.12", "python3.11", "python3.10", "python"):
        shutil.copy(tmp_path / "tools" / "python3", tmp_path / "tools" / name)
    ran = source()
    assert ran.returncode == 1
    assert "no Python 3.10 or newer with its venv module is on PATH" in ran.stderr


def test_the_callers_options_and_names_are_left_alone(source):
    look = "set -o | LC_ALL=C sort; typeset -f | grep -c _tinytorch; echo $PWD"
    before = source(
        before="set -u; set -e\n" + look.replace("grep -c _tinytorch;", "grep -c _tinytorch || true;") + "; exit 0"
    )
    after = source(look.replace("grep -c _tinytorch;", "grep -c _tinytorch || true;"), before="set -u; set -e")
    assert after.returncode == 0, after.stderr
    assert after.stdout == before.stdout


def test_run_instead_of_sourced_it_says_how(course, shell):
    ran = subprocess.run([shell, str(course / "scripts" / "activate-tinytorch")], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "this must be sourced: source " in ran.stderr


def test_the_script_finds_its_course_through_a_python_of_this_version():
    """The real `python3` passes the question that the script asks it."""
    question = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
    assert question in (REPOSITORY / "scripts" / "activate-tinytorch").read_text()
    assert subprocess.run([sys.executable, "-c", question]).returncode == 0


def test_in_a_clone_with_windows_line_ends_it_works(source, tmp_path):
    """With core.autocrlf=true git would write them; `.gitattributes` says otherwise, in an edition as well."""
    kept, clone = tmp_path / "kept", tmp_path / "clone"
    (kept / "scripts").mkdir(parents=True)
    for name in (".gitattributes", "scripts/activate-tinytorch", "pyproject.toml"):
        assert name in COPIED
        shutil.copy(REPOSITORY / name, kept / name)
    git = ["git", "-c", "core.autocrlf=true", "-c", "user.name=A", "-c", "user.email=a@example.invalid"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
        subprocess.run([*git, *arguments], cwd=kept, check=True)
    subprocess.run([*git, "clone", "--quiet", str(kept), str(clone)], check=True)
    assert b"\r" not in (clone / "scripts" / "activate-tinytorch").read_bytes()
    ran = source("command -v tito", path=clone)
    assert (ran.returncode, ran.stdout) == (0, f"{clone}/.venv/bin/tito\n"), ran.stderr


def test_a_folder_whose_name_separates_others_is_refused(course, source, tmp_path):
    ran = source(path=course.rename(tmp_path / "cs:249r"))
    assert ran.returncode == 1
    assert f"the path {tmp_path}/cs:249r holds ':'" in ran.stderr
    assert log(tmp_path) == []
