"""The system's notices that something changed. They are only hints. The only module that imports watchdog."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watchdog import events
from watchdog.observers import Observer

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from watchdog.observers.api import BaseObserver, ObservedWatch

# Events about opening, reading or closing are filtered out at their source, as a build reads thousands of files. Watchdog 6 has
# no event of its own for a changed mode, and reports a modification.
_KINDS: list[type[events.FileSystemEvent]] = [
    getattr(events, f"{what}{kind}Event")
    for what in ("File", "Dir")
    for kind in ("Created", "Deleted", "Moved", "Modified", "Attrib")
    if (what, kind) not in (("Dir", "Modified"), ("Dir", "Attrib")) and hasattr(events, f"{what}{kind}Event")
]

FEW = 100
"""Up to so many named paths, a look at these alone is worth it."""
_LOST = ""
"""Stands for the paths that lost notices would have named."""


class _Watched(NamedTuple):
    watch: ObservedWatch
    identity: tuple[int, int]
    recursive: bool


@dataclass(slots=True)
class Notices:
    """What is watched, and how many notices came. `observer` is None if the system cannot watch at all."""

    observer: BaseObserver | None
    wake: Callable[[], None]
    ignored: frozenset[str] = frozenset()
    """Real paths of folders whose notices are ignored, along with all that is below."""
    named: deque[str] = field(default_factory=deque)
    """The real paths that notices have named since they were last taken. Other threads add to it: it must never be replaced."""
    count: int = 0
    latest: float = 0.0
    """When the last notice came, on the monotonic clock."""
    watched: dict[str, _Watched] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """Watched places that were themselves created, moved or deleted: another folder may be there now."""


def listen(wake: Callable[[], None]) -> tuple[Notices, str | None]:
    """Start to listen, though to nothing yet. Also returns why that is impossible, if it is. `wake` is called at each
    notice.
    """
    # Watchdog warns about a folder that is seen twice, as it is made and as it is found. That is of no interest to the author.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\b")
    try:
        observer = Observer()
        observer.start()
    except (OSError, RuntimeError) as error:
        return Notices(None, wake), _reason(error)
    notices = Notices(observer, wake)
    _listen_to_log(notices)
    return notices, None


def watch_places(notices: Notices, places: Mapping[str, bool]) -> str | None:
    """Watch exactly these folders, as they are now, recursively if the value is true. Returns why one cannot be
    watched, if so.
    """
    if notices.observer is None:
        return None
    alive = {emitter.watch for emitter in list(notices.observer.emitters) if emitter.is_alive()}
    doubtful, notices.doubtful = notices.doubtful, set()
    for path, watched in list(notices.watched.items()):
        same = places.get(path) == watched.recursive and _identity(path) == watched.identity
        if not same or path in doubtful or watched.watch not in alive:
            del notices.watched[path]
            with suppress(KeyError, OSError):
                notices.observer.unschedule(watched.watch)
    problem = None
    for path in places.keys() - notices.watched.keys():
        problem = _watch(notices, notices.observer, path, recursive=places[path]) or problem
    return problem


def take_named(notices: Notices) -> set[str] | None:
    """The real paths that notices have named since the last call. None if there may be others, or more than `FEW`."""
    named = {notices.named.popleft() for _ in range(len(notices.named))}
    return None if _LOST in named or len(named) > FEW else named


def _watch(notices: Notices, observer: BaseObserver, path: str, *, recursive: bool) -> str | None:
    identity = _identity(path)
    if identity is None:
        return None
    try:
        watch = observer.schedule(_Handler(notices), path, recursive=recursive, event_filter=_KINDS)
    except (FileNotFoundError, NotADirectoryError):
        return None  # it has vanished again: the next look finds out
    except (OSError, RuntimeError) as error:
        return _reason(error)
    notices.watched[path] = _Watched(watch, identity, recursive)
    return None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class _Handler(events.FileSystemEventHandler):
    """Counts what happens. Names that no build reads count, too, as an editor may only cause notices about its hidden file."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def on_any_event(self, event: events.FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        _count(self._notices, paths)


def _count(notices: Notices, paths: Iterable[str]) -> None:
    counted = [path for path in paths if not _is_ignored(path, notices.ignored)]
    notices.doubtful.update(path for path in counted if path in notices.watched)
    notices.named.extend(counted)
    if counted:
        _wake(notices)


def _wake(notices: Notices) -> None:
    notices.count += 1
    notices.latest = time.monotonic()
    notices.wake()


def _is_ignored(path: str, ignored: frozenset[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in ignored)


def _listen_to_log(notices: Notices) -> None:
    """Listen for what watchdog only writes to its log: that the system's queue overflowed and notices were lost."""

    class Listener(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            notices.named.append(_LOST)
            _wake(notices)

    log = logging.getLogger("watchdog")
    log.addHandler(Listener(logging.WARNING))
    log.propagate = False
