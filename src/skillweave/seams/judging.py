"""Compares what a parse finds in the lines around a splice with what each side was by itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from skillweave.diagnostics import PARAGRAPH_MERGE, SEAM_CHANGES_MEANING, SETEXT_SEAM, Fix, Problem
from skillweave.flatten.splice import continuation
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block, Container
from skillweave.source import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.seams.layouts import Layout, Splice
    from skillweave.source import Span


def compare(layout: Layout) -> Iterator[tuple[PlacedDirective, Problem]]:
    """Parse the lines as they will stand in the output, and yield a problem for each block that is not what it was."""
    seams, known = _Seams(layout), 0
    for block in read_blocks("\n".join(layout.lines)):
        yield from _vanished(seams, range(known, block.start))
        known = max(known, block.end)
        actual = block._replace(containers=tuple(Container(c.kind, c.start, 0) for c in block.containers))
        expected = layout.expected.get(block.start)
        if expected and _is_same(layout, actual, expected):
            continue
        # The nearest splice that starts at or before the block's end is blamed; if there is none, the next one.
        splice = seams.splice_at(actual.end)
        problem = _judge(seams, actual, expected, splice)
        if problem and splice not in layout.cut:
            yield splice.placed, problem
    yield from _vanished(seams, range(known, len(layout.lines)))


class _Seams:
    """The seams of a layout, prepared so that each change can look them up quickly."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.splices = sorted(layout.splices, key=attrgetter("start"))
        self.lines = sorted({line for splice in layout.splices for line in (splice.start, splice.end)})
        """The seams, sorted: the lines of the layout that begin a splice, or the text behind one."""
        self.blank_lines = _blank_lines(layout)

    def splice_at(self, line: int) -> Splice:
        """The last splice that starts at or before a line; if there is none, the first splice."""
        return self.splices[max(bisect_right(self.splices, line, key=attrgetter("start")) - 1, 0)]

    def within(self, start: int, end: int) -> list[int]:
        """The seams from line `start` to `end`, half-open."""
        return self.lines[bisect_left(self.lines, start) : bisect_left(self.lines, end)]

    def part(self, start: int, end: int) -> Fix | None:
        """A fix that puts a blank line into the source at every seam among some lines of the layout. None if some seam has no
        place for one, or for a rendered template, whose lines are not those of the source.
        """
        if self.layout.unit.sources is not None:
            return None
        edits = [self.blank_lines.get(line) for line in self.within(start, end)]
        return Fix(safe=True, edits=tuple(sorted(edit for edit in edits if edit))) if edits and all(edits) else None


def _blank_lines(layout: Layout) -> dict[int, Edit]:
    """For each seam, the edit that puts a blank line there. In a quote, that line has the quote's mark."""
    starts, found = layout.unit.line_index.starts, dict[int, Edit]()
    for splice in layout.splices:
        prefix = splice.placed.prefix or ""
        places = [(splice.start, splice.placed.line)] if not prefix.strip(" \t>") else []
        if splice.placed.line + 1 < len(starts):
            places.append((splice.end, splice.placed.line + 1))
        for seam, line in places:
            at = starts[line]
            found.setdefault(seam, Edit(at, at, continuation(prefix).rstrip(" \t") + "\n"))
    return found


def _vanished(seams: _Seams, lines: range) -> Iterator[tuple[PlacedDirective, Problem]]:
    """Yield the blocks that no longer exist: on these lines, the parse finds nothing but list items and quotes
    without content.
    """
    layout = seams.layout
    for line in lines:
        block = layout.expected.get(line)
        splice = seams.splice_at(block.end) if block is not None else None
        if block is not None and splice is not None and splice not in layout.cut:
            yield (
                splice.placed,
                _change(splice.placed, f"{_KINDS.get(block.kind, 'text')} becomes an empty list or quote"),
            )


def _is_same(layout: Layout, actual: Block, expected: Block) -> bool:
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


