"""Repeats what the last run printed if nothing has changed since, before click or anything else is loaded.

A hook then costs only Python's start and a look at every file. Each stored answer is complete in itself: the command
and where it ran, the stamps of everything it depends on, and what it printed. This may only save time: if anything
differs, or might, the answer is None and the run has to be made.
"""

from __future__ import annotations

import os
import sys
import time
from codecs import lookup
from stat import S_IFDIR, S_IFMT, S_IFREG

from skillweave.cachedir import FOLDER, key_here, prepare_folder, read_whole, versions, write_whole
from skillweave.listing import list_folder, without_output
from skillweave.locking import is_locked
from skillweave.stamps import digest, folder_stamp, has_same_size_and_mode, is_settled, real_folder_stamp, stamp
from skillweave.streams import put
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from skillweave.listing import EntryKind
    from skillweave.stamps import Stamp

COMMANDS = ("build", "check")
SUFFIX = ".answer"
NOTHING = "nothing"
"""The listing of a folder that does not exist."""
ELSEWHERE = "elsewhere"
"""Where a symlink leads that leaves the project."""
SLOTS = 8
"""How many answers are kept of each command at most."""


class Answer:
    """What a run printed, and its exit status."""

    __slots__ = ("is_aside", "is_timed", "line", "report", "status")

    def __init__(self, status: int, report: str, line: str, *, is_aside: bool = False, is_timed: bool = False) -> None:
        self.status = status
        self.report = report
        self.line = line
        """The final line without its line end; empty if there is none."""
        self.is_aside = is_aside
        """Whether the report went to standard error."""
        self.is_timed = is_timed
        """Whether the final line ends with how long the run took."""


class Seen:
    """Everything that a run depends on. An unsettled stamp proves nothing, and is replaced by one that no file ever has.

    Paths are relative to the project; `.` is its folder.
    """

    __slots__ = ("absent", "files", "folders", "output", "outputs", "shown", "symlinks")

    def __init__(self, output: str) -> None:
        self.output = output
        """The output folder: creating it does not count as a change of the folder that it is in."""
        self.shown: list[str] = []
        """Paths that are read even if they are hidden."""
        self.files: list[tuple[str, Stamp, str]] = []
        """The path, stamp and digest of each file that was read; symlinks are followed."""
        self.outputs: list[tuple[str, Stamp, str]] = []
        """The same for files that must be at their very path, not behind a symlink: outputs, and the configuration."""
        self.folders: list[tuple[str, Stamp, str]] = []
        """The path, stamp and listing of each folder; the listing is made by `told_apart` or `all_names`, or is `NOTHING`."""
        self.symlinks: list[tuple[str, str]] = []
        """Each path that is or may become a symlink, and where it ends according to `leads_to`."""
        self.absent: list[str] = []
        """Paths where nothing exists that would have been read; they may be outside the project."""


def replay(arguments: Sequence[str]) -> int | None:
    """Repeat what the last run with these arguments printed, and return its exit status; None if the run has to be made.

    Raises OSError if printing fails.
    """
    started = time.monotonic()
    if not arguments or arguments[0] not in COMMANDS or "_SKILLWEAVE_COMPLETE" in os.environ:
        return None
    try:
        answer = _last(arguments)
    except (AttributeError, OSError, ValueError):
        # There is no usable answer, or something that it depends on is gone.
        return None
    if answer is None:
        return None
    if answer.report:
        stream = sys.stderr if answer.is_aside else sys.stdout
        put(stream, answer.report)
        stream.flush()
    if answer.line:
        line = timed(answer.line, time.monotonic() - started) if answer.is_timed else answer.line
        put(sys.stdout, f"{line}\n")
    return answer.status


def keep(root: Path, arguments: Sequence[str], answer: Answer, seen: Seen) -> None:
    """Store the answer of a run that found nothing changed. Does nothing unless the run was made in the project's folder."""
    key = _key(arguments)
    if key is None or os.fspath(root) != os.getcwd() or not prepare_folder(root):  # noqa: PTH109 (Path is not loaded)
        return
    sections = (
        (key, seen.output, *seen.shown),
        (part for row in seen.files for part in row),
        (part for row in seen.outputs for part in row),
        (part for path, known, names in seen.folders for part in (path, known or _NONE, names)),
        (part for row in seen.symlinks for part in row),
        seen.absent,
        (str(answer.status), _YES * answer.is_aside, _YES * answer.is_timed, answer.report, answer.line),
    )
    text = _SECTION.join(_PART.join(section) for section in sections)
    write_whole(_place(root, arguments), text.encode("utf-8", "surrogateescape"))


