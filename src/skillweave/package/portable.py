"""Cuts the keys that consumers refuse out of front matter. The rest of the text stays as it is."""

from __future__ import annotations

import re

from skillweave.consumers import refusing
from skillweave.front_matter import read_front_matter
from skillweave.record import NamedTuple
from skillweave.source import LineIndex
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.front_matter.values import Field


class Stripped(NamedTuple):
    """A text, and the names of the keys that were cut out of it."""

    text: str
    names: tuple[str, ...]


def strip_unportable(text: str, consumers: Sequence[str]) -> Stripped | None:
    """Cut out of a SKILL.md the keys that any of its consumers refuses, or without consumers the specification. None if one
    cannot be cut out.

    A key goes with the lines of its value; comments and blank lines before it stay.
    """
    start, end = _front_matter(text)
    fields = read_front_matter(text[start:end], start)[0].fields
    refused = [field for field in fields if refusing(field.name, consumers)]
    if not refused:
        return Stripped(text, ())
    is_flow = text[start:end].lstrip().startswith("{")
    front = _without_items(text, fields, refused) if is_flow else _without_lines(text, refused)
    start, end = _front_matter(front)
    left = read_front_matter(front[start:end], start)[0].fields
    if [field.name for field in left] != [field.name for field in fields if field not in refused]:
        return None
    return Stripped(front, tuple(field.name for field in refused))


def _front_matter(text: str) -> tuple[int, int]:
    """The offsets where the front matter, between its two `---` lines, begins and ends; an empty range if there is none."""
    if not text.startswith("---"):
        return 0, 0
    start = text.find("\n") + 1
    close = re.search(r"^---[ \t]*$", text[start:], re.MULTILINE)
    return (start, start + close.start()) if close else (0, 0)


def _without_lines(text: str, refused: Sequence[Field]) -> str:
    """Cut keys out of block style, where a key and its value have lines of their own."""
    index = LineIndex(text)
    for field in reversed(refused):
        first = index.line_of(field.name_span.start)
        last = index.line_of(max(field.value_span.end - 1, field.name_span.end))
        text = text[: index.starts[first]] + text[index.starts[last + 1] :]
    return text


def _without_items(text: str, fields: Sequence[Field], refused: Sequence[Field]) -> str:
    """Cut keys out of flow style, `{a: b, c: d}`: a key goes with the comma before it, the first key with the one behind it."""
    for number in range(len(fields) - 1, -1, -1):
        field = fields[number]
        if field not in refused:
            continue
        is_first = all(before in refused for before in fields[:number])
        if is_first and number + 1 < len(fields):
            text = text[: field.name_span.start] + text[fields[number + 1].name_span.start :]
        elif not is_first:
            text = text[: fields[number - 1].value_span.end] + text[field.value_span.end :]
    return text
