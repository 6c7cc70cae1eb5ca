"""The disk as it is read: look paths up, read files, list folders. Only publish/ and the cache write.

Paths are `SourcePath`s below one project root. Listings are kept for the life of a `Tree`, so that one build sees one
state of each folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from skillweave.listing import list_folder
from skillweave.record import NamedTuple
from skillweave.source import EncodingProblem, SourcePath, decode, folded, foreign_part
from skillweave.stamps import digest, folder_stamp, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skillweave.listing import EntryKind
    from skillweave.stamps import Stamp


class Found(NamedTuple):
    """What stands at a path. `real` is its path with symlinks resolved, or, where it is missing, would be."""

    kind: Literal["file", "folder", "special", "missing", "case", "outside", "unreadable", "misnamed"]
    real: SourcePath
    detail: str = ""
    """For `case` the spelling on disk; for `unreadable` the system's reason. A `misnamed` one has a name that is no UTF-8."""


class Contents(NamedTuple):
    """A file's bytes, or why there are none."""

    data: bytes
    problem: str | None = None
    mode: int = 0o644


class Read(NamedTuple):
    """A file as it was read: its stamp, and the digest of its bytes."""

    stamp: Stamp
    digest: str


CHANGED = "it changed while it was read"
"""What is kept of a file that had two contents in one run: no later one finds it as it was."""


class Tree:
    """A project folder as it is read in one build."""

    def __init__(
        self, root: Path, roots: frozenset[str] = frozenset(), drafts: Mapping[str, bytes] | None = None
    ) -> None:
        self.root = root
        self.roots = roots
        """Configured roots and their parents: read even if they are hidden."""
        self.listings: dict[str, dict[str, EntryKind] | str] = {}
        self.folder_stamps: dict[str, Stamp] = {}
        """The stamp of each folder from before it was listed."""
        self.reads: dict[str, Read | str] = {}
        """What was read, or the system's reason why not: with `listings` and `links`, all that a build depends on."""
        self.links: dict[str, tuple[str, str] | None] = {}
        """What symlinks were found to lead to."""
        self.folded: dict[str, dict[str, str]] = {}
        """Of folders in which something is missing, each name by its form without case."""
        self.held: dict[str, tuple[Contents, str]] = {}
        """What `hold` has read."""
        self.known: dict[str, Found] = {}
        """What was looked up: as listings are not made twice, neither are these."""
        self.drafts: Mapping[str, bytes] = drafts or {}
        """What files are read as in place of what they hold: an edit that is tried before it is written."""

    def listing(self, folder: str) -> dict[str, EntryKind] | str:
        """A folder's entries by name, without what is left out everywhere; or the system's reason why it has none."""
        if folder not in self.listings:
            self.listings[folder] = self._scan(folder)
        return self.listings[folder]

    def _scan(self, folder: str) -> dict[str, EntryKind] | str:
        place = f"{self.root}/{folder}"
        self.folder_stamps[folder] = folder_stamp(place)
        try:
            return list_folder(place, folder, self.roots)
        except OSError as error:
            return error.strerror or str(error)

    def look_up(self, path: str) -> Found:
        """What stands at a normalised path below the root. Symlinks are followed as long as they stay in the project."""
        known = self.known.get(path)
        if known is None:
            known = self.known[path] = self._find(path)
        return known

    def _find(self, path: str) -> Found:
        if path == ".." or path.startswith(("../", "/")):
            return Found("outside", SourcePath(path))
        parts = [part for part in path.split("/") if part]
        at, kind = "", "folder"
        for number, part in enumerate(parts):
            rest = "/".join(parts[number:])
            below = SourcePath(f"{at}/{rest}" if at else rest)
            if kind != "folder":
                return Found("missing", below)
            listing = self.listing(at)
            if isinstance(listing, str):
                return Found("unreadable", below, listing)
            if part not in listing:
                return self._absent(listing, part, below, at)
            at = f"{at}/{part}" if at else part
            entry = listing[part]
            if entry == "link":
                resolved = self.resolve_link(at)
                if resolved is None:
                    return Found("outside", SourcePath(at))
                at, kind = resolved
                if kind == "missing":
                    return Found("missing", SourcePath(at))
            else:
                kind = entry
        return _found(kind, at)

    def _absent(self, listing: dict[str, EntryKind], part: str, below: SourcePath, at: str) -> Found:
        if at not in self.folded:
            self.folded[at] = {}
            for name in listing:
                self.folded[at].setdefault(folded(name), name)
        near = self.folded[at].get(folded(part))
        return Found("missing", below) if near is None else Found("case", below, f"{at}/{near}" if at else near)

    def resolve_link(self, path: str) -> tuple[str, str] | None:
        """A symlink → the path below the root that it ends at, and what stands there; None: it leaves the project."""
        if path not in self.links:
            self.links[path] = self._follow(path)
        return self.links[path]

    def _follow(self, path: str) -> tuple[str, str] | None:
        try:
            real = Path(os.path.realpath(self.root / path))
        except OSError:
            return path, "missing"
        if not real.is_relative_to(self.root):
            return None
        below = real.relative_to(self.root).as_posix()
        if foreign_part(below) is not None:
            return None
        try:
            mode = real.stat().st_mode
        except OSError:
            return below, "missing"
        kind = "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "special"
        return below, kind

    def walk(self, folder: str) -> Iterator[tuple[SourcePath, Found]]:
        """Every file below a folder, depth first and sorted, with what it really is. Symlinked folders are followed once."""
        pending = [(folder, self.look_up(folder))]
        linked: list[tuple[str, Found]] = []
        seen: set[str] = set()
        while pending or linked:
            # Links come last: a folder is known by its own name before it is by another.
            path, found = pending.pop() if pending else linked.pop(0)
            if found.kind != "folder":
                yield SourcePath(path), found
                continue
            if found.real in seen:
                continue
            seen.add(found.real)
            listing = self.listing(found.real)
            if isinstance(listing, str):
                yield SourcePath(path), Found("unreadable", found.real, listing)
                continue
            for name in reversed(listing):
                kind = listing[name]
                below = f"{path}/{name}"
                real = SourcePath(f"{found.real}/{name}" if found.real else name)
                if kind != "link":
                    pending.append((below, _found(kind, real)))
                    continue
                target = self.look_up(real)
                (linked if target.kind == "folder" else pending).append((below, target))

    def read(self, path: str) -> Contents:
        """A regular file's bytes and mode. It is opened so that a FIFO that took its place cannot block."""
        try:
            descriptor = os.open(f"{self.root}/{path}", _TO_READ)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    self.reads[path] = "it is not a regular file"
                    return Contents(b"", "it is not a regular file")
                data = self.drafts[path] if path in self.drafts else _all_of(descriptor, status.st_size)
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = error.strerror or str(error)
            self.reads[path] = reason
            return Contents(b"", reason)
        read = Read(stamp(status), digest(data))
        before = self.reads.setdefault(path, read)
        if isinstance(before, str) or before.digest != read.digest:
            self.reads[path] = CHANGED
        return Contents(data, None, 0o755 if status.st_mode & 0o111 else 0o644)

    def hold(self, path: str) -> tuple[Contents, str]:
        """A file as `read` gives it, and its digest, both read once: many bundles may ship it."""
        if path not in self.held:
            contents = self.read(path)
            self.held[path] = (contents, digest(contents.data))
        return self.held[path]


