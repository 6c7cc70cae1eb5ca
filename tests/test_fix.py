"""`check --fix` and `check --diff`: what is fixed, what is not, and that nothing else is changed."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from projects import files_below, run_apart, skill, write_files
from skillweave.build import Compiled, compile_project
from skillweave.cache import Documents
from skillweave.config import Config
from skillweave.diagnostics import CODES, DIRECTIVE_STYLE
from skillweave.files import Tree
from skillweave.fix import Fixed, fix_project
from skillweave.parse.documents import parse
from skillweave.rewrite import Refusal, Rewrite, edit_bytes, rewrite
from skillweave.source import Edit, Span, apply_edits, normalise
from strategies import Project, examples, ordinary_projects, projects, scraps
from test_pages import lay_out, read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Skillweave
    from skillweave.diagnostics import Code
    from skillweave.document import Document

WHOLE_PROJECTS = examples(25)
HEAD = skill("x", "# X\n\n")
SKILL = "skills/x/SKILL.md"


# What is fixed


class Case(NamedTuple):
    """The body of a skill before and after a fix. The pattern `a.md` exists unless `patterns` is given."""

    code: str
    before: str
    after: str
    patterns: Mapping[str, str] = {"a.md": "Text.\n"}


def contents(project: Path) -> dict[str, bytes]:
    """Every file of a project except the cache."""
    return files_below(project, without=[".skillweave"])


SAFE = [
    Case("SW110", "<<include:a.md   level=+1>>\n", "<<include: a.md level=+1>>\n"),
    Case("SW110", 'See <<reference:a.md  text="a  b">> now.\n', 'See <<reference: a.md text="a  b">> now.\n'),
    Case("SW110", "- {{ include :\ta.md }}\n", "- {{include: a.md}}\n"),
    Case("SW110", "<<include: a.md#The  part>>\n", "<<include: a.md#The part>>\n", {"a.md": "# The part\n\nText.\n"}),
    Case("SW402", "Before\n<<include: a.md>>\n", "Before\n\n<<include: a.md>>\n"),
    Case("SW402", "<<include: a.md>>\nbehind\n", "<<include: a.md>>\n\nbehind\n"),
    Case("SW402", "Before\n<<include: a.md>>\nbehind\n", "Before\n\n<<include: a.md>>\n\nbehind\n"),
    Case("SW402", "<<include: a.md>>\n<<include: a.md>>\n", "<<include: a.md>>\n\n<<include: a.md>>\n"),
    Case("SW402", "> Before\n> <<include: a.md>>\n", "> Before\n>\n> <<include: a.md>>\n"),
    Case("SW402", "- Before\n  <<include: a.md>>\n", "- Before\n\n  <<include: a.md>>\n"),
    Case("SW402", "1. > <<include: a.md>>\n   > behind\n", "1. > <<include: a.md>>\n   >\n   > behind\n"),
    Case("SW402", "<<include: a.md>>\nbehind\n", "<<include: a.md>>\n\nbehind\n", {"a.md": "- item\n"}),
    Case("SW402", "<<include: a.md>>\nbehind\n", "<<include: a.md>>\n\nbehind\n", {"a.md": "<div>\nText.\n</div>\n"}),
    Case(
        "SW402",
        "<<include: a.md>>\n\n  <<include: b.md>>\n",
        "<<include: a.md>>\n\n<<include: b.md>>\n",
        {"a.md": "- item\n", "b.md": "Text.\n"},
    ),
    Case(
        "SW402",
        "<<include: a.md>>\n  <<include: b.md>>\n",
        "<<include: a.md>>\n\n  <<include: b.md>>\n",
        {"a.md": "-\n", "b.md": "Text.\n"},
    ),
    Case("SW401", "<<include: a.md>>\n---\n", "<<include: a.md>>\n\n---\n"),
    Case("SW203", "<<include: b\\a.md>>\n", "<<include: b/a.md>>\n", {"b/a.md": "Text.\n"}),
    Case("SW204", "<<include: B/A.md>>\n", "<<include: b/a.md>>\n", {"b/a.md": "Text.\n"}),
    Case("SW204", '<<include: "A b.md">>\n', '<<include: "a b.md">>\n', {"a b.md": "Text.\n"}),
    Case("SW205", "<<asset: a.md/>>\n", "<<asset: a.md>>\n"),
]
GUESSES = [
    Case("SW102", "<<inlcude: a.md>>\n", "<<include: a.md>>\n"),
    Case("SW201", "<<include: a.md>>\n", "<<include: b/c/a.md>>\n", {"b/c/a.md": "Text.\n"}),
    Case("SW201", "<<include: proces.md>>\n", "<<include: process.md>>\n", {"process.md": "Text.\n"}),
    Case("SW201", "<<include: one.md>>\n", '<<include: "a b/one.md">>\n', {"a b/one.md": "Text.\n"}),
    Case("SW203", "<<include: /a.md>>\n", "<<include: a.md>>\n"),
    Case("SW205", "Run it.\n\n<<asset: b>>\n", "Run it.\n\n<<asset: b/>>\n", {"b/run.txt": "Text.\n"}),
    Case("SW207", "<<include: a.md#Usag>>\n", "<<include: a.md#Usage>>\n", {"a.md": "# Usage\n\nText.\n"}),
    Case("SW207", "<<include: a.md#Is optionl>>\n", '<<include: a.md#"Is optional">>\n', {"a.md": "# Is optional\n"}),
]


@pytest.mark.parametrize(("case", "is_safe"), [(c, True) for c in SAFE] + [(c, False) for c in GUESSES], ids=str)
def test_a_finding_is_fixed_once(tmp_path: Path, skillweave_here: Skillweave, case: Case, *, is_safe: bool) -> None:
    write_files(
        tmp_path, {SKILL: HEAD + case.before, **{f"patterns/{name}": text for name, text in case.patterns.items()}}
    )
    before = contents(tmp_path)
    found = json.loads(skillweave_here(tmp_path, ["check", "--format", "json"]).out)["diagnostics"]
    (finding,) = (each for each in found if each["code"] != "SW304")
    assert (finding["code"], finding["fixable"]) == (case.code, True)
    option = "--fix" if is_safe else "--unsafe-fixes"
    assert option in skillweave_here(tmp_path, ["check"]).out.splitlines()[-1]
    if not is_safe:
        assert "fixed" not in skillweave_here(tmp_path, ["check", "--fix"]).out
        assert contents(tmp_path) == before
    fixed = skillweave_here(tmp_path, ["check", "--fix", *([] if is_safe else [option])])
    assert (fixed.status, fixed.err) == (0, "")
    first, last = fixed.out.splitlines()
    assert first == "fixed 1 problem in 1 file"
    assert last.startswith("no problems in ")
    after = contents(tmp_path)
    assert after == {**before, SKILL: (HEAD + case.after).encode()}
    again = skillweave_here(tmp_path, ["check", "--fix", "--unsafe-fixes"])
    assert again.out.splitlines() == [last]
    assert contents(tmp_path) == after


# What is not fixed


NOT_FIXED = {
    "two candidates": ("<<include: a.md>>\n", {"b/a.md": "Text.\n", "c/a.md": "Text.\n"}),
    "a cycle": ("<<include: b/c.md>>\n", {"b/c.md": "<<include: d.md>>\n", "e/d.md": "<<include: b/c.md>>\n"}),
    "a backslash to nowhere": ("<<include: b\\a.md>>\n", {"c.md": "Text.\n"}),
    "two close headings": ("<<include: a.md#Step 3>>\n", {"a.md": "# Step 1\n\nText.\n\n# Step 2\n\nText.\n"}),
    "a section that may go on after the first close": ("<<include: a.md#a >> b>>\n", {"a.md": "# a >> b\n\nText.\n"}),
    "what is escaped or code": (
        "```\n<<include:a.md>>\n```\n\n\\<<include:a.md>> `<<include:a.md>>`\n",
        {"a.md": "a\n"},
    ),
    "a rendered template": (
        "<<include: t.md>>\n",
        {"t.md": "---\nparams:\n  p: {default: d}\n---\n{{ p }}\n<<include: a.md>>\n", "a.md": "Text.\n"},
    ),
}


@pytest.mark.parametrize("name", NOT_FIXED)
def test_uncertain_fixes_are_not_made(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    body, patterns = NOT_FIXED[name]
    write_files(tmp_path, {SKILL: HEAD + body, **{f"patterns/{path}": text for path, text in patterns.items()}})
    before = contents(tmp_path)
    plain = skillweave_here(tmp_path, ["check"])
    fixed = skillweave_here(tmp_path, ["check", "--fix", "--unsafe-fixes"])
    assert (fixed.status, fixed.out.split("; ")[0].rstrip()) == (plain.status, plain.out.split("; ")[0].rstrip())
    assert contents(tmp_path) == before


def test_an_ambiguous_case_is_not_guessed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include: READ.md>>\n", "patterns/read.md": "a\n"})
    (tmp_path / "patterns/Read.md").write_text("b\n")
    if len(list((tmp_path / "patterns").iterdir())) == 1:
        return  # This disk ignores case, so nothing is ambiguous.
    outcome = skillweave_here(tmp_path, ["check", "--fix", "--unsafe-fixes"])
    assert (outcome.status, "fixed" in outcome.out) == (1, False)


def test_rendered_text_of_a_template_is_not_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """Rendered lines are not source lines. A finding in the source text itself can still be fixed."""
    head = "---\nparams:\n  p: {default: d}\n---\n{{ p }}\n"
    write_files(tmp_path, {SKILL: HEAD + "<<include: t.md>>\n", "patterns/a.md": "Text.\n"})
    write_files(tmp_path, {"patterns/t.md": head + "<<include:a.md>>\n"})
    found = json.loads(skillweave_here(tmp_path, ["check", "--format", "json"]).out)["diagnostics"]
    assert {each["code"]: each["fixable"] for each in found} == {"SW110": True, "SW402": False}
    assert skillweave_here(tmp_path, ["check", "--fix"]).out.startswith("fixed 1 problem in 1 file\n")
    assert (tmp_path / "patterns/t.md").read_text() == head + "<<include: a.md>>\n"


def test_lines_selected_by_number_are_not_shifted(tmp_path: Path, skillweave_here: Skillweave) -> None:
    files = {
        SKILL: HEAD + "<<include: p.md>>\n\n<<include: p.md lines=4>>\n",
        "patterns/p.md": "Before\n<<include: a.md>>\n\nThe fourth line.\n",
        "patterns/a.md": "Text.\n",
    }
    write_files(tmp_path, files)
    outcome = skillweave_here(tmp_path, ["check", "--fix"])
    assert "skipped the fix of SW402 at patterns/p.md:2: it would move lines" in outcome.err
    write_files(tmp_path, {SKILL: HEAD + "<<include: p.md>>\n\n<<include: p.md lines=1>>\n"})
    assert skillweave_here(tmp_path, ["check", "--fix"]).out.startswith("fixed 1 problem in 1 file\n")
    assert (tmp_path / "patterns/p.md").read_text() == "Before\n\n<<include: a.md>>\n\nThe fourth line.\n"


def test_fixes_like_many_that_were_refused_are_not_tried(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """Each attempt takes as long as compiling the project. One more line would make the skill longer than the limit."""
    text = HEAD + "".join(f"Before\n<<include: {number}.md>>\n\n" for number in range(30))
    write_files(tmp_path, {SKILL: text, **{f"patterns/{number}.md": "Text.\n" for number in range(30)}})
    write_files(tmp_path, {"skillweave.toml": f"[limits]\nskill_lines = {text.count(chr(10))}\n"})
    skipped = skillweave_here(tmp_path, ["check", "--fix"]).err.splitlines()
    because = "it would cause SW707: this skill has "
    assert [because in line for line in skipped] == [True] * 30
    assert ["it was not tried, as 20 like it were refused" in line for line in skipped] == [False] * 20 + [True] * 10
    assert (tmp_path / SKILL).read_text(encoding="utf-8") == text


def test_only_a_fix_that_would_cause_another_finding_is_skipped(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """One more line would make the skill longer than the limit."""
    body = "Before\n<<include: a.md>>\n\n" + "<<include:b.md>>\n\n" * 3
    write_files(tmp_path, {SKILL: HEAD + body, "patterns/a.md": "Text.\n", "patterns/b.md": "One.\n"})
    lines = (HEAD + body).count("\n")
    write_files(tmp_path, {"skillweave.toml": f"[limits]\nskill_lines = {lines}\n"})
    assert "SW707" not in skillweave_here(tmp_path, ["check"]).out
    outcome = skillweave_here(tmp_path, ["check", "--fix"])
    assert "skipped the fix of SW402 at skills/x/SKILL.md:8: it would cause SW707" in outcome.err
    assert outcome.out.startswith("fixed 3 problems in 1 file\n")
    assert (tmp_path / SKILL).read_text() == HEAD + body.replace("<<include:b", "<<include: b")


def test_ignored_findings_are_not_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    body = "<!-- skillweave: ignore directive-style -->\n<<include:a.md>>\n\nBefore\n<<include: a.md>>\n"
    write_files(tmp_path, {SKILL: HEAD + body, "patterns/a.md": "Text.\n"})
    write_files(tmp_path, {"skillweave.toml": 'ignore = ["paragraph-merge"]\n'})
    before = contents(tmp_path)
    assert skillweave_here(tmp_path, ["check", "--fix"]).out == "no problems in 2 files\n"
    (tmp_path / "skillweave.toml").write_text("")
    assert skillweave_here(tmp_path, ["check", "--fix", "--ignore", "SW402"]).out == "no problems in 2 files\n"
    assert "fixed" not in skillweave_here(tmp_path, ["check", "--fix", "--select", "SW5"]).out
    assert contents(tmp_path) == {**before, "skillweave.toml": b""}


def test_unselected_findings_are_not_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "Before\n<<include:a.md>>\n", "patterns/a.md": "Text.\n"})
    assert skillweave_here(tmp_path, ["check", "--fix", "--select", "SW402"]).out.startswith("fixed 1 problem in")
    assert (tmp_path / SKILL).read_text() == HEAD + "Before\n\n<<include:a.md>>\n"


def test_only_files_of_the_named_entries_are_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    other = HEAD.replace("name: x", "name: y") + "<<include:a.md>>\n"
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n", "skills/y/SKILL.md": other, "patterns/a.md": "Text.\n"})
    assert skillweave_here(tmp_path, ["check", "--fix", "x"]).out.startswith("fixed 1 problem in 1 file\n")
    assert (tmp_path / "skills/y/SKILL.md").read_text() == other


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.number)
def test_the_page_of_a_code_shows_its_fix(tmp_path: Path, skillweave_here: Skillweave, code: Code) -> None:
    """Where the page's example can be fixed, the fix gives exactly the files under "Cure"."""
    page = read_page(code.number)
    assert ("--fix" in page.text) is code.fixable
    if not code.fixable or code.number in ("SW205", "SW207"):
        return  # Their examples are an included folder, and a heading with two equally near candidates.
    lay_out(page, code.number, tmp_path)
    guess = [] if "check --fix`" in page.text else ["--unsafe-fixes"]
    assert skillweave_here(tmp_path, ["check", "--fix", *guess]).out.startswith("fixed 1 problem in 1 file\n")
    assert {path: (tmp_path / path).read_text() for path in page.cure} == page.cure


