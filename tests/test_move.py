"""`skillweave mv`: what is rewritten, what is refused, that bundles do not change, and that a kill never loses a file."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects import files_below, skill, write_files
from skillweave.build import Compiled, compile_project
from skillweave.cli import run as run_command
from skillweave.config import Config
from skillweave.destination import encode, read_destination, relative, resolve
from skillweave.parse.documents import parse
from strategies import examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Skillweave

Sources = dict[str, str]


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a project by its path, with the targets of symlinks, except the cache and the outputs."""
    return files_below(root, without=[".skillweave", "build"])


# What is rewritten, and how


class Case(NamedTuple):
    """A line of a file, a move, and the line after the move."""

    file: str
    line: str
    move: tuple[str, str]
    becomes: str
    now: str = ""
    """The file's new path, if the move changes it."""


X = "skills/x/SKILL.md"
CASES = {
    "bare": Case(X, "<<include: a/p.md>>", ("patterns/a/p.md", "patterns/q.md"), "<<include: q.md>>"),
    "braces": Case(X, "{{include: a/p.md}}", ("patterns/a", "patterns/b"), "{{include: b/p.md}}"),
    "options stay": Case(
        X,
        '<<include: a/p.md#"The P" level=+1>>',
        ("patterns/a/p.md", "patterns/q.md"),
        '<<include: q.md#"The P" level=+1>>',
    ),
    "odd spacing stays": Case(X, "<<include:a/p.md  >>", ("patterns/a", "patterns/b"), "<<include:b/p.md  >>"),
    "quotes come": Case(X, "<<include: a/p.md>>", ("patterns/a/p.md", "patterns/q r.md"), '<<include: "q r.md">>'),
    "quotes go": Case(X, '<<include: "c d/r.md">>', ("patterns/c d", "patterns/b"), "<<include: b/r.md>>"),
    "needless quotes stay": Case(X, '<<include: "a/p.md">>', ("patterns/a", "patterns/b"), '<<include: "b/p.md">>'),
    "quotes in quotes": Case(
        X, "<<include: a/p.md#The>>", ("patterns/a/p.md", 'patterns/"#.md'), r'<<include: "\"#.md"#The>>'
    ),
    "reference": Case(
        X,
        'See <<reference: a/p.md#the-p text="a/p.md">>.',
        ("patterns/a/p.md", "patterns/q.md"),
        'See <<reference: q.md#the-p text="a/p.md">>.',
    ),
    "asset file": Case(
        X, "<<asset: data/t.txt to=a/>>", ("patterns/data/t.txt", "patterns/u.txt"), "<<asset: u.txt to=a/>>"
    ),
    "asset folder": Case(X, "<<asset: data/ to=data/>>", ("patterns/data", "patterns/e/f"), "<<asset: e/f/ to=data/>>"),
    "code": Case(X, "<<include: data/t.txt as=code>>", ("patterns/data", "patterns/e"), "<<include: e/t.txt as=code>>"),
    "optional and missing": Case(
        X, "<<include: a/none.md optional>>", ("patterns/a", "patterns/b"), "<<include: b/none.md optional>>"
    ),
    "another root": Case(X, "<<include: a/p.md>>", ("patterns/a/p.md", "lib/a/p.md"), "<<include: a/p.md>>"),
    "ambiguous by its own path": Case(
        X, "<<include: a/p.md>>", ("patterns/a/p.md", "lib/a/s.md"), "<<include: ../../lib/a/s.md>>"
    ),
    "into the skill": Case(X, "<<include: a/p.md>>", ("patterns/a/p.md", "skills/x/_p.md"), "<<include: ./_p.md>>"),
    "from its file": Case(
        "patterns/top.md", "<<include: ./a/p.md>>", ("patterns/a/p.md", "patterns/q.md"), "<<include: ./q.md>>"
    ),
    "its file moves": Case(
        "patterns/top.md",
        "<<include: ./a/p.md>>",
        ("patterns/top.md", "patterns/deep/er/t.md"),
        "<<include: ../../a/p.md>>",
        "patterns/deep/er/t.md",
    ),
    "both move": Case(
        "patterns/a/s.md",
        "<<include: ./p.md>> ",
        ("patterns/a", "patterns/b/c"),
        "<<include: ./p.md>> ",
        "patterns/b/c/s.md",
    ),
    "short again": Case(
        "lib/other.md",
        "<<include: ../patterns/top.md>> ",
        ("lib/other.md", "patterns/other.md"),
        "<<include: ./top.md>> ",
        "patterns/other.md",
    ),
    "a detour stays": Case(
        "patterns/a/s.md",
        "[t](../../patterns/top.md)",
        ("patterns/a", "patterns/b"),
        "[t](../../patterns/top.md)",
        "patterns/b/s.md",
    ),
    "link": Case(
        X, "[p](../../patterns/a/p.md#the-p)", ("patterns/a/p.md", "patterns/q.md"), "[p](../../patterns/q.md#the-p)"
    ),
    "link from here": Case("patterns/top.md", "[p](./a/p.md)", ("patterns/a/p.md", "patterns/q.md"), "[p](./q.md)"),
    "link from here gives way": Case(
        "patterns/top.md",
        "[p](./a/p.md)",
        ("patterns/top.md", "patterns/deep/t.md"),
        "[p](../a/p.md)",
        "patterns/deep/t.md",
    ),
    "link of what moves": Case(
        "patterns/a/s.md", "[t](../top.md)", ("patterns/a/s.md", "patterns/s.md"), "[t](top.md)", "patterns/s.md"
    ),
    "link with ./": Case("patterns/top.md", "[p](./a/p.md)", ("patterns/a", "patterns/b"), "[p](./b/p.md)"),
    "link to a folder": Case(X, "[d](docs/)", ("skills/x/docs", "skills/x/more/docs"), "[d](more/docs/)"),
    "image": Case(X, "![i](docs/i.png)", ("skills/x/docs", "skills/x/d"), "![i](d/i.png)"),
    "angles": Case(
        X, '[p](<../../patterns/a/p.md> "t")', ("patterns/a", "patterns/b c"), '[p](<../../patterns/b c/p.md> "t")'
    ),
    "percent": Case(
        X,
        "[p](../../patterns/%61/p.md)",
        ("patterns/a/p.md", "patterns/a/(q).md"),
        "[p](../../patterns/%61/%28q%29.md)",
    ),
    "definition": Case(
        X,
        "[p]\n\n[p]: ../../patterns/a/p.md 't'",
        ("patterns/a", "patterns/b"),
        "[p]\n\n[p]: ../../patterns/b/p.md 't'",
    ),
    "html": Case(
        X,
        '<a href="../../patterns/a/p.md?x#y">p</a>',
        ("patterns/a", "patterns/b"),
        '<a href="../../patterns/b/p.md?x#y">p</a>',
    ),
    "in a template": Case(
        "patterns/tpl.md",
        "---\nparams:\n  x: {default: y}\n---\n{% if x %}\n[p](a/p.md)\n{% endif %}\n\n<<include: ./a/p.md>>",
        ("patterns/a", "patterns/b"),
        "---\nparams:\n  x: {default: y}\n---\n{% if x %}\n[p](b/p.md)\n{% endif %}\n\n<<include: ./b/p.md>>",
    ),
    "a colon is no scheme": Case(
        "patterns/top.md", "[p](a/p.md)", ("patterns/a/p.md", "patterns/c:p.md"), "[p](./c:p.md)"
    ),
    "left in code": Case(X, "`<<include: a/p.md>>`", ("patterns/a", "patterns/b"), "`<<include: a/p.md>>`"),
    "left when escaped": Case(X, "\\<<include: a/p.md>>", ("patterns/a", "patterns/b"), "\\<<include: a/p.md>>"),
    "left elsewhere": Case(
        X,
        "[a](https://example.org/patterns/a/p.md)",
        ("patterns/a", "patterns/b"),
        "[a](https://example.org/patterns/a/p.md)",
    ),
}

