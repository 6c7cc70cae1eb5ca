"""Writes packages to their target folder. What is there and, by `SHA256SUMS`, is not ours is never changed or removed."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillweave.bundle import Output
from skillweave.diagnostics import FOREIGN_OUTPUT, Diagnostic
from skillweave.package.plugin import MANIFEST, MARKETPLACE
from skillweave.package.provenance import STATEMENT_NAME, SUMS_NAME, read_sums, write_sums
from skillweave.publish import files_below, read_below, remove_file, state_of, write_if_changed
from skillweave.regular import clear_left_over, read_regular
from skillweave.source import START, SourcePath, stays_inside
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from skillweave.package import Package, Packages


_ARCHIVE = b"PK\x03\x04"
"""How every archive begins that is not empty."""


@dataclass(slots=True)
class Delivered:
    """What was done to the folder: packages by name, and what was in their way."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sums: dict[str, str] = field(default_factory=dict)
    """The digests that `SHA256SUMS` will list, by path."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target folder as it was found. `ours` are the files that `SHA256SUMS` lists, that still have the listed digests, and
    that are such as we write.
    """

    folder: Path
    label: str
    sums: dict[str, str]
    ours: frozenset[str]


def deliver(folder: Path, label: str, packages: Packages) -> Delivered:
    """Write every package that nothing foreign is in the way of, then the files about all packages, then `SHA256SUMS`.

    Files of a plugin that an earlier run wrote and this one does not are removed. Archives of skills that no longer exist stay,
    as the folder may hold releases. Raises OSError if the system refuses.
    """
    done = Delivered()
    target = _look_at(folder, label, done)
    if target is None:
        return done
    clear_left_over(folder)
    done.sums.update(target.sums)
    for made in packages.made:
        _put(target, made, done)
    _put_extras(target, () if done.diagnostics else packages.extras, done)
    left = {path: value for path, value in done.sums.items() if _digest_of(folder, path) is not None}
    if left or target.sums:
        write_if_changed(folder, Output(SUMS_NAME, write_sums(left), 0o644))
    return done


def _look_at(folder: Path, label: str, done: Delivered) -> Target | None:
    """Look at the target folder; None if what is called `SHA256SUMS` there is something else, which is reported."""
    found = read_regular(folder / SUMS_NAME)
    sums = read_sums(found[0]) if found else {}
    # The list may come from anywhere. If a path in it leaves the folder, we did not write that.
    sums = None if sums is None else {path: value for path, value in sums.items() if stays_inside(path)}
    is_in_the_way = found is None and state_of(folder, Output(SUMS_NAME, b"", 0o644), ()) == "foreign"
    if sums is None or is_in_the_way:
        done.diagnostics.append(_foreign(Target(folder, label, {}, frozenset()), SUMS_NAME))
        return None
    ours = frozenset(path for path, value in sums.items() if _may_be_ours(folder, path, sums) == value)
    return Target(folder, label, sums, ours)


def _may_be_ours(folder: Path, path: str, sums: Collection[str]) -> str | None:
    """The digest of a file that is like what we write under that name; None for any other. Other tools make lists of the same
    name and form, so being listed alone proves nothing.
    """
    found = read_below(folder, path) if stays_inside(path) else None
    top, slash, _ = path.partition("/")
    is_of_plugin = path == MARKETPLACE or f"{top}/{MANIFEST}" in sums
    if found is None or (slash and not is_of_plugin):
        return None
    if path.endswith((".zip", ".skill")) and not found[0].startswith(_ARCHIVE):
        return None
    return digest(found[0])


def _put(target: Target, made: Package, done: Delivered) -> None:
    """Write one package. If something foreign is in its way or in its folder, report that and do nothing."""
    files = made.placed()
    planned = {file.path for file in files}
    strays = [path for path in files_below(target.folder, made.name) if path not in planned] if made.is_folder else []
    blocked = [file.path for file in files if state_of(target.folder, file, target.ours) == "foreign"]
    blocked += [path for path in strays if path not in target.ours]
    if blocked:
        done.diagnostics += [_foreign(target, path) for path in sorted(blocked)]
        done.refused.append(made.name)
        return
    wrote = [file for file in files if write_if_changed(target.folder, file)]
    for path in strays:
        remove_file(target.folder, path)
    done.sums.update({file.path: digest(file.data) for file in files})
    (done.changed if wrote or strays else done.unchanged).append(made.name)


def _put_extras(target: Target, extras: Sequence[Output], done: Delivered) -> None:
    """Write the files about all packages. An old provenance is removed if the packages that it is about have changed."""
    blocked = [file.path for file in extras if state_of(target.folder, file, target.ours) == "foreign"]
    done.diagnostics += [_foreign(target, path) for path in blocked]
    for file in extras if not blocked else ():
        write_if_changed(target.folder, file)
        done.sums[file.path] = digest(file.data)
    if done.changed and STATEMENT_NAME in target.ours and not any(file.path == STATEMENT_NAME for file in extras):
        remove_file(target.folder, STATEMENT_NAME)


def _digest_of(folder: Path, path: str) -> str | None:
    found = read_below(folder, path) if stays_inside(path) else None
    return digest(found[0]) if found else None


def _foreign(target: Target, path: str) -> Diagnostic:
    place = SourcePath(f"{target.label}/{path}")
    why = "it is not the file that SHA256SUMS lists" if path in target.sums else "no earlier run wrote it"
    message = f"{place} is where a package goes, but {why}"
    return Diagnostic(FOREIGN_OUTPUT, message, place, START, START, help="move it away, or choose another folder")
