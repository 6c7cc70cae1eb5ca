"""Reads and writes regular files whole: never half of one, and never what a symlink or FIFO in its place leads to."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import contextmanager, suppress

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)
_TO_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY
_TO_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | _BINARY


class Regular(NamedTuple):
    """A regular file's bytes, and its mode as we publish it: 0o755 if its owner may execute it, else 0o644."""

    data: bytes
    mode: int


def read_regular(path: Path | str) -> Regular | None:
    """Read a regular file; returns None for anything else, and for what cannot be opened."""
    try:
        descriptor = os.open(path, _TO_READ)
    except OSError:
        return None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return Regular(file.read(), 0o755 if mode & 0o100 else 0o644)
    finally:
        os.close(descriptor)


def is_regular(path: Path | str) -> bool:
    """Whether there is a regular file, and not a symlink to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def write_new(path: Path | str, data: bytes, mode: int = 0o666) -> None:
    """Write a file that must not exist yet, with these permission bits minus those that the umask removes. Raises OSError."""
    descriptor = os.open(path, _TO_MAKE, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def write_like(model: Path, path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, and flush it to disk, with the mode and, if the system allows it, the owner of
    `model`, the file that it will replace. Raises OSError.
    """
    wanted = model.lstat()
    with os.fdopen(os.open(path, _TO_MAKE, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    found = path.lstat()
    if hasattr(os, "chown") and (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        # Only the superuser gives files away. An editor that saves a file of somebody else makes it its own, too.
        with suppress(PermissionError):
            os.chown(path, wanted.st_uid, wanted.st_gid)
    path.chmod(stat.S_IMODE(wanted.st_mode))


def temporary_name(path: Path) -> Path:
    """An unpredictable name next to a file, for the one that will replace it."""
    # Hidden, so that no build and no watch takes it for a source.
    return path.with_name(f".skillweave-{os.urandom(8).hex()}")


def clear_left_over(folder: Path) -> None:
    """Remove temporary files that killed runs have left in a folder."""
    with suppress(OSError), os.scandir(folder) as scan:
        for entry in scan:
            if _TEMPORARY.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < time.time() - _LEFT:
                os.unlink(entry.path)  # noqa: PTH108 (a string is at hand)


_TEMPORARY = re.compile(r"\.skillweave-[0-9a-f]{16}")
_LEFT = 60
"""The age in seconds from which a temporary file must be that of a killed run: writing one takes far less."""


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Make errors name a file itself, not the place where it is prepared."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def replace_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file under an unpredictable name, then rename it: readers see all of the old or all of the new file, and a
    symlink in its place is not followed. Raises OSError that names the file itself.
    """
    temporary = temporary_name(path)
    try:
        with naming(path):
            write_new(temporary, data, mode)
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
