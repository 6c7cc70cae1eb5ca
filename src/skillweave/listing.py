"""What a folder lists: its entries by name and kind, without what is left out everywhere.

Loads next to nothing: `replay` runs before all else.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

TYPE_CHECKING = False  # typing has it, too, and takes longer to load than all else here.
if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Literal

    EntryKind = Literal["file", "folder", "link", "special"]


def list_folder(place: str, folder: str, shown: Collection[str]) -> dict[str, EntryKind]:
    """The entries of a folder at a place, sorted; `shown` are paths that are read even if they are hidden.

    Raises OSError.
    """
    entries: dict[str, EntryKind] = {}
    with os.scandir(place) as scan:
        for entry in scan:
            if not is_left_out(entry.name) or (f"{folder}/{entry.name}" if folder else entry.name) in shown:
                entries[entry.name] = _kind(entry)
    return dict(sorted(entries.items()))


def is_left_out(name: str) -> bool:
    """Hidden files, caches and editor backups: no part of any skill or pattern (directives.md, What a skill's folder ships)."""
    return (
        name.startswith(".")
        or name in ("__pycache__", "node_modules")
        or name.endswith((".pyc", "~", ".swp", ".swo"))
        or (name.startswith("#") and name.endswith("#"))
    )


def left_out_part(path: str) -> str | None:
    """The first part of a path that is left out everywhere."""
    return next((part for part in path.split("/") if part not in (".", "..") and is_left_out(part)), None)


def holds_output(folder: str, output: str) -> bool:
    """Whether the output folder is in a folder or lies below it."""
    return f"{output}/".startswith(f"{folder}/" if folder else "")


def without_output(listing: dict[str, EntryKind], folder: str, output: str) -> dict[str, EntryKind]:
    """A folder's listing without the output folder and those that lead to it alone."""
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
    """Whether there is a folder, and no symlink to one. Raises OSError where that cannot be told."""
    try:
        return S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        return False