def _judge(seams: _Seams, actual: Block, expected: Block | None, splice: Splice) -> Problem | None:
    layout = seams.layout
    span = splice.placed.directive.span
    inside = [layout.expected[line] for line in range(actual.start, actual.end) if line in layout.expected]
    kinds = {block.kind for block in inside}
    if actual.kind == "setext" and expected is not None and expected.kind == "paragraph":
        return Problem(
            SETEXT_SEAM,
            "a line of --- or === turns the text before it into a heading here",
            span,
            help="put a blank line between them",
            fix=seams.part(actual.start + 1, actual.end),
        )
    stays = expected is not None and actual.containers == expected.containers
    if actual.kind == "table" and kinds <= {"table", "paragraph"} and (stays or len(inside) > 1):
        rows = [
            layout.lines[line]
            for block in inside
            if block.kind == "paragraph"
            for line in range(block.start, block.end)
        ]
        tables = sum(block.kind == "table" for block in inside)
        if (
            all("|" in row for row in rows)
            and expected is not None
            and expected.kind == "table"
            and tables == 1
            and stays
        ):
            return None
        return _change(
            splice.placed,
            "text becomes part of a table" if expected and expected.kind == "table" else "text becomes a table",
        )
    if actual.kind in ("paragraph", "html") and len(inside) > 1 and kinds <= {"paragraph", "html", "setext"}:
        started = {c for block in inside[1:] for c in block.containers} - set(actual.containers)
        joins_quote = any(container.kind == "quote" for container in actual.containers)
        lost = {container for container in started if container.kind != "quote" or not joins_quote}
        if not any(container.start > actual.start for container in lost):
            return _merge(span, _KINDS[actual.kind], seams.part(actual.start + 1, actual.end))
    if expected is not None and actual.kind == expected.kind:
        gained = set(actual.containers) - set(expected.containers)
        if gained and set(expected.containers) <= set(actual.containers):
            return _joined(seams, actual, min(gained, key=lambda c: c.start), span)
    if expected is not None and actual.kind == expected.kind == "code" and actual.containers == expected.containers:
        return _change(splice.placed, "the indent before this include becomes part of indented code")
    was = _KINDS.get(expected.kind if expected else next(iter(kinds), "paragraph"), "text")
    if expected is None and inside:
        was = _KINDS.get(inside[0].kind, "text")
    now = _KINDS.get(actual.kind, "text")
    change = f"{was} becomes {now}" if was != now else f"{was} ends up in another block"
    if now == "a paragraph" and len(inside) > 1:
        other = next((block for block in inside if block.kind != "paragraph"), None)
        was = _KINDS[other.kind] if other else "a list or quote"
        change = f"{was} becomes text of a paragraph"
    return _change(splice.placed, change)


def _joined(seams: _Seams, block: Block, container: Container, span: Span) -> Problem:
    """The problem of a block that ends up in a container which began before a seam."""
    layout = seams.layout
    what = {"item": "a list item", "quote": "a quote", "note": "a footnote"}[container.kind]
    between = seams.within(container.start + 1, block.start + 1)
    # An empty list item ends at a blank line, so that a blank line is the cure; any other goes on as long as the indent does.
    begun = [layout.expected.get(line) for line in (container.start, container.start + 1) if line < block.start]
    if any(each is not None and container in each.containers for each in begun):
        fix = _outdent(layout, block.start)
        return _merge(span, what, fix)._replace(help="remove the indent that puts it there")
    return _merge(span, what, seams.part(between[-1], between[-1] + 1) if between else None)


def _outdent(layout: Layout, line: int) -> Fix | None:
    """A fix that removes the indent of the directive, in no container, that brings a line of a layout; None if there
    is none.
    """
    for splice in layout.splices:
        if splice.start == line and splice.placed.prefix and not splice.placed.containers:
            start = layout.unit.line_index.starts[splice.placed.line]
            return Fix(safe=True, edits=(Edit(start, start + len(splice.placed.prefix), ""),))
    return None


def _change(placed: PlacedDirective, what: str) -> Problem:
    return Problem(
        SEAM_CHANGES_MEANING,
        f"{what} where this {placed.directive.word} joins the text around it",
        placed.directive.span,
        help="put blank lines around the directive, or move it",
    )


def _merge(span: Span, what: str, fix: Fix | None) -> Problem:
    return Problem(
        PARAGRAPH_MERGE,
        f"text becomes part of {what} across the edge of this include",
        span,
        help="put a blank line between them",
        fix=fix,
    )


def by_directive(
    found: Sequence[tuple[PlacedDirective, Problem]],
) -> Iterable[tuple[PlacedDirective, Problem]]:
    """Keep the first problem of each directive, with the fixes of all its problems of the same code."""
    first: dict[Span, tuple[PlacedDirective, Problem]] = {}
    for placed, problem in found:
        known = first.setdefault(placed.directive.span, (placed, problem))[1]
        if known.fix and problem.fix and known.code is problem.code:
            edits = tuple(sorted({*known.fix.edits, *problem.fix.edits}))
            first[placed.directive.span] = (placed, known._replace(fix=Fix(safe=True, edits=edits)))
    return first.values()
