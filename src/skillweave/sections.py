"""Finds sections and regions of a file by name, and the names that may have been meant."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from skillweave.phrases import near_names
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.document import Document, Heading


class Sections:
    """The headings of a document that can be selected, by the names that they answer to.

    Tables that are needed only for a mistake are made when first asked for, and only once, as one file may be asked for
    thousands of sections.
    """

    def __init__(self, document: Document) -> None:
        self.headings = [heading for heading in document.headings if not heading.containers]
        self.lines = document.lines
        self.by_id: dict[str, list[Heading]] = {}
        self.by_text: dict[str, list[Heading]] = {}
        self.by_slug: dict[str, list[Heading]] = {}
        for heading in self.headings:
            if heading.id is not None:
                self.by_id.setdefault(heading.id, []).append(heading)
            self.by_text.setdefault(_folded(heading.text), []).append(heading)
            self.by_slug.setdefault(heading.slug, []).append(heading)
        self._ends: dict[int, int] = {}
        self._written: dict[str, list[Heading]] | None = None
        self._known: _Known | None = None

    def find(self, name: str) -> list[Heading]:
        """The headings that a section name means: those with it as explicit id, else as text, else as slug."""
        return self.by_id.get(name) or self.by_text.get(_folded(name)) or self.by_slug.get(name) or []

    def find_written(self, lines: Sequence[str], name: str) -> list[Heading]:
        """The headings whose raw text, with inline markup, is the name. `lines` are the lines of the document."""
        if self._written is None:
            self._written, text = {}, "\n".join(lines)
            for heading in self.headings:
                end = heading.id_span.start if heading.id_span else heading.content.end
                self._written.setdefault(_folded(text[heading.content.start : end]), []).append(heading)
        return self._written.get(_folded(name), [])

    def end_of(self, heading: Heading) -> int:
        """The line after a heading's section: the next heading of its level or a higher one, or the end of the file."""
        if not self._ends:
            open_ones: list[Heading] = []
            for other in self.headings:
                while open_ones and open_ones[-1].level >= other.level:
                    self._ends[open_ones.pop().start] = other.start
                open_ones.append(other)
            self._ends.update((left.start, self.lines) for left in open_ones)
        return self._ends[heading.start]

    def closest(self, name: str) -> list[str]:
        """The texts of up to three headings that come nearest to a name that no heading has, best first."""
        known = self._known = self._known or _Known(self.headings)
        names = [known.texts[text] for text in near_names(name.casefold(), known.texts, count=3, cutoff=0.45)]
        names += [known.slugs[slug] for slug in near_names(name.casefold(), known.slugs, count=3, cutoff=0.6)]
        return list(dict.fromkeys([*names, *known.of_words(name)]))[:3]


class _Known:
    """The names of headings, prepared for comparison with a name that none of them has."""

    def __init__(self, headings: Sequence[Heading]) -> None:
        self.texts = {heading.text.casefold(): heading.text for heading in headings}
        self.slugs = {heading.slug: heading.text for heading in headings}
        self.by_word: dict[str, list[int]] = {}
        for number, text in enumerate(self.texts):
            for word in set(_WORD.findall(text)):
                self.by_word.setdefault(word, []).append(number)

    def of_words(self, name: str) -> list[str]:
        """The texts of the first three headings that contain more than half of a name's words."""
        words = set(_WORD.findall(name.casefold()))
        held = Counter(number for word in words for number in self.by_word.get(word, ())[:_MANY])
        found = sorted(number for number, count in held.items() if count * 2 > len(words))
        texts = list(self.texts.values()) if found else []
        return [texts[number] for number in found[:3]]


_WORD = re.compile(r"\w+")
_MANY = 200
"""Only this many headings with the same word are compared."""


def _folded(text: str) -> str:
    """A heading's text in the form that is compared: case and the amount of white space do not count."""
    return " ".join(text.split()).casefold()


class Regions(NamedTuple):
    """The regions of a file."""

    lines: dict[str, tuple[int, int]]
    """The lines of each region by its name, half-open and without the markers."""
    broken: frozenset[str]
    """The names whose markers do not pair up."""
    markers: Sequence[int]
    """The lines that are left out of every selection: markers, and comments that ignore findings."""


def document_regions(document: Document, *, as_code: bool) -> Regions:
    """The regions of a Markdown file. With `as_code`, front matter can be selected too, so its ignore comments are left out."""
    lines: dict[str, tuple[int, int]] = {}
    for region in document.regions:
        lines.setdefault(region.name, (region.start, region.end))
    markers = (*document.front_ignores, *document.markers) if as_code else document.markers
    return Regions(lines, frozenset(document.broken_regions), markers)


_COMMENT_MARKER = re.compile(
    r"\s*(?:#+|//+|--+|;+|%+|'|REM\b|/\*+|<!--|\(\*|\{-|\"\"\")\s*(end)?region:\s*(\S.*?)\s*(?:\*+/|-->|\*\)|-\}|\"\"\")?\s*"
)


def comment_regions(lines: Sequence[str]) -> Regions:
    """The regions of a file that is not Markdown. A marker is a line with nothing else on it but comment signs."""
    found: dict[str, tuple[int, int]] = {}
    opened: list[tuple[str, int]] = []
    broken: set[str] = set()
    markers: list[int] = []
    for number, line in enumerate(lines):
        match = _COMMENT_MARKER.fullmatch(line) if "region:" in line else None
        if not match:
            continue
        markers.append(number)
        if not match[1]:
            opened.append((match[2], number))
        elif not opened or opened[-1][0] != match[2]:
            broken.add(match[2])
        else:
            if match[2] in found:
                broken.add(match[2])
            found[match[2]] = (opened.pop()[1] + 1, number)
    broken.update(name for name, _ in opened)
    return Regions({name: place for name, place in found.items() if name not in broken}, frozenset(broken), markers)
