"""Blocks that were added, removed or changed: paragraphs, lists, tables, quotes, fences, comments, headings.

Link definitions may stand between them, if they stay as they are.

These blocks stand between blank lines, and in no list item or quote that holds anything else, so the blocks around them stay
what they are: removing a block amounts to leaving blank lines in its place, and to CommonMark the number of blank lines between
two blocks means nothing. The compiler is needed where something counts lines, and where a finding would name another line than
before.
"""

from __future__ import annotations

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
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.document import Document, Heading
    from skillweave.incremental.rewording.words import Range, Wording
    from skillweave.markdown.values import Block


_HEADINGS = ("heading", "setext")
_ENDED = (*_HEADINGS, "fence", "rule")
"""Blocks that the text behind them cannot continue. The same is true of comments."""


class Version(NamedTuple):
    """A plain text as it was or as it is, and which of its lines have changed. A blank line stands before these lines, and
    behind them or at their end.
    """

    text: str
    lines: Sequence[str]
    document: Document
    start: int
    """The first changed line, moved back to the start of its block."""
    end: int
    """The line behind the last changed line."""

    @property
    def headings(self) -> list[Heading]:
        """The changed headings."""
        return [heading for heading in self.document.headings if self.start <= heading.start < self.end]

    @property
    def shallowest(self) -> int:
        """The level of the shallowest heading of the text that counts for whoever includes it; 0 if there is none."""
        return min((heading.level for heading in self.document.headings if not heading.containers), default=0)

    def shifted(self, start: int, end: int, shift: int) -> list[str]:
        """Some lines, all changed, as they stand in an output that moves their headings by `shift` levels."""
        lines = [*self.lines[start:end]]
        for heading in self.headings if shift else ():
            if start <= heading.start < end:
                words = lines[heading.start - start].lstrip("#")
                lines[heading.start - start] = "#" * (heading.level + shift) + words
        return lines


class NewBlocks(NamedTuple):
    """A change that replaces a run of lines by others."""

    before: Version
    after: Version

    @property
    def names(self) -> NewNames:
        """The names of those headings that come or go."""
        return NewNames.of(self.before.headings, self.after.headings)

    def moved(self, ranges: Sequence[Range]) -> tuple[Range, ...] | None:
        """Translate line ranges of the old text, each selected or standing together in an output, to the new text. None if only
        the compiler can tell which lines belong to a range now.
        """
        around = _Gaps.of(self)
        moved = [self._moved(here, end, around) for here, end in ranges]
        return tuple((one.here, one.end) for one in moved if one is not None) if None not in moved else None

    def is_end_of(self, lines: Range) -> bool:
        """Whether a line range of the old text ends, apart from trailing blank lines, where the change is."""
        before, start, end = self.before.lines, self.before.start, self.before.end
        return lines[0] < end and _trimmed(before, 0, start) <= _trimmed(before, *lines) <= end

    def rewritten(self, output: Sequence[str], runs: Sequence[Run]) -> tuple[list[str], tuple[Run, ...]] | None:
        """Apply the change to an output, given its lines and the runs of the old text in it. Returns the new lines and the new
        runs; None if the output does not hold what was noted, or if only the compiler can tell which lines it holds now.
        """
        made, runs_now, done = list[str](), list[Run](), 0
        around, opens_end = _Gaps.of(self), _opens_end(self)
        for run in runs:
            moved = self._moved(run.here, run.end, around)
            if moved is None:
                return None
            runs_now.append(Run(run.there + len(made) - done, moved.here, moved.end - moved.here, run.shift))
            if moved.first == moved.until == moved.new_until:
                continue
            at, until = (run.there + line - run.here for line in (moved.first, moved.until))
            text = self.before.shifted(moved.first, moved.until, run.shift)
            if output[at:until] != text or not self._is_bare(output, run):
                return None
            is_at_end = moved.until == _trimmed(self.before.lines, run.here, run.end)
            if opens_end and is_at_end and until < len(output) and output[until]:
                return None  # The text that follows may join the new last block.
            made += [*output[done:at], *self.after.shifted(moved.first, moved.new_until, run.shift)]
            done = until
        return [*made, *output[done:]], tuple(runs_now)

    def _moved(self, here: int, end: int, around: _Gaps) -> _Moved | None:
        """What becomes of a selected line range of the old text; None if only the compiler can tell."""
        before, after = self.before, self.after
        more, last = after.end - before.end, _trimmed(before.lines, here, end)
        if before.end <= here:
            # No text stands between the change and this range. It may start here because blank lines precede it or because its
            # section does: only the compiler can tell.
            return _Moved(here + more, end + more, here, here, here) if around.behind < here else None
        if last < around.above:
            return _Moved(here, end, here, here, here)
        if around.above <= here or max(last, before.start) < around.filled:
            return None
        rest = max(last - before.end, 0)
        if not rest and last < end and any(before.lines[end:]):
            return None  # The range keeps its trailing blank lines although more text follows: their number counts.
        # The range ends with a section or with the text, without the blank lines there.
        new_last = last + more if rest else _trimmed(after.lines, here, after.end)
        first = min(before.start, last, new_last)
        return _Moved(here, end + more if rest else new_last, first, last - rest, new_last - rest)

    def _is_bare(self, output: Sequence[str], run: Run) -> bool:
        """Whether the lines of a run have no prefix in an output. The first line with words decides for all; False if there is
        none.
        """
        for line in range(run.here, run.end):
            if kept_words_of(self.before.lines[line]):
                return output[run.there + line - run.here] == self.before.lines[line]
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
    filled: int
    """The line behind the last non-blank line of the change; the start of the change if all its lines are blank."""
    behind: int
    """The first non-blank line behind the change."""

    @classmethod
    def of(cls, change: NewBlocks) -> _Gaps:
        lines, start, behind = change.before.lines, change.before.start, change.before.end
        above, filled = _trimmed(lines, 0, start), _trimmed(lines, start, behind)
        while behind < len(lines) and not lines[behind]:
            behind += 1
        return cls(above, filled, behind)


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
    change = NewBlocks(Version(old, before, was, start, end), Version(new, after, is_now, start, end + more))
    if not (_is_selected_alike(change, wording) and _uses_the_same_labels(change)):
        return None
    heads = [[version.lines[heading.start] for heading in version.headings] for version in change]
    if heads[0] != heads[1] and not _may_change_headings(change, wording):
        return None
    kept = ("heading", "definition") if heads[0] == heads[1] else ("definition",)
    lasting = [lasting_lines(version.document, start, version.end, kept) for version in change]
    if [before[line] for line in sorted(lasting[0])] != [after[line] for line in sorted(lasting[1])]:
        return None
    is_free = all(
        holds_blocks_only(version.document, version.text, {*range(start, version.end)} - lines)
        for version, lines in zip(change, lasting, strict=True)
    )
    return change if is_free else None


