"""Simple edits of words and blocks are reported without the compiler, with the same result; all others are compiled."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import modules_of_a_build, write
from rewording import FILES, built, compare, is_told_by_words, make, opening, replace, run, run_and_compare
from skillweave.config import load_config
from skillweave.incremental import Asked, Memory, current
from strategies import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = sorted(path for path in FILES if path.endswith(".md"))
NEW = (
    "alpha",
    "Beta gamma",
    "it is so",
    "the end.",
    "what?",
    "(see it)",
    "a-b",
    "snake_case",
    "**bold**",
    "50%",
    "a: b",
    "`inline code`",
    "[site](https://e.org/x)",
    "“quoted” — é",
    "**Bold** first",
    "`make` it",
)
ODD = (
    "[label]",
    "[link]",
    "[other][link]",
    "[link]: https://e.org",
    "# Heading",
    "## Third",
    "[^1]",
    "`a:b`",
    "!`command`",
    "`skills/a/SKILL.md`",
    "![i](https://e.org/i.png)",
    "&amp;",
    "e\ufe0f",
    "`code`",
    "[x](y.md)",
    "<b>",
    "<<include: a.md>>",
    "{{ t }}",
    "|",
    "\\",
    "\u200b",
    "é",
    "#",
    "---",
    "- ",
    "    ",
    "*",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has been built."""
    return built(tmp_path / "project")


Lines = list[str]
words = st.one_of(*3 * [st.sampled_from(NEW)], st.sampled_from(ODD))
places = st.integers(0, 40)


def with_word(place: int, number: int, new: str) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        at = place % len(lines)
        said = lines[at].split(" ")
        said[number % len(said)] = new
        return [*lines[:at], " ".join(said), *lines[at + 1 :]]

    return edit


def with_lines(place: int, gone: int, new: Lines) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        at = place % (len(lines) + 1)
        return [*lines[:at], *new, *lines[at + gone :]]

    return edit


def with_paragraph(place: int, gone: int, new: Lines) -> Callable[[Lines], Lines]:
    """Insert paragraphs at the first blank line from `place` on, replacing the next `gone` ones."""

    def edit(lines: Lines) -> Lines:
        at = next((at for at in range(place % len(lines), len(lines)) if not lines[at]), len(lines))
        end = at
        for _ in range(gone):
            end = next((end for end in range(end + 1, len(lines)) if not lines[end]), len(lines))
        return [*lines[:at], *[line for text in new for line in ("", text)], *lines[end:]]

    return edit


edits = st.one_of(
    st.builds(with_word, places, st.integers(0, 8), words),
    st.builds(with_lines, places, st.integers(0, 4), st.lists(st.one_of(words, st.just("")), max_size=4)),
    *2 * [st.builds(with_paragraph, places, st.integers(0, 2), st.lists(st.sampled_from(NEW), max_size=2))],
)


