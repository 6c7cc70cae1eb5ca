"""The events that a watch reports to whoever started it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.incremental import Outcome


@dataclass(frozen=True, slots=True)
class Ready:
    """The first build is done, and from now on changes are seen."""

    NAME: ClassVar = "ready"
    polling: bool


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A build went through, with or without errors in the sources."""

    config: Config
    changed: tuple[str, ...]
    """The paths that changed since the previous build; empty for the first one."""
    outcome: Outcome
    built: tuple[str, ...]
    """The ids of the entries whose bundles were written."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The configuration has mistakes, so nothing is built until it is corrected."""

    config: Config
    changed: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The system refused something that a build needs. The build will be tried again."""

    changed: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Polling:
    """The system's notices cannot be relied on, so the files are now looked at more often."""

    NAME: ClassVar = "polling"
    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """The command of `--exec` ended by itself."""

    NAME: ClassVar = "exec"
    status: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """A signal ended the watch."""

    NAME: ClassVar = "stopped"
    signal: str


Event = Ready | Rebuilt | Misconfigured | Failed | Polling | Ran | Stopped
