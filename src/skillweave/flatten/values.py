"""Nodes, from which texts are put together: what each consists of, and what is known of it before its text is made."""

from __future__ import annotations

from skillweave.flatten.units import Calls, Unit, UnitKey, to_source
from skillweave.record import NamedTuple
from skillweave.select.regions import comment_regions, document_regions
from skillweave.select.sections import Sections
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skillweave.config import Config
    from skillweave.diagnostics import Problem
    from skillweave.document import Document, Heading, PlacedDirective
    from skillweave.graph.values import Edge, Graph, SourceFile
    from skillweave.markdown.values import Block
    from skillweave.project import Project
    from skillweave.ranges import Ranges
    from skillweave.select.values import Regions
    from skillweave.source import Edit, SourcePath


class NodeKey(NamedTuple):
    """What identifies a node: the selected lines of a unit, taken as Markdown or, if `code` is set, as a code block in that
    language.
    """

    unit: UnitKey
    ranges: Ranges
    code: str | None = None

    @property
    def path(self) -> SourcePath:
        return self.unit.path


class Child(NamedTuple):
    """One include: its edge, the node that it brings, and by how many levels it moves that node's headings."""

    edge: Edge
    key: NodeKey
    shift: int


class Caption(NamedTuple):
    """A heading, and its text in an output, including what directives bring into it."""

    heading: Heading
    text: str


class TextItem(NamedTuple):
    """Lines of the node's own unit: half-open, counted from 0."""

    start: int
    end: int


class ChildItem(NamedTuple):
    """A splice that replaces the line of its directive."""

    child: Child
    line: int


class BareItem(NamedTuple):
    """What an empty include leaves of its line: a list marker, for example."""

    text: str
    line: int


Item = TextItem | ChildItem | BareItem


class Spliced(NamedTuple):
    """A directive, and what it brings, if anything."""

    placed: PlacedDirective
    child: Child | None


class Node(NamedTuple):
    """One selection: its items in order, and what is known of its expansion without making its text."""

    unit: Unit
    key: NodeKey
    items: tuple[Item, ...]
    inline: tuple[Spliced, ...]
    """The directives in running text."""
    silent: tuple[Child, ...]
    """What is included on lines of its own and brings no text, but assets that a page must ship."""
    size: int
    """The size of the expansion in bytes, in UTF-8."""
    includes: int
    """The number of includes that are expanded in it, over all levels."""
    height: int
    """The number of lines of the expansion."""
    top_level: int | None
    """The level of the shallowest heading that counts for whoever includes this; None if there is none."""
    levels: tuple[int, int] | None
    """The shallowest and the deepest level of all its headings; None if it has no headings."""
    first_line: str
    first: Block | None
    """The block that the expansion starts with; None if only a parse can tell."""
    last: Block | None
    """The block that it ends with; None if only a parse can tell."""
    has_code: bool
    """Whether it contains, over all levels, indented code, whose text an indent would change."""
    has_links: bool
    """Whether it contains, over all levels, anything that a page must resolve: links, references, assets."""


class TextKey(NamedTuple):
    """One text of a node: with its headings moved by `shift` levels, and possibly with spaces for the tabs in its indents.

    If no include moves them, `shift` is None and they stay as written. To be moved down and back up is not the same: a setext
    heading that moves becomes ATX.
    """

    node: NodeKey
    shift: int | None = None
    without_tabs: bool = False


def moved_by(shift: int | None, more: int) -> int | None:
    """The shift of a text (see `TextKey`) after one more include, which moves headings by `more` levels."""
    return (shift or 0) + more if more else shift