@settings(examples(20), suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(TEXTS), st.lists(edits, min_size=1, max_size=3)), min_size=1, max_size=5),
    st.sampled_from(["new", "kept"]),
)
def test_any_edits_come_to_what_a_clean_build_says(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[str, list[Callable[[Lines], Lines]]]],
    kind: str,
) -> None:
    project = tmp_path_factory.mktemp("edits") / "project"
    make(project)
    memory = Memory() if kind == "kept" else None
    run_and_compare(project, memory)
    for path, changes in history:
        for change in changes:
            write(project / path, "\n".join(change((project / path).read_text("utf-8").split("\n"))))
            run_and_compare(project, memory)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/words.md", "Last words of it.", "Its very last words"),
        ("patterns/words.md", "on over two lines.", "over *two* lines"),
        ("patterns/words.md", "Some code in a fence", "Other code"),
        ("patterns/words.md", "- another item", "- yet another thing"),
        ("patterns/words.md", "This is plain text that goes\non over two lines.", "That text\nis other text."),
        ("patterns/sub/titled.md", "More words of the part", "Fewer"),
        ("patterns/nest.md", "Outro words.", "Goodbye."),
        ("patterns/ref.md", "After words", "Afterwards"),
        ("skills/a/SKILL.md", "End words", "The end"),
        ("skills/d/other.md", "Other words.", "More words."),
        ("patterns/parts.md", "\nThird words.\n", "\nThird words.\n\nAnd a paragraph\non two lines.\n"),
        ("patterns/parts.md", "in them.\n\nSecond words.\n", "in them.\n"),
        ("patterns/parts.md", "\nThird words.\n\n", "\nThird words.\n\nMore words"),
        ("patterns/parts.md", "Deep words\non two lines.", "Deep words on one line."),
        ("patterns/parts.md", "Second words.", "Second words.\n\n\n\nMore of them."),
        ("patterns/list.md", "step\n- another step\n", "step\n- another step\n\nBehind the steps.\n"),
        ("patterns/nest.md", "Outro words.", "Outro words.\n\nGoodbye."),
        ("patterns/ref.md", "After words", "After words\n\nin two paragraphs"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n- and an item"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n  indented"),
        ("patterns/list.md", "- one step\n", "- one step\n\nBetween them\n\n"),
        ("patterns/list.md", "- another step\n", "- another step\n- a third one\n  - in detail\n"),
        (
            "patterns/parts.md",
            "Third words.",
            "Third words.\n\n| a | b |\n|---|---|\n| 1 | `c` |\n\n> a quote\n> of it",
        ),
        (
            "patterns/parts.md",
            "two lines.",
            "two lines.\n\n```sh\nrun --all <here> $1 | less\n\nand <b>more</b>\n```\n\nMore",
        ),
        ("patterns/parts.md", "# All\n", "# All\n\nAbove the words on top.\n"),
        ("patterns/fenced.md", "one\n\ntwo", "one\n\nor\n<two> &lt; \\\n\ntwo"),
        ("patterns/fenced.md", "Between", "Between them\n\nand behind"),
        ("patterns/words.md", "Last words of it.", "See `code` or [a site](https://e.org)."),
        ("patterns/words.md", "Last words of it.", "**Now**: “quoted” — é"),
        ("patterns/words.md", "Last words of it.", "`code` or [a site](https://e.org/a) & so on #1"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n`code` is\n[a link](https://e.org), and *more*"),
        ("patterns/defined.md", "Words with a [link].", "Words with a [link], too."),
        ("patterns/linked.md", "Words behind it.", "The words behind it.\n\nMore words."),
        ("patterns/defined.md", "e.org\n", "e.org\n\nMore words.\n"),
        ("patterns/closed.md", "code\n```\n", "code\n```\n\nAnd words.\n"),
        ("patterns/named.md", "is named\n", "is named\n\nMore words.\n"),
        ("patterns/defined.md", "Words with a [link].", "More words with a [link]."),
        ("patterns/commented.md", "Words by it", "Words beside it\n\nand behind"),
        ("patterns/commented.md", "not said\n", "said\n"),
        ("patterns/commented.md", "More words\n", "More words\n\nThe end\n"),
        ("patterns/commented.md", "Words by it\n", "Words by it\n\n<!-- <not> closed yet -->\n"),
        ("patterns/commented.md", "Words by it\n\n<!--\nnot said\nyet\n-->\n", "Words by it\n"),
        ("skills/m/SKILL.md", "more\n```\n", "more\n```\n\nMore words.\n\n- item\n"),
        ("skills/i/SKILL.md", "Last words\n\n\n", "Last words\n\nThe end"),
        ("skills/i/SKILL.md", "Last words", "Last words\non two lines"),
    ],
)
def test_edits_of_words_are_reported_without_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    replace(project / path, old, new)
    run(project)
    replace(project / path, new, old)
    assert "skillweave.incremental.recompile" not in modules_of_a_build(project, "-q")
    compare(project)
    assert current(Asked(load_config(project)[0])) is not None
    replace(project / path, old, new)
    shutil.rmtree(project / ".skillweave")
    run(project)
    assert is_told_by_words(project, path, new, old)
    run_and_compare(project)


def test_edits_above_and_below_a_heading_are_reported_without_the_compiler(project: Path) -> None:
    text = opening("i") + "Words\n\n## Heading\n\nMore [words]\n\n[words]: https://e.org\n\nThe end\n"
    write(project / "skills/i/SKILL.md", text)
    run(project)
    write(project / "skills/i/SKILL.md", text.replace("Words\n", "Words\n\nabove\n").replace("The end", "It"))
    assert is_told_by_words(project, "skills/i/SKILL.md", "More [words]", "- more [words]")
    run_and_compare(project)
    assert is_told_by_words(project, "skills/i/SKILL.md", "above\n\n## Heading", "## Heading\n\nbelow")
    run_and_compare(project)


