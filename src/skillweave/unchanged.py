"""Compares the disk with the state that a run left: which sources have changed since, and whether all outputs are there."""

from __future__ import annotations

import os

from skillweave.files import Tree
from skillweave.listing import holds_output, is_real_folder
from skillweave.source import SourcePath, folders_above
from skillweave.stamps import digest, folder_stamp, has_same_size_and_mode, is_old, is_settled, real_folder_stamp, stamp
from skillweave.state import names_in, without_own_output
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from skillweave.listing import EntryKind
    from skillweave.state import State


def changed_files(
    state: State, tree: Tree, output: str, started: int, only: Collection[str] | None = None
) -> frozenset[SourcePath] | None:
    """The files whose content differs from what the last run read. None if anything else differs: a folder, a symlink, or
    whether a file can be read. If `only` names files, everything else is believed to be as it was.

    A stamp is believed once it has settled; else the file is read, and the state gets the newer stamp.
    """
    if only is not None:
        for folder, (_, listing) in state.folders.items():
            _believe(tree, folder, listing, output)
    elif not _folders_unchanged(state, tree, output, started) or not _symlinks_unchanged(state, tree):
        return None
    rows = state.files.items() if only is None else [(path, state.files[path]) for path in only if path in state.files]
    changed = set()
    root = os.fspath(tree.root)
    for path, (before, content) in rows:
        if not before:
            if tree.read(path).problem != content:
                return None
            continue
        try:
            status = os.stat(f"{root}/{path}")  # noqa: PTH116 (the path is a string already, and a Path costs more)
        except OSError:
            return None
        current = stamp(status)
        if current == before and is_old(status, state.started):
            continue
        if not has_same_size_and_mode(current, before):
            changed.add(SourcePath(path))
            continue
        tree.read(path)
        read = tree.reads[path]
        if isinstance(read, str):
            return None
        if read.digest != content:
            changed.add(SourcePath(path))
        elif is_settled(current, started):
            state.put("files", path, (current, content))
            state.renewed = True
    return frozenset(changed)


def _folders_unchanged(state: State, tree: Tree, output: str, started: int) -> bool:
    """Whether all folders list what they did. A folder with an unchanged, settled stamp need not be listed for that."""
    root = os.fspath(tree.root)
    for folder, known in state.folders.items():
        current = folder_stamp(f"{root}/{folder}")
        if current and current == known[0] and is_settled(current, state.started):
            _believe(tree, folder, known[1], output)
            continue
        if without_own_output(tree.listing(folder), folder, output) != known[1]:
            return False
        if current and is_settled(current, started):
            state.put("folders", folder, [current, known[1]])
            state.renewed = True
    return True


def _believe(tree: Tree, folder: str, listing: dict[str, EntryKind] | str, output: str) -> None:
    """Let a folder of the tree list what it is known to list, unless the output folder would belong to it."""
    if not holds_output(folder, output) and isinstance(listing, dict):
        tree.listings.setdefault(folder, listing)


def _symlinks_unchanged(state: State, tree: Tree) -> bool:
    """Whether all symlinks lead where they did: a listing has only their names, and their targets may come and go."""
    fresh = Tree(tree.root, tree.roots)  # Separate: a link looked at here is nothing that the run depends on.
    for path, known in state.symlinks.items():
        resolved = fresh.resolve_link(path)
        if (list(resolved) if resolved else None) != known:
            return False
    return True


def lists_the_same(state: State, folder: Path, paths: Iterable[str]) -> bool:
    """Whether all folders above some outputs are there and list what they did, so that nothing new is there."""
    folders = {parent for path in paths for parent in folders_above(path)}
    return all(
        is_real_folder(folder / name) and names_in(folder, name) == state.output_folders.get(name, ("", None))[1]
        for name in folders
    )


def outputs_unchanged(state: State, folder: Path, started: int) -> bool:
    """Whether all published files are as they were, and nothing new is beside them."""
    base = str(folder)
    for name, (before, names) in state.output_folders.items():
        current = real_folder_stamp(f"{base}/{name}")
        if current and current == before and is_settled(current, state.started):
            continue
        if (name and not current) or names_in(folder, name) != names:
            return False
        if current and is_settled(current, started):
            state.put("output_folders", name, (current, names))
            state.renewed = True
    for path, (before, content) in state.outputs.items():
        try:
            status = os.lstat(f"{base}/{path}")
        except OSError:
            return False
        found = stamp(status)
        if found == before and is_old(status, state.started):
            continue
        if not has_same_size_and_mode(found, before):
            return False
        try:
            with open(f"{base}/{path}", "rb") as file:  # noqa: PTH123 (likewise)
                if digest(file.read()) != content:
                    return False
        except OSError:
            return False
        if is_settled(found, started):
            state.put("outputs", path, (found, content))
            state.renewed = True
    return True
