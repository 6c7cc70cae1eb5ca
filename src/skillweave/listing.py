"""Lists folders: their entries by name and kind, without what is left out everywhere.

Imports almost nothing, because `replay` uses it before anything else is loaded.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Literal

    EntryKind = Literal["file", "folder", "link", "special"]


def list_folder(place: str, folder: str, shown: Collection[str]) -> dict[str, EntryKind]:
    """The entries of the folder at `place`, sorted by name. Raises OSError.

    `folder` is its path below the root; `shown` holds the paths that are listed even if they are hidden.
    """
    entries: dict[str, EntryKind] = {}
    with os.scandir(place) as scan:
        for entry in scan:
            if not is_left_out(entry.name) or (f"{folder}/{entry.name}" if folder else entry.name) in shown:
                entries[entry.name] = _kind(entry)
    return dict(sorted(entries.items()))


def is_left_out(name: str) -> bool:
    """Hidden files, caches and editor backups: never part of a skill or pattern
    (directives.md, What a skill's folder ships).
    """
    return (
        name.startswith(".")
        or name in ("__pycache__", "node_modules")
        or name.endswith((".pyc", "~", ".swp", ".swo"))
        or (name.startswith("#") and name.endswith("#"))
    )


def left_out_part(path: str, shown: Collection[str]) -> str | None:
    """The first part of a normalised path that is left out; None if there is none. `shown` are paths that are read even if they
    are hidden.
    """
    at = ""
    for part in path.split("/"):
        at = f"{at}/{part}" if at else part
        if part != ".." and is_left_out(part) and at not in shown:
            return part
    return None


def holds_output(folder: str, output: str) -> bool:
    """Whether the output folder is `folder` itself or inside it."""
    return f"{output}/".startswith(f"{folder}/" if folder else "")


def without_output(listing: dict[str, EntryKind], folder: str, output: str) -> dict[str, EntryKind]:
    """A folder's listing without the output folder, or without the subfolder that the output folder is in."""
    if not holds_output(folder, output):
        return listing
    name = output[len(folder) :].strip("/").partition("/")[0]
    return {known: kind for known, kind in listing.items() if known != name}


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return "link"
    if entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if entry.is_dir(follow_symlinks=False) else "special"


def is_real_folder(place: Path | str) -> bool:
    """Whether there is a folder that is not a symlink. Raises OSError if that cannot be determined."""
    try:
        return S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        return False
