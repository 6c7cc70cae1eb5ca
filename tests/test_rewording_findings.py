"""The findings after edits of words only, where more than the edited lines matters: sizes, selections, and others."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from projects import write, write_files
from rewording import built, is_told_by_words, opening, replace, run, run_and_compare

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has been built."""
    return built(tmp_path / "project")


def test_paragraphs_that_make_a_skill_too_long_are_reported(project: Path) -> None:
    write(project / "skillweave.toml", "[limits]\nskill_lines = 30\n")
    path = project / "skills/i/SKILL.md"
    own, found = path.read_text("utf-8").rstrip("\n"), []
    for number in range(12):
        write(path, own + "\n\nMore words." * number + "\n")
        told = [diagnostic for diagnostic in run_and_compare(project) if diagnostic.path == "skills/i/SKILL.md"]
        found.append(any(diagnostic.code.name == "skill-too-long" for diagnostic in told))
    assert {*found} == {False, True}
    assert found == sorted(found)


def test_alternating_edits_that_make_a_skill_too_long_are_reported(project: Path) -> None:
    write(project / "skillweave.toml", "[limits]\nskill_lines = 60\n")
    write(project / "skills/l/SKILL.md", opening("l") + "<<include: list.md>>\n\nBehind it.\n")
    run(project)
    found = []
    for _ in range(12):
        for path in ("skills/l/SKILL.md", "patterns/list.md"):
            write(project / path, (project / path).read_text("utf-8") + "\nMore words.\n")
            told = [diagnostic for diagnostic in run_and_compare(project) if diagnostic.path == "skills/l/SKILL.md"]
            found.append(any(diagnostic.code.name == "skill-too-long" for diagnostic in told))
    assert {*found} == {False, True}


def test_a_skill_that_is_only_front_matter_is_measured_too(project: Path) -> None:
    path = project / "skills/i/SKILL.md"
    for words in ("Does it.", "Does that.", "Does this and that."):
        write(path, f"---\nname: i\ndescription: {words}\n---")
        run_and_compare(project)


@pytest.mark.parametrize(
    ("limits", "code"), [("skill_tokens = 200", "skill-too-long"), ("bundle_bytes = 1500", "expansion-too-large")]
)
def test_a_size_that_exceeds_its_limit_is_reported(project: Path, limits: str, code: str) -> None:
    write(project / "skillweave.toml", f"[limits]\n{limits}\n")
    write(project / "patterns/coded.md", "Coded words\n\n" * 10)
    write(project / "skills/f/SKILL.md", opening("f") + "<<include: coded.md>>\n\n<<include: coded.md>>\n")
    told = set[str]()
    for path in ("skills/f/SKILL.md", "patterns/coded.md"):
        lines = (project / path).read_text("utf-8").split("\n")
        for number in range(0, 40, 2):
            place = lines.index("Own words here.") if path.startswith("skills") else 0
            write(
                project / path,
                "\n".join([*lines[:place], "Some words more " * (2 * number + 1) + "x", *lines[place + 1 :]]),
            )
            told.update(diagnostic.code.name for diagnostic in run_and_compare(project))
    assert code in told


SHORT = "---\nname: {0}\ndescription: Use it.\n---\n\n"
FILLED = "".join(f"Words {number:03d} and so on, to fill it.\n\n" for number in range(20))
SIX = {f"skills/s{number}/SKILL.md": opening(f"s{number}") for number in range(6)}
HOLLOW = "## A\n\nWords of it.\n\n## B\n\n## C\n\nWords.\n"


