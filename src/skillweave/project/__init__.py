"""What a project consists of: configuration and tree → entries, patterns, and who may read what."""

from __future__ import annotations

from skillweave.config import UnknownEntryError
from skillweave.project.discovery import discover, shared_files
from skillweave.project.values import Entry, EntryFile, Project
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.source import SourcePath

__all__ = ["Entry", "EntryFile", "Project", "choose", "discover", "shared_files"]


def choose(project: Project, wanted: Sequence[str]) -> tuple[Entry, ...]:
    """The entries that some names mean, sorted by path; all entries if no name is given.

    A name is an id, a path of a file of the entry, or a folder that holds it. Raises UnknownEntryError.
    """
    if not wanted:
        return project.entries
    chosen: dict[SourcePath, Entry] = {}
    for name in wanted:
        path = name.removeprefix("./").rstrip("/")
        is_all = path in ("", ".")
        found = [entry for entry in project.entries if is_all or name == entry.id or _is_at(entry, path)]
        if not name or (not found and not is_all):
            raise UnknownEntryError(name, list(dict.fromkeys(entry.id for entry in project.entries)))
        chosen.update({entry.path: entry for entry in found})
    return tuple(sorted(chosen.values(), key=lambda entry: entry.path))


def _is_at(entry: Entry, path: str) -> bool:
    return entry.path.startswith(f"{path}/") or any(file.path == path for file in entry.files)
