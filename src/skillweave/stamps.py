"""Stamps, which show without reading it whether a file or folder may have changed.

Imports nothing heavy, because `replay` uses it before anything else is loaded.
"""

from __future__ import annotations

import os
from stat import S_ISLNK

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Stamp = str
"""A file's mtime and ctime in ns, inode, size and mode, as text.

A folder's stamp changes when it may list something else: it has only the first three, and is empty if there is no
folder.
"""

UNSEEN = "0 0 0"
"""The stamp of a folder that nobody has looked at. No folder ever has it."""

SETTLED = 2_000_000_000
"""The age in ns from which a timestamp shows every later change, on all file systems (FAT counts in steps of 2 s)."""


def stamp(status: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_size} {status.st_mode}"


def folder_stamp(place: str) -> Stamp:
    """The stamp of a folder; symlinks are followed. Empty if it cannot be looked at."""
    return _folder_stamp(os.stat, place)


def real_folder_stamp(place: str) -> Stamp:
    """The stamp of a folder; empty if it cannot be looked at, or is a symlink, which leads elsewhere whatever that holds."""
    return _folder_stamp(os.lstat, place)


def _folder_stamp(look: Callable[[str], os.stat_result], place: str) -> Stamp:
    try:
        status = look(place)
    except OSError:
        return ""
    if S_ISLNK(status.st_mode):
        return ""
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def is_settled(found: Stamp, moment: int) -> bool:
    """Whether a stamp was already so old at `moment` (in ns) that every later change must show in it."""
    mtime, ctime, _ = found.split(" ", 2)
    return int(mtime) < moment - SETTLED > int(ctime)


def is_old(status: os.stat_result, moment: int) -> bool:
    """The same as `is_settled` for a file that has just been looked at, which takes a fraction of the time."""
    return status.st_mtime_ns < moment - SETTLED > status.st_ctime_ns


def unsettled(found: Stamp) -> Stamp:
    """A stamp that no file ever has, with the same size and mode: it forces a look into the file."""
    return f"0 0 {found.split(' ', 2)[2]}"


def has_same_size_and_mode(found: Stamp, known: Stamp) -> bool:
    """Whether two stamps have the same size and mode, so that only a look inside tells whether the file changed."""
    return found.split(" ")[3:] == known.split(" ")[3:]


def digest(data: bytes | memoryview) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    from hashlib import sha256  # noqa: PLC0415 (slow to load, and not needed by a run that finds nothing changed)

    return sha256(data).hexdigest()
