"""Bundles → the output folder, and the only package that writes there. What no build wrote is never changed or removed.

At any instant each bundle is entirely the last one or entirely the next one (staging.py says how), and one build at a
time is at work in an output folder (`skillweave.alone`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from skillweave.alone import alone
from skillweave.bundle import Bundle, record_of
from skillweave.config import LOCK_NAME
from skillweave.diagnostics import FOREIGN_OUTPUT, STALE_OUTPUT, Diagnostic
from skillweave.files import is_below
from skillweave.listing import is_left_out
from skillweave.lock import Ledger, Lock, Record, lock_bytes, read_lock
from skillweave.project import START
from skillweave.publish.disk import (
    differing,
    files_below,
    is_current,
    is_plain,
    is_regular,
    place_of,
    read_plain,
    remove_file,
    state_of,
    walk,
    write_if_changed,
)
from skillweave.publish.staging import Changes, apply, forget, keep_lock, recover
from skillweave.record import NamedTuple
from skillweave.source import SourcePath
from skillweave.stamps import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from skillweave.bundle import Output
    from skillweave.publish.disk import Place

__all__ = [
    "Published",
    "Request",
    "compare",
    "expected_lock",
    "files_below",
    "is_current",
    "is_plain",
    "load_lock",
    "lock_digest",
    "publish",
    "publish_held",
    "read_plain",
    "remove_file",
    "state_of",
    "write_if_changed",
]

BUILD = "run `skillweave build`"


class Published:
    """What a build did, or would do, to the output folder. Entries are named by their source path."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self.unchanged: list[str] = []
        self.removed: list[str] = []
        self.diagnostics: list[Diagnostic] = []
        self.before: Lock = {}
        """What the lock file said of each entry; likewise, what it says now."""
        self.after: Lock = {}
        self.made: list[str] = []
        """The topmost folders that were not there before, by their path below the output folder."""
        self.lock_digest: str | None = None
        """The digest of the lock file, if there is one now."""

    def files(self, entries: Iterable[str]) -> dict[str, str]:
        """The outputs of some entries, and the lock file, each with its digest as it was published."""
        outputs = {path: value for entry in entries for path, value in self.after[entry].outputs.items()}
        return {**outputs, **({LOCK_NAME: self.lock_digest} if self.lock_digest else {})}


class Request(NamedTuple):
    """What is to be published where. `kept` are entries that are not built now: their outputs and records stay."""

    folder: Path
    name: str
    """What the output folder is called in messages."""
    bundles: Sequence[Bundle]
    kept: frozenset[str]
    """Entries (by source path) whose last output stays as it is."""
    ledger: Ledger | None = None
    """The lock file, if it is known from before."""
    hidden: tuple[str, ...] = ()
    """Places of which a build cannot tell what stands there. What was published from them stays, too."""

    def keeps(self, source: str) -> bool:
        """Whether what an entry has published stays, as it is not built now."""
        if source in self.kept:
            return True
        folder, _, name = source.rpartition("/")
        place = folder if name == "SKILL.md" else source
        is_hidden = any(is_below(place, hidden) or is_below(hidden, place) for hidden in self.hidden)
        return is_hidden and all(source != bundle.entry.path for bundle in self.bundles)


class _Recorded:
    """The digest of each output that builds recorded, by its path."""

    def __init__(self, records: Lock) -> None:
        self.records = records
        self.all: dict[str, str] | None = None

    def get(self, path: str) -> str | None:
        """The digest of an output; None where builds recorded none at this path."""
        # As a rule, one of these entries made it, and no other record has to be read.
        parents = [path[:end] for end, letter in enumerate(path) if letter == "/"]
        for entry in (path, *(f"{parent}/SKILL.md" for parent in parents)):
            if entry in self.records and path in self.records[entry].outputs:
                return self.records[entry].outputs[path]
        if self.all is None:
            self.all = {path: value for record in self.records.values() for path, value in record.outputs.items()}
        return self.all.get(path)

    def __contains__(self, path: object) -> bool:
        return self.get(str(path)) is not None


