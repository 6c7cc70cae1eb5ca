"""What selecting takes and gives, as values."""

from __future__ import annotations

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Problem
    from skillweave.ranges import Ranges


class Regions(NamedTuple):
    """The regions of a file."""

    lines: dict[str, tuple[int, int]]
    """The lines of each region by its name, half-open and without the markers."""
    broken: frozenset[str]
    """The names whose markers do not pair up."""
    markers: Sequence[int]
    """The lines that are left out of every selection: markers, and comments that ignore findings."""


class Lines(NamedTuple):
    """A text by lines, as selecting needs it: without a file or a path."""

    lines: Sequence[str]
    name: str
    """The name of the file in messages."""
    regions: Regions


class Selection(NamedTuple):
    """The selected lines, and the problems of selecting them. There are no lines if the selector failed."""

    ranges: Ranges
    problems: tuple[Problem, ...] = ()
