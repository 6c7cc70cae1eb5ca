"""Corpora from a seed: patterns that include patterns, skills that include them, written in the syntax of any tool.

As a command (`corpus.py SIZE SYNTAX FOLDER`) it writes one and, beside the sources, `facts.json`: what the rows of the
bench need to know. The bench runs it so, to stay small itself: a child's peak memory is never less than its parent's.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from syntaxes import SYNTAXES, file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SEED = 20
LAYERS = 6
"""A skill's longest chain of includes: one pattern of each layer."""
INCLUDES = 5
"""The mean number of includes in a skill."""
HOT = 0.11
"""The share of the skills that include the most popular pattern."""
FEW = 16
"""An ordinary pattern is reached by at most so many entries."""
WORDS = (  # noqa: SIM905 (seventy words on four lines, not on seventy)
    "agent review branch commit context result worker plan gate report build change check cost data depth draft edit "
    "error event fact file finding flow goal guard index input issue layer limit list merge model note order output "
    "owner path pattern point prompt proof queue range reader record rule scope script section skill source stage "
    "state step summary target task test text tool trace unit user value version view wait window word"
).split()
TOPICS = ("orchestration", "review", "release", "research", "writing", "safety", "testing", "debugging")


class Size(NamedTuple):
    """How many entries and patterns a corpus has."""

    skills: int
    patterns: int


SIZES = {"small": Size(20, 10), "medium": Size(500, 100), "large": Size(5000, 1000)}


