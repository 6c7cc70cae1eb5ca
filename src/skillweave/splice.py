"""The arithmetic of a splice: container prefixes, tab stops, heading marks. Text in, text or edits out (LANGUAGE 5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skillweave.parse import Document, Heading
    from skillweave.source import LineIndex


class Edit(NamedTuple):
    """Replace what stands between two offsets of a text."""

    start: int
    end: int
    text: str


def apply_edits(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    """The text between two offsets with edits made. They are sorted, lie within, and do not overlap."""
    parts = []
    for edit in edits:
        parts.append(text[start : edit.start])
        parts.append(edit.text)
        start = edit.end
    parts.append(text[start:end])
    return "".join(parts)


_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*")


def continuation(prefix: str) -> str:
    """What stands before the later lines of a splice: `>` and tabs stay, all else becomes blanks.

    A footnote's label becomes the four columns by which its further lines are indented.
    """
    return "".join(char if char in ">\t" else " " for char in _FOOTNOTE.sub("    ", prefix))


def add_prefix(text: str, prefix: str) -> str:
    """Put a container's prefix before every line: as written before the first, its continuation before the others."""
    if not prefix:
        return text
    if prefix.endswith(">"):
        prefix += " "
    later = continuation(prefix)
    blank = later.rstrip(" \t")
    first, *rest = text.split("\n")
    lines = [prefix + first]
    lines += [later + line if line.strip(" \t") else blank for line in rest]
    return "\n".join(lines)


def width(text: str) -> int:
    """How many columns a prefix takes, with tab stops every four."""
    return len(text.expandtabs(4))


def moves_tab_stops(prefix: str) -> bool:
    """Whether tabs behind a prefix come to other columns, relative to it, than they had alone."""
    if prefix.endswith(">"):
        prefix += " "
    return width(continuation(prefix)) % 4 != 0


def tab_edits(index: LineIndex, document: Document) -> Iterator[Edit]:
    """Write the tabs in the indent of every line, and behind its `>` and list markers, as the spaces they stand for.

    Tabs in a fence's content are content; only those before the column of the fence are indent.
    """
    if "\t" not in index.text:
        return
    fences: dict[int, int] = {}
    for block in document.blocks:
        if block.kind == "fence":
            column = _column(index.line(block.start))
            fences.update(dict.fromkeys(range(block.start + 1, block.end), column))
    items: dict[int, int] = {}
    for start in {
        (c.start, len(block.containers)) for block in document.blocks for c in block.containers if c.kind == "item"
    }:
        items[start[0]] = items.get(start[0], 0) + 1
    for line in range(document.body, len(index.starts)):
        text = index.line(line)
        if "\t" in text:
            yield from _expand_indent(text, index.starts[line], line in items, fences.get(line))


_MARKER = re.compile(r"[-+*]|\d{1,9}[.)]")


def _expand_indent(text: str, start: int, is_item: bool, limit: int | None) -> Iterator[Edit]:  # noqa: FBT001
    column = at = 0
    while at < len(text) and (limit is None or column < limit):
        char = text[at]
        if char == "\t":
            stop = column + 4 - column % 4
            yield Edit(start + at, start + at + 1, " " * (stop - column))
            column, at = stop, at + 1
        elif char in " >":
            column, at = column + 1, at + 1
        elif (
            is_item and (marker := _MARKER.match(text, at)) and text[marker.end() : marker.end() + 1] in (" ", "\t", "")
        ):
            column, at = column + len(marker[0]), marker.end()
        else:
            return


def _column(line: str) -> int:
    """The column of a fence: where its run of back-ticks or tildes starts."""
    match = re.search(r"`{3,}|~{3,}", line)
    return width(line[: match.start()]) if match else 0


def heading_edits(index: LineIndex, heading: Heading, level: int) -> Iterator[Edit]:
    """Give a heading another level. A setext heading becomes ATX, on one line."""
    if not heading.setext:
        if heading.content.start == heading.content.end:
            start = index.starts[heading.start] + index.line(heading.start).find("#" * heading.level)
        else:
            start = index.text.rindex("#" * heading.level, 0, heading.content.start)
        yield Edit(start, start + heading.level, "#" * level)
        return
    content = heading.content
    yield Edit(content.start, content.start, "#" * level + " ")
    text = index.text
    for line in range(heading.start, heading.end - 2):
        # Two blanks or a backslash at a line's end are a hard break; on one line only HTML can say so.
        start = index.starts[line] + len(index.line(line))
        stripped = index.line(line).rstrip(" \t")
        kept = index.starts[line] + len(stripped)
        hard = start - kept >= 2
        if (len(stripped) - len(stripped.rstrip("\\"))) % 2 and start == kept:
            kept, hard = kept - 1, True
        after = index.starts[line + 1]
        while text[after] in " \t>":
            after += 1
        yield Edit(kept, after, "<br />" if hard else " ")
    last = index.line(heading.end - 2).rstrip()
    closing = re.search(r"(?:^|[ \t])(#+)$", last)
    if closing:
        at = index.starts[heading.end - 2] + closing.start(1)
        yield Edit(at, at, "\\")
    yield Edit(content.end, index.starts[heading.end - 1] + len(index.line(heading.end - 1)), "")
