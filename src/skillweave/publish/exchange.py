"""Exchanges two folders, in one step if the system can do that."""

# ruff: noqa: PTH104
# (paths are strings here: making a `Path` for each of thousands takes longer than what is done with it)

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from skillweave.publish.disk import leads_through_folders
from skillweave.regular import read_regular
from skillweave.source import stays_inside
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOVING, ASIDE = "moving", "aside"
"""Names in the staging folder: of the journal, which names the folder that is between two renames, and of that folder
itself.
"""

_REFUSED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM})
"""How kernels, sandboxes and file systems say that they cannot exchange. If an EPERM means something else, the renames that
follow fail with it, too.
"""


def exchange(folder: Path, path: str, staged: str, staging: str) -> None:
    """Exchange a folder of the output with a staged one.

    If the system cannot do that in one step, the folder is missing for a moment between two renames. A process that dies there
    leaves a journal, with which `roll_back` puts the folder back in the next build.
    """
    target = f"{folder}/{path}"
    if swap(staged, target):
        return
    aside = f"{staging}/{ASIDE}"
    with Path(staging, MOVING).open("w", encoding="utf-8", newline="") as journal:
        journal.write(path)
    os.rename(target, aside)
    try:
        os.rename(staged, target)
    except BaseException:
        os.rename(aside, target)
        raise
    os.rename(aside, staged)


def roll_back(folder: Path, staging: str) -> None:
    """Put a folder that a dead build left between two renames back in its place, if that is free and in the output folder."""
    aside = f"{staging}/{ASIDE}"
    journal = read_regular(f"{staging}/{MOVING}")
    if journal is None or not os.path.lexists(aside):
        return
    path = journal[0].decode("utf-8", "replace")
    if (
        path
        and stays_inside(path)
        and not {"\\", "\0"} & set(path)
        and leads_through_folders(folder, path)
        and not os.path.lexists(f"{folder}/{path}")
    ):
        os.rename(aside, f"{folder}/{path}")


def swap(first: str, second: str) -> bool:
    """Exchange two paths in one step. Returns False if the system or the file system has no such step; raises OSError if it
    fails.
    """
    call = _system_call()
    number = call(os.fsencode(first), os.fsencode(second)) if call else errno.ENOSYS
    if number and number not in _REFUSED:
        raise OSError(number, os.strerror(number), second)
    return number == 0


@lru_cache(maxsize=1)
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The function of this system that exchanges two paths, and returns 0 or an error number; None if it has none. Only looked
    up when needed, as loading ctypes is slow.
    """
    if sys.platform not in ("linux", "darwin"):
        return None
    import ctypes  # noqa: PLC0415

    library = ctypes.CDLL(None, use_errno=True)
    with suppress(AttributeError):  # an older C library lacks the function
        if sys.platform == "linux":
            here, exchanging = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
            linux = library.renameat2
            return lambda a, b: ctypes.get_errno() if linux(here, a, here, b, exchanging) else 0
        darwin, swapping = library.renamex_np, 2  # RENAME_SWAP
        return lambda a, b: ctypes.get_errno() if darwin(a, b, swapping) else 0
    return None
