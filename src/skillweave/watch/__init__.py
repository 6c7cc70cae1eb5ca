"""Builds, then builds again whenever something changes, until a signal comes. There is no build logic here: it waits and
gathers changes.

The system's notices are only hints; what counts is the files themselves. After a hint, and every two seconds without one, the
files are compared with what they were, and if they differ, a build follows. If notices name only files that are known, these
are compared and built first, and all others right afterwards.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from contextlib import contextmanager

from skillweave.diagnostics import FOREIGN_OUTPUT, Severity
from skillweave.incremental import Asked, Superseded, build, save
from skillweave.typed import TYPE_CHECKING
from skillweave.watch import command
from skillweave.watch.events import Event, Failed, Misconfigured, Ran, Ready, Rebuilt, Stopped
from skillweave.watch.looking import SHARE, changes_since, count_losses, distrust, gather, look, wait_for_hint
from skillweave.watch.notices import Notices, listen
from skillweave.watch.session import Session, WatchRequest
from skillweave.watch.snapshot import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

__all__ = ["Event", "WatchRequest", "watch"]

RETRY = 2.0
"""Seconds before a build is tried again that the system refused, or that found something in the way of an output."""


class _Stop(BaseException):
    """A signal ends the watch. It may be raised anywhere, as publishing can be cut off at any point."""


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


def _start(request: WatchRequest, tell: Callable[[Event], None]) -> Session:
    config, _ = request.load()
    wake = threading.Event()
    notices, problem = (Notices(None, wake.set), None) if request.poll else listen(wake.set)
    session = Session(request, tell, config, notices, wake, request.poll)
    distrust(session, problem)
    return session


def _run(session: Session, received: list[str]) -> NoReturn:
    gather(session, told=False)
    _rebuild(session, ())
    session.tell(Ready(session.polling))
    while True:
        hinted = wait_for_hint(session)
        if received:  # the exception of a signal is lost if it is raised in a finalizer
            raise _Stop
        _tell_end(session)
        count_losses(session)
        before = session.snapshot.sights
        changed = changes_since(session, hinted=hinted)
        if changed or _is_due(session):
            if not _rebuild(session, changed):
                gather(session, told=True)
                _rebuild(session, changes(before, session.snapshot.sights))
        elif session.unsaved is not None:
            save(session.unsaved)
            session.unsaved = None


def _is_due(session: Session) -> bool:
    """Whether to build although nothing has changed: because it is time to try again, or because the last build knew only of
    changes that notices named, and everything else has been looked at since.
    """
    again = session.build_again is not None and time.monotonic() >= session.build_again
    return again or (session.partial and session.only is None)


def _rebuild(session: Session, changed: tuple[str, ...]) -> bool:
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
        session.diagnostics, session.partial = None, False
        session.tell(Misconfigured(config, changed, mistakes))
        return True
    if config != session.config:
        session.config = config
        look(session)
    only = session.only if changed else None
    asked = Asked(config, strict=request.strict, cached=request.cached)
    if request.cached:
        asked = session.unsaved = asked._replace(memory=session.memory)
    try:
        rebuilt = _build(session, asked._replace(is_wanted=is_wanted, only=only), changed, started)
    except Superseded:
        return False
    except OSError as error:
        _fail(session, changed, error)
        return True
    if changed or rebuilt.built or rebuilt.outcome.removed or rebuilt.outcome.diagnostics != session.diagnostics:
        session.tell(rebuilt)
    session.partial = only is not None
    session.diagnostics, session.failure = rebuilt.outcome.diagnostics, None
    if session.build_again is None and any(d.code is FOREIGN_OUTPUT for d in rebuilt.outcome.diagnostics):
        # Nobody reports that it was moved away, as the output folder is not watched.
        session.build_again = time.monotonic() + max(RETRY, rebuilt.seconds * SHARE)
    _run_command(session, rebuilt)
    del rebuilt
    gc.collect()  # The command line switches garbage collection off for runs that end; this one does not.
    return True


def _build(session: Session, asked: Asked, changed: tuple[str, ...], started: float) -> Rebuilt:
    outcome = build(asked)
    if changed:
        session.built = time.monotonic() - started
    ids = {entry.path: entry.id for entry in outcome.entries}
    built = tuple(ids[path] for path in outcome.changed)
    return Rebuilt(asked.config, changed, outcome, built, seconds=time.monotonic() - started)


def _fail(session: Session, changed: tuple[str, ...], error: OSError) -> None:
    """Report what the system refused, once for all tries that fail alike, and try again later."""
    where = f"{error.filename}: " if error.filename else ""
    failure = Failed(changed, f"{where}{error.strerror or error}")
    if changed or session.failure != failure.message:
        session.tell(failure)
    session.failure = failure.message
    session.diagnostics, session.partial = None, False
    session.build_again = time.monotonic() + RETRY


def _run_command(session: Session, rebuilt: Rebuilt) -> None:
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


def _tell_end(session: Session) -> None:
    """Report it if the author's command has ended by itself."""
    status = None if session.process is None else session.process.poll()
    if status is not None:
        session.process = None
        session.tell(Ran(status))
