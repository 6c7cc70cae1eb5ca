"""One text → `Document`: what it says before any other file is looked at.

Never fails, reads no file, does not know its path: a mistake is a `Problem` in the document. Lines count from 0.
"""

from __future__ import annotations

from skillweave.document import Document
from skillweave.markdown import read
from skillweave.markdown.plain import plain_reading
from skillweave.parse.blocks import check_blocks
from skillweave.parse.comments import check_comments, front_ignores, ignores_of, markers_of, regions_of
from skillweave.parse.directives import placed_directives
from skillweave.parse.frame import Frame
from skillweave.parse.front import find_front_matter, read_front
from skillweave.parse.html import html_anchors
from skillweave.parse.names import definitions_of, destinations_of, headings_of, uses_of
from skillweave.source import LineIndex, Span
from skillweave.suppress import is_ours
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Problem
    from skillweave.markdown.values import Reading


def parse(text: str, *, front_matter: bool = True) -> Document:
    """Read one Markdown text (decoded, LF line ends). `front_matter` says whether it can have some; a rendering has none."""
    return parse_plain(text, front_matter=front_matter) or parse_by_parser(text, front_matter=front_matter)


def parse_plain(text: str, *, front_matter: bool = True) -> Document | None:
    """Like `parse`, by the shortcut for plain texts, which needs no parser; returns None if the text is not plain."""
    index = LineIndex(text)
    problems: list[Problem] = []
    front = find_front_matter(index, problems) if front_matter else (None, 0)
    reading = plain_reading(index, front[1])
    return None if reading is None else _document(index, front, (Frame.whole(index), reading), problems)


def parse_by_parser(text: str, *, front_matter: bool = True) -> Document:
    """Like `parse`, for any text, always by the parser."""
    index = LineIndex(text)
    problems: list[Problem] = []
    front = find_front_matter(index, problems) if front_matter else (None, 0)
    return _document(index, front, _read(index, range(front[1], len(index.starts))), problems)


def _document(
    index: LineIndex, front: tuple[Span | None, int], body_read: tuple[Frame, Reading], problems: list[Problem]
) -> Document:
    """Build a document from the front matter and the reading of the body."""
    text, (matter, body) = index.text, front
    frame, reading = body_read
    markers = markers_of(frame, reading)
    asking = [frame.line(line) for line, comment in reading.comment_lines if is_ours(comment)]
    hidden = {*markers, *asking}
    if hidden:
        # Read again without the marker lines, which are no seam: the text around them reads as if they were not there.
        frame, reading = _read(index, [line for line in range(body, len(index.starts)) if line not in hidden])
    regions, broken = regions_of(index, markers, problems)
    directives = placed_directives(frame, reading, problems)
    fields, params, wrong = read_front(index, matter, body, problems) if matter else (None, None, [])
    in_front = front_ignores(index, matter) if matter else []
    check_comments(frame, reading, problems)
    check_blocks(frame, reading, problems)
    headings = headings_of(frame, reading)
    return Document(
        lines=len(index.starts) - (text.endswith("\n") or not text),
        front_matter=matter,
        fields=fields,
        params=params,
        params_problems=tuple(wrong),
        body=body,
        directives=directives,
        escapes=tuple(sorted(frame.offset(o.span.start) for o in reading.openers if o.fate == "escaped")),
        blocks=tuple(reading.blocks if frame.is_whole else map(frame.block, reading.blocks)),
        headings=headings,
        regions=regions,
        broken_regions=broken,
        markers=tuple(sorted(hidden)),
        ignores=ignores_of(index, [*in_front, *asking], hidden, body, problems),
        front_ignores=tuple(in_front),
        definitions=definitions_of(frame, reading),
        uses=uses_of(frame, reading),
        destinations=destinations_of(frame, reading),
        anchors=tuple(name for piece in reading.html for name in html_anchors(piece.text)),
        code_spans=tuple(reading.code_spans if frame.is_whole else ((frame.span(s), v) for s, v in reading.code_spans)),
        problems=tuple(sorted(problems, key=lambda problem: (problem.span, problem.code.number))),
    )


def _read(index: LineIndex, lines: Sequence[int]) -> tuple[Frame, Reading]:
    frame = Frame(index, [*lines])
    return frame, read(frame.text)
