"""What tells that a file or a folder may have changed, without reading it. Loads nothing: `replay` runs before all else."""

from __future__ import annotations

import os

Stamp = str
"""Of a file: its mtime and ctime in ns, inode, size and mode, as text. Of a folder, that it may list something else: the
first three; empty where there is none."""

UNSEEN = "0 0 0"
"""The stamp of a folder that nobody has looked at: none ever has it."""

SETTLED = 2_000_000_000
"""Nanoseconds after which a time stamp tells of any further change, on every file system (FAT counts in 2 s)."""


def stamp(status: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_size} {status.st_mode}"


def folder_stamp(place: str) -> Stamp:
    """The stamp of a folder; symlinks are followed."""
    try:
        status = os.stat(place)  # noqa: PTH116 (a string is at hand, and a Path costs more than the call)
    except OSError:
        return ""
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def is_settled(found: Stamp, moment: int) -> bool:
    """Whether a stamp was old enough at a moment, in ns, that a later change must have changed it."""
    mtime, ctime, _ = found.split(" ", 2)
    return int(mtime) < moment - SETTLED > int(ctime)


def unsettled(found: Stamp) -> Stamp:
    """A stamp that no file ever has, of the same size and mode: what it is of has to be looked into."""
    return f"0 0 {found.split(' ', 2)[2]}"


def is_as_large(found: Stamp, known: Stamp) -> bool:
    """Whether two files have the same size and mode, so that it takes a look inside to tell whether one has changed."""
    return found.split(" ")[3:] == known.split(" ")[3:]


def digest(data: bytes) -> str:
    """The fingerprint of some bytes: SHA-256, in hexadecimal."""
    from hashlib import sha256  # noqa: PLC0415 (slow to load, and a run that finds nothing changed does without it)

    return sha256(data).hexdigest()
