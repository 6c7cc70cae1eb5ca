"""Looks at the files, when notices or the time say so, and finds what has changed."""

from __future__ import annotations

import time

from skillweave.cachedir import FOLDER
from skillweave.config import OWN_FILE, SHARED_FILE
from skillweave.typed import TYPE_CHECKING
from skillweave.watch.events import Polling
from skillweave.watch.notices import take_named, watch_places
from skillweave.watch.snapshot import are_announced, changes, look_again, output_folder, places, take

if TYPE_CHECKING:
    from pathlib import Path

    from skillweave.watch.session import Session

QUIET, LONGEST = 0.05, 0.5
"""Seconds without a change before a build begins, and seconds after which it begins anyway."""
MOMENT = 0.002
"""Seconds without a notice before a look, as whoever saves a file writes it more than once."""
EAGER = 0.5
"""If the last build took fewer seconds than this, the next one begins at once, and only waits for quiet before it publishes."""
FIRST_LOOK, RESCAN, POLL = 0.25, 2.0, 0.5
"""Seconds between looks without a hint: right after a change, at rest, and if notices cannot be relied on."""
GRACE = 1.5
"""Seconds that a notice may be late before it counts as lost. Watchdog itself delays some by half a second."""
SHARE = 20
"""Looking and trying again take at most one part in `SHARE` of the time, however large the project is."""


def wait_for_hint(session: Session) -> bool:
    """Wait until a hint comes, or until it is time to look without one. Returns whether a hint came."""
    pause = POLL if session.polling else min(FIRST_LOOK * (1 + session.idle_looks), RESCAN)
    return session.wake.wait(FIRST_LOOK if session.partial else max(pause, session.looked * SHARE))


def changes_since(session: Session, *, hinted: bool) -> tuple[str, ...]:
    """The paths that have changed since the last build, once the files hold still."""
    before, count = session.snapshot.sights, session.notices.count
    if not hinted:
        look(session)
        if session.snapshot.sights == before:
            session.idle_looks += 1
            return ()
    session.idle_looks = 0
    told = hinted and not session.polling
    if told and session.built < EAGER:
        _glance(session)
    else:
        gather(session, told=told)
    now = session.snapshot.sights
    changed = changes(before, now)
    is_silent = session.notices.count == count and not hinted
    if changed and is_silent and session.unannounced is None and are_announced(before, now):
        session.unannounced = (time.monotonic(), count)
    return changed


def _glance(session: Session) -> None:
    """Look once, at what notices named if that is enough, and let the following build wait for quiet before it publishes."""
    started = time.monotonic()
    _rest(session, started, MOMENT, started + LONGEST)
    count = session.notices.count
    session.wake.clear()
    if not _look_at_named(session):
        look(session)

    def is_quiet() -> bool:
        _rest(session, started, QUIET, started + LONGEST)
        return session.notices.count == count

    session.is_wanted = is_quiet


def gather(session: Session, *, told: bool) -> None:
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
        look(session)
        _rest(session, began, QUIET, limit)
        session.settled = session.notices.count == count
        if session.settled and not told:
            before = session.snapshot.sights
            look(session)
            session.settled = session.snapshot.sights == before
        if session.settled or time.monotonic() >= limit:
            return


def _rest(session: Session, since: float, quiet: float, limit: float) -> None:
    """Wait until there has been no notice for `quiet` seconds, counted at the earliest from the moment `since`, but not beyond
    `limit`.
    """
    while (rest := min(max(since, session.notices.latest) + quiet, limit) - time.monotonic()) > 0:
        time.sleep(rest)


def _look_at_named(session: Session) -> bool:
    """Look only at the files that notices named, which takes the same time however large the project is. Returns False if
    something else has to be looked at, too, or if that has not been done for a while.
    """
    named = take_named(session.notices)
    is_due = time.monotonic() - session.looked_at > max(RESCAN, session.looked * SHARE) + FIRST_LOOK
    if named is None or is_due or session.memory.state is None:
        return False
    snapshot = look_again(session.snapshot, session.config, named)
    if snapshot is None:
        return False
    session.only = frozenset(changes(session.snapshot.sights, snapshot.sights))
    session.snapshot = snapshot
    return True


def look(session: Session) -> None:
    """Watch all places, then see what is there: in this order, nothing is missed."""
    started = time.monotonic()
    session.only = None
    take_named(session.notices)
    config, files = session.config, _configurations(session)
    session.notices.ignored = frozenset([output_folder(config), str(config.root / FOLDER)])
    distrust(session, watch_places(session.notices, places(config, session.snapshot, files)))
    session.snapshot = take(config, files)
    session.looked_at = time.monotonic()
    session.looked = session.looked_at - started


def _configurations(session: Session) -> list[Path]:
    """The paths where a configuration that concerns this project is or may appear."""
    request, root = session.request, session.config.root
    if request.file is not None:
        return [request.cwd / request.file]
    folders = [root]
    if request.root is None:
        folders += [folder for folder in (request.cwd, *request.cwd.parents) if root in folder.parents]
    return [folder / name for folder in folders for name in (OWN_FILE, SHARED_FILE)]


def count_losses(session: Session) -> None:
    """Stop relying on notices if a change was found and its notice never came."""
    if session.unannounced is None:
        return
    since, count = session.unannounced
    if session.notices.count != count:
        session.unannounced = None
    elif time.monotonic() - since > GRACE:
        session.unannounced = None
        distrust(session, "a change caused no event")


def distrust(session: Session, problem: str | None) -> None:
    """If there is a problem with watching, report it and look more often. Notices that failed once are not relied on again."""
    if problem is not None and not session.polling:
        session.polling = True
        session.tell(Polling(problem))
