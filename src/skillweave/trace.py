"""Where the lines of an output come from: file, line, and the includes that brought them; or that they are generated."""

from __future__ import annotations

from itertools import groupby

from skillweave.emit import front_lines
from skillweave.files import is_below
from skillweave.flatten.origins import origins
from skillweave.record import NamedTuple
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal

    from skillweave.build import Compiled
    from skillweave.bundle import Bundle, Output
    from skillweave.emit import FrontLine
    from skillweave.flatten.origins import Origin
    from skillweave.flatten.values import NodeKey
    from skillweave.graph.values import Edge, Graph
    from skillweave.lock import Lock
    from skillweave.project import Entry
    from skillweave.source import SourcePath

    Made = Literal["banner", "fence", "link", "end"]
    """What the compiler writes by itself: the banner, the fence around included code, the link of a reference, and the single
    line end of an output that would otherwise be empty.
    """


class TracedPlace(NamedTuple):
    """A line of a source file, counted from 1."""

    path: SourcePath
    line: int


class TracedLine(NamedTuple):
    """One line of an output. `place` is None if no source line asks for it: for the banner, and for the end."""

    text: str
    made: Made | None
    place: TracedPlace | None
    chain: tuple[TracedPlace, ...]
    """The includes that brought it, innermost first."""


class TracedRun(NamedTuple):
    """Consecutive lines of an output (from 1, both inclusive) that are so in one source, too, and came by the same includes."""

    first: int
    last: int
    line: TracedLine
    """The first of the lines."""


class Trace(NamedTuple):
    """All lines of one output; none for a copied file that is not text."""

    output: Output
    entry: Entry
    copied: SourcePath | None
    """The file that this output is a copy of; None if it is compiled."""
    lines: tuple[TracedLine, ...]


def entry_of(entries: Iterable[Entry], path: str) -> Entry | None:
    """The entry that an output path belongs to: a document's own, or the innermost skill's folder that holds it."""
    owners = [one for one in entries if path == one.path or (one.kind == "skill" and is_below(path, one.folder))]
    return max(owners, key=lambda entry: (path == entry.path, len(entry.folder)), default=None)


def trace(compiled: Compiled, path: str) -> Trace | None:
    """The origin of every line of an output, as it would be built now; None if no bundle has such an output."""
    for bundle in compiled.bundles:
        for output in bundle.outputs:
            if output.path == path:
                return _trace(compiled, bundle, output)
    return None


def runs(lines: Sequence[TracedLine]) -> Iterator[TracedRun]:
    """Group lines that are consecutive in their source, too."""

    def run_of(numbered: tuple[int, TracedLine]) -> tuple[object, ...]:
        number, line = numbered
        if line.place is None or line.made:
            return line.made, line.place, line.chain
        return line.place.path, line.place.line - number, line.chain

    for _, group in groupby(enumerate(lines, 1), key=run_of):
        members = list(group)
        yield TracedRun(members[0][0], members[-1][0], members[0][1])


def discrepancy(output: Output, found: tuple[bytes, int] | None, lock: Lock) -> str | None:
    """How the file on disk differs from the traced output, as a clause; None if it does not, and the lock file agrees."""
    recorded = next((record.outputs[output.path] for record in lock.values() if output.path in record.outputs), None)
    if found is None:
        return "is not there; this is what would be built now"
    if found[0] != output.data:
        if digest(found[0]) == recorded:
            return "is out of date: its sources have changed since; this is what would be built now"
        return "is not what was built; this is what would be built now"
    if recorded != digest(output.data):
        return "is what would be built now, but not what the lock file records"
    return None


def _trace(compiled: Compiled, bundle: Bundle, output: Output) -> Trace:
    page = bundle.pages.get(output.path)
    if page is None:
        source = bundle.copied[output.path]
        return Trace(output, bundle.entry, source, tuple(_copied(output, source)))
    front = tuple(_front(page.unit.path, line) for line in front_lines(compiled.nodes, bundle.entry, page))
    return Trace(output, bundle.entry, None, tuple(_compiled(compiled, output, page.layout.copies[0].key, front)))


def _front(path: SourcePath, line: FrontLine) -> TracedLine:
    """A line before the body of an output that is made from the file at `path`."""
    if line.line is None:
        return TracedLine(line.text, "banner", None, ())
    return TracedLine(line.text, None, TracedPlace(path, line.line + 1), ())


def _compiled(compiled: Compiled, output: Output, key: NodeKey, front: tuple[TracedLine, ...]) -> Iterator[TracedLine]:
    """The lines of a compiled output. Blank lines at its end were cut off when it was made, so there may be more origins."""
    texts = _lines_of(output.data.decode())
    yield from front[: len(texts)]
    body = list(origins(compiled.nodes, key))[: max(len(texts) - len(front), 0)]
    if not front and not body:
        yield TracedLine("", "end", None, ())
        return
    for text, (origin, made) in zip(texts[len(front) :], _with_kinds(compiled.graph, body), strict=True):
        yield TracedLine(text, made, _place(compiled.graph, origin, made), _chain(compiled.graph, origin.chain))


def _with_kinds(graph: Graph, body: Sequence[Origin]) -> Iterator[tuple[Origin, Made | None]]:
    """Each origin with the kind of line that the compiler made there by itself, or None."""
    links = {path: _reference_lines(graph, path) for path in {origin.path for origin in body}}
    for chain, group in groupby(body, key=lambda origin: origin.chain):
        members = list(group)
        is_code = bool(chain) and chain[-1].directive.as_code
        for number, origin in enumerate(members):
            if is_code:
                yield origin, "fence" if number in (0, len(members) - 1) else None
            else:
                yield origin, "link" if origin.line in links[origin.path] else None


def _reference_lines(graph: Graph, path: SourcePath) -> frozenset[int]:
    """The lines that hold nothing but a `reference`, which the compiler replaces with a link."""
    document = graph.files[path].document
    placed = document.directives if document else ()
    return frozenset(one.line for one in placed if one.prefix is not None and one.directive.word == "reference")


def _place(graph: Graph, origin: Origin, made: Made | None) -> TracedPlace:
    """The source line of an origin; for a fence, the line of the directive that asked for it."""
    return _edge_place(graph, origin.chain[-1]) if made == "fence" else TracedPlace(origin.path, origin.line + 1)


def _chain(graph: Graph, chain: tuple[Edge, ...]) -> tuple[TracedPlace, ...]:
    return tuple(_edge_place(graph, edge) for edge in reversed(chain))


def _edge_place(graph: Graph, edge: Edge) -> TracedPlace:
    return TracedPlace(edge.source, graph.files[edge.source].line_index.position(edge.directive.span.start).line)


def _copied(output: Output, source: SourcePath) -> Iterator[TracedLine]:
    try:
        texts = _lines_of(output.data.decode())
    except UnicodeDecodeError:
        return
    for number, text in enumerate(texts, 1):
        yield TracedLine(text, None, TracedPlace(source, number), ())


def _lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]
