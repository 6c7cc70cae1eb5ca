"""Works out the edits that a move needs: of every directive, link and name that would mean something else. Pure."""

from __future__ import annotations

from skillweave.destination import read_destination, resolve
from skillweave.directive.values import is_relative
from skillweave.files import is_below, normalise_path
from skillweave.move.spelling import (
    Journey,
    destination_like,
    name_like,
    quoted_like,
    relative_path,
)
from skillweave.move.values import MoveError
from skillweave.record import NamedTuple
from skillweave.source import Edit
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.build import Compiled
    from skillweave.files import Tree
    from skillweave.graph.values import Edge, SourceFile
    from skillweave.move.values import Move
    from skillweave.source import SourcePath


class Work(NamedTuple):
    """The project as it is, its folder as it will be, and the move between them."""

    before: Compiled
    future: Tree
    move: Move


def rewrites(work: Work) -> dict[SourcePath, tuple[Edit, ...]]:
    """The edits of every file that needs some, sorted by path and place. Paths and offsets are those before the move."""
    names = dict(_names(work))
    found = {}
    for path, file in sorted(work.before.graph.files.items()):
        edits = [*_directives(work, path), *_destinations(work, file)]
        if path in names:
            edits.append(names[path])
        if edits:
            found[path] = tuple(sorted(set(edits)))
    return found


def _journey(work: Work, source: SourcePath, path: str) -> Journey:
    """What becomes of a path that is relative to its file."""
    place = resolve(source, path)
    return Journey(source, place, work.move.path(source), _new_place(work, place))


def _new_place(work: Work, place: str) -> str:
    """The future place of what a path names: the path itself after the move, or, if a symlink leads to what moves, the place
    where that goes.
    """
    real = work.before.tree.look_up(place).real
    return work.move.path(real if is_below(real, work.move.old) and not is_below(place, work.move.old) else place)


def _directives(work: Work, path: SourcePath) -> Iterator[Edit]:
    text = work.before.graph.files[path].text
    for edge in work.before.graph.edges.get(path, ()):
        directive = edge.directive
        new = _relative(work, edge) if is_relative(directive.path) else _bare(work, edge)
        if new is not None:
            span = directive.path_span
            new += "/" if directive.path.endswith("/") and not new.endswith("/") else ""
            spelled = quoted_like(new, text[span.start : span.end], directive.path)
            if spelled is not None:  # a path that no directive can spell was refused before anything was moved
                yield Edit(*span, spelled)


def _relative(work: Work, edge: Edge) -> str | None:
    """The new spelling of a directive's path that is relative to its file; None if it stays as it is."""
    journey = _journey(work, edge.source, edge.directive.path)
    if journey.leads_on(edge.directive.path):
        return None
    return relative_path(journey.new_source, journey.new_place)


def _bare(work: Work, edge: Edge) -> str | None:
    """The new spelling of a directive's path that is looked up in the pattern roots; None if it stays as it is, or has an
    error.
    """
    path, target = edge.directive.path, edge.target or edge.missing
    if target is None:
        return None
    roots = work.before.project.pattern_roots
    places = {root: normalise_path(f"{root}/{path}") for root in roots}
    root = next((root for root in roots if work.before.tree.look_up(places[root]).real == target), None)
    if root is None:
        return None
    new = _new_place(work, places[root])
    if new == places[root]:
        return None
    future = [work.move.path(known) for known in roots]
    first = work.move.path(root)
    for known in sorted(future, key=lambda known: (known != first, -len(known))):
        name = new[len(known) + 1 :]
        if new.startswith(f"{known}/") and _is_unique(work, future, name):
            return None if name == path.rstrip("/") else name
    return relative_path(work.move.path(edge.source), new)


def _is_unique(work: Work, roots: list[SourcePath], name: str) -> bool:
    """Whether a path looked up in the pattern roots will name at most one thing. Naming nothing is fine, as an optional one
    may.
    """
    found = (work.future.look_up(normalise_path(f"{root}/{name}")) for root in roots)
    return len({there.real for there in found if there.kind != "missing"}) <= 1


def _destinations(work: Work, file: SourceFile) -> Iterator[Edit]:
    for destination in file.document.destinations if file.document else ():
        span = destination.span
        written = read_destination(file.text[span.start : span.end], destination.kind)
        if written is None or not written.path:
            continue
        spelled = destination_like(file.text, destination, written, _journey(work, file.path, written.path))
        if spelled is not None:
            yield Edit(*span, spelled)


def _names(work: Work) -> Iterator[tuple[SourcePath, Edit]]:
    """Yield the edit of the `name` of every skill that is named after its folder, if that folder gets another name. Raises
    MoveError if the name is not written as plain text.
    """
    for entry in work.before.project.entries:
        path = entry.main.real
        old, new = (there.split("/")[-2:-1] for there in (path, work.move.path(path)))
        file = work.before.graph.files.get(path)
        field = file.document.fields.get("name") if file and file.document and file.document.fields else None
        if entry.kind != "skill" or old == new or file is None or field is None or [field.value] != old:
            continue
        span = field.value_span
        spelled = name_like("".join(new), file.text[span.start : span.end], "".join(old))
        if spelled is None:
            raise MoveError(f"the name in {path} is not written as plain text: write `name: {field.value}` first")
        yield path, Edit(*span, spelled)
