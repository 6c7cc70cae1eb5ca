"""The same inputs give the same bytes, whatever the folder, file order on disk, time zone, locale, and hash seed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from projects import files_below, run_apart

ROOT = Path(__file__).parents[1]
SOURCES = [
    path.relative_to(ROOT)
    for folder in ("patterns", "skills")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
]
ELSEWHERE = {
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "tr_TR.UTF-8",
    "PYTHONHASHSEED": "4711",
    "HOME": "/nonexistent",
    "COLUMNS": "41",
}


@pytest.mark.parametrize("command", [("build",), ("package", "--to", "dist", "--provenance")], ids=["build", "package"])
def test_two_machines_make_the_same_bytes(tmp_path: Path, command: tuple[str, ...]) -> None:
    here, there = tmp_path / "a", tmp_path / "b b" / "ü"
    lay_out(here, SOURCES)
    lay_out(there, SOURCES[::-1])
    run(here, command, {"PYTHONHASHSEED": "1"})
    run(there, command, ELSEWHERE)
    output = command[2] if len(command) > 1 else "build"
    first, second = tree(here / output), tree(there / output)
    assert first
    assert first == second


def test_the_committed_bundles_are_current(tmp_path: Path) -> None:
    lay_out(tmp_path, SOURCES)
    run(tmp_path, ("build",), {})
    assert tree(tmp_path / "build") == tree(ROOT / "build")


def lay_out(project: Path, sources: list[Path]) -> None:
    """A project of our own patterns and skills, with its files created in the given order."""
    for source in sources:
        target = project / source
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, target)


def run(project: Path, command: tuple[str, ...], environment: dict[str, str]) -> None:
    done = run_apart(project, command, environment)
    assert done.status == 0, done.out + done.err


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, with its bytes and whether it is executable."""
    return {path: (data, (folder / path).lstat().st_mode & 0o111) for path, data in files_below(folder).items()}
