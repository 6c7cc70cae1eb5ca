"""What front matter says, as values: fields with their places, every scalar a string as written; and problems."""

from __future__ import annotations

from skillweave.diagnostics import INVALID_FRONT_MATTER, Problem
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.source import Span


class Field(NamedTuple):
    """One `name: value` of a mapping."""

    name: str
    name_span: Span
    value: Value
    value_span: Span


class Item(NamedTuple):
    """One value of a list."""

    value: Value
    span: Span


class FrontMatter:
    """A mapping, whether at the top or inside another value, in the order of the text. Each key occurs once.

    It is not a tuple, so that its type tells it from a list.
    """

    __match_args__ = ("fields",)
    fields: tuple[Field, ...]

    def __init__(self, fields: tuple[Field, ...] = ()) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrontMatter) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"FrontMatter({self.fields!r})"

    def get(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


Value = str | tuple[Item, ...] | FrontMatter


class Param(NamedTuple):
    """A parameter that a pattern declares. `span` is that of its name."""

    name: str
    default: str | None
    required: bool
    enum: tuple[str, ...] | None
    span: Span


def problem(message: str, span: Span, cure: str | None = None) -> Problem:
    """A problem of the front matter."""
    return Problem(INVALID_FRONT_MATTER, message, span, cure)
