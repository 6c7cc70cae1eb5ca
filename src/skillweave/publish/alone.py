"""One build at a time in one output folder: a lock that the system drops when its holder ends, however it ends.

The folder itself is locked, so that nothing is left behind to be committed. Where that cannot be (Windows; NFS refuses
it), a hidden file in it is.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = ".lock"

_NOT_ON_FOLDERS = frozenset({errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Hold the lock of an output folder, which is made if it is not there. Who has to wait is told so, once.

    Gives whether nobody else can have been at work in it before. It is not reentrant: who takes it twice waits for itself.
    """
    told = False
    while True:
        is_new = _make(folder)
        descriptor, is_free = _try(folder)
        if not is_free:
            if not told:
                # It says no name: one that a repository gives could command a CI runner.
                sys.stderr.write("another build is at work in the output folder: waiting for it to end\n")
                sys.stderr.flush()
                told = True
            _wait(descriptor)
        if _is_there(descriptor, folder):
            break
        os.close(descriptor)  # While we waited, somebody removed the folder, and maybe made it anew.
    try:
        yield is_new and not told
    finally:
        os.close(descriptor)


def _make(folder: Path) -> bool:
    """Make a folder unless it is there; whether it was made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    return True


@contextmanager
def alone_if_there(folder: Path) -> Iterator[bool]:
    """`alone` where the output folder exists, and whether it does: a build that may write nothing makes none."""
    if not folder.is_dir():
        yield False
        return
    with alone(folder):
        yield True


if sys.platform == "win32":
    import msvcrt

    def _try(folder: Path) -> tuple[int, bool]:
        descriptor = _open_file(folder)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return descriptor, False
        return descriptor, True

    def _wait(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:  # It gives up after ten seconds.
                continue
            return

else:
    import fcntl

    def _try(folder: Path) -> tuple[int, bool]:
        """What was opened for locking, and whether it is locked: the folder, else a file in it."""
        try:
            return _try_opened(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
        except OSError as error:
            if error.errno not in _NOT_ON_FOLDERS:
                raise
        return _try_opened(_open_file(folder))

    def _try_opened(descriptor: int) -> tuple[int, bool]:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return descriptor, False
        except OSError:
            os.close(descriptor)
            raise
        return descriptor, True

    def _wait(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _open_file(folder: Path) -> int:
    return os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _is_there(descriptor: int, folder: Path) -> bool:
    """Whether what we hold is still what others will find."""
    held = os.fstat(descriptor)
    for path in (folder, folder / FILE_NAME):
        try:
            if os.path.samestat(held, path.stat()):
                return True
        except FileNotFoundError:
            continue
    return False
