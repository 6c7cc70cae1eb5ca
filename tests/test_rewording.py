"""Edits that change words only: what is told of them without the compiler is what it would say, and all else is its work."""

from __future__ import annotations

import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import files_below, modules_of_a_build, write, write_files
from skillweave.build import compile_project
from skillweave.config import load_config
from skillweave.emit import banner_of, front_of
from skillweave.flatten.origins import origins
from skillweave.incremental import Asked, Memory, build, check, current, save
from skillweave.incremental.last import last_published
from skillweave.incremental.rewording import reworded
from skillweave.incremental.rewording.noting import source_map_of, texts_of
from skillweave.incremental.rewording.source_map import SourceMap, wording_of
from skillweave.lock import Record
from skillweave.sealed import read_json, write_json
from skillweave.source import SourcePath
from skillweave.state import now
from strategies import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skillweave.diagnostics import Diagnostic

FRONT = "---\nname: {0}\ndescription: A skill for tests. Use it in tests.\n---\n\n# Skill\n\nOwn words here.\n\n"
WORDS = """# Words

This is plain text that goes
on over two lines.

- an item with words
- another item
  - nested item words

1. first thing

```text
Some code in a fence
```

Words with `code/a.md` and [a link](https://e.org/x) in it
Words below a link

| Cell | Other |
|------|-------|
| one  | two   |

Last words of it.
"""
TITLED = """---
title: Titled
---
# Top

Text under it.

## Part

Words of the part.
More words of the part

## Other

Words of the other
"""
PARTS = """# All

Words on top.

## First

First words.

## Second

Words with `code` in them.

Second words.

### Deep

Deep words
on two lines.

## Third

Third words.

"""
FILES = {
    "patterns/words.md": WORDS,
    "patterns/sub/titled.md": TITLED,
    "patterns/coded.md": "Coded words\n\nMore words\n",
    "patterns/setext.md": "Setext words\n---\n\nWords under it\n",
    "patterns/sub/line.md": "Just one line\n",
    "patterns/nest.md": "# Nest\n\nIntro words.\n\n<<include: sub/titled.md#Part>>\n\n- item words\n\n"
    "  <<include: sub/titled.md#Other>>\n\nOutro words.\n",
    "patterns/ref.md": "# Referenced\n\nWords of the reference\n\n<<include: words.md level=+1>>\n\nAfter words\n",
    "patterns/param.md": "---\nparams:\n  t: {default: x}\n---\nWords with {{ t }} here\n\n<<include: sub/line.md>>\n",
    "patterns/region.md": "<!-- region: r -->\nWords in it\n<!-- endregion: r -->\n\nWords behind it\n",
    "patterns/commented.md": "<!-- a note -->\n\nWords by it\n\n<!--\nnot said\nyet\n-->\n\nMore words\n",
    "patterns/parts.md": PARTS,
    "patterns/fenced.md": "Words.\n\n```text\none\n\ntwo\n```\n\nBetween\n\n```text\ncode\n```\n",
    "patterns/sections.md": "Top words.\n\n## Code\n\nWords.\n\n```text\ncode\n```\n\n## Later\n\nMore\n",
    "patterns/closed.md": "Words.\n\n```text\ncode\n```\n\n## Later\n\nMore\n",
    "patterns/defined.md": "Words with a [link].\n\n[link]: https://e.org\n",
    "patterns/numbered.md": "First\n\nSecond\n\nThird\n\nFourth\n",
    "patterns/named.md": "Words.\n\n`skills/a/SKILL.md` is named\n",
    "patterns/linked.md": "See [it](list.md).\n\nWords behind it.\n",
    "patterns/loose.md": "- step\n\n  ```text\n  code\n  ```\n",
    "patterns/list.md": "Steps:\n\n- one step\n- another step\n",
    "patterns/unused.md": "Words that nobody includes\n",
    "skills/a/SKILL.md": FRONT.format("a") + "<<include: words.md>>\n\n<<include: region.md region=r>>\n\nEnd words\n",
    "skills/b/SKILL.md": FRONT.format("b") + "<<include: nest.md>>\n\n<<include: words.md level=+2>>\n\nlast words\n",
    "skills/c/SKILL.md": FRONT.format("c") + "1. item\n\n   <<include: sub/titled.md#Part>>\n\n   more words\n\n"
    "<<include: sub/titled.md>>\n\n<<include: sub/titled.md>>\n",
    "skills/d/SKILL.md": FRONT.format("d") + "See <<reference: ref.md>>, [other](other.md) and\n"
    "[w](../../patterns/words.md).\n",
    "skills/d/other.md": "# Other\n\nOther words.\n\n- item\n\n  <<include: words.md>>\n\nEnd words\n",
    "skills/e/SKILL.md": FRONT.format("e")
    + "Running <<include: sub/line.md>> text\n\n<<include: param.md with t=val>>\n",
    "skills/g/SKILL.md": FRONT.format("g")
    + "<<include: parts.md>>\n\n<<include: parts.md#Second level=+1>>\n\n<<include: parts.md#Second heading=drop>>\n\n"
    "<<include: list.md>>\n\nBehind it.\n",
    "skills/h/SKILL.md": FRONT.format("h") + "<<include: parts.md#First>>\n\nBetween\n\n<<include: list.md>>\n",
    "skills/j/SKILL.md": FRONT.format("j") + "<<include: fenced.md>>\nRight behind it\n\n<<include: defined.md>>\n\n"
    "<<include: sections.md#Code>>\nAnd behind it\n",
    "skills/k/SKILL.md": FRONT.format("k")
    + "<<include: numbered.md lines=1-5>>\n\n<<include: named.md>>\n\n<<include: loose.md>>\n\n<<include: linked.md>>\n",
    "skills/n/SKILL.md": FRONT.format("n") + "<<include: commented.md>>\n\nLast words\n",
    "skills/i/SKILL.md": FRONT.format("i") + "Words\n\n- item\n\nLast words\n\n\n",
    "skills/m/SKILL.md": FRONT.format("m") + "Words\n\n```text\ncode\n```\n\n## Part\n\n<<include: closed.md>>\n\n"
    "```text\nmore\n```\n",
    "skills/f/SKILL.md": FRONT.format("f") + "<<include: coded.md as=code>>\n\n`skills/a/SKILL.md` is named\n\n"
    "> <<include: sub/titled.md#Other>>\n\n<<include: setext.md>>\n",
}
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
    """A project that was built."""
    make(tmp_path / "project")
    run(tmp_path / "project")
    return tmp_path / "project"


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
    """In place of some, behind the first blank line that comes."""

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


