"""Reads the disk: looks paths up, lists folders, reads files. It writes nothing.

Paths are `SourcePath`s below one project root. A `Tree` keeps its listings, so one build sees one state of each folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from skillweave.config import hidden_roots
from skillweave.diagnostics import MAKE_READABLE
from skillweave.listing import list_folder
from skillweave.record import NamedTuple
from skillweave.source import EncodingProblem, SourcePath, decode, folded, foreign_part
from skillweave.stamps import digest, folder_stamp, stamp
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from skillweave.config import Config
    from skillweave.listing import EntryKind
    from skillweave.stamps import Stamp


class Found(NamedTuple):
    """What is at a path. `real` is the path with symlinks resolved, or what that path would be if something is missing."""

    kind: Literal["file", "folder", "special", "missing", "case", "outside", "unreadable", "misnamed"]
    real: SourcePath
    detail: str = ""
    """For `case`, the spelling on disk; for `unreadable`, the system's reason.

    A `misnamed` file has a name that is not UTF-8.
    """


class Contents(NamedTuple):
    """A file's bytes and mode, or in `problem` the reason why it has none."""

    data: bytes
    problem: str | None = None
    mode: int = 0o644


class Read(NamedTuple):
    """A file as it was read: its stamp, and the digest of its bytes."""

    stamp: Stamp
    digest: str


CHANGED = "it changed while it was read"
"""Recorded for a file that had two contents in one run, so that no later run takes it for unchanged."""


def tree_of(config: Config, drafts: Mapping[str, bytes] | None = None) -> Tree:
    """The folder of a project, in which its configured roots are read even if they are hidden. For `drafts` see `Tree`."""
    return Tree(config.root, hidden_roots(config), drafts)


class Tree:
    """A project folder as one build reads it."""

    def __init__(
        self, root: Path, roots: frozenset[str] = frozenset(), drafts: Mapping[str, bytes] | None = None
    ) -> None:
        self.root = root
        self.roots = roots
        """Configured roots and the folders above them: read even if they are hidden."""
        self.listings: dict[str, dict[str, EntryKind] | str] = {}
        self.folder_stamps: dict[str, Stamp] = {}
        """The stamp of each folder, taken before it was listed."""
        self.reads: dict[str, Read | str] = {}
        """What was read, or why it could not be. A build depends on this, on `listings` and on `symlinks` only."""
        self.symlinks: dict[str, tuple[str, str] | None] = {}
        """Where each symlink leads, as `resolve_link` returns it."""
        self.folded: dict[str, dict[str, str]] = {}
        """For folders in which something was missing: each name by its form without case."""
        self.contents: dict[str, tuple[Contents, str]] = {}
        """What `read_once` has read."""
        self.known: dict[str, Found] = {}
        """What `look_up` has found."""
        self.drafts: Mapping[str, bytes] = drafts or {}
        """Bytes that replace what files hold, such as an edit that is tried before it is written."""

    def listing(self, folder: str) -> dict[str, EntryKind] | str:
        """A folder's entries by name, without what is left out everywhere; or the reason why it cannot be listed."""
        if folder not in self.listings:
            self.listings[folder] = self._scan(folder)
        return self.listings[folder]

    def names(self, folder: str) -> dict[str, EntryKind]:
        """Like `listing`, for a caller that does not ask why a folder cannot be listed: it counts as empty."""
        listing = self.listing(folder)
        return {} if isinstance(listing, str) else listing

    def _scan(self, folder: str) -> dict[str, EntryKind] | str:
        place = f"{self.root}/{folder}"
        self.folder_stamps[folder] = folder_stamp(place)
        try:
            return list_folder(place, folder, self.roots)
        except OSError as error:
            return error.strerror or str(error)

    def look_up(self, path: str) -> Found:
        """What is at a normalised path below the root. Symlinks are followed as long as they stay in the project."""
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
        # A symlink may have such a name, too, and what it leads to another one.
        named = _found(kind, path)
        return named if named.kind == "misnamed" else _found(kind, at)

    def _absent(self, listing: dict[str, EntryKind], part: str, below: SourcePath, at: str) -> Found:
        if at not in self.folded:
            self.folded[at] = {}
            for name in listing:
                self.folded[at].setdefault(folded(name), name)
        near = self.folded[at].get(folded(part))
        return Found("missing", below) if near is None else Found("case", below, f"{at}/{near}" if at else near)

    def resolve_link(self, path: str) -> tuple[str, str] | None:
        """Where a symlink ends: the path below the root, and what kind of thing is there. None if it leaves the project."""
        if path not in self.symlinks:
            self.symlinks[path] = self._follow(path)
        return self.symlinks[path]

    def _follow(self, path: str) -> tuple[str, str] | None:
        try:
            real = Path(os.path.realpath(self.root / path))
        except OSError:
            return path, "missing"
        if not real.is_relative_to(self.root):
            return None
        below = real.relative_to(self.root).as_posix() if real != self.root else ""
        if foreign_part(below) is not None:
            return None
        try:
            mode = real.stat().st_mode
        except OSError:
            return below, "missing"
        kind = "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "special"
        return below, kind

    def walk(self, folder: str) -> Iterator[tuple[SourcePath, Found]]:
        """Every file below a folder, depth first and sorted, with what it really is. No folder is entered twice."""
        pending = [(folder, self.look_up(folder))]
        linked: list[tuple[str, Found]] = []
        seen: set[str] = set()
        while pending or linked:
            # Links come last, so that a folder is found under its own name first.
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
        """A regular file's bytes and mode. It is opened without blocking, in case a FIFO has taken its place."""
        try:
            descriptor = os.open(f"{self.root}/{path}", _TO_READ)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    self.reads[path] = "it is not a regular file"
                    return Contents(b"", "it is not a regular file")
                if status.st_size > LARGEST:
                    self.reads[path] = TOO_LARGE
                    return Contents(b"", TOO_LARGE)
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
        return Contents(data, None, 0o755 if status.st_mode & 0o100 else 0o644)

    def read_once(self, path: str) -> tuple[Contents, str]:
        """A file as `read` returns it, and its digest. It is read only once, since many bundles may ship it."""
        if path not in self.contents:
            contents = self.read(path)
            self.contents[path] = (contents, digest(contents.data))
        return self.contents[path]