# How it is written


def test_bom_line_ends_mode_and_the_end_of_the_file_are_kept(tmp_path: Path, skillweave_here: Skillweave) -> None:
    body = "Before\n<<include:a.md>>\nbehind, with no line end"
    write_files(tmp_path, {SKILL: "\ufeff" + (HEAD + body).replace("\n", "\r\n"), "patterns/a.md": "Text.\n"})
    (tmp_path / SKILL).chmod(0o755)
    assert skillweave_here(tmp_path, ["check", "--fix"]).out.startswith("fixed 2 problems in 1 file\n")
    after = HEAD + "Before\n\n<<include: a.md>>\n\nbehind, with no line end"
    assert (tmp_path / SKILL).read_bytes() == ("\ufeff" + after.replace("\n", "\r\n")).encode()
    assert (tmp_path / SKILL).stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (tmp_path / "skills/x").iterdir()] == ["SKILL.md"]


def test_the_target_of_a_symlink_is_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include: b.md>>\n", "patterns/a.md": "Text.\n"})
    write_files(tmp_path, {"patterns/sub/real.md": "<<include:a.md>>\n"})
    (tmp_path / "patterns/b.md").symlink_to("sub/real.md")
    assert skillweave_here(tmp_path, ["check", "--fix"]).out.startswith("fixed 1 problem in 1 file\n")
    assert (tmp_path / "patterns/b.md").readlink() == Path("sub/real.md")
    assert (tmp_path / "patterns/sub/real.md").read_text() == "<<include: a.md>>\n"


