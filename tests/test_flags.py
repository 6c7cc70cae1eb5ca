"""Builds and checks whose arguments are only flags skip click. Their output is the same as with click."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from projects import run_apart, run_code, skill, timeless, write_files
from skillweave.cli.flags import BUILD_FLAGS, FLAGS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Skillweave

FILES = {
    "skills/good/SKILL.md": skill("good", "\n# good\n\n<<include: a.md>>\n"),
    "skills/bad/SKILL.md": skill("bad", "\n# bad\n\n<<include: missing.md>>\n"),
    "patterns/a.md": "# A\n\ntext\n",
    "patterns/unused.md": "# Unused\n",
}
CHOSEN = [
    (command, *flags)
    for command, known in (("build", BUILD_FLAGS), ("check", FLAGS))
    for number in (0, 1, 2)
    for flags in combinations(sorted(known), number)
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one warning and one error."""
    return write_files(tmp_path / "project", FILES)


@pytest.mark.parametrize("arguments", CHOSEN, ids=" ".join)
def test_flags_give_the_same_result_as_with_click(
    arguments: tuple[str, ...], project: Path, tmp_path: Path, skillweave_here: Skillweave
) -> None:
    other = shutil.copytree(project, tmp_path / "other")
    for edit in ("", "\nmore\n"):
        for folder in (project, other):
            with (folder / "patterns/a.md").open("a", encoding="utf-8") as file:
                file.write(edit)
        plainly = skillweave_here(project, arguments)
        by_click = skillweave_here(other, [*arguments, "--color", "auto"])
        for said, also_said in zip(plainly[1:], by_click[1:], strict=True):
            assert timeless(said) == timeless(also_said)
        assert plainly.status == by_click.status
        assert names(project) == names(other)


@pytest.mark.parametrize(
    ("arguments", "is_loaded"),
    [
        (["check"], False),
        (["build", "--explain", "-v"], False),
        (["build", "--check", "--strict"], False),
        (["build", "--color", "never"], True),
        (["build", "--chekc"], True),
        (["check", "--fix"], True),
        (["check", "--check"], True),
        (["-q", "check"], True),
        ([], True),
    ],
)
def test_click_is_loaded_for_all_other_arguments(arguments: list[str], is_loaded: bool, project: Path) -> None:  # noqa: FBT001
    code = f"import sys; from skillweave.__main__ import run; run({arguments}); print('click' in sys.modules)"
    done = run_code(project, code)
    assert done.status == 0, done.err
    assert done.out.split()[-1] == str(is_loaded)


@pytest.mark.parametrize("arguments", [["check", "-q"], ["check", "-q", "--color", "never"]])
def test_an_empty_completion_variable_is_ignored(
    arguments: list[str], project: Path, skillweave_here: Skillweave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable counts as unset, as in click."""
    expected = skillweave_here(project, arguments)
    monkeypatch.setenv("_SKILLWEAVE_COMPLETE", "")
    assert skillweave_here(project, arguments) == expected


def test_an_ascii_stream_gets_the_same_output_as_with_click(project: Path) -> None:
    (project / "patterns/a.md").write_text("# Ä\n\n[x](é.md)\n", encoding="utf-8")
    plainly, by_click = (
        run_apart(project, ["check", *more], {"PYTHONIOENCODING": "ascii"}) for more in ((), ("--color", "auto"))
    )
    assert "é.md" in plainly.out
    assert plainly == by_click


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437", "koi8-r", "utf-8", "utf-16", "big5"])
@pytest.mark.parametrize("more", [(), ("--color", "auto")])
def test_characters_missing_from_an_encoding_are_escaped(project: Path, encoding: str, more: tuple[str, ...]) -> None:
    (project / "patterns/a.md").write_text("# A\n\n[x](é☃.md)\n", encoding="utf-8")
    shutil.rmtree(project / "skills/bad")
    said = [
        subprocess.run(
            [sys.executable, "-m", "skillweave", *command],
            cwd=project,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
            timeout=60,
        )
        for command in (*2 * [("check", *more)], *2 * [("build", *more)], ("explain", "SW207"))
    ]
    assert [done.returncode for done in said] == [1, 1, 1, 1, 0]
    assert all("☃" in text or "\\u2603" in text for text in [done.stdout.decode(encoding) for done in said[:2]])
    assert not any(b"Traceback" in done.stderr for done in said)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if ".skillweave" not in path.parts)
