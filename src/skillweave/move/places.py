"""Works out from the command line what moves where, and what on the disk is in the way."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from skillweave.files import is_below
from skillweave.listing import is_left_out
from skillweave.move.values import Move, MoveError
from skillweave.source import SourcePath
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.files import Tree

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")
"""Characters that no path in a text can contain."""


def named_move(root: Path, cwd: Path, old: str, new: str) -> Move:
    """What `mv OLD NEW` means in the folder `cwd`. As with other tools of that name, OLD goes into NEW if that is a folder.
    Raises MoveError if it makes no sense.
    """
    source = _place(root, cwd, old)
    is_folder = _is_folder(root, source, old)
    if not source:
        raise MoveError("the project cannot be moved into itself")
    target = _place(root, cwd, new)
    name = source.rpartition("/")[2]
    if _is_case_only(root, source, target):
        return Move(source, target, is_folder)
    if (root / target).is_dir() and target != source:
        into = os.path.realpath(root / target)
        target = _below(root, f"{into}/{name}", new)
    elif new.endswith("/") and not is_folder:
        target = SourcePath(f"{target}/{name}")
    if target == source:
        raise MoveError(f"{source} is already there")
    if is_below(target, source):
        raise MoveError(f"{source} cannot be moved into itself")
    if os.path.lexists(root / target) and not _is_case_only(root, source, target):
        raise MoveError(f"{target} already exists, and nothing is overwritten")
    return Move(source, target, is_folder)


def is_meant_by(move: Move, root: Path, cwd: Path, names: tuple[str, str]) -> bool:
    """Whether OLD and NEW on the command line mean a given move, wherever its files are by now."""
    source, target = (_place(root, cwd, name) for name in names)
    return source == move.old and move.new in (target, f"{target}/{source.rpartition('/')[2]}")


def check_new_path(tree: Tree, move: Move) -> None:
    """Raise MoveError if no text can name the new path, if it is left out everywhere, or if some disks take it for
    another one.
    """
    if _UNWRITABLE.search(move.new):
        raise MoveError(
            f"a path with a control character or a backslash cannot be written in a directive: {move.new!r}"
        )
    parts = move.new.split("/")
    for count, part in enumerate(parts, 1):
        path = "/".join(parts[:count])
        if is_left_out(part) and path not in tree.roots:
            raise MoveError(f"{path} would be left out of the project, as all hidden files, caches and backups are")
        if path == move.old:
            continue
        found = tree.look_up(path)
        if found.kind == "case" and found.detail != move.old:
            raise MoveError(f"{found.detail} exists, and on some disks {path} is the same")
        if found.kind not in ("folder", "missing", "case") and path != move.new:
            raise MoveError(f"{path} is not a folder of the project")


def check_symlinks(root: Path, output: str, move: Move) -> None:
    """Raise MoveError if a move would break a symlink of the project, as it leads into what moves or out of it."""
    for path in _symlinks(root, output):
        leads_to = (root / path).readlink()
        target = os.path.relpath(os.path.realpath(root / path), root).replace(os.sep, "/")
        if is_below(path, move.old) and not leads_to.is_absolute():
            old, new = (_joined(place, leads_to) for place in (path, move.path(path)))
            if new != move.path(old):
                raise MoveError(f"{path} is a symlink to {leads_to}, which would point elsewhere: {_ANEW}")
        elif is_below(target, move.old):
            raise MoveError(f"{path} is a symlink to {target}, which would move: {_ANEW}")


_ANEW = "remove the link first, and create it again afterwards"


def _joined(path: str, leads_to: Path) -> str:
    """Where a relative symlink at `path` leads, going only by its text."""
    return os.path.normpath(f"{path.rpartition('/')[0]}/./{leads_to.as_posix()}".removeprefix("/"))


_SKIPPED = (".git", "node_modules", "__pycache__", ".skillweave")


def _symlinks(root: Path, output: str) -> Iterator[str]:
    """Yield every symlink of a project, hidden ones too, except those in the stores of other tools and in the output folder."""
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            continue
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                yield path
            elif entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED and path != output:
                pending.append(path)


def _place(root: Path, cwd: Path, name: str) -> SourcePath:
    """Turn a path of the command line into one relative to the root, with symlinks before its last part resolved. Raises
    MoveError if it lies outside.
    """
    if "\0" in name or not name:
        raise MoveError(f"{name!r} is not a path")
    path = Path(os.path.normpath(cwd / name))
    return _below(root, f"{os.path.realpath(path.parent)}/{path.name}", name)


def _below(root: Path, path: str, name: str) -> SourcePath:
    normal = Path(os.path.normpath(path))
    if not normal.is_relative_to(root):
        raise MoveError(f"{name} is outside the project ({root})")
    below = normal.relative_to(root).as_posix()
    return SourcePath("" if below == "." else below)


def _is_folder(root: Path, source: str, name: str) -> bool:
    """Whether a path is a folder. Raises MoveError if it is neither a folder nor a regular file."""
    try:
        mode = os.lstat(root / source).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise MoveError(f"{name} does not exist") from None
    if stat.S_ISLNK(mode):
        raise MoveError(f"{name} is a symlink to {(root / source).readlink()}: move what it points to")
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise MoveError(f"{name} is neither a file nor a folder")
    if stat.S_ISREG(mode) and name.endswith("/"):
        raise MoveError(f"{name} is not a folder")
    return stat.S_ISDIR(mode)


def _is_case_only(root: Path, source: str, target: str) -> bool:
    """Whether two paths differ only in case and are the same file, as on disks where case does not count."""
    if source == target or source.casefold() != target.casefold():
        return False
    return (root / target).exists() and (root / source).samefile(root / target)
