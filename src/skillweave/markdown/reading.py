"""Reads a text as Markdown: blocks, headings, openers and what becomes of them, links, definitions, comments.

Pure; places are offsets and lines (from 0) of the given text. The parse runs at most twice: first without our block
rule, to decide what is inert, and again with it if a directive on a line of its own was part of another block.
"""

from __future__ import annotations

import re
from collections import ChainMap
from itertools import pairwise

from markdown_it.common.utils import normalizeReference

from skillweave.directive.openers import CANDIDATE
from skillweave.markdown.blocks import CLOSES, CONTAINERS, LEAVES, blocks_of
from skillweave.markdown.fates import alone_lines, are_paragraphs, fates_of, openers_of
from skillweave.markdown.html_blocks import note_html_block
from skillweave.markdown.places import cell_segments, cells_of, moved, part_of, segments_of
from skillweave.markdown.plain_inline import CAN_MATTER
from skillweave.markdown.rules import MAX_NESTING, BlockNotes, Marks, bare_parser, parser
from skillweave.markdown.values import (
    Block,
    Container,
    Destination,
    Footnote,
    HeadingText,
    HtmlPiece,
    Inline,
    LabelUse,
    Mark,
    Reading,
    Walk,
)
from skillweave.source import Edit, LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal

    from markdown_it.token import Token

    from skillweave.markdown.values import Segments


def read(text: str) -> Reading:
    """Read a text (without front matter) as CommonMark with GFM tables and footnotes."""
    index = LineIndex(text)
    candidates = [match.start() for match in CANDIDATE.finditer(text)]
    tokens, notes, env = _parse_blocks(text, {})
    first = _walk(index, tokens, notes, env)
    fates = fates_of(index, candidates, first) if candidates else {}
    alone = alone_lines(index, fates)
    if not alone:
        first.reading.openers = openers_of(index, fates, first)
        return first.reading
    if not are_paragraphs(first.reading, alone):
        tokens, notes, env = _parse_blocks(text, alone)
        second = _walk(index, tokens, notes, env)
    else:
        second = first
        blocks = first.reading.blocks
        first.reading.blocks = [
            block._replace(kind="directive") if block.start in alone and block.kind == "paragraph" else block
            for block in blocks
        ]
    second.reading.openers = openers_of(index, fates, second)
    return second.reading


def read_blocks(text: str) -> list[Block]:
    """Read only the blocks, without inline content, for the seams of a splice. No directive is recognised."""
    tokens, notes, _ = _parse_blocks(text, {})
    return blocks_of(LineIndex(text), tokens, notes)


def render(text: str, references: dict[str, dict[str, str]]) -> str:
    """The HTML that any renderer makes of a text, for splices whose meaning only rendering can tell."""
    return str(bare_parser().render(_ended(text), {"references": ChainMap({}, references)}))


def _ended(text: str) -> str:
    """A text with a final line end. Without one, markdown-it fails at an HTML block in a list in a quote that ends with `>`."""
    return text if text.endswith("\n") else f"{text}\n"


_CAN_MARK_UP = re.compile(r"[\[<{`*_~\\&!]")


def _parse_blocks(text: str, alone: dict[int, int]) -> tuple[list[Token], BlockNotes, dict[str, object]]:
    notes = BlockNotes(directive_lines=alone)
    env: dict[str, object] = {"notes": notes, "references": {}}
    md = parser()
    tokens: list[Token] = []
    md.block.parse(_ended(text), md, env, tokens)
    return tokens, notes, env


