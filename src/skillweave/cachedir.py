"""The cache's folder, `.skillweave/`: which of its files are believed, and how they are read and written.

Imports almost nothing, because `replay` uses it before anything else is loaded.
"""

from __future__ import annotations

import errno
import os
import sys
from stat import S_ISREG

from skillweave import __version__
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".skillweave"
ANCHOR = ".gitignore"
MOST = 2**30
"""The largest file of the cache that is read, in bytes."""


def versions() -> list[str]:
    """Everything besides files that cached values depend on: our version, the file system encoding, the user, and the
    parsers' versions (told by size and mtime, without importing them).
    """
    from importlib.machinery import PathFinder  # noqa: PLC0415

    who = os.geteuid() if hasattr(os, "geteuid") else ""
    found = [__version__, sys.getfilesystemencoding(), f"user {who}"]
    for name in ("markdown_it", "mdit_py_plugins", "yaml", "jinja2"):
        spec = PathFinder.find_spec(name)
        status = os.stat(spec.origin) if spec and spec.origin else None  # noqa: PTH116 (a Path costs more than the call)
        found.append(f"{name} {status.st_size} {status.st_mtime_ns}" if status else name)
    return found


def key_here(root: Path | str, key: str) -> str | None:
    """Bind a key to this machine's copy of a project; returns None if the project has no cache.

    A cache that a repository brought along is not believed: the key includes the inode and ctime (in ns) of a file in
    the cache's folder, which nobody can know beforehand.
    """
    try:
        status = os.lstat(f"{root}/{FOLDER}/{ANCHOR}")
    except OSError:
        return None
    return f"{key}; {status.st_ino} {status.st_ctime_ns}"


def prepare_folder(root: Path, inner: str = "") -> bool:
    """Make sure that the cache's folder exists (and `inner` in it, if given), and that version control ignores it.

    Returns False if that is impossible, or if a symlink is in its place: a repository may have brought one along.
    """
    from contextlib import suppress  # noqa: PLC0415 (a run that repeats the last answer writes nothing)

    folder = root / FOLDER
    for place in dict.fromkeys((folder, folder / inner)):
        with suppress(OSError):
            place.mkdir()
        if place.is_symlink():
            return False
    try:
        status = os.lstat(folder / ANCHOR)
    except OSError:
        status = None
    if status is None or (S_ISREG(status.st_mode) and not status.st_size):  # A full disk can leave an empty one behind.
        write_whole(f"{folder / ANCHOR}", b"*\n")
    try:
        return S_ISREG(os.lstat(folder / ANCHOR).st_mode)
    except OSError:
        return False


_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Never follow a symlink (it may lead to a device, which has no end) or block on a FIFO: a repository may bring them along."""


def read_whole(path: str, start: int = 0, length: int = -1) -> bytes:
    """Read a file of the cache, or `length` bytes of it from the byte offset `start`.

    Raises OSError, also if it is not a regular file or is larger than `MOST`.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode) or status.st_size > MOST:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        if start:
            os.lseek(descriptor, start, os.SEEK_SET)
        # Reading a small file takes half the time without a file object around it.
        left, pieces = status.st_size + 1 if length < 0 else length, list[bytes]()
        while left and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_whole(path: str, *pieces: bytes) -> None:
    """Write a file of the cache, whole or not at all. A failure is ignored: it only costs time in the next run."""
    temporary = f"{path}.{os.getpid()}"
    try:
        # "x" keeps us from writing through a symlink that a repository brought along under this name.
        with open(temporary, "xb") as file:  # noqa: PTH123 (the path is a string already, and a Path costs more)
            file.writelines(pieces)
        os.replace(temporary, path)  # noqa: PTH105 (likewise)
    except OSError:
        try:
            os.unlink(temporary)  # noqa: PTH108 (likewise)
        except OSError:
            return
