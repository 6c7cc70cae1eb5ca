"""Where the lines of every text stand in outputs, and what else the first edit of a text can build on.

A source map is what JSON can say of the nodes that outputs are made of: one that was read is as good as one that was made.
It says what a run found out. What comes later is added to it step by step: other runs, and edits of running text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillweave.incremental.rewording.words import GROWTH, OutputRuns, Room, Run, Wording
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skillweave.lock import Lock
    from skillweave.source import SourcePath


class NodeRow(NamedTuple):
    """A node. Rows stand behind all that they include."""

    path: str
    """The file that its own lines are in."""
    ranges: list[list[int]]
    """The selected lines, each range half-open."""
    other: str
    """What else tells it from other nodes: the values of a template, and the language of what is shown as code."""
    items: list[list[int]]
    """In order: lines of the file, as start and end; an include, as a row and by how much it moves headings, and 0; and
    nothing for a line that is none of the file's.
    """
    inline: list[int]
    """The rows that are included in running text."""
    joined: list[int]
    """Lines of the file that a heading written over several lines takes in where it is moved, and so written in one."""
    is_odd: bool
    """Whether more than the text of its lines, and of what it includes, may tell what comes of it."""


class Text(NamedTuple):
    """A text whose edits may be told without the compiler."""

    content: str | list[Any]
    """The text; or where it is kept: the first byte, how many, and their digest."""
    most: int
    """Bytes that it may grow to without that anything made of it can become too large."""
    digest: str
    """Of the file."""


class EntryRow(NamedTuple):
    """An entry that has no error: by how much its own file can grow before it is too long for a skill, the files that it
    publishes as they are, and of each document the node of its body and how many lines stand before that.
    """

    bytes: int
    lines: int
    copies: list[str]
    outputs: dict[str, list[int]]


class SourceMap:
    """What is known of a project's texts, nodes and outputs. All of it is what JSON can say."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.wholes: dict[str, int] = {}
        """The rows of whole files, by what tells them from others: what reaches no output selects and splices, too."""
        self.texts: dict[str, Any] = {}
        """By path: those of which all is known that they are in; None for one whose edits are not told without the compiler."""
        self.counted: list[str] = []
        """Texts of which it may matter how many lines they have: a directive counts them, selects none, or needs one."""
        self.entries: dict[str, list[Any]] = {}
        """Those without an error, by path."""
        self.failed: list[str] = []
        """Those with one: what is published of them stays as it is."""
        self.marked: dict[str, list[int]] = {}
        """The lines that findings name, by file."""
        self.sized: list[str] = []
        """What is in something of which a finding tells the size, or in an entry with an error, whose size is not told."""
        self.fixed: list[str] = []
        """The files of which a finding tells an offset."""


def with_runs(last: SourceMap, runs: Iterable[SourceMap]) -> SourceMap:
    """A source map with what later runs found out that looked at parts of the project. None of them must be used any more."""
    found = last
    for run in runs:
        found = _with_run(found, run)
    return found if found is last else _without_unused(found)


def _with_run(last: SourceMap, run: SourceMap) -> SourceMap:
    """The same of one run; with the rows that are not used any more, and in no order."""
    places = {_identity(row): number for number, row in enumerate(last.rows)}
    moved: list[int] = []
    for row in run.rows:
        place = places.setdefault(_identity(row), len(last.rows))
        moved.append(place)
        if place == len(last.rows):
            last.rows.append(row)
        last.rows[place] = _numbered(row, moved)
    found = SourceMap()
    seen = {row[0] for row in run.rows}
    others = {name: number for name, number in last.wholes.items() if last.rows[number][0] not in seen}
    found.rows = last.rows
    found.wholes = {**others, **{name: moved[number] for name, number in run.wholes.items()}}
    found.texts = {**last.texts, **run.texts}
    # What an edit did away with still counts: that costs time only.
    found.counted = sorted({*last.counted, *run.counted})
    known = {path: entry for path, entry in last.entries.items() if path not in run.failed}
    found.entries = {**known, **{path: _with_rows(entry, moved) for path, entry in run.entries.items()}}
    found.failed, found.marked, found.sized, found.fixed = run.failed, run.marked, run.sized, run.fixed
    return found


def with_words(last: SourceMap, edited: Wording) -> SourceMap:
    """A source map with what edits of running text have come to in one text. The other one must not be used any more."""
    moved = {(*noted,): [*now] for noted, now in zip(edited.noted, edited.now, strict=True)}
    for number, row in enumerate(last.rows):
        if row[0] == edited.path:
            path, ranges, other, items, *rest = row
            items = [moved[(*item,)] if len(item) == _LINES else item for item in items]
            last.rows[number] = [path, [moved[(*lines,)] for lines in ranges], other, items, *rest]
    # What was found out later, of a text that had shrunk by then, holds for what it was then.
    most = min(edited.most, GROWTH * len(edited.text.encode()))
    last.texts[edited.path] = [*Text(edited.text, most, edited.digest)]
    for made in edited.entries:
        last.entries[made.path][:2] = made.bytes, made.lines
    return last


