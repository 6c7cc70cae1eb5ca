"""Prepares a build's changes to the output folder aside, then puts them in place, folder by folder.

Everything is staged in `.staging-…` in the output folder, on the same file system:

- new/: what is published, in the shape of the output folder; after an exchange, what was there before
- old/: folders that were taken away, in the same shape
- skillweave.lock.json: the next lock file, which is put in place last

Until then, this lock file says what the build meant to leave. If the build dies in between, the next one reads there what it
may call its own, enters that in the lock file, and cleans up before it stages anything itself. So however many builds fail,
only one such folder is left. Nothing is flushed to the disk, as fsync would take three times as long as the writing: a killed
process leaves whole bundles; a power cut may not, but the next build repairs that.
"""

# ruff: noqa: PTH101, PTH102, PTH103, PTH104, PTH105, PTH106, PTH108, PTH114, PTH115, PTH211
# (paths are strings here: making a `Path` for each of thousands takes longer than what is done with it)

from __future__ import annotations

import errno
import os
from contextlib import suppress

from skillweave.config import LOCK_NAME
from skillweave.lock import read_lock
from skillweave.publish.disk import is_staging, remove_empty, walk
from skillweave.publish.exchange import exchange, roll_back
from skillweave.record import NamedTuple
from skillweave.regular import naming, read_regular, write_new
from skillweave.source import folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from skillweave.bundle import Output
    from skillweave.lock import Lock
    from skillweave.publish.disk import Standing

_HEALED = "healed"
"""A name in the folder that a build left behind: of the lock file with those outputs which that build meant to leave and which
are there.
"""

