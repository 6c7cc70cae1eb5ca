"""What moves where, and what comes of it. Paths are below the project's root, with symlinks resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillweave.files import is_below
from skillweave.record import NamedTuple
from skillweave.source import SourcePath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.build import Compiled
    from skillweave.diagnostics import Diagnostic
    from skillweave.source import Edit, Position


class MoveError(Exception):
    """Why nothing can be moved, in one line."""


class Move(NamedTuple):
    """A file or folder, and the path that it is to have."""

    old: SourcePath
    new: SourcePath
    is_folder: bool

    def path(self, path: str) -> SourcePath:
        """The path that something has afterwards."""
        return SourcePath(self.new + path[len(self.old) :] if is_below(path, self.old) else path)


class Change(NamedTuple):
    """A file that is rewritten: its path before the move, its digests before and after, and the edits of its text."""

    path: SourcePath
    before: str
    after: str
    edits: tuple[Edit, ...]


class Mention(NamedTuple):
    """A place in code or prose that names what moves, and is left as it is: the file's path and text are the new ones."""

    path: SourcePath
    position: Position
    text: str


class BundleChange(NamedTuple):
    """An entry, by its path afterwards, whose bundle is another: paths in it that change, go, and come."""

    path: SourcePath
    changed: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovePlan:
    """All that a move does. It must not be carried out where there are refusals, or errors among the diagnostics."""

    move: Move
    changes: tuple[Change, ...]
    texts: Mapping[SourcePath, tuple[bytes, bytes]]
    """The bytes of what is rewritten, before and after, by its path before."""
    files: tuple[SourcePath, ...]
    """The files of the project that move, by their paths before."""
    mentions: tuple[Mention, ...]
    unread: tuple[str, ...]
    """What could not be looked into, and may name what moves: each with the reason."""
    bundles: tuple[BundleChange, ...]
    refusals: tuple[str, ...]
    """What it would break that no diagnostic tells, each in a sentence."""
    diagnostics: tuple[Diagnostic, ...]
    """The findings that it would bring."""
    after: Compiled
    """The project as it would be."""