@pytest.mark.parametrize("is_restarted", [False, True])
def test_who_builds_again_and_again_is_told_without_the_compiler(project: Path, is_restarted: bool) -> None:  # noqa: FBT001
    if not is_restarted:
        shutil.rmtree(project / ".skillweave")
    memory = Memory()
    run_and_compare(project, memory)
    for number, path in enumerate(("skills/a/SKILL.md", "skills/i/SKILL.md", "skills/a/SKILL.md", "skills/d/other.md")):
        write(project / path, (project / path).read_text("utf-8") + f"\nMore of {number}.\n")
        parsed = {*memory.documents}
        run_and_compare(project, memory)
        assert {*memory.documents} == parsed
        if number % 2:
            save(Asked(load_config(project)[0], memory=memory))


def test_what_another_process_has_built_is_built_on(project: Path) -> None:
    memory = Memory()
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    shutil.rmtree(project / ".skillweave")
    run_and_compare(project, memory)
    write(project / "patterns/more.md", "# More\n\nWords of it.\n")
    write(project / "skillweave.toml", "banner = true\n")
    run(project)
    for words in ("The end", "The end, too"):
        replace(project / "skills/a/SKILL.md", words, f"{words}, too")
        run_and_compare(project, memory)
    replace(project / "skills/a/SKILL.md", "The end", "## The end\n\nThe end")
    run_and_compare(project, memory)


