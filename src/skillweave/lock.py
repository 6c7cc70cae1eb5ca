"""The lock file: what each bundle was made of. Sorted JSON without times or absolute paths, so it is the same anywhere."""

from __future__ import annotations

import json
from json.encoder import encode_basestring

from skillweave import __version__
from skillweave.source import stays_inside
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


Place = tuple[str, int, int]
"""Where a record is written: a text, such as that of a lock file, and the offsets of the record in it."""


Rows = dict[tuple[str, str], str]
"""Rows of a lock file by what they say, a path and a digest: most files go into many bundles."""


class Record:
    """The lock file's record of one entry: the digests of its inputs and outputs, by path.

    A record that comes from a lock file knows where it stands in its text, and is only parsed on first use, as few records are
    needed after an edit.
    """

    __slots__ = ("_digests", "_place")

    def __init__(self, inputs: Mapping[str, str], outputs: Mapping[str, str], place: Place | None = None) -> None:
        self._digests = None if place else (inputs, outputs)
        self._place = place

    @property
    def inputs(self) -> Mapping[str, str]:
        return self._read()[0]

    @property
    def outputs(self) -> Mapping[str, str]:
        return self._read()[1]

    def has_input(self, path: str) -> bool:
        """Whether a file is one of the inputs. A record that was not parsed yet is only parsed if it may be."""
        if self._digests is None and self._place is not None:
            text, start, end = self._place
            if text.find(f"{json.dumps(path, ensure_ascii=False)}: ", start, end) < 0:
                return False
        return path in self.inputs

    def place(self, path: str, rows: Rows) -> Place:
        """Where this record is written, given the entry's path."""
        if self._place is None:
            words = _words(path, self, rows)
            self._place = (words, 0, len(words))
        return self._place

    def _read(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        if self._digests is None:
            text, start, end = self._place or ("", 0, 0)
            (record,) = json.loads(f"{{{text[start:end]}}}").values()
            self._digests = _digests(record)
        return self._digests

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._read() == other._read()

    __hash__ = None  # type: ignore[assignment]


Lock = dict[str, Record]
"""Records by the source path of their entry."""


class Ledger:
    """A lock file as it was last read or written. When it is read or written repeatedly, only changes are processed.

    `written` is the digest of a lock file known to be written by this very version: its text can be split without
    parsing.
    """

    def __init__(self, written: str = "") -> None:
        self.written = written
        self.data: bytes = b""
        self.lock: Lock = {}

    def read(self, data: bytes) -> Lock | None:
        """Parse a lock file; returns None if we cannot read it. The records must not be changed."""
        if data != self.data:
            is_ours = self.written and digest(data) == self.written
            lock = _in_its_words(data) if is_ours else read_lock(data)
            if lock is None:
                return None
            self.data, self.lock = data, lock
        return self.lock

    def write(self, lock: Lock) -> bytes:
        """Write records as a lock file."""
        entries = _written(lock)
        tool = json.dumps(f"skillweave {__version__}")
        body = f"{_FIRST}{entries}{_LAST}" if entries else "{}"
        self.data = f'{{\n "version": 1,\n "tool": {tool},\n "entries": {body}\n}}\n'.encode()
        self.lock = lock
        return self.data


def lock_bytes(lock: Lock) -> bytes:
    """The bytes of a lock file with these records."""
    return Ledger().write(lock)


def lock_file(lock: Lock) -> bytes | None:
    """The lock file that a build leaves. None without records: what publishes nothing has none, as if it never had one."""
    return lock_bytes(lock) if lock else None


def read_lock(data: bytes) -> Lock | None:
    """Parse a lock file; returns None if we cannot read it. Output paths that leave the output folder are dropped."""
    try:
        content = json.loads(data)
        return {str(path): Record(*_digests(record)) for path, record in content["entries"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


_FIRST, _BETWEEN, _LAST = "{\n", ",\n", "\n }"
_END = "\n  }"


def _written(lock: Lock) -> str:
    """Records as they stand in a lock file. Those that follow one another in an older one are copied together."""
    pieces = []
    rows = Rows()
    text, start, end = "", 0, 0
    for path in sorted(lock):
        its_text, its_start, its_end = lock[path].place(path, rows)
        if its_text is not text or its_start != end + len(_BETWEEN):
            pieces.append(text[start:end])
            text, start = its_text, its_start
        end = its_end
    pieces.append(text[start:end])
    return _BETWEEN.join(pieces[1:])


def _in_its_words(data: bytes) -> Lock:
    """Find the records in a lock file written by `Ledger.write`: JSON escapes line ends in strings, so these tell all else."""
    text, lock = data.decode(), Lock()
    first = f'"entries": {_FIRST}'
    start = text.find(first) + len(first)
    if start < len(first):
        return lock
    next_one = f"{_END}{_BETWEEN}"
    while (end := text.find(next_one, start)) >= 0:
        end += len(_END)
        lock[_path(text, start)] = Record({}, {}, (text, start, end))
        start = end + len(_BETWEEN)
    lock[_path(text, start)] = Record({}, {}, (text, start, text.rindex(_END) + len(_END)))
    return lock


def _path(text: str, start: int) -> str:
    """The path of the entry whose record begins at an offset."""
    quoted = text[start + 2 : text.index(": {\n", start)]
    path: str = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
    return path


def _words(path: str, record: Record, rows: Rows) -> str:
    def table(name: str, digests: Mapping[str, str]) -> str:
        found = []
        for row in sorted(digests.items()):
            written = rows.get(row)
            if written is None:
                written = rows[row] = f"    {encode_basestring(row[0])}: {encode_basestring(row[1])}"
            found.append(written)
        between = ",\n"
        return f'   "{name}": {{\n{between.join(found)}\n   }}' if found else f'   "{name}": {{}}'

    inputs, outputs = table("inputs", record.inputs), table("outputs", record.outputs)
    return f"  {encode_basestring(path)}: {{\n{inputs},\n{outputs}{_END}"


def _digests(record: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    inputs = {str(path): str(value) for path, value in record["inputs"].items()}
    return inputs, {str(path): str(value) for path, value in record["outputs"].items() if stays_inside(str(path))}
