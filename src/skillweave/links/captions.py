"""What headings and files are called in an output, including what directives bring into a heading."""

from __future__ import annotations

import re
from operator import attrgetter

from skillweave.flatten.layout import block_at, numbers_within
from skillweave.flatten.texts import assemble, text_in, text_of
from skillweave.flatten.units import UnitKey
from skillweave.flatten.values import TextKey, brought_by
from skillweave.parse.documents import parse, parse_by_parser
from skillweave.ranges import between
from skillweave.source import Edit, apply_edits
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skillweave.document import Heading
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Child, Node, Nodes
    from skillweave.graph.values import Edge


def heading_text(nodes: Nodes, node: Node, heading: Heading) -> str:
    """The text of a node's heading as it is in the output, without markup. Its slug is made of this."""
    start, end = heading.content
    end = heading.id_span.start if heading.id_span else end
    written = node.unit.text[start:end]
    if "<<" not in written and "{{" not in written:
        return heading.text
    brought = nodes.inline_edits.get(node.key)
    if brought is None:
        brought = nodes.inline_edits[node.key] = sorted(_brought(nodes, node))
    edits = between(brought, start, end, attrgetter("start"))
    return _said_with(node.unit, heading, edits) if edits else heading.text


def _said_with(unit: Unit, heading: Heading, edits: Iterable[Edit]) -> str:
    """The text of a unit's heading, without markup, after some edits in it."""
    end = heading.id_span.start if heading.id_span else heading.content.end
    text = apply_edits(unit.text, heading.content.start, end, sorted(edits))
    found = parse(f"# {' '.join(text.split())}\n").headings
    return found[0].text if found else heading.text


def link_text(nodes: Nodes, edge: Edge, caller: Unit, unit: UnitKey) -> str:
    """The text, as Markdown, of the link that a reference in the unit `caller` leaves. `unit` is what the link leads to.

    It is the text that the directive or else the file's front matter gives, with brackets escaped; or else the file's first
    heading or its name, with everything escaped that would be markup.
    """
    block = block_at(caller, edge.placed.line)
    text = _linked_text(nodes, edge, unit)
    return text.replace("|", r"\|") if block is not None and block.kind == "table" else text


def _linked_text(nodes: Nodes, edge: Edge, unit: UnitKey) -> str:
    document = nodes.graph.files[unit.path].document
    field = document.fields.get("title") if document and document.fields else None
    title = field.value if field is not None and isinstance(field.value, str) else ""
    markup = edge.directive.text or " ".join(title.split())
    if markup:
        return _in_link(markup)
    return _MEANT_AS_MARKUP.sub(_as_text, _first_heading(nodes, unit) or unit.path.rpartition("/")[2])


def _as_text(match: re.Match[str]) -> str:
    return _BACK_TICK if match[0] == "`" else f"\\{match[0]}"


_BACK_TICK = "&#96;"
"""A back-tick that no other pairs up with. With a backslash before it, it would still end code that begins before the link."""


def _in_link(markup: str) -> str:
    """A text as the text of a link. Outside code, what would end it or begin a link in it is escaped, and so are back-ticks
    that would pair up with some in the text around it.
    """
    made, at = "", 0
    for start, end in _code_in(markup) if "`" in markup else ():
        made += _ESCAPED.sub(_escape, markup[at:start]) + markup[start:end]
        at = end
    return made + _ESCAPED.sub(_escape, markup[at:])


def _code_in(markup: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each code span in a text whose brackets mean nothing."""
    lead = "![x](y) "  # no block begins behind it, and with it, the parse notes everything that the line holds
    document = parse_by_parser(f"{lead}{markup.translate(_NO_BRACKETS)}\n", front_matter=False)
    yield from ((span.start - len(lead), span.end - len(lead)) for span, _ in document.code_spans)


_NO_BRACKETS = {ord("["): ".", ord("]"): "."}
_ESCAPED = re.compile(r"(\\*)([\[\]`]|<(?=[A-Za-z][A-Za-z0-9+.-]+:[^\s<>]*>|[^\s<>@]+@[^\s<>]+>)|\Z)")
"""Matches what `_in_link` escapes, with the backslashes before it. Behind `<`, that is an address."""


def _escape(match: re.Match[str]) -> str:
    """Escape a character, unless it is escaped already. At the end of the text, an odd backslash is doubled, as it would escape
    the bracket that follows.
    """
    is_odd = len(match[1]) % 2 == 1
    if match[2] == "`":
        return match[1][is_odd:] + _BACK_TICK
    return match[1] + ("\\" if is_odd != bool(match[2]) else "") + match[2]


_MEANT_AS_MARKUP = re.compile(
    r"""[`*\[\]] | \\(?=[!-/:-@\[-`{-~]|\Z) | (?<![A-Za-z0-9])_ | _(?![A-Za-z0-9]) | ~(?=~)
      | <(?=[A-Za-z/!?<]) | \{(?=\{) | &(?=\#|[A-Za-z][A-Za-z0-9]*;)""",
    re.VERBOSE,
)
"""Matches what would be markup in running text."""


def _first_heading(nodes: Nodes, unit: UnitKey) -> str:
    """The text of a unit's first heading, with what includes bring into it; empty if there is none.

    The links that references in it would leave are not worked out: they may lead back here.
    """
    key = nodes.wholes.get(unit)
    made = nodes.units.get(unit)
    document = made.document if made else nodes.graph.files[unit.path].document
    if document is None or not document.headings:
        return ""
    heading = document.headings[0]
    if key is None or made is None:
        return heading.text
    start, end = heading.content
    edits = [
        Edit(*placed.directive.span, text_of(nodes, text_in(child)))
        for placed, child in nodes.nodes[key].inline
        if child is not None and start <= placed.directive.span.start < end and not nodes.nodes[child.key].has_links
    ]
    return _said_with(made, heading, edits) if edits else heading.text


def _brought(nodes: Nodes, node: Node) -> Iterator[Edit]:
    """Yield the edits that put in place what includes and references in the running text of a node become."""
    for placed, child in node.inline:
        yield Edit(*placed.directive.span, _said(nodes, child) if child is not None else "")
    yield from _references(nodes, node)


def _references(nodes: Nodes, node: Node) -> Iterator[Edit]:
    for number in numbers_within(node.unit, node.key.ranges):
        edge = node.unit.edges[number]
        if edge is None or edge.target is None or edge.directive.word != "reference":
            continue
        arguments = nodes.calls.of(node.unit.key, edge)
        if edge.target in nodes.graph.files and arguments is not None:
            text = link_text(nodes, edge, node.unit, UnitKey(edge.target, arguments))
            yield Edit(*edge.placed.directive.span, f"[{text}](x)")


def _said(nodes: Nodes, child: Child) -> str:
    """The text that an include in running text brings, with the links that references in it leave, over all levels."""
    top = text_in(child)
    if not nodes.nodes[child.key].has_links:
        return text_of(nodes, top)
    texts: dict[TextKey, str] = {}
    pending = [top]
    while pending:
        wanted = pending[-1]
        node = nodes.nodes[wanted.node]
        if wanted.node.code is not None:
            texts[pending.pop()] = text_of(nodes, wanted)
            continue
        needed = [text_in(below, wanted) for below in brought_by(node.items, node.inline)]
        missing = [one for one in needed if one not in texts]
        if missing:
            pending += missing
            continue
        texts[pending.pop()] = assemble(nodes, wanted, [texts[one] for one in needed], [*_references(nodes, node)])
    return texts[top]
