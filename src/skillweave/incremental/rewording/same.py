"""Compares what the parse finds in two texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillweave.markdown.values import Container
from skillweave.parse.documents import parse_plain
from skillweave.source import Edit, LineIndex, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from skillweave.document import Document
    from skillweave.markdown.values import Block


def read_plain_text(text: str) -> Document | None:
    """The document of a text, if it can be read without the parser; else None. A text with comments addressed to us (regions,
    ignores) may need the parser.
    """
    return None if "<!--" in text and ("region:" in text or "skillweave:" in text) else parse_plain(text)


def says_the_same(old: str, new: str, lines: Collection[int]) -> bool:
    """Whether the parse finds the same in two plain texts, at the same lines and columns.

    Not compared are code and links on the given lines, if they lie in the body and name nothing of the project.
    """
    was, is_now = read_plain_text(old), read_plain_text(new)
    if was is None or is_now is None or any(line < was.body for line in lines):
        return False
    before, after = _without_nameless(was, old, lines), _without_nameless(is_now, new, lines)
    return before is not None and after is not None and _placed(before, old) == _placed(after, new)


_FREE = ("paragraph", "table", "fence", "rule")
"""Blocks that may come and go, as comments may: nothing selects them, names them or changes their level."""


def holds_blocks_only(document: Document, text: str, start: int, end: int) -> bool:
    """Whether some lines of a plain text, `start` to `end` (half-open), hold nothing but blocks that may come and go.

    That is so if the parse finds the same with these lines blanked, apart from such blocks and from code and links in these
    lines that name nothing of the project.
    """
    lines = text.split("\n")
    blank = "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])
    without = read_plain_text(blank)
    rest = _without_nameless(document, text, range(start, end))
    if without is None or rest is None:
        return False
    blocks = (
        block
        for block in rest.blocks
        if block.start < start or block.end > end or not (block.kind in _FREE or is_comment(block, lines))
    )
    rest = rest._replace(blocks=tuple(blocks), lines=0)
    return _placed(rest, text) == _placed(without._replace(lines=0), blank)


def is_comment(block: Block, lines: Sequence[str]) -> bool:
    """Whether a block is a comment that stands in no container. `lines` are those of its text."""
    return block.kind == "html" and lines[block.start].startswith("<!--")


def _without_nameless(document: Document, text: str, lines: Collection[int]) -> Document | None:
    """A document without the code spans and links on some lines; None if any of them names something of the project."""
    index = LineIndex(text)
    where = [index.line_of(span.start) for span, _ in document.code_spans]
    code = [one for one, line in zip(document.code_spans, where, strict=True) if line in lines]
    links = [link for link in document.destinations if link.line in lines]
    if not (code or links):
        return document
    from skillweave.destination import read_destination  # noqa: PLC0415 (most edits come near none)
    from skillweave.rules.prose import names_nothing  # noqa: PLC0415 (likewise)

    if not all(names_nothing(text, span, content) for span, content in code):
        return None
    if any(read_destination(text[link.span.start : link.span.end], link.kind) is not None for link in links):
        return None
    return document._replace(
        code_spans=tuple(one for one, line in zip(document.code_spans, where, strict=True) if line not in lines),
        destinations=tuple(link for link in document.destinations if link.line not in lines),
    )


def _placed(document: Document, text: str) -> list[Any]:
    """Flatten a document into a list that can be compared, with lines and columns in place of offsets.

    The end of a container is given without its trailing blank lines: whether they belong to it depends on what follows.
    """
    index = LineIndex(text)
    lines = text.split("\n")
    said: list[Any] = [index.position(offset) for offset in document.escapes]
    pending: list[Any] = [document._replace(escapes=())]
    while pending:
        one = pending.pop()
        if isinstance(one, (Span, Edit)):
            said += [index.position(one.start), index.position(one.end), *one[2:]]
        elif isinstance(one, Container):
            end = one.end
            while end > one.start and not lines[end - 1].strip(" \t>"):
                end -= 1
            said += [one.kind, one.start, end]
        elif isinstance(one, tuple):
            said.append((type(one), len(one)))
            pending.extend(one)
        else:
            said.append(one)
    return said