def test_a_label_that_moves_to_another_section_uses_the_compiler(project: Path) -> None:
    text = "Top\n\n## A\n\nUse {} here.\n\n[l]: https://e.org\n\n## B\n\nPlain {} words.\n"
    write(project / "skills/i/SKILL.md", opening("i") + "<<include: labels.md#B>>\n")
    write(project / "patterns/labels.md", text.format("[l]", "and"))
    run(project)
    for places in (("it", "[l]"), ("[l]", "[l]"), ("[l]", "and")):
        write(project / "patterns/labels.md", text.format(*places))
        found = {found.code.name for found in run_and_compare(project)}
        assert ("broken-link" in found) is (places[1] == "[l]")


@pytest.mark.parametrize(
    ("path", "words", "more"),
    [
        ("patterns/closed.md", "code\n```\n", "\nAnd words.\n"),
        ("patterns/ended.md", "code\n```\n", "And words.\n"),
        ("patterns/ended.md", "code\n```\n", "\n| a |\n|---|\n| b |\n"),
        ("patterns/named.md", "is named\n", "\nMore words.\n"),
        ("patterns/commented.md", "More words\n", "\n<!-- the end -->\n"),
        ("patterns/closed.md", "code\n```\n", "\n```text\nmore\n```\n"),
        ("skills/m/SKILL.md", "more\n```\n", "\nMore words.\n\n- item\n"),
    ],
)
def test_added_text_is_reported_without_the_compiler(project: Path, path: str, words: str, more: str) -> None:
    assert is_told_by_words(project, path, words, words + more)
    run_and_compare(project)


def test_a_list_at_the_end_uses_the_compiler(project: Path) -> None:
    """Behind a blank line, too, indented text continues a list."""
    assert not is_told_by_words(project, "patterns/ended.md", "code\n```\n", "code\n```\n\n- item\n")
    run_and_compare(project)


def test_a_final_rule_is_removed_without_the_compiler(project: Path) -> None:
    """What follows in the outputs could continue the paragraph that is then the last block, but stands behind a blank line."""
    replace(project / "patterns/parts.md", "Third words.", "Third words.\n\n***")
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/parts.md", "\n\n***", "")
    run_and_compare(project)


