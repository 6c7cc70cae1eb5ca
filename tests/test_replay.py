"""What is said again without a run: only ever what a run would say, and nothing is loaded for it."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from conftest import read_tree
from skillweave.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Skillweave

SKILL = "---\nname: {}\ndescription: A skill for tests. Use it in tests.\n---\n\n<<include: a.md>>\n"
FILES = {
    "skillweave.toml": "banner = false\n",
    "skills/s/SKILL.md": SKILL.format("s"),
    "skills/s/run.sh": "true\n",
    "skills/t/SKILL.md": SKILL.format("t"),
    "patterns/a.md": "# A\n\n[b](b.md)\n",
    "patterns/b.md": "# B\n",
    "patterns/unused.md": "# Nobody includes it\n",
}
COMMANDS = ("build", "check", "build --check")


class Change(NamedTuple):
    """Something that happens after a run, and which commands may still say what they said."""

    make: Callable[[Path], object]
    leaves: tuple[str, ...] = ()


def write(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def replace_by_link(root: Path, path: str) -> None:
    (root / path).rename(root.parent / "moved")
    (root / path).symlink_to(root.parent / "moved")


def same_size(root: Path) -> None:
    """An edit that neither size nor modification time tells of."""
    file = root / "patterns/b.md"
    before = file.stat()
    file.write_text("# C\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_folder(root: Path) -> None:
    (root / "patterns/b.md").unlink()
    (root / "patterns/b.md").mkdir()


def new_anchor(root: Path) -> None:
    anchor = root / ".skillweave/.gitignore"
    anchor.unlink()
    anchor.write_text("*\n")


def spoil(root: Path, data: bytes) -> None:
    for answer in (root / ".skillweave").glob("*.answer"):
        answer.write_bytes(data)


def make_fifos(root: Path) -> None:
    for answer in (root / ".skillweave").glob("*.answer"):
        answer.unlink()
        os.mkfifo(answer)


CHANGES = {
    "nothing": Change(Path.exists, COMMANDS),
    "a pattern is touched": Change(lambda root: os.utime(root / "patterns/a.md"), COMMANDS),
    "a pattern is written again": Change(lambda root: write(root, "patterns/b.md", "# B\n"), COMMANDS),
    "the configuration is touched": Change(lambda root: os.utime(root / "skillweave.toml"), COMMANDS),
    "an output is touched": Change(lambda root: os.utime(root / "build/skills/s/SKILL.md"), COMMANDS),
    "a pattern is edited": Change(lambda root: write(root, "patterns/b.md", "# B!\n")),
    "a pattern is edited, and as long and old as before": Change(same_size),
    "a pattern is there no more": Change(lambda root: (root / "patterns/b.md").unlink()),
    "a pattern has another name": Change(lambda root: (root / "patterns/b.md").rename(root / "patterns/c.md")),
    "a pattern is a folder": Change(make_folder),
    "a pattern is a symlink to what it was": Change(lambda root: replace_by_link(root, "patterns/b.md")),
    "a pattern is new": Change(lambda root: write(root, "patterns/new.md", "# New\n")),
    "patterns are a symlink": Change(lambda root: replace_by_link(root, "patterns")),
    "a skill is new": Change(lambda root: write(root, "skills/u/SKILL.md", SKILL.format("u"))),
    "a skill is there no more": Change(lambda root: shutil.rmtree(root / "skills/t")),
    "a file of a skill can be executed": Change(lambda root: (root / "skills/s/run.sh").chmod(0o755)),
    "the configuration says something else": Change(lambda root: write(root, "skillweave.toml", "banner = true\n")),
    "the configuration is there no more": Change(lambda root: (root / "skillweave.toml").unlink()),
    "an output is edited": Change(lambda root: write(root, "build/skills/s/SKILL.md", "mine\n"), ("check",)),
    "an output is there no more": Change(lambda root: (root / "build/skills/s/run.sh").unlink(), ("check",)),
    "an output is a symlink": Change(lambda root: replace_by_link(root, "build/skills/s/SKILL.md"), ("check",)),
    "an output can be executed": Change(lambda root: (root / "build/skills/s/SKILL.md").chmod(0o755), ("check",)),
    "a file stands among the outputs": Change(lambda root: write(root, "build/skills/s/mine.md", "x"), ("check",)),
    "the lock file is there no more": Change(lambda root: (root / "build/skillweave.lock.json").unlink(), ("check",)),
    "the outputs are there no more": Change(lambda root: shutil.rmtree(root / "build")),
    "the outputs lie elsewhere": Change(lambda root: replace_by_link(root, "build")),
    "the cache is a copy": Change(new_anchor),
    "the cache is there no more": Change(lambda root: shutil.rmtree(root / ".skillweave")),
    "the answer is empty": Change(lambda root: spoil(root, b"")),
    "the answer is none": Change(lambda root: spoil(root, b"\xff\0\0\0\0\0")),
    "the answer has no end": Change(make_fifos),
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for each change, and what the two commands said of it, when it had been left alone for long enough."""
    from skillweave.cli import run

    folder = tmp_path_factory.mktemp("settled")
    waiting = [folder / f"{number}/project" for number in range(len(CHANGES) + 1)]
    for root in waiting:
        for path, text in FILES.items():
            write(root, path, text)
    # An answer is given to who prints to the same kind of stream: the tests capture what is printed in one like these.
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="UTF-8") for _ in range(2))
    while waiting:
        # A stamp that is younger than two seconds proves nothing, and no answer is kept until then.
        for root in waiting:
            with chdir(root), redirect_stdout(out), redirect_stderr(err):
                assert {run(command.split()) for command in COMMANDS} == {0}
        waiting = [root for root in waiting if len([*root.glob(".skillweave/*.answer")]) < len(COMMANDS)]
    return folder