LARGEST = 2**30
"""The largest file that is read, in bytes: the most that `bundle_bytes` in the configuration can be. A bundle is made in memory
before any of it is published.
"""
TOO_LARGE = "it is larger than 1 GiB"


def cure_of(problem: str) -> str:
    """The cure for a file that cannot be read, given the reason."""
    return "split it, or publish it elsewhere and link to it" if problem == TOO_LARGE else MAKE_READABLE


def dangling(path: str, real: str) -> str:
    """A clause about a symlink whose target is missing: where it leads, which may be itself."""
    if path == real:
        return "is a symlink that leads back to itself"
    return f"is a symlink to {real}, which does not exist"


_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _all_of(descriptor: int, size: int) -> bytes:
    """Everything in a file; `size` is its expected length. A file object would cost as much again as these calls."""
    data = os.read(descriptor, size + 1)
    rest = os.read(descriptor, 1 << 20)
    if not rest:
        return data
    pieces = [data]
    while rest:
        pieces.append(rest)
        rest = os.read(descriptor, 1 << 20)
    return b"".join(pieces)


_FOUND: dict[str, Literal["file", "folder", "special", "missing"]] = {
    "file": "file",
    "folder": "folder",
    "special": "special",
    "missing": "missing",
}


def _found(kind: str, real: str) -> Found:
    """What is at a real path; `misnamed` if the path is not UTF-8, so that no output can have its name."""
    try:
        real.encode()
    except UnicodeEncodeError:
        return Found("misnamed", SourcePath(real))
    return Found(_FOUND[kind], SourcePath(real))


def normalise_path(path: str) -> str:
    """Remove `.`, `..` and empty parts from a path, as text only: a path that leaves the root starts with `..`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return f"/{'/'.join(parts)}" if path.startswith("/") else "/".join(parts)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or inside it, compared part by part. Every path is below ""."""
    return folder in ("", path) or path.startswith(folder + "/")


class Text(NamedTuple):
    """A file read as text, with the digest of its bytes; or with what is wrong with it: its encoding, or the reason why
    it cannot be read.
    """

    content: str
    digest: str
    problem: str | EncodingProblem | None = None


def read_text(tree: Tree, path: str) -> Text:
    """Read a file as text."""
    contents = tree.read(path)
    if contents.problem is not None:
        return Text("", "", contents.problem)
    read = tree.reads[path]
    # If a file changed during the run, use the digest of the bytes read last, as those are what is compiled.
    fingerprint = read.digest if isinstance(read, Read) else digest(contents.data)
    text = decode(contents.data)
    if isinstance(text, EncodingProblem):
        return Text("", fingerprint, text)
    return Text(text, fingerprint)