def _walk(index: LineIndex, tokens: list[Token], notes: BlockNotes, env: dict[str, object]) -> Walk:
    """Turn tokens into blocks and inline runs. Inline content is parsed here, where it can matter."""
    reading = Reading(blocks_of(index, tokens, notes), notes.definitions)
    walk = Walk(reading, [])
    md = parser()
    stack: list[Container] = []
    cells: Iterator[list[tuple[int, str]]] = iter(())
    heading: Block | None = None
    leaves = iter([block for block in reading.blocks if block.kind != "definition"])
    for token in tokens:
        kind = token.type
        if kind in CONTAINERS:
            start, end = token.map or (0, 0)
            stack.append(Container(CONTAINERS[kind], start, end))
            if kind == "footnote_reference_open":
                reading.footnotes.append(Footnote(normalizeReference(token.meta["label"]), start, end))
            if token.level >= MAX_NESTING - 1 and reading.too_deep is None:
                reading.too_deep = start
        elif kind in CLOSES:
            stack.pop()
        elif kind in LEAVES:
            block = next(leaves)
            heading = block if kind == "heading_open" else None
            if kind == "html_block":
                note_html_block(index, token.content, block.start, reading)
        elif kind == "tr_open" and token.map:
            cells = iter(cells_of(index, token.map[0], notes.rows))
        elif kind == "inline":
            start, end = token.map or (0, 0)
            in_row = start in notes.rows
            raw = next(cells, []) if in_row else None
            content = token.content
            if not (_CAN_MARK_UP if heading else CAN_MATTER).search(content) and not (heading and "\n" in content):
                if heading:
                    reading.headings.append(_heading_text(index, heading, content, None, ()))
                continue
            segments = cell_segments(content, raw) if raw is not None else segments_of(index, content, start, heading)
            marks = Marks()
            env["marks"] = marks
            children: list[Token] = []
            md.inline.parse(content, md, env, children)
            inline = Inline(segments, marks.found, tuple(stack))
            walk.inlines.append(inline)
            _note_inline(index, inline, reading)
            if heading:
                reading.headings.append(_heading_text(index, heading, content, children, marks.found))
    return walk


def _note_inline(index: LineIndex, inline: Inline, reading: Reading) -> None:
    for mark in inline.marks:
        if mark.kind in ("link", "image") and mark.inner is not None:
            span = moved(inline.segments, mark.inner)
            kind: Literal["link", "image"] = "link" if mark.kind == "link" else "image"
            reading.destinations.append(Destination(kind, span, index.line_of(span.start)))
        elif mark.kind in ("use", "unresolved", "note"):
            span = moved(inline.segments, mark.span)
            reading.uses.append(LabelUse(mark.value, span, mark.kind == "use", mark.kind == "note"))
        elif mark.kind == "code":
            reading.code_spans.append((moved(inline.segments, mark.span), mark.value))
        elif mark.kind == "html":
            reading.html.append(HtmlPiece(mark.value, part_of(inline.segments, mark.span), block=False))


def _heading_text(
    index: LineIndex, block: Block, content: str, children: list[Token] | None, marks: Sequence[Mark]
) -> HeadingText:
    segments = segments_of(index, content, block.start, block)
    span = (
        Span(segments[0].at, segments[-1].end)
        if content
        else Span(index.starts[block.start], index.starts[block.start])
    )
    if block.kind == "setext":
        span = _with_odd_blanks(index, span)
    if children is None:
        return HeadingText(block, content, span)
    return HeadingText(block, "".join(_plain(children)), span, tuple(_joints(index.text, segments, marks)))


def _with_odd_blanks(index: LineIndex, span: Span) -> Span:
    """Extend the content of a setext heading by blanks at its ends that are none to CommonMark, such as no-break spaces:
    markdown-it cuts off everything that Python calls blank.
    """
    if span.start == span.end:
        line = index.line(index.line_of(span.start))
        odd = next((at for at, char in enumerate(line) if char.isspace() and char not in " \t"), 0)
        span = Span(span.start + odd, span.start + odd)
    last = index.line_of(span.end)
    lead = index.text[index.starts[index.line_of(span.start)] : span.start]
    rest = index.text[span.end : index.end(last)]
    odd_lead = lead[len(lead.rstrip()) :].lstrip(" \t")
    return Span(span.start - len(odd_lead), span.end + len(rest.rstrip(" \t")))


def _joints(text: str, segments: Segments, marks: Sequence[Mark]) -> Iterator[Edit]:
    """The edits that join the lines of a heading's content into one line.

    On one line, only HTML can express a hard break. The blank after it keeps marks next to it from opening or closing
    anything, and keeps words apart in the heading's slug. A line end that is no break, in code or a title, becomes a
    blank.
    """
    breaks = {mark.span.start: mark.kind for mark in marks if mark.kind in ("soft", "hard")}
    for segment, below in pairwise(segments):
        kind = breaks.get(segment.offset + segment.length)
        written = text[segment.at : segment.end]
        if kind is not None:
            written = written.rstrip(" \t")
        between = " "
        is_escape = (
            kind is not None and text[segment.end - 1] == "\\" and (len(written) - len(written.rstrip("\\"))) % 2 == 1
        )
        written = written[:-1] if is_escape else written
        if kind == "hard":
            between = "<br /> "
            if (len(written) - len(written.rstrip("\\"))) % 2:
                between = f"\\{between}"  # or it would escape the tag
            elif not is_escape and written.endswith(("*", "_", "~")):
                between = f" {between}"
        yield Edit(segment.at + len(written), below.at, between)


def _plain(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
