"""Where the keys and the values of a TOML text stand: text → spans (`tomllib` keeps no places). Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillweave.record import NamedTuple
from skillweave.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath = tuple[str | int, ...]
"""Where a value lies in the data: keys of tables, indexes of lists."""


class Places(NamedTuple):
    """Where the keys and the values of a TOML text stand. A table that a header opens has a key only."""

    keys: dict[KeyPath, Span]
    values: dict[KeyPath, Span]


def locate(text: str) -> Places:
    """Where each key and each value of a *valid* TOML text stands (`tomllib` keeps no places)."""
    places, tokens = Places({}, {}), list(_tokens(text))
    lists: dict[KeyPath, int] = {}  # arrays of tables: how many tables each has
    table: KeyPath = ()
    open_values: list[_Open] = []
    wanted: KeyPath | None = None  # the value that comes next; None: a key does
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
            at, table = _header(tokens, at, places, lists)
        else:
            base = open_values[-1].path if open_values else table
            at, parts = _key(tokens, at)
            wanted = _record(places, base, parts)
        at += 1
    return places


class _Token(NamedTuple):
    """A key part, a scalar or a piece of it, a punctuation mark, or a line end; `mark` is its first character."""

    text: str
    mark: str
    span: Span


@dataclass(slots=True)
class _Open:
    """A list or an inline table whose end has not come yet."""

    path: KeyPath
    mark: str
    start: int
    items: int = 0


# A quotation mark inside a multi-line string counts as text unless three follow each other; up to two more may
# stand right before the closing three.
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
    """The index of a scalar's last token: numbers have dots, and a date and its time a blank between."""
    while at + 1 < len(tokens) and tokens[at + 1].mark not in "\n,]}":
        at += 1
    return at


def _key(tokens: list[_Token], at: int) -> tuple[int, list[tuple[str, Span]]]:
    """A dotted key's parts, and the index of the token after it."""
    parts = []
    while tokens[at].mark not in "=]":
        text, mark, span = tokens[at]
        if mark != ".":
            parts.append((tomllib.loads(f"k = {text}")["k"] if mark in "\"'" else text, span))
        at += 1
    return at, parts


def _header(tokens: list[_Token], at: int, places: Places, lists: dict[KeyPath, int]) -> tuple[int, KeyPath]:
    """Reads `[a.b]` or `[[a.b]]`: the index of its last token, and the table that it opens."""
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
    return (at + 1 if double else at), table


def _record(places: Places, base: KeyPath, parts: list[tuple[str, Span]]) -> KeyPath:
    """Notes where a key's parts stand; its full path comes out."""
    for name, span in parts:
        base = (*base, name)
        places.keys.setdefault(base, span)
    return base
