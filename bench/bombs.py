"""Projects meant to hurt, each in two sizes, so that growth can be told: what is linear grows as its input does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SKILL = "---\nname: bomb\ndescription: Helps to test. Use when the user asks for a test.\n---\n\n# Bomb\n\n"


class Bomb(NamedTuple):
    """A project by its size: the files of it, the sizes that are measured, and the exit status they must end with."""

    name: str
    files: Callable[[int], Mapping[str, str]]
    sizes: tuple[int, int]
    status: int


def _doubling(levels: int) -> dict[str, str]:
    """2^levels expansions in as many files: refused from the graph."""
    files = {f"patterns/p{n}.md": f"<<include: p{n + 1}.md>>\n\n<<include: p{n + 1}.md>>\n" for n in range(levels)}
    return {**files, f"patterns/p{levels}.md": "The end.\n", "skills/bomb/SKILL.md": f"{SKILL}<<include: p0.md>>\n"}


def _chain(length: int) -> dict[str, str]:
    files = {f"patterns/p{n}.md": f"Link {n}.\n\n<<include: p{n + 1}.md>>\n" for n in range(length)}
    return {
        **files,
        f"patterns/p{length}.md": "The end.\n",
        "skills/bomb/SKILL.md": f"{SKILL}<<include: p0.md>>\n",
        "skillweave.toml": "[limits]\ndepth = 10000\n",
    }


def _many(includes: int) -> dict[str, str]:
    return {
        "patterns/p.md": "One line.\n",
        "skills/bomb/SKILL.md": SKILL + "<<include: p.md>>\n\n" * includes,
    }


def _long_line(length: int) -> dict[str, str]:
    words = "word *stress* `code` [text](https://example.org/) << {{ "
    return {
        "patterns/p.md": f"{words * (length // len(words))}\n",
        "skills/bomb/SKILL.md": f"{SKILL}<<include: p.md>>\n",
    }


def _deep_list(depth: int) -> dict[str, str]:
    return {
        "patterns/p.md": "".join(f"{'  ' * n}- item {n}\n" for n in range(depth)),
        "skills/bomb/SKILL.md": f"{SKILL}<<include: p.md>>\n",
    }


def _marks(length: int) -> dict[str, str]:
    return {
        "patterns/p.md": "".join(f"{mark * (length // 4)}\n" * 2 for mark in "`~"),
        "skills/bomb/SKILL.md": f"{SKILL}<<include: p.md>>\n",
    }


def _fences(count: int) -> dict[str, str]:
    return {
        "patterns/p.md": "```\n```\n" * count,
        "skills/bomb/SKILL.md": f"{SKILL}<<include: p.md>>\n",
    }


BOMBS = (
    Bomb("2^n expansions", _doubling, (20, 30), 1),
    Bomb("a chain of includes", _chain, (500, 1000), 0),
    Bomb("includes in one file", _many, (10_000, 20_000), 0),
    Bomb("one line, bytes", _long_line, (5_000_000, 10_000_000), 0),
    Bomb("long fence marks, bytes", _marks, (5_000_000, 10_000_000), 0),
    Bomb("fences", _fences, (50_000, 100_000), 0),
    Bomb("a list in lists, levels", _deep_list, (500, 1000), 0),
)


def write(bomb: Bomb, size: int, folder: Path) -> None:
    """Write a bomb of a size."""
    for path, text in bomb.files(size).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")


def source_bytes(folder: Path) -> int:
    """The bytes of a written bomb's Markdown."""
    return sum(path.stat().st_size for path in folder.glob("[ps]*/**/*.md"))