class Nodes:
    """All nodes by key, the whole-file node of every unit, and the texts made so far."""

    def __init__(self, graph: Graph, project: Project, config: Config, calls: Calls) -> None:
        self.graph = graph
        self.project = project
        self.config = config
        self.calls = calls
        self.units: dict[UnitKey, Unit] = {}
        """The files, and the renderings of templates."""
        self.nodes: dict[NodeKey, Node] = {}
        """In order: each comes after all that it includes."""
        self.wholes: dict[UnitKey, NodeKey] = {}
        """The node of all of a unit, without front matter."""
        self.children: dict[UnitKey, tuple[Child | None, ...]] = {}
        """For each directive of a unit, in the order of its edges, what it brings."""
        self.incomplete: set[UnitKey] = set()
        """The units with a directive that has an error, at any level: not everything that they bring is known."""
        self.unlevelled: set[UnitKey] = set()
        """The units with an include that would move headings out of levels 1 to 6, at any level: the levels of their own
        headings are not known.
        """
        self.sections: dict[SourcePath, Sections] = {}
        self.regions: dict[tuple[SourcePath, bool], Regions] = {}
        """The regions of files, by path and whether the file is taken as code."""
        self.link_lines: dict[UnitKey, list[int]] = {}
        """The lines of units that contain anything that a page must resolve."""
        self.doubtful: set[NodeKey] = set()
        """The nodes with a splice that had to be parsed to check its meaning."""
        self.sound: set[NodeKey] = set()
        """The nodes whose expansion, over all levels, consists of blocks that stand there just as they were parsed."""
        self.events: dict[NodeKey, tuple[Caption | Child, ...]] = {}
        """The headings and includes of nodes, in order, once their pages were laid out."""
        self.inline_edits: dict[NodeKey, list[Edit]] = {}
        """What the directives in the running text of nodes become, once something has asked for it."""
        self.texts: dict[TextKey, str] = {}
        """The texts made so far and still needed."""
        self.edits: dict[tuple[UnitKey, int | None, bool], tuple[list[int], list[Edit]]] = {}
        """What every text of a unit changes of it, by the shift of headings and whether tabs are replaced: the starts of the
        edits, and the edits.
        """

    def whole(self, path: SourcePath) -> NodeKey | None:
        """The node of a whole file that is no template; None if it could not be worked out."""
        return self.wholes.get(UnitKey(path))

    def sections_of(self, path: SourcePath, document: Document) -> Sections:
        """The sections of a file. Found once, then remembered."""
        if path not in self.sections:
            self.sections[path] = Sections(document)
        return self.sections[path]

    def regions_of(self, file: SourceFile, *, as_code: bool) -> Regions:
        """The regions of a file as an include sees them. Found once, then remembered."""
        document = file.document or file.quoted
        key = (file.path, as_code)
        if key not in self.regions:
            self.regions[key] = document_regions(document, as_code=as_code) if document else comment_regions(file.lines)
        return self.regions[key]

    def report(self, unit: Unit, problem: Problem, *owners: SourcePath) -> None:
        """Report a problem whose span lies in a unit's text. Without owners, an error fails the unit's file; of a template, it
        fails the files that give it its values.
        """
        placed = problem._replace(span=to_source(self.graph, unit, problem.span))
        self.graph.report(unit.path, placed, owners=owners or self.calls.givers([unit.key]))


def brought_by(items: Iterable[Item], inline: Iterable[Spliced]) -> Iterator[Child]:
    """Yield what a node includes directly: first what stands on lines of its own, then what stands in running text."""
    for item in items:
        if isinstance(item, ChildItem):
            yield item.child
    for _, child in inline:
        if child is not None:
            yield child


def is_in_error(edge: Edge | None, child: Child | None) -> bool:
    """Whether a directive has an error, so that it is unknown what it would bring. `child` is what it brings."""
    if edge is None or (edge.target is None and edge.missing is None):
        return True
    return edge.missing is None and edge.directive.word == "include" and child is None


def is_too_large(nodes: Nodes, node: Node) -> bool:
    """Whether an expansion exceeds a limit, so that its text must not be made."""
    limits = nodes.config.limits
    return node.size > limits.bundle_bytes or node.includes > limits.expansions