def forget(root: Path) -> None:
    """Remove all stored answers, because something has changed: the next run need not check them in vain."""
    from contextlib import suppress  # noqa: PLC0415 (a run that repeats the last answer removes nothing)

    if not prepare_folder(root):
        return
    ours = {f"{command}-{slot}{SUFFIX}" for command in COMMANDS for slot in range(SLOTS)}
    with suppress(OSError):
        for name in ours.intersection(os.listdir(f"{root}/{FOLDER}")):  # noqa: PTH208 (Path is not loaded)
            os.unlink(f"{root}/{FOLDER}/{name}")  # noqa: PTH108 (likewise)


def told_apart(listing: dict[str, EntryKind]) -> str:
    """A listing of sources in the form that is compared: kinds and names."""
    return "kinds/" + "/".join(f"{kind[:2]} {name}" for name, kind in listing.items())


def all_names(names: Iterable[str]) -> str:
    """A listing of outputs in the form that is compared: all names, whatever kind they are."""
    return "names/" + "/".join(names)


def timed(line: str, seconds: float) -> str:
    """The final line of a build, with the time it took."""
    return f"{line}, in {seconds:.2f} s"


# A NUL is in no path. The texts come last, as only they may be empty.
_PART = "\0"
_SECTION = "\0\0"
_SECTIONS = 7
_YES, _NONE = "yes", "none"
_KINDS = {0: "missing", S_IFREG: "file", S_IFDIR: "folder"}


def _place(root: Path | str, arguments: Sequence[str]) -> str:
    # A hook, an editor and a person run in turn, each with arguments of their own; each should find its answer.
    slot = sum(repr(list(arguments)).encode("utf-8", "surrogateescape")) % SLOTS
    return f"{root}/{FOLDER}/{arguments[0]}-{slot}{SUFFIX}"


def _key(arguments: Sequence[str]) -> str | None:
    """Everything besides files that an answer depends on; None if no answer can be given."""
    streams = (sys.stdout, sys.stderr)
    # click takes a stream in ASCII for one that is set up wrongly, and writes UTF-8 to it.
    if any(stream is None or lookup(stream.encoding).name == "ascii" for stream in streams):
        return None
    setting = [repr(list(arguments)), os.getcwd(), sys.version, *versions()]  # noqa: PTH109 (Path is not loaded)
    setting += [f"{name} {bool(os.environ.get(name))}" for name in ("NO_COLOR", "FORCE_COLOR")]
    setting += [f"{stream.isatty()} {stream.encoding} {stream.errors}" for stream in streams]
    return key_here(os.getcwd(), "; ".join(setting))  # noqa: PTH109 (likewise)


def _last(arguments: Sequence[str]) -> Answer | None:
    """The stored answer for these arguments, if it still holds. The working directory is the project's folder.

    Raises OSError or ValueError if there is none, or it cannot be read.
    """
    place, moment = _place(".", arguments), time.time_ns()
    content = read_whole(place).decode("utf-8", "surrogateescape")
    *sections, told = content.split(_SECTION, _SECTIONS - 1)
    parts = [section.split(_PART) if section else [] for section in sections]
    (key, output, *shown), files, outputs, folders, symlinks, absent = parts
    status, aside, is_timed, report, line = told.split(_PART)
    root = os.getcwd()  # noqa: PTH109 (Path is not loaded)
    if key != _key(arguments) or any(map(os.path.lexists, absent)):
        return None
    touched = _touched(os.stat, files)  # Sources first: they are edited most.
    if touched is None:
        return None
    looks: Sequence[Callable[[], Newer | None]] = (
        lambda: _newer_outputs(outputs, moment),
        lambda: _list_the_same(folders, output, shown, moment),
    )
    # A second process checks the outputs, and also the folders if many files have to be read here.
    share = 1 + (len(touched) > MANY)
    wait = _begin(looks[:share], is_much=len(outputs) > 3 * MANY)
    try:
        here = [_have_their_content(touched, moment), *(look() for look in looks[share:])]
    finally:
        there = wait()
    if there is None or None in here:
        return None
    if any(leads_to(root, path) != known for path, known in zip(symlinks[::2], symlinks[1::2], strict=True)):
        return None
    # While a build is running, nobody can tell what it will have published.
    if arguments[0] == "build" and is_locked(output):
        return None
    newer = [here[0], *there, *here[1:]]
    if any(newer):
        for rows, found in zip((files, outputs, folders), newer, strict=True):
            for number, settled in found or ():
                rows[3 * number + 1] = settled
        text = _SECTION.join([*map(_PART.join, parts), told])
        write_whole(place, text.encode("utf-8", "surrogateescape"))
    return Answer(int(status), report, line, is_aside=aside == _YES, is_timed=is_timed == _YES)


