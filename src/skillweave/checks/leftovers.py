"""The last guard: a directive that is inert in its source must not become live in an output."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from operator import attrgetter

from skillweave.diagnostics import INVALID_FRONT_MATTER, LEFTOVER_DIRECTIVE, SEAM_CHANGES_MEANING, Problem
from skillweave.directive.openers import SPELLED
from skillweave.flatten.layout import block_at, numbers_within
from skillweave.flatten.origins import origins
from skillweave.flatten.values import brought_by
from skillweave.front_matter import read_front_matter
from skillweave.graph.values import diagnose
from skillweave.markdown import read, read_blocks
from skillweave.parse.front import find_front_matter
from skillweave.ranges import between, bridged
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import Document
    from skillweave.flatten.units import Unit, UnitKey
    from skillweave.flatten.values import Node, NodeKey, Nodes
    from skillweave.links.site import PlannedPage
    from skillweave.markdown.values import Block
    from skillweave.source import SourcePath

_SPELLED = re.compile(SPELLED)


def _spelled(text: str, start: int = 0) -> Iterator[int]:
    """Yield the offsets where a text spells a directive, live or not. Searching for the plain marks first is many
    times faster.
    """
    for mark in ("<<", "{{"):
        at = text.find(mark, start)
        while at >= 0:
            if _SPELLED.match(text, at):
                yield at
            at = text.find(mark, at + 1)


def sound_nodes(nodes: Nodes) -> set[NodeKey]:
    """Find the nodes whose expansion need not be parsed again: every splice in it is certainly safe, no block is cut, and none
    of its text is written by us. What the parse of the sources found then holds in the output, too.
    """
    sound: set[NodeKey] = set()
    spelled: dict[UnitKey, _Literals] = {}
    for key, node in nodes.nodes.items():  # nodes are in order: each comes after all that it includes
        below = all(child.key in sound for child in brought_by(node.items, node.inline))
        if below and key not in nodes.doubtful and (key.code is not None or _keeps_literals(node, spelled)):
            sound.add(key)
    return sound


class _Literals(NamedTuple):
    """Where a unit spells directives that are not live."""

    blocks: Sequence[Block]
    """The blocks that hold them, in order."""
    is_any_loose: bool
    """Whether one of them is in no block that certainly keeps it from being live."""


def _keeps_literals(node: Node, spelled: dict[UnitKey, _Literals]) -> bool:
    """Whether every directive spelled in a node's own lines stands in a block that is entirely there. `spelled` caches where
    units spell them.
    """
    unit = node.unit
    edges = (unit.edges[number] for number in numbers_within(unit, node.key.ranges))
    if node.inline or any(edge is None or edge.directive.word == "reference" for edge in edges):
        return False
    if unit.rendering is not None or unit.document is None:
        return False
    if unit.key not in spelled:
        inert = _inert(unit, unit.document)
        blocks = [block_at(unit, line) for _, line in inert]
        held = sorted({block for block in blocks if block is not None}, key=attrgetter("start"))
        is_any_loose = any(
            block is None or not _is_literal(unit.document, offset, block)
            for (offset, _), block in zip(inert, blocks, strict=True)
        )
        spelled[unit.key] = _Literals(held, is_any_loose)
    literals = spelled[unit.key]
    if not literals.blocks and not literals.is_any_loose:
        return True
    ranges = bridged(node.key.ranges, unit.document.markers)
    if len(ranges) > 1 or literals.is_any_loose:
        return False  # where the ends of two ranges come together, they may form one block
    return not any(_is_cut(literals.blocks, line) for range_ in ranges for line in range_)


def _is_literal(document: Document, offset: int, block: Block) -> bool:
    """Whether a directive at an offset in a block, which is inert, certainly stays so once the directives around it are gone.
    The blocks and code spans of a document are those around its directives. What is inert was decided before these were known:
    for instance, the line `10. x` begins a list behind another block, but not behind a line of text.
    """
    if block.kind in ("fence", "code", "html"):
        return True
    place = bisect_right(document.code_spans, offset, key=lambda one: one[0].start) - 1
    in_code = place >= 0 and offset < document.code_spans[place][0].end
    escape = bisect_left(document.escapes, offset - 1)
    return in_code or document.escapes[escape : escape + 1] == (offset - 1,)


def _is_cut(blocks: Sequence[Block], line: int) -> bool:
    """Whether one of some blocks, which are in order, begins before a line and goes on there."""
    before = bisect_left(blocks, line, key=attrgetter("start")) - 1
    return before >= 0 and line < blocks[before].end


def _inert(unit: Unit, document: Document) -> list[tuple[int, int]]:
    """Where a unit spells a directive, as offset and line, other than on the lines of live block directives."""
    live = {placed.line for placed in document.directives if placed.prefix is not None}
    offsets = _spelled(unit.text, unit.line_index.start(document.body))
    places = ((offset, unit.line_index.line_of(offset)) for offset in offsets)
    return [(offset, line) for offset, line in places if line not in live]


def check_leftovers(nodes: Nodes, page: PlannedPage, text: str) -> None:
    """Report directives that are live in the text of a page, except where an escape put them there on purpose.

    A page in `nodes.sound` is skipped: its blocks stand in the output just as they were parsed.
    """
    if page.layout.copies[0].key in nodes.sound:
        return
    spelled = _lines_with_directives(text)
    if not spelled or _all_in_code(text, spelled):
        return
    live = [opener for opener in read(text).openers if opener.fate == "live" and not opener.near_miss]
    if not live:
        return
    graph = nodes.graph
    index = LineIndex(text)
    places = list(origins(nodes, page.layout.copies[0].key))
    escaped = Counter(_escaped(nodes, page))
    for opener in live:
        written = text[opener.span.start : opener.span.end]
        origin = places[min(index.line_of(opener.span.start), len(places) - 1)]
        file = graph.files[origin.path]
        at_hand = [(origin.path, origin.line, _spelling(written)), (None, 0, _spelling(written))]
        excuse = next((one for one in at_hand if escaped[one]), None)
        if excuse is not None:
            escaped[excuse] -= 1
            continue
        start = file.line_index.starts[origin.line]
        column = max(file.lines[origin.line].find(written), 0)
        graph.report(
            origin.path,
            Problem(
                LEFTOVER_DIRECTIVE,
                "this directive would be left unresolved in the output",
                Span(start + column, start + column + len(written)),
                help=_AT_HOME if origin.path == page.unit.path else _BROUGHT,
            ),
        )


_BROUGHT = "it is inert in its own file, but not where it is included: select the whole block around it"
_AT_HOME = "put a blank line behind the directives before it; or if it is meant literally, escape it with a backslash"


def check_first_line(nodes: Nodes, page: PlannedPage, text: str, owner: SourcePath) -> None:
    """Report text of a page without front matter that would be front matter in the output, as it comes first there. `owner` is
    the main file of the entry, which that fails.
    """
    span, _ = find_front_matter(LineIndex(text), []) if text.startswith("---") else (None, 0)
    if span is None:
        return
    fields, problems = read_front_matter(text[span.start : span.end], 0)
    if problems or not fields.fields:
        return  # Whatever reads the output finds no keys there.
    origin = next(origins(nodes, page.layout.copies[0].key))
    file = nodes.graph.files[origin.path]
    if file.document is not None and any(one.code is INVALID_FRONT_MATTER for one in file.document.problems):
        return  # It begins front matter in its own file, too, and that is reported.
    message = f"this line begins front matter in {page.out}, as it comes first there"
    span = Span(file.line_index.start(origin.line), file.line_index.end(origin.line))
    problem = Problem(SEAM_CHANGES_MEANING, message, span, help="write `***` for a rule, or put text before it")
    nodes.graph.add(diagnose(file.line_index, origin.path, problem), owner)


def _escaped(nodes: Nodes, page: PlannedPage) -> Iterator[tuple[SourcePath | None, int, str]]:
    """Yield the directives that the escapes of a page leave as text: file, line, and the text as `_spelling` gives it.

    For text included in a line of running text, the place is `(None, 0)`, as in the output it stands in a line of another file.
    """
    inline: set[int] = set()
    brought: dict[NodeKey, set[tuple[int, NodeKey]]] = {}
    for number, copy in enumerate(page.layout.copies):
        parent = page.layout.copies[copy.parent].key if copy.parent >= 0 else None
        if parent is not None and parent not in brought:
            within = nodes.nodes[parent].inline
            brought[parent] = {(placed.line, child.key) for placed, child in within if child is not None}
        if copy.parent in inline or (parent is not None and (copy.line, copy.key) in brought[parent]):
            inline.add(number)
        unit = nodes.nodes[copy.key].unit
        escapes = unit.document.escapes if unit.document and copy.key.code is None else ()
        for start, end in copy.key.ranges if escapes else ():
            for offset in between(escapes, start, end, unit.line_index.line_of):
                line = unit.line_index.line_of(offset)
                spelling = _spelling(unit.text[offset + 1 : unit.line_index.end(line)])
                yield (None, 0, spelling) if number in inline else (unit.path, unit.source_line(line), spelling)


def _spelling(text: str) -> str:
    """The part of a text that spells a directive: from the opener at its start to the first closing mark."""
    return text[: text.find(">>" if text.startswith("<<") else "}}") + 2]


def _lines_with_directives(text: str) -> list[int]:
    """The lines of a text, sorted, that spell a directive, live or not."""
    offsets = [*_spelled(text)]
    if not offsets:
        return []
    index = LineIndex(text)
    return sorted({index.line_of(offset) for offset in offsets})


def _all_in_code(text: str, lines: list[int]) -> bool:
    """Whether some lines of a text all lie in code blocks. This only reads the blocks, at half the cost of reading all."""
    code = [block for block in read_blocks(text) if block.kind in ("fence", "code")]
    above = (bisect_right(code, line, key=attrgetter("start")) - 1 for line in lines)
    return all(number >= 0 and line < code[number].end for number, line in zip(above, lines, strict=True))
