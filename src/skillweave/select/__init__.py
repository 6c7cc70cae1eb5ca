"""What a directive selects of a file (a section, a region, lines, or everything) → ranges of lines
(directives.md, Selecting).
"""

from __future__ import annotations

from operator import attrgetter

from skillweave.diagnostics import EMPTY_INCLUDE, Problem
from skillweave.ranges import Ranges, between, bridged, intersect, trimmed, without
from skillweave.select.cuts import check_cut_blocks, check_indents
from skillweave.select.gaps import check_dropped, check_gaps
from skillweave.select.numbers import select_lines
from skillweave.select.regions import no_pair, select_region
from skillweave.select.sections import select_section
from skillweave.select.values import Lines, Selection
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.directive.values import Directive
    from skillweave.document import Document, Heading
    from skillweave.select.sections import Sections


def whole(lines: Sequence[str], document: Document) -> Ranges:
    """All lines of a file except its front matter, the lines of markers and ignore comments, and blank lines at both ends."""
    return trimmed(lines, without(document.markers, ((document.body, document.lines),)))


def select(source: Lines, document: Document, sections: Sections | None, directive: Directive) -> Selection:
    """What an include selects of a Markdown file. `sections` are those of the document, if the include names one."""
    ranges, found = _asked(source, sections, directive)
    ranges = intersect(ranges, (document.body, document.lines))
    problems = [*found]
    if directive.lines is not None:
        problems += check_cut_blocks(source, document, ranges, directive.span)
        problems += () if problems else check_gaps(source, document, ranges, directive.span)
    if directive.drop_heading and document.params is None:
        ranges, found = _drop_heading(source, document, ranges, directive)
        problems += () if problems else found
    ranges = trimmed(source.lines, without(document.markers, ranges))
    if (directive.lines or directive.region) and not problems:
        problems += check_indents(source, document, ranges, directive.span)
    if not ranges and not problems and directive.region not in source.regions.broken:
        problems.append(_nothing(source, directive))
    return Selection(ranges, tuple(problems))


def select_rendered(source: Lines, document: Document, ranges: Ranges, directive: Directive) -> Selection:
    """What an include selects of the rendering of a template, given the lines that those of the template became. What is left
    out between them, and the first heading, only show here.
    """
    named = bridged(ranges, document.markers)
    problems = tuple(check_gaps(source, document, named, directive.span)) if directive.lines is not None else ()
    if not directive.drop_heading:
        return Selection(ranges, problems)
    dropped = _drop_heading(source, document, ranges, directive)
    return dropped._replace(problems=problems or dropped.problems)


def _drop_heading(source: Lines, document: Document, ranges: Ranges, directive: Directive) -> Selection:
    """Leave the first heading out of what an include selects."""
    heading = _first_heading(document, ranges)
    if heading is None:
        return Selection(ranges)
    ranges = without(range(heading.start, heading.end), ranges)
    problems = tuple(check_dropped(source, document, ranges, heading, directive.span))
    left = trimmed(source.lines, ranges)
    return Selection(left, problems if left or problems else (_nothing(source, directive),))


def select_code(source: Lines, document: Document | None, sections: Sections | None, directive: Directive) -> Selection:
    """What an `as=code` include selects of a text file, including front matter. `document` is given only for Markdown, and
    `sections` as for `select`.
    """
    ranges, found = _asked(source, sections, directive)
    problems = [*found]
    if directive.region is None and document is None and source.regions.broken:
        # Its lines would be left out, though nobody can tell what they mark. A Markdown file reports its own.
        problems.append(no_pair(min(source.regions.broken), source, directive.span))
    ranges = trimmed(source.lines, without(source.regions.markers, ranges))
    if not ranges and not problems:
        problems.append(_nothing(source, directive))
    return Selection(ranges, tuple(problems))


def _asked(source: Lines, sections: Sections | None, directive: Directive) -> Selection:
    """The lines that the selector of a directive names; without one, all lines."""
    count = len(source.lines) - (not source.lines[-1]) if source.lines else 0
    if directive.section is not None and sections is not None:
        return select_section(source, sections, directive)
    if directive.region is not None:
        return select_region(source, directive)
    if directive.lines is not None:
        return select_lines(count, source.name, directive)
    return Selection(((0, count),))


def _nothing(source: Lines, directive: Directive) -> Problem:
    return Problem(EMPTY_INCLUDE, f"this include selects nothing of {source.name}", directive.span)


def _first_heading(document: Document, ranges: Ranges) -> Heading | None:
    for start, end in ranges:
        for heading in between(document.headings, start, end, attrgetter("start")):
            if not heading.containers and heading.end <= end:
                return heading
    return None
