"""Moves a pattern, a skill or a folder: every directive and link that names it is rewritten, and nothing is broken.

The project is compiled as it is and as it would be. Whatever diagnostics do not show is compared separately. Only then is
anything written.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillweave.build import compile_project
from skillweave.cache import Documents
from skillweave.files import Read, is_below
from skillweave.move.check import (
    UNREAD,
    bundle_changes,
    check_configuration,
    known_files,
    new_diagnostics,
    refusals,
    strays,
    unseen,
)
from skillweave.move.edits import Work, rewrites
from skillweave.move.mentions import mentions
from skillweave.move.overlay import Overlay
from skillweave.move.places import check_new_path, check_symlinks
from skillweave.move.values import Change, Move, MoveError, MovePlan
from skillweave.rewrite import edit_bytes
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.build import Compiled, Progress
    from skillweave.cache import Fetch
    from skillweave.config import Config
    from skillweave.document import Document
    from skillweave.source import Edit, SourcePath


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """The settings that a move is planned with."""

    config: Config
    strict: bool = False
    fetch: Fetch | None = None
    """Fetches documents that earlier builds parsed."""
    progress: Progress | None = None


def plan_move(asked: MoveRequest, move: Move) -> MovePlan:
    """Work out everything that a move does. Writes nothing. Raises MoveError if the move makes no sense, or if a file changes
    in the meantime.
    """
    config = asked.config
    memory: dict[str, Document] = {}
    documents = Documents(asked.fetch, memory)
    before = compile_project(
        config, strict=asked.strict, progress=asked.progress, documents=documents, with_shared=True
    )
    files = _moved_files(config, before, move)
    seen = dict(before.tree.reads)
    future = Overlay(before.tree, move)
    edits = rewrites(Work(before, future, move))
    changes, texts = _changes(before, edits)
    future = Overlay(before.tree, move, {move.path(path): new for path, (_, new) in texts.items()})
    documents = Documents(asked.fetch, memory)
    after = compile_project(config, strict=asked.strict, documents=documents, tree=future, with_shared=True)
    _check_unchanged(seen, before.tree.reads)
    first = unseen(before, move) or strays(before, after, move)
    return MovePlan(
        move=move,
        changes=changes,
        texts=texts,
        files=files,
        mentions=mentions(before, after, move, edits),
        unread=_unread(before),
        bundles=bundle_changes(before, after, move),
        refusals=first or refusals(config, before, after, move),
        diagnostics=() if first else new_diagnostics(before, after, move),
        after=after,
    )


def _unread(before: Compiled) -> tuple[str, ...]:
    return tuple(sorted({found.message for found in before.diagnostics if found.code in UNREAD}))


def _moved_files(config: Config, before: Compiled, move: Move) -> tuple[SourcePath, ...]:
    """The project's files that a move takes along. Raises MoveError if there are none, or something is in its way."""
    check_new_path(before.tree, move)
    check_configuration(config, before, move)
    check_symlinks(config.root, config.output, move)
    files = tuple(sorted(path for path in known_files(before) if is_below(path, move.old)))
    if not files:
        raise MoveError(f"{move.old} is not part of the project: no root contains it, and nothing names it")
    return files


def _changes(
    before: Compiled, edits: Mapping[SourcePath, tuple[Edit, ...]]
) -> tuple[tuple[Change, ...], dict[SourcePath, tuple[bytes, bytes]]]:
    """Apply the edits to the bytes of each file. Line ends, a byte order mark and everything else that no edit touches stay as
    they are. Raises MoveError if a file was changed in the meantime.
    """
    changes, texts = [], {}
    for path, own in edits.items():
        file = before.graph.files[path]
        data = before.tree.read(path).data
        if digest(data) != file.digest:
            raise MoveError(f"{path} changed in the meantime: try again")
        new = edit_bytes(data, own)
        changes.append(Change(path, file.digest, digest(new), own))
        texts[path] = (data, new)
    return tuple(changes), texts


def _check_unchanged(seen: Mapping[str, Read | str], now: Mapping[str, Read | str]) -> None:
    """Raise MoveError if a file had other contents when it was read for the future project than when it was read for the
    present one.
    """
    for path, read in seen.items():
        known = now[path]
        if (read.digest if isinstance(read, Read) else read) != (known.digest if isinstance(known, Read) else known):
            raise MoveError(f"{path} changed in the meantime: try again")
