"""What a text says as Markdown: blocks, headings, openers and what becomes of them, links, definitions, comments.

Pure; places are offsets and lines (from 0) of the text given. The parse runs at most twice: once without our block rule,
which decides what is inert, and once with it, where a directive that stands alone would else be part of another block.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from markdown_it.common.utils import normalizeReference

from skillweave.directive.openers import CANDIDATE
from skillweave.markdown.blocks import CLOSES, CONTAINERS, LEAVES, blocks_of
from skillweave.markdown.fates import alone_lines, are_paragraphs, fates_of, openers_of
from skillweave.markdown.html_blocks import note_html_block
from skillweave.markdown.places import cell_segments, cells_of, moved, segments_of
from skillweave.markdown.plain_inline import CAN_MATTER
from skillweave.markdown.rules import MAX_NESTING, BlockNotes, Marks, parser, plain_parser
from skillweave.markdown.values import (
    Block,
    Container,
    Destination,
    Footnote,
    HeadingText,
    HtmlPiece,
    Inline,
    LabelUse,
    Reading,
    Walk,
)
from skillweave.source import LineIndex, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token


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
    """Only the blocks, without a look at inline content: for the seams of a splice. No directive is recognised."""
    tokens, notes, _ = _parse_blocks(text, {})
    return blocks_of(LineIndex(text), tokens, notes)


def render(text: str) -> str:
    """The HTML that any renderer makes of a text: for splices whose meaning only rendering can tell."""
    return str(plain_parser().render(text))


_CAN_MARK_UP = re.compile(r"[\[<{`*_~\\&!]")


def _parse_blocks(text: str, alone: dict[int, int]) -> tuple[list[Token], BlockNotes, dict[str, object]]:
    notes = BlockNotes(directive_lines=alone)
    env: dict[str, object] = {"notes": notes, "references": {}}
    md = parser()
    tokens: list[Token] = []
    md.block.parse(text, md, env, tokens)
    return tokens, notes, env


def _walk(index: LineIndex, tokens: list[Token], notes: BlockNotes, env: dict[str, object]) -> Walk:
    """Tokens → blocks and inline runs. The inline content is parsed here, where it can matter."""
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
            if not (_CAN_MARK_UP if heading else CAN_MATTER).search(content):
                if heading:
                    reading.headings.append(_heading_text(index, heading, content, None))
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
                reading.headings.append(_heading_text(index, heading, content, children))
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
            start = mark.span.start
            shifted = tuple((at - start, length, to) for at, length, to in inline.segments)
            reading.html.append(HtmlPiece(mark.value, shifted, block=False))


def _heading_text(index: LineIndex, block: Block, content: str, children: list[Token] | None) -> HeadingText:
    segments = segments_of(index, content, block.start, block)
    span = (
        Span(segments[0][2], segments[-1][2] + segments[-1][1])
        if content
        else Span(index.starts[block.start], index.starts[block.start])
    )
    if children is None:
        return HeadingText(block, " ".join(content.split("\n")) if "\n" in content else content, span)
    text = "".join(_plain(children))
    return HeadingText(block, text, span)


def _plain(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
