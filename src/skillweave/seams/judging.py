"""Compares what a parse finds in the lines around a splice with what each side was by itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import attrgetter

from skillweave.diagnostics import PARAGRAPH_MERGE, SEAM_CHANGES_MEANING, SETEXT_SEAM, Fix, Problem, Severity
from skillweave.flatten.splice import continuation
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block, Container
from skillweave.record import NamedTuple
from skillweave.source import Edit
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import Literal

    from skillweave.document import PlacedDirective
    from skillweave.seams.layouts import Layout, Splice
    from skillweave.source import Span

    _Verdict = Problem | Literal["meant"] | None
    """None if a judge does not know such a change."""


class SeamProblem(NamedTuple):
    """A problem of a splice, and the directive that is blamed for it."""

    placed: PlacedDirective
    problem: Problem


def compare(layout: Layout) -> Iterator[SeamProblem]:
    """Parse the lines as they will stand in the output, and yield a problem for each block that is not what it was."""
    seams, known = _Seams(layout), 0
    for block in read_blocks("\n".join(layout.lines)):
        yield from _vanished(seams, range(known, block.start))
        known = max(known, block.end)
        actual = block._replace(containers=tuple(Container(c.kind, c.start, 0) for c in block.containers))
        expected = layout.expected.get(block.start)
        if expected and actual.identity(layout.lines) == expected.identity(layout.lines):
            continue
        splice = seams.to_blame(actual)
        inside = [layout.expected[line] for line in range(actual.start, actual.end) if line in layout.expected]
        problem = _judge(_Change(seams, actual, expected, inside, splice))
        if problem and splice not in layout.unclosed:
            yield SeamProblem(splice.placed, problem)
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

    def to_blame(self, block: Block) -> Splice:
        """The splice to blame for a block that changes: the one that leaves it open; else the last one in it that is no
        reference, else the last one that starts in or before it. If there is none, the next one.
        """
        begun = self.layout.expected.get(block.start)
        if begun is not None and not begun.closed:
            return self.splice_at(block.start)
        others = (splice for splice in reversed(self.in_block(block)) if splice.placed.directive.word != "reference")
        return next(others, None) or self.splice_at(block.end - 1)

    def in_block(self, block: Block) -> list[Splice]:
        """The splices that have lines in a block, or stand between two of its lines."""
        first = bisect_left(self.splices, block.start, key=attrgetter("end"))
        found = self.splices[first : bisect_left(self.splices, block.end, key=attrgetter("start"))]
        return [splice for splice in found if splice.end > block.start or splice.start > block.start]

    def within(self, start: int, end: int) -> list[int]:
        """The seams from line `start` to `end`, half-open."""
        return self.lines[bisect_left(self.lines, start) : bisect_left(self.lines, end)]

    def blank_line_fix(self, start: int, end: int, meant: Collection[int] = ()) -> Fix | None:
        """A fix that puts a blank line into the source at every seam among some lines of the layout, except at those that are
        `meant`. None if some seam has no place for one, or for a rendered template, whose lines are not those of the source.
        """
        if self.layout.unit.rendering is not None:
            return None
        edits = [self.blank_lines.get(line) for line in self.within(start, end) if line not in meant]
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


def _vanished(seams: _Seams, lines: range) -> Iterator[SeamProblem]:
    """Yield the blocks that no longer exist: on these lines, the parse finds nothing but list items and quotes
    without content.
    """
    layout = seams.layout
    for line in lines:
        block = layout.expected.get(line)
        splice = seams.splice_at(block.end) if block is not None else None
        if block is not None and splice is not None and splice not in layout.unclosed:
            what = f"{_KINDS.get(block.kind, 'text')} becomes an empty list or quote"
            yield SeamProblem(splice.placed, _changes_meaning(splice.placed, what))


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


class _Change(NamedTuple):
    """A block of a layout that is not what the file that it comes from has there."""

    seams: _Seams
    actual: Block
    expected: Block | None
    """The block that begins on the same line in its own file; None if none does."""
    inside: list[Block]
    """The blocks that begin on the lines of `actual` in their own files."""
    splice: Splice
    """The one that is blamed."""

    @property
    def span(self) -> Span:
        return self.splice.placed.directive.span

    @property
    def stays(self) -> bool:
        """Whether the block is in the same containers as in its own file."""
        return self.expected is not None and self.actual.containers == self.expected.containers

    def problem(self, what: str) -> Problem:
        """The problem of a block that means something else, told by `what`."""
        return _changes_meaning(self.splice.placed, what)

    def merge(self, what: str, fix: Fix | None) -> Problem:
        """The problem of text that joins a block on the other side of a seam."""
        word = self.splice.placed.directive.word
        where = "across the edge of this include" if word == "include" else f"where the line of this {word} goes"
        where = "beside this reference" if word == "reference" else where
        return Problem(
            PARAGRAPH_MERGE,
            f"text becomes part of {what} {where}",
            self.span,
            help="put a blank line between them",
            fix=fix,
        )


def _judge(change: _Change) -> Problem | None:
    """What is wrong with a change; None if it is meant, as with rows that go on with a table. The first judge that knows such a
    change decides.
    """
    for judge in (_left_open, _underlined, _in_a_table, _merged, _swallowed, _indented):
        verdict = judge(change)
        if verdict is not None:
            return verdict if isinstance(verdict, Problem) else None
    return change.problem(_in_words(change))


def _left_open(change: _Change) -> _Verdict:
    """A fence that takes in what follows, as a selection has its first line without the last, or as it only ended with its list
    item or quote, which goes on here. Another part of a fence may be meant to follow.
    """
    expected, continuing = change.expected, change.seams.layout.continuing
    if change.actual.kind != "fence" or expected is None or expected.kind != "fence" or expected.closed:
        return None
    taken_in = [block.start for block in change.inside if block.start > change.actual.start]
    if all((splice := change.seams.splice_at(line)) in continuing and line < splice.end for line in taken_in):
        return "meant"
    message = "this include leaves a fence open, and the text behind it becomes part of the fence"
    return Problem(SEAM_CHANGES_MEANING, message, change.span, help="close the fence, and select all of it or nothing")


def _underlined(change: _Change) -> _Verdict:
    """A paragraph that a `---` on the other side makes a heading."""
    expected = change.expected
    if change.actual.kind != "setext" or expected is None or expected.kind != "paragraph":
        return None
    return Problem(
        SETEXT_SEAM,
        "a line of --- or === turns the text before it into a heading here",
        change.span,
        help="put a blank line between them",
        fix=change.seams.blank_line_fix(change.actual.start + 1, change.actual.end),
    )


def _in_a_table(change: _Change) -> _Verdict:
    """Rows or text that become part of a table: `| 1 | 2 |` behind a table is meant, other text is not."""
    actual, expected, inside = change.actual, change.expected, change.inside
    if actual.kind != "table" or not {block.kind for block in inside} <= {"table", "paragraph"}:
        return None
    if not change.stays and len(inside) < 2:
        return None
    is_table = expected is not None and expected.kind == "table"
    texts = [block for block in inside if block.kind == "paragraph"]
    rows = (change.seams.layout.lines[line] for block in texts for line in range(block.start, block.end))
    if change.stays and is_table and len(inside) - len(texts) == 1 and all("|" in row for row in rows):
        return "meant"
    return change.problem("text becomes part of a table" if is_table else "text becomes a table")


def _merged(change: _Change) -> _Verdict:
    """Text that goes on with a paragraph or an HTML block, and leaves no list item or quote of its own."""
    actual, inside = change.actual, change.inside
    if actual.kind not in ("paragraph", "html") or len(inside) < 2:
        return None
    if not {block.kind for block in inside} <= {"paragraph", "html", "setext"}:
        return None
    started = {container for block in inside[1:] for container in block.containers} - set(actual.containers)
    joins_quote = any(container.kind == "quote" for container in actual.containers)
    lost = {container for container in started if container.kind != "quote" or not joins_quote}
    if any(container.start > actual.start for container in lost):
        return None
    words = {splice.placed.directive.word for splice in change.seams.in_block(actual)}
    meant = set[int]()
    if words == {"reference"}:
        # A reference may stand in running text, also on a line of its own.
        meant = {
            two.start for one, two in pairwise(inside) if one.kind == two.kind and one.containers == two.containers
        }
    if len(meant) == len(inside) - 1:
        return "meant"
    return change.merge(_KINDS[actual.kind], change.seams.blank_line_fix(actual.start + 1, actual.end, meant))


def _swallowed(change: _Change) -> _Verdict:
    """A block that ends up in a list item, a quote or a footnote which began before a seam."""
    actual, expected, seams = change.actual, change.expected, change.seams
    if expected is None or actual.kind != expected.kind:
        return None
    gained, lost = set(actual.containers) - set(expected.containers), set(expected.containers) - set(actual.containers)
    if not gained:
        return None
    # If two quotes become one, the one that began later is lost.
    if lost and (len(change.inside) > 1 or {container.kind for container in (*gained, *lost)} != {"quote"}):
        return None
    container = min(gained, key=attrgetter("start"))
    what = {"item": "a list item", "quote": "a quote", "note": "a footnote"}[container.kind]
    # A quote and an empty list item end at a blank line, which is the cure; any other item goes on as long as the indent does.
    begun = [seams.layout.expected.get(line) for line in (container.start, container.start + 1) if line < actual.start]
    if container.kind != "quote" and any(each is not None and container in each.containers for each in begun):
        fix = _outdent(seams.layout, actual.start)
        return change.merge(what, fix)._replace(help="remove the indent that puts it there")
    between = seams.within(container.start + 1, actual.start + 1)
    return change.merge(what, seams.blank_line_fix(between[-1], between[-1] + 1) if between else None)


def _indented(change: _Change) -> _Verdict:
    """Indented code to which other code is added, or the indent before a directive."""
    if change.expected is None or not change.actual.kind == change.expected.kind == "code" or not change.stays:
        return None
    if len(change.inside) > 1:
        joined = change.problem("one piece of indented code goes on with the next")
        return joined._replace(help="put a comment between them, such as `<!-- -->`, or write them as fences")
    indent = change.problem("the indent before this include becomes part of indented code")
    return indent._replace(help="remove the indent; in a list item or quote, all of it that is beyond the text there")


def _in_words(change: _Change) -> str:
    """Any other change: a block that becomes another kind of block, or part of a paragraph."""
    inside, now = change.inside, _KINDS.get(change.actual.kind, "text")
    if now == "a paragraph" and len(inside) > 1:
        other = next((block for block in inside if block.kind != "paragraph"), None)
        return f"{_KINDS[other.kind] if other else 'a list or quote'} becomes text of a paragraph"
    first = change.expected or next(iter(inside), None)
    was = _KINDS.get(first.kind if first else "paragraph", "text")
    if was == now and change.expected is not None and change.expected.end < change.actual.end:
        return f"{was} takes in the next line"
    return f"{was} becomes {now}" if was != now else f"{was} ends up in another block"


def _outdent(layout: Layout, line: int) -> Fix | None:
    """A fix that removes the indent of the directive, in no container, that brings a line of a layout; None if there
    is none.
    """
    for splice in layout.splices:
        if splice.start == line and splice.placed.prefix and not splice.placed.containers:
            start = layout.unit.line_index.starts[splice.placed.line]
            return Fix(safe=True, edits=(Edit(start, start + len(splice.placed.prefix), ""),))
    return None


def _changes_meaning(placed: PlacedDirective, what: str) -> Problem:
    return Problem(
        SEAM_CHANGES_MEANING,
        f"{what} where this {placed.directive.word} joins the text around it",
        placed.directive.span,
        help="put blank lines around the directive, or move it",
    )


def is_mild(problem: Problem) -> bool:
    """Whether a problem is no error."""
    return (problem.severity or problem.code.severity) is not Severity.ERROR


def by_directive(found: Sequence[SeamProblem]) -> Iterable[SeamProblem]:
    """Keep one problem of each directive, with the fixes of all its problems of the same code: the first error, or else the
    first problem.
    """
    first: dict[Span, SeamProblem] = {}
    for each in sorted(found, key=lambda each: is_mild(each.problem)):
        span, problem = each.placed.directive.span, each.problem
        known = first.setdefault(span, each).problem
        if known.fix and problem.fix and known.code is problem.code:
            edits = tuple(sorted({*known.fix.edits, *problem.fix.edits}))
            first[span] = SeamProblem(each.placed, known._replace(fix=Fix(safe=True, edits=edits)))
    return first.values()
