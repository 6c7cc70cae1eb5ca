"""Writes bundles to the output folder. No other package writes there, and nothing is changed or removed that no build wrote.

At any instant each bundle is entirely the last one or entirely the next one (staging.py says how), and only one build at a time
works in an output folder (`skillweave.alone`).
"""

from __future__ import annotations

import errno
import os

from skillweave.alone import alone
from skillweave.bundle import record_of
from skillweave.config import LOCK_NAME
from skillweave.diagnostics import FOREIGN_OUTPUT, STALE_OUTPUT, Diagnostic
from skillweave.listing import is_left_out
from skillweave.lock import Ledger, Lock, Record, lock_bytes, lock_file, read_lock
from skillweave.publish.disk import files_below, read_below, remove_file, state_of, write_if_changed
from skillweave.publish.planning import OutputPlan, can_replace, foreign_diagnostic, is_as_built, plan_of, topmost
from skillweave.publish.staging import Changes, NextLock, apply, forget, keep_lock, left_over, recover
from skillweave.publish.values import Published, Request, Rewriting
from skillweave.regular import is_regular, read_regular
from skillweave.source import START, SourcePath, folders_above
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "Published",
    "Request",
    "Rewriting",
    "compare",
    "files_below",
    "load_lock",
    "lock_digest",
    "preview",
    "publish",
    "publish_locked",
    "read_below",
    "remove_file",
    "removed_place",
    "rewrite_held",
    "state_of",
    "write_if_changed",
]

BUILD = "run `skillweave build`"
NOT_OURS = "no build wrote it: move it out of the output folder"


def publish(request: Request) -> Published | None:
    """Like `publish_locked`, for a caller that does not hold the lock, as there was no output folder yet. The folder is made if
    there is anything to publish.

    Returns None, and does nothing, if another build came first: it may have read newer sources.
    """
    if not request.bundles and not request.folder.is_dir():
        return Published()
    with alone(request.folder) as is_first:
        return publish_locked(request) if is_first else None


def publish_locked(request: Request) -> Published:
    """Write what differs, remove what earlier builds wrote and this one does not, then write the lock file.

    The caller must have held the lock of the output folder since before the sources were read. Raises OSError if the system
    refuses; everything written until then is whole, and the next build repairs the rest.
    """
    result, ledger = Published(), request.ledger or Ledger()
    found = _read_lock_file(request.folder)
    known = ledger.read(found[0]) if found else None
    previous = result.before = known or {}
    meant = recover(request.folder, previous)
    is_broken = found is not None and known is None
    left = {path: meant[path] for path in meant if _was_left(request.folder, meant[path], previous.get(path))}
    if left and not is_broken:
        # Enter it in the lock file, where builds look it up. Otherwise, if the next build failed as well, there would be two
        # such leftovers.
        previous = previous | left
        found = (keep_lock(request.folder, lock_bytes(previous)), 0o644)
    plan = plan_of(request, previous, result)
    if found is not None and is_broken and not _is_all_there(request, plan, result):
        # It may still be repaired, for example after a merge: until then, nothing that it may say is thrown away.
        return _refused(request, found[0])
    forget(request.folder)
    data = ledger.write(plan.lock)
    is_locked = (found[0] if found else None) == (data if plan.lock else None)  # as `lock_file` has it
    lock = None if is_locked else NextLock(data, is_kept=bool(plan.lock))
    changes = Changes(plan.outputs, frozenset(plan.drops), topmost(plan.folders), lock)
    if plan.outputs or plan.drops or plan.folders or not is_locked:
        _apply(request.folder, request.name, changes, result)
    result.after = plan.lock
    result.lock_digest = digest(data) if plan.lock else None
    return result


def preview(request: Request) -> tuple[OutputPlan, Published]:
    """What `publish` would do, and in the second value what it would report. Writes nothing."""
    result = Published()
    found = _read_lock_file(request.folder)
    known = read_lock(found[0]) if found else None
    result.before = known or {}
    plan = plan_of(request, result.before, result)
    if found is not None and known is None and not _is_all_there(request, plan, result):
        return OutputPlan(result.before), _refused(request, found[0])
    return plan, result


def _is_all_there(request: Request, plan: OutputPlan, result: Published) -> bool:
    """Whether the output folder contains exactly what is to be published."""
    planned = {output.path for bundle in request.bundles for output in bundle.outputs}
    there = files_below(request.folder, entered=_folders_of(planned))
    return not (plan.outputs or plan.drops or result.diagnostics) and planned | {LOCK_NAME} >= {*there}


def _refused(request: Request, lock: bytes) -> Published:
    """What comes of a build that leaves everything as it is, because the lock file cannot be read."""
    result = Published()
    place, start = SourcePath(f"{request.name}/{LOCK_NAME}"), START
    message = f"{place} cannot be read, so it is unknown what earlier builds wrote"
    result.diagnostics.append(
        Diagnostic(FOREIGN_OUTPUT, message, place, start, start, help=how_to_restore(request.name))
    )
    result.lock_digest = digest(lock)
    return result


