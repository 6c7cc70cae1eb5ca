"""Replaying the answer of an earlier run: it always equals what a new run would print, and loads no heavy modules."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from projects import read_tree, run_apart, skill, timeless, write, write_files
from skillweave.cachedir import MOST
from skillweave.replay import MANY, replay
from skillweave.stamps import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Skillweave

INCLUDE = "\n<<include: a.md>>\n"
FILES = {
    "skillweave.toml": "banner = false\n",
    "skills/s/SKILL.md": skill("s", INCLUDE),
    "skills/s/run.sh": "true\n",
    "skills/t/SKILL.md": skill("t", INCLUDE),
    "patterns/a.md": "# A\n\n[b](b.md)\n",
    "patterns/b.md": "# B\n",
    "patterns/ünused.md": "# Nobody includes it\n",
}
COMMANDS = ("build", "check", "build --check")


class Change(NamedTuple):
    """An event after a run, and the commands whose answers remain valid after it."""

    make: Callable[[Path], object]
    leaves: tuple[str, ...] = ()
    before: Callable[[Path], object] = Path.exists
    """A change made before the project is left alone."""
    kept: tuple[str, ...] = COMMANDS
    """The commands whose answers are saved at all."""


def replace_by_link(root: Path, path: str) -> None:
    (root / path).rename(root.parent / "moved")
    (root / path).symlink_to(root.parent / "moved")


def same_size(root: Path) -> None:
    """An edit that changes neither size nor modification time."""
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


def enlarge(root: Path) -> None:
    for answer in (root / ".skillweave").iterdir():
        if answer.is_file() and answer.name != ".gitignore":
            os.truncate(answer, MOST + 1)


def make_fifos(root: Path) -> None:
    for answer in (root / ".skillweave").glob("*.answer"):
        answer.unlink()
        os.mkfifo(answer)


def refuse(root: Path) -> None:
    """Add another skill of the same name, in a root that is read first."""
    write(root / "x/s/skills/s/SKILL.md", skill("s", INCLUDE))
    write(root / "skillweave.toml", 'skills = ["x/*/skills", "skills"]\n')


def link(root: Path) -> None:
    (root / "patterns/l.md").symlink_to("b.md")
    write(root / "skills/t/SKILL.md", skill("t", INCLUDE + "\n<<include: l.md>>\n"))


def move_link(root: Path) -> None:
    (root / "patterns/l.md").unlink()
    (root / "patterns/l.md").symlink_to("ünused.md")


class Mover(io.TextIOWrapper):
    """A reader that moves a symlink while the report is being printed."""

    def __init__(self, root: Path) -> None:
        super().__init__(io.BytesIO(), encoding="UTF-8")
        self.root = root

    def write(self, text: str) -> int:
        move_link(self.root)
        return super().write(text)


def move_link_meanwhile(root: Path) -> None:
    from skillweave.cli import run

    with redirect_stdout(Mover(root)):
        run(["check"])


CHANGES = {
    "nothing": Change(Path.exists, COMMANDS),
    "a pattern is touched": Change(lambda root: os.utime(root / "patterns/a.md"), COMMANDS),
    "a pattern is written again": Change(lambda root: write(root / "patterns/b.md", "# B\n"), COMMANDS),
    "the configuration is touched": Change(lambda root: os.utime(root / "skillweave.toml"), COMMANDS),
    "an output is touched": Change(lambda root: os.utime(root / "build/skills/s/SKILL.md"), COMMANDS),
    "a pattern is edited": Change(lambda root: write(root / "patterns/b.md", "# B!\n")),
    "a pattern is edited, and as long and old as before": Change(same_size),
    "a pattern is there no more": Change(lambda root: (root / "patterns/b.md").unlink()),
    "a pattern has another name": Change(lambda root: (root / "patterns/b.md").rename(root / "patterns/c.md")),
    "a pattern is a folder": Change(make_folder),
    "a pattern is a symlink to what it was": Change(lambda root: replace_by_link(root, "patterns/b.md")),
    "a pattern is new": Change(lambda root: write(root / "patterns/new.md", "# New\n")),
    "patterns are a symlink": Change(lambda root: replace_by_link(root, "patterns")),
    "a skill is new": Change(lambda root: write(root / "skills/u/SKILL.md", skill("u", INCLUDE))),
    "a skill is there no more": Change(lambda root: shutil.rmtree(root / "skills/t")),
    "a file of a skill can be executed": Change(lambda root: (root / "skills/s/run.sh").chmod(0o755)),
    "the configuration says something else": Change(lambda root: write(root / "skillweave.toml", "banner = true\n")),
    "the configuration is there no more": Change(lambda root: (root / "skillweave.toml").unlink()),
    "an output is edited": Change(lambda root: write(root / "build/skills/s/SKILL.md", "mine\n"), ("check",)),
    "an output is there no more": Change(lambda root: (root / "build/skills/s/run.sh").unlink(), ("check",)),
    "an output is a symlink": Change(lambda root: replace_by_link(root, "build/skills/s/SKILL.md"), ("check",)),
    "an output can be executed": Change(lambda root: (root / "build/skills/s/SKILL.md").chmod(0o755), ("check",)),
    "a file stands among the outputs": Change(lambda root: write(root / "build/skills/s/mine.md", "x"), ("check",)),
    "the lock file is there no more": Change(lambda root: (root / "build/skillweave.lock.json").unlink(), ("check",)),
    "the outputs are there no more": Change(lambda root: shutil.rmtree(root / "build")),
    "the outputs lie elsewhere": Change(lambda root: replace_by_link(root, "build")),
    "the cache is a copy": Change(new_anchor),
    "the cache is there no more": Change(lambda root: shutil.rmtree(root / ".skillweave")),
    "the answer is empty": Change(lambda root: spoil(root, b"")),
    "the answer is none": Change(lambda root: spoil(root, b"\xff\0\0\0\0\0")),
    "the answer has no end": Change(make_fifos),
    "the answer is larger than any": Change(enlarge),
    "a file was made executable, and built": Change(
        Path.exists, COMMANDS, lambda r: (r / "skills/s/run.sh").chmod(0o755)
    ),
    "a skill that was refused is edited": Change(lambda root: write(root / "skills/s/SKILL.md", "XXX\n"), (), refuse),
    "a symlink leads elsewhere": Change(move_link, (), link),
    "a symlink leads elsewhere once the report is told": Change(move_link_meanwhile, (), link),
    "a file comes into an empty folder of a bundle": Change(
        lambda root: write(root / "build/skills/s/empty/x", "x"),
        ("check",),
        lambda root: (root / "build/skills/s/empty").mkdir(),
        kept=("check", "build"),
    ),
    "a file stands among the outputs from the beginning": Change(
        Path.exists, ("check", "build"), lambda root: write(root / "build/mine.md", "x"), kept=("check", "build")
    ),
}


UNTOUCHED = Change(Path.exists)
IN_TIME = 60.0
"""Seconds until a missing answer fails the test. It is a timeout, not a measure of speed."""


@pytest.fixture(scope="module", params=["young", "settled"])
def settled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for each change, with the saved answers of the commands: young ones, saved so soon after the files were written
    that stamps prove nothing yet, or settled ones.
    """
    from skillweave.cli import run

    folder = tmp_path_factory.mktemp("settled")
    waiting = {folder / f"{number}/project": change for number, change in enumerate([*CHANGES.values(), UNTOUCHED])}
    # An answer is replayed only to the same kind of stream, so use streams like those that capture output in the tests.
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="UTF-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        for root, change in waiting.items():
            write_files(root, FILES)
            with chdir(root):
                run(["build"])
                change.before(root)
        deadline = time.monotonic() + IN_TIME
        while waiting:
            assert time.monotonic() < deadline, f"no answer is kept for {waiting}"
            for root, change in list(waiting.items()):
                with chdir(root):
                    for command in COMMANDS:
                        if replay(command.split()) is None:
                            run(command.split())
                answers = [answer.read_bytes() for answer in root.glob(".skillweave/*.answer")]
                is_young = any(b"\0000 0 " in answer for answer in answers)
                if len(answers) >= len(change.kept) and not (is_young and request.param == "settled"):
                    del waiting[root]
    return folder


