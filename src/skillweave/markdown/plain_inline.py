"""Reads plain inline content without the parser: code spans, links and labels, each recognised by its first character."""

from __future__ import annotations

import re

from skillweave.markdown.values import Destination, HtmlPiece, LabelUse, Segment
from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Literal

    from skillweave.markdown.values import Reading
    from skillweave.source import LineIndex

CAN_MATTER = re.compile(r"[\[<{]|`[^`]*[/:!]|!`")
"""Inline content without a match holds no directive, no link, and no code span that names something."""

# A line in the middle of a code span must begin with its text: with blanks, the indent of the paragraph would decide
# what the code is.
_CODE = r"`[^`\s](?:[^`\n]*(?:\n(?![ \t>])[^`\n]*)*[^`\s])?`(?!`)"
_MARK = re.compile(rf"{_CODE}|!\[|[`\[<\\]")
_CODE_SPAN = re.compile(_CODE)
# Code binds tighter than brackets. Anything else with a meaning of its own is left to the parser.
_BRACKETS = re.compile(rf"\[((?:[^\[\]`<\\\n]|{_CODE})*)\]")
_DESTINATION = re.compile(r"\(((?:https?://[A-Za-z0-9_./#?=%+,;:@~&{}-]+|(?!//)[A-Za-z0-9_./#?=%+,;@~&{}-]+))\)")
_SECOND = re.compile(r"\[([^\[\]`<\\\n]*)\]")
_TAG = re.compile(r"<[A-Za-z][A-Za-z0-9-]*>")
# A `<` that begins neither a tag nor an address, because neither can begin or continue like this.
_NO_TAG = re.compile(
    r"""<(?:
        (?=[\s<>] | [^A-Za-z/!?\s<>@`][^\s<>@`]*(?:[\s<>]|\Z))
      | (?=/?[A-Za-z][A-Za-z0-9-]*[^A-Za-z0-9\s/>:@.+`<-][^<>@`]*[<>])
    )""",
    re.VERBOSE,
)


class Found(NamedTuple):
    """The text's lines, the labels that it defines, and the reading that findings are added to."""

    lines: LineIndex
    defined: Container[str]
    reading: Reading


def normalised(label: str) -> str:
    """A label of printable characters in the form that CommonMark compares."""
    return " ".join(label.split()).lower().upper()


def note_inline(found: Found, start: int, end: int, *, may_hold_tags: bool) -> bool:
    """Note what a run of inline content (offsets into the text) holds; returns False if that needs the parser."""
    text = found.lines.text
    at, last = start, -1
    while match := _MARK.search(text, at, end):
        mark, at = match[0], match.end()
        if len(mark) > 2:
            found.reading.code_spans.append((Span(match.start(), at), _said(mark)))
        elif mark == "[":
            at = _note_brackets(found, match.start(), end)
        elif mark == "![":
            at = _note_image(found, match.start(), end)
        elif mark == "<":
            # Search for the last `>` only once: a `<` after it begins no tag.
            last = last if last >= 0 else max(text.rfind(">", start, end), 0)
            is_text = match.start() > last or _NO_TAG.match(text, match.start(), end)
            at = at if is_text else _note_tag(found, match.start(), (start, end)) if may_hold_tags else -1
        elif mark == "`" or text[at : at + 1] in "`[]<{!\\":
            return False
        if at < 0:
            return False
    return True


def _note_brackets(found: Found, start: int, end: int) -> int:
    """Note a link or a label in brackets; returns the offset where to go on, or -1 if that needs the parser."""
    text = found.lines.text
    brackets = _BRACKETS.match(text, start, end)
    if brackets is None or text.startswith("[^", start):
        return -1
    behind = brackets.end()
    if text.startswith("(", behind):
        destination = _DESTINATION.match(text, behind, end)
        if destination is None:
            return -1
        _note_code(found, *brackets.span(1))
        _note_destination(found, "link", Span(*destination.span(1)))
        return destination.end()
    label, last = brackets[1], behind
    second = _SECOND.match(text, behind, end)
    if text.startswith("[", behind):
        if second is None or text.startswith("[^", behind):
            return -1
        label, last = second[1] or label, second.end()
    if not label.isprintable():
        return -1
    name = normalised(label)
    if name in found.defined:
        _note_code(found, *brackets.span(1))
        found.reading.uses.append(LabelUse(name, Span(start, last), resolved=True, footnote=False))
        return last
    if name or second:
        if not name or name.startswith("^"):
            return -1
        found.reading.uses.append(LabelUse(name, Span(start, behind), resolved=False, footnote=False))
    return start + 1


def _note_image(found: Found, start: int, end: int) -> int:
    text = found.lines.text
    brackets = _SECOND.match(text, start + 1, end)
    destination = _DESTINATION.match(text, brackets.end(), end) if brackets else None
    if destination is None:
        return -1
    _note_destination(found, "image", Span(*destination.span(1)))
    return destination.end()


def _note_destination(found: Found, kind: Literal["link", "image"], span: Span) -> None:
    found.reading.destinations.append(Destination(kind, span, found.lines.line_of(span.start)))


def _note_code(found: Found, start: int, end: int) -> None:
    for code in _CODE_SPAN.finditer(found.lines.text, start, end):
        found.reading.code_spans.append((Span(*code.span()), _said(code[0])))


def _note_tag(found: Found, at: int, run: tuple[int, int]) -> int:
    """Note a tag without attributes, in content of one line; returns the offset after it, or -1 if that needs the parser."""
    text, (start, end) = found.lines.text, run
    tag = _TAG.match(text, at, end)
    content = text[start:end].rstrip()
    if tag is None or "\n" in content:
        return -1
    found.reading.html.append(HtmlPiece(tag[0], (Segment(start - at, len(content), start),), block=False))
    return tag.end()


# Strong text between blanks; below, marks that are ordinary characters between two letters.
_STRONG = re.compile(r"(?<![^ ])\*\*(?=[A-Za-z0-9])([^*_~`\[\]<\\&!{]*)(?<=[A-Za-z0-9])\*\*(?=[ :]|\Z)")
_EMPHASIS = r"\*|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
_MARKED_UP = re.compile(rf"[`\\]|~~|!\[|&(?:\#|[A-Za-z][A-Za-z0-9]*;)|{_EMPHASIS}")


def plain_heading(found: Found, start: int, end: int) -> str | None:
    """The text of a heading without markup, noting what it holds; None if that needs the parser."""
    content = found.lines.text[start:end]
    has_brackets = "[" in content or "<" in content
    if not has_brackets and not _MARKED_UP.search(content):
        return content
    # For what is beside it, a full stop is the same as a back-tick: neither is a letter.
    bare = _CODE_SPAN.sub(".", content) if "`" in content else _STRONG.sub(r"\1", content)
    marks = _MARKED_UP.findall(bare)
    # A single mark has no other to pair with.
    if any(mark not in "*_" or content.count(mark) > 1 for mark in marks):
        return None
    if not has_brackets:
        _note_code(found, start, end)
    elif not _note_no_link(found, start, end):
        return None
    return _CODE_SPAN.sub(lambda code: _said(code[0]), content) if "`" in content else bare


def _note_no_link(found: Found, start: int, end: int) -> bool:
    """Note what a heading holds; returns False if that is a link or a tag, or needs the parser."""
    reading = found.reading
    links, uses = len(reading.destinations), len(reading.uses)
    if not note_inline(found, start, end, may_hold_tags=False):
        return False
    return len(reading.destinations) == links and not any(use.resolved for use in reading.uses[uses:])


def _said(code: str) -> str:
    """The content of a code span."""
    return code[1:-1].replace("\n", " ")