def test_lines_are_where_they_come_from(project: Path) -> None:
    included = ("setext.md", "nest.md", "coded.md as=code")
    write(
        project / "skills/b/more.md",
        "### Deep\n\n" + "".join(f"<<include: {name}>>\n\n" for name in included),
    )
    compiled = compile_project(load_config(project)[0])
    lock = {str(bundle.entry.path): Record(bundle.inputs, {}) for bundle in compiled.bundles}
    seen = set[str]()
    for path, text in texts_of(compiled, compiled.graph.files).items():
        wording = wording_of(source_map_of(compiled), SourcePath(path), text, lock) if text is not None else None
        if wording is None:
            continue
        noted = {worded.path: worded.runs for worded in wording.outputs}
        for bundle in compiled.bundles:
            for output, page in bundle.pages.items():
                front = front_of(compiled.nodes, page, banner_of(compiled.nodes, bundle.entry, page)).count("\n")
                found = enumerate(origins(compiled.nodes, page.page.copies[0].key), front)
                lines = [(run.there + n, run.here + n) for run in noted.get(output, ()) for n in range(run.length)]
                assert lines == [(number, origin.line) for number, origin in found if origin.path == path]
                seen.update([path] if lines else [])
    assert {"patterns/nest.md", "patterns/words.md", "skills/b/more.md"} <= seen


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
def test_words_are_told_without_the_compiler(project: Path, path: str, old: str, new: str) -> None:
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


@pytest.mark.parametrize(
    ("path", "words", "more"),
    [
        ("patterns/closed.md", "code\n```\n", "\nAnd words.\n"),
        ("patterns/named.md", "is named\n", "\nMore words.\n"),
        ("patterns/commented.md", "More words\n", "\n<!-- the end -->\n"),
        ("patterns/closed.md", "code\n```\n", "\n```text\nmore\n```\n"),
        ("skills/m/SKILL.md", "more\n```\n", "\nMore words.\n\n- item\n"),
    ],
)
def test_what_is_added_is_told(project: Path, path: str, words: str, more: str) -> None:
    assert is_told_by_words(project, path, words, words + more)
    run_and_compare(project)


def test_a_comment_at_the_end_is_told_again_and_again(project: Path) -> None:
    write(project / "patterns/commented.md", FILES["patterns/commented.md"] + "\n<!-- the end -->\n")
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/commented.md", "the end", "the very end")
    assert is_told_by_words(project, "patterns/commented.md", "the very end", "over")
    run_and_compare(project)


def test_each_of_many_texts_that_are_edited_in_turn_is_told(project: Path) -> None:
    said = {
        "patterns/words.md": "Last words of it.",
        "patterns/parts.md": "Third words.",
        "patterns/nest.md": "Outro words.",
        "patterns/list.md": "Steps:",
        "skills/d/other.md": "Other words.",
        "skills/i/SKILL.md": "Last words",
    }
    for number in range(5):
        for path, words in said.items():
            says = f"{words[:10]} {number}" + ("\n\nAnd more." if path == "patterns/parts.md" and number % 2 else "")
            assert is_told_by_words(project, path, words, says), (number, path)
            said[path] = says
            run_and_compare(project)


def test_what_the_compiler_finds_out_in_between_is_built_on(project: Path) -> None:
    said = {
        "patterns/parts.md": "Third words",
        "patterns/list.md": "one step",
        "skills/i/SKILL.md": "Last words",
        "skills/h/SKILL.md": "Between",
    }
    for number in range(4):
        replace(project / "patterns/parts.md", "## Third", f"## New {number}\n\nWords.\n\n## Third")
        if number % 2:
            check(Asked(load_config(project)[0]))
        run_and_compare(project)
        for path, words in said.items():
            assert is_told_by_words(project, path, words, f"{words} {number}"), (number, path)
            said[path] = f"{words} {number}"
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
        ("patterns/parts.md", "Third words.", "Third words.\n\n***"),
        ("patterns/parts.md", "Third words.", "Third words.\n\n- [x] done"),
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
def test_what_may_be_more_than_words_takes_the_compiler(project: Path, path: str, old: str, new: str) -> None:
    replace(project / path, old, new)
    run_and_compare(project)
    assert not is_told_by_words(project, path, new, old)
    run_and_compare(project)
    replace(project / path, old, new)
    run_and_compare(project)


def test_paragraphs_that_make_a_skill_too_long_are_told_so(project: Path) -> None:
    write(project / "skillweave.toml", "[limits]\nskill_lines = 30\n")
    path = project / "skills/i/SKILL.md"
    own, found = path.read_text("utf-8").rstrip("\n"), []
    for number in range(12):
        write(path, own + "\n\nMore words." * number + "\n")
        told = [diagnostic for diagnostic in run_and_compare(project) if diagnostic.path == "skills/i/SKILL.md"]
        found.append(any(diagnostic.code.name == "skill-too-long" for diagnostic in told))
    assert {*found} == {False, True}
    assert found == sorted(found)


