"""Headings that are renamed, or come and go with their sections, are reported without the compiler if nothing but their own
lines can show it, with the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import write, write_files
from rewording import FILES, built, is_told_by_words, opening, replace, run, run_and_compare
from skillweave.incremental import Memory
from skillweave.slugs import slugify
from strategies import examples

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has been built."""
    return built(tmp_path / "project")


def told_there_and_back(project: Path, path: str, old: str, new: str) -> set[bool]:
    """Edit a text and undo that, comparing both times with a clean build. Returns whether these edits needed no compiler."""
    told = set()
    for gone, come in ((old, new), (new, old)):
        told.add(is_told_by_words(project, path, gone, come))
        run_and_compare(project)
    return told


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/nest.md", "# Nest", "# Nested"),
        ("patterns/nest.md", "# Nest\n\nIntro", "# (The nest), now & then: 50% more\n\nIn"),
        ("patterns/nest.md", "# Nest", "# Nest 2"),
        ("patterns/fenced.md", "code\n", "# a comment in code\n"),
    ],
)
def test_a_heading_that_nothing_asks_for_is_renamed_without_the_compiler(
    project: Path, path: str, old: str, new: str
) -> None:
    replace(project / path, old, new)
    run(project)
    assert told_there_and_back(project, path, new, old) == {True}


def test_a_renamed_heading_is_known_by_its_new_name(project: Path) -> None:
    replace(project / "patterns/nest.md", "# Nest", "# Fresh")
    run_and_compare(project)
    assert not is_told_by_words(project, "skills/a/SKILL.md", "# Skill", "# Fresh")
    run_and_compare(project)
    replace(project / "patterns/nest.md", "# Fresh", "# Nest")
    run_and_compare(project)
    assert is_told_by_words(project, "skills/a/SKILL.md", "# Fresh", "# Fresher")
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/nest.md", "# Nest", "# Nested")
    run_and_compare(project)
    assert not is_told_by_words(project, "patterns/nest.md", "# Nested", "# Fresher")
    run_and_compare(project)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/words.md", "# Words", "# Terms"),  # A link leads to the file.
        ("patterns/ref.md", "# Referenced", "# Ref"),  # A reference does.
        ("patterns/parts.md", "## Third", "## Last"),  # A directive names a section of it.
        ("patterns/closed.md", "## Later", "## End"),  # Another heading has the old name,
        ("patterns/nest.md", "# Nest", "# Later"),  # or the new one,
        ("patterns/nest.md", "# Nest", "# Later 1"),  # or one that gives it a number.
        ("patterns/nest.md", "# Nest", "# !"),  # It has no name.
        ("patterns/nest.md", "# Nest", "## Nest"),
        ("patterns/nest.md", "# Nest", "# Nest {#id}"),
        ("patterns/nest.md", "# Nest", "# Nest #"),
    ],
)
def test_other_renames_use_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    assert told_there_and_back(project, path, old, new) == {False}


@pytest.mark.parametrize("fragment", ["nest", "nested", "nested-1", "%6Eested"])
def test_a_heading_that_a_link_asks_for_is_renamed_by_the_compiler(project: Path, fragment: str) -> None:
    replace(project / "patterns/list.md", "- one step", f"- [one](#{fragment}) step")
    run_and_compare(project)
    assert not is_told_by_words(project, "patterns/nest.md", "# Nest", "# Nested")
    run_and_compare(project)


def test_a_finding_that_may_quote_a_heading_needs_the_compiler(project: Path) -> None:
    write(project / "patterns/nest.md", FILES["patterns/nest.md"] + "\n[to](#nes) it\n")
    assert "did you mean #nest?" in {found.help for found in run_and_compare(project)}
    assert not is_told_by_words(project, "patterns/nest.md", "# Nest", "# Nesting")
    run_and_compare(project)


