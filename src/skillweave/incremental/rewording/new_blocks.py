"""Blocks that were added, removed or changed: paragraphs, lists, tables, quotes, fences, comments, headings.

Link definitions may stand between them, if they stay as they are.

These blocks stand between blank lines, and in no list item or quote that holds anything else, so the blocks around them stay
what they are: removing a block amounts to leaving blank lines in its place, and to CommonMark the number of blank lines between
two blocks means nothing. The compiler is needed where something counts lines, and where a finding would name another line than
before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.incremental.rewording.same import (
    NewNames,
    holds_blocks_only,
    is_comment,
    labels_on,
    lasting_lines,
    read_plain_text,
)
from skillweave.incremental.rewording.words import Run, is_all_visible, kept_words_of, words_of
from skillweave.record import NamedTuple
from skillweave.rules.prose import may_command

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from skillweave.document import Document, Heading
    from skillweave.incremental.rewording.words import Range, Wording
    from skillweave.markdown.values import Block


_HEADINGS = ("heading", "setext")
_ENDED = (*_HEADINGS, "fence", "rule")
"""Blocks that the text behind them cannot continue. The same is true of comments."""


class NewBlocks(NamedTuple):
    """A change that replaces a run of lines by others. A blank line stands before the run, and behind it or at its end."""

    before: Sequence[str]
    """All lines of the old text."""
    after: Sequence[str]
    """All lines of the new one."""
    start: int
    """The first changed line, moved back to the start of its block."""
    end: int
    """The line behind the last changed line, in the old text."""
    new_end: int
    """The line behind the last changed line, in the new text."""
    headings: tuple[frozenset[int], frozenset[int]]
    """The changed lines that are headings, in the old text and in the new one."""
    names: NewNames
    """The names of those headings that come or go."""

    def moved(self, ranges: Sequence[Range]) -> tuple[Range, ...] | None:
        """Translate line ranges of the old text, each selected or standing together in an output, to the new text. None if only
        the compiler can tell which lines belong to a range now.
        """
        around = _Gaps.of(self)
        moved = [self._moved(here, end, around) for here, end in ranges]
        return tuple((one.here, one.end) for one in moved if one is not None) if None not in moved else None

    def is_end_of(self, lines: Range) -> bool:
        """Whether a line range of the old text ends, apart from trailing blank lines, where the change is."""
        return lines[0] < self.end and _trimmed(self.before, 0, self.start) <= _trimmed(self.before, *lines) <= self.end

    def rewritten(self, output: Sequence[str], runs: Sequence[Run]) -> tuple[list[str], tuple[Run, ...]] | None:
        """Apply the change to an output, given its lines and the runs of the old text in it. Returns the new lines and the new
        runs; None if the output does not hold what was noted, or if only the compiler can tell which lines it holds now.
        """
        made, runs_now, done = list[str](), list[Run](), 0
        around = _Gaps.of(self)
        for run in runs:
            moved = self._moved(run.here, run.end, around)
            if moved is None:
                return None
            runs_now.append(Run(run.there + len(made) - done, moved.here, moved.end - moved.here, run.shift))
            if moved.first == moved.until == moved.new_until:
                continue
            at, until = (run.there + line - run.here for line in (moved.first, moved.until))
            said = _shifted(self.before, self.headings[0], (moved.first, moved.until), run.shift)
            if output[at:until] != said or not self._is_bare(output, run):
                return None
            says = _shifted(self.after, self.headings[1], (moved.first, moved.new_until), run.shift)
            made += [*output[done:at], *says]
            done = until
        return [*made, *output[done:]], tuple(runs_now)

    def _moved(self, here: int, end: int, around: _Gaps) -> _Moved | None:
        """What becomes of a selected line range of the old text; None if only the compiler can tell."""
        more, last = self.new_end - self.end, _trimmed(self.before, here, end)
        if self.end <= here:
            # No text stands between the change and this range. It may start here because blank lines precede it or because its
            # section does: only the compiler can tell.
            return _Moved(here + more, end + more, here, here, here) if around.behind < here else None
        if last < around.above:
            return _Moved(here, end, here, here, here)
        if around.above <= here or max(last, self.start) < around.said:
            return None
        rest = max(last - self.end, 0)
        if not rest and last < end and any(self.before[end:]):
            return None  # The range keeps its trailing blank lines although more text follows: their number counts.
        # The range ends with a section or with the text, without the blank lines there.
        new_last = last + more if rest else _trimmed(self.after, here, self.new_end)
        first = min(self.start, last, new_last)
        return _Moved(here, end + more if rest else new_last, first, last - rest, new_last - rest)

    def _is_bare(self, output: Sequence[str], run: Run) -> bool:
        """Whether the lines of a run have no prefix in an output. The first line with words decides for all; False if there is
        none.
        """
        for line in range(run.here, run.end):
            if kept_words_of(self.before[line]):
                return output[run.there + line - run.here] == self.before[line]
        return False


class _Moved(NamedTuple):
    """A selected line range as it is now (`here` to `end`), and what changed in it: lines `first` to `until` of the old text
    are replaced by lines `first` to `new_until` of the new one.
    """

    here: int
    end: int
    first: int
    until: int
    new_until: int


class _Gaps(NamedTuple):
    """Where the non-blank lines of the old text around a change are."""

    above: int
    """The line behind the last non-blank line before the change."""
    said: int
    """The line behind the last non-blank line of the change; the start of the change if all its lines are blank."""
    behind: int
    """The first non-blank line behind the change."""

    @classmethod
    def of(cls, change: NewBlocks) -> _Gaps:
        before, behind = change.before, change.end
        while behind < len(before) and not before[behind]:
            behind += 1
        return cls(_trimmed(before, 0, change.start), _trimmed(before, change.start, change.end), behind)


def new_blocks(wording: Wording, new: str) -> NewBlocks | None:
    """Find the change between the text of a wording and its new version.

    None if it affects more than blocks of running text, or if a directive, or something whose line a finding may name, stands
    in it or behind it.
    """
    old = wording.text
    before, after = old.split("\n"), new.split("\n")
    if any(line.isspace() for line in (*before, *after)):
        return None  # Such a line counts as blank in some places and not in others.
    start, end = 0, len(before)
    shorter, more = min(len(before), len(after)), len(after) - len(before)
    while start < shorter and before[start] == after[start]:
        start += 1
    while end > start and end + more > start and before[end - 1] == after[end + more - 1]:
        end -= 1
    while start and before[start - 1]:
        start -= 1
    while end < len(before) and before[end] and (before[end - 1] or after[end + more - 1]):
        end += 1
    if wording.marked and (start <= wording.marked[-1] or any(before[end:])):
        return None  # A finding may name, in this text, the line of something that moves.
    changed = [line for line in (*before[start:end], *after[start : end + more]) if line]
    if not all(map(_is_harmless, changed)):
        return None
    was, is_now = read_plain_text(old), read_plain_text(new)
    if was is None or is_now is None:
        return None
    headings = _headings(was, start, end), _headings(is_now, start, end + more)
    names = NewNames.of(*headings)
    places = frozenset(one.start for one in headings[0]), frozenset(one.start for one in headings[1])
    change = NewBlocks(before, after, start, end, end + more, places, names)
    if not (_is_selected_alike(was, is_now, change, wording) and _uses_the_same_labels(was, is_now, change)):
        return None
    kinds = ["definition"]
    if [before[line] for line in sorted(places[0])] == [after[line] for line in sorted(places[1])]:
        kinds.append("heading")
    elif not _may_change(wording, change, (was, is_now), headings):
        return None
    lasting = lasting_lines(was, start, end, kinds), lasting_lines(is_now, start, end + more, kinds)
    if [before[line] for line in sorted(lasting[0])] != [after[line] for line in sorted(lasting[1])]:
        return None
    is_same = holds_blocks_only(was, old, {*range(start, end)} - lasting[0])
    return change if is_same and holds_blocks_only(is_now, new, {*range(start, end + more)} - lasting[1]) else None


def _headings(document: Document, start: int, end: int) -> list[Heading]:
    return [heading for heading in document.headings if start <= heading.start < end]


def _may_change(
    wording: Wording,
    change: NewBlocks,
    documents: tuple[Document, Document],
    headings: tuple[Sequence[Heading], Sequence[Heading]],
) -> bool:
    """Whether the headings in a change may come and go: nothing selects them, and they move no other headings.

    How far an include moves the headings of a text depends on the shallowest one. `documents` and `headings` are given as they
    were and as they are now.
    """
    shallowest = [
        min((one.level for one in document.headings if not one.containers), default=0) for document in documents
    ]
    if wording.names is None or not wording.deepest or shallowest[0] != shallowest[1]:
        return False
    lines = [*(change.before[one.start] for one in headings[0]), *(change.after[one.start] for one in headings[1])]
    are_plain = all(line.startswith("#") and words_of(line) and "[" not in line for line in lines)
    return are_plain and all(one.level <= wording.deepest for one in headings[1])


def _shifted(lines: Sequence[str], headings: Collection[int], place: Range, shift: int) -> list[str]:
    """Some lines as they stand in an output that moves their headings by `shift` levels."""
    start, end = place
    if shift == 0:
        return [*lines[start:end]]
    return [_moved_mark(lines[line], shift) if line in headings else lines[line] for line in range(start, end)]


def _moved_mark(heading: str, shift: int) -> str:
    words = heading.lstrip("#")
    return "#" * (len(heading) - len(words) + shift) + words


def _is_harmless(line: str) -> bool:
    """Whether a line, however it is parsed, spells no directive, contains no hidden character and cannot be a command."""
    return is_all_visible(line) and not ("<<" in line or "{{" in line or may_command(line))


def _uses_the_same_labels(document: Document, new: Document, change: NewBlocks) -> bool:
    """Whether the labels that are used in the changed lines stay the same."""
    before = labels_on(document, "\n".join(change.before), range(change.start, change.end))
    after = labels_on(new, "\n".join(change.after), range(change.start, change.new_end))
    return set().union(*before.values()) == set().union(*after.values())


def _is_selected_alike(document: Document, new: Document, change: NewBlocks, wording: Wording) -> bool:
    """Whether a change affects neither what is selected nor what follows the text in an output.

    Every selection that takes the lines before the change must take the changed lines, too. And where another text may follow
    this one, that text may continue the new last block only if it could continue the old one.
    """
    last = _trimmed(change.before, document.body, change.start)
    above = next((block for block in document.blocks if block.start < last <= block.end), None)
    # A directive splits a selection in two.
    if above is None or above.kind == "directive" or any(placed.line >= change.start for placed in document.directives):
        return False
    if above.end > last:
        return True  # The change lies inside a fence.
    behind = next((block for block in document.blocks if block.start >= change.end), None)
    if behind is not None and behind.kind not in _HEADINGS:
        return True
    if wording.is_alone or not any(change.is_end_of(lines) for lines in wording.now):
        return True
    closing = _closing(document, _trimmed(change.before, document.body, change.end))
    new_closing = _closing(new, _trimmed(change.after, document.body, change.new_end))
    was_open = closing is not None and not _is_ended(closing, change.before)
    return was_open or (new_closing is not None and _is_ended(new_closing, change.after))


def _closing(document: Document, end: int) -> Block | None:
    return next((block for block in document.blocks if block.end == end), None)


def _is_ended(block: Block, lines: Sequence[str]) -> bool:
    """Whether no text that follows a block can become part of it."""
    return (block.kind in _ENDED or is_comment(block, lines)) and not block.containers


def _trimmed(lines: Sequence[str], start: int, end: int) -> int:
    """The end of a line range without its trailing blank lines."""
    while start < end and not lines[end - 1]:
        end -= 1
    return end