@pytest.mark.parametrize(
    ("files", "edits"),
    [
        pytest.param(
            {
                "skillweave.toml": "[limits]\nbundle_bytes = 1000\n",
                "patterns/x.md": f"# X\n\n{FILLED[:400]}",
                "patterns/y.md": "# Y\n\nText.\n",
                "skills/a/SKILL.md": SHORT.format("a") + "<<include: x.md>>\n\n<<include: y.md>>\n",
                **{f"skills/{name}/SKILL.md": SHORT.format(name) + "Words.\n" for name in "bcd"},
            },
            [
                ("patterns/x.md", "# X\n\nWords.\n"),
                ("patterns/y.md", f"# Y\n\nText.\n\n## Z\n\n{FILLED[:400]}"),
                ("patterns/x.md", f"# X\n\n{FILLED}"),
            ],
            id="a text that shrinks, and grows when another has grown",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nbundle_bytes = 1100\n",
                "patterns/x.md": f"# X\n\n{'Words and more. ' * 18}\n",
                "patterns/u.md": "> > > > <<include: x.md>>\n",
                "skills/a/SKILL.md": SHORT.format("a") + "<<include: x.md>>\n",
            },
            [("patterns/x.md", f"# X\n\n{'Words and more. ' * 18}\n" + "\na\n" * 90)],
            id="each new line costs its prefix",
        ),
        pytest.param(
            {
                "patterns/x.md": "start\none\ntwo three\n`<<include: q.md>> four`\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md lines=1,3-4>>\n",
            },
            [("patterns/x.md", "start\n`one\ntwo` three\n`<<include: q.md>> four`\n")],
            id="words in a paragraph that an include cuts",
        ),
        pytest.param(
            {
                "patterns/x.md": "start\n\n```text\nfoo\n`<<include: q.md>> four`\n```\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md lines=1,4-6>>\n",
            },
            [("patterns/x.md", "start\n\n```text\nfoo` bar\n`<<include: q.md>> four`\n```\n")],
            id="words in code that an include cuts",
        ),
        pytest.param(
            {
                **SIX,
                "patterns/x.md": HOLLOW,
                "skills/s0/SKILL.md": opening("s0") + "<<include: x.md>>\n",
                "skills/s1/SKILL.md": opening("s1") + "<<include: x.md#B heading=drop>>\n\nEnd.\n",
            },
            [
                ("skills/s2/SKILL.md", opening("s2") + "## New\n"),
                ("patterns/x.md", HOLLOW.replace("## B\n", "## B\n\nWords below it.\n")),
            ],
            id="an empty selection behind another run",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nexpansions = 2\n",
                "patterns/x.md": "# X\n\nWords.\n",
                "patterns/p.md": "<<include: x.md>>\n\n" * 3,
                "skills/a/SKILL.md": opening("a") + "<<include: x.md>>\n\nEnd.\n",
            },
            [("patterns/x.md", "# X\n\nMore words here.\n")],
            id="a note that tells bytes",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_tokens = 80\n",
                "patterns/x.md": "# X\n\nWords.\n\nLast.\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md>>\n\nEnd.\n",
                "skills/b/SKILL.md": opening("b")
                + f"[no](nowhere.md)\n\n{'Long line of words. ' * 9}\n\n<<include: x.md>>\n\nEnd.\n",
            },
            [("patterns/x.md", "# X\n\nWords.\n\nLast.\n\nm\nm\n")],
            id="a failing skill that becomes too long",
        ),
    ],
)
def test_indirect_effects_of_an_edit_are_reported(
    tmp_path: Path, files: dict[str, str], edits: list[tuple[str, str]]
) -> None:
    write_files(tmp_path / "project", files)
    run(tmp_path / "project")
    for path, text in edits:
        write(tmp_path / "project" / path, text)
        run_and_compare(tmp_path / "project")


PARTED = "# X\n\nIntro words.\n\n## Sec\n\nWords\n\n## Two\n\nLast\n"
LONG = "../../patterns/" + 5 * "../patterns/" + "x.md"


