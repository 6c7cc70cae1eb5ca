"""Lines of a text that have other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.incremental.same import says_the_same
from skillweave.incremental.words import words_of
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from skillweave.incremental.words import Run


class NewWords(NamedTuple):
    """The lines that have other words, each with what it said and what it says."""

    lines: Mapping[int, tuple[str, str]]

    def rewrite(self, output: list[str], runs: tuple[Run, ...]) -> tuple[Run, ...] | None:
        """Change the lines of an output as those of the text have changed; where they stand then. None if it is not what was
        noted of it.
        """
        for run in runs:
            for line, (said, says) in self.lines.items():
                if run.here <= line < run.end:
                    at = run.there + line - run.here
                    if at >= len(output) or not output[at].endswith(said):
                        return None
                    output[at] = output[at].removesuffix(said) + says
        return runs


def new_words(old: str, new: str, marked: Collection[int]) -> NewWords | None:
    """What has changed from one text to another; None if that is more than words, or what `marked` lines say."""
    before, after = old.split("\n"), new.split("\n")
    if len(before) != len(after):
        return None
    lines: dict[int, tuple[str, str]] = {}
    for line, (said, says) in enumerate(zip(before, after, strict=True)):
        if said != says:
            gone, come = words_of(said), words_of(says)
            if gone is None or come is None or gone[0] != come[0]:
                return None
            lines[line] = gone[1], come[1]
    is_same = lines.keys().isdisjoint(marked) and says_the_same(old, new, lines.keys())
    return NewWords(lines) if is_same else None
