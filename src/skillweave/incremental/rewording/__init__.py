"""The most common edit, published without the compiler: changed words in one file.

If the parse finds the same in the old and the new text, at the same places, then all that is known about the project still
holds, and each output differs from what was published in the changed lines only. There are four steps:

1. *Where*: the notes of the last compilation say where the lines of each text stand in which output (`noting` makes a
   `source_map`, `notes` keeps it from run to run, `words` holds what it says about one text).
2. *What*: find the lines whose words have changed (`new_words`), or the whole blocks between blank lines (`new_blocks`).
3. *Whether*: `same` compares what the parse finds. The answer is None, and the compiler takes over, in any case of doubt and in
   these: a directive, definition, comment or link of the project on a changed line, a finding that names such a line, a
   template, a text shown as code or included in running text, a size near a limit, a second changed file. Headings may change
   if no link can show it (`names`), and if it moves no other heading (`new_blocks`).
4. *Patch*: each output is read, checked against its digest and the old lines, and gets the new ones.

No note is believed without being checked against the files. `test_rewording.py` compares random edits with clean builds.
"""

from __future__ import annotations

from itertools import zip_longest

from skillweave.bundle import DOCUMENT_MODE, Output
from skillweave.config import LOCK_NAME
from skillweave.files import Read
from skillweave.incremental.last import Last, outcome_of
from skillweave.incremental.rewording.new_blocks import new_blocks
from skillweave.incremental.rewording.new_words import NewWords, new_words
from skillweave.incremental.rewording.notes import Notes, load_notes, names_beside, notes_of
from skillweave.incremental.rewording.same import NewNames
from skillweave.incremental.rewording.words import OutputRuns, Room, kept_words_of
from skillweave.lock import Ledger, Record
from skillweave.publish import Rewriting
from skillweave.record import NamedTuple
from skillweave.regular import read_regular
from skillweave.source import decode
from skillweave.stamps import digest
from skillweave.state import written_lock
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.incremental.rewording.new_blocks import NewBlocks
    from skillweave.incremental.rewording.words import Range, Run
    from skillweave.incremental.values import Asked, Outcome
    from skillweave.lock import Lock


class Rewording(NamedTuple):
    """What to publish after such an edit, and what the next edit can build on."""

    rewriting: Rewriting
    notes: Notes
    outcome: Outcome
    """What the last run reported, which is still true."""


def reworded(asked: Asked, last: Last) -> Rewording | None:
    """Work out what an edit of running text in one file changes in the outputs; None for any other edit.

    The result is valid only if all outputs are there as they were published, which the caller has to check.
    """
    outcome = outcome_of(last.state)
    if outcome is None or len(last.changed) != 1 or last.state.pending:
        return None
    ledger = Ledger(written_lock(last.state))
    if asked.memory is not None:
        ledger = asked.memory.ledger = asked.memory.ledger or ledger
    found = read_regular(asked.output / LOCK_NAME)
    lock = (ledger.read(found[0]) if found else None) or {}
    notes = _notes(asked, last, lock)
    edit = _edit(asked, last, notes) if notes is not None else None
    if notes is None or notes.wording is None or edit is None:
        return None
    wording = notes.wording
    rewriting = Rewriting(asked.output, asked.config.output, ledger, lock, {}, {})
    noted = {worded.path: worded for worded in wording.outputs}
    grown = _Growth(
        len(edit.text.encode()) - len(wording.text.encode()), edit.text.count("\n") - wording.text.count("\n")
    )
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
    noted_now = wording._replace(digest=edit.digest, text=edit.text, names=edit.names, now=edit.now)
    noted_now = noted_now._replace(entries=tuple(made), outputs=tuple(moved))
    return Rewording(rewriting, notes._replace(wording=noted_now, others=edit.others), outcome)


class _Edit(NamedTuple):
    """A text as it is now, the digest of its file, and what has changed in it."""

    text: str
    digest: str
    words: Sequence[str | None]
    """For each line of the old text, its words (see `kept_words_of`)."""
    change: NewWords | NewBlocks
    names: str | None
    """`Wording.names` of the new text."""
    others: str
    """`Notes.others`, which are known once a heading is renamed."""
    now: tuple[Range, ...]
    """`Wording.noted` as line ranges of the new text."""


def _notes(asked: Asked, last: Last, lock: Lock) -> Notes | None:
    """The notes, with the wording of the edited text; None if there are none."""
    (path,) = last.changed
    notes = load_notes(asked.config.root, last.state)
    if notes is None or (notes.wording is not None and notes.wording.path == path):
        return notes
    return notes_of(asked.config.root, last.state, notes, path, lock)


def _edit(asked: Asked, last: Last, notes: Notes) -> _Edit | None:
    """Read the edited text and find what has changed; None if only the compiler can tell what that changes in outputs."""
    wording = notes.wording
    if wording is None or wording.digest != last.state.files[wording.path][1]:
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
    names, others = wording.names, notes.others
    if change.names != NewNames():
        from skillweave.incremental.rewording.names import with_new  # noqa: PLC0415 (most edits change no heading)

        beside = names_beside(asked.config.root, last.state, notes, wording.path) if names is not None else None
        names = with_new(names, beside, change.names) if names is not None and beside is not None else None
        if names is None or beside is None:
            return None
        others = beside
    return _Edit(text, read.digest, [*map(kept_words_of, lines_before)], change, names, others, lines)


class _Rewritten(NamedTuple):
    """A patched output, by how many bytes and lines it has grown, and where the text stands in it now."""

    output: Output
    bytes: int
    lines: int
    worded: OutputRuns


def _rewritten(asked: Asked, noted: OutputRuns, record: Record, edit: _Edit) -> _Rewritten | None:
    """Read and patch one output; None if it is not what was noted."""
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
    """Whether the output has the words of the text where the run says. If not, the notes cannot be relied on."""
    # An entry's trailing blank lines reach no output, so the output may end before the run does.
    found = zip_longest(words[run.here : run.end], output[run.there : run.there + run.length], fillvalue="")
    return run.end <= len(words) and all(not word or line.endswith(word) for word, line in found)


class _Growth(NamedTuple):
    """By how much a text has grown."""

    bytes: int
    lines: int


def _grown(entry: Room, rewritten: Sequence[_Rewritten], text: _Growth) -> Room:
    """Update the room that is left in an entry's own file. The growth of its text matters, too: trailing blank lines count
    towards the limits, although they reach no output.
    """
    own = [one for one in rewritten if one.output.path == entry.path]
    grown = _Growth(sum(one.bytes for one in own), sum(one.lines for one in own))
    return Room(entry.path, entry.bytes - max(grown.bytes, text.bytes), entry.lines - max(grown.lines, text.lines))
