"""Blocks of running text that come, go or change: paragraphs, lists, tables, quotes, fences, comments.

They stand between blank lines, and in no list item and no quote that holds anything beside them, so that the blocks around
them stay what they are: to take a block out is to leave blank lines in its place, and how many blank lines stand between
two blocks is nothing to CommonMark. What counts lines takes the compiler, and so does what would be named by another line
than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.incremental.rewording.same import holds_blocks_only, is_comment, read_plain_text
from skillweave.incremental.rewording.words import Run, is_all_visible, kept_words_of
from skillweave.record import NamedTuple
from skillweave.rules.prose import may_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.document import Document
    from skillweave.incremental.rewording.words import Range, Wording
    from skillweave.markdown.values import Block


_HEADINGS = ("heading", "setext")
_ENDED = (*_HEADINGS, "fence", "rule")
"""Blocks that nothing behind them can become a part of, as of a comment."""


class NewBlocks(NamedTuple):
    """Some lines of a text in place of others. A blank line stands before them; and one behind them, or at their end."""

    before: Sequence[str]
    """All lines of the old text."""
    after: Sequence[str]
    """All lines of the new one."""
    start: int
    """The first line that differs."""
    end: int
    """The line of the old text from which on it does not differ any more."""
    new_end: int
    """The same line in the new text."""

    def moved(self, ranges: Sequence[Range]) -> tuple[Range, ...] | None:
        """Where ranges of lines that are selected, or stand somewhere together, are in the new text; None if only the compiler
        can tell what belongs to them now.
        """
        around = _Gaps.of(self)
        moved = [self._moved(here, end, around) for here, end in ranges]
        return tuple((one.here, one.end) for one in moved if one is not None) if None not in moved else None

    def is_end_of(self, lines: Range) -> bool:
        """Whether some lines of the old text end, but for blank ones, where the change is."""
        return lines[0] < self.end and _trimmed(self.before, 0, self.start) <= _trimmed(self.before, *lines) <= self.end

    def rewritten(self, output: Sequence[str], runs: Sequence[Run]) -> tuple[list[str], tuple[Run, ...]] | None:
        """The lines of an output with those of the text as they are now, and where they stand then. None if the output is
        not what was noted of it, or if only the compiler can tell whether it holds them.
        """
        made, runs_now, done = list[str](), list[Run](), 0
        around = _Gaps.of(self)
        for run in runs:
            moved = self._moved(run.here, run.end, around)
            if moved is None:
                return None
            runs_now.append(Run(run.there + len(made) - done, moved.here, moved.end - moved.here))
            if moved.first == moved.until == moved.new_until:
                continue
            at, until = (run.there + line - run.here for line in (moved.first, moved.until))
            if output[at:until] != self.before[moved.first : moved.until] or not self._is_bare(output, run):
                return None
            made += [*output[done:at], *self.after[moved.first : moved.new_until]]
            done = until
        return [*made, *output[done:]], tuple(runs_now)

    def _moved(self, here: int, end: int, around: _Gaps) -> _Moved | None:
        """What becomes of selected lines."""
        more, last = self.new_end - self.end, _trimmed(self.before, here, end)
        if self.end <= here:
            # What begins behind blank lines may begin there because they are blank, or because its section does.
            return _Moved(here + more, end + more, here, here, here) if around.behind < here else None
        if last < around.above:
            return _Moved(here, end, here, here, here)
        if around.above <= here or max(last, self.start) < around.said:
            return None
        rest = max(last - self.end, 0)
        if not rest and last < end and any(self.before[end:]):
            return None  # What follows is left out, but not the blank lines before that: they count.
        # What is selected ends with a section or with the text, and without the blank lines there.
        new_last = last + more if rest else _trimmed(self.after, here, self.new_end)
        first = min(self.start, last, new_last)
        return _Moved(here, end + more if rest else new_last, first, last - rest, new_last - rest)

    def _is_bare(self, output: Sequence[str], run: Run) -> bool:
        """Whether the lines of a run stand in an output with nothing before them: the first one with words tells it for all.
        False if there is none.
        """
        for line in range(run.here, run.end):
            if kept_words_of(self.before[line]):
                return output[run.there + line - run.here] == self.before[line]
        return False


class _Moved(NamedTuple):
    """Selected lines as they are now, and what is new in them: some lines of the new text in place of some of the old one,
    from the same line on.
    """

    here: int
    end: int
    first: int
    until: int
    new_until: int


class _Gaps(NamedTuple):
    """Lines of the old text that are not blank."""

    above: int
    """The line behind the last one before what changes."""
    said: int
    """The line behind the last one in what changes; where that starts if there is none."""
    behind: int
    """The first one behind what changes."""

    @classmethod
    def of(cls, change: NewBlocks) -> _Gaps:
        before, behind = change.before, change.end
        while behind < len(before) and not before[behind]:
            behind += 1
        return cls(_trimmed(before, 0, change.start), _trimmed(before, change.start, change.end), behind)


def new_blocks(wording: Wording, new: str) -> NewBlocks | None:
    """What has changed in a text; None if that is more than blocks of running text, or if a directive stands there or behind
    it, or something that a finding may name by its line.
    """
    old = wording.text
    before, after = old.split("\n"), new.split("\n")
    if any(line.isspace() for line in (*before, *after)):
        return None  # Whether such a line counts as blank depends on who asks.
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
    change = NewBlocks(before, after, start, end, end + more)
    if wording.marked and (start <= wording.marked[-1] or any(before[end:])):
        return None  # A finding may say where in the text something else stands.
    changed = [line for line in (*before[start:end], *after[start : end + more]) if line]
    if not all(map(_is_harmless, changed)):
        return None
    was, is_now = read_plain_text(old), read_plain_text(new)
    if was is None or is_now is None or not _is_selected_alike(was, is_now, change, wording):
        return None
    is_same = holds_blocks_only(was, old, start, end) and holds_blocks_only(is_now, new, start, change.new_end)
    return change if is_same else None


def _is_harmless(line: str) -> bool:
    """Whether a line spells no directive, hides nothing and is no command, whatever a parse finds in it."""
    return is_all_visible(line) and not ("<<" in line or "{{" in line or may_command(line))


def _is_selected_alike(document: Document, new: Document, change: NewBlocks, wording: Wording) -> bool:
    """Whether whatever selects lines of a document selects what changes in it if it selects what stands before that; and
    whether what follows the text can no more run into the last block of the new one than of the old, where anything may
    follow it.
    """
    last = _trimmed(change.before, document.body, change.start)
    above = next((block for block in document.blocks if block.start < last <= block.end), None)
    # A directive divides what is selected.
    if above is None or above.kind == "directive" or any(placed.line >= change.start for placed in document.directives):
        return False
    if above.end > last:
        return True  # They are lines of a fence.
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
    """Whether nothing that follows can become a part of a block."""
    return (block.kind in _ENDED or is_comment(block, lines)) and not block.containers


def _trimmed(lines: Sequence[str], start: int, end: int) -> int:
    """The end of some lines without the blank ones there."""
    while start < end and not lines[end - 1]:
        end -= 1
    return end
