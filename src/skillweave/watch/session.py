"""What a watch was asked for, and what it knows between two builds."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillweave.config import load_config
from skillweave.incremental import Memory
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING
from skillweave.watch.snapshot import Snapshot

if TYPE_CHECKING:
    import subprocess
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.incremental import Asked
    from skillweave.watch.events import Event
    from skillweave.watch.notices import Notices


class WatchRequest(NamedTuple):
    """What to watch, and how. The first four fields are what the command line says of the configuration."""

    cwd: Path
    root: Path | None
    file: Path | None
    output: str | None
    strict: bool
    poll: bool
    command: str | None
    """The shell command to run after a rebuild, if any."""
    cached: bool = True
    """Whether a build may use what earlier ones found out, in this process or another one."""

    def load(self) -> tuple[Config, tuple[Diagnostic, ...]]:
        """Read the configuration, as `load_config` does."""
        return load_config(self.cwd, self.root, self.file, self.output)


@dataclass(slots=True)
class Session:
    """What a watch knows between two builds."""

    request: WatchRequest
    tell: Callable[[Event], None]
    config: Config
    """The last configuration without a mistake; the defaults until there is one."""
    notices: Notices
    wake: threading.Event
    polling: bool
    snapshot: Snapshot = field(default_factory=Snapshot)
    memory: Memory = field(default_factory=Memory)
    """What the last build found out."""
    unsaved: Asked | None = None
    """The last build, as long as what it found out has not been written for other processes. That is done once there
    is time.
    """
    idle_looks: int = 0
    """How many looks without a hint have found nothing since something did."""
    looked: float = 0.0
    """How many seconds the last look took."""
    built: float = 0.0
    """How many seconds the last build of a change took."""
    only: frozenset[str] | None = None
    """The files that have changed, if the last look was only at those that notices named; None if it was at everything."""
    partial: bool = False
    """Whether the last build only knew of changes that notices named, so that one has to follow that looks at everything."""
    looked_at: float = 0.0
    """When everything was last looked at, on the monotonic clock."""
    is_wanted: Callable[[], bool] | None = None
    """Waits for quiet, and returns whether the last look still holds. The next build calls it before it publishes."""
    settled: bool = True
    """Whether no file changed any more when the last build began."""
    build_again: float | None = None
    """When to build even if nothing changes, on the monotonic clock."""
    unannounced: tuple[float, int] | None = None
    """When a change was found without any notice of it, and how many notices there had been by then."""
    diagnostics: tuple[Diagnostic, ...] | None = None
    """The diagnostics of the last build; None before the first build and after a failure."""
    failure: str | None = None
    """What the system refused last, in words."""
    process: subprocess.Popen[bytes] | None = None
    not_run: dict[str, None] = field(default_factory=dict)
    """The ids of the entries that changed since the command was last run. A dict, to keep their order."""
    run_due: bool = True
