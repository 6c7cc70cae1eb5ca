"""What moves where, and what comes of it. Paths are relative to the project's root, with symlinks resolved."""

from __future__ import annotations

from dataclasses import dataclass

from skillweave.files import is_below
from skillweave.record import NamedTuple
from skillweave.source import SourcePath
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.build import Compiled
    from skillweave.diagnostics import Diagnostic
    from skillweave.source import Edit, Position


class MoveError(Exception):
    """Nothing can be moved; the message says why, in one line."""


class Move(NamedTuple):
    """A file or folder, and the path that it will have."""

    old: SourcePath
    new: SourcePath
    is_folder: bool

    def path(self, path: str) -> SourcePath:
        """The path that something has after the move."""
        return SourcePath(self.new + path[len(self.old) :] if is_below(path, self.old) else path)


class Change(NamedTuple):
    """A file that is rewritten: its path before the move, its digests before and after, and the edits of its text."""

    path: SourcePath
    before: str
    after: str
    edits: tuple[Edit, ...]


class Mention(NamedTuple):
    """A place in code or prose that names what moves, and is left as it is. `path` is the file's path after the move."""

    path: SourcePath
    position: Position
    text: str


class BundleChange(NamedTuple):
    """An entry, by its path after the move, whose bundle changes: the paths in it that change, disappear and appear."""

    path: SourcePath
    changed: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovePlan:
    """Everything that a move does. It must not be carried out if there are refusals, or errors among the diagnostics."""

    move: Move
    changes: tuple[Change, ...]
    texts: Mapping[SourcePath, tuple[bytes, bytes]]
    """The bytes of rewritten files before and after, by their paths before the move."""
    files: tuple[SourcePath, ...]
    """The files of the project that move, by their paths before the move."""
    mentions: tuple[Mention, ...]
    unread: tuple[str, ...]
    """Messages about files that could not be read, and may name what moves."""
    bundles: tuple[BundleChange, ...]
    refusals: tuple[str, ...]
    """What the move would break without a diagnostic showing it, each in a sentence."""
    diagnostics: tuple[Diagnostic, ...]
    """The findings that the move would bring."""
    after: Compiled
    """The project as it would be."""
