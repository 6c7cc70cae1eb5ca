"""The project as links see it: which entry owns a file, how pages are laid out, and what the lines of a node name."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from operator import itemgetter

from skillweave.destination import Written, read_destination
from skillweave.diagnostics import DIRECTIVE_NOT_ALONE
from skillweave.flatten.values import is_too_large
from skillweave.links.pages import PageLayout, lay_out
from skillweave.ranges import between, holds
from skillweave.record import NamedTuple
from skillweave.roots import expand_roots
from skillweave.source import folder_ends, folders_above, path_ends
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeVar

    from skillweave.document import Definition
    from skillweave.files import Tree
    from skillweave.flatten.units import Unit, UnitKey
    from skillweave.flatten.values import NodeKey, Nodes
    from skillweave.graph.values import Edge
    from skillweave.markdown.values import Destination, LabelUse
    from skillweave.project import Entry, EntryFile
    from skillweave.ranges import Ranges
    from skillweave.rules.size import Size
    from skillweave.source import Edit, SourcePath, Span

    T = TypeVar("T")


class Owned(NamedTuple):
    """A file of an entry."""

    entry: Entry
    file: EntryFile


class Asker(NamedTuple):
    """A directive or link that has something shipped."""

    path: SourcePath
    span: Span


class PlannedPage:
    """A document that a bundle will contain: where it goes, what it is made from, and the edits in each of its copies."""

    def __init__(self, out: str, unit: UnitKey, layout: PageLayout) -> None:
        self.out = out
        """Its path, relative to the bundle's folder."""
        self.unit = unit
        self.layout = layout
        self.edits: dict[int, list[Edit]] = {}


class BundlePlan:
    """Everything that an entry's bundle will contain, by path relative to the bundle's folder. Without an entry, the plan only
    serves to check links.
    """

    def __init__(self, entry: Entry | None) -> None:
        self.entry = entry
        self.pages: dict[str, PlannedPage] = {}
        """The compiled documents, by place."""
        self.copied: dict[str, SourcePath] = {}
        """The files that are copied as they are, by place."""
        self.copied_to: dict[SourcePath, str] = {}
        """Where each copied file goes; of several places, the first one."""
        self.missing: set[SourcePath] = set()
        """The files that the bundle should contain, but that an error keeps out: they cannot be laid out, or something else has
        their place.
        """
        self.askers: dict[str, Asker] = {}
        """For what is shipped, the directive or link that asked for it first."""
        self.named: set[SourcePath] = set()
        """The files that a directive has shipped: links may lead to them, whatever `links` is set to."""
        self.linked_files: set[SourcePath] = set()
        """The files that links lead to."""
        self.consulted: set[SourcePath] = set()
        """The files of other entries to which links with a fragment lead, so that the fragment is looked up in them."""
        self.size: Size | None = None
        """An upper bound for the size of a skill, measured on its sources; None if the entry is no skill."""

    def copy(self, out: str, real: SourcePath) -> None:
        """Let a file be copied to a place."""
        self.copied[out] = real
        self.copied_to.setdefault(real, out)


class NamedByNode(NamedTuple):
    """What a node's own lines name. It is the same in each of its copies."""

    edges: tuple[Edge, ...]
    """The edges of references and assets."""
    links: tuple[tuple[Destination, Written], ...]
    """The destinations that may lead into the project, and what each means."""
    definitions: tuple[Definition, ...]
    """The definitions; of several with the same label, only the first."""
    uses: tuple[tuple[LabelUse, Definition | None], ...]
    """The labels that these lines use but do not define, each with the definition that the whole file has, if any."""


class Site:
    """The project as links see it: which entry owns a file, and the layouts of pages worked out so far."""

    def __init__(self, nodes: Nodes, tree: Tree, entries: tuple[Entry, ...]) -> None:
        self.nodes = nodes
        self.tree = tree
        self.entries = entries
        self.owners: dict[SourcePath, Owned] = {}
        """The files of entries, by real path. Of several entries that have a file, the first one counts."""
        self.folders: dict[str, Entry] = {}
        self.inner: dict[str, list[Entry]] = {}
        """The skills that lie inside other skills, by each folder above them."""
        self.layouts: dict[UnitKey, PageLayout] = {}
        self.known_files: tuple[SourcePath, ...] = ()
        """Every pattern and every file of an entry, sorted."""
        self.roots: tuple[str, ...] = ()
        """The folders where the configuration looks for patterns, skills and documents."""
        self.known: dict[NodeKey, NamedByNode] = {}
        """What the own lines of nodes name, as far as it was needed so far."""
        self.lines: dict[UnitKey, NamedByLine] = {}
        """What units name, as far as it was needed so far."""
        self.names: dict[UnitKey, tuple[frozenset[str], frozenset[str]]] = {}
        """The slugs and explicit ids of the headings of units, as far as they were needed so far."""
        self.prose: dict[NodeKey, tuple[tuple[Span, str], ...]] = {}
        """The paths in the code spans of nodes, as far as they were needed so far."""
        self.paths: dict[UnitKey, list[tuple[int, tuple[Span, str]]]] = {}
        """The paths in the code spans of units, each with its line, sorted."""

    @cached_property
    def patterns(self) -> frozenset[SourcePath]:
        """Every pattern."""
        return frozenset(self.nodes.project.patterns)

    @cached_property
    def by_name(self) -> dict[str, list[SourcePath]]:
        """`known_files` by file name, for suggestions about links that lead nowhere."""
        found: dict[str, list[SourcePath]] = {}
        for path in self.known_files:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def by_end(self) -> dict[str, str]:
        """`known_files`, and the folders above them, by the ends of their paths that are no whole paths; of several, the first.
        Folders have a final `/`.
        """
        found: dict[str, str] = {}
        for path in self.known_files:
            for end, place in (*((end, path) for end in path_ends(path)), *folder_ends(path)):
                if end != place:
                    found.setdefault(end, place)
        return found

    def heading_names(self, unit: Unit) -> tuple[frozenset[str], frozenset[str]]:
        """The slugs and the explicit ids of a unit's headings."""
        if unit.key not in self.names:
            headings = unit.document.headings if unit.document else ()
            slugs = frozenset(heading.slug for heading in headings)
            self.names[unit.key] = (slugs, frozenset(heading.id for heading in headings if heading.id is not None))
        return self.names[unit.key]

    def layout(self, unit: UnitKey) -> PageLayout | None:
        """The layout of a whole unit as a page; None if it could not be worked out or is too large."""
        key = self.nodes.wholes.get(unit)
        if key is None or is_too_large(self.nodes, self.nodes.nodes[key]):
            return None
        if unit not in self.layouts:
            self.layouts[unit] = lay_out(self.nodes, key)
        return self.layouts[unit]


