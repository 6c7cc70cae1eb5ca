"""A project that includes its texts in many ways. Tests edit it, and compare an incremental build with a clean one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from projects import files_below, skill, write, write_files
from skillweave.config import load_config
from skillweave.incremental import Asked, Memory, build
from skillweave.incremental.last import last_published
from skillweave.incremental.rewording import reworded
from skillweave.state import now

if TYPE_CHECKING:
    from pathlib import Path

    from skillweave.diagnostics import Diagnostic


def opening(name: str) -> str:
    """The front matter and first lines of a skill, including a paragraph of its own."""
    return skill(name, "\n# Skill\n\nOwn words here.\n\n")


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
    "patterns/topped.md": "Words on top.\n\n# Head\n",
    "patterns/ended.md": "Words.\n\n```text\ncode\n```\n",
    "patterns/closed.md": "Words.\n\n```text\ncode\n```\n\n## Later\n\nMore\n",
    "patterns/defined.md": "Words with a [link].\n\n[link]: https://e.org\n",
    "patterns/numbered.md": "First\n\nSecond\n\nThird\n\nFourth\n",
    "patterns/named.md": "Words.\n\n`skills/a/SKILL.md` is named\n",
    "patterns/linked.md": "See [it](list.md).\n\nWords behind it.\n",
    "patterns/loose.md": "- step\n\n  ```text\n  code\n  ```\n",
    "patterns/list.md": "Steps:\n\n- one step\n- another step\n",
    "patterns/unused.md": "Words that nobody includes\n",
    "skills/a/SKILL.md": opening("a") + "<<include: words.md>>\n\n<<include: region.md region=r>>\n\nEnd words\n",
    "skills/b/SKILL.md": opening("b") + "<<include: nest.md>>\n\n<<include: words.md level=+2>>\n\nlast words\n",
    "skills/c/SKILL.md": opening("c") + "1. item\n\n   <<include: sub/titled.md#Part>>\n\n   more words\n\n"
    "<<include: sub/titled.md>>\n\n<<include: sub/titled.md>>\n",
    "skills/d/SKILL.md": opening("d") + "See <<reference: ref.md>>, [other](other.md) and\n"
    "[w](../../patterns/words.md).\n",
    "skills/d/other.md": "# Other\n\nOther words.\n\n- item\n\n  <<include: words.md>>\n\nEnd words\n",
    "skills/e/SKILL.md": opening("e") + "Running <<include: sub/line.md>> text\n\n<<include: param.md with t=val>>\n",
    "skills/g/SKILL.md": opening("g")
    + "<<include: parts.md>>\n\n<<include: parts.md#Second level=+1>>\n\n<<include: parts.md#Second heading=drop>>\n\n"
    "<<include: list.md>>\n\nBehind it.\n",
    "skills/h/SKILL.md": opening("h") + "<<include: parts.md#First>>\n\nBetween\n\n<<include: list.md>>\n",
    "skills/j/SKILL.md": opening("j") + "<<include: fenced.md>>\nRight behind it\n\n<<include: defined.md>>\n\n"
    "<<include: sections.md#Code>>\nAnd behind it\n",
    "skills/k/SKILL.md": opening("k")
    + "<<include: numbered.md lines=1-5>>\n\n<<include: named.md>>\n\n<<include: loose.md>>\n\n<<include: ended.md>>\n\n"
    "<<include: linked.md>>\n",
    "skills/n/SKILL.md": opening("n") + "<<include: commented.md>>\n\n<<include: topped.md heading=drop>>\n\n"
    "Last words\n",
    "skills/i/SKILL.md": opening("i") + "Words\n\n- item\n\nLast words\n\n\n",
    "skills/m/SKILL.md": opening("m") + "Words\n\n```text\ncode\n```\n\n## Part\n\n<<include: closed.md>>\n\n"
    "```text\nmore\n```\n",
    "skills/f/SKILL.md": opening("f") + "<<include: coded.md as=code>>\n\n`skills/a/SKILL.md` is named\n\n"
    "> <<include: sub/titled.md#Other>>\n\n<<include: setext.md>>\n",
}


def built(project: Path) -> Path:
    """Create the project and build it."""
    run(make(project))
    return project


def make(project: Path) -> Path:
    """Create the project without building it."""
    return write_files(project, FILES)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    write(path, text.replace(old, new, 1))


def run(project: Path) -> None:
    config, problems = load_config(project)
    assert not problems
    build(Asked(config))


def is_told_by_words(project: Path, path: str, old: str, new: str) -> bool:
    """Edit a text, and return whether the result can be reported without running the compiler."""
    replace(project / path, old, new)
    asked = Asked(load_config(project)[0])
    last = last_published(asked, now())
    return last is not None and reworded(asked, last) is not None


def without_cache(project: Path) -> Path:
    """A copy of the project with its outputs but without its cache."""
    clean = project.parent / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    return shutil.copytree(project, clean, ignore=shutil.ignore_patterns(".skillweave"))


def run_and_compare(project: Path, memory: Memory | None = None) -> tuple[Diagnostic, ...]:
    """Build the project, and compare everything with a build of a copy without a cache. Return the diagnostics."""
    clean = without_cache(project)
    found = build(Asked(load_config(project)[0], memory=memory))
    expected = build(Asked(load_config(clean)[0], cached=False))
    assert found.diagnostics == expected.diagnostics
    assert (found.entries, found.asked, found.files) == (expected.entries, expected.asked, expected.files)
    assert sorted([*found.changed, *found.unchanged]) == sorted([*expected.changed, *expected.unchanged])
    assert files_below(project / "build") == files_below(clean / "build")
    return found.diagnostics


def compare(project: Path) -> None:
    """Assert that the outputs equal those of a clean build."""
    clean = without_cache(project)
    build(Asked(load_config(clean)[0], cached=False))
    assert files_below(project / "build") == files_below(clean / "build")
