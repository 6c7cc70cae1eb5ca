"""What the system says about every file that a build may read. Comparing two snapshots shows what changed; no file is
opened.
"""

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
"""The size, modification time, inode and change time of a file. An edit that keeps size and modification time still changes the
last one.
"""

_NUMBERS = 4
"""How many numbers the stamp of a file has. The change time is the last one."""

_FOLDER: Stamp = (0, 0)
"""The stamp of a folder, which is either there or not; what is in it has stamps of its own."""


@dataclass(slots=True)
class Snapshot:
    """Stamps by path, relative to the project root or absolute if outside, and the folders that symlinks lead to."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    linked: dict[str, bool] = field(default_factory=dict)
    """By real path, whether everything below is read, too."""


def take(config: Config, files: Iterable[Path]) -> Snapshot:
    """Take a snapshot of a configuration's roots, and of some further files."""
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
    """The paths whose stamps differ, sorted. A folder is only named if nothing below it is."""
    different = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    above = {path[:at] for path in different for at, char in enumerate(path) if char == "/"}
    return tuple(sorted(different - above))


def are_announced(old: Mapping[str, Stamp], new: Mapping[str, Stamp]) -> bool:
    """Whether the system must give notice of the differences. It need not if only a change time differs, as when a hard link
    was made.
    """
    return old.keys() != new.keys() or any(_but_change_time(old[path]) != _but_change_time(new[path]) for path in new)


def places(config: Config, snapshot: Snapshot, files: Iterable[Path]) -> dict[str, bool]:
    """The folders to watch, by real path, and whether with everything below: the roots, what leads to them, and the folders of
    `files`.

    The folders above a root are watched because the root itself may be renamed, removed or put back.
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
    """Every folder or file that a build reads, with `*` expanded. Those without `*` are listed even if they are missing."""
    tree = Tree(config.root, hidden_roots(config))
    expanded = expand_roots(tree, (*config.patterns, *config.skills, *config.documents))
    return [*(root for _, root in expanded), *config.shared]


def _possible_roots(config: Config) -> Iterator[str]:
    """Yield the roots, with each name that could stand for a `*`, whether or not there is such a root. A `*` is also replaced
    by `-`, so that the folder in which it is looked up is watched even if it is empty.
    """
    tree = Tree(config.root, hidden_roots(config))
    for root in (*config.patterns, *config.skills, *config.documents, *config.shared):
        before, star, after = root.partition("*")
        listing = tree.listing(before.strip("/")) if star else {}
        yield from (f"{before}{name}{after}" for name in listing if not isinstance(listing, str))
        yield f"{before}-{after}" if star else root


def _folder(snapshot: Snapshot, path: str, real: str, hidden: frozenset[str]) -> list[tuple[str, str]]:
    """Stamp a folder and what is in it, or a file. Returns the folders in it, each as path and real path."""
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
    """Stamp a symlink and what it leads to. Returns that, in the form that `_folder` does, if it is a folder."""
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
    """A stamp without its change times. The stamp of a symlink has two: it consists of its own stamp and that of its target."""
    return tuple(number for place, number in enumerate(stamp) if place % _NUMBERS != _NUMBERS - 1)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _name(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