def make_site(nodes: Nodes, tree: Tree) -> Site:
    """Set up the site of a project."""
    site = Site(nodes, tree, nodes.project.entries)
    for entry in site.entries:
        site.folders[tree.look_up(entry.folder).real if entry.kind == "skill" else entry.path] = entry
        for file in entry.files:
            site.owners.setdefault(file.real, Owned(entry, file))
        for folder in folders_above(entry.folder) if entry.outer is not None else ():
            site.inner.setdefault(folder, []).append(entry)
    site.known_files = tuple(sorted({*nodes.project.patterns, *site.owners}))
    configured = (*nodes.config.patterns, *nodes.config.skills, *nodes.config.documents)
    site.roots = tuple(sorted({root for _, root in expand_roots(tree, configured)}))
    return site


def named(site: Site, key: NodeKey) -> NamedByNode:
    """What the own lines of a Markdown node name. Worked out once, then remembered."""
    if key not in site.known:
        unit = site.nodes.nodes[key].unit
        if unit.key not in site.lines:
            site.lines[unit.key] = _lines_of(unit)
        site.known[key] = _selected(site.lines[unit.key], key.ranges)
    return site.known[key]


class NamedByLine(NamedTuple):
    """What a unit names, in the order of its lines and each with its line. Each selection of the unit picks its part
    from this.
    """

    edges: list[tuple[int, Edge]]
    links: list[tuple[int, tuple[Destination, Written]]]
    definitions: list[tuple[int, Definition]]
    uses: list[tuple[int, tuple[LabelUse, Definition | None]]]


def _lines_of(unit: Unit) -> NamedByLine:
    edges = [edge for edge in unit.edges if edge and edge.target and edge.directive.word != "include"]
    by_line = NamedByLine([(edge.placed.line, edge) for edge in edges], [*_own_links(unit)], [], [])
    if unit.document is None:
        return by_line
    defined: dict[tuple[str, bool], Definition] = {}
    for definition in unit.document.definitions:
        defined.setdefault((definition.label, definition.footnote), definition)
        by_line.definitions.append((definition.start, definition))
    for use in unit.document.uses:
        line = unit.line_index.line_of(use.span.start)
        by_line.uses.append((line, (use, defined.get((use.label, use.footnote)))))
    by_line.uses.sort(key=itemgetter(0))
    return by_line


def _selected(by_line: NamedByLine, ranges: Ranges) -> NamedByNode:
    """What some lines of a unit name."""
    here: dict[tuple[str, bool], Definition] = {}
    for definition in selected_of(by_line.definitions, ranges):
        here.setdefault((definition.label, definition.footnote), definition)
    uses = (used for used in selected_of(by_line.uses, ranges) if used[1] is None or not holds(ranges, used[1].start))
    return NamedByNode(
        tuple(selected_of(by_line.edges, ranges)),
        tuple(selected_of(by_line.links, ranges)),
        tuple(here.values()),
        tuple(uses),
    )


def selected_of(found: Sequence[tuple[int, T]], ranges: Ranges) -> Iterator[T]:
    """Yield those of the found things, given in the order of their lines and each with its line, that stand in some line
    ranges.
    """
    if ranges and found:
        for line, one in between(found, ranges[0][0], ranges[-1][1], itemgetter(0)):
            if holds(ranges, line):
                yield one


def _own_links(unit: Unit) -> Iterator[tuple[int, tuple[Destination, Written]]]:
    """Yield the destinations that may lead into the project, each with its line."""
    stray = _stray_directives(unit)
    for destination in unit.document.destinations if unit.document else ():
        start, end = destination.span
        written = read_destination(unit.text[start:end], destination.kind)
        first = bisect_left(stray, start)
        holds_stray = first < len(stray) and stray[first] < end
        if written is not None and not holds_stray:
            yield destination.line, (destination, written)


def _stray_directives(unit: Unit) -> list[int]:
    """The offsets of directives that stand where none is resolved, which is a finding. A destination that contains one is no
    path yet.
    """
    problems = unit.document.problems if unit.document else ()
    return sorted(problem.span.start for problem in problems if problem.code is DIRECTIVE_NOT_ALONE)
