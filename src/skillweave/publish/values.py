"""What has to be published, and what came of it."""

from __future__ import annotations

from skillweave.config import LOCK_NAME
from skillweave.files import is_below
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from skillweave.bundle import Bundle, Output
    from skillweave.diagnostics import Diagnostic
    from skillweave.lock import Ledger, Lock


class Published:
    """What a build did, or would do, to the output folder. Entries are named by the path of their source."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        """The entries that were written."""
        self.unchanged: list[str] = []
        """The entries that needed no writing."""
        self.removed: list[str] = []
        """The entries that no longer exist, and whose outputs went."""
        self.diagnostics: list[Diagnostic] = []
        self.before: Lock = {}
        """What the lock file held of each entry before."""
        self.after: Lock = {}
        """What it holds now."""
        self.made: list[str] = []
        """The topmost folders that were not there before, by their path relative to the output folder."""
        self.lock_digest: str | None = None
        """The digest of the lock file; None if there is none now."""

    def files(self, entries: Iterable[str]) -> dict[str, str]:
        """The digests, as published, of the outputs of some entries and of the lock file, by path."""
        outputs = {path: value for entry in entries for path, value in self.after[entry].outputs.items()}
        return {**outputs, **({LOCK_NAME: self.lock_digest} if self.lock_digest else {})}


class Request(NamedTuple):
    """What has to be published, and where."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    bundles: Sequence[Bundle]
    kept: frozenset[str]
    """The entries, by source path, that are not built now: their outputs and records stay."""
    ledger: Ledger | None = None
    """The reader and writer of the lock file, if it is known from an earlier build."""
    hidden: tuple[str, ...] = ()
    """Paths where this build cannot see what is there. What was published from there stays, too."""

    def keeps(self, source: str) -> bool:
        """Whether what an entry has published stays, because the entry is not built now."""
        if source in self.kept:
            return True
        folder, _, name = source.rpartition("/")
        place = folder if name == "SKILL.md" else source
        is_hidden = any(is_below(place, hidden) or is_below(hidden, place) for hidden in self.hidden)
        return is_hidden and all(source != bundle.entry.path for bundle in self.bundles)


class Rewriting(NamedTuple):
    """Outputs whose bytes have to be replaced, while everything is as it was published and all else stays."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    ledger: Ledger
    lock: Lock
    """What the lock file says of all entries so far."""
    records: Lock
    """The new records of the entries whose sources have changed."""
    outputs: dict[str, Sequence[Output]]
    """For each entry, by source path, its outputs with new bytes."""
