"""A checked template → what rendering needs: conditions, and chunks of text between them."""

from __future__ import annotations

from bisect import bisect_left
from itertools import count

from jinja2 import nodes

from skillweave.source import LineIndex, Span
from skillweave.template.scan import Scan, environment
from skillweave.template.values import Chunk, Segment, Template
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence


def compile_template(tree: nodes.Template, scan: Scan, masks: Sequence[Span], names: Counter[str]) -> Template:
    """Put the number of its piece in place of every text and before every expression, and compile the result.

    Texts and expressions are in the tree in the order of the segments, without comments. Each becomes an output of its
    own, because Jinja yields once for each output.
    """
    pieces = tuple(_pieces(scan, masks))
    tree.body = _numbered(tree.body, count())
    program = environment().from_string(tree)
    last_line = LineIndex(scan.text).line_of(len(scan.text))
    return Template(scan.text, last_line, pieces, tuple(sorted(names.items())), scan.first_tag, program)


def _numbered(body: list[nodes.Node], numbers: Iterator[int]) -> list[nodes.Node]:
    """The statements with numbers in place of texts. Recurses on `if`s, which nest no deeper than `MAX_DEPTH`."""
    numbered: list[nodes.Node] = []
    for node in body:
        if isinstance(node, nodes.Output):
            for child in node.nodes:
                numbered.append(nodes.Output([nodes.TemplateData(str(next(numbers)))], lineno=node.lineno))
                if not isinstance(child, nodes.TemplateData):
                    numbered.append(nodes.Output([child], lineno=node.lineno))
        elif isinstance(node, nodes.If):
            node.body = _numbered(node.body, numbers)
            for branch in node.elif_:
                branch.body = _numbered(branch.body, numbers)
            node.else_ = _numbered(node.else_, numbers)
            numbered.append(node)
    return numbered


def _pieces(scan: Scan, masks: Sequence[Span]) -> Iterator[tuple[Chunk, ...] | int]:
    """The text of every data segment by source lines, and the line of every expression, in the order of the body."""
    index = LineIndex(scan.text)
    starts = [mask.start for mask in masks]
    dropped = _dropped(scan)
    for segment in scan.segments:
        if segment.kind == "variable":
            yield index.line_of(scan.offset + segment.start)
        elif segment.kind == "data":
            parts = (part for part in _lines(scan.body, segment) if part not in dropped)
            spans = (Span(scan.offset + start, scan.offset + end) for start, end in parts)
            yield tuple(_chunk(scan.text, span, index, starts) for span in spans)


def _chunk(text: str, span: Span, index: LineIndex, mask_starts: Sequence[int]) -> Chunk:
    inside = range(bisect_left(mask_starts, span.start), bisect_left(mask_starts, span.end))
    masks = tuple((number, mask_starts[number] - span.start) for number in inside)
    return Chunk(text[span.start : span.end], index.line_of(span.start), masks)


def _lines(body: str, segment: Segment) -> Iterator[Span]:
    """The text of a segment, cut after each line end."""
    start = segment.start
    while start < segment.end:
        end = body.find("\n", start, segment.end) + 1 or segment.end
        yield Span(start, end)
        start = end


def _dropped(scan: Scan) -> set[Span]:
    """The blank text on lines that hold only `{% … %}` and `{# … #}`, with the line end.

    Only a line end in data text ends a line here: one that `{%-` strips, or that is inside a comment, does not.
    """
    dropped: set[Span] = set()
    blanks: list[Span] = []
    tag = solid = False
    for segment in scan.segments:
        if segment.kind != "data":
            tag = tag or segment.kind != "variable"
            solid = solid or segment.kind == "variable"
            continue
        for part in _lines(scan.body, segment):
            piece = scan.body[part.start : part.end]
            blanks.append(part)
            solid = solid or piece.strip(" \t\n") != ""
            if piece.endswith("\n"):
                dropped.update(blanks if tag and not solid else ())
                blanks, tag, solid = [], False, False
    dropped.update(blanks if tag and not solid else ())
    return dropped
