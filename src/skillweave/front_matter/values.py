"""What front matter says, as values: fields with their places, every scalar a string as written; what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from skillweave.diagnostics import INVALID_FRONT_MATTER, Problem

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


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A mapping, the top one or one inside it, in the order of the text. A key stands in it once."""

    fields: tuple[Field, ...] = ()

    def get(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


Value = str | tuple[Item, ...] | FrontMatter


class Param(NamedTuple):
    """A parameter that a pattern declares. `span` is its name's."""

    name: str
    default: str | None
    required: bool
    enum: tuple[str, ...] | None
    span: Span


def problem(message: str, span: Span, help_: str | None = None) -> Problem:
    """Something that is wrong with front matter."""
    return Problem(INVALID_FRONT_MATTER, message, span, help_)
