"""The commonest edit, published without the compiler: other words in one file.

Where the parse finds the same in the old and the new text, at the same places, all that is known of the project holds still,
and each output differs from what was published in the changed lines only. Four steps:

1. *Where*: of the last compilation it is noted where the lines of each text stand in which output (`noting` makes a
   `source_map`, `notes` keeps it from run to run, `words` has what it comes to for one text).
2. *What*: lines that have other words (`new_words`), or whole blocks between blank lines (`new_blocks`).
3. *Whether*: `same` compares what the parse says. A directive, heading, definition, comment or link of the project on a changed
   line, a finding that names it, a template, a text shown as code or put into a line, a size near a limit, a second file:
   with any of these, and with any doubt, the answer is None, and the compiler does it.
4. *Patch*: each output is read, held against its digest and the old lines, and gets the new ones.

Nothing noted is believed that is not held against the files. Random edits in `test_rewording.py` hold it to clean builds.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from skillweave.bundle import DOCUMENT_MODE, Output
from skillweave.config import LOCK_NAME
from skillweave.files import Read
from skillweave.incremental.last import Last, said_by
from skillweave.incremental.rewording.new_blocks import new_blocks
from skillweave.incremental.rewording.new_words import new_words
from skillweave.incremental.rewording.notes import Notes, load_notes, notes_of
from skillweave.incremental.rewording.words import OutputRuns, Room, Wording, kept_words_of
from skillweave.lock import Ledger, Record
from skillweave.publish import Rewriting
from skillweave.record import NamedTuple
from skillweave.regular import read_regular
from skillweave.source import decode
from skillweave.stamps import digest
from skillweave.state import written_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.incremental.rewording.new_blocks import NewBlocks
    from skillweave.incremental.rewording.new_words import NewWords
    from skillweave.incremental.rewording.words import Range, Run
    from skillweave.incremental.values import Asked, Outcome
    from skillweave.lock import Lock


class Rewording(NamedTuple):
    """What is to be published after such an edit, and what the next one can build on."""

    rewriting: Rewriting
    notes: Notes
    said: Outcome
    """What the last run said, which holds still."""


def reworded(asked: Asked, last: Last) -> Rewording | None:
    """What an edit of running text in one file makes of outputs; None for any other edit.

    It holds if all outputs are there as they were published: that is for the caller to find out.
    """
    said = said_by(last.state)
    if said is None or len(last.changed) != 1 or last.state.pending:
        return None
    ledger = Ledger(written_lock(last.state))
    if asked.memory is not None:
        ledger = asked.memory.ledger = asked.memory.ledger or ledger
    found = read_regular(asked.output / LOCK_NAME)
    lock = (ledger.read(found[0]) if found else None) or {}
    notes = _notes(asked, last, lock)
    edit = _edit(last, notes.wording) if notes is not None and notes.wording is not None else None
    if notes is None or notes.wording is None or edit is None:
        return None
    wording = notes.wording
    rewriting = Rewriting(asked.output, asked.config.output, ledger, lock, {}, {})
    noted = {worded.path: worded for worded in wording.outputs}
    grown = len(edit.text.encode()) - len(wording.text.encode()), edit.text.count("\n") - wording.text.count("\n")
    made, moved = list[Room](), list[OutputRuns]()
    for entry in wording.entries:
        record = lock.get(entry.path)
        if record is None or record.inputs.get(wording.path) != wording.digest:
            return None
        found_there = [_rewritten(asked, noted[path], record, edit) for path in record.outputs if path in noted]
        rewritten = [one for one in found_there if one is not None]
        if len(rewritten) < len(found_there):
            return None
        moved += [one.worded for one in rewritten]
        made.append(_grown(entry, rewritten, grown))
        digests = {one.output.path: digest(one.output.data) for one in rewritten}
        inputs = {**record.inputs, wording.path: edit.digest}
        rewriting.records[entry.path] = Record(inputs, {**record.outputs, **digests})
        changed = [one.output for one in rewritten if record.outputs[one.output.path] != digests[one.output.path]]
        if changed:
            rewriting.outputs[entry.path] = changed
    if len(moved) != len(wording.outputs) or any(one.bytes < 0 or one.lines < 0 for one in made):
        return None
    noted_now = wording._replace(digest=edit.digest, text=edit.text, now=edit.now)
    noted_now = noted_now._replace(entries=tuple(made), outputs=tuple(moved))
    return Rewording(rewriting, notes._replace(wording=noted_now), said)


class _Edit(NamedTuple):
    """A text as it is now, the digest of its file, and what is new in it."""

    text: str
    digest: str
    words: Sequence[str | None]
    """The words of each line as it was."""
    change: NewWords | NewBlocks
    now: tuple[Range, ...]
    """Where the lines are now that stand somewhere together."""


def _notes(asked: Asked, last: Last, lock: Lock) -> Notes | None:
    """What is noted, with the wording of the text that was edited; None if there is none."""
    (path,) = last.changed
    notes = load_notes(asked.config.root, last.state)
    if notes is None or (notes.wording is not None and notes.wording.path == path):
        return notes
    return notes_of(asked.config.root, last.state, notes, path, lock)


def _edit(last: Last, wording: Wording) -> _Edit | None:
    """What has become of a text; None if only the compiler can tell what that comes to."""
    if wording.digest != last.state.files[wording.path][1]:
        return None
    contents = last.tree.read(wording.path)
    read, text = last.tree.reads[wording.path], decode(contents.data)
    if not isinstance(read, Read) or not isinstance(text, str) or len(text.encode()) > wording.most:
        return None
    lines_before = wording.text.split("\n")
    if any(end > len(lines_before) for _, end in wording.now):
        return None
    change: NewWords | NewBlocks | None = new_words(wording.text, text, wording.marked)
    if change is None and not wording.is_counted:
        change = new_blocks(wording, text)
    lines = None if change is None else change.moved(wording.now)
    if change is None or lines is None:
        return None
    return _Edit(text, read.digest, [*map(kept_words_of, lines_before)], change, lines)


class _Rewritten(NamedTuple):
    """An output with what is new, by how much that makes it larger, and where the text stands in it now."""

    output: Output
    bytes: int
    lines: int
    worded: OutputRuns


def _rewritten(asked: Asked, noted: OutputRuns, record: Record, edit: _Edit) -> _Rewritten | None:
    """An output with what is new; None if it is not what was noted."""
    found = read_regular(asked.output / noted.path)
    if found is None or digest(found[0]) != record.outputs[noted.path]:
        return None
    data, mode = found
    if mode != DOCUMENT_MODE:
        return None
    before = data.decode().split("\n")
    if not all(_stands_there(before, run, edit.words) for run in noted.runs):
        return None
    made = edit.change.rewritten(before, noted.runs)
    if made is None:
        return None
    lines, runs = made
    output = Output(noted.path, "\n".join(lines).encode(), mode)
    return _Rewritten(output, len(output.data) - len(data), len(lines) - len(before), OutputRuns(noted.path, runs))


def _stands_there(output: Sequence[str], run: Run, words: Sequence[str | None]) -> bool:
    """Whether the words of a text are where its lines are said to stand: nothing is built on what is not so."""
    # Blank lines at the end of an entry reach no output.
    found = zip_longest(words[run.here : run.end], output[run.there : run.there + run.length], fillvalue="")
    return run.end <= len(words) and all(not said or line.endswith(said) for said, line in found)


def _grown(entry: Room, rewritten: Sequence[_Rewritten], text: tuple[int, int]) -> Room:
    """An entry with the room that is left in its own file. `text` is by how many bytes and lines the text has grown: blank
    lines at an entry's end count, and reach no output.
    """
    own = [one for one in rewritten if one.output.path == entry.path]
    grown = sum(one.bytes for one in own), sum(one.lines for one in own)
    return Room(entry.path, entry.bytes - max(grown[0], text[0]), entry.lines - max(grown[1], text[1]))
