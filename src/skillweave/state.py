"""What the last build saw and did, so that the next one can tell that nothing has changed. `saved.py` stores it.

A state may only save time. It is believed only if every listed folder, every file read and every file written is
unchanged, and ignored if it cannot be read, or belongs to another version or request.
"""

from __future__ import annotations

import os
import time

from skillweave.cachedir import versions
from skillweave.config import LOCK_NAME
from skillweave.diagnostics import Diagnostic, Problem
from skillweave.files import Read, Tree
from skillweave.listing import is_real_folder, without_output
from skillweave.replay import ELSEWHERE, NOTHING, Seen, all_names, told_apart
from skillweave.source import folders_above
from skillweave.stamps import (
    UNSEEN,
    is_settled,
    real_folder_stamp,
    stamp,
    unsettled,
)
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from skillweave.listing import EntryKind
    from skillweave.stamps import Stamp


TABLES = ("folders", "files", "symlinks", "outputs", "output_folders", "result")
"""The tables of a state: what it holds by path."""
PAIRED = ("files", "outputs", "output_folders")
"""The tables of which each row is a `Row`: most of a state."""

Row = tuple[str, str]
"""A stamp, and what was there: the digest of a file, or the names in a folder (sorted, joined with `/`). For a file that could
not be read, the stamp is empty, and the problem is the content.
"""


class State:
    """One build, as far as the next one needs it. `key` says what was asked for, by which version, and where."""

    def __init__(self, key: str, started: int = 0) -> None:
        self.key = key
        self.folders: dict[str, Any] = {}
        self.files: dict[str, Row] = {}
        self.symlinks: dict[str, Any] = {}
        self.outputs: dict[str, Row] = {}
        self.output_folders: dict[str, Row] = {}
        self.result: dict[str, Any] = {}
        self.started = started
        """When the last run that found it valid began; stamps are compared with this time."""
        self.worked = started
        """When the last run that compiled anything began."""
        self.made = started
        """When the run that found out its parts began; this identifies the parts."""
        self.published = False
        """Whether the outputs on disk are those of this state, except for the pending entries."""
        self.pending: list[str] = []
        """The entries that a check compiled and that have not been published since."""
        self.renewed = False
        """Whether files had to be read to see that nothing changed; with the newer stamps saved, the next run need not
        read them.
        """
        self.saved = 0
        """When it was last saved whole; 0 if it never was."""
        self.changes: dict[str, dict[str, list[Any]]] = {name: {} for name in TABLES}
        """The changes since then, by table and path: a list with the new row, or an empty list if the row was removed."""

    def put(self, table: str, path: str, row: object) -> None:
        """Put a row into a table, replacing the old one. A row must not be changed afterwards."""
        rows = getattr(self, table)
        if path not in rows or rows[path] != row:
            rows[path] = row
            self.changes[table][path] = [row]

    def drop(self, table: str, path: str) -> None:
        """Remove a row from a table, if it is there."""
        if getattr(self, table).pop(path, None) is not None:
            self.changes[table][path] = []


def parser_key() -> str:
    """Everything besides files that all cached values depend on."""
    # A finding's fields are included: during development they change while the version number does not.
    return "; ".join([*versions(), *Problem._fields, *Diagnostic._fields])


def record(key: str, tree: Tree, started: int, output: str) -> State:
    """The state of a build's sources: every folder it listed, every file it read, every symlink it followed.

    `output` is the path of the output folder: creating it does not count as a change of the sources.
    """
    state = State(key, started)
    for folder, listing in tree.listings.items():
        if folder in tree.folder_stamps:
            state.folders[folder] = [tree.folder_stamps[folder], without_own_output(listing, folder, output)]
    for path, read in tree.reads.items():
        state.files[path] = _row(read)
    for path, resolved in tree.symlinks.items():
        state.symlinks[path] = list(resolved) if resolved else None
    return state


def _row(read: Read | str) -> Row:
    return (read.stamp, read.digest) if isinstance(read, Read) else ("", read)


def copy_of(state: State) -> State:
    """A copy of a state; adding to it leaves the original as it is."""
    copy = State(state.key)
    vars(copy).update(
        vars(state),
        **{name: {**getattr(state, name)} for name in TABLES},
        changes={name: {**rows} for name, rows in state.changes.items()},
    )
    return copy


def update(state: State, tree: Tree, output: str, changed: Collection[str]) -> bool:
    """Add what a run saw that compiled only some changes; returns False if a file not in `changed` had another content."""
    for path, read in tree.reads.items():
        row, before = _row(read), state.files.get(path)
        if path not in changed and before is not None and before[1] != row[1]:
            return False
        state.put("files", path, row)
    for folder, listing in tree.listings.items():
        if folder in tree.folder_stamps:
            state.put("folders", folder, [tree.folder_stamps[folder], without_own_output(listing, folder, output)])
    for path, resolved in tree.symlinks.items():
        state.put("symlinks", path, list(resolved) if resolved else None)
    return True