Newer = list[tuple[int, "Stamp"]]
"""Row numbers, each with a stamp that has settled since the answer was stored, so the next run need not read that file."""

MANY = 5_000
"""Checking up to this many files takes less time than starting a second process."""


def _begin(looks: Sequence[Callable[[], Newer | None]], *, is_much: bool) -> Callable[[], list[Newer] | None]:
    """Start some checks, in a second process if there is much to do. Returns a function that waits for the results.

    That function returns the newer stamps of each check, or None if one of them found a change.
    """

    def look() -> list[Newer] | None:
        found = []
        for each in looks:
            newer = each()
            if newer is None:
                return None
            found.append(newer)
        return found

    if not is_much:
        return look
    from skillweave.beside import beside  # noqa: PLC0415 (most projects do without)

    def told() -> bytes:
        found = look()
        if found is None:
            return b"changed"
        return "\n\n".join("\n".join(f"{number} {settled}" for number, settled in newer) for newer in found).encode()

    wait = beside(told)

    def result() -> list[Newer] | None:
        reply = wait().decode()
        if reply == "changed":
            return None
        pairs = ([line.split(" ", 1) for line in part.split("\n") if line] for part in reply.split("\n\n"))
        return [[(int(number), settled) for number, settled in part] for part in pairs]

    return result


def _newer_outputs(outputs: list[str], moment: int) -> Newer | None:
    """The newer stamps of outputs; None if one of them has changed."""
    touched = _touched(os.lstat, outputs)
    return None if touched is None else _have_their_content(touched, moment)


def _touched(look: Callable[[str], os.stat_result], files: list[str]) -> list[tuple[int, str, Stamp, str]] | None:
    """The files that were touched, or whose stamps had not settled: row number, path, current stamp, digest of the old
    content.

    None if a file must have changed, because its size or mode differs. Raises OSError if one is gone.
    """
    touched = []
    for number, (path, known, content) in enumerate(_rows(files)):
        found = stamp(look(path))
        if found == known:
            continue
        if not has_same_size_and_mode(found, known):
            return None
        touched.append((number, path, found, content))
    return touched


def _have_their_content(touched: Iterable[tuple[int, str, Stamp, str]], moment: int) -> Newer | None:
    """The newer stamps of touched files; None if the content of one has changed."""
    newer = []
    for number, path, found, content in touched:
        if digest(read_whole(path)) != content:
            return None
        if is_settled(found, moment):
            newer.append((number, found))
    return newer


def _list_the_same(folders: list[str], output: str, shown: list[str], moment: int) -> Newer | None:
    """The newer stamps of folders; None if one of them lists something else."""
    newer = []
    for number, (path, known, names) in enumerate(_rows(folders)):
        found = (real_folder_stamp if names.startswith("names/") else folder_stamp)(path) or _NONE
        if found == known:
            continue
        if _NONE in (found, known):
            return None
        folder = "" if path == "." else path
        listed = (
            all_names(sorted(os.listdir(path)))  # noqa: PTH208 (Path is not loaded)
            if names.startswith("names/")
            else told_apart(without_output(list_folder(path, folder, shown), folder, output))
        )
        if listed != names:
            return None
        if is_settled(found, moment):
            newer.append((number, found))
    return newer


def _rows(parts: list[str]) -> Iterable[tuple[str, str, str]]:
    return zip(parts[::3], parts[1::3], parts[2::3], strict=True)


def leads_to(root: str, path: str) -> str:
    """Where a symlink inside the project ends: the kind of thing and its path below `root`, or `ELSEWHERE`."""
    real = os.path.realpath(f"{root}/{path}")
    if not real.startswith(f"{root}/"):
        return ELSEWHERE
    try:
        kind = S_IFMT(os.stat(real).st_mode)  # noqa: PTH116 (likewise)
    except OSError:
        kind = 0
    return f"{_KINDS.get(kind, 'special')} {real[len(root) + 1 :]}"
