"""Blocks of running text that come, go or change: paragraphs, lists, tables, quotes, fences.

They stand between blank lines and in nothing that stands beside them, so that the blocks around them stay what they are: to
take a block out is to leave blank lines in its place, and how many blank lines stand between two blocks is nothing to
CommonMark. What counts lines takes the compiler, and so does what would be named by another line than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.incremental.same import adds_blocks_only, read_plain_text
from skillweave.incremental.words import Run, is_seen, kept_words_of
from skillweave.record import NamedTuple
from skillweave.rules.prose import may_command

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from skillweave.document import Document


_HEADINGS = ("heading", "setext")
_ENDED = (*_HEADINGS, "fence", "rule")
"""Blocks that nothing behind them can join; and those that are nothing without what comes behind them."""


class NewBlocks(NamedTuple):
    """Some lines of a text in place of others. A blank line stands before them; and one behind them, or at their end."""

    before: Sequence[str]
    """All lines of the old text, and of the new one."""
    after: Sequence[str]
    start: int
    """The first line that differs."""
    end: int
    """The first one of the old text that does not differ any more; likewise, of the new text."""
    new_end: int

    def rewrite(self, output: list[str], runs: tuple[Run, ...]) -> tuple[Run, ...] | None:
        """Change the lines of an output as those of the text have changed; where they stand then. None if it is not what was
        noted of it, or if only the compiler can tell whether it holds them.
        """
        moved: list[Run] = []
        grown = 0
        for run in runs:
            here = run._replace(there=run.there + grown)
            changed = self._rewrite(output, here)
            if changed is None:
                return None
            moved.append(changed)
            grown += changed.length - run.length
        return tuple(moved)

    def _rewrite(self, output: list[str], run: Run) -> Run | None:
        before, grown = self.before, self.new_end - self.end
        last = _trimmed(before, run.here, run.end)
        if self.end <= run.here:
            # What begins behind blank lines may begin there because they are blank, or because its section does.
            return run._replace(here=run.here + grown) if any(before[self.end : run.here]) else None
        if any(before[last : self.start]):
            return run
        if not any(before[run.here : self.start]) or any(before[max(last, self.start) : self.end]):
            return None
        # What is selected ends with a section or with the text, and without the blank lines there.
        rest = max(last - self.end, 0)
        new_last = last + grown if rest else _trimmed(self.after, run.here, self.new_end)
        first = min(self.start, last, new_last)
        at, until = run.there + first - run.here, run.there + last - rest - run.here
        if output[at:until] != before[first : last - rest] or not self._is_bare(output, run):
            return None
        output[at:until] = self.after[first : new_last - rest]
        return run._replace(length=run.length + grown if rest else new_last - run.here)

    def _is_bare(self, output: list[str], run: Run) -> bool:
        """Whether the lines of a run stand in an output with nothing before them: what has words tells that of all."""
        for line in range(run.here, run.end):
            if kept_words_of(self.before[line]):
                return output[run.there + line - run.here] == self.before[line]
        return False


def new_blocks(old: str, new: str, marked: Collection[int]) -> NewBlocks | None:
    """What has changed from one text to another; None if that is more than blocks of running text, or if a directive or one
    of the `marked` lines stands there or behind it.
    """
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
    changed = [line for line in (*before[start:end], *after[start : end + more]) if line]
    if not all(map(_is_inert, changed)) or max(marked, default=-1) >= start:
        return None
    was, is_now = read_plain_text(old), read_plain_text(new)
    if was is None or is_now is None or not _is_held(was, change):
        return None
    is_same = adds_blocks_only(was, old, start, end) and adds_blocks_only(is_now, new, start, change.new_end)
    return change if is_same else None


def _is_inert(line: str) -> bool:
    """Whether a line spells no directive, hides nothing and is no command, whatever a parse finds in it."""
    return is_seen(line) and not ("<<" in line or "{{" in line or may_command(line))


def _is_held(document: Document, change: NewBlocks) -> bool:
    """Whether whatever selects lines of a document selects what changes in it if it selects what stands before that; and
    whether its last block, should that be another one now, is no more open to what comes behind it than it was.
    """
    last = _trimmed(change.before, document.body, change.start)
    around = next((block for block in document.blocks if block.start < last <= block.end), None)
    # A directive divides what is selected.
    if (
        around is None
        or any(placed.line >= change.start for placed in document.directives)
        or around.kind == "directive"
    ):
        return False
    if around.end > last:
        return True  # They are lines of a fence.
    behind = next((block for block in document.blocks if block.start >= change.end), None)
    if behind is not None and behind.kind not in _HEADINGS:
        return True
    end = _trimmed(change.before, document.body, change.end)
    closing = next((block for block in document.blocks if block.end == end), None)
    return closing is not None and (closing.kind not in _ENDED or bool(closing.containers))


def _trimmed(lines: Sequence[str], start: int, end: int) -> int:
    """The end of some lines without the blank ones there."""
    while start < end and not lines[end - 1]:
        end -= 1
    return end
