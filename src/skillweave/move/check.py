"""Finds what a move would break, by comparing the project as it is with the project as it would be. Pure."""

from __future__ import annotations

from collections import Counter

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import INCLUDE_CYCLE, INVALID_ENCODING, UNREADABLE_FILE
from skillweave.files import is_below
from skillweave.flatten.units import to_source
from skillweave.globs import matches
from skillweave.move.values import BundleChange, Move, MoveError
from skillweave.project import shared_files
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.flatten.units import Unit
    from skillweave.project import Entry
    from skillweave.source import SourcePath, Span


UNREAD = (INVALID_ENCODING, UNREADABLE_FILE)
"""The findings about files that could not be read."""


def check_configuration(config: Config, before: Compiled, move: Move) -> None:
    """Raise MoveError if the move affects something that the configuration names (a root, a shared file), the output folder or
    the configuration.
    """
    for key in ("patterns", "skills", "documents", "shared"):
        for value in getattr(config, key):
            plain = value.partition("*")[0].rstrip("/")
            if _names(before, plain, move):
                raise MoveError(f"`{key}` in the configuration names {value}: move it by hand, and change that entry")
    if is_below(config.output, move.old) or is_below(move.old, config.output):
        raise MoveError(f"{config.output} is the output folder")
    if config.file is not None and is_below(config.file, move.old):
        raise MoveError(f"{config.file} is the configuration")


def _names(before: Compiled, path: str, move: Move) -> bool:
    return is_below(path, move.old) or is_below(before.tree.look_up(path).real, move.old)


def known_files(compiled: Compiled) -> frozenset[SourcePath]:
    """Every file that the project knows: patterns, shared files, the files of entries and beside them, and what all
    these name.
    """
    project = compiled.project
    own = (file.real for entry in project.entries for file in entry.files)
    shared = shared_files(compiled.tree, project)
    return frozenset({*project.patterns, *shared, *own, *project.homes, *compiled.graph.files})


def strays(before: Compiled, after: Compiled, move: Move) -> tuple[str, ...]:
    """A sentence about files that would lie outside all roots; empty if there are none. Everything else that would break
    follows from that.
    """
    there = known_files(after)
    gone = sorted(path for path in known_files(before) if is_below(path, move.old) and move.path(path) not in there)
    if not gone:
        return ()
    if any(entry.kind == "skill" and entry.main.real == move.old for entry in before.project.entries):
        return (f"{move.old} is what makes its folder a skill: move the folder",)
    roots = ", ".join(after.project.pattern_roots) or "none"
    return (f"{move.path(gone[0])} would be outside every folder that the project reads (pattern roots: {roots})",)


def unseen(before: Compiled, move: Move) -> tuple[str, ...]:
    """A sentence for each file of the move that cannot be read: what it names, or its own name, may have to be rewritten."""
    hidden = {found.path: found.message for found in before.diagnostics if found.code in UNREAD}
    return tuple(message for path, message in sorted(hidden.items()) if is_below(path, move.old))


def refusals(config: Config, before: Compiled, after: Compiled, move: Move) -> tuple[str, ...]:
    """What would break without a diagnostic showing it, each in a sentence."""
    first = (*_entries(before, after, move), *_settings(config, before, after, move))
    return tuple(dict.fromkeys(first or _targets(before, after, move)))


def new_diagnostics(before: Compiled, after: Compiled, move: Move) -> tuple[Diagnostic, ...]:
    """The findings that the project would have and does not have today. They are matched by line, as no move changes the number
    of a line.
    """
    known = Counter(_key(diagnostic, move) for diagnostic in before.diagnostics)
    stays = move._replace(new=move.old)
    found = []
    for diagnostic in after.diagnostics:
        key = _key(diagnostic, stays)
        if known[key] == 0:
            found.append(diagnostic)
        known[key] -= 1
    return tuple(found)


def bundle_changes(before: Compiled, after: Compiled, move: Move) -> tuple[BundleChange, ...]:
    """The bundles whose files would change. That their own folder may be another one does not count."""
    old = {move.path(bundle.entry.main.real): bundle for bundle in before.bundles}
    found = []
    for bundle in after.bundles:
        known = old.get(bundle.entry.main.real)
        cut = len(bundle.entry.folder) + 1
        new_files = {output.path[cut:]: (output.data, output.mode) for output in bundle.outputs}
        cut = len(known.entry.folder) + 1 if known else 0
        old_files = {output.path[cut:]: (output.data, output.mode) for output in known.outputs} if known else {}
        if new_files != old_files:
            changed = sorted(path for path in new_files.keys() & old_files.keys() if new_files[path] != old_files[path])
            lost, gained = sorted(old_files.keys() - new_files.keys()), sorted(new_files.keys() - old_files.keys())
            found.append(BundleChange(bundle.entry.path, tuple(changed), tuple(lost), tuple(gained)))
    return tuple(found)


