"""Pages: a page is one document of a bundle, with each copy of what it includes and the slug of every heading in it.

A copy is one place where a node comes into a page. Links are resolved for each copy, as a link to a heading leads to the
heading in the copy where the link stands. A node without links has one text, however often it comes in.
"""

from __future__ import annotations

from functools import cached_property

from skillweave.flatten.layout import headings_within
from skillweave.flatten.texts import assemble, text_in, text_of
from skillweave.flatten.values import Caption, ChildItem, TextItem, TextKey
from skillweave.links.captions import heading_text
from skillweave.record import NamedTuple
from skillweave.slugs import Slugger
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.document import Heading
    from skillweave.flatten.values import Child, Node, NodeKey, Nodes
    from skillweave.source import Edit, SourcePath


class Copy(NamedTuple):
    """One place where a node comes into a page. `parent` is the number of the copy whose file includes it; -1 for the page
    itself.
    """

    text: TextKey
    parent: int
    line: int
    """The line of the parent's unit where it is included."""

    @property
    def key(self) -> NodeKey:
        return self.text.node


class _Names(NamedTuple):
    """The slugs of a page's headings, by the names that they answer to: in the whole page; in one copy of a file, by its
    number; and in the first copy of a file that has such a heading. `first` has the slug of each file's first heading.
    """

    in_page: dict[str, str]
    in_copy: dict[SourcePath, dict[int, dict[str, str]]]
    in_file: dict[tuple[SourcePath, str], str]
    first: dict[SourcePath, str]


class PageLayout:
    """What a page consists of: its copies, starting with the page itself, and its headings in the order of the output."""

    def __init__(self, copies: list[Copy]) -> None:
        self.copies = copies
        self.slugs: dict[tuple[int, int], str] = {}
        """The slug of each heading in the page, by the number of its copy and its line in the unit."""
        self.headings: list[tuple[int, Heading]] = []
        """The headings in order, each with the number of its copy."""
        self.by_path: dict[SourcePath, list[int]] = {}
        """The numbers of the copies of each file, without those shown as code."""
        self.anchors: set[str] = set()
        """The HTML anchors of these files."""
        self.own_ids: set[str] = set()
        """The explicit ids of headings from the entry's own files: they stay as they are written, also in links."""
        self.is_complete = True
        """Whether everything is known that the page contains, because none of its directives has an error."""

    def place(self, copy: int, line: int) -> tuple[int, ...]:
        """A key that tells where a line of a copy stands in the page: keys sort as the lines do."""
        place = [line]
        while copy:
            place.append(self.copies[copy].line)
            copy = self.copies[copy].parent
        return tuple(reversed(place))

    def named(self, name: str) -> str | None:
        """The slug of the heading of this page that a fragment names, by its slug in the page or its explicit id; None if there
        is none.
        """
        return self._names.in_page.get(name)

    def heading_of(self, path: SourcePath, name: str | None, prefer: int | None = None) -> str | None:
        """The slug of a heading that came from a file: of the named one, or without a name the first one. A preferred copy is
        looked at first. None if there is none.
        """
        if name is None:
            return self._names.first.get(path)
        if prefer is not None and prefer in self._names.in_copy.get(path, {}):
            slug = self._names.in_copy[path][prefer].get(name)
            if slug is not None:
                return slug
        return self._names.in_file.get((path, name))

    @cached_property
    def _names(self) -> _Names:
        """The names that the headings answer to. Worked out once, when all headings are known, as a page may have as many links
        as headings.
        """
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


def lay_out(nodes: Nodes, root: NodeKey) -> PageLayout:
    """Find all copies and headings of a page. `root` is the node of its whole unit."""
    layout = PageLayout([])
    layout.is_complete = root.unit not in nodes.incomplete
    slug, slugs, headings = Slugger().slug, layout.slugs, layout.headings
    _add_copy(nodes, layout, Copy(TextKey(root), -1, 0))
    pending = [(0, iter(_events(nodes, root)))]
    while pending:
        number, events = pending[-1]
        for event in events:
            if isinstance(event, Caption):
                slugs[number, event.heading.start] = slug(event.text)
                headings.append((number, event.heading))
                continue
            text = text_in(event, layout.copies[number].text)
            _add_copy(nodes, layout, Copy(text, number, event.edge.placed.line))
            pending.append((len(layout.copies) - 1, iter(_events(nodes, event.key))))
            break
        else:
            pending.pop()
    return layout


def _add_copy(nodes: Nodes, layout: PageLayout, copy: Copy) -> None:
    key = copy.text.node
    if key.code is None:
        unit = nodes.nodes[key].unit
        layout.by_path.setdefault(unit.key.path, []).append(len(layout.copies))
        if unit.document and unit.document.anchors:
            layout.anchors.update(unit.document.anchors)
        if unit.is_own:
            layout.own_ids.update(one.id for one in headings_within(unit, key.ranges) if one.id is not None)
    layout.copies.append(copy)


def page_text(nodes: Nodes, layout: PageLayout, edits: Mapping[int, Sequence[Edit]]) -> str:
    """A page's text, without a final line end. `edits` are those of its copies, by their number."""
    changed = set(edits)
    for number in sorted(edits):
        parent = layout.copies[number].parent
        while parent >= 0 and parent not in changed:
            changed.add(parent)
            parent = layout.copies[parent].parent
    if not changed:
        text = text_of(nodes, layout.copies[0].text)
        # As a rule nobody else asks for this text, and the texts of all pages would be most of the memory that a build takes.
        del nodes.texts[layout.copies[0].text]
        return text
    children: dict[int, list[int]] = {}
    for number, copy in enumerate(layout.copies):
        if copy.parent in changed:
            children.setdefault(copy.parent, []).append(number)
    texts: dict[int, str] = {}
    for number in range(len(layout.copies) - 1, -1, -1):
        copy = layout.copies[number]
        if number in changed:
            # Copies are numbered in the order in which their parent is put together.
            brought = [texts.pop(child) for child in children.get(number, [])]
            texts[number] = assemble(nodes, copy.text, brought, edits.get(number, ()))
        elif copy.parent in changed:
            texts[number] = text_of(nodes, copy.text)
    return texts[0]


def _events(nodes: Nodes, key: NodeKey) -> tuple[Caption | Child, ...]:
    """A node's own headings and its includes, in the order of the output; then the includes in running text, and those that
    bring no text. Texts are put together in the same order, but for the last ones.
    """
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
    yield from node.silent
