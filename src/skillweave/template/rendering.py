"""Checks a template, and renders it with values (directives.md, Parameters)."""

from __future__ import annotations

from collections import Counter

from skillweave.diagnostics import EXPANSION_TOO_LARGE, Problem
from skillweave.template.checks import Checks, refusals, tag_by_tag, tree_of
from skillweave.template.compiling import compile_template
from skillweave.template.scan import block_problems, bracket_problems, cut, masked_tags
from skillweave.template.values import Chunk, Kept, Rendered, Template
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.front_matter.values import Param
    from skillweave.source import Span


def check_template(
    text: str, body_start: int, params: Mapping[str, Param], masks: Sequence[Span]
) -> tuple[Template | None, tuple[Problem, ...]]:
    """Check the whole body of a file, including branches that are never taken. Returns a template, or None and problems.

    `body_start` is the offset of the body. `masks` are the spans of spelled directives in `text`, in rising order;
    rendering leaves them as they are.
    """
    scan = cut(text, body_start, masks)
    checks = Checks(scan, params, Counter(), set())
    problems = scan.problems or (*masked_tags(scan, masks), *block_problems(scan), *bracket_problems(scan))
    if problems:
        return None, (*problems, *tag_by_tag(checks, [problem.span for problem in problems]))
    tree = tree_of(scan.body, checks, scan.first_tag)
    if isinstance(tree, Problem):
        return None, tuple(tag_by_tag(checks, ())) or (tree,)
    found = tuple(refusals(tree, checks))
    if found:
        return None, found
    return compile_template(tree, scan, masks, checks.names), ()


def render_template(template: Template, values: Mapping[str, str], limit: int) -> Rendered | Problem:
    """Render the body with `values` (one for every parameter); returns a problem if the result may exceed `limit` bytes.

    No operation repeats a value, so the output is at most the template's own text and, for each use of a parameter,
    three times its value (`ΐ` takes three times as many bytes in upper case). This is known before anything runs.
    """
    size = len(template.text.encode()) + sum(3 * count * len(values[name].encode()) for name, count in template.uses)
    if size > limit:
        message = f"this template and its values come to {size:,} bytes; the limit is {limit:,}"
        return Problem(EXPANSION_TOO_LARGE, message, template.first_tag)
    lines: list[list[str]] = [[]]
    sources = [template.last_line]
    kept: list[Kept] = []
    column = 0
    for chunk in _chunks(template, values):
        if not column:
            sources[-1] = chunk.line
        kept += (Kept(mask, len(lines) - 1, column + at) for mask, at in chunk.masks)
        lines[-1].append(chunk.text)
        column += len(chunk.text)
        if chunk.text.endswith("\n"):
            lines.append([])
            sources.append(template.last_line)
            column = 0
    joined = ["".join(parts).removesuffix("\n") for parts in lines]
    return Rendered(tuple(joined), tuple(sources), tuple(kept))


def _chunks(template: Template, values: Mapping[str, str]) -> Iterator[Chunk]:
    """The chunks that a template renders to.

    The program yields the number of each piece, and the value after an expression's.
    """
    rendered = template.program.generate(dict(values))
    for number in rendered:
        piece = template.pieces[int(number)]
        if isinstance(piece, int):
            *whole, last = next(rendered).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            yield from (Chunk(f"{line}\n", piece, ()) for line in whole)
            if last:
                yield Chunk(last, piece, ())
        else:
            yield from piece
