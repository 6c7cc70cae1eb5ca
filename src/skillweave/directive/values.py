"""A directive as a value: what one line asks for, and the spans of its parts."""

from __future__ import annotations

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from skillweave.source import Span

    Word = Literal["include", "reference", "asset"]


def is_relative(path: str) -> bool:
    """Whether a directive's path starts at the file that contains the directive, and is not looked up in the pattern roots."""
    return path.startswith(("./", "../")) or path in (".", "..")


class LineNumbers(NamedTuple):
    """Physical lines from `first` to `last`, counted from 1 and inclusive. None as `last` means the end of the file."""

    first: int
    last: int | None


class Level(NamedTuple):
    """How heading levels change: nested, kept, shifted by `value`, or set so that the shallowest becomes `value`."""

    mode: Literal["nest", "keep", "shift", "set"]
    value: int = 0


class Argument(NamedTuple):
    """One `name=value` after `with`."""

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
    """The span of the value of `region` or `lines`."""
    optional: bool = False
    region: str | None = None
    lines: tuple[LineNumbers, ...] | None = None
    level: Level | None = None
    drop_heading: bool = False
    as_code: bool = False
    lang: str | None = None
    to: str | None = None
    text: str | None = None
    arguments: tuple[Argument, ...] = ()
    styled: bool = True
    """Whether it is spaced in the usual way: `<<include: path option>>`."""
