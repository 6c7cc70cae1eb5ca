"""The source map: where the lines of each text stand in outputs, and whatever else the first edit of a text needs to know.

A source map says about the nodes of a run only what JSON can hold, so one read from disk is as good as one just made. It
describes one run; later runs and edits of running text are merged into it step by step.
"""

from __future__ import annotations

from skillweave.incremental.rewording.words import GROWTH, OutputRuns, Room, Run, Wording
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from skillweave.lock import Lock
    from skillweave.source import SourcePath


class NodeRow(NamedTuple):
    """One node of the expansion. A row comes after all rows that it includes."""

    path: str
    """The file that the node's own lines come from."""
    ranges: list[list[int]]
    """The selected lines of that file, as half-open ranges counted from 0."""
    other: str
    """Whatever else distinguishes this node: the values given to a template, and the language if it is shown as code."""
    items: list[list[int]]
    """What the node consists of, in order. `[start, end]`: lines of the file, half-open. `[row, shift, 0]`: an include, with
    the number of its row and by how many levels it moves headings. `[]`: one output line that comes from no line of the file.
    """
    inline: list[int]
    """The numbers of the rows that are included in running text."""
    joined: list[int]
    """The second and later lines of setext headings. Where a heading is moved to another level, it is written on one line, so
    these lines are missing from the output.
    """
    is_odd: bool
    """Whether the outcome may depend on more than the text of its lines and of what it includes."""


class Text(NamedTuple):
    """A text whose edits may be handled without the compiler."""

    content: str | list[Any]
    """The text itself; or where it is stored: `[first byte, number of bytes, digest]`."""
    most: int
    """The size in bytes up to which it may grow before anything made of it could become too large."""
    digest: str
    """The digest of the file."""


class EntryRow(NamedTuple):
    """An entry without errors.

    `bytes` and `lines`: how much its own file can still grow before the skill is too long. `copies`: the files that it
    publishes unchanged. `outputs`: for each document that it publishes, `[row of its body, lines before the body]`.
    """

    bytes: int
    lines: int
    copies: list[str]
    outputs: dict[str, list[int]]


class SourceMap:
    """What is known about a project's texts, nodes and outputs. Every attribute can be stored as JSON."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.wholes: dict[str, int] = {}
        """The row of each whole file (or rendering), by name and template values. This includes files that no output contains:
        they, too, have directives that select and splice.
        """
        self.texts: dict[str, Any] = {}
        """By path, the texts of which every place is known where they occur; None if only the compiler can handle
        their edits.
        """
        self.counted: list[str] = []
        """The texts whose number of lines may matter: a directive selects lines of them by number, selects nothing of them, or
        needs what they bring to fit on one line.
        """
        self.entries: dict[str, list[Any]] = {}
        """The entries without errors, by path, each an `EntryRow` as a list."""
        self.failed: list[str] = []
        """The entries with errors: what is already published for them stays as it is."""
        self.marked: dict[str, list[int]] = {}
        """The lines (from 0) that findings name, by file."""
        self.names: dict[str, str] = {}
        """For each whole file or rendering, by the same names as in `wholes`: its names, in the form of `Wording.names`."""
        self.named: list[str] = []
        """The texts that more may depend on than their headings' places in pages: a link or reference leads to them, or a
        directive names a section of them.
        """
        self.sized: list[str] = []
        """The texts that are part of something whose size a finding reports, or of an entry with errors, whose size is not
        recorded.
        """
        self.fixed: list[str] = []
        """The files with a finding that carries a fix: the edits of a fix are offsets into the text."""


def with_runs(last: SourceMap, runs: Iterable[SourceMap]) -> SourceMap:
    """Merge into a source map what later runs found out; each of these runs looked at only a part of the project.

    Neither `last` nor the maps in `runs` may be used afterwards.
    """
    found = last
    for run in runs:
        found = _with_run(found, run)
    return found if found is last else _without_unused(found)


def _with_run(last: SourceMap, run: SourceMap) -> SourceMap:
    """Merge a single run. The result may contain unused rows, and its rows may not be in order."""
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
    found.names = {**{name: last.names[name] for name in others}, **run.names}
    found.texts = {**last.texts, **run.texts}
    # A text stays listed even if an edit removed the reason: that only costs time.
    found.counted = sorted({*last.counted, *run.counted})
    found.named = sorted({*last.named, *run.named})
    known = {path: entry for path, entry in last.entries.items() if path not in run.failed}
    found.entries = {**known, **{path: _with_rows(entry, moved) for path, entry in run.entries.items()}}
    found.failed, found.marked, found.sized, found.fixed = run.failed, run.marked, run.sized, run.fixed
    return found


def with_words(last: SourceMap, edited: Wording) -> SourceMap:
    """Merge into a source map the result of edits of running text in one text. `last` may not be used afterwards."""
    moved = {(*noted,): [*now] for noted, now in zip(edited.noted, edited.now, strict=True)}
    for number, row in enumerate(last.rows):
        if row[0] == edited.path:
            path, ranges, other, items, *rest = row
            items = [moved[(*item,)] if len(item) == _LINES else item for item in items]
            last.rows[number] = [path, [moved[(*lines,)] for lines in ranges], other, items, *rest]
    # `edited.most` may be based on an older, larger text; the limit must also hold for the text as it is now.
    most = min(edited.most, GROWTH * len(edited.text.encode()))
    last.texts[edited.path] = [*Text(edited.text, most, edited.digest)]
    if edited.names is not None:
        last.names[whole_name(edited.path)] = edited.names
    for made in edited.entries:
        last.entries[made.path][:2] = made.bytes, made.lines
    return last


def wording_of(found: SourceMap, path: SourcePath, text: Text, lock: Lock) -> Wording | None:
    """Gather what edits of running text in one text need to know; None if the outcome may depend on more than its lines.

    `text` must have its content (not the place of it); `lock` tells which entries are made of which files.
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
        found.names[whole_name(path)] if path not in found.named and not marked else None,
        _deepest(rows, holding, path) if len(own) == 1 else 0,
        path in found.counted,
        not any(rows[item[0]].path == path for row in rows for item in row.items if len(item) > _LINES),
        noted,
        noted,
        tuple(Room(path, entry.bytes, entry.lines) for path, entry in known.items()),
        tuple(outputs),
        tuple(sorted({*marked})),
    )