def dangling(path: str, real: str) -> str:
    """What to say of a symlink that leads to nothing: to where it leads, which may be itself."""
    if path == real:
        return "is a symlink that leads back to itself"
    return f"is a symlink to {real}, which is not there"


_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _all_of(descriptor: int, size: int) -> bytes:
    """All that a file holds; `size` is what it is likely to be. A file object costs as much again as the calls."""
    data = os.read(descriptor, size + 1)
    while rest := os.read(descriptor, 1 << 20):
        data += rest
    return data


_FOUND: dict[str, Literal["file", "folder", "special", "missing"]] = {
    "file": "file",
    "folder": "folder",
    "special": "special",
    "missing": "missing",
}


def _found(kind: str, real: str) -> Found:
    """What stands at a real path, unless no output could be named after it."""
    try:
        real.encode()
    except UnicodeEncodeError:
        return Found("misnamed", SourcePath(real))
    return Found(_FOUND[kind], SourcePath(real))


def normalise_path(path: str) -> str:
    """A path with its `.` and `..` parts taken out, as text: what leaves the root starts with `..`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return f"/{'/'.join(parts)}" if path.startswith("/") else "/".join(parts)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it, compared part by part."""
    return folder in ("", path) or path.startswith(folder + "/")


def expand_roots(tree: Tree, roots: Iterable[str]) -> list[tuple[str, str]]:
    """Configured roots → (what its `*` matched or "", the root's path), sorted; roots that are not there are left out."""
    expanded = []
    for root in roots:
        before, star, after = root.partition("*")
        if not star:
            expanded.append(("", root))
            continue
        folder = before.strip("/")
        listing = tree.listing(folder)
        for name in () if isinstance(listing, str) else listing:
            below = "/".join(part for part in (folder, name, after.strip("/")) if part)
            if tree.look_up(below).kind in ("folder", "misnamed"):
                expanded.append((name, below))
    return expanded


def read_text(tree: Tree, path: str) -> tuple[str, str | EncodingProblem | None, str]:
    """A file → its text, what is wrong with it (encoding, or the system's reason), and its digest."""
    contents = tree.read(path)
    if contents.problem is not None:
        return "", contents.problem, ""
    read = tree.reads[path]
    # A file that had two contents in one run is named by the one that was read last, as that is what is made of it.
    fingerprint = read.digest if isinstance(read, Read) else digest(contents.data)
    text = decode(contents.data)
    if isinstance(text, EncodingProblem):
        return "", text, fingerprint
    return text, None, fingerprint
