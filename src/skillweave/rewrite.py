"""Rewrites source files: edits their bytes, and replaces them once all of them have been checked."""

from __future__ import annotations

import os
import re
import signal
import stat
import threading
from bisect import bisect_left
from contextlib import contextmanager

from skillweave.files import Tree
from skillweave.record import NamedTuple
from skillweave.regular import clear_left_over, naming, temporary_name, write_like
from skillweave.source import Edit, apply_edits
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


class Rewrite(NamedTuple):
    """A file, the bytes that were read from it, and those that it should hold."""

    path: str
    before: bytes
    after: bytes


class Refusal(NamedTuple):
    """A file that must not be written, and why: a clause whose subject is the file."""

    path: str
    why: str


_LINE_END = re.compile(r"\r\n|\r|\n")


def edit_bytes(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Apply edits of a decoded text to the bytes that it came from. All else stays: BOM, line ends, the end of the file.

    Line ends in an edit become the one of the line where the edit starts.
    """
    raw = data.decode("utf-8")
    mark = 1 if raw.startswith("\ufeff") else 0
    # Where the text has one character for two of `raw`, as offsets of the text.
    pairs = [match.start() - mark - number for number, match in enumerate(re.finditer("\r\n", raw))]

    def place(offset: int) -> int:
        return offset + mark + bisect_left(pairs, offset)

    moved = [
        Edit(place(edit.start), place(edit.end), edit.text.replace("\n", _line_end(raw, place(edit.start))))
        for edit in edits
    ]
    return apply_edits(raw, 0, len(raw), moved).encode("utf-8")


def rewrite(root: Path, rewrites: Sequence[Rewrite]) -> tuple[Refusal, ...]:
    """Replace each file with its new bytes, keeping its mode. If one may not be written, none is, and the refusals are
    returned.

    Readers see all of the old or all of the new file. Raises OSError if the system refuses.
    """
    refused = _refusals(root, rewrites)
    if refused:
        return refused
    for folder in {(root / path).parent for path, _, _ in rewrites}:
        clear_left_over(folder)
    with _ended_by_a_signal():
        return _replace_all(root, rewrites)


@contextmanager
def _ended_by_a_signal() -> Iterator[None]:
    """Let SIGTERM end the block the way an interrupt does, so that it cleans up. No effect outside the main thread, or where
    somebody else handles or ignores the signal.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _replace_all(root: Path, rewrites: Sequence[Rewrite]) -> tuple[Refusal, ...]:
    staged: list[tuple[Path, Path]] = []
    try:
        for path, _, after in rewrites:
            target = root / path
            staged.append((temporary_name(target), target))  # listed before it is written, to be removed in any case
            with naming(target):
                write_like(target, staged[-1][0], after)
        refused = _refusals(root, rewrites)
        for temporary, target in () if refused else staged:
            with naming(target):
                temporary.replace(target)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return refused


def _line_end(raw: str, at: int) -> str:
    found = _LINE_END.search(raw, at) or _LINE_END.search(raw)
    return found[0] if found else "\n"


def _refusals(root: Path, rewrites: Iterable[Rewrite]) -> tuple[Refusal, ...]:
    found = ((path, _why_not(root, path, before)) for path, before, _ in rewrites)
    return tuple(Refusal(path, why) for path, why in found if why)


def _why_not(root: Path, path: str, before: bytes) -> str | None:
    place = root / path
    try:
        status = place.lstat()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not place.resolve().is_relative_to(root.resolve()):
        return "is outside the project"
    if stat.S_ISLNK(status.st_mode) or place.parent.resolve() != root.resolve() / path.rpartition("/")[0]:
        return "is a symlink, or is reached through one"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    # The superuser can write anything, but a file without any write bit is still meant to stay as it is.
    if not status.st_mode & 0o222 or not os.access(place, os.W_OK):
        return "is read-only"
    if not os.access(place.parent, os.W_OK | os.X_OK):
        return "is in a folder that is read-only"
    contents = Tree(root).read(path)
    if contents.problem is not None:
        return f"cannot be read: {contents.problem}"
    return None if contents.data == before else "has changed since it was read"
