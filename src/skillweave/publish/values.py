"""What is to be published, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.config import LOCK_NAME
from skillweave.files import is_below
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from skillweave.bundle import Bundle, Output
    from skillweave.diagnostics import Diagnostic
    from skillweave.lock import Ledger, Lock


class Published:
    """What a build did, or would do, to the output folder. Entries are named by their source path."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self.unchanged: list[str] = []
        self.removed: list[str] = []
        self.diagnostics: list[Diagnostic] = []
        self.before: Lock = {}
        """What the lock file said of each entry; likewise, what it says now."""
        self.after: Lock = {}
        self.made: list[str] = []
        """The topmost folders that were not there before, by their path below the output folder."""
        self.lock_digest: str | None = None
        """The digest of the lock file, if there is one now."""

    def files(self, entries: Iterable[str]) -> dict[str, str]:
        """The outputs of some entries, and the lock file, each with its digest as it was published."""
        outputs = {path: value for entry in entries for path, value in self.after[entry].outputs.items()}
        return {**outputs, **({LOCK_NAME: self.lock_digest} if self.lock_digest else {})}


class Request(NamedTuple):
    """What is to be published where. `kept` are entries that are not built now: their outputs and records stay."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    bundles: Sequence[Bundle]
    kept: frozenset[str]
    """Entries (by source path) whose last output stays as it is."""
    ledger: Ledger | None = None
    """The lock file, if it is known from before."""
    hidden: tuple[str, ...] = ()
    """Places of which a build cannot tell what stands there. What was published from them stays, too."""

    def keeps(self, source: str) -> bool:
        """Whether what an entry has published stays, as it is not built now."""
        if source in self.kept:
            return True
        folder, _, name = source.rpartition("/")
        place = folder if name == "SKILL.md" else source
        is_hidden = any(is_below(place, hidden) or is_below(hidden, place) for hidden in self.hidden)
        return is_hidden and all(source != bundle.entry.path for bundle in self.bundles)


class Rewriting(NamedTuple):
    """Outputs that get other bytes, where everything is there as it was published, and all else stays."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    ledger: Ledger
    lock: Lock
    """What the lock file says of all entries now."""
    records: Lock
    """What it will say of those that are made of something else."""
    outputs: dict[str, Sequence[Output]]
    """By the entry's source path, its outputs with other bytes."""