def whole_name(path: str, arguments: object = ()) -> str:
    """The name of a whole file, or of a template rendered with some values."""
    return f"{path} {arguments}"


_LINES = 2
"""The length of an item that stands for lines of the file."""


def _identity(row: list[Any]) -> str:
    return f"{row[0]}\n{row[1]}\n{row[2]}"


def _numbered(row: list[Any], numbers: Sequence[int]) -> list[Any]:
    """Copy a row, translating the row numbers of what it includes: row `n` becomes `numbers[n]`."""
    path, ranges, other, items, inline, *rest = row
    items = [item if len(item) <= _LINES else [numbers[item[0]], *item[1:]] for item in items]
    return [path, ranges, other, items, [numbers[number] for number in inline], *rest]


def _with_rows(entry: list[Any], numbers: Sequence[int]) -> list[Any]:
    *rest, outputs = entry
    return [*rest, {path: [numbers[row], front] for path, (row, front) in outputs.items()}]


def _without_unused(found: SourceMap) -> SourceMap:
    """Remove the unused rows of a source map, in place, and sort the others so that each comes after all that it includes."""
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
    """For each row, whether it contains a text at any depth. None if the text is included in running text somewhere, or if a
    row that contains it is odd.
    """
    found: list[bool] = []
    for row in rows:
        is_inline = any(found[number] for number in row.inline)
        holds = row.path == path or any(found[item[0]] for item in row.items if len(item) > _LINES)
        if is_inline or (holds and row.is_odd):
            return None
        found.append(holds)
    return found


def _deepest(rows: Sequence[NodeRow], holding: Sequence[bool], path: SourcePath) -> int:
    """The deepest level that a heading of a text can have. `holding` tells which rows contain the text."""
    shifts: list[int] = []
    """By how many levels each row moves the text down, at most."""
    for row, is_holding in zip(rows, holding, strict=True):
        below = (shifts[item[0]] + item[1] for item in row.items if len(item) > _LINES and holding[item[0]])
        shifts.append((0 if row.path == path else max(below)) if is_holding else 0)
    return _LEVELS - max(shifts)


_LEVELS = 6
"""How many levels of headings there are."""


def _heights(rows: Sequence[NodeRow], holding: Sequence[bool]) -> list[int | None]:
    """The number of lines of each node's expansion. None if that depends on how far its headings are moved, or if the node
    contains the text in question, so that its items have to be visited one by one.
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
    """Yield the places where lines of the text at `path` stand in an output, given the row `number` of the output's body and
    the line `there` of the output where it begins. No heading of that text takes more than one line.
    """
    pending: list[tuple[int, int | None, list[int] | None]] = [(number, None, None)]
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
            pending.append((item[0], (shift or 0) + item[1] if item[1] else shift, None))
        else:
            start, end = item
            if row.path == path:
                yield Run(there, start, end - start, shift or 0)
            # Moved by 0 levels in the end is not the same as not moved: see `TextKey`.
            there += end - start - (sum(start <= line < end for line in row.joined) if shift is not None else 0)
