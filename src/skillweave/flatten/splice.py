"""The arithmetic of a splice (directives.md, Splicing): container prefixes, tab stops, heading marks. Text goes in, text or
edits come out.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from skillweave.source import Edit
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skillweave.document import Document, Heading
    from skillweave.source import LineIndex, Span


_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*")


def continuation(prefix: str) -> str:
    """The prefix of the second and later lines of a splice, made from that of the first: `>` and tabs stay, all else becomes
    spaces.

    A footnote's label becomes the four columns by which its further lines are indented. A `>` takes one blank for itself, so
    that one directly before a list marker or a label gets one.
    """
    if _TIGHT.search(prefix):
        prefix = _TIGHT.sub("> ", prefix.expandtabs(4))
    return "".join(char if char in ">\t" else " " for char in _FOOTNOTE.sub("    ", prefix))


_TIGHT = re.compile(r">(?=[^> \t])")
"""Matches the `>` of a quote directly before a list marker or a label."""


def add_prefix(text: str, prefix: str) -> str:
    """Put a container's prefix before every line of a text: as written before the first, its continuation before the others.

    Blank lines get no blanks at their end, except in code, where these are content.
    """
    if not prefix:
        return text
    if prefix.endswith(">"):
        prefix += " "
    later = continuation(prefix)
    blank = later.rstrip(" \t")
    first, *rest = text.split("\n")
    code = _code_lines(text) if _ONLY_BLANKS.search(text) else frozenset()
    lines = [prefix + first]
    lines += [later + line if line.strip(" \t") or n in code else blank for n, line in enumerate(rest, 1)]
    return "\n".join(lines)


_ONLY_BLANKS = re.compile(r"^[ \t]+$", re.MULTILINE)


def _code_lines(text: str) -> frozenset[int]:
    """The lines of a text that are in code and consist of blanks."""
    from skillweave.markdown import read_blocks  # noqa: PLC0415 (few texts have such lines, and the parser is slow to load)

    lines = text.split("\n")
    code = (block for block in read_blocks(text) if block.kind in ("fence", "code"))
    return frozenset(n for block in code for n in range(block.start, block.end) if lines[n])


def width(text: str) -> int:
    """How many columns a prefix takes, with tab stops every four columns."""
    return len(text.expandtabs(4))


def moves_tab_stops(prefix: str) -> bool:
    """Whether tabs behind a prefix stand for another number of spaces than they would without it."""
    if prefix.endswith(">"):
        prefix += " "
    return width(continuation(prefix)) % 4 != 0


def tab_edits(index: LineIndex, document: Document) -> Iterator[Edit]:
    """Yield edits that expand the tabs in the indent of every line, and behind its `>` and list markers, to spaces.

    Tabs in a fence's content are content; only those before the column of the fence are indent.
    """
    if "\t" not in index.text:
        return
    fences: dict[int, int] = {}
    for block in document.blocks:
        if block.kind == "fence":
            column = _column(index.line(block.start))
            fences.update(dict.fromkeys(range(block.start + 1, block.end), column))
    items = {around.start for block in document.blocks for around in block.containers if around.kind == "item"}
    for line in range(document.body, len(index.starts)):
        text = index.line(line)
        if "\t" in text:
            yield from _expand_indent(text, index.starts[line], line in items, fences.get(line))


_MARKER = re.compile(r"[-+*]|\d{1,9}[.)]")


def _expand_indent(text: str, start: int, is_item: bool, limit: int | None) -> Iterator[Edit]:  # noqa: FBT001
    column = at = 0
    while at < len(text):
        char = text[at]
        # A quote's mark takes one column of the tab behind it; what is left of the tab is content.
        is_split = char == "\t" and text[at - 1 : at] == ">" and column == limit
        if limit is not None and column >= limit and not is_split:
            return
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
    """The column of a fence, given its first line: where its run of back-ticks or tildes starts."""
    match = re.search(r"`{3,}|~{3,}", line)
    return width(line[: match.start()]) if match else 0


def id_edits(text: str, content: int, id_span: Span) -> Iterator[Edit]:
    """Yield edits that take the explicit id from a heading, whose content starts at an offset. `#`s that then end the heading
    are escaped, or they would close it.
    """
    yield Edit(*id_span, "")
    closing = re.search(r"(?:^|[ \t])(#+)[ \t]*$", text[content : id_span.start])
    if closing:
        at = content + closing.start(1)
        yield Edit(at, at, "\\")


def heading_edits(index: LineIndex, heading: Heading, level: int, document: Document) -> Iterator[Edit]:
    """Yield edits that give a heading another level. A setext heading becomes an ATX heading, on one line."""
    if not heading.setext:
        if heading.content.start == heading.content.end:
            start = index.starts[heading.start] + index.line(heading.start).find("#" * heading.level)
        else:
            start = index.text.rindex("#" * heading.level, 0, heading.content.start)
        yield Edit(start, start + heading.level, "#" * level)
        return
    # Region markers reach no output.
    markers = document.markers[
        bisect_left(document.markers, heading.start) : bisect_left(document.markers, heading.end)
    ]
    lines = [line for line in range(heading.start, heading.end) if line not in markers]
    yield Edit(_text_start(index, lines[0], heading.content.start), heading.content.start, "#" * level + " ")
    for start, end, text in heading.joints:
        yield from _joined(index, start, end, text, markers)
    last = index.line(index.line_of(heading.content.end)).rstrip(" \t")
    closing = re.search(r"(?:^|[ \t])(#+)$", last)
    if closing:
        at = index.starts[index.line_of(heading.content.end)] + closing.start(1)
        yield Edit(at, at, "\\")
    underline = index.end(lines[-1])
    yield from _joined(index, heading.content.end, underline, "", markers)


def _joined(index: LineIndex, start: int, end: int, text: str, hidden: Collection[int]) -> Iterator[Edit]:
    """Yield edits that replace what stands between two offsets, possibly on different lines, but leave hidden lines alone."""
    line, below = index.line_of(start), index.line_of(end)
    if not any(between in hidden for between in range(line + 1, below)):
        yield Edit(start, end, text)
        return
    yield Edit(start, index.end(line), text)
    yield Edit(index.starts[below], end, "")


def _text_start(index: LineIndex, line: int, content: int) -> int:
    """The offset where the text of a heading starts, which may be above its content: white space that CommonMark does not count
    as blank makes a line part of the heading, although the content does not include it.
    """
    if index.line_of(content) <= line:
        return content
    odd = (at for at, char in enumerate(index.line(line)) if char.isspace() and char not in " \t")
    return index.starts[line] + next(odd, 0)
