"""One build at a time in one output folder. Who comes second waits, and says so."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skillweave.locking import FILE_NAME, try_lock, wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Hold the lock of an output folder, which is made if it is not there. Who has to wait is told so, once.

    Gives whether nobody else can have been at work in it before. It is not reentrant: who takes it twice waits for itself.
    """
    has_waited = False
    while True:
        is_new = _make(folder)
        descriptor, is_free = try_lock(os.fspath(folder))
        if not is_free:
            if not has_waited:
                # It says no name: one that a repository gives could command a CI runner.
                sys.stderr.write("another build is at work in the output folder: waiting for it to end\n")
                sys.stderr.flush()
                has_waited = True
            wait_for_lock(descriptor)
        if _is_there(descriptor, folder):
            break
        os.close(descriptor)  # While we waited, somebody removed the folder, and maybe made it anew.
    try:
        yield is_new and not has_waited
    finally:
        os.close(descriptor)


@contextmanager
def alone_if_there(folder: Path) -> Iterator[bool]:
    """`alone` where the output folder exists, and whether it does: a build that may write nothing makes none."""
    if not folder.is_dir():
        yield False
        return
    with alone(folder):
        yield True


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