def test_two_texts_that_make_a_skill_too_long_in_turn_are_told_so(project: Path) -> None:
    write(project / "skillweave.toml", "[limits]\nskill_lines = 60\n")
    write(project / "skills/l/SKILL.md", FRONT.format("l") + "<<include: list.md>>\n\nBehind it.\n")
    run(project)
    found = []
    for _ in range(12):
        for path in ("skills/l/SKILL.md", "patterns/list.md"):
            write(project / path, (project / path).read_text("utf-8") + "\nMore words.\n")
            told = [diagnostic for diagnostic in run_and_compare(project) if diagnostic.path == "skills/l/SKILL.md"]
            found.append(any(diagnostic.code.name == "skill-too-long" for diagnostic in told))
    assert {*found} == {False, True}


def test_a_skill_of_front_matter_alone_is_measured_too(project: Path) -> None:
    path = project / "skills/i/SKILL.md"
    for words in ("Does it.", "Does that.", "Does this and that."):
        write(path, f"---\nname: i\ndescription: {words}\n---")
        run_and_compare(project)


@pytest.mark.parametrize(
    ("limits", "code"), [("skill_tokens = 200", "skill-too-long"), ("bundle_bytes = 1500", "expansion-too-large")]
)
def test_what_becomes_too_large_is_told_so(project: Path, limits: str, code: str) -> None:
    write(project / "skillweave.toml", f"[limits]\n{limits}\n")
    write(project / "patterns/coded.md", "Coded words\n\n" * 10)
    write(project / "skills/f/SKILL.md", FRONT.format("f") + "<<include: coded.md>>\n\n<<include: coded.md>>\n")
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


def test_words_that_a_finding_is_about_take_the_compiler(project: Path) -> None:
    write(project / "skills/a/SKILL.md", FRONT.format("a") + "Words before\n<<include: list.md>>\n\nlast words\n")
    run_and_compare(project)
    for old, new in (("last", "final"), ("Words before", "Before"), ("Before", "Words before")):
        assert not is_told_by_words(project, "skills/a/SKILL.md", old, new)
        assert "paragraph-merge" in {found.code.name for found in run_and_compare(project)}


def test_words_before_what_a_fix_would_change_take_the_compiler(project: Path) -> None:
    write(project / "skills/l/SKILL.md", FRONT.format("l") + "<<include:list.md>>\n")
    run(project)
    assert not is_told_by_words(project, "skills/l/SKILL.md", "Own words", "Words")
    assert "directive-style" in {found.code.name for found in run_and_compare(project)}


def test_what_a_later_run_finds_out_of_a_text_counts(project: Path) -> None:
    replace(project / "skills/i/SKILL.md", "Last words", "<<include: list.md lines=1-3>>\n\nLast words")
    run(project)
    replace(project / "patterns/list.md", "Steps:\n\n", "Steps:\n\nMore words.\n\n")
    run_and_compare(project)


def test_what_two_runs_have_found_out_is_built_on(project: Path) -> None:
    paths = ("patterns/unused.md", "patterns/list.md", "patterns/numbered.md")
    for path in paths:
        write(project / path, FILES[path] + "\n## New\n\nNew words.\n")
        run_and_compare(project)
    for path in paths:
        assert is_told_by_words(project, path, "New words", "Newer words"), path
        run_and_compare(project)


def test_the_last_good_output_stays_as_it_is(project: Path) -> None:
    replace(project / "skills/h/SKILL.md", "<<include: list.md>>", "[nothing](nothing.md)")
    assert "broken-link" in {found.code.name for found in run_and_compare(project)}
    assert is_told_by_words(project, "patterns/list.md", "one step", "a step")
    run_and_compare(project)
    replace(project / "skills/h/SKILL.md", "Own words", "Words")
    run_and_compare(project)
    replace(project / "skills/h/SKILL.md", "[nothing](nothing.md)", "<<include: list.md>>")
    run_and_compare(project)


def test_where_nothing_is_published_no_lock_file_comes_to_be(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project / "patterns/x.md", "# X\n\nWords.\n")
    write(project / "skills/a/SKILL.md", FRONT.format("a"))
    run_and_compare(project)
    write(project / "skills/a/SKILL.md", FRONT.format("a") + "[nothing](nothing.md)\n")
    (project / "build/skillweave.lock.json").unlink()
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/x.md", "Words.", "Words.\n\nMore.")
    run_and_compare(project)


