"""The places of keys and values in a TOML text: text → spans (`tomllib` keeps no places). Pure functions."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath = tuple[str | int, ...]
"""The path to a value in the data: keys of tables, indexes of lists."""


class Places(NamedTuple):
    """The places of the keys and values of a TOML text. A table that a header opens has only a key."""

    keys: dict[KeyPath, Span]
    values: dict[KeyPath, Span]


class Repeated(NamedTuple):
    """A key (`whole`) that is not allowed where it is, and the key in its way (`holder`: the same one, or one above it)."""

    whole: str
    span: Span
    holder: str
    first: Span


def locate(text: str) -> Places:
    """The places of all keys and values of a *valid* TOML text."""
    return _walk(text, [])[0]


def repeated(text: str) -> Repeated | None:
    """Find why the last key of `text` is not allowed; the text ends where a parser noticed that.

    None if it cannot be found out.
    """
    for end in ("", "]"):  # A header is refused before its closing bracket.
        named: list[_Named] = []
        try:
            places, depth = _walk(text + end, named)
        except IndexError:
            continue
        # The key's value has been read by now, and may contain keys, too.
        while named and named[-1].depth > depth:
            named.pop()
        return _in_the_way(places, named)
    return None


def longest(text: str) -> Span:
    """The span of the longest bare word in a text."""
    words = [token.span for token in _tokens(text) if token.mark not in "\"'"]
    return max(words, key=lambda span: span.end - span.start, default=Span(0, 0))


def deepest(text: str) -> Span:
    """The span of the bracket that is nested deepest in a text."""
    depth, most, found = 0, 0, Span(0, 0)
    for token in _tokens(text):
        depth += (token.mark in "[{") - (token.mark in "]}")
        if depth > most:
            most, found = depth, token.span
    return found


class _Named(NamedTuple):
    """One occurrence of a key: its full path, the span of all its parts, and the number of values around it."""

    path: KeyPath
    span: Span
    depth: int = 0


def _in_the_way(places: Places, named: list[_Named]) -> Repeated | None:
    """What is in the way of the last key: the same key earlier in the text, else a key above it that has a value."""
    *before, (path, span, _) = named or [_Named((), Span(0, 0))]
    for length in range(len(path), 0, -1):
        above = path[:length]
        spans = [one.span for one in before if one.path == above] or [
            one.span for one in before if one.path[:length] == above
        ]
        if spans and (length == len(path) or above in places.values):
            return Repeated(_dotted(path), span, _dotted(above), spans[0])
    return None


def _dotted(path: KeyPath) -> str:
    return ".".join(part for part in path if isinstance(part, str))


def _walk(text: str, named: list[_Named]) -> tuple[Places, int]:
    """The places of keys and values, and the number of values still open at the end.

    Each occurrence of a key is added to `named`.
    """
    places, tokens = Places({}, {}), list(_tokens(text))
    lists: dict[KeyPath, int] = {}  # arrays of tables: the index of the last table of each
    table: KeyPath = ()
    open_values: list[_Open] = []
    wanted: KeyPath | None = None  # the path of the value that comes next; None if a key comes next
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.mark in "]}":
            closed = open_values.pop()
            places.values[closed.path] = Span(closed.start, token.span.end)
            wanted = None
        elif token.mark == ",":
            wanted = _next_item(open_values[-1])
        elif token.mark == "\n":
            pass
        elif wanted is not None and token.mark in "[{":
            open_values.append(_Open(wanted, token.mark, token.span.start))
            wanted = _next_item(open_values[-1])
        elif wanted is not None:
            at = _end_of_scalar(tokens, at)
            places.values[wanted] = Span(token.span.start, tokens[at].span.end)
            wanted = None
        elif token.mark == "[":
            at, table, span = _header(tokens, at, places, lists)
            # One of many tables has a number, which is not part of its name.
            named.append(_Named(table if isinstance(table[-1], str) else table[:-1], span))
        else:
            base = open_values[-1].path if open_values else table
            at, parts = _key(tokens, at)
            wanted = _record(places, base, parts)
            named.append(_Named(wanted, _span(parts), len(open_values)))
        at += 1
    return places, len(open_values)


class _Token(NamedTuple):
    """A key part, a scalar or a piece of it, a punctuation mark, or a line end; `mark` is its first character."""

    text: str
    mark: str
    span: Span


@dataclass(slots=True)
class _Open:
    """A list or an inline table that has not ended yet."""

    path: KeyPath
    mark: str
    start: int
    items: int = 0


# A quotation mark inside a multi-line string is text unless three follow each other; up to two more may come right
# before the closing three.
_TOKEN = re.compile(
    r'''
    [ \t]+ | \#[^\n]*
    |
    ( """(?:[^"\\] | \\[\s\S] | "(?!""))*+"{3,5}
    | '{3}(?:[^'] | '(?!''))*+'{3,5}
    | "(?:[^"\\\n] | \\.)*+"
    | '[^'\n]*+'
    | [\[\]{}=,.\n]
    | [^\s\[\]{}=,.\#"']++
    )''',
    re.VERBOSE,
)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if match[1]:
            yield _Token(match[1], match[1][0], Span(*match.span(1)))


def _next_item(value: _Open) -> KeyPath | None:
    """The path of a list's next item; None in an inline table, where a key comes next."""
    if value.mark == "{":
        return None
    value.items += 1
    return (*value.path, value.items - 1)


def _end_of_scalar(tokens: list[_Token], at: int) -> int:
    """The index of a scalar's last token: numbers contain dots, and a date and its time have a blank between them."""
    while at + 1 < len(tokens) and tokens[at + 1].mark not in "\n,]}":
        at += 1
    return at


def _key(tokens: list[_Token], at: int) -> tuple[int, list[tuple[str, Span]]]:
    """The index of the token after a dotted key, and the key's parts with their spans."""
    parts = []
    while tokens[at].mark not in "=]":
        text, mark, span = tokens[at]
        if mark != ".":
            parts.append((tomllib.loads(f"k = {text}")["k"] if mark in "\"'" else text, span))
        at += 1
    return at, parts


def _header(tokens: list[_Token], at: int, places: Places, lists: dict[KeyPath, int]) -> tuple[int, KeyPath, Span]:
    """Read `[a.b]` or `[[a.b]]`: returns the index of its last token, the table that it opens, and the span of its name."""
    double = tokens[at + 1].mark == "["
    at, parts = _key(tokens, at + 2 if double else at + 1)
    table: KeyPath = ()
    for number, (name, span) in enumerate(parts, 1):
        table = (*table, name)
        places.keys.setdefault(table, span)
        if double and number == len(parts):
            lists[table] = lists.get(table, -1) + 1
        if table in lists:
            table = (*table, lists[table])
            places.keys.setdefault(table, span)
    return (at + 1 if double else at), table, _span(parts)


def _span(parts: list[tuple[str, Span]]) -> Span:
    return Span(parts[0][1].start, parts[-1][1].end)


def _record(places: Places, base: KeyPath, parts: list[tuple[str, Span]]) -> KeyPath:
    """Record the places of a key's parts; returns its full path."""
    for name, span in parts:
        base = (*base, name)
        places.keys.setdefault(base, span)
    return base
