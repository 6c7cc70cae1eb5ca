"""The folder of the cache, `.skillweave/`: what in it is believed, and how its files are read and written.

Loads next to nothing: `replay` runs before all else.
"""

from __future__ import annotations

import errno
import os
import sys
from stat import S_ISREG

from skillweave import __version__

TYPE_CHECKING = False  # typing has it, too, and takes as long to load as all else here.
if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".skillweave"
ANCHOR = ".gitignore"
MOST = 2**30
"""Bytes of a file of the cache that are read at most."""


def versions() -> list[str]:
    """What all that is kept depends on besides files: this version and the parsers', without importing them; who reads,
    and how names of files are read.
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
    """A key that holds for this machine's copy of a project only; None if it has no cache.

    What a repository brings along is not believed: nobody can know beforehand when the folder of the cache was made, to
    the nanosecond.
    """
    try:
        status = os.lstat(f"{root}/{FOLDER}/{ANCHOR}")
    except OSError:
        return None
    return f"{key}; {status.st_ino} {status.st_ctime_ns}"


def prepare_folder(root: Path, inner: str = "") -> bool:
    """See to it that there is a folder for the cache (and one in it), which version control leaves alone; False where there
    cannot be. A symlink in its place is not followed: a repository may bring one along.
    """
    from contextlib import suppress  # noqa: PLC0415 (a run that says again what the last one said writes nothing)

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
    if status is None or (S_ISREG(status.st_mode) and not status.st_size):  # A full disk leaves an empty one.
        write_whole(f"{folder / ANCHOR}", b"*\n")
    try:
        return S_ISREG(os.lstat(folder / ANCHOR).st_mode)
    except OSError:
        return False


_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Neither a FIFO nor what a symlink leads to (a device has no end) is a cache: a repository may bring them along."""


def read_whole(path: str, start: int = 0, length: int = -1) -> bytes:
    """What a file of the cache holds; or a part of it, by the first byte and how many. Raises OSError, also where it is no
    regular file, or larger than any of ours.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode) or status.st_size > MOST:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        if start:
            os.lseek(descriptor, start, os.SEEK_SET)
        # Without a file object around it, a small file is read in half the time.
        left, pieces = status.st_size + 1 if length < 0 else length, list[bytes]()
        while left and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_whole(path: str, *pieces: bytes) -> None:
    """Write a file of the cache, whole or not at all. What cannot be written is not kept: that costs time only."""
    temporary = f"{path}.{os.getpid()}"
    try:
        # Never through a symlink that a repository brought along under this name.
        with open(temporary, "xb") as file:  # noqa: PTH123 (a string is at hand, and a Path costs more)
            file.writelines(pieces)
        os.replace(temporary, path)  # noqa: PTH105 (likewise)
    except OSError:
        try:
            os.unlink(temporary)  # noqa: PTH108 (likewise)
        except OSError:
            return