SHORT = "---\nname: {0}\ndescription: Use it.\n---\n\n"
FILLED = "".join(f"Words {number:03d} and so on, to fill it.\n\n" for number in range(20))
SIX = {f"skills/s{number}/SKILL.md": FRONT.format(f"s{number}") for number in range(6)}
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
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md lines=1,3-4>>\n",
            },
            [("patterns/x.md", "start\n`one\ntwo` three\n`<<include: q.md>> four`\n")],
            id="words in a paragraph that an include cuts",
        ),
        pytest.param(
            {
                "patterns/x.md": "start\n\n```text\nfoo\n`<<include: q.md>> four`\n```\n",
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md lines=1,4-6>>\n",
            },
            [("patterns/x.md", "start\n\n```text\nfoo` bar\n`<<include: q.md>> four`\n```\n")],
            id="words in code that an include cuts",
        ),
        pytest.param(
            {
                **SIX,
                "patterns/x.md": HOLLOW,
                "skills/s0/SKILL.md": FRONT.format("s0") + "<<include: x.md>>\n",
                "skills/s1/SKILL.md": FRONT.format("s1") + "<<include: x.md#B heading=drop>>\n\nEnd.\n",
            },
            [
                ("skills/s2/SKILL.md", FRONT.format("s2") + "## New\n"),
                ("patterns/x.md", HOLLOW.replace("## B\n", "## B\n\nWords below it.\n")),
            ],
            id="an empty selection behind another run",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nexpansions = 2\n",
                "patterns/x.md": "# X\n\nWords.\n",
                "patterns/p.md": "<<include: x.md>>\n\n" * 3,
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md>>\n\nEnd.\n",
            },
            [("patterns/x.md", "# X\n\nMore words here.\n")],
            id="a note that tells bytes",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_tokens = 80\n",
                "patterns/x.md": "# X\n\nWords.\n\nLast.\n",
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md>>\n\nEnd.\n",
                "skills/b/SKILL.md": FRONT.format("b")
                + f"[no](nowhere.md)\n\n{'Long line of words. ' * 9}\n\n<<include: x.md>>\n\nEnd.\n",
            },
            [("patterns/x.md", "# X\n\nWords.\n\nLast.\n\nm\nm\n")],
            id="a failing skill that becomes too long",
        ),
    ],
)
def test_what_an_edit_may_come_to_is_told(tmp_path: Path, files: dict[str, str], edits: list[tuple[str, str]]) -> None:
    write_files(tmp_path / "project", files)
    run(tmp_path / "project")
    for path, text in edits:
        write(tmp_path / "project" / path, text)
        run_and_compare(tmp_path / "project")


def test_an_output_that_can_be_run_is_mended(project: Path) -> None:
    memory, output = Memory(), project / "build/skills/a/SKILL.md"
    run_and_compare(project, memory)
    output.chmod(0o755)
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run_and_compare(project, memory)
    assert not output.stat().st_mode & 0o111


def test_blank_lines_before_a_heading_that_is_left_out_count(project: Path) -> None:
    write(project / "skills/l/SKILL.md", FRONT.format("l") + "<<include: list.md heading=drop level=keep>>\n")
    text = "Steps.\n\nMore of them.\n{}\n\n# List\n\nWords.\n"
    write(project / "patterns/list.md", text.format(""))
    run(project)
    for more in ("\nA paragraph.\n", "\nAnother one.\n\n\n", ""):
        write(project / "patterns/list.md", text.format(more))
        run_and_compare(project)


