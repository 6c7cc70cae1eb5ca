"""What an edit of running text can build on: where the lines of the text that was edited last stand in outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from skillweave.source import SourcePath

# Where a parse says the same of two texts, such a line is what it says, wherever its text comes to stand: it begins what it
# begins by its lead alone, and nothing in it ends or begins anything else.
_LEAD = re.compile(
    r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(?=[^\W\d_]|[(\"'\u2018\u201c]|\*{1,2}[^\W_]|`(?!`)|\[(?!\^))"
)
_WORDS = re.compile(r"[^<{\\|\t]*")


GROWTH = 2
"""How many times its size a text may grow to before it is looked at in full."""


Range = tuple[int, int]
"""Lines of the text, half-open, counted from 0."""


class Run(NamedTuple):
    """Lines of the text that stand in an output one after the other. Lines count from 0."""

    there: int
    """The first one in the output."""
    here: int
    """The first one in the text."""
    length: int

    @property
    def end(self) -> int:
        """The line behind the last one in the text."""
        return self.here + self.length


class OutputRuns(NamedTuple):
    """An output that holds lines of the text."""

    path: str
    """Below the output folder."""
    runs: tuple[Run, ...]
    """In the order of the output."""


class Room(NamedTuple):
    """An entry that is made of the text, by its path, and by how much its own file can grow before it is too long for a
    skill.
    """

    path: str
    bytes: int
    lines: int


class Wording(NamedTuple):
    """A text, and where its lines stand in outputs."""

    path: SourcePath
    digest: str
    """Of the file."""
    text: str
    most: int
    """Bytes that it may grow to without that anything made of it can become too large."""
    is_counted: bool
    """Whether it may matter to a directive how many lines it has."""
    is_alone: bool
    """Whether nothing includes it, so that nothing follows it anywhere."""
    noted: tuple[Range, ...]
    """The lines of it that stand somewhere together, or are selected, when it was noted where."""
    now: tuple[Range, ...]
    """The same lines as they are now."""
    entries: tuple[Room, ...]
    """The entries that are made of it."""
    outputs: tuple[OutputRuns, ...]
    """Those of these entries."""
    marked: tuple[int, ...]
    """The lines of the text that findings name, in rising order."""


def words_of(line: str) -> tuple[str, str] | None:
    """A line of running text: what it begins with, and its words. None for any other, and for one with what nobody sees."""
    lead = _LEAD.match(line)
    words = lead and _WORDS.fullmatch(line, lead.end())
    return (line[: lead.end()], words[0]) if lead and words and is_all_visible(words[0]) else None


def kept_words_of(line: str) -> str | None:
    """The words that a line of running text ends with in each output, as there is no link in it; None for any other."""
    found = words_of(line)
    return found[1] if found and "[" not in found[1] else None


def is_all_visible(text: str) -> bool:
    """Whether a text has no character that nobody sees, and no blank but the common one."""
    if not text.isprintable():
        return False
    if text.isascii():
        return True
    from skillweave.rules.unicode import hides_nothing  # noqa: PLC0415 (its tables take a while to load)

    return hides_nothing(text)


def from_json(content: Any) -> Wording:  # noqa: ANN401 (JSON)
    """A wording of which JSON was made. Raises TypeError or ValueError where it was none."""
    path, digest, text, most, is_counted, is_alone, noted, now, entries, outputs, marked = content
    return Wording(
        path,
        digest,
        text,
        most,
        is_counted,
        is_alone,
        tuple((start, end) for start, end in noted),
        tuple((start, end) for start, end in now),
        tuple(Room(*made) for made in entries),
        tuple(OutputRuns(place, tuple(Run(*run) for run in runs)) for place, runs in outputs),
        tuple(marked),
    )
