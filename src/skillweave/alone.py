"""Allows one build at a time in an output folder. A second build waits, and says so."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from skillweave.locking import FILE_NAME, try_lock, wait_for_lock
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Hold the lock of an output folder, which is created if it is missing. If the caller has to wait, that is reported
    once.

    Yields True if nobody else can have worked in the folder before: this call created it and did not wait. The lock is
    not reentrant: taking it twice in one process blocks forever.
    """
    has_waited = False
    while True:
        is_new = _make(folder)
        descriptor, is_free = try_lock(os.fspath(folder))
        if not is_free:
            if not has_waited:
                # The message names no folder: a name chosen by a repository could be a command to a CI runner.
                sys.stderr.write("another build is running in this output folder: waiting for it to finish\n")
                sys.stderr.flush()
                has_waited = True
            wait_for_lock(descriptor)
        if _is_there(descriptor, folder):
            break
        os.close(descriptor)  # While we waited, somebody removed the folder, and may have created a new one.
    try:
        yield is_new and not has_waited
    finally:
        os.close(descriptor)


@contextmanager
def alone_if_there(folder: Path) -> Iterator[bool]:
    """Like `alone` if the output folder exists, yielding True; else yields False. For builds that must write nothing."""
    if not folder.is_dir():
        yield False
        return
    with alone(folder):
        yield True


def _make(folder: Path) -> bool:
    """Create a folder unless it exists, and return whether it was created. Raises FileExistsError if a file is in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    return True


def _is_there(descriptor: int, folder: Path) -> bool:
    """Whether the locked file or folder is still the one that others will find at this path."""
    held = os.fstat(descriptor)
    for path in (folder, folder / FILE_NAME):
        try:
            if os.path.samestat(held, path.stat()):
                return True
        except FileNotFoundError:
            continue
    return False
