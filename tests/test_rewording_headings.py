"""Renamed headings are reported without the compiler if nothing but their own lines can show it, with the same result."""

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
    assert is_told_by_words(project, path, new, old)
    run_and_compare(project)
    assert is_told_by_words(project, path, old, new)
    run_and_compare(project)


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
    assert not is_told_by_words(project, path, old, new)
    run_and_compare(project)
    assert not is_told_by_words(project, path, new, old)
    run_and_compare(project)


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
