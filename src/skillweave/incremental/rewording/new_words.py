"""Lines of a text whose words have changed."""

from __future__ import annotations

from bisect import bisect_left

from skillweave.incremental.rewording.same import new_names
from skillweave.incremental.rewording.words import words_of
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from skillweave.incremental.rewording.same import NewNames
    from skillweave.incremental.rewording.words import Range, Run


class NewWords(NamedTuple):
    """The lines whose words have changed, in rising order: the line number, the old words, the new words. `names`: those of the
    headings among them.
    """

    lines: Sequence[tuple[int, str, str]]
    names: NewNames

    def moved(self, ranges: Sequence[Range]) -> tuple[Range, ...]:
        """Translate line ranges of the old text to the new text: they stay where they are."""
        return (*ranges,)

    def rewritten(self, output: Sequence[str], runs: Sequence[Run]) -> tuple[list[str], tuple[Run, ...]] | None:
        """Apply the change to an output, given its lines and the runs of the text in it. Returns the new lines and the runs;
        None if the output does not hold what was noted.
        """
        made = [*output]
        for run in runs:
            for line, was, now in self.lines[bisect_left(self.lines, (run.here,)) :]:
                if line >= run.end:
                    break
                at = run.there + line - run.here
                if at >= len(made) or not made[at].endswith(was):
                    return None
                made[at] = made[at].removesuffix(was) + now
        return made, (*runs,)


def new_words(old: str, new: str, marked: Collection[int]) -> NewWords | None:
    """Find the changed words between two texts; None if more than words has changed, or a `marked` line has."""
    before, after = old.split("\n"), new.split("\n")
    if len(before) != len(after):
        return None
    lines: list[tuple[int, str, str]] = []
    for line, (was, now) in enumerate(zip(before, after, strict=True)):
        if was != now:
            gone, come = words_of(was), words_of(now)
            if gone is None or come is None or gone[0] != come[0]:
                return None
            lines.append((line, gone[1], come[1]))
    changed = {line for line, _, _ in lines}
    names = new_names(old, new, changed) if changed.isdisjoint(marked) else None
    return NewWords(lines, names) if names is not None else None
