"""Bundles → the output folder, and the only package that writes there. What no build wrote is never changed or removed.

At any instant each bundle is entirely the last one or entirely the next one (staging.py says how), and one build at a
time is at work in an output folder (`skillweave.alone`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.alone import alone
from skillweave.bundle import record_of
from skillweave.config import LOCK_NAME
from skillweave.diagnostics import STALE_OUTPUT, Diagnostic
from skillweave.listing import is_left_out
from skillweave.lock import Ledger, Lock, Record, lock_bytes, read_lock
from skillweave.publish.disk import files_below, read_below, remove_file, state_of, write_if_changed
from skillweave.publish.planning import can_replace, foreign_diagnostic, is_as_built, plan_of, topmost
from skillweave.publish.staging import Changes, apply, forget, keep_lock, left_over, recover
from skillweave.publish.values import Published, Request, Rewriting
from skillweave.regular import is_regular, read_regular
from skillweave.source import START, SourcePath
from skillweave.stamps import digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "Published",
    "Request",
    "Rewriting",
    "compare",
    "expected_lock",
    "files_below",
    "is_as_built",
    "load_lock",
    "lock_digest",
    "publish",
    "publish_held",
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
    known = ledger.read(found[0]) if found else None
    previous = result.before = known or {}
    meant = recover(request.folder, previous)
    left = {path: meant[path] for path in meant if _was_left(request.folder, meant[path], previous.get(path))}
    if left:
        # Said where builds look it up, or the next one that fails would have to leave this, too, beside its own.
        previous = previous | left
        found = (keep_lock(request.folder, lock_bytes(previous)), 0o644)
    forget(request.folder)
    plan = plan_of(request, previous, result)
    is_broken = found is not None and known is None and not left
    if is_broken and result.diagnostics:
        result.diagnostics = [diagnostic._replace(help=restore(request.name)) for diagnostic in result.diagnostics]
    # A lock file that cannot be read may be mended, as after a merge: what it said of foreign outputs is not thrown away.
    data = found[0] if found and is_broken and result.diagnostics else ledger.write(plan.lock)
    is_locked = found[0] == data if found else not plan.lock
    changes = Changes(plan.outputs, frozenset(plan.drops), topmost(plan.folders), None if is_locked else data)
    if plan.outputs or plan.drops or plan.folders or not is_locked:
        _apply(request.folder, request.name, changes, result)
    result.after = plan.lock
    result.lock_digest = digest(data) if found or not is_locked else None
    return result


def rewrite_held(rewriting: Rewriting) -> Published | None:
    """Give outputs other bytes, and the lock file other records. None, and nothing is done, where a build that died left
    something to clear up. Otherwise like `publish_held`.
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
        # A document has no folder of its own to exchange.
        if name == "SKILL.md" and not can_replace(rewriting.folder, rewritten):
            folders.add(folder)
    data = rewriting.ledger.write(result.after)
    _apply(rewriting.folder, rewriting.name, Changes(outputs, frozenset(), topmost(folders), data), result)
    result.lock_digest = digest(data)
    return result


def _apply(folder: Path, name: str, changes: Changes, result: Published) -> None:
    """Make changes, and tell what came of them."""
    applied = apply(folder, changes)
    result.made = applied.made
    for path in applied.given:
        if not any(map(is_left_out, path.split("/"))):
            why = "was saved there while its folder was built,"
            result.diagnostics.append(foreign_diagnostic(name, path, why))


def removed_place(folder: Path, source: str) -> str:
    """What is gone with an entry, below the output folder: its folder; or its file, where something else is in that."""
    parent, _, name = source.rpartition("/")
    return parent if name == "SKILL.md" and not (folder / parent).exists() else source


def lock_digest(folder: Path) -> str:
    """The digest of the lock file of an output folder; empty where there is none."""
    found = _read_lock_file(folder)
    return digest(found[0]) if found else ""


def _read_lock_file(folder: Path) -> tuple[bytes, int] | None:
    """The lock file; None where there is none, or something else. Raises OSError where it is there and cannot be read: what
    it says of outputs would be lost.
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
    """What `publish` would find to do, as `stale-output` diagnostics; nothing is written."""
    previous = load_lock(request.folder)
    there = read_regular(request.folder / LOCK_NAME)
    not_ours = restore(request.name) if there is not None and read_lock(there[0]) is None else NOT_OURS
    result = Published()
    planned = {output.path: output for bundle in request.bundles for output in bundle.outputs}
    lock = expected_lock(request, previous)
    kept = {path for source, record in previous.items() if request.keeps(source) for path in record.outputs}
    ours = {path for record in previous.values() for path in record.outputs}
    for path, output in sorted(planned.items()):
        state = state_of(request.folder, output, ours)
        if state != "same":
            why = "missing: its sources make it" if state == "absent" else "stale: it is not what its sources make"
            result.diagnostics.append(_stale(request, path, why, not_ours if state == "foreign" else BUILD))
    for path in files_below(request.folder, entered=_folders_of({*planned, *kept, *ours})):
        if path not in planned and path not in kept and path != LOCK_NAME:
            cure = BUILD if path in ours else not_ours
            result.diagnostics.append(_stale(request, path, "stray: no source makes it", cure))
    expected = there is not None or bool(lock)
    if expected and (there is None or there[0] != lock_bytes(lock)):
        what = "missing" if there is None else "stale"
        result.diagnostics.append(_stale(request, LOCK_NAME, f"{what}: it does not describe these bundles"))
    return result


def _folders_of(paths: Iterable[str]) -> set[str]:
    """The folders that some paths lie in."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def restore(name: str) -> str:
    """What to do about outputs of which a lock file would tell that a build wrote them, if it could be read."""
    lock = f"{name}/{LOCK_NAME}"
    return f"{lock} cannot be read: restore it (in a merge, by `git checkout --ours -- {lock}`), and build again"


def load_lock(folder: Path) -> Lock:
    """The records that earlier builds left; none where there is no lock file, or none that can be read."""
    found = read_regular(folder / LOCK_NAME)
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
    return all(is_as_built(folder, path, value) for path, value in meant.outputs.items()) and not any(
        read_below(folder, path) for path in gone
    )


def _stale(request: Request, path: str, why: str, cure: str = BUILD) -> Diagnostic:
    place = SourcePath(f"{request.name}/{path}")
    return Diagnostic(STALE_OUTPUT, f"{place} is {why}", place, START, START, help=cure)
