"""Carries out a move in such a way that it can be cut off at any moment and be finished later.

First a journal is written: what moves where, and which edits each file gets. New texts are written beside their files, then the
move is made by renaming, then each text replaces its file, and last the journal is removed. Of every step it can be told
whether it was done, so that whoever finds a journal can go on.
"""

# ruff: noqa: PTH105
# (`os.replace` is called by that name, as it is the one call that replaces a file in one step)

from __future__ import annotations

import json
import os
from contextlib import suppress

from skillweave.config import JOURNAL
from skillweave.files import is_below, normalise_path
from skillweave.move.values import Change, Move, MoveError
from skillweave.record import NamedTuple
from skillweave.regular import naming, read_regular, write_like
from skillweave.rewrite import edit_bytes
from skillweave.source import Edit, SourcePath, stays_inside
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Task(NamedTuple):
    """What the journal contains: a move, and the files that it rewrites."""

    move: Move
    changes: tuple[Change, ...]


def carry_out(root: Path, task: Task) -> None:
    """Make a move. No file is left as it is: where one cannot be rewritten, nothing is.

    Raises MoveError if something is refused, or if a file was changed meanwhile. As long as nothing is renamed, everything is
    then as it was before.
    """
    for change in task.changes:
        # The superuser may write to any file, but a file without a single write bit is meant to stay as it is.
        if not (root / change.path).stat().st_mode & 0o222 or not os.access(root / change.path, os.W_OK):
            raise MoveError(f"{change.path} is read-only, but would be rewritten")
    _write_journal(root, task)
    _go_on(root, task, fresh=True)


def finish(root: Path, task: Task) -> tuple[SourcePath, ...]:
    """Finish a move that was cut off. Returns the files that were left as they are because somebody has changed them since."""
    return _go_on(root, task, fresh=False)


def load_journal(root: Path) -> Task | None:
    """Read the move that was cut off here; None if there is none. Raises MoveError if the journal is not one that we would
    write.
    """
    found = read_regular(root / JOURNAL)
    if found is None:
        if os.path.lexists(root / JOURNAL):
            raise MoveError(
                f"{JOURNAL} is not a readable regular file, as it would be after an interrupted move: remove it"
            )
        return None
    try:
        task = _task_of(json.loads(found.data))
    except ValueError:
        # Writing the journal was cut off, so nothing else was done.
        with suppress(FileNotFoundError):
            (root / JOURNAL).unlink()
        return None
    except RecursionError:
        task = None
    if task is None:
        raise MoveError(f"{JOURNAL} is not what a move writes: remove that file")
    move, changes = task
    for path in (move.old, move.new, *(change.path for change in changes)):
        if not _is_inside(root, path):
            raise MoveError(f"{JOURNAL} names {path!r}, which is not in the project: remove that file")
    return task


def _task_of(content: object) -> Task | None:
    """Turn the JSON of a journal into a task; None if no move has written it."""
    match content:
        case {"old": str(old), "new": str(new), "folder": bool(is_folder), "changes": list(listed)}:
            changes = tuple(change for one in listed if (change := _change_of(one)) is not None)
            move = Move(SourcePath(old), SourcePath(new), is_folder)
            return Task(move, changes) if len(changes) == len(listed) else None
    return None


def _change_of(content: object) -> Change | None:
    match content:
        case {"path": str(path), "before": str(before), "after": str(after), "edits": list(listed)}:
            edits = tuple(edit for one in listed if (edit := _edit_of(one)) is not None)
            return Change(SourcePath(path), before, after, edits) if len(edits) == len(listed) else None
    return None


def _edit_of(content: object) -> Edit | None:
    match content:
        case [int(start), int(end), str(text)] if 0 <= start <= end:
            return Edit(start, end, text)
    return None


