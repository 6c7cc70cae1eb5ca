"""Sections: a heading with all that is below it, and the names that may have been meant if no heading has one."""

from __future__ import annotations

import re
from collections import Counter

from skillweave.diagnostics import AMBIGUOUS_SECTION, MISSING_SECTION, Problem
from skillweave.directive.openers import CLOSES
from skillweave.directive.writing import quote, section_fix
from skillweave.phrases import near_names
from skillweave.select.values import Selection
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.directive.values import Directive
    from skillweave.document import Document, Heading
    from skillweave.select.values import Lines
    from skillweave.source import Span


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


def select_section(source: Lines, sections: Sections, directive: Directive) -> Selection:
    """Select a heading with all that is below it. If several headings have the name, the first one is taken."""
    name = directive.section or ""
    span = directive.section_span or directive.span
    matches = sections.find(name) or sections.find_written(source.lines, name)
    if not matches:
        return Selection((), (_missing_section(source, sections, directive),))
    problems = (ambiguous(matches, name, source.name, span),) if len(matches) > 1 else ()
    return Selection(((matches[0].start, sections.end_of(matches[0])),), problems)


def ambiguous(matches: Sequence[Heading], name: str, file: str, span: Span) -> Problem:
    """The problem of a section name that several headings of a file answer to."""
    return Problem(
        AMBIGUOUS_SECTION,
        f'{file} has {len(matches)} headings "{name}"; the first one is used',
        span,
        help=f"choose one of them: {', '.join(f'#{heading.slug}' for heading in matches[:8])}",
    )


def _missing_section(source: Lines, sections: Sections, directive: Directive) -> Problem:
    name = directive.section or ""
    close = sections.closest(name)
    tail = None if directive.section_quoted else re.search(r"\S+=\S*$|\boptional$", name)
    asked = directive.optional or directive.level is not None or directive.drop_heading
    note = None
    if tail:
        note = (
            f"`{tail[0]}` was read as part of the name, as it is not an option; quote the section to say where it ends"
        )
    elif asked and not directive.section_quoted:
        note = "the options after the name were read as options: quote the section if they are part of it"
    is_only = len(close) == 1 and len(sections.find(close[0])) == 1
    return Problem(
        MISSING_SECTION,
        f'no section "{name}" in {source.name}',
        directive.section_span or directive.span,
        help=_cure(sections, close, is_quoted=directive.section_quoted),
        note=note,
        fix=section_fix(directive, close[0]) if is_only and note is None else None,
    )


def _cure(sections: Sections, close: Sequence[str], *, is_quoted: bool) -> str:
    """A hint for a name that no heading has; `close` are the headings that may have been meant."""
    if not close:
        known = ", ".join(f'"{heading.text.strip()}"' for heading in sections.headings[:8])
        return f"its headings: {known}" if known else "it has no headings"
    first = close[0].strip()
    needs_quotes = not is_quoted and any(mark in first for mark in CLOSES.values())
    cure = f"did you mean #{quote(first)}, in quotation marks?" if needs_quotes else f'did you mean "{first}"?'
    others = ", ".join(f'"{text}"' for text in close[1:])
    return f"{cure} Or {others}?" if others else cure
