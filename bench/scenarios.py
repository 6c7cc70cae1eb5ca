"""The rows of the tables: what is done to a project before each run, and what is measured beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from measure import Subject
from peers import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from corpus import Facts

SKILLWEAVE = (sys.executable, "-m", "skillweave")


class Row(NamedTuple):
    """A measure of an incremental build, its bar as a multiple of the walk, and the entries it must rewrite."""

    name: str
    command: Sequence[str]
    prepare: Callable[[int], None]
    bar: float
    rewrites: int


def rows(project: Path, facts: Facts) -> tuple[Row, ...]:
    """What is measured in a built project. Each row leaves the project built."""
    build = (*SKILLWEAVE, "build", "--quiet")
    few, many = len(facts.ordinary_entries), len(facts.hot_entries)
    ordinary, hot = project / "patterns" / facts.ordinary, project / "patterns" / facts.hot
    reach, reach_many = f"{few} entries reach it", f"{many} of {facts.skills} entries reach it"
    return (
        Row("no-op build", build, _nothing, 2, 0),
        Row("no-op check", (*SKILLWEAVE, "check", "--quiet"), _nothing, 2, 0),
        Row(f"a paragraph of one pattern, {reach}", build, _with_paragraphs(ordinary), 3, few),
        Row(f"… behind an edit of another text, {reach}", build, _behind_another(project, facts), 3, few),
        Row(f"a heading of one pattern, {reach}", build, _with_heading(ordinary), 3, few),
        Row(f"a section of one pattern, {reach}", build, _with_section(ordinary), 3, few),
        Row(f"an include of one pattern, {reach}", build, _with_include(ordinary), 3, few),
        Row(f"a paragraph of the hottest, {reach_many}", build, _with_paragraphs(hot), 5, many),
        Row(f"a heading of the hottest, {reach_many}", build, _with_heading(hot), 5, many),
        Row(f"a section of the hottest, {reach_many}", build, _with_section(hot), 5, many),
        Row(f"an include of the hottest, {reach_many}", build, _with_include(hot), 5, many),
        Row("all files touched, none changed", build, lambda _: _touch(project), 2.5, 0),
    )


def floors(project: Path) -> tuple[Subject, Subject]:
    """A walk over the sources in bare Python, and the start of Python with click."""
    sources = [str(project / "patterns"), str(project / "skills")]
    walk = [sys.executable, "-I", "-S", str(DRIVERS / "walk.py"), *sources]
    return Subject("walk", walk, project), Subject("click", [sys.executable, "-c", "import click"], project)


def cold(project: Path) -> Subject:
    """A build without outputs and without a cache."""

    def prepare(_: int) -> None:
        remove(project / "build")
        remove(project / ".skillweave")

    return Subject("skillweave", (*SKILLWEAVE, "build", "--quiet"), project, prepare)


def copy(project: Path, target: Path) -> Subject:
    """`cp -r` of what the project's build made, kept aside so that the builds beside it do not take it away."""
    kept = target / "kept"
    remove(target)
    shutil.copytree(project / "build", kept)
    return Subject("cp -r", ["cp", "-r", str(kept), str(target / "copy")], target, lambda _: remove(target / "copy"))


def inodes(project: Path) -> dict[str, tuple[int, int]]:
    """What tells a rewritten output from one that was left alone, of each entry's own file."""
    found = {}
    for path in (project / "build").glob("skills/*/SKILL.md"):
        stat = path.stat()
        found[str(path)] = (stat.st_ino, stat.st_mtime_ns)
    return found


def remove(path: Path) -> None:
    """Take a folder away, if it is there."""
    shutil.rmtree(path, ignore_errors=True)


def _nothing(_: int) -> None:
    """Leave the project as it is."""


def _with_paragraphs(path: Path) -> Callable[[int], None]:
    """Each call has the file end with a paragraph more, or less, that says what no other one ever said."""
    return _ending(path, lambda edits: f"This is edit {edits}.\n\n" * (1 + edits % 2))


def _behind_another(project: Path, facts: Facts) -> Callable[[int], None]:
    """Each call builds an edit of a skill that holds the pattern, and then edits the pattern."""
    skill = _with_paragraphs(project / facts.ordinary_entries[0])
    pattern = _with_paragraphs(project / "patterns" / facts.ordinary)

    def edit(number: int) -> None:
        skill(number)
        subprocess.run((*SKILLWEAVE, "build", "--quiet"), cwd=project, check=True)
        pattern(number)

    return edit


def _with_heading(path: Path) -> Callable[[int], None]:
    """Each call has the file end with a section of another name. A build has to come between the first call and the second."""
    return _ending(path, lambda edits: f"## Section number {edits}\n\nThis is edit {edits}.")


def _with_section(path: Path) -> Callable[[int], None]:
    """Each call has the file end with a section more, or less."""
    return _ending(path, lambda edits: f"This is edit {edits}.\n\n" + "## More\n\nAnd more.\n" * (edits % 2))


def _with_include(path: Path) -> Callable[[int], None]:
    """Each call has the file end with an include more, or less. Only the compiler can tell what that changes."""
    return _ending(path, lambda edits: f"This is edit {edits}.\n\n" + "<<include: later.md optional>>\n" * (edits % 2))


def _ending(path: Path, ending: Callable[[int], str]) -> Callable[[int], None]:
    text = path.read_text(encoding="utf-8").rstrip("\n")
    edits = 0

    def edit(_: int) -> None:
        nonlocal edits
        edits += 1
        path.write_text(f"{text}\n\n{ending(edits).rstrip()}\n", encoding="utf-8")

    return edit


def _touch(project: Path) -> None:
    for folder in ("patterns", "skills"):
        for path in (project / folder).rglob("*"):
            if path.is_file():
                os.utime(path)