def test_a_text_that_is_published_as_it_is_takes_the_compiler(project: Path) -> None:
    write(project / "skills/l/SKILL.md", FRONT.format("l") + "<<asset: list.md>>\n")
    run(project)
    assert not is_told_by_words(project, "patterns/list.md", "one step", "a step")
    run_and_compare(project)


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
                "skills/a/SKILL.md": FRONT.format("a") + f"See [x]({LONG}).\n\nWords\n",
            },
            "skills/a/SKILL.md",
            ["Words", *(f"Words {'and more ' * count}of it" for count in range(12))],
            id="a link counts as it is written",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_lines = 16\n",
                "skills/a/SKILL.md": FRONT.format("a") + "Words\n",
            },
            "skills/a/SKILL.md",
            ["Words\n", "Words one\n", "Words one\n\n\n", "Words one" + "\n" * 9, "Words one" + "\n" * 20],
            id="blank lines at the end count",
        ),
        pytest.param(
            {
                "skillweave.toml": "[limits]\nskill_lines = 16\n",
                "patterns/x.md": PARTED,
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md#Two>>\n",
                "skills/b/SKILL.md": FRONT.format("other") + "<<include: x.md>>\n",
            },
            "patterns/x.md",
            ["Last", "Last one", "Last one\n\nMore", "Last one\n\nMore\n\nStill more"],
            id="a skill with an error is measured",
        ),
        pytest.param(
            {
                "patterns/x.md": PARTED,
                "patterns/u.md": "# U\n\n<<include: x.md#Sec heading=drop>>\n",
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md>>\n",
            },
            "patterns/x.md",
            ["Words\n\n## Two", "Other words\n\n## Two", "## Two", "Words\n\n## Two", "***\n\n## Two"],
            id="a pattern that nobody uses selects",
        ),
        pytest.param(
            {
                "patterns/x.md": PARTED,
                "patterns/u.md": "# U\n\nTop\n\n## Part\n\n* <<include: x.md#Sec heading=drop>>\n",
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md>>\n\n<<include: u.md lines=1-3>>\n",
            },
            "patterns/x.md",
            ["Words\n\n## Two", "Other words\n\n## Two", "***\n\n## Two", "Words\n\n## Two", "- item\n\n## Two"],
            id="lines that reach no output select",
        ),
        pytest.param(
            {
                "patterns/x.md": "# Top\n\n## Sec\n\nSee [label] here.\n\n## Other\n\nWords\n\n[label]: https://e.org\n",
                "skills/a/SKILL.md": FRONT.format("a") + "<<include: x.md#Sec>>\n",
            },
            "patterns/x.md",
            ["Words", "Words one", "Words one\n\nAnother", "Words"],
            id="a finding says where something else stands",
        ),
    ],
)
def test_what_is_told_of_more_than_outputs_is_told(
    tmp_path: Path, files: dict[str, str], edited: str, edits: list[str]
) -> None:
    project = tmp_path / "project"
    write_files(project, files)
    run(project)
    for old, new in pairwise(edits):
        replace(project / edited, old, new)
        run_and_compare(project)


def test_a_text_may_come_to_fit_into_a_line(project: Path) -> None:
    write(project / "patterns/short.md", "One.\n\nTwo.\n")
    write(project / "patterns/through.md", "<<include: short.md>>\n")
    write(project / "skills/l/SKILL.md", FRONT.format("l") + "Running <<include: through.md>> text\n")
    write(project / "skills/m/SKILL.md", FRONT.format("m") + "<<include: short.md>>\n")
    run(project)
    found = []
    for old, new in (("One.", "Once."), ("\n\nTwo.", ""), ("Once.", "One."), ("One.", "One.\n\nTwo.")):
        replace(project / "patterns/short.md", old, new)
        found.append("directive-not-alone" in {found.code.name for found in run_and_compare(project)})
    assert found == [True, False, False, True]


def test_a_paragraph_below_a_heading_that_is_left_out_may_be_all_that_is_selected(project: Path) -> None:
    write(project / "patterns/hollow.md", "## A\n\nWords of it.\n\n## B\n\n## C\n\nWords.\n")
    write(project / "skills/j/SKILL.md", FRONT.format("j") + "<<include: hollow.md>>\n")
    write(project / "skills/k/SKILL.md", FRONT.format("k") + "<<include: hollow.md#B heading=drop>>\n")
    assert "empty-include" in {found.code.name for found in run_and_compare(project)}
    for old, new in (("Words of it.", "Words."), ("## B\n", "## B\n\nWords below it.\n"), ("\nWords below it.\n", "")):
        replace(project / "patterns/hollow.md", old, new)
        run_and_compare(project)


