"""An edit that changes words only: what it makes of outputs, told without the compiler.

Where the parse says the same of a text as before, in the same lines and columns, and what has changed stands in lines that
hold nothing but words, all that was found out of the project holds still; and outputs differ in these very lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillweave.bundle import Bundle, Output
from skillweave.config import LOCK_NAME
from skillweave.files import Read
from skillweave.incremental.last import MISSHAPED, Last, said_by
from skillweave.incremental.words import Worded, Wording, from_json, words_of
from skillweave.lock import Ledger
from skillweave.parse.documents import parse_plain
from skillweave.project import Entry
from skillweave.publish import Request, read_plain
from skillweave.record import NamedTuple
from skillweave.saved import load_wording
from skillweave.source import Edit, LineIndex, SourcePath, Span, decode
from skillweave.stamps import digest
from skillweave.state import written_lock

if TYPE_CHECKING:
    from skillweave.document import Document
    from skillweave.incremental.values import Asked, Outcome
    from skillweave.lock import Record


class Rewording(NamedTuple):
    """What is to be published after such an edit, and what the next one can build on."""

    request: Request
    wording: Wording
    said: Outcome
    """What the last run said, which holds still."""


Changed = dict[int, tuple[str, str]]
"""The lines of a text that have other words now: what they said, and what they say."""


def reworded(asked: Asked, last: Last) -> Rewording | None:
    """What an edit makes of outputs that changes words of the text only that was edited last; None for any other edit."""
    wording, said = _noted(asked, last), said_by(last.state)
    edit = _edit(last, wording) if wording is not None else None
    if wording is None or edit is None or said is None:
        return None
    ledger = Ledger(written_lock(last.state))
    found = read_plain(asked.output / LOCK_NAME)
    records = (ledger.read(found[0]) if found else None) or {}
    bundles = []
    for path, id_, kind, folder in wording.entries:
        record = records.get(path)
        if record is None or record.inputs.get(wording.path) != wording.digest:
            return None
        outputs = _rewritten(asked, path, record, wording, edit.changed)
        if outputs is None:
            return None
        entry = Entry(id_, "skill" if kind == "skill" else "document", SourcePath(path), SourcePath(folder), ())
        bundles.append(Bundle(entry, outputs, {**record.inputs, wording.path: edit.digest}, {}, {}))
    digests = {output.path: digest(output.data) for bundle in bundles for output in bundle.outputs}
    if any(worded.path not in digests for worded in wording.outputs):
        return None
    kept = frozenset(entry.path for entry in said.entries) - {bundle.entry.path for bundle in bundles}
    request = Request(asked.output, asked.config.output, bundles, kept, ledger, wording.hidden)
    worded = tuple(worded._replace(digest=digests[worded.path]) for worded in wording.outputs)
    return Rewording(request, wording._replace(digest=edit.digest, text=edit.text, outputs=worded), said)


class _Edit(NamedTuple):
    """A text as it is now, the digest of its file, and the words in it that are new."""

    text: str
    digest: str
    changed: Changed


def _edit(last: Last, wording: Wording) -> _Edit | None:
    """What has become of a text; None if more than words has changed."""
    contents = last.tree.read(wording.path)
    read, text = last.tree.reads[wording.path], decode(contents.data)
    if not isinstance(read, Read) or not isinstance(text, str) or len(text.encode()) > wording.most:
        return None
    changed = changed_words(wording.text, text)
    if changed is None or not changed.keys().isdisjoint(wording.marked):
        return None
    return _Edit(text, read.digest, changed) if says_the_same(wording.text, text, changed) else None


def _noted(asked: Asked, last: Last) -> Wording | None:
    """What is noted of the text that was edited; None if it is another one, or not of the last run."""
    state = last.state
    if len(last.changed) != 1 or state.pending:
        return None
    try:
        wording = from_json(load_wording(asked.config.root, state))
        is_right = {wording.path} == last.changed and wording.digest == state.files[wording.path][1]
        is_right = is_right and all(state.outputs[worded.path][1] == worded.digest for worded in wording.outputs)
    except MISSHAPED:
        return None
    return wording if is_right and wording.worked == state.worked else None


def changed_words(old: str, new: str) -> Changed | None:
    """The lines that have other words; None if anything else has changed."""
    before, after = old.split("\n"), new.split("\n")
    if len(before) != len(after):
        return None
    changed: Changed = {}
    for line, (said, says) in enumerate(zip(before, after, strict=True)):
        if said != says:
            was, is_now = words_of(said), words_of(says)
            if was is None or is_now is None or was[0] != is_now[0]:
                return None
            changed[line] = was[1], is_now[1]
    return changed


def says_the_same(old: str, new: str, changed: Changed) -> bool:
    """Whether the parse says the same of two texts, in the same lines and columns, but for words of lines of the body."""
    if "<!--" in old or "<!--" in new:  # They may take a parser to read.
        return False
    was, is_now = parse_plain(old), parse_plain(new)
    if was is None or is_now is None or any(line < was.body for line in changed):
        return False
    return _placed(was, LineIndex(old)) == _placed(is_now, LineIndex(new))


def _placed(document: Document, index: LineIndex) -> list[Any]:
    """All that a document says, one thing after the other, with lines and columns for offsets."""
    said: list[Any] = [index.position(offset) for offset in document.escapes]
    pending: list[Any] = [document._replace(escapes=())]
    while pending:
        one = pending.pop()
        if isinstance(one, (Span, Edit)):
            said += [index.position(one.start), index.position(one.end), *one[2:]]
        elif isinstance(one, tuple):
            said.append((type(one), len(one)))
            pending.extend(one)
        else:
            said.append(one)
    return said


def _rewritten(
    asked: Asked, entry: str, record: Record, wording: Wording, changed: Changed
) -> tuple[Output, ...] | None:
    """The outputs of an entry with other words; None if they are not what was noted, or become too large."""
    noted = {worded.path: worded for worded in wording.outputs}
    outputs = []
    for path, fingerprint in sorted(record.outputs.items()):
        found = read_plain(asked.output / path)
        if found is None or digest(found[0]) != fingerprint:
            return None
        data, mode = found
        if path in noted:
            text = _with_words(data.decode(), noted[path], changed)
            if text is None:
                return None
            data = text.encode()
            if path == entry and len(data) > 4 * asked.config.limits.skill_tokens:
                return None  # It takes more than a look to tell whether that is too long for a skill.
        outputs.append(Output(path, data, mode))
    return tuple(outputs)


def _with_words(text: str, worded: Worded, changed: Changed) -> str | None:
    lines = text.split("\n")
    for there, here, length in worded.runs:
        for line, (said, says) in changed.items():
            if here <= line < here + length:
                at = there + line - here
                if at >= len(lines) or not lines[at].endswith(said):
                    return None
                lines[at] = lines[at].removesuffix(said) + says
    return "\n".join(lines)