OUTRO = "Outro words."


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/nest.md", OUTRO, "Outro words.\n\n## More\n\nMore words."),
        ("patterns/nest.md", OUTRO, "Outro words.\n\n# More\n\n> Words."),
        (
            "patterns/nest.md",
            OUTRO,
            "Outro words.\n\n## One\n\n### Two\n\n- item\n\n```text\n# no heading\n```\n\n# Three\n\nEnd.",
        ),
        ("patterns/closed.md", "## Later\n\nMore\n", "More\n\n## Another\n\n### Later on\n\nMore\n"),
        ("skills/i/SKILL.md", "- item\n", "## List\n\n- item\n\n## Rest\n"),
        ("patterns/fenced.md", "Between", "Between\n\nand below"),
    ],
)
def test_sections_come_and_go_without_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    before = (project / path).read_text("utf-8")
    write(project / path, before.replace("## Later", "## The end"))
    run(project)
    old, new = old.replace("## Later", "## The end"), new.replace("## Later", "## The end")
    assert told_there_and_back(project, path, old, new) == {True}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/words.md", "Last words of it.", "Last words.\n\n## More\n\nOf it."),  # A link leads to the file.
        (
            "patterns/parts.md",
            "Third words.",
            "Third words.\n\n#### Heading\n\nMore",
        ),  # Directives name sections of it.
        ("patterns/closed.md", "More\n", "## Later\n\nMore\n"),  # A name is repeated.
        ("patterns/nest.md", OUTRO, "Outro words.\n\n## Later 1"),
        ("patterns/nest.md", OUTRO, "Outro words.\n\n##\n\n## !"),  # They have no names.
        ("patterns/nest.md", OUTRO, "Outro words.\n\n## More {#more}"),
        ("patterns/nest.md", OUTRO, "Outro words.\n\n## More [of them](https://e.org)"),
        ("patterns/nest.md", OUTRO, "Outro words.\n\n## More ##"),
        ("patterns/nest.md", OUTRO, "Outro words.\n\nMore\n----"),
        ("patterns/nest.md", OUTRO, "- ## More"),
        ("patterns/nest.md", OUTRO, "Outro words.\n\n###### Too deep"),  # Nothing may be deeper where it is included.
        ("patterns/nest.md", "Intro words.", "Intro words.\n\n## Above\n\nan include."),
        ("patterns/list.md", "Steps:\n", "## Steps\n"),  # It is the first, so that includes move it by its level.
        ("patterns/list.md", "- another step\n", "- another step\n\n## Behind it\n"),
    ],
)
def test_other_sections_use_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    assert told_there_and_back(project, path, old, new) == {False}


def test_a_shallower_heading_moves_all_others(project: Path) -> None:
    write(project / "patterns/deep.md", "## Deep\n\nWords.\n\n### Deeper\n\nWords.\n")
    write(project / "skills/i/SKILL.md", opening("i") + "## Part\n\n<<include: deep.md>>\n")
    run(project)
    assert not is_told_by_words(project, "patterns/deep.md", "### Deeper", "# Shallow")
    run_and_compare(project)
    assert not is_told_by_words(project, "patterns/deep.md", "# Shallow\n", "Words.\n")
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/deep.md", "Words.\n", "Words.\n\n##### As deep as can be\n")
    run_and_compare(project)
    assert not is_told_by_words(project, "patterns/deep.md", "##### As deep", "###### As deep")
    run_and_compare(project)


@pytest.mark.parametrize(
    ("selected", "old", "new"),
    [
        (" heading=drop", "Words.\n", "Words.\n\n### Deeper\n"),
        (" heading=drop", "## Sub\n\nMore.\n\n", ""),
        ("#Deep", "## Sub\n", "# Sub\n"),
    ],
)
def test_sections_of_a_text_of_which_a_part_is_selected_use_the_compiler(
    project: Path, selected: str, old: str, new: str
) -> None:
    write(project / "patterns/deep.md", "# Deep\n\nWords.\n\n## Sub\n\nMore.\n\n### Last\n\nEnd.\n")
    write(project / "skills/i/SKILL.md", opening("i") + f"<<include: deep.md{selected}>>\n")
    run(project)
    assert not is_told_by_words(project, "patterns/deep.md", old, new)
    run_and_compare(project)


NAMES = ("a", "a 1", "a-1", "a-1-1", "A", "b", "c 2", "c", "d", "!", "*a*", "[a](#b)", "a #")
TEXTS = ("patterns/one.md", "patterns/two.md", "patterns/three.md", "skills/x/SKILL.md")
names = st.one_of(*3 * [st.sampled_from(NAMES[:9])], st.sampled_from(NAMES))