def _may_change_headings(change: NewBlocks, wording: Wording) -> bool:
    """Whether the headings in a change may come and go: nothing selects them, and no other heading moves.

    How far an include moves the headings of a text depends on the shallowest one.
    """
    if wording.names is None or not wording.deepest or change.before.shallowest != change.after.shallowest:
        return False
    lines = [version.lines[heading.start] for version in change for heading in version.headings]
    are_plain = all(line.startswith("#") and words_of(line) and "[" not in line for line in lines)
    return are_plain and all(heading.level <= wording.deepest for heading in change.after.headings)


def _is_harmless(line: str) -> bool:
    """Whether a line, however it is parsed, spells no directive, contains no hidden character and cannot be a command."""
    return is_all_visible(line) and not ("<<" in line or "{{" in line or may_command(line))


def _uses_the_same_labels(change: NewBlocks) -> bool:
    """Whether the labels that are used in the changed lines stay the same."""
    used = [labels_on(version.document, version.text, range(version.start, version.end)) for version in change]
    before, after = (set().union(*found.values()) for found in used)
    return before == after


def _is_selected_alike(change: NewBlocks, wording: Wording) -> bool:
    """Whether a change affects neither what is selected nor what follows the text in an output.

    Every selection that takes the lines before the change must take the changed lines, too. And where another text may follow
    this one, that text may continue the new last block only if it could continue the old one.
    """
    document, start, end = change.before.document, change.before.start, change.before.end
    last = _trimmed(change.before.lines, document.body, start)
    above = next((block for block in document.blocks if block.start < last <= block.end), None)
    # A directive splits a selection in two.
    if above is None or above.kind == "directive" or any(placed.line >= start for placed in document.directives):
        return False
    if above.start == next((heading.start for heading in document.headings if not heading.containers), None):
        # A selection that ends before the first heading may only leave out that heading, and go on behind it.
        end = _trimmed(change.before.lines, document.body, above.start)
        if any(_trimmed(change.before.lines, *lines) == end for lines in wording.now):
            return False
    if above.end > last:
        return True  # The change lies inside a fence.
    behind = next((block for block in document.blocks if block.start >= end), None)
    if behind is not None and behind.kind not in _HEADINGS:
        return True
    if wording.is_alone or not any(change.is_end_of(lines) for lines in wording.now):
        return True
    closing, new_closing = _closing(change.before), _closing(change.after)
    was_open = closing is not None and not _is_ended(closing, change.before.lines)
    return was_open or (new_closing is not None and _is_ended(new_closing, change.after.lines)) or _opens_end(change)


def _opens_end(change: NewBlocks) -> bool:
    """Whether what follows the change could not continue it, and now can, but only if no blank line is between them."""
    closing, new_closing = _closing(change.before), _closing(change.after)
    if closing is None or new_closing is None or not _is_ended(closing, change.before.lines):
        return False
    return new_closing.kind in ("paragraph", "table") and not new_closing.containers


def _closing(version: Version) -> Block | None:
    """The block that ends where the changed lines do; None if there is none."""
    end = _trimmed(version.lines, version.document.body, version.end)
    return next((block for block in version.document.blocks if block.end == end), None)


def _is_ended(block: Block, lines: Sequence[str]) -> bool:
    """Whether no text that follows a block can become part of it."""
    return (block.kind in _ENDED or is_comment(block, lines)) and not block.containers


def _trimmed(lines: Sequence[str], start: int, end: int) -> int:
    """The end of a line range without its trailing blank lines."""
    while start < end and not lines[end - 1]:
        end -= 1
    return end