@pytest.mark.parametrize(
    ("files", "edited", "edits"),
    [
        pytest.param(
            {
                "skillweave.toml": 'ignore = ["unused-ignore"]\nerror = ["skill-too-long"]\n[limits]\nskill_tokens = 58\n',
                "skills/a/SKILL.md": "---\nname: a\ndescription: Use it.\n# skillweave: ignore dangling-path\n"
                "# skillweave: ignore hidden-unicode\n# skillweave: ignore unknown-skill\n---\n\n# A\n\nWords\n",
            },
            "skills/a/SKILL.md",
            ["Words", *(f"Words {'and more ' * count}of it" for count in range(12))],
            id="a comment in the front matter counts",
        ),
        pytest.param(
            {
                "skillweave.toml": "banner = false\n[limits]\nskill_tokens = 60\n",
                "patterns/x.md": "# X\n",
                "skills/a/SKILL.md": opening("a") + f"See [x]({LONG}).\n\nWords\n",
            },
            "skills/a/SKILL.md",
            ["Words", *(f"Words {'and more ' * count}of it" for count in range(12))],
            id="a link counts as it is written",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_lines = 16\n",
                "skills/a/SKILL.md": opening("a") + "Words\n",
            },
            "skills/a/SKILL.md",
            ["Words\n", "Words one\n", "Words one\n\n\n", "Words one" + "\n" * 9, "Words one" + "\n" * 20],
            id="blank lines at the end count",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_lines = 16\n",
                "patterns/x.md": PARTED,
                "skills/a/SKILL.md": opening("a") + "<<include: x.md#Two>>\n",
                "skills/b/SKILL.md": opening("other") + "<<include: x.md>>\n",
            },
            "patterns/x.md",
            ["Last", "Last one", "Last one\n\nMore", "Last one\n\nMore\n\nStill more"],
            id="a skill with an error is measured",
        ),
        pytest.param(
            {
                "patterns/x.md": PARTED,
                "patterns/u.md": "# U\n\n<<include: x.md#Sec heading=drop>>\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md>>\n",
            },
            "patterns/x.md",
            ["Words\n\n## Two", "Other words\n\n## Two", "## Two", "Words\n\n## Two", "***\n\n## Two"],
            id="a pattern that nobody uses selects",
        ),
        pytest.param(
            {
                "patterns/x.md": PARTED,
                "patterns/u.md": "# U\n\nTop\n\n## Part\n\n* <<include: x.md#Sec heading=drop>>\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md>>\n\n<<include: u.md lines=1-3>>\n",
            },
            "patterns/x.md",
            ["Words\n\n## Two", "Other words\n\n## Two", "***\n\n## Two", "Words\n\n## Two", "- item\n\n## Two"],
            id="lines that reach no output select",
        ),
        pytest.param(
            {
                "patterns/x.md": "# Top\n\n## Sec\n\nSee [label] here.\n\n## Other\n\nWords\n\n[label]: https://e.org\n",
                "skills/a/SKILL.md": opening("a") + "<<include: x.md#Sec>>\n",
            },
            "patterns/x.md",
            ["Words", "Words one", "Words one\n\nAnother", "Words"],
            id="a finding says where something else stands",
        ),
    ],
)
def test_findings_that_depend_on_more_than_outputs_are_reported(
    tmp_path: Path, files: dict[str, str], edited: str, edits: list[str]
) -> None:
    project = tmp_path / "project"
    write_files(project, files)
    run(project)
    for old, new in pairwise(edits):
        replace(project / edited, old, new)
        run_and_compare(project)


def test_a_text_may_become_short_enough_for_a_line(project: Path) -> None:
    write(project / "patterns/short.md", "One.\n\nTwo.\n")
    write(project / "patterns/through.md", "<<include: short.md>>\n")
    write(project / "skills/l/SKILL.md", opening("l") + "Running <<include: through.md>> text\n")
    write(project / "skills/m/SKILL.md", opening("m") + "<<include: short.md>>\n")
    run(project)
    found = []
    for old, new in (("One.", "Once."), ("\n\nTwo.", ""), ("Once.", "One."), ("One.", "One.\n\nTwo.")):
        replace(project / "patterns/short.md", old, new)
        found.append("directive-not-alone" in {found.code.name for found in run_and_compare(project)})
    assert found == [True, False, False, True]


def test_the_only_paragraph_below_a_dropped_heading_may_come_and_go(project: Path) -> None:
    write(project / "patterns/hollow.md", "## A\n\nWords of it.\n\n## B\n\n## C\n\nWords.\n")
    write(project / "skills/j/SKILL.md", opening("j") + "<<include: hollow.md>>\n")
    write(project / "skills/k/SKILL.md", opening("k") + "<<include: hollow.md#B heading=drop>>\n")
    assert "empty-include" in {found.code.name for found in run_and_compare(project)}
    for old, new in (("Words of it.", "Words."), ("## B\n", "## B\n\nWords below it.\n"), ("\nWords below it.\n", "")):
        replace(project / "patterns/hollow.md", old, new)
        run_and_compare(project)


def test_edits_of_words_that_a_finding_covers_use_the_compiler(project: Path) -> None:
    write(project / "skills/a/SKILL.md", opening("a") + "Words before\n<<include: list.md>>\n\nlast words\n")
    run_and_compare(project)
    for old, new in (("last", "final"), ("Words before", "Before"), ("Before", "Words before")):
        assert not is_told_by_words(project, "skills/a/SKILL.md", old, new)
        assert "paragraph-merge" in {found.code.name for found in run_and_compare(project)}


def test_edits_of_words_before_a_possible_fix_use_the_compiler(project: Path) -> None:
    write(project / "skills/l/SKILL.md", opening("l") + "<<include:list.md>>\n")
    run(project)
    assert not is_told_by_words(project, "skills/l/SKILL.md", "Own words", "Words")
    assert "directive-style" in {found.code.name for found in run_and_compare(project)}
