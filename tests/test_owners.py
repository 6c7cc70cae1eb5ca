"""What is wrong with one entry keeps no other one back, and building an entry alone gives the same as building all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from projects import files_below, skill, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Skillweave

FENCE = "```"
TEMPLATE = "---\nparams:\n  v: {default: fine}\n---\n"
CASES = {
    "a link to a heading that only one entry has": (
        {"patterns/p.md": "See [it](#there).\n"},
        ("# There\n\n<<include: p.md>>\n", "<<include: p.md>>\n"),
    ),
    "a link that a value makes": (
        {"patterns/p.md": f"{TEMPLATE}See [it]({{{{ v }}}}.md).\n", "patterns/a.md": "# A\n"},
        ("<<include: p.md with v=a>>\n", "<<include: p.md with v=b>>\n"),
    ),
    "a value that begins a fence": (
        {"patterns/p.md": f"{TEMPLATE}{{{{ v }}}}\n\ntext\n"},
        ("<<include: p.md with v=a>>\n", f'<<include: p.md with v="{FENCE}">>\n'),
    ),
    "a value that hides a directive, passed on by another template": (
        {
            "patterns/p.md": f'{TEMPLATE}<<include: q.md with v="{{{{ v }}}}">>\n',
            "patterns/q.md": f"{TEMPLATE}a {{{{ v }}}}<<include: w.md>>{{{{ v }}}} b\n",
            "patterns/w.md": "word\n",
        },
        ("<<include: p.md with v=a>>\n", '<<include: p.md with v="`">>\n'),
    ),
    "a value that makes a heading of the text above": (
        {"patterns/p.md": f"{TEMPLATE}{{{{ v }}}}\n"},
        ("text\n<<include: p.md with v=***>>\n", "text\n<<include: p.md with v=--->>\n"),
    ),
    "a label with two meanings": (
        {"patterns/p.md": "[a][l]\n\n[l]: https://e.org/1\n"},
        ("<<include: p.md>>\n", "[b][l]\n\n[l]: https://e.org/2\n\n<<include: p.md>>\n"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_one_entry_keeps_no_other_back(tmp_path: Path, skillweave: Skillweave, case: str) -> None:
    patterns, (good, bad) = CASES[case]
    files = {**patterns, "skills/good/SKILL.md": skill("good", good), "skills/bad/SKILL.md": skill("bad", bad)}
    for name in ("all", "one"):
        write_files(tmp_path / name, files)
    everything, alone = skillweave(tmp_path / "all", ["build"]), skillweave(tmp_path / "one", ["build", "skills/good"])
    assert (everything.status, alone.status) == (1, 0), alone.err
    assert skillweave(tmp_path / "all", ["build", "skills/bad"]).status == 1
    assert "1 with errors" in everything.out
    assert files_below(tmp_path / "all/build/skills") == files_below(tmp_path / "one/build/skills")
    assert files_below(tmp_path / "one/build/skills").keys() >= {"good/SKILL.md"}


OUTSIDE = {
    "a symlink to nowhere": ("dang", "nowhere", "SW205"),
    "a symlink out of the project": ("out", "/", "SW202"),
    "a symlink with a name that is not UTF-8": ("\udcff", "SKILL.md", "SW203"),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_whatever_keeps_an_entry_back_is_reported_for_it_alone(
    tmp_path: Path, skillweave: Skillweave, case: str
) -> None:
    """What is wrong may be at no file of the entry. Whoever checks one entry sees what whoever checks all does."""
    name, target, code = OUTSIDE[case]
    write_files(tmp_path, {"skillweave.toml": "", "skills/s/SKILL.md": skill("s", "text\n")})
    (tmp_path / "skills/s" / name).symlink_to(target)
    found = skillweave(tmp_path, ["check", "--format", "concise"])
    assert (found.status, code in found.out) == (1, True), found
    for command in (["check", "s"], ["build", "s"], ["trace", "build/skills/s/SKILL.md"]):
        alone = skillweave(tmp_path, [*command, "--format", "concise"])
        assert alone.status == 1
        assert found.out.splitlines()[0] in alone.out + alone.err
