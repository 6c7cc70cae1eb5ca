"""What texts are put together from: nodes, what each consists of, and what is known of it before its text is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.flatten.units import Calls, Unit, UnitKey, to_source
from skillweave.record import NamedTuple
from skillweave.sections import Regions, Sections, comment_regions, document_regions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skillweave.config import Config
    from skillweave.diagnostics import Problem
    from skillweave.document import Document, Heading, PlacedDirective
    from skillweave.graph.values import Edge, Graph, SourceFile
    from skillweave.markdown.values import Block
    from skillweave.project import Project
    from skillweave.select import Ranges
    from skillweave.source import Edit, SourcePath


class NodeKey(NamedTuple):
    """What a node is: lines of a unit, as Markdown or (with the language) as a code block."""

    unit: UnitKey
    ranges: Ranges
    code: str | None = None

    @property
    def path(self) -> SourcePath:
        return self.unit.path


class Child(NamedTuple):
    """One include: its edge, what it brings, and by how much that moves its headings."""

    edge: Edge
    key: NodeKey
    shift: int


class Caption(NamedTuple):
    """A heading, and what it says in an output: with what directives bring into it."""

    heading: Heading
    text: str


class TextItem(NamedTuple):
    """Lines of the node's own file, half-open."""

    start: int
    end: int


class ChildItem(NamedTuple):
    """A splice that takes the place of its directive's line."""

    child: Child
    line: int


class BareItem(NamedTuple):
    """What an empty include leaves of its line: a list marker."""

    text: str
    line: int


Item = TextItem | ChildItem | BareItem


class Node(NamedTuple):
    """One selection: its items in order, and what is known of its expansion without making it."""

    unit: Unit
    key: NodeKey
    items: tuple[Item, ...]
    inline: tuple[tuple[PlacedDirective, Child | None], ...]
    """The directives in running text, and what they bring."""
    size: int
    """Bytes of the expansion in UTF-8."""
    includes: int
    """Includes that are expanded in it, over all levels."""
    height: int
    """Lines of the expansion."""
    counted: int | None
    """The level of the shallowest heading that counts outside."""
    levels: tuple[int, int] | None
    """The shallowest and the deepest level of all its headings."""
    first_line: str
    first: Block | None
    """The block that the expansion starts with; None: only a parse can tell."""
    last: Block | None
    """The block that it ends with; None: only a parse can tell."""
    has_code: bool
    """Whether it holds, over all levels, indented code, whose text an indent changes."""
    linked: bool
    """Whether it holds, over all levels, anything that a page must resolve: links, references, assets."""


class TextKey(NamedTuple):
    """A text of a node: with its headings moved by some levels, and with blanks for the tabs in its indents, or not."""

    node: NodeKey
    shift: int = 0
    without_tabs: bool = False


class Nodes:
    """All nodes by key, the whole-file node of every file, and the texts that were made so far."""

    def __init__(self, graph: Graph, project: Project, config: Config, calls: Calls) -> None:
        self.graph = graph
        self.project = project
        self.config = config
        self.calls = calls
        self.units: dict[UnitKey, Unit] = {}
        self.nodes: dict[NodeKey, Node] = {}
        self.wholes: dict[UnitKey, NodeKey] = {}
        self.children: dict[UnitKey, tuple[Child | None, ...]] = {}
        """What each directive of a unit brings, in the order of its edges."""
        self.incomplete: set[UnitKey] = set()
        """The units with a directive that has an error, over all levels: not all that they bring is known."""
        self.unlevelled: set[UnitKey] = set()
        """The units with an include whose headings would come to no level, over all levels: theirs are not known."""
        self.sections: dict[SourcePath, Sections] = {}
        self.regions: dict[tuple[SourcePath, bool], Regions] = {}
        """The regions of files, as Markdown and as code."""
        self.link_lines: dict[UnitKey, list[int]] = {}
        """The lines of units that hold anything that a page must resolve."""
        self.doubtful: set[NodeKey] = set()
        """The nodes with a splice whose meaning only a parse could tell."""
        self.sound: set[NodeKey] = set()
        """The nodes whose expansion is made of blocks that stand in it as they were parsed, over all levels."""
        self.events: dict[NodeKey, tuple[Caption | Child, ...]] = {}
        """The headings and includes of nodes whose pages were laid out."""
        self.brought: dict[NodeKey, list[Edit]] = {}
        """What the directives in the running text of nodes become, once it was asked for."""
        self.texts: dict[TextKey, str] = {}
        self.edits: dict[tuple[UnitKey, int, bool], tuple[list[int], list[Edit]]] = {}

    def whole(self, path: SourcePath) -> NodeKey | None:
        """The node of all of a file that is no template; None if it could not be worked out."""
        return self.wholes.get(UnitKey(path))

    def sections_of(self, path: SourcePath, document: Document) -> Sections:
        """The sections of a file, made once."""
        if path not in self.sections:
            self.sections[path] = Sections(document)
        return self.sections[path]

    def regions_of(self, file: SourceFile, *, as_code: bool) -> Regions:
        """The regions of a file as an include sees them, made once."""
        document = file.document or file.quoted
        key = (file.path, as_code)
        if key not in self.regions:
            self.regions[key] = document_regions(document, as_code=as_code) if document else comment_regions(file.lines)
        return self.regions[key]

    def report(self, unit: Unit, problem: Problem) -> None:
        """Report a problem whose span lies in a unit's text."""
        self.graph.report(unit.path, problem._replace(span=to_source(self.graph, unit, problem.span)))


def brought_by(items: Iterable[Item], inline: Iterable[tuple[PlacedDirective, Child | None]]) -> Iterator[Child]:
    """What a node includes directly: first what takes lines of its own, then what stands in running text."""
    for item in items:
        if isinstance(item, ChildItem):
            yield item.child
    for _, child in inline:
        if child is not None:
            yield child


def is_in_error(edge: Edge | None, child: Child | None) -> bool:
    """Whether a directive has an error, so that it is not known what it would bring. `child` is what it brings."""
    if edge is None or (edge.target is None and edge.missing is None):
        return True
    return edge.missing is None and edge.directive.word == "include" and child is None


def is_too_large(nodes: Nodes, node: Node) -> bool:
    """Whether an expansion is above a limit, so that its text must not be made."""
    limits = nodes.config.limits
    return node.size > limits.bundle_bytes or node.includes > limits.expansions
