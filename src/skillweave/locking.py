"""The lock of an output folder, which the system releases when its holder ends, however it ends. Imports almost nothing.

The folder itself is locked, so that no lock file is left behind to be committed. Where that is impossible (Windows,
NFS), a hidden file in it is locked.
"""

from __future__ import annotations

import errno
import os
import sys

FILE_NAME = ".lock"

_NOT_ON_FOLDERS = frozenset({errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})

if sys.platform == "win32":
    import msvcrt

    def try_lock(folder: str) -> tuple[int, bool]:
        """Open and try to lock a file in a folder; returns the descriptor, and whether it is locked. Raises OSError."""
        descriptor = _open_file(folder)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return descriptor, False
        return descriptor, True

    def wait_for_lock(descriptor: int) -> None:
        """Wait until the opened file is free, and lock it."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:  # LK_LOCK gives up after ten seconds.
                continue
            return

    def is_locked(folder: str) -> bool:
        """Whether somebody else holds the lock of an output folder."""
        if not os.path.exists(f"{folder}/{FILE_NAME}"):  # noqa: PTH110 (a Path is not loaded)
            return False
        descriptor, is_free = try_lock(folder)
        os.close(descriptor)
        return not is_free

else:
    import fcntl

    def try_lock(folder: str) -> tuple[int, bool]:
        """Open and try to lock a folder, or a file in it; returns the descriptor, and whether it is locked. Raises OSError."""
        try:
            return _try_opened(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NOT_ON_FOLDERS:
                raise
        return _try_opened(_open_file(folder), fcntl.LOCK_EX)

    def wait_for_lock(descriptor: int) -> None:
        """Wait until the opened file or folder is free, and lock it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def is_locked(folder: str) -> bool:
        """Whether somebody else holds the lock of an output folder."""
        for place in (folder, f"{folder}/{FILE_NAME}"):
            try:
                descriptor, is_free = _try_opened(os.open(place, os.O_RDONLY), fcntl.LOCK_SH)
            except OSError:
                continue
            os.close(descriptor)
            return not is_free
        return False

    def _try_opened(descriptor: int, how: int) -> tuple[int, bool]:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return descriptor, False
        except OSError:
            os.close(descriptor)
            raise
        return descriptor, True


def _open_file(folder: str) -> int:
    return os.open(f"{folder}/{FILE_NAME}", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
