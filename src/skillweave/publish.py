"""Bundles → the output folder, and the only module that writes. What no build wrote is never changed or removed."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from skillweave.diagnostics import FOREIGN_OUTPUT, STALE_OUTPUT, Diagnostic
from skillweave.emit import LOCK_NAME, Bundle, Lock, Output, Record, lock_bytes, read_lock, record_of
from skillweave.files import digest, is_left_out
from skillweave.project import START
from skillweave.source import SourcePath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

State = Literal["absent", "same", "ours", "foreign"]

BUILD = "run `skillweave build`"


@dataclass(slots=True)
class Published:
    """What a build did, or would do, to the output folder. Entries are named by their source path."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be published where. `kept` are entries that are not built now: their outputs and records stay."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    bundles: Sequence[Bundle]
    kept: frozenset[str]
    """Entries (by source path) whose last output stays as it is."""


def publish(request: Request) -> Published:
    """Write what differs, remove what earlier builds wrote and this one does not, then the lock file.

    Raises OSError where the system refuses; everything written until then is whole, and the next build heals the rest.
    """
    previous = load_lock(request.folder)
    result = Published()
    lock: Lock = {path: record for path, record in previous.items() if path in request.kept}
    ours = {path: value for record in previous.values() for path, value in record.outputs.items()}
    planned = {output.path for bundle in request.bundles for output in bundle.outputs}
    for bundle in request.bundles:
        source = str(bundle.entry.path)
        foreign = _foreign(request, bundle, ours, planned)
        if foreign:
            result.diagnostics += foreign
            if source in previous:
                lock[source] = previous[source]
            continue
        record = record_of(bundle)
        wrote = [output for output in bundle.outputs if _write_if_changed(request.folder, output)]
        stale = set(previous[source].outputs) - set(record.outputs) - planned if source in previous else set()
        _remove(request, {path: ours[path] for path in sorted(stale)}, result)
        (result.changed if wrote or stale else result.unchanged).append(source)
        lock[source] = record
    for source, record in sorted(previous.items()):
        if source not in lock and not any(str(bundle.entry.path) == source for bundle in request.bundles):
            orphans = {path: value for path, value in sorted(record.outputs.items()) if path not in planned}
            kept = _remove(request, orphans, result)
            result.removed.append(source)
            if kept:
                lock[source] = Record(record.inputs, kept)
    _write_lock(request, lock)
    return result


def compare(request: Request) -> Published:
    """What `publish` would find to do, as `stale-output` diagnostics; nothing is written."""
    previous = load_lock(request.folder)
    result = Published()
    planned = {output.path: output for bundle in request.bundles for output in bundle.outputs}
    lock = expected_lock(request, previous)
    kept = {path for source in request.kept if source in previous for path in previous[source].outputs}
    for path, output in sorted(planned.items()):
        state = _state(request.folder, output, {})
        if state != "same":
            why = "missing: its sources make it" if state == "absent" else "stale: it is not what its sources make"
            result.diagnostics.append(_stale(request, path, why))
    ours = {path for record in previous.values() for path in record.outputs}
    for path in files_below(request.folder):
        if path not in planned and path not in kept and path != LOCK_NAME:
            cure = BUILD if path in ours else "no build wrote it: move it out of the output folder"
            result.diagnostics.append(_stale(request, path, "stray: no source makes it", cure))
    there = read_plain(request.folder / LOCK_NAME)
    expected = there is not None or bool(lock)
    if expected and (there is None or there[0] != lock_bytes(lock)):
        what = "missing" if there is None else "stale"
        result.diagnostics.append(_stale(request, LOCK_NAME, f"{what}: it does not describe these bundles"))
    return result


def load_lock(folder: Path) -> Lock:
    """The records that earlier builds left; none where there is no lock file, or none that can be read."""
    found = read_plain(folder / LOCK_NAME)
    return (read_lock(found[0]) if found else None) or {}


def expected_lock(request: Request, previous: Lock) -> Lock:
    """The records that `publish` leaves where nothing foreign is in its way."""
    lock = {path: record for path, record in previous.items() if path in request.kept}
    return lock | {str(bundle.entry.path): record_of(bundle) for bundle in request.bundles}


