"""What two texts say to the parse, as it can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillweave.markdown.values import Container
from skillweave.parse.documents import parse_plain
from skillweave.source import Edit, LineIndex, Span

if TYPE_CHECKING:
    from skillweave.document import Document


def read_plain_text(text: str) -> Document | None:
    """What a text says, if that can be told without a parser; None if not. What is in comments may take one."""
    return None if "<!--" in text else parse_plain(text)


def adds_paragraphs_only(document: Document, text: str, start: int, end: int) -> bool:
    """Whether what a plain text says is what it would say if lines of it (start to end, half-open) were blank, but for
    paragraphs in them.
    """
    lines = text.split("\n")
    blank = "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])
    without = read_plain_text(blank)
    blocks = (block for block in document.blocks if block.kind != "paragraph" or block.start < start or block.end > end)
    rest = document._replace(blocks=tuple(blocks), lines=0)
    return without is not None and placed(rest, text) == placed(without._replace(lines=0), blank)


def placed(document: Document, text: str) -> list[Any]:
    """All that a text's document says, one thing after the other, with lines and columns for offsets.

    Where a container ends counts without the blank lines there: they are its own or not, as what comes behind has it.
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