def wording_of(found: SourceMap, path: SourcePath, text: Text, lock: Lock) -> Wording | None:
    """What an edit of running text can build on in a text that is at hand; None where more than the text of its lines may
    tell what comes of it.
    """
    entries = [entry for entry, record in lock.items() if record.has_input(path) and entry not in found.failed]
    if path in found.fixed or path in found.sized or not found.entries.keys() >= {*entries}:
        return None
    rows = [NodeRow(*row) for row in found.rows]
    holding = _holding(rows, path)
    known = {entry: EntryRow(*found.entries[entry]) for entry in entries}
    if holding is None or any(path in entry.copies for entry in known.values()):
        return None
    heights = _heights(rows, holding)
    outputs = []
    for entry in known.values():
        for output, (row, front) in entry.outputs.items():
            if holding[row]:
                outputs.append(OutputRuns(output, tuple(_runs(rows, row, front, path, heights))))
    own = [row for row in rows if row.path == path]
    own_lines = (lines for row in own for lines in (*row.ranges, *row.items) if len(lines) == _LINES)
    marked = found.marked.get(path, [])
    noted = (*dict.fromkeys((start, end) for start, end in own_lines),)
    return Wording(
        path,
        text.digest,
        str(text.content),
        text.most,
        path in found.counted,
        not any(rows[item[0]].path == path for row in rows for item in row.items if len(item) > _LINES),
        noted,
        noted,
        tuple(Room(path, entry.bytes, entry.lines) for path, entry in known.items()),
        tuple(outputs),
        tuple(sorted({*marked})),
    )


_LINES = 2
"""The length of an item that is lines of the file."""


def _identity(row: list[Any]) -> str:
    return f"{row[0]}\n{row[1]}\n{row[2]}"


def _numbered(row: list[Any], numbers: Sequence[int]) -> list[Any]:
    """A row with other numbers for the rows that it includes."""
    path, ranges, other, items, inline, *rest = row
    items = [item if len(item) <= _LINES else [numbers[item[0]], *item[1:]] for item in items]
    return [path, ranges, other, items, [numbers[number] for number in inline], *rest]


def _with_rows(entry: list[Any], numbers: Sequence[int]) -> list[Any]:
    *rest, outputs = entry
    return [*rest, {path: [numbers[row], front] for path, (row, front) in outputs.items()}]


def _without_unused(found: SourceMap) -> SourceMap:
    """A source map with those of its rows that it uses, each behind all that it includes."""
    rows = found.rows
    used: dict[int, int] = {}
    pending = [*found.wholes.values(), *(row for entry in found.entries.values() for row, _ in entry[-1].values())]
    while pending:
        number = pending[-1]
        below = [one for one in _includes(rows[number]) if one not in used] if number not in used else []
        if below:
            pending += below
            continue
        pending.pop()
        if number not in used:
            used[number] = len(used)
    numbers = [used.get(number, 0) for number in range(len(rows))]
    found.rows = [_numbered(rows[number], numbers) for number in used]
    found.wholes = {name: numbers[row] for name, row in found.wholes.items()}
    found.entries = {path: _with_rows(entry, numbers) for path, entry in found.entries.items()}
    return found


def _includes(row: list[Any]) -> Iterator[int]:
    yield from (item[0] for item in row[3] if len(item) > _LINES)
    yield from row[4]


def _holding(rows: Sequence[NodeRow], path: SourcePath) -> list[bool] | None:
    """Of each node, whether a text comes into it; None if one that it comes into is more than its lines."""
    found: list[bool] = []
    for row in rows:
        is_inline = any(found[number] for number in row.inline)
        holds = row.path == path or any(found[item[0]] for item in row.items if len(item) > _LINES)
        if is_inline or (holds and row.is_odd):
            return None
        found.append(holds)
    return found


def _heights(rows: Sequence[NodeRow], holding: Sequence[bool]) -> list[int | None]:
    """How many lines each node comes to, wherever it stands; None where that depends on it, or where it has to be looked
    into.
    """
    heights: list[int | None] = []
    for row, is_holding in zip(rows, holding, strict=True):
        height: int | None = 0
        for item in row.items:
            more: int | None = 1
            if len(item) == _LINES:
                more = item[1] - item[0]
            elif item:
                more = heights[item[0]]
            height = None if height is None or more is None else height + more
        heights.append(None if row.joined or is_holding else height)
    return heights


def _runs(
    rows: Sequence[NodeRow], number: int, there: int, path: SourcePath, heights: Sequence[int | None]
) -> Iterator[Run]:
    """Where an output has the lines of a text, from a node on that begins at a line of it. No heading of the text takes more
    than a line.
    """
    pending: list[tuple[int, int, list[int] | None]] = [(number, 0, None)]
    while pending:
        number, shift, item = pending.pop()
        row, height = rows[number], heights[number]
        if item is None and height is not None:
            there += height
        elif item is None:
            pending.extend((number, shift, item) for item in reversed(row.items))
        elif not item:
            there += 1
        elif len(item) > _LINES:
            pending.append((item[0], shift + item[1], None))
        else:
            start, end = item
            if row.path == path:
                yield Run(there, start, end - start)
            there += end - start - (sum(start <= line < end for line in row.joined) if shift else 0)