def _stale(request: Request, path: str, why: str, cure: str = BUILD) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(STALE_OUTPUT, f"{place} is {why}", place, START, START, help=cure)


def _foreign(request: Request, bundle: Bundle, ours: Mapping[str, str], planned: set[str]) -> list[Diagnostic]:
    """What stands where the bundle goes and was not written by any build."""
    found = []
    for output in bundle.outputs:
        if _state(request.folder, output, ours) == "foreign":
            found.append(_foreign_diagnostic(request, output.path, "stands where an output goes"))
    if bundle.entry.kind == "skill":
        for path in files_below(request.folder, bundle.entry.folder):
            if path not in planned and path not in ours:
                found.append(_foreign_diagnostic(request, path, "stands in a bundle's folder"))
    return found


def _foreign_diagnostic(request: Request, path: str, why: str) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(
        FOREIGN_OUTPUT,
        f"{place} {why} and no build wrote it",
        place,
        START,
        START,
        help="move it out of the output folder, or choose another `output`",
    )


def _state(folder: Path, output: Output, ours: Mapping[str, str]) -> State:
    parts = output.path.split("/")
    for count in range(len(parts)):
        try:
            mode = os.lstat(folder.joinpath(*parts[:count])).st_mode
        except FileNotFoundError:
            return "absent"
        if not stat.S_ISDIR(mode) and not (count == 0 and folder.is_dir()):
            return "foreign"
    found = read_plain(folder / output.path)
    if found is None:
        return "foreign" if os.path.lexists(folder / output.path) else "absent"
    if found == (output.data, output.mode):
        return "same"
    return "ours" if output.path in ours or found[0] == output.data else "foreign"


def read_plain(path: Path) -> tuple[bytes, int] | None:
    """A regular file's bytes and mode; None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return None
        return file.read(), 0o755 if mode & 0o100 else 0o644


def files_below(folder: Path, below: str = "") -> Iterator[str]:
    """Every file and symlink below a folder, without what is left out everywhere; symlinked folders are not entered."""
    pending = [below]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(folder / here) as scan:
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            continue
        files = []
        for entry in entries:
            path = f"{here}/{entry.name}" if here else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_left_out(entry.name) or entry.name.startswith(".") and not here:
                    pending.append(path)
            elif not is_left_out(entry.name):
                files.append(path)
        yield from reversed(files)


def _write_if_changed(folder: Path, output: Output) -> bool:
    if _state(folder, output, {}) == "same":
        return False
    path = folder / output.path
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, output.data, output.mode)
    return True


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file under a temporary name, then give it its own: a reader sees the old bytes or the new ones."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".skillweave-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _remove(request: Request, outputs: Mapping[str, str], result: Published) -> dict[str, str]:
    """Remove files that an earlier build wrote, and the folders that this empties. Returns what was edited since."""
    kept: dict[str, str] = {}
    for path, value in outputs.items():
        place = request.folder / path
        if not is_plain(request.folder, path):
            continue
        found = read_plain(place)
        if found is None:
            continue
        if digest(found[0]) != value:
            kept[path] = value
            result.diagnostics.append(
                _foreign_diagnostic(request, path, "was edited after it was built, its source is gone,")
            )
            continue
        os.unlink(place)
        parent = place.parent
        while parent != request.folder:
            try:
                os.rmdir(parent)
            except OSError:
                break
            parent = parent.parent
    return kept


def is_plain(folder: Path, path: str) -> bool:
    """Whether a path leads through real folders only."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        try:
            if not stat.S_ISDIR(os.lstat(folder.joinpath(*parts[:count])).st_mode):
                return False
        except OSError:
            return False
    return True


def _write_lock(request: Request, lock: Lock) -> None:
    data = lock_bytes(lock)
    place = request.folder / LOCK_NAME
    found = read_plain(place)
    if found is not None and found[0] == data:
        return
    if not lock and found is None:
        return
    request.folder.mkdir(parents=True, exist_ok=True)
    replace_file(place, data, 0o644)