def test_if_one_file_is_read_only_no_file_is_changed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n", "patterns/a.md": "<<include:b.md>>\n"})
    write_files(tmp_path, {"patterns/b.md": "Text.\n"})
    (tmp_path / SKILL).chmod(0o444)
    before = contents(tmp_path)
    outcome = skillweave_here(tmp_path, ["check", "--fix"])
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "cannot fix skills/x/SKILL.md: it is read-only\nno file was changed\n"
    assert contents(tmp_path) == before


def test_a_file_that_has_changed_since_it_was_read_is_not_written(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "new", "b.md": "old", "sub/c.md": "old"})
    (tmp_path / "link.md").symlink_to("b.md")
    (tmp_path / "folder").symlink_to("sub")
    os.mkfifo(tmp_path / "fifo.md")
    before = contents(tmp_path)
    paths = ["a.md", "b.md", "link.md", "folder/c.md", "fifo.md", "gone.md", "../x.md"]
    (tmp_path.parent / "x.md").write_text("old")
    refused = rewrite(tmp_path, [Rewrite(path, b"old", b"fixed") for path in paths])
    assert refused == (
        Refusal("a.md", "has changed since it was read"),
        Refusal("link.md", "is a symlink, or is reached through one"),
        Refusal("folder/c.md", "is a symlink, or is reached through one"),
        Refusal("fifo.md", "is not a regular file"),
        Refusal("gone.md", "cannot be read: No such file or directory"),
        Refusal("../x.md", "is outside the project"),
    )
    assert contents(tmp_path) == before
    assert rewrite(tmp_path, [Rewrite("b.md", b"old", b"fixed")]) == ()
    assert contents(tmp_path) == {**before, "b.md": b"fixed"}


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """A limit on file sizes makes the second write fail halfway, after the first one succeeded."""
    long = HEAD + "<<include:a.md>>\n" + "more\n" * 2000
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n", "skills/y/SKILL.md": long.replace("name: x", "name: y")})
    write_files(tmp_path, {"patterns/a.md": "Text.\n"})
    before = contents(tmp_path)
    done = run_apart(
        tmp_path,
        ["check", "--fix", "--no-cache"],
        limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("skillweave: cannot write")
    assert contents(tmp_path) == before


# What is printed


def test_applying_the_diff_equals_fixing(tmp_path: Path, skillweave_here: Skillweave) -> None:
    project, other = tmp_path / "one", tmp_path / "other"
    files = {
        SKILL: HEAD + "Before\n<<include:a.md>>\n\n<<include: proces.md>>\n",
        "patterns/a.md": "Text.\n<<include:process.md>>",
        "patterns/process.md": "One.\r\n",
    }
    write_files(project, files)
    write_files(other, files)
    before = contents(project)
    shown = skillweave_here(project, ["check", "--diff", "--unsafe-fixes"])
    assert shown.status == 1
    assert shown.err == "would fix 5 problems in 2 files\n0 problems would remain\n"
    assert contents(project) == before
    subprocess.run(["git", "apply", "-"], cwd=other, input=shown.out, text=True, check=True)
    skillweave_here(project, ["check", "--fix", "--unsafe-fixes"])
    assert contents(other) == contents(project) != before
    again = skillweave_here(project, ["check", "--diff", "--unsafe-fixes"])
    assert (again.status, again.out, again.err) == (0, "", "0 problems would remain\n")


def test_the_diff_is_empty_for_an_error_that_cannot_be_fixed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include: nowhere.md>>\n"})
    outcome = skillweave_here(tmp_path, ["check", "--diff", "--fix"])
    assert (outcome.status, outcome.out, outcome.err) == (1, "", "1 problem would remain\n")


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_errors_that_are_not_selected_do_not_count(tmp_path: Path, skillweave_here: Skillweave, option: str) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include: nowhere.md>>\n"})
    outcome = skillweave_here(tmp_path, ["check", "--select", "unused-pattern", option])
    assert outcome.status == 0
    assert outcome.err.startswith("1 error of other kinds, which --select leaves out\n")


@pytest.mark.parametrize("arguments", [["--unsafe-fixes"], ["--diff", "--format", "json"]], ids=" ".join)
def test_meaningless_combinations_of_options_are_refused(
    tmp_path: Path, skillweave_here: Skillweave, arguments: list[str]
) -> None:
    write_files(tmp_path, {SKILL: HEAD})
    assert skillweave_here(tmp_path, ["check", *arguments]).status == 2


def test_a_json_report_lists_the_remaining_findings(tmp_path: Path, skillweave_here: Skillweave) -> None:
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n\n<<include: no.md>>\n", "patterns/a.md": "Text.\n"})
    outcome = skillweave_here(tmp_path, ["check", "--fix", "--format", "json"])
    assert [found["code"] for found in json.loads(outcome.out)["diagnostics"]] == ["SW201"]
    assert (outcome.status, outcome.err) == (1, "fixed 1 problem in 1 file\n")
    assert skillweave_here(tmp_path, ["check", "--fix", "-q"]).err == ""


def test_cached_edits_are_not_applied_to_a_changed_file(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """The cached result of a check says where the edits go. If the file has changed since, the edits follow the finding."""
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n", "patterns/a.md": "Text.\n"})
    assert "1 fixable" in skillweave_here(tmp_path, ["check"]).out
    assert "1 fixable" in skillweave_here(tmp_path, ["check"]).out
    write_files(tmp_path, {SKILL: HEAD + "More text before.\n\n<<include:a.md>>\n"})
    skillweave_here(tmp_path, ["check", "--fix"])
    assert (tmp_path / SKILL).read_text() == HEAD + "More text before.\n\n<<include: a.md>>\n"


def test_a_file_saved_during_the_run_is_not_overwritten(tmp_path: Path) -> None:
    """Otherwise the edits, which were made for the old text, would land on other words."""
    write_files(tmp_path, {SKILL: HEAD + "<<include:a.md>>\n", "patterns/a.md": "Text.\n"})
    saved = HEAD + "Sixteen letters.\n"

    def compile_with(drafts: Mapping[str, bytes]) -> Compiled:
        compiled = compile_project(Config(tmp_path, None), tree=Tree(tmp_path, drafts=drafts))
        write_files(tmp_path, {SKILL: saved})
        return compiled

    assert fix_project(compile_with, lambda diagnostic: diagnostic.fix is not None).rewrites == ()
    assert (tmp_path / SKILL).read_text() == saved


def test_the_number_of_attempts_grows_no_faster_than_that_of_skipped_fixes(tmp_path: Path) -> None:
    """A blank line before each include would turn the line after it into an underline."""
    number, attempts = 16, 0
    for index in range(number):
        entry, pattern = f"- a\n<<include: {index}.md>>\n-\n", "Text.\n"
        write_files(tmp_path, {f"entries/{index}.md": entry, f"patterns/{index}.md": pattern})
    config = Config(tmp_path, None, documents=("entries",), banner=False)

    def compile_with(drafts: Mapping[str, bytes]) -> Compiled:
        nonlocal attempts
        attempts += 1
        return compile_project(config, tree=Tree(tmp_path, drafts=drafts))

    fixed = fix_project(compile_with, lambda diagnostic: diagnostic.fix is not None)
    assert len(fixed.left_out) == number
    assert attempts <= 2 * number


# What is true of every text and project


def fixed_from(root: Path, files: Mapping[str, str]) -> tuple[Compiled, Fixed, Compiled]:
    """Create a project of these files and fix it. Return the compilations before and after, and the fixes."""
    for path in root.rglob("*"):
        if path.is_file():
            path.unlink()
    write_files(root, files)
    memory: dict[str, Document] = {}
    config = Config(root, None, documents=("entries",), banner=False)

    def compile_with(drafts: Mapping[str, bytes]) -> Compiled:
        return compile_project(config, documents=Documents(memory=memory), tree=Tree(root, drafts=drafts))

    before = compile_with({})
    fixed = fix_project(compile_with, lambda diagnostic: diagnostic.fix is not None and diagnostic.fix.safe)
    assert rewrite(root, fixed.rewrites) == ()
    return before, fixed, compile_with({})


def files_of(project: Project) -> dict[str, str]:
    patterns = {f"patterns/p{number}.md": project.source(number) for number in range(1, len(project.templates))}
    return {**patterns, "entries/s.md": project.source(0)}


def outputs(compiled: Compiled) -> dict[str, bytes]:
    return {output.path: output.data for bundle in compiled.bundles for output in bundle.outputs}


@WHOLE_PROJECTS
@given(projects(), st.booleans())
@example(Project(("a\n@@1@@\nb\n@@2@@\n", "x\n@@2@@\n", "y\n\n- z\n")), True)  # noqa: FBT003
@example(Project(("> a\n> @@1@@\n\n- b\n  @@1@@\n  c\n", "x\n")), False)  # noqa: FBT003
@example(Project(("- a\n@@1@@\n", "x\n\n  y\n")), False)  # noqa: FBT003
@example(Project(("a\n@@1@@\n", "---\n\nb\n@@2@@\nc\n", "<div>\nx\n</div>\n")), True)  # noqa: FBT003
def test_fixing_adds_nothing_but_blank_lines_and_no_finding(root: Path, project: Project, odd: bool) -> None:  # noqa: FBT001
    files = files_of(project)
    if odd:
        files = {path: text.replace("<<include: ", "<<include:") for path, text in files.items()}
    before, fixed, after = fixed_from(root, files)
    kinds = [Counter((d.path, d.code.number) for d in found.diagnostics) for found in (before, after)]
    assert not kinds[1] - kinds[0]
    assert sum(kinds[1].values()) <= sum(kinds[0].values()) - len(fixed.applied)
    assert after.diagnostics == fixed.remaining
    for path, old, new in fixed.rewrites:
        lines = [line.replace("<<include:p", "<<include: p") for line in old.decode().split("\n")]
        kept = iter(new.decode().split("\n"))
        added = []
        for line in lines:
            # Every line before this one that does not match it was added.
            while (now := next(kept)) not in (line, line.replace("<<include: p", "<<include:p")):
                added.append(now)
        assert not "".join([*added, *kept]).strip(" \t>")
        assert code_of(old.decode()) == code_of(new.decode()), path
    again = fixed_from(root, {path: (root / path).read_bytes().decode() for path in files})[1]
    assert (again.rewrites, again.applied) == ((), ())


def code_of(text: str) -> list[str]:
    """The contents of the code blocks of a text."""
    document = parse(text)
    lines = text.split("\n")
    return ["\n".join(lines[b.start : b.end]) for b in document.blocks if b.kind in ("fence", "code")]


@WHOLE_PROJECTS
@given(
    ordinary_projects(), st.sampled_from(("<<include:@>>", "<< include:  @>>", "{{include :@ }}", "<<\tinclude: @  >>"))
)
def test_spacing_changes_no_byte_of_a_bundle(root: Path, project: Project, spelling: str) -> None:
    """Two spaces between the path and the option make no difference either."""
    usual = files_of(project)

    def misspelled(match: re.Match[str]) -> str:
        return spelling.replace("@", match[1].replace(" ", "  "))

    odd = {path: re.sub(r"<<include: (p\d.*)>>", misspelled, text) for path, text in usual.items()}
    before, fixed, after = fixed_from(root, odd)
    assert {d.code for d in fixed.applied} == {DIRECTIVE_STYLE for text in usual.values() if "<<include: p" in text}
    assert outputs(before) == outputs(after) != {}
    for path, text in usual.items():
        assert (root / path).read_text().replace("{{", "<<").replace("}}", ">>") == text


@given(scraps())
@example('<<include:a.md#The  "best   way">>\n')
@example("<<include: a.md#x> >>\n")
@example('{{reference:"a  b.md" text="x  y"}}\n')
def test_normalised_spacing_does_not_change_the_meaning(text: str) -> None:
    document = parse(text)
    fixes = [problem.fix for problem in document.problems if problem.code is DIRECTIVE_STYLE and problem.fix]
    edits = sorted(edit for fix in fixes for edit in fix.edits)
    again = parse(apply_edits(text, 0, len(text), edits))
    assert sum(problem.code is DIRECTIVE_STYLE for problem in again.problems) == sum(
        problem.code is DIRECTIVE_STYLE and not problem.fix for problem in document.problems
    )
    assert said(again) == said(document)


def said(document: Document) -> list[object]:
    """What the directives of a text request, without their places, and ignoring repeated blanks in section names."""
    nowhere = Span(0, 0)
    return [
        placed.directive._replace(
            span=nowhere,
            path_span=nowhere,
            section=" ".join((placed.directive.section or "").split()),
            section_span=None,
            arguments=tuple(argument._replace(span=nowhere) for argument in placed.directive.arguments),
            styled=True,
        )
        for placed in document.directives
    ]


@given(
    st.lists(st.sampled_from(("a", "é", "\U0001f600", "\n", "\r\n", "\r", "\u2028")), max_size=20).map("".join),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), st.sampled_from(("", "x", "\n", "y\n"))), max_size=4),
)
def test_edits_of_a_text_are_applied_to_bytes(raw: str, mark: bool, wanted: list[tuple[int, int, str]]) -> None:  # noqa: FBT001
    raw = "\ufeff" * mark + raw
    text = normalise(raw)
    edits: list[Edit] = []
    for start, length, new in sorted(wanted):
        if (not edits or start >= edits[-1].end) and start <= len(text):
            edits.append(Edit(start, min(start + length, len(text)), new))
    edited = edit_bytes(raw.encode(), edits).decode()
    assert normalise(edited) == normalise(apply_edits(text, 0, len(text), edits))
    assert edited.startswith("\ufeff") == mark or not mark
    ends = set(re.findall(r"\r\n|\r|\n", raw)) or {"\n"}
    if not edits:
        assert edited == raw
    if len(ends) == 1 and "\r" not in "".join(edits[0].text for _ in edits[:1]):
        assert set(re.findall(r"\r\n|\r|\n", edited)) <= ends
