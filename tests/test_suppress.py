"""Suppressing and selecting findings: by comments, by the configuration, and on the command line; and unused comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from projects import skill, write_files
from skillweave.build import compile_project
from skillweave.config import Config, load_config
from skillweave.diagnostics import CODES, UNUSED_IGNORE, Severity
from skillweave.globs import covers
from skillweave.incremental import Asked, build, check
from skillweave.parse.documents import parse
from skillweave.suppress import find_code, find_codes, why_not_ignored
from strategies import documents, examples, scraps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Skillweave

HEAD = skill("s")
IGNORE = "<!-- skillweave: ignore {} -->"
BROKEN = "see [x](nope.md)\n"
PATH = "run `patterns/a.md`\n"


def project(folder: Path, files: dict[str, str]) -> Path:
    """Write a project: a skill, a pattern that the skill names in prose, and these files, which are added or replace others."""
    content = {"skills/s/SKILL.md": f"{HEAD}text\n", "patterns/a.md": "# A\n", "skills/s/use.md": "<<include: a.md>>\n"}
    return write_files(folder, {**content, "skillweave.toml": "banner = false\n", **files})


def told(folder: Path, *, strict: bool = False) -> list[str]:
    """The findings of a complete run as `file:line name`, in order."""
    config, mistakes = load_config(folder)
    assert mistakes == ()
    found = compile_project(config, strict=strict).diagnostics
    return [f"{d.path.rpartition('/')[2]}:{d.start.line} {d.code.name}" for d in found]


def told_of(folder: Path, text: str) -> list[str]:
    """The findings in a skill with this body, which begins on line 5."""
    return told(project(folder, {"skills/s/SKILL.md": HEAD + text}))


# Comments


def test_a_comment_ignores_only_the_named_findings_of_the_next_line(tmp_path: Path) -> None:
    assert told_of(tmp_path, BROKEN + PATH) == ["SKILL.md:5 broken-link", "SKILL.md:6 dangling-path"]
    comment = IGNORE.format("broken-link")
    assert told_of(tmp_path, f"{comment}\n{BROKEN}{PATH}{BROKEN}") == [
        "SKILL.md:7 dangling-path",
        "SKILL.md:8 broken-link",
    ]


@pytest.mark.parametrize(
    "between",
    ["\n", " \n\n", "<!-- region: r -->\n<!-- endregion: r -->\n", "> \n", f"{IGNORE.format('dangling-path')}\n"],
)
def test_blank_lines_markers_and_further_comments_may_follow_a_comment(tmp_path: Path, between: str) -> None:
    assert told_of(tmp_path, f"{IGNORE.format('broken-link')}\n{between}{BROKEN[:-1]} {PATH}") in (
        [],
        ["SKILL.md:" + str(6 + between.count("\n")) + " dangling-path"],
    )


@pytest.mark.parametrize("names", ["broken-link, dangling-path", "broken-link dangling-path", "sw501,SW505"])
def test_one_comment_names_several_by_name_or_code(tmp_path: Path, names: str) -> None:
    assert told_of(tmp_path, f"{IGNORE.format(names)}\n{BROKEN[:-1]} {PATH}") == []


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("a\n@@\nsee [x](nope.md)\n", "a\nsee [x](nope.md)\n"),
        ("- a\n@@\n- see [x](nope.md)\n", "- a\n- see [x](nope.md)\n"),
        ("- a\n\n  @@\n  see [x](nope.md)\n", "- a\n\n  see [x](nope.md)\n"),
        ("> @@\n> see [x](nope.md)\n", "> see [x](nope.md)\n"),
        ("| a |\n|---|\n@@\n| [x](nope.md) |\n", "| a |\n|---|\n| [x](nope.md) |\n"),
        ("[^1]: a\n\n    @@\n    see [x](nope.md)\n\n[^1]\n", "[^1]: a\n\n    see [x](nope.md)\n\n[^1]\n"),
        ("<div>\n@@\n<a href='nope.md'>\n</div>\n", "<div>\n<a href='nope.md'>\n</div>\n"),
    ],
)
def test_in_any_container_only_the_line_of_the_comment_is_removed(tmp_path: Path, text: str, output: str) -> None:
    body = text.replace("@@", IGNORE.format("broken-link"))
    assert told_of(tmp_path, body) == []
    (bundle,) = compile_project(load_config(tmp_path)[0]).bundles
    made = {one.path: one.data.decode() for one in bundle.outputs}["skills/s/SKILL.md"]
    assert made == HEAD + output


@pytest.mark.parametrize(
    "text", ["```\n@@\n```\n", "    @@\n", "`@@`\n", "<pre>\n@@\n</pre>\n", "<!--\n@@\n", "\\@@\n"]
)
def test_in_code_a_comment_is_ordinary_text(text: str) -> None:
    document = parse(text.replace("@@", IGNORE.format("broken-lnk")))
    assert document.ignores == ()
    assert document.markers == ()
    assert UNUSED_IGNORE not in {problem.code for problem in document.problems}


def test_a_yaml_comment_in_front_matter_also_ignores_findings_about_the_file(tmp_path: Path) -> None:
    front = "---\nname: s\n# skillweave: ignore unportable-field, skill-too-long\nmodel: x\ncolor: x\ndescription: A b.\n---\n"
    text = f"{front}{'a' * 99999}\n"
    assert told(project(tmp_path, {"skills/s/SKILL.md": text})) == ["SKILL.md:5 unportable-field"]
    (bundle,) = compile_project(load_config(tmp_path)[0]).bundles
    assert b"skillweave" not in bundle.outputs[0].data
    assert bundle.outputs[0].data.startswith(b"---\nname: s\nmodel: x\n")


@pytest.mark.parametrize(
    "front",
    [
        "description: |\n  # skillweave: ignore SW706\n  b\n",
        'description: "a\n  # skillweave: ignore SW706\n  b"\n',
    ],
)
def test_in_a_yaml_string_a_comment_is_ordinary_text(tmp_path: Path, front: str) -> None:
    assert told(project(tmp_path, {"skills/s/SKILL.md": f"---\nname: s\n{front}---\ntext\n"})) == []
    (bundle,) = compile_project(load_config(tmp_path)[0]).bundles
    assert b"# skillweave" in bundle.outputs[0].data


def test_a_comment_before_all_text_applies_to_the_whole_file(tmp_path: Path) -> None:
    comment = IGNORE.format("unused-pattern")
    files = {"patterns/b.md": f"{comment}\n\n# B\n", "patterns/c.md": f"# C\n\n{comment}\ntext\n"}
    assert told(project(tmp_path, files)) == ["c.md:1 unused-pattern", "c.md:3 unused-ignore"]


def test_an_ignored_error_does_not_fail_and_the_link_is_kept(tmp_path: Path, skillweave_here: Skillweave) -> None:
    project(tmp_path, {"skills/s/SKILL.md": f"{HEAD}{IGNORE.format('broken-link')}\n{BROKEN}"})
    assert skillweave_here(tmp_path, ["build"]).status == 0
    assert (tmp_path / "build/skills/s/SKILL.md").read_text() == HEAD + BROKEN


def test_a_comment_never_reaches_an_output_through_an_include(tmp_path: Path) -> None:
    pattern = (
        f"---\n# skillweave: ignore SW304\nt: 1\n---\n# P\n\n## Use\n\n{IGNORE.format('SW505')}\nuse `patterns/a.md`\n"
    )
    template = f"---\nparams:\n  x: {{}}\n---\n{IGNORE.format('SW505')}\nuse `patterns/{{{{ x }}}}.md`\n{{{{ x }}}}\n"
    lines = [
        *("<<include: p.md>>", "<<include: p.md#use>>", "<<include: p.md as=code>>", "<<include: p.md lines=2-9>>"),
        '<<include: t.md with x="a">>',
        f'<<include: t.md with x="{IGNORE.format("SW505")}">>',
        "<<reference: p.md>>",
    ]
    body = f"{HEAD}# S\n\n" + "\n\n".join(lines) + "\n"
    config = load_config(
        project(tmp_path, {"skills/s/SKILL.md": body, "patterns/p.md": pattern, "patterns/t.md": template})
    )[0]
    (bundle,) = compile_project(config).bundles
    assert "references/p.md" in {one.path.removeprefix("skills/s/") for one in bundle.outputs}
    for output in bundle.outputs:
        assert b"skillweave: ignore" not in output.data.replace(b"`patterns/<!-- skillweave: ignore SW505 -->.md`", b"")


# Comments that ignore nothing


@pytest.mark.parametrize(
    ("comment", "line", "message", "cure"),
    [
        ("<!-- skillweave: ignore broken-lnk -->", "broken-lnk", 'no finding is called "broken-lnk"', '"broken-link"'),
        ("<!-- skillweave: ignore SW9999 -->", "SW9999", 'no finding is called "SW9999"', "SW"),
        ("<!-- skillweave: ignore SW5 -->", "SW5", 'no finding is called "SW5"', "name each, not their group"),
        (
            "<!-- skillweave: ignore missing-include -->",
            "missing-include",
            "no error of this kind can be",
            "fix the problem",
        ),
        ("<!-- skillweave: ignore SW002 -->", "SW002", "unused-ignore cannot be ignored in place", "remove"),
        ("<!-- skillweave: ignore -->", " skillweave: ignore ", "does not say which finding", "ignore NAME"),
        ("<!-- skillweave: disable x -->", "disable", 'not "disable"', "ignore NAME"),
        ("<!-- skillweave: ignore dangling-path -->", "dangling-path", "there is no dangling-path on line 2", "remove"),
        ("a <!-- skillweave: ignore broken-link -->", "<!--", "is not alone on its line", "line of its own"),
        ("- <!-- skillweave: ignore broken-link -->", "<!--", "is not alone on its line", "line of its own"),
        ("<!-- skillweave: ignore broken-link --> a", "<!--", "is not alone on its line", "line of its own"),
        ("<!-- skillweave:\nignore broken-link -->", "<!--", "is not alone on its line", "line of its own"),
    ],
)
def test_a_comment_that_ignores_nothing_is_reported_with_the_reason(
    tmp_path: Path, comment: str, line: str, message: str, cure: str
) -> None:
    text = f"{comment}\ntext\n"
    config = load_config(project(tmp_path, {"skills/s/more.md": text}))[0]
    (found,) = compile_project(config).diagnostics
    assert (found.code, found.severity) == (UNUSED_IGNORE, Severity.WARNING)
    lines = text.split("\n")
    assert lines[found.start.line - 1][found.start.column - 1 : found.end.column - 1] == line
    assert message in found.message
    assert cure in (found.help or "")


def test_of_two_comments_for_one_finding_the_nearer_is_used(tmp_path: Path) -> None:
    comment = IGNORE.format("broken-link")
    assert told_of(tmp_path, f"{comment}\n{comment}\n{BROKEN}") == ["SKILL.md:5 unused-ignore"]


def test_a_comment_at_the_end_of_a_file_is_unused(tmp_path: Path) -> None:
    assert told_of(tmp_path, f"{BROKEN[:4]}\n{IGNORE.format('broken-link')}\n") == ["SKILL.md:6 unused-ignore"]


NOT_JUDGED = {
    "a pattern of which other lines are included": {
        "patterns/p.md": f"# P\n\n## In\n\n{IGNORE.format('SW505')}\nx\n\n## Out\n\n{IGNORE.format('SW505')}\nx\n",
        "skills/s/SKILL.md": f"{HEAD}<<include: p.md#out>>\n",
    },
    "a pattern that nobody includes": {"patterns/p.md": f"# P\n\n{IGNORE.format('SW505, SW501')}\nx\n"},
    "a branch that no values take": {
        "patterns/p.md": f"---\nparams:\n  x: {{}}\n---\n{{% if x %}}\n{IGNORE.format('SW501')}\n{BROKEN}{{% endif %}}\nx\n",
        "skills/s/SKILL.md": f"{HEAD}<<include: p.md>>\n",
    },
    "a bundle with an error": {"skills/s/SKILL.md": f"{HEAD}<<include: q.md>>\n{IGNORE.format('SW505')}\nx\n"},
    "a pattern whose bundle has an error": {
        "patterns/p.md": f"# P\n\n{IGNORE.format('SW505')}\nx\n",
        "skills/s/SKILL.md": f"{HEAD}<<include: q.md>>\n\n<<include: p.md>>\n",
    },
    "a pattern that a misspelled line may mean": {
        "patterns/p.md": f"{IGNORE.format('SW304')}\n# P\n",
        "skills/s/SKILL.md": f"{HEAD}<<include: x/p.md>>\n",
    },
}


@pytest.mark.parametrize("files", NOT_JUDGED.values(), ids=NOT_JUDGED)
def test_a_comment_is_not_called_unused_if_its_rules_did_not_run(tmp_path: Path, files: dict[str, str]) -> None:
    found = [one for one in told(project(tmp_path, files)) if one.endswith("unused-ignore")]
    assert found == (["p.md:10 unused-ignore"] if "other lines" in str(files) or "#out" in str(files) else [])


def test_a_partial_run_calls_no_comment_unused(tmp_path: Path, skillweave_here: Skillweave) -> None:
    body = f"{HEAD}{IGNORE.format('dangling-path')}\n{PATH}\n{IGNORE.format('broken-link')}\ntext\n"
    project(tmp_path, {"skills/s/SKILL.md": body})
    assert "SW002" in skillweave_here(tmp_path, ["check"]).out
    assert "SW002" not in skillweave_here(tmp_path, ["check", "s"]).out
    found = skillweave_here(tmp_path, ["check", "--select", "SW002", "--format", "concise"]).out
    assert found.count("SW002") == 1
    assert "SKILL.md:8:" in found
    assert skillweave_here(tmp_path, ["check", "--ignore", "dangling-path", "--format", "concise"]).out == found


def test_an_unused_comment_is_an_error_with_strict_and_can_be_ignored_by_the_configuration(
    tmp_path: Path, skillweave_here: Skillweave
) -> None:
    project(tmp_path, {"skills/s/SKILL.md": f"{HEAD}{IGNORE.format('broken-link')}\ntext\n"})
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 1
    assert not (tmp_path / "build/skills").exists()
    (tmp_path / "skillweave.toml").write_text('ignore = ["unused-ignore"]\n')
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 0


def test_incremental_runs_report_the_same(tmp_path: Path) -> None:
    comment = IGNORE.format("broken-link")
    project(
        tmp_path, {"skills/s/SKILL.md": f"{HEAD}{comment}\n{BROKEN}\n<<include: p.md>>\n", "patterns/p.md": "text\n"}
    )
    other = f"---\nname: t\ndescription: A b.\n---\n{comment}\n{BROKEN}\n{comment}\ntext\n"
    project(tmp_path, {"skills/t/SKILL.md": other})
    steps = ("text\n", f"{comment}\n{BROKEN}", f"{comment}\ntext\n", f"{comment}\n{BROKEN}{BROKEN}", f"{BROKEN}")
    for step in (*steps, *steps[::-1]):
        (tmp_path / "patterns/p.md").write_text(step)
        for run in (check, build, build):
            config = load_config(tmp_path)[0]
            assert run(Asked(config)).diagnostics == check(Asked(config, cached=False)).diagnostics


# Configuration

LINK, SPAN = "SKILL.md:5 broken-link E", "SKILL.md:6 dangling-path W"
UNUSED, RAISED = "u.md:1 unused-pattern W", "u.md:1 unused-pattern E"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("", [UNUSED, LINK, SPAN]),
        ('ignore = ["dangling-path"]', [UNUSED, LINK]),
        ('ignore = ["SW3", "sw505"]', [LINK]),
        ('ignore = ["SW"]', [LINK]),
        ('error = ["unused-pattern"]', [RAISED, LINK, SPAN]),
        ('[per-path."skills/s/**"]\nignore = ["SW5"]', [UNUSED]),
        ('[per-path."skills/s"]\nignore = ["SW5"]', [UNUSED]),
        ('[per-path."skills/*"]\nignore = ["SW501"]', [UNUSED, SPAN]),
        ('[per-path."**/u.md"]\nerror = ["SW304"]', [RAISED, LINK, SPAN]),
        ('ignore = ["SW304"]\n[per-path."patterns"]\nerror = ["SW304"]', [RAISED, LINK, SPAN]),
        ('error = ["SW304"]\n[per-path."patterns"]\nignore = ["SW304"]', [LINK, SPAN]),
        ('[per-path."**"]\nignore = ["SW"]\n[per-path."patterns/u.md"]\nerror = ["SW304"]', [RAISED]),
        ('[per-path."u.md"]\nignore = ["SW304"]', [UNUSED, LINK, SPAN]),
    ],
)
def test_a_configuration_ignores_and_raises(tmp_path: Path, config: str, found: list[str]) -> None:
    files = {"skills/s/SKILL.md": HEAD + BROKEN + PATH, "patterns/u.md": "# U\n", "skillweave.toml": f"{config}\n"}
    project(tmp_path, files)
    diagnostics = compile_project(load_config(tmp_path)[0]).diagnostics
    told = [f"{d.path.rpartition('/')[2]}:{d.start.line} {d.code.name} {d.severity.name[0]}" for d in diagnostics]
    assert told == found


def test_a_finding_raised_to_an_error_keeps_its_entry_from_being_built(
    tmp_path: Path, skillweave_here: Skillweave
) -> None:
    project(tmp_path, {"skills/s/SKILL.md": HEAD + PATH, "skillweave.toml": 'error = ["dangling-path"]\n'})
    assert skillweave_here(tmp_path, ["build"]).status == 1
    assert not (tmp_path / "build/skills").exists()


@pytest.mark.parametrize(
    ("line", "place", "message", "cure"),
    [
        ('ignore = ["unused-patern"]', '"unused-patern"', 'no finding is called "unused-patern"', '"unused-pattern"'),
        (
            'ignore = ["missing-include"]',
            '"missing-include"',
            "no error of this kind can be ignored",
            "fix the problem",
        ),
        ('ignore = ["broken-link"]', '"broken-link"', "per path or in place only", "[per-path."),
        ('ignore = ["SW6"]', '"SW6"', "no finding of SW6 can be in this list", "fix the problem"),
        ('error = ["SW207"]', '"SW207"', "missing-section is an error already", "remove it"),
        ('error = ["SW304"]\nignore = ["SW3"]', '"SW304"', "unused-pattern is also in `ignore`", "one of the two"),
        ("ignore = [3]", "3", "ignore: expected a string, found an integer", ""),
        ('ignore = "SW3"', '"SW3"', "ignore: expected a list of strings, found a string", ""),
        ('per-path = ["a"]', '["a"]', "per-path: expected a table, found a list", ""),
        ('[per-path]\n"a/**" = ["SW3"]', '["SW3"]', "expected a table, found a list", ""),
        ('[per-path."a/**"]\nignores = []', "ignores", 'unknown key "ignores"', '"ignore"'),
        ('[per-path."a/**"]\nignore = ["SW207"]', '"SW207"', "no error of this kind can be ignored", "fix the problem"),
        ('[per-path."../a"]\nignore = []', '"../a"', "leaves the project", "skills/legacy/**"),
        ('[per-path."/a"]\nignore = []', '"/a"', "leaves the project", "skills/legacy/**"),
        ('[per-path."."]\nignore = []', '"."', "names no file", "skills/legacy/**"),
        ("[per-path.'a\\b']\nignore = []", "'a\\b'", "has a backslash", "skills/legacy/**"),
    ],
)
def test_an_error_in_the_configuration_is_reported_with_its_place(
    tmp_path: Path, line: str, place: str, message: str, cure: str
) -> None:
    (found,) = load_config(project(tmp_path, {"skillweave.toml": f"banner = false\n{line}\n"}))[1]
    text = f"banner = false\n{line}\n".split("\n")[found.start.line - 1]
    assert (found.code.number, text[found.start.column - 1 : found.end.column - 1]) == ("SW001", place)
    assert message in found.message
    assert cure in (found.help or "")


def test_a_pyproject_may_ignore_and_raise_as_well(tmp_path: Path) -> None:
    project(tmp_path, {"skills/s/SKILL.md": HEAD + BROKEN + PATH})
    (tmp_path / "skillweave.toml").unlink()
    text = '[tool.skillweave]\nignore = ["SW505"]\n[tool.skillweave.per-path."skills/s"]\nignore = ["SW501"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("glob", "path", "is_covered"),
    [
        ("skills/legacy/**", "skills/legacy/a/b.md", True),
        ("skills/legacy", "skills/legacy/a/b.md", True),
        ("skills/legacy", "skills/legacy2/a.md", False),
        ("skills/*/SKILL.md", "skills/a/b/SKILL.md", False),
        ("**/SKILL.md", "skills/a/b/SKILL.md", True),
        ("SKILL.md", "skills/SKILL.md", False),
        ("skills/a?.md", "skills/ab.md", True),
        ("skills/[a].md", "skills/a.md", False),
    ],
)
def test_a_glob_covers_what_it_matches_and_all_below(glob: str, path: str, *, is_covered: bool) -> None:
    assert covers(glob, path) is is_covered


# Command line


def test_select_reports_only_these_findings_and_they_decide_the_status(
    tmp_path: Path, skillweave_here: Skillweave
) -> None:
    project(tmp_path, {"skills/s/SKILL.md": HEAD + BROKEN + PATH, "patterns/u.md": "# U\n"})
    for names, codes, status in (
        (["SW505"], ["SW505"], 0),
        (["dangling-path,SW3"], ["SW304", "SW505"], 0),
        (["SW5", "--select", "unused-pattern"], ["SW304", "SW501", "SW505"], 1),
        (["missing-include"], [], 0),
    ):
        done = skillweave_here(tmp_path, ["check", "--format", "json", "--select", *names])
        found = json.loads(done.out)
        assert sorted(one["code"] for one in found["diagnostics"]) == codes
        assert done.status == status
        assert found["summary"]["warnings"] == len(codes) - status
        assert ("1 error of other kinds" in done.err) is (not status)
    none = skillweave_here(tmp_path, ["check", "--select", "missing-include"])
    assert none.out == "nothing that was selected in 4 files\n"
    to_file = skillweave_here(tmp_path, ["check", "--select", "missing-include", "--output-file", "f"])
    assert to_file.out == "nothing that was selected in 4 files: see f\n"


def test_a_build_reports_all_errors_since_they_prevent_building(tmp_path: Path, skillweave_here: Skillweave) -> None:
    project(tmp_path, {"skills/s/SKILL.md": HEAD + BROKEN + PATH})
    done = skillweave_here(tmp_path, ["build", "--select", "SW304"])
    assert done.status == 1
    assert "SW501" in done.err
    assert "SW505" not in done.err


def test_unreported_findings_do_not_fail_with_strict(tmp_path: Path, skillweave_here: Skillweave) -> None:
    project(tmp_path, {"skills/s/SKILL.md": HEAD + PATH})
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 1
    assert skillweave_here(tmp_path, ["build", "--strict", "--select", "SW304"]).status == 0
    assert skillweave_here(tmp_path, ["build", "--strict", "--ignore", "dangling-path"]).status == 0
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--select", "dangling-pth"], 'did you mean "dangling-path"?'),
        (["--select", "SW99x"], "no finding is called 'SW99x'"),
        (["--select", " , "], "--select is empty: name a finding"),
        (["--ignore", ""], "--ignore is empty: name a finding"),
        (["--ignore", "missing-include"], "missing-include is an error, and no error of this kind can be ignored"),
        (["--ignore", "broken-link"], "can be ignored per path or in place only"),
        (["--ignore", "SW6"], "SW6 contains only errors"),
        (["--select", "a\x1b[31m"], "'a\\x1b[31m'"),
    ],
)
@pytest.mark.parametrize("command", ["check", "build"])
def test_an_invalid_name_of_a_finding_is_a_usage_error(
    tmp_path: Path, skillweave_here: Skillweave, command: str, arguments: list[str], words: str
) -> None:
    done = skillweave_here(project(tmp_path, {}), [command, *arguments])
    assert done.status == 2
    assert words in done.err
    assert "\x1b" not in done.err


# Names


def test_findings_by_name_number_and_prefix() -> None:
    for code in CODES.values():
        assert find_code(code.name) == find_code(code.number.lower()) == code
        assert find_codes(code.number) == (code,)
        assert code in find_codes(code.number[:3])
    assert find_codes("SW") == tuple(CODES.values())
    assert find_codes("S") == find_codes("SW5x") == find_codes("") == ()


def test_the_table_decides_what_can_be_ignored() -> None:
    in_place = {code.number for code in CODES.values() if why_not_ignored(code, everywhere=False) is None}
    everywhere = {code.number for code in CODES.values() if why_not_ignored(code, everywhere=True) is None}
    assert in_place - everywhere == {code.number for code in CODES.values() if code.excusable}
    errors = {code.number for code in CODES.values() if code.severity is Severity.ERROR}
    assert everywhere & errors == {code.number for code in CODES.values() if code.milder and not code.excusable}


# Properties


@examples(40)
@given(st.one_of(documents(), scraps()), st.data())
@example("a\nb\n===\n", None)
@example("- a\n\n\n- b\n", None)
@example("- a\n\n  # c\n", None)
def test_a_comment_on_a_line_of_its_own_changes_no_output(root: Path, text: str, data: st.DataObject | None) -> None:
    """Wherever the comment is recognised, the output is byte for byte the same as without it."""
    lines = text.split("\n")
    places = range(len(lines) + 1) if data is None else [data.draw(st.integers(0, len(lines)))]
    compared = 0
    for place in places:
        indent = "" if data is None else data.draw(st.sampled_from(["", "  ", "> ", "    "]))
        comment = indent + IGNORE.format("broken-link, broken-anchor, dangling-path")
        with_comment = "\n".join([*lines[:place], comment, *lines[place:]])
        document = parse(with_comment)
        if place == 0 and parse(text).body:
            continue  # Front matter must come first.
        if place not in document.markers and place not in document.front_ignores:
            continue  # The comment is in code or in running text.
        plain, commented = (dict(outputs(root, body)) for body in (text, with_comment))
        assume(plain)
        assert commented == plain
        compared += 1
    assert compared or data is not None


def outputs(root: Path, body: str) -> Iterator[tuple[str, bytes]]:
    """The outputs of a document with this body, and of one that includes it. Links may be broken."""
    write_files(
        root,
        {
            "entries/a.md": body,
            "patterns/p.md": body,
            "entries/b.md": "# B\n\n<<include: p.md>>\n",
        },
    )
    config = Config(root, None, documents=("entries",), banner=False)
    for bundle in compile_project(config).bundles:
        yield from ((one.path, one.data) for one in bundle.outputs)
