"""A directive as a value: what one line asks for, and where its parts stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from skillweave.source import Span

Word = Literal["include", "reference", "asset"]


class Range(NamedTuple):
    """Physical lines from `first` to `last`, both counted from 1 and inclusive; no `last`: to the end of the file."""

    first: int
    last: int | None


class Level(NamedTuple):
    """How headings are levelled: nested, kept, shifted by `value`, or set so that the shallowest becomes `value`."""

    mode: Literal["nest", "keep", "shift", "set"]
    value: int = 0


class Argument(NamedTuple):
    """One `name=value` behind `with`."""

    name: str
    value: str
    span: Span


class Directive(NamedTuple):
    """One directive as written. Spans are offsets into the text that was scanned."""

    word: Word
    span: Span
    path: str
    path_span: Span
    section: str | None = None
    section_span: Span | None = None
    section_quoted: bool = False
    selector_span: Span | None = None
    """Where the value of `region` or `lines` stands."""
    optional: bool = False
    region: str | None = None
    lines: tuple[Range, ...] | None = None
    level: Level | None = None
    drop_heading: bool = False
    as_code: bool = False
    lang: str | None = None
    to: str | None = None
    text: str | None = None
    arguments: tuple[Argument, ...] = ()
    styled: bool = True
    """Whether it is spaced as `<<include: path option>>`."""