class _Before(NamedTuple):
    """The output folder as a build finds it."""

    request: Request
    records: Lock
    ours: _Recorded
    planned: frozenset[str]
    """The paths of all outputs of this build."""
    places: dict[str, Place]
    """What folders' paths lead to, as far as it was asked."""


class _Plan:
    """What is to be done, as it is found out."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.outputs: dict[str, Output] = {}
        self.drops: set[str] = set()
        self.folders: set[str] = set()


def publish(request: Request) -> Published | None:
    """`publish_held` where there is no output folder yet: it is made, if there is anything to publish.

    None, and nothing is done, if another build has come before: it may have read newer sources.
    """
    if not request.bundles and not request.folder.is_dir():
        return Published()
    with alone(request.folder) as is_first:
        return publish_held(request) if is_first else None


def publish_held(request: Request) -> Published:
    """Write what differs, remove what earlier builds wrote and this one does not, then the lock file.

    For who holds the lock of the output folder since before the bundles were made of their sources. Raises OSError where
    the system refuses; everything written until then is whole, and the next build heals the rest.
    """
    result, ledger = Published(), request.ledger or Ledger()
    found = _read_lock_file(request.folder)
    previous = result.before = (ledger.read(found[0]) if found else None) or {}
    meant = recover(request.folder, previous)
    left = {path: meant[path] for path in meant if _was_left(request.folder, meant[path], previous.get(path))}
    if left:
        # Said where builds look it up, or the next one that fails would have to leave this, too, beside its own.
        previous = previous | left
        found = (keep_lock(request.folder, lock_bytes(previous)), 0o644)
    forget(request.folder)
    plan = _plan(request, previous, result)
    data = ledger.write(plan.lock)
    is_locked = found[0] == data if found else not plan.lock
    changes = Changes(plan.outputs, frozenset(plan.drops), _topmost(plan.folders), None if is_locked else data)
    if plan.outputs or plan.drops or plan.folders or not is_locked:
        applied = apply(request.folder, changes)
        result.made = applied.made
        for path in applied.given:
            if not any(map(is_left_out, path.split("/"))):
                why = "was saved there while its folder was built,"
                result.diagnostics.append(_foreign_diagnostic(request, path, why))
    result.after = plan.lock
    result.lock_digest = digest(data) if found or not is_locked else None
    return result


def lock_digest(folder: Path) -> str:
    """The digest of the lock file of an output folder; empty where there is none."""
    found = _read_lock_file(folder)
    return digest(found[0]) if found else ""


def _read_lock_file(folder: Path) -> tuple[bytes, int] | None:
    """The lock file; None where there is none, or something else. Raises OSError where it is there and cannot be read: what
    it says of outputs would be lost.
    """
    found = read_plain(folder / LOCK_NAME)
    if found is None and is_regular(folder / LOCK_NAME):
        try:
            (folder / LOCK_NAME).open("rb").close()
        except OSError as error:
            error.add_note("read")
            raise
    return found


def compare(request: Request) -> Published:
    """What `publish` would find to do, as `stale-output` diagnostics; nothing is written."""
    previous = load_lock(request.folder)
    result = Published()
    planned = {output.path: output for bundle in request.bundles for output in bundle.outputs}
    lock = expected_lock(request, previous)
    kept = {path for source, record in previous.items() if request.keeps(source) for path in record.outputs}
    for path, output in sorted(planned.items()):
        state = state_of(request.folder, output, {})
        if state != "same":
            why = "missing: its sources make it" if state == "absent" else "stale: it is not what its sources make"
            result.diagnostics.append(_stale(request, path, why))
    ours = {path for record in previous.values() for path in record.outputs}
    for path in files_below(request.folder):
        if path not in planned and path not in kept and path != LOCK_NAME:
            cure = BUILD if path in ours else "no build wrote it: move it out of the output folder"
            result.diagnostics.append(_stale(request, path, "stray: no source makes it", cure))
    there = read_plain(request.folder / LOCK_NAME)
    expected = there is not None or bool(lock)
    if expected and (there is None or there[0] != lock_bytes(lock)):
        what = "missing" if there is None else "stale"
        result.diagnostics.append(_stale(request, LOCK_NAME, f"{what}: it does not describe these bundles"))
    return result


def load_lock(folder: Path) -> Lock:
    """The records that earlier builds left; none where there is no lock file, or none that can be read."""
    found = read_plain(folder / LOCK_NAME)
    return (read_lock(found[0]) if found else None) or {}


def expected_lock(request: Request, previous: Lock) -> Lock:
    """The records that `publish` leaves where nothing foreign is in its way."""
    lock = {path: record for path, record in previous.items() if request.keeps(path)}
    return lock | {str(bundle.entry.path): record_of(bundle) for bundle in request.bundles}


def _was_left(folder: Path, meant: Record, last: Record | None) -> bool:
    """Whether a build that died did leave what it meant to: these outputs, and no other of the last record."""
    if meant == last or not meant.outputs:
        return False
    gone = last.outputs.keys() - meant.outputs.keys() if last else ()
    return all(_is_as_built(folder, path, value) for path, value in meant.outputs.items()) and not any(
        is_plain(folder, path) and read_plain(folder / path) for path in gone
    )


def _is_as_built(folder: Path, path: str, value: str) -> bool:
    found = read_plain(folder / path) if is_plain(folder, path) else None
    return found is not None and digest(found[0]) == value


def _plan(request: Request, previous: Lock, result: Published) -> _Plan:
    """What is to be done; what stands in the way, and what is told of each entry, goes into `result`."""
    planned = frozenset(output.path for bundle in request.bundles for output in bundle.outputs)
    before = _Before(request, previous, _Recorded(previous), planned, {})
    plan = _Plan({path: record for path, record in previous.items() if request.keeps(path)})
    for bundle in request.bundles:
        _plan_bundle(before, bundle, plan, result)
    built = {str(bundle.entry.path) for bundle in request.bundles}
    for source in sorted(previous):
        if source not in built and not request.keeps(source):
            _plan_removal(before, source, plan, result)
    # One thing can stand in the way of many outputs.
    result.diagnostics = list(dict.fromkeys(result.diagnostics))
    return plan


def _plan_bundle(before: _Before, bundle: Bundle, plan: _Plan, result: Published) -> None:
    source = str(bundle.entry.path)
    last = before.records.get(source)
    place = place_of(before.request.folder, bundle.entry.folder, before.places)
    differ = differing(before.request.folder, bundle, last) if place == "folder" else None
    foreign = [] if place == "absent" else list(_foreign(before, bundle, bundle.outputs if differ is None else differ))
    if foreign:
        result.diagnostics += foreign
        if last is not None:
            plan.lock[source] = last
        return
    plan.lock[source] = record_of(bundle)
    if differ == []:
        result.unchanged.append(source)
        return
    result.changed.append(source)
    if differ is not None and len(differ) == 1 and _is_open(before.request.folder, differ[0]):
        # Where one file differs and none comes or goes, to replace it is to exchange the bundle.
        plan.outputs[differ[0].path] = differ[0]
        return
    plan.outputs |= {output.path: output for output in bundle.outputs}
    stale = last.outputs.keys() - plan.lock[source].outputs.keys() if last else set()
    _drop(before, stale, plan, result)
    if bundle.entry.kind == "skill" and place == "folder":
        plan.folders.add(bundle.entry.folder)


def _is_open(folder: Path, output: Output) -> bool:
    """Whether the folder of an output can be written to."""
    return os.access(f"{folder}/{output.path.rpartition('/')[0]}", os.W_OK | os.X_OK)


def _plan_removal(before: _Before, source: str, plan: _Plan, result: Published) -> None:
    """Remove what an entry without a source left: as a folder, where it was a skill's."""
    record = before.records[source]
    result.removed.append(source)
    edited = _drop(before, record.outputs.keys(), plan, result)
    if edited:
        plan.lock[source] = Record(record.inputs, {path: record.outputs[path] for path in sorted(edited)})
    folder, _, name = source.rpartition("/")
    is_skill = name == "SKILL.md" and all(path.startswith(f"{folder}/") for path in record.outputs)
    if is_skill and plan.drops & record.outputs.keys():
        plan.folders.add(folder)


