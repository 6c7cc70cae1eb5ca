"""What has a name or names something: headings, definitions, uses of labels, destinations."""

from __future__ import annotations

import re

from skillweave.document import Definition, Heading
from skillweave.markdown.places import locate
from skillweave.markdown.values import Destination, LabelUse, Reading
from skillweave.parse.html import html_destinations
from skillweave.slugs import Slugger
from skillweave.source import Edit, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.parse.frame import Frame

_HEADING_ID = re.compile(r"[ \t]*\{#([^\s{}]+)\}$")


def headings_of(frame: Frame, reading: Reading) -> tuple[Heading, ...]:
    """The headings, with their slugs and explicit ids."""
    slugger = Slugger()
    headings = []
    for found in reading.headings:
        content = frame.span(found.content)
        text, explicit, id_span = found.text, None, None
        raw = frame.line_index.text[content.start : content.end]
        match = _HEADING_ID.search(raw) if raw.endswith("}") else None
        before = raw[: match.end() - len(match[1]) - 3] if match else ""
        if match and (len(before) - len(before.rstrip("\\"))) % 2:
            match = None  # an escaped brace
        if match and text.endswith(f"{{#{match[1]}}}"):
            explicit = match[1]
            text = text[: -len(explicit) - 3].rstrip()
            id_span = Span(content.start + match.start(), content.end)
        block = frame.block(found.block)
        headings.append(
            Heading(
                start=block.start,
                end=block.end,
                level=block.level,
                setext=block.kind == "setext",
                text=text,
                slug=slugger.slug(text),
                id=explicit,
                content=content,
                id_span=id_span,
                containers=block.containers,
                joints=tuple(Edit(*frame.span(Span(start, end)), text) for start, end, text in found.joints),
            )
        )
    return tuple(headings)


def definitions_of(frame: Frame, reading: Reading) -> tuple[Definition, ...]:
    """The definitions of links and footnotes, sorted by their lines."""
    links = [
        Definition(
            mark.label, (mark.href, mark.title), frame.line(mark.start), frame.line(mark.end - 1) + 1, footnote=False
        )
        for mark in reading.definitions
    ]
    notes = []
    for note in reading.footnotes:
        lines = tuple(frame.own.line(line).strip() for line in range(note.start, note.end))
        first = lines[0].partition("]:")[2].strip() if lines else ""
        meaning = (first, *(line for line in lines[1:] if line))
        notes.append(
            Definition(note.label, meaning, frame.line(note.start), frame.line(note.end - 1) + 1, footnote=True)
        )
    return tuple(sorted([*links, *notes], key=lambda definition: definition.start))


def uses_of(frame: Frame, reading: Reading) -> tuple[LabelUse, ...]:
    """The labels that are used. An unresolved `[text][label]` is noted a second time at its label; that one is dropped."""
    uses = reading.uses if frame.is_whole else [use._replace(span=frame.span(use.span)) for use in reading.uses]
    kept: list[LabelUse] = []
    for use in uses:
        before = kept[-1] if kept and not kept[-1].resolved and not use.footnote else None
        if before is None or before.label != use.label or use.span.start > before.span.end:
            kept.append(use)
    return tuple(kept)


def destinations_of(frame: Frame, reading: Reading) -> tuple[Destination, ...]:
    """Every destination of links, images, definitions and HTML attributes, in the order of the text."""
    found = [*reading.destinations]
    if not frame.is_whole:
        found = [Destination(d.kind, frame.span(d.span), frame.line(d.line)) for d in found]
    for mark in reading.definitions:
        span = frame.span(mark.destination)
        found.append(Destination("definition", span, frame.line_index.line_of(span.start)))
    for piece in reading.html:
        for span in html_destinations(piece.text):
            at = locate(piece.segments, span.start)
            moved = frame.span(Span(at, at + span.end - span.start))
            found.append(Destination("html", moved, frame.line_index.line_of(moved.start)))
    return tuple(sorted(found, key=lambda destination: destination.span))
