"""What an edit of running text can build on: where the lines of the text that was edited last stand in outputs."""

from __future__ import annotations

import re

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from skillweave.source import SourcePath

# If the parse finds the same in two texts, a line of this form means the same wherever its text is spliced: only its lead can
# open a block, and its words can neither end nor begin anything.
_LEAD = re.compile(
    r"(?:\#{1,6}[ ]+|[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)(?=[^\W\d_]|[(\"'\u2018\u201c]|\*{1,2}[^\W_]|`(?!`)|\[(?!\^))"
)
_WORDS = re.compile(r"[^<{\\|\t]*")


GROWTH = 2
"""The factor by which a text may grow before it has to be compiled again."""


Range = tuple[int, int]
"""Lines of the text: half-open, counted from 0."""


class Run(NamedTuple):
    """Consecutive lines of the text that also stand consecutively in an output. Lines count from 0."""

    there: int
    """The first of these lines in the output."""
    here: int
    """The first of these lines in the text."""
    length: int
    shift: int = 0
    """By how many levels their headings are moved in the output."""

    @property
    def end(self) -> int:
        """The line of the text behind the last of these lines."""
        return self.here + self.length


class OutputRuns(NamedTuple):
    """An output that holds lines of the text."""

    path: str
    """Relative to the output folder."""
    runs: tuple[Run, ...]
    """In the order of the output."""


class Room(NamedTuple):
    """An entry that the text goes into: its path, and by how many bytes and lines its own file can grow before it is too long
    for a skill.
    """

    path: str
    bytes: int
    lines: int


class Wording(NamedTuple):
    """A text, and where its lines stand in outputs."""

    path: SourcePath
    digest: str
    """The digest of the file."""
    text: str
    most: int
    """The size in bytes up to which it may grow before anything made of it could become too large."""
    names: str | None
    """The slugs of its headings, before repeats are numbered, and the fragments that its links name: each between two line
    ends, as `names_in` puts them. None if more may depend on its headings than links with a fragment.
    """
    deepest: int
    """The deepest level that a heading of it can have, as includes may move it down; 0 if something includes only a part."""
    is_counted: bool
    """Whether a directive may depend on how many lines it has."""
    is_alone: bool
    """Whether nothing includes it, so that no other text follows it in an output."""
    noted: tuple[Range, ...]
    """Its line ranges that are selected or stand together in an output, as they were when the source map was made."""
    now: tuple[Range, ...]
    """The same line ranges, in the same order, as they are now."""
    entries: tuple[Room, ...]
    """The entries that the text goes into."""
    outputs: tuple[OutputRuns, ...]
    """The outputs of these entries that hold lines of the text."""
    marked: tuple[int, ...]
    """The lines of the text (from 0) that findings name, in rising order."""


def words_of(line: str) -> tuple[str, str] | None:
    """Split a line of running text, or a heading, into its lead (indent, quote and list markers; or the `#`s) and its words.
    None for any other line, and for one with invisible characters.
    """
    lead = _LEAD.match(line)
    words = lead and _WORDS.fullmatch(line, lead.end())
    if line.startswith("#") and line.rstrip().endswith("#"):
        return None  # A heading that moves to another level may move these, too.
    return (line[: lead.end()], words[0]) if lead and words and is_all_visible(words[0]) else None


def kept_words_of(line: str) -> str | None:
    """The words of a line of running text, with which the line ends in every output, after its own lead wherever the text has
    no prefix. None for any other line, and for one that may hold a link, as links are rewritten.
    """
    found = words_of(line) if not line.startswith("#") else None  # a heading may move to another level
    return found[1] if found and "[" not in found[1] else None


def is_all_visible(text: str) -> bool:
    """Whether a text has no invisible characters, and no white space other than the plain space."""
    if not text.isprintable():
        return False
    if text.isascii():
        return True
    from skillweave.rules.unicode import hides_nothing  # noqa: PLC0415 (its tables take a while to load)

    return hides_nothing(text)


def from_json(content: Any) -> Wording:  # noqa: ANN401 (JSON)
    """Rebuild a wording from its JSON. Raises TypeError or ValueError if the JSON has another shape."""
    path, digest, text, most, names, deepest, is_counted, is_alone, noted, now, entries, outputs, marked = content
    return Wording(
        path,
        digest,
        text,
        most,
        names,
        deepest,
        is_counted,
        is_alone,
        tuple((start, end) for start, end in noted),
        tuple((start, end) for start, end in now),
        tuple(Room(*made) for made in entries),
        tuple(OutputRuns(place, tuple(Run(*run) for run in runs)) for place, runs in outputs),
        tuple(marked),
    )