AROUND: Sources = {
    "skillweave.toml": 'patterns = ["patterns", "lib"]\nverbatim = ["**/raw/**"]\n',
    "patterns/a/p.md": "# The P\n\nWhat P says.\n",
    "patterns/a/s.md": "# The S\n",
    "patterns/c d/r.md": "# The R\n",
    "patterns/top.md": "# The top\n",
    "patterns/data/t.txt": "data\n",
    "lib/other.md": "# Other\n",
    "skills/x/docs/i.png": "no picture\n",
    X: skill("x", "# X\n\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_is_rewritten(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    case = CASES[name]
    write_files(tmp_path, AROUND)
    text = f"{case.line}\n" if case.line.startswith("---") else f"{AROUND[case.file]}\n{case.line}\n"
    write_files(tmp_path, {case.file: text})
    before = contents(tmp_path)
    moved = skillweave_here(tmp_path, ["mv", *case.move])
    assert (moved.status, moved.err) == (0, "")
    now = case.now or case.file
    assert (tmp_path / now).read_text() == text.replace(case.line, case.becomes)
    old, new = case.move
    others = {re.sub(rf"^{re.escape(old)}(?=/|$)", lambda _: new, path): data for path, data in before.items()}
    assert {**others, now: b""} == {**contents(tmp_path), now: b""}


def test_bytes_outside_the_edits_are_kept(tmp_path: Path, skillweave_here: Skillweave) -> None:
    head = skill("x", "").replace("\n", "\r\n")
    body = "# Ü\r\r\n\r<<include: a.md>> \n\nü [é](../../patterns/a.md)\r\n\ttail\x0b\u2028[b](../../patterns/a.md)"
    text = f"\ufeff{head}{body}"
    write_files(tmp_path, {"patterns/a.md": "# A\r\n", X: text})
    (tmp_path / X).chmod(0o640)
    assert skillweave_here(tmp_path, ["mv", "patterns/a.md", "patterns/more/b.md"]).status == 0
    assert (tmp_path / X).read_bytes() == text.replace("a.md>>", "more/b.md>>").replace("/a.md", "/more/b.md").encode()
    assert (tmp_path / X).stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "patterns/more/b.md").read_bytes() == b"# A\r\n"


@pytest.mark.parametrize(
    ("written", "name", "becomes"),
    [("x", "v", "v"), ('"x"', "v", '"v"'), ("x", "no", '"no"'), ("x", "0x1f", '"0x1f"'), ("z", "v", "z")],
)
def test_a_skill_is_renamed_with_its_folder(
    tmp_path: Path, skillweave_here: Skillweave, written: str, name: str, becomes: str
) -> None:
    write_files(tmp_path, {X: skill(written, "See [d](docs/d.md).\n"), "skills/x/docs/d.md": "[x](../SKILL.md)\n"})
    write_files(tmp_path, {"skills/w/SKILL.md": skill("w", "[x](../x/SKILL.md)\n\nAnd `x`.\n")})
    moved = skillweave_here(tmp_path, ["mv", "skills/x/", f"skills/{name}"])
    assert moved.status == 0
    assert contents(tmp_path) == {
        f"skills/{name}/SKILL.md": skill(becomes, "See [d](docs/d.md).\n").encode(),
        f"skills/{name}/docs/d.md": b"[x](../SKILL.md)\n",
        "skills/w/SKILL.md": skill("w", f"[x](../{name}/SKILL.md)\n\nAnd `x`.\n").encode(),
    }
    assert "left as it is: skills/w/SKILL.md:7:6: x\n" in moved.out


def test_moving_into_a_folder_works_as_with_mv(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {"patterns/a.md": "# A\n", "patterns/f/b.md": "# B\n", X: skill("x", "<<include: a.md>>\n")})
    assert skillweave_here(tmp_path / "patterns", ["mv", "a.md", "f"]).status == 0
    assert (tmp_path / "patterns/f/a.md").exists()
    assert skillweave_here(tmp_path / "patterns/f", ["mv", "./a.md", "../g/"]).status == 0
    assert (tmp_path / "patterns/g/a.md").exists()
    assert skillweave_here(tmp_path, ["mv", str(tmp_path / "patterns/g"), "patterns/f"]).status == 0
    assert (tmp_path / "patterns/f/g/a.md").exists()
    assert (tmp_path / X).read_text() == skill("x", "<<include: f/g/a.md>>\n")


def test_a_move_that_changes_only_the_case(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {"patterns/A.md": "# A\n", X: skill("x", "<<include: A.md>>\n")})
    assert skillweave_here(tmp_path, ["mv", "patterns/A.md", "patterns/a.md"]).status == 0
    assert os.listdir(tmp_path / "patterns") == ["a.md"]  # noqa: PTH208 (names as the disk spells them)
    assert (tmp_path / X).read_text() == skill("x", "<<include: a.md>>\n")


def test_a_project_behind_symlinks(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(
        tmp_path, {"src/p/a.md": "# A\n", "src/s/x/SKILL.md": skill("x", "[l](../../p/a.md)\n\n<<include: a.md>>\n")}
    )
    (tmp_path / "patterns").symlink_to("src/p")
    (tmp_path / "skills").symlink_to("src/s")
    assert skillweave_here(tmp_path, ["mv", "patterns/a.md", "patterns/b.md"]).status == 0
    assert (tmp_path / "src/s/x/SKILL.md").read_text() == skill("x", "[l](../../p/b.md)\n\n<<include: b.md>>\n")
    assert skillweave_here(tmp_path, ["mv", "skills/x", "skills/w"]).status == 0
    assert (tmp_path / "src/s/w/SKILL.md").read_text().startswith("---\nname: w\n")


def test_the_report_of_a_move(tmp_path: Path, skillweave_here: Skillweave) -> None:
    body = "<<reference: a.md>>\n\n```\n<<include: a.md>>\n```\n\nSee patterns/a.md, `references/a.md` and data.md.\n"
    write_files(tmp_path, {"patterns/a.md": "# A\n\nSee ba.md and ./a.md.\n", X: skill("x", body)})
    moved = skillweave_here(tmp_path, ["mv", "patterns/a.md", "patterns/q.md"])
    assert moved.out.splitlines() == [
        "moved patterns/a.md → patterns/q.md",
        "rewrote 1 place in skills/x/SKILL.md",
        "changes the bundle of skills/x/SKILL.md: SKILL.md; without references/a.md; with references/q.md",
        "left as it is: patterns/q.md:3:15: ./a.md",
        "left as it is: skills/x/SKILL.md:8:12: a.md",
        "left as it is: skills/x/SKILL.md:11:5: patterns/a.md",
        "left as it is: skills/x/SKILL.md:11:21: references/a.md",
    ]
    told = json.loads(skillweave_here(tmp_path, ["mv", "patterns/q.md", "patterns/r.md", "--format", "json"]).out)
    assert (told["from"], told["to"], told["done"]) == ("patterns/q.md", "patterns/r.md", True)
    assert told["rewritten"] == [{"path": X, "places": 1}]
    assert told["summary"]["errors"] == 0


def test_a_dry_run_writes_nothing_and_its_patch_equals_the_move(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, AROUND)
    write_files(tmp_path, {"patterns/a/s.md": "# S\n\n[t](../top.md)\n\n<<include: ./p.md>>\n"})
    write_files(tmp_path, {X: skill("x", "<<include: a/s.md>>\n\n[p](../../patterns/a/p.md)\n")})
    write_files(tmp_path, {"patterns/top.md": "# Top\n\n[s](a/s.md)"})
    before = contents(tmp_path)
    for source, target in (("patterns/a", "patterns/b/c"), ("patterns/a/s.md", "patterns/s s.md")):
        for folder in ("patch", "mv"):
            shutil.copytree(tmp_path, tmp_path.parent / folder, dirs_exist_ok=False)
        dry = skillweave_here(tmp_path, ["mv", "--dry-run", "--no-cache", source, target])
        assert (dry.status, contents(tmp_path)) == (0, before)
        assert dry.err.startswith(f"would move {source} → {target}\nwould rewrite ")
        assert list(tmp_path.glob(".skillweave*")) == []
        applied = tmp_path.parent / "patch"
        subprocess.run(["git", "apply", "-p1", "-"], input=dry.out.encode(), cwd=applied, check=True, timeout=60)
        assert skillweave_here(tmp_path.parent / "mv", ["mv", source, target]).status == 0
        assert contents(applied) == contents(tmp_path.parent / "mv")
        for folder in ("patch", "mv"):
            shutil.rmtree(tmp_path.parent / folder)


# What is refused


REFUSED: dict[str, tuple[tuple[str, str], int, str]] = {
    "not there": (("patterns/none.md", "patterns/b.md"), 2, "patterns/none.md does not exist."),
    "in the way": (
        ("patterns/a.md", "patterns/f/b.md"),
        2,
        "patterns/f/b.md already exists, and nothing is overwritten.",
    ),
    "in the way in a folder": (
        ("patterns/b.md", "patterns/f"),
        2,
        "patterns/f/b.md already exists, and nothing is overwritten.",
    ),
    "itself": (("patterns/a.md", "patterns/f/../a.md"), 2, "patterns/a.md is already there."),
    "itself, a folder": (("patterns/f", "patterns"), 2, "patterns/f is already there."),
    "into itself": (("patterns/f", "patterns/f/g"), 2, "patterns/f cannot be moved into itself."),
    "below a file": (("patterns/a.md", "patterns/b.md/c.md"), 2, "patterns/b.md is not a folder of the project."),
    "the project": ((".", "patterns/x"), 2, "the project cannot be moved into itself."),
    "outside": (("patterns/a.md", "../a.md"), 2, "../a.md is outside the project"),
    "from outside": (("../elsewhere.md", "patterns/e.md"), 2, "../elsewhere.md is outside the project"),
    "no root": (("patterns/a.md", "a.md"), 1, "a.md would be outside every folder that the project reads"),
    "unknown": (("notes.txt", "patterns/n.txt"), 2, "notes.txt is not part of the project"),
    "hidden": (("patterns/a.md", "patterns/.a.md"), 2, "patterns/.a.md would be left out of the project"),
    "control": (("patterns/a.md", "patterns/\x1b[31m.md"), 2, r"in a directive: 'patterns/\x1b[31m.md'."),
    "backslash": (("patterns/a.md", "patterns/a\\b.md"), 2, "a control character or a backslash"),
    "nothing": (("patterns/a.md", ""), 2, "'' is not a path."),
    "nul": (("patterns/a.md", "a\0b"), 2, "is not a path."),
    "other case": (("patterns/a.md", "patterns/B.md"), 2, "patterns/b.md exists, and on some disks"),
    "folder in another case": (("patterns/a.md", "patterns/F/a.md"), 2, "patterns/f exists, and on some disks"),
    "a symlink": (
        ("patterns/link.md", "patterns/l.md"),
        2,
        "patterns/link.md is a symlink to a.md: move what it points to.",
    ),
    "led to": (
        ("patterns/a.md", "patterns/z.md"),
        2,
        "patterns/link.md is a symlink to patterns/a.md, which would move",
    ),
    "leading out": (
        ("patterns/g", "patterns/h/g"),
        2,
        "patterns/g/up.md is a symlink to ../b.md, which would point elsewhere",
    ),
    "a FIFO": (("patterns/fifo", "patterns/f2"), 2, "patterns/fifo is neither a file nor a folder."),
    "a root": (("patterns", "lib"), 2, "`patterns` in the configuration names patterns: move it by hand"),
    "shared": (("docs", "patterns/docs"), 2, "`shared` in the configuration names docs/d.md: move it by hand"),
    "output": (("build", "patterns/build"), 2, "build is the output folder."),
    "verbatim": (("patterns/raw", "patterns/r"), 1, "`verbatim` in the configuration names patterns/raw/t.md, but not"),
    "no skill any more": (
        ("skills/x/SKILL.md", "skills/x/S.md"),
        1,
        "skills/x/SKILL.md is what makes its folder a skill: move the folder",
    ),
    "a skill without its files": (
        ("skills/x/SKILL.md", "skills/z/SKILL.md"),
        1,
        "own.md would be left behind without the skill: move the folder skills/x",
    ),
    "a new document": (("patterns/b.md", "agents/b.md"), 1, "agents/b.md would become a document"),
    "two ids": (("skills/x", "skills/X"), 1, "error[SW703]"),
    "ambiguous": (
        ("patterns/b.md", "lib/c.md"),
        1,
        "error[SW211]: c.md is ambiguous: it can be lib/c.md or patterns/c.md",
    ),
    "out of the skill": (("skills/x/own.md", "skills/y/own.md"), 1, "error[SW503]"),
    "found by accident": (
        ("patterns/b.md", "patterns/opt.md"),
        1,
        "this include would lead to patterns/opt.md instead of nothing",
    ),
    "found where it was looked for": (
        ("patterns/b.md", "lib/opt.md"),
        1,
        "this include would lead to lib/opt.md instead of nothing",
    ),
    "what a value makes": (("patterns/t", "patterns/u"), 1, "patterns/tpl.md:"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_moves(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    root = tmp_path / "project"
    names, status, message = REFUSED[name]
    write_files(tmp_path, {"elsewhere.md": "else\n"})
    config = (
        'patterns = ["lib", "patterns"]\ndocuments = ["agents"]\nshared = ["docs/d.md"]\nverbatim = ["**/raw/**"]\n'
    )
    body = "<<include: c.md>>\n\n<<include: opt.md optional>>\n\n[o](own.md)\n\n<<include: tpl.md>>\n"
    write_files(
        root,
        {
            "skillweave.toml": config,
            **{f"patterns/{path}": f"# {path}\n" for path in ("a.md", "b.md", "c.md", "f/b.md", "g/a.md", "t/a.md")},
            "patterns/raw/t.md": "raw\n",
            "patterns/tpl.md": "---\nparams:\n  d: {default: t}\n---\n[t]({{ d }}/a.md)\n",
            "lib/d.md": "# D\n",
            "docs/d.md": "# D\n",
            "build/x": "",
            "notes.txt": "notes\n",
            "skills/x/own.md": "# Own\n",
            "skills/y/SKILL.md": skill("y", "text\n"),
            X: skill("x", body),
        },
    )
    match name:
        case "a symlink" | "led to":
            (root / "patterns/link.md").symlink_to("a.md")
        case "leading out":
            (root / "patterns/g/up.md").symlink_to("../b.md")
        case "a FIFO":
            os.mkfifo(root / "patterns/fifo")
    before = contents(root)
    refused = skillweave_here(root, ["mv", "--no-cache", *names])
    assert (refused.status, refused.out) == (status, "")
    assert message in refused.err
    assert "\x1b" not in refused.err
    assert contents(root) == before
    assert not (root / "patterns/h").exists()


def test_a_missing_optional_include_is_not_rewritten(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """An unresolved bare path is recorded at its place in the first root. That must not make it seem affected by the move."""
    write_files(
        tmp_path,
        {
            "skillweave.toml": 'patterns = ["patterns", "lib"]\n',
            "patterns/a/sub/two.md": "<<include: a/missing.md optional>>\n\nTwo.\n",
            "lib/b.md": "B\n",
            X: skill("x", "<<include: a/sub/two.md>>\n"),
        },
    )
    moved = skillweave_here(tmp_path, ["mv", "patterns/a", "lib/a"])
    assert (moved.status, moved.err) == (0, "")
    assert (tmp_path / "lib/a/sub/two.md").read_text() == "<<include: a/missing.md optional>>\n\nTwo.\n"


def test_unused_shared_files_are_updated_and_can_be_moved(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """They may be included or linked later, so their own links and includes must stay valid."""
    document = "[x](../patterns/x.md)\n\n<<include: x.md>>\n"
    write_files(
        tmp_path,
        {
            "skillweave.toml": 'shared = ["docs"]\nverbatim = ["**/raw/**"]\n',
            "patterns/x.md": "# X\n",
            "docs/d.md": document,
            "docs/raw/r.md": document,
            "docs/e.png": b"\x89PNG",
            X: skill("x", "<<include: x.md>>\n"),
        },
    )
    assert skillweave_here(tmp_path, ["mv", "patterns/x.md", "patterns/y.md"]).status == 0
    assert (tmp_path / "docs/d.md").read_text() == "[x](../patterns/y.md)\n\n<<include: y.md>>\n"
    assert (tmp_path / "docs/raw/r.md").read_text() == document
    assert skillweave_here(tmp_path, ["mv", "docs/d.md", "docs/deep/f.md"]).status == 0
    assert (tmp_path / "docs/deep/f.md").read_text() == "[x](../../patterns/y.md)\n\n<<include: y.md>>\n"
    assert skillweave_here(tmp_path, ["mv", "docs/e.png", "docs/deep/e.png"]).status == 0
    refused = skillweave_here(tmp_path, ["mv", "docs/deep/e.png", "other/e.png"])
    assert refused.status == 1
    assert "other/e.png would be outside every folder that the project reads" in refused.err


def test_errors_that_existed_before_do_not_prevent_a_move(tmp_path: Path, skillweave_here: Skillweave) -> None:
    loop = {
        "patterns/m/a.md": "<<include: ./b.md>>\n",
        "patterns/m/b.md": "<<include: m/a.md>>\n\n[gone](../gone.md)\n",
    }
    write_files(
        tmp_path,
        {**loop, "patterns/c.md": "<<include: none.md>>\n", X: skill("x", "<<include: m/a.md>>\n\n<<include:>>\n")},
    )
    assert skillweave_here(tmp_path, ["mv", "patterns/m/a.md", "patterns/z/a.md"]).status == 0
    assert (tmp_path / "patterns/z/a.md").read_text() == "<<include: ../m/b.md>>\n"
    assert skillweave_here(tmp_path, ["mv", "patterns/m", "patterns/n/m"]).status == 0
    assert (tmp_path / "patterns/n/m/b.md").read_text() == "<<include: z/a.md>>\n\n[gone](../../gone.md)\n"


def test_warnings_are_reported_and_prevent_a_move_with_strict(tmp_path: Path, skillweave_here: Skillweave) -> None:
    config = 'skills = ["plugins/*/skills"]\n'
    text = skill("y", "Use `p:x`.\n")
    write_files(tmp_path, {"skillweave.toml": config, "plugins/p/skills/x/SKILL.md": skill("x", "X\n")})
    write_files(tmp_path, {"plugins/p/skills/y/SKILL.md": text})
    names = ("plugins/p/skills/x", "plugins/p/skills/z")
    refused = skillweave_here(tmp_path, ["mv", "--strict", *names])
    assert (refused.status, "error[SW506]" in refused.err) == (1, True)
    moved = skillweave_here(tmp_path, ["mv", *names])
    assert (moved.status, "warning[SW506]" in moved.err) == (0, True)
    assert "left as it is: plugins/p/skills/y/SKILL.md:5:6: p:x" in moved.out


def test_a_plugin_that_the_configuration_names_cannot_be_moved(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {"skillweave.toml": 'skills = ["plugins/*/skills"]\n[plugins.p]\nversion = "1"\n'})
    write_files(tmp_path, {"plugins/p/skills/x/SKILL.md": skill("x", "X\n")})
    refused = skillweave_here(tmp_path, ["mv", "plugins/p", "plugins/q"])
    assert (refused.status, "[plugins.p] in the configuration" in refused.err) == (1, True)
    write_files(tmp_path, {"skillweave.toml": 'skills = ["plugins/*/skills"]\n[plugins.q]\nversion = "1"\n'})
    assert skillweave_here(tmp_path, ["mv", "plugins/p", "plugins/q"]).status == 0
    assert (tmp_path / "plugins/q/skills/x/SKILL.md").exists()


# Bundles do not change


class Pattern(NamedTuple):
    """A generated pattern: its path, and how it refers to earlier ones, as pairs of number and kind of reference."""

    path: str
    names: tuple[tuple[int, str], ...]


class Generated(NamedTuple):
    """A project, and a move in it."""

    sources: Sources
    old: str
    new: str


_STEMS = ("p", "my file ", "ü", "a(b)", "x&y", "q'r", "50% ", "_u*")
_FOLDERS = ("", "a/", "a/b/", "c d/")
_ROOTS = ("patterns/", "lib/")
_WAYS = ("bare", "own", "reference", "link", "angles", "html", "data", "folder")


def directive_path(path: str) -> str:
    return f'"{path}"' if re.search(r"[\s#<>{}|]", path) else path


def naming(source: str, target: str, way: str) -> str:
    """A block in one file that refers to another file."""
    bare = target.partition("/")[2]
    there = relative(source, target)
    own = there if there.startswith("../") else f"./{there}"
    match way:
        case "bare":
            return f"<<include: {directive_path(bare)}>>"
        case "own":
            return f"{{{{include: {directive_path(own)} level=keep}}}}"
        case "reference":
            return f'See <<reference: {directive_path(bare)} text="there">>.'
        case "link":
            return f"A [link]({encode(there)}#head) to it."
        case "angles":
            spelled = "".join(char if char in " ()'" else encode(char) for char in there)
            return f'An ![image](<{spelled}> "title").'
        case "html":
            return f'Some <a href="{encode(there)}">HTML</a>.'
        case "data":
            return f"<<asset: {directive_path(bare[: bare.rfind('/') + 1] + 'data.bin')}>>"
        case _:
            return f"<<asset: {directive_path(own[: own.rfind('/') + 1] + 'files/')} to=kept/>>"


@st.composite
def generated(draw: st.DrawFn) -> Generated:
    patterns: list[Pattern] = []
    for number in range(draw(st.integers(2, 5))):
        place = draw(st.sampled_from(_ROOTS)) + draw(st.sampled_from(_FOLDERS))
        way = st.sampled_from(_WAYS[:6])
        names = st.lists(st.tuples(st.integers(0, number - 1), way), max_size=2) if number else st.just([])
        patterns.append(Pattern(f"{place}{draw(st.sampled_from(_STEMS))}{number}.md", tuple(draw(names))))
    sources: Sources = {
        "skillweave.toml": 'patterns = ["patterns", "lib"]\n',
        "lib/z.md": "# Z\n",
        "patterns/z/z.md": "# Z\n",
    }
    for pattern in patterns:
        blocks = [naming(pattern.path, patterns[other].path, way) for other, way in pattern.names]
        sources[pattern.path] = "\n\n".join([f"# Head\n\nText of {len(sources)}.", *blocks]) + "\n"
        folder = pattern.path[: pattern.path.rfind("/") + 1]
        sources |= {f"{folder}data.bin": f"data of {folder}\n", f"{folder}files/f.txt": f"file of {folder}\n"}
    sources = {
        path: text
        for path, text in sources.items()
        if not path.startswith("lib/") or "data" not in path or f"patterns{path[3:]}" not in sources
    }
    for name in ("x", "y"):
        path = f"skills/{name}/SKILL.md"
        chosen = draw(st.lists(st.tuples(st.sampled_from(patterns), st.sampled_from(_WAYS)), min_size=1, max_size=4))
        blocks = [naming(path, pattern.path, way) for pattern, way in chosen]
        other = "y" if name == "x" else "x"
        sources[path] = skill(name, "\n\n".join(["# Skill", *blocks, f"[other](../{other}/SKILL.md)"]) + "\n")
    files = [pattern.path for pattern in patterns]
    folders = sorted({str(Path(path).parent) for path in files} - {"patterns", "lib"})
    old = draw(st.sampled_from([*files, *folders, "skills/x"]))
    place = draw(st.sampled_from(_ROOTS)) + draw(st.sampled_from((*_FOLDERS, "new/")))
    new = (
        "skills/new"
        if old == "skills/x"
        else f"{place}{draw(st.sampled_from(_STEMS))}moved{'.md' if old in files else ''}"
    )
    return Generated(sources, old, new)


def compiled(root: Path) -> Compiled:
    return compile_project(Config(root, None, patterns=("patterns", "lib")))


def essence(project: Compiled, old: str, new: str) -> dict[tuple[str, str, int], Counter[bytes]]:
    """Every output by its bundle and origin, with each link target replaced by its source's name after the move.

    This removes everything that a move of `old` to `new` may change, and nothing else: the paths of outputs named after moved
    sources, the paths in links to them, and the name and banner of a moved skill.
    """

    def moved(path: str) -> str:
        return new + path[len(old) :] if path == old or path.startswith(f"{old}/") else path

    found: dict[tuple[str, str, int], Counter[bytes]] = {}
    for bundle in project.bundles:
        origins = {out: page.unit.path for out, page in bundle.pages.items()} | dict(bundle.copied)
        main = f"{bundle.entry.folder}/SKILL.md"
        for output in bundle.outputs:
            data = output.data
            if output.path in bundle.pages:
                text = data.decode()
                for destination in reversed(parse(text).destinations):
                    start, end = destination.span
                    written = read_destination(text[start:end], destination.kind)
                    if written and written.path:
                        target = resolve(output.path, written.path)
                        name = moved(origins.get(target, target))
                        text = f"{text[:start]}{name}{text[start + written.length :]}"
                if output.path == main:
                    text = text.replace(f"from {main}.", f"from {moved(main)}.", 1)
                    text = text.replace(
                        f"\nname: {Path(main).parent.name}\n", f"\nname: {Path(moved(main)).parent.name}\n", 1
                    )
                data = text.encode()
            key = (moved(main), moved(origins[output.path]), output.mode)
            found.setdefault(key, Counter())[data] += 1
    return found


@examples(30)
@given(project=generated())
def test_bundles_say_the_same_and_moving_back_restores_every_byte(
    tmp_path_factory: pytest.TempPathFactory, project: Generated
) -> None:
    root = tmp_path_factory.mktemp("moved")
    write_files(root, project.sources)
    before, old = contents(root), compiled(root)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = run_command(
            ["mv", "--no-cache", "--root", str(root), str(root / project.old), str(root / project.new)]
        )
        if status != 0:
            assert contents(root) == before
            assert "cannot go into itself" in said.getvalue()
            return
        after = compiled(root)
        assert essence(after, "-", "-") == essence(old, project.old, project.new)
        assert len(after.bundles) == len(old.bundles)
        assert (
            run_command(["mv", "--no-cache", "--root", str(root), str(root / project.new), str(root / project.old)])
            == 0
        )
    assert contents(root) == before


# Kills and system failures


DRIVER = """
import errno, json, os, signal, sys
import skillweave.diff, skillweave.move.apply, skillweave.parse, skillweave.report
from skillweave.cli import run

job = json.load(sys.stdin)
seen = 0

def changes(event, arguments):
    if event == "open":
        return isinstance(arguments[0], (str, os.PathLike)) and arguments[2] & (os.O_CREAT | os.O_WRONLY) and arguments[0]
    return event in ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir") and arguments[0]

def disturb(root, number):
    def hook(event, arguments):
        global seen
        path = changes(event, arguments)
        if not path or not os.fspath(path).startswith(root + "/"):
            return
        seen += 1
        if seen == number and job["effect"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if seen == number and job["effect"] == "interrupt":
            raise KeyboardInterrupt
        if seen == number:
            raise OSError(errno.ENOSPC, "No space left on device", os.fspath(path))
    os.chdir(root)
    sys.addaudithook(hook)
    sys.stdout = sys.stderr = open(f"{root}.said", "w")
    status = run(["mv", "--no-cache", *job["names"]])
    sys.stdout.close()
    os._exit(status if number else seen)

statuses = []
for root, number in job["tries"]:
    child = os.fork()
    if not child:
        disturb(root, number)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(statuses))
"""


def disturbed(names: tuple[str, str], effect: str, tries: Mapping[Path, int]) -> list[int]:
    """Run the move in each folder, with a fault at the n-th call that changes the disk there.

    Return the exit statuses (negative for the signal that ended the process), or for n = 0 the number of such calls.
    """
    job = json.dumps({"effect": effect, "names": names, "tries": [(str(root), n) for root, n in tries.items()]})
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], input=job, capture_output=True, text=True, check=True, timeout=60
    )
    statuses: list[int] = json.loads(done.stdout)
    return statuses


SMALL: Sources = {
    "patterns/a/p.md": "# P\n\n[t](../t.md)\n",
    "patterns/t.md": "# T\n",
    X: skill("x", "<<include: a/p.md>>\n\n[p](../../patterns/a/p.md)\n"),
}


def test_a_move_whose_report_cannot_be_printed_is_reported_as_done(tmp_path: Path) -> None:
    write_files(tmp_path, SMALL)
    command = [sys.executable, "-m", "skillweave", "mv", "patterns/t.md", "patterns/u.md"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, (tmp_path / "patterns/u.md").exists()) == (1, True)
    assert done.stderr == b"patterns/t.md was moved to patterns/u.md, but the report could not be printed.\n"


def test_files_that_cannot_be_searched_are_listed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {**SMALL, "patterns/odd.md": b"[t](t.md) \xff\n"})
    outcome = skillweave_here(tmp_path, ["mv", "patterns/t.md", "patterns/u.md"])
    assert outcome.status == 0
    assert "not searched: patterns/odd.md: not UTF-8: byte 0xff at byte 10\n" in outcome.out


@pytest.mark.parametrize("names", [("patterns/odd.md", "patterns/b.md"), ("patterns/a", "patterns/b")])
def test_what_cannot_be_searched_is_not_moved(
    tmp_path: Path, skillweave_here: Skillweave, names: tuple[str, str]
) -> None:
    """Nobody knows what it names, or what its own name is."""
    write_files(tmp_path, {**SMALL, "patterns/odd.md": b"[t](t.md) \xff\n", "patterns/a/odd.md": b"\xff\n"})
    before = files_below(tmp_path)
    outcome = skillweave_here(tmp_path, ["mv", *names])
    assert outcome.status == 1
    assert re.match(r"refused: patterns/(a/)?odd.md: not UTF-8: byte 0xff at byte \d+\n", outcome.err)
    assert files_below(tmp_path, without=[".skillweave"]) == before


@pytest.mark.parametrize("names", [("patterns/a", "patterns/n/m/b"), ("patterns/a/p.md", "patterns/n/q.md")])
@pytest.mark.parametrize(("effect", "statuses"), [("kill", {-9}), ("refuse", {1}), ("interrupt", {130})])
def test_cut_off_anywhere_it_can_be_finished(
    tmp_path: Path, skillweave_here: Skillweave, names: tuple[str, str], effect: str, statuses: set[int]
) -> None:
    done = tmp_path / "done"
    write_files(done, SMALL)
    (calls,) = disturbed(names, effect, {done: 0})
    after = contents(done)
    assert calls > 8
    tries = {tmp_path / str(number): number for number in range(1, calls + 1)}
    for root in tries:
        write_files(root, SMALL)
    # If the disk refuses hard links, files are renamed instead, so the move succeeds.
    without_links = {0} if effect == "refuse" and names[0].endswith(".md") else set()
    assert set(disturbed(names, effect, tries)) == statuses | without_links
    untouched = 0
    for root in tries:
        said = Path(f"{root}.said").read_text()
        kept = {data for path, data in contents(root).items() if ".skillweave-move" not in path}
        for old, new in zip(SMALL.values(), sorted_like(SMALL, after, names), strict=True):
            assert kept & {old.encode(), new}, "a file is lost"
        if contents(root) == after:
            continue
        is_half = (root / ".skillweave-move.json").exists()
        untouched += not is_half
        if effect != "kill":
            assert ("run the same command again to finish it" in said) is is_half
            assert is_half or contents(root) == {path: text.encode() for path, text in SMALL.items()}
        again = skillweave_here(root, ["mv", *names])
        assert again.status == 0, again
        assert contents(root) == after
    assert untouched > 3 or effect == "kill", "what is refused before the renaming is taken back"


def sorted_like(before: Sources, after: Mapping[str, bytes], names: tuple[str, str]) -> list[bytes]:
    old, new = names
    return [after[new + path[len(old) :] if path == old or path.startswith(f"{old}/") else path] for path in before]


def test_an_interrupted_move_must_be_finished_first(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, SMALL)
    cut = half_done(tmp_path)
    other = skillweave_here(tmp_path, ["mv", "patterns/t.md", "patterns/u.md"])
    assert other.status == 2
    assert "run `skillweave mv patterns/a patterns/b` to finish it" in other.err
    for command in ("check", "check", "build", "build"):  # also if nothing has changed since
        told = skillweave_here(tmp_path, [command]).err
        assert "moving patterns/a to patterns/b was interrupted: run `skillweave mv patterns/a patterns/b`" in told
    (tmp_path / X).write_text("mine\n")
    finished = skillweave_here(tmp_path, ["mv", "patterns/a", "patterns/b"])
    assert (finished.status, finished.out) == (1, "finished moving patterns/a → patterns/b\n")
    assert finished.err == f"{X} has changed since, and was left as it is: see `skillweave check`\n"
    assert (tmp_path / X).read_text() == "mine\n"
    assert cut not in contents(tmp_path)


def test_the_command_that_finishes_a_move_can_be_pasted(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """The command works from the current folder, and quotes names that are special to the shell."""
    write_files(tmp_path, SMALL)
    names = ("patterns/a/p.md", "patterns/a/-$(id) it's.md")
    journal = {"old": names[0], "new": names[1], "folder": False, "changes": []}
    (tmp_path / ".skillweave-move.json").write_text(json.dumps(journal))
    other = skillweave_here(tmp_path / "patterns/a", ["mv", "../t.md", "../u.md"])
    command = re.search("run `(.*)` to finish it", other.err.replace("\n", " "))
    assert command is not None
    assert shlex.split(command[1]) == ["skillweave", "mv", "--", "p.md", "-$(id) it's.md"]
    finished = skillweave_here(tmp_path / "patterns/a", shlex.split(command[1])[1:])
    assert (finished.status, finished.err) == (0, "")
    assert not (tmp_path / ".skillweave-move.json").exists()
    assert (tmp_path / names[1]).is_file()


def test_an_error_is_reported_in_one_line(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, SMALL)
    told = skillweave_here(tmp_path, ["mv", "patterns/a\n::error::b.md", "patterns/c.md"]).err
    assert told.endswith("\n\nError: patterns/a\\x0a::error::b.md does not exist.\n")


def half_done(root: Path) -> str:
    """Interrupt a move after its folder has been renamed. Return the name of the journal."""
    names = ("patterns/a", "patterns/b")
    trial = root.parent / "trial"
    write_files(trial, SMALL)
    (calls,) = disturbed(names, "kill", {trial: 0})
    disturbed(names, "kill", {root: calls - 1})
    assert (root / "patterns/b/p.md").exists()
    return ".skillweave-move.json"


@pytest.mark.parametrize("journal", ["", "{", '{"old": "patterns/a", "changes": [{"path'])
def test_an_incomplete_journal_is_ignored(tmp_path: Path, skillweave_here: Skillweave, journal: str) -> None:
    write_files(tmp_path, {**SMALL, ".skillweave-move.json": journal})
    assert skillweave_here(tmp_path, ["mv", "patterns/a", "patterns/b"]).status == 0
    assert (tmp_path / "patterns/b").exists()
    assert not (tmp_path / ".skillweave-move.json").exists()


GOOD_CHANGE: dict[str, object] = {"path": "patterns/a/p.md", "before": "0", "after": "1", "edits": []}


@pytest.mark.parametrize(
    "journal",
    [
        [],
        3,
        {"old": "patterns/a"},
        {"old": 1, "new": 2, "folder": False, "changes": []},
        {"old": "patterns/a", "new": "patterns/b", "folder": 0, "changes": []},
        {"old": "patterns/a", "new": "patterns/b", "folder": True, "changes": {}},
        {"old": "patterns/a\0", "new": "patterns/b", "folder": True, "changes": []},
        {"old": "patterns/a", "new": "patterns/\ud800", "folder": True, "changes": []},
        *(
            {"old": "patterns/a", "new": "patterns/b", "folder": True, "changes": [{**GOOD_CHANGE, **odd}]}
            for odd in ({"path": 3}, {"before": None}, {"edits": 3}, {"edits": [3]}, {"edits": [[5, 2, ""]]})
        ),
    ],
)
def test_an_invalid_journal_is_reported_and_kept(tmp_path: Path, skillweave_here: Skillweave, journal: object) -> None:
    write_files(tmp_path, {**SMALL, ".skillweave-move.json": json.dumps(journal)})
    before = contents(tmp_path)
    refused = skillweave_here(tmp_path, ["mv", "patterns/a", "patterns/b"])
    assert refused.status == 2
    assert re.search(r"Error: \.skillweave-move\.json .*: remove that file\.\n$", refused.err)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", ["FIFO", "folder", "link", "link to nothing"])
def test_a_journal_that_is_not_a_regular_file_must_be_removed(
    tmp_path: Path, skillweave_here: Skillweave, kind: str
) -> None:
    write_files(tmp_path, SMALL)
    path = tmp_path / ".skillweave-move.json"
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to("patterns/a/p.md")
        case _:
            path.symlink_to("nowhere")
    refused = skillweave_here(tmp_path, ["mv", "patterns/a", "patterns/b"])
    assert refused.status == 2
    assert ".skillweave-move.json is not a readable regular file" in refused.err
    assert "remove it" in refused.err
    assert not (tmp_path / "patterns/b").exists()


def test_an_untrusted_journal_cannot_reach_outside_the_project(tmp_path: Path, skillweave_here: Skillweave) -> None:
    root = tmp_path / "project"
    write_files(tmp_path, {"mine.txt": "mine\n"})
    write_files(root, SMALL)
    for old, new in (("../mine.txt", "patterns/b"), ("patterns/a", "/etc/x"), ("patterns/a", "out/x")):
        (root / "out").unlink(missing_ok=True)
        (root / "out").symlink_to(tmp_path)
        journal = {"old": old, "new": new, "folder": False, "changes": []}
        (root / ".skillweave-move.json").write_text(json.dumps(journal))
        refused = skillweave_here(root, ["mv", old, new])
        assert (refused.status, "which is not in the project" in refused.err) == (2, True)
    assert (tmp_path / "mine.txt").read_text() == "mine\n"


@pytest.mark.parametrize("output", ["x", "./x", "x/", "skills/../x"])
def test_a_symlink_in_the_output_folder_does_not_prevent_a_move(
    tmp_path: Path, output: str, skillweave_here: Skillweave
) -> None:
    write_files(tmp_path, {"patterns/a.md": "# A\n", "skills/x/SKILL.md": skill("x", "<<include: a.md>>\n")})
    assert skillweave_here(tmp_path, ["build", "--output", output]).status == 0
    (tmp_path / "x/link.md").symlink_to("../patterns/a.md")
    moved = skillweave_here(tmp_path, ["mv", "patterns/a.md", "patterns/b.md", "--output", output])
    assert (moved.status, moved.err) == (0, "")
