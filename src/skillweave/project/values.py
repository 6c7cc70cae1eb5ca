"""What a project consists of, as values."""

from __future__ import annotations

from skillweave.files import is_below
from skillweave.globs import matches
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from skillweave.diagnostics import Diagnostic
    from skillweave.source import SourcePath

    Treatment = Literal["compile", "copy", "partial"]


class EntryFile(NamedTuple):
    """One file of a skill's folder, or the only file of a document: the path it is published from, and its real path."""

    path: SourcePath
    real: SourcePath
    treatment: Treatment


class Entry(NamedTuple):
    """A skill or a document: what is built."""

    id: str
    kind: Literal["skill", "document"]
    path: SourcePath
    """Its SKILL.md, or the document itself."""
    folder: SourcePath
    """The skill's folder; for a document, its root."""
    files: tuple[EntryFile, ...]
    outer: str | None = None
    """The id of the skill whose folder this one is in; None if there is none."""

    @property
    def main(self) -> EntryFile:
        """The file of the SKILL.md, or of the document."""
        return next(file for file in self.files if file.path == self.path)


class Project(NamedTuple):
    """The entries sorted by path, the real pattern roots, and every file below those."""

    entries: tuple[Entry, ...]
    pattern_roots: tuple[SourcePath, ...]
    patterns: tuple[SourcePath, ...]
    """The real path of every file below a pattern root."""
    shared: tuple[SourcePath, ...]
    homes: Mapping[SourcePath, SourcePath]
    """For the files of entries: the folder that each may read besides patterns."""
    diagnostics: tuple[Diagnostic, ...]
    partials: tuple[SourcePath, ...] = ()
    """The real path of every partial in a skill's folder or below a document root."""
    absent: tuple[SourcePath, ...] = ()
    """What the configuration names as `shared`, but does not exist."""
    absent_roots: tuple[SourcePath, ...] = ()
    """What it names as `patterns`, but does not exist: folders, or globs that match none."""
    verbatim: tuple[str, ...] = ()
    """Globs of files whose content is never read as Markdown."""

    def is_verbatim(self, path: str) -> bool:
        """Whether the configuration has a file copied unread."""
        return bool(self.verbatim) and matches(path, self.verbatim)

    def may_read(self, source: SourcePath, target: str) -> bool:
        """Whether a directive or link in `source` may name `target`; both are real paths (directives.md, What may be read)."""
        home = self.homes.get(source)
        folders = (
            *self.pattern_roots,
            *self.shared,
            *self.absent,
            *self.absent_roots,
            *(() if home is None else (home,)),
        )
        return any(is_below(target, folder) for folder in folders)
