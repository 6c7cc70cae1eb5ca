"""What a directive selects of a file (a section, a region, lines, or everything) → ranges of lines
(directives.md, Selecting).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from skillweave.diagnostics import (
    AMBIGUOUS_SECTION,
    EMPTY_INCLUDE,
    LINES_OUT_OF_RANGE,
    MISSING_REGION,
    MISSING_SECTION,
    PARAGRAPH_MERGE,
    PARTIAL_BLOCK,
    SEAM_CHANGES_MEANING,
    UNCLOSED_HTML,
    Problem,
)
from skillweave.directive.writing import section_fix
from skillweave.markdown import read_blocks
from skillweave.markdown.html_blocks import html_type
from skillweave.markdown.values import Container
from skillweave.phrases import counted, near_names
from skillweave.ranges import Ranges, between, holds, intersect, trimmed, without
from skillweave.record import NamedTuple
from skillweave.sections import Regions, Sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.directive.values import Directive
    from skillweave.document import Document, Heading
    from skillweave.markdown.values import Block
    from skillweave.source import Span


class Selection(NamedTuple):
    """The selected lines, and the problems of selecting them. There are no lines if the selector failed."""

    ranges: Ranges
    problems: tuple[Problem, ...] = ()


class Lines(NamedTuple):
    """A text by lines, as selecting needs it: without a file or a path."""

    lines: Sequence[str]
    name: str
    """The name of the file in messages."""
    regions: Regions
    sections: Sections | None = None
    """Its sections, if they have been prepared because many are asked for."""


def whole(lines: Sequence[str], document: Document) -> Ranges:
    """All lines of a file except its front matter, the lines of markers and ignore comments, and blank lines at both ends."""
    return trimmed(lines, without(document.markers, ((document.body, document.lines),)))


def select(source: Lines, document: Document, directive: Directive) -> Selection:
    """What an include selects of a Markdown file."""
    problems: list[Problem] = []
    if directive.section is not None:
        ranges = _section(source, document, directive, problems)
    elif directive.region is not None:
        ranges = _region(source, directive, problems)
    elif directive.lines is not None:
        ranges = _lines(document.lines, directive, source.name, problems)
        ranges = intersect(ranges, (document.body, document.lines))
        _check_cut_blocks(source, document, ranges, directive, problems)
    else:
        ranges = ((document.body, document.lines),)
    if directive.drop_heading:
        heading = _first_heading(document, ranges)
        if heading is not None:
            ranges = without(range(heading.start, heading.end), ranges)
            _check_dropped(source, document, ranges, (heading, directive), problems)
    ranges = trimmed(source.lines, without(document.markers, ranges))
    if (directive.lines or directive.region) and not problems:
        _check_indents(source, document, ranges, directive, problems)
    if not ranges and not problems and directive.region not in source.regions.broken:
        problems.append(Problem(EMPTY_INCLUDE, f"this include selects nothing of {source.name}", directive.span))
    return Selection(ranges, tuple(problems))


def select_code(source: Lines, document: Document | None, directive: Directive) -> Selection:
    """What an `as=code` include selects of a text file, including front matter. `document` is given only for Markdown."""
    problems: list[Problem] = []
    everything = ((0, _count(source.lines)),)
    if directive.section is not None and document is not None:
        ranges = _section(source, document, directive, problems)
    elif directive.region is not None:
        ranges = _region(source, directive, problems)
    elif directive.lines is not None:
        ranges = _lines(everything[0][1], directive, source.name, problems)
    else:
        ranges = everything
    if directive.region is None and document is None and source.regions.broken:
        # Its lines would be left out, though nobody can tell what they mark. A Markdown file reports its own.
        name = min(source.regions.broken)
        problems.append(_no_pair(name, source, directive.span))
    ranges = trimmed(source.lines, without(source.regions.markers, ranges))
    if not ranges and not problems:
        problems.append(Problem(EMPTY_INCLUDE, f"this include selects nothing of {source.name}", directive.span))
    return Selection(ranges, tuple(problems))


def _section(source: Lines, document: Document, directive: Directive, problems: list[Problem]) -> Ranges:
    name = directive.section or ""
    span = directive.section_span or directive.span
    sections = source.sections or Sections(document)
    matches = sections.find(name) or sections.find_written(source.lines, name)
    if not matches:
        problems.append(_missing_section(source, sections, directive))
        return ()
    if len(matches) > 1:
        problems.append(ambiguous(matches, name, source.name, span))
    return ((matches[0].start, sections.end_of(matches[0])),)


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
    if close:
        cure = f'did you mean "{close[0].strip()}"?'
        if len(close) > 1:
            cure += " Or " + ", ".join(f'"{text}"' for text in close[1:]) + "?"
    elif sections.headings:
        cure = "its headings: " + ", ".join(f'"{heading.text.strip()}"' for heading in sections.headings[:8])
    else:
        cure = "it has no headings"
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
        help=cure,
        note=note,
        fix=section_fix(directive, close[0]) if is_only and note is None else None,
    )


def _region(source: Lines, directive: Directive, problems: list[Problem]) -> Ranges:
    name, regions = directive.region or "", source.regions
    if name in regions.lines:
        return (regions.lines[name],)
    names = list(regions.lines)
    close = near_names(name, names)
    cure = f'did you mean "{close[0]}"?' if close else None
    is_markdown = source.name.endswith(".md")
    span = directive.selector_span or directive.span
    if name in regions.broken:
        if not is_markdown:  # the document of a Markdown file reports what is wrong with it
            problems.append(_no_pair(name, source, span))
        return ()
    if cure is None:
        listed = ", ".join(f'"{other}"' for other in names[:8])
        marker = f"`<!-- region: {name} -->`" if is_markdown else f"a comment `region: {name}`"
        cure = f"its regions: {listed}" if names else f"mark it with {marker}"
    problems.append(Problem(MISSING_REGION, f'the region "{name}" is not in {source.name}', span, help=cure))
    return ()


def _no_pair(name: str, source: Lines, span: Span) -> Problem:
    message = f'the region "{name}" does not have a pair of markers in {source.name}'
    cure = f"start it once with `region: {name}` and end it once with `endregion: {name}`, each in a comment"
    return Problem(MISSING_REGION, message, span, help=cure)


def _lines(count: int, directive: Directive, name: str, problems: list[Problem]) -> Ranges:
    ranges: list[tuple[int, int]] = []
    previous = 0
    holding = f"{name} has {counted(count, 'line')}"
    for first, last in directive.lines or ():
        end = count if last is None else last
        if first < 1 or first > count or end > count:
            starts_inside = 1 <= first <= count
            message = f"{holding}; there is no line {end if starts_inside else first}"
            if starts_inside:
                cure = f"write {first}-{count}, or {first}- for all lines from there to the end"
            else:
                cure = f"use lines from 1 to {count}" if count else "it is empty"
        elif end < first:
            message = f"the lines {first}-{end} run backwards"
            cure = f"write {end}-{first}; {holding}" if end else f"lines count from 1; {holding}"
        elif first <= previous:
            message = f"line {first} does not come after line {previous}: ranges rise and do not overlap"
            cure = f"write them in rising order, each line once; {holding}"
        else:
            ranges.append((first - 1, end))
            previous = end
            continue
        problems.append(Problem(LINES_OUT_OF_RANGE, message, directive.selector_span or directive.span, help=cure))
        return ()
    return tuple(ranges)


def _check_cut_blocks(
    source: Lines, document: Document, ranges: Ranges, directive: Directive, problems: list[Problem]
) -> None:
    for block in cut_blocks(source.lines, document, ranges):
        what, where = _CUT[block.kind], f"on lines {block.start + 1} to {block.end}"
        if block.kind == "html":
            # What follows the include would become part of it.
            message, cure = f"these lines begin {what} {where}, but do not end it", "select all of it"
            problems.append(Problem(UNCLOSED_HTML, message, directive.span, help=cure))
        else:
            cure = "select all or nothing of it"
            problems.append(Problem(PARTIAL_BLOCK, f"these lines cut {what} {where}", directive.span, help=cure))


def _check_indents(
    source: Lines, document: Document, ranges: Ranges, directive: Directive, problems: list[Problem]
) -> None:
    """Report the first block that turns into indented code because the list item or footnote around it is not selected."""
    blocks = between(document.blocks, ranges[0][0], ranges[-1][1], attrgetter("start")) if ranges else ()
    for block in blocks:
        if not block.containers or block.kind == "code" or not holds(ranges, block.start):
            continue
        around = block.containers[0]
        if holds(ranges, around.start):
            continue
        # Inside a container that is not selected, there may be others that are; the outermost one's first line tells for all.
        first = next((inner.start for inner in block.containers if holds(ranges, inner.start)), block.start)
        if source.lines[first].expandtabs(4).startswith("    "):
            what = _CONTAINERS[around.kind]
            message = f"line {first + 1} is part of {what} that is not selected; on its own, its indent makes it code"
            cure = "select all of it, or move the shared text out of it"
            problems.append(Problem(PARTIAL_BLOCK, message, directive.span, help=cure))
            return


_CONTAINERS = {"item": "a list item", "note": "a footnote", "quote": "a quote"}
_CUT = {"fence": "the fence", "table": "the table", "setext": "the heading", "html": "the HTML block"}


def cut_blocks(lines: Sequence[str], document: Document, ranges: Ranges) -> Iterator[Block]:
    """The blocks that are selected only in part, and mean something else then."""
    if not ranges:
        return
    first = max(bisect_right(document.blocks, ranges[0][0], key=attrgetter("start")) - 1, 0)
    for number in range(first, bisect_left(document.blocks, ranges[-1][1], key=attrgetter("start"))):
        block = document.blocks[number]
        if block.kind not in _CUT:
            continue
        last = block.end
        while last > block.start + 1 and not lines[last - 1].strip(" \t"):
            last -= (
                1  # Blank lines at the end of a selection are left out; they only end a block that nothing else closes.
            )
        covered = sum(max(0, min(end, last) - max(start, block.start)) for start, end in ranges)
        if not 0 < covered < last - block.start:
            continue
        # HTML of types 6 and 7 ends at a blank line, wherever it begins; the mere end of a comment is text.
        is_begun = holds(ranges, block.start) and not holds(ranges, last - 1)
        if block.kind != "html" or (is_begun and html_type(lines[block.start].lstrip(" \t>")) < 6):
            yield block


def _first_heading(document: Document, ranges: Ranges) -> Heading | None:
    for heading in document.headings:
        if not heading.containers and any(start <= heading.start and heading.end <= end for start, end in ranges):
            return heading
    return None


def _check_dropped(
    source: Lines, document: Document, ranges: Ranges, dropped: tuple[Heading, Directive], problems: list[Problem]
) -> None:
    """Report a heading whose removal changes the meaning of the blocks before and after it."""
    heading, directive = dropped
    blocks = document.blocks
    place = bisect_left(blocks, heading.start, key=attrgetter("start"))
    above, below = blocks[place - 1 : place], blocks[place + 1 : place + 2]
    if not above or not below or document.params is not None:
        return  # Of a template, only the rendering shows which lines stand together.
    if not holds(ranges, above[0].end - 1) or not holds(ranges, below[0].start):
        return
    # Take the outermost blocks on both sides whole: how much of them is selected is checked elsewhere.
    start = min([above[0].start, *(outer.start for outer in above[0].containers[:1])])
    end = max([below[0].end, *(outer.end for outer in below[0].containers[:1])])
    if any(placed.prefix is not None for placed in between(document.directives, start, end, attrgetter("line"))):
        return  # What they include counts, and is checked where it is spliced.
    hidden = {*range(heading.start, heading.end), *between(document.markers, start, end, int)}
    kept = [line for line in range(start, end) if line not in hidden]
    is_divided = any(above[0].end <= line < below[0].start for line in kept)
    if is_divided and not above[0].containers:
        return
    around = (block for block in between(blocks, start, end, attrgetter("start")) if block.start != heading.start)
    lines = [source.lines[line] for line in kept]
    expected = [_moved(block, kept).identity(lines) for block in around]
    found = read_blocks("\n".join(lines))
    if [block.identity(lines) for block in found] == expected:
        return
    if {block.kind for block in (*found, *above, *below)} == {"paragraph"}:
        message = "the paragraphs before and after the heading become one without it"
        code, cure = PARAGRAPH_MERGE, f"put a blank line before or after the heading in {source.name}"
    else:
        message = "the text before and after the heading becomes something else without it"
        code, cure = SEAM_CHANGES_MEANING, "select only what comes after the heading"
    problems.append(Problem(code, message, directive.span, help=cure))


def _moved(block: Block, kept: Sequence[int]) -> Block:
    """A block in a text that consists of some lines of its own text."""
    inner = tuple(
        Container(kind, bisect_left(kept, start), bisect_left(kept, end)) for kind, start, end in block.containers
    )
    return block._replace(start=bisect_left(kept, block.start), end=bisect_left(kept, block.end), containers=inner)


def _count(lines: Sequence[str]) -> int:
    return len(lines) - (not lines[-1]) if lines else 0