_NO_LINKS = frozenset({errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


class NextLock(NamedTuple):
    """The next lock file."""

    data: bytes
    is_kept: bool = True
    """Whether it stays. Otherwise it is only staged, to say what is meant, and there is no lock file in the end."""


class Changes(NamedTuple):
    """What has to change in the output folder. Paths are relative to it."""

    outputs: Mapping[str, Output]
    """The outputs of the bundles that change, by path."""
    drops: frozenset[str]
    """The files to remove, all written by builds."""
    folders: tuple[str, ...]
    """The existing folders that are exchanged as a whole, none inside another. What is in them and not dropped stays."""
    lock: NextLock | None
    """The next lock file; None if the last one stays."""


class Applied(NamedTuple):
    """What came of the changes. Paths are relative to the output folder."""

    given: list[str]
    """The files that somebody saved in the changed folders in the meantime. They were put back."""
    made: list[str]
    """The topmost folders that were not there before."""


def apply(folder: Path, changes: Changes) -> Applied:
    """Make the changes. Raises OSError if the system refuses; each folder is then whole, either the old or the new one."""
    staging = _make(folder)
    seen = None
    try:
        seen = _stage(folder, staging, changes)
        _take_away(folder, staging, changes)
        made = _place(folder, staging, changes)
        ours = (changes.outputs.keys() & seen.keys()) | changes.drops
        rest, given = _give_back(folder, staging, _Seen(ours, seen))
        if changes.lock is not None:
            with naming(f"{folder}/{LOCK_NAME}"):
                os.replace(f"{staging}/{LOCK_NAME}", f"{folder}/{LOCK_NAME}")
                if not changes.lock.is_kept:
                    os.unlink(f"{folder}/{LOCK_NAME}")
    except BaseException:
        with suppress(OSError):
            roll_back(folder, staging)
            if seen is not None:
                # All outputs that are not yet in place are still in here.
                _give_back(folder, staging, _Seen(changes.outputs.keys() | changes.drops, seen))
            _empty(staging, LOCK_NAME if seen is not None else None)
        raise
    _remove(rest)
    return Applied(given, made)


def recover(folder: Path, previous: Lock) -> Lock:
    """Clean up behind builds that died. Returns the records that they meant to leave; once these are kept, `forget` removes the
    rest.

    `previous` is what the lock file says. If a dead build had staged its lock file, then what neither of the two names was
    added by somebody, and is put back.
    """
    meant: Lock = {}
    for staging in left_over(folder):
        roll_back(folder, staging)
        found = read_regular(f"{staging}/{LOCK_NAME}")
        left = read_lock(found[0]) if found else None
        if left is not None:
            ours = {path for lock in (previous, left) for record in lock.values() for path in record.outputs}
            _give_back(folder, staging, _Seen(ours, None))
            meant |= left
        _empty(staging, LOCK_NAME)
    return meant


def keep_lock(folder: Path, lock: bytes) -> bytes:
    """Write what `recover` found to the lock file, before that is forgotten. Returns the bytes written."""
    staged = f"{left_over(folder)[0]}/{_HEALED}"
    with naming(f"{folder}/{LOCK_NAME}"):
        write_new(staged, lock, 0o644)
        os.replace(staged, f"{folder}/{LOCK_NAME}")
    return lock


def forget(folder: Path) -> None:
    """Remove what `recover` left."""
    for staging in left_over(folder):
        remove_tree(staging)


def remove_tree(top: str) -> None:
    """Remove a folder of ours with everything in it. Symlinks are removed, not followed."""
    _remove(_list(top))


class _Listing(NamedTuple):
    """What a folder contains: its files, and the paths of its folders, outer ones first."""

    files: list[os.DirEntry[str]]
    folders: list[str]


def _list(top: str) -> _Listing:
    found, pending = _Listing([], []), [top]
    while pending:
        folder = pending.pop()
        found.folders.append(folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            os.chmod(folder, 0o700)  # somebody closed a folder of the last bundle
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                found.files.append(entry)
    return found


def _remove(listing: _Listing) -> None:
    for entry in listing.files:
        os.unlink(entry.path)
    for folder in reversed(listing.folders):
        os.rmdir(folder)


class _Seen(NamedTuple):
    """What a build knew about the folders that it changes. Whatever else is in them was put there by somebody in the
    meantime.
    """

    ours: Container[str]
    """The paths of outputs, including the removed ones: what stands there is not looked at."""
    files: Mapping[str, int] | None
    """The inode of each file that stood there when everything was prepared, by path. None behind a build that died: whatever
    stands in the output folder now counts as known.
    """


def _give_back(folder: Path, staging: str, seen: _Seen) -> tuple[_Listing, list[str]]:
    """Put back what somebody added to a folder after we had looked at it and before it was taken away.

    Returns what is left in the staging folder, without the lock file, and the paths of what was put back. The listing costs
    nothing extra, as it is needed to remove the folder.
    """
    listing = _list(staging)
    rest, given = [], []
    for entry in listing.files:
        where, _, path = entry.path[len(staging) + 1 :].partition("/")
        target = f"{folder}/{path}"
        is_seen = os.path.lexists(target) if seen.files is None else seen.files.get(path) == entry.inode()
        if where not in ("new", "old") or path in seen.ours or is_seen:
            rest += [entry] if path or where != LOCK_NAME else []
            continue
        with naming(target):
            os.makedirs(target.rpartition("/")[0], exist_ok=True)
            # If a file that stays was saved again in the meantime, that replaces the copy we kept; nothing else is replaced.
            is_newer = seen.files is not None and path in seen.files
            while os.path.lexists(target) and not is_newer:
                target += ".kept"
            os.replace(entry.path, target)
        given += [] if is_newer else [os.path.relpath(target, folder)]
    return _Listing(rest, listing.folders), given


def _make(folder: Path) -> str:
    while True:
        staging = f"{folder}/.staging-{os.urandom(4).hex()}"
        with suppress(FileExistsError), naming(os.fspath(folder)):
            os.mkdir(staging)
            return staging


def left_over(folder: Path) -> list[str]:
    """The staging folders that builds which died left in an output folder, sorted."""
    with os.scandir(folder) as scan:
        return sorted(entry.path for entry in scan if is_staging(entry.name) and entry.is_dir(follow_symlinks=False))


def _empty(staging: str, kept: str | None) -> None:
    """Remove everything in a staging folder except one file; if that is not there, the folder, too."""
    with os.scandir(staging) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    is_kept = False
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            remove_tree(entry.path)
        elif entry.name == kept:
            is_kept = True
        else:
            os.unlink(entry.path)
    if not is_kept:
        os.rmdir(staging)


def _stage(folder: Path, staging: str, changes: Changes) -> dict[str, int]:
    """Prepare everything: the outputs, what stays of the folders that change, and the lock file.

    Returns what stands in those folders: the inode of each file, by path.
    """
    seen = {}
    new = f"{staging}/new"
    made: set[str] = set()
    tops = frozenset(changes.folders)
    for path, output in changes.outputs.items():
        source, target = f"{folder}/{path}", f"{new}/{path}"
        with naming(source):
            _make_folders(target.rpartition("/")[0], made)
            is_there = _is_in(path, tops) and read_regular(source) == (output.data, output.mode)
            if not (is_there and _link(source, target)):
                write_new(target, output.data, output.mode)
    for top in changes.folders:
        for standing in walk(folder, top):
            seen[standing.path] = standing.inode
            if standing.path not in changes.outputs and standing.path not in changes.drops:
                with naming(f"{folder}/{standing.path}"):
                    _keep(folder, new, standing, made)
    if changes.lock is not None:
        with naming(f"{folder}/{LOCK_NAME}"):
            write_new(f"{staging}/{LOCK_NAME}", changes.lock.data, 0o644)
    return seen


def _take_away(folder: Path, staging: str, changes: Changes) -> None:
    """Move away the folders of which nothing stays, then remove the single files that have to go."""
    tops = frozenset(changes.folders)
    made: set[str] = set()
    for top in changes.folders:
        if not os.path.lexists(f"{staging}/new/{top}"):
            with naming(f"{folder}/{top}"):
                _make_folders(f"{staging}/old/{top}".rpartition("/")[0], made)
                os.rename(f"{folder}/{top}", f"{staging}/old/{top}")
            remove_empty(folder, top.rpartition("/")[0])
    for path in sorted(changes.drops):
        if not _is_in(path, tops):
            os.unlink(f"{folder}/{path}")
            remove_empty(folder, path.rpartition("/")[0])


def _place(folder: Path, staging: str, changes: Changes) -> list[str]:
    """Put what is staged in place: a new folder, with all in it, by one rename; others by an exchange.

    Returns the folders that are new.
    """
    made = []
    new = f"{staging}/new"
    tops = frozenset(changes.folders)
    pending = [""] if os.path.lexists(new) else []
    while pending:
        here = pending.pop()
        with os.scandir(f"{new}/{here}") as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        for entry in entries:
            path = f"{here}/{entry.name}" if here else entry.name
            target = f"{folder}/{path}"
            with naming(target):
                if path in tops:
                    exchange(folder, path, entry.path, staging)
                elif entry.is_dir(follow_symlinks=False) and os.path.lexists(target):
                    pending.append(path)
                else:
                    if entry.is_dir(follow_symlinks=False):
                        made.append(path)
                    os.replace(entry.path, target)
    return made


def _keep(folder: Path, new: str, standing: Standing, made: set[str]) -> None:
    """Put something that stays into the staged folder as well, as a hard link if possible."""
    source, target = f"{folder}/{standing.path}", f"{new}/{standing.path}"
    if standing.kind == "empty":
        _make_folders(target, made)
        return
    _make_folders(target.rpartition("/")[0], made)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif not _link(source, target):
        import shutil  # noqa: PLC0415 (slow to load, rarely needed)

        shutil.copy2(source, target)


def _make_folders(path: str, made: set[str]) -> None:
    if path not in made:
        os.makedirs(path, exist_ok=True)
        made.add(path)


def _link(source: str, target: str) -> bool:
    """Give a file a second name. Returns False if the file system cannot do that."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _is_in(path: str, folders: frozenset[str]) -> bool:
    return path in folders or any(folder in folders for folder in folders_above(path))
