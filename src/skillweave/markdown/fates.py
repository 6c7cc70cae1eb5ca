"""Decides what each opener of a directive becomes (live, escaped, inert or stray), and which are alone on their line."""

from __future__ import annotations

from bisect import bisect_right

from skillweave.directive.openers import CANDIDATE, WORDS, find_close
from skillweave.markdown.html_blocks import html_type
from skillweave.markdown.places import MARKS, moved
from skillweave.markdown.values import IN_HTML, Opener
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.markdown.values import Block, Fate, Inline, Mark, Reading, Walk
    from skillweave.source import LineIndex


def fates_of(index: LineIndex, candidates: list[int], walk: Walk) -> dict[int, Opener]:
    """Decide what each candidate becomes, by its offset.

    One that no inline rule has seen is not in running text, and is judged by the block that it is in.
    """
    fates: dict[int, Opener] = {}
    blocks = walk.reading.blocks
    starts = [block.start for block in blocks]
    for inline in walk.inlines:
        for mark in inline.marks:
            _judge_mark(index.text, inline, mark, fates)
    kinds = {
        index.line_of(piece.segments[0].at): html_type(piece.text.lstrip())
        for piece in walk.reading.html
        if piece.block and piece.segments
    }
    taken = sorted(opener.span for opener in fates.values() if opener.fate == "live" and not opener.near_miss)
    for offset in candidates:
        if offset in fates or _is_within(offset, taken):
            continue  # An opener inside another directive's value belongs to that directive.
        opener = CANDIDATE.match(index.text, offset)
        assert opener is not None  # noqa: S101 (the same expression found it)
        line = index.line_of(offset)
        block = blocks[place] if (place := bisect_right(starts, line) - 1) >= 0 else None
        if block is not None and not block.start <= line < block.end:
            block = None
        fates[offset] = _judge_block(index, offset, opener[2] not in WORDS, block, kinds)
        if block is None and walk.reading.too_deep is not None:
            fates[offset] = fates[offset]._replace(why="nested too deeply")
    return {offset: fates[offset] for offset in candidates if offset in fates}


def _is_within(offset: int, spans: list[Span]) -> bool:
    place = bisect_right(spans, (offset, offset)) - 1
    return place >= 0 and spans[place].start < offset < spans[place].end


def _judge_mark(text: str, inline: Inline, mark: Mark, fates: dict[int, Opener]) -> None:
    span = moved(inline.segments, mark.span)
    match mark.kind:
        case "live" | "near":
            fates[span.start] = Opener(span, "live", mark.kind == "near", None, inline.containers)
        case "escape":
            fates[span.start + 1] = Opener(Span(span.start, span.end), "escaped", near_miss=False)
        case "code":
            _all_inside(text, span, "inert", "", fates)
        case "html":
            is_comment = mark.value.startswith("<!--")
            _all_inside(text, span, "inert" if is_comment else "stray", "in an HTML tag", fates)
        case "link" | "image" | "use" | "unresolved" | "note":
            pass


def _all_inside(text: str, span: Span, fate: Fate, why: str, fates: dict[int, Opener]) -> None:
    for match in CANDIDATE.finditer(text, span.start, span.end):
        near = match[2] not in WORDS
        span = Span(match.start(), match.start() + 2)
        escaped = _escaped(text, match.start(), near) if fate == "stray" else None
        fates.setdefault(match.start(), escaped or Opener(span, fate, near, None, (), why))


def _escaped(text: str, offset: int, near: bool) -> Opener | None:  # noqa: FBT001
    """An escaped opener, if a backslash precedes it where no inline rule has seen it; else None."""
    before = text[max(offset - 64, 0) : offset]
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 and not near
    return Opener(Span(offset - 1, offset + 2), "escaped", near_miss=False) if is_escaped else None


def _judge_block(
    index: LineIndex,
    offset: int,
    near: bool,  # noqa: FBT001
    block: Block | None,
    kinds: Mapping[int, int],
) -> Opener:
    """Judge an opener that no inline rule has seen. `kinds` are the types of HTML blocks, by their first lines."""
    span = Span(offset, offset + 2)
    if block is None:
        return Opener(span, "stray", near)
    if block.kind in ("fence", "code") or (block.kind == "html" and _is_inert_html(index, offset, block, kinds)):
        return Opener(span, "inert", near)
    containers = block.containers if block.kind == "html" else ()
    why = _WHY_STRAY.get(block.kind, "in a link's destination or title")
    return _escaped(index.text, offset, near) or Opener(span, "stray", near, None, containers, why)


_WHY_STRAY = {
    "html": IN_HTML,
    "definition": "in a link definition",
    "table": "in a table, past its last column or in a link",
}


def _is_inert_html(index: LineIndex, offset: int, block: Block, kinds: Mapping[int, int]) -> bool:
    """Whether an offset in an HTML block is in a comment, or in a block of types 1 to 5, where nothing is Markdown."""
    kind = kinds.get(block.start) or html_type(index.line(block.start).lstrip(" \t>"))
    return kind < 6 or _in_comment(index, block, offset)


def _in_comment(index: LineIndex, block: Block, offset: int) -> bool:
    """Whether an offset in an HTML block of type 6 or 7 is in a comment. One that is never closed ends with the block, and
    hides nothing.
    """
    begin, end = index.starts[block.start], index.end(block.end - 1)
    opened = index.text.rfind("<!--", begin, offset)
    return opened > index.text.rfind("-->", begin, offset) and index.text.find("-->", offset, end) >= 0


def alone_lines(index: LineIndex, fates: dict[int, Opener]) -> dict[int, int]:
    """The lines with a live directive and nothing besides but a container's prefix: line → offset of the opener.

    Behind a table, a directive with a `|` in it looks like a row. It ends the table, and its `|` no cell.
    """
    alone: dict[int, int] = {}
    for offset, opener in fates.items():
        line = index.line_of(offset)
        if opener.fate != "live" or opener.near_miss or line in alone or not _is_prefix(index, line, offset):
            continue
        close = _close_of(index, offset)
        if close is not None and not index.text[close : index.end(line)].strip(" \t"):
            alone[line] = offset
    return alone


def _close_of(index: LineIndex, offset: int) -> int | None:
    match = CANDIDATE.match(index.text, offset)
    return find_close(index.text, match) if match else None


def _is_prefix(index: LineIndex, line: int, offset: int) -> bool:
    """Whether everything before an opener on its line may be a container's prefix. Only a filter: the block rule decides."""
    match = MARKS.fullmatch(index.text, index.starts[line], offset)
    return match is not None


def are_paragraphs(reading: Reading, alone: dict[int, int]) -> bool:
    """Whether every directive that is alone on its line is a paragraph of one line already, so no second parse is needed."""
    single = {block.start for block in reading.blocks if block.kind == "paragraph" and block.end == block.start + 1}
    return all(line in single for line in alone)


def openers_of(index: LineIndex, fates: dict[int, Opener], walk: Walk) -> list[Opener]:
    """The openers in the order of the text; each directive that is a block of its own gets that block from the final parse."""
    blocks = {block.start: block for block in walk.reading.blocks if block.kind == "directive"}
    openers = []
    for offset, opener in fates.items():
        block = blocks.get(index.line_of(offset)) if opener.fate == "live" and not opener.near_miss else None
        if block:
            span = Span(offset, _close_of(index, offset) or opener.span.end)
            openers.append(opener._replace(span=span, block=block, containers=block.containers))
        else:
            openers.append(opener)
    return openers
