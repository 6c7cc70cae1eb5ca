"""Looks at the output folder: what is in it, and whether that is ours. Also writes and removes single files."""

# ruff: noqa: PTH106
# (paths are strings here: making a `Path` for each of thousands takes longer than what is done with it)

from __future__ import annotations

import os
import re
import stat

from skillweave.listing import is_left_out
from skillweave.record import NamedTuple
from skillweave.regular import Regular, is_regular, read_regular, replace_file
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path
    from typing import Literal

    from skillweave.bundle import Bundle, Output
    from skillweave.lock import Record

    OutputState = Literal["absent", "same", "ours", "foreign"]
    Place = Literal["absent", "folder", "other"]


_STAGING = re.compile(r"\.staging-[0-9a-f]{8}")


class Standing(NamedTuple):
    """Something in a folder, by its path relative to the output folder: a file, an empty folder, or anything else that is no
    folder.
    """

    path: str
    kind: Literal["file", "empty", "other"]
    inode: int = 0
    """The inode, which identifies the file; 0 for an empty folder."""


def is_staging(name: str) -> bool:
    """Whether a name in the output folder is that of a staging folder."""
    return _STAGING.fullmatch(name) is not None


def differing(folder: Path, bundle: Bundle, record: Record | None) -> list[Output] | None:
    """The outputs of a bundle that are on disk with other bytes or another mode; None if a file has to be added or removed.
    `record` is what the lock file says of the last bundle.
    """
    paths = {output.path for output in bundle.outputs}
    parents = {path.rpartition("/")[0] for path in paths}
    known: dict[str, Place] = {}
    if any(place_of(folder, parent, known) != "folder" for parent in parents):
        return None
    found = []
    for output in bundle.outputs:
        there = read_regular(f"{folder}/{output.path}")
        if there is None:
            return None
        if there != (output.data, output.mode):
            found.append(output)
    stale = record.outputs.keys() - paths if record else ()
    return (
        None if any(leads_through_folders(folder, path) and is_regular(f"{folder}/{path}") for path in stale) else found
    )


def place_of(folder: Path, path: str, known: dict[str, Place]) -> Place:
    """What is at the path of a folder, which must lead through real folders only. `known` caches what earlier calls found."""
    at = ""
    for part in path.split("/"):
        at = f"{at}/{part}" if at else part
        if at not in known:
            known[at] = _lstat_place(f"{folder}/{at}")
        if known[at] != "folder":
            return known[at]
    return "folder"


def walk(folder: Path, below: str) -> Iterator[Standing]:
    """Yield everything below a folder, hidden things included, sorted in each folder. Symlinks are not followed."""
    pending = [below]
    while pending:
        here = pending.pop()
        with os.scandir(f"{folder}/{here}") as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        if not entries and here != below:
            yield Standing(here, "empty")
        for entry in entries:
            path = f"{here}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            else:
                kind: Literal["file", "other"] = "file" if entry.is_file(follow_symlinks=False) else "other"
                yield Standing(path, kind, entry.inode())


def files_below(folder: Path, below: str = "", entered: Container[str] = ()) -> Iterator[str]:
    """Yield every file and symlink below a folder, except what is left out everywhere. Symlinked folders are not entered.

    Hidden folders directly in the output folder are entered, as roots may be hidden, and so are the folders in `entered`,
    whatever their names. Staging folders are not.
    """
    pending = [below]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(f"{folder}/{here}") as scan:
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            continue
        files = []
        for entry in entries:
            path = f"{here}/{entry.name}" if here else entry.name
            if entry.is_dir(follow_symlinks=False):
                hidden_root = not here and entry.name.startswith(".") and not is_staging(entry.name)
                if hidden_root or path in entered or not is_left_out(entry.name):
                    pending.append(path)
            elif not is_left_out(entry.name):
                files.append(path)
        yield from reversed(files)


def state_of(folder: Path, output: Output, ours: Container[str]) -> OutputState:
    """What stands where an output goes: nothing, the output itself, something that we may replace (as its path is in `ours` or
    its bytes are the same), or something else.
    """
    if not folder.is_dir():
        return "foreign" if os.path.lexists(folder) else "absent"
    parent = output.path.rpartition("/")[0]
    place = place_of(folder, parent, {}) if parent else "folder"
    if place != "folder":
        return "absent" if place == "absent" else "foreign"
    found = read_regular(f"{folder}/{output.path}")
    if found is None and output.path in ours and is_regular(f"{folder}/{output.path}"):
        return "ours"  # Nobody can read it, but it can be replaced.
    if found is None:
        return "foreign" if os.path.lexists(f"{folder}/{output.path}") else "absent"
    if found == (output.data, output.mode):
        return "same"
    return "ours" if output.path in ours or found[0] == output.data else "foreign"


def leads_through_folders(folder: Path, path: str) -> bool:
    """Whether a path below a folder leads through real folders only, without any symlink."""
    parent = path.rpartition("/")[0]
    return not parent or place_of(folder, parent, {}) == "folder"


def read_below(folder: Path, path: str) -> Regular | None:
    """Read the regular file that a path leads to through real folders only; None for anything else."""
    return read_regular(folder / path) if leads_through_folders(folder, path) else None


def write_if_changed(folder: Path, output: Output) -> bool:
    """Write an output unless it is already there. Returns whether it was written."""
    if state_of(folder, output, {}) == "same":
        return False
    path = folder / output.path
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, output.data, output.mode)
    return True


def remove_file(folder: Path, path: str) -> None:
    """Remove a file, and the folders that are empty without it."""
    (folder / path).unlink()
    remove_empty(folder, path.rpartition("/")[0])


def remove_empty(folder: Path, path: str) -> None:
    """Remove a folder and those above it, as long as they are empty."""
    while path:
        try:
            os.rmdir(f"{folder}/{path}")
        except OSError:
            break
        path = path.rpartition("/")[0]


def _lstat_place(path: str) -> Place:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    return "folder" if stat.S_ISDIR(mode) else "other"