@pytest.fixture
def untouched(settled: Path, skillweave_here: Skillweave) -> Path:
    """The project that is never changed."""
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
    assert [command for command in COMMANDS if replay(command.split()) is not None] == sorted(
        change.kept, key=COMMANDS.index
    )
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


def test_changes_of_many_outputs_are_noticed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """A second process checks them, and also reports newer stamps."""
    write(tmp_path / "skills/s/SKILL.md", skill("s", INCLUDE))
    write(tmp_path / "patterns/a.md", "# A\n")
    for number in range(MANY):
        write(tmp_path / f"skills/s/data/{number}.txt", "x\n")
    for _ in range(2):
        assert skillweave_here(tmp_path, ["build"]).status == 0
    assert replay(["build"]) == 0
    for output in (tmp_path / "build/skills/s/data").iterdir():
        os.utime(output, (0, 0))
    (answer,) = tmp_path.glob(".skillweave/build-*.answer")
    seen = f"build/skills/s/data/7.txt\0{stamp((tmp_path / 'build/skills/s/data/7.txt').lstat())}\0"
    deadline = time.monotonic() + IN_TIME
    while seen.encode() not in answer.read_bytes():  # A changed time is trusted only after it has settled.
        assert replay(["build"]) == 0
        assert time.monotonic() < deadline
    write(tmp_path / "build/skills/s/data/7.txt", "y\n")
    assert replay(["build"]) is None


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("arguments", [["check", "-q"], ["check", "--strict"], ["check", "s"], ["clean"], []])
def test_other_arguments_get_no_saved_answer(arguments: list[str]) -> None:
    assert replay(arguments) is None


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR", "_SKILLWEAVE_COMPLETE"])
def test_another_environment_gets_no_saved_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert replay(["check"]) == 0
    monkeypatch.setenv(name, "1")
    assert replay(["check"]) is None


