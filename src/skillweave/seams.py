"""Seams: whether a splice keeps the meaning of what stands around it and of what it brings (LANGUAGE 5).

Most seams are safe by a look at the lines on both sides. For the others, the blocks around the splice are parsed as they
will stand in the output, and held against the blocks that the two files have on their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from skillweave.diagnostics import (
    INVALID_FRONT_MATTER,
    PARAGRAPH_MERGE,
    SEAM_CHANGES_MEANING,
    SETEXT_SEAM,
    Fix,
    Problem,
    Severity,
)
from skillweave.flatten.layout import block_at
from skillweave.flatten.texts import asked, text_of
from skillweave.flatten.values import BareItem, ChildItem, TextItem, is_too_large
from skillweave.markdown import read_blocks, render
from skillweave.markdown.values import Block, Container
from skillweave.parse import not_alone
from skillweave.select import bridged
from skillweave.source import Edit, apply_edits
from skillweave.splice import add_prefix, continuation
from skillweave.units import to_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.values import Child, Item, Node, NodeKey, Nodes
    from skillweave.source import Span
    from skillweave.units import Unit, UnitKey

_LONG = 400
"""Lines of an expansion above which only its first and last blocks are looked at."""

_ENDED = frozenset({"heading", "rule", "fence"})
"""Blocks that nothing behind them can change or join."""


def check_seams(nodes: Nodes) -> None:
    """Report every splice that changes what a block of either side is."""
    short: dict[tuple[NodeKey, bool], _Expansion] = {}
    tops: dict[UnitKey, list[tuple[int, int]]] = {}
    found_at: dict[tuple[str, int], list[tuple[Unit, Problem]]] = {}
    for key, node in list(nodes.nodes.items()):
        if key.code is not None or is_too_large(nodes, node):
            continue
        found: list[tuple[PlacedDirective, Problem]] = []
        doubtful = [item for number, item in enumerate(node.items) if _is_doubtful(nodes, node, number)]
        if doubtful:
            nodes.doubtful.add(key)
            if key.unit not in tops:
                tops[key.unit] = _top_ranges(node.unit.document.blocks if node.unit.document else ())
            for window in _windows(node, doubtful, tops[key.unit]):
                found += _compare(_lay_out(nodes, node, window, short))
            brought = (item.child for item in doubtful if isinstance(item, ChildItem))
            torn = {child.edge.placed for child in brought if _is_torn(nodes, child)}
            found = [each for each in found if each[0] not in torn or each[1].code is not SEAM_CHANGES_MEANING]
        found += _check_inline(nodes, node)
        for placed, problem in _by_directive(found):
            place = (key.path, to_source(nodes.graph, node.unit, placed.directive.span).start)
            found_at.setdefault(place, []).append((node.unit, problem))
    for problems in found_at.values():
        # One for each place, and not the one that was found first: that depends on who includes the file. An error goes
        # first, or a warning that is ignored could hide it.
        nodes.report(*min(problems, key=lambda each: (_is_mild(each[1]), each[1].code.number, *each[1][1:3])))


def _is_mild(problem: Problem) -> bool:
    return (problem.severity or problem.code.severity) is not Severity.ERROR


def _is_doubtful(nodes: Nodes, node: Node, number: int) -> bool:
    """Whether only a parse can tell that the splice at an item keeps its meaning."""
    item = node.items[number]
    if isinstance(item, BareItem):
        return True
    if not isinstance(item, ChildItem):
        return False
    before = node.items[number - 1] if number else None
    after = node.items[number + 1] if number + 1 < len(node.items) else None
    behind = node.items[number + 2] if number + 2 < len(node.items) else None
    return not (_is_safe_before(nodes, node, before, item) and _is_safe_after(nodes, node, item, (after, behind)))


def _is_torn(nodes: Nodes, child: Child) -> bool:
    """Whether an include brings a file whose first line is a `---` that a finding of its own is about."""
    document = nodes.nodes[child.key].unit.document
    if document is None or document.front_matter is not None:
        return False
    return any(problem.code is INVALID_FRONT_MATTER for problem in document.problems)


def _starts_flush(nodes: Nodes, item: Item | None) -> bool:
    """Whether an item that comes behind a blank line starts at its container's edge, with anything but code."""
    if item is None:
        return True
    if not isinstance(item, ChildItem) or item.child.edge.placed.containers:
        return False
    below = nodes.nodes[item.child.key]
    return below.first is not None and below.first.kind != "code" and below.first_line[:1] not in (" ", "\t")