def _drop(before: _Before, paths: Iterable[str], plan: _Plan, result: Published) -> set[str]:
    """Have outputs removed that this build does not make. Returns those that stay, as somebody edited them."""
    edited = set()
    for path in sorted(paths):
        found = read_plain(before.request.folder / path) if is_plain(before.request.folder, path) else None
        if found is None or path in before.planned:
            continue
        if digest(found[0]) == before.ours.get(path):
            plan.drops.add(path)
        else:
            edited.add(path)
            why = "was edited after it was built, its source is gone,"
            result.diagnostics.append(_foreign_diagnostic(before.request, path, why))
    return edited


def _topmost(folders: set[str]) -> tuple[str, ...]:
    """Folders without those that lie in another."""
    found: list[str] = []
    for folder in sorted(folders, key=lambda path: path.split("/")):
        if not found or not folder.startswith(f"{found[-1]}/"):
            found.append(folder)
    return tuple(found)


def _foreign(before: _Before, bundle: Bundle, differing: Iterable[Output]) -> Iterator[Diagnostic]:
    """What stands where the bundle goes and was not written by any build. `differing`: outputs that are not there as such."""
    folder = before.request.folder
    is_skill = bundle.entry.kind == "skill"
    found: dict[str, str] = {}
    for output in differing:
        if state_of(folder, output, before.ours) == "foreign" and not (is_skill and _gives_way(before, output.path)):
            at = _in_the_way(before, output.path)
            what = "an output" if at == output.path else "the folder of an output"
            found.setdefault(at, f"stands where {what} goes")
    if is_skill and place_of(folder, bundle.entry.folder, before.places) == "folder":
        for path in files_below(folder, bundle.entry.folder):
            if path not in before.planned and path not in before.ours:
                found.setdefault(path, "stands in a bundle's folder")
    for path, why in found.items():
        yield _foreign_diagnostic(before.request, path, why)


