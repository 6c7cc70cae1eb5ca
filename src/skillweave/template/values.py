"""Templates as values: what is kept of their text, and the result of rendering."""

from __future__ import annotations

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

    from skillweave.source import Span


MAX_DEPTH = 40
"""How deep expressions and `if`s may nest: Jinja's parser and Python's compiler recurse on both."""
MAX_TERMS = 100
"""How many expressions may be joined by `and` or `or`: to the compiler, each nests those before it."""
MAX_JOINTS = 1_000
"""How many `and`s and `or`s a template may have in all: the compiler takes more time for each than for the one before."""
MAX_BRANCHES = 500
"""How many branches may come before any point, in all `if`s around it: to the compiler, each nests all that follow."""
MAX_BITS = 1_000
"""How long a number may be."""


class Kept(NamedTuple):
    """Where the text of a mask is after rendering: its index in `masks`, the rendered line, and the column (both from 0)."""

    mask: int
    line: int
    column: int


class Rendered(NamedTuple):
    """A rendered body: its lines (joined by LF, they are the text) and, for each line, the source line (from 0) of its
    first character.
    """

    lines: tuple[str, ...]
    sources: tuple[int, ...]
    kept: tuple[Kept, ...]


class Chunk(NamedTuple):
    """A part of one source line that reaches the output; `masks` are (index, column in the chunk) of the masks that begin
    in it.
    """

    text: str
    line: int
    masks: tuple[tuple[int, int], ...]


class Template(NamedTuple):
    """A checked template. `pieces` are, by number, the chunks of a text, or the source line of an expression."""

    text: str
    last_line: int
    pieces: tuple[tuple[Chunk, ...] | int, ...]
    uses: tuple[tuple[str, int], ...]
    first_tag: Span
    program: jinja2.Template


class Token(NamedTuple):
    """One token of the lexer, and its offsets in the body."""

    kind: str
    value: str
    start: int
    end: int


class Segment(NamedTuple):
    """A stretch of the body: `data`, a `raw` tag (begin or end, without tokens), or a whole `variable`, `block` or
    `comment` tag with its tokens.
    """

    kind: str
    start: int
    end: int
    tokens: tuple[Token, ...] = ()