@settings(examples(40), suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(names, max_size=3), min_size=len(TEXTS), max_size=len(TEXTS)),
    st.lists(st.integers(0, 8), max_size=2),
    st.lists(st.tuples(st.integers(0, 20), names), min_size=1, max_size=4),
    st.sampled_from(["new", "kept"]),
)
def test_any_renames_come_to_what_a_clean_build_says(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    asked: list[int],
    history: list[tuple[int, str]],
    kind: str,
) -> None:
    project = tmp_path_factory.mktemp("renames") / "project"
    included = "".join(f"<<include: {name}.md>>\n\n" for name in ("one", "two", "three", "one"))
    known = [slugify(name) for headings in texts for name in headings]
    links = "".join(f"[to](#{known[number % len(known)]})\n\n" for number in asked if known)
    for path, headings in zip(TEXTS, texts, strict=True):
        start = opening("x") + links + included if path.endswith("SKILL.md") else "First words.\n\n"
        write_files(project, {path: start + "".join(f"## {name}\n\n" for name in headings)})
    memory = Memory() if kind == "kept" else None
    run_and_compare(project, memory)
    for place, name in history:
        found = [
            (path, number)
            for path in TEXTS
            for number, line in enumerate((project / path).read_text("utf-8").split("\n"))
            if line.startswith("#")
        ]
        path, at = found[place % len(found)]
        lines = (project / path).read_text("utf-8").split("\n")
        lines[at] = f"{lines[at].split(' ')[0]} {name}"
        write(project / path, "\n".join(lines))
        run_and_compare(project, memory)


PLAIN = ("Words.", "- an item\n- another", "```text\n# no heading\n```", "> quoted", "| a |\n|---|\n| b |", "***")
SECTIONED = ("patterns/one.md", "patterns/two.md", "patterns/three.md", "patterns/unused.md", "skills/x/SKILL.md")
includes = st.sampled_from(
    [
        "<<include: one.md>>",
        "<<include: two.md level=+2>>",
        "<<include: three.md level=keep>>",
        "<<include: three.md heading=drop>>",
        "- item\n\n  <<include: one.md>>",
        "## Under\n\n<<include: two.md>>",
        "<<include: one.md#a>>",
        "<<include: two.md level=5>>",
    ]
)
headings = st.builds(lambda level, name: f"{'#' * level} {name}", st.sampled_from([1, 2, 2, 3, 4, 6]), names)
blocks = st.one_of(headings, headings, st.sampled_from(PLAIN))


@settings(examples(40), suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(blocks, min_size=1, max_size=4), min_size=len(SECTIONED), max_size=len(SECTIONED)),
    st.lists(includes, min_size=1, max_size=3),
    st.sampled_from(["", "<<include: one.md>>\n\n", "<<include: one.md level=+1>>\n\n"]),
    st.lists(
        st.tuples(
            st.sampled_from(SECTIONED), st.integers(0, 5), st.integers(0, 2), st.lists(blocks, min_size=1, max_size=2)
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["new", "kept"]),
)
def test_any_sections_come_to_what_a_clean_build_says(  # noqa: PLR0913, PLR0917 (hypothesis draws them)
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    included: list[str],
    nested: str,
    history: list[tuple[str, int, int, list[str]]],
    kind: str,
) -> None:
    project = tmp_path_factory.mktemp("sections") / "project"
    starts = {"patterns/two.md": nested, "patterns/unused.md": "<<include: two.md>>\n\n"}
    starts["skills/x/SKILL.md"] = opening("x") + "".join(f"{include}\n\n" for include in included)
    blocks_of = {path: [*found] for path, found in zip(SECTIONED, texts, strict=True)}

    def save(path: str) -> None:
        write_files(project, {path: starts.get(path, "") + "\n\n".join(blocks_of[path]) + "\n"})

    for path in SECTIONED:
        save(path)
    memory = Memory() if kind == "kept" else None
    run_and_compare(project, memory)
    for path, place, gone, come in history:
        at = place % (len(blocks_of[path]) + 1)
        blocks_of[path][at : at + gone] = come
        save(path)
        run_and_compare(project, memory)
