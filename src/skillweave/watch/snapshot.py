"""What the system says of every file that a build may read. Two snapshots tell what changed; no file is opened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.config import hidden_roots
from skillweave.files import Tree, expand_roots
from skillweave.listing import is_left_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skillweave.config import Config

Stamp = tuple[int, ...]
"""Of a file its size, times and inode: an edit that keeps size and modification time still has another change time."""

_NUMBERS = 4
"""How many a file's stamp has; the change time is the last one."""

_FOLDER: Stamp = (0, 0)
"""A folder is there or is not; what is in it has stamps of its own."""


@dataclass(slots=True)
class Snapshot:
    """Stamps by path below the project root (in full elsewhere), and the folders that symlinks lead to."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    linked: dict[str, bool] = field(default_factory=dict)
    """Real paths; whether all that is below is read, too."""


def take(config: Config, files: Iterable[Path]) -> Snapshot:
    """The roots of a configuration, and some more files, as they are now."""
    snapshot = Snapshot({_name(path, config.root): _stamp(path) for path in files})
    hidden = hidden_roots(config)
    output = output_folder(config)
    seen: set[str] = set()
    for root in _roots(config):
        pending = [(root, os.path.realpath(config.root / root))]
        while pending:
            path, real = pending.pop()
            if real in seen or real == output or not _is_below(real, str(config.root)):
                continue
            seen.add(real)
            pending += _folder(snapshot, path, real, hidden)
    return snapshot


def changes(old: Mapping[str, Stamp], new: Mapping[str, Stamp]) -> tuple[str, ...]:
    """The paths whose stamps differ, sorted. A folder is named only where nothing below it is."""
    different = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    above = {path[:at] for path in different for at, char in enumerate(path) if char == "/"}
    return tuple(sorted(different - above))


def are_announced(old: Mapping[str, Stamp], new: Mapping[str, Stamp]) -> bool:
    """Whether the system gives notice of what differs. Of a change time alone it need not: a hard link was made."""
    return old.keys() != new.keys() or any(_but_change_time(old[path]) != _but_change_time(new[path]) for path in new)


def places(config: Config, snapshot: Snapshot, files: Iterable[Path]) -> dict[str, bool]:
    """The folders to watch (real paths), and whether with all below: the roots, what leads to them, and the files'.

    The folders above a root are watched for the root's own sake, which may be renamed, removed or put back.
    """
    wanted = {str(config.root): False} | {os.path.realpath(file.parent): False for file in files}
    for root in _possible_roots(config):
        parts = root.split("/")
        for count in range(1, len(parts)):
            wanted.setdefault(os.path.realpath(config.root.joinpath(*parts[:count])), False)
        wanted[os.path.realpath(config.root / root)] = True
    for real, recursive in snapshot.linked.items():
        wanted[real] = recursive or wanted.get(real, False)
    covered = [real for real, recursive in wanted.items() if recursive and Path(real).is_dir()]
    return {
        real: recursive
        for real, recursive in wanted.items()
        if Path(real).is_dir() and not any(real != other and _is_below(real, other) for other in covered)
    }


def output_folder(config: Config) -> str:
    """The real path of the output folder."""
    return os.path.realpath(config.root / config.output)


def _roots(config: Config) -> Sequence[str]:
    """Every folder or file that a build reads, `*` expanded; those without `*` also where they are missing."""
    tree = Tree(config.root, hidden_roots(config))
    expanded = expand_roots(tree, (*config.patterns, *config.skills, *config.documents))
    return [*(root for _, root in expanded), *config.shared]


def _possible_roots(config: Config) -> Iterator[str]:
    """The roots, and what would match a `*` if it were there. What a `*` looks through counts as one, too."""
    tree = Tree(config.root, hidden_roots(config))
    for root in (*config.patterns, *config.skills, *config.documents, *config.shared):
        before, star, after = root.partition("*")
        listing = tree.listing(before.strip("/")) if star else {}
        yield from (f"{before}{name}{after}" for name in listing if not isinstance(listing, str))
        yield f"{before}-{after}" if star else root


def _folder(snapshot: Snapshot, path: str, real: str, hidden: frozenset[str]) -> list[tuple[str, str]]:
    """Stamp a folder and what is in it; returns the folders in it as (path, real path). A file is stamped itself."""
    try:
        with os.scandir(real) as scan:
            entries = list(scan)
    except NotADirectoryError:
        snapshot.stamps[path] = _stamp(Path(real))
        snapshot.linked.setdefault(str(Path(real).parent), False)
        return []
    except OSError as error:
        snapshot.stamps[path] = (error.errno or 0,)
        return []
    snapshot.stamps[path] = _FOLDER
    folders = []
    for entry in entries:
        below = f"{path}/{entry.name}"
        if is_left_out(entry.name) and below not in hidden:
            continue
        if entry.is_symlink():
            folders += _link(snapshot, below, entry.path)
        elif entry.is_dir(follow_symlinks=False):
            folders.append((below, f"{real}/{entry.name}"))
        else:
            snapshot.stamps[below] = _stamp(entry)
    return folders


def _link(snapshot: Snapshot, path: str, place: str) -> list[tuple[str, str]]:
    """Stamp a symlink and what it leads to; a folder is returned as `_folder` does."""
    real = os.path.realpath(place)
    target = _stamp(Path(real))
    try:
        snapshot.stamps[path] = (*_numbers(os.lstat(place)), *target)
    except OSError as error:
        snapshot.stamps[path] = (error.errno or 0,)
    if target != _FOLDER:
        snapshot.linked.setdefault(str(Path(real).parent), False)
        return []
    snapshot.linked[real] = True
    return [(path, real)]


def _stamp(path: Path | os.DirEntry[str]) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return _FOLDER if stat.S_ISDIR(found.st_mode) else _numbers(found)


def _numbers(found: os.stat_result) -> Stamp:
    return (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def _but_change_time(stamp: Stamp) -> Stamp:
    """A stamp without the change times in it: that of a symlink is its own stamp, then that of what it leads to."""
    return tuple(number for place, number in enumerate(stamp) if place % _NUMBERS != _NUMBERS - 1)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _name(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
