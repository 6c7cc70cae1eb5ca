"""Builds, then builds again whenever something changes, until a signal comes. There is no build logic here: it waits and
gathers changes.

The system's notices are only hints; what counts is the files themselves. After a hint, and every two seconds without one, the
files are compared with what they were, and if they differ, a build follows.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from skillweave.cachedir import FOLDER
from skillweave.config import OWN_FILE, SHARED_FILE, Config, load_config
from skillweave.diagnostics import FOREIGN_OUTPUT, Diagnostic, Severity
from skillweave.incremental import Asked, Memory, Superseded, build, save
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING
from skillweave.watch import command
from skillweave.watch.events import Event, Failed, Misconfigured, Polling, Ran, Ready, Rebuilt, Stopped
from skillweave.watch.notices import Notices, listen, watch_places
from skillweave.watch.snapshot import Snapshot, are_announced, changes, output_folder, places, take

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import NoReturn

QUIET, LONGEST = 0.05, 0.5
"""Seconds without a change before a build begins, and seconds after which it begins anyway."""
MOMENT = 0.002
"""Seconds without a notice before a look, as whoever saves a file writes it more than once."""
EAGER = 0.5
"""If the last build took fewer seconds than this, the next one begins at once, and only waits for quiet before it publishes."""
FIRST_LOOK, RESCAN, POLL = 0.25, 2.0, 0.5
"""Seconds between looks without a hint: right after a change, at rest, and if notices cannot be relied on."""
RETRY = 2.0
"""Seconds before a build is tried again that the system refused, or that found something in the way of an output."""
GRACE = 1.5
"""Seconds that a notice may be late before it counts as lost. Watchdog itself delays some by half a second."""
SHARE = 20
"""Looking and trying again take at most one part in `SHARE` of the time, however large the project is."""


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


class _Stop(BaseException):
    """A signal ends the watch. It may be raised anywhere, as publishing can be cut off at any point."""


@dataclass(slots=True)
class _Session:
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
    looked: float = 0.0
    """How many seconds the last look took."""
    built: float = EAGER
    """How many seconds the last build took."""
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


def watch(request: WatchRequest, tell: Callable[[Event], None]) -> str:
    """Watch until SIGINT, SIGTERM or SIGHUP comes, and return its name. `tell` is called with every event.

    Neither an author's mistake ends the watch nor a file that cannot be read or written.
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
    """A context in which the first signal to end raises `_Stop`. The names of all such signals are added to `received`.

    SIGHUP is left alone if it is ignored, as under nohup.
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
    config, _ = request.load()
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
        if received:  # the exception of a signal is lost if it is raised in a finalizer
            raise _Stop
        _tell_end(session)
        _count_losses(session)
        before = session.snapshot.sights
        changed = _changes(session, hinted=hinted)
        if changed or (session.build_again is not None and time.monotonic() >= session.build_again):
            if not _rebuild(session, changed):
                _gather(session, told=True)
                _rebuild(session, changes(before, session.snapshot.sights))
        elif session.unsaved is not None:
            save(session.unsaved)
            session.unsaved = None
        pause = FIRST_LOOK if changed or hinted else min(2 * pause, RESCAN)


def _changes(session: _Session, *, hinted: bool) -> tuple[str, ...]:
    """The paths that have changed since the last build, once the files hold still."""
    before, count = session.snapshot.sights, session.notices.count
    if not hinted:
        _look(session)
        if session.snapshot.sights == before:
            return ()
    told = hinted and not session.polling
    if told and session.built < EAGER:
        _glance(session)
    else:
        _gather(session, told=told)
    now = session.snapshot.sights
    changed = changes(before, now)
    is_silent = session.notices.count == count and not hinted
    if changed and is_silent and session.unannounced is None and are_announced(before, now):
        session.unannounced = (time.monotonic(), count)
    return changed


def _glance(session: _Session) -> None:
    """Look once, and let the following build wait for quiet before it publishes."""
    started = time.monotonic()
    _rest(session, started, MOMENT, started + LONGEST)
    count = session.notices.count
    session.wake.clear()
    _look(session)

    def is_quiet() -> bool:
        _rest(session, started, QUIET, started + LONGEST)
        return session.notices.count == count

    session.is_wanted = is_quiet


def _gather(session: _Session, *, told: bool) -> None:
    """Look until nothing changes for a while, but not for longer than `LONGEST`: the build is then repeated once there is rest.

    `told` means that the system gives notice of changes. One look is then enough if no notice follows, and the look after the
    build confirms it.
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
            before = session.snapshot.sights
            _look(session)
            session.settled = session.snapshot.sights == before
        if session.settled or time.monotonic() >= limit:
            return


