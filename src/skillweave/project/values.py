"""What a project consists of, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from skillweave.files import is_below
from skillweave.globs import matches
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.diagnostics import Diagnostic
    from skillweave.source import SourcePath

Treatment = Literal["compile", "copy", "partial"]


class EntryFile(NamedTuple):
    """One file of a skill's folder, or the one file of a document: where it is published from and what it really is."""

    path: SourcePath
    real: SourcePath
    treatment: Treatment


class Entry(NamedTuple):
    """A skill or a document: what is built."""

    id: str
    kind: Literal["skill", "document"]
    path: SourcePath
    """Its SKILL.md, or the document."""
    folder: SourcePath
    """The skill's folder; for a document, its root."""
    files: tuple[EntryFile, ...]
    outer: str | None = None
    """The id of the skill that this one lies in."""

    @property
    def main(self) -> EntryFile:
        """Its SKILL.md, or the document's file."""
        return next(file for file in self.files if file.path == self.path)


class Project(NamedTuple):
    """The entries in order of their paths, the pattern roots as they are, and every file below them."""

    entries: tuple[Entry, ...]
    pattern_roots: tuple[SourcePath, ...]
    patterns: tuple[SourcePath, ...]
    """The real path of every file below a pattern root."""
    shared: tuple[SourcePath, ...]
    homes: Mapping[SourcePath, SourcePath]
    """The folder that a skill's or document's own file may read besides patterns."""
    diagnostics: tuple[Diagnostic, ...]
    verbatim: tuple[str, ...] = ()
    """Globs of files that nothing is read in."""

    def is_verbatim(self, path: str) -> bool:
        return bool(self.verbatim) and matches(path, self.verbatim)

    def may_read(self, source: SourcePath, target: str) -> bool:
        """Whether a directive or link in a file may name a target: both are real paths (directives.md, What may be read)."""
        home = self.homes.get(source)
        folders = (*self.pattern_roots, *self.shared, *(() if home is None else (home,)))
        return any(is_below(target, folder) for folder in folders)
