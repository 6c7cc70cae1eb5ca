"""What tells that a file or a folder may have changed, without reading it. Loads nothing: `replay` runs before all else."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing has it, too, and takes longer to load than all else here.
if TYPE_CHECKING:
    from collections.abc import Sequence

Stamp = tuple[int, int, int, int, int]
"""Of a file: size, mtime and ctime in ns, inode, mode."""

FolderStamp = tuple[int, int, int] | None
"""Of a folder, that it may list something else: mtime and ctime in ns, inode. None: there is none."""

SETTLED = 2_000_000_000
"""Nanoseconds after which a time stamp tells of any further change, on every file system (FAT counts in 2 s)."""


def stamp(status: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def is_settled_at(status: os.stat_result, known: Sequence[int], settled: int) -> bool:
    """Whether a file has the stamp that it had, and that was old enough to tell of any change since.

    `known` is a stamp as JSON has it. To make one for the comparison would cost half as much as the call of the system.
    """
    return (
        status.st_mtime_ns == known[1] < settled
        and status.st_ctime_ns == known[2] < settled
        and status.st_size == known[0]
        and status.st_ino == known[3]
        and status.st_mode == known[4]
    )


def folder_stamp(place: str) -> FolderStamp:
    """The stamp of a folder; symlinks are followed."""
    try:
        status = os.stat(place)  # noqa: PTH116 (a string is at hand, and a Path costs more than the call)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def digest(data: bytes) -> str:
    """The fingerprint of some bytes: SHA-256, in hexadecimal."""
    from hashlib import sha256  # noqa: PLC0415 (slow to load, and a run that finds nothing changed does without it)

    return sha256(data).hexdigest()
