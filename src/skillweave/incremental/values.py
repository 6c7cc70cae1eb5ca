"""What a build or a check is asked, what it answers, and what a process remembers between two of them."""

from __future__ import annotations

from skillweave.diagnostics import DUPLICATE_SKILL, Diagnostic, Severity
from skillweave.record import NamedTuple
from skillweave.state import State, parser_key
from skillweave.typed import TYPE_CHECKING

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
    """A build was given up before it published anything, because of `Asked.is_wanted`. Nothing that is kept has changed."""


class EntryResult(NamedTuple):
    """An entry as a report names it. `good` means that it has no error."""

    path: str
    id: str
    kind: str
    good: bool


class Outcome(NamedTuple):
    """What a build or a check found and did: everything that is reported about it."""

    entries: tuple[EntryResult, ...]
    """All entries of the project."""
    asked: int
    """How many entries were asked for."""
    files: int
    diagnostics: tuple[Diagnostic, ...]
    changed: tuple[str, ...] = ()
    """The paths of the entries that were written."""
    unchanged: tuple[str, ...] = ()
    """The paths of those that needed no writing."""
    removed: tuple[str, ...] = ()
    """What entries that no longer exist had below the output folder."""
    reasons: tuple[tuple[str, str], ...] = ()
    """For each written entry, its path and a clause that says why it was written."""
    needs: tuple[Needs, ...] = ()
    """What the entries that were asked for are made of; empty unless `Asked.needs` is set."""
    repeats: State | None = None
    """If nothing has changed since an earlier run, and this repeats its report: the state of that run."""

    @property
    def failed(self) -> int:
        """How many entries a build neither wrote nor found up to date, because of an error or of something in the way.

        A skill whose id is already taken by another one is no entry of the project, but is counted here.
        """
        refused = sum(d.code is DUPLICATE_SKILL and d.severity is Severity.ERROR for d in self.diagnostics)
        return self.asked - len(self.changed) - len(self.unchanged) + refused


class Memory:
    """What a process that builds repeatedly knows from its last run."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        """Documents by the digest of their text."""
        self.state: State | None = None
        self.parts: Parts | None = None
        """The parts of the run that left `state`."""
        self.project: Project | None = None
        """The project of that run."""
        self.found: dict[str, Found] = {}
        """The paths looked up in that run. The result still holds if no folder and no symlink has changed."""
        self.files: dict[SourcePath, SourceFile] = {}
        """The files read in that run or earlier ones. What was read still holds if the file has not changed."""
        self.ledger: Ledger | None = None
        self.fresh: dict[str, Document] = {}
        """The documents that are not yet saved in the cache."""

    def begin_with(self, state: State) -> None:
        """Go on from a run of another process, of which only the state is known."""
        self.state, self.parts, self.project, self.found, self.files = state, None, None, {}, {}


class Asked(NamedTuple):
    """What a run is asked for."""

    config: Config
    wanted: tuple[str, ...] = ()
    strict: bool = False
    cached: bool = True
    """Whether the cache may be used and is updated."""
    progress: Callable[[int, int], None] | None = None
    memory: Memory | None = None
    """For a process that builds repeatedly, and calls `save` in between."""
    needs: bool = False
    """Whether a build has to report what the entries are made of."""
    only: frozenset[str] | None = None
    """If a process builds repeatedly: the files that it knows to have changed since its last run. Everything else is believed
    to be as it was, also the outputs, so it has to ask again without this soon.
    """
    is_wanted: Callable[[], bool] | None = None
    """Called before anything is published: whether the build is still wanted. It may take its time."""

    @property
    def key(self) -> str:
        """Everything besides files that a state depends on."""
        return f"{parser_key()}; strict {self.strict}; {self.config!r}"

    @property
    def output(self) -> Path:
        return self.config.root / self.config.output

    @property
    def keeps(self) -> bool:
        """Whether this run's findings are kept for the next one: only those of a run of all entries are."""
        return self.cached and not self.wanted
