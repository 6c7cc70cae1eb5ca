"""Makes the texts of nodes, each once for each shift of its headings."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter

from skillweave.flatten.splice import add_prefix, heading_edits, id_edits, moves_tab_stops, tab_edits
from skillweave.flatten.values import (
    BareItem,
    Child,
    ChildItem,
    NodeKey,
    Nodes,
    TextItem,
    TextKey,
    brought_by,
    moved_by,
)
from skillweave.source import Edit, apply_edits
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.flatten.units import Unit


def text_of(nodes: Nodes, text: TextKey) -> str:
    """The text of a node's expansion, without a final line end. Remembered in `nodes.texts`."""
    pending = [text]
    while pending:
        wanted = pending[-1]
        if wanted in nodes.texts:
            pending.pop()
            continue
        needed = _needed(nodes, wanted)
        missing = [one for one in needed if one not in nodes.texts]
        if missing:
            pending.extend(missing)
            continue
        node = nodes.nodes[wanted.node]
        if wanted.node.code is not None:
            nodes.texts[wanted] = fenced(node.unit, wanted.node)
        else:
            nodes.texts[wanted] = assemble(nodes, wanted, [nodes.texts[one] for one in needed], ())
        pending.pop()
    return nodes.texts[text]


def _needed(nodes: Nodes, text: TextKey) -> list[TextKey]:
    if text.node.code is not None:
        return []
    node = nodes.nodes[text.node]
    return [text_in(child, text) for child in brought_by(node.items, node.inline)]


def text_in(child: Child, text: TextKey | None = None) -> TextKey:
    """The text that an include brings into `text`; without that, into the text of its own file as it is."""
    if child.key.code is not None:
        return TextKey(child.key)
    prefix = child.edge.placed.prefix
    is_moved = prefix is not None and prefix != "" and moves_tab_stops(prefix)
    shift, without_tabs = (text.shift, text.without_tabs) if text is not None else (None, False)
    return TextKey(child.key, moved_by(shift, child.shift), without_tabs or is_moved)


def assemble(nodes: Nodes, text: TextKey, brought: Sequence[str], changes: Sequence[Edit]) -> str:
    """Put a node's text together from `brought`, the texts that it includes (in the order of `brought_by`). `changes` are
    further edits of its own lines.
    """
    node = nodes.nodes[text.node]
    unit = node.unit
    texts = iter(brought)
    parts: list[str | TextItem] = []
    for item in node.items:
        match item:
            case TextItem():
                parts.append(item)
            case BareItem(left, _):
                parts.append(left.expandtabs(4) if text.without_tabs else left)
            case ChildItem(child, _):
                prefix = child.edge.placed.prefix or ""
                if text.without_tabs and "\t" in prefix:
                    prefix = prefix.expandtabs(4)
                parts.append(add_prefix(next(texts), prefix))
    starts, edits = _edits(nodes, unit, text)
    more = [Edit(*placed.directive.span, next(texts) if child is not None else "") for placed, child in node.inline]
    more = sorted([*more, *changes])
    pieces: list[str] = []
    for part in parts:
        own = part if isinstance(part, str) else _own_text(unit, part, (starts, edits), more)
        glued = text.shift is not None and isinstance(part, TextItem) and _continues_heading(unit, part.start)
        pieces += [own] if glued or not pieces else ["\n", own]
    return "".join(pieces)


def _continues_heading(unit: Unit, line: int) -> bool:
    """Whether a line continues a setext heading, and the line before it is a marker, which reaches no output."""
    document = unit.document
    if document is None or not document.markers:
        return False
    place = bisect_left(document.markers, line - 1)
    if place == len(document.markers) or document.markers[place] != line - 1:
        return False
    above = bisect_left(document.headings, line, key=attrgetter("start")) - 1
    return above >= 0 and document.headings[above].setext and line < document.headings[above].end


def _own_text(unit: Unit, item: TextItem, static: tuple[list[int], list[Edit]], more: Sequence[Edit]) -> str:
    starts, edits = static
    first, last = (
        unit.line_index.starts[item.start],
        unit.line_index.end(item.end - 1),
    )
    within = edits[bisect_left(starts, first) : bisect_left(starts, last + 1)]
    if more:
        low = bisect_left(more, first, key=lambda edit: edit.start)
        high = bisect_left(more, last + 1, key=lambda edit: edit.start)
        within = sorted([*within, *more[low:high]]) if high > low else within
    return apply_edits(unit.text, first, last, within)


def _is_within(edit: Edit, others: Sequence[Edit]) -> bool:
    """Whether an edit lies within one of others, which are sorted and do not overlap."""
    place = bisect_right(others, edit.start, key=lambda other: other.start) - 1
    return place >= 0 and edit.end <= others[place].end


def fenced(unit: Unit, key: NodeKey) -> str:
    """A selection as a fenced code block. The fence is longer than any run of back-ticks in it."""
    lines = [unit.lines[line] for start, end in key.ranges for line in range(start, end)]
    longest = max((len(run) for line in lines for run in re.findall(r"`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    return "\n".join([fence + (key.code or ""), *lines, fence])


def _edits(nodes: Nodes, unit: Unit, text: TextKey) -> tuple[list[int], list[Edit]]:
    """The edits of a unit's own text that splicing takes: escapes, heading levels and ids, and tabs in indents. Returns their
    start offsets and the edits, both sorted.
    """
    wanted = (unit.key, text.shift, text.without_tabs)
    if wanted not in nodes.edits:
        document = unit.document
        edits: list[Edit] = []
        if document is not None:
            edits += [Edit(offset, offset + 1, "") for offset in document.escapes]
            for heading in document.headings:
                if heading.id_span and not unit.is_own:
                    edits += id_edits(unit.text, heading.content.start, heading.id_span)
                if text.shift is not None:
                    edits += heading_edits(unit.line_index, heading, heading.level + text.shift, document)
            if text.without_tabs:
                # The edits that join the lines of a heading already remove their indents.
                gone = sorted(edit for edit in edits if edit.end > edit.start)
                edits += [edit for edit in tab_edits(unit.line_index, document) if not _is_within(edit, gone)]
        edits.sort()
        nodes.edits[wanted] = ([edit.start for edit in edits], edits)
    return nodes.edits[wanted]
