"""A student's files that are links, private or read-only: whatever command writes them leaves them so."""

import os
import stat
from pathlib import Path

import pytest

from tito import changes

STUB = 'raise NotImplementedError("Module 01, exercise 1: double")'
WRITTEN = "return x + x"


@pytest.fixture
def dev(edition) -> Path:
    path = edition.alpha.dev
    path.write_text(path.read_text(encoding="utf-8").replace(STUB, WRITTEN), encoding="utf-8")
    return path


def link_away(path: Path, folder: Path) -> Path:
    """Move the file into another folder and leave a link in its place; returns where it is."""
    moved = path.rename(folder / path.name)
    path.symlink_to(moved)
    return moved


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


WRITERS = {
    "reset": [("module", "reset", "1")],
    "reset of an exercise": [("module", "reset", "1", "double")],
    "undo": [("module", "reset", "1"), ("undo",)],
    "notebook": [("notebook", "1"), "change", ("notebook", "1", "--from", "ipynb")],
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_linked_private_dev_file_stays_one(edition, dev, tito, tmp_path, writer):
    real = link_away(dev, tmp_path)
    real.chmod(0o600)
    for command in WRITERS[writer]:
        before = real.read_bytes()
        if command == "change":
            real.write_text(real.read_text(encoding="utf-8").replace(WRITTEN, "return 7"), encoding="utf-8")
            continue
        ran = tito(*command)
        assert ran.status == 0, ran.text
        assert dev.is_symlink() and mode(real) == 0o600
    assert real.read_bytes() != before, "it was written through the link"
    assert writer == "reset" or (WRITTEN in real.read_text(encoding="utf-8")) == (writer in ("undo", "notebook"))
    snapshot = next((edition.root / ".tito" / "snapshots").rglob("alpha_dev.py"))
    assert mode(snapshot) == 0o600 and not snapshot.is_symlink()


def test_an_export_and_a_record_are_written_through_links(edition, dev, tito, tmp_path):
    assert tito("module", "complete", "1").status == 0
    record = edition.root / ".tito" / "01_alpha.json"
    moved = [link_away(edition.alpha.core, tmp_path), link_away(record, tmp_path)]
    for path in moved:
        path.chmod(0o640)
    dev.write_text(dev.read_text(encoding="utf-8").replace(WRITTEN, "return 2 * x"), encoding="utf-8")
    old = [path.read_bytes() for path in moved]
    assert tito("module", "complete", "1").status == 0
    assert edition.alpha.core.is_symlink() and record.is_symlink()
    assert all(path.read_bytes() != before and mode(path) == 0o640 for path, before in zip(moved, old))


@pytest.mark.parametrize("command", [("module", "reset", "1"), ("module", "reset", "1", "double"), ("undo",)])
def test_a_read_only_dev_file_is_refused(edition, dev, tito, command):
    if command == ("undo",):
        tito("module", "reset", "1")
    dev.chmod(0o444)
    kept = dev.read_bytes()
    ran = tito(*command)
    assert ran.status == 2
    assert f"cannot write {dev}: it is read-only (mode 0444). What was there is unchanged." in ran.err
    assert "chmod u+w" in ran.err
    assert dev.read_bytes() == kept and mode(dev) == 0o444


def test_a_read_only_export_is_refused(edition, dev, tito):
    edition.alpha.core.write_text("x = 1\n")
    edition.alpha.core.chmod(0o444)
    ran = tito("export", "1")
    assert ran.status == 2
    assert f"cannot write {edition.alpha.core}: it is read-only (mode 0444)" in ran.err
    assert edition.alpha.core.read_text() == "x = 1\n"


def test_files_that_change_together_do_so_through_links(tmp_path):
    (tmp_path / "away").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "away" / "a").write_text("old")
    (tmp_path / "away" / "a").chmod(0o600)
    (tmp_path / "root" / "a").symlink_to("../away/a")
    (tmp_path / "root" / "folder").symlink_to("../away")
    changes.change(tmp_path / "root", {"a": b"new", "folder/b": b"b", "c": b"c"})
    assert (tmp_path / "root" / "a").is_symlink() and (tmp_path / "root" / "folder").is_symlink()
    assert (tmp_path / "away" / "a").read_text() == "new" and mode(tmp_path / "away" / "a") == 0o600
    assert (tmp_path / "away" / "b").read_text() == "b" and (tmp_path / "root" / "c").read_text() == "c"


def test_files_that_change_together_may_lie_on_another_disk(tmp_path, monkeypatch):
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "a").write_text("old")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a").symlink_to("../away/a")
    rename = os.replace

    def on_two_disks(old: Path, new: Path) -> None:
        if Path(old).is_relative_to(tmp_path / "root") != Path(new).is_relative_to(tmp_path / "root"):
            raise OSError(18, "Invalid cross-device link")
        rename(old, new)

    monkeypatch.setattr(os, "replace", on_two_disks)
    changes.change(tmp_path / "root", {"a": b"new"})
    assert (tmp_path / "root" / "a").is_symlink() and (tmp_path / "away" / "a").read_text() == "new"
    assert os.listdir(tmp_path / "away") == ["a"]


def test_where_one_file_is_read_only_none_changes(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text("old")
    (tmp_path / "b").chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        changes.change(tmp_path, {"a": b"new", "b": b"new"})
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == "old"