def test_another_folder_gets_no_saved_answer(untouched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_answers_of_other_options_are_not_saved(more: list[str], untouched: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(untouched, ["check", *more])
    assert replay(["check", *more]) is None


def test_a_replay_loads_no_heavy_modules(untouched: Path) -> None:
    code = "import sys; from skillweave.__main__ import run; run(['check']); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # The first run has other streams than the last one, so it is not replayed.
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
    heavy = {"json", "pathlib", "re", "typing"}
    assert heavy <= {*first}
    assert heavy & {*again} == set()


@pytest.mark.parametrize("encoding", ["ascii", "ascii:backslashreplace", "latin-1", "utf-8"])
def test_a_replay_is_the_same_in_every_encoding(encoding: str, untouched: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    told = {
        subprocess.run(
            [sys.executable, "-m", "skillweave", "check"],
            cwd=untouched,
            env=environment,
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for _ in range(3)
    }
    assert len(told) == 1


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_is_not_a_bug(stream: int, untouched: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m skillweave build {stream}>&-', sys.executable],
        cwd=untouched,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "bug" not in done.stdout + done.stderr


def test_another_file_name_encoding_gets_no_saved_answer(tmp_path: Path, skillweave: Skillweave) -> None:
    write_files(tmp_path, FILES)
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run_apart(tmp_path, ["check", "-q"], plain)
    assert skillweave(tmp_path, ["check"]) == skillweave(tmp_path, ["check", "--no-cache"])


def test_answers_are_removed_when_something_has_changed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, FILES)
    for _ in range(2):
        skillweave_here(tmp_path, ["build"])
    mine = write(tmp_path / ".skillweave/mine.answer", "mine")
    assert [*tmp_path.glob(".skillweave/build-*.answer")]
    write(tmp_path / "patterns/b.md", "# Edited\n")
    skillweave_here(tmp_path, ["check"])
    assert [*tmp_path.glob(".skillweave/*.answer")] == [mine]
