"""Shell completion: the scripts and the suggestions, in a real bash and through the protocol of each shell."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from projects import run_code, skill, write
from skillweave.cli.group import COMMANDS
from skillweave.diagnostics import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Skillweave
    from projects import Outcome

SHELLS = ("bash", "zsh", "fish")
SKILL = skill("x", "# X\n")

Suggest = Callable[[str], list[str]]
"""Maps a line up to the cursor to the suggestions that zsh gets for its last word."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two skills in a namespace, one outside, a document, patterns, and the outputs of a build."""
    for name in (
        "skills/research/deep/SKILL.md",
        "skills/research/wide/SKILL.md",
        "skills/commit/SKILL.md",
        "agents/helper.md",
        "patterns/git/commits.md",
        "patterns/git/deep/log.md",
        "patterns/steps.md",
        "build/skills/commit/SKILL.md",
        "build/skillweave.lock.json",
    ):
        write(tmp_path / name, SKILL)
    (tmp_path / "skillweave.toml").write_text('documents = ["agents"]\n', encoding="utf-8")
    return tmp_path


def ask(run: Skillweave, monkeypatch: pytest.MonkeyPatch, folder: Path, asked: tuple[str, list[str]]) -> Outcome:
    """Ask for completions of the last word, in the way a shell's script does."""
    shell, words = asked
    monkeypatch.setenv("_SKILLWEAVE_COMPLETE", f"{shell}_complete")
    separator = "\n" if shell == "bash" else " "
    monkeypatch.setenv("COMP_WORDS", separator.join(words))
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    return run(folder, [])


@pytest.fixture
def suggest(project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch) -> Suggest:
    def answer(line: str) -> list[str]:
        shown = ask(skillweave_here, monkeypatch, project, ("zsh", ["skillweave", *line.split(" ")]))
        assert (shown.status, shown.err) == (0, "")
        lines = shown.out.rstrip("\n").split("\n")
        assert set(lines[::3]) <= {"plain", ""}
        return [value.replace("\\:", ":") for value in lines[1::3]]

    return answer


# What is suggested


def test_commands(suggest: Suggest) -> None:
    assert suggest("") == list(COMMANDS)
    assert suggest("ch") == ["check"]
    assert "--version" in suggest("-")
    assert suggest("new ") == ["pattern", "skill"]
    assert suggest("completion ") == list(SHELLS)
    assert suggest("check --form") == ["--format"]


@pytest.mark.parametrize("command", ["build", "check", "graph", "package"])
def test_entries(suggest: Suggest, command: str) -> None:
    assert suggest(f"{command} ") == ["commit", "helper", "research:deep", "research:wide"]
    assert suggest(f"{command} res") == ["research:deep", "research:wide"]
    assert suggest(f"{command} commit research:w") == ["research:wide"]
    assert suggest(f"{command} skills/res") == [
        "skills/research",
        "skills/research/deep",
        "skills/research/wide",
    ]
    assert suggest(f"{command} ./a") == ["./agents", "./agents/helper.md"]
    assert suggest(f"{command} x") == []


def test_built_files(suggest: Suggest, project: Path) -> None:
    assert suggest("trace b") == ["build/skills/commit/SKILL.md"]
    (project / "build").rename(project / "out")
    assert suggest("trace --output out o") == ["out/skills/commit/SKILL.md"]


def test_paths_that_can_be_moved(suggest: Suggest) -> None:
    assert suggest("mv patterns/g") == [
        "patterns/git",
        "patterns/git/commits.md",
        "patterns/git/deep",
        "patterns/git/deep/log.md",
    ]
    assert suggest("mv patterns/steps.md skills/r") == [
        "skills/research",
        "skills/research/deep",
        "skills/research/wide",
    ]