def test_repeated_edits_of_a_final_comment_are_reported_without_the_compiler(project: Path) -> None:
    write(project / "patterns/commented.md", FILES["patterns/commented.md"] + "\n<!-- the end -->\n")
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/commented.md", "the end", "the very end")
    assert is_told_by_words(project, "patterns/commented.md", "the very end", "over")
    run_and_compare(project)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("patterns/words.md", "# Words", "# Terms"),
        ("patterns/coded.md", "Coded words", "Words in code"),
        ("patterns/setext.md", "Setext words", "Setext heading"),
        ("patterns/unused.md", "that nobody", "which no skill"),
        ("patterns/words.md", "[a link]", "[one link]"),
        ("patterns/words.md", "`code/a.md`", "`patterns/words.md`"),
        ("patterns/words.md", "| one  |", "| two  |"),
        ("patterns/words.md", "Last words of it.", "Last words of it.\nOr not"),
        ("patterns/words.md", "Last words of it.", "Last <b>words</b>"),
        ("patterns/words.md", "Last words of it.", "Last w\u200bords"),
        ("patterns/words.md", "Last words of it.", "    code"),
        ("patterns/words.md", "- another item", "+ another item"),
        ("patterns/words.md", "1. first thing", "2. first thing"),
        ("patterns/words.md", "Last words of it.", "<<include: sub/line.md>>"),
        ("patterns/words.md", "Last words of it.", "2. item"),
        ("patterns/words.md", "Last words of it.", "Words " * 9000),
        ("patterns/sub/titled.md", "title: Titled", "title: Other"),
        ("patterns/sub/line.md", "one line", "two lines"),
        ("patterns/param.md", "Words with", "Terms with"),
        ("patterns/param.md", "{{ t }}", "T"),
        ("patterns/region.md", "Words in it", "Terms in it"),
        ("patterns/commented.md", "not said\n", "not said -->\n"),
        ("patterns/commented.md", "<!-- a note -->", "<!-- region: r -->"),
        ("patterns/commented.md", "More words\n", "More words\n\n<b>the end</b>\n"),
        ("skills/a/SKILL.md", "name: a", "name: b"),
        ("skills/f/SKILL.md", "is named", "is not named"),
        ("patterns/words.md", "Last words of it.", "Last words of it.\n\nOr not."),
        ("patterns/parts.md", "# All\n", "Before all\n\n# All\n"),
        ("patterns/parts.md", "## Second\n", "## Second\n\nWords below it.\n"),
        ("patterns/parts.md", "\nFirst words.\n", "\nFirst words.\n\nMore of them\n"),
        ("patterns/parts.md", "Third words.", "Third words.\n---"),
        ("patterns/sections.md", "code\n```\n", "code\n```\n\nMore words.\n"),
        ("patterns/fenced.md", "code\n```\n", "code\n```\n\nMore words.\n"),
        ("patterns/words.md", "Last words of it.", "See [it](sub/line.md)"),
        ("patterns/words.md", "Last words of it.", "See `skills/a/SKILL.md`"),
        ("patterns/words.md", "Last words of it.", "See `b:words`"),
        ("patterns/words.md", "Last words of it.", "Run !`command/x`"),
        ("patterns/words.md", "Last words of it.", "See [it]"),
        ("patterns/defined.md", "Words with a [link].", "Words with a link."),
        ("patterns/defined.md", "Words with a [link].", "Words with a [link].\n\n[link]: https://e.com"),
        ("patterns/defined.md", "[link]: https://e.org", "[link]: https://e.com"),
        ("patterns/words.md", "Last words of it.", "See [it](#words)"),
        ("patterns/words.md", "Last words of it.", "Words\u034f"),
        ("patterns/words.md", "Last words of it.", "Words\u00a0of"),
        ("patterns/parts.md", "Third words.", "Third words.\n\nSee [it](sub/line.md)."),
        ("patterns/parts.md", "Third words.", "Third words.\n\nSee `skills/a/SKILL.md`."),
        ("patterns/parts.md", "Third words.", "Third words.\n\nSee [it]."),
        ("patterns/parts.md", "Third words.", "Third words.\n\n```!sh\nls\n```\n\nMore"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n```sh\n<<include: list.md>>\n```\n\nMore"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n[label]: https://e.org\n\nMore"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n#### Heading\n\nMore"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n- item\n\n      code\n\nMore"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n- [x] done"),
        ("patterns/topped.md", "# Head\n", "# Head\n\nMore words.\n"),
        ("patterns/topped.md", "# Head\n", "# Head\n\n***\n"),
        ("patterns/numbered.md", "Second", "Second\n\nBetween"),
        ("patterns/named.md", "Words.", "Words.\n\nMore words."),
        ("patterns/loose.md", "- step\n", "- step\n\nWords\n"),
        ("skills/h/SKILL.md", "<<include: list.md>>\n", "<<include: list.md>>\n\nMore words.\n"),
        ("patterns/list.md", "Steps:\n", "Steps:\nto be taken\n"),
        ("patterns/nest.md", "Intro words.", "Intro words.\n\nMore of them."),
        ("patterns/sub/line.md", "Just one line", "Just one line\n\nAnd one more"),
        ("patterns/sub/titled.md", "Words of the other", "Words of the other\n\nand more"),
        ("patterns/named.md", "is named\n", "is named\n\nSee `skills/b/SKILL.md`\n"),
        ("skills/m/SKILL.md", "code\n```\n", "code\n```\n\nAnd words.\n"),
        ("skills/i/SKILL.md", "Last words", "Last words\n\n\t\n\nand more"),
        ("skills/i/SKILL.md", "Last words\n\n\n", "Last words\n\n    \n"),
        ("skills/i/SKILL.md", "Last words", "Last words\n\n  \n\nand more"),
    ],
)
def test_edits_of_possibly_more_than_words_use_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    replace(project / path, old, new)
    run_and_compare(project)
    assert not is_told_by_words(project, path, new, old)
    run_and_compare(project)
    replace(project / path, old, new)
    run_and_compare(project)


def test_blank_lines_before_a_dropped_heading_count(project: Path) -> None:
    write(project / "skills/l/SKILL.md", opening("l") + "<<include: list.md heading=drop level=keep>>\n")
    text = "Steps.\n\nMore of them.\n{}\n\n# List\n\nWords.\n"
    write(project / "patterns/list.md", text.format(""))
    run(project)
    for more in ("\nA paragraph.\n", "\nAnother one.\n\n\n", ""):
        write(project / "patterns/list.md", text.format(more))
        run_and_compare(project)


def test_edits_of_a_text_that_is_also_shipped_unchanged_use_the_compiler(project: Path) -> None:
    write(project / "skills/l/SKILL.md", opening("l") + "<<asset: list.md>>\n")
    run(project)
    assert not is_told_by_words(project, "patterns/list.md", "one step", "a step")
    run_and_compare(project)