def _is_safe_before(nodes: Nodes, node: Node, before: Item | None, item: ChildItem) -> bool:
    below = nodes.nodes[item.child.key]
    first = below.first
    if below.has_code and item.child.edge.placed.prefix:
        return False
    if first is None or below.first_line[:1] in (" ", "\t") or first.kind == "code":
        return False
    placed = item.child.edge.placed
    if (placed.prefix or "").strip(" \t>"):
        plain = first.kind in ("paragraph", "heading", "fence", "table") and not first.containers
        return plain and below.first_line.strip("-*_ \t") != ""
    match before:
        case None:
            return True
        case TextItem(_, end):
            if not node.unit.lines[end - 1].strip(" \t>"):
                return True
            above = block_at(node.unit, end - 1)
            return above is not None and above.kind in _ENDED and above.containers == placed.containers
        case ChildItem(child, _):
            return _has_ended(nodes.nodes[child.key]) and not child.edge.placed.containers
        case _:
            return False


def _is_safe_after(nodes: Nodes, node: Node, item: ChildItem, behind: tuple[Item | None, Item | None]) -> bool:
    below = nodes.nodes[item.child.key]
    after, further = behind
    match after:
        case None:
            return True
        case TextItem(start, end):
            line = start
            while line < end and not node.unit.lines[line].strip(" \t>"):
                line += 1
            if line == start:
                return _has_ended(below)
            if line == end:
                return _has_ended(below) or (below.last is not None and _starts_flush(nodes, further))
            later = continuation(item.child.edge.placed.prefix or "")
            text = node.unit.lines[line]
            rest = text[len(later) :] if text.startswith(later) else text.lstrip(" \t")
            return rest[:1] not in (" ", "\t") and below.last is not None
        case _:
            return _has_ended(below)


def _has_ended(node: Node) -> bool:
    return node.last is not None and node.last.kind in _ENDED and not node.last.containers