@pytest.fixture
def untouched(settled: Path, skillweave_here: Skillweave) -> Path:
    """The one project that stays as it is."""
    root = settled / f"{len(CHANGES)}/project"
    for command in COMMANDS:
        assert skillweave_here(root, command.split()).status == 0
    return root


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=list(CHANGES))
def test_a_change_is_seen(
    number: int, settled: Path, skillweave_here: Skillweave, capsys: pytest.CaptureFixture[str]
) -> None:
    change, root = [*CHANGES.values()][number], settled / f"{number}/project"
    skillweave_here(root, ["--version"])
    assert {replay(command.split()) for command in COMMANDS} == {0}, "there is an answer to begin with"
    capsys.readouterr()
    change.make(root)
    for command in ("check", "build --check", "build"):
        status = replay(command.split())
        said = capsys.readouterr()
        assert (status is not None) == (command in change.leaves), command
        if status is not None:
            anew = skillweave_here(root, [*command.split(), "--no-cache"])
            assert (status, timeless(said.out), said.err) == (anew.status, timeless(anew.out), anew.err)
            assert "SW304" in said.out + said.err
    if change.leaves == COMMANDS:
        before = read_tree(root / "build")
        assert skillweave_here(root, ["build", "--no-cache"]).status == 0
        assert read_tree(root / "build") == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("arguments", [["check", "-q"], ["check", "--strict"], ["check", "s"], ["clean"], []])
def test_other_arguments_are_another_question(arguments: list[str]) -> None:
    assert replay(arguments) is None


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR", "_SKILLWEAVE_COMPLETE"])
def test_other_surroundings_are_another_question(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert replay(["check"]) == 0
    monkeypatch.setenv(name, "1")
    assert replay(["check"]) is None


def test_an_answer_is_that_of_its_folder(untouched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(untouched / "skills")
    assert replay(["check"]) is None


@pytest.mark.parametrize("more", [["-q"], ["--format", "concise"], ["--format", "json"], ["--color", "always"]])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_said_again_is_what_was_said(
    command: str, more: list[str], untouched: Path, skillweave_here: Skillweave, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*command.split(), *more]
    first = skillweave_here(untouched, arguments)
    status = replay(arguments)
    again = capsys.readouterr()
    assert (status, timeless(again.out), again.err) == (first.status, timeless(first.out), first.err)
    assert (first.out + first.err == "") == (more == ["-q"])


@pytest.mark.parametrize("more", [["--verbose"], ["--select", "SW3"], ["--format", "github"], ["--no-cache"], ["s"]])
def test_what_says_more_is_not_kept(more: list[str], untouched: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(untouched, ["check", *more])
    assert replay(["check", *more]) is None


def test_nothing_is_loaded_for_it(untouched: Path) -> None:
    code = "import sys; from skillweave.__main__ import run; run(['check']); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # The first one has other streams than the last run had, and is a run of its own.
    first, again = (
        subprocess.run(
            [sys.executable, "-S", "-c", code],
            cwd=untouched,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split()
        for _ in range(2)
    )
    heavy = {"click", "dataclasses", "json", "pathlib", "re", "typing"}
    assert heavy <= {*first}
    assert heavy & {*again} == set()


def timeless(text: str) -> str:
    """A text without how long a build took."""
    return re.sub(r"in \d+\.\d\d s", "in a while", text)
