"""An edit that changes words only: what it makes of outputs, told without the compiler.

Where the parse says the same of a text as before, and what has changed stands in lines that hold nothing but words, all
that was found out of the project holds still; and outputs differ in these very lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.bundle import Bundle, Output
from skillweave.config import LOCK_NAME
from skillweave.files import Read
from skillweave.incremental.last import MISSHAPED, Last, said_by
from skillweave.incremental.new_paragraphs import new_paragraphs
from skillweave.incremental.new_words import new_words
from skillweave.incremental.words import Worded, Wording, from_json
from skillweave.lock import Ledger
from skillweave.project import Entry
from skillweave.publish import Request, read_plain
from skillweave.record import NamedTuple
from skillweave.saved import load_wording
from skillweave.source import SourcePath, decode
from skillweave.stamps import digest
from skillweave.state import written_lock

if TYPE_CHECKING:
    from skillweave.incremental.new_paragraphs import NewParagraphs
    from skillweave.incremental.new_words import NewWords
    from skillweave.incremental.values import Asked, Outcome
    from skillweave.lock import Record


class Rewording(NamedTuple):
    """What is to be published after such an edit, and what the next one can build on."""

    request: Request
    wording: Wording
    said: Outcome
    """What the last run said, which holds still."""


def reworded(asked: Asked, last: Last) -> Rewording | None:
    """What an edit makes of outputs that changes words of the text only that was edited last; None for any other edit."""
    wording, said = _noted(asked, last), said_by(last.state)
    edit = _edit(last, wording) if wording is not None else None
    if wording is None or edit is None or said is None:
        return None
    ledger = Ledger(written_lock(last.state))
    found = read_plain(asked.output / LOCK_NAME)
    records = (ledger.read(found[0]) if found else None) or {}
    bundles, moved = list[Bundle](), list[Worded]()
    for path, id_, kind, folder in wording.entries:
        record = records.get(path)
        if record is None or record.inputs.get(wording.path) != wording.digest:
            return None
        rewritten = _rewritten(asked, path, record, wording, edit)
        if rewritten is None:
            return None
        entry = Entry(id_, "skill" if kind == "skill" else "document", SourcePath(path), SourcePath(folder), ())
        inputs = {**record.inputs, wording.path: edit.digest}
        bundles.append(Bundle(entry, rewritten.outputs, inputs, {}, {}))
        moved += rewritten.worded
    if len(moved) != len(wording.outputs):
        return None
    kept = frozenset(entry.path for entry in said.entries) - {bundle.entry.path for bundle in bundles}
    request = Request(asked.output, asked.config.output, bundles, kept, ledger, wording.hidden)
    return Rewording(request, wording._replace(digest=edit.digest, text=edit.text, outputs=tuple(moved)), said)


class _Edit(NamedTuple):
    """A text as it is now, the digest of its file, and what is new in it."""

    text: str
    digest: str
    change: NewWords | NewParagraphs


def _noted(asked: Asked, last: Last) -> Wording | None:
    """What is noted of the text that was edited; None if it is another one, or not of the last run."""
    state = last.state
    if len(last.changed) != 1 or state.pending:
        return None
    try:
        wording = from_json(load_wording(asked.config.root, state))
        is_right = {wording.path} == last.changed and wording.digest == state.files[wording.path][1]
    except MISSHAPED:
        return None
    return wording if is_right and wording.worked == state.worked else None


def _edit(last: Last, wording: Wording) -> _Edit | None:
    """What has become of a text; None if more than words has changed."""
    contents = last.tree.read(wording.path)
    read, text = last.tree.reads[wording.path], decode(contents.data)
    if not isinstance(read, Read) or not isinstance(text, str) or len(text.encode()) > wording.most:
        return None
    change: NewWords | NewParagraphs | None = new_words(wording.text, text, wording.marked)
    if change is None and not wording.is_counted:
        change = new_paragraphs(wording.text, text, wording.marked)
    return None if change is None else _Edit(text, read.digest, change)


class _Rewritten(NamedTuple):
    """The outputs of an entry, and where the text stands in them now."""

    outputs: tuple[Output, ...]
    worded: tuple[Worded, ...]


def _rewritten(asked: Asked, entry: str, record: Record, wording: Wording, edit: _Edit) -> _Rewritten | None:
    """The outputs of an entry with what is new; None if they are not what was noted, or become too large."""
    noted = {worded.path: worded for worded in wording.outputs}
    limits = asked.config.limits
    outputs, moved = list[Output](), list[Worded]()
    for path, fingerprint in sorted(record.outputs.items()):
        found = read_plain(asked.output / path)
        if found is None or digest(found[0]) != fingerprint:
            return None
        data, mode = found
        if path in noted:
            lines = data.decode().split("\n")
            runs = edit.change.rewrite(lines, noted[path].runs)
            if runs is None:
                return None
            data = "\n".join(lines).encode()
            moved.append(Worded(path, runs))
            if path == entry and (len(data) > 4 * limits.skill_tokens or len(lines) > limits.skill_lines):
                return None  # It takes more than a look to tell whether that is too long for a skill.
        outputs.append(Output(path, data, mode))
    return _Rewritten(tuple(outputs), tuple(moved))
