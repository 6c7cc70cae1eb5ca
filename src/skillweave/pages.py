"""Pages: one document of a bundle, with each copy of what it includes and the slug of every heading in it.

A copy is one place where a node comes in. Links are resolved per copy, as a link to a heading follows the copy that it
stands in; a node without links is one text, however often it comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.captions import heading_text
from skillweave.flatten.texts import asked, assemble, text_of
from skillweave.flatten.values import Caption, ChildItem, TextItem
from skillweave.record import NamedTuple
from skillweave.slugs import Slugger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.document import Heading
    from skillweave.flatten.values import Child, Node, NodeKey, Nodes
    from skillweave.source import Edit, SourcePath


class Copy(NamedTuple):
    """One place where a node comes into a page. `parent` is the number of the copy whose file includes it."""

    wanted: tuple[NodeKey, int, bool]
    parent: int
    line: int
    """The line of the parent's unit that it takes."""

    @property
    def key(self) -> NodeKey:
        return self.wanted[0]


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

    def place(self, copy: int, line: int) -> tuple[int, ...]:
        """Where a line of a copy stands in the page: what sorts before comes before."""
        place = [line]
        while copy:
            place.append(self.copies[copy].line)
            copy = self.copies[copy].parent
        return tuple(reversed(place))

    def named(self, name: str) -> str | None:
        """The slug of the heading of this page that a fragment names, by its slug in the page or its explicit id."""
        for copy, heading in self.headings:
            slug = self.slugs[copy, heading.start]
            if name in (slug, heading.id):
                return slug
        return None

    def heading_of(self, path: SourcePath, name: str | None, prefer: int | None = None) -> str | None:
        """The slug of a heading that came along from a file: the named one, or the first; in a preferred copy, or the first."""
        copies = self.by_path.get(path, [])
        order = [prefer, *copies] if prefer is not None and prefer in copies else copies
        if name is None:
            first = next((item for item in self.headings if item[0] in set(copies)), None)
            return self.slugs[first[0], first[1].start] if first else None
        for copy in order:
            for number, heading in self.headings:
                if number == copy and name in (heading.slug, heading.id):
                    return self.slugs[number, heading.start]
        return None


def lay_out(nodes: Nodes, root: NodeKey) -> Page:
    """All copies and headings of a page."""
    page = Page([Copy((root, 0, False), -1, 0)])
    slug, slugs, headings = Slugger().slug, page.slugs, page.headings
    page.by_path.setdefault(root.path, []).append(0)
    pending = [(0, iter(_events(nodes, root)))]
    while pending:
        number, events = pending[-1]
        for event in events:
            if isinstance(event, Caption):
                slugs[number, event.heading.start] = slug(event.text)
                headings.append((number, event.heading))
                continue
            _, shift, tabs = page.copies[number].wanted
            page.copies.append(Copy(asked(event, shift, tabs), number, event.edge.placed.line))
            below = len(page.copies) - 1
            if event.key.code is None:
                page.by_path.setdefault(event.key.path, []).append(below)
            pending.append((below, iter(_events(nodes, event.key))))
            break
        else:
            pending.pop()
    return page


def page_text(nodes: Nodes, page: Page, edits: Mapping[int, Sequence[Edit]]) -> str:
    """A page's text with edits made in its copies, without a final line end."""
    changed = set(edits)
    for number in sorted(edits):
        parent = page.copies[number].parent
        while parent >= 0 and parent not in changed:
            changed.add(parent)
            parent = page.copies[parent].parent
    if not changed:
        text = text_of(nodes, *page.copies[0].wanted)
        # Nobody else asks for it, as a rule, and all pages together are the better part of what a build holds.
        del nodes.texts[page.copies[0].wanted]
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
            texts[number] = assemble(nodes, copy.wanted, brought, edits.get(number, ()))
        elif copy.parent in changed:
            texts[number] = text_of(nodes, *copy.wanted)
    return texts[0]


def _events(nodes: Nodes, key: NodeKey) -> tuple[Caption | Child, ...]:
    """A node's own headings and what it includes, in the order of the output; what stands in running text comes last."""
    if key not in nodes.events:
        nodes.events[key] = tuple(_found_events(nodes, nodes.nodes[key]))
    return nodes.events[key]


def _found_events(nodes: Nodes, node: Node) -> Iterator[Caption | Child]:
    if node.key.code is not None:
        return
    headings = iter(node.unit.document.headings if node.unit.document else ())
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
