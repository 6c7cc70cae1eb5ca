"""Build, then build again whenever something changes, until a signal comes. Holds no build logic: it waits and gathers.

Notices of the system are hints, what the files are is the truth: after a hint, and every two seconds without one, the
files are compared with what they were, and a build is asked for if they differ.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from skillweave.config import Config, load_config
from skillweave.diagnostics import FOREIGN_OUTPUT, Diagnostic, Severity
from skillweave.incremental import Asked, Memory, Superseded, build, save
from skillweave.record import NamedTuple
from skillweave.watch import command
from skillweave.watch.events import Event, Failed, Misconfigured, Polling, Ran, Ready, Rebuilt, Stopped
from skillweave.watch.notices import Notices, listen, watch_places
from skillweave.watch.snapshot import Snapshot, are_announced, changes, output_folder, places, take

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUIET, LONGEST = 0.05, 0.5
"""Seconds without a change before a build, and seconds after which it comes anyway."""
MOMENT = 0.002
"""Seconds without a notice before a look: who saves a file writes it more than once."""
EAGER = 0.5
"""Where the last build took fewer seconds, the next is worked out while it is waited for quiet, and published then."""
FIRST_LOOK, RESCAN, POLL = 0.25, 2.0, 0.5
"""Seconds between looks that no hint asked for: right after a change, at rest, and where notices are not relied on."""
RETRY = 2.0
"""Seconds before a build is tried again that the system refused, or that found something in the way of an output."""
GRACE = 1.5
"""Seconds that a notice may be late before it counts as lost. Watchdog itself holds some back for half a second."""
SHARE = 20
"""Looking, and trying again, takes at most this part of the time, however large the project is."""


class WatchRequest(NamedTuple):
    """What is to be watched, and how. The first four are what the command line named."""

    cwd: Path
    root: Path | None
    file: Path | None
    output: str | None
    strict: bool
    poll: bool
    command: str | None
    """What to run after a rebuild."""
    cached: bool = True
    """Whether a build may use what earlier ones found out, in this process or another one."""


class _Stop(BaseException):
    """A signal that ends the watch, wherever it is: publishing can be cut off at any point."""


@dataclass(slots=True)
class _Session:
    """What a watch knows between two builds."""

    request: WatchRequest
    tell: Callable[[Event], None]
    config: Config
    """The last one without a mistake; until there is one, the defaults."""
    notices: Notices
    wake: threading.Event
    polling: bool
    snapshot: Snapshot = field(default_factory=Snapshot)
    memory: Memory = field(default_factory=Memory)
    """What the last build found out."""
    unsaved: Asked | None = None
    """The last build, until what it found out is written for other processes: once there is time."""
    looked: float = 0.0
    """How many seconds the last look took."""
    built: float = EAGER
    """How many the last build took."""
    hold: Callable[[], bool] | None = None
    """Waits for quiet, and says whether the last look still holds: asked by the next build before it publishes."""
    settled: bool = True
    """Whether the files held still before the last build."""
    build_again: float | None = None
    """When to build even if nothing changes."""
    unannounced: tuple[float, int] | None = None
    """When a change was found that no notice had told of, and how many notices there were by then."""
    diagnostics: tuple[Diagnostic, ...] | None = None
    """Those of the last build; None before the first and after a failure."""
    failure: str | None = None
    """What the system refused last, in words."""
    process: subprocess.Popen[bytes] | None = None
    not_run: dict[str, None] = field(default_factory=dict)
    """The entries that changed since the command was last run."""
    run_due: bool = True


def watch(request: WatchRequest, tell: Callable[[Event], None]) -> str:
    """Watch until SIGINT, SIGTERM or SIGHUP comes; returns its name. `tell` is told of everything that happens.

    An author's mistake never ends it, and neither does a file that cannot be read or written.
    """
    received: list[str] = []
    session = None
    try:
        with _signals(received):
            try:
                session = _start(request, tell)
                _run(session, received)
            finally:
                if session is not None and session.process is not None:
                    command.end(session.process)
                if session is not None and session.unsaved is not None:
                    save(session.unsaved)
    except _Stop:
        tell(Stopped(received[0]))
    return received[0]


@contextmanager
def _signals(received: list[str]) -> Iterator[None]:
    """Within, the first signal that asks for an end raises `_Stop`; the names of all that come are kept.

    SIGHUP is left alone where it is ignored (nohup).
    """

    def stop(number: int, _: object) -> None:
        received.append(signal.Signals(number).name)
        if len(received) == 1:
            raise _Stop

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [n for n in numbers if n == signal.SIGINT or signal.getsignal(n) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, stop)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _start(request: WatchRequest, tell: Callable[[Event], None]) -> _Session:
    config, _ = load_config(request.cwd, request.root, request.file, request.output)
    wake = threading.Event()
    notices, problem = (Notices(None, wake.set), None) if request.poll else listen(wake.set)
    session = _Session(request, tell, config, notices, wake, request.poll)
    _distrust(session, problem)
    return session


def _run(session: _Session, received: list[str]) -> NoReturn:
    _gather(session, told=False)
    _rebuild(session, ())
    session.tell(Ready(session.polling))
    pause = FIRST_LOOK
    while True:
        hinted = session.wake.wait(max(POLL if session.polling else pause, session.looked * SHARE))
        if received:  # What a signal raises is lost where it meets a finalizer.
            raise _Stop
        _tell_end(session)
        _count_losses(session)
        before = session.snapshot.stamps
        changed = _changes(session, hinted=hinted)
        if changed or (session.build_again is not None and time.monotonic() >= session.build_again):
            if not _rebuild(session, changed):
                _gather(session, told=True)
                _rebuild(session, changes(before, session.snapshot.stamps))
        elif session.unsaved is not None:
            save(session.unsaved)
            session.unsaved = None
        pause = FIRST_LOOK if changed or hinted else min(2 * pause, RESCAN)


def _changes(session: _Session, *, hinted: bool) -> tuple[str, ...]:
    """What has changed since the last build, once it holds still."""
    before, count = session.snapshot.stamps, session.notices.count
    if not hinted:
        _look(session)
        if session.snapshot.stamps == before:
            return ()
    told = hinted and not session.polling
    if told and session.built < EAGER:
        _glance(session)
    else:
        _gather(session, told=told)
    now = session.snapshot.stamps
    changed = changes(before, now)
    is_silent = session.notices.count == count and not hinted
    if changed and is_silent and session.unannounced is None and are_announced(before, now):
        session.unannounced = (time.monotonic(), count)
    return changed


def _glance(session: _Session) -> None:
    """Look once, and have the build that follows wait for quiet before it publishes."""
    started = time.monotonic()
    _rest(session, started, MOMENT, started + LONGEST)
    count = session.notices.count
    session.wake.clear()
    _look(session)

    def is_quiet() -> bool:
        _rest(session, started, QUIET, started + LONGEST)
        return session.notices.count == count

    session.hold = is_quiet


def _gather(session: _Session, *, told: bool) -> None:
    """Look until nothing changes for a while, but not for ever: then the build is done again once there is rest.

    `told`: whether the system tells of changes. Then one look is enough if it tells of none since; the look after the build
    proves it.
    """
    started = time.monotonic()
    limit = started + LONGEST
    _rest(session, started, MOMENT, limit)
    while True:
        count = session.notices.count
        session.wake.clear()
        began = started if told else time.monotonic()
        _look(session)
        _rest(session, began, QUIET, limit)
        session.settled = session.notices.count == count
        if session.settled and not told:
            before = session.snapshot.stamps
            _look(session)
            session.settled = session.snapshot.stamps == before
        if session.settled or time.monotonic() >= limit:
            return


def _rest(session: _Session, since: float, quiet: float, limit: float) -> None:
    """Wait until there was no notice for so many seconds since a moment, but not past the limit."""
    while (rest := min(max(since, session.notices.latest) + quiet, limit) - time.monotonic()) > 0:
        time.sleep(rest)


def _look(session: _Session) -> None:
    """Watch what there is to watch, then see what is there: in this order nothing is missed."""
    started = time.monotonic()
    config, files = session.config, _configurations(session)
    session.notices.ignored = frozenset([output_folder(config), str(config.root / ".skillweave")])
    _distrust(session, watch_places(session.notices, places(config, session.snapshot, files)))
    session.snapshot = take(config, files)
    session.looked = time.monotonic() - started


def _configurations(session: _Session) -> list[Path]:
    """Where a configuration is, or may appear, that concerns this project."""
    request, root = session.request, session.config.root
    if request.file is not None:
        return [request.cwd / request.file]
    folders = [root]
    if request.root is None:
        folders += [folder for folder in (request.cwd, *request.cwd.parents) if root in folder.parents]
    return [folder / name for folder in folders for name in ("skillweave.toml", "pyproject.toml")]


def _rebuild(session: _Session, changed: tuple[str, ...]) -> bool:
    """Read the configuration, build, and tell what came of it. False if it was given up, as more has changed since."""
    started = time.monotonic()
    session.build_again = None if session.settled else started
    session.settled = True
    request = session.request
    config, mistakes = load_config(request.cwd, request.root, request.file, request.output)
    hold, session.hold = session.hold, None
    if mistakes and hold is not None and not hold():
        return False
    if mistakes:
        session.diagnostics = None
        session.tell(Misconfigured(config, changed, mistakes))
        return True
    if config != session.config:
        session.config = config
        _look(session)
    asked = Asked(config, strict=request.strict, cached=request.cached)
    if request.cached:
        asked = session.unsaved = asked._replace(memory=session.memory)
    try:
        rebuilt = _build(session, asked._replace(hold=hold), changed, started)
    except Superseded:
        return False
    except OSError as error:
        _fail(session, changed, error)
        return True
    if changed or rebuilt.built or rebuilt.removed or rebuilt.diagnostics != session.diagnostics:
        session.tell(rebuilt)
    session.diagnostics, session.failure = rebuilt.diagnostics, None
    if session.build_again is None and any(d.code is FOREIGN_OUTPUT for d in rebuilt.diagnostics):
        # Nobody tells that it was moved away: the output folder is not watched.
        session.build_again = time.monotonic() + max(RETRY, rebuilt.seconds * SHARE)
    _run_command(session, rebuilt)
    del rebuilt
    gc.collect()  # The command line switches collecting off for runs that end; this one does not.
    return True


def _build(session: _Session, asked: Asked, changed: tuple[str, ...], started: float) -> Rebuilt:
    outcome = build(asked)
    session.built = time.monotonic() - started
    ids = {entry.path: entry.id for entry in outcome.entries}
    return Rebuilt(
        asked.config,
        changed,
        outcome,
        built=tuple(ids[path] for path in outcome.changed),
        removed=outcome.removed,
        failed=outcome.failed,
        diagnostics=outcome.diagnostics,
        seconds=time.monotonic() - started,
    )


def _fail(session: _Session, changed: tuple[str, ...], error: OSError) -> None:
    """Say what the system refused, once for all tries that end alike, and try again later."""
    where = f"{error.filename}: " if error.filename else ""
    failure = Failed(changed, f"{where}{error.strerror or error}")
    if changed or session.failure != failure.message:
        session.tell(failure)
    session.failure = failure.message
    session.diagnostics = None
    session.build_again = time.monotonic() + RETRY


def _run_command(session: _Session, rebuilt: Rebuilt) -> None:
    """Run the author's command if bundles changed since its last run and all is well; one that still runs is ended."""
    if session.request.command is None:
        return
    session.not_run |= dict.fromkeys(rebuilt.built)
    session.run_due |= bool(rebuilt.built or rebuilt.removed)
    if not session.run_due or any(d.severity is Severity.ERROR for d in rebuilt.diagnostics):
        return
    _tell_end(session)  # It may have ended by itself since it was last looked at.
    if session.process is not None:
        command.end(session.process)
    session.process = command.start(session.request.command, session.config.root, session.not_run, session.wake.set)
    session.not_run, session.run_due = {}, False


def _tell_end(session: _Session) -> None:
    """Tell that the author's command has ended by itself."""
    status = None if session.process is None else session.process.poll()
    if status is not None:
        session.process = None
        session.tell(Ran(status))


def _count_losses(session: _Session) -> None:
    """Where a change was found and its notice never came, notices are not to be relied on."""
    if session.unannounced is None:
        return
    since, count = session.unannounced
    if session.notices.count != count:
        session.unannounced = None
    elif time.monotonic() - since > GRACE:
        session.unannounced = None
        _distrust(session, "a change came without a notice")


def _distrust(session: _Session, problem: str | None) -> None:
    """Where watching fails, say so and look more often. What fails once is not relied on again."""
    if problem is not None and not session.polling:
        session.polling = True
        session.tell(Polling(problem))
