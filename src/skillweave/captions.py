"""What headings and files are called in an output: with what directives bring into a heading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.flatten.texts import asked, assemble, text_of
from skillweave.flatten.values import brought_by
from skillweave.parse.documents import parse
from skillweave.source import Edit, apply_edits
from skillweave.units import UnitKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.document import Heading
    from skillweave.flatten.values import Child, Node, NodeKey, Nodes
    from skillweave.graph.values import Edge


def heading_text(nodes: Nodes, node: Node, heading: Heading) -> str:
    """The text of a heading of a node as it is in the output, without markup: what its slug is made of."""
    start, end = heading.content
    end = heading.id_span.start if heading.id_span else end
    written = node.unit.text[start:end]
    if "<<" not in written and "{{" not in written:
        return heading.text
    edits = sorted(edit for edit in _brought(nodes, node) if start <= edit.start < end)
    if not edits:
        return heading.text
    text = apply_edits(node.unit.text, start, end, edits)
    found = parse(f"# {' '.join(text.split())}\n").headings
    return found[0].text if found else heading.text


def link_text(nodes: Nodes, edge: Edge, unit: UnitKey) -> str:
    """The text of the link that a reference leaves, as Markdown. `unit` is what it leads to."""
    title = edge.directive.text or title_of(nodes, unit)
    return title.replace("[", r"\[").replace("]", r"\]")


def title_of(nodes: Nodes, unit: UnitKey) -> str:
    """What a file is called: its front matter's `title`, its first heading, or its name."""
    document = nodes.graph.files[unit.path].document
    field = document.fields.get("title") if document and document.fields else None
    if field is not None and isinstance(field.value, str) and field.value:
        return " ".join(field.value.split())
    rendered = nodes.units.get(unit)
    document = rendered.document if rendered else document
    if document and document.headings and document.headings[0].text:
        return document.headings[0].text
    return unit.path.rpartition("/")[2]


def _brought(nodes: Nodes, node: Node) -> Iterator[Edit]:
    """What includes and references in the running text of a node become."""
    for placed, child in node.inline:
        yield Edit(*placed.directive.span, _said(nodes, child) if child is not None else "")
    yield from _references(nodes, node)


def _references(nodes: Nodes, node: Node) -> Iterator[Edit]:
    for edge in node.unit.edges:
        if edge is None or edge.target is None or edge.directive.word != "reference":
            continue
        arguments = nodes.calls.of(node.unit.key, edge)
        if edge.target in nodes.graph.files and arguments is not None:
            text = link_text(nodes, edge, UnitKey(edge.target, arguments))
            yield Edit(*edge.placed.directive.span, f"[{text}](x)")


def _said(nodes: Nodes, child: Child) -> str:
    """What an include in running text brings, with the links that references leave, over all levels."""
    top = asked(child, 0, tabs=False)
    if not nodes.nodes[child.key].linked:
        return text_of(nodes, *top)
    texts: dict[tuple[NodeKey, int, bool], str] = {}
    pending = [top]
    while pending:
        key, shift, tabs = wanted = pending[-1]
        node = nodes.nodes[key]
        if key.code is not None:
            texts[pending.pop()] = text_of(nodes, *wanted)
            continue
        needed = [asked(below, shift, tabs) for below in brought_by(node.items, node.inline)]
        missing = [one for one in needed if one not in texts]
        if missing:
            pending += missing
            continue
        texts[pending.pop()] = assemble(nodes, wanted, [texts[one] for one in needed], [*_references(nodes, node)])
    return texts[top]
