"""Block tokens → blocks: their lines, the containers around them, and whether they are closed explicitly."""

from __future__ import annotations

from bisect import bisect_right

from skillweave.markdown.html_blocks import is_html_closed
from skillweave.markdown.values import Block, Container
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from skillweave.markdown.rules import BlockNotes
    from skillweave.markdown.values import BlockKind, ContainerKind
    from skillweave.source import LineIndex

CONTAINERS: dict[str, ContainerKind] = {
    "list_item_open": "item",
    "blockquote_open": "quote",
    "footnote_reference_open": "note",
}
CLOSES = {"list_item_close", "blockquote_close", "footnote_reference_close"}
LEAVES: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
    "hr": "rule",
    "table_open": "table",
    "directive": "directive",
}


def blocks_of(index: LineIndex, tokens: list[Token], notes: BlockNotes) -> list[Block]:
    """All blocks that contain no other blocks, including definitions, in the order of the text."""
    blocks: list[Block] = []
    stack: list[Container] = []
    ranges: list[tuple[Container, ...]] = []
    for token in tokens:
        kind = token.type
        if kind in CONTAINERS:
            start, end = token.map or (0, 0)
            stack.append(Container(CONTAINERS[kind], start, end))
            ranges.append(tuple(stack))
        elif kind in CLOSES:
            stack.pop()
        elif kind in LEAVES:
            start, end = token.map or (0, 0)
            level = int(token.tag[1]) if kind == "heading_open" else 0
            name = LEAVES[kind]
            if kind == "heading_open" and token.markup in ("=", "-"):
                name = "setext"
            closed = True
            if kind == "fence":
                closed = end < len(index.starts) - 1 or _fence_is_closed(index, token)
            elif kind == "html_block":
                closed = is_html_closed(index, token.content, end)
            content = token.content.expandtabs(4) if kind == "code_block" else ""
            blocks.append(Block(name, start, end, tuple(stack), level, closed, content))
    if notes.definitions:
        ranges.sort(key=lambda path: (path[-1].start, len(path)))
        blocks += [Block("definition", each.start, each.end, _around(ranges, each.start)) for each in notes.definitions]
        blocks.sort(key=lambda block: block.start)
    return blocks


def _around(ranges: Sequence[tuple[Container, ...]], line: int) -> tuple[Container, ...]:
    """The containers that hold a line. `ranges` has each container with those around it, sorted by where they begin."""
    # The last one that begins before the line, or one that this is in.
    place = bisect_right(ranges, line, key=lambda path: path[-1].start) - 1
    path = ranges[place] if place >= 0 else ()
    while path and line >= path[-1].end:
        path = path[:-1]
    return path


def _fence_is_closed(index: LineIndex, token: Token) -> bool:
    """Whether a fence that reaches the text's end is closed: it is if its last line is not part of its content."""
    start, end = token.map or (0, 0)
    while end - 1 > start and end - start > 1 and not index.line(end - 1).strip(" \t>"):
        end -= 1
    if end - start < 2:
        return False
    last = index.line(end - 1).lstrip(" \t>").rstrip(" \t")
    if len(last) < len(token.markup) or set(last) != {token.markup[0]}:
        return False
    # A closing line is not among the lines of the content. The last of these may lack its line end.
    lines = token.content.count("\n") + (not token.content.endswith("\n") and token.content != "")
    return lines <= end - start - 2
