"""Templates as values: what is kept of their text, and what rendering gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.record import NamedTuple

if TYPE_CHECKING:
    import jinja2

    from skillweave.source import Span


MAX_DEPTH = 40
"""How deep expressions and `if`s may nest: Jinja's parser and Python's compiler recurse on both."""


class Kept(NamedTuple):
    """Where a mask's text stands after rendering: its index in `masks`, the rendered line, the column from 0."""

    mask: int
    line: int
    column: int


class Rendered(NamedTuple):
    """A rendered body: its lines (joined by LF they are the text) and, for each, the physical line (from 0) of the
    source that its first character came from.
    """

    lines: tuple[str, ...]
    sources: tuple[int, ...]
    kept: tuple[Kept, ...]


class Chunk(NamedTuple):
    """A part of one source line that reaches the output; `masks` are those inside it, with their columns in it."""

    text: str
    line: int
    masks: tuple[tuple[int, int], ...]


class Template(NamedTuple):
    """A checked template. `pieces` are its texts by their number, and the line for each expression's value."""

    text: str
    last_line: int
    pieces: tuple[tuple[Chunk, ...] | int, ...]
    uses: tuple[tuple[str, int], ...]
    first_tag: Span
    program: jinja2.Template


class Token(NamedTuple):
    """One of the lexer's tokens, and where it stands in the body."""

    kind: str
    value: str
    start: int
    end: int


class Segment(NamedTuple):
    """A stretch of the body: `data`, or a whole `variable`, `block`, `comment` or `raw` tag with its inner tokens."""

    kind: str
    start: int
    end: int
    tokens: tuple[Token, ...] = ()
