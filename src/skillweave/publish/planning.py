"""Plans what has to be done to the output folder so that it contains what is to be published, and finds what is in the way."""

from __future__ import annotations

import os

from skillweave.bundle import Bundle, record_of
from skillweave.diagnostics import FOREIGN_OUTPUT, Diagnostic
from skillweave.lock import Lock, Record
from skillweave.publish.disk import (
    differing,
    files_below,
    place_of,
    read_below,
    state_of,
    walk,
)
from skillweave.record import NamedTuple
from skillweave.source import START, SourcePath
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from skillweave.bundle import Output
    from skillweave.publish.disk import Place
    from skillweave.publish.values import Published, Request


class _Recorded:
    """The digest of each output that builds recorded, by its path."""

    def __init__(self, records: Lock) -> None:
        self.records = records
        self.all: dict[str, str] | None = None

    def get(self, path: str) -> str | None:
        """The digest of an output; None if builds recorded none at this path."""
        # Usually one of these entries made it, and no other record has to be read.
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
    """What is at the paths of folders, as far as they were looked at."""


class OutputPlan:
    """What has to be done, filled in step by step: the outputs to write, the files to remove, the folders to exchange, and the
    next lock file.
    """

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.outputs: dict[str, Output] = {}
        self.drops: set[str] = set()
        self.folders: set[str] = set()


def plan_of(request: Request, previous: Lock, result: Published) -> OutputPlan:
    """Plan what has to be done. What is in the way, and what becomes of each entry, is entered in `result`."""
    planned = frozenset(output.path for bundle in request.bundles for output in bundle.outputs)
    before = _Before(request, previous, _Recorded(previous), planned, {})
    plan = OutputPlan({path: record for path, record in previous.items() if request.keeps(path)})
    for bundle in request.bundles:
        _plan_bundle(before, bundle, plan, result)
    built = {str(bundle.entry.path) for bundle in request.bundles}
    for source in sorted(previous):
        if source not in built and not request.keeps(source):
            _plan_removal(before, source, plan, result)
    # One thing can be in the way of many outputs.
    result.diagnostics = list(dict.fromkeys(result.diagnostics))
    return plan


def _plan_bundle(before: _Before, bundle: Bundle, plan: OutputPlan, result: Published) -> None:
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
    if differ is not None and can_replace(before.request.folder, differ):
        plan.outputs[differ[0].path] = differ[0]
        return
    plan.outputs |= {output.path: output for output in bundle.outputs}
    stale = last.outputs.keys() - plan.lock[source].outputs.keys() if last else set()
    _drop(before, stale, plan, result)
    if bundle.entry.kind == "skill" and place == "folder":
        plan.folders.add(bundle.entry.folder)


def can_replace(folder: Path, differing: Sequence[Output]) -> bool:
    """Whether replacing the differing outputs of a bundle amounts to exchanging the bundle: only one file differs, and none is
    added or removed. The file's folder must be writable.
    """
    if len(differing) != 1:
        return False
    return os.access(f"{folder}/{differing[0].path.rpartition('/')[0]}", os.W_OK | os.X_OK)


def _plan_removal(before: _Before, source: str, plan: OutputPlan, result: Published) -> None:
    """Plan to remove what an entry without a source has published, as a whole folder if it was a skill."""
    record = before.records[source]
    edited = _drop(before, record.outputs.keys(), plan, result)
    if edited:
        plan.lock[source] = Record(record.inputs, {path: record.outputs[path] for path in sorted(edited)})
    folder, _, name = source.rpartition("/")
    is_skill = name == "SKILL.md" and all(path.startswith(f"{folder}/") for path in record.outputs)
    if plan.drops & record.outputs.keys():
        result.removed.append(source)
        if is_skill:
            plan.folders.add(folder)


def _drop(before: _Before, paths: Iterable[str], plan: OutputPlan, result: Published) -> set[str]:
    """Plan to remove outputs that this build does not make. Returns those that stay because somebody has edited them."""
    edited = set()
    for path in sorted(paths):
        found = read_below(before.request.folder, path)
        if found is None or path in before.planned:
            continue
        if digest(found[0]) == before.ours.get(path):
            plan.drops.add(path)
        else:
            edited.add(path)
            why = "was edited after the build, and its source is gone"
            result.diagnostics.append(foreign_diagnostic(before.request.name, path, why))
    return edited


def topmost(folders: set[str]) -> tuple[str, ...]:
    """Leave out the folders that lie inside others."""
    found: list[str] = []
    for folder in sorted(folders, key=lambda path: path.split("/")):
        if not found or not folder.startswith(f"{found[-1]}/"):
            found.append(folder)
    return tuple(found)


def _foreign(before: _Before, bundle: Bundle, differing: Iterable[Output]) -> Iterator[Diagnostic]:
    """Report what stands where a bundle goes and was not written by any build. `differing` are the outputs that are not already
    there.
    """
    folder = before.request.folder
    is_skill = bundle.entry.kind == "skill"
    found: dict[str, str] = {}
    for output in differing:
        if state_of(folder, output, before.ours) == "foreign" and not (is_skill and _gives_way(before, output.path)):
            at = _in_the_way(before, output.path)
            what = "an output" if at == output.path else "the folder of an output"
            found.setdefault(at, f"is where {what} goes, but no build wrote it")
    if is_skill and place_of(folder, bundle.entry.folder, before.places) == "folder":
        for path in files_below(folder, bundle.entry.folder):
            if path not in before.planned and path not in before.ours:
                found.setdefault(path, "is in a bundle's folder, but no build wrote it")
    for path, why in found.items():
        yield foreign_diagnostic(before.request.name, path, why)


def _in_the_way(before: _Before, path: str) -> str:
    """What is in the way of an output: the topmost part of its path that should be a folder and is not, or else the output's
    own path.
    """
    while place_of(before.request.folder, path.rpartition("/")[0], before.places) != "folder":
        path = path.rpartition("/")[0]
    return path


def _gives_way(before: _Before, path: str) -> bool:
    """Whether what is in the way of an output will be removed: a file became a folder, or a folder a file."""
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
    return recorded is not None and is_as_built(before.request.folder, path, recorded)


def is_as_built(folder: Path, path: str, value: str) -> bool:
    """Whether the file at a path has the bytes of a digest, and no symlink leads to it."""
    found = read_below(folder, path)
    return found is not None and digest(found[0]) == value


def foreign_diagnostic(name: str, path: str, why: str) -> Diagnostic:
    """The diagnostic for a file below the output folder (which is called `name`) that no build wrote. `why` says what is wrong
    with it.
    """
    place = SourcePath(f"{name}/{path}")
    return Diagnostic(
        FOREIGN_OUTPUT,
        f"{place} {why}",
        place,
        START,
        START,
        help="move it out of the output folder, or choose another `output`",
    )