@pytest.mark.parametrize("is_gone", [False, True], ids=["damaged", "gone"])
@pytest.mark.parametrize("path", ["skills/a/SKILL.md", "skills/b/SKILL.md", "skillweave.lock.json"])
def test_an_output_that_is_not_as_it_was_is_mended(project: Path, path: str, is_gone: bool) -> None:  # noqa: FBT001
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    if is_gone:
        (project / "build" / path).unlink()
    else:
        (project / "build" / path).write_bytes(b"no words\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)


def test_what_a_build_that_died_left_is_cleared_up(project: Path) -> None:
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    write(project / "build/.staging-0123abcd/new/skills/a/SKILL.md", "half\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)
    assert not [*(project / "build").glob(".staging-*")]


def test_what_no_build_wrote_in_a_bundle_is_told_of(project: Path) -> None:
    (project / "build/skills/a/mine").mkdir()
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    write(project / "build/skills/a/mine/notes.md", "mine\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    assert "foreign-output" in {found.code.name for found in run_and_compare(project)}


def test_what_came_to_stand_in_a_bundle_meanwhile_is_told_of_by_watch(project: Path) -> None:
    memory = Memory()
    run_and_compare(project, memory)
    write(project / "build/skills/a/notes.md", "mine\n")
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    assert "foreign-output" in {found.code.name for found in run_and_compare(project, memory)}
    assert (project / "build/skills/a/notes.md").read_text() == "mine\n"


def test_a_second_text_that_was_edited_takes_the_compiler(project: Path) -> None:
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    replace(project / "patterns/words.md", "Last words", "The last words")
    assert not is_told_by_words(project, "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)


@pytest.mark.parametrize("name", ["wording.json", "sourcemap.json", "texts", "state.json", "since.json", "parts.json"])
@pytest.mark.parametrize("where", [0, 70, 0.5, 0.9])
def test_a_file_of_the_cache_that_is_not_as_it_was_written_is_not_believed(
    project: Path, name: str, where: float
) -> None:
    for number in range(40):  # of many files, few have changed
        write(project / f"skills/s{number}/SKILL.md", FRONT.format(f"s{number}"))
    run(project)
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    data = bytearray((project / ".skillweave" / name).read_bytes())
    place = where if isinstance(where, int) else int(where * len(data))
    for damaged in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
        for path, said, says in (("a", "The end", "End words"), ("d", "See", "Look at"), ("a", "End words", "The end")):
            (project / ".skillweave" / name).write_bytes(damaged)
            replace(project / f"skills/{path}/SKILL.md", said, says)
            run_and_compare(project)
        replace(project / "skills/d/SKILL.md", "Look at", "See")
        run_and_compare(project)


@pytest.mark.parametrize("key", vars(SourceMap()))
def test_a_source_map_with_other_values_is_not_believed(project: Path, key: str) -> None:
    place = project / ".skillweave/sourcemap.json"
    values: list[object] = [None, {}, {"patterns/words.md": [[1]]}, [[1, 2, 3, 4, 5, 6, 7]]]
    for number, value in enumerate(values):
        (project / ".skillweave/state.json").unlink()
        run(project)
        content = read_json(place)
        write_json(place, {**content, "map": {**content["map"], key: value}})
        replace(project / "patterns/words.md", "Last words", f"Last words {number}")
        run_and_compare(project)


def make(project: Path) -> None:
    write_files(project, FILES)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    write(path, text.replace(old, new, 1))


def run(project: Path) -> None:
    config, problems = load_config(project)
    assert not problems
    build(Asked(config))


def is_told_by_words(project: Path, path: str, old: str, new: str) -> bool:
    """Edit a text, and look whether it would be told without the compiler."""
    replace(project / path, old, new)
    asked = Asked(load_config(project)[0])
    last = last_published(asked, now())
    return last is not None and reworded(asked, last) is not None


def run_and_compare(project: Path, memory: Memory | None = None) -> tuple[Diagnostic, ...]:
    """A build, and one of the same sources that knows of nothing; what both have found."""
    clean = project.parent / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    shutil.copytree(project, clean, ignore=shutil.ignore_patterns(".skillweave"))
    found = build(Asked(load_config(project)[0], memory=memory))
    expected = build(Asked(load_config(clean)[0], cached=False))
    assert found.diagnostics == expected.diagnostics
    assert (found.entries, found.asked, found.files) == (expected.entries, expected.asked, expected.files)
    assert sorted([*found.changed, *found.unchanged]) == sorted([*expected.changed, *expected.unchanged])
    assert files_below(project / "build") == files_below(clean / "build")
    return found.diagnostics


def compare(project: Path) -> None:
    """Whether there is what a clean build of the same sources makes, beside what it keeps."""
    clean = project.parent / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    shutil.copytree(project, clean, ignore=shutil.ignore_patterns(".skillweave"))
    build(Asked(load_config(clean)[0], cached=False))
    assert files_below(project / "build") == files_below(clean / "build")
