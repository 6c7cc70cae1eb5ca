"""Golden cases: `cases/<behaviour>/` contains a project (`source/`) and everything that it produces.

`expected/` is the whole output tree, with executable bits but without the lock file. It is absent if nothing is written.
`diagnostics.txt` is the output of `check --format concise`, plus a last line `exit 1` if that is the exit status. It is
absent if nothing is printed and the status is 0. `full.txt`, where a case has it, is the output of `check --format full`.
A `source/` without a configuration gets the default one from conftest. A builder named after the case creates what git
cannot store.

`pytest tests/test_golden.py --update-golden` rewrites the expected results. A new case needs only its `source/`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import DEFAULT_CONFIG, Skillweave
from projects import OutputFile, read_tree, write

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
IN_FULL = [name for name in NAMES if (CASES / name / "full.txt").exists()]


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, tmp_path: Path, skillweave_here: Skillweave, *, update_golden: bool) -> None:
    case, project = CASES / name, tmp_path / "outer" / "project"
    lay_out(case, project)
    built = skillweave_here(project, ["build"])
    checked = skillweave_here(project, ["check", "--format", "concise"])
    tree = read_tree(project / "build")
    assert {built.status, checked.status} <= {0, 1}, built.err  # before a crash could become an expected result
    diagnostics = checked.out + (f"exit {checked.status}\n" if checked.status else "")
    if update_golden:
        write_tree(case / "expected", tree)
        write_text(case / "diagnostics.txt", diagnostics)
    assert built.status == checked.status, built.err
    assert diagnostics == read_text(case / "diagnostics.txt"), checked.err
    assert tree == read_tree(case / "expected")


@pytest.mark.parametrize("name", IN_FULL)
def test_case_in_full(name: str, tmp_path: Path, skillweave_here: Skillweave, *, update_golden: bool) -> None:
    case, project = CASES / name, tmp_path / "project"
    lay_out(case, project)
    checked = skillweave_here(project, ["check", "--format", "full"])
    if update_golden:
        write_text(case / "full.txt", checked.out)
    assert checked.out == read_text(case / "full.txt")


def test_cases_are_well_formed() -> None:
    """A misspelt `diagnostic.txt` would read as "no diagnostics", and a builder without a case would never run."""
    assert len(NAMES) > 150
    assert IN_FULL
    for name in NAMES:
        held = {path.name for path in (CASES / name).iterdir()}
        assert "source" in held, name
        assert held <= {"source", "expected", "diagnostics.txt", "full.txt"}, name
        assert held & {"expected", "diagnostics.txt"}, name
    assert BUILDERS.keys() <= set(NAMES)


def lay_out(case: Path, project: Path) -> None:
    """Create the case's project, ready to build."""
    shutil.copytree(case / "source", project)
    if not any((project / name).exists() for name in ("skillweave.toml", "pyproject.toml")):
        (project / "skillweave.toml").write_text(DEFAULT_CONFIG)
    if case.name in BUILDERS:
        BUILDERS[case.name](project)


def read_text(path: Path) -> str:
    return path.read_bytes().decode() if path.exists() else ""


def write_text(path: Path, text: str) -> None:
    """Write the text to the file; if the text is empty, remove the file."""
    if text:
        path.write_bytes(text.encode())
    else:
        path.unlink(missing_ok=True)


def write_tree(folder: Path, tree: dict[str, OutputFile]) -> None:
    """The inverse of `read_tree`, except for what git cannot store."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, file in tree.items():
        if name.endswith("/"):
            continue
        write(folder / name, file.content).chmod(0o755 if file.executable else 0o644)


# Builders for what git cannot store, or what a checkout on another system would change.


def no_configuration(project: Path) -> None:
    (project / "skillweave.toml").unlink()


def empty_folders(project: Path) -> None:
    (project / "entries" / "empty").mkdir()
    (project / "skills" / "empty").mkdir(parents=True)


def litter(project: Path) -> None:
    skill = project / "skills" / "x"
    names = (".hidden", ".git/config", "__pycache__/a.txt", "mod.pyc", "node_modules/a/a.md", "SKILL.md~", ".a.swp")
    for name in names:
        write(skill / name, "<<include: nope.md>>\n")


def fifo(project: Path) -> None:
    (project / "patterns").mkdir()
    os.mkfifo(project / "patterns" / "a.md")


def fifo_in_a_skill(project: Path) -> None:
    os.mkfifo(project / "skills/s/data.bin")


def symlink_to(target: str, name: str = "patterns/a.md") -> Callable[[Path], None]:
    def build(project: Path) -> None:
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).symlink_to(target)

    return build


def symlinks_to_other_names(project: Path) -> None:
    for name in ("patterns/l.md", "skills/own/l.md", "entries/l.md"):
        (project / name).symlink_to("NOTES")
    (project / "skills" / "main" / "SKILL.md").symlink_to("real.txt")


def symlinks_to_assets(project: Path) -> None:
    (project / "patterns/sub/link.txt").symlink_to("a.txt")
    (project / "patterns/folder").symlink_to("sub")


def symlinks_to_skills(project: Path) -> None:
    """Links to a skill, to a folder of skills, in a cycle, and to a skill that is reachable only through the link."""
    skills = project / "skills"
    (skills / "alias").symlink_to("x")
    (skills / "groups").symlink_to("group")
    (skills / "x" / "self").symlink_to(".")
    (skills / "from-docs").symlink_to("../docs/from-docs")


def names_that_differ_in_case(project: Path) -> None:
    write_text(project / "docs/a.md", "a\n")


BUILDERS: dict[str, Callable[[Path], None]] = {
    "project-zero-config": no_configuration,
    "project-empty-folders": empty_folders,
    "project-litter-is-left-out": litter,
    "project-symlinks-to-skills": symlinks_to_skills,
    "path-fifo": fifo,
    "project-fifo-in-a-skill": fifo_in_a_skill,
    "path-symlink-to-another-name": symlinks_to_other_names,
    "links-asset-symlinks": symlinks_to_assets,
    "path-symlink-inside": symlink_to("sub/real.md"),
    "path-symlink-outside": symlink_to("../private/secret.md"),
    "path-symlink-dangling": symlink_to("nowhere.md"),
    "cycle-symlink": symlink_to("b.md"),
    "collide-with-another-entry": names_that_differ_in_case,
}