def rewrite_held(rewriting: Rewriting) -> Published | None:
    """Like `publish_locked`, but only replaces the bytes of outputs and some records of the lock file. Returns None, and does
    nothing, if a build that died left something to clean up.
    """
    if left_over(rewriting.folder):
        return None
    result = Published()
    result.before, result.after = rewriting.lock, rewriting.lock | rewriting.records
    if not rewriting.records:
        result.lock_digest = lock_digest(rewriting.folder) or None
        return result
    outputs = {output.path: output for rewritten in rewriting.outputs.values() for output in rewritten}
    folders: set[str] = set()
    for source, rewritten in rewriting.outputs.items():
        result.changed.append(source)
        folder, _, name = source.rpartition("/")
        # A document has no folder of its own that could be exchanged.
        if name == "SKILL.md" and not can_replace(rewriting.folder, rewritten):
            folders.add(folder)
    data = rewriting.ledger.write(result.after)
    changes = Changes(outputs, frozenset(), topmost(folders), NextLock(data))
    _apply(rewriting.folder, rewriting.name, changes, result)
    result.lock_digest = digest(data)
    return result


def _apply(folder: Path, name: str, changes: Changes, result: Published) -> None:
    """Make changes, and enter in `result` what came of them."""
    applied = apply(folder, changes)
    result.made = applied.made
    for path in applied.given:
        if not any(map(is_left_out, path.split("/"))):
            why = "was saved there during the build, but not by it"
            result.diagnostics.append(foreign_diagnostic(name, path, why))


def removed_place(folder: Path, source: str) -> str:
    """The path, relative to the output folder, that is gone along with an entry: its folder, or only its file if there is
    something else in the folder.
    """
    parent, _, name = source.rpartition("/")
    return parent if name == "SKILL.md" and not (folder / parent).exists() else source


def lock_digest(folder: Path) -> str:
    """The digest of the lock file of an output folder; empty if there is none."""
    found = _read_lock_file(folder)
    return digest(found[0]) if found else ""


def _read_lock_file(folder: Path) -> tuple[bytes, int] | None:
    """The bytes and mode of the lock file; None if there is none, or no regular file. Raises OSError if it is there but cannot
    be read: what it says about outputs would be lost.
    """
    found = read_regular(folder / LOCK_NAME)
    if found is None and is_regular(folder / LOCK_NAME):
        try:
            (folder / LOCK_NAME).open("rb").close()
        except OSError as error:
            error.add_note("read")
            raise
    return found


def compare(request: Request) -> Published:
    """Report what `publish` would do, as `stale-output` diagnostics. Writes nothing. Raises OSError if the lock file cannot be
    read, or if something else is where the output folder goes: `publish` would fail as well.
    """
    if os.path.lexists(request.folder) and not request.folder.is_dir():
        error = NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(request.folder))
        error.add_note("use")
        raise error
    there = _read_lock_file(request.folder)
    previous = (read_lock(there[0]) if there else None) or {}
    is_broken = there is not None and read_lock(there[0]) is None
    not_ours = how_to_restore(request.name) if is_broken else NOT_OURS
    result = Published()
    planned = {output.path: output for bundle in request.bundles for output in bundle.outputs}
    lock = {path: record for path, record in previous.items() if request.keeps(path)}
    lock |= {str(bundle.entry.path): record_of(bundle) for bundle in request.bundles}
    kept = {path for source, record in previous.items() if request.keeps(source) for path in record.outputs}
    built = {path: value for record in previous.values() for path, value in record.outputs.items()}
    for path, output in sorted(planned.items()):
        state = state_of(request.folder, output, built)
        if state != "same":
            is_edited = digest(output.data) == built.get(path)
            stale = "it is not what was built" if is_edited else "its sources now make something else"
            why = "missing: it has not been built" if state == "absent" else f"stale: {stale}"
            result.diagnostics.append(_stale(request, path, why, not_ours if state == "foreign" else BUILD))
    for path in files_below(request.folder, entered=_folders_of({*planned, *kept, *built})):
        if path not in planned and path not in kept and path != LOCK_NAME:
            cure = BUILD if path in built else not_ours
            result.diagnostics.append(_stale(request, path, "stray: no source makes it", cure))
    data = lock_file(lock)
    if data is None and there is not None:
        result.diagnostics.append(
            _stale(request, LOCK_NAME, "stray: nothing is published", not_ours if is_broken else BUILD)
        )
    elif data is not None and (there is None or there[0] != data):
        why = f"{'missing' if there is None else 'stale'}: it does not describe these bundles"
        result.diagnostics.append(_stale(request, LOCK_NAME, why, not_ours if is_broken else BUILD))
    return result


def _folders_of(paths: Iterable[str]) -> set[str]:
    """All folders, at any level, that some paths lie in."""
    return {folder for path in paths for folder in folders_above(path)}


def how_to_restore(name: str) -> str:
    """How to mend a lock file that cannot be read."""
    lock = f"{name}/{LOCK_NAME}"
    return f"restore {lock} (in a merge with `git checkout --ours -- {lock}`) or remove all of {name}; then build again"


def load_lock(folder: Path) -> Lock:
    """The records that earlier builds left; empty if there is no lock file, or it cannot be read."""
    found = read_regular(folder / LOCK_NAME)
    return (read_lock(found[0]) if found else None) or {}


def _was_left(folder: Path, meant: Record, last: Record | None) -> bool:
    """Whether a build that died left exactly the outputs that it meant to: all of these, and no other one of the last
    record.
    """
    if meant == last or not meant.outputs:
        return False
    gone = last.outputs.keys() - meant.outputs.keys() if last else ()
    return all(is_as_built(folder, path, value) for path, value in meant.outputs.items()) and not any(
        read_below(folder, path) for path in gone
    )


def _stale(request: Request, path: str, why: str, cure: str = BUILD) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(STALE_OUTPUT, f"{place} is {why}", place, START, START, help=cure)