def test_paths_that_can_be_moved_are_relative_to_the_working_directory(
    project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suggest_in(folder: str, word: str) -> list[str]:
        words = ["skillweave", "mv", word]
        shown = ask(skillweave_here, monkeypatch, project / folder, ("zsh", words))
        return shown.out.rstrip("\n").split("\n")[1::3]

    assert suggest_in("patterns", "")[-1] == "steps.md"
    assert suggest_in("patterns", "g") == ["git", "git/commits.md", "git/deep", "git/deep/log.md"]
    assert suggest_in("patterns/git", "./c") == ["./commits.md"]
    assert suggest_in("patterns/git", "../../agents/") == ["../../agents/helper.md"]
    assert suggest_in("patterns/git", "../../patterns/s") == ["../../patterns/steps.md"]
    assert suggest_in("patterns/git", "../s") == ["../steps.md"]
    monkeypatch.delenv("_SKILLWEAVE_COMPLETE")  # The suggestions are exactly the paths that can be moved.
    assert skillweave_here(project / "patterns/git", ["mv", "commits.md", "deep"]).status == 0
    assert (project / "patterns/git/deep/commits.md").is_file()


def test_findings_to_select_or_ignore(suggest: Suggest) -> None:
    assert suggest("check --select missing-s") == ["missing-section"]
    assert suggest("check --select SW207,unused-p") == ["SW207,unused-pattern"]
    assert suggest("check --select=SW207,unused-p") == ["--select=SW207,unused-pattern"]
    assert suggest("check --ignore unused-p") == ["unused-pattern"]
    assert suggest("build --ignore unused-pattern,empty-") == ["unused-pattern,empty-include"]
    assert suggest("check --ignore missing-s") == []


def test_findings_to_explain(suggest: Suggest) -> None:
    assert suggest("explain SW20") == [f"SW20{digit}" for digit in range(1, 10)]
    assert suggest("explain sw207") == ["SW207"]
    assert suggest("explain missing-s") == ["missing-section"]
    assert len(suggest("explain ")) == 2 * len(CODES)


def test_places_for_new_patterns_and_skills(suggest: Suggest) -> None:
    assert suggest("new pattern ") == ["git/", "git/deep/", "patterns/"]
    assert suggest("new pattern git/") == ["git/", "git/deep/"]
    assert suggest("new skill ") == ["research:"]


def test_another_project(suggest: Suggest, project: Path) -> None:
    (project / "elsewhere/skills/other").mkdir(parents=True)
    (project / "elsewhere/skills/other/SKILL.md").write_text(SKILL, encoding="utf-8")
    assert suggest("check --root elsewhere ") == ["other"]
    assert suggest("check --config elsewhere/skillweave.toml ") == ["other"]
    assert suggest("mv --root elsewhere e") == ["elsewhere/skills", "elsewhere/skills/other"]


def test_a_value_after_an_equals_sign_keeps_its_option(suggest: Suggest) -> None:
    assert suggest("check --format j") == ["json"]
    assert suggest("check --format=j") == ["--format=json"]


# Broken projects


def a_fifo(project: Path) -> None:
    (project / "skillweave.toml").unlink()
    os.mkfifo(project / "skillweave.toml")


def links_in_a_circle(project: Path) -> None:
    for name in ("loop", "a"):
        (project / f"skills/{name}").symlink_to("loop")


def no_utf_8(project: Path) -> None:
    Path(os.fsdecode(os.fsencode(project) + b"/skills/\xff")).mkdir()
    for path in project.rglob("*.md"):
        path.write_bytes(b"\xff<<include: x>>")


BROKEN: dict[str, Callable[[Path], object]] = {
    "no TOML": lambda project: (project / "skillweave.toml").write_bytes(b"\xff[["),
    "a FIFO": a_fifo,
    "links in a circle": links_in_a_circle,
    "a link out": lambda project: (project / "skills/out").symlink_to(project.parent),
    "no UTF-8": no_utf_8,
    "a folder for SKILL.md": lambda project: (project / "skills/x/SKILL.md").mkdir(parents=True),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_project_prints_no_errors(
    project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch, kind: str, shell: str
) -> None:
    BROKEN[kind](project)
    for words in (["check", "com"], ["trace", "build/skills/com"], ["new", "pattern", "pat"], ["new", "skill", "res"]):
        shown = ask(skillweave_here, monkeypatch, project, (shell, ["skillweave", *words]))
        assert (shown.status, shown.err) == (0, "")
        # Everything intact is still suggested, even if the configuration is broken.
        assert words[-1] in shown.out, words


def test_a_removed_working_directory_prints_no_errors(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    environment = os.environ | {
        "_SKILLWEAVE_COMPLETE": "bash_complete",
        "COMP_WORDS": "skillweave\ncheck\n",
        "COMP_CWORD": "2",
    }
    script = 'rmdir "$PWD" && exec "$0" -m skillweave'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable], cwd=gone, env=environment, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("words", [["nope", ""], ["check", "--nope", ""], ["new", "nope", ""], ["check", "'"], []])
def test_a_meaningless_line_prints_no_errors(
    project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    for shell in SHELLS:
        shown = ask(skillweave_here, monkeypatch, project, (shell, ["skillweave", *words]))
        assert (shown.status, shown.err) == (0, "")


def test_unprintable_names_are_not_suggested(suggest: Suggest, project: Path) -> None:
    for name in ("a\nplain,rm", "b\x1b[2J", "c\u202e"):
        (project / f"skills/{name}").mkdir()
        (project / f"skills/{name}/SKILL.md").write_text(SKILL, encoding="utf-8")
    assert suggest("check ") == ["commit", "helper", "research:deep", "research:wide"]


def test_a_completion_parses_no_text_and_loads_no_heavy_modules(project: Path) -> None:
    script = (
        "import os, sys; os.environ['_SKILLWEAVE_COMPLETE'] = 'bash_complete'; from skillweave.cli import run; run([]);"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    )
    done = run_code(project, script, more={"COMP_WORDS": "skillweave\ncheck\n", "COMP_CWORD": "2"})
    assert done.status == 0, done.err
    assert "plain,commit\n" in done.out
    loaded = {name.partition(".")[0] for name in done.err.split()}
    ours = {name for name in done.err.split() if name.startswith("skillweave.")}
    assert not {"markdown_it", "jinja2", "yaml", "watchdog"} & loaded
    assert not {"skillweave.parse", "skillweave.graph", "skillweave.build", "skillweave.cli.watch"} & ours


# The scripts


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_asks_for_its_shell(tmp_path: Path, skillweave_here: Skillweave, shell: str) -> None:
    shown = skillweave_here(tmp_path, ["completion", shell])
    assert (shown.status, shown.err) == (0, "")
    assert f"_SKILLWEAVE_COMPLETE={shell}_complete" in shown.out
    # A comma in a name or a help text does not cut it short.
    assert ('string split -m 1 ","' in shown.out) is (shell == "fish")
    assert 'string split ","' not in shown.out


def test_another_shell_has_no_script(tmp_path: Path, skillweave_here: Skillweave) -> None:
    shown = skillweave_here(tmp_path, ["completion", "tcsh"])
    assert shown.status == 2
    assert "'bash', 'zsh', 'fish'" in shown.err


# A real bash


class Terminal(NamedTuple):
    """An interactive bash, accessed through our end of its terminal."""

    descriptor: int

    def until(self, expected: str) -> str:
        """Read the output up to and including the expected text."""
        shown = b""
        while expected.encode() not in shown:
            ready, _, _ = select.select([self.descriptor], [], [], 20)
            assert ready, f"{expected!r} does not come after {shown!r}"
            shown += os.read(self.descriptor, 65536)
        return shown.decode()

    def complete(self, line: str, expected: str) -> None:
        """Clear the line, type this one, press Tab, and wait for the expected result."""
        os.write(self.descriptor, f"\x15{line}\t".encode())
        self.until(expected)


@pytest.fixture
def bash(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    command = tmp_path_factory.mktemp("bin") / "skillweave"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m skillweave "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PS1": "$> ",
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "INPUTRC": "/dev/null",
        "COLUMNS": "200",
    }
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=project,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(ours)
    terminal.until("$> ")
    os.write(ours, b'bind "set bell-style none"; eval "$(skillweave completion bash)"; echo rea""dy\n')
    terminal.until("ready\r\n$> ")
    yield terminal
    shell.kill()
    shell.wait(timeout=20)
    os.close(ours)


def test_bash_completes_a_line(bash: Terminal, project: Path) -> None:
    for name in ("two words; ls", "$(ls)", "z*"):
        (project / f"skills/{name}").mkdir()
        (project / f"skills/{name}/SKILL.md").write_text(SKILL, encoding="utf-8")
    bash.complete("skillweave gra", "skillweave graph ")
    bash.complete("skillweave check c", "skillweave check commit ")
    bash.complete("skillweave check research:w", "skillweave check research:wide ")
    bash.complete("skillweave check commit resea", "skillweave check commit research:")
    bash.complete("skillweave check --format=j", "skillweave check --format=json ")
    bash.complete("skillweave trace build/sk", "skillweave trace build/skills/commit/SKILL.md ")
    bash.complete("skillweave check two", r"skillweave check two\ words\;\ ls ")
    bash.complete(r"skillweave check \$", r"skillweave check \$\(ls\) ")
    bash.complete("skillweave check z", r"skillweave check z\* ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "research:w"], ["research:wide"]),
        (["check", "research", ":", "w"], ["wide"]),
        (["check", "research", ":"], ["deep", "wide"]),
        (["check", "--format", "=", "j"], ["json"]),
        (["check", "--format", "=", "json", "--root", "=", "..", "c"], ["commit"]),
        (["check", "'research:w"], ["research:wide"]),
        (["check", '"re'], ["research:deep", "research:wide"]),
    ],
)
def test_words_split_by_bash(
    project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: list[str]
) -> None:
    words = [str(project) if word == ".." else word for word in words]
    shown = ask(skillweave_here, monkeypatch, project, ("bash", ["skillweave", *words]))
    assert re.findall(r"^plain,(.*)$", shown.out, re.MULTILINE) == expected