def _top_ranges(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The line ranges of the outermost blocks; the items of a list, which touch, are one range."""
    ranges: list[tuple[int, int]] = []
    was_item = False
    for block in blocks:
        outer = block.containers[0] if block.containers else None
        start, end = (min(outer.start, block.start), max(outer.end, block.end)) if outer else (block.start, block.end)
        is_item = outer is not None and outer.kind == "item"
        if ranges and (start < ranges[-1][1] or (is_item and was_item)):
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
        was_item = is_item
    return ranges


def _windows(node: Node, doubtful: Sequence[Item], tops: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The lines around doubtful splices that a parse must see: an outermost block before and one behind, at least."""
    blocks = node.unit.document.blocks if node.unit.document else ()
    directives = {block.start for block in blocks if block.kind == "directive" and not block.containers}

    def is_directive(place: int) -> bool:
        start, end = tops[place]
        return end == start + 1 and start in directives

    # How far a run of outermost blocks that are nothing but directives reaches, both ways.
    before, behind = list(range(len(tops))), list(range(len(tops)))
    for at in range(1, len(tops)):
        if is_directive(at - 1):
            before[at] = before[at - 1]
        else:
            before[at] = at - 1
    for at in range(len(tops) - 2, -1, -1):
        behind[at] = behind[at + 1] if is_directive(at + 1) else at + 1
    place = 0
    previous: tuple[int, int] | None = None
    for item in doubtful:
        line = item.line if isinstance(item, (ChildItem, BareItem)) else 0
        while place + 1 < len(tops) and tops[place + 1][0] <= line:
            place += 1
        window = (tops[before[place]][0], tops[behind[place]][1])
        if previous and window[0] < previous[1]:
            previous = (previous[0], max(previous[1], window[1]))
        else:
            if previous:
                yield previous
            previous = window
    if previous:
        yield previous


class _Expansion(NamedTuple):
    """What an include brings, by lines (only its first and last blocks if it is long), and its blocks."""

    text: str
    blocks: list[Block]


class _Splice(NamedTuple):
    """Where a splice stands in a layout, half-open, and the directive that asked for it."""

    start: int
    end: int
    placed: PlacedDirective


class _Layout(NamedTuple):
    """Some lines as they will stand in the output; the blocks that the files on both sides have on their own; the splices."""

    unit: Unit
    lines: list[str]
    expected: dict[int, Block]
    splices: list[_Splice]
    cut: list[_Splice]
    """Those that bring a part of a fence or a table: that is reported, and says it all."""


def _expansion(nodes: Nodes, child: Child, short: dict[tuple[NodeKey, bool], _Expansion]) -> _Expansion:
    wanted, shift, tabs = asked(child, 0, tabs=False)
    key = (wanted, tabs)
    if key not in short:
        text = text_of(nodes, wanted, shift, tabs)
        blocks = read_blocks(text)
        lines = text.split("\n")
        if len(lines) > _LONG:
            tops = _top_ranges(blocks)
            head = next((end for _, end in tops if end >= _LONG // 4), len(lines))
            tail = next((start for start, _ in reversed(tops) if start <= len(lines) - _LONG // 4), 0)
            if head < tail:
                text = "\n".join([*lines[:head], "", *lines[tail:]])
                blocks = read_blocks(text)
        short[key] = _Expansion(text, blocks)
    return short[key]


def _lay_out(
    nodes: Nodes, node: Node, window: tuple[int, int], short: dict[tuple[NodeKey, bool], _Expansion]
) -> _Layout:
    """The lines of a window with its splices made, and what each line's block should be."""
    unit = node.unit
    low, high = window
    layout = _Layout(unit, [], {}, [], [])
    moved: dict[int, int] = {}
    by_line = {placed.line: placed for placed in unit.document.directives} if unit.document else {}
    brought: list[tuple[_Splice, list[Block]]] = []
    for item in node.items:
        match item:
            case TextItem(start, end):
                for line in range(max(start, low), min(end, high)):
                    moved[line] = len(layout.lines)
                    layout.lines.append(unit.lines[line])
            case BareItem(text, line) if low <= line < high:
                moved[line] = len(layout.lines)
                layout.splices.append(_Splice(len(layout.lines), len(layout.lines) + 1, by_line[line]))
                layout.lines.append(text)
            case ChildItem(child, line) if low <= line < high:
                expansion = _expansion(nodes, child, short)
                moved[line] = len(layout.lines)
                lines = add_prefix(expansion.text, child.edge.placed.prefix or "").split("\n")
                splice = _Splice(len(layout.lines), len(layout.lines) + len(lines), child.edge.placed)
                layout.splices.append(splice)
                layout.lines.extend(lines)
                brought.append((splice, expansion.blocks))
                if _is_cut(nodes.nodes[child.key]):
                    layout.cut.append(splice)
            case _:
                pass
    spliced = {splice.placed.line for splice in layout.splices}
    for block in unit.document.blocks if unit.document else ():
        if block.start in moved and (block.kind != "directive" or block.start not in spliced):
            end = next((moved[line] + 1 for line in range(block.end - 1, block.start - 1, -1) if line in moved), 0)
            around = tuple(Container(c.kind, moved.get(c.start, -1), 0) for c in block.containers)
            # A directive that is no splice is a reference: it leaves a link in its line.
            kind = "paragraph" if block.kind == "directive" else block.kind
            start = moved[block.start]
            layout.expected[start] = block._replace(kind=kind, start=start, end=end, containers=around)
    for splice, blocks in brought:
        outer = tuple(Container(c.kind, moved.get(c.start, -1), 0) for c in splice.placed.containers)
        for block in blocks:
            inner = tuple(Container(c.kind, c.start + splice.start, 0) for c in block.containers)
            layout.expected[block.start + splice.start] = block._replace(
                start=block.start + splice.start, end=block.end + splice.start, containers=(*outer, *inner)
            )
    return layout


def _is_cut(node: Node) -> bool:
    document = node.unit.document
    ranges = bridged(node.key.ranges, document.markers if document else ())
    for block in document.blocks if document else ():
        if block.kind in ("fence", "table"):
            covered = sum(max(0, min(end, block.end) - max(start, block.start)) for start, end in ranges)
            if 0 < covered < block.end - block.start:
                return True
    return False


def _compare(layout: _Layout) -> Iterator[tuple[PlacedDirective, Problem]]:
    """Parse the lines as they will stand, and judge each block that is not what it was."""
    for block in read_blocks("\n".join(layout.lines)):
        actual = block._replace(containers=tuple(Container(c.kind, c.start, 0) for c in block.containers))
        expected = layout.expected.get(block.start)
        if expected and _is_same(layout, actual, expected):
            continue
        # The change is laid to the nearest splice before the block's end, or else to the next one.
        splice = max(
            (s for s in layout.splices if s.start <= actual.end), key=lambda s: s.start, default=layout.splices[0]
        )
        problem = _judge(layout, actual, expected, splice)
        if problem and splice not in layout.cut:
            yield splice.placed, problem


def _is_same(layout: _Layout, actual: Block, expected: Block) -> bool:
    if actual.kind != expected.kind or actual.containers != expected.containers or actual.content != expected.content:
        return False
    ends = [actual.end, expected.end]
    for number in (0, 1):
        while ends[number] > actual.start and not layout.lines[ends[number] - 1].strip(" \t>"):
            ends[number] -= 1
    return ends[0] == ends[1]


_KINDS = {
    "paragraph": "a paragraph",
    "heading": "a heading",
    "setext": "a heading",
    "fence": "fenced code",
    "code": "indented code",
    "html": "an HTML block",
    "rule": "a thematic break",
    "table": "a table",
    "definition": "a link definition",
}


def _judge(layout: _Layout, actual: Block, expected: Block | None, splice: _Splice) -> Problem | None:
    span = splice.placed.directive.span
    inside = [layout.expected[line] for line in range(actual.start, actual.end) if line in layout.expected]
    kinds = {block.kind for block in inside}
    if actual.kind == "setext" and expected is not None and expected.kind == "paragraph":
        return Problem(
            SETEXT_SEAM,
            "a line of --- or === turns the text before it into a heading here",
            span,
            help="put a blank line between them",
            fix=_part(layout, range(actual.start + 1, actual.end)),
        )
    if actual.kind == "table" and kinds <= {"table", "paragraph"}:
        rows = [
            layout.lines[line]
            for block in inside
            if block.kind == "paragraph"
            for line in range(block.start, block.end)
        ]
        tables = sum(block.kind == "table" for block in inside)
        if all("|" in row for row in rows) and expected is not None and expected.kind == "table" and tables == 1:
            return None
        return _change(
            span, "text becomes part of a table" if expected and expected.kind == "table" else "text becomes a table"
        )
    if actual.kind in ("paragraph", "html") and len(inside) > 1 and kinds <= {"paragraph", "html", "setext"}:
        started = {c for block in inside[1:] for c in block.containers} - set(actual.containers)
        joins_quote = any(container.kind == "quote" for container in actual.containers)
        lost = {container for container in started if container.kind != "quote" or not joins_quote}
        if not any(container.start > actual.start for container in lost):
            return _merge(span, _KINDS[actual.kind], _part(layout, range(actual.start + 1, actual.end)))
    if expected is not None and actual.kind == expected.kind:
        gained = set(actual.containers) - set(expected.containers)
        if gained and set(expected.containers) <= set(actual.containers):
            container = min(gained, key=lambda c: c.start)
            seams = [line for line in _seams(layout) if container.start < line <= actual.start]
            what = {"item": "a list item", "quote": "a quote", "note": "a footnote"}[container.kind]
            return _merge(span, what, _part(layout, range(seams[-1], seams[-1] + 1)) if seams else None)
    if expected is not None and actual.kind == expected.kind == "code" and actual.containers == expected.containers:
        return _change(span, "the indent before this include becomes part of indented code")
    was = _KINDS.get(expected.kind if expected else next(iter(kinds), "paragraph"), "text")
    if expected is None and inside:
        was = _KINDS.get(inside[0].kind, "text")
    now = _KINDS.get(actual.kind, "text")
    change = f"{was} becomes {now}" if was != now else f"{was} comes to stand in another block"
    if now == "a paragraph" and len(inside) > 1:
        other = next((block for block in inside if block.kind != "paragraph"), None)
        was = _KINDS[other.kind] if other else "a list or quote"
        change = f"{was} becomes text of a paragraph"
    return _change(span, change)


def _change(span: Span, what: str) -> Problem:
    return Problem(
        SEAM_CHANGES_MEANING,
        f"{what} where this include joins the text around it",
        span,
        help="put blank lines around the directive, or give it another place",
    )


def _merge(span: Span, what: str, fix: Fix | None) -> Problem:
    return Problem(
        PARAGRAPH_MERGE,
        f"text becomes part of {what} across the edge of this include",
        span,
        help="put a blank line between them",
        fix=fix,
    )


def _seams(layout: _Layout) -> list[int]:
    """The lines of a layout that begin a splice, or the text behind one."""
    return sorted({line for splice in layout.splices for line in (splice.start, splice.end)})


def _part(layout: _Layout, lines: range) -> Fix | None:
    """Put a blank line into the source before every line of a layout, out of some, that a seam stands before.

    Nothing for a rendered template: its lines are not the source's.
    """
    if layout.unit.sources is not None:
        return None
    edits = [_blank_line(layout, line) for line in _seams(layout) if line in lines]
    return Fix(safe=True, edits=tuple(sorted(edit for edit in edits if edit))) if edits and all(edits) else None


def _blank_line(layout: _Layout, line: int) -> Edit | None:
    """A blank line before what stands at a seam. In a quote it has the quote's mark."""
    starts = layout.unit.index.starts
    for splice in layout.splices:
        prefix = splice.placed.prefix or ""
        if splice.start == line and not prefix.strip(" \t>"):
            at = starts[splice.placed.line]
        elif splice.end == line and splice.placed.line + 1 < len(starts):
            at = starts[splice.placed.line + 1]
        else:
            continue
        return Edit(at, at, continuation(prefix).rstrip(" \t") + "\n")
    return None


def _by_directive(
    found: Sequence[tuple[PlacedDirective, Problem]],
) -> Iterable[tuple[PlacedDirective, Problem]]:
    """One problem for each directive, the first, with the fixes of all others of its kind."""
    first: dict[Span, tuple[PlacedDirective, Problem]] = {}
    for placed, problem in found:
        known = first.setdefault(placed.directive.span, (placed, problem))[1]
        if known.fix and problem.fix and known.code is problem.code:
            edits = tuple(sorted({*known.fix.edits, *problem.fix.edits}))
            first[placed.directive.span] = (placed, known._replace(fix=Fix(safe=True, edits=edits)))
    return first.values()


def _check_inline(nodes: Nodes, node: Node) -> Iterator[tuple[PlacedDirective, Problem]]:
    """Includes in running text must render to what their block and their texts render to.

    A block is rendered once for all that stands in it; which include is to blame is looked for only if it differs.
    """
    by_block: dict[Block, list[tuple[PlacedDirective, Child]]] = {}
    for placed, child in node.inline:
        block = block_at(node.unit, placed.line)
        if child is not None and block is not None and nodes.nodes[child.key].items:
            by_block.setdefault(block, []).append((placed, child))
    for block, inline in by_block.items():
        in_links = [placed for placed, _ in inline if _is_in_tag(node.unit, block, placed)]
        for placed in in_links:
            yield placed, not_alone(placed.directive.span, "include", "in a link's destination or title")
        if in_links or _keeps_meaning(nodes, node.unit, block, inline):
            continue
        blamed = (
            [each for each in inline if not _keeps_meaning(nodes, node.unit, block, [each])] if len(inline) < 50 else []
        )
        for placed, child in blamed or inline[:1]:
            problem = Problem(
                SEAM_CHANGES_MEANING,
                f"{child.key.path} means something else in this line than on its own",
                placed.directive.span,
                help="put blanks or other text around the directive, or include it on a line of its own",
            )
            yield placed, problem


def _is_in_tag(unit: Unit, block: Block, placed: PlacedDirective) -> bool:
    """Whether what an include brings would become part of a link's destination or title, or of an HTML tag."""
    start = unit.index.starts[block.start]
    end = unit.index.starts[block.end - 1] + len(unit.lines[block.end - 1])
    if "](" not in unit.text[start:end] and "<" not in unit.text[start : placed.directive.span.start]:
        return False
    word = _stand_in(0)
    rendered = render(_flush(apply_edits(unit.text, start, end, [Edit(*placed.directive.span, word)])))
    before = rendered[: rendered.find(word)]
    if before.rfind("<") <= before.rfind(">"):
        return False
    # An image's alternative text is running text, and the only one that rendering puts into a tag.
    return re.search(r'\balt="[^"]*$', before) is None


def _keeps_meaning(nodes: Nodes, unit: Unit, block: Block, inline: Sequence[tuple[PlacedDirective, Child]]) -> bool:
    start = unit.index.starts[block.start]
    end = unit.index.starts[block.end - 1] + len(unit.lines[block.end - 1])
    spans = [placed.directive.span for placed, _ in inline]
    texts = [text_of(nodes, child.key).strip(" \t") for _, child in inline]
    held = render(
        _flush(apply_edits(unit.text, start, end, [Edit(*span, _stand_in(n)) for n, span in enumerate(spans)]))
    )
    for number, text in enumerate(texts):
        held = held.replace(_stand_in(number), render(text).strip().removeprefix("<p>").removesuffix("</p>"))
    spliced = _flush(
        apply_edits(unit.text, start, end, [Edit(*span, text) for span, text in zip(spans, texts, strict=True)])
    )
    return held == render(spliced) and [there.kind for there in read_blocks(spliced)] == [block.kind]


def _stand_in(number: int) -> str:
    """A word that stands for the text of an include, and is no part of another one."""
    return f"skillweavestandsinhere{number}x"


def _flush(text: str) -> str:
    return re.sub(r"(?m)^[ \t]+", "", text)
