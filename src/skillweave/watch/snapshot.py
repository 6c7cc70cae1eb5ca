"""What the system says about every file that a build may read. Comparing two snapshots shows what changed; no file is
opened.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from skillweave.config import hidden_roots
from skillweave.files import tree_of
from skillweave.listing import is_left_out, left_out_part
from skillweave.record import NamedTuple
from skillweave.roots import expand_roots
from skillweave.source import folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skillweave.config import Config


class Sight(NamedTuple):
    """What the system says of one path, as numbers that can be compared."""

    numbers: tuple[int, ...]
    """Size, modification time and inode of a file. For a symlink, these of the link itself, then those of what it leads to."""
    changed: tuple[int, ...] = ()
    """The change times. An edit that keeps size and modification time still changes these, and so does a new hard link."""


_FOLDER = Sight((0, 0))
"""A folder is either there or not; what is in it is seen for itself."""


@dataclass(slots=True)
class Snapshot:
    """What is seen at each path (relative to the project root, or absolute if outside), and the folders that symlinks lead
    to.
    """

    sights: dict[str, Sight] = field(default_factory=dict)
    linked: dict[str, bool] = field(default_factory=dict)
    """By real path, whether everything below is read, too."""


def take(config: Config, files: Iterable[Path]) -> Snapshot:
    """Take a snapshot of a configuration's roots, and of some further files."""
    snapshot = Snapshot({_name(path, config.root): _sight(path) for path in files})
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
        for place in (root, *folders_above(root)):
            # A folder in place of a link has other real paths, even if it has the same files.
            if (config.root / place).is_symlink():
                snapshot.sights[place] = _file((config.root / place).lstat())
    return snapshot


def look_again(snapshot: Snapshot, config: Config, paths: Iterable[str]) -> Snapshot | None:
    """The snapshot after another look at some files, given by their real paths. None if that does not show everything that may
    have changed at these paths, because there is or was a folder, a symlink leads somewhere, or a file is new, gone, or has
    another name.

    Nothing at a path that was not seen before, in a folder that was, means that a file came and went while another one was
    saved.
    """
    if snapshot.linked:
        return None  # a file may also be seen at other paths
    sights, hidden = {**snapshot.sights}, hidden_roots(config)
    for path in paths:
        name = _name(Path(path), config.root)
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            found = None
        except OSError:
            return None
        if name not in sights:
            is_passing = found is None and sights.get(name.rpartition("/")[0]) == _FOLDER
            if not is_passing and left_out_part(name, hidden) is None:
                return None
        elif found is None or not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or sights[name] == _FOLDER:
            return None
        else:
            sights[name] = _file(found)
    return Snapshot(sights)


def changes(old: Mapping[str, Sight], new: Mapping[str, Sight]) -> tuple[str, ...]:
    """The paths at which something else is seen, sorted. A folder is only named if nothing below it is."""
    different = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    above = {path[:at] for path in different for at, char in enumerate(path) if char == "/"}
    return tuple(sorted(different - above))


def are_announced(old: Mapping[str, Sight], new: Mapping[str, Sight]) -> bool:
    """Whether the system must give notice of the differences. It need not if only a change time differs, as when a hard link
    was made.
    """
    return old.keys() != new.keys() or any(old[path].numbers != new[path].numbers for path in new)


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
    tree = tree_of(config)
    expanded = expand_roots(tree, (*config.patterns, *config.skills, *config.documents))
    return [*(root for _, root in expanded), *config.shared]


def _possible_roots(config: Config) -> Iterator[str]:
    """Yield the roots, with each name that could stand for a `*`, whether or not there is such a root. A `*` is also replaced
    by `-`, so that the folder in which it is looked up is watched even if it is empty.
    """
    tree = tree_of(config)
    for root in (*config.patterns, *config.skills, *config.documents, *config.shared):
        before, star, after = root.partition("*")
        if star:
            yield from (f"{before}{name}{after}" for name in tree.names(before.strip("/")))
        yield f"{before}-{after}" if star else root


def _folder(snapshot: Snapshot, path: str, real: str, hidden: frozenset[str]) -> list[tuple[str, str]]:
    """Look at a folder and what is in it, or at a file. Returns the folders in it, each as path and real path."""
    try:
        with os.scandir(real) as scan:
            entries = list(scan)
    except NotADirectoryError:
        snapshot.sights[path] = _sight(Path(real))
        snapshot.linked.setdefault(str(Path(real).parent), False)
        return []
    except OSError as error:
        snapshot.sights[path] = _failed(error)
        return []
    snapshot.sights[path] = _FOLDER
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
            snapshot.sights[below] = _sight(entry)
    return folders


def _link(snapshot: Snapshot, path: str, place: str) -> list[tuple[str, str]]:
    """Look at a symlink and what it leads to. Returns that, in the form that `_folder` does, if it is a folder."""
    real = os.path.realpath(place)
    target = _sight(Path(real))
    try:
        own = _file(os.lstat(place))
        snapshot.sights[path] = Sight(own.numbers + target.numbers, own.changed + target.changed)
    except OSError as error:
        snapshot.sights[path] = _failed(error)
    if target != _FOLDER:
        snapshot.linked.setdefault(str(Path(real).parent), False)
        return []
    snapshot.linked[real] = True
    return [(path, real)]


def _sight(path: Path | os.DirEntry[str]) -> Sight:
    try:
        found = path.stat()
    except OSError as error:
        return _failed(error)
    return _FOLDER if stat.S_ISDIR(found.st_mode) else _file(found)


def _file(found: os.stat_result) -> Sight:
    return Sight((found.st_size, found.st_mtime_ns, found.st_ino), (found.st_ctime_ns,))


def _failed(error: OSError) -> Sight:
    return Sight((error.errno or 0,))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _name(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
