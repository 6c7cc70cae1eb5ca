"""What is asked of a build or a check, what it answers, and what a process remembers between two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.diagnostics import DUPLICATE_SKILL, Diagnostic, Severity
from skillweave.record import NamedTuple
from skillweave.state import State, parser_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skillweave.config import Config
    from skillweave.depfile import Needs
    from skillweave.document import Document
    from skillweave.files import Found
    from skillweave.graph.values import SourceFile
    from skillweave.lock import Ledger
    from skillweave.parts import Parts
    from skillweave.project import Project
    from skillweave.source import SourcePath


class Superseded(Exception):  # noqa: N818 (nothing has failed)
    """A build was given up before it published anything, as `Asked.hold` said; nothing that is remembered has changed."""


class EntryResult(NamedTuple):
    """An entry as a report names it. `good`: it has no error."""

    path: str
    id: str
    kind: str
    good: bool


class Outcome(NamedTuple):
    """What a build or a check found and did: all that is told of it."""

    entries: tuple[EntryResult, ...]
    """All entries of the project."""
    asked: int
    """How many of them were asked for."""
    files: int
    diagnostics: tuple[Diagnostic, ...]
    changed: tuple[str, ...] = ()
    """The entries that were written, by path; likewise the next two."""
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    """Why an entry was written: its path, and a clause."""
    needs: tuple[Needs, ...] = ()
    """What the entries that were asked for are made of, where that was asked for."""
    repeats: State | None = None
    """The state of the run that said all this, where nothing has changed since."""

    @property
    def failed(self) -> int:
        """Of a build: how many entries it neither wrote nor found as they are to be, for an error or for what is in the way.

        A skill whose id another one has is none of the entries, and counts.
        """
        refused = sum(d.code is DUPLICATE_SKILL and d.severity is Severity.ERROR for d in self.diagnostics)
        return self.asked - len(self.changed) - len(self.unchanged) + refused


class Memory:
    """What a process that builds again and again knows from its last run."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        """By the digest of their text."""
        self.state: State | None = None
        self.parts: Parts | None = None
        """Those of `state`."""
        self.project: Project | None = None
        """That of `state`, too."""
        self.found: dict[str, Found] = {}
        """What was looked up for it: where no folder and no symlink has changed, that holds still."""
        self.files: dict[SourcePath, SourceFile] = {}
        """What was read for it or before: where a file has not changed, that holds still."""
        self.ledger: Ledger | None = None
        self.fresh: dict[str, Document] = {}
        """The documents that no file holds yet."""


class Asked(NamedTuple):
    """What a run is asked for."""

    config: Config
    wanted: tuple[str, ...] = ()
    strict: bool = False
    cached: bool = True
    """Whether the cache may be used, and is kept."""
    progress: Callable[[int, int], None] | None = None
    memory: Memory | None = None
    """For who builds again and again in one process, and calls `save` in between."""
    needs: bool = False
    """Whether a build is to tell what the entries are made of."""
    hold: Callable[[], bool] | None = None
    """Asked before anything is published: whether that is still wanted. It may take its time."""

    @property
    def key(self) -> str:
        """What a state depends on besides files."""
        return f"{parser_key()}; strict {self.strict}; {self.config!r}"

    @property
    def output(self) -> Path:
        return self.config.root / self.config.output

    @property
    def keeps(self) -> bool:
        """Whether what this run finds out is kept for the next: it is that of all entries."""
        return self.cached and not self.wanted