def _rest(session: _Session, since: float, quiet: float, limit: float) -> None:
    """Wait until there has been no notice for `quiet` seconds, counted at the earliest from the moment `since`, but not beyond
    `limit`.
    """
    while (rest := min(max(since, session.notices.latest) + quiet, limit) - time.monotonic()) > 0:
        time.sleep(rest)


def _look(session: _Session) -> None:
    """Watch all places, then see what is there: in this order, nothing is missed."""
    started = time.monotonic()
    config, files = session.config, _configurations(session)
    session.notices.ignored = frozenset([output_folder(config), str(config.root / FOLDER)])
    _distrust(session, watch_places(session.notices, places(config, session.snapshot, files)))
    session.snapshot = take(config, files)
    session.looked = time.monotonic() - started


def _configurations(session: _Session) -> list[Path]:
    """The paths where a configuration that concerns this project is or may appear."""
    request, root = session.request, session.config.root
    if request.file is not None:
        return [request.cwd / request.file]
    folders = [root]
    if request.root is None:
        folders += [folder for folder in (request.cwd, *request.cwd.parents) if root in folder.parents]
    return [folder / name for folder in folders for name in (OWN_FILE, SHARED_FILE)]


def _rebuild(session: _Session, changed: tuple[str, ...]) -> bool:
    """Read the configuration, build, and report what came of it. Returns False if the build was given up, as more has changed
    since.
    """
    started = time.monotonic()
    session.build_again = None if session.settled else started
    session.settled = True
    request = session.request
    config, mistakes = request.load()
    is_wanted, session.is_wanted = session.is_wanted, None
    if mistakes and is_wanted is not None and not is_wanted():
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
        rebuilt = _build(session, asked._replace(is_wanted=is_wanted), changed, started)
    except Superseded:
        return False
    except OSError as error:
        _fail(session, changed, error)
        return True
    if changed or rebuilt.built or rebuilt.outcome.removed or rebuilt.outcome.diagnostics != session.diagnostics:
        session.tell(rebuilt)
    session.diagnostics, session.failure = rebuilt.outcome.diagnostics, None
    if session.build_again is None and any(d.code is FOREIGN_OUTPUT for d in rebuilt.outcome.diagnostics):
        # Nobody reports that it was moved away, as the output folder is not watched.
        session.build_again = time.monotonic() + max(RETRY, rebuilt.seconds * SHARE)
    _run_command(session, rebuilt)
    del rebuilt
    gc.collect()  # The command line switches garbage collection off for runs that end; this one does not.
    return True


def _build(session: _Session, asked: Asked, changed: tuple[str, ...], started: float) -> Rebuilt:
    outcome = build(asked)
    session.built = time.monotonic() - started
    ids = {entry.path: entry.id for entry in outcome.entries}
    built = tuple(ids[path] for path in outcome.changed)
    return Rebuilt(asked.config, changed, outcome, built, seconds=time.monotonic() - started)


def _fail(session: _Session, changed: tuple[str, ...], error: OSError) -> None:
    """Report what the system refused, once for all tries that fail alike, and try again later."""
    where = f"{error.filename}: " if error.filename else ""
    failure = Failed(changed, f"{where}{error.strerror or error}")
    if changed or session.failure != failure.message:
        session.tell(failure)
    session.failure = failure.message
    session.diagnostics = None
    session.build_again = time.monotonic() + RETRY


def _run_command(session: _Session, rebuilt: Rebuilt) -> None:
    """Run the author's command if bundles have changed since its last run and there are no errors. If it is still running, it
    is ended first.
    """
    if session.request.command is None:
        return
    session.not_run |= dict.fromkeys(rebuilt.built)
    session.run_due |= bool(rebuilt.built or rebuilt.outcome.removed)
    if not session.run_due or any(d.severity is Severity.ERROR for d in rebuilt.outcome.diagnostics):
        return
    _tell_end(session)  # it may have ended by itself in the meantime
    if session.process is not None:
        command.end(session.process)
    session.process = command.start(session.request.command, session.config.root, session.not_run, session.wake.set)
    session.not_run, session.run_due = {}, False


def _tell_end(session: _Session) -> None:
    """Report it if the author's command has ended by itself."""
    status = None if session.process is None else session.process.poll()
    if status is not None:
        session.process = None
        session.tell(Ran(status))


def _count_losses(session: _Session) -> None:
    """Stop relying on notices if a change was found and its notice never came."""
    if session.unannounced is None:
        return
    since, count = session.unannounced
    if session.notices.count != count:
        session.unannounced = None
    elif time.monotonic() - since > GRACE:
        session.unannounced = None
        _distrust(session, "a change caused no event")


def _distrust(session: _Session, problem: str | None) -> None:
    """If there is a problem with watching, report it and look more often. Notices that failed once are not relied on again."""
    if problem is not None and not session.polling:
        session.polling = True
        session.tell(Polling(problem))
