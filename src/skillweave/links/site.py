"""The project as links see it: which entry owns a file, how pages are laid out, and what the lines of a node name."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from skillweave.destination import Written, read_destination
from skillweave.diagnostics import DIRECTIVE_NOT_ALONE
from skillweave.files import expand_roots
from skillweave.flatten.values import is_too_large
from skillweave.pages import Page, lay_out
from skillweave.record import NamedTuple
from skillweave.select import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.document import Definition
    from skillweave.files import Tree
    from skillweave.flatten.values import NodeKey, Nodes
    from skillweave.graph.values import Edge
    from skillweave.markdown.values import Destination, LabelUse
    from skillweave.project import Entry, EntryFile
    from skillweave.source import Edit, SourcePath, Span
    from skillweave.units import Unit, UnitKey


class PlannedPage:
    """A document that a bundle will hold: where, made from what, with which edits in which copy."""

    def __init__(self, out: str, unit: UnitKey, page: Page) -> None:
        self.out = out
        """Its path below the bundle's folder."""
        self.unit = unit
        self.page = page
        self.edits: dict[int, list[Edit]] = {}


class Plan:
    """All that an entry's bundle will hold, by path below the bundle's folder."""

    def __init__(self, entry: Entry | None) -> None:
        self.entry = entry
        self.pages: dict[str, PlannedPage] = {}
        self.copies: dict[str, SourcePath] = {}
        self.whence: dict[str, tuple[SourcePath, Span]] = {}
        """For what is shipped, the directive or link that asked for it first."""
        self.named: set[SourcePath] = set()
        """The files that a directive has shipped, whatever `links` says."""
        self.asked: set[SourcePath] = set()
        """The files that links lead to."""


class Named(NamedTuple):
    """What the own lines of a node name, the same in each of its copies."""

    edges: tuple[Edge, ...]
    """References and assets."""
    links: tuple[tuple[Destination, Written], ...]
    """The destinations that are ours to judge, and what each means."""
    definitions: tuple[Definition, ...]
    """Of two under one label, the first."""
    uses: tuple[tuple[LabelUse, Definition | None], ...]
    """The labels that these lines use and do not define, and the definition that the whole file has."""


class Site:
    """The project as links see it: which entry owns a file, and the layout of pages that were worked out."""

    def __init__(self, nodes: Nodes, tree: Tree, entries: tuple[Entry, ...]) -> None:
        self.nodes = nodes
        self.tree = tree
        self.entries = entries
        self.owners: dict[SourcePath, tuple[Entry, EntryFile]] = {}
        self.folders: dict[str, Entry] = {}
        self.layouts: dict[UnitKey, Page] = {}
        self.known_files: tuple[SourcePath, ...] = ()
        """Every pattern and every file of an entry, sorted."""
        self.roots: tuple[str, ...] = ()
        """The roots of patterns, skills and documents."""
        self.known: dict[NodeKey, Named] = {}
        """What the own lines of nodes name, once it was asked for."""
        self.prose: dict[NodeKey, tuple[tuple[Span, str], ...]] = {}
        """The paths in their code spans, likewise."""

    def layout(self, unit: UnitKey) -> Page | None:
        """The layout of a whole unit as a page."""
        key = self.nodes.wholes.get(unit)
        if key is None or is_too_large(self.nodes, self.nodes.nodes[key]):
            return None
        if unit not in self.layouts:
            self.layouts[unit] = lay_out(self.nodes, key)
        return self.layouts[unit]


def make_site(nodes: Nodes, tree: Tree) -> Site:
    """The site of a project."""
    site = Site(nodes, tree, nodes.project.entries)
    for entry in site.entries:
        site.folders[tree.look_up(entry.folder).real if entry.kind == "skill" else entry.path] = entry
        for file in entry.files:
            site.owners.setdefault(file.real, (entry, file))
    site.known_files = tuple(sorted({*nodes.project.patterns, *site.owners}))
    configured = (*nodes.config.patterns, *nodes.config.skills, *nodes.config.documents)
    site.roots = tuple(sorted({root for _, root in expand_roots(tree, configured)}))
    return site


def named(site: Site, key: NodeKey) -> Named:
    """What the own lines of a Markdown node name."""
    if key not in site.known:
        unit = site.nodes.nodes[key].unit
        edges = [edge for edge in unit.edges if edge and edge.target and edge.directive.word != "include"]
        edges = [edge for edge in edges if _covers(key, edge.placed.line)]
        site.known[key] = Named(tuple(edges), tuple(_own_links(unit, key)), *_own_labels(unit, key))
    return site.known[key]


def _own_labels(
    unit: Unit, key: NodeKey
) -> tuple[tuple[Definition, ...], tuple[tuple[LabelUse, Definition | None], ...]]:
    if unit.document is None:
        return (), ()
    here: dict[tuple[str, bool], Definition] = {}
    in_file: dict[tuple[str, bool], Definition] = {}
    for definition in unit.document.definitions:
        label = (definition.label, definition.footnote)
        in_file.setdefault(label, definition)
        if _covers(key, definition.start):
            here.setdefault(label, definition)
    uses = []
    for use in unit.document.uses:
        defined = in_file.get((use.label, use.footnote))
        is_defined_here = defined is not None and _covers(key, defined.start)
        if not is_defined_here and _covers(key, unit.line_index.line_of(use.span.start)):
            uses.append((use, defined))
    return tuple(here.values()), tuple(uses)


def _own_links(unit: Unit, key: NodeKey) -> Iterator[tuple[Destination, Written]]:
    stray = _stray_directives(unit)
    for destination in unit.document.destinations if unit.document else ():
        start, end = destination.span
        written = read_destination(unit.text[start:end], destination.kind)
        first = bisect_left(stray, start)
        holds_stray = first < len(stray) and stray[first] < end
        if written is not None and _covers(key, destination.line) and not holds_stray:
            yield destination, written


def _stray_directives(unit: Unit) -> list[int]:
    """Where directives start that are not resolved, which is a finding: a destination with one is no path yet."""
    problems = unit.document.problems if unit.document else ()
    return sorted(problem.span.start for problem in problems if problem.code is DIRECTIVE_NOT_ALONE)


def _covers(key: NodeKey, line: int) -> bool:
    return holds(key.ranges, line)
