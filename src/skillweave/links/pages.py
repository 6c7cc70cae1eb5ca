"""Pages: one document of a bundle, with each copy of what it includes and the slug of every heading in it.

A copy is one place where a node comes in. Links are resolved per copy, as a link to a heading follows the copy that it
stands in; a node without links is one text, however often it comes in.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from skillweave.flatten.layout import headings_within
from skillweave.flatten.texts import assemble, text_in, text_of
from skillweave.flatten.values import Caption, ChildItem, TextItem, TextKey
from skillweave.links.captions import heading_text
from skillweave.record import NamedTuple
from skillweave.slugs import Slugger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.document import Heading
    from skillweave.flatten.values import Child, Node, NodeKey, Nodes
    from skillweave.source import Edit, SourcePath


class Copy(NamedTuple):
    """One place where a node comes into a page. `parent` is the number of the copy whose file includes it."""

    text: TextKey
    parent: int
    line: int
    """The line of the parent's unit that it takes."""

    @property
    def key(self) -> NodeKey:
        return self.text.node


class _Names(NamedTuple):
    """The slugs of a page's headings by what they are called: there; in a copy of a file, and in the first copy that has one;
    and of each file the first one.
    """

    in_page: dict[str, str]
    in_copy: dict[SourcePath, dict[int, dict[str, str]]]
    in_file: dict[tuple[SourcePath, str], str]
    first: dict[SourcePath, str]


class Page:
    """What a page consists of: its copies, the page itself first, and the headings in the order of the output."""

    def __init__(self, copies: list[Copy]) -> None:
        self.copies = copies
        self.slugs: dict[tuple[int, int], str] = {}
        """The slug of a heading in the page, by its copy's number and its line in the unit."""
        self.headings: list[tuple[int, Heading]] = []
        """The headings in order, each with the number of its copy."""
        self.by_path: dict[SourcePath, list[int]] = {}
        """The copies of each file, as Markdown."""
        self.anchors: set[str] = set()
        """The HTML anchors of these files."""
        self.is_complete = True
        """Whether all is known that they bring: none of their directives has an error."""

    def place(self, copy: int, line: int) -> tuple[int, ...]:
        """Where a line of a copy stands in the page: what sorts before comes before."""
        place = [line]
        while copy:
            place.append(self.copies[copy].line)
            copy = self.copies[copy].parent
        return tuple(reversed(place))

    def named(self, name: str) -> str | None:
        """The slug of the heading of this page that a fragment names, by its slug in the page or its explicit id."""
        return self._names.in_page.get(name)

    def heading_of(self, path: SourcePath, name: str | None, prefer: int | None = None) -> str | None:
        """The slug of a heading that came along from a file: the named one, or the first; in a preferred copy, or the first."""
        if name is None:
            return self._names.first.get(path)
        if prefer is not None and prefer in self._names.in_copy.get(path, {}):
            slug = self._names.in_copy[path][prefer].get(name)
            if slug is not None:
                return slug
        return self._names.in_file.get((path, name))

    @cached_property
    def _names(self) -> _Names:
        """What the headings answer to. Found once, when all are known: a page may hold as many links as headings."""
        names = _Names({}, {}, {}, {})
        own: dict[int, dict[str, str]] = {copy: {} for copies in self.by_path.values() for copy in copies}
        for copy, heading in self.headings:
            slug = self.slugs[copy, heading.start]
            names.first.setdefault(self.copies[copy].key.path, slug)
            for name in (slug, heading.id):
                names.in_page.setdefault(name or slug, slug)
            for name in (heading.slug, heading.id):
                own[copy].setdefault(name or heading.slug, slug)
        for path, copies in self.by_path.items():
            names.in_copy[path] = {copy: own[copy] for copy in copies}
            for copy in copies:
                for name, slug in own[copy].items():
                    names.in_file.setdefault((path, name), slug)
        return names


def lay_out(nodes: Nodes, root: NodeKey) -> Page:
    """All copies and headings of a page."""
    page = Page([])
    page.is_complete = root.unit not in nodes.incomplete
    slug, slugs, headings = Slugger().slug, page.slugs, page.headings
    _add_copy(nodes, page, Copy(TextKey(root), -1, 0))
    pending = [(0, iter(_events(nodes, root)))]
    while pending:
        number, events = pending[-1]
        for event in events:
            if isinstance(event, Caption):
                slugs[number, event.heading.start] = slug(event.text)
                headings.append((number, event.heading))
                continue
            text = text_in(event, page.copies[number].text)
            _add_copy(nodes, page, Copy(text, number, event.edge.placed.line))
            pending.append((len(page.copies) - 1, iter(_events(nodes, event.key))))
            break
        else:
            pending.pop()
    return page


def _add_copy(nodes: Nodes, page: Page, copy: Copy) -> None:
    key = copy.text.node
    if key.code is None:
        unit = nodes.nodes[key].unit
        page.by_path.setdefault(unit.key.path, []).append(len(page.copies))
        if unit.document and unit.document.anchors:
            page.anchors.update(unit.document.anchors)
    page.copies.append(copy)


def page_text(nodes: Nodes, page: Page, edits: Mapping[int, Sequence[Edit]]) -> str:
    """A page's text with edits made in its copies, without a final line end."""
    changed = set(edits)
    for number in sorted(edits):
        parent = page.copies[number].parent
        while parent >= 0 and parent not in changed:
            changed.add(parent)
            parent = page.copies[parent].parent
    if not changed:
        text = text_of(nodes, page.copies[0].text)
        # Nobody else asks for it, as a rule, and all pages together are the better part of what a build holds.
        del nodes.texts[page.copies[0].text]
        return text
    children: dict[int, list[int]] = {}
    for number, copy in enumerate(page.copies):
        if copy.parent in changed:
            children.setdefault(copy.parent, []).append(number)
    texts: dict[int, str] = {}
    for number in range(len(page.copies) - 1, -1, -1):
        copy = page.copies[number]
        if number in changed:
            # Copies are numbered in the order in which their parent is put together.
            brought = [texts.pop(child) for child in children.get(number, [])]
            texts[number] = assemble(nodes, copy.text, brought, edits.get(number, ()))
        elif copy.parent in changed:
            texts[number] = text_of(nodes, copy.text)
    return texts[0]


def _events(nodes: Nodes, key: NodeKey) -> tuple[Caption | Child, ...]:
    """A node's own headings and what it includes, in the order of the output; what stands in running text comes last."""
    if key not in nodes.events:
        nodes.events[key] = tuple(_found_events(nodes, nodes.nodes[key]))
    return nodes.events[key]


def _found_events(nodes: Nodes, node: Node) -> Iterator[Caption | Child]:
    if node.key.code is not None:
        return
    headings = iter(headings_within(node.unit, node.key.ranges))
    heading = next(headings, None)
    for item in node.items:
        if isinstance(item, TextItem):
            while heading is not None and heading.start < item.end:
                if heading.start >= item.start:
                    yield Caption(heading, heading_text(nodes, node, heading))
                heading = next(headings, None)
        elif isinstance(item, ChildItem):
            yield item.child
    for _, child in node.inline:
        if child is not None:
            yield child