def _write_journal(root: Path, task: Task) -> None:
    content = {
        "old": task.move.old,
        "new": task.move.new,
        "folder": task.move.is_folder,
        "changes": [change._asdict() for change in task.changes],
    }
    try:
        descriptor = os.open(root / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise MoveError(f"another move is running here, or {JOURNAL} is left from one: try again") from None
    try:
        with naming(root / JOURNAL), os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            (root / JOURNAL).unlink()  # nothing was done yet, and nothing will be
        raise


def _go_on(root: Path, task: Task, *, fresh: bool) -> tuple[SourcePath, ...]:
    staged: dict[int, SourcePath] = {}
    made: list[str] = []
    try:
        is_moved = _is_moved(root, task.move)
        _make_parents(root, task.move.new, made)
        left = _stage(root, task, staged, is_moved=is_moved)
        _check_left(left if fresh else ())
        if not is_moved:
            _rename(root, task.move)
    except BaseException:
        if fresh and _is_untouched(root, task.move):
            _undo(root, staged.values(), made)
        raise
    for number, path in staged.items():
        os.replace(root / task.move.path(path), root / task.move.path(task.changes[number].path))
    (root / JOURNAL).unlink()
    return left


def _check_left(left: tuple[SourcePath, ...]) -> None:
    if left:
        raise MoveError(f"{left[0]} changed in the meantime: try again")


def _is_untouched(root: Path, move: Move) -> bool:
    """Whether nothing is renamed yet, not even halfway."""
    old, new = root / move.old, root / move.new
    return os.path.lexists(old) and not (new.exists() and old.samefile(new))


def _is_moved(root: Path, move: Move) -> bool:
    """Whether the renaming is done. Finishes a rename that was cut off between its two steps. Raises MoveError if both paths
    exist, or neither does.
    """
    old, new = (os.path.lexists(root / path) for path in (move.old, move.new))
    if old and new and move.old.casefold() == move.new.casefold() and (root / move.old).samefile(root / move.new):
        return root / move.new in (root / move.new).parent.iterdir()
    if old and new and not move.is_folder and (root / move.old).samefile(root / move.new):
        (root / move.old).unlink()  # the rename was cut off between its two steps
        return True
    if old and new:
        raise MoveError(f"{move.new} already exists, and nothing is overwritten")
    if not old and not new:
        raise MoveError(f"neither {move.old} nor {move.new} exists, so {JOURNAL} is useless: remove it")
    return new


def _stage(root: Path, task: Task, staged: dict[int, SourcePath], *, is_moved: bool) -> tuple[SourcePath, ...]:
    """Write the new texts beside their files. Returns the files that contain neither what they did nor what they are to
    contain.

    `staged` gets the path (before the move) of each text that has to replace a file, by the number of its change.
    """
    left = []
    for number, change in enumerate(task.changes):
        now = task.move.path(change.path) if is_moved else change.path
        found = read_regular(root / now)
        data = found and found.data
        if data is not None and digest(data) == change.after:
            continue
        if data is None or digest(data) != change.before:
            left.append(now)
            continue
        folder = (now if task.move.is_folder else task.move.path(change.path)).rpartition("/")[0]
        beside = SourcePath(f"{folder}/.skillweave-move-{number}" if folder else f".skillweave-move-{number}")
        with suppress(FileNotFoundError):
            (root / beside).unlink()
        staged[number] = beside
        with naming(root / now):
            write_like(root / now, root / beside, edit_bytes(data, change.edits))
    return tuple(left)


def _rename(root: Path, move: Move) -> None:
    """Give a file or folder its new name, without ever replacing another file. Raises MoveError if there is one."""
    old, new = root / move.old, root / move.new
    if not move.is_folder and not os.path.lexists(new):
        try:
            os.link(old, new, follow_symlinks=False)
        except FileExistsError:
            raise MoveError(f"{move.new} already exists, and nothing is overwritten") from None
        except OSError:
            old.rename(new)  # a disk without hard links
        else:
            _unlink_old(old, new)
        return
    old.rename(new)


def _unlink_old(old: Path, new: Path) -> None:
    try:
        old.unlink()
    except OSError:
        new.unlink()
        raise


def _make_parents(root: Path, path: str, made: list[str]) -> None:
    """Make the folders above a path. `made` gets those that were missing, outermost first."""
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        folder = "/".join(parts[:count])
        try:
            (root / folder).mkdir()
        except FileExistsError:
            continue
        made.append(folder)


def _undo(root: Path, staged: Iterable[str], made: list[str]) -> None:
    """Undo what was written before the renaming."""
    for path in staged:
        with suppress(OSError):
            (root / path).unlink()
    for folder in reversed(made):
        with suppress(OSError):
            (root / folder).rmdir()
    with suppress(OSError):
        (root / JOURNAL).unlink()


def _is_inside(root: Path, path: str) -> bool:
    """Whether a path is normalised and stays in the project, even through symlinks."""
    if not path or normalise_path(path) != path or not stays_inside(path):
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    if "\0" in path:
        return False
    parent = os.path.realpath((root / path).parent)
    return is_below(parent, os.fspath(root))