class Include(NamedTuple):
    """A line that stands for another page: its path below `patterns/`."""

    target: str


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file, before a syntax is chosen."""

    path: str
    front_matter: tuple[str, ...]
    lines: tuple[str | Include, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(line.target for line in self.lines if isinstance(line, Include))


@dataclass(frozen=True, slots=True)
class Corpus:
    """All pages, and the files that links of theirs name."""

    patterns: tuple[Page, ...]
    skills: tuple[Page, ...]
    files: Mapping[str, str]


class Facts(NamedTuple):
    """What the rows of the bench need to know of a corpus."""

    skills: int
    ordinary: str
    """A pattern that few entries reach, and the paths of these."""
    ordinary_entries: tuple[str, ...]
    hot: str
    hot_entries: tuple[str, ...]


def make(size: Size) -> Corpus:
    """The corpus of a size; the same one at every call, on every machine."""
    rng = random.Random(SEED)  # noqa: S311 (a corpus is no secret)
    layer_of = [number * LAYERS // size.patterns for number in range(size.patterns)]
    names = [
        f"{TOPICS[number % len(TOPICS)]}/{WORDS[number % len(WORDS)]}-{number}.md" for number in range(size.patterns)
    ]
    layers = [
        [name for name, layer in zip(names, layer_of, strict=True) if layer == wanted] for wanted in range(LAYERS)
    ]
    children = _children(rng, layers)
    files: dict[str, str] = {}
    patterns = []
    for number, name in enumerate(names):
        patterns.append(_pattern(rng, number, name, children[name]))
        if number % 5 == 0:
            files[_data(f"patterns/{name}", number)] = "".join(f"{_words(rng, 6)}\n" for _ in range(20))
    alone = layers[0][-1]  # no pattern includes it, so the few skills that do are all that reach it
    ranked = [*rng.sample([name for name in names if name != alone], len(names) - 1), alone]
    chosen = _choices(rng, ranked, size.skills)
    skills = []
    for number in range(size.skills):
        skill = _skill(rng, number, chosen[number])
        skills.append(skill)
        if number % 4 == 0:
            files[skill.path.replace("SKILL.md", "scripts/run.sh")] = f"#!/bin/sh\necho {_words(rng, 3)}\n"
    return Corpus(tuple(patterns), tuple(skills), files)


def write(corpus: Corpus, syntax: str, folder: Path) -> None:
    """Write all pages in a tool's syntax. Front matter of patterns is left out where the tool would not cut it."""
    spell = SYNTAXES[syntax]
    for page in (*corpus.patterns, *corpus.skills):
        kept = page.front_matter if syntax == "skillweave" or page.path.startswith("skills/") else ()
        lines = [spell(page.path, line.target) if isinstance(line, Include) else line for line in page.lines]
        _write(folder / file_name(syntax, page.path), "\n".join([*kept, *lines, ""]))
    for path, text in corpus.files.items():
        _write(folder / path, text)
    if syntax == "skillweave":
        # The bundles are larger than a reader would like; warnings of that are not what is measured.
        _write(folder / "skillweave.toml", "[limits]\nskill_lines = 100000\nskill_tokens = 1000000\n")
    else:
        # What has to come out, for a sample of the skills: the bench refuses a peer that makes something else.
        sample = corpus.skills[:: max(1, len(corpus.skills) // 20)]
        texts = {page.path: "\n".join([*page.front_matter, *expand(corpus, page)]) for page in sample}
        _write(folder / "expected.json", json.dumps(texts))


def expand(corpus: Corpus, page: Page) -> list[str]:
    """A page's lines with every include replaced, to the last."""
    pages = {pattern.path.removeprefix("patterns/"): pattern for pattern in corpus.patterns}
    done: list[str] = []
    waiting: list[Iterator[str | Include]] = [iter(page.lines)]
    while waiting:
        line = next(waiting[-1], None)
        if line is None:
            waiting.pop()
        elif isinstance(line, Include):
            waiting.append(iter(pages[line.target].lines))
        else:
            done.append(line)
    return done


def facts(corpus: Corpus) -> Facts:
    """An ordinary pattern, the hot one, and the entries that reach them."""
    targets = {pattern.path.removeprefix("patterns/"): pattern.targets for pattern in corpus.patterns}
    reached: dict[str, list[str]] = {name: [] for name in targets}
    for skill in corpus.skills:
        closure: set[str] = set()
        waiting = list(skill.targets)
        while waiting:
            name = waiting.pop()
            if name not in closure:
                closure.add(name)
                waiting += targets[name]
        for name in sorted(closure):
            reached[name].append(skill.path)
    few = min(reached, key=lambda name: (len(reached[name]) > FEW, abs(len(reached[name]) - FEW), name))
    wanted = HOT * len(corpus.skills)
    hot = min(reached, key=lambda name: (abs(len(reached[name]) - wanted), name))
    return Facts(len(corpus.skills), few, tuple(reached[few]), hot, tuple(reached[hot]))


def _children(rng: random.Random, layers: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Which patterns each pattern includes: of the next layer only, so that there is no cycle."""
    children: dict[str, list[str]] = {}
    for layer, below in zip(layers, [*layers[1:], []], strict=True):
        for position, name in enumerate(layer):
            count = rng.choice((0, 0, 0, 0, 1)) if below else 0
            wanted = rng.sample(below, min(count, len(below)))
            if position == 0:
                wanted = list(below[:2])  # both of these include the first of the layer after: the chain, and a diamond
            elif position == 1:
                wanted = list(below[:1])
            children[name] = wanted
    return children


def _choices(rng: random.Random, names: Sequence[str], skills: int) -> list[list[str]]:
    """The patterns each skill includes: the first is in 11 % of them, and popularity falls as a power of the rank."""
    total = INCLUDES * skills
    most = max(round(HOT * skills), -(-total // len(names)))  # a small corpus has too few patterns for 11 %
    low, high = 0.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        if sum(most * rank**-middle for rank in range(1, len(names) + 1)) > total:
            low = middle
        else:
            high = middle
    chosen: list[list[str]] = [[] for _ in range(skills)]
    for rank, name in enumerate(names, 1):
        count = max(1, min(skills, round(most * rank**-low), FEW if rank == len(names) else skills))
        for skill in rng.sample(range(skills), count):
            chosen[skill].append(name)
    for choice in chosen:
        rng.shuffle(choice)
    return chosen


def _pattern(rng: random.Random, number: int, name: str, children: Sequence[str]) -> Page:
    """A pattern: what it includes comes before its own headings, so that levels do not grow with depth."""
    lines: list[str | Include] = [_paragraph(rng, number), ""]
    for child in children:
        lines += [Include(child), ""]
    lines += [f"## {_words(rng, 3).title()} {number}", "", *_body(rng, number)]
    if number % 5 == 0:
        own = _data(name, number).rpartition("/")[2]
        lines += ["", f"The list is in [the data]({own}), {_words(rng, 5)}."]
    lines += ["", f"### {_words(rng, 2).title()} {number}", "", _paragraph(rng, number)]
    lines += ["", f"[guide-{number}]: https://example.org/guide/{number}"]
    front_matter = ("---", f"title: {_words(rng, 3).capitalize()}", f"order: {number}", "---", "")
    return Page(f"patterns/{name}", front_matter, tuple(lines))


def _data(path: str, number: int) -> str:
    return f"{path.rpartition('/')[0]}/data-{number}.txt"


def _skill(rng: random.Random, number: int, chosen: Sequence[str]) -> Page:
    name = f"{WORDS[number * 7 % len(WORDS)]}-{number}"
    lines: list[str | Include] = [f"# {name.title()}", "", _paragraph(rng, None), ""]
    for target in chosen:
        lines += [f"## {_words(rng, 2).title()}", "", _paragraph(rng, None), "", Include(target), ""]
    lines += ["## Steps", "", *_body(rng, None)]
    if number % 4 == 0:
        lines += ["", "Run [the script](scripts/run.sh) and go back to [the steps](#steps)."]
    description = f"Helps to {_words(rng, 8)}. Use when the user asks for {_words(rng, 4)}."
    front_matter = ("---", f"name: {name}", f"description: {description}", "---", "")
    return Page(f"skills/{name}/SKILL.md", front_matter, tuple(lines))


def _body(rng: random.Random, number: int | None) -> list[str]:
    """A paragraph, a list in a list, a fence (in one pattern of twenty it shows a directive), a table, a quote."""
    shows = number is not None and number % 20 == 0
    fenced = "<<include: not/a-directive.md>>" if shows else _words(rng, 5)
    lines = [_paragraph(rng, number), ""]
    for step in range(1, 4):
        lines += [f"{step}. {_words(rng, 8)}", f"   - {_words(rng, 7)}", f"   - `{_words(rng, 2)}`: {_words(rng, 5)}"]
    lines += ["", "```sh", f"echo {_words(rng, 4)}", "cat <<EOF", fenced, "EOF", "```", ""]
    lines += ["| name | meaning |", "|---|---|"]
    lines += [f"| {_words(rng, 1)} | {_words(rng, 5)} |" for _ in range(4)]
    return [*lines, "", f"> {_words(rng, 12)}"]


def _paragraph(rng: random.Random, number: int | None) -> str:
    guide = "https://example.org/" if number is None else f"guide-{number}"
    link = f"[{_words(rng, 2)}]({guide})" if number is None else f"[{_words(rng, 2)}][{guide}]"
    parts = [_words(rng, 14).capitalize(), f"**{_words(rng, 2)}** {_words(rng, 9)}", f"{link} {_words(rng, 10)}"]
    return f"{parts[0]}, {parts[1]}.\n{parts[2].strip()} and `{_words(rng, 1)}` {_words(rng, 8)}."


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(WORDS, k=count))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Write one corpus and its facts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("syntax", choices=SYNTAXES)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    corpus = make(SIZES[options.size])
    write(corpus, options.syntax, options.folder)
    _write(options.folder / "facts.json", json.dumps(facts(corpus)._asdict()))


if __name__ == "__main__":
    main()