def without_own_output(listing: dict[str, EntryKind] | str, folder: str, output: str) -> dict[str, EntryKind] | str:
    """Like `without_output`, for a listing that may be the reason why there is none."""
    return listing if isinstance(listing, str) else without_output(listing, folder, output)


def record_outputs(state: State, folder: Path, paths: Mapping[str, str], made: Collection[str] = ()) -> None:
    """Add what was published: each file with its stamp and digest, and the names in all folders above them.

    `paths` maps output paths to digests. `made` are folders that are new and hold nothing else, so they are not listed.
    """
    for path, fingerprint in paths.items():
        try:
            state.put("outputs", path, (stamp(os.lstat(f"{folder}/{path}")), fingerprint))
        except OSError:
            state.put("outputs", path, ("", fingerprint))
    state.published = True
    pending = {"", *(parent for path in paths for parent in folders_above(path))}
    names: dict[str, set[str]] = {}
    for path in (*paths, *pending):
        parent, _, name = path.rpartition("/")
        names.setdefault(parent, set()).add(name)
    new = {*made}
    for name in [name for name in pending if name in new or not new.isdisjoint(folders_above(name))]:
        pending.remove(name)
        state.put("output_folders", name, (UNSEEN, _joined(names[name])))
    while pending:
        name = pending.pop()
        listed = _listed(folder, name)
        state.put("output_folders", name, listed)
        # Something that no build wrote may be a folder, in which a file can later get in a bundle's way.
        for path in (f"{name}/{other}" for other in _split(listed[1]) if name):
            is_known = path in state.outputs or path in state.output_folders or path in pending
            if not is_known and is_real_folder(folder / path):
                pending.add(path)


def written_lock(state: State) -> str:
    """The digest of the lock file that was written with the outputs; empty if there was none."""
    return state.outputs.get(LOCK_NAME, ("", ""))[1]


def forget_outputs(state: State, folder: Path, paths: Iterable[str]) -> None:
    """Remove outputs that no longer exist, and the folders that went with them."""
    parents = {""}
    for path in paths:
        state.drop("outputs", path)
        parents.update(folders_above(path))
    for name in parents:
        listed = _listed(folder, name)
        if listed[1] or not name:
            state.put("output_folders", name, listed)
        else:
            state.drop("output_folders", name)


def seen(state: State, output: str, *, is_built: bool) -> Seen | None:
    """Everything that the run that left a state depends on; with `is_built`, also what it wrote to the output folder.

    None if something could not be read.
    """
    found = Seen(output)
    written = [(f"{output}/{path}", known) for path, known in state.outputs.items()] if is_built else []
    for rows, files in ((found.files, state.files.items()), (found.outputs, written)):
        for path, (known, content) in files:
            if not known:
                return None
            rows.append((path, _believed(known, state.started), content))
    for path, (known, listing) in state.folders.items():
        if known and isinstance(listing, str):
            return None
        names = told_apart(listing) if known else NOTHING
        found.folders.append((path or ".", _believed(known, state.started), names))
    for path, (known, names) in state.output_folders.items() if is_built else ():
        found.folders.append((f"{output}/{path}", _believed(known, state.started), all_names(_split(names))))
    for path, resolved in state.symlinks.items():
        found.symlinks.append((path, f"{resolved[1]} {resolved[0]}" if resolved else ELSEWHERE))
    return found


def _believed(known: Stamp, started: int) -> Stamp:
    """A stamp; or if it has not settled, one that no file ever has, so that the file has to be read."""
    if not known or is_settled(known, started):
        return known
    return unsettled(known)


def has_strays(state: State) -> bool:
    """Whether the folders of outputs held anything that no build wrote."""
    ours = {*state.outputs, *(parent for path in state.outputs for parent in folders_above(path))}
    return any(
        (f"{folder}/{name}" if folder else name) not in ours
        for folder, (_, names) in state.output_folders.items()
        for name in _split(names)
    )


def now() -> int:
    """The current time, which stamps are compared with, in nanoseconds."""
    return time.time_ns()


def _listed(folder: Path, name: str) -> Row:
    """A folder's stamp, and the names in it."""
    return real_folder_stamp(f"{folder}/{name}"), names_in(folder, name)


def names_in(folder: Path, name: str) -> str:
    """The names in a folder below another one, sorted, joined with `/`; empty if it cannot be listed."""
    try:
        return _joined(os.listdir(f"{folder}/{name}" if name else folder))  # noqa: PTH208 (likewise)
    except OSError:
        return ""


def _joined(names: Iterable[str]) -> str:
    return "/".join(sorted(names))


def _split(names: str) -> list[str]:
    return names.split("/") if names else []