def _in_the_way(before: _Before, path: str) -> str:
    """What keeps an output from its place: the first part of its path that should be a folder and is none, else itself."""
    while place_of(before.request.folder, path.rpartition("/")[0], before.places) != "folder":
        path = path.rpartition("/")[0]
    return path


def _gives_way(before: _Before, path: str) -> bool:
    """Whether what stands in an output's way goes: a file became a folder, or a folder a file."""
    folder = before.request.folder
    at = path
    while (place := place_of(folder, at.rpartition("/")[0], before.places)) == "other":
        at = at.rpartition("/")[0]
    if place != "folder":
        return False
    if at == path and place_of(folder, path, {}) == "folder":
        return all(found.kind == "empty" or _goes(before, found.path) for found in walk(folder, path))
    return at != path and _goes(before, at)


def _goes(before: _Before, path: str) -> bool:
    recorded = None if path in before.planned else before.ours.get(path)
    return recorded is not None and _is_as_built(before.request.folder, path, recorded)


def _stale(request: Request, path: str, why: str, cure: str = BUILD) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(STALE_OUTPUT, f"{place} is {why}", place, START, START, help=cure)


def _foreign_diagnostic(request: Request, path: str, why: str) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(
        FOREIGN_OUTPUT,
        f"{place} {why} and no build wrote it",
        place,
        START,
        START,
        help="move it out of the output folder, or choose another `output`",
    )