def _key(diagnostic: Diagnostic, move: Move) -> tuple[object, ...]:
    if diagnostic.code is INCLUDE_CYCLE:
        # A cycle is reported at its smallest path, which may be another one after the move.
        hops = (hop.path for hop in diagnostic.hops if hop.path is not None)
        return (diagnostic.code.number, frozenset(map(move.path, (diagnostic.path, *hops))))
    return (diagnostic.code.number, move.path(diagnostic.path), diagnostic.start.line, diagnostic.severity)


def _entries(before: Compiled, after: Compiled, move: Move) -> Iterator[str]:
    """Report skills and documents that would cease to be such, and files that would become such."""
    old: dict[tuple[str, str], Entry] = {(e.kind, move.path(e.main.real)): e for e in before.project.entries}
    new: dict[tuple[str, str], Entry] = {(e.kind, e.main.real): e for e in after.project.entries}
    for key in sorted(old.keys() - new.keys()):
        yield f"{old[key].path} would no longer be a {old[key].kind}"
    for key in sorted(new.keys() - old.keys()):
        yield f"{new[key].path} would become a {new[key].kind}"
    alone = (entry for entry in before.project.entries if entry.kind == "skill" and entry.main.real == move.old)
    for entry in alone:
        beside = before.tree.names(entry.folder).keys() - {"SKILL.md"}
        if beside:
            yield f"{min(beside)} would be left behind without the skill: move the folder {entry.folder}"


def _settings(config: Config, before: Compiled, after: Compiled, move: Move) -> Iterator[str]:
    """Report settings of the configuration that would no longer apply to the same things."""
    for path in sorted(path for path in known_files(before) if is_below(path, move.old)):
        new = move.path(path)
        if matches(path, config.verbatim) != matches(new, config.verbatim):
            which = (path, new) if matches(path, config.verbatim) else (new, path)
            yield f"`verbatim` in the configuration names {which[0]}, but not {which[1]}: make it name both or neither first"
            break
    gone = _plugins(before) - _plugins(after)
    for name in sorted(gone & config.plugins.keys()):
        yield f"[plugins.{name}] in the configuration is about a plugin that would no longer exist: rename it first"


def _plugins(compiled: Compiled) -> set[str]:
    return {entry.id.partition(":")[0] for entry in compiled.project.entries if ":" in entry.id}


class _Reference(NamedTuple):
    """What one directive or link leads to, and where it is written. `target` is None if it leads nowhere, which is an error of
    its own.
    """

    what: str
    path: SourcePath
    span: Span
    target: str | None
    is_missing: bool = False
    """Whether the target is an optional file that is missing."""


def _targets(before: Compiled, after: Compiled, move: Move) -> Iterator[str]:
    """Report directives and links that would lead elsewhere, in files and in the renderings of templates."""
    for key, unit in sorted(before.nodes.units.items()):
        other = after.nodes.units.get(key._replace(path=move.path(key.path)))
        if other is None:
            continue  # an error says why
        old, new = list(_references(before, unit)), list(_references(after, other))
        if len(old) != len(new):
            yield f"{move.path(unit.path)} would be read in a different way: move {move.old} by hand"
            continue
        for was, will in zip(old, new, strict=True):
            if _leads_elsewhere(was, will, move):
                place = after.graph.files[will.path].line_index.position(will.span.start)
                where = f"{will.path}:{place.line}:{place.column}"
                yield f"{where}: this {will.what} would lead to {_goal(will)} instead of {_goal(was, move)}"


def _leads_elsewhere(was: _Reference, will: _Reference, move: Move) -> bool:
    """Whether a directive or link would lead to something else than before. One that led nowhere does not count."""
    if was.target is None:
        return False
    if was.is_missing:
        return will.target is not None and not will.is_missing
    return will.is_missing or will.target != move.path(was.target)


def _goal(reference: _Reference, move: Move | None = None) -> str:
    if reference.target is None or reference.is_missing:
        return "nothing"
    return move.path(reference.target) if move else reference.target


def _references(compiled: Compiled, unit: Unit) -> Iterator[_Reference]:
    for edge in unit.edges:
        if edge is not None:
            target = edge.target or edge.missing
            is_missing = edge.target is None
            yield _Reference(edge.directive.word, unit.path, edge.directive.path_span, target, is_missing)
    for destination in unit.document.destinations if unit.document else ():
        span = destination.span
        written = read_destination(unit.text[span.start : span.end], destination.kind)
        target = None
        if written is not None and written.path:
            found = compiled.tree.look_up(resolve(unit.path, written.path))
            target = found.real if found.kind in ("file", "folder") else None
        yield _Reference("link", unit.path, to_source(compiled.graph, unit, span), target)
